//! What is set aside.

use super::{Invariant, Moment, hold, is_under_way};
use crate::facts::changes;

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "leases",
    sentence: "Every request under way holds its lease, no request that has ended or waits does, and none is charged more than \
               it had leased (contract section 5.4).",
    check,
};

fn check(moment: &Moment<'_>) -> Result<(), String> {
    for (old, new) in changes(moment.before, moment.after, "requests") {
        let Some(new) = new else { continue };
        if is_under_way(new) {
            let priced = new.whole("price") > 0;
            let has_lease = new.number("lease_end").is_some()
                && (!priced || new.number("leased").is_some())
                && (new.text("workspace_id").is_empty() || new.number("leased_time").is_some());
            hold(has_lease, || format!("it holds no lease: {}", new.shown()))?;
            continue;
        }
        let Some(old) = old.filter(|old| is_under_way(old)) else {
            hold(
                new.text("status") != "pending" || new.whole("credits") == 0,
                || format!("it waits and has cost: {}", new.shown()),
            )?;
            continue;
        };
        // Settled by whoever ran it, in the same transaction it may be extended first, so its own lease counts.
        let leased = new.whole("leased").max(old.whole("leased"));
        hold(new.whole("credits") <= leased, || {
            format!("{} was leased: {}", leased, new.shown())
        })?;
    }
    Ok(())
}
