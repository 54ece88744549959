//! Projects: where service users, roles and origins belong.

mod changes;
pub mod statements;

use crate::auth::access::Authority;
use crate::auth::permissions::Permission;
use crate::auth::principal::Principal;
use crate::domain::time::Timestamp;
use crate::domain::{AnyId, OrganizationId, ProjectId};
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change};
use crate::store::connection::Connection;
use crate::store::rows::{Flag, JsonText, Millis, row};
use crate::store::slices::{Listing, Slice};
use statements::{KNOWS_OF_EVERYTHING, KNOWS_OF_PRINCIPAL, LIST_EVERYTHING, LIST_OF_PRINCIPAL};

pub use changes::{NewProject, ProjectChanges, create, delete, update};

row! {
    /// A project.
    #[derive(Debug, Clone)]
    pub struct Project {
        /// Its id.
        pub project_id: ProjectId,
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
        /// The origins that may call it from a browser, where it is shown.
        pub project_cors_origins: Option<JsonText>,
        /// Its labels, likewise.
        pub project_labels: Option<JsonText>,
        /// The organization it belongs to.
        pub organization_id: OrganizationId,
        /// That organization's name.
        pub organization_name: String,
        /// When the plan of that organization started, unless the next one has.
        pub organization_subscription_start_date: Millis,
        /// When its next plan starts, if there is one.
        pub organization_next_subscription_start_date: Option<Millis>,
        /// What it used in the present subscription period, in millionths of a credit, where it is shown itself.
        pub project_credits_used: Option<i64>,
        /// Whether the credits of its organization are used up, likewise.
        pub organization_credits_used_up: Option<Flag>,
    }
}

impl Project {
    /// A change of what belongs to it, or of itself, for its trail and its organization's.
    #[must_use]
    pub fn change<'a>(
        &'a self,
        action: Action,
        object_type: &'static str,
        object_id: AnyId<'a>,
        object_name: &'a str,
    ) -> Change<'a> {
        Change {
            action,
            object_type,
            object_id,
            object_name,
            organization_id: Some(&self.organization_id),
            project_id: Some(&self.project_id),
            after: None,
        }
    }

    /// When the plan in force started: the periods of its credits are anchored to this day.
    #[must_use]
    pub fn subscription_start(&self, now: Timestamp) -> Timestamp {
        let next = self.organization_next_subscription_start_date;
        let started = next.filter(|start| start.0 <= now);
        started
            .unwrap_or(self.organization_subscription_start_date)
            .0
    }

    /// Its origins and its labels, which are read where it is shown.
    ///
    /// # Errors
    /// An inconsistency, where they were not read.
    pub fn lists(&self) -> Result<(JsonText, JsonText), Error> {
        let lists = self
            .project_cors_origins
            .clone()
            .zip(self.project_labels.clone());
        lists.ok_or_else(|| Error::inconsistent("a project is shown without its lists"))
    }

    /// Why it is suspended, if it is: somebody has suspended it, or there are no credits left (UbiOps spec 3.6).
    #[must_use]
    pub fn suspension(&self) -> Option<&str> {
        let used = self.project_credits_used.zip(self.project_credits);
        if self.project_suspended_by.is_some() {
            Some(self.project_suspended_reason.as_deref().unwrap_or_default())
        } else if used.is_some_and(|(used, credits)| used >= credits) {
            Some("the project's credits of this subscription period are used up")
        } else if self.organization_credits_used_up == Some(Flag(true)) {
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
        Some(permission) => lacks_permission(permission),
        None => Error::forbidden("this needs an admin of the organization"),
    }
}

/// The 403 of somebody who lacks a permission.
#[must_use]
pub fn lacks_permission(permission: Permission) -> Error {
    Error::forbidden(format!("this needs the permission {}", permission.name()))
}

/// The projects in which a caller has a part, by name; with `organization` only those of it. The operator's list
/// shows all.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    connection: &Connection,
    caller: &Principal,
    organization: Option<&str>,
    labels: Option<&str>,
    slice: &Slice,
) -> Result<Vec<Project>, Error> {
    let parameters = Parameters::new()
        .optional_text("organization", organization)
        .optional_text("labels", labels)
        .optional_text("principal_id", caller.id());
    let (list, knows) = if caller.is_operator() {
        (&LIST_EVERYTHING, &KNOWS_OF_EVERYTHING)
    } else {
        (&LIST_OF_PRINCIPAL, &KNOWS_OF_PRINCIPAL)
    };
    let listing = Listing::measured(list, knows);
    slice.read(connection, listing, parameters).await
}
