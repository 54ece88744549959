//! What requests send and are answered.

use crate::domain::json::{self, Fault, FromJson, Json, object};
use std::borrow::Cow;

use serde::Serialize;

use crate::domain::{Content, ObjectType, OpenAiPath};
use crate::gate::pipeline::Made;
use crate::store::objects::Object;

/// What a request to a deployment came to.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct DeploymentRequestCreateResponse<'a> {
    /// The id of its record.
    pub id: &'a str,
    /// The name of the deployment.
    pub deployment: &'a str,
    /// The name of the version.
    pub version: &'a str,
    /// `completed` or `failed`.
    pub status: &'static str,
    /// Whether it is completed.
    pub success: bool,
    /// What the upstream answered: JSON where the output is structured, else its text; null where it failed.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Option<serde_json::Value>")
    )]
    pub result: Option<&'a Content>,
    /// Why it failed; null where it did not.
    pub error_message: Option<String>,
    /// The seconds that it was given.
    pub timeout: i64,
}

/// What a request to a pipeline came to.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineRequestCreateResponse<'a> {
    /// The id of its record.
    pub id: &'a str,
    /// The name of the pipeline.
    pub pipeline: &'a str,
    /// The name of the version.
    pub version: &'a str,
    /// `completed` or `failed`.
    pub status: &'static str,
    /// Whether it is completed.
    pub success: bool,
    /// What came out of the pipeline: JSON where its output is structured, else a text; null where it failed.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Option<serde_json::Value>")
    )]
    pub result: Option<&'a Content>,
    /// Why it failed, with the names of the objects; null where it did not.
    pub error_message: Option<String>,
    /// What it made of its deployments, in the order in which they ended.
    pub deployment_requests: Vec<MadeOfObject<'a>>,
    /// What it made of operators, of which there are none.
    pub operator_requests: Vec<MadeOfObject<'a>>,
    /// What it made of the pipelines in it.
    pub pipeline_requests: Vec<MadeOfObject<'a>>,
    /// The seconds that it was given.
    pub pipeline_timeout: i64,
    /// The seconds that each deployment was given; null is no bound but the pipeline's.
    pub deployment_timeout: Option<i64>,
}

/// A request that a pipeline made of one of its objects.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct MadeOfObject<'a> {
    /// The id of its record.
    pub id: Cow<'a, str>,
    /// As the how manieth it was begun; texts of one length, so that they can be sorted.
    pub sequence_id: String,
    /// The name of the object.
    pub pipeline_object: Cow<'a, str>,
    /// The name of its deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<Cow<'a, str>>,
    /// The name of its pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Cow<'a, str>>,
    /// The name of its version.
    pub version: Cow<'a, str>,
    /// `processing`, `completed` or `failed`.
    pub status: Cow<'a, str>,
    /// Whether it is completed.
    pub success: bool,
    /// Why it failed.
    pub error_message: Option<Cow<'a, str>>,
    /// Bytes that were sent.
    pub input_size: i64,
    /// Bytes that were answered.
    pub output_size: Option<i64>,
    /// When it was made.
    pub time_created: String,
    /// When it was sent on.
    pub time_started: Option<String>,
    /// When it ended.
    pub time_completed: Option<String>,
}

impl<'a> MadeOfObject<'a> {
    /// What a pipeline has just made.
    #[must_use]
    pub fn of(made: &'a Made) -> Self {
        let reference = Some(Cow::Borrowed(made.reference.as_str()));
        let (deployment, pipeline) = match made.is_pipeline {
            true => (None, reference),
            false => (reference, None),
        };
        let began = made.began.to_offset_string();
        let size = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        Self {
            id: Cow::Borrowed(&made.id),
            sequence_id: sequence_id(made.sequence),
            pipeline_object: Cow::Borrowed(&made.object),
            deployment,
            pipeline,
            version: Cow::Borrowed(&made.version),
            status: Cow::Borrowed(match made.failure {
                None => "completed",
                Some(_) => "failed",
            }),
            success: made.failure.is_none(),
            error_message: made.failure.as_deref().map(Cow::Borrowed),
            input_size: size(made.input_volume),
            output_size: Some(size(made.output_volume)),
            time_created: began.clone(),
            time_started: Some(began),
            time_completed: Some(made.ended.to_offset_string()),
        }
    }
}

