//! Versions of deployments and pipelines, as records.
//!
//! Of a version the server acts on its name, description, labels and on whether it is the default; its settings are one
//! JSON object that is checked at the door, kept and shown. A change is a merge patch of it (RFC 7396), so null takes a
//! setting back to its default.
//!
//! A version of a pipeline has a [`graph`] too.

pub mod graph;
pub mod statements;

use serde_json::{Map, Value, json};

use crate::auth::access::Authority;
use crate::domain::json;
use crate::domain::{
    AnyId, Description, Labels, MAX_KEPT, ObjectName, RevisionId, TargetKind, VersionId, quoted,
};
use crate::error::Error;
use crate::sql::Sql;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, given};
use crate::store::connection::Connection;
use crate::store::pipeline_checks::Fault;
use crate::store::pipeline_checks::use_in_pipeline::UseInPipeline;
use crate::store::projects::{self, Project};
use crate::store::rows::{Answers, Flag, JsonText, Millis, Refuse, row};
use crate::store::slices::Slice;
use crate::store::subscriptions::{self, limit_reached};
use crate::store::targets::Target;
use graph::{Graph, Objects};
use statements::Statements;

/// Most instances of a version that says nothing else (UbiOps' documents of `deployment_versions_create`).
pub const MAXIMUM_INSTANCES: i64 = 5;

row! {
    /// A version of a deployment or a pipeline.
    #[derive(Debug, Clone)]
    pub struct Version {
        /// Its id.
        pub id: VersionId,
        /// The name of its deployment or pipeline.
        pub object: String,
        /// Its name, unique in that.
        pub version: String,
        /// Whether requests without a version go to it.
        pub is_default: Flag,
        /// Its description, which may be empty.
        pub description: String,
        /// Its labels.
        pub labels: JsonText,
        /// The settings that were given.
        pub settings: JsonText,
        /// Of a pipeline: what goes from where to where, each with its id.
        pub attachments: Option<JsonText>,
        /// Of a deployment: whether it has an upstream.
        pub has_upstream: Option<Flag>,
        /// Of a deployment: the id of the newest revision of that.
        pub latest_revision: Option<RevisionId>,
        /// When it was created.
        pub creation_date: Millis,
        /// When it was last changed.
        pub last_updated: Millis,
    }
}

/// A version, and its objects; that of a deployment has none.
pub type Whole = (Version, Objects);

/// What is asked for on creation.
pub struct NewVersion {
    /// Its id.
    pub id: VersionId,
    /// Its name.
    pub version: ObjectName,
    /// Its description.
    pub description: Description,
    /// Its labels.
    pub labels: Labels,
    /// The settings that were given.
    pub settings: Map<String, Value>,
    /// Of a pipeline: both parts of it.
    pub graph: Graph,
}

/// What a PATCH changes; what is absent stays.
#[derive(Debug, Default)]
pub struct VersionChanges {
    /// Its name.
    pub version: Option<ObjectName>,
    /// Its description.
    pub description: Option<Description>,
    /// Its labels.
    pub labels: Option<Labels>,
    /// The settings that change; null takes one back to its default.
    pub settings: Map<String, Value>,
    /// What is shown of a setting that was never given, by its name: a change to that is none.
    pub defaults: Value,
    /// Of a pipeline: what it is to consist of.
    pub graph: Graph,
}

/// Creates a version; the default one, if there is none yet.
///
/// # Errors
/// 400 for a taken name, more instances at least than at most, or a graph that does not hold together; 403 for a right
/// lost meanwhile, or the plan's limit; 404 when the target has gone; 503 when the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    project: &Project,
    target: &Target,
    new: &NewVersion,
) -> Result<Whole, Error> {
    let name = new.version.as_str();
    let label = target.version_label(name);
    let texts = statements_of(target.kind);
    let change = Change {
        object_id: new.id.any(),
        after: Some(after(
            target.kind,
            [json!(name), json!(new.description), json::tree(&new.labels)],
            &new.settings,
            &new.graph,
        )),
        ..change_of(project, target, &label, Action::Create)
    };
    let parameters = parameters_of(change, context, target, name)
        .text("description", new.description.as_str())
        .text("labels", new.labels.to_json())
        .text("settings", json::text(&new.settings));
    let parameters = new.graph.parameters(parameters);
    let statements = parameters.batch([texts.create, texts.get_changed].concat());
    let answers = context.connection.write(statements).await?;
    done_or_refused(&answers, context.authority, target, name, &|| {
        target.not_found()
    })?;
    written(&answers, texts)
}

