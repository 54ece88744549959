//! Requests to pipelines: what runs when, with whose right, what it came to, and what is accounted for (contract section 5.7).

use serde_json::{Value as Json, json};

use tenantry::platform::Outgoing;
use testkit::gate::PRICE;
use testkit::pipelines::{link, object};
use testkit::{Answer, Call, Caller, End, Fault, HangUp, Reply, World};

/// A world with these deployments, one field `x` in and one field `y` out, each behind an address of its own name, and
/// somebody who may make requests to all there is.
fn world(deployments: &[&str]) -> (World, Caller) {
    let world = World::new();
    for name in deployments {
        world.deployment(name);
        world.serve(name, json!({ "upstream_url": address(name) }));
    }
    let caller = world.service_user(&["deployment-request-user", "pipeline-request-user"]);
    (world, caller)
}

fn address(name: &str) -> String {
    format!("https://{name}.example.com/predict")
}

/// Answers `y`, which is `x` and one more, of each object that is sent.
fn plus_one(outgoing: &Outgoing) -> Reply {
    let body: Json = serde_json::from_slice(&outgoing.body).unwrap();
    let one = |body: &Json| json!({"y": body["x"].as_i64().unwrap() + 1});
    Reply::json(&match &body {
        Json::Array(list) => list.iter().map(one).collect(),
        body => one(body),
    })
}

/// Gives a pipeline, which is made with it, a version `v2` of these objects and attachments.
fn pipeline(world: &World, name: &str, objects: &[Json], attachments: &[Json]) {
    world.pipeline(name);
    let body = json!({"version": "v2", "objects": objects, "attachments": attachments});
    let path = world.path(&format!("/pipelines/{name}"));
    let versions = format!("{path}/versions");
    world
        .call(&world.operator(), "POST", &versions, body)
        .expect(201);
    world
        .call(
            &world.operator(),
            "PATCH",
            &path,
            json!({"default_version": "v2"}),
        )
        .expect(200);
}

/// A pipeline of these deployments in a row, an object each, of the deployment's name.
fn line(world: &World, name: &str, deployments: &[&str]) {
    let objects: Vec<Json> = deployments
        .iter()
        .map(|deployment| object(deployment, "deployment", deployment))
        .collect();
    let mut attachments = Vec::new();
    let mut before = ("pipeline_start", "in");
    for deployment in deployments {
        attachments.push(link(before.0, before.1, deployment, "x"));
        before = (deployment, "y");
    }
    attachments.push(link(before.0, before.1, "pipeline_end", "out"));
    pipeline(world, name, &objects, &attachments);
}

/// A pipeline of these deployments beside each other, an object each, of which the last gives the output.
fn fan(world: &World, name: &str, deployments: &[&str]) {
    let objects: Vec<Json> = deployments
        .iter()
        .map(|deployment| object(deployment, "deployment", deployment))
        .collect();
    let mut attachments: Vec<Json> = deployments
        .iter()
        .map(|deployment| link("pipeline_start", "in", deployment, "x"))
        .collect();
    let last = deployments.last().unwrap();
    attachments.push(link(last, "y", "pipeline_end", "out"));
    pipeline(world, name, &objects, &attachments);
}

fn call(world: &World, by: &Caller, name: &str, body: &Json) -> Call {
    let path = world.path(&format!("/pipelines/{name}/requests"));
    Call::new("POST", path).by(by).json(body)
}

/// The call with this query.
fn asking(world: &World, by: &Caller, name: &str, query: &str) -> Call {
    let path = world.path(&format!("/pipelines/{name}/requests?{query}"));
    Call::new("POST", path).by(by).json(&json!({"in": 1}))
}

fn request(world: &World, by: &Caller, name: &str, body: &Json) -> Answer {
    world.send(call(world, by, name, body))
}

#[track_caller]
fn failed(answer: Answer, sentence: &str) -> Json {
    let body = answer.expect(200).json();
    assert_eq!(
        (&body["status"], &body["success"], &body["result"]),
        (&json!("failed"), &json!(false), &Json::Null)
    );
    let words = body["error_message"].as_str().unwrap();
    assert!(words.contains(sentence), "{words}");
    body
}

/// Nothing is under way, nothing is leased, and what is used is what the records say.
#[track_caller]
fn is_accounted_for(world: &World) {
    let open =
        "SELECT count(*) FROM requests WHERE status NOT IN ('completed', 'failed', 'cancelled')";
    assert_eq!(world.count(open), 0);
    let credits = world.count("SELECT coalesce(sum(credits), 0) FROM requests");
    assert_eq!(world.used("credits"), credits);
}

