//! The members of an organization.
//!
//! Somebody whose e-mail address is unknown is invited: a pending person, whom the operator's account makes active
//! under the same id. Nobody is asked before they are made a member, so an organization sees of them what it invited,
//! the e-mail address, until they have *joined*: by a call on it or on one of its projects, or by making it (contract
//! section 2). The app notes that after the answer, with [`join`].
//!
//! Leaving takes all roles in the organization's projects along by foreign keys. An organization does not lose its last
//! admin who has joined: that stands in the permits, so that two who demote each other cannot both succeed. It goes by
//! what is written when it is decided. A joining that is still to be written makes one refusal too many, and none too
//! few: the caller's own counts at once.

use serde_json::json;

use crate::domain::email::Email;
use crate::domain::time::Timestamp;
use crate::domain::{OrganizationId, UserId};
use crate::error::Error;
use crate::sql::rules;
use crate::sql::statement::{Parameters, Statement};
use crate::store::audit::{Action, Change, ChangeContext, given, permit, permitted};
use crate::store::connection::Connection;
use crate::store::organizations::Organization;
use crate::store::other_trails::{
    lost_roles, projects_let_into, projects_of_roles, trail_in_projects,
};
use crate::store::projects::lacks;
use crate::store::rights::caller_administers;
use crate::store::rows::{Flag, Millis, row};
use crate::store::slices::{Listing, Slice};
use crate::store::subscriptions::{self, limit_reached, plan_allows, subscription_runs};
use crate::store::texts::statements;

row! {
    /// A member of an organization, or somebody who is invited to it.
    #[derive(Debug)]
    pub struct OrganizationUser {
        /// Their id.
        pub id: UserId,
        /// Their e-mail address.
        pub email: String,
        /// Their first name, if they have joined.
        pub name: Option<String>,
        /// Their family name, if they have joined.
        pub surname: Option<String>,
        /// Whether they have joined.
        pub joined: Flag,
        /// Whether they are an admin of the organization.
        pub admin: Flag,
        /// When they joined, or were invited.
        pub join_date: Millis,
    }
}

macro_rules! select_member {
    () => {
        "SELECT u.id, u.email, iif(m.joined, u.name, NULL) AS name, iif(m.joined, u.surname, NULL) AS surname, m.joined,
                m.admin, m.join_date
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

/// Whether the organization keeps an admin who has joined when this member is one no more, or has none to lose in them.
/// Who has joined has an account, and who makes this very call has joined by it (contract section 2).
macro_rules! keeps_an_admin {
    () => {
        "(coalesce(#admin, 1) = 1
          OR NOT EXISTS (SELECT 1 FROM organization_users WHERE organization_id = :organization_id
                         AND user_id = :object_id AND admin = 1 AND (joined = 1 OR user_id = :principal_id))
          OR EXISTS (SELECT 1 FROM organization_users WHERE organization_id = :organization_id
                     AND user_id <> :object_id AND admin = 1 AND joined = 1))"
    };
}

macro_rules! changes_something {
    () => {
        "EXISTS (SELECT 1 FROM organization_users WHERE organization_id = :organization_id AND user_id = :object_id
                 AND admin <> #admin)"
    };
}

/// Whether the caller is the person of the permit, and still known, or may take others out: the operator, and an admin
/// of the organization.
macro_rules! caller_leaves_or_administers {
    () => {
        $crate::store::rights::caller_still!(
            "(:object_id = :principal_id
              OR EXISTS (SELECT 1 FROM organization_users WHERE organization_id = :organization_id
                         AND user_id = :principal_id AND admin = 1))"
        )
    };
}
pub(crate) use caller_leaves_or_administers;

/// What the trail calls a person: their e-mail address.
macro_rules! email_of_person {
    () => {
        "coalesce((SELECT email FROM users WHERE id = :object_id), :object_name)"
    };
}
pub(crate) use email_of_person;

/// A member as the trail shows them before a change, from `organization_users m` and `users u`, with more fields.
macro_rules! member_as_json {
    ($more:expr) => {
        concat!(
            "json_object('email', u.email, 'admin', json(iif(m.admin, 'true', 'false')), 'status',
                         iif(m.joined, 'active', 'pending'), ",
            $more,
            ")"
        )
    };
}
pub(crate) use member_as_json;

macro_rules! member_before {
    ($lost:expr) => {
        concat!(
            "(SELECT ",
            member_as_json!(lost_roles!($lost)),
            " FROM organization_users m JOIN users u ON u.id = m.user_id
              WHERE m.organization_id = :organization_id AND m.user_id = :object_id)"
        )
    };
}

/// The roles of the member in the organization's projects: they leave with them.
macro_rules! roles_of_member {
    () => {
        "user_id = :object_id AND organization_id = :organization_id"
    };
}

/// Those that came with being admin, and leave with it (contract section 2).
macro_rules! roles_of_admin {
    () => {
        concat!(roles_of_member!(), " AND with_admin = 1 AND #admin = 0")
    };
}

