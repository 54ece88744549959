//! Which origins a browser may call from (contract section 4): the preflight, the answer, and what is withheld.

use serde_json::{Value as Json, json};

use testkit::world::PROJECT;
use testkit::{Answer, Call, Caller, World};

/// In the project's `cors_origins`.
const PROJECTS: &str = "https://project.example";
/// In the `allowed_cors_origins` of [`Fixture::app`].
const APPS: &str = "https://app.example";
/// In those of another service user of the project.
const OTHERS: &str = "https://other.example";
/// In those of a service user that has expired.
const EXPIREDS: &str = "https://expired.example";
/// In nobody's.
const FOREIGN: &str = "https://foreign.example";

const REQUESTS: &str = "/v2.1/projects/vision/deployments/d/requests";
const PLAIN: &str = "/v2.1/projects/vision/service-users";

struct Fixture {
    world: World,
    app: Caller,
    expired: Caller,
}

fn fixture() -> Fixture {
    let world = World::new();
    let body = json!({"cors_origins": [PROJECTS]});
    world
        .call(&world.owner(), "PATCH", &world.path(""), body)
        .expect(200);
    let with_origin = |origin: &str, expiry: Json| {
        let body = json!({"allowed_cors_origins": [origin], "expiry_date": expiry});
        world.service_user_of(PROJECT, &["project-admin"], body)
    };
    let app = with_origin(APPS, Json::Null);
    with_origin(OTHERS, Json::Null);
    let expired = with_origin(EXPIREDS, json!(world.after(1)));
    world.pass(1);
    Fixture {
        world,
        app,
        expired,
    }
}

fn preflight(world: &World, path: &str, origin: &str) -> Answer {
    let call = Call::new("OPTIONS", path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization");
    world.send(call).expect(204)
}

fn from(world: &World, by: &Caller, method: &str, path: &str, origin: &str) -> Answer {
    world.send(Call::new(method, path).by(by).header("origin", origin))
}

/// What a cache keeps the answers to preflights apart by.
const VARY_OF_PREFLIGHTS: &str = "Origin, Access-Control-Request-Headers";

fn allowed(answer: &Answer) -> Option<&str> {
    assert!(answer.header("access-control-allow-credentials").is_none());
    answer.header("access-control-allow-origin")
}

#[test]
fn options_is_204_with_the_methods_whatever_exists_and_without_a_credential() {
    let world = World::new();
    for (path, allow) in [
        ("/v2.1/projects", "POST, GET, HEAD, OPTIONS"),
        (
            "/v2.1/projects/vision/service-users",
            "POST, GET, HEAD, OPTIONS",
        ),
        (
            "/v2.1/projects/there-is-none/service-users",
            "POST, GET, HEAD, OPTIONS",
        ),
        ("/v2/status", "GET, HEAD, OPTIONS"),
        ("/operator/v1/users", "POST, GET, HEAD, OPTIONS"),
        (REQUESTS, "POST, GET, HEAD, OPTIONS"),
        ("/nothing/here", "OPTIONS"),
        ("/v2.1/projects/vision/nothing/here", "OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
        ("/x", "OPTIONS"),
    ] {
        for caller in [world.nobody(), world.robot(), world.malformed()] {
            let answer = world
                .send(Call::new("OPTIONS", path).by(&caller))
                .expect(204);
            assert_eq!(answer.header("allow"), Some(allow), "{path}");
            assert!(answer.body.is_empty());
            assert_eq!(answer.trips, 0);
        }
    }
}

#[test]
fn a_preflight_of_a_request_endpoint_goes_by_the_project_and_all_its_service_users() {
    let Fixture { world, .. } = fixture();
    let paths = [
        REQUESTS.to_owned(),
        format!("{REQUESTS}/batch"),
        format!("{REQUESTS}/13a9ba2768884528826e8e1002eab13d"),
        REQUESTS.replace("/requests", "/versions/v1/requests"),
        REQUESTS.replace("deployments", "pipelines"),
        REQUESTS.replace("v2.1", "v2"),
    ];
    for path in paths {
        for (origin, is_allowed) in [
            (PROJECTS, true),
            (APPS, true),
            (OTHERS, true),
            (EXPIREDS, true),
            (FOREIGN, false),
        ] {
            let answer = preflight(&world, &path, origin);
            assert_eq!(
                allowed(&answer),
                is_allowed.then_some(origin),
                "{path} {origin}"
            );
            assert_eq!(answer.header("vary"), Some(VARY_OF_PREFLIGHTS));
            assert_eq!(answer.trips, 1);
        }
    }
}

#[test]
fn a_preflight_of_another_project_path_goes_by_the_project_alone() {
    let Fixture { world, .. } = fixture();
    for path in [
        PLAIN,
        "/v2.1/projects/vision",
        "/v2.1/projects/vision/requests",
        "/v2.1/projects/vision/nothing/here",
        "/v2.1/projects/vision/buckets/b",
        "/v2.1/projects/vision/service-users/a%2Fb",
    ] {
        for (origin, is_allowed) in [(PROJECTS, true), (APPS, false), (FOREIGN, false)] {
            let answer = preflight(&world, path, origin);
            assert_eq!(
                allowed(&answer),
                is_allowed.then_some(origin),
                "{path} {origin}"
            );
            assert_eq!(answer.header("vary"), Some(VARY_OF_PREFLIGHTS));
        }
    }
}

#[test]
fn what_a_preflight_allows_stands_in_its_headers() {
    let Fixture { world, .. } = fixture();
    let answer = preflight(&world, REQUESTS, APPS);
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("POST, GET, HEAD, OPTIONS")
    );
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("authorization")
    );
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    let refused = preflight(&world, REQUESTS, FOREIGN);
    for name in ["methods", "headers"] {
        assert!(
            refused
                .header(&format!("access-control-allow-{name}"))
                .is_none()
        );
    }
    assert!(refused.header("access-control-max-age").is_none());
}

