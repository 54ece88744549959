//! A request goes through the gate and waits for its answer: what is sent, what is answered, and what is accounted for
//! (contract sections 5.3 and 5.4).

use serde_json::{Value as Json, json};

use tenantry::domain::webhook_signature::{WebhookSecret, WebhookSecrets};
use tenantry::platform::CallFault;
use testkit::gate::{PRICE, UPSTREAM};
use testkit::{Answer, Call, Caller, End, Fault, HangUp, Reply, World};

/// A world with the deployment `d` and an upstream behind it, and somebody who may make requests to it.
fn world() -> (World, Caller) {
    let world = World::new();
    world.served("d");
    let caller = world.service_user(&["deployment-request-user"]);
    (world, caller)
}

fn record(world: &World) -> Json {
    let sql = "SELECT json_object('status', status, 'credits', credits, 'run_time', run_time, 'input_size', input_size,
                 'output_size', output_size, 'error_message', error_message, 'leased', leased, 'kind', kind)
               FROM requests";
    let connection = world.database.connection();
    let text: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn records(world: &World) -> i64 {
    world.count("SELECT count(*) FROM requests")
}

/// A failed request, with these words.
#[track_caller]
fn failed(answer: Answer, words: &str) {
    let answer = answer.expect(200);
    let body = answer.json();
    assert_eq!(
        (&body["status"], &body["success"], &body["result"]),
        (&json!("failed"), &json!(false), &Json::Null),
        "{answer}"
    );
    assert!(
        body["error_message"].as_str().unwrap().contains(words),
        "{answer}"
    );
}

#[test]
fn a_request_is_answered_recorded_and_metered_in_two_round_trips() {
    let (world, caller) = world();
    world.serve_at_a_price("d");
    world
        .upstream
        .next(Reply::json(&json!({"y": 2})).late(1_500));
    let answer = world.request(&caller, "d", &json!({"x": 1})).expect(200);
    let body = answer.json();
    assert_eq!(
        body,
        json!({
            "id": body["id"], "deployment": "d", "version": "v1", "status": "completed", "success": true,
            "result": {"y": 2}, "error_message": null, "timeout": 300,
        })
    );
    assert_eq!(answer.trips, 2);
    assert_eq!(answer.header("tenantry-overhead-ms"), Some("0"));
    let record = record(&world);
    assert_eq!(
        (
            &record["status"],
            &record["credits"],
            &record["run_time"],
            &record["input_size"],
            &record["output_size"]
        ),
        (
            &json!("completed"),
            &json!(1_500_000),
            &json!(1_500),
            &json!(7),
            &json!(7)
        )
    );
    assert_eq!(world.used("credits"), 1_500_000);
    assert_eq!(
        (world.used("input_volume"), world.used("output_volume")),
        (7, 7)
    );
    let kept = "SELECT group_concat(part || ' ' || body, ', ') FROM (SELECT * FROM request_payloads ORDER BY part)";
    let connection = world.database.connection();
    let kept: String = connection.query_row(kept, [], |row| row.get(0)).unwrap();
    assert_eq!(kept, r#"input {"x":1}, output {"y":2}"#);
}

#[test]
fn an_upstream_is_sent_the_body_and_what_it_needs_and_nothing_else() {
    let (world, caller) = world();
    world.upstream.next(Reply::json(&json!({"y": 2})));
    let call = world
        .request_call(&caller, "d", &json!({"x": 1}))
        .header("cookie", "secret")
        .header("x-forwarded-for", "203.0.113.7")
        .header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        );
    let id = world.send(call).expect(200).text("id");
    let sent = world.upstream.only_call().outgoing;
    assert_eq!(
        (sent.url.as_str(), sent.method.as_str()),
        (UPSTREAM, "POST")
    );
    assert_eq!(*sent.body, br#"{"x":1}"#);
    let mut names: Vec<&str> = sent.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "accept-encoding",
            "content-type",
            "tenantry-caller",
            "tenantry-deadline",
            "tenantry-deployment",
            "tenantry-project",
            "tenantry-request-id",
            "tenantry-signature",
            "tenantry-version",
            "traceparent",
            "user-agent",
            "webhook-id",
            "webhook-signature",
            "webhook-timestamp",
        ]
    );
    let header = |name: &str| {
        let found = sent.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap()
    };
    assert_eq!(
        (header("webhook-id"), header("tenantry-request-id")),
        (id.as_str(), id.as_str())
    );
    assert_eq!(
        header("tenantry-caller"),
        format!("{} service_user", caller.id)
    );
    assert_eq!(header("content-type"), "application/json");
    let secrets = WebhookSecrets {
        current: WebhookSecret::from_random([7; 32]),
        previous: None,
    };
    let timestamp = header("webhook-timestamp").parse().unwrap();
    assert!(secrets.verifies(&id, timestamp, &sent.body, header("webhook-signature")));
    assert!(!secrets.verifies(&id, timestamp, b"{}", header("webhook-signature")));
}

