//! Calls that a page needs and everybody may use (contract section 8).

use serde_json::{Value as Json, json};

use testkit::{Call, World};

fn mine(world: &World, caller: &testkit::Caller) -> Json {
    let path = world.path("/permissions/mine");
    world.get(caller, &path).expect(200).json()
}

fn holds(list: &Json, permission: &str) -> bool {
    list.as_array()
        .is_some_and(|names| names.iter().any(|name| name == permission))
}

#[test]
fn one_call_says_what_the_caller_may_in_a_project() {
    let world = World::new();
    world.deployment("x1");
    for caller in [world.owner(), world.operator()] {
        let may = mine(&world, &caller);
        assert_eq!(may["administers"], true);
        assert!(holds(&may["project"], "projects.delete"));
    }
    let viewer = mine(&world, &world.viewer());
    assert_eq!(viewer["administers"], false);
    assert!(holds(&viewer["project"], "projects.get"));
    assert!(!holds(&viewer["project"], "projects.update"));
    assert_eq!(viewer["objects"], json!([]));

    let caller = world.service_user(&["project-admin"]);
    // What no service user may, whatever its roles say.
    let robot = mine(&world, &caller);
    assert!(holds(&robot["project"], "projects.update"));
    assert!(!holds(&robot["project"], "roles.assignments.create"));

    let on_one = world.service_user(&[]);
    world.assign_on("deployment", "x1", "deployment-request-user", &on_one.id);
    let may = mine(&world, &on_one);
    assert_eq!(may["project"], json!([]));
    assert_eq!(may["objects"][0]["resource"], "x1");
    assert_eq!(may["objects"][0]["resource_type"], "deployment");
    assert!(holds(
        &may["objects"][0]["permissions"],
        "deployments.requests.create"
    ));
    world
        .get(&world.member(), &world.path("/permissions/mine"))
        .expect(404);
}

/// Whatever `mine` says, `check` says too.
#[test]
fn it_agrees_with_the_check_of_each_permission() {
    let world = World::new();
    let all = world
        .get(&world.owner(), "/v2.1/permissions")
        .expect(200)
        .json();
    for caller in [
        world.admin(),
        world.editor(),
        world.viewer(),
        world.robot(),
        world.idle(),
    ] {
        // Who has no role has a part all the same, as a service user of the project.
        let may = mine(&world, &caller);
        for row in all.as_array().into_iter().flatten() {
            let name = row["name"].as_str().unwrap_or_default();
            let path = world.path(&format!(
                "/permissions/check?permission={name}&assignee={}",
                caller.id
            ));
            let checked = world.get(&world.owner(), &path).expect(200).json();
            assert_eq!(checked["allowed"], holds(&may["project"], name), "{name}");
        }
    }
}

#[test]
fn an_organization_shows_what_it_has_used_and_what_it_may() {
    let world = World::new();
    let path = "/v2.1/organizations/acme";
    let before = world.get(&world.owner(), path).expect(200).json();
    assert_eq!(before["credits_used"], 0.0);
    assert_eq!(before["administers"], true);
    assert!(before["period_start"].as_str() <= Some(world.now().to_zulu_string().as_str()));
    assert!(before["period_end"].as_str() > Some(world.now().to_zulu_string().as_str()));
    let member = world.get(&world.member(), path).expect(200);
    assert_eq!(
        (member.trips, &member.json()["administers"]),
        (1, &json!(false))
    );

    world.deployment("x1");
    let event = json!([{
        "id": "e-1", "project": "vision", "object_type": "deployment_version", "object_name": "x1", "version": "v1",
        "metric": "credits", "value": 2.5, "timestamp": world.now().to_zulu_string(),
    }]);
    world
        .call(
            &world.operator(),
            "POST",
            "/operator/v1/usage-events",
            event,
        )
        .expect(200);
    let after = world.get(&world.owner(), path).expect(200).json();
    assert_eq!(after["credits_used"], 2.5);
    // The next period begins with nothing.
    world.pass(32 * 24 * 60 * 60 * 1_000);
    let next = world.get(&world.owner(), path).expect(200).json();
    assert_eq!(next["credits_used"], 0.0);
    assert_eq!(next["period_start"], after["period_end"]);

    let limits = format!("{path}/limits");
    let unlimited = world.get(&world.member(), &limits).expect(200).json();
    assert_eq!(unlimited["projects"], Json::Null);
    let plan = json!({"description": "", "self_service": true, "limits": {"projects": 5, "users": 7, "pipelines": 1}});
    world
        .call(
            &world.operator(),
            "PUT",
            "/operator/v1/subscriptions/free",
            plan,
        )
        .expect(200);
    let limited = world.get(&world.member(), &limits).expect(200).json();
    assert_eq!(
        limited,
        json!({
            "projects": 5, "users": 7, "deployments": null, "deployment_versions": null, "pipelines": 1,
            "pipeline_versions": null,
        })
    );
    world.get(&world.stranger(), &limits).expect(404);
}

