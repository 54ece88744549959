//! A request as the app sees it.
//!
//! Headers and the body stay where they are until somebody asks for them: on Workers each look costs a crossing
//! into JavaScript, and most requests need five headers and no body.

use std::rc::Rc;

use http::Method;

use crate::platform::{Local, Presence, Upload};

/// The largest body of an ordinary call: 1 MiB (contract section 4).
pub const BODY_LIMIT: usize = 1 << 20;
/// The largest body of a request endpoint: 8 MiB (contract section 4).
pub const REQUEST_BODY_LIMIT: usize = 8 << 20;

/// A request.
pub struct Request {
    /// Its method.
    pub method: Method,
    /// The raw path and query, percent-encoding untouched.
    pub target: String,
    /// Its headers.
    pub headers: Box<dyn Headers>,
    /// Its body.
    pub body: Box<dyn Body>,
    /// Whether the caller is still there.
    pub presence: Rc<dyn Presence>,
}

impl Request {
    /// The raw path: what stands before the `?`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The raw query: what stands behind the `?`, or nothing.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// A header's value, if it is there.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name)
    }
}

/// The headers of a request, fetched one by one.
pub trait Headers {
    /// The value of the header with this lower-case name; several lines of it are joined by `, `.
    fn get(&self, name: &str) -> Option<String>;
    /// All of them, names in lower case.
    fn all(&self) -> Vec<(String, String)>;
}

/// A body that has not been read yet.
pub trait Body {
    /// Reads it whole, but no further than the limit.
    fn read(&mut self, limit: usize) -> Local<'_, Result<Vec<u8>, BodyError>>;
    /// Lets it pass by, unread; nothing where there is no byte of it.
    fn upload(&mut self, _length: Option<usize>) -> Local<'_, Result<Option<Upload>, BodyError>> {
        Box::pin(async { Ok(None) })
    }
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It is longer than the limit.
    TooLarge,
    /// It broke off.
    Interrupted,
}

/// A body that has been read: what a signature was checked over is what the handler gets.
pub struct ReadBody(pub Vec<u8>);

impl Body for ReadBody {
    fn read(&mut self, limit: usize) -> Local<'_, Result<Vec<u8>, BodyError>> {
        let body = std::mem::take(&mut self.0);
        Box::pin(async move {
            if body.len() > limit {
                return Err(BodyError::TooLarge);
            }
            Ok(body)
        })
    }
}
