//! The quotas of workspaces: the decision table of a change, row by row, and the operator's catalogue under them.

use serde_json::{Value as Json, json};

use testkit::quotas::{one, put, shown};
use testkit::{Answer, Call, World};

const GPU: &str = "exemlProject.gpu_duration";
const CPU: &str = "exemlProject.cpu_duration";
/// Its least quota is 1.
const INSTANCES: &str = "service.instance_count";

#[track_caller]
fn is_0104(answer: Answer, words: &str) {
    let answer = answer.refused(400, words);
    assert_eq!(answer.text("error_code"), "ModelArts.0104");
    assert_eq!(
        answer.header("x-request-id"),
        Some(answer.text("request_id").as_str())
    );
}

#[test]
fn a_new_workspace_has_every_resource_of_the_catalogue_without_a_limit() {
    let world = World::new();
    let workspace = world.workspace();
    let target = world.workspaces(&format!("/{workspace}/quotas"));
    let quotas = world.get(&world.viewer(), &target).expect(200).json();
    let quotas = quotas["quotas"].as_array().unwrap();
    assert_eq!(quotas[0]["resource"], GPU);
    assert_eq!(quotas.len(), 7);
    for quota in quotas {
        assert_eq!(quota["quota"], -1);
        assert_eq!(quota["used_quota"], Json::Null);
        assert!(quota.as_object().unwrap().contains_key("used_quota"));
        assert_eq!(quota["update_time"], world.now().as_millis());
    }
}

#[test]
fn row_1_a_bad_credential_is_401() {
    let world = World::new();
    let target = world.workspaces("/0/quotas");
    for caller in [
        world.nobody(),
        world.malformed(),
        world.expired(),
        world.revoked(),
    ] {
        let answer = world
            .call(&caller, "PUT", &target, one(GPU, 10))
            .expect(401);
        assert_eq!(answer.text("error_code"), "APIGW.0301");
    }
}

#[test]
fn row_2_a_project_that_is_not_the_callers_is_403() {
    let world = World::new();
    let target = world.workspaces("/0/quotas");
    for caller in [world.stranger(), world.neighbour(), world.member()] {
        let answer = world
            .call(&caller, "PUT", &target, one(GPU, 10))
            .expect(403);
        assert_eq!(answer.text("error_code"), "ModelArts.0210");
    }
}

#[test]
fn row_3_an_unknown_route_or_method_is_404_with_a_code() {
    let world = World::new();
    for (method, target) in [
        ("DELETE", world.workspaces("/0/quotas")),
        ("PATCH", world.workspaces("")),
        ("GET", world.workspaces("/users/list")),
        ("GET", "/v1/".to_owned()),
        ("GET", world.workspaces("/a%2Fb")),
    ] {
        let answer = world
            .call(&world.robot(), method, &target, Json::Null)
            .expect(404);
        assert_eq!(answer.text("error_code"), "APIGW.0101");
    }
}

#[test]
fn row_4_a_missing_workspace_is_400_before_the_right_is_asked() {
    let world = World::new();
    let elsewhere = world.workspace();
    let other_project = world.get(&world.owner(), "/v2.1/projects/audio").text("id");
    for workspace in [
        "ccd05d1a553b4e188ea878e7dcb85e47",
        "%7Bworkspace_id%7D",
        "",
        "1",
        "00",
    ] {
        let target = world.workspaces(&format!("/{workspace}/quotas"));
        for caller in [
            world.robot(),
            world.viewer(),
            world.idle(),
            world.operator(),
        ] {
            let answer = world
                .call(&caller, "PUT", &target, one(GPU, 10))
                .refused(400, "not existed");
            assert_eq!(answer.text("error_code"), "ModelArts.7005");
        }
    }
    let target = format!("/v1/{other_project}/workspaces/{elsewhere}/quotas");
    let answer = world
        .call(&world.owner(), "PUT", &target, one(GPU, 10))
        .expect(400);
    assert_eq!(answer.text("error_code"), "ModelArts.7005");
}

#[test]
fn row_5_a_right_that_is_missing_is_403_before_the_body_is_read() {
    let world = World::new();
    let target = world.workspaces("/0/quotas");
    for caller in [world.viewer(), world.idle()] {
        let call = Call::new("PUT", &target)
            .by(&caller)
            .body("application/json", "nonsense");
        let answer = world
            .send(call)
            .refused(403, "modelarts:workspace:updateQuotas");
        assert_eq!(answer.text("error_code"), "ModelArts.0112");
    }
}

