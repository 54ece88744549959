//! Anybody may leave any organization and any project; and what changes somebody's standing is told in the trails of the
//! projects that it touches, with what they lose.

use serde_json::{Value as Json, json};

use testkit::members::{USERS, add, path, remove, set_admin};
use testkit::{Answer, Caller, World};

fn entry(world: &World, whom: &Caller) -> String {
    world.path(&format!("/users/{}", whom.id))
}

fn leave_project(world: &World, by: &Caller, whom: &Caller) -> Answer {
    world.call(by, "DELETE", &entry(world, whom), Json::Null)
}

fn trail(world: &World, project: &str) -> Vec<Json> {
    let path = format!("/v2.1/projects/{project}/audit?limit=100");
    let trail = world.get(&world.operator(), &path).expect(200).json();
    trail.as_array().unwrap().clone()
}

/// The newest row of a project's trail: its event, and the names of the roles that were lost.
fn newest(world: &World, project: &str) -> (String, Vec<String>) {
    let row = trail(world, project).remove(0);
    (row["event"].as_str().unwrap().to_owned(), lost(&row))
}

fn lost(row: &Json) -> Vec<String> {
    let lost = row["before"]["lost_roles"].as_array().cloned();
    let name = |role: &Json| {
        let text = |field: &str| role[field].as_str().unwrap().to_owned();
        format!(
            "{}/{} on {}",
            text("project"),
            text("role"),
            text("resource")
        )
    };
    lost.unwrap_or_default().iter().map(name).collect()
}

fn newest_of_organization(world: &World) -> Json {
    let path = "/v2.1/organizations/acme/audit?limit=1";
    world.get(&world.operator(), path).expect(200).json()[0].clone()
}

#[test]
fn anybody_leaves_an_organization_whatever_their_rights() {
    let world = World::new();
    let everybody = [
        world.member(),
        world.admin(),
        world.editor(),
        world.viewer(),
    ];
    for person in everybody {
        remove(&world, &person, &world.owner()).refused(403, "admin of the organization");
        remove(&world, &person, &person).expect(204);
        remove(&world, &person, &person).expect(404);
        world.get(&person, USERS).expect(404);
    }
    // Who was named without being asked, too; whatever form the id is written in.
    let ada = world.person("ada");
    for admin in [true, false] {
        add(&world, &world.owner(), &ada.email, admin).expect(201);
        let id = ada.id.to_uppercase();
        world
            .call(&ada, "DELETE", &format!("{USERS}/{id}"), Json::Null)
            .expect(204);
    }
    // A stranger learns nothing, and a service user is nobody's member.
    for caller in [world.stranger(), world.robot()] {
        remove(&world, &caller, &caller).expect(404);
    }
}

#[test]
fn anybody_leaves_a_project_whatever_their_rights() {
    let world = World::new();
    for person in [world.admin(), world.editor(), world.viewer()] {
        leave_project(&world, &person, &world.owner()).refused(403, "admin of the organization");
        leave_project(&world, &person, &person).expect(204);
        world.get(&person, &world.path("")).expect(404);
        leave_project(&world, &person, &person).expect(404);
        world.get(&person, USERS).expect(200);
    }
    let member = world.member();
    leave_project(&world, &member, &member).expect(404);
    let body = json!({"user_id": member.id});
    world
        .call(&world.owner(), "POST", &world.path("/users"), body)
        .expect(201);
    leave_project(&world, &member, &member).expect(204);
    // What a service user is in its project ends with it.
    leave_project(&world, &world.robot(), &world.robot()).refused(403, "admin of the organization");
    leave_project(&world, &world.stranger(), &world.stranger()).expect(404);
}

#[test]
fn an_admin_who_leaves_a_project_loses_the_roles_and_keeps_the_rights_of_an_admin() {
    let world = World::new();
    let owner = world.owner();
    leave_project(&world, &owner, &owner).expect(204);
    let (event, roles) = newest(&world, "vision");
    assert_eq!(event, "Deleted project user owner@example.com");
    assert_eq!(roles, ["vision/project-admin on vision"]);
    world.get(&owner, &world.path("")).expect(200);
    world.get(&owner, &entry(&world, &owner)).expect(404);
    leave_project(&world, &owner, &owner).expect(404);
}

#[test]
fn who_lost_their_token_meanwhile_does_not_leave_with_it() {
    for target in [path, |whom: &Caller| {
        format!("/v2.1/projects/vision/users/{}", whom.id)
    }] {
        let world = World::new();
        let viewer = world.viewer();
        world.before_trip(2, |world| {
            let path = format!("/operator/v1/users/{}/token", world.viewer().id);
            world
                .call(&world.operator(), "PUT", &path, Json::Null)
                .expect(200);
        });
        world
            .call(&viewer, "DELETE", &target(&viewer), Json::Null)
            .expect(403);
        world.get(&world.owner(), &path(&viewer)).expect(200);
        world
            .get(&world.owner(), &entry(&world, &viewer))
            .expect(200);
    }
}

