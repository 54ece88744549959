//! The quotas of workspaces: what they are, and how they are changed.
//!
//! A row of `workspace_quotas` holds what differs from the catalogue: a quota that was set, and what is used. A change
//! names several resources and takes effect for all of them or none, so the rules about each stand in one permit.

use serde::Serialize;

use crate::domain::WorkspaceId;
use crate::domain::invalid::quoted;
use crate::domain::json;
use crate::error::Error;
use crate::sql::rules;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::connection::Connection;
use crate::store::projects::Project;
use crate::store::rights::caller_may;
use crate::store::rows::{Millis, row};
use crate::store::texts::statements;
use crate::store::workspaces::{self, workspace_exists, workspace_is_open};

row! {
    /// The quota of a resource in a workspace.
    #[derive(Debug, Clone)]
    pub struct Quota {
        /// The resource.
        pub resource: String,
        /// Its name in English.
        pub name_en: String,
        /// Its name in Chinese.
        pub name_cn: String,
        /// Its unit in English.
        pub unit_en: String,
        /// Its unit in Chinese.
        pub unit_cn: String,
        /// The least that the quota may be.
        pub min_quota: i64,
        /// The most.
        pub max_quota: i64,
        /// What it is; -1 is no limit.
        pub quota: i64,
        /// When it was last set, or when the workspace was made.
        pub update_date: Millis,
        /// What is used of it, counted while there is no limit, too: what was consumed, and the units that run time began.
        pub used: i64,
    }
}

/// The columns of [`Quota`], from `quota_resources r`, `workspaces w` and, joined from the left, `workspace_quotas q`.
macro_rules! quota_columns {
    () => {
        concat!(
            "r.resource, r.name_en, r.name_cn, r.unit_en, r.unit_cn, r.min_quota, r.max_quota,
             coalesce(q.quota, r.default_quota) AS quota, coalesce(q.update_date, w.creation_date) AS update_date, ",
            $crate::store::run_time::used_of_quota!(),
            " AS used"
        )
    };
}
pub(crate) use quota_columns;

/// Joins what a workspace has of a resource of `quota_resources r`.
macro_rules! join_workspace_quota {
    () => {
        "LEFT JOIN workspace_quotas q ON q.project_id = :project_id AND q.workspace_id = :object_id
                                     AND q.resource = r.resource "
    };
}
pub(crate) use join_workspace_quota;

/// The items of a change, in their order, with their resources; CROSS keeps the order of the joins.
macro_rules! from_items {
    () => {
        "FROM json_each(:quotas) i
         CROSS JOIN quota_resources r ON r.resource = json_extract(i.value, '$.resource') "
    };
}

/// The number of the first item whose resource is unknown.
macro_rules! first_unknown {
    () => {
        "(SELECT min(i.key) FROM json_each(:quotas) i
          WHERE NOT EXISTS (SELECT 1 FROM quota_resources r WHERE r.resource = json_extract(i.value, '$.resource')))"
    };
}

/// Of the first item whose quota is outside its resource's bounds: this.
macro_rules! first_outside {
    ($what:literal) => {
        concat!(
            "(SELECT ",
            $what,
            " ",
            from_items!(),
            "WHERE json_extract(i.value, '$.quota') NOT BETWEEN r.min_quota AND r.max_quota ORDER BY i.key LIMIT 1)"
        )
    };
}

/// Whether an item is not what the workspace has already. A quota that is the catalogue's default is set nevertheless:
/// from then on it stays what it is when the default changes.
macro_rules! changes_something {
    () => {
        concat!(
            "EXISTS (SELECT 1 ",
            from_items!(),
            join_workspace_quota!(),
            "WHERE json_extract(i.value, '$.quota') IS NOT q.quota)"
        )
    };
}

