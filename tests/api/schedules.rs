//! Request schedules: made, changed and shown as UbiOps' clients know them; a tick makes one request, in the name of whoever
//! set the schedule last, while they may (contract section 5.7).

use serde_json::{Value as Json, json};

use testkit::upstream::Reply;
use testkit::world::HOUR;
use testkit::{Answer, Call, Caller, World};

const MINUTE: i64 = 60_000;

/// Half a minute past one, so that the next tick is half a minute away.
fn world() -> World {
    let mut world = World::new();
    world.queue = None;
    world.served("d");
    world.upstream.answering(|_| Reply::json(&json!({"y": 2})));
    world.pass(MINUTE * 3 / 2 - world.now().as_millis() % MINUTE);
    world
}

fn body(more: Json) -> Json {
    let mut body = json!({"name": "s", "object_type": "deployment", "object_name": "d", "schedule": "* * * * *",
        "request_data": {"x": 1}});
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    body
}

fn make_by(world: &World, by: &Caller, more: Json) -> Answer {
    world.call(by, "POST", &world.path("/schedules"), body(more))
}

fn make(world: &World, more: Json) -> Json {
    make_by(world, &world.robot(), more).expect(201).json()
}

fn patch(world: &World, by: &Caller, body: Json) -> Answer {
    world.call(by, "PATCH", &world.path("/schedules/s"), body)
}

fn shown(world: &World) -> Json {
    let path = world.path("/schedules/s");
    world.get(&world.owner(), &path).expect(200).json()
}

fn made(world: &World) -> i64 {
    world.count("SELECT count(*) FROM requests")
}

/// Lets so many minutes pass, each with its scheduled run.
fn minutes(world: &World, minutes: i64) {
    for _ in 0..minutes {
        world.pass(MINUTE);
        world.minute();
    }
}

fn delete_service_user(world: &World, gone: &Caller) {
    let path = world.path(&format!("/service-users/{}", gone.id));
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
}

#[test]
fn a_schedule_is_made_shown_changed_and_deleted() {
    let world = world();
    let created = make(
        &world,
        json!({"schedule": " 0  6 * * MON-FRI", "labels": {"a": "b"}, "description": "mornings", "timeout": 60}),
    );
    let expected = json!({
        "id": created["id"], "name": "s", "object_type": "deployment", "object_name": "d", "version": null,
        "schedule": "0 6 * * MON-FRI", "request_data": {"x": 1}, "timeout": 60, "enabled": true,
        "creation_date": world.now().to_zulu_string(), "description": "mornings", "labels": {"a": "b"},
    });
    assert_eq!(created, expected);
    assert_eq!(shown(&world), expected);
    let list = |query: &str| {
        let path = world.path(&format!("/schedules{query}"));
        world.get(&world.viewer(), &path).expect(200).json()
    };
    assert_eq!(list(""), json!([expected]));
    assert_eq!(list("?labels=a:b,c:d"), json!([expected]));
    assert_eq!(list("?labels=a:c"), json!([]));
    let changes = json!({"name": "t", "schedule": "* * * * *", "request_data": {"x": 2}, "timeout": null, "enabled": false,
        "description": null, "labels": null});
    let changed = patch(&world, &world.robot(), changes).expect(200).json();
    let mut expected = expected;
    for (name, value) in [
        ("name", json!("t")),
        ("schedule", json!("* * * * *")),
        ("request_data", json!({"x": 2})),
        ("timeout", json!(14_400)),
        ("enabled", json!(false)),
        ("description", json!("")),
        ("labels", json!({})),
    ] {
        expected[name] = value;
    }
    assert_eq!(changed, expected);
    let path = world.path("/schedules/t");
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    world.get(&world.owner(), &path).expect(404);
    let trail = world.count(
        "SELECT count(DISTINCT action) FROM audit WHERE object_type = 'request_schedule' AND coalesce(before, after) IS NOT NULL",
    );
    assert_eq!(trail, 3);
}

