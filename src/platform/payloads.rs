//! Where long payloads are kept: Cloudflare's KV, or its double.

use super::Local;

/// A store of texts by key, each of which goes by itself after a while. It answers what it was given at once or within a
/// minute, so that what is missing may only be on its way (contract section 5.7); nothing that decides anything stands in it.
pub trait Payloads {
    /// Keeps a text for at least so many seconds, of which there are 60 or more. That begins at once, whenever it is waited
    /// for.
    ///
    /// # Errors
    /// The platform's own words.
    fn put(&self, key: &str, text: &str, seconds: i64) -> Local<'static, Result<(), String>>;
    /// The text of a key; none where there is none, or not yet.
    ///
    /// # Errors
    /// The platform's own words.
    fn get<'a>(&'a self, key: &'a str) -> Local<'a, Result<Option<String>, String>>;
    /// Takes a text away.
    ///
    /// # Errors
    /// The platform's own words.
    fn delete<'a>(&'a self, key: &'a str) -> Local<'a, Result<(), String>>;
}
