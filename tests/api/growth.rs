//! What a call costs does not grow with what it is not about: the work of SQLite, counted in steps of its machine,
//! is the same beside two hundred rows of everything and beside eight hundred.

use tenantry::routes::{self, Route};

use testkit::requests::plausible;
use testkit::{Caller, World};

/// Calls whose work is to go through many rows, and which.
const MAY_GROW: &[(&str, &str)] = &[
    (
        "openai_models_list",
        "all versions of the project's deployments, whose labels are read",
    ),
    (
        "metrics",
        "what is under way and what waits in the installation, of which 10,000 each are counted at most",
    ),
    (
        "operator_keys_list",
        "all secrets of the installation, which are counted by the keys that they are sealed under",
    ),
    ("organizations_list", "all organizations, for the operator"),
    ("organization_users_list", "all members of the organization"),
    ("deployments_list", "all deployments of the project"),
    ("pipelines_list", "all pipelines of the project"),
    ("project_users_list", "all people of the project"),
    (
        "organizations_usage_get",
        "all projects of the organization, each with what it used",
    ),
    (
        "projects_delete",
        "all service users of the project, which go with it",
    ),
    (
        "projects_list",
        "all projects of the organization that its admin owns",
    ),
    (
        "role_assignments_per_object_list",
        "all assignments of the project",
    ),
    ("list_workspace", "all workspaces of the project"),
    (
        "projects_usage_get",
        "all versions of the project's deployments, each with what it used",
    ),
    ("roles_list", "all roles of the project"),
    ("service_users_list", "all service users of the project"),
    ("services_list", "all services of the project"),
    ("webhooks_list", "all webhooks of the project"),
];

type Named = (&'static str, fn(&World) -> Caller);

/// Puts so many of everything beside the world's own: in the same project, in the same organization, and elsewhere.
pub fn fill(world: &World, rows: i64) {
    let (project, organization): (String, String) = world
        .database
        .connection()
        .query_row(
            "SELECT id, organization_id FROM projects WHERE name = 'vision'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let text = include_str!("../../testkit/src/fill.sql");
    let text = text
        .replace("{rows}", &rows.to_string())
        .replace("{project}", &project)
        .replace("{organization}", &organization);
    world.database.connection().execute_batch(&text).unwrap();
}

fn steps(filled: &World, route: &Route, caller: fn(&World) -> Caller) -> u64 {
    let world = filled.copy();
    let call = plausible(&world, route).by(&caller(&world));
    let answer = world.send(call.header("origin", "https://one-7.example"));
    assert!(answer.status < 500, "{answer}");
    world.database.steps()
}

#[test]
fn no_call_costs_more_because_there_is_more_of_something_else() {
    let callers: [Named; 5] = [
        ("operator", World::operator),
        ("owner", World::owner),
        ("admin", World::admin),
        ("editor", World::editor),
        ("robot", World::robot),
    ];
    let [few, many] = [200, 800].map(|rows| {
        let world = World::new();
        fill(&world, rows);
        world
    });
    let mut grown = Vec::new();
    for route in routes::table() {
        let may_grow = |(operation, _): &(&str, &str)| *operation == route.operation;
        if MAY_GROW.iter().any(may_grow) {
            continue;
        }
        for (name, caller) in callers {
            let (few, many) = (steps(&few, route, caller), steps(&many, route, caller));
            if many > few + few / 10 + 60 {
                grown.push(format!("{} by {name}: {few} -> {many}", route.operation));
            }
        }
    }
    assert!(grown.is_empty(), "{}", grown.join("\n"));
}

#[test]
fn every_call_that_may_grow_is_still_there() {
    for (operation, what) in MAY_GROW {
        assert!(
            routes::table().any(|route| route.operation == *operation),
            "{operation} ({what})"
        );
    }
}
