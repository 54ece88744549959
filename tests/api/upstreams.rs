//! Where a version's requests go: what may be set, by whom, and what is shown and kept of it.

use serde_json::{Value as Json, json};

use testkit::{Answer, Caller, World};

const URL: &str = "https://models.acme.com/predict";
const UPSTREAM: &str = "/deployments/x1/versions/v1/upstream";
const REVISIONS: &str = "/deployments/x1/versions/v1/revisions";

/// A world with the deployment `x1`, its version `v1` and an instance type.
fn world() -> World {
    let world = World::new();
    world.deployment("x1");
    let price = json!({"credits_per_hour": 0.5});
    let path = "/operator/v1/instance-types/512mb";
    let priced = world.call(&world.operator(), "PUT", path, price);
    assert!(priced.status < 300, "{priced}");
    world
}

fn put_by(world: &World, caller: &Caller, body: Json) -> Answer {
    world.call(caller, "PUT", &world.path(UPSTREAM), body)
}

fn put(world: &World, body: Json) -> Answer {
    put_by(world, &world.owner(), body)
}

fn read(world: &World, rest: &str) -> Answer {
    world.get(&world.owner(), &world.path(rest))
}

fn url() -> Json {
    json!({"upstream_url": URL})
}

fn audit_rows(world: &World) -> i64 {
    world.count("SELECT count(*) FROM audit")
}

#[test]
fn an_upstream_is_shown_as_it_was_set_with_its_secret_once() {
    let world = world();
    let body = json!({
        "upstream_url": "https://MODELS.acme.com:443/predict?v=1", "base_url": "https://models.acme.com/base",
        "instance_type": "512mb", "headers": {"X-Api-Key": "Bearer ${KEY} $$"}, "max_concurrency": 3,
        "idle_timeout": 7, "retries": 2, "unknown": true,
    });
    let set = put(&world, body).expect(200);
    let secret = set.text("upstream_secret");
    let revision = set.text("revision");
    let mut shown = set.json();
    shown.as_object_mut().unwrap().remove("upstream_secret");
    assert_eq!(
        shown,
        json!({
            "upstream_url": "https://models.acme.com/predict?v=1", "base_url": "https://models.acme.com/base",
            "instance_type": "512mb", "workspace": null, "quota_resource": null,
            "headers": {"x-api-key": "Bearer ${KEY} $$"}, "max_concurrency": 3, "idle_timeout": 7, "retries": 2,
            "revision": revision,
        })
    );
    let read = read(&world, UPSTREAM).expect(200);
    assert_eq!((read.json(), read.trips), (shown, 1));
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44);
    assert!(!world.dump().contains(&secret[6..]));
    assert!(world.logs().iter().all(|line| !line.contains(&secret[6..])));
}

#[test]
fn what_is_absent_has_its_default_and_is_not_kept_from_before() {
    let world = world();
    put(
        &world,
        json!({"upstream_url": URL, "max_concurrency": 3, "retries": 1}),
    )
    .expect(200);
    let set = put(&world, json!({"upstream_url": URL, "headers": null}))
        .expect(200)
        .json();
    assert_eq!(
        (
            &set["max_concurrency"],
            &set["retries"],
            &set["idle_timeout"]
        ),
        (&Json::Null, &json!(0), &json!(60))
    );
    assert_eq!(set["headers"], json!({}));
}

