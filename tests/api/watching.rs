//! What whoever watches the installation is told: `GET /health` of what is behind, `GET /metrics` of how much waits and of what
//! this isolate has done.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use testkit::{Answer, Caller, Fault, Reply, World, records};

const MINUTE: i64 = 60_000;
const OPERATIONS: &str = include_str!("../../docs/operations.md");
const DASHBOARD: &str = include_str!("../../docs/grafana-dashboard.json");
const SCHEDULED_RUN: &str = "the scheduled run has been missing for more than 3 minutes";
const REQUESTS: &str = "a request that waits for its turn has been due for more than 5 minutes";
const NOT_TAKEN: &str = "requests have waited for more than 15 minutes while none is under way";
const NOT_TOLD: &str = "webhooks have waited for more than 15 minutes while none is told";
const WEBHOOKS: &str = "a webhook has been due for more than 5 minutes";

fn world() -> World {
    let mut world = World::new();
    world.queue = None;
    world.served("d");
    world
}

#[track_caller]
fn assert_degraded(world: &World, what: &[&str]) {
    let answer = world.get(&world.nobody(), "/health").expect(200);
    assert_eq!(answer.trips, 1);
    let expected = match what {
        [] => json!({"status": "ok"}),
        what => json!({"status": "ok", "degraded": what}),
    };
    assert_eq!(answer.json(), expected);
}

/// A request under way whose lease ends then.
fn under_way(world: &World, lease_end: i64) -> String {
    let fields = json!({"status": "processing", "retention_mode": "metadata"});
    let id = records::record(world, "deployment", "d", fields);
    world.execute(
        "UPDATE requests SET lease_end = ?1, leased = 0, leased_time = 0, price = 0, day = 0 WHERE id = ?2",
        (lease_end, &id),
    );
    id
}

/// A request that waits and is due then.
fn waiting(world: &World, due_at: i64) {
    let id = records::record(world, "deployment", "d", json!({"status": "pending"}));
    world.execute(
        "UPDATE requests SET due_at = ?1 WHERE id = ?2",
        (due_at, &id),
    );
}

/// An event that a webhook is still to be told, and is due then.
fn to_tell(world: &World, host: &str, due_at: i64) {
    world.execute("PRAGMA foreign_keys = OFF", []);
    world.execute(
        "INSERT INTO webhook_deliveries (record_id, webhook_id, event, project_id, host, status, time_created, due_at)
         SELECT 'record-' || count(*), 'webhook', 'event', 'project', ?1, 'completed', 0, ?2 FROM webhook_deliveries",
        (host, due_at),
    );
}

/// A schedule that fires then.
fn schedule(world: &World, next_tick: i64) {
    let body = json!({"name": "s", "object_type": "deployment", "object_name": "d", "schedule": "0 6 * * *",
        "request_data": {"x": 1}});
    let path = world.path("/schedules");
    world.call(&world.owner(), "POST", &path, body).expect(201);
    world.execute("UPDATE request_schedules SET next_tick = ?1", [next_tick]);
}

fn minutes_ago(world: &World, minutes: i64) -> i64 {
    world.now().as_millis() - minutes * MINUTE
}

#[test]
fn where_nothing_is_behind_the_service_is_ok_and_says_no_more() {
    let world = world();
    assert_degraded(&world, &[]);
    world.minute();
    under_way(&world, minutes_ago(&world, -5));
    waiting(&world, minutes_ago(&world, 4));
    to_tell(&world, "shop.acme.com", minutes_ago(&world, 4));
    world.pass(30_000);
    assert_degraded(&world, &[]);
}

#[test]
fn a_scheduled_run_that_is_missing_is_told_until_it_comes() {
    let world = world();
    world.minute();
    world.pass(3 * MINUTE - 1);
    assert_degraded(&world, &[]);
    world.pass(1);
    assert_degraded(&world, &[SCHEDULED_RUN]);
    world.minute();
    assert_degraded(&world, &[]);
}

