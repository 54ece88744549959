//! Two callers at once: whatever happens between the round trips of a call, no rule is broken.
//!
//! A call has at most two round trips, so something else can happen before the first, which is the order, and before
//! the second, which is the race. Both are tried, the other call running whole in between.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Value as Json, json};

use tenantry::routes::{self, Route};

use crate::support::requests::plausible;
use crate::support::world::{HOUR, PROJECT};
use crate::support::{Answer, Call, Caller, World};

/// Each place in a call where something else can happen.
const PLACES: [usize; 2] = [1, 2];

/// Something that happens.
type Event = fn(&World);

/// Makes a call into which something else comes at this place; it must have come.
fn meanwhile(
    world: &World,
    place: usize,
    event: impl FnOnce(&World) + 'static,
    call: Call,
) -> Answer {
    world.before_trip(place, event);
    let answer = world.send(call);
    assert!(
        !world.database.withdraw(),
        "{answer}: nothing came in between"
    );
    answer
}

fn post(by: &Caller, path: &str, body: Json) -> Call {
    Call::new("POST", path).by(by).json(&body)
}

#[test]
fn one_of_two_gets_the_name_of_a_project() {
    for place in PLACES {
        let world = World::new();
        let (owner, stranger) = (world.owner(), world.stranger());
        let taken = json!({"name": "new", "organization_name": "acme"});
        let other = json!({"name": "new", "organization_name": "globex"});
        let event = move |world: &World| {
            world
                .send(post(&stranger, "/v2.1/projects", other))
                .expect(201);
        };
        let call = post(&owner, "/v2.1/projects", taken);
        // The first round trip of this route reads the caller, the second decides.
        meanwhile(&world, place, event, call).refused(400, "name: ");
        assert_eq!(
            world.count("SELECT count(*) FROM projects WHERE name = 'new'"),
            1
        );
        assert_eq!(audited(&world, "project", "new"), 1);
    }
}

#[test]
fn one_of_two_gets_the_new_name_of_a_project() {
    for place in PLACES {
        let world = World::new();
        let (owner, path) = (world.owner(), world.path(""));
        let rename = json!({"name": "seeing"});
        let (other, body) = (owner.clone(), rename.clone());
        let event = move |world: &World| {
            world
                .call(&other, "PATCH", "/v2.1/projects/audio", body)
                .expect(200);
        };
        let call = Call::new("PATCH", path).by(&owner).json(&rename);
        meanwhile(&world, place, event, call).refused(400, "name: ");
        assert_eq!(
            world.count("SELECT count(*) FROM projects WHERE name = 'seeing'"),
            1
        );
    }
}

#[test]
fn one_of_two_gets_the_name_of_an_organization() {
    for place in PLACES {
        let world = World::new();
        let (member, stranger) = (world.member(), world.stranger());
        let body = json!({"name": "initech"});
        let same = body.clone();
        let event = move |world: &World| {
            world
                .send(post(&stranger, "/v2.1/organizations", same))
                .expect(201);
        };
        let call = post(&member, "/v2.1/organizations", body);
        meanwhile(&world, place, event, call).refused(400, "name: ");
        assert_eq!(audited(&world, "organization", "initech"), 1);
    }
}

#[test]
fn one_of_two_gets_an_account_for_an_email_address() {
    let world = World::new();
    let body = json!({"email": "new@example.com"});
    let (operator, same) = (world.operator(), body.clone());
    let event = move |world: &World| {
        let operator = world.operator();
        world
            .send(post(&operator, "/operator/v1/users", same))
            .expect(201);
    };
    let call = post(&operator, "/operator/v1/users", body);
    meanwhile(&world, 1, event, call).refused(400, "email: ");
    let tokens = "SELECT count(*) FROM tokens t JOIN users u ON u.id = t.user_id WHERE u.email = 'new@example.com'";
    assert_eq!(world.count(tokens), 1);
}

