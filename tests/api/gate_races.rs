//! Callers at the edge of a limit, in every order in which their round trips can meet: exactly what fits is admitted, what
//! is used and leased never passes a limit, and each request is metered once or never (contract section 5.4).

use std::cell::Cell;
use std::rc::Rc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use tenantry::platform::Outgoing;
use testkit::schedule::{Moment, every_moment, every_order, in_an_order};
use testkit::{Answer, Begun, Call, Caller, Fault, Reply, Step, World};

const SECOND: i64 = 1_000_000;

/// A world with the deployment `d` at a credit a second, whose upstream answers after as many milliseconds as it is sent.
fn world() -> (World, Caller) {
    let world = World::new();
    world.deployment("d");
    world.serve_at_a_price("d");
    world.upstream.answering(answering);
    let caller = world.service_user(&["deployment-request-user"]);
    (world, caller)
}

fn answering(outgoing: &Outgoing) -> Reply {
    let body: Json = serde_json::from_slice(&outgoing.body).unwrap();
    Reply::json(&json!({"y": 1})).late(body["x"].as_i64().unwrap())
}

/// A request of ten seconds at most, which takes so many milliseconds.
fn call(world: &World, caller: &Caller, milliseconds: i64) -> Call {
    let path = world.path("/deployments/d/requests?timeout=10");
    Call::new("POST", path)
        .by(caller)
        .json(&json!({"x": milliseconds}))
}

fn leased(world: &World) -> i64 {
    world.count("SELECT coalesce(sum(leased), 0) FROM requests WHERE status IN ('processing', 'cancelled_pending')")
}

fn under_way(world: &World) -> i64 {
    world.count("SELECT count(*) FROM requests WHERE status = 'processing'")
}

/// What the project has used is what its records say, and each answer has its record.
fn is_accounted_for(world: &World, answers: &[Answer]) {
    assert_eq!(under_way(world), 0);
    assert_eq!(leased(world), 0);
    let of_records = world.count("SELECT coalesce(sum(credits), 0) FROM requests");
    assert_eq!(world.used("credits"), of_records);
    let answered = answers.iter().filter(|answer| answer.status == 200);
    let ids: std::collections::BTreeSet<String> =
        answered.map(|answer| answer.text("id")).collect();
    for id in &ids {
        let sql = format!(
            "SELECT count(*) FROM requests WHERE id = '{id}' AND status IN ('completed', 'failed')"
        );
        assert_eq!(world.count(&sql), 1);
    }
    assert_eq!(
        world.count("SELECT count(*) FROM requests"),
        ids.len() as i64
    );
    assert_eq!(world.upstream.calls().len(), ids.len());
}

/// Makes so many calls at once in every order. `fits` says, of how many are under way and how many have ended, whether
/// one more is to be admitted.
fn exactly_what_fits(
    world: &World,
    calls: &[Call],
    words: &str,
    fits: impl Fn(i64, i64) -> bool,
    sees: impl Fn(&World),
) {
    let mut admitted: Vec<bool> = Vec::new();
    let mut ended = 0;
    let orders = every_moment(world, calls, |world, moment| match moment {
        Moment::Begun => {
            admitted = vec![false; calls.len()];
            ended = 0;
        }
        Moment::Stepped(call, is_over) => {
            if admitted[*call] {
                assert!(is_over);
                ended += 1;
            } else {
                let before = under_way(world) - i64::from(!is_over);
                assert_eq!(
                    !is_over,
                    fits(before, ended),
                    "{before} under way, {ended} ended"
                );
                admitted[*call] = !is_over;
            }
            sees(world);
        }
        Moment::Over(answers) => {
            for (answer, admitted) in answers.iter().zip(&admitted) {
                match admitted {
                    true => assert_eq!(answer.status, 200, "{answer}"),
                    false => drop(answer.clone().refused(429, words)),
                }
            }
            is_accounted_for(world, answers);
        }
    });
    assert!(orders >= 2);
}

#[test]
fn a_budget_has_room_for_exactly_what_fits_in_every_order() {
    let (world, caller) = world();
    for of_organization in [false, true] {
        let world = world.copy();
        let limit = 25 * SECOND;
        if of_organization {
            world.execute("UPDATE subscriptions SET monthly_credits = ?1", [limit]);
        } else {
            world.budget(limit);
        }
        for callers in [2, 3] {
            let calls: Vec<Call> = (0..callers).map(|_| call(&world, &caller, 4_000)).collect();
            // Ten seconds each are leased while it runs, and four are used.
            let fits = |under_way, ended| 10 * (under_way + 1) + 4 * ended <= 25;
            exactly_what_fits(&world, &calls, "leased", fits, |world| {
                assert!(world.used("credits") + leased(world) <= limit);
            });
        }
    }
}

