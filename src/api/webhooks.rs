//! `/projects/{p}/webhooks` and `/webhooks-tests`: who is told what has become of requests (contract section 5.7).

use crate::domain::json::{self, object};
use crate::domain::{
    Description, HeaderTemplates, Labels, ObjectName, ProjectId, TargetKind, Text, UpstreamUrl,
    WebhookId, WebhookSecret, Within, quoted,
};
use std::rc::Rc;

use serde::Serialize;

use crate::api::labels::label_filter;
use crate::api::{Call, Context, OnProject};
use crate::auth::sealed::{Sealed, seal};
use crate::error::Error;
use crate::store::first_trip::Rider;
use crate::store::items::message;
use crate::store::rows::{Answers, JsonText};
use crate::store::webhook_deliveries;
use crate::store::webhooks::{
    self, Fields, Headers, NewWebhook, Webhook, headers_place, secret_place,
};
use crate::web::patch::Patch;
use crate::web::response::Response;

/// The longest time for which a secret that was replaced signs, too, in seconds: a week.
const MAX_GRACE: i64 = 604_800;
/// Seconds for which an answer is waited, unless something else is said.
const TIMEOUT: i64 = 10;

object! {
    /// A header that is sent with each event.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct WebhookHeader {
        /// Name of the header.
        pub key: String,
        /// Value of the header.
        pub value: String,
        /// Whether the value is stored sealed and never shown again; false if absent.
        pub protected: Option<bool>,
    }
}

object! {
    /// The webhook to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct WebhookCreate {
        /// Name of the webhook, unique in the project.
        pub name: ObjectName,
        /// Kind of object whose requests the webhook is about.
        pub object_type: TargetKind,
        /// Name of the deployment or pipeline.
        pub object_name: String,
        /// Name of the version of the deployment or pipeline; all versions if absent.
        pub version: Option<Text<1, 64>>,
        /// Where events are sent with POST: `https`, with a public name as host.
        pub url: String,
        /// Headers that are sent with each event.
        pub headers: Option<Vec<WebhookHeader>>,
        /// Event to send: `deployment_request_started`, `deployment_request_completed` or `deployment_request_failed`; for
        /// a pipeline `pipeline_request_started`, `pipeline_request_completed` or `pipeline_request_failed`.
        pub event: String,
        /// Seconds to wait for an answer; 10 if absent.
        pub timeout: Option<Within<1, 30>>,
        /// Whether an event that could not be delivered is sent again; true if absent.
        pub retry: Option<bool>,
        /// Whether events contain results of up to 256 KiB; false if absent.
        pub include_result: Option<bool>,
        /// Description of the webhook.
        pub description: Option<Description>,
        /// Labels of the webhook.
        pub labels: Option<Labels>,
        /// Whether events are sent; true if absent.
        pub enabled: Option<bool>,
    }
}

object! {
    /// The webhook to try once.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct WebhookTestCreate {
        /// Kind of object whose requests the webhook is about.
        pub object_type: TargetKind,
        /// Name of the deployment or pipeline.
        pub object_name: String,
        /// Name of the version of the deployment or pipeline; all versions if absent.
        pub version: Option<Text<1, 64>>,
        /// Where events are sent with POST: `https`, with a public name as host.
        pub url: String,
        /// Headers that are sent with each event.
        pub headers: Option<Vec<WebhookHeader>>,
        /// Event to send: `deployment_request_started`, `deployment_request_completed` or `deployment_request_failed`; for
        /// a pipeline `pipeline_request_started`, `pipeline_request_completed` or `pipeline_request_failed`.
        pub event: String,
        /// Seconds to wait for an answer; 10 if absent.
        pub timeout: Option<Within<1, 30>>,
        /// Whether an event that could not be delivered is sent again; true if absent.
        pub retry: Option<bool>,
        /// Whether events contain results of up to 256 KiB; false if absent.
        pub include_result: Option<bool>,
    }
}

object! {
    /// Changes to a webhook; absent fields stay as they are.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct WebhookUpdate {
        /// New name of the webhook.
        pub name: Patch<ObjectName>,
        /// Where events are sent. For another host, protected headers must be given again.
        pub url: Patch<String>,
        /// All headers that are sent with each event; null removes all headers.
        pub headers: Patch<Vec<WebhookHeader>>,
        /// Event to send.
        pub event: Patch<String>,
        /// New description; null clears it.
        pub description: Patch<Description>,
        /// All labels of the webhook; null removes all labels.
        pub labels: Patch<Labels>,
        /// Seconds to wait for an answer; null resets it to 10.
        pub timeout: Patch<Within<1, 30>>,
        /// Whether events are sent; events that wait are dropped when it is switched off.
        pub enabled: Patch<bool>,
        /// Whether an event that could not be delivered is sent again.
        pub retry: Patch<bool>,
        /// Whether events contain results of up to 256 KiB.
        pub include_result: Patch<bool>,
    }
}

