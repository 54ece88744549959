//! Projects: every field of the spec, and who sees and changes what.

use serde_json::{Value as Json, json};

use testkit::{Answer, Call, Caller, World};

fn create(world: &World, by: &Caller, body: Json) -> Answer {
    world.call(by, "POST", "/v2.1/projects", body)
}

fn patch(world: &World, body: Json) -> Answer {
    world.call(&world.owner(), "PATCH", &world.path(""), body)
}

fn names(list: &Json) -> Vec<&str> {
    let projects = list.as_array().unwrap().iter();
    projects
        .map(|project| project["name"].as_str().unwrap())
        .collect()
}

#[test]
fn a_new_one_is_answered_whole() {
    let world = World::new();
    let body = json!({
        "name": "new", "organization_name": "acme", "advanced_permissions": true, "credits": 12.5,
        "cors_origins": ["https://App.Example"], "labels": {"team": "vision"}, "unknown": [1, {"x": null}],
    });
    let made = create(&world, &world.owner(), body).expect(201);
    let expected = json!({
        "id": made.text("id"), "name": "new", "creation_date": world.now().to_zulu_string(),
        "advanced_permissions": true, "organization_name": "acme", "credits": 12.5, "credits_used": 0.0,
        "period_start": "2026-06-15T00:00:00.000000Z", "period_end": "2026-07-15T00:00:00.000000Z", "suspended": false,
        "suspended_reason": null, "cors_origins": ["https://app.example"], "labels": {"team": "vision"},
    });
    assert_eq!(made.json(), expected);
    assert_eq!(
        world
            .get(&world.owner(), "/v2.1/projects/new")
            .expect(200)
            .json(),
        expected
    );
}

#[test]
fn every_optional_field_has_a_default() {
    let world = World::new();
    let body = json!({"name": "new", "organization_name": "acme", "credits": null});
    let made = create(&world, &world.owner(), body).expect(201).json();
    assert_eq!(made["advanced_permissions"], false);
    assert_eq!(made["credits"], Json::Null);
    assert_eq!(
        (&made["cors_origins"], &made["labels"]),
        (&json!([]), &json!({}))
    );
}

#[test]
fn its_organization_must_be_one_that_the_caller_is_admin_of() {
    let world = World::new();
    let body = |organization: &str| json!({"name": "new", "organization_name": organization});
    create(&world, &world.owner(), body("globex")).expect(404);
    create(&world, &world.owner(), body("none")).expect(404);
    create(&world, &world.member(), body("acme")).expect(403);
    create(&world, &world.robot(), body("acme")).expect(403);
    create(&world, &world.operator(), body("globex")).expect(201);
    create(&world, &world.owner(), json!({"name": "new2"})).refused(400, "organization_name");
    create(&world, &world.owner(), json!({"organization_name": "acme"})).refused(400, "name");
}

#[test]
fn a_name_is_taken_in_the_whole_installation() {
    let world = World::new();
    let body = json!({"name": "reactor", "organization_name": "acme"});
    create(&world, &world.owner(), body).refused(400, "name: ");
    patch(&world, json!({"name": "reactor"})).refused(400, "name: ");
    patch(&world, json!({"name": "vision"})).expect(200);
}

#[test]
fn a_name_that_is_none_is_refused() {
    let world = World::new();
    for name in [
        "",
        "Vision",
        "a b",
        "-a",
        "é",
        "a/b",
        "a\u{0}",
        "..",
        &"x".repeat(300),
    ] {
        let body = json!({"name": name, "organization_name": "acme"});
        create(&world, &world.owner(), body).refused(400, "name");
        patch(&world, json!({"name": name})).refused(400, "name");
    }
}

#[test]
fn absent_keeps_and_null_lifts_the_budget() {
    let world = World::new();
    patch(&world, json!({"credits": 0.000001, "labels": {"a": "b"}})).expect(200);
    let after = patch(&world, json!({"advanced_permissions": true}))
        .expect(200)
        .json();
    assert_eq!(
        (&after["credits"], &after["labels"]),
        (&json!(0.000001), &json!({"a": "b"}))
    );
    assert_eq!(
        patch(&world, json!({"credits": null})).expect(200).json()["credits"],
        Json::Null
    );
    let before = world.get(&world.owner(), &world.path("")).json();
    assert_eq!(patch(&world, json!({})).expect(200).json(), before);
}

