//! People at their browsers.

use serde_json::{Value as Json, json};

use testkit::{Call, Caller, cookie_of};

use crate::simulation::{Begin, Credential, Kind, Landed, Scope, Simulation};

/// One of those whose credentials are of this kind.
fn one(simulation: &Simulation, is: impl Fn(&Credential) -> bool) -> Option<usize> {
    let all = 0..simulation.credentials.len();
    let them: Vec<usize> = all
        .filter(|one| is(&simulation.credentials[*one]))
        .collect();
    match them.len() {
        0 => None,
        _ => Some(*simulation.one_of(&them)),
    }
}

fn session(simulation: &Simulation) -> Option<usize> {
    one(simulation, |credential| {
        matches!(credential.kind, Kind::Session(..))
    })
}

fn learn(simulation: &mut Simulation, landed: &Landed<'_>, person: Caller, from: Option<usize>) {
    if landed.answer.status != 201 {
        return;
    }
    let id = landed.answer.text("id");
    let browser = Caller {
        token: Some(cookie_of(landed.answer)),
        is_in_session: true,
        ..person
    };
    simulation.learn(Credential {
        kind: Kind::Session(id, from),
        // A session of twelve hours; an hour earlier is early enough, and a jump of a day is past both.
        ends_at: None,
        ..landed.token("the browser", browser, String::new())
    });
}

/// Signs in with a token.
pub fn sign_in(simulation: &Simulation) -> Option<Begin> {
    let by = one(simulation, |credential| {
        credential.kind == Kind::Token && credential.project.is_empty()
    })?;
    Some(signing_in(simulation, by))
}

/// The call that does.
pub fn signing_in(simulation: &Simulation, by: usize) -> Begin {
    let person = simulation.credentials[by].caller.clone();
    let body = json!({"token": person.token});
    let name = &simulation.credentials[by].name;
    let begin = Begin {
        name: "",
        by,
        call: Call::new("POST", "/session").on_console().json(&body),
        words: format!("{name}: POST /session (with their token)"),
        then: None,
        same_as: None,
        is_by_link: false,
    };
    begin.then(move |simulation, landed| learn(simulation, landed, person, Some(by)))
}

/// Signs in by a link.
pub fn sign_in_by_link(simulation: &Simulation) -> Option<Begin> {
    if simulation.links.is_empty() {
        return None;
    }
    let (person, secret) = simulation.one_of(&simulation.links).clone();
    // Whose link it is has some credential, or else nobody knows the call.
    let by = simulation.credentials.iter().position(|one| {
        one.caller.id == person.id && one.ended.is_none() && one.kind == Kind::Token
    })?;
    let begin = Begin {
        name: "",
        by,
        call: Call::new("POST", "/session")
            .on_console()
            .json(&json!({"link": secret})),
        words: format!(
            "{}: POST /session (by a link)",
            simulation.credentials[by].name
        ),
        then: None,
        same_as: None,
        is_by_link: false,
    };
    // It is no call of the token's.
    Some(
        begin
            .by_link()
            .then(move |simulation, landed| learn(simulation, landed, person, None)),
    )
}

/// Signs out.
pub fn sign_out(simulation: &Simulation) -> Option<Begin> {
    Some(signing_out(simulation, session(simulation)?))
}

/// The call that does.
pub fn signing_out(simulation: &Simulation, by: usize) -> Begin {
    let id = match &simulation.credentials[by].kind {
        Kind::Session(id, _) => id.clone(),
        _ => String::new(),
    };
    let begin = simulation.calling(by, "DELETE", "/session", Json::Null);
    begin.then(move |simulation, landed| {
        if landed.answer.status == 204 {
            simulation.end(landed, Scope::Session(id));
        }
    })
}

/// Ends one of one's own sessions, from another perhaps.
pub fn end_one(simulation: &Simulation) -> Option<Begin> {
    let by = session(simulation)?;
    let holder = &simulation.credentials[by].caller.id;
    let id = simulation.pick(&format!(
        "SELECT id FROM tokens WHERE user_id = '{holder}' AND session_method IS NOT NULL ORDER BY creation_date, id"
    ))?;
    let target = format!("/session/list/{id}");
    let begin = simulation.calling(by, "DELETE", target, Json::Null);
    Some(begin.then(move |simulation, landed| {
        if landed.answer.status == 204 {
            simulation.end(landed, Scope::Session(id));
        }
    }))
}

/// Replaces one's own token.
pub fn replace_token(simulation: &Simulation) -> Option<Begin> {
    Some(replacing_token(simulation, session(simulation)?))
}

/// The call that does.
pub fn replacing_token(simulation: &Simulation, by: usize) -> Begin {
    let person = simulation.credentials[by].caller.clone();
    let begin = simulation.calling(by, "PUT", "/session/token", Json::Null);
    begin.then(move |simulation, landed| {
        if landed.answer.status != 200 {
            return;
        }
        simulation.end_own_token(landed, &person.id);
        let person = Caller {
            token: Some(landed.answer.text("token")),
            is_in_session: false,
            ..person
        };
        simulation.learn(landed.token("the person", person, String::new()));
    })
}

/// Deletes one's own token.
pub fn delete_token(simulation: &Simulation) -> Option<Begin> {
    let by = session(simulation)?;
    let holder = simulation.credentials[by].caller.id.clone();
    let begin = simulation.calling(by, "DELETE", "/session/token", Json::Null);
    Some(begin.then(move |simulation, landed| {
        if landed.answer.status == 204 {
            simulation.end_own_token(landed, &holder);
        }
    }))
}