#[test]
fn a_preflight_allows_the_headers_that_it_asks_for() {
    let Fixture { world, .. } = fixture();
    let preflight = |asked: &str| {
        let call = Call::new("OPTIONS", REQUESTS).header("origin", APPS);
        let call = call.header("access-control-request-method", "POST");
        let answer = world.send(match asked {
            "" => call,
            asked => call.header("access-control-request-headers", asked),
        });
        assert_eq!(allowed(&answer), Some(APPS), "{asked:?}");
        assert_eq!(answer.header("vary"), Some(VARY_OF_PREFLIGHTS));
        let headers = answer.header("access-control-allow-headers");
        headers.map(str::to_owned)
    };
    let of_sdks = "authorization, content-type, idempotency-key, traceparent, x-stainless-arch";
    for asked in [of_sdks, &of_sdks.replace(' ', ""), "X-Tomorrows-Header"] {
        let allowed = preflight(asked).unwrap_or_default();
        assert_eq!(allowed.replace(' ', ""), asked.replace(' ', ""));
    }
    let many = |count: usize| vec!["x-a"; count].join(",");
    assert!(preflight(&many(64)).is_some());
    for asked in [
        "",
        "a b",
        "a\r\nset-cookie: x",
        "a, \u{e9}",
        "a:b",
        &many(65),
        &"a".repeat(4_097),
    ] {
        assert_eq!(preflight(asked), None, "{asked:.20}");
    }
    // To an origin that is not listed nothing is said.
    let call = Call::new("OPTIONS", REQUESTS).header("origin", FOREIGN);
    let answer = world.send(call.header("access-control-request-headers", "traceparent"));
    assert!(answer.header("access-control-allow-headers").is_none());
}

#[test]
fn a_page_of_the_project_reads_that_there_is_nothing_at_a_path() {
    let Fixture { world, app, .. } = fixture();
    for path in [
        "/v2.1/projects/vision/nothing/here",
        "/v2/projects/vision/buckets",
        "/v2.1/projects/vision/deployments/d/nothing",
        "/v2.1/projects/vision/service-users/a%2Fb",
    ] {
        for caller in [&world.owner(), &app, &world.nobody(), &world.malformed()] {
            for (origin, is_allowed) in [(PROJECTS, true), (APPS, false), (FOREIGN, false)] {
                let answer = from(&world, caller, "GET", path, origin).expect(404);
                assert_eq!(allowed(&answer), is_allowed.then_some(origin), "{path}");
                assert_eq!(answer.header("vary"), Some("Origin"));
            }
        }
        assert_eq!(world.get(&world.owner(), path).expect(404).trips, 0);
    }
    // Below this path the clients of OpenAI make requests.
    let path = "/v2.1/projects/vision/openai-compatible/v1/nothing";
    for (origin, is_allowed) in [(PROJECTS, true), (APPS, true), (FOREIGN, false)] {
        assert_eq!(
            allowed(&preflight(&world, path, origin)).is_some(),
            is_allowed
        );
        let answer = from(&world, &app, "GET", path, origin).expect(404);
        assert_eq!(allowed(&answer), is_allowed.then_some(origin), "{origin}");
    }
    let answer = from(
        &world,
        &app,
        "GET",
        "/v2.1/projects/audio/nothing",
        PROJECTS,
    )
    .expect(404);
    assert!(allowed(&answer).is_none());
}

