//! The records of requests: listed, read, deleted and cancelled (docs/requests.md).

use futures::FutureExt;
use serde_json::{Value as Json, json};

use tenantry::store::requests::purge;

use testkit::records::record;
use testkit::{Answer, Call, Fault, World};

const SECOND: i64 = 1_000;
const DAY: i64 = 86_400_000;

/// A world with a deployment and a pipeline, `d` and `p`.
fn world() -> World {
    let world = World::new();
    world.deployment("d");
    world.pipeline("p");
    world
}

fn made(world: &World, fields: Json) -> String {
    record(world, "deployment", "d", fields)
}

fn to_d(world: &World, method: &str, rest: &str, body: Json) -> Answer {
    let path = world.path(&format!("/deployments/d/requests{rest}"));
    world.call(&world.robot(), method, &path, body)
}

fn get(world: &World, rest: &str) -> Answer {
    to_d(world, "GET", rest, Json::Null)
}

/// The ids that a list shows.
#[track_caller]
fn listed(world: &World, query: &str) -> Vec<String> {
    ids(&get(world, &format!("?{query}")).expect(200))
}

fn ids(answer: &Answer) -> Vec<String> {
    let list = answer.json();
    let list = list.as_array().unwrap().iter();
    list.map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

fn records(world: &World) -> i64 {
    world.count("SELECT count(*) FROM requests")
}

fn payloads(world: &World) -> i64 {
    world.count("SELECT count(*) FROM request_payloads")
}

fn status(world: &World, id: &str) -> String {
    let sql = "SELECT status FROM requests WHERE id = ?1";
    let connection = world.database.connection();
    connection.query_row(sql, [id], |row| row.get(0)).unwrap()
}

/// Five completed requests, a second apart.
fn five(world: &World) -> Vec<String> {
    let five = (0..5).map(|_| {
        world.pass(SECOND);
        made(world, json!({}))
    });
    five.collect()
}

#[test]
fn a_list_shows_what_was_completed_newest_first() {
    let world = world();
    let mut five = five(&world);
    for status in [
        "pending",
        "processing",
        "failed",
        "cancelled_pending",
        "cancelled",
    ] {
        made(&world, json!({"status": status}));
    }
    five.reverse();
    assert_eq!(listed(&world, ""), five);
    assert_eq!(listed(&world, "limit=2&offset=1"), five[1..3]);
    assert_eq!(listed(&world, "offset=5"), Vec::<String>::new());
}

#[test]
fn an_item_of_a_list_has_what_the_clients_read() {
    let world = world();
    let id = made(&world, json!({}));
    let item = get(&world, "").expect(200).json()[0].clone();
    let expected = json!({
        "id": id, "deployment": "d", "version": "v1", "status": "completed", "success": true,
        "time_created": world.now().to_offset_string(), "time_started": world.after(100),
        "time_completed": world.after(1_000), "input_size": 7, "output_size": 8,
    });
    assert_eq!(item, expected);
    record(&world, "pipeline", "p", json!({"status": "failed"}));
    let path = world.path("/pipelines/p/requests?status=failed");
    let item = world.get(&world.robot(), &path).expect(200).json()[0].clone();
    assert_eq!(
        (&item["pipeline"], &item["success"]),
        (&json!("p"), &json!(false))
    );
    assert!(item.get("deployment").is_none());
}

#[test]
fn a_list_is_narrowed_by_statuses() {
    let world = world();
    let of = |status: &str| made(&world, json!({"status": status}));
    let [pending, processing, failed, cancelled, ending, completed] = [
        "pending",
        "processing",
        "failed",
        "cancelled",
        "cancelled_pending",
        "completed",
    ]
    .map(of);
    for (status, expected) in [
        ("pending", vec![&pending]),
        ("processing", vec![&processing]),
        ("cancelled_pending", vec![&ending]),
        ("failed,completed", vec![&completed, &failed]),
        (
            "cancelled, completed,failed,cancelled_pending",
            vec![&completed, &ending, &cancelled, &failed],
        ),
        ("failed,failed", vec![&failed]),
    ] {
        let query = format!("status={}", status.replace(' ', "%20"));
        assert_eq!(
            listed(&world, &query).iter().collect::<Vec<_>>(),
            expected,
            "{status}"
        );
    }
    let refused = |query: &str, words: &str| get(&world, query).refused(400, words);
    refused("?status=done", "status: 'done' is not a status");
    refused(
        "?status=pending,failed",
        "status: pending and processing are not combined",
    );
}

#[test]
fn a_page_of_several_statuses_is_put_in_order() {
    let world = world();
    let mut all: Vec<String> = (0..9)
        .map(|number| {
            let status = ["completed", "failed", "cancelled"][number % 3];
            made(&world, json!({"status": status}))
        })
        .collect();
    all.reverse();
    let query = "status=completed,failed,cancelled&limit=4&offset=3";
    assert_eq!(listed(&world, query), all[3..7]);
}

#[test]
fn a_list_is_narrowed_by_dates() {
    let world = world();
    let five = five(&world);
    let at = |number: i64| {
        let date = world.after((number - 4) * SECOND);
        date.replace('+', "%2B")
    };
    let between = listed(&world, &format!("start_date={}&end_date={}", at(1), at(3)));
    assert_eq!(between, [&five[3], &five[2], &five[1]].map(String::clone));
    assert_eq!(listed(&world, &format!("end_date={}", at(0))), five[..1]);
    assert_eq!(listed(&world, &format!("start_date={}", at(4))), five[4..]);
    let turned = format!("?start_date={}&end_date={}", at(3), at(1));
    get(&world, &turned).refused(400, "start_date: it is after end_date");
    get(&world, "?end_date=soon").refused(400, "end_date: 'soon' is not a date");
}

#[test]
fn a_list_finds_a_part_of_an_id_and_a_whole_one() {
    let world = world();
    let five = five(&world);
    assert_eq!(
        listed(&world, &format!("search_id={}", &five[2][24..])),
        five[2..3]
    );
    assert_eq!(listed(&world, "search_id=-7000-8000-").len(), 5);
    assert_eq!(
        listed(&world, &format!("search_id={}", five[3].to_uppercase())),
        five[3..4]
    );
    assert_eq!(
        listed(&world, &format!("search_id={}", five[3].replace('-', ""))),
        five[3..4]
    );
    for none in ["zzz", "%25", "_", "00000000-0000-4000-8000-000000000001"] {
        assert!(
            listed(&world, &format!("search_id={none}")).is_empty(),
            "{none}"
        );
    }
    let late = world.after(SECOND).replace('+', "%2B");
    assert!(listed(&world, &format!("search_id={}&start_date={late}", five[3])).is_empty());
}

#[test]
fn how_much_is_listed_has_bounds() {
    let world = world();
    for query in ["limit=0", "limit=1001", "limit=x", "offset=-1"] {
        let name = query.split('=').next().unwrap();
        get(&world, &format!("?{query}")).refused(400, &format!("{name}: "));
    }
    get(&world, "?offset=10001").refused(400, "offset: 10001 is beyond 10000; what is older");
    get(&world, "?limit=1000&offset=10000").expect(200);
}

#[test]
fn a_path_without_a_version_means_the_default_one() {
    let world = world();
    let path = world.path("/deployments/d/versions");
    let v2 = json!({"version": "v2"});
    world.call(&world.owner(), "POST", &path, v2).expect(201);
    let first = made(&world, json!({}));
    let second = made(&world, json!({"version": "v2"}));
    assert_eq!(listed(&world, ""), [first.as_str()]);
    let of_v2 = |rest: &str| world.get(&world.robot(), &format!("{path}/v2/requests{rest}"));
    assert_eq!(ids(&of_v2("").expect(200)), [second.as_str()]);
    of_v2(&format!("/{second}")).expect(200);
    of_v2(&format!("/{first}")).refused(404, "there is no request");
    get(&world, &format!("/{second}")).refused(404, "to the version 'v1' of the deployment 'd'");
    let body = json!([first, second]);
    to_d(&world, "POST", "/collect", body.clone()).expect(404);
    to_d(&world, "POST", "/delete", body).expect(404);
    assert_eq!(records(&world), 2);
    let none = json!({"default_version": null});
    world
        .call(&world.owner(), "PATCH", &world.path("/deployments/d"), none)
        .expect(200);
    for (method, rest) in [
        ("GET", ""),
        ("GET", &*format!("/{first}")),
        ("DELETE", &format!("/{first}")),
    ] {
        to_d(&world, method, rest, Json::Null).refused(404, "has no default version");
    }
    let unknown = world.path("/deployments/d/versions/v9/requests");
    world
        .get(&world.robot(), &unknown)
        .refused(404, "has no version 'v9'");
}

#[test]
fn a_request_is_shown_with_what_was_sent_and_answered() {
    let world = world();
    let id = made(
        &world,
        json!({"attempt": 3, "additional_data": r#"{"path": "/x"}"#, "prompt_tokens": 5}),
    );
    let shown = get(&world, &format!("/{id}")).expect(200).json();
    let expected = json!({
        "id": id, "deployment": "d", "version": "v1", "status": "completed", "success": true,
        "time_created": world.now().to_offset_string(), "time_started": world.after(100),
        "time_completed": world.after(1_000), "timeout": 300, "request_data": {"x": 1}, "result": {"y": 2},
        "error_message": null, "origin": {"created_by": world.robot().email}, "input_size": 7, "output_size": 8,
        "additional_data": {"path": "/x"}, "retries": 2, "notification_group": null, "prompt_tokens": 5,
        "completion_tokens": null, "total_tokens": null,
    });
    assert_eq!(shown, expected);
    let bare = get(&world, &format!("/{id}?metadata_only=True"))
        .expect(200)
        .json();
    assert_eq!(
        (&bare["request_data"], &bare["result"]),
        (&Json::Null, &Json::Null)
    );
    assert_eq!(bare["input_size"], 7);
}

#[test]
fn a_request_to_a_pipeline_has_the_lists_that_clients_sort() {
    let world = world();
    let id = record(&world, "pipeline", "p", json!({"timeout": 3_600}));
    let path = world.path(&format!("/pipelines/p/requests/{id}"));
    let shown = world.get(&world.robot(), &path).expect(200).json();
    for list in [
        "deployment_requests",
        "operator_requests",
        "pipeline_requests",
    ] {
        assert_eq!(shown[list], json!([]));
    }
    assert_eq!(
        (&shown["pipeline"], &shown["pipeline_timeout"]),
        (&json!("p"), &json!(3_600))
    );
}

#[test]
fn success_is_true_of_what_was_completed_and_false_of_all_else() {
    let world = world();
    for status in [
        "pending",
        "processing",
        "completed",
        "failed",
        "cancelled_pending",
        "cancelled",
    ] {
        let id = made(&world, json!({"status": status}));
        let shown = get(&world, &format!("/{id}")).expect(200).json();
        assert_eq!(shown["success"], status == "completed", "{status}");
        assert_eq!(shown["status"], status);
    }
}

#[test]
fn a_plain_output_is_shown_as_the_text_that_it_is() {
    let world = world();
    let plain = json!({"name": "plain", "input_type": "plain", "output_type": "plain"});
    world
        .call(&world.owner(), "POST", &world.path("/deployments"), plain)
        .expect(201);
    let path = world.path("/deployments/plain/versions");
    let version = json!({"version": "v1"});
    world
        .call(&world.owner(), "POST", &path, version)
        .expect(201);
    let id = record(
        &world,
        "deployment",
        "plain",
        json!({"input": "hello", "input_type": "text/plain", "output_type": "text/plain"}),
    );
    let path = world.path(&format!("/deployments/plain/requests/{id}"));
    let shown = world.get(&world.robot(), &path).expect(200).json();
    assert_eq!(
        (&shown["request_data"], &shown["result"]),
        (&json!("hello"), &json!(r#"{"y":2}"#))
    );
}

#[test]
fn several_requests_are_read_at_once_all_or_none() {
    let world = world();
    let mut five = five(&world);
    let collect = |ids: Json| to_d(&world, "POST", "/collect", ids);
    let answer = collect(json!([five[0], five[3], five[0].to_uppercase()])).expect(200);
    let mut found = ids(&answer);
    found.sort();
    assert_eq!(found, [five.remove(0), five.remove(2)]);
    assert_eq!(answer.json()[0]["result"], json!({"y": 2}));
    let unknown = "019aaa4b-5c00-7c3d-9a2f-6b1e0d8f4a11";
    collect(json!([five[0], unknown])).refused(404, unknown);
    collect(json!(["x"])).refused(400, "[0]: 'x' is not an id");
    assert_eq!(collect(json!([])).expect(200).json(), json!([]));
    let id = |number: usize| format!("019aaa4b-5c00-7c3d-9a2f-{number:012x}");
    let many = (0..251).map(id).collect::<Vec<_>>();
    collect(json!(many)).refused(400, "the body has 251 ids; at most 250");
    collect(json!(many[..250])).expect(404);
}

#[test]
fn what_is_longer_than_an_answer_is_not_read_at_once() {
    let world = world();
    let long = format!("\"{}\"", "x".repeat(1 << 20));
    let nine: Vec<String> = (0..9)
        .map(|_| made(&world, json!({"input": long, "output": null})))
        .collect();
    to_d(&world, "POST", "/collect", json!(nine)).refused(400, "ask for fewer requests at once");
    to_d(&world, "POST", "/collect", json!(nine[..7])).expect(200);
}

#[test]
fn a_list_of_ids_need_not_be_declared_as_json() {
    let world = world();
    let id = made(&world, json!({}));
    let path = world.path("/deployments/d/requests/collect");
    for media_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let call = Call::new("POST", path.clone()).by(&world.robot());
        let answer = world.send(call.body(media_type, json!([id]).to_string()));
        assert_eq!(ids(&answer.expect(200)), [id.as_str()], "{media_type}");
    }
}

#[test]
fn what_was_sent_and_answered_comes_as_a_file_that_no_browser_shows() {
    let world = world();
    let id = made(
        &world,
        json!({"output": "<script>", "output_type": "text/html; charset=utf-8"}),
    );
    let input = get(&world, &format!("/{id}/input")).expect(200);
    assert_eq!(input.body, br#"{"x":1}"#);
    assert_eq!(input.header("content-type"), Some("application/json"));
    let name = format!("attachment; filename=\"{id}-input.json\"");
    assert_eq!(input.header("content-disposition"), Some(name.as_str()));
    let output = get(&world, &format!("/{id}/output")).expect(200);
    assert_eq!(output.body, b"<script>");
    assert_eq!(
        output.header("content-type"),
        Some("application/octet-stream")
    );
    let text = made(&world, json!({"output": "hi", "output_type": "text/plain"}));
    let output = get(&world, &format!("/{text}/output")).expect(200);
    assert_eq!(
        output.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let unkept = made(&world, json!({"output": null}));
    get(&world, &format!("/{unkept}/output")).refused(404, "is not kept, or not there yet");
    get(&world, "/x/output").refused(404, "there is no request 'x'");
}

#[test]
fn a_request_is_deleted_with_what_was_sent_and_answered_and_without_a_trail() {
    let world = world();
    let id = made(&world, json!({}));
    let other = made(&world, json!({}));
    let changes = world.count("SELECT count(*) FROM audit");
    to_d(&world, "DELETE", &format!("/{id}"), Json::Null).expect(204);
    get(&world, &format!("/{id}")).expect(404);
    assert_eq!((records(&world), payloads(&world)), (1, 2));
    to_d(&world, "DELETE", &format!("/{id}"), Json::Null).refused(404, "there is no request");
    let done = to_d(&world, "POST", "/delete", json!([other, other])).expect(200);
    assert_eq!(done.json(), json!({"success": true}));
    assert_eq!((records(&world), payloads(&world)), (0, 0));
    assert_eq!(world.count("SELECT count(*) FROM audit"), changes);
}

#[test]
fn what_waits_or_runs_is_not_deleted_nor_what_is_named_beside_it() {
    for status in ["pending", "processing", "cancelled_pending"] {
        let world = world();
        let ended = made(&world, json!({}));
        let open = made(&world, json!({"status": status}));
        let words = "pending or under way cannot be deleted";
        to_d(&world, "DELETE", &format!("/{open}"), Json::Null).refused(400, words);
        to_d(&world, "POST", "/delete", json!([ended, open])).refused(400, words);
        let unknown = "019aaa4b-5c00-7c3d-9a2f-6b1e0d8f4a11";
        to_d(&world, "POST", "/delete", json!([ended, unknown])).refused(404, unknown);
        assert_eq!(records(&world), 2);
    }
}

#[test]
fn what_begins_to_run_between_the_round_trips_is_not_deleted() {
    let world = world();
    let id = made(&world, json!({}));
    let path = world.path(&format!("/deployments/d/requests/{id}"));
    let begins = |world: &World| {
        world.execute("UPDATE requests SET status = 'processing'", []);
    };
    let call = Call::new("DELETE", path).by(&world.robot());
    world.send_while(2, begins, call).expect(400);
    assert_eq!(records(&world), 1);
}

#[test]
fn what_waits_is_cancelled_at_once() {
    let world = world();
    let id = made(&world, json!({"status": "pending"}));
    world.pass(SECOND);
    // The older clients send a whole request.
    let whole = json!({"id": id, "status": "cancelled", "time_created": "2026-06-15"});
    let shown = to_d(&world, "PATCH", &format!("/{id}"), whole.clone())
        .expect(200)
        .json();
    assert_eq!(
        (&shown["status"], &shown["success"]),
        (&json!("cancelled"), &json!(false))
    );
    assert_eq!(shown["time_completed"], world.now().to_offset_string());
    assert_eq!(shown["request_data"], json!({"x": 1}));
    world.pass(SECOND);
    let again = to_d(&world, "PATCH", &format!("/{id}"), whole)
        .expect(200)
        .json();
    assert_eq!(again, shown);
}

#[test]
fn of_what_runs_only_items_of_batches_and_schedules_are_cancelled() {
    let world = world();
    let cancelled = json!({"status": "cancelled"});
    for (kind, is_cancelled) in [
        ("batch", true),
        ("schedule", true),
        ("direct", false),
        ("stream", false),
        ("openai", false),
        ("service", false),
    ] {
        let id = made(&world, json!({"status": "processing", "kind": kind}));
        let answer = to_d(&world, "PATCH", &format!("/{id}"), cancelled.clone());
        if is_cancelled {
            let shown = answer.expect(200).json();
            assert_eq!(
                (&shown["status"], &shown["time_completed"]),
                (&json!("cancelled_pending"), &Json::Null)
            );
            continue;
        }
        answer.refused(400, "a direct or streamed request cannot be cancelled");
        let waiting = made(&world, json!({"status": "pending"}));
        to_d(&world, "POST", "/cancel", json!([waiting, id])).expect(400);
        assert_eq!(
            (status(&world, &id), status(&world, &waiting)),
            ("processing".into(), "pending".into())
        );
    }
}

#[test]
fn what_has_ended_stays_as_it_is() {
    let world = world();
    let waiting = made(&world, json!({"status": "pending"}));
    for ended in ["completed", "failed"] {
        let id = made(&world, json!({"status": ended}));
        let cancelled = json!({"status": "cancelled"});
        to_d(&world, "PATCH", &format!("/{id}"), cancelled).refused(400, "the request has ended");
        to_d(&world, "POST", "/cancel", json!([id, waiting])).expect(200);
        assert_eq!(
            (status(&world, &id), status(&world, &waiting)),
            (ended.into(), "cancelled".into())
        );
    }
}

#[test]
fn nothing_but_cancelled_is_set() {
    let world = world();
    let id = made(&world, json!({"status": "pending"}));
    let patch = |body: Json| to_d(&world, "PATCH", &format!("/{id}"), body);
    patch(json!({"status": "completed"})).refused(400, "status: 'completed' is not set by callers");
    patch(json!({"status": "done"})).refused(400, "status: 'done' is not a status");
    patch(json!({})).refused(400, "status");
    assert_eq!(status(&world, &id), "pending");
}

#[test]
fn all_of_a_status_are_cancelled_with_an_empty_list() {
    let world = world();
    let of = |fields: Json| made(&world, fields);
    let pending = of(json!({"status": "pending"}));
    let runs = of(json!({"status": "processing", "kind": "batch"}));
    let direct = of(json!({"status": "processing"}));
    let elsewhere = record(&world, "pipeline", "p", json!({"status": "pending"}));
    let cancel = |query: &str, ids: Json| to_d(&world, "POST", &format!("/cancel{query}"), ids);
    let is = |id: &str, expected: &str| assert_eq!(status(&world, id), expected);
    cancel("?status=pending", json!([])).expect(200);
    is(&pending, "cancelled");
    is(&runs, "processing");
    is(&elsewhere, "pending");
    let done = cancel("?status=processing", json!([])).expect(200);
    assert_eq!(done.json(), json!({"success": true}));
    is(&runs, "cancelled_pending");
    is(&direct, "processing");
    cancel("", json!([])).refused(400, "the body has no ids");
    cancel("?status=pending", json!([pending])).refused(400, "status: it goes with an empty list");
    cancel("?status=completed", json!([]))
        .refused(400, "status: 'completed' is not pending or processing");
}

#[test]
fn what_is_cancelled_keeps_what_its_retention_mode_says() {
    for all in [false, true] {
        let world = world();
        let of = |mode: &str| made(&world, json!({"status": "pending", "retention_mode": mode}));
        let waiting = ["full", "metadata", "none"].map(of);
        match all {
            true => to_d(&world, "POST", "/cancel?status=pending", json!([])),
            false => to_d(&world, "POST", "/cancel", json!(waiting)),
        }
        .expect(200);
        let [full, metadata, none] = waiting;
        let data =
            |id: &str| get(&world, &format!("/{id}")).expect(200).json()["request_data"].clone();
        assert_eq!(
            (data(&full), data(&metadata)),
            (json!({"x": 1}), Json::Null)
        );
        get(&world, &format!("/{none}")).expect(404);
        assert_eq!((records(&world), payloads(&world)), (2, 1));
    }
    let world = world();
    let id = made(
        &world,
        json!({"status": "pending", "retention_mode": "none"}),
    );
    let cancelled = json!({"status": "cancelled"});
    let shown = to_d(&world, "PATCH", &format!("/{id}"), cancelled).expect(200);
    assert_eq!(shown.text("status"), "cancelled");
    assert_eq!((records(&world), payloads(&world)), (0, 0));
}

#[test]
fn a_role_on_one_deployment_is_enough_for_its_requests_and_no_others() {
    let world = world();
    world.deployment("other");
    world.assign_on("deployment", "d", "deployment-viewer", &world.idle().id);
    let id = made(&world, json!({}));
    let foreign = record(&world, "deployment", "other", json!({}));
    let of = |object: &str, rest: &str| {
        let path = world.path(&format!("/deployments/{object}/requests{rest}"));
        world.get(&world.idle(), &path)
    };
    assert_eq!(ids(&of("d", "").expect(200)), [id.as_str()]);
    of("d", &format!("/{id}")).expect(200);
    of("d", &format!("/{foreign}")).expect(404);
    of("other", &format!("/{foreign}")).expect(403);
    let path = world.path(&format!("/deployments/d/requests/{id}"));
    world
        .call(&world.idle(), "DELETE", &path, Json::Null)
        .expect(403);
    // A list of the project is for who may list in the whole of it.
    let path = world.path("/requests?object_type=deployment");
    world
        .get(&world.idle(), &path)
        .refused(403, "deployments.requests.list");
}

#[test]
fn a_project_lists_what_has_ended_of_one_kind_of_object() {
    let world = world();
    let first = made(&world, json!({}));
    let failed = made(&world, json!({"status": "failed"}));
    made(&world, json!({"status": "pending"}));
    let piped = record(&world, "pipeline", "p", json!({}));
    let last = made(&world, json!({}));
    let list = |query: &str| world.get(&world.viewer(), &world.path(&format!("/requests?{query}")));
    let deployments = list("object_type=deployment").expect(200);
    assert_eq!(ids(&deployments), [last.as_str(), &first]);
    let item = deployments.json()[0].clone();
    assert_eq!(
        (&item["deployment"], &item["pipeline"], &item["version"]),
        (&json!("d"), &Json::Null, &json!("v1"))
    );
    let pipelines = list("object_type=pipeline").expect(200);
    assert_eq!(ids(&pipelines), [piped.as_str()]);
    assert_eq!(
        (
            &pipelines.json()[0]["deployment"],
            &pipelines.json()[0]["pipeline"]
        ),
        (&Json::Null, &json!("p"))
    );
    let both = list("object_type=deployment&status=failed,completed&limit=1&offset=1").expect(200);
    assert_eq!(ids(&both), [failed.as_str()]);
    let part = list(&format!(
        "object_type=deployment&search_id={}",
        &first[24..]
    ))
    .expect(200);
    assert_eq!(ids(&part), [first.as_str()]);
    list("").refused(400, "object_type: it is missing");
    list("object_type=bucket").refused(400, "object_type: 'bucket' is neither");
    list("object_type=deployment&status=pending")
        .refused(400, "status: this list shows what has ended");
    // A right lost between the round trips is lost.
    let call = Call::new("GET", world.path("/requests?object_type=deployment")).by(&world.viewer());
    let taken = |world: &World| {
        let sql = "DELETE FROM role_assignments WHERE user_id = ?1";
        world.execute(sql, [world.viewer().id]);
    };
    world.send_while(2, taken, call).expect(403);
}

#[test]
fn a_project_lists_nothing_of_a_version_that_is_gone() {
    let world = world();
    made(&world, json!({}));
    world
        .call(
            &world.owner(),
            "DELETE",
            &world.path("/deployments/d"),
            Json::Null,
        )
        .expect(204);
    let list = world.get(
        &world.viewer(),
        &world.path("/requests?object_type=deployment"),
    );
    assert_eq!(list.expect(200).json(), json!([]));
}

/// Whether more is left.
fn purge_once(world: &World) -> bool {
    let connection = world.connection();
    let run = purge::run(&connection, world.now()).now_or_never();
    run.unwrap().unwrap()
}

#[test]
fn a_record_goes_when_it_has_been_kept_for_its_time_after_its_end() {
    let world = world();
    let ended = made(&world, json!({"retention_time": 60}));
    let longer = made(&world, json!({"retention_time": 61, "status": "failed"}));
    made(&world, json!({"retention_time": 60, "status": "pending"}));
    made(
        &world,
        json!({"retention_time": 60, "status": "processing"}),
    );
    world.pass(61 * SECOND - 1);
    purge_once(&world);
    assert_eq!(records(&world), 4);
    world.pass(1);
    purge_once(&world);
    get(&world, &format!("/{ended}")).expect(404);
    get(&world, &format!("/{longer}")).expect(200);
    assert_eq!((records(&world), payloads(&world)), (3, 3));
    world.pass(DAY);
    purge_once(&world);
    assert_eq!(records(&world), 2);
}

#[test]
fn what_was_recorded_of_a_version_that_is_gone_goes_too_when_it_has_ended() {
    for rest in ["/deployments/d/versions/v1", "/deployments/d", ""] {
        let world = world();
        made(&world, json!({}));
        let runs = made(&world, json!({"status": "processing"}));
        let piped = record(&world, "pipeline", "p", json!({}));
        world
            .call(&world.owner(), "DELETE", &world.path(rest), Json::Null)
            .expect(204);
        purge_once(&world);
        let left = i64::from(!rest.is_empty()) + 1;
        assert_eq!(records(&world), left, "{rest}");
        assert_eq!(world.count("SELECT count(*) FROM deleted_versions"), 1);
        let settled = "UPDATE requests SET status = 'failed', time_completed = 0 WHERE id = ?1";
        world.execute(settled, [&runs]);
        purge_once(&world);
        assert_eq!(records(&world), left - 1, "{rest}");
        assert_eq!(world.count("SELECT count(*) FROM deleted_versions"), 0);
        assert_eq!(status_of_any(&world, &piped).is_some(), !rest.is_empty());
    }
}

fn status_of_any(world: &World, id: &str) -> Option<String> {
    let sql = "SELECT max(status) FROM requests WHERE id = ?1";
    let connection = world.database.connection();
    connection.query_row(sql, [id], |row| row.get(0)).unwrap()
}

#[test]
fn a_version_without_requests_leaves_nothing_behind() {
    let world = world();
    world
        .call(
            &world.owner(),
            "DELETE",
            &world.path("/deployments/d"),
            Json::Null,
        )
        .expect(204);
    assert_eq!(world.count("SELECT count(*) FROM deleted_versions"), 0);
}

#[test]
fn an_idempotency_key_stands_for_a_day() {
    let world = world();
    let key = "INSERT INTO idempotency_keys (project_id, caller_id, key_digest, fingerprint, request_id, creation_date)
               VALUES ('p', 'c', 'k', 'f', 'r', ?1)";
    world.execute(key, [world.now().as_millis()]);
    let keys = |world: &World| {
        purge_once(world);
        world.count("SELECT count(*) FROM idempotency_keys")
    };
    world.pass(DAY - 1);
    assert_eq!(keys(&world), 1);
    world.pass(1);
    assert_eq!(keys(&world), 0);
}

/// So many completed requests to `d`, made by one statement from one that is there.
fn multiply(world: &World, rows: i64, status: &str) {
    world.execute(
        "INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id, caller,
           time_created, time_started, time_completed, timeout, lease_end, leased, leased_time, price, day, workspace_id,
           quota_resource, attempt, input_size, output_size, run_time, credits, error_message, additional_data, prompt_tokens,
           completion_tokens, total_tokens, retention_mode, retention_time, due_at, offers, claim_id)
         SELECT r.project_id, printf('0170%04x-0000-7000-8000-%012x', n.value, abs(random()) % 281474976710656),
                r.organization_id, r.object_type, r.object_id, r.version_id, r.kind, ?2, r.caller_id, r.caller,
                r.time_created, r.time_started, 0, r.timeout, r.lease_end, r.leased, r.leased_time, r.price, r.day,
                r.workspace_id, r.quota_resource, r.attempt, r.input_size, r.output_size, r.run_time, r.credits,
                r.error_message, r.additional_data, r.prompt_tokens, r.completion_tokens, r.total_tokens,
                r.retention_mode, r.retention_time, r.due_at, r.offers, r.claim_id
         FROM (SELECT * FROM requests LIMIT 1) r,
              json_each('[' || substr(replace(hex(zeroblob(?1)), '00', ',1'), 2) || ']') n",
        (rows, status),
    );
}

#[test]
fn a_bounded_number_of_records_is_taken_at_once() {
    let world = world();
    made(&world, json!({"time_created": 0}));
    multiply(&world, 2 * purge::ROWS_AT_ONCE, "completed");
    let all = records(&world);
    world.pass(30 * DAY);
    for run in 1..=2 {
        assert!(purge_once(&world), "{run}");
        assert_eq!(records(&world), all - run * purge::ROWS_AT_ONCE);
    }
    assert!(!purge_once(&world));
    assert_eq!(records(&world), 0);
}

/// Rounds of a scheduled run.
const ROUNDS: i64 = 20;

#[test]
fn a_scheduled_run_takes_records_away_until_none_is_due_or_it_has_taken_its_share() {
    let world = world();
    made(&world, json!({"time_created": 0}));
    let most = ROUNDS * purge::ROWS_AT_ONCE;
    multiply(&world, most + 1, "completed");
    let due = records(&world);
    world.pass(30 * DAY);
    world.minute();
    assert_eq!(records(&world), due - most);
    world.minute();
    assert_eq!(records(&world), 0);
}

#[test]
fn what_else_is_due_goes_in_rounds_too() {
    let world = world();
    made(&world, json!({}));
    multiply(&world, purge::ROWS_AT_ONCE, "failed");
    let path = world.path("/deployments/d");
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    for key in 0..=purge::ROWS_AT_ONCE {
        world.execute(
            "INSERT INTO idempotency_keys (project_id, caller_id, key_digest, fingerprint, request_id, creation_date)
             VALUES ('p', 'c', ?1, 'f', 'r', 0)",
            [key.to_string()],
        );
    }
    world.minute();
    assert_eq!(records(&world), 0);
    assert_eq!(world.count("SELECT count(*) FROM deleted_versions"), 0);
    assert_eq!(world.count("SELECT count(*) FROM idempotency_keys"), 0);
}

#[test]
fn where_a_run_has_taken_long_already_it_begins_no_second_round() {
    let world = world();
    made(&world, json!({"time_created": 0}));
    multiply(&world, purge::ROWS_AT_ONCE, "completed");
    world.pass(30 * DAY);
    world.database.reset();
    world.fail(1, Fault::Stall);
    world.minute();
    assert_eq!(records(&world), 1);
    world.minute();
    assert_eq!(records(&world), 0);
}

#[test]
fn no_call_costs_more_because_there_are_more_records() {
    type Made = fn(&str) -> (&'static str, String, Json);
    let calls: [Made; 9] = [
        |_| ("GET", "?limit=2".into(), Json::Null),
        |_| ("GET", "?limit=2&status=cancelled".into(), Json::Null),
        |_| ("GET", "?limit=2&status=failed,completed".into(), Json::Null),
        |id| ("GET", format!("?search_id={id}"), Json::Null),
        |id| ("GET", format!("/{id}"), Json::Null),
        |id| ("POST", "/collect".into(), json!([id])),
        |id| ("PATCH", format!("/{id}"), json!({"status": "cancelled"})),
        |id| ("POST", "/delete".into(), json!([id])),
        |_| ("POST", "/cancel?status=pending".into(), json!([])),
    ];
    for call in calls {
        let steps = |rows: i64| {
            let world = world();
            let id = made(&world, json!({"status": "cancelled"}));
            for status in ["completed", "failed"] {
                multiply(&world, rows, status);
            }
            let (method, rest, body) = call(&id);
            to_d(&world, method, &rest, body).expect(200);
            world.database.steps()
        };
        let (few, many) = (steps(10), steps(2_000));
        assert!(many <= few + 100, "{:?}: {few} -> {many}", call("id"));
    }
    // That of a project ends with its page.
    let steps = |rows: i64| {
        let world = world();
        made(&world, json!({}));
        multiply(&world, rows, "completed");
        world
            .get(
                &world.robot(),
                &world.path("/requests?object_type=deployment&limit=2"),
            )
            .expect(200);
        world.database.steps()
    };
    let (few, many) = (steps(10), steps(2_000));
    assert!(many <= few + 100, "{few} -> {many}");
}
