//! People, as the operator makes and removes them.

use serde_json::{Value as Json, json};

use testkit::{Answer, Caller, World};

const USERS: &str = "/operator/v1/users";

fn create(world: &World, body: Json) -> Answer {
    world.call(&world.operator(), "POST", USERS, body)
}

fn path(of: &Caller, rest: &str) -> String {
    format!("{USERS}/{}{rest}", of.id)
}

#[test]
fn a_new_account_is_answered_with_its_token_once() {
    let world = World::new();
    let made = create(
        &world,
        json!({"email": "New@Example.COM", "name": "Neil", "surname": "Ewing"}),
    );
    let made = made.expect(201).json();
    let (id, token) = (
        made["id"].as_str().unwrap(),
        made["token"].as_str().unwrap(),
    );
    let expected = json!({
        "id": id, "email": "new@example.com", "name": "Neil", "surname": "Ewing", "status": "active",
        "registration_date": world.now().to_zulu_string(),
    });
    let caller = Caller::with_token(token);
    assert_eq!(world.get(&caller, "/v2.1/user").expect(200).text("id"), id);
    let read = world
        .get(&world.operator(), &format!("{USERS}/{id}"))
        .expect(200)
        .json();
    assert_eq!(read, expected);
}

#[test]
fn an_email_address_has_one_account_whatever_its_case() {
    let world = World::new();
    for email in [
        "owner@example.com",
        "OWNER@example.com",
        "Owner@Example.Com",
    ] {
        create(&world, json!({"email": email})).refused(400, "email: ");
    }
}

/// One address in spellings that look alike.
const SPELLINGS: [&str; 5] = [
    "j\u{fc}rgen@b\u{fc}cher.example",
    "ju\u{308}rgen@bu\u{308}cher.example",
    "J\u{dc}RGEN@B\u{dc}CHER.EXAMPLE",
    "j\u{fc}rgen@xn--bcher-kva.example",
    "j\u{fc}rgen@b\u{fc}cher\u{3002}example.",
];

#[test]
fn an_email_address_is_one_person_in_whichever_spelling_it_is_asked_for() {
    for first in SPELLINGS {
        let world = World::new();
        let owner = world.owner();
        let body = json!({"email": first});
        let members = "/v2.1/organizations/acme/users";
        let invited = world.call(&owner, "POST", members, body).expect(201);
        assert_eq!(invited.text("email"), "j\u{fc}rgen@xn--bcher-kva.example");
        for email in SPELLINGS {
            world
                .call(&owner, "POST", members, json!({"email": email}))
                .refused(400, "is a user of this organization already");
            let url: String = form_urlencoded::byte_serialize(email.as_bytes()).collect();
            let found = world.get(&world.operator(), &format!("{USERS}?email={url}"));
            assert_eq!(found.json()[0]["id"], invited.json()["id"], "{email}");
        }
        let made = create(&world, json!({"email": SPELLINGS[1]})).expect(201);
        assert_eq!(made.text("id"), invited.text("id"));
        for email in SPELLINGS {
            create(&world, json!({"email": email})).refused(400, "exists already");
            let name = format!("o-{}", email.len());
            let body = json!({"name": name, "admin_email": email});
            let organization = world.call(&world.operator(), "POST", "/v2.1/organizations", body);
            assert!([201, 400].contains(&organization.status));
            assert!(organization.status == 201 || organization.error().contains("exists already"));
        }
    }
}

#[test]
fn an_address_with_what_cannot_be_seen_is_nobodys() {
    let world = World::new();
    for email in [
        "own\u{200b}er@example.com",
        "owner@exam\u{ad}ple.com",
        "\u{202e}owner@example.com",
        "owner@example.com\u{feff}",
        "owner\u{fe0f}@example.com",
    ] {
        create(&world, json!({"email": email})).refused(400, "email: ");
        let body = json!({"email": email});
        world
            .call(
                &world.owner(),
                "POST",
                "/v2.1/organizations/acme/users",
                body,
            )
            .refused(400, "email: ");
        let body = json!({"name": "initech", "admin_email": email});
        world
            .call(&world.operator(), "POST", "/v2.1/organizations", body)
            .refused(400, "admin_email: ");
        let body = json!({
            "name": "training", "auth_type": "INTERNAL", "grants": [{"user_id": "x"}, {"user_name": email}],
        });
        let made = world.call(&world.operator(), "POST", &world.workspaces(""), body);
        assert!(
            made.status == 400 && made.to_string().contains("grants[1].user_name: "),
            "{made}"
        );
    }
}