#[test]
fn one_of_two_makes_an_assignment() {
    for place in PLACES {
        let world = World::new();
        let (owner, path) = (world.owner(), world.path("/role-assignments"));
        let body = json!({"role": "project-viewer", "assignee": world.idle().id});
        let idle = world.idle().id;
        let event = move |world: &World| {
            world.assign(PROJECT, "project-viewer", &idle);
        };
        meanwhile(&world, place, event, post(&owner, &path, body)).refused(400, "exists already");
    }
}

fn audited(world: &World, kind: &str, name: &str) -> i64 {
    world.count(&format!(
        "SELECT count(*) FROM audit WHERE object_type = '{kind}' AND object_name = '{name}'"
    ))
}

/// How somebody's right can be lost, and what it leaves him with: 401 without a token, 403 without the right, 404
/// without a part in the project.
const LOSSES: [(&str, fn(&World) -> Caller, Event, [u16; 2]); 8] = [
    (
        "a person's role is taken away",
        World::admin,
        take_role_from_admin,
        [404, 403],
    ),
    (
        "a person's membership ends",
        World::admin,
        remove_admin_from_organization,
        [404, 403],
    ),
    (
        "a person's token is reset",
        World::admin,
        reset_admin,
        [401, 403],
    ),
    (
        "a person is deleted",
        World::admin,
        delete_admin,
        [401, 403],
    ),
    (
        "an admin of the organization is demoted",
        World::owner,
        demote_owner,
        [404, 403],
    ),
    (
        "a service user's token is reset",
        World::robot,
        reset_robot,
        [401, 403],
    ),
    (
        "a service user expires",
        World::robot,
        expire_robot,
        [401, 403],
    ),
    (
        "a service user is deleted",
        World::robot,
        delete_robot,
        [401, 403],
    ),
];

fn take_role_from_admin(world: &World) {
    let list = world.path(&format!("/role-assignments?assignee={}", world.admin().id));
    let listed = world.get(&world.operator(), &list).json();
    let path = world.path(&format!(
        "/role-assignments/{}",
        listed[0]["id"].as_str().unwrap()
    ));
    world
        .call(&world.operator(), "DELETE", &path, Json::Null)
        .expect(204);
}

fn remove_admin_from_organization(world: &World) {
    world.execute(
        "DELETE FROM organization_users WHERE user_id = ?1",
        [world.admin().id],
    );
}

fn reset_admin(world: &World) {
    let path = format!("/operator/v1/users/{}/token", world.admin().id);
    world
        .call(&world.operator(), "PUT", &path, Json::Null)
        .expect(200);
}

fn delete_admin(world: &World) {
    let path = format!("/operator/v1/users/{}", world.admin().id);
    world
        .call(&world.operator(), "DELETE", &path, Json::Null)
        .expect(204);
}

fn demote_owner(world: &World) {
    world.execute(
        "UPDATE organization_users SET admin = 0 WHERE user_id = ?1",
        [world.owner().id],
    );
    world.execute(
        "DELETE FROM role_assignments WHERE user_id = ?1",
        [world.owner().id],
    );
}

fn reset_robot(world: &World) {
    let path = world.path(&format!("/service-users/{}/token", world.robot().id));
    world
        .call(&world.operator(), "PUT", &path, Json::Null)
        .expect(200);
}

fn expire_robot(world: &World) {
    // As if the expiry had been set beforehand to an instant that passes now.
    world.execute(
        "UPDATE service_users SET expiry_date = ?1 WHERE id = ?2",
        (world.now().as_millis(), world.robot().id),
    );
}

fn delete_robot(world: &World) {
    let path = world.path(&format!("/service-users/{}", world.robot().id));
    world
        .call(&world.operator(), "DELETE", &path, Json::Null)
        .expect(204);
}

/// Whether a route of this surface changes something.
fn is_writing(route: &Route) -> bool {
    route.method.as_str() != "GET"
        && !route.path.starts_with("/operator/")
        && !route.operation.contains("_requests_")
}

