//! Roles on a deployment or a pipeline: what they open, what they do not, who may give them, and the dry run.

use serde_json::{Value as Json, json};

use testkit::world::PROJECT;
use testkit::{Answer, Call, Caller, World};

/// A world with the deployments `d` and `other` and the pipeline `p`.
fn world() -> World {
    let world = World::new();
    world.deployment("d");
    world.deployment("other");
    world.pipeline("p");
    world
}

fn assign(world: &World, by: &Caller, body: Json) -> Answer {
    world.call(by, "POST", &world.path("/role-assignments"), body)
}

#[test]
fn a_role_on_an_object_opens_the_calls_below_it_and_no_others() {
    let world = world();
    let robot = world.service_user(&[]);
    world.assign_on("deployment", "d", "deployment-admin", &robot.id);
    let status = |method: &str, rest: &str, body: Json| {
        world.call(&robot, method, &world.path(rest), body).status
    };
    assert_eq!(status("GET", "/deployments/d", Json::Null), 200);
    assert_eq!(status("GET", "/deployments/d/versions", Json::Null), 200);
    assert_eq!(
        status("POST", "/deployments/d/versions", json!({"version": "v2"})),
        201
    );
    assert_eq!(
        status(
            "PATCH",
            "/deployments/d/versions/v2",
            json!({"version": "v3"})
        ),
        200
    );
    assert_eq!(
        status("DELETE", "/deployments/d/versions/v3", Json::Null),
        204
    );
    // Allowed, but without the field that the deployment asks for.
    assert_eq!(status("POST", "/deployments/d/requests", json!({})), 400);
    assert_eq!(
        status("PATCH", "/deployments/d", json!({"description": "x"})),
        200
    );
    for rest in [
        "/deployments",
        "/deployments/other",
        "/deployments/none",
        "/pipelines/p",
        "/service-users",
        "",
    ] {
        assert_eq!(status("GET", rest, Json::Null), 403, "{rest}");
    }
    assert_eq!(
        status("POST", "/deployments/other/requests", json!({})),
        403
    );
    assert_eq!(
        status(
            "POST",
            "/deployments",
            json!({"name": "x", "input_type": "plain", "output_type": "plain"})
        ),
        403
    );
    assert_eq!(status("DELETE", "/deployments/d", Json::Null), 204);
    // With the object the role is gone, and with it what it opened.
    assert_eq!(status("GET", "/deployments/d", Json::Null), 403);
}

#[test]
fn a_role_on_a_pipeline_is_not_one_on_a_deployment_of_the_same_name() {
    let world = World::new();
    world.deployment("same");
    world.pipeline("same");
    let robot = world.service_user(&[]);
    world.assign_on("pipeline", "same", "project-admin", &robot.id);
    world
        .get(&robot, &world.path("/pipelines/same"))
        .expect(200);
    world
        .get(&robot, &world.path("/deployments/same"))
        .expect(403);
}

#[test]
fn a_call_on_an_object_takes_two_round_trips_and_a_refused_one_takes_one() {
    let world = world();
    let robot = world.service_user(&[]);
    world.assign_on("deployment", "d", "deployment-viewer", &robot.id);
    assert_eq!(
        world
            .get(&robot, &world.path("/deployments/d"))
            .expect(200)
            .trips,
        2
    );
    assert_eq!(
        world
            .get(&robot, &world.path("/deployments/other"))
            .expect(403)
            .trips,
        1
    );
    assert_eq!(
        world
            .get(&world.owner(), &world.path("/deployments/none"))
            .expect(404)
            .trips,
        1
    );
}

#[test]
fn a_role_on_an_object_that_is_lost_between_the_round_trips_is_lost() {
    let world = world();
    let robot = world.service_user(&[]);
    let id = world.assign_on("deployment", "d", "deployment-admin", &robot.id);
    let path = world.path(&format!("/role-assignments/{id}"));
    world.before_trip(2, move |world| {
        world
            .call(&world.owner(), "DELETE", &path, Json::Null)
            .expect(204);
    });
    let call = Call::new("PATCH", world.path("/deployments/d"))
        .by(&robot)
        .json(&json!({"description": "late"}));
    world.send(call).refused(403, "deployments.update");
}

