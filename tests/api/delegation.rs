//! Nobody gives what he has not: a role, a token, origins or a longer life of a service user that may more than he.

use serde_json::{Value as Json, json};

use crate::support::world::PROJECT;
use crate::support::{Answer, Caller, World};

const LACKS: &str = "permissions that you do not hold";

fn on(world: &World, by: &Caller, method: &str, of: &Caller, rest: &str, body: Json) -> Answer {
    world.call(
        by,
        method,
        &world.path(&format!("/service-users/{}{rest}", of.id)),
        body,
    )
}

fn assign(world: &World, by: &Caller, role: &str, to: &Caller) -> Answer {
    let body = json!({"role": role, "assignee": to.id});
    world.call(by, "POST", &world.path("/role-assignments"), body)
}

#[test]
fn an_editor_gets_no_hold_of_a_service_user_that_is_project_admin() {
    let world = World::new();
    let (editor, robot) = (world.editor(), world.robot());
    on(&world, &editor, "PUT", &robot, "/token", Json::Null).refused(403, LACKS);
    on(
        &world,
        &editor,
        "PUT",
        &robot,
        "/token?grace=60",
        Json::Null,
    )
    .refused(403, LACKS);
    for body in [
        json!({"allowed_cors_origins": ["https://editor.example"]}),
        json!({"allowed_cors_origins": []}),
        json!({"expiry_date": null}),
        json!({"expiry_date": world.after(1)}),
        json!({"name": "x", "expiry_date": null}),
    ] {
        on(&world, &editor, "PATCH", &robot, "", body).refused(403, LACKS);
    }
    world.get(&robot, &world.path("")).expect(200);
}

#[test]
fn an_editor_may_rename_it_all_the_same() {
    let world = World::new();
    let body = json!({"name": "renamed", "description": "by the editor"});
    let renamed = on(&world, &world.editor(), "PATCH", &world.robot(), "", body).expect(200);
    assert_eq!(renamed.text("name"), "renamed");
}

#[test]
fn an_editor_has_his_way_with_a_service_user_that_may_no_more_than_he() {
    let world = World::new();
    for roles in [
        &[] as &[&str],
        &["project-viewer"],
        &["project-editor"],
        &["deployment-editor"],
    ] {
        let made = world.service_user(roles);
        on(&world, &world.editor(), "PUT", &made, "/token", Json::Null).expect(200);
        on(
            &world,
            &world.editor(),
            "PATCH",
            &made,
            "",
            json!({"expiry_date": null}),
        )
        .expect(200);
    }
    for roles in [
        &["deployment-admin"] as &[&str],
        &["project-viewer", "pipeline-admin"],
    ] {
        let made = world.service_user(roles);
        on(&world, &world.editor(), "PUT", &made, "/token", Json::Null).refused(403, LACKS);
    }
}

#[test]
fn a_service_user_is_measured_by_what_it_really_holds() {
    // Its project-admin role gives a service user nothing about roles or people, so a service user with the same
    // role covers it, and a person who is project-admin does.
    let world = World::new();
    let other = world.service_user(&["project-admin"]);
    on(&world, &world.robot(), "PUT", &other, "/token", Json::Null).expect(200);
    on(&world, &world.admin(), "PUT", &other, "/token", Json::Null).expect(200);
    let weak = world.service_user(&["project-editor"]);
    on(&world, &weak, "PUT", &other, "/token", Json::Null).refused(403, LACKS);
}

#[test]
fn an_organization_admin_and_the_operator_hold_everything() {
    let world = World::new();
    world.execute(
        "DELETE FROM role_assignments WHERE user_id = ?1",
        [world.owner().id],
    );
    for by in [world.owner(), world.operator()] {
        let robot = world.service_user(&["project-admin"]);
        on(&world, &by, "PUT", &robot, "/token", Json::Null).expect(200);
        on(
            &world,
            &by,
            "PATCH",
            &robot,
            "",
            json!({"expiry_date": null}),
        )
        .expect(200);
        assign(&world, &by, "project-admin", &world.service_user(&[])).expect(201);
    }
}

#[test]
fn nobody_assigns_a_role_that_holds_more_than_he() {
    let world = World::new();
    for (role, status) in [
        ("project-viewer", 201),
        ("project-editor", 201),
        ("deployment-editor", 201),
        ("project-admin", 403),
        ("deployment-admin", 403),
        ("deployment-request-user", 403),
    ] {
        let answer = assign(&world, &world.editor(), role, &world.service_user(&[]));
        assert_eq!(answer.status, status, "{role}: {answer}");
    }
    assign(&world, &world.editor(), "project-admin", &world.editor()).refused(403, LACKS);
    assign(&world, &world.viewer(), "project-viewer", &world.viewer()).expect(403);
    assign(&world, &world.robot(), "project-viewer", &world.idle()).expect(403);
}

#[test]
fn a_role_in_one_project_gives_nothing_in_another() {
    let world = World::new();
    for path in ["", "/service-users", "/roles", "/audit"] {
        world
            .get(&world.admin(), &format!("/v2.1/projects/audio{path}"))
            .expect(404);
    }
}

#[test]
fn a_service_user_holds_nothing_about_roles_and_people_whatever_its_role_says() {
    let world = World::new();
    for path in ["/roles", "/roles/project-viewer", "/role-assignments"] {
        world.get(&world.robot(), &world.path(path)).expect(403);
        world.get(&world.admin(), &world.path(path)).expect(200);
    }
}

#[test]
fn a_custom_role_about_roles_or_people_cannot_be_given_to_a_service_user() {
    let world = World::new();
    world.execute(
        "INSERT INTO roles (id, organization_id, project_id, name, permissions)
         SELECT 'custom', organization_id, id, 'custom', '[\"roles.list\"]' FROM projects WHERE name = ?1",
        [PROJECT],
    );
    world.execute(
        "INSERT INTO role_permissions VALUES ('custom', 'roles.list')",
        (),
    );
    assign(&world, &world.owner(), "custom", &world.idle())
        .refused(400, "no service user may have");
    assign(&world, &world.owner(), "custom", &world.member()).expect(201);
    world
        .get(&world.member(), &world.path("/roles"))
        .expect(200);
}

#[test]
fn a_right_ends_with_its_assignment_from_the_next_request_on() {
    let world = World::new();
    let id = world.assign(PROJECT, "project-viewer", &world.idle().id);
    world.get(&world.idle(), &world.path("")).expect(200);
    let path = world.path(&format!("/role-assignments/{id}"));
    world
        .call(&world.admin(), "DELETE", &path, Json::Null)
        .expect(204);
    world.get(&world.idle(), &world.path("")).expect(403);
}

#[test]
fn the_admin_of_another_organization_gets_no_hold_of_anything() {
    let world = World::new();
    let stranger = world.stranger();
    assign(&world, &stranger, "project-viewer", &stranger).expect(404);
    on(
        &world,
        &stranger,
        "PUT",
        &world.robot(),
        "/token",
        Json::Null,
    )
    .expect(404);
    let elsewhere = format!(
        "/v2.1/projects/reactor/service-users/{}/token",
        world.robot().id
    );
    world
        .call(&stranger, "PUT", &elsewhere, Json::Null)
        .expect(404);
    let body = json!({"role": "project-viewer", "assignee": world.robot().id});
    world
        .call(
            &stranger,
            "POST",
            "/v2.1/projects/reactor/role-assignments",
            body,
        )
        .expect(404);
    let body = json!({"role": "project-viewer", "assignee": world.member().id});
    world
        .call(
            &stranger,
            "POST",
            "/v2.1/projects/reactor/role-assignments",
            body,
        )
        .expect(404);
}
