//! Two callers at once: whatever happens between the round trips of a call, no rule is broken.
//!
//! A call has at most two round trips, so something else can happen before the first, which is the order, and before
//! the second, which is the race. Both are tried, the other call running whole in between.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Value as Json, json};

use testkit::members::set_admin;
use testkit::schedule::every_order;
use testkit::world::{HOUR, PROJECT};
use testkit::{Call, Caller, World};

/// Each place in a call where something else can happen.
const PLACES: [usize; 2] = [1, 2];

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
        world.send_while(place, event, call).refused(400, "name: ");
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
        world.send_while(place, event, call).refused(400, "name: ");
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
        world.send_while(place, event, call).refused(400, "name: ");
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
    world.send_while(1, event, call).refused(400, "email: ");
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
        world
            .send_while(place, event, post(&owner, &path, body))
            .refused(400, "exists already");
    }
}

fn audited(world: &World, kind: &str, name: &str) -> i64 {
    world.count(&format!(
        "SELECT count(*) FROM audit WHERE object_type = '{kind}' AND object_name = '{name}'"
    ))
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
        let first = world.send_while(place, event, Call::new("PUT", path).by(&world.owner()));
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
            world.send_while(place, event, call).expect(404);
            let left = format!(
                "SELECT (SELECT count(*) FROM service_users WHERE id = '{0}')
                      + (SELECT count(*) FROM tokens WHERE service_user_id = '{0}')",
                world.idle().id
            );
            assert_eq!(world.count(&left), 0);
        }
    }
}

fn expire_robot(world: &World) {
    // As if the expiry had been set beforehand to an instant that passes now.
    world.execute(
        "UPDATE service_users SET expiry_date = ?1 WHERE id = ?2",
        (world.now().as_millis(), world.robot().id),
    );
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
            world
                .send_while(place, expire_robot, call)
                .refused(400, "expired");
        }
    }
}

#[test]
fn nobody_gets_at_a_service_user_that_has_become_mightier_than_they_meanwhile() {
    for (method, rest, body) in [
        ("PUT", "/token", Json::Null),
        ("PATCH", "", json!({"expiry_date": "2026-07-01"})),
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
            world
                .send_while(place, event, call)
                .refused(403, "permissions that you do not hold");
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
        world.send_while(place, event, call).refused(400, "acme");
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
        world
            .send_while(place, event, call)
            .refused(403, "projects");
    }
}

#[test]
fn a_project_that_is_deleted_meanwhile_gets_neither_service_users_nor_roles() {
    let whoever: [fn(&World) -> Caller; 2] = [World::owner, World::operator];
    for (place, by) in PLACES
        .into_iter()
        .flat_map(|place| whoever.map(|by| (place, by)))
    {
        for (rest, body) in [
            ("/service-users", json!({"name": "late"})),
            ("/roles", json!({"name": "late", "permissions": []})),
        ] {
            let world = World::new();
            world.execute("UPDATE projects SET advanced_permissions = 1", ());
            let call = post(&by(&world), &world.path(rest), body);
            let event = |world: &World| {
                world
                    .call(&world.owner(), "DELETE", &world.path(""), Json::Null)
                    .expect(204);
            };
            world.send_while(place, event, call).expect(404);
            let late = "SELECT (SELECT count(*) FROM service_users WHERE name = 'late')
                             + (SELECT count(*) FROM roles WHERE name = 'late')";
            assert_eq!(world.count(late), 0);
        }
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

#[test]
fn of_three_admins_who_remove_each_other_at_once_one_stays_in_every_order() {
    let world = World::new();
    let (owner, member, admin) = (world.owner(), world.member(), world.admin());
    for also in [&member, &admin] {
        set_admin(&world, &owner, also, true).expect(200);
        // They have been here themselves.
        world.get(also, "/v2.1/organizations/acme").expect(200);
    }
    let removes = |by: &Caller, whom: &Caller| {
        let path = format!("/v2.1/organizations/acme/users/{}", whom.id);
        Call::new("DELETE", path).by(by)
    };
    let calls = [
        removes(&owner, &member),
        removes(&member, &admin),
        removes(&admin, &owner),
    ];
    let orders = every_order(&world, &calls, |world, answers| {
        let removed = answers.iter().filter(|answer| answer.status == 204).count();
        let left = world.count("SELECT count(*) FROM organization_users WHERE admin = 1 AND organization_id = (SELECT id FROM organizations WHERE name = 'acme')");
        assert_eq!(left, 3 - removed as i64);
        assert!(left >= 1, "{answers:?}");
        assert!(removed >= 1, "{answers:?}");
        for answer in answers {
            assert!([204, 400, 403, 404].contains(&answer.status), "{answer}");
        }
    });
    assert!(orders > 20, "{orders}");
}

#[test]
fn of_two_deletions_of_a_project_one_is_told() {
    for by in [World::owner, World::operator] {
        let world = World::new();
        let path = world.path("");
        let call = Call::new("DELETE", path.clone()).by(&by(&world));
        let event = move |world: &World| {
            world
                .call(&world.owner(), "DELETE", &path, Json::Null)
                .expect(204);
        };
        world.send_while(2, event, call).expect(404);
        let told = "SELECT count(*) FROM audit WHERE event = 'Deleted project vision'";
        assert_eq!(world.count(told), 1);
    }
}
