//! THE TABLE: every call there is, who may make it, and what answers it.
//!
//! A route names its access here and nowhere else. The dispatcher, `405` and `Allow`, the preflight's methods, the
//! OpenAPI document and the authorization matrix of the tests are all made from these rows, so none can be forgotten.
//!
//! A row reads: method, path, name of the operation, access, summary, handler; then what it promises: the query
//! parameters it looks at, the body it takes, the status and the body it gives. A row that lacks one of these, or whose
//! types have no schema or no example, does not compile.

use ::http::Method;

use crate::api::call::Handler;
use crate::auth::access::Access;
use crate::auth::permissions::{self as p};

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

pub use find::{Found, class, find, nothing};

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
    pub contract: crate::contract::Contract,
}

/// What answers a route of this access. What the first round trip finds for the access is what the handler's call is
/// about: a handler that needs more does not compile.
macro_rules! handler {
    (Public $function:path) => { handler!(@ Anything $function) };
    (Operator $function:path) => { handler!(@ Anything $function) };
    (Anyone $function:path) => { handler!(@ Anything $function) };
    (Person $function:path) => { handler!(@ Anything $function) };
    (OrganizationMember $function:path) => { handler!(@ OnOrganization $function) };
    (OrganizationAdmin $function:path) => { handler!(@ OnOrganization $function) };
    (OrganizationAdminOrOneself $function:path) => { handler!(@ OnOrganization $function) };
    (ProjectPart $function:path) => { handler!(@ OnProject $function) };
    (Project $function:path) => { handler!(@ OnProject $function) };
    (PersonOfProject $function:path) => { handler!(@ OnProject $function) };
    (ProjectAdmin $function:path) => { handler!(@ OnProject $function) };
    (ProjectAdminOrOneself $function:path) => { handler!(@ OnProject $function) };
    (Deployment $function:path) => { handler!(@ OnObject $function, ObjectType::Deployment) };
    (Pipeline $function:path) => { handler!(@ OnObject $function, ObjectType::Pipeline) };
    (Workspaces $function:path) => { handler!(@ OnWorkspaces $function) };
    (Workspace $function:path) => { handler!(@ OnWorkspace $function) };
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

macro_rules! routes {
    ($(
        $method:ident $path:literal $operation:ident, $access:ident $(($right:expr))?, $summary:literal => $handler:path
        $(, query [$($query:ident),+])? $(, takes $body:ty)?, gives $status:literal $answer:ty;
    )*) => {
        &[$(Route {
            method: Method::$method,
            path: $path,
            operation: stringify!($operation),
            access: crate::auth::access::Access::$access $(($right))?,
            summary: $summary,
            handler: handler!($access $handler),
            #[cfg(not(target_arch = "wasm32"))]
            contract: contract!([$($($query)+)?] [$($body)?] $status $answer),
        }),*]
    };
}
use routes;

/// Every route.
pub fn table() -> impl Iterator<Item = &'static Route> {
    [
        service::TABLE,
        operator::TABLE,
        organizations::TABLE,
        projects::TABLE,
        roles::TABLE,
        objects::TABLE,
        requests::TABLE,
        modelarts::TABLE,
    ]
    .into_iter()
    .flatten()
}
