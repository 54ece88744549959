//! Usage reports: which intervals they list, whose usage stands where, and the shape for each generation of clients.

use serde_json::{Value as Json, json};

use crate::usage_events::{event, report, with};
use testkit::world::{OTHER_PROJECT, PROJECT};
use testkit::{Answer, Call, World};

pub const ORGANIZATION: &str = "/v2.1/organizations/acme/usage";
const OLD_CLIENT: &str = "UbiOps/python/4.1.0";

pub fn used(world: &World, events: &[Json]) {
    report(world, events).expect(200);
}

/// An event on a day with a value.
pub fn on(id: &str, day: &str, value: f64) -> Json {
    with(event(id), json!({"timestamp": day, "value": value}))
}

pub fn organization(world: &World, query: &str) -> Json {
    world
        .get(&world.member(), &format!("{ORGANIZATION}?{query}"))
        .expect(200)
        .json()
}

pub fn project(world: &World, query: &str) -> Json {
    world
        .get(&world.viewer(), &world.path(&format!("/usage?{query}")))
        .expect(200)
        .json()
}

pub fn by_old_client(world: &World, path: &str) -> Answer {
    let call = Call::new("GET", path).by(&world.owner());
    world
        .send(call.header("user-agent", OLD_CLIENT))
        .expect(200)
}

pub fn values(points: &Json) -> Vec<f64> {
    let points = points.as_array().unwrap();
    points
        .iter()
        .map(|point| point["value"].as_f64().unwrap())
        .collect()
}

fn bounds(points: &Json) -> Vec<String> {
    let day = |point: &Json, name: &str| point[name].as_str().unwrap()[..10].to_owned();
    let points = points.as_array().unwrap();
    points
        .iter()
        .map(|point| format!("{}..{}", day(point, "start_date"), day(point, "end_date")))
        .collect()
}

/// Makes a version of a deployment past the API; answers its id.
pub fn deploy(world: &World, deployment: &str, version: &str) -> String {
    let id = format!(
        "{deployment}-{version}-{}",
        world.count("SELECT count(*) FROM deployment_versions")
    );
    world.execute(
        "INSERT INTO deployments (id, organization_id, project_id, name, description, input_type, output_type,
                                  input_fields, output_fields, supports_request_format, labels, creation_date,
                                  last_updated)
         SELECT ?2, organization_id, id, ?1, '', 'plain', 'plain', '[]', '[]', 1, '{}', 0, 0 FROM projects
         WHERE name = 'vision' ON CONFLICT DO NOTHING",
        (deployment, format!("{id}-deployment")),
    );
    world.execute(
        "INSERT INTO deployment_versions (id, organization_id, project_id, deployment_id, version, is_default,
                                          description, labels, settings, creation_date, last_updated)
         SELECT ?3, organization_id, project_id, id, ?2, 0, '', '{}', '{}', 0, 0 FROM deployments WHERE name = ?1",
        (deployment, version, &id),
    );
    id
}

#[test]
fn without_dates_the_present_subscription_period_is_one_month() {
    let world = World::new();
    used(&world, &[on("a", "2026-06-15", 2.5)]);
    let usage = organization(&world, "");
    assert_eq!(usage["interval"], "month");
    // The subscription began with the organization, on 15 June.
    assert_eq!(
        usage["data_organization"],
        json!([{"start_date": "2026-06-15T00:00:00Z", "end_date": "2026-07-15T00:00:00Z", "value": 2.5}])
    );
    assert_eq!(
        project(&world, "")["data_project"],
        usage["data_organization"]
    );
}

#[test]
fn the_present_period_is_that_of_the_plan_in_force() {
    let world = World::new();
    world.execute(
        "UPDATE organizations SET next_subscription = 'premium', next_subscription_start_date = ?1
         WHERE name = 'acme'",
        [tenantry::domain::Timestamp::parse("2026-06-20")
            .unwrap()
            .as_millis()],
    );
    let shown = |world: &World| {
        [
            bounds(&organization(world, "")["data_organization"]),
            bounds(&project(world, "")["data_project"]),
        ]
    };
    assert_eq!(shown(&world), [["2026-06-15..2026-07-15"]; 2]);
    // On its day the next plan is in force, and its periods run from there.
    world
        .clock
        .set(tenantry::domain::Timestamp::parse("2026-06-20").unwrap());
    assert_eq!(shown(&world), [["2026-06-20..2026-07-20"]; 2]);
}

