//! What makes, changes and deletes a project.

use serde_json::{Value, json};

use super::statements::{
    COMPLETE_TRAIL, DELETE, DELETE_ORIGINS, GET_BY_ID, INSERT, INSERT_ADMIN_ASSIGNMENTS,
    INSERT_ORIGINS, JOIN_MAKER, PERMIT_CREATE, PERMIT_DELETE, PERMIT_UPDATE, UPDATE,
};
use super::{Project, lacks, not_found, organization_not_found};
use crate::domain::ProjectId;
use crate::domain::credits::Credits;
use crate::domain::json;
use crate::domain::labels::Labels;
use crate::domain::names::ObjectName;
use crate::domain::origin::OriginList;
use crate::error::Error;
use crate::store::audit::{Action, Change, ChangeContext, given};
use crate::store::budgets;
use crate::store::subscriptions::{self, limit_reached};
use crate::web::patch::Patch;

/// What is asked for on creation.
pub struct NewProject<'a> {
    /// Its id.
    pub id: &'a ProjectId,
    /// Its name.
    pub name: &'a ObjectName,
    /// The name of its organization.
    pub organization: &'a str,
    /// Whether custom roles can be made in it.
    pub advanced_permissions: bool,
    /// Its budget; none is no limit.
    pub credits: Option<Credits>,
    /// Its origins.
    pub cors_origins: &'a OriginList,
    /// Its labels.
    pub labels: &'a Labels,
}

impl NewProject<'_> {
    fn to_json(&self) -> Value {
        json!({
            "name": self.name.as_str(),
            "advanced_permissions": self.advanced_permissions,
            "credit_millionths": self.credits.map(Credits::as_millionths),
            "cors_origins": json::tree(self.cors_origins),
            "labels": json::tree(self.labels),
        })
    }
}

/// Creates a project; each admin of its organization gets the role project-admin in it, and who makes it has joined.
///
/// # Errors
/// 404 for an organization that the caller is no member of; 403 unless they are its admin; 400 for a taken name; 503
/// when the database fails.
pub async fn create(context: &ChangeContext<'_>, new: NewProject<'_>) -> Result<Project, Error> {
    let change = Change {
        action: Action::Create,
        object_type: "project",
        object_id: new.id.any(),
        object_name: new.name.as_str(),
        organization_id: None,
        project_id: Some(new.id),
        after: Some(new.to_json()),
    };
    let statements = budgets::at(change.parameters(context), context.now)
        .text("name", new.name.as_str())
        .text("organization", new.organization)
        .flag("advanced_permissions", new.advanced_permissions)
        .optional_integer("credits", new.credits.map(Credits::as_millionths))
        .text("cors_origins", new.cors_origins.to_json())
        .text("labels", new.labels.to_json())
        .batch([
            &PERMIT_CREATE,
            &INSERT,
            &INSERT_ORIGINS,
            &INSERT_ADMIN_ASSIGNMENTS,
            &COMPLETE_TRAIL,
            &JOIN_MAKER,
            &GET_BY_ID,
        ]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("sees_organization", &|| {
            organization_not_found(new.organization)
        }),
        ("may", &|| lacks(context.authority)),
        ("name_is_free", &|| name_is_taken(new.name.as_str())),
        ("subscription_runs", &subscriptions::ended),
        ("plan_allows", &|| limit_reached("projects")),
    ])?;
    answers.only(&GET_BY_ID)
}

fn name_is_taken(name: &str) -> Error {
    Error::invalid(format!("name: a project '{name}' exists already"))
}

/// What a PATCH changes; what is absent stays.
#[derive(Debug, Default)]
pub struct ProjectChanges {
    /// Its name.
    pub name: Option<ObjectName>,
    /// Whether custom roles can be made in it.
    pub advanced_permissions: Option<bool>,
    /// Its budget; null lifts it.
    pub credits: Patch<Credits>,
    /// Whether it is suspended.
    pub suspend: Option<bool>,
    /// Its origins.
    pub cors_origins: Option<OriginList>,
    /// Its labels.
    pub labels: Option<Labels>,
}

