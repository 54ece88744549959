//! `GET /status` and `GET /health`.

use serde::Serialize;

use crate::api::Call;
use crate::error::Error;
use crate::web::response::Response;

/// The status of this service: whether it is up.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Status {
    /// Always `ok`: a service that is down answers nothing.
    pub status: &'static str,
}

/// `GET /status`: the command line asks it before each command, and wants exactly this (UbiOps spec 8).
pub(crate) async fn status(_: &mut Call<'_>) -> Result<Response, Error> {
    Response::ok(&Status { status: "ok" })
}

/// `GET /health`: the same, after one real read.
pub(crate) async fn health(call: &mut Call<'_>) -> Result<Response, Error> {
    call.connection.check_health().await?;
    Response::ok(&Status { status: "ok" })
}
