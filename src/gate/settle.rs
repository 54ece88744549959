//! The end of a request: written, and written again until it is known to be (contract section 5.4).

use std::rc::Rc;

use serde::Serialize;

use super::forward::Sending;
use super::memory::Held;
use super::{Failure, LONGEST_KEPT, Outcome, Passage};
use crate::domain::Timestamp;
use crate::domain::json;
use crate::domain::openai::TokenUsage;
use crate::error::Error;
use crate::platform::{Clock, DatabaseError, Local, Platform, within};
use crate::sql::statement::Statement;
use crate::store::connection::Connection;
use crate::store::items::message;
use crate::store::requests::payloads::{self, Part, key};
use crate::store::settlements::{self, Ended, Ending, KeptPayload, KeyEnding};
use crate::store::webhook_deliveries;

/// For so long the answer waits for the settlement, in milliseconds.
const WAITED_FOR: i64 = 3_000;
/// For so long it is tried after that: as long as the runtime leaves work behind an answer alive.
const TRIED: i64 = 25_000;
/// A long payload has so many milliseconds to be put beside the database behind an answer,
const PUT: u32 = 20_000;
/// and so many where the end of a stream waits for it.
const PUT_BEFORE: u32 = 3_000;
/// The queue has so many milliseconds to be told of webhooks: an answer waits for it.
const OFFERED_FOR: u32 = 1_000;
/// It stays there for so many seconds longer than its record, whose end comes with a run of each minute.
const STAYS_LONGER: i64 = 300;
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
    pub fn settle<'a, T>(
        &'a self,
        outcome: &Outcome<T>,
        key: KeyEnding,
        kept: Kept<'a>,
    ) -> impl Future<Output = Result<Option<Failure>, Unsettled>> + 'a {
        self.settle_outcome(outcome.without_result(), key, kept)
    }

    // One function for outcomes of all kinds.
    async fn settle_outcome(
        &self,
        outcome: Outcome<()>,
        key: KeyEnding,
        kept: Kept<'_>,
    ) -> Result<Option<Failure>, Unsettled> {
        let error_message = outcome.result.as_ref().err().map(Failure::to_string);
        let hides = matches!(outcome.result, Err(Failure::HungUp));
        let mut begun = Vec::new();
        let input = kept.input.and_then(Input::text);
        let input = self.keep(Part::Input, input, &mut begun);
        let output = kept.output.filter(|_| !hides);
        let output = self.keep(Part::Output, output, &mut begun);
        let ending = Ending {
            error_message: error_message.clone(),
            run_time: outcome.run_time,
            was_sent: outcome.was_sent,
            input_volume: outcome.input_volume,
            output_volume: outcome.output_volume,
            input,
            output,
            key,
            has_waited: self.has_waited,
            tokens: kept.tokens,
            additional_data: kept.additional_data,
            extended_until: kept.extended_until,
        };
        let statements =
            settlements::settling(&self.admitted, &self.record_id, &ending, self.now());
        let until = self.now().plus_millis(WAITED_FOR);
        let tried = tried_until(&self.connection, &*self.platform.clock, &statements, until).await;
        for (part, putting, held) in begun {
            self.work.leave(self.put(part, putting, held)).await;
        }
        if tried.is_ok() && self.admitted.tells_start.is_some() {
            self.offer_webhooks().await;
        }
        match tried {
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
                error: Error::unsettled(self.record_id.as_str(), Some(cause.to_string())),
                work: repeated(&self.connection, &self.platform, statements),
            }),
        }
    }
}

impl Passage {
    /// Tells the queue, where there is one, that webhooks are to be told of the request. What it does not take in time the
    /// scheduled run finds.
    pub(super) async fn offer_webhooks(&self) {
        if let Some(queue) = &self.platform.queue {
            let task = webhook_deliveries::task(self.record_id.any());
            let sending = queue.send(vec![message(&task.project_id, &task.id)]);
            let _ = within(&*self.platform.clock, OFFERED_FOR, sending).await;
        }
    }