/// The versions of a deployment or a pipeline, by name.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    connection: &Connection,
    target: &Target,
    labels: Option<&str>,
    slice: &Slice,
) -> Result<Vec<Version>, Error> {
    let parameters = Parameters::new()
        .text("resource_id", &target.id)
        .optional_text("labels", labels);
    let listing = statements_of(target.kind).list;
    slice.read(connection, listing, parameters).await
}

/// One version.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn get(
    connection: &Connection,
    authority: &Authority,
    project: &Project,
    target: &Target,
    version: &str,
) -> Result<Whole, Error> {
    let reader = authority.principal();
    let parameters = Parameters::new()
        .flag("operator", reader.is_operator())
        .optional_text("principal_id", reader.id())
        .text("organization_id", &project.organization_id)
        .text("project_id", &project.project_id)
        .text("resource_id", &target.id)
        .text("version", version);
    let get = statements_of(target.kind).get;
    let answers = connection.read(parameters.batch(get)).await?;
    shown(&answers, get)?.ok_or_else(|| target.version_not_found(version))
}

/// The name of the version, or of the default one where none is named; nothing if there is none.
///
/// # Errors
/// 503 when the database fails.
pub async fn name_of(
    connection: &Connection,
    target: &Target,
    version: Option<&str>,
) -> Result<Option<String>, Error> {
    row! {
        struct Row {
            version: String,
        }
    }
    let parameters = Parameters::new()
        .text("resource_id", &target.id)
        .optional_text("version", version);
    let name = statements_of(target.kind).name;
    let found: Option<Row> = connection
        .read(parameters.batch([name]))
        .await?
        .first(name)?;
    Ok(found.map(|row| row.version))
}

/// Changes a version; what changes nothing writes nothing and shows what there is.
///
/// # Errors
/// As [`create`], but for the limit; 404 for a version that does not exist.
pub async fn update(
    context: &ChangeContext<'_>,
    project: &Project,
    target: &Target,
    version: &str,
    changes: &VersionChanges,
) -> Result<Whole, Error> {
    let name = changes.version.as_ref().map_or(version, ObjectName::as_str);
    let label = target.version_label(version);
    let texts = statements_of(target.kind);
    let change = Change {
        after: Some(after(
            target.kind,
            [
                json!(changes.version),
                json!(changes.description),
                json::tree(&changes.labels),
            ],
            &changes.settings,
            &changes.graph,
        )),
        ..change_of(project, target, &label, Action::Update)
    };
    let parameters = parameters_of(change, context, target, version)
        .text("new_version", name)
        .optional_text(
            "description",
            changes.description.as_ref().map(Description::as_str),
        )
        .optional_text("labels", changes.labels.as_ref().map(Labels::to_json))
        .text("settings", json::text(&changes.settings))
        .text("defaults", json::text(&changes.defaults));
    let parameters = changes.graph.parameters(parameters);
    let statements = parameters.batch([texts.update, texts.get_changed].concat());
    let answers = context.connection.write(statements).await?;
    done_or_refused(&answers, context.authority, target, name, &|| {
        target.version_not_found(version)
    })?;
    written(&answers, texts)
}

/// Deletes a version; if it was the default one, there is none.
///
/// # Errors
/// 400 while a pipeline names it; 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    project: &Project,
    target: &Target,
    version: &str,
) -> Result<(), Error> {
    let label = target.version_label(version);
    let change = change_of(project, target, &label, Action::Delete);
    let statements =
        parameters_of(change, context, target, version).batch(statements_of(target.kind).delete);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| target.version_not_found(version)),
        ("may", &|| projects::lacks(context.authority)),
        ("is_unused", &|| {
            let what = format!("the version {}", quoted(version));
            let place: Result<UseInPipeline, Error> = answers.told();
            place.map_or_else(|error| error, |place| place.refusal(&what, "a"))
        }),
    ])
}

