//! Webhooks, told what has become of requests: each event is signed as Standard Webhooks has it, and sent (contract section
//! 5.7). What an event says, and how its result is read, stands here.

use crate::domain::json::{self, object};
use crate::domain::{
    ClaimId, Content, RecordId, SealingKeyId, Timestamp, WebhookSecret, WebhookSecrets,
};
use std::cell::Cell;
use std::rc::Rc;

use http::Method;
use serde_json::json;

use super::Line;
use super::items::Turn;
use crate::auth::sealed::{self, Place, Sealed};
use crate::error::Error;
use crate::gate::outgoing::USER_AGENT;
use crate::platform::{CallFault, Config, Local, Nobody, Outgoing, Platform, all};
use crate::store::connection::Connection;
use crate::store::rows::Millis;
use crate::store::webhook_deliveries::{self as deliveries, Attempt, Claim, Delivery, Facts};
use crate::store::webhooks::{headers_place, secret_place};

object! {
    /// A header, as it is stored: of a protected one the value is sealed beside it.
    struct Header {
        key: String,
        value: Option<String>,
    }
}

/// Tells all that is to be told of a request and may be tried now.
pub(super) async fn run(platform: &Rc<Platform>, config: &Config, record_id: &RecordId) -> Turn {
    let connection = Connection::new(Rc::clone(platform));
    let now = platform.clock.now();
    let Ok(to_tell) = deliveries::of_record(&connection, record_id, now).await else {
        return Turn::Waits;
    };
    // What is tried again in a moment waits for that.
    let waits = Cell::new(to_tell.iter().any(|delivery| !delivery.may_be_tried.0));
    let now = to_tell.iter().filter(|delivery| delivery.may_be_tried.0);
    let lanes = now.map(|delivery| -> Local<'_, ()> {
        Box::pin(async {
            let telling = Telling {
                platform,
                config,
                connection: Connection::new(Rc::clone(platform)),
                record_id,
                delivery,
            };
            if telling.run().await != Turn::Done {
                waits.set(true);
            }
        })
    });
    all(lanes.collect()).await;
    match waits.get() {
        true => Turn::Waits,
        false => Turn::Done,
    }
}

/// Something that is told to one webhook.
struct Telling<'a> {
    platform: &'a Rc<Platform>,
    config: &'a Config,
    connection: Connection,
    record_id: &'a RecordId,
    delivery: &'a Delivery,
}

