//! Service users: the accounts that scripts and pages call with.
//!
//! Everything that hands out or widens access asks that the caller hold all that the service user holds; expiry,
//! reset and deletion take effect with the statement that writes them.

use serde_json::json;

use crate::auth::access::Authority;
use crate::domain::origin::OriginList;
use crate::domain::text::{Description, ServiceUserName};
use crate::domain::time::Timestamp;
use crate::http::error::Error;
use crate::http::patch::Patch;
use crate::store::audit::{Action, Change, Occasion, caller_may, permit, permitted};
use crate::store::projects::{self, Project};
use crate::store::rows::{Flag, JsonText, Millis, row};
use crate::store::session::Session;
use crate::store::sql::statements;
use crate::store::statement::Parameters;
use crate::store::subscriptions::{self, subscription_runs};
use crate::store::tokens::FreshToken;

row! {
    /// A service user.
    #[derive(Debug, Clone)]
    pub struct ServiceUser {
        /// Its id.
        pub id: String,
        /// Its generated e-mail address.
        pub email: String,
        /// Its name, which may be empty.
        pub name: String,
        /// Its description, which may be empty.
        pub description: String,
        /// When it was created.
        pub creation_date: Millis,
        /// When it stops; none is never.
        pub expiry_date: Option<Millis>,
        /// The origins from which its token may make requests.
        pub allowed_cors_origins: JsonText,
        /// When its current token was last used, to the minute.
        pub token_last_used: Option<Millis>,
        /// When the token before the current one stops, where a reset has left it a grace.
        pub previous_token_expiry: Option<Millis>,
    }
}

macro_rules! select_service_user {
    () => {
        "SELECT s.id, s.email, s.name, s.description, s.creation_date, s.expiry_date, s.allowed_cors_origins,
                (SELECT t.last_used FROM tokens t
                 WHERE t.service_user_id = s.id AND t.grace_end IS NULL) AS token_last_used,
                (SELECT min(t.grace_end, coalesce(s.expiry_date, t.grace_end)) FROM tokens t
                 WHERE t.service_user_id = s.id AND t.grace_end > #now) AS previous_token_expiry
         FROM service_users s "
    };
}

macro_rules! service_user_exists {
    () => {
        "EXISTS (SELECT 1 FROM service_users WHERE id = :object_id AND project_id = :project_id)"
    };
}
pub(crate) use service_user_exists;

macro_rules! service_user_lives {
    () => {
        "EXISTS (SELECT 1 FROM service_users WHERE id = :object_id AND project_id = :project_id
                 AND (expiry_date IS NULL OR expiry_date > #now))"
    };
}
pub(crate) use service_user_lives;

/// Whether the caller holds all that the service user holds: on the whole project, or on the same object. Both hold it by
/// assignment alone, since no service user is an admin and an admin holds everything; the view `held_permissions`, which
/// says the same, takes SQLite seven times as long to parse in this place.
macro_rules! caller_covers_service_user {
    () => {
        concat!("(", $crate::store::audit::caller_holds_all!(), " OR NOT EXISTS (
            SELECT 1 FROM role_assignments a
            JOIN role_permissions h ON h.role_id = a.role_id
            JOIN permissions c ON c.name = h.permission AND c.service_users = 1
            WHERE a.project_id = :project_id AND a.assignee_id = :object_id AND NOT EXISTS (
              SELECT 1 FROM role_assignments b
              JOIN role_permissions i ON i.role_id = b.role_id AND i.permission = h.permission
              WHERE b.project_id = :project_id AND b.assignee_id = :principal_id
                AND (b.resource_type = 'project'
                     OR (b.resource_type = a.resource_type AND b.resource_id = a.resource_id)))))")
    };
}
pub(crate) use caller_covers_service_user;

/// What the trail calls it: its name, or its id where it has none.
macro_rules! service_user_name {
    () => {
        "coalesce((SELECT nullif(name, '') FROM service_users WHERE id = :object_id), :object_name)"
    };
}

macro_rules! service_user_before {
    () => {
        "(SELECT json_object('name', name, 'description', description, 'expiry_date', expiry_date,
                             'allowed_cors_origins', json(allowed_cors_origins))
          FROM service_users WHERE id = :object_id)"
    };
}

