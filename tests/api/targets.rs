//! Deployments, pipelines and their versions as records: what is made, shown, changed and deleted.

use serde_json::{Value as Json, json};

use testkit::{Answer, World};

fn call(world: &World, method: &str, rest: &str, body: Json) -> Answer {
    world.call(&world.owner(), method, &world.path(rest), body)
}

fn make(world: &World, rest: &str, body: Json) -> Json {
    call(world, "POST", rest, body).expect(201).json()
}

fn read(world: &World, rest: &str) -> Json {
    call(world, "GET", rest, Json::Null).expect(200).json()
}

fn plain(name: &str) -> Json {
    json!({"name": name, "input_type": "plain", "output_type": "plain"})
}

/// The two kinds, by their part of the path.
const KINDS: [&str; 2] = ["deployments", "pipelines"];

#[test]
fn a_deployment_is_shown_as_it_was_made_with_the_defaults_of_the_rest() {
    let world = World::new();
    let made = make(
        &world,
        "/deployments",
        json!({
            "name": "d", "input_type": "structured", "output_type": "plain",
            "input_fields": [{"name": "x", "data_type": "double"},
                             {"name": "a", "data_type": "array_int", "widget": {"type": "slider"}}],
        }),
    );
    assert_eq!(
        made["input_fields"][0],
        json!({"name": "x", "data_type": "double", "widget": {}})
    );
    assert_eq!(made["input_fields"][1]["widget"], json!({"type": "slider"}));
    assert_eq!(made["output_fields"], json!([]));
    assert_eq!(made["project"], "vision");
    assert_eq!(
        (&made["description"], &made["labels"]),
        (&json!(""), &json!({}))
    );
    assert_eq!(made["supports_request_format"], true);
    assert_eq!(made["default_version"], Json::Null);
    assert_eq!(read(&world, "/deployments/d"), made);
    assert_eq!(read(&world, "/deployments"), json!([made]));
}

#[test]
fn a_type_can_be_left_out_only_where_the_request_format_is_not_supported() {
    let world = World::new();
    let without = json!({"name": "d", "supports_request_format": false});
    let made = make(&world, "/deployments", without);
    assert_eq!(
        (&made["input_type"], &made["output_type"]),
        (&json!("plain"), &json!("plain"))
    );
    call(&world, "POST", "/deployments", json!({"name": "e"})).refused(400, "input_type: ");
    call(&world, "POST", "/pipelines", json!({"name": "e"})).refused(400, "input_type");
    let pipeline = json!({"name": "e", "input_type": "structured"});
    assert_eq!(
        make(&world, "/pipelines", pipeline)["output_type"],
        "structured"
    );
}

#[test]
fn what_cannot_be_made_is_told_by_its_field() {
    let world = World::new();
    world.deployment("taken");
    world.pipeline("taken");
    for kind in KINDS {
        let with = |field: &str, value: Json| {
            let mut body = plain("new");
            body[field] = value;
            body
        };
        for (body, words) in [
            (plain("taken"), "name: "),
            (plain("Upper"), "name: "),
            (with("input_type", json!("odd")), "input_type: "),
            (
                with("input_fields", json!([{"name": "x", "data_type": "int"}])),
                "input_fields: ",
            ),
            (
                with("output_fields", json!([{"name": "x", "data_type": "int"}])),
                "output_fields: ",
            ),
            (
                with("input_fields", json!([{"name": "", "data_type": "int"}])),
                "input_fields[0].name: ",
            ),
            (
                with(
                    "input_fields",
                    json!([{"name": "x", "data_type": "timestamp"}]),
                ),
                "input_fields[0].data_type: ",
            ),
            (with("labels", json!({"": "x"})), "labels"),
            (with("description", json!("x".repeat(401))), "description: "),
        ] {
            call(&world, "POST", &format!("/{kind}"), body).refused(400, words);
        }
    }
    assert_eq!(world.count("SELECT count(*) FROM deployments"), 1);
    assert_eq!(world.count("SELECT count(*) FROM pipelines"), 1);
}