#[test]
fn whatever_an_upstream_does_is_a_failed_request_with_its_sentence() {
    let (world, caller) = world();
    let refused = || CallFault::Connection("refused by 10.0.0.1".to_owned());
    for (reply, words) in [
        (
            Reply::new(500).chunk("a secret of the upstream"),
            "answered 500",
        ),
        (
            Reply::new(302).header("location", "http://127.0.0.1/"),
            "answered 302",
        ),
        (Reply::new(404), "answered 404"),
        (Reply::failing(refused()), "could not be reached"),
        (
            Reply::failing(CallFault::TimedOut),
            "longer than the timeout of 300 seconds",
        ),
        (
            Reply::new(200).chunk("{\"y\":").fault(refused()),
            "broke off",
        ),
        (
            Reply::new(200).chunk("{\"y\": ").silence(),
            "silent for 60 seconds",
        ),
        (Reply::new(200).chunk("not JSON"), "not JSON"),
        (Reply::new(200), "not JSON"),
        (
            Reply::new(200).chunk(vec![b' '; (8 << 20) + 1]),
            "longer than 8 MiB",
        ),
    ] {
        world.upstream.next(reply);
        let answer = world.request(&caller, "d", &json!({"x": 1}));
        assert!(!String::from_utf8_lossy(&answer.body).contains("10.0.0.1"));
        assert!(!String::from_utf8_lossy(&answer.body).contains("a secret of"));
        failed(answer, words);
    }
    assert_eq!(
        world.count("SELECT count(*) FROM requests WHERE status = 'failed'"),
        10
    );
    assert!(
        world
            .logs()
            .iter()
            .any(|line| line.contains("refused by 10.0.0.1"))
    );
}

#[test]
fn without_an_upstream_a_request_fails_and_costs_nothing() {
    let world = World::new();
    world.deployment("d");
    let caller = world.service_user(&["deployment-request-user"]);
    failed(
        world.request(&caller, "d", &json!({"x": 1})),
        "has no upstream",
    );
    assert_eq!(record(&world)["credits"], 0);
    assert_eq!(world.count("SELECT count(*) FROM usage_days"), 0);
    assert!(world.upstream.calls().is_empty());
}

#[test]
fn a_body_that_does_not_fit_is_refused_and_leaves_nothing() {
    let world = World::new().with_settings(&[("REQUESTS_PER_MINUTE", "5")]);
    world.served("d");
    let caller = world.service_user(&["deployment-request-user"]);
    let call = world
        .request_call(&caller, "d", &json!({"x": "one"}))
        .header("idempotency-key", "k");
    world.send(call).refused(400, "x: ");
    assert_eq!(records(&world), 0);
    assert_eq!(world.count("SELECT count(*) FROM idempotency_keys"), 0);
    assert_eq!(world.count("SELECT sum(count) FROM request_rates"), 0);
    assert!(world.upstream.calls().is_empty());
}

