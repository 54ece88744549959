//! THE TABLE: every call there is, who may make it, and what answers it.
//!
//! A route names its access here and nowhere else. The dispatcher, `405` and `Allow`, the preflight's methods, the
//! OpenAPI document and the authorization matrix of the tests are all made from these rows, so none can be forgotten.

use std::sync::OnceLock;

use ::http::Method;

use crate::api::{
    self, Handler, audit, organizations, permission_checks, permissions, project_users, projects,
    resources, role_assignments, roles, service_users,
};
use crate::auth::access::Access;
use crate::auth::permissions::{self as p};
use crate::domain::RawPath;
use crate::http::cors::Class;

mod objects;
mod requests;

/// A call that there is.
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, with the names of its parameters in braces. `/v2.1` stands for `/v2` too.
    pub path: &'static str,
    /// The name of the operation, as the real client has it where it has one.
    pub operation: &'static str,
    /// Who may make it.
    pub access: Access,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What answers it.
    pub handler: Handler,
}

/// A handler as the table takes it.
macro_rules! handler {
    ($function:path) => {
        |call| Box::pin($function(call))
    };
}
use handler;

macro_rules! routes {
    ($($method:ident $path:literal $operation:ident, $access:expr, $summary:literal => $handler:path;)*) => {
        &[$(Route {
            method: Method::$method,
            path: $path,
            operation: stringify!($operation),
            access: $access,
            summary: $summary,
            handler: handler!($handler),
        }),*]
    };
}
use routes;

use Access::{
    Anyone, Operator, OrganizationAdmin, OrganizationMember, Person, Project, ProjectAdmin, Public,
};

