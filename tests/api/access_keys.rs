//! Access keys: who makes them, and everything that ends them.

use serde_json::{Value as Json, json};

use testkit::signed::AccessKey;
use testkit::{Answer, Caller, World};

const HOUR: i64 = 3_600_000;

fn keys_path(world: &World, holder: &Caller) -> String {
    world.path(&format!("/service-users/{}/access-keys", holder.id))
}

/// A signed reading of the default workspace's quotas.
fn read(world: &World, key: &AccessKey) -> Answer {
    let target = world.workspaces("/0/quotas");
    world.send(world.signed(key, "GET", &target, Json::Null))
}

#[track_caller]
fn ended(world: &World, key: &AccessKey) {
    let answer = read(world, key).refused(401, "verify aksk signature fail");
    assert_eq!(answer.text("error_code"), "APIGW.0301");
}

#[test]
fn a_key_signs_and_its_secret_is_shown_once_and_stored_nowhere() {
    let world = World::new();
    let robot = world.robot();
    let key = world.access_key(&robot);
    read(&world, &key).expect(200);
    let listed = world.get(&world.viewer(), &keys_path(&world, &robot));
    assert_eq!(listed.json()[0]["access_key"], key.id.as_str());
    assert!(listed.json()[0].get("secret_key").is_none());
    assert!(!world.dump().contains(&key.secret));
    assert!(!world.logs().concat().contains(&key.secret));
}

#[test]
fn a_person_makes_keys_and_no_service_user_does() {
    let world = World::new();
    let path = keys_path(&world, &world.idle());
    for maker in [
        world.operator(),
        world.owner(),
        world.admin(),
        world.editor(),
    ] {
        world.call(&maker, "POST", &path, Json::Null).expect(201);
    }
    world
        .call(&world.robot(), "POST", &path, Json::Null)
        .refused(403, "no service user");
}

#[test]
fn nobody_makes_a_key_that_may_more_than_they() {
    let world = World::new();
    let path = keys_path(&world, &world.robot());
    world
        .call(&world.editor(), "POST", &path, Json::Null)
        .refused(403, "permissions that you do not hold");
}

#[test]
fn a_service_user_has_at_most_five_keys() {
    let world = World::new();
    let robot = world.robot();
    let keys: Vec<_> = (0..5).map(|_| world.access_key(&robot)).collect();
    let path = keys_path(&world, &robot);
    world
        .call(&world.owner(), "POST", &path, Json::Null)
        .refused(400, "at most 5");
    let first = format!("{path}/{}", keys[0].id);
    world
        .call(&world.owner(), "DELETE", &first, Json::Null)
        .expect(204);
    world
        .call(&world.owner(), "POST", &path, Json::Null)
        .expect(201);
    ended(&world, &keys[0]);
    read(&world, &keys[1]).expect(200);
}

#[test]
fn of_two_keys_at_once_only_the_fifth_is_made() {
    for trip in [1, 2] {
        let world = World::new();
        let robot = world.robot();
        for _ in 0..4 {
            world.access_key(&robot);
        }
        let path = keys_path(&world, &robot);
        let other = path.clone();
        world.before_trip(trip, move |world| {
            world
                .call(&world.owner(), "POST", &other, Json::Null)
                .expect(201);
        });
        world
            .call(&world.owner(), "POST", &path, Json::Null)
            .refused(400, "at most 5");
        assert_eq!(world.count("SELECT count(*) FROM access_keys"), 5);
    }
}

#[test]
fn a_key_that_is_not_there_is_404_and_so_is_anothers() {
    let world = World::new();
    let key = world.access_key(&world.robot());
    for id in ["13A9BA2768884528826E", "x", key.id.as_str()] {
        let path = format!("{}/{id}", keys_path(&world, &world.idle()));
        world
            .call(&world.owner(), "DELETE", &path, Json::Null)
            .refused(404, "no access key");
    }
    let unknown = world.path("/service-users/13a9ba27-6888-4528-826e-8e1002eab13d/access-keys");
    for method in ["GET", "POST"] {
        world
            .call(&world.owner(), method, &unknown, Json::Null)
            .refused(404, "no service user");
    }
    read(&world, &key).expect(200);
}

