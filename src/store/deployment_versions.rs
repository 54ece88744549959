//! Versions of deployments, as records.
//!
//! Of a version the server acts on its name, description, labels and on whether it is the default; the other settings
//! are one JSON object that is checked at the door, kept and shown. A change is a merge patch of it (RFC 7396), so null
//! takes a setting back to its default.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::auth::access::Authority;
use crate::domain::{Description, Labels, ObjectName};
use crate::http::error::Error;
use crate::store::audit::{Action, Change, Occasion, caller_may_on_object, permit, permitted};
use crate::store::objects::Object;
use crate::store::projects::{self, Project};
use crate::store::rows::{Flag, JsonText, Millis};
use crate::store::session::Session;
use crate::store::sql::statements;
use crate::store::statement::Parameters;
use crate::store::subscriptions::{self, limit_reached, plan_allows, subscription_runs};

/// Most instances of a version that says nothing else (UbiOps' documents of `deployment_versions_create`).
pub const MAXIMUM_INSTANCES: i64 = 5;

/// A version of a deployment.
#[derive(Debug, Clone, Deserialize)]
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

macro_rules! select_version {
    () => {
        "SELECT v.id, d.name AS deployment, v.version, v.is_default, v.description, v.labels, v.settings,
                v.creation_date, v.last_updated
         FROM deployment_versions v JOIN deployments d ON d.id = v.deployment_id "
    };
}

/// The id of the version that the path names.
macro_rules! version_in_path {
    () => {
        "(SELECT id FROM deployment_versions WHERE deployment_id = :resource_id AND version = :version)"
    };
}

/// The id of the version that this batch has changed, as its permit has noted it: a rename does not lose it.
macro_rules! permitted_version {
    () => {
        "(SELECT object_id FROM audit WHERE id = :audit_id)"
    };
}

macro_rules! deployment_exists {
    () => {
        "EXISTS (SELECT 1 FROM deployments WHERE id = :resource_id)"
    };
}

macro_rules! name_is_free {
    () => {
        "(:new_version = :version OR NOT EXISTS (
            SELECT 1 FROM deployment_versions WHERE deployment_id = :resource_id AND version = :new_version))"
    };
}

macro_rules! plan_allows_version {
    () => {
        plan_allows!("max_deployment_versions", "deployment_versions")
    };
}

/// With the change, the least number of instances is not above the most.
macro_rules! instances_fit {
    () => {
        "(SELECT coalesce(json_extract(settings, '$.minimum_instances'), 0)
                 <= coalesce(json_extract(settings, '$.maximum_instances'), #maximum_instances)
          FROM (SELECT json_patch(coalesce((SELECT settings FROM deployment_versions
                                            WHERE deployment_id = :resource_id AND version = :version), '{}'),
                                  :settings) AS settings))"
    };
}

/// No pipeline version refers to it by name (UbiOps' documents of `deployment_versions_delete`).
macro_rules! is_unused {
    () => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM pipeline_objects WHERE reference_version_id = ",
            version_in_path!(),
            ")"
        )
    };
}

macro_rules! version_before {
    () => {
        "(SELECT json_object('version', version, 'description', description, 'labels', json(labels),
                             'settings', json(settings))
          FROM deployment_versions WHERE deployment_id = :resource_id AND version = :version)"
    };
}

statements! {
    /// The versions of a deployment, by name.
    LIST = concat!(select_version!(), "WHERE v.deployment_id = :resource_id ORDER BY v.version");
    /// One version of a deployment.
    GET = concat!(select_version!(), "WHERE v.deployment_id = :resource_id AND v.version = :version");
    /// The version that this batch has made or changed.
    GET_CHANGED = concat!(select_version!(), "WHERE v.id = ", permitted_version!());
    /// The name of a version, or of the default one where none is named.
    NAME = "SELECT version FROM deployment_versions
            WHERE deployment_id = :resource_id AND version = :version AND :version IS NOT NULL
            UNION ALL
            SELECT version FROM deployment_versions WHERE deployment_id = :resource_id AND is_default = 1 AND :version IS NULL";
    /// The permit for a new version.
    PERMIT_CREATE = permit!(":object_id", "NULL", concat!(
        deployment_exists!(), " AND ", caller_may_on_object!(), " AND ", version_in_path!(), " IS NULL AND ",
        instances_fit!(), " AND ", subscription_runs!(), " AND ", plan_allows_version!()));
    /// The version itself; the default one, if there is none.
    INSERT = concat!(
        "INSERT INTO deployment_versions (id, organization_id, project_id, deployment_id, version, is_default,
                                          description, labels, settings, creation_date, last_updated)
         SELECT :object_id, :organization_id, :project_id, :resource_id, :version,
                NOT EXISTS (SELECT 1 FROM deployment_versions WHERE deployment_id = :resource_id AND is_default = 1),
                :description, :labels, :settings, #now, #now
         WHERE ", permitted!());
    /// Why there is none, where there is none.
    AFTER_CREATE = concat!(
        "SELECT ", permitted!(), " AS done, ", deployment_exists!(), " AS found, ", caller_may_on_object!(),
        " AS may, ", version_in_path!(), " IS NULL AS name_is_free, ", instances_fit!(), " AS instances_fit, ",
        subscription_runs!(), " AS subscription_runs, ", plan_allows_version!(), " AS plan_allows");
    /// The permit to change a version.
    PERMIT_UPDATE = permit!(version_in_path!(), version_before!(), concat!(
        version_in_path!(), " IS NOT NULL AND ", caller_may_on_object!(), " AND ", name_is_free!(), " AND ",
        instances_fit!()));
    /// The change.
    UPDATE = concat!(
        "UPDATE deployment_versions SET
           version = :new_version,
           description = coalesce(:description, description),
           labels = coalesce(:labels, labels),
           settings = json_patch(settings, :settings),
           last_updated = #now
         WHERE id = ", permitted_version!(), " AND ", permitted!());
    /// Whether it was changed, or why not.
    AFTER_UPDATE = concat!(
        "SELECT ", permitted!(), " AS done, ", version_in_path!(), " IS NOT NULL AS found, ",
        caller_may_on_object!(), " AS may, ", name_is_free!(), " AS name_is_free, ", instances_fit!(),
        " AS instances_fit, 1 AS subscription_runs, 1 AS plan_allows");
    /// The permit to delete a version.
    PERMIT_DELETE = permit!(version_in_path!(), version_before!(), concat!(
        version_in_path!(), " IS NOT NULL AND ", caller_may_on_object!(), " AND ", is_unused!()));
    /// The version.
    DELETE = concat!("DELETE FROM deployment_versions WHERE id = ", permitted_version!(), " AND ", permitted!());
    /// Whether it is gone, or why not.
    AFTER_DELETE = concat!(
        "SELECT ", permitted!(), " AS done, ", version_in_path!(), " IS NOT NULL AS found, ",
        caller_may_on_object!(), " AS may, ", is_unused!(), " AS is_unused");
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

#[derive(Deserialize)]
struct AfterWrite {
    done: Flag,
    found: Flag,
    may: Flag,
    name_is_free: Flag,
    instances_fit: Flag,
    subscription_runs: Flag,
    plan_allows: Flag,
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
    #[derive(Deserialize)]
    struct Row {
        version: String,
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
    #[derive(Deserialize)]
    struct After {
        done: Flag,
        found: Flag,
        may: Flag,
        is_unused: Flag,
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
