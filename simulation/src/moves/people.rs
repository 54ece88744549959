//! Members of organizations and projects.

use serde_json::{Value as Json, json};

use super::{in_project, project, somebody};
use crate::simulation::{Begin, Simulation};

const ORGANIZATIONS: &str = "SELECT name FROM organizations ORDER BY creation_date, name";

fn organization(simulation: &Simulation) -> Option<String> {
    match simulation.below(4) {
        0..3 => Some("acme".to_owned()),
        _ => simulation.pick(ORGANIZATIONS),
    }
}

fn member(simulation: &Simulation, organization: &str) -> Option<String> {
    simulation.pick(&format!(
        "SELECT user_id FROM organization_users WHERE organization_id =
           (SELECT id FROM organizations WHERE name = '{organization}') ORDER BY admin DESC, join_date, user_id"
    ))
}

/// Adds or invites somebody.
pub fn add(simulation: &Simulation) -> Option<Begin> {
    let (by, organization) = (somebody(simulation), organization(simulation)?);
    let email = match simulation.below(3) {
        0 => "invited@example.com".to_owned(),
        1 => "another@example.com".to_owned(),
        _ => simulation.pick("SELECT email FROM users ORDER BY email")?,
    };
    let body = json!({"email": email, "admin": simulation.below(2) == 1});
    Some(simulation.calling(
        by,
        "POST",
        format!("/v2.1/organizations/{organization}/users"),
        body,
    ))
}

/// Makes somebody an admin, or no longer one.
pub fn set_admin(simulation: &Simulation) -> Option<Begin> {
    let (by, organization) = (somebody(simulation), organization(simulation)?);
    let whom = member(simulation, &organization)?;
    let admin = simulation.below(2) == 1;
    Some(setting_admin(simulation, by, &organization, &whom, admin))
}

/// The call that does.
pub fn setting_admin(
    simulation: &Simulation,
    by: usize,
    organization: &str,
    whom: &str,
    admin: bool,
) -> Begin {
    let target = format!("/v2.1/organizations/{organization}/users/{whom}");
    simulation.calling(by, "PATCH", target, json!({"admin": admin}))
}

/// Takes somebody out, who may be the caller.
pub fn remove(simulation: &Simulation) -> Option<Begin> {
    let (by, organization) = (somebody(simulation), organization(simulation)?);
    let whom = match simulation.below(3) {
        0 => simulation.credentials[by].caller.id.clone(),
        _ => member(simulation, &organization)?,
    };
    Some(removing(simulation, by, &organization, &whom))
}

/// The call that does.
pub fn removing(simulation: &Simulation, by: usize, organization: &str, whom: &str) -> Begin {
    let target = format!("/v2.1/organizations/{organization}/users/{whom}");
    simulation.calling(by, "DELETE", target, Json::Null)
}

/// Adds somebody to a project.
pub fn add_to_project(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let whom = member(simulation, "acme")?;
    let body = json!({"user_id": whom});
    Some(simulation.calling(by, "POST", format!("/v2.1/projects/{project}/users"), body))
}

/// Takes somebody out of a project.
pub fn remove_from_project(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let whom = in_project(
        simulation,
        &project,
        "SELECT user_id FROM project_users WHERE project_id = ?
         UNION SELECT user_id FROM role_assignments WHERE project_id = ? AND user_id IS NOT NULL ORDER BY 1",
    )?;
    Some(simulation.calling(
        by,
        "DELETE",
        format!("/v2.1/projects/{project}/users/{whom}"),
        Json::Null,
    ))
}