#[test]
fn what_cannot_be_set_is_told_by_its_field() {
    let world = world();
    for (body, words) in [
        (json!({}), "upstream_url"),
        (json!({"upstream_url": null}), "upstream_url"),
        (
            json!({"upstream_url": "http://models.acme.com/"}),
            "upstream_url: ",
        ),
        (
            json!({"upstream_url": "https://127.0.0.1/"}),
            "upstream_url: ",
        ),
        (
            json!({"upstream_url": URL, "base_url": "https://[::1]/"}),
            "base_url: ",
        ),
        (
            json!({"upstream_url": URL, "base_url": "https://models.acme.com/?a=b"}),
            "base_url: it has a query",
        ),
        (
            json!({"upstream_url": URL, "instance_type": "no such"}),
            "instance_type: ",
        ),
        (
            json!({"upstream_url": URL, "instance_type": "none-such"}),
            "instance_type: 'none-such' is not in the price list",
        ),
        (
            json!({"upstream_url": URL, "workspace": "0"}),
            "workspace, quota_resource: ",
        ),
        (
            json!({"upstream_url": URL, "quota_resource": "notebook.gpu_duration"}),
            "workspace, quota_resource: ",
        ),
        (
            json!({"upstream_url": URL, "workspace": "1", "quota_resource": "notebook.gpu_duration"}),
            "workspace: there is no",
        ),
        (
            json!({"upstream_url": URL, "workspace": "0", "quota_resource": "service.instance_count"}),
            "quota_resource: ",
        ),
        (
            json!({"upstream_url": URL, "workspace": "0", "quota_resource": "no.such"}),
            "quota_resource: ",
        ),
        (
            json!({"upstream_url": URL, "headers": {"Host": "x"}}),
            "headers",
        ),
        (
            json!({"upstream_url": URL, "headers": {"x": "${"}}),
            "headers",
        ),
        (
            json!({"upstream_url": URL, "headers": {"X": "1", "x": "2"}}),
            "headers",
        ),
        (json!({"upstream_url": URL, "headers": []}), "headers"),
        (
            json!({"upstream_url": URL, "max_concurrency": 0}),
            "max_concurrency: ",
        ),
        (
            json!({"upstream_url": URL, "max_concurrency": 1001}),
            "max_concurrency: ",
        ),
        (
            json!({"upstream_url": URL, "idle_timeout": 3601}),
            "idle_timeout: ",
        ),
        (json!({"upstream_url": URL, "retries": 3}), "retries: "),
    ] {
        put(&world, body).refused(400, words);
    }
    for grace in ["-1", "604801", "x", ""] {
        let path = world.path(&format!("{UPSTREAM}?rotate_secret={grace}"));
        world
            .call(&world.owner(), "PUT", &path, url())
            .refused(400, "rotate_secret: ");
    }
    assert_eq!(world.count("SELECT count(*) FROM upstreams"), 0);
}

#[test]
fn the_host_that_is_called_is_no_upstream() {
    let world = world();
    let call = testkit::Call::new("PUT", world.path(UPSTREAM)).by(&world.owner());
    let call = call.header("host", "models.acme.com:443").json(&url());
    world.send(call).refused(
        400,
        "upstream_url: 'https://models.acme.com/predict' is a host of this installation",
    );
}

#[test]
fn the_settings_of_the_installation_decide() {
    let world = world().with_settings(&[
        ("ALLOW_LOOPBACK_UPSTREAMS", "true"),
        ("REQUIRE_PRICE", "true"),
    ]);
    let loopback = "http://127.0.0.1:9000/x";
    put(&world, json!({"upstream_url": loopback})).refused(400, "instance_type: neither");
    put(
        &world,
        json!({"upstream_url": loopback, "instance_type": "512mb"}),
    )
    .expect(200);
    let version = world.path("/deployments/x1/versions/v1");
    let of_version = json!({"instance_type": "512mb"});
    world
        .call(&world.owner(), "PATCH", &version, of_version)
        .expect(200);
    put(&world, json!({"upstream_url": loopback})).expect(200);
}

#[test]
fn the_same_again_changes_nothing_and_writes_nothing() {
    let world = world();
    let body = json!({"upstream_url": URL, "headers": {"b": "1", "a": "${A}"}, "retries": 0});
    let first = put(&world, body).expect(200);
    let rows = audit_rows(&world);
    let again = json!({"upstream_url": "https://models.ACME.com/predict", "headers": {"A": "${A}", "B": "1"}, "idle_timeout": 60});
    let second = put(&world, again).expect(200).json();
    assert_eq!(second["revision"], first.json()["revision"]);
    assert!(second.get("upstream_secret").is_none());
    assert_eq!(audit_rows(&world), rows);
}

