//! People sign in on a page, and go on as who they are (contract section 8).

use serde_json::{Value as Json, json};

use testkit::requests::sign_in_link;
use testkit::{Answer, CONSOLE, Call, Caller, World, cookie_of};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn post(world: &World, target: &str, body: Json) -> Answer {
    world.send(Call::new("POST", target).on_console().json(&body))
}

fn as_session(person: &Caller, answer: &Answer) -> Caller {
    Caller {
        token: Some(cookie_of(answer)),
        is_in_session: true,
        ..person.clone()
    }
}

fn sign_in_by_link(world: &World, person: &Caller) -> Caller {
    let link = sign_in_link(world, person);
    as_session(
        person,
        &post(world, "/session", json!({"link": link})).expect(201),
    )
}

fn user(world: &World, caller: &Caller) -> Answer {
    world.get(caller, "/v2.1/user")
}

fn sessions(world: &World, caller: &Caller) -> Json {
    world.get(caller, "/session/list").expect(200).json()
}

fn how_many(list: &Json) -> usize {
    list.as_array().map_or(0, Vec::len)
}

#[test]
fn a_person_signs_in_with_their_token_and_is_who_they_are() {
    let world = World::new();
    let owner = world.owner();
    let call = Call::new("POST", "/session")
        .on_console()
        .header("user-agent", "x".repeat(200))
        .json(&json!({"token": format!(" {} ", owner.token.as_deref().unwrap())}));
    let made = world.send(call).expect(201);
    let cookie = made.header("set-cookie").unwrap().to_owned();
    let session = as_session(&owner, &made);
    let secret = session.token.clone().unwrap();
    assert_eq!(secret.len(), 40);
    assert_eq!(
        cookie,
        format!(
            "__Host-Http-tenantry={secret}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200"
        )
    );
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let body = made.json();
    assert_eq!(
        body,
        json!({
            "id": body["id"], "method": "token",
            "user": {"id": owner.id, "email": owner.email, "name": "owner", "surname": null},
            "creation_date": world.now().to_offset_string(),
            "expiry_date": world.now().plus_millis(12 * HOUR).to_offset_string(),
            "fresh_until": world.now().plus_millis(15 * MINUTE).to_offset_string(),
            "organizations": [{"name": "acme", "administers": true}],
        })
    );
    assert_eq!(world.get(&session, "/session").expect(200).json(), body);
    assert_eq!(user(&world, &session).expect(200).text("id"), owner.id);
    world.get(&session, &world.path("")).expect(200);
    let listed = sessions(&world, &session);
    assert_eq!(how_many(&listed), 1);
    assert_eq!(listed[0]["current"], true);
    assert_eq!(listed[0]["user_agent"], "x".repeat(120));
}

#[test]
fn only_a_persons_token_opens_a_session() {
    let world = World::new();
    for (token, status, sentence) in [
        (world.operator().token, 400, "the operator's token"),
        (world.robot().token, 400, "a service user's token"),
        (world.revoked().token, 401, "is not valid"),
        (world.malformed().token, 401, "is not valid"),
    ] {
        let answer = post(&world, "/session", json!({"token": token}));
        assert!(answer.header("set-cookie").is_none());
        assert!(answer.expect(status).text("error").contains(sentence));
    }
    for body in [
        json!({}),
        json!({"token": "a", "link": "b"}),
        json!({"token": null}),
    ] {
        post(&world, "/session", body).refused(400, "one of both");
    }
    post(&world, "/session", json!({"token": 7})).refused(400, "token: ");
}

#[test]
fn a_forged_secret_is_not_looked_for() {
    let world = World::new();
    let owner = world.owner();
    let session = world.owner_in_session();
    let token = owner.token.clone().unwrap();
    let secret = session.token.clone().unwrap();
    // A token is no cookie, a cookie no token, and neither is a link.
    for answer in [
        user(&world, &session.holding(token.as_str())),
        user(&world, &owner.holding(secret.as_str())),
        post(&world, "/session", json!({"token": secret})),
        post(&world, "/session", json!({"link": secret})),
        post(&world, "/session", json!({"link": token})),
        post(
            &world,
            "/session/link/preview",
            json!({"link": "0".repeat(40)}),
        ),
        user(&world, &session.holding("0".repeat(40))),
    ] {
        assert_eq!(answer.trips, 0, "{answer}");
        answer.expect(401);
    }
    let link = sign_in_link(&world, &owner);
    assert_eq!(
        user(&world, &owner.holding(link.as_str()))
            .expect(401)
            .trips,
        0
    );
    let shown = user(&world, &session.holding(link.as_str()));
    assert_eq!(shown.expect(401).trips, 0);
}

