//! Nobody gives what they do not hold: a role, or a token, a key, origins or a longer life of a service user that can do
//! more than they.

use serde_json::{Value as Json, json};

use tenantry::auth::permissions::CATALOGUE;

use testkit::world::PROJECT;
use testkit::{Answer, Call, Caller, World};

const LACKS: &str = "permissions that you do not hold";
const CLOSED: &str = "a workspace is open to this service user that is not open to you";

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
        json!({"expiry_date": world.after(1)}),
        json!({"name": "x", "expiry_date": world.after(1)}),
        json!({"allowed_cors_origins": [], "expiry_date": world.after(1)}),
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
fn who_sends_it_back_as_it_is_shown_needs_no_more_than_to_rename_it() {
    let world = World::new();
    let body = json!({
        "name": "made", "expiry_date": world.after(1_000), "allowed_cors_origins": ["https://a.example"],
    });
    let full = world.service_user_of(PROJECT, &["project-admin"], body);
    for of in [full, world.robot()] {
        // Its own calls are noted as the last use of its token: once a minute, so here before.
        world.get(&of, "/v2.1/user").expect(200);
        let shown = on(&world, &world.editor(), "GET", &of, "", Json::Null);
        let shown = shown.expect(200).json();
        for by in [world.editor(), of.clone()] {
            let world = world.copy();
            let send = |body: &Json| on(&world, &by, "PATCH", &of, "", body.clone());
            let trail = || world.count("SELECT count(*) FROM audit");
            let rows = trail();
            assert_eq!(send(&shown).expect(200).json(), shown);
            assert_eq!(trail(), rows);
            let mut renamed = shown.clone();
            renamed["name"] = json!("renamed");
            assert_eq!(send(&renamed).expect(200).json(), renamed);
            assert_eq!(trail(), rows + 1);
            for (field, value) in [
                ("expiry_date", json!(world.after(999))),
                ("allowed_cors_origins", json!(["https://b.example"])),
            ] {
                let mut changed = renamed.clone();
                changed[field] = value;
                send(&changed).expect(403);
            }
        }
    }
}

#[test]
fn what_is_shown_is_sent_back_too_late_where_it_has_changed_meanwhile() {
    let world = World::new();
    let (editor, robot) = (world.editor(), world.robot());
    let shown = on(&world, &editor, "GET", &robot, "", Json::Null).json();
    let (id, end) = (robot.id.clone(), world.now().as_millis() + 1_000);
    world.before_trip(2, move |world| {
        world.execute(
            "UPDATE service_users SET expiry_date = ?1 WHERE id = ?2",
            (end, &id),
        );
    });
    on(&world, &editor, "PATCH", &robot, "", shown).refused(403, LACKS);
}

#[test]
fn an_editor_has_their_way_with_a_service_user_that_may_no_more_than_they() {
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
            json!({"expiry_date": world.after(1)}),
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
    // And so does a person who holds exactly that, and nothing about roles or people.
    let suited = CATALOGUE.iter().filter(|one| one.suits_service_users());
    let suited: Vec<&str> = suited.map(|one| one.name()).collect();
    let role = world.custom_role(&suited);
    world.assign(PROJECT, &role, &world.member().id);
    on_every_use(&world, &world.member(), &other, None);
    let less = world.custom_role(&suited[1..]);
    world.join("acme", &world.stranger(), false);
    world.assign(PROJECT, &less, &world.stranger().id);
    on_every_use(&world, &world.stranger(), &other, Some(LACKS));
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
            json!({"expiry_date": world.after(1)}),
        )
        .expect(200);
        assign(&world, &by, "project-admin", &world.service_user(&[])).expect(201);
    }
}

