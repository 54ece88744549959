//! Requests to pipelines: admitted like any other, with all that runs for them, and the requests that they make of their
//! objects (contract section 5.7).
//!
//! What a request is to run is read with its admission, once: later changes of a version are for later requests. Each object
//! is then admitted by itself, for the caller of the request as they are then, with a lease of its own and no permit of a
//! minute.

use crate::domain::pipeline_graph::{Attachment, END, Mapping, START};
use crate::domain::{ProjectId, RecordId, TargetKind, Timestamp, VersionId, quoted};
use crate::error::Error;
use crate::sql::Sql;
use crate::sql::statement::{Parameters, Statement};
use crate::store::admissions::{
    self, Admission, Admitted, Asked, MOST_OF_ORGANIZATION, MOST_OF_PROJECT, admit,
    admit_forwarded, asked, asked_by_call, facts, limits, this_record,
};
use crate::store::connection::Connection;
use crate::store::first_trip::Rider;
use crate::store::rows::{Answers, Flag, JsonText, row};
use crate::store::texts::statements;

/// Pipelines are in one another to this depth at most, and a request runs so many objects (contract section 5.7).
pub const DEEPEST: i64 = 5;
/// The most objects of a request, those of pipelines in it included.
pub const MOST_OBJECTS: usize = 100;

/// The versions of pipelines that a request runs, itself and those in it, to one depth more than is allowed.
macro_rules! used_versions {
    ($record:expr) => {
        concat!(
            "WITH RECURSIVE used (depth, version_id) AS (
               SELECT 1, r.version_id FROM requests r WHERE ", $record, "
               UNION
               SELECT used.depth + 1, coalesce(o.reference_version_id, (
                        SELECT d.id FROM pipeline_versions d WHERE d.pipeline_id = o.reference_id AND d.is_default = 1))
               FROM used CROSS JOIN pipeline_objects o ON o.pipeline_version_id = used.version_id
               WHERE o.reference_type = 'pipeline' AND used.depth <= #deepest
               LIMIT #most_versions) "
        )
    };
}

/// What an object of a pipeline asks for, in the name of whoever made the request `w` to the pipeline: a version of a
/// deployment or of a pipeline.
macro_rules! asked_by_pipeline {
    () => {
        asked! {
            object: "coalesce(v.deployment_id, y.pipeline_id)", version: ":version_id",
            settings: "coalesce(v.settings, y.settings)", permission: "(:object_type || 's.requests.create')",
            caller: "w.caller_id", "w.caller",
            lives: "w.caller_id = 'operator' OR u.id IS NOT NULL OR (s.id IS NOT NULL AND coalesce(s.expiry_date > #now, 1))",
            origin: "1",
            operator: "w.caller_id = 'operator'",
            timeout: "#timeout",
            stale: "0",
            from: "requests w
               JOIN projects p ON p.id = w.project_id
               LEFT JOIN deployment_versions v ON v.id = :version_id
               LEFT JOIN pipeline_versions y ON y.id = :version_id
               LEFT JOIN users u ON u.id = w.caller_id
               LEFT JOIN service_users s ON s.id = w.caller_id AND s.project_id = w.project_id",
            where: "w.project_id = :project_id AND w.id = :parent_id AND w.status = 'processing'
               AND coalesce(v.id, y.id) IS NOT NULL"
        }
    };
}

/// The versions that `requests r` runs.
macro_rules! versions {
    ($record:expr) => {
        concat!(
            used_versions!($record),
            "SELECT w.id AS version_id, max(used.depth) AS depth, w.attachments
             FROM used CROSS JOIN pipeline_versions w ON w.id = used.version_id GROUP BY w.id"
        )
    };
}

