//! What requests are answered.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

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
    pub result: Option<&'a RawValue>,
    /// Why it failed; null where it did not.
    pub error_message: Option<String>,
    /// The seconds that it was given.
    pub timeout: i64,
}

/// What a request sends: what the deployment's input asks for, or a list of up to 250 of it.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RequestBody(pub serde_json::Value);