/// The projects in which an admin of the organization holds all rights: all of them, of which 100 are told.
macro_rules! projects_administered {
    ($where:expr) => {
        concat!(
            "SELECT id FROM (SELECT id FROM projects WHERE organization_id = :organization_id AND ",
            $where,
            " LIMIT 100)"
        )
    };
}

macro_rules! member_is {
    ($id:expr) => {
        concat!("m.organization_id = :organization_id AND m.user_id = ", $id)
    };
}

statements! {
    /// Notes that a member has joined.
    JOIN = "UPDATE organization_users SET joined = 1, join_date = #now
            WHERE organization_id = :organization_id AND user_id = :user_id AND joined = 0";
    /// The members of an organization, by e-mail address.
    LIST = concat!(
        select_member!(), "AND u.email > coalesce((SELECT email FROM users WHERE id = :after), '')
         ORDER BY u.email LIMIT #limit");
    /// Whether there is one of the id behind which the list is to go on.
    KNOWS = "SELECT EXISTS (SELECT 1 FROM organization_users
                            WHERE organization_id = :organization_id AND user_id = :after) AS known";
    /// One member.
    GET = concat!(select_member!(), "AND m.user_id = :object_id");
    /// The permit for a new member; somebody who is known keeps their id.
    PERMIT_CREATE = permit!(
        "coalesce((SELECT id FROM users WHERE email = :object_name), :object_id)", "NULL",
        rules! {
            may: caller_administers!(),
            is_new: is_new!(),
            subscription_runs: subscription_runs!(),
            plan_allows: plan_allows_one_more!(),
        });
    /// The person, where nobody has the e-mail address yet.
    INVITE = concat!(
        "INSERT INTO users (id, email, status) SELECT :object_id, :object_name, 'pending' WHERE ", permitted!(), "
         ON CONFLICT (email) DO NOTHING");
    /// Their membership.
    INSERT = concat!(
        "INSERT INTO organization_users (organization_id, user_id, admin, join_date)
         SELECT :organization_id, id, #admin, #now FROM users WHERE email = :object_name AND ", permitted!());
    /// The new member.
    GET_BY_EMAIL = concat!(select_member!(), "AND m.user_id = (SELECT id FROM users WHERE email = :object_name)");
    /// In the trails of the projects in which a new admin holds all rights.
    TRAIL_OF_NEW_ADMIN = trail_in_projects!(
        ":action", ":event", "NULL", ":after", projects_administered!("1"),
        member_is!("(SELECT id FROM users WHERE email = :object_name)"));
    /// The permit to make a member admin, or admin no more.
    PERMIT_UPDATE = permit!(name email_of_person!(), ":object_id", member_before!(roles_of_admin!()), rules! {
        may: caller_administers!(),
        found: is_member!(),
        keeps_an_admin: keeps_an_admin!(),
        changes: changes_something!(),
    });
    /// In the trails of the projects in which they get or lose all rights.
    TRAIL_OF_UPDATE = trail_in_projects!(
        ":action", ":event",
        member_as_json!(lost_roles!(concat!("a.project_id = o.id AND ", roles_of_admin!()))), ":after",
        concat!(projects_of_roles!(roles_of_admin!()), " UNION ", projects_administered!("1")),
        member_is!(":object_id"));
    /// The change.
    UPDATE = concat!(
        "UPDATE organization_users SET admin = #admin
         WHERE organization_id = :organization_id AND user_id = :object_id AND ", permitted!());
    /// The roles that came with being admin, and leave with it (contract section 2).
    DELETE_ADMIN_ASSIGNMENTS = concat!("DELETE FROM role_assignments WHERE ", roles_of_admin!(), " AND ", permitted!());
    /// The permit to remove a member, or to leave.
    PERMIT_DELETE = permit!(name email_of_person!(), ":object_id", member_before!(roles_of_member!()), rules! {
        may: caller_leaves_or_administers!(),
        found: is_member!(),
        keeps_an_admin: keeps_an_admin!(),
    });
    /// In the trails of the projects in which they had a part.
    TRAIL_OF_DELETE = trail_in_projects!(
        ":action", ":event",
        member_as_json!(lost_roles!(concat!("a.project_id = o.id AND ", roles_of_member!()))), "NULL",
        concat!(projects_of_roles!(roles_of_member!()), " UNION ", projects_let_into!(roles_of_member!()), " UNION ",
                projects_administered!("EXISTS (SELECT 1 FROM organization_users WHERE organization_id = :organization_id
                                                AND user_id = :object_id AND admin = 1)")),
        member_is!(":object_id"));
    /// The membership, and with it all roles in the organization's projects.
    DELETE = concat!(
        "DELETE FROM organization_users
         WHERE organization_id = :organization_id AND user_id = :object_id AND ", permitted!());
}

/// Notes that a person has made their first call on an organization or on one of its projects.
#[must_use]
pub fn join(organization_id: &OrganizationId, user_id: &UserId, now: Timestamp) -> Vec<Statement> {
    Parameters::new()
        .text("organization_id", organization_id)
        .text("user_id", user_id)
        .integer("now", now.as_millis())
        .batch([&JOIN])
}

/// The 404 of a member.
#[must_use]
pub fn not_found(id: &UserId) -> Error {
    Error::not_found(format!(
        "there is no user {} in this organization",
        crate::domain::invalid::quoted(id.as_str())
    ))
}

/// The members of an organization, by e-mail address.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    connection: &Connection,
    organization: &Organization,
    slice: &Slice,
) -> Result<Vec<OrganizationUser>, Error> {
    let parameters = Parameters::new().text("organization_id", &organization.organization_id);
    let listing = Listing::new(&LIST, &KNOWS);
    slice.read(connection, listing, parameters).await
}

/// One member of an organization.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn get(
    connection: &Connection,
    organization: &Organization,
    id: &UserId,
) -> Result<OrganizationUser, Error> {
    let parameters = Parameters::new()
        .text("organization_id", &organization.organization_id)
        .text("object_id", id);
    let found = connection
        .read(parameters.batch([&GET]))
        .await?
        .first(&GET)?;
    found.ok_or_else(|| not_found(id))
}

/// Makes a person a member; `id` is for one whom nobody knows yet.
///
/// # Errors
/// 400 for somebody who is a member already; 403 for what the plan does not allow, a subscription that has ended, or a
/// right lost meanwhile; 503 when the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    organization: &Organization,
    id: &UserId,
    email: &Email,
    admin: bool,
) -> Result<OrganizationUser, Error> {
    let change = Change {
        object_name: email.as_str(),
        after: Some(json!({ "email": email, "admin": admin })),
        ..change_of(organization, id, Action::Create)
    };
    let mut texts = vec![&PERMIT_CREATE, &INVITE, &INSERT, &GET_BY_EMAIL];
    if admin {
        texts.push(&TRAIL_OF_NEW_ADMIN);
    }
    let parameters = change.parameters(context).flag("admin", admin);
    let answers = context.connection.write(parameters.batch(texts)).await?;
    answers.done_or(&[
        ("may", &|| lacks(context.authority)),
        ("is_new", &|| {
            Error::invalid(format!(
                "email: '{email}' is a user of this organization already"
            ))
        }),
        ("subscription_runs", &subscriptions::ended),
        ("plan_allows", &|| limit_reached("users")),
    ])?;
    answers.only(&GET_BY_EMAIL)
}

/// Makes a member admin, or admin no more; with that status they lose the roles that came with it. None keeps what is.
///
/// # Errors
/// 400 for the last admin; 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn update(
    context: &ChangeContext<'_>,
    organization: &Organization,
    id: &UserId,
    admin: Option<bool>,
) -> Result<OrganizationUser, Error> {
    let change = Change {
        after: Some(given(vec![("admin", admin.map(|admin| json!(admin)))])),
        ..change_of(organization, id, Action::Update)
    };
    let statements = change
        .parameters(context)
        .optional_integer("admin", admin.map(i64::from))
        .batch([
            &PERMIT_UPDATE,
            &TRAIL_OF_UPDATE,
            &UPDATE,
            &DELETE_ADMIN_ASSIGNMENTS,
            &GET,
        ]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("may", &|| lacks(context.authority)),
        ("found", &|| not_found(id)),
        ("keeps_an_admin", &|| {
            last_admin("admin: the organization's last active admin cannot be made a regular user")
        }),
    ])?;
    answers.only(&GET)
}

/// Removes a member with all their roles in the organization's projects; a caller who is that member leaves.
///
/// # Errors
/// 400 for the last admin; 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    organization: &Organization,
    id: &UserId,
) -> Result<(), Error> {
    let statements = change_of(organization, id, Action::Delete)
        .parameters(context)
        .flag("admin", false)
        .batch([&PERMIT_DELETE, &TRAIL_OF_DELETE, &DELETE]);
    context.connection.write(statements).await?.done_or(&[
        ("may", &|| lacks(context.authority)),
        ("found", &|| not_found(id)),
        ("keeps_an_admin", &|| {
            last_admin("the organization's last active admin cannot leave or be removed")
        }),
    ])
}

/// The 400 of what an organization would be left with no admin by.
fn last_admin(what: &str) -> Error {
    Error::invalid(format!(
        "{what}; make somebody else admin first, who counts once they have made a call on the organization"
    ))
}

fn change_of<'a>(organization: &'a Organization, id: &'a UserId, action: Action) -> Change<'a> {
    Change {
        action,
        object_type: "organization_user",
        object_id: id.any(),
        object_name: id.as_str(),
        organization_id: Some(&organization.organization_id),
        project_id: None,
        after: None,
    }
}
