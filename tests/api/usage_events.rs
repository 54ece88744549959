//! Reporting what was used: each event counted once, or the whole report not at all.

use serde_json::{Value as Json, json};

use testkit::world::{OTHER_PROJECT, PROJECT};
use testkit::{Answer, Fault, World};

const PATH: &str = "/operator/v1/usage-events";

/// An event of a deployment of the project, worth a credit.
pub fn event(id: &str) -> Json {
    json!({
        "id": id, "project": PROJECT, "object_type": "deployment_version", "object_name": "classifier",
        "version": "v1", "metric": "credits", "value": 1, "timestamp": "2026-06-14T10:00:00Z",
    })
}

/// The same with other fields.
pub fn with(mut event: Json, fields: Json) -> Json {
    for (name, value) in fields.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

pub fn report(world: &World, events: &[Json]) -> Answer {
    world.call(&world.operator(), "POST", PATH, json!(events))
}

#[track_caller]
fn counted(answer: Answer, accepted: usize, duplicates: usize) {
    let answer = answer.expect(200);
    assert_eq!(answer.trips, usize::from(accepted + duplicates > 0));
    assert_eq!(
        answer.json(),
        json!({"accepted": accepted, "duplicates": duplicates})
    );
}

/// What the database knows of usage, the log of imports aside.
fn stored(world: &World) -> Vec<String> {
    let dump = world.dump();
    let lines = dump.lines().filter(|line| line.starts_with("usage_"));
    lines.map(str::to_owned).collect()
}

fn total(world: &World, subject: &str, metric: &str) -> i64 {
    world.count(&format!(
        "SELECT coalesce(sum({metric}), 0) FROM usage_days WHERE subject_id = ({subject})"
    ))
}

const VISION: &str = "SELECT id FROM projects WHERE name = 'vision'";
const ACME: &str = "SELECT id FROM organizations WHERE name = 'acme'";

#[test]
fn an_event_is_counted_once_however_often_it_is_reported() {
    let world = World::new();
    counted(report(&world, &[event("a"), event("b")]), 2, 0);
    let before = stored(&world);
    counted(report(&world, &[event("a"), event("b")]), 0, 2);
    assert_eq!(stored(&world), before, "a repeated report wrote something");
    counted(report(&world, &[event("b"), event("c"), event("c")]), 1, 2);
    assert_eq!(total(&world, VISION, "credits"), 3_000_000);
    assert_eq!(total(&world, ACME, "credits"), 3_000_000);
}

#[test]
fn an_empty_report_is_counted_without_a_look_at_the_database() {
    counted(report(&World::new(), &[]), 0, 0);
}

#[test]
fn an_id_that_stands_for_something_else_is_a_conflict_and_nothing_of_the_report_is_counted() {
    let world = World::new();
    counted(report(&world, &[event("a")]), 1, 0);
    let before = stored(&world);
    for fields in [
        json!({"project": OTHER_PROJECT}),
        json!({"object_name": "other"}),
        json!({"version": "v2"}),
        json!({"value": 2}),
        json!({"timestamp": "2026-06-14T10:00:00.001Z"}),
        json!({"metric": "input_volume"}),
        json!({"object_type": "pipeline_version", "metric": "input_volume"}),
        // Whatever else is wrong with it.
        json!({"project": "not-there"}),
    ] {
        let changed = with(event("a"), fields.clone());
        report(&world, &[event("new"), changed]).refused(409, "[1].id: 'a' has been reported");
        assert_eq!(stored(&world), before, "{fields}");
    }
    report(
        &world,
        &[
            event("x"),
            event("y"),
            with(event("x"), json!({"value": 2})),
        ],
    )
    .refused(409, "[2].id: 'x'");
    assert_eq!(stored(&world), before);
}

#[test]
fn the_same_content_may_be_written_in_another_way() {
    let world = World::new();
    counted(report(&world, &[event("a")]), 1, 0);
    let same = with(
        event("a"),
        json!({"value": 1.0, "timestamp": "2026-06-14T12:00:00+02:00", "note": "ignored"}),
    );
    counted(report(&world, &[same]), 0, 1);
}

#[test]
fn an_unknown_project_refuses_the_whole_report_by_its_index() {
    let world = World::new();
    let events = [
        event("a"),
        with(event("b"), json!({"project": "not-there"})),
        event("c"),
    ];
    report(&world, &events).refused(400, "[1].project: there is no project 'not-there'");
    assert_eq!(stored(&world), Vec::<String>::new());
}

#[test]
fn a_report_that_is_repeated_after_a_rename_or_a_deletion_is_still_the_same() {
    let world = World::new();
    counted(report(&world, &[event("a")]), 1, 0);
    let rename = json!({"name": "sight"});
    world
        .call(&world.owner(), "PATCH", &world.path(""), rename)
        .expect(200);
    counted(report(&world, &[event("a")]), 0, 1);
    world
        .call(&world.owner(), "DELETE", "/v2.1/projects/sight", Json::Null)
        .expect(204);
    counted(report(&world, &[event("a")]), 0, 1);
    report(&world, &[event("b")]).refused(400, "[0].project");
}

#[test]
fn each_fault_names_its_index_and_its_field() {
    let world = World::new();
    for (fields, words) in [
        (json!({"id": ""}), "[1].id: the text is empty"),
        (
            json!({"id": "x".repeat(129)}),
            "[1].id: the text has 129 characters",
        ),
        (json!({"id": null}), "[1].id: "),
        (json!({"project": "No Name"}), "[1].project: 'No Name'"),
        (json!({"object_type": "deployment"}), "[1].object_type: "),
        (json!({"object_name": ""}), "[1].object_name: "),
        (json!({"version": 1}), "[1].version: "),
        (json!({"metric": "seconds"}), "[1].metric: "),
        (
            json!({"value": -0.000_001}),
            "[1].value: '-1e-6' is negative",
        ),
        (json!({"value": "1"}), "[1].value: '\"1\"' is not a number"),
        (json!({"value": null}), "[1].value: "),
        (
            json!({"value": 1e10}),
            "[1].value: '10000000000.0' is too large",
        ),
        (
            json!({"metric": "input_volume", "value": 1.5}),
            "[1].value: '1.5' is not a whole number of bytes",
        ),
        (
            json!({"metric": "input_volume", "value": -1}),
            "[1].value: '-1' is not a whole",
        ),
        (
            json!({"metric": "input_volume", "value": 9_007_199_254_740_992_i64}),
            "[1].value: '9007199254740992' is not",
        ),
        (
            json!({"timestamp": "yesterday"}),
            "[1].timestamp: 'yesterday' is not a date",
        ),
        (
            json!({"object_type": "pipeline_version"}),
            "[1].metric: a pipeline's credits are its deployments'",
        ),
    ] {
        report(&world, &[event("a"), with(event("b"), fields)]).refused(400, words);
    }
    let mut lacking = event("b");
    lacking.as_object_mut().unwrap().remove("metric");
    report(&world, &[event("a"), lacking]).refused(400, "[1]: missing field `metric`");
    report(&world, &[event("a"), json!(5)]).refused(400, "[1]: ");
    assert_eq!(stored(&world), Vec::<String>::new());
}

#[test]
fn a_body_that_is_no_array_is_refused() {
    let world = World::new();
    for body in [event("a"), json!("text"), json!(5)] {
        world
            .call(&world.operator(), "POST", PATH, body)
            .refused(400, "the body must be a JSON array");
    }
    world
        .call(&world.operator(), "POST", PATH, Json::Null)
        .refused(400, "the body must be a JSON array");
}

#[test]
fn five_hundred_events_are_taken_at_once_and_no_more() {
    let world = World::new();
    let events: Vec<Json> = (0..501)
        .map(|number| event(&format!("e{number}")))
        .collect();
    report(&world, &events).refused(400, "the body has 501 events; at most 500");
    counted(report(&world, &events[..500]), 500, 0);
    assert_eq!(total(&world, VISION, "credits"), 500_000_000);
    // One row for the project and one for the organization: the version is not known here.
    assert_eq!(world.count("SELECT count(*) FROM usage_days"), 2);
}

#[test]
fn what_a_subject_used_in_a_day_is_one_row_whatever_was_measured() {
    let world = World::new();
    let of = |id: &str, metric: &str, value: i64| {
        with(event(id), json!({"metric": metric, "value": value}))
    };
    counted(
        report(
            &world,
            &[
                of("a", "credits", 1),
                of("b", "input_volume", 20),
                of("c", "output_volume", 300),
            ],
        ),
        3,
        0,
    );
    counted(report(&world, &[of("d", "output_volume", 4000)]), 1, 0);
    // The project and the organization: the version is not known here.
    for subject in [VISION, ACME] {
        assert_eq!(total(&world, subject, "credits"), 1_000_000);
        assert_eq!(total(&world, subject, "input_volume"), 20);
        assert_eq!(total(&world, subject, "output_volume"), 4300);
    }
    assert_eq!(world.count("SELECT count(*) FROM usage_days"), 2);
}

#[test]
fn what_was_counted_by_metric_stands_side_by_side_now() {
    let (database, migrations) = testkit::schema::before("0017");
    database
        .execute_batch(
            "INSERT INTO usage_days (subject_id, object_type, metric, day, organization_id, value) VALUES
               ('p', 'deployment_version', 'credits', 7, 'o', 1),
               ('p', 'deployment_version', 'input_volume', 7, 'o', 2),
               ('p', 'deployment_version', 'output_volume', 7, 'o', 9007199254740991),
               ('p', 'deployment_version', 'credits', 8, 'o', 4),
               ('p', 'pipeline_version', 'input_volume', 7, 'o', 5),
               ('q', 'deployment_version', 'output_volume', 7, 'o', 6)",
        )
        .unwrap();
    for migration in migrations {
        database.execute_batch(&migration).unwrap();
    }
    let mut rows = database
        .prepare(
            "SELECT concat_ws(' ', subject_id, object_type, day, organization_id, credits, input_volume, output_volume)
             FROM usage_days ORDER BY subject_id, object_type, day",
        )
        .unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    let rows: Vec<String> = rows.map(Result::unwrap).collect();
    assert_eq!(
        rows,
        [
            "p deployment_version 7 o 1 2 9007199254740991",
            "p deployment_version 8 o 4 0 0",
            "p pipeline_version 7 o 0 5 0",
            "q deployment_version 7 o 0 0 6",
        ]
    );
}

#[test]
fn amounts_are_counted_exactly() {
    let world = World::new();
    let events = [
        with(event("a"), json!({"value": 0.1})),
        with(event("b"), json!({"value": 0.2})),
        with(event("c"), json!({"value": 0.000_000_5})),
        with(
            event("d"),
            json!({"metric": "output_volume", "value": 9_007_199_254_740_990_i64}),
        ),
        with(event("e"), json!({"metric": "output_volume", "value": 1})),
    ];
    counted(report(&world, &events), 5, 0);
    assert_eq!(total(&world, VISION, "credits"), 300_001);
    assert_eq!(
        total(&world, VISION, "output_volume"),
        9_007_199_254_740_991
    );
}

#[test]
fn a_day_whose_total_would_pass_2_to_the_53rd_minus_1_is_refused_whole() {
    let world = World::new();
    let most = |id: &str, project: &str, value: i64| {
        with(
            event(id),
            json!({"project": project, "metric": "input_volume", "value": value}),
        )
    };
    counted(
        report(&world, &[most("a", PROJECT, 9_007_199_254_740_990)]),
        1,
        0,
    );
    let before = stored(&world);
    // The organization's total counts, whichever of its projects it comes from; within one report too.
    let events = [
        event("ok"),
        most("b", OTHER_PROJECT, 1),
        most("c", PROJECT, 1),
    ];
    report(&world, &events).refused(
        400,
        "[2].value: with it, the organization's input_volume of that day",
    );
    assert_eq!(stored(&world), before);
    counted(report(&world, &[most("b", OTHER_PROJECT, 1)]), 1, 0);
    let other_day = with(
        most("d", PROJECT, 9_007_199_254_740_991),
        json!({"timestamp": "2026-06-13"}),
    );
    counted(report(&world, &[other_day]), 1, 0);
}

#[test]
fn a_timestamp_may_lie_before_the_projects_creation() {
    let world = World::new();
    counted(
        report(
            &world,
            &[with(event("a"), json!({"timestamp": "1999-12-31"}))],
        ),
        1,
        0,
    );
}

#[test]
fn a_report_whose_answer_got_lost_can_be_repeated() {
    for fault in Fault::ALL {
        let world = World::new();
        world.fail(1, fault);
        let refused = report(&world, &[event("a"), event("b")]).expect(503);
        assert_eq!(
            refused.header("retry-after").is_some(),
            fault == Fault::Refuse,
            "{fault:?}"
        );
        let events = if fault.runs() { (0, 2) } else { (2, 0) };
        counted(
            report(&world, &[event("a"), event("b")]),
            events.0,
            events.1,
        );
        assert_eq!(total(&world, VISION, "credits"), 2_000_000, "{fault:?}");
    }
}

#[test]
fn of_two_reports_at_once_each_event_counts_in_one() {
    let world = World::new();
    world.before_trip(1, |world| {
        counted(report(world, &[event("a"), event("b")]), 2, 0)
    });
    counted(report(&world, &[event("b"), event("c")]), 1, 1);
    assert_eq!(total(&world, VISION, "credits"), 3_000_000);
}

#[test]
fn a_project_that_goes_meanwhile_refuses_the_report() {
    let world = World::new();
    world.before_trip(1, |world| {
        world
            .call(&world.owner(), "DELETE", &world.path(""), Json::Null)
            .expect(204);
    });
    report(&world, &[event("a")]).refused(400, "[0].project");
}

#[test]
fn metering_is_no_change_of_configuration() {
    let world = World::new();
    let before = world.count("SELECT count(*) FROM audit");
    counted(report(&world, &[event("a")]), 1, 0);
    assert_eq!(world.count("SELECT count(*) FROM audit"), before);
}

#[test]
fn an_import_costs_no_more_when_much_is_stored() {
    let world = World::new();
    let steps = |world: &World, id: &str| {
        let events: Vec<Json> = (0..10)
            .map(|number| event(&format!("{id}{number}")))
            .collect();
        counted(report(world, &events), 10, 0);
        world.database.steps()
    };
    let before = steps(&world, "a");
    world.execute(
        "INSERT INTO usage_events SELECT 'many' || n.value, e.organization_id, e.project_id, NULL, e.project,
            e.object_type, e.object_name, e.version, e.metric, e.value, e.timestamp, e.import
         FROM (SELECT value FROM generate) n, (SELECT * FROM usage_events LIMIT 1) e"
            .replace("(SELECT value FROM generate)", "json_each((SELECT '[' || rtrim(replace(hex(zeroblob(5000)), '00', '0,'), ',') || ']'))")
            .replace("'many' || n.value", "'many' || n.key")
            .as_str(),
        [],
    );
    assert!(world.count("SELECT count(*) FROM usage_events") > 5_000);
    let after = steps(&world, "b");
    assert!(after < before * 11 / 10, "{before} steps became {after}");
}