#[test]
fn an_origin_is_checked_as_a_browser_would() {
    let world = World::new();
    let body = json!({"name": "app", "allowed_cors_origins": ["https://app.example"]});
    let path = world.path("/service-users");
    let app = world
        .call(&world.owner(), "POST", &path, body)
        .expect(201)
        .text("id");
    world.served("x1");
    let cases = [
        (
            "https://vision.example",
            None,
            json!(["project", true, true]),
        ),
        (
            "HTTPS://Vision.example:443",
            Some(&app),
            json!(["project", true, true]),
        ),
        (
            "https://app.example",
            Some(&app),
            json!(["service_user", true, true]),
        ),
        (
            "https://app.example",
            None,
            json!(["other_service_user", true, false]),
        ),
        (
            "https://app.example",
            Some(&world.robot().id),
            json!(["other_service_user", true, false]),
        ),
        (
            "https://nobody.example",
            Some(&app),
            json!([null, false, false]),
        ),
    ];
    for (origin, service_user, expected) in cases {
        let of = service_user.map_or(String::new(), |id| format!("&service_user={id}"));
        let path = world.path(&format!("/origins/check?origin={origin}{of}"));
        let told = world.get(&world.owner(), &path).expect(200).json();
        assert_eq!(
            json!([told["listed_by"], told["preflight"], told["call"]]),
            expected,
            "{origin}"
        );
        assert!(
            told["sentence"]
                .as_str()
                .is_some_and(|text| text.ends_with('.'))
        );
        // The preflight that a browser would make says the same.
        let preflight = Call::new("OPTIONS", world.path("/deployments/x1/requests"))
            .header("origin", told["origin"].as_str().unwrap_or_default())
            .header("access-control-request-method", "POST");
        let answer = world.send(preflight).expect(204);
        let allowed = answer.header("access-control-allow-origin").is_some();
        assert_eq!(told["preflight"], allowed, "{origin}");
    }
    let check = |query: &str| {
        world.get(
            &world.owner(),
            &world.path(&format!("/origins/check{query}")),
        )
    };
    check("").refused(400, "origin: ");
    check("?origin=app.example").refused(400, "origin: ");
    check(&format!(
        "?origin=https://a.example&service_user={}",
        world.neighbour().id
    ))
    .expect(404);
}

#[test]
fn an_admin_makes_links_for_whom_they_invited_where_the_operator_lets_them() {
    let world = World::new();
    let members = "/v2.1/organizations/acme/users";
    let body = json!({"email": "new@example.com"});
    let id = world
        .call(&world.owner(), "POST", members, body.clone())
        .expect(201)
        .text("id");
    let path = format!("{members}/{id}/sign-in-link");
    let strict = world.with_settings(&[("ADMIN_SIGN_IN_LINKS", "")]);
    strict
        .call(&world.owner(), "POST", &path, json!({}))
        .refused(403, "only the operator");

    let make = |path: &str| world.call(&world.owner(), "POST", path, json!({"hours": 1}));
    let link = make(&path).expect(201).text("link");
    world
        .call(&world.member(), "POST", &path, json!({}))
        .expect(403);
    let active = format!("{members}/{}/sign-in-link", world.member().id);
    make(&active).refused(403, "has an account");
    make(&format!("{members}/{}/sign-in-link", world.stranger().id)).expect(404);
    // Whoever another organization has invited, too, is not this one's to let in.
    let theirs = "/v2.1/organizations/globex/users";
    world
        .call(&world.stranger(), "POST", theirs, body)
        .expect(201);
    make(&path).refused(403, "another organization");
    // Nor by the link from before, which the admin may have kept for themselves.
    let secret = link.split_once("#link=").map_or("", |(_, secret)| secret);
    let call = Call::new("POST", "/session").on_console();
    world.send(call.json(&json!({"link": secret}))).expect(401);

    let body = json!({"email": "newer@example.com"});
    let id = world
        .call(&world.owner(), "POST", members, body)
        .expect(201)
        .text("id");
    let link = make(&format!("{members}/{id}/sign-in-link"))
        .expect(201)
        .text("link");
    let secret = link.split_once("#link=").map_or("", |(_, secret)| secret);
    let call = Call::new("POST", "/session").on_console();
    world.send(call.json(&json!({"link": secret}))).expect(201);
}

