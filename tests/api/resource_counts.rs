//! Counts that are true after any creates and deletes, and the limits that go by them.

use serde_json::{Value as Json, json};

use testkit::{Call, World};

const ORGANIZATION: &str = "/v2.1/organizations/acme/resources";

fn plain(name: &str) -> Json {
    json!({"name": name, "input_type": "plain", "output_type": "plain"})
}

/// What the calls tell, beside what there is.
fn told_and_true(world: &World) -> (Json, Json) {
    let told = json!([
        world.get(&world.owner(), ORGANIZATION).expect(200).json(),
        world
            .get(&world.owner(), &world.path("/resources"))
            .expect(200)
            .json(),
    ]);
    let of = |project: &str| {
        let mut counts = json!({"buckets": 0, "environments": 0});
        for table in [
            "deployments",
            "deployment_versions",
            "pipelines",
            "pipeline_versions",
        ] {
            let sql = format!("SELECT count(*) FROM {table} t JOIN projects p ON p.id = t.project_id
                               JOIN organizations n ON n.id = p.organization_id WHERE n.name = 'acme' {project}");
            counts[table] = json!(world.count(&sql));
        }
        counts
    };
    let mut organization = of("");
    let here = "JOIN organizations n ON n.id = t.organization_id WHERE n.name = 'acme'";
    organization["projects"] =
        json!(world.count(&format!("SELECT count(*) FROM projects t {here}")));
    organization["users"] =
        json!(world.count(&format!("SELECT count(*) FROM organization_users t {here}")));
    (told, json!([organization, of("AND p.name = 'vision'")]))
}

#[test]
fn counts_are_true_after_creates_deletes_and_cascades() {
    let world = World::new();
    let owner = world.owner();
    let step = |method: &str, rest: &str, body: Json| {
        let answer = world.call(&owner, method, rest, body);
        assert!(answer.status < 300, "{answer}");
        let (told, actual) = told_and_true(&world);
        assert_eq!(told, actual, "after {method} {rest}");
    };
    let here = |rest: &str| format!("/v2.1/projects/vision{rest}");
    for kind in ["deployments", "pipelines"] {
        step("POST", &here(&format!("/{kind}")), plain("a"));
        step("POST", &here(&format!("/{kind}")), plain("b"));
        step("POST", &format!("/v2.1/projects/audio/{kind}"), plain("a"));
        for version in ["v1", "v2"] {
            step(
                "POST",
                &here(&format!("/{kind}/a/versions")),
                json!({"version": version}),
            );
            step(
                "POST",
                &format!("/v2.1/projects/audio/{kind}/a/versions"),
                json!({"version": version}),
            );
        }
        step(
            "DELETE",
            &here(&format!("/{kind}/a/versions/v1")),
            Json::Null,
        );
        step("DELETE", &here(&format!("/{kind}/a")), Json::Null);
    }
    step("DELETE", "/v2.1/projects/audio", Json::Null);
}

/// Lets the plan of the organization allow so many of a resource.
fn limit(world: &World, resource: &str, most: i64) {
    let sql = format!("UPDATE subscriptions SET max_{resource} = ?1 WHERE name = 'free'");
    world.execute(&sql, [most]);
}

/// A call that makes one more of the resource.
fn one_more(world: &World, resource: &str, name: &str) -> Call {
    let (rest, body) = match resource {
        "deployments" | "pipelines" => (format!("/{resource}"), plain(name)),
        "deployment_versions" => (
            "/deployments/d/versions".to_owned(),
            json!({"version": name}),
        ),
        _ => ("/pipelines/p/versions".to_owned(), json!({"version": name})),
    };
    Call::new("POST", world.path(&rest))
        .by(&world.owner())
        .json(&body)
}

#[test]
fn no_plan_is_passed_not_even_by_two_at_once() {
    for resource in [
        "deployments",
        "deployment_versions",
        "pipelines",
        "pipeline_versions",
    ] {
        for place in [1, 2] {
            let world = World::new();
            world.deployment("d");
            world.pipeline("p");
            limit(&world, resource, 2);
            world.before_trip(place, move |world| {
                world.send(one_more(world, resource, "second")).expect(201);
            });
            world
                .send(one_more(&world, resource, "third"))
                .refused(403, &format!("{resource}: "));
            assert_eq!(world.count(&format!("SELECT count(*) FROM {resource}")), 2);
        }
    }
}

#[test]
fn a_limit_counts_the_whole_organization_and_a_deletion_makes_room() {
    let world = World::new();
    let elsewhere = world.call(
        &world.owner(),
        "POST",
        "/v2.1/projects/audio/deployments",
        plain("d"),
    );
    elsewhere.expect(201);
    limit(&world, "deployments", 1);
    world
        .send(one_more(&world, "deployments", "e"))
        .refused(403, "deployments: ");
    world
        .call(
            &world.owner(),
            "DELETE",
            "/v2.1/projects/audio/deployments/d",
            Json::Null,
        )
        .expect(204);
    world.send(one_more(&world, "deployments", "e")).expect(201);
}

#[test]
fn quotas_are_the_limits_that_there_are() {
    let world = World::new();
    let quotas = || {
        world
            .get(&world.viewer(), &world.path("/quotas"))
            .expect(200)
            .json()
    };
    let none =
        json!([{"resource": "buckets", "quota": 0}, {"resource": "environments", "quota": 0}]);
    assert_eq!(quotas(), none);
    limit(&world, "pipelines", 7);
    assert_eq!(quotas()[0], json!({"resource": "pipelines", "quota": 7}));
}

#[test]
fn an_ended_subscription_lets_nothing_new_in_and_keeps_what_there_is() {
    let world = World::new();
    world.deployment("d");
    world.pipeline("p");
    let ended = "UPDATE organizations SET subscription = 'premium', subscription_end_date = 1";
    world.execute(ended, ());
    for resource in [
        "deployments",
        "deployment_versions",
        "pipelines",
        "pipeline_versions",
    ] {
        world
            .send(one_more(&world, resource, "late"))
            .refused(403, "subscription has ended");
    }
    for path in ["/deployments/d", "/pipelines/p"] {
        let change = json!({"description": "still mine"});
        world
            .call(&world.owner(), "PATCH", &world.path(path), change)
            .expect(200);
        world
            .call(&world.owner(), "DELETE", &world.path(path), Json::Null)
            .expect(204);
    }
}
