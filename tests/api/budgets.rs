//! Budgets: a project whose credits are used up in the present subscription period says so.

use serde_json::{Value as Json, json};

use crate::usage_events::with;
use crate::usage_reports::{on, used};
use testkit::world::{HOUR, OTHER_PROJECT, PROJECT};
use testkit::{Answer, Call, World};

const DAY: i64 = 24 * HOUR;
const OF_PROJECT: &str = "the project's credits of this subscription period are used up";
const OF_ORGANIZATION: &str = "the organization's credits of this subscription period are used up";

fn patch(world: &World, body: Json) -> Answer {
    world
        .call(&world.owner(), "PATCH", &world.path(""), body)
        .expect(200)
}

/// Sets what the plan of the organization gives a period.
fn plan_gives(world: &World, credits: Json) {
    let body = json!({
        "description": "", "self_service": true, "monthly_credits": credits, "limits": {},
    });
    world
        .call(
            &world.operator(),
            "PUT",
            "/operator/v1/subscriptions/free",
            body,
        )
        .expect(200);
}

fn project(world: &World) -> Answer {
    world.get(&world.viewer(), &world.path("")).expect(200)
}

/// Why the project is suspended, if it is.
fn suspension(answer: &Answer) -> Option<String> {
    let answer = answer.json();
    let reason = answer["suspended_reason"].as_str().map(str::to_owned);
    assert_eq!(answer["suspended"], reason.is_some(), "{answer}");
    reason
}

#[track_caller]
fn assert_suspension(world: &World, reason: Option<&str>) {
    assert_eq!(suspension(&project(world)).as_deref(), reason);
}

#[test]
fn a_project_is_suspended_when_its_credits_are_used_up() {
    let world = World::new();
    patch(&world, json!({"credits": 10}));
    used(
        &world,
        &[on("a", "2026-06-15", 4.0), on("b", "2026-06-16", 5.999_999)],
    );
    assert_suspension(&world, None);
    used(&world, &[on("c", "2026-06-16", 0.000_001)]);
    assert_suspension(&world, Some(OF_PROJECT));
    used(&world, &[on("d", "2026-06-17", 7.0)]);
    assert_suspension(&world, Some(OF_PROJECT));
}

#[test]
fn whoever_reads_it_is_told() {
    let world = World::new();
    patch(
        &world,
        json!({"credits": 0, "cors_origins": ["https://app.example"]}),
    );
    for caller in [
        world.owner(),
        world.viewer(),
        world.robot(),
        world.operator(),
    ] {
        let plain = Call::new("GET", world.path("")).by(&caller);
        let by_page = Call::new("GET", world.path("")).by(&caller);
        for call in [plain, by_page.header("origin", "https://app.example")] {
            let answer = world.send(call).expect(200);
            assert_eq!(suspension(&answer).as_deref(), Some(OF_PROJECT));
        }
    }
}

#[test]
fn a_project_says_what_it_used_in_which_period_on_one_round_trip() {
    let world = World::new();
    used(
        &world,
        &[
            on("a", "2026-06-14", 1.0),
            on("b", "2026-06-15", 2.5),
            with(
                on("c", "2026-06-15", 4.0),
                json!({"project": OTHER_PROJECT}),
            ),
        ],
    );
    plan_gives(&world, json!(100));
    for budget in [json!(5), json!(null)] {
        let changed = patch(&world, json!({"credits": budget}));
        let read = project(&world);
        assert_eq!(read.trips, 1);
        for answer in [changed, read] {
            let body = answer.json();
            assert_eq!(body["credits_used"], 2.5);
            assert_eq!(body["period_start"], "2026-06-15T00:00:00.000000Z");
            assert_eq!(body["period_end"], "2026-07-15T00:00:00.000000Z");
        }
    }
    world.pass(30 * DAY);
    let body = project(&world).json();
    assert_eq!(body["credits_used"], 0.0);
    assert_eq!(body["period_start"], "2026-07-15T00:00:00.000000Z");
}

