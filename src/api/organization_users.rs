//! `/organizations/{organization_name}/users`.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::sessions::{SignInLinkCreate, link_lasts, make_link};
use crate::api::{Call, OnOrganization};
use crate::domain::{Email, UserId};
use crate::error::Error;
use crate::store::organization_users::{self, OrganizationUser};
use crate::web::response::Response;

object! {
    /// The member to add.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct OrganizationUserCreate {
        /// E-mail address of the member; a person who has no account yet is invited under it.
        pub email: Email,
        /// Whether the member is to be an admin of the organization; false if absent.
        pub admin: Option<bool>,
    }
}

object! {
    /// Changes to a member of an organization.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct OrganizationUserUpdate {
        /// Whether the member is an admin of the organization; unchanged if absent.
        pub admin: Option<bool>,
    }
}

/// A member of an organization.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OrganizationUserDetail {
    /// Unique id of the member.
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// First name; null until the member has joined.
    pub name: Option<String>,
    /// Family name; null until the member has joined.
    pub surname: Option<String>,
    /// `active` for a member who has joined, by creating the organization or by a first call on it or on one of its
    /// projects; `pending` until then.
    pub status: &'static str,
    /// Whether the member is an admin of the organization.
    pub admin: bool,
    /// Day on which the member joined; null until then.
    pub join_date: Option<String>,
}

impl From<OrganizationUser> for OrganizationUserDetail {
    fn from(user: OrganizationUser) -> Self {
        let joined = user.joined.0;
        Self {
            id: user.id.into(),
            email: user.email,
            name: user.name,
            surname: user.surname,
            status: if joined { "active" } else { "pending" },
            admin: user.admin.0,
            join_date: joined.then(|| user.join_date.0.to_date_string()),
        }
    }
}

/// `POST /organizations/{organization_name}/users`.
pub(crate) async fn create(call: &mut Call<'_, OnOrganization>) -> Result<Response, Error> {
    let body: OrganizationUserCreate = call.body().await?;
    if body.admin == Some(true) {
        call.needs_fresh()?;
    }
    call.check_person("email", &body.email)?;
    let id = UserId::from_random(call.random()?);
    let created = organization_users::create(
        &call.change_context()?,
        call.organization(),
        &id,
        &body.email,
        body.admin.unwrap_or_default(),
    )
    .await?;
    Response::created(&OrganizationUserDetail::from(created))
}

/// `GET /organizations/{organization_name}/users`.
pub(crate) async fn list(call: &mut Call<'_, OnOrganization>) -> Result<Response, Error> {
    let slice = call.slice()?;
    let users = organization_users::list(call.connection, call.organization(), &slice).await?;
    Response::list(users.into_iter().map(OrganizationUserDetail::from))
}

/// `GET /organizations/{organization_name}/users/{user_id}`.
pub(crate) async fn get(call: &mut Call<'_, OnOrganization>) -> Result<Response, Error> {
    let id: UserId = call.id("user_id");
    let user = organization_users::get(call.connection, call.organization(), &id).await?;
    Response::ok(&OrganizationUserDetail::from(user))
}

/// `PATCH /organizations/{organization_name}/users/{user_id}`.
pub(crate) async fn update(call: &mut Call<'_, OnOrganization>) -> Result<Response, Error> {
    let body: OrganizationUserUpdate = call.body().await?;
    if body.admin == Some(true) {
        call.needs_fresh()?;
    }
    let id: UserId = call.id("user_id");
    let (context, organization) = (call.change_context()?, call.organization());
    let updated = organization_users::update(&context, organization, &id, body.admin).await?;
    Response::ok(&OrganizationUserDetail::from(updated))
}

/// `DELETE /organizations/{organization_name}/users/{user_id}`.
pub(crate) async fn delete(call: &mut Call<'_, OnOrganization>) -> Result<Response, Error> {
    let id: UserId = call.id("user_id");
    organization_users::delete(&call.change_context()?, call.organization(), &id).await?;
    Ok(Response::no_content())
}

/// `POST /organizations/{organization_name}/users/{user_id}/sign-in-link`, where the operator lets admins make links.
pub(crate) async fn create_link(call: &mut Call<'_, OnOrganization>) -> Result<Response, Error> {
    let body: SignInLinkCreate = call.body().await?;
    if !call.config.admin_sign_in_links && !call.authority.principal().is_operator() {
        return Err(Error::forbidden(
            "here only the operator makes sign-in links",
        ));
    }
    let id: UserId = call.id("user_id");
    let organization_id = &call.organization().organization_id;
    make_link(call, &id, link_lasts(&body), Some(organization_id)).await
}