#[test]
fn a_list_is_answered_by_a_list_of_its_length() {
    let (world, caller) = world();
    world
        .upstream
        .next(Reply::json(&json!([{"y": 1}, {"y": 2}])));
    let answer = world
        .request(&caller, "d", &json!([{"x": 1}, {"x": 2}]))
        .expect(200);
    assert_eq!(answer.json()["result"], json!([{"y": 1}, {"y": 2}]));
    world.upstream.next(Reply::json(&json!([{"y": 1}])));
    failed(
        world.request(&caller, "d", &json!([{"x": 1}, {"x": 2}])),
        "not a list of 2",
    );
}

#[test]
fn who_may_not_make_requests_costs_nobody_anything() {
    let (world, caller) = world();
    let other = world.service_user(&[]);
    let body = json!({"x": 1});
    world.request(&other, "d", &body).expect(403);
    let expired = world.service_user_of(
        "vision",
        &["deployment-request-user"],
        json!({"name": "soon gone", "expiry_date": world.after(1_000)}),
    );
    world.pass(2_000);
    world.request(&expired, "d", &body).expect(401);
    world.request(&caller, "nothing", &body).expect(404);
    let path = world.path("/deployments/d/versions/v9/requests");
    world
        .send(Call::new("POST", path).by(&caller).json(&body))
        .expect(404);
    world.execute("UPDATE projects SET suspended_by = 'operator', suspended_reason = 'unpaid' WHERE name = 'vision'", []);
    world.request(&caller, "d", &body).refused(403, "'unpaid'");
    assert_eq!(records(&world), 0);
    assert!(world.upstream.calls().is_empty());
}

#[test]
fn who_may_not_make_a_request_writes_nothing() {
    let (world, _) = world();
    let strangers = [
        world.service_user(&[]),
        world.service_user(&["project-viewer"]),
    ];
    world.database.reset();
    // What is taken back behind the answer would hide it.
    world.writes_afterwards(false);
    for stranger in strangers {
        for way in ["", "/stream", "/batch"] {
            let path = world.path(&format!("/deployments/d/requests{way}"));
            let call = Call::new("POST", path).by(&stranger);
            world.send(call.json(&json!({"x": 1}))).expect(403);
            assert_eq!(records(&world), 0, "{way}");
        }
    }
}

#[test]
fn a_call_of_another_site_is_refused_before_anything_runs() {
    let (world, caller) = world();
    let call = world
        .request_call(&caller, "d", &json!({"x": 1}))
        .header("origin", "https://elsewhere.example")
        .header("sec-fetch-site", "cross-site");
    world.send(call).refused(403, "origin");
    assert_eq!(records(&world), 0);
}

#[test]
fn a_request_that_comes_back_is_a_loop() {
    let (world, caller) = world();
    let call = world
        .request_call(&caller, "d", &json!({"x": 1}))
        .header("tenantry-request-id", "x");
    world.send(call).refused(400, "Tenantry-Request-Id");
    assert_eq!(records(&world), 0);
}

#[test]
fn what_is_left_of_a_budget_is_leased_and_never_passed() {
    let (world, caller) = world();
    world.serve_at_a_price("d");
    // Fifteen seconds at a credit a second.
    world.budget(15_000_000);
    world.upstream.next(Reply::silent());
    failed(world.request(&caller, "d", &json!({"x": 1})), "used up");
    assert_eq!(world.used("credits"), 15_000_000);
    world
        .request(&caller, "d", &json!({"x": 1}))
        .refused(403, "15.0 of 15.0");
}

#[test]
fn a_lease_keeps_others_out_for_a_while_only() {
    let (world, caller) = world();
    world.serve_at_a_price("d");
    world.budget(300_000_000);
    let again = (world.clone(), caller.clone());
    world
        .upstream
        .next(Reply::json(&json!({"y": 1})).after(move || {
            let (world, caller) = &again;
            let refused = world.copy().request(caller, "d", &json!({"x": 1}));
            refused.clone().refused(429, "leased");
            let reset: i64 = refused
                .header("x-ratelimit-reset")
                .unwrap()
                .parse()
                .unwrap();
            assert!((1..=5).contains(&reset) && refused.header("retry-after").is_some());
        }));
    world.request(&caller, "d", &json!({"x": 1})).expect(200);
    world.upstream.next(Reply::json(&json!({"y": 1})));
    world.request(&caller, "d", &json!({"x": 1})).expect(200);
}

