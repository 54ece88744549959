//! Workspaces and their quotas.

use serde_json::{Value as Json, json};

use super::{name, somebody};
use crate::base::GPU;
use crate::simulation::{Begin, Simulation};

fn path(simulation: &Simulation, rest: &str) -> String {
    simulation.world.workspaces(rest)
}

/// The id of a workspace of vision, mostly of the default one.
fn workspace(simulation: &Simulation) -> Option<String> {
    match simulation.below(3) {
        0 | 1 => Some("0".to_owned()),
        _ => simulation.pick(
            "SELECT id FROM workspaces WHERE project_id = (SELECT id FROM projects WHERE name = 'vision') ORDER BY id",
        ),
    }
}

fn is_there(simulation: &Simulation) -> Option<()> {
    let mut projects = simulation.facts().rows("projects");
    projects
        .any(|row| row.text("name") == "vision")
        .then_some(())
}

/// Makes one, or deletes one.
pub fn make_or_delete(simulation: &Simulation) -> Option<Begin> {
    is_there(simulation)?;
    let by = somebody(simulation);
    match simulation.below(3) {
        2 => {
            let id = workspace(simulation)?;
            Some(simulation.calling(
                by,
                "DELETE",
                path(simulation, &format!("/{id}")),
                Json::Null,
            ))
        }
        _ => {
            let body = json!({"name": name(simulation, &["night", "day"])});
            Some(simulation.calling(by, "POST", path(simulation, ""), body))
        }
    }
}

/// Sets a quota.
pub fn set_quota(simulation: &Simulation) -> Option<Begin> {
    is_there(simulation)?;
    let (by, id) = (somebody(simulation), workspace(simulation)?);
    let quota = *simulation.one_of(&[1, 2, 3]);
    let body = json!({"quotas": [{"resource": GPU, "quota": quota}]});
    Some(simulation.calling(by, "PUT", path(simulation, &format!("/{id}/quotas")), body))
}

/// Consumes, or gives back.
pub fn consume(simulation: &Simulation) -> Option<Begin> {
    is_there(simulation)?;
    let (by, id) = (somebody(simulation), workspace(simulation)?);
    let number = simulation.below(6);
    let amount = *simulation.one_of(&[1, 2, -1]);
    Some(consuming(
        simulation,
        by,
        &id,
        &format!("run-{number}"),
        amount,
    ))
}

/// The call that does.
pub fn consuming(simulation: &Simulation, by: usize, id: &str, run: &str, amount: i64) -> Begin {
    let body = json!({"id": run, "resource": GPU, "amount": amount});
    simulation.calling(
        by,
        "POST",
        path(simulation, &format!("/{id}/quotas/consumption")),
        body,
    )
}
