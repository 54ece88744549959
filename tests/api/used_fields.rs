//! Fields of deployments and pipelines that a pipeline uses: a change takes none away that something is mapped to or from.

use serde_json::{Value as Json, json};

use testkit::pipelines::{link, object};
use testkit::{Answer, Call, World};

fn fields(names: &[&str]) -> Json {
    let field = |name: &&str| json!({"name": name, "data_type": "int"});
    names.iter().map(field).collect()
}

/// A world in which version `v2` of the pipeline `outer` goes from its start over the deployment `d` and the pipeline
/// `inner` to its end. `d` takes `x` and gives `y`; the pipelines take `in` and give `out`.
fn world() -> World {
    let world = World::new();
    world.deployment("d");
    world.pipeline("inner");
    world.pipeline("outer");
    let body = json!({
        "version": "v2",
        "objects": [object("one", "deployment", "d"), object("two", "pipeline", "inner")],
        "attachments": [
            link("pipeline_start", "in", "one", "x"),
            link("one", "y", "two", "in"),
            link("two", "out", "pipeline_end", "out"),
        ],
    });
    let path = world.path("/pipelines/outer/versions");
    world.call(&world.owner(), "POST", &path, body).expect(201);
    world
}

fn patch(world: &World, path: &str, body: Json) -> Answer {
    world.call(&world.owner(), "PATCH", &world.path(path), body)
}

#[test]
fn a_field_that_is_mapped_is_not_taken_away() {
    let world = world();
    for (path, body, words) in [
        (
            "/deployments/d",
            json!({"input_fields": fields(&["renamed"])}),
            "input_fields: version 'v2' of the pipeline 'outer' maps the field 'x' of 'one'",
        ),
        (
            "/deployments/d",
            json!({"output_fields": []}),
            "output_fields: version 'v2' of the pipeline 'outer' maps the field 'y' of 'one'",
        ),
        (
            "/pipelines/inner",
            json!({"input_type": "plain"}),
            "input_fields: version 'v2' of the pipeline 'outer' maps the field 'in' of 'two'",
        ),
        (
            "/pipelines/inner",
            json!({"output_fields": fields(&["other"])}),
            "output_fields: version 'v2' of the pipeline 'outer' maps the field 'out' of 'two'",
        ),
        (
            "/pipelines/outer",
            json!({"input_type": "structured", "input_fields": fields(&["other"])}),
            "input_fields: version 'v2' of the pipeline 'outer' maps the field 'in' of 'pipeline_start'",
        ),
        (
            "/pipelines/outer",
            json!({"output_type": "plain"}),
            "output_fields: version 'v2' of the pipeline 'outer' maps the field 'out' of 'pipeline_end'",
        ),
    ] {
        let before = world.get(&world.owner(), &world.path(path)).json();
        let trail = || world.count("SELECT count(*) FROM audit");
        let rows = trail();
        patch(&world, path, body).refused(400, words);
        assert_eq!(world.get(&world.owner(), &world.path(path)).json(), before);
        assert_eq!(trail(), rows);
    }
}

#[test]
fn fields_are_added_reordered_and_given_another_type_or_widget() {
    let world = world();
    let body = json!({"input_fields": [
        {"name": "new", "data_type": "string"},
        {"name": "x", "data_type": "double", "widget": {"type": "slider"}},
    ]});
    patch(&world, "/deployments/d", body).expect(200);
    let body = json!({"output_type": "structured", "output_fields": fields(&["more", "out"])});
    patch(&world, "/pipelines/inner", body.clone()).expect(200);
    patch(&world, "/pipelines/outer", body).expect(200);
    patch(&world, "/deployments/d", json!({"description": "other"})).expect(200);
    // What was added and is mapped to nothing may go again.
    patch(
        &world,
        "/deployments/d",
        json!({"input_fields": fields(&["x"])}),
    )
    .expect(200);
}

#[test]
fn what_no_attachment_names_any_more_is_free() {
    let world = world();
    let body = json!({"attachments": []});
    patch(&world, "/pipelines/outer/versions/v2", body).expect(200);
    for (path, body) in [
        (
            "/deployments/d",
            json!({"input_fields": [], "output_fields": []}),
        ),
        (
            "/pipelines/inner",
            json!({"input_type": "plain", "output_type": "plain"}),
        ),
        (
            "/pipelines/outer",
            json!({"input_type": "plain", "output_type": "plain"}),
        ),
    ] {
        patch(&world, path, body).expect(200);
    }
}

#[test]
fn a_mapping_that_comes_meanwhile_holds_its_field() {
    let world = world();
    let line = world.get(&world.owner(), &world.path("/pipelines/outer/versions/v2"));
    let attachments = json!({"attachments": line.expect(200).json()["attachments"]});
    let path = "/pipelines/outer/versions/v2";
    patch(&world, path, json!({"attachments": []})).expect(200);
    let call = Call::new("PATCH", world.path("/deployments/d"))
        .by(&world.owner())
        .json(&json!({"input_fields": fields(&["renamed"])}));
    let answer = world.send_while(
        2,
        move |world| {
            patch(world, path, attachments).expect(200);
        },
        call,
    );
    answer.refused(400, "maps the field 'x' of 'one'");
}
