//! The trail: each change has its row, and each row its change; who sees what of it.

use serde_json::{Value as Json, json};

use testkit::{Caller, World};

fn trail(world: &World, by: &Caller, query: &str) -> Vec<Json> {
    let path = world.path(&format!("/audit{query}"));
    let trail = world.get(by, &path).expect(200).json();
    trail.as_array().unwrap().clone()
}

#[test]
fn a_row_says_who_did_what_when_and_under_which_request() {
    let world = World::new();
    let body = json!({"name": "scanner"});
    let made = world
        .call(&world.editor(), "POST", &world.path("/service-users"), body)
        .expect(201);
    let row = trail(&world, &world.owner(), "?limit=1").remove(0);
    assert_eq!(row["action"], "create");
    assert_eq!(row["user"], world.editor().email.as_str());
    assert_eq!(row["object_type"], "service_user");
    assert_eq!(row["object_name"], "scanner");
    assert_eq!(row["event"], "Created service user scanner");
    assert_eq!(row["date"], world.after(0));
    assert_eq!(row["request_id"], made.header("x-request-id").unwrap());
}

#[test]
fn what_was_before_and_after_is_for_admins_of_the_organization_and_the_operator() {
    let world = World::new();
    let path = world.path(&format!("/service-users/{}", world.robot().id));
    world
        .call(&world.editor(), "PATCH", &path, json!({"name": "renamed"}))
        .expect(200);
    for (caller, shows) in [
        (world.operator(), true),
        (world.owner(), true),
        (world.admin(), false),
        (world.viewer(), false),
        (world.robot(), false),
    ] {
        let row = trail(&world, &caller, "?limit=1").remove(0);
        assert_eq!(row.get("before").is_some(), shows, "{row}");
        assert_eq!(row.get("after").is_some(), shows, "{row}");
        if shows {
            assert_eq!(row["before"]["name"], "robot");
            assert_eq!(row["after"]["name"], "renamed");
        }
    }
}

#[test]
fn it_is_told_newest_first_in_pages_and_by_action() {
    let world = World::new();
    let all = trail(&world, &world.owner(), "?limit=100");
    assert!(all.len() > 10);
    assert_eq!(
        all[0]["event"],
        trail(&world, &world.owner(), "?limit=1")[0]["event"]
    );
    assert_eq!(all.last().unwrap()["object_type"], "project");
    assert_eq!(
        trail(&world, &world.owner(), "?limit=3&offset=2"),
        all[2..5]
    );
    let creations = trail(&world, &world.owner(), "?action=create&limit=100");
    assert!(!creations.is_empty() && creations.iter().all(|row| row["action"] == "create"));
    assert_eq!(
        trail(&world, &world.owner(), "?action=info"),
        [] as [Json; 0]
    );
    for query in [
        "?action=x",
        "?limit=0",
        "?limit=501",
        "?limit=x",
        "?offset=-1",
        "?offset=10001",
        "?before=x",
    ] {
        world
            .get(&world.owner(), &world.path(&format!("/audit{query}")))
            .expect(400);
    }
}

#[test]
fn a_new_project_s_row_says_who_got_project_admin_with_it() {
    let world = World::new();
    let second = world.person("second");
    world.join("acme", &second, true);
    let body = json!({"name": "new", "organization_name": "acme"});
    world
        .call(&world.owner(), "POST", "/v2.1/projects", body)
        .expect(201);
    let path = "/v2.1/projects/new/audit";
    let trail = world.get(&world.owner(), path).expect(200).json();
    assert_eq!(trail.as_array().unwrap().len(), 1);
    let mut admins = vec![world.owner().id, second.id];
    admins.sort();
    assert_eq!(trail[0]["after"]["project_admins"], json!(admins));
    assert_eq!(trail[0]["after"]["name"], "new");
}