#[test]
fn a_budget_is_a_number_of_credits() {
    let world = World::new();
    for credits in [json!(-1), json!("x"), json!(1e300), json!(true), json!([])] {
        patch(&world, json!({"credits": credits})).refused(400, "credits");
    }
    for credits in [json!(0), json!(1000000), json!(0.5)] {
        let after = patch(&world, json!({"credits": credits}))
            .expect(200)
            .json();
        assert_eq!(after["credits"].as_f64(), credits.as_f64());
    }
}

#[test]
fn a_renamed_one_keeps_its_id_people_and_service_users() {
    let world = World::new();
    let before = world
        .get(&world.owner(), &world.path(""))
        .expect(200)
        .text("id");
    patch(&world, json!({"name": "seeing"})).expect(200);
    world.get(&world.owner(), &world.path("")).expect(404);
    for caller in [world.owner(), world.viewer(), world.robot()] {
        let after = world.get(&caller, "/v2.1/projects/seeing").expect(200);
        assert_eq!(after.text("id"), before);
    }
}

#[test]
fn only_the_operator_lifts_a_suspension_that_they_imposed() {
    let world = World::new();
    let by = |caller: &Caller, suspend: bool| {
        world.call(
            caller,
            "PATCH",
            &world.path(""),
            json!({"suspend": suspend}),
        )
    };
    let suspended = by(&world.owner(), true).expect(200).json();
    assert_eq!(suspended["suspended"], true);
    assert_eq!(
        suspended["suspended_reason"],
        "suspended by the organization"
    );
    assert_eq!(
        by(&world.owner(), false).expect(200).json()["suspended_reason"],
        Json::Null
    );
    by(&world.operator(), true).expect(200);
    by(&world.owner(), false).refused(403, "suspend");
    patch(&world, json!({"labels": {"a": "b"}})).expect(200);
    assert_eq!(
        by(&world.operator(), false).expect(200).json()["suspended"],
        false
    );
}

#[test]
fn to_suspend_what_the_operator_has_suspended_changes_nothing_and_keeps_it_theirs() {
    let world = World::new();
    let suspend = json!({"suspend": true});
    patch_by(&world, &world.operator(), suspend.clone()).expect(200);
    for by in [world.owner(), world.editor(), world.robot()] {
        let trail = || world.count("SELECT count(*) FROM audit");
        let rows = trail();
        let shown = patch_by(&world, &by, suspend.clone()).expect(200).json();
        assert_eq!(shown["suspended_reason"], "suspended by the operator");
        assert_eq!(trail(), rows);
        let more = json!({"suspend": true, "labels": {"by": by.id}});
        let shown = patch_by(&world, &by, more).expect(200).json();
        assert_eq!(shown["suspended_reason"], "suspended by the operator");
        assert_eq!(trail(), rows + 1);
        patch_by(&world, &by, json!({"suspend": false})).refused(403, "suspend");
    }
    // Over the organization's suspension the operator's stands, from then on.
    patch_by(&world, &world.operator(), json!({"suspend": false})).expect(200);
    patch_by(&world, &world.owner(), suspend.clone()).expect(200);
    let shown = patch_by(&world, &world.operator(), suspend).expect(200);
    assert_eq!(shown.text("suspended_reason"), "suspended by the operator");
    patch_by(&world, &world.owner(), json!({"suspend": false})).refused(403, "suspend");
}

/// Who holds `projects.update` and administers nothing.
fn updaters(world: &World) -> [Caller; 3] {
    [world.editor(), world.admin(), world.robot()]
}

fn patch_by(world: &World, by: &Caller, body: Json) -> Answer {
    world.call(by, "PATCH", &world.path(""), body)
}

#[test]
fn the_suspended_suspend_but_lift_no_suspension() {
    for by in updaters(&World::new()) {
        let world = World::new();
        patch_by(&world, &by, json!({"suspend": false})).expect(200);
        let suspended = patch_by(&world, &by, json!({"suspend": true})).expect(200);
        assert_eq!(suspended.json()["suspended"], true);
        patch_by(&world, &by, json!({"suspend": true})).expect(200);
        for body in [
            json!({"suspend": false}),
            json!({"suspend": false, "credits": null}),
            json!({"suspend": false, "name": "seeing"}),
        ] {
            patch_by(&world, &by, body).refused(403, "suspend: only an admin of the organization");
        }
        assert_eq!(world.get(&by, &world.path("")).json()["suspended"], true);
        for lifts in [world.owner(), world.operator()] {
            patch_by(&world.copy(), &lifts, json!({"suspend": false})).expect(200);
        }
    }
}

