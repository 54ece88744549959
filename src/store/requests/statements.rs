//! The SQL of the records of requests: one wording for those of deployments and of pipelines, whose ids are apart.
//!
//! Records are found in the version that the path names, or in the default one. What a statement reads is bounded by what
//! its call sends and is shown, and by [`SEARCHED`](super::records::SEARCHED) where it has to look through records.

use crate::store::rights::{caller_may_on_target, caller_still};
use crate::store::run_time::{comes_later, stops_now};
use crate::store::texts::statements;

/// The version that the path names, or the default one, of a target of either kind.
macro_rules! version_of {
    ($kind:literal) => {
        concat!(
            "SELECT id FROM ",
            $kind,
            "_versions WHERE ",
            $kind,
            "_id = :resource_id AND version = coalesce(:version, (
               SELECT version FROM ",
            $kind,
            "_versions WHERE ",
            $kind,
            "_id = :resource_id AND is_default = 1))"
        )
    };
}

/// The id of that version; the ids of deployments and pipelines are apart.
macro_rules! version_in_path {
    () => {
        concat!(
            "(",
            version_of!("deployment"),
            " UNION ALL ",
            version_of!("pipeline"),
            ")"
        )
    };
}

/// What tells of that version.
macro_rules! shown_version {
    ($kind:literal) => {
        concat!(
            "SELECT v.version FROM ",
            $kind,
            "s o CROSS JOIN ",
            $kind,
            "_versions v ON v.",
            $kind,
            "_id = o.id
             WHERE o.id = :resource_id AND v.version = coalesce(:version, (
               SELECT version FROM ",
            $kind,
            "_versions WHERE ",
            $kind,
            "_id = :resource_id AND is_default = 1))"
        )
    };
}

macro_rules! summary_columns {
    () => {
        "r.id, r.status, r.time_created, r.time_started, r.time_completed, r.input_size, r.output_size"
    };
}

/// The records `requests r` of the version whose ids the call sends: they are found by their ids, and the plus keeps SQLite
/// from going through all of the version.
macro_rules! these {
    () => {
        concat!(
            "r.project_id = :project_id AND r.id IN (SELECT value FROM json_each(:ids)) AND +r.version_id = ",
            version_in_path!()
        )
    };
}

/// The first of the ids that the call sends which is none of a record of the version.
macro_rules! missing {
    () => {
        concat!(
            "(SELECT j.value FROM json_each(:ids) j WHERE NOT EXISTS (
                SELECT 1 FROM requests r
                WHERE r.project_id = :project_id AND r.id = j.value AND +r.version_id = ",
            version_in_path!(),
            ")
              LIMIT 1)"
        )
    };
}

/// Whether one of these records is like this.
macro_rules! one_of_these {
    ($condition:expr) => {
        concat!(
            "EXISTS (SELECT 1 FROM requests r WHERE ",
            these!(),
            " AND ",
            $condition,
            ")"
        )
    };
}

macro_rules! is_open {
    () => {
        "r.status IN ('pending', 'processing', 'cancelled_pending')"
    };
}

/// Whether somebody waits for the answer of this record, so that nobody else can end it (contract section 5.7).
macro_rules! is_waited_for {
    () => {
        "r.status = 'processing' AND r.kind NOT IN ('batch', 'schedule')"
    };
}

macro_rules! delete_is_permitted {
    () => {
        concat!(
            caller_may_on_target!(),
            " AND ",
            missing!(),
            " IS NULL AND NOT ",
            one_of_these!(is_open!())
        )
    };
}

macro_rules! cancel_is_permitted {
    () => {
        concat!(
            caller_may_on_target!(),
            " AND ",
            missing!(),
            " IS NULL AND NOT ",
            one_of_these!(is_waited_for!())
        )
    };
}

/// What cancels a record: one that waits has ended with it, one that runs is settled by whoever runs it, or by the scheduled
/// run where nobody does.
macro_rules! cancel {
    ($which:expr) => {
        concat!(
            "UPDATE requests SET time_completed = CASE status WHEN 'pending' THEN #now END,
                    status = CASE status WHEN 'pending' THEN 'cancelled' ELSE 'cancelled_pending' END, ",
            stops_now!(comes_later!("")), "
             WHERE project_id = :project_id AND id IN (", $which, ")"
        )
    };
}

macro_rules! can_be_cancelled {
    () => {
        "(r.status = 'pending' OR (r.status = 'processing' AND r.kind IN ('batch', 'schedule')))"
    };
}

/// The records `requests r` of the version that are being processed. They are in the index of what is under way; all others
/// are in the one by status.
macro_rules! being_processed {
    () => {
        concat!(
            "r.organization_id = :organization_id AND r.project_id = :project_id AND r.version_id = ",
            version_in_path!(),
            " AND r.status IN ('processing', 'cancelled_pending') AND r.status = 'processing'"
        )
    };
}

/// The records of the version that have the status which the call names, as many as can wait in a project.
macro_rules! all_of_status {
    ($condition:expr) => {
        concat!(
            "SELECT r.id FROM requests r WHERE r.version_id = ",
            version_in_path!(),
            " AND r.status = :status AND r.status <> 'processing' AND ",
            $condition,
            " UNION ALL SELECT r.id FROM requests r WHERE ",
            being_processed!(),
            " AND r.status = :status AND ",
            $condition,
            " ORDER BY 1 LIMIT 10000"
        )
    };
}

/// The newest records of the version that have the status at a place of the call's, as many as may be needed.
macro_rules! newest {
    ($status:literal) => {
        concat!(
            "SELECT * FROM (SELECT id FROM requests WHERE version_id = ",
            version_in_path!(),
            " AND status = ",
            $status,
            " AND status <> 'processing'
                            AND id >= :from AND id < :until ORDER BY id DESC LIMIT #most)"
        )
    };
}

/// The same of those that are being processed, if that is a status of the call's.
macro_rules! newest_being_processed {
    () => {
        concat!(
            "SELECT * FROM (SELECT r.id FROM requests r WHERE ",
            being_processed!(),
            " AND 'processing' IN (:status_1, :status_2, :status_3, :status_4)
                            AND r.id >= :from AND r.id < :until ORDER BY r.id DESC LIMIT #most)"
        )
    };
}

/// Whether the text that is looked for, if there is one, stands in an id; and whether that is of a request which the schedule
/// of a name has made, if one is asked for.
macro_rules! has_searched_part {
    () => {
        "(:search_id IS NULL OR instr(id, :search_id) > 0)
           AND (:request_schedule IS NULL OR substr(id, 25) = (
             SELECT substr(s.id, 25) FROM request_schedules s
             WHERE s.project_id = :project_id AND s.name = :request_schedule))"
    };
}

macro_rules! part_is_wanted {
    () => {
        "#shows_payloads = 1 AND (:part IS NULL OR p.part = :part)"
    };
}

/// The payloads `p` of these records.
macro_rules! payloads {
    () => {
        concat!(
            "FROM requests r CROSS JOIN request_payloads p ON p.project_id = r.project_id AND p.request_id = r.id
             WHERE ", these!(), " AND ", part_is_wanted!()
        )
    };
}

macro_rules! payloads_fit {
    () => {
        concat!(
            "((SELECT total(coalesce(octet_length(p.body), iif(p.part = 'input', r.input_size, r.output_size))) ",
            payloads!(),
            ") <= 8388608)"
        )
    };
}

/// Whether the caller is the operator, or holds the permission to list the records of this kind in the whole project.
macro_rules! caller_may_list {
    () => {
        caller_still!(
            "EXISTS (SELECT 1 FROM held_permissions WHERE principal_id = :principal_id
                     AND project_id = :project_id AND resource_type = 'project' AND permission = :permission)"
        )
    };
}

