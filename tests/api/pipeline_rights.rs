//! A pipeline version refers to what its author may read, and shows what its reader may read: nothing else of a project
//! comes to light through it (contract section 2).

use serde_json::{Value as Json, json};

use testkit::pipelines::{link, object};
use testkit::{Answer, Call, Caller, World};

/// A world with the deployments `open` and `closed` and the pipelines `p` and `inner`, and a service user who is
/// pipeline-editor of `p` and deployment-viewer of `open`, and no more.
fn world() -> (World, Caller) {
    let world = World::new();
    for name in ["open", "closed"] {
        world.deployment(name);
    }
    for name in ["p", "inner"] {
        world.pipeline(name);
    }
    let author = world.service_user(&[]);
    world.assign_on("pipeline", "p", "pipeline-editor", &author.id);
    world.assign_on("deployment", "open", "deployment-viewer", &author.id);
    (world, author)
}

fn of(objects: &[Json]) -> Json {
    json!({"version": "v2", "objects": objects})
}

fn post(world: &World, by: &Caller, body: Json) -> Answer {
    world.call(by, "POST", &world.path("/pipelines/p/versions"), body)
}

fn patch(world: &World, by: &Caller, rest: &str, body: Json) -> Answer {
    world.call(by, "PATCH", &world.path(rest), body)
}

#[test]
fn what_its_author_may_not_read_does_not_exist_for_them() {
    let (world, author) = world();
    post(&world, &author, of(&[object("one", "deployment", "open")])).expect(201);
    for (kind, hidden, nothing) in [
        ("deployment", "closed", "absent"),
        ("pipeline", "inner", "absent"),
    ] {
        for version in [Json::Null, json!("v1"), json!("v9")] {
            let sentence = |reference: &str| {
                let mut object = object("one", kind, reference);
                object["version"] = version.clone();
                let body = of(&[object]);
                let created = post(&world, &author, body.clone()).expect(400).error();
                let changed = patch(&world, &author, "/pipelines/p/versions/v1", body);
                assert_eq!(changed.expect(400).error(), created);
                created.replace(reference, "...")
            };
            assert_eq!(sentence(hidden), sentence(nothing), "{kind} {version}");
        }
    }
    let pinned = "SELECT count(*) FROM pipeline_objects";
    assert_eq!(world.count(pinned), 1);
}

#[test]
fn the_right_on_the_project_or_on_the_very_object_is_enough() {
    let (world, _) = world();
    let both = of(&[
        object("one", "deployment", "closed"),
        object("two", "pipeline", "inner"),
    ]);
    let callers = [
        world.operator(),
        world.owner(),
        world.admin(),
        world.editor(),
        world.robot(),
    ];
    for caller in callers {
        post(&world, &caller, both.clone()).expect(201);
        let path = world.path("/pipelines/p/versions/v2");
        world
            .call(&world.owner(), "DELETE", &path, Json::Null)
            .expect(204);
    }
    let (one, other) = (
        world.service_user(&["pipeline-editor"]),
        world.service_user(&[]),
    );
    post(&world, &one, both.clone()).refused(400, "'one' refers to the deployment 'closed'");
    world.assign_on("deployment", "closed", "deployment-viewer", &one.id);
    post(&world, &one, both.clone()).expect(201);
    // A role on another object of the kind, or on the one by somebody else, is none.
    world.assign_on("pipeline", "p", "pipeline-editor", &other.id);
    world.assign_on("deployment", "open", "deployment-admin", &other.id);
    let mut again = both;
    again["version"] = json!("v3");
    post(&world, &other, again).refused(400, "does not exist in this project");
}

#[test]
fn a_right_to_read_that_is_lost_between_the_round_trips_is_lost() {
    let (world, author) = world();
    let listed = world.get(
        &world.owner(),
        &world.path("/role-assignments?resource=open&resource_type=deployment"),
    );
    let id = listed.json()[0]["id"].as_str().unwrap().to_owned();
    let call = Call::new("POST", world.path("/pipelines/p/versions"))
        .by(&author)
        .json(&of(&[object("one", "deployment", "open")]));
    let answer = world.send_while(
        2,
        move |world| {
            let path = world.path(&format!("/role-assignments/{id}"));
            world
                .call(&world.owner(), "DELETE", &path, Json::Null)
                .expect(204);
        },
        call,
    );
    answer.refused(
        400,
        "'one' refers to the deployment 'open', which does not exist",
    );
}

