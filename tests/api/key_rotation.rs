//! A rotation of SIGNING_KEY: the scheduled run seals anew what is under the key before it, until that may go (contract
//! section 5.2).

use serde_json::{Value as Json, json};

use tenantry::domain::webhook_signature::{WebhookSecret, WebhookSecrets};
use testkit::gate::UPSTREAM;
use testkit::world::SIGNING_KEY;
use testkit::{Caller, Fault, Reply, World};

const SECRET: &str = "a-secret-of-the-upstream";
const NEW: (&str, &str) = ("SIGNING_KEY", "the signing key after it");

/// The world during the rotation, and after it.
fn rotated(world: &World) -> [World; 2] {
    [
        world.with_settings(&[NEW, ("SIGNING_KEY_PREVIOUS", SIGNING_KEY)]),
        world.with_settings(&[NEW]),
    ]
}

/// A world whose project has so many secrets, 25 a deployment: a place takes a hundred.
fn with_secrets(count: usize) -> World {
    let world = World::new();
    for deployment in 0..count.div_ceil(25) {
        let name = format!("d{deployment}");
        world.deployment(&name);
        for variable in 0..(count - deployment * 25).min(25) {
            let path = world.path(&format!("/deployments/{name}/environment-variables"));
            let body = json!({"name": format!("V{variable}"), "value": SECRET, "secret": true});
            world.call(&world.owner(), "POST", &path, body).expect(201);
        }
    }
    world
}

/// How many secrets are under the current key, and under the one before it.
fn counts(world: &World) -> [i64; 2] {
    let shown = world
        .get(&world.operator(), "/operator/v1/keys")
        .expect(200);
    let keys = shown.json();
    let rows = |at: usize| keys["keys"][at]["rows"].as_i64().unwrap();
    assert_eq!(keys["keys"][0]["current"], json!(true));
    [rows(0), rows(1)]
}

/// The last line of the log.
fn line(world: &World) -> Json {
    serde_json::from_str(world.logs().last().unwrap()).unwrap()
}

/// Runs the minute, whose third round trip is the first of the sealing.
fn minute(world: &World) {
    world.database.reset();
    world.minute();
}

fn request(world: &World, caller: &Caller) -> testkit::Called {
    world.upstream.next(Reply::json(&json!({"y": 1})));
    let answer = world.request(caller, "d", &json!({"x": 1})).expect(200);
    assert_eq!(answer.json()["status"], "completed", "{answer}");
    world.upstream.calls().pop().unwrap()
}

#[test]
fn what_was_sealed_works_before_during_and_after_a_rotation() {
    let world = World::new();
    world.deployment("d");
    let body = json!({"name": "KEY", "value": SECRET, "secret": true});
    for place in ["", "/deployments/d", "/deployments/d/versions/v1"] {
        let path = world.path(&format!("{place}/environment-variables"));
        world
            .call(&world.owner(), "POST", &path, body.clone())
            .expect(201);
    }
    let path = world.path("/deployments/d/versions/v1/upstream?rotate_secret=3600");
    let secret = || {
        let body = json!({"upstream_url": UPSTREAM, "headers": {"x-api-key": "${KEY}"}});
        let set = world.call(&world.owner(), "PUT", &path, body).expect(200);
        WebhookSecret::parse(&set.text("upstream_secret")).unwrap()
    };
    let secrets = [secret(), secret()].map(|current| WebhookSecrets {
        current,
        previous: None,
    });
    let caller = world.service_user(&["deployment-request-user"]);
    let is_signed = |world: &World| {
        let sent = request(world, &caller).outgoing;
        let header = |name: &str| {
            let found = sent.headers.iter().find(|(known, _)| known == name);
            found.unwrap().1.clone()
        };
        assert_eq!(header("x-api-key"), SECRET);
        let timestamp = header("webhook-timestamp").parse().unwrap();
        for secrets in &secrets {
            let (id, signature) = (header("webhook-id"), header("webhook-signature"));
            assert!(secrets.verifies(&id, timestamp, &sent.body, &signature));
        }
    };
    is_signed(&world);
    let trail = world.count("SELECT count(*) FROM audit");
    let [during, after] = rotated(&world);
    assert_eq!(counts(&during), [0, 5]);
    is_signed(&during);
    minute(&during);
    assert_eq!(line(&during)["error"], Json::Null);
    assert_eq!(counts(&during), [5, 0]);
    is_signed(&during);
    is_signed(&after);
    assert_eq!(world.count("SELECT count(*) FROM audit"), trail);
}

