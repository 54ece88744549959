//! Credits.

use super::{Invariant, Moment, hold, is_under_way};
use crate::facts::{Facts, Row};
use crate::invariants::plans::plan;

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "budgets",
    sentence: "Whoever sets credits aside leaves what is used and what is leased within the credits of the project and of the \
               plan; settling a request never raises the two together (contract section 5.4).",
    check,
};

fn leased(facts: &Facts, column: &str, id: &str) -> i64 {
    let rows = facts.rows("requests");
    let of_it = rows.filter(|row| is_under_way(row) && row.text(column) == id);
    of_it.map(|row| row.whole("leased")).sum()
}

fn used(facts: &Facts, id: &str) -> i64 {
    let rows = facts.rows("usage_days");
    let of_it = rows.filter(|row| {
        row.text("subject_id") == id && row.text("object_type") == "deployment_version"
    });
    of_it.map(|row| row.whole("credits")).sum()
}

/// A run lies within one period of the subscription, so all that was used counts.
fn check(moment: &Moment<'_>) -> Result<(), String> {
    if moment.before.shares("requests", moment.after) {
        return Ok(());
    }
    let within = |column: &str, id: &str, limit: Option<i64>, row: &Row| {
        let (old, new) = (
            leased(moment.before, column, id),
            leased(moment.after, column, id),
        );
        let has_used = used(moment.after, id);
        let sum = has_used + new;
        let grew = sum - (old + used(moment.before, id));
        let is_imported = !moment.before.shares("usage_events", moment.after);
        hold(
            grew <= 0 || is_imported || limit.is_none_or(|limit| sum <= limit),
            || {
                format!(
                    "{has_used} used and {new} leased, of {limit:?}: {}",
                    row.shown()
                )
            },
        )
    };
    for project in moment.after.rows("projects") {
        within(
            "project_id",
            project.text("id"),
            project.number("credits"),
            project,
        )?;
    }
    for organization in moment.after.rows("organizations") {
        let id = organization.text("id");
        let plan = plan(moment.after, organization, moment.now.as_millis());
        let gifts = moment.after.rows("voucher_redemptions");
        let gifts = gifts.filter(|gift| gift.text("organization_id") == id);
        let gifts: i64 = gifts.map(|gift| gift.whole("credits")).sum();
        let limit = plan.and_then(|plan| plan.number("monthly_credits"));
        within(
            "organization_id",
            id,
            limit.map(|limit| limit + gifts),
            organization,
        )?;
    }
    Ok(())
}