#[test]
fn promotion_and_demotion_stand_in_the_trail_of_each_project() {
    let world = World::new();
    let member = world.member();
    set_admin(&world, &world.owner(), &member, true).expect(200);
    for project in ["vision", "audio"] {
        let row = trail(&world, project).remove(0);
        assert_eq!(row["event"], "Updated organization user member@example.com");
        assert_eq!(row["user"], "owner@example.com");
        assert_eq!(row["after"], json!({"admin": true}));
        assert_eq!(row["before"]["admin"], false);
    }
    let body = json!({"name": "text", "organization_name": "acme"});
    world
        .call(&member, "POST", "/v2.1/projects", body)
        .expect(201);
    set_admin(&world, &world.owner(), &member, false).expect(200);
    let event = "Updated organization user member@example.com".to_owned();
    assert_eq!(newest(&world, "vision"), (event.clone(), vec![]));
    let roles = vec!["text/project-admin on text".to_owned()];
    assert_eq!(newest(&world, "text"), (event, roles.clone()));
    let own = newest_of_organization(&world);
    assert_eq!(lost(&own), roles);
    assert_eq!(own["before"]["lost_roles_count"], 1);
    // One change, one row in the organization's trail.
    let all = "SELECT count(*) FROM audit WHERE organization_id IS NOT NULL AND object_type = 'organization_user'";
    assert_eq!(world.count(all), 2);
    // Somebody who is added as an admin holds all rights in each project, too.
    add(&world, &world.owner(), "grace@example.com", true).expect(201);
    add(&world, &world.owner(), "ada@example.com", false).expect(201);
    let event = "Created organization user grace@example.com".to_owned();
    assert_eq!(newest(&world, "audio"), (event, vec![]));
}

#[test]
fn leaving_and_removal_stand_in_the_trail_of_each_project_with_the_roles_that_are_lost() {
    let world = World::new();
    world.deployment("d1");
    let (viewer, editor) = (world.viewer(), world.editor());
    world.assign_on("deployment", "d1", "deployment-editor", &viewer.id);
    world.assign("audio", "project-viewer", &editor.id);
    let leave: [fn(&World, &Caller) -> Answer; 2] = [
        |world, whom| remove(world, whom, whom),
        |world, whom| {
            let account = format!("/operator/v1/users/{}", whom.id);
            world.call(&world.operator(), "DELETE", &account, Json::Null)
        },
    ];
    for leave in leave {
        let world = world.copy();
        let audio = trail(&world, "audio").len();
        leave(&world, &viewer).expect(204);
        let (event, mut roles) = newest(&world, "vision");
        roles.sort();
        assert_eq!(event, "Deleted organization user viewer@example.com");
        assert_eq!(
            roles,
            [
                "vision/deployment-editor on d1",
                "vision/project-viewer on vision"
            ]
        );
        assert_eq!(trail(&world, "audio").len(), audio);
        leave(&world, &editor).expect(204);
        assert_eq!(
            newest(&world, "vision").1,
            ["vision/project-editor on vision"]
        );
        assert_eq!(newest(&world, "audio").1, ["audio/project-viewer on audio"]);
        let row = newest_of_organization(&world);
        assert_eq!(row["before"]["lost_roles_count"], 2);
        assert_eq!(lost(&row).len(), 2);
    }
}

#[test]
fn who_was_let_into_a_project_or_is_admin_of_all_leaves_a_row_in_its_trail() {
    let world = World::new();
    let member = world.member();
    let body = json!({"user_id": member.id});
    world
        .call(&world.owner(), "POST", &world.path("/users"), body)
        .expect(201);
    let audio = trail(&world, "audio").len();
    remove(&world, &world.owner(), &member).expect(204);
    let event = "Deleted organization user member@example.com";
    assert_eq!(newest(&world, "vision"), (event.to_owned(), vec![]));
    assert_eq!(trail(&world, "audio").len(), audio);
    set_admin(&world, &world.owner(), &world.viewer(), true).expect(200);
    remove(&world, &world.owner(), &world.viewer()).expect(204);
    let event = "Deleted organization user viewer@example.com";
    assert_eq!(newest(&world, "audio"), (event.to_owned(), vec![]));
}

#[test]
fn what_is_named_of_a_thousand_roles_and_projects_is_bounded_and_counted() {
    let world = World::new();
    let member = world.member();
    for number in 0..250 {
        world.execute(
            "INSERT INTO projects (id, organization_id, name, creation_date, advanced_permissions, cors_origins, labels)
             SELECT 'p' || ?1, id, 'p' || ?1, 0, 0, '[]', '{}' FROM organizations WHERE name = 'acme'",
            [number],
        );
        world.execute(
            "INSERT INTO role_assignments (id, organization_id, project_id, role_id, user_id, resource_type, resource_id,
                                           creation_date)
             SELECT 'a' || ?1, organization_id, id, '00000000-0000-4000-8000-000000000003', ?2, 'project', id, 0
             FROM projects WHERE id = 'p' || ?1",
            (number, &member.id),
        );
    }
    let rows = world.count("SELECT count(*) FROM audit");
    remove(&world, &member, &member).expect(204);
    let row = newest_of_organization(&world);
    assert_eq!(row["before"]["lost_roles_count"], 250);
    assert_eq!(lost(&row).len(), 100);
    assert_eq!(world.count("SELECT count(*) FROM audit") - rows, 101);
    let rows = world.count("SELECT count(*) FROM audit");
    set_admin(&world, &world.owner(), &world.viewer(), true).expect(200);
    assert_eq!(world.count("SELECT count(*) FROM audit") - rows, 101);
    let longest = "SELECT max(length(coalesce(before, ''))) FROM audit";
    assert!(world.count(longest) < 65_536);
}
