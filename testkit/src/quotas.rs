//! Quotas of workspaces, set and shown.

use serde_json::{Value as Json, json};

use crate::{Answer, World};

/// Sets quotas of a workspace.
pub fn put(world: &World, workspace: &str, body: Json) -> Answer {
    let target = world.workspaces(&format!("/{workspace}/quotas"));
    world.call(&world.robot(), "PUT", &target, body)
}

/// The body that sets one quota.
pub fn one(resource: &str, quota: impl Into<Json>) -> Json {
    json!({"quotas": [{"resource": resource, "quota": quota.into()}]})
}

/// The quota of a resource in a workspace, as it is shown.
pub fn shown(world: &World, workspace: &str, resource: &str) -> Json {
    let target = world.workspaces(&format!("/{workspace}/quotas"));
    let all = world.get(&world.viewer(), &target).expect(200).json();
    let all = all["quotas"].as_array().unwrap().clone();
    let found = all.into_iter().find(|item| item["resource"] == resource);
    found.unwrap()
}
