//! Projects with their people, service users and access keys.

#[cfg(not(target_arch = "wasm32"))]
use super::contract;
use super::{Route, handler, p, routes};
use crate::api::{
    access_keys, audit, permissions, project_users, projects, resources, service_users, usage,
};
use ::http::Method;

pub(super) static TABLE: &[Route] = routes! {
    GET "/v2.1/permissions" permissions_list, Anyone, "List the permission catalogue" => permissions::list,
        gives 200 Vec<permissions::PermissionList>;

    POST "/v2.1/projects" projects_create, Person, "Create a project" => projects::create,
        takes projects::ProjectCreate, gives 201 projects::ProjectDetail;
    GET "/v2.1/projects" projects_list, Anyone, "List the caller's projects" => projects::list,
        query [IN_ORGANIZATION, LABELS, LIMIT, AFTER_NAME], gives 200 Vec<projects::ProjectList>;
    GET "/v2.1/projects/{project_name}" projects_get, Project(p::PROJECTS_GET), "Read a project" => projects::get,
        gives 200 projects::ProjectDetail;
    PATCH "/v2.1/projects/{project_name}" projects_update, Project(p::PROJECTS_UPDATE), "Change a project" => projects::update,
        takes projects::ProjectUpdate, gives 200 projects::ProjectDetail;
    DELETE "/v2.1/projects/{project_name}" projects_delete, Project(p::PROJECTS_DELETE), "Delete a project" => projects::delete,
        gives 204 Nothing;
    GET "/v2.1/projects/{project_name}/usage" projects_usage_get, Project(p::PROJECTS_USAGE_GET), "Report what a project used" => usage::of_project,
        query [START_DATE, END_DATE, INTERVAL], gives 200 usage::ProjectUsageReport<'static>;
    GET "/v2.1/projects/{project_name}/resources" projects_resource_usage, Project(p::PROJECTS_RESOURCES_GET), "Read what a project has in use" => resources::get_of_project,
        gives 200 resources::ProjectResourceUsage;
    GET "/v2.1/projects/{project_name}/quotas" quotas_list, Project(p::PROJECTS_QUOTAS_LIST), "List the limits of a project" => resources::quotas,
        gives 200 Vec<resources::QuotaDetail>;
    GET "/v2.1/projects/{project_name}/audit" projects_audit_list, Project(p::PROJECTS_AUDIT_LIST), "List the changes in a project" => audit::list_of_project,
        query [AUDIT_LIMIT, AUDIT_OFFSET, BEFORE, ACTION], gives 200 Vec<audit::AuditEvent>;

    POST "/v2.1/projects/{project_name}/service-users" service_users_create, Project(p::SERVICE_USERS_CREATE), "Create a service user" => service_users::create,
        takes service_users::ServiceUserCreate, gives 201 service_users::ServiceUserList;
    GET "/v2.1/projects/{project_name}/service-users" service_users_list, Project(p::SERVICE_USERS_LIST), "List service users" => service_users::list,
        query [LIMIT, AFTER_ID], gives 200 Vec<service_users::ServiceUserList>;
    GET "/v2.1/projects/{project_name}/service-users/{service_user_id}" service_users_get, Project(p::SERVICE_USERS_GET), "Read a service user" => service_users::get,
        gives 200 service_users::ServiceUserList;
    PATCH "/v2.1/projects/{project_name}/service-users/{service_user_id}" service_users_update, Project(p::SERVICE_USERS_UPDATE), "Change a service user" => service_users::update,
        takes service_users::ServiceUserUpdate, gives 200 service_users::ServiceUserList;
    DELETE "/v2.1/projects/{project_name}/service-users/{service_user_id}" service_users_delete, Project(p::SERVICE_USERS_DELETE), "Delete a service user" => service_users::delete,
        gives 204 Nothing;
    PUT "/v2.1/projects/{project_name}/service-users/{service_user_id}/token" service_users_token, Project(p::SERVICE_USERS_TOKEN_UPDATE), "Reset the token of a service user" => service_users::reset_token,
        query [GRACE, KEEP_ACCESS_KEYS], gives 200 service_users::ServiceUserTokenList;
    DELETE "/v2.1/projects/{project_name}/service-users/{service_user_id}/token/previous" service_users_end_grace, Project(p::SERVICE_USERS_TOKEN_UPDATE), "End the grace of the previous token" => service_users::end_grace,
        gives 204 Nothing;
    POST "/v2.1/projects/{project_name}/service-users/{service_user_id}/access-keys" access_keys_create, PersonOfProject(p::SERVICE_USERS_ACCESS_KEYS_CREATE), "Make an access key for a service user" => access_keys::create,
        gives 201 access_keys::AccessKeyCreated;
    GET "/v2.1/projects/{project_name}/service-users/{service_user_id}/access-keys" access_keys_list, Project(p::SERVICE_USERS_ACCESS_KEYS_LIST), "List the access keys of a service user" => access_keys::list,
        gives 200 Vec<access_keys::AccessKeyDetail>;
    DELETE "/v2.1/projects/{project_name}/service-users/{service_user_id}/access-keys/{access_key}" access_keys_delete, Project(p::SERVICE_USERS_ACCESS_KEYS_DELETE), "Delete an access key" => access_keys::delete,
        gives 204 Nothing;

    POST "/v2.1/projects/{project_name}/users" project_users_create, ProjectAdmin, "Let a member of the organization into a project" => project_users::create,
        takes project_users::ProjectUserCreate, gives 201 project_users::ProjectUserList;
    GET "/v2.1/projects/{project_name}/users" project_users_list, Project(p::PROJECTS_USERS_LIST), "List the people of a project" => project_users::list,
        query [USER_TYPE, LIMIT, AFTER_ID], gives 200 Vec<project_users::ProjectUserList>;
    GET "/v2.1/projects/{project_name}/users/{user_id}" project_users_get, Project(p::PROJECTS_USERS_GET), "Read a person of a project" => project_users::get,
        gives 200 project_users::ProjectUserList;
    DELETE "/v2.1/projects/{project_name}/users/{user_id}" project_users_delete, ProjectAdminOrOneself, "Take a person out of a project with their roles in it, or leave it" => project_users::delete,
        gives 204 Nothing;
};
