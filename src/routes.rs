//! THE TABLE: every call there is, who may make it, and what answers it.
//!
//! A route names its access here and nowhere else. The dispatcher, `405` and `Allow`, the preflight's methods, the
//! OpenAPI document and the authorization matrix of the tests are all made from these rows, so none can be forgotten.
//!
//! A row reads: method, path, name of the operation, access, summary, handler; then what it promises: the query
//! parameters it looks at, the body it takes, the status and the body it gives. A row that lacks one of these, or whose
//! types have no schema or no example, does not compile.

use std::sync::OnceLock;

use ::http::Method;

use crate::api::{
    self, Handler, access_keys, audit, organization_users, organizations, permission_checks,
    permissions, project_users, projects, resources, role_assignments, roles, service_users, usage,
    vouchers,
};
use crate::auth::access::Access;
use crate::auth::permissions::{self as p};
use crate::domain::RawPath;
use crate::http::cors::Class;
use crate::http::surface::Surface;

mod modelarts;
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
    /// What it takes and gives, for the OpenAPI document.
    #[cfg(not(target_arch = "wasm32"))]
    pub contract: crate::openapi::contract::Contract,
}

/// A handler as the table takes it.
macro_rules! handler {
    ($function:path) => {
        |call| Box::pin($function(call))
    };
}
use handler;

/// What a row promises: `query [...]` names constants of `openapi::parameters`, `takes` and `gives` types with an
/// `openapi::contract::Example`. The module has none of it.
#[cfg(not(target_arch = "wasm32"))]
macro_rules! contract {
    ([$($query:ident)*] [$($body:ty)?] $status:literal $answer:ty) => {{
        use crate::openapi::contract::{Body, Contract, Shown};
        #[expect(unused_imports, reason = "few rows name them")]
        use crate::openapi::contract::{Document, File, Html, Nothing, Unserved};
        let body: &[Body] = &[$(Body::of::<$body>())?];
        Contract {
            query: &[$(&crate::openapi::parameters::$query),*],
            body: body.first().copied(),
            status: $status,
            answer: <$answer as Shown>::CONTENT,
        }
    }};
}
#[cfg(not(target_arch = "wasm32"))]
use contract;

macro_rules! routes {
    ($(
        $method:ident $path:literal $operation:ident, $access:expr, $summary:literal => $handler:path
        $(, query [$($query:ident),+])? $(, takes $body:ty)?, gives $status:literal $answer:ty;
    )*) => {
        &[$(Route {
            method: Method::$method,
            path: $path,
            operation: stringify!($operation),
            access: $access,
            summary: $summary,
            handler: handler!($handler),
            #[cfg(not(target_arch = "wasm32"))]
            contract: contract!([$($($query)+)?] [$($body)?] $status $answer),
        }),*]
    };
}
use routes;

use Access::{
    Anyone, Operator, OrganizationAdmin, OrganizationMember, Person, PersonOfProject, Project,
    ProjectAdmin, Public,
};

