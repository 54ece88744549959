//! `/vouchers`: what a code stands for.

use serde::Serialize;

use crate::api::Call;
use crate::error::Error;
use crate::store::vouchers;
use crate::web::response::Response;

/// The public description of a voucher.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct VoucherDetail {
    /// Description of what the voucher is for.
    pub description: String,
}

/// `GET /vouchers/{code}`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    let voucher = vouchers::get(call.connection, call.parameter("code")).await?;
    Response::ok(&VoucherDetail {
        description: voucher.description,
    })
}
