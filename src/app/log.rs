//! One JSON line a request, and the `Server-Timing` header, which says the same about time.
//!
//! A line never holds a token, a query, a body or a path as it was sent, only the route's pattern: what somebody pastes
//! into the wrong place does not end up in a log (see docs/logging.md).

use ::http::{Method, StatusCode};
use serde::Serialize;

use super::Progress;
use crate::domain::Timestamp;
use crate::store::session::Account;

pub(super) struct Line<'a> {
    pub(super) time: Timestamp,
    pub(super) milliseconds: i64,
    pub(super) request_id: &'a str,
    pub(super) method: &'a Method,
    pub(super) status: StatusCode,
    pub(super) account: Account,
    pub(super) progress: &'a Progress,
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

impl Line<'_> {
    pub(super) fn to_json(&self) -> String {
        let Account { round_trips, meta } = self.account;
        let error = self.progress.error.as_ref();
        let is_error = self.status.is_server_error();
        let entry = Entry {
            time: self.time.to_offset_string(),
            level: if is_error { "error" } else { "info" },
            request_id: self.request_id,
            method: known(self.method),
            route: self.progress.route,
            status: self.status.as_u16(),
            milliseconds: self.milliseconds,
            principal: self.progress.principal.as_deref(),
            round_trips,
            rows_read: meta.rows_read,
            rows_written: meta.rows_written,
            database_milliseconds: meta.duration,
            error: error.map(|error| format!("{:?}", error.kind())),
            cause: error.and_then(|error| error.cause()),
        };
        // Texts, numbers and nulls always have a JSON form.
        serde_json::to_string(&entry).unwrap_or_default()
    }

    /// `Server-Timing` as contract section 1 has it: round trips, rows read, rows written; milliseconds.
    pub(super) fn server_timing(&self) -> String {
        let Account { round_trips, meta } = self.account;
        format!(
            "db;desc=\"{round_trips}/{}/{}\";dur={}, total;dur={}",
            meta.rows_read, meta.rows_written, meta.duration, self.milliseconds
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
