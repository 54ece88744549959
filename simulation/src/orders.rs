//! Every order in which the round trips of two or three moves can meet, for moves that are about the same.

use std::fmt;

use testkit::schedule::every_choice;

use crate::base::{
    ADMIN, Base, EDITOR, MEMBER, OPERATOR, OWNER, OWNERS_SESSION, ROBOT, ROBOTS_KEY, STRANGER,
    VOUCHER,
};
use crate::choices::Choices;
use crate::moves::{
    objects, operator, organizations, people, projects, requests, roles, service_users, sessions,
    workspaces,
};
use crate::run::run;
use crate::simulation::{Begin, Simulation, Violation};

use serde_json::json;

/// What begins: a call, or a job.
enum Begins {
    Call(fn(&Simulation) -> Begin),
    Minute,
}

use Begins::{Call, Minute};

/// A move in words, and how it begins.
type Named = (&'static str, Begins);

/// How many groups of moves met, in how many orders.
#[derive(Debug, Clone, Copy, Default)]
pub struct Met {
    /// Groups of moves.
    pub groups: usize,
    /// Orders in all.
    pub orders: usize,
}

/// An order in which something does not hold.
#[derive(Debug)]
pub struct Failed {
    /// The moves.
    pub moves: Vec<&'static str>,
    /// What happened.
    pub told: Vec<String>,
    /// What does not hold.
    pub violation: Violation,
}

impl fmt::Display for Failed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}:", self.moves.join(" / "))?;
        for line in &self.told {
            writeln!(formatter, "  {line}")?;
        }
        write!(
            formatter,
            "{} does not hold: {}",
            self.violation.invariant, self.violation.found
        )
    }
}

/// The service user without a role.
fn idle(simulation: &Simulation) -> String {
    simulation.world.idle().id
}

fn id_of(simulation: &Simulation, by: usize) -> String {
    simulation.credentials[by].caller.id.clone()
}

const ASK: &str = "/v2.1/projects/vision/deployments/d/requests?timeout=10";
const ASK_IN_QUOTA: &str = "/v2.1/projects/vision/deployments/e/requests?timeout=60";