#[test]
fn paths_without_a_project_take_no_part() {
    let Fixture { world, .. } = fixture();
    for path in [
        "/v2.1/projects",
        "/v2.1/user",
        "/operator/v1/users",
        "/nothing",
    ] {
        let answer = preflight(&world, path, PROJECTS);
        assert!(allowed(&answer).is_none() && answer.trips == 0, "{path}");
    }
    let answer = from(&world, &world.owner(), "GET", "/v2.1/user", PROJECTS).expect(200);
    assert!(allowed(&answer).is_none() && answer.header("vary").is_none());
}

#[test]
fn the_origins_of_one_project_are_nothing_in_another() {
    let Fixture { world, .. } = fixture();
    for origin in [PROJECTS, APPS] {
        for path in [REQUESTS, PLAIN] {
            let path = path.replace("vision", "audio");
            assert!(allowed(&preflight(&world, &path, origin)).is_none());
            let answer = from(&world, &world.owner(), "GET", &path, origin);
            assert!(allowed(&answer).is_none());
        }
    }
}

#[test]
fn an_origin_is_compared_exactly() {
    let Fixture { world, .. } = fixture();
    for origin in [
        "https://app.example.evil",
        "https://evilapp.example",
        "https://x.app.example",
        "http://app.example",
        "https://app.example:8443",
        "https://app.example:443",
        "https://app.example/",
        "HTTPS://APP.EXAMPLE",
        "app.example",
        "null",
        "*",
        "",
        " ",
        "https://app.example, https://other.example",
        "https://app.example\u{0}",
        "%",
        "_",
    ] {
        assert!(
            allowed(&preflight(&world, REQUESTS, origin)).is_none(),
            "{origin}"
        );
        let answer = from(&world, &world.robot(), "GET", REQUESTS, origin);
        assert!(allowed(&answer).is_none(), "{origin}");
    }
}

#[test]
fn the_answer_on_a_request_endpoint_goes_by_the_callers_own_list_and_the_projects() {
    let Fixture { world, app, .. } = fixture();
    for (caller, origin, is_allowed) in [
        (&app, APPS, true),
        (&app, PROJECTS, true),
        (&app, OTHERS, false),
        (&app, EXPIREDS, false),
        (&app, FOREIGN, false),
        (&world.robot(), APPS, false),
        (&world.robot(), PROJECTS, true),
        (&world.owner(), APPS, false),
        (&world.operator(), PROJECTS, true),
        (&world.operator(), APPS, false),
    ] {
        let answer = from(&world, caller, "POST", REQUESTS, origin).expect(404);
        assert_eq!(allowed(&answer), is_allowed.then_some(origin), "{origin}");
        assert_eq!(answer.header("vary"), Some("Origin"));
        assert!(answer.error().contains("there is no deployment"));
    }
}

