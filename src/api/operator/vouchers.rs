//! `/operator/v1/vouchers`: vouchers, as the operator makes and removes them.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::{Call, future};
use crate::domain::{AtLeast, Credits, Description, Text, Timestamp, VoucherCode, VoucherId};
use crate::error::Error;
use crate::http::response::Response;
use crate::store::vouchers::{self, NewVoucher, Voucher};

object! {
    /// The voucher to make.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct VoucherCreate {
        /// Code.
        pub code: VoucherCode,
        /// What it is for; whoever knows the code can read it.
        pub description: Description,
        /// The plan that it gives to a new organization, whether or not anybody may choose that plan.
        pub subscription: Option<Text<1, 64>>,
        /// The credits that it adds to the budget of the new organization's first period.
        pub credits: Option<Credits>,
        /// When it stops; null or absent is never.
        pub expiry_date: Option<Timestamp>,
        /// How often it can be redeemed; null or absent is without limit.
        pub max_redemptions: Option<AtLeast<1>>,
    }
}

/// A voucher.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OperatorVoucher {
    /// Unique id, by which the trail names it.
    pub id: String,
    /// Code.
    pub code: String,
    /// What it is for.
    pub description: String,
    /// The plan that it gives.
    pub subscription: Option<String>,
    /// The credits that it gives.
    pub credits: Option<Credits>,
    /// When it stops; null is never.
    pub expiry_date: Option<String>,
    /// How often it can be redeemed; null is without limit.
    pub max_redemptions: Option<i64>,
    /// How often it was.
    pub redemptions: i64,
    /// When it was made.
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
            id: voucher.id,
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
        id: id.as_str(),
        code: &body.code,
        description: &body.description,
        subscription: body.subscription.as_ref().map(|plan| plan.as_str()),
        credits: body.credits,
        expiry_date,
        max_redemptions: body.max_redemptions,
    };
    let created = vouchers::create(&call.occasion()?, new).await?;
    Response::created(&OperatorVoucher::try_from(created)?)
}

/// `GET /operator/v1/vouchers`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let limit = call.query.integer("limit", 1..=1_000, 100)?;
    let offset = call.query.integer("offset", 0..=1_000_000_000, 0)?;
    let vouchers = vouchers::list(call.session, limit, offset).await?;
    let shown: Result<Vec<_>, Error> = vouchers
        .into_iter()
        .map(OperatorVoucher::try_from)
        .collect();
    Response::ok(&shown?)
}

/// `GET /operator/v1/vouchers/{code}`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    let voucher = vouchers::get(call.session, call.parameter("code")).await?;
    Response::ok(&OperatorVoucher::try_from(voucher)?)
}

/// `DELETE /operator/v1/vouchers/{code}`.
pub(crate) async fn delete(call: &mut Call<'_>) -> Result<Response, Error> {
    let voucher = vouchers::get(call.session, call.parameter("code")).await?;
    vouchers::delete(&call.occasion()?, &voucher).await?;
    Ok(Response::no_content())
}
