//! Consumption from quotas: counted once, exactly, and never beyond a quota.
//!
//! A consumption is no change of configuration, so it has no audit row; its own row in `quota_consumptions` is its
//! permit. Everything is decided in the transaction that counts: whether the caller may, whether the id is new, whether
//! the amount fits. So any number of callers at the edge of a quota never pass it, and a repetition counts once.

use crate::auth::access::Authority;
use crate::domain::invalid::quoted;
use crate::domain::quota::{MAX_QUOTA, UNLIMITED};
use crate::domain::time::Timestamp;
use crate::domain::{RequestId, WorkspaceId};
use crate::error::{Error, Reason};
use crate::sql::rules;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::projects::Project;
use crate::store::quotas::{Quota, join_workspace_quota, quota_columns};
use crate::store::rights::caller_may;
use crate::store::rows::{Answers, row};
use crate::store::run_time::{leased_time, limit_of_quota, units_begun};
use crate::store::texts::statements;
use crate::store::workspaces::{self, workspace_exists, workspace_is_open};

/// For how long an id is remembered, in milliseconds: 30 days (contract section 6).
pub const REMEMBERED: i64 = 30 * 86_400_000;

macro_rules! this_consumption {
    () => {
        "project_id = :project_id AND workspace_id = :object_id AND id = :consumption_id"
    };
}

/// Whether the same consumption was counted under this id, so that this one is a repetition; or `NOT` the same.
macro_rules! is_known {
    () => {
        is_known!("")
    };
    ($not:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM quota_consumptions WHERE ",
            this_consumption!(),
            " AND ",
            $not,
            "(resource = :resource AND amount = #amount))"
        )
    };
}

/// Whether the row that this batch wanted to write is the one that is there.
macro_rules! counted {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM quota_consumptions WHERE ",
            this_consumption!(),
            " AND request_id = :request_id)"
        )
    };
}

/// The units begun when the requests under way have run for all that they have leased.
macro_rules! units_with_leases {
    () => {
        units_begun!(concat!(
            "(coalesce(q.run_time, 0) + ",
            leased_time!(":object_id", ":resource"),
            ")"
        ))
    };
}

/// Whether the amount fits beside what was consumed, what has run and what is leased: a release always does; while there
/// is no limit, as much as can be counted.
macro_rules! fits {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM quota_resources r ",
            join_workspace_quota!(),
            "WHERE r.resource = :resource AND (#amount <= 0 OR coalesce(q.used, 0) + ",
            units_with_leases!(),
            " + #amount <= ",
            limit_of_quota!(),
            "))"
        )
    };
}

/// The units that only leases hold.
macro_rules! units_leased {
    () => {
        concat!(
            "coalesce((SELECT ",
            units_with_leases!(),
            " - ",
            units_begun!("coalesce(q.run_time, 0)"),
            " FROM quota_resources r ",
            join_workspace_quota!(),
            "WHERE r.resource = :resource), 0)"
        )
    };
}

