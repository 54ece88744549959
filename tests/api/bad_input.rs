//! Bad input at every route that takes a body, and in paths, queries and headers: 4xx with a sentence, nothing stored.

use std::mem::discriminant;

use serde_json::{Value as Json, json};

use tenantry::routes::{self, Route};
use tenantry::web::cors::Class;

use testkit::requests::plausible;
use testkit::world::PROJECT;
use testkit::{Answer, Call, Caller, Chunks, World};

const MIB: usize = 1 << 20;

fn caller(world: &World, route: &Route) -> Caller {
    if route.path.starts_with("/operator/") {
        world.operator()
    } else {
        world.owner()
    }
}

/// Routes that read a JSON body: those whose plausible call has one.
fn with_body() -> Vec<&'static Route> {
    let world = World::new();
    // A result is signed, so any other body is 401: `later_results.rs` has those.
    let takes = |route: &&Route| {
        route.operation != "deployment_requests_result_create"
            && plausible(&world.copy(), route).has_body()
    };
    routes::table().filter(takes).collect()
}

/// Those whose body is a JSON object.
fn with_object() -> Vec<&'static Route> {
    let world = World::new();
    let is_object = |route: &&Route| plausible(&world.copy(), route).json_body().is_object();
    with_body().into_iter().filter(is_object).collect()
}

/// Sends a call that must be refused, and looks whether it left something.
#[track_caller]
fn refused(world: &World, call: Call) -> Answer {
    world.writes_afterwards(false);
    let before = world.dump();
    let answer = world.send(call);
    assert!((400..500).contains(&answer.status), "{answer}");
    assert!(!answer.error().is_empty(), "{answer}");
    assert!(world.dump() == before, "{answer} stored something");
    answer
}

#[test]
fn a_body_that_is_no_json_object_is_refused_everywhere() {
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for route in with_object() {
        let world = World::new();
        let call = plausible(&world, route).by(&caller(&world, route));
        let send = |body: &[u8]| refused(&world, call.clone().body("application/json", body));
        for body in [
            "nope",
            "{",
            "}",
            "[]",
            "[{}]",
            "5",
            "\"x\"",
            "null",
            "true",
            "{} {}",
            "{\"a\":}",
            "\u{0}",
            "{'a':1}",
            "{\"a\":1,}",
            "\u{feff}\u{feff}{}",
            "\u{feff}[]",
            "{}\u{feff}",
            "NaN",
            &deep,
        ] {
            assert_eq!(
                send(body.as_bytes()).status,
                400,
                "{} {body:.20}",
                route.operation
            );
        }
        for body in [
            b"{\"name\":\"\xff\"}" as &[u8],
            b"{\"unknown_field\":\"\xff\"}",
            b"\xff\xfe{\0}\0",
        ] {
            assert_eq!(send(body).status, 400, "{}", route.operation);
        }
        let fields = call.json_body();
        let field = fields.as_object().unwrap().keys().next().unwrap();
        let lone_surrogate = format!("{{\"{field}\":\"\\ud800\"}}");
        assert_eq!(
            send(lone_surrogate.as_bytes()).status,
            400,
            "{}",
            route.operation
        );
    }
}

/// The status of a body that is refused: the clients of ModelArts know no other than 400.
fn on_surface_of(route: &Route, status: u16) -> u16 {
    if route.path.starts_with("/v1/") {
        400
    } else {
        status
    }
}

#[test]
fn a_body_must_be_declared_as_json() {
    for route in with_body() {
        let world = World::new();
        let call = plausible(&world, route).by(&caller(&world, route));
        for media_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "",
            "application/jsonp",
            "json",
        ] {
            let answer = refused(&world, call.clone().body(media_type, "{}"));
            // On request endpoints it is read all the same; it is empty there, or of another kind.
            let expected = match route.family.cors {
                Class::Requests => 400,
                _ => on_surface_of(route, 415),
            };
            assert_eq!(answer.status, expected, "{} {media_type}", route.operation);
        }
    }
}

