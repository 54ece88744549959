//! Everything that a call can end with but success, with the caller's view in it.
//!
//! An error knows its kind, the sentence that the caller reads and, for the log alone, its cause. One function a
//! surface turns it into a response, so bodies look the same whatever went wrong (contract sections 1 and 4).

use std::borrow::Cow;

use http::StatusCode;
use serde::Serialize;

use crate::domain::invalid::{Invalid, quoted};
use crate::http::response::Response;
use crate::platform::DatabaseError;

/// Seconds after which a caller may try again when the database refused them.
const RETRY_AFTER: u32 = 1;

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    sentence: Cow<'static, str>,
    cause: Option<String>,
    code: Option<&'static str>,
    words: Option<&'static str>,
}

/// What kind of failure it is; decides the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// 400: a field or a rule is violated.
    Invalid,
    /// 401: no token, or none that is known.
    Unauthenticated,
    /// 403: known, but not allowed.
    Forbidden,
    /// 404: not there, or not to be seen.
    NotFound,
    /// 405, with the methods that the path has.
    MethodNotAllowed(String),
    /// 409: the same id stands for something else already.
    Conflict,
    /// 413: the body is too long.
    TooLarge,
    /// 415: the body is not declared as JSON.
    UnsupportedMediaType,
    /// 415: the body is compressed, or coded otherwise.
    UnsupportedCoding,
    /// 503, and nothing has been written.
    Unavailable,
    /// 503, and a write may have happened.
    OutcomeUnknown,
    /// 503 until the operator has set what is missing.
    Misconfigured,
    /// 500: a bug of ours.
    Inconsistent,
}

