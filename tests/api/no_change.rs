//! A change of deployments, pipelines and versions that changes nothing writes nothing, the audit included, and is refused
//! to who may not make it (contract section 4).

use serde_json::{Value as Json, json};

use testkit::{Call, World};

/// A world with a deployment, a pipeline and a version of each that have something in every field.
fn world() -> World {
    let world = World::new();
    let fields = json!([{"name": "x", "data_type": "int", "widget": {"type": "slider", "configuration": {"max": 1.5}}}]);
    for kind in ["deployments", "pipelines"] {
        let body = json!({
            "name": "o", "description": "\u{e9}\"\\", "labels": {"b": "1", "a": "\u{e9}"},
            "input_type": "structured", "output_type": "structured", "input_fields": fields, "output_fields": fields,
        });
        let path = world.path(&format!("/{kind}"));
        world.call(&world.owner(), "POST", &path, body).expect(201);
    }
    let path = world.path("/deployments/o/versions");
    world
        .call(&world.owner(), "POST", &path, deployment_version())
        .expect(201);
    let path = world.path("/pipelines/o/versions");
    world
        .call(&world.owner(), "POST", &path, pipeline_version())
        .expect(201);
    world
}

fn deployment_version() -> Json {
    json!({
        "version": "v1", "description": "d", "labels": {"a": true}, "maximum_instances": 3, "static_ip": false,
        "command": ["\u{e9}", "\""], "health_check": {"port": 80}, "ports": [],
    })
}

fn pipeline_version() -> Json {
    json!({
        "version": "v1", "description": "d", "metadata": {"b": {"c": [1, 2.50]}, "a": "\u{1f34e}"},
        "objects": [
            {"name": "one", "reference_name": "o", "version": "v1", "configuration": {"z": 1, "a": "\u{e9}"}},
            {"name": "fn", "reference_name": "function", "reference_type": "operator", "metadata": {"k": null}},
        ],
        "attachments": [{"destination_name": "one", "sources": [{"source_name": "pipeline_start", "mapping": [
            {"source_field_name": "x", "destination_field_name": "x"}]}]}],
    })
}

/// What is there already, said again in whole and in parts, and nothing at all.
fn repetitions(world: &World) -> Vec<(String, Json)> {
    let mut all = Vec::new();
    for kind in ["deployments", "pipelines"] {
        let rest = format!("/{kind}/o");
        let shown = world.get(&world.owner(), &world.path(&rest)).json();
        let mut whole = json!({"default_version": "v1"});
        for field in [
            "name",
            "description",
            "labels",
            "input_fields",
            "output_fields",
        ] {
            whole[field] = shown[field].clone();
            all.push((rest.clone(), json!({ field: shown[field] })));
        }
        if kind == "pipelines" {
            whole["input_type"] = shown["input_type"].clone();
        }
        all.extend([(rest.clone(), whole), (rest, json!({}))]);
    }
    for (kind, body) in [
        ("deployments", deployment_version()),
        ("pipelines", pipeline_version()),
    ] {
        let rest = format!("/{kind}/o/versions/v1");
        for (field, value) in body.as_object().unwrap() {
            all.push((rest.clone(), json!({ field: value })));
        }
        all.extend([
            (rest.clone(), body),
            (rest.clone(), json!({})),
            (rest, json!({"monitoring": null})),
        ]);
    }
    all
}

#[test]
fn what_is_there_already_is_answered_and_not_written() {
    let world = world();
    for (rest, body) in repetitions(&world) {
        let path = world.path(&rest);
        let before = (world.get(&world.owner(), &path).json(), world.dump());
        world.writes_afterwards(false);
        world.pass(1_000);
        let call = Call::new("PATCH", &path).by(&world.owner()).json(&body);
        let answer = world.send(call).expect(200);
        assert!((answer.json(), world.dump()) == before, "{rest} {body}");
    }
}

