//! What can stand in a list of origins.

use serde_json::json;

use crate::support::World;

#[test]
fn an_origin_that_is_none_is_refused_by_its_place_in_the_list() {
    let world = World::new();
    for origin in [
        "*",
        "null",
        "",
        "app.example",
        "https://",
        "ftp://app.example",
        "https://app.example/x",
        "https://app.example/",
        "https://app.example?x",
        "https://app.example#x",
        "https://u@app.example",
        "https://*.app.example",
        "https://app.example:70000",
        " https://app.example",
        "https://app.example ",
        "javascript:alert(1)",
        "https://app example",
        "https://[::1",
        "https://a.com, https://b.com",
    ] {
        for (method, path, field) in [
            ("PATCH", world.path(""), "cors_origins"),
            ("POST", world.path("/service-users"), "allowed_cors_origins"),
        ] {
            let body = json!({field: ["https://fine.example", origin]});
            let answer = world.call(&world.owner(), method, &path, body);
            answer.refused(400, &format!("{field}[1]: "));
        }
    }
    let hundred = |number: usize| -> Vec<String> {
        (0..number)
            .map(|i| format!("https://a{i}.example"))
            .collect()
    };
    let path = world.path(&format!("/service-users/{}", world.robot().id));
    let patch = |origins: Vec<String>| {
        let body = json!({"allowed_cors_origins": origins});
        world.call(&world.owner(), "PATCH", &path, body)
    };
    patch(hundred(100)).expect(200);
    patch(hundred(101)).refused(400, "allowed_cors_origins");
}
