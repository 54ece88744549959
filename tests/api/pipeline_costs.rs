//! What pipelines cost is bounded by what is asked and answered, whatever was made before: the work of SQLite, counted in
//! steps of its machine, and the bytes of an answer (contract section 4, *What one caller can cost*).

use serde_json::{Value as Json, json};

use testkit::{World, schema};

/// So many fields, `f0` and so on, each with a widget of so many characters.
fn fields(count: usize, widget: usize) -> Json {
    let field = |n: usize| {
        let widget = json!({"type": "slider", "configuration": {"a": "x".repeat(widget)}});
        json!({"name": format!("f{n}"), "data_type": "int", "widget": widget})
    };
    (0..count).map(field).collect()
}

fn made(world: &World, rest: &str, body: Json) {
    world
        .call(&world.owner(), "POST", &world.path(rest), body)
        .expect(201);
}

/// A deployment, or a pipeline, of these fields on either side.
fn with_fields(world: &World, kind: &str, name: &str, fields: &Json) {
    let body = json!({
        "name": name, "input_type": "structured", "output_type": "structured", "input_fields": fields,
        "output_fields": fields,
    });
    made(world, &format!("/{kind}"), body);
}

/// So many objects, all of them of this deployment or pipeline.
fn objects(count: usize, kind: &str, reference: &str) -> Vec<Json> {
    (0..count)
        .map(|n| json!({"name": format!("o{n}"), "reference_name": reference, "reference_type": kind}))
        .collect()
}

/// Every field of so many objects, mapped from the pipeline's input.
fn attachments(count: usize, fields: usize) -> Vec<Json> {
    let mapping: Vec<Json> = (0..fields)
        .map(|n| json!({"source_field_name": format!("f{n}"), "destination_field_name": format!("f{n}")}))
        .collect();
    (0..count)
        .map(|n| {
            let sources = json!([{"source_name": "pipeline_start", "mapping": mapping}]);
            json!({"destination_name": format!("o{n}"), "sources": sources})
        })
        .collect()
}

/// The steps of a call that is answered with this status, made in a copy of the world.
fn steps(world: &World, method: &str, rest: &str, body: &Json, status: u16) -> u64 {
    let world = world.copy();
    let answer = world.call(&world.owner(), method, &world.path(rest), body.clone());
    let steps = world.database.steps();
    answer.expect(status);
    steps
}

/// A world in which so many pipeline versions map all fields of the deployment `d`, ten times each.
fn mapped(versions: usize) -> World {
    let world = World::new();
    with_fields(&world, "deployments", "d", &fields(50, 1));
    with_fields(&world, "pipelines", "p", &fields(50, 1));
    let body =
        json!({"objects": objects(20, "deployment", "d"), "attachments": attachments(20, 50)});
    for n in 0..versions {
        let mut body = body.clone();
        body["version"] = json!(format!("v{n}"));
        made(&world, "/pipelines/p/versions", body);
    }
    world
}

#[test]
fn a_change_of_fields_costs_the_same_however_many_versions_map_them() {
    let (one, five) = (mapped(1), mapped(5));
    let more = json!({"input_fields": fields(51, 1)});
    let fewer = json!({"input_fields": fields(49, 1)});
    let same = json!({"input_fields": fields(50, 1)});
    for (rest, body, status) in [
        ("/deployments/d", &more, 200),
        ("/deployments/d", &fewer, 400),
        ("/deployments/d", &same, 200),
        ("/pipelines/p", &more, 200),
        ("/pipelines/p", &fewer, 400),
    ] {
        let few = steps(&one, "PATCH", rest, body, status);
        let many = steps(&five, "PATCH", rest, body, status);
        assert!(
            many <= few + few / 10 + 60,
            "{rest} {status}: {few} -> {many}"
        );
        assert!(many < 40_000, "{rest} {status}: {many}");
    }
}