#[test]
fn every_interval_is_listed_with_zero_where_nothing_was_used() {
    let world = World::new();
    used(
        &world,
        &[
            on("a", "2026-06-02T23:59:59.999Z", 1.0),
            on("b", "2026-06-04", 0.000_001),
        ],
    );
    let usage = organization(
        &world,
        "start_date=2026-06-01&end_date=2026-06-05&interval=day",
    );
    let days = [
        "2026-06-01..2026-06-02",
        "2026-06-02..2026-06-03",
        "2026-06-03..2026-06-04",
        "2026-06-04..2026-06-05",
    ];
    for series in [
        &usage["data_organization"],
        &usage["data_deleted_projects"],
        &usage["data_projects"][0]["data"],
    ] {
        assert_eq!(bounds(series), days);
    }
    assert_eq!(
        values(&usage["data_organization"]),
        [0.0, 1.0, 0.0, 0.000_001]
    );
    let old = by_old_client(
        &world,
        &format!("{ORGANIZATION}?start_date=2026-06-01&end_date=2026-06-05&interval=day"),
    );
    for series in old.json().as_array().unwrap() {
        assert_eq!(bounds(&series["usage"]), days);
    }
}

#[test]
fn projects_stand_by_name_and_deleted_ones_together() {
    let world = World::new();
    used(
        &world,
        &[
            on("a", "2026-06-02", 200.0),
            with(
                on("b", "2026-06-02", 300.0),
                json!({"project": OTHER_PROJECT}),
            ),
            with(
                on("c", "2026-06-02", 1_000.0),
                json!({"project": "reactor"}),
            ),
        ],
    );
    let shown = |world: &World| {
        let usage = organization(world, "start_date=2026-06-01&end_date=2026-07-01");
        let projects = usage["data_projects"].as_array().unwrap().clone();
        let projects: Vec<_> = projects
            .iter()
            .map(|project| {
                (
                    project["project_name"].as_str().unwrap().to_owned(),
                    values(&project["data"])[0],
                )
            })
            .collect();
        (
            values(&usage["data_organization"])[0],
            projects,
            values(&usage["data_deleted_projects"])[0],
        )
    };
    let both = vec![
        (OTHER_PROJECT.to_owned(), 300.0),
        (PROJECT.to_owned(), 200.0),
    ];
    assert_eq!(shown(&world), (500.0, both, 0.0));
    world
        .call(&world.owner(), "DELETE", &world.path(""), Json::Null)
        .expect(204);
    let other = vec![(OTHER_PROJECT.to_owned(), 300.0)];
    assert_eq!(shown(&world), (500.0, other.clone(), 200.0));
    // One that is made again under the same name begins with nothing.
    let body = json!({"name": PROJECT, "organization_name": "acme"});
    world
        .call(&world.owner(), "POST", "/v2.1/projects", body)
        .expect(201);
    let again = [other, vec![(PROJECT.to_owned(), 0.0)]].concat();
    assert_eq!(shown(&world), (500.0, again, 200.0));
}

#[test]
fn a_renamed_project_keeps_its_usage() {
    let world = World::new();
    used(&world, &[on("a", "2026-06-02", 200.0)]);
    world
        .call(
            &world.owner(),
            "PATCH",
            &world.path(""),
            json!({"name": "sight"}),
        )
        .expect(200);
    let usage = organization(&world, "start_date=2026-06-01&end_date=2026-07-01");
    assert_eq!(usage["data_projects"][1]["project_name"], "sight");
    assert_eq!(values(&usage["data_projects"][1]["data"]), [200.0]);
}

#[test]
fn versions_of_deployments_stand_by_name_and_what_is_gone_together() {
    let world = World::new();
    let ids = [
        deploy(&world, "classifier", "v2"),
        deploy(&world, "classifier", "v1"),
        deploy(&world, "aligner", "v1"),
    ];
    used(
        &world,
        &[
            on("a", "2026-06-02", 1.0),
            with(on("b", "2026-06-02", 2.0), json!({"version": "v2"})),
            with(
                on("c", "2026-06-02", 4.0),
                json!({"object_name": "never-there"}),
            ),
            with(
                on("d", "2026-06-02", 8.0),
                json!({"metric": "input_volume", "value": 8}),
            ),
            with(
                on("e", "2026-06-02", 16.0),
                json!({"project": OTHER_PROJECT}),
            ),
        ],
    );
    let shown = |world: &World| {
        let usage = project(world, "start_date=2026-06-01&end_date=2026-07-01");
        let versions = usage["data_deployments"].as_array().unwrap().clone();
        let versions: Vec<_> = versions
            .iter()
            .map(|version| {
                (
                    format!(
                        "{}/{}",
                        version["deployment_name"].as_str().unwrap(),
                        version["version"].as_str().unwrap()
                    ),
                    version["version_id"].as_str().unwrap().to_owned(),
                    values(&version["data"])[0],
                )
            })
            .collect();
        (
            values(&usage["data_project"])[0],
            versions,
            values(&usage["data_deleted_deployments"])[0],
        )
    };
    let version = |name: &str, id: &str, value: f64| (name.to_owned(), id.to_owned(), value);
    assert_eq!(
        shown(&world),
        (
            7.0,
            vec![
                version("aligner/v1", &ids[2], 0.0),
                version("classifier/v1", &ids[1], 1.0),
                version("classifier/v2", &ids[0], 2.0),
            ],
            4.0
        )
    );
    // One that is deleted and made again is another: it does not inherit, and its own usage is its own.
    world.execute("DELETE FROM deployment_versions WHERE id = ?1", [&ids[1]]);
    let again = deploy(&world, "classifier", "v1");
    assert_ne!(again, ids[1]);
    used(&world, &[on("f", "2026-06-03", 32.0)]);
    assert_eq!(
        shown(&world),
        (
            39.0,
            vec![
                version("aligner/v1", &ids[2], 0.0),
                version("classifier/v1", &again, 32.0),
                version("classifier/v2", &ids[0], 2.0),
            ],
            5.0
        )
    );
}