#[test]
fn a_compressed_body_is_refused_by_its_coding_and_told_which_is_taken() {
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0];
    for route in with_body() {
        let world = World::new();
        let call = plausible(&world, route).by(&caller(&world, route));
        for (coding, body) in [
            ("gzip", &gzip[..]),
            ("deflate, gzip", &gzip),
            ("identity, BR", &gzip),
            // Whether it is coded or only said to be, nobody looks.
            ("x", b"{}"),
        ] {
            let call = call.clone().header("content-encoding", coding);
            let answer = refused(&world, call.body("application/json", body));
            assert_eq!(answer.status, on_surface_of(route, 415), "{answer}");
            assert!(answer.error().contains(&format!("'{coding}'")), "{answer}");
            assert_eq!(answer.header("accept-encoding"), Some("identity"));
        }
        let answer = refused(&world, call.body("text/plain", "{}"));
        assert!(answer.header("accept-encoding").is_none());
    }
}

#[test]
fn a_body_without_a_coding_and_an_empty_one_of_any_are_taken() {
    let world = World::new();
    let call = Call::new("POST", world.path("/service-users")).by(&world.owner());
    for coding in ["identity", "Identity , identity", "", ","] {
        let call = call.clone().header("content-encoding", coding);
        let call = call.json(&json!({"name": "new"}));
        assert_eq!(world.send(call).expect(201).text("name"), "new");
    }
    let empty = call.header("content-encoding", "gzip");
    world.send(empty.body("application/json", "")).expect(201);
    // What is never read is never decoded.
    let path = world.path(&format!("/service-users/{}/token", world.robot().id));
    let call = Call::new("PUT", path).by(&world.owner());
    let call = call.header("content-encoding", "gzip");
    world
        .send(call.body("application/json", [0x1f, 0x8b]))
        .expect(200);
}

#[test]
fn a_byte_order_mark_in_front_of_json_is_skipped() {
    for route in with_body() {
        let world = World::new();
        let call = plausible(&world, route).by(&caller(&world, route));
        let marked = format!("\u{feff}{}", call.json_body());
        let answer = world.send(call.body("application/json", marked));
        assert!(answer.status < 300, "{answer}");
    }
    let world = World::new();
    let call = Call::new("POST", world.path("/service-users")).by(&world.owner());
    let send = |body: &str| world.send(call.clone().body("application/json", body));
    send("\u{feff}").expect(201);
    send("\u{feff}{\"name\": 5}").refused(400, "name: invalid type: integer `5`");
    send("\u{feff}nope").refused(400, "the body is not valid JSON");
}

#[test]
fn a_json_type_may_have_parameters_and_any_case() {
    for media_type in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/problem+json",
    ] {
        let world = World::new();
        let call = Call::new("POST", world.path("/service-users")).by(&world.owner());
        world.send(call.body(media_type, "{}")).expect(201);
    }
}

#[test]
fn a_body_that_is_too_long_is_refused_while_it_is_read() {
    for route in with_body() {
        let world = World::new();
        let call = plausible(&world, route).by(&caller(&world, route));
        // A mebibyte, or eight of a request (contract section 4).
        let limit = route.family.body_limit;
        let pieces = Chunks::of((0..17).map(|_| vec![b' '; limit / 16]));
        let answer = refused(&world, call.clone().chunks(pieces));
        assert_eq!(
            answer.status,
            on_surface_of(route, 413),
            "{}",
            route.operation
        );
        let answer = refused(&world, call.body("application/json", vec![b'x'; limit + 1]));
        assert_eq!(
            answer.status,
            on_surface_of(route, 413),
            "{}",
            route.operation
        );
    }
}

#[test]
fn a_body_of_just_a_mebibyte_is_taken_in_any_pieces() {
    let world = World::new();
    let mut body = br#"{"name": "new"}"#.to_vec();
    body.resize(MIB, b' ');
    let pieces = Chunks::of(body.chunks(1_000).map(<[u8]>::to_vec));
    let call = Call::new("POST", world.path("/service-users")).by(&world.owner());
    world
        .send(
            call.header("content-type", "application/json")
                .chunks(pieces),
        )
        .expect(201);
}

