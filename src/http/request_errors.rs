//! The errors of the request endpoints: those of [`sentences`](crate::http::sentences), with `error_message` too, which
//! is all that the clients' streaming reader knows (UbiOps spec 1.5).

use serde::Serialize;

use crate::error::Error;
use crate::http::failure;
use crate::http::response::Response;
use crate::http::sentences::Sentence;

/// The response to a failed call.
#[must_use]
pub fn to_response(error: &Error) -> Response {
    let Sentence {
        error: said,
        detail,
    } = Sentence::of(error);
    let body = Body {
        error: said,
        error_message: said,
        detail,
    };
    failure::response(error, failure::status(error), &body)
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    error_message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}
