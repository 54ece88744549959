//! What callers and upstreams may send that nobody means well: it is refused or passed on, and never an error of ours.

use serde_json::{Value as Json, json};

use testkit::{Call, Caller, Reply, World};

fn world() -> (World, Caller) {
    let world = World::new();
    world.served("d");
    let caller = world.service_user(&["deployment-request-user", "project-viewer"]);
    (world, caller)
}

fn call(world: &World, caller: &Caller) -> Call {
    world.request_call(caller, "d", &json!({"x": 1}))
}

#[test]
fn an_idempotency_key_is_what_it_may_be_or_refused() {
    let (world, caller) = world();
    let longest = "k".repeat(255);
    for key in ["';DROP/**/TABLE/**/requests;--", "%00", &longest] {
        world.upstream.next(Reply::json(&json!({"y": 1})));
        let keyed = call(&world, &caller).header("idempotency-key", key);
        world.send(keyed.clone()).expect(200);
        let again = world.send(keyed).expect(200);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
    let too_long = "k".repeat(256);
    for key in ["a b", "\"a b\"", "\u{e9}", &too_long] {
        let call = call(&world, &caller).header("idempotency-key", key);
        world.send(call).refused(400, "Idempotency-Key");
    }
    let twice = call(&world, &caller)
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    world.send(twice).refused(400, "Idempotency-Key");
}

#[test]
fn what_a_header_cannot_hold_is_not_passed_on() {
    let (world, caller) = world();
    world.upstream.next(Reply::json(&json!({"y": 1})));
    let odd = call(&world, &caller)
        .header("traceparent", "\u{e9}\u{4e2d}")
        .header("tracestate", "a=\u{7}");
    world.send(odd).expect(200);
    for (name, value) in world.upstream.only_call().outgoing.headers {
        let fits = value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
        assert!(fits, "{name}: {value:?}");
    }
}

#[test]
fn names_in_a_path_are_found_or_not() {
    let (world, caller) = world();
    for rest in [
        "/deployments/d/versions/%C3%A9/requests",
        "/deployments/d/versions/%00/requests",
        "/deployments/%27%20OR%201=1/requests",
        "/deployments/d/versions/v1%27--/requests",
        "/deployments/%E4%B8%AD/requests/stream",
    ] {
        let answer = world.send(
            Call::new("POST", world.path(rest))
                .by(&caller)
                .json(&json!({"x": 1})),
        );
        assert!(matches!(answer.status, 400 | 404), "{answer}");
    }
    assert_eq!(world.count("SELECT count(*) FROM requests"), 0);
}

#[test]
fn an_answer_of_any_depth_is_passed_on_and_its_record_is_read() {
    let (world, caller) = world();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        deep.as_str(),
        "1e999",
        r#""\ud800""#,
        r#"{"a":1,"a":2}"#,
        "\"\\u0000\u{2028}\"",
    ] {
        world.upstream.next(Reply::new(200).chunk(body));
        let answer = world.send(call(&world, &caller)).expect(200);
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(text.contains(&format!(r#""result":{body},"#)), "{answer}");
        let id = text.split('"').nth(3).unwrap();
        let path = world.path(&format!("/deployments/d/requests/{id}"));
        let record = world.get(&caller, &path).expect(200);
        let record = String::from_utf8(record.body).unwrap();
        assert!(record.contains(body), "{}", &record[..200]);
    }
}

#[test]
fn a_body_of_any_depth_is_refused_or_passed_on() {
    let (world, caller) = world();
    let deep = format!(
        r#"{{"x":1,"z":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    for body in [
        deep.as_str(),
        "[]",
        "[[]]",
        "null",
        "",
        "\u{feff}",
        "{\"x\":1e999}",
        "{\"x\":1,\"x\":2}",
    ] {
        world.upstream.next(Reply::json(&json!([1])));
        let call = call(&world, &caller).body("application/json", body);
        let answer = world.send(call);
        assert!(matches!(answer.status, 200 | 400), "{answer}");
        world.database.reset();
    }
    assert_eq!(
        world.count("SELECT count(*) FROM requests WHERE status = 'processing'"),
        0
    );
    let shown: Json = world
        .get(&caller, &world.path("/deployments/d/requests"))
        .expect(200)
        .json();
    assert!(shown.is_array() || shown.is_object());
}
