//! The runtime's clock.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::platform::{Clock, Local};

pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A float, but an integer of milliseconds far below 2^53.
        Timestamp::from_millis(js_sys::Date::now() as i64)
    }

    fn sleep(&self, milliseconds: u32) -> Local<'static, ()> {
        let duration = Duration::from_millis(u64::from(milliseconds));
        Box::pin(worker::Delay::from(duration))
    }
}