#[test]
fn an_assignment_on_an_object_is_shown_listed_and_unique() {
    let world = world();
    let idle = world.idle().id;
    let body = json!({"role": "deployment-viewer", "assignee": idle, "resource": "d", "resource_type": "deployment"});
    let made = assign(&world, &world.owner(), body.clone())
        .expect(201)
        .json();
    assert_eq!(
        (&made["resource"], &made["resource_type"]),
        (&json!("d"), &json!("deployment"))
    );
    assign(&world, &world.owner(), body).refused(400, "exists already");
    // The same role on another object, and on the project, is another assignment.
    world.assign_on("deployment", "other", "deployment-viewer", &idle);
    world.assign(PROJECT, "deployment-viewer", &idle);
    let listed = |query: &str| -> Vec<String> {
        let path = world.path(&format!("/role-assignments?{query}"));
        let all = world.get(&world.owner(), &path).expect(200).json();
        let mut names: Vec<String> = all
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["resource"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(listed(&format!("assignee={idle}")), ["d", "other", PROJECT]);
    assert_eq!(listed("resource=d&resource_type=deployment"), ["d"]);
    assert_eq!(listed("resource_type=deployment"), ["d", "other"]);
    assert_eq!(
        listed(&format!(
            "assignee={idle}&resource=other&resource_type=deployment"
        )),
        ["other"]
    );
    assert_eq!(
        listed("resource=d&resource_type=pipeline"),
        Vec::<String>::new()
    );
    let wrong = json!({"role": "deployment-viewer", "assignee": idle, "resource": "none", "resource_type": "pipeline"});
    assign(&world, &world.owner(), wrong).refused(404, "resource: there is no pipeline 'none'");
}

#[test]
fn nobody_gives_on_an_object_what_they_do_not_hold_there() {
    let world = world();
    let role = world.custom_role(&["roles.assignments.create", "projects.get"]);
    let giver = world.member();
    world.assign(PROJECT, &role, &giver.id);
    let on = |name: &str| {
        json!({
            "role": "deployment-viewer", "assignee": world.idle().id, "resource": name, "resource_type": "deployment",
        })
    };
    assign(&world, &giver, on("d")).refused(403, "do not hold");
    world.assign_on("deployment", "d", "deployment-editor", &giver.id);
    assign(&world, &giver, on("other")).refused(403, "do not hold");
    assign(
        &world,
        &giver,
        json!({"role": "deployment-viewer", "assignee": world.idle().id}),
    )
    .refused(403, "do not hold");
    assign(&world, &giver, on("d")).expect(201);
}

#[test]
fn an_object_that_goes_meanwhile_gets_no_assignment() {
    for place in [1, 2] {
        let world = world();
        world.before_trip(place, |world| {
            world
                .call(
                    &world.owner(),
                    "DELETE",
                    &world.path("/deployments/d"),
                    Json::Null,
                )
                .expect(204);
        });
        let body = json!({
            "role": "deployment-viewer", "assignee": world.idle().id, "resource": "d", "resource_type": "deployment",
        });
        assign(&world, &world.owner(), body).refused(404, "there is no deployment 'd'");
        assert_eq!(
            world.count("SELECT count(*) FROM role_assignments WHERE resource_type = 'deployment'"),
            0
        );
    }
}

fn check(world: &World, by: &Caller, query: &str) -> Json {
    world
        .get(by, &world.path(&format!("/permissions/check?{query}")))
        .expect(200)
        .json()
}

#[test]
fn a_dry_run_tells_by_what_somebody_may() {
    let world = world();
    let owner = world.owner();
    let admin = check(&world, &owner, "permission=projects.delete");
    assert_eq!(
        (&admin["allowed"], &admin["by"]),
        (&json!(true), &json!("organization admin"))
    );
    assert_eq!(admin["assignee"], owner.id);
    let viewer = check(
        &world,
        &owner,
        &format!("permission=projects.get&assignee={}", world.viewer().id),
    );
    assert_eq!(
        viewer["by"],
        "the role project-viewer on the project vision"
    );
    assert_eq!(viewer["assignment"]["role"], "project-viewer");
    assert_eq!(viewer["missing"], Json::Null);
    let id = world.assign_on("deployment", "d", "deployment-editor", &world.idle().id);
    let on_object = format!(
        "permission=deployments.update&assignee={}&resource_type=deployment",
        world.idle().id
    );
    let allowed = check(&world, &owner, &format!("{on_object}&resource=d"));
    assert_eq!(
        (&allowed["allowed"], &allowed["assignment"]["id"]),
        (&json!(true), &json!(id))
    );
    let refused = check(&world, &owner, &format!("{on_object}&resource=other"));
    assert_eq!(refused["allowed"], false);
    assert_eq!(
        refused["missing"],
        "no role with deployments.update on the project, or on the deployment other"
    );
}

#[test]
fn a_dry_run_tells_what_is_missing() {
    let world = world();
    let missing = |query: &str| {
        let answer = check(&world, &world.owner(), query);
        assert_eq!(
            (&answer["allowed"], &answer["by"], &answer["assignment"]),
            (&json!(false), &Json::Null, &Json::Null)
        );
        answer["missing"].as_str().unwrap().to_owned()
    };
    let member = missing(&format!(
        "permission=projects.get&assignee={}",
        world.member().id
    ));
    assert_eq!(member, "no role with projects.get on the project");
    let robot = missing(&format!(
        "permission=roles.list&assignee={}",
        world.robot().id
    ));
    assert!(
        robot.starts_with("no service user may roles.list"),
        "{robot}"
    );
    let expired = missing(&format!(
        "permission=projects.get&assignee={}",
        world.expired().id
    ));
    assert!(expired.contains("expired"), "{expired}");
}

#[test]
fn a_dry_run_that_cannot_be_made_says_why() {
    let world = world();
    let idle = world.idle().id;
    for (query, status, words) in [
        ("", 400, "permission: "),
        (
            "permission=nothing",
            400,
            "permission: 'nothing' is not a permission",
        ),
        ("permission=projects.get&assignee=x", 404, "assignee: "),
        (
            &format!("permission=projects.get&assignee={idle}&resource=d"),
            400,
            "resource_type: ",
        ),
        (
            &format!(
                "permission=projects.get&assignee={idle}&resource=none&resource_type=pipeline"
            ),
            404,
            "resource: ",
        ),
    ] {
        let path = world.path(&format!("/permissions/check?{query}"));
        world.get(&world.owner(), &path).refused(status, words);
    }
    let path = world.path("/permissions/check?permission=projects.get");
    world
        .get(&world.operator(), &path)
        .refused(400, "assignee: ");
}

#[test]
fn a_dry_run_says_what_the_call_itself_then_does() {
    let world = world();
    world.assign_on("deployment", "d", "deployment-viewer", &world.idle().id);
    let callers = [
        world.owner(),
        world.member(),
        world.admin(),
        world.editor(),
        world.viewer(),
        world.robot(),
        world.idle(),
    ];
    for caller in callers {
        for (permission, rest, object) in [
            ("projects.get", "", ""),
            ("roles.list", "/roles", ""),
            ("deployments.list", "/deployments", ""),
            (
                "deployments.get",
                "/deployments/d",
                "&resource_type=deployment&resource=d",
            ),
            (
                "deployments.versions.get",
                "/deployments/other/versions/v1",
                "&resource_type=deployment&resource=other",
            ),
            (
                "pipelines.get",
                "/pipelines/p",
                "&resource_type=pipeline&resource=p",
            ),
        ] {
            let query = format!("permission={permission}&assignee={}{object}", caller.id);
            let told = check(&world, &world.owner(), &query)["allowed"] == true;
            let done = world.get(&caller, &world.path(rest)).status == 200;
            assert_eq!(told, done, "{} {permission} {rest}", caller.email);
        }
    }
}
