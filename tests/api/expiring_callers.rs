//! A caller that has an expiry date gives nobody, itself included, anything that outlives it (contract section 2).

use serde_json::{Value as Json, json};

use crate::support::world::{HOUR, PROJECT};
use crate::support::{Answer, Call, Caller, World};

const OUTLIVES: &str = "no later than yours";
const OWN: &str = "no service user changes its own";

/// Service users that are project-editor: `caller` ends in an hour, the others before, with, after it, and never.
struct Cast {
    caller: Caller,
    sooner: Caller,
    same: Caller,
    later: Caller,
    never: Caller,
}

fn ending(world: &World, end: Json) -> Caller {
    let body = json!({"name": "made", "expiry_date": end});
    world.service_user_of(PROJECT, &["project-editor"], body)
}

fn cast(world: &World) -> Cast {
    Cast {
        caller: ending(world, json!(world.after(HOUR))),
        sooner: ending(world, json!(world.after(HOUR - 1))),
        same: ending(world, json!(world.after(HOUR))),
        later: ending(world, json!(world.after(HOUR + 1))),
        never: ending(world, Json::Null),
    }
}

fn on(world: &World, by: &Caller, method: &str, of: &Caller, rest: &str, body: Json) -> Answer {
    let path = world.path(&format!("/service-users/{}{rest}", of.id));
    world.call(by, method, &path, body)
}

fn origins() -> Json {
    json!({"allowed_cors_origins": ["https://a.example"]})
}

#[test]
fn it_resets_and_widens_only_what_ends_no_later_than_it() {
    for (method, rest, body) in [
        ("PUT", "/token", Json::Null),
        ("PUT", "/token?grace=60", Json::Null),
        ("PATCH", "", origins()),
    ] {
        let world = World::new();
        let all = cast(&world);
        let send = |of: &Caller| on(&world, &all.caller, method, of, rest, body.clone());
        send(&all.sooner).expect(200);
        send(&all.same).expect(200);
        send(&all.later).refused(403, OUTLIVES);
        send(&all.never).refused(403, OUTLIVES);
        on(&world, &all.never, method, &all.later, rest, body).expect(200);
    }
}

#[test]
fn it_gives_no_end_that_is_later_than_its_own() {
    let world = World::new();
    let all = cast(&world);
    for (end, status) in [
        (json!(world.after(HOUR - 1)), 200),
        (json!(world.after(HOUR)), 200),
        (json!(world.after(HOUR + 1)), 403),
        (Json::Null, 403),
    ] {
        let body = json!({"expiry_date": end});
        for of in [&all.sooner, &all.same, &all.later, &all.never] {
            let world = world.copy();
            let changed = on(&world, &all.caller, "PATCH", of, "", body.clone());
            assert_eq!(changed.status, status, "{end}: {changed}");
        }
        let path = world.path("/service-users");
        let made = world.call(&all.caller, "POST", &path, body);
        match status {
            200 => made.expect(201),
            _ => made.refused(403, OUTLIVES),
        };
    }
    let path = world.path("/service-users");
    world
        .call(&all.caller, "POST", &path, json!({}))
        .refused(403, OUTLIVES);
    world.call(&all.never, "POST", &path, json!({})).expect(201);
}

#[test]
fn no_service_user_changes_its_own_end_or_origins() {
    let world = World::new();
    let all = cast(&world);
    for itself in [&all.caller, &all.never, &world.robot()] {
        for body in [
            json!({"expiry_date": null}),
            json!({"expiry_date": world.after(1)}),
            json!({"name": "x", "expiry_date": world.after(1)}),
            origins(),
            json!({"allowed_cors_origins": []}),
        ] {
            on(&world, itself, "PATCH", itself, "", body).refused(403, OWN);
        }
        let body = json!({"name": "x", "description": "y"});
        on(&world, itself, "PATCH", itself, "", body).expect(200);
        on(&world, itself, "PUT", itself, "/token", Json::Null).expect(200);
    }
}

#[test]
fn an_end_that_is_set_between_the_round_trips_binds() {
    let post = ("POST", "", json!({}));
    for (method, rest, body) in [
        ("PUT", "/token", Json::Null),
        ("PATCH", "", origins()),
        ("PATCH", "", json!({"expiry_date": null})),
        post,
    ] {
        let world = World::new();
        let all = cast(&world);
        let of = match method {
            "POST" => String::new(),
            _ => format!("/{}", all.later.id),
        };
        let path = world.path(&format!("/service-users{of}{rest}"));
        let (caller, end) = (all.never.id.clone(), world.now().as_millis() + HOUR);
        let bind = move |world: &World| {
            world.execute(
                "UPDATE service_users SET expiry_date = ?1 WHERE id = ?2",
                (end, &caller),
            );
        };
        let call = Call::new(method, path).by(&all.never).json(&body);
        world.send_while(2, bind, call).refused(403, OUTLIVES);
    }
}
