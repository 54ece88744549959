//! OpenAI's clients ask models behind deployments: what is sent, what is passed on and when, and what is accounted for
//! (contract section 5.6).

use serde_json::{Value as Json, json};

use tenantry::platform::CallFault;
use testkit::gate::BASE;
use testkit::{Answer, Call, Caller, End, Fault, HangUp, Reply, World};

const CHAT: &str = "/chat/completions";
const MODEL: &str = "ubiops-deployment/d/v1/org/llama:8b";

/// A world whose deployment `d` has two models, and somebody who may ask them.
fn world() -> (World, Caller) {
    let world = World::new();
    world.served_to_openai("d", "org/llama:8b;tiny");
    let caller = world.service_user(&["deployment-request-user"]);
    (world, caller)
}

fn ask(world: &World, caller: &Caller, body: &Json) -> Answer {
    world.send(world.openai_call(caller, CHAT, body))
}

/// The record, as the database has it.
fn record(world: &World) -> Json {
    let sql = "SELECT json_object('status', status, 'credits', credits, 'error_message', error_message, 'kind', kind,
                 'prompt_tokens', prompt_tokens, 'completion_tokens', completion_tokens, 'total_tokens', total_tokens,
                 'additional_data', json(additional_data), 'run_time', run_time)
               FROM requests";
    let connection = world.database.connection();
    let text: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn records(world: &World) -> i64 {
    world.count("SELECT count(*) FROM requests")
}

fn written(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn chunk(text: &str) -> String {
    format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}}}}],"usage":null}}"#)
}

const USAGE: &str =
    r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#;

/// An answer in OpenAI's shape of errors.
#[track_caller]
fn refused(answer: &Answer, status: u16, kind: &str, code: Option<&str>) {
    let answer = answer.clone().expect(status);
    let error = &answer.json()["error"];
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{answer}"
    );
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!(kind), &json!(code)),
        "{answer}"
    );
    assert!(error.get("param").is_some());
}

