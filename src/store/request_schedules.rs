//! Request schedules, and the requests that they make (contract section 5.7).
//!
//! A tick makes a request that waits for its turn, in the name of whoever set the schedule last; when its turn comes it is
//! judged like any other, so what its author may not do any more is a failed record. The id of a tick's request is made of
//! the schedule and the tick, and ends as the schedule's own does: the same tick makes one record however often it is run,
//! and the requests of a schedule are found by their ids.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::auth::permissions::{DEPLOYMENTS_REQUESTS_CREATE, PIPELINES_REQUESTS_CREATE};
use crate::domain::json;
use crate::domain::retention::RETENTION_TIME;
use crate::domain::{
    Cron, Description, Labels, ObjectName, RecordId, ScheduleId, TargetId, Timestamp, VersionId,
    quoted,
};
use crate::error::Error;
use crate::sql::rules;
use crate::sql::statement::Parameters;
use crate::store::admissions::{MOST_PENDING, retention};
use crate::store::audit::{Action, Change, ChangeContext, given, permit, permitted};
use crate::store::connection::Connection;
use crate::store::first_trip::Rider;
use crate::store::first_trip::rider::caller_is_known;
use crate::store::projects::{self, Project};
use crate::store::rights::{caller_may, caller_may_besides};
use crate::store::rows::{Answers, Flag, JsonText, Millis, row};
use crate::store::slices::{Listing, Slice, fits, has_any_label};
use crate::store::texts::statements;

/// Most schedules of a project.
const MOST: i64 = 50;
/// So many schedules fire in a run at most,
const FIRED: i64 = 200;
/// of so many that are due longest: those of each project in turn.
const LOOKED_AT: i64 = 2_000;
/// A tick that was missed for longer than so many milliseconds is skipped.
const MISSED: i64 = 600_000;

row! {
    /// A schedule, as it is shown.
    #[derive(Debug, Clone)]
    pub struct Schedule {
        /// Its id.
        pub id: ScheduleId,
        /// Its name, unique in the project.
        pub name: String,
        /// What it makes requests to: `deployment` or `pipeline`.
        pub object_type: String,
        /// The name of that.
        pub object_name: String,
        /// The name of its version; none is the default one.
        pub version: Option<String>,
        /// When it fires.
        pub schedule: String,
        /// What is sent, as it was given.
        pub request_data: Option<JsonText>,
        /// Seconds that a request may take.
        pub timeout: i64,
        /// Whether it fires.
        pub enabled: Flag,
        /// When it was made.
        pub creation_date: Millis,
        /// Its description.
        pub description: String,
        /// Its labels.
        pub labels: JsonText,
    }
}

row! {
    /// A deployment or a pipeline, and a version of it.
    #[derive(Debug, Clone)]
    pub struct ScheduledTarget {
        /// Which of the two.
        pub object_type: String,
        /// Its id.
        pub object_id: TargetId,
        /// The version's; none where none was named, or where it is not there.
        pub version_id: Option<VersionId>,
        /// What a body is.
        pub input_type: String,
        /// The fields of a body.
        pub input_fields: JsonText,
        /// Whether bodies have a format.
        pub supports_request_format: Flag,
    }
}

macro_rules! columns {
    () => {
        "s.id, s.name, s.object_type, coalesce(e.name, l.name) AS object_name,
         coalesce(v.version, y.version) AS version, s.schedule, s.request_data, s.timeout, s.enabled,
         s.creation_date, s.description, s.labels"
    };
}

/// The deployment `e` and its version `v`, or the pipeline `l` and its version `y`, that a row of this name is about.
macro_rules! with_object {
    ($row:literal) => {
        concat!(
            " LEFT JOIN deployments e ON e.id = ",
            $row,
            ".object_id LEFT JOIN pipelines l ON l.id = ",
            $row,
            ".object_id
         LEFT JOIN deployment_versions v ON v.id = ",
            $row,
            ".version_id
         LEFT JOIN pipeline_versions y ON y.id = ",
            $row,
            ".version_id "
        )
    };
}
pub(crate) use with_object;

macro_rules! from_schedules {
    () => {
        concat!("FROM request_schedules s", with_object!("s"))
    };
}

