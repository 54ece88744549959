//! `/organizations`.

use serde::{Deserialize, Serialize};

use crate::api::{Call, future};
use crate::domain::{Date, Email, ObjectName, OrganizationId, Text, Timestamp};
use crate::http::error::Error;
use crate::http::response::Response;
use crate::store::organizations::{self, NewOrganization, Organization};

/// The plan of an organization that names none.
const FREE: &str = "free";

/// The organization to create.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OrganizationCreate {
    /// Name, unique in the installation.
    pub name: ObjectName,
    /// Plan; `free` if absent.
    pub subscription: Option<Text<1, 64>>,
    /// Day on which the plan ends; needed for any plan but `free`, which has none.
    pub subscription_end_date: Option<Date>,
    /// A voucher that gives the plan.
    pub voucher: Option<Text<1, 64>>,
    /// Must not be true: it is not supported.
    pub two_factor_authentication_forced: Option<bool>,
    /// The first admin; for the operator, who is no member of anything. Anybody else becomes admin himself.
    pub admin_email: Option<Email>,
}

/// An organization.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OrganizationDetail {
    /// Unique id.
    pub id: String,
    /// Name.
    pub name: String,
    /// When it was created.
    pub creation_date: String,
    /// `active`.
    pub status: &'static str,
    /// The plan it is on.
    pub subscription: String,
    /// Whether anybody may choose that plan.
    pub subscription_self_service: bool,
    /// Always false.
    pub two_factor_authentication_forced: bool,
    /// Always false: nothing runs beyond a budget.
    pub overage_usage: bool,
}

impl From<Organization> for OrganizationDetail {
    fn from(organization: Organization) -> Self {
        Self {
            id: organization.organization_id,
            name: organization.organization_name,
            creation_date: organization.organization_creation_date.0.to_zulu_string(),
            status: "active",
            subscription: organization.organization_subscription,
            subscription_self_service: organization.organization_subscription_self_service.0,
            two_factor_authentication_forced: false,
            overage_usage: false,
        }
    }
}

/// `POST /organizations`.
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: OrganizationCreate = call.body().await?;
    if body.two_factor_authentication_forced == Some(true) {
        return Err(Error::invalid(
            "two_factor_authentication_forced: not supported",
        ));
    }
    if body.voucher.is_some() {
        return Err(Error::invalid("voucher: there is no voucher of this code"));
    }
    let is_operator = call.authority.principal().is_operator();
    if is_operator && body.admin_email.is_none() {
        return Err(Error::invalid(
            "admin_email: the operator is no member of an organization, so its first admin is needed",
        ));
    }
    let subscription = body
        .subscription
        .as_ref()
        .map_or(FREE, |plan| plan.as_str());
    let end_date = end_of_plan(subscription, body.subscription_end_date, call.now)?;
    let id = OrganizationId::from_random(call.random()?);
    let new = NewOrganization {
        id: id.as_str(),
        name: &body.name,
        subscription,
        start_date: call.now,
        end_date,
        admin_email: body.admin_email.as_ref().filter(|_| is_operator),
    };
    let created =
        organizations::create(call.session, &call.authority, &call.occasion()?, new).await?;
    Response::created(&OrganizationDetail::from(created))
}

/// A plan other than `free` needs an end date, and `free` has none (contract section 4).
fn end_of_plan(plan: &str, end: Option<Date>, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    const FIELD: &str = "subscription_end_date";
    match (plan, end) {
        (FREE, None) => Ok(None),
        (FREE, Some(_)) => Err(Error::invalid(format!(
            "{FIELD}: the plan free renews itself each year and takes no end date"
        ))),
        (_, None) => Err(Error::invalid(format!(
            "{FIELD}: a plan other than free needs an end date"
        ))),
        (_, Some(date)) => future(FIELD, date.midnight(), now).map(Some),
    }
}

/// `GET /organizations`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let organizations = organizations::list(call.session, call.authority.principal()).await?;
    Response::ok(
        &organizations
            .into_iter()
            .map(OrganizationDetail::from)
            .collect::<Vec<_>>(),
    )
}

/// `GET /organizations/{organization_name}`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    Response::ok(&OrganizationDetail::from(call.organization()?.clone()))
}