#[test]
fn a_version_has_room_for_exactly_its_concurrency_in_every_order() {
    let (world, caller) = world();
    for most in [1, 2] {
        world.serve("d", json!({"max_concurrency": most}));
        for callers in [2, 3] {
            let calls: Vec<Call> = (0..callers).map(|_| call(&world, &caller, 1)).collect();
            let fits = |under_way, _| under_way < most;
            exactly_what_fits(&world, &calls, "max_concurrency", fits, |world| {
                assert!(under_way(world) <= most);
            });
        }
    }
}

#[test]
fn a_minute_has_room_for_exactly_its_requests_in_every_order() {
    let (world, caller) = world();
    for most in [1, 2] {
        let world = world.with_settings(&[("REQUESTS_PER_MINUTE", &most.to_string())]);
        for callers in [2, 3] {
            let calls: Vec<Call> = (0..callers).map(|_| call(&world, &caller, 1)).collect();
            let fits = |under_way, ended| under_way + ended < most;
            exactly_what_fits(&world, &calls, "a minute are allowed", fits, |world| {
                assert!(world.count("SELECT max(count) FROM request_rates") <= most);
            });
        }
    }
}

#[test]
fn a_workspace_has_room_for_exactly_what_fits_in_every_order() {
    let (world, caller) = world();
    let quota = json!({"quotas": [{"resource": "exemlProject.gpu_duration", "quota": 1}]});
    world
        .call(
            &world.operator(),
            "PUT",
            &world.workspaces("/0/quotas"),
            quota,
        )
        .expect(200);
    world.serve(
        "d",
        json!({"workspace_id": "0", "quota_resource": "exemlProject.gpu_duration"}),
    );
    world.execute(
        "INSERT INTO workspace_quotas (project_id, workspace_id, resource, organization_id, used, run_time)
         SELECT id, '0', 'exemlProject.gpu_duration', organization_id, 0, 35000 FROM projects WHERE name = 'vision'
         ON CONFLICT DO UPDATE SET run_time = 35000",
        [],
    );
    let calls: Vec<Call> = (0..3).map(|_| call(&world, &caller, 2_000)).collect();
    let fits = |under_way, ended| 10 * (under_way + 1) + 2 * ended <= 25;
    exactly_what_fits(&world, &calls, "leased", fits, |world| {
        let run = world.count("SELECT run_time FROM workspace_quotas");
        let leased =
            "SELECT coalesce(sum(leased_time), 0) FROM requests WHERE status = 'processing'";
        assert!(run + world.count(leased) <= 60_000);
    });
}

#[test]
fn a_key_is_run_once_in_every_order() {
    let (world, caller) = world();
    let keyed = call(&world, &caller, 1_000).header("idempotency-key", "k");
    for callers in [2, 3] {
        let calls = vec![keyed.clone(); callers];
        every_order(&world, &calls, |world, answers| {
            assert_eq!(world.upstream.calls().len(), 1);
            let (ran, refused): (Vec<&Answer>, Vec<&Answer>) =
                answers.iter().partition(|answer| answer.status == 200);
            assert!(ran.iter().all(|answer| answer.body == ran[0].body));
            let replayed = ran
                .iter()
                .filter(|answer| answer.header("idempotent-replayed").is_some());
            assert_eq!(replayed.count(), ran.len() - 1);
            for answer in refused {
                answer.clone().refused(409, "under way");
            }
            assert_eq!(world.used("credits"), SECOND);
            is_accounted_for(world, answers);
        });
    }
}

