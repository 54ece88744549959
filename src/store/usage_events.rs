//! Usage events, as the operator reports them: each counted once, or the whole report not at all.
//!
//! Metering is no change of configuration and has no row in the audit; the permit is the report's row in
//! `usage_imports`, written under the condition that no event contradicts an earlier one, each new one names a project
//! that stands, and no total would pass 2^53 - 1. The events go in as one JSON parameter with integers, and in the same
//! transaction each new one is counted into the day of its organization, its project and, if it stands, its version.
//! A report of nothing but repeated events writes nothing.
//!
//! Cost: one round trip; rows read in the order of the events reported, whatever is stored; a written row for each new
//! event and one for each (subject, object type, day) among them.

use serde::Serialize;

use crate::auth::access::Authority;
use crate::domain::json;
use crate::domain::time::Timestamp;
use crate::domain::usage::{Metric, ObjectType};
use crate::domain::{RequestId, SAFE_INTEGER};
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::rows::{Flag, row};
use crate::store::texts::statements;

/// So many events has a report at most (contract section 3).
pub const MAX_EVENTS: usize = 500;

/// An event, in the form in which the statements read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event<'a> {
    /// Its place in the report.
    pub index: usize,
    /// Its id, the reporter's choice.
    pub id: &'a str,
    /// The name of the project.
    pub project: &'a str,
    /// What used something.
    pub object_type: ObjectType,
    /// The name of the deployment or pipeline.
    pub object_name: &'a str,
    /// The name of its version.
    pub version: &'a str,
    /// What was measured.
    pub metric: Metric,
    /// How much: millionths of a credit, or bytes; at most 2^53 - 1.
    pub value: i64,
    /// When, in milliseconds since the epoch.
    pub timestamp: i64,
}

/// How many events of a report were new, and how many were known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Counted now.
    pub accepted: usize,
    /// Counted before.
    pub duplicates: usize,
}

/// A field of an event `j` of the report.
macro_rules! sent {
    ($field:literal) => {
        concat!("(j.value ->> '", $field, "')")
    };
}

macro_rules! is_known {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM usage_events e WHERE e.id = ",
            sent!("id"),
            ")"
        )
    };
}

macro_rules! permitted {
    () => {
        "EXISTS (SELECT 1 FROM usage_imports WHERE id = :import_id)"
    };
}

/// The first event whose id stands for something else already.
macro_rules! first_contradiction {
    () => {
        concat!(
            "(SELECT min(",
            sent!("index"),
            ") FROM json_each(:events) j CROSS JOIN usage_events e
              WHERE e.id = ",
            sent!("id"),
            " AND (
                e.project <> ",
            sent!("project"),
            " OR e.object_type <> ",
            sent!("object_type"),
            "
                OR e.object_name <> ",
            sent!("object_name"),
            " OR e.version <> ",
            sent!("version"),
            "
                OR e.metric <> ",
            sent!("metric"),
            " OR e.value <> ",
            sent!("value"),
            "
                OR e.timestamp <> ",
            sent!("timestamp"),
            "))"
        )
    };
}

/// The first new event whose project does not stand.
macro_rules! first_without_project {
    () => {
        concat!(
            "(SELECT min(",
            sent!("index"),
            ") FROM json_each(:events) j WHERE NOT ",
            is_known!(),
            "
              AND NOT EXISTS (SELECT 1 FROM projects p WHERE p.name = ",
            sent!("project"),
            "))"
        )
    };
}

/// An event with which a total would pass 2^53 - 1. The organization's is the greatest of the three that it enters.
macro_rules! first_beyond {
    () => {
        concat!(
            "(SELECT min(t.index_of_last) FROM (
               SELECT max(",
            sent!("index"),
            ") AS index_of_last FROM json_each(:events) j
               CROSS JOIN projects p ON p.name = ",
            sent!("project"),
            "
               LEFT JOIN usage_days d ON d.subject_id = p.organization_id AND d.object_type = ",
            sent!("object_type"),
            "
                 AND d.day = ",
            sent!("timestamp"),
            " / 86400000
               WHERE NOT ",
            is_known!(),
            "
               GROUP BY p.organization_id, ",
            sent!("object_type"),
            ", ",
            sent!("metric"),
            ",
                        ",
            sent!("timestamp"),
            " / 86400000
               HAVING sum(",
            sent!("value"),
            ") + coalesce(max(CASE ",
            sent!("metric"),
            " WHEN 'credits' THEN d.credits WHEN 'input_volume' THEN d.input_volume
                                                     ELSE d.output_volume END), 0) > 9007199254740991) t)"
        )
    };
}

/// The id of the version that stands under the names of an event, in project `p`: one that is deleted and made again
/// is another.
macro_rules! standing_version {
    () => {
        concat!(
            "CASE ", sent!("object_type"), "
             WHEN 'deployment_version' THEN (
               SELECT w.id FROM deployments f CROSS JOIN deployment_versions w ON w.deployment_id = f.id
               WHERE f.project_id = p.id AND f.name = ", sent!("object_name"), " AND w.version = ", sent!("version"), ")
             ELSE (
               SELECT w.id FROM pipelines f CROSS JOIN pipeline_versions w ON w.pipeline_id = f.id
               WHERE f.project_id = p.id AND f.name = ", sent!("object_name"), " AND w.version = ", sent!("version"), ")
             END"
        )
    };
}

/// What events `e` used of a metric.
macro_rules! sum_of {
    ($metric:literal) => {
        concat!("sum(iif(e.metric = '", $metric, "', e.value, 0))")
    };
}