#[test]
fn what_is_wrong_is_refused_with_its_field() {
    let world = world();
    world.pipeline("p");
    make(&world, json!({}));
    for (more, says) in [
        (json!({"name": "S"}), "name: 'S'"),
        (json!({}), "name: a request schedule 's' exists"),
        (
            json!({"name": "t", "object_type": "pipeline"}),
            "object_name: there is no pipeline 'd'",
        ),
        (json!({"name": "t", "object_type": "x"}), "object_type: 'x'"),
        (
            json!({"name": "t", "object_type": "pipeline", "object_name": "p", "version": "v9"}),
            "version: the pipeline 'p' has no version 'v9'",
        ),
        (
            json!({"name": "t", "object_type": "pipeline", "object_name": "p"}),
            "request_data.in: it is missing",
        ),
        (
            json!({"name": "t", "object_name": "e"}),
            "object_name: there is no deployment 'e'",
        ),
        (
            json!({"name": "t", "version": "v9"}),
            "version: the deployment 'd' has no version 'v9'",
        ),
        (
            json!({"name": "t", "schedule": "61 * * * *"}),
            "schedule: the minute '61'",
        ),
        (
            json!({"name": "t", "schedule": "0 0 30 feb *"}),
            "never comes",
        ),
        (
            json!({"name": "t", "request_data": {"x": "a"}}),
            "request_data.x: it is a text",
        ),
        (
            json!({"name": "t", "request_data": [{"x": 1}]}),
            "request_data: it is a list",
        ),
        (json!({"name": "t", "request_data": null}), "request_data"),
        (
            json!({"name": "t", "request_data": {"x": 1, "n": "n".repeat(262_145)}}),
            "256 KiB",
        ),
        (json!({"name": "t", "timeout": 5}), "timeout"),
        (json!({"name": "t", "timeout": 345_601}), "timeout"),
        (json!({"name": "t", "enabled": "yes"}), "enabled"),
    ] {
        let refused = make_by(&world, &world.robot(), more).expect(400);
        assert!(refused.error().contains(says), "{refused}");
    }
    for (changes, says) in [
        (json!({"schedule": null}), "schedule: null"),
        (json!({"schedule": "x"}), "schedule: 'x' has 1 fields"),
        (json!({"enabled": null}), "enabled: null"),
        (json!({"request_data": {"x": 1.5}}), "request_data.x"),
    ] {
        let refused = patch(&world, &world.robot(), changes).expect(400);
        assert!(refused.error().contains(says), "{refused}");
    }
    patch(&world, &world.robot(), json!({"name": "s"})).expect(200);
}

#[test]
fn a_project_has_at_most_fifty() {
    let world = world();
    for number in 0..50 {
        make(&world, json!({"name": format!("s{number}")}));
    }
    let refused = make_by(&world, &world.robot(), json!({})).expect(400);
    assert!(refused.error().contains("at most 50"), "{refused}");
    let path = world.path("/schedules/s7");
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    make(&world, json!({}));
}

#[test]
fn to_make_and_to_change_one_needs_the_right_to_request_its_object_besides() {
    let world = world();
    world.allow_custom_roles();
    let path = world.path("/roles");
    let role = json!({"name": "planner", "permissions": ["request_schedules.create", "request_schedules.update"]});
    world.call(&world.owner(), "POST", &path, role).expect(201);
    let planner = world.service_user(&["planner"]);
    let refused = make_by(&world, &planner, json!({})).expect(403);
    assert!(
        refused.error().contains("deployments.requests.create"),
        "{refused}"
    );
    make(&world, json!({}));
    let refused = patch(&world, &planner, json!({"timeout": 20})).expect(403);
    assert!(
        refused.error().contains("deployments.requests.create"),
        "{refused}"
    );
    // On the object alone is enough.
    world.assign_on("deployment", "d", "deployment-request-user", &planner.id);
    patch(&world, &planner, json!({"timeout": 20})).expect(200);
    make_by(&world, &planner, json!({"name": "t"})).expect(201);
    // And without the permission on the project it is none.
    let user = world.service_user(&["deployment-request-user"]);
    make_by(&world, &user, json!({"name": "u"})).expect(403);
}

