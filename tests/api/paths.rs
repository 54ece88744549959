//! Paths, methods, HEAD, and what every answer carries.

use serde_json::{Value as Json, json};

use tenantry::routes;

use testkit::requests::plausible;
use testkit::{Call, World};

#[test]
fn both_versions_and_doubled_slashes_lead_to_the_same_place() {
    let world = World::new();
    let first = world
        .get(&world.owner(), &world.path(""))
        .expect(200)
        .json();
    for path in [
        "/v2/projects/vision",
        "/v2.1//projects/vision",
        "//v2.1/projects///vision/",
        "/v2.1/projects/%76ision",
        "/v2.1/projects/vision?x=1",
    ] {
        assert_eq!(
            world.get(&world.owner(), path).expect(200).json(),
            first,
            "{path}"
        );
    }
}

#[test]
fn a_path_that_is_none_is_404_for_everybody() {
    let world = World::new();
    for path in [
        "/x",
        "/v2.1",
        "/v3/projects",
        "/v2.1/projects/vision%2Fx",
        "/v2.1/projects/vision/service-users/a%2fb",
        "/v2.1/projects/a%00",
        "/v2.1/projects/%FF",
        "/v2.1/user/x",
        "/v2.1/authorize",
        "/v2.1/oauth/token",
        "/operator/v1",
        "/operator/v2/users",
        "/v2.1/operator/v1/users",
        "/v2/v2.1/status",
        "/%2Fv2.1/status",
    ] {
        for caller in [world.owner(), world.nobody(), world.operator()] {
            let answer = world.get(&caller, path).refused(404, "");
            assert_eq!(answer.trips, 0, "{path}");
        }
    }
}

#[test]
fn the_calls_of_ubiops_sessions_that_are_not_served_are_404() {
    let world = World::new();
    for path in ["/user", "/authorize", "/oauth/sign-in", "/oauth/complete"] {
        for base in ["", "/v2", "/v2.1"] {
            let path = format!("{base}{path}");
            for caller in [world.owner(), world.nobody(), world.operator()] {
                let body = json!({"email": "a@b.example", "password": "12345678"});
                let answer = world.call(&caller, "POST", &path, body);
                assert_eq!(answer.refused(404, "").trips, 0, "{path}");
            }
        }
    }
}

#[test]
fn a_path_of_ubiops_that_is_never_served_says_why_and_what_to_do_instead() {
    let world = World::new();
    let version = "/deployments/d/versions/v";
    for (path, words) in [
        (format!("{version}/revisions"), "PUT .../upstream"),
        (format!("{version}/revisions/r/x"), "PUT .../upstream"),
        (format!("{version}/instances"), "PUT .../upstream"),
        ("/instances".to_owned(), "PUT .../upstream"),
        ("/template-deployments".to_owned(), "POST .../deployments"),
        ("/experiments/e/runs".to_owned(), "PUT .../upstream"),
        ("/buckets".to_owned(), "no files are kept here"),
        ("/buckets/b/files/f".to_owned(), "no files are kept here"),
        ("/blobs/b".to_owned(), "no files are kept here"),
        ("/imports".to_owned(), "nothing is packed up here"),
        (
            "/exports/e/download".to_owned(),
            "nothing is packed up here",
        ),
    ] {
        for base in ["/v2.1/projects/vision", "/v2//projects/there-is-none"] {
            for caller in [world.owner(), world.nobody(), world.operator()] {
                let call = Call::new("POST", format!("{base}{path}")).by(&caller);
                let answer = world.send(call.body("application/zip", [0; 9]));
                assert_eq!(answer.refused(404, words).trips, 0, "{path}");
            }
        }
    }
    let path = world.path(&format!("{version}/revisions"));
    world
        .get(&world.owner(), &path)
        .refused(404, "there is no deployment 'd'");
    world
        .get(&world.owner(), "/v2.1/buckets")
        .refused(404, "there is nothing at this path");
}

