//! A right that is lost between the two round trips of a call is lost: for every route that changes something, and
//! every way in which somebody can lose what they had.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value as Json;

use tenantry::auth::access::Access;
use tenantry::routes::{self, Route};

use testkit::requests::plausible;
use testkit::{Caller, World, broken};

/// Something that happens.
type Event = fn(&World);
/// What happens, to whom, how, and the statuses of their call where it comes before the first and the second round trip.
type Loss = (&'static str, fn(&World) -> Caller, Event, [u16; 2]);

/// How somebody's right can be lost, and what it leaves them with: 401 without a token, 403 without the right, 404
/// without a part in the project.
const LOSSES: [Loss; 18] = [
    (
        "a person's role is taken away",
        World::admin,
        take_role_from_admin,
        [404, 403],
    ),
    (
        "a person's role is narrowed to an object",
        World::admin,
        narrow_role_of_admin,
        [403, 403],
    ),
    (
        "a person's role is one in another project",
        World::admin,
        move_role_of_admin,
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
        "the token of an admin of the organization is reset",
        World::owner,
        reset_owner,
        [401, 403],
    ),
    (
        "an admin of the organization is signed out elsewhere",
        World::owner_in_session,
        end_sessions_of_owner,
        [401, 403],
    ),
    (
        "the token with which an admin signed in is reset",
        World::owner_in_session,
        reset_owner,
        [401, 403],
    ),
    (
        "the token with which an admin signed in is deleted",
        World::owner_in_session,
        delete_token_of_owner,
        [401, 403],
    ),
    (
        "the session of an admin of the organization ends",
        World::owner_in_session,
        expire_session_of_owner,
        [401, 403],
    ),
    (
        "an admin of the organization who is signed in is demoted",
        World::owner_in_session,
        demote_owner,
        [404, 403],
    ),
    (
        "a person who is signed in loses their role",
        World::admin_in_session,
        take_role_from_admin,
        [404, 403],
    ),
    (
        "a service user's token is reset",
        World::robot,
        reset_robot,
        [401, 403],
    ),
    (
        "the grace of a service user's token ends",
        World::robot,
        end_grace_of_robot,
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

/// Who holds a right on an object holds it neither on the whole project nor on another object.
fn narrow_role_of_admin(world: &World) {
    world.execute(
        "UPDATE role_assignments SET resource_type = 'deployment', resource_id = 'elsewhere' WHERE user_id = ?1",
        [world.admin().id],
    );
}

fn move_role_of_admin(world: &World) {
    world.execute(
        "UPDATE role_assignments SET project_id = p.id, resource_id = p.id FROM projects p
         WHERE p.name = 'audio' AND user_id = ?1",
        [world.admin().id],
    );
}

fn remove_admin_from_organization(world: &World) {
    world.execute(
        "DELETE FROM organization_users WHERE user_id = ?1",
        [world.admin().id],
    );
}

fn reset_admin(world: &World) {
    reset_person(world, &world.admin());
}

fn reset_owner(world: &World) {
    reset_person(world, &world.owner());
}

fn reset_person(world: &World, person: &Caller) {
    let path = format!("/operator/v1/users/{}/token", person.id);
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

/// Somebody else is admin in their stead, and they are in another organization, which is of no use to them.
fn demote_owner(world: &World) {
    world.execute(
        "UPDATE organization_users SET admin = (user_id = ?2) WHERE user_id IN (?1, ?2)",
        (world.owner().id, world.member().id),
    );
    world.join("globex", &world.owner(), true);
    world.execute(
        "DELETE FROM role_assignments WHERE user_id = ?1",
        [world.owner().id],
    );
}

fn end_sessions_of_owner(world: &World) {
    let path = format!("/operator/v1/users/{}/sessions", world.owner().id);
    world
        .call(&world.operator(), "DELETE", &path, Json::Null)
        .expect(204);
}

/// As they do themselves in another session.
fn delete_token_of_owner(world: &World) {
    world.execute(
        "DELETE FROM tokens WHERE user_id = ?1 AND session_method IS NULL",
        [world.owner().id],
    );
}

fn expire_session_of_owner(world: &World) {
    // As if the session had been made so long ago.
    world.execute(
        "UPDATE tokens SET grace_end = ?1 WHERE user_id = ?2 AND session_method IS NOT NULL",
        (world.now().as_millis(), world.owner().id),
    );
}

fn reset_robot(world: &World) {
    let path = world.path(&format!("/service-users/{}/token", world.robot().id));
    world
        .call(&world.operator(), "PUT", &path, Json::Null)
        .expect(200);
}

fn end_grace_of_robot(world: &World) {
    // As if their reset had left it a grace that ends now.
    world.execute(
        "UPDATE tokens SET grace_end = ?1 WHERE service_user_id = ?2",
        (world.now().as_millis(), world.robot().id),
    );
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
pub fn is_writing(route: &Route) -> bool {
    route.method.as_str() != "GET"
        // Nobody is anybody yet.
        && route.access != Access::Public
        && !route.path.starts_with("/operator/")
        && !route.operation.contains("_version_requests_")
        && !route.operation.ends_with("_batch_get")
        // It is asked by a POST, and reads.
        && route.operation != "projects_log_list"
        // Its upstream signs it, so nobody's right stands behind it.
        && route.operation != "deployment_requests_result_create"
}

#[test]
fn a_right_that_is_lost_between_the_round_trips_is_lost() {
    for route in routes::table().filter(|route| is_writing(route)) {
        // A request is admitted in the trip that reads who is calling.
        if route.takes_body_first() || !broken::is_about(route.operation) {
            continue;
        }
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
                let answer = world.send_while(place, event, call);
                let is_refused = match (route.operation, before) {
                    // It asks for an account alone, and that is not lost.
                    ("organizations_create", 403 | 404) => {
                        answer.expect(201);
                        continue;
                    }
                    // Whoever is signed in stays so with fewer rights.
                    (_, 403 | 404) if route.path.starts_with("/session") => {
                        assert!(answer.status < 300, "{answer}");
                        continue;
                    }
                    // Its body names the organization, of which they may still be a member.
                    ("projects_create", 404) => [403, 404].contains(&answer.status),
                    // Who is demoted is a member still, and knows that the organization is there.
                    // Clients of ModelArts are told that the project is none of theirs.
                    _ if expected == 404 && route.path.starts_with("/v1/") => answer.status == 403,
                    _ if expected == 404 && route.path.contains("{organization_name}") => {
                        [403, 404].contains(&answer.status)
                    }
                    // Without a token they are unknown or have no right, as the first round trip has left it.
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
