//! Deployments and pipelines as objects: what a role can be assigned on, beside the project itself.

use crate::domain::quoted;
use crate::http::error::Error;

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectType {
    /// A deployment.
    Deployment,
    /// A pipeline.
    Pipeline,
}

impl ObjectType {
    /// Its name, as in `resource_type` and in the trail.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Pipeline => "pipeline",
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

    /// The 404 of an object of this kind.
    #[must_use]
    pub fn not_found(self, name: &str) -> Error {
        Error::not_found(format!(
            "there is no {} {} in this project",
            self.name(),
            quoted(name)
        ))
    }

    /// The 404 of a version of an object of this kind.
    #[must_use]
    pub fn version_not_found(self, object: &str, version: &str) -> Error {
        Error::not_found(format!(
            "the {} {} has no version {}",
            self.name(),
            quoted(object),
            quoted(version)
        ))
    }
}

/// The object in a request's path, which exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its kind.
    pub kind: ObjectType,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl Object {
    /// The 404 when it has gone between the two round trips.
    #[must_use]
    pub fn not_found(&self) -> Error {
        self.kind.not_found(&self.name)
    }

    /// How the trail names a version of it.
    #[must_use]
    pub fn version_label(&self, version: &str) -> String {
        format!("{}/{version}", self.name)
    }

    /// The 404 of a version of it.
    #[must_use]
    pub fn version_not_found(&self, version: &str) -> Error {
        self.kind.version_not_found(&self.name, version)
    }
}
