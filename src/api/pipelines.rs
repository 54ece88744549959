//! `/projects/{p}/pipelines`: the records (docs/deployments.md).

use crate::api::{Call, OnObject, OnProject, objects};
use crate::domain::json::object;
use crate::domain::{Description, Fields, IoType, Labels, ObjectName, ObjectType, PipelineId};
use crate::error::Error;
use crate::http::patch::Patch;
use crate::http::response::Response;
use crate::store::objects::records::{NewRecord, RecordChanges};

object! {
    /// The pipeline to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct PipelineCreate {
        /// Name, unique in the project.
        pub name: ObjectName,
        /// Description.
        pub description: Option<Description>,
        /// Whether the input has fields.
        pub input_type: IoType,
        /// Whether the output has fields; as the input if absent.
        pub output_type: Option<IoType>,
        /// What goes in; none for a plain input.
        pub input_fields: Option<Fields>,
        /// What comes out; none for a plain output.
        pub output_fields: Option<Fields>,
        /// Labels.
        pub labels: Option<Labels>,
    }
}

object! {
    /// What to change of a pipeline; what is absent stays.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct PipelineUpdate {
        /// New name; versions, role assignments and pipelines that use it stay.
        pub name: Patch<ObjectName>,
        /// The version that requests without one go to; null takes the default away.
        pub default_version: Patch<ObjectName>,
        /// New description; null clears it.
        pub description: Patch<Description>,
        /// Whether the input has fields; naming it replaces the fields.
        pub input_type: Patch<IoType>,
        /// Whether the output has fields; naming it replaces the fields.
        pub output_type: Patch<IoType>,
        /// What goes in, all of it; null is none.
        pub input_fields: Patch<Fields>,
        /// What comes out, all of it; null is none.
        pub output_fields: Patch<Fields>,
        /// Labels, all of them; null is none.
        pub labels: Patch<Labels>,
    }
}

/// `POST .../pipelines`.
pub(crate) async fn create(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: PipelineCreate = call.body().await?;
    let new = NewRecord {
        kind: ObjectType::Pipeline,
        id: PipelineId::from_random(call.random()?).to_string(),
        name: body.name,
        description: body.description.unwrap_or_default(),
        input_type: body.input_type,
        output_type: body.output_type.unwrap_or(body.input_type),
        input_fields: body.input_fields.unwrap_or_default(),
        output_fields: body.output_fields.unwrap_or_default(),
        supports_request_format: None,
        labels: body.labels.unwrap_or_default(),
    };
    objects::create(call, &new).await
}

/// `GET .../pipelines`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    objects::list(call, ObjectType::Pipeline).await
}

/// `PATCH .../pipelines/{pipeline_name}`.
pub(crate) async fn update(call: &mut Call<'_, OnObject>) -> Result<Response, Error> {
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
    objects::update(call, &changes).await
}
