//! What the answers to failed calls have in common on every surface: the headers of an error's kind, and its status
//! unless the surface has its own.

use http::StatusCode;
use serde::Serialize;

use crate::error::{Error, Kind};
use crate::web::response::Response;

/// Seconds after which a caller may try again when the database refused them.
const RETRY_AFTER: u32 = 1;

/// The status of an error's kind.
#[must_use]
pub fn status(error: &Error) -> StatusCode {
    match error.kind() {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Gone => StatusCode::GONE,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Kind::UnsupportedMediaType | Kind::UnsupportedCoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Unavailable | Kind::OutcomeUnknown | Kind::Unsettled | Kind::Misconfigured => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Kind::UpstreamFailed => StatusCode::BAD_GATEWAY,
        Kind::UpstreamTooSlow => StatusCode::GATEWAY_TIMEOUT,
        Kind::NotPassed => StatusCode::NOT_IMPLEMENTED,
        Kind::Inconsistent => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A response with this status and body, and the headers that belong to the kind (RFC 9110 sections 10 and 15).
pub fn response(error: &Error, status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = Response::json(status, body).unwrap_or_else(|_| Response::empty(status));
    match error.kind() {
        Kind::Unauthenticated => response.header("www-authenticate", "Token"),
        Kind::MethodNotAllowed(allow) => response.header("allow", allow.as_str()),
        // What tells this 415 from the other (RFC 9110, section 15.5.16).
        Kind::UnsupportedCoding => response.header("accept-encoding", "identity"),
        Kind::TooMany { retry_after } => {
            response.header("retry-after", retry_after.to_string());
            // What UbiOps' clients read, and nothing else (UbiOps spec 1.4).
            response.header("x-ratelimit-reset", retry_after.to_string());
        }
        // It ran: OpenAI's clients would repeat it by themselves.
        Kind::Unsettled | Kind::UpstreamFailed | Kind::UpstreamTooSlow => {
            response.header("x-should-retry", "false");
        }
        Kind::Unavailable => response.header("retry-after", RETRY_AFTER.to_string()),
        _ => {}
    }
    response
}
