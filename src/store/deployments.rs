//! Deployments, as records: what a role, a version and a count refer to.

pub mod statements;

use serde_json::{Map, Value, json};

use crate::auth::access::Authority;
use crate::domain::{Description, Fields, IoType, Labels, ObjectName};
use crate::http::error::Error;
use crate::http::patch::Patch;
use crate::store::audit::{Action, Change, Occasion};
use crate::store::objects::Object;
use crate::store::projects::{self, Project};
use crate::store::rows::{Flag, JsonText, Millis, row};
use crate::store::session::Session;
use crate::store::statement::Parameters;
use crate::store::subscriptions::{self, limit_reached};
use statements::{
    AFTER_CREATE, AFTER_DELETE, AFTER_UPDATE, CLEAR_DEFAULT, DELETE, GET, INSERT, LIST,
    PERMIT_CREATE, PERMIT_DELETE, PERMIT_UPDATE, SET_DEFAULT, UPDATE,
};

row! {
    /// A deployment.
    #[derive(Debug, Clone)]
    pub struct Deployment {
        /// Its id.
        pub id: String,
        /// Its name, unique in the project.
        pub name: String,
        /// Its description, which may be empty.
        pub description: String,
        /// `structured` or `plain`.
        pub input_type: String,
        /// `structured` or `plain`.
        pub output_type: String,
        /// What goes in, field by field.
        pub input_fields: JsonText,
        /// What comes out, field by field.
        pub output_fields: JsonText,
        /// Whether it takes requests as UbiOps forms them.
        pub supports_request_format: Flag,
        /// Its labels.
        pub labels: JsonText,
        /// When it was created.
        pub creation_date: Millis,
        /// When it was last changed.
        pub last_updated: Millis,
        /// The version that requests without one go to.
        pub default_version: Option<String>,
    }
}

/// What is asked for on creation.
pub struct NewDeployment<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a ObjectName,
    /// Its description.
    pub description: &'a Description,
    /// Whether its input has fields.
    pub input_type: IoType,
    /// Whether its output has fields.
    pub output_type: IoType,
    /// What goes in.
    pub input_fields: &'a Fields,
    /// What comes out.
    pub output_fields: &'a Fields,
    /// Whether it takes requests as UbiOps forms them.
    pub supports_request_format: bool,
    /// Its labels.
    pub labels: &'a Labels,
}

impl NewDeployment<'_> {
    fn to_json(&self) -> Value {
        json!({
            "name": self.name.as_str(),
            "description": self.description,
            "input_type": self.input_type.name(),
            "output_type": self.output_type.name(),
            "input_fields": self.input_fields,
            "output_fields": self.output_fields,
            "supports_request_format": self.supports_request_format,
            "labels": self.labels,
        })
    }
}

/// Creates a deployment.
///
/// # Errors
/// 400 for a taken name; 403 for a right lost meanwhile, or the plan's limit; 404 when the project has gone; 503 when
/// the database fails.
pub async fn create(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    new: NewDeployment<'_>,
) -> Result<Deployment, Error> {
    row! {
        struct After {
            done: Flag,
            found: Flag,
            may: Flag,
            name_is_free: Flag,
            subscription_runs: Flag,
            plan_allows: Flag,
        }
    }
    let change = Change {
        after: Some(new.to_json()),
        ..change_of(project, new.id, new.name.as_str(), Action::Create)
    };
    let statements = change
        .parameters(authority, occasion)
        .text("name", new.name.as_str())
        .text("description", new.description.as_str())
        .text("input_type", new.input_type.name())
        .text("output_type", new.output_type.name())
        .text("input_fields", new.input_fields.to_json())
        .text("output_fields", new.output_fields.to_json())
        .flag("supports_request_format", new.supports_request_format)
        .text("labels", new.labels.to_json())
        .batch([&PERMIT_CREATE, &INSERT, &GET, &AFTER_CREATE]);
    let answers = session.write(statements).await?;
    let after: After = answers.only(3)?;
    if after.done.0 {
        return answers.only(2);
    }
    Err(if !after.found.0 {
        projects::not_found(&project.project_name)
    } else if !after.may.0 {
        projects::lacks(authority)
    } else if !after.name_is_free.0 {
        name_is_taken(new.name)
    } else if !after.subscription_runs.0 {
        subscriptions::ended()
    } else if !after.plan_allows.0 {
        limit_reached("deployments")
    } else {
        Error::inconsistent("a deployment was refused for no reason")
    })
}

fn name_is_taken(name: &ObjectName) -> Error {
    Error::invalid(format!(
        "name: a deployment '{name}' exists already in this project"
    ))
}

/// The deployments of a project, by name.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(session: &Session<'_>, project: &Project) -> Result<Vec<Deployment>, Error> {
    let parameters = Parameters::new().text("project_id", &project.project_id);
    session.read(parameters.batch([&LIST])).await?.all(0)
}

/// The deployment of the path.
///
/// # Errors
/// 404 when it has gone; 503 when the database fails.
pub async fn get(session: &Session<'_>, deployment: &Object) -> Result<Deployment, Error> {
    let parameters = Parameters::new().text("object_id", &deployment.id);
    let found = session.read(parameters.batch([&GET])).await?.first(0)?;
    found.ok_or_else(|| deployment.not_found())
}

/// What a PATCH changes; what is absent stays.
#[derive(Debug, Default)]
pub struct DeploymentChanges {
    /// Its name.
    pub name: Option<ObjectName>,
    /// Its description.
    pub description: Option<Description>,
    /// Its labels.
    pub labels: Option<Labels>,
    /// What goes in.
    pub input_fields: Option<Fields>,
    /// What comes out.
    pub output_fields: Option<Fields>,
    /// The version that requests without one go to; null is none.
    pub default_version: Patch<ObjectName>,
}

