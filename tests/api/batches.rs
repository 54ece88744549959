//! Requests that wait for their turn: accepted all or none, offered, claimed, run at most once, accounted once (contract
//! section 5.7).

use serde_json::{Value as Json, json};

use testkit::database::Fault;
use testkit::gate::PRICE;
use testkit::upstream::Reply;
use testkit::world::HOUR;
use testkit::{Answer, Call, Caller, World};

const MINUTE: i64 = 60_000;

fn world() -> World {
    let world = World::new();
    world.served("d");
    world.upstream.answering(|_| Reply::json(&json!({"y": 2})));
    world
}

fn batch_call(world: &World, by: &Caller, body: &Json) -> Call {
    let path = world.path("/deployments/d/requests/batch");
    Call::new("POST", path).by(by).json(body)
}

fn send(world: &World, body: &Json) -> Answer {
    world.send(batch_call(world, &world.robot(), body))
}

/// So many requests that wait; their ids.
fn queued(world: &World, items: usize) -> Vec<String> {
    let body: Vec<Json> = (0..items).map(|item| json!({"x": item})).collect();
    ids(&send(world, &json!(body)).expect(200))
}

fn ids(answer: &Answer) -> Vec<String> {
    let items = answer.json();
    let items = items.as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Somebody of another project, and the path by which they queue requests to a plain deployment there that has no upstream.
fn elsewhere(world: &World) -> (Caller, String) {
    let other = world.service_user_of("audio", &["project-editor"], json!({"name": "other"}));
    let path = "/v2.1/projects/audio/deployments";
    let body = json!({"name": "e", "input_type": "plain", "output_type": "plain"});
    let made = world.call(&world.operator(), "POST", path, body);
    made.expect(201);
    let versions = format!("{path}/e/versions");
    let made = world.call(
        &world.operator(),
        "POST",
        &versions,
        json!({"version": "v1"}),
    );
    made.expect(201);
    (other, format!("{path}/e/requests/batch"))
}

fn read(world: &World, id: &str) -> Json {
    let path = world.path(&format!("/deployments/d/requests/{id}"));
    world.get(&world.robot(), &path).expect(200).json()
}

fn count(world: &World, status: &str) -> i64 {
    world.count(&format!(
        "SELECT count(*) FROM requests WHERE status = '{status}'"
    ))
}

fn all(world: &World) -> i64 {
    world.count("SELECT count(*) FROM requests")
}

#[test]
fn a_batch_waits_for_its_turn_and_is_answered_and_read_then() {
    let world = world();
    let answer = send(&world, &json!([{"x": 1}, {"x": 2}])).expect(200);
    let made = answer.json();
    let ids = ids(&answer);
    for (item, id) in made.as_array().unwrap().iter().zip(&ids) {
        let expected = json!({"id": id, "deployment": "d", "version": "v1", "status": "pending",
            "time_created": world.now().to_offset_string()});
        assert_eq!(*item, expected);
    }
    assert!(world.upstream.calls().is_empty());
    let waiting = read(&world, &ids[0]);
    assert_eq!(
        (&waiting["status"], &waiting["request_data"]),
        (&json!("pending"), &json!({"x": 1}))
    );
    world.deliver_all();
    for (id, x) in ids.iter().zip([1, 2]) {
        let record = read(&world, id);
        let shown =
            ["status", "success", "request_data", "result"].map(|name| record[name].clone());
        let expected = [
            json!("completed"),
            json!(true),
            json!({"x": x}),
            json!({"y": 2}),
        ];
        assert_eq!(shown, expected);
    }
    let sent: Vec<_> = world
        .upstream
        .calls()
        .into_iter()
        .map(|call| call.outgoing)
        .collect();
    assert_eq!(*sent[1].body, br#"{"x":2}"#.to_vec());
    let header = |name: &str| {
        let found = sent[1].headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!(header("webhook-id"), ids[1]);
    assert_eq!(
        header("tenantry-caller"),
        format!("{} service_user", world.robot().id)
    );
    assert_eq!(
        (count(&world, "completed"), world.used("input_volume")),
        (2, 14)
    );
}

#[test]
fn one_stands_without_a_list_and_a_plain_input_takes_texts() {
    let world = world();
    assert_eq!(ids(&send(&world, &json!({"x": 1})).expect(200)).len(), 1);
    world.execute("UPDATE deployments SET input_type = 'plain'", []);
    let body = json!(["a text", "{\"json\": 1}", {"x": [1]}, 7]);
    send(&world, &body).expect(200);
    world.deliver_all();
    let calls = world.upstream.calls();
    let sent: Vec<(String, String)> = calls[1..]
        .iter()
        .map(|call| {
            let of_type = |header: &&(String, String)| header.0 == "content-type";
            let content_type = call.outgoing.headers.iter().find(of_type).unwrap();
            let body = String::from_utf8(call.outgoing.body.to_vec()).unwrap();
            (content_type.1.clone(), body)
        })
        .collect();
    let expected = [
        ("text/plain", "a text"),
        ("application/json", "{\"json\": 1}"),
        ("application/json", "{\"x\":[1]}"),
        ("application/json", "7"),
    ];
    let expected = expected.map(|(of_type, body)| (of_type.to_owned(), body.to_owned()));
    assert_eq!(sent, expected);
}

#[test]
fn one_that_is_wrong_keeps_all_out() {
    let world = world();
    let many: Vec<Json> = (0..251).map(|item| json!({"x": item})).collect();
    for (body, says) in [
        (json!([{"x": 1}, {"x": "a"}]), "[1].x: it is a text"),
        (json!([{"x": 1}, [{"x": 1}]]), "[1]: it is a list"),
        (json!([]), "the list is empty"),
        (json!(many), "251"),
        (json!("text"), "the body is a text"),
    ] {
        let refused = send(&world, &body).expect(400);
        assert!(refused.error().contains(says), "{refused}");
        assert_eq!(refused.json()["error_message"], refused.json()["error"]);
    }
    assert_eq!(all(&world), 0);
    let path = world.path("/deployments/d/versions/none/requests/batch");
    world
        .call(&world.robot(), "POST", &path, json!([{"x": 1}]))
        .expect(404);
}

#[test]
fn two_hundred_and_fifty_are_accepted_in_two_round_trips() {
    let world = world();
    let ids = queued(&world, 250);
    assert_eq!((ids.len(), count(&world, "pending")), (250, 250));
    assert!(ids.is_sorted());
    let body: Vec<Json> = (0..250)
        .map(|item| json!({"x": item, "n": "n".repeat(30_000)}))
        .collect();
    let answer = send(&world, &json!(body)).expect(200);
    assert_eq!(answer.trips, 2);
    assert_eq!(world.count("SELECT count(*) FROM request_payloads"), 500);
}

#[test]
fn a_queue_that_forgets_delivers_twice_or_fails_changes_nothing() {
    let world = world();
    let queue = world.queue.clone().unwrap();
    let ids = queued(&world, 3);
    let messages = queue.take();
    // Forgotten: the scheduled run offers them again, once they are due.
    world.minute();
    assert!(queue.take().is_empty());
    world.pass(MINUTE);
    world.minute();
    assert_eq!(queue.take().len(), 3);
    assert!(world.upstream.calls().is_empty());
    // Delivered twice, and the other way round.
    let mut twice = messages.clone();
    twice.reverse();
    twice.extend(messages);
    world.deliver(&twice);
    assert_eq!(
        (world.upstream.calls().len(), count(&world, "completed")),
        (3, 3)
    );
    assert_eq!(ids.len(), 3);
    // A message that is none of ours.
    assert_eq!(
        world.deliver(&["nonsense".to_owned(), "a/b".to_owned()]),
        [None, None]
    );
    // A queue that takes nothing: the run does without.
    queue.fails(true);
    queued(&world, 2);
    world.pass(MINUTE);
    world.minute();
    assert_eq!(count(&world, "completed"), 5);
}

#[test]
fn without_a_queue_the_scheduled_run_does_it() {
    let mut world = world();
    world.queue = None;
    queued(&world, 30);
    world.minute();
    // At most twenty of a project a run.
    assert_eq!(count(&world, "completed"), 20);
    world.pass(MINUTE);
    world.minute();
    assert_eq!(count(&world, "completed"), 30);
}

#[test]
fn offers_come_after_one_two_four_minutes_and_then_each_hour() {
    let world = world();
    let queue = world.queue.clone().unwrap();
    queued(&world, 1);
    queue.take();
    let mut gaps = Vec::new();
    let mut gap = 0;
    for _ in 0..400 {
        world.pass(MINUTE);
        gap += 1;
        world.minute();
        if !queue.take().is_empty() {
            gaps.push(gap);
            gap = 0;
        }
    }
    assert_eq!(gaps[..8], [1, 1, 2, 4, 8, 16, 32, 60]);
}

#[test]
fn projects_are_offered_in_turn() {
    let mut world = world();
    world.queue = None;
    let (other, path) = elsewhere(&world);
    queued(&world, 60);
    world.pass(1_000);
    world.call(&other, "POST", &path, json!(["a"])).expect(200);
    world.minute();
    // The other project's has no upstream: it has run all the same, and failed.
    assert_eq!(
        (count(&world, "completed"), count(&world, "failed")),
        (20, 1)
    );
}

#[test]
fn what_does_not_fit_waits_and_what_may_not_fails_with_the_sentence() {
    let world = world();
    world.serve("d", json!({"max_concurrency": 1}));
    queued(&world, 2);
    let messages = world.queue.clone().unwrap().take();
    world.execute(
        "UPDATE requests SET status = 'processing', lease_end = time_created + 9e12, leased = 0, leased_time = 0
         WHERE id = (SELECT min(id) FROM requests)",
        [],
    );
    let turns = world.deliver(&messages);
    assert_eq!((turns[0], turns[1].is_some()), (None, true));
    assert_eq!(count(&world, "pending"), 1);

    let world = self::world();
    let maker = world.service_user(&["deployment-request-user"]);
    let id = ids(&world
        .send(batch_call(&world, &maker, &json!([{"x": 1}])))
        .expect(200))[0]
        .clone();
    let path = world.path(&format!("/service-users/{}", maker.id));
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    world.deliver_all();
    let record = read(&world, &id);
    assert_eq!(record["status"], "failed");
    assert!(
        record["error_message"]
            .as_str()
            .unwrap()
            .contains("may not make requests")
    );
    assert!(world.upstream.calls().is_empty());

    let world = self::world();
    world.serve_at_a_price("d");
    world.budget(20 * PRICE / 3_600);
    let ids = queued(&world, 1);
    world.budget(0);
    world.deliver_all();
    assert!(
        read(&world, &ids[0])["error_message"]
            .as_str()
            .unwrap()
            .contains("used up")
    );
    let refused = send(&world, &json!([{"x": 1}])).expect(403);
    assert!(refused.error().contains("used up"));
}

#[test]
fn a_lost_role_an_expiry_and_a_suspension_each_fail_what_waits() {
    for lost in ["role", "expiry", "suspension"] {
        let world = world();
        let maker = world.service_user(&["deployment-request-user"]);
        let made = world.send(batch_call(&world, &maker, &json!([{"x": 1}])));
        let id = ids(&made.expect(200))[0].clone();
        match lost {
            "role" => world.execute(
                "DELETE FROM role_assignments WHERE assignee_id = ?1",
                [&maker.id],
            ),
            "expiry" => world.execute(
                "UPDATE service_users SET expiry_date = ?1 WHERE id = ?2",
                rusqlite::params![world.now().as_millis(), maker.id],
            ),
            _ => world.execute(
                "UPDATE projects SET suspended_by = 'operator' WHERE name = 'vision'",
                [],
            ),
        };
        world.deliver_all();
        assert_eq!(
            (count(&world, "failed"), world.upstream.calls().len()),
            (1, 0),
            "{lost}"
        );
        assert_eq!(world.used("input_volume"), 0);
        assert!(!id.is_empty());
    }
}

#[test]
fn what_has_waited_for_a_day_is_not_begun_any_more() {
    let world = world();
    let ids = queued(&world, 1);
    let queue = world.queue.clone().unwrap();
    queue.take();
    world.pass(24 * HOUR - 1);
    world.minute();
    assert_eq!(queue.take().len(), 1);
    world.pass(HOUR);
    world.minute();
    let record = read(&world, &ids[0]);
    assert_eq!(
        (&record["status"], &record["error_message"]),
        (&json!("failed"), &json!("not started within a day"))
    );
    assert!(world.upstream.calls().is_empty());
}

#[test]
fn what_waits_is_cancelled_at_once_and_what_runs_when_it_ends() {
    let world = world();
    let ids = queued(&world, 2);
    let path = world.path(&format!("/deployments/d/requests/{}", ids[0]));
    let body = json!({"status": "cancelled"});
    world.call(&world.owner(), "PATCH", &path, body).expect(200);
    assert_eq!(read(&world, &ids[0])["status"], "cancelled");
    let inner = world.clone();
    let path = world.path(&format!("/deployments/d/requests/{}", ids[1]));
    let reply = Reply::json(&json!({"y": 1})).after(move || {
        let body = json!({"status": "cancelled"});
        let shown = inner.call(&inner.owner(), "PATCH", &path, body).expect(200);
        assert_eq!(shown.json()["status"], "cancelled_pending");
    });
    world.upstream.next(reply);
    world.deliver_all();
    let record = read(&world, &ids[1]);
    assert_eq!(
        (&record["status"], &record["result"]),
        (&json!("cancelled"), &Json::Null)
    );
    assert_eq!(
        (world.upstream.calls().len(), world.used("input_volume")),
        (1, 7)
    );
}

#[test]
fn a_deleted_version_cancels_what_waits_for_it() {
    let world = world();
    queued(&world, 2);
    let path = world.path("/deployments/d");
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    world.deliver_all();
    assert_eq!(
        (count(&world, "cancelled"), world.upstream.calls().len()),
        (2, 0)
    );
}

#[test]
fn what_is_kept_is_what_the_retention_mode_says() {
    for (mode, records, payloads) in [("full", 2, 4), ("metadata", 2, 0), ("none", 0, 0)] {
        let world = world();
        let path = world.path("/deployments/d/versions/v1");
        let body = json!({"request_retention_mode": mode});
        world.call(&world.owner(), "PATCH", &path, body).expect(200);
        queued(&world, 2);
        assert_eq!(
            world.count("SELECT count(*) FROM request_payloads"),
            2,
            "{mode}"
        );
        world.deliver_all();
        let kept = world.count("SELECT count(*) FROM request_payloads");
        assert_eq!((all(&world), kept), (records, payloads), "{mode}");
        assert_eq!(
            (world.upstream.calls().len(), world.used("input_volume")),
            (2, 14)
        );
    }
}

#[test]
fn a_batch_takes_a_permit_an_item_all_or_none() {
    let world = world().with_settings(&[("REQUESTS_PER_MINUTE", "5")]);
    let body = json!([{"x": 1}, {"x": 2}, {"x": 3}]);
    let made = send(&world, &body).expect(200);
    assert_eq!(made.header("x-ratelimit-remaining"), Some("2"));
    let refused = send(&world, &body).expect(429);
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("2"));
    assert!(refused.error().contains("3"), "{refused}");
    assert!(refused.header("retry-after").is_some());
    queued(&world, 2);
    send(&world, &json!([{"x": 1}])).expect(429);
    let body: Vec<Json> = (0..6).map(|item| json!({"x": item})).collect();
    send(&world, &json!(body)).expect(400);
    assert_eq!(count(&world, "pending"), 5);
    world.deliver_all();
    assert_eq!(count(&world, "completed"), 5);
}

#[test]
fn at_most_ten_thousand_wait_in_a_project() {
    let world = world();
    let ids = queued(&world, 1);
    world.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9998)
         INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id,
           caller, time_created, timeout, input_size, retention_mode, retention_time, due_at)
         SELECT project_id, printf('%s-%d', id, i), organization_id, object_type, object_id, version_id, kind, status,
           caller_id, caller, time_created, timeout, input_size, retention_mode, retention_time, due_at
         FROM requests CROSS JOIN n WHERE id = ?1",
        [&ids[0]],
    );
    let refused = send(&world, &json!([{"x": 1}, {"x": 2}])).expect(429);
    assert!(refused.error().contains("10000"), "{refused}");
    send(&world, &json!([{"x": 1}])).expect(200);
    // A direct request does not wait, so it is in nobody's way.
    world
        .request(&world.robot(), "d", &json!({"x": 1}))
        .expect(200);
}