#[test]
fn a_request_that_is_voided_holds_nothing_in_any_order() {
    let (world, caller) = world();
    let world = world.with_settings(&[("REQUESTS_PER_MINUTE", "1")]);
    let wrong = call(&world, &caller, 0)
        .json(&json!({"x": "one"}))
        .header("idempotency-key", "k");
    let right = call(&world, &caller, 1_000);
    let mut ran = 0;
    every_order(&world, &[wrong, right], |world, answers| {
        match (answers[0].status, answers[1].status) {
            (400, 200) => ran += 1,
            (400, 429) | (429, 200) => {}
            other => panic!("{other:?}"),
        }
        is_accounted_for(world, &answers[1..]);
        assert_eq!(world.count("SELECT count(*) FROM idempotency_keys"), 0);
    });
    assert!(ran > 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_passes_a_budget_whatever_callers_do(
        budget in 5_i64..60,
        latencies in prop::collection::vec(0_i64..12_000, 2..7),
        choices in prop::collection::vec(any::<prop::sample::Index>(), 64),
    ) {
        let (world, caller) = world();
        world.budget(budget * SECOND);
        let calls: Vec<Call> = latencies.iter().map(|latency| call(&world, &caller, *latency)).collect();
        let mut choices = choices.iter();
        in_an_order(&world, &calls, |world, moment| {
            assert!(world.used("credits") + leased(world) <= budget * SECOND);
            if let Moment::Over(answers) = moment {
                assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 403 | 429)));
                is_accounted_for(world, answers);
            }
        }, |open| choices.next().map_or(0, |choice| choice.index(open)));
    }
}

/// A request that has been answered by its upstream and stands before its settlement.
fn answered(world: &World, caller: &Caller) -> Begun {
    let mut begun = world.begin(call(world, caller, 1_000).header("idempotency-key", "k"));
    assert!(matches!(begun.step(), Some(Step::Before(2))));
    begun
}

#[test]
fn what_the_scheduled_run_has_ended_is_not_settled_again() {
    let (world, caller) = world();
    let begun = answered(&world, &caller);
    world.hours_later(1);
    let answer = begun.finish().expect(200);
    assert_eq!(answer.text("status"), "failed");
    assert!(
        answer.text("error_message").contains("was not settled"),
        "{answer}"
    );
    // Charged to the end of its lease, once.
    assert_eq!(world.used("credits"), 10 * SECOND);
    world.minute();
    is_accounted_for(&world, &[answer]);
    let again = call(&world, &caller, 1_000).header("idempotency-key", "k");
    world.send(again).refused(409, "its answer was not kept");
}

#[test]
fn what_has_been_settled_is_not_ended_by_the_scheduled_run() {
    let (world, caller) = world();
    let answer = answered(&world, &caller).finish().expect(200);
    world.hours_later(1);
    assert_eq!(answer.text("status"), "completed");
    assert_eq!(world.used("credits"), SECOND);
    is_accounted_for(&world, &[answer]);
}

#[test]
fn nothing_is_kept_of_what_the_scheduled_run_ends_where_nothing_is_to_be() {
    let (world, caller) = world();
    let settings = json!({"request_retention_mode": "none"}).to_string();
    world.execute("UPDATE deployment_versions SET settings = ?1", [settings]);
    drop(answered(&world, &caller));
    world.hours_later(1);
    assert_eq!(world.count("SELECT count(*) FROM requests"), 0);
    assert_eq!(world.used("credits"), 10 * SECOND);
}

type Happens = Rc<dyn Fn(&World, &Caller)>;

/// What can become of a request's rights and of what it is about.
fn losses() -> Vec<(&'static str, Happens)> {
    let deletes = |what: &'static str| -> Happens {
        Rc::new(move |world: &World, _: &Caller| {
            world
                .call(&world.operator(), "DELETE", &world.path(what), Json::Null)
                .expect(204);
        })
    };
    vec![
        (
            "the role is taken away",
            Rc::new(|world: &World, caller: &Caller| {
                world.execute(
                    "DELETE FROM role_assignments WHERE assignee_id = ?1",
                    [&caller.id],
                );
            }),
        ),
        (
            "the caller is deleted",
            Rc::new(|world: &World, caller: &Caller| {
                let path = world.path(&format!("/service-users/{}", caller.id));
                world
                    .call(&world.operator(), "DELETE", &path, Json::Null)
                    .expect(204);
            }),
        ),
        (
            "the token is reset",
            Rc::new(|world: &World, caller: &Caller| {
                let path = world.path(&format!("/service-users/{}/token", caller.id));
                world
                    .call(&world.operator(), "PUT", &path, Json::Null)
                    .expect(200);
            }),
        ),
        (
            "the project is suspended",
            Rc::new(|world: &World, _: &Caller| {
                world.execute(
                    "UPDATE projects SET suspended_by = 'operator' WHERE name = 'vision'",
                    [],
                );
            }),
        ),
        (
            "the version is deleted",
            deletes("/deployments/d/versions/v1"),
        ),
        ("the deployment is deleted", deletes("/deployments/d")),
        ("the project is deleted", deletes("")),
    ]
}

