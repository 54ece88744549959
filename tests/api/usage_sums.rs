//! Usage reports as sums: exact beyond what a float holds, adding up whatever happens, at the cost of what they list.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};

use crate::usage_events::{event, with};
use crate::usage_reports::{
    ORGANIZATION, by_old_client, deploy, on, organization, project, used, values,
};
use testkit::world::{OTHER_PROJECT, PROJECT};
use testkit::{Call, World};

#[test]
fn sums_beyond_2_to_the_53rd_are_exact() {
    let world = World::new();
    let most = |id: &str, day: &str| {
        with(
            on(id, day, 0.0),
            json!({"metric": "input_volume", "value": 9_007_199_254_740_991_i64}),
        )
    };
    used(
        &world,
        &[
            most("a", "2026-06-02"),
            most("b", "2026-06-03"),
            most("c", "2026-06-04"),
        ],
    );
    // A float does not hold this many digits; the text of a body does.
    let text = json!([on("d", "2026-06-02", 0.5), on("e", "2026-06-03", 0.5)]).to_string();
    let text = text.replace("\"value\":0.5", "\"value\":9007199254.740991");
    let call = Call::new("POST", "/operator/v1/usage-events").by(&world.operator());
    world.send(call.body("application/json", text)).expect(200);
    let query = "start_date=2026-06-01&end_date=2026-07-01";
    let old = by_old_client(&world, &format!("{ORGANIZATION}?{query}"));
    let body = String::from_utf8(old.body).unwrap();
    assert!(body.contains("\"value\":27021597764222973}"), "{body}");
    let new = world
        .get(&world.owner(), &format!("{ORGANIZATION}?{query}"))
        .expect(200);
    let body = String::from_utf8(new.body).unwrap();
    assert!(body.contains("\"value\":18014398509.481982}"), "{body}");
}

/// Gives acme so many projects more.
fn with_more_projects(world: &World, projects: i64) {
    world.execute(
        "INSERT INTO projects (id, organization_id, name, creation_date, advanced_permissions, cors_origins, labels)
         SELECT printf('%08d-0000-4000-8000-000000000000', j.key), n.id, 'many-' || j.key, 0, 0, '[]', '{}'
         FROM organizations n, json_each('[' || rtrim(replace(hex(zeroblob(?1)), '00', '0,'), ',') || ']') j
         WHERE n.name = 'acme'",
        [projects],
    );
}

#[test]
fn a_report_that_would_not_fit_is_refused_before_it_is_read() {
    let world = World::new();
    with_more_projects(&world, 998);
    let year = format!("{ORGANIZATION}?start_date=2025-06-01&end_date=2026-06-01");
    let refused = world.get(&world.owner(), &format!("{year}&interval=day"));
    refused.refused(
        400,
        "interval: 365 intervals by day of 1000 projects take more than the 8 MiB that an answer has; ask for a shorter \
         period, or by month",
    );
    let steps = world.database.steps();
    assert!(steps < 5_000, "{steps} steps for a refusal");
    let listed = world.get(&world.owner(), &year).expect(200);
    assert!(listed.body.len() > 12_000 * 80);
    by_old_client(&world, &format!("{year}&interval=day"));
}

#[test]
fn no_report_is_longer_than_8_mib() {
    let world = World::new();
    with_more_projects(&world, 268);
    let year = format!("{ORGANIZATION}?start_date=2025-06-01&end_date=2026-06-01&interval=day");
    let shortest = world.get(&world.owner(), &year).expect(200).body.len();
    assert!((8_000_000..=8 << 20).contains(&shortest), "{shortest}");
    // As many values, but longer ones.
    world.execute(
        "INSERT INTO usage_days (subject_id, object_type, day, organization_id, credits)
         SELECT p.id, 'deployment_version', j.key, p.organization_id, 123456789012
         FROM projects p, json_each('[' || rtrim(replace(hex(zeroblob(20700)), '00', '0,'), ',') || ']') j
         WHERE p.name LIKE 'many-%' AND j.key >= 20200",
        [],
    );
    world.execute(
        "INSERT INTO usage_days (subject_id, object_type, day, organization_id, credits)
         SELECT organization_id, object_type, day, organization_id, sum(credits) FROM usage_days
         GROUP BY organization_id, object_type, day",
        [],
    );
    let refused = world.get(&world.owner(), &year);
    refused.refused(400, "a report a shorter period");
}

#[test]
fn a_report_costs_what_it_lists_and_not_what_is_stored() {
    let world = World::new();
    used(
        &world,
        &[
            on("a", "2026-06-02", 1.0),
            with(
                on("b", "2026-06-03", 2.0),
                json!({"project": OTHER_PROJECT}),
            ),
        ],
    );
    let steps = |world: &World| {
        let query = "?start_date=2026-06-01&end_date=2026-07-01&interval=day";
        let mut steps = Vec::new();
        for path in [ORGANIZATION.to_owned(), world.path("/usage")] {
            world
                .get(&world.owner(), &format!("{path}{query}"))
                .expect(200);
            steps.push(world.database.steps());
            by_old_client(world, &format!("{path}{query}"));
            steps.push(world.database.steps());
        }
        steps
    };
    let before = steps(&world);
    // Other days, other subjects of the same organization, and other measures.
    world.execute(
        "INSERT INTO usage_days (subject_id, object_type, day, organization_id, credits)
         SELECT s.subject_id, 'deployment_version', j.key, s.organization_id, 1
         FROM (SELECT DISTINCT subject_id, organization_id FROM usage_days
               UNION SELECT 'gone-' || subject_id, organization_id FROM usage_days) s,
              json_each('[' || rtrim(replace(hex(zeroblob(5000)), '00', '0,'), ',') || ']') j",
        [],
    );
    assert!(world.count("SELECT count(*) FROM usage_days") > 20_000);
    for (after, before) in steps(&world).into_iter().zip(before) {
        assert!(after < before * 11 / 10, "{before} steps became {after}");
    }
}

