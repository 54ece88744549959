//! Service users: the accounts that scripts and pages call with.
//!
//! Everything that hands out or widens access asks that the caller can do all that the service user can, permissions and
//! workspaces, and does not end before it; expiry, reset and deletion take effect with the statement that writes them.

pub mod search;
pub mod statements;

use serde_json::{Value, json};

use crate::domain::ServiceUserId;
use crate::domain::json;
use crate::domain::origin::OriginList;
use crate::domain::text::{Description, ServiceUserName};
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, given};
use crate::store::connection::Connection;
use crate::store::first_trip::Rider;
use crate::store::projects::{self, Project};
use crate::store::rows::{Answers, JsonText, Millis, row};
use crate::store::slices::{Listing, Slice};
use crate::store::subscriptions;
use crate::store::tokens::FreshToken;
use crate::web::patch::Patch;
use statements::{
    DELETE, DELETE_ACCESS_KEYS, DELETE_CURRENT_TOKEN, DELETE_ENDED_TOKEN, DELETE_GRACE,
    DELETE_ORIGINS, DELETE_TOKENS, GET, GET_RIDING, GRANT_GRACE, INSERT, INSERT_ORIGINS,
    INSERT_TOKEN, KNOWS, LIST, PERMIT_CREATE, PERMIT_DELETE, PERMIT_END_GRACE, PERMIT_RESET,
    PERMIT_UPDATE, PERMIT_UPDATE_ACCESS, UPDATE,
};

row! {
    /// A service user.
    #[derive(Debug, Clone)]
    pub struct ServiceUser {
        /// Its id.
        pub id: ServiceUserId,
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

/// What is asked for on creation.
pub struct NewServiceUser<'a> {
    /// Its id.
    pub id: &'a ServiceUserId,
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
    /// Whether it names what the token opens: until when, or from where. Whether that changes, the permit says.
    fn is_about_access(&self) -> bool {
        self.expiry_date.is_present() || self.allowed_cors_origins.is_some()
    }

    fn to_json(&self) -> Value {
        let expiry_date = self.expiry_date.value().map(|date| date.as_millis());
        given(vec![
            ("name", self.name.as_ref().map(|name| json!(name))),
            (
                "description",
                self.description.as_ref().map(|text| json!(text)),
            ),
            (
                "expiry_date",
                self.expiry_date.is_present().then(|| json!(expiry_date)),
            ),
            (
                "allowed_cors_origins",
                self.allowed_cors_origins.as_ref().map(json::tree),
            ),
        ])
    }
}

/// The 404 of a service user.
#[must_use]
pub fn not_found(id: &ServiceUserId) -> Error {
    Error::not_found(format!(
        "there is no service user {} in this project",
        crate::domain::invalid::quoted(id.as_str())
    ))
}

/// The 400 of what cannot be done to a service user that has expired (UbiOps spec 3.9).
#[must_use]
pub fn expired(what: &str) -> Error {
    Error::invalid(format!(
        "expiry_date: this service user has expired, so it cannot be {what}; delete it or create a new one"
    ))
}

/// The 403 of who does not hold all that it holds.
#[must_use]
pub fn not_held() -> Error {
    Error::forbidden("this service user holds permissions that you do not hold")
}

/// The 403 of whom a workspace is closed to that is open to it. Which one is not told: they may not know of it.
#[must_use]
pub fn not_entered() -> Error {
    Error::forbidden("a workspace is open to this service user that is not open to you")
}

/// The 403 of a caller with an end, over what would outlive it (contract section 2).
fn outlives() -> Error {
    Error::forbidden(
        "expiry_date: you have one yourself, or call with a previous token, which ends with its grace; so the service \
         user's must be set, and be no later than yours",
    )
}

/// The 403 of a service user over its own end and origins (contract section 2).
fn is_own() -> Error {
    Error::forbidden("expiry_date, allowed_cors_origins: no service user changes its own")
}

/// The service users of a project, oldest first.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    connection: &Connection,
    project: &Project,
    now: Timestamp,
    slice: &Slice,
) -> Result<Vec<ServiceUser>, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .integer("now", now.as_millis());
    let listing = Listing::measured(&LIST, &KNOWS);
    slice.read(connection, listing, parameters).await
}

/// Reads one service user of the project in the path, on the first trip.
#[must_use]
pub fn riding(id: &ServiceUserId, now: Timestamp) -> Rider {
    let parameters = Parameters::new()
        .text("object_id", id)
        .integer("now", now.as_millis());
    Rider::reading([&GET_RIDING], parameters)
}

/// What [`riding`] has found.
///
/// # Errors
/// 404.
pub fn ridden(answers: &Answers, id: &ServiceUserId) -> Result<ServiceUser, Error> {
    answers.first(&GET_RIDING)?.ok_or_else(|| not_found(id))
}