#[test]
fn each_change_is_a_revision() {
    let world = world();
    assert_eq!(read(&world, REVISIONS).expect(200).json(), json!([]));
    let first = put(&world, url()).expect(200).text("revision");
    world.pass(1);
    let second = put(&world, json!({"upstream_url": URL, "retries": 1}))
        .expect(200)
        .text("revision");
    let listed = read(&world, REVISIONS).expect(200).json();
    let ids: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|revision| revision["id"].clone())
        .collect();
    assert_eq!(ids, [json!(second), json!(first)]);
    assert_eq!(
        (
            &listed[0]["status"],
            &listed[0]["version"],
            &listed[0]["created_by"]
        ),
        (&json!("success"), &json!("v1"), &json!(world.owner().email))
    );
    let after = read(&world, &format!("{REVISIONS}?after={second}&limit=1"))
        .expect(200)
        .json();
    assert_eq!(after[0]["id"], json!(first));
    read(&world, &format!("{REVISIONS}?after=x")).refused(400, "after: ");
    let one = read(&world, &format!("{REVISIONS}/{first}")).expect(200);
    assert_eq!(
        (one.json()["upstream"]["retries"].clone(), one.trips),
        (json!(0), 1)
    );
    read(&world, &format!("{REVISIONS}/{}", world.owner().id)).refused(404, "has no revision");
    read(&world, "/deployments/x1/versions/v2/revisions").refused(404, "has no version 'v2'");
    read(
        &world,
        &format!("/deployments/x1/versions/v2/revisions/{first}"),
    )
    .refused(404, "has no version 'v2'");
}

#[test]
fn the_newest_hundred_revisions_are_kept() {
    let world = world();
    let mut newest = String::new();
    for at in 0..103 {
        world.pass(1);
        let body = json!({"upstream_url": format!("{URL}/{at}")});
        newest = put(&world, body).expect(200).text("revision");
    }
    let listed = read(&world, REVISIONS).expect(200).json();
    assert_eq!(listed.as_array().unwrap().len(), 100);
    assert_eq!(listed[0]["id"], json!(newest));
}

#[test]
fn a_rotation_is_no_revision_and_both_secrets_sign_during_its_grace() {
    let world = world();
    let first = put(&world, url()).expect(200);
    let rotate = |grace: i64| {
        let path = world.path(&format!("{UPSTREAM}?rotate_secret={grace}"));
        world.call(&world.owner(), "PUT", &path, url()).expect(200)
    };
    let stored = |column: &str| {
        world.count(&format!(
            "SELECT count(*) FROM upstreams WHERE {column} IS NOT NULL"
        ))
    };
    let rotated = rotate(3600);
    assert_ne!(
        rotated.text("upstream_secret"),
        first.text("upstream_secret")
    );
    assert_eq!(rotated.text("revision"), first.text("revision"));
    assert_eq!(read(&world, REVISIONS).json().as_array().unwrap().len(), 1);
    for column in [
        "previous_secret",
        "previous_secret_key_id",
        "previous_secret_end",
    ] {
        assert_eq!(stored(column), 1, "{column}");
    }
    let end = world.count("SELECT previous_secret_end FROM upstreams");
    assert_eq!(end, world.now().as_millis() + 3_600_000);
    // What changes nothing leaves the grace; a rotation without one ends it.
    put(&world, url()).expect(200);
    assert_eq!(stored("previous_secret"), 1);
    rotate(0);
    for column in [
        "previous_secret",
        "previous_secret_key_id",
        "previous_secret_end",
    ] {
        assert_eq!(stored(column), 0, "{column}");
    }
}

#[test]
fn an_upstream_that_is_taken_away_is_404_and_comes_back_with_another_secret() {
    let world = world();
    let delete = || world.call(&world.owner(), "DELETE", &world.path(UPSTREAM), Json::Null);
    delete().refused(404, "the version 'v1' has no upstream");
    read(&world, UPSTREAM).refused(404, "the version 'v1' has no upstream");
    let first = put(&world, url()).expect(200);
    delete().expect(204);
    read(&world, UPSTREAM).refused(404, "has no upstream");
    world.pass(1);
    let second = put(&world, url()).expect(200);
    assert_ne!(
        second.text("upstream_secret"),
        first.text("upstream_secret")
    );
    assert_ne!(second.text("revision"), first.text("revision"));
    let path = world.path("/deployments/x1/versions/v2/upstream");
    for method in ["GET", "DELETE"] {
        world
            .call(&world.owner(), method, &path, Json::Null)
            .refused(404, "has no version 'v2'");
    }
    world
        .call(&world.owner(), "PUT", &path, url())
        .refused(404, "has no version 'v2'");
}