#[test]
fn an_answer_is_the_upstreams_own_and_its_tokens_are_recorded() {
    let (world, caller) = world();
    world.serve("d", json!({"base_url": BASE, "instance_type": "1gb"}));
    world.execute(
        "INSERT OR REPLACE INTO instance_types VALUES ('1gb', 3600000000)",
        [],
    );
    let reply = r#"{ "id": "c", "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7} }"#;
    world.upstream.next(
        Reply::new(200)
            .header("content-type", "application/json; charset=utf-8")
            .header("set-cookie", "a=b")
            .chunk(reply)
            .late(2_000),
    );
    let answer = ask(&world, &caller, &json!({"model": MODEL, "messages": []})).expect(200);
    assert_eq!(written(&answer), reply);
    for (name, value) in [
        ("content-type", Some("application/json; charset=utf-8")),
        (
            "content-security-policy",
            Some("sandbox; default-src 'none'"),
        ),
        ("x-content-type-options", Some("nosniff")),
        ("tenantry-overhead-ms", Some("0")),
        ("set-cookie", None),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert_eq!(answer.trips, 2);
    let record = record(&world);
    assert_eq!(
        record,
        json!({
            "status": "completed", "credits": 2_000_000, "error_message": null, "kind": "openai", "prompt_tokens": 3,
            "completion_tokens": 4, "total_tokens": 7, "run_time": 2_000,
            "additional_data": {"path": CHAT, "method": "POST", "status_code": 200},
        })
    );
}

#[test]
fn each_path_is_appended_to_the_base_and_the_body_goes_on_but_for_its_model() {
    let (world, caller) = world();
    for below in [CHAT, "/completions", "/embeddings", "/responses"] {
        for slash in ["", "/"] {
            world.upstream.next(Reply::json(&json!({})));
            let path = world.path(&format!("/openai-compatible/v1{below}{slash}"));
            let body = format!(r#"{{"x" : 1.10, "model": "{MODEL}", "z":[]}}"#);
            let call = Call::new("POST", path)
                .by(&caller)
                .body("text/plain", body.clone());
            world.send(call).expect(200);
            let sent = world.upstream.only_call().outgoing;
            assert_eq!(sent.url, format!("{BASE}{below}"));
            assert_eq!(
                String::from_utf8(sent.body.to_vec()).unwrap(),
                body.replace(MODEL, "org/llama:8b")
            );
            let json = ("content-type".to_owned(), "application/json".to_owned());
            assert!(sent.headers.contains(&json));
        }
    }
}

#[test]
fn a_model_may_be_named_by_deployment_and_version_and_is_then_the_first() {
    let (world, caller) = world();
    for (model, sent) in [
        (MODEL, "org/llama:8b"),
        ("ubiops-deployment/d//tiny", "tiny"),
        ("d", "org/llama:8b"),
        ("d/v1", "org/llama:8b"),
    ] {
        world.upstream.next(Reply::json(&json!({})));
        ask(&world, &caller, &json!({"model": model})).expect(200);
        let body: Json = serde_json::from_slice(&world.upstream.only_call().outgoing.body).unwrap();
        assert_eq!(body, json!({"model": sent}), "{model}");
    }
}

#[test]
fn a_model_that_is_not_there_is_not_found_and_leaves_nothing() {
    let world = World::new().with_settings(&[("REQUESTS_PER_MINUTE", "5")]);
    world.served_to_openai("d", "tiny");
    world.served("closed");
    world.served("baseless");
    world.label("baseless", &json!({"openai-compatible": "true"}));
    let caller = world.service_user(&["deployment-request-user"]);
    for model in [
        "ubiops-deployment/d/v1/other",
        "ubiops-deployment/d/v9/tiny",
        "ubiops-deployment/nothing//tiny",
        "a/b/c",
        "",
        "closed",
    ] {
        let answer = ask(&world, &caller, &json!({"model": model}));
        refused(
            &answer,
            404,
            "invalid_request_error",
            Some("model_not_found"),
        );
        assert_eq!(answer.json()["error"]["param"], "model", "{model}");
    }
    let answer = ask(&world, &caller, &json!({"model": "baseless"}));
    assert!(answer.error().contains("base_url"), "{answer}");
    refused(&answer, 404, "invalid_request_error", None);
    assert_eq!(records(&world), 0);
    assert_eq!(
        world.count("SELECT coalesce(sum(count), 0) FROM request_rates"),
        0
    );
    assert!(world.upstream.calls().is_empty());
}

#[test]
fn refusals_have_the_shape_that_openais_clients_read() {
    let (world, caller) = world();
    let other = world.service_user(&[]);
    let body = json!({"model": MODEL});
    let invalid = "invalid_request_error";
    refused(
        &ask(&world, &world.nobody(), &body),
        401,
        "authentication_error",
        Some("invalid_api_key"),
    );
    refused(&ask(&world, &other, &body), 403, "permission_error", None);
    refused(
        &ask(&world, &caller, &json!({"messages": []})),
        400,
        invalid,
        None,
    );
    let twice = world.openai_call(&caller, CHAT, &body).body(
        "application/json",
        format!(r#"{{"model": "{MODEL}", "model": "{MODEL}"}}"#),
    );
    let answer = world.send(twice);
    assert!(answer.error().contains("stands twice"), "{answer}");
    refused(&answer, 400, invalid, None);
    refused(
        &world.send(world.openai_call(&caller, "/audio", &body)),
        404,
        invalid,
        None,
    );
    let wrong = world.openai_call(&caller, CHAT, &body).method("PUT");
    let answer = world.send(wrong);
    assert!(answer.header("allow").is_some());
    refused(&answer, 405, invalid, None);
    let long = world
        .openai_call(&caller, CHAT, &body)
        .body("application/json", vec![b' '; (8 << 20) + 1]);
    refused(&world.send(long), 413, invalid, None);
    world.execute(
        "UPDATE projects SET suspended_by = 'operator' WHERE name = 'vision'",
        [],
    );
    refused(&ask(&world, &caller, &body), 403, "permission_error", None);
    world.execute(
        "UPDATE projects SET suspended_by = NULL WHERE name = 'vision'",
        [],
    );
    world.serve("d", json!({"base_url": BASE, "max_concurrency": 0}));
    let answer = ask(&world, &caller, &body);
    assert!(answer.header("retry-after").is_some());
    refused(
        &answer,
        429,
        "rate_limit_error",
        Some("rate_limit_exceeded"),
    );
    assert_eq!(records(&world), 0);
}

#[test]
fn an_error_of_the_upstream_is_passed_on_and_is_a_failed_request() {
    let (world, caller) = world();
    for (number, status) in [400, 404, 429, 500, 503].into_iter().enumerate() {
        world.upstream.next(
            Reply::new(status)
                .header("content-type", "application/json")
                .header("retry-after", "7")
                .chunk(r#"{"error":"theirs"}"#),
        );
        let answer = ask(&world, &caller, &json!({"model": MODEL})).expect(status);
        assert_eq!(written(&answer), r#"{"error":"theirs"}"#);
        let passes = matches!(status, 429 | 503);
        assert_eq!(answer.header("retry-after").is_some(), passes);
        assert_eq!(answer.header("x-should-retry"), None);
        let sql = format!(
            "SELECT count(*) FROM requests WHERE status = 'failed' AND error_message = 'the upstream answered {status}'
             AND additional_data ->> 'status_code' = {status}"
        );
        assert_eq!((world.count(&sql), records(&world)), (1, number as i64 + 1));
    }
}

#[test]
fn an_upstream_that_gives_no_whole_answer_is_502_or_504_and_not_asked_again() {
    let (world, caller) = world();
    let refuses = || CallFault::Connection("refused by 10.0.0.1".to_owned());
    for (reply, status, words) in [
        (Reply::failing(refuses()), 502, "could not be reached"),
        (
            Reply::failing(CallFault::TimedOut),
            504,
            "longer than the timeout of 300",
        ),
        (
            Reply::new(200).chunk("{").fault(refuses()),
            502,
            "broke off",
        ),
        (Reply::new(200).chunk("{").silence(), 504, "silent for 60"),
        (
            Reply::new(200).chunk(vec![b' '; (8 << 20) + 1]),
            502,
            "longer than 8 MiB",
        ),
    ] {
        world.upstream.next(reply);
        let answer = ask(&world, &caller, &json!({"model": MODEL}));
        assert!(answer.error().contains(words), "{answer}");
        assert!(!written(&answer).contains("10.0.0.1"));
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        refused(&answer, status, "server_error", None);
    }
    assert_eq!(
        world.count(
            "SELECT count(*) FROM requests WHERE status = 'failed' AND time_completed IS NOT NULL"
        ),
        5
    );
}

#[test]
fn a_stream_is_passed_on_and_its_end_is_written_when_it_is_recorded() {
    let (world, caller) = world();
    let seen = world.clone();
    let reply = Reply::events([chunk("a").as_str(), USAGE])
        .meanwhile(move || assert_eq!(record(&seen)["status"], "processing"))
        .chunk("data: [DONE]\n\n");
    world.upstream.next(reply);
    let body = json!({"model": MODEL, "stream": true, "stream_options": {"include_usage": true}});
    let answer = ask(&world, &caller, &body).expect(200);
    assert_eq!(
        written(&answer),
        format!("data: {}\n\ndata: {USAGE}\n\ndata: [DONE]\n\n", chunk("a"))
    );
    assert_eq!(answer.writes.last().unwrap(), b"data: [DONE]\n\n");
    assert!(answer.closed);
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("content-encoding", "identity"),
        ("cache-control", "no-cache, no-transform"),
        ("x-accel-buffering", "no"),
        ("content-security-policy", "sandbox; default-src 'none'"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    let record = record(&world);
    assert_eq!(
        (
            &record["status"],
            &record["prompt_tokens"],
            &record["total_tokens"]
        ),
        (&json!("completed"), &json!(3), &json!(7))
    );
}

#[test]
fn silence_between_two_events_is_filled_with_comments_that_no_copy_keeps() {
    let (world, caller) = world();
    let reply = Reply::new(200)
        .header("content-type", "text/event-stream")
        .chunk("data: {\"a\": 1}\n\n")
        .pause(11_000)
        .chunk("data: {\"b\"")
        .pause(11_000)
        .chunk(": 2}\n\ndata: [DONE]\n\n");
    world.upstream.next(reply);
    let body = json!({"model": MODEL, "stream": true, "stream_options": {"include_usage": true}});
    let call = || {
        let call = world.openai_call(&caller, CHAT, &body);
        call.header("idempotency-key", "k")
    };
    let answer = world.send(call()).expect(200);
    let comments = answer.writes.iter().filter(|write| *write == b": ping\n\n");
    assert!(comments.count() >= 2, "{answer}");
    assert!(answer.writes[1] == b": ping\n\n" && answer.writes[2] == b": ping\n\n");
    let events = "data: {\"a\": 1}\n\ndata: {\"b\": 2}\n\ndata: [DONE]\n\n";
    assert_eq!(written(&answer).replace(": ping\n\n", ""), events);
    assert_eq!(written(&world.send(call()).expect(200)), events);
}

#[test]
fn the_usage_of_a_stream_is_asked_for_and_kept_from_who_did_not_ask() {
    let (world, caller) = world();
    let last = chunk("a");
    world
        .upstream
        .next(Reply::events([last.as_str(), USAGE, "[DONE]"]));
    let answer = ask(&world, &caller, &json!({"model": MODEL, "stream": true})).expect(200);
    assert_eq!(
        written(&answer),
        format!("data: {last}\n\ndata: [DONE]\n\n")
    );
    let sent: Json = serde_json::from_slice(&world.upstream.only_call().outgoing.body).unwrap();
    assert_eq!(sent["stream_options"], json!({"include_usage": true}));
    assert_eq!(record(&world)["completion_tokens"], 4);
}

#[test]
fn a_stream_that_breaks_off_ends_with_an_error_and_without_done() {
    let (world, caller) = world();
    let gone = || CallFault::Connection("reset by 10.0.0.1".to_owned());
    let events = || Reply::events([chunk("a").as_str()]);
    for (reply, words) in [
        (events().fault(gone()), "broke off"),
        (events(), "broke off"),
        (events().chunk("data: {\"cut\":").fault(gone()), "broke off"),
        (events().silence(), "silent for 60"),
    ] {
        world.upstream.next(reply);
        let answer = ask(&world, &caller, &json!({"model": MODEL, "stream": true})).expect(200);
        let text = written(&answer).replace(": ping\n\n", "");
        let (passed, error) = text.split_once("\n\n").unwrap();
        assert_eq!(passed, format!("data: {}", chunk("a")));
        let error: Json = serde_json::from_str(error.strip_prefix("data: ").unwrap()).unwrap();
        assert!(
            error["error"]["message"].as_str().unwrap().contains(words),
            "{text}"
        );
        assert!(!text.contains("[DONE]") && !text.contains("10.0.0.1") && answer.closed);
    }
    assert_eq!(
        world.count("SELECT count(*) FROM requests WHERE status = 'failed'"),
        4
    );
}

#[test]
fn what_cannot_be_settled_has_no_end_and_is_settled_behind_the_answer() {
    let (world, caller) = world();
    for fault in [Fault::Refuse, Fault::LoseBefore, Fault::LoseAfter] {
        world.database.fail_each(2..=6, fault);
        world
            .upstream
            .next(Reply::events([chunk("a").as_str(), "[DONE]"]));
        let answer = ask(&world, &caller, &json!({"model": MODEL, "stream": true})).expect(200);
        let text = written(&answer);
        assert!(
            text.contains("read its record") && !text.contains("[DONE]"),
            "{text}"
        );
        assert!(answer.closed);
        world.database.withdraw();
        world.database.fail_each(2..=6, fault);
        world.upstream.next(Reply::json(&json!({"id": "whole"})));
        let answer = ask(&world, &caller, &json!({"model": MODEL}));
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        assert!(!written(&answer).contains("whole"));
        refused(&answer, 503, "server_error", None);
        world.database.withdraw();
    }
    assert_eq!(
        world.count("SELECT count(*) FROM requests WHERE status = 'completed'"),
        6
    );
}

#[test]
fn what_somebody_else_has_ended_is_answered_as_it_was_recorded() {
    let (world, caller) = world();
    let end = |world: &World| {
        let world = world.clone();
        move || {
            world.execute(
                "UPDATE requests SET status = 'failed', error_message = 'ended elsewhere' WHERE status = 'processing'",
                [],
            );
        }
    };
    world
        .upstream
        .next(Reply::json(&json!({"id": "whole"})).after(end(&world)));
    let answer = ask(&world, &caller, &json!({"model": MODEL}));
    assert_eq!(answer.error(), "ended elsewhere");
    refused(&answer, 502, "server_error", None);
    world
        .upstream
        .next(Reply::events(["[DONE]"]).after(end(&world)));
    let answer = ask(&world, &caller, &json!({"model": MODEL, "stream": true})).expect(200);
    let text = written(&answer);
    assert!(
        text.contains("ended elsewhere") && !text.contains("[DONE]"),
        "{text}"
    );
}

#[test]
fn a_caller_who_hangs_up_ends_the_call_and_pays_for_its_time() {
    for (body, when) in [
        (json!({"model": MODEL}), HangUp::After(4_000)),
        (
            json!({"model": MODEL, "stream": true}),
            HangUp::After(4_000),
        ),
        (json!({"model": MODEL, "stream": true}), HangUp::AtWrite(1)),
    ] {
        let (world, caller) = world();
        let is_stream = body["stream"] == true;
        world.upstream.next(match is_stream {
            true => Reply::events([chunk("a").as_str()]).late(3_000).silence(),
            false => Reply::silent(),
        });
        let call = world
            .openai_call(&caller, CHAT, &body)
            .header("idempotency-key", "k")
            .hanging_up(when);
        let answer = world.send(call);
        assert!(!answer.closed);
        let end = world.upstream.only_call().end;
        assert!(!matches!(end, End::UnderWay | End::Whole), "{end:?}");
        let record = record(&world);
        assert_eq!(
            (&record["status"], &record["error_message"]),
            (&json!("failed"), &json!("the caller hung up"))
        );
        assert!(record["run_time"].as_i64().unwrap() >= 3_000, "{record}");
        assert_eq!(world.count("SELECT count(*) FROM idempotency_keys"), 0);
    }
}

#[test]
fn who_hangs_up_when_all_has_come_has_made_a_completed_request() {
    let (world, caller) = world();
    world
        .upstream
        .next(Reply::events([chunk("a").as_str(), "[DONE]"]));
    let body = json!({"model": MODEL, "stream": true});
    let call = world.openai_call(&caller, CHAT, &body);
    world.send(call.hanging_up(HangUp::AtWrite(2)));
    assert_eq!(record(&world)["status"], "completed");
}

#[test]
fn a_key_stands_for_an_answer_and_for_a_stream() {
    let (world, caller) = world();
    for (key, body, reply, status) in [
        (
            "a",
            json!({"model": MODEL}),
            Reply::json(&json!({"id": 1})),
            200,
        ),
        (
            "b",
            json!({"model": MODEL, "stream": true}),
            Reply::events([chunk("a").as_str(), "[DONE]"]),
            200,
        ),
        (
            "c",
            json!({"model": MODEL}),
            Reply::new(500).chunk("theirs"),
            500,
        ),
        (
            "d",
            json!({"model": MODEL}),
            Reply::failing(CallFault::TimedOut),
            504,
        ),
    ] {
        let call = world
            .openai_call(&caller, CHAT, &body)
            .header("idempotency-key", key);
        world.upstream.next(reply);
        let first = world.send(call.clone()).expect(status);
        world.upstream.only_call();
        let again = world.send(call).expect(status);
        assert_eq!(
            (&first.body, again.header("idempotent-replayed")),
            (&again.body, Some("true"))
        );
        assert!(again.header("content-security-policy").is_some());
        let changed = json!({"model": MODEL, "x": 1});
        let other = world.openai_call(&caller, CHAT, &changed);
        let answer = world.send(other.header("idempotency-key", key));
        refused(&answer, 422, "invalid_request_error", None);
    }
    assert!(world.upstream.calls().is_empty());
}

#[test]
fn an_upstream_is_tried_again_and_its_last_answer_is_passed_on() {
    let (world, caller) = world();
    world.serve("d", json!({"base_url": BASE, "retries": 1}));
    for _ in 0..2 {
        world.upstream.next(Reply::new(503).chunk("busy"));
    }
    let answer = ask(&world, &caller, &json!({"model": MODEL})).expect(503);
    assert_eq!(
        (written(&answer).as_str(), world.upstream.calls().len()),
        ("busy", 2)
    );
}

#[test]
fn the_models_are_those_that_the_caller_may_ask_and_each_can_be_asked() {
    let (world, caller) = world();
    world.served_to_openai("e", "");
    world.served("closed");
    let ids = |caller: &Caller, slash: &str| -> Vec<String> {
        let path = world.path(&format!("/openai-compatible/v1/models{slash}"));
        let answer = world.get(caller, &path).expect(200);
        let list = answer.json();
        assert_eq!(list["object"], "list");
        let models = list["data"].as_array().unwrap().iter();
        models
            .map(|model| {
                assert_eq!(
                    (&model["object"], &model["owned_by"]),
                    (&json!("model"), &json!("vision"))
                );
                assert!(model["created"].as_i64().unwrap() > 1_700_000_000);
                model["id"].as_str().unwrap().to_owned()
            })
            .collect()
    };
    let all = [
        MODEL,
        "ubiops-deployment/d/v1/tiny",
        "ubiops-deployment/e/v1/v1",
    ];
    for somebody in [&caller, &world.operator(), &world.owner()] {
        assert_eq!(ids(somebody, ""), all);
    }
    let of_one = world.service_user(&[]);
    world.assign_on("deployment", "e", "deployment-request-user", &of_one.id);
    assert_eq!(ids(&of_one, "/"), all[2..]);
    assert!(ids(&world.service_user(&[]), "").is_empty());
    for id in all {
        world.upstream.next(Reply::json(&json!({})));
        ask(&world, &caller, &json!({"model": id})).expect(200);
    }
    let path = world.path("/openai-compatible/v1/models");
    let answer = world.get(&world.stranger(), &path);
    refused(&answer, 404, "invalid_request_error", None);
}

#[test]
fn a_page_of_the_callers_own_may_ask_and_one_of_another_site_may_not() {
    let (world, _) = world();
    let caller = world.service_user_of(
        "vision",
        &["deployment-request-user"],
        json!({"name": "page", "allowed_cors_origins": ["https://app.example"]}),
    );
    let call = |origin: &str| {
        world
            .openai_call(&caller, CHAT, &json!({"model": MODEL}))
            .header("origin", origin)
            .header("sec-fetch-site", "cross-site")
    };
    world.upstream.next(Reply::json(&json!({})));
    let answer = world.send(call("https://app.example")).expect(200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://app.example")
    );
    refused(
        &world.send(call("https://elsewhere.example")),
        403,
        "permission_error",
        None,
    );
    assert_eq!(records(&world), 1);
}

#[test]
fn a_record_that_may_have_been_written_is_never_sent() {
    let (world, caller) = world();
    for fault in [Fault::LoseBefore, Fault::LoseAfter] {
        world.fail(1, fault);
        refused(
            &ask(&world, &caller, &json!({"model": MODEL})),
            503,
            "server_error",
            None,
        );
        assert_eq!(records(&world), 0, "{fault:?}");
    }
    assert!(world.upstream.calls().is_empty());
}

#[test]
fn a_record_shows_what_was_asked_and_answered() {
    let (world, caller) = world();
    world
        .upstream
        .next(Reply::events([chunk("a").as_str(), USAGE, "[DONE]"]));
    ask(&world, &caller, &json!({"model": MODEL, "stream": true})).expect(200);
    let path = world.path("/deployments/d/requests");
    let id = world.get(&world.owner(), &path).expect(200).json()[0]["id"].clone();
    let path = format!("{path}/{}", id.as_str().unwrap());
    let shown = world.get(&world.owner(), &path).expect(200).json();
    let value: Json = serde_json::from_str(&chunk("a")).unwrap();
    assert_eq!(shown["result"], json!([value]));
    assert_eq!(shown["request_data"]["model"], "org/llama:8b");
    assert_eq!(
        (&shown["total_tokens"], &shown["additional_data"]["path"]),
        (&json!(7), &json!(CHAT))
    );
}

#[test]
fn an_answer_is_never_a_page_or_a_part_of_one_where_the_console_may_be() {
    let (world, caller) = world();
    let apart = world.with_settings(&[("CONSOLE_ORIGIN", "https://console.acme.com")]);
    for (world, host, may_have_console) in [
        (&world, "api.acme.com", true),
        (&apart, "Console.acme.com:8443", true),
        (&apart, "api.acme.com", false),
    ] {
        for (sent, is_of_pages) in [
            ("application/json", false),
            ("text/html", false),
            ("text/plain", false),
            ("Text/JavaScript; charset=utf-8", true),
            ("application/x-ecmascript", true),
            ("text/plain, text/css", true),
            ("application/wasm", true),
        ] {
            world.upstream.next(
                Reply::new(200)
                    .header("content-type", sent)
                    .chunk("alert()"),
            );
            for is_kept in [false, true] {
                let call = world
                    .openai_call(&caller, CHAT, &json!({"model": MODEL}))
                    .header("host", host)
                    .header(
                        "idempotency-key",
                        format!("{sent}{host}{may_have_console}").replace(' ', ""),
                    );
                let answer = world.send(call).expect(200);
                assert_eq!(answer.header("idempotent-replayed").is_some(), is_kept);
                assert_eq!(answer.body, b"alert()");
                let shown = match is_of_pages && may_have_console {
                    true => "application/octet-stream",
                    false => sent,
                };
                assert_eq!(answer.header("content-type"), Some(shown));
                let policy = answer.header("content-security-policy");
                assert_eq!(policy, Some("sandbox; default-src 'none'"));
                let disposition = answer.header("content-disposition");
                assert_eq!(disposition, may_have_console.then_some("attachment"));
            }
        }
    }
}

/// Gives the deployment `d` so many more versions, past the API.
fn more_versions(world: &World, count: usize) {
    let list = serde_json::to_string(&(0..count).collect::<Vec<_>>()).unwrap();
    let made = world.execute(
        "INSERT INTO deployment_versions (id, organization_id, project_id, deployment_id, version, is_default,
                                          description, labels, settings, creation_date, last_updated)
         SELECT 'id-' || n.value, organization_id, project_id, deployment_id, 'more-' || n.value, 0, description,
                labels, settings, creation_date, last_updated
         FROM deployment_versions v, json_each(?1) n
         WHERE v.version = 'v1' AND v.deployment_id = (SELECT id FROM deployments WHERE name = 'd')",
        [list],
    );
    assert_eq!(made, count);
}

#[test]
fn all_models_are_listed_up_to_what_an_answer_may_hold() {
    let (world, caller) = world();
    let path = world.path("/openai-compatible/v1/models");
    more_versions(&world, 1_500);
    let list = world.get(&caller, &path).expect(200);
    assert_eq!(list.json()["data"].as_array().unwrap().len(), 2 * 1_501);
    assert_eq!(list.trips, 2);
    for names in [
        // Few that are long, and many that are short: a name costs two bytes where it is set.
        "n".repeat(6_000),
        "n;".repeat(200),
    ] {
        let labels = json!({"openai-compatible": "true", "openai-model-names": names});
        world.label("d", &labels);
        let refused = world.get(&caller, &path);
        assert!(refused.error().contains("8 MiB"), "{refused}");
        refused.expect(400);
    }
}
