//! Projects with their people, service users and access keys.

use super::{Route, p, routes};
use crate::api::{
    access_keys, audit, instance_types, logs, origin_checks, permissions, project_users, projects,
    resources, service_users, time_series, usage,
};

pub(super) static TABLE: &[Route] = routes! {
    family OUTSIDE_PROJECTS;
    "/v2.1/permissions" {
        GET permissions_list, Anyone, "List the permission catalogue"
            => permissions::list, gives 200 Vec<permissions::PermissionList>;
    }

    "/v2.1/projects" {
        POST projects_create, Person, "Create a project"
            => projects::create, takes projects::ProjectCreate, gives 201 projects::ProjectDetail;
        GET projects_list, Anyone, "List the caller's projects"
            => projects::list, query [IN_ORGANIZATION, LABELS, LIMIT, AFTER_NAME],
               gives 200 Vec<projects::ProjectList>;
    }

    family IN_PROJECT;
    "/v2.1/projects/{project_name}" {
        GET projects_get, Project(p::PROJECTS_GET), "Read a project"
            => projects::get, gives 200 projects::ProjectDetail;
        PATCH projects_update, Project(p::PROJECTS_UPDATE), "Change a project"
            => projects::update, takes projects::ProjectUpdate, gives 200 projects::ProjectDetail;
        DELETE projects_delete, Project(p::PROJECTS_DELETE), "Delete a project"
            => projects::delete, gives 204 Nothing;
    }
    "/v2.1/projects/{project_name}/usage" {
        GET projects_usage_get, Project(p::PROJECTS_USAGE_GET), "Report the usage of a project"
            => usage::of_project, query [START_DATE, END_DATE, INTERVAL],
               gives 200 usage::ProjectUsageReport<'static>;
    }
    "/v2.1/projects/{project_name}/resources" {
        GET projects_resource_usage, Project(p::PROJECTS_RESOURCES_GET), "Read the numbers of objects that a project has in use"
            => resources::get_of_project, gives 200 resources::ProjectResourceUsage;
    }
    "/v2.1/projects/{project_name}/quotas" {
        GET quotas_list, Project(p::PROJECTS_QUOTAS_LIST), "List the limits of a project"
            => resources::quotas, gives 200 Vec<resources::QuotaDetail>;
    }
    "/v2.1/projects/{project_name}/origins/check" {
        GET origins_check, Project(p::SERVICE_USERS_GET), "Check what pages of an origin may do"
            => origin_checks::check, query [CHECKED_ORIGIN, CHECKED_SERVICE_USER], gives 200 origin_checks::OriginCheck;
    }
    "/v2.1/projects/{project_name}/audit" {
        GET projects_audit_list, Project(p::PROJECTS_AUDIT_LIST), "List the changes in a project"
            => audit::list_of_project, query [AUDIT_LIMIT, AUDIT_OFFSET, BEFORE, ACTION, ACTOR, CHANGED_TYPE, CHANGED_NAME, CHANGE, CHANGED_BY_REQUEST, CHANGED_FROM, CHANGED_TO],
               gives 200 Vec<audit::AuditEvent>;
    }

    "/v2.1/projects/{project_name}/instance-types" {
        GET instance_types_list, Project(p::DEPLOYMENTS_VERSIONS_GET), "List instance types with their prices"
            => instance_types::list, gives 200 instance_types::InstanceTypePage;
    }
    "/v2.1/projects/{project_name}/logs" {
        GET logs_list, ProjectPart, "List logs, of which there are none here"
            => logs::list, gives 200 Vec<logs::LogLine>;
        POST projects_log_list, ProjectPart, "List logs, for clients before 4.6"
            => logs::list, gives 200 Vec<logs::LogLine>;
    }
    "/v2.1/projects/{project_name}/time-series/data" {
        GET time_series_data_list, Project(p::PROJECTS_USAGE_GET), "Read a time series of the requests of a project"
            => time_series::list,
               query [METRIC, SERIES_START, SERIES_END, AGGREGATION_PERIOD, UNIT_PERIOD, SERIES_LABELS],
               gives 200 time_series::TimeSeriesData<'static>;
    }

    "/v2.1/projects/{project_name}/service-users" {
        POST service_users_create, Project(p::SERVICE_USERS_CREATE), "Create a service user"
            => service_users::create, takes service_users::ServiceUserCreate,
               gives 201 service_users::ServiceUserList;
        GET service_users_list, Project(p::SERVICE_USERS_LIST), "List service users"
            => service_users::list, query [LIMIT, AFTER_ID, SOUGHT, SERVICE_USERS_SORT, ATTENTION], gives 200 Vec<service_users::ServiceUserList>;
    }
    "/v2.1/projects/{project_name}/service-users/{service_user_id}" {
        GET service_users_get, Project(p::SERVICE_USERS_GET), "Read a service user"
            => service_users::get, rides service_users::get_riding, gives 200 service_users::ServiceUserList;
        PATCH service_users_update, Project(p::SERVICE_USERS_UPDATE), "Change a service user"
            => service_users::update, takes service_users::ServiceUserUpdate,
               gives 200 service_users::ServiceUserList;
        DELETE service_users_delete, Project(p::SERVICE_USERS_DELETE), "Delete a service user"
            => service_users::delete, gives 204 Nothing;
    }
    "/v2.1/projects/{project_name}/service-users/{service_user_id}/token" {
        PUT service_users_token, Project(p::SERVICE_USERS_TOKEN_UPDATE), "Reset the token of a service user"
            => service_users::reset_token, query [GRACE, KEEP_ACCESS_KEYS],
               gives 200 service_users::ServiceUserTokenList;
    }
    "/v2.1/projects/{project_name}/service-users/{service_user_id}/token/previous" {
        DELETE service_users_end_grace, Project(p::SERVICE_USERS_TOKEN_UPDATE), "End the grace period of the previous token"
            => service_users::end_grace, gives 204 Nothing;
    }
    "/v2.1/projects/{project_name}/service-users/{service_user_id}/access-keys" {
        POST access_keys_create, PersonOfProject(p::SERVICE_USERS_ACCESS_KEYS_CREATE),
            "Create an access key for a service user"
            => access_keys::create, gives 201 access_keys::AccessKeyCreated;
        GET access_keys_list, Project(p::SERVICE_USERS_ACCESS_KEYS_LIST), "List the access keys of a service user"
            => access_keys::list, gives 200 Vec<access_keys::AccessKeyDetail>;
    }
    "/v2.1/projects/{project_name}/service-users/{service_user_id}/access-keys/{access_key}" {
        DELETE access_keys_delete, Project(p::SERVICE_USERS_ACCESS_KEYS_DELETE), "Delete an access key"
            => access_keys::delete, gives 204 Nothing;
    }

    "/v2.1/projects/{project_name}/users" {
        POST project_users_create, ProjectAdmin, "Add a member of the organization to a project"
            => project_users::create, takes project_users::ProjectUserCreate,
               gives 201 project_users::ProjectUserList;
        GET project_users_list, Project(p::PROJECTS_USERS_LIST), "List the people of a project"
            => project_users::list, query [USER_TYPE, LIMIT, AFTER_ID], gives 200 Vec<project_users::ProjectUserList>;
    }
    "/v2.1/projects/{project_name}/users/{user_id}" {
        GET project_users_get, Project(p::PROJECTS_USERS_GET), "Read a person of a project"
            => project_users::get, gives 200 project_users::ProjectUserList;
        DELETE project_users_delete, ProjectAdminOrOneself,
            "Remove a person and their roles from a project, or leave the project"
            => project_users::delete, gives 204 Nothing;
    }
};
