//! That the doubles tell the truth about what they stand for.

use serde_json::{Value as Json, json};

use testkit::schedule::every_order;
use testkit::{Call, Fault, Step, World};

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

#[test]
fn a_call_that_has_begun_goes_on_round_trip_by_round_trip() {
    let world = World::new();
    let body = json!({"name": "later"});
    let call = Call::new("POST", world.path("/service-users"))
        .by(&world.owner())
        .json(&body);
    let before = world.dump();
    let mut begun = world.begin(call);
    assert_eq!(begun.stands_before(), Some(1));
    assert!(matches!(begun.step(), Some(Step::Before(2))));
    assert_eq!(world.dump(), before);
    let answer = match begun.step() {
        Some(Step::Answered(answer)) => answer.expect(201),
        other => panic!("{other:?}"),
    };
    assert_eq!(answer.trips, 2);
    assert!(begun.step().is_none() && begun.stands_before().is_none());
    assert_ne!(world.dump(), before);
}

#[test]
fn a_call_that_has_begun_can_fail_at_each_round_trip() {
    for fault in Fault::ALL {
        let world = World::new();
        let call = Call::new("POST", world.path("/service-users"))
            .by(&world.owner())
            .json(&json!({}));
        let mut begun = world.begin(call);
        assert!(matches!(begun.step(), Some(Step::Before(2))));
        let Some(Step::Answered(answer)) = begun.step_failing(fault) else {
            panic!("{fault:?} did not end it");
        };
        let answer = answer.expect(503);
        assert_eq!(
            answer.header("retry-after").is_some(),
            fault == Fault::Refuse
        );
    }
}

#[test]
fn calls_meet_in_every_order() {
    let world = World::new();
    let path = world.path("");
    let one = Call::new("GET", &path).by(&world.owner());
    let two = Call::new("PATCH", &path)
        .by(&world.owner())
        .json(&json!({"labels": {"a": "b"}}));
    for (calls, orders) in [
        (vec![one.clone()], 1),
        (vec![two.clone()], 1),
        (vec![one.clone(), one.clone()], 2),
        (vec![one, two.clone()], 3),
        (vec![two.clone(), two.clone()], 6),
        (vec![two.clone(), two.clone(), two], 90),
    ] {
        let seen = every_order(&world, &calls, |world, answers| {
            assert_eq!(answers.len(), calls.len());
            for answer in answers {
                answer.clone().expect(200);
            }
            world.get(&world.owner(), &path).expect(200);
        });
        assert_eq!(seen, orders);
    }
}
