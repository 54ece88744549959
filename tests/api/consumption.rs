//! Consumption from quotas: counted once and exactly, under any number of callers and whatever comes between.

use serde_json::{Value as Json, json};

use testkit::{Answer, Fault, World};

const GPU: &str = "exemlProject.gpu_duration";
const DAY: i64 = 86_400_000;

fn consume(world: &World, id: &str, amount: i64) -> Answer {
    let target = world.workspaces("/0/quotas/consumption");
    let body = json!({"id": id, "resource": GPU, "amount": amount});
    world.call(&world.robot(), "POST", &target, body)
}

fn limit(world: &World, quota: i64) {
    let target = world.workspaces("/0/quotas");
    let body = json!({"quotas": [{"resource": GPU, "quota": quota}]});
    world.call(&world.robot(), "PUT", &target, body).expect(200);
}

fn used(world: &World) -> i64 {
    world.count("SELECT coalesce(max(used), 0) FROM workspace_quotas")
}

#[track_caller]
fn is_code(answer: Answer, code: &str) {
    assert_eq!(answer.expect(400).text("error_code"), code);
}

#[test]
fn a_consumption_answers_the_quota_with_what_is_used() {
    let world = World::new();
    limit(&world, 10);
    let item = consume(&world, "a", 4).expect(200).json();
    assert_eq!(
        (&item["resource"], &item["quota"], &item["used_quota"]),
        (&json!(GPU), &json!(10), &json!(4))
    );
    assert_eq!(item["min_quota"], -1);
}

#[test]
fn what_would_pass_the_quota_is_refused_and_changes_nothing() {
    let world = World::new();
    limit(&world, 10);
    consume(&world, "a", 10).expect(200);
    let answer =
        consume(&world, "b", 1).refused(400, "exemlProject.gpu_duration exceeds the quota limit");
    is_code(answer, "ModelArts.0118");
    assert_eq!(used(&world), 10);
    // The id was not used up by the refusal.
    limit(&world, 11);
    consume(&world, "b", 1).expect(200);
}

#[test]
fn the_same_again_changes_nothing_and_other_content_is_refused() {
    let world = World::new();
    limit(&world, 10);
    for _ in 0..3 {
        assert_eq!(consume(&world, "a", 4).expect(200).json()["used_quota"], 4);
    }
    is_code(consume(&world, "a", 5), "ModelArts.0104");
    let target = world.workspaces("/0/quotas/consumption");
    let other = json!({"id": "a", "resource": "exemlProject.cpu_duration", "amount": 4});
    is_code(
        world.call(&world.robot(), "POST", &target, other),
        "ModelArts.0104",
    );
    assert_eq!(used(&world), 4);
}

#[test]
fn a_repetition_is_answered_even_when_nothing_more_fits() {
    let world = World::new();
    limit(&world, 4);
    consume(&world, "a", 4).expect(200);
    limit(&world, 1);
    assert_eq!(consume(&world, "a", 4).expect(200).json()["used_quota"], 4);
}

#[test]
fn an_id_is_remembered_for_30_days_and_in_its_workspace_alone() {
    let world = World::new();
    limit(&world, 100);
    consume(&world, "a", 1).expect(200);
    world.pass(30 * DAY - 1);
    consume(&world, "a", 1).expect(200);
    assert_eq!(used(&world), 1);
    world.pass(1);
    consume(&world, "a", 1).expect(200);
    assert_eq!(used(&world), 2);
    let target = world.workspaces(&format!("/{}/quotas/consumption", world.workspace()));
    let body = json!({"id": "a", "resource": GPU, "amount": 1});
    world
        .call(&world.robot(), "POST", &target, body)
        .expect(200);
    assert_eq!(world.count("SELECT sum(used) FROM workspace_quotas"), 3);
}