macro_rules! after_change {
    () => {
        concat!(
            "SELECT ",
            permitted!(),
            " AS done, ",
            service_user_exists!(),
            " AS found, ",
            caller_may!(),
            " AS may, ",
            service_user_lives!(),
            " AS lives, ",
            caller_covers_service_user!(),
            " AS covers"
        )
    };
}

macro_rules! insert_token {
    () => {
        concat!(
            "INSERT INTO tokens (id, digest, key_id, service_user_id, creation_date)
             SELECT :new_token_id, :digest, :key_id, :object_id, #now WHERE ",
            permitted!()
        )
    };
}

statements! {
    /// The service users of a project, oldest first.
    LIST = concat!(select_service_user!(), "WHERE s.project_id = :project_id ORDER BY s.creation_date, s.id");
    /// One service user of a project.
    GET = concat!(select_service_user!(), "WHERE s.id = :object_id AND s.project_id = :project_id");
    /// The permit for a new service user.
    PERMIT_CREATE = permit!(":object_id", "NULL", concat!(
        "EXISTS (SELECT 1 FROM projects WHERE id = :project_id) AND ", caller_may!(), " AND ", subscription_runs!()));
    /// The service user itself.
    INSERT = concat!(
        "INSERT INTO service_users (id, organization_id, project_id, email, name, description, creation_date,
                                    expiry_date, allowed_cors_origins)
         SELECT :object_id, :organization_id, :project_id, :email, :name, :description, #now, #expiry_date,
                :allowed_cors_origins
         WHERE ", permitted!());
    /// Its token.
    INSERT_TOKEN = insert_token!();
    /// Its origins, one by one.
    INSERT_ORIGINS = concat!(
        "INSERT INTO service_user_origins (project_id, origin, service_user_id)
         SELECT :project_id, value, :object_id FROM json_each(:allowed_cors_origins) WHERE ", permitted!());
    /// Why there is none, where there is none.
    AFTER_CREATE = concat!(
        "SELECT ", permitted!(), " AS done, EXISTS (SELECT 1 FROM projects WHERE id = :project_id) AS found, ",
        caller_may!(), " AS may");
    /// The permit to change a service user.
    PERMIT_UPDATE = permit!(name service_user_name!(), ":object_id", service_user_before!(), concat!(
        service_user_lives!(), " AND ", caller_may!(),
        " AND (#widens_access = 0 OR ", caller_covers_service_user!(), ")"));
    /// The change.
    UPDATE = concat!(
        "UPDATE service_users SET
           name = coalesce(:name, name),
           description = coalesce(:description, description),
           expiry_date = CASE WHEN #sets_expiry_date = 1 THEN #expiry_date ELSE expiry_date END,
           allowed_cors_origins = coalesce(:allowed_cors_origins, allowed_cors_origins)
         WHERE id = :object_id AND ", permitted!());
    /// The origins that are replaced.
    DELETE_ORIGINS = concat!(
        "DELETE FROM service_user_origins
         WHERE service_user_id = :object_id AND :allowed_cors_origins IS NOT NULL AND ", permitted!());
    /// Whether it was changed, or why not.
    AFTER_CHANGE = after_change!();
    /// The permit to reset a token.
    PERMIT_RESET = permit!(name service_user_name!(), ":object_id", "NULL", concat!(
        service_user_lives!(), " AND ", caller_may!(), " AND ", caller_covers_service_user!()));
    /// The previous token: at a reset without grace, or when its grace is over.
    DELETE_PREVIOUS_TOKEN = concat!(
        "DELETE FROM tokens WHERE service_user_id = :object_id AND grace_end IS NOT NULL
           AND (#grace_end <= #now OR grace_end <= #now) AND ", permitted!());
    /// The current token: at a reset without grace, or while a previous one still has its grace.
    DELETE_CURRENT_TOKEN = concat!(
        "DELETE FROM tokens WHERE service_user_id = :object_id AND grace_end IS NULL
           AND (#grace_end <= #now OR EXISTS (
                  SELECT 1 FROM tokens p WHERE p.service_user_id = :object_id AND p.grace_end IS NOT NULL))
           AND ", permitted!());
    /// The current token becomes the previous one.
    GRANT_GRACE = concat!(
        "UPDATE tokens SET grace_end = #grace_end
         WHERE service_user_id = :object_id AND grace_end IS NULL AND ", permitted!());
    /// The access keys, at a reset without grace that does not keep them.
    DELETE_ACCESS_KEYS = concat!(
        "DELETE FROM access_keys WHERE service_user_id = :object_id AND #grace_end <= #now AND #keep_access_keys = 0
           AND ", permitted!());
    /// The new token.
    REPLACE_TOKEN = insert_token!();
    /// The permit to end a grace.
    PERMIT_END_GRACE = permit!(name service_user_name!(), ":object_id", "NULL", concat!(
        caller_may!(), " AND EXISTS (SELECT 1 FROM tokens t JOIN service_users s ON s.id = t.service_user_id
                                     WHERE s.id = :object_id AND s.project_id = :project_id AND t.grace_end > #now)"));
    /// The token whose grace ends.
    DELETE_GRACE = concat!(
        "DELETE FROM tokens WHERE service_user_id = :object_id AND grace_end IS NOT NULL AND ", permitted!());
    /// The permit to delete a service user.
    PERMIT_DELETE = permit!(name service_user_name!(), ":object_id", service_user_before!(), concat!(
        service_user_exists!(), " AND ", caller_may!()));
    /// The service user, and with it its tokens, origins and assignments.
    DELETE = concat!("DELETE FROM service_users WHERE id = :object_id AND ", permitted!());
}

/// What is asked for on creation.
pub struct NewServiceUser<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its generated e-mail address.
    pub email: &'a str,
    /// Its name.
    pub name: &'a ServiceUserName,
    /// Its description.
    pub description: &'a Description,
    /// When it stops; none is never.
    pub expiry_date: Option<Timestamp>,
    /// The origins from which its token may make requests.
    pub allowed_cors_origins: &'a OriginList,
}

/// What a PATCH changes; what is absent stays.
#[derive(Debug, Default)]
pub struct ServiceUserChanges {
    /// Its name.
    pub name: Option<ServiceUserName>,
    /// Its description.
    pub description: Option<Description>,
    /// When it stops; null is never.
    pub expiry_date: Patch<Timestamp>,
    /// Its origins, all of them.
    pub allowed_cors_origins: Option<OriginList>,
}

impl ServiceUserChanges {
    /// Whether nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.description.is_none()
            && !self.expiry_date.is_present()
            && self.allowed_cors_origins.is_none()
    }

    fn to_json(&self) -> serde_json::Value {
        let mut after = serde_json::Map::new();
        if let Some(name) = &self.name {
            after.insert("name".to_owned(), json!(name));
        }
        if let Some(description) = &self.description {
            after.insert("description".to_owned(), json!(description));
        }
        if self.expiry_date.is_present() {
            let millis = self.expiry_date.value().map(|date| date.as_millis());
            after.insert("expiry_date".to_owned(), json!(millis));
        }
        if let Some(origins) = &self.allowed_cors_origins {
            after.insert("allowed_cors_origins".to_owned(), json!(origins));
        }
        after.into()
    }
}

/// The 404 of a service user.
#[must_use]
pub fn not_found(id: &str) -> Error {
    Error::not_found(format!(
        "there is no service user {} in this project",
        crate::domain::invalid::quoted(id)
    ))
}

/// The 400 of what cannot be done to a service user that has expired (UbiOps spec 3.9).
#[must_use]
pub fn expired(what: &str) -> Error {
    Error::invalid(format!(
        "expiry_date: this service user has expired, so it cannot be {what}; delete it or create a new one"
    ))
}

/// The service users of a project, oldest first.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    session: &Session<'_>,
    project: &Project,
    now: Timestamp,
) -> Result<Vec<ServiceUser>, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .integer("now", now.as_millis());
    session.read(parameters.batch([&LIST])).await?.all(0)
}

/// One service user of a project.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn get(
    session: &Session<'_>,
    project: &Project,
    id: &str,
    now: Timestamp,
) -> Result<ServiceUser, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .text("object_id", id)
        .integer("now", now.as_millis());
    let found = session.read(parameters.batch([&GET])).await?.first(0)?;
    found.ok_or_else(|| not_found(id))
}

/// Creates a service user with its token.
///
/// # Errors
/// 403 under a subscription that has ended, or for a right lost meanwhile; 404 when the project has gone; 503 when the
/// database fails.
pub async fn create(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    new: NewServiceUser<'_>,
    token: &FreshToken,
) -> Result<ServiceUser, Error> {
    row! {
        struct After {
            done: Flag,
            found: Flag,
            may: Flag,
        }
    }
    let change = Change {
        object_name: new.name.as_str(),
        after: Some(json!({
            "name": new.name,
            "description": new.description,
            "expiry_date": new.expiry_date.map(Timestamp::as_millis),
            "allowed_cors_origins": new.allowed_cors_origins,
        })),
        ..change_of(project, new.id, Action::Create)
    };
    let parameters = change
        .parameters(authority, occasion)
        .text("email", new.email)
        .text("name", new.name.as_str())
        .text("description", new.description.as_str())
        .optional_integer("expiry_date", new.expiry_date.map(Timestamp::as_millis))
        .text("allowed_cors_origins", new.allowed_cors_origins.to_json());
    let answers = session
        .write(token.parameters(parameters).batch([
            &PERMIT_CREATE,
            &INSERT,
            &INSERT_TOKEN,
            &INSERT_ORIGINS,
            &GET,
            &AFTER_CREATE,
        ]))
        .await?;
    let after: After = answers.only(5)?;
    match (after.done.0, after.found.0, after.may.0) {
        (true, ..) => answers.only(4),
        (false, false, _) => Err(projects::not_found(&project.project_name)),
        (false, true, false) => Err(projects::lacks(authority)),
        (false, true, true) => Err(subscriptions::ended()),
    }
}

/// Changes a service user.
///
/// # Errors
/// 400 for an expired one; 403 when the caller does not hold all that it holds and wants to change its origins or
/// expiry, or has lost his right meanwhile; 404; 503 when the database fails.
pub async fn update(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    id: &str,
    changes: &ServiceUserChanges,
) -> Result<ServiceUser, Error> {
    let change = Change {
        after: Some(changes.to_json()),
        ..change_of(project, id, Action::Update)
    };
    let widens_access = changes.expiry_date.is_present() || changes.allowed_cors_origins.is_some();
    let origins = changes.allowed_cors_origins.as_ref();
    let statements = change
        .parameters(authority, occasion)
        .flag("widens_access", widens_access)
        .optional_text("name", changes.name.as_ref().map(|name| name.as_str()))
        .optional_text(
            "description",
            changes.description.as_ref().map(|text| text.as_str()),
        )
        .flag("sets_expiry_date", changes.expiry_date.is_present())
        .optional_integer(
            "expiry_date",
            changes.expiry_date.value().map(|date| date.as_millis()),
        )
        .optional_text("allowed_cors_origins", origins.map(OriginList::to_json))
        .batch([
            &PERMIT_UPDATE,
            &UPDATE,
            &DELETE_ORIGINS,
            &INSERT_ORIGINS,
            &GET,
            &AFTER_CHANGE,
        ]);
    let answers = session.write(statements).await?;
    let after: AfterChange = answers.only(5)?;
    if after.done.0 {
        return answers.only(4);
    }
    Err(after.refusal(authority, id, "updated"))
}

/// What a reset leaves of the old credentials.
#[derive(Debug, Clone, Copy)]
pub struct Grace {
    /// Until when the old token lives on; now is not at all.
    pub end: Timestamp,
    /// Whether the access keys stay even without a grace.
    pub keep_access_keys: bool,
}

/// Replaces the token. With a grace the old one lives on until its end; during a grace only the current one is
/// replaced; without, every old one stops at once, and so do the access keys that are not kept (contract section 4).
///
/// # Errors
/// As [`update`].
pub async fn reset_token(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    id: &str,
    grace: Grace,
    token: &FreshToken,
) -> Result<(), Error> {
    let change = Change {
        object_type: "service_user_token",
        after: Some(json!({
            "requested_grace_end": grace.end.as_millis(), "keep_access_keys": grace.keep_access_keys,
        })),
        ..change_of(project, id, Action::Update)
    };
    let parameters = change
        .parameters(authority, occasion)
        .integer("grace_end", grace.end.as_millis())
        .flag("keep_access_keys", grace.keep_access_keys);
    let answers = session
        .write(token.parameters(parameters).batch([
            &PERMIT_RESET,
            &DELETE_PREVIOUS_TOKEN,
            &DELETE_CURRENT_TOKEN,
            &GRANT_GRACE,
            &DELETE_ACCESS_KEYS,
            &REPLACE_TOKEN,
            &AFTER_CHANGE,
        ]))
        .await?;
    let after: AfterChange = answers.only(6)?;
    if after.done.0 {
        return Ok(());
    }
    Err(after.refusal(authority, id, "given a new token"))
}

/// Ends the grace of the previous token.
///
/// # Errors
/// 404 when there is no such service user, or no grace; 403 for a right lost meanwhile; 503 when the database fails.
pub async fn end_grace(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    id: &str,
) -> Result<(), Error> {
    let change = Change {
        object_type: "service_user_token",
        ..change_of(project, id, Action::Delete)
    };
    let parameters = change.parameters(authority, occasion);
    let statements = parameters.batch([&PERMIT_END_GRACE, &DELETE_GRACE, &AFTER_CHANGE]);
    let after: AfterChange = session.write(statements).await?.only(2)?;
    match (after.done.0, after.found.0, after.may.0) {
        (true, ..) => Ok(()),
        (false, false, _) => Err(not_found(id)),
        (false, true, false) => Err(projects::lacks(authority)),
        (false, true, true) => Err(Error::not_found("this service user has no previous token")),
    }
}

/// Deletes a service user; its tokens answer 401 from the next request on.
///
/// # Errors
/// 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    session: &Session<'_>,
    authority: &Authority,
    occasion: &Occasion,
    project: &Project,
    id: &str,
) -> Result<(), Error> {
    let parameters = change_of(project, id, Action::Delete).parameters(authority, occasion);
    let statements = parameters.batch([&PERMIT_DELETE, &DELETE, &AFTER_CHANGE]);
    let after: AfterChange = session.write(statements).await?.only(2)?;
    match (after.done.0, after.found.0) {
        (true, _) => Ok(()),
        (false, false) => Err(not_found(id)),
        (false, true) => Err(projects::lacks(authority)),
    }
}

row! {
    struct AfterChange {
        done: Flag,
        found: Flag,
        may: Flag,
        lives: Flag,
        covers: Flag,
    }
}

impl AfterChange {
    fn refusal(&self, authority: &Authority, id: &str, what: &str) -> Error {
        if !self.found.0 {
            not_found(id)
        } else if !self.may.0 {
            projects::lacks(authority)
        } else if !self.lives.0 {
            expired(what)
        } else if !self.covers.0 {
            Error::forbidden("this service user holds permissions that you do not hold")
        } else {
            Error::inconsistent("a change of a service user was refused for no reason")
        }
    }
}

fn change_of<'a>(project: &'a Project, id: &'a str, action: Action) -> Change<'a> {
    Change {
        action,
        object_type: "service_user",
        object_id: id,
        object_name: id,
        organization_id: Some(&project.organization_id),
        project_id: Some(&project.project_id),
        after: None,
    }
}