fn sent(world: &World) -> Vec<(String, Json)> {
    let calls = world.upstream.calls();
    let one = |outgoing: &Outgoing| {
        let host = outgoing.url.trim_start_matches("https://");
        let name = host.split('.').next().unwrap().to_owned();
        (name, serde_json::from_slice(&outgoing.body).unwrap())
    };
    calls.iter().map(|call| one(&call.outgoing)).collect()
}

#[test]
fn objects_run_one_after_the_other_with_the_fields_that_are_mapped() {
    let (world, caller) = world(&["a", "b"]);
    line(&world, "p", &["a", "b"]);
    world.upstream.answering(plus_one);
    let answer = request(&world, &caller, "p", &json!({"in": 1})).expect(200);
    let body = answer.json();
    assert_eq!(
        (
            &body["pipeline"],
            &body["version"],
            &body["status"],
            &body["success"],
            &body["result"]
        ),
        (
            &json!("p"),
            &json!("v2"),
            &json!("completed"),
            &json!(true),
            &json!({"out": 3})
        )
    );
    assert_eq!(
        (
            &body["error_message"],
            &body["pipeline_timeout"],
            &body["deployment_timeout"]
        ),
        (&Json::Null, &json!(3_600), &Json::Null)
    );
    assert_eq!(
        sent(&world),
        [
            ("a".to_owned(), json!({"x": 1})),
            ("b".to_owned(), json!({"x": 2}))
        ]
    );
    let made = body["deployment_requests"].as_array().unwrap();
    let shown: Vec<_> = made
        .iter()
        .map(|one| {
            (
                one["sequence_id"].as_str().unwrap(),
                one["pipeline_object"].as_str().unwrap(),
                one["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [("001", "a", "completed"), ("002", "b", "completed")]
    );
    assert_eq!(
        (&body["operator_requests"], &body["pipeline_requests"]),
        (&json!([]), &json!([]))
    );
    // Its own record, and one of each object, which the deployment lists as its own.
    assert_eq!(world.count("SELECT count(*) FROM requests"), 3);
    let listed = world
        .get(&world.owner(), &world.path("/deployments/a/requests"))
        .expect(200)
        .json();
    assert_eq!(listed[0]["id"], made[0]["id"]);
    // One trip that admits, two for each object, one that settles.
    assert_eq!(answer.trips, 6);
    is_accounted_for(&world);
}

#[test]
fn its_record_shows_what_it_made_as_the_answer_did() {
    let (world, caller) = world(&["a", "b"]);
    line(&world, "p", &["a", "b"]);
    world.upstream.answering(plus_one);
    let timed = asking(
        &world,
        &caller,
        "p",
        "pipeline_timeout=60&deployment_timeout=20",
    );
    let body = world.send(timed).expect(200).json();
    let id = body["id"].as_str().unwrap();
    let path = world.path(&format!("/pipelines/p/requests/{id}"));
    let record = world.get(&world.owner(), &path).expect(200).json();
    for field in [
        "result",
        "deployment_requests",
        "pipeline_requests",
        "pipeline_timeout",
        "deployment_timeout",
        "status",
    ] {
        assert_eq!(record[field], body[field], "{field}");
    }
    assert_eq!(record["request_data"], json!({"in": 1}));
    let collect = world.path("/pipelines/p/requests/collect");
    let collected = world
        .call(&world.owner(), "POST", &collect, json!([id]))
        .expect(200)
        .json();
    assert_eq!(
        collected[0]["deployment_requests"],
        body["deployment_requests"]
    );
    let timeouts = world.count("SELECT sum(timeout) FROM requests WHERE parent_id IS NOT NULL");
    assert_eq!(timeouts, 40);
}

#[test]
fn credits_are_the_objects_and_volumes_the_pipelines_too() {
    let (world, caller) = world(&["a"]);
    world.execute(
        "INSERT OR REPLACE INTO instance_types VALUES ('1gb', ?1)",
        [PRICE],
    );
    world.serve(
        "a",
        json!({"upstream_url": address("a"), "instance_type": "1gb"}),
    );
    line(&world, "p", &["a"]);
    world
        .upstream
        .answering(|outgoing| plus_one(outgoing).late(2_000));
    request(&world, &caller, "p", &json!({"in": 1})).expect(200);
    assert_eq!(world.used("credits"), 2_000_000);
    let of_pipeline = "SELECT credits * 1000 + input_volume FROM usage_days WHERE object_type = 'pipeline_version'
                       AND subject_id = (SELECT id FROM projects WHERE name = 'vision')";
    assert_eq!(world.count(of_pipeline), 8);
    is_accounted_for(&world);
}

#[test]
fn what_is_independent_runs_at_once_and_four_at_most() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let (world, caller) = world(&names);
    fan(&world, "p", &names);
    world
        .upstream
        .answering(|outgoing| plus_one(outgoing).late(1_000));
    let begun = world.now();
    let body = request(&world, &caller, "p", &json!({"in": 1}))
        .expect(200)
        .json();
    assert_eq!(body["result"], json!({"out": 2}));
    // Two rounds of a second: four, and two.
    assert_eq!(world.now().as_millis() - begun.as_millis(), 2_000);
    assert_eq!(world.upstream.calls().len(), 6);
    is_accounted_for(&world);
}

#[test]
fn an_object_waits_for_all_that_it_takes_from() {
    let (world, caller) = world(&["a", "b"]);
    let wide = json!({"name": "wide", "input_type": "structured", "output_type": "structured",
                      "input_fields": [{"name": "l", "data_type": "int"}, {"name": "r", "data_type": "int"}],
                      "output_fields": [{"name": "y", "data_type": "int"}]});
    world
        .call(&world.operator(), "POST", &world.path("/deployments"), wide)
        .expect(201);
    let version = json!({"version": "v1"});
    world
        .call(
            &world.operator(),
            "POST",
            &world.path("/deployments/wide/versions"),
            version,
        )
        .expect(201);
    world.serve("wide", json!({"upstream_url": address("wide")}));
    let pair =
        |from: &str, to: &str| json!({"source_field_name": from, "destination_field_name": to});
    let join = json!({"destination_name": "join", "sources": [
        {"source_name": "a", "mapping": [pair("y", "l")]}, {"source_name": "b", "mapping": [pair("y", "r")]}]});
    pipeline(
        &world,
        "p",
        &[
            object("a", "deployment", "a"),
            object("b", "deployment", "b"),
            object("join", "deployment", "wide"),
        ],
        &[
            link("pipeline_start", "in", "a", "x"),
            link("pipeline_start", "in", "b", "x"),
            join,
            link("join", "y", "pipeline_end", "out"),
        ],
    );
    world
        .upstream
        .answering(|outgoing| match outgoing.url.contains("wide") {
            true => {
                let body: Json = serde_json::from_slice(&outgoing.body).unwrap();
                Reply::json(
                    &json!({"y": body["l"].as_i64().unwrap() * 10 + body["r"].as_i64().unwrap()}),
                )
            }
            false if outgoing.url.contains("//a.") => Reply::json(&json!({"y": 1})).late(3_000),
            false => Reply::json(&json!({"y": 2})),
        });
    let body = request(&world, &caller, "p", &json!({"in": 1}))
        .expect(200)
        .json();
    assert_eq!(body["result"], json!({"out": 12}));
}

#[test]
fn the_first_failure_ends_the_rest_and_names_its_object() {
    let (world, caller) = world(&["a", "b", "c"]);
    let objects: Vec<Json> = ["a", "b", "c"]
        .iter()
        .map(|name| object(name, "deployment", name))
        .collect();
    pipeline(
        &world,
        "p",
        &objects,
        &[
            link("pipeline_start", "in", "a", "x"),
            link("pipeline_start", "in", "b", "x"),
            link("b", "y", "c", "x"),
            link("c", "y", "pipeline_end", "out"),
        ],
    );
    world
        .upstream
        .at(&address("a"), Reply::new(500).late(2_000));
    world.upstream.at(&address("b"), Reply::silent());
    let body = failed(
        request(&world, &caller, "p", &json!({"in": 1})),
        "object 'a': the upstream answered 500",
    );
    let ends: Vec<End> = world
        .upstream
        .calls()
        .into_iter()
        .map(|call| call.end)
        .collect();
    assert_eq!(ends.len(), 2, "what comes after is not begun");
    assert!(ends.contains(&End::Dropped), "{ends:?}");
    let messages: Vec<&str> = body["deployment_requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["error_message"].as_str().unwrap())
        .collect();
    assert_eq!(
        messages,
        [
            "the upstream answered 500",
            "another object of the pipeline failed, which ended this one"
        ]
    );
    let charged = world.count("SELECT min(run_time) FROM requests WHERE parent_id IS NOT NULL");
    assert_eq!(charged, 2_000, "for the time that passed");
    is_accounted_for(&world);
}

#[test]
fn who_may_not_request_one_of_its_objects_runs_none() {
    let (world, _) = world(&["a", "b"]);
    line(&world, "p", &["a", "b"]);
    let caller = world.service_user(&["pipeline-request-user"]);
    world.assign_on("deployment", "a", "deployment-request-user", &caller.id);
    request(&world, &caller, "p", &json!({"in": 1}))
        .refused(403, "the object 'b' of the pipeline is the deployment 'b'");
    assert_eq!(world.count("SELECT count(*) FROM requests"), 0);
    assert!(world.upstream.calls().is_empty());
    world.assign_on("deployment", "b", "deployment-request-user", &caller.id);
    world.upstream.answering(plus_one);
    request(&world, &caller, "p", &json!({"in": 1})).expect(200);
    // Nor does the right to its objects give one to the pipeline.
    let other = world.service_user(&["deployment-request-user"]);
    request(&world, &other, "p", &json!({"in": 1})).expect(403);
}

#[test]
fn a_right_that_is_lost_on_the_way_ends_it_before_the_next_object() {
    let (world, caller) = world(&["a", "b"]);
    line(&world, "p", &["a", "b"]);
    let database = world.database.clone();
    let id = caller.id.clone();
    world
        .upstream
        .next(Reply::json(&json!({"y": 2})).after(move || {
            let connection = database.connection();
            connection
                .execute("DELETE FROM role_assignments WHERE assignee_id = ?1", [&id])
                .unwrap();
        }));
    failed(
        request(&world, &caller, "p", &json!({"in": 1})),
        "object 'b': whoever makes this request may not",
    );
    assert_eq!(world.upstream.calls().len(), 1);
    is_accounted_for(&world);
}

#[test]
fn a_pipeline_in_a_pipeline_has_a_record_and_objects_of_its_own() {
    let (world, caller) = world(&["a", "b"]);
    line(&world, "q", &["b"]);
    pipeline(
        &world,
        "p",
        &[
            object("one", "deployment", "a"),
            object("two", "pipeline", "q"),
        ],
        &[
            link("pipeline_start", "in", "one", "x"),
            link("one", "y", "two", "in"),
            link("two", "out", "pipeline_end", "out"),
        ],
    );
    world.upstream.answering(plus_one);
    let body = request(&world, &caller, "p", &json!({"in": 1}))
        .expect(200)
        .json();
    assert_eq!(body["result"], json!({"out": 3}));
    let inner = &body["pipeline_requests"][0];
    assert_eq!(
        (
            &inner["pipeline"],
            &inner["pipeline_object"],
            &inner["version"],
            &inner["success"]
        ),
        (&json!("q"), &json!("two"), &json!("v2"), &json!(true))
    );
    assert_eq!(body["deployment_requests"].as_array().unwrap().len(), 1);
    let path = format!("/pipelines/q/requests/{}", inner["id"].as_str().unwrap());
    let record = world
        .get(&world.owner(), &world.path(&path))
        .expect(200)
        .json();
    assert_eq!(record["deployment_requests"][0]["pipeline_object"], "b");
    assert_eq!(
        (&record["request_data"], &record["result"]),
        (&json!({"in": 2}), &json!({"out": 3}))
    );
    assert_eq!(world.count("SELECT count(*) FROM requests"), 4);
    is_accounted_for(&world);

    world
        .upstream
        .answering(|outgoing| match outgoing.url.contains("//b.") {
            true => Reply::new(503),
            false => plus_one(outgoing),
        });
    failed(
        request(&world, &caller, "p", &json!({"in": 1})),
        "object 'two': object 'b': the upstream answered 503",
    );
    is_accounted_for(&world);
}

#[test]
fn pipelines_are_nested_to_a_depth_of_five() {
    let (world, caller) = world(&["a"]);
    line(&world, "p1", &["a"]);
    for depth in 2..=6 {
        pipeline(
            &world,
            &format!("p{depth}"),
            &[object("inner", "pipeline", &format!("p{}", depth - 1))],
            &[
                link("pipeline_start", "in", "inner", "in"),
                link("inner", "out", "pipeline_end", "out"),
            ],
        );
    }
    world.upstream.answering(plus_one);
    let body = request(&world, &caller, "p5", &json!({"in": 1}))
        .expect(200)
        .json();
    assert_eq!(body["result"], json!({"out": 2}));
    request(&world, &caller, "p6", &json!({"in": 1})).refused(400, "nested deeper than 5");
    is_accounted_for(&world);
}

#[test]
fn a_request_runs_a_hundred_objects_at_most_those_of_pipelines_in_it_included() {
    let (world, caller) = world(&["a"]);
    let of = |count: usize, kind: &str, reference: &str| -> Vec<Json> {
        (0..count)
            .map(|n| object(&format!("o{n}"), kind, reference))
            .collect()
    };
    let linked = |count: usize, field: &str, out: &str| -> Vec<Json> {
        let mut list: Vec<Json> = (0..count)
            .map(|n| link("pipeline_start", "in", &format!("o{n}"), field))
            .collect();
        list.push(link("o0", out, "pipeline_end", "out"));
        list
    };
    pipeline(&world, "q", &of(9, "deployment", "a"), &linked(9, "x", "y"));
    pipeline(
        &world,
        "p",
        &of(10, "pipeline", "q"),
        &linked(10, "in", "out"),
    );
    pipeline(
        &world,
        "r",
        &of(11, "pipeline", "q"),
        &linked(11, "in", "out"),
    );
    world.upstream.answering(plus_one);
    request(&world, &caller, "p", &json!({"in": 1})).expect(200);
    assert_eq!(world.upstream.calls().len(), 90);
    request(&world, &caller, "r", &json!({"in": 1})).refused(400, "more than 100 objects");
    is_accounted_for(&world);
}

#[test]
fn what_cannot_run_is_refused_before_anything_does() {
    let (world, caller) = world(&["a"]);
    let operator =
        json!({"name": "fn", "reference_name": "function", "reference_type": "operator"});
    pipeline(
        &world,
        "p",
        &[object("a", "deployment", "a"), operator],
        &[
            link("pipeline_start", "in", "a", "x"),
            link("a", "y", "fn", "z"),
            link("a", "y", "pipeline_end", "out"),
        ],
    );
    request(&world, &caller, "p", &json!({"in": 1})).refused(400, "the operator 'function'");
    world.deployment("b");
    world.execute("UPDATE deployment_versions SET is_default = 0 WHERE deployment_id = (SELECT id FROM deployments WHERE name = 'b')", []);
    line(&world, "q", &["b"]);
    request(&world, &caller, "q", &json!({"in": 1})).refused(400, "has none");
    line(&world, "r", &["a"]);
    request(&world, &caller, "r", &json!({"in": "no"})).refused(400, "in: ");
    request(&world, &caller, "r", &json!({})).refused(400, "in");
    let odd = asking(&world, &caller, "r", "timeout=20&pipeline_timeout=30");
    world
        .send(odd)
        .refused(400, "pipeline_timeout: it says 30, and timeout 20");
    for (query, words) in [
        ("timeout=7201", "7200"),
        ("deployment_timeout=9", "deployment_timeout"),
        ("timeout=9", "timeout"),
    ] {
        let odd = asking(&world, &caller, "r", query);
        world.send(odd).refused(400, words);
    }
    assert_eq!(world.count("SELECT count(*) FROM requests"), 0);
    assert!(world.upstream.calls().is_empty());
}

#[test]
fn an_empty_pipeline_passes_its_input_on_and_one_without_an_end_gives_nothing() {
    let (world, caller) = world(&["a"]);
    pipeline(
        &world,
        "p",
        &[],
        &[link("pipeline_start", "in", "pipeline_end", "out")],
    );
    let body = request(&world, &caller, "p", &json!({"in": 5}))
        .expect(200)
        .json();
    assert_eq!(body["result"], json!({"out": 5}));
    pipeline(
        &world,
        "q",
        &[object("a", "deployment", "a")],
        &[link("pipeline_start", "in", "a", "x")],
    );
    world.upstream.answering(plus_one);
    let body = request(&world, &caller, "q", &json!({"in": 5}))
        .expect(200)
        .json();
    assert_eq!(
        (&body["result"], &body["success"]),
        (&Json::Null, &json!(true))
    );
    is_accounted_for(&world);
}

#[test]
fn a_list_is_mapped_element_by_element() {
    let (world, caller) = world(&["a", "b"]);
    line(&world, "p", &["a", "b"]);
    world.upstream.answering(plus_one);
    let body = request(&world, &caller, "p", &json!([{"in": 1}, {"in": 10}]))
        .expect(200)
        .json();
    assert_eq!(body["result"], json!([{"out": 3}, {"out": 12}]));
}

#[test]
fn an_output_that_does_not_fit_the_next_input_is_a_failed_request_of_that_object() {
    let (world, caller) = world(&["a", "b"]);
    line(&world, "p", &["a", "b"]);
    world
        .upstream
        .at(&address("a"), Reply::json(&json!({"y": "a text"})));
    let body = failed(
        request(&world, &caller, "p", &json!({"in": 1})),
        "object 'b': x: ",
    );
    assert_eq!(body["deployment_requests"][1]["status"], "failed");
    world
        .upstream
        .at(&address("a"), Reply::json(&json!([1, 2])));
    failed(
        request(&world, &caller, "p", &json!({"in": 1})),
        "object 'b': fields are mapped of what is neither",
    );
    assert_eq!(world.upstream.calls().len(), 2);
    is_accounted_for(&world);
}

#[test]
fn what_clears_by_itself_is_tried_again_each_second_and_what_does_not_ends_it() {
    let (world, caller) = world(&["a"]);
    world.serve(
        "a",
        json!({"upstream_url": address("a"), "max_concurrency": 1}),
    );
    let objects = [
        object("one", "deployment", "a"),
        object("two", "deployment", "a"),
    ];
    pipeline(
        &world,
        "p",
        &objects,
        &[
            link("pipeline_start", "in", "one", "x"),
            link("pipeline_start", "in", "two", "x"),
            link("two", "y", "pipeline_end", "out"),
        ],
    );
    world
        .upstream
        .answering(|outgoing| plus_one(outgoing).late(2_500));
    let body = request(&world, &caller, "p", &json!({"in": 1}))
        .expect(200)
        .json();
    assert_eq!(body["result"], json!({"out": 2}));
    let overlap = "SELECT count(*) FROM requests a JOIN requests b ON a.parent_id = b.parent_id AND a.id < b.id
                   WHERE a.time_started < b.time_completed AND b.time_started < a.time_completed";
    assert_eq!(world.count(overlap), 0);
    // Refusals leave nothing behind.
    assert_eq!(world.count("SELECT count(*) FROM requests"), 3);
    is_accounted_for(&world);

    world.execute(
        "INSERT OR REPLACE INTO instance_types VALUES ('1gb', ?1)",
        [PRICE],
    );
    world.serve(
        "a",
        json!({"upstream_url": address("a"), "instance_type": "1gb"}),
    );
    world.budget(5_000_000);
    failed(
        request(&world, &caller, "p", &json!({"in": 1})),
        "the credits of the project are used up",
    );
    is_accounted_for(&world);
}

#[test]
fn its_time_bounds_its_objects_and_the_wait_for_them() {
    let (world, caller) = world(&["a", "b"]);
    line(&world, "p", &["a", "b"]);
    world
        .upstream
        .at(&address("a"), Reply::json(&json!({"y": 1})).late(15_000));
    world.upstream.at(&address("b"), Reply::silent());
    let timed = |query: &str| asking(&world, &caller, "p", query);
    failed(
        world.send(timed("timeout=20")),
        "object 'b': the upstream took longer than the timeout of 5 seconds",
    );
    failed(
        world.send(timed("timeout=60&deployment_timeout=10")),
        "object 'a': the upstream took longer than the timeout of 10 seconds",
    );
    is_accounted_for(&world);
    world.upstream.answering(plus_one);
    world.serve(
        "a",
        json!({"upstream_url": address("a"), "max_concurrency": 1}),
    );
    world.execute(
        "INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller,
           time_created, timeout, input_size, retention_mode, retention_time, lease_end)
         SELECT project_id, '0193c9a5-7d0e-7c3e-9b1a-2f1f4d0c8a11', organization_id, 'deployment', deployment_id, id, 'direct',
           'processing', 'x', 0, 300, 0, 'full', 60, 9000000000000 FROM deployment_versions
         WHERE deployment_id = (SELECT id FROM deployments WHERE name = 'a')",
        [],
    );
    failed(
        world.send(timed("timeout=10")),
        "object 'a': the upstream took longer than the timeout of 10 seconds",
    );
}

#[test]
fn who_hangs_up_ends_all_of_it() {
    let (world, caller) = world(&["a", "b"]);
    let objects = [
        object("a", "deployment", "a"),
        object("b", "deployment", "b"),
    ];
    pipeline(
        &world,
        "p",
        &objects,
        &[
            link("pipeline_start", "in", "a", "x"),
            link("pipeline_start", "in", "b", "x"),
            link("a", "y", "pipeline_end", "out"),
        ],
    );
    world.upstream.answering(|_| Reply::silent());
    world.send(call(&world, &caller, "p", &json!({"in": 1})).hanging_up(HangUp::After(4_000)));
    assert_eq!(world.upstream.calls().len(), 2);
    let says = world.count("SELECT count(*) FROM requests WHERE status = 'failed' AND error_message IN ('the caller hung up', 'another object of the pipeline failed, which ended this one')");
    assert_eq!(says, 3);
    is_accounted_for(&world);
}

#[test]
fn whatever_fails_in_the_database_nothing_is_left_under_way_or_sent_unaccounted() {
    for fault in [
        Fault::Refuse,
        Fault::LoseBefore,
        Fault::LoseAfter,
        Fault::Stall,
        Fault::StallAfter,
    ] {
        for trip in 1..=6 {
            let (world, caller) = world(&["a", "b"]);
            line(&world, "p", &["a", "b"]);
            world.upstream.answering(plus_one);
            world.fail(trip, fault);
            let answer = request(&world, &caller, "p", &json!({"in": 1}));
            let context = format!("{fault:?} of trip {trip}: {answer}");
            assert!(matches!(answer.status, 200 | 503), "{context}");
            world.pass(10 * 60 * 1_000);
            world.minute();
            let open = "SELECT count(*) FROM requests WHERE status = 'processing'";
            assert_eq!(world.count(open), 0, "{context}");
            let sent = i64::try_from(world.upstream.calls().len()).unwrap();
            let recorded = world.count("SELECT count(*) FROM requests WHERE object_type = 'deployment' AND run_time IS NOT NULL");
            assert!(recorded >= sent, "{context}: {recorded} of {sent}");
            if answer.status == 200 {
                assert_eq!(
                    world.count("SELECT count(*) FROM requests WHERE object_type = 'pipeline'"),
                    1,
                    "{context}"
                );
            }
        }
    }
}

#[test]
fn a_stream_says_what_came_of_it_in_its_last_line() {
    let (world, caller) = world(&["a"]);
    line(&world, "p", &["a"]);
    world
        .upstream
        .answering(|outgoing| plus_one(outgoing).late(12_000));
    let path = world.path("/pipelines/p/requests/stream?timeout=3600&timeout=3600");
    let streamed = Call::new("POST", path).by(&caller).json(&json!({"in": 1}));
    let answer = world.send(streamed).expect(200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = String::from_utf8(answer.body.clone()).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(
        lines.iter().filter(|line| **line == "event: ping").count(),
        2,
        "{text}"
    );
    let last: Json = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!(
        (&last["result"], &last["pipeline_timeout"]),
        (&json!({"out": 2}), &json!(3_600))
    );
    is_accounted_for(&world);
}

#[test]
fn an_idempotency_key_runs_it_once() {
    let (world, caller) = world(&["a"]);
    line(&world, "p", &["a"]);
    world.upstream.answering(plus_one);
    let keyed = || call(&world, &caller, "p", &json!({"in": 1})).header("idempotency-key", "k");
    let first = world.send(keyed()).expect(200);
    let again = world.send(keyed()).expect(200);
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(world.upstream.calls().len(), 1);
}

#[test]
fn it_takes_one_permit_of_the_minute_whatever_it_runs() {
    let (world, caller) = world(&["a", "b"]);
    let world = world.with_settings(&[("REQUESTS_PER_MINUTE", "2")]);
    line(&world, "p", &["a", "b"]);
    world.upstream.answering(plus_one);
    let first = request(&world, &caller, "p", &json!({"in": 1})).expect(200);
    assert_eq!(first.header("x-ratelimit-remaining"), Some("1"));
    request(&world, &caller, "p", &json!({"in": 1})).expect(200);
    request(&world, &caller, "p", &json!({"in": 1})).expect(429);
}

/// Queues requests; answers their ids.
fn queued(world: &World, by: &Caller, name: &str, query: &str, bodies: &Json) -> Vec<String> {
    let path = world.path(&format!("/pipelines/{name}/requests/batch{query}"));
    let made = world.call(by, "POST", &path, bodies.clone()).expect(200);
    let made = made.json();
    let ids = made.as_array().unwrap().iter().map(|one| {
        assert_eq!(
            (&one["pipeline"], &one["status"]),
            (&json!(name), &json!("pending"))
        );
        one["id"].as_str().unwrap().to_owned()
    });
    ids.collect()
}

fn record(world: &World, name: &str, id: &str) -> Json {
    let path = world.path(&format!("/pipelines/{name}/requests/{id}"));
    world.get(&world.owner(), &path).expect(200).json()
}

#[test]
fn a_batch_runs_each_of_its_requests_in_a_consumer() {
    let (world, caller) = world(&["a", "b"]);
    line(&world, "p", &["a", "b"]);
    world.upstream.answering(plus_one);
    let bodies = json!([{"in": 1}, {"in": 10}]);
    let ids = queued(&world, &caller, "p", "?deployment_timeout=15", &bodies);
    assert!(world.upstream.calls().is_empty());
    world.deliver_all();
    for (id, out) in ids.iter().zip([3, 12]) {
        let record = record(&world, "p", id);
        assert_eq!(
            (
                &record["status"],
                &record["result"],
                &record["deployment_timeout"]
            ),
            (&json!("completed"), &json!({ "out": out }), &json!(15))
        );
        assert_eq!(record["deployment_requests"].as_array().unwrap().len(), 2);
    }
    world.deliver_all();
    assert_eq!(world.upstream.calls().len(), 4, "run once");
    is_accounted_for(&world);
}

#[test]
fn a_batch_is_judged_when_its_turn_comes() {
    let (world, _) = world(&["a", "b"]);
    line(&world, "p", &["a", "b"]);
    world.upstream.answering(plus_one);
    let caller = world.service_user(&["pipeline-request-user"]);
    let ids = queued(&world, &caller, "p", "", &json!({"in": 1}));
    world.deliver_all();
    let refused = record(&world, "p", &ids[0]);
    assert_eq!(refused["status"], "failed");
    let words = refused["error_message"].as_str().unwrap();
    assert!(
        words.contains("the object 'a' of the pipeline is the deployment 'a'"),
        "{words}"
    );
    let ids = queued(&world, &caller, "p", "", &json!({"in": 1}));
    world.execute(
        "DELETE FROM role_assignments WHERE assignee_id = ?1",
        [&caller.id],
    );
    world.deliver_all();
    let refused = record(&world, "p", &ids[0]);
    assert_eq!(refused["status"], "failed");
    assert!(world.upstream.calls().is_empty());
    is_accounted_for(&world);
}

#[test]
fn a_batch_that_is_cancelled_on_the_way_begins_no_further_object() {
    let (world, caller) = world(&["a", "b"]);
    line(&world, "p", &["a", "b"]);
    let ids = queued(&world, &caller, "p", "", &json!({"in": 1}));
    let database = world.database.clone();
    world
        .upstream
        .next(Reply::json(&json!({"y": 2})).after(move || {
            let cancel =
                "UPDATE requests SET status = 'cancelled_pending' WHERE object_type = 'pipeline'";
            database.connection().execute(cancel, []).unwrap();
        }));
    world.deliver_all();
    assert_eq!(record(&world, "p", &ids[0])["status"], "cancelled");
    assert_eq!(world.upstream.calls().len(), 1);
    is_accounted_for(&world);
}

#[test]
fn objects_of_a_batch_run_one_at_a_time() {
    let names = ["a", "b", "c"];
    let (world, caller) = world(&names);
    fan(&world, "p", &names);
    world
        .upstream
        .answering(|outgoing| plus_one(outgoing).late(1_000));
    queued(&world, &caller, "p", "", &json!({"in": 1}));
    let begun = world.now();
    world.deliver_all();
    assert!(world.now().as_millis() - begun.as_millis() >= 3_000);
    is_accounted_for(&world);
}

#[test]
fn pipelines_that_have_all_places_of_a_project_do_not_wait_for_each_other() {
    let (world, caller) = world(&["a"]);
    line(&world, "p", &["a"]);
    world.upstream.answering(plus_one);
    world.execute(
        "INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller,
           time_created, timeout, input_size, retention_mode, retention_time, lease_end, leased, leased_time)
         WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 999)
         SELECT v.project_id, printf('0193c9a5-7d0e-7c3e-9b1a-%012x', n.value), v.organization_id, 'pipeline', v.pipeline_id,
           v.id, 'direct', 'processing', 'x', 0, 300, 0, 'full', 60, 9000000000000, 0, 0
         FROM pipeline_versions v CROSS JOIN n WHERE v.version = 'v2'",
        [],
    );
    let body = request(&world, &caller, "p", &json!({"in": 1}))
        .expect(200)
        .json();
    assert_eq!(body["result"], json!({"out": 2}), "{body}");
    world.execute(
        "UPDATE requests SET status = 'processing' WHERE object_type = 'pipeline' AND status = 'completed'",
        [],
    );
    request(&world, &caller, "p", &json!({"in": 1})).refused(429, "1000 requests under way");
}