#[test]
fn what_its_reader_may_not_read_is_not_shown() {
    let (world, reader) = world();
    let mut named = object("two", "deployment", "closed");
    named["version"] = json!("v1");
    named["configuration"] = json!({"of": "the pipeline"});
    let operator =
        json!({"name": "fn", "reference_name": "function", "reference_type": "operator"});
    let body = of(&[
        object("one", "deployment", "open"),
        named,
        object("three", "pipeline", "inner"),
        operator,
    ]);
    let whole = post(&world, &world.owner(), body).expect(201).json();
    assert_eq!(whole["objects"][1]["reference_name"], "closed");
    let path = "/pipelines/p/versions/v2";
    let renamed = patch(&world, &reader, path, json!({"description": "x"})).expect(200);
    let read = world.get(&reader, &world.path(path)).expect(200);
    for answer in [read, renamed] {
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(
            !text.contains("closed") && !text.contains("inner"),
            "{text}"
        );
        let shown = answer.json();
        assert_eq!(shown["objects"][0], whole["objects"][0]);
        for (index, kind) in [(1, "deployment"), (2, "pipeline")] {
            let object = &shown["objects"][index];
            assert_eq!(object["reference_name"], "(not visible)");
            assert_eq!(object["reference_type"], kind);
            for field in ["version", "input_type", "output_type"] {
                assert_eq!(object[field], Json::Null, "{field}");
            }
            for field in ["input_fields", "output_fields"] {
                assert_eq!(object[field], json!([]), "{field}");
            }
            for field in ["id", "name", "configuration", "metadata"] {
                assert_eq!(object[field], whole["objects"][index][field], "{field}");
            }
        }
        assert_eq!(shown["objects"][3]["reference_name"], "function");
    }
    world.assign_on("deployment", "closed", "deployment-viewer", &reader.id);
    let shown = world.get(&reader, &world.path(path)).json();
    assert_eq!(shown["objects"][1], whole["objects"][1]);
}

#[test]
fn objects_that_stay_are_not_asked_about_and_objects_that_are_named_are() {
    let (world, author) = world();
    let objects = json!([object("one", "deployment", "closed")]);
    post(
        &world,
        &world.owner(),
        json!({"version": "v2", "objects": objects}),
    )
    .expect(201);
    let path = "/pipelines/p/versions/v2";
    patch(&world, &author, path, json!({"labels": {"a": "b"}})).expect(200);
    // The names of fields that the author may not see are not told either.
    let attachments = json!([link("pipeline_start", "in", "one", "x")]);
    patch(
        &world,
        &world.owner(),
        path,
        json!({"attachments": attachments}),
    )
    .expect(200);
    let fields = json!([{"name": "x", "data_type": "int"}, {"name": "z", "data_type": "int"}]);
    let added = json!({"input_fields": fields});
    patch(&world, &world.owner(), "/deployments/closed", added).expect(200);
    let refused = patch(&world, &author, path, json!({"attachments": attachments}));
    let sentence = refused.refused(400, "which you may not see").error();
    assert!(!sentence.contains("'z'"), "{sentence}");
    // To send what is there already is to name it: else a guess would be told from a wrong one.
    patch(&world, &author, path, json!({"objects": objects})).refused(400, "does not exist");
    patch(&world, &author, path, json!({"objects": []})).refused(400, "there is no object 'one'");
    patch(
        &world,
        &author,
        path,
        json!({"objects": [], "attachments": []}),
    )
    .expect(200);
}

#[test]
fn the_attachments_of_what_the_author_may_not_read_stay_as_they_are() {
    let (world, author) = world();
    let objects = json!([
        object("one", "deployment", "closed"),
        object("two", "deployment", "open"),
        object("three", "pipeline", "inner"),
    ]);
    let wired = json!([
        link("pipeline_start", "in", "one", "x"),
        link("one", "y", "two", "x"),
    ]);
    let body = json!({"version": "v2", "objects": objects, "attachments": wired});
    post(&world, &world.owner(), body).expect(201);
    let path = "/pipelines/p/versions/v2";
    let set = |attachments: Json| patch(&world, &author, path, json!({"attachments": attachments}));
    let sources = |name: &str, sources: Json| json!({"destination_name": name, "sources": sources});
    // A right guess and a wrong one, of either side, are told the same, and so is what maps no field.
    for (name, guesses) in [
        (
            "one",
            vec![
                json!([]),
                Json::Null,
                json!([wired[0]]),
                json!([wired[1]]),
                json!([link("pipeline_start", "in", "one", "guess"), wired[1]]),
                json!([link("two", "y", "one", "x")]),
                json!([wired[0], link("one", "guess", "two", "x")]),
                json!([wired[0], wired[1], link("one", "y", "pipeline_end", "out")]),
                json!([wired[0], sources("two", json!([{"source_name": "one"}]))]),
                json!([wired[0], wired[1], sources("one", json!([]))]),
            ],
        ),
        (
            "three",
            vec![
                json!([wired[0], wired[1], link("two", "y", "three", "in")]),
                json!([wired[0], wired[1], link("two", "y", "three", "guess")]),
                json!([
                    wired[0],
                    wired[1],
                    link("three", "out", "pipeline_end", "out")
                ]),
                json!([
                    wired[0],
                    wired[1],
                    link("three", "guess", "pipeline_end", "out")
                ]),
                json!([
                    wired[0],
                    wired[1],
                    sources("three", json!([{"source_name": "two"}]))
                ]),
                json!([wired[0], wired[1], sources("three", json!([]))]),
            ],
        ),
    ] {
        let sentence = format!(
            "attachments: '{name}' refers to what you may not see; its attachments stay as they are"
        );
        for guess in guesses {
            assert_eq!(set(guess.clone()).expect(400).error(), sentence, "{guess}");
        }
    }
    // What is there already, in another order too, and what has to do with other objects alone.
    set(wired.clone()).expect(200);
    set(json!([
        wired[1],
        wired[0],
        link("two", "y", "pipeline_end", "out")
    ]))
    .expect(200);
    let told = json!({"description": "other", "labels": {"a": "b"}, "version": "v3"});
    patch(&world, &author, path, told).expect(200);
    world.assign_on("deployment", "closed", "deployment-viewer", &author.id);
    let rewired = json!([link("pipeline_start", "in", "one", "x")]);
    let path = "/pipelines/p/versions/v3";
    patch(&world, &author, path, json!({"attachments": rewired})).expect(200);
}