#[test]
fn a_version_that_goes_before_the_write_takes_no_upstream() {
    let world = world();
    let call = testkit::Call::new("PUT", world.path(UPSTREAM))
        .by(&world.owner())
        .json(&url());
    let gone = world.send_while(
        2,
        |world| {
            let path = world.path("/deployments/x1/versions/v1");
            world
                .call(&world.operator(), "DELETE", &path, Json::Null)
                .expect(204);
            let again = json!({"version": "v1"});
            let path = world.path("/deployments/x1/versions");
            world
                .call(&world.operator(), "POST", &path, again)
                .expect(201);
        },
        call,
    );
    gone.refused(404, "has no version 'v1'");
    assert_eq!(world.count("SELECT count(*) FROM upstreams"), 0);
}

#[test]
fn the_trail_tells_who_changed_it_and_neither_secrets_nor_queries_nor_templates() {
    let world = world();
    let body = json!({"upstream_url": "https://models.acme.com/x?key=hunter2", "headers": {"authorization": "Bearer hunter3"}});
    put(&world, body).expect(200);
    let path = world.path(&format!("{UPSTREAM}?rotate_secret=0"));
    world.call(&world.owner(), "PUT", &path, url()).expect(200);
    world
        .call(&world.owner(), "DELETE", &world.path(UPSTREAM), Json::Null)
        .expect(204);
    let trail = read(&world, "/audit").expect(200).json();
    let text = trail.to_string();
    assert!(
        !text.contains("hunter") && !text.contains("whsec"),
        "{text}"
    );
    assert!(text.contains("Deleted upstream x1/v1"), "{text}");
    assert!(
        text.contains("authorization") && text.contains("rotates_secret"),
        "{text}"
    );
}

#[test]
fn run_time_is_consumed_only_where_its_author_may() {
    let world = world();
    let body =
        json!({"upstream_url": URL, "workspace": "0", "quota_resource": "notebook.gpu_duration"});
    let role = world.custom_role(&["deployments.versions.update", "deployments.versions.get"]);
    let author = world.service_user(&[&role]);
    put_by(&world, &author, body.clone()).refused(403, "workspaces.quotas.consume");
    let consumes = world.custom_role(&["workspaces.quotas.consume"]);
    world.assign("vision", &consumes, &author.id);
    let set = put_by(&world, &author, body).expect(200).json();
    assert_eq!(set["workspace"], "0");
    let closed = json!({"name": "closed", "auth_type": "PRIVATE"});
    let closed = world
        .call(&world.operator(), "POST", &world.workspaces(""), closed)
        .expect(200)
        .text("id");
    let body = json!({"upstream_url": URL, "workspace": closed, "quota_resource": "notebook.gpu_duration"});
    put_by(&world, &author, body.clone()).refused(403, "workspace: ");
    put(&world, body).expect(200);
}

/// A secret `KEY` of a place, past the API; `hosts` is JSON, or NULL.
fn secret(world: &World, place: &str, hosts: Option<&str>) {
    let (deployment, version) = (
        "SELECT id FROM deployments",
        "SELECT id FROM deployment_versions",
    );
    let place = match place {
        "project" => "SELECT id FROM projects WHERE name = 'vision'",
        "deployment" => deployment,
        _ => version,
    };
    world.execute(
        &format!(
            "INSERT INTO environment_variables (place_id, name, id, organization_id, project_id, value, secret, key_id, hosts)
             SELECT ({place}), 'KEY', lower(hex(randomblob(16))), organization_id, id, 'sealed', 1, 'k', ?1
             FROM projects WHERE name = 'vision'"
        ),
        [hosts],
    );
}