#[test]
fn a_body_that_breaks_off_is_refused() {
    for route in with_body() {
        let world = World::new();
        let call = plausible(&world, route).by(&caller(&world, route));
        let pieces = Chunks::of([b"{\"name\": \"x\"}".to_vec()]).broken_off();
        let call = call.chunks(pieces);
        assert_eq!(refused(&world, call).status, 400);
    }
}

#[test]
fn unknown_fields_are_ignored_everywhere() {
    for route in with_object() {
        let world = World::new();
        let call = plausible(&world, route).by(&caller(&world, route));
        let mut body = call.json_body();
        body["unknown_field"] = json!([{"a": null}, 1e308, "\u{0}"]);
        body["constructor"] = json!({"prototype": []});
        let answer = world.send(call.json(&body));
        assert!(answer.status < 300, "{answer}");
    }
}

#[test]
fn each_field_of_each_body_is_named_when_its_value_is_of_a_wrong_type() {
    for route in with_object() {
        let world = World::new();
        let call = plausible(&world, route).by(&caller(&world, route));
        let body = call.json_body();
        for field in body.as_object().unwrap().keys() {
            for wrong in [json!(5), json!({"a": 1}), json!([[]]), json!(true)] {
                // A list is wrong by what is in it.
                if discriminant(&body[field]) == discriminant(&wrong) && !wrong.is_array() {
                    continue;
                }
                let mut body = body.clone();
                body[field] = wrong;
                let answer = refused(&world, call.clone().json(&body));
                assert_eq!(answer.status, 400, "{answer}");
                assert!(
                    answer.error().starts_with(field.as_str()),
                    "{field}: {answer}"
                );
                assert!(!answer.error().contains(" at line "), "{answer}");
            }
        }
    }
}

/// The paths of all values within a JSON value, as a refusal names them, each with a way to the value.
fn places(value: &Json, path: &str, pointer: &str, into: &mut Vec<(String, String)>) {
    let mut visit = |path: String, key: &str, value: &Json| {
        let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        into.push((path.clone(), pointer.clone()));
        places(value, &path, &pointer, into);
    };
    match value {
        Json::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                visit(format!("{path}{dot}{name}"), name, value);
            }
        }
        Json::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                visit(format!("{path}[{index}]"), &index.to_string(), value);
            }
        }
        _ => {}
    }
}

#[test]
fn what_no_type_takes_within_a_body_is_named_by_its_place() {
    let mut refusals = 0;
    for route in with_body() {
        let contract = route.contract.body.unwrap();
        let world = World::new();
        world.writes_afterwards(false);
        let call = plausible(&world, route).by(&caller(&world, route));
        for example in [(contract.shape.example)(), call.json_body()] {
            let mut all = Vec::new();
            places(&example, "", "", &mut all);
            for (path, pointer) in all {
                for wrong in [
                    json!(5),
                    json!("\0"),
                    json!({"a": 1}),
                    json!([[]]),
                    json!(true),
                ] {
                    let mut body = example.clone();
                    *body.pointer_mut(&pointer).unwrap() = wrong;
                    if (contract.parse)(body.clone()).is_ok() {
                        continue;
                    }
                    let answer = world.send(call.clone().json(&body)).expect(400);
                    let sentence = answer.error();
                    assert!(sentence.starts_with(&path), "{path}: {body} {answer}");
                    refusals += 1;
                }
            }
        }
    }
    assert!(refusals > 500, "{refusals}");
}

#[test]
fn a_wrong_type_in_the_place_of_a_word_is_told_which_words_there_are() {
    let world = World::new();
    let event = |field: &str, wrong: Json| {
        let mut event = json!({
            "id": "new", "project": PROJECT, "object_type": "deployment_version", "object_name": "x1",
            "version": "x1", "metric": "credits", "value": 1, "timestamp": "2026-06-14",
        });
        event[field] = wrong;
        let call = Call::new("POST", "/operator/v1/usage-events").by(&world.operator());
        call.json(&json!([event]))
    };
    let grant = |wrong: Json| {
        let grants = json!([{"user_id": world.viewer().id}, {"user_id": "x", "user_type": wrong}]);
        let body = json!({"name": "training", "auth_type": "INTERNAL", "grants": grants});
        Call::new("POST", world.workspaces(""))
            .by(&world.owner())
            .json(&body)
    };
    for wrong in [
        json!(5),
        json!(true),
        json!([]),
        json!({}),
        json!({"credits": null}),
        json!("nope"),
    ] {
        for (call, place, words) in [
            (
                event("metric", wrong.clone()),
                "[0].metric: ",
                "credits, input_volume, output_volume",
            ),
            (
                event("object_type", wrong.clone()),
                "[0].object_type: ",
                "deployment_version, pipeline_version",
            ),
            (
                grant(wrong.clone()),
                "grants[1].user_type: ",
                "IAM, FEDERATE, AGENCY",
            ),
        ] {
            let answer = refused(&world, call);
            let sentence = answer.error();
            assert!(
                sentence.starts_with(place) && sentence.contains(words),
                "{answer}"
            );
        }
    }
}

