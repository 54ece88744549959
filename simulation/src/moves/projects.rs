//! Projects.

use serde_json::{Value as Json, json};

use super::{name, project, project_id, somebody};
use crate::simulation::{Begin, Scope, Simulation};

/// Makes one.
pub fn make(simulation: &Simulation) -> Option<Begin> {
    let by = somebody(simulation);
    let organization = *simulation.one_of(&["acme", "acme", "globex"]);
    let name = name(simulation, &["new", "newer"]);
    Some(making(simulation, by, organization, &name))
}

/// The call that does.
pub fn making(simulation: &Simulation, by: usize, organization: &str, name: &str) -> Begin {
    let body = json!({"name": name, "organization_name": organization, "cors_origins": ["https://new.example"]});
    simulation.calling(by, "POST", "/v2.1/projects", body)
}

/// Deletes one.
pub fn delete(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    Some(deleting(simulation, by, &project))
}

/// The call that does.
pub fn deleting(simulation: &Simulation, by: usize, project: &str) -> Begin {
    let id = project_id(simulation, project);
    let begin = simulation.calling(
        by,
        "DELETE",
        format!("/v2.1/projects/{project}"),
        Json::Null,
    );
    begin.then(move |simulation, landed| {
        if landed.answer.status == 204 {
            simulation.end(landed, Scope::Project(id));
        }
    })
}

/// Suspends one, lets it go on, raises its credits, or changes its origins.
pub fn change(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let body = match simulation.below(5) {
        0 => json!({"credits": *simulation.one_of(&[80, 200, 20])}),
        1 => json!({"suspended": true}),
        2 => json!({"suspended": false}),
        3 => json!({"cors_origins": ["https://other.example"]}),
        _ => json!({"credits": null}),
    };
    Some(simulation.calling(by, "PATCH", format!("/v2.1/projects/{project}"), body))
}
