//! `/projects/{p}/deployments/{d}/versions`: the records (docs/deployments.md). Their bodies are in [`shapes`].

pub mod shapes;

use crate::api::{Call, versions};
use crate::domain::VersionId;
use crate::http::error::Error;
use crate::http::response::Response;
use crate::store::versions::graph::Graph;
use crate::store::versions::{NewVersion, VersionChanges, Whole};
use shapes::{DeploymentVersionCreate, DeploymentVersionDetail, DeploymentVersionUpdate};

/// `POST .../versions`.
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: DeploymentVersionCreate = call.body().await?;
    let mut settings = body.settings();
    settings.retain(|_, value| !value.is_null());
    let new = NewVersion {
        id: VersionId::from_random(call.random()?).to_string(),
        version: body.version,
        description: body.description.or_default().unwrap_or_default(),
        labels: body.labels.or_default().unwrap_or_default(),
        settings,
        graph: Graph::default(),
    };
    let created = versions::create(call, &new).await?;
    Response::created(&shown(created)?)
}

/// `GET .../versions`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let mut listed = Vec::new();
    for version in versions::list(call).await? {
        listed.push(DeploymentVersionDetail::try_from(version)?);
    }
    Response::ok(&listed)
}

/// `GET .../versions/{version}`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    let found = versions::get(call).await?;
    Response::ok(&shown(found)?)
}

/// `PATCH .../versions/{version}`.
pub(crate) async fn update(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: DeploymentVersionUpdate = call.body().await?;
    let changes = VersionChanges {
        settings: body.settings(),
        version: body.version.or_keep("version")?,
        description: body.description.or_default(),
        labels: body.labels.or_default(),
        graph: Graph::default(),
    };
    let updated = versions::update(call, &changes).await?;
    Response::ok(&shown(updated)?)
}

fn shown((version, _): Whole) -> Result<DeploymentVersionDetail, Error> {
    version.try_into()
}
