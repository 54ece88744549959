//! What can stand in a list of origins.

use serde_json::json;

use testkit::{Call, World};

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
        "https://app.example:0",
        "javascript:alert(1)",
        "javascript://app.example",
        "ws://app.example",
        "wss://app.example",
        "file://app.example",
        "data://x",
        "blob:https://app.example",
        "about://blank",
        "chrome-extension://*",
        "chrome-extension://x/page.html",
        "app://b\u{fc}cher",
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

#[test]
fn apps_and_extensions_are_listed_and_compared_as_they_name_themselves() {
    let world = World::new();
    let origins = [
        "capacitor://localhost",
        "tauri://localhost",
        "app://obsidian.md",
        "chrome-extension://cfhdojbkjhnklbpkdaibdccddilifddb",
        "moz-extension://4ed7f644-c3b5-4bf1-983f-2c8718f52222",
        "safari-web-extension://E8BEA491-9B80-45DB-8B20-3E586473BD47",
    ];
    let body = json!({"cors_origins": origins});
    let path = world.path("");
    let answer = world.call(&world.owner(), "PATCH", &path, body).expect(200);
    assert_eq!(answer.json()["cors_origins"], json!(origins));
    let allows = |origin: &str| {
        let call = Call::new("OPTIONS", &path).header("origin", origin);
        let answer = world.send(call).expect(204);
        answer.header("access-control-allow-origin") == Some(origin)
    };
    for origin in origins {
        assert!(allows(origin), "{origin}");
    }
    for origin in [
        "capacitor://Localhost",
        "capacitor://localhost:80",
        "http://localhost",
        "tauri://localhost/",
        "app://obsidian",
    ] {
        assert!(!allows(origin), "{origin}");
    }
}
