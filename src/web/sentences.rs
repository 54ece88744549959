//! The errors of the UbiOps-compatible surface and the operator's: one sentence in `error`.
//!
//! Where some client compares UbiOps' own words, those stand in `error` and our sentence in `detail` (contract section
//! 4, *`error` and `detail`*).

use serde::Serialize;

use crate::error::{Error, Reason};
use crate::web::failure;
use crate::web::response::Response;

/// What UbiOps says of a deployment that is not there: its Terraform provider compares the words.
const NO_DEPLOYMENT: &str = "Deployment was not found";
/// What UbiOps says of a version that is not there, which the provider compares too.
const NO_DEPLOYMENT_VERSION: &str = "Deployment version was not found";

/// The response to a failed call.
#[must_use]
pub fn to_response(error: &Error) -> Response {
    failure::response(error, failure::status(error), &Sentence::of(error))
}

/// The body of an error.
#[derive(Serialize)]
pub struct Sentence<'a> {
    /// The sentence, or the words that stand for it.
    pub error: &'a str,
    /// The sentence, where words stand for it in `error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'a str>,
}

impl<'a> Sentence<'a> {
    /// What is said of this error.
    #[must_use]
    pub fn of(error: &'a Error) -> Self {
        let sentence = error.sentence();
        match error.reason().and_then(words) {
            Some(words) => Self {
                error: words,
                detail: Some(sentence),
            },
            None => Self {
                error: sentence,
                detail: None,
            },
        }
    }
}

/// UbiOps' own words for a reason, where some client compares them.
fn words(reason: &Reason) -> Option<&'static str> {
    match reason {
        Reason::NoSuchDeployment => Some(NO_DEPLOYMENT),
        Reason::NoSuchDeploymentVersion => Some(NO_DEPLOYMENT_VERSION),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cause_reaches_the_body() {
        let response = to_response(&Error::unavailable("secret cause"));
        let body = String::from_utf8(response.body.into_bytes()).unwrap();
        assert!(!body.contains("secret cause"));
    }

    #[test]
    fn retry_after_stands_only_where_nothing_can_have_been_written() {
        let has = |error: Error| {
            let headers = to_response(&error).headers;
            headers.iter().any(|(name, _)| *name == "retry-after")
        };
        assert!(has(Error::unavailable("")));
        assert!(!has(Error::outcome_unknown("")));
    }
}
