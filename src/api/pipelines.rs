//! `/projects/{p}/pipelines`: the records (docs/deployments.md).

use crate::api::{Call, OnProject, OnTarget, targets};
use crate::domain::json::object;
use crate::domain::{Description, Fields, IoType, Labels, ObjectName, TargetId, TargetKind};
use crate::error::Error;
use crate::store::targets::records::{NewRecord, RecordChanges};
use crate::web::patch::Patch;
use crate::web::response::Response;

object! {
    /// The pipeline to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct PipelineCreate {
        /// Name of the pipeline, unique in the project.
        pub name: ObjectName,
        /// Description of the pipeline.
        pub description: Option<Description>,
        /// Whether the input has fields (`structured`) or not (`plain`).
        pub input_type: IoType,
        /// Whether the output has fields (`structured`) or not (`plain`); the type of the input if absent.
        pub output_type: Option<IoType>,
        /// Fields of the input; none for a plain input.
        pub input_fields: Option<Fields>,
        /// Fields of the output; none for a plain output.
        pub output_fields: Option<Fields>,
        /// Labels of the pipeline.
        pub labels: Option<Labels>,
    }
}

object! {
    /// Changes to a pipeline; absent fields stay as they are.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct PipelineUpdate {
        /// New name of the pipeline; its versions, its role assignments and the pipelines that use it stay.
        pub name: Patch<ObjectName>,
        /// Version that requests which name no version go to; null removes the default version.
        pub default_version: Patch<ObjectName>,
        /// New description; null clears it.
        pub description: Patch<Description>,
        /// Whether the input has fields (`structured`) or not (`plain`); giving it replaces the fields of the input.
        pub input_type: Patch<IoType>,
        /// Whether the output has fields (`structured`) or not (`plain`); giving it replaces the fields of the output.
        pub output_type: Patch<IoType>,
        /// All fields of the input; null removes all fields.
        pub input_fields: Patch<Fields>,
        /// All fields of the output; null removes all fields.
        pub output_fields: Patch<Fields>,
        /// All labels of the pipeline; null removes all labels.
        pub labels: Patch<Labels>,
    }
}

/// `POST .../pipelines`.
pub(crate) async fn create(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: PipelineCreate = call.body().await?;
    let new = NewRecord {
        kind: TargetKind::Pipeline,
        id: TargetId::from_random(call.random()?),
        name: body.name,
        description: body.description.unwrap_or_default(),
        input_type: body.input_type,
        output_type: body.output_type.unwrap_or(body.input_type),
        input_fields: body.input_fields.unwrap_or_default(),
        output_fields: body.output_fields.unwrap_or_default(),
        supports_request_format: None,
        labels: body.labels.unwrap_or_default(),
    };
    targets::create(call, &new).await
}

/// `GET .../pipelines`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    targets::list(call, TargetKind::Pipeline).await
}

/// `PATCH .../pipelines/{pipeline_name}`.
pub(crate) async fn update(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let body: PipelineUpdate = call.body().await?;
    let changes = RecordChanges {
        name: body.name.or_keep("name")?,
        description: body.description.or_default(),
        labels: body.labels.or_default(),
        input_type: body.input_type.or_keep("input_type")?,
        output_type: body.output_type.or_keep("output_type")?,
        input_fields: body.input_fields.or_default(),
        output_fields: body.output_fields.or_default(),
        default_version: body.default_version,
    };
    targets::update(call, &changes).await
}
