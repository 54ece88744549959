//! `/organizations`.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::{Call, Context, OnOrganization, future};
use crate::domain::{
    Credits, Date, Email, ObjectName, OrganizationId, Text, Timestamp, VoucherCode,
    period_containing,
};
use crate::error::Error;
use crate::store::budgets;
use crate::store::first_trip::Rider;
use crate::store::organizations::create::NewOrganization;
use crate::store::organizations::update::OrganizationChanges;
use crate::store::organizations::{self, Organization};
use crate::store::rows::Answers;
use crate::web::patch::Patch;
use crate::web::response::Response;

object! {
    /// The organization to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct OrganizationCreate {
        /// Name of the organization, unique in the installation.
        pub name: ObjectName,
        /// Plan of the organization; that of the voucher, or `free`, if absent.
        pub subscription: Option<Text<1, 64>>,
        /// Day on which the plan ends; required for any plan but `free`, which has no end date, unless a voucher gives
        /// the plan.
        pub subscription_end_date: Option<Date>,
        /// Code of a voucher that gives a plan, credits, or both.
        pub voucher: Option<VoucherCode>,
        /// Must not be true: two-factor authentication is not supported.
        pub two_factor_authentication_forced: Option<bool>,
        /// E-mail address of the first admin, given by the operator, who is not a member of any organization. Any other
        /// caller becomes the first admin themselves.
        pub admin_email: Option<Email>,
    }
}

object! {
    /// Changes to an organization; absent fields stay as they are.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct OrganizationUpdate {
        /// New name of the organization; the old path answers 404 from then on.
        pub name: Patch<ObjectName>,
        /// Plan of the organization; only the operator can change it, with a start date and, unless it is `free`, an
        /// end date.
        pub subscription: Option<Text<1, 64>>,
        /// Day on which the subscription starts; a day in the future schedules the subscription. Only the operator can
        /// set it.
        pub subscription_start_date: Option<Date>,
        /// Day on which the subscription ends; null means never. Only the operator can set it.
        pub subscription_end_date: Patch<Date>,
        /// Must not be true: two-factor authentication is not supported.
        pub two_factor_authentication_forced: Option<bool>,
    }
}

/// An organization.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OrganizationDetail {
    /// Unique id of the organization.
    pub id: String,
    /// Name of the organization.
    pub name: String,
    /// When the organization was created.
    pub creation_date: String,
    /// `active`, or `inactive` when the organization's subscription has ended: then nothing new can be created in it.
    pub status: &'static str,
    /// Plan that the organization is on.
    pub subscription: String,
    /// Day on which the plan started; its subscription periods start on that day of each month.
    pub subscription_start_date: String,
    /// Day on which the plan ends; null means never.
    pub subscription_end_date: Option<String>,
    /// Whether anyone may choose the plan.
    pub subscription_self_service: bool,
    /// Plan that the organization switches to on a day in the future.
    pub scheduled_subscription: Option<ScheduledSubscription>,
    /// Credits of the current subscription period, including those of vouchers; null means no limit.
    pub credits: Option<Credits>,
    /// Always false: two-factor authentication is not supported.
    pub two_factor_authentication_forced: bool,
    /// Always false: nothing runs beyond a budget.
    pub overage_usage: bool,
    /// Credits that were used in the current subscription period; where the organization itself is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits_used: Option<Credits>,
    /// When the current subscription period began; where the organization itself is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_start: Option<String>,
    /// When the current subscription period ends; where the organization itself is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_end: Option<String>,
    /// Whether the caller is an admin of the organization; where the organization itself is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administers: Option<bool>,
}

/// A subscription that starts on a day in the future.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ScheduledSubscription {
    /// Plan of the subscription.
    pub subscription: String,
    /// Day on which the subscription starts.
    pub subscription_start_date: String,
    /// Day on which the subscription ends; null means never.
    pub subscription_end_date: Option<String>,
}