static TABLE: &[Route] = routes! {
    GET "/health" health, Public, "Whether the database answers" => api::status::health;
    GET "/v2.1/status" status, Public, "Whether the service is up" => api::status::status;
    GET "/status" status_at_root, Public, "Whether the service is up, for clients without a base path" => api::status::status;
    GET "/v2.1/user" user_get, Anyone, "Who the token stands for" => api::user::get;
    GET "/user" user_get_at_root, Anyone, "Who the token stands for, for clients without a base path" => api::user::get;

    POST "/operator/v1/users" operator_users_create, Operator, "Make an account, or activate an invited person" => api::operator::users::create;
    GET "/operator/v1/users" operator_users_list, Operator, "List people" => api::operator::users::list;
    GET "/operator/v1/users/{user_id}" operator_users_get, Operator, "Read a person" => api::operator::users::get;
    DELETE "/operator/v1/users/{user_id}" operator_users_delete, Operator, "Delete a person" => api::operator::users::delete;
    PUT "/operator/v1/users/{user_id}/token" operator_users_token, Operator, "Reset a person's token" => api::operator::users::reset_token;
    GET "/operator/v1/audit" operator_audit_list, Operator, "List everybody's changes" => audit::list_for_operator;

    POST "/v2.1/organizations" organizations_create, Person, "Create an organization" => organizations::create;
    GET "/v2.1/organizations" organizations_list, Anyone, "List the caller's organizations" => organizations::list;
    GET "/v2.1/organizations/{organization_name}" organizations_get, OrganizationMember, "Read an organization" => organizations::get;
    GET "/v2.1/organizations/{organization_name}/resources" organizations_resource_usage, OrganizationMember, "Read what an organization has in use" => resources::get_of_organization;
    GET "/v2.1/organizations/{organization_name}/audit" organizations_audit_list, OrganizationAdmin, "List the changes in an organization" => audit::list_of_organization;

    GET "/v2.1/permissions" permissions_list, Anyone, "List the permission catalogue" => permissions::list;

    POST "/v2.1/projects" projects_create, Person, "Create a project" => projects::create;
    GET "/v2.1/projects" projects_list, Anyone, "List the caller's projects" => projects::list;
    GET "/v2.1/projects/{project_name}" projects_get, Project(p::PROJECTS_GET), "Read a project" => projects::get;
    PATCH "/v2.1/projects/{project_name}" projects_update, Project(p::PROJECTS_UPDATE), "Change a project" => projects::update;
    DELETE "/v2.1/projects/{project_name}" projects_delete, Project(p::PROJECTS_DELETE), "Delete a project" => projects::delete;
    GET "/v2.1/projects/{project_name}/resources" projects_resource_usage, Project(p::PROJECTS_RESOURCES_GET), "Read what a project has in use" => resources::get_of_project;
    GET "/v2.1/projects/{project_name}/quotas" quotas_list, Project(p::PROJECTS_QUOTAS_LIST), "List the limits of a project" => resources::quotas;
    GET "/v2.1/projects/{project_name}/audit" projects_audit_list, Project(p::PROJECTS_AUDIT_LIST), "List the changes in a project" => audit::list_of_project;

    POST "/v2.1/projects/{project_name}/service-users" service_users_create, Project(p::SERVICE_USERS_CREATE), "Create a service user" => service_users::create;
    GET "/v2.1/projects/{project_name}/service-users" service_users_list, Project(p::SERVICE_USERS_LIST), "List service users" => service_users::list;
    GET "/v2.1/projects/{project_name}/service-users/{service_user_id}" service_users_get, Project(p::SERVICE_USERS_GET), "Read a service user" => service_users::get;
    PATCH "/v2.1/projects/{project_name}/service-users/{service_user_id}" service_users_update, Project(p::SERVICE_USERS_UPDATE), "Change a service user" => service_users::update;
    DELETE "/v2.1/projects/{project_name}/service-users/{service_user_id}" service_users_delete, Project(p::SERVICE_USERS_DELETE), "Delete a service user" => service_users::delete;
    PUT "/v2.1/projects/{project_name}/service-users/{service_user_id}/token" service_users_token, Project(p::SERVICE_USERS_TOKEN_UPDATE), "Reset the token of a service user" => service_users::reset_token;
    DELETE "/v2.1/projects/{project_name}/service-users/{service_user_id}/token/previous" service_users_end_grace, Project(p::SERVICE_USERS_TOKEN_UPDATE), "End the grace of the previous token" => service_users::end_grace;

    POST "/v2.1/projects/{project_name}/users" project_users_create, ProjectAdmin, "Let a member of the organization into a project" => project_users::create;
    GET "/v2.1/projects/{project_name}/users" project_users_list, Project(p::PROJECTS_USERS_LIST), "List the people of a project" => project_users::list;
    GET "/v2.1/projects/{project_name}/users/{user_id}" project_users_get, Project(p::PROJECTS_USERS_GET), "Read a person of a project" => project_users::get;
    DELETE "/v2.1/projects/{project_name}/users/{user_id}" project_users_delete, ProjectAdmin, "Take a person out of a project, with his roles in it" => project_users::delete;

    GET "/v2.1/projects/{project_name}/permissions/check" permissions_check, Project(p::ROLES_ASSIGNMENTS_LIST), "Tell whether somebody may do something, and by what" => permission_checks::check;
    POST "/v2.1/projects/{project_name}/roles" roles_create, Project(p::ROLES_CREATE), "Create a custom role" => roles::create;
    GET "/v2.1/projects/{project_name}/roles" roles_list, Project(p::ROLES_LIST), "List roles" => roles::list;
    GET "/v2.1/projects/{project_name}/roles/{role_name}" roles_get, Project(p::ROLES_GET), "Read a role" => roles::get;
    PATCH "/v2.1/projects/{project_name}/roles/{role_name}" roles_update, Project(p::ROLES_UPDATE), "Change a custom role" => roles::update;
    DELETE "/v2.1/projects/{project_name}/roles/{role_name}" roles_delete, Project(p::ROLES_DELETE), "Delete a custom role, with its assignments" => roles::delete;
    POST "/v2.1/projects/{project_name}/role-assignments" role_assignments_create, Project(p::ROLES_ASSIGNMENTS_CREATE), "Assign a role" => role_assignments::create;
    GET "/v2.1/projects/{project_name}/role-assignments" role_assignments_per_object_list, Project(p::ROLES_ASSIGNMENTS_LIST), "List role assignments" => role_assignments::list;
    GET "/v2.1/projects/{project_name}/role-assignments/{assignment_id}" role_assignments_get, Project(p::ROLES_ASSIGNMENTS_GET), "Read a role assignment" => role_assignments::get;
    DELETE "/v2.1/projects/{project_name}/role-assignments/{assignment_id}" role_assignments_delete, Project(p::ROLES_ASSIGNMENTS_DELETE), "Take a role away" => role_assignments::delete;
};

/// Every route.
pub fn table() -> impl Iterator<Item = &'static Route> {
    TABLE
        .iter()
        .chain(objects::TABLE.iter())
        .chain(requests::TABLE.iter())
}

/// A path that there is, and what stands in its braces.
pub struct Found {
    routes: &'static [&'static Route],
    /// How it takes part in CORS.
    pub class: Class,
    /// Its parameters, percent-decoded.
    pub parameters: Vec<(&'static str, String)>,
}

