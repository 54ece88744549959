//! The people of a project: whom an admin of the organization let in, and who holds a role in it.
//!
//! Their names are shown once they have joined the organization (contract section 2), and anybody may leave.

use crate::domain::quoted;
use crate::domain::{PrincipalId, UserId};
use crate::error::Error;
use crate::sql::rules;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::connection::Connection;
use crate::store::organization_users::{caller_leaves_or_administers, email_of_person};
use crate::store::other_trails::lost_roles;
use crate::store::projects::{self, Project};
use crate::store::rights::caller_administers;
use crate::store::rows::row;
use crate::store::slices::{Listing, Slice};
use crate::store::subscriptions::{self, subscription_runs};
use crate::store::texts::statements;

row! {
    /// A person of a project, or a service user of it.
    #[derive(Debug, Clone)]
    pub struct ProjectUser {
        /// The id.
        pub id: PrincipalId,
        /// The e-mail address.
        pub email: String,
        /// The first name of a person who has joined the organization, or the name of a service user; never empty.
        pub name: Option<String>,
        /// The family name of a person who has joined the organization.
        pub surname: Option<String>,
    }
}

/// The person, from `users u` and their membership of the organization, without which nobody is in a project of it.
macro_rules! select_person {
    () => {
        "SELECT u.id, u.email, iif(m.joined, u.name, NULL) AS name, iif(m.joined, u.surname, NULL) AS surname
         FROM users u JOIN organization_users m ON m.organization_id = :organization_id AND m.user_id = u.id "
    };
}

macro_rules! was_let_in {
    () => {
        "EXISTS (SELECT 1 FROM project_users WHERE project_id = :project_id AND user_id = :object_id)"
    };
}

macro_rules! has_part {
    () => {
        concat!(
            "(",
            was_let_in!(),
            " OR EXISTS (SELECT 1 FROM role_assignments WHERE project_id = :project_id
                            AND assignee_id = :object_id AND user_id IS NOT NULL))"
        )
    };
}

macro_rules! is_member {
    () => {
        "EXISTS (SELECT 1 FROM organization_users WHERE organization_id = :organization_id AND user_id = :object_id)"
    };
}

macro_rules! project_exists {
    () => {
        "EXISTS (SELECT 1 FROM projects WHERE id = :project_id)"
    };
}