/// A number as a text of three digits: a request has a hundred objects at most.
pub(super) fn sequence_id(sequence: i64) -> String {
    format!("{sequence:03}")
}

/// A request that waits for its turn.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct DeploymentRequestBatchCreateResponse<'a> {
    /// The id of its record.
    pub id: &'a str,
    /// The name of the deployment.
    pub deployment: &'a str,
    /// The name of the version.
    pub version: &'a str,
    /// `pending`.
    pub status: &'static str,
    /// When it was made.
    pub time_created: &'a str,
}

/// A request to a pipeline that waits for its turn.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineRequestBatchCreateResponse<'a> {
    /// The id of its record.
    pub id: &'a str,
    /// The name of the pipeline.
    pub pipeline: &'a str,
    /// The name of the version.
    pub version: &'a str,
    /// `pending`.
    pub status: &'static str,
    /// When it was made.
    pub time_created: &'a str,
}

/// A request that waits for its turn, as that of its kind is shown.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum RequestBatchCreateResponse<'a> {
    /// To a deployment.
    Deployment(DeploymentRequestBatchCreateResponse<'a>),
    /// To a pipeline.
    Pipeline(PipelineRequestBatchCreateResponse<'a>),
}

impl<'a> RequestBatchCreateResponse<'a> {
    /// That of this id, to this version.
    pub(super) fn of(
        object: &'a Object,
        version: &'a str,
        id: &'a str,
        time_created: &'a str,
    ) -> Self {
        let (name, status) = (object.name.as_str(), "pending");
        match object.kind {
            ObjectType::Deployment => Self::Deployment(DeploymentRequestBatchCreateResponse {
                id,
                deployment: name,
                version,
                status,
                time_created,
            }),
            ObjectType::Pipeline => Self::Pipeline(PipelineRequestBatchCreateResponse {
                id,
                pipeline: name,
                version,
                status,
                time_created,
            }),
        }
    }
}

/// The requests of a batch, up to 250, each what the deployment's input asks for; one may stand without a list.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RequestBatch(pub serde_json::Value);

impl FromJson for RequestBatch {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        FromJson::from_json(json).map(Self)
    }
}

/// What a request sends: what the deployment's input asks for, or a list of up to 250 of it.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RequestBody(pub serde_json::Value);

impl FromJson for RequestBody {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        FromJson::from_json(json).map(Self)
    }
}

object! {
    /// What a call of OpenAI's clients sends: what the path takes there, of which only this is looked at.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct OpenAiRequest {
        /// `ubiops-deployment/{deployment}/{version}/{name}`, where an empty version is the default one; or the deployment
        /// alone, or with its version: then the name is the version's first.
        pub model: String,
        /// Whether the answer is to be streamed: only true is, and what else stands here is the upstream's to judge.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "bool", default = "not_streamed"))]
        pub stream: serde_json::Value = not_streamed(),
    }
}

fn not_streamed() -> serde_json::Value {
    serde_json::Value::Bool(false)
}

/// The models of a project.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OpenAiModels {
    /// `list`.
    pub object: &'static str,
    /// The models that the caller may ask.
    pub data: Vec<OpenAiModel>,
}

/// A model.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OpenAiModel {
    /// What a call names it by.
    pub id: String,
    /// `model`.
    pub object: &'static str,
    /// When its version was made, in seconds since 1970.
    pub created: i64,
    /// The name of the project.
    pub owned_by: String,
}

/// What the record of a call of OpenAI's clients shows besides: its path, and the status of the upstream's answer.
#[derive(Serialize)]
struct AdditionalData {
    path: &'static str,
    method: &'static str,
    status_code: Option<u16>,
}

/// The same as a JSON text, of a call to this route.
pub(super) fn additional_data(route: &str, status_code: Option<u16>) -> Option<String> {
    let data = AdditionalData {
        path: OpenAiPath::of(route)?.below(),
        method: "POST",
        status_code,
    };
    json::to_string(&data).ok()
}
