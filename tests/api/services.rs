//! Services: their records, who may change them, and what is passed through them.

use serde_json::{Value as Json, json};

use testkit::organizations::subscribe;
use testkit::{Answer, Caller, World};

/// A world with the deployments `d` and `other`, each with a version `v1`.
fn world() -> World {
    let world = World::new();
    world.deployment("d");
    world.deployment("other");
    world
}

fn create(world: &World, body: Json) -> Answer {
    world.call(&world.owner(), "POST", &world.path("/services"), body)
}

fn service(world: &World) -> Json {
    create(world, json!({"name": "s", "deployment": "d"}))
        .expect(201)
        .json()
}

fn patch(world: &World, body: Json) -> Answer {
    world.call(&world.owner(), "PATCH", &world.path("/services/s"), body)
}

fn get(world: &World, below: &str) -> Answer {
    world.get(&world.owner(), &world.path(below))
}

#[test]
fn a_service_has_the_fields_of_the_client_with_their_defaults() {
    let world = world();
    let made = service(&world);
    for (field, value) in [
        ("deployment", json!("d")),
        ("version", Json::Null),
        ("port", json!(443)),
        ("authentication_required", json!(true)),
        ("authentication_method_token_enabled", json!(true)),
        ("authentication_header_pass_through", json!(false)),
        ("rate_limit", Json::Null),
        ("labels", json!({})),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    let id = made["id"].as_str().unwrap();
    let endpoint = made["endpoint"].as_str().unwrap();
    assert!(endpoint.ends_with(&format!("/services/{id}")), "{endpoint}");
    assert_eq!(get(&world, "/services/s").expect(200).json(), made);
    assert_eq!(get(&world, "/services").expect(200).json(), json!([made]));
}

#[test]
fn what_was_said_is_shown_and_null_takes_it_back() {
    let world = world();
    let body = json!({
        "name": "s", "deployment": "d", "version": "v1", "port": 8080, "rate_limit": 10, "labels": {"a": "b"},
        "request_logging_excluded_extensions": ["png"], "health_check": {"path": "/healthz"}, "unknown": 1,
        "imported_name": null,
    });
    let made = create(&world, body).expect(201).json();
    assert_eq!(made["version"], "v1");
    assert_eq!(made["request_logging_excluded_extensions"], json!(["png"]));
    assert_eq!(made["health_check"]["path"], "/healthz");
    let changed = patch(&world, json!({"port": null, "version": null, "name": "t"}));
    let changed = changed.expect(200).json();
    assert_eq!(
        (&changed["port"], &changed["version"]),
        (&json!(443), &Json::Null)
    );
    assert_eq!(
        (&changed["id"], &changed["rate_limit"]),
        (&made["id"], &json!(10))
    );
    get(&world, "/services/s").refused(404, "there is no service 's'");
    get(&world, "/services/t").expect(200);
}

#[test]
fn another_deployment_is_called_in_its_default_version() {
    let world = world();
    create(
        &world,
        json!({"name": "s", "deployment": "d", "version": "v1"}),
    )
    .expect(201);
    let moved = patch(&world, json!({"deployment": "other"}))
        .expect(200)
        .json();
    assert_eq!(
        (&moved["deployment"], &moved["version"]),
        (&json!("other"), &Json::Null)
    );
    // Each deployment has a version of this name.
    patch(&world, json!({"version": "v1"})).expect(200);
    let version = get(&world, "/deployments/other/versions/v1").text("id");
    let listed = get(
        &world,
        &format!("/services?deployment_version_ids={version}"),
    );
    assert_eq!(listed.json().as_array().unwrap().len(), 1);
    let fixed = patch(&world, json!({"deployment": "d", "version": "v1"})).expect(200);
    assert_eq!(fixed.json()["version"], "v1");
}

#[test]
fn a_refusal_names_the_field() {
    let world = world();
    service(&world);
    let new = |field: &str, value: Json| {
        let mut body = json!({"name": "new", "deployment": "d"});
        body[field] = value;
        create(&world, body)
    };
    new("name", json!("s")).refused(400, "name: a service 's' exists already");
    new("name", Json::Null).refused(400, "name: null");
    new("name", json!("A b")).refused(400, "name");
    new("deployment", json!("none")).refused(404, "there is no deployment 'none'");
    new("version", json!("v9")).refused(400, "version: the deployment has no version 'v9'");
    new("port", json!(0)).refused(400, "port");
    new("rate_limit", json!(0)).refused(400, "rate_limit");
    new("authentication_header_pass_through", json!(true)).refused(
        400,
        "authentication_header_pass_through: true is not supported",
    );
    new("authentication_method_token_enabled", json!(false))
        .refused(400, "authentication_method_token_enabled: false");
    new("imported_name", json!("x")).refused(400, "imported_name");
    create(&world, json!({"deployment": "d"})).refused(400, "name: it is missing");
    create(&world, json!({"name": "x"})).refused(400, "deployment: it is missing");
    let bound = create(
        &world,
        json!({"name": "b", "deployment": "d", "version": "v1"}),
    );
    bound.expect(201);
}

#[test]
fn whom_anybody_may_call_has_a_rate_limit() {
    let world = world();
    service(&world);
    let open = |limit: Json| {
        patch(
            &world,
            json!({"authentication_required": false, "rate_limit": limit}),
        )
    };
    open(Json::Null).refused(400, "rate_limit");
    open(json!(6001)).refused(400, "rate_limit");
    open(json!(6000)).expect(200);
    patch(&world, json!({"rate_limit": 6001})).refused(400, "rate_limit");
    patch(&world, json!({"rate_limit": null})).refused(400, "rate_limit");
    patch(
        &world,
        json!({"rate_limit": null, "authentication_required": true}),
    )
    .expect(200);
    let body = json!({"name": "t", "deployment": "d", "authentication_required": false});
    create(&world, body).refused(400, "rate_limit");
}

#[test]
fn nobody_opens_to_everybody_what_they_may_not_call() {
    let world = world();
    world.allow_custom_roles();
    let may = |permissions: &[&str]| -> Caller {
        let caller = world.service_user(&[]);
        let role = world.custom_role(permissions);
        world.assign("vision", &role, &caller.id);
        caller
    };
    let open = |caller: &Caller, name: &str| {
        let body = json!({
            "name": name, "deployment": "d", "authentication_required": false, "rate_limit": 1,
        });
        world.call(caller, "POST", &world.path("/services"), body)
    };
    let author = may(&["services.create"]);
    let body = json!({"name": "closed", "deployment": "d"});
    world
        .call(&author, "POST", &world.path("/services"), body)
        .expect(201);
    open(&author, "a").refused(403, "authentication_required");
    open(
        &may(&["services.create", "deployments.requests.create"]),
        "b",
    )
    .expect(201);
}

#[test]
fn a_service_goes_with_its_deployment_its_version_and_its_project() {
    let world = world();
    service(&world);
    create(
        &world,
        json!({"name": "t", "deployment": "d", "version": "v1"}),
    )
    .expect(201);
    let delete = |path: &str| {
        let path = world.path(path);
        world
            .call(&world.owner(), "DELETE", &path, Json::Null)
            .expect(204)
    };
    delete("/deployments/d/versions/v1");
    get(&world, "/services/t").expect(404);
    get(&world, "/services/s").expect(200);
    delete("/deployments/d");
    assert_eq!(get(&world, "/services").expect(200).json(), json!([]));
}

#[test]
fn a_list_is_narrowed_by_labels_and_versions() {
    let world = world();
    create(
        &world,
        json!({"name": "a", "deployment": "d", "labels": {"x": "1"}}),
    )
    .expect(201);
    create(&world, json!({"name": "b", "deployment": "other"})).expect(201);
    let version = get(&world, "/deployments/other/versions/v1").text("id");
    let names = |query: &str| {
        let listed = get(&world, &format!("/services?{query}"))
            .expect(200)
            .json();
        let names = listed.as_array().unwrap().iter();
        names
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("labels=x:1"), ["a"]);
    assert_eq!(names("limit=1"), ["a"]);
    assert_eq!(names("after=a"), ["b"]);
    assert_eq!(
        names(&format!("deployment_version_ids={version}")),
        names("after=a")
    );
}

#[test]
fn a_service_is_ready_when_its_version_has_a_base() {
    let world = world();
    service(&world);
    let ready = || get(&world, "/services/s/status").expect(200).json()["ready"].clone();
    world.serve("d", json!({}));
    assert_eq!(ready(), json!(false));
    world.serve("d", json!({"base_url": testkit::gate::BASE}));
    assert_eq!(ready(), json!(true));
}

#[test]
fn a_caller_has_a_limit_of_their_own() {
    let world = world();
    service(&world);
    let caller = world.service_user(&[]);
    for kind in ["rate", "concurrency"] {
        let path = world.path(&format!("/services/s/user-{kind}-limits"));
        let one = format!("{path}/{}", caller.id);
        let call =
            |method: &str, path: &str, body: Json| world.call(&world.owner(), method, path, body);
        call("POST", &path, json!({"limit": 1})).refused(400, "user_id: it is missing");
        let stranger = json!({"user_id": world.stranger().id, "limit": 1});
        call("POST", &path, stranger).refused(400, "user_id");
        let wanted = json!({"user_id": caller.id, "limit": 7});
        call("PATCH", &one, json!({"limit": 1})).expect(404);
        let made = call("POST", &path, wanted.clone()).expect(201).json();
        assert_eq!(
            (&made["user_id"], &made["limit"]),
            (&json!(caller.id), &json!(7))
        );
        call("POST", &path, wanted).refused(400, "user_id: there is a limit");
        assert_eq!(call("GET", &path, Json::Null).json(), json!([made]));
        let changed = call("PATCH", &one, json!({"limit": 8})).expect(200).json();
        assert_eq!(
            (&changed["id"], &changed["limit"]),
            (&made["id"], &json!(8))
        );
        assert_eq!(call("GET", &one, Json::Null).json(), changed);
        call("DELETE", &one, Json::Null).expect(204);
        call("GET", &one, Json::Null).expect(404);
        call("DELETE", &one, Json::Null).expect(404);
    }
    get(&world, "/services/none/user-rate-limits").expect(404);
}

#[test]
fn changes_enter_the_trail() {
    let world = world();
    service(&world);
    patch(&world, json!({"rate_limit": 5})).expect(200);
    patch(&world, json!({"rate_limit": 5})).expect(200);
    let path = world.path("/services/s");
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    let trail = get(&world, "/audit").expect(200).json();
    let of_services: Vec<&Json> = (trail.as_array().unwrap().iter())
        .filter(|row| row["event"].as_str().unwrap().contains("service s"))
        .map(|row| &row["action"])
        .collect();
    assert_eq!(of_services, ["delete", "update", "create"]);
}

mod passing {
    use super::*;
    use http::Method;
    use tenantry::platform::CallFault;
    use testkit::gate::PRICE;
    use testkit::{Call, Chunks, End, Fault, HangUp, Reply};

    const BASE: &str = "https://models.example.com/base";

    struct Served {
        world: World,
        id: String,
    }

    impl Served {
        fn new(fields: Json) -> Self {
            let world = World::new();
            world.deployment("d");
            world.execute(
                "INSERT OR REPLACE INTO instance_types VALUES ('1gb', ?1)",
                [PRICE],
            );
            world.serve("d", json!({"base_url": BASE, "instance_type": "1gb"}));
            let mut body = json!({"name": "s", "deployment": "d"});
            for (name, value) in fields.as_object().unwrap() {
                body[name] = value.clone();
            }
            let id = create(&world, body).expect(201).text("id");
            Self { world, id }
        }

        fn call(&self, method: &str, below: &str) -> Call {
            Call::new(method, format!("/services/{}{below}", self.id)).by(&self.world.admin())
        }

        fn get(&self, below: &str) -> Answer {
            self.world.send(self.call("GET", below))
        }

        fn nobody(&self) -> Call {
            Call::new("GET", format!("/services/{}/x", self.id))
        }

        /// Method, URL and body of the only call of the upstream.
        fn sent(&self) -> (Method, String, Vec<u8>) {
            let outgoing = self.world.upstream.only_call().outgoing;
            (outgoing.method, outgoing.url, outgoing.body.to_vec())
        }

        /// The header of the only call that is still to be looked at.
        fn header(&self, name: &str) -> Option<String> {
            let calls = self.world.upstream.calls();
            let headers = &calls.last().unwrap().outgoing.headers;
            let found = headers.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        }

        /// The only record: status, run time, sizes, sentence and what it shows besides.
        fn record(&self) -> Json {
            let connection = self.world.database.connection();
            let record = connection.query_row(
                "SELECT json_object('kind', kind, 'status', status, 'run_time', run_time, 'input', input_size,
                   'output', output_size, 'error', error_message, 'more', json(additional_data), 'caller', caller)
                 FROM requests",
                [],
                |row| row.get::<_, String>(0),
            );
            serde_json::from_str(&record.unwrap()).unwrap()
        }

        fn records(&self) -> i64 {
            self.world.count("SELECT count(*) FROM requests")
        }
    }

    fn served() -> Served {
        Served::new(json!({}))
    }

    fn open() -> Served {
        Served::new(json!({"authentication_required": false, "rate_limit": 2}))
    }

    #[test]
    fn a_call_goes_to_the_base_with_its_path_query_method_and_body() {
        let served = served();
        served.world.upstream.next(
            Reply::new(201)
                .header("content-type", "text/x")
                .chunk("answer"),
        );
        let call = served.call("PUT", "/a//b%2Fc/?x=1&x=2&timeout=abc");
        let answer = served.world.send(call.body("text/plain", "hello"));
        assert_eq!((answer.status, &answer.body[..]), (201, &b"answer"[..]));
        assert_eq!(answer.header("content-type"), Some("text/x"));
        assert_eq!(
            answer.header("content-security-policy"),
            Some("sandbox; default-src 'none'")
        );
        let (method, url, body) = served.sent();
        assert_eq!((method, &body[..]), (Method::PUT, &b"hello"[..]));
        assert_eq!(url, format!("{BASE}/a//b%2Fc/?x=1&x=2&timeout=abc"));
    }

    #[test]
    fn the_path_may_be_empty_and_the_method_any() {
        for (method, below, wanted) in [
            ("GET", "", ""),
            ("GET", "/", "/"),
            ("DELETE", "/x?", "/x?"),
            ("PROPFIND", "/x", "/x"),
            ("PATCH", "/%FF", "/%FF"),
        ] {
            let served = served();
            served
                .world
                .upstream
                .next(Reply::new(200).header("content-length", "2").chunk("ok"));
            served.world.send(served.call(method, below)).expect(200);
            let (sent, url, _) = served.sent();
            assert_eq!(
                (sent.as_str(), url),
                (method, format!("{BASE}{wanted}")),
                "{method} {below}"
            );
        }
    }

    #[test]
    fn a_path_that_leads_up_is_refused_and_leaves_no_record() {
        for below in [
            "/a/%252e%252e/b",
            "/%5c",
            "/x%00",
            "/a%2F..%2Fb",
            "/%0d%0aHost:x",
        ] {
            let served = served();
            served.get(below).refused(400, "path");
            assert_eq!(served.records(), 0);
        }
    }

    #[test]
    fn who_shows_no_token_hears_first_that_one_is_asked_for() {
        let nobody = |served: &Served| {
            let call = Call::new("GET", format!("/services/{}/x%5c", served.id));
            served.world.send(call)
        };
        nobody(&served()).expect(401);
        nobody(&open()).refused(400, "path");
        let served = served();
        served.world.send(served.call("TRACE", "/x")).expect(405);
    }

    #[test]
    fn what_shows_the_caller_stays_here_and_what_is_signed_goes_along() {
        let served = served();
        served.world.upstream.next(Reply::new(204));
        let call = served
            .call("POST", "/x")
            .header("cookie", "a=b")
            .header("x-own", "1");
        let call = call
            .header("x-forwarded-for", "10.0.0.1")
            .header("content-length", "3")
            .header("tenantry-caller", "somebody")
            .header("accept-encoding", "gzip")
            .header("traceparent", "00-1-2-01");
        served
            .world
            .send(call.body("application/x", "abc"))
            .expect(204);
        for absent in [
            "authorization",
            "cookie",
            "x-forwarded-for",
            "host",
            "content-length",
        ] {
            assert_eq!(served.header(absent), None, "{absent}");
        }
        assert_eq!(served.header("x-own").as_deref(), Some("1"));
        assert_eq!(
            served.header("content-type").as_deref(),
            Some("application/x")
        );
        assert_eq!(
            served.header("accept-encoding").as_deref(),
            Some("identity")
        );
        assert_eq!(served.header("traceparent").as_deref(), Some("00-1-2-01"));
        let caller = served.header("tenantry-caller").unwrap();
        assert_eq!(caller, format!("{} user", served.world.admin().id));
        assert!(served.header("webhook-signature").is_some());
        assert!(served.header("tenantry-signature").is_some());
        let headers = served.world.upstream.only_call().outgoing.headers;
        let mut names: Vec<&String> = headers.iter().map(|(name, _)| name).collect();
        names.sort();
        let all = names.len();
        names.dedup();
        assert_eq!(all, names.len(), "{headers:?}");
    }

    #[test]
    fn an_upstreams_own_header_stands_in_place_of_the_callers() {
        let served = served();
        served.world.serve(
            "d",
            json!({"base_url": BASE, "headers": r#"{"x-key":"own"}"#}),
        );
        served.world.upstream.next(Reply::new(204));
        served
            .world
            .send(served.call("GET", "/x").header("x-key", "theirs"))
            .expect(204);
        assert_eq!(served.header("x-key").as_deref(), Some("own"));
    }

    #[test]
    fn an_answer_brings_its_own_headers_but_none_that_are_for_us_to_say() {
        let served = served();
        served.world.upstream.next(
            Reply::new(206)
                .header("content-range", "bytes 0-1/9")
                .header("etag", "\"a\"")
                .header("vary", "Accept")
                .header("x-own", "1")
                .header("set-cookie", "a=b")
                .header("x-request-id", "theirs")
                .header("access-control-allow-origin", "*")
                .header("content-security-policy", "none")
                .header("content-length", "2")
                .chunk("ab"),
        );
        let answer = served.get("/x").expect(206);
        for (name, value) in [
            ("content-range", "bytes 0-1/9"),
            ("etag", "\"a\""),
            ("x-own", "1"),
            ("content-disposition", "attachment"),
            ("vary", "Accept, Origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        assert_ne!(answer.header("x-request-id"), Some("theirs"));
        for absent in ["set-cookie", "access-control-allow-origin"] {
            assert_eq!(answer.header(absent), None, "{absent}");
        }
    }

    #[test]
    fn a_redirect_is_followed_by_nobody_and_leads_below_the_service_or_nowhere() {
        let served = served();
        let to = |location: &str| {
            served
                .world
                .upstream
                .next(Reply::new(307).header("location", location));
            let answer = served.get("/a/b").expect(307);
            answer.header("location").map(str::to_owned)
        };
        assert_eq!(to("/base/c"), Some(format!("/services/{}/c", served.id)));
        assert_eq!(to("../d"), Some(format!("/services/{}/d", served.id)));
        assert_eq!(to("https://evil.example.com/base/c"), None);
        assert_eq!(served.world.upstream.calls().len(), 3);
    }

    #[test]
    fn a_call_is_recorded_metered_and_never_kept() {
        let served = served();
        let reply = Reply::new(200).chunk("abcde").late(2_000);
        served.world.upstream.next(reply);
        let answer = served.world.send(
            served
                .call("POST", "/v1/x?secret=1")
                .header("content-length", "3")
                .body("text/plain", "abc"),
        );
        assert!(answer.closed);
        assert_eq!(answer.expect(200).body, b"abcde");
        let record = served.record();
        assert_eq!(record["kind"], "service");
        assert_eq!(record["status"], "completed");
        assert_eq!(record["run_time"], 2_000);
        assert_eq!(
            (&record["input"], &record["output"]),
            (&json!(3), &json!(5))
        );
        assert_eq!(
            record["more"],
            json!({"path": "/v1/x", "method": "POST", "status_code": 200})
        );
        assert_eq!(
            served.world.count("SELECT count(*) FROM request_payloads"),
            0
        );
        let used = "SELECT credits FROM usage_days WHERE subject_id = (SELECT id FROM projects WHERE name = 'vision')";
        assert_eq!(served.world.count(used), 2_000_000);
    }

    #[test]
    fn a_status_is_passed_on_and_recorded_as_a_failure_from_400_on() {
        for (status, recorded) in [(304, "completed"), (404, "failed"), (500, "failed")] {
            let served = served();
            served
                .world
                .upstream
                .next(Reply::new(status).header("x-own", "1"));
            let answer = served.get("/x").expect(status);
            assert_eq!(answer.header("x-own"), Some("1"));
            assert_eq!(served.record()["status"], recorded, "{status}");
        }
    }

    #[test]
    fn a_head_has_the_length_and_no_body() {
        let served = served();
        served
            .world
            .upstream
            .next(Reply::new(200).header("content-length", "1000000"));
        let answer = served.world.send(served.call("HEAD", "/x")).expect(200);
        assert_eq!(answer.header("content-length"), Some("1000000"));
        assert!(answer.body.is_empty());
        assert_eq!(served.sent().0, Method::HEAD);
    }

    #[test]
    fn a_long_body_or_one_of_unknown_length_passes_by_unsigned() {
        for length in [None, Some("9000000")] {
            let served = served();
            served.world.upstream.next(Reply::new(204));
            let pieces = std::iter::repeat_n(vec![7; 1_000_000], 9);
            let call = served.call("POST", "/x").chunks(Chunks::of(pieces));
            let call = match length {
                Some(length) => call.header("content-length", length),
                None => call,
            };
            served.world.send(call).expect(204);
            assert_eq!(served.header("webhook-signature"), None);
            assert!(served.header("tenantry-signature").is_some());
            assert_eq!(served.sent().2.len(), 9_000_000);
            let volume = "SELECT input_volume FROM usage_days LIMIT 1";
            assert_eq!(served.world.count(volume), 9_000_000);
            assert_eq!(served.record()["input"], 9_000_000);
        }
    }

    #[test]
    fn a_short_body_is_read_first_and_signed() {
        let served = served();
        served.world.upstream.next(Reply::new(204));
        let call = served
            .call("POST", "/x")
            .chunks(Chunks::of([b"abc".to_vec()]));
        served
            .world
            .send(call.header("content-length", "3"))
            .expect(204);
        assert!(served.header("webhook-signature").is_some());
    }

    #[test]
    fn a_body_that_breaks_off_is_taken_for_no_whole_one() {
        let served = served();
        let chunks = Chunks::of([b"abc".to_vec()]).broken_off();
        served
            .world
            .send(served.call("POST", "/x").chunks(chunks))
            .refused(502, "could not be reached");
        assert_eq!(served.record()["status"], "failed");
        let served = self::served();
        let chunks = Chunks::of([b"abc".to_vec()]).broken_off();
        let call = served
            .call("POST", "/x")
            .chunks(chunks)
            .header("content-length", "9");
        served.world.send(call).expect(400);
        assert_eq!(served.records(), 0);
    }

    #[test]
    fn what_is_declared_is_held_to_its_last_bytes_until_the_record_is_settled() {
        let served = served();
        let long = vec![1; 100_000];
        let reply = Reply::new(200)
            .header("content-length", "200000")
            .chunk(long.clone())
            .chunk(long);
        served.world.upstream.next(reply);
        let answer = served.get("/x").expect(200);
        assert_eq!(
            (answer.length, answer.body.len(), answer.closed),
            (Some(200_000), 200_000, true)
        );
        // A settlement that fails for good cuts it before its last bytes.
        let served = self::served();
        let long = vec![1; 100_000];
        let reply = Reply::new(200)
            .header("content-length", "200000")
            .chunk(long.clone())
            .chunk(long);
        served.world.upstream.next(reply);
        served.world.database.fail_each(2..=60, Fault::Refuse);
        let answer = served.get("/x").expect(200);
        assert_eq!((answer.body.len(), answer.closed), (100_000, false));
    }

    #[test]
    fn an_answer_that_breaks_off_is_seen_to() {
        let broken = || CallFault::Connection("broken".to_owned());
        for reply in [
            Reply::new(200).chunk("abc").fault(broken()),
            Reply::new(200)
                .header("content-length", "100000")
                .chunk("abc")
                .fault(broken()),
            Reply::new(200)
                .header("content-length", "100000")
                .chunk("abc"),
        ] {
            let served = served();
            served.world.upstream.next(reply);
            let answer = served.get("/x").expect(200);
            assert!(!answer.closed);
            assert_eq!(served.record()["error"], "the upstream's answer broke off");
        }
    }

    #[test]
    fn events_are_passed_on_byte_for_byte_whatever_ends_them() {
        let served = served();
        let reply = Reply::new(200).header("content-type", "text/event-stream");
        served.world.upstream.next(
            reply
                .chunk("event: a\nid: 1\ndata: x\n\n")
                .chunk("data: y\n\n"),
        );
        let answer = served.get("/x").expect(200);
        assert_eq!(answer.body, b"event: a\nid: 1\ndata: x\n\ndata: y\n\n");
        assert!(answer.closed);
        assert_eq!(answer.header("content-encoding"), Some("identity"));
        let served = self::served();
        let usage =
            r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#;
        served.world.upstream.next(Reply::events([usage, "[DONE]"]));
        let answer = served.get("/x").expect(200);
        assert!(answer.body.ends_with(b"data: [DONE]\n\n"));
        assert_eq!(served.world.count("SELECT total_tokens FROM requests"), 3);
    }

    #[test]
    fn events_that_break_off_end_with_an_error() {
        let served = served();
        let reply = Reply::new(200)
            .header("content-type", "text/event-stream")
            .chunk("data: x\n\ndata: hal");
        served
            .world
            .upstream
            .next(reply.fault(CallFault::Connection("broken".to_owned())));
        let answer = served.get("/x").expect(200);
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(
            text.starts_with("data: x\n\n") && text.contains("broke off"),
            "{text}"
        );
    }

    #[test]
    fn what_is_not_reached_is_502_what_is_too_slow_504_and_what_has_no_base_404() {
        let served = served();
        let broken = CallFault::Connection("refused".to_owned());
        served.world.upstream.next(Reply::failing(broken));
        served.get("/x").refused(502, "could not be reached");
        let served = self::served();
        served.world.upstream.next(Reply::silent());
        let call = served.call("GET", "/x").header("tenantry-timeout", "7");
        served.world.send(call).refused(504, "timeout of 7 seconds");
        assert_eq!(served.record()["run_time"], 7_000);
        for wrong in ["0", "3601", "x"] {
            let call = served.call("GET", "/x").header("tenantry-timeout", wrong);
            served.world.send(call).refused(400, "Tenantry-Timeout");
        }
        let served = self::served();
        served.world.serve("d", json!({}));
        served.get("/x").refused(404, "no base_url");
        assert_eq!(served.records(), 0);
        served
            .world
            .execute("UPDATE deployment_versions SET is_default = 0", []);
        served.get("/x").refused(404, "no default version");
    }

    #[test]
    fn a_caller_who_hangs_up_ends_the_call_and_is_charged_for_its_time() {
        let served = served();
        served
            .world
            .upstream
            .next(Reply::new(200).chunk("abc").pause(5_000).chunk("def"));
        let call = served.call("GET", "/x").hanging_up(HangUp::After(2_000));
        served.world.send(call);
        assert_eq!(served.record()["error"], "the caller hung up");
        assert_eq!(served.record()["run_time"], 2_000);
        let end = served.world.upstream.only_call().end;
        assert_eq!(end, End::Fault(CallFault::CallerGone));
    }

    #[test]
    fn websockets_bodies_of_gets_and_our_own_calls_are_refused() {
        let served = served();
        let call = served.call("GET", "/x").header("upgrade", "websocket");
        served.world.send(call).refused(501, "WebSockets");
        let call = served.call("GET", "/x").body("text/plain", "abc");
        served
            .world
            .send(call)
            .refused(400, "a GET or HEAD has none");
        let call = served.call("GET", "/x").header("tenantry-request-id", "1");
        served.world.send(call).refused(400, "Tenantry-Request-Id");
        assert_eq!(served.records(), 0);
    }

    #[test]
    fn calling_needs_the_right_to_make_requests_to_the_deployment() {
        let served = served();
        let world = &served.world;
        let by = |caller: &Caller| {
            let call = Call::new("GET", format!("/services/{}/x", served.id));
            world.send(call.by(caller))
        };
        world.upstream.answering(|_| Reply::new(204));
        by(&world.viewer()).refused(403, "deployments.requests.create");
        by(&world.stranger()).refused(404, "there is no service");
        by(&world.neighbour()).refused(404, "there is no service");
        by(&world.nobody()).expect(401);
        by(&world.revoked()).expect(401);
        by(&world.expired()).expect(401);
        by(&world.operator()).expect(204);
        let caller = world.service_user(&[]);
        by(&caller).refused(403, "deployments.requests.create");
        world.assign_on("deployment", "d", "deployment-request-user", &caller.id);
        by(&caller).expect(204);
        assert_eq!(served.records(), 2);
        let unknown = Call::new("GET", "/services/0b9a1f7e-32f5-4c2b-9a53-6f2f3b0f6d11/x");
        world
            .send(unknown.clone().by(&world.admin()))
            .refused(404, "there is no service");
        world.send(unknown).expect(401);
    }

    #[test]
    fn anybody_may_call_an_open_service_as_often_as_it_says() {
        let served = open();
        let world = &served.world;
        world.upstream.answering(|_| Reply::new(204));
        let answer = world.send(served.nobody()).expect(204);
        assert_eq!(answer.header("x-ratelimit-limit"), Some("2"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some("1"));
        assert_eq!(
            served.header("tenantry-caller").as_deref(),
            Some("anonymous")
        );
        assert_eq!(served.record()["caller"], "anonymous");
        world.send(served.call("GET", "/x")).expect(204);
        let refused = world
            .send(served.nobody())
            .refused(429, "rate_limit of the service is 2");
        assert!(refused.header("retry-after").is_some());
        world.pass(60_000);
        world.send(served.nobody()).expect(204);
        // A token that is sent nevertheless is checked.
        world.send(served.nobody().by(&world.revoked())).expect(401);
        world.send(served.nobody().by(&world.viewer())).expect(403);
    }

    #[test]
    fn nobody_has_more_than_half_of_what_a_version_takes_at_once() {
        let served = open();
        let world = &served.world;
        world.serve("d", json!({"base_url": BASE, "max_concurrency": 2}));
        world.upstream.answering(|_| Reply::new(204));
        // While one is under way, another is refused.
        world.execute(
            "INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status,
               caller_id, caller, time_created, time_started, timeout, lease_end, leased, leased_time, price, day, input_size,
               retention_mode, retention_time)
             SELECT v.project_id, 'one', v.organization_id, 'deployment', v.deployment_id, v.id, 'service', 'processing',
               'anonymous', 'anonymous', 1, 1, 60, 99999999999999, 0, 0, 0, 1, 0, 'full', 1
             FROM deployment_versions v JOIN deployments d ON d.id = v.deployment_id WHERE d.name = 'd'",
            [],
        );
        world.send(served.nobody()).refused(429, "max_concurrency");
        world.send(served.call("GET", "/x")).expect(204);
    }

    #[test]
    fn each_caller_has_their_own_rate_and_so_many_calls_run_at_once() {
        let served = Served::new(json!({"rate_limit_user_default": 1, "concurrency_limit": 1}));
        let world = &served.world;
        world.upstream.answering(|_| Reply::new(204));
        served.get("/x").expect(204);
        served
            .get("/x")
            .refused(429, "rate limit that you have there is 1");
        let path = world.path("/services/s/user-rate-limits");
        let body = json!({"user_id": world.admin().id, "limit": 3});
        world.call(&world.owner(), "POST", &path, body).expect(201);
        served.get("/x").expect(204);
        world.execute(
            "UPDATE requests SET status = 'processing', lease_end = 99999999999999
             WHERE id = (SELECT max(id) FROM requests)",
            [],
        );
        served
            .get("/x")
            .refused(429, "concurrency_limit of the service is 1");
        assert_eq!(served.records(), 2);
    }

    #[test]
    fn callers_at_the_edge_of_a_rate_never_pass_it() {
        let served = Served::new(json!({"rate_limit": 3}));
        let world = &served.world;
        world.upstream.answering(|_| Reply::new(204));
        let calls = (0..8)
            .map(|_| world.begin(served.call("GET", "/x")))
            .collect::<Vec<_>>();
        let answers = calls.into_iter().map(|call| call.finish());
        let done = answers.filter(|answer| answer.status == 204).count();
        assert_eq!(done, 3);
    }

    #[test]
    fn a_key_is_good_for_one_call_whose_answer_is_not_kept() {
        let served = served();
        served
            .world
            .upstream
            .answering(|_| Reply::new(200).chunk("abc"));
        let call = || {
            served
                .call("POST", "/x")
                .body("text/plain", "a")
                .header("idempotency-key", "k")
        };
        served.world.send(call()).expect(200);
        served
            .world
            .send(call())
            .refused(409, "it ran, its answer was not kept");
        assert_eq!(served.records(), 1);
    }

    #[test]
    fn a_page_may_call_from_the_projects_origins_and_the_callers() {
        let served = open();
        let world = &served.world;
        world.upstream.answering(|_| Reply::new(204));
        let origin = "https://app.example.com";
        let preflight_of = |id: &str| {
            let call = Call::new("OPTIONS", format!("/services/{id}/a/b")).header("origin", origin);
            world.send(call.header("access-control-request-headers", "x-own"))
        };
        let preflight = || preflight_of(&served.id);
        let allowed = |answer: &Answer| {
            answer
                .header("access-control-allow-origin")
                .map(str::to_owned)
        };
        assert_eq!(allowed(&preflight().expect(204)), None);
        let foreign = || {
            served
                .nobody()
                .header("origin", origin)
                .header("sec-fetch-site", "cross-site")
        };
        world.send(foreign()).refused(403, "origin");
        assert_eq!(served.records(), 0);
        let body = json!({"cors_origins": [origin]});
        world
            .call(&world.owner(), "PATCH", &world.path(""), body)
            .expect(200);
        let answer = preflight().expect(204);
        assert_eq!(allowed(&answer).as_deref(), Some(origin));
        assert_eq!(answer.header("access-control-allow-headers"), Some("x-own"));
        // A call takes an id in either case, with and without dashes, and so does what a browser asks before it.
        for id in [served.id.to_uppercase(), served.id.replace('-', "")] {
            let answer = preflight_of(&id).expect(204);
            assert_eq!(allowed(&answer).as_deref(), Some(origin), "{id}");
        }
        assert_eq!(
            allowed(&world.send(foreign()).expect(204)).as_deref(),
            Some(origin)
        );
        let closed = Call::new("GET", "/services/0b9a1f7e-32f5-4c2b-9a53-6f2f3b0f6d11/x");
        let answer = world.send(closed.header("origin", origin)).expect(401);
        assert_eq!(allowed(&answer), None);
    }

    #[test]
    fn a_host_of_its_own_has_only_the_paths_of_the_service() {
        let served = served();
        let world = served
            .world
            .with_settings(&[("SERVICES_DOMAIN", "services.acme.com")]);
        world
            .upstream
            .answering(|_| Reply::new(302).header("location", "/base/y"));
        let call = Call::new("GET", "/v2.1/projects?x").by(&world.admin());
        let host = format!("{}.services.acme.com", served.id);
        let answer = world.send(call.header("host", host)).expect(302);
        assert_eq!(answer.header("location"), Some("/y"));
        assert_eq!(served.sent().1, format!("{BASE}/v2.1/projects?x"));
        let shown = world.get(&world.owner(), &world.path("/services/s")).json();
        assert_eq!(
            shown["endpoint"],
            format!("https://{}.services.acme.com", served.id)
        );
    }

    #[test]
    fn a_trip_of_unknown_outcome_sends_nothing_and_leaves_no_record() {
        let served = served();
        served.world.fail(1, Fault::LoseAfter);
        served.get("/x").expect(503);
        assert_eq!(served.records(), 0);
        assert_eq!(served.world.upstream.calls().len(), 0);
    }

    #[test]
    fn who_shows_no_token_is_counted_by_address() {
        let served = open();
        let world = &served.world;
        world.upstream.answering(|_| Reply::new(204));
        world.shield.allow(1);
        let call = || served.nobody().header("cf-connecting-ip", "203.0.113.7");
        world.send(call()).expect(204);
        let refused = world.send(call()).refused(429, "from your address");
        assert_eq!(refused.trips, 0);
        world.send(served.call("GET", "/x")).expect(204);
    }

    #[test]
    fn a_coded_body_goes_on_with_its_coding() {
        let served = served();
        served.world.upstream.next(Reply::new(204));
        let call = served.call("POST", "/x").body("text/plain", [0x1f, 0x8b]);
        let call = call
            .header("content-encoding", "gzip")
            .header("content-length", "2");
        served.world.send(call).expect(204);
        assert_eq!(served.header("content-encoding").as_deref(), Some("gzip"));
        assert_eq!(served.sent().2, [0x1f, 0x8b]);
    }

    #[test]
    fn strangers_read_nothing_of_budgets_and_variables() {
        let served = open();
        let world = &served.world;
        let headers = json!({"base_url": BASE, "headers": r#"{"x-key":"${SECRET_NAME}"}"#, "variables": r#"["SECRET_NAME"]"#});
        world.serve("d", headers);
        let refused = world
            .send(served.nobody())
            .refused(502, "could not be reached");
        assert!(!refused.error().contains("SECRET_NAME"));
        assert!(
            served.record()["error"]
                .as_str()
                .unwrap()
                .contains("SECRET_NAME")
        );
        world
            .send(served.call("GET", "/x"))
            .refused(502, "SECRET_NAME");
        world.pass(60_000);
        world.execute(
            "UPDATE projects SET suspended_by = 'operator', suspended_reason = 'unpaid'",
            [],
        );
        let refused = world
            .send(served.nobody())
            .refused(403, "takes no calls at present");
        assert!(!refused.error().contains("unpaid"));
        world.send(served.call("GET", "/x")).refused(403, "unpaid");
    }
}

#[test]
fn no_service_is_made_once_the_subscription_is_over() {
    let world = world();
    subscribe(&world, "premium", "2026-06-01", Some("2026-06-15")).expect(200);
    create(&world, json!({"name": "s", "deployment": "d"})).refused(403, "subscription has ended");
}

#[test]
fn a_change_names_what_is_there_and_no_name_that_is_taken() {
    let world = world();
    service(&world);
    create(&world, json!({"name": "t", "deployment": "d"})).expect(201);
    let made = patch(&world, json!({"version": "v1"})).expect(200).json();
    let unknown = json!({"deployment": "none", "description": "another"});
    patch(&world, unknown).expect(404);
    patch(&world, json!({"version": "none"})).refused(400, "version");
    patch(&world, json!({"name": "t"})).refused(400, "name: ");
    assert_eq!(get(&world, "/services/s").expect(200).json(), made);
}

#[test]
fn nobody_opens_by_a_change_what_they_may_not_call() {
    let world = world();
    service(&world);
    let role = world.custom_role(&["services.update"]);
    let author = world.service_user(&[&role]);
    let path = world.path("/services/s");
    let open = json!({"authentication_required": false, "rate_limit": 1});
    let change = |body: &Json| world.call(&author, "PATCH", &path, body.clone());
    change(&json!({"rate_limit": 1})).expect(200);
    change(&open).refused(403, "authentication_required");
    world.assign_on("deployment", "d", "deployment-request-user", &author.id);
    change(&open).expect(200);
}

#[test]
fn a_second_limit_of_a_caller_does_not_take_the_place_of_the_first() {
    let world = world();
    service(&world);
    let caller = world.service_user(&[]);
    let path = world.path("/services/s/user-rate-limits");
    let limit = |most: i64| {
        let body = json!({"user_id": caller.id, "limit": most});
        world.call(&world.owner(), "POST", &path, body)
    };
    limit(7).expect(201);
    limit(8).refused(400, "user_id: there is a limit");
    let shown = get(
        &world,
        &format!("/services/s/user-rate-limits/{}", caller.id),
    );
    assert_eq!(shown.json()["limit"], 7);
}

#[test]
fn a_service_has_at_most_a_thousand_limits() {
    let world = world();
    service(&world);
    let id = "(SELECT id FROM services)";
    let full = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO service_user_limits (service_id, kind, user_id, id, most)
         SELECT {id}, 'rate', 'u' || i, 'l' || i, 1 FROM n"
    );
    world.execute(&full, []);
    let caller = world.service_user(&[]);
    let path = world.path("/services/s/user-rate-limits");
    let body = json!({"user_id": caller.id, "limit": 1});
    let one_more = || world.call(&world.owner(), "POST", &path, body.clone());
    one_more().refused(400, "at most 1000");
    world.execute("DELETE FROM service_user_limits WHERE user_id = 'u1'", []);
    one_more().expect(201);
}
