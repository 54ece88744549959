//! `/projects/{p}/service-users`: the accounts that scripts and pages call with.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::{Call, Context, OnProject, future};
use crate::domain::{Description, OriginList, ServiceUserId, ServiceUserName, Timestamp};
use crate::error::Error;
use crate::store::first_trip::Rider;
use crate::store::rows::{Answers, JsonText};
use crate::store::service_users::search::{Order, Search, search};
use crate::store::service_users::{self, Grace, NewServiceUser, ServiceUser, ServiceUserChanges};
use crate::web::patch::Patch;
use crate::web::response::Response;

/// The longest grace of an old token, in seconds: a week (contract section 4).
const MAX_GRACE: i64 = 604_800;

object! {
    /// The service user to create.
    #[derive(Debug, Default)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct ServiceUserCreate {
        /// Name of the service user; may be empty.
        pub name: Option<ServiceUserName>,
        /// Description of the service user; may be empty.
        pub description: Option<Description>,
        /// When the service user expires; null means never.
        pub expiry_date: Patch<Timestamp>,
        /// All origins from which the service user's token may make requests.
        pub allowed_cors_origins: Option<OriginList>,
    }
}

object! {
    /// Changes to a service user; absent fields stay as they are, and null clears a field.
    #[derive(Debug, Default)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct ServiceUserUpdate {
        /// Name of the service user; may be empty.
        pub name: Patch<ServiceUserName>,
        /// Description of the service user; may be empty.
        pub description: Patch<Description>,
        /// When the service user expires; null means never.
        pub expiry_date: Patch<Timestamp>,
        /// All origins from which the service user's token may make requests.
        pub allowed_cors_origins: Patch<OriginList>,
    }
}

/// A service user.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ServiceUserList {
    /// Unique id of the service user.
    pub id: String,
    /// Generated e-mail address of the service user.
    pub email: String,
    /// Token of the service user, on creation only; it is shown only this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Name of the service user.
    pub name: String,
    /// Description of the service user.
    pub description: String,
    /// When the service user was created.
    pub creation_date: String,
    /// When the service user expires; null means never.
    pub expiry_date: Option<String>,
    /// Origins from which the service user's token may make requests.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "OriginList"))]
    pub allowed_cors_origins: JsonText,
    /// When the current token was last used, to the minute; null before its first use.
    pub token_last_used: Option<String>,
    /// When the token before the current one stops working; null unless a reset has left that token a grace period.
    pub previous_token_expiry: Option<String>,
}

/// A new token; it is shown only this once.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ServiceUserTokenList {
    /// The new token of the service user.
    pub token: String,
}

impl From<ServiceUser> for ServiceUserList {
    fn from(service_user: ServiceUser) -> Self {
        Self {
            id: service_user.id.into(),
            email: service_user.email,
            token: None,
            name: service_user.name,
            description: service_user.description,
            creation_date: service_user.creation_date.0.to_offset_string(),
            expiry_date: service_user
                .expiry_date
                .map(|date| date.0.to_offset_string()),
            allowed_cors_origins: service_user.allowed_cors_origins,
            token_last_used: service_user
                .token_last_used
                .map(|date| date.0.to_offset_string()),
            previous_token_expiry: service_user
                .previous_token_expiry
                .map(|date| date.0.to_offset_string()),
        }
    }
}

fn future_expiry(expiry: Patch<Timestamp>, now: Timestamp) -> Result<Patch<Timestamp>, Error> {
    if let Some(date) = expiry.value() {
        future("expiry_date", *date, now)?;
    }
    Ok(expiry)
}

/// `POST .../service-users`.
pub(crate) async fn create(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: ServiceUserCreate = call.body().await?;
    let expiry = future_expiry(body.expiry_date, call.now)?;
    let id = ServiceUserId::from_random(call.random()?);
    let project = call.project();
    let domain = &call.config.service_user_domain;
    let token = call.mint_token()?;
    let new = NewServiceUser {
        id: &id,
        email: &format!("{id}.{}@{domain}", project.project_name),
        name: &body.name.unwrap_or_default(),
        description: &body.description.unwrap_or_default(),
        expiry_date: expiry.value().copied(),
        allowed_cors_origins: &body.allowed_cors_origins.unwrap_or_default(),
    };
    let created = service_users::create(&call.change_context()?, project, new, &token).await?;
    Response::created(&ServiceUserList {
        token: Some(token.plain.reveal().to_owned()),
        ..created.into()
    })
}

/// `GET .../service-users`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let slice = call.slice()?;
    let wanted = Search {
        words: call.query.text("q").map(str::to_owned),
        order: call.query.parsed("sort", Order::parse)?,
        needs_attention: call.query.flag("attention")?,
    };
    let (connection, project) = (call.connection, call.project());
    let found = match wanted.asks_for_anything() {
        true => search(connection, project, call.now, &wanted, slice).await?,
        false => service_users::list(connection, project, call.now, &slice).await?,
    };
    Response::list(found.into_iter().map(ServiceUserList::from))
}

/// `GET .../service-users/{service_user_id}`.
pub(crate) async fn get(
    call: &mut Call<'_, OnProject>,
    ridden: Answers,
) -> Result<Response, Error> {
    let id: ServiceUserId = call.id("service_user_id");
    let found = service_users::ridden(&ridden, &id)?;
    Response::ok(&ServiceUserList::from(found))
}

/// What rides along with it: the service user.
pub(crate) fn get_riding(call: &Context<'_>) -> Result<Rider, Error> {
    let id: ServiceUserId = call.id("service_user_id");
    Ok(service_users::riding(&id, call.now))
}

/// `PATCH .../service-users/{service_user_id}`.
pub(crate) async fn update(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: ServiceUserUpdate = call.body().await?;
    let changes = ServiceUserChanges {
        name: body.name.or_default(),
        description: body.description.or_default(),
        expiry_date: future_expiry(body.expiry_date, call.now)?,
        allowed_cors_origins: body.allowed_cors_origins.or_default(),
    };
    let id: ServiceUserId = call.id("service_user_id");
    let updated =
        service_users::update(&call.change_context()?, call.project(), &id, &changes).await?;
    Response::ok(&ServiceUserList::from(updated))
}

/// `PUT .../service-users/{service_user_id}/token`. The body, if there is one, is not looked at.
pub(crate) async fn reset_token(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let seconds = call.query.integer("grace", 0..=MAX_GRACE, 0)?;
    let context = call.change_context()?;
    // Counted from the reset: only a grace of 0 seconds ends with it.
    let grace = Grace {
        end: context.now.plus_millis(seconds * 1_000),
        keep_access_keys: call.query.flag("keep_access_keys")?,
    };
    let id: ServiceUserId = call.id("service_user_id");
    let project = call.project();
    let token = call.mint_token()?;
    service_users::reset_token(&context, project, &id, grace, &token).await?;
    Response::ok(&ServiceUserTokenList {
        token: token.plain.reveal().to_owned(),
    })
}

/// `DELETE .../service-users/{service_user_id}/token/previous`.
pub(crate) async fn end_grace(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let id: ServiceUserId = call.id("service_user_id");
    let project = call.project();
    service_users::end_grace(&call.change_context()?, project, &id).await?;
    Ok(Response::no_content())
}

/// `DELETE .../service-users/{service_user_id}`.
pub(crate) async fn delete(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let id: ServiceUserId = call.id("service_user_id");
    let project = call.project();
    service_users::delete(&call.change_context()?, project, &id).await?;
    Ok(Response::no_content())
}
