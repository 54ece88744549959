//! Roles and who holds them.

use serde_json::{Value as Json, json};

use tenantry::auth::permissions::DEFAULT_ROLES;

use testkit::world::PROJECT;
use testkit::{Answer, World};

fn assign(world: &World, body: Json) -> Answer {
    world.call(
        &world.owner(),
        "POST",
        &world.path("/role-assignments"),
        body,
    )
}

#[test]
fn the_default_roles_are_listed_in_every_project() {
    let world = World::new();
    let listed = world
        .get(&world.viewer(), &world.path("/roles"))
        .expect(200)
        .json();
    let mut names: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    let mut known: Vec<&str> = DEFAULT_ROLES.iter().map(|role| role.name).collect();
    known.sort_unstable();
    assert_eq!(names, known);
    assert!(
        listed
            .as_array()
            .unwrap()
            .iter()
            .all(|role| role["default"] == true)
    );
}

#[test]
fn a_role_is_read_with_its_permissions() {
    let world = World::new();
    let role = world
        .get(&world.viewer(), &world.path("/roles/project-viewer"))
        .expect(200)
        .json();
    assert!(
        role["permissions"]
            .as_array()
            .unwrap()
            .contains(&json!("projects.get"))
    );
    world
        .get(&world.viewer(), &world.path("/roles/none"))
        .refused(404, "there is no role");
}

#[test]
fn an_assignment_is_answered_read_listed_and_deleted() {
    let world = World::new();
    let body = json!({
        "role": "project-viewer", "assignee": world.idle().id, "assignee_type": "user",
        "resource": PROJECT, "resource_type": "project",
    });
    let made = assign(&world, body).expect(201).json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        made,
        json!({
            "id": id, "assignee": world.idle().id, "assignee_type": "user", "role": "project-viewer",
            "resource": PROJECT, "resource_type": "project",
        })
    );
    let path = world.path(&format!("/role-assignments/{id}"));
    assert_eq!(world.get(&world.owner(), &path).expect(200).json(), made);
    let listed = |query: &str| {
        let path = world.path(&format!("/role-assignments{query}"));
        world.get(&world.owner(), &path).expect(200).json()
    };
    let idle = format!("?assignee={}", world.idle().id);
    assert_eq!(listed(&idle), json!([made]));
    assert!(listed("").as_array().unwrap().contains(&made));
    assert_eq!(
        listed(&format!("{idle}&resource_type=deployment")),
        json!([])
    );
    assert_eq!(
        listed(&format!("{idle}&resource=other&resource_type=project")),
        json!([])
    );
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    world.get(&world.owner(), &path).expect(404);
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(404);
    assert_eq!(listed(&idle), json!([]));
}

fn listed(world: &World, query: &str) -> Vec<Json> {
    let path = world.path(&format!("/role-assignments?{query}"));
    let listed = world.get(&world.owner(), &path).expect(200).json();
    listed.as_array().unwrap().clone()
}

#[test]
fn a_list_finds_an_assignee_however_their_id_is_written() {
    let world = World::new();
    let id = world.idle().id;
    world.assign(PROJECT, "project-viewer", &id);
    for written in [id.clone(), id.to_uppercase(), id.replace('-', "")] {
        let found = listed(&world, &format!("assignee={written}&assignee_type=user"));
        assert_eq!(found.len(), 1, "{written}");
        assert_eq!(found[0]["assignee"], id.as_str());
    }
}

#[test]
fn a_list_of_what_is_never_assigned_is_empty() {
    let world = World::new();
    for query in [
        "assignee_type=deployment",
        "assignee=d&assignee_type=deployment",
        "resource_type=bucket",
        "resource=b&resource_type=bucket",
    ] {
        assert_eq!(listed(&world, query), [] as [Json; 0], "{query}");
    }
}

