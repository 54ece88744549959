//! THE TABLE: every call there is, who may make it, and what answers it.
//!
//! A route names its access here and nowhere else. The dispatcher, `405` and `Allow`, the preflight's methods, the
//! OpenAPI document and the authorization matrix of the tests are all made from these rows, so none can be forgotten.
//!
//! Rows stand below their path, and paths below their [`family`], which says how they are reached. A row reads: method,
//! name of the operation, access, summary, handler; what rides on its first trip, if anything does; then what it
//! promises: the query parameters it looks at, the body it takes, the status and the body it gives. A row that lacks
//! one of these, whose handler needs more than its access finds, or whose types have no schema or no example, does not
//! compile.

use http::Method;

use crate::api::Rides;
use crate::api::call::Handler;
use crate::auth::access::Access;
use crate::auth::permissions as p;
use crate::web::cors::Class;

pub mod family;
mod find;
mod modelarts;
mod openai;
mod operator;
mod organizations;
mod projects;
mod requests;
mod roles;
mod schedules;
mod service;
mod services;
mod sessions;
mod targets;
mod unserved;
mod variables;
mod webhooks;

use family::Family;
pub use find::{Found, find, nothing, nothing_at, surface};

/// A call that there is.
pub struct Route {
    /// How it is reached.
    pub family: &'static Family,
    /// Its method.
    pub method: Method,
    /// Its path, with the names of its parameters in braces. `/v2.1` stands for `/v2` too.
    pub path: &'static str,
    /// The name of the operation, as the real client has it where it has one; for the OpenAPI document, as its summary.
    #[cfg(not(target_arch = "wasm32"))]
    pub operation: &'static str,
    /// Who may make it.
    pub access: Access,
    /// What it does, in a few words.
    #[cfg(not(target_arch = "wasm32"))]
    pub summary: &'static str,
    /// What rides on its first trip, if anything does.
    pub rides: Option<Rides>,
    /// What answers it.
    pub handler: Handler,
    /// What it takes and gives, for the OpenAPI document.
    #[cfg(not(target_arch = "wasm32"))]
    pub contract: crate::contract::Contract,
}

impl Route {
    /// Whether its first trip takes the body along: that of a request which goes through the gate, and is admitted there.
    #[must_use]
    pub fn takes_body_first(&self) -> bool {
        self.rides.is_some() && self.family.cors == Class::Requests
    }
}

