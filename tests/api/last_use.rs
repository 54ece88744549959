//! `token_last_used`: written after the answer, at most once a minute, at nobody's cost.

use serde_json::Value as Json;

use testkit::{Call, World};

fn shown(world: &World) -> Json {
    let path = world.path(&format!("/service-users/{}", world.robot().id));
    world.get(&world.owner(), &path).expect(200).json()["token_last_used"].clone()
}

#[test]
fn the_first_use_is_seen_by_the_next_call() {
    let world = World::new();
    assert_eq!(shown(&world), Json::Null);
    world.get(&world.robot(), "/v2.1/user").expect(200);
    assert_eq!(shown(&world), world.after(0));
}

#[test]
fn it_is_written_again_after_a_minute_and_not_before() {
    let world = World::new();
    world.get(&world.robot(), "/v2.1/user").expect(200);
    let first = shown(&world);
    world.pass(59_999);
    world.get(&world.robot(), "/v2.1/user").expect(200);
    assert_eq!(shown(&world), first);
    world.pass(1);
    world.get(&world.robot(), "/v2.1/user").expect(200);
    assert_eq!(shown(&world), world.after(0));
}

#[test]
fn a_refused_call_of_a_good_token_is_a_use_too_and_one_of_a_bad_token_is_none() {
    let world = World::new();
    world
        .get(&world.robot(), "/v2.1/projects/audio")
        .expect(404);
    assert_eq!(shown(&world), world.after(0));
    let uses = "SELECT count(*) FROM tokens WHERE last_used IS NOT NULL";
    let before = world.count(uses);
    for caller in [world.expired(), world.revoked(), world.malformed()] {
        world.get(&caller, "/v2.1/user").expect(401);
    }
    assert_eq!(world.count(uses), before);
}

#[test]
fn it_costs_no_round_trip_and_leaves_no_audit_row() {
    let world = World::new();
    let rows = world.count("SELECT count(*) FROM audit");
    assert_eq!(world.get(&world.robot(), "/v2.1/user").trips, 1);
    assert_eq!(world.count("SELECT count(*) FROM audit"), rows);
}

#[test]
fn of_two_uses_at_once_the_later_one_is_not_overwritten() {
    let world = World::new();
    let call = Call::new("GET", world.path("/service-users")).by(&world.robot());
    let later = |world: &World| {
        world.pass(1_000);
        world.get(&world.robot(), "/v2.1/user").expect(200);
    };
    world.send_while(2, later, call).expect(200);
    assert_eq!(shown(&world), world.after(0));
}
