//! `/projects/{p}/pipelines/{d}/versions`: the records (docs/deployments.md). Their bodies are in [`shapes`].

pub mod shapes;

use crate::api::{Call, Context, OnTarget, versions};
use crate::domain::json;
use crate::domain::pipeline_graph::ReferenceType;
use crate::domain::{AttachmentId, Attachments, PipelineObjectId, PipelineObjects, VersionId};
use crate::error::Error;
use crate::store::versions::graph::Graph;
use crate::store::versions::{NewVersion, VersionChanges};
use crate::web::response::Response;
use serde_json::{Value, json};
use shapes::{PipelineVersionCreate, PipelineVersionSettings, PipelineVersionUpdate};

/// `POST .../versions`.
pub(crate) async fn create(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let body: PipelineVersionCreate = call.body().await?;
    let settings = body.settings();
    let objects = body.objects.or_default().unwrap_or_default();
    let attachments = body.attachments.or_default().unwrap_or_default();
    let new = NewVersion {
        id: VersionId::from_random(call.random()?),
        settings,
        version: body.version,
        description: body.description.or_default().unwrap_or_default(),
        labels: body.labels.or_default().unwrap_or_default(),
        graph: Graph {
            objects: Some(numbered_objects(call, &objects)?),
            attachments: Some(numbered_attachments(call, &attachments)?),
        },
    };
    versions::create(call, new).await
}

/// The objects as the store takes them, each with an id.
fn numbered_objects(call: &Context<'_>, objects: &PipelineObjects) -> Result<Value, Error> {
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
    numbered.collect()
}

/// The attachments as the store takes them, each with an id.
fn numbered_attachments(call: &Context<'_>, attachments: &Attachments) -> Result<Value, Error> {
    let numbered = attachments.iter().map(|attachment| {
        Ok(json!({
            "id": AttachmentId::from_random(call.random()?),
            "destination_name": attachment.destination_name,
            "sources": json::tree(&attachment.sources),
        }))
    });
    numbered.collect()
}

/// `PATCH .../versions/{version}`.
pub(crate) async fn update(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let body: PipelineVersionUpdate = call.body().await?;
    let settings = body.settings();
    let (objects, attachments) = (body.objects.or_default(), body.attachments.or_default());
    let changes = VersionChanges {
        settings,
        version: body.version.or_keep("version")?,
        description: body.description.or_default(),
        labels: body.labels.or_default(),
        defaults: json::tree(&PipelineVersionSettings::default()),
        graph: Graph {
            objects: objects
                .map(|objects| numbered_objects(call, &objects))
                .transpose()?,
            attachments: attachments
                .map(|attachments| numbered_attachments(call, &attachments))
                .transpose()?,
        },
    };
    versions::update(call, &changes).await
}
