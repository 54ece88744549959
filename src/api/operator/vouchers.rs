//! `/operator/v1/vouchers`: vouchers, as the operator makes and removes them.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::{Call, future};
use crate::domain::{AtLeast, Credits, Description, Text, Timestamp, VoucherCode, VoucherId};
use crate::error::Error;
use crate::store::vouchers::{self, NewVoucher, Voucher};
use crate::web::response::Response;

object! {
    /// The voucher to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct VoucherCreate {
        /// Code of the voucher.
        pub code: VoucherCode,
        /// Description of what the voucher is for; anyone who knows the code can read it.
        pub description: Description,
        /// Plan that the voucher gives to a new organization, whether or not anyone may choose that plan.
        pub subscription: Option<Text<1, 64>>,
        /// Credits that the voucher adds to the budget of the new organization's first subscription period.
        pub credits: Option<Credits>,
        /// When the voucher expires; never if null or absent.
        pub expiry_date: Option<Timestamp>,
        /// Maximum number of times that the voucher can be redeemed; no limit if null or absent.
        pub max_redemptions: Option<AtLeast<1>>,
    }
}

/// A voucher.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OperatorVoucher {
    /// Unique id of the voucher, by which the audit trail names it.
    pub id: String,
    /// Code of the voucher.
    pub code: String,
    /// Description of what the voucher is for.
    pub description: String,
    /// Plan that the voucher gives.
    pub subscription: Option<String>,
    /// Credits that the voucher gives.
    pub credits: Option<Credits>,
    /// When the voucher expires; null means never.
    pub expiry_date: Option<String>,
    /// Maximum number of times that the voucher can be redeemed; null means no limit.
    pub max_redemptions: Option<i64>,
    /// Number of times that the voucher was redeemed.
    pub redemptions: i64,
    /// When the voucher was created.
    pub creation_date: String,
}

impl TryFrom<Voucher> for OperatorVoucher {
    type Error = Error;

    fn try_from(voucher: Voucher) -> Result<Self, Error> {
        let credits = voucher
            .credits
            .map(Credits::from_millionths)
            .transpose()
            .map_err(|invalid| Error::inconsistent(format!("vouchers.credits: {invalid}")))?;
        Ok(Self {
            id: voucher.id.into(),
            code: voucher.code,
            description: voucher.description,
            subscription: voucher.subscription,
            credits,
            expiry_date: voucher.expiry_date.map(|date| date.0.to_zulu_string()),
            max_redemptions: voucher.max_redemptions,
            redemptions: voucher.redemptions,
            creation_date: voucher.creation_date.0.to_zulu_string(),
        })
    }
}

/// `POST /operator/v1/vouchers`.
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: VoucherCreate = call.body().await?;
    let expiry_date = body
        .expiry_date
        .map(|date| future("expiry_date", date, call.now))
        .transpose()?;
    let id = VoucherId::from_random(call.random()?);
    let new = NewVoucher {
        id: &id,
        code: &body.code,
        description: &body.description,
        subscription: body.subscription.as_ref().map(|plan| plan.as_str()),
        credits: body.credits,
        expiry_date,
        max_redemptions: body.max_redemptions,
    };
    let created = vouchers::create(&call.change_context()?, new).await?;
    Response::created(&OperatorVoucher::try_from(created)?)
}

/// `GET /operator/v1/vouchers`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let limit = call.query.integer("limit", 1..=1_000, 100)?;
    let offset = call.query.integer("offset", 0..=1_000_000_000, 0)?;
    let vouchers = vouchers::list(call.connection, limit, offset).await?;
    Response::list_of(vouchers.into_iter().map(OperatorVoucher::try_from))
}

/// `GET /operator/v1/vouchers/{code}`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    let voucher = vouchers::get(call.connection, call.parameter("code")).await?;
    Response::ok(&OperatorVoucher::try_from(voucher)?)
}

/// `DELETE /operator/v1/vouchers/{code}`.
pub(crate) async fn delete(call: &mut Call<'_>) -> Result<Response, Error> {
    let voucher = vouchers::get(call.connection, call.parameter("code")).await?;
    vouchers::delete(&call.change_context()?, &voucher).await?;
    Ok(Response::no_content())
}
