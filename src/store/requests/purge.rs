//! What the scheduled run takes away: records whose time has come, records whose version is gone, and idempotency keys.
//!
//! Each statement takes a bounded number of rows, so that calls come in between; a run goes on for some rounds, and the next run does.
//! Payloads go with their record, by a trigger.

use crate::domain::Timestamp;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::admissions::KEY_KEPT;
use crate::store::connection::Connection;
use crate::store::rows::{Flag, row};
use crate::store::texts::statements;

/// So many rows of each table are taken at once: with their payloads and entries of indexes a few seconds of D1's at
/// most, in which it answers nobody else.
pub const ROWS_AT_ONCE: i64 = 500;

statements! {
    /// Records that have been kept for as long as they are to be: the oldest first. The sum with 0 has no affinity, as the
    /// index's expression has none; a cast would keep SQLite from using it.
    EXPIRED = "DELETE FROM requests WHERE (project_id, id) IN (
                 SELECT project_id, id FROM requests
                 WHERE time_completed IS NOT NULL AND time_completed + retention_time * 1000 <= 0 + #now
                 ORDER BY time_completed + retention_time * 1000 LIMIT #rows)";
    /// Records of versions that are gone. What is under way there settles first.
    OF_DELETED_VERSIONS = "DELETE FROM requests WHERE (project_id, id) IN (
                 SELECT r.project_id, r.id FROM (SELECT version_id FROM deleted_versions WHERE version_id > '' LIMIT 100) d
                 CROSS JOIN requests r ON r.version_id = d.version_id
                   AND r.status IN ('completed', 'failed', 'cancelled') AND r.status <> 'processing'
                 LIMIT #rows)";
    /// Versions that are gone and have no record any more.
    DELETED_VERSIONS = "DELETE FROM deleted_versions WHERE version_id IN (
                 SELECT version_id FROM deleted_versions WHERE version_id > '' LIMIT 100)
                 AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.version_id = deleted_versions.version_id
                                 AND r.status <> 'processing')
                 AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.organization_id = deleted_versions.organization_id
                                 AND r.project_id = deleted_versions.project_id
                                 AND r.version_id = deleted_versions.version_id
                                 AND r.status IN ('processing', 'cancelled_pending'))";
    /// Idempotency keys that stand for nothing any more: the oldest first.
    KEYS = "DELETE FROM idempotency_keys WHERE (project_id, caller_id, key_digest) IN (
                 SELECT project_id, caller_id, key_digest FROM idempotency_keys
                 WHERE creation_date <= #forgotten ORDER BY creation_date LIMIT #rows)";
    /// Whether there is more of it.
    LEFT = "SELECT EXISTS (SELECT 1 FROM requests
                   WHERE time_completed IS NOT NULL AND time_completed + retention_time * 1000 <= 0 + #now)
              OR EXISTS (SELECT 1 FROM (SELECT version_id FROM deleted_versions WHERE version_id > '' LIMIT 100) d
                   CROSS JOIN requests r ON r.version_id = d.version_id
                     AND r.status IN ('completed', 'failed', 'cancelled') AND r.status <> 'processing')
              OR EXISTS (SELECT 1 FROM idempotency_keys WHERE creation_date <= #forgotten) AS is_left";
}

row! {
    struct Left {
        is_left: Flag,
    }
}

/// Takes away so much of it, in one transaction. Answers whether more of it is left.
///
/// # Errors
/// 503 when the database fails.
pub async fn run(connection: &Connection, now: Timestamp) -> Result<bool, Error> {
    let statements = Parameters::new()
        .integer("now", now.as_millis())
        .integer("forgotten", now.as_millis() - KEY_KEPT)
        .integer("rows", ROWS_AT_ONCE)
        .batch([
            &EXPIRED,
            &OF_DELETED_VERSIONS,
            &DELETED_VERSIONS,
            &KEYS,
            &LEFT,
        ]);
    let left: Left = connection.write(statements).await?.only(&LEFT)?;
    Ok(left.is_left.0)
}
