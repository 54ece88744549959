//! Environment variables: what is where, who may see and set it, and where a secret may go.

use serde_json::{Value as Json, json};

use testkit::{Answer, Caller, World};

const SECRET: &str = "a-secret-that-nobody-sees-again";

const PLACES: [&str; 3] = ["", "/deployments/d", "/deployments/d/versions/v1"];

/// A world with the deployments `d` and `other`, each with a version `v1`.
fn world() -> World {
    let world = World::new();
    world.deployment("d");
    world.deployment("other");
    world
}

fn path(world: &World, place: &str) -> String {
    world.path(&format!("{place}/environment-variables"))
}

fn create(world: &World, place: &str, body: Json) -> Answer {
    world.call(&world.owner(), "POST", &path(world, place), body)
}

fn plain(world: &World, place: &str, name: &str, value: &str) -> String {
    let body = json!({"name": name, "value": value, "secret": false});
    create(world, place, body).expect(201).text("id")
}

fn secret(world: &World, place: &str, name: &str) -> String {
    let body = json!({"name": name, "value": SECRET, "secret": true});
    create(world, place, body).expect(201).text("id")
}

fn one(world: &World, place: &str, id: &str) -> String {
    format!("{}/{id}", path(world, place))
}

fn get(world: &World, place: &str, id: &str) -> Json {
    world
        .get(&world.owner(), &one(world, place, id))
        .expect(200)
        .json()
}

fn patch(world: &World, place: &str, id: &str, body: Json) -> Answer {
    world.call(&world.owner(), "PATCH", &one(world, place, id), body)
}

/// Name, value, and what it is inherited from, of each in a list.
fn list(world: &World, place: &str) -> Vec<Json> {
    let listed = world.get(&world.owner(), &path(world, place)).expect(200);
    let listed = listed.json();
    let shown = |one: &Json| {
        json!([
            one["name"],
            one["value"],
            one["inheritance_type"],
            one["inheritance_name"]
        ])
    };
    listed.as_array().unwrap().iter().map(shown).collect()
}

fn copy(world: &World, by: &Caller, place: &str, body: Json) -> Answer {
    let path = world.path(&format!("{place}/copy-environment-variables"));
    world.call(by, "POST", &path, body)
}

/// Gives a version an upstream, past the API, that names variables.
fn upstream(world: &World, deployment: &str, url: &str, base_url: Option<&str>, names: &[&str]) {
    let made = world.execute(
        "INSERT INTO upstreams (version_id, organization_id, project_id, revision_id, upstream_url, base_url, headers,
                                variables, idle_timeout, retries, secret, secret_key_id)
         SELECT v.id, v.organization_id, v.project_id, 'r', ?2, ?3, '{}', ?4, 60, 0, 's', 'k'
         FROM deployments d JOIN deployment_versions v ON v.deployment_id = d.id WHERE d.name = ?1",
        (deployment, url, base_url, json!(names).to_string()),
    );
    assert_eq!(made, 1);
}

fn trail(world: &World) -> i64 {
    world.count("SELECT count(*) FROM audit")
}

#[test]
fn each_place_has_variables_of_its_own_that_are_read_changed_and_deleted_there() {
    let world = world();
    for place in PLACES {
        let id = plain(&world, place, "A", "1");
        let shown = json!({"id": id, "name": "A", "value": "1", "secret": false, "hosts": null});
        assert_eq!(get(&world, place, &id), shown);
        let changed = patch(&world, place, &id, json!({"name": "B", "value": ""})).expect(200);
        let shown = json!({"id": id, "name": "B", "value": "", "secret": false, "hosts": null});
        assert_eq!(changed.json(), shown);
        for elsewhere in PLACES.iter().filter(|other| **other != place) {
            for method in ["GET", "PATCH", "DELETE"] {
                world
                    .call(
                        &world.owner(),
                        method,
                        &one(&world, elsewhere, &id),
                        json!({}),
                    )
                    .refused(404, "no environment variable");
            }
        }
        let path = one(&world, place, &id);
        world
            .call(&world.owner(), "DELETE", &path, Json::Null)
            .expect(204);
        world.get(&world.owner(), &path).expect(404);
    }
    assert_eq!(world.count("SELECT count(*) FROM environment_variables"), 0);
}