#[test]
fn a_tick_makes_one_request_which_is_found_by_its_schedule() {
    let world = world();
    make(&world, json!({}));
    make(&world, json!({"name": "other", "schedule": "0 0 1 1 *"}));
    world.minute();
    assert_eq!(made(&world), 0);
    minutes(&world, 2);
    assert_eq!(made(&world), 2);
    let list = |query: &str| {
        let path = world.path(&format!("/deployments/d/requests?{query}"));
        world.get(&world.robot(), &path).expect(200).json()
    };
    let found = list("request_schedule=s");
    let records = found.as_array().unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(list("request_schedule=other"), json!([]));
    assert_eq!(list("request_schedule=none"), json!([]));
    let path = world.path("/requests?object_type=deployment&request_schedule=s");
    let overview = world.get(&world.owner(), &path).expect(200).json();
    assert_eq!(overview.as_array().unwrap().len(), 2);
    let id = records[0]["id"].as_str().unwrap();
    let path = world.path(&format!("/deployments/d/requests/{id}"));
    let record = world.get(&world.robot(), &path).expect(200).json();
    let shown = ["status", "request_data", "result", "timeout"].map(|name| record[name].clone());
    assert_eq!(
        shown,
        [
            json!("completed"),
            json!({"x": 1}),
            json!({"y": 2}),
            json!(14_400)
        ]
    );
    assert_eq!(record["origin"], json!({"created_by": world.robot().email}));
    let header = |name: &str| {
        let call = world.upstream.calls()[1].clone();
        let found = call
            .outgoing
            .headers
            .into_iter()
            .find(|(known, _)| known == name);
        found.map(|(_, value)| value).unwrap_or_default()
    };
    assert_eq!(
        header("tenantry-caller"),
        format!("{} service_user", world.robot().id)
    );
    // A deleted schedule leaves its requests.
    let path = world.path("/schedules/s");
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    minutes(&world, 2);
    assert_eq!((made(&world), list("request_schedule=s")), (2, json!([])));
}

#[test]
fn a_plain_input_is_sent_as_it_is_given() {
    let world = world();
    world.execute(
        "UPDATE deployments SET input_type = 'plain', input_fields = '[]'",
        [],
    );
    make(&world, json!({"request_data": "a text"}));
    make(&world, json!({"name": "t", "request_data": [1, 2.50]}));
    minutes(&world, 1);
    let mut sent: Vec<_> = world
        .upstream
        .calls()
        .into_iter()
        .map(|call| String::from_utf8(call.outgoing.body.to_vec()).unwrap())
        .collect();
    sent.sort();
    assert_eq!(sent, ["[1,2.5]", "a text"]);
    assert_eq!(shown(&world)["request_data"], "a text");
}

#[test]
fn the_same_tick_run_twice_makes_one_record() {
    let world = world();
    make(&world, json!({}));
    let before = world.count("SELECT next_tick FROM request_schedules");
    minutes(&world, 1);
    // As a second run finds it that has read the schedule before the first one wrote.
    world.execute("UPDATE request_schedules SET next_tick = ?1", [before]);
    world.minute();
    assert_eq!((made(&world), world.upstream.calls().len()), (1, 1));
    // And as one that writes after it: the schedule has moved on.
    let racing = world.clone();
    world.pass(MINUTE);
    let first = std::cell::Cell::new(true);
    world.upstream.answering(move |_| {
        if first.replace(false) {
            racing.minute();
        }
        Reply::json(&json!({"y": 2}))
    });
    world.minute();
    assert_eq!((made(&world), world.upstream.calls().len()), (2, 2));
}

#[test]
fn a_run_that_did_not_come_for_an_hour_skips_all_but_ten_minutes() {
    let world = world();
    make(&world, json!({}));
    make(
        &world,
        json!({"name": "hourly", "schedule": "*/30 * * * *"}),
    );
    world.pass(HOUR);
    world.minute();
    let of = |name: &str| {
        let path = world.path(&format!(
            "/deployments/d/requests?request_schedule={name}&status=completed,failed"
        ));
        let waiting = world.path(&format!(
            "/deployments/d/requests?request_schedule={name}&status=pending"
        ));
        [path, waiting]
            .map(|path| {
                let found = world.get(&world.robot(), &path).expect(200).json();
                found.as_array().unwrap().len()
            })
            .iter()
            .sum::<usize>()
    };
    assert_eq!(of("s"), 10);
    assert!(of("hourly") <= 1);
    minutes(&world, 1);
    assert_eq!(of("s"), 11);
}

#[test]
fn what_its_author_may_not_run_any_more_has_failed_and_after_ten_it_is_switched_off() {
    let world = world();
    let author = world.service_user(&["project-editor"]);
    make_by(&world, &author, json!({})).expect(201);
    minutes(&world, 1);
    assert_eq!(world.upstream.calls().len(), 1);
    delete_service_user(&world, &author);
    minutes(&world, 9);
    assert_eq!(shown(&world)["enabled"], true);
    minutes(&world, 3);
    assert_eq!(shown(&world)["enabled"], false);
    let failed = "SELECT count(*) FROM requests WHERE status = 'failed' AND error_message LIKE '%may not make requests%'";
    assert_eq!((world.count(failed), made(&world)), (10, 11));
    assert_eq!(world.upstream.calls().len(), 1);
    // Who switches it on again is its author.
    patch(&world, &world.robot(), json!({"enabled": true})).expect(200);
    minutes(&world, 2);
    assert_eq!((made(&world), world.upstream.calls().len()), (13, 3));
    assert_eq!(shown(&world)["enabled"], true);
}