fn statements_of(kind: TargetKind) -> &'static Statements {
    match kind {
        TargetKind::Deployment => &statements::deployments::STATEMENTS,
        TargetKind::Pipeline => &statements::pipelines::STATEMENTS,
    }
}

/// What can be in the way of a new or changed version that is to have this name. Objects and attachments are judged
/// wherever a body names them, those of before as well: else a guess of what a version refers to would be told from a
/// wrong one.
fn done_or_refused(
    answers: &Answers,
    authority: &Authority,
    target: &Target,
    name: &str,
    not_found: &dyn Refuse,
) -> Result<(), Error> {
    answers.done_or(&[
        ("found", not_found),
        ("may", &|| projects::lacks(authority)),
        ("name_is_free", &|| {
            Error::invalid(format!(
                "version: the {} '{}' has a version '{name}' already",
                target.kind.name(),
                target.name
            ))
        }),
        ("instances_fit", &|| {
            Error::invalid("minimum_instances: it is above maximum_instances")
        }),
        ("kept_fits", &|| {
            let what = match target.kind {
                TargetKind::Deployment => "command, args: with all other settings",
                TargetKind::Pipeline => "metadata: with what there is already",
            };
            Error::invalid(format!(
                "{what}, they would have more than {MAX_KEPT} bytes of JSON"
            ))
        }),
        ("subscription_runs", &subscriptions::ended),
        ("plan_allows", &|| {
            limit_reached(&format!("{}s", target.kind.version_name()))
        }),
        ("graph_holds", &|| {
            let fault: Result<Fault, Error> = answers.told();
            fault.map_or_else(|error| error, |fault| fault.refusal())
        }),
    ])
}

/// The version that a write has made or changed, or left as it is.
fn written(answers: &Answers, texts: &Statements) -> Result<Whole, Error> {
    let written = shown(answers, texts.get_changed)?;
    written.ok_or_else(|| Error::inconsistent("a version that was written is not there"))
}

/// The version that these statements show, if it is there.
fn shown(answers: &Answers, by: &[&'static Sql]) -> Result<Option<Whole>, Error> {
    let (version, objects) = match *by {
        [version] => (version, Objects::default()),
        [version, objects, fields] => {
            let (objects, fields) = (answers.all(objects)?, answers.all(fields)?);
            (version, Objects { objects, fields })
        }
        _ => return Err(Error::inconsistent("no version is shown so")),
    };
    let version: Option<Version> = answers.first(version)?;
    Ok(version.map(|version| (version, objects)))
}

/// What the trail keeps of a new or changed version: null is what stays.
fn after(
    kind: TargetKind,
    [version, description, labels]: [Value; 3],
    settings: &Map<String, Value>,
    graph: &Graph,
) -> Value {
    let is_graph = kind == TargetKind::Pipeline;
    let part = |part: &Option<Value>| part.clone().unwrap_or_default();
    given(vec![
        ("version", Some(version)),
        ("description", Some(description)),
        ("labels", Some(labels)),
        ("settings", Some(Value::Object(settings.clone()))),
        ("objects", is_graph.then(|| part(&graph.objects))),
        ("attachments", is_graph.then(|| part(&graph.attachments))),
    ])
}

fn parameters_of(
    change: Change<'_>,
    context: &ChangeContext<'_>,
    target: &Target,
    version: &str,
) -> Parameters {
    target
        .parameters(change.parameters(context))
        .text("version", version)
        .integer("maximum_instances", MAXIMUM_INSTANCES)
        .integer("max_kept", MAX_KEPT as i64)
}

fn change_of<'a>(
    project: &'a Project,
    target: &Target,
    label: &'a str,
    action: Action,
) -> Change<'a> {
    project.change(action, target.kind.version_name(), AnyId::default(), label)
}