#[test]
fn the_value_that_is_shown_where_none_was_given_and_null_are_no_changes() {
    let world = World::new();
    world.deployment("d");
    world.pipeline("p");
    for rest in ["/deployments/d/versions/v1", "/pipelines/p/versions/v1"] {
        let path = world.path(rest);
        let shown = || world.get(&world.owner(), &path).json();
        let settings: Vec<(String, Json)> = [
            "request_retention_time",
            "request_retention_mode",
            "minimum_instances",
            "maximum_instances",
            "maximum_idle_time",
            "maximum_queue_size_express",
            "maximum_queue_size_batch",
            "maximum_queue_size",
            "static_ip",
            "restart_request_interruption",
            "ports",
            "scaling_strategy",
            "instance_processes",
            "monitoring",
            "health_check",
            "metadata",
        ]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), shown().get(name)?.clone())))
        .collect();
        assert!(settings.len() >= 4);
        let repeated = || {
            for (name, value) in &settings {
                for value in [value, &Json::Null, value] {
                    let before = (shown(), world.dump());
                    world.writes_afterwards(false);
                    let call = Call::new("PATCH", &path)
                        .by(&world.owner())
                        .json(&json!({ name: value }));
                    let answer = world.send(call).expect(200);
                    assert!(
                        (answer.json(), world.dump()) == before,
                        "{rest} {name} {value}"
                    );
                }
            }
        };
        repeated();
        // Where it stands in the row, because something else was changed with it, as well.
        let mut given = json!({"description": "other"});
        for (name, value) in &settings {
            given[name] = value.clone();
        }
        let call = Call::new("PATCH", &path).by(&world.owner()).json(&given);
        world.send(call).expect(200);
        repeated();
    }
}

#[test]
fn what_an_environment_and_an_instance_type_are_shown_as_is_a_change_if_it_is_said() {
    let world = World::new();
    world.deployment("d");
    let path = world.path("/deployments/d/versions/v1");
    for (said, then, shown) in [
        (
            json!({"environment": "external"}),
            json!({"environment_name": "python"}),
            ("environment", "external"),
        ),
        (
            json!({"instance_type": "2048mb"}),
            json!({"instance_type_group_name": "large"}),
            ("instance_type", "2048mb"),
        ),
    ] {
        world.call(&world.owner(), "PATCH", &path, said).expect(200);
        let answer = world.call(&world.owner(), "PATCH", &path, then).expect(200);
        assert_eq!(answer.json()[shown.0], shown.1);
    }
}

#[test]
fn each_part_that_differs_is_a_change() {
    for (rest, body) in [
        ("/deployments/o", json!({"default_version": null})),
        (
            "/deployments/o",
            json!({"input_fields": [{"name": "x", "data_type": "double"}]}),
        ),
        ("/pipelines/o", json!({"output_type": "plain"})),
        (
            "/deployments/o/versions/v1",
            json!({"health_check": {"port": 81}}),
        ),
        (
            "/deployments/o/versions/v1",
            json!({"maximum_instances": null}),
        ),
        ("/pipelines/o/versions/v1", json!({"metadata": {"a": null}})),
        ("/pipelines/o/versions/v1", json!({"attachments": []})),
        (
            "/pipelines/o/versions/v1",
            json!({"objects": [], "attachments": []}),
        ),
        (
            "/pipelines/o/versions/v1",
            json!({"objects": [
                {"name": "fn", "reference_name": "function", "reference_type": "operator", "metadata": {"k": null}},
                {"name": "one", "reference_name": "o", "version": "v1", "configuration": {"z": 1, "a": "\u{e9}"}},
            ]}),
        ),
        (
            "/pipelines/o/versions/v1",
            json!({"objects": [
                {"name": "one", "reference_name": "o", "configuration": {"z": 1, "a": "\u{e9}"}},
                {"name": "fn", "reference_name": "function", "reference_type": "operator", "metadata": {"k": null}},
            ]}),
        ),
    ] {
        let world = world();
        let trail = || world.count("SELECT count(*) FROM audit");
        let before = trail();
        let call = Call::new("PATCH", world.path(rest))
            .by(&world.owner())
            .json(&body);
        world.send(call).expect(200);
        assert_eq!(trail(), before + 1, "{rest} {body}");
    }
}