#[test]
fn what_is_lost_before_a_request_is_admitted_refuses_it_and_leaves_nothing() {
    for (what, happens) in losses() {
        let (world, caller) = world();
        let begun = world.begin(call(&world, &caller, 1_000));
        happens(&world, &caller);
        let answer = begun.finish();
        assert!(matches!(answer.status, 401 | 403 | 404), "{what}: {answer}");
        assert_eq!(world.count("SELECT count(*) FROM requests"), 0, "{what}");
        assert_eq!(
            world.count("SELECT count(*) FROM request_rates"),
            0,
            "{what}"
        );
        assert!(world.upstream.calls().is_empty(), "{what}");
    }
}

#[test]
fn what_is_lost_while_a_request_is_under_way_ends_nothing_and_it_is_settled() {
    for (what, happens) in losses() {
        let (world, caller) = world();
        let of_organization =
            "SELECT coalesce(sum(credits), 0) FROM usage_days WHERE subject_id = organization_id";
        let begun = answered(&world, &caller);
        happens(&world, &caller);
        let answer = begun.finish().expect(200);
        assert_eq!(answer.text("status"), "completed", "{what}");
        assert_eq!(world.count(of_organization), SECOND, "{what}");
        let records =
            "SELECT count(*) FROM requests WHERE status = 'completed' AND credits = 1000000";
        assert_eq!(world.count(records), 1, "{what}");
    }
}

#[test]
fn a_long_request_goes_on_when_what_it_is_about_is_deleted() {
    for (what, happens) in losses() {
        let (world, caller) = world();
        let deleted = Rc::new(Cell::new(false));
        let (inner, by, done) = (world.clone(), caller.clone(), Rc::clone(&deleted));
        world.upstream.next(
            Reply::new(200)
                .chunk(r#"{"y": "#)
                .pause(1_000)
                .meanwhile(move || {
                    happens(&inner, &by);
                    done.set(true);
                })
                .pause(50_000)
                .chunk("1")
                .pause(59_000)
                .chunk(" ")
                .pause(59_000)
                .chunk(" ")
                .pause(59_000)
                .chunk(" ")
                .pause(59_000)
                .chunk(" ")
                .pause(59_000)
                .chunk("}"),
        );
        let path = world.path("/deployments/d/requests?timeout=3600");
        let answer = world
            .send(Call::new("POST", path).by(&caller).json(&json!({"x": 1})))
            .expect(200);
        assert!(deleted.get());
        assert_eq!(answer.text("status"), "completed", "{what}: {answer}");
    }
}

#[test]
fn a_record_that_may_have_been_written_gives_its_key_and_permit_back() {
    for fault in [Fault::LoseBefore, Fault::LoseAfter, Fault::StallAfter] {
        let (world, caller) = world();
        let world = world.with_settings(&[("REQUESTS_PER_MINUTE", "1")]);
        let keyed = call(&world, &caller, 1_000).header("idempotency-key", "k");
        world.fail(1, fault);
        world.send(keyed.clone()).expect(503);
        assert_eq!(world.count("SELECT count(*) FROM requests"), 0, "{fault:?}");
        assert!(world.upstream.calls().is_empty(), "{fault:?}");
        let answer = world.send(keyed).expect(200);
        assert_eq!(answer.text("status"), "completed", "{fault:?}");
    }
}

#[test]
fn a_request_whose_voiding_is_lost_is_voided_behind_its_answer() {
    for fault in [
        Fault::Refuse,
        Fault::LoseBefore,
        Fault::LoseAfter,
        Fault::Stall,
    ] {
        let (world, caller) = world();
        let world = world.with_settings(&[("REQUESTS_PER_MINUTE", "1")]);
        let wrong = call(&world, &caller, 0)
            .json(&json!({"x": "one"}))
            .header("idempotency-key", "k");
        world.fail(2, fault);
        world.send(wrong).expect(503);
        assert_eq!(world.count("SELECT count(*) FROM requests"), 0, "{fault:?}");
        assert_eq!(
            world.count("SELECT count(*) FROM idempotency_keys"),
            0,
            "{fault:?}"
        );
        world.hours_later(1);
        assert_eq!(world.used("credits"), 0, "{fault:?}");
    }
}
