//! Run time in the quotas of workspaces: units begun of the sum, and room kept for what requests under way have leased.

use serde_json::{Value as Json, json};

use testkit::{Answer, World};

/// Its unit is a minute.
const GPU: &str = "exemlProject.gpu_duration";

fn limit(world: &World, quota: i64) {
    let target = world.workspaces("/0/quotas");
    let body = json!({"quotas": [{"resource": GPU, "quota": quota}]});
    world.call(&world.robot(), "PUT", &target, body).expect(200);
}

fn consume(world: &World, id: &str, amount: i64) -> Answer {
    let target = world.workspaces("/0/quotas/consumption");
    let body = json!({"id": id, "resource": GPU, "amount": amount});
    world.call(&world.robot(), "POST", &target, body)
}

/// What the workspace is shown to have used.
fn used(world: &World) -> Json {
    let shown = world.get(&world.robot(), &world.workspaces("/0/quotas"));
    let quotas = shown.expect(200).json();
    let quotas = quotas["quotas"].as_array().unwrap().iter();
    let mut of_resource = quotas.filter(|quota| quota["resource"] == GPU);
    of_resource.next().unwrap()["used_quota"].clone()
}

/// So many milliseconds have run in the workspace.
fn ran(world: &World, millis: i64) {
    world.execute("UPDATE workspace_quotas SET run_time = ?1", [millis]);
}

/// A request of the project that has leased so many milliseconds.
fn leases(world: &World, id: &str, status: &str, (workspace, resource): (&str, &str), millis: i64) {
    world.execute(
        "INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller,
                               time_created, timeout, leased_time, workspace_id, quota_resource, input_size,
                               retention_mode, retention_time)
         SELECT w.project_id, ?1, w.organization_id, 'deployment', 'd', 'v', 'direct', ?2, 'somebody', 0, 300, ?3, ?4, ?5, 0,
                'full', 0
         FROM workspaces w JOIN projects p ON p.id = w.project_id WHERE w.id = '0' AND p.name = ?6",
        (id, status, millis, workspace, resource, testkit::world::PROJECT),
    );
}

#[test]
fn what_is_used_is_what_was_consumed_and_the_units_begun_of_the_sum_of_run_time() {
    let world = World::new();
    limit(&world, 10);
    consume(&world, "a", 3).expect(200);
    for (millis, units) in [
        (0, 3_i64),
        (1, 4),
        (59_999, 4),
        (60_000, 4),
        (60_001, 5),
        (1_000_000, 20),
        (9_007_199_254_740_991, 150_119_987_583),
    ] {
        ran(&world, millis);
        assert_eq!(used(&world), units, "{millis}");
    }
}

#[test]
fn a_unit_is_a_second_a_minute_or_an_hour_and_no_other_resource_has_run_time() {
    let world = World::new();
    limit(&world, 10);
    ran(&world, 3_600_001);
    for (unit, units) in [("second", 3601), ("minute", 61), ("hour", 2), ("count", 0)] {
        world.execute("UPDATE quota_resources SET unit_en = ?1", [unit]);
        assert_eq!(used(&world), units, "{unit}");
    }
}

#[test]
fn a_consumption_fits_beside_what_has_run() {
    let world = World::new();
    limit(&world, 10);
    ran(&world, 120_001);
    consume(&world, "a", 8).refused(400, "3 of 10 are used, 8 more were asked for.");
    assert_eq!(consume(&world, "a", 7).expect(200).json()["used_quota"], 10);
}

#[test]
fn a_consumption_fits_beside_what_requests_under_way_have_leased() {
    let world = World::new();
    limit(&world, 10);
    ran(&world, 30_000);
    let here = ("0", GPU);
    // Two leases and what has run are 2 minutes and a half: units are begun of the sum.
    leases(&world, "a", "processing", here, 60_000);
    leases(&world, "b", "cancelled_pending", here, 60_000);
    // What has ended, and what runs elsewhere or in another resource, holds nothing.
    leases(&world, "c", "completed", here, 600_000);
    leases(&world, "d", "pending", here, 600_000);
    leases(&world, "e", "processing", ("1", GPU), 600_000);
    leases(
        &world,
        "f",
        "processing",
        ("0", "trainJob.gpu_duration"),
        600_000,
    );
    consume(&world, "a", 8).refused(
        400,
        "1 of 10 are used and 2 held by requests under way, 8 more were asked for.",
    );
    // A lease is not used yet, so it is not shown.
    assert_eq!(consume(&world, "a", 7).expect(200).json()["used_quota"], 8);
    consume(&world, "b", 1).refused(400, "8 of 10 are used and 2 held by requests under way");
    consume(&world, "c", -1).expect(200);
    consume(&world, "d", 1).expect(200);
}
