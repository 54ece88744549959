//! `/projects/{p}/deployments/{d}/versions`: the records (docs/deployments.md). Their bodies are in [`shapes`].

pub mod shapes;

use crate::api::Call;
use crate::api::labels::{label_filter, with_any_label};
use crate::domain::VersionId;
use crate::http::error::Error;
use crate::http::response::Response;
use crate::store::deployment_versions::{self, DeploymentVersionChanges, NewDeploymentVersion};
use shapes::{DeploymentVersionCreate, DeploymentVersionDetail, DeploymentVersionUpdate};

/// `POST .../versions`.
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: DeploymentVersionCreate = call.body().await?;
    let mut settings = body.settings();
    settings.retain(|_, value| !value.is_null());
    let id = VersionId::from_random(call.random()?);
    let new = NewDeploymentVersion {
        id: id.as_str(),
        version: &body.version,
        description: &body.description.or_default().unwrap_or_default(),
        labels: &body.labels.or_default().unwrap_or_default(),
        settings,
    };
    let created = deployment_versions::create(
        call.session,
        &call.authority,
        &call.occasion()?,
        call.project()?,
        call.object()?,
        new,
    )
    .await?;
    Response::created(&DeploymentVersionDetail::try_from(created)?)
}

/// `GET .../versions`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let wanted = label_filter(&call.query)?;
    let listed = deployment_versions::list(call.session, call.object()?).await?;
    let mut shown = Vec::new();
    for version in with_any_label(listed, &wanted, |version| &version.labels)? {
        shown.push(DeploymentVersionDetail::try_from(version)?);
    }
    Response::ok(&shown)
}

/// `GET .../versions/{version}`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    let version = call.parameter("version");
    let found = deployment_versions::get(call.session, call.object()?, version).await?;
    Response::ok(&DeploymentVersionDetail::try_from(found)?)
}

/// `PATCH .../versions/{version}`.
pub(crate) async fn update(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: DeploymentVersionUpdate = call.body().await?;
    let changes = DeploymentVersionChanges {
        settings: body.settings(),
        version: body.version.or_keep("version")?,
        description: body.description.or_default(),
        labels: body.labels.or_default(),
    };
    if changes.is_empty() {
        return get(call).await;
    }
    let updated = deployment_versions::update(
        call.session,
        &call.authority,
        &call.occasion()?,
        call.project()?,
        call.object()?,
        call.parameter("version"),
        changes,
    )
    .await?;
    Response::ok(&DeploymentVersionDetail::try_from(updated)?)
}

/// `DELETE .../versions/{version}`.
pub(crate) async fn delete(call: &mut Call<'_>) -> Result<Response, Error> {
    deployment_versions::delete(
        call.session,
        &call.authority,
        &call.occasion()?,
        call.project()?,
        call.object()?,
        call.parameter("version"),
    )
    .await?;
    Ok(Response::no_content())
}