#[test]
fn what_is_older_than_30_days_is_forgotten_as_others_come() {
    let world = World::new();
    for i in 0..10 {
        consume(&world, &format!("old-{i}"), 1).expect(200);
    }
    world.pass(30 * DAY);
    for i in 0..3 {
        consume(&world, &format!("new-{i}"), 1).expect(200);
    }
    assert_eq!(world.count("SELECT count(*) FROM quota_consumptions"), 3);
    assert_eq!(used(&world), 13);
}

#[test]
fn a_release_ends_at_zero() {
    let world = World::new();
    limit(&world, 10);
    consume(&world, "a", 4).expect(200);
    assert_eq!(consume(&world, "b", -3).expect(200).json()["used_quota"], 1);
    assert_eq!(consume(&world, "c", -3).expect(200).json()["used_quota"], 0);
    assert_eq!(consume(&world, "d", 0).expect(200).json()["used_quota"], 0);
}

#[test]
fn consumption_is_counted_while_there_is_no_limit() {
    let world = World::new();
    assert_eq!(
        consume(&world, "a", 7).expect(200).json()["used_quota"],
        Json::Null
    );
    limit(&world, 10);
    assert_eq!(consume(&world, "b", 3).expect(200).json()["used_quota"], 10);
    is_code(consume(&world, "c", 1), "ModelArts.0118");
}

#[test]
fn not_even_without_a_limit_is_more_counted_than_a_number_holds() {
    let world = World::new();
    consume(&world, "a", 9_007_199_254_740_991).expect(200);
    is_code(consume(&world, "b", 1), "ModelArts.0118");
    consume(&world, "c", -9_007_199_254_740_991).expect(200);
    assert_eq!(used(&world), 0);
}

#[test]
fn a_body_of_another_form_is_400_and_names_its_field() {
    let world = World::new();
    let target = world.workspaces("/0/quotas/consumption");
    for (body, words) in [
        (json!({}), "id"),
        (json!({"id": "", "resource": GPU, "amount": 1}), "id: "),
        (
            json!({"id": "x".repeat(129), "resource": GPU, "amount": 1}),
            "id: ",
        ),
        (json!({"id": 5, "resource": GPU, "amount": 1}), "id: "),
        (json!({"id": "a", "amount": 1}), "resource"),
        (
            json!({"id": "a", "resource": "nothing", "amount": 1}),
            "resource: there is no resource 'nothing'",
        ),
        (json!({"id": "a", "resource": GPU}), "amount"),
        (
            json!({"id": "a", "resource": GPU, "amount": 1.5}),
            "amount: ",
        ),
        (
            json!({"id": "a", "resource": GPU, "amount": "1"}),
            "amount: ",
        ),
        (
            json!({"id": "a", "resource": GPU, "amount": 9_007_199_254_740_992_i64}),
            "amount: ",
        ),
    ] {
        let answer = world
            .call(&world.robot(), "POST", &target, body)
            .refused(400, words);
        is_code(answer, "ModelArts.0104");
    }
}

/// Twenty callers, each of whom wants 1 of the 10 that are left: however one comes between another's round trips.
#[test]
fn callers_at_the_edge_of_a_quota_never_pass_it() {
    for trip in [1, 2] {
        let world = World::new();
        limit(&world, 10);
        let mut done = 0;
        for pair in 0..10 {
            let outcome = std::rc::Rc::new(std::cell::Cell::new(0));
            let seen = outcome.clone();
            let target_id = format!("second-{pair}");
            world.before_trip(trip, move |world| {
                seen.set(consume(world, &target_id, 1).status)
            });
            let first = consume(&world, &format!("first-{pair}"), 1);
            assert!(!world.database.withdraw(), "nothing came in between");
            done += [first.status, outcome.get()]
                .iter()
                .filter(|status| **status == 200)
                .count();
        }
        assert_eq!(done, 10);
        assert_eq!(used(&world), 10);
    }
}