#[test]
fn row_7_a_body_that_is_no_list_of_quotas_is_400() {
    let world = World::new();
    let target = world.workspaces("/0/quotas");
    let many: Vec<_> = (0..101)
        .map(|i| json!({"resource": format!("r{i}"), "quota": 1}))
        .collect();
    for body in [
        String::new(),
        "nonsense".into(),
        "[]".into(),
        "null".into(),
        "{}".into(),
        r#"{"quotas":null}"#.into(),
        r#"{"quotas":{}}"#.into(),
        r#"{"quotas":[]}"#.into(),
        json!({"quotas": many}).to_string(),
        format!(r#"{{"quotas":[],"x":"{}"}}"#, "x".repeat(64 << 10)),
    ] {
        let call = Call::new("PUT", &target).by(&world.robot());
        is_0104(
            world.send(call.body("application/json;charset=utf-8", body)),
            "",
        );
    }
    let undeclared = Call::new("PUT", &target)
        .by(&world.robot())
        .body("text/plain", "{}");
    is_0104(world.send(undeclared), "Content-Type");
}

#[test]
fn row_8_an_item_of_another_form_is_400_and_named() {
    let world = World::new();
    let target = world.workspaces("/0/quotas");
    for item in [
        r#"5"#,
        r#"null"#,
        r#"{"quota":1}"#,
        r#"{"resource":null,"quota":1}"#,
        r#"{"resource":5,"quota":1}"#,
        r#"{"resource":"","quota":1}"#,
        r#"{"resource":"r"}"#,
        r#"{"resource":"r","quota":null}"#,
        r#"{"resource":"r","quota":true}"#,
        r#"{"resource":"r","quota":"10"}"#,
        r#"{"resource":"r","quota":1.5}"#,
        r#"{"resource":"r","quota":10.0}"#,
        r#"{"resource":"r","quota":1e1}"#,
        r#"{"resource":"r","quota":9223372036854775808}"#,
        r#"{"resource":"r","quota":99999999999999999999999}"#,
    ] {
        let good = r#"{"resource":"exemlProject.gpu_duration","quota":10}"#;
        let body = format!(r#"{{"quotas":[{good},{item}]}}"#);
        let call = Call::new("PUT", &target).by(&world.robot());
        is_0104(world.send(call.body("application/json", body)), "quotas[1]");
    }
    assert_eq!(shown(&world, "0", GPU)["quota"], -1);
}

#[test]
fn rows_9_to_12_a_quota_that_is_not_allowed_is_400_and_named() {
    let world = World::new();
    for (resource, quota, words) in [
        (
            GPU,
            10,
            "quotas[1].resource: 'exemlProject.gpu_duration' stands twice",
        ),
        (
            "nothing",
            10,
            "quotas[1].resource: there is no resource 'nothing'",
        ),
        (CPU, 0, "quotas[1].quota: 0 is not a quota"),
        (CPU, -2, "quotas[1].quota: -2 is not a quota"),
        (CPU, 60_001, "quotas[1].quota: 60001 is outside -1 to 60000"),
        (CPU, 9_007_199_254_740_991, "quotas[1].quota"),
        (CPU, i64::MAX, "quotas[1].quota"),
        (INSTANCES, -1, "quotas[1].quota: -1 is outside 1 to 1000"),
        (
            INSTANCES,
            1_001,
            "quotas[1].quota: 1001 is outside 1 to 1000",
        ),
    ] {
        let body = json!({"quotas": [
            {"resource": GPU, "quota": 10}, {"resource": resource, "quota": quota},
        ]});
        is_0104(put(&world, "0", body), words);
        assert_eq!(
            shown(&world, "0", GPU)["quota"],
            -1,
            "one bad item changes nothing"
        );
    }
}

#[test]
fn row_13_a_quota_may_lie_below_what_is_used_and_stops_new_consumption() {
    let world = World::new();
    let consume = |id: &str, amount: i64| {
        let target = world.workspaces("/0/quotas/consumption");
        let body = json!({"id": id, "resource": GPU, "amount": amount});
        world.call(&world.robot(), "POST", &target, body)
    };
    consume("a", 20).expect(200);
    put(&world, "0", one(GPU, 10)).expect(200);
    assert_eq!(shown(&world, "0", GPU)["used_quota"], 20);
    let answer = consume("b", 1).expect(400);
    assert_eq!(answer.text("error_code"), "ModelArts.0118");
    consume("c", -15).expect(200);
    assert_eq!(consume("d", 5).expect(200).json()["used_quota"], 10);
}

#[test]
fn row_14_the_same_value_again_is_answered_and_changes_nothing() {
    let world = World::new();
    let set = put(&world, "0", one(GPU, 10)).expect(200);
    world.pass(1_000);
    world.writes_afterwards(false);
    let before = world.dump();
    let again = put(&world, "0", one(GPU, 10)).expect(200);
    assert_eq!(again.json(), set.json());
    assert_eq!(world.dump(), before, "contract section 4");
    world.writes_afterwards(true);
    let both = json!({"quotas": [{"resource": GPU, "quota": 10}, {"resource": CPU, "quota": 5}]});
    put(&world, "0", both).expect(200);
    assert_eq!(shown(&world, "0", CPU)["quota"], 5);
}

#[test]
fn the_catalogues_default_is_set_like_any_other_value() {
    let world = World::new();
    put(&world, "0", one(GPU, -1)).expect(200);
    let path = "/operator/v1/quota-resources/exemlProject.gpu_duration";
    let mut resource =
        json!({"name_en": "x", "unit_en": "minute", "min_quota": -1, "max_quota": 100});
    resource["default_quota"] = json!(50);
    world
        .call(&world.operator(), "PUT", path, resource)
        .expect(200);
    assert_eq!(shown(&world, "0", GPU)["quota"], -1);
}

#[test]
fn row_15_items_come_back_in_their_order_without_what_is_used() {
    let world = World::new();
    let workspace = world.workspace();
    let made = world.now().as_millis();
    world.pass(1_000);
    let body = json!({"quotas": [
        {"resource": INSTANCES, "quota": 1000}, {"resource": GPU, "quota": 60_000, "workspace_id": "ignored"},
    ]});
    let answer = put(&world, &workspace, body).expect(200).json();
    let items = answer["quotas"].as_array().unwrap();
    let named: Vec<_> = items
        .iter()
        .map(|item| item["resource"].as_str().unwrap())
        .collect();
    assert_eq!(named, [INSTANCES, GPU]);
    let fields: Vec<_> = items[1]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        fields,
        [
            "max_quota",
            "min_quota",
            "name_cn",
            "name_en",
            "quota",
            "resource",
            "unit_cn",
            "unit_en",
            "update_time",
        ]
    );
    assert_eq!(items[1]["quota"], 60_000);
    assert_eq!(items[1]["update_time"], made + 1_000);
    assert_eq!(
        shown(&world, &workspace, CPU)["update_time"],
        made,
        "what was not named is as it was"
    );
    assert_eq!(
        shown(&world, "0", GPU)["quota"],
        -1,
        "and so are other workspaces"
    );
}

#[test]
fn a_change_is_in_the_trail_with_what_was_before() {
    let world = World::new();
    put(&world, "0", one(GPU, 10)).expect(200);
    put(&world, "0", one(GPU, 20)).expect(200);
    let trail = world
        .get(&world.owner(), &world.path("/audit?limit=1"))
        .json();
    assert_eq!(trail[0]["object_type"], "workspace_quotas");
    assert_eq!(trail[0]["before"], json!([{"resource": GPU, "quota": 10}]));
    assert_eq!(trail[0]["after"], json!([{"resource": GPU, "quota": 20}]));
}

#[test]
fn two_changes_at_once_leave_one_of_the_two_whole() {
    let both = |gpu: i64, cpu: i64| json!({"quotas": [{"resource": GPU, "quota": gpu}, {"resource": CPU, "quota": cpu}]});
    for trip in [1, 2] {
        let world = World::new();
        world.before_trip(trip, move |world| {
            put(world, "0", both(1, 1)).expect(200);
        });
        put(&world, "0", both(2, 2)).expect(200);
        assert!(!world.database.withdraw(), "nothing came in between");
        let quotas = [GPU, CPU].map(|resource| shown(&world, "0", resource)["quota"].clone());
        assert_eq!(quotas[0], quotas[1]);
    }
}
