//! The versions that are open to OpenAI's clients: those of their deployments that the caller may make requests to.

use crate::auth::access::Authority;
use crate::auth::permissions::DEPLOYMENTS_REQUESTS_CREATE;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::sql::statements;
use crate::store::rows::{JsonText, Millis, row};
use crate::store::session::Session;

/// The most versions that are listed.
const MOST: i64 = 1_000;

statements! {
    /// Versions by deployment and name, whose label opens them. The permission counts on the project and on the deployment.
    LIST = "SELECT d.name AS deployment, v.version, v.labels, v.creation_date
         FROM deployments d CROSS JOIN deployment_versions v ON v.deployment_id = d.id
         WHERE d.project_id = :project_id
           AND lower(trim(v.labels ->> '$.\"openai-compatible\"')) = 'true'
           AND (#holds_all = 1 OR EXISTS (
             SELECT 1 FROM role_assignments a JOIN role_permissions h ON h.role_id = a.role_id
             WHERE a.project_id = :project_id AND a.assignee_id = :principal_id AND h.permission = :permission
               AND (a.resource_type = 'project'
                    OR (a.resource_type = 'deployment' AND a.resource_id = d.id))))
         ORDER BY d.name, v.version LIMIT #limit";
}

row! {
    /// A version that is open to OpenAI's clients.
    #[derive(Debug)]
    pub struct OpenVersion {
        /// The name of its deployment.
        pub deployment: String,
        /// Its name.
        pub version: String,
        /// Its labels.
        pub labels: JsonText,
        /// When it was made.
        pub creation_date: Millis,
    }
}

/// The versions of a project that the caller may ask; an admin of its organization and the operator may ask all.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    session: &Session,
    authority: &Authority,
    holds_all: bool,
    project_id: &str,
) -> Result<Vec<OpenVersion>, Error> {
    let statements = Parameters::new()
        .text("project_id", project_id)
        .flag("holds_all", holds_all)
        .optional_text("principal_id", authority.principal().id())
        .text("permission", DEPLOYMENTS_REQUESTS_CREATE.name())
        .integer("limit", MOST)
        .batch([&LIST]);
    session.read(statements).await?.all(0)
}
