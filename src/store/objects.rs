//! Deployments and pipelines as objects: what a role can be assigned on, beside the project itself.
//!
//! Here is what names them; [`records`] makes, shows and changes them.

pub mod records;
pub mod statements;

use crate::domain::{ObjectType, quoted};
use crate::error::Error;
use crate::sql::statement::Parameters;
use statements::Statements;

/// What UbiOps says of a deployment that is not there: its Terraform provider compares the words.
const NO_DEPLOYMENT: &str = "Deployment was not found";
/// What UbiOps says of a version that is not there, which the provider compares too.
const NO_DEPLOYMENT_VERSION: &str = "Deployment version was not found";

impl ObjectType {
    /// The statements over its table.
    #[must_use]
    pub fn statements(self) -> &'static Statements {
        match self {
            Self::Deployment => &statements::deployments::STATEMENTS,
            Self::Pipeline => &statements::pipelines::STATEMENTS,
        }
    }

    /// The 404 of an object of this kind.
    #[must_use]
    pub fn not_found(self, name: &str) -> Error {
        let error = Error::not_found(format!(
            "there is no {} {} in this project",
            self.name(),
            quoted(name)
        ));
        match self {
            Self::Deployment => error.in_words(NO_DEPLOYMENT),
            Self::Pipeline => error,
        }
    }

    /// The 404 of a version of an object of this kind.
    #[must_use]
    pub fn version_not_found(self, object: &str, version: &str) -> Error {
        let sentence = format!(
            "the {} {} has no version {}",
            self.name(),
            quoted(object),
            quoted(version)
        );
        self.in_words_of_versions(Error::not_found(sentence))
    }

    /// The refusal of a default version that is not there: 404 where UbiOps' words for it are compared, else 400.
    #[must_use]
    pub fn default_version_not_found(self, object: &str, version: &str) -> Error {
        let sentence = format!(
            "default_version: the {} {} has no version {}",
            self.name(),
            quoted(object),
            quoted(version)
        );
        match self {
            Self::Deployment => self.in_words_of_versions(Error::not_found(sentence)),
            Self::Pipeline => Error::invalid(sentence),
        }
    }

    fn in_words_of_versions(self, error: Error) -> Error {
        match self {
            Self::Deployment => error.in_words(NO_DEPLOYMENT_VERSION),
            Self::Pipeline => error,
        }
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
    /// Adds what names it to the parameters of a change of it: `caller_may_on_object!` asks for that.
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
}
