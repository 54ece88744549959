//! Services: records, and the calls that they pass through (contract section 5.8), under the names of the client.

use super::{Route, p, routes};
use crate::api::requests::service;
use crate::api::services;

pub(super) static TABLE: &[Route] = routes! {
    family IN_PROJECT;
    "/v2.1/projects/{project_name}/services" {
        POST services_create, Project(p::SERVICES_CREATE), "Create a service"
            => services::create, takes services::ServiceFields, gives 201 services::ServiceDetail;
        GET services_list, Project(p::SERVICES_LIST), "List services"
            => services::list, query [ANY_LABELS, VERSION_IDS, LIMIT, AFTER_NAME],
               gives 200 Vec<services::ServiceDetail>;
    }
    "/v2.1/projects/{project_name}/services/{service_name}" {
        GET services_get, Project(p::SERVICES_GET), "Read a service"
            => services::get, gives 200 services::ServiceDetail;
        PATCH services_update, Project(p::SERVICES_UPDATE), "Change a service"
            => services::update, takes services::ServiceFields, gives 200 services::ServiceDetail;
        DELETE services_delete, Project(p::SERVICES_DELETE), "Delete a service"
            => services::delete, gives 204 Nothing;
    }
    "/v2.1/projects/{project_name}/services/{service_name}/status" {
        GET services_status_get, Project(p::SERVICES_GET), "Read whether a service can pass calls on"
            => services::status, gives 200 services::ServiceStatus;
    }
    "/v2.1/projects/{project_name}/services/{service_name}/user-rate-limits" {
        POST services_user_rate_limit_create, Project(p::SERVICES_UPDATE),
            "Set the rate limit of a caller of a service"
            => services::create_limit, takes services::ServiceUserLimit, gives 201 services::ServiceUserLimitList;
        GET services_user_rate_limit_list, Project(p::SERVICES_GET), "List the rate limits of the callers of a service"
            => services::list_limits, gives 200 Vec<services::ServiceUserLimitList>;
    }
    "/v2.1/projects/{project_name}/services/{service_name}/user-rate-limits/{user_id}" {
        GET services_user_rate_limit_get, Project(p::SERVICES_GET), "Read the rate limit of a caller of a service"
            => services::get_limit, gives 200 services::ServiceUserLimitList;
        PATCH services_user_rate_limit_update, Project(p::SERVICES_UPDATE),
            "Change the rate limit of a caller of a service"
            => services::update_limit, takes services::ServiceUserLimit, gives 200 services::ServiceUserLimitList;
        DELETE services_user_rate_limit_delete, Project(p::SERVICES_UPDATE),
            "Remove the rate limit of a caller of a service"
            => services::delete_limit, gives 204 Nothing;
    }
    "/v2.1/projects/{project_name}/services/{service_name}/user-concurrency-limits" {
        POST services_user_concurrency_limit_create, Project(p::SERVICES_UPDATE),
            "Set the concurrency limit of a caller of a service"
            => services::create_limit, takes services::ServiceUserLimit, gives 201 services::ServiceUserLimitList;
        GET services_user_concurrency_limit_list, Project(p::SERVICES_GET),
            "List the concurrency limits of the callers of a service"
            => services::list_limits, gives 200 Vec<services::ServiceUserLimitList>;
    }
    "/v2.1/projects/{project_name}/services/{service_name}/user-concurrency-limits/{user_id}" {
        GET services_user_concurrency_limit_get, Project(p::SERVICES_GET),
            "Read the concurrency limit of a caller of a service"
            => services::get_limit, gives 200 services::ServiceUserLimitList;
        PATCH services_user_concurrency_limit_update, Project(p::SERVICES_UPDATE),
            "Change the concurrency limit of a caller of a service"
            => services::update_limit, takes services::ServiceUserLimit, gives 200 services::ServiceUserLimitList;
        DELETE services_user_concurrency_limit_delete, Project(p::SERVICES_UPDATE),
            "Remove the concurrency limit of a caller of a service"
            => services::delete_limit, gives 204 Nothing;
    }
};

pub(super) static CALLS: &[Route] = routes! {
    family SERVICES;
    "/services/{service_id}/{path}" {
        GET service_calls_get, Service(p::DEPLOYMENTS_REQUESTS_CREATE), "Pass a GET or HEAD on to a service"
            => service::pass, rides service::admits, gives 200 File;
        POST service_calls_post, Service(p::DEPLOYMENTS_REQUESTS_CREATE),
            "Pass a POST on to a service, or a call with any other method"
            => service::pass, rides service::admits, gives 200 File;
        PUT service_calls_put, Service(p::DEPLOYMENTS_REQUESTS_CREATE), "Pass a PUT on to a service"
            => service::pass, rides service::admits, gives 200 File;
        PATCH service_calls_patch, Service(p::DEPLOYMENTS_REQUESTS_CREATE), "Pass a PATCH on to a service"
            => service::pass, rides service::admits, gives 200 File;
        DELETE service_calls_delete, Service(p::DEPLOYMENTS_REQUESTS_CREATE), "Pass a DELETE on to a service"
            => service::pass, rides service::admits, gives 200 File;
    }
};