#[test]
fn a_run_seals_a_hundred_anew() {
    let world = with_secrets(250);
    let [during, _] = rotated(&world);
    for left in [150, 50, 0] {
        minute(&during);
        assert_eq!(counts(&during), [250 - left, left]);
    }
}

#[test]
fn without_a_rotation_a_run_reads_nothing_and_after_one_it_writes_nothing() {
    let world = with_secrets(1);
    minute(&world);
    assert_eq!(line(&world)["round_trips"], 5);
    let [during, _] = rotated(&world);
    for trips in [7, 6] {
        minute(&during);
        assert_eq!(line(&during)["round_trips"], trips);
    }
    let same = world.with_settings(&[("SIGNING_KEY_PREVIOUS", SIGNING_KEY)]);
    minute(&same);
    assert_eq!(line(&same)["round_trips"], 5);
}

#[test]
fn a_run_that_fails_is_made_up_for_by_the_next() {
    let world = with_secrets(2);
    let [during, _] = rotated(&world);
    for (trip, fault) in [
        (3, Fault::Refuse),
        (4, Fault::Refuse),
        (4, Fault::LoseAfter),
    ] {
        during.database.reset();
        during.fail(trip, fault);
        during.minute();
        assert_eq!(line(&during)["level"], "error");
    }
    minute(&during);
    assert_eq!(counts(&during), [2, 0]);
}

#[test]
fn what_is_changed_meanwhile_stays_as_it_was_changed() {
    let world = with_secrets(3);
    let [during, after] = rotated(&world);
    let dump = |world: &World| {
        let all = "SELECT json_group_array(json_array(name, value, key_id)) FROM
                   (SELECT * FROM environment_variables ORDER BY name)";
        let connection = world.database.connection();
        let text: String = connection.query_row(all, [], |row| row.get(0)).unwrap();
        serde_json::from_str::<Json>(&text).unwrap()
    };
    let path = world.path("/deployments/d0/environment-variables");
    let listed = world.get(&world.owner(), &path).expect(200).json();
    let ids: Vec<String> = (0..3)
        .map(|at| format!("{path}/{}", listed[at]["id"].as_str().unwrap()))
        .collect();
    let before = dump(&world);
    during.database.reset();
    let old = world.clone();
    during.before_trip(4, move |during| {
        // By the version of the Worker before, by the present one, and for good.
        let body = json!({"value": "another"});
        old.call(&old.owner(), "PATCH", &ids[0], body.clone())
            .expect(200);
        during
            .call(&during.owner(), "PATCH", &ids[1], body)
            .expect(200);
        during
            .call(&during.owner(), "DELETE", &ids[2], Json::Null)
            .expect(204);
    });
    during.minute();
    let changed = dump(&world);
    assert_eq!(changed.as_array().unwrap().len(), 2);
    for at in 0..2 {
        assert_ne!(changed[at][1], before[at][1]);
    }
    assert_eq!(changed[0][2], before[0][2]);
    assert_eq!(counts(&during), [1, 1]);
    minute(&during);
    assert_eq!(counts(&during), [2, 0]);
    assert_eq!(dump(&after)[1], changed[1]);
}

#[test]
fn what_does_not_open_stays_as_it_is_and_holds_nothing_up() {
    let world = with_secrets(150);
    let [during, _] = rotated(&world);
    let damaged = world.execute(
        "UPDATE environment_variables SET value = 'AAAA' || substr(value, 5) WHERE name <> 'V0'",
        [],
    );
    assert_eq!(damaged, 144);
    world.execute(
        "UPDATE environment_variables SET key_id = 'a third key' WHERE (place_id, name) IN (
           SELECT place_id, name FROM environment_variables WHERE name = 'V1' LIMIT 1)",
        [],
    );
    let value = "SELECT group_concat(value) FROM environment_variables WHERE name <> 'V0'";
    let read = || -> String {
        let connection = world.database.connection();
        connection.query_row(value, [], |row| row.get(0)).unwrap()
    };
    let before = read();
    let mut runs = 0;
    while counts(&during)[0] < 6 {
        runs += 1;
        assert!(runs < 50, "{:?}", counts(&during));
        minute(&during);
        let line = line(&during);
        let error = line["error"].as_str().unwrap();
        assert!(error.starts_with("environment_variables "), "{error}");
    }
    assert_eq!(read(), before);
    assert_eq!(counts(&during), [6, 143]);
}
