//! A body that is long on its way: what holds when it has come decides, not what held when the call began.

use serde_json::{Value as Json, json};

use testkit::{Answer, Call, Caller, Chunks, World};

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

#[test]
fn a_signed_call_whose_service_user_expires_while_its_body_comes_is_refused() {
    let world = World::new();
    let ends = json!({"expiry_date": world.after(4 * SECOND)});
    let robot = world.service_user_of("vision", &["project-viewer"], ends);
    let key = world.access_key(&robot);
    let meanwhile = world.clone();
    let body = Chunks::of([Vec::new()]).while_it_comes(move || meanwhile.pass(8 * SECOND));
    let list = world.signed(&key, "GET", &world.workspaces(""), Json::Null);
    world.send(list.chunks(body)).expect(401);
}

#[test]
fn a_body_whose_end_never_comes_is_given_up() {
    let world = World::new();
    let robot = world.service_user(&["project-admin"]);
    let key = world.access_key(&robot);
    let workspace = world.workspaces("/0");
    let quotas = format!("{workspace}/quotas");
    let by_token = |by: &Caller, method: &str, path: &str| Call::new(method, path).by(by);
    for call in [
        by_token(&robot, "PATCH", &world.path("")),
        by_token(&robot, "PUT", &quotas),
        by_token(&world.operator(), "POST", "/operator/v1/usage-events"),
        world.signed(&key, "PUT", &workspace, json!({})),
        world.signed(&key, "GET", &workspace, Json::Null),
    ] {
        let body = Chunks::of([b"{".to_vec()]).stalling();
        let answer = world.send(call.chunks(body));
        answer.refused(400, "the body took too long to arrive");
    }
}

#[test]
fn an_empty_body_of_whom_the_right_is_taken_from_while_it_comes_is_refused() {
    let world = World::new();
    let role = world.custom_role(&["projects.get"]);
    let service_user = format!("/service-users/{}", world.idle().id);
    for rest in ["", &service_user, &format!("/roles/{role}")] {
        let world = world.copy();
        let admin = world.admin();
        let path = world.path(rest);
        let lose = move |world: &World| {
            let taken = "DELETE FROM role_assignments WHERE user_id = ?1";
            world.execute(taken, [&admin.id]);
        };
        send_slowly(&world, &world.admin(), &path, &json!({}), lose)
            .refused(403, "this needs the permission");
    }
}
