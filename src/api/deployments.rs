//! `/projects/{p}/deployments`: the records (docs/deployments.md).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::Call;
use crate::api::labels::{has_any_label, label_filter};
use crate::domain::{DataType, DeploymentId, Description, Fields, IoType, Labels, ObjectName};
use crate::http::error::Error;
use crate::http::patch::Patch;
use crate::http::response::Response;
use crate::store::deployments::{
    self, Deployment, DeploymentChanges, NewDeployment, PLAIN_INPUT, PLAIN_OUTPUT,
};
use crate::store::rows::JsonText;

/// The deployment to create.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct DeploymentCreate {
    /// Name, unique in the project.
    pub name: ObjectName,
    /// Description.
    pub description: Option<Description>,
    /// Whether the input has fields; needed unless `supports_request_format` is false.
    pub input_type: Option<IoType>,
    /// Whether the output has fields; needed unless `supports_request_format` is false.
    pub output_type: Option<IoType>,
    /// What goes in; none for a plain input.
    pub input_fields: Option<Fields>,
    /// What comes out; none for a plain output.
    pub output_fields: Option<Fields>,
    /// Whether it takes requests as UbiOps forms them; true if absent.
    pub supports_request_format: Option<bool>,
    /// Labels.
    pub labels: Option<Labels>,
}

/// What to change of a deployment; what is absent stays.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct DeploymentUpdate {
    /// New name; versions, role assignments and pipelines stay.
    pub name: Option<ObjectName>,
    /// The version that requests without one go to; null takes the default away.
    #[serde(default)]
    pub default_version: Patch<ObjectName>,
    /// New description; null clears it.
    #[serde(default)]
    pub description: Patch<Description>,
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

/// A field, as it is shown.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct FieldDetail {
    /// Name.
    pub name: String,
    /// What it holds.
    pub data_type: DataType,
    /// How it is shown to people; empty where nothing was said.
    pub widget: Map<String, Value>,
}

/// A deployment.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct DeploymentDetail {
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
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<FieldDetail>"))]
    pub input_fields: JsonText,
    /// What comes out.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<FieldDetail>"))]
    pub output_fields: JsonText,
    /// Whether it takes requests as UbiOps forms them.
    pub supports_request_format: bool,
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

fn shown(project: &str, deployment: Deployment) -> DeploymentDetail {
    DeploymentDetail {
        id: deployment.id,
        name: deployment.name,
        project: project.to_owned(),
        description: deployment.description,
        input_type: deployment.input_type,
        output_type: deployment.output_type,
        input_fields: deployment.input_fields,
        output_fields: deployment.output_fields,
        supports_request_format: deployment.supports_request_format.0,
        labels: deployment.labels,
        creation_date: deployment.creation_date.0.to_zulu_string(),
        last_updated: deployment.last_updated.0.to_zulu_string(),
        default_version: deployment.default_version,
    }
}

/// The type of a side, which only a deployment without the request format may leave out.
fn type_of(field: &str, given: Option<IoType>, needed: bool) -> Result<IoType, Error> {
    match given {
        Some(given) => Ok(given),
        None if needed => Err(Error::invalid(format!(
            "{field}: it is missing; it is structured or plain"
        ))),
        None => Ok(IoType::Plain),
    }
}

/// `POST .../deployments`.
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: DeploymentCreate = call.body().await?;
    let supports_request_format = body.supports_request_format.unwrap_or(true);
    let id = DeploymentId::from_random(call.random()?);
    let new = NewDeployment {
        id: id.as_str(),
        name: &body.name,
        description: &body.description.unwrap_or_default(),
        input_type: type_of("input_type", body.input_type, supports_request_format)?,
        output_type: type_of("output_type", body.output_type, supports_request_format)?,
        input_fields: &body.input_fields.unwrap_or_default(),
        output_fields: &body.output_fields.unwrap_or_default(),
        supports_request_format,
        labels: &body.labels.unwrap_or_default(),
    };
    refuse_plain_fields(new.input_type, new.input_fields, PLAIN_INPUT)?;
    refuse_plain_fields(new.output_type, new.output_fields, PLAIN_OUTPUT)?;
    let project = call.project()?;
    let created = deployments::create(
        call.session,
        &call.authority,
        &call.occasion()?,
        project,
        new,
    )
    .await?;
    Response::created(&shown(&project.project_name, created))
}

/// Refuses fields on a plain side of something new.
pub(crate) fn refuse_plain_fields(
    side: IoType,
    fields: &Fields,
    sentence: &'static str,
) -> Result<(), Error> {
    if side == IoType::Plain && !fields.is_empty() {
        return Err(Error::invalid(sentence));
    }
    Ok(())
}

/// `GET .../deployments`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let wanted = label_filter(&call.query)?;
    let project = call.project()?;
    let mut listed = Vec::new();
    for deployment in deployments::list(call.session, project).await? {
        if has_any_label(&deployment.labels, &wanted)? {
            listed.push(shown(&project.project_name, deployment));
        }
    }
    Response::ok(&listed)
}

/// `GET .../deployments/{deployment_name}`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    let deployment = deployments::get(call.session, call.object()?).await?;
    Response::ok(&shown(&call.project()?.project_name, deployment))
}

/// `PATCH .../deployments/{deployment_name}`.
pub(crate) async fn update(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: DeploymentUpdate = call.body().await?;
    let changes = DeploymentChanges {
        name: body.name,
        description: body.description.or_default(),
        labels: body.labels.or_default(),
        input_fields: body.input_fields.or_default(),
        output_fields: body.output_fields.or_default(),
        default_version: body.default_version,
    };
    if changes.is_empty() {
        return get(call).await;
    }
    let (project, deployment) = (call.project()?, call.object()?);
    let updated = deployments::update(
        call.session,
        &call.authority,
        &call.occasion()?,
        project,
        deployment,
        &changes,
    )
    .await?;
    Response::ok(&shown(&project.project_name, updated))
}

/// `DELETE .../deployments/{deployment_name}`.
pub(crate) async fn delete(call: &mut Call<'_>) -> Result<Response, Error> {
    let (project, deployment) = (call.project()?, call.object()?);
    deployments::delete(
        call.session,
        &call.authority,
        &call.occasion()?,
        project,
        deployment,
    )
    .await?;
    Ok(Response::no_content())
}
