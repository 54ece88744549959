//! Requests to deployments and pipelines: known to rights and to CORS, but there is nothing yet to send them to.
//!
//! The path's deployment or pipeline has been found before a handler here runs; what is missing is the server behind
//! it (contract section 5), so every call ends with a 404 that says so.

pub(crate) mod creating;
pub mod made;

pub(crate) use creating::withdrawal;

use crate::api::{Call, OnObject, OnProject};
use crate::domain::quoted;
use crate::error::Error;
use crate::http::response::Response;
use crate::store::objects::Object;
use crate::store::versions;

/// Any request below a deployment or a pipeline: to the version in the path, or to the default one.
pub(crate) async fn no_upstream(call: &mut Call<'_, OnObject>) -> Result<Response, Error> {
    let object = call.object();
    let wanted = call.parameter("version");
    let wanted = (!wanted.is_empty()).then_some(wanted);
    let version = versions::name_of(call.session, object, wanted).await?;
    let kind = object.kind.name();
    let name = quoted(&object.name);
    Err(match (version, wanted) {
        (Some(version), _) => Error::not_found(format!(
            "the version {} of the {kind} {name} has no upstream yet, so nothing can answer its requests",
            quoted(&version)
        )),
        (None, wanted) => no_version(object, wanted),
    })
}

/// `GET /projects/{p}/requests`: there are no requests.
pub(crate) async fn no_requests(_: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    Err(Error::not_found("this project has no requests to list"))
}

/// The 404 of a request to a version that there is not, or to a default one where there is none.
fn no_version(object: &Object, wanted: Option<&str>) -> Error {
    match wanted {
        Some(version) => object.version_not_found(version),
        None => Error::not_found(format!(
            "the {} {} has no default version; name one in the path",
            object.kind.name(),
            quoted(&object.name)
        )),
    }
}