#[test]
fn an_idempotency_key_gives_the_same_ids_again() {
    let world = world();
    let call =
        |body: Json| batch_call(&world, &world.robot(), &body).header("idempotency-key", "k");
    let first = world.send(call(json!([{"x": 1}]))).expect(200);
    let again = world.send(call(json!([{"x": 1}]))).expect(200);
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(all(&world), 1);
    world.send(call(json!([{"x": 2}]))).expect(422);
}

#[test]
fn a_batch_whose_writing_failed_or_got_lost_is_whole_or_not_there() {
    for (fault, records) in [
        (Fault::Refuse, 0),
        (Fault::LoseBefore, 0),
        (Fault::LoseAfter, 2),
    ] {
        let world = world();
        world.fail(2, fault);
        send(&world, &json!([{"x": 1}, {"x": 2}])).expect(503);
        assert_eq!(all(&world), records);
        world.pass(MINUTE);
        world.minute();
        world.deliver_all();
        assert_eq!(count(&world, "completed"), records);
    }
}

#[test]
fn long_bodies_wait_beside_the_database() {
    let mut world = world();
    let note = "n".repeat(300_000);
    let id = ids(&send(&world, &json!([{"x": 1, "note": note}])).expect(200))[0].clone();
    let store = world.payloads.clone().unwrap();
    assert_eq!(store.texts().len(), 1);
    // Not there yet: it waits on.
    store.hides(true);
    let messages = world.queue.clone().unwrap().take();
    assert!(world.deliver(&messages)[0].is_some());
    assert_eq!(count(&world, "pending"), 1);
    store.hides(false);
    world.deliver(&messages);
    assert_eq!(read(&world, &id)["status"], "completed");
    // Gone for good: it fails.
    let id = ids(&send(&world, &json!([{"x": 1, "note": note}])).expect(200))[0].clone();
    store.hides(true);
    world.pass(2 * MINUTE);
    world.deliver_all();
    store.hides(false);
    let record = read(&world, &id);
    assert!(
        record["error_message"]
            .as_str()
            .unwrap()
            .contains("not kept any more")
    );
    world.payloads = None;
    let refused = send(&world, &json!([{"x": 0}, {"x": 1, "note": note}])).expect(400);
    assert!(
        refused
            .error()
            .starts_with("[1]: it is longer than 256 KiB"),
        "{refused}"
    );
}

