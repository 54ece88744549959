//! The caller's end of one call: whether they are still there, and what a streamed answer wrote to them.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use tenantry::domain::Timestamp;
use tenantry::platform::{Clock, Gone, Local, Presence, Sink, Stream, Streams};

use crate::clock::SetClock;

/// When a caller hangs up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HangUp {
    /// Before anything is done for them.
    AtOnce,
    /// When so many milliseconds have passed since the call came in.
    After(i64),
    /// When the write of this number, counted from 1, comes.
    AtWrite(usize),
    /// Never, but they read nothing from the write of this number on.
    ReadingNothingFrom(usize),
}

/// The wire to the caller of one call. Clones are the same one.
#[derive(Clone)]
pub struct Wire(Rc<Inner>);

struct Inner {
    clock: SetClock,
    hang_up: Option<HangUp>,
    opened: Timestamp,
    is_gone: Cell<bool>,
    /// Those who wait for the caller to hang up.
    waiting: RefCell<Vec<Waker>>,
    stream: Cell<StreamState>,
    length: Cell<Option<usize>>,
    writes: RefCell<Vec<Vec<u8>>>,
}

/// How far a streamed answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum StreamState {
    /// There is none.
    #[default]
    None,
    /// It is being written.
    Open,
    /// It has come to its end.
    Closed,
    /// It broke off.
    Cut,
}

impl Wire {
    /// A new one, whose caller may hang up.
    pub fn new(clock: &SetClock, hang_up: Option<HangUp>) -> Self {
        Self(Rc::new(Inner {
            clock: clock.clone(),
            hang_up,
            opened: clock.now(),
            is_gone: Cell::new(hang_up == Some(HangUp::AtOnce)),
            waiting: RefCell::default(),
            stream: Cell::default(),
            length: Cell::default(),
            writes: RefCell::default(),
        }))
    }

    /// What has been written, each write for itself.
    pub fn writes(&self) -> Vec<Vec<u8>> {
        self.0.writes.borrow().clone()
    }

    /// How long a streamed answer says it is.
    pub fn length(&self) -> Option<usize> {
        self.0.length.get()
    }

    /// Whether a streamed answer has come to its end, and has not broken off.
    pub fn is_closed(&self) -> bool {
        self.0.stream.get() == StreamState::Closed
    }

    fn hang_up(&self) {
        self.0.is_gone.set(true);
        for waiting in self.0.waiting.take() {
            waiting.wake();
        }
    }

    /// What is left of the time after which the caller hangs up, if that was planned.
    fn left(&self) -> Option<i64> {
        let Some(HangUp::After(milliseconds)) = self.0.hang_up else {
            return None;
        };
        let end = self.0.opened.plus_millis(milliseconds);
        Some(end.as_millis() - self.0.clock.now().as_millis())
    }

    /// Whether the next write is never taken.
    fn takes_nothing(&self) -> bool {
        let number = self.0.writes.borrow().len() + 1;
        matches!(self.0.hang_up, Some(HangUp::ReadingNothingFrom(from)) if number >= from)
    }

    fn write(&self, bytes: Vec<u8>) -> Result<(), Gone> {
        assert!(!bytes.is_empty(), "nothing is written to a stream");
        let number = self.0.writes.borrow().len() + 1;
        if self.0.hang_up == Some(HangUp::AtWrite(number)) {
            self.hang_up();
        }
        if self.is_gone() {
            return Err(Gone);
        }
        self.0.writes.borrow_mut().push(bytes);
        Ok(())
    }
}

impl Presence for Wire {
    fn is_gone(&self) -> bool {
        self.0.is_gone.get() || self.left().is_some_and(|left| left <= 0)
    }

    fn gone(&self) -> Local<'static, ()> {
        let caller = self.clone();
        Box::pin(async move {
            let end = caller.left().map(|left| caller.0.clock.sleeping(left));
            let mut end = pin!(async {
                match end {
                    Some(end) => end.await,
                    None => std::future::pending().await,
                }
            });
            poll_fn(|context| {
                if caller.is_gone() || end.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                let mut waiting = caller.0.waiting.borrow_mut();
                waiting.push(context.waker().clone());
                Poll::Pending
            })
            .await;
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Streams for Wire {
    fn open(&self) -> (Box<dyn Sink>, Stream) {
        let before = self.0.stream.replace(StreamState::Open);
        assert_eq!(before, StreamState::None, "one answer is streamed twice");
        let body = Stream(Box::new(ReadEnd(self.clone())));
        (Box::new(WriteEnd(self.clone())), body)
    }

    fn open_of_length(&self, bytes: usize) -> (Box<dyn Sink>, Stream) {
        self.0.length.set(Some(bytes));
        self.open()
    }
}

struct WriteEnd(Wire);

impl Sink for WriteEnd {
    fn write(&mut self, bytes: Vec<u8>) -> Local<'_, Result<(), Gone>> {
        Box::pin(async move {
            if self.0.takes_nothing() {
                return std::future::pending().await;
            }
            self.0.write(bytes)
        })
    }

    fn close(&mut self) -> Local<'_, Result<(), Gone>> {
        Box::pin(async move {
            if self.0.is_gone() {
                return Err(Gone);
            }
            self.0.0.stream.set(StreamState::Closed);
            Ok(())
        })
    }
}

impl Drop for WriteEnd {
    fn drop(&mut self) {
        if self.0.0.stream.get() == StreamState::Open {
            self.0.0.stream.set(StreamState::Cut);
        }
    }
}

/// What a response has for its body. Without it nobody takes what is written.
struct ReadEnd(Wire);

impl Drop for ReadEnd {
    fn drop(&mut self) {
        if self.0.0.stream.get() == StreamState::Open {
            self.0.hang_up();
        }
    }
}
