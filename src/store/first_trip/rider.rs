//! What a route lets ride on the first round trip: statements of its own, in the same batch and so in the same
//! transaction, behind the one that says who is calling.
//!
//! It saves a round trip, and nothing can happen between the row that says who is calling and what rides. But it runs
//! whoever is calling, before anybody has looked at that row:
//!
//! * what it reads is for the handler, which runs only where the caller may; else nobody sees it;
//! * what it writes repeats **all that decides** in its own condition: the caller's digest (`:digest` and
//!   `:other_digest`; `#by_operator` is 1 of the operator, who has none), the ends of their token and of themselves,
//!   which are otherwise compared after the trip, and their rights. It is a permit or asks for one, like any other
//!   write.

use crate::error::Error;
use crate::sql::Sql;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::rows::Answers;

/// Whether the caller is the operator, or the token that they show has a row: enough for what is read, not for what is
/// written.
macro_rules! caller_is_known {
    () => {
        "(#by_operator = 1 OR EXISTS (SELECT 1 FROM tokens WHERE digest IN (:digest, :other_digest)))"
    };
}
pub(crate) use caller_is_known;

/// Statements that ride along, with what the route has to say to them.
#[derive(Debug, Default)]
pub struct Rider {
    statements: Vec<&'static Sql>,
    parameters: Parameters,
    writes: bool,
}

impl Rider {
    /// Statements that only read.
    #[must_use]
    pub fn reading(statements: impl AsRef<[&'static Sql]>, parameters: Parameters) -> Self {
        Self {
            statements: statements.as_ref().to_vec(),
            parameters,
            writes: false,
        }
    }

    /// Statements of which one writes: a failure of the trip may leave it unknown whether it was written.
    #[must_use]
    pub fn writing(statements: impl AsRef<[&'static Sql]>, parameters: Parameters) -> Self {
        Self {
            writes: true,
            ..Self::reading(statements, parameters)
        }
    }

    /// One more statement, which reads what is counted in a minute.
    #[must_use]
    pub(super) fn and(mut self, statement: &'static Sql, minute: i64) -> Self {
        self.statements.push(statement);
        self.parameters = self.parameters.integer("minute", minute);
        self
    }

    /// Makes the trip. The parameters of the first statement hold for all: what they say of the caller and of the path
    /// no rider can say otherwise.
    pub(super) async fn board(
        mut self,
        connection: &Connection,
        first: &'static Sql,
        parameters: Parameters,
    ) -> Result<Answers, Error> {
        self.statements.insert(0, first);
        let batch = parameters.over(self.parameters).batch(self.statements);
        match self.writes {
            true => connection.write(batch).await,
            false => connection.read(batch).await,
        }
    }
}
