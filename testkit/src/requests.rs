//! A plausible call for every route of the table: what the matrix of rights, the faults and the growth test send.
//!
//! A new route needs a line here where it has a parameter or a body that is not known yet; the tests say so.

use serde_json::{Value as Json, json};

use tenantry::routes::Route;

use crate::call::Call;
use crate::cast::Caller;
use crate::records;
use crate::upstream::Reply;
use crate::world::{HOUR, ORGANIZATION, PROJECT, World};

/// A call of this route that goes well for whoever may make it. What it is about is made for it, past the callers of
/// the world, so that nobody is asked to delete themselves.
pub fn plausible(world: &World, route: &Route) -> Call {
    if route.operation == "deployment_requests_result_create" {
        return result(world);
    }
    let call = Call::new(route.method.as_str(), target(world, route));
    let call = match route.path.starts_with("/session") {
        true => call.on_console(),
        false => call,
    };
    match body(world, route) {
        Json::Null => call,
        body => call.json(&body),
    }
}

/// The secret of a link by which the owner may sign in.
pub fn sign_in_link(world: &World, person: &Caller) -> String {
    let path = format!("/operator/v1/users/{}/sign-in-link", person.id);
    let made = world.call(&world.operator(), "POST", &path, json!({}));
    let link = made.expect(201).text("link");
    link.split_once("#link=").unwrap().1.to_owned()
}

