//! What the answers of request endpoints tell of their caller's minute (contract section 5.10).

use serde_json::json;

use tenantry::routes;
use tenantry::web::cors::Class;
use testkit::requests::plausible;
use testkit::{Answer, Call, Caller, Reply, World};

/// A world whose callers may make five requests a minute, of which twenty seconds have passed.
fn limited() -> World {
    let world = World::new().with_settings(&[("REQUESTS_PER_MINUTE", "5")]);
    world.pass(80_000 - world.now().as_millis() % 60_000);
    world
}

fn world() -> (World, Caller) {
    let world = limited();
    world.served("d");
    let caller = world.service_user(&["deployment-request-user"]);
    (world, caller)
}

/// The limit, what remains of it, and the seconds to the end of the minute; none where nothing is told.
fn told(answer: &Answer) -> Option<[i64; 3]> {
    let names = [
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ];
    let values = names.map(|name| answer.header(name).map(|value| value.parse().unwrap()));
    assert!(
        values.iter().all(Option::is_some) || values.iter().all(Option::is_none),
        "{answer} {values:?}"
    );
    let [limit, remaining, reset] = values;
    Some([limit?, remaining?, reset?])
}

#[test]
fn every_answer_of_a_request_endpoint_tells_it_to_a_known_caller() {
    for route in routes::table() {
        let is_told = route.family.cors == Class::Requests;
        let world = limited();
        let known = [
            world.owner(),
            world.operator(),
            world.idle(),
            world.stranger(),
        ];
        let unknown = [world.revoked(), world.nobody()];
        let known = known.map(|caller| (caller, is_told));
        let unknown = unknown.map(|caller| (caller, false));
        // One of them will do where nobody is told.
        let most = if is_told { usize::MAX } else { 1 };
        for (caller, is_told) in known.into_iter().chain(unknown).take(most) {
            let world = world.copy();
            let answer = world.send(plausible(&world, route).by(&caller));
            assert_eq!(told(&answer).is_some(), is_told, "{answer}");
        }
    }
}

#[test]
fn requests_count_and_reads_and_refusals_and_replays_do_not() {
    let (world, caller) = world();
    let request = |body| world.request_call(&caller, "d", &body);
    let list = world.path("/deployments/d/requests");
    let plan = || world.upstream.next(Reply::json(&json!({"y": 1})));
    let fine = || {
        plan();
        request(json!({"x": 1}))
    };
    let streamed = || {
        plan();
        let call = Call::new("POST", format!("{list}/stream")).by(&caller);
        call.json(&json!({"x": 1}))
    };
    for (call, status, remaining) in [
        (Call::new("GET", list.as_str()).by(&caller), 200, 5),
        (fine(), 200, 4),
        (Call::new("GET", list.as_str()).by(&caller), 200, 4),
        (request(json!({"x": "no number"})), 400, 4),
        (fine().header("idempotency-key", "k"), 200, 3),
        (
            request(json!({"x": 1})).header("idempotency-key", "k"),
            200,
            3,
        ),
        (
            request(json!({"x": 2})).header("idempotency-key", "k"),
            422,
            3,
        ),
        (
            Call::new("DELETE", format!("{list}/unknown")).by(&caller),
            404,
            3,
        ),
        (world.request_call(&caller, "unknown", &json!({})), 404, 3),
        (streamed(), 200, 2),
        (
            Call::new("GET", list.as_str()).by(&world.operator()),
            200,
            5,
        ),
    ] {
        let answer = world.send(call).expect(status);
        assert_eq!(told(&answer), Some([5, remaining, 40]), "{answer}");
    }
    world.pass(40_000);
    let answer = world.get(&caller, &list);
    assert_eq!(told(&answer), Some([5, 5, 60]));
}

#[test]
fn a_refusal_tells_when_to_try_again() {
    let (world, caller) = world();
    for _ in 0..5 {
        world.upstream.next(Reply::json(&json!({"y": 1})));
        world.request(&caller, "d", &json!({"x": 1})).expect(200);
    }
    let refused = world.request(&caller, "d", &json!({"x": 1})).expect(429);
    assert_eq!(told(&refused), Some([5, 0, 40]));
    assert_eq!(refused.header("retry-after"), Some("40"));
    let read = world.get(&caller, &world.path("/deployments/d/requests"));
    assert_eq!(told(&read.expect(200)), Some([5, 0, 40]));
    world.pass(60_000);
    world.serve("d", json!({"max_concurrency": 0}));
    let refused = world.request(&caller, "d", &json!({"x": 1})).expect(429);
    let [limit, remaining, reset] = told(&refused).unwrap();
    assert_eq!((limit, remaining), (5, 5));
    assert!((1..=5).contains(&reset), "{reset}");
    assert_eq!(
        refused.header("retry-after"),
        Some(reset.to_string().as_str())
    );
}

#[test]
fn it_costs_no_round_trip_and_without_a_limit_nothing_is_told() {
    let (limited, caller) = world();
    let unlimited = limited.with_settings(&[]);
    for path in ["/deployments/d/requests", "/openai-compatible/v1/models"] {
        let [with, without] =
            [&limited, &unlimited].map(|world| world.get(&caller, &world.path(path)).expect(200));
        assert_eq!(with.trips, without.trips);
        assert_eq!((told(&without), told(&with)), (None, Some([5, 5, 40])));
    }
}
