//! `GET /status` and `GET /health`.

use serde::Serialize;

use crate::api::Call;
use crate::error::Error;
use crate::store::health;
use crate::web::response::Response;

/// `GET /health` looks at so many of each kind, and at requests of so many projects: few, since anybody may ask.
const LOOKED_AT: (i64, i64) = (5, 3);
/// After so many seconds a scheduled run is missing.
const MISSING: i64 = 180;
/// What has been due for so many seconds is late.
const LATE: i64 = 300;
/// What has waited for so many seconds while nothing of its kind is under way, nobody takes.
const NOT_TAKEN: i64 = 900;

/// The status of this service: whether it is up.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Status {
    /// Always `ok`: a service that is down answers nothing.
    pub status: &'static str,
}

/// Whether the service works, and what of it is behind.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Health {
    /// Always `ok`: where the database fails, the answer is an error.
    pub status: &'static str,
    /// What is behind, a sentence each. Absent if nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<&'static str>,
}

/// `GET /status`: the command line asks it before each command, and wants exactly this (UbiOps spec 8).
pub(crate) async fn status(_: &mut Call<'_>) -> Result<Response, Error> {
    ok(Vec::new())
}

/// `GET /health`: the same, after one real read, and what is behind.
pub(crate) async fn health(call: &mut Call<'_>) -> Result<Response, Error> {
    let found = health::figures(call.connection, call.request_id, LOOKED_AT, call.now).await?;
    let mut degraded = Vec::new();
    // Where there has been no scheduled run yet, what it would have done tells that it is missing.
    let is_left = found.ended + found.schedules > 0;
    if found.run_age.map_or(is_left, |age| age >= MISSING) {
        degraded.push("the scheduled run has been missing for more than 3 minutes");
    }
    if found.requests_overdue >= LATE {
        degraded.push("a request that waits for its turn has been due for more than 5 minutes");
    }
    if found.requests_waited >= NOT_TAKEN && found.held + found.ended == 0 {
        degraded.push("requests have waited for more than 15 minutes while none is under way");
    }
    if found.webhooks_overdue >= LATE {
        degraded.push("a webhook has been due for more than 5 minutes");
    }
    if found.webhooks_waited >= NOT_TAKEN && found.webhooks_held == 0 {
        degraded.push("webhooks have waited for more than 15 minutes while none is told");
    }
    ok(degraded)
}

/// The same form for both: what is behind is absent where nothing is.
fn ok(degraded: Vec<&'static str>) -> Result<Response, Error> {
    Response::ok(&Health {
        status: "ok",
        degraded,
    })
}