/// Creates a service user with its token.
///
/// # Errors
/// 403 under a subscription that has ended, for one that would outlive its maker, or for a right lost meanwhile; 404 when the project has gone; 503 when the
/// database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    project: &Project,
    new: NewServiceUser<'_>,
    token: &FreshToken,
) -> Result<ServiceUser, Error> {
    let change = Change {
        object_name: new.name.as_str(),
        after: Some(json!({
            "name": new.name,
            "description": new.description,
            "expiry_date": new.expiry_date.map(Timestamp::as_millis),
            "allowed_cors_origins": json::tree(new.allowed_cors_origins),
        })),
        ..change_of(project, new.id, Action::Create)
    };
    let parameters = change
        .parameters(context)
        .text("email", new.email)
        .text("name", new.name.as_str())
        .text("description", new.description.as_str())
        .optional_integer("expiry_date", new.expiry_date.map(Timestamp::as_millis))
        .text("allowed_cors_origins", new.allowed_cors_origins.to_json());
    let mut texts = vec![&PERMIT_CREATE, &INSERT, &INSERT_TOKEN];
    if !new.allowed_cors_origins.is_empty() {
        texts.push(&INSERT_ORIGINS);
    }
    texts.push(&GET);
    let answers = context
        .connection
        .write(token.parameters(parameters).batch(texts))
        .await?;
    answers.done_or(&[
        ("found", &|| projects::not_found(&project.project_name)),
        ("may", &|| projects::lacks(context.authority)),
        ("ends", &outlives),
        ("subscription_runs", &subscriptions::ended),
    ])?;
    answers.only(&GET)
}

/// Changes a service user.
///
/// # Errors
/// 400 for an expired one; 403 when its origins or expiry are to change and the caller cannot do all that it can, is that
/// service user, or would be outlived by it; 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn update(
    context: &ChangeContext<'_>,
    project: &Project,
    id: &ServiceUserId,
    changes: &ServiceUserChanges,
) -> Result<ServiceUser, Error> {
    let change = Change {
        after: Some(changes.to_json()),
        ..change_of(project, id, Action::Update)
    };
    let permit = if changes.is_about_access() {
        &PERMIT_UPDATE_ACCESS
    } else {
        &PERMIT_UPDATE
    };
    let origins = changes.allowed_cors_origins.as_ref();
    let mut texts = vec![permit, &UPDATE];
    if origins.is_some() {
        texts.extend([&DELETE_ORIGINS, &INSERT_ORIGINS]);
    }
    texts.push(&GET);
    let statements = change
        .parameters(context)
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
        .batch(texts);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| not_found(id)),
        ("may", &|| projects::lacks(context.authority)),
        ("lives", &|| expired("updated")),
        ("is_another", &is_own),
        ("ends", &outlives),
        ("covers", &not_held),
        ("enters", &not_entered),
    ])?;
    answers.only(&GET)
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
/// 400 for an expired one; 403 when the caller cannot do all that it can or would be outlived by it, or for a right lost
/// meanwhile; 404; 503 when the database fails.
pub async fn reset_token(
    context: &ChangeContext<'_>,
    project: &Project,
    id: &ServiceUserId,
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
    let ends_access_keys = grace.end <= context.now && !grace.keep_access_keys;
    let parameters = change
        .parameters(context)
        .integer("grace_end", grace.end.as_millis())
        .flag("ends_access_keys", ends_access_keys);
    let mut texts = vec![&PERMIT_RESET];
    if grace.end > context.now {
        texts.extend([&DELETE_ENDED_TOKEN, &DELETE_CURRENT_TOKEN, &GRANT_GRACE]);
    } else {
        texts.push(&DELETE_TOKENS);
    }
    if ends_access_keys {
        texts.push(&DELETE_ACCESS_KEYS);
    }
    texts.push(&INSERT_TOKEN);
    let answers = context
        .connection
        .write(token.parameters(parameters).batch(texts))
        .await?;
    answers.done_or(&[
        ("found", &|| not_found(id)),
        ("may", &|| projects::lacks(context.authority)),
        ("lives", &|| expired("given a new token")),
        ("ends", &outlives),
        ("enters", &not_entered),
        ("covers", &not_held),
    ])
}

/// Ends the grace of the previous token.
///
/// # Errors
/// 404 when there is no such service user, or no grace; 403 for a right lost meanwhile; 503 when the database fails.
pub async fn end_grace(
    context: &ChangeContext<'_>,
    project: &Project,
    id: &ServiceUserId,
) -> Result<(), Error> {
    let change = Change {
        object_type: "service_user_token",
        ..change_of(project, id, Action::Delete)
    };
    let parameters = change.parameters(context);
    let statements = parameters.batch([&PERMIT_END_GRACE, &DELETE_GRACE]);
    context.connection.write(statements).await?.done_or(&[
        ("found", &|| not_found(id)),
        ("may", &|| projects::lacks(context.authority)),
        ("has_grace", &|| {
            Error::not_found("this service user has no previous token")
        }),
    ])
}

/// Deletes a service user; its tokens answer 401 from the next request on.
///
/// # Errors
/// 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    project: &Project,
    id: &ServiceUserId,
) -> Result<(), Error> {
    let parameters = change_of(project, id, Action::Delete).parameters(context);
    let statements = parameters.batch([&PERMIT_DELETE, &DELETE]);
    context.connection.write(statements).await?.done_or(&[
        ("found", &|| not_found(id)),
        ("may", &|| projects::lacks(context.authority)),
    ])
}

fn change_of<'a>(project: &'a Project, id: &'a ServiceUserId, action: Action) -> Change<'a> {
    project.change(action, "service_user", id.any(), id.as_str())
}