#[test]
fn nobody_assigns_a_role_that_holds_more_than_they() {
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

/// Every call that hands out what a service user can do.
fn every_use(world: &World) -> [(&'static str, &'static str, Json); 7] {
    [
        ("PUT", "/token", Json::Null),
        ("PUT", "/token?grace=60", Json::Null),
        ("POST", "/access-keys", Json::Null),
        ("PATCH", "", json!({"expiry_date": world.after(1)})),
        ("PATCH", "", json!({"expiry_date": null})),
        (
            "PATCH",
            "",
            json!({"allowed_cors_origins": ["https://a.example"]}),
        ),
        ("PATCH", "", json!({"allowed_cors_origins": []})),
    ]
}

/// Gives a service user an end and an origin, past the API, so that each such call changes something.
fn limit_access(world: &World, of: &Caller) {
    world.execute(
        "UPDATE service_users SET expiry_date = ?1, allowed_cors_origins = '[\"https://old.example\"]' WHERE id = ?2",
        (world.now().as_millis() + 1_000, &of.id),
    );
}

/// Asserts of each such call, in a world of its own, that it is refused with these words, or that it is done.
#[track_caller]
fn on_every_use(world: &World, by: &Caller, of: &Caller, refusal: Option<&str>) {
    for (method, rest, body) in every_use(world) {
        let world = world.copy();
        limit_access(&world, of);
        let answer = on(&world, by, method, of, rest, body);
        match refusal {
            Some(words) => _ = answer.refused(403, words),
            None => assert!(answer.status < 300, "{answer}"),
        }
    }
}

fn workspace(world: &World, by: &Caller, auth_type: &str, grants: Json) -> String {
    let body = json!({"name": "the-secret-one", "auth_type": auth_type, "grants": grants});
    let made = world.call(by, "POST", &world.workspaces(""), body);
    made.expect(200).text("id")
}

#[test]
fn who_gets_hold_of_a_service_user_enters_every_workspace_that_it_enters() {
    for how in ["as its owner", "by its id", "by its address"] {
        let world = World::new();
        let (editor, robot) = (world.editor(), world.service_user(&["project-editor"]));
        on_every_use(&world, &editor, &robot, None);
        let viewer = world.viewer().id;
        let grants = match how {
            "as its owner" => Json::Null,
            "by its id" => json!([{"user_id": viewer}, {"user_id": robot.id}]),
            _ => json!([{"user_id": viewer}, {"user_name": robot.email}]),
        };
        let id = match grants {
            Json::Null => workspace(&world, &robot, "PRIVATE", json!([])),
            grants => workspace(&world, &world.owner(), "INTERNAL", grants),
        };
        let enters = world.workspaces(&format!("/{id}"));
        world.get(&robot, &enters).expect(200);
        for by in [editor.clone(), world.admin()] {
            world.get(&by, &enters).expect(403);
            on_every_use(&world, &by, &robot, Some(CLOSED));
        }
        let answer = on(&world, &editor, "PUT", &robot, "/token", Json::Null);
        assert!(
            !answer.error().contains("secret") && !answer.error().contains(&id),
            "{how}: {answer}"
        );
        // What it is called opens nothing, and who administers the organization enters everything.
        on(&world, &editor, "PATCH", &robot, "", json!({"name": "x"})).expect(200);
        on_every_use(&world, &world.owner(), &robot, None);
        on_every_use(&world, &world.operator(), &robot, None);
        // Whom it is open to as well gets hold of it.
        let grants = json!([{"user_id": editor.id}, {"user_name": robot.email}]);
        let body = json!({"auth_type": "INTERNAL", "grants": grants});
        world.call(&world.owner(), "PUT", &enters, body).expect(200);
        on_every_use(&world, &editor, &robot, None);
        on_every_use(&world, &world.admin(), &robot, Some(CLOSED));
    }
}

#[test]
fn what_it_does_not_enter_is_no_bar() {
    let world = World::new();
    let (editor, robot) = (world.editor(), world.service_user(&["project-editor"]));
    let grants = json!([{"user_id": world.viewer().id}]);
    workspace(&world, &world.owner(), "INTERNAL", grants);
    on_every_use(&world, &editor, &robot, None);
    let world = World::new();
    let robot = world.service_user(&["project-editor"]);
    workspace(&world, &robot, "PUBLIC", json!([]));
    on_every_use(&world, &editor, &robot, None);
    // Grants that a type has cleared count no more.
    let world = World::new();
    let robot = world.service_user(&["project-editor"]);
    let grants = json!([{"user_id": robot.id}]);
    let id = workspace(&world, &world.owner(), "INTERNAL", grants);
    let private = json!({"auth_type": "PRIVATE"});
    world
        .call(
            &world.owner(),
            "PUT",
            &world.workspaces(&format!("/{id}")),
            private,
        )
        .expect(200);
    on_every_use(&world, &editor, &robot, None);
}

#[test]
fn a_workspace_counts_by_its_own_grants() {
    let world = World::new();
    let (editor, robot) = (world.editor(), world.service_user(&["project-editor"]));
    let granted = |name: &str, to: &[&Caller]| {
        let grants: Vec<Json> = to.iter().map(|one| json!({"user_id": one.id})).collect();
        let body = json!({"name": name, "auth_type": "INTERNAL", "grants": grants});
        world
            .call(&world.owner(), "POST", &world.workspaces(""), body)
            .expect(200);
    };
    granted("both-of-them", &[&robot, &editor]);
    granted("neither-of-them", &[&world.viewer()]);
    on_every_use(&world, &editor, &robot, None);
    granted("the-first", &[&robot]);
    granted("the-other", &[&editor]);
    on_every_use(&world, &editor, &robot, Some(CLOSED));
}

#[test]
fn a_grant_in_another_project_opens_nothing_to_it() {
    let world = World::new();
    let (editor, robot) = (world.editor(), world.service_user(&["project-editor"]));
    let audio = "SELECT id FROM projects WHERE name = 'audio'";
    let id: String = world
        .database
        .connection()
        .query_row(audio, [], |row| row.get(0))
        .unwrap();
    let grants = json!([{"user_id": robot.id}]);
    let body = json!({"name": "elsewhere", "auth_type": "INTERNAL", "grants": grants});
    world
        .call(
            &world.owner(),
            "POST",
            &format!("/v1/{id}/workspaces"),
            body,
        )
        .expect(200);
    on_every_use(&world, &editor, &robot, None);
}

#[test]
fn an_admin_of_another_organization_holds_nothing_more_here() {
    let world = World::new();
    let editor = world.editor();
    world.join("globex", &editor, true);
    on_every_use(&world, &editor, &world.robot(), Some(LACKS));
    assign(&world, &editor, "project-admin", &world.idle()).refused(403, LACKS);
    world.allow_custom_roles();
    let more = json!({"name": "more", "permissions": ["deployments.delete"]});
    world
        .call(&editor, "POST", &world.path("/roles"), more.clone())
        .refused(403, "do not hold");
    let role = world.custom_role(&["deployments.get"]);
    let path = world.path(&format!("/roles/{role}"));
    world
        .call(&editor, "PATCH", &path, more)
        .refused(403, "do not hold");
    let role = world.custom_role(&["deployments.delete"]);
    let path = world.path(&format!("/roles/{role}"));
    let less = json!({"permissions": []});
    world
        .call(&editor, "PATCH", &path, less)
        .refused(403, "do not hold");
    let suspended = json!({"suspend": true, "credits": 1});
    world
        .call(&world.owner(), "PATCH", &world.path(""), suspended)
        .expect(200);
    for body in [json!({"suspend": false}), json!({"credits": null})] {
        world
            .call(&editor, "PATCH", &world.path(""), body)
            .refused(403, "only an admin of the organization");
    }
}

#[test]
fn what_is_held_on_an_object_or_elsewhere_makes_and_changes_no_role() {
    let world = World::new();
    let editor = world.editor();
    world.deployment("one");
    world.assign_on("deployment", "one", "deployment-admin", &editor.id);
    world.assign("audio", "project-admin", &editor.id);
    let role = world.custom_role(&["deployments.delete"]);
    let body = json!({"name": "new", "permissions": ["deployments.delete"]});
    world
        .call(&editor, "POST", &world.path("/roles"), body)
        .refused(403, "do not hold");
    let path = world.path(&format!("/roles/{role}"));
    for body in [
        json!({"permissions": []}),
        json!({"permissions": ["deployments.delete", "deployments.get"]}),
        json!({"name": "new"}),
    ] {
        world
            .call(&editor, "PATCH", &path, body)
            .refused(403, "do not hold");
    }
    assign(&world, &editor, &role, &world.idle()).refused(403, LACKS);
}

#[test]
fn what_is_held_on_an_object_is_given_on_that_object_alone() {
    let world = World::new();
    let editor = world.editor();
    for name in ["one", "two"] {
        world.deployment(name);
        world.pipeline(name);
    }
    let give = |kind: &str, name: &str, role: &str| {
        let body = json!({
            "role": role, "assignee": world.idle().id, "resource": name, "resource_type": kind,
        });
        world
            .copy()
            .call(&editor, "POST", &world.path("/role-assignments"), body)
    };
    let held = world.assign_on("deployment", "one", "deployment-admin", &editor.id);
    give("deployment", "one", "deployment-admin").expect(201);
    give("deployment", "two", "deployment-admin").refused(403, LACKS);
    give("pipeline", "one", "pipeline-admin").refused(403, LACKS);
    give("project", PROJECT, "deployment-admin").refused(403, LACKS);
    world
        .call(
            &world.owner(),
            "DELETE",
            &world.path(&format!("/role-assignments/{held}")),
            Json::Null,
        )
        .expect(204);
    world.assign_on("deployment", "two", "deployment-admin", &editor.id);
    world.assign_on("pipeline", "two", "pipeline-admin", &editor.id);
    give("deployment", "one", "deployment-admin").refused(403, LACKS);
    give("deployment", "two", "deployment-admin").expect(201);
    give("pipeline", "one", "pipeline-admin").refused(403, LACKS);
    give("pipeline", "two", "pipeline-admin").expect(201);
}

#[test]
fn a_role_is_known_by_its_name_in_its_own_project() {
    let world = World::new();
    world.execute("UPDATE projects SET advanced_permissions = 1", ());
    let (strong, weak) = (json!(["deployments.delete"]), json!(["deployments.get"]));
    for (project, name, permissions) in [
        (PROJECT, "one", &weak),
        ("audio", "one", &strong),
        ("audio", "two", &weak),
        (PROJECT, "two", &strong),
        ("audio", "three", &weak),
    ] {
        let path = format!("/v2.1/projects/{project}/roles");
        let body = json!({"name": name, "permissions": permissions});
        world.call(&world.owner(), "POST", &path, body).expect(201);
    }
    let editor = world.editor();
    assign(&world, &editor, "one", &world.idle()).expect(201);
    assign(&world, &editor, "two", &world.idle()).refused(403, LACKS);
    assign(&world, &editor, "three", &world.idle()).refused(404, "there is no role");
    let patch = |role: &str| {
        let body = json!({"permissions": []});
        world.call(
            &editor,
            "PATCH",
            &world.path(&format!("/roles/{role}")),
            body,
        )
    };
    patch("one").expect(200);
    patch("two").refused(403, "do not hold");
    patch("three").refused(404, "there is no role");
    let delete = |role: &str| {
        let path = world.path(&format!("/roles/{role}"));
        world.call(&world.owner(), "DELETE", &path, Json::Null)
    };
    delete("three").refused(404, "there is no role");
    delete("two").expect(204);
}

#[test]
fn a_workspace_that_is_closed_between_the_round_trips_is_closed() {
    for (method, rest, body) in every_use(&World::new()) {
        let world = World::new();
        let robot = world.service_user(&["project-editor"]);
        limit_access(&world, &robot);
        let (editor, holder) = (world.editor(), robot.clone());
        let path = world.path(&format!("/service-users/{}{rest}", robot.id));
        let call = Call::new(method, path).by(&editor).json(&body);
        let answer = world.send_while(
            2,
            move |world| {
                workspace(world, &holder, "PRIVATE", json!([]));
            },
            call,
        );
        answer.refused(403, CLOSED);
    }
}

/// A service user that is project-viewer and deployment-admin on this deployment of two.
fn admin_of_one(world: &World, name: &str) -> Caller {
    for name in ["one", "two"] {
        world.deployment(name);
    }
    world.pipeline("one");
    let made = world.service_user(&["project-viewer"]);
    world.assign_on("deployment", name, "deployment-admin", &made.id);
    made
}

#[test]
fn a_role_on_an_object_covers_the_same_role_on_that_object_alone() {
    let world = World::new();
    let made = admin_of_one(&world, "one");
    let editor = world.editor();
    on_every_use(&world, &editor, &made, Some(LACKS));
    world.assign_on("deployment", "two", "deployment-admin", &editor.id);
    world.assign_on("pipeline", "one", "pipeline-admin", &editor.id);
    on_every_use(&world, &editor, &made, Some(LACKS));
    world.assign_on("deployment", "one", "deployment-editor", &editor.id);
    on_every_use(&world, &editor, &made, Some(LACKS));
    world.assign_on("deployment", "one", "deployment-admin", &editor.id);
    on_every_use(&world, &editor, &made, None);
    // What is held on the whole project covers every object, and no object the whole project.
    let on_object = world.service_user(&["project-editor", "deployment-admin"]);
    on_every_use(&world, &editor, &on_object, Some(LACKS));
    world.assign(PROJECT, "deployment-admin", &editor.id);
    on_every_use(&world, &editor, &on_object, None);
}

#[test]
fn two_roles_cover_a_third_together() {
    let world = World::new();
    let made = admin_of_one(&world, "one");
    let editor = world.editor();
    let deletes = [
        "deployments.delete",
        "deployments.versions.delete",
        "deployments.requests.delete",
    ];
    let role = world.custom_role(&deletes);
    world.assign_on("deployment", "one", &role, &editor.id);
    on_every_use(&world, &editor, &made, None);
}

#[test]
fn what_is_held_in_another_project_covers_nothing() {
    let world = World::new();
    let editor = world.editor();
    world.assign("audio", "project-admin", &editor.id);
    on_every_use(&world, &editor, &world.robot(), Some(LACKS));
}

/// Steps of a reset by somebody who is project-editor, of a service user with so many roles on objects, which the
/// caller holds too or has no need of.
fn steps_of_a_reset(objects: usize, held_by_caller: bool) -> u64 {
    let world = World::new();
    let made = world.service_user(&["project-viewer"]);
    let editor = world.editor();
    let role = if held_by_caller {
        "deployment-admin"
    } else {
        "deployment-editor"
    };
    for number in 0..objects {
        let name = format!("x{number}");
        world.deployment(&name);
        world.assign_on("deployment", &name, role, &made.id);
        if held_by_caller {
            world.assign_on("deployment", &name, role, &editor.id);
        }
    }
    on(&world, &editor, "PUT", &made, "/token", Json::Null).expect(200);
    world.database.steps()
}

#[test]
fn the_comparison_of_two_that_hold_many_roles_does_not_multiply_them() {
    for (held_by_caller, most) in [(false, 40), (true, 700)] {
        let [few, many] = [10, 40].map(|objects| steps_of_a_reset(objects, held_by_caller));
        let each = (many - few) / 30;
        assert!(
            each <= most,
            "{held_by_caller}: {few} -> {many}, {each} each"
        );
    }
}
