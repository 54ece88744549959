//! Work that is done to its end, in a world whose clock moves only when nothing else does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures::task::{ArcWake, waker_ref};

use tenantry::platform::Local;

use crate::clock::SetClock;

/// Whether something has happened that the work waits for.
#[derive(Default)]
struct Woken(AtomicBool);

impl ArcWake for Woken {
    fn wake_by_ref(woken: &Arc<Self>) {
        woken.0.store(true, Ordering::Relaxed);
    }
}

/// Lets the work go on until it is done, or until it waits for what has not happened.
pub(crate) fn advance<T>(work: &mut Local<'_, T>) -> Poll<T> {
    let woken = Arc::new(Woken::default());
    let waker = waker_ref(&woken);
    let mut context = Context::from_waker(&waker);
    loop {
        let step = work.as_mut().poll(&mut context);
        if step.is_ready() || !woken.0.swap(false, Ordering::Relaxed) {
            return step;
        }
    }
}

/// Does the work to its end; nothing when it waits for what never comes.
pub(crate) fn to_end<T>(clock: &SetClock, mut work: Local<'_, T>) -> Option<T> {
    loop {
        match advance(&mut work) {
            Poll::Ready(done) => return Some(done),
            Poll::Pending if clock.jump() => {}
            Poll::Pending => return None,
        }
    }
}
