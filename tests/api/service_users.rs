//! Service users: the six operations, what each field takes, and when a token works.

use serde_json::{Value as Json, json};

use testkit::world::{HOUR, PROJECT};
use testkit::{Answer, Caller, World};

fn path(world: &World, of: &Caller, rest: &str) -> String {
    world.path(&format!("/service-users/{}{rest}", of.id))
}

fn create(world: &World, body: Json) -> Answer {
    world.call(&world.owner(), "POST", &world.path("/service-users"), body)
}

fn patch(world: &World, of: &Caller, body: Json) -> Answer {
    world.call(&world.owner(), "PATCH", &path(world, of, ""), body)
}

fn read(world: &World, of: &Caller) -> Json {
    world
        .get(&world.owner(), &path(world, of, ""))
        .expect(200)
        .json()
}

#[test]
fn a_new_one_is_answered_whole_with_its_token() {
    let world = World::new();
    let made = create(
        &world,
        json!({
            "name": "scanner", "description": "scans", "expiry_date": "2030-01-31",
            "allowed_cors_origins": ["HTTPS://App.Example:443", "http://localhost:3000", "https://app.example"],
        }),
    );
    let made = made.expect(201).json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        made,
        json!({
            "id": id,
            "email": format!("{id}.{PROJECT}@serviceuser.tenantry.invalid"),
            "token": made["token"],
            "name": "scanner",
            "description": "scans",
            "creation_date": world.after(0),
            "expiry_date": "2030-01-31T00:00:00.000+00:00",
            "allowed_cors_origins": ["https://app.example", "http://localhost:3000"],
            "token_last_used": null,
            "previous_token_expiry": null,
        })
    );
    let token = made["token"].as_str().unwrap();
    assert!(
        token.len() == 40
            && token
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    );
}

#[test]
fn every_field_of_a_new_one_has_a_default() {
    let world = World::new();
    for body in [Json::Null, json!({}), json!({"expiry_date": null})] {
        let made = create(&world, body).expect(201).json();
        assert_eq!(made["name"], "");
        assert_eq!(made["description"], "");
        assert_eq!(made["expiry_date"], Json::Null);
        assert_eq!(made["allowed_cors_origins"], json!([]));
    }
}

#[test]
fn its_token_is_shown_once_and_nowhere_else() {
    let world = World::new();
    let made = world.service_user(&["project-admin"]);
    let reset = world.call(
        &world.owner(),
        "PUT",
        &path(&world, &made, "/token"),
        Json::Null,
    );
    assert_eq!(reset.json().as_object().unwrap().len(), 1);
    let token = reset.text("token");
    for answer in [
        world.get(&world.owner(), &path(&world, &made, "")),
        world.get(&world.owner(), &world.path("/service-users")),
        patch(&world, &made, json!({"name": "again"})),
        world.get(&world.owner(), &world.path("/audit")),
        world.get(&made.holding(token.clone()), "/v2.1/user"),
    ] {
        let body = String::from_utf8(answer.expect(200).body).unwrap();
        assert!(
            !body.contains(&token) && !body.contains(r#""token":"#),
            "{body}"
        );
    }
}

#[test]
fn they_are_listed_oldest_first_without_their_tokens() {
    let world = World::new();
    world.pass(1);
    let last = world.service_user(&[]);
    let listed = world.get(&world.viewer(), &world.path("/service-users"));
    let listed = listed.expect(200).json();
    let names: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 5);
    assert_eq!(*names.last().unwrap(), last.id);
    assert_eq!(
        read(&world, &last),
        *listed.as_array().unwrap().last().unwrap()
    );
}

#[test]
fn absent_keeps_and_null_clears() {
    let world = World::new();
    let body = json!({
        "name": "n", "description": "d", "expiry_date": world.after(HOUR),
        "allowed_cors_origins": ["https://a.example"],
    });
    let made = world.service_user_of(PROJECT, &[], body);
    let before = read(&world, &made);
    let changed = |field: &str, value: Json| {
        let mut expected = read(&world, &made);
        let answer = patch(&world, &made, json!({field: value}))
            .expect(200)
            .json();
        expected[field] = value;
        assert_eq!(answer, expected, "{field}");
        assert_eq!(read(&world, &made), expected);
    };
    assert_eq!(patch(&world, &made, json!({})).expect(200).json(), before);
    changed("name", json!("other"));
    changed("description", json!(""));
    changed("expiry_date", Json::Null);
    changed("allowed_cors_origins", json!([]));
}

