//! The end of a request whose upstream has sent its result later: signed as requests to it are, and settled like any other
//! (contract section 5.7).

use std::cell::Cell;
use std::rc::Rc;

use super::memory::Held;
use super::settle::{Kept, Unsettled};
use super::{Failure, Outcome, Passage};
use crate::domain::{RecordId, Timestamp};
use crate::error::Error;
use crate::platform::{Config, Nobody, Platform, Work};
use crate::store::admissions::Admitted;
use crate::store::connection::Connection;
use crate::store::later_results::State;
use crate::store::settlements::KeyEnding;
use crate::web::notes::Notes;

/// What an upstream has sent: the body of an answer, or why it has none, in its own words.
pub type Sent = Result<Vec<u8>, String>;

impl Passage {
    /// The end of a passage whose beginning another invocation has seen.
    #[must_use]
    pub fn of_result(
        (platform, config): (&Rc<Platform>, &Rc<Config>),
        connection: &Connection,
        notes: &Notes,
        admitted: Admitted,
        record_id: RecordId,
    ) -> Self {
        Self {
            platform: Rc::clone(platform),
            config: Rc::clone(config),
            connection: connection.clone(),
            notes: notes.clone(),
            presence: Rc::new(Nobody),
            record_id,
            key: None,
            project: String::new(),
            deployment: String::new(),
            caller_kind: "",
            host: None,
            trace: Vec::new(),
            held: None,
            admission: platform.clock.now(),
            timeout: admitted.timeout,
            has_waited: true,
            lease_end: Cell::new(admitted.lease_end.0),
            is_left: Cell::new(false),
            work: Work::default(),
            admitted,
        }
    }

    /// Holds these bytes until it is settled.
    #[must_use]
    pub fn holding(self, held: Option<Held>) -> Self {
        Self { held, ..self }
    }

    /// Whether its upstream has signed a message.
    ///
    /// # Errors
    /// 503 when its secret cannot be opened.
    pub async fn is_signed(
        &self,
        (id, timestamp, signature): (&str, i64, &str),
        body: &[u8],
    ) -> Result<bool, Error> {
        let secrets = self.secrets().await?;
        Ok(secrets.verifies(id, timestamp, body, signature))
    }

    /// Settles the request with what has come: charged from its start up to now, as far as its lease can be extended. Answers
    /// why it failed, if its record says that it did.
    ///
    /// # Errors
    /// [`Unsettled`], when that was not known to be done in time.
    pub async fn take(&self, sent: Sent, state: &State) -> Result<Option<Failure>, Unsettled> {
        let (result, output_volume) = match sent {
            Ok(body) => {
                let volume = body.len();
                (self.output(body, None), volume)
            }
            Err(words) => (Err(Failure::Recorded(words)), 0),
        };
        let outcome = Outcome {
            result,
            run_time: self.now().as_millis() - state.time_started.0.as_millis(),
            was_sent: true,
            input_volume: usize::try_from(state.input_size).unwrap_or_default(),
            output_volume,
        };
        let output = outcome.content();
        let kept = Kept {
            output: output.map(|output| (output.media_type(), output.text())),
            extended_until: state.extended_until(),
            ..Kept::default()
        };
        self.settle(&outcome, KeyEnding::None, kept).await
    }
}

impl State {
    /// Until when its lease may be extended: that of one which was cancelled has ended.
    fn extended_until(&self) -> Option<Timestamp> {
        (self.status == "processing").then_some(self.result_deadline.0)
    }
}
