//! `/projects`.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::labels::label_filter;
use crate::api::{Call, OnProject};
use crate::domain::{
    Credits, Labels, ObjectName, OriginList, ProjectId, Timestamp, period_containing,
};
use crate::error::Error;
use crate::store::budgets;
use crate::store::projects::{self, NewProject, Project, ProjectChanges};
use crate::store::rows::JsonText;
use crate::web::patch::Patch;
use crate::web::response::Response;

object! {
    /// The project to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct ProjectCreate {
        /// Name of the project, unique in the installation.
        pub name: ObjectName,
        /// Name of the organization that the project belongs to.
        pub organization_name: ObjectName,
        /// Whether custom roles can be created in the project; false if absent.
        pub advanced_permissions: Option<bool>,
        /// Budget of the project, in credits; no limit if null or absent.
        pub credits: Option<Credits>,
        /// Origins that may call the project from a browser.
        pub cors_origins: Option<OriginList>,
        /// Labels of the project.
        pub labels: Option<Labels>,
    }
}

object! {
    /// Changes to a project; absent fields stay as they are, and null clears a field that can be empty.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct ProjectUpdate {
        /// New name of the project; the old path answers 404 from then on.
        pub name: Patch<ObjectName>,
        /// Whether custom roles can be created in the project.
        pub advanced_permissions: Patch<bool>,
        /// Budget of the project, in credits; null removes the limit.
        pub credits: Patch<Credits>,
        /// Whether the project is suspended.
        pub suspend: Patch<bool>,
        /// All origins that may call the project from a browser.
        pub cors_origins: Patch<OriginList>,
        /// All labels of the project.
        pub labels: Patch<Labels>,
    }
}

/// A project in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ProjectList {
    /// Unique id of the project.
    pub id: String,
    /// Name of the project.
    pub name: String,
    /// When the project was created.
    pub creation_date: String,
    /// Whether custom roles can be created in the project.
    pub advanced_permissions: bool,
    /// Name of the organization that the project belongs to.
    pub organization_name: String,
    /// Budget of the project, in credits; null means no limit.
    pub credits: Option<Credits>,
    /// Origins that may call the project from a browser.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "OriginList"))]
    pub cors_origins: JsonText,
    /// Labels of the project.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Labels"))]
    pub labels: JsonText,
}

/// A project.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ProjectDetail {
    /// Unique id of the project.
    pub id: String,
    /// Name of the project.
    pub name: String,
    /// When the project was created.
    pub creation_date: String,
    /// Whether custom roles can be created in the project.
    pub advanced_permissions: bool,
    /// Name of the organization that the project belongs to.
    pub organization_name: String,
    /// Budget of the project, in credits; null means no limit.
    pub credits: Option<Credits>,
    /// Credits that were used in the current subscription period.
    pub credits_used: Credits,
    /// When the current subscription period began.
    pub period_start: String,
    /// When the current subscription period ends.
    pub period_end: String,
    /// Whether the project is suspended: by a person, or because its credits of this subscription period, or those of
    /// its organization, are used up.
    pub suspended: bool,
    /// Why the project is suspended.
    pub suspended_reason: Option<String>,
    /// Origins that may call the project from a browser.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "OriginList"))]
    pub cors_origins: JsonText,
    /// Labels of the project.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Labels"))]
    pub labels: JsonText,
}

fn credits_of(project: &Project) -> Result<Option<Credits>, Error> {
    let credits = project.project_credits.map(Credits::from_millionths);
    credits
        .transpose()
        .map_err(|invalid| Error::inconsistent(format!("projects.credits: {invalid}")))
}

impl TryFrom<Project> for ProjectList {
    type Error = Error;

    fn try_from(project: Project) -> Result<Self, Error> {
        let (cors_origins, labels) = project.lists()?;
        Ok(Self {
            credits: credits_of(&project)?,
            id: project.project_id.into(),
            name: project.project_name,
            creation_date: project.project_creation_date.0.to_zulu_string(),
            advanced_permissions: project.project_advanced_permissions.0,
            organization_name: project.organization_name,
            cors_origins,
            labels,
        })
    }
}

impl ProjectDetail {
    /// A project as it is shown at this time.
    fn at(now: Timestamp, project: Project) -> Result<Self, Error> {
        let suspended_reason = project.suspension().map(str::to_owned);
        let (period_start, period_end) = period_containing(project.subscription_start(now), now);
        let (cors_origins, labels) = project.lists()?;
        Ok(Self {
            credits: credits_of(&project)?,
            credits_used: budgets::used_by(project.project_credits_used.unwrap_or_default())?,
            period_start: period_start.to_zulu_string(),
            period_end: period_end.to_zulu_string(),
            id: project.project_id.into(),
            name: project.project_name,
            creation_date: project.project_creation_date.0.to_zulu_string(),
            advanced_permissions: project.project_advanced_permissions.0,
            organization_name: project.organization_name,
            suspended: suspended_reason.is_some(),
            suspended_reason,
            cors_origins,
            labels,
        })
    }
}

/// `POST /projects`.
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: ProjectCreate = call.body().await?;
    let id = ProjectId::from_random(call.random()?);
    let new = NewProject {
        id: &id,
        name: &body.name,
        organization: body.organization_name.as_str(),
        advanced_permissions: body.advanced_permissions.unwrap_or_default(),
        credits: body.credits,
        cors_origins: &body.cors_origins.unwrap_or_default(),
        labels: &body.labels.unwrap_or_default(),
    };
    let created = projects::create(&call.change_context()?, new).await?;
    Response::created(&ProjectDetail::at(call.now, created)?)
}

/// `GET /projects`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let labels = label_filter(&call.query)?;
    let organization = call.query.text("organization");
    let (principal, slice) = (call.authority.principal(), call.slice()?);
    let labels = labels.as_deref();
    let projects = projects::list(call.connection, principal, organization, labels, &slice).await?;
    Response::list_of(projects.into_iter().map(ProjectList::try_from))
}

/// `GET /projects/{project_name}`: the first round trip has read it.
pub(crate) async fn get(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    Response::ok(&ProjectDetail::at(call.now, call.project().clone())?)
}

/// `PATCH /projects/{project_name}`.
pub(crate) async fn update(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: ProjectUpdate = call.body().await?;
    let changes = ProjectChanges {
        name: body.name.or_keep("name")?,
        advanced_permissions: body.advanced_permissions.or_keep("advanced_permissions")?,
        credits: body.credits,
        suspend: body.suspend.or_keep("suspend")?,
        cors_origins: body.cors_origins.or_default(),
        labels: body.labels.or_default(),
    };
    let updated = projects::update(&call.change_context()?, call.project(), &changes).await?;
    Response::ok(&ProjectDetail::at(call.now, updated)?)
}

/// `DELETE /projects/{project_name}`.
pub(crate) async fn delete(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let project = call.project();
    projects::delete(&call.change_context()?, project).await?;
    Ok(Response::no_content())
}
