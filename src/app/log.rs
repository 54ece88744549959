//! One JSON line a request, and the `Server-Timing` header, which says the same about time.
//!
//! A line never holds a token, a query, a body or a path as it was sent, only the route's pattern: what somebody pastes
//! into the wrong place does not end up in a log (see docs/logging.md).

use std::rc::Rc;

use http::{Method, StatusCode};
use serde::Serialize;

use super::Progress;
use crate::domain::json;
use crate::domain::{RequestId, Timestamp};
use crate::platform::{Local, Platform, counters};
use crate::store::connection::{Account, Connection};
use crate::web::failure;
use crate::web::notes::Notes;

/// A line that is still to be written: what it says of time and rows is what holds then.
pub(super) struct Line {
    pub(super) platform: Rc<Platform>,
    pub(super) connection: Connection,
    pub(super) time: Timestamp,
    pub(super) request_id: RequestId,
    pub(super) method: Method,
    pub(super) status: StatusCode,
    pub(super) progress: Progress,
    pub(super) notes: Notes,
}

/// A line as it is written (see docs/logging.md).
#[derive(Serialize)]
struct Entry<'a> {
    time: String,
    level: &'static str,
    request_id: &'a str,
    method: &'a str,
    route: Option<&'a str>,
    status: u16,
    milliseconds: i64,
    principal: Option<&'a str>,
    round_trips: u32,
    rows_read: u64,
    rows_written: u64,
    database_milliseconds: f64,
    error: Option<String>,
    cause: Option<&'a str>,
}

impl Line {
    pub(super) fn write(&self) {
        let milliseconds = self.milliseconds();
        counters::called(self.status, milliseconds);
        self.platform.log.write(&self.to_json(milliseconds));
    }

    /// The work, of which the last that ends writes the line.
    pub(super) fn write_behind(self, work: Vec<Local<'static, ()>>) -> Vec<Local<'static, ()>> {
        let line = Rc::new(self);
        let behind = |work: Local<'static, ()>| -> Local<'static, ()> {
            let line = Rc::clone(&line);
            Box::pin(async move {
                work.await;
                if let Some(line) = Rc::into_inner(line) {
                    line.write();
                }
            })
        };
        work.into_iter().map(behind).collect()
    }

    fn to_json(&self, milliseconds: i64) -> String {
        let Account { round_trips, meta } = self.connection.account();
        let noted = self.notes.take();
        let error = self.progress.error.as_ref().or(noted.error.as_ref());
        let status = error.map_or(self.status, failure::status);
        let is_error = self.status.is_server_error() || status.is_server_error();
        let entry = Entry {
            time: self.time.to_offset_string(),
            level: if is_error { "error" } else { "info" },
            request_id: self.request_id.as_str(),
            method: known(&self.method),
            route: self.progress.route,
            status: self.status.as_u16(),
            milliseconds,
            principal: self.progress.principal.as_deref(),
            round_trips,
            rows_read: meta.rows_read,
            rows_written: meta.rows_written,
            database_milliseconds: meta.duration,
            error: error.map(|error| format!("{:?}", error.kind())),
            cause: error
                .and_then(|error| error.cause())
                .or(noted.cause.as_deref()),
        };
        // Texts, numbers and nulls always have a JSON form.
        json::text(&entry)
    }

    fn milliseconds(&self) -> i64 {
        self.platform.clock.now().as_millis() - self.time.as_millis()
    }

    /// `Server-Timing` as contract section 1 has it: round trips, rows read, rows written; milliseconds.
    pub(super) fn server_timing(&self) -> String {
        let Account { round_trips, meta } = self.connection.account();
        format!(
            "db;desc=\"{round_trips}/{}/{}\";dur={}, total;dur={}",
            meta.rows_read,
            meta.rows_written,
            // The form that the log line has it in, which costs no second way of writing such numbers.
            json::text(&meta.duration),
            self.milliseconds()
        )
    }
}

/// The method, unless it is one that somebody made up.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => "other",
    }
}
