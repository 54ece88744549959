//! Webhooks of deployments and pipelines: who is told what has become of requests (contract section 5.7). What is to be
//! told stands in [`webhook_deliveries`](crate::store::webhook_deliveries).
//!
//! The secret that signs and the values of protected headers are sealed for the row. A test of a webhook is a row too, which
//! is told of nothing but itself.

use serde_json::{Value, json};

use crate::auth::permissions::{DEPLOYMENTS_REQUESTS_GET, PIPELINES_REQUESTS_GET};
use crate::auth::sealed::{Place, Sealed};
use crate::domain::{
    Description, Labels, ObjectName, ProjectId, TargetId, Timestamp, UpstreamUrl, WebhookId, quoted,
};
use crate::error::Error;
use crate::sql::rules;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, given, permit, permitted};
use crate::store::connection::Connection;
use crate::store::first_trip::Rider;
use crate::store::first_trip::rider::caller_is_known;
use crate::store::projects::{self, Project};
use crate::store::request_schedules::{no_object, no_version, with_object};
use crate::store::rights::{caller_may, caller_may_besides};
use crate::store::rows::{Answers, Flag, JsonText, Millis, row};
use crate::store::slices::{Listing, Slice, fits, has_any_label};
use crate::store::texts::statements;

/// Most webhooks of a deployment or pipeline.
const MOST: i64 = 10;
/// So many tests of one are kept: the newest,
const TESTS: i64 = 10;

/// Where the secret of a webhook stands that signs.
#[must_use]
pub fn secret_place<'a>(id: &'a WebhookId, project_id: &'a ProjectId) -> Place<'a> {
    Place {
        table: "webhooks",
        row: id.any(),
        place: project_id.any(),
        name: "secret",
    }
}

/// Where the values of its protected headers stand.
#[must_use]
pub fn headers_place<'a>(id: &'a WebhookId, project_id: &'a ProjectId) -> Place<'a> {
    Place {
        name: "headers",
        ..secret_place(id, project_id)
    }
}

row! {
    /// A webhook, as it is shown.
    #[derive(Debug, Clone)]
    pub struct Webhook {
        /// Its id.
        pub id: WebhookId,
        /// Its name, unique in the project.
        pub name: String,
        /// What it is about: `deployment` or `pipeline`.
        pub object_type: String,
        /// The id of that.
        pub object_id: TargetId,
        /// Its name.
        pub object_name: String,
        /// The name of the version that it is about; none is all of them.
        pub version: Option<String>,
        /// Where it is told.
        pub url: String,
        /// Its headers: key, value and whether they are protected; of those no value.
        pub headers: JsonText,
        /// What it is told.
        pub event: String,
        /// When it was made.
        pub creation_date: Millis,
        /// When it was last changed.
        pub last_updated: Millis,
        /// Its description.
        pub description: String,
        /// Its labels.
        pub labels: JsonText,
        /// Seconds for which an answer is waited.
        pub timeout: i64,
        /// Whether it is told anything.
        pub enabled: Flag,
        /// Whether it is tried again.
        pub retry: Flag,
        /// Whether results are told, too.
        pub include_result: Flag,
        /// What became of the last attempt.
        pub last_status: Option<String>,
        /// Why that failed.
        pub last_error: Option<String>,
        /// When it was.
        pub last_delivery_date: Option<Millis>,
    }
}

macro_rules! columns {
    () => {
        "k.id, k.name, k.object_type, k.object_id, coalesce(e.name, l.name) AS object_name,
         coalesce(v.version, y.version) AS version, k.url, k.headers, k.event, k.creation_date, k.last_updated,
         k.description, k.labels, k.timeout, k.enabled, k.retry, k.include_result, k.last_status, k.last_error,
         k.last_delivery_date"
    };
}

macro_rules! from_webhooks {
    () => {
        concat!("FROM webhooks k", with_object!("k"))
    };
}

