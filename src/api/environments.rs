//! `/projects/{p}/environments`: what versions say that they run in (contract section 5.1).
//!
//! Nothing is built here: an environment is what runs elsewhere, and the clients, which wait until it is built, find that it
//! is. So all of this is read-only.

use serde::Serialize;

use crate::api::{Call, OnProject};
use crate::error::Error;
use crate::store::environments;
use crate::store::projects::Project;
use crate::web::response::Response;

/// An environment: the name that a version has for what it runs in.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct EnvironmentDetail {
    /// Name of the environment, unique in the project.
    pub id: String,
    /// Name of the environment.
    pub name: String,
    /// Name of the environment, for people.
    pub display_name: String,
    /// Name of the project.
    pub project: String,
    /// Always empty.
    pub description: &'static str,
    /// Always empty.
    pub labels: serde_json::Map<String, serde_json::Value>,
    /// When the project was created.
    pub creation_date: String,
    /// When the project was created, like `creation_date`.
    pub last_updated: String,
    /// Always true: environments are not built here.
    pub system: bool,
    /// Always null: environments are not built here.
    pub base_environment: Option<String>,
    /// Always null: environments are not built here.
    pub base_environment_display_name: Option<String>,
    /// Always `success`.
    pub status: &'static str,
    /// Always false.
    pub gpu_required: bool,
    /// Always false.
    pub implicit: bool,
    /// Always false.
    pub hidden: bool,
    /// Always false.
    pub deprecated: bool,
    /// Always null: environments are not built here.
    pub active_revision: Option<String>,
    /// Always null: environments are not built here.
    pub latest_revision: Option<String>,
    /// Always null: environments are not built here.
    pub active_build: Option<String>,
    /// Always null: environments are not built here.
    pub latest_build: Option<String>,
}

/// The tag of an environment.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct EnvironmentTag {
    /// Names of the environment and of the tag, unique in the project.
    pub id: String,
    /// Name of the tag; `latest` where no version names a tag.
    pub name: String,
    /// Name of the environment.
    pub environment: String,
    /// When the project was created.
    pub creation_date: String,
    /// Always `success`.
    pub status: &'static str,
    /// Always true.
    pub built: bool,
    /// Always true.
    pub supports_request_format: bool,
    /// Always false.
    pub implicit: bool,
    /// Always false.
    pub deprecated: bool,
    /// Always 0: nothing of the environment is stored.
    pub size: i64,
    /// Always null.
    pub error_message: Option<String>,
    /// Always null: environments are not built here.
    pub base_environment_name: Option<String>,
    /// Always null: environments are not built here.
    pub base_environment_tag: Option<String>,
}

fn shown(project: &Project, name: String) -> EnvironmentDetail {
    let created = project.project_creation_date.0.to_zulu_string();
    EnvironmentDetail {
        id: name.clone(),
        display_name: name.clone(),
        name,
        project: project.project_name.clone(),
        description: "",
        labels: serde_json::Map::new(),
        creation_date: created.clone(),
        last_updated: created,
        system: true,
        base_environment: None,
        base_environment_display_name: None,
        status: "success",
        gpu_required: false,
        implicit: false,
        hidden: false,
        deprecated: false,
        active_revision: None,
        latest_revision: None,
        active_build: None,
        latest_build: None,
    }
}

fn shown_tag(project: &Project, environment: &str, tag: String) -> EnvironmentTag {
    EnvironmentTag {
        id: format!("{environment}:{tag}"),
        name: tag,
        environment: environment.to_owned(),
        creation_date: project.project_creation_date.0.to_zulu_string(),
        status: "success",
        built: true,
        supports_request_format: true,
        implicit: false,
        deprecated: false,
        size: 0,
        error_message: None,
        base_environment_name: None,
        base_environment_tag: None,
    }
}

/// `GET .../environments`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let project = call.project();
    let names = environments::list(call.connection, project, &call.slice()?).await?;
    let all = names.into_iter().map(|name| shown(project, name));
    Response::list(all)
}

/// `GET .../environments/{environment_name}`.
pub(crate) async fn get(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let (project, name) = (call.project(), call.parameter("environment_name"));
    environments::tag(call.connection, project, name, None).await?;
    Response::ok(&shown(project, name.to_owned()))
}

/// `GET .../environments/{environment_name}/tags`.
pub(crate) async fn tags(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let (project, name) = (call.project(), call.parameter("environment_name"));
    let tag = environments::tag(call.connection, project, name, None).await?;
    Response::ok(&[shown_tag(project, name, tag)])
}

/// `GET .../environments/{environment_name}/tags/{tag}`.
pub(crate) async fn tag(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let (project, name) = (call.project(), call.parameter("environment_name"));
    let tag = Some(call.parameter("tag"));
    let tag = environments::tag(call.connection, project, name, tag).await?;
    Response::ok(&shown_tag(project, name, tag))
}
