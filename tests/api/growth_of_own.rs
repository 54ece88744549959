//! What a call costs does not grow with what its caller has made: the work of SQLite and the bytes that it answers are
//! bounded by what the call sends and what it is shown (contract section 4, *What one caller can cost*).
//!
//! Each route is called beside eight of everything that a caller may own and beside twenty-four, and beside eight that
//! hold a lot of text: versions, objects and mappings, grants, roles on objects, origins, labels, audit rows, usage.

use serde_json::{Value as Json, json};

use tenantry::routes;

use testkit::requests::plausible;
use testkit::{Call, Caller, World};

/// Calls whose work is to go through what somebody owns, and what that is. All of it is bounded by limits of its own or
/// gone through once.
const MAY_GROW: &[(&str, &str)] = &[
    (
        "deployment_requests_batch_create",
        "the fields of the deployment, which a body is held against: 64 KiB at most",
    ),
    (
        "deployment_requests_create",
        "the fields of the deployment, which a body is held against: 64 KiB at most",
    ),
    (
        "deployment_requests_stream",
        "the fields of the deployment, which a body is held against: 64 KiB at most",
    ),
    (
        "deployment_requests_result_create",
        "the fields of the deployment, which come with all that a request is forwarded with: 64 KiB at most",
    ),
    (
        "openai_requests_chat_completions",
        "the labels of the version, which name its models: 64 KiB at most",
    ),
    (
        "openai_requests_completions",
        "the labels of the version, which name its models: 64 KiB at most",
    ),
    (
        "openai_requests_embeddings",
        "the labels of the version, which name its models: 64 KiB at most",
    ),
    (
        "openai_requests_responses",
        "the labels of the version, which name its models: 64 KiB at most",
    ),
    (
        "openai_models_list",
        "all versions of the project's deployments, whose labels are read",
    ),
    (
        "permissions_mine",
        "the roles of the caller, which it lists: 500 assignments at most",
    ),
    (
        "pipeline_requests_batch_create",
        "the fields of the pipeline, which a body is held against: 64 KiB at most",
    ),
    (
        "pipeline_requests_create",
        "the fields of the pipeline, which a body is held against: 64 KiB at most",
    ),
    (
        "pipeline_requests_stream",
        "the fields of the pipeline, which a body is held against: 64 KiB at most",
    ),
    (
        "request_schedules_create",
        "the fields of its deployment or pipeline, which its data is held against: 64 KiB at most",
    ),
    (
        "request_schedules_get",
        "the same, which come with the schedule",
    ),
    (
        "request_schedules_update",
        "the same, which come with the schedule",
    ),
    (
        "request_schedules_delete",
        "the same, which come with the schedule",
    ),
    (
        "projects_update",
        "the origins that are replaced, 100 at most",
    ),
    ("projects_delete", "all that belongs to the project"),
    (
        "service_calls_get",
        "the fields of the deployment, which come with all that a call is forwarded with: 64 KiB at most",
    ),
    ("service_calls_post", "the same"),
    ("service_calls_put", "the same"),
    ("service_calls_patch", "the same"),
    ("service_calls_delete", "the same"),
    (
        "service_users_delete",
        "the roles and origins of the service user, which go with it",
    ),
    (
        "service_users_update",
        "the origins that are replaced, 100 at most; what the service user can do, each permission on each object once",
    ),
    (
        "service_users_token",
        "what the service user can do, each permission on each object once",
    ),
    ("access_keys_create", "the same"),
    (
        "delete_workspace",
        "the grants of the workspace, which go with it: 64 KiB at most",
    ),
    (
        "project_users_list",
        "the roles of the project, of which one makes somebody its person",
    ),
    (
        "project_users_delete",
        "the roles of the person, which go with the entry",
    ),
    (
        "permissions_check",
        "the roles of whom it is about: it tells by which of them",
    ),
    ("roles_create", "the roles of the caller, once"),
    ("roles_update", "the roles of the caller, once"),
    ("role_assignments_create", "the roles of the caller, once"),
    (
        "deployment_environment_variables_create",
        "the versions of the deployment, whose upstreams may name the secret, each once",
    ),
    (
        "project_environment_variables_create",
        "the upstreams of the project, likewise",
    ),
    (
        "deployments_delete",
        "the versions of the deployment and the roles on it, which go with it",
    ),
    (
        "pipelines_delete",
        "the versions of the pipeline and their objects, which go with it",
    ),
    (
        "pipeline_versions_delete",
        "the objects of the version, which go with it",
    ),
    (
        "deployment_requests_batch_delete",
        "the roles of the caller, once where the change is judged and once where it is made",
    ),
    ("deployment_requests_batch_cancel", "the same"),
    ("deployment_requests_update", "the same"),
    ("deployment_requests_delete", "the same"),
    ("pipeline_requests_batch_delete", "the same"),
    ("pipeline_requests_batch_cancel", "the same"),
    ("pipeline_requests_update", "the same"),
    ("pipeline_requests_delete", "the same"),
    (
        "logs_list",
        "the roles of the caller: whether they have a part in the project",
    ),
    ("projects_log_list", "the same"),
    (
        "project_requests_list",
        "the roles of the caller: whether they have a part in the project, and whether they may list in it",
    ),
];

/// What a call came to.
#[derive(Debug, Clone, Copy)]
struct Cost {
    steps: u64,
    /// What came out of SQLite.
    bytes: u64,
    /// What went to the caller.
    answer: u64,
    is_refused: bool,
}

