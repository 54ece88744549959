//! What a request costs the database does not grow with what was requested before, and its sums hold at any price.

use serde_json::{Value as Json, json};

use testkit::{Answer, Caller, Reply, World};

const MOST: i64 = 9_007_199_254_740_991;

fn world() -> (World, Caller) {
    let world = World::new();
    world.deployment("d");
    world.serve_at_a_price("d");
    world.budget(1_000_000_000_000);
    let caller = world.service_user(&["deployment-request-user"]);
    (world, caller)
}

/// So many ended requests of the version beside, and half as many of another project of the organization.
fn fill(world: &World, records: i64) {
    world.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id,
           caller, time_created, time_started, time_completed, timeout, lease_end, leased, leased_time, price, day,
           input_size, output_size, run_time, credits, retention_mode, retention_time)
         SELECT iif(i % 3 = 0, 'elsewhere', v.project_id), printf('00000000-0000-7000-8000-%012d', i), v.organization_id,
           'deployment', v.deployment_id, v.id, 'direct', 'completed', 'somebody', 'somebody', 0, 0, 1, 300, 300000, 5, 5, 1,
           0, 1, 1, 1, 1, 'full', 604800
         FROM n JOIN deployment_versions v JOIN deployments d ON d.id = v.deployment_id WHERE d.name = 'd'",
        [records],
    );
}

/// A request with its steps of SQLite and the rows that it wrote.
fn cost(world: &World, caller: &Caller) -> (u64, Json) {
    world
        .upstream
        .next(Reply::json(&json!({"y": 1})).late(1_000));
    let answer: Answer = world.request(caller, "d", &json!({"x": 1})).expect(200);
    let log: Json = serde_json::from_str(&answer.log).unwrap();
    (world.database.steps(), log["rows_written"].clone())
}

#[test]
fn a_request_costs_the_same_beside_one_record_and_beside_five_thousand() {
    let [few, many] = [1, 5_000].map(|records| {
        let (world, caller) = world();
        fill(&world, records);
        // The first of a day makes the rows of that day.
        cost(&world, &caller);
        cost(&world, &caller)
    });
    assert!(many.0 <= few.0 + few.0 / 50, "{few:?} -> {many:?}");
    // The record, twice; three rows of usage; what was sent and answered.
    assert_eq!((&few.1, &many.1), (&json!(7), &json!(7)));
}

#[test]
fn a_scheduled_run_with_nothing_to_end_costs_the_same() {
    let [few, many] = [1, 5_000].map(|records| {
        let (world, _) = world();
        fill(&world, records);
        world.execute(
            "UPDATE requests SET retention_time = 2419200, time_completed = ?1",
            [world.now().as_millis()],
        );
        world.database.reset();
        world.minute();
        world.database.steps()
    });
    assert!(many <= few + few / 10 + 200, "{few} -> {many}");
}

#[test]
fn leases_and_charges_are_exact_at_any_price() {
    for (price, budget, milliseconds) in [
        (MOST, MOST, 300_000),
        (MOST, MOST / 12, 1_000),
        (MOST - 1, MOST / 360 + 1, 1),
        (MOST, MOST / 12 - 7, 299_999),
        (1, MOST, 1_800_000),
        (1, 1, 1_799_999),
        (2_562_047_788_015, MOST, 3_599_999),
        (MOST, MOST, 3_599_999),
        (8_888_888_888_888_887, MOST, 3_333_333),
    ] {
        let (world, caller) = world();
        world.execute(
            "UPDATE instance_types SET credits_per_hour = ?1 WHERE name = '1gb'",
            [price],
        );
        world.budget(budget);
        let chunks = (0..milliseconds / 50_000).fold(Reply::new(200).chunk("{"), |reply, _| {
            reply.pause(50_000).chunk(" ")
        });
        world
            .upstream
            .next(chunks.pause(milliseconds % 50_000).chunk("}"));
        let path = world.path("/deployments/d/requests?timeout=3600");
        let call = testkit::Call::new("POST", path)
            .by(&caller)
            .json(&json!({"x": 1}));
        let limit = (world.clone(), budget);
        world.database.before(2, move || {
            let leased = limit.0.count("SELECT leased FROM requests");
            assert!(leased <= limit.1, "{leased} of {}", limit.1);
        });
        world.send(call).expect(200);
        let run_time = world.count("SELECT run_time FROM requests");
        let exact = (i128::from(run_time) * i128::from(price) + 1_800_000) / 3_600_000;
        let credits = world.count("SELECT credits FROM requests");
        assert_eq!(i128::from(credits), exact, "{price} for {run_time} ms");
        assert!(credits <= budget, "{credits} of {budget}");
        assert_eq!(world.used("credits"), credits);
    }
}

#[test]
fn leases_add_up_however_many_and_great_they_are() {
    for (budget, status) in [(None, 200), (Some(MOST), 429)] {
        let (world, caller) = world();
        world.execute(
            "UPDATE projects SET credits = ?1 WHERE name = 'vision'",
            [budget],
        );
        fill(&world, 2_700);
        // 900 of the project and twice as many elsewhere: together more than 64 bits hold.
        world.execute(
            "UPDATE requests SET status = 'processing', time_completed = NULL, price = ?1, leased = ?1, lease_end = ?2,
               project_id = iif(project_id = 'elsewhere', (SELECT id FROM projects WHERE name = 'vision'), 'elsewhere')",
            [MOST, world.now().as_millis() + 3_600_000],
        );
        world
            .upstream
            .next(Reply::json(&json!({"y": 1})).late(1_000_000));
        let path = world.path("/deployments/d/requests?timeout=3600");
        let call = testkit::Call::new("POST", path)
            .by(&caller)
            .json(&json!({"x": 1}));
        let answer = world.send(call).expect(status);
        if status == 200 {
            assert_eq!(answer.json()["status"], "completed", "{answer}");
            let longest = "SELECT max(run_time) FROM requests WHERE status = 'completed'";
            assert_eq!(world.count(longest), 1_000_000);
        } else {
            answer.refused(429, "leased");
        }
    }
}
