//! The second round trip of a request that went through the gate: what it came to, what it used and its record, in one
//! transaction, once for ever (contract section 5.4).
//!
//! Everything hangs on the record being under way still, and the statement that ends it is the last to write: so whoever
//! comes second - a repetition whose first answer got lost, or the scheduled run - finds it ended and counts nothing.

use crate::domain::json;
use crate::domain::metering::{EXTENDED_BEFORE, LEASE};
use crate::domain::openai::TokenUsage;
use crate::domain::time::Timestamp;
use crate::domain::{ProjectId, RecordId};
use crate::error::Error;
use crate::platform::{DatabaseError, counters};
use crate::sql::statement::{Parameters, Statement};
use crate::store::admissions::{Admitted, cost, leases, tells};
use crate::store::budgets::{self, credits_used};
use crate::store::connection::Connection;
use crate::store::health::RAN;
use crate::store::organizations::credits_of_organization;
use crate::store::rows::{Answers, Flag, Millis, row};
use crate::store::run_time::{
    comes_later, count_run_time, quota_left, same_quota, stops_now, under_way,
};
use crate::store::subscriptions::in_force;
use crate::store::texts::statements;

macro_rules! this_record {
    () => {
        "project_id = :project_id AND id = :record_id"
    };
}

/// The record, while it is under way.
macro_rules! still {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM requests WHERE ",
            this_record!(),
            " AND ",
            under_way!(),
            ")"
        )
    };
}

/// The milliseconds that `requests r` is charged for: no more than were leased.
macro_rules! charged {
    () => {
        "min(#run_time, r.lease_end - r.time_started)"
    };
}

/// What a set of ended requests adds to the days of its versions, projects and organizations:
/// `meter!(<credits>, <input>, <output>, <requests r>)`.
macro_rules! meter {
    ($credits:expr, $input:expr, $output:expr, $of:expr) => {
        concat!(
            "INSERT INTO usage_days (subject_id, object_type, day, organization_id, credits, input_volume, output_volume)
             SELECT CASE subject.value WHEN 'version' THEN r.version_id WHEN 'project' THEN r.project_id
                    ELSE r.organization_id END AS subject_id,
               r.object_type || '_version', r.day, r.organization_id, sum(", $credits, "), sum(", $input, "), sum(", $output, ")
             FROM requests r CROSS JOIN json_each('[\"version\",\"project\",\"organization\"]') subject
             WHERE ", $of, "
             GROUP BY 1, 2, r.day, r.organization_id
             ON CONFLICT (subject_id, object_type, day) DO UPDATE SET
               credits = min(9007199254740991, credits + excluded.credits),
               input_volume = min(9007199254740991, input_volume + excluded.input_volume),
               output_volume = min(9007199254740991, output_volume + excluded.output_volume)"
        )
    };
}

macro_rules! record_still {
    () => {
        concat!(
            "r.project_id = :project_id AND r.id = :record_id AND ",
            under_way!("r.")
        )
    };
}

/// Requests whose lease has ended a minute ago, and those whose result was to come later and whose time is over.
macro_rules! overdue {
    () => {
        concat!(
            "iif(",
            comes_later!("r."),
            ", r.result_deadline <= #now, r.lease_end <= #overdue) AND ",
            under_way!("r.")
        )
    };
}

/// What they are charged for: all that was leased.
macro_rules! leased_time {
    () => {
        "(r.lease_end - r.time_started)"
    };
}

/// The credits that a lease buys more than it has, in milliseconds at the price of `own`.
macro_rules! extension {
    ($credits:literal) => {
        concat!(
            "CASE WHEN own.price > 0 THEN max(0, min(",
            $credits,
            ", own.price)) * 3600000 / own.price END"
        )
    };
}

/// Whether `requests r` has webhooks that may be told of it.
macro_rules! has_webhooks {
    () => {
        concat!(
            tells!(),
            " AND EXISTS (SELECT 1 FROM webhooks k WHERE k.object_id = r.object_id AND k.is_test = 0)"
        )
    };
}

/// Why those have failed that nobody settled.
macro_rules! lost {
    () => {
        "'the request was not settled: the gate lost it while it was under way'"
    };
}

