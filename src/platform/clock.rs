//! The time, and deadlines.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use super::Local;
use crate::domain::Timestamp;

/// The time, and waiting.
pub trait Clock {
    /// Now. On Workers the clock stands still between two I/O operations.
    fn now(&self) -> Timestamp;
    /// Completes after so many milliseconds.
    fn sleep(&self, milliseconds: u32) -> Local<'_, ()>;
}

/// Does some work, but no longer than so many milliseconds; nothing when they are over first.
pub async fn within<T>(
    clock: &dyn Clock,
    milliseconds: u32,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    let mut end = pin!(clock.sleep(milliseconds));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => end.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Does a few things at once until all of them are done.
pub async fn all(mut works: Vec<Local<'_, ()>>) {
    poll_fn(|context| {
        works.retain_mut(|work| work.as_mut().poll(context).is_pending());
        match works.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await
}

/// Which of two came first, with what it came to.
pub enum Either<A, B> {
    /// The first one.
    First(A),
    /// The second one.
    Second(B),
}

/// Does two things at once until one of them is done; the first one, if both are.
pub async fn race<A, B>(
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> Either<A, B> {
    let mut first = pin!(first);
    let mut second = pin!(second);
    poll_fn(|context| match first.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Either::First(done)),
        Poll::Pending => second.as_mut().poll(context).map(Either::Second),
    })
    .await
}
