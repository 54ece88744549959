//! `/operator/v1/users`: people, as the operator makes and removes them.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::Call;
use crate::api::sessions::{SignInLinkCreate, answer_list, link_lasts, make_link};
use crate::domain::{Email, PersonName, Timestamp, UserId};
use crate::error::Error;
use crate::store::sessions;
use crate::store::users::{self, User};
use crate::web::response::Response;

object! {
    /// The account to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct OperatorUserCreate {
        /// E-mail address; compared in lower case.
        pub email: Email,
        /// First name.
        pub name: Option<PersonName>,
        /// Family name.
        pub surname: Option<PersonName>,
    }
}

/// A person with an account, or one who is invited.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OperatorUser {
    /// Unique id of the person.
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// First name.
    pub name: Option<String>,
    /// Family name.
    pub surname: Option<String>,
    /// `active`, or `pending` for a person who is invited and has no account yet.
    pub status: String,
    /// When the account was created.
    pub registration_date: Option<String>,
    /// Token of the person, on creation only; it is shown only this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A new token; it is shown only this once.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct UserToken {
    /// The new token of the person.
    pub token: String,
}

impl From<User> for OperatorUser {
    fn from(user: User) -> Self {
        Self {
            id: user.id.into(),
            email: user.email,
            name: user.name,
            surname: user.surname,
            status: user.status,
            registration_date: user
                .registration_date
                .map(|date| Timestamp::to_zulu_string(date.0)),
            token: None,
        }
    }
}

/// `POST /operator/v1/users`.
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: OperatorUserCreate = call.body().await?;
    call.check_person("email", &body.email)?;
    let id = UserId::from_random(call.random()?);
    let token = call.mint_token()?;
    let user = users::create(
        &call.change_context()?,
        &id,
        &body.email,
        (
            body.name.as_ref().map(|name| name.as_str()),
            body.surname.as_ref().map(|surname| surname.as_str()),
        ),
        &token,
    )
    .await?;
    Response::created(&OperatorUser {
        token: Some(token.plain.reveal().to_owned()),
        ..user.into()
    })
}

/// `GET /operator/v1/users`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let email = call.query.parsed("email", Email::parse)?;
    let limit = call.query.integer("limit", 1..=1_000, 100)?;
    let offset = call.query.integer("offset", 0..=1_000_000_000, 0)?;
    let users = users::list(call.connection, email.as_ref(), limit, offset).await?;
    Response::list(users.into_iter().map(OperatorUser::from))
}

/// `GET /operator/v1/users/{user_id}`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    let user = users::get(call.connection, &call.id("user_id")).await?;
    Response::ok(&OperatorUser::from(user))
}

/// `DELETE /operator/v1/users/{user_id}`.
pub(crate) async fn delete(call: &mut Call<'_>) -> Result<Response, Error> {
    let force = call.query.flag("force")?;
    let user = users::get(call.connection, &call.id("user_id")).await?;
    users::delete(&call.change_context()?, &user, force).await?;
    Ok(Response::no_content())
}

/// `PUT /operator/v1/users/{user_id}/token`.
pub(crate) async fn reset_token(call: &mut Call<'_>) -> Result<Response, Error> {
    let user = users::get(call.connection, &call.id("user_id")).await?;
    let token = call.mint_token()?;
    users::reset_token(&call.change_context()?, &user, &token).await?;
    Response::ok(&UserToken {
        token: token.plain.reveal().to_owned(),
    })
}

/// `POST /operator/v1/users/{user_id}/sign-in-link`.
pub(crate) async fn create_link(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: SignInLinkCreate = call.body().await?;
    let id: UserId = call.id("user_id");
    make_link(call, &id, link_lasts(&body), None).await
}

/// `GET /operator/v1/users/{user_id}/sessions`.
pub(crate) async fn sessions(call: &mut Call<'_>) -> Result<Response, Error> {
    answer_list(call, &call.id("user_id")).await
}

/// `DELETE /operator/v1/users/{user_id}/sessions`.
pub(crate) async fn end_sessions(call: &mut Call<'_>) -> Result<Response, Error> {
    let user = users::get(call.connection, &call.id("user_id")).await?;
    sessions::end(&call.change_context()?, (&user.id, &user.email), None).await?;
    Ok(Response::no_content())
}
