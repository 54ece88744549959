//! Versions of pipelines, as records: objects, and the attachments between them.
//!
//! Objects have rows of their own and refer to deployments and pipelines by id, so renames keep them and a deletion can
//! ask who uses it; attachments speak of names within the version, so they are one JSON list. That both hold together
//! is a condition of the permit ([`pipeline_checks`](crate::store::pipeline_checks)).

pub mod statements;

use serde_json::{Map, Value, json};

use crate::auth::access::Authority;
use crate::domain::{Description, Labels, ObjectName};
use crate::http::error::Error;
use crate::store::audit::{Action, Change, Occasion};
use crate::store::objects::Object;
use crate::store::pipeline_checks::Faults;
use crate::store::projects::{self, Project};
use crate::store::rows::{Flag, JsonText, Millis, row};
use crate::store::session::Session;
use crate::store::statement::Parameters;
use crate::store::subscriptions::{self, limit_reached};
use statements::{
    AFTER_CREATE, AFTER_DELETE, AFTER_UPDATE, DELETE, DELETE_OBJECTS, GET, GET_CHANGED, INSERT,
    INSERT_OBJECTS, LIST, NAME, OBJECTS, OBJECTS_OF_CHANGED, PERMIT_CREATE, PERMIT_DELETE,
    PERMIT_UPDATE, UPDATE,
};

row! {
    /// A version of a pipeline.
    #[derive(Debug, Clone)]
    pub struct PipelineVersion {
        /// Its id.
        pub id: String,
        /// The name of its pipeline.
        pub pipeline: String,
        /// Its name, unique in the pipeline.
        pub version: String,
        /// Whether requests without a version go to it.
        pub is_default: Flag,
        /// Its description, which may be empty.
        pub description: String,
        /// Its labels.
        pub labels: JsonText,
        /// The settings that were given.
        pub settings: JsonText,
        /// What goes from where to where, each with its id.
        pub attachments: JsonText,
        /// When it was created.
        pub creation_date: Millis,
        /// When it was last changed.
        pub last_updated: Millis,
    }
}

row! {
    /// An object of a version, with what it refers to as that is now.
    #[derive(Debug, Clone)]
    pub struct ObjectRow {
        /// Its id.
        pub id: String,
        /// Its name.
        pub name: String,
        /// `deployment`, `pipeline` or `operator`.
        pub reference_type: String,
        /// The name of what it refers to.
        pub reference_name: String,
        /// The version of that; none is the default version.
        pub version: Option<String>,
        /// Whether what it refers to takes fields.
        pub input_type: Option<String>,
        /// Whether what it refers to gives fields.
        pub output_type: Option<String>,
        /// The fields that it takes.
        pub input_fields: Option<JsonText>,
        /// The fields that it gives.
        pub output_fields: Option<JsonText>,
        /// Its settings.
        pub configuration: JsonText,
        /// Texts about it.
        pub metadata: JsonText,
    }
}

/// What is asked for on creation.
pub struct NewPipelineVersion<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub version: &'a ObjectName,
    /// Its description.
    pub description: &'a Description,
    /// Its labels.
    pub labels: &'a Labels,
    /// The settings that were given.
    pub settings: Map<String, Value>,
    /// Its objects, each with its id.
    pub objects: Value,
    /// What goes from where to where, each with its id.
    pub attachments: Value,
}

/// What a PATCH changes; what is absent stays.
#[derive(Debug, Default)]
pub struct PipelineVersionChanges {
    /// Its name.
    pub version: Option<ObjectName>,
    /// Its description.
    pub description: Option<Description>,
    /// Its labels.
    pub labels: Option<Labels>,
    /// The settings that change; null takes one back to its default.
    pub settings: Map<String, Value>,
    /// Its objects, all of them, each with its id.
    pub objects: Option<Value>,
    /// What goes from where to where, all of it, each with its id.
    pub attachments: Option<Value>,
}

/// A version, and its objects in their order.
pub type Whole = (PipelineVersion, Vec<ObjectRow>);