/// Their objects, and whether the caller of `requests r` may make requests to each.
macro_rules! objects {
    ($record:expr) => {
        concat!(
        used_versions!($record),
            "SELECT o.pipeline_version_id, o.name, o.reference_type, coalesce(e.name, l.name, o.operator) AS reference,
               coalesce(v.id, x.id) AS version_id, coalesce(v.version, x.version) AS version,
               coalesce(e.input_type, l.input_type) = 'structured' AS takes_fields,
               r.caller_id = 'operator' OR o.reference_type = 'operator' OR coalesce(m.admin, 0) = 1 OR EXISTS (
                 SELECT 1 FROM role_assignments a JOIN role_permissions h ON h.role_id = a.role_id
                 WHERE a.project_id = r.project_id AND a.assignee_id = r.caller_id
                   AND h.permission = o.reference_type || 's.requests.create'
                   AND (a.resource_type = 'project' OR a.resource_id = o.reference_id)) AS may
             FROM (SELECT DISTINCT version_id FROM used) g
             CROSS JOIN requests r ON ", $record, "
             CROSS JOIN pipeline_objects o ON o.pipeline_version_id = g.version_id
             LEFT JOIN deployments e ON e.id = o.reference_id
             LEFT JOIN deployment_versions v ON v.deployment_id = e.id AND v.id = coalesce(o.reference_version_id, (
               SELECT d.id FROM deployment_versions d WHERE d.deployment_id = e.id AND d.is_default = 1))
             LEFT JOIN pipelines l ON l.id = o.reference_id
             LEFT JOIN pipeline_versions x ON x.pipeline_id = l.id AND x.id = coalesce(o.reference_version_id, (
               SELECT d.id FROM pipeline_versions d WHERE d.pipeline_id = l.id AND d.is_default = 1))
             LEFT JOIN organization_users m ON m.organization_id = r.organization_id AND m.user_id = r.caller_id
             LIMIT #most_objects"
        )
    };
}

macro_rules! object_record {
    ($table:literal) => {
        concat!(
            $table,
            "project_id = :project_id AND ",
            $table,
            "id = :record_id"
        )
    };
}

statements! {
    /// The record of a request to a pipeline, where nothing refuses it, and what does. It costs nothing itself.
    ADMIT = admit! {
        object_type: "'pipeline'",
        asked: asked_by_call!("pipeline"),
        columns: "id, status, time_started, lease_end, leased, leased_time, price, day, input_size, deployment_timeout",
        values: ":record_id, 'processing', #now, #now + lease_time, 0, 0, 0, #day, #input_size, #deployment_timeout",
        from: ""
    };
    /// What is needed of the pipeline, once the request has its record.
    FACTS = facts!(pipeline this_record!("r."));
    /// The versions that it runs.
    VERSIONS = versions!(this_record!("r."));
    /// Their objects.
    OBJECTS = objects!(this_record!("r."));
    /// The versions that a request runs whose turn has come.
    VERSIONS_OF_ITEM = versions!(object_record!("r."));
    /// Their objects.
    OBJECTS_OF_ITEM = objects!(object_record!("r."));
    /// The record of a request that a pipeline makes of an object, where nothing refuses it, and what does.
    ADMIT_OBJECT = admit_forwarded! {
        object_type: ":object_type",
        asked: asked_by_pipeline!(),
        columns: "parent_id, pipeline_object, sequence",
        values: ":parent_id, :pipeline_object, #sequence"
    };
    /// All that is needed to forward one to a deployment.
    FACTS_OF_DEPLOYMENT = facts!(deployment object_record!("r."));
    /// What is needed of one to a pipeline.
    FACTS_OF_PIPELINE = facts!(pipeline object_record!("r."));
    /// Takes a record away of which nobody knows whether it was written: nothing was sent.
    VOID = concat!("DELETE FROM requests WHERE ", object_record!(""), " AND status = 'processing'");
}

row! {
    struct VersionRow {
        version_id: VersionId,
        depth: i64,
        attachments: JsonText,
    }
}

