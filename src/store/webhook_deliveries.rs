//! What webhooks are still to be told: offered, claimed and noted (contract section 5.7).
//!
//! The rows are written by triggers, in the transaction that changes a request's status. They are the outbox: a queue is told
//! the ids of requests, and what it forgets the scheduled run finds. A claim is a conditional update, so of two who try to
//! tell one thing at once one does; what a claim did not come back from is told again, so an event may come twice.

use crate::domain::{AnyId, ClaimId, ProjectId, RecordId, SealingKeyId, Timestamp, WebhookId};
use crate::error::Error;
use crate::sql::Sql;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::items::Item;
use crate::store::requests::purge::ROWS_AT_ONCE;
use crate::store::rows::{Flag, JsonText, Millis, row};
use crate::store::texts::statements;

/// What stands in the place of a project in the messages that a queue has for webhooks: no project has it for its id.
pub const WEBHOOKS: &str = "webhooks";
/// Milliseconds to wait after each attempt before the next one (Standard Webhooks' suggestion): there are eight.
const PAUSES: [i64; 7] = [
    5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 86_400_000,
];
/// So many attempts are made at once at one host.
const AT_ONE_HOST: i64 = 4;
/// A host that has failed so often running
const FAILURES: i64 = 20;
/// is tried once in so many milliseconds: an hour.
const REST: i64 = 3_600_000;
/// A claim counts as lost so many milliseconds after its time.
const LOST: i64 = 60_000;
/// What a queue was told is offered again after so many.
const OFFERED_AGAIN: i64 = 600_000;
/// A run looks at so many rows that are due longest,
const LOOKED_AT: i64 = 1_000;
/// and offers the events of so many requests: of each project in turn.
const OFFERED: i64 = 300;
/// Tests are kept for so many milliseconds, a day; hosts that fail for as long after they were tried.
const KEPT: i64 = 86_400_000;

macro_rules! this_delivery {
    ($table:literal) => {
        concat!(
            $table,
            "record_id = :record_id AND ",
            $table,
            "webhook_id = :webhook_id AND ",
            $table,
            "event = :event"
        )
    };
}

/// The delivery, while this claim has it.
macro_rules! claimed {
    ($table:literal) => {
        concat!(
            this_delivery!($table),
            " AND ",
            $table,
            "claim_id = :claim_id"
        )
    };
}

macro_rules! still {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM webhook_deliveries c WHERE ",
            claimed!("c."),
            ")"
        )
    };
}

