//! A body that is long on its way: what holds when it has come decides, not what held when the call began.

use serde_json::{Value as Json, json};

use crate::support::{Answer, Call, Caller, Chunks, World};

const SECOND: i64 = 1_000;

fn send_slowly(
    world: &World,
    by: &Caller,
    path: &str,
    body: &Json,
    meanwhile: impl Fn(&World) + 'static,
) -> Answer {
    let chunks = Chunks::of([body.to_string().into_bytes()]);
    let meanwhile_world = world.clone();
    let call = Call::new("PATCH", path)
        .by(by)
        .header("content-type", "application/json")
        .chunks(chunks.while_it_comes(move || meanwhile(&meanwhile_world)));
    world.send(call)
}

#[test]
fn a_token_that_ends_while_the_body_comes_cannot_lift_its_own_end() {
    let world = World::new();
    let ends = json!({"expiry_date": world.after(4 * SECOND)});
    let robot = world.service_user_of("vision", &["project-editor"], ends);
    let path = world.path(&format!("/service-users/{}", robot.id));
    let body = json!({"expiry_date": null});
    let answer = send_slowly(&world, &robot, &path, &body, |world| world.pass(8 * SECOND));
    assert!((400..=403).contains(&answer.status), "{answer}");
    world.get(&robot, "/v2.1/user").expect(401);
}

#[test]
fn a_date_that_passes_while_the_body_comes_is_in_the_past() {
    let world = World::new();
    let robot = world.robot();
    let path = world.path(&format!("/service-users/{}", robot.id));
    let body = json!({"expiry_date": world.after(4 * SECOND)});
    send_slowly(&world, &world.owner(), &path, &body, |world| {
        world.pass(8 * SECOND)
    })
    .refused(400, "expiry_date: ");
}
