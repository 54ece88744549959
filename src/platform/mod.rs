//! What the app asks of the world it runs in, as traits.
//!
//! `edge` answers them with Cloudflare's D1, clock and random source; the native tests answer them with SQLite,
//! a clock that is set and a random source that counts. Nothing else in the crate reaches outside, so the whole
//! API runs wherever these traits do. Futures are local ones: an isolate has one thread, and so has a test.

mod clock;
mod config;
pub mod counters;
mod crypto;
mod database;
mod log;
mod payloads;
mod queue;
mod shield;
mod stream;
mod upstream;
mod work;

use std::future::Future;
use std::pin::Pin;

pub use clock::{Alarm, Clock, Either, all, race, within};
pub use config::{Config, OPERATOR_TOKEN_MIN, SERVICE_USER_DOMAIN};
pub use crypto::{Crypto, KEY_LENGTH, NONCE_LENGTH};
pub use database::{Batch, BatchMeta, Database, DatabaseError};
pub use log::Log;
pub use payloads::Payloads;
pub use queue::Queue;
pub use shield::Shield;
pub use stream::{Gone, Sink, Stream, Streams};
pub use upstream::{
    CallFault, HeaderOf, Incoming, IncomingBody, Lines, Nobody, Outgoing, Presence, Upload,
    Upstream,
};
pub use work::Work;

/// A future that stays on its thread.
pub type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

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
    /// Encryption.
    pub crypto: Box<dyn Crypto>,
    /// Where long payloads are kept; nothing where the installation has no such store.
    pub payloads: Option<Box<dyn Payloads>>,
    /// Who tells a later invocation of what waits; nothing where the installation has no queue.
    pub queue: Option<Box<dyn Queue>>,
    /// Calls to upstreams.
    pub upstream: Box<dyn Upstream>,
    /// What is in front of reads without a token.
    pub shield: Box<dyn Shield>,
    /// Answers that are written bit by bit.
    pub streams: Box<dyn Streams>,
    /// The log.
    pub log: Box<dyn Log>,
}