    /// Keeps what was sent or answered, as its media type and text: in the row that is to be written, or beside the database
    /// where it is long. That begins here, and goes on beside the settlement and behind the answer: a reader finds out
    /// that it is not there yet.
    fn keep(
        &self,
        part: Part,
        payload: Option<(&str, &str)>,
        begun: &mut Vec<(Part, Putting, Held)>,
    ) -> Option<KeptPayload> {
        let (content_type, text) = payload.filter(|_| self.keeps())?;
        let mut kept = KeptPayload {
            content_type: content_type.to_owned(),
            body: None,
            kv_key: None,
        };
        if text.len() <= LONGEST_KEPT {
            kept.body = Some(text.to_owned());
            return Some(kept);
        }
        let store = self.platform.payloads.as_deref()?;
        let key = key(&self.admitted.project_id, &self.record_id, part);
        let seconds = self.admitted.retention_time + STAYS_LONGER;
        let putting = store.put(&key, text, seconds);
        begun.push((part, putting, Held::of(text.len())));
        kept.kv_key = Some(key);
        Some(kept)
    }

    /// Sees a long payload put beside the database. Where that fails it is not kept, so its record shows none.
    /// Until then its bytes are held, as those of the request were.
    fn put(&self, part: Part, putting: Putting, held: Held) -> Local<'static, ()> {
        #[derive(Serialize)]
        struct Entry<'a> {
            time: String,
            level: &'static str,
            job: &'static str,
            record_id: &'a str,
            error: &'a str,
        }
        let platform = Rc::clone(&self.platform);
        let connection = self.connection.clone();
        let project_id = self.admitted.project_id.clone();
        let record_id = self.record_id.clone();
        let most = if self.work.is_open() { PUT } else { PUT_BEFORE };
        Box::pin(async move {
            let _held = held;
            let time = platform.clock.now().to_offset_string();
            let error = match within(&*platform.clock, most, putting).await {
                Some(Ok(())) => return,
                Some(Err(words)) => words,
                None => format!("no answer in {most} ms"),
            };
            let entry = Entry {
                time,
                level: "error",
                job: "payload",
                record_id: record_id.as_str(),
                error: &error,
            };
            platform.log.write(&json::text(&entry));
            let forgetting = payloads::forgetting(&project_id, &record_id, part);
            // Where this fails, too, a reader finds nothing there.
            let _ = connection.batch(&forgetting).await;
        })
    }
}

/// The writing of a long payload, which has begun.
type Putting = Local<'static, Result<(), String>>;

/// What was sent, for its record.
#[derive(Debug)]
pub struct Input {
    /// Its media type.
    pub content_type: String,
    /// Its body.
    pub body: Rc<Vec<u8>>,
}

impl Passage {
    /// What is sent, where it is kept.
    #[must_use]
    pub fn input(&self, sending: &Sending) -> Option<Input> {
        self.keeps().then(|| Input {
            content_type: sending.content_type.clone(),
            body: Rc::clone(&sending.body),
        })
    }
}

impl Input {
    /// Media type and text; what is no text is not kept.
    fn text(&self) -> Option<(&str, &str)> {
        let text = std::str::from_utf8(&self.body).ok()?;
        Some((&self.content_type, text))
    }
}

/// What is kept of a request beside its outcome.
#[derive(Debug, Default)]
pub struct Kept<'a> {
    /// What was sent.
    pub input: Option<&'a Input>,
    /// What was answered: media type and text.
    pub output: Option<(&'a str, &'a str)>,
    /// The tokens that its answer tells of.
    pub tokens: TokenUsage,
    /// What its record shows as `additional_data`.
    pub additional_data: Option<String>,
    /// Until when its lease is extended first: of a result that has come later.
    pub extended_until: Option<Timestamp>,
}

/// Work that runs statements until they are known to have been run, behind an answer.
#[must_use]
pub fn repeated(
    connection: &Connection,
    platform: &Rc<Platform>,
    statements: Vec<Statement>,
) -> Local<'static, ()> {
    let (connection, platform) = (connection.clone(), Rc::clone(platform));
    Box::pin(async move {
        let until = platform.clock.now().plus_millis(TRIED);
        // What stays undone is ended by the scheduled run.
        let _ = tried_until(&connection, &*platform.clock, &statements, until).await;
    })
}

/// Tries to settle until it is known to be done, or the time is over.
async fn tried_until(
    connection: &Connection,
    clock: &dyn Clock,
    statements: &[Statement],
    until: Timestamp,
) -> Result<Option<Ended>, DatabaseError> {
    let mut pauses = PAUSES.into_iter();
    let mut pause = 0;
    loop {
        match settlements::settle(connection, statements).await {
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