#[test]
fn a_refused_call_leaves_no_row() {
    let world = World::new();
    let rows = || world.count("SELECT count(*) FROM audit");
    let before = rows();
    let user = |rest: &str| world.path(&format!("/service-users/{}{rest}", world.robot().id));
    let expired = world.path(&format!("/service-users/{}", world.expired().id));
    for (by, method, path, body) in [
        (
            world.viewer(),
            "POST",
            world.path("/service-users"),
            json!({}),
        ),
        (world.editor(), "PUT", user("/token"), Json::Null),
        (world.editor(), "DELETE", user(""), Json::Null),
        (world.owner(), "DELETE", user("/token/previous"), Json::Null),
        (world.owner(), "PATCH", expired, json!({"name": "x"})),
        (world.owner(), "PATCH", user(""), json!({"name": 5})),
        (world.owner(), "PATCH", user(""), json!({})),
        (world.owner(), "PATCH", world.path(""), json!({})),
        (
            world.owner(),
            "PATCH",
            world.path(""),
            json!({"name": "audio"}),
        ),
        (
            world.owner(),
            "POST",
            "/v2.1/organizations".to_owned(),
            json!({"name": "acme"}),
        ),
        (
            world.owner(),
            "DELETE",
            world.path("/role-assignments/x"),
            Json::Null,
        ),
        (
            world.operator(),
            "POST",
            "/operator/v1/users".to_owned(),
            json!({"email": "owner@example.com"}),
        ),
    ] {
        world.call(&by, method, &path, body);
        assert_eq!(rows(), before, "{method} {path}");
    }
}

#[test]
fn the_trail_of_a_deleted_project_stays_with_its_organization() {
    let world = World::new();
    let before = trail(&world, &world.owner(), "?limit=100").len();
    world
        .call(&world.owner(), "DELETE", &world.path(""), Json::Null)
        .expect(204);
    let path = "/v2.1/organizations/acme/audit?limit=100";
    let trail = world.get(&world.owner(), path).expect(200).json();
    assert!(trail.as_array().unwrap().len() > before);
    assert_eq!(trail[0]["event"], "Deleted project vision");
    assert_eq!(trail[0]["before"]["name"], "vision");
}

#[test]
fn the_operator_sees_everybodys_changes_and_their_own() {
    let world = World::new();
    world.person("somebody");
    let trail = |query: &str| {
        let path = format!("/operator/v1/audit{query}");
        world.get(&world.operator(), &path).expect(200).json()
    };
    let newest = trail("?limit=1");
    assert_eq!(newest[0]["user"], "operator");
    assert_eq!(newest[0]["object_name"], "somebody@example.com");
    let of_globex = trail("?organization=globex");
    assert_eq!(of_globex.as_array().unwrap().len(), 2);
    assert_eq!(trail("?organization=there-is-none"), json!([]));
}

#[test]
fn what_the_operator_does_in_a_project_is_shown_as_theirs() {
    let world = World::new();
    world
        .call(
            &world.operator(),
            "PATCH",
            &world.path(""),
            json!({"suspend": true}),
        )
        .expect(200);
    let row = trail(&world, &world.viewer(), "?limit=1").remove(0);
    assert_eq!(row["user"], "operator");
}

#[test]
fn the_trail_of_one_project_says_nothing_of_another() {
    let world = World::new();
    let elsewhere = world.get(&world.owner(), "/v2.1/projects/audio/audit?limit=100");
    let elsewhere = elsewhere.expect(200).json();
    assert!(
        elsewhere
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["object_name"] != "robot")
    );
}

/// The state before the newest change.
fn before_newest(world: &World) -> Json {
    trail(world, &world.owner(), "?limit=1").remove(0)["before"].clone()
}

#[test]
fn a_deleted_role_s_row_names_the_assignments_that_went_with_it() {
    let world = World::new();
    let role = world.custom_role(&["deployments.get"]);
    let deployment = world.deployment("x");
    world.assign("vision", &role, &world.member().id);
    world.assign_on("deployment", "x", &role, &world.idle().id);
    let path = world.path(&format!("/roles/{role}"));
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    let before = before_newest(&world);
    assert_eq!(before["permissions"], json!(["deployments.get"]));
    assert_eq!(before["assignment_count"], 2);
    let lost = before["assignments"].as_array().unwrap();
    assert_eq!(lost.len(), 2);
    for expected in [
        json!({"assignee": world.member().id, "resource_type": "project", "resource_id": world.project_id()}),
        json!({"assignee": world.idle().id, "resource_type": "deployment", "resource_id": deployment}),
    ] {
        assert!(lost.contains(&expected), "{before}");
    }
}