row! {
    struct ObjectRow {
        pipeline_version_id: VersionId,
        name: String,
        reference_type: String,
        reference: Option<String>,
        version_id: Option<VersionId>,
        version: Option<String>,
        takes_fields: Flag,
        may: Flag,
    }
}

/// All that a request to a pipeline runs.
#[derive(Debug)]
pub struct Plan {
    /// The versions of pipelines in it, its own among them.
    pub versions: Vec<PlannedVersion>,
}

/// A version of a pipeline.
#[derive(Debug)]
pub struct PlannedVersion {
    /// Its id.
    pub version_id: VersionId,
    /// Its objects that something is attached to.
    pub objects: Vec<PlannedObject>,
    /// Where its output comes from; nothing where nothing is attached to its end.
    pub output: Vec<PlannedSource>,
}

/// An object of a pipeline.
#[derive(Debug)]
pub struct PlannedObject {
    /// Its name.
    pub name: String,
    /// Whether it is a pipeline; else it is a deployment.
    pub is_pipeline: bool,
    /// The name of what it refers to.
    pub reference: String,
    /// The id of the version of that.
    pub version_id: VersionId,
    /// Its name.
    pub version: String,
    /// Whether its input has fields.
    pub takes_fields: bool,
    /// Where its input comes from.
    pub sources: Vec<PlannedSource>,
}

/// Where an input or an output comes from.
#[derive(Debug)]
pub struct PlannedSource {
    /// The place of an object in its version; none is the input of the pipeline.
    pub object: Option<usize>,
    /// Field by field.
    pub mapping: Vec<Mapping>,
}

/// What rides on the first trip: the record, if nothing refuses it, what it runs, or why there is none.
#[must_use]
pub fn rider(asked: &Asked<'_>, deployment_timeout: Option<i64>) -> Rider {
    let admitting = vec![&ADMIT, &FACTS, &VERSIONS, &OBJECTS];
    let statements = admissions::with_permit_and_key(asked, admitting);
    let parameters =
        bounds(asked.parameters()).optional_integer("deployment_timeout", deployment_timeout);
    Rider::writing(statements, parameters)
}

/// How much of a plan is read: one more than is allowed, which shows that it is too much.
fn bounds(parameters: Parameters) -> Parameters {
    let most = i64::try_from(MOST_OBJECTS).unwrap_or(i64::MAX);
    parameters
        .integer("deepest", DEEPEST)
        .integer("most_versions", most + 1)
        .integer("most_objects", most + 1)
}

/// What is needed of a request whose turn has come, and what it runs.
#[must_use]
pub fn reading_item(project_id: &ProjectId, record_id: &RecordId) -> Vec<Statement> {
    let parameters = Parameters::new()
        .text("project_id", project_id)
        .text("record_id", record_id);
    bounds(parameters).batch([&FACTS_OF_PIPELINE, &VERSIONS_OF_ITEM, &OBJECTS_OF_ITEM])
}

/// That request, and what it is to run.
///
/// # Errors
/// An inconsistency; of the plan as of [`plan`].
pub fn read_item(answers: &Answers) -> Result<(Admitted, Result<Plan, Error>), Error> {
    let admitted = answers.only(&FACTS_OF_PIPELINE)?;
    let plan = plan_by(answers, [&VERSIONS_OF_ITEM, &OBJECTS_OF_ITEM], &admitted);
    Ok((admitted, plan))
}

/// What became of what rode along.
///
/// # Errors
/// An inconsistency.
pub fn judge(answers: &Answers, asked: &Asked<'_>) -> Result<Admission, Error> {
    admissions::judge_by(answers, [&ADMIT, &FACTS], asked)
}

/// What an admitted request is to run.
///
/// # Errors
/// 403 for an object that its caller may make no requests to; 400 for what cannot be run; an inconsistency.
pub fn plan(answers: &Answers, admitted: &Admitted) -> Result<Plan, Error> {
    plan_by(answers, [&VERSIONS, &OBJECTS], admitted)
}

