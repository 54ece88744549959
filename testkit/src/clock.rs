//! A clock that is set, and a source of random bytes that counts.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use tenantry::domain::Timestamp;
use tenantry::platform::{Clock, Entropy, Local};

/// A clock that stands still until it is moved. Its `sleep` ends only while something stalls: a request that waits for
/// nothing else is over before any deadline.
#[derive(Clone)]
pub struct SetClock {
    now: Rc<Cell<Timestamp>>,
    stalls: Rc<Cell<bool>>,
}

impl SetClock {
    /// A clock at this time, which watches whether the database stalls.
    pub fn at(now: Timestamp, stalls: Rc<Cell<bool>>) -> Self {
        Self {
            now: Rc::new(Cell::new(now)),
            stalls,
        }
    }

    /// Moves it.
    pub fn set(&self, now: Timestamp) {
        self.now.set(now);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn sleep(&self, milliseconds: u32) -> Local<'_, ()> {
        Box::pin(poll_fn(move |_| {
            // Looked at anew each time: a call that was begun waits before its round trip stalls.
            if !self.stalls.get() {
                return Poll::Pending;
            }
            let end = self.now.get().plus_millis(milliseconds.into());
            self.now.set(end);
            Poll::Ready(())
        }))
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
