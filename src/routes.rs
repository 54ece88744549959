//! THE TABLE: every call there is, who may make it, and what answers it.
//!
//! A route names its access here and nowhere else. The dispatcher, `405` and `Allow`, the preflight's methods, the
//! OpenAPI document and the authorization matrix of the tests are all made from these rows, so none can be forgotten.
//!
//! Rows stand below their path, and paths below their [`family`], which says how they are reached. A row reads: method,
//! name of the operation, access, summary, handler; then what it promises: the query parameters it looks at, the body
//! it takes, the status and the body it gives. A row that lacks one of these, whose handler needs more than its access
//! finds, or whose types have no schema or no example, does not compile.

use ::http::Method;

use crate::api::call::Handler;
use crate::auth::access::Access;
use crate::auth::permissions as p;

pub mod family;
mod find;
mod modelarts;
mod objects;
mod operator;
mod organizations;
mod projects;
mod requests;
mod roles;
mod service;
mod unserved;

use family::Family;
pub use find::{Found, find, nothing, surface};

/// A call that there is.
pub struct Route {
    /// How it is reached.
    pub family: &'static Family,
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
    pub contract: crate::contract::Contract,
}

/// What answers a route of this access. What the first round trip finds for the access is what the handler's call is
/// about: a handler that needs more does not compile.
macro_rules! handler {
    (Public $function:path) => { crate::routes::handler!(@ Anything $function) };
    (Operator $function:path) => { crate::routes::handler!(@ Anything $function) };
    (Anyone $function:path) => { crate::routes::handler!(@ Anything $function) };
    (Person $function:path) => { crate::routes::handler!(@ Anything $function) };
    (OrganizationMember $function:path) => { crate::routes::handler!(@ OnOrganization $function) };
    (OrganizationAdmin $function:path) => { crate::routes::handler!(@ OnOrganization $function) };
    (OrganizationAdminOrOneself $function:path) => { crate::routes::handler!(@ OnOrganization $function) };
    (ProjectPart $function:path) => { crate::routes::handler!(@ OnProject $function) };
    (Project $function:path) => { crate::routes::handler!(@ OnProject $function) };
    (PersonOfProject $function:path) => { crate::routes::handler!(@ OnProject $function) };
    (ProjectAdmin $function:path) => { crate::routes::handler!(@ OnProject $function) };
    (ProjectAdminOrOneself $function:path) => { crate::routes::handler!(@ OnProject $function) };
    (Deployment $function:path) => { crate::routes::handler!(@ OnObject $function, ObjectType::Deployment) };
    (Pipeline $function:path) => { crate::routes::handler!(@ OnObject $function, ObjectType::Pipeline) };
    (Workspaces $function:path) => { crate::routes::handler!(@ OnWorkspaces $function) };
    (Workspace $function:path) => { crate::routes::handler!(@ OnWorkspace $function) };
    (@ $about:ident $function:path $(, ObjectType::$kind:ident)?) => {
        crate::api::call::Handler::$about(
            $(crate::domain::ObjectType::$kind,)?
            |call| Box::pin($function(call)),
        )
    };
}
use handler;

/// What a row promises: `query [...]` names constants of `contract::parameters`, `takes` and `gives` types with an
/// `contract::Example`. The module has none of it.
#[cfg(not(target_arch = "wasm32"))]
macro_rules! contract {
    ([$($query:ident)*] [$($body:ty)?] $status:literal $answer:ty) => {{
        use crate::contract::{Body, Contract, Shown};
        #[expect(unused_imports, reason = "few rows name them")]
        use crate::contract::{Document, File, Html, Nothing, Unserved};
        let body: &[Body] = &[$(Body::of::<$body>())?];
        Contract {
            query: &[$(&crate::contract::parameters::$query),*],
            body: body.first().copied(),
            status: $status,
            answer: <$answer as Shown>::CONTENT,
        }
    }};
}
#[cfg(not(target_arch = "wasm32"))]
use contract;

/// A row, whose path, operation and summary may be put together.
macro_rules! route {
    (
        $family:ident, $method:ident $path:expr, $operation:expr, $access:ident $(($right:expr))?, $summary:expr
        => $handler:path, [$($query:ident)*] [$($body:ty)?] $status:literal $answer:ty
    ) => {
        crate::routes::Route {
            family: &crate::routes::family::$family,
            method: ::http::Method::$method,
            path: $path,
            operation: $operation,
            access: crate::auth::access::Access::$access $(($right))?,
            summary: $summary,
            handler: crate::routes::handler!($access $handler),
            #[cfg(not(target_arch = "wasm32"))]
            contract: crate::routes::contract!([$($query)*] [$($body)?] $status $answer),
        }
    };
}
use route;

macro_rules! routes {
    ($(
        family $family:ident;
        $($path:literal {
            $(
                $method:ident $operation:ident, $access:ident $(($right:expr))?, $summary:literal => $handler:path
                $(, query [$($query:ident),+])? $(, takes $body:ty)?, gives $status:literal $answer:ty;
            )+
        })+
    )+) => {
        &[$($($(crate::routes::route!(
            $family, $method $path, stringify!($operation), $access $(($right))?, $summary
            => $handler, [$($($query)+)?] [$($body)?] $status $answer
        ),)+)+)+]
    };
}
use routes;

/// The rows, a file of them after the other.
const TABLES: [&[Route]; 12] = [
    service::TABLE,
    operator::TABLE,
    organizations::TABLE,
    projects::TABLE,
    roles::TABLE,
    objects::TABLE,
    requests::TO_DEPLOYMENTS,
    requests::TO_DEPLOYMENT_VERSIONS,
    requests::TO_PIPELINES,
    requests::TO_PIPELINE_VERSIONS,
    requests::OF_PROJECT,
    modelarts::TABLE,
];

/// Every route.
pub fn table() -> impl Iterator<Item = &'static Route> {
    TABLES.into_iter().flatten()
}