#[test]
fn one_that_could_be_made_forgives_the_refusals_before_it() {
    let world = world();
    make(&world, json!({}));
    let suspend = |value: &str| {
        world.execute(
            &format!("UPDATE projects SET suspended_by = {value} WHERE name = 'vision'"),
            [],
        )
    };
    suspend("'operator'");
    minutes(&world, 9);
    suspend("NULL");
    minutes(&world, 1);
    suspend("'operator'");
    minutes(&world, 9);
    assert_eq!(shown(&world)["enabled"], true);
    minutes(&world, 1);
    assert_eq!(shown(&world)["enabled"], false);
}

#[test]
fn one_that_is_switched_off_makes_nothing() {
    let world = world();
    make(&world, json!({"enabled": false}));
    minutes(&world, 2);
    assert_eq!(made(&world), 0);
    patch(&world, &world.robot(), json!({"enabled": true})).expect(200);
    minutes(&world, 1);
    assert_eq!(made(&world), 1);
    patch(&world, &world.robot(), json!({"schedule": "0 0 1 1 *"})).expect(200);
    minutes(&world, 2);
    assert_eq!(made(&world), 1);
}

/// The schedule `s` goes with this version of the object at this path, and `t`, which names none, with the object.
fn goes_with(world: &World, object: &str, version: &str) {
    let path = world.path(object);
    let default = json!({"default_version": null});
    world
        .call(&world.owner(), "PATCH", &path, default)
        .expect(200);
    let version = format!("{path}/versions/{version}");
    world
        .call(&world.owner(), "DELETE", &version, Json::Null)
        .expect(204);
    world
        .get(&world.owner(), &world.path("/schedules/s"))
        .expect(404);
    // Without a default version it makes nothing, and is switched off after ten ticks.
    minutes(world, 10);
    let of_all = world.path("/schedules/t");
    let left = world.get(&world.owner(), &of_all).expect(200).json();
    assert_eq!((left["enabled"].clone(), made(world)), (json!(false), 0));
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    world.get(&world.owner(), &of_all).expect(404);
}

#[test]
fn it_goes_with_its_deployment_and_with_its_version() {
    let world = world();
    make(&world, json!({"version": "v1"}));
    make(&world, json!({"name": "t"}));
    assert_eq!(shown(&world)["version"], "v1");
    let rename = json!({"name": "renamed"});
    world
        .call(
            &world.owner(),
            "PATCH",
            &world.path("/deployments/d"),
            rename,
        )
        .expect(200);
    assert_eq!(shown(&world)["object_name"], "renamed");
    goes_with(&world, "/deployments/renamed", "v1");
}

#[test]
fn where_too_many_wait_already_it_has_failed() {
    let world = world();
    make(&world, json!({}));
    world.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id,
           caller, time_created, timeout, input_size, retention_mode, retention_time, due_at)
         SELECT v.project_id, printf('00000000-0000-7000-8000-%012d', i), v.organization_id, 'deployment', v.deployment_id, v.id,
           'batch', 'pending', 'somebody', 'somebody', ?1, 300, 1, 'full', 604800, 9000000000000
         FROM n JOIN deployment_versions v",
        [world.now().as_millis()],
    );
    minutes(&world, 1);
    let failed =
        "SELECT count(*) FROM requests WHERE kind = 'schedule' AND error_message LIKE 'too many%'";
    assert_eq!(world.count(failed), 1);
}

