//! The largest body that each writing call takes, twice over: what it leaves is bounded in bytes, in every row of every
//! table, in the trail and in the answer (contract section 4, *What one caller can cost*).

use serde_json::{Map, Value as Json, json};

use tenantry::routes::{self, Route};

use testkit::World;
use testkit::requests::plausible;

/// The most that the states of an audit row take.
const LONGEST_STATES: i64 = 64 << 10;
/// The most that a row of any table takes.
const LONGEST_ROW: i64 = 512 << 10;
/// The longest answer.
const LONGEST_ANSWER: usize = 8 << 20;

/// So long are the free parts of a body, and of which character: from what is too long by any rule to what none forbids.
const PADS: [(char, usize); 5] = [
    ('\u{1f980}', 65_000),
    ('\u{1f980}', 16_000),
    ('x', 65_000),
    ('\u{1f980}', 7_000),
    ('x', 7_000),
];

fn text(letter: char, length: usize) -> String {
    letter.to_string().repeat(length)
}

fn origins(seed: usize) -> Json {
    let label = "a".repeat(60);
    let origin = |n: usize| format!("https://o{seed}-{n}.{label}.{label}.{label}.example");
    (0..100).map(origin).collect()
}

fn labels(letter: char) -> Json {
    let value = match letter {
        'x' => text('y', 200),
        _ => text('\u{1f980}', 55),
    };
    let pairs = (0..30).map(|n| (format!("label-{n}"), json!(value)));
    Json::Object(pairs.collect())
}

/// A field in and out with a widget of so much text.
fn fields(name: &str, pad: &str) -> Json {
    json!([{
        "name": name, "data_type": "int",
        "widget": {"type": "textbox", "configuration": {"pad": pad}},
    }])
}

/// The largest values of the fields of a call's body, beside the plausible ones.
fn largest(world: &World, route: &Route, pad: &str, round: usize) -> Map<String, Json> {
    let letter = pad.chars().next().unwrap();
    let description = text('\u{1f980}', 400);
    let part: String = pad.chars().take(pad.chars().count() / 8).collect();
    let object = |n: usize| {
        json!({
            "name": format!("object-{n}"), "reference_name": "used", "reference_type": "deployment",
            "configuration": {"pad": part}, "metadata": {"pad": part},
        })
    };
    let fields = match route.operation {
        "operator_users_create" => json!({"name": text(letter, 150), "surname": text(letter, 150)}),
        "operator_vouchers_create" | "operator_subscriptions_put" => {
            json!({"description": description})
        }
        "operator_quota_resources_set" => json!({
            "name_en": text(letter, 256), "name_cn": text(letter, 256), "unit_en": text(letter, 256),
            "unit_cn": text(letter, 256),
        }),
        "projects_create" | "projects_update" => {
            json!({"labels": labels(letter), "cors_origins": origins(round)})
        }
        "service_users_create" | "service_users_update" => json!({
            "name": text(letter, 256), "description": description,
            "allowed_cors_origins": origins(round),
        }),
        "roles_create" | "roles_update" => {
            let all = world.get(&world.owner(), "/v2.1/permissions").json();
            let name = |one: &Json| one["name"].clone();
            json!({"permissions": all.as_array().unwrap().iter().map(name).collect::<Vec<_>>()})
        }
        "deployments_create" | "pipelines_create" => json!({
            "input_type": "structured", "output_type": "structured", "description": description,
            "labels": labels(letter), "input_fields": fields("x", pad), "output_fields": fields("y", pad),
        }),
        "deployments_update" => json!({
            "description": description, "labels": labels(letter), "input_fields": fields("x", pad),
            "output_fields": fields("y", pad),
        }),
        "pipelines_update" => json!({
            "description": description, "labels": labels(letter), "input_fields": fields("in", pad),
            "output_fields": fields("out", pad),
        }),
        "deployment_versions_create" | "deployment_versions_update" => json!({
            "description": description, "labels": labels(letter), "monitoring": text(letter, 256),
            "environment": text(letter, 256), "instance_type": text(letter, 256),
            "command": pad.as_bytes().chunks(4_000).map(|chunk| "x".repeat(chunk.len())).take(15).collect::<Vec<_>>(),
        }),
        "pipeline_versions_create" | "pipeline_versions_update" => json!({
            "description": description, "labels": labels(letter), "metadata": {"pad": pad},
            "objects": (0..3).map(object).collect::<Vec<_>>(),
        }),
        "create_workspace" | "update_workspace" => {
            let grant = |n: usize| json!({"user_name": format!("{n}{}", text(letter, 100))});
            let grants = (0..pad.chars().count() / 140).take(500).map(grant);
            json!({
                "description": text(letter, 256), "auth_type": "INTERNAL",
                "grants": grants.collect::<Vec<_>>(),
            })
        }
        "update_workspace_quotas" => {
            let path = world.workspaces("/0/quotas");
            let all = world.get(&world.owner(), &path).json();
            let one = |quota: &Json| json!({"resource": quota["resource"], "quota": 1 + round});
            json!({"quotas": all["quotas"].as_array().unwrap().iter().map(one).collect::<Vec<_>>()})
        }
        "consume_workspace_quota" => json!({"id": text(letter, 128)}),
        _ => json!({}),
    };
    fields.as_object().unwrap().clone()
}