#[test]
fn a_name_that_no_object_can_have_is_404() {
    let world = World::new();
    let long = "x".repeat(10_000);
    for name in [
        "Vision",
        "vision%20",
        "%20",
        "..",
        "%2e%2e",
        "'",
        "%27%20OR%201=1",
        "%E2%9C%93",
        long.as_str(),
    ] {
        let answer = world.get(&world.owner(), &format!("/v2.1/projects/{name}"));
        assert!(answer.expect(404).body.len() < 400, "{name}");
        world
            .get(&world.owner(), &format!("/v2.1/organizations/{name}"))
            .expect(404);
        world
            .get(&world.owner(), &world.path(&format!("/roles/{name}")))
            .expect(404);
    }
}

#[test]
fn a_method_that_a_path_does_not_have_is_405_with_those_it_has() {
    let world = World::new();
    for (method, path, allow) in [
        ("PUT", "/v2.1/projects", "POST, GET, HEAD, OPTIONS"),
        (
            "POST",
            "/v2.1/projects/vision",
            "GET, HEAD, PATCH, DELETE, OPTIONS",
        ),
        (
            "GET",
            "/v2.1/projects/vision/service-users/x/token",
            "PUT, OPTIONS",
        ),
        (
            "HEAD",
            "/v2.1/projects/vision/service-users/x/token",
            "PUT, OPTIONS",
        ),
        ("POST", "/v2.1/status", "GET, HEAD, OPTIONS"),
        ("TRACE", "/v2.1/status", "GET, HEAD, OPTIONS"),
        ("BREW", "/v2.1/status", "GET, HEAD, OPTIONS"),
    ] {
        let answer = world
            .call(&world.nobody(), method, path, Json::Null)
            .expect(405);
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

#[test]
fn head_is_get_without_a_body() {
    for route in routes::table().filter(|route| route.method == "GET") {
        let world = World::new();
        let path = plausible(&world, route);
        let get = world.send(path.clone().by(&world.owner()));
        let head = world.send(path.method("HEAD").by(&world.owner()));
        assert_eq!(head.status, get.status, "{}", route.path);
        assert!(head.body.is_empty());
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
}

#[test]
fn every_answer_has_a_request_id_of_its_own_and_the_log_has_it_too() {
    let world = World::new();
    let mut seen = std::collections::HashSet::new();
    for path in ["/v2.1/status", "/v2.1/user", "/nothing", "/health"] {
        for method in ["GET", "POST", "OPTIONS"] {
            let answer = world.call(&world.nobody(), method, path, Json::Null);
            let id = answer.header("x-request-id").unwrap().to_owned();
            assert!(answer.log.contains(&id));
            assert!(seen.insert(id));
        }
    }
}

#[test]
fn server_timing_is_shown_under_its_switch_alone() {
    let world = World::new();
    let path = world.path("");
    assert!(
        world
            .get(&world.owner(), &path)
            .header("server-timing")
            .is_none()
    );
    for value in ["false", "1", "TRUE", ""] {
        let world = world.with_settings(&[("SERVER_TIMING", value)]);
        assert!(
            world
                .get(&world.owner(), &path)
                .header("server-timing")
                .is_none()
        );
    }
    let world = world.with_settings(&[("SERVER_TIMING", "true")]);
    let body = json!({"labels": {"a": "b"}});
    let answer = world.call(&world.owner(), "PATCH", &path, body);
    let timing = answer.header("server-timing").unwrap();
    assert!(timing.starts_with("db;desc=\"2/"), "{timing}");
    assert!(timing.contains(", total;dur="), "{timing}");
}

#[test]
fn status_is_exactly_what_the_command_line_wants() {
    let world = World::new();
    for path in ["/v2.1/status", "/v2/status", "/status", "/health"] {
        let answer = world.send(Call::new("GET", path)).expect(200);
        assert_eq!(answer.json(), json!({"status": "ok"}));
        assert_eq!(answer.trips, usize::from(path == "/health"));
    }
}
