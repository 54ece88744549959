//! Versions of deployments, as records.
//!
//! Of a version the server acts on its name, description, labels and on whether it is the default; the other settings
//! are one JSON object that is checked at the door, kept and shown. A change is a merge patch of it (RFC 7396), so null
//! takes a setting back to its default.

pub mod statements;

use serde_json::{Map, Value, json};

use crate::auth::access::Authority;
use crate::domain::{Description, Labels, ObjectName};
use crate::http::error::Error;
use crate::store::audit::{Action, Change, Occasion};
use crate::store::objects::Object;
use crate::store::projects::{self, Project};
use crate::store::rows::{Flag, JsonText, Millis, row};
use crate::store::session::Session;
use crate::store::statement::Parameters;
use crate::store::subscriptions::{self, limit_reached};
use statements::{
    AFTER_CREATE, AFTER_DELETE, AFTER_UPDATE, DELETE, GET, GET_CHANGED, INSERT, LIST, NAME,
    PERMIT_CREATE, PERMIT_DELETE, PERMIT_UPDATE, UPDATE,
};

/// Most instances of a version that says nothing else (UbiOps' documents of `deployment_versions_create`).
pub const MAXIMUM_INSTANCES: i64 = 5;

row! {
    /// A version of a deployment.
    #[derive(Debug, Clone)]
    pub struct DeploymentVersion {
        /// Its id.
        pub id: String,
        /// The name of its deployment.
        pub deployment: String,
        /// Its name, unique in the deployment.
        pub version: String,
        /// Whether requests without a version go to it.
        pub is_default: Flag,
        /// Its description, which may be empty.
        pub description: String,
        /// Its labels.
        pub labels: JsonText,
        /// The settings that were given.
        pub settings: JsonText,
        /// When it was created.
        pub creation_date: Millis,
        /// When it was last changed.
        pub last_updated: Millis,
    }
}

/// What is asked for on creation.
pub struct NewDeploymentVersion<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub version: &'a ObjectName,
    /// Its description.
    pub description: &'a Description,
    /// Its labels.
    pub labels: &'a Labels,
    /// The settings that were given.
    pub settings: Map<String, Value>,
}

/// What a PATCH changes; what is absent stays.
#[derive(Debug, Default)]
pub struct DeploymentVersionChanges {
    /// Its name.
    pub version: Option<ObjectName>,
    /// Its description.
    pub description: Option<Description>,
    /// Its labels.
    pub labels: Option<Labels>,
    /// The settings that change; null takes one back to its default.
    pub settings: Map<String, Value>,
}

impl DeploymentVersionChanges {
    /// Whether nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.version.is_none()
            && self.description.is_none()
            && self.labels.is_none()
            && self.settings.is_empty()
    }
}

row! {
    struct AfterWrite {
        done: Flag,
        found: Flag,
        may: Flag,
        name_is_free: Flag,
        instances_fit: Flag,
        subscription_runs: Flag,
        plan_allows: Flag,
    }
}

impl AfterWrite {
    fn refusal(&self, authority: &Authority, deployment: &Object, name: &str) -> Error {
        if !self.may.0 {
            projects::lacks(authority)
        } else if !self.name_is_free.0 {
            Error::invalid(format!(
                "version: the deployment '{}' has a version '{name}' already",
                deployment.name
            ))
        } else if !self.instances_fit.0 {
            Error::invalid("minimum_instances: it is above maximum_instances")
        } else if !self.subscription_runs.0 {
            subscriptions::ended()
        } else if !self.plan_allows.0 {
            limit_reached("deployment_versions")
        } else {
            Error::inconsistent("a version of a deployment was refused for no reason")
        }
    }
}

/// Creates a version; the default one, if the deployment has none.
///
/// # Errors
/// 400 for a taken name, or more instances at least than at most; 403 for a right lost meanwhile, or the plan's limit;
/// 404 when the deployment has gone; 503 when the database fails.
pub async fn create(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    deployment: &Object,
    new: NewDeploymentVersion<'_>,
) -> Result<DeploymentVersion, Error> {
    let name = new.version.as_str();
    let label = deployment.version_label(name);
    let change = Change {
        object_id: new.id,
        after: Some(json!({
            "version": name, "description": new.description, "labels": new.labels, "settings": new.settings,
        })),
        ..change_of(project, &label, Action::Create)
    };
    let statements = parameters_of(change, authority, occasion, deployment, name)
        .text("description", new.description.as_str())
        .text("labels", new.labels.to_json())
        .text("settings", Value::Object(new.settings).to_string())
        .integer("maximum_instances", MAXIMUM_INSTANCES)
        .batch([&PERMIT_CREATE, &INSERT, &GET_CHANGED, &AFTER_CREATE]);
    let answers = session.write(statements).await?;
    let after: AfterWrite = answers.only(3)?;
    match (after.done.0, after.found.0) {
        (true, _) => answers.only(2),
        (false, false) => Err(deployment.not_found()),
        (false, true) => Err(after.refusal(authority, deployment, name)),
    }
}