#[test]
fn a_change_of_the_budget_is_answered_with_what_it_comes_to() {
    let world = World::new();
    used(&world, &[on("a", "2026-06-15", 4.0)]);
    let after = |body: Json| suspension(&patch(&world, body));
    assert_eq!(after(json!({"credits": 4})).as_deref(), Some(OF_PROJECT));
    assert_eq!(
        after(json!({"labels": {"a": "b"}})).as_deref(),
        Some(OF_PROJECT)
    );
    assert_eq!(after(json!({})).as_deref(), Some(OF_PROJECT));
    assert_eq!(after(json!({"credits": 4.5})), None);
    assert_eq!(after(json!({"credits": 0})).as_deref(), Some(OF_PROJECT));
    assert_eq!(after(json!({"credits": null})), None);
}

#[test]
fn the_credits_of_an_organization_are_those_of_all_its_projects() {
    let world = World::new();
    plan_gives(&world, json!(10));
    let elsewhere = json!({"project": OTHER_PROJECT});
    used(
        &world,
        &[
            on("a", "2026-06-15", 3.0),
            with(on("b", "2026-06-15", 6.0), elsewhere.clone()),
        ],
    );
    assert_suspension(&world, None);
    used(&world, &[with(on("c", "2026-06-20", 1.0), elsewhere)]);
    assert_suspension(&world, Some(OF_ORGANIZATION));
    let new = json!({"name": "new", "organization_name": "acme"});
    let made = world.call(&world.owner(), "POST", "/v2.1/projects", new);
    assert_eq!(
        suspension(&made.expect(201)).as_deref(),
        Some(OF_ORGANIZATION)
    );
    // What its own budget says comes first, being what the project's people can change.
    patch(&world, json!({"credits": 3}));
    assert_suspension(&world, Some(OF_PROJECT));
    patch(&world, json!({"credits": 4}));
    plan_gives(&world, json!(null));
    assert_suspension(&world, None);
}

#[test]
fn credits_of_a_voucher_count_while_their_period_runs() {
    let world = World::new();
    plan_gives(&world, json!(10));
    used(&world, &[on("a", "2026-06-15", 10.0)]);
    assert_suspension(&world, Some(OF_ORGANIZATION));
    world.execute(
        "INSERT INTO voucher_redemptions (organization_id, voucher_id, credits, redemption_date, period_end)
         SELECT id, 'voucher', 1000000, 0, ?1 FROM organizations WHERE name = 'acme'",
        [world.now().plus_millis(HOUR).as_millis()],
    );
    assert_suspension(&world, None);
    world.pass(2 * HOUR);
    assert_suspension(&world, Some(OF_ORGANIZATION));
}

#[test]
fn a_suspension_by_somebody_is_what_is_told_first_and_lifting_it_lifts_no_other() {
    let world = World::new();
    patch(&world, json!({"credits": 0, "suspend": true}));
    assert_suspension(&world, Some("suspended by the organization"));
    let lifted = patch(&world, json!({"suspend": false}));
    assert_eq!(suspension(&lifted).as_deref(), Some(OF_PROJECT));
}

#[test]
fn a_new_period_begins_with_all_credits() {
    let world = World::new();
    patch(&world, json!({"credits": 1}));
    used(&world, &[on("a", "2026-06-15", 1.0)]);
    let last = tenantry::domain::Timestamp::parse("2026-07-14T23:59:59.999Z").unwrap();
    world.clock.set(last);
    assert_suspension(&world, Some(OF_PROJECT));
    world.pass(1);
    assert_suspension(&world, None);
}