/// Moves that are about the same few people, tokens, limits and objects.
static MOVES: &[Named] = &[
    (
        "the owner demotes the other admin",
        Call(|s| people::setting_admin(s, OWNER, "acme", &id_of(s, MEMBER), false)),
    ),
    (
        "the other admin demotes the owner",
        Call(|s| people::setting_admin(s, MEMBER, "acme", &id_of(s, OWNER), false)),
    ),
    (
        "the owner leaves",
        Call(|s| people::removing(s, OWNER, "acme", &id_of(s, OWNER))),
    ),
    (
        "the other admin leaves",
        Call(|s| people::removing(s, MEMBER, "acme", &id_of(s, MEMBER))),
    ),
    (
        "the operator deletes the owner",
        Call(|s| operator::deleting_person(s, &id_of(s, OWNER))),
    ),
    (
        "the operator deletes the other admin",
        Call(|s| operator::deleting_person(s, &id_of(s, MEMBER))),
    ),
    (
        "the operator resets the owner",
        Call(|s| operator::resetting_person(s, &id_of(s, OWNER))),
    ),
    (
        "the operator ends the owner's sessions",
        Call(|s| operator::ending_sessions(s, &id_of(s, OWNER))),
    ),
    (
        "the owner signs in",
        Call(|s| sessions::signing_in(s, OWNER)),
    ),
    (
        "the owner signs out",
        Call(|s| sessions::signing_out(s, OWNERS_SESSION)),
    ),
    (
        "the owner replaces their token",
        Call(|s| sessions::replacing_token(s, OWNERS_SESSION)),
    ),
    (
        "the owner makes a service user in a browser",
        Call(|s| service_users::making(s, OWNERS_SESSION, "vision", json!({"name": "made"}))),
    ),
    (
        "the admin resets a service user",
        Call(|s| service_users::resetting(s, ADMIN, "vision", &idle(s), 0, false)),
    ),
    (
        "the owner resets it with a grace",
        Call(|s| service_users::resetting(s, OWNER, "vision", &idle(s), 60, false)),
    ),
    (
        "the owner deletes it",
        Call(|s| service_users::deleting(s, OWNER, "vision", &idle(s))),
    ),
    (
        "the owner makes a key of it",
        Call(|s| service_users::making_key(s, OWNER, "vision", &idle(s))),
    ),
    (
        "the robot resets it",
        Call(|s| service_users::resetting(s, ROBOT, "vision", &idle(s), 0, true)),
    ),
    (
        "the owner resets the robot",
        Call(|s| service_users::resetting(s, OWNER, "vision", &id_of(s, ROBOT), 0, false)),
    ),
    (
        "the owner deletes the robot",
        Call(|s| service_users::deleting(s, OWNER, "vision", &id_of(s, ROBOT))),
    ),
    (
        "the robot makes a service user",
        Call(|s| service_users::making(s, ROBOT, "vision", json!({"name": "made"}))),
    ),
    (
        "the robot's key consumes",
        Call(|s| workspaces::consuming(s, ROBOTS_KEY, "0", "run-1", 1)),
    ),
    (
        "the robot consumes",
        Call(|s| workspaces::consuming(s, ROBOT, "0", "run-2", 1)),
    ),
    (
        "the stranger redeems a voucher",
        Call(|s| organizations::founding(s, STRANGER, "initech", VOUCHER)),
    ),
    (
        "the other admin redeems it",
        Call(|s| organizations::founding(s, MEMBER, "hooli", VOUCHER)),
    ),
    (
        "the owner makes a project",
        Call(|s| projects::making(s, OWNER, "acme", "new")),
    ),
    (
        "the other admin makes a project",
        Call(|s| projects::making(s, MEMBER, "acme", "newer")),
    ),
    (
        "the stranger makes a project of that name",
        Call(|s| projects::making(s, STRANGER, "globex", "new")),
    ),
    (
        "the owner invites somebody",
        Call(|s| inviting(s, OWNER, "invited@example.com")),
    ),
    (
        "the other admin invites another",
        Call(|s| inviting(s, MEMBER, "another@example.com")),
    ),
    (
        "the admin makes a deployment",
        Call(|s| objects::making_deployment(s, ADMIN, "vision", "f")),
    ),
    (
        "the robot makes another",
        Call(|s| objects::making_deployment(s, ROBOT, "vision", "g")),
    ),
    (
        "the admin makes a version",
        Call(|s| version(s, ADMIN, "v2")),
    ),
    (
        "the robot makes another version",
        Call(|s| version(s, ROBOT, "v3")),
    ),
    (
        "the owner deletes the deployment",
        Call(|s| objects::deleting_deployment(s, OWNER, "d")),
    ),
    (
        "the robot asks",
        Call(|s| requests::asking(s, ROBOT, ASK, json!({"x": 1}))),
    ),
    (
        "the editor asks",
        Call(|s| requests::asking(s, EDITOR, ASK, json!({"x": 1}))),
    ),
    (
        "the robot asks in a quota",
        Call(|s| requests::asking(s, ROBOT, ASK_IN_QUOTA, json!({"x": 1}))),
    ),
    (
        "the robot queues",
        Call(|s| {
            let target = "/v2.1/projects/vision/deployments/d/requests/batch?timeout=10";
            requests::asking(s, ROBOT, target, json!([{"x": 1}]))
        }),
    ),
    (
        "the owner takes the upstream away",
        Call(|s| upstream(s, "DELETE")),
    ),
    (
        "the owner assigns a role",
        Call(|s| roles::assigning(s, OWNER, "vision", "project-admin", &idle(s), "")),
    ),
    (
        "the admin assigns a custom role",
        Call(|s| roles::assigning(s, ADMIN, "vision", &custom(s), &idle(s), "d")),
    ),
    ("the owner widens that role", Call(|s| role(s, "PATCH"))),
    ("the owner deletes that role", Call(|s| role(s, "DELETE"))),
    (
        "the owner takes the admin's role",
        Call(|s| roles::unassigning(s, OWNER, "vision", &admins_role(s))),
    ),
    (
        "the owner deletes the project",
        Call(|s| projects::deleting(s, OWNER, "vision")),
    ),
    (
        "the owner suspends the project",
        Call(|s| {
            s.calling(
                OWNER,
                "PATCH",
                "/v2.1/projects/vision",
                json!({"suspended": true}),
            )
        }),
    ),
    ("the operator imports usage", Call(importing)),
    ("the operator imports it again", Call(importing)),
    ("the scheduled run comes", Minute),
];

