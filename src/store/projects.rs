//! Projects: where service users, roles and origins belong.

pub mod statements;

use crate::auth::access::Authority;
use crate::auth::principal::Principal;
use crate::domain::credits::Credits;
use crate::domain::labels::Labels;
use crate::domain::names::ObjectName;
use crate::domain::origin::OriginList;
use crate::domain::time::Timestamp;
use crate::http::error::Error;
use crate::http::patch::Patch;
use crate::store::audit::{Action, Change, Occasion};
use crate::store::budgets;
use crate::store::rows::{Flag, JsonText, Millis, row};
use crate::store::session::Session;
use crate::store::statement::{Parameters, Statement};
use crate::store::subscriptions::{self, limit_reached};
use statements::{
    AFTER_CREATE, AFTER_DELETE, AFTER_UPDATE, COMPLETE_TRAIL, DELETE, DELETE_ORIGINS, GET_BY_ID,
    INSERT, INSERT_ADMIN_ASSIGNMENTS, INSERT_ORIGINS, LIST_EVERYTHING, LIST_OF_PRINCIPAL,
    PERMIT_CREATE, PERMIT_DELETE, PERMIT_UPDATE, UPDATE,
};

row! {
    /// A project.
    #[derive(Debug, Clone)]
    pub struct Project {
        /// Its id.
        pub project_id: String,
        /// Its name, unique in the installation.
        pub project_name: String,
        /// When it was created.
        pub project_creation_date: Millis,
        /// Whether custom roles can be made in it.
        pub project_advanced_permissions: Flag,
        /// Its budget in millionths of a credit; none is no limit.
        pub project_credits: Option<i64>,
        /// Who has suspended it, if anybody has: `operator` or `organization`.
        pub project_suspended_by: Option<String>,
        /// Why.
        pub project_suspended_reason: Option<String>,
        /// The origins that may call it from a browser.
        pub project_cors_origins: JsonText,
        /// Its labels.
        pub project_labels: JsonText,
        /// The organization it belongs to.
        pub organization_id: String,
        /// That organization's name.
        pub organization_name: String,
        /// When the plan of that organization started, unless the next one has.
        pub organization_subscription_start_date: Millis,
        /// When its next plan starts, if there is one.
        pub organization_next_subscription_start_date: Option<Millis>,
        /// Whether its organization may have a budget; asked where the project is to be shown itself.
        pub organization_has_budget: Option<Flag>,
        /// Whether its own budget is used up, if it has one; looked at where the project is shown itself.
        pub project_credits_used_up: Option<Flag>,
        /// Whether the credits of its organization are, likewise.
        pub organization_credits_used_up: Option<Flag>,
    }
}

impl Project {
    /// When the plan in force started: the periods of its credits are anchored to this day.
    #[must_use]
    pub fn subscription_start(&self, now: Timestamp) -> Timestamp {
        let next = self.organization_next_subscription_start_date;
        let started = next.filter(|start| start.0 <= now);
        started
            .unwrap_or(self.organization_subscription_start_date)
            .0
    }

    /// Whether there may be a limit to what it may use: its own, or its organization's.
    #[must_use]
    pub fn has_budget(&self) -> bool {
        let of_organization = self.organization_has_budget.unwrap_or_default();
        self.project_credits.is_some() || of_organization.0
    }

    /// Why it is suspended, if it is: somebody has suspended it, or there are no credits left (UbiOps spec 3.6).
    #[must_use]
    pub fn suspension(&self) -> Option<&str> {
        let is = |flag: Option<Flag>| flag.unwrap_or_default().0;
        if self.project_suspended_by.is_some() {
            Some(self.project_suspended_reason.as_deref().unwrap_or_default())
        } else if is(self.project_credits_used_up) {
            Some("the project's credits of this subscription period are used up")
        } else if is(self.organization_credits_used_up) {
            Some("the organization's credits of this subscription period are used up")
        } else {
            None
        }
    }
}

/// The 404 of a project, the same whether it does not exist or is not the caller's to see.
#[must_use]
pub fn not_found(name: &str) -> Error {
    Error::not_found(format!(
        "there is no project {}",
        crate::domain::invalid::quoted(name)
    ))
}

/// The 404 of an organization, likewise.
#[must_use]
pub fn organization_not_found(name: &str) -> Error {
    Error::not_found(format!(
        "there is no organization {}",
        crate::domain::invalid::quoted(name)
    ))
}

/// The 403 of somebody who lost the right between the two round trips, or never had it.
#[must_use]
pub fn lacks(authority: &Authority) -> Error {
    match authority.permission() {
        Some(permission) => {
            Error::forbidden(format!("this needs the permission {}", permission.name()))
        }
        None => Error::forbidden("this needs an admin of the organization"),
    }
}

/// What is asked for on creation.
pub struct NewProject<'a> {
    /// Its id.
    pub id: &'a str,
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
    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name.as_str(),
            "advanced_permissions": self.advanced_permissions,
            "credit_millionths": self.credits.map(Credits::as_millionths),
            "cors_origins": self.cors_origins,
            "labels": self.labels,
        })
    }
}

