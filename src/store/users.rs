//! People, as the operator makes and removes them.

use crate::domain::UserId;
use crate::domain::email::Email;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::sql::{fresh_uuid, rules};
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::connection::Connection;
use crate::store::organization_users::member_as_json;
use crate::store::other_trails::{
    lost_roles, projects_let_into, projects_of_roles, trail_in_projects,
};
use crate::store::rows::{Millis, row};
use crate::store::texts::statements;
use crate::store::tokens::FreshToken;

row! {
    /// A person.
    #[derive(Debug, Clone)]
    pub struct User {
        /// Their id.
        pub id: UserId,
        /// Their e-mail address.
        pub email: String,
        /// Their first name.
        pub name: Option<String>,
        /// Their family name.
        pub surname: Option<String>,
        /// `active`, or `pending` for somebody who is invited and has no account yet.
        pub status: String,
        /// When their account was made.
        pub registration_date: Option<Millis>,
    }
}

macro_rules! user_columns {
    () => {
        "u.id, u.email, u.name, u.surname, u.status, u.registration_date"
    };
}

macro_rules! email_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM users WHERE email = :object_name AND status = 'active')"
    };
}

/// The organizations that would lose their last admin who has joined. Who was made admin and has not joined is in
/// nobody's way (contract section 2).
macro_rules! organizations_of_last_admin {
    () => {
        "SELECT n.name FROM organization_users m JOIN organizations n ON n.id = m.organization_id
         WHERE m.user_id = :object_id AND m.admin = 1 AND m.joined = 1
           AND NOT EXISTS (SELECT 1 FROM organization_users x WHERE x.organization_id = m.organization_id
                           AND x.user_id <> m.user_id AND x.admin = 1 AND x.joined = 1)"
    };
}

macro_rules! user_exists {
    () => {
        "EXISTS (SELECT 1 FROM users WHERE id = :object_id)"
    };
}

macro_rules! user_is_active {
    () => {
        "EXISTS (SELECT 1 FROM users WHERE id = :object_id AND status = 'active')"
    };
}

macro_rules! user_before {
    () => {
        concat!(
            "(SELECT json_object('email', email, 'name', name, 'surname', surname, 'status', status, ",
            lost_roles!("a.user_id = :object_id"),
            ") FROM users WHERE id = :object_id)"
        )
    };
}

/// The projects that they leave: those in which they hold roles, were let in, or hold all rights as an admin.
macro_rules! projects_left {
    () => {
        concat!(
            projects_of_roles!("user_id = :object_id"),
            " UNION ",
            projects_let_into!("user_id = :object_id"),
            " UNION SELECT id FROM (
                SELECT p.id FROM organization_users x JOIN projects p ON p.organization_id = x.organization_id
                WHERE x.user_id = :object_id AND x.admin = 1 LIMIT 100)"
        )
    };
}

