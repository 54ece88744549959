//! Webhooks: made, changed and shown as UbiOps' clients know them; what a request has come to is told in the transaction that
//! settles it, signed, once if all goes well, and again for two days if it does not (contract section 5.7).

use serde_json::{Value as Json, json};

use tenantry::domain::webhook_signature::{WebhookSecret, WebhookSecrets};
use tenantry::platform::{CallFault, Outgoing};
use testkit::gate::UPSTREAM;
use testkit::upstream::Reply;
use testkit::world::{HOUR, SIGNING_KEY};
use testkit::{Answer, Call, Caller, World};

const MINUTE: i64 = 60_000;
const TOLD: &str = "https://shop.acme.com/told?key=1";

/// Without a queue: the scheduled run tells.
fn world() -> World {
    let mut world = with_queue();
    world.queue = None;
    world
}

fn with_queue() -> World {
    let world = World::new();
    world.served("d");
    world.upstream.at(UPSTREAM, Reply::json(&json!({"y": 2})));
    world.upstream.at(TOLD, Reply::new(204));
    world
}

fn body(more: Json) -> Json {
    let mut body = json!({"name": "w", "object_type": "deployment", "object_name": "d", "url": TOLD,
        "event": "deployment_request_completed"});
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    body
}

fn make_by(world: &World, by: &Caller, more: Json) -> Answer {
    world.call(by, "POST", &world.path("/webhooks"), body(more))
}

fn make(world: &World, more: Json) -> Json {
    make_by(world, &world.robot(), more).expect(201).json()
}

fn patch(world: &World, query: &str, body: Json) -> Answer {
    let path = world.path(&format!("/webhooks/w{query}"));
    world.call(&world.robot(), "PATCH", &path, body)
}

fn shown(world: &World) -> Json {
    let path = world.path("/webhooks/w");
    world.get(&world.owner(), &path).expect(200).json()
}

fn request(world: &World) -> Json {
    world
        .request(&world.robot(), "d", &json!({"x": 1}))
        .expect(200)
        .json()
}

/// What webhooks were sent, in order.
fn told(world: &World) -> Vec<Outgoing> {
    let calls = world.upstream.calls().into_iter();
    let told = calls.map(|call| call.outgoing);
    told.filter(|outgoing| outgoing.url != UPSTREAM).collect()
}

fn event(outgoing: &Outgoing) -> Json {
    serde_json::from_slice(&outgoing.body).unwrap()
}