/// The versions of a deployment, by name.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    session: &Session<'_>,
    deployment: &Object,
) -> Result<Vec<DeploymentVersion>, Error> {
    let parameters = Parameters::new().text("resource_id", &deployment.id);
    session.read(parameters.batch([&LIST])).await?.all(0)
}

/// One version of a deployment.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn get(
    session: &Session<'_>,
    deployment: &Object,
    version: &str,
) -> Result<DeploymentVersion, Error> {
    let parameters = Parameters::new()
        .text("resource_id", &deployment.id)
        .text("version", version);
    let found = session.read(parameters.batch([&GET])).await?.first(0)?;
    found.ok_or_else(|| deployment.version_not_found(version))
}

/// The name of the version, or of the default one where none is named; nothing if there is none.
///
/// # Errors
/// 503 when the database fails.
pub async fn name_of(
    session: &Session<'_>,
    deployment: &Object,
    version: Option<&str>,
) -> Result<Option<String>, Error> {
    row! {
        struct Row {
            version: String,
        }
    }
    let parameters = Parameters::new()
        .text("resource_id", &deployment.id)
        .optional_text("version", version);
    let found: Option<Row> = session.read(parameters.batch([&NAME])).await?.first(0)?;
    Ok(found.map(|row| row.version))
}

/// Changes a version.
///
/// # Errors
/// As [`create`], but for the limit; 404 for a version that does not exist.
pub async fn update(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    deployment: &Object,
    version: &str,
    changes: DeploymentVersionChanges,
) -> Result<DeploymentVersion, Error> {
    let name = changes.version.as_ref().map_or(version, ObjectName::as_str);
    let label = deployment.version_label(version);
    let change = Change {
        after: Some(json!({
            "version": changes.version, "description": changes.description, "labels": changes.labels,
            "settings": changes.settings,
        })),
        ..change_of(project, &label, Action::Update)
    };
    let statements = parameters_of(change, authority, occasion, deployment, version)
        .text("new_version", name)
        .optional_text(
            "description",
            changes.description.as_ref().map(Description::as_str),
        )
        .optional_text("labels", changes.labels.as_ref().map(Labels::to_json))
        .text("settings", Value::Object(changes.settings).to_string())
        .integer("maximum_instances", MAXIMUM_INSTANCES)
        .batch([&PERMIT_UPDATE, &UPDATE, &GET_CHANGED, &AFTER_UPDATE]);
    let answers = session.write(statements).await?;
    let after: AfterWrite = answers.only(3)?;
    match (after.done.0, after.found.0) {
        (true, _) => answers.only(2),
        (false, false) => Err(deployment.version_not_found(version)),
        (false, true) => Err(after.refusal(authority, deployment, name)),
    }
}

/// Deletes a version; if it was the default one, the deployment has none.
///
/// # Errors
/// 400 while a pipeline names it; 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    deployment: &Object,
    version: &str,
) -> Result<(), Error> {
    row! {
        struct After {
            done: Flag,
            found: Flag,
            may: Flag,
            is_unused: Flag,
        }
    }
    let label = deployment.version_label(version);
    let change = change_of(project, &label, Action::Delete);
    let statements = parameters_of(change, authority, occasion, deployment, version).batch([
        &PERMIT_DELETE,
        &DELETE,
        &AFTER_DELETE,
    ]);
    let after: After = session.write(statements).await?.only(2)?;
    if after.done.0 {
        return Ok(());
    }
    Err(if !after.found.0 {
        deployment.version_not_found(version)
    } else if !after.may.0 {
        projects::lacks(authority)
    } else if !after.is_unused.0 {
        Error::invalid(format!(
            "the version '{version}' is used in a pipeline; take it out there first"
        ))
    } else {
        Error::inconsistent("the deletion of a version was refused for no reason")
    })
}

fn parameters_of(
    change: Change<'_>,
    authority: &Authority,
    occasion: &Occasion,
    deployment: &Object,
    version: &str,
) -> Parameters {
    change
        .parameters(authority, occasion)
        .text("resource_type", deployment.kind.name())
        .text("resource_id", &deployment.id)
        .text("version", version)
}

fn change_of<'a>(project: &'a Project, label: &'a str, action: Action) -> Change<'a> {
    Change {
        action,
        object_type: "deployment_version",
        object_id: "",
        object_name: label,
        organization_id: Some(&project.organization_id),
        project_id: Some(&project.project_id),
        after: None,
    }
}