/// Creates a project; each admin of its organization gets the role project-admin in it.
///
/// # Errors
/// 404 for an organization that the caller is no member of; 403 unless he is its admin; 400 for a taken name; 503
/// when the database fails.
pub async fn create(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    new: NewProject<'_>,
) -> Result<Project, Error> {
    row! {
        struct After {
            done: Flag,
            may: Flag,
            name_is_free: Flag,
            subscription_runs: Flag,
            plan_allows: Flag,
            sees_organization: Flag,
        }
    }
    let change = Change {
        action: Action::Create,
        object_type: "project",
        object_id: new.id,
        object_name: new.name.as_str(),
        organization_id: None,
        project_id: Some(new.id),
        after: Some(new.to_json()),
    };
    let statements = budgets::at(change.parameters(authority, occasion), occasion.now)
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
            &GET_BY_ID,
            &AFTER_CREATE,
        ]);
    let answers = session.write(statements).await?;
    let after: After = answers.only(6)?;
    if after.done.0 {
        return answers.only(5);
    }
    Err(if !after.sees_organization.0 {
        organization_not_found(new.organization)
    } else if !after.may.0 {
        lacks(authority)
    } else if !after.name_is_free.0 {
        name_is_taken(new.name)
    } else if !after.subscription_runs.0 {
        subscriptions::ended()
    } else if !after.plan_allows.0 {
        limit_reached("projects")
    } else {
        Error::inconsistent("a project was refused for no reason")
    })
}

fn name_is_taken(name: &ObjectName) -> Error {
    Error::invalid(format!("name: a project '{name}' exists already"))
}

/// The projects in which a caller has a part, by name; with `organization` only those of it. The operator's list
/// shows all.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    session: &Session<'_>,
    caller: &Principal,
    organization: Option<&str>,
) -> Result<Vec<Project>, Error> {
    let parameters = Parameters::new().optional_text("organization", organization);
    let statements: Vec<Statement> = if caller.is_operator() {
        parameters.batch([&LIST_EVERYTHING])
    } else {
        parameters
            .optional_text("principal_id", caller.id())
            .batch([&LIST_OF_PRINCIPAL])
    };
    session.read(statements).await?.all(0)
}

/// A project as it is shown itself, with what has become of its budgets.
///
/// # Errors
/// 404 when it has gone; 503 when the database fails.
pub async fn get(
    session: &Session<'_>,
    project: &Project,
    now: Timestamp,
) -> Result<Project, Error> {
    let parameters = budgets::at(Parameters::new(), now).text("object_id", &project.project_id);
    let found = session
        .read(parameters.batch([&GET_BY_ID]))
        .await?
        .first(0)?;
    found.ok_or_else(|| not_found(&project.project_name))
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
    /// Whether nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.advanced_permissions.is_none()
            && !self.credits.is_present()
            && self.suspend.is_none()
            && self.cors_origins.is_none()
            && self.labels.is_none()
    }

    fn to_json(&self) -> serde_json::Value {
        let mut after = serde_json::Map::new();
        let mut put = |name: &str, value: Option<serde_json::Value>| {
            if let Some(value) = value {
                after.insert(name.to_owned(), value);
            }
        };
        put("name", self.name.as_ref().map(|name| name.as_str().into()));
        put(
            "advanced_permissions",
            self.advanced_permissions.map(Into::into),
        );
        let credits = self.credits.value().map(|credits| credits.as_millionths());
        put(
            "credit_millionths",
            self.credits
                .is_present()
                .then(|| serde_json::json!(credits)),
        );
        put("suspend", self.suspend.map(Into::into));
        put(
            "cors_origins",
            self.cors_origins
                .as_ref()
                .map(|origins| serde_json::json!(origins)),
        );
        put(
            "labels",
            self.labels.as_ref().map(|labels| serde_json::json!(labels)),
        );
        after.into()
    }
}

/// Changes a project.
///
/// # Errors
/// 400 for a taken name; 403 for a suspension that only the operator lifts, or a right lost meanwhile; 404 when the
/// project has gone; 503 when the database fails.
pub async fn update(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    changes: &ProjectChanges,
) -> Result<Project, Error> {
    row! {
        struct After {
            done: Flag,
            found: Flag,
            may: Flag,
            name_is_free: Flag,
            suspension_is_callers: Flag,
        }
    }
    let change = Change {
        after: Some(changes.to_json()),
        ..change_of(project, Action::Update)
    };
    let by = if authority.principal().is_operator() {
        "operator"
    } else {
        "organization"
    };
    let suspends = changes.suspend == Some(true);
    let statements = budgets::at(change.parameters(authority, occasion), occasion.now)
        .optional_text("name", changes.name.as_ref().map(ObjectName::as_str))
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
            &AFTER_UPDATE,
        ]);
    let answers = session.write(statements).await?;
    let after: After = answers.only(5)?;
    if after.done.0 {
        return answers.only(4);
    }
    Err(match changes.name.as_ref() {
        _ if !after.found.0 => not_found(&project.project_name),
        _ if !after.may.0 => lacks(authority),
        Some(name) if !after.name_is_free.0 => name_is_taken(name),
        _ if !after.suspension_is_callers.0 => Error::forbidden(
            "suspend: the operator has suspended this project, and only he can lift that",
        ),
        _ => Error::inconsistent("a change of a project was refused for no reason"),
    })
}

/// Deletes a project with all that belongs to it; its tokens answer 401 from the next request on.
///
/// # Errors
/// 403 for a right lost meanwhile; 404 when the project has gone; 503 when the database fails.
pub async fn delete(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
) -> Result<(), Error> {
    row! {
        struct After {
            done: Flag,
            found: Flag,
        }
    }
    let parameters = change_of(project, Action::Delete).parameters(authority, occasion);
    let answers = session
        .write(parameters.batch([&PERMIT_DELETE, &DELETE, &AFTER_DELETE]))
        .await?;
    let after: After = answers.only(2)?;
    match (after.done.0, after.found.0) {
        (true, _) => Ok(()),
        (false, false) => Err(not_found(&project.project_name)),
        (false, true) => Err(lacks(authority)),
    }
}

fn change_of(project: &Project, action: Action) -> Change<'_> {
    Change {
        action,
        object_type: "project",
        object_id: &project.project_id,
        object_name: &project.project_name,
        organization_id: Some(&project.organization_id),
        project_id: Some(&project.project_id),
        after: None,
    }
}
