//! Requests that wait for their turn: written all at once or not at all (contract section 5.7).
//!
//! The rows are the outbox: what they are offered to may forget them, and the scheduled run offers them again.

use crate::auth::access::Authority;
use crate::auth::permissions::Permission;
use crate::domain::json;
use crate::domain::retention::RETENTION_TIME;
use crate::domain::{ProjectId, RecordId, TargetKind, Timestamp};
use crate::error::Error;
use crate::sql::Sql;
use crate::sql::statement::{Parameters, Statement};
use crate::store::admissions::{
    self, Admission, Asked, admit, asked_by_holder, this_record, wanted_version,
};
use crate::store::connection::Connection;
use crate::store::first_trip::Rider;
use crate::store::first_trip::rider::caller_is_known;
use crate::store::rows::{Answers, Flag, JsonText, row};
use crate::store::targets::Target;
use crate::store::texts::statements;

/// A statement is given at most so many bytes of payloads, or one: the longest has 1.6 MB as JSON, and D1 takes 2 MB.
const PAYLOADS_AT_ONCE: usize = 1_000_000;

/// What a call asks for whose caller has been found before, at a place that was judged then.
macro_rules! asked_again {
    ($kind:literal) => {
        asked_by_holder!($kind, "t.id = :token_id", "1")
    };
}

macro_rules! input {
    ($kind:literal, $supports_request_format:literal) => {
        concat!(
            "SELECT v.version, e.input_type, e.input_fields, ", $supports_request_format, " AS supports_request_format,
               coalesce(v.settings ->> 'request_retention_time', #retention_time) AS retention_time
             FROM projects p
             JOIN ", $kind, "s e ON e.project_id = p.id AND e.name = :", $kind, "
             JOIN ", $kind, "_versions v ON v.", $kind, "_id = e.id AND v.id = ", wanted_version!($kind), "
             WHERE p.name = :project AND ", caller_is_known!()
        )
    };
}

macro_rules! create {
    (deployment) => {
        create!("deployment", "'deployment'", "id, status, price, quota_resource, input_size, due_at",
            "item.value ->> 0, 'pending', price, quota_resource, item.value ->> 1, #due")
    };
    (pipeline) => {
        create!("pipeline", "'pipeline'", "id, status, price, quota_resource, input_size, due_at, deployment_timeout",
            "item.value ->> 0, 'pending', price, quota_resource, item.value ->> 1, #due, #deployment_timeout")
    };
    ($kind:literal, $object_type:literal, $columns:literal, $values:literal) => {
        admit! {
            object_type: $object_type,
            asked: asked_again!($kind),
            columns: $columns,
            values: $values,
            from: "JOIN json_each(:items_of_batch) item ON refusal IS NULL OR item.key = 0"
        }
    };
}

statements! {
    /// What the items of a batch are to be.
    INPUT = input!("deployment", "e.supports_request_format");
    /// The same of a pipeline.
    INPUT_OF_PIPELINE = input!("pipeline", "1");
    /// The records of the items, where nothing refuses them; one row for all where something does.
    CREATE = create!(deployment);
    /// The same of those to a pipeline.
    CREATE_TO_PIPELINE = create!(pipeline);
    /// What is sent for them.
    KEEP = concat!(
        "INSERT INTO request_payloads (project_id, request_id, part, content_type, body, kv_key, creation_date)
         SELECT r.project_id, item.value ->> 0, 'input', item.value ->> 1, item.value ->> 2, item.value ->> 3, #now
         FROM requests r CROSS JOIN json_each(:payloads) item WHERE ", this_record!("r."));
    /// The records of a batch of which not all could be kept.
    WITHDRAW = "DELETE FROM requests WHERE project_id = :project_id AND status = 'pending'
         AND id IN (SELECT value FROM json_each(:ids))";
    /// Its idempotency key, while the batch is there.
    FORGET_KEY = "DELETE FROM idempotency_keys WHERE request_id = :record_id AND (project_id, caller_id) IN (
         SELECT project_id, caller_id FROM requests WHERE project_id = :project_id AND id = :record_id)";
    /// What their idempotency key is answered from now on.
    ANSWER_KEY = concat!(
        "INSERT INTO idempotency_keys (project_id, caller_id, key_digest, fingerprint, request_id, creation_date,
                                       status, content_type, body)
         SELECT project_id, caller_id, :key_digest, :fingerprint, id, #now, 200, 'application/json', :answer
         FROM requests r WHERE ", this_record!("r."), "
         ON CONFLICT (project_id, caller_id, key_digest) DO UPDATE SET
           fingerprint = excluded.fingerprint, request_id = excluded.request_id, creation_date = excluded.creation_date,
           status = excluded.status, content_type = excluded.content_type, body = excluded.body");
}

row! {
    /// What the items of a batch are to be.
    #[derive(Debug)]
    pub struct Input {
        /// The name of the version.
        pub version: String,
        /// What a body is.
        pub input_type: String,
        /// The fields of a body.
        pub input_fields: JsonText,
        /// Whether bodies have a format.
        pub supports_request_format: Flag,
        /// For how long a record is kept after its end, in seconds.
        pub retention_time: i64,
    }
}

/// What rides on the first trip of a batch.
#[must_use]
pub fn rider(kind: TargetKind, version: Option<&str>) -> Rider {
    let parameters = Parameters::new()
        .optional_text("version", version)
        .integer("retention_time", RETENTION_TIME);
    Rider::reading([input_of(kind)], parameters)
}

fn input_of(kind: TargetKind) -> &'static Sql {
    match kind {
        TargetKind::Deployment => &INPUT,
        TargetKind::Pipeline => &INPUT_OF_PIPELINE,
    }
}

