//! What the app asks of the world it runs in, as traits.
//!
//! `edge` answers them with Cloudflare's D1, clock and random source; the native tests answer them with SQLite,
//! a clock that is set and a random source that counts. Nothing else in the crate reaches outside, so the whole
//! API runs wherever these traits do. Futures are local ones: an isolate has one thread, and so has a test.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use crate::domain::{SigningKey, SigningKeys, Timestamp, TokenKey, TokenKeys};
use crate::sql::statement::{Faulty, Statement};

/// A future that stays on its thread.
pub type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The database: one verb, as D1 gives it.
pub trait Database {
    /// Runs the statements in order, in one transaction and one round trip: all of them take effect, or none.
    fn batch<'a>(&'a self, statements: &'a [Statement]) -> Local<'a, Result<Batch, DatabaseError>>;
}

/// What one batch answered.
#[derive(Debug, Default)]
pub struct Batch {
    /// One entry a statement, in order: a JSON array of row objects, keyed by column name.
    pub rows: Vec<Box<serde_json::value::RawValue>>,
    /// D1's own figures, summed over the statements.
    pub meta: BatchMeta,
}

/// The figures of D1's `meta` object that `Server-Timing` and the log show.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct BatchMeta {
    /// Rows that SQLite looked at, indexes included.
    pub rows_read: u64,
    /// Rows written, indexes included.
    pub rows_written: u64,
    /// Time inside SQLite, in milliseconds.
    pub duration: f64,
}

/// Why a batch did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// A named constraint refused a statement; the whole batch was undone.
    #[error("constraint: {0}")]
    Constraint(String),
    /// The database refused the batch before it ran anything (overloaded, not reachable).
    #[error("refused: {0}")]
    Refused(String),
    /// The answer got lost, so a write may or may not have happened.
    #[error("lost: {0}")]
    Lost(String),
    /// A statement of ours is wrong: SQL that does not parse, a parameter that was not given.
    #[error("faulty statement: {0}")]
    Faulty(String),
}

impl From<Faulty> for DatabaseError {
    fn from(Faulty(what): Faulty) -> Self {
        Self::Faulty(what)
    }
}

impl DatabaseError {
    /// Sorts D1's error texts. What is not known to have been refused counts as lost: it may have been written.
    ///
    /// The texts are those of Cloudflare's page "Debug D1", as seen in 2026.
    #[must_use]
    pub fn from_message(message: &str) -> Self {
        const REFUSED: [&str; 5] = [
            "overloaded",
            "Too many requests queued",
            "Cannot resolve D1 DB",
            "Internal error while starting up D1 DB",
            "Too many API requests by single worker invocation",
        ];
        const FAULTY: [&str; 7] = [
            "no such",
            "syntax error",
            "SQLITE_ERROR",
            "D1_TYPE_ERROR",
            "Wrong number of parameter bindings",
            "has no column named",
            "is not a function",
        ];
        let is_one_of = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
        let message_owned = message.to_owned();
        if message.contains("constraint failed") || message.contains("SQLITE_CONSTRAINT") {
            Self::Constraint(message_owned)
        } else if is_one_of(&REFUSED) {
            Self::Refused(message_owned)
        } else if is_one_of(&FAULTY) {
            Self::Faulty(message_owned)
        } else {
            Self::Lost(message_owned)
        }
    }
}

/// The time, and waiting.
pub trait Clock {
    /// Now. On Workers the clock stands still between two I/O operations.
    fn now(&self) -> Timestamp;
    /// Completes after so many milliseconds.
    fn sleep(&self, milliseconds: u32) -> Local<'_, ()>;
}