#[test]
fn a_run_ends_before_the_platform_ends_it() {
    let world = world();
    let path = world.path("/deployments/d/requests/batch?timeout=345600");
    let call = Call::new("POST", path).by(&world.robot());
    let id = ids(&world.send(call.json(&json!([{"x": 1}]))).expect(200))[0].clone();
    world.upstream.next(Reply::silent());
    let began = world.now();
    world.deliver_all();
    let record = read(&world, &id);
    let message = record["error_message"].as_str().unwrap();
    assert!(message.contains("840 seconds"), "{message}");
    assert_eq!(record["timeout"], 345_600);
    assert_eq!(world.now().as_millis() - began.as_millis(), 840_000);
    let sent = world.upstream.only_call().outgoing.headers;
    let deadline = sent.iter().find(|(name, _)| name == "tenantry-deadline");
    assert_eq!(
        deadline.unwrap().1,
        began.plus_millis(840_000).to_offset_string()
    );
}

/// A request that is too long for a row.
fn long_one() -> Json {
    json!({"x": 1, "note": "n".repeat(300_000)})
}

/// A body of one of them.
fn long() -> Json {
    json!([long_one()])
}

#[test]
fn who_is_refused_puts_nothing_beside_the_database() {
    let world = world();
    let store = world.payloads.clone().unwrap();
    let call =
        |body: &Json| batch_call(&world, &world.robot(), body).header("idempotency-key", "k");
    world.send(call(&long())).expect(200);
    assert_eq!(store.texts().len(), 1);
    world.send(call(&long())).expect(200);
    world
        .send(call(&json!([{"x": 2, "note": "n".repeat(300_000)}])))
        .expect(422);
    world.budget(0);
    send(&world, &long()).expect(403);
    assert_eq!(store.texts().len(), 1);
}

