//! Changing `TOKEN_KEY`: tokens under the previous key work while it is configured, and their rows move over.

use serde_json::json;

use testkit::world::TOKEN_KEY;
use testkit::{Caller, World};

const NEXT: &str = "the next key";

fn changing(world: &World) -> World {
    world.with_settings(&[("TOKEN_KEY", NEXT), ("TOKEN_KEY_PREVIOUS", TOKEN_KEY)])
}

fn key_of(world: &World, caller: &Caller) -> String {
    let key = "SELECT key_id FROM tokens WHERE service_user_id = ?1 OR user_id = ?1";
    let connection = world.database.connection();
    connection
        .query_row(key, [&caller.id], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_token_of_the_previous_key_works_and_is_digested_anew_when_it_is_used() {
    let world = changing(&World::new());
    let before = key_of(&world, &world.robot());
    world.get(&world.robot(), &world.path("")).expect(200);
    assert_ne!(key_of(&world, &world.robot()), before);
    assert_eq!(key_of(&world, &world.idle()), before);
    world.get(&world.robot(), &world.path("")).expect(200);
}

#[test]
fn a_digest_that_has_moved_costs_no_further_write() {
    let world = changing(&World::new());
    world.get(&world.robot(), "/v2.1/user").expect(200);
    let dump = world.dump();
    world.get(&world.robot(), "/v2.1/user").expect(200);
    assert_eq!(world.dump(), dump);
}

#[test]
fn without_the_previous_key_its_tokens_are_unknown_even_those_that_have_moved() {
    let world = World::new();
    changing(&world)
        .get(&world.robot(), "/v2.1/user")
        .expect(200);
    let changed = world.with_settings(&[("TOKEN_KEY", NEXT)]);
    for caller in [world.robot(), world.idle(), world.owner()] {
        let answer = changed.get(&caller, "/v2.1/user").expect(401);
        assert_eq!(answer.trips, 0);
    }
}

#[test]
fn a_token_made_under_the_next_key_outlives_the_change() {
    let world = World::new();
    let made = changing(&world).service_user(&["project-viewer"]);
    let changed = world.with_settings(&[("TOKEN_KEY", NEXT)]);
    changed.get(&made, &world.path("")).expect(200);
}

#[test]
fn going_back_to_the_previous_key_keeps_what_is_under_it() {
    let world = World::new();
    changing(&world)
        .get(&world.robot(), "/v2.1/user")
        .expect(200);
    let back = world.with_settings(&[("TOKEN_KEY_PREVIOUS", NEXT)]);
    back.get(&world.robot(), "/v2.1/user").expect(200);
    world.get(&world.robot(), "/v2.1/user").expect(200);
}

#[test]
fn a_reset_under_the_next_key_ends_the_old_token_all_the_same() {
    let world = changing(&World::new());
    let path = world.path(&format!("/service-users/{}/token", world.robot().id));
    world
        .call(&world.owner(), "PUT", &path, json!({}))
        .expect(200);
    world.get(&world.robot(), "/v2.1/user").expect(401);
}
