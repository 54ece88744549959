//! The members of acme, called upon as its people are.

use serde_json::{Value as Json, json};

use crate::{Answer, Caller, World};

/// Where they are.
pub const USERS: &str = "/v2.1/organizations/acme/users";

/// Where one of them is.
pub fn path(whom: &Caller) -> String {
    format!("{USERS}/{}", whom.id)
}

/// Adds or invites somebody.
pub fn add(world: &World, by: &Caller, email: &str, admin: bool) -> Answer {
    world.call(by, "POST", USERS, json!({"email": email, "admin": admin}))
}

/// Makes a member admin, or admin no more.
pub fn set_admin(world: &World, by: &Caller, whom: &Caller, admin: bool) -> Answer {
    world.call(by, "PATCH", &path(whom), json!({"admin": admin}))
}

/// Removes a member.
pub fn remove(world: &World, by: &Caller, whom: &Caller) -> Answer {
    world.call(by, "DELETE", &path(whom), Json::Null)
}
