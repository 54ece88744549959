//! What callers with an end give.

use super::{Invariant, Moment, hold};
use crate::facts::changes;

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "ends",
    sentence: "Who has an end gives nobody, themselves included, anything that outlives it: no token, no access key, no later \
               expiry (contract section 2).",
    check,
};

fn check(moment: &Moment<'_>) -> Result<(), String> {
    let caller = moment.before.row("service_users", moment.principal());
    let Some(end) = caller.and_then(|caller| caller.number("expiry_date")) else {
        return Ok(());
    };
    let outlives = |service_user: &str| {
        let row = moment.after.row("service_users", service_user);
        row.is_some_and(|row| row.number("expiry_date").unwrap_or(i64::MAX) > end)
    };
    for (old, new) in changes(moment.before, moment.after, "service_users") {
        let Some(new) = new else { continue };
        let ended = old.and_then(|old| old.number("expiry_date"));
        let is_given = old.is_none() || ended != new.number("expiry_date");
        hold(!is_given || !outlives(new.text("id")), || {
            format!("who ends at {end} gave {}", new.shown())
        })?;
    }
    for table in ["tokens", "access_keys"] {
        for (old, new) in changes(moment.before, moment.after, table) {
            let (None, Some(new)) = (old, new) else {
                continue;
            };
            hold(!outlives(new.text("service_user_id")), || {
                format!("who ends at {end} gave {}", new.shown())
            })?;
        }
    }
    Ok(())
}
