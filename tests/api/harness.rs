//! That the doubles tell the truth about what they stand for.

use serde_json::{Value as Json, json};

use crate::support::{Fault, World};

#[test]
fn everybody_of_a_world_is_who_he_is_said_to_be() {
    let world = World::new();
    let project = world.path("");
    for (caller, status) in [
        (world.operator(), 200),
        (world.owner(), 200),
        (world.admin(), 200),
        (world.editor(), 200),
        (world.viewer(), 200),
        (world.robot(), 200),
        (world.member(), 404),
        (world.idle(), 403),
        (world.neighbour(), 404),
        (world.stranger(), 404),
        (world.nobody(), 401),
        (world.expired(), 401),
        (world.revoked(), 401),
        (world.malformed(), 401),
    ] {
        world.get(&caller, &project).expect(status);
    }
}

#[test]
fn a_planned_fault_meets_the_call_that_it_was_planned_for() {
    let world = World::new();
    for fault in Fault::ALL {
        world.fail(1, fault);
        let path = world.path("");
        let answer = world.get(&world.owner(), &path).expect(503);
        assert!(answer.header("retry-after").is_some());
        assert!(!world.database.withdraw());
        world.get(&world.owner(), &path).expect(200);
    }
}

#[test]
fn something_can_happen_between_the_two_round_trips_of_a_call() {
    let world = World::new();
    let path = world.path("");
    let deletion = path.clone();
    world.before_trip(2, move |world| {
        world
            .call(&world.owner(), "DELETE", &deletion, Json::Null)
            .expect(204);
    });
    let body = json!({"labels": {"a": "b"}});
    world.call(&world.owner(), "PATCH", &path, body).expect(404);
}

#[test]
fn worlds_do_not_touch_each_other() {
    let (first, second) = (World::new(), World::new());
    let path = first.path("");
    first
        .call(&first.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    second.get(&second.owner(), &path).expect(200);
}
