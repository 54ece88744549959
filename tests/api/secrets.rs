//! What must not be kept: tokens in the database or the log, queries and paths in the log.

use serde_json::{Value as Json, json};

use tenantry::routes;

use testkit::requests::plausible;
use testkit::world::{OPERATOR_TOKEN, TOKEN_KEY};
use testkit::{Answer, Call, World};

/// Everything that a token can look like: 40 hexadecimal digits.
fn tokens_in(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_ascii_hexdigit())
        .filter(|word| word.len() == 40)
        .collect()
}

/// Every route called by everybody who has a token, each in a world of its own; all that was logged and stored.
fn everything() -> (Vec<String>, String, Vec<String>) {
    let (mut logs, mut dump, mut shown) = (Vec::new(), String::new(), Vec::new());
    for route in routes::table() {
        let world = World::new();
        for caller in [world.owner(), world.robot(), world.operator()] {
            let world = world.copy();
            shown.extend(caller.token.clone());
            let call = plausible(&world, route).by(&caller);
            let answer = world.send(call);
            let body = String::from_utf8(answer.body).unwrap();
            shown.extend(tokens_in(&body).into_iter().map(str::to_owned));
            logs.extend(world.logs());
            dump.push_str(&world.dump());
        }
    }
    (logs, dump, shown)
}

#[test]
fn no_token_is_in_the_database_or_the_log() {
    let (logs, dump, shown) = everything();
    let logs = logs.join("\n");
    assert!(shown.len() > 200);
    for token in shown {
        assert!(!dump.contains(&token), "stored: {token}");
        assert!(!logs.contains(&token), "logged: {token}");
    }
    assert_eq!(tokens_in(&dump), [] as [&str; 0]);
    assert_eq!(tokens_in(&logs), [] as [&str; 0]);
    for secret in [OPERATOR_TOKEN, TOKEN_KEY] {
        assert!(!dump.contains(secret) && !logs.contains(secret));
    }
}

#[test]
fn a_line_of_the_log_is_one_json_object_with_these_fields() {
    let world = World::new();
    let answer = world.get(&world.viewer(), &world.path("")).expect(200);
    assert!(!answer.log.contains('\n'));
    let mut line: Json = serde_json::from_str(&answer.log).unwrap();
    line["database_milliseconds"] = json!(0);
    assert_eq!(
        line,
        json!({
            "time": world.after(0), "level": "info", "request_id": answer.header("x-request-id").unwrap(),
            "method": "GET", "route": "/v2.1/projects/{project_name}", "status": 200, "milliseconds": 0,
            "principal": world.viewer().id, "round_trips": 1, "rows_read": 1, "rows_written": 0,
            "database_milliseconds": 0, "error": null, "cause": null,
        })
    );
}

fn line(answer: &Answer) -> Json {
    serde_json::from_str(&answer.log).unwrap()
}

#[test]
fn nothing_that_a_caller_sends_gets_into_the_log() {
    let world = World::new();
    let secret = "s3cr3t-that-was-pasted";
    for call in [
        Call::new("GET", format!("/v2.1/{secret}?token={secret}")),
        Call::new("GET", format!("/v2.1/projects/{secret}?token={secret}")).by(&world.owner()),
        Call::new("GET", "/v2.1/user").header("authorization", format!("Token {secret}")),
        Call::new("GET", "/v2.1/user").header("authorization", format!("{secret} x")),
        Call::new(secret, "/v2.1/user"),
        Call::new("POST", world.path("/service-users"))
            .by(&world.owner())
            .header("origin", format!("https://{secret}"))
            .header("user-agent", secret)
            .json(&json!({"name": 5, "description": secret, secret: secret})),
        Call::new(
            "PUT",
            world.path(&format!("/service-users/{secret}/token?grace={secret}")),
        )
        .by(&world.owner()),
        Call::new("POST", "/operator/v1/users")
            .by(&world.operator())
            .json(&json!({"email": secret})),
    ] {
        let answer = world.send(call);
        assert!(answer.status >= 400);
        assert!(!answer.log.contains(secret), "{}", answer.log);
    }
}

#[test]
fn a_refusal_is_logged_with_its_kind_and_its_caller() {
    let world = World::new();
    let refused = line(&world.get(&world.idle(), &world.path("")).expect(403));
    assert_eq!(refused["principal"], world.idle().id.as_str());
    assert_eq!(
        (&refused["level"], &refused["error"]),
        (&json!("info"), &json!("Forbidden"))
    );
    let unknown = line(&world.get(&world.revoked(), &world.path("")).expect(401));
    assert_eq!(unknown["principal"], Json::Null);
    let operator = line(
        &world
            .get(&world.operator(), "/operator/v1/users")
            .expect(200),
    );
    assert_eq!(operator["principal"], "operator");
    assert_eq!(
        line(&world.get(&world.nobody(), "/nothing"))["route"],
        Json::Null
    );
}
