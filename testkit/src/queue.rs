//! A queue whose messages wait until a test delivers them, in whatever order and as often as it likes, or loses them.

use std::cell::{Cell, RefCell};
use std::future::ready;
use std::rc::Rc;

use tenantry::platform::{Local, Queue};

/// The double of a queue. Clones are the same one.
#[derive(Clone, Default)]
pub struct Messages {
    waiting: Rc<RefCell<Vec<String>>>,
    fails: Rc<Cell<bool>>,
}

impl Messages {
    /// Whether it takes nothing from now on.
    pub fn fails(&self, fails: bool) {
        self.fails.set(fails);
    }

    /// Takes all that waits, in the order in which it was sent.
    pub fn take(&self) -> Vec<String> {
        self.waiting.take()
    }
}

impl Queue for Messages {
    fn send(&self, messages: Vec<String>) -> Local<'_, Result<(), String>> {
        Box::pin(ready(match self.fails.get() {
            true => Err("Queue send failed: 500".to_owned()),
            false => {
                self.waiting.borrow_mut().extend(messages);
                Ok(())
            }
        }))
    }
}
