//! The objects and attachments of a pipeline version: what holds together is kept, and nothing else is.

use serde_json::{Value as Json, json};

use testkit::pipelines::link;
use testkit::{Answer, Call, World};

/// A world with the deployments `a` and `b` (one field `x` in, one field `y` out) and the pipeline `p` (`in`, `out`).
fn world() -> World {
    let world = World::new();
    world.deployment("a");
    world.deployment("b");
    world.pipeline("p");
    world
}

fn object(name: &str, reference: &str) -> Json {
    json!({"name": name, "reference_name": reference, "reference_type": "deployment", "version": "v1"})
}

/// `pipeline_start` to `one` to `two` to `pipeline_end`.
fn line() -> Json {
    json!({
        "version": "v2",
        "objects": [object("one", "a"), object("two", "b")],
        "attachments": [
            link("pipeline_start", "in", "one", "x"),
            link("one", "y", "two", "x"),
            link("two", "y", "pipeline_end", "out"),
        ],
    })
}

fn create(world: &World, body: Json) -> Answer {
    world.call(
        &world.owner(),
        "POST",
        &world.path("/pipelines/p/versions"),
        body,
    )
}

fn patch(world: &World, version: &str, body: Json) -> Answer {
    let path = world.path(&format!("/pipelines/p/versions/{version}"));
    world.call(&world.owner(), "PATCH", &path, body)
}

/// The line with one attachment in place of another.
fn with_attachments(attachments: &[Json]) -> Json {
    let mut body = line();
    body["attachments"] = json!(attachments);
    body
}

#[test]
fn a_version_is_shown_as_it_was_made_with_ids_and_the_fields_of_what_it_refers_to() {
    let world = world();
    let made = create(&world, line()).expect(201).json();
    let first = &made["objects"][0];
    assert_eq!(first["name"], "one");
    assert_eq!(
        (&first["reference_name"], &first["version"]),
        (&json!("a"), &json!("v1"))
    );
    assert_eq!(
        first["input_fields"],
        json!([{"name": "x", "data_type": "int"}])
    );
    assert_eq!(first["output_type"], "structured");
    assert_eq!(first["configuration"], json!({}));
    assert_eq!(made["attachments"][2]["destination_name"], "pipeline_end");
    for list in ["objects", "attachments"] {
        for one in made[list].as_array().unwrap() {
            assert_eq!(one["id"].as_str().unwrap().len(), 36);
        }
    }
    let path = world.path("/pipelines/p/versions/v2");
    assert_eq!(world.get(&world.owner(), &path).expect(200).json(), made);
    let listed = world
        .get(&world.owner(), &world.path("/pipelines/p/versions"))
        .expect(200)
        .json();
    assert_eq!(listed[1]["version"], "v2");
    assert!(listed[1].get("objects").is_none());
}

#[test]
fn what_does_not_hold_together_is_refused_with_its_name() {
    let start = || link("pipeline_start", "in", "one", "x");
    for (body, words) in [
        (
            {
                let mut body = line();
                body["objects"][0]["reference_name"] = json!("none");
                body
            },
            "objects: 'one' refers to the deployment 'none'",
        ),
        (
            {
                let mut body = line();
                body["objects"][0]["version"] = json!("v7");
                body
            },
            "with a version 'v7', which does not exist",
        ),
        (
            {
                let mut body = line();
                body["objects"][0]["reference_type"] = json!("pipeline");
                body
            },
            "refers to the pipeline 'a'",
        ),
        (
            with_attachments(&[link("pipeline_start", "in", "three", "x")]),
            "there is no object 'three'",
        ),
        (
            with_attachments(&[link("three", "y", "one", "x")]),
            "there is no object 'three'",
        ),
        (
            with_attachments(&[link("pipeline_start", "none", "one", "x")]),
            "'pipeline_start' gives no field 'none'",
        ),
        (
            with_attachments(&[link("pipeline_start", "in", "one", "none")]),
            "'one' takes no field 'none'",
        ),
        (
            with_attachments(&[start(), link("one", "x", "two", "x")]),
            "'one' gives no field 'x'",
        ),
        (
            with_attachments(&[
                json!({"destination_name": "one", "sources": [{"source_name": "pipeline_start"}]}),
            ]),
            "nothing is mapped to the field 'x' of 'one'",
        ),
        (
            with_attachments(&[
                json!({"destination_name": "pipeline_end", "sources": [{"source_name": "two"}]}),
            ]),
            "nothing is mapped to the field 'out' of 'pipeline_end'",
        ),
        (
            with_attachments(&[link("one", "y", "two", "x"), link("two", "y", "one", "x")]),
            "attachments: ",
        ),
        (
            with_attachments(&[link("one", "y", "one", "x")]),
            "must have no cycle",
        ),
    ] {
        let world = world();
        create(&world, body.clone()).refused(400, words);
        assert_eq!(
            world.count("SELECT count(*) FROM pipeline_versions"),
            1,
            "{words}"
        );
        assert_eq!(
            world.count("SELECT count(*) FROM pipeline_objects"),
            0,
            "{words}"
        );
        // The same of a version that there is, which stays as it was.
        let path = world.path("/pipelines/p/versions/v1");
        let before = world.get(&world.owner(), &path).json();
        patch(&world, "v1", body).refused(400, words);
        assert_eq!(world.get(&world.owner(), &path).json(), before, "{words}");
    }
}

