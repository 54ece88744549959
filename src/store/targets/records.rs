//! Deployments and pipelines, as records: what a role, a version and a count refer to.
//!
//! Both kinds go by the same rules, over tables of their own ([`statements`](super::statements)). What is in them is in
//! their versions ([`versions`](crate::store::versions)).

use serde_json::{Value, json};

use super::Target;
use crate::domain::json;
use crate::domain::{
    Description, Fields, IoType, Labels, ObjectName, TargetId, TargetKind, quoted,
};
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, given};
use crate::store::connection::Connection;
use crate::store::pipeline_checks::lost_field::LostField;
use crate::store::pipeline_checks::use_in_pipeline::UseInPipeline;
use crate::store::projects::{self, Project};
use crate::store::rows::{Flag, JsonText, Millis, row};
use crate::store::slices::Slice;
use crate::store::subscriptions::{self, limit_reached};
use crate::web::patch::Patch;

/// The 400 of fields on a plain input.
pub const PLAIN_INPUT: &str = "input_fields: a plain input has no fields";
/// The 400 of fields on a plain output.
pub const PLAIN_OUTPUT: &str = "output_fields: a plain output has no fields";

row! {
    /// A deployment or a pipeline.
    #[derive(Debug, Clone)]
    pub struct Record {
        /// Its id.
        pub id: TargetId,
        /// Its name, unique in the project among its kind.
        pub name: String,
        /// Its description, which may be empty.
        pub description: String,
        /// `structured` or `plain`.
        pub input_type: String,
        /// `structured` or `plain`.
        pub output_type: String,
        /// What goes in, field by field.
        pub input_fields: JsonText,
        /// What comes out, field by field.
        pub output_fields: JsonText,
        /// Of a deployment: whether it takes requests as UbiOps forms them.
        pub supports_request_format: Option<Flag>,
        /// Its labels.
        pub labels: JsonText,
        /// When it was created.
        pub creation_date: Millis,
        /// When it was last changed.
        pub last_updated: Millis,
        /// The version that requests without one go to.
        pub default_version: Option<String>,
    }
}

/// What is asked for on creation.
pub struct NewRecord {
    /// Its kind.
    pub kind: TargetKind,
    /// Its id.
    pub id: TargetId,
    /// Its name.
    pub name: ObjectName,
    /// Its description.
    pub description: Description,
    /// Whether its input has fields.
    pub input_type: IoType,
    /// Whether its output has fields.
    pub output_type: IoType,
    /// What goes in.
    pub input_fields: Fields,
    /// What comes out.
    pub output_fields: Fields,
    /// Of a deployment: whether it takes requests as UbiOps forms them.
    pub supports_request_format: Option<bool>,
    /// Its labels.
    pub labels: Labels,
}

impl NewRecord {
    fn to_json(&self) -> Value {
        given(vec![
            ("name", Some(json!(self.name))),
            ("description", Some(json!(self.description))),
            ("input_type", Some(json!(self.input_type))),
            ("output_type", Some(json!(self.output_type))),
            ("input_fields", Some(json!(self.input_fields))),
            ("output_fields", Some(json!(self.output_fields))),
            (
                "supports_request_format",
                self.supports_request_format.map(Value::Bool),
            ),
            ("labels", Some(json::tree(&self.labels))),
        ])
    }
}

/// Creates a deployment or a pipeline.
///
/// # Errors
/// 400 for a taken name; 403 for a right lost meanwhile, or the plan's limit; 404 when the project has gone; 503 when
/// the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    project: &Project,
    new: &NewRecord,
) -> Result<Record, Error> {
    let (kind, name) = (new.kind, new.name.as_str());
    let change = Change {
        after: Some(new.to_json()),
        ..project.change(Action::Create, kind.name(), new.id.any(), name)
    };
    let statements = change
        .parameters(context)
        .text("name", name)
        .text("description", new.description.as_str())
        .text("input_type", new.input_type.name())
        .text("output_type", new.output_type.name())
        .text("input_fields", new.input_fields.to_json())
        .text("output_fields", new.output_fields.to_json())
        .flag(
            "supports_request_format",
            new.supports_request_format == Some(true),
        )
        .text("labels", new.labels.to_json())
        .batch(kind.statements().create);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| projects::not_found(&project.project_name)),
        ("may", &|| projects::lacks(context.authority)),
        ("name_is_free", &|| name_is_taken(kind, name)),
        ("subscription_runs", &subscriptions::ended),
        ("plan_allows", &|| limit_reached(kind.plural())),
    ])?;
    answers.only(kind.statements().get)
}

fn name_is_taken(kind: TargetKind, name: &str) -> Error {
    Error::invalid(format!(
        "name: a {} '{name}' exists already in this project",
        kind.name()
    ))
}

/// Those of a project, by name.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    connection: &Connection,
    project: &Project,
    kind: TargetKind,
    labels: Option<&str>,
    slice: &Slice,
) -> Result<Vec<Record>, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .optional_text("labels", labels);
    let listing = kind.statements().list;
    slice.read(connection, listing, parameters).await
}

