//! The first round trip on the ModelArts-compatible surface: who shows this token or access key, and what they may in
//! the project of this id and in its workspace.

use super::project::{organization_of_project, rights_columns};
use super::who::{HolderRow, digests};
use super::{FirstTrip, Rider, ask as ask_first, first_trip};
use crate::auth::permissions::Permission;
use crate::auth::principal::Principal;
use crate::domain::time::Timestamp;
use crate::domain::{AccessKeyId, Digests, ProjectId, WorkspaceId};
use crate::error::Error;
use crate::store::connection::Connection;
use crate::store::projects::Project;
use crate::store::projects::statements::project_columns;
use crate::store::rows::{Columns, Flag, Row, row};
use crate::store::texts::statements;
use crate::store::workspaces::{Workspace, opens_to, workspace_columns};

statements! {
    /// Who is calling, what they are and may in the project of this id, and whether its workspace is open to them. Its
    /// grants are read where it is shown itself, which is what `workspaces.get` is for.
    CALLER_AND_WORKSPACE = first_trip! {
        who: token_or_access_key,
        reads: concat!(
            project_columns!(), ", ", workspace_columns!(), ",
             CASE WHEN :permission = 'workspaces.get' THEN w.grants END AS workspace_grants,
             p.id IS NOT NULL AS project_exists, w.id IS NOT NULL AS workspace_exists, ", rights_columns! {}, ",
             m.admin = 1 OR ", opens_to!("coalesce(u.id, s.id)", "coalesce(u.email, s.email)"), " AS is_open"),
        joins: concat!(
            " LEFT JOIN projects p ON p.id = :project_id", organization_of_project!(), "
             LEFT JOIN workspaces w ON w.project_id = p.id AND w.id = :workspace_id")
    };
}

/// What the first round trip says about a call on workspaces.
#[derive(Debug)]
pub struct CallerAndWorkspace {
    /// Who is calling.
    pub caller: HolderRow,
    /// The project, if there is one of this id.
    pub project: Option<Project>,
    /// The workspace, if there is one of this id in the project.
    pub workspace: Option<Workspace>,
    /// The access key, if there is one of this id.
    pub access_key: Option<KnownKey>,
    /// What the caller is and may in the project and in the workspace.
    pub standing: WorkspaceStanding,
}

row! {
    /// What a caller is and may in a project and in its workspace: a part of a row.
    #[derive(Debug)]
    pub struct WorkspaceStanding {
        project_exists: Flag,
        workspace_exists: Flag,
        key_exists: Flag,
        /// Whether the caller is a member of the project's organization who has not joined it yet.
        pub is_to_join: Flag,
        /// Whether the caller has a part in the project.
        pub has_part: Flag,
        /// Whether they hold the permission that was asked for, on the whole project.
        pub holds_permission: Flag,
        /// Whether the workspace is open to them.
        pub is_open: Flag,
    }
}

row! {
    /// An access key whose row is there: a part of a row.
    #[derive(Debug)]
    pub struct KnownKey {
        /// Its id.
        pub access_key: AccessKeyId,
        /// The generation of its secret.
        pub access_key_generation: i64,
    }
}

impl Row for CallerAndWorkspace {
    fn read(columns: &mut Columns<'_>) -> Self {
        let standing = WorkspaceStanding::read(columns);
        let has_project = standing.project_exists.0;
        let has_workspace = standing.workspace_exists.0;
        let has_key = standing.key_exists.0;
        Self {
            caller: HolderRow::read(columns),
            project: has_project.then(|| Project::read(columns)),
            workspace: has_workspace.then(|| Workspace::read(columns)),
            access_key: has_key.then(|| KnownKey::read(columns)),
            standing,
        }
    }
}

impl HolderRow {
    /// The service user whose access key was shown, unless it has expired.
    ///
    /// # Errors
    /// An inconsistency: an access key without its holder.
    pub fn key_holder(self, now: Timestamp) -> Result<Option<Principal>, Error> {
        self.principal(now, "an access key")
    }
}

/// Which credential was shown, which project and workspace are meant, and what it takes.
pub struct Asked<'a> {
    /// The digests of the token, if a token was shown.
    pub digests: Option<&'a Digests>,
    /// The access key, if the request is signed.
    pub access_key: Option<&'a AccessKeyId>,
    /// The project's id.
    pub project_id: &'a ProjectId,
    /// The workspace's id, if the path has one.
    pub workspace_id: Option<&'a WorkspaceId>,
    /// The permission that the route asks for.
    pub permission: Option<Permission>,
}

/// Who shows this token or access key, and what they may in this project and workspace. What rides along has
/// `:access_key`, `:project_id`, `:workspace_id` and `:permission` besides the digests, which are null of a signed
/// request.
///
/// # Errors
/// 503 when the database fails.
pub async fn ask(
    connection: &Connection,
    asked: &Asked<'_>,
    rider: Option<Rider>,
) -> Result<FirstTrip<CallerAndWorkspace>, Error> {
    let by_operator = asked.digests.is_none() && asked.access_key.is_none();
    let parameters = digests(asked.digests)
        .flag("by_operator", by_operator)
        .optional_text("access_key", asked.access_key)
        .text("project_id", asked.project_id)
        .optional_text("workspace_id", asked.workspace_id)
        .optional_text("permission", asked.permission.map(Permission::name));
    let sql = &CALLER_AND_WORKSPACE;
    ask_first(connection, sql, parameters, rider).await?.only()
}
