//! What deployments and pipelines are alike in: how they are shown, and all of a handler that is behind its body.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::labels::label_filter;
use crate::api::{Call, OnProject, OnTarget};
use crate::domain::{DataType, Fields, IoType, TargetKind};
use crate::error::Error;
use crate::store::projects::Project;
use crate::store::rows::{Flag, JsonText};
use crate::store::targets::records::{
    self, NewRecord, PLAIN_INPUT, PLAIN_OUTPUT, Record, RecordChanges,
};
use crate::web::response::Response;

/// A field of an input or output.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct FieldDetail {
    /// Name of the field.
    pub name: String,
    /// Type of the field's value.
    pub data_type: DataType,
    /// How the field is shown to people; empty where no widget was given.
    pub widget: Map<String, Value>,
}

/// Declares how a kind is shown, with a field that only this kind has and where it is taken from.
macro_rules! detail {
    (
        $(#[$doc:meta])* $name:ident
        $(, $(#[$own_doc:meta])* $own:ident: $type:ty = $of_record:expr)?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Serialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
        pub struct $name {
            /// Unique id of the deployment or pipeline.
            pub id: String,
            /// Name of the deployment or pipeline.
            pub name: String,
            /// Name of the project.
            pub project: String,
            /// Description of the deployment or pipeline.
            pub description: String,
            /// Type of the input: `structured` or `plain`.
            pub input_type: String,
            /// Type of the output: `structured` or `plain`.
            pub output_type: String,
            /// Fields of the input.
            #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<FieldDetail>"))]
            pub input_fields: JsonText,
            /// Fields of the output.
            #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<FieldDetail>"))]
            pub output_fields: JsonText,
            $($(#[$own_doc])* pub $own: $type,)?
            /// Labels of the deployment or pipeline.
            #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "crate::domain::Labels"))]
            pub labels: JsonText,
            /// When the deployment or pipeline was created.
            pub creation_date: String,
            /// When the deployment or pipeline was last changed.
            pub last_updated: String,
            /// Version that requests which name no version go to.
            pub default_version: Option<String>,
        }

        impl $name {
            fn of(project: &str, record: Record) -> Self {
                Self {
                    $($own: $of_record(&record),)?
                    id: record.id.into(),
                    name: record.name,
                    project: project.to_owned(),
                    description: record.description,
                    input_type: record.input_type,
                    output_type: record.output_type,
                    input_fields: record.input_fields,
                    output_fields: record.output_fields,
                    labels: record.labels,
                    creation_date: record.creation_date.0.to_zulu_string(),
                    last_updated: record.last_updated.0.to_zulu_string(),
                    default_version: record.default_version,
                }
            }
        }
    };
}

detail!(
    /// A deployment.
    DeploymentDetail,
    /// Whether the deployment takes requests in the format of UbiOps.
    supports_request_format: bool = supports_request_format
);
detail!(
    /// A pipeline.
    PipelineDetail
);

fn supports_request_format(record: &Record) -> bool {
    record.supports_request_format == Some(Flag(true))
}

/// A target, as its kind is shown.
#[derive(Serialize)]
#[serde(untagged)]
enum Detail {
    Deployment(DeploymentDetail),
    Pipeline(PipelineDetail),
}

fn shown(project: &Project, kind: TargetKind, record: Record) -> Detail {
    let project = &project.project_name;
    match kind {
        TargetKind::Deployment => Detail::Deployment(DeploymentDetail::of(project, record)),
        TargetKind::Pipeline => Detail::Pipeline(PipelineDetail::of(project, record)),
    }
}

/// Creates what a body has asked for.
pub(super) async fn create(call: &Call<'_, OnProject>, new: &NewRecord) -> Result<Response, Error> {
    refuse_plain_fields(new.input_type, &new.input_fields, PLAIN_INPUT)?;
    refuse_plain_fields(new.output_type, &new.output_fields, PLAIN_OUTPUT)?;
    let created = records::create(&call.change_context()?, call.project(), new).await?;
    Response::created(&shown(call.project(), new.kind, created))
}

/// Refuses fields on a plain side of something new.
fn refuse_plain_fields(side: IoType, fields: &Fields, sentence: &'static str) -> Result<(), Error> {
    if side == IoType::Plain && !fields.is_empty() {
        return Err(Error::invalid(sentence));
    }
    Ok(())
}

/// Lists those of the project that have one of the labels that the query asks for.
pub(super) async fn list(call: &Call<'_, OnProject>, kind: TargetKind) -> Result<Response, Error> {
    let labels = label_filter(&call.query)?;
    let (project, slice) = (call.project(), call.slice()?);
    let records = records::list(call.connection, project, kind, labels.as_deref(), &slice).await?;
    let listed = records
        .into_iter()
        .map(|record| shown(project, kind, record));
    Response::list(listed)
}

/// `GET .../deployments/{deployment_name}` and `GET .../pipelines/{pipeline_name}`.
pub(crate) async fn get(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let target = call.target();
    let found = records::get(call.connection, target).await?;
    Response::ok(&shown(call.project(), target.kind, found))
}

/// Makes the changes that a body has asked for; shows what there is, if they come to nothing.
pub(super) async fn update(
    call: &mut Call<'_, OnTarget>,
    changes: &RecordChanges,
) -> Result<Response, Error> {
    let target = call.target();
    let updated = records::update(&call.change_context()?, call.project(), target, changes).await?;
    Response::ok(&shown(call.project(), target.kind, updated))
}

/// `DELETE .../deployments/{deployment_name}` and `DELETE .../pipelines/{pipeline_name}`.
pub(crate) async fn delete(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    records::delete(&call.change_context()?, call.project(), call.target()).await?;
    Ok(Response::no_content())
}