/// The result of a request that the upstream of the deployment `x1` has taken on.
fn result(world: &World) -> Call {
    world.served("x1");
    let id = records::record(
        world,
        "deployment",
        "x1",
        json!({"status": "processing", "kind": "batch"}),
    );
    world.execute(
        "UPDATE requests SET lease_end = ?1, leased = 0, leased_time = 0, price = 0, result_deadline = ?1, day = 0 WHERE id = ?2",
        (world.now().as_millis() + HOUR, &id),
    );
    world.result_call(&id, br#"{"y":2}"#)
}

fn target(world: &World, route: &Route) -> String {
    if route.path.ends_with("/access-keys/{access_key}") {
        let (holder, key) = with_an_access_key(world);
        return world.path(&format!("/service-users/{holder}/access-keys/{key}"));
    }
    let segments = route.path.split('/').map(|segment| {
        match segment
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        {
            Some(name) => parameter(world, route, name),
            None => segment.to_owned(),
        }
    });
    let path = segments.collect::<Vec<_>>().join("/");
    match route.operation {
        "origins_check" => format!("{path}?origin=https://app.example.com"),
        "permissions_check" => format!(
            "{path}?permission=projects.get&assignee={}",
            world.viewer().id
        ),
        "time_series_data_list" => format!("{path}?metric=deployments.requests"),
        "project_requests_list" => format!("{path}?object_type=deployment"),
        _ => path,
    }
}

/// The id of a request to what the route is about: one that waits, where it is to be cancelled.
fn record_of(world: &World, route: &Route) -> String {
    let kind = match route.path.contains("{pipeline_name}") {
        true => "pipeline",
        false => "deployment",
    };
    let cancels = ["_update", "_batch_cancel"];
    let status = match cancels.iter().any(|end| route.operation.ends_with(end)) {
        true => "pending",
        false => "completed",
    };
    records::record(world, kind, "x1", json!({"status": status}))
}

fn parameter(world: &World, route: &Route, name: &str) -> String {
    match name {
        "user_id" if route.path.contains("{project_name}") => world.viewer().id,
        "role_name" if route.method.as_str() != "GET" => world.custom_role(&["projects.get"]),
        "deployment_name" => {
            world.deployment("x1");
            "x1".to_owned()
        }
        "pipeline_name" => {
            world.pipeline("x1");
            "x1".to_owned()
        }
        "organization_name" => ORGANIZATION.to_owned(),
        "project_name" => PROJECT.to_owned(),
        "service_user_id" => service_user_with_a_grace(world).id,
        "user_id" if route.operation == "organization_users_sign_in_link" => {
            let path = format!("/v2.1/organizations/{ORGANIZATION}/users");
            let invited = json!({"email": "invited@example.com"});
            let made = world.call(&world.operator(), "POST", &path, invited);
            made.expect(201).text("id")
        }
        "user_id" => {
            let somebody = world.person("somebody");
            if route.path.contains("{organization_name}") {
                world.join(ORGANIZATION, &somebody, false);
            }
            if route.operation == "operator_users_sessions_delete" {
                // Something that would end with their sessions.
                sign_in_link(world, &somebody);
            }
            somebody.id
        }
        "session_id" => {
            let connection = world.database.connection();
            let sessions = "SELECT max(id) FROM tokens WHERE session_method IS NOT NULL";
            let id: Option<String> = connection
                .query_row(sessions, [], |row| row.get(0))
                .unwrap();
            id.unwrap_or_else(|| world.owner().id)
        }
        "code" => {
            let voucher = json!({"code": "WORKSHOP-1", "description": "A workshop"});
            let made = world.call(&world.operator(), "POST", "/operator/v1/vouchers", voucher);
            made.expect(201).text("code")
        }
        "subscription_name" => "premium".to_owned(),
        "role_name" => "project-viewer".to_owned(),
        "assignment_id" => world.assign(PROJECT, "project-viewer", &world.idle().id),
        "service_name" => service(world, route),
        "service_id" => {
            service(world, route);
            world.serve("x1", json!({"base_url": "https://models.acme.com/base"}));
            world.upstream.answering(|_| Reply::json(&json!({})));
            let connection = world.database.connection();
            let id = connection.query_row("SELECT id FROM services", [], |row| row.get(0));
            id.unwrap()
        }
        "path" => "v1/x".to_owned(),
        "instance_type" => "512mb".to_owned(),
        "version" => {
            if matches!(route.operation, "upstreams_get" | "upstreams_delete") {
                with_an_upstream(world);
            }
            "v1".to_owned()
        }
        "environment_name" => "external".to_owned(),
        "tag" => "latest".to_owned(),
        "revision_id" => with_an_upstream(world).1,
        "variable_id" => {
            let (place, _) = route.path.split_once("/{variable_id}").unwrap();
            let place = place
                .replace("{project_name}", PROJECT)
                .replace("{deployment_name}", "x1")
                .replace("{version}", "v1");
            variable(world, &place)
        }
        "request_id" => record_of(world, route),
        "webhook_name" => {
            world.deployment("x1");
            let made = world.call(
                &world.operator(),
                "POST",
                &world.path("/webhooks"),
                webhook(),
            );
            made.expect(201).text("name")
        }
        "test_id" => {
            world.deployment("x1");
            let path = world.path("/webhooks-tests");
            let made = world.call(&world.operator(), "POST", &path, webhook());
            made.expect(201).text("id")
        }
        "schedule_name" => {
            world.deployment("x1");
            let made = world.call(
                &world.operator(),
                "POST",
                &world.path("/schedules"),
                schedule(),
            );
            made.expect(201).text("name")
        }
        "project_id" => world.project_id(),
        "workspace_id" => world.workspace(),
        "resource" => "exemlProject.gpu_duration".to_owned(),
        "file" => "start.js".to_owned(),
        other => panic!("say in support/requests.rs what stands for {{{other}}}"),
    }
}

/// A schedule of the deployment `x1`.
fn schedule() -> Json {
    json!({"name": "x1", "object_type": "deployment", "object_name": "x1", "schedule": "0 6 * * *", "request_data": {"x": 1}})
}

/// A webhook of the deployment `x1`.
fn webhook() -> Json {
    json!({"name": "x1", "object_type": "deployment", "object_name": "x1", "event": "deployment_request_completed",
        "url": "https://shop.acme.com/told", "headers": [{"key": "X-Key", "value": "x", "protected": true}]})
}

/// The name of a new service, in which the viewer has limits unless the route is to make one.
fn service(world: &World, route: &Route) -> String {
    world.deployment("x1");
    let path = world.path("/services");
    let body = json!({"name": "x1", "deployment": "x1"});
    let made = world.call(&world.operator(), "POST", &path, body);
    made.expect(201);
    if route.method.as_str() != "POST" {
        for kind in ["rate", "concurrency"] {
            let path = format!("{path}/x1/user-{kind}-limits");
            let body = json!({"user_id": world.viewer().id, "limit": 1});
            let made = world.call(&world.operator(), "POST", &path, body);
            made.expect(201);
        }
    }
    "x1".to_owned()
}

/// The id of a new variable at a place.
fn variable(world: &World, place: &str) -> String {
    let body = json!({"name": "X1", "value": "x"});
    let made = world.call(&world.operator(), "POST", place, body);
    made.expect(201).text("id")
}

/// Gives the version `v1` of the deployment `x1` an upstream; its secret, and the id of its revision.
fn with_an_upstream(world: &World) -> (String, String) {
    let path = world.path("/deployments/x1/versions/v1/upstream");
    let body = json!({"upstream_url": "https://models.acme.com/x1"});
    let made = world
        .call(&world.operator(), "PUT", &path, body)
        .expect(200);
    (made.text("upstream_secret"), made.text("revision"))
}

/// A service user of the project without a role, and its only access key.
fn with_an_access_key(world: &World) -> (String, String) {
    let holder = world.service_user(&[]).id;
    let path = world.path(&format!("/service-users/{holder}/access-keys"));
    let made = world.call(&world.owner(), "POST", &path, Json::Null);
    (holder, made.expect(201).text("access_key"))
}

/// A service user of the project without a role, with an origin, whose previous token still works.
fn service_user_with_a_grace(world: &World) -> Caller {
    let body = json!({"name": "target", "allowed_cors_origins": ["https://target.example"]});
    let made = world.service_user_of(PROJECT, &[], body);
    let path = world.path(&format!("/service-users/{}/token?grace=600", made.id));
    let reset = world.call(&world.owner(), "PUT", &path, Json::Null);
    reset.expect(200);
    made
}

fn body(world: &World, route: &Route) -> Json {
    match route.operation {
        _ if !matches!(route.method.as_str(), "POST" | "PUT" | "PATCH") => Json::Null,
        operation if operation.ends_with("_requests_update") => json!({"status": "cancelled"}),
        operation
            if ["_batch_get", "_batch_delete", "_batch_cancel"]
                .iter()
                .any(|end| operation.ends_with(end)) =>
        {
            json!([record_of(world, route)])
        }
        operation if operation.starts_with("openai_requests_") => {
            world.served_to_openai("x1", "m");
            world.upstream.answering(|_| Reply::json(&json!({})));
            json!({"model": "ubiops-deployment/x1/v1/m"})
        }
        operation if operation.contains("_requests_") => Json::Null,
        operation @ ("webhooks_create" | "webhook_tests_create") => {
            world.deployment("x1");
            let mut body = webhook();
            if operation == "webhook_tests_create" {
                body.as_object_mut().unwrap().remove("name");
            }
            body
        }
        "session_create" => json!({"token": world.owner().token}),
        "session_link_preview" => json!({"link": sign_in_link(world, &world.owner())}),
        "operator_users_sign_in_link" | "organization_users_sign_in_link" => json!({"hours": 1}),
        "session_link_create" | "session_token_put" => Json::Null,
        "webhooks_update" => json!({"timeout": 20}),
        "request_schedules_create" => {
            world.deployment("x1");
            schedule()
        }
        "request_schedules_update" => json!({"schedule": "0 7 * * *"}),
        "operator_users_token" | "service_users_token" | "projects_log_list" => Json::Null,
        "operator_users_create" => json!({"email": "new@example.com"}),
        "organizations_create" => {
            json!({"name": "initech", "admin_email": world.owner().email})
        }
        "operator_instance_types_put" => json!({"credits_per_hour": 0.5}),
        "operator_usage_events_create" => json!([{
            "id": "new", "project": PROJECT, "object_type": "deployment_version", "object_name": "x1",
            "version": "x1", "metric": "credits", "value": 1, "timestamp": "2026-06-14",
        }]),
        "organizations_update" => json!({"name": "acme-renamed"}),
        "organization_users_create" => json!({"email": "new@example.com"}),
        "organization_users_update" => json!({"admin": true}),
        "operator_vouchers_create" => json!({"code": "WORKSHOP-2", "description": "A workshop"}),
        "operator_subscriptions_put" => json!({"description": "A plan", "self_service": true}),
        "projects_create" => json!({"name": "new", "organization_name": ORGANIZATION}),
        "projects_update" => {
            json!({"labels": {"a": "b"}, "cors_origins": ["https://new.example"]})
        }
        "service_users_create" => {
            json!({"name": "new", "allowed_cors_origins": ["https://new.example"]})
        }
        "service_users_update" => {
            json!({"name": "renamed", "allowed_cors_origins": ["https://renamed.example"]})
        }
        "project_users_create" => json!({"user_id": world.member().id}),
        "roles_create" => {
            world.allow_custom_roles();
            json!({"name": "new", "permissions": ["projects.get"]})
        }
        "roles_update" => json!({"name": "renamed", "permissions": ["projects.get"]}),
        "deployments_create" | "pipelines_create" => {
            json!({"name": "new", "input_type": "plain", "output_type": "plain"})
        }
        "deployments_update" | "pipelines_update" => json!({"description": "changed"}),
        "deployment_versions_create" | "pipeline_versions_create" => json!({"version": "v2"}),
        "deployment_versions_update" | "pipeline_versions_update" => {
            json!({"version": "v2", "labels": {"a": "b"}})
        }
        operation if operation.starts_with("service_calls_") => Json::Null,
        "services_create" => {
            world.deployment("x1");
            json!({"name": "new", "deployment": "x1"})
        }
        "services_update" => json!({"description": "changed"}),
        operation if operation.starts_with("services_user_") && operation.ends_with("_create") => {
            json!({"user_id": world.viewer().id, "limit": 2})
        }
        operation if operation.starts_with("services_user_") => json!({"limit": 2}),
        "upstreams_put" => json!({"upstream_url": "https://models.acme.com/x1"}),
        "role_assignments_create" => {
            json!({"role": "project-viewer", "assignee": world.idle().id})
        }
        "access_keys_create" => Json::Null,
        operation if operation.ends_with("_environment_variables_create") => {
            json!({"name": "X2", "value": "x", "secret": true})
        }
        operation if operation.ends_with("_environment_variables_update") => {
            json!({"value": "y"})
        }
        operation if operation.ends_with("_environment_variables_copy") => {
            world.deployment("x2");
            variable(world, &world.path("/deployments/x2/environment-variables"));
            json!({"source_deployment": "x2"})
        }
        "operator_quota_resources_set" => json!({
            "name_en": "Hours", "unit_en": "hour", "min_quota": -1, "max_quota": 100,
        }),
        "create_workspace" => json!({
            "name": "training", "auth_type": "INTERNAL", "grants": [{"user_name": "somebody@example.com"}],
        }),
        "update_workspace" => json!({"description": "at night"}),
        "update_workspace_quotas" => {
            json!({"quotas": [{"resource": "exemlProject.gpu_duration", "quota": 10}]})
        }
        "consume_workspace_quota" => {
            json!({"id": "run-1", "resource": "exemlProject.gpu_duration", "amount": 5})
        }
        other => panic!("say in support/requests.rs with which body {other} goes well"),
    }
}
