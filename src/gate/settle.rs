//! The end of a request: written, and written again until it is known to be (contract section 5.4).

use std::rc::Rc;

use super::{Failure, Outcome, Passage};
use crate::domain::Timestamp;
use crate::domain::openai::TokenUsage;
use crate::error::Error;
use crate::platform::{Clock, DatabaseError, Local, Platform};
use crate::sql::statement::Statement;
use crate::store::session::Session;
use crate::store::settlements::{self, Ended, Ending, KeyEnding};

/// For so long the answer waits for the settlement, in milliseconds.
const WAITED_FOR: i64 = 3_000;
/// For so long it is tried after that: as long as the runtime leaves work behind an answer alive.
const TRIED: i64 = 25_000;
/// How long to wait before each repetition; the last one goes on.
const PAUSES: [u32; 4] = [100, 400, 1_000, 2_000];

/// A request that could not be settled in time: what the caller is told, and the work that goes on.
pub struct Unsettled {
    /// 503: it ran, and its record will tell.
    pub error: Error,
    /// Goes on trying.
    pub work: Local<'static, ()>,
}

impl Passage {
    /// Settles the request. Answers why it failed if its record says that it did, since somebody else may have ended it.
    ///
    /// # Errors
    /// [`Unsettled`], when that was not known to be done in time.
    pub async fn settle<T>(
        &self,
        outcome: &Outcome<T>,
        key: KeyEnding,
        kept: Kept,
    ) -> Result<Option<Failure>, Unsettled> {
        let error_message = outcome.result.as_ref().err().map(Failure::to_string);
        let hides = matches!(outcome.result, Err(Failure::HungUp));
        let ending = Ending {
            error_message: error_message.clone(),
            run_time: outcome.run_time,
            was_sent: outcome.was_sent,
            input_volume: outcome.input_volume,
            output_volume: outcome.output_volume,
            input: kept.input.filter(|_| self.keeps()),
            output: kept.output.filter(|_| self.keeps() && !hides),
            key,
            tokens: kept.tokens,
            additional_data: kept.additional_data,
        };
        let statements =
            settlements::settling(&self.admitted, &self.record_id, &ending, self.now());
        let until = self.now().plus_millis(WAITED_FOR);
        match tried_until(&self.session, &*self.platform.clock, &statements, until).await {
            Ok(Some(Ended {
                status,
                error_message: recorded,
            })) => Ok(match (status.as_str(), outcome.result.as_ref().err()) {
                ("completed", _) => None,
                (_, Some(failure)) if recorded == error_message => Some(failure.clone()),
                _ => Some(Failure::Recorded(
                    recorded.unwrap_or_else(|| format!("the request is {status}")),
                )),
            }),
            // Nothing is kept of it.
            Ok(None) => Ok(outcome.result.as_ref().err().cloned()),
            Err(cause) => Err(Unsettled {
                error: Error::unsettled(&self.record_id, Some(cause.to_string())),
                work: repeated(&self.session, &self.platform, statements),
            }),
        }
    }
}

/// What is kept of a request beside its outcome.
#[derive(Debug, Default)]
pub struct Kept {
    /// Its body, by media type.
    pub input: Option<(String, String)>,
    /// Its answer, likewise.
    pub output: Option<(String, String)>,
    /// The tokens that its answer tells of.
    pub tokens: TokenUsage,
    /// What its record shows as `additional_data`.
    pub additional_data: Option<String>,
}

/// Work that runs statements until they are known to have been run, behind an answer.
#[must_use]
pub fn repeated(
    session: &Session,
    platform: &Rc<Platform>,
    statements: Vec<Statement>,
) -> Local<'static, ()> {
    let (session, platform) = (session.clone(), Rc::clone(platform));
    Box::pin(async move {
        let until = platform.clock.now().plus_millis(TRIED);
        // What stays undone is ended by the scheduled run.
        let _ = tried_until(&session, &*platform.clock, &statements, until).await;
    })
}

/// Tries to settle until it is known to be done, or the time is over.
async fn tried_until(
    session: &Session,
    clock: &dyn Clock,
    statements: &[Statement],
    until: Timestamp,
) -> Result<Option<Ended>, DatabaseError> {
    let mut pauses = PAUSES.into_iter();
    let mut pause = 0;
    loop {
        match settlements::settle(session, statements).await {
            Ok(ended) => return Ok(ended),
            Err(error @ (DatabaseError::Faulty(_) | DatabaseError::Constraint(_))) => {
                return Err(error);
            }
            Err(error) => {
                pause = pauses.next().unwrap_or(pause);
                if clock.now().plus_millis(i64::from(pause)) > until {
                    return Err(error);
                }
                clock.sleep(pause).await;
            }
        }
    }
}