#[test]
fn a_session_costs_what_a_token_costs() {
    let world = World::new();
    let session = world.owner_in_session();
    for path in ["/v2.1/user", "/v2.1/organizations/acme"] {
        let by_token = world.get(&world.owner(), path).expect(200).trips;
        assert_eq!(world.get(&session, path).expect(200).trips, by_token);
    }
}

#[test]
fn a_cookie_counts_on_calls_of_pages_of_its_host_alone() {
    let world = World::new();
    let session = world.owner_in_session();
    let get = || Call::new("GET", "/v2.1/user").by(&session);
    let post = || {
        let body = json!({"name": "more", "organization_name": "acme"});
        Call::new("POST", "/v2.1/projects").by(&session).json(&body)
    };
    let refused = [
        get().without("sec-fetch-site"),
        get()
            .without("sec-fetch-site")
            .header("sec-fetch-site", "cross-site"),
        get()
            .without("sec-fetch-site")
            .header("sec-fetch-site", "same-site"),
        get()
            .without("sec-fetch-site")
            .header("sec-fetch-site", "none"),
        get().without("host").header("host", "other.acme.com"),
        get().without("host"),
        post().without("origin"),
        post()
            .without("origin")
            .header("origin", "https://evil.example"),
        post()
            .without("origin")
            .header("origin", format!("http://{CONSOLE}")),
        post()
            .without("origin")
            .header("origin", format!("https://{CONSOLE}:8443")),
        post().without("origin").header("origin", "null"),
        post()
            .without("sec-fetch-site")
            .header("sec-fetch-site", "same-site"),
    ];
    let before = world.dump();
    for call in refused {
        let answer = world.send(call).expect(401);
        assert_eq!(answer.trips, 0, "{answer}");
    }
    assert_eq!(world.dump(), before);
    world.send(get()).expect(200);
    world.send(post()).expect(201);
}

/// On loopback a browser takes HTTP for secure.
#[test]
fn on_a_laptop_pages_have_an_origin_of_http() {
    let world = World::new();
    for host in [
        "localhost:8787",
        "127.0.0.1:8787",
        "[::1]:8787",
        "localhost",
    ] {
        let call = |origin: String| {
            let call = Call::new("POST", "/session").on_console();
            let call = call.without("host").header("host", host);
            let call = call.without("origin").header("origin", origin);
            call.json(&json!({"token": world.owner().token}))
        };
        world.send(call(format!("http://{host}"))).expect(201);
        world.send(call(format!("https://{host}"))).expect(403);
    }
    let host = "localhost.acme.com";
    let call = Call::new("POST", "/session").on_console();
    let call = call.without("host").header("host", host);
    let call = call
        .without("origin")
        .header("origin", format!("http://{host}"));
    world
        .send(call.json(&json!({"token": world.owner().token})))
        .expect(403);
}

#[test]
fn only_a_page_of_this_host_signs_anybody_in() {
    let world = World::new();
    let link = sign_in_link(&world, &world.owner());
    let before = world.dump();
    let foreign: [fn(Call) -> Call; 3] = [
        |call| call.without("sec-fetch-site"),
        |call| call.without("origin"),
        |call| {
            call.without("origin")
                .header("origin", "https://evil.example")
        },
    ];
    for spoil in foreign {
        for (target, body) in [
            ("/session", json!({"token": world.owner().token})),
            ("/session", json!({"link": link})),
            ("/session/link/preview", json!({"link": link})),
        ] {
            let call = Call::new("POST", target).on_console().json(&body);
            let answer = world.send(spoil(call)).expect(403);
            assert_eq!(answer.trips, 0);
        }
    }
    assert_eq!(world.dump(), before);
}

#[test]
fn a_token_goes_before_a_cookie() {
    let world = World::new();
    let session = world.owner_in_session();
    let robot = format!("Token {}", world.robot().token.unwrap());
    let call = Call::new("GET", "/v2.1/user").by(&session);
    let both = call.clone().header("authorization", robot);
    assert_eq!(world.send(both).expect(200).text("id"), world.robot().id);
    for (name, value) in [("authorization", "Token nonsense"), ("x-auth-token", "x")] {
        world.send(call.clone().header(name, value)).expect(401);
    }
}

