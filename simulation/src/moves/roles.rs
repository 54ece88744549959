//! Roles and who has them.

use serde_json::{Value as Json, json};

use super::{in_project, name, project, somebody};
use crate::simulation::{Begin, Simulation};

const PERMISSIONS: [&str; 12] = [
    "projects.get",
    "service_users.create",
    "service_users.token.update",
    "deployments.requests.create",
    "deployments.create",
    "deployments.delete",
    "deployments.versions.create",
    "roles.assignments.create",
    "roles.create",
    "projects.users.create",
    "workspaces.quotas.consume",
    "webhooks.create",
];

fn permissions(simulation: &Simulation) -> Vec<&'static str> {
    let many = 1 + simulation.below(3);
    let mut some: Vec<&str> = (0..many)
        .map(|_| *simulation.one_of(&PERMISSIONS))
        .collect();
    some.sort_unstable();
    some.dedup();
    some
}

/// Makes a custom role.
pub fn make(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let body =
        json!({"name": name(simulation, &["one", "two"]), "permissions": permissions(simulation)});
    Some(simulation.calling(by, "POST", format!("/v2.1/projects/{project}/roles"), body))
}

const CUSTOM: &str = "SELECT name FROM roles WHERE project_id = ? ORDER BY name";

/// Changes one.
pub fn change(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let role = in_project(simulation, &project, CUSTOM)?;
    let body = json!({"permissions": permissions(simulation)});
    Some(simulation.calling(
        by,
        "PATCH",
        format!("/v2.1/projects/{project}/roles/{role}"),
        body,
    ))
}

/// Deletes one.
pub fn delete(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let role = in_project(simulation, &project, CUSTOM)?;
    Some(simulation.calling(
        by,
        "DELETE",
        format!("/v2.1/projects/{project}/roles/{role}"),
        Json::Null,
    ))
}

/// Assigns one, on the project or on an object.
pub fn assign(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let role = in_project(
        simulation,
        &project,
        "SELECT name FROM roles WHERE coalesce(project_id, ?) = ? ORDER BY project_id IS NULL, name",
    )?;
    let assignee = in_project(
        simulation,
        &project,
        "SELECT id FROM service_users WHERE project_id = ?
         UNION ALL SELECT user_id FROM organization_users m JOIN projects p USING (organization_id) WHERE p.id = ? ORDER BY 1",
    )?;
    let deployment = in_project(
        simulation,
        &project,
        "SELECT '' UNION ALL SELECT '' UNION ALL SELECT name FROM deployments WHERE project_id = ? ORDER BY 1",
    )?;
    Some(assigning(
        simulation,
        by,
        &project,
        &role,
        &assignee,
        &deployment,
    ))
}

/// The call that does.
pub fn assigning(
    simulation: &Simulation,
    by: usize,
    project: &str,
    role: &str,
    assignee: &str,
    deployment: &str,
) -> Begin {
    let mut body = json!({"role": role, "assignee": assignee});
    if !deployment.is_empty() {
        body["resource_type"] = json!("deployment");
        body["resource"] = json!(deployment);
    }
    simulation.calling(
        by,
        "POST",
        format!("/v2.1/projects/{project}/role-assignments"),
        body,
    )
}

/// Takes one away.
pub fn unassign(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let assignment = in_project(
        simulation,
        &project,
        "SELECT id FROM role_assignments WHERE project_id = ? ORDER BY creation_date, id",
    )?;
    Some(unassigning(simulation, by, &project, &assignment))
}

/// The call that does.
pub fn unassigning(simulation: &Simulation, by: usize, project: &str, assignment: &str) -> Begin {
    let target = format!("/v2.1/projects/{project}/role-assignments/{assignment}");
    simulation.calling(by, "DELETE", target, Json::Null)
}
