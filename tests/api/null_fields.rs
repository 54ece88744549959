//! null in a PATCH: it empties what can be empty, and is refused where nothing can be.

use serde_json::{Value as Json, json};

use testkit::{Answer, World};

fn patch(world: &World, path: &str, body: Json) -> Answer {
    world.call(&world.owner(), "PATCH", path, body)
}

#[test]
fn null_empties_the_lists_of_a_project() {
    let world = World::new();
    let path = world.path("");
    let full =
        json!({"cors_origins": ["https://app.example.com"], "labels": {"a": "b"}, "credits": 1});
    patch(&world, &path, full).expect(200);
    let nulls = json!({"cors_origins": null, "labels": null, "credits": null});
    let project = patch(&world, &path, nulls).expect(200).json();
    assert_eq!(project["cors_origins"], json!([]));
    assert_eq!(project["labels"], json!({}));
    assert_eq!(project["credits"], Json::Null);
}

#[test]
fn null_empties_the_fields_of_a_service_user() {
    let world = World::new();
    let path = world.path(&format!("/service-users/{}", world.robot().id));
    let full = json!({"name": "x", "description": "y", "allowed_cors_origins": ["https://app.example.com"]});
    patch(&world, &path, full).expect(200);
    let nulls = json!({"name": null, "description": null, "allowed_cors_origins": null});
    let robot = patch(&world, &path, nulls).expect(200).json();
    assert_eq!(robot["name"], "");
    assert_eq!(robot["description"], "");
    assert_eq!(robot["allowed_cors_origins"], json!([]));
}

#[test]
fn null_is_refused_where_nothing_can_be_empty() {
    let world = World::new();
    for field in ["name", "suspend", "advanced_permissions"] {
        patch(&world, &world.path(""), json!({ field: null }))
            .refused(400, &format!("{field}: null is not allowed"));
    }
}

#[test]
fn null_is_refused_for_what_an_object_or_a_role_must_have() {
    let world = World::new();
    world.deployment("d");
    world.pipeline("p");
    let role = world.custom_role(&["projects.get"]);
    for (rest, fields) in [
        ("/deployments/d", &["name"] as &[&str]),
        ("/deployments/d/versions/v1", &["version"]),
        ("/pipelines/p", &["name", "input_type", "output_type"]),
        ("/pipelines/p/versions/v1", &["version"]),
        (&format!("/roles/{role}"), &["name", "permissions"]),
    ] {
        for field in fields {
            patch(&world, &world.path(rest), json!({ *field: null }))
                .refused(400, &format!("{field}: null is not allowed"));
        }
    }
}