#[test]
fn a_run_whose_first_step_fails_counts_as_missing() {
    let world = world();
    world.minute();
    world.pass(4 * MINUTE);
    world.database.reset();
    world.fail(1, Fault::Refuse);
    world.minute();
    assert_degraded(&world, &[SCHEDULED_RUN]);
}

#[test]
fn where_there_never_was_a_run_a_lease_that_nobody_ended_tells() {
    let world = world();
    under_way(&world, minutes_ago(&world, -5));
    under_way(&world, world.now().as_millis());
    world.pass(3 * MINUTE - 1);
    assert_degraded(&world, &[]);
    world.pass(1);
    assert_degraded(&world, &[SCHEDULED_RUN]);
    world.minute();
    assert_degraded(&world, &[]);
}

#[test]
fn where_there_never_was_a_run_a_schedule_that_nobody_fired_tells() {
    let world = world();
    schedule(&world, minutes_ago(&world, 3) + 1);
    assert_degraded(&world, &[]);
    world.pass(1);
    assert_degraded(&world, &[SCHEDULED_RUN]);
}

#[test]
fn a_request_that_waits_beyond_its_time_is_told_whosever_it_is() {
    let world = world();
    for project in ["0", "5", "a", "z"] {
        waiting(&world, minutes_ago(&world, -1));
        world.execute(
            "UPDATE requests SET project_id = ?1 WHERE status = 'pending' AND length(project_id) > 1",
            [project],
        );
    }
    world.execute("DELETE FROM requests WHERE project_id = '0'", []);
    assert_degraded(&world, &[]);
    for project in ["5", "a", "z"] {
        world.execute(
            "UPDATE requests SET due_at = iif(project_id = ?1, ?2, ?3)",
            (project, minutes_ago(&world, 5), minutes_ago(&world, 4)),
        );
        assert_degraded(&world, &[REQUESTS]);
    }
}

/// Each offer puts off when a request is due again, so what is due tells nothing of a queue that delivers nothing.
#[test]
fn requests_that_a_queue_takes_and_nobody_runs_are_told() {
    let world = World::new();
    world.served("d");
    waiting(&world, world.now().as_millis());
    world.execute(
        "UPDATE requests SET time_created = ?1",
        [world.now().as_millis()],
    );
    for _ in 0..15 {
        assert_degraded(&world, &[]);
        world.minute();
        world.pass(MINUTE);
    }
    assert_degraded(&world, &[NOT_TAKEN]);
    let waited = value(&scrape(&world), "tenantry_requests_waited_seconds");
    assert_eq!(waited, Some(900.0));
    under_way(&world, minutes_ago(&world, -5));
    assert_degraded(&world, &[]);
}

#[test]
fn a_webhook_that_is_late_is_told_unless_its_host_fails() {
    let world = world();
    to_tell(&world, "shop.acme.com", minutes_ago(&world, 5) + 1);
    assert_degraded(&world, &[]);
    world.pass(1);
    assert_degraded(&world, &[WEBHOOKS]);
    world.execute(
        "INSERT INTO webhook_hosts (host, failures, next_try) VALUES ('shop.acme.com', 1, 0)",
        [],
    );
    assert_degraded(&world, &[]);
    to_tell(&world, "shop.globex.com", minutes_ago(&world, 5));
    assert_degraded(&world, &[WEBHOOKS]);
}