#[test]
fn projects_fire_in_turn() {
    let world = world();
    make(&world, json!({"name": "late", "schedule": "* * * * *"}));
    // Four hundred of other projects are due, and have been for longer.
    world.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
         INSERT INTO request_schedules
         SELECT printf('00000000-0000-4000-8000-%012d', i), s.organization_id, p.id, 'n' || i, s.object_type, s.object_id,
           s.version_id, s.schedule, s.request_data, s.content_type, s.body, s.timeout, 1, '', '{}', 0, 'nobody', 'nobody', 0, s.next_tick - 60000
         FROM n JOIN request_schedules s JOIN projects p ON p.name = 'audio'",
        [],
    );
    world.pass(MINUTE);
    world.minute();
    let late = "SELECT count(*) FROM requests WHERE project_id = (SELECT id FROM projects WHERE name = 'vision')";
    assert_eq!(world.count(late), 1);
    let fired = world.count(
        "SELECT count(*) FROM request_schedules WHERE next_tick > 0 AND name LIKE 'n%'
        AND next_tick > (SELECT next_tick - 60000 FROM request_schedules WHERE name = 'late')",
    );
    assert!(fired < 400, "{fired}");
}

/// Makes the schedule `s` of the pipeline `p`, which runs the deployment `d`.
fn make_of_pipeline(world: &World, by: &Caller, more: Json) -> Json {
    world.pipeline_of("p", "deployment", "d");
    make_by(world, by, of_pipeline(more)).expect(201).json()
}

fn of_pipeline(more: Json) -> Json {
    let mut body =
        json!({"object_type": "pipeline", "object_name": "p", "request_data": {"in": 1}});
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    body
}

#[test]
fn a_tick_of_a_pipelines_schedule_runs_the_pipeline() {
    let world = world();
    let created = make_of_pipeline(&world, &world.robot(), json!({"version": "v2"}));
    let named = ["object_type", "object_name", "version", "request_data"];
    assert_eq!(
        named.map(|name| created[name].clone()),
        [json!("pipeline"), json!("p"), json!("v2"), json!({"in": 1})]
    );
    assert_eq!(shown(&world), created);
    let refused = patch(&world, &world.robot(), json!({"request_data": {"x": 1}})).expect(400);
    assert!(refused.error().contains("request_data.in"), "{refused}");
    patch(&world, &world.robot(), json!({"request_data": {"in": 3}})).expect(200);
    minutes(&world, 1);
    // Its own record, and that of the object, which no schedule has made.
    assert_eq!(made(&world), 2);
    assert_eq!(
        world.count("SELECT count(*) FROM requests WHERE kind = 'schedule' AND parent_id IS NULL"),
        1
    );
    let path = world.path("/pipelines/p/requests?request_schedule=s");
    let listed = world.get(&world.owner(), &path).expect(200).json();
    let records = listed.as_array().unwrap();
    assert_eq!(records.len(), 1);
    let path = world.path(&format!(
        "/pipelines/p/requests/{}",
        records[0]["id"].as_str().unwrap()
    ));
    let record = world.get(&world.owner(), &path).expect(200).json();
    let named = [
        "status",
        "version",
        "request_data",
        "result",
        "pipeline_timeout",
    ];
    assert_eq!(
        named.map(|name| record[name].clone()),
        [
            json!("completed"),
            json!("v2"),
            json!({"in": 3}),
            json!({"out": 2}),
            json!(14_400)
        ]
    );
    let path = world.path("/deployments/d/requests?request_schedule=s");
    assert_eq!(
        world.get(&world.owner(), &path).expect(200).json(),
        json!([])
    );
    assert_eq!(
        world.upstream.calls()[0].outgoing.body.to_vec(),
        br#"{"x":3}"#
    );
}

#[test]
fn a_schedule_of_a_pipeline_needs_the_right_to_request_that() {
    let world = world();
    world.allow_custom_roles();
    let path = world.path("/roles");
    let role = json!({"name": "planner", "permissions": ["request_schedules.create", "request_schedules.update"]});
    world.call(&world.owner(), "POST", &path, role).expect(201);
    let planner = world.service_user(&["planner", "deployment-request-user"]);
    make_of_pipeline(&world, &world.robot(), json!({}));
    world.pipeline("q");
    world.assign_on("pipeline", "q", "pipeline-request-user", &planner.id);
    for refused in [
        make_by(&world, &planner, of_pipeline(json!({"name": "t"}))),
        patch(&world, &planner, json!({"timeout": 20})),
    ] {
        let refused = refused.expect(403);
        let says = "pipelines.requests.create";
        assert!(refused.error().contains(says), "{refused}");
    }
    world.assign_on("pipeline", "p", "pipeline-request-user", &planner.id);
    patch(&world, &planner, json!({"timeout": 20})).expect(200);
    make_by(&world, &planner, of_pipeline(json!({"name": "t"}))).expect(201);
}

