//! Environment variables of projects, deployments and versions (contract section 5.2), under the names of the client.

use super::{Route, p, routes};
use crate::api::environment_variables as variables;

pub(super) static TABLE: &[Route] = routes! {
    family IN_PROJECT;
    "/v2.1/projects/{project_name}/environment-variables" {
        POST project_environment_variables_create, Project(p::ENVIRONMENT_VARIABLES_CREATE),
            "Create an environment variable of a project"
            => variables::create, rides variables::riding, takes variables::EnvironmentVariableCreate,
               gives 201 variables::EnvironmentVariableList;
        GET project_environment_variables_list, Project(p::ENVIRONMENT_VARIABLES_LIST),
            "List the environment variables of a project"
            => variables::list_of_project, rides variables::riding, query [LIMIT, AFTER_NAME],
               gives 200 Vec<variables::EnvironmentVariableList>;
    }
    "/v2.1/projects/{project_name}/environment-variables/{variable_id}" {
        GET project_environment_variables_get, Project(p::ENVIRONMENT_VARIABLES_GET),
            "Read an environment variable of a project"
            => variables::get, rides variables::riding, gives 200 variables::EnvironmentVariableList;
        PATCH project_environment_variables_update, Project(p::ENVIRONMENT_VARIABLES_UPDATE),
            "Change an environment variable of a project"
            => variables::update, rides variables::riding, takes variables::EnvironmentVariableUpdate,
               gives 200 variables::EnvironmentVariableList;
        DELETE project_environment_variables_delete, Project(p::ENVIRONMENT_VARIABLES_DELETE),
            "Delete an environment variable of a project"
            => variables::delete, rides variables::riding, gives 204 Nothing;
    }

    "/v2.1/projects/{project_name}/deployments/{deployment_name}/environment-variables" {
        POST deployment_environment_variables_create, Deployment(p::DEPLOYMENTS_UPDATE),
            "Create an environment variable of a deployment"
            => variables::create, rides variables::riding, takes variables::EnvironmentVariableCreate,
               gives 201 variables::EnvironmentVariableList;
        GET deployment_environment_variables_list, Deployment(p::DEPLOYMENTS_GET),
            "List the environment variables of a deployment and those that it inherits"
            => variables::list, rides variables::riding, query [LIMIT, AFTER_NAME],
               gives 200 Vec<variables::InheritedEnvironmentVariableList>;
    }
    "/v2.1/projects/{project_name}/deployments/{deployment_name}/environment-variables/{variable_id}" {
        GET deployment_environment_variables_get, Deployment(p::DEPLOYMENTS_GET),
            "Read an environment variable of a deployment"
            => variables::get, rides variables::riding, gives 200 variables::EnvironmentVariableList;
        PATCH deployment_environment_variables_update, Deployment(p::DEPLOYMENTS_UPDATE),
            "Change an environment variable of a deployment"
            => variables::update, rides variables::riding, takes variables::EnvironmentVariableUpdate,
               gives 200 variables::EnvironmentVariableList;
        DELETE deployment_environment_variables_delete, Deployment(p::DEPLOYMENTS_UPDATE),
            "Delete an environment variable of a deployment"
            => variables::delete, rides variables::riding, gives 204 Nothing;
    }
    "/v2.1/projects/{project_name}/deployments/{deployment_name}/copy-environment-variables" {
        POST deployment_environment_variables_copy, Deployment(p::DEPLOYMENTS_UPDATE),
            "Copy environment variables to a deployment"
            => variables::copy, rides variables::riding, takes variables::EnvironmentVariableCopy,
               gives 201 Vec<variables::InheritedEnvironmentVariableList>;
    }

    "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions/{version}/environment-variables" {
        POST deployment_version_environment_variables_create, Deployment(p::DEPLOYMENTS_VERSIONS_UPDATE),
            "Create an environment variable of a version"
            => variables::create, rides variables::riding, takes variables::EnvironmentVariableCreate,
               gives 201 variables::EnvironmentVariableList;
        GET deployment_version_environment_variables_list, Deployment(p::DEPLOYMENTS_VERSIONS_GET),
            "List the environment variables of a version and those that it inherits"
            => variables::list, rides variables::riding, query [LIMIT, AFTER_NAME],
               gives 200 Vec<variables::InheritedEnvironmentVariableList>;
    }
    "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions/{version}/environment-variables/{variable_id}" {
        GET deployment_version_environment_variables_get, Deployment(p::DEPLOYMENTS_VERSIONS_GET),
            "Read an environment variable of a version"
            => variables::get, rides variables::riding, gives 200 variables::EnvironmentVariableList;
        PATCH deployment_version_environment_variables_update, Deployment(p::DEPLOYMENTS_VERSIONS_UPDATE),
            "Change an environment variable of a version"
            => variables::update, rides variables::riding, takes variables::EnvironmentVariableUpdate,
               gives 200 variables::EnvironmentVariableList;
        DELETE deployment_version_environment_variables_delete, Deployment(p::DEPLOYMENTS_VERSIONS_UPDATE),
            "Delete an environment variable of a version"
            => variables::delete, rides variables::riding, gives 204 Nothing;
    }
    "/v2.1/projects/{project_name}/deployments/{deployment_name}/versions/{version}/copy-environment-variables" {
        POST deployment_version_environment_variables_copy, Deployment(p::DEPLOYMENTS_VERSIONS_UPDATE),
            "Copy environment variables to a version"
            => variables::copy, rides variables::riding, takes variables::EnvironmentVariableCopy,
               gives 201 Vec<variables::InheritedEnvironmentVariableList>;
    }
};