/// Of an admin's link nothing is left when they, or the person, are no longer where they were.
#[test]
fn an_admins_link_ends_with_what_made_it_theirs_to_make() {
    let members = "/v2.1/organizations/acme/users";
    let redeem = |world: &World, link: &str| {
        let secret = link.split_once("#link=").map_or("", |(_, secret)| secret);
        let body = json!({"link": secret});
        let shown = Call::new("POST", "/session/link/preview")
            .on_console()
            .json(&body);
        let opened = Call::new("POST", "/session").on_console().json(&body);
        (world.send(shown).status, world.send(opened).status)
    };
    type Event = fn(&World, &str);
    let events: [(&str, Event, bool); 7] = [
        ("nothing", |_, _| {}, true),
        (
            "the operator makes an account",
            |world, _| {
                let body = json!({"email": "vic@example.com"});
                let made = world.call(&world.operator(), "POST", "/operator/v1/users", body);
                made.expect(201);
            },
            false,
        ),
        (
            "the person is taken out",
            |world, id| {
                let path = format!("/v2.1/organizations/acme/users/{id}");
                world
                    .call(&world.operator(), "DELETE", &path, Json::Null)
                    .expect(204);
            },
            false,
        ),
        (
            "the admin is demoted",
            |world, _| {
                world.execute(
                    "UPDATE organization_users SET admin = (user_id = ?2) WHERE user_id IN (?1, ?2)",
                    (world.owner().id, world.member().id),
                );
            },
            false,
        ),
        (
            "the admin is signed out",
            |world, _| {
                let path = format!("/operator/v1/users/{}/sessions", world.owner().id);
                world
                    .call(&world.operator(), "DELETE", &path, Json::Null)
                    .expect(204);
            },
            false,
        ),
        (
            "another organization invites the person",
            |world, _| {
                let body = json!({"email": "vic@example.com"});
                let path = "/v2.1/organizations/globex/users";
                world
                    .call(&world.stranger(), "POST", path, body)
                    .expect(201);
            },
            false,
        ),
        (
            "the operator makes a link",
            |world, id| {
                let path = format!("/operator/v1/users/{id}/sign-in-link");
                world
                    .call(&world.operator(), "POST", &path, json!({}))
                    .expect(201);
            },
            false,
        ),
    ];
    for (what, event, opens) in events {
        let world = World::new();
        let admin = world.owner_in_session();
        let body = json!({"email": "vic@example.com"});
        let id = world
            .call(&admin, "POST", members, body)
            .expect(201)
            .text("id");
        let path = format!("{members}/{id}/sign-in-link");
        let link = world
            .call(&admin, "POST", &path, json!({}))
            .expect(201)
            .text("link");
        event(&world, &id);
        let expected = if opens { (200, 201) } else { (401, 401) };
        assert_eq!(redeem(&world, &link), expected, "{what}");
    }
}

#[test]
fn an_admins_link_takes_the_place_of_no_link_of_the_operator() {
    let world = World::new();
    let members = "/v2.1/organizations/acme/users";
    let body = json!({"email": "vic@example.com"});
    let id = world
        .call(&world.owner(), "POST", members, body)
        .expect(201)
        .text("id");
    let by_operator = format!("/operator/v1/users/{id}/sign-in-link");
    world
        .call(&world.operator(), "POST", &by_operator, json!({"hours": 1}))
        .expect(201);
    let by_admin = format!("{members}/{id}/sign-in-link");
    world
        .call(&world.owner(), "POST", &by_admin, json!({}))
        .refused(403, "from the operator");
    world.pass(3_600_000);
    world
        .call(&world.owner(), "POST", &by_admin, json!({}))
        .expect(201);
}
