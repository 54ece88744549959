//! The catalogue of permissions stands twice, in `auth::permissions` for the door and in the tables for SQL: they agree.

use std::collections::BTreeSet;

use tenantry::auth::permissions::{CATALOGUE, DEFAULT_ROLES, Permission};

use testkit::World;

fn texts(world: &World, sql: &str) -> Vec<String> {
    let mut statement = world.database.connection().prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn the_table_of_permissions_is_the_catalogue() {
    let sql = "SELECT name || ' ' || service_users FROM permissions";
    let stored: BTreeSet<String> = texts(&World::empty(), sql).into_iter().collect();
    let known = |permission: &Permission| {
        let suits = i32::from(permission.suits_service_users());
        format!("{} {suits}", permission.name())
    };
    assert_eq!(stored, CATALOGUE.iter().map(known).collect());
}

#[test]
fn the_default_roles_of_the_tables_are_those_of_the_code() {
    let world = World::empty();
    let sql = "SELECT id || ' ' || name FROM roles WHERE project_id IS NULL ORDER BY id";
    let known: Vec<String> = DEFAULT_ROLES
        .iter()
        .map(|role| format!("{} {}", role.id, role.name))
        .collect();
    assert_eq!(texts(&world, sql), known);
}

#[test]
fn a_default_role_shows_and_gives_exactly_its_permissions() {
    let world = World::empty();
    for role in DEFAULT_ROLES {
        let names: Vec<&str> = role.permissions().map(Permission::name).collect();
        let shown = format!("SELECT permissions FROM roles WHERE id = '{}'", role.id);
        let shown: Vec<String> = serde_json::from_str(&texts(&world, &shown)[0]).unwrap();
        assert_eq!(shown, names, "{}", role.name);
        let given = format!(
            "SELECT permission FROM role_permissions WHERE role_id = '{}'",
            role.id
        );
        let given: BTreeSet<String> = texts(&world, &given).into_iter().collect();
        let names: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
        assert_eq!(given, names, "{}", role.name);
    }
}

#[test]
fn get_permissions_lists_the_catalogue() {
    let world = World::new();
    let listed = world
        .get(&world.viewer(), "/v2.1/permissions")
        .expect(200)
        .json();
    let listed: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|permission| permission["name"].as_str().unwrap())
        .collect();
    let known: Vec<&str> = CATALOGUE
        .iter()
        .map(|permission| permission.name())
        .collect();
    assert_eq!(listed, known);
}