/// As with requests; what was tried waits for its next time, and what is under way is taken.
#[test]
fn webhooks_that_a_queue_takes_and_nobody_tells_are_told_of() {
    let world = World::new();
    world.served("d");
    let begun = world.now().as_millis();
    to_tell(&world, "shop.acme.com", begun);
    to_tell(&world, "shop.globex.com", begun);
    world.execute("UPDATE webhook_deliveries SET time_completed = ?1", [begun]);
    for _ in 0..15 {
        assert_degraded(&world, &[]);
        world.minute();
        world.pass(MINUTE);
    }
    assert_degraded(&world, &[NOT_TOLD]);
    let waited = |world| value(&scrape(world), "tenantry_webhooks_waited_seconds");
    assert_eq!(waited(&world), Some(900.0));

    for tried in [
        "UPDATE webhook_deliveries SET attempts = 1 WHERE host = 'shop.acme.com'",
        "INSERT INTO webhook_hosts (host, failures, next_try) VALUES ('shop.globex.com', 1, 0)",
    ] {
        assert_degraded(&world, &[NOT_TOLD]);
        world.execute(tried, []);
    }
    assert_degraded(&world, &[]);
    assert_eq!(waited(&world), Some(0.0));
}

#[test]
fn webhooks_of_which_one_is_being_told_are_taken() {
    let world = world();
    let now = world.now().as_millis();
    for _ in 0..2 {
        to_tell(&world, "shop.acme.com", now + MINUTE);
    }
    world.execute(
        "UPDATE webhook_deliveries SET time_started = ?1",
        [minutes_ago(&world, 15)],
    );
    assert_degraded(&world, &[NOT_TOLD]);
    world.execute(
        "UPDATE webhook_deliveries SET claim_id = 'claim' WHERE record_id = 'record-0'",
        [],
    );
    assert_degraded(&world, &[]);
    let under_way = |world| value(&scrape(world), "tenantry_webhooks_under_way");
    assert_eq!(under_way(&world), Some(1.0));
    // A claim that was lost tells nobody.
    world.execute("UPDATE webhook_deliveries SET due_at = ?1", [now]);
    assert_degraded(&world, &[NOT_TOLD]);
    assert_eq!(under_way(&world), Some(0.0));
}

#[test]
fn all_that_is_behind_is_told_together() {
    let world = world();
    under_way(&world, minutes_ago(&world, 3));
    waiting(&world, minutes_ago(&world, 5));
    to_tell(&world, "shop.acme.com", minutes_ago(&world, 5));
    assert_degraded(&world, &[SCHEDULED_RUN, REQUESTS, WEBHOOKS]);
}

/// So many records that have ended, and so many of each that is under way or waits, in as many projects.
fn fill(world: &World, ended: i64, open: i64) {
    world.execute("PRAGMA foreign_keys = OFF", []);
    for (status, count) in [
        ("completed", ended),
        ("processing", open),
        ("pending", open),
    ] {
        world.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
             INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller,
               time_created, time_started, time_completed, timeout, lease_end, leased, leased_time, input_size, retention_mode,
               retention_time, due_at)
             SELECT printf('project-%06d', i % 1000), printf('%s-%06d', ?1, i), 'o', 'deployment', 'd', 'v', 'batch', ?1, 'somebody', 0,
               0, iif(?1 = 'completed', 1, NULL), 300, 9000000000000, 0, 0, 1, 'full', 604800, iif(?1 = 'pending', ?3, NULL)
             FROM n WHERE ?2 > 0",
            (status, count, world.now().as_millis()),
        );
    }
    world.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         INSERT INTO webhook_deliveries (record_id, webhook_id, event, project_id, host, status, time_created, due_at)
         SELECT 'r-' || i, 'w', 'e', 'p', 'shop.acme.com', 'completed', 0, ?2 FROM n",
        (open, minutes_ago(world, 6)),
    );
}

#[test]
fn health_costs_the_same_however_much_there_is() {
    let steps = |ended, open| {
        let world = world();
        fill(&world, ended, open);
        world.execute(
            "INSERT INTO webhook_hosts (host, failures, next_try) VALUES ('shop.acme.com', 20, 9000000000000)",
            [],
        );
        world.get(&world.nobody(), "/health").expect(200);
        world.database.steps()
    };
    let (few, many) = (steps(10, 10), steps(20_000, 12_000));
    assert!(many <= few + few / 20, "{few} -> {many}");
}