#[test]
fn a_row_names_a_hundred_of_what_went_and_counts_the_rest() {
    let world = World::new();
    let role = world.custom_role(&["deployments.get"]);
    for number in 0..101 {
        world.execute(
            "INSERT INTO role_assignments (id, organization_id, project_id, role_id, service_user_id, resource_type,
                                           resource_id, creation_date)
             SELECT ?1, r.organization_id, r.project_id, r.id, ?2, 'deployment', ?1, 0 FROM roles r WHERE r.name = ?3",
            (format!("x{number}"), &world.robot().id, &role),
        );
    }
    let both = world.copy();
    let path = world.path(&format!("/roles/{role}"));
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    let before = before_newest(&world);
    assert_eq!(before["assignment_count"], 101);
    assert_eq!(before["assignments"].as_array().unwrap().len(), 100);
    let path = both.path(&format!("/service-users/{}", both.robot().id));
    both.call(&both.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    let before = before_newest(&both);
    assert_eq!(before["role_count"], 102);
    assert_eq!(before["roles"].as_array().unwrap().len(), 100);
}

#[test]
fn a_deleted_service_user_s_row_names_its_roles_and_access_keys() {
    let world = World::new();
    let key = world.access_key(&world.robot());
    let path = world.path(&format!("/service-users/{}", world.robot().id));
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    let before = before_newest(&world);
    assert_eq!(before["name"], "robot");
    assert_eq!(before["access_keys"], json!([key.id]));
    assert_eq!(before["role_count"], 1);
    assert_eq!(
        before["roles"],
        json!([{"role": "project-admin", "resource_type": "project", "resource_id": world.project_id()}])
    );
}

#[test]
fn a_reset_s_row_names_the_access_keys_that_it_ends() {
    for (query, names) in [
        ("", true),
        ("?grace=0", true),
        ("?grace=60", false),
        ("?keep_access_keys=true", false),
    ] {
        let world = World::new();
        let key = world.access_key(&world.robot());
        let path = world.path(&format!("/service-users/{}/token{query}", world.robot().id));
        world
            .call(&world.owner(), "PUT", &path, Json::Null)
            .expect(200);
        let before = before_newest(&world);
        let expected = if names {
            json!({"access_keys": [key.id]})
        } else {
            Json::Null
        };
        assert_eq!(before, expected, "{query}");
    }
}

#[test]
fn a_deleted_project_s_row_names_the_service_users_that_ended_with_it() {
    let world = World::new();
    world
        .call(&world.owner(), "DELETE", &world.path(""), Json::Null)
        .expect(204);
    let path = "/v2.1/organizations/acme/audit?limit=1";
    let before = world.get(&world.owner(), path).expect(200).json()[0]["before"].clone();
    assert_eq!(before["service_user_count"], 4);
    let ids = before["service_users"].as_array().unwrap();
    assert_eq!(ids.len(), 4);
    assert!(ids.contains(&json!(world.robot().id)));
}

#[test]
fn pages_go_on_behind_a_change_however_far_back_it_lies() {
    let world = World::new();
    let path = |query: &str| world.path(&format!("/audit{query}"));
    for query in ["", "&action=create"] {
        let all = trail(&world, &world.owner(), &format!("?limit=100{query}"));
        let mut paged = Vec::new();
        let mut before = String::new();
        loop {
            let query = format!("?limit=3{query}{before}");
            let page = trail(&world, &world.owner(), &query);
            let Some(last) = page.last() else { break };
            before = format!("&before={}", last["id"].as_str().unwrap());
            paged.extend(page);
        }
        assert_eq!(paged, all);
    }
    world
        .get(&world.owner(), &path("?offset=10001"))
        .refused(400, "before=");
}