macro_rules! is_listed {
    () => {
        concat!(
            "k.project_id = :project_id AND k.is_test = 0 AND k.name > coalesce(:after, '')
           AND (:event_name IS NULL OR k.event = :event_name)
           AND (:resource_type IS NULL OR k.object_type = :resource_type) AND ",
            has_any_label!("k.labels")
        )
    };
}

macro_rules! list_fits {
    () => {
        fits!(
            "octet_length(k.url) + octet_length(k.headers) + octet_length(k.labels)",
            concat!(
                "FROM webhooks k WHERE ",
                is_listed!(),
                " ORDER BY k.name LIMIT #limit"
            )
        )
    };
}

/// The id of the deployment or pipeline that a body names.
macro_rules! object {
    () => {
        "(SELECT id FROM deployments
          WHERE :resource_type = 'deployment' AND project_id = :project_id AND name = :resource_name
          UNION ALL SELECT id FROM pipelines
          WHERE :resource_type = 'pipeline' AND project_id = :project_id AND name = :resource_name)"
    };
}

/// The id of the version that it names.
macro_rules! version {
    () => {
        concat!(
            "(SELECT id FROM deployment_versions WHERE deployment_id = ",
            object!(),
            " AND version = :version UNION ALL SELECT id FROM pipeline_versions WHERE pipeline_id = ",
            object!(),
            " AND version = :version)"
        )
    };
}

macro_rules! version_stands {
    () => {
        concat!("(:version IS NULL OR ", version!(), " IS NOT NULL)")
    };
}

macro_rules! name_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM webhooks
                     WHERE project_id = :project_id AND is_test = 0 AND name = :name AND id <> :object_id)"
    };
}

macro_rules! has_room {
    () => {
        concat!(
            "(#is_test = 1 OR (SELECT count(*) FROM webhooks WHERE object_id = ",
            object!(),
            " AND is_test = 0) < #most)"
        )
    };
}

macro_rules! webhook_exists {
    () => {
        "EXISTS (SELECT 1 FROM webhooks WHERE id = :object_id)"
    };
}

/// What is protected goes to another host only where it is given anew.
macro_rules! headers_stay {
    () => {
        "(:host IS NULL OR #sets_headers = 1 OR EXISTS (
            SELECT 1 FROM webhooks WHERE id = :object_id AND (host = :host OR protected_headers IS NULL)))"
    };
}

