//! What an organization sees of somebody whom it has named, and that they have joined by their first call on it.

use serde_json::{Value as Json, json};

use testkit::members::{USERS, add, path, remove, set_admin};
use testkit::{Call, Caller, World};

/// A person with two names, whom acme has made a member without asking.
fn named(world: &World) -> Caller {
    let body = json!({"email": "ada@example.com", "name": "Ada", "surname": "Lovelace"});
    let made = world.call(&world.operator(), "POST", "/operator/v1/users", body);
    let made = made.expect(201);
    add(world, &world.owner(), "ada@example.com", false).expect(201);
    Caller {
        is_in_session: false,
        id: made.text("id"),
        email: "ada@example.com".to_owned(),
        token: Some(made.text("token")),
    }
}

fn has_joined(world: &World, person: &Caller) -> bool {
    let shown = world.get(&world.owner(), &path(person)).expect(200).json();
    let joined = shown["status"] == "active";
    assert_eq!(shown["name"].is_null(), !joined, "{shown}");
    assert_eq!(shown["surname"].is_null(), !joined, "{shown}");
    assert_eq!(shown["join_date"].is_null(), !joined, "{shown}");
    joined
}

fn let_into(world: &World, person: &Caller) {
    let body = json!({"user_id": person.id});
    world
        .call(&world.owner(), "POST", &world.path("/users"), body)
        .expect(201);
}

#[test]
fn no_answer_names_a_person_before_they_have_joined() {
    let world = World::new();
    let ada = named(&world);
    let assigned = json!({"role": "project-viewer", "assignee": ada.id});
    let one = world.path(&format!("/users/{}", ada.id));
    let check = format!(
        "/permissions/check?permission=projects.get&assignee={}",
        ada.id
    );
    let owner = world.owner();
    let project_user = json!({"user_id": ada.id});
    let seen = [
        set_admin(&world, &owner, &ada, true),
        set_admin(&world, &owner, &ada, false),
        set_admin(&world, &owner, &ada, false),
        world.call(&owner, "POST", &world.path("/users"), project_user),
        world.call(&owner, "POST", &world.path("/role-assignments"), assigned),
        world.get(&owner, &world.path("/role-assignments")),
        world.get(&owner, &world.path(&check)),
        world.get(&owner, USERS),
        world.get(&owner, &path(&ada)),
        world.get(&owner, &world.path("/users")),
        world.get(&owner, &one),
        world.get(&owner, &world.path("/audit?limit=100")),
        world.call(&owner, "DELETE", &one, Json::Null),
        remove(&world, &owner, &ada),
        add(&world, &owner, &ada.email, false),
        world.get(&owner, "/v2.1/organizations/acme/audit?limit=100"),
    ];
    for answer in seen {
        assert!(answer.status < 300, "{answer}");
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(
            !text.contains("Ada") && !text.contains("Lovelace"),
            "{answer}"
        );
    }
}

#[test]
fn a_call_on_the_organization_or_on_a_project_of_it_joins() {
    let calls: [fn(&World, &Caller) -> Call; 6] = [
        |_, _| Call::new("GET", "/v2.1/organizations/acme"),
        |_, _| Call::new("GET", USERS),
        // Refused, and made all the same.
        |_, _| Call::new("GET", "/v2.1/organizations/acme/audit"),
        |world, _| Call::new("GET", world.path("")),
        |world, ada| Call::new("GET", world.path(&format!("/users/{}", ada.id))),
        |world, _| Call::new("GET", world.workspaces("")),
    ];
    for call in calls {
        let world = World::new();
        let ada = named(&world);
        let_into(&world, &ada);
        assert!(!has_joined(&world, &ada));
        let call = call(&world, &ada).by(&ada);
        let trips = world.send(call).trips;
        assert!(trips <= 2 && has_joined(&world, &ada));
        let listed = world.get(&world.owner(), &world.path("/users")).json();
        let person = listed.as_array().unwrap().iter();
        let person = person.clone().find(|person| person["id"] == json!(ada.id));
        assert_eq!(person.unwrap()["surname"], "Lovelace");
    }
}