#[test]
fn a_right_that_was_lost_while_a_body_came_that_changes_nothing_is_noticed() {
    for rest in [
        "/deployments/o",
        "/pipelines/o",
        "/deployments/o/versions/v1",
        "/pipelines/o/versions/v1",
    ] {
        let world = world();
        let call = Call::new("PATCH", world.path(rest))
            .by(&world.robot())
            .json(&json!({}));
        let answer = world.send_while(
            2,
            |world| {
                let taken = "DELETE FROM role_assignments WHERE service_user_id = ?1";
                world.execute(taken, [world.robot().id]);
            },
            call,
        );
        answer.refused(403, "");
    }
}

#[test]
fn a_deletion_names_the_role_assignments_that_go_with_it() {
    let world = world();
    let others: Vec<String> = (0..101).map(|_| world.service_user(&[]).id).collect();
    for (kind, assignees) in [("deployment", 2), ("pipeline", 101)] {
        world.call(
            &world.owner(),
            "DELETE",
            &world.path("/pipelines/o/versions/v1"),
            Json::Null,
        );
        for assignee in &others[..assignees] {
            world.assign_on(kind, "o", &format!("{kind}-viewer"), assignee);
        }
        let path = world.path(&format!("/{kind}s/o"));
        world
            .call(&world.owner(), "DELETE", &path, Json::Null)
            .expect(204);
        let trail = world
            .get(&world.owner(), &world.path("/audit?limit=1"))
            .json();
        let before = &trail[0]["before"];
        assert_eq!(before["name"], "o");
        assert_eq!(before["role_assignments_count"], assignees);
        let named = before["role_assignments"].as_array().unwrap();
        assert_eq!(named.len(), assignees.min(100));
        assert_eq!(named[0]["role"], format!("{kind}-viewer"));
        assert!(others.iter().any(|other| named[0]["assignee"] == *other));
    }
}

#[test]
fn what_a_schedule_a_webhook_and_a_limit_say_already_is_not_written() {
    let world = World::new();
    world.deployment("d");
    let viewer = world.viewer().id;
    for (rest, body) in [
        (
            "/schedules",
            json!({"name": "s", "object_type": "deployment", "object_name": "d", "schedule": "0 6 * * *",
                "request_data": {"x": 1}, "timeout": 60, "description": "d", "labels": {"a": "b"}}),
        ),
        (
            "/webhooks",
            json!({"name": "w", "object_type": "deployment", "object_name": "d", "event": "deployment_request_failed",
                "url": "https://shop.acme.com/told", "timeout": 20, "labels": {"a": "b"}}),
        ),
        ("/services", json!({"name": "s", "deployment": "d"})),
        (
            "/services/s/user-rate-limits",
            json!({"user_id": viewer, "limit": 5}),
        ),
    ] {
        let made = world.call(&world.owner(), "POST", &world.path(rest), body);
        made.expect(201);
    }
    let limit = format!("/services/s/user-rate-limits/{viewer}");
    for (rest, same, other) in [
        (
            "/schedules/s",
            json!({"schedule": "0 6 * * *", "timeout": 60, "description": "d", "labels": {"a": "b"}}),
            json!({"timeout": 61}),
        ),
        (
            "/webhooks/w",
            json!({"url": "https://shop.acme.com/told", "timeout": 20, "labels": {"a": "b"}}),
            json!({"timeout": 21}),
        ),
        (limit.as_str(), json!({"limit": 5}), json!({"limit": 6})),
    ] {
        let path = world.path(rest);
        let trail = || world.count("SELECT count(*) FROM audit");
        for (body, written) in [(json!({}), 0), (same, 0), (other, 1)] {
            if rest == limit && body == json!({}) {
                continue;
            }
            let before = trail();
            world
                .call(&world.owner(), "PATCH", &path, body.clone())
                .expect(200);
            assert_eq!(trail() - before, written, "{rest} {body}");
        }
    }
}
