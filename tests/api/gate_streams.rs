//! A request whose answer is streamed: its framing, and that what was streamed is accounted for, however it ends (contract
//! section 5.5, UbiOps spec 4.6).

use serde_json::{Value as Json, json};

use tenantry::platform::CallFault;
use testkit::{Answer, Call, Caller, End, Fault, HangUp, Reply, World};

const PING: &str = "event: ping\n\n";

/// A world with the deployment `d` at a credit a second, and somebody who may make requests to it.
fn world() -> (World, Caller) {
    let world = World::new();
    world.deployment("d");
    world.serve_at_a_price("d");
    let caller = world.service_user(&["deployment-request-user"]);
    (world, caller)
}

fn call(world: &World, caller: &Caller, query: &str) -> Call {
    let path = world.path(&format!("/deployments/d/requests/stream{query}"));
    Call::new("POST", path).by(caller).json(&json!({"x": 1}))
}

fn stream(world: &World, caller: &Caller, reply: Reply) -> Answer {
    world.upstream.next(reply);
    world.send(call(world, caller, "")).expect(200)
}

fn events() -> Reply {
    Reply::new(200).header("content-type", "text/event-stream; charset=utf-8")
}

/// What was written, but for the last line, and that.
#[track_caller]
fn lines(answer: &Answer) -> (Vec<String>, Json) {
    assert!(answer.closed, "{answer}");
    let text = |write: &Vec<u8>| String::from_utf8(write.clone()).unwrap();
    let mut writes: Vec<String> = answer.writes.iter().map(text).collect();
    let last = writes.pop().unwrap();
    assert_eq!(last.find('\n'), Some(last.len() - 1), "{last}");
    (writes, serde_json::from_str(&last).unwrap())
}

/// The request ends with a last line that says why it failed; answers what was written before.
#[track_caller]
fn failed(answer: &Answer, words: &str) -> Vec<String> {
    let (writes, last) = lines(answer);
    assert_eq!(
        (&last["status"], &last["success"], &last["result"]),
        (&json!("failed"), &json!(false), &Json::Null),
        "{answer}"
    );
    assert!(
        last["error_message"].as_str().unwrap().contains(words),
        "{answer}"
    );
    writes
}

/// A column of the only record.
fn record(world: &World, column: &str) -> Json {
    let sql = format!("SELECT json_array({column}) FROM requests");
    let connection = world.database.connection();
    let text: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
    serde_json::from_str::<Json>(&text).unwrap()[0].clone()
}