macro_rules! changes_something {
    () => {
        "(#rotates = 1 OR EXISTS (SELECT 1 FROM webhooks WHERE id = :object_id AND (
            name <> coalesce(:name, name) OR url <> coalesce(:url, url) OR event <> coalesce(:event_name, event)
            OR (#sets_headers = 1 AND (headers <> :headers OR :protected_headers IS NOT NULL))
            OR description <> coalesce(:description, description) OR labels <> coalesce(:labels, labels)
            OR timeout <> coalesce(#timeout, timeout) OR enabled <> coalesce(#enabled, enabled)
            OR retry <> coalesce(#retry, retry) OR include_result <> coalesce(#include_result, include_result))))"
    };
}

/// The state before a change: of the address no query, of headers the names alone.
macro_rules! before {
    () => {
        concat!(
            "(SELECT json_object('name', k.name, 'object_type', k.object_type,
            'object_name', coalesce(e.name, l.name), 'event', k.event,
            'url', substr(k.url, 1, instr(k.url || '?', '?') - 1),
            'headers', (SELECT json_group_array(value ->> 'key') FROM json_each(k.headers)),
            'timeout', k.timeout, 'enabled', json(iif(k.enabled = 1, 'true', 'false')),
            'retry', json(iif(k.retry = 1, 'true', 'false')),
            'include_result', json(iif(k.include_result = 1, 'true', 'false')),
            'description', k.description, 'labels', json(k.labels)) ",
            from_webhooks!(),
            "WHERE k.id = :object_id)"
        )
    };
}

macro_rules! may_read {
    ($id:expr) => {
        caller_may_besides!("requests.get", $id)
    };
}

statements! {
    /// The webhook of the path, or the test of one.
    RIDING = concat!(
        "SELECT ", columns!(), " FROM projects p JOIN webhooks k ON k.project_id = p.id", with_object!("k"), "
         WHERE p.name = :project AND k.is_test = #is_test AND k.name = :webhook_name AND ", caller_is_known!());
    /// The webhooks of a project, by name.
    LIST = concat!(
        "SELECT ", columns!(), " ", from_webhooks!(), "WHERE ", is_listed!(), " AND ", list_fits!(), "
         ORDER BY k.name LIMIT #limit");
    /// Whether there is the one behind which the list is to go on, and whether it fits an answer.
    KNOWS = concat!(
        "SELECT EXISTS (SELECT 1 FROM webhooks WHERE project_id = :project_id AND is_test = 0 AND name = :after) AS known, ",
        list_fits!(), " AS fits");
    /// One of them.
    GET = concat!("SELECT ", columns!(), " ", from_webhooks!(), "WHERE k.id = :object_id");
    /// The permit for a webhook, or the test of one.
    PERMIT_CREATE = permit!(":object_id", "NULL", rules! {
        may: caller_may!(),
        found: concat!(object!(), " IS NOT NULL"),
        version_stands: version_stands!(),
        may_read: may_read!(object!()),
        name_is_free: name_is_free!(),
        has_room: has_room!(),
    });
    /// The webhook itself.
    INSERT = concat!(
        "INSERT INTO webhooks (id, organization_id, project_id, name, object_type, object_id, version_id, is_test, url,
           host, event, description, labels, timeout, enabled, retry, include_result, headers, protected_headers,
           protected_headers_key_id, signing_secret, signing_secret_key_id, creation_date, last_updated)
         SELECT :object_id, :organization_id, :project_id, :name, :resource_type, ", object!(), ", ", version!(), ",
           #is_test, :url, :host, :event_name, :description, :labels, #timeout, #enabled, #retry, #include_result,
           :headers, :protected_headers, :protected_headers_key_id, :signing_secret, :signing_secret_key_id, #now, #now
         WHERE ", permitted!());
    /// What a test is told.
    TELL_TEST = concat!(
        "INSERT INTO webhook_deliveries (record_id, webhook_id, event, project_id, version_id, host, status, error_message,
           time_created, time_started, time_completed, due_at)
         SELECT id, id, event, project_id, version_id, host,
           CASE told WHEN 'started' THEN 'processing' ELSE told END, iif(told = 'failed', 'this is a test', NULL), #now,
           #now, iif(told <> 'started', #now, NULL), #now
         FROM (SELECT *, replace(event, object_type || '_request_', '') AS told FROM webhooks WHERE id = :object_id)
         WHERE is_test = 1 AND ", permitted!());
    /// Tests before that, but the newest.
    FORGET_TESTS = concat!(
        "DELETE FROM webhooks WHERE object_id = ", object!(), " AND is_test = 1 AND #is_test = 1 AND id NOT IN (
           SELECT id FROM webhooks WHERE object_id = ", object!(), " AND is_test = 1
           ORDER BY creation_date DESC, id = :object_id DESC LIMIT #tests) AND ", permitted!());
    /// The permit to change a webhook.
    PERMIT_UPDATE = permit!(":object_id", before!(), rules! {
        found: webhook_exists!(),
        may: caller_may!(),
        may_read: may_read!(":resource_id"),
        name_is_free: name_is_free!(),
        headers_stay: headers_stay!(),
        changes: changes_something!(),
    });
    /// The change.
    UPDATE = concat!(
        "UPDATE webhooks SET
           name = coalesce(:name, name), url = coalesce(:url, url), host = coalesce(:host, host),
           event = coalesce(:event_name, event), description = coalesce(:description, description),
           labels = coalesce(:labels, labels), timeout = coalesce(#timeout, timeout), enabled = coalesce(#enabled, enabled),
           retry = coalesce(#retry, retry), include_result = coalesce(#include_result, include_result),
           headers = iif(#sets_headers = 1, :headers, headers),
           protected_headers = iif(#sets_headers = 1, :protected_headers, protected_headers),
           protected_headers_key_id = iif(#sets_headers = 1, :protected_headers_key_id, protected_headers_key_id),
           signing_secret = iif(#rotates = 1, :signing_secret, signing_secret),
           signing_secret_key_id = iif(#rotates = 1, :signing_secret_key_id, signing_secret_key_id),
           previous_signing_secret = CASE WHEN #rotates = 0 THEN previous_signing_secret
                                          WHEN #grace_end > #now THEN signing_secret END,
           previous_signing_secret_key_id = CASE WHEN #rotates = 0 THEN previous_signing_secret_key_id
                                                 WHEN #grace_end > #now THEN signing_secret_key_id END,
           previous_signing_secret_end = CASE WHEN #rotates = 0 THEN previous_signing_secret_end
                                              WHEN #grace_end > #now THEN #grace_end END,
           last_updated = #now
         WHERE id = :object_id AND ", permitted!());
    /// What waits for it goes where it does.
    REDIRECT = concat!(
        "UPDATE webhook_deliveries SET host = :host
         WHERE webhook_id = :object_id AND :host IS NOT NULL AND host <> :host AND ", permitted!());
    /// Or goes, where it is switched off.
    FORGET_DELIVERIES = concat!(
        "DELETE FROM webhook_deliveries WHERE webhook_id = :object_id AND #enabled = 0 AND ", permitted!());
    /// The permit to delete a webhook.
    PERMIT_DELETE = permit!(":object_id", before!(), rules! { found: webhook_exists!(), may: caller_may!() });
    /// The webhook, and what it was still to be told.
    DELETE = concat!("DELETE FROM webhooks WHERE id = :object_id AND ", permitted!());
}

/// A webhook to make.
pub struct NewWebhook<'a> {
    /// Its id.
    pub id: &'a WebhookId,
    /// Its name; of a test its id.
    pub name: &'a str,
    /// Whether it is a test.
    pub is_test: bool,
    /// What it is about: `deployment` or `pipeline`.
    pub object_type: &'a str,
    /// The name of that.
    pub object_name: &'a str,
    /// The name of the version that it is about.
    pub version: Option<&'a str>,
    /// What it is.
    pub fields: Fields,
    /// The secret that signs.
    pub secret: &'a Sealed,
}

/// What can be said of a webhook; of a change what is absent stays.
#[derive(Debug, Default)]
pub struct Fields {
    /// Its name.
    pub name: Option<ObjectName>,
    /// Where it is told.
    pub url: Option<UpstreamUrl>,
    /// Its headers.
    pub headers: Option<Headers>,
    /// What it is told.
    pub event: Option<String>,
    /// Its description.
    pub description: Option<Description>,
    /// Its labels.
    pub labels: Option<Labels>,
    /// Seconds for which an answer is waited.
    pub timeout: Option<i64>,
    /// Whether it is told anything.
    pub enabled: Option<bool>,
    /// Whether it is tried again.
    pub retry: Option<bool>,
    /// Whether results are told, too.
    pub include_result: Option<bool>,
}

/// Headers of a webhook, as they are stored.
#[derive(Debug)]
pub struct Headers {
    /// Their names.
    pub names: Vec<String>,
    /// All of them, in JSON; of those that are protected without the value.
    pub shown: String,
    /// Those that are protected, if any is.
    pub sealed: Option<Sealed>,
}

impl Fields {
    fn parameters(&self, parameters: Parameters) -> Parameters {
        let headers = self.headers.as_ref();
        let sealed = headers.and_then(|headers| headers.sealed.as_ref());
        let flag = |value: Option<bool>| value.map(i64::from);
        parameters
            .optional_text("url", self.url.as_ref().map(UpstreamUrl::as_str))
            .optional_text("host", self.url.as_ref().map(UpstreamUrl::host))
            .optional_text("event_name", self.event.as_deref())
            .flag("sets_headers", headers.is_some())
            .optional_text("headers", headers.map(|headers| headers.shown.as_str()))
            .optional_text(
                "protected_headers",
                sealed.map(|sealed| sealed.text.as_str()),
            )
            .optional_text(
                "protected_headers_key_id",
                sealed.map(|sealed| &sealed.key_id),
            )
            .optional_text(
                "description",
                self.description.as_ref().map(Description::as_str),
            )
            .optional_text("labels", self.labels.as_ref().map(Labels::to_json))
            .optional_integer("timeout", self.timeout)
            .optional_integer("enabled", flag(self.enabled))
            .optional_integer("retry", flag(self.retry))
            .optional_integer("include_result", flag(self.include_result))
    }

    /// As the trail keeps them.
    fn after(&self, more: [(&str, Option<Value>); 3]) -> Value {
        let mut fields = more.to_vec();
        fields.extend([
            ("name", self.name.as_ref().map(|name| json!(name))),
            (
                "url",
                self.url.as_ref().map(|url| json!(url.without_query())),
            ),
            (
                "headers",
                self.headers.as_ref().map(|headers| json!(headers.names)),
            ),
            ("event", self.event.as_ref().map(|event| json!(event))),
            (
                "description",
                self.description.as_ref().map(|text| json!(text)),
            ),
            ("labels", self.labels.as_ref().map(|labels| json!(labels))),
            ("timeout", self.timeout.map(|timeout| json!(timeout))),
            ("enabled", self.enabled.map(Value::Bool)),
            ("retry", self.retry.map(Value::Bool)),
            ("include_result", self.include_result.map(Value::Bool)),
        ]);
        given(fields)
    }
}

/// What lets the webhook of the path ride along, or the test of one.
#[must_use]
pub fn riding(name: &str, is_test: bool) -> Rider {
    let parameters = Parameters::new()
        .text("webhook_name", name)
        .flag("is_test", is_test);
    Rider::reading([&RIDING], parameters)
}

/// The webhook that has ridden along.
///
/// # Errors
/// 404.
pub fn ridden(answers: &Answers, name: &str) -> Result<Webhook, Error> {
    answers.first(&RIDING)?.ok_or_else(|| not_found(name))
}

fn not_found(name: &str) -> Error {
    Error::not_found(format!(
        "there is no webhook, or no test of one, {} in this project",
        quoted(name)
    ))
}

/// The webhooks of a project, by name, those of this kind of objects that are told this.
///
/// # Errors
/// 400 for a slice behind what is not in the list; 503 when the database fails.
pub async fn list(
    connection: &Connection,
    project: &Project,
    (labels, object_type, event): (Option<&str>, Option<&str>, Option<&str>),
    slice: &Slice,
) -> Result<Vec<Webhook>, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .optional_text("event_name", event)
        .optional_text("resource_type", object_type)
        .optional_text("labels", labels);
    slice
        .read(connection, Listing::measured(&LIST, &KNOWS), parameters)
        .await
}

/// Makes a webhook, or the test of one.
///
/// # Errors
/// 400 for a taken name, an object or a version that is not there, and the eleventh of an object; 403 for a right that
/// is lacking; 503 when the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    project: &Project,
    new: NewWebhook<'_>,
) -> Result<Webhook, Error> {
    let after = new.fields.after([
        ("object_type", Some(json!(new.object_type))),
        ("object_name", Some(json!(new.object_name))),
        ("version", new.version.map(|version| json!(version))),
    ]);
    let kind = match new.is_test {
        true => "webhook_test",
        false => "webhook",
    };
    let change = Change {
        after: Some(after),
        ..project.change(Action::Create, kind, new.id.any(), new.name)
    };
    let parameters = change
        .parameters(context)
        .text("name", new.name)
        .text("resource_type", new.object_type)
        .text("resource_name", new.object_name)
        .optional_text("version", new.version)
        .flag("is_test", new.is_test)
        .text("signing_secret", &new.secret.text)
        .text("signing_secret_key_id", &new.secret.key_id)
        .integer("tests", TESTS)
        .integer("most", MOST);
    let mut statements = vec![&PERMIT_CREATE, &INSERT, &GET];
    if new.is_test {
        statements.extend([&TELL_TEST, &FORGET_TESTS]);
    }
    let statements = new.fields.parameters(parameters).batch(statements);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("may", &|| projects::lacks(context.authority)),
        ("found", &|| no_object(new.object_type, new.object_name)),
        ("version_stands", &|| {
            no_version(
                new.object_type,
                new.object_name,
                new.version.unwrap_or_default(),
            )
        }),
        ("may_read", &|| lacks_reading(new.object_type)),
        ("name_is_free", &|| name_is_taken(new.name)),
        ("has_room", &|| {
            Error::invalid(format!(
                "a {} has at most {MOST} webhooks; delete one first",
                new.object_type
            ))
        }),
    ])?;
    answers.only(&GET)
}

/// The 403 of somebody who may not read the requests that a webhook of theirs would tell of.
fn lacks_reading(object_type: &str) -> Error {
    projects::lacks_permission(match object_type {
        "pipeline" => PIPELINES_REQUESTS_GET,
        _ => DEPLOYMENTS_REQUESTS_GET,
    })
}

fn name_is_taken(name: &str) -> Error {
    Error::invalid(format!(
        "name: a webhook '{name}' exists already in this project"
    ))
}

/// Changes a webhook; what changes nothing writes nothing. Where it gets another secret, the one before signs until then, too.
///
/// # Errors
/// 400 for a taken name, and for protected headers that would go to another host; 403 for a right that is lacking; 404 when
/// it has gone; 503 when the database fails.
pub async fn update(
    context: &ChangeContext<'_>,
    project: &Project,
    webhook: &Webhook,
    changes: &Fields,
    secret: Option<(&Sealed, Timestamp)>,
) -> Result<Webhook, Error> {
    let after = changes.after([
        ("object_type", None),
        ("object_name", None),
        ("rotates_secret", secret.map(|_| Value::Bool(true))),
    ]);
    let name = changes.name.as_ref().map(ObjectName::as_str);
    let change = Change {
        after: Some(after),
        ..project.change(Action::Update, "webhook", webhook.id.any(), &webhook.name)
    };
    let parameters = change
        .parameters(context)
        .text("resource_type", &webhook.object_type)
        .text("resource_id", &webhook.object_id)
        .optional_text("name", name)
        .flag("rotates", secret.is_some())
        .optional_text(
            "signing_secret",
            secret.map(|(secret, _)| secret.text.as_str()),
        )
        .optional_text(
            "signing_secret_key_id",
            secret.map(|(secret, _)| &secret.key_id),
        )
        .optional_integer("grace_end", secret.map(|(_, end)| end.as_millis()));
    let statements = changes.parameters(parameters).batch([
        &PERMIT_UPDATE,
        &UPDATE,
        &REDIRECT,
        &FORGET_DELIVERIES,
        &GET,
    ]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| not_found(&webhook.name)),
        ("may", &|| projects::lacks(context.authority)),
        ("may_read", &|| lacks_reading(&webhook.object_type)),
        ("name_is_free", &|| name_is_taken(name.unwrap_or_default())),
        ("headers_stay", &|| {
            Error::invalid(
                "url: it has another host, to which the protected headers would go; give the headers anew with it",
            )
        }),
    ])?;
    answers.only(&GET)
}

/// Deletes a webhook, and what it was still to be told.
///
/// # Errors
/// 403 for a right lost meanwhile; 404 when it has gone; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    project: &Project,
    webhook: &Webhook,
) -> Result<(), Error> {
    let statements = project
        .change(Action::Delete, "webhook", webhook.id.any(), &webhook.name)
        .parameters(context)
        .batch([&PERMIT_DELETE, &DELETE]);
    context.connection.write(statements).await?.done_or(&[
        ("found", &|| not_found(&webhook.name)),
        ("may", &|| projects::lacks(context.authority)),
    ])
}