#[test]
fn a_page_begins_behind_a_change_of_its_own_trail_alone() {
    let world = World::new();
    let elsewhere = world
        .get(&world.stranger(), "/v2.1/projects/reactor/audit?limit=1")
        .json();
    let query = format!("?before={}", elsewhere[0]["id"].as_str().unwrap());
    let unknown = "before: there is no change";
    world
        .get(&world.owner(), &world.path(&format!("/audit{query}")))
        .refused(400, unknown);
    for (path, status) in [
        (format!("/operator/v1/audit{query}"), 200),
        (
            format!("/operator/v1/audit{query}&organization=globex"),
            200,
        ),
        (format!("/operator/v1/audit{query}&organization=acme"), 400),
        (format!("/v2.1/organizations/acme/audit{query}"), 400),
    ] {
        world.get(&world.operator(), &path).expect(status);
    }
}

/// The states of the newest row, as texts.
fn newest_states(world: &World) -> (Option<String>, Option<String>) {
    let newest = "SELECT before, after FROM audit ORDER BY sequence DESC LIMIT 1";
    let connection = world.database.connection();
    connection
        .query_row(newest, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
}

#[test]
fn states_beyond_64_kib_give_way_to_the_keys_that_were_changed() {
    let world = World::new();
    let workspace = world.workspaces(&format!("/{}", world.workspace()));
    let grants = |letter: &str| {
        let grant = |n: usize| json!({"user_name": format!("{}{n}", letter.repeat(300))});
        (0..120).map(grant).collect::<Vec<_>>()
    };
    let update = |grants: Vec<Json>| {
        let body = json!({"auth_type": "INTERNAL", "grants": grants});
        world
            .call(&world.owner(), "PUT", &workspace, body)
            .expect(200);
    };
    update(grants("a"));
    let (_, after) = newest_states(&world);
    assert!(after.unwrap().len() > 40_000, "one alone fits");
    update(grants("b"));
    let truncated = json!({"truncated": true, "keys": ["auth_type", "grants"]});
    let path = "/v2.1/organizations/acme/audit?limit=1";
    let row = world.get(&world.owner(), path).json().as_array().unwrap()[0].clone();
    assert_eq!(row["before"], truncated);
    assert_eq!(row["after"], truncated);
    let shown = world.get(&world.owner(), &workspace).expect(200).json();
    assert_eq!(
        shown["grants"][0]["user_name"],
        format!("{}0", "b".repeat(300))
    );
}

#[test]
fn no_statement_leaves_more_than_64_kib_of_states() {
    let world = World::new();
    let sizes = |before: usize, after: usize| {
        let state = |length: usize| {
            (length > 0).then(|| json!({"key": "x".repeat(length - 10)}).to_string())
        };
        world.execute(
            "INSERT INTO audit (id, date, request_id, actor, action, event, object_type, object_id, object_name, before,
                                after)
             SELECT hex(randomblob(16)), 0, '', '', 'update', '', '', '', '', ?1, ?2",
            (state(before), state(after)),
        );
        let (before, after) = newest_states(&world);
        let length = |state: Option<String>| state.map_or(0, |state| state.len());
        (length(before), length(after))
    };
    assert_eq!(sizes(32_768, 32_768), (32_768, 32_768));
    assert_eq!(sizes(0, 65_536), (0, 65_536));
    let cut = json!({"truncated": true, "keys": ["key"]})
        .to_string()
        .len();
    assert_eq!(sizes(32_768, 32_769), (cut, cut));
    assert_eq!(sizes(65_537, 0), (cut, 0));
    assert_eq!(sizes(0, 65_537), (0, cut));
    assert_eq!(sizes(0, 20), (0, 20));
    let completed = "UPDATE audit SET after = json_set(after, '$.more', ?1)
                     WHERE sequence = (SELECT max(sequence) FROM audit)";
    world.execute(completed, ["y".repeat(65_536)]);
    let (_, after) = newest_states(&world);
    let cut = json!({"truncated": true, "keys": ["key", "more"]});
    let after: Json = serde_json::from_str(&after.unwrap()).unwrap();
    assert_eq!(after, cut);
}