#[test]
fn several_sources_together_map_the_fields_of_a_destination() {
    let world = world();
    let body = json!({"name": "wide", "input_type": "structured", "output_type": "plain",
                      "input_fields": [{"name": "l", "data_type": "int"}, {"name": "r", "data_type": "int"}]});
    world
        .call(&world.owner(), "POST", &world.path("/deployments"), body)
        .expect(201);
    let wide = json!({"name": "join", "reference_name": "wide"});
    let join = |sources: Json| {
        json!({"version": "v2", "objects": [object("one", "a"), wide], "attachments": [
            link("pipeline_start", "in", "one", "x"), {"destination_name": "join", "sources": sources},
        ]})
    };
    let left = json!({"source_name": "one", "mapping": [{"source_field_name": "y", "destination_field_name": "l"}]});
    let right = json!({"source_name": "pipeline_start", "mapping": [
        {"source_field_name": "in", "destination_field_name": "r"}]});
    create(&world, join(json!([left]))).refused(400, "the field 'r' of 'join'");
    create(&world, join(json!([left, right]))).expect(201);
}

#[test]
fn an_operator_and_an_object_that_nothing_is_attached_to_are_kept() {
    let world = world();
    let operator = json!({"name": "fn", "reference_name": "function", "reference_type": "operator",
                          "configuration": {"expression": "a + b"}});
    let body = json!({"version": "v2", "objects": [operator, object("idle", "a")], "attachments": [
        link("pipeline_start", "in", "fn", "anything"), link("fn", "whatever", "pipeline_end", "out"),
    ]});
    let made = create(&world, body).expect(201).json();
    assert_eq!(made["objects"][0]["reference_name"], "function");
    assert_eq!(
        made["objects"][0]["configuration"],
        json!({"expression": "a + b"})
    );
    assert_eq!(made["objects"][0]["input_type"], Json::Null);
}

#[test]
fn absent_keeps_and_null_or_an_empty_list_removes() {
    let world = world();
    let made = create(&world, line()).expect(201).json();
    let labelled = patch(&world, "v2", json!({"labels": {"k": "v"}}))
        .expect(200)
        .json();
    assert_eq!(
        (&labelled["objects"], &labelled["attachments"]),
        (&made["objects"], &made["attachments"])
    );
    // Without its objects the attachments hang in the air; without its attachments the objects are kept.
    patch(&world, "v2", json!({"objects": []})).refused(400, "there is no object");
    let loose = patch(&world, "v2", json!({"attachments": null}))
        .expect(200)
        .json();
    assert_eq!(
        (&loose["objects"], &loose["attachments"]),
        (&made["objects"], &json!([]))
    );
    let again = patch(&world, "v2", json!({"attachments": line()["attachments"]}))
        .expect(200)
        .json();
    assert_eq!(again["attachments"].as_array().unwrap().len(), 3);
    let empty = patch(&world, "v2", json!({"objects": null, "attachments": []}))
        .expect(200)
        .json();
    assert_eq!(
        (&empty["objects"], &empty["attachments"]),
        (&json!([]), &json!([]))
    );
}

