//! Organizations: who pays, and whose people and projects belong together.

use serde::Deserialize;

use crate::auth::access::Authority;
use crate::auth::principal::Principal;
use crate::domain::email::Email;
use crate::domain::names::ObjectName;
use crate::domain::time::Timestamp;
use crate::http::error::Error;
use crate::store::audit::{Action, Change, Occasion, caller_lives, permit, permitted};
use crate::store::rows::{Flag, Millis};
use crate::store::session::Session;
use crate::store::sql::statements;
use crate::store::statement::Parameters;

/// So many organizations may one person create (contract section 3).
pub const MAX_ORGANIZATIONS_A_PERSON: i64 = 100;

/// An organization with its plan.
#[derive(Debug, Clone, Deserialize)]
pub struct Organization {
    /// Its id.
    pub organization_id: String,
    /// Its name, unique in the installation.
    pub organization_name: String,
    /// When it was created.
    pub organization_creation_date: Millis,
    /// The plan it is on.
    pub organization_subscription: String,
    /// The day on which that plan began, from which its periods are counted.
    pub organization_subscription_start_date: Millis,
    /// Whether anybody may choose that plan.
    pub organization_subscription_self_service: Flag,
}

/// The columns of [`Organization`], from `organizations n` and `subscriptions c`.
macro_rules! organization_columns {
    () => {
        "n.id AS organization_id, n.name AS organization_name, n.creation_date AS organization_creation_date,
         n.subscription AS organization_subscription,
         n.subscription_start_date AS organization_subscription_start_date, c.self_service AS organization_subscription_self_service"
    };
}
pub(crate) use organization_columns;

/// Who becomes the first admin: the caller, or the person whom the operator names. Each is looked up by an index of
/// its own; one condition over both would read everybody.
macro_rules! first_admin {
    () => {
        "(SELECT id FROM users WHERE email = :admin_email AND #operator = 1
          UNION ALL SELECT id FROM users WHERE id = :principal_id AND #operator = 0)"
    };
}

/// Whether the plan may be chosen by the caller.
macro_rules! plan_is_open {
    () => {
        "EXISTS (SELECT 1 FROM subscriptions WHERE name = :subscription AND (#operator = 1 OR self_service = 1))"
    };
}

macro_rules! name_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM organizations WHERE name = :object_name)"
    };
}

macro_rules! creator_is_within_limit {
    () => {
        "(#operator = 1 OR (SELECT count(*) FROM (SELECT 1 FROM organizations WHERE created_by = :principal_id
                            LIMIT #max_organizations)) < #max_organizations)"
    };
}

