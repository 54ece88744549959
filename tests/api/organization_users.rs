//! Who is a member of an organization, how one joins and leaves it, and what goes along.

use serde_json::{Value as Json, json};

use testkit::World;
use testkit::members::{USERS, add, path, remove, set_admin};

fn audit(world: &World) -> Vec<Json> {
    let trail = world.get(&world.owner(), "/v2.1/organizations/acme/audit?limit=100");
    trail.expect(200).json().as_array().unwrap().clone()
}

#[test]
fn a_person_with_an_account_is_a_member_at_once_and_shown_as_what_was_invited() {
    let world = World::new();
    let ada = world.person("ada");
    let made = add(&world, &world.owner(), "Ada@Example.com", false).expect(201);
    assert_eq!(
        made.json(),
        json!({
            "id": ada.id, "email": "ada@example.com", "name": null, "surname": null, "status": "pending",
            "admin": false, "join_date": null,
        })
    );
    assert_eq!(world.get(&ada, USERS).expect(200).json()[0], made.json());
}

#[test]
fn an_unknown_address_is_invited_and_joins_by_the_first_call_with_its_account() {
    let world = World::new();
    let invited = add(&world, &world.owner(), "grace@example.com", true).expect(201);
    assert_eq!(invited.text("status"), "pending");
    assert_eq!(invited.json()["join_date"], Json::Null);
    world.pass(86_400_000);
    let grace = world.person("grace");
    assert_eq!(grace.id, invited.text("id"));
    // That somebody has an account is none of the organization's business: neither its list nor its trail says so.
    let shown = world.get(&world.owner(), &path(&grace)).expect(200).json();
    assert_eq!(shown, invited.json());
    assert_eq!(audit(&world)[0]["action"], "create");
    world.get(&grace, USERS).expect(200);
    let joined = world.get(&world.owner(), &path(&grace)).expect(200).json();
    assert_eq!(
        (&joined["name"], &joined["status"]),
        (&json!("grace"), &json!("active"))
    );
    assert_eq!(joined["admin"], true);
    assert_eq!(joined["join_date"], "2026-06-16");
}

#[test]
fn who_is_invited_twice_is_one_person() {
    let world = World::new();
    let email = "grace@example.com";
    let first = add(&world, &world.owner(), email, false).expect(201);
    let other = world.call(
        &world.stranger(),
        "POST",
        "/v2.1/organizations/globex/users",
        json!({"email": email}),
    );
    assert_eq!(other.expect(201).text("id"), first.text("id"));
    add(&world, &world.owner(), email, true).refused(400, "email: 'grace@example.com' is a user");
}

#[test]
fn a_member_sees_the_list_and_an_admin_each_user() {
    let world = World::new();
    let list = world.get(&world.member(), USERS).expect(200).json();
    let emails: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["email"].as_str().unwrap().to_owned())
        .collect();
    assert!(emails.is_sorted() && emails.len() == 5, "{emails:?}");
    world
        .get(&world.member(), &path(&world.owner()))
        .refused(403, "admin of the organization");
    world
        .get(&world.owner(), &path(&world.member()))
        .expect(200);
    world
        .get(&world.owner(), &path(&world.stranger()))
        .refused(404, "there is no user");
    world
        .get(&world.owner(), &format!("{USERS}/nobody"))
        .expect(404);
}

#[test]
fn an_admin_holds_all_rights_in_all_projects_while_they_are_admin() {
    let world = World::new();
    let project = world.path("");
    world.get(&world.member(), &project).expect(404);
    set_admin(&world, &world.owner(), &world.member(), true).expect(200);
    world
        .call(&world.member(), "PATCH", &project, json!({"labels": {}}))
        .expect(200);
    set_admin(&world, &world.owner(), &world.member(), false).expect(200);
    world.get(&world.member(), &project).expect(404);
}

#[test]
fn the_roles_that_came_with_being_admin_leave_with_it_and_others_stay() {
    let world = World::new();
    let member = world.member();
    world.assign("audio", "project-viewer", &member.id);
    set_admin(&world, &world.owner(), &member, true).expect(200);
    let body = json!({"name": "text", "organization_name": "acme"});
    world
        .call(&member, "POST", "/v2.1/projects", body)
        .expect(201);
    let roles = |world: &World| {
        world.count(&format!(
            "SELECT count(*) FROM role_assignments WHERE user_id = '{}'",
            world.member().id
        ))
    };
    assert_eq!(roles(&world), 2);
    set_admin(&world, &world.owner(), &member, false).expect(200);
    assert_eq!(roles(&world), 1);
    world.get(&member, "/v2.1/projects/text").expect(404);
    world.get(&member, "/v2.1/projects/audio").expect(200);
}

#[test]
fn leaving_takes_all_roles_in_all_projects_along() {
    let world = World::new();
    let admin = world.admin();
    world.assign("audio", "project-viewer", &admin.id);
    remove(&world, &world.owner(), &admin).expect(204);
    world.get(&admin, &world.path("")).expect(404);
    world.get(&admin, "/v2.1/projects/audio").expect(404);
    assert_eq!(world.get(&admin, "/v2.1/projects").json(), json!([]));
    assert_eq!(world.get(&admin, "/v2.1/organizations").json(), json!([]));
    let left = format!(
        "SELECT (SELECT count(*) FROM role_assignments WHERE user_id = '{0}')
              + (SELECT count(*) FROM project_users WHERE user_id = '{0}')",
        admin.id
    );
    assert_eq!(world.count(&left), 0);
    // The account is their own.
    world.get(&admin, "/v2.1/user").expect(200);
    remove(&world, &world.owner(), &admin).expect(404);
}

