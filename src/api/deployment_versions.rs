//! `/projects/{p}/deployments/{d}/versions`: the records (docs/deployments.md). Their bodies are in [`shapes`].

pub mod shapes;

use crate::api::{Call, OnTarget, versions};
use crate::domain::VersionId;
use crate::domain::json;
use crate::error::Error;
use crate::store::versions::graph::Graph;
use crate::store::versions::{NewVersion, VersionChanges};
use crate::web::response::Response;
use shapes::{DeploymentVersionCreate, DeploymentVersionSettings, DeploymentVersionUpdate};

/// `POST .../versions`.
pub(crate) async fn create(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let body: DeploymentVersionCreate = call.body().await?;
    let new = NewVersion {
        id: VersionId::from_random(call.random()?),
        settings: body.settings(),
        version: body.version,
        description: body.description.or_default().unwrap_or_default(),
        labels: body.labels.or_default().unwrap_or_default(),
        graph: Graph::default(),
    };
    versions::create(call, new).await
}

/// `PATCH .../versions/{version}`.
pub(crate) async fn update(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let body: DeploymentVersionUpdate = call.body().await?;
    let changes = VersionChanges {
        settings: body.settings(),
        version: body.version.or_keep("version")?,
        description: body.description.or_default(),
        labels: body.labels.or_default(),
        defaults: json::tree(&DeploymentVersionSettings::default()),
        graph: Graph::default(),
    };
    versions::update(call, &changes).await
}
