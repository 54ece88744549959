//! What is gone between the two round trips of a call is not changed, nor has it things made in it: for every route that
//! changes something, and everything that its path names.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value as Json;

use tenantry::routes::{self, Route};

use crate::lost_rights::is_writing;

use testkit::requests::plausible;
use testkit::world::PROJECT;
use testkit::{World, broken};

/// What goes of a thing that a path names: the project, or rows.
const GONE: [(&str, &str); 17] = [
    ("{project_name}", PROJECT),
    ("{project_id}", PROJECT),
    ("{deployment_name}", "deployments WHERE name = 'x1'"),
    ("{pipeline_name}", "pipelines WHERE name = 'x1'"),
    (
        "/deployments/{deployment_name}/versions/{version}",
        "deployment_versions WHERE version = 'v1'",
    ),
    (
        "/pipelines/{pipeline_name}/versions/{version}",
        "pipeline_versions WHERE version = 'v1'",
    ),
    ("{service_name}", "services WHERE name = 'x1'"),
    ("{service_user_id}", "service_users"),
    ("{schedule_name}", "request_schedules WHERE name = 'x1'"),
    ("{webhook_name}", "webhooks WHERE name = 'x1'"),
    ("{variable_id}", "environment_variables"),
    ("{role_name}", "roles WHERE project_id IS NOT NULL"),
    ("{assignment_id}", "role_assignments"),
    ("{workspace_id}", "workspaces"),
    ("{code}", "vouchers"),
    ("{access_key}", "access_keys"),
    (
        "/operator/v1/users/{user_id}",
        "users WHERE email = 'somebody@example.com'",
    ),
];

fn go(world: &World, what: &str) {
    if what == PROJECT {
        let path = world.path("");
        world
            .call(&world.operator(), "DELETE", &path, Json::Null)
            .expect(204);
    } else {
        let gone = world.execute(&format!("DELETE FROM {what}"), []);
        assert!(gone > 0, "{what}");
    }
}

/// Whether the operator alone changes something by it.
fn is_operators(route: &Route) -> bool {
    route.path.starts_with("/operator/") && route.method.as_str() != "GET"
}

#[test]
fn what_is_gone_between_the_round_trips_is_not_changed() {
    let (mut tried, mut wrong) = (0, Vec::new());
    let routes = routes::table().filter(|route| is_writing(route) || is_operators(route));
    let routes = routes.filter(|route| !route.takes_body_first());
    for route in routes.filter(|route| broken::is_about(route.operation)) {
        let named = GONE.into_iter();
        for (_, what) in named.filter(|(part, _)| route.path.contains(part)) {
            // For both of them that it is gone is the only thing that is wrong.
            for caller in [World::operator, World::owner] {
                let world = World::new();
                let call = plausible(&world, route).by(&caller(&world));
                if world.copy().send(call.clone()).status >= 300 {
                    continue;
                }
                world.writes_afterwards(false);
                let afterwards = Rc::new(RefCell::new(String::new()));
                let left = Rc::clone(&afterwards);
                let event = move |world: &World| {
                    go(world, what);
                    *left.borrow_mut() = world.dump();
                };
                let place = match route.operation {
                    // The first asks nothing beforehand, the second twice.
                    "operator_users_sign_in_link" => 1,
                    "request_schedules_create" => 3,
                    _ => 2,
                };
                let answer = world.send_while(place, event, call);
                let has_changed = world.dump() != *afterwards.borrow();
                if answer.status < 400 || has_changed {
                    wrong.push(format!("{}, {what}: {answer}", route.operation));
                }
                tried += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 100 || !broken::is_about_all(), "{tried}");
}