impl PipelineVersionChanges {
    /// Whether nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.version.is_none()
            && self.description.is_none()
            && self.labels.is_none()
            && self.settings.is_empty()
            && self.objects.is_none()
            && self.attachments.is_none()
    }
}

row! {
    struct AfterWrite {
        done: Flag,
        found: Flag,
        may: Flag,
        name_is_free: Flag,
        subscription_runs: Flag,
        plan_allows: Flag,
    }
}

impl AfterWrite {
    fn refusal(
        &self,
        faults: &Faults,
        authority: &Authority,
        pipeline: &Object,
        name: &str,
    ) -> Error {
        if !self.may.0 {
            return projects::lacks(authority);
        }
        if !self.name_is_free.0 {
            return Error::invalid(format!(
                "version: the pipeline '{}' has a version '{name}' already",
                pipeline.name
            ));
        }
        if !self.subscription_runs.0 {
            return subscriptions::ended();
        }
        if !self.plan_allows.0 {
            return limit_reached("pipeline_versions");
        }
        match faults.refusal() {
            Ok(Some(error)) | Err(error) => error,
            Ok(None) => Error::inconsistent("a version of a pipeline was refused for no reason"),
        }
    }
}

/// Creates a version; the default one, if the pipeline has none.
///
/// # Errors
/// 400 for a taken name, or what does not hold together; 403 for a right lost meanwhile, or the plan's limit; 404 when
/// the pipeline has gone; 503 when the database fails.
pub async fn create(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    pipeline: &Object,
    new: NewPipelineVersion<'_>,
) -> Result<Whole, Error> {
    let name = new.version.as_str();
    let label = pipeline.version_label(name);
    let change = Change {
        object_id: new.id,
        after: Some(json!({
            "version": name, "description": new.description, "labels": new.labels, "settings": new.settings,
            "objects": new.objects, "attachments": new.attachments,
        })),
        ..change_of(project, &label, Action::Create)
    };
    let statements = parameters_of(change, authority, occasion, pipeline, name)
        .text("description", new.description.as_str())
        .text("labels", new.labels.to_json())
        .text("settings", Value::Object(new.settings).to_string())
        .flag("sets_objects", true)
        .text("objects", new.objects.to_string())
        .flag("sets_attachments", true)
        .text("attachments", new.attachments.to_string())
        .batch([
            &PERMIT_CREATE,
            &INSERT,
            &INSERT_OBJECTS,
            &GET_CHANGED,
            &OBJECTS_OF_CHANGED,
            &AFTER_CREATE,
        ]);
    let answers = session.write(statements).await?;
    let (after, faults): (AfterWrite, Faults) = answers.only(5)?;
    match (after.done.0, after.found.0) {
        (true, _) => Ok((answers.only(3)?, answers.all(4)?)),
        (false, false) => Err(pipeline.not_found()),
        (false, true) => Err(after.refusal(&faults, authority, pipeline, name)),
    }
}

/// The versions of a pipeline, by name.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(session: &Session<'_>, pipeline: &Object) -> Result<Vec<PipelineVersion>, Error> {
    let parameters = Parameters::new().text("resource_id", &pipeline.id);
    session.read(parameters.batch([&LIST])).await?.all(0)
}

/// One version of a pipeline, with its objects.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn get(session: &Session<'_>, pipeline: &Object, version: &str) -> Result<Whole, Error> {
    let parameters = Parameters::new()
        .text("resource_id", &pipeline.id)
        .text("version", version);
    let answers = session.read(parameters.batch([&GET, &OBJECTS])).await?;
    match answers.first(0)? {
        Some(found) => Ok((found, answers.all(1)?)),
        None => Err(pipeline.version_not_found(version)),
    }
}

/// The name of the version, or of the default one where none is named; nothing if there is none.
///
/// # Errors
/// 503 when the database fails.
pub async fn name_of(
    session: &Session<'_>,
    pipeline: &Object,
    version: Option<&str>,
) -> Result<Option<String>, Error> {
    row! {
        struct Row {
            version: String,
        }
    }
    let parameters = Parameters::new()
        .text("resource_id", &pipeline.id)
        .optional_text("version", version);
    let found: Option<Row> = session.read(parameters.batch([&NAME])).await?.first(0)?;
    Ok(found.map(|row| row.version))
}

