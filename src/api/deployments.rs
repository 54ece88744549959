//! `/projects/{p}/deployments`: the records (docs/deployments.md).

use crate::api::{Call, OnObject, OnProject, objects};
use crate::domain::json::object;
use crate::domain::{DeploymentId, Description, Fields, IoType, Labels, ObjectName, ObjectType};
use crate::error::Error;
use crate::http::patch::Patch;
use crate::http::response::Response;
use crate::store::objects::records::{NewRecord, RecordChanges};

object! {
    /// The deployment to create.
    #[derive(Debug)]
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
}

object! {
    /// What to change of a deployment; what is absent stays.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct DeploymentUpdate {
        /// New name; versions, role assignments and pipelines stay.
        pub name: Patch<ObjectName>,
        /// The version that requests without one go to; null takes the default away.
        pub default_version: Patch<ObjectName>,
        /// New description; null clears it.
        pub description: Patch<Description>,
        /// What goes in, all of it; null is none.
        pub input_fields: Patch<Fields>,
        /// What comes out, all of it; null is none.
        pub output_fields: Patch<Fields>,
        /// Labels, all of them; null is none.
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
        kind: ObjectType::Deployment,
        id: DeploymentId::from_random(call.random()?).to_string(),
        name: body.name,
        description: body.description.unwrap_or_default(),
        input_type: type_of("input_type", body.input_type, supports_request_format)?,
        output_type: type_of("output_type", body.output_type, supports_request_format)?,
        input_fields: body.input_fields.unwrap_or_default(),
        output_fields: body.output_fields.unwrap_or_default(),
        supports_request_format: Some(supports_request_format),
        labels: body.labels.unwrap_or_default(),
    };
    objects::create(call, &new).await
}

/// `GET .../deployments`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    objects::list(call, ObjectType::Deployment).await
}

/// `PATCH .../deployments/{deployment_name}`.
pub(crate) async fn update(call: &mut Call<'_, OnObject>) -> Result<Response, Error> {
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
    objects::update(call, &changes).await
}