#[test]
fn no_more_users_than_the_plan_allows_not_even_in_a_race() {
    let world = World::new();
    let plan = json!({"description": "Six", "self_service": true, "limits": {"users": 6}});
    world
        .call(
            &world.operator(),
            "PUT",
            "/operator/v1/subscriptions/free",
            plan,
        )
        .expect(200);
    world.before_trip(2, |world| {
        add(world, &world.owner(), "sixth@example.com", false).expect(201);
    });
    add(&world, &world.owner(), "seventh@example.com", false).refused(403, "users:");
    assert_eq!(
        world.count("SELECT count(*) FROM users WHERE email = 'seventh@example.com'"),
        0
    );
    let list = world.get(&world.owner(), USERS).json();
    assert_eq!(list.as_array().unwrap().len(), 6);
    remove(&world, &world.owner(), &world.member()).expect(204);
    add(&world, &world.owner(), "seventh@example.com", false).expect(201);
}

#[test]
fn a_patch_without_admin_changes_nothing() {
    let world = World::new();
    let rows = audit(&world).len();
    let answer = world.call(&world.owner(), "PATCH", &path(&world.owner()), json!({}));
    assert_eq!(answer.expect(200).json()["admin"], true);
    assert_eq!(audit(&world).len(), rows);
}

#[test]
fn a_patch_to_what_is_there_writes_nothing() {
    let world = World::new();
    let before = world.dump();
    for (whom, body) in [
        (world.owner(), json!({"admin": true})),
        (world.member(), json!({"admin": false})),
        (world.member(), json!({})),
        (world.member(), json!({"admin": null, "unknown": 1})),
    ] {
        let answer = world.call(&world.operator(), "PATCH", &path(&whom), body);
        let shown = world.get(&world.operator(), &path(&whom)).expect(200);
        assert_eq!(answer.expect(200).json(), shown.json());
        assert!(world.dump() == before, "{whom:?}");
    }
    let nobody = format!("{USERS}/13a9ba27-6888-4528-826e-8e1002eab13d");
    world
        .call(&world.owner(), "PATCH", &nobody, json!({}))
        .refused(404, "there is no user");
}

#[test]
fn an_admin_who_is_demoted_meanwhile_is_not_shown_what_did_not_change() {
    for body in [json!({}), json!({"admin": false})] {
        let world = World::new();
        world.before_trip(2, |world| {
            world.execute("UPDATE organization_users SET admin = 0", ());
        });
        let path = path(&world.member());
        world
            .call(&world.owner(), "PATCH", &path, body)
            .refused(403, "admin of the organization");
    }
}

#[test]
fn a_bad_body_is_refused_by_the_name_of_its_field() {
    let world = World::new();
    for (body, words) in [
        (json!({}), "email"),
        (json!({"email": "nobody"}), "email: 'nobody' is not"),
        (json!({"email": "a@b.example", "admin": "yes"}), "admin: "),
        (json!({"email": 5}), "email: "),
    ] {
        world
            .call(&world.owner(), "POST", USERS, body)
            .refused(400, words);
    }
    world
        .call(
            &world.owner(),
            "PATCH",
            &path(&world.owner()),
            json!({"admin": 1}),
        )
        .refused(400, "admin: ");
}

#[test]
fn the_trail_shows_each_change_with_what_was_before() {
    let world = World::new();
    let member = world.member();
    set_admin(&world, &world.owner(), &member, true).expect(200);
    remove(&world, &world.owner(), &member).expect(204);
    let trail = audit(&world);
    assert_eq!(trail[0]["action"], "delete");
    assert_eq!(
        trail[0]["event"],
        "Deleted organization user member@example.com"
    );
    let before = |admin: bool| {
        json!({
            "email": "member@example.com", "admin": admin, "status": "active", "lost_roles": [], "lost_roles_count": 0,
        })
    };
    assert_eq!(trail[0]["before"], before(true));
    assert_eq!(trail[1]["before"], before(false));
    assert_eq!(trail[1]["after"], json!({"admin": true}));
    let only = world.get(
        &world.owner(),
        "/v2.1/organizations/acme/audit?action=delete&limit=1",
    );
    assert_eq!(only.json()[0]["id"], trail[0]["id"]);
}

#[test]
fn the_operator_who_deletes_a_person_leaves_a_row_in_each_organization_they_leave() {
    let world = World::new();
    let member = world.member();
    let globex = "/v2.1/organizations/globex/users";
    let body = json!({"email": member.email, "admin": true});
    world
        .call(&world.stranger(), "POST", globex, body)
        .expect(201);
    let account = format!("/operator/v1/users/{}", member.id);
    world
        .call(&world.operator(), "DELETE", &account, Json::Null)
        .expect(204);
    for (by, organization, admin) in [
        (world.owner(), "acme", false),
        (world.stranger(), "globex", true),
    ] {
        let trail = world.get(&by, &format!("/v2.1/organizations/{organization}/audit"));
        let row = &trail.expect(200).json()[0];
        assert_eq!(row["event"], "Deleted organization user member@example.com");
        assert_eq!(row["user"], "operator");
        assert_eq!(row["before"]["admin"], admin);
    }
}
