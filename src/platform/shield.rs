//! What keeps strangers from having the database read for them.

use super::Local;

/// A limit by address on what costs a read without a token (contract section 5.10). An installation that has none, and one
/// that fails, allows everything.
pub trait Shield {
    /// Counts one more from this address; whether it is still allowed.
    fn allows<'a>(&'a self, address: &'a str) -> Local<'a, bool>;
}
