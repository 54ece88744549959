//! Items of batches whose upstreams answer that the result comes later: they go on without us, and end with the result, with
//! their deadline, or with what pays for them (contract section 5.7).

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value as Json, json};

use testkit::database::Fault;
use testkit::gate::{PRICE, UPSTREAM};
use testkit::world::SIGNING_KEY;
use testkit::{Answer, Call, Reply, World};

const MINUTE: i64 = 60_000;
const RESULT: &[u8] = br#"{"y":2}"#;

fn later() -> Reply {
    Reply::new(202).header("tenantry-result", "later")
}

/// A world with the deployment `d`, whose upstream takes everything on and answers nothing.
fn world() -> World {
    let world = World::new();
    world.served("d");
    world.upstream.answering(|_| later());
    world
}

/// The same at a credit a second.
fn priced() -> World {
    let world = world();
    world.serve_at_a_price("d");
    world
}

/// Items that wait, of this timeout in seconds; their ids.
fn queue(world: &World, items: usize, timeout: i64) -> Vec<String> {
    let path = world.path(&format!("/deployments/d/requests/batch?timeout={timeout}"));
    let body: Vec<Json> = (0..items).map(|item| json!({"x": item})).collect();
    let call = Call::new("POST", path)
        .by(&world.robot())
        .json(&json!(body));
    let made = world.send(call).expect(200).json();
    let items = made.as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// One that its upstream has taken on.
fn taken_on(world: &World, timeout: i64) -> String {
    let id = queue(world, 1, timeout).pop().unwrap();
    world.deliver_all();
    assert_eq!(status(world, &id), "processing");
    id
}

fn read(world: &World, id: &str) -> Json {
    let path = world.path(&format!("/deployments/d/requests/{id}"));
    world.get(&world.robot(), &path).expect(200).json()
}

fn status(world: &World, id: &str) -> String {
    read(world, id)["status"].as_str().unwrap().to_owned()
}

fn message(world: &World, id: &str) -> String {
    read(world, id)["error_message"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn send(world: &World, id: &str, body: &[u8]) -> Answer {
    world.send(world.result_call(id, body))
}

/// Lets so many minutes pass, and the scheduled run come in each.
fn minutes(world: &World, count: i64) {
    for _ in 0..count {
        world.pass(MINUTE);
        world.minute();
    }
}

fn cancel(world: &World, id: &str) {
    let path = world.path(&format!("/deployments/d/requests/{id}"));
    let body = json!({"status": "cancelled"});
    let shown = world.call(&world.owner(), "PATCH", &path, body).expect(200);
    assert_eq!(shown.json()["status"], "cancelled_pending");
}

#[test]
fn a_result_that_comes_later_ends_its_request() {
    let world = priced();
    let id = taken_on(&world, 14_400);
    minutes(&world, 30);
    assert_eq!(status(&world, &id), "processing");
    let taken = send(&world, &id, RESULT).expect(200);
    assert_eq!(
        taken.json(),
        json!({"success": true, "error_message": null})
    );
    assert_eq!(taken.trips, 2);
    let record = read(&world, &id);
    let shown = ["status", "success", "result", "output_size"].map(|name| record[name].clone());
    assert_eq!(
        shown,
        [json!("completed"), json!(true), json!({"y": 2}), json!(7)]
    );
    // From its start to the arrival of the result.
    let used = ["credits", "input_volume", "output_volume"].map(|metric| world.used(metric));
    assert_eq!(used, [30 * 60 * PRICE / 3_600, 7, 7]);
    assert_eq!(world.upstream.calls().len(), 1);
    // Again: it stays as it is, whatever comes.
    for body in [RESULT, br#"{"y":3}"#] {
        let again = send(&world, &id, body).expect(200);
        assert_eq!(again.json(), taken.json());
    }
    assert_eq!(read(&world, &id)["result"], json!({"y": 2}));
    assert_eq!(world.used("output_volume"), 7);
    // Even when its time is over.
    world.pass(14_400_000);
    send(&world, &id, RESULT).expect(200);
}

#[test]
fn a_result_is_worth_what_an_answer_would_be() {
    for (output_type, body, result, says) in [
        ("structured", "\u{feff}[1]", json!([1]), ""),
        ("structured", "no JSON", Json::Null, "not JSON"),
        ("plain", "no JSON", json!("no JSON"), ""),
    ] {
        let world = world();
        world.execute("UPDATE deployments SET output_type = ?1", [output_type]);
        let id = taken_on(&world, 600);
        let taken = send(&world, &id, body.as_bytes()).expect(200).json();
        assert_eq!(taken["success"], says.is_empty(), "{body}");
        let record = read(&world, &id);
        assert_eq!(record["result"], result);
        let message = record["error_message"].as_str().unwrap_or_default();
        assert!(message.contains(says), "{message}");
        assert_eq!(taken["error_message"], record["error_message"]);
        assert_eq!(
            send(&world, &id, RESULT).expect(200).json()["error_message"],
            record["error_message"]
        );
        assert_eq!(world.used("output_volume"), body.len() as i64);
    }
}

#[test]
fn a_long_result_is_kept_beside_the_database() {
    let world = world();
    let id = taken_on(&world, 600);
    let note = json!({"note": "n".repeat(300_000)});
    send(&world, &id, note.to_string().as_bytes()).expect(200);
    assert_eq!(read(&world, &id)["result"], note);
    let id = taken_on(&world, 600);
    let longest = vec![b' '; (8 << 20) + 1];
    send(&world, &id, &longest).expect(413);
    assert_eq!(status(&world, &id), "processing");
}

#[test]
fn an_upstream_can_say_that_it_has_failed() {
    let world = priced();
    let id = taken_on(&world, 600);
    let failed = |body: Json| {
        let body = body.to_string();
        let call = world.result_call(&id, body.as_bytes());
        world.send(call.header("tenantry-status", "failed"))
    };
    for (body, says) in [
        (json!({}), "error_message"),
        (json!({"error_message": ""}), "0 characters"),
        (json!({"error_message": 5}), "error_message: "),
        (json!([1]), "expected an object"),
        (
            json!({"error_message": "\u{1f980}".repeat(257)}),
            "257 characters",
        ),
    ] {
        let refused = failed(body).expect(400);
        assert!(refused.error().contains(says), "{refused}");
    }
    let call = world.result_call(&id, RESULT);
    let refused = world
        .send(call.header("tenantry-status", "done"))
        .expect(400);
    assert!(
        refused
            .error()
            .starts_with("Tenantry-Status: 'done' is not"),
        "{refused}"
    );
    assert_eq!(status(&world, &id), "processing");
    world.pass(10_000);
    let words = "\u{1f980}".repeat(256);
    let taken = failed(json!({"error_message": words, "code": 7})).expect(200);
    assert_eq!(
        taken.json(),
        json!({"success": false, "error_message": words})
    );
    let record = read(&world, &id);
    assert_eq!(
        (&record["status"], &record["error_message"]),
        (&json!("failed"), &json!(words))
    );
    assert_eq!(
        (world.used("credits"), world.used("output_volume")),
        (10 * PRICE / 3_600, 0)
    );
}

#[test]
fn only_its_upstream_may_send_it() {
    let world = world();
    let id = taken_on(&world, 600);
    let good = || world.result_call(&id, RESULT);
    let with = |name: &str, value: String| good().without(name).header(name, value);
    let second = world.now().as_millis() / 1_000;
    let other = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (call, says, trips) in [
        (good().without("webhook-id"), "webhook-id: ", 0),
        (with("webhook-id", id.clone()), "webhook-id: ", 0),
        (
            with("webhook-id", format!("result_{other}")),
            "webhook-id: ",
            0,
        ),
        (
            good().without("webhook-timestamp"),
            "webhook-timestamp: ",
            0,
        ),
        (
            with("webhook-timestamp", "soon".to_owned()),
            "webhook-timestamp: ",
            0,
        ),
        (
            with("webhook-timestamp", (second - 301).to_string()),
            "webhook-timestamp: ",
            0,
        ),
        (
            with("webhook-timestamp", (second + 301).to_string()),
            "webhook-timestamp: ",
            0,
        ),
        (
            with("webhook-timestamp", (second - 300).to_string()),
            "webhook-signature: ",
            1,
        ),
        (
            good().without("webhook-signature"),
            "webhook-signature: ",
            1,
        ),
        (
            good().body("application/json", r#"{"y":3}"#),
            "webhook-signature: ",
            1,
        ),
        (
            world.signed_result_call(&[8; 32], &id, RESULT),
            "webhook-signature: ",
            1,
        ),
        // Nobody's token stands for a signature.
        (
            good().without("webhook-signature").by(&world.operator()),
            "webhook-signature: ",
            1,
        ),
    ] {
        let refused = world.send(call).expect(401);
        assert!(refused.error().starts_with(says), "{refused}");
        assert_eq!(refused.trips, trips, "{refused}");
    }
    assert_eq!(status(&world, &id), "processing");
    for (unknown, trips) in [(other, 1), ("nonsense", 0), ("", 0)] {
        let refused = send(&world, unknown, RESULT).expect(404);
        assert_eq!(refused.trips, trips, "{refused}");
    }
    // The other name of the surface.
    let call = good().target(format!("/v2/results/{id}"));
    world.send(call).expect(200);
}

#[test]
fn what_costs_a_look_is_counted_by_address() {
    let world = world();
    let id = taken_on(&world, 600);
    world.shield.allow(1);
    let from = |call: Call| call.header("cf-connecting-ip", "203.0.113.7");
    let unsigned = || Call::new("POST", format!("/v2.1/results/{id}"));
    world.send(from(unsigned())).expect(401);
    world
        .send(from(world.result_call(&id, b"no JSON").by(&world.owner())))
        .expect(200);
    let refused = world.send(from(world.result_call(&id, RESULT))).expect(429);
    assert_eq!(
        (refused.trips, refused.header("retry-after")),
        (0, Some("60"))
    );
    world.send(from(unsigned())).expect(401);
}

#[test]
fn only_an_item_of_a_batch_may_be_answered_later() {
    let world = world();
    // 202 is the answer.
    world.upstream.next(later().chunk(r#"{"y":1}"#));
    let direct = world
        .request(&world.robot(), "d", &json!({"x": 1}))
        .expect(200);
    assert_eq!(direct.json()["result"], json!({"y": 1}));
    send(&world, &direct.text("id"), RESULT).expect(404);
    // And so is any other 2xx of a batch.
    for (status, result) in [(202, "soon"), (201, "later"), (200, "later")] {
        let reply = Reply::new(status).header("tenantry-result", result);
        world.upstream.next(reply.chunk(r#"{"y":1}"#));
        let id = queue(&world, 1, 600).pop().unwrap();
        world.deliver_all();
        assert_eq!(read(&world, &id)["result"], json!({"y": 1}));
        let again = send(&world, &id, br#"{"y":2}"#).expect(200);
        assert_eq!(again.json()["success"], true);
        assert_eq!(read(&world, &id)["result"], json!({"y": 1}));
    }
}

#[test]
fn a_result_may_come_before_the_answer_that_it_comes_later() {
    let world = priced();
    let id = queue(&world, 1, 600).pop().unwrap();
    let (inner, sent) = (world.clone(), id.clone());
    let reply = later().after(move || {
        send(&inner, &sent, RESULT).expect(200);
    });
    world.upstream.next(reply.late(5_000));
    world.deliver_all();
    assert_eq!(read(&world, &id)["result"], json!({"y": 2}));
    assert_eq!(world.used("credits"), 5 * PRICE / 3_600);
    assert_eq!(world.used("output_volume"), 7);
    minutes(&world, 10);
    assert_eq!(world.used("credits"), 5 * PRICE / 3_600);
}

#[test]
fn without_a_result_it_ends_with_its_timeout() {
    let world = priced();
    let id = taken_on(&world, 1_000);
    minutes(&world, 16);
    assert_eq!(status(&world, &id), "processing");
    world.pass(MINUTE);
    // Its time is over, and nobody has ended it yet.
    let late = send(&world, &id, RESULT).expect(410);
    assert!(
        late.error().starts_with("the result was to come until 20"),
        "{late}"
    );
    world.minute();
    let record = read(&world, &id);
    assert_eq!(record["status"], "failed");
    assert_eq!(
        message(&world, &id),
        "the upstream did not send the result within the timeout of 1000 seconds"
    );
    assert_eq!(
        (world.used("credits"), world.used("input_volume")),
        (1_000 * PRICE / 3_600, 7)
    );
    let late = send(&world, &id, RESULT).expect(410);
    assert!(late.error().contains("ended without its result"), "{late}");
    assert_eq!(read(&world, &id)["result"], Json::Null);
}

#[test]
fn it_goes_on_for_days_and_each_second_is_paid_for() {
    let world = priced();
    let id = taken_on(&world, 345_600);
    minutes(&world, 24 * 60);
    let leased = world.count("SELECT lease_end - time_started FROM requests");
    assert!(
        leased > 86_400_000 && leased <= 86_400_000 + 300_000,
        "{leased}"
    );
    // The scheduled run has not come for a while: what it has not leased is leased with the result.
    world.pass(60 * MINUTE);
    send(&world, &id, RESULT).expect(200);
    assert_eq!(world.used("credits"), 25 * 3_600 * PRICE / 3_600);
}

#[test]
fn it_ends_when_the_credits_are_used_up() {
    let world = priced();
    world.budget(400 * PRICE / 3_600);
    let id = taken_on(&world, 14_400);
    minutes(&world, 6);
    assert_eq!(status(&world, &id), "processing");
    minutes(&world, 3);
    assert_eq!(
        message(&world, &id),
        "the credits or the quota that pay for the request are used up"
    );
    assert_eq!(world.used("credits"), 400 * PRICE / 3_600);
    send(&world, &id, RESULT).expect(410);
    // A result that comes before that is noticed is kept, and costs what there was.
    let world = priced();
    world.budget(400 * PRICE / 3_600);
    let id = taken_on(&world, 14_400);
    minutes(&world, 4);
    world.pass(10 * MINUTE);
    send(&world, &id, RESULT).expect(200);
    assert_eq!(read(&world, &id)["result"], json!({"y": 2}));
    assert_eq!(world.used("credits"), 400 * PRICE / 3_600);
}

#[test]
fn several_never_lease_more_than_there_is() {
    let world = priced();
    world.budget(1_000 * PRICE / 3_600);
    let ids = queue(&world, 3, 14_400);
    world.deliver_all();
    for _ in 0..20 {
        minutes(&world, 1);
        let bound = world.used("credits")
            + world
                .count("SELECT coalesce(sum(leased), 0) FROM requests WHERE status = 'processing'");
        assert!(bound <= 1_000 * PRICE / 3_600, "{bound}");
    }
    for id in &ids {
        assert_eq!(status(&world, id), "failed");
    }
    assert_eq!(world.used("credits"), 1_000 * PRICE / 3_600);
}

#[test]
fn a_cancelled_one_ends_with_the_scheduled_run_or_with_its_result() {
    for by in ["run", "result"] {
        let world = priced();
        let id = taken_on(&world, 14_400);
        world.pass(10_000);
        cancel(&world, &id);
        world.pass(20_000);
        match by {
            "run" => world.minute(),
            _ => {
                let taken = send(&world, &id, RESULT).expect(200);
                assert_eq!(taken.json()["success"], false);
            }
        }
        let record = read(&world, &id);
        assert_eq!(
            (
                &record["status"],
                &record["result"],
                &record["error_message"]
            ),
            (&json!("cancelled"), &Json::Null, &Json::Null),
            "{by}"
        );
        // Charged until it was cancelled.
        assert_eq!(world.used("credits"), 10 * PRICE / 3_600, "{by}");
        let again = send(&world, &id, RESULT);
        match by {
            "run" => drop(again.refused(410, "cancelled")),
            _ => assert_eq!(again.expect(200).json()["success"], false),
        }
    }
}

#[test]
fn one_that_was_cancelled_while_it_was_sent_ends_likewise() {
    let world = priced();
    let id = queue(&world, 1, 14_400).pop().unwrap();
    let (inner, sent) = (world.clone(), id.clone());
    world
        .upstream
        .next(later().after(move || cancel(&inner, &sent)).late(3_000));
    world.deliver_all();
    world.pass(5_000);
    world.minute();
    assert_eq!(status(&world, &id), "cancelled");
    assert_eq!(world.used("credits"), 3 * PRICE / 3_600);
}

#[test]
fn a_result_and_the_scheduled_run_end_it_once_whichever_comes_first() {
    // The run comes before the result's first trip, between its two, or after them; it ends what was cancelled.
    for before in [1, 2, 3] {
        let world = priced();
        let id = taken_on(&world, 14_400);
        world.pass(10_000);
        cancel(&world, &id);
        let inner = world.clone();
        let call = world.result_call(&id, RESULT);
        let ran = Rc::new(Cell::new(false));
        let runs = Rc::clone(&ran);
        if before < 3 {
            world.before_trip(before, move |_| {
                inner.minute();
                runs.set(true);
            });
        }
        let answer = world.send(call);
        assert_eq!(
            answer.status,
            if before == 1 { 410 } else { 200 },
            "{answer}"
        );
        world.minute();
        assert_eq!(ran.get(), before < 3);
        assert_eq!(status(&world, &id), "cancelled", "{before}");
        assert_eq!(world.used("credits"), 10 * PRICE / 3_600, "{before}");
        assert_eq!(world.used("input_volume"), 7, "{before}");
    }
}

#[test]
fn two_results_at_once_are_one() {
    let world = priced();
    let id = taken_on(&world, 14_400);
    world.pass(10_000);
    let calls = [RESULT, br#"{"y":3}"#].map(|body| world.result_call(&id, body));
    let orders = testkit::schedule::every_order(&world, &calls, |world, answers| {
        for answer in answers {
            assert_eq!(
                (answer.status, &answer.json()["success"]),
                (200, &json!(true))
            );
        }
        assert_eq!(
            world.count("SELECT count(*) FROM request_payloads WHERE part = 'output'"),
            1
        );
        assert_eq!(world.used("credits"), 10 * PRICE / 3_600);
        assert_eq!(world.used("output_volume"), 7);
    });
    assert_eq!(orders, 6);
}

#[test]
fn without_its_version_or_its_upstream_nobody_can_send_it() {
    for (method, below) in [
        ("DELETE", "/deployments/d"),
        ("DELETE", "/deployments/d/versions/v1/upstream"),
    ] {
        let world = priced();
        let id = taken_on(&world, 14_400);
        world.pass(20_000);
        let path = world.path(below);
        world
            .call(&world.owner(), method, &path, Json::Null)
            .expect(204);
        send(&world, &id, RESULT).expect(404);
        minutes(&world, 5);
        let says = "SELECT count(*) FROM requests WHERE status = 'failed'
                    AND error_message = 'the upstream from which the result was to come later was taken away'";
        let left = world.count("SELECT count(*) FROM requests");
        assert_eq!(world.count(says), left, "{below}");
        assert_eq!(left, i64::from(below.ends_with("upstream")));
        let used = world.used("credits") * 3_600 / PRICE;
        assert!((20..=200).contains(&used), "{used}");
        assert_eq!(
            world.count("SELECT count(*) FROM requests WHERE status = 'processing'"),
            0
        );
    }
}

#[test]
fn its_secret_may_be_rotated_meanwhile_and_the_key_that_seals_it() {
    let world = world();
    let id = taken_on(&world, 14_400);
    let path = world.path("/deployments/d/versions/v1/upstream?rotate_secret=3600");
    let body = json!({"upstream_url": UPSTREAM});
    let shown = world.call(&world.owner(), "PUT", &path, body).expect(200);
    assert!(shown.json()["upstream_secret"].is_string());
    // During the grace the one before is as good.
    let during = world.copy();
    send(&during, &id, RESULT).expect(200);
    world.pass(3_600_000);
    send(&world, &id, RESULT).expect(401);

    let world = self::world();
    let id = taken_on(&world, 14_400);
    let next = ("SIGNING_KEY", "the signing key after it");
    let rotating = world.with_settings(&[next, ("SIGNING_KEY_PREVIOUS", SIGNING_KEY)]);
    rotating.minute();
    let rotated = world.with_settings(&[next]);
    send(&rotated, &id, RESULT).expect(200);
}

#[test]
fn it_counts_for_its_version_and_not_for_what_runs_here() {
    let world = world();
    world.serve("d", json!({"max_concurrency": 60}));
    let ids = queue(&world, 61, 14_400);
    world.deliver_all();
    let of = |status: &str| {
        world.count(&format!(
            "SELECT count(*) FROM requests WHERE status = '{status}'"
        ))
    };
    // More than fifty of a project, which is what runs here at once; and no more than its upstream can bear.
    assert_eq!((of("processing"), of("pending")), (60, 1));
    send(&world, &ids[0], RESULT).expect(200);
    minutes(&world, 10);
    world.deliver_all();
    assert_eq!(
        (of("completed"), of("processing"), of("pending")),
        (1, 60, 0)
    );
}

#[test]
fn many_are_extended_a_hundred_a_run_and_none_is_ended_for_it() {
    let world = priced();
    let id = taken_on(&world, 345_600);
    world.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 449)
         INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id,
           caller, time_created, time_started, timeout, lease_end, leased, leased_time, price, day, input_size,
           retention_mode, retention_time, result_deadline)
         SELECT project_id, printf('%s-%d', id, i), organization_id, object_type, object_id, version_id, kind, status,
           caller_id, caller, time_created, time_started, timeout, lease_end, leased, leased_time, price, day, input_size,
           retention_mode, retention_time, result_deadline
         FROM requests CROSS JOIN n WHERE id = ?1",
        [&id],
    );
    minutes(&world, 20);
    assert_eq!(
        world.count("SELECT count(*) FROM requests WHERE status = 'processing'"),
        450
    );
    send(&world, &id, RESULT).expect(200);
    assert_eq!(world.used("credits"), 20 * 60 * PRICE / 3_600);
}

#[test]
fn what_is_kept_is_what_the_retention_mode_says() {
    for (mode, ends, records, payloads) in [
        ("full", "result", 1, 2),
        ("full", "deadline", 1, 1),
        ("metadata", "result", 1, 0),
        ("metadata", "deadline", 1, 0),
        ("none", "result", 0, 0),
        ("none", "deadline", 0, 0),
    ] {
        let world = world();
        let path = world.path("/deployments/d/versions/v1");
        let body = json!({"request_retention_mode": mode});
        world.call(&world.owner(), "PATCH", &path, body).expect(200);
        let id = taken_on(&world, 600);
        match ends {
            "result" => drop(send(&world, &id, RESULT).expect(200)),
            _ => minutes(&world, 11),
        }
        let left = ["requests", "request_payloads"]
            .map(|table| world.count(&format!("SELECT count(*) FROM {table}")));
        assert_eq!(left, [records, payloads], "{mode} {ends}");
        assert_eq!(world.used("input_volume"), 7, "{mode} {ends}");
        let again = send(&world, &id, RESULT).status;
        let expected = match (mode, ends) {
            ("none", _) => 404,
            (_, "result") => 200,
            _ => 410,
        };
        assert_eq!(again, expected, "{mode} {ends}");
    }
}

#[test]
fn a_settlement_that_fails_is_503_and_the_result_may_be_sent_again() {
    for fault in [Fault::Refuse, Fault::LoseBefore, Fault::LoseAfter] {
        let world = priced();
        let id = taken_on(&world, 14_400);
        world.pass(10_000);
        world.fail(1, Fault::Refuse);
        send(&world, &id, RESULT).expect(503);
        assert_eq!(status(&world, &id), "processing");
        world.fail(2, fault);
        send(&world, &id, RESULT).expect(200);
        assert_eq!(world.used("output_volume"), 7, "{fault:?}");
    }
}

#[test]
fn a_note_that_it_comes_later_which_gets_lost_leaves_it_to_its_lease() {
    let world = priced();
    let id = queue(&world, 1, 14_400).pop().unwrap();
    world.upstream.next(later().late(1_000));
    // The claim is the first trip, the note the second, however often it is tried.
    world.database.reset();
    world.database.fail_each(2..=100, Fault::Refuse);
    world.deliver_all();
    assert!(world.database.withdraw());
    assert_eq!(status(&world, &id), "processing");
    // The result is taken all the same while the lease lasts,
    let early = world.copy();
    send(&early, &id, RESULT).expect(200);
    // and else it is lost.
    minutes(&world, 7);
    assert!(message(&world, &id).contains("the gate lost it"));
    send(&world, &id, RESULT).expect(410);
}