#[test]
fn no_request_endpoint_and_no_client_of_modelarts_takes_a_cookie() {
    let world = World::new();
    let session = world.owner_in_session();
    world.served("x1");
    for (method, target) in [
        ("POST", world.path("/deployments/x1/requests")),
        ("POST", world.path("/openai-compatible/v1/chat/completions")),
        ("GET", world.workspaces("")),
    ] {
        world
            .send(Call::new(method, target).by(&session))
            .expect(401);
    }
}

#[test]
fn with_a_host_of_its_own_the_console_signs_people_in_there_alone() {
    let world = World::new();
    let origin = format!("https://{CONSOLE}");
    let apart = world.with_settings(&[("CONSOLE_ORIGIN", &origin)]);
    let elsewhere = world.with_settings(&[("CONSOLE_ORIGIN", "https://people.acme.com")]);
    let session = apart.owner_in_session();
    user(&apart, &session).expect(200);
    // Setting another host ends the sessions that were made before.
    user(&elsewhere, &session).expect(401);
    let body = json!({"token": world.owner().token});
    let answer = post(&elsewhere, "/session", body).expect(404);
    assert_eq!(
        answer.text("error"),
        "people sign in at https://people.acme.com/console"
    );
    let methods = Call::new("GET", "/session/methods").header("host", CONSOLE);
    elsewhere.send(methods.clone()).expect(404);
    apart.send(methods).expect(200);
    let link = sign_in_link_whole(&elsewhere);
    assert!(link.starts_with("https://people.acme.com/console/sign-in#link="));
}

fn sign_in_link_whole(world: &World) -> String {
    let path = format!("/operator/v1/users/{}/sign-in-link", world.owner().id);
    let made = world.call(&world.operator(), "POST", &path, json!({"hours": 168}));
    let made = made.expect(201);
    let end = world.now().plus_millis(168 * HOUR).to_offset_string();
    assert_eq!(made.text("expiry_date"), end);
    made.text("link")
}

#[test]
fn a_session_lasts_as_long_as_the_installation_says() {
    let world = World::new();
    let short = world.with_settings(&[("SESSION_HOURS", "1")]);
    let session = short.owner_in_session();
    short.pass(HOUR - 1);
    user(&short, &session).expect(200);
    short.pass(1);
    let ended = user(&short, &session).expect(401);
    assert_eq!(ended.text("error"), "the session has ended; sign in again");
    // Its row goes with the next one.
    let again = short.owner_in_session();
    assert_eq!(how_many(&sessions(&short, &again)), 1);
    assert_eq!(
        short.count("SELECT count(*) FROM tokens WHERE session_method IS NOT NULL"),
        1
    );
}

#[test]
fn the_fifty_first_session_ends_the_oldest() {
    let world = World::new();
    let first = world.owner_in_session();
    world.pass(1);
    let second = world.owner_in_session();
    for _ in 0..49 {
        world.pass(1);
        world.owner_in_session();
    }
    user(&world, &first).expect(401);
    assert_eq!(how_many(&sessions(&world, &second)), 50);
}

#[test]
fn whoever_signs_out_is_out() {
    let world = World::new();
    let (here, there) = (world.owner_in_session(), world.owner_in_session());
    let out = world
        .call(&here, "DELETE", "/session", Json::Null)
        .expect(204);
    let cleared = "__Host-Http-tenantry=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0";
    assert_eq!(out.header("set-cookie"), Some(cleared));
    assert_eq!(out.header("clear-site-data"), Some("\"cache\""));
    user(&world, &here).expect(401);
    user(&world, &there).expect(200);
    // Their token is another credential.
    user(&world, &world.owner()).expect(200);

    let others = world.admin_in_session();
    let (also, link) = (
        world.owner_in_session(),
        sign_in_link(&world, &world.owner()),
    );
    let everywhere = "/session?everywhere=true";
    world
        .call(&there, "DELETE", everywhere, Json::Null)
        .expect(204);
    for session in [&there, &also] {
        user(&world, session).expect(401);
    }
    post(&world, "/session", json!({"link": link})).expect(401);
    user(&world, &others).expect(200);
}