#[test]
fn a_key_ends_with_the_deletion_or_expiry_of_its_service_user() {
    let world = World::new();
    let body = json!({"name": "short", "expiry_date": world.after(HOUR)});
    let short = world.service_user_of("vision", &["project-viewer"], body);
    let long = world.service_user(&["project-viewer"]);
    let (first, second) = (world.access_key(&short), world.access_key(&long));
    read(&world, &first).expect(200);
    world.pass(HOUR);
    ended(&world, &first);
    world
        .call(
            &world.owner(),
            "POST",
            &keys_path(&world, &short),
            Json::Null,
        )
        .refused(400, "expired");
    read(&world, &second).expect(200);
    let path = world.path(&format!("/service-users/{}", long.id));
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    ended(&world, &second);
}

#[test]
fn a_reset_ends_the_keys_unless_they_are_kept_or_it_leaves_a_grace() {
    for (query, lives) in [
        ("", false),
        ("?grace=0", false),
        ("?keep_access_keys=false", false),
        ("?keep_access_keys=true", true),
        ("?grace=60", true),
    ] {
        let world = World::new();
        let holder = world.service_user(&["project-viewer"]);
        let key = world.access_key(&holder);
        let path = world.path(&format!("/service-users/{}/token{query}", holder.id));
        world
            .call(&world.owner(), "PUT", &path, Json::Null)
            .expect(200);
        if lives {
            read(&world, &key).expect(200);
        } else {
            ended(&world, &key);
        }
    }
}

#[test]
fn a_key_that_ends_between_the_round_trips_changes_nothing() {
    let world = World::new();
    let robot = world.robot();
    let key = world.access_key(&robot);
    let path = format!("{}/{}", keys_path(&world, &robot), key.id);
    let target = world.workspaces("/0/quotas");
    let body = json!({"quotas": [{"resource": "exemlProject.gpu_duration", "quota": 10}]});
    let call = world.signed(&key, "PUT", &target, body);
    world.before_trip(2, move |world| {
        world
            .call(&world.owner(), "DELETE", &path, Json::Null)
            .expect(204);
    });
    world.send(call).expect(403);
    assert_eq!(world.count("SELECT count(*) FROM workspace_quotas"), 0);
}

#[test]
fn without_a_signing_key_there_are_no_access_keys_and_everything_else_works() {
    let world = World::new();
    let robot = world.robot();
    let key = world.access_key(&robot);
    let bare = world.with_settings(&[("SIGNING_KEY", "")]);
    let made = bare.call(&bare.owner(), "POST", &keys_path(&bare, &robot), Json::Null);
    let made = made.refused(503, "not set up");
    assert!(made.log.contains("SIGNING_KEY"));
    let answer = read(&bare, &key).expect(503);
    assert_eq!(answer.text("error_code"), "ModelArts.7001");
    bare.get(&robot, &bare.workspaces("")).expect(200);
    read(&world, &key).expect(200);
}

#[test]
fn a_key_outlives_one_change_of_the_signing_key() {
    let world = World::new();
    let old = world.access_key(&world.robot());
    let during = world.with_settings(&[
        ("SIGNING_KEY", "the next one"),
        ("SIGNING_KEY_PREVIOUS", testkit::world::SIGNING_KEY),
    ]);
    read(&during, &old).expect(200);
    let new = during.access_key(&during.robot());
    let after = world.with_settings(&[("SIGNING_KEY", "the next one")]);
    read(&after, &new).expect(200);
    ended(&after, &old);
}

#[test]
fn making_and_deleting_a_key_is_in_the_trail_without_its_secret() {
    let world = World::new();
    let key = world.access_key(&world.robot());
    let path = format!("{}/{}", keys_path(&world, &world.robot()), key.id);
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    let trail = world
        .get(&world.owner(), &world.path("/audit?limit=2"))
        .json();
    for (row, action) in trail.as_array().unwrap().iter().zip(["delete", "create"]) {
        assert_eq!(row["action"], action);
        assert_eq!(row["object_type"], "service_user_access_key");
        assert_eq!(row["object_name"], key.id.as_str());
    }
    assert!(!trail.to_string().contains(&key.secret));
}
