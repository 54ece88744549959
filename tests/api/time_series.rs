//! Series of what requests came to, step by step, as UbiOps' clients read them.

use serde_json::{Value as Json, json};

use testkit::records::record;
use testkit::{Answer, World};

const MINUTE: i64 = 60_000;

/// A world with the deployments `d` and `e` and the pipeline `l`, at the beginning of an hour.
fn world() -> World {
    let world = World::new();
    world.deployment("d");
    world.deployment("e");
    world.pipeline("l");
    world.pass(60 * MINUTE - world.now().as_millis() % (60 * MINUTE));
    world
}

/// A record of a request that was made so many milliseconds ago.
fn made(world: &World, object: &str, ago: i64, status: &str, columns: &str) {
    let kind = if object == "l" {
        "pipeline"
    } else {
        "deployment"
    };
    let time = world.now().as_millis() - ago;
    let id = record(
        world,
        kind,
        object,
        json!({"status": status, "time_created": time, "version": "v1"}),
    );
    world.execute(
        &format!("UPDATE requests SET {columns} WHERE id = ?1"),
        [&id],
    );
}

fn ask(world: &World, query: &str) -> Answer {
    let path = world.path(&format!("/time-series/data?{query}"));
    world.get(&world.viewer(), &path)
}

/// Start and value of each point that is not 0, the start in seconds before now.
fn points(world: &World, query: &str) -> Vec<(i64, f64)> {
    let shown = ask(world, query).expect(200).json();
    let points = shown["data_points"].as_array().unwrap().iter();
    let start = |point: &Json| {
        let start = point["start_date"].as_str().unwrap();
        let start = tenantry::domain::Timestamp::parse(start).unwrap();
        (world.now().as_millis() - start.as_millis()) / 1_000
    };
    let points = points.map(|point| (start(point), point["value"].as_f64().unwrap()));
    points.filter(|(_, value)| *value != 0.0).collect()
}

/// Two requests within a minute half an hour ago, of which one failed, and one an hour and a half ago.
fn with_three(world: &World) {
    let half = 30 * MINUTE;
    made(
        world,
        "d",
        half,
        "completed",
        "run_time = 3000, credits = 3000000, input_size = 7, output_size = 8",
    );
    made(
        world,
        "d",
        half - 59_999,
        "failed",
        "run_time = 1000, credits = 1000000, input_size = 5, output_size = 0",
    );
    made(
        world,
        "d",
        90 * MINUTE,
        "completed",
        "run_time = 500, credits = 500000, input_size = 7, output_size = 100",
    );
}

#[test]
fn requests_are_counted_in_steps_and_shown_as_a_rate() {
    let world = world();
    with_three(&world);
    let shown = ask(
        &world,
        "metric=deployments.requests&aggregation_period=3600",
    )
    .expect(200)
    .json();
    let expected = [
        "metric",
        "metric_type",
        "unit",
        "aggregation_period",
        "labels",
    ]
    .map(|name| shown[name].clone());
    assert_eq!(
        expected,
        [
            json!("deployments.requests"),
            json!("delta"),
            json!("requests"),
            json!(3600),
            json!({})
        ]
    );
    let now = world.now();
    assert_eq!(shown["end_date"], now.to_offset_string());
    assert_eq!(
        shown["start_date"],
        now.plus_millis(-86_400_000).to_offset_string()
    );
    let points = shown["data_points"].as_array().unwrap();
    assert_eq!(points.len(), 24);
    for pair in points.windows(2) {
        assert_eq!(pair[0]["end_date"], pair[1]["start_date"]);
    }
    assert_eq!(
        (
            &points[23]["value"],
            &points[22]["value"],
            &points[0]["value"]
        ),
        (&json!(0.000555555556), &json!(0.000277777778), &json!(0))
    );
}

