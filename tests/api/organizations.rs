//! Organizations, enough to live in: who creates them, on which plan, and who sees them.

use serde_json::{Value as Json, json};

use testkit::World;
use testkit::organizations::create;

#[test]
fn its_creator_becomes_its_admin() {
    let world = World::new();
    let made = create(&world, &world.member(), json!({"name": "initech"})).expect(201);
    assert_eq!(
        made.json(),
        json!({
            "id": made.text("id"), "name": "initech", "creation_date": world.now().to_zulu_string(),
            "status": "active", "subscription": "free", "subscription_start_date": "2026-06-15",
            "subscription_end_date": null, "subscription_self_service": true, "scheduled_subscription": null,
            "credits": null, "two_factor_authentication_forced": false, "overage_usage": false,
        })
    );
    let body = json!({"name": "p", "organization_name": "initech"});
    world
        .call(&world.member(), "POST", "/v2.1/projects", body)
        .expect(201);
    world
        .get(&world.member(), "/v2.1/organizations/initech")
        .expect(200);
    world
        .get(&world.owner(), "/v2.1/organizations/initech")
        .expect(404);
}

#[test]
fn the_operator_names_its_first_admin_and_becomes_no_member() {
    let world = World::new();
    let operator = world.operator();
    create(&world, &operator, json!({"name": "initech"})).refused(400, "admin_email");
    let body = json!({"name": "initech", "admin_email": "nobody@example.com"});
    create(&world, &operator, body).refused(400, "admin_email");
    let body = json!({"name": "initech", "admin_email": "MEMBER@example.com"});
    create(&world, &operator, body).expect(201);
    world
        .get(&world.member(), "/v2.1/organizations/initech")
        .expect(200);
    let members =
        "SELECT count(*) FROM organization_users m JOIN organizations n ON n.id = m.organization_id
                   WHERE n.name = 'initech'";
    assert_eq!(world.count(members), 1);
}

#[test]
fn nobody_but_the_operator_makes_somebody_else_its_admin() {
    let world = World::new();
    let body = json!({"name": "initech", "admin_email": world.owner().email});
    create(&world, &world.member(), body).expect(201);
    world
        .get(&world.owner(), "/v2.1/organizations/initech")
        .expect(404);
    world
        .get(&world.member(), "/v2.1/organizations/initech")
        .expect(200);
}

#[test]
fn a_name_is_taken_once_and_compared_exactly() {
    let world = World::new();
    create(&world, &world.stranger(), json!({"name": "acme"})).refused(400, "name: ");
    world
        .get(&world.owner(), "/v2.1/organizations/ACME")
        .expect(404);
}

#[test]
fn a_service_user_creates_none_and_is_in_none() {
    let world = World::new();
    create(&world, &world.robot(), json!({"name": "initech"})).refused(403, "no service user");
    assert_eq!(
        world
            .get(&world.robot(), "/v2.1/organizations")
            .expect(200)
            .json(),
        json!([])
    );
}

#[test]
fn what_is_not_supported_is_said_to_be_so() {
    let world = World::new();
    let body = json!({"name": "initech", "two_factor_authentication_forced": true});
    create(&world, &world.owner(), body)
        .refused(400, "two_factor_authentication_forced: not supported");
    let body = json!({"name": "initech", "two_factor_authentication_forced": false});
    create(&world, &world.owner(), body).expect(201);
}

#[test]
fn a_plan_other_than_free_needs_an_end_and_must_be_open_to_the_caller() {
    let world = World::new();
    let (owner, end) = (world.owner(), "2030-01-31");
    let plan = |name: &str, end: Json| {
        json!({"name": "initech", "subscription": name, "subscription_end_date": end,
               "admin_email": owner.email})
    };
    create(&world, &owner, plan("premium", Json::Null)).refused(400, "subscription_end_date");
    create(&world, &owner, plan("premium", json!("2020-01-31")))
        .refused(400, "subscription_end_date");
    create(&world, &owner, plan("none", json!(end))).refused(400, "subscription");
    world.execute(
        "UPDATE subscriptions SET self_service = 0 WHERE name = 'professional'",
        (),
    );
    create(&world, &owner, plan("professional", json!(end))).expect(403);
    let made = create(&world, &world.operator(), plan("professional", json!(end))).expect(201);
    assert_eq!(made.json()["subscription_self_service"], false);
    let body = json!({"name": "other", "subscription": "premium", "subscription_end_date": end});
    let made = create(&world, &owner, body).expect(201);
    assert_eq!(made.text("subscription"), "premium");
}

#[test]
fn a_person_creates_at_most_a_hundred() {
    let world = World::new();
    let stranger = world.stranger();
    for number in 1..100 {
        create(&world, &stranger, json!({"name": format!("o{number}")})).expect(201);
    }
    create(&world, &stranger, json!({"name": "one-more"})).refused(400, "100");
    create(&world, &world.owner(), json!({"name": "one-more"})).expect(201);
}

#[test]
fn everybody_lists_their_own_and_the_operator_all() {
    let world = World::new();
    for (caller, expected) in [
        (world.owner(), &["acme"] as &[&str]),
        (world.member(), &["acme"]),
        (world.stranger(), &["globex"]),
        (world.person("somebody"), &[]),
        (world.operator(), &["acme", "globex"]),
    ] {
        let listed = world.get(&caller, "/v2.1/organizations").expect(200).json();
        let names: Vec<&str> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, expected);
    }
}
