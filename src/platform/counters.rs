//! What this isolate has done since it started, for `GET /metrics`.
//!
//! An isolate has one thread and shares nothing with others, so these are plain numbers, and counting costs an addition. At
//! Cloudflare there are many isolates, which come and go: there they are a sample.

use std::cell::Cell;

use http::StatusCode;

/// All that is counted, in the order of the constants below.
pub type Counted = [u64; 12];

/// Calls by the class of their status, from 2xx to 5xx,
const CALLS: usize = 0;
/// and the microseconds that they took.
const CALL_TIME: usize = 4;
/// Round trips to the database,
const ROUND_TRIPS: usize = 5;
/// those that failed,
const FAILED_ROUND_TRIPS: usize = 6;
/// and the microseconds that the others took there.
const DATABASE_TIME: usize = 7;
/// Requests through the gate, those that were completed and those that failed,
const REQUESTS: usize = 8;
/// and the microseconds that either took.
const REQUEST_TIME: usize = 10;

thread_local! {
    static COUNTED: Cell<Counted> = const { Cell::new([0; 12]) };
    static ISOLATE: Cell<u32> = const { Cell::new(0) };
}

fn add(counter: usize, more: u64) {
    let mut counted = COUNTED.get();
    if let Some(counter) = counted.get_mut(counter) {
        *counter = counter.saturating_add(more);
    }
    COUNTED.set(counted);
}

/// In microseconds: a clock that is set back takes nothing away.
fn micros(milliseconds: i64) -> u64 {
    u64::try_from(milliseconds)
        .unwrap_or(0)
        .saturating_mul(1_000)
}

/// Counts a call that has been answered.
pub fn called(status: StatusCode, milliseconds: i64) {
    let class = usize::from(status.as_u16() / 100).clamp(2, 5) - 2;
    add(CALLS + class, 1);
    add(CALL_TIME, micros(milliseconds));
}

/// Counts a round trip to the database, which took so many milliseconds there, or failed.
pub fn round_trip(milliseconds: Option<f64>) {
    add(ROUND_TRIPS, 1);
    match milliseconds {
        Some(milliseconds) => add(DATABASE_TIME, (milliseconds * 1_000.0) as u64),
        None => add(FAILED_ROUND_TRIPS, 1),
    }
}

/// Counts a request that has gone through the gate.
pub fn requested(is_completed: bool, milliseconds: i64) {
    let outcome = usize::from(!is_completed);
    add(REQUESTS + outcome, 1);
    add(REQUEST_TIME + outcome, micros(milliseconds));
}

/// All that has been counted.
#[must_use]
pub fn counted() -> Counted {
    COUNTED.get()
}

/// The name of this isolate, a number that it makes of the first text that it is given.
#[must_use]
pub fn isolate(random: &str) -> u32 {
    if ISOLATE.get() == 0 {
        let mix = |name: u32, byte: u8| name.wrapping_mul(33) ^ u32::from(byte);
        ISOLATE.set(random.bytes().fold(5_381, mix));
    }
    ISOLATE.get()
}
