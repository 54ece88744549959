//! The kinds of objects on which a role can be assigned, beside the project itself.

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
