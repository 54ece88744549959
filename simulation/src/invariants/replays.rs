//! Requests that are sent again.

use super::{Invariant, Moment, hold};

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "replays",
    sentence: "The same request with the same idempotency key is answered with the same record within a day (contract section \
               5.4).",
    check,
};

/// A key is kept for a day from the time of its request; the run that takes old ones away may be late, not early.
const KEPT: i64 = 86_400_000;

fn check(moment: &Moment<'_>) -> Result<(), String> {
    let (Some(one), Some(answer)) = (moment.one, moment.answer) else {
        return Ok(());
    };
    let Some((id, since)) = &one.answered_before else {
        return Ok(());
    };
    if answer.status != 200 || since.as_millis() + KEPT <= moment.now.as_millis() {
        return Ok(());
    }
    let told = answer.json()["id"].as_str().unwrap_or_default().to_owned();
    hold(told == *id, || format!("{id} was told before: {answer}"))
}