statements! {
    /// A few consumptions of the organization that need not be remembered any more.
    FORGET_SOME = "DELETE FROM quota_consumptions WHERE (project_id, workspace_id, id) IN (
                     SELECT project_id, workspace_id, id FROM quota_consumptions
                     WHERE organization_id = :organization_id AND date <= #forgotten ORDER BY date LIMIT 4)";
    /// This one, if it need not be remembered any more.
    FORGET_THIS = concat!("DELETE FROM quota_consumptions WHERE ", this_consumption!(), " AND date <= #forgotten");
    /// The consumption, if it may be counted. What has been counted is not asked whether it fits.
    INSERT = concat!(
        "INSERT INTO quota_consumptions (project_id, workspace_id, id, organization_id, resource, amount, date, request_id)
         SELECT :project_id, :object_id, :consumption_id, :organization_id, :resource, #amount, #now, :request_id WHERE ",
        rules! {
            found: workspace_exists!(),
            may: concat!(caller_may!(), " AND ", workspace_is_open!()),
            id_is_free: concat!("NOT ", is_known!("NOT ")),
            changes: concat!("NOT ", is_known!()),
            has_room: concat!(fits!(), " OR ", is_known!());
            resource_found: "EXISTS (SELECT 1 FROM quota_resources WHERE resource = :resource)",
            leased: units_leased!(),
        });
    /// The count.
    COUNT = concat!(
        "INSERT INTO workspace_quotas (project_id, workspace_id, resource, organization_id, used)
         SELECT :project_id, :object_id, :resource, :organization_id, max(0, #amount) WHERE ", counted!(), "
         ON CONFLICT (project_id, workspace_id, resource) DO UPDATE SET used = max(0, used + #amount)");
    /// The quota as it is now.
    GET = concat!(
        "SELECT ", quota_columns!(), " FROM workspaces w CROSS JOIN quota_resources r ", join_workspace_quota!(), "
         WHERE w.project_id = :project_id AND w.id = :object_id AND r.resource = :resource");
}

/// What is consumed, or given back by a negative amount.
#[derive(Debug, Clone, Copy)]
pub struct Consumption<'a> {
    /// Its id, unique in the workspace for [`REMEMBERED`].
    pub id: &'a str,
    /// The resource.
    pub resource: &'a str,
    /// How much, within +-(2^53 - 1).
    pub amount: i64,
}

/// Counts a consumption, once, and answers the quota as it then is. A release ends at 0.
///
/// # Errors
/// 400 `ModelArts.0118` for what would pass the quota, 400 for an unknown resource and for an id that stands for
/// another consumption; 403 for a right lost meanwhile; 503 when the database fails.
pub async fn consume(
    connection: &Connection,
    authority: &Authority,
    (now, request_id): (Timestamp, &RequestId),
    project: &Project,
    workspace: &WorkspaceId,
    consumption: Consumption<'_>,
) -> Result<Quota, Error> {
    let principal = authority.principal();
    let statements = Parameters::new()
        .text("project_id", &project.project_id)
        .text("organization_id", &project.organization_id)
        .text("object_id", workspace)
        .optional_text("principal_id", principal.id())
        .text("actor", principal.email())
        .flag("operator", principal.is_operator())
        .optional_text("token_id", authority.credential_id())
        .optional_text("permission", authority.permission().map(|held| held.name()))
        .integer("now", now.as_millis())
        .integer("forgotten", now.as_millis() - REMEMBERED)
        .text("request_id", request_id)
        .text("consumption_id", consumption.id)
        .text("resource", consumption.resource)
        .integer("amount", consumption.amount)
        .batch([&FORGET_SOME, &FORGET_THIS, &INSERT, &COUNT, &GET]);
    let answers = connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| workspaces::not_found(workspace.as_str())),
        ("may", &|| workspaces::lacks(authority)),
        ("resource_found", &|| {
            let resource = quoted(consumption.resource);
            Error::invalid(format!("resource: there is no resource {resource}"))
        }),
        ("id_is_free", &|| {
            Error::invalid("id: it stands for another consumption, with another resource or amount")
        }),
        ("has_room", &|| {
            let refusal = insufficient(&answers, consumption.amount);
            refusal.unwrap_or_else(|error| error)
        }),
    ])?;
    answers.only(&GET)
}

/// The refusal of what does not fit, with what there is.
fn insufficient(answers: &Answers, amount: i64) -> Result<Error, Error> {
    row! {
        struct Told {
            leased: i64,
        }
    }
    let Told { leased } = answers.told()?;
    let quota: Quota = answers.only(&GET)?;
    let limit = match quota.quota {
        UNLIMITED => MAX_QUOTA,
        limit => limit,
    };
    let Quota { resource, used, .. } = quota;
    let sentence = format!("amount: the quota of {resource} has no room for it");
    Ok(Error::invalid(sentence).because(Reason::QuotaInsufficient {
        resource: resource.into(),
        amount,
        used,
        leased,
        quota: limit,
    }))
}