/// The samples of `/metrics`, held against the text format 0.0.4: each family with its HELP and TYPE in front, its samples
/// beside each other, none twice.
fn samples(answer: &Answer) -> BTreeMap<String, f64> {
    let text = String::from_utf8(answer.body.clone()).unwrap();
    assert!(text.ends_with('\n'));
    let mut families = BTreeSet::new();
    let mut samples = BTreeMap::new();
    let mut family = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(
                families.insert(name.to_owned()),
                "{name} stands there twice"
            );
            assert!(words.ends_with('.'), "{line}");
            let kind = match name.ends_with("_total") {
                true => "counter",
                false => "gauge",
            };
            let typed = lines.next().unwrap();
            assert_eq!(typed, format!("# TYPE {name} {kind}"));
            family = name.to_owned();
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let name = sample.split('{').next().unwrap();
        assert_eq!(name, family, "{line}");
        assert!(name.starts_with("tenantry_"), "{line}");
        if let Some((_, labels)) = sample.split_once('{') {
            for label in labels.strip_suffix('}').unwrap().split(',') {
                let (key, value) = label.split_once('=').unwrap();
                assert!(key.bytes().all(|byte| byte.is_ascii_lowercase()), "{line}");
                let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
                assert!(
                    value.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                    "{line}"
                );
            }
        }
        let value: f64 = value.parse().unwrap();
        assert!(value.is_finite() && value >= 0.0, "{line}");
        assert_eq!(samples.insert(sample.to_owned(), value), None, "{line}");
    }
    samples
}

