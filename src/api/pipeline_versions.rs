//! `/projects/{p}/pipelines/{d}/versions`: the records (docs/pipelines.md). Their bodies are in [`shapes`].

pub mod shapes;

use crate::api::Call;
use crate::api::labels::{label_filter, with_any_label};
use crate::domain::pipeline_graph::ReferenceType;
use crate::domain::{AttachmentId, Attachments, PipelineObjectId, PipelineObjects, VersionId};
use crate::http::error::Error;
use crate::http::response::Response;
use crate::store::pipeline_versions::{self, NewPipelineVersion, PipelineVersionChanges};
use serde_json::{Value, json};
use shapes::{
    PipelineVersionCreate, PipelineVersionDetail, PipelineVersionList, PipelineVersionUpdate,
};

/// `POST .../versions`.
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: PipelineVersionCreate = call.body().await?;
    let mut settings = body.settings();
    settings.retain(|_, value| !value.is_null());
    let objects = body.objects.or_default().unwrap_or_default();
    let attachments = body.attachments.or_default().unwrap_or_default();
    let id = VersionId::from_random(call.random()?);
    let new = NewPipelineVersion {
        id: id.as_str(),
        version: &body.version,
        description: &body.description.or_default().unwrap_or_default(),
        labels: &body.labels.or_default().unwrap_or_default(),
        settings,
        objects: numbered_objects(call, &objects)?,
        attachments: numbered_attachments(call, &attachments)?,
    };
    let created = pipeline_versions::create(
        call.session,
        &call.authority,
        &call.occasion()?,
        call.project()?,
        call.object()?,
        new,
    )
    .await?;
    Response::created(&PipelineVersionDetail::try_from(created)?)
}

/// The objects as the store takes them, each with an id.
fn numbered_objects(call: &Call<'_>, objects: &PipelineObjects) -> Result<Value, Error> {
    let numbered = objects.iter().map(|object| {
        Ok(json!({
            "id": PipelineObjectId::from_random(call.random()?),
            "name": object.name,
            "reference_type": object.reference_type.unwrap_or(ReferenceType::Deployment),
            "reference_name": object.reference_name,
            "version": object.version,
            "configuration": object.configuration.clone().unwrap_or_default(),
            "metadata": object.metadata.clone().unwrap_or_default(),
        }))
    });
    numbered
        .collect::<Result<Vec<Value>, Error>>()
        .map(Value::Array)
}

/// The attachments as the store takes them, each with an id.
fn numbered_attachments(call: &Call<'_>, attachments: &Attachments) -> Result<Value, Error> {
    let numbered = attachments.iter().map(|attachment| {
        Ok(json!({
            "id": AttachmentId::from_random(call.random()?),
            "destination_name": attachment.destination_name,
            "sources": attachment.sources,
        }))
    });
    numbered
        .collect::<Result<Vec<Value>, Error>>()
        .map(Value::Array)
}

/// `GET .../versions`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let wanted = label_filter(&call.query)?;
    let listed = pipeline_versions::list(call.session, call.object()?).await?;
    let mut shown = Vec::new();
    for version in with_any_label(listed, &wanted, |version| &version.labels)? {
        shown.push(PipelineVersionList::try_from(version)?);
    }
    Response::ok(&shown)
}

/// `GET .../versions/{version}`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    let version = call.parameter("version");
    let found = pipeline_versions::get(call.session, call.object()?, version).await?;
    Response::ok(&PipelineVersionDetail::try_from(found)?)
}

/// `PATCH .../versions/{version}`.
pub(crate) async fn update(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: PipelineVersionUpdate = call.body().await?;
    let changes = PipelineVersionChanges {
        settings: body.settings(),
        version: body.version.or_keep("version")?,
        description: body.description.or_default(),
        labels: body.labels.or_default(),
        objects: match body.objects.or_default() {
            Some(objects) => Some(numbered_objects(call, &objects)?),
            None => None,
        },
        attachments: match body.attachments.or_default() {
            Some(attachments) => Some(numbered_attachments(call, &attachments)?),
            None => None,
        },
    };
    if changes.is_empty() {
        return get(call).await;
    }
    let updated = pipeline_versions::update(
        call.session,
        &call.authority,
        &call.occasion()?,
        call.project()?,
        call.object()?,
        call.parameter("version"),
        changes,
    )
    .await?;
    Response::ok(&PipelineVersionDetail::try_from(updated)?)
}

/// `DELETE .../versions/{version}`.
pub(crate) async fn delete(call: &mut Call<'_>) -> Result<Response, Error> {
    pipeline_versions::delete(
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
