//! What an organization and its projects have in use, and what the plan allows (UbiOps spec 3.4 and 3.7).

use serde::Serialize;

use crate::api::operator::subscriptions::SubscriptionLimits;
use crate::api::{Call, OnOrganization, OnProject};
use crate::error::Error;
use crate::store::resources::{self, Count};
use crate::web::response::Response;

/// Numbers of objects that an organization has in use.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ResourceUsage {
    /// Number of projects.
    pub projects: i64,
    /// Number of members.
    pub users: i64,
    /// What its projects have in use.
    #[serde(flatten)]
    pub of_projects: ProjectResourceUsage,
}

/// Numbers of objects that a project has in use.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ProjectResourceUsage {
    /// Number of deployments.
    pub deployments: i64,
    /// Number of versions of deployments.
    pub deployment_versions: i64,
    /// Number of pipelines.
    pub pipelines: i64,
    /// Number of versions of pipelines.
    pub pipeline_versions: i64,
    /// Always 0: there are no buckets here.
    pub buckets: i64,
    /// Always 0: no environments are stored here.
    pub environments: i64,
}

/// The maximum number of objects of a kind that a project may have.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct QuotaDetail {
    /// Kind of object.
    pub resource: &'static str,
    /// Maximum number of objects of the kind.
    pub quota: i64,
}

fn count_of(counts: &[Count], resource: &str) -> i64 {
    let found = counts.iter().find(|count| count.resource == resource);
    found.map_or(0, |count| count.count)
}

fn of_project(counts: &[Count]) -> ProjectResourceUsage {
    ProjectResourceUsage {
        deployments: count_of(counts, "deployments"),
        deployment_versions: count_of(counts, "deployment_versions"),
        pipelines: count_of(counts, "pipelines"),
        pipeline_versions: count_of(counts, "pipeline_versions"),
        buckets: 0,
        environments: 0,
    }
}

/// `GET /organizations/{organization_name}/resources`.
pub(crate) async fn get_of_organization(
    call: &mut Call<'_, OnOrganization>,
) -> Result<Response, Error> {
    let organization = &call.organization().organization_id;
    let counts = resources::of_organization(call.connection, organization).await?;
    Response::ok(&ResourceUsage {
        projects: count_of(&counts, "projects"),
        users: count_of(&counts, "users"),
        of_projects: of_project(&counts),
    })
}

/// `GET /projects/{project_name}/resources`.
pub(crate) async fn get_of_project(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let counts = resources::of_project(call.connection, call.project()).await?;
    Response::ok(&of_project(&counts))
}

/// `GET /projects/{project_name}/quotas`: the limits of the plan that there are. No limit is no entry, because the
/// client 4.5.0 raises on a quota that is null.
pub(crate) async fn quotas(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let organization = &call.project().organization_id;
    let limits = resources::limits(call.connection, organization, call.now).await?;
    let quotas = [
        ("deployments", limits.max_deployments),
        ("deployment_versions", limits.max_deployment_versions),
        ("pipelines", limits.max_pipelines),
        ("pipeline_versions", limits.max_pipeline_versions),
        ("buckets", Some(0)),
        ("environments", Some(0)),
    ];
    let listed = quotas
        .into_iter()
        .filter_map(|(resource, quota)| quota.map(|quota| QuotaDetail { resource, quota }));
    Response::list(listed)
}

/// `GET /organizations/{organization_name}/limits`.
pub(crate) async fn limits(call: &mut Call<'_, OnOrganization>) -> Result<Response, Error> {
    let organization = &call.organization().organization_id;
    let limits = resources::limits(call.connection, organization, call.now).await?;
    Response::ok(&SubscriptionLimits {
        projects: limits.max_projects,
        users: limits.max_users,
        deployments: limits.max_deployments,
        deployment_versions: limits.max_deployment_versions,
        pipelines: limits.max_pipelines,
        pipeline_versions: limits.max_pipeline_versions,
    })
}
