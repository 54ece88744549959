//! One value from one piece of work to another.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

struct Place<T> {
    value: Option<T>,
    waiting: Option<Waker>,
}

/// Where the value is put.
pub(super) struct Giver<T>(Rc<RefCell<Place<T>>>);

/// A place for one value: where it is put, and what completes when it is there.
pub(super) fn place<T>() -> (Giver<T>, impl Future<Output = T>) {
    let place = Rc::new(RefCell::new(Place {
        value: None,
        waiting: None,
    }));
    let giver = Giver(Rc::clone(&place));
    let taken = poll_fn(move |context| {
        let mut place = place.borrow_mut();
        if let Some(value) = place.value.take() {
            return Poll::Ready(value);
        }
        place.waiting = Some(context.waker().clone());
        Poll::Pending
    });
    (giver, taken)
}

impl<T> Giver<T> {
    pub(super) fn give(self, value: T) {
        let mut place = self.0.borrow_mut();
        place.value = Some(value);
        if let Some(waiting) = place.waiting.take() {
            waiting.wake();
        }
    }
}