#[test]
fn a_person_ends_a_session_of_their_own_and_no_others() {
    let world = World::new();
    let (here, there) = (world.owner_in_session(), world.owner_in_session());
    let id = |caller: &Caller| world.get(caller, "/session").expect(200).text("id");
    let path = format!("/session/list/{}", id(&there));
    let strangers = world.sign_in(&world.stranger());
    world
        .call(&strangers, "DELETE", &path, Json::Null)
        .expect(404);
    user(&world, &there).expect(200);
    let ended = world.call(&here, "DELETE", &path, Json::Null).expect(204);
    assert_eq!(ended.header("set-cookie"), None);
    user(&world, &there).expect(401);
    world.call(&here, "DELETE", &path, Json::Null).expect(404);
    // A token is no session.
    let token: String = world
        .database
        .connection()
        .query_row(
            "SELECT id FROM tokens WHERE user_id = ?1 AND session_method IS NULL",
            [&world.owner().id],
            |row| row.get(0),
        )
        .unwrap();
    let path = format!("/session/list/{token}");
    world.call(&here, "DELETE", &path, Json::Null).expect(404);
    user(&world, &world.owner()).expect(200);
}

#[test]
fn the_operator_sees_and_ends_the_sessions_of_a_person() {
    let world = World::new();
    let (session, link) = (
        world.owner_in_session(),
        sign_in_link(&world, &world.owner()),
    );
    let path = format!("/operator/v1/users/{}/sessions", world.owner().id);
    let listed = world.get(&world.operator(), &path).expect(200).json();
    assert_eq!(listed[0]["id"], sessions(&world, &session)[0]["id"]);
    assert_eq!(listed[0]["current"], false);
    world
        .call(&world.operator(), "DELETE", &path, Json::Null)
        .expect(204);
    user(&world, &session).expect(401);
    post(&world, "/session", json!({"link": link})).expect(401);
    assert_eq!(
        world.get(&world.operator(), &path).expect(200).json(),
        json!([])
    );
    for method in ["GET", "DELETE"] {
        let nobody = format!("/operator/v1/users/{}/sessions", world.robot().id);
        world
            .call(&world.operator(), method, &nobody, Json::Null)
            .expect(404);
    }
}

#[test]
fn a_session_ends_with_the_token_it_was_made_from_and_with_its_person() {
    let world = World::new();
    let by_token = world.owner_in_session();
    let by_link = sign_in_by_link(&world, &world.owner());
    let link = sign_in_link(&world, &world.owner());
    let token = format!("/operator/v1/users/{}/token", world.owner().id);
    world
        .call(&world.operator(), "PUT", &token, Json::Null)
        .expect(200);
    for session in [by_token, by_link] {
        user(&world, &session).expect(401);
    }
    post(&world, "/session", json!({"link": link})).expect(401);

    let session = world.admin_in_session();
    let person = format!("/operator/v1/users/{}", world.admin().id);
    world
        .call(&world.operator(), "DELETE", &person, Json::Null)
        .expect(204);
    user(&world, &session).expect(401);
    let left = "SELECT (SELECT count(*) FROM sign_in_links) + (SELECT count(*) FROM tokens WHERE session_method IS NOT NULL)";
    assert_eq!(world.count(left), 0);
}

#[test]
fn a_link_opens_one_session() {
    let world = World::new();
    let owner = world.owner();
    let replaced = sign_in_link(&world, &owner);
    let link = sign_in_link(&world, &owner);
    let shown = post(&world, "/session/link/preview", json!({"link": link})).expect(200);
    let end = world.now().plus_millis(24 * HOUR).to_offset_string();
    assert_eq!(
        shown.json(),
        json!({"email": owner.email, "expiry_date": end})
    );
    for target in ["/session", "/session/link/preview"] {
        post(&world, target, json!({"link": replaced})).expect(401);
    }
    let made = post(&world, "/session", json!({"link": link})).expect(201);
    assert_eq!(made.text("method"), "link");
    user(&world, &as_session(&owner, &made)).expect(200);
    for target in ["/session", "/session/link/preview"] {
        post(&world, target, json!({"link": link})).expect(401);
    }
    let late = sign_in_link(&world, &owner);
    world.pass(24 * HOUR);
    post(&world, "/session", json!({"link": late})).expect(401);
}

