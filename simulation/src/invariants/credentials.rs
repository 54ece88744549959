//! Ended credentials.

use super::audit::changed;
use super::{Invariant, Moment, hold};
use crate::facts::made;

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "credentials",
    sentence: "A credential whose end was answered opens nothing any more: a call that begins afterwards is refused, and one \
               that had begun before changes nothing and begins no request in a round trip after the answer (contract section 2).",
    check,
};

fn check(moment: &Moment<'_>) -> Result<(), String> {
    let (Some(one), Some(by)) = (moment.one, moment.by) else {
        return Ok(());
    };
    if let (Some(why), Some(answer)) = (&one.ended_before, moment.answer) {
        let is_refused = answer.status == 401 || (answer.status == 503 && one.is_disturbed);
        // A streamed answer is refused before it begins, in the same way.
        hold(is_refused, || {
            format!("{} was ended by {why}, and is answered {answer}", by.name)
        })?;
    }
    let Some(why) = &moment.ended else {
        return Ok(());
    };
    if let Some(change) = changed(moment) {
        return Err(format!(
            "{} was ended by {why}, and still {change}",
            by.name
        ));
    }
    let begun = made(moment.before, moment.after, "requests");
    let begun = begun
        .iter()
        .find(|row| row.text("caller_id") == by.caller.id);
    hold(begun.is_none(), || {
        let begun = begun.map(|row| row.shown()).unwrap_or_default();
        format!("{} was ended by {why}, and still began {begun}", by.name)
    })
}
