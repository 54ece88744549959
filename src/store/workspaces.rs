//! Workspaces: what quotas stand on, and whom they are open to.
//!
//! Who uses a workspace needs the permission, like for anything of the project, and the workspace must be open to them
//! by its `auth_type` and grants (contract section 6). Both are asked in the first round trip, and again in each
//! permit, with the fragment [`workspace_is_open!`]. The default workspace, id `0`, is a row like the others, which a
//! trigger makes with its project.

use crate::auth::access::Authority;
use crate::auth::principal::Principal;
use crate::domain::{SAFE_INTEGER, WorkspaceId, quoted};
use crate::error::{Error, Reason};
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::projects::{self, Project};
use crate::store::rights::caller_holds_all;
use crate::store::rows::{JsonText, Millis, row};
use crate::store::texts::statements;

pub mod changes;

/// The most workspaces of a project, the default one included.
pub const MAX_WORKSPACES: i64 = 100;

row! {
    /// A workspace.
    #[derive(Debug, Clone)]
    pub struct Workspace {
        /// Its id.
        pub workspace_id: WorkspaceId,
        /// Its name, unique in the project.
        pub workspace_name: String,
        /// Its description, which may be empty.
        pub workspace_description: String,
        /// The name of who made it.
        pub workspace_owner: String,
        /// Its enterprise project.
        pub workspace_enterprise_project_id: String,
        /// Whom it is open to, in the letters in which it was sent.
        pub workspace_auth_type: String,
        /// Its grants, where they are shown.
        pub workspace_grants: Option<JsonText>,
        /// When it was made.
        pub workspace_creation_date: Millis,
        /// When it was last changed.
        pub workspace_update_date: Millis,
    }
}

/// The columns of [`Workspace`] but its grants, from `workspaces w`.
macro_rules! workspace_columns {
    () => {
        "w.id AS workspace_id, w.name AS workspace_name, w.description AS workspace_description,
         w.owner AS workspace_owner, w.enterprise_project_id AS workspace_enterprise_project_id,
         w.auth_type AS workspace_auth_type, w.creation_date AS workspace_creation_date, w.update_date AS workspace_update_date"
    };
}
pub(crate) use workspace_columns;

/// Whether `workspaces w` is open to somebody: `opens_to!(their id, their e-mail address)`. To an admin of the
/// organization, and to the operator, every workspace is; that is asked elsewhere.
macro_rules! opens_to {
    ($id:expr, $email:expr) => {
        concat!(
            "(lower(w.auth_type) = 'public' OR w.owner_id = ", $id, " OR (lower(w.auth_type) = 'internal' AND EXISTS (
                SELECT 1 FROM workspace_grantees g WHERE g.project_id = w.project_id AND g.workspace_id = w.id
                  AND g.grantee IN (", $id, ", ", $email, "))))"
        )
    };
}
pub(crate) use opens_to;

/// Whether the workspace of the permit is open to the caller.
macro_rules! workspace_is_open {
    () => {
        concat!(
            "(", $crate::store::rights::caller_holds_all!(), " OR EXISTS (
                SELECT 1 FROM workspaces w WHERE w.project_id = :project_id AND w.id = :object_id AND ",
            $crate::store::workspaces::opens_to!(":principal_id", ":actor"), "))"
        )
    };
}
pub(crate) use workspace_is_open;

macro_rules! workspace_exists {
    () => {
        "EXISTS (SELECT 1 FROM workspaces WHERE project_id = :project_id AND id = :object_id)"
    };
}
pub(crate) use workspace_exists;

macro_rules! listed {
    () => {
        concat!(
            "FROM workspaces w WHERE w.project_id = :project_id
               AND (:name IS NULL OR instr(w.name, :name) > 0)
               AND (:enterprise_project_id IS NULL OR w.enterprise_project_id = :enterprise_project_id)
               AND (#only_accessible = 0 OR ", caller_holds_all!(), " OR ", opens_to!(":principal_id", ":actor"), ")"
        )
    };
}

/// What a list is sorted by. Every workspace has the same status, so that order is the order of names.
macro_rules! sort_key {
    () => {
        "CASE :sort_by WHEN 'update_time' THEN printf('%020d', w.update_date) ELSE w.name END"
    };
}

statements! {
    /// A page of the workspaces of a project.
    LIST = concat!(
        "SELECT ", workspace_columns!(), " ", listed!(), "
         ORDER BY CASE WHEN #descending = 0 THEN ", sort_key!(), " END,
                  CASE WHEN #descending = 1 THEN ", sort_key!(), " END DESC, w.id
         LIMIT #limit OFFSET #skip");
    /// How many there are on all pages.
    COUNT = concat!("SELECT count(*) AS total ", listed!());
}

/// The refusal of a workspace that is not there, or is in another project.
#[must_use]
pub fn not_found(id: &str) -> Error {
    let sentence = format!("there is no workspace {} in this project", quoted(id));
    Error::invalid(sentence).because(Reason::NoSuchWorkspace { id: id.to_owned() })
}

/// The refusal of a project that is not there or not the caller's, or is not the one that they name beside it.
#[must_use]
pub fn foreign_project() -> Error {
    Error::forbidden("the project in the path is not one of the caller's")
        .because(Reason::ForeignProject)
}

/// The refusal to rename or to delete the default workspace.
#[must_use]
pub fn is_default() -> Error {
    Error::invalid("the default workspace is neither renamed nor deleted")
        .because(Reason::DefaultWorkspace)
}

/// The 403 of somebody who may not do this, or to whom the workspace is not open.
#[must_use]
pub fn lacks(authority: &Authority) -> Error {
    projects::lacks(authority).because(Reason::NotAllowed {
        permission: permission_name(authority),
    })
}

/// The name of the permission that the route asks for.
fn permission_name(authority: &Authority) -> Option<&'static str> {
    authority.permission().map(|permission| permission.name())
}

/// What narrows, sorts and pages a list of workspaces.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// Only those whose name holds this.
    pub name: Option<&'a str>,
    /// Only those of this enterprise project.
    pub enterprise_project_id: Option<&'a str>,
    /// Only those that are open to the caller.
    pub only_accessible: bool,
    /// `name`, `update_time` or `status`.
    pub sort_by: &'a str,
    /// From the last to the first.
    pub descending: bool,
    /// So many a page.
    pub limit: i64,
    /// This page, counted from 0.
    pub page: i64,
}

/// A page of workspaces, and how many there are on all.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    connection: &Connection,
    principal: &Principal,
    project: &Project,
    filter: &Filter<'_>,
) -> Result<(Vec<Workspace>, i64), Error> {
    row! {
        struct Count {
            total: i64,
        }
    }
    let skip = filter.page.saturating_mul(filter.limit).min(SAFE_INTEGER);
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .text("organization_id", &project.organization_id)
        .optional_text("principal_id", principal.id())
        .text("actor", principal.email())
        .flag("operator", principal.is_operator())
        .optional_text("name", filter.name)
        .optional_text("enterprise_project_id", filter.enterprise_project_id)
        .flag("only_accessible", filter.only_accessible)
        .text("sort_by", filter.sort_by)
        .flag("descending", filter.descending)
        .integer("limit", filter.limit)
        .integer("skip", skip);
    let answers = connection.read(parameters.batch([&LIST, &COUNT])).await?;
    let Count { total } = answers.only(&COUNT)?;
    Ok((answers.all(&LIST)?, total))
}
