//! Vouchers: made by the operator, redeemed by whoever founds an organization, named in no trail, log or error.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use testkit::world::HOUR;
use testkit::{Answer, Caller, World};

const VOUCHERS: &str = "/operator/v1/vouchers";
const CODE: &str = "WORKSHOP-x7Q_2";

fn make(world: &World, fields: Json) -> Answer {
    let mut body = json!({"code": CODE, "description": "Workshop with GPUs"});
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    world.call(&world.operator(), "POST", VOUCHERS, body)
}

fn redeem(world: &World, by: &Caller, organization: &str, fields: Json) -> Answer {
    let mut body = json!({"name": organization, "voucher": CODE});
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    world.call(by, "POST", "/v2.1/organizations", body)
}

fn redemptions(world: &World) -> Json {
    let path = format!("{VOUCHERS}/{CODE}");
    world.get(&world.operator(), &path).expect(200).json()["redemptions"].clone()
}

#[test]
fn a_voucher_is_made_listed_read_and_deleted() {
    let world = World::new();
    let made = make(
        &world,
        json!({
            "subscription": "premium", "credits": 12.5, "expiry_date": "2027-01-01T00:00:00Z", "max_redemptions": 2,
        }),
    );
    let made = made.expect(201).json();
    assert_eq!(
        made,
        json!({
            "id": made["id"], "code": CODE, "description": "Workshop with GPUs", "subscription": "premium",
            "credits": 12.5, "expiry_date": "2027-01-01T00:00:00.000000Z", "max_redemptions": 2, "redemptions": 0,
            "creation_date": made["creation_date"],
        })
    );
    let path = format!("{VOUCHERS}/{CODE}");
    assert_eq!(world.get(&world.operator(), &path).expect(200).json(), made);
    assert_eq!(
        world.get(&world.operator(), VOUCHERS).expect(200).json(),
        json!([made])
    );
    let past = world.get(&world.operator(), &format!("{VOUCHERS}?limit=1&offset=1"));
    assert_eq!(past.json(), json!([]));
    world
        .call(&world.operator(), "DELETE", &path, Json::Null)
        .expect(204);
    world.get(&world.operator(), &path).expect(404);
    world
        .call(&world.operator(), "DELETE", &path, Json::Null)
        .expect(404);
}

#[test]
fn a_voucher_without_bounds_shows_nulls() {
    let world = World::new();
    let made = make(
        &world,
        json!({"expiry_date": null, "max_redemptions": null}),
    )
    .expect(201)
    .json();
    for field in ["subscription", "credits", "expiry_date", "max_redemptions"] {
        assert_eq!(made[field], Json::Null, "{field}");
    }
}

#[test]
fn anybody_with_a_token_reads_what_a_voucher_is_for() {
    let world = World::new();
    make(&world, json!({"subscription": "premium"})).expect(201);
    for by in [world.stranger(), world.robot(), world.operator()] {
        let shown = world
            .get(&by, &format!("/v2.1/vouchers/{CODE}"))
            .expect(200);
        assert_eq!(shown.json(), json!({"description": "Workshop with GPUs"}));
        world.get(&by, "/v2.1/vouchers/workshop-x7q_2").expect(404);
        world.get(&by, "/v2.1/vouchers/x").expect(404);
    }
}

#[test]
fn a_bad_voucher_is_refused_by_the_name_of_its_field() {
    let world = World::new();
    for (fields, words) in [
        (json!({"code": "abc"}), "code: "),
        (json!({"code": "with space"}), "code: "),
        (json!({"code": 7}), "code: "),
        (json!({"description": "x".repeat(401)}), "description: "),
        (json!({"description": null}), "description: "),
        (
            json!({"subscription": "gold"}),
            "subscription: there is no plan",
        ),
        (json!({"credits": -1}), "credits: "),
        (json!({"expiry_date": "2026-06-15"}), "expiry_date: "),
        (json!({"expiry_date": "tomorrow"}), "expiry_date: "),
        (json!({"max_redemptions": 0}), "max_redemptions: "),
        (json!({"max_redemptions": 1.5}), "max_redemptions: "),
    ] {
        make(&world, fields).refused(400, words);
    }
    make(&world, json!({})).expect(201);
    make(&world, json!({"description": "Another"})).refused(400, "code: a voucher of this code");
}