#[test]
fn of_one_name_the_nearest_counts_and_a_list_says_what_is_inherited() {
    let world = world();
    for (place, names) in PLACES.iter().zip([
        &["P", "PD", "PV", "PDV"] as &[&str],
        &["D", "PD", "DV", "PDV"],
        &["V", "DV", "PV", "PDV"],
    ]) {
        for name in names {
            plain(&world, place, name, &format!("at{place}"));
        }
    }
    plain(&world, "/deployments/other", "V", "elsewhere");
    let own = |name: &str, place: usize| json!([name, format!("at{}", PLACES[place]), null, null]);
    assert_eq!(
        list(&world, PLACES[0]),
        ["P", "PD", "PDV", "PV"].map(|name| own(name, 0))
    );
    let project = |name: &str| json!([name, "at", "project", "vision"]);
    let deployment = |name: &str| json!([name, "at/deployments/d", "deployment", "d"]);
    assert_eq!(
        list(&world, PLACES[1]),
        [
            own("D", 1),
            own("DV", 1),
            project("P"),
            own("PD", 1),
            own("PDV", 1),
            project("PV"),
        ]
    );
    assert_eq!(
        list(&world, PLACES[2]),
        [
            deployment("D"),
            own("DV", 2),
            project("P"),
            deployment("PD"),
            own("PDV", 2),
            own("PV", 2),
            own("V", 2),
        ]
    );
    let slice = format!("{}?limit=2&after=DV", path(&world, PLACES[2]));
    let slice = world.get(&world.owner(), &slice).expect(200).json();
    assert_eq!(
        (slice[0]["name"].as_str(), slice[2].is_null()),
        (Some("P"), true)
    );
}

#[test]
fn an_empty_value_is_null_where_the_oldest_client_takes_no_empty_text() {
    let world = world();
    plain(&world, "", "E", "");
    assert_eq!(list(&world, ""), [json!(["E", "", null, null])]);
    let inherited = json!(["E", null, "project", "vision"]);
    assert_eq!(list(&world, "/deployments/d"), [inherited]);
}

#[test]
fn a_secret_is_never_seen_again() {
    let world = world();
    for place in PLACES {
        let id = secret(&world, place, "KEY");
        assert_eq!(get(&world, place, &id)["value"], Json::Null);
        patch(&world, place, &id, json!({"value": SECRET, "name": "KEYS"})).expect(200);
        let source = json!({"source_deployment": "other"});
        if !place.is_empty() {
            copy(&world, &world.owner(), place, source).expect(201);
        }
    }
    let body = json!({"source_deployment": "d", "source_version": "v1"});
    copy(&world, &world.owner(), "/deployments/other", body).expect(201);
    assert!(list(&world, PLACES[2]).iter().all(|one| one[1].is_null()));
    assert!(!world.dump().contains(SECRET));
    assert!(!world.logs().concat().contains(SECRET));
    let audit = world.get(&world.owner(), &world.path("/audit")).expect(200);
    assert!(!audit.json().to_string().contains(SECRET));
}

#[test]
fn what_becomes_a_secret_leaves_the_trail_of_its_change() {
    let world = world();
    let id = plain(&world, "", "A", "not yet");
    let body = json!({"secret": true, "value": SECRET});
    let changed = patch(&world, "", &id, body).expect(200).json();
    assert_eq!(
        (&changed["value"], &changed["secret"]),
        (&Json::Null, &json!(true))
    );
    let last = "SELECT before || after FROM audit ORDER BY sequence DESC LIMIT 1";
    let connection = world.database.connection();
    let states: String = connection.query_row(last, [], |row| row.get(0)).unwrap();
    assert!(
        !states.contains("not yet") && !states.contains(SECRET),
        "{states}"
    );
}

#[test]
fn a_refusal_quotes_no_value() {
    let world = world();
    let long = SECRET.repeat(300);
    for value in [json!(99_887_766), json!([SECRET]), json!(long)] {
        let answer = create(&world, "", json!({"name": "A", "value": value}));
        let sentence = answer.refused(400, "value: ").error();
        assert!(
            !sentence.contains(SECRET) && !sentence.contains("99887766"),
            "{sentence}"
        );
    }
    assert!(!world.logs().concat().contains(SECRET));
}