macro_rules! is_listed {
    () => {
        concat!(
            "s.project_id = :project_id AND s.name > coalesce(:after, '') AND ",
            has_any_label!("s.labels")
        )
    };
}

macro_rules! list_fits {
    () => {
        fits!(
            "octet_length(coalesce(s.request_data, '')) + octet_length(s.labels)",
            concat!(
                "FROM request_schedules s WHERE ",
                is_listed!(),
                " ORDER BY s.name LIMIT #limit"
            )
        )
    };
}

macro_rules! may_request {
    () => {
        caller_may_besides!("requests.create", ":resource_id")
    };
}

macro_rules! version_stands {
    () => {
        "EXISTS (SELECT 1 FROM deployments WHERE id = :resource_id AND project_id = :project_id
                 UNION ALL SELECT 1 FROM pipelines WHERE id = :resource_id AND project_id = :project_id)
         AND (:version_id IS NULL OR EXISTS (
           SELECT 1 FROM deployment_versions WHERE id = :version_id AND deployment_id = :resource_id
           UNION ALL SELECT 1 FROM pipeline_versions WHERE id = :version_id AND pipeline_id = :resource_id))"
    };
}

macro_rules! name_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM request_schedules WHERE project_id = :project_id AND name = :name AND id <> :object_id)"
    };
}

macro_rules! has_room {
    () => {
        "(SELECT count(*) FROM request_schedules WHERE project_id = :project_id) < #most"
    };
}

macro_rules! schedule_exists {
    () => {
        "EXISTS (SELECT 1 FROM request_schedules WHERE id = :object_id)"
    };
}

macro_rules! changes_something {
    () => {
        "EXISTS (SELECT 1 FROM request_schedules WHERE id = :object_id AND (
           name <> coalesce(:name, name) OR schedule <> coalesce(:schedule, schedule)
           OR (#sets_data = 1 AND (request_data IS NOT :request_data OR body <> :body OR content_type <> :content_type))
           OR timeout <> coalesce(#timeout, timeout) OR enabled <> coalesce(#enabled, enabled)
           OR description <> coalesce(:description, description) OR labels <> coalesce(:labels, labels)))"
    };
}

/// The state before a change: without what is sent, which may be long.
macro_rules! before {
    () => {
        concat!(
            "(SELECT json_object('name', s.name, 'object_type', s.object_type, 'object_name', coalesce(e.name, l.name),
            'version', coalesce(v.version, y.version), 'schedule', s.schedule, 'timeout', s.timeout,
            'enabled', json(iif(s.enabled = 1, 'true', 'false')), 'description', s.description,
            'labels', json(s.labels)) ",
            from_schedules!(),
            "WHERE s.id = :object_id)"
        )
    };
}

/// The version that `request_schedules s` is for.
macro_rules! version_of_schedule {
    () => {
        "coalesce(s.version_id,
           (SELECT id FROM deployment_versions WHERE deployment_id = s.deployment_id AND is_default = 1),
           (SELECT id FROM pipeline_versions WHERE pipeline_id = s.pipeline_id AND is_default = 1))"
    };
}

