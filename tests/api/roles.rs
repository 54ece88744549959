//! Custom roles: who may make and change them, what they may hold, and what becomes of those who hold them.

use serde_json::{Value as Json, json};

use testkit::world::PROJECT;
use testkit::{Answer, Call, Caller, World};

/// A world in whose project custom roles can be made.
fn world() -> World {
    let world = World::new();
    world.allow_custom_roles();
    world
}

fn create(world: &World, by: &Caller, name: &str, permissions: Json) -> Answer {
    let body = json!({"name": name, "permissions": permissions});
    world.call(by, "POST", &world.path("/roles"), body)
}

fn patch(world: &World, by: &Caller, role: &str, body: Json) -> Answer {
    world.call(by, "PATCH", &world.path(&format!("/roles/{role}")), body)
}

#[test]
fn a_role_is_made_read_listed_changed_and_deleted() {
    let world = world();
    let permissions = json!(["projects.get", "deployments.list", "deployments.get"]);
    let made = create(&world, &world.owner(), "reader", permissions.clone())
        .expect(201)
        .json();
    assert_eq!(
        (&made["name"], &made["default"]),
        (&json!("reader"), &json!(false))
    );
    // The order is kept, though it is not that of the catalogue.
    assert_eq!(made["permissions"], permissions);
    let path = world.path("/roles/reader");
    assert_eq!(world.get(&world.owner(), &path).expect(200).json(), made);
    let listed = world.get(&world.owner(), &world.path("/roles")).json();
    assert_eq!(listed.as_array().unwrap().last().unwrap()["name"], "reader");
    assert_eq!(
        patch(&world, &world.owner(), "reader", json!({}))
            .expect(200)
            .json(),
        made
    );
    let body = json!({"name": "writer", "permissions": ["deployments.update", "projects.get"]});
    let changed = patch(&world, &world.owner(), "reader", body)
        .expect(200)
        .json();
    assert_eq!(
        (&changed["id"], &changed["name"]),
        (&made["id"], &json!("writer"))
    );
    assert_eq!(
        changed["permissions"],
        json!(["deployments.update", "projects.get"])
    );
    world.get(&world.owner(), &path).expect(404);
    let path = world.path("/roles/writer");
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(404);
    assert_eq!(
        world.count("SELECT count(*) FROM role_permissions WHERE role_id NOT LIKE '00000000%'"),
        0
    );
}

#[test]
fn a_project_without_advanced_permissions_gets_no_custom_role() {
    let world = World::new();
    create(&world, &world.owner(), "reader", json!(["projects.get"]))
        .refused(400, "advanced_permissions: ");
}

#[test]
fn what_a_role_cannot_be_is_told_by_its_field() {
    let world = world();
    create(&world, &world.owner(), "taken", json!([])).expect(201);
    for (name, permissions, words) in [
        ("taken", json!([]), "name: a role 'taken' exists already"),
        ("project-viewer", json!([]), "name: "),
        ("Upper", json!([]), "name: "),
        (
            "new",
            json!(["projects.get", "nothing.at.all"]),
            "permissions[1]: 'nothing.at.all' is not a permission",
        ),
        (
            "new",
            json!(["projects.get", "projects.get"]),
            "permissions: 'projects.get' stands twice",
        ),
        ("new", json!("projects.get"), "permissions: "),
    ] {
        create(&world, &world.owner(), name, permissions).refused(400, words);
    }
    create(&world, &world.owner(), "other", json!([])).expect(201);
    for name in ["taken", "project-viewer"] {
        patch(&world, &world.owner(), "other", json!({"name": name})).refused(400, "name: ");
    }
    patch(&world, &world.owner(), "none", json!({"name": "x"})).expect(404);
}

#[test]
fn the_name_of_a_role_is_free_in_another_project() {
    let world = world();
    create(&world, &world.owner(), "reader", json!([])).expect(201);
    world.execute("UPDATE projects SET advanced_permissions = 1", ());
    let body = json!({"name": "reader", "permissions": []});
    world
        .call(&world.owner(), "POST", "/v2.1/projects/audio/roles", body)
        .expect(201);
}