#[test]
fn a_deployment_and_a_pipeline_have_trails_of_their_own() {
    let world = World::new();
    world.deployment("a");
    world.deployment("b");
    world.pipeline("a");
    for (path, description) in [
        ("/deployments/a", "first"),
        ("/deployments/a", "second"),
        ("/pipelines/a", "first"),
    ] {
        let body = json!({"description": description});
        let path = world.path(path);
        world.call(&world.owner(), "PATCH", &path, body).expect(200);
    }
    let events = |by: &Caller, object: &str, query: &str| -> Vec<String> {
        let path = world.path(&format!("/{object}/audit{query}"));
        let trail = world.get(by, &path).expect(200).json();
        let trail = trail.as_array().unwrap().iter();
        trail
            .map(|row| row["event"].as_str().unwrap().to_owned())
            .collect()
    };
    let viewer = world.viewer();
    let updated = "Updated deployment a";
    assert_eq!(
        events(&viewer, "deployments/a", ""),
        [updated, updated, "Created deployment a"]
    );
    assert_eq!(
        events(&viewer, "deployments/b", ""),
        ["Created deployment b"]
    );
    assert_eq!(
        events(&viewer, "pipelines/a", ""),
        ["Updated pipeline a", "Created pipeline a"]
    );
    assert_eq!(
        events(&viewer, "deployments/a", "?action=create"),
        ["Created deployment a"]
    );
    assert_eq!(
        events(&viewer, "deployments/a", "?limit=1&offset=2"),
        ["Created deployment a"]
    );
    let path = world.path("/deployments/a/audit?limit=1");
    let newest = world.get(&world.owner(), &path).expect(200).json();
    assert_eq!(newest[0]["after"]["description"], "second");
    let newest = newest[0]["id"].as_str().unwrap();
    assert_eq!(
        events(&viewer, "deployments/a", &format!("?before={newest}")).len(),
        2
    );
    // A change of something else is in no way a place in this trail.
    let path = world.path(&format!("/deployments/b/audit?before={newest}"));
    world.get(&viewer, &path).refused(400, "before: ");
    // The states are for admins of the organization, the trail for those who may read that of the project.
    let shown = world
        .get(&viewer, &world.path("/deployments/a/audit"))
        .expect(200)
        .json();
    assert!(shown[0].get("after").is_none());
    let path = world.path("/deployments/a/audit");
    let of_deployment = world.service_user(&[]);
    world.assign_on("deployment", "a", "deployment-admin", &of_deployment.id);
    world.get(&of_deployment, &path).expect(403);
    world
        .get(&world.owner(), &world.path("/deployments/none/audit"))
        .expect(404);
}

/// Three people change three things, an hour after each other.
fn busy() -> World {
    let world = World::new();
    for (caller, name) in [
        (world.owner(), "first"),
        (world.editor(), "second"),
        (world.admin(), "Third"),
    ] {
        world.pass(3_600_000);
        let path = world.path("/service-users");
        let made = world.call(&caller, "POST", &path, json!({"name": name}));
        let id = made.expect(201).text("id");
        let path = world.path(&format!("/service-users/{id}"));
        world
            .call(&caller, "PATCH", &path, json!({"description": "changed"}))
            .expect(200);
    }
    world
}