#[test]
fn what_a_pipeline_uses_can_be_renamed_but_not_deleted() {
    let world = world();
    create(&world, line()).expect(201);
    let delete = |rest: &str| world.call(&world.owner(), "DELETE", &world.path(rest), Json::Null);
    delete("/deployments/a").refused(400, "used in a pipeline");
    delete("/deployments/a/versions/v1").refused(400, "used in a pipeline");
    world
        .call(
            &world.owner(),
            "PATCH",
            &world.path("/deployments/a"),
            json!({"name": "z"}),
        )
        .expect(200);
    world
        .call(
            &world.owner(),
            "PATCH",
            &world.path("/deployments/z/versions/v1"),
            json!({"version": "v5"}),
        )
        .expect(200);
    let shown = world
        .get(&world.owner(), &world.path("/pipelines/p/versions/v2"))
        .json();
    assert_eq!(
        (
            &shown["objects"][0]["reference_name"],
            &shown["objects"][0]["version"]
        ),
        (&json!("z"), &json!("v5"))
    );
    delete("/pipelines/p/versions/v2").expect(204);
    delete("/deployments/z").expect(204);
}

#[test]
fn no_pipeline_contains_itself() {
    let world = world();
    world.pipeline("q");
    world.pipeline("r");
    let uses = |pipeline: &str, version: &str, used: &str| {
        let body = json!({"version": version, "objects": [
            {"name": "sub", "reference_name": used, "reference_type": "pipeline"}]});
        let path = world.path(&format!("/pipelines/{pipeline}/versions"));
        world.call(&world.owner(), "POST", &path, body)
    };
    uses("p", "v2", "p").refused(400, "no pipeline can contain itself");
    uses("p", "v2", "q").expect(201);
    uses("q", "v2", "r").expect(201);
    uses("r", "v2", "p").refused(400, "no pipeline can contain itself");
    uses("r", "v2", "q").refused(400, "no pipeline can contain itself");
    let delete = |rest: &str| world.call(&world.owner(), "DELETE", &world.path(rest), Json::Null);
    delete("/pipelines/r").refused(400, "used in another pipeline");
    delete("/pipelines/q/versions/v2").expect(204);
    uses("r", "v2", "p").expect(201);
}

#[test]
fn two_pipelines_that_come_to_use_each_other_at_once_do_not() {
    for place in [1, 2] {
        let world = world();
        world.pipeline("q");
        let uses = |world: &World, pipeline: &str, used: &str| {
            let body = json!({"version": "v2", "objects": [
                {"name": "sub", "reference_name": used, "reference_type": "pipeline"}]});
            let path = world.path(&format!("/pipelines/{pipeline}/versions"));
            Call::new("POST", path).by(&world.owner()).json(&body)
        };
        world.before_trip(place, move |world| {
            world.send(uses(world, "q", "p")).expect(201);
        });
        world
            .send(uses(&world, "p", "q"))
            .refused(400, "no pipeline can contain itself");
    }
}

#[test]
fn what_is_deleted_meanwhile_is_in_no_pipeline() {
    for place in [1, 2] {
        for (gone, words) in [
            ("/deployments/a", "refers to the deployment 'a'"),
            ("/deployments/a/versions/v1", "with a version 'v1'"),
        ] {
            let world = world();
            world.before_trip(place, move |world| {
                world
                    .call(&world.owner(), "DELETE", &world.path(gone), Json::Null)
                    .expect(204);
            });
            create(&world, line()).refused(400, words);
        }
    }
}

#[test]
fn what_comes_into_a_pipeline_meanwhile_is_not_deleted() {
    for place in [1, 2] {
        for path in ["/deployments/a", "/deployments/a/versions/v1"] {
            let world = world();
            world.before_trip(place, |world| {
                create(world, line()).expect(201);
            });
            let call = Call::new("DELETE", world.path(path)).by(&world.owner());
            world.send(call).refused(400, "used in a pipeline");
        }
    }
}

#[test]
fn a_field_that_comes_meanwhile_must_be_mapped_too() {
    for place in [1, 2] {
        let world = world();
        world.before_trip(place, |world| {
            let fields = json!({"input_fields": [
                {"name": "x", "data_type": "int"}, {"name": "late", "data_type": "int"}]});
            world
                .call(
                    &world.owner(),
                    "PATCH",
                    &world.path("/deployments/a"),
                    fields,
                )
                .expect(200);
        });
        create(&world, line()).refused(400, "the field 'late' of 'one'");
    }
}

#[test]
fn a_version_of_the_greatest_size_is_taken() {
    let world = World::new();
    world.deployment("a");
    world.pipeline("p");
    let objects: Vec<Json> = (0..100).map(|n| object(&format!("o{n}"), "a")).collect();
    let attachments: Vec<Json> = (0..100)
        .map(|n| match n {
            0 => link("pipeline_start", "in", "o0", "x"),
            n => link(&format!("o{}", n - 1), "y", &format!("o{n}"), "x"),
        })
        .collect();
    let body = json!({"version": "v2", "objects": objects, "attachments": attachments});
    create(&world, body).expect(201);
    let objects: Vec<Json> = (0..101).map(|n| object(&format!("o{n}"), "a")).collect();
    create(&world, json!({"version": "v3", "objects": objects})).refused(400, "at most 100");
}

