//! Targets: deployments and pipelines, which take requests, and on which a role can be assigned as on the project itself.
//!
//! Here is what names them; [`records`] makes, shows and changes them.

pub mod records;
pub mod statements;

use crate::domain::{TargetId, TargetKind, quoted};
use crate::error::{Error, Reason};
use crate::sql::statement::Parameters;
use statements::Statements;

impl TargetKind {
    /// The statements over its table.
    #[must_use]
    pub fn statements(self) -> &'static Statements {
        match self {
            Self::Deployment => &statements::deployments::STATEMENTS,
            Self::Pipeline => &statements::pipelines::STATEMENTS,
        }
    }

    /// The 404 of a target of this kind.
    #[must_use]
    pub fn not_found(self, name: &str) -> Error {
        let error = Error::not_found(format!(
            "there is no {} {} in this project",
            self.name(),
            quoted(name)
        ));
        match self {
            Self::Deployment => error.because(Reason::NoSuchDeployment),
            Self::Pipeline => error,
        }
    }

    /// The 404 of a version of a target of this kind.
    #[must_use]
    pub fn version_not_found(self, target: &str, version: &str) -> Error {
        let sentence = format!(
            "the {} {} has no version {}",
            self.name(),
            quoted(target),
            quoted(version)
        );
        self.since_no_such_version(Error::not_found(sentence))
    }

    /// The refusal of a default version that is not there: 404 where clients look for that, else 400.
    #[must_use]
    pub fn default_version_not_found(self, target: &str, version: &str) -> Error {
        let sentence = format!(
            "default_version: the {} {} has no version {}",
            self.name(),
            quoted(target),
            quoted(version)
        );
        match self {
            Self::Deployment => self.since_no_such_version(Error::not_found(sentence)),
            Self::Pipeline => Error::invalid(sentence),
        }
    }

    fn since_no_such_version(self, error: Error) -> Error {
        match self {
            Self::Deployment => error.because(Reason::NoSuchDeploymentVersion),
            Self::Pipeline => error,
        }
    }
}

/// The target in a request's path, which exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its kind.
    pub kind: TargetKind,
    /// Its id.
    pub id: TargetId,
    /// Its name.
    pub name: String,
}

impl Target {
    /// Adds what names it to the parameters of a change of it: `caller_may_on_target!` asks for that.
    #[must_use]
    pub fn parameters(&self, parameters: Parameters) -> Parameters {
        parameters
            .text("resource_type", self.kind.name())
            .text("resource_id", &self.id)
    }

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

    /// The 404 of the version that a path names, or of the default one where it names none.
    #[must_use]
    pub fn no_version(&self, named: Option<&str>) -> Error {
        match named {
            Some(version) => self.version_not_found(version),
            None => Error::not_found(format!(
                "the {} {} has no default version; name one in the path",
                self.kind.name(),
                quoted(&self.name)
            )),
        }
    }
}