#[test]
fn no_person_has_an_address_in_the_domain_of_service_users() {
    let world = World::new();
    let set = world.with_settings(&[("SERVICE_USER_DOMAIN", "Users.B\u{fc}cher.example")]);
    for (number, (world, email, is_refused)) in [
        (&world, world.idle().email, true),
        (&world, "a@ServiceUser.Tenantry.invalid.".to_owned(), true),
        (&world, "a@b.serviceuser.tenantry.invalid".to_owned(), false),
        (&world, "a@users.b\u{fc}cher.example".to_owned(), false),
        (&set, "b@users.b\u{fc}cher.example".to_owned(), true),
        (&set, "b@users.xn--bcher-kva.example".to_owned(), true),
        // That of service users from before the setting.
        (&set, world.idle().email, true),
    ]
    .into_iter()
    .enumerate()
    {
        let named = json!({"name": format!("org{number}"), "admin_email": email});
        let member = json!({"email": email});
        for (by, path, body) in [
            (
                world.owner(),
                "/v2.1/organizations/acme/users",
                member.clone(),
            ),
            (world.operator(), "/operator/v1/users", member),
            (world.operator(), "/v2.1/organizations", named),
        ] {
            let made = world.call(&by, "POST", path, body);
            if is_refused {
                made.refused(400, "where service users have their addresses");
            } else {
                made.expect(201);
            }
        }
    }
}

#[test]
fn what_is_no_email_address_is_refused() {
    let world = World::new();
    for email in [
        "",
        "x",
        "@",
        "a@",
        "@b",
        "a b@c.example",
        "a@b@c",
        "a@b.example\n",
        "a\u{0}@b.example",
        "a@1",
        "a@127.1",
    ] {
        create(&world, json!({"email": email})).refused(400, "email");
    }
    create(&world, json!({})).refused(400, "email");
    create(&world, json!({"email": null})).refused(400, "email");
    create(&world, json!({"email": "a@b.example", "name": 5})).refused(400, "name");
}

#[test]
fn an_invited_person_becomes_active_under_the_same_id() {
    let world = World::new();
    world.execute(
        "INSERT INTO users (id, email, status) VALUES ('5d0d7a3e-0f0a-4c9c-8a55-54ad6ad26cd5', 'in@example.com', 'pending')",
        (),
    );
    let made = create(&world, json!({"email": "in@example.com", "name": "Ina"})).expect(201);
    assert_eq!(made.text("id"), "5d0d7a3e-0f0a-4c9c-8a55-54ad6ad26cd5");
    assert_eq!(
        (made.text("status"), made.text("name")),
        ("active".to_owned(), "Ina".to_owned())
    );
    world
        .get(&Caller::with_token(made.text("token")), "/v2.1/user")
        .expect(200);
    create(&world, json!({"email": "in@example.com"})).refused(400, "email: ");
}

#[test]
fn an_invited_person_has_no_token_to_reset() {
    let world = World::new();
    let id = "5d0d7a3e-0f0a-4c9c-8a55-54ad6ad26cd5";
    world.execute(
        "INSERT INTO users (id, email, status) VALUES (?1, 'in@example.com', 'pending')",
        [id],
    );
    let path = format!("{USERS}/{id}/token");
    world
        .call(&world.operator(), "PUT", &path, Json::Null)
        .refused(400, "invited");
}

