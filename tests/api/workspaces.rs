//! Workspaces: their life and their lists.

use serde_json::{Value as Json, json};

use testkit::workspaces::{at, create, is_code};
use testkit::{Answer, Call, World};

fn names(answer: &Answer) -> Vec<String> {
    let page = answer.json();
    let workspaces = page["workspaces"].as_array().unwrap();
    let name = |workspace: &Json| workspace["name"].as_str().unwrap().to_owned();
    workspaces.iter().map(name).collect()
}

#[test]
fn a_workspace_is_shown_as_it_was_made() {
    let world = World::new();
    let grants = json!([{"user_id": world.viewer().id}, {"user_name": "x@example.com", "user_type": "AGENCY"}]);
    let body =
        json!({"name": "training", "description": "d", "auth_type": "internal", "grants": grants});
    let made = create(&world, &world.editor(), body).expect(200).json();
    let id = made["id"].as_str().unwrap();
    assert!(id.len() == 32 && !id.contains('-'));
    assert_eq!(made["owner"], world.editor().email.as_str());
    assert_eq!(made["auth_type"], "internal");
    assert_eq!(made["status"], "NORMAL");
    assert_eq!(
        (&made["status_info"], &made["enterprise_project_id"]),
        (&json!(""), &json!("0"))
    );
    assert_eq!(made["create_time"], world.now().as_millis());
    assert_eq!(
        made["grants"][0],
        json!({"user_id": world.viewer().id, "user_type": "IAM"})
    );
    assert_eq!(made["grants"][1]["user_type"], "AGENCY");
    assert_eq!(
        world
            .get(&world.editor(), &at(&world, id))
            .expect(200)
            .json(),
        made
    );
}

#[test]
fn what_is_not_said_is_public_and_empty() {
    let world = World::new();
    let made = create(&world, &world.robot(), json!({"name": "工作空间"}))
        .expect(200)
        .json();
    assert_eq!(
        (&made["auth_type"], &made["description"]),
        (&json!("public"), &json!(""))
    );
    assert_eq!(
        (&made["grants"], &made["owner"]),
        (&json!([]), &json!("robot"))
    );
}

#[test]
fn a_body_of_another_form_is_400_and_names_its_field() {
    let world = World::new();
    let many: Vec<_> = (0..501)
        .map(|i| json!({"user_id": format!("{i}")}))
        .collect();
    for (body, words) in [
        (json!({}), "name"),
        (json!({"name": "abc"}), "name: "),
        (json!({"name": "a b c d"}), "name: "),
        (json!({"name": "default"}), "name: "),
        (
            json!({"name": "good", "description": "x".repeat(257)}),
            "description: ",
        ),
        (
            json!({"name": "good", "auth_type": "SECRET"}),
            "auth_type: ",
        ),
        (
            json!({"name": "good", "enterprise_project_id": "a b"}),
            "enterprise_project_id: ",
        ),
        (json!({"name": "good", "grants": [{}]}), "grants[0]: "),
        (
            json!({"name": "good", "grants": [{"user_id": "a", "user_type": "X"}]}),
            "grants[0].user_type",
        ),
        (
            json!({"name": "good", "grants": many}),
            "grants: there are 501",
        ),
    ] {
        let answer = create(&world, &world.robot(), body).refused(400, words);
        is_code(answer, 400, "ModelArts.0104");
    }
}

#[test]
fn a_name_is_unique_in_its_project() {
    let world = World::new();
    create(&world, &world.robot(), json!({"name": "training"})).expect(200);
    create(&world, &world.robot(), json!({"name": "training"})).refused(400, "exists already");
    let other = create(&world, &world.robot(), json!({"name": "other"})).text("id");
    let rename = json!({"name": "training"});
    world
        .call(&world.robot(), "PUT", &at(&world, &other), rename)
        .refused(400, "exists already");
    let elsewhere = world.get(&world.owner(), "/v2.1/projects/audio").text("id");
    let target = format!("/v1/{elsewhere}/workspaces");
    world
        .call(&world.owner(), "POST", &target, json!({"name": "training"}))
        .expect(200);
}

#[test]
fn of_two_workspaces_of_one_name_at_once_one_is_made() {
    for trip in [1, 2] {
        let world = World::new();
        let target = world.workspaces("");
        world.before_trip(trip, |world| {
            create(world, &world.robot(), json!({"name": "training"})).expect(200);
        });
        let body = json!({"name": "training"});
        world
            .call(&world.robot(), "POST", &target, body)
            .refused(400, "exists already");
    }
}

#[test]
fn a_project_has_at_most_a_hundred_workspaces() {
    let world = World::new();
    for i in 0..99 {
        create(
            &world,
            &world.robot(),
            json!({"name": format!("workspace-{i}")}),
        )
        .expect(200);
    }
    let answer = create(&world, &world.robot(), json!({"name": "too-many"}));
    is_code(answer.refused(400, "limit: 100"), 400, "ModelArts.7006");
}