#[test]
fn its_email_stays_when_it_or_its_project_is_renamed() {
    let world = World::new();
    let robot = world.robot();
    let before = read(&world, &robot)["email"].clone();
    patch(&world, &robot, json!({"name": "renamed"})).expect(200);
    let project = json!({"name": "seeing"});
    world
        .call(&world.owner(), "PATCH", &world.path(""), project)
        .expect(200);
    let path = format!("/v2.1/projects/seeing/service-users/{}", robot.id);
    let after = world.get(&world.owner(), &path).expect(200).json();
    assert_eq!(after["email"], before);
    assert_eq!(after["name"], "renamed");
}

#[test]
fn an_expiry_date_must_lie_in_the_future() {
    let world = World::new();
    for date in [world.after(0), world.after(-1), "2020-01-01".to_owned()] {
        let body = json!({"expiry_date": date});
        create(&world, body.clone()).refused(400, "expiry_date: ");
        patch(&world, &world.robot(), body).refused(400, "expiry_date: ");
    }
    let body = json!({"expiry_date": world.after(1)});
    create(&world, body.clone()).expect(201);
    patch(&world, &world.robot(), body).expect(200);
}

#[test]
fn it_stops_at_its_expiry_date_to_the_millisecond() {
    let world = World::new();
    let body = json!({"expiry_date": world.after(HOUR)});
    patch(&world, &world.robot(), body).expect(200);
    world.pass(HOUR - 1);
    world.get(&world.robot(), "/v2.1/user").expect(200);
    world.pass(1);
    world.get(&world.robot(), "/v2.1/user").expect(401);
    assert_eq!(
        read(&world, &world.robot())["id"],
        world.robot().id.as_str()
    );
}

#[test]
fn an_expired_one_can_be_read_and_deleted_but_neither_updated_nor_reset() {
    let world = World::new();
    let expired = world.expired();
    read(&world, &expired);
    for body in [
        json!({}),
        json!({"name": "x"}),
        json!({"expiry_date": null}),
    ] {
        patch(&world, &expired, body).refused(400, "expired");
    }
    for rest in ["/token", "/token?grace=60"] {
        let reset = world.call(
            &world.owner(),
            "PUT",
            &path(&world, &expired, rest),
            Json::Null,
        );
        reset.refused(400, "expired");
    }
    world
        .call(
            &world.owner(),
            "DELETE",
            &path(&world, &expired, ""),
            Json::Null,
        )
        .expect(204);
    world
        .get(&world.owner(), &path(&world, &expired, ""))
        .expect(404);
}

#[test]
fn after_a_reset_the_old_token_is_refused_at_once() {
    let world = World::new();
    let robot = world.robot();
    world.get(&robot, &world.path("")).expect(200);
    let reset = world.call(
        &world.owner(),
        "PUT",
        &path(&world, &robot, "/token"),
        Json::Null,
    );
    let token = reset.expect(200).text("token");
    world.get(&robot, &world.path("")).expect(401);
    world
        .get(&robot.holding(token), &world.path(""))
        .expect(200);
}

#[test]
fn it_can_reset_its_own_token() {
    let world = World::new();
    let robot = world.robot();
    let reset = world.call(&robot, "PUT", &path(&world, &robot, "/token"), Json::Null);
    let token = reset.expect(200).text("token");
    world.get(&robot, "/v2.1/user").expect(401);
    world.get(&robot.holding(token), "/v2.1/user").expect(200);
}

#[test]
fn after_its_deletion_its_token_is_refused_at_once() {
    let world = World::new();
    let robot = world.robot();
    world
        .call(
            &world.owner(),
            "DELETE",
            &path(&world, &robot, ""),
            Json::Null,
        )
        .expect(204);
    world.get(&robot, "/v2.1/user").expect(401);
    world
        .call(
            &world.owner(),
            "DELETE",
            &path(&world, &robot, ""),
            Json::Null,
        )
        .expect(404);
}

#[test]
fn with_its_project_it_and_its_token_are_gone() {
    let world = World::new();
    world
        .call(&world.owner(), "DELETE", &world.path(""), Json::Null)
        .expect(204);
    for caller in [world.robot(), world.idle()] {
        world.get(&caller, "/v2.1/user").expect(401);
    }
    world.get(&world.neighbour(), "/v2.1/user").expect(200);
}

#[test]
fn it_belongs_to_its_project_alone() {
    let world = World::new();
    let elsewhere = |rest: &str| {
        format!(
            "/v2.1/projects/audio/service-users/{}{rest}",
            world.robot().id
        )
    };
    for (method, rest) in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("PUT", "/token"),
        ("DELETE", "/token/previous"),
        ("GET", "/access-keys"),
        ("POST", "/access-keys"),
    ] {
        let body = if method == "PATCH" {
            json!({"name": "x"})
        } else {
            Json::Null
        };
        world
            .call(&world.owner(), method, &elsewhere(rest), body)
            .expect(404);
    }
    world.get(&world.robot(), "/v2.1/user").expect(200);
}