#[test]
fn texts_with_nul_or_of_great_length_are_refused_by_their_field() {
    let world = World::new();
    let long = "x".repeat(100_000);
    for (method, path, field) in [
        ("POST", "/v2.1/organizations".to_owned(), "name"),
        ("POST", "/v2.1/projects".to_owned(), "name"),
        ("PATCH", world.path(""), "name"),
        ("POST", world.path("/service-users"), "name"),
        ("POST", world.path("/service-users"), "description"),
        ("POST", world.path("/role-assignments"), "role"),
        ("POST", world.path("/role-assignments"), "assignee"),
    ] {
        for text in ["a\u{0}b", long.as_str()] {
            let mut body = json!({"role": "project-viewer", "assignee": world.idle().id});
            if path == "/v2.1/projects" {
                body["organization_name"] = json!("acme");
            }
            body[field] = json!(text);
            let answer = refused(
                &world,
                Call::new(method, &path).by(&world.owner()).json(&body),
            );
            assert!(answer.error().contains(field), "{answer}");
            assert!(answer.error().len() < 400, "{answer}");
        }
    }
}

#[test]
fn labels_are_texts_by_texts() {
    let world = World::new();
    for labels in [
        json!([]),
        json!("x"),
        json!({"a": [1]}),
        json!({"a": null}),
        json!({"": "x"}),
        json!({"a": "b\u{0}"}),
        json!({"a": {"b": "c"}}),
    ] {
        let body = json!({"labels": labels});
        let call = Call::new("PATCH", world.path(""))
            .by(&world.owner())
            .json(&body);
        assert!(refused(&world, call).error().starts_with("labels"));
    }
}

#[test]
fn dates_that_are_none_are_refused_with_an_example() {
    let world = World::new();
    for date in [
        "",
        "x",
        "tomorrow",
        "2030-02-30",
        "2030-13-01",
        "2030-01-01T25:00:00Z",
        "30-01-01",
        "10000-01-01",
        "2030-01-01T00:00:00+99:00",
        "1893456000",
        "2030-01-01T00:00:00.Z",
        "0000-00-00",
        "2030-1-1",
    ] {
        let body = json!({"expiry_date": date});
        let call = Call::new("POST", world.path("/service-users"))
            .by(&world.owner())
            .json(&body);
        assert!(
            refused(&world, call).error().starts_with("expiry_date"),
            "{date}"
        );
    }
    for date in [json!(1893456000), json!({}), json!(true)] {
        let call = Call::new("POST", world.path("/service-users")).by(&world.owner());
        refused(&world, call.json(&json!({"expiry_date": date})));
    }
}