#[test]
fn every_project_has_its_default_workspace() {
    let world = World::new();
    let shown = world
        .get(&world.viewer(), &at(&world, "0"))
        .expect(200)
        .json();
    assert_eq!(
        (&shown["id"], &shown["name"]),
        (&json!("0"), &json!("default"))
    );
    let robot = world.robot();
    for name in ["other", "defaults"] {
        let answer = world.call(&robot, "PUT", &at(&world, "0"), json!({"name": name}));
        is_code(answer, 400, "ModelArts.3566");
    }
    let answer = world.call(&robot, "DELETE", &at(&world, "0"), Json::Null);
    is_code(answer, 400, "ModelArts.3566");
    let body = json!({"name": "default", "description": "ours"});
    world
        .call(&robot, "PUT", &at(&world, "0"), body)
        .expect(200);
    let shown = world.get(&world.viewer(), &at(&world, "0")).json();
    assert_eq!(
        (&shown["name"], &shown["description"]),
        (&json!("default"), &json!("ours"))
    );
}

#[test]
fn an_update_changes_what_it_names() {
    let world = World::new();
    let robot = world.robot();
    let body = json!({"name": "training", "description": "d", "auth_type": "PRIVATE"});
    let id = create(&world, &robot, body).text("id");
    world.pass(1_000);
    let answer = world.call(&robot, "PUT", &at(&world, &id), json!({"name": "renamed"}));
    assert_eq!(answer.expect(200).json(), json!({"workspace_id": id}));
    let shown = world.get(&robot, &at(&world, &id)).json();
    assert_eq!(
        (&shown["name"], &shown["description"]),
        (&json!("renamed"), &json!("d"))
    );
    assert_eq!(shown["auth_type"], "PRIVATE");
    assert_eq!(shown["update_time"], world.now().as_millis());
}

#[test]
fn an_update_to_what_there_is_writes_nothing() {
    let world = World::new();
    let robot = world.robot();
    let grants = json!([{"user_id": world.viewer().id}, {"user_name": "x@example.com"}]);
    let full =
        json!({"name": "training", "description": "d", "auth_type": "internal", "grants": grants});
    let id = create(&world, &robot, full.clone()).text("id");
    world.pass(1_000);
    world.writes_afterwards(false);
    let before = world.dump();
    for body in [
        json!({}),
        json!({"name": "training"}),
        json!({"grants": grants}),
        full,
    ] {
        let answer = world.call(&robot, "PUT", &at(&world, &id), body);
        assert_eq!(answer.expect(200).json(), json!({"workspace_id": id}));
        assert_eq!(world.dump(), before);
    }
    let cleared = json!({"auth_type": "internal"});
    world
        .call(&robot, "PUT", &at(&world, &id), cleared)
        .expect(200);
    assert_ne!(world.dump(), before, "the grants are cleared");
}

#[test]
fn an_empty_update_needs_the_right_when_it_is_made() {
    let world = World::new();
    let id = world.workspace();
    let robot = world.robot();
    let call = Call::new("PUT", at(&world, &id))
        .by(&robot)
        .json(&json!({}));
    let answer = world.send_while(
        2,
        move |world| {
            world.execute(
                "DELETE FROM role_assignments WHERE service_user_id = ?1",
                [&robot.id],
            );
        },
        call,
    );
    is_code(answer, 403, "ModelArts.0112");
}

#[test]
fn grants_take_64_kib_at_most() {
    let world = World::new();
    let grants = |length: usize| {
        let name = |n: usize| format!("{n:03}{}", "x".repeat(length - 3));
        let all = (0..300).map(|n| json!({"user_name": name(n)}));
        json!({"name": "training", "auth_type": "internal", "grants": all.collect::<Vec<_>>()})
    };
    let answer = create(&world, &world.robot(), grants(200));
    assert!(answer.error().starts_with("grants: they take "));
    is_code(answer, 400, "ModelArts.0104");
    let id = create(&world, &world.robot(), grants(150))
        .expect(200)
        .text("id");
    let answer = world.call(&world.robot(), "PUT", &at(&world, &id), grants(200));
    is_code(answer, 400, "ModelArts.0104");
}

#[test]
fn a_deleted_workspace_is_gone_with_its_quotas() {
    let world = World::new();
    let robot = world.robot();
    let id = create(&world, &robot, json!({"name": "training"})).text("id");
    let quotas = json!({"quotas": [{"resource": "exemlProject.gpu_duration", "quota": 10}]});
    world
        .call(
            &robot,
            "PUT",
            &format!("{}/quotas", at(&world, &id)),
            quotas,
        )
        .expect(200);
    let answer = world.call(&robot, "DELETE", &at(&world, &id), Json::Null);
    assert_eq!(answer.expect(200).json(), json!({"workspace_id": id}));
    for (method, rest) in [("GET", ""), ("DELETE", ""), ("GET", "/quotas")] {
        let answer = world.call(
            &robot,
            method,
            &format!("{}{rest}", at(&world, &id)),
            Json::Null,
        );
        is_code(answer, 400, "ModelArts.7005");
    }
    assert_eq!(world.count("SELECT count(*) FROM workspace_quotas"), 0);
}