/// A world in which the pipeline `inner` has so many versions of 100 objects, all of the pipeline `leaf`.
fn nested(versions: usize) -> World {
    let world = World::new();
    for name in ["leaf", "inner", "outer"] {
        world.pipeline(name);
    }
    let body = json!({"version": "v2", "objects": objects(100, "pipeline", "leaf")});
    made(&world, "/pipelines/inner/versions", body);
    for n in 1..versions as i64 {
        world.execute(
            "INSERT INTO pipeline_versions (id, organization_id, project_id, pipeline_id, version, is_default,
                                            description, labels, settings, attachments, creation_date, last_updated)
             SELECT ?1 || id, organization_id, project_id, pipeline_id, version || ?1, 0, description, labels, settings,
                    attachments, 0, 0
             FROM pipeline_versions WHERE version = 'v2'",
            [n],
        );
        world.execute(
            "INSERT INTO pipeline_objects (id, organization_id, pipeline_id, pipeline_version_id, position, name,
                                           reference_type, reference_id, configuration, metadata)
             SELECT ?1 || o.id, o.organization_id, o.pipeline_id, ?1 || pipeline_version_id, position, name,
                    reference_type, reference_id, configuration, o.metadata
             FROM pipeline_objects o JOIN pipeline_versions v ON v.id = o.pipeline_version_id WHERE v.version = 'v2'",
            [n],
        );
    }
    world
}

#[test]
fn a_pipeline_version_costs_the_same_however_many_versions_there_are_of_what_it_uses() {
    let (few, many) = (nested(10), nested(80));
    let body = |kind: &str, reference: &str| json!({"version": "new", "objects": objects(100, kind, reference)});
    for (rest, reference, status) in [
        ("/pipelines/outer/versions", "inner", 201),
        ("/pipelines/inner/versions", "leaf", 201),
        ("/pipelines/leaf/versions", "inner", 400),
        ("/pipelines/leaf/versions", "outer", 201),
    ] {
        let body = body("pipeline", reference);
        let few = steps(&few, "POST", rest, &body, status);
        let many = steps(&many, "POST", rest, &body, status);
        assert!(
            many <= few + few / 10 + 60,
            "{rest} {status}: {few} -> {many}"
        );
        assert!(many < 200_000, "{rest} {status}: {many}");
    }
}

#[test]
fn a_pipeline_version_costs_nothing_of_the_widgets_that_it_does_not_show() {
    let [narrow, wide] = [1, 500].map(|widget| {
        let world = World::new();
        with_fields(&world, "deployments", "d", &fields(100, widget));
        with_fields(&world, "pipelines", "p", &fields(100, 1));
        let body = json!({
            "version": "v1", "objects": objects(100, "deployment", "d"), "attachments": attachments(7, 100),
        });
        made(&world, "/pipelines/p/versions", body);
        world
    });
    let read = |world: &World| {
        let path = world.path("/pipelines/p/versions/v1");
        world.get(&world.owner(), &path).expect(200);
        (world.database.steps(), world.database.bytes())
    };
    assert_eq!(read(&narrow), read(&wide));
    assert!(read(&wide).1 < 100_000);
    // A list shows no attachments, so it reads none.
    let listed = |world: &World| {
        world
            .get(&world.owner(), &world.path("/pipelines/p/versions"))
            .expect(200);
        world.database.bytes()
    };
    assert!(listed(&wide) < 2_000);
}

#[test]
fn a_pipeline_version_is_shown_in_less_than_8_mib_whatever_its_objects_refer_to() {
    let world = World::new();
    let field = |n: usize| json!({"name": format!("{n:02}{}", "\u{1f34e}".repeat(62)), "data_type": "array_double"});
    let longest: Json = (0..100).map(field).collect();
    with_fields(&world, "deployments", "d", &longest);
    with_fields(&world, "pipelines", "p", &fields(1, 1));
    let body = json!({
        "version": "v1", "objects": objects(100, "deployment", "d"), "metadata": {"a": "x".repeat(65_000)},
    });
    made(&world, "/pipelines/p/versions", body);
    let path = world.path("/pipelines/p/versions/v1");
    let answer = world.get(&world.owner(), &path).expect(200);
    assert!(answer.body.len() > 5_000_000 && answer.body.len() < 8 << 20);
    // The fields come out of the database once, not a hundred times.
    assert!(
        world.database.bytes() < 400_000,
        "{}",
        world.database.bytes()
    );
}

/// The rows of a query, as texts.
fn rows(connection: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0));
    rows.unwrap().map(Result::unwrap).collect()
}