#[test]
fn a_period_is_anchored_to_the_day_of_the_plan_in_force() {
    let world = World::new();
    patch(&world, json!({"credits": 1}));
    let instant = |text: &str| tenantry::domain::Timestamp::parse(text).unwrap();
    let starts = |start: &str, next: Option<&str>| {
        world.execute(
            "UPDATE organizations SET subscription_start_date = ?1, next_subscription_start_date = ?2,
                    next_subscription = iif(?2 IS NULL, NULL, 'free') WHERE name = 'acme'",
            (instant(start).as_millis(), next.map(|next| instant(next).as_millis())),
        );
    };
    let used_on = |day: &str| {
        world.execute("DELETE FROM usage_days", []);
        world.execute(
            "INSERT INTO usage_days (subject_id, object_type, day, organization_id, credits)
             SELECT id, 'deployment_version', ?1, organization_id, 1000000 FROM projects WHERE name = ?2",
            (instant(day).as_millis() / DAY, PROJECT),
        );
    };
    for (start, next, now, first, last_of_before) in [
        (
            "2024-01-31T15:00:00Z",
            None,
            "2027-02-28T00:00:00Z",
            "2027-02-28",
            "2027-02-27",
        ),
        (
            "2024-01-31T15:00:00Z",
            None,
            "2027-02-27T23:59:59Z",
            "2027-01-31",
            "2027-01-30",
        ),
        (
            "2024-01-31T15:00:00Z",
            None,
            "2027-03-30T12:00:00Z",
            "2027-02-28",
            "2027-02-27",
        ),
        (
            "2024-01-30",
            None,
            "2028-02-29T12:00:00Z",
            "2028-02-29",
            "2028-02-28",
        ),
        (
            "2026-12-20",
            None,
            "2027-01-19T12:00:00Z",
            "2026-12-20",
            "2026-12-19",
        ),
        (
            "2026-01-01",
            None,
            "2026-12-31T23:59:59Z",
            "2026-12-01",
            "2026-11-30",
        ),
        (
            "2024-01-31",
            Some("2027-03-10"),
            "2027-03-09T12:00:00Z",
            "2027-02-28",
            "2027-02-27",
        ),
        (
            "2024-01-31",
            Some("2027-03-10"),
            "2027-03-10T12:00:00Z",
            "2027-03-10",
            "2027-03-09",
        ),
    ] {
        starts(start, next);
        world.clock.set(instant(now));
        used_on(last_of_before);
        assert_suspension(&world, None);
        used_on(first);
        assert_suspension(&world, Some(OF_PROJECT));
    }
}

#[test]
fn what_lies_before_the_period_costs_nothing() {
    let world = World::new();
    plan_gives(&world, json!(1000));
    patch(&world, json!({"credits": 1000}));
    used(&world, &[on("a", "2026-06-15", 1.0)]);
    let steps = || {
        project(&world);
        world.database.steps()
    };
    let before = steps();
    world.execute(
        "INSERT INTO usage_days (subject_id, object_type, day, organization_id, credits)
         SELECT s.subject_id, 'deployment_version', j.key, s.organization_id, 1
         FROM (SELECT DISTINCT subject_id, organization_id FROM usage_days) s,
              json_each('[' || rtrim(replace(hex(zeroblob(5000)), '00', '0,'), ',') || ']') j",
        [],
    );
    let after = steps();
    assert!(after < before * 11 / 10, "{before} steps became {after}");
}

#[test]
fn a_list_has_the_fields_that_the_clients_know_there() {
    let world = World::new();
    patch(&world, json!({"credits": 0}));
    let listed = world.get(&world.viewer(), "/v2.1/projects").expect(200);
    let listed = listed.json();
    let mut names: Vec<&String> = listed[0].as_object().unwrap().keys().collect();
    names.sort();
    // Whether it is suspended would take a sum for each project; no client looks for it in a list.
    assert_eq!(
        names,
        [
            "advanced_permissions",
            "cors_origins",
            "creation_date",
            "credits",
            "id",
            "labels",
            "name",
            "organization_name"
        ]
    );
}
