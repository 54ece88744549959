//! What hands messages on to a later invocation: Cloudflare's Queues, or their double.

use super::Local;

/// A queue. It delivers at least once and in no order, and may forget: what must not be lost stands in the database, and a
/// message says where.
pub trait Queue {
    /// Sends messages.
    ///
    /// # Errors
    /// The platform's own words.
    fn send(&self, messages: Vec<String>) -> Local<'_, Result<(), String>>;
}
