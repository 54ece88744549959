//! `/projects/{p}/deployments`: the records (docs/deployments.md).

use crate::api::{Call, OnProject, OnTarget, targets};
use crate::domain::json::object;
use crate::domain::{Description, Fields, IoType, Labels, ObjectName, TargetId, TargetKind};
use crate::error::Error;
use crate::store::targets::records::{NewRecord, RecordChanges};
use crate::web::patch::Patch;
use crate::web::response::Response;

object! {
    /// The deployment to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct DeploymentCreate {
        /// Name of the deployment, unique in the project.
        pub name: ObjectName,
        /// Description of the deployment.
        pub description: Option<Description>,
        /// Whether the input has fields (`structured`) or not (`plain`); required unless `supports_request_format` is
        /// false.
        pub input_type: Option<IoType>,
        /// Whether the output has fields (`structured`) or not (`plain`); required unless `supports_request_format` is
        /// false.
        pub output_type: Option<IoType>,
        /// Fields of the input; none for a plain input.
        pub input_fields: Option<Fields>,
        /// Fields of the output; none for a plain output.
        pub output_fields: Option<Fields>,
        /// Whether the deployment takes requests in the format of UbiOps; true if absent.
        pub supports_request_format: Option<bool>,
        /// Labels of the deployment.
        pub labels: Option<Labels>,
    }
}

object! {
    /// Changes to a deployment; absent fields stay as they are.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct DeploymentUpdate {
        /// New name of the deployment; its versions, its role assignments and the pipelines that use it stay.
        pub name: Patch<ObjectName>,
        /// Version that requests which name no version go to; null removes the default version.
        pub default_version: Patch<ObjectName>,
        /// New description; null clears it.
        pub description: Patch<Description>,
        /// All fields of the input; null removes all fields.
        pub input_fields: Patch<Fields>,
        /// All fields of the output; null removes all fields.
        pub output_fields: Patch<Fields>,
        /// All labels of the deployment; null removes all labels.
        pub labels: Patch<Labels>,
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
pub(crate) async fn create(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: DeploymentCreate = call.body().await?;
    let supports_request_format = body.supports_request_format.unwrap_or(true);
    let new = NewRecord {
        kind: TargetKind::Deployment,
        id: TargetId::from_random(call.random()?),
        name: body.name,
        description: body.description.unwrap_or_default(),
        input_type: type_of("input_type", body.input_type, supports_request_format)?,
        output_type: type_of("output_type", body.output_type, supports_request_format)?,
        input_fields: body.input_fields.unwrap_or_default(),
        output_fields: body.output_fields.unwrap_or_default(),
        supports_request_format: Some(supports_request_format),
        labels: body.labels.unwrap_or_default(),
    };
    targets::create(call, &new).await
}

/// `GET .../deployments`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    targets::list(call, TargetKind::Deployment).await
}

/// `PATCH .../deployments/{deployment_name}`.
pub(crate) async fn update(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let body: DeploymentUpdate = call.body().await?;
    let changes = RecordChanges {
        name: body.name.or_keep("name")?,
        description: body.description.or_default(),
        labels: body.labels.or_default(),
        input_fields: body.input_fields.or_default(),
        output_fields: body.output_fields.or_default(),
        default_version: body.default_version,
        ..RecordChanges::default()
    };
    targets::update(call, &changes).await
}
