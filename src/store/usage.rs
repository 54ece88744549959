//! Usage reports, read from the roll-up of days.
//!
//! `usage_days` has what each subject - an organization, a project, a version - used in a day. A report reads the days
//! of the subjects that it lists, and nothing else: events are never read, nor the usage of what was deleted. That is
//! the remainder: an organization's usage less that of its present projects is what its deleted ones used, and so for
//! a project and its deployments. The sum over the parts is therefore the whole, exactly, and a deletion moves nothing.
//!
//! Cost: one round trip, and one row for each day on which a listed subject used something. By day that is at most what
//! the answer lists. By month it is up to 31 times as many (a year of 1,000 projects: 365,000 rows for 12,000 values; the
//! longest report there can be, 3.2 million),
//! because months begin on any day of the month; they are summed in SQLite, so only the values come out, as one text a
//! subject. A table of months would help those alone that begin on the first, and cost a written row for each that is
//! read, a thousand times as dear.
//!
//! What could not be answered within [`LONGEST_BODY`] is refused before it is read: how many parts there are is counted,
//! and how many intervals is known.

use crate::domain::usage::{Interval, Intervals, MEASURES, METRICS, Metric, ObjectType, Series};
use crate::domain::{AnyId, OrganizationId, ProjectId, TargetId, VersionId};
use crate::error::Error;
use crate::sql::Sql;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::projects::Project;
use crate::store::rows::{Answers, Flag, Row, row};
use crate::store::texts::statements;
use crate::web::response::LONGEST_BODY;

/// The length of the shortest value in a report, with its bounds; what names a part takes no less.
const SHORTEST: usize =
    r#"{"start_date":"2026-06-01T00:00:00Z","end_date":"2026-06-02T00:00:00Z","value":0},"#.len();

/// So many values, with a name for each part of them, lists a report at most: about 270 projects for a year by day. One that
/// has fewer, but longer ones, is refused when it is written.
const MAX_VALUES: usize = LONGEST_BODY / SHORTEST;

