//! Workspaces, made and looked for.

use serde_json::Value as Json;

use crate::{Answer, Caller, World};

/// Creates one.
pub fn create(world: &World, by: &Caller, body: Json) -> Answer {
    world.call(by, "POST", &world.workspaces(""), body)
}

/// Where the one of this id is.
pub fn at(world: &World, id: &str) -> String {
    world.workspaces(&format!("/{id}"))
}

/// Holds an answer against its status and its code.
#[track_caller]
pub fn is_code(answer: Answer, status: u16, code: &str) {
    assert_eq!(answer.expect(status).text("error_code"), code);
}