statements! {
    /// The deployment or pipeline and the version of these names.
    TARGET = "SELECT 'deployment' AS object_type, e.id AS object_id, v.id AS version_id, e.input_type, e.input_fields,
           e.supports_request_format
         FROM deployments e LEFT JOIN deployment_versions v ON v.deployment_id = e.id AND v.version = :version
         WHERE :object_type = 'deployment' AND e.project_id = :project_id AND e.name = :object_name
         UNION ALL SELECT 'pipeline', l.id, y.id, l.input_type, l.input_fields, 1
         FROM pipelines l LEFT JOIN pipeline_versions y ON y.pipeline_id = l.id AND y.version = :version
         WHERE :object_type = 'pipeline' AND l.project_id = :project_id AND l.name = :object_name";
    /// The schedule of the path, with what it makes requests to, which has a request format where it is a pipeline.
    RIDING = concat!(
        "SELECT ", columns!(), ", s.object_id, s.version_id, coalesce(e.input_type, l.input_type) AS input_type,
           coalesce(e.input_fields, l.input_fields) AS input_fields,
           coalesce(e.supports_request_format, 1) AS supports_request_format
         FROM projects p JOIN request_schedules s ON s.project_id = p.id", with_object!("s"), "
         WHERE p.name = :project AND s.name = :schedule_name AND ", caller_is_known!());
    /// The schedules of a project, by name.
    LIST = concat!(
        "SELECT ", columns!(), " ", from_schedules!(), "WHERE ", is_listed!(), " AND ", list_fits!(), "
         ORDER BY s.name LIMIT #limit");
    /// Whether there is the one behind which the list is to go on, and whether it fits an answer.
    KNOWS = concat!(
        "SELECT EXISTS (SELECT 1 FROM request_schedules WHERE project_id = :project_id AND name = :after) AS known, ",
        list_fits!(), " AS fits");
    /// One of them.
    GET = concat!("SELECT ", columns!(), " ", from_schedules!(), "WHERE s.id = :object_id");
    /// The permit for a schedule.
    PERMIT_CREATE = permit!(":object_id", "NULL", rules! {
        found: version_stands!(),
        may: caller_may!(),
        may_request: may_request!(),
        name_is_free: name_is_free!(),
        has_room: has_room!(),
    });
    /// The schedule itself.
    INSERT = concat!(
        "INSERT INTO request_schedules (id, organization_id, project_id, name, object_type, object_id, version_id,
           schedule, request_data, content_type, body, timeout, enabled, description, labels, creation_date, author_id,
           author, next_tick)
         SELECT :object_id, :organization_id, :project_id, :name, :resource_type, :resource_id, :version_id, :schedule,
           :request_data, :content_type, :body, #timeout, #enabled, :description, :labels, #now,
           coalesce(:principal_id, 'operator'), :actor, iif(#enabled = 1, #next_tick, NULL)
         WHERE ", permitted!());
    /// The permit to change a schedule.
    PERMIT_UPDATE = permit!(":object_id", before!(), rules! {
        found: schedule_exists!(),
        may: caller_may!(),
        may_request: may_request!(),
        name_is_free: name_is_free!(),
        changes: changes_something!(),
    });
    /// The change. It fires next as before, unless that has changed.
    UPDATE = concat!(
        "UPDATE request_schedules SET
           next_tick = CASE WHEN coalesce(#enabled, enabled) = 0 THEN NULL
                            WHEN enabled = 0 OR schedule <> coalesce(:schedule, schedule) THEN #next_tick
                            ELSE next_tick END,
           name = coalesce(:name, name), schedule = coalesce(:schedule, schedule),
           request_data = iif(#sets_data = 1, :request_data, request_data),
           content_type = iif(#sets_data = 1, :content_type, content_type), body = iif(#sets_data = 1, :body, body),
           timeout = coalesce(#timeout, timeout), enabled = coalesce(#enabled, enabled),
           description = coalesce(:description, description), labels = coalesce(:labels, labels),
           author_id = coalesce(:principal_id, 'operator'), author = :actor, refusals = 0
         WHERE id = :object_id AND ", permitted!());
    /// The permit to delete a schedule.
    PERMIT_DELETE = permit!(":object_id", before!(), rules! { found: schedule_exists!(), may: caller_may!() });
    /// The schedule; its requests stay.
    DELETE = concat!("DELETE FROM request_schedules WHERE id = :object_id AND ", permitted!());
    /// Those that are due: the longest of each project, then the second of each, and so on.
    DUE = "SELECT s.id, s.schedule, s.next_tick FROM (
             SELECT id FROM (
               SELECT id, next_tick, row_number() OVER (PARTITION BY project_id ORDER BY next_tick) AS place
               FROM (SELECT id, project_id, next_tick FROM request_schedules WHERE next_tick <= #now
                     ORDER BY next_tick LIMIT #looked_at))
             ORDER BY place, next_tick LIMIT #fired) due
           CROSS JOIN request_schedules s ON s.id = due.id";
    /// Their requests. Where too many wait in the project already, they have failed.
    MAKE = concat!(
        "WITH due AS MATERIALIZED (
           SELECT s.project_id, t.value ->> 1 AS id, s.organization_id, s.object_type, s.object_id,
             ", version_of_schedule!(), " AS version_id, s.author_id, s.author, s.timeout,
             octet_length(s.body) AS input_size
           FROM json_each(:ticks) t CROSS JOIN request_schedules s ON s.id = t.value ->> 0 AND s.next_tick = t.value ->> 2
         ), made AS MATERIALIZED (
           SELECT due.*, ", retention!("coalesce(v.settings, y.settings)"), "
           FROM due LEFT JOIN deployment_versions v ON v.id = due.version_id
           LEFT JOIN pipeline_versions y ON y.id = due.version_id
           WHERE due.version_id IS NOT NULL
         ), crowded AS MATERIALIZED (
           SELECT project_id FROM (SELECT DISTINCT project_id FROM made) one
           WHERE (SELECT count(*) FROM (SELECT 1 FROM requests w WHERE w.project_id = one.project_id AND w.status = 'pending'
                                        LIMIT #most_pending)) >= #most_pending
         ), ended AS MATERIALIZED (
           SELECT made.*, iif(project_id IN (SELECT project_id FROM crowded), #now, NULL) AS ended FROM made
         )
         INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id,
           caller, time_created, timeout, input_size, retention_mode, retention_time, due_at, time_started, time_completed,
           output_size, run_time, credits, error_message)
         SELECT project_id, id, organization_id, object_type, object_id, version_id, 'schedule',
           iif(ended IS NULL, 'pending', 'failed'), author_id, author, #now, timeout, input_size, retention_mode, retention_time,
           #now, ended, ended, ended * 0, ended * 0, ended * 0,
           iif(ended IS NULL, NULL, 'too many requests of the project wait for their turn')
         FROM ended WHERE true ON CONFLICT DO NOTHING");
    /// What is sent for them.
    KEEP = "INSERT INTO request_payloads (project_id, request_id, part, content_type, body, creation_date)
         SELECT r.project_id, r.id, 'input', s.content_type, s.body, #now
         FROM json_each(:ticks) t CROSS JOIN request_schedules s ON s.id = t.value ->> 0 AND s.next_tick = t.value ->> 2
         CROSS JOIN requests r ON r.project_id = s.project_id AND r.id = t.value ->> 1 AND r.status = 'pending'
         WHERE true ON CONFLICT DO NOTHING";
    /// When they fire next. One without a version makes nothing: that counts as if its author might not.
    MOVE_ON = concat!(
        "UPDATE request_schedules AS s SET
           refusals = refusals + (", version_of_schedule!(), " IS NULL),
           enabled = iif(refusals + (", version_of_schedule!(), " IS NULL) >= 10, 0, enabled),
           next_tick = iif(refusals + (", version_of_schedule!(), " IS NULL) >= 10, NULL, moved.value ->> 2)
         FROM json_each(:moves) moved WHERE s.id = moved.value ->> 0 AND s.next_tick = moved.value ->> 1");
}

/// A schedule to make.
pub struct NewSchedule<'a> {
    /// Its id.
    pub id: &'a ScheduleId,
    /// Its name.
    pub name: &'a ObjectName,
    /// The name of what it makes requests to.
    pub object_name: &'a str,
    /// The name of its version, if it is not the default one.
    pub version: Option<&'a str>,
    /// When it fires.
    pub schedule: &'a Cron,
    /// What is sent.
    pub data: Data,
    /// Seconds that a request may take.
    pub timeout: i64,
    /// Whether it fires.
    pub enabled: bool,
    /// Its description.
    pub description: &'a Description,
    /// Its labels.
    pub labels: &'a Labels,
}

/// What a schedule sends.
#[derive(Debug, Clone)]
pub struct Data {
    /// As it was given, in JSON.
    pub request_data: Option<String>,
    /// What it is sent as.
    pub content_type: &'static str,
    /// What is sent.
    pub body: String,
}

/// What changes of a schedule; what is absent stays.
#[derive(Debug, Default)]
pub struct ScheduleChanges {
    /// Its name.
    pub name: Option<ObjectName>,
    /// When it fires.
    pub schedule: Option<Cron>,
    /// What is sent.
    pub data: Option<Data>,
    /// Seconds that a request may take.
    pub timeout: Option<i64>,
    /// Whether it fires.
    pub enabled: Option<bool>,
    /// Its description.
    pub description: Option<Description>,
    /// Its labels.
    pub labels: Option<Labels>,
}

/// The deployment or pipeline and the version of these names in a project.
///
/// # Errors
/// 400 that names the field, where one of them is not there; 503 when the database fails.
pub async fn target(
    connection: &Connection,
    project: &Project,
    (object_type, object_name, version): (&str, &str, Option<&str>),
) -> Result<ScheduledTarget, Error> {
    let statements = Parameters::new()
        .text("project_id", &project.project_id)
        .text("object_type", object_type)
        .text("object_name", object_name)
        .optional_text("version", version)
        .batch([&TARGET]);
    let found: Option<ScheduledTarget> = connection.read(statements).await?.first(&TARGET)?;
    match found {
        Some(target) if version.is_none() || target.version_id.is_some() => Ok(target),
        Some(_) => Err(no_version(
            object_type,
            object_name,
            version.unwrap_or_default(),
        )),
        None => Err(no_object(object_type, object_name)),
    }
}

/// The 400 of a deployment or pipeline in a body that is not there.
#[must_use]
pub fn no_object(object_type: &str, name: &str) -> Error {
    Error::invalid(format!(
        "object_name: there is no {object_type} {} in this project",
        quoted(name)
    ))
}

/// The 400 of a version in a body that is not there.
#[must_use]
pub fn no_version(object_type: &str, object_name: &str, version: &str) -> Error {
    Error::invalid(format!(
        "version: the {object_type} {} has no version {}",
        quoted(object_name),
        quoted(version)
    ))
}

/// The 403 of somebody who may not make the requests that a schedule of theirs would make.
fn lacks_requests(object_type: &str) -> Error {
    projects::lacks_permission(match object_type {
        "pipeline" => PIPELINES_REQUESTS_CREATE,
        _ => DEPLOYMENTS_REQUESTS_CREATE,
    })
}

/// What lets the schedule of the path ride along.
#[must_use]
pub fn riding(name: &str) -> Rider {
    Rider::reading([&RIDING], Parameters::new().text("schedule_name", name))
}

/// The schedule that has ridden along, and what it makes requests to.
///
/// # Errors
/// 404.
pub fn ridden(answers: &Answers, name: &str) -> Result<(Schedule, ScheduledTarget), Error> {
    answers.first(&RIDING)?.ok_or_else(|| not_found(name))
}

fn not_found(name: &str) -> Error {
    Error::not_found(format!(
        "there is no request schedule {} in this project",
        quoted(name)
    ))
}

/// The schedules of a project, by name.
///
/// # Errors
/// 400 for a slice behind what is not in the list; 503 when the database fails.
pub async fn list(
    connection: &Connection,
    project: &Project,
    labels: Option<&str>,
    slice: &Slice,
) -> Result<Vec<Schedule>, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .optional_text("labels", labels);
    let listing = Listing::measured(&LIST, &KNOWS);
    slice.read(connection, listing, parameters).await
}

/// Makes a schedule.
///
/// # Errors
/// 400 for a taken name, a deployment, a pipeline or a version that has gone, and the fifty-first; 403 for a right that
/// is lacking; 503 when the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    project: &Project,
    target: &ScheduledTarget,
    new: NewSchedule<'_>,
) -> Result<Schedule, Error> {
    let name = new.name.as_str();
    let after = json!({
        "name": name, "object_type": target.object_type, "object_name": new.object_name, "version": new.version,
        "schedule": new.schedule, "timeout": new.timeout, "enabled": new.enabled, "description": new.description,
        "labels": new.labels,
    });
    let change = change(project, Action::Create, new.id, name, Some(after));
    let parameters = change
        .parameters(context)
        .text("resource_type", &target.object_type)
        .text("resource_id", &target.object_id)
        .optional_text("version_id", target.version_id.as_ref())
        .text("name", name)
        .text("schedule", new.schedule.as_str())
        .integer("timeout", new.timeout)
        .flag("enabled", new.enabled)
        .text("description", new.description.as_str())
        .text("labels", new.labels.to_json())
        .optional_integer("next_tick", next_tick(new.schedule, context.now))
        .integer("most", MOST);
    let statements = with_data(parameters, Some(new.data));
    let statements = statements.batch([&PERMIT_CREATE, &INSERT, &GET]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| no_object(&target.object_type, new.object_name)),
        ("may", &|| projects::lacks(context.authority)),
        ("may_request", &|| lacks_requests(&target.object_type)),
        ("name_is_free", &|| name_is_taken(name)),
        ("has_room", &|| {
            Error::invalid(format!(
                "a project has at most {MOST} request schedules; delete one first"
            ))
        }),
    ])?;
    answers.only(&GET)
}

fn name_is_taken(name: &str) -> Error {
    Error::invalid(format!(
        "name: a request schedule '{name}' exists already in this project"
    ))
}

fn next_tick(schedule: &Cron, now: Timestamp) -> Option<i64> {
    schedule.after(now).map(Timestamp::as_millis)
}

fn with_data(parameters: Parameters, data: Option<Data>) -> Parameters {
    let sets_data = data.is_some();
    let (request_data, content_type, body) = match data {
        Some(data) => (data.request_data, Some(data.content_type), Some(data.body)),
        None => (None, None, None),
    };
    parameters
        .flag("sets_data", sets_data)
        .optional_text("request_data", request_data)
        .optional_text("content_type", content_type)
        .optional_text("body", body)
}

fn change<'a>(
    project: &'a Project,
    action: Action,
    id: &'a ScheduleId,
    name: &'a str,
    after: Option<Value>,
) -> Change<'a> {
    Change {
        after,
        ..project.change(action, "request_schedule", id.any(), name)
    }
}

/// Changes a schedule, whose requests are made in the caller's name from then on; what changes nothing writes nothing.
///
/// # Errors
/// 400 for a taken name; 403 for a right that is lacking; 404 when it has gone; 503 when the database fails.
pub async fn update(
    context: &ChangeContext<'_>,
    project: &Project,
    (schedule, target): (&Schedule, &ScheduledTarget),
    changes: ScheduleChanges,
) -> Result<Schedule, Error> {
    let after = given(vec![
        ("name", changes.name.as_ref().map(|name| json!(name))),
        (
            "schedule",
            changes.schedule.as_ref().map(|cron| json!(cron)),
        ),
        (
            "request_data",
            changes.data.as_ref().map(|_| json!("changed")),
        ),
        ("timeout", changes.timeout.map(|timeout| json!(timeout))),
        ("enabled", changes.enabled.map(Value::Bool)),
        (
            "description",
            changes.description.as_ref().map(|text| json!(text)),
        ),
        ("labels", changes.labels.as_ref().map(json::tree)),
    ]);
    let name = changes.name.as_ref().map(ObjectName::as_str);
    let next = match &changes.schedule {
        Some(cron) => next_tick(cron, context.now),
        None => Cron::parse(&schedule.schedule)
            .ok()
            .and_then(|cron| next_tick(&cron, context.now)),
    };
    let change = change(
        project,
        Action::Update,
        &schedule.id,
        &schedule.name,
        Some(after),
    );
    let parameters = change
        .parameters(context)
        .text("resource_type", &target.object_type)
        .text("resource_id", &target.object_id)
        .optional_text("name", name)
        .optional_text("schedule", changes.schedule.as_ref().map(Cron::as_str))
        .optional_integer("timeout", changes.timeout)
        .optional_integer("enabled", changes.enabled.map(i64::from))
        .optional_text(
            "description",
            changes.description.as_ref().map(Description::as_str),
        )
        .optional_text("labels", changes.labels.as_ref().map(Labels::to_json))
        .optional_integer("next_tick", next);
    let statements = with_data(parameters, changes.data);
    let statements = statements.batch([&PERMIT_UPDATE, &UPDATE, &GET]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| not_found(&schedule.name)),
        ("may", &|| projects::lacks(context.authority)),
        ("may_request", &|| lacks_requests(&target.object_type)),
        ("name_is_free", &|| name_is_taken(name.unwrap_or_default())),
    ])?;
    answers.only(&GET)
}

/// Deletes a schedule; the requests that it has made stay.
///
/// # Errors
/// 403 for a right lost meanwhile; 404 when it has gone; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    project: &Project,
    schedule: &Schedule,
) -> Result<(), Error> {
    let statements = change(project, Action::Delete, &schedule.id, &schedule.name, None)
        .parameters(context)
        .batch([&PERMIT_DELETE, &DELETE]);
    context.connection.write(statements).await?.done_or(&[
        ("found", &|| not_found(&schedule.name)),
        ("may", &|| projects::lacks(context.authority)),
    ])
}

/// The id of the request that a schedule makes at a tick: a UUID of version 7 of that time.
fn request_id(schedule_id: &ScheduleId, tick: Timestamp) -> RecordId {
    let digest = Sha256::digest(format!("{schedule_id} {}", tick.as_millis()));
    let mut id: Vec<String> = vec![format!("{:012x}", tick.as_millis())];
    id.extend(digest.iter().take(4).map(|byte| format!("{byte:02x}")));
    let digits = id.concat();
    let part = |range| digits.get(range).unwrap_or_default();
    let tail = schedule_id.as_str().get(24..).unwrap_or_default();
    RecordId::kept(format!(
        "{}-{}-7{}-8{}-{tail}",
        part(0..8),
        part(8..12),
        part(12..15),
        part(15..18)
    ))
}

/// Makes the requests of the ticks that have come, of a bounded number of schedules: of each project in turn.
///
/// # Errors
/// 503 when the database fails.
pub async fn fire(connection: &Connection, now: Timestamp) -> Result<(), Error> {
    row! {
        struct Due {
            id: ScheduleId,
            schedule: String,
            next_tick: Millis,
        }
    }
    let reading = Parameters::new()
        .integer("now", now.as_millis())
        .integer("looked_at", LOOKED_AT)
        .integer("fired", FIRED);
    let due: Vec<Due> = connection.read(reading.batch([&DUE])).await?.all(&DUE)?;
    if due.is_empty() {
        return Ok(());
    }
    let missed = now.plus_millis(-MISSED);
    let (mut ticks, mut moves) = (Vec::new(), Vec::new());
    for schedule in due {
        let (id, read) = (&schedule.id, schedule.next_tick.0);
        let Ok(cron) = Cron::parse(&schedule.schedule) else {
            continue;
        };
        // What was set for another time of the same schedule does not come at that.
        let mut tick = cron.after(read.max(missed).plus_millis(-1));
        while let Some(at) = tick.filter(|at| *at <= now) {
            ticks.push(json!([
                id.as_str(),
                request_id(id, at).as_str(),
                read.as_millis()
            ]));
            tick = cron.after(at);
        }
        moves.push(json!([
            id.as_str(),
            read.as_millis(),
            tick.map(Timestamp::as_millis)
        ]));
    }
    let writing = Parameters::new()
        .integer("now", now.as_millis())
        .integer("retention_time", RETENTION_TIME)
        .integer("most_pending", MOST_PENDING)
        .text("ticks", json::text(&ticks))
        .text("moves", json::text(&moves))
        .batch([&MAKE, &KEEP, &MOVE_ON]);
    connection.write(writing).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_has_one_id_which_ends_as_its_schedule_does() {
        let schedule = &ScheduleId::named("13a9ba27-6888-4528-826e-8e1002eab13d");
        let tick = Timestamp::parse("2026-11-28T19:08:00Z").unwrap();
        let id = request_id(schedule, tick);
        assert_eq!(RecordId::parse(id.as_str()).unwrap(), id);
        let made = uuid::Uuid::parse_str(id.as_str()).unwrap();
        assert_eq!(made.get_version_num(), 7);
        assert_eq!(made.get_variant(), uuid::Variant::RFC4122);
        let first = crate::domain::requests::first_id_at(tick);
        assert!(id.as_str().starts_with(&first[..13]));
        assert!(id.as_str().ends_with("-8e1002eab13d"));
        assert_eq!(id, request_id(schedule, tick));
        assert_ne!(id, request_id(schedule, tick.plus_millis(60_000)));
    }
}