#[test]
fn an_attachment_without_sources_is_checked_too() {
    let world = world();
    let attached = |name: &str| {
        let attachments = json!([{"destination_name": name, "sources": []}]);
        json!({"version": "v2", "objects": [object("one", "a")], "attachments": attachments})
    };
    for (name, words) in [
        ("nope", "attachments: there is no object 'nope'"),
        ("one", "nothing is mapped to the field 'x' of 'one'"),
        (
            "pipeline_end",
            "nothing is mapped to the field 'out' of 'pipeline_end'",
        ),
    ] {
        create(&world, attached(name)).refused(400, words);
    }
    create(&world, line()).expect(201);
    for name in ["nope", "one"] {
        let attachments = attached(name)["attachments"].clone();
        let words = format!("'{name}'");
        patch(&world, "v2", json!({"attachments": attachments})).refused(400, &words);
    }
    // Beside another attachment of the same destination it says nothing, and is kept.
    let mut whole = line()["attachments"].clone();
    let more = json!({"destination_name": "one", "sources": []});
    whole.as_array_mut().unwrap().insert(0, more);
    patch(&world, "v2", json!({"attachments": whole})).expect(200);
}

#[test]
fn a_key_of_metadata_with_nul_is_refused_and_reaches_no_other() {
    let world = world();
    let kept = json!({"a": "precious", "b": {"c": 1}});
    create(&world, json!({"version": "v2", "metadata": kept})).expect(201);
    for metadata in [
        json!({"a\u{0}zz": "x"}),
        json!({"a\u{0}": null}),
        json!({"b": {"c\u{0}": 2}}),
        json!({"d": [{"\u{0}": 1}]}),
    ] {
        let body = json!({"version": "v3", "metadata": metadata});
        create(&world, body.clone()).refused(400, "metadata");
        patch(&world, "v2", body).refused(400, "holds a NUL character (U+0000)");
    }
    let changed = patch(&world, "v2", json!({"metadata": {"d": "\u{0}"}})).expect(200);
    let mut kept = kept;
    kept["d"] = json!("\u{0}");
    assert_eq!(changed.json()["metadata"], kept);
}

#[test]
fn metadata_stay_short_however_often_a_change_merges_into_them() {
    let world = world();
    let half = "x".repeat(40_000);
    let created = create(
        &world,
        json!({"version": "v2", "metadata": {"a": half.repeat(2)}}),
    );
    created.refused(400, "metadata");
    create(&world, json!({"version": "v2", "metadata": {"a": half}})).expect(201);
    patch(&world, "v2", json!({"metadata": {"b": half}})).refused(400, "metadata");
    patch(&world, "v2", json!({"metadata": {"a": null, "b": half}})).expect(200);
    patch(&world, "v3", json!({"metadata": {"b": half}})).expect(404);
}

#[test]
fn what_an_object_says_of_itself_is_short() {
    let world = world();
    for field in ["configuration", "metadata"] {
        let mut body = line();
        body["objects"][1][field] = json!({"a": "x".repeat(70_000)});
        create(&world, body).refused(400, "objects: ");
    }
}