/// All of them have found the link before any has used it.
#[test]
fn twenty_redemptions_at_once_make_one_session() {
    let world = World::new();
    let link = sign_in_link(&world, &world.owner());
    let call = || {
        Call::new("POST", "/session")
            .on_console()
            .json(&json!({"link": link}))
    };
    let mut begun: Vec<_> = (0..20).map(|_| world.begin(call())).collect();
    for call in &mut begun {
        call.step();
    }
    let statuses: Vec<u16> = begun.into_iter().map(|call| call.finish().status).collect();
    let made = statuses.iter().filter(|status| **status == 201).count();
    assert_eq!((made, statuses.len()), (1, 20), "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 401].contains(status)));
    assert_eq!(
        world.count("SELECT count(*) FROM tokens WHERE session_method IS NOT NULL"),
        1
    );
}

#[test]
fn a_link_that_was_found_and_then_replaced_opens_nothing() {
    let world = World::new();
    let link = sign_in_link(&world, &world.owner());
    world.before_trip(2, |world| {
        sign_in_link(world, &world.owner());
    });
    post(&world, "/session", json!({"link": link})).expect(401);
}

#[test]
fn whoever_was_invited_has_an_account_when_they_come_by_a_link() {
    let world = World::new();
    let body = json!({"email": "new@example.com"});
    let members = "/v2.1/organizations/acme/users";
    let id = world
        .call(&world.owner(), "POST", members, body)
        .expect(201)
        .text("id");
    let invited = Caller {
        id: id.clone(),
        email: "new@example.com".to_owned(),
        ..world.nobody()
    };
    let session = sign_in_by_link(&world, &invited);
    let read = world.get(&world.operator(), &format!("/operator/v1/users/{id}"));
    let read = read.expect(200).json();
    assert_eq!(read["status"], "active");
    assert_eq!(read["registration_date"], world.now().to_zulu_string());
    world.get(&session, "/v2.1/organizations/acme").expect(200);
}

#[test]
fn a_link_for_another_device_is_short_and_ends_with_its_session() {
    let world = World::new();
    let session = world.owner_in_session();
    let make = || world.call(&session, "POST", "/session/link", Json::Null);
    let made = make().expect(201);
    let end = world.now().plus_millis(10 * MINUTE).to_offset_string();
    assert_eq!(made.text("expiry_date"), end);
    let secret = |made: &Answer| made.text("link").split_once("#link=").unwrap().1.to_owned();
    assert!(
        made.text("link")
            .starts_with(&format!("https://{CONSOLE}/console/sign-in#"))
    );
    let other = post(&world, "/session", json!({"link": secret(&made)})).expect(201);
    let other = as_session(&world.owner(), &other);
    // It is of the same token as the session that made the link.
    let unused = secret(&make().expect(201));
    world
        .call(&session, "DELETE", "/session", Json::Null)
        .expect(204);
    post(&world, "/session", json!({"link": unused})).expect(401);
    user(&world, &other).expect(200);
    world.execute(
        "DELETE FROM tokens WHERE user_id = ?1 AND session_method IS NULL",
        [world.owner().id],
    );
    user(&world, &other).expect(401);
}

/// What outlives a session is for whoever signed in a moment ago.
#[test]
fn what_outlives_a_session_needs_a_fresh_one() {
    let world = World::new();
    let role = world.custom_role(&["roles.assignments.create"]);
    let robot = world.service_user(&[]);
    let member = format!("/v2.1/organizations/acme/users/{}", world.member().id);
    let people = "/v2.1/organizations/acme/users";
    let assignments = world.path("/role-assignments");
    world.served("x1");
    let calls = [
        ("PUT", "/session/token".to_owned(), Json::Null),
        // Else the next one would be the first.
        ("DELETE", "/session/token".to_owned(), Json::Null),
        ("POST", "/session/link".to_owned(), Json::Null),
        (
            "POST",
            world.path("/service-users"),
            json!({"name": "more"}),
        ),
        (
            "PUT",
            world.path(&format!("/service-users/{}/token", robot.id)),
            Json::Null,
        ),
        (
            "POST",
            world.path(&format!("/service-users/{}/access-keys", robot.id)),
            Json::Null,
        ),
        ("PATCH", member, json!({"admin": true})),
        (
            "POST",
            people.to_owned(),
            json!({"email": "n@example.com", "admin": true}),
        ),
        (
            "POST",
            assignments.clone(),
            json!({"role": role, "assignee": world.member().id}),
        ),
        (
            "PATCH",
            world.path(&format!("/roles/{role}")),
            json!({"permissions": ["roles.update"]}),
        ),
        (
            "PUT",
            world.path("/deployments/x1/versions/v1/upstream?rotate_secret=60"),
            json!({"upstream_url": "https://models.acme.com/x"}),
        ),
    ];
    for (method, target, body) in calls {
        let world = world.copy();
        let session = world.owner_in_session();
        world.pass(15 * MINUTE);
        world.writes_afterwards(false);
        let before = world.dump();
        let answer = world
            .call(&session, method, &target, body.clone())
            .expect(403);
        assert_eq!(answer.text("error"), "sign in again to do this", "{target}");
        assert!(world.dump() == before, "{target}");
        // Neither a token nor a session that is a moment old is stopped.
        if !target.starts_with("/session") {
            let world = world.copy();
            let answer = world.call(&world.owner(), method, &target, body.clone());
            assert!(answer.status < 300, "{answer}");
        }
        let fresh = world.owner_in_session();
        let answer = world.call(&fresh, method, &target, body);
        assert!(answer.status < 300, "{answer}");
    }
    // What ends no later than they do is free.
    let session = world.owner_in_session();
    world.pass(15 * MINUTE);
    let viewer = json!({"role": "deployment-request-user", "assignee": world.member().id});
    world
        .call(&session, "POST", &assignments, viewer)
        .expect(201);
    let member = json!({"email": "m@example.com"});
    world.call(&session, "POST", people, member).expect(201);
    world
        .call(
            &session,
            "POST",
            &world.path("/roles"),
            json!({"name": "fewer", "permissions": ["projects.get"]}),
        )
        .expect(201);
}

#[test]
fn who_came_by_a_link_gives_themselves_a_token_and_replaces_it() {
    let world = World::new();
    let body = json!({"email": "new@example.com"});
    let members = "/v2.1/organizations/acme/users";
    let id = world
        .call(&world.owner(), "POST", members, body)
        .expect(201)
        .text("id");
    let person = Caller {
        id,
        ..world.nobody()
    };
    let session = sign_in_by_link(&world, &person);
    let put = |session: &Caller| world.call(session, "PUT", "/session/token", Json::Null);
    let delete = |session: &Caller| world.call(session, "DELETE", "/session/token", Json::Null);
    delete(&session).expect(404);
    // The first one at any time.
    world.pass(HOUR);
    let first = person.holding(put(&session).expect(200).text("token"));
    user(&world, &first).expect(200);
    put(&session).expect(403);

    let by_first = world.sign_in(&first);
    let another = world.sign_in(&first);
    let second = person.holding(put(&by_first).expect(200).text("token"));
    user(&world, &first).expect(401);
    user(&world, &second).expect(200);
    // The one that replaced it goes on, and so does one that was never made from it; the other ends.
    user(&world, &by_first).expect(200);
    user(&world, &session).expect(200);
    user(&world, &another).expect(401);
    // It is of the new token now.
    let third = person.holding(put(&world.sign_in(&second)).expect(200).text("token"));
    user(&world, &by_first).expect(401);

    let last = world.sign_in(&third);
    let other = world.sign_in(&third);
    delete(&last).expect(204);
    user(&world, &third).expect(401);
    user(&world, &last).expect(200);
    user(&world, &other).expect(401);
}

#[test]
fn the_calls_of_sessions_are_for_sessions() {
    let world = World::new();
    for (method, target) in [
        ("GET", "/session"),
        ("DELETE", "/session"),
        ("GET", "/session/list"),
        ("POST", "/session/link"),
        ("PUT", "/session/token"),
        ("DELETE", "/session/token"),
    ] {
        for caller in [
            world.owner(),
            world.operator(),
            world.robot(),
            world.nobody(),
        ] {
            world.call(&caller, method, target, Json::Null).expect(401);
        }
    }
}

#[test]
fn the_trail_tells_of_sessions_and_holds_no_secret() {
    let world = World::new();
    let session = world.owner_in_session();
    let link = sign_in_link(&world, &world.owner());
    let token = world
        .call(&session, "PUT", "/session/token", Json::Null)
        .expect(200)
        .text("token");
    let trail = world
        .get(&world.operator(), "/operator/v1/audit")
        .expect(200)
        .json();
    let told: Vec<&str> = trail
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["event"].as_str().unwrap())
        .collect();
    for event in [
        "Created session owner@example.com",
        "Created sign in link owner@example.com",
        "Updated user token owner@example.com",
    ] {
        assert!(told.contains(&event), "{told:?}");
    }
    let dump = world.dump();
    for secret in [session.token.unwrap(), link, token] {
        assert!(!dump.contains(&secret));
    }
}