fn header(outgoing: &Outgoing, name: &str) -> String {
    let found = outgoing.headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn secret(text: &Json) -> WebhookSecret {
    WebhookSecret::parse(text.as_str().unwrap()).unwrap()
}

fn verifies(outgoing: &Outgoing, secret: &WebhookSecret) -> bool {
    let secrets = WebhookSecrets {
        current: secret.clone(),
        previous: None,
    };
    let timestamp = header(outgoing, "webhook-timestamp").parse().unwrap();
    let signature = header(outgoing, "webhook-signature");
    secrets.verifies(
        &header(outgoing, "webhook-id"),
        timestamp,
        &outgoing.body,
        &signature,
    )
}

fn waiting(world: &World) -> i64 {
    world.count("SELECT count(*) FROM webhook_deliveries")
}

fn minutes_later(world: &World, minutes: i64) {
    world.pass(minutes * MINUTE);
    world.minute();
}

fn set(world: &World, settings: &Json) {
    world.execute(
        "UPDATE deployment_versions SET settings = ?1",
        [settings.to_string()],
    );
}

#[test]
fn a_webhook_is_made_shown_changed_and_deleted() {
    let world = world();
    let headers = json!([{"key": "X-Team", "value": "a $ b", "protected": false},
        {"key": "Authorization", "value": "sesame", "protected": true}]);
    let mut created = make(
        &world,
        json!({"headers": headers, "labels": {"a": "b"}, "version": "v1"}),
    );
    let secret = created.as_object_mut().unwrap().remove("secret").unwrap();
    assert!(secret.as_str().unwrap().starts_with("whsec_"));
    let now = world.now().to_zulu_string();
    let expected = json!({
        "id": created["id"], "name": "w", "object_type": "deployment", "object_name": "d", "version": "v1", "url": TOLD,
        "headers": [{"key": "X-Team", "value": "a $ b", "protected": false},
            {"key": "Authorization", "value": null, "protected": true}],
        "event": "deployment_request_completed", "creation_date": now, "last_updated": now, "description": "",
        "labels": {"a": "b"}, "timeout": 10, "enabled": true, "retry": true, "include_result": false, "last_status": null,
        "last_error": null, "last_delivery_date": null,
    });
    assert_eq!(created, expected);
    assert_eq!(shown(&world), expected);
    let list = |query: &str| {
        let path = world.path(&format!("/webhooks{query}"));
        world.get(&world.viewer(), &path).expect(200).json()
    };
    for query in [
        "",
        "?labels=a:b",
        "?event=deployment_request_completed",
        "?object_type=deployment",
    ] {
        assert_eq!(list(query), json!([expected]), "{query}");
    }
    for query in [
        "?labels=a:c",
        "?event=deployment_request_failed",
        "?object_type=pipeline",
    ] {
        assert_eq!(list(query), json!([]), "{query}");
    }
    world.pass(1_000);
    let changes = json!({"name": "v", "url": "https://shop.acme.com/b", "headers": null, "timeout": 30, "enabled": false,
        "event": "deployment_request_failed", "retry": false, "include_result": true, "description": "x", "labels": null});
    let changed = patch(&world, "", changes.clone()).expect(200).json();
    for (name, value) in changes.as_object().unwrap() {
        let default = match name.as_str() {
            "headers" => json!([]),
            _ => json!({}),
        };
        let expected = if value.is_null() { &default } else { value };
        assert_eq!(&changed[name], expected, "{name}");
    }
    assert_eq!(changed["last_updated"], world.now().to_zulu_string());
    let path = world.path("/webhooks/v");
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    world.get(&world.owner(), &path).expect(404);
    assert_eq!(world.count("SELECT count(*) FROM webhooks"), 0);
    // Nothing that is secret has entered the trail, nor what may stand in the query of an address.
    let trail = world.dump();
    let trail: Vec<_> = trail
        .lines()
        .filter(|line| line.starts_with("audit"))
        .collect();
    let secrets = ["sesame", "key=1", secret.as_str().unwrap()];
    assert!(
        secrets
            .iter()
            .all(|secret| !trail.concat().contains(secret))
    );
    assert!(!world.dump().contains("sesame"));
}

#[test]
fn what_is_wrong_is_refused_with_its_field() {
    let world = world();
    make(&world, json!({}));
    let header = |key: &str, value: &str| json!({"name": "x", "headers": [{"key": key, "value": value, "protected": true}]});
    for (more, says) in [
        (json!({}), "name: a webhook 'w' exists"),
        (json!({"name": "X"}), "name: 'X'"),
        (json!({"name": null}), "name: invalid type: null"),
        (
            json!({"name": "x", "object_type": "x"}),
            "object_type: 'x' is neither deployment nor pipeline",
        ),
        (
            json!({"name": "x", "object_type": "pipeline", "event": "pipeline_request_failed"}),
            "object_name: there is no pipeline 'd'",
        ),
        (
            json!({"name": "x", "object_name": "e"}),
            "object_name: there is no deployment 'e'",
        ),
        (
            json!({"name": "x", "version": "v9"}),
            "version: the deployment 'd' has no version 'v9'",
        ),
        (
            json!({"name": "x", "event": "pipeline_request_completed"}),
            "event: 'pipeline_request_completed'",
        ),
        (
            json!({"name": "x", "url": "http://shop.acme.com"}),
            "url: 'http://shop.acme.com'",
        ),
        (json!({"name": "x", "url": "https://10.0.0.1/"}), "url: "),
        (
            json!({"name": "x", "url": "https://metadata.internal/"}),
            "url: ",
        ),
        (json!({"name": "x", "timeout": 31}), "timeout"),
        (json!({"name": "x", "timeout": 0}), "timeout"),
        (
            json!({"name": "x", "headers": [{"key": "a", "protected": true}]}),
            "headers[0]: missing field `value`",
        ),
        (header("Host", "x"), "headers: 'host'"),
        (header("webhook-id", "x"), "headers: 'webhook-id'"),
        (header("a", "x\ny"), "headers: "),
    ] {
        let refused = make_by(&world, &world.robot(), more).expect(400);
        assert!(refused.error().contains(says), "{refused}");
    }
    for (changes, says) in [
        (json!({"url": "https://localhost/"}), "url: "),
        (json!({"event": "x"}), "event: 'x'"),
        (json!({"enabled": null}), "enabled: null"),
    ] {
        let refused = patch(&world, "", changes).expect(400);
        assert!(refused.error().contains(says), "{refused}");
    }
    for number in 0..9 {
        make(&world, json!({"name": format!("w{number}")}));
    }
    let refused = make_by(&world, &world.robot(), json!({"name": "x"})).expect(400);
    assert!(refused.error().contains("at most 10 webhooks"), "{refused}");
}

#[test]
fn to_make_change_and_try_one_needs_the_right_to_read_requests_of_its_object_besides() {
    let world = world();
    world.allow_custom_roles();
    let role = json!({"name": "teller", "permissions": ["webhooks.create", "webhooks.update"]});
    world
        .call(&world.owner(), "POST", &world.path("/roles"), role)
        .expect(201);
    let teller = world.service_user(&["teller"]);
    make(&world, json!({}));
    let path = world.path("/webhooks/w");
    let refusals = [
        make_by(&world, &teller, json!({"name": "x"})),
        world.call(&teller, "PATCH", &path, json!({"timeout": 20})),
        world.call(
            &teller,
            "POST",
            &world.path("/webhooks-tests"),
            body(json!({})),
        ),
    ];
    for refused in refusals {
        let refused = refused.expect(403);
        assert!(
            refused.error().contains("deployments.requests.get"),
            "{refused}"
        );
    }
    world.assign_on("deployment", "d", "deployment-request-user", &teller.id);
    make_by(&world, &teller, json!({"name": "x"})).expect(201);
    world
        .call(&teller, "PATCH", &path, json!({"timeout": 20}))
        .expect(200);
}

#[test]
fn what_has_become_of_a_request_is_told_and_signed() {
    let world = world();
    let headers = json!([{"key": "Authorization", "value": "sesame", "protected": true}, {"key": "X-A", "value": "$b", "protected": false}]);
    let made = make(&world, json!({"headers": headers}));
    make(
        &world,
        json!({"name": "started", "event": "deployment_request_started"}),
    );
    make(
        &world,
        json!({"name": "failed", "event": "deployment_request_failed"}),
    );
    make(&world, json!({"name": "off", "enabled": false}));
    let answer = request(&world);
    assert_eq!((waiting(&world), told(&world).len()), (2, 0));
    minutes_later(&world, 1);
    let mut sent = told(&world);
    sent.sort_by_key(|outgoing| event(outgoing)["type"].to_string());
    let [completed, started] = &sent[..] else {
        panic!("{sent:?}");
    };
    assert!(verifies(completed, &secret(&made["secret"])));
    assert!(!verifies(started, &secret(&made["secret"])));
    let record = {
        let path = world.path(&format!(
            "/deployments/d/requests/{}",
            answer["id"].as_str().unwrap()
        ));
        world.get(&world.robot(), &path).expect(200).json()
    };
    let data = json!({
        "id": answer["id"], "project": "vision", "deployment": "d", "version": "v1", "status": "completed",
        "time_created": record["time_created"], "time_started": record["time_started"],
        "time_completed": record["time_completed"], "error_message": null, "test": false,
    });
    let expected = json!({"type": "deployment_request_completed", "timestamp": record["time_completed"], "data": data});
    assert_eq!(event(completed), expected);
    let of_start = event(started);
    assert_eq!(
        (
            &of_start["type"],
            &of_start["data"]["status"],
            &of_start["data"]["time_completed"]
        ),
        (
            &json!("deployment_request_started"),
            &json!("processing"),
            &json!(null)
        )
    );
    let sent = ["authorization", "x-a", "content-type"].map(|name| header(completed, name));
    assert_eq!(sent, ["sesame", "$b", "application/json"]);
    assert_eq!(completed.timeout, 10_000);
    assert_eq!(waiting(&world), 0);
    let shown = shown(&world);
    assert_eq!(
        (&shown["last_status"], &shown["last_error"]),
        (&json!("completed"), &json!(null))
    );
    // Once.
    minutes_later(&world, 60);
    assert_eq!(told(&world).len(), 2);
    // One that failed is told to the other.
    world.upstream.at(UPSTREAM, Reply::new(500));
    request(&world);
    minutes_later(&world, 1);
    let last = told(&world).pop().unwrap();
    let of_failure = event(&last);
    assert_eq!(of_failure["type"], "deployment_request_failed");
    assert!(
        of_failure["data"]["error_message"]
            .as_str()
            .unwrap()
            .contains("500")
    );
}

#[test]
fn one_of_a_version_is_told_of_that_alone() {
    let world = world();
    make(&world, json!({"version": "v1"}));
    let other = world.path("/deployments/d/versions");
    world
        .call(&world.owner(), "POST", &other, json!({"version": "v2"}))
        .expect(201);
    let path = world.path("/deployments/d/versions/v2/requests");
    world
        .call(&world.robot(), "POST", &path, json!({"x": 1}))
        .expect(200);
    assert_eq!(waiting(&world), 0);
    request(&world);
    assert_eq!(waiting(&world), 1);
}

#[test]
fn the_result_goes_along_where_it_is_asked_for_and_kept() {
    for (mode, output, expected) in [
        ("full", "structured", json!({"y": 2})),
        ("full", "plain", json!("{\"y\":2}")),
        ("metadata", "structured", json!(null)),
        ("none", "structured", json!(null)),
    ] {
        let world = world();
        set(&world, &json!({"request_retention_mode": mode}));
        world.execute("UPDATE deployments SET output_type = ?1", [output]);
        make(&world, json!({"include_result": true}));
        request(&world);
        minutes_later(&world, 1);
        let sent = told(&world);
        assert_eq!(sent.len(), 1, "{mode} {output}");
        let data = event(&sent[0])["data"].clone();
        assert_eq!(
            (&data["result"], &data["status"]),
            (&expected, &json!("completed")),
            "{mode} {output}"
        );
    }
    let world = world();
    world.upstream.at(
        UPSTREAM,
        Reply::json(&json!({"y": 2, "n": "n".repeat(262_144)})),
    );
    make(&world, json!({"include_result": true}));
    request(&world);
    minutes_later(&world, 1);
    assert_eq!(event(&told(&world)[0])["data"]["result"], json!(null));
}

#[test]
fn what_keeps_nothing_is_told_and_gone() {
    let world = world();
    set(&world, &json!({"request_retention_mode": "none"}));
    make(&world, json!({}));
    make(
        &world,
        json!({"name": "s", "event": "deployment_request_started"}),
    );
    make(
        &world,
        json!({"name": "f", "event": "deployment_request_failed"}),
    );
    request(&world);
    assert_eq!(
        (
            world.count("SELECT count(*) FROM requests"),
            waiting(&world)
        ),
        (0, 2)
    );
    assert!(world.used("input_volume") > 0);
    // And where nobody settles it.
    let batch = world.path("/deployments/d/requests/batch");
    world
        .call(&world.robot(), "POST", &batch, json!([{"x": 1}]))
        .expect(200);
    world.execute(
        "UPDATE requests SET status = 'processing', time_started = time_created, lease_end = time_created + 1, leased = 0,
           leased_time = 0, price = 0, day = 0, retention_mode = 'none'",
        [],
    );
    minutes_later(&world, 2);
    assert_eq!(world.count("SELECT count(*) FROM requests"), 0);
    let types: Vec<Json> = told(&world)
        .iter()
        .map(|sent| event(sent)["type"].clone())
        .collect();
    let failed = types
        .iter()
        .filter(|name| *name == "deployment_request_failed")
        .count();
    assert_eq!((types.len(), failed), (4, 1));
}

#[test]
fn a_request_without_webhooks_writes_and_asks_no_more_than_before() {
    let world = world();
    let cost = |world: &World| {
        let answer = world
            .request(&world.robot(), "d", &json!({"x": 1}))
            .expect(200);
        let log: Json = serde_json::from_str(&answer.log).unwrap();
        (log["rows_written"].clone(), answer.trips)
    };
    cost(&world);
    let without = cost(&world);
    make(&world, json!({"event": "deployment_request_failed"}));
    // One that is told nothing of it costs nothing either.
    assert_eq!(cost(&world), without);
    assert_eq!(waiting(&world), 0);
}

#[test]
fn a_request_that_was_void_has_never_started() {
    let world = world();
    make(&world, json!({"event": "deployment_request_started"}));
    world
        .request(&world.robot(), "d", &json!({"x": "a"}))
        .expect(400);
    assert_eq!(waiting(&world), 0);
    minutes_later(&world, 1);
    assert!(told(&world).is_empty());
}

#[test]
fn what_nobody_settled_and_what_may_not_run_is_told_too() {
    let world = world();
    make(&world, json!({"event": "deployment_request_failed"}));
    let batch = world.path("/deployments/d/requests/batch");
    let maker = world.service_user(&["deployment-request-user"]);
    world
        .call(&maker, "POST", &batch, json!([{"x": 1}, {"x": 2}]))
        .expect(200);
    world.execute(
        "UPDATE requests SET status = 'processing', time_started = time_created, lease_end = time_created + 1, leased = 0,
           leased_time = 0, price = 0, day = 0 WHERE id = (SELECT min(id) FROM requests)",
        [],
    );
    let path = world.path(&format!("/service-users/{}", maker.id));
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    minutes_later(&world, 2);
    minutes_later(&world, 1);
    let sentences: Vec<String> = told(&world)
        .iter()
        .map(|sent| {
            event(sent)["data"]["error_message"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(sentences.len(), 2, "{sentences:?}");
    assert!(
        sentences
            .iter()
            .any(|sentence| sentence.contains("not settled"))
    );
    assert!(
        sentences
            .iter()
            .any(|sentence| sentence.contains("may not make requests"))
    );
}

#[test]
fn a_receiver_that_is_down_is_tried_eight_times_in_two_days() {
    let world = world();
    make(&world, json!({}));
    world.upstream.at(TOLD, Reply::new(404));
    request(&world);
    world.pass(MINUTE);
    let mut pauses = Vec::new();
    while waiting(&world) > 0 {
        let due = world.count("SELECT due_at FROM webhook_deliveries") - world.now().as_millis();
        pauses.push(due.max(0) / 1_000);
        // Not a moment earlier.
        world.pass((due - 1).max(0));
        let before = told(&world).len();
        world.minute();
        assert_eq!(told(&world).len() > before, due <= 0);
        world.pass(i64::from(due > 0));
        world.minute();
    }
    assert_eq!(pauses, [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 86_400]);
    assert_eq!(told(&world).len(), 8);
    let shown = shown(&world);
    assert_eq!(
        (&shown["last_status"], &shown["last_error"]),
        (&json!("failed"), &json!("it answered 404"))
    );
    let sent = told(&world);
    let ids: Vec<_> = sent
        .iter()
        .map(|outgoing| header(outgoing, "webhook-id"))
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert!(sent.iter().all(|outgoing| outgoing.body == sent[0].body));
}

#[test]
fn one_without_retries_is_tried_once() {
    let world = world();
    make(&world, json!({"retry": false}));
    world.upstream.at(TOLD, Reply::failing(CallFault::TimedOut));
    request(&world);
    minutes_later(&world, 1);
    minutes_later(&world, 10);
    assert_eq!((told(&world).len(), waiting(&world)), (1, 0));
    assert_eq!(
        shown(&world)["last_error"],
        "it took longer than 10 seconds"
    );
}

#[test]
fn who_is_gone_is_told_nothing_any_more() {
    let world = world();
    make(&world, json!({}));
    for _ in 0..6 {
        request(&world);
    }
    world.upstream.at(TOLD, Reply::new(410));
    minutes_later(&world, 1);
    let shown = shown(&world);
    assert_eq!((&shown["enabled"], waiting(&world)), (&json!(false), 0));
    let so_far = told(&world).len();
    assert!(so_far <= 5, "{so_far}");
    request(&world);
    minutes_later(&world, 10);
    assert_eq!(told(&world).len(), so_far);
    // What waits goes when it is switched off by hand, too.
    patch(&world, "", json!({"enabled": true})).expect(200);
    request(&world);
    assert_eq!(waiting(&world), 1);
    patch(&world, "", json!({"enabled": false})).expect(200);
    assert_eq!(waiting(&world), 0);
}

#[test]
fn redirects_and_server_errors_are_failures() {
    for (reply, error) in [
        (Reply::new(302), "it answered 302"),
        (Reply::new(503), "it answered 503"),
        (
            Reply::failing(CallFault::Connection("reset".to_owned())),
            "it could not be reached",
        ),
    ] {
        let world = world();
        make(&world, json!({}));
        world.upstream.at(TOLD, reply);
        request(&world);
        minutes_later(&world, 1);
        assert_eq!(shown(&world)["last_error"], error);
        // The platform's words are for the log.
        assert!(!shown(&world).to_string().contains("reset"));
        // It comes back.
        world.upstream.at(TOLD, Reply::new(200));
        minutes_later(&world, 1);
        assert_eq!(
            (&shown(&world)["last_status"], waiting(&world)),
            (&json!("completed"), 0)
        );
    }
}

#[test]
fn through_the_queue_it_is_told_at_once_and_once_more_after_five_seconds() {
    let world = with_queue();
    let queue = world.queue.clone().unwrap();
    make(&world, json!({}));
    make(
        &world,
        json!({"name": "s", "event": "deployment_request_started"}),
    );
    world
        .upstream
        .at(UPSTREAM, Reply::json(&json!({"y": 2})).late(1_000));
    request(&world);
    // Once for the start and once for the end; whoever comes second finds nothing.
    let messages = queue.take();
    assert_eq!(messages.len(), 2);
    world.upstream.at(TOLD, Reply::new(500));
    assert_eq!(world.deliver(&messages[..1]), [Some(5)]);
    assert_eq!(told(&world).len(), 2);
    // It comes too early.
    assert_eq!(world.deliver(&messages), [Some(5), Some(5)]);
    assert_eq!(told(&world).len(), 2);
    world.pass(5_000);
    world.upstream.at(TOLD, Reply::new(200));
    assert_eq!(world.deliver(&messages), [None, None]);
    assert_eq!((told(&world).len(), waiting(&world)), (4, 0));
}

#[test]
fn what_the_queue_forgets_doubles_or_turns_round_is_told_all_the_same() {
    let world = with_queue();
    let queue = world.queue.clone().unwrap();
    make(&world, json!({}));
    // Never delivered: the scheduled run tells the queue again, and what that forgets too comes again.
    request(&world);
    queue.take();
    minutes_later(&world, 1);
    assert_eq!((queue.take().len(), told(&world).len()), (1, 0));
    minutes_later(&world, 1);
    assert!(queue.take().is_empty());
    minutes_later(&world, 10);
    let messages = queue.take();
    assert_eq!(messages.len(), 1);
    // A queue that takes nothing: the run does without.
    queue.fails(true);
    minutes_later(&world, 10);
    assert_eq!(told(&world).len(), 1);
    queue.fails(false);
    // Twice, and the other way round.
    let ids: Vec<Json> = (0..3).map(|_| request(&world)["id"].clone()).collect();
    let mut messages = queue.take();
    messages.extend(messages.clone());
    messages.reverse();
    world.deliver(&messages);
    let sent: Vec<Json> = told(&world)[1..]
        .iter()
        .map(|sent| event(sent)["data"]["id"].clone())
        .collect();
    assert_eq!(sent.len(), 3);
    assert!(ids.iter().all(|id| sent.contains(id)));
}

#[test]
fn two_who_tell_at_once_tell_once_and_what_one_did_not_come_back_from_is_told_again() {
    let world = world();
    make(&world, json!({}));
    request(&world);
    let racing = world.clone();
    let first = std::cell::Cell::new(true);
    let reply = Reply::new(200).after(move || {
        if first.replace(false) {
            racing.minute();
        }
    });
    world.upstream.at(TOLD, reply);
    minutes_later(&world, 1);
    assert_eq!((told(&world).len(), waiting(&world)), (1, 0));
    // A claim that is lost ends with its time.
    request(&world);
    let later = world.now().as_millis() + 5 * MINUTE;
    world.execute(
        "UPDATE webhook_deliveries SET claim_id = 'lost', offered = 0, due_at = ?1",
        [later],
    );
    minutes_later(&world, 4);
    assert_eq!(told(&world).len(), 1);
    minutes_later(&world, 1);
    assert_eq!((told(&world).len(), waiting(&world)), (2, 0));
}

#[test]
fn one_host_is_told_four_things_at_once() {
    let world = with_queue();
    let queue = world.queue.clone().unwrap();
    for number in 0..6 {
        make(&world, json!({"name": format!("w{number}")}));
    }
    request(&world);
    let messages = queue.take();
    let most = std::rc::Rc::new(std::cell::Cell::new(0));
    let (seen, counting) = (most.clone(), world.clone());
    let reply = Reply::new(200).late(1_000).after(move || {
        let now =
            counting.count("SELECT count(*) FROM webhook_deliveries WHERE claim_id IS NOT NULL");
        seen.set(seen.get().max(now));
    });
    world.upstream.at(TOLD, reply);
    assert_eq!(world.deliver(&messages), [Some(5)]);
    assert_eq!((told(&world).len(), most.get(), waiting(&world)), (4, 4, 2));
    assert_eq!(world.deliver(&messages), [None]);
    assert_eq!((told(&world).len(), waiting(&world)), (6, 0));
}

#[test]
fn a_host_that_has_failed_twenty_times_is_tried_hourly() {
    let world = world();
    make(&world, json!({"retry": false}));
    let url = "https://other.acme.com/";
    world.upstream.at(url, Reply::new(200));
    make(&world, json!({"name": "other", "url": url}));
    world.upstream.at(TOLD, Reply::new(500));
    for _ in 0..25 {
        request(&world);
    }
    for _ in 0..9 {
        minutes_later(&world, 1);
    }
    let of_host = |url: &str| told(&world).iter().filter(|sent| sent.url == url).count();
    // Those that were under way when the twentieth failed have been tried as well.
    let tried = of_host(TOLD);
    assert!((20..24).contains(&tried), "{tried}");
    assert_eq!(of_host(url), 25);
    minutes_later(&world, 30);
    assert_eq!(of_host(TOLD), tried);
    minutes_later(&world, 31);
    assert_eq!(of_host(TOLD), tried + 1);
    world.upstream.at(TOLD, Reply::new(200));
    for _ in 0..64 {
        minutes_later(&world, 1);
    }
    assert_eq!((of_host(TOLD), waiting(&world)), (25, 0));
    assert_eq!(world.count("SELECT count(*) FROM webhook_hosts"), 0);
}

#[test]
fn a_host_that_answers_with_errors_of_its_callers_is_well() {
    let world = world();
    make(&world, json!({"retry": false}));
    world.upstream.at(TOLD, Reply::new(404));
    for _ in 0..25 {
        request(&world);
    }
    minutes_later(&world, 1);
    assert_eq!(
        (
            told(&world).len(),
            world.count("SELECT count(*) FROM webhook_hosts")
        ),
        (25, 0)
    );
}

#[test]
fn no_more_than_a_thousand_events_wait_for_one() {
    let world = world();
    make(&world, json!({}));
    request(&world);
    world.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
         INSERT INTO webhook_deliveries (record_id, webhook_id, event, project_id, host, status, time_created, due_at)
         SELECT 'n' || i, webhook_id, event, project_id, host, status, time_created, due_at
         FROM n JOIN webhook_deliveries",
        [],
    );
    request(&world);
    assert_eq!(waiting(&world), 1_000);
}

#[test]
fn it_is_called_only_where_that_is_allowed_now() {
    let world = world();
    make(&world, json!({}));
    request(&world);
    let strict = world.with_settings(&[("UPSTREAM_ALLOWED_HOSTS", "models.example.com")]);
    strict.pass(MINUTE);
    strict.minute();
    assert!(told(&world).is_empty());
    assert!(
        shown(&world)["last_error"]
            .as_str()
            .unwrap()
            .contains("shop.acme.com")
    );
}

#[test]
fn another_secret_is_shown_once_and_the_one_before_signs_for_a_while() {
    let world = world();
    let before = secret(&make(&world, json!({}))["secret"]);
    assert!(shown(&world).get("secret").is_none());
    patch(&world, "?rotate_secret=x", json!({})).expect(400);
    let after = secret(
        &patch(&world, "?rotate_secret=3600", json!({}))
            .expect(200)
            .json()["secret"],
    );
    request(&world);
    minutes_later(&world, 1);
    let sent = told(&world).pop().unwrap();
    assert!(verifies(&sent, &before) && verifies(&sent, &after));
    world.pass(HOUR);
    request(&world);
    minutes_later(&world, 1);
    let sent = told(&world).pop().unwrap();
    assert!(!verifies(&sent, &before) && verifies(&sent, &after));
    // At once.
    let last = secret(
        &patch(&world, "?rotate_secret=0", json!({}))
            .expect(200)
            .json()["secret"],
    );
    request(&world);
    minutes_later(&world, 1);
    let sent = told(&world).pop().unwrap();
    assert!(!verifies(&sent, &after) && verifies(&sent, &last));
}

#[test]
fn protected_headers_go_to_another_host_only_where_they_are_given_anew() {
    let world = world();
    let headers = json!([{"key": "Authorization", "value": "sesame", "protected": true}]);
    make(&world, json!({"headers": headers}));
    let url = "https://other.acme.com/told";
    let refused = patch(&world, "", json!({"url": url})).expect(400);
    assert!(refused.error().contains("protected headers"), "{refused}");
    patch(
        &world,
        "",
        json!({"url": "https://shop.acme.com/elsewhere"}),
    )
    .expect(200);
    patch(&world, "", json!({"url": url, "headers": headers})).expect(200);
    patch(&world, "", json!({"url": TOLD, "headers": []})).expect(200);
    patch(&world, "", json!({"url": url})).expect(200);
}

#[test]
fn its_secrets_are_counted_and_sealed_anew_after_a_rotation() {
    let world = world();
    let headers = json!([{"key": "Authorization", "value": "sesame", "protected": true}]);
    let made = make(&world, json!({"headers": headers}));
    let now = secret(
        &patch(&world, "?rotate_secret=600000", json!({}))
            .expect(200)
            .json()["secret"],
    );
    let before = secret(&made["secret"]);
    let new = ("SIGNING_KEY", "the signing key after it");
    let during = world.with_settings(&[new, ("SIGNING_KEY_PREVIOUS", SIGNING_KEY)]);
    let rows = |world: &World| {
        let shown = world
            .get(&world.operator(), "/operator/v1/keys")
            .expect(200)
            .json();
        [0, 1].map(|at| shown["keys"][at]["rows"].as_i64().unwrap())
    };
    // With the upstream's own.
    assert_eq!(rows(&during), [0, 4]);
    during.minute();
    assert_eq!(rows(&during), [4, 0]);
    let after = world.with_settings(&[new]);
    request(&after);
    minutes_later(&after, 1);
    let sent = told(&after).pop().unwrap();
    assert!(verifies(&sent, &before) && verifies(&sent, &now));
    assert_eq!(header(&sent, "authorization"), "sesame");
}

#[test]
fn without_its_key_it_says_what_to_do() {
    let world = world();
    make(&world, json!({}));
    request(&world);
    let other = world.with_settings(&[("SIGNING_KEY", "another key")]);
    other.pass(MINUTE);
    other.minute();
    assert!(told(&world).is_empty());
    assert!(
        shown(&world)["last_error"]
            .as_str()
            .unwrap()
            .contains("rotate_secret")
    );
}

#[test]
fn a_test_tells_of_itself_and_is_forgotten() {
    let world = with_queue();
    let path = world.path("/webhooks-tests");
    let try_it = |event: &str| {
        let body = json!({"object_type": "deployment", "object_name": "d", "url": TOLD, "event": event, "include_result": true});
        world
            .send(
                Call::new("POST", path.clone())
                    .by(&world.robot())
                    .json(&body),
            )
            .expect(201)
            .json()
    };
    let read = |test: &Json| {
        let path = world.path(&format!("/webhooks-tests/{}", test["id"].as_str().unwrap()));
        world.get(&world.robot(), &path).expect(200).json()
    };
    let test = try_it("deployment_request_completed");
    assert_eq!(
        (&test["status"], &test["error_message"]),
        (&json!("pending"), &json!(null))
    );
    assert_eq!(
        read(&test),
        json!({"id": test["id"], "status": "pending", "error_message": null})
    );
    world.deliver_all();
    let sent = told(&world).pop().unwrap();
    assert!(verifies(&sent, &secret(&test["secret"])));
    let data = event(&sent)["data"].clone();
    assert_eq!(
        (&data["test"], &data["id"], &data["result"]),
        (&json!(true), &test["id"], &json!(null))
    );
    assert_eq!(read(&test)["status"], "completed");
    // One that fails is not tried again.
    world.upstream.at(TOLD, Reply::new(500));
    let test = try_it("deployment_request_failed");
    world.deliver_all();
    assert_eq!(
        read(&test),
        json!({"id": test["id"], "status": "failed", "error_message": "it answered 500"})
    );
    assert_eq!(waiting(&world), 0);
    // A test is no webhook: it is in no list, and requests tell it nothing.
    let list = world
        .get(&world.owner(), &world.path("/webhooks"))
        .expect(200)
        .json();
    assert_eq!(list, json!([]));
    request(&world);
    assert_eq!(waiting(&world), 0);
    let first = test;
    for _ in 0..12 {
        world.pass(1_000);
        try_it("deployment_request_started");
    }
    assert_eq!(world.count("SELECT count(*) FROM webhooks"), 10);
    let path = world.path(&format!(
        "/webhooks-tests/{}",
        first["id"].as_str().unwrap()
    ));
    world.get(&world.robot(), &path).expect(404);
    world.hours_later(25);
    assert_eq!(world.count("SELECT count(*) FROM webhooks"), 0);
}

#[test]
fn it_goes_with_its_deployment_and_with_its_version() {
    let world = world();
    make(&world, json!({"version": "v1"}));
    make(&world, json!({"name": "all"}));
    request(&world);
    assert_eq!(waiting(&world), 2);
    let version = world.path("/deployments/d/versions/v1");
    let default = json!({"default_version": null});
    world
        .call(
            &world.owner(),
            "PATCH",
            &world.path("/deployments/d"),
            default,
        )
        .expect(200);
    world
        .call(&world.owner(), "DELETE", &version, Json::Null)
        .expect(204);
    world
        .get(&world.owner(), &world.path("/webhooks/w"))
        .expect(404);
    // The other is told all the same.
    minutes_later(&world, 1);
    assert_eq!(event(&told(&world)[0])["data"]["version"], json!(null));
    world
        .call(
            &world.owner(),
            "DELETE",
            &world.path("/deployments/d"),
            Json::Null,
        )
        .expect(204);
    assert_eq!(world.count("SELECT count(*) FROM webhooks"), 0);
}

/// The webhook `w` of the pipeline `p`.
fn of_pipeline(more: Json) -> Json {
    let mut body = json!({"object_type": "pipeline", "object_name": "p", "event": "pipeline_request_completed"});
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    body
}

/// The pipeline `p` runs the deployment `d`.
fn world_of_pipeline() -> World {
    let world = world();
    world.pipeline_of("p", "deployment", "d");
    world
}

fn request_pipeline(world: &World, name: &str) -> Json {
    let path = world.path(&format!("/pipelines/{name}/requests"));
    let answer = world.call(&world.robot(), "POST", &path, json!({"in": 1}));
    answer.expect(200).json()
}

/// The events that were sent, by their type.
fn events(world: &World) -> Vec<Json> {
    let mut events: Vec<Json> = told(world).iter().map(event).collect();
    events.sort_by_key(|event| event["type"].to_string());
    events
}

fn types(world: &World) -> Vec<String> {
    let events = events(world);
    let types = events.iter().map(|event| event["type"].as_str().unwrap());
    types.map(str::to_owned).collect()
}

#[test]
fn what_has_become_of_a_request_to_a_pipeline_is_told() {
    let world = world_of_pipeline();
    let made = make(&world, of_pipeline(json!({"include_result": true})));
    assert_eq!(
        (&made["object_type"], &made["object_name"], &made["version"]),
        (&json!("pipeline"), &json!("p"), &json!(null))
    );
    for (name, end) in [("s", "started"), ("f", "failed")] {
        let event = format!("pipeline_request_{end}");
        make(
            &world,
            of_pipeline(json!({"name": name, "event": event, "version": "v2"})),
        );
    }
    // Of another version.
    make(
        &world,
        of_pipeline(json!({"name": "other", "version": "v1"})),
    );
    let answer = request_pipeline(&world, "p");
    assert_eq!(answer["status"], "completed");
    minutes_later(&world, 1);
    let sent = events(&world);
    let [completed, started] = &sent[..] else {
        panic!("{sent:?}");
    };
    let path = world.path(&format!(
        "/pipelines/p/requests/{}",
        answer["id"].as_str().unwrap()
    ));
    let record = world.get(&world.owner(), &path).expect(200).json();
    let data = json!({
        "id": answer["id"], "project": "vision", "pipeline": "p", "version": "v2", "status": "completed",
        "time_created": record["time_created"], "time_started": record["time_started"],
        "time_completed": record["time_completed"], "error_message": null, "test": false, "result": {"out": 2},
    });
    let expected = json!({"type": "pipeline_request_completed", "timestamp": record["time_completed"], "data": data});
    assert_eq!(*completed, expected);
    assert_eq!(
        (&started["type"], &started["data"]["status"]),
        (&json!("pipeline_request_started"), &json!("processing"))
    );
    // It has failed with its object.
    world.upstream.at(UPSTREAM, Reply::new(500));
    assert_eq!(request_pipeline(&world, "p")["status"], "failed");
    minutes_later(&world, 1);
    let sent = events(&world);
    assert_eq!(
        types(&world),
        [
            "pipeline_request_completed",
            "pipeline_request_failed",
            "pipeline_request_started",
            "pipeline_request_started"
        ]
    );
    let message = sent[1]["data"]["error_message"].as_str().unwrap();
    assert!(message.contains("500"), "{message}");
    // As an item of a batch, which runs with the scheduled run.
    let batch = world.path("/pipelines/p/requests/batch");
    world
        .call(&world.robot(), "POST", &batch, json!([{"in": 1}]))
        .expect(200);
    minutes_later(&world, 1);
    minutes_later(&world, 1);
    assert_eq!(types(&world).len(), 6);
    assert_eq!(waiting(&world), 0);
}

#[test]
fn a_pipeline_is_told_nothing_of_its_objects_and_they_of_their_own_requests() {
    for mode in ["full", "none"] {
        let world = world_of_pipeline();
        world.pipeline_of("q", "pipeline", "p");
        let settings = json!({"request_retention_mode": mode}).to_string();
        world.execute(
            "UPDATE pipeline_versions SET settings = ?1",
            [settings.clone()],
        );
        world.execute("UPDATE deployment_versions SET settings = ?1", [settings]);
        make(&world, json!({}));
        make(
            &world,
            json!({"name": "ds", "event": "deployment_request_started"}),
        );
        for (name, pipeline, end) in [
            ("p", "p", "completed"),
            ("ps", "p", "started"),
            ("q", "q", "completed"),
            ("qs", "q", "started"),
        ] {
            let event = format!("pipeline_request_{end}");
            make(
                &world,
                of_pipeline(json!({"name": name, "object_name": pipeline, "event": event})),
            );
        }
        assert_eq!(request_pipeline(&world, "q")["status"], "completed");
        minutes_later(&world, 1);
        // The deployment has been requested, by way of p, which is an object of q.
        assert_eq!(
            types(&world),
            [
                "deployment_request_completed",
                "deployment_request_started",
                "pipeline_request_completed",
                "pipeline_request_started"
            ],
            "{mode}"
        );
        let of_pipelines = events(&world);
        let of_pipelines = of_pipelines
            .iter()
            .filter_map(|event| event["data"]["pipeline"].as_str());
        assert_eq!(of_pipelines.collect::<Vec<_>>(), ["q", "q"], "{mode}");
        let left = world.count("SELECT count(*) FROM requests");
        assert_eq!(left, if mode == "none" { 0 } else { 3 });
    }
}

#[test]
fn what_nobody_settled_of_a_pipeline_in_a_pipeline_goes_without_a_word() {
    let world = world_of_pipeline();
    make(
        &world,
        of_pipeline(json!({"event": "pipeline_request_failed"})),
    );
    request_pipeline(&world, "p");
    world.execute(
        "UPDATE requests SET status = 'processing', time_completed = NULL, lease_end = time_created + 1, leased = 0,
           leased_time = 0, price = 0, day = 0, retention_mode = 'none', parent_id = 'another' WHERE object_type = 'pipeline'",
        [],
    );
    minutes_later(&world, 2);
    let left = "SELECT count(*) FROM requests WHERE object_type = 'pipeline'";
    assert_eq!((world.count(left), told(&world).len()), (0, 0));
}

#[test]
fn events_of_a_pipeline_are_its_own_and_it_has_ten_webhooks() {
    let world = world_of_pipeline();
    let wrong = of_pipeline(json!({"event": "deployment_request_completed"}));
    let refused = make_by(&world, &world.robot(), wrong).expect(400);
    assert!(
        refused
            .error()
            .contains("pipeline_request_started, pipeline_request_completed"),
        "{refused}"
    );
    make(&world, of_pipeline(json!({})));
    patch(&world, "", json!({"event": "deployment_request_failed"})).expect(400);
    patch(&world, "", json!({"event": "pipeline_request_failed"})).expect(200);
    let wrong = of_pipeline(json!({"name": "x", "version": "v9"}));
    let refused = make_by(&world, &world.robot(), wrong).expect(400);
    let says = "version: the pipeline 'p' has no version 'v9'";
    assert!(refused.error().contains(says), "{refused}");
    // Those of a deployment do not count.
    make(&world, json!({"name": "d"}));
    for number in 0..9 {
        make(&world, of_pipeline(json!({"name": format!("w{number}")})));
    }
    let eleventh = of_pipeline(json!({"name": "x"}));
    let refused = make_by(&world, &world.robot(), eleventh).expect(400);
    assert!(
        refused
            .error()
            .contains("a pipeline has at most 10 webhooks"),
        "{refused}"
    );
    let list = |query: &str| {
        let path = world.path(&format!("/webhooks?{query}"));
        let listed = world.get(&world.viewer(), &path).expect(200).json();
        listed.as_array().unwrap().len()
    };
    assert_eq!(
        [
            "object_type=pipeline",
            "object_type=deployment",
            "object_type=pipeline&event=pipeline_request_failed",
            "object_type=pipeline&limit=3"
        ]
        .map(list),
        [10, 1, 1, 3]
    );
}

#[test]
fn a_webhook_of_a_pipeline_needs_the_right_to_read_requests_of_that() {
    let world = world_of_pipeline();
    world.allow_custom_roles();
    let role = json!({"name": "teller", "permissions": ["webhooks.create", "webhooks.update"]});
    world
        .call(&world.owner(), "POST", &world.path("/roles"), role)
        .expect(201);
    let teller = world.service_user(&["teller", "deployment-request-user"]);
    make(&world, of_pipeline(json!({})));
    let path = world.path("/webhooks/w");
    let tests = world.path("/webhooks-tests");
    let refusals = [
        make_by(&world, &teller, of_pipeline(json!({"name": "x"}))),
        world.call(&teller, "PATCH", &path, json!({"timeout": 20})),
        world.call(&teller, "POST", &tests, body(of_pipeline(json!({})))),
    ];
    for refused in refusals {
        let refused = refused.expect(403);
        let says = "pipelines.requests.get";
        assert!(refused.error().contains(says), "{refused}");
    }
    world.assign_on("pipeline", "p", "pipeline-request-user", &teller.id);
    make_by(&world, &teller, of_pipeline(json!({"name": "x"}))).expect(201);
    world
        .call(&teller, "PATCH", &path, json!({"timeout": 20}))
        .expect(200);
}

#[test]
fn one_of_a_pipeline_can_be_tried() {
    let world = world_of_pipeline();
    for (told_of, status) in [
        ("pipeline_request_started", "processing"),
        ("pipeline_request_failed", "failed"),
        ("pipeline_request_completed", "completed"),
    ] {
        let test = body(of_pipeline(json!({"event": told_of})));
        let path = world.path("/webhooks-tests");
        world.call(&world.robot(), "POST", &path, test).expect(201);
        minutes_later(&world, 1);
        let sent = event(&told(&world).pop().unwrap());
        let data = &sent["data"];
        assert_eq!(
            (
                &sent["type"],
                &data["pipeline"],
                &data["status"],
                &data["test"]
            ),
            (&json!(told_of), &json!("p"), &json!(status), &json!(true))
        );
    }
}

#[test]
fn it_goes_with_its_pipeline_and_with_its_version() {
    let world = world_of_pipeline();
    make(&world, of_pipeline(json!({"version": "v2"})));
    make(&world, of_pipeline(json!({"name": "all"})));
    request_pipeline(&world, "p");
    assert_eq!(waiting(&world), 2);
    let path = world.path("/pipelines/p");
    let default = json!({"default_version": null});
    world
        .call(&world.owner(), "PATCH", &path, default)
        .expect(200);
    let version = format!("{path}/versions/v2");
    world
        .call(&world.owner(), "DELETE", &version, Json::Null)
        .expect(204);
    world
        .get(&world.owner(), &world.path("/webhooks/w"))
        .expect(404);
    // The other is told all the same.
    minutes_later(&world, 1);
    assert_eq!(event(&told(&world)[0])["data"]["version"], json!(null));
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    assert_eq!(world.count("SELECT count(*) FROM webhooks"), 0);
}

#[test]
fn no_webhook_takes_the_name_of_another() {
    let world = world();
    make(&world, json!({}));
    make(&world, json!({"name": "taken"}));
    patch(&world, "", json!({"name": "taken"})).refused(400, "name: ");
}

#[test]
fn who_may_still_read_requests_but_loses_the_right_to_webhooks_meanwhile_makes_and_changes_none() {
    for (method, below) in [("POST", ""), ("PATCH", "/w")] {
        let world = world();
        make(&world, json!({}));
        let role = world.custom_role(&["webhooks.create", "webhooks.update"]);
        let teller = world.service_user(&[&role]);
        world.assign_on("deployment", "d", "deployment-request-user", &teller.id);
        let path = world.path(&format!("/webhooks{below}"));
        let call = Call::new(method, path).by(&teller);
        let call = call.json(&body(json!({"name": "x"})));
        let lost = move |world: &World| {
            world.execute(
                "DELETE FROM role_assignments WHERE resource_type = 'project' AND assignee_id = ?1",
                [&teller.id],
            );
        };
        world.send_while(2, lost, call).expect(403);
    }
}
