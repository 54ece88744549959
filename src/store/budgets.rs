//! Budgets: whether the credits of a project, or of its organization, are used up in the present subscription period.
//!
//! Used up are credits of which as many were used as there are, or more. What was used stands by the day in
//! `usage_days`; a period's days are at most 31 rows, found by the index whatever lies before them, and where there is
//! no limit none is read.

use crate::domain::credits::Credits;
use crate::domain::json;
use crate::domain::subscription_period::present_starts;
use crate::domain::time::Timestamp;
use crate::domain::usage::day_of;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::first_trip::Rider;
use crate::store::rows::{Answers, row};
use crate::store::texts::statements;

/// The day on which the present period of `organizations n` began: that depends on nothing but the day of the month on
/// which its plan started, so it is looked up in a table of 31, see [`at`].
macro_rules! period_start {
    () => {
        concat!(
            "(:period_starts ->> (strftime('%d', ",
            $crate::store::subscriptions::in_force!("subscription_start_date"),
            " / 1000, 'unixepoch') - 1))"
        )
    };
}
pub(crate) use period_start;

/// The credits that a subject used in the present period of `organizations n`.
macro_rules! credits_used {
    ($subject:expr) => {
        concat!(
            "(SELECT coalesce(sum(d.credits), 0) FROM usage_days d WHERE d.subject_id = ",
            $subject,
            " AND d.object_type = 'deployment_version' AND d.day >= ",
            $crate::store::budgets::period_start!(),
            ")"
        )
    };
}
pub(crate) use credits_used;

/// What `projects p` used, and whether what it and `organizations n` may use is used up, for a
/// [`Project`](crate::store::projects::Project); null where there is no limit. Needs the parameters of [`at`].
macro_rules! budget_columns {
    () => {
        concat!(
            $crate::store::budgets::credits_used!("p.id"),
            " AS project_credits_used,
             (SELECT CASE WHEN c.monthly_credits IS NOT NULL THEN ",
            $crate::store::budgets::credits_used!("n.id"),
            " >= ",
            $crate::store::organizations::credits_of_organization!(),
            " END FROM subscriptions c WHERE c.name = ",
            $crate::store::subscriptions::in_force!("subscription"),
            ") AS organization_credits_used_up"
        )
    };
}
pub(crate) use budget_columns;

/// The parameters by which the budgets at this time are found.
#[must_use]
pub fn at(parameters: Parameters, now: Timestamp) -> Parameters {
    let starts = present_starts(now).map(day_of);
    parameters
        .integer("now", now.as_millis())
        .text("period_starts", json::text(&starts))
}

statements! {
    /// The credits that the organization of a call has used in the present period.
    USED = concat!("SELECT ", credits_used!("n.id"), " AS used FROM organizations n WHERE n.name = :organization");
}

/// What rides on the first trip of a call on an organization: the credits that it has used in the present period.
#[must_use]
pub fn used_riding(now: Timestamp) -> Rider {
    Rider::reading([&USED], at(Parameters::new(), now))
}

/// These credits.
///
/// # Errors
/// An inconsistency.
pub fn used(ridden: &Answers) -> Result<Credits, Error> {
    row! {
        struct Used {
            used: i64,
        }
    }
    let Used { used } = ridden.only(&USED)?;
    used_by(used)
}

/// What the days of a period come to.
///
/// # Errors
/// An inconsistency.
pub fn used_by(millionths: i64) -> Result<Credits, Error> {
    Credits::from_millionths(millionths)
        .map_err(|invalid| Error::inconsistent(format!("the sum of usage_days.credits: {invalid}")))
}