#[test]
fn a_session_of_a_previous_key_goes_on_under_the_next() {
    let world = World::new();
    let session = world.owner_in_session();
    let link = sign_in_link(&world, &world.owner());
    let rotated = world.with_settings(&[
        ("TOKEN_KEY", "the next key"),
        ("TOKEN_KEY_PREVIOUS", testkit::world::TOKEN_KEY),
    ]);
    user(&rotated, &session).expect(200);
    post(&rotated, "/session", json!({"link": link})).expect(201);
    let last = world.with_settings(&[("TOKEN_KEY", "the next key")]);
    user(&last, &session).expect(401);
}

/// The organization is not given to whoever made the session, but to the person.
#[test]
fn a_sessions_end_is_no_expiry_date_of_its_person() {
    let world = World::new();
    let session = world.owner_in_session();
    let made = world.call(
        &session,
        "POST",
        &world.path("/service-users"),
        json!({"name": "for ever"}),
    );
    assert_eq!(made.expect(201).json()["expiry_date"], Json::Null);
}

/// A browser takes a cookie of another name from a neighbouring host, and this is one: no space but the one between two cookies is
/// taken off.
#[test]
fn a_cookie_that_a_neighbouring_host_has_planted_is_none() {
    let world = World::new();
    let (mine, planted) = (world.owner_in_session(), world.sign_in(&world.stranger()));
    let (mine, planted) = (mine.token.unwrap(), planted.token.unwrap());
    let name = "__Host-Http-tenantry";
    let read = |cookies: String| {
        let call = Call::new("GET", "/v2.1/user").on_console();
        world.send(call.header("cookie", cookies))
    };
    for space in [
        "\u{2000}", "\u{a0}", "\u{85}", "\u{3000}", "\t", "\u{feff}", "  ",
    ] {
        read(format!("{space}{name}={planted}")).expect(401);
        let both = read(format!("{space}{name}={planted}; {name}={mine}"));
        assert_eq!(both.expect(200).text("id"), world.owner().id, "{space:?}");
    }
    // Where there are two, nobody can tell which is ours.
    read(format!("{name}={planted}; {name}={mine}")).expect(401);
    read(format!("a=b; {name}={mine}; c=d")).expect(200);
    read(format!("{name}x={mine}")).expect(401);
    read(format!("x{name}={mine}")).expect(401);
}