fn kept(world: &World) -> Option<String> {
    let sql = "SELECT max(body) FROM request_payloads WHERE part = 'output'";
    let connection = world.database.connection();
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn each_value_goes_on_as_it_comes_and_the_request_is_the_last_line() {
    let (world, caller) = world();
    let reply = events()
        .chunk(": a comment\r\nid: 1\r\nevent: x\r\ndata: {\"to")
        .chunk("ken\": 1}\r\n\r\ndata:2\rdata: [3]\n\n")
        .pause(1_500)
        .chunk("data: [DONE]\n\n: bye\n\n");
    let answer = stream(&world, &caller, reply);
    let (writes, last) = lines(&answer);
    assert_eq!(writes, ["data:{\"token\": 1}\n\ndata:2\n\ndata:[3]\n\n"]);
    assert_eq!(
        last,
        json!({
            "id": last["id"], "deployment": "d", "version": "v1", "status": "completed", "success": true,
            "result": [{"token": 1}, 2, [3]], "error_message": null, "timeout": 3_600,
        })
    );
    for (header, value) in [
        ("content-type", "text/event-stream"),
        ("content-encoding", "identity"),
        ("cache-control", "no-cache, no-transform"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(answer.header(header), Some(value));
    }
    assert_eq!(record(&world, "id"), last["id"]);
    assert_eq!(record(&world, "kind"), "stream");
    assert_eq!(kept(&world).unwrap(), r#"[{"token": 1},2,[3]]"#);
    assert_eq!(world.used("credits"), 1_500_000);
    assert_eq!(answer.trips, 2);
}

#[test]
fn a_silence_has_a_ping_every_five_seconds() {
    let (world, caller) = world();
    let reply = events()
        .chunk("data: 1\n\n")
        .pause(12_000)
        .chunk("data: 2\n\n")
        .pause(5_001);
    let answer = stream(&world, &caller, reply.late(10_001));
    let (writes, last) = lines(&answer);
    assert_eq!(
        writes,
        [PING, PING, "data:1\n\n", PING, PING, "data:2\n\n", PING]
    );
    assert_eq!(last["result"], json!([1, 2]));
    assert_eq!(record(&world, "run_time"), 27_002);
}

#[test]
fn an_upstream_that_does_not_stream_has_the_last_line_alone() {
    let (world, caller) = world();
    let pretty = "\u{feff}{\n  \"y\": 1\r\n}\n";
    let answer = stream(&world, &caller, Reply::new(200).chunk(pretty).pause(6_000));
    let (writes, last) = lines(&answer);
    assert_eq!(writes, [PING]);
    assert_eq!(last["result"], json!({"y": 1}));
}

#[test]
fn what_fails_fails_in_the_last_line() {
    let connection = |words: &str| CallFault::Connection(words.to_owned());
    let some = || events().chunk("data: 1\n\n");
    let cases: Vec<(Reply, &str, usize)> = vec![
        (Reply::new(500).chunk("data: 1\n\n"), "answered 500", 0),
        (Reply::new(302), "answered 302", 0),
        (Reply::new(200).chunk("words"), "is not JSON", 0),
        (
            Reply::failing(connection("dns: no such host")),
            "could not be reached",
            0,
        ),
        (some().fault(connection("reset by peer")), "broke off", 1),
        (some().silence(), "was silent for 60 seconds", 12),
        (
            some().chunk(vec![b'x'; (1 << 20) + 1]),
            "longer than 1 MiB",
            1,
        ),
        (
            Reply::new(200).chunk(vec![b' '; (8 << 20) + 1]),
            "longer than 8 MiB",
            0,
        ),
    ];
    for (reply, words, before) in cases {
        let (world, caller) = world();
        let answer = stream(&world, &caller, reply);
        let writes = failed(&answer, words);
        assert_eq!(writes.len(), before, "{words}: {writes:?}");
        let sentence = record(&world, "error_message");
        assert!(sentence.as_str().unwrap().contains(words), "{sentence}");
        assert_eq!(record(&world, "status"), "failed");
        assert_eq!(kept(&world), None);
        for secret in ["no such host", "reset by peer"] {
            assert!(!String::from_utf8_lossy(&answer.body).contains(secret));
        }
    }
}

#[test]
fn a_stream_of_any_length_goes_on_and_no_more_than_its_beginning_is_held() {
    let (world, caller) = world();
    let value = format!("data: {}\n\n", "7".repeat(400_000));
    let reply = (0..25).fold(events(), |reply, _| reply.chunk(value.clone()));
    let (writes, last) = lines(&stream(&world, &caller, reply));
    assert_eq!((writes.len(), writes.concat().len()), (25, 25 * 400_007));
    assert_eq!(
        (&last["result"], &last["success"]),
        (&Json::Null, &json!(true))
    );
    assert_eq!(kept(&world), None);
    assert_eq!(world.used("output_volume"), 25 * 400_008);
}

#[test]
fn values_that_are_not_all_json_are_texts() {
    let (world, caller) = world();
    let (_, last) = lines(&stream(&world, &caller, Reply::events(["1", "one"])));
    assert_eq!(last["result"], json!(["1", "one"]));
    world.execute("UPDATE deployments SET output_type = 'plain'", []);
    let (_, last) = lines(&stream(&world, &caller, Reply::events(["1", "2"])));
    assert_eq!(last["result"], json!(["1", "2"]));
}

#[test]
fn a_timeout_is_the_whole_time_however_much_comes() {
    let (world, caller) = world();
    let reply = (0..9).fold(events(), |reply, _| reply.chunk("data: 1\n\n").pause(3_000));
    world.upstream.next(reply);
    let answer = world
        .send(call(&world, &caller, "?timeout=10&timeout=10"))
        .expect(200);
    assert_eq!(
        failed(&answer, "longer than the timeout of 10 seconds").len(),
        4
    );
    assert_eq!(lines(&answer).1["timeout"], 10);
    assert_eq!(record(&world, "run_time"), 10_000);
    assert_eq!(world.used("credits"), 10_000_000);
}

#[test]
fn a_timeout_that_stands_twice_is_one_or_none() {
    let (world, caller) = world();
    for query in [
        "?timeout=10&timeout=11",
        "?timeout=9",
        "?timeout=3601",
        "?timeout=x",
    ] {
        let refused = world.send(call(&world, &caller, query));
        assert!(refused.json()["error_message"].is_string(), "{refused}");
        refused.refused(400, "timeout");
    }
    assert_eq!(world.count("SELECT count(*) FROM requests"), 0);
    assert!(world.upstream.calls().is_empty());
}

#[test]
fn a_lease_that_cannot_be_extended_ends_a_stream() {
    let (world, caller) = world();
    world.budget(20_000_000);
    let reply = (0..9).fold(events(), |reply, _| reply.chunk("data: 1\n\n").pause(4_500));
    let answer = stream(&world, &caller, reply);
    assert_eq!(failed(&answer, "used up").len(), 5);
    assert_eq!(world.upstream.only_call().end, End::Dropped);
    assert_eq!(world.used("credits"), 20_000_000);
}

/// Three values and a ping.
fn values() -> Reply {
    events()
        .chunk("data: 1\n\n")
        .pause(1_000)
        .chunk("data: 2\n\n")
        .pause(6_000)
        .chunk("data: 3\n\n")
        .pause(1_000)
}

#[test]
fn a_caller_who_hangs_up_at_a_write_ends_the_call_and_frees_the_key() {
    for (write, seconds) in [(1, 0), (2, 1), (3, 6), (4, 7)] {
        let (world, caller) = world();
        world.upstream.next(values());
        let call = call(&world, &caller, "").header("idempotency-key", "k");
        let answer = world.send(call.clone().hanging_up(HangUp::AtWrite(write)));
        assert!(!answer.closed);
        assert_eq!(answer.writes.len(), write - 1);
        let end = world.upstream.only_call().end;
        assert!(!matches!(end, End::UnderWay | End::Whole), "{end:?}");
        assert_eq!(record(&world, "status"), "failed");
        assert_eq!(record(&world, "error_message"), "the caller hung up");
        assert_eq!(world.used("credits"), seconds * 1_000_000, "write {write}");
        assert_eq!(world.count("SELECT count(*) FROM idempotency_keys"), 0);
        assert_eq!(kept(&world), None);
        // The key is free: the same again runs again.
        world.upstream.next(values());
        let (writes, _) = lines(&world.send(call).expect(200));
        assert_eq!(writes.len(), 4);
    }
}

#[test]
fn the_record_is_settled_before_the_last_line_is_written() {
    let (world, caller) = world();
    world.upstream.next(values());
    let call = call(&world, &caller, "").header("idempotency-key", "k");
    let answer = world.send(call.clone().hanging_up(HangUp::AtWrite(5)));
    assert_eq!((answer.writes.len(), answer.closed), (4, false));
    assert_eq!(record(&world, "status"), "completed");
    assert_eq!(world.used("credits"), 8_000_000);
    // Who hung up too late can read what the request came to with their key.
    let again = world.send(call).expect(200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.json()["result"], json!([1, 2, 3]));
    assert_eq!(world.upstream.calls().len(), 1);
}

#[test]
fn a_caller_who_hangs_up_in_a_silence_ends_the_call_at_once() {
    for reply in [Reply::silent(), events().chunk("data: 1\n\n").silence()] {
        let (world, caller) = world();
        world.upstream.next(reply);
        let call = call(&world, &caller, "").hanging_up(HangUp::After(3_000));
        world.send(call);
        let end = world.upstream.only_call().end;
        assert_eq!(end, End::Fault(CallFault::CallerGone));
        assert_eq!(record(&world, "error_message"), "the caller hung up");
        assert_eq!(world.used("credits"), 3_000_000);
    }
}

#[test]
fn a_caller_who_reads_nothing_holds_no_request_beyond_its_time() {
    for write in [1, 2, 4, 5] {
        let (world, caller) = world();
        world.upstream.next(values());
        let call = call(&world, &caller, "?timeout=60");
        let answer = world.send(call.hanging_up(HangUp::ReadingNothingFrom(write)));
        assert_eq!((answer.writes.len(), answer.closed), (write - 1, false));
        assert!(!answer.log.is_empty());
        // The last line comes after the settlement, whoever reads it.
        let (status, seconds) = match write {
            5 => ("completed", 8),
            _ => ("failed", 60),
        };
        assert_eq!(record(&world, "status"), status, "write {write}");
        assert_eq!(world.used("credits"), seconds * 1_000_000, "write {write}");
        assert_ne!(world.upstream.only_call().end, End::UnderWay);
    }
}

#[test]
fn what_cannot_be_settled_says_so_in_the_last_line_and_is_settled_behind_it() {
    for fault in [
        Fault::Refuse,
        Fault::LoseBefore,
        Fault::LoseAfter,
        Fault::Stall,
        Fault::StallAfter,
    ] {
        let (world, caller) = world();
        world.upstream.next(Reply::events(["1"]).pause(1_000));
        world.database.fail_each(2..=6, fault);
        let answer = world
            .send(call(&world, &caller, "").header("idempotency-key", "k"))
            .expect(200);
        let writes = failed(&answer, "read its record");
        assert_eq!(writes, ["data:1\n\n"]);
        world.database.withdraw();
        world.hours_later(1);
        let status = record(&world, "status");
        if fault == Fault::Stall {
            // More than the work behind an answer may take: the scheduled run has ended it.
            assert_eq!(status, "failed");
            continue;
        }
        assert_eq!(status, "completed", "{fault:?}");
        assert_eq!(world.used("credits"), 1_000_000, "{fault:?}");
    }
}

#[test]
fn the_line_of_the_log_is_written_when_the_stream_has_ended() {
    let (world, caller) = world();
    let fault = CallFault::Connection("reset by peer".to_owned());
    let reply = events().chunk("data: 1\n\n").pause(7_000).fault(fault);
    let answer = stream(&world, &caller, reply);
    let line: Json = serde_json::from_str(&answer.log).unwrap();
    assert_eq!(line["milliseconds"], 7_000);
    assert_eq!(line["round_trips"], 2);
    assert!(answer.log.contains("reset by peer"), "{}", answer.log);
    world.writes_afterwards(false);
    let answer = stream(&world, &caller, Reply::events(["1"]));
    assert_eq!((answer.log.as_str(), answer.writes.len()), ("", 0));
}

#[test]
fn an_error_before_the_stream_has_its_status_and_its_sentence_in_both_fields() {
    let (world, caller) = world();
    let call = call(&world, &caller, "").json(&json!({"x": "one"}));
    let refused = world.send(call);
    assert!(
        refused.json()["error_message"]
            .as_str()
            .unwrap()
            .contains('x')
    );
    refused.refused(400, "x");
    assert_eq!(world.count("SELECT count(*) FROM requests"), 0);
}

#[test]
fn a_record_shows_the_values_of_a_plain_stream_as_its_caller_had_them() {
    let (world, caller) = world();
    world.execute("UPDATE deployments SET output_type = 'plain'", []);
    for reply in [
        Reply::events(["1", "2"]),
        Reply::new(200)
            .header("content-type", "text/plain")
            .chunk("[1]"),
    ] {
        let (_, last) = lines(&stream(&world, &caller, reply));
        let path = format!("/deployments/d/requests/{}", last["id"].as_str().unwrap());
        let record = world.get(&world.robot(), &world.path(&path)).expect(200);
        assert_eq!(record.json()["result"], last["result"]);
    }
}