/// The length of the longest row of each table.
fn longest_rows(world: &World) -> Vec<(String, i64)> {
    let connection = world.database.connection();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut tables = connection.prepare(names).unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let longest = |table: String| {
        let rows = connection
            .prepare(&format!("SELECT * FROM \"{table}\""))
            .unwrap();
        let columns: Vec<String> = rows
            .column_names()
            .map(|name| format!("coalesce(octet_length(\"{name}\"), 0)"))
            .collect();
        let sum = columns.join(" + ");
        let longest = world.count(&format!("SELECT coalesce(max({sum}), 0) FROM \"{table}\""));
        (table, longest)
    };
    tables.map(Result::unwrap).map(longest).collect()
}

/// Sends the largest body twice, the second time with other values; answers why it was refused, if it
/// was, and what passed a bound.
fn send(route: &Route, (letter, length): (char, usize)) -> (Option<String>, Vec<String>) {
    let world = World::new();
    world.deployment("used");
    let by = match route.path.starts_with("/operator/") {
        true => world.operator(),
        false => world.owner(),
    };
    let call = plausible(&world, route);
    if !call.has_body() {
        return (None, Vec::new());
    }
    let mut refused = None;
    let mut passed = Vec::new();
    for round in 0..2 {
        let mut body = call.json_body();
        if let Json::Object(fields) = &mut body {
            let pad = text(letter, length - round);
            fields.extend(largest(&world, route, &pad, round));
            // What the path names keeps its name, so that it is found again.
            if route.method.as_str() != "POST" {
                fields.remove("name");
                fields.remove("version");
            }
        }
        let answer = world.send(call.clone().by(&by).json(&body));
        assert!(answer.status < 500, "{answer}");
        if round == 0 && answer.status >= 300 {
            refused = Some(answer.error());
        }
        if answer.body.len() > LONGEST_ANSWER {
            passed.push(format!(
                "{}: an answer of {}",
                route.operation,
                answer.body.len()
            ));
        }
    }
    let states = "SELECT max(coalesce(octet_length(before), 0) + coalesce(octet_length(after), 0)) FROM audit";
    let states = world.count(states);
    if states > LONGEST_STATES {
        passed.push(format!("{}: {states} bytes of states", route.operation));
    }
    for (table, longest) in longest_rows(&world) {
        if longest > LONGEST_ROW {
            passed.push(format!(
                "{}: a row of {longest} in {table}",
                route.operation
            ));
        }
    }
    (refused, passed)
}

#[test]
fn the_largest_bodies_leave_rows_and_answers_that_are_bounded() {
    let mut faults = Vec::new();
    let writing = routes::table().filter(|route| {
        matches!(route.method.as_str(), "POST" | "PUT" | "PATCH")
            && !route.operation.contains("_requests_")
    });
    for route in writing {
        let mut refusals = Vec::new();
        for pad in PADS {
            let (refused, passed) = send(route, pad);
            refusals.extend(refused);
            faults.extend(passed);
        }
        if refusals.len() == PADS.len() {
            faults.push(format!("{}: {}", route.operation, refusals.join("; ")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
