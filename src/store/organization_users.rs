//! The members of an organization.
//!
//! Somebody whose e-mail address is unknown is invited: a pending person, whom the operator's account makes active
//! under the same id. Leaving takes all roles in the organization's projects along by foreign keys. That an
//! organization keeps an active admin stands in the permits, so that two who demote each other cannot both succeed.

use serde_json::json;

use crate::auth::access::Authority;
use crate::domain::email::Email;
use crate::http::error::Error;
use crate::sql::statement::Parameters;
use crate::sql::statements;
use crate::store::audit::{Action, Change, Occasion, caller_administers, permit, permitted};
use crate::store::organizations::Organization;
use crate::store::projects::lacks;
use crate::store::rows::{Answers, Flag, Millis, OTHERWISE, row};
use crate::store::session::Session;
use crate::store::subscriptions::{limit_reached, plan_allows};

row! {
    /// A member of an organization, or somebody who is invited to it.
    #[derive(Debug)]
    pub struct OrganizationUser {
        /// His id.
        pub id: String,
        /// His e-mail address.
        pub email: String,
        /// His first name.
        pub name: Option<String>,
        /// His family name.
        pub surname: Option<String>,
        /// `active`, or `pending` for somebody who is invited and has no account yet.
        pub status: String,
        /// Whether he is an admin of the organization.
        pub admin: Flag,
        /// When he became a member, or was invited.
        pub join_date: Millis,
    }
}

macro_rules! select_member {
    () => {
        "SELECT u.id, u.email, u.name, u.surname, u.status, m.admin, m.join_date
         FROM organization_users m JOIN users u ON u.id = m.user_id
         WHERE m.organization_id = :organization_id "
    };
}

macro_rules! is_member {
    () => {
        "EXISTS (SELECT 1 FROM organization_users WHERE organization_id = :organization_id AND user_id = :object_id)"
    };
}

macro_rules! is_new {
    () => {
        "NOT EXISTS (SELECT 1 FROM organization_users m JOIN users u ON u.id = m.user_id
                     WHERE m.organization_id = :organization_id AND u.email = :object_name)"
    };
}

macro_rules! plan_allows_one_more {
    () => {
        plan_allows!("max_users", "users")
    };
}

/// Whether the organization keeps an active admin when this member is one no more, or has none to lose in him.
macro_rules! keeps_an_admin {
    () => {
        "(#admin = 1
          OR NOT EXISTS (SELECT 1 FROM organization_users m JOIN users u ON u.id = m.user_id
                         WHERE m.organization_id = :organization_id AND m.user_id = :object_id AND m.admin = 1
                           AND u.status = 'active')
          OR EXISTS (SELECT 1 FROM organization_users m JOIN users u ON u.id = m.user_id
                     WHERE m.organization_id = :organization_id AND m.user_id <> :object_id AND m.admin = 1
                       AND u.status = 'active'))"
    };
}

/// What the trail calls a member: his e-mail address.
macro_rules! email_of_member {
    () => {
        "coalesce((SELECT email FROM users WHERE id = :object_id), :object_name)"
    };
}

/// A member as the trail shows him before a change, from `organization_users m` and `users u`.
macro_rules! member_as_json {
    () => {
        "json_object('email', u.email, 'admin', json(iif(m.admin, 'true', 'false')), 'status', u.status)"
    };
}
pub(crate) use member_as_json;

macro_rules! member_before {
    () => {
        concat!(
            "(SELECT ",
            member_as_json!(),
            " FROM organization_users m JOIN users u ON u.id = m.user_id
              WHERE m.organization_id = :organization_id AND m.user_id = :object_id)"
        )
    };
}

