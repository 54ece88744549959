//! A request's line to the database: with a deadline, and with an account of what it cost.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::Error;
use crate::platform::{Batch, BatchMeta, DatabaseError, Platform, counters, within};
use crate::sql::statement::Statement;
use crate::store::rows::Answers;

/// How long a round trip may take, in milliseconds. D1 has been seen to stall for more than a minute; a caller who
/// is told after ten seconds can do something else (platform bounds).
pub const DEADLINE: u32 = 10_000;

/// One request's line to the database. Clones are the same one, and own it: what a request leaves to be done may go on when
/// its handler has returned.
#[derive(Clone)]
pub struct Connection(Rc<Inner>);

struct Inner {
    platform: Rc<Platform>,
    account: Cell<Account>,
}

/// What the round trips on a connection have come to.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Account {
    /// Batches sent.
    pub round_trips: u32,
    /// D1's figures, summed.
    pub meta: BatchMeta,
}

impl Connection {
    /// A connection with nothing on its account.
    #[must_use]
    pub fn new(platform: Rc<Platform>) -> Self {
        Self(Rc::new(Inner {
            platform,
            account: Cell::default(),
        }))
    }

    /// What it has cost so far.
    #[must_use]
    pub fn account(&self) -> Account {
        self.0.account.get()
    }

    /// Runs statements that only read.
    ///
    /// # Errors
    /// 503 with `Retry-After` when the database fails or passes the deadline.
    pub async fn read(&self, statements: Vec<Statement>) -> Result<Answers, Error> {
        match self.batch(&statements).await {
            Ok(batch) => Ok(Answers::new(&statements, batch)),
            Err(error) => Err(Error::from_read(&error)),
        }
    }

    /// Runs statements of which one writes. If their permit has rules and was not given, they run once more, with the verdict
    /// behind them: it is of the same transaction, so it tells of the very state in which the permit is refused, and what
    /// else is answered is of that state too. If the permit is given this time, then somebody else's change came in between.
    ///
    /// # Errors
    /// 503: with `Retry-After` when nothing can have been written, else with a sentence that says that the outcome
    /// is unknown.
    pub async fn write(&self, mut statements: Vec<Statement>) -> Result<Answers, Error> {
        let answers = self.write_once(&statements).await?;
        let permit = statements.iter().find(|one| one.prepared().has_rules);
        let Some(permit) = permit.filter(|permit| !answers.has_rows(permit.sql())) else {
            return Ok(answers);
        };
        statements.push(permit.verdict());
        Ok(self.write_once(&statements).await?.judged())
    }

    async fn write_once(&self, statements: &[Statement]) -> Result<Answers, Error> {
        match self.batch(statements).await {
            Ok(batch) => Ok(Answers::new(statements, batch)),
            Err(error) => Err(Error::from_write(&error)),
        }
    }

    /// Runs statements, and answers the database's own failure: for what is repeated until it is known to be done.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn batch(&self, statements: &[Statement]) -> Result<Batch, DatabaseError> {
        let mut account = self.0.account.get();
        account.round_trips += 1;
        self.0.account.set(account);
        let answer = self.before_deadline(statements).await;
        counters::round_trip(answer.as_ref().ok().map(|batch| batch.meta.duration));
        let batch = answer?;
        account.meta.rows_read += batch.meta.rows_read;
        account.meta.rows_written += batch.meta.rows_written;
        account.meta.duration += batch.meta.duration;
        self.0.account.set(account);
        Ok(batch)
    }

    async fn before_deadline(&self, statements: &[Statement]) -> Result<Batch, DatabaseError> {
        let clock = self.0.platform.clock.as_ref();
        let answer = self.0.platform.database.batch(statements);
        within(clock, DEADLINE, answer)
            .await
            .unwrap_or_else(|| Err(DatabaseError::Lost(format!("no answer in {DEADLINE} ms"))))
    }
}
