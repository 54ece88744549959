//! The limits of plans.

use super::{Invariant, Moment, hold};
use crate::facts::{Facts, Row};

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "plans",
    sentence: "What makes one more of something leaves its organization within the limit of its plan.",
    check,
};

const LIMITS: [(&str, &str); 6] = [
    ("max_projects", "projects"),
    ("max_users", "organization_users"),
    ("max_deployments", "deployments"),
    ("max_deployment_versions", "deployment_versions"),
    ("max_pipelines", "pipelines"),
    ("max_pipeline_versions", "pipeline_versions"),
];

/// The plan that is in force, and what it is called.
pub fn plan<'a>(facts: &'a Facts, organization: &'a Row, now: i64) -> Option<&'a Row> {
    let is_next = organization
        .number("next_subscription_start_date")
        .is_some_and(|start| start <= now);
    let name = match is_next {
        true => organization.text("next_subscription"),
        false => organization.text("subscription"),
    };
    facts.row("subscriptions", name)
}

fn check(moment: &Moment<'_>) -> Result<(), String> {
    let now = moment.now.as_millis();
    for (limit, table) in LIMITS {
        if moment.before.shares(table, moment.after) {
            continue;
        }
        for organization in moment.after.rows("organizations") {
            let id = organization.text("id");
            let count = |facts: &Facts| {
                let rows = facts.rows(table);
                let of_it = rows.filter(|row| row.text("organization_id") == id);
                i64::try_from(of_it.count()).unwrap()
            };
            let (old, new) = (count(moment.before), count(moment.after));
            let plan = plan(moment.before, organization, now)
                .or_else(|| plan(moment.after, organization, now));
            let most = plan.and_then(|plan| plan.number(limit)).unwrap_or(i64::MAX);
            hold(new <= old || new <= most, || {
                format!("{} has {new} {table}, of {most}", organization.text("name"))
            })?;
        }
    }
    Ok(())
}
