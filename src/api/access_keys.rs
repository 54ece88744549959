//! `/projects/{p}/service-users/{id}/access-keys`: what ModelArts' clients sign their requests with.

use serde::Serialize;

use crate::api::{Call, OnProject};
use crate::domain::{AccessKeyId, Purpose, ServiceUserId};
use crate::error::Error;
use crate::store::access_keys::{self, AccessKey, FIRST_GENERATION};
use crate::web::response::Response;

/// A new access key.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct AccessKeyCreated {
    /// Id of the access key, which each signed request names.
    pub access_key: String,
    /// Secret of the access key, with which requests are signed; it is shown only this once.
    pub secret_key: String,
    /// When the access key was created.
    pub creation_date: String,
}

/// An access key.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct AccessKeyDetail {
    /// Id of the access key, which each signed request names.
    pub access_key: String,
    /// When the access key was created.
    pub creation_date: String,
}

impl From<AccessKey> for AccessKeyDetail {
    fn from(key: AccessKey) -> Self {
        Self {
            access_key: key.access_key.into(),
            creation_date: key.creation_date.0.to_offset_string(),
        }
    }
}

/// `POST .../access-keys`. The body, if there is one, is not looked at.
pub(crate) async fn create(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    call.needs_fresh()?;
    let keys = call.config.signing_keys.as_ref();
    let keys = keys.ok_or_else(|| Error::misconfigured("the secret SIGNING_KEY is not set"))?;
    let service_user: ServiceUserId = call.id("service_user_id");
    let id = AccessKeyId::from_random(call.random()?);
    let secret = keys.derive(Purpose::AccessKey, id.as_str(), FIRST_GENERATION);
    let created =
        access_keys::create(&call.change_context()?, call.project(), &service_user, &id).await?;
    Response::created(&AccessKeyCreated {
        access_key: id.to_string(),
        secret_key: secret.reveal().to_owned(),
        creation_date: created.to_offset_string(),
    })
}

/// `GET .../access-keys`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let service_user: ServiceUserId = call.id("service_user_id");
    let keys = access_keys::list(call.connection, call.project(), &service_user).await?;
    Response::list(keys.into_iter().map(AccessKeyDetail::from))
}

/// `DELETE .../access-keys/{access_key}`.
pub(crate) async fn delete(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let service_user: ServiceUserId = call.id("service_user_id");
    access_keys::delete(
        &call.change_context()?,
        call.project(),
        &service_user,
        &call.id("access_key"),
    )
    .await?;
    Ok(Response::no_content())
}
