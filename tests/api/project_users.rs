//! The people of a project.

use serde_json::{Value as Json, json};

use testkit::world::PROJECT;
use testkit::{Answer, Caller, World};

fn add(world: &World, by: &Caller, id: &str) -> Answer {
    world.call(by, "POST", &world.path("/users"), json!({"user_id": id}))
}

fn emails(world: &World, query: &str) -> Vec<String> {
    let listed = world
        .get(&world.owner(), &world.path(&format!("/users{query}")))
        .expect(200)
        .json();
    listed
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["email"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_admin_lets_a_member_in_who_then_sees_the_project_but_may_nothing() {
    let world = World::new();
    let member = world.member();
    world.get(&member, &world.path("")).expect(404);
    let added = add(&world, &world.owner(), &member.id).expect(201).json();
    assert_eq!(
        (&added["id"], &added["email"]),
        (&json!(member.id), &json!(member.email))
    );
    let path = world.path(&format!("/users/{}", member.id));
    assert_eq!(world.get(&world.viewer(), &path).expect(200).json(), added);
    world
        .get(&member, &world.path(""))
        .refused(403, "projects.get");
    let projects = world.get(&member, "/v2.1/projects").json();
    assert_eq!(projects[0]["name"], PROJECT);
    add(&world, &world.owner(), &member.id).refused(400, "user_id: ");
}

#[test]
fn only_a_member_of_the_organization_can_be_let_in() {
    let world = World::new();
    for id in [
        world.stranger().id,
        world.robot().id,
        "13a9ba27-6888-4528-826e-8e1002eab13d".to_owned(),
    ] {
        add(&world, &world.owner(), &id).refused(404, "user_id: ");
    }
    add(&world, &world.owner(), "nobody").refused(400, "user_id: ");
    add(&world, &world.admin(), &world.member().id).refused(403, "admin of the organization");
}

#[test]
fn the_list_shows_who_was_let_in_and_who_holds_a_role_each_once() {
    let world = World::new();
    let all = [
        "admin@example.com",
        "editor@example.com",
        "owner@example.com",
        "viewer@example.com",
    ];
    assert_eq!(emails(&world, ""), all);
    add(&world, &world.owner(), &world.viewer().id).expect(201);
    assert_eq!(emails(&world, "?user_type=user"), all);
    let robots = emails(&world, "?user_type=service");
    assert!(robots.contains(&world.robot().email) && !robots.contains(&world.neighbour().email));
    world
        .get(&world.owner(), &world.path("/users?user_type=all"))
        .refused(400, "user_type: ");
    world
        .get(
            &world.owner(),
            &world.path(&format!("/users/{}", world.member().id)),
        )
        .expect(404);
}

#[test]
fn who_is_taken_out_loses_their_roles_in_the_project_and_nowhere_else() {
    let world = World::new();
    let editor = world.editor();
    world.assign("audio", "project-viewer", &editor.id);
    add(&world, &world.owner(), &editor.id).expect(201);
    let path = world.path(&format!("/users/{}", editor.id));
    world
        .call(&world.admin(), "DELETE", &path, Json::Null)
        .refused(403, "admin of the organization");
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    world.get(&editor, &world.path("")).expect(404);
    world.get(&editor, "/v2.1/projects/audio").expect(200);
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(404);
    world.get(&world.owner(), &path).expect(404);
}

#[test]
fn a_member_who_leaves_meanwhile_is_not_let_in() {
    for place in [1, 2] {
        let world = World::new();
        world.before_trip(place, |world| {
            world.execute(
                "DELETE FROM organization_users WHERE user_id = ?1",
                [world.member().id],
            );
        });
        add(&world, &world.owner(), &world.member().id).expect(404);
        assert_eq!(world.count("SELECT count(*) FROM project_users"), 0);
    }
}

#[test]
fn an_admin_who_is_demoted_meanwhile_lets_nobody_in() {
    let world = World::new();
    world.before_trip(2, |world| {
        world.execute(
            "UPDATE organization_users SET admin = 0 WHERE user_id = ?1",
            [world.owner().id],
        );
    });
    add(&world, &world.owner(), &world.member().id).refused(403, "admin of the organization");
    assert_eq!(world.count("SELECT count(*) FROM project_users"), 0);
}