impl ProjectChanges {
    fn to_json(&self) -> Value {
        let credits = self.credits.value().map(|credits| credits.as_millionths());
        given(vec![
            ("name", self.name.as_ref().map(|name| json!(name))),
            (
                "advanced_permissions",
                self.advanced_permissions.map(Value::Bool),
            ),
            (
                "credit_millionths",
                self.credits.is_present().then(|| json!(credits)),
            ),
            ("suspend", self.suspend.map(Value::Bool)),
            ("cors_origins", self.cors_origins.as_ref().map(json::tree)),
            ("labels", self.labels.as_ref().map(json::tree)),
        ])
    }
}

/// Changes a project.
///
/// # Errors
/// 400 for a taken name; 403 for a suspension or a budget that is not the caller's to lift, or a right lost meanwhile; 404
/// when the project has gone; 503 when the database fails.
pub async fn update(
    context: &ChangeContext<'_>,
    project: &Project,
    changes: &ProjectChanges,
) -> Result<Project, Error> {
    let change = Change {
        after: Some(changes.to_json()),
        ..change_of(project, Action::Update)
    };
    let by = if context.authority.principal().is_operator() {
        "operator"
    } else {
        "organization"
    };
    let suspends = changes.suspend == Some(true);
    let name = changes.name.as_ref().map(ObjectName::as_str);
    let statements = budgets::at(change.parameters(context), context.now)
        .optional_text("name", name)
        .flag(
            "sets_advanced_permissions",
            changes.advanced_permissions.is_some(),
        )
        .flag(
            "advanced_permissions",
            changes.advanced_permissions.unwrap_or_default(),
        )
        .flag("sets_credits", changes.credits.is_present())
        .optional_integer(
            "credits",
            changes
                .credits
                .value()
                .map(|credits| credits.as_millionths()),
        )
        .flag("sets_suspension", changes.suspend.is_some())
        .optional_text("suspended_by", suspends.then_some(by))
        .optional_text(
            "suspended_reason",
            suspends.then(|| format!("suspended by the {by}")),
        )
        .optional_text(
            "cors_origins",
            changes.cors_origins.as_ref().map(OriginList::to_json),
        )
        .optional_text("labels", changes.labels.as_ref().map(Labels::to_json))
        .batch([
            &PERMIT_UPDATE,
            &UPDATE,
            &DELETE_ORIGINS,
            &INSERT_ORIGINS,
            &GET_BY_ID,
        ]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| not_found(&project.project_name)),
        ("may", &|| lacks(context.authority)),
        ("name_is_free", &|| name_is_taken(name.unwrap_or_default())),
        ("suspension_is_callers", &|| {
            Error::forbidden(
                "suspend: the operator has suspended this project, and only they can lift that",
            )
        }),
        ("lifts_no_suspension", &|| {
            Error::forbidden("suspend: only an admin of the organization lifts a suspension")
        }),
        ("raises_no_credits", &|| {
            Error::forbidden(
                "credits: only an admin of the organization raises or removes the budget; you may lower it",
            )
        }),
    ])?;
    answers.only(&GET_BY_ID)
}

/// Deletes a project with all that belongs to it; its tokens answer 401 from the next request on.
///
/// # Errors
/// 403 for a right lost meanwhile; 404 when the project has gone; 503 when the database fails.
pub async fn delete(context: &ChangeContext<'_>, project: &Project) -> Result<(), Error> {
    let parameters = change_of(project, Action::Delete).parameters(context);
    let statements = parameters.batch([&PERMIT_DELETE, &DELETE]);
    context.connection.write(statements).await?.done_or(&[
        ("found", &|| not_found(&project.project_name)),
        ("may", &|| lacks(context.authority)),
    ])
}

fn change_of(project: &Project, action: Action) -> Change<'_> {
    let (id, name) = (&project.project_id, &project.project_name);
    project.change(action, "project", id.any(), name)
}