#[test]
fn a_list_cannot_be_narrowed_to_what_is_no_value_of_the_parameter() {
    let world = World::new();
    for (query, words) in [
        ("assignee=ada%40example.com", "assignee: 'ada@example.com'"),
        ("assignee_type=group", "assignee_type: 'group'"),
        ("resource_type=star", "resource_type: 'star'"),
        (
            "assignee_type=deployment&resource_type=star",
            "resource_type: ",
        ),
    ] {
        let path = world.path(&format!("/role-assignments?{query}"));
        world.get(&world.owner(), &path).refused(400, words);
    }
}

#[test]
fn the_same_assignment_twice_is_refused() {
    let world = World::new();
    let body = json!({"role": "project-viewer", "assignee": world.idle().id});
    assign(&world, body.clone()).expect(201);
    assign(&world, body).refused(400, "exists already");
}

#[test]
fn what_cannot_be_assigned_is_told_by_its_field() {
    let world = World::new();
    let idle = world.idle().id;
    for (body, status, words) in [
        (json!({"assignee": idle}), 400, "role"),
        (json!({"role": "project-viewer"}), 400, "assignee"),
        (
            json!({"role": "none", "assignee": idle}),
            404,
            "there is no role",
        ),
        (
            json!({"role": "project-viewer", "assignee": "x"}),
            404,
            "assignee: ",
        ),
        (
            json!({"role": "project-viewer", "assignee": world.stranger().id}),
            404,
            "assignee: ",
        ),
        (
            json!({"role": "project-viewer", "assignee": world.neighbour().id}),
            404,
            "assignee: ",
        ),
        (
            json!({"role": "project-viewer", "assignee": idle, "assignee_type": "group"}),
            400,
            "assignee_type: ",
        ),
        (
            json!({"role": "project-viewer", "assignee": "d", "assignee_type": "deployment"}),
            400,
            "assignee_type: ",
        ),
        (
            json!({"role": "project-viewer", "assignee": idle, "resource": PROJECT}),
            400,
            "resource_type: ",
        ),
        (
            json!({"role": "project-viewer", "assignee": idle, "resource_type": "project"}),
            400,
            "resource: ",
        ),
        (
            json!({"role": "project-viewer", "assignee": idle, "resource": "d", "resource_type": "deployment"}),
            404,
            "resource: there is no deployment",
        ),
        (
            json!({"role": "project-viewer", "assignee": idle, "resource": "audio", "resource_type": "project"}),
            404,
            "resource: there is no project",
        ),
        (
            json!({"role": "project-viewer", "assignee": idle, "resource": "x", "resource_type": "star"}),
            400,
            "resource_type: ",
        ),
    ] {
        assign(&world, body).refused(status, words);
    }
}

#[test]
fn an_assignment_leaves_with_its_service_user() {
    let world = World::new();
    let id = world.assign(PROJECT, "project-viewer", &world.idle().id);
    let path = world.path(&format!("/service-users/{}", world.idle().id));
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    world
        .get(
            &world.owner(),
            &world.path(&format!("/role-assignments/{id}")),
        )
        .expect(404);
}

#[test]
fn an_assignment_belongs_to_its_project_alone() {
    let world = World::new();
    let id = world.assign(PROJECT, "project-viewer", &world.idle().id);
    let elsewhere = format!("/v2.1/projects/audio/role-assignments/{id}");
    world.get(&world.owner(), &elsewhere).expect(404);
    world
        .call(&world.owner(), "DELETE", &elsewhere, Json::Null)
        .expect(404);
    world.get(&world.idle(), &world.path("")).expect(200);
}

#[test]
fn the_admins_of_an_organization_get_project_admin_in_a_new_project() {
    let world = World::new();
    let body = json!({"name": "new", "organization_name": "acme"});
    world
        .call(&world.owner(), "POST", "/v2.1/projects", body)
        .expect(201);
    let listed = world
        .get(&world.owner(), "/v2.1/projects/new/role-assignments")
        .expect(200)
        .json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["role"], "project-admin");
    assert_eq!(listed[0]["assignee"], world.owner().id.as_str());
}