#[test]
fn paths_and_queries_of_any_text_are_4xx_or_a_read() {
    let world = World::new();
    let names = [
        "%00",
        "%2F",
        "%FF",
        "%",
        "%zz",
        "%C0%AF",
        "..",
        "%2e%2e",
        ";",
        "a;b",
        "*",
        "'",
        "\"",
        "%27--",
        "\\",
        "{}",
        "{project_name}",
        "%7Bproject_name%7D",
        "a%0d%0ab",
        "%F0%9F%92%A5",
        "+",
        "&",
        "=",
        "null",
        "undefined",
        "0",
    ];
    let long = "a".repeat(10_240);
    for name in names.into_iter().chain([long.as_str()]) {
        for (method, path) in [
            ("GET", format!("/v2.1/projects/{name}")),
            ("PATCH", format!("/v2.1/projects/{name}")),
            ("DELETE", format!("/v2.1/projects/{name}")),
            (
                "GET",
                format!("/v2.1/projects/{PROJECT}/service-users/{name}"),
            ),
            (
                "DELETE",
                format!("/v2.1/projects/{PROJECT}/service-users/{name}"),
            ),
            (
                "PUT",
                format!("/v2.1/projects/{PROJECT}/service-users/{name}/token"),
            ),
            (
                "DELETE",
                format!("/v2.1/projects/{PROJECT}/role-assignments/{name}"),
            ),
            ("GET", format!("/v2.1/organizations/{name}")),
            (
                "POST",
                format!("/v2.1/projects/{PROJECT}/deployments/{name}/requests"),
            ),
        ] {
            let answer = refused(&world, Call::new(method, path).by(&world.owner()));
            assert!(matches!(answer.status, 404 | 405), "{answer}");
        }
        for path in [
            format!("/v2.1/projects?organization={name}&labels={name}:{name}"),
            format!(
                "/v2.1/projects/{PROJECT}/role-assignments?assignee={name}&resource={name}&{name}"
            ),
            format!("/v2.1/projects/{PROJECT}/audit?{name}={name}"),
        ] {
            let answer = world.get(&world.owner(), &path);
            assert!(matches!(answer.status, 200 | 400), "{answer}");
        }
    }
}

#[test]
fn headers_of_any_text_break_nothing() {
    let world = World::new();
    let long = "x".repeat(100_000);
    for text in ["", "\u{0}", "\u{7f}\u{80}", "é✓", "\r\n", long.as_str()] {
        for name in [
            "origin",
            "content-type",
            "sec-fetch-mode",
            "sec-fetch-site",
            "access-control-request-headers",
            "accept",
            "x-request-id",
            "content-length",
        ] {
            let call = Call::new("GET", world.path("/deployments/d/requests"));
            world
                .send(call.by(&world.owner()).header(name, text))
                .expect(404);
            let call = Call::new("OPTIONS", world.path("/deployments/d/requests"));
            world.send(call.header(name, text)).expect(204);
        }
        let call = Call::new("GET", "/v2.1/user").header("authorization", text);
        world.send(call).expect(401);
    }
}

#[test]
fn a_body_where_none_is_expected_is_not_looked_at() {
    let world = World::new();
    let path = world.path(&format!("/service-users/{}/token", world.robot().id));
    let call = Call::new("PUT", path).by(&world.owner());
    world.send(call.body("text/plain", "not json")).expect(200);
    let call = Call::new("GET", world.path("")).by(&world.owner());
    world.send(call.body("application/json", "{")).expect(200);
}

#[test]
fn no_answer_depends_on_the_order_or_the_doubling_of_fields() {
    let world = World::new();
    let call = Call::new("POST", world.path("/service-users")).by(&world.owner());
    let answer = world.send(call.body("application/json", r#"{"name":"a","name":"b"}"#));
    assert!(answer.status == 400 || answer.status == 201, "{answer}");
    let _: Json = answer.json();
}

#[test]
fn an_object_within_a_body_is_an_object_and_no_list_of_its_fields() {
    let world = World::new();
    let plain = json!({"name": "p", "input_type": "plain", "output_type": "plain"});
    let path = world.path("/pipelines");
    world.call(&world.owner(), "POST", &path, plain).expect(201);
    for (path, body, field) in [
        (
            "/deployments",
            json!({"name": "d", "input_type": "structured", "output_type": "plain", "input_fields": [["x", "int", null]]}),
            "input_fields[0]",
        ),
        (
            "/pipelines/p/versions",
            json!({"version": "v", "objects": [["a", "a", "deployment", null, null, null]]}),
            "objects[0]",
        ),
        (
            "/pipelines/p/versions",
            json!({"version": "v", "attachments": [["pipeline_end", []]]}),
            "attachments[0]",
        ),
    ] {
        let answer = world.call(&world.owner(), "POST", &world.path(path), body);
        let sentence = format!("{field}: invalid type: array, expected an object");
        answer.refused(400, &sentence);
    }
}