#[test]
fn nobody_changes_or_deletes_a_default_role() {
    let world = world();
    for by in [world.operator(), world.owner(), world.admin()] {
        for body in [json!({"name": "mine"}), json!({"permissions": []})] {
            patch(&world, &by, "project-viewer", body).refused(400, "default role");
        }
        let path = world.path("/roles/project-viewer");
        world
            .call(&by, "DELETE", &path, Json::Null)
            .refused(400, "default role");
    }
}

#[test]
fn nobody_makes_a_role_of_what_they_have_not() {
    let world = world();
    create(
        &world,
        &world.editor(),
        "mine",
        json!(["deployments.update"]),
    )
    .expect(201);
    create(
        &world,
        &world.editor(),
        "more",
        json!(["deployments.delete"]),
    )
    .refused(403, "do not hold");
    create(&world, &world.viewer(), "none", json!([])).refused(403, "roles.create");
}

#[test]
fn nobody_changes_a_role_that_holds_or_is_to_hold_what_they_have_not() {
    let world = world();
    create(
        &world,
        &world.owner(),
        "strong",
        json!(["deployments.delete"]),
    )
    .expect(201);
    create(&world, &world.owner(), "weak", json!(["deployments.get"])).expect(201);
    let editor = world.editor();
    // What it had counts: else they could take from others what they cannot give back.
    patch(
        &world,
        &editor,
        "strong",
        json!({"permissions": ["deployments.get"]}),
    )
    .refused(403, "do not hold");
    patch(&world, &editor, "strong", json!({"name": "renamed"})).refused(403, "do not hold");
    patch(
        &world,
        &editor,
        "weak",
        json!({"permissions": ["deployments.delete"]}),
    )
    .refused(403, "do not hold");
    patch(
        &world,
        &editor,
        "weak",
        json!({"permissions": ["deployments.update"]}),
    )
    .expect(200);
}

#[test]
fn a_role_that_becomes_mightier_meanwhile_is_not_changed_by_who_is_not() {
    for place in [1, 2] {
        let world = world();
        create(&world, &world.owner(), "weak", json!(["deployments.get"])).expect(201);
        world.before_trip(place, |world| {
            let body = json!({"permissions": ["deployments.delete"]});
            patch(world, &world.owner(), "weak", body).expect(200);
        });
        patch(&world, &world.editor(), "weak", json!({"permissions": []}))
            .refused(403, "do not hold");
    }
}

#[test]
fn of_two_roles_at_once_one_gets_the_name() {
    for place in [1, 2] {
        let world = world();
        world.before_trip(place, |world| {
            create(world, &world.admin(), "reader", json!([])).expect(201);
        });
        create(&world, &world.owner(), "reader", json!([])).refused(400, "name: ");
    }
}

#[test]
fn advanced_permissions_that_are_turned_off_meanwhile_are_off() {
    for place in [1, 2] {
        let world = world();
        world.before_trip(place, |world| {
            let off = json!({"advanced_permissions": false});
            world
                .call(&world.owner(), "PATCH", &world.path(""), off)
                .expect(200);
        });
        create(&world, &world.owner(), "reader", json!([])).refused(400, "advanced_permissions: ");
    }
}

#[test]
fn a_change_and_a_deletion_of_a_role_count_from_the_next_request() {
    let world = world();
    create(
        &world,
        &world.owner(),
        "reader",
        json!(["deployments.list"]),
    )
    .expect(201);
    let robot = world.service_user(&["reader"]);
    let list = world.path("/deployments");
    world.get(&robot, &list).expect(200);
    patch(
        &world,
        &world.owner(),
        "reader",
        json!({"permissions": ["projects.get"]}),
    )
    .expect(200);
    world.get(&robot, &list).refused(403, "deployments.list");
    world.get(&robot, &world.path("")).expect(200);
    world
        .call(
            &world.owner(),
            "DELETE",
            &world.path("/roles/reader"),
            Json::Null,
        )
        .expect(204);
    world.get(&robot, &world.path("")).expect(403);
    let listed = world.path(&format!("/role-assignments?assignee={}", robot.id));
    assert_eq!(world.get(&world.owner(), &listed).json(), json!([]));
}