static TABLE: &[Route] = routes! {
    GET "/health" health, Public, "Whether the database answers" => api::status::health,
        gives 200 api::status::Status;
    GET "/openapi.json" openapi, Public, "The document of this API, OpenAPI 3.1" => api::docs::document,
        gives 200 Document;
    GET "/docs" docs, Public, "A page that shows the document and tries calls" => api::docs::page,
        gives 200 Html;
    GET "/docs/{file}" docs_file, Public, "A file that the page needs" => api::docs::file,
        gives 200 File;
    GET "/v2.1/status" status, Public, "Whether the service is up" => api::status::status,
        gives 200 api::status::Status;
    GET "/status" status_at_root, Public, "Whether the service is up, for clients without a base path" => api::status::status,
        gives 200 api::status::Status;
    GET "/v2.1/user" user_get, Anyone, "Who the token stands for" => api::user::get,
        gives 200 api::user::UserDetail;
    GET "/user" user_get_at_root, Anyone, "Who the token stands for, for clients without a base path" => api::user::get,
        gives 200 api::user::UserDetail;

    POST "/operator/v1/users" operator_users_create, Operator, "Make an account, or activate an invited person" => api::operator::users::create,
        takes api::operator::users::OperatorUserCreate, gives 201 api::operator::users::OperatorUser;
    GET "/operator/v1/users" operator_users_list, Operator, "List people" => api::operator::users::list,
        query [PAGE_LIMIT, OFFSET, EMAIL], gives 200 Vec<api::operator::users::OperatorUser>;
    GET "/operator/v1/users/{user_id}" operator_users_get, Operator, "Read a person" => api::operator::users::get,
        gives 200 api::operator::users::OperatorUser;
    DELETE "/operator/v1/users/{user_id}" operator_users_delete, Operator, "Delete a person" => api::operator::users::delete,
        query [FORCE], gives 204 Nothing;
    PUT "/operator/v1/users/{user_id}/token" operator_users_token, Operator, "Reset a person's token" => api::operator::users::reset_token,
        gives 200 api::operator::users::UserToken;
    GET "/operator/v1/quota-resources" operator_quota_resources_list, Operator, "List the quota catalogue" => api::operator::quota_resources::list,
        gives 200 Vec<api::operator::quota_resources::QuotaResourceDetail>;
    PUT "/operator/v1/quota-resources/{resource}" operator_quota_resources_set, Operator, "Set a resource of the quota catalogue" => api::operator::quota_resources::set,
        takes api::operator::quota_resources::QuotaResourceSet, gives 200 api::operator::quota_resources::QuotaResourceDetail;
    GET "/operator/v1/instance-types" operator_instance_types_list, Operator, "List the price list" => api::operator::instance_types::list,
        gives 200 Vec<api::operator::instance_types::InstanceTypeDetail>;
    PUT "/operator/v1/instance-types/{instance_type}" operator_instance_types_put, Operator, "Set the price of an instance type" => api::operator::instance_types::put,
        takes api::operator::instance_types::InstanceTypePut, gives 200 api::operator::instance_types::InstanceTypeDetail;
    POST "/operator/v1/usage-events" operator_usage_events_create, Operator, "Report what was used" => api::operator::usage_events::create,
        takes Vec<api::operator::usage_events::UsageEvent>, gives 200 api::operator::usage_events::UsageEventsCounted;
    POST "/operator/v1/vouchers" operator_vouchers_create, Operator, "Make a voucher" => api::operator::vouchers::create,
        takes api::operator::vouchers::VoucherCreate, gives 201 api::operator::vouchers::OperatorVoucher;
    GET "/operator/v1/vouchers" operator_vouchers_list, Operator, "List vouchers" => api::operator::vouchers::list,
        query [PAGE_LIMIT, OFFSET], gives 200 Vec<api::operator::vouchers::OperatorVoucher>;
    GET "/operator/v1/vouchers/{code}" operator_vouchers_get, Operator, "Read a voucher" => api::operator::vouchers::get,
        gives 200 api::operator::vouchers::OperatorVoucher;
    DELETE "/operator/v1/vouchers/{code}" operator_vouchers_delete, Operator, "Delete a voucher" => api::operator::vouchers::delete,
        gives 204 Nothing;
    GET "/operator/v1/subscriptions" operator_subscriptions_list, Operator, "List the plans" => api::operator::subscriptions::list,
        gives 200 Vec<api::operator::subscriptions::SubscriptionDetail>;
    PUT "/operator/v1/subscriptions/{subscription_name}" operator_subscriptions_put, Operator, "Set a plan" => api::operator::subscriptions::put,
        takes api::operator::subscriptions::SubscriptionPut, gives 200 api::operator::subscriptions::SubscriptionDetail;
    GET "/operator/v1/audit" operator_audit_list, Operator, "List everybody's changes" => audit::list_for_operator,
        query [AUDIT_LIMIT, OFFSET, ACTION, IN_ORGANIZATION], gives 200 Vec<audit::AuditEvent>;

    POST "/v2.1/organizations" organizations_create, Person, "Create an organization" => organizations::create,
        takes organizations::OrganizationCreate, gives 201 organizations::OrganizationDetail;
    GET "/v2.1/organizations" organizations_list, Anyone, "List the caller's organizations" => organizations::list,
        gives 200 Vec<organizations::OrganizationDetail>;
    GET "/v2.1/organizations/{organization_name}" organizations_get, OrganizationMember, "Read an organization" => organizations::get,
        gives 200 organizations::OrganizationDetail;
    GET "/v2.1/organizations/{organization_name}/usage" organizations_usage_get, OrganizationMember, "Report what an organization used" => usage::of_organization,
        query [START_DATE, END_DATE, INTERVAL], gives 200 usage::OrganizationUsageReport<'static>;
    PATCH "/v2.1/organizations/{organization_name}" organizations_update, OrganizationAdmin, "Change an organization" => organizations::update,
        takes organizations::OrganizationUpdate, gives 200 organizations::OrganizationDetail;
    POST "/v2.1/organizations/{organization_name}/users" organization_users_create, OrganizationAdmin, "Add somebody to an organization, or invite him" => organization_users::create,
        takes organization_users::OrganizationUserCreate, gives 201 organization_users::OrganizationUserDetail;
    GET "/v2.1/organizations/{organization_name}/users" organization_users_list, OrganizationMember, "List the users of an organization" => organization_users::list,
        gives 200 Vec<organization_users::OrganizationUserDetail>;
    GET "/v2.1/organizations/{organization_name}/users/{user_id}" organization_users_get, OrganizationAdmin, "Read a user of an organization" => organization_users::get,
        gives 200 organization_users::OrganizationUserDetail;
    PATCH "/v2.1/organizations/{organization_name}/users/{user_id}" organization_users_update, OrganizationAdmin, "Make a user admin of an organization, or admin no more" => organization_users::update,
        takes organization_users::OrganizationUserUpdate, gives 200 organization_users::OrganizationUserDetail;
    DELETE "/v2.1/organizations/{organization_name}/users/{user_id}" organization_users_delete, OrganizationAdmin, "Remove a user from an organization" => organization_users::delete,
        gives 204 Nothing;
    GET "/v2.1/organizations/{organization_name}/resources" organizations_resource_usage, OrganizationMember, "Read what an organization has in use" => resources::get_of_organization,
        gives 200 resources::ResourceUsage;
    GET "/v2.1/organizations/{organization_name}/audit" organizations_audit_list, OrganizationAdmin, "List the changes in an organization" => audit::list_of_organization,
        query [AUDIT_LIMIT, OFFSET, ACTION], gives 200 Vec<audit::AuditEvent>;

    GET "/v2.1/vouchers/{code}" vouchers_get, Anyone, "Read what a voucher is for" => vouchers::get,
        gives 200 vouchers::VoucherDetail;

    GET "/v2.1/permissions" permissions_list, Anyone, "List the permission catalogue" => permissions::list,
        gives 200 Vec<permissions::PermissionList>;

    POST "/v2.1/projects" projects_create, Person, "Create a project" => projects::create,
        takes projects::ProjectCreate, gives 201 projects::ProjectDetail;
    GET "/v2.1/projects" projects_list, Anyone, "List the caller's projects" => projects::list,
        query [IN_ORGANIZATION, LABELS], gives 200 Vec<projects::ProjectDetail>;
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
        query [AUDIT_LIMIT, OFFSET, ACTION], gives 200 Vec<audit::AuditEvent>;

    POST "/v2.1/projects/{project_name}/service-users" service_users_create, Project(p::SERVICE_USERS_CREATE), "Create a service user" => service_users::create,
        takes service_users::ServiceUserCreate, gives 201 service_users::ServiceUserList;
    GET "/v2.1/projects/{project_name}/service-users" service_users_list, Project(p::SERVICE_USERS_LIST), "List service users" => service_users::list,
        gives 200 Vec<service_users::ServiceUserList>;
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
        query [USER_TYPE], gives 200 Vec<project_users::ProjectUserList>;
    GET "/v2.1/projects/{project_name}/users/{user_id}" project_users_get, Project(p::PROJECTS_USERS_GET), "Read a person of a project" => project_users::get,
        gives 200 project_users::ProjectUserList;
    DELETE "/v2.1/projects/{project_name}/users/{user_id}" project_users_delete, ProjectAdmin, "Take a person out of a project, with his roles in it" => project_users::delete,
        gives 204 Nothing;

    GET "/v2.1/projects/{project_name}/permissions/check" permissions_check, Project(p::ROLES_ASSIGNMENTS_LIST), "Tell whether somebody may do something, and by what" => permission_checks::check,
        query [PERMISSION, CHECKED_ASSIGNEE, RESOURCE_TYPE, RESOURCE], gives 200 permission_checks::PermissionCheck;
    POST "/v2.1/projects/{project_name}/roles" roles_create, Project(p::ROLES_CREATE), "Create a custom role" => roles::create,
        takes roles::RoleCreate, gives 201 roles::RoleDetailList;
    GET "/v2.1/projects/{project_name}/roles" roles_list, Project(p::ROLES_LIST), "List roles" => roles::list,
        gives 200 Vec<roles::RoleList>;
    GET "/v2.1/projects/{project_name}/roles/{role_name}" roles_get, Project(p::ROLES_GET), "Read a role" => roles::get,
        gives 200 roles::RoleDetailList;
    PATCH "/v2.1/projects/{project_name}/roles/{role_name}" roles_update, Project(p::ROLES_UPDATE), "Change a custom role" => roles::update,
        takes roles::RoleUpdate, gives 200 roles::RoleDetailList;
    DELETE "/v2.1/projects/{project_name}/roles/{role_name}" roles_delete, Project(p::ROLES_DELETE), "Delete a custom role, with its assignments" => roles::delete,
        gives 204 Nothing;
    POST "/v2.1/projects/{project_name}/role-assignments" role_assignments_create, Project(p::ROLES_ASSIGNMENTS_CREATE), "Assign a role" => role_assignments::create,
        takes role_assignments::RoleAssignmentCreate, gives 201 role_assignments::RoleAssignmentList;
    GET "/v2.1/projects/{project_name}/role-assignments" role_assignments_per_object_list, Project(p::ROLES_ASSIGNMENTS_LIST), "List role assignments" => role_assignments::list,
        query [ASSIGNEE, RESOURCE_TYPE, RESOURCE], gives 200 Vec<role_assignments::RoleAssignmentList>;
    GET "/v2.1/projects/{project_name}/role-assignments/{assignment_id}" role_assignments_get, Project(p::ROLES_ASSIGNMENTS_GET), "Read a role assignment" => role_assignments::get,
        gives 200 role_assignments::RoleAssignmentList;
    DELETE "/v2.1/projects/{project_name}/role-assignments/{assignment_id}" role_assignments_delete, Project(p::ROLES_ASSIGNMENTS_DELETE), "Take a role away" => role_assignments::delete,
        gives 204 Nothing;
};