impl Found {
    /// The route of this method. HEAD is GET without a body (RFC 9110 section 9.3.2).
    #[must_use]
    pub fn route(&self, method: &Method) -> Option<&'static Route> {
        let wanted = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        self.routes
            .iter()
            .copied()
            .find(|route| route.method == *wanted)
    }

    /// The methods of the path, as `Allow` lists them.
    #[must_use]
    pub fn methods(&self) -> String {
        let mut methods = Vec::new();
        for route in self.routes {
            methods.push(route.method.as_str());
            if route.method == Method::GET {
                methods.push("HEAD");
            }
        }
        methods.push("OPTIONS");
        methods.join(", ")
    }

    /// What stands in the braces of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }
}

struct Path {
    pattern: &'static str,
    class: Class,
    routes: Vec<&'static Route>,
}

struct Router {
    index: matchit::Router<usize>,
    paths: Vec<Path>,
}

/// Looks a raw path up: split, decoded segment by segment, doubled slashes collapsed (contract section 1).
#[must_use]
pub fn find(raw_path: &str) -> Option<Found> {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    let router = ROUTER.get_or_init(build);
    let segments = RawPath::parse(raw_path).ok()?;
    let mut path = segments.joined();
    if segments.get(0) == Some("v2") {
        path.replace_range(1..3, "v2.1");
    }
    let matched = router.index.at(&path).ok()?;
    let path = router.paths.get(*matched.value)?;
    let parameters = names(path.pattern)
        .zip(matched.params.iter())
        .map(|(name, (_, value))| (name, value.to_owned()))
        .collect();
    Some(Found {
        routes: &path.routes,
        class: path.class,
        parameters,
    })
}

fn build() -> Router {
    let mut router = Router {
        index: matchit::Router::new(),
        paths: Vec::new(),
    };
    for route in table() {
        let known = router
            .paths
            .iter()
            .position(|path| path.pattern == route.path);
        let number = known.unwrap_or_else(|| {
            router.paths.push(Path {
                pattern: route.path,
                class: class(route.path),
                routes: Vec::new(),
            });
            router.paths.len() - 1
        });
        if known.is_none() {
            // Two patterns that cannot stand side by side are found by a test of the table.
            let _ = router.index.insert(route.path, number);
        }
        if let Some(path) = router.paths.get_mut(number) {
            path.routes.push(route);
        }
    }
    router
}

/// How a path takes part in CORS (contract section 4).
#[must_use]
pub fn class(pattern: &str) -> Class {
    let below_project = pattern
        .split_once("/projects/{project_name}")
        .map(|(_, rest)| rest);
    match below_project {
        None => Class::Closed,
        Some(rest)
            if (rest.starts_with("/deployments/") || rest.starts_with("/pipelines/"))
                && rest.contains("/requests") =>
        {
            Class::Requests
        }
        Some(_) => Class::Project,
    }
}

fn names(pattern: &'static str) -> impl Iterator<Item = &'static str> {
    pattern
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_path_of_the_table_is_found_with_its_parameters() {
        for route in table() {
            let path = route.path.replace('{', "%7B").replace('}', "%7D");
            let found = find(&path).unwrap_or_else(|| panic!("{} is not found", route.path));
            let same = found.route(&route.method).map(|found| found.path);
            assert_eq!(same, Some(route.path));
            for name in names(route.path) {
                assert_eq!(found.parameter(name), Some(format!("{{{name}}}").as_str()));
            }
        }
    }

    #[test]
    fn no_two_routes_have_the_same_operation_or_the_same_method_and_path() {
        let mut operations = HashSet::new();
        let mut calls = HashSet::new();
        for route in table() {
            assert!(
                operations.insert(route.operation),
                "{} twice",
                route.operation
            );
            assert!(
                calls.insert((&route.method, route.path)),
                "{} twice",
                route.path
            );
        }
    }

    #[test]
    fn both_versions_and_doubled_slashes_lead_to_the_same_place() {
        for path in [
            "/v2.1/status",
            "/v2/status",
            "/v2.1//status",
            "//v2///status/",
            "/v2.1/%73tatus",
        ] {
            assert!(find(path).is_some(), "{path}");
        }
        assert!(find("/v2x/status").is_none());
        assert!(find("/v2.1/sta%2Ftus").is_none());
    }

    #[test]
    fn a_path_that_names_a_project_takes_part_in_cors() {
        assert_eq!(class("/v2.1/projects"), Class::Closed);
        assert_eq!(
            class("/v2.1/organizations/{organization_name}"),
            Class::Closed
        );
        assert_eq!(
            class("/v2.1/projects/{project_name}/requests"),
            Class::Project
        );
        assert_eq!(
            class("/v2.1/projects/{project_name}/service-users"),
            Class::Project
        );
        let below = "/v2.1/projects/{project_name}/pipelines/{pipeline_name}/requests/{request_id}";
        assert_eq!(class(below), Class::Requests);
    }
}
