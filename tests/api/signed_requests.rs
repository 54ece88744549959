//! Requests that are signed with an access key, or carry a token, on the surface of ModelArts' clients.

use serde_json::{Value as Json, json};

use testkit::signed::{AccessKey, signed, signed_over};
use testkit::{Answer, Call, World};

/// A signed reading of the default workspace's quotas.
fn read(world: &World, key: &AccessKey) -> Answer {
    let target = world.workspaces("/0/quotas");
    world.send(world.signed(key, "GET", &target, Json::Null))
}

#[test]
fn a_key_may_what_its_service_user_may_and_no_more() {
    let world = World::new();
    let viewer = world.service_user(&["project-viewer"]);
    let key = world.access_key(&viewer);
    read(&world, &key).expect(200);
    let target = world.workspaces("/0/quotas");
    let body = json!({"quotas": [{"resource": "exemlProject.gpu_duration", "quota": 10}]});
    let answer = world
        .send(world.signed(&key, "PUT", &target, body))
        .refused(403, "Policy doesn't allow modelarts:workspace:updateQuotas");
    assert_eq!(answer.text("error_code"), "ModelArts.0112");
}

#[test]
fn a_key_opens_no_other_project() {
    let world = World::new();
    let key = world.access_key(&world.robot());
    let elsewhere = "/v1/13a9ba2768884528826e8e1002eab13d/workspaces";
    for target in [elsewhere, "/v1/%7Bproject_id%7D/workspaces"] {
        let answer = world
            .send(world.signed(&key, "GET", target, Json::Null))
            .refused(403, "does not match");
        assert_eq!(answer.text("error_code"), "ModelArts.0210");
    }
}

#[test]
fn the_header_that_names_a_project_names_the_one_in_the_path() {
    let world = World::new();
    let key = world.access_key(&world.robot());
    let target = world.workspaces("");
    let send = |project: &str| {
        let further = [("x-project-id", project)];
        world.send(signed(
            &key,
            "GET",
            &target,
            "",
            &world.sdk_date(),
            &further,
        ))
    };
    send(&world.project_id()).expect(200);
    send(&world.project_id().replace('-', "")).expect(200);
    send("13a9ba2768884528826e8e1002eab13d").refused(403, "does not match");
    let by_token = Call::new("GET", &target).by(&world.robot());
    world
        .send(by_token.header("x-project-id", "other"))
        .refused(403, "does not match");
}

#[test]
fn the_wrong_secret_and_an_unknown_key_get_the_same_answer() {
    let world = World::new();
    let key = world.access_key(&world.robot());
    let wrong = AccessKey {
        secret: "wrong".to_owned(),
        ..key.clone()
    };
    let unknown = AccessKey {
        id: "13A9BA2768884528826E".to_owned(),
        ..key
    };
    let (wrong, unknown) = (read(&world, &wrong), read(&world, &unknown));
    assert_eq!(
        wrong.clone().expect(401).error(),
        unknown.expect(401).error()
    );
}

#[test]
fn the_body_that_was_signed_is_the_body_that_is_used() {
    let world = World::new();
    let key = world.access_key(&world.robot());
    let target = world.workspaces("/0/quotas");
    let body =
        |quota: i64| json!({"quotas": [{"resource": "exemlProject.gpu_duration", "quota": quota}]});
    let signed = world.signed(&key, "PUT", &target, body(10));
    let answer = world.send(signed.clone()).expect(200);
    assert_eq!(answer.trips, 2);
    assert_eq!(answer.json()["quotas"][0]["quota"], 10);
    let forged = signed.chunks(testkit::Chunks::of([body(99).to_string().into()]));
    world.send(forged).expect(401);
    assert_eq!(world.count("SELECT quota FROM workspace_quotas"), 10);
}

#[test]
fn a_client_need_sign_no_header_but_the_date() {
    let world = World::new();
    let key = world.access_key(&world.robot());
    let target = world.workspaces("/0/quotas");
    let (date, project) = (world.sdk_date(), world.project_id());
    let (agent, media_type) = ("huaweicloud-usdk-go/3.0", "application/json;charset=utf-8");
    let body = r#"{"quotas":[{"resource":"exemlProject.gpu_duration","quota":10}]}"#;
    for headers in [
        &[
            ("user-agent", agent),
            ("x-project-id", &project),
            ("x-sdk-date", &date),
        ][..],
        &[
            ("content-type", media_type),
            ("user-agent", agent),
            ("x-project-id", &project),
            ("x-sdk-date", &date),
        ],
        &[("x-sdk-date", &date)],
    ] {
        let call = signed_over(&key, "PUT", &target, body, headers);
        world
            .send(call.clone().header("host", "any.example"))
            .expect(200);
        world.send(call).expect(200);
        let read = signed_over(&key, "GET", &target, "", headers);
        world.send(read).expect(200);
    }
    let undated = signed_over(&key, "GET", &target, "", &[("x-project-id", &project)]);
    let answer = world.send(undated.header("x-sdk-date", date.as_str()));
    answer.refused(401, "X-Sdk-Date must be signed");
}