impl OrganizationDetail {
    /// An organization as it is shown at this time.
    fn at(now: Timestamp, organization: Organization) -> Result<Self, Error> {
        let credits = organization
            .organization_credits
            .map(Credits::from_millionths)
            .transpose()
            .map_err(|invalid| {
                Error::inconsistent(format!("an organization's credits: {invalid}"))
            })?;
        let status = if organization.is_active(now) {
            "active"
        } else {
            "inactive"
        };
        let scheduled_subscription = organization
            .organization_next_subscription
            .zip(organization.organization_next_subscription_start_date)
            .map(|(subscription, start)| ScheduledSubscription {
                subscription,
                subscription_start_date: start.0.to_date_string(),
                subscription_end_date: organization
                    .organization_next_subscription_end_date
                    .map(|end| end.0.to_date_string()),
            });
        Ok(Self {
            id: organization.organization_id.into(),
            name: organization.organization_name,
            creation_date: organization.organization_creation_date.0.to_zulu_string(),
            status,
            subscription: organization.organization_subscription,
            subscription_start_date: organization
                .organization_subscription_start_date
                .0
                .to_date_string(),
            subscription_end_date: organization
                .organization_subscription_end_date
                .map(|end| end.0.to_date_string()),
            subscription_self_service: organization.organization_subscription_self_service.0,
            scheduled_subscription,
            credits,
            two_factor_authentication_forced: false,
            overage_usage: false,
            credits_used: None,
            period_start: None,
            period_end: None,
            administers: None,
        })
    }
}

/// `POST /organizations`.
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: OrganizationCreate = call.body().await?;
    refuse_two_factors(body.two_factor_authentication_forced)?;
    let is_operator = call.authority.principal().is_operator();
    if is_operator && body.admin_email.is_none() {
        return Err(Error::invalid(
            "admin_email: the operator is no member of an organization, so its first admin is needed",
        ));
    }
    let admin_email = body.admin_email.as_ref().filter(|_| is_operator);
    admin_email.map_or(Ok(()), |email| call.check_person("admin_email", email))?;
    let end_date = body
        .subscription_end_date
        .map(|date| future("subscription_end_date", date.midnight(), call.now))
        .transpose()?;
    let id = OrganizationId::from_random(call.random()?);
    let new = NewOrganization {
        id: &id,
        name: &body.name,
        subscription: body.subscription.as_ref().map(|plan| plan.as_str()),
        end_date,
        voucher: body.voucher.as_ref(),
        admin_email,
    };
    let context = call.change_context()?;
    let created = organizations::create::create(&context, new).await?;
    Response::created(&OrganizationDetail::at(call.now, created)?)
}

/// `GET /organizations`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let (principal, slice) = (call.authority.principal(), call.slice()?);
    let organizations = organizations::list(call.connection, principal, call.now, &slice).await?;
    Response::list_of(
        organizations
            .into_iter()
            .map(|organization| OrganizationDetail::at(call.now, organization)),
    )
}

/// What rides on reading an organization.
pub(crate) fn get_riding(call: &Context<'_>) -> Result<Rider, Error> {
    Ok(budgets::used_riding(call.now))
}

/// `GET /organizations/{organization_name}`: the first round trip has read it.
pub(crate) async fn get(
    call: &mut Call<'_, OnOrganization>,
    ridden: Answers,
) -> Result<Response, Error> {
    let organization = call.organization().clone();
    let start = organization.organization_subscription_start_date.0;
    let (period_start, period_end) = period_containing(start, call.now);
    let mut detail = OrganizationDetail::at(call.now, organization)?;
    detail.credits_used = Some(budgets::used(&ridden)?);
    detail.period_start = Some(period_start.to_zulu_string());
    detail.period_end = Some(period_end.to_zulu_string());
    detail.administers = Some(call.is_organization_admin);
    Response::ok(&detail)
}

/// `PATCH /organizations/{organization_name}`.
pub(crate) async fn update(call: &mut Call<'_, OnOrganization>) -> Result<Response, Error> {
    let body: OrganizationUpdate = call.body().await?;
    refuse_two_factors(body.two_factor_authentication_forced)?;
    let changes = OrganizationChanges {
        name: body.name.or_keep("name")?,
        // null is no plan and no day, and Terraform's provider sends it for what it does not set.
        subscription: body.subscription.map(|plan| plan.to_string()),
        start_date: body.subscription_start_date.map(Date::midnight),
        end_date: body.subscription_end_date.map(Date::midnight),
    };
    let (context, organization) = (call.change_context()?, call.organization());
    let updated = organizations::update::update(&context, organization, &changes).await?;
    Response::ok(&OrganizationDetail::at(call.now, updated)?)
}

/// A second factor cannot be asked for, so nobody may believe that it is (contract section 4).
fn refuse_two_factors(forced: Option<bool>) -> Result<(), Error> {
    match forced {
        Some(true) => Err(Error::invalid(
            "two_factor_authentication_forced: not supported",
        )),
        _ => Ok(()),
    }
}