statements! {
    /// The permit for a report in which something is new.
    PERMIT_IMPORT = concat!(
        "INSERT INTO usage_imports (id, date, accepted)
         SELECT :import_id, #now, n.fresh
         FROM (SELECT count(*) AS fresh FROM json_each(:events) j WHERE NOT ", is_known!(), ") n
         WHERE n.fresh > 0 AND ", first_contradiction!(), " IS NULL AND ", first_without_project!(), " IS NULL
           AND ", first_beyond!(), " IS NULL");
    /// The new events.
    INSERT_EVENTS = concat!(
        "INSERT INTO usage_events (id, organization_id, project_id, version_id, project, object_type, object_name,
                                   version, metric, value, timestamp, import)
         SELECT ", sent!("id"), ", p.organization_id, p.id, ", standing_version!(), ", ", sent!("project"), ", ", sent!("object_type"), ",
                ", sent!("object_name"), ", ", sent!("version"), ", ", sent!("metric"), ", ", sent!("value"), ",
                ", sent!("timestamp"), ", (SELECT sequence FROM usage_imports WHERE id = :import_id)
         FROM json_each(:events) j CROSS JOIN projects p ON p.name = ", sent!("project"), "
         WHERE ", permitted!(), " AND NOT ", is_known!());
    /// What they add to each day of the organization, the project and the version.
    COUNT_EVENTS = concat!(
        "INSERT INTO usage_days (subject_id, object_type, day, organization_id, credits, input_volume, output_volume)
         SELECT CASE kind.value WHEN 'organization' THEN e.organization_id WHEN 'project' THEN e.project_id
                             ELSE e.version_id END AS subject,
                e.object_type, e.timestamp / 86400000 AS day, e.organization_id,
                ", sum_of!("credits"), ", ", sum_of!("input_volume"), ", ", sum_of!("output_volume"), "
         FROM json_each(:events) j CROSS JOIN usage_events e ON e.id = ", sent!("id"), "
         CROSS JOIN json_each('[\"organization\",\"project\",\"version\"]') kind
         WHERE e.import = (SELECT sequence FROM usage_imports WHERE id = :import_id)
           AND (kind.value <> 'version' OR e.version_id IS NOT NULL)
         GROUP BY subject, e.object_type, day, e.organization_id
         ON CONFLICT (subject_id, object_type, day) DO UPDATE SET
           credits = credits + excluded.credits, input_volume = input_volume + excluded.input_volume,
           output_volume = output_volume + excluded.output_volume");
    /// How many were new, or what is in the way.
    AFTER_IMPORT = concat!(
        "SELECT ", permitted!(), " AS done,
         coalesce((SELECT accepted FROM usage_imports WHERE id = :import_id), 0) AS accepted,
         iif(", permitted!(), ", NULL, ", first_contradiction!(), ") AS contradiction,
         iif(", permitted!(), ", NULL, ", first_without_project!(), ") AS without_project,
         iif(", permitted!(), ", NULL, ", first_beyond!(), ") AS beyond");
}

/// Counts the events that are new, all of them or none. No id stands twice among them; `repeated` of the report have
/// been left out for that.
///
/// # Errors
/// 409 for an id that stands for something else; 400 for a project that there is not, or for a total that would pass
/// 2^53 - 1, each with the index of the event; 503 when the database fails.
pub async fn import(
    connection: &Connection,
    _: &Authority,
    now: Timestamp,
    import_id: &RequestId,
    events: &[Event<'_>],
    repeated: usize,
) -> Result<Counted, Error> {
    row! {
        struct After {
            done: Flag,
            accepted: usize,
            contradiction: Option<usize>,
            without_project: Option<usize>,
            beyond: Option<usize>,
        }
    }
    if events.is_empty() {
        return Ok(Counted {
            accepted: 0,
            duplicates: 0,
        });
    }
    let json =
        json::to_string(events).map_err(|error| Error::inconsistent(format!("events: {error}")))?;
    let parameters = Parameters::new()
        .text("import_id", import_id)
        .integer("now", now.as_millis())
        .text("events", json);
    let answers = connection
        .write(parameters.batch([&PERMIT_IMPORT, &INSERT_EVENTS, &COUNT_EVENTS, &AFTER_IMPORT]))
        .await?;
    let after: After = answers.only(&AFTER_IMPORT)?;
    let at = |index: usize| events.iter().find(|event| event.index == index);
    if let Some(event) = after.contradiction.and_then(at) {
        return Err(contradiction(event.index, event.id));
    }
    if let Some(event) = after.without_project.and_then(at) {
        let sentence = format!(
            "[{}].project: there is no project '{}'",
            event.index, event.project
        );
        return Err(Error::invalid(sentence));
    }
    if let Some(event) = after.beyond.and_then(at) {
        return Err(Error::invalid(format!(
            "[{}].value: with it, the organization's {} of that day would pass {SAFE_INTEGER} {}",
            event.index,
            event.metric,
            match event.metric {
                Metric::Credits => "millionths",
                Metric::InputVolume | Metric::OutputVolume => "bytes",
            }
        )));
    }
    let accepted = if after.done.0 { after.accepted } else { 0 };
    Ok(Counted {
        accepted,
        duplicates: (events.len() + repeated).saturating_sub(accepted),
    })
}

/// The 409 of an id that stands for something else.
#[must_use]
pub fn contradiction(index: usize, id: &str) -> Error {
    Error::conflict(format!(
        "[{index}].id: {} has been reported with other content; an id stands for one event",
        crate::domain::invalid::quoted(id)
    ))
}
