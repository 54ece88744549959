//! What the actors do: a call each, about what is there at the moment, by whoever is chosen. Most are rightly refused; what
//! matters is what the others leave.

pub mod objects;
pub mod operator;
pub mod organizations;
pub mod people;
pub mod projects;
pub mod requests;
pub mod roles;
pub mod service_users;
pub mod sessions;
pub mod workspaces;

use crate::simulation::{Begin, Simulation};

/// A move: nothing where there is nothing that it could be about.
pub type Move = fn(&Simulation) -> Option<Begin>;

/// All of them, each with how often it is made and what it is called.
const MOVES: [(usize, &str, Move); 56] = [
    (20, "requests: direct", requests::direct),
    (7, "requests: with a key", requests::with_a_key),
    (6, "requests: streamed", requests::streamed),
    (3, "requests: batch", requests::batch),
    (2, "requests: cancel", requests::cancel),
    (2, "requests: delete", requests::delete),
    (2, "requests: of a pipeline", requests::of_a_pipeline),
    (6, "service users: make", service_users::make),
    (4, "service users: change", service_users::change),
    (8, "service users: reset", service_users::reset),
    (2, "service users: end grace", service_users::end_grace),
    (3, "service users: delete", service_users::delete),
    (3, "service users: make key", service_users::make_key),
    (2, "service users: delete key", service_users::delete_key),
    (4, "people: add", people::add),
    (5, "people: set admin", people::set_admin),
    (4, "people: remove", people::remove),
    (2, "people: add to project", people::add_to_project),
    (
        1,
        "people: remove from project",
        people::remove_from_project,
    ),
    (3, "operator: make person", operator::make_person),
    (3, "operator: reset person", operator::reset_person),
    (1, "operator: delete person", operator::delete_person),
    (2, "operator: end sessions", operator::end_sessions),
    (2, "operator: make link", operator::make_link),
    (2, "operator: make voucher", operator::make_voucher),
    (1, "operator: delete voucher", operator::delete_voucher),
    (2, "operator: set plan", operator::set_plan),
    (2, "operator: subscribe", operator::subscribe),
    (3, "operator: import", operator::import),
    (1, "operator: set price", operator::set_price),
    (4, "sessions: sign in", sessions::sign_in),
    (2, "sessions: sign in by link", sessions::sign_in_by_link),
    (3, "sessions: sign out", sessions::sign_out),
    (2, "sessions: end one", sessions::end_one),
    (2, "sessions: replace token", sessions::replace_token),
    (1, "sessions: delete token", sessions::delete_token),
    (3, "roles: make", roles::make),
    (3, "roles: change", roles::change),
    (2, "roles: delete", roles::delete),
    (7, "roles: assign", roles::assign),
    (4, "roles: unassign", roles::unassign),
    (3, "projects: make", projects::make),
    (1, "projects: delete", projects::delete),
    (3, "projects: change", projects::change),
    (4, "organizations: found", organizations::found),
    (4, "objects: make deployment", objects::make_deployment),
    (3, "objects: delete deployment", objects::delete_deployment),
    (5, "objects: make version", objects::make_version),
    (3, "objects: delete version", objects::delete_version),
    (4, "objects: rename", objects::rename),
    (4, "objects: put upstream", objects::put_upstream),
    (4, "objects: set or delete", objects::set_or_delete),
    (10, "ended: look", ended),
    (3, "workspaces: make or delete", workspaces::make_or_delete),
    (3, "workspaces: set quota", workspaces::set_quota),
    (8, "workspaces: consume", workspaces::consume),
];

/// One of them.
pub fn any(simulation: &Simulation) -> Option<Begin> {
    let all: usize = MOVES.iter().map(|(weight, ..)| weight).sum();
    let mut at = simulation.below(all);
    for (weight, name, makes) in MOVES {
        if at < weight {
            return makes(simulation).map(|begin| Begin { name, ..begin });
        }
        at -= weight;
    }
    None
}

/// Somebody: mostly one of those who may much.
pub fn somebody(simulation: &Simulation) -> usize {
    match simulation.below(3) {
        0 | 1 => simulation.below(5),
        _ => simulation.below(simulation.credentials.len()),
    }
}

/// A name that few have.
pub fn name(simulation: &Simulation, names: &[&str]) -> String {
    (*simulation.one_of(names)).to_owned()
}

/// The name of a project, mostly the one in which most happens.
pub fn project(simulation: &Simulation) -> Option<String> {
    match simulation.below(4) {
        0..3 => Some("vision".to_owned()),
        _ => simulation.pick("SELECT name FROM projects ORDER BY creation_date, name"),
    }
}

/// The id of a project.
pub fn project_id(simulation: &Simulation, name: &str) -> String {
    let mut projects = simulation.facts().rows("projects");
    let found = projects.find(|project| project.text("name") == name);
    found.map_or(String::new(), |project| project.text("id").to_owned())
}

/// One of the ids or names in a project, by a statement in which `?` stands for the project's id.
pub fn in_project(simulation: &Simulation, project: &str, sql: &str) -> Option<String> {
    let id = project_id(simulation, project);
    simulation.pick(&sql.replace('?', &format!("'{id}'")))
}

/// Somebody whose credential has ended tries it.
fn ended(simulation: &Simulation) -> Option<Begin> {
    let all = 0..simulation.credentials.len();
    let ended: Vec<usize> = all
        .filter(|one| simulation.has_ended(*one).is_some())
        .collect();
    let keys = ended.iter().copied();
    let keys: Vec<usize> = keys
        .filter(|one| simulation.credentials[*one].key.is_some())
        .collect();
    let by = match simulation.below(3) {
        2 if !keys.is_empty() => *simulation.one_of(&keys),
        _ => *simulation.one_of(&ended),
    };
    let target = match &simulation.credentials[by].key {
        Some(_) => format!(
            "/v1/{}/workspaces",
            simulation.credentials[by].project.replace('-', "")
        ),
        None => "/v2.1/user".to_owned(),
    };
    Some(simulation.calling(by, "GET", target, serde_json::Value::Null))
}
