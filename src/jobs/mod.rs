//! The second entry: what the clock asks for, once a minute. It knows no HTTP.
//!
//! Each step is a batch of its own, bounded, and may be repeated: what one run does not come to, or fails at, the next one
//! finds again.

use std::rc::Rc;

use serde::Serialize;

use crate::platform::{Config, Platform};
use crate::store::requests::purge;
use crate::store::session::{Account, Session};
use crate::store::settlements;

/// A line of the log, as [`logging.md`](../../docs/logging.md) has it.
#[derive(Serialize)]
struct Entry {
    time: String,
    level: &'static str,
    job: &'static str,
    milliseconds: i64,
    round_trips: u32,
    rows_read: u64,
    rows_written: u64,
    error: Option<String>,
}

/// Ends what nobody settled, and takes away what has been kept for long enough.
pub async fn every_minute(platform: &Rc<Platform>, _: &Rc<Config>) {
    let began = platform.clock.now();
    let session = Session::new(Rc::clone(platform));
    let ended = session.write(settlements::ending_overdue(began)).await;
    let purged = purge::run(&session, began).await;
    let error = ended.map(|_| ()).and(purged).err();
    let Account { round_trips, meta } = session.account();
    let entry = Entry {
        time: began.to_offset_string(),
        level: if error.is_some() { "error" } else { "info" },
        job: "every_minute",
        milliseconds: platform.clock.now().as_millis() - began.as_millis(),
        round_trips,
        rows_read: meta.rows_read,
        rows_written: meta.rows_written,
        error: error.map(|error| error.cause().unwrap_or_else(|| error.sentence()).to_owned()),
    };
    // Texts, numbers and nulls always have a JSON form.
    platform
        .log
        .write(&serde_json::to_string(&entry).unwrap_or_default());
}