statements! {
    /// The people of a project, by e-mail address.
    LIST_PEOPLE = concat!(
        select_person!(),
        "WHERE u.id IN (SELECT user_id FROM project_users WHERE project_id = :project_id
                        UNION ALL
                        SELECT user_id FROM role_assignments WHERE project_id = :project_id AND user_id IS NOT NULL)
           AND u.email > coalesce((SELECT email FROM users WHERE id = :after), '')
         ORDER BY u.email LIMIT #limit");
    /// Whether somebody of the id behind which the list is to go on is among them.
    KNOWS_PERSON = "SELECT EXISTS (SELECT 1 FROM project_users WHERE project_id = :project_id AND user_id = :after
                                   UNION ALL
                                   SELECT 1 FROM role_assignments
                                   WHERE project_id = :project_id AND assignee_id = :after AND user_id IS NOT NULL) AS known";
    /// The service users of a project, as its people are shown, by e-mail address.
    LIST_SERVICE_USERS = "SELECT id, email, nullif(name, '') AS name, NULL AS surname FROM service_users
                          WHERE project_id = :project_id
                            AND email > coalesce((SELECT email FROM service_users WHERE id = :after), '')
                          ORDER BY email LIMIT #limit";
    /// Whether there is one of the id behind which the list is to go on.
    KNOWS_SERVICE_USER = "SELECT EXISTS (SELECT 1 FROM service_users
                                         WHERE id = :after AND project_id = :project_id) AS known";
    /// One of the people of a project.
    GET = concat!(select_person!(), "WHERE u.id = :object_id AND ", has_part!());
    /// The permit to let a member of the organization in.
    PERMIT_CREATE = permit!(name email_of_person!(), ":object_id", "NULL", rules! {
        found: project_exists!(),
        may: caller_administers!(),
        is_member: is_member!(),
        subscription_runs: subscription_runs!(),
        is_new: concat!("NOT ", was_let_in!()),
    });
    /// Their entry.
    INSERT = concat!(
        "INSERT INTO project_users (organization_id, project_id, user_id)
         SELECT :organization_id, :project_id, :object_id WHERE ", permitted!());
    /// The permit to take somebody out, or to leave.
    PERMIT_DELETE = permit!(name email_of_person!(), ":object_id", concat!(
            "json_object(", lost_roles!("project_id = :project_id AND assignee_id = :object_id"), ")"),
        rules! { found: has_part!(), may: caller_leaves_or_administers!() });
    /// Their entry.
    DELETE = concat!(
        "DELETE FROM project_users WHERE project_id = :project_id AND user_id = :object_id AND ", permitted!());
    /// Their roles in the project.
    DELETE_ASSIGNMENTS = concat!(
        "DELETE FROM role_assignments
         WHERE project_id = :project_id AND assignee_id = :object_id AND user_id IS NOT NULL AND ", permitted!());
}

/// The 404 of a person.
#[must_use]
pub fn not_found(id: &UserId) -> Error {
    Error::not_found(format!(
        "there is no person {} in this project",
        quoted(id.as_str())
    ))
}

/// The people of a project, by e-mail address.
///
/// # Errors
/// 503 when the database fails.
pub async fn list_people(
    connection: &Connection,
    project: &Project,
    slice: &Slice,
) -> Result<Vec<ProjectUser>, Error> {
    let parameters = Parameters::new()
        .text("organization_id", &project.organization_id)
        .text("project_id", &project.project_id);
    let listing = Listing::new(&LIST_PEOPLE, &KNOWS_PERSON);
    slice.read(connection, listing, parameters).await
}

/// The service users of a project, by e-mail address.
///
/// # Errors
/// 503 when the database fails.
pub async fn list_service_users(
    connection: &Connection,
    project: &Project,
    slice: &Slice,
) -> Result<Vec<ProjectUser>, Error> {
    let parameters = Parameters::new().text("project_id", &project.project_id);
    let listing = Listing::new(&LIST_SERVICE_USERS, &KNOWS_SERVICE_USER);
    slice.read(connection, listing, parameters).await
}

/// One of the people of a project.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn get(
    connection: &Connection,
    project: &Project,
    id: &UserId,
) -> Result<ProjectUser, Error> {
    let parameters = Parameters::new()
        .text("organization_id", &project.organization_id)
        .text("project_id", &project.project_id)
        .text("object_id", id);
    let found = connection
        .read(parameters.batch([&GET]))
        .await?
        .first(&GET)?;
    found.ok_or_else(|| not_found(id))
}

/// Lets a member of the organization into a project; what they may there is for roles to say.
///
/// # Errors
/// 400 when they are in it already; 403 for somebody who is no longer an admin, and when the subscription has ended; 404
/// for nobody of the organization, or when the project has gone; 503 when the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    project: &Project,
    id: &UserId,
) -> Result<ProjectUser, Error> {
    let statements = change_of(project, id, Action::Create)
        .parameters(context)
        .batch([&PERMIT_CREATE, &INSERT, &GET]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| projects::not_found(&project.project_name)),
        ("may", &|| projects::lacks(context.authority)),
        ("is_member", &|| {
            Error::not_found(format!(
                "user_id: {} is no member of the organization {}",
                quoted(id.as_str()),
                quoted(&project.organization_name)
            ))
        }),
        ("subscription_runs", &subscriptions::ended),
        ("is_new", &|| {
            Error::invalid("user_id: this person is in the project already")
        }),
    ])?;
    answers.only(&GET)
}

/// Takes somebody out of a project, with all their roles in it; a caller who is that person leaves. An admin of the
/// organization who leaves loses the roles, and keeps the rights that come with being admin.
///
/// # Errors
/// 403 for somebody who is no longer an admin; 404; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    project: &Project,
    id: &UserId,
) -> Result<(), Error> {
    let statements = change_of(project, id, Action::Delete)
        .parameters(context)
        .batch([&PERMIT_DELETE, &DELETE, &DELETE_ASSIGNMENTS]);
    context.connection.write(statements).await?.done_or(&[
        ("found", &|| not_found(id)),
        ("may", &|| projects::lacks(context.authority)),
    ])
}

fn change_of<'a>(project: &'a Project, id: &'a UserId, action: Action) -> Change<'a> {
    project.change(action, "project_user", id.any(), id.as_str())
}
