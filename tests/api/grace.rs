//! Rotation with overlap (contract section 4): the old token lives on for as long as the reset says.

use serde_json::{Value as Json, json};

use testkit::world::{HOUR, PROJECT};
use testkit::{Answer, Call, Caller, World};

const SECOND: i64 = 1_000;

fn reset(world: &World, of: &Caller, query: &str) -> Answer {
    let path = world.path(&format!("/service-users/{}/token{query}", of.id));
    world.call(&world.owner(), "PUT", &path, Json::Null)
}

fn token(world: &World, of: &Caller, query: &str) -> Caller {
    of.holding(reset(world, of, query).expect(200).text("token"))
}

fn previous_expiry(world: &World, of: &Caller) -> Json {
    let path = world.path(&format!("/service-users/{}", of.id));
    let shown = world.get(&world.owner(), &path).expect(200).json();
    shown["previous_token_expiry"].clone()
}

#[track_caller]
fn works(world: &World, callers: [(&Caller, bool); 3]) {
    for (number, (caller, works)) in callers.into_iter().enumerate() {
        let status = world.get(caller, "/v2.1/user").status;
        assert_eq!(status == 200, works, "token {number}: {status}");
    }
}

#[test]
fn with_a_grace_the_old_token_works_beside_the_new_one_until_it_ends() {
    let world = World::new();
    let old = world.robot();
    let new = token(&world, &old, "?grace=60");
    assert_eq!(previous_expiry(&world, &old), world.after(60 * SECOND));
    world.pass(60 * SECOND - 1);
    works(&world, [(&old, true), (&new, true), (&new, true)]);
    world.pass(1);
    works(&world, [(&old, false), (&new, true), (&new, true)]);
    assert_eq!(previous_expiry(&world, &old), Json::Null);
}

#[test]
fn a_grace_ends_with_the_service_user() {
    let world = World::new();
    let body = json!({"expiry_date": world.after(HOUR)});
    let old = world.service_user_of(PROJECT, &[], body);
    token(&world, &old, "?grace=7200");
    assert_eq!(previous_expiry(&world, &old), world.after(HOUR));
    world.pass(HOUR);
    world.get(&old, "/v2.1/user").expect(401);
}

#[test]
fn a_reset_with_grace_during_a_grace_replaces_only_the_current_token() {
    let world = World::new();
    let first = world.robot();
    let second = token(&world, &first, "?grace=60");
    let end = previous_expiry(&world, &first);
    let third = token(&world, &first, "?grace=600");
    works(&world, [(&first, true), (&second, false), (&third, true)]);
    assert_eq!(previous_expiry(&world, &first), end);
    world.pass(60 * SECOND);
    works(&world, [(&first, false), (&second, false), (&third, true)]);
}

#[test]
fn a_reset_with_grace_after_a_grace_begins_another() {
    let world = World::new();
    let first = world.robot();
    let second = token(&world, &first, "?grace=60");
    world.pass(60 * SECOND);
    let third = token(&world, &first, "?grace=60");
    works(&world, [(&first, false), (&second, true), (&third, true)]);
    assert_eq!(previous_expiry(&world, &first), world.after(60 * SECOND));
}

#[test]
fn a_reset_without_grace_ends_all() {
    for query in ["", "?grace=0"] {
        let world = World::new();
        let first = world.robot();
        let second = token(&world, &first, "?grace=60");
        let third = token(&world, &first, query);
        works(&world, [(&first, false), (&second, false), (&third, true)]);
        assert_eq!(previous_expiry(&world, &first), Json::Null);
    }
}

#[test]
fn a_grace_can_be_ended_early_once() {
    let world = World::new();
    let first = world.robot();
    let path = world.path(&format!("/service-users/{}/token/previous", first.id));
    let end = || world.call(&world.owner(), "DELETE", &path, Json::Null);
    end().refused(404, "no previous token");
    let second = token(&world, &first, "?grace=60");
    end().expect(204);
    works(&world, [(&first, false), (&second, true), (&second, true)]);
    end().refused(404, "no previous token");
    token(&world, &first, "?grace=60");
    world.pass(60 * SECOND);
    end().refused(404, "no previous token");
}

#[test]
fn a_grace_is_an_integer_of_at_most_a_week() {
    let world = World::new();
    for grace in [
        "",
        "-1",
        "604801",
        "1.0",
        "x",
        "1e3",
        "99999999999999999999",
        "%00",
        "+",
    ] {
        reset(&world, &world.robot(), &format!("?grace={grace}")).refused(400, "grace: ");
    }
    world.get(&world.robot(), "/v2.1/user").expect(200);
    token(&world, &world.robot(), "?grace=604800");
}

#[test]
fn the_last_use_shown_is_that_of_the_current_token() {
    let world = World::new();
    let old = world.robot();
    world.get(&old, "/v2.1/user").expect(200);
    let new = token(&world, &old, "?grace=60");
    world.get(&old, "/v2.1/user").expect(200);
    let path = world.path(&format!("/service-users/{}", old.id));
    let used = || world.get(&world.owner(), &path).expect(200).json()["token_last_used"].clone();
    assert_eq!(used(), Json::Null);
    world.get(&new, "/v2.1/user").expect(200);
    assert_eq!(used(), world.after(0));
}

#[test]
fn a_grace_counts_from_the_reset_however_long_the_call_was_on_its_way() {
    let world = World::new();
    let old = world.service_user(&["project-viewer"]);
    let key = world.access_key(&old);
    let path = world.path(&format!("/service-users/{}/token?grace=1", old.id));
    let slow = |world: &World| world.pass(2_000);
    let reset = Call::new("PUT", path).by(&world.owner());
    world.send_while(1, slow, reset).expect(200);
    world.get(&old, "/v2.1/user").expect(200);
    let signed = world.signed(&key, "GET", &world.workspaces(""), Json::Null);
    world.send(signed).expect(200);
}

#[test]
fn a_grace_is_ended_under_the_name_of_its_own_service_user_alone() {
    let world = World::new();
    let first = world.robot();
    let second = token(&world, &first, "?grace=60");
    for path in [
        world.path(&format!("/service-users/{}", world.idle().id)),
        format!("/v2.1/projects/audio/service-users/{}", first.id),
        format!(
            "/v2.1/projects/audio/service-users/{}",
            world.neighbour().id
        ),
    ] {
        let previous = format!("{path}/token/previous");
        world
            .call(&world.owner(), "DELETE", &previous, Json::Null)
            .expect(404);
    }
    works(&world, [(&first, true), (&second, true), (&second, true)]);
}