/// The one of the path.
///
/// # Errors
/// 404 when it has gone; 503 when the database fails.
pub async fn get(connection: &Connection, target: &Target) -> Result<Record, Error> {
    let parameters = Parameters::new().text("object_id", &target.id);
    let get = target.kind.statements().get;
    let found = connection.read(parameters.batch([get])).await?.first(get)?;
    found.ok_or_else(|| target.not_found())
}

/// What a PATCH changes; what is absent stays.
#[derive(Debug, Default)]
pub struct RecordChanges {
    /// Its name.
    pub name: Option<ObjectName>,
    /// Its description.
    pub description: Option<Description>,
    /// Its labels.
    pub labels: Option<Labels>,
    /// Whether its input has fields; replaces them.
    pub input_type: Option<IoType>,
    /// Whether its output has fields; replaces them.
    pub output_type: Option<IoType>,
    /// What goes in.
    pub input_fields: Option<Fields>,
    /// What comes out.
    pub output_fields: Option<Fields>,
    /// The version that requests without one go to; null is none.
    pub default_version: Patch<ObjectName>,
}

impl RecordChanges {
    fn to_json(&self) -> Value {
        let default = &self.default_version;
        given(vec![
            ("name", self.name.as_ref().map(|name| json!(name))),
            (
                "description",
                self.description.as_ref().map(|text| json!(text)),
            ),
            ("labels", self.labels.as_ref().map(json::tree)),
            ("input_type", self.input_type.map(|kind| json!(kind))),
            ("output_type", self.output_type.map(|kind| json!(kind))),
            (
                "input_fields",
                self.input_fields.as_ref().map(|fields| json!(fields)),
            ),
            (
                "output_fields",
                self.output_fields.as_ref().map(|fields| json!(fields)),
            ),
            (
                "default_version",
                default.is_present().then(|| json!(default.value())),
            ),
        ])
    }
}

/// Changes a deployment or a pipeline; what changes nothing writes nothing and shows what there is.
///
/// # Errors
/// 400 for a taken name, fields of a plain side, or a field that a pipeline maps; 403 for a right lost meanwhile; 404 when
/// it has gone; for an unknown default version 404 of a deployment and 400 of a pipeline; 503 when the database fails.
pub async fn update(
    context: &ChangeContext<'_>,
    project: &Project,
    target: &Target,
    changes: &RecordChanges,
) -> Result<Record, Error> {
    let change = Change {
        after: Some(changes.to_json()),
        ..change_of(project, target, Action::Update)
    };
    let name = changes.name.as_ref().map(ObjectName::as_str);
    let default = &changes.default_version;
    let default_name = default.value().map(ObjectName::as_str);
    let statements = target
        .parameters(change.parameters(context))
        .optional_text("name", name)
        .optional_text(
            "description",
            changes.description.as_ref().map(Description::as_str),
        )
        .optional_text("labels", changes.labels.as_ref().map(Labels::to_json))
        .optional_text("input_type", changes.input_type.map(IoType::name))
        .optional_text("output_type", changes.output_type.map(IoType::name))
        .optional_text(
            "input_fields",
            changes.input_fields.as_ref().map(Fields::to_json),
        )
        .optional_text(
            "output_fields",
            changes.output_fields.as_ref().map(Fields::to_json),
        )
        .flag("sets_default_version", default.is_present())
        .optional_text("default_version", default_name)
        .batch(target.kind.statements().update);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| target.not_found()),
        ("may", &|| projects::lacks(context.authority)),
        ("name_is_free", &|| {
            name_is_taken(target.kind, name.unwrap_or_default())
        }),
        ("input_fits", &|| Error::invalid(PLAIN_INPUT)),
        ("output_fits", &|| Error::invalid(PLAIN_OUTPUT)),
        ("default_exists", &|| {
            let wanted = default_name.unwrap_or_default();
            target.kind.default_version_not_found(&target.name, wanted)
        }),
        ("fields_stay", &|| {
            let lost: Result<LostField, Error> = answers.told();
            lost.map_or_else(|error| error, |lost| lost.refusal())
        }),
    ])?;
    answers.only(target.kind.statements().get)
}

/// Deletes a deployment or a pipeline, with its versions and the role assignments on it.
///
/// # Errors
/// 400 while a pipeline uses it; 403 for a right lost meanwhile; 404 when it has gone; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    project: &Project,
    target: &Target,
) -> Result<(), Error> {
    let change = change_of(project, target, Action::Delete);
    let statements = target
        .parameters(change.parameters(context))
        .batch(target.kind.statements().delete);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| target.not_found()),
        ("may", &|| projects::lacks(context.authority)),
        ("is_unused", &|| {
            let what = format!("the {} {}", target.kind.name(), quoted(&target.name));
            let which = match target.kind {
                TargetKind::Deployment => "a",
                TargetKind::Pipeline => "another",
            };
            let place: Result<UseInPipeline, Error> = answers.told();
            place.map_or_else(|error| error, |place| place.refusal(&what, which))
        }),
    ])
}

fn change_of<'a>(project: &'a Project, target: &'a Target, action: Action) -> Change<'a> {
    project.change(action, target.kind.name(), target.id.any(), &target.name)
}