/// A header of a webhook.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct WebhookHeaderDetail {
    /// Name of the header.
    pub key: String,
    /// Value of the header; null if the header is protected.
    pub value: Option<String>,
    /// Whether the value is stored sealed and never shown again.
    pub protected: bool,
}

/// A webhook.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct WebhookDetail {
    /// Unique id of the webhook.
    pub id: String,
    /// Name of the webhook.
    pub name: String,
    /// Kind of object whose requests the webhook is about: `deployment` or `pipeline`.
    pub object_type: String,
    /// Name of the deployment or pipeline.
    pub object_name: String,
    /// Name of the version of the deployment or pipeline; null means all versions.
    pub version: Option<String>,
    /// Where events are sent.
    pub url: String,
    /// Headers that are sent with each event.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Vec<WebhookHeaderDetail>")
    )]
    pub headers: JsonText,
    /// Event that is sent.
    pub event: String,
    /// When the webhook was created.
    pub creation_date: String,
    /// When the webhook was last changed.
    pub last_updated: String,
    /// Description of the webhook.
    pub description: String,
    /// Labels of the webhook.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Labels"))]
    pub labels: JsonText,
    /// Seconds to wait for an answer.
    pub timeout: i64,
    /// Whether events are sent; not any more once the receiver has answered 410.
    pub enabled: bool,
    /// Whether an event that could not be delivered is sent again.
    pub retry: bool,
    /// Whether events contain results of up to 256 KiB.
    pub include_result: bool,
    /// Result of the last attempt to send an event: `completed` or `failed`; null before the first attempt.
    pub last_status: Option<String>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When the last attempt was made.
    pub last_delivery_date: Option<String>,
    /// Secret that events are signed with; it is shown only once, when it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// The trial of a webhook.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct WebhookTestDetail {
    /// Unique id of the trial.
    pub id: String,
    /// Status of the trial: `pending`, then `completed` or `failed`.
    pub status: String,
    /// Why the trial failed.
    pub error_message: Option<String>,
    /// Secret that the trial is signed with; it is shown only once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl WebhookDetail {
    fn of(webhook: Webhook, secret: Option<String>) -> Self {
        Self {
            id: webhook.id.into(),
            name: webhook.name,
            object_type: webhook.object_type,
            object_name: webhook.object_name,
            version: webhook.version,
            url: webhook.url,
            headers: webhook.headers,
            event: webhook.event,
            creation_date: webhook.creation_date.0.to_zulu_string(),
            last_updated: webhook.last_updated.0.to_zulu_string(),
            description: webhook.description,
            labels: webhook.labels,
            timeout: webhook.timeout,
            enabled: webhook.enabled.0,
            retry: webhook.retry.0,
            include_result: webhook.include_result.0,
            last_status: webhook.last_status,
            last_error: webhook.last_error,
            last_delivery_date: webhook
                .last_delivery_date
                .map(|date| date.0.to_zulu_string()),
            secret,
        }
    }
}

impl WebhookTestDetail {
    fn of(test: Webhook, secret: Option<String>) -> Self {
        Self {
            id: test.id.into(),
            status: test.last_status.unwrap_or_else(|| "pending".to_owned()),
            error_message: test.last_error,
            secret,
        }
    }
}

/// What a webhook of this kind of objects can be told.
fn event(object_type: &str, event: String) -> Result<String, Error> {
    let of_kind = event.strip_prefix(object_type);
    let told = of_kind.and_then(|event| event.strip_prefix("_request_"));
    match told {
        Some("started" | "completed" | "failed") => Ok(event),
        _ => Err(Error::invalid(format!(
            "event: {} is not {object_type}_request_started, {object_type}_request_completed or \
             {object_type}_request_failed, which are what a {object_type} has",
            quoted(&event)
        ))),
    }
}

fn judged(call: &Context<'_>, url: &str) -> Result<UpstreamUrl, Error> {
    let own_host = call.request.header("host").unwrap_or_default();
    let judged = call.config.upstream_rules.judge(url, &own_host);
    judged.map_err(|invalid| Error::field("url", &invalid))
}