/// Two consumptions, or a consumption and a change of the quota, in every order of their round trips.
#[test]
fn whatever_comes_between_the_round_trips_the_sum_is_right() {
    type Event = fn(&World) -> Answer;
    let events: [(&str, Event); 5] = [
        ("another consumption", |world| consume(world, "other", 6)),
        ("the same consumption", |world| consume(world, "this", 6)),
        ("a release", |world| consume(world, "release", -5)),
        ("a lower quota", |world| {
            let target = world.workspaces("/0/quotas");
            let body = json!({"quotas": [{"resource": GPU, "quota": 7}]});
            world.call(&world.robot(), "PUT", &target, body)
        }),
        ("a lifted quota", |world| {
            let target = world.workspaces("/0/quotas");
            let body = json!({"quotas": [{"resource": GPU, "quota": -1}]});
            world.call(&world.robot(), "PUT", &target, body)
        }),
    ];
    for (name, event) in events {
        for place in [0, 1, 2, 3] {
            let world = World::new();
            limit(&world, 10);
            consume(&world, "before", 3).expect(200);
            let target = world.workspaces("/0/quotas/consumption");
            let body = json!({"id": "this", "resource": GPU, "amount": 6});
            let call = |world: &World| world.call(&world.robot(), "POST", &target, body.clone());
            let mut answers = Vec::new();
            let meanwhile = std::rc::Rc::new(std::cell::RefCell::new(None));
            match place {
                0 => answers.push(event(&world)),
                3 => {}
                trip => {
                    let left = meanwhile.clone();
                    world.before_trip(trip, move |world| *left.borrow_mut() = Some(event(world)));
                }
            }
            let this = call(&world);
            if place == 3 {
                answers.push(event(&world));
            }
            answers.extend(meanwhile.take());
            let other = answers.pop().unwrap();
            let counted =
                |answer: &Answer, amount: i64| if answer.status == 200 { amount } else { 0 };
            let expected = match name {
                "another consumption" => 3 + counted(&this, 6) + counted(&other, 6),
                "the same consumption" => 9,
                // A release before the consumption ends at 0.
                "a release" if place == 3 => 4,
                "a release" => 6,
                _ => 3 + counted(&this, 6),
            };
            assert_eq!(used(&world), expected, "{name} at {place}: {this}, {other}");
            let passes = name == "another consumption" && this.status == other.status;
            assert!(!passes, "{name} at {place}: both fit");
        }
    }
}

#[test]
fn a_consumption_whose_answer_got_lost_counts_once_when_it_is_repeated() {
    for fault in Fault::ALL {
        let world = World::new();
        limit(&world, 10);
        let target = world.workspaces("/0/quotas/consumption");
        let body = json!({"id": "a", "resource": GPU, "amount": 4});
        world.fail(2, fault);
        world
            .call(&world.robot(), "POST", &target, body.clone())
            .expect(503);
        world
            .call(&world.robot(), "POST", &target, body)
            .expect(200);
        assert_eq!(used(&world), 4, "{fault:?}");
    }
}

#[test]
fn consumption_needs_its_own_permission_and_an_open_workspace() {
    let world = World::new();
    let target = world.workspaces("/0/quotas/consumption");
    let body = json!({"id": "a", "resource": GPU, "amount": 1});
    let answer = world.call(&world.viewer(), "POST", &target, body.clone());
    let answer = answer.refused(403, "modelarts:workspace:consumeQuotas");
    assert_eq!(answer.text("error_code"), "ModelArts.0112");
    let private = json!({"name": "private", "auth_type": "PRIVATE"});
    let made = world.call(&world.editor(), "POST", &world.workspaces(""), private);
    let target = world.workspaces(&format!("/{}/quotas/consumption", made.text("id")));
    world
        .call(&world.robot(), "POST", &target, body.clone())
        .expect(403);
    world
        .call(&world.editor(), "POST", &target, body)
        .expect(200);
}

#[test]
fn consumption_leaves_no_audit_row() {
    let world = World::new();
    let rows = world.count("SELECT count(*) FROM audit");
    consume(&world, "a", 1).expect(200);
    assert_eq!(world.count("SELECT count(*) FROM audit"), rows);
}