#[test]
fn what_a_secret_is_sealed_for_changes_with_its_value_alone() {
    let world = world();
    let id = secret(&world, "", "KEY");
    for body in [
        json!({"name": "OTHER"}),
        json!({"secret": false}),
        json!({"secret": false, "name": "OTHER", "hosts": null}),
    ] {
        patch(&world, "", &id, body).refused(400, "value: ");
    }
    let open = plain(&world, "", "OPEN", "1");
    patch(&world, "", &open, json!({"secret": true})).refused(400, "value: ");
    patch(&world, "", &open, json!({"name": "OPENED"})).expect(200);
    let body = json!({"secret": false, "value": "2", "name": "OTHER"});
    let shown = patch(&world, "", &id, body).expect(200).json();
    assert_eq!(shown["value"], "2");
    let keys = "SELECT count(*) FROM environment_variables WHERE key_id IS NOT NULL";
    assert_eq!(world.count(keys), 0);
}

#[test]
fn a_change_that_comes_to_nothing_writes_nothing() {
    let world = world();
    let id = create(
        &world,
        "",
        json!({"name": "A", "value": "1", "hosts": ["A.example.com"]}),
    );
    let id = id.expect(201).text("id");
    let key = secret(&world, "", "KEY");
    for (id, body) in [
        (&id, json!({})),
        (
            &id,
            json!({"name": "A", "value": "1", "secret": false, "hosts": ["a.example.com"]}),
        ),
        (&key, json!({"name": "KEY", "secret": true})),
        (&key, json!({"hosts": null})),
    ] {
        let (before, shown) = (world.dump(), get(&world, "", id));
        world.writes_afterwards(false);
        assert_eq!(
            patch(&world, "", id, body.clone()).expect(200).json(),
            shown
        );
        assert!(world.dump() == before, "{body}");
    }
    let before = trail(&world);
    patch(&world, "", &key, json!({"value": SECRET})).expect(200);
    assert_eq!(trail(&world), before + 1);
}

#[test]
fn a_place_has_at_most_a_hundred_variables_and_each_name_once() {
    let world = world();
    plain(&world, "", "A", "1");
    let again = json!({"name": "A", "value": "2"});
    create(&world, "", again.clone()).refused(400, "name: this project has");
    create(&world, "/deployments/d", again).expect(201);
    let other = plain(&world, "", "B", "1");
    patch(&world, "", &other, json!({"name": "A"})).refused(400, "name: this project has");
    for number in 2..100 {
        plain(&world, "", &format!("A{number}"), "1");
    }
    let one_more = json!({"name": "B1", "value": "1"});
    create(&world, "", one_more).refused(400, "more than 100");
}

#[test]
fn a_secret_without_hosts_goes_where_upstreams_name_it_when_it_is_set() {
    let world = world();
    let hosts = |place: &str, id: &str| get(&world, place, id)["hosts"].clone();
    let early = secret(&world, "", "KEY");
    let open = plain(&world, "", "OPEN", "1");
    assert_eq!(hosts("", &early), json!([]));
    upstream(
        &world,
        "d",
        "https://b.example.com:8443/x?y",
        Some("https://[2001:db8::1]:8443"),
        &["KEY", "OPEN"],
    );
    upstream(
        &world,
        "other",
        "https://a.example.com",
        None,
        &["OTHER", "KEY"],
    );
    assert_eq!(hosts("", &early), json!([]));
    patch(&world, "", &early, json!({"value": SECRET})).expect(200);
    let both = json!(["[2001:db8::1]", "a.example.com", "b.example.com"]);
    assert_eq!(hosts("", &early), both);
    assert_eq!(hosts("", &open), Json::Null);
    let unnamed = secret(&world, "", "UNNAMED");
    assert_eq!(hosts("", &unnamed), json!([]));
    // Of the deployment's own only its versions' upstreams count, and those find the project's no more.
    let nearer = secret(&world, "/deployments/d", "KEY");
    let of_d = json!(["[2001:db8::1]", "b.example.com"]);
    assert_eq!(hosts("/deployments/d", &nearer), of_d);
    patch(&world, "", &early, json!({"hosts": null})).expect(200);
    assert_eq!(hosts("", &early), json!(["a.example.com"]));
    let nearest = secret(&world, "/deployments/d/versions/v1", "KEY");
    assert_eq!(hosts("/deployments/d/versions/v1", &nearest), of_d);
    patch(&world, "/deployments/d", &nearer, json!({"value": SECRET})).expect(200);
    assert_eq!(hosts("/deployments/d", &nearer), json!([]));
    patch(&world, "", &open, json!({"secret": true, "value": SECRET})).expect(200);
    assert_eq!(hosts("", &open), of_d);
}

