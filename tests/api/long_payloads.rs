//! Payloads that are too long for a row: kept beside the database, for as long as their record (contract section 5.7).

use serde_json::{Value as Json, json};

use testkit::upstream::Reply;
use testkit::{Answer, Call, World};

const WEEK: i64 = 604_800_000;

fn world() -> World {
    let world = World::new();
    world.served("d");
    world
}

/// A body and an answer of a little more than 256 KiB each.
fn long() -> (Json, Json) {
    let text = "é".repeat(131_072);
    (json!({"x": 1, "note": text}), json!({"y": 2, "note": text}))
}

/// A request with a long body and a long answer; its id.
fn made(world: &World) -> String {
    let (body, answer) = long();
    world.upstream.next(Reply::json(&answer));
    let made = world.request(&world.robot(), "d", &body).expect(200);
    assert_eq!(made.json()["result"], answer);
    made.text("id")
}

fn read(world: &World, rest: &str) -> Answer {
    world.get(
        &world.robot(),
        &world.path(&format!("/deployments/d/requests/{rest}")),
    )
}

fn kept(world: &World) -> usize {
    world.payloads.as_ref().unwrap().texts().len()
}

#[test]
fn what_is_long_is_kept_beside_the_database_and_read_like_the_rest() {
    let world = world();
    let id = made(&world);
    let (body, answer) = long();
    let in_rows = "SELECT count(*) FROM request_payloads WHERE body IS NOT NULL";
    assert_eq!((world.count(in_rows), kept(&world)), (0, 2));
    let record = read(&world, &id).expect(200).json();
    assert_eq!(
        (&record["request_data"], &record["result"]),
        (&body, &answer)
    );
    assert_eq!(
        read(&world, &format!("{id}/input")).expect(200).json(),
        body
    );
    let output = read(&world, &format!("{id}/output")).expect(200);
    assert_eq!(output.json(), answer);
    assert_eq!(output.header("content-type"), Some("application/json"));
}

#[test]
fn what_fits_a_row_stands_in_it() {
    let world = world();
    // With the rest of the body 256 KiB, and a byte more.
    for (length, beside) in [(262_144 - 14, 0), (262_144 - 13, 1)] {
        world.upstream.next(Reply::json(&json!({"y": 2})));
        let body = json!({"x": 1, "n": "n".repeat(length)});
        assert_eq!(body.to_string().len(), length + 14);
        world.request(&world.robot(), "d", &body).expect(200);
        assert_eq!(kept(&world), beside, "{length}");
    }
}

#[test]
fn it_stays_as_long_as_its_record_and_goes_with_it() {
    let world = world();
    let id = made(&world);
    let store = world.payloads.clone().unwrap();
    for (_, left) in store.texts() {
        assert!((WEEK..WEEK + 600_000).contains(&left), "{left}");
    }
    let path = world.path(&format!("/deployments/d/requests/{id}"));
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    assert!(store.texts().is_empty());
    made(&world);
    world.pass(WEEK + 600_000);
    assert!(store.texts().is_empty());
}

#[test]
fn nothing_is_kept_of_what_keeps_no_payloads() {
    for mode in ["metadata", "none"] {
        let world = world();
        let body = json!({"request_retention_mode": mode});
        let path = world.path("/deployments/d/versions/v1");
        world.call(&world.owner(), "PATCH", &path, body).expect(200);
        made(&world);
        assert_eq!(kept(&world), 0, "{mode}");
    }
}

#[test]
fn what_is_not_there_yet_is_asked_for_again_and_given_up_after_two_minutes() {
    let world = world();
    let id = made(&world);
    let store = world.payloads.clone().unwrap();
    store.hides(true);
    for rest in ["", "/input", "/output"] {
        let early = read(&world, &format!("{id}{rest}")).expect(503);
        assert!(early.header("retry-after").is_some() && early.error().contains("not there yet"));
    }
    read(&world, &format!("{id}?metadata_only=true")).expect(200);
    world.pass(119_999);
    read(&world, &id).expect(503);
    world.pass(1);
    let record = read(&world, &id).expect(200).json();
    assert_eq!(
        (&record["request_data"], &record["result"]),
        (&Json::Null, &Json::Null)
    );
    read(&world, &format!("{id}/output")).expect(404);
    store.hides(false);
    read(&world, &format!("{id}/output")).expect(200);
    store.fails(true);
    read(&world, &id).expect(503);
}

