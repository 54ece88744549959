//! Service users, their tokens and their access keys.

use serde_json::{Value as Json, json};

use testkit::Caller;
use testkit::signed::AccessKey;
use testkit::world::HOUR;

use crate::base::ROBOT;

use super::{in_project, project, project_id, somebody};
use crate::simulation::{Begin, Credential, Kind, Scope, Simulation};

/// The service users of a project.
const THEM: &str = "SELECT id FROM service_users WHERE project_id = ? ORDER BY creation_date, id";

fn path(project: &str, rest: &str) -> String {
    format!("/v2.1/projects/{project}/service-users{rest}")
}

/// An end, or none.
fn end(simulation: &Simulation) -> Json {
    match simulation.below(6) {
        0..3 => Json::Null,
        3 => json!(simulation.world.after(60_000)),
        4 => json!(simulation.world.after(HOUR)),
        _ => json!(simulation.world.after(48 * HOUR)),
    }
}

/// Makes one.
pub fn make(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let body = json!({"name": "made", "expiry_date": end(simulation), "allowed_cors_origins": ["https://made.example"]});
    Some(making(simulation, by, &project, body))
}

/// The call that makes one.
pub fn making(simulation: &Simulation, by: usize, project: &str, body: Json) -> Begin {
    let id = project_id(simulation, project);
    let begin = simulation.calling(by, "POST", path(project, ""), body);
    begin.then(move |simulation, landed| {
        if landed.answer.status != 201 {
            return;
        }
        let answer = landed.answer;
        let made = Caller {
            id: answer.text("id"),
            email: answer.text("email"),
            token: Some(answer.text("token")),
            is_in_session: false,
        };
        simulation.learn(landed.token("the one", made, id));
    })
}

/// Changes one.
pub fn change(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let one = in_project(simulation, &project, THEM)?;
    let body = match simulation.below(3) {
        0 => json!({"expiry_date": end(simulation)}),
        1 => json!({"allowed_cors_origins": ["https://changed.example"]}),
        _ => json!({"name": "renamed"}),
    };
    Some(simulation.calling(by, "PATCH", path(&project, &format!("/{one}")), body))
}

/// Resets the token of one.
pub fn reset(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    // The one that has an access key, or any.
    let one = match simulation.below(3) {
        0 => simulation.credentials[ROBOT].caller.id.clone(),
        _ => in_project(simulation, &project, THEM)?,
    };
    let grace = *simulation.one_of(&[0, 0, 30, 600]);
    let keeps_keys = simulation.below(4) == 3;
    Some(resetting(simulation, by, &project, &one, grace, keeps_keys))
}

/// The call that does.
pub fn resetting(
    simulation: &Simulation,
    by: usize,
    project: &str,
    one: &str,
    grace: i64,
    keeps_keys: bool,
) -> Begin {
    let query = format!("/{one}/token?grace={grace}&keep_access_keys={keeps_keys}");
    let begin = simulation.calling(by, "PUT", path(project, &query), Json::Null);
    let (project, holder) = (project_id(simulation, project), one.to_owned());
    begin.then(move |simulation, landed| {
        if landed.answer.status != 200 {
            return;
        }
        let keys = grace == 0 && !keeps_keys;
        match grace {
            0 => simulation.end(
                landed,
                Scope::Tokens {
                    holder: holder.clone(),
                    keys,
                },
            ),
            // A token before the previous one has its own end, which may be later.
            _ => simulation.end_by_grace(landed, &holder, grace),
        }
        let token = landed.answer.text("token");
        let email = simulation
            .credentials
            .iter()
            .find(|one| one.caller.id == holder);
        let email = email.map_or(String::new(), |one| one.caller.email.clone());
        let holder = Caller {
            id: holder,
            email,
            token: Some(token),
            is_in_session: false,
        };
        simulation.learn(landed.token("the one with the token", holder, project));
    })
}

/// Ends the grace of one.
pub fn end_grace(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let one = in_project(simulation, &project, THEM)?;
    let target = path(&project, &format!("/{one}/token/previous"));
    let begin = simulation.calling(by, "DELETE", target, Json::Null);
    Some(begin.then(move |simulation, landed| {
        if landed.answer.status == 204 {
            simulation.end_graces(landed, &one);
        }
    }))
}

/// Deletes one.
pub fn delete(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let one = in_project(simulation, &project, THEM)?;
    Some(deleting(simulation, by, &project, &one))
}

/// The call that does.
pub fn deleting(simulation: &Simulation, by: usize, project: &str, one: &str) -> Begin {
    let target = path(project, &format!("/{one}"));
    let holder = one.to_owned();
    let begin = simulation.calling(by, "DELETE", target, Json::Null);
    begin.then(move |simulation, landed| {
        if landed.answer.status == 204 {
            simulation.end(landed, Scope::Holder(holder));
        }
    })
}

/// Makes an access key of one.
pub fn make_key(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let one = in_project(simulation, &project, THEM)?;
    Some(making_key(simulation, by, &project, &one))
}

/// The call that does.
pub fn making_key(simulation: &Simulation, by: usize, project: &str, one: &str) -> Begin {
    let target = path(project, &format!("/{one}/access-keys"));
    let (project, holder) = (project_id(simulation, project), one.to_owned());
    let begin = simulation.calling(by, "POST", target, Json::Null);
    begin.then(move |simulation, landed| {
        if landed.answer.status != 201 {
            return;
        }
        let key = AccessKey {
            id: landed.answer.text("access_key"),
            secret: landed.answer.text("secret_key"),
        };
        let holder = Caller {
            id: holder,
            ..Caller::with_token("")
        };
        simulation.learn(Credential {
            key: Some(key),
            kind: Kind::Key,
            ..landed.token("the key", holder, project)
        });
    })
}

/// Deletes an access key.
pub fn delete_key(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let key = in_project(
        simulation,
        &project,
        "SELECT service_user_id || '/access-keys/' || id FROM access_keys
         WHERE service_user_id IN (SELECT id FROM service_users WHERE project_id = ?) ORDER BY creation_date, id",
    )?;
    let target = path(&project, &format!("/{key}"));
    let begin = simulation.calling(by, "DELETE", target, Json::Null);
    Some(begin.then(move |simulation, landed| {
        if landed.answer.status == 204 {
            let id = key.rsplit('/').next().unwrap_or_default().to_owned();
            simulation.end(landed, Scope::Key(id));
        }
    }))
}
