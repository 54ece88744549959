//! `GET /projects/{p}/origins/check`: what a browser on a page of an origin would be told, since no page can say that it is
//! of another.

use serde::Serialize;

use crate::api::{Call, OnProject};
use crate::domain::{Origin, ServiceUserId};
use crate::error::Error;
use crate::store::first_trip::origin;
use crate::store::service_users;
use crate::web::cors::Class;
use crate::web::response::Response;

/// What pages of an origin may do.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OriginCheck {
    /// Origin, in the form in which browsers send it.
    pub origin: String,
    /// Whether a browser's preflight of a request to a deployment or pipeline is allowed.
    pub preflight: bool,
    /// Whether such a request is then answered: one by the service user, or without one by somebody who lists no origins.
    pub call: bool,
    /// Who lists the origin: `project`, `service_user` for the one that was asked about, `other_service_user`, or null for
    /// nobody.
    pub listed_by: Option<&'static str>,
    /// The same in a sentence.
    pub sentence: &'static str,
}

/// `GET .../origins/check`.
pub(crate) async fn check(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let shown = call.query.parsed("origin", Origin::parse)?;
    let shown = shown.ok_or_else(|| {
        Error::invalid("origin: it is missing; it is scheme://host[:port], as a browser sends it")
    })?;
    let given = call.query.text("service_user");
    let id = given.map(ServiceUserId::named);
    let project = &call.project().project_id;
    let listed = origin::of_service_user(call.connection, project, id.as_ref(), shown.as_str());
    let listed = listed.await?;
    let listed = listed.ok_or_else(|| {
        // As the caller wrote it.
        service_users::not_found(&ServiceUserId::kept(given.unwrap_or_default().to_owned()))
    })?;
    let (listed_by, sentence) = if listed.by_project {
        (
            Some("project"),
            "The project lists this origin: its pages may make any call on the project, with whatever token they have.",
        )
    } else if listed.by_caller {
        (
            Some("service_user"),
            "This service user lists this origin: its pages may make requests with the token of this service user.",
        )
    } else if listed.by_any_service_user {
        (
            Some("other_service_user"),
            "Another service user lists this origin: a browser may ask, but a request with any other token is refused.",
        )
    } else {
        (
            None,
            "Nobody lists this origin: a browser lets its pages make no call on the project.",
        )
    };
    Response::ok(&OriginCheck {
        origin: shown.as_str().to_owned(),
        preflight: Class::Requests.allows_anybody(listed),
        call: Class::Requests.allows_caller(listed),
        listed_by,
        sentence,
    })
}
