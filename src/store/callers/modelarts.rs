//! The first round trip on the ModelArts-compatible surface: who shows this token or access key, and what he may in
//! the project of this id and in its workspace.

use crate::auth::permissions::Permission;
use crate::auth::principal::Principal;
use crate::domain::Digests;
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::sql::statements;
use crate::store::callers::{CallerRow, caller_columns, digests, rights_columns};
use crate::store::projects::Project;
use crate::store::rows::{Columns, Flag, Row, row};
use crate::store::session::Session;
use crate::store::workspaces::{Workspace, opens_to, workspace_columns};

statements! {
    /// Who is calling, what he is and may in the project of this id, and whether its workspace is open to him. Its grants
    /// are read where it is shown itself, which is what `workspaces.get` is for. The
    /// views of rights are not used here: SQLite would fill them for everybody before it looks for this caller.
    CALLER_AND_WORKSPACE = concat!(
        "SELECT ", caller_columns!(), ", k.id AS access_key, k.generation AS access_key_generation, ",
        crate::store::projects::statements::project_columns!(), ", ", workspace_columns!(), ",
         CASE WHEN :permission = 'workspaces.get' THEN w.grants END AS workspace_grants,
         p.id IS NOT NULL AS project_exists, w.id IS NOT NULL AS workspace_exists,
         k.id IS NOT NULL AS key_exists, m.joined = 0 AS is_to_join, ", rights_columns!(""), ",
         m.admin = 1 OR ", opens_to!("coalesce(u.id, s.id)", "coalesce(u.email, s.email)"), " AS is_open
         FROM (SELECT 1)
         LEFT JOIN tokens t ON t.digest IN (:digest, :other_digest)
         LEFT JOIN access_keys k ON k.id = :access_key
         LEFT JOIN users u ON u.id = t.user_id
         LEFT JOIN service_users s ON s.id = coalesce(t.service_user_id, k.service_user_id)
         LEFT JOIN projects p ON p.id = :project_id
         LEFT JOIN organizations n ON n.id = p.organization_id
         LEFT JOIN organization_users m ON m.organization_id = p.organization_id AND m.user_id = u.id
         LEFT JOIN workspaces w ON w.project_id = p.id AND w.id = :workspace_id");
}

/// What the first round trip says about a call on workspaces.
#[derive(Debug)]
pub struct CallerAndWorkspace {
    /// Who is calling.
    pub caller: CallerRow,
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
        /// Whether he holds the permission that was asked for, on the whole project.
        pub holds_permission: Flag,
        /// Whether the workspace is open to him.
        pub is_open: Flag,
    }
}

row! {
    /// An access key whose row is there: a part of a row.
    #[derive(Debug)]
    pub struct KnownKey {
        /// Its id.
        pub access_key: String,
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
            caller: CallerRow::read(columns),
            project: has_project.then(|| Project::read(columns)),
            workspace: has_workspace.then(|| Workspace::read(columns)),
            access_key: has_key.then(|| KnownKey::read(columns)),
            standing,
        }
    }
}

impl CallerRow {
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
    pub access_key: Option<&'a str>,
    /// The project's id.
    pub project_id: &'a str,
    /// The workspace's id, if the path has one.
    pub workspace_id: Option<&'a str>,
    /// The permission that the route asks for.
    pub permission: Option<Permission>,
}

/// Who shows this token or access key, and what he may in this project and workspace.
///
/// # Errors
/// 503 when the database fails.
pub async fn caller_and_workspace(
    session: &Session,
    asked: &Asked<'_>,
) -> Result<CallerAndWorkspace, Error> {
    let parameters = digests(asked.digests)
        .optional_text("access_key", asked.access_key)
        .text("project_id", asked.project_id)
        .optional_text("workspace_id", asked.workspace_id)
        .optional_text("permission", asked.permission.map(Permission::name));
    session
        .read(parameters.batch([&CALLER_AND_WORKSPACE]))
        .await?
        .only(0)
}
