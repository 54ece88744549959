//! What an upstream is sent: its own headers, what the caller may pass on, and signatures over both (contract section 5.3).

use std::rc::Rc;

use http::Method;
use serde::Deserialize;

use super::forward::Sending;
use super::{Failure, Passage};
use crate::auth::sealed::{self, Place, Sealed};
use crate::domain::header_template::HeaderTemplates;
use crate::domain::json;
use crate::domain::webhook_signature::{SignedCall, WebhookSecret, WebhookSecrets};
use crate::domain::{EnvironmentVariableId, PlaceId, SealingKeyId, UpstreamUrl};
use crate::error::Error;
use crate::platform::Outgoing;
use crate::store::environment_variables::{self, Stored};
use crate::store::rows::Flag;

/// What upstreams are asked for.
const ACCEPT: &str = "application/json, text/plain, text/event-stream";
/// What calls upstreams, and webhooks.
pub const USER_AGENT: &str = concat!("Tenantry/", env!("CARGO_PKG_VERSION"));

/// A variable as the first trip has it: id, place, name, value, secret, key and hosts.
#[derive(Deserialize)]
struct Variable(
    String,
    String,
    String,
    String,
    u8,
    Option<String>,
    Option<String>,
);

impl Passage {
    /// What is sent: to the version's `upstream_url`, or to a path below its `base_url`.
    ///
    /// # Errors
    /// Why it cannot be: no upstream, an address that is not allowed, a variable.
    pub(super) async fn outgoing(
        &self,
        method: Method,
        below: Option<&str>,
        sending: Sending,
    ) -> Result<Outgoing, Failure> {
        let admitted = &self.admitted;
        let address = match below {
            None => admitted.upstream_url.clone(),
            Some(path) => admitted
                .base_url
                .as_ref()
                .map(|base| format!("{}{path}", base.trim_end_matches('/'))),
        };
        let address = address.ok_or(Failure::NoUpstream)?;
        let host = self.host.as_deref().unwrap_or_default();
        let url = self.config.upstream_rules.judge(&address, host);
        let url = url.map_err(|invalid| Failure::Address(invalid.to_string()))?;
        let mut headers = self.own_headers(url.host()).await?;
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
        add("content-type", sending.content_type);
        add("accept", ACCEPT.to_owned());
        add("accept-encoding", "identity".to_owned());
        add("user-agent", USER_AGENT.to_owned());
        headers.extend(self.trace.iter().cloned());
        self.signed(method, &url, headers, Some(sending.body)).await
    }

    /// What is sent with what tells of the request and with its signatures; of a body that only passes by there is no hash,
    /// and no signature of its own.
    ///
    /// # Errors
    /// The upstream's secret cannot be opened.
    pub(super) async fn signed(
        &self,
        method: Method,
        url: &UpstreamUrl,
        mut headers: Vec<(String, String)>,
        body: Option<Rc<Vec<u8>>>,
    ) -> Result<Outgoing, Failure> {
        let admitted = &self.admitted;
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
        add("tenantry-project", percent_encoded(&self.project));
        add("tenantry-deployment", percent_encoded(&self.deployment));
        add("tenantry-version", percent_encoded(&admitted.version));
        add("tenantry-request-id", self.record_id.to_string());
        add("tenantry-caller", self.caller());
        add("tenantry-deadline", self.deadline().to_offset_string());
        let secrets = self.secrets().await.map_err(|error| {
            self.notes
                .cause(error.cause().unwrap_or_else(|| error.sentence()));
            Failure::Header(
                "the upstream's secret cannot be opened; set the upstream again with rotate_secret"
                    .to_owned(),
            )
        })?;
        let timestamp = self.now().as_millis() / 1_000;
        let call = SignedCall {
            id: self.record_id.as_str(),
            timestamp,
            method: method.as_str(),
            path: path_and_query(url.as_str()),
            project: &percent_encoded(&self.project),
            caller: &self.caller(),
            body: body.as_ref().map(|body| body.as_slice()),
        };
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
        add("webhook-id", self.record_id.to_string());
        add("webhook-timestamp", timestamp.to_string());
        if let Some(body) = &body {
            let signature = secrets.sign(self.record_id.as_str(), timestamp, body);
            add("webhook-signature", signature);
        }
        add("tenantry-signature", secrets.sign_call(&call));
        Ok(Outgoing {
            method,
            url: url.as_str().to_owned(),
            headers,
            body: body.unwrap_or_default(),
            timeout: 0,
        })
    }

    /// Who is calling, as an upstream is told: id and kind.
    fn caller(&self) -> String {
        match self.caller_kind {
            "operator" | "anonymous" => self.caller_kind.to_owned(),
            kind => format!("{} {kind}", self.admitted.caller_id),
        }
    }