#[test]
fn the_suspension_of_another_project_is_no_bar() {
    let world = World::new();
    let suspended = json!({"suspend": true});
    world
        .call(
            &world.operator(),
            "PATCH",
            "/v2.1/projects/audio",
            suspended,
        )
        .expect(200);
    for (by, label) in updaters(&world).iter().zip(["a", "b", "c"]) {
        let body = json!({"suspend": false, "labels": {"by": label}});
        patch_by(&world, by, body).expect(200);
    }
}

#[test]
fn the_limited_lower_their_budget_and_neither_raise_nor_remove_it() {
    for by in updaters(&World::new()) {
        let world = World::new();
        let credits =
            |by: &Caller, credits: Json| patch_by(&world, by, json!({"credits": credits}));
        credits(&by, Json::Null).expect(200);
        credits(&by, json!(10)).expect(200);
        credits(&by, json!(10)).expect(200);
        credits(&by, json!(9.5)).expect(200);
        for more in [json!(9.500001), json!(10), Json::Null] {
            credits(&by, more).refused(403, "credits: only an admin of the organization");
        }
        assert_eq!(world.get(&by, &world.path("")).json()["credits"], 9.5);
        for raises in [world.owner(), world.operator()] {
            for more in [json!(20), Json::Null] {
                let body = json!({"credits": more});
                patch_by(&world.copy(), &raises, body).expect(200);
            }
        }
    }
}

#[test]
fn who_is_demoted_meanwhile_lifts_nothing() {
    for body in [json!({"suspend": false}), json!({"credits": null})] {
        let world = World::new();
        let owner = world.owner();
        patch(&world, json!({"suspend": true, "credits": 5})).expect(200);
        let call = Call::new("PATCH", world.path("")).by(&owner).json(&body);
        let demote = move |world: &World| {
            let demoted = "UPDATE organization_users SET admin = 0 WHERE user_id = ?1";
            world.execute(demoted, [&owner.id]);
        };
        world
            .send_while(2, demote, call)
            .refused(403, "only an admin of the organization");
    }
}

#[test]
fn a_budget_that_is_lowered_meanwhile_is_not_raised() {
    let world = World::new();
    patch(&world, json!({"credits": 10})).expect(200);
    let call = Call::new("PATCH", world.path("")).by(&world.editor());
    let lower = |world: &World| {
        patch(world, json!({"credits": 1})).expect(200);
    };
    world
        .send_while(2, lower, call.json(&json!({"credits": 5})))
        .refused(403, "credits: ");
}

#[test]
fn a_change_that_changes_nothing_writes_nothing() {
    let world = World::new();
    let body = json!({
        "name": "vision", "advanced_permissions": true, "credits": 5, "suspend": true,
        "cors_origins": ["https://a.example"], "labels": {"a": "b"},
    });
    let shown = patch(&world, body.clone()).expect(200).json();
    let before = world.dump();
    assert_eq!(patch(&world, body.clone()).expect(200).json(), shown);
    assert_eq!(patch(&world, json!({})).expect(200).json(), shown);
    assert!(world.dump() == before, "something was written");
    for (field, other) in [
        ("name", json!("seeing")),
        ("advanced_permissions", json!(false)),
        ("credits", json!(4)),
        ("credits", Json::Null),
        ("suspend", json!(false)),
        ("cors_origins", json!([])),
        ("labels", json!({})),
    ] {
        let world = world.copy();
        let mut body = body.clone();
        body[field] = other;
        let changed = patch(&world, body).expect(200).json();
        assert_ne!(changed, shown, "{field}");
        let rows = "SELECT count(*) FROM audit WHERE event LIKE 'Updated project%'";
        assert_eq!(world.count(rows), 2, "{field}");
    }
}