#[test]
fn a_destination_in_several_attachments_is_mapped_by_all_of_them_together() {
    let world = world();
    let body = json!({"name": "wide", "input_type": "structured", "output_type": "plain",
                      "input_fields": [{"name": "if", "data_type": "bool"}, {"name": "data", "data_type": "int"}]});
    let path = world.path("/deployments");
    world.call(&world.owner(), "POST", &path, body).expect(201);
    let body = |attachments: &[Json]| {
        let wide = json!({"name": "join", "reference_name": "wide"});
        json!({"version": "v2", "objects": [object("one", "a"), wide], "attachments": attachments})
    };
    let start = link("pipeline_start", "in", "one", "x");
    let condition = link("pipeline_start", "in", "join", "if");
    let data = link("one", "y", "join", "data");
    create(&world, body(&[start.clone(), condition.clone()]))
        .refused(400, "the field 'data' of 'join'");
    let twice = body(&[
        start.clone(),
        condition.clone(),
        link("pipeline_start", "in", "join", "data"),
    ]);
    create(&world, twice).refused(400, "'pipeline_start' is a source of 'join' twice");
    let circle = body(&[
        start.clone(),
        condition.clone(),
        data.clone(),
        link("join", "z", "one", "x"),
    ]);
    create(&world, circle).refused(400, "no cycle");
    let made = create(&world, body(&[start, condition, data]))
        .expect(201)
        .json();
    let destinations: Vec<&Json> = made["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["destination_name"])
        .collect();
    assert_eq!(destinations, ["one", "join", "join"]);
    assert_eq!(
        made["attachments"][1]["sources"][0]["source_name"],
        "pipeline_start"
    );
}

#[test]
fn what_is_kept_is_measured_in_bytes() {
    let world = world();
    let text = "é".repeat(33_000);
    let configuration = |field: &str| {
        let mut body = line();
        body["objects"][1][field] = json!({"a": text});
        body
    };
    create(&world, configuration("configuration")).refused(400, "objects: ");
    create(&world, configuration("metadata")).refused(400, "objects: ");
    create(&world, json!({"version": "v2", "metadata": {"a": text}})).refused(400, "metadata");
    let half = &text[..40_000];
    create(&world, json!({"version": "v2", "metadata": {"a": half}})).expect(201);
    patch(&world, "v2", json!({"metadata": {"b": half}})).refused(400, "65536 bytes");
    let command = vec!["é".repeat(2_000); 10];
    let versions = world.path("/deployments/a/versions");
    let version = json!({"version": "v2", "command": command});
    world
        .call(&world.owner(), "POST", &versions, version)
        .expect(201);
    let both = json!({"version": "v3", "command": command, "args": command});
    world
        .call(&world.owner(), "POST", &versions, both)
        .refused(400, "65536 bytes");
    let args = json!({"args": command});
    let path = format!("{versions}/v2");
    world
        .call(&world.owner(), "PATCH", &path, args)
        .refused(400, "65536 bytes");
    let widget = json!({"type": "slider", "configuration": {"a": text}});
    let fields = json!({"input_fields": [{"name": "x", "data_type": "int", "widget": widget}]});
    for kind in ["deployments/a", "pipelines/p"] {
        let path = world.path(&format!("/{kind}"));
        let refused = world.call(&world.owner(), "PATCH", &path, fields.clone());
        refused.refused(400, "input_fields: ");
    }
}

#[test]
fn what_a_body_does_not_name_is_not_judged_anew() {
    let world = world();
    create(&world, line()).expect(201);
    let fields = json!({"input_fields": [{"name": "x", "data_type": "int"}, {"name": "late", "data_type": "int"}]});
    let path = world.path("/deployments/a");
    world
        .call(&world.owner(), "PATCH", &path, fields)
        .expect(200);
    // What was kept when there was more room stays.
    let metadata = json!({"metadata": {"a": "x".repeat(70_000)}}).to_string();
    world.execute(
        "UPDATE pipeline_versions SET settings = ?1 WHERE version = 'v2'",
        [metadata],
    );
    for body in [
        json!({}),
        json!({"description": "x"}),
        json!({"description": "x", "monitoring": null}),
    ] {
        patch(&world, "v2", body).expect(200);
    }
    let attachments = json!({"attachments": line()["attachments"]});
    patch(&world, "v2", attachments).refused(400, "the field 'late' of 'one'");
    patch(&world, "v2", json!({"metadata": {"b": 1}})).refused(400, "65536 bytes");
    patch(&world, "v2", json!({"metadata": null})).expect(200);
}

#[test]
fn a_version_of_a_pipeline_that_another_one_names_is_not_deleted() {
    let world = World::new();
    world.pipeline("inner");
    world.pipeline("outer");
    let objects = json!([{
        "name": "step", "reference_name": "inner", "reference_type": "pipeline", "version": "v1",
    }]);
    let path = world.path("/pipelines/outer/versions");
    let body = json!({"version": "v2", "objects": objects});
    world.call(&world.owner(), "POST", &path, body).expect(201);
    let inner = world.path("/pipelines/inner/versions/v1");
    let default = world.path("/pipelines/inner");
    world.call(
        &world.owner(),
        "PATCH",
        &default,
        json!({"default_version": null}),
    );
    let delete = || world.call(&world.owner(), "DELETE", &inner, Json::Null);
    delete().refused(400, "outer");
    world
        .call(&world.owner(), "DELETE", &format!("{path}/v2"), Json::Null)
        .expect(204);
    delete().expect(204);
}
