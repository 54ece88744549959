//! `/projects/{p}/pipelines`: the records (docs/pipelines.md).

use serde::{Deserialize, Serialize};

use crate::api::Call;
use crate::api::deployments::refuse_plain_fields;
use crate::api::labels::{has_any_label, label_filter};
use crate::domain::{Description, Fields, IoType, Labels, ObjectName, PipelineId};
use crate::http::error::Error;
use crate::http::patch::Patch;
use crate::http::response::Response;
use crate::store::deployments::{PLAIN_INPUT, PLAIN_OUTPUT};
use crate::store::pipelines::{self, NewPipeline, Pipeline, PipelineChanges};
use crate::store::rows::JsonText;

/// The pipeline to create.
#[derive(Debug, Deserialize)]
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

/// What to change of a pipeline; what is absent stays.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineUpdate {
    /// New name; versions, role assignments and pipelines that use it stay.
    pub name: Option<ObjectName>,
    /// The version that requests without one go to; null takes the default away.
    #[serde(default)]
    pub default_version: Patch<ObjectName>,
    /// New description; null clears it.
    #[serde(default)]
    pub description: Patch<Description>,
    /// Whether the input has fields; naming it replaces the fields.
    pub input_type: Option<IoType>,
    /// Whether the output has fields; naming it replaces the fields.
    pub output_type: Option<IoType>,
    /// What goes in, all of it; null is none.
    #[serde(default)]
    pub input_fields: Patch<Fields>,
    /// What comes out, all of it; null is none.
    #[serde(default)]
    pub output_fields: Patch<Fields>,
    /// Labels, all of them; null is none.
    #[serde(default)]
    pub labels: Patch<Labels>,
}

/// A pipeline.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineDetail {
    /// Unique id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The name of the project.
    pub project: String,
    /// Description.
    pub description: String,
    /// `structured` or `plain`.
    pub input_type: String,
    /// `structured` or `plain`.
    pub output_type: String,
    /// What goes in.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Vec<crate::api::deployments::FieldDetail>")
    )]
    pub input_fields: JsonText,
    /// What comes out.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Vec<crate::api::deployments::FieldDetail>")
    )]
    pub output_fields: JsonText,
    /// Labels.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Labels"))]
    pub labels: JsonText,
    /// When it was created.
    pub creation_date: String,
    /// When it was last changed.
    pub last_updated: String,
    /// The version that requests without one go to.
    pub default_version: Option<String>,
}

fn shown(project: &str, pipeline: Pipeline) -> PipelineDetail {
    PipelineDetail {
        id: pipeline.id,
        name: pipeline.name,
        project: project.to_owned(),
        description: pipeline.description,
        input_type: pipeline.input_type,
        output_type: pipeline.output_type,
        input_fields: pipeline.input_fields,
        output_fields: pipeline.output_fields,
        labels: pipeline.labels,
        creation_date: pipeline.creation_date.0.to_zulu_string(),
        last_updated: pipeline.last_updated.0.to_zulu_string(),
        default_version: pipeline.default_version,
    }
}

/// `POST .../pipelines`.
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: PipelineCreate = call.body().await?;
    let id = PipelineId::from_random(call.random()?);
    let new = NewPipeline {
        id: id.as_str(),
        name: &body.name,
        description: &body.description.unwrap_or_default(),
        input_type: body.input_type,
        output_type: body.output_type.unwrap_or(body.input_type),
        input_fields: &body.input_fields.unwrap_or_default(),
        output_fields: &body.output_fields.unwrap_or_default(),
        labels: &body.labels.unwrap_or_default(),
    };
    refuse_plain_fields(new.input_type, new.input_fields, PLAIN_INPUT)?;
    refuse_plain_fields(new.output_type, new.output_fields, PLAIN_OUTPUT)?;
    let project = call.project()?;
    let created = pipelines::create(
        call.session,
        &call.authority,
        &call.occasion()?,
        project,
        new,
    )
    .await?;
    Response::created(&shown(&project.project_name, created))
}

/// `GET .../pipelines`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let wanted = label_filter(&call.query)?;
    let project = call.project()?;
    let mut listed = Vec::new();
    for pipeline in pipelines::list(call.session, project).await? {
        if has_any_label(&pipeline.labels, &wanted)? {
            listed.push(shown(&project.project_name, pipeline));
        }
    }
    Response::ok(&listed)
}

/// `GET .../pipelines/{pipeline_name}`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    let pipeline = pipelines::get(call.session, call.object()?).await?;
    Response::ok(&shown(&call.project()?.project_name, pipeline))
}

/// `PATCH .../pipelines/{pipeline_name}`.
pub(crate) async fn update(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: PipelineUpdate = call.body().await?;
    let changes = PipelineChanges {
        name: body.name,
        description: body.description.or_default(),
        labels: body.labels.or_default(),
        input_type: body.input_type,
        output_type: body.output_type,
        input_fields: body.input_fields.or_default(),
        output_fields: body.output_fields.or_default(),
        default_version: body.default_version,
    };
    if changes.is_empty() {
        return get(call).await;
    }
    let (project, pipeline) = (call.project()?, call.object()?);
    let updated = pipelines::update(
        call.session,
        &call.authority,
        &call.occasion()?,
        project,
        pipeline,
        &changes,
    )
    .await?;
    Response::ok(&shown(&project.project_name, updated))
}

/// `DELETE .../pipelines/{pipeline_name}`.
pub(crate) async fn delete(call: &mut Call<'_>) -> Result<Response, Error> {
    let (project, pipeline) = (call.project()?, call.object()?);
    pipelines::delete(
        call.session,
        &call.authority,
        &call.occasion()?,
        project,
        pipeline,
    )
    .await?;
    Ok(Response::no_content())
}