/// Headers as they are stored: the rules are those of an upstream's (contract section 5.2), but that nothing is put into a
/// value.
async fn headers(
    call: &Context<'_>,
    (id, project_id): (&WebhookId, &ProjectId),
    given: Vec<WebhookHeader>,
) -> Result<Headers, Error> {
    let mut templates = HeaderTemplates::default();
    let (mut shown, mut protected) = (Vec::new(), Vec::new());
    for header in given {
        let is_protected = header.protected.unwrap_or_default();
        templates
            .add(&header.key, header.value.replace('$', "$$"))
            .map_err(|invalid| Error::field("headers", &invalid))?;
        if is_protected {
            protected.push([header.key.clone(), header.value.clone()]);
        }
        shown.push(WebhookHeaderDetail {
            key: header.key,
            value: (!is_protected).then_some(header.value),
            protected: is_protected,
        });
    }
    let mut sealed = None;
    if !protected.is_empty() {
        let place = headers_place(id, project_id);
        let plain = json::text(&protected);
        sealed = Some(seal(call.platform, call.config, place, plain.as_bytes()).await?);
    }
    Ok(Headers {
        names: shown.iter().map(|header| header.key.clone()).collect(),
        shown: json::text(&shown),
        sealed,
    })
}

/// A fresh secret, as it is shown and as it is stored.
async fn fresh_secret(
    call: &Context<'_>,
    (id, project_id): (&WebhookId, &ProjectId),
) -> Result<(String, Sealed), Error> {
    let mut secret = [0; 32];
    let drawn = call.platform.entropy.fill(&mut secret);
    drawn.map_err(Error::unavailable)?;
    let place = secret_place(id, project_id);
    let sealed = seal(call.platform, call.config, place, &secret).await?;
    Ok((WebhookSecret::from_random(secret).reveal(), sealed))
}

/// What a webhook has and the test of one has not.
struct Named {
    name: ObjectName,
    description: Description,
    labels: Labels,
    enabled: bool,
}

/// Makes a webhook, or without a name the test of one; answers it with its secret.
async fn make(
    call: &mut Call<'_, OnProject>,
    named: Option<Named>,
    body: WebhookTestCreate,
) -> Result<(Webhook, Option<String>), Error> {
    let id = WebhookId::from_random(call.random()?);
    let (project, object_type) = (call.project(), body.object_type.name());
    let place = (&id, &project.project_id);
    let is_test = named.is_none();
    let (name, description, labels, enabled) = match named {
        Some(named) => (
            Some(named.name),
            named.description,
            named.labels,
            named.enabled,
        ),
        None => (None, Description::default(), Labels::default(), true),
    };
    let fields = Fields {
        name: None,
        url: Some(judged(call, &body.url)?),
        event: Some(event(object_type, body.event)?),
        headers: Some(headers(call, place, body.headers.unwrap_or_default()).await?),
        description: Some(description),
        labels: Some(labels),
        timeout: Some(body.timeout.map_or(TIMEOUT, Within::get)),
        enabled: Some(enabled),
        retry: Some(body.retry.unwrap_or(true)),
        include_result: Some(body.include_result.unwrap_or_default()),
    };
    let (shown, secret) = fresh_secret(call, place).await?;
    let new = NewWebhook {
        id: &id,
        name: name.as_ref().map_or(id.as_str(), ObjectName::as_str),
        is_test,
        object_type,
        object_name: &body.object_name,
        version: body.version.as_ref().map(Text::as_str),
        fields,
        secret: &secret,
    };
    let made = webhooks::create(&call.change_context()?, project, new).await?;
    Ok((made, Some(shown)))
}

/// `POST .../webhooks`.
pub(crate) async fn create(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: WebhookCreate = call.body().await?;
    let named = Named {
        name: body.name,
        description: body.description.unwrap_or_default(),
        labels: body.labels.unwrap_or_default(),
        enabled: body.enabled.unwrap_or(true),
    };
    let told = WebhookTestCreate {
        object_type: body.object_type,
        object_name: body.object_name,
        version: body.version,
        url: body.url,
        headers: body.headers,
        event: body.event,
        timeout: body.timeout,
        retry: body.retry,
        include_result: body.include_result,
    };
    let (made, secret) = make(call, Some(named), told).await?;
    Response::created(&WebhookDetail::of(made, secret))
}

