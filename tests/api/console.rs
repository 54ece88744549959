//! The console's page and files (contract section 8).

use testkit::{Answer, CONSOLE, Call, World};

fn get(world: &World, path: &str) -> Answer {
    world.send(Call::new("GET", path).header("host", CONSOLE))
}

#[test]
fn every_page_is_the_one_file_under_a_strict_policy() {
    let world = World::new();
    for path in [
        "/console",
        "/console/",
        "/console/sign-in",
        "/console/o/a%20b/members?x=y",
        "/console/p/vision/service-users/%FF",
        "/console/assetsx",
    ] {
        let page = get(&world, path).expect(200);
        assert_eq!(page.trips, 0);
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8"),
            "{path}"
        );
        assert_eq!(
            page.header("cross-origin-opener-policy"),
            Some("same-origin")
        );
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        let policy = page.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"));
    }
}

#[test]
fn a_file_is_named_plainly_or_is_not_there() {
    let world = World::new();
    for (name, media_type) in [
        ("main-Ab_3-.js", "text/javascript; charset=utf-8"),
        ("main-0.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("a.woff2", "font/woff2"),
    ] {
        let file = get(&world, &format!("/console/assets/{name}")).expect(200);
        assert_eq!(file.header("content-type"), Some(media_type));
        assert_eq!(file.header("content-security-policy"), None);
    }
    for name in [
        "main",
        "index.html",
        "..%2Findex.html",
        "..%2f..%2fopenapi.js",
        "main.js.map",
        "a%20b.js",
        "",
        "x/y.js",
        "%00.js",
    ] {
        get(&world, &format!("/console/assets/{name}")).expect(404);
    }
    get(&world, "/console/assets").expect(404);
}

#[test]
fn the_root_leads_to_the_console() {
    let world = World::new();
    let root = get(&world, "/").expect(302);
    assert_eq!(root.header("location"), Some("/console"));
    let apart = world.with_settings(&[("CONSOLE_ORIGIN", "https://people.acme.com")]);
    let root = get(&apart, "/").expect(302);
    assert_eq!(
        root.header("location"),
        Some("https://people.acme.com/console")
    );
}

#[test]
fn with_a_host_of_its_own_the_console_is_there_alone() {
    let world = World::new();
    let apart = world.with_settings(&[("CONSOLE_ORIGIN", "https://people.acme.com")]);
    for path in ["/console", "/console/sign-in", "/console/assets/main.js"] {
        let away = get(&apart, path).expect(404);
        assert_eq!(
            away.text("error"),
            "people sign in at https://people.acme.com/console"
        );
        let there = Call::new("GET", path).header("host", "people.acme.com");
        apart.send(there).expect(200);
    }
}

#[test]
fn nothing_but_get_and_head_is_there() {
    let world = World::new();
    for path in [
        "/console",
        "/console/sign-in",
        "/console/assets/main.js",
        "/",
    ] {
        for (method, status) in [("POST", 405), ("DELETE", 405), ("OPTIONS", 204)] {
            let call = Call::new(method, path).header("host", CONSOLE);
            world.send(call).expect(status);
        }
    }
    let head = Call::new("HEAD", "/console").header("host", CONSOLE);
    world.send(head).expect(200);
}
