//! What requests send and are answered.

use crate::domain::json::{self, Fault, FromJson, Json, object};
use std::borrow::Cow;

use serde::Serialize;

use crate::domain::{Content, OpenAiPath, TargetKind};
use crate::gate::pipeline::Made;
use crate::store::targets::Target;

/// The outcome of a request to a deployment.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct DeploymentRequestCreateResponse<'a> {
    /// Id of the record of the request.
    pub id: &'a str,
    /// Name of the deployment.
    pub deployment: &'a str,
    /// Name of the version.
    pub version: &'a str,
    /// Outcome of the request: `completed` or `failed`.
    pub status: &'static str,
    /// Whether the request completed.
    pub success: bool,
    /// What the upstream answered: JSON where the output is structured, else text; null where the request failed.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Option<serde_json::Value>")
    )]
    pub result: Option<&'a Content>,
    /// Why the request failed; null where it did not fail.
    pub error_message: Option<String>,
    /// Timeout of the request, in seconds.
    pub timeout: i64,
}

/// The outcome of a request to a pipeline.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineRequestCreateResponse<'a> {
    /// Id of the record of the request.
    pub id: &'a str,
    /// Name of the pipeline.
    pub pipeline: &'a str,
    /// Name of the version.
    pub version: &'a str,
    /// Outcome of the request: `completed` or `failed`.
    pub status: &'static str,
    /// Whether the request completed.
    pub success: bool,
    /// Output of the pipeline: JSON where the output is structured, else text; null where the request failed.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Option<serde_json::Value>")
    )]
    pub result: Option<&'a Content>,
    /// Why the request failed, with the names of the objects that failed; null where it did not fail.
    pub error_message: Option<String>,
    /// Requests to deployments that the pipeline made, in the order in which they ended.
    pub deployment_requests: Vec<MadeOfObject<'a>>,
    /// Requests to operators that the pipeline made; always empty.
    pub operator_requests: Vec<MadeOfObject<'a>>,
    /// Requests to other pipelines that the pipeline made.
    pub pipeline_requests: Vec<MadeOfObject<'a>>,
    /// Timeout of the request to the pipeline, in seconds.
    pub pipeline_timeout: i64,
    /// Timeout of each request to a deployment, in seconds; null means no limit but the pipeline's timeout.
    pub deployment_timeout: Option<i64>,
}

/// A request that a pipeline made to one of its objects.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct MadeOfObject<'a> {
    /// Id of the record of the request.
    pub id: Cow<'a, str>,
    /// Position of the request in the order in which the pipeline started its requests; all are texts of one length, so
    /// that they can be sorted.
    pub sequence_id: String,
    /// Name of the object of the pipeline.
    pub pipeline_object: Cow<'a, str>,
    /// Name of the deployment that the request went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<Cow<'a, str>>,
    /// Name of the pipeline that the request went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Cow<'a, str>>,
    /// Name of the version that the request went to.
    pub version: Cow<'a, str>,
    /// Status of the request: `processing`, `completed` or `failed`.
    pub status: Cow<'a, str>,
    /// Whether the request completed.
    pub success: bool,
    /// Why the request failed.
    pub error_message: Option<Cow<'a, str>>,
    /// Size of the data that was sent, in bytes.
    pub input_size: i64,
    /// Size of the data that was answered, in bytes.
    pub output_size: Option<i64>,
    /// When the request was created.
    pub time_created: String,
    /// When the request was sent on.
    pub time_started: Option<String>,
    /// When the request ended.
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
            id: Cow::Borrowed(made.id.as_str()),
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

/// A request to a deployment that waits for its turn.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct DeploymentRequestBatchCreateResponse<'a> {
    /// Id of the record of the request.
    pub id: &'a str,
    /// Name of the deployment.
    pub deployment: &'a str,
    /// Name of the version.
    pub version: &'a str,
    /// Status of the request: `pending`.
    pub status: &'static str,
    /// When the request was created.
    pub time_created: &'a str,
}

/// A request to a pipeline that waits for its turn.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineRequestBatchCreateResponse<'a> {
    /// Id of the record of the request.
    pub id: &'a str,
    /// Name of the pipeline.
    pub pipeline: &'a str,
    /// Name of the version.
    pub version: &'a str,
    /// Status of the request: `pending`.
    pub status: &'static str,
    /// When the request was created.
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
        target: &'a Target,
        version: &'a str,
        id: &'a str,
        time_created: &'a str,
    ) -> Self {
        let (name, status) = (target.name.as_str(), "pending");
        match target.kind {
            TargetKind::Deployment => Self::Deployment(DeploymentRequestBatchCreateResponse {
                id,
                deployment: name,
                version,
                status,
                time_created,
            }),
            TargetKind::Pipeline => Self::Pipeline(PipelineRequestBatchCreateResponse {
                id,
                pipeline: name,
                version,
                status,
                time_created,
            }),
        }
    }
}

/// A list of up to 250 requests, each in the form of the deployment's input; a single request may be given without a
/// list.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RequestBatch(pub serde_json::Value);

impl FromJson for RequestBatch {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        FromJson::from_json(json).map(Self)
    }
}

/// Data of one request, in the form of the deployment's input, or a list of up to 250 of them.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RequestBody(pub serde_json::Value);

impl FromJson for RequestBody {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        FromJson::from_json(json).map(Self)
    }
}

object! {
    /// A request body as OpenAI's clients send it to this path; of it only the fields named here are looked at.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct OpenAiRequest {
        /// Name of the model: `ubiops-deployment/{deployment}/{version}/{name}`, where an empty version means the
        /// default version; or the name of the deployment alone, or of the deployment with its version: then the first
        /// model name of that version is used.
        pub model: String,
        /// Whether the answer is streamed: only true streams it, and any other value is left to the upstream to judge.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "bool", default = "not_streamed"))]
        pub stream: serde_json::Value = not_streamed(),
    }
}

fn not_streamed() -> serde_json::Value {
    serde_json::Value::Bool(false)
}

/// The models of a project, as OpenAI's clients list them.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OpenAiModels {
    /// Kind of the answer, always `list`.
    pub object: &'static str,
    /// Models that the caller may use.
    pub data: Vec<OpenAiModel>,
}

/// A model, as OpenAI's clients list it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OpenAiModel {
    /// Id by which calls name the model.
    pub id: String,
    /// Kind of the item, always `model`.
    pub object: &'static str,
    /// When the version of the model was created, in seconds since 1970.
    pub created: i64,
    /// Name of the project.
    pub owned_by: String,
}

/// What the record of a call that is passed through shows besides, in JSON: its path, and the status of the upstream's answer.
pub(super) fn passed_through(path: &str, method: &str, status_code: Option<u16>) -> String {
    #[derive(Serialize)]
    struct PassedThrough<'a> {
        path: &'a str,
        method: &'a str,
        status_code: Option<u16>,
    }
    json::text(&PassedThrough {
        path,
        method,
        status_code,
    })
}

/// The same of a call of OpenAI's clients to this route.
pub(super) fn additional_data(route: &str, status_code: Option<u16>) -> Option<String> {
    let path = OpenAiPath::of(route)?.below();
    Some(passed_through(path, "POST", status_code))
}
