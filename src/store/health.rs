//! How the installation is doing: whether the database answers, what is behind and what waits (`GET /health`, `GET /metrics`).
//!
//! Whoever asks for the first need not say who they are, and whoever asks for the second does so again and again. So both read a
//! bounded number of rows, however much there is; the first looks at very few.

use crate::domain::{RequestId, Timestamp};
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::rows::row;
use crate::store::run_time::{projects_that_wait, under_way};
use crate::store::texts::statements;

/// What should have been done so many milliseconds ago is late: a scheduled run that comes in time does it before.
const LATE: i64 = 180_000;

statements! {
    /// What is under way and what waits; ages are in seconds. Of requests those count that are due longest in a round of some
    /// projects. Of webhooks those do that are due longest and whose host answers: what is told to one that fails waits rightly.
    FIGURES = concat!(
        "WITH RECURSIVE ", projects_that_wait!("#projects"), "
         SELECT (SELECT (#now - last_run) / 1000 FROM scheduled_runs WHERE job = 'every_minute') AS run_age,
           under_way - ended AS held, ended, requests,
           coalesce(max(0, #now - first_due) / 1000, 0) AS requests_overdue,
           coalesce(max(0, #now - first_made) / 1000, 0) AS requests_waited,
           webhooks_held, webhooks, coalesce(max(0, #now - due) / 1000, 0) AS webhooks_overdue,
           coalesce(max(0, #now - first_told_of) / 1000, 0) AS webhooks_waited, schedules
         FROM (SELECT count(*) AS under_way, coalesce(sum(lease_end <= #late), 0) AS ended
               FROM (SELECT lease_end FROM requests WHERE ", under_way!(), " LIMIT #most)),
           (SELECT count(*) AS requests FROM (SELECT 1 FROM requests WHERE status = 'pending' LIMIT #most)),
           (SELECT min(due_at) AS first_due, min(time_created) AS first_made
            FROM projects_that_wait g CROSS JOIN requests r
            WHERE r.project_id = g.id AND r.id = (
              SELECT w.id FROM requests w WHERE w.project_id = g.id AND w.status = 'pending' ORDER BY w.due_at LIMIT 1)),
           (SELECT coalesce(sum(due_at > #now), 0) AS webhooks_held
            FROM (SELECT due_at FROM webhook_deliveries WHERE claim_id IS NOT NULL LIMIT #most)),
           (SELECT count(*) AS webhooks,
              min(iif(EXISTS (SELECT 1 FROM webhook_hosts h WHERE h.host = d.host), NULL, due_at)) AS due
            FROM (SELECT due_at, host FROM webhook_deliveries ORDER BY due_at LIMIT #most) d),
           (SELECT min(coalesce(time_completed, time_started)) AS first_told_of
            FROM (SELECT * FROM webhook_deliveries ORDER BY due_at LIMIT min(#most, 1000)) d
            WHERE attempts = 0 AND NOT EXISTS (SELECT 1 FROM webhook_hosts h WHERE h.host = d.host)),
           (SELECT count(*) AS schedules FROM (SELECT 1 FROM request_schedules WHERE next_tick <= #late LIMIT #most))");
    /// That the scheduled run is at its work.
    RAN = "INSERT INTO scheduled_runs (job, last_run) VALUES ('every_minute', #now)
         ON CONFLICT (job) DO UPDATE SET last_run = excluded.last_run";
}

row! {
    /// What is under way and what waits in the installation, as far as it was counted.
    #[derive(Debug)]
    pub struct Figures {
        /// How many seconds ago the last scheduled run was.
        pub run_age: Option<i64>,
        /// Requests under way.
        pub held: i64,
        /// Those whose lease should have been ended.
        pub ended: i64,
        /// Requests that wait.
        pub requests: i64,
        /// For how many seconds the oldest of them has been due. An offer puts that off, whether the queue delivers it or not.
        pub requests_overdue: i64,
        /// How many seconds ago the oldest of those was made that are due next in their project.
        pub requests_waited: i64,
        /// Events that webhooks are being told.
        pub webhooks_held: i64,
        /// Events that webhooks are still to be told, those among them.
        pub webhooks: i64,
        /// For how many seconds the oldest of them has been due. An offer puts that off, as with requests.
        pub webhooks_overdue: i64,
        /// How many seconds ago that came to pass which is to be told first of what was never tried.
        pub webhooks_waited: i64,
        /// Schedules that are late.
        pub schedules: i64,
    }
}

/// What is under way and what waits: at most so many of each kind are counted, and of requests so many projects are looked at,
/// from `first` on.
///
/// # Errors
/// 503 when the database fails.
pub async fn figures(
    connection: &Connection,
    first: &RequestId,
    (most, projects): (i64, i64),
    now: Timestamp,
) -> Result<Figures, Error> {
    let batch = Parameters::new()
        .text("first", first.as_str())
        .integer("now", now.as_millis())
        .integer("late", now.as_millis() - LATE)
        .integer("most", most)
        .integer("projects", projects)
        .batch([&FIGURES]);
    connection.read(batch).await?.only(&FIGURES)
}