#[test]
fn without_a_role_it_sees_its_project_listed_and_nothing_more() {
    let world = World::new();
    let listed = world
        .get(&world.idle(), "/v2.1/projects")
        .expect(200)
        .json();
    let names: Vec<&Json> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, [PROJECT]);
    world.get(&world.idle(), &world.path("")).expect(403);
    world.get(&world.idle(), "/v2.1/projects/audio").expect(404);
    world
        .get(&world.idle(), "/v2.1/projects/there-is-none")
        .expect(404);
}

#[test]
fn an_id_is_taken_in_each_of_its_forms() {
    let world = World::new();
    let id = world.robot().id;
    for id in [id.replace('-', ""), id.to_uppercase()] {
        world
            .get(&world.owner(), &world.path(&format!("/service-users/{id}")))
            .expect(200);
    }
    for id in [
        "x",
        "%20",
        "00000000-0000-4000-8000-000000000000",
        "..",
        "%F0%9F%A4%96",
    ] {
        let path = world.path(&format!("/service-users/{id}"));
        world
            .get(&world.owner(), &path)
            .refused(404, "there is no service user");
    }
}

#[test]
fn names_and_descriptions_have_their_lengths() {
    let world = World::new();
    for (field, most) in [("name", 256), ("description", 400)] {
        create(&world, json!({field: "é".repeat(most)})).expect(201);
        create(&world, json!({field: "é".repeat(most + 1)})).refused(400, field);
        patch(&world, &world.robot(), json!({field: "x".repeat(most + 1)})).refused(400, field);
    }
}

#[test]
fn user_says_who_a_token_stands_for() {
    let world = World::new();
    let robot = world.get(&world.robot(), "/v2.1/user").expect(200).json();
    assert_eq!(robot["id"], world.robot().id.as_str());
    assert_eq!(robot["email"], world.robot().email.as_str());
    assert_eq!(
        (&robot["name"], &robot["authentication"]),
        (&json!("robot"), &json!("token"))
    );
    let nameless = world.service_user_of(PROJECT, &[], json!({}));
    assert_eq!(
        world.get(&nameless, "/user").expect(200).json()["name"],
        Json::Null
    );
    let owner = world.get(&world.owner(), "/v2/user").expect(200).json();
    assert_eq!(owner["authentication"], "ubiops");
    let operator = world
        .get(&world.operator(), "/v2.1/user")
        .expect(200)
        .json();
    assert_eq!(
        (&operator["id"], &operator["email"]),
        (&Json::Null, &json!("operator"))
    );
}

#[test]
fn a_change_that_changes_nothing_writes_nothing() {
    let world = World::new();
    let body = json!({
        "name": "n", "description": "d", "expiry_date": world.after(HOUR),
        "allowed_cors_origins": ["https://a.example"],
    });
    let made = world.service_user_of(PROJECT, &[], body.clone());
    let before = world.dump();
    let shown = read(&world, &made);
    assert_eq!(patch(&world, &made, body.clone()).expect(200).json(), shown);
    assert_eq!(patch(&world, &made, json!({})).expect(200).json(), shown);
    assert!(world.dump() == before, "something was written");
    for (field, other) in [
        ("name", json!("")),
        ("description", json!("other")),
        ("expiry_date", json!(world.after(HOUR + 1))),
        ("expiry_date", Json::Null),
        ("allowed_cors_origins", json!([])),
    ] {
        let world = world.copy();
        let mut body = body.clone();
        body[field] = other;
        let changed = patch(&world, &made, body).expect(200).json();
        assert_ne!(changed, shown, "{field}");
        let rows = "SELECT count(*) FROM audit WHERE event LIKE 'Updated service user%'";
        assert_eq!(world.count(rows), 2, "{field}");
    }
}

#[test]
fn who_loses_their_right_meanwhile_renames_no_service_user() {
    let world = World::new();
    let path = world.path(&format!("/service-users/{}", world.idle().id));
    let call = testkit::Call::new("PATCH", &path).by(&world.admin());
    let call = call.json(&json!({"name": "renamed"}));
    let lost = |world: &World| {
        let admin = world.admin().id;
        world.execute("DELETE FROM role_assignments WHERE user_id = ?1", [admin]);
    };
    world.send_while(2, lost, call).expect(403);
    assert_ne!(world.get(&world.owner(), &path).json()["name"], "renamed");
}