#[test]
fn a_voucher_gives_a_plan_that_is_not_open_without_an_end_date() {
    let world = World::new();
    let gold = json!({"description": "By hand", "self_service": false});
    world
        .call(
            &world.operator(),
            "PUT",
            "/operator/v1/subscriptions/gold",
            gold,
        )
        .expect(200);
    make(&world, json!({"subscription": "gold"})).expect(201);
    let made = redeem(&world, &world.member(), "one", json!({}))
        .expect(201)
        .json();
    assert_eq!(made["subscription"], "gold");
    assert_eq!(made["subscription_end_date"], Json::Null);
    let same = json!({"subscription": "gold", "subscription_end_date": "2027-01-01"});
    let made = redeem(&world, &world.member(), "two", same)
        .expect(201)
        .json();
    assert_eq!(made["subscription_end_date"], "2027-01-01");
    redeem(
        &world,
        &world.member(),
        "three",
        json!({"subscription": "premium"}),
    )
    .refused(400, "subscription: the voucher gives another plan");
    assert_eq!(redemptions(&world), 2);
}

#[test]
fn the_credits_of_a_voucher_count_in_the_first_period_alone() {
    let world = World::new();
    let plan = json!({"description": "", "self_service": true, "monthly_credits": 600});
    world
        .call(
            &world.operator(),
            "PUT",
            "/operator/v1/subscriptions/premium",
            plan,
        )
        .expect(200);
    make(&world, json!({"credits": 100.25})).expect(201);
    let premium = json!({"subscription": "premium", "subscription_end_date": "2027-01-01"});
    let made = redeem(&world, &world.member(), "one", premium)
        .expect(201)
        .json();
    assert_eq!(made["credits"], 700.25);
    let credits = |world: &World| {
        let shown = world.get(&world.member(), "/v2.1/organizations/one");
        shown.expect(200).json()["credits"].clone()
    };
    // 2026-06-15 to 2026-07-15.
    let end = tenantry::domain::Timestamp::parse("2026-07-15").unwrap();
    world.clock.set(end.plus_millis(-1));
    assert_eq!(credits(&world), 700.25);
    world.clock.set(end);
    assert_eq!(credits(&world), 600.0);
}

#[test]
fn what_a_voucher_gave_outlives_it() {
    let world = World::new();
    make(&world, json!({"subscription": "premium", "credits": 5})).expect(201);
    redeem(&world, &world.member(), "one", json!({})).expect(201);
    let path = format!("{VOUCHERS}/{CODE}");
    world
        .call(&world.operator(), "DELETE", &path, Json::Null)
        .expect(204);
    let given = "SELECT count(*) FROM voucher_redemptions WHERE credits = 5000000";
    assert_eq!(world.count(given), 1);
    redeem(&world, &world.member(), "two", json!({})).refused(400, "voucher: ");
}

#[test]
fn an_unknown_or_expired_voucher_is_refused() {
    let world = World::new();
    redeem(&world, &world.member(), "one", json!({})).refused(400, "voucher: ");
    redeem(&world, &world.member(), "one", json!({"voucher": "?"})).refused(400, "voucher: ");
    make(&world, json!({"expiry_date": world.after(HOUR)})).expect(201);
    world.pass(HOUR - 1);
    redeem(&world, &world.member(), "one", json!({})).expect(201);
    world.pass(1);
    redeem(&world, &world.member(), "two", json!({})).refused(400, "voucher: ");
    world
        .get(&world.member(), "/v2.1/organizations/two")
        .expect(404);
}

#[test]
fn twenty_who_redeem_the_last_ones_at_once_pass_no_limit() {
    fn nest(world: &World, number: usize) {
        if number == 20 {
            return;
        }
        world.before_trip(2, move |world| nest(world, number + 1));
        let answer = redeem(world, &world.member(), &format!("race-{number}"), json!({}));
        assert!(matches!(answer.status, 201 | 400), "{answer}");
    }

    let world = World::new();
    make(&world, json!({"credits": 1, "max_redemptions": 3})).expect(201);
    nest(&world, 0);
    assert_eq!(redemptions(&world), 3);
    assert_eq!(world.count("SELECT count(*) FROM voucher_redemptions"), 3);
    assert_eq!(
        world.count("SELECT count(*) FROM organizations WHERE name LIKE 'race-%'"),
        3
    );
}