#[test]
fn what_cannot_be_put_beside_the_database_is_not_accepted() {
    let world = world();
    let store = world.payloads.clone().unwrap();
    store.fails(true);
    let call = || batch_call(&world, &world.robot(), &long()).header("idempotency-key", "k");
    world.send(call()).expect(503);
    assert_eq!(all(&world), 0);
    store.fails(false);
    let again = world.send(call()).expect(200);
    assert_eq!(again.header("idempotent-replayed"), None);
    world.deliver_all();
    assert_eq!(count(&world, "completed"), 1);
}

#[test]
fn of_several_that_cannot_be_put_beside_the_database_each_is_heard_of() {
    let world = world();
    let store = world.payloads.clone().unwrap();
    store.fails(true);
    send(&world, &json!([long_one(), long_one(), long_one()])).expect(503);
    assert_eq!((all(&world), store.unheard()), (0, 0));
}

#[test]
fn what_is_kept_beside_the_database_stays_as_long_as_the_mode_says() {
    for (mode, kept) in [("full", 1), ("metadata", 0), ("none", 0)] {
        for ends in ["runs", "is refused", "is cancelled"] {
            let world = world();
            let store = world.payloads.clone().unwrap();
            let body = json!({"request_retention_mode": mode});
            let path = world.path("/deployments/d/versions/v1");
            world.call(&world.owner(), "PATCH", &path, body).expect(200);
            let id = ids(&send(&world, &long()).expect(200))[0].clone();
            // A day of waiting, four days of running, a week of keeping.
            assert!(store.texts()[0].1 > (86_400 + 345_600 + 604_800) * 1_000);
            match ends {
                "runs" => world.deliver_all(),
                "is refused" => {
                    world.execute(
                        "UPDATE projects SET suspended_by = 'operator' WHERE name = 'vision'",
                        [],
                    );
                    world.deliver_all();
                }
                _ => {
                    let path = world.path("/deployments/d/requests/cancel");
                    world
                        .call(&world.owner(), "POST", &path, json!([id]))
                        .expect(200);
                }
            }
            assert_eq!(store.texts().len(), kept, "{mode}: it {ends}");
        }
    }
}