/// Every route.
pub fn table() -> impl Iterator<Item = &'static Route> {
    TABLE
        .iter()
        .chain(objects::TABLE)
        .chain(requests::TABLE)
        .chain(modelarts::TABLE)
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

/// Stands for an empty segment where paths are matched: no parameter matches nothing, and no segment holds a NUL.
const EMPTY: char = '\0';

struct Path {
    pattern: &'static str,
    class: Class,
    routes: Vec<&'static Route>,
}

struct Router {
    index: matchit::Router<usize>,
    paths: Vec<Path>,
}

/// Looks a raw path up: split, decoded segment by segment, doubled slashes collapsed (contract section 1). On the
/// ModelArts-compatible surface an empty segment is an empty id.
#[must_use]
pub fn find(raw_path: &str) -> Option<Found> {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    let router = ROUTER.get_or_init(build);
    let segments = match Surface::of(raw_path) {
        Surface::Sentences => RawPath::parse(raw_path),
        Surface::ModelArts => RawPath::parse_with_empty(raw_path),
    };
    let segments = segments.ok()?;
    let mut path = segments.joined();
    while let Some(at) = path.find("//") {
        path.insert(at + 1, EMPTY);
    }
    if path.len() > 1 && path.ends_with('/') {
        path.push(EMPTY);
    }
    if segments.get(0) == Some("v2") {
        path.replace_range(1..3, "v2.1");
    }
    let matched = router.index.at(&path).ok()?;
    let path = router.paths.get(*matched.value)?;
    let parameters = names(path.pattern)
        .zip(matched.params.iter())
        .map(|(name, (_, value))| (name, value.trim_matches(EMPTY).to_owned()))
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
    fn an_empty_segment_is_an_empty_id_for_modelarts_clients() {
        for path in ["/v1/p/workspaces//quotas", "/v1/p/workspaces/"] {
            let found = find(path).unwrap();
            assert_eq!(found.parameter("workspace_id"), Some(""), "{path}");
        }
        let found = find("/v1//workspaces").unwrap();
        assert_eq!(found.parameter("project_id"), Some(""));
        for path in [
            "/v1",
            "/v1/",
            "//v1/p/workspaces",
            "/v1/p//workspaces",
            "/v1/p/workspaces/a%2Fb",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
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