/// A handler as the table takes it. Where something rides along, and only there, the handler gets the answers to it.
macro_rules! answer {
    ($function:path) => {
        |call| Box::pin($function(call))
    };
    ($function:path, $rides:path) => {
        |call| match call.ridden() {
            Ok(ridden) => Box::pin($function(call, ridden)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    };
}
use answer;

/// What answers a route of this access. What the first round trip finds for the access is what the handler's call is
/// about: a handler that needs more does not compile.
macro_rules! handler {
    (Public $answer:expr) => { crate::routes::handler!(@ Anything $answer) };
    (Operator $answer:expr) => { crate::routes::handler!(@ Anything $answer) };
    (Anyone $answer:expr) => { crate::routes::handler!(@ Anything $answer) };
    (Person $answer:expr) => { crate::routes::handler!(@ Anything $answer) };
    (Session $answer:expr) => { crate::routes::handler!(@ Anything $answer) };
    (OrganizationMember $answer:expr) => { crate::routes::handler!(@ OnOrganization $answer) };
    (OrganizationAdmin $answer:expr) => { crate::routes::handler!(@ OnOrganization $answer) };
    (OrganizationAdminOrOneself $answer:expr) => { crate::routes::handler!(@ OnOrganization $answer) };
    (ProjectPart $answer:expr) => { crate::routes::handler!(@ OnProject $answer) };
    (Project $answer:expr) => { crate::routes::handler!(@ OnProject $answer) };
    (PersonOfProject $answer:expr) => { crate::routes::handler!(@ OnProject $answer) };
    (ProjectAdmin $answer:expr) => { crate::routes::handler!(@ OnProject $answer) };
    (ProjectAdminOrOneself $answer:expr) => { crate::routes::handler!(@ OnProject $answer) };
    (Deployment $answer:expr) => { crate::routes::handler!(@ OnTarget $answer, TargetKind::Deployment) };
    (Model $answer:expr) => { crate::routes::handler!(@ OnTarget $answer, TargetKind::Deployment) };
    (Service $answer:expr) => { crate::routes::handler!(@ OnTarget $answer, TargetKind::Deployment) };
    (Pipeline $answer:expr) => { crate::routes::handler!(@ OnTarget $answer, TargetKind::Pipeline) };
    (Workspaces $answer:expr) => { crate::routes::handler!(@ OnWorkspaces $answer) };
    (Workspace $answer:expr) => { crate::routes::handler!(@ OnWorkspace $answer) };
    (@ $about:ident $answer:expr $(, TargetKind::$kind:ident)?) => {
        crate::api::call::Handler::$about(
            $(crate::domain::TargetKind::$kind,)?
            $answer,
        )
    };
}
use handler;

/// What rides along, as the table takes it. Where anybody may call, there is no first trip.
macro_rules! rides {
    ($access:ident) => {
        None
    };
    (Public $rides:path) => {
        compile_error!("a public route makes no first trip, so nothing rides on it")
    };
    ($access:ident $rides:path) => {
        Some($rides)
    };
}
use rides;

/// What a row promises: `query [...]` names constants of `contract::parameters`, `takes` and `gives` types with an
/// `contract::Example`. The module has none of it.
#[cfg(not(target_arch = "wasm32"))]
macro_rules! contract {
    ([$($query:ident)*] [$($body:ty)?] $status:literal $answer:ty) => {{
        use crate::contract::{Body, Contract, Shown};
        #[expect(unused_imports, reason = "few rows name them")]
        use crate::contract::{Document, EventStream, File, Html, Nothing, PlainText};
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
        => $handler:path $(, rides $rides:path)?, [$($query:ident)*] [$($body:ty)?] $status:literal $answer:ty
    ) => {
        crate::routes::Route {
            family: &crate::routes::family::$family,
            method: http::Method::$method,
            path: $path,
            #[cfg(not(target_arch = "wasm32"))]
            operation: $operation,
            access: crate::auth::access::Access::$access $(($right))?,
            #[cfg(not(target_arch = "wasm32"))]
            summary: $summary,
            rides: crate::routes::rides!($access $($rides)?),
            handler: crate::routes::handler!($access crate::routes::answer!($handler $(, $rides)?)),
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
                $(, rides $rides:path)? $(, query [$($query:ident),+])?
                $(, takes $body:ty)?, gives $status:literal $answer:ty;
            )+
        })+
    )+) => {
        &[$($($(crate::routes::route!(
            $family, $method $path, stringify!($operation), $access $(($right))?, $summary
            => $handler $(, rides $rides)?, [$($($query)+)?] [$($body)?] $status $answer
        ),)+)+)+]
    };
}
use routes;

/// The rows, a file of them after the other.
const TABLES: [&[Route]; 20] = [
    service::TABLE,
    sessions::TABLE,
    operator::TABLE,
    organizations::TABLE,
    projects::TABLE,
    roles::TABLE,
    targets::TABLE,
    variables::TABLE,
    schedules::TABLE,
    webhooks::TABLE,
    requests::TO_DEPLOYMENTS,
    requests::TO_DEPLOYMENT_VERSIONS,
    requests::TO_PIPELINES,
    requests::TO_PIPELINE_VERSIONS,
    requests::OF_PROJECT,
    requests::RESULTS,
    openai::TABLE,
    services::TABLE,
    services::CALLS,
    modelarts::TABLE,
];

/// Every route.
pub fn table() -> impl Iterator<Item = &'static Route> {
    TABLES.into_iter().flatten()
}
