//! The database, and how it fails.

use super::Local;
use crate::sql::statement::{Faulty, Statement};

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
}