impl Telling<'_> {
    async fn run(&self) -> Turn {
        let began = self.platform.clock.now();
        let (turn, error, cause) = match self.attempt(began).await {
            Ok((turn, cause)) => (turn, None, cause),
            Err(error) => (Turn::Waits, Some(error), None),
        };
        let line = Line {
            job: "webhook",
            record_id: Some(self.record_id.as_str()),
            error: error
                .as_ref()
                .map(|error| error.cause().unwrap_or_else(|| error.sentence())),
            cause: cause.as_deref(),
        };
        line.write(self.platform, &self.connection, began);
        turn
    }

    /// Tries once. Answers what is left to do, and why it failed, for the log.
    async fn attempt(&self, now: Timestamp) -> Result<(Turn, Option<String>), Error> {
        let mut random = [0; 16];
        let filled = self.platform.entropy.fill(&mut random);
        filled.map_err(Error::unavailable)?;
        let claim_id = ClaimId::from_random(random);
        let ids = (self.record_id, &claim_id);
        let facts = match self.delivery.claim(&self.connection, ids, now).await? {
            Claim::Claimed(facts) => facts,
            Claim::Waits => return Ok((Turn::Waits, None)),
            Claim::Gone => return Ok((Turn::Done, None)),
        };
        let mut cause = None;
        let attempt = match self.outgoing(&facts, now).await {
            Ok(outgoing) => self.send(outgoing, &facts, &mut cause).await,
            Err(sentence) => Attempt {
                error: Some(sentence),
                ..Attempt::default()
            },
        };
        let now = self.platform.clock.now();
        let noted = self
            .delivery
            .note(&self.connection, ids, &facts, &attempt, now);
        // The first attempt is repeated so soon that the queue sees to it; the scheduled run offers what comes later.
        let turn = match noted.await? {
            Some(_) if facts.attempts == 0 => Turn::Waits,
            _ => Turn::Done,
        };
        Ok((turn, cause.or(attempt.error)))
    }

    async fn send(&self, outgoing: Outgoing, facts: &Facts, cause: &mut Option<String>) -> Attempt {
        let failed = |error: String, host_fails: bool| Attempt {
            error: Some(error),
            is_gone: false,
            host_fails,
        };
        match self.platform.upstream.call(outgoing, &Nobody).await {
            Ok(incoming) => match incoming.status {
                200..=299 => Attempt::default(),
                410 => Attempt {
                    is_gone: true,
                    ..failed(
                        "it answered 410: it is gone, and told nothing any more".to_owned(),
                        false,
                    )
                },
                status => failed(format!("it answered {status}"), status >= 500),
            },
            Err(CallFault::TimedOut) => failed(
                format!("it took longer than {} seconds", facts.timeout),
                true,
            ),
            Err(CallFault::Connection(words)) => {
                *cause = Some(words);
                failed("it could not be reached".to_owned(), true)
            }
            Err(CallFault::CallerGone) => failed("it could not be reached".to_owned(), false),
        }
    }

    /// What is sent; or a sentence that says why nothing can be.
    async fn outgoing(&self, facts: &Facts, now: Timestamp) -> Result<Outgoing, String> {
        let url = self.config.upstream_rules.judge(&facts.url, "");
        let url = url.map_err(|invalid| invalid.to_string())?;
        let unreadable = |_: Error| {
            "its secrets cannot be opened any more; set its headers again, and give it another secret with rotate_secret"
                .to_owned()
        };
        let own = self.own_headers(facts).await.map_err(unreadable)?;
        let secrets = self.secrets(facts, now).await.map_err(unreadable)?;
        let body = self.event(facts).into_bytes();
        let timestamp = now.as_millis() / 1_000;
        let event = self.delivery.event.rsplit('_').next().unwrap_or_default();
        let id = format!("{}_{event}_{}", self.record_id, facts.id);
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), USER_AGENT.to_owned()),
            ("webhook-timestamp".to_owned(), timestamp.to_string()),
            (
                "webhook-signature".to_owned(),
                secrets.sign(&id, timestamp, &body),
            ),
            ("webhook-id".to_owned(), id),
        ];
        headers.extend(own);
        Ok(Outgoing {
            method: Method::POST,
            url: url.as_str().to_owned(),
            headers,
            body: Rc::new(body),
            timeout: u32::try_from(facts.timeout * 1_000).unwrap_or(10_000),
        })
    }

    /// What the webhook is told, the same at each attempt for as long as the result is kept.
    fn event(&self, facts: &Facts) -> String {
        let date = |date: &Option<Millis>| date.map(|date| date.0.to_offset_string());
        let ended = facts.time_completed.or(facts.time_started);
        let data = json!({
            "id": self.record_id.as_str(),
            "project": facts.project,
            facts.object_type.as_str(): facts.object,
            "version": facts.version,
            "status": facts.status,
            "time_created": facts.time_created.0.to_offset_string(),
            "time_started": date(&facts.time_started),
            "time_completed": date(&facts.time_completed),
            "error_message": facts.error_message,
            "test": facts.is_test.0,
        });
        let mut data = json::text(&data);
        if facts.include_result.0 {
            let result = facts.content_type.as_deref().zip(facts.body.clone());
            let result = result.map(|(content_type, body)| {
                let is_json = content_type.starts_with("application/json");
                Content::of(body, is_json)
            });
            // It goes in as it came: a text or JSON always has a JSON form.
            let result = json::text(&result);
            data.pop();
            data.push_str(&format!(r#","result":{result}}}"#));
        }
        let (event, timestamp) = (&self.delivery.event, date(&ended).unwrap_or_default());
        format!(r#"{{"type":"{event}","timestamp":"{timestamp}","data":{data}}}"#)
    }

    async fn own_headers(&self, facts: &Facts) -> Result<Vec<(String, String)>, Error> {
        let shown: Vec<Header> = facts.headers.parse()?;
        let mut protected: Vec<(String, String)> = Vec::new();
        if let (Some(text), Some(key_id)) =
            (&facts.protected_headers, &facts.protected_headers_key_id)
        {
            let place = headers_place(&facts.id, &facts.project_id);
            let plain = self.open(place, text, key_id).await?;
            let text = String::from_utf8_lossy(&plain);
            let pairs = json::from_str::<Vec<Vec<String>>>(&text)
                .map_err(|fault| Error::inconsistent(format!("webhooks {}: {fault}", facts.id)))?;
            protected.extend(pairs.into_iter().filter_map(|pair| {
                let [key, value] = <[String; 2]>::try_from(pair).ok()?;
                Some((key, value))
            }));
        }
        let open = shown.into_iter().filter_map(|header| {
            let value = header.value?;
            Some((header.key, value))
        });
        let headers = open.chain(protected);
        Ok(headers
            .map(|(key, value)| (key.to_ascii_lowercase(), value))
            .collect())
    }

    async fn secrets(&self, facts: &Facts, now: Timestamp) -> Result<WebhookSecrets, Error> {
        let place = secret_place(&facts.id, &facts.project_id);
        let secret = async |text: &str, key_id: &SealingKeyId| {
            let plain = self.open(place, text, key_id).await?;
            let secret = plain.try_into().map(WebhookSecret::from_random);
            secret.map_err(|_| {
                Error::inconsistent(format!("webhooks {}: a secret of another length", facts.id))
            })
        };
        let in_grace = facts
            .previous_signing_secret_end
            .is_some_and(|end| end.0 > now);
        let previous = facts
            .previous_signing_secret
            .as_ref()
            .zip(facts.previous_signing_secret_key_id.as_ref());
        Ok(WebhookSecrets {
            current: secret(&facts.signing_secret, &facts.signing_secret_key_id).await?,
            previous: match previous.filter(|_| in_grace) {
                Some((text, key_id)) => Some(secret(text, key_id).await?),
                None => None,
            },
        })
    }

    async fn open(
        &self,
        place: Place<'_>,
        text: &str,
        key_id: &SealingKeyId,
    ) -> Result<Vec<u8>, Error> {
        let sealed = Sealed {
            text: text.to_owned(),
            key_id: key_id.clone(),
        };
        sealed::open(self.platform, self.config, place, &sealed).await
    }
}
