//! The kinds of targets, which take requests, and on which a role can be assigned as on the project itself.

use super::json::{Fault, FromJson, Json};
use super::{Invalid, quoted};

/// A kind of target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A deployment.
    Deployment,
    /// A pipeline.
    Pipeline,
}

impl TargetKind {
    /// Reads a name.
    ///
    /// # Errors
    /// What else stands there.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        match name {
            "deployment" => Ok(Self::Deployment),
            "pipeline" => Ok(Self::Pipeline),
            _ => Err(Invalid::new(format!(
                "{} is neither deployment nor pipeline",
                quoted(name)
            ))),
        }
    }

    /// Its name, as in `resource_type` and in the trail.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Pipeline => "pipeline",
        }
    }

    /// Its name for many, as in the plan's limits.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::Pipeline => "pipelines",
        }
    }

    /// The name of a version of it, as in the trail.
    #[must_use]
    pub const fn version_name(self) -> &'static str {
        match self {
            Self::Deployment => "deployment_version",
            Self::Pipeline => "pipeline_version",
        }
    }

    /// The name of the path parameter that holds its name.
    #[must_use]
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::Deployment => "deployment_name",
            Self::Pipeline => "pipeline_name",
        }
    }
}

impl FromJson for TargetKind {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        json.parsed(&"deployment or pipeline", Self::parse)
    }
}

// Two words are shown where they stand, so the document has no component of it.
#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for TargetKind {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TargetKind".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "enum": ["deployment", "pipeline"] })
    }
}