fn scrape(world: &World) -> BTreeMap<String, f64> {
    let answer = world.get(&world.operator(), "/metrics").expect(200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    samples(&answer)
}

/// The value of a sample; of one of an isolate, whatever its name.
fn value(samples: &BTreeMap<String, f64>, wanted: &str) -> Option<f64> {
    let nameless = |sample: &str| match sample.split_once("{isolate=\"") {
        Some((name, rest)) => {
            let labels = rest.split_once('"').unwrap().1;
            format!("{name}{{{}", labels.trim_start_matches(','))
        }
        None => sample.to_owned(),
    };
    let mut found = samples
        .iter()
        .filter(|(sample, _)| nameless(sample) == wanted);
    let value = found.next().map(|(_, value)| *value);
    assert!(found.next().is_none(), "{wanted}");
    value
}

#[test]
fn the_operator_reads_what_waits_in_the_installation() {
    let world = world();
    let before = scrape(&world);
    assert_eq!(value(&before, "tenantry_database_up"), Some(1.0));
    assert_eq!(value(&before, "tenantry_scheduled_run_age_seconds"), None);
    world.minute();
    world.pass(40_000);
    for lease_end in [-1, 2, 3] {
        under_way(&world, minutes_ago(&world, lease_end));
    }
    for due_at in [-1, 2, 3] {
        waiting(&world, minutes_ago(&world, due_at));
    }
    for due_at in [-1, 7] {
        to_tell(&world, "shop.acme.com", minutes_ago(&world, due_at));
    }
    schedule(&world, minutes_ago(&world, 3));
    let after = scrape(&world);
    for (sample, expected) in [
        ("tenantry_database_up", 1.0),
        ("tenantry_scheduled_run_age_seconds", 40.0),
        ("tenantry_requests_under_way{lease=\"held\"}", 2.0),
        ("tenantry_requests_under_way{lease=\"ended\"}", 1.0),
        ("tenantry_requests_waiting", 3.0),
        ("tenantry_requests_overdue_seconds", 180.0),
        ("tenantry_webhooks_waiting", 2.0),
        ("tenantry_webhooks_overdue_seconds", 420.0),
        ("tenantry_schedules_late", 1.0),
    ] {
        assert_eq!(value(&after, sample), Some(expected), "{sample}");
    }
}

#[test]
fn what_is_not_due_yet_is_not_overdue() {
    let world = world();
    waiting(&world, minutes_ago(&world, -1));
    to_tell(&world, "shop.acme.com", minutes_ago(&world, -1));
    let samples = scrape(&world);
    for family in ["requests", "webhooks"] {
        let waiting = format!("tenantry_{family}_waiting");
        assert_eq!(value(&samples, &waiting), Some(1.0));
        let overdue = format!("tenantry_{family}_overdue_seconds");
        assert_eq!(value(&samples, &overdue), Some(0.0));
    }
}

#[test]
fn ten_thousand_are_counted_at_most() {
    let world = world();
    fill(&world, 0, 10_050);
    let samples = scrape(&world);
    for sample in [
        "tenantry_requests_under_way{lease=\"held\"}",
        "tenantry_requests_waiting",
        "tenantry_webhooks_waiting",
    ] {
        assert_eq!(value(&samples, sample), Some(10_000.0), "{sample}");
    }
}

#[test]
fn metrics_cost_the_same_however_much_has_ended_and_however_much_waits_beyond_what_is_counted() {
    let steps = |ended, open| {
        let world = world();
        fill(&world, ended, open);
        world.get(&world.operator(), "/metrics").expect(200);
        world.database.steps()
    };
    let (few, many) = (steps(10, 10_000), steps(20_000, 12_000));
    assert!(many <= few + few / 100, "{few} -> {many}");
}

#[test]
fn an_isolate_counts_calls_requests_and_round_trips() {
    let world = world();
    let robot = world.service_user(&["deployment-request-user"]);
    let before = scrape(&world);
    world
        .upstream
        .next(Reply::json(&json!({"y": 2})).late(2_000));
    world.request(&robot, "d", &json!({"x": 1})).expect(200);
    world.upstream.next(Reply::new(500).late(3_000));
    world.request(&robot, "d", &json!({"x": 1}));
    world.get(&world.nobody(), "/nothing").expect(404);
    world.get(&world.nobody(), "/").expect(302);
    world.fail(1, Fault::Refuse);
    world.get(&world.nobody(), "/health").expect(503);
    let after = scrape(&world);
    let more =
        |sample: &str| value(&after, sample).unwrap() - value(&before, sample).unwrap_or_default();
    for (sample, expected) in [
        // The two requests, and what read the figures before.
        ("tenantry_calls_total{status=\"2xx\"}", 3.0),
        ("tenantry_calls_total{status=\"3xx\"}", 1.0),
        ("tenantry_calls_total{status=\"4xx\"}", 1.0),
        ("tenantry_calls_total{status=\"5xx\"}", 1.0),
        ("tenantry_call_seconds_total{}", 5.0),
        // Two of each request, one of each scrape: this one's too. And what failed.
        ("tenantry_database_round_trips_total{}", 6.0),
        ("tenantry_database_failures_total{}", 1.0),
        ("tenantry_database_seconds_total{}", 0.0),
        ("tenantry_gate_requests_total{outcome=\"completed\"}", 1.0),
        ("tenantry_gate_requests_total{outcome=\"failed\"}", 1.0),
        (
            "tenantry_gate_request_seconds_total{outcome=\"completed\"}",
            2.0,
        ),
        (
            "tenantry_gate_request_seconds_total{outcome=\"failed\"}",
            3.0,
        ),
    ] {
        assert_eq!(more(sample), expected, "{sample}");
    }
}

#[test]
fn an_isolate_keeps_its_name() {
    let world = world();
    let names = |samples: &BTreeMap<String, f64>| -> BTreeSet<String> {
        let names = samples
            .keys()
            .filter_map(|sample| sample.split_once("isolate=\""));
        names
            .map(|(_, rest)| rest.split('"').next().unwrap().to_owned())
            .collect()
    };
    let first = names(&scrape(&world));
    assert_eq!(first.len(), 1);
    assert!(first.first().unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(names(&scrape(&world)), first);
}

#[test]
fn while_the_database_fails_metrics_say_so_and_what_the_isolate_counts() {
    let world = world();
    world.minute();
    world.database.reset();
    for fault in Fault::ALL {
        world.fail(1, fault);
        let answer = world.get(&world.operator(), "/metrics").expect(200);
        let told = samples(&answer);
        assert_eq!(value(&told, "tenantry_database_up"), Some(0.0));
        assert_eq!(value(&told, "tenantry_requests_waiting"), None);
        assert!(value(&told, "tenantry_database_failures_total{}") >= Some(1.0));
        assert_eq!(told.len(), 13);
        let line: Json = serde_json::from_str(&answer.log).unwrap();
        assert_eq!(
            (&line["status"], &line["level"]),
            (&json!(200), &json!("error"))
        );
        assert!(line["cause"].is_string(), "{line}");
    }
    assert_eq!(scrape(&world).len(), 24);
}

#[test]
fn metrics_are_the_operators() {
    let world = world();
    let session = Caller {
        is_in_session: true,
        ..world.owner()
    };
    for (caller, status) in [
        (world.nobody(), 401),
        (Caller::with_token("0".repeat(40)), 401),
        (session, 401),
        (world.owner(), 403),
        (world.robot(), 403),
        (world.operator(), 200),
    ] {
        world.get(&caller, "/metrics").expect(status);
    }
}

/// The families that `/metrics` gives.
fn families() -> BTreeSet<String> {
    let world = world();
    world.minute();
    let names = scrape(&world).into_keys();
    names
        .map(|sample| sample.split('{').next().unwrap().to_owned())
        .collect()
}

/// A line of help is shown by itself, wherever the metric is.
#[test]
fn each_metric_has_a_line_of_help_of_its_own() {
    let world = world();
    let answer = world.get(&world.operator(), "/metrics").expect(200);
    let text = String::from_utf8(answer.body.clone()).unwrap();
    let help: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# HELP "))
        .filter_map(|line| line.split_once(' '))
        .map(|(_, help)| help)
        .collect();
    assert_eq!(help.len(), families().len());
    assert_eq!(
        help.iter().collect::<BTreeSet<_>>().len(),
        help.len(),
        "{help:?}"
    );
}

/// The words of a text that are names of metrics.
fn named(text: &str) -> BTreeSet<String> {
    let is_of_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let words = text.split(|letter| !is_of_name(letter));
    let words = words.filter(|word| word.starts_with("tenantry_") && !word.ends_with('_'));
    words.map(str::to_owned).collect()
}

#[test]
fn the_page_has_each_metric_in_its_table_and_names_no_other() {
    let section = OPERATIONS.split("\n## Watching it\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section
        .lines()
        .filter(|line| line.starts_with("| `tenantry_"));
    let rows: BTreeSet<String> = rows
        .map(|line| line.split('`').nth(1).unwrap())
        .map(|sample| sample.split('{').next().unwrap().to_owned())
        .collect();
    assert_eq!(rows, families());
    assert!(named(section).is_subset(&rows));
}

#[test]
fn the_dashboard_shows_each_metric_and_no_other_from_a_source_that_is_chosen() {
    let dashboard: Json = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut shown = BTreeSet::new();
    for panel in panels {
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{panel}");
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            shown.extend(named(expression));
            // Of one scrape a minute the interval that Grafana would choose holds one sample, of which there is no rate.
            let is_rate = expression.contains("$__rate_interval");
            assert!(!is_rate || target["interval"] == "1m", "{target}");
            // Where nothing is scraped any more, what was scraped last is not shown as what is.
            assert!(
                panel["type"] != "stat" || target["instant"] == true,
                "{target}"
            );
        }
    }
    assert_eq!(shown, families());
    let variable = &dashboard["templating"]["list"][0];
    assert_eq!(
        (&variable["name"], &variable["type"], &variable["query"]),
        (
            &json!("datasource"),
            &json!("datasource"),
            &json!("prometheus")
        )
    );
}
