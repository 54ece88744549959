//! Whom a workspace is open to: by its type and its grants, beside the permission.

use serde_json::json;

use testkit::workspaces::{at, create, is_code};
use testkit::{Caller, World};

#[test]
fn grants_are_cleared_by_a_type_without_them() {
    let world = World::new();
    let robot = world.robot();
    let grants = json!([{"user_id": world.viewer().id}]);
    let body = json!({"name": "training", "auth_type": "internal", "grants": grants});
    let id = create(&world, &robot, body).text("id");
    let shown = |world: &World| world.get(&world.robot(), &at(world, &id)).json()["grants"].clone();
    world
        .call(&robot, "PUT", &at(&world, &id), json!({"description": "x"}))
        .expect(200);
    assert_eq!(shown(&world).as_array().unwrap().len(), 1);
    world.get(&world.viewer(), &at(&world, &id)).expect(200);
    world
        .call(
            &robot,
            "PUT",
            &at(&world, &id),
            json!({"auth_type": "internal"}),
        )
        .expect(200);
    assert_eq!(shown(&world), json!([]));
    world.get(&world.viewer(), &at(&world, &id)).expect(403);
    world
        .call(&robot, "PUT", &at(&world, &id), json!({"grants": grants}))
        .expect(200);
    world.get(&world.viewer(), &at(&world, &id)).expect(200);
    world
        .call(
            &robot,
            "PUT",
            &at(&world, &id),
            json!({"auth_type": "PRIVATE", "grants": grants}),
        )
        .expect(200);
    assert_eq!(shown(&world), json!([]));
    world.get(&world.viewer(), &at(&world, &id)).expect(403);
}

#[test]
fn a_private_workspace_is_its_creators_and_the_admins() {
    let world = World::new();
    let body = json!({"name": "private", "auth_type": "PRIVATE"});
    let id = create(&world, &world.editor(), body).text("id");
    for caller in [world.editor(), world.owner(), world.operator()] {
        world.get(&caller, &at(&world, &id)).expect(200);
    }
    for caller in [world.admin(), world.viewer(), world.robot()] {
        is_code(world.get(&caller, &at(&world, &id)), 403, "ModelArts.0112");
        let answer = world.call(
            &caller,
            "PUT",
            &at(&world, &id),
            json!({"auth_type": "PUBLIC"}),
        );
        is_code(answer, 403, "ModelArts.0112");
    }
}

#[test]
fn an_internal_workspace_is_open_by_id_or_email_address_beside_the_permission() {
    let world = World::new();
    let grants = json!([
        {"user_id": world.robot().id.replace('-', "").to_uppercase()},
        {"user_name": world.viewer().email.to_uppercase()},
        {"user_id": world.idle().id},
    ]);
    let body = json!({"name": "internal", "auth_type": "INTERNAL", "grants": grants});
    let id = create(&world, &world.owner(), body).text("id");
    for (caller, status) in [
        (world.robot(), 200),
        (world.viewer(), 200),
        (world.admin(), 403),
        (world.idle(), 403),
    ] {
        world.get(&caller, &at(&world, &id)).expect(status);
    }
    let answer = world.call(
        &world.viewer(),
        "PUT",
        &at(&world, &id),
        json!({"description": "x"}),
    );
    answer.expect(403);
}

#[test]
fn a_grant_that_is_taken_back_between_the_round_trips_is_lost() {
    let world = World::new();
    let grants = json!([{"user_id": world.robot().id}]);
    let body = json!({"name": "internal", "auth_type": "INTERNAL", "grants": grants});
    let id = create(&world, &world.owner(), body).text("id");
    let path = at(&world, &id);
    let other = path.clone();
    world.before_trip(2, move |world| {
        world
            .call(&world.owner(), "PUT", &other, json!({"grants": []}))
            .expect(200);
    });
    let answer = world.call(&world.robot(), "PUT", &path, json!({"description": "x"}));
    is_code(answer, 403, "ModelArts.0112");
    assert_eq!(world.get(&world.owner(), &path).json()["description"], "");
}

#[test]
fn a_list_shows_everything_unless_only_the_accessible_is_asked_for() {
    let world = World::new();
    let body = json!({"name": "private", "auth_type": "PRIVATE"});
    create(&world, &world.editor(), body).expect(200);
    let target = world.workspaces("?filter_accessible=true");
    let all = world.workspaces("?filter_accessible=false");
    for (caller, count) in [
        (world.editor(), 2),
        (world.owner(), 2),
        (world.operator(), 2),
        (world.viewer(), 1),
        (world.robot(), 1),
    ] {
        assert_eq!(
            world.get(&caller, &target).expect(200).json()["total_count"],
            count
        );
        assert_eq!(
            world.get(&caller, &all).expect(200).json()["total_count"],
            2
        );
    }
}

#[test]
fn a_grant_by_address_counts_in_whichever_spelling_it_was_sent() {
    for spelling in [
        "j\u{fc}rgen@b\u{fc}cher.example",
        "JU\u{308}RGEN@XN--BCHER-KVA.example.",
    ] {
        let world = World::new();
        let body = json!({"email": "j\u{fc}rgen@xn--bcher-kva.example"});
        let made = world.call(&world.operator(), "POST", "/operator/v1/users", body);
        let made = made.expect(201);
        let person = Caller {
            is_in_session: false,
            id: made.text("id"),
            email: made.text("email"),
            token: Some(made.text("token")),
        };
        world.join("acme", &person, false);
        world.assign("vision", "project-viewer", &person.id);
        let grants = json!([{"user_name": spelling}]);
        let body = json!({"name": "training", "auth_type": "INTERNAL", "grants": grants});
        let id = create(&world, &world.robot(), body).text("id");
        world.get(&person, &at(&world, &id)).expect(200);
        world.get(&world.viewer(), &at(&world, &id)).expect(403);
    }
}
