//! What is left to be done when an answer is out.

use std::cell::RefCell;
use std::rc::Rc;

use super::Local;

/// Work that is left for when an answer is out; what has the answer sees to it that the platform finishes it. Clones are the
/// same list. The default is that of an answer that is out already, or of something that nobody waits for.
#[derive(Clone, Default)]
pub struct Work(Rc<RefCell<Option<Vec<Local<'static, ()>>>>>);

impl Work {
    /// That of an answer that is still to come.
    #[must_use]
    pub fn new() -> Self {
        Self(Rc::new(RefCell::new(Some(Vec::new()))))
    }

    /// Leaves it for later; where the answer is out already it is done now.
    pub async fn leave(&self, work: Local<'static, ()>) {
        if let Some(work) = self.push(work) {
            work.await;
        }
    }

    /// Leaves it for later; gives it back where the answer is out already.
    pub fn push(&self, work: Local<'static, ()>) -> Option<Local<'static, ()>> {
        match self.0.borrow_mut().as_mut() {
            Some(list) => {
                list.push(work);
                None
            }
            None => Some(work),
        }
    }

    /// Whether the answer is still to come.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// All of it, once the answer is there: nothing more is left from now on.
    #[must_use]
    pub fn take(&self) -> Vec<Local<'static, ()>> {
        self.0.take().unwrap_or_default()
    }
}