#[test]
fn a_store_that_fails_or_is_missing_costs_the_payload_and_not_the_answer() {
    for is_missing in [false, true] {
        let mut world = world();
        match is_missing {
            true => world.payloads = None,
            false => world.payloads.as_ref().unwrap().fails(true),
        }
        let id = made(&world);
        if let Some(store) = &world.payloads {
            store.fails(false);
        }
        assert_eq!(world.count("SELECT count(*) FROM request_payloads"), 0);
        let record = read(&world, &id).expect(200).json();
        assert_eq!(
            (&record["status"], &record["result"]),
            (&json!("completed"), &Json::Null)
        );
    }
}

/// How long the last request took until its answer was out, or its stream had ended, as the log has it.
fn took(world: &World) -> i64 {
    let lines: Vec<Json> = world
        .logs()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let line = lines
        .iter()
        .rev()
        .find(|line| line["method"] == "POST")
        .unwrap();
    line["milliseconds"].as_i64().unwrap()
}

#[test]
fn an_answer_does_not_wait_for_what_is_put_beside_the_database() {
    let world = world();
    let store = world.payloads.clone().unwrap();
    store.takes(19_000);
    let id = made(&world);
    assert_eq!((took(&world), kept(&world)), (0, 2));
    let record = read(&world, &id).expect(200).json();
    assert_eq!(record["result"], long().1);
}

#[test]
fn what_takes_too_long_is_not_kept_and_the_log_says_so() {
    let world = world();
    let store = world.payloads.clone().unwrap();
    store.takes(20_001);
    let id = made(&world);
    assert_eq!(took(&world), 0);
    assert_eq!(world.count("SELECT count(*) FROM request_payloads"), 0);
    assert_eq!(read(&world, &id).expect(200).json()["result"], Json::Null);
    let line = world
        .logs()
        .into_iter()
        .find(|line| line.contains("\"job\""))
        .unwrap();
    let line: Json = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&line["job"], &line["level"], &line["record_id"]),
        (&json!("payload"), &json!("error"), &json!(id))
    );
    assert!(
        line["error"].as_str().unwrap().contains("20000 ms"),
        "{line}"
    );
}

#[test]
fn the_end_of_a_stream_waits_for_three_seconds_at_most() {
    for (takes, waited, is_kept) in [(2_000, 2_000, 1), (3_001, 3_000, 0)] {
        let world = world();
        world.payloads.as_ref().unwrap().takes(takes);
        world.upstream.next(Reply::json(&json!({"y": 2})));
        let path = world.path("/deployments/d/requests/stream");
        let call = Call::new("POST", &path).by(&world.robot()).json(&long().0);
        world.send(call).expect(200);
        assert_eq!(took(&world), waited, "{takes}");
        let rows = "SELECT count(*) FROM request_payloads WHERE kv_key IS NOT NULL";
        assert_eq!(world.count(rows), is_kept, "{takes}");
    }
}

#[test]
fn long_payloads_count_for_what_fits_an_answer() {
    let world = world();
    let text = "x".repeat(5 << 20);
    let ids: Vec<String> = (0..2)
        .map(|_| {
            world
                .upstream
                .next(Reply::json(&json!({"y": 2, "note": text})));
            let made = world.request(&world.robot(), "d", &json!({"x": 1}));
            made.expect(200).text("id")
        })
        .collect();
    read(&world, &ids[0]).expect(200);
    let path = world.path("/deployments/d/requests/collect");
    let call = Call::new("POST", &path)
        .by(&world.robot())
        .json(&json!(ids));
    let refused = world.send(call).expect(400);
    assert!(refused.error().contains("8 MiB"), "{refused}");
}
