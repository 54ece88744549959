//! `POST /results/{request_id}`: what an upstream sends later (contract section 5.7).
//!
//! Nobody shows a token here: the upstream signs, as requests to it are signed. So what can be refused without a look at the
//! database is, the shield counts the rest, and no body is read before there is a request that waits for one.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::Call;
use crate::domain::webhook_signature::is_timely;
use crate::domain::{RecordId, quoted};
use crate::error::Error;
use crate::gate::{Failure, Passage};
use crate::store::later_results::{self, State};
use crate::web::body;
use crate::web::response::Response;

/// How many characters an upstream has to say why it failed.
const LONGEST_MESSAGE: usize = 256;

object! {
    /// What an upstream sends with `Tenantry-Status: failed`.
    struct FailedResult {
        error_message: String,
    }
}

/// The outcome of a request whose result was sent later.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ResultTaken {
    /// Whether the request completed.
    pub success: bool,
    /// Why the request failed; null where it did not fail, or was cancelled.
    pub error_message: Option<String>,
}

/// Takes a result.
pub(crate) async fn take(call: &mut Call<'_>) -> Result<Response, Error> {
    let id = call.parameter("request_id");
    let nothing = || {
        Error::not_found(format!(
            "there is no request {} here that could have a result",
            quoted(id)
        ))
    };
    let id = RecordId::parse(id).map_err(|_| nothing())?;
    let message = Message::read(call, &id)?;
    let is_failure = is_failure(call)?;
    let address = call.request.header("cf-connecting-ip").unwrap_or_default();
    if !call.platform.shield.allows(&address).await {
        return Err(Error::shielded());
    }
    let found = later_results::find(call.connection, &id).await?;
    let (state, admitted) = found
        .filter(|(_, admitted)| admitted.has_upstream.0)
        .ok_or_else(nothing)?;
    let world = (call.platform, call.config);
    let passage = Passage::of_result(world, call.connection, &call.notes, admitted, id);
    let body = call.held_body().await?;
    let passage = passage.holding(call.held.take());
    let signed = (
        message.id.as_str(),
        message.timestamp,
        message.signature.as_str(),
    );
    if !passage.is_signed(signed, &body).await? {
        return Err(Error::unauthenticated(
            "webhook-signature: none in it is that of this body by the upstream's secret",
        ));
    }
    if let Some(known) = known(&state, call)? {
        return Response::ok(&known);
    }
    let sent = match is_failure {
        true => Err(words(&body)?),
        false => Ok(body),
    };
    match passage.take(sent, &state).await {
        Ok(failure) => Response::ok(&ResultTaken::of(failure.as_ref().map(Failure::to_string))),
        Err(unsettled) => {
            call.later(unsettled.work);
            Err(unsettled.error)
        }
    }
}

/// What is said of a message in its headers.
struct Message {
    id: String,
    timestamp: i64,
    signature: String,
}

impl Message {
    fn read(call: &Call<'_>, id: &RecordId) -> Result<Self, Error> {
        let header = |name| call.request.header(name).unwrap_or_default();
        let expected = format!("result_{id}");
        if header("webhook-id") != expected {
            return Err(Error::unauthenticated(
                "webhook-id: it is not result_ with the id of the request behind it",
            ));
        }
        let timestamp = header("webhook-timestamp").parse().ok();
        let timestamp =
            timestamp.filter(|timestamp| is_timely(*timestamp, call.now.as_millis() / 1_000));
        let timestamp = timestamp.ok_or_else(|| {
            Error::unauthenticated(
                "webhook-timestamp: it is not within 5 minutes of now, in seconds since 1970",
            )
        })?;
        Ok(Self {
            id: expected,
            timestamp,
            signature: header("webhook-signature"),
        })
    }
}

/// Whether the upstream says that it has failed.
fn is_failure(call: &Call<'_>) -> Result<bool, Error> {
    match call.request.header("tenantry-status").as_deref() {
        None => Ok(false),
        Some("failed") => Ok(true),
        Some(other) => Err(Error::invalid(format!(
            "Tenantry-Status: {} is not failed; without this header the body is the result",
            quoted(other)
        ))),
    }
}

/// Why the upstream has failed, in its words.
fn words(body: &[u8]) -> Result<String, Error> {
    let FailedResult { error_message } = body::parse(body)?;
    match error_message.chars().count() {
        1..=LONGEST_MESSAGE => Ok(error_message),
        length => Err(Error::invalid(format!(
            "error_message: it has {length} characters; 1 to {LONGEST_MESSAGE} are allowed"
        ))),
    }
}

/// What there is to say of a request that has ended; nothing of one that waits for its result.
fn known(state: &State, call: &Call<'_>) -> Result<Option<ResultTaken>, Error> {
    let deadline = state.result_deadline.0;
    match state.status.as_str() {
        "processing" if deadline > call.now => Ok(None),
        "cancelled_pending" => Ok(None),
        "processing" => Err(Error::gone(format!(
            "the result was to come until {}; it is not taken any more",
            deadline.to_offset_string()
        ))),
        status if deadline.as_millis() == 0 => Err(Error::gone(format!(
            "the request is {status}, and has ended without its result"
        ))),
        "completed" => Ok(Some(ResultTaken::of(None))),
        status => {
            let message = state.error_message.clone();
            let message = message.unwrap_or_else(|| format!("the request is {status}"));
            Ok(Some(ResultTaken::of(Some(message))))
        }
    }
}

impl ResultTaken {
    fn of(error_message: Option<String>) -> Self {
        Self {
            success: error_message.is_none(),
            error_message,
        }
    }
}
