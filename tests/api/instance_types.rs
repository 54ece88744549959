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

#[test]
fn a_project_lists_it_in_the_shape_of_the_client_that_asks() {
    let world = World::new();
    put(&world, "512mb", json!({"credits_per_hour": 0.5})).expect(200);
    let one = json!({
        "id": "512mb", "name": "512mb", "display_name": "512mb", "credit_rate": 0.5, "dedicated_node": false,
    });
    let page = json!({"next": null, "previous": null, "results": [one]});
    let path = world.path("/instance-types");
    for (agent, expected) in [
        ("UbiOps/python/3.16.1", json!([one])),
        ("UbiOps/python/4.4.0", json!([one])),
        ("UbiOps/python/4.5.0", page.clone()),
        ("UbiOps/python/4.15.0", page.clone()),
        ("curl/8.0", page),
    ] {
        let call = testkit::Call::new("GET", &path).by(&world.viewer());
        let shown = world.send(call.header("user-agent", agent)).expect(200);
        assert_eq!(shown.json(), expected, "{agent}");
    }
}

#[test]
fn there_are_no_logs_and_whoever_has_a_part_in_the_project_may_ask() {
    let world = World::new();
    let path = world.path("/logs");
    let caller = world.service_user(&["deployment-request-user"]);
    for caller in [caller, world.viewer(), world.owner()] {
        let listed = world.get(&caller, &path).expect(200);
        assert_eq!(listed.json(), json!([]));
        let body = json!({"filters": {"deployment_name": "d"}, "limit": 500});
        let listed = world.call(&caller, "POST", &path, body).expect(200);
        assert_eq!(listed.json(), json!([]));
    }
    world.get(&world.stranger(), &path).expect(404);
}
