//! The errors of the request endpoints: those of [`sentences`](crate::web::sentences), with `error_message` too, which
//! is all that the clients' streaming reader knows (UbiOps spec 1.5).

use serde::Serialize;

use crate::error::Error;
use crate::web::failure;
use crate::web::response::Response;
use crate::web::sentences::Sentence;

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