#[test]
fn a_lease_is_extended_while_a_request_runs() {
    let (world, caller) = world();
    world.serve_at_a_price("d");
    world.budget(2_000_000_000);
    world
        .upstream
        .next(Reply::json(&json!({"y": 1})).late(1_000_000));
    let path = world.path("/deployments/d/requests?timeout=3600");
    world
        .send(Call::new("POST", path).by(&caller).json(&json!({"x": 1})))
        .expect(200);
    assert_eq!(record(&world)["credits"], 1_000_000_000);
}

#[test]
fn no_more_are_under_way_than_the_version_takes() {
    let (world, caller) = world();
    world.serve("d", json!({"max_concurrency": 1}));
    let again = (world.clone(), caller.clone());
    world
        .upstream
        .next(Reply::json(&json!({"y": 1})).after(move || {
            let (world, caller) = &again;
            world
                .copy()
                .request(caller, "d", &json!({"x": 1}))
                .refused(429, "max_concurrency");
        }));
    world.request(&caller, "d", &json!({"x": 1})).expect(200);
}

#[test]
fn a_minute_has_so_many_requests() {
    let world = World::new().with_settings(&[("REQUESTS_PER_MINUTE", "2")]);
    world.served("d");
    let caller = world.service_user(&["deployment-request-user"]);
    for remaining in ["1", "0"] {
        world.upstream.next(Reply::json(&json!({"y": 1})));
        let answer = world.request(&caller, "d", &json!({"x": 1})).expect(200);
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(remaining));
        assert_eq!(answer.header("x-ratelimit-limit"), Some("2"));
    }
    world
        .request(&caller, "d", &json!({"x": 1}))
        .refused(429, "2 a minute");
    world.pass(60_000);
    world.upstream.next(Reply::json(&json!({"y": 1})));
    world.request(&caller, "d", &json!({"x": 1})).expect(200);
}

#[test]
fn a_caller_who_hangs_up_ends_the_call_and_pays_for_its_time() {
    let (world, caller) = world();
    world.serve_at_a_price("d");
    world.upstream.next(Reply::silent());
    let call = world
        .request_call(&caller, "d", &json!({"x": 1}))
        .header("idempotency-key", "k")
        .hanging_up(HangUp::After(4_000));
    world.send(call);
    assert_ne!(world.upstream.only_call().end, End::UnderWay);
    let record = record(&world);
    assert_eq!(
        (&record["status"], &record["credits"]),
        (&json!("failed"), &json!(4_000_000))
    );
    assert_eq!(record["error_message"], "the caller hung up");
    assert_eq!(world.count("SELECT count(*) FROM idempotency_keys"), 0);
}

#[test]
fn a_key_stands_for_one_request_and_its_answer() {
    let (world, caller) = world();
    let call = |body: Json| {
        world
            .request_call(&caller, "d", &body)
            .header("idempotency-key", "\"once\"")
    };
    world.upstream.next(Reply::json(&json!({"y": 1})));
    let first = world.send(call(json!({"x": 1}))).expect(200);
    let again = world.send(call(json!({"x": 1}))).expect(200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.body, again.body);
    world
        .send(call(json!({"x": 2})))
        .refused(422, "Idempotency-Key");
    assert_eq!((records(&world), world.upstream.calls().len()), (1, 1));
    world.pass(86_400_001);
    world.upstream.next(Reply::json(&json!({"y": 3})));
    let later = world.send(call(json!({"x": 2}))).expect(200);
    assert_eq!(later.json()["result"], json!({"y": 3}));
}

#[test]
fn a_key_that_is_under_way_is_not_run_twice() {
    let (world, caller) = world();
    let call = world
        .request_call(&caller, "d", &json!({"x": 1}))
        .header("idempotency-key", "once");
    let again = (world.clone(), call.clone());
    world
        .upstream
        .next(Reply::json(&json!({"y": 1})).after(move || {
            again
                .0
                .copy()
                .send(again.1.clone())
                .refused(409, "under way");
        }));
    world.send(call).expect(200);
}