#[test]
fn a_list_is_narrowed_to_what_has_one_of_the_labels() {
    let world = World::new();
    for kind in KINDS {
        for (name, labels) in [
            ("a", json!({"k": "1"})),
            ("b", json!({"k": "2", "x": "y"})),
            ("c", json!({})),
        ] {
            let mut body = plain(name);
            body["labels"] = labels;
            make(&world, &format!("/{kind}"), body);
        }
        let names = |query: &str| -> Vec<String> {
            let listed = read(&world, &format!("/{kind}{query}"));
            listed
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["name"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names(""), ["a", "b", "c"]);
        assert_eq!(names("?labels=k:1,x:y"), ["a", "b"]);
        assert_eq!(names("?labels=k:3"), Vec::<String>::new());
        call(&world, "GET", &format!("/{kind}?labels=k"), Json::Null).refused(400, "labels: ");
    }
}

#[test]
fn absent_keeps_and_null_clears() {
    let world = World::new();
    for kind in KINDS {
        let mut body = plain("o");
        body["description"] = json!("text");
        body["labels"] = json!({"k": "v"});
        let made = make(&world, &format!("/{kind}"), body);
        let path = format!("/{kind}/o");
        assert_eq!(
            call(&world, "PATCH", &path, json!({})).expect(200).json(),
            made
        );
        let changed = call(&world, "PATCH", &path, json!({"labels": {"n": "w"}}))
            .expect(200)
            .json();
        assert_eq!(
            (&changed["description"], &changed["labels"]),
            (&json!("text"), &json!({"n": "w"}))
        );
        let cleared = json!({"description": null, "labels": null});
        let cleared = call(&world, "PATCH", &path, cleared).expect(200).json();
        assert_eq!(
            (&cleared["description"], &cleared["labels"]),
            (&json!(""), &json!({}))
        );
    }
}

#[test]
fn a_plain_side_gets_no_fields_later_either() {
    let world = World::new();
    let fields = json!([{"name": "x", "data_type": "int"}]);
    for kind in KINDS {
        make(&world, &format!("/{kind}"), plain("o"));
        for side in ["input_fields", "output_fields"] {
            let body = json!({ side: fields });
            call(&world, "PATCH", &format!("/{kind}/o"), body).refused(400, side);
        }
    }
    let structured = json!({"input_type": "structured", "input_fields": fields});
    let changed = call(&world, "PATCH", "/pipelines/o", structured)
        .expect(200)
        .json();
    assert_eq!(changed["input_fields"][0]["name"], "x");
    assert_eq!(changed["output_type"], "plain");
    // A type that is named replaces the fields of its side, by none if none are given.
    let plain = call(
        &world,
        "PATCH",
        "/pipelines/o",
        json!({"input_type": "plain"}),
    )
    .expect(200)
    .json();
    assert_eq!(
        (&plain["input_type"], &plain["input_fields"]),
        (&json!("plain"), &json!([]))
    );
}

#[test]
fn the_first_version_is_the_default_and_the_default_can_be_moved_and_taken_away() {
    let world = World::new();
    for kind in KINDS {
        make(&world, &format!("/{kind}"), plain("o"));
        let (path, versions) = (format!("/{kind}/o"), format!("/{kind}/o/versions"));
        let default = || read(&world, &path)["default_version"].clone();
        assert_eq!(
            make(&world, &versions, json!({"version": "v1"}))["default"],
            true
        );
        assert_eq!(
            make(&world, &versions, json!({"version": "v2"}))["default"],
            false
        );
        assert_eq!(default(), "v1");
        let moved = call(&world, "PATCH", &path, json!({"default_version": "v2"}))
            .expect(200)
            .json();
        assert_eq!(moved["default_version"], "v2");
        assert_eq!(read(&world, &format!("{versions}/v1"))["default"], false);
        let status = if kind == "deployments" { 404 } else { 400 };
        call(&world, "PATCH", &path, json!({"default_version": "v9"}))
            .refused(status, "default_version: ");
        call(&world, "DELETE", &format!("{versions}/v2"), Json::Null).expect(204);
        assert_eq!(default(), Json::Null);
        assert_eq!(
            make(&world, &versions, json!({"version": "v3"}))["default"],
            true
        );
        call(&world, "PATCH", &path, json!({"default_version": null})).expect(200);
        assert_eq!(default(), Json::Null);
    }
}

#[test]
fn a_version_name_is_unique_in_its_object_and_nowhere_else() {
    let world = World::new();
    for kind in KINDS {
        make(&world, &format!("/{kind}"), plain("a"));
        make(&world, &format!("/{kind}"), plain("b"));
        for name in ["a", "b"] {
            make(
                &world,
                &format!("/{kind}/{name}/versions"),
                json!({"version": "v1"}),
            );
        }
        let versions = format!("/{kind}/a/versions");
        call(&world, "POST", &versions, json!({"version": "v1"})).refused(400, "version: ");
        call(&world, "POST", &versions, json!({})).refused(400, "version");
        make(&world, &versions, json!({"version": "v2"}));
        call(
            &world,
            "PATCH",
            &format!("{versions}/v2"),
            json!({"version": "v1"}),
        )
        .refused(400, "version: ");
        let renamed = call(
            &world,
            "PATCH",
            &format!("{versions}/v2"),
            json!({"version": "v3"}),
        );
        assert_eq!(renamed.expect(200).json()["version"], "v3");
        call(&world, "GET", &format!("{versions}/v2"), Json::Null)
            .refused(404, "has no version 'v2'");
        call(
            &world,
            "PATCH",
            &format!("{versions}/v2"),
            json!({"description": "x"}),
        )
        .expect(404);
        call(&world, "DELETE", &format!("{versions}/v2"), Json::Null).expect(404);
    }
}

#[test]
fn a_version_shows_what_was_given_and_the_defaults_of_the_rest() {
    let world = World::new();
    world.deployment("d");
    let versions = "/deployments/d/versions";
    let bare = read(&world, &format!("{versions}/v1"));
    for (setting, default) in [
        ("instance_type", json!("2048mb")),
        ("request_retention_mode", json!("full")),
        ("request_retention_time", json!(604_800)),
        ("maximum_instances", json!(5)),
        ("minimum_instances", json!(0)),
        ("maximum_idle_time", json!(300)),
        ("status", json!("unavailable")),
        ("environment", json!("external")),
        ("ports", json!([])),
        ("health_check", Json::Null),
    ] {
        assert_eq!(bare[setting], default, "{setting}");
    }
    let given = json!({
        "version": "v2", "environment_name": "python3-12", "instance_type_group_name": "512 MB + 0.125 vCPU",
        "maximum_instances": 2, "minimum_instances": 1, "request_retention_mode": "none", "static_ip": true,
        "ports": [{"public_port": 80, "deployment_port": 8080, "protocol": "tcp"}],
        "health_check": {"port": 8080, "path": "/health"}, "command": ["python", "-m", "x"], "args": "y",
    });
    let made = make(&world, versions, given.clone());
    for (setting, value) in given.as_object().unwrap() {
        assert_eq!(&made[setting], value, "{setting}");
    }
    assert_eq!(made["environment"], "python3-12");
    assert_eq!(made["instance_type"], "512 MB + 0.125 vCPU");
    let changes =
        json!({"minimum_instances": null, "command": null, "health_check": {"port": 9090}});
    let changed = call(&world, "PATCH", &format!("{versions}/v2"), changes)
        .expect(200)
        .json();
    assert_eq!(changed["minimum_instances"], 0);
    assert_eq!(changed["command"], Json::Null);
    assert_eq!(changed["health_check"], json!({
        "interval": null, "timeout": null, "failure_threshold": null, "port": 9090, "path": "/health",
    }).as_object().unwrap().iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect::<Json>());
    assert_eq!(changed["maximum_instances"], 2);
    assert_eq!(
        make(
            &world,
            versions,
            json!({"version": "v3", "language": "python3-8"})
        )["environment"],
        "python3-8"
    );
}

#[test]
fn a_setting_that_is_out_of_range_is_told_by_its_field() {
    let world = World::new();
    world.deployment("d");
    for (setting, value) in [
        ("maximum_instances", json!(0)),
        ("minimum_instances", json!(-1)),
        ("maximum_idle_time", json!(9)),
        ("request_retention_time", json!(2_419_201)),
        ("request_retention_mode", json!("some")),
        ("instance_type", json!("")),
        ("static_ip", json!("yes")),
        (
            "ports",
            json!([{"public_port": 0, "deployment_port": 1, "protocol": "tcp"}]),
        ),
        ("command", json!({"a": 1})),
    ] {
        let body = json!({"version": "v2", setting: value});
        call(&world, "POST", "/deployments/d/versions", body).refused(400, setting);
        let body = json!({setting: value});
        call(&world, "PATCH", "/deployments/d/versions/v1", body).refused(400, setting);
    }
}

#[test]
fn the_least_number_of_instances_is_never_above_the_most() {
    let world = World::new();
    world.deployment("d");
    let (versions, version) = ("/deployments/d/versions", "/deployments/d/versions/v1");
    let above = json!({"version": "v2", "minimum_instances": 6});
    call(&world, "POST", versions, above).refused(400, "minimum_instances: ");
    call(&world, "PATCH", version, json!({"minimum_instances": 5})).expect(200);
    call(&world, "PATCH", version, json!({"maximum_instances": 4}))
        .refused(400, "minimum_instances: ");
    call(
        &world,
        "PATCH",
        version,
        json!({"maximum_instances": 9, "minimum_instances": 8}),
    )
    .expect(200);
    call(&world, "PATCH", version, json!({"maximum_instances": null}))
        .refused(400, "minimum_instances: ");
}

#[test]
fn a_rename_keeps_versions_and_roles_and_the_old_name_is_gone() {
    let world = World::new();
    for (kind, one) in [("deployments", "deployment"), ("pipelines", "pipeline")] {
        match one {
            "deployment" => world.deployment("old"),
            _ => world.pipeline("old"),
        };
        let robot = world.service_user(&[]);
        world.assign_on(one, "old", &format!("{one}-viewer"), &robot.id);
        let before = read(&world, &format!("/{kind}/old"));
        let after = call(
            &world,
            "PATCH",
            &format!("/{kind}/old"),
            json!({"name": "fresh"}),
        )
        .expect(200)
        .json();
        assert_eq!(after["id"], before["id"]);
        call(&world, "GET", &format!("/{kind}/old"), Json::Null).expect(404);
        let path = world.path(&format!("/{kind}/fresh/versions/v1"));
        assert_eq!(world.get(&robot, &path).expect(200).json()[one], "fresh");
        let listed = read(&world, &format!("/role-assignments?assignee={}", robot.id));
        assert_eq!(
            (&listed[0]["resource"], &listed[0]["resource_type"]),
            (&json!("fresh"), &json!(one))
        );
    }
}

#[test]
fn a_deletion_takes_versions_and_the_roles_on_the_object() {
    let world = World::new();
    for (kind, one) in [("deployments", "deployment"), ("pipelines", "pipeline")] {
        match one {
            "deployment" => world.deployment("o"),
            _ => world.pipeline("o"),
        };
        let id = world.assign_on(one, "o", &format!("{one}-viewer"), &world.idle().id);
        call(&world, "DELETE", &format!("/{kind}/o"), Json::Null).expect(204);
        call(&world, "GET", &format!("/{kind}/o"), Json::Null).expect(404);
        call(
            &world,
            "GET",
            &format!("/role-assignments/{id}"),
            Json::Null,
        )
        .expect(404);
        assert_eq!(
            world.count(&format!("SELECT count(*) FROM {one}_versions")),
            0
        );
        // A new object of the name is another one: the old one's roles are not its.
        match one {
            "deployment" => world.deployment("o"),
            _ => world.pipeline("o"),
        };
        world
            .get(&world.idle(), &world.path(&format!("/{kind}/o")))
            .expect(403);
    }
}

#[test]
fn a_project_takes_its_deployments_and_pipelines_along() {
    let world = World::new();
    world.deployment("d");
    world.pipeline("p");
    call(&world, "DELETE", "", Json::Null).expect(204);
    for table in [
        "deployments",
        "deployment_versions",
        "pipelines",
        "pipeline_versions",
    ] {
        assert_eq!(
            world.count(&format!("SELECT count(*) FROM {table}")),
            0,
            "{table}"
        );
    }
}

#[test]
fn a_request_to_a_version_says_that_it_has_no_upstream() {
    let world = World::new();
    world.deployment("d");
    make(&world, "/deployments", plain("empty"));
    let post = |rest: &str| call(&world, "POST", rest, json!({"x": 1}));
    for rest in ["", "/versions/v1"] {
        let failed = post(&format!("/deployments/d{rest}/requests")).expect(200);
        assert!(failed.text("error_message").contains("has no upstream"));
    }
    post("/deployments/d/versions/v9/requests").refused(404, "has no version 'v9'");
    post("/deployments/empty/requests").refused(404, "has no default version");
    let unknown = post("/deployments/none/requests").refused(404, "there is no deployment 'none'");
    assert_eq!(unknown.trips, 1);
    assert_eq!(unknown.text("error_message"), unknown.text("error"));
}

#[test]
fn a_change_without_a_name_keeps_the_name_that_another_gave_meanwhile() {
    for kind in ["/deployments", "/pipelines"] {
        let world = World::new();
        make(&world, kind, plain("before"));
        let path = format!("{kind}/before");
        let renamed = path.clone();
        world.before_trip(2, move |world| {
            call(world, "PATCH", &renamed, json!({"name": "after"})).expect(200);
        });
        call(&world, "PATCH", &path, json!({"description": "changed"})).expect(200);
        let changed = read(&world, &format!("{kind}/after"));
        assert_eq!(changed["description"], "changed", "{kind}");
    }
}

#[test]
fn a_command_line_and_the_widgets_of_fields_are_short() {
    let world = World::new();
    world.deployment("short");
    let versions = world.path("/deployments/short/versions");
    for field in ["command", "args"] {
        let texts = |count: usize| json!({"version": "v2", field: vec!["x".repeat(4_096); count]});
        let owner = world.owner();
        let refused = world.call(&owner, "POST", &versions, texts(16));
        refused.refused(400, &format!("{field}: "));
        let v1 = format!("{versions}/v1");
        world.call(&owner, "PATCH", &v1, texts(16)).expect(400);
    }
    let widget = json!({"type": "slider", "configuration": {"a": "x".repeat(70_000)}});
    for kind in ["deployments", "pipelines"] {
        let body = json!({
            "name": "long", "input_type": "structured", "output_type": "plain",
            "input_fields": [{"name": "x", "data_type": "int", "widget": widget}],
        });
        let path = world.path(&format!("/{kind}"));
        let refused = world.call(&world.owner(), "POST", &path, body);
        refused.refused(400, "input_fields: ");
    }
}

#[test]
fn what_terraform_compares_stands_in_error_word_by_word_and_our_sentence_in_detail() {
    let world = World::new();
    world.deployment("d");
    let (no_deployment, no_version) = (
        "Deployment was not found",
        "Deployment version was not found",
    );
    for (method, rest, body, words, sentence) in [
        (
            "GET",
            "/deployments/none",
            Json::Null,
            no_deployment,
            "there is no deployment 'none'",
        ),
        (
            "PATCH",
            "/deployments/none",
            json!({}),
            no_deployment,
            "there is no deployment 'none'",
        ),
        (
            "DELETE",
            "/deployments/none",
            Json::Null,
            no_deployment,
            "there is no deployment 'none'",
        ),
        (
            "GET",
            "/deployments/none/versions/v1",
            Json::Null,
            no_deployment,
            "there is no deployment 'none'",
        ),
        (
            "GET",
            "/deployments/d/versions/v9",
            Json::Null,
            no_version,
            "has no version 'v9'",
        ),
        (
            "PATCH",
            "/deployments/d/versions/v9",
            json!({"description": "x"}),
            no_version,
            "has no version 'v9'",
        ),
        (
            "DELETE",
            "/deployments/d/versions/v9",
            Json::Null,
            no_version,
            "has no version 'v9'",
        ),
        (
            "POST",
            "/deployments/none/requests",
            json!({}),
            no_deployment,
            "there is no deployment 'none'",
        ),
        (
            "POST",
            "/deployments/d/versions/v9/requests",
            json!({}),
            no_version,
            "has no version 'v9'",
        ),
        (
            "PATCH",
            "/deployments/d",
            json!({"default_version": "v9"}),
            no_version,
            "default_version: ",
        ),
    ] {
        let refused = call(&world, method, rest, body).expect(404);
        assert_eq!(refused.text("error"), words, "{refused}");
        assert!(refused.text("detail").contains(sentence), "{refused}");
    }
    // Pipelines keep our sentences: nobody compares theirs.
    let pipeline = call(&world, "GET", "/pipelines/none", Json::Null).expect(404);
    assert_eq!(
        pipeline.text("error"),
        "there is no pipeline 'none' in this project"
    );
    assert!(pipeline.json().get("detail").is_none());
}

#[test]
fn a_label_is_a_text_and_what_is_no_text_is_shown_as_its_json() {
    let world = World::new();
    let labels = json!({"gpu": true, "replicas": 3, "share": 0.5, "team": "vision"});
    let shown = json!({"gpu": "true", "replicas": "3", "share": "0.5", "team": "vision"});
    for kind in KINDS {
        let mut body = plain("o");
        body["labels"] = labels.clone();
        assert_eq!(make(&world, &format!("/{kind}"), body)["labels"], shown);
        let versions = format!("/{kind}/o/versions");
        let body = json!({"version": "v1", "labels": labels});
        assert_eq!(make(&world, &versions, body)["labels"], shown);
        let wanted = read(&world, &format!("/{kind}?labels=gpu:true"));
        assert_eq!(wanted.as_array().unwrap().len(), 1);
        for value in [Json::Null, json!([1]), json!({})] {
            let body = json!({"labels": {"gpu": value}});
            call(&world, "PATCH", &format!("/{kind}/o"), body).refused(400, "labels");
        }
    }
    let project = call(&world, "PATCH", "", json!({"labels": labels}))
        .expect(200)
        .json();
    assert_eq!(project["labels"], shown);
}

#[test]
fn a_version_that_names_no_environment_has_an_external_one_and_its_type_for_a_group() {
    let world = World::new();
    world.deployment("d");
    let path = "/deployments/d/versions/v1";
    let external = |version: &Json| {
        for name in [
            "environment",
            "environment_name",
            "environment_display_name",
        ] {
            assert_eq!(version[name], "external", "{name}");
        }
        assert_eq!(version["environment_tag"], Json::Null);
    };
    let bare = read(&world, path);
    external(&bare);
    assert_eq!(bare["instance_type_group_name"], "2048mb");
    let body = json!({"instance_type": "512mb", "environment_tag": "latest"});
    let changed = call(&world, "PATCH", path, body).expect(200).json();
    external(&changed);
    assert_eq!(changed["instance_type_group_name"], "512mb");
    let body = json!({"environment": "python3-12", "instance_type_group_name": "512 MB"});
    let named = call(&world, "PATCH", path, body).expect(200).json();
    assert_eq!(named["environment_name"], "python3-12");
    assert_eq!(named["environment_tag"], "latest");
    assert_eq!(named["instance_type_group_name"], "512 MB");
    external(
        &call(&world, "PATCH", path, json!({"environment": null}))
            .expect(200)
            .json(),
    );
}

#[test]
fn no_deployment_or_pipeline_takes_the_name_of_another() {
    let world = World::new();
    for name in ["one", "two"] {
        world.deployment(name);
        world.pipeline(name);
    }
    for kind in ["deployments", "pipelines"] {
        call(
            &world,
            "PATCH",
            &format!("/{kind}/one"),
            json!({"name": "two"}),
        )
        .refused(400, "name: ");
        read(&world, &format!("/{kind}/one"));
    }
}
