//! A clock that is set, and a source of random bytes that counts.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tenantry::domain::Timestamp;
use tenantry::platform::{Clock, Entropy, Local};

/// A clock that stands still until it is moved. Who sleeps wakes when it has passed their time; when nothing else in a
/// world can go on, it moves to where the first of them wakes (`SetClock::jump`).
#[derive(Clone)]
pub struct SetClock(Rc<Inner>);

struct Inner {
    now: Cell<Timestamp>,
    /// Who sleeps, by when they wake; the number tells apart those of one time.
    sleepers: RefCell<BTreeMap<(Timestamp, u64), Option<Waker>>>,
    slept: Cell<u64>,
}

impl SetClock {
    /// A clock at this time.
    pub fn at(now: Timestamp) -> Self {
        Self(Rc::new(Inner {
            now: Cell::new(now),
            sleepers: RefCell::default(),
            slept: Cell::default(),
        }))
    }

    /// Moves it.
    pub fn set(&self, now: Timestamp) {
        self.0.now.set(now);
        let mut sleepers = self.0.sleepers.borrow_mut();
        let due = sleepers.iter_mut().filter(|((end, _), _)| *end <= now);
        for waker in due.filter_map(|(_, waker)| waker.take()) {
            waker.wake();
        }
    }

    /// Moves it to where the first of those wakes who still sleep; answers whether there was one.
    pub(crate) fn jump(&self) -> bool {
        let next = {
            let sleepers = self.0.sleepers.borrow();
            let mut ends = sleepers.keys().map(|(end, _)| *end);
            ends.find(|end| *end > self.0.now.get())
        };
        next.map(|end| self.set(end)).is_some()
    }

    /// Completes when it has passed so many milliseconds from now.
    pub(crate) fn sleeping(&self, milliseconds: i64) -> Sleep {
        let number = self.0.slept.get() + 1;
        self.0.slept.set(number);
        let key = (self.0.now.get().plus_millis(milliseconds), number);
        self.0.sleepers.borrow_mut().insert(key, None);
        Sleep {
            clock: self.clone(),
            key,
        }
    }
}

/// Somebody who sleeps.
pub(crate) struct Sleep {
    clock: SetClock,
    key: (Timestamp, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.0.now.get() >= self.key.0 {
            return Poll::Ready(());
        }
        let mut sleepers = self.clock.0.sleepers.borrow_mut();
        sleepers.insert(self.key, Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.0.sleepers.borrow_mut().remove(&self.key);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        self.0.now.get()
    }

    fn sleep(&self, milliseconds: u32) -> Local<'static, ()> {
        Box::pin(self.sleeping(milliseconds.into()))
    }
}

/// Bytes that differ each time and are the same in each run.
#[derive(Clone, Default)]
pub struct CountingEntropy {
    drawn: Rc<Cell<u64>>,
    fails: Rc<Cell<bool>>,
}

impl CountingEntropy {
    /// A source that goes on after so many draws.
    pub fn after(drawn: u64) -> Self {
        Self {
            drawn: Rc::new(Cell::new(drawn)),
            fails: Rc::default(),
        }
    }

    /// How often it was asked.
    pub fn drawn(&self) -> u64 {
        self.drawn.get()
    }

    /// Makes it fail from now on.
    pub fn fail(&self) {
        self.fails.set(true);
    }
}

impl Entropy for CountingEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), String> {
        if self.fails.get() {
            return Err("no random bytes".to_owned());
        }
        let count = self.drawn.get() + 1;
        self.drawn.set(count);
        // The bits of a counter are spread over the whole buffer, so that ids do not merely end differently.
        let mut state = count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in buffer.iter_mut() {
            state ^= state >> 29;
            state = state
                .wrapping_mul(0xbf58_476d_1ce4_e5b9)
                .wrapping_add(count);
            *byte = (state >> 40) as u8;
        }
        Ok(())
    }
}
