//! The operator's price list.

use serde_json::{Value as Json, json};

use testkit::World;

fn put(world: &World, name: &str, body: Json) -> testkit::Answer {
    let path = format!("/operator/v1/instance-types/{name}");
    world.call(&world.operator(), "PUT", &path, body)
}

fn list(world: &World) -> Json {
    world
        .get(&world.operator(), "/operator/v1/instance-types")
        .expect(200)
        .json()
}

#[test]
fn a_price_is_set_changed_and_listed_by_name() {
    let world = World::new();
    assert_eq!(list(&world), json!([]));
    put(&world, "512mb", json!({"credits_per_hour": 0.5})).expect(200);
    put(&world, "16384mb_t4", json!({"credits_per_hour": 12})).expect(200);
    let changed = put(&world, "512mb", json!({"credits_per_hour": 0.0000015})).expect(200);
    assert_eq!(
        changed.json(),
        json!({"name": "512mb", "credits_per_hour": 0.000002})
    );
    assert_eq!(
        list(&world),
        json!([
            {"name": "16384mb_t4", "credits_per_hour": 12.0},
            {"name": "512mb", "credits_per_hour": 0.000002},
        ])
    );
}

#[test]
fn a_change_of_price_is_in_the_audit_and_no_change_is_not() {
    let world = World::new();
    let count = || world.count("SELECT count(*) FROM audit WHERE object_type = 'instance_type'");
    put(&world, "512mb", json!({"credits_per_hour": 0.5})).expect(200);
    put(&world, "512mb", json!({"credits_per_hour": 0.5})).expect(200);
    assert_eq!(count(), 1);
    put(&world, "512mb", json!({"credits_per_hour": 1})).expect(200);
    assert_eq!(count(), 2);
    let trail = world
        .get(&world.operator(), "/operator/v1/audit?limit=1")
        .expect(200)
        .json();
    assert_eq!(trail[0]["before"], json!({"credits_per_hour": 0.5}));
    assert_eq!(trail[0]["after"], json!({"credits_per_hour": 1.0}));
    assert_eq!(trail[0]["object_name"], "512mb");
}

#[test]
fn a_bad_price_or_name_is_refused_by_its_field() {
    let world = World::new();
    for body in [
        json!({}),
        json!({"credits_per_hour": null}),
        json!({"credits_per_hour": -1}),
        json!({"credits_per_hour": "1"}),
    ] {
        put(&world, "512mb", body).refused(400, "credits_per_hour");
    }
    put(&world, "-512mb", json!({"credits_per_hour": 1})).refused(400, "name: '-512mb'");
    assert_eq!(list(&world), json!([]));
}