/// Changes a version.
///
/// # Errors
/// As [`create`], but for the limit; 404 for a version that does not exist.
pub async fn update(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    pipeline: &Object,
    version: &str,
    changes: PipelineVersionChanges,
) -> Result<Whole, Error> {
    let name = changes.version.as_ref().map_or(version, ObjectName::as_str);
    let label = pipeline.version_label(version);
    let change = Change {
        after: Some(json!({
            "version": changes.version, "description": changes.description, "labels": changes.labels,
            "settings": changes.settings, "objects": changes.objects, "attachments": changes.attachments,
        })),
        ..change_of(project, &label, Action::Update)
    };
    let statements = parameters_of(change, authority, occasion, pipeline, version)
        .text("new_version", name)
        .optional_text(
            "description",
            changes.description.as_ref().map(Description::as_str),
        )
        .optional_text("labels", changes.labels.as_ref().map(Labels::to_json))
        .text("settings", Value::Object(changes.settings).to_string())
        .flag("sets_objects", changes.objects.is_some())
        .text("objects", json_list(changes.objects.as_ref()))
        .flag("sets_attachments", changes.attachments.is_some())
        .text("attachments", json_list(changes.attachments.as_ref()))
        .batch([
            &PERMIT_UPDATE,
            &UPDATE,
            &DELETE_OBJECTS,
            &INSERT_OBJECTS,
            &GET_CHANGED,
            &OBJECTS_OF_CHANGED,
            &AFTER_UPDATE,
        ]);
    let answers = session.write(statements).await?;
    let (after, faults): (AfterWrite, Faults) = answers.only(6)?;
    match (after.done.0, after.found.0) {
        (true, _) => Ok((answers.only(4)?, answers.all(5)?)),
        (false, false) => Err(pipeline.version_not_found(version)),
        (false, true) => Err(after.refusal(&faults, authority, pipeline, name)),
    }
}

/// Deletes a version; if it was the default one, the pipeline has none.
///
/// # Errors
/// 400 while a pipeline names it; 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    pipeline: &Object,
    version: &str,
) -> Result<(), Error> {
    row! {
        struct After {
            done: Flag,
            found: Flag,
            may: Flag,
            is_unused: Flag,
        }
    }
    let label = pipeline.version_label(version);
    let change = change_of(project, &label, Action::Delete);
    let statements = parameters_of(change, authority, occasion, pipeline, version).batch([
        &PERMIT_DELETE,
        &DELETE,
        &AFTER_DELETE,
    ]);
    let after: After = session.write(statements).await?.only(2)?;
    if after.done.0 {
        return Ok(());
    }
    Err(if !after.found.0 {
        pipeline.version_not_found(version)
    } else if !after.may.0 {
        projects::lacks(authority)
    } else if !after.is_unused.0 {
        Error::invalid(format!(
            "the version '{version}' is used in a pipeline; take it out there first"
        ))
    } else {
        Error::inconsistent("the deletion of a version was refused for no reason")
    })
}

fn json_list(value: Option<&Value>) -> String {
    value.map_or_else(|| "[]".to_owned(), Value::to_string)
}

fn parameters_of(
    change: Change<'_>,
    authority: &Authority,
    occasion: &Occasion,
    pipeline: &Object,
    version: &str,
) -> Parameters {
    change
        .parameters(authority, occasion)
        .text("resource_type", pipeline.kind.name())
        .text("resource_id", &pipeline.id)
        .text("version", version)
}

fn change_of<'a>(project: &'a Project, label: &'a str, action: Action) -> Change<'a> {
    Change {
        action,
        object_type: "pipeline_version",
        object_id: "",
        object_name: label,
        organization_id: Some(&project.organization_id),
        project_id: Some(&project.project_id),
        after: None,
    }
}