#[test]
fn a_secret_goes_elsewhere_only_by_who_may_write_it() {
    let with_key = json!({"upstream_url": URL, "base_url": "https://base.acme.com/", "headers": {"authorization": "${KEY}"}});
    for (place, right) in [
        ("project", "environment_variables.update"),
        ("deployment", "deployments.update"),
        ("version", "deployments.versions.update"),
    ] {
        let world = world();
        secret(
            &world,
            place,
            Some(r#"["other.acme.com","models.acme.com"]"#),
        );
        let role = world.custom_role(&["deployments.versions.update", "deployments.versions.get"]);
        let author = world.service_user(&[&role]);
        if place != "version" {
            put_by(&world, &author, with_key.clone()).refused(
                403,
                "headers: the variable 'KEY' is a secret that goes to other hosts",
            );
            // Neither is it sent by what does not name it, or where it already goes.
            put_by(
                &world,
                &author,
                json!({"upstream_url": URL, "headers": {"authorization": "$${KEY}"}}),
            )
            .expect(200);
            put_by(
                &world,
                &author,
                json!({"upstream_url": URL, "headers": {"authorization": "${KEY}"}}),
            )
            .expect(200);
        }
        let hosts = "SELECT count(*) FROM environment_variables WHERE hosts LIKE '%base.acme.com%'";
        assert_eq!(world.count(hosts), 0);
        if right != "environment_variables.update" {
            let may = world.custom_role(&[right]);
            world.assign("vision", &may, &author.id);
            put_by(&world, &author, with_key.clone()).expect(200);
        } else {
            put_by(&world, &world.operator(), with_key.clone()).expect(200);
        }
        assert_eq!(world.count(hosts), 1, "{place}");
        let rows = audit_rows(&world);
        put(&world, with_key.clone()).expect(200);
        assert_eq!(audit_rows(&world), rows);
    }
}

#[test]
fn the_nearest_variable_is_the_one_that_is_sent() {
    let world = world();
    secret(&world, "project", None);
    let role = world.custom_role(&["deployments.versions.update"]);
    let author = world.service_user(&[&role]);
    let body = json!({"upstream_url": URL, "headers": {"authorization": "${KEY}"}});
    put_by(&world, &author, body.clone()).refused(403, "'KEY'");
    secret(&world, "deployment", Some(r#"["models.acme.com"]"#));
    put_by(&world, &author, body).expect(200);
    assert_eq!(
        world.count("SELECT count(*) FROM environment_variables WHERE hosts IS NULL"),
        1
    );
}

#[test]
fn a_version_is_available_while_it_has_an_upstream() {
    let world = world();
    let version = "/deployments/x1/versions/v1";
    let shown = || read(&world, version).expect(200).json();
    let is = |status: &str, revision: &Json| {
        for shown in [
            shown(),
            read(&world, "/deployments/x1/versions").expect(200).json()[0].clone(),
        ] {
            assert_eq!(shown["status"], status);
            assert_eq!(
                (&shown["latest_revision"], &shown["active_revision"]),
                (revision, revision)
            );
        }
    };
    is("unavailable", &Json::Null);
    put(&world, url()).expect(200);
    world.pass(1);
    let second = json!(
        put(&world, json!({"upstream_url": URL, "retries": 1}))
            .expect(200)
            .text("revision")
    );
    is("available", &second);
    world
        .call(&world.owner(), "DELETE", &world.path(UPSTREAM), Json::Null)
        .expect(204);
    is("unavailable", &second);
}

#[test]
fn code_is_never_uploaded_as_a_revision() {
    let world = world();
    for path in [REVISIONS.to_owned(), format!("{REVISIONS}/x")] {
        let call = testkit::Call::new("POST", world.path(&path)).by(&world.owner());
        world.send(call).refused(404, "no code runs here");
    }
    let call = testkit::Call::new("DELETE", world.path(REVISIONS)).by(&world.owner());
    world.send(call).refused(405, "GET, HEAD, OPTIONS");
}