/// Three that are about the same.
const TRIPLES: [[&str; 3]; 12] = [
    [
        "the owner demotes the other admin",
        "the other admin demotes the owner",
        "the operator deletes the owner",
    ],
    [
        "the owner leaves",
        "the other admin leaves",
        "the operator deletes the other admin",
    ],
    [
        "the owner leaves",
        "the other admin leaves",
        "the owner makes a project",
    ],
    [
        "the robot's key consumes",
        "the robot consumes",
        "the robot asks in a quota",
    ],
    [
        "the robot asks",
        "the editor asks",
        "the scheduled run comes",
    ],
    ["the robot asks", "the editor asks", "the robot queues"],
    [
        "the admin resets a service user",
        "the owner resets it with a grace",
        "the robot resets it",
    ],
    [
        "the owner deletes it",
        "the owner makes a key of it",
        "the owner assigns a role",
    ],
    [
        "the owner makes a project",
        "the other admin makes a project",
        "the stranger makes a project of that name",
    ],
    [
        "the admin assigns a custom role",
        "the owner widens that role",
        "the owner takes the admin's role",
    ],
    [
        "the operator resets the owner",
        "the owner signs in",
        "the owner replaces their token",
    ],
    [
        "the stranger redeems a voucher",
        "the other admin redeems it",
        "the operator deletes the other admin",
    ],
];

fn inviting(simulation: &Simulation, by: usize, email: &str) -> Begin {
    let body = json!({"email": email, "admin": true});
    simulation.calling(by, "POST", "/v2.1/organizations/acme/users", body)
}

fn version(simulation: &Simulation, by: usize, version: &str) -> Begin {
    let target = "/v2.1/projects/vision/deployments/d/versions";
    simulation.calling(by, "POST", target, json!({"version": version}))
}

fn upstream(simulation: &Simulation, method: &str) -> Begin {
    let target = "/v2.1/projects/vision/deployments/d/versions/v1/upstream";
    simulation.calling(OWNER, method, target, json!(null))
}

fn custom(simulation: &Simulation) -> String {
    let mut roles = simulation.facts().rows("roles");
    let role = roles.find(|role| role.text("permissions").contains("requests.create"));
    role.map_or(String::new(), |role| role.text("name").to_owned())
}

fn role(simulation: &Simulation, method: &str) -> Begin {
    let target = format!("/v2.1/projects/vision/roles/{}", custom(simulation));
    let body = match method {
        "DELETE" => json!(null),
        _ => json!({"permissions": ["projects.get", "roles.create", "service_users.create"]}),
    };
    simulation.calling(OWNER, method, target, body)
}

fn admins_role(simulation: &Simulation) -> String {
    let admin = id_of(simulation, ADMIN);
    let mut rows = simulation.facts().rows("role_assignments");
    let row = rows.find(|row| row.text("assignee_id") == admin);
    row.map_or(String::new(), |row| row.text("id").to_owned())
}

fn importing(simulation: &Simulation) -> Begin {
    let events = json!([operator::importing("event-1", "vision")]);
    simulation.calling(OPERATOR, "POST", "/operator/v1/usage-events", events)
}

/// Has the pairs and triples of which this is so of the number meet in all orders, invariants after each step.
///
/// # Errors
/// The first order in which something does not hold.
pub fn all(takes: impl Fn(usize) -> bool) -> Result<Met, Box<Failed>> {
    let base = Base::at_the_edge();
    let pairs =
        (0..MOVES.len()).flat_map(|one| (one..MOVES.len()).map(move |other| vec![one, other]));
    let place = |name: &str| {
        MOVES
            .iter()
            .position(|(known, _)| *known == name)
            .expect("a move")
    };
    let triples = TRIPLES
        .iter()
        .map(|triple| triple.iter().map(|name| place(name)).collect());
    let mut met = Met::default();
    for (number, group) in pairs.chain(triples).enumerate() {
        if takes(number) {
            met.groups += 1;
            met.orders += meet(&base, &group)?;
        }
    }
    Ok(met)
}

fn meet(base: &Base, group: &[usize]) -> Result<usize, Box<Failed>> {
    let mut failed = None;
    let orders = every_choice(|chooses| {
        if failed.is_some() {
            return;
        }
        let outcome = run(base, Choices::of_list(Vec::new()), |simulation| {
            let mut numbers = Vec::new();
            for one in group {
                numbers.push(match &MOVES[*one].1 {
                    Call(begins) => simulation.begin(begins(simulation))?,
                    Minute => simulation.begin_minute()?,
                });
            }
            loop {
                let open: Vec<usize> = numbers
                    .iter()
                    .filter_map(|number| simulation.place_of(*number))
                    .collect();
                if open.is_empty() {
                    return Ok(());
                }
                simulation.go_on(open[chooses(open.len())], None)?;
            }
        });
        failed = outcome.violation.map(|violation| Failed {
            moves: group.iter().map(|one| MOVES[*one].0).collect(),
            told: outcome.notes.told.take(),
            violation,
        });
    });
    match failed {
        None => Ok(orders),
        Some(failed) => Err(Box::new(failed)),
    }
}