/// Whether it may be tried now, were there nobody else.
macro_rules! may_be_tried {
    () => {
        "(d.offered = 1 OR d.due_at <= #now)
           AND EXISTS (SELECT 1 FROM webhooks k WHERE k.id = d.webhook_id AND k.enabled = 1)
           AND NOT EXISTS (SELECT 1 FROM webhook_hosts h
                           WHERE h.host = d.host AND h.failures >= #failures AND h.next_try > #now)"
    };
}

/// The requests of which something is due, of each project in turn.
macro_rules! due {
    () => {
        "SELECT record_id FROM (
           SELECT record_id, due_at, row_number() OVER (PARTITION BY project_id ORDER BY due_at) AS place
           FROM (SELECT record_id, project_id, min(due_at) AS due_at
                 FROM (SELECT record_id, project_id, due_at FROM webhook_deliveries WHERE due_at <= #now
                       ORDER BY due_at LIMIT #looked_at)
                 GROUP BY record_id, project_id))
         ORDER BY place, due_at LIMIT #offered"
    };
}

statements! {
    /// What is due at a host that rests waits until that is tried again.
    REST_TOO = "UPDATE webhook_deliveries AS d SET due_at = h.next_try FROM webhook_hosts h
         WHERE h.host = d.host AND h.failures >= #failures AND h.next_try > #now
           AND (d.record_id, d.webhook_id, d.event) IN (
             SELECT record_id, webhook_id, event FROM webhook_deliveries WHERE due_at <= #now
             ORDER BY due_at LIMIT #looked_at)";
    /// What is due.
    DUE = due!();
    /// It is, once the queue has been told.
    OFFER = concat!(
        "UPDATE webhook_deliveries SET offered = 1, due_at = #now + #offered_again
         WHERE due_at <= #now AND record_id IN (", due!(), ")");
    /// Tests that have been looked at for long enough.
    FORGET_TESTS = "DELETE FROM webhooks WHERE id IN (
         SELECT id FROM webhooks WHERE is_test = 1 AND creation_date <= #forgotten ORDER BY creation_date LIMIT #rows)";
    /// Hosts that nobody tries any more.
    FORGET_HOSTS = "DELETE FROM webhook_hosts WHERE host IN (
         SELECT host FROM webhook_hosts WHERE next_try <= #forgotten ORDER BY next_try LIMIT #rows)";
    /// What is to be told of a request and may be tried now, or is about to be tried once more.
    OF_RECORD = concat!(
        "SELECT d.webhook_id, d.event, ", may_be_tried!(), " AS may_be_tried FROM webhook_deliveries d
         WHERE d.record_id = :record_id AND ((", may_be_tried!(), ")
           OR (d.attempts = 1 AND d.claim_id IS NULL AND d.due_at <= #now + #soon))");
    /// One of these, if its host has room.
    CLAIM = concat!(
        "UPDATE webhook_deliveries AS d SET claim_id = :claim_id, offered = 0,
           due_at = #now + #lost + 1000 * (SELECT timeout FROM webhooks WHERE id = d.webhook_id)
         WHERE ", this_delivery!("d."), " AND ", may_be_tried!(), "
           AND (SELECT count(*) FROM webhook_deliveries c
                WHERE c.host = d.host AND c.claim_id IS NOT NULL AND c.due_at > #now) < #at_one_host");
    /// A host that has rested is tried by one.
    PROBE = concat!(
        "UPDATE webhook_hosts SET next_try = #now + #rest
         WHERE failures >= #failures AND host = (SELECT d.host FROM webhook_deliveries d WHERE ", claimed!("d."), ")");
    /// All that is needed to tell it.
    FACTS = concat!(
        "SELECT k.id, k.project_id, k.url, k.headers, k.protected_headers, k.protected_headers_key_id, k.signing_secret,
           k.signing_secret_key_id, k.previous_signing_secret, k.previous_signing_secret_key_id, k.previous_signing_secret_end,
           k.timeout, k.retry, k.include_result, k.is_test, p.name AS project, k.object_type,
           coalesce(e.name, l.name) AS object, coalesce(v.version, w.version) AS version, d.status, d.error_message,
           d.time_created, d.time_started, d.time_completed, d.attempts, y.content_type, y.body
         FROM webhook_deliveries d
         JOIN webhooks k ON k.id = d.webhook_id
         JOIN projects p ON p.id = d.project_id
         LEFT JOIN deployments e ON e.id = k.object_id
         LEFT JOIN pipelines l ON l.id = k.object_id
         LEFT JOIN deployment_versions v ON v.id = d.version_id
         LEFT JOIN pipeline_versions w ON w.id = d.version_id
         LEFT JOIN request_payloads y ON y.project_id = d.project_id AND y.request_id = d.record_id AND y.part = 'output'
           AND y.body IS NOT NULL AND k.include_result = 1 AND d.status = 'completed'
         WHERE ", claimed!("d."));
    /// Whether it waits for a place at its host alone.
    WAITS = concat!(
        "SELECT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE ", this_delivery!("d."), " AND ", may_be_tried!(), ") AS waits");
    /// What became of the attempt. Who says that they are gone is told nothing any more.
    NOTE = concat!(
        "UPDATE webhooks SET last_status = :status, last_error = :error, last_delivery_date = #now,
           enabled = iif(#is_gone = 1, 0, enabled)
         WHERE id = :webhook_id AND ", still!());
    /// The host answers.
    HOST_ANSWERS = concat!(
        "DELETE FROM webhook_hosts WHERE #host_fails = 0 AND host = (
           SELECT d.host FROM webhook_deliveries d WHERE ", claimed!("d."), ")");
    /// Or fails, once more.
    HOST_FAILS = concat!(
        "INSERT INTO webhook_hosts (host, failures, next_try)
         SELECT d.host, 1, #now FROM webhook_deliveries d WHERE ", claimed!("d."), " AND #host_fails = 1
         ON CONFLICT (host) DO UPDATE SET failures = failures + 1,
           next_try = #now + iif(failures + 1 >= #failures, #rest, 0)");
    /// What was still to be told to who is gone.
    FORGET = concat!(
        "DELETE FROM webhook_deliveries WHERE webhook_id = :webhook_id AND #is_gone = 1 AND ", still!());
    /// When it is tried again.
    AGAIN = concat!(
        "UPDATE webhook_deliveries AS d SET attempts = attempts + 1, claim_id = NULL, due_at = #due
         WHERE ", claimed!("d."), " AND #due IS NOT NULL");
    /// Or never: it has been told, or has been tried for long enough.
    DONE = concat!("DELETE FROM webhook_deliveries AS d WHERE ", claimed!("d."), " AND #due IS NULL");
}

/// What a queue is told of a request that has something to tell, or of the test of a webhook: that has its webhook's id for
/// that of a record.
#[must_use]
pub fn task(of: AnyId<'_>) -> Item {
    Item {
        project_id: ProjectId::kept(WEBHOOKS.to_owned()),
        id: RecordId::kept(of.as_str().to_owned()),
    }
}

fn at(now: Timestamp) -> Parameters {
    Parameters::new()
        .integer("now", now.as_millis())
        .integer("failures", FAILURES)
        .integer("rest", REST)
}

/// What is due, a bounded number of requests; where a queue is to be told of them, they are due again later. What is kept
/// for no purpose any more goes.
///
/// # Errors
/// 503 when the database fails.
pub async fn offer(
    connection: &Connection,
    has_queue: bool,
    now: Timestamp,
) -> Result<Vec<Item>, Error> {
    row! {
        struct Due {
            record_id: RecordId,
        }
    }
    let mut statements: Vec<&'static Sql> = vec![&REST_TOO, &DUE, &FORGET_TESTS, &FORGET_HOSTS];
    if has_queue {
        statements.push(&OFFER);
    }
    let batch = at(now)
        .integer("looked_at", LOOKED_AT)
        .integer("offered", OFFERED)
        .integer("offered_again", OFFERED_AGAIN)
        .integer("forgotten", now.as_millis() - KEPT)
        .integer("rows", ROWS_AT_ONCE)
        .batch(statements);
    let due: Vec<Due> = connection.write(batch).await?.all(&DUE)?;
    Ok(due.iter().map(|due| task(due.record_id.any())).collect())
}

row! {
    /// Something that a webhook is to be told of a request.
    #[derive(Debug, Clone)]
    pub struct Delivery {
        /// The webhook.
        pub webhook_id: WebhookId,
        /// What it is told.
        pub event: String,
        /// Whether it may be tried now, and not in a moment.
        pub may_be_tried: Flag,
    }
}

/// What is to be told of a request and may be tried now, or within the pause after the first attempt.
///
/// # Errors
/// 503 when the database fails.
pub async fn of_record(
    connection: &Connection,
    record_id: &RecordId,
    now: Timestamp,
) -> Result<Vec<Delivery>, Error> {
    let [soon, ..] = PAUSES;
    let parameters = at(now).text("record_id", record_id).integer("soon", soon);
    connection
        .read(parameters.batch([&OF_RECORD]))
        .await?
        .all(&OF_RECORD)
}

row! {
    /// All that is needed to tell something.
    #[derive(Debug)]
    pub struct Facts {
        /// The webhook.
        pub id: WebhookId,
        /// The id of the project.
        pub project_id: ProjectId,
        /// Where it is told.
        pub url: String,
        /// Its headers, in JSON.
        pub headers: JsonText,
        /// Those that are protected, sealed.
        pub protected_headers: Option<String>,
        /// The key that opens them.
        pub protected_headers_key_id: Option<SealingKeyId>,
        /// The secret that signs, sealed.
        pub signing_secret: String,
        /// The key that opens it.
        pub signing_secret_key_id: SealingKeyId,
        /// The one before.
        pub previous_signing_secret: Option<String>,
        /// The key that opens that.
        pub previous_signing_secret_key_id: Option<SealingKeyId>,
        /// Until when that signs, too.
        pub previous_signing_secret_end: Option<Millis>,
        /// Seconds for which an answer is waited.
        pub timeout: i64,
        /// Whether it is tried again.
        pub retry: Flag,
        /// Whether the result is told, too.
        pub include_result: Flag,
        /// Whether this is a test.
        pub is_test: Flag,
        /// The name of the project.
        pub project: String,
        /// What it is about: `deployment` or `pipeline`.
        pub object_type: String,
        /// The name of that.
        pub object: String,
        /// The name of the version; none where that has gone.
        pub version: Option<String>,
        /// What has become of the request.
        pub status: String,
        /// Why it failed.
        pub error_message: Option<String>,
        /// When it was made.
        pub time_created: Millis,
        /// When it began.
        pub time_started: Option<Millis>,
        /// When it ended.
        pub time_completed: Option<Millis>,
        /// How often it has been tried.
        pub attempts: i64,
        /// The media type of the result.
        pub content_type: Option<String>,
        /// The result.
        pub body: Option<String>,
    }
}

/// What became of a claim.
#[derive(Debug)]
pub enum Claim {
    /// It is this claim's to tell.
    Claimed(Box<Facts>),
    /// Its host has no room now.
    Waits,
    /// Somebody else has it, or it is not to be told any more, or not yet.
    Gone,
}

impl Delivery {
    fn parameters(&self, record_id: &RecordId, claim_id: &ClaimId, now: Timestamp) -> Parameters {
        at(now)
            .text("record_id", record_id)
            .text("webhook_id", &self.webhook_id)
            .text("event", &self.event)
            .text("claim_id", claim_id)
    }

    /// Claims it.
    ///
    /// # Errors
    /// 503 when the database fails; an inconsistency.
    pub async fn claim(
        &self,
        connection: &Connection,
        (record_id, claim_id): (&RecordId, &ClaimId),
        now: Timestamp,
    ) -> Result<Claim, Error> {
        row! {
            struct Waits {
                waits: Flag,
            }
        }
        let batch = self
            .parameters(record_id, claim_id, now)
            .integer("lost", LOST)
            .integer("at_one_host", AT_ONE_HOST)
            .batch([&CLAIM, &PROBE, &FACTS, &WAITS]);
        let answers = connection.write(batch).await?;
        if let Some(facts) = answers.first(&FACTS)? {
            return Ok(Claim::Claimed(Box::new(facts)));
        }
        let Waits { waits } = answers.only(&WAITS)?;
        Ok(match waits.0 {
            true => Claim::Waits,
            false => Claim::Gone,
        })
    }

    /// Notes what became of an attempt. Answers after how many milliseconds it is tried again, if it is.
    ///
    /// # Errors
    /// 503 when the database fails: then it is told again.
    pub async fn note(
        &self,
        connection: &Connection,
        (record_id, claim_id): (&RecordId, &ClaimId),
        facts: &Facts,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<Option<i64>, Error> {
        let tried = usize::try_from(facts.attempts).unwrap_or(usize::MAX);
        let pause = PAUSES.get(tried).copied();
        let tries_again = attempt.error.is_some() && facts.retry.0 && !attempt.is_gone;
        let pause = pause.filter(|_| tries_again && !facts.is_test.0);
        let status = match attempt.error {
            None => "completed",
            Some(_) => "failed",
        };
        let batch = self
            .parameters(record_id, claim_id, now)
            .text("status", status)
            .optional_text("error", attempt.error.clone())
            .flag("is_gone", attempt.is_gone)
            .flag("host_fails", attempt.host_fails)
            .optional_integer("due", pause.map(|pause| now.as_millis() + pause))
            .batch([&NOTE, &HOST_ANSWERS, &HOST_FAILS, &FORGET, &AGAIN, &DONE]);
        connection.write(batch).await?;
        Ok(pause)
    }
}

/// What became of an attempt to tell something.
#[derive(Debug, Default)]
pub struct Attempt {
    /// Why it failed; none where it did not.
    pub error: Option<String>,
    /// Whether the receiver wants to be told nothing any more.
    pub is_gone: bool,
    /// Whether the host is at fault: it cannot be reached, or fails itself.
    pub host_fails: bool,
}
