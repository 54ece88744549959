//! The operator's catalogue of quota resources, and what a change of it does under the quotas that there are.

use serde_json::{Value as Json, json};

use testkit::quotas::{one, put, shown};
use testkit::{Answer, World};

const GPU: &str = "exemlProject.gpu_duration";

fn set(world: &World, resource: &str, body: Json) -> Answer {
    let path = format!("/operator/v1/quota-resources/{resource}");
    world.call(&world.operator(), "PUT", &path, body)
}

fn bounds(min: i64, max: i64, default: i64) -> Json {
    json!({
        "name_en": "Duration", "name_cn": "时长", "unit_en": "hour", "unit_cn": "小时",
        "min_quota": min, "max_quota": max, "default_quota": default,
    })
}

#[test]
fn the_catalogue_begins_with_the_documented_resource() {
    let world = World::new();
    let listed = world
        .get(&world.operator(), "/operator/v1/quota-resources")
        .json();
    assert_eq!(listed[0]["resource"], GPU);
    assert_eq!(
        (&listed[0]["min_quota"], &listed[0]["max_quota"]),
        (&json!(-1), &json!(60_000))
    );
}

#[test]
fn what_the_catalogue_shows_can_be_written_back() {
    let world = World::new();
    let listed = world
        .get(&world.operator(), "/operator/v1/quota-resources")
        .json();
    for resource in listed.as_array().unwrap() {
        let name = resource["resource"].as_str().unwrap();
        assert_eq!(
            set(&world, name, resource.clone()).expect(200).json(),
            *resource
        );
    }
}

#[test]
fn a_new_resource_is_in_every_workspace_at_once_and_last() {
    let world = World::new();
    set(&world, "tokens.spent", bounds(-1, 1_000, 100)).expect(200);
    let target = world.workspaces("/0/quotas");
    let quotas = world.get(&world.viewer(), &target).json();
    let last = quotas["quotas"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["resource"], &last["quota"]),
        (&json!("tokens.spent"), &json!(100))
    );
    assert_eq!(last["used_quota"], 0);
    put(&world, "0", one("tokens.spent", 50)).expect(200);
}

#[test]
fn a_default_shows_where_nobody_has_set_a_quota_and_only_there() {
    let world = World::new();
    let (own, default) = (world.workspace(), "0");
    put(&world, &own, one(GPU, 10)).expect(200);
    set(&world, GPU, bounds(-1, 60_000, 500)).expect(200);
    assert_eq!(shown(&world, &own, GPU)["quota"], 10);
    assert_eq!(shown(&world, default, GPU)["quota"], 500);
    assert_eq!(shown(&world, default, GPU)["unit_en"], "hour");
}

#[test]
fn a_quota_outside_new_bounds_stays_until_it_is_set_again() {
    let world = World::new();
    put(&world, "0", one(GPU, 50_000)).expect(200);
    set(&world, GPU, bounds(5, 100, -1)).expect(200);
    assert_eq!(shown(&world, "0", GPU)["quota"], 50_000);
    put(&world, "0", one(GPU, 50_000)).refused(400, "outside 5 to 100");
    put(&world, "0", one(GPU, -1)).refused(400, "outside 5 to 100");
    put(&world, "0", one(GPU, 100)).expect(200);
}

#[test]
fn a_default_holds_for_consumption_too_and_a_new_one_at_once() {
    let world = World::new();
    let consume = |id: &str, amount: i64| {
        let target = world.workspaces("/0/quotas/consumption");
        let body = json!({"id": id, "resource": GPU, "amount": amount});
        world.call(&world.robot(), "POST", &target, body)
    };
    consume("a", 5).expect(200);
    set(&world, GPU, bounds(-1, 100, 6)).expect(200);
    consume("b", 2).expect(400);
    consume("c", 1).expect(200);
    set(&world, GPU, bounds(-1, 100, 8)).expect(200);
    consume("b", 2).expect(200);
}

#[test]
fn bounds_that_do_not_fit_together_are_refused_by_their_field() {
    let world = World::new();
    for (body, words) in [
        (bounds(-2, 10, -1), "min_quota: "),
        (bounds(5, 4, -1), "max_quota: "),
        (bounds(-1, 10, 11), "default_quota: "),
        (
            json!({"unit_en": "x", "min_quota": 1, "max_quota": 2}),
            "name_en",
        ),
    ] {
        set(&world, GPU, body).refused(400, words);
    }
    set(&world, "a%20b", bounds(-1, 10, -1)).refused(400, "resource: 'a b'");
}

#[test]
fn the_catalogue_is_the_operators() {
    let world = World::new();
    let path = "/operator/v1/quota-resources/x";
    for caller in [world.owner(), world.robot()] {
        world
            .call(&caller, "PUT", path, bounds(-1, 10, -1))
            .expect(403);
    }
    set(&world, "x", bounds(-1, 10, -1)).expect(200);
    let trail = world
        .get(&world.operator(), "/operator/v1/audit?limit=1")
        .json();
    assert_eq!(trail[0]["object_type"], "quota_resource");
}

#[test]
fn a_resource_that_is_set_to_what_it_is_writes_nothing_and_each_field_alone_is_a_change() {
    let world = World::new();
    let listed = |world: &World| {
        let list = world.get(&world.operator(), "/operator/v1/quota-resources");
        let list = list.expect(200).json();
        let of = |item: &&Json| item["resource"] == GPU;
        list.as_array().unwrap().iter().find(of).unwrap().clone()
    };
    let is = listed(&world);
    let before = world.dump();
    assert_eq!(set(&world, GPU, is.clone()).expect(200).json(), is);
    assert!(world.dump() == before);
    for (field, value) in [
        ("name_en", json!("Hours")),
        ("name_cn", json!("Hours")),
        ("unit_en", json!("hour")),
        ("unit_cn", json!("hour")),
        ("min_quota", json!(1)),
        ("max_quota", json!(70_000)),
        ("default_quota", json!(5)),
    ] {
        let mut body = is.clone();
        body[field] = value;
        set(&world, GPU, body.clone()).expect(200);
        assert_eq!(listed(&world), body, "{field}");
        set(&world, GPU, is.clone()).expect(200);
    }
}