#[test]
fn each_metric_is_what_its_records_say() {
    let world = world();
    with_three(&world);
    for (metric, unit, last, before) in [
        ("requests", "requests", 2.0, 1.0),
        ("failed_requests", "requests", 1.0, 0.0),
        ("request_duration", "seconds", 2.0, 0.5),
        ("credits", "credits", 4.0, 0.5),
        ("input_volume", "bytes", 12.0, 7.0),
        ("output_volume", "bytes", 8.0, 100.0),
    ] {
        // For as long as a step, a rate is a sum.
        let query = format!("metric=deployments.{metric}&aggregation_period=3600&unit_period=3600");
        let shown = ask(&world, &query).expect(200).json();
        assert_eq!(shown["unit"], unit);
        let is_gauge = metric == "request_duration";
        assert_eq!(shown["metric_type"] == "gauge", is_gauge);
        let mut expected = vec![(7_200, before), (3_600, last)];
        expected.retain(|(_, value)| *value != 0.0);
        assert_eq!(points(&world, &query), expected, "{metric}");
    }
    // By minute: those of a minute stand together.
    assert_eq!(
        points(&world, "metric=deployments.requests&unit_period=60"),
        [(5_400, 1.0), (1_800, 2.0)]
    );
    let day = "metric=deployments.requests&aggregation_period=86400&unit_period=86400";
    let days = points(&world, day);
    assert_eq!(days.iter().map(|(_, value)| value).sum::<f64>(), 3.0);
}

#[test]
fn what_has_not_ended_and_what_is_of_another_kind_or_project_is_not_counted() {
    let world = world();
    with_three(&world);
    for status in ["pending", "processing"] {
        made(&world, "d", 30 * MINUTE, status, "input_size = 1");
    }
    made(
        &world,
        "d",
        30 * MINUTE,
        "cancelled",
        "run_time = 0, credits = 0, input_size = 0, output_size = 0",
    );
    made(&world, "e", 30 * MINUTE, "completed", "input_size = 1000");
    made(&world, "l", 30 * MINUTE, "completed", "input_size = 100");
    let of = |metric: &str, labels: &str| {
        let query = format!("metric={metric}&aggregation_period=3600&unit_period=3600{labels}");
        points(&world, &query).last().map(|(_, value)| *value)
    };
    assert_eq!(of("deployments.requests", ""), Some(4.0));
    assert_eq!(of("pipelines.requests", ""), Some(1.0));
    assert_eq!(of("pipelines.input_volume", ""), Some(100.0));
    let text = |sql: &str| -> String {
        world
            .database
            .connection()
            .query_row(sql, [], |row| row.get(0))
            .unwrap()
    };
    let d = text("SELECT id FROM deployments WHERE name = 'd'");
    let version = text(
        "SELECT v.id FROM deployment_versions v JOIN deployments d ON d.id = v.deployment_id WHERE d.name = 'e'",
    );
    let l = text("SELECT id FROM pipelines WHERE name = 'l'");
    assert_eq!(
        of(
            "deployments.requests",
            &format!("&labels=deployment_id:{d}")
        ),
        Some(3.0)
    );
    assert_eq!(
        of(
            "deployments.input_volume",
            &format!("&labels=deployment_version_id:{version}")
        ),
        Some(1000.0)
    );
    assert_eq!(
        of("pipelines.requests", &format!("&labels=pipeline_id:{l}")),
        Some(1.0)
    );
    assert_eq!(
        of(
            "deployments.requests",
            &format!("&labels=deployment_id:{l}")
        ),
        None
    );
    assert_eq!(
        of("deployments.requests", "&labels=deployment_id:none"),
        None
    );
    // Nobody reads another project's by its ids.
    world.service_user_of("audio", &["project-editor"], json!({"name": "other"}));
    let path = format!(
        "/v2.1/projects/audio/time-series/data?metric=deployments.requests&labels=deployment_id:{d}"
    );
    let shown = world.get(&world.operator(), &path).expect(200).json();
    assert!(
        shown["data_points"]
            .as_array()
            .unwrap()
            .iter()
            .all(|point| point["value"] == 0)
    );
}