#[test]
fn a_refusal_names_pipelines_that_the_caller_may_see_and_no_others() {
    let (world, _) = world();
    let body = json!({
        "version": "v2", "objects": [object("one", "deployment", "open"), object("two", "pipeline", "inner")],
        "attachments": [link("pipeline_start", "in", "one", "x"), link("one", "y", "two", "in")],
    });
    post(&world, &world.owner(), body).expect(201);
    let stranger = world.service_user(&[]);
    for (kind, name) in [("deployment", "open"), ("pipeline", "inner")] {
        world.assign_on(kind, name, &format!("{kind}-admin"), &stranger.id);
    }
    let friend = world.service_user(&["deployment-admin"]);
    world.assign_on("pipeline", "p", "pipeline-viewer", &friend.id);
    world.assign_on("pipeline", "inner", "pipeline-admin", &friend.id);
    for (method, rest, body, to_friend) in [
        (
            "PATCH",
            "/deployments/open",
            json!({"input_fields": []}),
            "version 'v2' of the pipeline 'p' maps the field 'x' of 'one'",
        ),
        (
            "PATCH",
            "/pipelines/inner",
            json!({"input_type": "plain"}),
            "version 'v2' of the pipeline 'p' maps the field 'in' of 'two'",
        ),
        (
            "DELETE",
            "/deployments/open",
            Json::Null,
            "is used in a pipeline, version 'v2' of 'p'",
        ),
        (
            "DELETE",
            "/pipelines/inner",
            Json::Null,
            "is used in another pipeline, version 'v2' of 'p'",
        ),
    ] {
        let call = |by: &Caller| world.call(by, method, &world.path(rest), body.clone());
        call(&friend).refused(400, to_friend);
        call(&world.owner()).refused(400, to_friend);
        let sentence = call(&stranger)
            .refused(400, "pipeline that you may not see")
            .error();
        for secret in ["'p'", "'v2'", "'one'", "'two'"] {
            assert!(!sentence.contains(secret), "{sentence}");
        }
    }
}

#[test]
fn a_refusal_names_a_pipeline_that_the_caller_may_see_before_those_that_they_may_not() {
    let (world, _) = world();
    let body = json!({
        "version": "v2", "objects": [
            {"name": "one", "reference_name": "open", "version": "v1"},
            object("two", "pipeline", "inner"),
        ],
        "attachments": [link("pipeline_start", "in", "one", "x"), link("one", "y", "two", "in")],
    });
    let names = ["h1", "h2", "h3", "seen", "h4", "h5", "h6"];
    for name in names {
        world.pipeline(name);
        let path = world.path(&format!("/pipelines/{name}/versions"));
        world
            .call(&world.owner(), "POST", &path, body.clone())
            .expect(201);
    }
    let caller = world.service_user(&[]);
    for (kind, name) in [("deployment", "open"), ("pipeline", "inner")] {
        world.assign_on(kind, name, &format!("{kind}-admin"), &caller.id);
    }
    for name in ["p", "seen"] {
        world.assign_on("pipeline", name, "pipeline-viewer", &caller.id);
    }
    let lost = json!({"input_fields": []});
    for (method, rest, body) in [
        ("PATCH", "/deployments/open", lost.clone()),
        ("PATCH", "/pipelines/inner", lost),
        ("DELETE", "/deployments/open", Json::Null),
        ("DELETE", "/deployments/open/versions/v1", Json::Null),
        ("DELETE", "/pipelines/inner", Json::Null),
    ] {
        let answer = world.call(&caller, method, &world.path(rest), body);
        let sentence = answer.expect(400).error();
        assert!(sentence.contains("'seen'"), "{method} {rest}: {sentence}");
    }
}

#[test]
fn a_version_that_is_used_says_where_to_who_may_see_that() {
    let (world, _) = world();
    let mut object = object("one", "deployment", "open");
    object["version"] = json!("v1");
    post(&world, &world.owner(), of(&[object])).expect(201);
    let stranger = world.service_user(&["deployment-admin"]);
    let path = world.path("/deployments/open/versions/v1");
    let delete = |by: &Caller| world.call(by, "DELETE", &path, Json::Null);
    delete(&world.owner()).refused(
        400,
        "the version 'v1' is used in a pipeline, version 'v2' of 'p'",
    );
    delete(&stranger).refused(
        400,
        "the version 'v1' is used in a pipeline that you may not see",
    );
}