/// The values of a subject as one text, lists parted by `;`: the first days of the intervals, then the values of each
/// column in these; null where there is none. `series!(subject, object type, columns...)`, the first two fragments of SQL.
/// By day each row is a value, and each day is read once for all columns; months are summed, a column after the other. As text, a sum beyond 2^53
/// crosses JavaScript whole; lists of numbers take SQLite half the time of numbers put together with their days.
macro_rules! series {
    ($subject:expr, $object_type:expr, $($column:literal),+) => {
        concat!(
            "CASE WHEN #by_day = 1 THEN
               (SELECT group_concat(d.day)",
            $(" || ';' || group_concat(d.", $column, ")",)+
            " ",
            days!($subject, $object_type, "#start", "#end"),
            ")
             ELSE
               (SELECT group_concat(month.start)",
            $(
                " || ';' || group_concat(coalesce((SELECT sum(d.", $column, ") ",
                days!($subject, $object_type, "month.start", "month.end_day"),
                "), 0))",
            )+
            " FROM months month)
             END"
        )
    };
    ($subject:expr) => {
        series!($subject, "'deployment_version'", "credits")
    };
}

/// The days of a subject and object type from one on and before another.
macro_rules! days {
    ($subject:expr, $object_type:expr, $start:literal, $end:literal) => {
        concat!(
            "FROM usage_days d WHERE d.subject_id = ",
            $subject,
            " AND d.object_type = ",
            $object_type,
            " AND d.day >= ",
            $start,
            " AND d.day < ",
            $end
        )
    };
}

/// The months of a report, see [`Intervals::to_sum`].
macro_rules! with_months {
    () => {
        "WITH months AS MATERIALIZED (
           SELECT value ->> 0 AS start, value ->> 1 AS end_day FROM json_each(:months)) "
    };
}

/// How many of a resource there are: `resource_count!(project id, resource)`.
macro_rules! resource_count {
    ($project_id:expr, $resource:literal) => {
        concat!(
            "coalesce((SELECT count FROM resource_counts WHERE organization_id = :organization_id AND project_id = ",
            $project_id,
            " AND resource = '",
            $resource,
            "'), 0)"
        )
    };
}

/// Whether a report is short enough: `fits!(how many parts it has)`. Beside them it lists the whole and what was deleted.
macro_rules! fits {
    ($parts:expr) => {
        concat!("((", $parts, " + 2) * (#intervals + 1) <= #max_values)")
    };
}

macro_rules! projects_of_organization {
    () => {
        resource_count!("''", "projects")
    };
}

macro_rules! versions_of_project {
    () => {
        resource_count!(":project_id", "deployment_versions")
    };
}

statements! {
    /// What a subject used, of each object type, with its metrics side by side.
    MEASURES_OF_SUBJECT = concat!(
        with_months!(),
        "SELECT kind.value AS object_type, ",
        series!(":subject_id", "kind.value", "credits", "input_volume", "output_volume"), " AS series
         FROM json_each('[\"deployment_version\",\"pipeline_version\"]') kind");
    /// The credits of an organization, and how many projects it has.
    ORGANIZATION = concat!(
        with_months!(),
        "SELECT ", series!(":organization_id"), " AS series, ", projects_of_organization!(), " AS parts, ",
        fits!(projects_of_organization!()), " AS fits");
    /// The credits of each of its projects, by name.
    PROJECTS = concat!(
        with_months!(),
        "SELECT p.id, p.name, ", series!("p.id"), " AS series
         FROM (SELECT 1 WHERE ", fits!(projects_of_organization!()), ") CROSS JOIN projects p
         WHERE p.organization_id = :organization_id
         ORDER BY p.name");
    /// The credits of a project, and how many versions of deployments it has.
    PROJECT = concat!(
        with_months!(),
        "SELECT ", series!(":project_id"), " AS series, ", versions_of_project!(), " AS parts, ",
        fits!(versions_of_project!()), " AS fits");
    /// The credits of each version of its deployments, by name.
    VERSIONS = concat!(
        with_months!(),
        "SELECT f.id AS deployment_id, f.name AS deployment_name, w.id AS version_id, w.version, ",
        series!("w.id"), " AS series
         FROM (SELECT 1 WHERE ", fits!(versions_of_project!()), ") CROSS JOIN deployments f
         CROSS JOIN deployment_versions w ON w.deployment_id = f.id
         WHERE f.project_id = :project_id
         ORDER BY f.name, w.version");
}

row! {
    /// A series as a statement gives it.
    struct SeriesRow {
        series: Option<String>,
    }
}

impl SeriesRow {
    fn read(&self, intervals: &Intervals) -> Result<Series, Error> {
        let [series] = self.side_by_side(intervals)?;
        Ok(series)
    }

    fn side_by_side<const N: usize>(&self, intervals: &Intervals) -> Result<[Series; N], Error> {
        let text = self.series.as_deref().unwrap_or_default();
        intervals
            .side_by_side(text)
            .ok_or_else(|| Error::inconsistent("a series of usage_days cannot be read"))
    }
}

/// The usage of one measure.
#[derive(Debug)]
pub struct Measured {
    /// What used it.
    pub object_type: ObjectType,
    /// What was measured.
    pub metric: Metric,
    /// How much.
    pub series: Series,
}

/// What an organization or a project used, of each measure.
///
/// # Errors
/// 503 when the database fails.
pub async fn measures(
    connection: &Connection,
    subject_id: AnyId<'_>,
    intervals: &Intervals,
) -> Result<Vec<Measured>, Error> {
    row! {
        struct KindRow {
            object_type: String,
        }
    }
    let parameters = report_parameters(intervals).text("subject_id", subject_id);
    let answers = connection
        .read(parameters.batch([&MEASURES_OF_SUBJECT]))
        .await?;
    let mut measured = Vec::new();
    for (kind, series) in answers.all::<(KindRow, SeriesRow)>(&MEASURES_OF_SUBJECT)? {
        let object_type = [ObjectType::DeploymentVersion, ObjectType::PipelineVersion]
            .into_iter()
            .find(|object_type| kind.object_type == object_type.name())
            .ok_or_else(|| Error::inconsistent("an object type that was not asked for"))?;
        let series: [Series; METRICS.len()] = series.side_by_side(intervals)?;
        let measures = METRICS.into_iter().zip(series);
        measured.extend(
            measures
                .filter(|(metric, _)| MEASURES.contains(&(object_type, *metric)))
                .map(|(metric, series)| Measured {
                    object_type,
                    metric,
                    series,
                }),
        );
    }
    Ok(measured)
}

/// The credits of a whole, of its parts, and of those of its parts that were deleted: parts and deleted ones add up to
/// the whole.
#[derive(Debug)]
pub struct Credits<Part> {
    /// All of it.
    pub whole: Series,
    /// Each part that stands.
    pub parts: Vec<(Part, Series)>,
    /// What was used by parts that do not stand.
    pub deleted: Series,
}

row! {
    /// A project in a report.
    #[derive(Debug)]
    pub struct ProjectPart {
        /// Its id.
        pub id: ProjectId,
        /// Its name.
        pub name: String,
    }
}

/// The credits of an organization and of its projects.
///
/// # Errors
/// 400 when there are too many values to list; 503 when the database fails.
pub async fn credits_of_organization(
    connection: &Connection,
    organization_id: &OrganizationId,
    intervals: &Intervals,
) -> Result<Credits<ProjectPart>, Error> {
    let parameters = report_parameters(intervals).text("organization_id", organization_id);
    let answers = connection
        .read(parameters.batch([&ORGANIZATION, &PROJECTS]))
        .await?;
    let statements = (&ORGANIZATION, &PROJECTS);
    credits(&answers, statements, intervals, "projects")
}

row! {
    /// A version of a deployment in a report.
    #[derive(Debug)]
    pub struct VersionPart {
        /// The id of the deployment.
        pub deployment_id: TargetId,
        /// The name of the deployment.
        pub deployment_name: String,
        /// The id of the version.
        pub version_id: VersionId,
        /// The name of the version.
        pub version: String,
    }
}

/// The credits of a project and of the versions of its deployments.
///
/// # Errors
/// As [`credits_of_organization`].
pub async fn credits_of_project(
    connection: &Connection,
    project: &Project,
    intervals: &Intervals,
) -> Result<Credits<VersionPart>, Error> {
    let parameters = report_parameters(intervals)
        .text("organization_id", &project.organization_id)
        .text("project_id", &project.project_id);
    let answers = connection
        .read(parameters.batch([&PROJECT, &VERSIONS]))
        .await?;
    let statements = (&PROJECT, &VERSIONS);
    credits(&answers, statements, intervals, "versions of deployments")
}

fn report_parameters(intervals: &Intervals) -> Parameters {
    let period = intervals.period();
    Parameters::new()
        .flag("by_day", intervals.interval() == Interval::Day)
        .integer("start", period.start)
        .integer("end", period.end)
        .text("months", intervals.to_sum())
        .integer("intervals", as_integer(intervals.count()))
        .integer("max_values", as_integer(MAX_VALUES))
}

fn as_integer(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The answers to a whole's statement and to that of its parts.
fn credits<Part: Row>(
    answers: &Answers,
    (whole, parts): (&'static Sql, &'static Sql),
    intervals: &Intervals,
    parts_are: &str,
) -> Result<Credits<Part>, Error> {
    row! {
        struct Whole {
            parts: usize,
            fits: Flag,
        }
    }
    let (whole, series): (Whole, SeriesRow) = answers.only(whole)?;
    if !whole.fits.0 {
        return Err(Error::invalid(format!(
            "interval: {} intervals by {} of {} {parts_are} take more than the 8 MiB that an answer has; ask for a \
             shorter period{}",
            intervals.count(),
            intervals.interval(),
            whole.parts,
            match intervals.interval() {
                Interval::Day => ", or by month",
                Interval::Month => "",
            }
        )));
    }
    let whole = series.read(intervals)?;
    let mut deleted = whole.clone();
    let found: Vec<(Part, SeriesRow)> = answers.all(parts)?;
    let mut parts = Vec::new();
    for (part, series) in found {
        let series = series.read(intervals)?;
        deleted = deleted.without(&series).ok_or_else(|| {
            Error::inconsistent(format!("usage_days: {parts_are} used more than the whole"))
        })?;
        parts.push((part, series));
    }
    Ok(Credits {
        whole,
        parts,
        deleted,
    })
}
