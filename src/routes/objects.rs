//! Deployments and pipelines with their versions (docs/deployments.md): records, on which roles can be assigned.

use super::Access::{Deployment, Pipeline, Project};
use super::{Route, handler, p, routes};
use crate::api::{deployment_versions, deployments, pipeline_versions, pipelines};
use ::http::Method;

pub(super) static TABLE: &[Route] = routes! {
    POST "/v2.1/projects/{project_name}/deployments" deployments_create, Project(p::DEPLOYMENTS_CREATE), "Create a deployment" => deployments::create;
    GET "/v2.1/projects/{project_name}/deployments" deployments_list, Project(p::DEPLOYMENTS_LIST), "List deployments" => deployments::list;
    GET "/v2.1/projects/{project_name}/deployments/{deployment_name}" deployments_get, Deployment(p::DEPLOYMENTS_GET), "Read a deployment" => deployments::get;
    PATCH "/v2.1/projects/{project_name}/deployments/{deployment_name}" deployments_update, Deployment(p::DEPLOYMENTS_UPDATE), "Change a deployment" => deployments::update;
    DELETE "/v2.1/projects/{project_name}/deployments/{deployment_name}" deployments_delete, Deployment(p::DEPLOYMENTS_DELETE), "Delete a deployment" => deployments::delete;
    POST "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions" deployment_versions_create, Deployment(p::DEPLOYMENTS_VERSIONS_CREATE), "Create a version of a deployment" => deployment_versions::create;
    GET "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions" deployment_versions_list, Deployment(p::DEPLOYMENTS_VERSIONS_LIST), "List the versions of a deployment" => deployment_versions::list;
    GET "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions/{version}" deployment_versions_get, Deployment(p::DEPLOYMENTS_VERSIONS_GET), "Read a version of a deployment" => deployment_versions::get;
    PATCH "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions/{version}" deployment_versions_update, Deployment(p::DEPLOYMENTS_VERSIONS_UPDATE), "Change a version of a deployment" => deployment_versions::update;
    DELETE "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions/{version}" deployment_versions_delete, Deployment(p::DEPLOYMENTS_VERSIONS_DELETE), "Delete a version of a deployment" => deployment_versions::delete;

    POST "/v2.1/projects/{project_name}/pipelines" pipelines_create, Project(p::PIPELINES_CREATE), "Create a pipeline" => pipelines::create;
    GET "/v2.1/projects/{project_name}/pipelines" pipelines_list, Project(p::PIPELINES_LIST), "List pipelines" => pipelines::list;
    GET "/v2.1/projects/{project_name}/pipelines/{pipeline_name}" pipelines_get, Pipeline(p::PIPELINES_GET), "Read a pipeline" => pipelines::get;
    PATCH "/v2.1/projects/{project_name}/pipelines/{pipeline_name}" pipelines_update, Pipeline(p::PIPELINES_UPDATE), "Change a pipeline" => pipelines::update;
    DELETE "/v2.1/projects/{project_name}/pipelines/{pipeline_name}" pipelines_delete, Pipeline(p::PIPELINES_DELETE), "Delete a pipeline" => pipelines::delete;
    POST "/v2.1/projects/{project_name}/pipelines/{pipeline_name}/versions" pipeline_versions_create, Pipeline(p::PIPELINES_VERSIONS_CREATE), "Create a version of a pipeline" => pipeline_versions::create;
    GET "/v2.1/projects/{project_name}/pipelines/{pipeline_name}/versions" pipeline_versions_list, Pipeline(p::PIPELINES_VERSIONS_LIST), "List the versions of a pipeline" => pipeline_versions::list;
    GET "/v2.1/projects/{project_name}/pipelines/{pipeline_name}/versions/{version}" pipeline_versions_get, Pipeline(p::PIPELINES_VERSIONS_GET), "Read a version of a pipeline" => pipeline_versions::get;
    PATCH "/v2.1/projects/{project_name}/pipelines/{pipeline_name}/versions/{version}" pipeline_versions_update, Pipeline(p::PIPELINES_VERSIONS_UPDATE), "Change a version of a pipeline" => pipeline_versions::update;
    DELETE "/v2.1/projects/{project_name}/pipelines/{pipeline_name}/versions/{version}" pipeline_versions_delete, Pipeline(p::PIPELINES_VERSIONS_DELETE), "Delete a version of a pipeline" => pipeline_versions::delete;
};