#[test]
fn hosts_that_the_writer_says_stay_until_they_say_others() {
    let world = world();
    upstream(&world, "d", "https://b.example.com/", None, &["KEY"]);
    let body = json!({"name": "KEY", "value": SECRET, "secret": true, "hosts": ["A.example.com"]});
    let id = create(&world, "", body).expect(201).text("id");
    let hosts = |body: Json| patch(&world, "", &id, body).expect(200).json()["hosts"].clone();
    assert_eq!(hosts(json!({"value": SECRET})), json!(["a.example.com"]));
    assert_eq!(hosts(json!({"hosts": []})), json!([]));
    assert_eq!(hosts(json!({"value": SECRET})), json!([]));
    assert_eq!(hosts(json!({"hosts": null})), json!(["b.example.com"]));
    assert_eq!(hosts(json!({"secret": false, "value": "1"})), Json::Null);
}

#[test]
fn a_copy_is_of_what_the_source_has_itself_and_replaces_what_has_its_name() {
    let world = world();
    plain(&world, "", "INHERITED", "p");
    plain(&world, "/deployments/d", "A", "1");
    let key = json!({"name": "KEY", "value": SECRET, "secret": true, "hosts": ["a.example.com"]});
    create(&world, "/deployments/d", key).expect(201);
    plain(&world, "/deployments/d/versions/v1", "V", "v");
    plain(&world, "/deployments/other", "A", "old");
    plain(&world, "/deployments/other", "STAYS", "s");
    let body = json!({"source_deployment": "d"});
    let copies = copy(&world, &world.owner(), "/deployments/other", body).expect(201);
    let copies = copies.json();
    assert_eq!(
        (copies[0]["name"].as_str(), copies[0]["value"].as_str()),
        (Some("A"), Some("1"))
    );
    assert_eq!(copies[1]["hosts"], json!(["a.example.com"]));
    assert_eq!(
        (&copies[1]["value"], &copies[1]["inheritance_type"]),
        (&Json::Null, &Json::Null)
    );
    assert_eq!(copies.as_array().unwrap().len(), 2);
    let names: Vec<Json> = list(&world, "/deployments/other")
        .into_iter()
        .map(|one| one[0].clone())
        .collect();
    assert_eq!(names, ["A", "INHERITED", "KEY", "STAYS"]);
    // It opens where it is now: from there it can be copied on.
    let body = json!({"source_deployment": "other"});
    let version = "/deployments/d/versions/v1";
    let copies = copy(&world, &world.owner(), version, body)
        .expect(201)
        .json();
    assert_eq!(copies.as_array().unwrap().len(), 3);
    let body = json!({"source_deployment": "d", "source_version": "v1"});
    let copies = copy(&world, &world.owner(), "/deployments/other", body)
        .expect(201)
        .json();
    assert_eq!(copies.as_array().unwrap().len(), 4);
}

#[test]
fn a_secret_that_was_moved_past_the_api_does_not_open() {
    for change in [
        "name = 'OTHER'",
        "id = '13a9ba27-6888-4528-826e-8e1002eab13d'",
        "place_id = (SELECT id FROM deployments WHERE name = 'other')",
    ] {
        let world = world();
        secret(&world, "/deployments/d", "KEY");
        world.execute(&format!("UPDATE environment_variables SET {change}"), []);
        for source in ["d", "other"] {
            let path = world.path("/deployments/d/versions/v1/copy-environment-variables");
            let call = testkit::Call::new("POST", path).by(&world.owner());
            let call = call.json(&json!({"source_deployment": source}));
            let copied =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.send(call)));
            // An inconsistency is a 500, on which the world itself insists that there is none.
            if let Ok(answer) = copied {
                assert_eq!(answer.expect(201).json(), json!([]), "{change} {source}");
            }
        }
        let there = "SELECT count(*) FROM environment_variables";
        assert_eq!(world.count(there), 1, "{change}");
    }
}

#[test]
fn a_copy_says_what_is_not_there() {
    let world = world();
    plain(&world, "/deployments/d", "A", "1");
    for (body, status, words) in [
        (json!({"source_deployment": "none"}), 404, ""),
        (
            json!({"source_deployment": "d", "source_version": "none"}),
            404,
            "",
        ),
        (
            json!({"source_deployment": "other"}),
            400,
            "another place than its target",
        ),
        (json!({}), 400, "source_deployment"),
    ] {
        let answer = copy(&world, &world.owner(), "/deployments/other", body);
        answer.refused(status, words);
    }
    for number in 0..100 {
        plain(&world, "/deployments/other", &format!("B{number}"), "1");
    }
    let body = json!({"source_deployment": "d"});
    copy(&world, &world.owner(), "/deployments/other", body).refused(400, "more than 100");
}