#[test]
fn a_right_that_is_lost_between_the_round_trips_is_lost() {
    for route in routes::table().filter(|route| is_writing(route)) {
        let mut tried = 0;
        for (loss, caller, event, [before, between]) in LOSSES {
            for (place, expected) in [(1, before), (2, between)] {
                let world = World::new();
                let caller = caller(&world);
                let call = plausible(&world, route).by(&caller);
                // Who may not do it anyway is another test's; who may, may no longer.
                if world.copy().send(call.clone()).status >= 300 {
                    continue;
                }
                tried += 1;
                world.writes_afterwards(false);
                let afterwards = Rc::new(RefCell::new(String::new()));
                let left = Rc::clone(&afterwards);
                let event = move |world: &World| {
                    event(world);
                    *left.borrow_mut() = world.dump();
                };
                let answer = meanwhile(&world, place, event, call);
                let is_refused = match (route.operation, before) {
                    // It asks for an account alone, and that is not lost.
                    ("organizations_create", 404) => {
                        answer.expect(201);
                        continue;
                    }
                    // Its body names the organization, of which he may still be a member.
                    ("projects_create", 404) => [403, 404].contains(&answer.status),
                    // Without a token he is unknown or has no right, as the first round trip has left it.
                    _ if expected == 403 && before == 401 => [401, 403].contains(&answer.status),
                    _ => answer.status == expected,
                };
                assert!(is_refused, "{loss} before round trip {place}: {answer}");
                assert!(
                    world.dump() == *afterwards.borrow(),
                    "{loss} before round trip {place}: {answer} changed something"
                );
            }
        }
        assert!(tried > 0, "nobody may {}", route.operation);
    }
}

#[test]
fn of_two_resets_at_once_one_token_works() {
    for place in PLACES {
        let world = World::new();
        let robot = world.robot();
        let path = world.path(&format!("/service-users/{}/token", robot.id));
        let second = Rc::new(RefCell::new(None));
        let (shown, other) = (Rc::clone(&second), path.clone());
        let event = move |world: &World| {
            let reset = world
                .call(&world.owner(), "PUT", &other, Json::Null)
                .expect(200);
            *shown.borrow_mut() = Some(reset.text("token"));
        };
        let first = meanwhile(
            &world,
            place,
            event,
            Call::new("PUT", path).by(&world.owner()),
        );
        let first = first.expect(200).text("token");
        let second = second.take().unwrap();
        // The call in between was over before the other wrote, so the other's token is the one that counts.
        for (token, status) in [
            (robot.token.clone().unwrap(), 401),
            (second, 401),
            (first, 200),
        ] {
            world
                .get(&robot.holding(token), &world.path(""))
                .expect(status);
        }
        let current = format!(
            "SELECT count(*) FROM tokens WHERE service_user_id = '{}'",
            robot.id
        );
        assert_eq!(world.count(&current), 1);
    }
}

#[test]
fn what_is_deleted_meanwhile_is_neither_changed_nor_revived() {
    let target = |world: &World| world.path(&format!("/service-users/{}", world.idle().id));
    for (method, rest, body) in [
        ("PATCH", "", json!({"name": "late"})),
        ("PATCH", "", json!({"expiry_date": null})),
        ("PUT", "/token", Json::Null),
        ("PUT", "/token?grace=60", Json::Null),
        ("DELETE", "", Json::Null),
        ("DELETE", "/token/previous", Json::Null),
    ] {
        for place in PLACES {
            let world = World::new();
            let path = target(&world);
            let call = Call::new(method, format!("{path}{rest}"))
                .by(&world.owner())
                .json(&body);
            let event = move |world: &World| {
                world
                    .call(&world.owner(), "DELETE", &path, Json::Null)
                    .expect(204);
            };
            meanwhile(&world, place, event, call).expect(404);
            let left = format!(
                "SELECT (SELECT count(*) FROM service_users WHERE id = '{0}')
                      + (SELECT count(*) FROM tokens WHERE service_user_id = '{0}')",
                world.idle().id
            );
            assert_eq!(world.count(&left), 0);
        }
    }
}