#[test]
fn the_answer_on_another_project_path_goes_by_the_project_alone() {
    let Fixture { world, app, .. } = fixture();
    for (origin, is_allowed) in [(PROJECTS, true), (APPS, false), (FOREIGN, false)] {
        let answer = from(&world, &app, "GET", PLAIN, origin).expect(200);
        assert_eq!(allowed(&answer), is_allowed.then_some(origin), "{origin}");
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[test]
fn an_answer_that_a_page_may_read_exposes_what_a_client_needs() {
    let Fixture { world, app, .. } = fixture();
    let answer = from(&world, &app, "POST", REQUESTS, APPS);
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some(
            "X-Request-Id, Retry-After, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, \
             Content-Disposition, Idempotent-Replayed, Tenantry-Overhead-Ms"
        )
    );
}

#[test]
fn an_app_can_read_its_401() {
    let Fixture { world, expired, .. } = fixture();
    for caller in [world.nobody(), world.malformed(), world.revoked(), expired] {
        for (origin, is_allowed) in [
            (PROJECTS, true),
            (APPS, true),
            (EXPIREDS, true),
            (FOREIGN, false),
        ] {
            let answer = from(&world, &caller, "POST", REQUESTS, origin).expect(401);
            assert_eq!(allowed(&answer), is_allowed.then_some(origin), "{origin}");
            assert!(answer.trips <= 1);
        }
        let answer = from(&world, &caller, "GET", PLAIN, APPS).expect(401);
        assert!(allowed(&answer).is_none());
        let answer = from(&world, &caller, "GET", PLAIN, PROJECTS).expect(401);
        assert_eq!(allowed(&answer), Some(PROJECTS));
    }
}

#[test]
fn an_app_can_read_every_other_refusal() {
    let Fixture { world, app, .. } = fixture();
    let weak = json!({"allowed_cors_origins": [APPS]});
    let weak = world.service_user_of(PROJECT, &["project-viewer"], weak);
    let answer = from(&world, &weak, "POST", REQUESTS, APPS).expect(403);
    assert_eq!(allowed(&answer), Some(APPS));
    assert_eq!(answer.text("error_message"), answer.error());
    let answer = from(&world, &app, "PUT", REQUESTS, APPS).expect(405);
    assert_eq!(allowed(&answer), Some(APPS));
    assert!(answer.header("allow").is_some());
}

#[test]
fn a_call_that_a_browser_marks_as_another_sites_is_refused_from_an_origin_that_is_not_the_callers()
{
    let Fixture { world, app, .. } = fixture();
    let marked = |by: &Caller, path: &str, origin: &str, site: &str| {
        let call = Call::new("POST", path).by(by).header("origin", origin);
        let call = call.header("sec-fetch-mode", "cors");
        world.send(call.header("sec-fetch-site", site))
    };
    for site in ["cross-site", "same-site", "Cross-Site"] {
        for origin in [OTHERS, FOREIGN, "null"] {
            let answer = marked(&app, REQUESTS, origin, site);
            assert!(allowed(&answer).is_none());
            answer.refused(403, "this origin is in neither");
        }
        marked(&app, REQUESTS, APPS, site).expect(404);
        marked(&app, REQUESTS, PROJECTS, site).expect(404);
        marked(&world.owner(), REQUESTS, APPS, site).expect(403);
        // Other paths only withhold the headers.
        marked(&app, PLAIN, FOREIGN, site).expect(201);
    }
}

#[test]
fn a_call_that_no_browser_marks_as_another_sites_is_handled_from_any_origin() {
    let Fixture { world, app, .. } = fixture();
    let call = |origin: &str| {
        let call = Call::new("POST", REQUESTS).by(&app);
        call.header("origin", origin)
    };
    for origin in [FOREIGN, OTHERS, "null", "https://tenantry.example:8443"] {
        let mut calls = vec![call(origin)];
        // The page's own server and a proxy in front of it that rewrites `Host`; an extension; what nobody sends.
        for site in ["same-origin", "none", "", "cross-site, none"] {
            calls.push(call(origin).header("sec-fetch-site", site));
        }
        // The `fetch` of Node.
        calls.push(call(origin).header("sec-fetch-mode", "cors"));
        for call in calls {
            let answer = world.send(call.header("host", "tenantry.example"));
            assert!(allowed(&answer).is_none());
            answer.refused(404, "there is no deployment");
        }
    }
    // Without an origin no mark counts.
    let call = Call::new("POST", REQUESTS).by(&app);
    world
        .send(call.header("sec-fetch-site", "cross-site"))
        .expect(404);
}

#[test]
fn nothing_is_told_about_a_project_that_the_caller_has_no_part_in() {
    let Fixture { world, .. } = fixture();
    for path in [REQUESTS, PLAIN] {
        let none = path.replace("vision", "there-is-none");
        let marked = |path: &str| {
            let call = Call::new("GET", path)
                .by(&world.stranger())
                .header("origin", FOREIGN);
            world
                .send(call.header("sec-fetch-site", "cross-site"))
                .expect(404)
        };
        let (hidden, absent) = (marked(path), marked(&none));
        assert_eq!(
            hidden.error().replace("vision", "there-is-none"),
            absent.error()
        );
    }
}

#[test]
fn origins_that_are_replaced_or_deleted_stop_at_once() {
    let Fixture { world, app, .. } = fixture();
    let path = world.path(&format!("/service-users/{}", app.id));
    let body = json!({"allowed_cors_origins": ["https://next.example"]});
    world.call(&world.owner(), "PATCH", &path, body).expect(200);
    assert!(allowed(&preflight(&world, REQUESTS, APPS)).is_none());
    assert!(allowed(&preflight(&world, REQUESTS, "https://next.example")).is_some());
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    assert!(allowed(&preflight(&world, REQUESTS, "https://next.example")).is_none());
    world
        .call(
            &world.owner(),
            "PATCH",
            &world.path(""),
            json!({"cors_origins": []}),
        )
        .expect(200);
    assert!(allowed(&preflight(&world, PLAIN, PROJECTS)).is_none());
}

#[test]
fn a_renamed_project_keeps_its_origins_under_its_new_name() {
    let Fixture { world, .. } = fixture();
    world
        .call(
            &world.owner(),
            "PATCH",
            &world.path(""),
            json!({"name": "seeing"}),
        )
        .expect(200);
    for (path, origin) in [(REQUESTS, APPS), (PLAIN, PROJECTS)] {
        assert!(allowed(&preflight(&world, path, origin)).is_none());
        let renamed = path.replace("vision", "seeing");
        assert_eq!(allowed(&preflight(&world, &renamed, origin)), Some(origin));
    }
}