#[test]
fn what_is_no_call_on_it_does_not_join() {
    let world = World::new();
    let ada = named(&world);
    for target in [
        "/v2.1/user",
        "/v2.1/organizations",
        "/v2.1/projects",
        "/v2.1/organizations/globex",
        "/v2.1/projects/reactor",
        // They have no part in this one.
        "/v2.1/projects/vision",
    ] {
        let _ = world.get(&ada, target);
        assert!(!has_joined(&world, &ada), "{target}");
    }
    let unknown = ada.holding("0123456789abcdef0123456789abcdef01234567");
    world.get(&unknown, USERS).expect(401);
    assert!(!has_joined(&world, &ada));
}

#[test]
fn it_is_written_once_after_the_answer_and_leaves_no_audit_row() {
    let world = World::new();
    let ada = named(&world);
    let rows = world.count("SELECT count(*) FROM audit");
    assert_eq!(
        world
            .get(&ada, "/v2.1/organizations/acme")
            .expect(200)
            .trips,
        1
    );
    world.pass(86_400_000);
    world.get(&ada, "/v2.1/organizations/acme").expect(200);
    assert_eq!(world.count("SELECT count(*) FROM audit"), rows);
    let shown = world.get(&world.owner(), &path(&ada)).expect(200).json();
    assert_eq!(shown["join_date"], "2026-06-15");
}

#[test]
fn who_makes_an_organization_has_joined_it() {
    let world = World::new();
    world.writes_afterwards(false);
    let ada = world.person("ada");
    let body = json!({"name": "initech"});
    world
        .call(&ada, "POST", "/v2.1/organizations", body)
        .expect(201);
    let shown = world.get(&ada, "/v2.1/organizations/initech/users");
    let shown = shown.expect(200).json();
    assert_eq!(
        (&shown[0]["name"], &shown[0]["status"]),
        (&json!("ada"), &json!("active"))
    );
}

#[test]
fn who_comes_back_has_to_join_anew() {
    let world = World::new();
    let ada = named(&world);
    world.get(&ada, USERS).expect(200);
    remove(&world, &ada, &ada).expect(204);
    let added = add(&world, &world.owner(), &ada.email, false).expect(201);
    assert_eq!(added.json()["name"], Json::Null);
    assert!(!has_joined(&world, &ada));
}

#[test]
fn a_membership_that_ends_while_its_person_calls_is_not_joined() {
    let world = World::new();
    let ada = named(&world);
    let left = ada.clone();
    let meanwhile = move |world: &World| {
        remove(world, &world.owner(), &left).expect(204);
    };
    let call = Call::new("GET", USERS).by(&ada);
    world.send_while(2, meanwhile, call).expect(200);
    add(&world, &world.owner(), &ada.email, false).expect(201);
    assert!(!has_joined(&world, &ada));
}

#[test]
fn members_from_before_there_was_joining_have_joined_if_they_have_an_account() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    for (name, text) in testkit::schema::migrations() {
        if name == "0012_joined.sql" {
            connection
                .execute_batch(
                    "INSERT INTO users (id, email, status) VALUES ('a', 'a@b.c', 'active'), ('p', 'p@b.c', 'pending');
                     INSERT INTO organizations (id, name, creation_date, subscription, subscription_start_date, created_by)
                       VALUES ('o', 'acme', 0, 'free', 0, 'a');
                     INSERT INTO organization_users (organization_id, user_id, admin, join_date)
                       VALUES ('o', 'a', 1, 0), ('o', 'p', 1, 0);",
                )
                .unwrap();
        }
        connection.execute_batch(&text).unwrap();
    }
    let joined = |id: &str| -> bool {
        let sql = "SELECT joined FROM organization_users WHERE user_id = ?1";
        connection.query_row(sql, [id], |row| row.get(0)).unwrap()
    };
    assert!(joined("a") && !joined("p"));
}