#[test]
fn clients_before_4_2_get_every_measure_as_a_list() {
    let world = World::new();
    let bytes = |id: &str, object_type: &str, metric: &str, value: i64| {
        with(
            on(id, "2026-06-02", 0.0),
            json!({"object_type": object_type, "metric": metric, "value": value}),
        )
    };
    used(
        &world,
        &[
            on("a", "2026-06-02", 1.25),
            bytes("b", "deployment_version", "input_volume", 2),
            bytes("c", "deployment_version", "output_volume", 3),
            bytes("d", "pipeline_version", "input_volume", 4),
            bytes(
                "e",
                "pipeline_version",
                "output_volume",
                9_007_199_254_740_991,
            ),
        ],
    );
    for path in [ORGANIZATION.to_owned(), world.path("/usage")] {
        let answer = by_old_client(
            &world,
            &format!("{path}?start_date=2026-06-01&end_date=2026-07-01"),
        );
        assert!(answer.header("vary").unwrap().contains("User-Agent"));
        let shown: Vec<String> = answer
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|series| {
                format!(
                    "{} {} {}",
                    series["object_type"], series["metric"], series["usage"][0]["value"]
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                r#""deployment_version" "credits" 1.25"#,
                r#""deployment_version" "input_volume" 2"#,
                r#""deployment_version" "output_volume" 3"#,
                r#""pipeline_version" "input_volume" 4"#,
                r#""pipeline_version" "output_volume" 9007199254740991"#,
            ],
            "{path}"
        );
    }
}

#[test]
fn the_shape_goes_by_the_clients_version_alone() {
    let world = World::new();
    for (agent, is_list) in [
        ("UbiOps/python/3.16.1", true),
        ("UbiOps/python/4.0.0", true),
        ("UbiOps/python/4.2.0", false),
        ("UbiOps/python/4.15.0", false),
        ("UbiOps/cli/2.32.0", false),
        ("curl/8", false),
    ] {
        for path in [ORGANIZATION.to_owned(), world.path("/usage")] {
            let call = Call::new("GET", path)
                .by(&world.owner())
                .header("user-agent", agent);
            assert_eq!(
                world.send(call).expect(200).json().is_array(),
                is_list,
                "{agent}"
            );
        }
    }
}

#[test]
fn a_parameter_that_cannot_be_read_is_named() {
    let world = World::new();
    for (query, words) in [
        (
            "start_date=yesterday",
            "start_date: 'yesterday' is not a date",
        ),
        ("end_date=2026-02-30", "end_date: '2026-02-30' has a day"),
        (
            "start_date=2026-06-02&end_date=2026-06-01",
            "start_date: 2026-06-02",
        ),
        ("start_date=2026-07-01", "start_date: 2026-07-01"),
        ("interval=week", "interval: 'week' is not an interval"),
        (
            "start_date=1990-01-01&interval=day",
            "interval: by day there are more than 3660",
        ),
        (
            "start_date=9999-12-31&end_date=9999-12-31",
            "end_date: a report cannot reach",
        ),
    ] {
        for path in [ORGANIZATION.to_owned(), world.path("/usage")] {
            world
                .get(&world.owner(), &format!("{path}?{query}"))
                .refused(400, words);
        }
    }
}

#[test]
fn dates_come_in_every_form_that_the_clients_send() {
    let world = World::new();
    for start in [
        "2026-06-01",
        "2026-06-01T00:00:00",
        "2026-06-01T00:00:00.000Z",
        "2026-06-01+00%3A00%3A00%2B00%3A00",
    ] {
        let usage = organization(&world, &format!("start_date={start}&end_date=2026-07-01"));
        assert_eq!(
            bounds(&usage["data_organization"]),
            ["2026-06-01..2026-07-01"],
            "{start}"
        );
    }
}