/// What has ridden; nothing where there is no such version.
///
/// # Errors
/// An inconsistency.
pub fn ridden(answers: &Answers, kind: TargetKind) -> Result<Option<Input>, Error> {
    answers.first(input_of(kind))
}

/// A request that is to wait.
#[derive(Debug)]
pub struct Item {
    /// The id of its record.
    pub id: RecordId,
    /// The media type of its body.
    pub content_type: String,
    /// Its body, where it stands in the database.
    pub body: Option<String>,
    /// Where it is kept beside it.
    pub kv_key: Option<String>,
    /// Its length, in bytes.
    pub size: usize,
}

/// Takes away the records of a batch that has just been made, as if it had never been.
#[must_use]
pub fn withdrawing(project_id: &ProjectId, items: &[Item]) -> Vec<Statement> {
    let ids: Vec<_> = items.iter().map(|item| &item.id).collect();
    let first = items.first().map(|item| item.id.any()).unwrap_or_default();
    Parameters::new()
        .text("project_id", project_id)
        .text("record_id", first)
        // Ids have a JSON form.
        .text("ids", json::text(&ids))
        .batch([&FORGET_KEY, &WITHDRAW])
}

/// Makes the records of a batch, all or none. `asked.record_id` is the id of the first.
///
/// # Errors
/// 503 when the database fails; an inconsistency.
pub async fn create(
    connection: &Connection,
    authority: &Authority,
    (project, target): (&str, &Target),
    asked: &Asked<'_>,
    deployment_timeout: Option<i64>,
    (items, answer, due): (&[Item], &str, Timestamp),
) -> Result<Option<Admission>, Error> {
    let whole: Vec<_> = items.iter().map(|item| (&item.id, item.size)).collect();
    let permission = authority.permission().map(Permission::name);
    let parameters = asked
        .parameters()
        .text("project", project)
        .text(target.kind.name(), &target.name)
        .optional_integer("deployment_timeout", deployment_timeout)
        .optional_text("token_id", authority.credential_id())
        .optional_text("permission", permission)
        .flag("by_operator", authority.principal().is_operator())
        .text("items_of_batch", json(&whole)?)
        .text("answer", answer)
        .integer("due", due.as_millis());
    let create: &'static Sql = match target.kind {
        TargetKind::Deployment => &CREATE,
        TargetKind::Pipeline => &CREATE_TO_PIPELINE,
    };
    let mut first = vec![create];
    if asked.per_minute.is_some() {
        first.push(&admissions::COUNT_RATE);
    }
    if asked.key.is_some() {
        first.push(&ANSWER_KEY);
    }
    let mut batch = parameters.batch(first);
    batch.extend(keeping(items, project, asked)?);
    let answers = connection.write(batch).await?;
    match admissions::is_made(&answers, create)? {
        true => Ok(None),
        false => admissions::judge_refusal(&answers, create, asked).map(Some),
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, Error> {
    json::to_string(value).map_err(|error| Error::inconsistent(format!("items: {error}")))
}

/// The statements that keep what is sent, as many as their parameters' length asks for.
fn keeping(items: &[Item], project: &str, asked: &Asked<'_>) -> Result<Vec<Statement>, Error> {
    let mut statements = Vec::new();
    let mut list = String::new();
    let mut keep = |list: String| {
        let parameters = Parameters::new()
            .text("project", project)
            .text("record_id", asked.record_id)
            .text("payloads", format!("[{list}]"))
            .integer("now", asked.now.as_millis());
        statements.extend(parameters.batch([&KEEP]));
    };
    for item in items {
        let one = json(&(&item.id, &item.content_type, &item.body, &item.kv_key))?;
        if !list.is_empty() {
            if list.len() + one.len() > PAYLOADS_AT_ONCE {
                keep(std::mem::take(&mut list));
            } else {
                list.push(',');
            }
        }
        list.push_str(&one);
    }
    keep(list);
    Ok(statements)
}