const FIELDS: &str =
    "SELECT concat_ws(' | ', object_id, organization_id, input_fields, output_fields)
                      FROM object_fields ORDER BY object_id";
const MAPPINGS: &str = "SELECT concat_ws(' | ', reference_id, side, field, pipeline_version_id, organization_id, object_name)
                        FROM pipeline_mappings ORDER BY 1";

#[test]
fn what_was_made_before_there_were_these_tables_is_in_them() {
    let world = World::new();
    with_fields(&world, "deployments", "d", &fields(3, 5));
    with_fields(&world, "pipelines", "inner", &fields(2, 5));
    with_fields(&world, "pipelines", "p", &fields(4, 5));
    let mut objects = objects(2, "deployment", "d");
    objects.push(json!({"name": "in", "reference_name": "inner", "reference_type": "pipeline"}));
    objects.push(json!({"name": "fn", "reference_name": "function", "reference_type": "operator"}));
    let mut attachments = attachments(2, 3);
    let pair = |field: &str| json!({"source_field_name": field, "destination_field_name": field});
    for (from, to) in [("o0", "in"), ("in", "fn")] {
        let sources = json!([{"source_name": from, "mapping": [pair("f0"), pair("f1")]}]);
        attachments.push(json!({"destination_name": to, "sources": sources}));
    }
    let all =
        json!([{"source_name": "fn", "mapping": [pair("f0"), pair("f1"), pair("f2"), pair("f3")]}]);
    attachments.push(json!({"destination_name": "pipeline_end", "sources": all}));
    let body = json!({"version": "v1", "objects": objects, "attachments": attachments});
    made(&world, "/pipelines/p/versions", body);
    let now = world.database.connection();
    let (fields, mappings) = (rows(now, FIELDS), rows(now, MAPPINGS));
    assert_eq!((fields.len(), mappings.len()), (3, 3 + 4 + 3 + 2 + 2 + 2));

    let (before, migrations) = schema::before("0013");
    before.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    for table in [
        "deployments",
        "pipelines",
        "pipeline_versions",
        "pipeline_objects",
    ] {
        let columns = rows(
            now,
            &format!("SELECT name FROM pragma_table_info('{table}')"),
        )
        .join(", ");
        let copied = format!("SELECT json_array({columns}) FROM {table}");
        let places = (0..columns.split(", ").count()).map(|n| format!("?1 ->> {n}"));
        let insert = format!(
            "INSERT INTO {table} ({columns}) SELECT {}",
            places.collect::<Vec<_>>().join(", ")
        );
        for row in rows(now, &copied) {
            before.execute(&insert, [row]).unwrap();
        }
    }
    for migration in migrations {
        before.execute_batch(&migration).unwrap();
    }
    assert_eq!(rows(&before, FIELDS), fields);
    assert_eq!(rows(&before, MAPPINGS), mappings);
}

#[test]
fn the_mappings_are_those_of_the_attachments_and_go_with_them() {
    let world = mapped(2);
    let count = || world.count("SELECT count(*) FROM pipeline_mappings");
    // Fifty fields go from the pipeline into the deployment, however many of its objects map them.
    assert_eq!(count(), 2 * (50 + 50));
    let call = |method: &str, rest: &str, body: Json, status: u16| {
        world
            .call(&world.owner(), method, &world.path(rest), body)
            .expect(status);
    };
    let version = "/pipelines/p/versions/v1";
    call(
        "PATCH",
        version,
        json!({"attachments": attachments(1, 50)}),
        200,
    );
    assert_eq!(count(), 2 * (50 + 50));
    call("PATCH", version, json!({"description": "x"}), 200);
    assert_eq!(count(), 2 * (50 + 50));
    call("PATCH", version, json!({"attachments": []}), 200);
    assert_eq!(count(), 50 + 50);
    call("DELETE", "/pipelines/p/versions/v0", Json::Null, 204);
    assert_eq!(count(), 0);
    assert_eq!(world.count("SELECT count(*) FROM object_fields"), 2);
    call("DELETE", "/pipelines/p", Json::Null, 204);
    call("DELETE", "/deployments/d", Json::Null, 204);
    assert_eq!(world.count("SELECT count(*) FROM object_fields"), 0);
}