impl DeploymentChanges {
    /// Whether nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.to_json().is_empty()
    }

    fn to_json(&self) -> Map<String, Value> {
        let mut after = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                after.insert(name.to_owned(), value);
            }
        };
        put("name", self.name.as_ref().map(|name| json!(name)));
        put(
            "description",
            self.description.as_ref().map(|text| json!(text)),
        );
        put("labels", self.labels.as_ref().map(|labels| json!(labels)));
        put(
            "input_fields",
            self.input_fields.as_ref().map(|fields| json!(fields)),
        );
        put(
            "output_fields",
            self.output_fields.as_ref().map(|fields| json!(fields)),
        );
        let default = &self.default_version;
        put(
            "default_version",
            default.is_present().then(|| json!(default.value())),
        );
        after
    }
}

/// Changes a deployment.
///
/// # Errors
/// 400 for a taken name, fields of a plain side, or an unknown default version; 403 for a right lost meanwhile; 404
/// when it has gone; 503 when the database fails.
pub async fn update(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    deployment: &Object,
    changes: &DeploymentChanges,
) -> Result<Deployment, Error> {
    row! {
        struct After {
            done: Flag,
            found: Flag,
            may: Flag,
            name_is_free: Flag,
            input_fits: Flag,
            output_fits: Flag,
            default_exists: Flag,
        }
    }
    let change = Change {
        after: Some(changes.to_json().into()),
        ..change_of(project, &deployment.id, &deployment.name, Action::Update)
    };
    let name = changes
        .name
        .as_ref()
        .map_or(deployment.name.as_str(), ObjectName::as_str);
    let default = &changes.default_version;
    let statements = change
        .parameters(authority, occasion)
        .text("resource_type", deployment.kind.name())
        .text("resource_id", &deployment.id)
        .text("name", name)
        .optional_text(
            "description",
            changes.description.as_ref().map(Description::as_str),
        )
        .optional_text("labels", changes.labels.as_ref().map(Labels::to_json))
        .optional_text(
            "input_fields",
            changes.input_fields.as_ref().map(Fields::to_json),
        )
        .optional_text(
            "output_fields",
            changes.output_fields.as_ref().map(Fields::to_json),
        )
        .flag("sets_default_version", default.is_present())
        .optional_text("default_version", default.value().map(ObjectName::as_str))
        .batch([
            &PERMIT_UPDATE,
            &UPDATE,
            &CLEAR_DEFAULT,
            &SET_DEFAULT,
            &GET,
            &AFTER_UPDATE,
        ]);
    let answers = session.write(statements).await?;
    let after: After = answers.only(5)?;
    if after.done.0 {
        return answers.only(4);
    }
    Err(match (&changes.name, default.value()) {
        _ if !after.found.0 => deployment.not_found(),
        _ if !after.may.0 => projects::lacks(authority),
        (Some(name), _) if !after.name_is_free.0 => name_is_taken(name),
        _ if !after.input_fits.0 => Error::invalid(PLAIN_INPUT),
        _ if !after.output_fits.0 => Error::invalid(PLAIN_OUTPUT),
        (_, Some(version)) if !after.default_exists.0 => no_such_default(deployment, version),
        _ => Error::inconsistent("a change of a deployment was refused for no reason"),
    })
}

/// The 400 of fields on a plain input.
pub(crate) const PLAIN_INPUT: &str = "input_fields: a plain input has no fields";
/// The 400 of fields on a plain output.
pub(crate) const PLAIN_OUTPUT: &str = "output_fields: a plain output has no fields";

/// The 400 of a default version that does not exist.
pub(crate) fn no_such_default(object: &Object, version: &ObjectName) -> Error {
    Error::invalid(format!(
        "default_version: the {} '{}' has no version '{version}'",
        object.kind.name(),
        object.name
    ))
}

/// Deletes a deployment with its versions and the role assignments on it.
///
/// # Errors
/// 400 while a pipeline uses it; 403 for a right lost meanwhile; 404 when it has gone; 503 when the database fails.
pub async fn delete(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    deployment: &Object,
) -> Result<(), Error> {
    row! {
        struct After {
            done: Flag,
            found: Flag,
            may: Flag,
            is_unused: Flag,
        }
    }
    let statements = change_of(project, &deployment.id, &deployment.name, Action::Delete)
        .parameters(authority, occasion)
        .text("resource_type", deployment.kind.name())
        .text("resource_id", &deployment.id)
        .batch([&PERMIT_DELETE, &DELETE, &AFTER_DELETE]);
    let after: After = session.write(statements).await?.only(2)?;
    if after.done.0 {
        return Ok(());
    }
    Err(if !after.found.0 {
        deployment.not_found()
    } else if !after.may.0 {
        projects::lacks(authority)
    } else if !after.is_unused.0 {
        Error::invalid(format!(
            "the deployment '{}' is used in a pipeline; take it out there first",
            deployment.name
        ))
    } else {
        Error::inconsistent("the deletion of a deployment was refused for no reason")
    })
}

fn change_of<'a>(project: &'a Project, id: &'a str, name: &'a str, action: Action) -> Change<'a> {
    Change {
        action,
        object_type: "deployment",
        object_id: id,
        object_name: name,
        organization_id: Some(&project.organization_id),
        project_id: Some(&project.project_id),
        after: None,
    }
}