/// The same by the statements that read its versions and their objects.
fn plan_by(
    answers: &Answers,
    [versions, objects]: [&'static Sql; 2],
    admitted: &Admitted,
) -> Result<Plan, Error> {
    let rows: Vec<VersionRow> = answers.all(versions)?;
    let objects: Vec<ObjectRow> = answers.all(objects)?;
    if rows.iter().any(|row| row.depth > DEEPEST) {
        return Err(Error::invalid(format!(
            "the pipeline has pipelines in it that are nested deeper than {DEEPEST}; requests run no deeper"
        )));
    }
    if objects.len() > MOST_OBJECTS {
        return Err(too_many_objects());
    }
    if let Some(object) = objects.iter().find(|object| !object.may.0) {
        return Err(Error::forbidden(format!(
            "the object {} of the pipeline is the {} {}, to which you may not make requests",
            quoted(&object.name),
            object.reference_type,
            quoted(object.reference.as_deref().unwrap_or_default()),
        )));
    }
    let mut versions = Vec::with_capacity(rows.len());
    for row in rows {
        let of_version = objects
            .iter()
            .filter(|object| object.pipeline_version_id == row.version_id);
        versions.push(planned(
            row.version_id.clone(),
            &row.attachments,
            of_version,
        )?);
    }
    // The request's own is the first.
    let own = versions
        .iter()
        .position(|version| version.version_id == admitted.version_id)
        .ok_or_else(|| Error::inconsistent("a pipeline without its version"))?;
    versions.swap(0, own);
    let plan = Plan { versions };
    match plan.count(0, MOST_OBJECTS) {
        Some(_) => Ok(plan),
        None => Err(too_many_objects()),
    }
}

fn too_many_objects() -> Error {
    Error::invalid(format!(
        "the pipeline has more than {MOST_OBJECTS} objects, those of pipelines in it included; a request runs so many at most"
    ))
}

fn planned<'a>(
    version_id: VersionId,
    attachments: &JsonText,
    rows: impl Iterator<Item = &'a ObjectRow>,
) -> Result<PlannedVersion, Error> {
    let attachments: Vec<Attachment> = attachments.parse()?;
    // What nothing is attached to does not run.
    let is_attached = |name: &str| {
        attachments
            .iter()
            .any(|attachment| attachment.destination_name.as_str() == name)
    };
    let rows: Vec<&ObjectRow> = rows.filter(|row| is_attached(&row.name)).collect();
    let place = |name: &str| rows.iter().position(|row| row.name == name);
    let sources = |of: &str| -> Result<Vec<PlannedSource>, Error> {
        let mut sources = Vec::new();
        let all = attachments
            .iter()
            .filter(|attachment| attachment.destination_name.as_str() == of)
            .flat_map(|attachment| &attachment.sources);
        for source in all {
            let name = source.source_name.as_str();
            let object = match name {
                START => None,
                name => Some(place(name).ok_or_else(|| {
                    Error::invalid(format!(
                        "nothing is attached to the object {}, from which {} takes something, so it cannot run",
                        quoted(name),
                        quoted(of)
                    ))
                })?),
            };
            sources.push(PlannedSource {
                object,
                mapping: source.mapping.clone(),
            });
        }
        Ok(sources)
    };
    let mut objects = Vec::with_capacity(rows.len());
    for row in &rows {
        let reference = row.reference.clone().unwrap_or_default();
        if row.reference_type == "operator" {
            return Err(Error::invalid(format!(
                "the object {} of the pipeline is the operator {}, and no operators run here; put a deployment in its place",
                quoted(&row.name),
                quoted(&reference)
            )));
        }
        let (Some(version_id), Some(version)) = (row.version_id.clone(), row.version.clone())
        else {
            return Err(Error::invalid(format!(
                "the object {} of the pipeline refers to the default version of the {} {}, which has none",
                quoted(&row.name),
                row.reference_type,
                quoted(&reference)
            )));
        };
        objects.push(PlannedObject {
            name: row.name.clone(),
            is_pipeline: row.reference_type == "pipeline",
            reference,
            version_id,
            version,
            takes_fields: row.takes_fields.0,
            sources: sources(&row.name)?,
        });
    }
    Ok(PlannedVersion {
        version_id,
        output: sources(END)?,
        objects,
    })
}