statements! {
    /// The quotas of a workspace, in the order of the catalogue.
    LIST = concat!(
        "SELECT ", quota_columns!(), " FROM workspaces w CROSS JOIN quota_resources r ", join_workspace_quota!(), "
         WHERE w.project_id = :project_id AND w.id = :object_id AND r.position > 0 ORDER BY r.position");
    /// The permit to change quotas.
    PERMIT_SET = permit!(":object_id", concat!(
        "(SELECT json_group_array(json_object('resource', r.resource, 'quota', coalesce(q.quota, r.default_quota))) ",
        from_items!(), join_workspace_quota!(), ")"), rules! {
        found: workspace_exists!(),
        may: concat!(caller_may!(), " AND ", workspace_is_open!()),
        are_known: concat!(first_unknown!(), " IS NULL"),
        are_within: concat!(first_outside!("i.key"), " IS NULL"),
        changes: changes_something!();
        unknown_at: first_unknown!(),
        outside_at: first_outside!("i.key"),
        min_quota: first_outside!("r.min_quota"),
        max_quota: first_outside!("r.max_quota"),
    });
    /// The change. What is used stays.
    SET = concat!(
        "INSERT INTO workspace_quotas (project_id, workspace_id, resource, organization_id, quota, update_date, used)
         SELECT :project_id, :object_id, json_extract(i.value, '$.resource'), :organization_id,
                json_extract(i.value, '$.quota'), #now, 0
         FROM json_each(:quotas) i WHERE ", permitted!(), "
         ON CONFLICT (project_id, workspace_id, resource)
         DO UPDATE SET quota = excluded.quota, update_date = excluded.update_date");
    /// The items that were named, in their order.
    LIST_NAMED = concat!(
        "SELECT ", quota_columns!(), " ", from_items!(), "
         CROSS JOIN workspaces w ON w.project_id = :project_id AND w.id = :object_id ",
        join_workspace_quota!(), "ORDER BY i.key");
}

/// A quota to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewQuota {
    /// The resource.
    pub resource: String,
    /// What its quota is to be.
    pub quota: i64,
}

/// The quotas of a workspace, in the order of the catalogue.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    connection: &Connection,
    project: &Project,
    workspace: &WorkspaceId,
) -> Result<Vec<Quota>, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .text("object_id", workspace);
    connection.read(parameters.batch([&LIST])).await?.all(&LIST)
}

/// Sets quotas, all or none, and answers them in their order; those that are all so already are not written. A quota may lie below what is used: that stays, and
/// nothing more can be consumed.
///
/// # Errors
/// 400 that names the item, for an unknown resource and a quota outside its bounds, or when the workspace has gone
/// meanwhile; 403 for a right lost meanwhile; 503 when the database fails.
pub async fn set(
    context: &ChangeContext<'_>,
    project: &Project,
    workspace: &WorkspaceId,
    quotas: &[NewQuota],
) -> Result<Vec<Quota>, Error> {
    row! {
        struct Unknown {
            unknown_at: usize,
        }
    }
    row! {
        struct Outside {
            outside_at: usize,
            min_quota: i64,
            max_quota: i64,
        }
    }
    let change = Change {
        after: Some(json::tree(quotas)),
        ..project.change(
            Action::Update,
            "workspace_quotas",
            workspace.any(),
            workspace.as_str(),
        )
    };
    let statements = change
        .parameters(context)
        .text("quotas", json::text(&quotas))
        .batch([&PERMIT_SET, &SET, &LIST_NAMED]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| workspaces::not_found(workspace.as_str())),
        ("may", &|| workspaces::lacks(context.authority)),
        ("are_known", &|| {
            let told: Result<Unknown, Error> = answers.told();
            told.map_or_else(
                |error| error,
                |Unknown { unknown_at: at }| {
                    let resource = quotas.get(at).map_or("", |item| &item.resource);
                    Error::invalid(format!(
                        "quotas[{at}].resource: there is no resource {}; the quotas of the workspace list all there are",
                        quoted(resource)
                    ))
                },
            )
        }),
        ("are_within", &|| {
            let told: Result<Outside, Error> = answers.told();
            told.map_or_else(
                |error| error,
                |told| {
                    let (at, min, max) = (told.outside_at, told.min_quota, told.max_quota);
                    let quota = quotas.get(at).map_or(0, |item| item.quota);
                    Error::invalid(format!(
                        "quotas[{at}].quota: {quota} is outside {min} to {max}"
                    ))
                },
            )
        }),
    ])?;
    answers.all(&LIST_NAMED)
}
