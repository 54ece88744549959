//! What versions of deployments and of pipelines are alike in: all of a handler that is behind its body.

use serde::Serialize;

use crate::api::deployment_versions::shapes::DeploymentVersionDetail;
use crate::api::labels::label_filter;
use crate::api::pipeline_versions::shapes::{PipelineVersionDetail, PipelineVersionList};
use crate::api::{Call, OnTarget};
use crate::domain::TargetKind;
use crate::error::Error;
use crate::store::versions::{self, NewVersion, VersionChanges, Whole};
use crate::web::response::Response;

/// A version, as that of its kind is shown.
#[derive(Serialize)]
#[serde(untagged)]
enum Detail {
    Deployment(Box<DeploymentVersionDetail>),
    Pipeline(PipelineVersionDetail),
    PipelineInList(PipelineVersionList),
}

fn shown(kind: TargetKind, whole: Whole) -> Result<Detail, Error> {
    Ok(match kind {
        TargetKind::Deployment => Detail::Deployment(Box::new(whole.0.try_into()?)),
        TargetKind::Pipeline => Detail::Pipeline(whole.try_into()?),
    })
}

/// Creates what a body has asked for; a setting that is null is left at its default.
pub(super) async fn create(
    call: &Call<'_, OnTarget>,
    mut new: NewVersion,
) -> Result<Response, Error> {
    // Taken out one by one: nothing else in the module removes members of a tree, which is more code than all of this.
    for (name, value) in std::mem::take(&mut new.settings) {
        if !value.is_null() {
            new.settings.insert(name, value);
        }
    }
    let context = call.change_context()?;
    let created = versions::create(&context, call.project(), call.target(), &new).await?;
    Response::created(&shown(call.target().kind, created)?)
}

/// `GET .../versions`, of a deployment or a pipeline.
pub(crate) async fn list(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let labels = label_filter(&call.query)?;
    let target = call.target();
    let slice = call.slice()?;
    let found = versions::list(call.connection, target, labels.as_deref(), &slice).await?;
    Response::list_of(found.into_iter().map(|version| {
        Ok(match target.kind {
            TargetKind::Deployment => Detail::Deployment(Box::new(version.try_into()?)),
            TargetKind::Pipeline => Detail::PipelineInList(version.try_into()?),
        })
    }))
}

/// `GET .../versions/{version}`, of a deployment or a pipeline.
pub(crate) async fn get(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let version = call.parameter("version");
    let (project, target) = (call.project(), call.target());
    let found = versions::get(call.connection, &call.authority, project, target, version).await?;
    Response::ok(&shown(target.kind, found)?)
}

/// Makes the changes that a body has asked for; shows what there is, if they come to nothing.
pub(super) async fn update(
    call: &mut Call<'_, OnTarget>,
    changes: &VersionChanges,
) -> Result<Response, Error> {
    let updated = versions::update(
        &call.change_context()?,
        call.project(),
        call.target(),
        call.parameter("version"),
        changes,
    )
    .await?;
    Response::ok(&shown(call.target().kind, updated)?)
}

/// `DELETE .../versions/{version}`, of a deployment or a pipeline.
pub(crate) async fn delete(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    versions::delete(
        &call.change_context()?,
        call.project(),
        call.target(),
        call.parameter("version"),
    )
    .await?;
    Ok(Response::no_content())
}