#[test]
fn an_endpoint_with_a_default_port_is_known_again_and_one_in_capitals_is_told_why_not() {
    let world = World::new();
    let key = world.access_key(&world.robot());
    let target = world.workspaces("/0/quotas");
    let date = world.sdk_date();
    // What reaches the module: in lower case, and without a default port.
    let send = |signed: &str, came: &str| {
        let headers = [("host", signed), ("x-sdk-date", date.as_str())];
        let call = signed_over(&key, "GET", &target, "", &headers);
        world.send(call.without("host").header("host", came))
    };
    for (signed, came) in [
        ("quota.example.test", "quota.example.test"),
        ("quota.example.test:443", "quota.example.test"),
        ("quota.example.test:80", "quota.example.test"),
        ("127.0.0.1:8787", "127.0.0.1:8787"),
        ("[::1]:443", "[::1]"),
    ] {
        send(signed, came).expect(200);
    }
    for (signed, came) in [
        ("quota.example.test:8443", "quota.example.test"),
        ("other.example.test", "quota.example.test"),
    ] {
        send(signed, came).refused(401, "verify aksk signature fail");
    }
    send("Quota.example.test", "quota.example.test").refused(401, "write it in lower case");
}

#[test]
fn what_cannot_be_a_valid_signature_costs_no_round_trip() {
    let world = World::new();
    let key = world.access_key(&world.robot());
    let target = world.workspaces("/0/quotas");
    let stale = signed(&key, "GET", &target, "", "20260101T000000Z", &[]);
    let other = AccessKey {
        id: "AKTEST000000000000001".to_owned(),
        ..key.clone()
    };
    let foreign = world.signed(&other, "GET", &target, Json::Null);
    let temporary = [("x-security-token", "STS")];
    let temporary = signed(&key, "GET", &target, "", &world.sdk_date(), &temporary);
    let algorithm = |name: &str| {
        let value = format!("{name} Access={}, SignedHeaders=host, Signature=00", key.id);
        Call::new("GET", &target).header("authorization", value)
    };
    for (call, words) in [
        (stale, "15 minutes"),
        (foreign, "verify aksk signature fail"),
        (temporary, "X-Security-Token"),
        (algorithm("SDK-HMAC-SM3"), "SDK-HMAC-SHA256"),
        (algorithm("V11-HMAC-SHA256"), "SDK-HMAC-SHA256"),
        (algorithm("SDK-HMAC-SHA256"), "SignedHeaders"),
        (Call::new("GET", &target), "x-auth-token not found"),
    ] {
        let answer = world.send(call).refused(401, words);
        assert_eq!(answer.text("error_code"), "APIGW.0301");
        assert_eq!(answer.trips, 0);
    }
}

#[test]
fn a_token_is_taken_under_either_name_and_before_a_signature() {
    let world = World::new();
    let robot = world.robot();
    let target = world.workspaces("");
    let token = robot.token.clone().unwrap();
    let by_header = Call::new("GET", &target).header("x-auth-token", token.as_str());
    world.send(by_header).expect(200);
    world.send(Call::new("GET", &target).by(&robot)).expect(200);
    let operator = world.operator().token.unwrap();
    let by_operator = Call::new("GET", &target).header("x-auth-token", operator);
    world.send(by_operator).expect(200);
    // The SDK signs all the same, here with a key that is nobody's.
    let dummy = AccessKey {
        id: "dummy".to_owned(),
        secret: "dummy".to_owned(),
    };
    let both = |token: &str| {
        let further = [("x-auth-token", token)];
        world.send(signed(
            &dummy,
            "GET",
            &target,
            "",
            &world.sdk_date(),
            &further,
        ))
    };
    both(&token).expect(200);
    both("nonsense").expect(401);
    // What is no token of ours does not stand in the way of a signature that is right.
    let key = world.access_key(&robot);
    let further = [("x-auth-token", "nonsense")];
    world
        .send(signed(
            &key,
            "GET",
            &target,
            "",
            &world.sdk_date(),
            &further,
        ))
        .expect(200);
}

#[test]
fn a_signature_is_taken_for_15_minutes_and_from_5_minutes_before_its_date() {
    const MINUTE: i64 = 60_000;
    let world = World::new();
    let key = world.access_key(&world.robot());
    let target = world.workspaces("/0/quotas");
    let signed = world.signed(&key, "GET", &target, Json::Null);
    world.pass(-5 * MINUTE - 1);
    world.send(signed.clone()).refused(401, "X-Sdk-Date");
    world.pass(1);
    world.send(signed.clone()).expect(200);
    world.pass(20 * MINUTE);
    world.send(signed.clone()).expect(200);
    world.pass(1);
    world.send(signed).refused(401, "X-Sdk-Date");
}
