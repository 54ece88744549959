//! A server behind the gate, and the caller in front of it.

use std::any::Any;
use std::cell::Cell;
use std::rc::Rc;

use super::Local;

/// What is sent to an upstream. Redirects are not followed, and no header is added but what the protocol needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its method.
    pub method: http::Method,
    /// Where it goes: an absolute URL in its serialised form.
    pub url: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body, which may have to be sent again, and kept.
    pub body: Rc<Vec<u8>>,
    /// It ends after so many milliseconds, its answer's body included.
    pub timeout: u32,
}

/// The value of the header of this lower-case name; several lines of it are joined by `, `.
pub type HeaderOf = dyn Fn(&str) -> Option<String>;

/// A body on its way in that passes by: the platform takes it from the caller to the upstream.
#[derive(Clone)]
pub struct Upload {
    /// What the platform knows it by.
    pub body: Rc<dyn Any>,
    /// How long it says it is.
    pub length: Option<usize>,
    sent: Rc<Cell<usize>>,
}

impl Upload {
    /// A body of which nothing has been sent.
    #[must_use]
    pub fn new(body: Rc<dyn Any>, length: Option<usize>) -> Self {
        Self {
            body,
            length,
            sent: Rc::default(),
        }
    }

    /// How many bytes have been sent.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.sent.get()
    }

    /// So many more have been.
    pub fn count(&self, bytes: usize) {
        self.sent.set(self.sent.get() + bytes);
    }
}

/// The lines of an answer's headers, names in lower case; several of one name may be joined.
pub type Lines = dyn Fn() -> Vec<(String, String)>;

/// What an upstream answers, of which the body still comes.
pub struct Incoming {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Box<HeaderOf>,
    /// All of them.
    pub lines: Box<Lines>,
    /// Its body.
    pub body: Box<dyn IncomingBody>,
}

/// The body of an answer, as it comes. Dropping it ends the call.
pub trait IncomingBody {
    /// The next bytes, of which there is at least one; none when it has ended. Who stops waiting for them and asks again
    /// later misses nothing.
    fn next(&mut self) -> Local<'_, Result<Option<Vec<u8>>, CallFault>>;
}

/// Why a call to an upstream came to nothing, or broke off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallFault {
    /// The caller in front of the gate has hung up.
    CallerGone,
    /// The call's time is over.
    TimedOut,
    /// It could not be reached, or the connection broke; in the platform's words, which are for the log alone.
    Connection(String),
}

/// The caller in front of the gate, as far as it can be seen whether they are still there.
pub trait Presence {
    /// Whether they have hung up.
    fn is_gone(&self) -> bool;
    /// Completes when they hang up.
    fn gone(&self) -> Local<'static, ()>;
    /// Itself, for the platform that made it.
    fn as_any(&self) -> &dyn Any;
}

/// Nobody waits in front of the gate, so nobody hangs up.
pub struct Nobody;

impl Presence for Nobody {
    fn is_gone(&self) -> bool {
        false
    }

    fn gone(&self) -> Local<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Calls upstreams.
pub trait Upstream {
    /// Sends it and answers when the headers of its answer are there. The call ends when the caller hangs up, and
    /// when what this gives is dropped.
    fn call(
        &self,
        outgoing: Outgoing,
        caller: &dyn Presence,
    ) -> Local<'static, Result<Incoming, CallFault>>;

    /// The same with a body that passes by, which is sent once. One that breaks off breaks the call off: no upstream takes a
    /// part of it for the whole.
    fn upload(
        &self,
        outgoing: Outgoing,
        upload: Upload,
        caller: &dyn Presence,
    ) -> Local<'static, Result<Incoming, CallFault>>;
}