#[test]
fn filters_find_what_they_name_and_all_of_it() {
    let world = busy();
    let owner = world.owner();
    let all = trail(&world, &owner, "?limit=100");
    let is = |row: &Json, field: &str, value: &str| row[field] == value;
    let expected = |keeps: &dyn Fn(&Json) -> bool| -> Vec<Json> {
        all.iter().filter(|row| keeps(row)).cloned().collect()
    };
    let editor = world.editor().email;
    let request = all[2]["request_id"].as_str().unwrap().to_owned();
    let date = all[3]["date"].as_str().unwrap().to_owned();
    let encoded = date.replace('+', "%2B");
    let since = |row: &Json| row["date"].as_str() >= Some(date.as_str());
    let until = |row: &Json| row["date"].as_str() <= Some(date.as_str());
    let cases: [(String, Vec<Json>); 12] = [
        (
            format!("user={editor}"),
            expected(&|row| is(row, "user", &editor)),
        ),
        (
            format!("user={}", editor.to_uppercase()),
            expected(&|row| is(row, "user", &editor)),
        ),
        (
            "object_type=service_user".to_owned(),
            expected(&|row| is(row, "object_type", "service_user")),
        ),
        (
            "object_name=Third".to_owned(),
            expected(&|row| is(row, "object_name", "Third")),
        ),
        (
            "event=CREATED%20service".to_owned(),
            expected(&|row| row["event"].as_str().unwrap().contains("Created service")),
        ),
        (
            format!("request_id={}", request.to_uppercase()),
            expected(&|row| is(row, "request_id", &request)),
        ),
        (
            format!(
                "request_id={}",
                uuid::Uuid::parse_str(&request).unwrap().hyphenated()
            ),
            expected(&|row| is(row, "request_id", &request)),
        ),
        (format!("from={encoded}"), expected(&since)),
        (format!("to={encoded}"), expected(&until)),
        (
            format!("from={encoded}&to={encoded}"),
            expected(&|row| since(row) && until(row)),
        ),
        (
            format!("user={editor}&action=update"),
            expected(&|row| is(row, "user", &editor) && is(row, "action", "update")),
        ),
        ("object_name=nobody".to_owned(), Vec::new()),
    ];
    for (query, expected) in cases {
        let found = trail(&world, &owner, &format!("?limit=100&{query}"));
        assert_eq!(found, expected, "{query}");
        assert!(query.ends_with("nobody") || !found.is_empty(), "{query}");
        // The same of everything there is, page by page.
        let mut paged = Vec::new();
        while let [.., last] = &trail(
            &world,
            &owner,
            &match paged.last() {
                None => format!("?limit=1&{query}"),
                Some(last) => {
                    let last: &Json = last;
                    format!("?limit=1&{query}&before={}", last["id"].as_str().unwrap())
                }
            },
        )[..]
        {
            paged.push(last.clone());
        }
        assert_eq!(paged, expected, "{query}");
    }
}

#[test]
fn filters_work_on_every_trail() {
    let world = busy();
    let editor = world.editor().email;
    for (caller, path) in [
        (world.owner(), "/v2.1/organizations/acme/audit".to_owned()),
        (world.operator(), "/operator/v1/audit".to_owned()),
        (
            world.operator(),
            "/operator/v1/audit?organization=acme".to_owned(),
        ),
    ] {
        let and = if path.contains('?') { '&' } else { '?' };
        for (query, at_least) in [
            (format!("user={editor}"), 2),
            ("event=nothing%20of%20it".to_owned(), 0),
        ] {
            let found = world
                .get(&caller, &format!("{path}{and}{query}"))
                .expect(200)
                .json();
            let found = found.as_array().unwrap();
            assert!(
                found.len() >= at_least && (at_least > 0 || found.is_empty()),
                "{path} {query}"
            );
            assert!(found.iter().all(|row| row["user"] == editor.as_str()));
        }
        let none = world.get(&caller, &format!("{path}{and}to=2020-01-01T00:00:00Z"));
        assert_eq!(none.expect(200).json(), json!([]));
    }
}

#[test]
fn a_filter_that_cannot_be_read_is_named() {
    let world = World::new();
    for (query, field) in [
        ("from=yesterday", "from: "),
        ("to=2026-13-01", "to: "),
        ("request_id=mine", "request_id: "),
    ] {
        let path = world.path(&format!("/audit?{query}"));
        world.get(&world.owner(), &path).refused(400, field);
    }
}

/// Whatever there is, a filter looks at so many rows and no more.
#[test]
fn a_filter_that_finds_nothing_looks_no_further_than_it_may() {
    let steps = |rows: i64| {
        let world = World::new();
        world.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO audit (id, date, request_id, actor, action, event, object_type, object_id, object_name,
                                organization_id, project_id)
             SELECT 'many-' || i, i, 'r', 'a', 'update', 'Updated it', 'thing', 't', 't', p.organization_id, p.id
             FROM n JOIN projects p ON p.name = 'vision'",
            [rows],
        );
        let found = trail(&world, &world.owner(), "?user=nobody@example.com");
        assert!(found.is_empty());
        world.database.steps()
    };
    let (few, many) = (steps(4_000), steps(16_000));
    assert!(many < few + few / 10, "{few} -> {many}");
}