#[test]
fn a_plain_text_that_only_begins_like_a_list_is_a_text() {
    let world = world();
    world.execute("UPDATE deployments SET input_type = 'plain'", []);
    let path = world.path("/deployments/d/requests/batch");
    for text in ["[hello] there", "\u{a0}[1]", "no list"] {
        let call = Call::new("POST", &path)
            .by(&world.robot())
            .body("text/plain", text);
        world.send(call).expect(200);
        world.deliver_all();
        let sent = world.upstream.calls().pop().unwrap().outgoing.body;
        assert_eq!(*sent, text.as_bytes().to_vec());
    }
    let many = json!(vec![1; 251]);
    let refused = send(&world, &many).expect(400);
    assert!(refused.error().contains("251 requests"), "{refused}");
}

#[test]
fn what_hangs_in_one_project_is_in_nobody_elses_way() {
    let mut world = world();
    world.queue = None;
    queued(&world, 20);
    world.pass(1);
    let (other, path) = elsewhere(&world);
    world.call(&other, "POST", &path, json!(["a"])).expect(200);
    world.upstream.answering(|_| Reply::silent());
    world.minute();
    // Five of the one ran into their end, and the one of the other project had its turn beside them.
    let of = |status: &str, project: &str| {
        world.count(&format!(
            "SELECT count(*) FROM requests r JOIN projects p ON p.id = r.project_id
             WHERE r.status = '{status}' AND p.name = '{project}'"
        ))
    };
    assert_eq!((of("failed", "audio"), of("failed", "vision")), (1, 4 + 1));
    // What nobody came to is due at once and counts as not offered.
    assert_eq!(
        world.count("SELECT count(*) FROM requests WHERE status = 'pending' AND offers = 0"),
        15
    );
    world.upstream.answering(|_| Reply::json(&json!({"y": 2})));
    world.minute();
    assert_eq!(of("completed", "vision"), 15);
}