#[test]
fn the_operators_calls_look_at_no_cookie() {
    let world = World::new();
    let session = world.owner_in_session();
    let answer = world.get(&session, "/operator/v1/users").expect(401);
    assert_eq!(answer.trips, 0);
}

#[test]
fn a_session_that_ends_meanwhile_ends_no_other_one() {
    let world = World::new();
    let id = |not: &str| -> String {
        let connection = world.database.connection();
        let sql = "SELECT id FROM tokens WHERE session_method IS NOT NULL AND id <> ?1";
        connection.query_row(sql, [not], |row| row.get(0)).unwrap()
    };
    let caller = world.sign_in(&world.owner());
    let first = id("");
    world.sign_in(&world.owner());
    let second = id(&first);
    let call = Call::new("DELETE", format!("/session/list/{second}")).by(&caller);
    let ends = {
        let first = first.clone();
        move |world: &World| {
            world.execute("DELETE FROM tokens WHERE id = ?1", [first]);
        }
    };
    let answer = world.send_while(2, ends, call.on_console());
    assert!([401, 403].contains(&answer.status), "{answer}");
    assert_eq!(id(&first), second);
}

#[test]
fn ending_the_sessions_of_somebody_who_has_none_writes_nothing() {
    let world = World::new();
    let path = format!("/operator/v1/users/{}/sessions", world.viewer().id);
    let audited = || world.count("SELECT count(*) FROM audit");
    let before = audited();
    world
        .call(&world.operator(), "DELETE", &path, Json::Null)
        .expect(204);
    assert_eq!(audited(), before);
    // A link is something to end.
    let link = format!("/operator/v1/users/{}/sign-in-link", world.viewer().id);
    world
        .call(&world.operator(), "POST", &link, json!({}))
        .expect(201);
    let before = audited();
    world
        .call(&world.operator(), "DELETE", &path, Json::Null)
        .expect(204);
    assert_eq!(audited(), before + 1);
}