statements! {
    /// The permit for a new organization.
    PERMIT_CREATE = permit!(":object_id", "NULL", concat!(
        "(#operator = 1 OR ", caller_lives!(), ") AND ", first_admin!(), " IS NOT NULL AND ", plan_is_open!(),
        " AND ", name_is_free!(), " AND ", creator_is_within_limit!()));
    /// The organization itself.
    INSERT = concat!(
        "INSERT INTO organizations (id, name, creation_date, subscription, subscription_start_date,
                                    subscription_end_date, created_by)
         SELECT :object_id, :object_name, #now, :subscription, #start_date, #end_date, coalesce(:principal_id, :actor)
         WHERE ", permitted!());
    /// Its first admin.
    INSERT_FIRST_ADMIN = concat!(
        "INSERT INTO organization_users (organization_id, user_id, admin, join_date)
         SELECT :object_id, ", first_admin!(), ", 1, #now WHERE ", permitted!());
    /// The organization, or why there is none.
    AFTER_CREATE = concat!(
        "SELECT ", permitted!(), " AS done, ", name_is_free!(), " AS name_is_free, ", plan_is_open!(), " AS plan_is_open,
         EXISTS (SELECT 1 FROM subscriptions WHERE name = :subscription) AS plan_exists, ",
        first_admin!(), " IS NOT NULL AS admin_exists, ", creator_is_within_limit!(), " AS within_limit,
         (SELECT self_service FROM subscriptions WHERE name = :subscription) AS self_service");
    /// The organizations that somebody is a member of.
    LIST_OF_MEMBER = concat!(
        "SELECT ", organization_columns!(), "
         FROM organization_users m JOIN organizations n ON n.id = m.organization_id
         JOIN subscriptions c ON c.name = n.subscription
         WHERE m.user_id = :principal_id ORDER BY n.name");
    /// All organizations, for the operator.
    LIST_EVERYTHING = concat!(
        "SELECT ", organization_columns!(), " FROM organizations n JOIN subscriptions c ON c.name = n.subscription
         ORDER BY n.name");
}

/// What is asked for on creation.
pub struct NewOrganization<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a ObjectName,
    /// The plan.
    pub subscription: &'a str,
    /// The day on which the plan starts.
    pub start_date: Timestamp,
    /// The day on which the plan ends, if it does.
    pub end_date: Option<Timestamp>,
    /// The first admin, when the operator creates it.
    pub admin_email: Option<&'a Email>,
}

#[derive(Deserialize)]
struct AfterCreate {
    done: Flag,
    name_is_free: Flag,
    plan_is_open: Flag,
    plan_exists: Flag,
    admin_exists: Flag,
    within_limit: Flag,
    self_service: Option<Flag>,
}

/// Creates an organization; the caller, or whom the operator names, becomes its admin.
///
/// # Errors
/// 400 for a taken name, an unknown plan or admin, or too many organizations; 403 for a plan that is not open;
/// 401 when the caller's token ended meanwhile; 503 when the database fails.
pub async fn create(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    new: NewOrganization<'_>,
) -> Result<Organization, Error> {
    let change = Change {
        action: Action::Create,
        object_type: "organization",
        object_id: new.id,
        object_name: new.name.as_str(),
        organization_id: Some(new.id),
        project_id: None,
        after: Some(serde_json::json!({
            "name": new.name.as_str(),
            "subscription": new.subscription,
            "subscription_end_date": new.end_date.map(Timestamp::to_date_string),
        })),
    };
    let parameters = change
        .parameters(authority, occasion)
        .text("subscription", new.subscription)
        .integer("start_date", new.start_date.as_millis())
        .optional_integer("end_date", new.end_date.map(Timestamp::as_millis))
        .optional_text("admin_email", new.admin_email.map(Email::as_str))
        .integer("max_organizations", MAX_ORGANIZATIONS_A_PERSON);
    let answers = session
        .write(parameters.batch([&PERMIT_CREATE, &INSERT, &INSERT_FIRST_ADMIN, &AFTER_CREATE]))
        .await?;
    let after: AfterCreate = answers.only(3)?;
    if after.done.0 {
        return Ok(Organization {
            organization_id: new.id.to_owned(),
            organization_name: new.name.as_str().to_owned(),
            organization_creation_date: Millis(occasion.now),
            organization_subscription: new.subscription.to_owned(),
            organization_subscription_start_date: Millis(new.start_date),
            organization_subscription_self_service: after.self_service.unwrap_or_default(),
        });
    }
    Err(if !after.name_is_free.0 {
        Error::invalid(format!(
            "name: an organization '{}' exists already",
            new.name
        ))
    } else if !after.plan_exists.0 {
        Error::invalid("subscription: there is no plan of this name")
    } else if !after.plan_is_open.0 {
        Error::forbidden("subscription: only the operator can put an organization on this plan")
    } else if !after.within_limit.0 {
        Error::invalid(format!(
            "a person can create at most {MAX_ORGANIZATIONS_A_PERSON} organizations"
        ))
    } else if !after.admin_exists.0 {
        match new.admin_email {
            Some(email) => Error::invalid(format!("admin_email: there is no person '{email}'")),
            None => Error::unauthenticated(crate::auth::credential::INVALID),
        }
    } else {
        Error::unauthenticated(crate::auth::credential::INVALID)
    })
}

/// The organizations that a caller is a member of; the operator's list shows all.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(session: &Session<'_>, caller: &Principal) -> Result<Vec<Organization>, Error> {
    let statements = if caller.is_operator() {
        Parameters::new().batch([&LIST_EVERYTHING])
    } else {
        Parameters::new()
            .optional_text("principal_id", caller.id())
            .batch([&LIST_OF_MEMBER])
    };
    session.read(statements).await?.all(0)
}
