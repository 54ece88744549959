//! What costs a read without a token is counted by address, where an installation has a shield (contract section 5.10).

use serde_json::json;

use testkit::{Answer, Call, World};

const ORIGIN: &str = "https://app.acme.com";
const ADDRESS: &str = "203.0.113.7";

/// A world whose project lists the origin, behind a shield that lets two look-ups through.
fn world() -> World {
    let world = World::new();
    let body = json!({"cors_origins": [ORIGIN]});
    let path = world.path("");
    world.call(&world.owner(), "PATCH", &path, body).expect(200);
    world.shield.allow(2);
    world
}

/// A call from a page, from this address.
fn from(world: &World, method: &str, address: &str) -> Call {
    Call::new(method, world.path("/deployments/d/requests"))
        .header("origin", ORIGIN)
        .header("cf-connecting-ip", address)
}

fn readable(answer: &Answer) -> bool {
    answer.header("access-control-allow-origin") == Some(ORIGIN)
}

#[test]
fn beyond_it_a_preflight_allows_nothing_and_reads_nothing() {
    let world = world();
    for (address, is_readable) in [
        (ADDRESS, true),
        (ADDRESS, true),
        (ADDRESS, false),
        ("203.0.113.8", true),
    ] {
        let preflight =
            from(&world, "OPTIONS", address).header("access-control-request-method", "POST");
        let answer = world.send(preflight).expect(204);
        assert_eq!(
            (readable(&answer), answer.trips),
            (is_readable, usize::from(is_readable))
        );
        assert!(answer.header("allow").is_some());
    }
}

#[test]
fn beyond_it_an_error_that_costs_a_look_is_429() {
    let world = world();
    for status in [401, 401, 429, 429] {
        let answer = world.send(from(&world, "POST", ADDRESS)).expect(status);
        let is_shielded = status == 429;
        assert_eq!(
            (readable(&answer), answer.trips),
            (!is_shielded, usize::from(!is_shielded))
        );
        let retry_after = answer.header("retry-after");
        assert_eq!(retry_after, is_shielded.then_some("60"));
    }
    // What costs no look is answered as ever, and so is who shows a token.
    let call = Call::new("POST", world.path("/deployments/d/requests"));
    world
        .send(call.header("cf-connecting-ip", ADDRESS))
        .expect(401);
    world
        .send(from(&world, "GET", ADDRESS).by(&world.owner()))
        .expect(404);
    world
        .send(from(&world, "GET", ADDRESS).by(&world.revoked()))
        .expect(401);
    assert_eq!(world.shield.count(ADDRESS), 4);
}

#[test]
fn who_shows_a_token_is_not_counted() {
    let world = world();
    world.deployment("d");
    for _ in 0..3 {
        let call = from(&world, "POST", ADDRESS).by(&world.owner());
        let answer = world.send(call.header("idempotency-key", "")).expect(400);
        assert!(readable(&answer));
    }
    assert_eq!(world.shield.count(ADDRESS), 0);
}
