//! Run time of requests is consumed in the quota of a workspace, where the upstream names one (contract section 5.4).

use serde_json::{Value as Json, json};

use testkit::{Answer, Call, Caller, Reply, World};

/// Its unit is a minute.
const GPU: &str = "exemlProject.gpu_duration";

/// A world with the deployment `d`, whose run time is consumed in the workspace `0`, which has so many minutes.
fn world(minutes: i64) -> (World, Caller) {
    let world = World::new();
    world.deployment("d");
    world.serve("d", json!({"workspace_id": "0", "quota_resource": GPU}));
    let body = json!({"quotas": [{"resource": GPU, "quota": minutes}]});
    let target = world.workspaces("/0/quotas");
    world
        .call(&world.operator(), "PUT", &target, body)
        .expect(200);
    let caller = world.service_user(&["deployment-request-user"]);
    (world, caller)
}

fn request(world: &World, caller: &Caller, milliseconds: i64) -> Answer {
    let reply = Reply::json(&json!({"y": 1})).late(milliseconds);
    world.upstream.next(reply);
    let path = world.path("/deployments/d/requests?timeout=3600");
    world.send(Call::new("POST", path).by(caller).json(&json!({"x": 1})))
}

fn consume(world: &World, id: &str, amount: i64) -> Answer {
    let target = world.workspaces("/0/quotas/consumption");
    let body = json!({"id": id, "resource": GPU, "amount": amount});
    world.call(&world.robot(), "POST", &target, body)
}

fn used(world: &World) -> Json {
    let shown = world
        .get(&world.operator(), &world.workspaces("/0/quotas"))
        .expect(200)
        .json();
    let quotas = shown["quotas"].as_array().unwrap();
    let of_resource = quotas.iter().find(|quota| quota["resource"] == GPU);
    of_resource.unwrap()["used_quota"].clone()
}

#[test]
fn a_thousand_seconds_are_seventeen_minutes() {
    let (world, caller) = world(100);
    for (count, minutes) in [(1, 1), (59, 1), (1, 2)] {
        for _ in 0..count {
            request(&world, &caller, 1_000).expect(200);
        }
        assert_eq!(used(&world), minutes);
    }
    assert_eq!(world.count("SELECT run_time FROM workspace_quotas"), 61_000);
}

#[test]
fn what_is_used_up_refuses_a_request() {
    let (world, caller) = world(3);
    consume(&world, "a", 2).expect(200);
    request(&world, &caller, 50_000).expect(200);
    assert_eq!(used(&world), 3);
    assert_eq!(
        request(&world, &caller, 1_000).expect(200).text("status"),
        "completed"
    );
    request(&world, &caller, 1_000).refused(403, GPU);
}

#[test]
fn a_consumption_waits_for_what_a_request_has_leased() {
    let (world, caller) = world(7);
    world
        .upstream
        .next(Reply::json(&json!({"y": 1})).late(1_000));
    let mut begun = world.begin(world.request_call(&caller, "d", &json!({"x": 1})));
    // Five minutes are leased.
    begun.step();
    consume(&world, "a", 3).refused(400, "0 of 7 are used and 5 held by requests under way");
    consume(&world, "b", 2).expect(200);
    begun.finish().expect(200);
    assert_eq!(used(&world), 3);
    consume(&world, "c", 4).expect(200);
    consume(&world, "d", 1).refused(400, "7 of 7 are used, 1 more");
}

#[test]
fn a_request_runs_no_longer_than_the_quota_lasts() {
    let (world, caller) = world(7);
    let answer = request(&world, &caller, 1_000_000).expect(200);
    assert!(answer.text("error_message").contains("used up"), "{answer}");
    assert_eq!(world.count("SELECT run_time FROM requests"), 420_000);
    assert_eq!(used(&world), 7);
}

#[test]
fn a_lease_is_not_extended_into_what_was_consumed_meanwhile() {
    let (world, caller) = world(7);
    let inner = world.clone();
    let reply = Reply::new(200)
        .chunk("{")
        .pause(40_000)
        .meanwhile(move || {
            inner.execute("UPDATE workspace_quotas SET used = 2", []);
        })
        .chunk(" ");
    let reply = (0..10).fold(reply, |reply, _| reply.pause(50_000).chunk(" "));
    world.upstream.next(reply.chunk("}"));
    let path = world.path("/deployments/d/requests?timeout=3600");
    let answer = world
        .send(Call::new("POST", path).by(&caller).json(&json!({"x": 1})))
        .expect(200);
    assert!(answer.text("error_message").contains("used up"), "{answer}");
    assert_eq!(world.count("SELECT run_time FROM requests"), 300_000);
    assert_eq!(used(&world), 7);
}

#[test]
fn what_has_no_limit_or_no_unit_of_time_is_counted_and_limits_nothing() {
    for unit in ["minute", "count"] {
        let (world, caller) = world(-1);
        world.execute("UPDATE quota_resources SET unit_en = ?1", [unit]);
        let answer = request(&world, &caller, 1_000_000).expect(200);
        assert_eq!(answer.text("status"), "completed");
        assert_eq!(
            world.count("SELECT run_time FROM workspace_quotas"),
            1_000_000
        );
        // Without a limit nothing is shown as used.
        assert_eq!(used(&world), Json::Null);
    }
}

#[test]
fn a_workspace_that_is_deleted_meanwhile_counts_nothing_and_is_in_nobodys_way() {
    let (world, caller) = world(7);
    let workspace = world.workspace();
    world.serve(
        "d",
        json!({"workspace_id": workspace, "quota_resource": GPU}),
    );
    let path = world.workspaces(&format!("/{workspace}"));
    let inner = world.clone();
    let reply = Reply::json(&json!({"y": 1})).late(1_000).after(move || {
        inner.execute(
            "DELETE FROM workspaces WHERE id = ?1",
            [path.rsplit('/').next().unwrap()],
        );
    });
    world.upstream.next(reply);
    let answer = world.request(&caller, "d", &json!({"x": 1})).expect(200);
    assert_eq!(answer.text("status"), "completed");
    assert_eq!(used(&world), 0);
}