statements! {
    /// What the request used.
    METER = meter!(cost!(charged!(), "coalesce(r.price, 0)"), "#input_volume", "#output_volume", record_still!());
    /// The run time that it takes from its workspace's quota.
    COUNT_RUN_TIME = count_run_time!(charged!(), record_still!());
    /// What was sent and answered, where that is kept.
    KEEP = concat!(
        "INSERT INTO request_payloads (project_id, request_id, part, content_type, body, kv_key, creation_date)
         SELECT :project_id, :record_id, kept.part, kept.content_type, kept.body, kept.kv_key, #now
         FROM (SELECT 'input' AS part, :input_type AS content_type, :input AS body, :input_key AS kv_key
               UNION ALL SELECT 'output', :output_type, :output, :output_key) kept
         WHERE kept.content_type IS NOT NULL AND EXISTS (
           SELECT 1 FROM requests WHERE ", this_record!(), " AND status = 'processing')");
    /// What its idempotency key is answered from now on.
    ANSWER_KEY = concat!(
        "UPDATE idempotency_keys SET status = #key_status, content_type = :key_content_type, body = :key_body
         WHERE project_id = :project_id AND caller_id = :caller_id AND key_digest = :key_digest
           AND request_id = :record_id AND ", still!());
    /// Its idempotency key, which is free again.
    FREE_KEY = concat!(
        "DELETE FROM idempotency_keys WHERE project_id = :project_id AND caller_id = :caller_id
           AND key_digest = :key_digest AND request_id = :record_id AND ", still!());
    /// The end of the record.
    END = concat!(
        "UPDATE requests AS r SET
           status = iif(status = 'cancelled_pending', 'cancelled', :status), time_completed = #now,
           output_size = #output_volume, input_size = iif(kind = 'service', #input_volume, input_size), run_time = ", charged!(), ",
           credits = ", cost!(charged!(), "coalesce(price, 0)"), ", error_message = :error_message,
           prompt_tokens = #prompt_tokens, completion_tokens = #completion_tokens, total_tokens = #total_tokens,
           additional_data = coalesce(:additional_data, additional_data)
         WHERE ", record_still!());
    /// The same of a record of which nothing is kept, where webhooks are told of it: having told them, it goes.
    TELL = concat!(
        "UPDATE requests AS r SET status = :status, time_completed = #now, error_message = :error_message
         WHERE r.status = 'processing' AND ", has_webhooks!(), " AND ", record_still!());
    /// The end of a record of which nothing is kept.
    REMOVE = concat!("DELETE FROM requests WHERE ", this_record!(), " AND ", under_way!());
    /// What was sent goes, where nothing of it is kept: of a request that has waited it stands there before it is sent.
    FORGET_INPUT = "DELETE FROM request_payloads WHERE project_id = :project_id AND request_id = :record_id AND EXISTS (
         SELECT 1 FROM requests r WHERE r.project_id = :project_id AND r.id = :record_id AND r.retention_mode = 'metadata'
           AND r.status IN ('completed', 'failed', 'cancelled'))";
    /// What the record says now.
    READ = concat!("SELECT status, error_message FROM requests WHERE ", this_record!());
    /// More time for a request that is under way, as far as what is left of credits and quota goes.
    EXTEND = concat!(
        "WITH own AS MATERIALIZED (
           SELECT r.*, p.credits - CASE WHEN p.credits IS NOT NULL THEN ", credits_used!("p.id"), " END AS project_left,
             ", credits_of_organization!(), " - CASE WHEN c.monthly_credits IS NOT NULL THEN ", credits_used!("n.id"), " END
               AS organization_left
           FROM requests r
           LEFT JOIN projects p ON p.id = r.project_id
           LEFT JOIN organizations n ON n.id = r.organization_id
           LEFT JOIN subscriptions c ON c.name = ", in_force!("subscription"), "
           WHERE ", record_still!(), "
         ), load AS MATERIALIZED (
           SELECT ", leases!("r.leased"), " AS of_organization,
             ", leases!("iif(r.project_id = own.project_id, r.leased, 0)"), " AS of_project,
             coalesce(sum(iif(", same_quota!("own"), ", r.leased_time, 0)), 0) AS leased_time
           FROM own CROSS JOIN requests r WHERE r.organization_id = own.organization_id AND ", under_way!("r."), "
         ), more AS MATERIALIZED (
           SELECT min(#deadline, #now + #lease,
             coalesce(own.lease_end + CAST(", extension!("own.project_left - load.of_project"), " AS INTEGER), #deadline),
             coalesce(own.lease_end + CAST(", extension!("own.organization_left - load.of_organization"), " AS INTEGER),
                      #deadline),
             coalesce(own.lease_end + max(0, ", quota_left!(), " - load.leased_time), #deadline)) AS lease_end
           FROM own CROSS JOIN load
           LEFT JOIN quota_resources r ON r.resource = own.quota_resource
           LEFT JOIN workspace_quotas q ON q.project_id = own.project_id AND q.workspace_id = own.workspace_id
             AND q.resource = own.quota_resource
         )
         UPDATE requests AS r SET
           lease_end = more.lease_end,
           leased = ", cost!("(more.lease_end - r.time_started)", "coalesce(r.price, 0)"), ",
           leased_time = iif(r.workspace_id IS NULL, 0, more.lease_end - r.time_started)
         FROM more WHERE ", record_still!(), " AND more.lease_end > r.lease_end");
    /// Until when a request may run.
    LEASE_END = concat!("SELECT lease_end FROM requests WHERE ", this_record!(), " AND ", under_way!());
    /// What requests used that nobody settled.
    METER_OVERDUE = meter!(
        cost!(leased_time!(), "coalesce(r.price, 0)"), concat!("iif(", comes_later!("r."), ", r.input_size, 0)"), "0",
        overdue!());
    /// Their run time.
    COUNT_RUN_TIME_OVERDUE = count_run_time!(leased_time!(), overdue!());
    /// Their idempotency keys: it ran, and nobody knows the answer.
    FREE_KEYS_OVERDUE = concat!(
        "UPDATE idempotency_keys SET status = 0 WHERE status IS NULL AND (project_id, caller_id, request_id) IN (
           SELECT r.project_id, r.caller_id, r.id FROM requests r WHERE ", overdue!(), ")");
    /// What was sent goes, where nothing of it is kept.
    FORGET_OVERDUE = concat!(
        "DELETE FROM request_payloads WHERE (project_id, request_id) IN (
           SELECT r.project_id, r.id FROM requests r WHERE r.retention_mode = 'metadata' AND ", overdue!(), ")");
    /// The end of those of which nothing is kept, where webhooks are told of it.
    TELL_OVERDUE = concat!(
        "UPDATE requests AS r SET status = 'failed', time_completed = r.lease_end, error_message = ", lost!(), "
         WHERE retention_mode = 'none' AND r.status = 'processing' AND ", has_webhooks!(), " AND ", overdue!());
    /// The end of the others of which nothing is kept.
    REMOVE_OVERDUE = concat!("DELETE FROM requests AS r WHERE retention_mode = 'none' AND ", overdue!());
    /// Their end.
    END_OVERDUE = concat!(
        "UPDATE requests AS r SET status = iif(status = 'cancelled_pending', 'cancelled', 'failed'),
           time_completed = r.lease_end, output_size = 0, run_time = ", leased_time!(), ",
           credits = ", cost!(leased_time!(), "coalesce(price, 0)"), ",
           error_message = CASE
             WHEN NOT ", comes_later!("r."), " THEN ", lost!(), "
             WHEN r.status = 'cancelled_pending' THEN NULL
             WHEN NOT EXISTS (SELECT 1 FROM upstreams x WHERE x.version_id = r.version_id)
               THEN 'the upstream from which the result was to come later was taken away'
             WHEN r.result_deadline < r.time_started + r.timeout * 1000
               THEN 'the credits or the quota that pay for the request are used up'
             ELSE 'the upstream did not send the result within the timeout of ' || r.timeout || ' seconds' END,
           result_deadline = min(result_deadline, 0)
         WHERE ", overdue!());
    /// Those whose results come later and whose leases are to be extended soon.
    ENDING_LEASES = concat!(
        "SELECT r.project_id, r.id, r.result_deadline, coalesce(r.price, 0) = 0 AND r.workspace_id IS NULL AS costs_nothing
         FROM requests r
         WHERE r.claim_id IS NULL AND r.result_deadline IS NOT NULL AND ", under_way!("r."), " AND +r.status = 'processing'
           AND r.lease_end <= #soon AND r.lease_end < r.result_deadline
         ORDER BY r.lease_end LIMIT #most");
    /// Ends those of them that could not be extended, and those whose results nobody could vouch for.
    STOP = concat!(
        "UPDATE requests AS r SET ", stops_now!("true"), "
         WHERE (r.project_id, r.id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(:items))
           AND ", comes_later!("r."), " AND ", under_way!("r."), "
           AND (r.lease_end <= #now OR NOT EXISTS (SELECT 1 FROM upstreams x WHERE x.version_id = r.version_id))");
}

/// How a request ended.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// Why it failed; none where it did not.
    pub error_message: Option<String>,
    /// How long it ran, in milliseconds.
    pub run_time: i64,
    /// Whether anything was sent: else nothing is metered.
    pub was_sent: bool,
    /// Bytes sent.
    pub input_volume: usize,
    /// Bytes answered.
    pub output_volume: usize,
    /// What was sent, where it is kept.
    pub input: Option<KeptPayload>,
    /// What was answered, likewise.
    pub output: Option<KeptPayload>,
    /// What its idempotency key is answered from now on.
    pub key: KeyEnding,
    /// Whether it has waited for its turn, and so what was sent is kept already.
    pub has_waited: bool,
    /// The tokens that its answer tells of.
    pub tokens: TokenUsage,
    /// What its record shows as `additional_data`, where it is other than at first.
    pub additional_data: Option<String>,
    /// Until when its lease is extended first, as far as that goes: of a result that has come later.
    pub extended_until: Option<Timestamp>,
}

/// What is kept of a body: itself, or under which key it is kept beside the database.
#[derive(Debug, Clone)]
pub struct KeptPayload {
    /// Its media type.
    pub content_type: String,
    /// The text.
    pub body: Option<String>,
    /// Its key.
    pub kv_key: Option<String>,
}

/// What becomes of an idempotency key.
#[derive(Debug, Clone, Default)]
pub enum KeyEnding {
    /// There is none.
    #[default]
    None,
    /// It is free again.
    Free(String),
    /// It stands for an answer: its digest, the status, the media type, and the body where it is kept.
    Answered {
        /// The digest of the key.
        digest: String,
        /// The status.
        status: u16,
        /// The media type.
        content_type: String,
        /// The body, where it is short enough.
        body: Option<String>,
    },
}

row! {
    /// What a record says.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Ended {
        /// Its status.
        pub status: String,
        /// Why it failed.
        pub error_message: Option<String>,
    }
}

/// The batch that settles a request. It may be sent again: what has been settled stays as it is.
#[must_use]
pub fn settling(
    admitted: &Admitted,
    record_id: &RecordId,
    ending: &Ending,
    now: Timestamp,
) -> Vec<Statement> {
    counters::requested(ending.error_message.is_none(), ending.run_time);
    let mut statements = Vec::new();
    if ending.extended_until.is_some() {
        statements.push(&EXTEND);
    }
    if ending.was_sent {
        statements.push(&METER);
        if admitted.workspace_id.is_some() {
            statements.push(&COUNT_RUN_TIME);
        }
    }
    if ending.input.is_some() || ending.output.is_some() {
        statements.push(&KEEP);
    }
    let (key, answer) = match &ending.key {
        KeyEnding::None => (None, None),
        KeyEnding::Free(digest) => {
            statements.push(&FREE_KEY);
            (Some(digest), None)
        }
        KeyEnding::Answered {
            digest,
            status,
            content_type,
            body,
        } => {
            statements.push(&ANSWER_KEY);
            (Some(digest), Some((*status, content_type, body.clone())))
        }
    };
    if admitted.tells_start.is_some() && admitted.retention_mode == "none" {
        statements.push(&TELL);
    }
    statements.push(match admitted.retention_mode.as_str() {
        "none" => &REMOVE,
        _ => &END,
    });
    if ending.has_waited {
        statements.push(&FORGET_INPUT);
    }
    statements.push(&READ);
    let status = match ending.error_message {
        None => "completed",
        Some(_) => "failed",
    };
    let size = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    let mut parameters = admitted.parameters(record_id);
    if let Some(until) = ending.extended_until {
        parameters = extending(parameters, until, LEASE, now);
    }
    let parameters = payload(
        parameters,
        ["input_type", "input", "input_key"],
        &ending.input,
    );
    payload(
        parameters,
        ["output_type", "output", "output_key"],
        &ending.output,
    )
    .integer("now", now.as_millis())
    .text("status", status)
    .optional_text("error_message", ending.error_message.clone())
    .integer("run_time", ending.run_time.max(0))
    .integer("input_volume", size(ending.input_volume))
    .integer("output_volume", size(ending.output_volume))
    .optional_text("key_digest", key.cloned())
    .optional_integer(
        "key_status",
        answer.as_ref().map(|(status, ..)| i64::from(*status)),
    )
    .optional_text(
        "key_content_type",
        answer
            .as_ref()
            .map(|(_, content_type, _)| (*content_type).clone()),
    )
    .optional_text("key_body", answer.and_then(|(.., body)| body))
    .optional_integer("prompt_tokens", ending.tokens.prompt_tokens)
    .optional_integer("completion_tokens", ending.tokens.completion_tokens)
    .optional_integer("total_tokens", ending.tokens.total_tokens)
    .optional_text("additional_data", ending.additional_data.clone())
    .batch(statements)
}

fn payload(
    parameters: Parameters,
    [content_type, body, key]: [&'static str; 3],
    kept: &Option<KeptPayload>,
) -> Parameters {
    let kept = kept.clone();
    let (of_type, text, kv_key) = kept.map_or((None, None, None), |kept| {
        (Some(kept.content_type), kept.body, kept.kv_key)
    });
    parameters
        .optional_text(content_type, of_type)
        .optional_text(body, text)
        .optional_text(key, kv_key)
}

/// Settles a request, and answers what its record says then; nothing where no record is kept.
///
/// # Errors
/// Those of the database; the batch may have been written.
pub async fn settle(
    connection: &Connection,
    statements: &[Statement],
) -> Result<Option<Ended>, DatabaseError> {
    let answers = Answers::new(statements, connection.batch(statements).await?);
    answers
        .last()
        .map_err(|error| DatabaseError::Faulty(error.sentence().to_owned()))
}

/// Extends the lease of a request as far as it may go up to its deadline, and answers its end; nothing where it is not
/// under way any more.
///
/// # Errors
/// 503 when the database fails.
pub async fn extend(
    connection: &Connection,
    admitted: &Admitted,
    record_id: &RecordId,
    deadline: Timestamp,
    now: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    row! {
        struct Lease {
            lease_end: Millis,
        }
    }
    let statements = extending(admitted.parameters(record_id), deadline, LEASE, now)
        .batch([&EXTEND, &LEASE_END]);
    let lease: Option<Lease> = connection.write(statements).await?.first(&LEASE_END)?;
    Ok(lease.map(|lease| lease.lease_end.0))
}

/// What a lease is extended with: so many milliseconds from now, up to the deadline.
fn extending(
    parameters: Parameters,
    deadline: Timestamp,
    lease: i64,
    now: Timestamp,
) -> Parameters {
    budgets::at(parameters, now)
        .integer("deadline", deadline.as_millis())
        .integer("lease", lease)
}

/// How long after the end of its lease a request counts as lost, in milliseconds.
const GRACE: i64 = 60_000;
/// The scheduled run extends so many leases: each looks at all that is under way in its organization.
const EXTENDED: i64 = 100;
/// It extends those that end within so many milliseconds: a run later than others do.
const EXTENDED_WITHIN: i64 = EXTENDED_BEFORE + 60_000;
/// A request that costs nothing is looked at each hour.
const FREE_LEASE: i64 = 3_600_000;

/// Ends what nobody settled (contract section 5.4): charged to the end of its lease. Extends the leases of what goes on at
/// upstreams alone; what it does not come to is charged when its result comes. With it stands when that was.
///
/// # Errors
/// 503 when the database fails.
pub async fn tend(connection: &Connection, now: Timestamp) -> Result<(), Error> {
    row! {
        struct Ending {
            project_id: ProjectId,
            id: RecordId,
            result_deadline: Millis,
            costs_nothing: Flag,
        }
    }
    let batch = Parameters::new()
        .integer("overdue", now.as_millis() - GRACE)
        .integer("now", now.as_millis())
        .integer("soon", now.as_millis() + EXTENDED_WITHIN)
        .integer("most", EXTENDED)
        .batch([
            &METER_OVERDUE,
            &COUNT_RUN_TIME_OVERDUE,
            &FREE_KEYS_OVERDUE,
            &FORGET_OVERDUE,
            &TELL_OVERDUE,
            &REMOVE_OVERDUE,
            &END_OVERDUE,
            &ENDING_LEASES,
            &RAN,
        ]);
    let ending: Vec<Ending> = connection.write(batch).await?.all(&ENDING_LEASES)?;
    if ending.is_empty() {
        return Ok(());
    }
    let mut batch = Vec::new();
    let mut items = Vec::new();
    for one in &ending {
        let lease = match one.costs_nothing.0 {
            true => FREE_LEASE,
            false => LEASE,
        };
        let parameters = Parameters::new()
            .text("project_id", &one.project_id)
            .text("record_id", &one.id);
        batch.extend(extending(parameters, one.result_deadline.0, lease, now).batch([&EXTEND]));
        items.push((&one.project_id, &one.id));
    }
    let items =
        json::to_string(&items).map_err(|error| Error::inconsistent(format!("items: {error}")))?;
    let parameters = Parameters::new()
        .integer("now", now.as_millis())
        .text("items", items);
    batch.extend(parameters.batch([&STOP]));
    connection.write(batch).await.map(|_| ())
}
