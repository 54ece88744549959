//! The gate: the life of a request that is forwarded, in steps (contract section 5).
//!
//! 1. **Admitted**: the first round trip has written its record; only that makes an
//!    [`Admitted`].
//! 2. **[`forward`]**: it is signed and sent to the upstream of its version, and what comes back is read.
//! 3. **[`Outcome`]**: what that came to, whatever happened.
//! 4. **[`settle`]**: outcome, usage and record are written in one transaction. Only then the answer goes out, or the last
//!    line of a [`stream`], or the last event of one that [passes through](pass_through).
//!
//! The gate knows no surface and no route. A [`Passage`] owns all that it needs, since it may outlive the handler that
//! began it: what a caller leaves behind is settled all the same.

pub mod failure;
pub mod forward;
pub mod later;
pub mod lease;
pub mod memory;
pub mod outgoing;
pub mod pass_through;
pub mod pipeline;
pub mod service;
pub mod settle;
pub mod stream;

use std::cell::Cell;
use std::rc::Rc;

pub use failure::Failure;
use memory::Held;

use crate::domain::{Content, RecordId, Timestamp};
use crate::platform::{Config, Platform, Presence, Work};
use crate::store::admissions::{Admitted, Key};
use crate::store::connection::Connection;
use crate::web::notes::Notes;

/// The longest body and the longest buffered answer, in bytes (contract section 5.3).
pub const LONGEST: usize = 8 << 20;
/// The longest payload that is kept in the database, in bytes; a longer one is kept beside it (contract section 5.7).
pub const LONGEST_KEPT: usize = 256 << 10;

/// A request on its way through the gate.
pub struct Passage {
    /// The world outside.
    pub platform: Rc<Platform>,
    /// The settings.
    pub config: Rc<Config>,
    /// Its line to the database.
    pub connection: Connection,
    /// What the log is told.
    pub notes: Notes,
    /// Its caller, as far as it can be seen whether they are still there.
    pub presence: Rc<dyn Presence>,
    /// Its record and what that needs.
    pub admitted: Admitted,
    /// The id of its record.
    pub record_id: RecordId,
    /// Its idempotency key.
    pub key: Option<Key>,
    /// The name of the project.
    pub project: String,
    /// The name of the deployment.
    pub deployment: String,
    /// What kind of caller it has: `user`, `service_user` or `operator`.
    pub caller_kind: &'static str,
    /// The host that was called, which no upstream may be.
    pub host: Option<String>,
    /// `traceparent` and `tracestate`, as they came.
    pub trace: Vec<(String, String)>,
    /// When it was admitted.
    pub admission: Timestamp,
    /// What is held in memory for it.
    pub held: Option<Held>,
    /// How long it may run, in seconds.
    pub timeout: i64,
    /// Whether it has waited for its turn: then what is sent stands in its record already.
    pub has_waited: bool,
    /// Until when it may run, as far as is known.
    pub lease_end: Cell<Timestamp>,
    /// Whether nobody reads its stream any more.
    pub is_left: Cell<bool>,
    /// What it leaves to be done when its answer is out.
    pub work: Work,
}

/// What a request came to.
#[derive(Debug, Clone)]
pub struct Outcome<T = Output> {
    /// What was answered, or why it failed.
    pub result: Result<T, Failure>,
    /// How long it ran, in milliseconds.
    pub run_time: i64,
    /// Whether anything was sent to the upstream.
    pub was_sent: bool,
    /// Bytes sent.
    pub input_volume: usize,
    /// Bytes answered.
    pub output_volume: usize,
}

/// What an upstream answered, and passes for an answer; nothing where the values of a stream are too long together to be kept.
pub type Output = Option<Content>;

impl Outcome {
    /// What was answered, where there is something to show and to keep.
    #[must_use]
    pub fn content(&self) -> Option<&Content> {
        self.result.as_ref().ok()?.as_ref()
    }
}

impl<T> Outcome<T> {
    /// The same, without what was answered.
    #[must_use]
    pub fn without_result(&self) -> Outcome<()> {
        Outcome {
            result: self.result.as_ref().map(|_| ()).map_err(Failure::clone),
            run_time: self.run_time,
            was_sent: self.was_sent,
            input_volume: self.input_volume,
            output_volume: self.output_volume,
        }
    }
}

impl Passage {
    /// When its time is over, whatever is leased.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        self.admission.plus_millis(self.timeout * 1_000)
    }

    fn now(&self) -> Timestamp {
        self.platform.clock.now()
    }

    /// Whether payloads of it are kept.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.admitted.retention_mode == "full"
    }
}
