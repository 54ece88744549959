//! Requests.

use serde_json::{Value as Json, json};

use testkit::HangUp;

use crate::base::{ADMIN, ROBOT};

use super::{in_project, project, somebody};
use crate::simulation::{Begin, Simulation};

const HANG_UPS: [HangUp; 4] = [
    HangUp::AtOnce,
    HangUp::After(800),
    HangUp::After(20_000),
    HangUp::AtWrite(2),
];

/// A deployment to ask, mostly the one that costs something.
fn deployment(simulation: &Simulation) -> Option<(String, String)> {
    let project = project(simulation)?;
    let name = match simulation.below(6) {
        0 | 1 => "d".to_owned(),
        2 | 3 => "e".to_owned(),
        // In a project without credits of its own, so that only the plan's are a limit.
        4 => return Some(("audio".to_owned(), "a".to_owned())),
        _ => in_project(
            simulation,
            &project,
            "SELECT name FROM deployments WHERE project_id = ? ORDER BY creation_date, name",
        )?,
    };
    Some((project, name))
}

fn timeout(simulation: &Simulation) -> i64 {
    *simulation.one_of(&[10, 20, 50, 50])
}

/// The call of one.
pub fn asking(simulation: &Simulation, by: usize, target: &str, body: Json) -> Begin {
    simulation.calling(by, "POST", target, body)
}

fn perhaps_hung_up(simulation: &Simulation, mut begin: Begin) -> Begin {
    if simulation.below(6) == 5 {
        let when = *simulation.one_of(&HANG_UPS);
        begin.words += &format!(" (who hangs up: {when:?})");
        begin.call = begin.call.hanging_up(when);
        // What was not read was not answered.
        begin.same_as = None;
    }
    begin
}

/// A direct one.
pub fn direct(simulation: &Simulation) -> Option<Begin> {
    let (by, (project, name)) = (somebody(simulation), deployment(simulation)?);
    let timeout = timeout(simulation);
    let target = format!("/v2.1/projects/{project}/deployments/{name}/requests?timeout={timeout}");
    let body = match simulation.below(4) {
        3 => json!([{"x": 1}, {"x": 2}]),
        _ => json!({"x": 1}),
    };
    Some(perhaps_hung_up(
        simulation,
        asking(simulation, by, &target, body),
    ))
}

/// A direct one with an idempotency key, of which there are few.
pub fn with_a_key(simulation: &Simulation) -> Option<Begin> {
    let by = *simulation.one_of(&[ROBOT, ADMIN]);
    let key = *simulation.one_of(&["one", "two"]);
    let target = "/v2.1/projects/vision/deployments/d/requests?timeout=10";
    let mut begin = asking(simulation, by, target, json!({"x": 1}));
    begin.words += &format!(" (key {key})");
    begin.call = begin.call.header("idempotency-key", key);
    let holder = &simulation.credentials[by].caller.id;
    begin.same_as = (!holder.is_empty()).then(|| format!("{holder} {key}"));
    Some(perhaps_hung_up(simulation, begin))
}

/// A streamed one.
pub fn streamed(simulation: &Simulation) -> Option<Begin> {
    let (by, (project, name)) = (somebody(simulation), deployment(simulation)?);
    let timeout = timeout(simulation);
    let target =
        format!("/v2.1/projects/{project}/deployments/{name}/requests/stream?timeout={timeout}");
    Some(perhaps_hung_up(
        simulation,
        asking(simulation, by, &target, json!({"x": 1})),
    ))
}

/// A batch.
pub fn batch(simulation: &Simulation) -> Option<Begin> {
    let (by, (project, name)) = (somebody(simulation), deployment(simulation)?);
    let timeout = timeout(simulation);
    let target =
        format!("/v2.1/projects/{project}/deployments/{name}/requests/batch?timeout={timeout}");
    let items: Vec<Json> = (0..=simulation.below(3)).map(|x| json!({"x": x})).collect();
    Some(asking(simulation, by, &target, json!(items)))
}

fn record(simulation: &Simulation, project: &str) -> Option<String> {
    in_project(
        simulation,
        project,
        "SELECT d.name || '/requests/' || r.id FROM requests r JOIN deployments d ON d.id = r.object_id
         WHERE r.project_id = ? ORDER BY r.status = 'pending' DESC, r.id",
    )
}

/// Cancels one.
pub fn cancel(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let record = record(simulation, &project)?;
    let target = format!("/v2.1/projects/{project}/deployments/{record}");
    Some(simulation.calling(by, "PATCH", target, json!({"status": "cancelled"})))
}

/// Deletes the record of one.
pub fn delete(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let record = record(simulation, &project)?;
    let target = format!("/v2.1/projects/{project}/deployments/{record}");
    Some(simulation.calling(by, "DELETE", target, Json::Null))
}

/// One to a pipeline.
pub fn of_a_pipeline(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let pipeline = in_project(
        simulation,
        &project,
        "SELECT name FROM pipelines WHERE project_id = ? ORDER BY name",
    )?;
    let target = format!("/v2.1/projects/{project}/pipelines/{pipeline}/requests?timeout=60");
    Some(perhaps_hung_up(
        simulation,
        asking(simulation, by, &target, json!({"in": 1})),
    ))
}