/// Gives the project so many of everything that a caller may own, with so many bytes of text in each.
fn own(world: &World, rows: usize, bytes: usize) {
    let ids = "SELECT id, organization_id FROM projects WHERE name = 'vision'";
    let connection = world.database.connection();
    let (project, organization): (String, String) = connection
        .query_row(ids, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let text = include_str!("../../testkit/src/own.sql")
        .replace("{rows}", &rows.to_string())
        .replace("{bytes}", &bytes.to_string())
        .replace("{project}", &project)
        .replace("{organization}", &organization);
    connection.execute_batch(&text).unwrap();
}

type Named = (&'static str, fn(&World) -> Caller);

const CALLERS: [Named; 4] = [
    ("owner", World::owner),
    ("admin", World::admin),
    ("editor", World::editor),
    ("robot", World::robot),
];

/// What a call is made of: it makes what it is about, and answers the call.
type Made = Box<dyn Fn(&World) -> Call>;

/// Calls beside the plausible one of each route, which change or show what many things hang on.
fn heavier() -> Vec<(&'static str, Made)> {
    fn call(method: &'static str, path: &'static str, body: Json) -> Made {
        Box::new(move |world| {
            world.deployment("x1");
            world.pipeline("x1");
            let call = Call::new(method, world.path(path));
            match &body {
                Json::Null => call,
                body => call.json(body),
            }
        })
    }
    let fields = json!([{"name": "x", "data_type": "int"}]);
    let object = json!({"name": "a", "reference_name": "x1", "reference_type": "deployment"});
    let attachments = json!([
        {"destination_name": "a", "sources": [
            {"source_name": "pipeline_start", "mapping": [{"source_field_name": "in", "destination_field_name": "x"}]}]},
    ]);
    let version = json!({"version": "new", "objects": [object], "attachments": attachments});
    vec![
        (
            "deployments_update: fields",
            call(
                "PATCH",
                "/deployments/x1",
                json!({"input_fields": fields, "description": "changed"}),
            ),
        ),
        (
            "deployments_update: nothing",
            call("PATCH", "/deployments/x1", json!({"input_fields": fields})),
        ),
        (
            "pipelines_update: fields",
            call(
                "PATCH",
                "/pipelines/x1",
                json!({"input_fields": [{"name": "in", "data_type": "int"}], "description": "changed"}),
            ),
        ),
        (
            "pipeline_versions_create: objects",
            call("POST", "/pipelines/x1/versions", version),
        ),
        (
            "pipeline_versions_get: objects",
            call("GET", "/pipelines/x1/versions/own-1", Json::Null),
        ),
        (
            "projects_audit_list: by action",
            call("GET", "/audit?action=info", Json::Null),
        ),
        (
            "projects_audit_list: far back",
            call("GET", "/audit?limit=1&offset=7", Json::Null),
        ),
    ]
}

fn calls() -> Vec<(&'static str, Made)> {
    // Those to a version are those to the default one.
    let served = routes::table().filter(|route| !route.operation.contains("_version_requests_"));
    let plausible = served.map(|route| {
        let made: Made = Box::new(move |world| plausible(world, route));
        (route.operation, made)
    });
    plausible.chain(heavier()).collect()
}

/// What a call comes to for each of the callers, beside so much.
fn costs(made: &Made, (rows, bytes): (usize, usize)) -> Vec<Cost> {
    let filled = World::new();
    let call = made(&filled);
    own(&filled, rows, bytes);
    let cost = |(_, caller): &Named| {
        let world = filled.copy();
        let answer = world.send(call.clone().by(&caller(&world)));
        assert!(answer.status < 500, "{answer}");
        Cost {
            steps: world.database.steps(),
            bytes: world.database.bytes(),
            answer: answer.body.len() as u64,
            is_refused: answer.status == 403,
        }
    };
    CALLERS.iter().map(cost).collect()
}

/// So much of everything is owned, and with so many bytes of text, when a call is cheap; when there is more of it; and when
/// it is longer.
const FEW: (usize, usize) = (8, 0);
const MANY: (usize, usize) = (24, 0);
const LONG: (usize, usize) = (8, 3_000);

/// How much a call may cost beside what it costs where little is owned. A byte that is shown takes less than a step. Whoever
/// lacks a right has roles without it, which are gone through: two for each row of `own.sql`.
fn allowed(few: Cost, more: Cost) -> (u64, u64) {
    let shown = more.answer.saturating_sub(few.answer);
    let roles = match more.is_refused {
        true => 2 * 20 * (MANY.0 - FEW.0) as u64,
        false => 0,
    };
    (
        few.steps + few.steps / 10 + 100 + shown + roles,
        few.bytes + few.bytes / 10 + 500 + shown,
    )
}

#[test]
fn no_call_costs_more_because_its_caller_owns_more() {
    let mut grown = Vec::new();
    for (name, made) in calls() {
        let is_it = |(operation, _): &&(&str, &str)| *operation == name;
        if MAY_GROW.iter().any(|entry| is_it(&entry)) {
            continue;
        }
        let few = costs(&made, FEW);
        for (what, much) in [("rows", MANY), ("bytes", LONG)] {
            let pairs = few.iter().zip(costs(&made, much)).zip(CALLERS);
            for ((few, more), (caller, _)) in pairs {
                let (steps, bytes) = allowed(*few, more);
                if more.steps > steps || more.bytes > bytes {
                    grown.push(format!(
                        "{name} by {caller}, with more {what}: {few:?} -> {more:?}"
                    ));
                }
            }
        }
    }
    assert!(grown.is_empty(), "{}", grown.join("\n"));
}

#[test]
fn every_call_that_is_excused_is_still_there() {
    let calls = calls();
    for (name, what) in MAY_GROW {
        assert!(
            calls.iter().any(|(known, _)| known == name),
            "{name} ({what})"
        );
    }
}
