//! The time, and deadlines.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};

use super::Local;
use crate::domain::Timestamp;

/// The time, and waiting.
pub trait Clock {
    /// Now. On Workers the clock stands still between two I/O operations.
    fn now(&self) -> Timestamp;
    /// Completes after so many milliseconds.
    fn sleep(&self, milliseconds: u32) -> Local<'static, ()>;
}

/// A limit of time for one thing after another, each of which is mostly done long before. Its timer is let run and set anew
/// when it has gone off too early, since setting and clearing one for each costs more than many of these things do.
///
/// It stays with one task: on Workers a timer wakes who first waited for it, and nobody else.
#[derive(Default)]
pub struct Alarm {
    /// When it goes off, and the timer.
    set: Option<(Timestamp, Local<'static, ()>)>,
}

impl Alarm {
    /// Does some work, but no longer than so many milliseconds; nothing when they are over first.
    pub async fn within<T>(
        &mut self,
        clock: &dyn Clock,
        milliseconds: u32,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let until = clock.now().plus_millis(i64::from(milliseconds));
        let mut work = pin!(work);
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => self.wait(clock, until, context).map(|()| None),
        })
        .await
    }

    fn wait(&mut self, clock: &dyn Clock, until: Timestamp, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let left = until.as_millis() - clock.now().as_millis();
            if left <= 0 {
                return Poll::Ready(());
            }
            let set = self.set.take().filter(|(end, _)| *end <= until);
            let (end, mut timer) = set
                .unwrap_or_else(|| (until, clock.sleep(u32::try_from(left).unwrap_or(u32::MAX))));
            if timer.as_mut().poll(context).is_pending() {
                self.set = Some((end, timer));
                return Poll::Pending;
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::{pending, ready};
    use std::pin::Pin;
    use std::rc::Rc;
    use std::task::Waker;

    use super::*;

    /// A clock that is set, and counts the timers that were.
    #[derive(Clone, Default)]
    struct Fake(Rc<(Cell<i64>, Cell<usize>)>);

    impl Fake {
        fn set(&self, now: i64) {
            self.0.0.set(now);
        }
    }

    impl Clock for Fake {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.0.get())
        }

        fn sleep(&self, milliseconds: u32) -> Local<'static, ()> {
            let clock = self.clone();
            clock.0.1.set(clock.0.1.get() + 1);
            let end = self.now().plus_millis(i64::from(milliseconds));
            Box::pin(poll_fn(move |_| match clock.now() >= end {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }))
        }
    }

    fn poll<T>(work: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
        let mut context = Context::from_waker(Waker::noop());
        Pin::new(work).poll(&mut context)
    }

    /// Begins to wait and lets `passes` milliseconds pass; what the wait has come to then.
    fn waits(clock: &Fake, alarm: &mut Alarm, most: u32, passes: i64) -> Poll<Option<()>> {
        let mut waiting = Box::pin(alarm.within(clock, most, pending()));
        assert!(poll(&mut waiting).is_pending());
        clock.set(clock.0.0.get() + passes);
        poll(&mut waiting)
    }

    #[test]
    fn an_alarm_goes_off_when_the_time_of_the_present_work_is_over() {
        let (clock, mut alarm) = (Fake::default(), Alarm::default());
        for _ in 0..10 {
            assert!(waits(&clock, &mut alarm, 5_000, 4_999).is_pending());
        }
        assert_eq!(waits(&clock, &mut alarm, 5_000, 5_000), Poll::Ready(None));
        // One timer for the first, and one more whenever it has gone off too early.
        assert!(clock.0.1.get() <= 11, "{}", clock.0.1.get());
    }

    #[test]
    fn many_short_works_share_a_timer() {
        let (clock, mut alarm) = (Fake::default(), Alarm::default());
        for _ in 0..4_000 {
            assert!(waits(&clock, &mut alarm, 5_000, 1).is_pending());
        }
        assert_eq!(clock.0.1.get(), 1);
    }

    #[test]
    fn a_shorter_time_is_not_held_up_by_a_longer_one() {
        let (clock, mut alarm) = (Fake::default(), Alarm::default());
        assert!(waits(&clock, &mut alarm, 60_000, 1).is_pending());
        assert_eq!(waits(&clock, &mut alarm, 10, 10), Poll::Ready(None));
    }

    #[test]
    fn work_that_is_done_sets_no_timer() {
        let (clock, mut alarm) = (Fake::default(), Alarm::default());
        let mut done = Box::pin(alarm.within(&clock, 1, ready(7)));
        assert_eq!(poll(&mut done), Poll::Ready(Some(7)));
        assert_eq!(clock.0.1.get(), 0);
    }
}