#[test]
fn an_upstream_is_tried_again_as_often_as_it_is_set_to_be() {
    let (world, caller) = world();
    world.serve("d", json!({"retries": 1}));
    world.upstream.next(Reply::new(503));
    world.upstream.next(Reply::json(&json!({"y": 1})));
    world.request(&caller, "d", &json!({"x": 1})).expect(200);
    let calls = world.upstream.calls();
    let attempt = |call: &testkit::Called| {
        let found = call
            .outgoing
            .headers
            .iter()
            .find(|(name, _)| name == "tenantry-attempt");
        found.map(|(_, value)| value.clone())
    };
    assert_eq!(
        calls.iter().map(attempt).collect::<Vec<_>>(),
        [None, Some("2".to_owned())]
    );
    world.upstream.next(Reply::new(500));
    failed(
        world.request(&caller, "d", &json!({"x": 1})),
        "answered 500",
    );
    assert_eq!(world.upstream.calls().len(), 3);
}

#[test]
fn what_cannot_be_settled_is_not_answered_and_is_settled_behind_the_answer() {
    let (world, caller) = world();
    world.serve_at_a_price("d");
    for fault in [Fault::Refuse, Fault::LoseBefore, Fault::LoseAfter] {
        world
            .upstream
            .next(Reply::json(&json!({"y": 1})).late(1_000));
        world.database.fail_each(2..=6, fault);
        let answer = world.request(&caller, "d", &json!({"x": 1}));
        answer.clone().refused(503, "read its record");
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
    assert_eq!(
        world.count("SELECT count(*) FROM requests WHERE status = 'completed'"),
        3
    );
    assert_eq!(world.used("credits"), 3_000_000);
}

#[test]
fn a_record_that_may_have_been_written_is_never_sent() {
    let (world, caller) = world();
    for fault in [Fault::LoseBefore, Fault::LoseAfter] {
        world.fail(1, fault);
        world.request(&caller, "d", &json!({"x": 1})).expect(503);
        assert_eq!(records(&world), 0, "{fault:?}");
    }
    assert!(world.upstream.calls().is_empty());
}

#[test]
fn what_nobody_settled_is_ended_by_the_scheduled_run_once() {
    let (world, caller) = world();
    world.serve_at_a_price("d");
    world.writes_afterwards(false);
    world
        .upstream
        .next(Reply::json(&json!({"y": 1})).late(1_000));
    world.database.fail_each(2..=40, Fault::LoseBefore);
    world.request(&caller, "d", &json!({"x": 1})).expect(503);
    assert_eq!(record(&world)["status"], "processing");
    world.database.withdraw();
    world.minute();
    assert_eq!(record(&world)["status"], "processing");
    world.hours_later(1);
    let ended = record(&world);
    assert_eq!(
        (&ended["status"], &ended["credits"]),
        (&json!("failed"), &json!(300_000_000))
    );
    world.minute();
    assert_eq!(world.used("credits"), 300_000_000);
    assert_eq!(PRICE, 3_600_000_000);
}

#[test]
fn nothing_is_kept_where_nothing_is_to_be() {
    let (world, caller) = world();
    let set = |mode: &str| {
        let settings = json!({"request_retention_mode": mode}).to_string();
        world.execute("UPDATE deployment_versions SET settings = ?1", [settings]);
    };
    set("metadata");
    world.upstream.next(Reply::json(&json!({"y": 1})));
    world.request(&caller, "d", &json!({"x": 1})).expect(200);
    assert_eq!(
        (
            records(&world),
            world.count("SELECT count(*) FROM request_payloads")
        ),
        (1, 0)
    );
    set("none");
    world.upstream.next(Reply::json(&json!({"y": 1})));
    world.request(&caller, "d", &json!({"x": 1})).expect(200);
    assert_eq!(
        (
            records(&world),
            world.count("SELECT count(*) FROM request_payloads")
        ),
        (1, 0)
    );
    assert_eq!(world.used("input_volume"), 14);
}