#[test]
fn fifty_of_a_project_run_at_once() {
    let world = world();
    queued(&world, 51);
    let messages = world.queue.clone().unwrap().take();
    world.execute(
        "UPDATE requests SET status = 'processing', claim_id = id, time_started = time_created,
           lease_end = time_created + 9e12, leased = 0, leased_time = 0
         WHERE id IN (SELECT id FROM requests ORDER BY id LIMIT 50)",
        [],
    );
    let turns = world.deliver(&messages);
    assert_eq!(turns.iter().flatten().count(), 1);
    assert_eq!(
        (count(&world, "pending"), world.upstream.calls().len()),
        (1, 0)
    );
}

#[test]
fn what_does_not_fit_beside_its_neighbours_runs_behind_them_and_else_comes_later_each_time() {
    let world = world();
    world.serve("d", json!({"max_concurrency": 1}));
    world
        .upstream
        .answering(|_| Reply::json(&json!({"y": 2})).late(1_000));
    queued(&world, 5);
    let messages = world.queue.clone().unwrap().take();
    assert_eq!(world.deliver(&messages), [None; 5]);
    assert_eq!(
        (count(&world, "completed"), world.upstream.calls().len()),
        (5, 5)
    );
    // Somebody else holds the only place.
    queued(&world, 1);
    let messages = world.queue.clone().unwrap().take();
    world.execute(
        "UPDATE requests SET status = 'processing', lease_end = time_created + 9e12 WHERE status = 'completed'
         AND id = (SELECT min(id) FROM requests)",
        [],
    );
    let again = [1, 2, 3, 7, 8, 90].map(|time| world.deliver_again(&messages, time)[0]);
    assert_eq!(again, [5, 10, 20, 320, 600, 600].map(Some));
}

#[test]
fn at_most_256_mebibytes_wait_in_a_project() {
    let world = world();
    queued(&world, 1);
    world.execute("UPDATE requests SET input_size = 268435456 - 14", []);
    let refused = send(&world, &json!([{"x": 10}, {"x": 1}])).expect(429);
    assert!(refused.error().contains("256 MiB"), "{refused}");
    queued(&world, 1);
    assert_eq!(count(&world, "pending"), 2);
}