/// `POST .../webhooks-tests`.
pub(crate) async fn test(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: WebhookTestCreate = call.body().await?;
    let (made, secret) = make(call, None, body).await?;
    let platform = Rc::clone(call.platform);
    let task = webhook_deliveries::task(made.id.any());
    call.later(Box::pin(async move {
        if let Some(queue) = &platform.queue {
            // What is not sent now is offered by the scheduled run.
            let _ = queue.send(vec![message(&task.project_id, &task.id)]).await;
        }
    }));
    Response::created(&WebhookTestDetail::of(made, secret))
}

/// `GET .../webhooks`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let labels = label_filter(&call.query)?;
    let [object_type, event] = ["object_type", "event"].map(|name| call.query.text(name));
    let slice = call.slice()?;
    let wanted = (labels.as_deref(), object_type, event);
    let found = webhooks::list(call.connection, call.project(), wanted, &slice).await?;
    let listed = found
        .into_iter()
        .map(|webhook| WebhookDetail::of(webhook, None));
    Response::list(listed)
}

/// What rides along: the webhook of the path.
pub(crate) fn riding(call: &Context<'_>) -> Result<Rider, Error> {
    Ok(webhooks::riding(call.parameter("webhook_name"), false))
}

/// What rides along: the test of the path.
pub(crate) fn test_riding(call: &Context<'_>) -> Result<Rider, Error> {
    Ok(webhooks::riding(
        WebhookId::named(call.parameter("test_id")).as_str(),
        true,
    ))
}

/// `GET .../webhooks/{webhook_name}`.
pub(crate) async fn get(
    call: &mut Call<'_, OnProject>,
    ridden: Answers,
) -> Result<Response, Error> {
    let found = webhooks::ridden(&ridden, call.parameter("webhook_name"))?;
    Response::ok(&WebhookDetail::of(found, None))
}

/// `GET .../webhooks-tests/{test_id}`.
pub(crate) async fn get_test(
    call: &mut Call<'_, OnProject>,
    ridden: Answers,
) -> Result<Response, Error> {
    let found = webhooks::ridden(&ridden, call.parameter("test_id"))?;
    Response::ok(&WebhookTestDetail::of(found, None))
}

/// `PATCH .../webhooks/{webhook_name}`.
pub(crate) async fn update(
    call: &mut Call<'_, OnProject>,
    ridden: Answers,
) -> Result<Response, Error> {
    let body: WebhookUpdate = call.body().await?;
    let rotates = call
        .query
        .optional_integer("rotate_secret", 0..=MAX_GRACE)?;
    if rotates.is_some() {
        call.needs_fresh()?;
    }
    let found = webhooks::ridden(&ridden, call.parameter("webhook_name"))?;
    let place = (&found.id, &call.project().project_id);
    let url = body.url.or_keep("url")?;
    let changed_event = body.event.or_keep("event")?;
    let changes = Fields {
        name: body.name.or_keep("name")?,
        url: url.map(|url| judged(call, &url)).transpose()?,
        event: changed_event
            .map(|name| event(&found.object_type, name))
            .transpose()?,
        headers: match body.headers.or_default() {
            Some(given) => Some(headers(call, place, given).await?),
            None => None,
        },
        description: body.description.or_default(),
        labels: body.labels.or_default(),
        timeout: match body.timeout {
            Patch::Absent => None,
            Patch::Null => Some(TIMEOUT),
            Patch::Value(timeout) => Some(timeout.get()),
        },
        enabled: body.enabled.or_keep("enabled")?,
        retry: body.retry.or_keep("retry")?,
        include_result: body.include_result.or_keep("include_result")?,
    };
    let mut fresh = None;
    if rotates.is_some() {
        fresh = Some(fresh_secret(call, place).await?);
    }
    let context = call.change_context()?;
    let secret = fresh.as_ref().zip(rotates).map(|((_, sealed), grace)| {
        let end = context.now.plus_millis(grace * 1_000);
        (sealed, end)
    });
    let updated = webhooks::update(&context, call.project(), &found, &changes, secret).await?;
    let shown = fresh.map(|(shown, _)| shown);
    Response::ok(&WebhookDetail::of(updated, shown))
}

/// `DELETE .../webhooks/{webhook_name}`.
pub(crate) async fn delete(
    call: &mut Call<'_, OnProject>,
    ridden: Answers,
) -> Result<Response, Error> {
    let found = webhooks::ridden(&ridden, call.parameter("webhook_name"))?;
    webhooks::delete(&call.change_context()?, call.project(), &found).await?;
    Ok(Response::no_content())
}