statements! {
    /// The permit for an account; that of an invited person keeps their id.
    PERMIT_CREATE = permit!(
        "coalesce((SELECT id FROM users WHERE email = :object_name), :object_id)",
        "(SELECT json_object('email', email, 'status', status) FROM users WHERE email = :object_name)",
        rules! { may: "#operator = 1", email_is_free: email_is_free!() });
    /// The account, new or of an invited person.
    UPSERT = concat!(
        "INSERT INTO users (id, email, name, surname, status, registration_date)
         SELECT :object_id, :object_name, :name, :surname, 'active', #now WHERE ", permitted!(), "
         ON CONFLICT (email) DO UPDATE SET name = excluded.name, surname = excluded.surname, status = 'active',
                                           registration_date = excluded.registration_date");
    /// Their token.
    INSERT_TOKEN = concat!(
        "INSERT INTO tokens (id, digest, key_id, user_id, creation_date)
         SELECT :new_token_id, :digest, :key_id, id, #now FROM users WHERE email = :object_name AND ", permitted!());
    /// The account.
    GET_BY_EMAIL = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.email = :object_name");
    /// A page of people, by e-mail address.
    LIST = concat!(
        "SELECT ", user_columns!(), " FROM users u WHERE u.email > '' AND (:email IS NULL OR u.email = :email)
         ORDER BY u.email LIMIT #limit OFFSET #offset");
    /// One person.
    GET = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.id = :id");
    /// The permit to delete a person.
    PERMIT_DELETE = permit!(":object_id", user_before!(), rules! {
        may: "#operator = 1",
        found: user_exists!(),
        leaves_admins: concat!("#force = 1 OR NOT EXISTS (", organizations_of_last_admin!(), ")");
        in_the_way: concat!("SELECT group_concat(name, ', ') FROM (", organizations_of_last_admin!(), " LIMIT 10)"),
    });
    /// In the trails of the organizations that they leave: what the operator does to them concerns those.
    TRAIL_IN_ORGANIZATIONS = concat!(
        "INSERT INTO audit (id, date, request_id, actor, actor_id, action, event, object_type, object_id,
                            object_name, organization_id, before)
         SELECT ", fresh_uuid!(), ", #now, :request_id, :actor, :principal_id, 'delete',
                'Deleted organization user ' || u.email, 'organization_user', u.id, u.email, m.organization_id, ",
        member_as_json!(lost_roles!("a.user_id = :object_id AND a.organization_id = m.organization_id")), "
         FROM users u JOIN organization_users m ON m.user_id = u.id WHERE u.id = :object_id AND ", permitted!());
    /// In the trails of the projects in which they had a part.
    TRAIL_IN_PROJECTS = trail_in_projects!(
        "'delete'", "'Deleted organization user'",
        member_as_json!(lost_roles!("a.user_id = :object_id AND a.project_id = o.id")), "NULL",
        projects_left!(), "m.user_id = :object_id");
    /// The person, and with them their token, memberships and roles.
    DELETE = concat!("DELETE FROM users WHERE id = :object_id AND ", permitted!());
    /// The permit to reset a person's token.
    PERMIT_RESET = permit!(":object_id", "NULL", rules! {
        may: "#operator = 1",
        is_active: user_is_active!();
        found: user_exists!(),
    });
    /// A link by which they could sign in all the same.
    DELETE_LINK = concat!("DELETE FROM sign_in_links WHERE user_id = :object_id AND ", permitted!());
    /// The old token, and all their sessions.
    DELETE_TOKEN = concat!("DELETE FROM tokens WHERE user_id = :object_id AND ", permitted!());
    /// The new one.
    REPLACE_TOKEN = concat!(
        "INSERT INTO tokens (id, digest, key_id, user_id, creation_date)
         SELECT :new_token_id, :digest, :key_id, :object_id, #now WHERE ", permitted!());
}

/// The 404 of a person.
#[must_use]
pub fn not_found(id: &UserId) -> Error {
    Error::not_found(format!(
        "there is no user {}",
        crate::domain::invalid::quoted(id.as_str())
    ))
}

/// The 403 of whoever is not the operator.
#[must_use]
pub fn not_the_operator() -> Error {
    Error::forbidden("only the operator may do this")
}

/// Makes an account, or turns an invited person into an active one, under the same id.
///
/// # Errors
/// 400 when the e-mail address has an account; 503 when the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    id: &UserId,
    email: &Email,
    names: (Option<&str>, Option<&str>),
    token: &FreshToken,
) -> Result<User, Error> {
    let change = Change {
        action: Action::Create,
        object_type: "user",
        object_id: id.any(),
        object_name: email.as_str(),
        organization_id: None,
        project_id: None,
        after: Some(serde_json::json!({
            "email": email.as_str(), "name": names.0, "surname": names.1, "status": "active",
        })),
    };
    let parameters = change
        .parameters(context)
        .optional_text("name", names.0)
        .optional_text("surname", names.1);
    let statements =
        token
            .parameters(parameters)
            .batch([&PERMIT_CREATE, &UPSERT, &INSERT_TOKEN, &GET_BY_EMAIL]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("may", &not_the_operator),
        ("email_is_free", &|| {
            Error::invalid(format!("email: a user '{email}' exists already"))
        }),
    ])?;
    answers.only(&GET_BY_EMAIL)
}

/// A page of people, by e-mail address; with `email` only the one who has it.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    connection: &Connection,
    email: Option<&Email>,
    limit: i64,
    offset: i64,
) -> Result<Vec<User>, Error> {
    let parameters = Parameters::new()
        .optional_text("email", email.map(Email::as_str))
        .integer("limit", limit)
        .integer("offset", offset);
    connection.read(parameters.batch([&LIST])).await?.all(&LIST)
}

/// One person.
///
/// # Errors
/// 404 when there is none of this id; 503 when the database fails.
pub async fn get(connection: &Connection, id: &UserId) -> Result<User, Error> {
    let user = connection
        .read(Parameters::new().text("id", id).batch([&GET]))
        .await?
        .first(&GET)?;
    user.ok_or_else(|| not_found(id))
}

/// Deletes a person with their token, memberships and roles.
///
/// # Errors
/// 404; 400 that names the organizations that would lose their last admin, unless `force`; 503 when the database fails.
pub async fn delete(context: &ChangeContext<'_>, user: &User, force: bool) -> Result<(), Error> {
    row! {
        struct Told {
            in_the_way: String,
        }
    }
    let parameters = change_of(user, Action::Delete)
        .parameters(context)
        .flag("force", force);
    let statements = parameters.batch([
        &PERMIT_DELETE,
        &TRAIL_IN_ORGANIZATIONS,
        &TRAIL_IN_PROJECTS,
        &DELETE,
    ]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("may", &not_the_operator),
        ("found", &|| not_found(&user.id)),
        ("leaves_admins", &|| match answers.told() {
            Ok(Told { in_the_way }) => Error::invalid(format!(
                "'{}' is the last active admin of {in_the_way}; make somebody else admin first, or say ?force=true",
                user.email
            )),
            Err(error) => error,
        }),
    ])
}

/// Replaces a person's token; the old one, their sessions and a sign-in link stop at once.
///
/// # Errors
/// 404; 400 for somebody who is invited and has no account; 503 when the database fails.
pub async fn reset_token(
    context: &ChangeContext<'_>,
    user: &User,
    token: &FreshToken,
) -> Result<(), Error> {
    let change = Change {
        object_type: "user_token",
        ..change_of(user, Action::Update)
    };
    let parameters = token.parameters(change.parameters(context));
    let statements = parameters.batch([&PERMIT_RESET, &DELETE_LINK, &DELETE_TOKEN, &REPLACE_TOKEN]);
    context.connection.write(statements).await?.done_or(&[
        ("may", &not_the_operator),
        ("found", &|| not_found(&user.id)),
        ("is_active", &|| {
            Error::invalid(format!(
                "'{}' is invited and has no account yet; POST /operator/v1/users makes it",
                user.email
            ))
        }),
    ])
}

fn change_of(user: &User, action: Action) -> Change<'_> {
    Change {
        action,
        object_type: "user",
        object_id: user.id.any(),
        object_name: &user.email,
        organization_id: None,
        project_id: None,
        after: None,
    }
}