#[test]
fn people_are_listed_by_email_address_in_pages_without_tokens() {
    let world = World::new();
    let list = |query: &str| {
        world
            .get(&world.operator(), &format!("{USERS}{query}"))
            .expect(200)
            .json()
    };
    let emails = |list: &Json| -> Vec<String> {
        let people = list.as_array().unwrap().iter();
        people
            .map(|person| person["email"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = emails(&list(""));
    assert_eq!(all.len(), 6);
    assert!(all.is_sorted());
    assert_eq!(emails(&list("?limit=2&offset=1")), all[1..3]);
    assert_eq!(emails(&list("?offset=100")), [] as [String; 0]);
    assert_eq!(
        emails(&list("?email=OWNER@example.com")),
        ["owner@example.com"]
    );
    assert_eq!(list("?email=none@example.com"), json!([]));
    assert!(!list("").to_string().contains("token"));
    for query in [
        "?limit=0",
        "?limit=1001",
        "?limit=x",
        "?offset=-1",
        "?email=x",
    ] {
        world
            .get(&world.operator(), &format!("{USERS}{query}"))
            .expect(400);
    }
}

#[test]
fn a_reset_token_replaces_the_old_one_at_once() {
    let world = World::new();
    let reset = world.call(
        &world.operator(),
        "PUT",
        &path(&world.owner(), "/token"),
        Json::Null,
    );
    let reset = reset.expect(200);
    assert_eq!(reset.json().as_object().unwrap().len(), 1);
    world.get(&world.owner(), "/v2.1/user").expect(401);
    world
        .get(&world.owner().holding(reset.text("token")), &world.path(""))
        .expect(200);
}

#[test]
fn a_deleted_person_has_no_token_membership_or_role_left() {
    let world = World::new();
    world
        .call(
            &world.operator(),
            "DELETE",
            &path(&world.admin(), ""),
            Json::Null,
        )
        .expect(204);
    world.get(&world.admin(), "/v2.1/user").expect(401);
    world
        .get(&world.operator(), &path(&world.admin(), ""))
        .expect(404);
    for table in ["tokens", "organization_users", "role_assignments"] {
        let left = format!(
            "SELECT count(*) FROM {table} WHERE user_id = '{}'",
            world.admin().id
        );
        assert_eq!(world.count(&left), 0, "{table}");
    }
    world
        .call(
            &world.operator(),
            "DELETE",
            &path(&world.admin(), ""),
            Json::Null,
        )
        .expect(404);
}

#[test]
fn the_last_active_admin_of_an_organization_stays_unless_it_is_forced() {
    let world = World::new();
    let delete = |query: &str| {
        world.call(
            &world.operator(),
            "DELETE",
            &path(&world.owner(), query),
            Json::Null,
        )
    };
    delete("").refused(400, "acme");
    delete("?force=false").refused(400, "acme");
    delete("?force=1").refused(400, "force");
    delete("?force=True").expect(204);
    world.get(&world.operator(), &world.path("")).expect(200);
}

#[test]
fn somebody_who_has_not_joined_is_no_admin_that_could_take_over() {
    let world = World::new();
    world.execute(
        "INSERT INTO users (id, email, status) VALUES ('pending', 'in@example.com', 'pending')",
        (),
    );
    world.execute(
        "INSERT INTO organization_users (organization_id, user_id, admin, join_date)
         SELECT id, 'pending', 1, 0 FROM organizations WHERE name = 'acme'",
        (),
    );
    let delete = || {
        world.call(
            &world.operator(),
            "DELETE",
            &path(&world.owner(), ""),
            Json::Null,
        )
    };
    delete().refused(400, "acme");
    world.execute(
        "UPDATE users SET status = 'active' WHERE id = 'pending'",
        (),
    );
    delete().refused(400, "acme");
    world.execute(
        "UPDATE organization_users SET joined = 1 WHERE user_id = 'pending'",
        (),
    );
    delete().expect(204);
}

#[test]
fn who_is_not_there_is_404() {
    let world = World::new();
    for id in [
        "x",
        "00000000-0000-4000-8000-000000000000",
        "%20",
        &"9".repeat(10_000),
    ] {
        let of = format!("{USERS}/{id}");
        world
            .get(&world.operator(), &of)
            .refused(404, "there is no user");
        world
            .call(&world.operator(), "DELETE", &of, Json::Null)
            .expect(404);
        world
            .call(&world.operator(), "PUT", &format!("{of}/token"), Json::Null)
            .expect(404);
    }
}