#[test]
fn a_custom_role_with_what_no_service_user_may_have_is_not_given_to_one() {
    let world = world();
    for permission in [
        "roles.list",
        "roles.assignments.create",
        "projects.users.get",
    ] {
        let role = world.custom_role(&["projects.get", permission]);
        let body = json!({"role": role, "assignee": world.idle().id});
        let path = world.path("/role-assignments");
        world
            .call(&world.owner(), "POST", &path, body.clone())
            .refused(400, "role: ");
        let person = json!({"role": role, "assignee": world.member().id});
        world
            .call(&world.owner(), "POST", &path, person)
            .expect(201);
    }
}

#[test]
fn a_role_that_a_service_user_holds_does_not_come_to_hold_what_none_may_have() {
    let world = world();
    create(&world, &world.owner(), "held", json!(["projects.get"])).expect(201);
    world.assign(PROJECT, "held", &world.idle().id);
    let body = json!({"permissions": ["projects.get", "roles.list"]});
    patch(&world, &world.owner(), "held", body.clone())
        .refused(400, "a service user holds this role");
    patch(
        &world,
        &world.owner(),
        "held",
        json!({"permissions": ["deployments.get"]}),
    )
    .expect(200);
    // One that people alone hold may, whatever is held beside it.
    create(&world, &world.owner(), "free", json!(["projects.get"])).expect(201);
    world.assign(PROJECT, "free", &world.member().id);
    patch(&world, &world.owner(), "free", body.clone()).expect(200);
    // And not in a race either: the role is given while it is being changed.
    for place in [1, 2] {
        let world = self::world();
        create(&world, &world.owner(), "held", json!(["projects.get"])).expect(201);
        world.before_trip(place, |world| {
            world.assign(PROJECT, "held", &world.idle().id);
        });
        patch(&world, &world.owner(), "held", body.clone())
            .refused(400, "a service user holds this role");
    }
}

#[test]
fn a_role_that_changes_while_it_is_given_is_given_only_if_it_still_may_be() {
    for place in [1, 2] {
        let world = world();
        create(&world, &world.owner(), "held", json!(["projects.get"])).expect(201);
        world.before_trip(place, |world| {
            let body = json!({"permissions": ["roles.list"]});
            patch(world, &world.owner(), "held", body).expect(200);
        });
        let body = json!({"role": "held", "assignee": world.idle().id});
        let call = Call::new("POST", world.path("/role-assignments"))
            .by(&world.owner())
            .json(&body);
        world.send(call).refused(400, "role: ");
    }
}

#[test]
fn a_change_that_changes_nothing_writes_nothing() {
    let world = world();
    let permissions = json!(["projects.get", "deployments.get"]);
    let body = json!({"name": "reader", "permissions": permissions});
    let made = create(&world, &world.owner(), "reader", permissions).expect(201);
    // What is beside it, and what is called like it elsewhere, is something else.
    create(&world, &world.owner(), "beside", json!([])).expect(201);
    world.execute("UPDATE projects SET advanced_permissions = 1", ());
    for name in ["reader", "elsewhere"] {
        let other = json!({"name": name, "permissions": ["roles.list"]});
        world
            .call(&world.owner(), "POST", "/v2.1/projects/audio/roles", other)
            .expect(201);
    }
    let before = world.dump();
    for same in [json!({}), body.clone(), json!({"name": "reader"})] {
        let answer = patch(&world, &world.owner(), "reader", same).expect(200);
        assert_eq!(answer.json(), made.json());
    }
    assert!(world.dump() == before, "something was written");
    for (field, other) in [
        ("name", json!("writer")),
        ("name", json!("elsewhere")),
        ("permissions", json!(["deployments.get", "projects.get"])),
        ("permissions", json!([])),
    ] {
        let world = world.copy();
        let mut body = body.clone();
        body[field] = other;
        let changed = patch(&world, &world.owner(), "reader", body).expect(200);
        assert_ne!(changed.json(), made.json(), "{field}");
        let rows = "SELECT count(*) FROM audit WHERE event LIKE 'Updated role%'";
        assert_eq!(world.count(rows), 1, "{field}");
    }
    patch(&world, &world.owner(), "project-viewer", json!({})).refused(400, "default role");
    patch(&world, &world.owner(), "none", json!({})).expect(404);
}
