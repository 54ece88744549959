//! Everything that a call can end with but success, with the caller's view in it.
//!
//! An error knows its kind, the sentence that the caller reads, where a surface needs one the reason, and, for the log
//! alone, its cause. It knows no surface: each has a file in [`web`](crate::web) that gives an error its status, its
//! code and its words, so bodies look the same whatever went wrong (contract sections 1 and 4).

use std::borrow::Cow;

use crate::domain::invalid::{Invalid, quoted};
use crate::platform::DatabaseError;

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    sentence: Cow<'static, str>,
    // Boxed: most have none, and each function that may fail hands an error up.
    reason: Option<Box<Reason>>,
    cause: Option<String>,
}

/// What kind of failure it is. The statuses are those of all surfaces but `/v1`, which has its own.
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
    /// 410: it was to come earlier.
    Gone,
    /// 413: the body is too long.
    TooLarge,
    /// 422: an idempotency key stands for another request.
    Unprocessable,
    /// 429: it clears by itself.
    TooMany {
        /// In seconds.
        retry_after: u32,
    },
    /// 415: the body is not declared as JSON.
    UnsupportedMediaType,
    /// 415: the body is compressed, or coded otherwise.
    UnsupportedCoding,
    /// 503, and nothing has been written.
    Unavailable,
    /// 503, and a write may have happened.
    OutcomeUnknown,
    /// 503: a request ran, and what it came to is not recorded yet.
    Unsettled,
    /// 502: an upstream failed, where its status is the answer's.
    UpstreamFailed,
    /// 504: it took too long, likewise.
    UpstreamTooSlow,
    /// 501: a protocol that is not passed through.
    NotPassed,
    /// 503 until the operator has set what is missing.
    Misconfigured,
    /// 500: a bug of ours.
    Inconsistent,
}

/// Why, where a surface has a code or words of its own for it. What it holds is what those name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// There is no such deployment in the project.
    NoSuchDeployment,
    /// The deployment has no such version.
    NoSuchDeploymentVersion,
    /// The deployment or the version has no such model, or is not open to the OpenAI-compatible paths.
    NoSuchModel,
    /// There is no such workspace in the project.
    NoSuchWorkspace {
        /// The id, as it was asked for.
        id: String,
    },
    /// The project is not there, not the caller's, or not the one that the caller's headers name.
    ForeignProject,
    /// The default workspace is neither renamed nor deleted.
    DefaultWorkspace,
    /// The project has as many workspaces as it may.
    TooManyWorkspaces {
        /// So many.
        limit: i64,
    },
    /// The caller lacks a right.
    NotAllowed {
        /// The name of the permission that the call needs, if it needs one.
        permission: Option<&'static str>,
    },
    /// Nobody has the right at present; the sentence says why.
    NotAllowedNow {
        /// The name of the permission that the call needs, if it needs one.
        permission: Option<&'static str>,
    },
    /// A consumption would pass its quota.
    QuotaInsufficient {
        /// The resource.
        resource: Box<str>,
        /// So much more was asked for.
        amount: i64,
        /// So much is used.
        used: i64,
        /// So much is held by requests under way.
        leased: i64,
        /// So much there is.
        quota: i64,
    },
}

/// Seconds after which an address that the shield keeps out may try again: the period of the binding.
const SHIELDED: u32 = 60;

impl Error {
    fn new(kind: Kind, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
            reason: None,
            cause: None,
        }
    }

    /// The same error with its reason.
    #[must_use]
    pub fn because(self, reason: Reason) -> Self {
        Self {
            reason: Some(Box::new(reason)),
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

    /// It was to come earlier, or it is not waited for any more.
    pub fn gone(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Gone, sentence)
    }

    /// An idempotency key stands for another request.
    pub fn unprocessable(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unprocessable, sentence)
    }

    /// Too many at once or in a while; may be tried again after so many seconds.
    pub fn too_many(sentence: impl Into<Cow<'static, str>>, retry_after: u32) -> Self {
        Self::new(Kind::TooMany { retry_after }, sentence)
    }

    /// A request ran, and what it came to is not recorded yet; its record will tell.
    #[must_use]
    pub fn unsettled(record_id: &str, cause: Option<String>) -> Self {
        let sentence = format!(
            "the request {record_id} ran, and its outcome is not recorded yet; read its record before you repeat it"
        );
        Self {
            cause,
            ..Self::new(Kind::Unsettled, sentence)
        }
    }

    /// An upstream failed, and the request ran.
    pub fn upstream_failed(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::UpstreamFailed, sentence)
    }

    /// An upstream took too long.
    pub fn upstream_too_slow(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::UpstreamTooSlow, sentence)
    }

    /// Too much that costs a look at the database has come from one address without a token (contract section 5.10).
    #[must_use]
    pub fn shielded() -> Self {
        Self::too_many(
            "too many calls without a token have come from your address; try again in a minute",
            SHIELDED,
        )
    }

    /// A protocol is not passed through.
    pub fn not_passed(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::NotPassed, sentence)
    }

    /// The server has no room for it now.
    pub fn busy(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unavailable, sentence)
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

    /// The sentence that the caller reads.
    #[must_use]
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// Its reason, where it has one.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_deref()
    }

    /// What only the log may hold.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }
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
}
