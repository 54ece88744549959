//! What the log is told of a call beside its answer.

use std::cell::RefCell;
use std::rc::Rc;

use crate::error::Error;

/// What went wrong in a call whose answer cannot say so, or says it in other words: an upstream that broke off, a
/// settlement that failed when half of the answer was out. Clones are the same notes: work that goes on behind the answer
/// keeps one.
#[derive(Clone, Default)]
pub struct Notes(Rc<RefCell<Noted>>);

/// The last of each that was noted.
#[derive(Default)]
pub(crate) struct Noted {
    pub(crate) error: Option<Error>,
    pub(crate) cause: Option<String>,
}

impl Notes {
    /// Notes a failure.
    pub fn error(&self, error: Error) {
        self.0.borrow_mut().error = Some(error);
    }

    /// Notes what the caller is not told: the platform's own words.
    pub fn cause(&self, cause: impl Into<String>) {
        self.0.borrow_mut().cause = Some(cause.into());
    }

    /// What was noted, which is then forgotten.
    pub(crate) fn take(&self) -> Noted {
        self.0.take()
    }
}
