//! What requests send and are answered.

use serde::{Deserialize, Serialize};

use crate::domain::{Content, OpenAiPath};

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

/// The requests of a batch, up to 250, each what the deployment's input asks for; one may stand without a list.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RequestBatch(pub serde_json::Value);

/// What a request sends: what the deployment's input asks for, or a list of up to 250 of it.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RequestBody(pub serde_json::Value);

/// What a call of OpenAI's clients sends: what the path takes there, of which only this is looked at.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OpenAiRequest {
    /// `ubiops-deployment/{deployment}/{version}/{name}`, where an empty version is the default one; or the deployment
    /// alone, or with its version: then the name is the version's first.
    pub model: String,
    /// Whether the answer is to be streamed: only true is, and what else stands here is the upstream's to judge.
    #[serde(default = "not_streamed")]
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "bool"))]
    pub stream: serde_json::Value,
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
    serde_json::to_string(&data).ok()
}