impl Plan {
    /// The place of the version of this id.
    #[must_use]
    pub fn place_of(&self, version_id: &VersionId) -> Option<usize> {
        self.versions
            .iter()
            .position(|version| version.version_id == *version_id)
    }

    /// How many objects a version runs, those of pipelines in it included; nothing for more than `most`.
    fn count(&self, version: usize, most: usize) -> Option<usize> {
        let objects = &self.versions.get(version)?.objects;
        let mut count = 0;
        for object in objects {
            count += 1;
            if object.is_pipeline {
                count +=
                    self.count(self.place_of(&object.version_id)?, most.checked_sub(count)?)?;
            }
            most.checked_sub(count)?;
        }
        Some(count)
    }
}

/// A request that a pipeline makes of one of its objects.
#[derive(Debug)]
pub struct ObjectRequest<'a> {
    /// The record of the pipeline's own request.
    pub parent: &'a Admitted,
    /// Its id.
    pub parent_id: &'a RecordId,
    /// The id that the record is to have.
    pub record_id: &'a RecordId,
    /// The object.
    pub object: &'a PlannedObject,
    /// As the how manieth it is begun.
    pub sequence: i64,
    /// How long it may take, in seconds.
    pub timeout: i64,
    /// The length of its input, in bytes.
    pub input_size: usize,
}

impl ObjectRequest<'_> {
    fn parameters(&self) -> Parameters {
        Parameters::new()
            .text("project_id", &self.parent.project_id)
            .text("record_id", self.record_id)
    }

    /// Admits it, if nothing refuses it.
    ///
    /// # Errors
    /// 503 when the database fails: then [`ObjectRequest::voiding`] takes the record away, if there is one. An
    /// inconsistency.
    pub async fn admit(&self, connection: &Connection, now: Timestamp) -> Result<Admission, Error> {
        let (facts, kind): (&'static Sql, _) = match self.object.is_pipeline {
            true => (&FACTS_OF_PIPELINE, TargetKind::Pipeline),
            false => (&FACTS_OF_DEPLOYMENT, TargetKind::Deployment),
        };
        let input_size = i64::try_from(self.input_size).unwrap_or(i64::MAX);
        let parameters = self
            .parameters()
            .over(limits(now))
            .integer("now", now.as_millis())
            // The request to the pipeline has its place already: were its objects to wait for one, pipelines that have all of
            // them would wait for each other. Four at once are as many more.
            .integer("most_of_project", 5 * MOST_OF_PROJECT)
            .integer("most_of_organization", 5 * MOST_OF_ORGANIZATION)
            .text("parent_id", self.parent_id)
            .text("pipeline_object", &self.object.name)
            .text("version_id", &self.object.version_id)
            .text("object_type", kind.name())
            .text("kind", "direct")
            .integer("sequence", self.sequence)
            .integer("timeout", self.timeout * 1_000)
            .integer("input_size", input_size)
            .integer("items", 0)
            .flag("queues", false)
            .flag("is_claim", false)
            .integer("per_minute", crate::domain::SAFE_INTEGER)
            .optional_text("key_digest", None::<String>)
            .optional_text("fingerprint", None::<String>);
        let answers = connection
            .write(parameters.batch([&ADMIT_OBJECT, facts]))
            .await?;
        admissions::judge_for(&answers, [&ADMIT_OBJECT, facts], self.record_id)
    }

    /// What takes its record away, if there is one; nothing was sent.
    #[must_use]
    pub fn voiding(&self) -> Vec<Statement> {
        self.parameters().batch([&VOID])
    }
}