#[test]
fn a_copy_of_nothing_writes_nothing() {
    let world = world();
    let before = trail(&world);
    let body = json!({"source_deployment": "d"});
    let copies = copy(&world, &world.owner(), "/deployments/other", body).expect(201);
    assert_eq!((copies.json(), trail(&world)), (json!([]), before));
}

#[test]
fn a_copy_needs_to_read_at_its_source_and_to_write_at_its_target() {
    let world = world();
    secret(&world, "/deployments/d", "KEY");
    let writer = world.service_user(&[]);
    world.assign_on("deployment", "other", "deployment-editor", &writer.id);
    let body = json!({"source_deployment": "d"});
    copy(&world, &writer, "/deployments/other", body.clone()).refused(403, "deployments.get");
    world.assign_on("deployment", "d", "deployment-request-user", &writer.id);
    copy(&world, &writer, "/deployments/other", body.clone()).expect(201);
    let of_version = json!({"source_deployment": "d", "source_version": "v1"});
    copy(&world, &writer, "/deployments/other", of_version)
        .refused(403, "deployments.versions.get");
    let back = json!({"source_deployment": "other"});
    copy(&world, &writer, "/deployments/d", back).refused(403, "deployments.update");
}

#[test]
fn a_right_to_read_the_source_that_is_lost_before_the_copies_are_written_counts() {
    let world = world();
    secret(&world, "/deployments/d", "KEY");
    let writer = world.service_user(&[]);
    world.assign_on("deployment", "other", "deployment-editor", &writer.id);
    world.assign_on("deployment", "d", "deployment-viewer", &writer.id);
    let path = world.path("/deployments/other/copy-environment-variables");
    let call = testkit::Call::new("POST", path).by(&writer);
    let call = call.json(&json!({"source_deployment": "d"}));
    let lose = |world: &World| {
        let sql = "DELETE FROM role_assignments WHERE resource_id = (SELECT id FROM deployments WHERE name = 'd')";
        world.execute(sql, []);
    };
    world
        .send_while(3, lose, call)
        .refused(403, "deployments.get");
    assert_eq!(list(&world, "/deployments/other"), [] as [Json; 0]);
}

#[test]
fn a_copy_of_what_was_renamed_meanwhile_is_not_made() {
    let world = world();
    let id = secret(&world, "/deployments/d", "KEY");
    let path = world.path("/deployments/other/copy-environment-variables");
    let call = testkit::Call::new("POST", path).by(&world.owner());
    let call = call.json(&json!({"source_deployment": "d"}));
    let rename = move |world: &World| {
        let body = json!({"name": "OTHER", "value": SECRET});
        patch(world, "/deployments/d", &id, body).expect(200);
    };
    world
        .send_while(3, rename, call)
        .refused(503, "nothing was changed");
    assert_eq!(list(&world, "/deployments/other"), [] as [Json; 0]);
}

#[test]
fn a_change_of_what_was_renamed_meanwhile_is_not_made() {
    let world = world();
    let id = secret(&world, "", "KEY");
    let call = testkit::Call::new("PATCH", one(&world, "", &id)).by(&world.owner());
    let call = call.json(&json!({"value": "another"}));
    let rename = move |world: &World| {
        patch(world, "", &id, json!({"name": "OTHER", "value": SECRET})).expect(200);
    };
    world
        .send_while(2, rename, call)
        .refused(503, "nothing was changed");
}

#[test]
fn of_two_variables_at_once_only_the_hundredth_is_made() {
    let world = world();
    for number in 0..99 {
        plain(&world, "", &format!("A{number}"), "1");
    }
    let call = testkit::Call::new("POST", path(&world, "")).by(&world.owner());
    let call = call.json(&json!({"name": "B", "value": "1"}));
    let other = |world: &World| {
        plain(world, "", "C", "1");
    };
    world
        .send_while(2, other, call)
        .refused(400, "more than 100");
}