statements! {
    /// The name of the version.
    VERSION = concat!(shown_version!("deployment"), " UNION ALL ", shown_version!("pipeline"));
    /// Records of the version with any of the statuses, newest first.
    LIST = concat!(
        "SELECT ", summary_columns!(), " FROM requests r
         WHERE r.project_id = :project_id AND r.id IN (
           SELECT id FROM (", newest!(":status_1"), " UNION ALL ", newest!(":status_2"), " UNION ALL ",
                           newest!(":status_3"), " UNION ALL ", newest!(":status_4"), " UNION ALL ",
                           newest_being_processed!(), ")
           WHERE ", has_searched_part!(), " ORDER BY id DESC LIMIT #limit OFFSET #offset)
         ORDER BY r.id DESC");
    /// Records of a project, of objects of one kind, newest first: among so many of the newest. The query in the middle has
    /// no order of its own, so it takes its rows as the inner one gives them, and ends with the last row of the page.
    LIST_OF_PROJECT = concat!(
        "SELECT ", summary_columns!(), ", coalesce(e.name, l.name) AS object, coalesce(v.version, w.version) AS version
         FROM requests r
         LEFT JOIN deployment_versions v ON v.id = r.version_id LEFT JOIN deployments e ON e.id = v.deployment_id
         LEFT JOIN pipeline_versions w ON w.id = r.version_id LEFT JOIN pipelines l ON l.id = w.pipeline_id
         WHERE r.project_id = :project_id AND r.id IN (
           SELECT id FROM (SELECT id, object_type, status, version_id FROM requests
                           WHERE project_id = :project_id AND id >= :from AND id < :until ORDER BY id DESC LIMIT #most)
           WHERE object_type = :object_type AND status IN (:status_1, :status_2, :status_3)
             AND ", has_searched_part!(), "
             AND (EXISTS (SELECT 1 FROM deployment_versions WHERE id = version_id)
                  OR EXISTS (SELECT 1 FROM pipeline_versions WHERE id = version_id))
           LIMIT #limit OFFSET #offset)
         ORDER BY r.id DESC");
    /// Whether the caller may list them.
    MAY_LIST_OF_PROJECT = concat!("SELECT ", caller_may_list!(), " AS may");
    /// These records.
    GET = concat!(
        "SELECT ", summary_columns!(), ", r.caller, r.timeout, r.attempt, r.error_message, r.additional_data,
                r.deployment_timeout, r.prompt_tokens, r.completion_tokens, r.total_tokens
         FROM requests r WHERE ", these!());
    /// What these records, of requests to a pipeline, have made of its objects.
    MADE = concat!(
        "SELECT c.parent_id, c.id, c.status, c.time_created, c.time_started, c.time_completed, c.input_size, c.output_size,
           c.sequence, c.pipeline_object, c.object_type, coalesce(e.name, l.name, '') AS reference,
           coalesce(v.version, w.version, '') AS version, c.error_message
         FROM requests r CROSS JOIN requests c INDEXED BY requests_by_parent ON c.project_id = r.project_id AND c.parent_id = r.id
         LEFT JOIN deployments e ON e.id = c.object_id LEFT JOIN deployment_versions v ON v.id = c.version_id
         LEFT JOIN pipelines l ON l.id = c.object_id LEFT JOIN pipeline_versions w ON w.id = c.version_id
         WHERE ", these!(), " ORDER BY c.parent_id, c.sequence");
    /// Whether what was sent and answered fits an answer.
    PAYLOADS_FIT = concat!("SELECT ", payloads_fit!(), " AS fits");
    /// What was sent and answered, if it fits.
    PAYLOADS = concat!("SELECT p.request_id, p.part, p.content_type, p.body, p.kv_key, p.creation_date ", payloads!(), " AND ", payloads_fit!());
    /// What decides whether these records can be deleted or cancelled, before anything has changed.
    JUDGE = concat!(
        "SELECT ", caller_may_on_target!(), " AS may, ", missing!(), " AS missing, ",
        one_of_these!(is_open!()), " AS is_open, ", one_of_these!(is_waited_for!()), " AS is_waited_for, ",
        one_of_these!("r.status IN ('completed', 'failed')"), " AS has_ended");
    /// Where payloads of these records are kept beside the database: of all that are deleted, else of those that wait and keep
    /// none when they are cancelled.
    KEYS = concat!(
        "SELECT p.kv_key FROM requests r
         CROSS JOIN request_payloads p ON p.project_id = r.project_id AND p.request_id = r.id
         WHERE p.kv_key IS NOT NULL AND (#deletes = 1 OR (r.status = 'pending' AND r.retention_mode <> 'full')) AND ", these!());
    /// Deletes these records, all or none.
    DELETE = concat!(
        "DELETE FROM requests
         WHERE project_id = :project_id AND id IN (SELECT value FROM json_each(:ids)) AND ", delete_is_permitted!());
    /// Cancels these records, all or none; those that have ended stay as they are.
    CANCEL = concat!(
        cancel!(concat!("SELECT r.id FROM requests r WHERE ", these!(), " AND ", can_be_cancelled!())),
        " AND ", cancel_is_permitted!());
    /// Those of them that have ended with it keep what their retention mode says: no payloads.
    FORGET_PAYLOADS = concat!(
        "DELETE FROM request_payloads WHERE project_id = :project_id AND request_id IN (
           SELECT r.id FROM requests r WHERE ", these!(), " AND r.status = 'cancelled' AND r.retention_mode = 'metadata') AND ",
        caller_may_on_target!());
    /// Or nothing.
    FORGET = concat!(
        "DELETE FROM requests WHERE project_id = :project_id AND id IN (
           SELECT r.id FROM requests r WHERE ", these!(), " AND r.status = 'cancelled' AND r.retention_mode = 'none') AND ",
        caller_may_on_target!());
    /// Ends what waits, where nothing of it is kept.
    FORGET_ALL = concat!(
        "DELETE FROM requests WHERE project_id = :project_id AND id IN (",
        all_of_status!("r.status = 'pending' AND r.retention_mode = 'none'"), ") AND ", caller_may_on_target!());
    /// Takes the payloads of what waits, where they are not kept.
    FORGET_ALL_PAYLOADS = concat!(
        "DELETE FROM request_payloads WHERE project_id = :project_id AND request_id IN (",
        all_of_status!("r.status = 'pending' AND r.retention_mode = 'metadata'"), ") AND ", caller_may_on_target!());
    /// Cancels all that wait, or all that run and can be cancelled.
    CANCEL_ALL = concat!(cancel!(all_of_status!(can_be_cancelled!())), " AND ", caller_may_on_target!());
    /// Whether the caller may cancel.
    MAY_CANCEL = concat!("SELECT ", caller_may_on_target!(), " AS may");
}
