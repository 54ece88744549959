//! What an organization or a project has in use, and what its plan allows: read from the counters that triggers keep,
//! never counted.

use crate::domain::{AnyId, OrganizationId, Timestamp};
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::projects::Project;
use crate::store::rows::row;
use crate::store::subscriptions::in_force;
use crate::store::texts::statements;

row! {
    /// How many there are of one resource.
    #[derive(Debug, Clone)]
    pub struct Count {
        /// `projects`, `users`, `deployments`, `deployment_versions`, `pipelines` or `pipeline_versions`.
        pub resource: String,
        /// How many.
        pub count: i64,
    }
}

row! {
    /// The limits of a plan; none is no limit.
    #[derive(Debug, Clone, Default)]
    pub struct Limits {
        /// Of projects.
        pub max_projects: Option<i64>,
        /// Of members.
        pub max_users: Option<i64>,
        /// Of deployments.
        pub max_deployments: Option<i64>,
        /// Of their versions.
        pub max_deployment_versions: Option<i64>,
        /// Of pipelines.
        pub max_pipelines: Option<i64>,
        /// Of their versions.
        pub max_pipeline_versions: Option<i64>,
    }
}

statements! {
    /// The counts of a project, or of the organization where the project is ''. A resource of which there never was
    /// any has no row.
    COUNTS = "SELECT resource, count FROM resource_counts
              WHERE organization_id = :organization_id AND project_id = :project_id";
    /// What the plan of an organization allows now.
    LIMITS = concat!(
        "SELECT c.max_projects, c.max_users, c.max_deployments, c.max_deployment_versions, c.max_pipelines, c.max_pipeline_versions
         FROM organizations n JOIN subscriptions c ON c.name = ", in_force!("subscription"), "
         WHERE n.id = :organization_id");
}

/// What an organization has in use.
///
/// # Errors
/// 503 when the database fails.
pub async fn of_organization(
    connection: &Connection,
    organization_id: &OrganizationId,
) -> Result<Vec<Count>, Error> {
    counts(connection, organization_id, AnyId::default()).await
}

/// What a project has in use.
///
/// # Errors
/// 503 when the database fails.
pub async fn of_project(connection: &Connection, project: &Project) -> Result<Vec<Count>, Error> {
    counts(
        connection,
        &project.organization_id,
        project.project_id.any(),
    )
    .await
}

async fn counts(
    connection: &Connection,
    organization_id: &OrganizationId,
    project_id: AnyId<'_>,
) -> Result<Vec<Count>, Error> {
    let parameters = Parameters::new()
        .text("organization_id", organization_id)
        .text("project_id", project_id);
    connection
        .read(parameters.batch([&COUNTS]))
        .await?
        .all(&COUNTS)
}

/// What the plan of an organization allows.
///
/// # Errors
/// 503 when the database fails.
pub async fn limits(
    connection: &Connection,
    organization_id: &OrganizationId,
    now: Timestamp,
) -> Result<Limits, Error> {
    let parameters = Parameters::new()
        .text("organization_id", organization_id)
        .integer("now", now.as_millis());
    let found = connection
        .read(parameters.batch([&LIMITS]))
        .await?
        .first(&LIMITS)?;
    Ok(found.unwrap_or_default())
}