/// Does some work, but no longer than so many milliseconds; nothing when they are over first.
pub async fn within<T>(
    clock: &dyn Clock,
    milliseconds: u32,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    let mut end = pin!(clock.sleep(milliseconds));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => end.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// A cryptographically secure source of random bytes.
pub trait Entropy {
    /// Fills the buffer.
    ///
    /// # Errors
    /// The platform's own words when it has no random bytes to give.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), String>;
}

/// Everything outside that a request may use.
pub struct Platform {
    /// D1, or its double.
    pub database: Box<dyn Database>,
    /// The time.
    pub clock: Box<dyn Clock>,
    /// Random bytes.
    pub entropy: Box<dyn Entropy>,
}

/// What the operator of the installation has set.
pub struct Config {
    /// The secret `OPERATOR_TOKEN`; none disables the operator.
    pub operator_token: Option<String>,
    /// `TOKEN_KEY` and `TOKEN_KEY_PREVIOUS`.
    pub token_keys: TokenKeys,
    /// `SIGNING_KEY` and `SIGNING_KEY_PREVIOUS`; without them there are no access keys.
    pub signing_keys: Option<SigningKeys>,
    /// The domain of the e-mail addresses that service users are given.
    pub service_user_domain: String,
    /// Whether answers carry `Server-Timing`.
    pub server_timing: bool,
}

/// The shortest operator token that is taken seriously (contract section 2).
pub const OPERATOR_TOKEN_MIN: usize = 32;
/// The domain of service users' e-mail addresses unless `SERVICE_USER_DOMAIN` names another (contract section 2).
pub const SERVICE_USER_DOMAIN: &str = "serviceuser.tenantry.invalid";

impl Config {
    /// Reads the settings by their names.
    ///
    /// # Errors
    /// A sentence that names the setting that is missing.
    pub fn from_settings(setting: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        // A secret that was piped in often ends with a line break.
        let set = |name: &str| {
            let value = setting(name)?.trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        let current = set("TOKEN_KEY").ok_or("the secret TOKEN_KEY is not set")?;
        Ok(Self {
            operator_token: set("OPERATOR_TOKEN")
                .filter(|token| token.chars().count() >= OPERATOR_TOKEN_MIN),
            token_keys: TokenKeys {
                current: TokenKey::new(&current),
                previous: set("TOKEN_KEY_PREVIOUS").as_deref().map(TokenKey::new),
            },
            signing_keys: set("SIGNING_KEY").map(|current| SigningKeys {
                current: SigningKey::new(&current),
                previous: set("SIGNING_KEY_PREVIOUS").as_deref().map(SigningKey::new),
            }),
            service_user_domain: set("SERVICE_USER_DOMAIN")
                .unwrap_or_else(|| SERVICE_USER_DOMAIN.to_owned()),
            server_timing: set("SERVER_TIMING").is_some_and(|value| value == "true"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_is_not_known_counts_as_lost() {
        let lost = "D1_ERROR: Network connection lost.";
        assert!(matches!(
            DatabaseError::from_message(lost),
            DatabaseError::Lost(_)
        ));
        let refused = "D1_ERROR: D1 DB is overloaded. Requests queued for too long.";
        assert!(matches!(
            DatabaseError::from_message(refused),
            DatabaseError::Refused(_)
        ));
        let constraint = "D1_ERROR: UNIQUE constraint failed: projects.name: SQLITE_CONSTRAINT";
        assert!(matches!(
            DatabaseError::from_message(constraint),
            DatabaseError::Constraint(_)
        ));
        let faulty = "D1_ERROR: no such table: x: SQLITE_ERROR";
        assert!(matches!(
            DatabaseError::from_message(faulty),
            DatabaseError::Faulty(_)
        ));
    }

    #[test]
    fn an_empty_setting_is_no_setting() {
        let config = Config::from_settings(|name| match name {
            "TOKEN_KEY" => Some("key".to_owned()),
            _ => Some(String::new()),
        })
        .unwrap();
        assert!(config.operator_token.is_none() && !config.server_timing);
        assert_eq!(config.service_user_domain, SERVICE_USER_DOMAIN);
        assert!(Config::from_settings(|_| Some(String::new())).is_err());
    }
}
