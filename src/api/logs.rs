//! `/projects/{p}/logs`: what runs behind deployments writes its logs elsewhere, so there are none here. The clients ask for
//! them while they wait for a request (`stream_logs`), and are to find that.

use crate::api::{Call, OnProject};
use crate::error::Error;
use crate::web::response::Response;

/// A line of a log; there are none here.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct LogLine {
    /// Text of the line.
    pub log: String,
}

/// `GET` and `POST /projects/{p}/logs`.
pub(crate) async fn list(_: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    Response::ok(&[(); 0])
}
