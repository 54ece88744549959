//! The errors of the OpenAI-compatible paths: an object with a message, which is all that OpenAI's clients show of them
//! (contract section 5.6).

use serde::Serialize;

use crate::domain::json;
use crate::error::{Error, Kind, Reason};
use crate::web::failure;
use crate::web::response::Response;

/// The response to a failed call.
#[must_use]
pub fn to_response(error: &Error) -> Response {
    failure::response(error, failure::status(error), &Body::of(error))
}

/// The event of a stream that ends with an error. Clients raise it with its message.
#[must_use]
pub fn event(error: &Error) -> Vec<u8> {
    // Texts always have a JSON form.
    let body = json::text(&Body::of(error));
    format!("data: {body}\n\n").into_bytes()
}

#[derive(Serialize)]
struct Body<'a> {
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'static str>,
    code: Option<&'static str>,
}

impl<'a> Body<'a> {
    fn of(error: &'a Error) -> Self {
        let (kind, code) = of_kind(error.kind());
        let names_no_model = matches!(
            error.reason(),
            Some(Reason::NoSuchModel | Reason::NoSuchDeployment | Reason::NoSuchDeploymentVersion)
        );
        let (param, code) = match names_no_model {
            true => (Some("model"), Some("model_not_found")),
            false => (None, code),
        };
        Self {
            error: Inner {
                message: error.sentence(),
                kind,
                param,
                code,
            },
        }
    }
}

/// The type of an error of this kind, and its code where OpenAI has one.
fn of_kind(kind: &Kind) -> (&'static str, Option<&'static str>) {
    match kind {
        Kind::Unauthenticated => ("authentication_error", Some("invalid_api_key")),
        Kind::Forbidden => ("permission_error", None),
        Kind::TooMany { .. } => ("rate_limit_error", Some("rate_limit_exceeded")),
        Kind::Invalid
        | Kind::NotFound
        | Kind::MethodNotAllowed(_)
        | Kind::Conflict
        | Kind::Gone
        | Kind::TooLarge
        | Kind::Unprocessable
        | Kind::UnsupportedMediaType
        | Kind::UnsupportedCoding => ("invalid_request_error", None),
        Kind::Unavailable
        | Kind::OutcomeUnknown
        | Kind::Unsettled
        | Kind::UpstreamFailed
        | Kind::UpstreamTooSlow
        | Kind::NotPassed
        | Kind::Misconfigured
        | Kind::Inconsistent => ("server_error", None),
    }
}
