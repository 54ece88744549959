//! Changing an organization: its name, what anybody else may not touch, and what the trail says of it.

use serde_json::{Value as Json, json};

use testkit::World;
use testkit::organizations::{ACME, acme, create, patch, subscribe};
use testkit::world::HOUR;

fn trail(world: &World) -> Json {
    let trail = world.get(&world.owner(), &format!("{ACME}/audit"));
    trail.expect(200).json()
}

#[test]
fn an_organization_shows_every_field_that_a_client_reads() {
    let world = World::new();
    let shown = acme(&world);
    assert_eq!(
        shown,
        json!({
            "id": shown["id"], "name": "acme", "creation_date": "2026-06-15T12:00:00.000000Z", "status": "active",
            "subscription": "free", "subscription_start_date": "2026-06-15", "subscription_end_date": null,
            "subscription_self_service": true, "scheduled_subscription": null, "credits": null,
            "two_factor_authentication_forced": false, "overage_usage": false,
        })
    );
}

#[test]
fn a_rename_keeps_the_id_and_every_relation_and_frees_the_old_name() {
    let world = World::new();
    let before = acme(&world);
    let renamed = patch(&world, &world.owner(), json!({"name": "emca"})).expect(200);
    assert_eq!(renamed.text("id"), before["id"]);
    world.get(&world.owner(), ACME).expect(404);
    world
        .get(&world.member(), "/v2.1/organizations/emca")
        .expect(200);
    let project = world.get(&world.viewer(), &world.path("")).expect(200);
    assert_eq!(project.text("organization_name"), "emca");
    let body = json!({"name": "acme"});
    create(&world, &world.stranger(), body).expect(201);
    world.get(&world.owner(), ACME).expect(404);
}

#[test]
fn a_name_is_taken_once_even_in_a_race() {
    let world = World::new();
    patch(&world, &world.owner(), json!({"name": "globex"}))
        .refused(400, "name: an organization 'globex'");
    patch(&world, &world.owner(), json!({"name": "acme"})).expect(200);
    patch(&world, &world.owner(), json!({"name": "Acme"})).refused(400, "name: 'Acme'");
    world.before_trip(2, |world| {
        create(world, &world.stranger(), json!({"name": "initech"})).expect(201);
    });
    patch(&world, &world.owner(), json!({"name": "initech"})).refused(400, "name: an organization");
}

#[test]
fn two_changes_at_once_keep_both() {
    let world = World::new();
    world.before_trip(2, |world| {
        patch(world, &world.owner(), json!({"name": "emca"})).expect(200);
    });
    let changed = subscribe(&world, "premium", "2026-06-01", Some("2027-06-01")).expect(200);
    assert_eq!(changed.text("name"), "emca");
    assert_eq!(changed.text("subscription"), "premium");
}

#[test]
fn only_the_operator_changes_a_subscription() {
    let world = World::new();
    for body in [
        json!({"subscription": "premium", "subscription_start_date": "2026-06-15", "subscription_end_date": "2027-01-01"}),
        json!({"subscription": "professional"}),
        json!({"subscription_start_date": "2026-06-16"}),
        json!({"subscription_end_date": "2027-06-15"}),
        json!({"name": "emca", "subscription_end_date": "2027-06-15"}),
    ] {
        patch(&world, &world.owner(), body).refused(403, "only the operator");
    }
    assert_eq!(acme(&world)["subscription"], "free");
    // Terraform's provider sends nulls for what it does not set.
    let nulls = json!({"name": "emca", "subscription": null, "subscription_start_date": null});
    patch(&world, &world.owner(), nulls).expect(200);
}

#[test]
fn who_sends_back_what_they_were_shown_changes_what_they_changed_in_it() {
    for scheduled in [false, true] {
        let world = World::new();
        if scheduled {
            subscribe(&world, "professional", "2026-07-01", Some("2026-12-01")).expect(200);
        }
        let (mut shown, before) = (acme(&world), world.dump());
        let answer = patch(&world, &world.owner(), shown.clone()).expect(200);
        assert!(answer.json() == shown && world.dump() == before);
        for field in [
            "subscription",
            "subscription_start_date",
            "subscription_end_date",
        ] {
            patch(&world, &world.owner(), json!({ field: shown[field] })).expect(200);
            assert!(world.dump() == before, "{field}");
        }
        shown["name"] = json!("emca");
        let renamed = patch(&world, &world.owner(), shown.clone()).expect(200);
        assert_eq!(renamed.json(), shown);
    }
}

#[test]
fn the_operator_who_sends_back_what_is_shown_moves_no_start() {
    let world = World::new();
    let start = "SELECT subscription_start_date FROM organizations WHERE name IN ('acme', 'emca')";
    let (mut shown, before, started) = (acme(&world), world.dump(), world.count(start));
    let answer = patch(&world, &world.operator(), shown.clone()).expect(200);
    assert!(answer.json() == shown && world.dump() == before);
    shown["name"] = json!("emca");
    let renamed = patch(&world, &world.operator(), shown.clone()).expect(200);
    assert_eq!((renamed.json(), world.count(start)), (shown, started));
}

