//! Records of requests, made past the API.

use rusqlite::OptionalExtension;
use serde_json::{Value as Json, json};

use crate::World;

/// What a record is like unless its test says otherwise.
fn usual(world: &World) -> Json {
    json!({
        "version": "v1", "kind": "direct", "status": "completed", "timeout": 300, "attempt": 1, "input_size": 7,
        "caller": world.robot().email, "caller_id": world.robot().id, "retention_mode": "full",
        "retention_time": 604_800, "time_created": world.now().as_millis(),
        "input": r#"{"x":1}"#, "input_type": "application/json",
        "output": r#"{"y":2}"#, "output_type": "application/json",
    })
}

/// The record of a request to a version (`v1`) of a deployment or pipeline of the project, `deployment` or `pipeline`,
/// with these columns, `version`, and its payloads: `input`, `output` (null: not kept) with `input_type`, `output_type`;
/// answers its id. One that has not ended has no output.
pub fn record(world: &World, object_type: &str, object: &str, fields: Json) -> String {
    let mut record = usual(world);
    let given = fields.as_object().unwrap().clone();
    record.as_object_mut().unwrap().extend(given);
    let text = |name: &str| record[name].as_str().map(str::to_owned);
    let made = record["time_created"].as_i64().unwrap();
    let status = text("status").unwrap();
    let has_ended = ["completed", "failed", "cancelled"].contains(&status.as_str());
    let connection = world.database.connection();
    let place: Option<(String, String, String, String)> = connection
        .query_row(
            &format!(
                "SELECT o.organization_id, o.project_id, o.id, v.id
                 FROM {object_type}s o JOIN {object_type}_versions v ON v.{object_type}_id = o.id
                 WHERE o.name = ?1 AND v.version = ?2"
            ),
            (object, text("version")),
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()
        .unwrap();
    let (organization, project, object, version) = place.expect("there is no such version");
    let number = world.count("SELECT count(*) FROM requests");
    let id = format!(
        "{:08x}-{:04x}-7000-8000-{number:012x}",
        made >> 16,
        made & 0xffff
    );
    world.execute(
        "INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id,
                               caller, time_created, time_started, time_completed, timeout, attempt, input_size,
                               output_size, error_message, additional_data, prompt_tokens, retention_mode, retention_time)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, r ->> 'kind', r ->> 'status', r ->> 'caller_id', r ->> 'caller',
                r ->> 'time_created', ?7, ?8, r ->> 'timeout', r ->> 'attempt', r ->> 'input_size', ?9,
                r ->> 'error_message', r ->> 'additional_data', r ->> 'prompt_tokens', r ->> 'retention_mode',
                r ->> 'retention_time'
         FROM (SELECT ?10 AS r)",
        (
            &project,
            &id,
            &organization,
            object_type,
            &object,
            &version,
            (status != "pending").then_some(made + 100),
            has_ended.then_some(made + 1_000),
            (status == "completed").then_some(8),
            record.to_string(),
        ),
    );
    for part in ["input", "output"] {
        let is_there = part == "input" || status == "completed";
        if let (true, Some(body)) = (is_there, text(part)) {
            world.execute(
                "INSERT INTO request_payloads (project_id, request_id, part, content_type, body, creation_date)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (&project, &id, part, text(&format!("{part}_type")), body, made),
            );
        }
    }
    id
}