#[test]
fn a_service_user_that_expires_meanwhile_cannot_be_revived() {
    for (method, rest, body) in [
        ("PATCH", "", json!({"expiry_date": null})),
        ("PATCH", "", json!({"name": "late"})),
        ("PUT", "/token", Json::Null),
    ] {
        for place in PLACES {
            let world = World::new();
            let path = world.path(&format!("/service-users/{}", world.robot().id));
            let call = Call::new(method, format!("{path}{rest}"))
                .by(&world.owner())
                .json(&body);
            meanwhile(&world, place, expire_robot, call).refused(400, "expired");
        }
    }
}

#[test]
fn nobody_gets_at_a_service_user_that_has_become_mightier_than_he_meanwhile() {
    for (method, rest, body) in [
        ("PUT", "/token", Json::Null),
        ("PATCH", "", json!({"expiry_date": null})),
        (
            "PATCH",
            "",
            json!({"allowed_cors_origins": ["https://editor.example"]}),
        ),
    ] {
        for place in PLACES {
            let world = World::new();
            let path = world.path(&format!("/service-users/{}{rest}", world.idle().id));
            let call = Call::new(method, path).by(&world.editor()).json(&body);
            let event = |world: &World| {
                world.assign(PROJECT, "project-admin", &world.idle().id);
            };
            meanwhile(&world, place, event, call).refused(403, "permissions that you do not hold");
        }
    }
}

#[test]
fn of_the_last_two_admins_one_stays() {
    for place in PLACES {
        let world = World::new();
        let (owner, member) = (world.owner(), world.member());
        world.execute(
            "UPDATE organization_users SET admin = 1 WHERE user_id = ?1",
            [&member.id],
        );
        let path = |caller: &Caller| format!("/operator/v1/users/{}", caller.id);
        let (first, second) = (path(&owner), path(&member));
        let event = move |world: &World| {
            world
                .call(&world.operator(), "DELETE", &second, Json::Null)
                .expect(204);
        };
        let call = Call::new("DELETE", first).by(&world.operator());
        meanwhile(&world, place, event, call).refused(400, "acme");
        world.get(&owner, &world.path("")).expect(200);
    }
}

#[test]
fn an_organization_gets_no_project_beyond_its_plan() {
    for place in PLACES {
        let world = World::new();
        world.execute(
            "UPDATE subscriptions SET max_projects = 3 WHERE name = 'free'",
            (),
        );
        let body = |name: &str| json!({"name": name, "organization_name": "acme"});
        let event = move |world: &World| {
            world
                .send(post(&world.owner(), "/v2.1/projects", body("third")))
                .expect(201);
        };
        let call = post(&world.owner(), "/v2.1/projects", body("fourth"));
        meanwhile(&world, place, event, call).refused(403, "projects");
    }
}

#[test]
fn a_project_that_is_deleted_meanwhile_gets_no_service_user() {
    for place in PLACES {
        let world = World::new();
        let call = post(
            &world.owner(),
            &world.path("/service-users"),
            json!({"name": "late"}),
        );
        let event = |world: &World| {
            world
                .call(&world.owner(), "DELETE", &world.path(""), Json::Null)
                .expect(204);
        };
        meanwhile(&world, place, event, call).expect(404);
        assert_eq!(
            world.count("SELECT count(*) FROM service_users WHERE name = 'late'"),
            0
        );
    }
}

#[test]
fn an_expiry_during_the_call_is_seen_by_the_next() {
    let world = World::new();
    let body = json!({"name": "short", "expiry_date": world.after(HOUR)});
    let short = world.service_user_of(PROJECT, &["project-viewer"], body);
    world.pass(HOUR - 1);
    world.get(&short, &world.path("")).expect(200);
    world.pass(1);
    world.get(&short, &world.path("")).expect(401);
}