#[test]
fn what_cannot_be_shown_is_refused_with_what_can() {
    let world = world();
    let requests = "metric=deployments.requests";
    for (query, says) in [
        ("".to_owned(), "metric: it is missing"),
        (
            "metric=deployments.instances".to_owned(),
            "metric: 'deployments.instances' is not a metric here; there are",
        ),
        ("metric=custom.mine".to_owned(), "metric: "),
        ("metric=pipelines.credits".to_owned(), "metric: "),
        (
            format!("{requests}&aggregation_period=61"),
            "aggregation_period: '61' is not one of 60, 300",
        ),
        (
            format!("{requests}&unit_period=2"),
            "unit_period: '2' is not one of 1, 60",
        ),
        (format!("{requests}&start_date=yesterday"), "start_date: "),
        (
            format!("{requests}&start_date=2026-01-02&end_date=2026-01-01"),
            "start_date: it is after end_date",
        ),
        (
            format!("{requests}&start_date=2026-01-01&end_date=2026-02-01&aggregation_period=60"),
            "start_date: the period has 44640 steps of 60 seconds, and at most 1500",
        ),
        (
            format!("{requests}&start_date=1990-01-01&end_date=2026-01-01"),
            "start_date: the period has 13149 steps of 86400 seconds",
        ),
        (
            format!("{requests}&labels=team:vision"),
            "labels: 'team:vision' is neither deployment_version_id:<id>",
        ),
        (format!("{requests}&labels=pipeline_id:x"), "labels: "),
    ] {
        ask(&world, &query).refused(400, says);
    }
    // A month has as short steps as fit.
    let month = ask(
        &world,
        &format!("{requests}&start_date=2026-01-01&end_date=2026-02-01"),
    )
    .expect(200);
    assert_eq!(month.json()["aggregation_period"], 3_600);
    // A period of nothing is a step.
    let none = ask(
        &world,
        &format!("{requests}&start_date=2026-01-01&end_date=2026-01-01"),
    )
    .expect(200);
    assert_eq!(none.json()["data_points"].as_array().unwrap().len(), 1);
}

#[test]
fn it_is_read_with_the_right_to_usage_and_by_no_more_than_so_many_records() {
    let world = world();
    let path = world.path("/time-series/data?metric=deployments.requests");
    world.get(&world.idle(), &path).expect(403);
    world.get(&world.stranger(), &path).expect(404);
    made(&world, "d", 30 * MINUTE, "completed", "input_size = 1");
    let fill = |count: i64, first: i64| {
        world.execute(
            "WITH RECURSIVE n (i) AS (SELECT ?2 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 + ?2 - 1)
             INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status,
               caller_id, caller, time_created, time_completed, timeout, input_size, retention_mode, retention_time)
             SELECT project_id, printf('%s-%d', id, i), organization_id, object_type, object_id, version_id, kind, status,
               caller_id, caller, time_created, time_completed, timeout, input_size, retention_mode, retention_time
             FROM (SELECT * FROM requests ORDER BY id LIMIT 1) CROSS JOIN n",
            [count, first],
        );
    };
    fill(49_999, 1);
    let version: String = world
        .database
        .connection()
        .query_row("SELECT version_id FROM requests LIMIT 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    let labels = format!("&labels=deployment_version_id:{version}");
    let query = "metric=deployments.requests&unit_period=60";
    for labels in ["", &labels] {
        assert_eq!(
            points(&world, &format!("{query}{labels}")),
            [(1_800, 50_000.0)]
        );
    }
    fill(1, 50_000);
    for labels in ["", &labels] {
        ask(&world, &format!("{query}{labels}")).refused(400, "more than 50000 requests");
        // A shorter period has its answer.
        let end = world.now().plus_millis(-31 * MINUTE).to_zulu_string();
        assert_eq!(
            points(&world, &format!("{query}&end_date={end}{labels}")),
            []
        );
    }
}
