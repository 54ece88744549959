//! Deployments and pipelines with their versions (docs/deployments.md): records, on which roles can be assigned.

use super::{Route, p, routes};
use crate::api::{
    audit, deployment_versions, deployments, environments, pipeline_versions, pipelines, targets,
    upstreams, versions,
};

pub(super) static TABLE: &[Route] = routes! {
    family IN_PROJECT;
    "/v2.1/projects/{project_name}/deployments" {
        POST deployments_create, Project(p::DEPLOYMENTS_CREATE), "Create a deployment"
            => deployments::create, takes deployments::DeploymentCreate, gives 201 targets::DeploymentDetail;
        GET deployments_list, Project(p::DEPLOYMENTS_LIST), "List deployments"
            => deployments::list, query [ANY_LABELS, LIMIT, AFTER_NAME], gives 200 Vec<targets::DeploymentDetail>;
    }
    "/v2.1/projects/{project_name}/deployments/{deployment_name}" {
        GET deployments_get, Deployment(p::DEPLOYMENTS_GET), "Read a deployment"
            => targets::get, gives 200 targets::DeploymentDetail;
        PATCH deployments_update, Deployment(p::DEPLOYMENTS_UPDATE), "Change a deployment"
            => deployments::update, takes deployments::DeploymentUpdate, gives 200 targets::DeploymentDetail;
        DELETE deployments_delete, Deployment(p::DEPLOYMENTS_DELETE), "Delete a deployment"
            => targets::delete, gives 204 Nothing;
    }
    "/v2.1/projects/{project_name}/deployments/{deployment_name}/audit" {
        GET deployment_audit_events_list, Deployment(p::PROJECTS_AUDIT_LIST), "List the changes of a deployment itself"
            => audit::list_of_target, query [AUDIT_LIMIT, AUDIT_OFFSET, BEFORE, ACTION, ACTOR, CHANGED_TYPE, CHANGED_NAME, CHANGE, CHANGED_BY_REQUEST, CHANGED_FROM, CHANGED_TO],
               gives 200 Vec<audit::AuditEvent>;
    }
    "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions" {
        POST deployment_versions_create, Deployment(p::DEPLOYMENTS_VERSIONS_CREATE), "Create a version of a deployment"
            => deployment_versions::create, takes deployment_versions::shapes::DeploymentVersionCreate,
               gives 201 deployment_versions::shapes::DeploymentVersionDetail;
        GET deployment_versions_list, Deployment(p::DEPLOYMENTS_VERSIONS_LIST), "List the versions of a deployment"
            => versions::list, query [ANY_LABELS, LIMIT, AFTER_NAME],
               gives 200 Vec<deployment_versions::shapes::DeploymentVersionDetail>;
    }
    "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions/{version}" {
        GET deployment_versions_get, Deployment(p::DEPLOYMENTS_VERSIONS_GET), "Read a version of a deployment"
            => versions::get, gives 200 deployment_versions::shapes::DeploymentVersionDetail;
        PATCH deployment_versions_update, Deployment(p::DEPLOYMENTS_VERSIONS_UPDATE), "Change a version of a deployment"
            => deployment_versions::update, takes deployment_versions::shapes::DeploymentVersionUpdate,
               gives 200 deployment_versions::shapes::DeploymentVersionDetail;
        DELETE deployment_versions_delete, Deployment(p::DEPLOYMENTS_VERSIONS_DELETE),
            "Delete a version of a deployment"
            => versions::delete, gives 204 Nothing;
    }

    "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions/{version}/upstream" {
        PUT upstreams_put, Deployment(p::DEPLOYMENTS_VERSIONS_UPDATE), "Set the upstream that the requests to a version go to"
            => upstreams::put, rides upstreams::version_riding, query [ROTATE_SECRET], takes upstreams::UpstreamPut,
               gives 200 upstreams::UpstreamDetail;
        GET upstreams_get, Deployment(p::DEPLOYMENTS_VERSIONS_GET), "Read the upstream that the requests to a version go to"
            => upstreams::get, rides upstreams::riding, gives 200 upstreams::UpstreamDetail;
        DELETE upstreams_delete, Deployment(p::DEPLOYMENTS_VERSIONS_UPDATE), "Remove the upstream of a version"
            => upstreams::delete, gives 204 Nothing;
    }
    "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions/{version}/revisions" {
        GET revisions_list, Deployment(p::DEPLOYMENTS_VERSIONS_GET), "List the revisions of a version's upstream"
            => upstreams::revisions, rides upstreams::version_riding, query [LIMIT, AFTER_ID],
               gives 200 Vec<upstreams::RevisionList>;
    }
    "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions/{version}/revisions/{revision_id}" {
        GET revisions_get, Deployment(p::DEPLOYMENTS_VERSIONS_GET), "Read a revision of a version's upstream"
            => upstreams::revision, rides upstreams::revision_riding, gives 200 upstreams::RevisionDetail;
    }

    "/v2.1/projects/{project_name}/environments" {
        GET environments_list, Project(p::DEPLOYMENTS_VERSIONS_GET), "List environments"
            => environments::list, query [LIMIT, AFTER_NAME], gives 200 Vec<environments::EnvironmentDetail>;
    }
    "/v2.1/projects/{project_name}/environments/{environment_name}" {
        GET environments_get, Project(p::DEPLOYMENTS_VERSIONS_GET), "Read an environment"
            => environments::get, gives 200 environments::EnvironmentDetail;
    }
    "/v2.1/projects/{project_name}/environments/{environment_name}/tags" {
        GET environment_tags_list, Project(p::DEPLOYMENTS_VERSIONS_GET), "List the tags of an environment"
            => environments::tags, gives 200 Vec<environments::EnvironmentTag>;
    }
    "/v2.1/projects/{project_name}/environments/{environment_name}/tags/{tag}" {
        GET environment_tags_get, Project(p::DEPLOYMENTS_VERSIONS_GET), "Read a tag of an environment"
            => environments::tag, gives 200 environments::EnvironmentTag;
    }

    "/v2.1/projects/{project_name}/pipelines" {
        POST pipelines_create, Project(p::PIPELINES_CREATE), "Create a pipeline"
            => pipelines::create, takes pipelines::PipelineCreate, gives 201 targets::PipelineDetail;
        GET pipelines_list, Project(p::PIPELINES_LIST), "List pipelines"
            => pipelines::list, query [ANY_LABELS, LIMIT, AFTER_NAME], gives 200 Vec<targets::PipelineDetail>;
    }
    "/v2.1/projects/{project_name}/pipelines/{pipeline_name}" {
        GET pipelines_get, Pipeline(p::PIPELINES_GET), "Read a pipeline"
            => targets::get, gives 200 targets::PipelineDetail;
        PATCH pipelines_update, Pipeline(p::PIPELINES_UPDATE), "Change a pipeline"
            => pipelines::update, takes pipelines::PipelineUpdate, gives 200 targets::PipelineDetail;
        DELETE pipelines_delete, Pipeline(p::PIPELINES_DELETE), "Delete a pipeline"
            => targets::delete, gives 204 Nothing;
    }
    "/v2.1/projects/{project_name}/pipelines/{pipeline_name}/audit" {
        GET pipeline_audit_events_list, Pipeline(p::PROJECTS_AUDIT_LIST), "List the changes of a pipeline itself"
            => audit::list_of_target, query [AUDIT_LIMIT, AUDIT_OFFSET, BEFORE, ACTION, ACTOR, CHANGED_TYPE, CHANGED_NAME, CHANGE, CHANGED_BY_REQUEST, CHANGED_FROM, CHANGED_TO],
               gives 200 Vec<audit::AuditEvent>;
    }
    "/v2.1/projects/{project_name}/pipelines/{pipeline_name}/versions" {
        POST pipeline_versions_create, Pipeline(p::PIPELINES_VERSIONS_CREATE), "Create a version of a pipeline"
            => pipeline_versions::create, takes pipeline_versions::shapes::PipelineVersionCreate,
               gives 201 pipeline_versions::shapes::PipelineVersionDetail;
        GET pipeline_versions_list, Pipeline(p::PIPELINES_VERSIONS_LIST), "List the versions of a pipeline"
            => versions::list, query [ANY_LABELS, LIMIT, AFTER_NAME],
               gives 200 Vec<pipeline_versions::shapes::PipelineVersionList>;
    }
    "/v2.1/projects/{project_name}/pipelines/{pipeline_name}/versions/{version}" {
        GET pipeline_versions_get, Pipeline(p::PIPELINES_VERSIONS_GET), "Read a version of a pipeline"
            => versions::get, gives 200 pipeline_versions::shapes::PipelineVersionDetail;
        PATCH pipeline_versions_update, Pipeline(p::PIPELINES_VERSIONS_UPDATE), "Change a version of a pipeline"
            => pipeline_versions::update, takes pipeline_versions::shapes::PipelineVersionUpdate,
               gives 200 pipeline_versions::shapes::PipelineVersionDetail;
        DELETE pipeline_versions_delete, Pipeline(p::PIPELINES_VERSIONS_DELETE), "Delete a version of a pipeline"
            => versions::delete, gives 204 Nothing;
    }
};