#[test]
fn an_admin_who_is_demoted_meanwhile_renames_nothing() {
    let world = World::new();
    let owner = world.owner();
    world.before_trip(2, |world| {
        world.execute("UPDATE organization_users SET admin = 0", ());
    });
    patch(&world, &owner, json!({"name": "emca"})).refused(403, "admin of the organization");
    world.get(&owner, ACME).expect(200);
}

#[test]
fn a_second_factor_cannot_be_forced() {
    let world = World::new();
    let forced = json!({"name": "x", "two_factor_authentication_forced": true});
    patch(&world, &world.owner(), forced.clone())
        .refused(400, "two_factor_authentication_forced: not supported");
    create(&world, &world.owner(), forced)
        .refused(400, "two_factor_authentication_forced: not supported");
    patch(
        &world,
        &world.owner(),
        json!({"two_factor_authentication_forced": false}),
    )
    .expect(200);
}

#[test]
fn a_patch_of_nothing_is_no_change() {
    let world = World::new();
    let before = trail(&world);
    let shown = patch(&world, &world.owner(), json!({"unknown": 1})).expect(200);
    assert_eq!(shown.json(), acme(&world));
    assert_eq!(trail(&world), before);
}

#[test]
fn a_patch_to_what_is_there_writes_nothing() {
    let world = World::new();
    subscribe(&world, "premium", "2026-06-01", Some("2026-12-01")).expect(200);
    subscribe(&world, "professional", "2026-07-01", Some("2026-12-01")).expect(200);
    let unchanged = [
        json!({"name": "acme"}),
        json!({"subscription_end_date": "2026-12-01"}),
        json!({"subscription": "professional", "subscription_start_date": "2026-07-01",
               "subscription_end_date": "2026-12-01"}),
        json!({"name": "acme", "subscription_end_date": "2026-12-01"}),
    ];
    let shown = acme(&world);
    let before = world.dump();
    for body in &unchanged {
        let answer = patch(&world, &world.operator(), body.clone()).expect(200);
        assert_eq!(answer.json(), shown);
        assert!(world.dump() == before, "{body}");
    }
    // What was scheduled is in force, and is no change as such.
    world.pass(30 * 24 * HOUR);
    let before = world.dump();
    for body in unchanged {
        patch(&world, &world.operator(), body.clone()).expect(200);
        assert!(world.dump() == before, "{body}");
    }
}

#[test]
fn each_field_alone_is_a_change() {
    for body in [
        json!({"name": "emca"}),
        json!({"subscription_end_date": "2026-12-02"}),
        json!({"subscription_end_date": null}),
        json!({"subscription_start_date": "2026-06-02"}),
        // The same subscription again drops what was scheduled after it.
        json!({"subscription": "premium", "subscription_start_date": "2026-06-01", "subscription_end_date": "2026-12-01"}),
        json!({"subscription": "professional", "subscription_start_date": "2026-06-01",
               "subscription_end_date": "2026-12-01"}),
        json!({"subscription_start_date": "2026-07-01", "subscription_end_date": "2026-12-01"}),
        json!({"subscription": "professional", "subscription_start_date": "2026-07-02",
               "subscription_end_date": "2026-12-01"}),
        json!({"subscription": "professional", "subscription_start_date": "2026-07-01",
               "subscription_end_date": null}),
    ] {
        let world = World::new();
        subscribe(&world, "premium", "2026-06-01", Some("2026-12-01")).expect(200);
        subscribe(&world, "professional", "2026-07-01", Some("2026-12-01")).expect(200);
        let (rows, before) = (world.count("SELECT count(*) FROM audit"), acme(&world));
        let changed = patch(&world, &world.operator(), body.clone()).expect(200);
        assert!(changed.json() != before, "{body}");
        assert_eq!(
            world.count("SELECT count(*) FROM audit"),
            rows + 1,
            "{body}"
        );
    }
}

#[test]
fn an_admin_who_is_demoted_meanwhile_is_not_shown_what_did_not_change() {
    for body in [json!({}), json!({"name": "acme"})] {
        let world = World::new();
        world.before_trip(2, |world| {
            world.execute("UPDATE organization_users SET admin = 0", ());
        });
        patch(&world, &world.owner(), body).refused(403, "admin of the organization");
    }
}

#[test]
fn the_trail_shows_each_change_with_what_was_before() {
    let world = World::new();
    subscribe(&world, "premium", "2026-06-01", Some("2026-12-01")).expect(200);
    patch(&world, &world.owner(), json!({"name": "emca"})).expect(200);
    let trail = world.get(&world.owner(), "/v2.1/organizations/emca/audit?limit=2");
    let trail = trail.expect(200).json();
    assert_eq!(trail[0]["event"], "Updated organization acme");
    assert_eq!(trail[0]["user"], "owner@example.com");
    assert_eq!(trail[0]["before"]["name"], "acme");
    assert_eq!(trail[0]["after"], json!({"name": "emca"}));
    assert_eq!(trail[1]["user"], "operator");
    assert_eq!(trail[1]["before"]["subscription"], "free");
    assert_eq!(trail[1]["before"]["subscription_start_date"], "2026-06-15");
    assert_eq!(
        trail[1]["after"],
        json!({
            "subscription": "premium", "subscription_start_date": "2026-06-01", "subscription_end_date": "2026-12-01",
        })
    );
}
