//! What requests came to, step by step: read from their records, which are found by the time of their making.
//!
//! An id begins with that time, so a period is a range of ids: of a project in the table itself, of a version in its index by
//! status. So many records are read at most, and a series that would need more is refused.

use crate::domain::requests::first_id_at;
use crate::domain::time_series::{Metric, Steps};
use crate::error::Error;
use crate::sql::Sql;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::rows::row;
use crate::store::texts::statements;

/// So many records go into a series at most.
pub const MOST_RECORDS: i64 = 50_000;

/// The versions that are asked for, or all of a target; the ids of deployments and pipelines are apart.
macro_rules! versions {
    () => {
        "SELECT :version_id UNION ALL SELECT id FROM deployment_versions WHERE deployment_id = :object_id
         UNION ALL SELECT id FROM pipeline_versions WHERE pipeline_id = :object_id"
    };
}

/// The ids of the records of these versions that have a status, as many as may be looked at.
macro_rules! of_status {
    ($status:literal) => {
        concat!(
            "SELECT * FROM (SELECT id FROM requests WHERE version_id IN (",
            versions!(),
            ") AND status = '",
            $status,
            "' AND status <> 'processing' AND id >= :from AND id < :until LIMIT #most)"
        )
    };
}

/// A sum that crosses JavaScript whole.
macro_rules! sum_of {
    ($column:literal) => {
        concat!(
            "CAST(min(total(iif(s.counts, s.",
            $column,
            ", 0)), 9007199254740991) AS INTEGER) AS ",
            $column
        )
    };
}

/// The steps in which these `requests r` were made, with what those of the kind came to that have ended.
macro_rules! steps {
    ($which:expr) => {
        concat!(
            "SELECT (s.time_created - #start) / #step AS number, count(*) AS looked_at, sum(s.counts) AS requests,
               sum(s.counts AND s.status = 'failed') AS failed_requests, ",
            sum_of!("run_time"), ", ", sum_of!("credits"), ", ", sum_of!("input_size"), ", ", sum_of!("output_size"), "
             FROM (SELECT r.time_created, r.status, r.run_time, r.credits, r.input_size, r.output_size,
                     r.object_type = :object_type AND r.status IN ('completed', 'failed', 'cancelled') AS counts
                   FROM requests r WHERE r.project_id = :project_id AND ", $which, " LIMIT #most) s
             GROUP BY 1"
        )
    };
}

statements! {
    /// Of all requests of a project.
    OF_PROJECT = steps!("r.id >= :from AND r.id < :until");
    /// Of those to a version, or to a target.
    OF_VERSIONS = steps!(concat!(
        "r.id IN (", of_status!("completed"), " UNION ALL ", of_status!("failed"), " UNION ALL ", of_status!("cancelled"), ")"));
}

row! {
    /// What the requests that were made in a step came to.
    #[derive(Debug)]
    pub struct Step {
        /// Its number, counted from 0.
        pub number: i64,
        looked_at: i64,
        /// How many have ended.
        pub requests: i64,
        /// How many of those failed.
        pub failed_requests: i64,
        /// How long they ran, in milliseconds.
        pub run_time: i64,
        /// What they cost, in millionths.
        pub credits: i64,
        /// Bytes that were sent.
        pub input_size: i64,
        /// Bytes that were answered.
        pub output_size: i64,
    }
}

/// Whose requests are counted, by id.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// Those of the whole project.
    Project,
    /// Those to a target.
    Target(&'a str),
    /// Those to a version.
    Version(&'a str),
}

/// The steps of a project's requests in which there were some.
///
/// # Errors
/// 400 for more of them than are looked at; 503 when the database fails.
pub async fn read(
    connection: &Connection,
    (project_id, whose): (&str, Whose<'_>),
    metric: Metric,
    steps: Steps,
) -> Result<Vec<Step>, Error> {
    let (statement, target, version): (&'static Sql, _, _) = match whose {
        Whose::Project => (&OF_PROJECT, None, None),
        Whose::Target(id) => (&OF_VERSIONS, Some(id), None),
        Whose::Version(id) => (&OF_VERSIONS, None, Some(id)),
    };
    let batch = Parameters::new()
        .text("project_id", project_id)
        .text("object_type", metric.kind.name())
        .optional_text("object_id", target)
        .optional_text("version_id", version)
        .text("from", first_id_at(steps.at(0)))
        .text("until", first_id_at(steps.at(steps.count)))
        .integer("start", steps.start)
        .integer("step", steps.step)
        .integer("most", MOST_RECORDS + 1)
        .batch([statement]);
    let found: Vec<Step> = connection.read(batch).await?.all(statement)?;
    let looked_at: i64 = found.iter().map(|step| step.looked_at).sum();
    if looked_at > MOST_RECORDS {
        return Err(Error::invalid(format!(
            "start_date: more than {MOST_RECORDS} requests were made from there to the end_date; ask for a shorter period, \
             or for one version with labels"
        )));
    }
    Ok(found)
}
