//! The last admin stays.

use super::{Invariant, Moment, hold};
use crate::facts::Facts;

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "admins",
    sentence: "An organization that has an active admin who has joined keeps one (contract section 4).",
    check,
};

fn has_admin(facts: &Facts, organization: &str) -> bool {
    facts.rows("organization_users").any(|member| {
        let person = facts.row("users", member.text("user_id"));
        member.text("organization_id") == organization
            && member.flag("admin")
            && member.flag("joined")
            && person.is_some_and(|person| person.text("status") == "active")
    })
}

fn check(moment: &Moment<'_>) -> Result<(), String> {
    for organization in moment.after.rows("organizations") {
        let id = organization.text("id");
        let had = has_admin(moment.before, id);
        hold(!had || has_admin(moment.after, id), || {
            format!("{} has no admin any more", organization.text("name"))
        })?;
    }
    Ok(())
}
