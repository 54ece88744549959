//! What a caller shows for themselves, and what is made of it.

use testkit::world::OPERATOR_TOKEN;
use testkit::{Answer, Call, World};

fn with(world: &World, authorization: &str) -> Answer {
    world.send(Call::new("GET", "/v2.1/user").header("authorization", authorization))
}

#[test]
fn a_token_is_taken_behind_either_scheme_in_any_case_or_bare() {
    let world = World::new();
    let token = world.robot().token.unwrap();
    for authorization in [
        format!("Token {token}"),
        format!("token {token}"),
        format!("TOKEN   {token}"),
        format!("Bearer {token}"),
        format!("bearer {token} "),
        token.clone(),
    ] {
        let answer = with(&world, &authorization).expect(200);
        assert_eq!(answer.text("id"), world.robot().id);
    }
}

#[test]
fn what_cannot_be_a_token_is_401_with_a_sentence_and_no_round_trip() {
    let world = World::new();
    let token = world.robot().token.unwrap();
    for authorization in [
        String::new(),
        "Token".to_owned(),
        "Token ".to_owned(),
        format!("Token Token {token}"),
        format!("Basic {token}"),
        format!("Token {}", token.to_uppercase()),
        format!("Token {token}0"),
        format!("Token {}", &token[1..]),
        format!("Token {token}, Token {token}"),
        "Token \u{0}".to_owned(),
        "Token ✓".to_owned(),
        "x".repeat(100_000),
    ] {
        let answer = with(&world, &authorization).expect(401);
        assert_eq!(answer.trips, 0);
        assert_eq!(answer.header("www-authenticate"), Some("Token"));
        assert!(!answer.error().is_empty());
    }
    world
        .send(Call::new("GET", "/v2.1/user"))
        .refused(401, "Authorization: Token");
}

#[test]
fn a_forged_token_costs_no_round_trip_and_an_unknown_one_costs_one() {
    let world = World::new();
    let token = world.robot().token.unwrap();
    let last = if token.ends_with('0') { "1" } else { "0" };
    let forged = format!("Token {}{last}", &token[..39]);
    assert_eq!(with(&world, &forged).expect(401).trips, 0);
    let revoked = format!("Token {}", world.revoked().token.unwrap());
    assert_eq!(with(&world, &revoked).expect(401).trips, 1);
}

#[test]
fn the_operator_is_known_before_any_format_rule_and_without_a_round_trip() {
    let world = World::new();
    for scheme in ["Token", "bearer"] {
        let answer = with(&world, &format!("{scheme} {OPERATOR_TOKEN}")).expect(200);
        assert_eq!(
            (answer.text("email").as_str(), answer.trips),
            ("operator", 0)
        );
    }
    with(&world, &format!("Token {OPERATOR_TOKEN}x")).expect(401);
    with(&world, &format!("Basic {OPERATOR_TOKEN}")).expect(401);
}

#[test]
fn an_operator_token_of_fewer_than_32_characters_disables_the_operator() {
    let world = World::new();
    for (token, status) in [
        ("x".repeat(31), 401),
        ("x".repeat(32), 200),
        (String::new(), 401),
    ] {
        let world = world.with_settings(&[("OPERATOR_TOKEN", &token)]);
        with(&world, &format!("Token {token}")).expect(status);
    }
}

#[test]
fn nobody_but_the_operator_gets_onto_their_surface() {
    let world = World::new();
    for caller in [
        world.owner(),
        world.admin(),
        world.robot(),
        world.stranger(),
    ] {
        world
            .get(&caller, "/operator/v1/users")
            .refused(403, "only the operator");
    }
}