impl Error {
    fn new(kind: Kind, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
            cause: None,
            code: None,
            words: None,
        }
    }

    /// The same error in words that some client compares: they stand in `error`, and our sentence in `detail` (contract
    /// section 4, *`error` and `detail`*).
    #[must_use]
    pub fn in_words(self, words: &'static str) -> Self {
        Self {
            words: Some(words),
            ..self
        }
    }

    /// The same error under a code of its own, on the surface that has codes: see [`crate::http::modelarts`].
    #[must_use]
    pub fn with_code(self, code: &'static str) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    /// A rule is violated.
    pub fn invalid(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Invalid, sentence)
    }

    /// A field is not as it should be; the sentence starts with its name.
    #[must_use]
    pub fn field(name: &str, invalid: &Invalid) -> Self {
        Self::invalid(format!("{name}: {invalid}"))
    }

    /// No valid token.
    pub fn unauthenticated(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unauthenticated, sentence)
    }

    /// Known, but not allowed.
    pub fn forbidden(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Forbidden, sentence)
    }

    /// Not there, or not to be seen.
    pub fn not_found(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::NotFound, sentence)
    }

    /// The path has other methods.
    #[must_use]
    pub fn method_not_allowed(method: &str, allow: String) -> Self {
        let sentence = format!("this path has no method {method}; it has {allow}");
        Self::new(Kind::MethodNotAllowed(allow), sentence)
    }

    /// The same id stands for something else already.
    pub fn conflict(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Conflict, sentence)
    }

    /// The body is longer than the limit, in bytes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let limit = match limit >> 20 {
            0 => format!("{} KiB", limit >> 10),
            mebibytes => format!("{mebibytes} MiB"),
        };
        Self::new(Kind::TooLarge, format!("the body is longer than {limit}"))
    }

    /// The answer would be longer than an answer may be (contract section 4).
    #[must_use]
    pub fn answer_too_long() -> Self {
        Self::invalid(
            "the answer would be longer than 8 MiB; ask for less of it: a list takes limit and after, a report a \
             shorter period",
        )
    }

    /// The body is not declared as JSON.
    #[must_use]
    pub fn unsupported_media_type() -> Self {
        Self::new(
            Kind::UnsupportedMediaType,
            "the body must be JSON; send Content-Type: application/json",
        )
    }

    /// The body has a `Content-Encoding`.
    #[must_use]
    pub fn unsupported_coding(coding: &str) -> Self {
        let sentence = format!(
            "the body has the Content-Encoding {}, and none is taken here; send it as it is, without this header",
            quoted(coding)
        );
        Self::new(Kind::UnsupportedCoding, sentence)
    }

    /// The service cannot answer now, and nothing has been written.
    #[must_use]
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let sentence = "the database did not answer; nothing was changed, try again";
        Self {
            cause: Some(cause.into()),
            ..Self::new(Kind::Unavailable, sentence)
        }
    }

    /// A secret of the installation is missing; its log says which.
    #[must_use]
    pub fn misconfigured(missing: &str) -> Self {
        let sentence = "this installation is not set up; its log says what is missing";
        Self {
            cause: Some(missing.to_owned()),
            ..Self::new(Kind::Misconfigured, sentence)
        }
    }

    /// A write was sent and its answer got lost.
    #[must_use]
    pub fn outcome_unknown(cause: impl Into<String>) -> Self {
        let sentence = "the database did not answer in time; it is unknown whether the change was made: \
                        read before you repeat it";
        Self {
            cause: Some(cause.into()),
            ..Self::new(Kind::OutcomeUnknown, sentence)
        }
    }

    /// Something that our own code should have made impossible.
    #[must_use]
    pub fn inconsistent(cause: impl Into<String>) -> Self {
        let sentence =
            "an inconsistency of this installation; its log has more under the request id";
        Self {
            cause: Some(cause.into()),
            ..Self::new(Kind::Inconsistent, sentence)
        }
    }

    /// What a failed read comes to.
    #[must_use]
    pub fn from_read(error: &DatabaseError) -> Self {
        match error {
            DatabaseError::Faulty(_) | DatabaseError::Constraint(_) => {
                Self::inconsistent(error.to_string())
            }
            DatabaseError::Refused(_) | DatabaseError::Lost(_) => {
                Self::unavailable(error.to_string())
            }
        }
    }

    /// What a failed write comes to.
    #[must_use]
    pub fn from_write(error: &DatabaseError) -> Self {
        match error {
            DatabaseError::Lost(_) => Self::outcome_unknown(error.to_string()),
            other => Self::from_read(other),
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.kind {
            Kind::Invalid => StatusCode::BAD_REQUEST,
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::UnsupportedMediaType | Kind::UnsupportedCoding => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Kind::Unavailable | Kind::OutcomeUnknown | Kind::Misconfigured => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Kind::Inconsistent => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The sentence that the caller reads.
    #[must_use]
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// Its code, if it has one of its own.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// What only the log may hold.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The response of the UbiOps-compatible and the operator's surface.
    #[must_use]
    pub fn to_response(&self) -> Response {
        self.response_with(&self.body())
    }

    /// The response of the request endpoints, whose streaming reader knows `error_message` alone (UbiOps spec 1.5).
    #[must_use]
    pub fn to_request_response(&self) -> Response {
        let body = self.body();
        self.response_with(&Sentence {
            error_message: Some(body.error),
            ..body
        })
    }

    fn body(&self) -> Sentence<'_> {
        Sentence {
            error: self.words.unwrap_or(&self.sentence),
            error_message: None,
            detail: self.words.map(|_| self.sentence.as_ref()),
        }
    }

    /// A response with this body and the headers that belong to the kind (RFC 9110 sections 10 and 15).
    pub fn response_with(&self, body: &impl Serialize) -> Response {
        self.response_of(self.status(), body)
    }

    /// The same under another status, for a surface that has its own.
    pub fn response_of(&self, status: StatusCode, body: &impl Serialize) -> Response {
        let mut response = Response::json(status, body).unwrap_or_else(|_| Response::empty(status));
        match &self.kind {
            Kind::Unauthenticated => response.header("www-authenticate", "Token"),
            Kind::MethodNotAllowed(allow) => response.header("allow", allow.as_str()),
            // What tells this 415 from the other (RFC 9110, section 15.5.16).
            Kind::UnsupportedCoding => response.header("accept-encoding", "identity"),
            Kind::Unavailable => response.header("retry-after", RETRY_AFTER.to_string()),
            _ => {}
        }
        response
    }
}

#[derive(Serialize)]
struct Sentence<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lost_write_is_of_unknown_outcome() {
        let lost = DatabaseError::Lost("network".into());
        assert_eq!(*Error::from_write(&lost).kind(), Kind::OutcomeUnknown);
        assert_eq!(*Error::from_read(&lost).kind(), Kind::Unavailable);
        let refused = DatabaseError::Refused("overloaded".into());
        assert_eq!(*Error::from_write(&refused).kind(), Kind::Unavailable);
    }

    #[test]
    fn no_cause_reaches_the_body() {
        let response = Error::unavailable("secret cause").to_response();
        let body = String::from_utf8(response.body.into_bytes()).unwrap();
        assert!(!body.contains("secret cause"));
    }

    #[test]
    fn retry_after_stands_only_where_nothing_can_have_been_written() {
        let has = |error: Error| {
            let headers = error.to_response().headers;
            headers.iter().any(|(name, _)| *name == "retry-after")
        };
        assert!(has(Error::unavailable("")));
        assert!(!has(Error::outcome_unknown("")));
    }
}