#[test]
fn a_refused_organization_redeems_nothing() {
    let world = World::new();
    make(&world, json!({"max_redemptions": 1})).expect(201);
    redeem(&world, &world.member(), "acme", json!({})).refused(400, "name: ");
    redeem(
        &world,
        &world.member(),
        "one",
        json!({"subscription": "premium"}),
    )
    .refused(400, "subscription_end_date: ");
    assert_eq!(redemptions(&world), 0);
    redeem(&world, &world.member(), "one", json!({})).expect(201);
    redeem(&world, &world.member(), "two", json!({})).refused(400, "voucher: ");
}

#[test]
fn no_trail_and_no_log_and_no_error_has_a_code() {
    let world = World::new();
    make(&world, json!({"credits": 5, "subscription": "premium"})).expect(201);
    let refused = make(&world, json!({}));
    assert!(!refused.error().contains(CODE));
    redeem(&world, &world.member(), "one", json!({})).expect(201);
    world
        .get(&world.member(), &format!("/v2.1/vouchers/{CODE}"))
        .expect(200);
    let path = format!("{VOUCHERS}/{CODE}");
    world
        .call(&world.operator(), "DELETE", &path, Json::Null)
        .expect(204);
    let gone = world.get(&world.operator(), &path).expect(404);
    assert!(!gone.error().contains(CODE));
    let gone = redeem(&world, &world.member(), "two", json!({})).expect(400);
    assert!(!gone.error().contains(CODE));
    assert!(
        !world.dump().contains(CODE),
        "the voucher is deleted, so its code is nowhere"
    );
    assert!(world.logs().iter().all(|line| !line.contains(CODE)));
    let trail = world.get(&world.member(), "/v2.1/organizations/one/audit");
    let row = trail.expect(200).json()[0].clone();
    assert_eq!(row["after"]["subscription"], "premium");
    assert_eq!(row["after"]["voucher_credits"], 5.0);
    let operators = world
        .get(&world.operator(), "/operator/v1/audit?action=create")
        .expect(200)
        .json();
    let made = operators
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["object_type"] == "voucher")
        .unwrap();
    assert_eq!(made["object_name"], row["after"]["voucher_id"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn as_many_are_redeemed_as_there_are_and_no_more(
        allowed in 1..4_i64,
        attempts in prop::collection::vec(any::<bool>(), 1..8),
    ) {
        let world = World::new();
        make(&world, json!({"max_redemptions": allowed})).expect(201);
        let (mut made, mut tried) = (0, 0);
        for raced in attempts {
            let number = tried;
            tried += 1 + usize::from(raced);
            if raced {
                world.before_trip(2, move |world| {
                    let _ = redeem(world, &world.admin(), &format!("raced-{number}"), json!({}));
                });
            }
            let answer = redeem(&world, &world.member(), &format!("made-{number}"), json!({}));
            prop_assert!(matches!(answer.status, 201 | 400));
            made = world.count("SELECT count(*) FROM voucher_redemptions");
        }
        prop_assert_eq!(made, allowed.min(i64::try_from(tried).unwrap()));
    }
}

#[test]
fn the_budgets_of_plan_and_voucher_together_are_at_most_the_greatest_there_is() {
    let world = World::new();
    let greatest = json!(9_007_199_254.5);
    let plan = json!({"description": "", "self_service": true, "monthly_credits": greatest});
    let put = world.call(
        &world.operator(),
        "PUT",
        "/operator/v1/subscriptions/huge",
        plan,
    );
    put.expect(200);
    make(&world, json!({"subscription": "huge", "credits": greatest})).expect(201);
    let made = redeem(&world, &world.stranger(), "initech", json!({})).expect(201);
    assert!(
        made.json()["credits"].as_f64() >= greatest.as_f64(),
        "{made}"
    );
}