#[test]
fn a_workspace_that_goes_between_the_round_trips_is_7005() {
    let world = World::new();
    let id = world.workspace();
    let quotas = json!({"quotas": [{"resource": "exemlProject.gpu_duration", "quota": 10}]});
    let consumption = json!({"id": "a", "resource": "exemlProject.gpu_duration", "amount": 1});
    for (method, rest, body) in [
        ("PUT", "", json!({"description": "x"})),
        ("DELETE", "", Json::Null),
        ("PUT", "/quotas", quotas),
        ("POST", "/quotas/consumption", consumption),
    ] {
        let world = world.copy();
        let path = at(&world, &id);
        let gone = path.clone();
        world.before_trip(2, move |world| {
            world
                .call(&world.owner(), "DELETE", &gone, Json::Null)
                .expect(200);
        });
        let answer = world.call(&world.robot(), method, &format!("{path}{rest}"), body);
        is_code(answer, 400, "ModelArts.7005");
    }
}

#[test]
fn a_list_is_filtered_sorted_and_paged() {
    let world = World::new();
    for (name, enterprise) in [
        ("alpha", "0"),
        ("beta-1", "e-1"),
        ("gamma", "e-1"),
        ("Alphabet", "0"),
    ] {
        let body = json!({"name": name, "enterprise_project_id": enterprise});
        create(&world, &world.robot(), body).expect(200);
        world.pass(1_000);
    }
    let list = |query: &str| {
        world
            .get(&world.viewer(), &world.workspaces(query))
            .expect(200)
    };
    assert_eq!(
        names(&list("")),
        ["gamma", "default", "beta-1", "alpha", "Alphabet"]
    );
    assert_eq!(
        names(&list("?order=asc")),
        ["Alphabet", "alpha", "beta-1", "default", "gamma"]
    );
    assert_eq!(
        names(&list("?sort_by=update_time"))[..2],
        ["Alphabet", "gamma"]
    );
    assert_eq!(names(&list("?sort_by=status&order=asc"))[0], "Alphabet");
    assert_eq!(names(&list("?name=lpha&order=asc")), ["Alphabet", "alpha"]);
    assert_eq!(names(&list("?name=%25")), Vec::<String>::new());
    assert_eq!(
        names(&list("?enterprise_project_id=e-1")),
        ["gamma", "beta-1"]
    );
    let page = list("?order=asc&limit=2&offset=1");
    assert_eq!(names(&page), ["beta-1", "default"]);
    assert_eq!(
        (&page.json()["total_count"], &page.json()["count"]),
        (&json!(5), &json!(2))
    );
    let beyond = list("?limit=2147483647&offset=2147483647").json();
    assert_eq!(
        (&beyond["total_count"], &beyond["count"]),
        (&json!(5), &json!(0))
    );
    assert!(page.json()["workspaces"][0].get("grants").is_none());
}

#[test]
fn a_query_that_means_nothing_is_400_and_named() {
    let world = World::new();
    for query in [
        "limit=0",
        "limit=x",
        "offset=-1",
        "sort_by=owner",
        "order=up",
        "filter_accessible=1",
    ] {
        let target = world.workspaces(&format!("?{query}"));
        let field = query.split('=').next().unwrap();
        is_code(
            world.get(&world.viewer(), &target).refused(400, field),
            400,
            "ModelArts.0104",
        );
    }
}

#[test]
fn a_project_is_found_with_and_without_dashes_and_nothing_collapses() {
    let world = World::new();
    let id = world.project_id();
    for project in [id.clone(), id.replace('-', ""), id.to_uppercase()] {
        world
            .get(&world.robot(), &format!("/v1/{project}/workspaces"))
            .expect(200);
    }
    for (target, status, code) in [
        (format!("/v1/{id}/workspaces/"), 400, "ModelArts.7005"),
        (
            format!("/v1/{id}/workspaces//quotas"),
            400,
            "ModelArts.7005",
        ),
        ("/v1//workspaces".to_owned(), 403, "ModelArts.0210"),
        (format!("/v1/{id}//workspaces"), 404, "APIGW.0101"),
        (format!("//v1/{id}/workspaces"), 404, "APIGW.0101"),
    ] {
        is_code(world.get(&world.robot(), &target), status, code);
    }
}

#[test]
fn a_deleted_project_takes_its_workspaces_along() {
    let world = World::new();
    world.workspace();
    let left = "SELECT count(*) FROM workspaces w JOIN projects p ON p.id = w.project_id";
    let before = world.count(left);
    world
        .call(&world.owner(), "DELETE", &world.path(""), Json::Null)
        .expect(204);
    assert_eq!(world.count(left), before - 2);
    assert_eq!(
        world.count("SELECT count(*) FROM workspaces"),
        world.count(left)
    );
}
