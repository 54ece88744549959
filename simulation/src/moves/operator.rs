//! What the operator does.

use serde_json::{Value as Json, json};

use testkit::Caller;
use testkit::world::HOUR;

use crate::base::{OPERATOR, VOUCHER};
use crate::moves::project;
use crate::simulation::{Begin, Credential, Scope, Simulation};

const PEOPLE: &str = "SELECT id FROM users ORDER BY email";

fn operator(simulation: &Simulation, method: &str, target: String, body: Json) -> Begin {
    simulation.calling(OPERATOR, method, target, body)
}

fn token(landed: &crate::simulation::Landed<'_>, id: String) -> Credential {
    let person = Caller {
        id,
        email: String::new(),
        token: Some(landed.answer.text("token")),
        is_in_session: false,
    };
    landed.token("the person", person, String::new())
}

/// Makes an account, or makes somebody who was invited active.
pub fn make_person(simulation: &Simulation) -> Option<Begin> {
    let email = match simulation.below(2) {
        0 => Some("invited@example.com".to_owned()),
        _ => simulation.pick("SELECT email FROM users WHERE status = 'pending' ORDER BY email"),
    };
    let body = json!({"email": email?, "name": "Somebody"});
    let begin = operator(simulation, "POST", "/operator/v1/users".to_owned(), body);
    Some(begin.then(|simulation, landed| {
        if landed.answer.status == 201 {
            let id = landed.answer.text("id");
            simulation.learn(token(landed, id));
        }
    }))
}

/// Resets the token of a person.
pub fn reset_person(simulation: &Simulation) -> Option<Begin> {
    Some(resetting_person(simulation, &simulation.pick(PEOPLE)?))
}

/// The call that does.
pub fn resetting_person(simulation: &Simulation, whom: &str) -> Begin {
    let target = format!("/operator/v1/users/{whom}/token");
    let holder = whom.to_owned();
    let begin = operator(simulation, "PUT", target, Json::Null);
    begin.then(move |simulation, landed| {
        if landed.answer.status == 200 {
            let scope = Scope::Tokens {
                holder: holder.clone(),
                keys: false,
            };
            simulation.end(landed, scope);
            simulation.learn(token(landed, holder));
        }
    })
}

/// Deletes a person.
pub fn delete_person(simulation: &Simulation) -> Option<Begin> {
    Some(deleting_person(simulation, &simulation.pick(PEOPLE)?))
}

/// The call that does.
pub fn deleting_person(simulation: &Simulation, whom: &str) -> Begin {
    let target = format!("/operator/v1/users/{whom}");
    let holder = whom.to_owned();
    let begin = operator(simulation, "DELETE", target, Json::Null);
    begin.then(move |simulation, landed| {
        if landed.answer.status == 204 {
            simulation.end(landed, Scope::Holder(holder));
        }
    })
}

/// Ends all sessions of a person.
pub fn end_sessions(simulation: &Simulation) -> Option<Begin> {
    Some(ending_sessions(simulation, &simulation.pick(PEOPLE)?))
}

/// The call that does.
pub fn ending_sessions(simulation: &Simulation, whom: &str) -> Begin {
    let target = format!("/operator/v1/users/{whom}/sessions");
    let holder = whom.to_owned();
    let begin = operator(simulation, "DELETE", target, Json::Null);
    begin.then(move |simulation, landed| {
        if landed.answer.status == 204 {
            simulation.end(landed, Scope::Sessions(holder));
        }
    })
}

/// Makes a link by which a person can sign in.
pub fn make_link(simulation: &Simulation) -> Option<Begin> {
    let whom = simulation.pick(PEOPLE)?;
    let target = format!("/operator/v1/users/{whom}/sign-in-link");
    let begin = operator(simulation, "POST", target, json!({"hours": 1}));
    Some(begin.then(move |simulation, landed| {
        if landed.answer.status != 201 {
            return;
        }
        let link = landed.answer.text("link");
        if let Some((_, secret)) = link.split_once("#link=") {
            let person = Caller {
                id: whom,
                ..Caller::with_token("")
            };
            simulation.links.push((person, secret.to_owned()));
        }
    }))
}

/// Makes a voucher, again if it was deleted.
pub fn make_voucher(simulation: &Simulation) -> Option<Begin> {
    let code = *simulation.one_of(&[VOUCHER, "WORKSHOP-2"]);
    let end = match simulation.below(2) {
        0 => Json::Null,
        _ => json!(simulation.world.after(HOUR)),
    };
    let body = json!({"code": code, "description": "", "credits": 1, "max_redemptions": 1, "expiry_date": end});
    Some(operator(
        simulation,
        "POST",
        "/operator/v1/vouchers".to_owned(),
        body,
    ))
}

/// Deletes a voucher.
pub fn delete_voucher(simulation: &Simulation) -> Option<Begin> {
    let code = simulation.pick("SELECT code FROM vouchers ORDER BY code")?;
    Some(operator(
        simulation,
        "DELETE",
        format!("/operator/v1/vouchers/{code}"),
        Json::Null,
    ))
}

/// Sets a plan.
pub fn set_plan(simulation: &Simulation) -> Option<Begin> {
    let limits = match simulation.below(2) {
        0 => {
            json!({"projects": 4, "users": 8, "deployments": 4, "deployment_versions": 6, "pipelines": 1, "pipeline_versions": 2})
        }
        _ => json!({"projects": 2, "users": 6, "deployments": 3, "deployment_versions": 4}),
    };
    let credits = *simulation.one_of(&[30, 60, 90]);
    let body = json!({"description": "", "self_service": true, "monthly_credits": credits, "limits": limits});
    let plan = *simulation.one_of(&["tight", "free"]);
    Some(operator(
        simulation,
        "PUT",
        format!("/operator/v1/subscriptions/{plan}"),
        body,
    ))
}

/// Changes the plan of an organization.
pub fn subscribe(simulation: &Simulation) -> Option<Begin> {
    let organization =
        simulation.pick("SELECT name FROM organizations ORDER BY creation_date, name")?;
    let plan = *simulation.one_of(&["tight", "free"]);
    let body = match plan {
        "free" => json!({"subscription": plan}),
        _ => json!({"subscription": plan, "subscription_end_date": "2027-06-15"}),
    };
    Some(operator(
        simulation,
        "PATCH",
        format!("/v2.1/organizations/{organization}"),
        body,
    ))
}

/// Reports usage, some of it again.
pub fn import(simulation: &Simulation) -> Option<Begin> {
    let project = project(simulation)?;
    let first = simulation.below(4);
    let events: Vec<Json> = (first..=first + simulation.below(2))
        .map(|number| importing(&format!("event-{number}"), &project))
        .collect();
    Some(operator(
        simulation,
        "POST",
        "/operator/v1/usage-events".to_owned(),
        json!(events),
    ))
}

/// An event.
pub fn importing(id: &str, project: &str) -> Json {
    json!({
        "id": id, "project": project, "object_type": "deployment_version", "object_name": "d", "version": "v1",
        "metric": "credits", "value": 3, "timestamp": "2026-06-15T13:00:00Z",
    })
}

/// Sets the price of what requests run on.
pub fn set_price(simulation: &Simulation) -> Option<Begin> {
    let price = *simulation.one_of(&[3600, 1800, 7200]);
    let body = json!({"credits_per_hour": price});
    Some(operator(
        simulation,
        "PUT",
        "/operator/v1/instance-types/1gb".to_owned(),
        body,
    ))
}