#[test]
fn everybody_lists_those_in_which_they_have_a_part() {
    let world = World::new();
    for (caller, expected) in [
        (world.operator(), &["audio", "reactor", "vision"] as &[&str]),
        (world.owner(), &["audio", "vision"]),
        (world.admin(), &["vision"]),
        (world.viewer(), &["vision"]),
        (world.member(), &[]),
        (world.robot(), &["vision"]),
        (world.idle(), &["vision"]),
        (world.neighbour(), &["audio"]),
        (world.stranger(), &["reactor"]),
    ] {
        let listed = world.get(&caller, "/v2.1/projects").expect(200).json();
        assert_eq!(names(&listed), expected);
    }
}

#[test]
fn a_list_is_narrowed_by_organization_and_labels() {
    let world = World::new();
    patch(&world, json!({"labels": {"team": "a", "env": "prod"}})).expect(200);
    let list = |query: &str| world.get(&world.operator(), &format!("/v2.1/projects{query}"));
    for (query, expected) in [
        ("?organization=globex", &["reactor"] as &[&str]),
        ("?organization=none", &[]),
        ("?labels=team:a", &["vision"]),
        ("?labels=team%3Aa%2Cenv%3Aprod", &["vision"]),
        ("?labels=team:a,env:test", &[]),
        ("?labels=", &["audio", "reactor", "vision"]),
    ] {
        assert_eq!(names(&list(query).expect(200).json()), expected, "{query}");
    }
    list("?labels=team").refused(400, "labels: ");
}

#[test]
fn a_deleted_one_is_gone_with_all_that_belonged_to_it_and_its_name_is_free() {
    let world = World::new();
    let id = world.get(&world.owner(), &world.path("")).text("id");
    world
        .call(&world.owner(), "DELETE", &world.path(""), Json::Null)
        .expect(204);
    world.get(&world.owner(), &world.path("")).expect(404);
    for table in [
        "service_users",
        "role_assignments",
        "project_origins",
        "service_user_origins",
    ] {
        let left = format!("SELECT count(*) FROM {table} WHERE project_id = '{id}'");
        assert_eq!(world.count(&left), 0, "{table}");
    }
    assert_eq!(
        world.count("SELECT count(*) FROM tokens WHERE service_user_id IS NOT NULL"),
        1
    );
    let body = json!({"name": "vision", "organization_name": "acme"});
    create(&world, &world.owner(), body).expect(201);
    world.get(&world.admin(), &world.path("")).expect(404);
}

#[test]
fn a_plan_limits_how_many_an_organization_has() {
    let world = World::new();
    world.execute(
        "UPDATE subscriptions SET max_projects = 2 WHERE name = 'free'",
        (),
    );
    let body = json!({"name": "third", "organization_name": "acme"});
    create(&world, &world.owner(), body.clone()).refused(403, "projects");
    world
        .call(&world.owner(), "DELETE", "/v2.1/projects/audio", Json::Null)
        .expect(204);
    create(&world, &world.owner(), body).expect(201);
}

/// A PATCH of the project by its old name, while something else happens before it is written.
fn change_while(world: &World, body: Json, interlude: fn(&World)) -> Answer {
    let call = Call::new("PATCH", world.path(""))
        .by(&world.owner())
        .json(&body);
    world.send_while(2, interlude, call)
}

fn rename(world: &World) {
    let path = world.path("");
    world
        .call(&world.owner(), "PATCH", &path, json!({"name": "insight"}))
        .expect(200);
}

#[test]
fn a_change_of_something_else_leaves_a_new_name_alone() {
    let world = World::new();
    change_while(&world, json!({"labels": {"team": "a"}}), rename).expect(200);
    let path = "/v2.1/projects/insight";
    let project = world.get(&world.owner(), path).expect(200).json();
    assert_eq!(project["labels"], json!({"team": "a"}));
    world.get(&world.owner(), &world.path("")).expect(404);
}

#[test]
fn a_new_name_and_another_project_under_the_old_one_disturb_no_change() {
    let world = World::new();
    let changed = change_while(&world, json!({"credits": 5}), |world| {
        rename(world);
        let again = json!({"name": "vision", "organization_name": "acme"});
        world
            .call(&world.owner(), "POST", "/v2.1/projects", again)
            .expect(201);
    });
    assert_eq!(changed.expect(200).json()["name"], "insight");
}