#[test]
fn what_parts_used_adds_up_to_what_the_whole_used_whatever_happens() {
    const DAY: i64 = 86_400_000;
    let start = 20_000 * DAY;
    /// What happens: an event of a project, deployment and day, or the end of a project or a version.
    #[derive(Debug, Clone)]
    enum Happening {
        Used {
            project: usize,
            deployment: usize,
            day: i64,
            millionths: i64,
        },
        ProjectDeleted(usize),
        VersionDeleted(usize),
        VersionMade(usize),
    }
    let happening = prop_oneof![
        6 => (0..3_usize, 0..3_usize, 0..70_i64, 0..5_000_000_000_i64).prop_map(
            |(project, deployment, day, millionths)| Happening::Used { project, deployment, day, millionths }),
        1 => (1..3_usize).prop_map(Happening::ProjectDeleted),
        1 => (0..3_usize).prop_map(Happening::VersionDeleted),
        1 => (0..3_usize).prop_map(Happening::VersionMade),
    ];
    let cases = (
        prop::collection::vec(happening, 1..25),
        0..60_i64,
        1..70_i64,
        any::<bool>(),
    );
    let mut runner = TestRunner::new(Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&cases, |(happenings, first, length, by_day)| {
            let world = World::new();
            let body = json!({"name": "third", "organization_name": "acme"});
            world.call(&world.owner(), "POST", "/v2.1/projects", body).expect(201);
            let projects = [PROJECT, OTHER_PROJECT, "third"];
            let mut expected = 0;
            let mut of_project = 0;
            for (number, happening) in happenings.into_iter().enumerate() {
                match happening {
                    Happening::Used { project, deployment, day, millionths } => {
                        let at = tenantry::domain::Timestamp::from_millis(start + day * DAY + 1);
                        let sent = with(event(&format!("e{number}")), json!({
                            "project": projects[project], "object_name": format!("d{deployment}"),
                            "timestamp": at.to_offset_string(), "value": 0,
                        }));
                        // The decimal text, as a client writes it.
                        let amount = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
                        let text = json!([sent]).to_string().replace("\"value\":0", &format!("\"value\":{amount}"));
                        let call = Call::new("POST", "/operator/v1/usage-events").by(&world.operator());
                        let status = world.send(call.body("application/json", text)).status;
                        if status == 200 && (first..first + length).contains(&day) {
                            expected += millionths;
                            of_project += if project == 0 { millionths } else { 0 };
                        }
                    }
                    Happening::ProjectDeleted(project) => {
                        let path = format!("/v2.1/projects/{}", projects[project]);
                        world.call(&world.owner(), "DELETE", &path, Json::Null);
                    }
                    Happening::VersionDeleted(deployment) => {
                        world.execute(
                            "DELETE FROM deployment_versions WHERE deployment_id IN (SELECT id FROM deployments WHERE name = ?1)",
                            [format!("d{deployment}")],
                        );
                    }
                    Happening::VersionMade(deployment) => {
                        let exists = "SELECT count(*) FROM deployment_versions w JOIN deployments d ON d.id = w.deployment_id";
                        if world.count(&format!("{exists} WHERE d.name = 'd{deployment}'")) == 0 {
                            deploy(&world, &format!("d{deployment}"), "v1");
                        }
                    }
                }
            }
            let day = |day: i64| tenantry::domain::Timestamp::from_millis(start + day * DAY).to_date_string();
            let query = format!(
                "start_date={}&end_date={}&interval={}",
                day(first), day(first + length), if by_day { "day" } else { "month" }
            );
            let whole = organization(&world, &query);
            let parts = whole["data_projects"].as_array().unwrap().iter().map(|project| &project["data"]);
            add_up(&whole["data_organization"], parts.chain([&whole["data_deleted_projects"]]), expected);
            let whole = project(&world, &query);
            let parts = whole["data_deployments"].as_array().unwrap().iter().map(|version| &version["data"]);
            add_up(&whole["data_project"], parts.chain([&whole["data_deleted_deployments"]]), of_project);
            Ok(())
        })
        .unwrap();
}

/// Interval by interval the parts are the whole, and all of it is what was expected, in millionths.
fn add_up<'a>(whole: &Json, parts: impl Iterator<Item = &'a Json>, expected: i64) {
    let millionths = |points: &Json| -> Vec<i64> {
        values(points)
            .iter()
            .map(|value| (value * 1e6).round() as i64)
            .collect()
    };
    let whole = millionths(whole);
    let mut sums = vec![0; whole.len()];
    for part in parts {
        for (sum, value) in sums.iter_mut().zip(millionths(part)) {
            *sum += value;
        }
    }
    assert_eq!(sums, whole);
    assert_eq!(whole.iter().sum::<i64>(), expected);
}