statements! {
    /// The members of an organization, by e-mail address.
    LIST = concat!(select_member!(), "ORDER BY u.email");
    /// One member.
    GET = concat!(select_member!(), "AND m.user_id = :object_id");
    /// The permit for a new member; somebody who is known keeps his id.
    PERMIT_CREATE = permit!(
        "coalesce((SELECT id FROM users WHERE email = :object_name), :object_id)", "NULL",
        concat!(caller_administers!(), " AND ", is_new!(), " AND ", plan_allows_one_more!()));
    /// The person, where nobody has the e-mail address yet.
    INVITE = concat!(
        "INSERT INTO users (id, email, status) SELECT :object_id, :object_name, 'pending' WHERE ", permitted!(), "
         ON CONFLICT (email) DO NOTHING");
    /// His membership.
    INSERT = concat!(
        "INSERT INTO organization_users (organization_id, user_id, admin, join_date)
         SELECT :organization_id, id, #admin, #now FROM users WHERE email = :object_name AND ", permitted!());
    /// The new member.
    GET_BY_EMAIL = concat!(select_member!(), "AND m.user_id = (SELECT id FROM users WHERE email = :object_name)");
    /// Whether he is new, or why not.
    AFTER_CREATE = concat!(
        "SELECT ", permitted!(), " AS done, ", caller_administers!(), " AS may, ", is_new!(), " AS is_new, ",
        plan_allows_one_more!(), " AS plan_allows");
    /// The permit to make a member admin, or admin no more.
    PERMIT_UPDATE = permit!(name email_of_member!(), ":object_id", member_before!(), concat!(
        is_member!(), " AND ", caller_administers!(), " AND ", keeps_an_admin!()));
    /// The change.
    UPDATE = concat!(
        "UPDATE organization_users SET admin = #admin
         WHERE organization_id = :organization_id AND user_id = :object_id AND ", permitted!());
    /// The roles that came with being admin, and leave with it (contract section 2).
    DELETE_ADMIN_ASSIGNMENTS = concat!(
        "DELETE FROM role_assignments
         WHERE user_id = :object_id AND organization_id = :organization_id AND with_admin = 1 AND #admin = 0 AND ",
        permitted!());
    /// The permit to remove a member.
    PERMIT_DELETE = permit!(name email_of_member!(), ":object_id", member_before!(), concat!(
        is_member!(), " AND ", caller_administers!(), " AND ", keeps_an_admin!()));
    /// The membership, and with it all roles in the organization's projects.
    DELETE = concat!(
        "DELETE FROM organization_users
         WHERE organization_id = :organization_id AND user_id = :object_id AND ", permitted!());
    /// Whether it was changed, or why not.
    AFTER_CHANGE = concat!(
        "SELECT ", permitted!(), " AS done, ", is_member!(), " AS found, ", caller_administers!(), " AS may");
}

/// The 404 of a member.
#[must_use]
pub fn not_found(id: &str) -> Error {
    Error::not_found(format!(
        "there is no user {} in this organization",
        crate::domain::invalid::quoted(id)
    ))
}

/// The members of an organization, by e-mail address.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    session: &Session<'_>,
    organization: &Organization,
) -> Result<Vec<OrganizationUser>, Error> {
    let parameters = Parameters::new().text("organization_id", &organization.organization_id);
    session.read(parameters.batch([&LIST])).await?.all(0)
}

/// One member of an organization.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn get(
    session: &Session<'_>,
    organization: &Organization,
    id: &str,
) -> Result<OrganizationUser, Error> {
    let parameters = Parameters::new()
        .text("organization_id", &organization.organization_id)
        .text("object_id", id);
    let found = session.read(parameters.batch([&GET])).await?.first(0)?;
    found.ok_or_else(|| not_found(id))
}

/// Makes a person a member; `id` is for one whom nobody knows yet.
///
/// # Errors
/// 400 for somebody who is a member already; 403 for what the plan does not allow, or a right lost meanwhile; 503
/// when the database fails.
pub async fn create(
    occasion: &Occasion<'_>,
    organization: &Organization,
    id: &str,
    email: &Email,
    admin: bool,
) -> Result<OrganizationUser, Error> {
    let change = Change {
        object_name: email.as_str(),
        after: Some(json!({ "email": email, "admin": admin })),
        ..change_of(organization, id, Action::Create)
    };
    let statements = change.parameters(occasion).flag("admin", admin).batch([
        &PERMIT_CREATE,
        &INVITE,
        &INSERT,
        &GET_BY_EMAIL,
        &AFTER_CREATE,
    ]);
    let answers = occasion.session.write(statements).await?;
    answers.done_or(&[
        ("may", &|| lacks(occasion.authority)),
        ("is_new", &|| {
            Error::invalid(format!(
                "email: '{email}' is a user of this organization already"
            ))
        }),
        ("plan_allows", &|| limit_reached("users")),
    ])?;
    answers.only(3)
}

/// Makes a member admin, or admin no more; with that status he loses the roles that came with it.
///
/// # Errors
/// 400 for the last active admin; 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn update(
    occasion: &Occasion<'_>,
    organization: &Organization,
    id: &str,
    admin: bool,
) -> Result<OrganizationUser, Error> {
    let change = Change {
        after: Some(json!({ "admin": admin })),
        ..change_of(organization, id, Action::Update)
    };
    let statements = change.parameters(occasion).flag("admin", admin).batch([
        &PERMIT_UPDATE,
        &UPDATE,
        &DELETE_ADMIN_ASSIGNMENTS,
        &GET,
        &AFTER_CHANGE,
    ]);
    let answers = occasion.session.write(statements).await?;
    let sentence = "admin: the organization's last active admin cannot be made a regular user; \
                    make somebody else admin first";
    done_or_last_admin(&answers, occasion.authority, id, sentence)?;
    answers.only(3)
}

/// Removes a member with all his roles in the organization's projects.
///
/// # Errors
/// 400 for the last active admin; 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    occasion: &Occasion<'_>,
    organization: &Organization,
    id: &str,
) -> Result<(), Error> {
    let statements = change_of(organization, id, Action::Delete)
        .parameters(occasion)
        .flag("admin", false)
        .batch([&PERMIT_DELETE, &DELETE, &AFTER_CHANGE]);
    let answers = occasion.session.write(statements).await?;
    let sentence =
        "the organization's last active admin cannot be removed; make somebody else admin first";
    done_or_last_admin(&answers, occasion.authority, id, sentence)
}

/// What is in the way of a change or removal, where it is neither of the others, is that he is the last admin.
fn done_or_last_admin(
    answers: &Answers,
    authority: &Authority,
    id: &str,
    last_admin: &'static str,
) -> Result<(), Error> {
    answers.done_or(&[
        ("may", &|| lacks(authority)),
        ("found", &|| not_found(id)),
        (OTHERWISE, &|| Error::invalid(last_admin)),
    ])
}

fn change_of<'a>(organization: &'a Organization, id: &'a str, action: Action) -> Change<'a> {
    Change {
        action,
        object_type: "organization_user",
        object_id: id,
        object_name: id,
        organization_id: Some(&organization.organization_id),
        project_id: None,
        after: None,
    }
}