    /// The headers that the upstream is set to get, with their variables in place. A secret goes only to its hosts.
    pub(super) async fn own_headers(&self, host: &str) -> Result<Vec<(String, String)>, Failure> {
        let Some(templates) = self
            .admitted
            .headers
            .as_ref()
            .map(|headers| headers.0.as_str())
        else {
            return Ok(Vec::new());
        };
        let unreadable = || {
            Failure::Header(
                "the upstream's headers cannot be read; set the upstream again".to_owned(),
            )
        };
        let templates: HeaderTemplates = json::from_str(templates).map_err(|_| unreadable())?;
        let variables = self
            .admitted
            .variables
            .as_ref()
            .map_or("[]", |variables| variables.0.as_str());
        let variables: Vec<Variable> = serde_json::from_str(variables).map_err(|_| unreadable())?;
        // The nearest place wins: the version's, the deployment's, the project's.
        let places = [
            self.admitted.version_id.as_str(),
            self.admitted.object_id.as_str(),
            self.admitted.project_id.as_str(),
        ];
        let of_place = |place: &str| -> Vec<&Variable> {
            variables.iter().filter(|one| one.1 == place).collect()
        };
        let mut values: Vec<(String, String)> = Vec::new();
        for Variable(id, place_id, name, value, secret, key_id, hosts) in
            places.into_iter().flat_map(of_place)
        {
            let is_secret = *secret == 1;
            if values.iter().any(|(known, _)| *known == *name) {
                continue;
            }
            if is_secret && !hosts_hold(hosts.as_deref(), host) {
                return Err(Failure::Header(format!(
                    "the secret '{name}' may not be sent to {host}; its hosts are set with the variable"
                )));
            }
            let stored = Stored {
                id: EnvironmentVariableId::kept(id.clone()),
                place_id: PlaceId::kept(place_id.clone()),
                name: name.clone(),
                value: value.clone(),
                secret: Flag(is_secret),
                key_id: key_id.clone().map(SealingKeyId::kept),
            };
            let opened = environment_variables::open(&self.platform, &self.config, &stored).await;
            let opened = opened.map_err(|error| {
                self.notes
                    .cause(error.cause().unwrap_or_else(|| error.sentence()));
                Failure::Header(format!(
                    "the secret '{name}' cannot be opened; set it again"
                ))
            })?;
            values.push((name.clone(), opened.reveal().to_owned()));
        }
        let value = |wanted: &str| {
            let found = values.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_str())
        };
        templates
            .expand(value)
            .map_err(|unexpanded| Failure::Header(unexpanded.to_string()))
    }

    /// The secrets with which requests are signed: the present one, and during its grace the one before.
    pub(super) async fn secrets(&self) -> Result<WebhookSecrets, Error> {
        let admitted = &self.admitted;
        let in_grace = admitted
            .previous_secret_end
            .as_ref()
            .is_some_and(|end| end.0 > self.now());
        let missing =
            || Error::inconsistent(format!("upstreams {}: no secret", admitted.version_id));
        let current = self
            .secret(admitted.secret.as_ref(), admitted.secret_key_id.as_ref())
            .await?;
        let previous = match in_grace {
            true => {
                self.secret(
                    admitted.previous_secret.as_ref(),
                    admitted.previous_secret_key_id.as_ref(),
                )
                .await?
            }
            false => None,
        };
        Ok(WebhookSecrets {
            current: current.ok_or_else(missing)?,
            previous,
        })
    }

    async fn secret(
        &self,
        text: Option<&String>,
        key_id: Option<&SealingKeyId>,
    ) -> Result<Option<WebhookSecret>, Error> {
        let (Some(text), Some(key_id)) = (text, key_id) else {
            return Ok(None);
        };
        let row = &self.admitted.version_id;
        let sealed = Sealed {
            text: text.clone(),
            key_id: key_id.clone(),
        };
        let place = Place {
            table: "upstreams",
            row: row.any(),
            place: self.admitted.project_id.any(),
            name: "secret",
        };
        let plain = sealed::open(&self.platform, &self.config, place, &sealed).await?;
        let secret = plain.try_into().map(WebhookSecret::from_random);
        let secret = secret.map_err(|_| {
            Error::inconsistent(format!("upstreams {row}: a secret of another length"))
        });
        secret.map(Some)
    }
}

/// Whether a secret's hosts, a JSON array, hold this one.
fn hosts_hold(hosts: Option<&str>, host: &str) -> bool {
    let hosts: Vec<String> = hosts
        .and_then(|hosts| serde_json::from_str(hosts).ok())
        .unwrap_or_default();
    hosts.iter().any(|known| known == host)
}

/// What stands behind the authority of an absolute URL.
fn path_and_query(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}

/// A name as a header can hold it.
fn percent_encoded(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::CONTROLS).to_string()
}
