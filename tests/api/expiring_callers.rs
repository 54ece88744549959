//! A caller that has an expiry date, or calls with a token in its grace, gives nobody, itself included, anything that outlives it (contract section 2).

use serde_json::{Value as Json, json};

use testkit::world::{HOUR, PROJECT};
use testkit::{Answer, Call, Caller, World};

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
            let shown = on(&world, &all.caller, "GET", of, "", Json::Null).json();
            let changed = on(&world, &all.caller, "PATCH", of, "", body.clone());
            // What it is already is no change, and gives nothing.
            let status = if shown["expiry_date"] == end {
                200
            } else {
                status
            };
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
fn a_token_in_its_grace_gives_nothing_that_outlives_the_grace() {
    let world = World::new();
    let all = cast(&world);
    let reset = on(
        &world,
        &world.owner(),
        "PUT",
        &all.never,
        "/token?grace=3600",
        Json::Null,
    );
    let current = all.never.holding(reset.expect(200).text("token"));
    let previous = &all.never;
    for (method, rest, body) in [
        ("PUT", "/token", Json::Null),
        ("PUT", "/token?grace=604800", Json::Null),
        ("PATCH", "", origins()),
        ("PATCH", "", json!({"expiry_date": null})),
    ] {
        if method == "PUT" {
            on(&world, previous, method, previous, rest, Json::Null).refused(403, OUTLIVES);
        }
        on(&world, previous, method, &all.later, rest, body.clone()).refused(403, OUTLIVES);
        let world = world.copy();
        on(&world, &current, method, &all.later, rest, body).expect(200);
    }
    on(&world, previous, "PUT", &all.same, "/token", Json::Null).expect(200);
    let path = world.path("/service-users");
    world
        .call(previous, "POST", &path, json!({}))
        .refused(403, OUTLIVES);
    let body = json!({"expiry_date": world.after(HOUR)});
    world.call(previous, "POST", &path, body).expect(201);
    world.call(&current, "POST", &path, json!({})).expect(201);
}

#[test]
fn a_grace_that_begins_between_the_round_trips_binds() {
    let world = World::new();
    let all = cast(&world);
    let id = all.never.id.clone();
    let begin = move |world: &World| {
        let path = world.path(&format!("/service-users/{id}/token?grace=60"));
        let begun = Call::new("PUT", path).by(&world.owner());
        world.begin(begun).finish().expect(200);
    };
    let path = world.path(&format!("/service-users/{}/token", all.later.id));
    let call = Call::new("PUT", path).by(&all.never);
    world.send_while(2, begin, call).refused(403, OUTLIVES);
}

#[test]
fn no_service_user_changes_its_own_end_or_origins() {
    let world = World::new();
    let all = cast(&world);
    for itself in [&all.caller, &all.never, &world.robot()] {
        for body in [
            json!({"expiry_date": world.after(1)}),
            json!({"name": "x", "expiry_date": world.after(1)}),
            origins(),
        ] {
            on(&world, itself, "PATCH", itself, "", body).refused(403, OWN);
        }
        let body = json!({"name": "x", "description": "y"});
        on(&world, itself, "PATCH", itself, "", body).expect(200);
        on(&world, itself, "PUT", itself, "/token", Json::Null).expect(200);
    }
    let body =
        json!({"expiry_date": world.after(HOUR), "allowed_cors_origins": ["https://a.example"]});
    let itself = world.service_user_of(PROJECT, &["project-editor"], body);
    for body in [
        json!({"expiry_date": null}),
        json!({"allowed_cors_origins": []}),
    ] {
        on(&world, &itself, "PATCH", &itself, "", body).refused(403, OWN);
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