#[test]
fn a_role_on_a_deployment_counts_for_its_variables_and_those_of_its_versions_alone() {
    let world = world();
    plain(&world, "", "P", "1");
    let editor = world.service_user(&[]);
    world.assign_on("deployment", "d", "deployment-editor", &editor.id);
    let body = json!({"name": "A", "value": "1"});
    for (place, status) in [
        ("", 403),
        ("/deployments/d", 201),
        ("/deployments/d/versions/v1", 201),
        ("/deployments/other", 403),
        ("/deployments/other/versions/v1", 403),
    ] {
        let path = path(&world, place);
        world
            .call(&editor, "POST", &path, body.clone())
            .expect(status);
    }
    let listed = world
        .get(&editor, &path(&world, "/deployments/d"))
        .expect(200);
    assert_eq!(listed.json()[1]["inheritance_type"], "project");
}

#[test]
fn variables_go_with_what_they_belong_to() {
    let world = world();
    for place in PLACES {
        secret(&world, place, "KEY");
    }
    let there = |name: &str| {
        let world = world.copy();
        let path = world.path(name);
        world
            .call(&world.owner(), "DELETE", &path, Json::Null)
            .expect(204);
        world.count("SELECT count(*) FROM environment_variables")
    };
    assert_eq!(there("/deployments/d/versions/v1"), 2);
    assert_eq!(there("/deployments/d"), 1);
    assert_eq!(there(""), 0);
}

#[test]
fn without_a_signing_key_there_are_no_secrets() {
    let world = world();
    let without = world.with_settings(&[("SIGNING_KEY", "")]);
    plain(&without, "", "A", "1");
    let body = json!({"name": "KEY", "value": SECRET, "secret": true});
    create(&without, "", body).refused(503, "not set up");
}

#[test]
fn null_is_refused_for_what_a_variable_must_have() {
    let world = world();
    let id = plain(&world, "", "A", "1");
    for field in ["name", "value", "secret"] {
        patch(&world, "", &id, json!({ field: null }))
            .refused(400, &format!("{field}: null is not allowed"));
    }
}

#[test]
fn the_operator_sees_how_much_is_sealed_under_which_key() {
    let world = world();
    let keys = |world: &World| {
        let answer = world.get(&world.operator(), "/operator/v1/keys");
        answer.expect(200).json()["keys"].clone()
    };
    let old = keys(&world)[0]["id"].clone();
    assert_eq!(
        keys(&world),
        json!([{"id": old, "current": true, "rows": 0}])
    );
    let id = secret(&world, "", "KEY");
    secret(&world, "/deployments/d", "KEY");
    plain(&world, "", "A", "1");
    assert_eq!(keys(&world)[0]["rows"], 2);
    let next = world.with_settings(&[
        ("SIGNING_KEY", "the next signing key of these tests"),
        ("SIGNING_KEY_PREVIOUS", testkit::world::SIGNING_KEY),
    ]);
    patch(&next, "", &id, json!({"value": SECRET})).expect(200);
    let new = keys(&next)[0]["id"].clone();
    assert_eq!(
        keys(&next),
        json!([{"id": new, "current": true, "rows": 1}, {"id": old, "current": false, "rows": 1}])
    );
    // What is under the previous key opens still.
    let body = json!({"source_deployment": "d"});
    copy(&next, &next.owner(), "/deployments/other", body).expect(201);
    assert_eq!(keys(&next)[0]["rows"], 2);
    let alone = world.with_settings(&[("SIGNING_KEY", "the next signing key of these tests")]);
    assert_eq!(
        keys(&alone)[1],
        json!({"id": old, "current": false, "rows": 1})
    );
}

#[test]
fn who_may_still_read_the_source_but_not_change_the_place_meanwhile_copies_nothing() {
    let world = world();
    plain(&world, "/deployments/d", "A", "1");
    let role = world.custom_role(&["deployments.update"]);
    let reader = world.custom_role(&["deployments.get"]);
    let copier = world.service_user(&[&reader]);
    world.assign_on("deployment", "other", &role, &copier.id);
    let path = world.path("/deployments/other/copy-environment-variables");
    let call = testkit::Call::new("POST", path).by(&copier);
    let call = call.json(&json!({"source_deployment": "d"}));
    world.copy().send(call.clone()).expect(201);
    let lost = move |world: &World| {
        world.execute(
            "DELETE FROM role_assignments WHERE resource_type = 'deployment' AND assignee_id = ?1",
            [&copier.id],
        );
    };
    world.send_while(3, lost, call).expect(403);
}