#[test]
fn a_pipeline_that_its_author_may_not_request_any_more_is_switched_off() {
    let world = world();
    let author = world.service_user(&["project-editor"]);
    make_of_pipeline(&world, &author, json!({}));
    delete_service_user(&world, &author);
    minutes(&world, 12);
    assert_eq!(shown(&world)["enabled"], false);
    let failed =
        "SELECT count(*) FROM requests WHERE status = 'failed' AND object_type = 'pipeline'
                  AND error_message LIKE '%may not make requests%'";
    assert_eq!((world.count(failed), made(&world)), (10, 10));
    assert!(world.upstream.calls().is_empty());
}

#[test]
fn one_whose_author_may_request_the_pipeline_and_not_what_is_in_it_is_switched_off_too() {
    for mode in ["full", "none"] {
        let world = world();
        world.allow_custom_roles();
        let path = world.path("/roles");
        let role = json!({"name": "planner", "permissions": ["request_schedules.create"]});
        world.call(&world.owner(), "POST", &path, role).expect(201);
        let author = world.service_user(&["planner", "pipeline-request-user"]);
        make_of_pipeline(&world, &author, json!({}));
        world.execute(
            "UPDATE pipeline_versions SET settings = ?1",
            [json!({"request_retention_mode": mode}).to_string()],
        );
        minutes(&world, 9);
        // One that runs forgives those before it.
        let path = world.path("/role-assignments");
        let lent = world.assign_on("deployment", "d", "deployment-request-user", &author.id);
        minutes(&world, 1);
        assert_eq!(world.upstream.calls().len(), 1, "{mode}");
        world
            .call(
                &world.owner(),
                "DELETE",
                &format!("{path}/{lent}"),
                Json::Null,
            )
            .expect(204);
        minutes(&world, 9);
        assert_eq!(shown(&world)["enabled"], true, "{mode}");
        minutes(&world, 3);
        assert_eq!(shown(&world)["enabled"], false, "{mode}");
        assert_eq!(world.upstream.calls().len(), 1, "{mode}");
        let refused = "SELECT count(*) FROM requests WHERE status = 'failed' AND credits = 0 AND input_size > 0
                       AND error_message LIKE 'the object ''d'' of the pipeline is the deployment%'";
        let kept = if mode == "none" { 0 } else { 19 };
        assert_eq!(world.count(refused), kept, "{mode}");
    }
}

#[test]
fn it_goes_with_its_pipeline_and_with_its_version() {
    let world = world();
    make_of_pipeline(&world, &world.robot(), json!({"version": "v2"}));
    let second = of_pipeline(json!({"name": "t"}));
    make_by(&world, &world.robot(), second).expect(201);
    goes_with(&world, "/pipelines/p", "v2");
}

#[test]
fn no_schedule_takes_the_name_of_another() {
    let world = world();
    make(&world, json!({}));
    make(&world, json!({"name": "taken"}));
    patch(&world, &world.robot(), json!({"name": "taken"})).refused(400, "name: ");
}

#[test]
fn who_may_still_make_requests_but_loses_the_right_to_schedules_meanwhile_changes_none() {
    let world = world();
    make(&world, json!({}));
    let role = world.custom_role(&["request_schedules.update"]);
    let planner = world.service_user(&[&role]);
    world.assign_on("deployment", "d", "deployment-request-user", &planner.id);
    let call = Call::new("PATCH", world.path("/schedules/s")).by(&planner);
    let call = call.json(&json!({"timeout": 20}));
    let lost = move |world: &World| {
        world.execute(
            "DELETE FROM role_assignments WHERE resource_type = 'project' AND assignee_id = ?1",
            [&planner.id],
        );
    };
    world.send_while(2, lost, call).expect(403);
    assert_ne!(shown(&world)["timeout"], 20);
}

/// A new schedule has a round trip more, in which the fields of its object are read.
#[test]
fn who_may_still_make_requests_but_loses_the_right_to_schedules_meanwhile_makes_none() {
    let world = world();
    let role = world.custom_role(&["request_schedules.create"]);
    let planner = world.service_user(&[&role]);
    world.assign_on("deployment", "d", "deployment-request-user", &planner.id);
    let call = Call::new("POST", world.path("/schedules")).by(&planner);
    let call = call.json(&body(json!({})));
    let lost = move |world: &World| {
        world.execute(
            "DELETE FROM role_assignments WHERE resource_type = 'project' AND assignee_id = ?1",
            [&planner.id],
        );
    };
    world.send_while(3, lost, call).expect(403);
}
