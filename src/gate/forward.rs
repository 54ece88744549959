//! The call of an upstream, from its headers to the last byte of its answer.

use std::rc::Rc;

use http::Method;

use super::{Failure, LONGEST, Outcome, Output, Passage};
use crate::domain::request_input::RequestInput;
use crate::domain::{Content, Fields, IoType, Timestamp};
use crate::error::Error;
use crate::platform::{Alarm, CallFault, Either, Incoming, IncomingBody, Outgoing, race};
use crate::store::admissions::Admitted;

/// What is sent to an upstream, apart from what the passage knows.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Its media type.
    pub content_type: String,
    /// Its body.
    pub body: Rc<Vec<u8>>,
    /// A list of so many is sent, so one of that length is to come back.
    pub items: Option<usize>,
}

impl Sending {
    /// What is sent of a body, checked against what a deployment or a pipeline takes.
    ///
    /// # Errors
    /// 400 with the field.
    pub fn of(
        admitted: &Admitted,
        content_type: Option<&str>,
        mut body: Vec<u8>,
    ) -> Result<Self, Error> {
        let io_type = match admitted.input_type.as_str() {
            "structured" => IoType::Structured,
            _ => IoType::Plain,
        };
        let fields: Fields = admitted.input_fields.parse()?;
        let supports_request_format = admitted.supports_request_format.0;
        let input = RequestInput::check(
            io_type,
            &fields,
            supports_request_format,
            content_type,
            &body,
        )
        .map_err(|invalid| Error::invalid(invalid.to_string()))?;
        let (content_type, items) = (input.content_type.into_owned(), input.items);
        let skipped = body.len() - input.body.len();
        body.drain(..skipped);
        Ok(Self {
            content_type,
            body: Rc::new(body),
            items,
        })
    }
}

impl Sending {
    /// The same as what goes into a pipeline.
    #[must_use]
    pub fn content(&self) -> Content {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        Content::of(text, self.content_type == "application/json")
    }
}

impl Passage {
    /// Sends a request and reads its whole answer.
    pub async fn forward(&self, sending: Sending) -> Outcome {
        let input_volume = sending.body.len();
        let items = sending.items;
        let outgoing = match self.outgoing(Method::POST, None, sending).await {
            Ok(outgoing) => outgoing,
            Err(failure) => return Outcome::unsent(failure),
        };
        let begun = self.now();
        let mut output_volume = 0;
        let work = async {
            let incoming = self.call(outgoing).await?;
            if self.has_waited && is_later(&incoming) {
                return Err(Failure::Later);
            }
            let body = self.read_whole(incoming.body, &mut output_volume).await?;
            self.output(body, items)
        };
        let result = self.while_leased(work).await;
        self.ran(result, begun, input_volume, output_volume)
    }

    /// Does what takes time, for as long as the lease is held.
    pub(super) async fn while_leased<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match race(work, self.hold_lease()).await {
            Either::First(result) => result,
            Either::Second(failure) => Err(failure),
        }
    }

    /// What a request came to that was sent, and ends now.
    pub(super) fn ran<T>(
        &self,
        result: Result<T, Failure>,
        begun: Timestamp,
        input_volume: usize,
        output_volume: usize,
    ) -> Outcome<T> {
        Outcome {
            result,
            run_time: self.now().as_millis() - begun.as_millis(),
            was_sent: true,
            input_volume,
            output_volume,
        }
    }

    /// Calls the upstream; what is no success is a failure.
    pub(super) async fn call(&self, outgoing: Outgoing) -> Result<Incoming, Failure> {
        let incoming = self.call_for_any(outgoing).await?;
        match is_success(incoming.status) {
            true => Ok(incoming),
            false => Err(Failure::Status(incoming.status)),
        }
    }

    /// Calls the upstream, whatever it answers, as often as its `retries` say: each time before its first byte, and for
    /// faults of the connection, 502, 503 and 504 alone.
    pub(super) async fn call_for_any(&self, mut outgoing: Outgoing) -> Result<Incoming, Failure> {
        let retries = self.admitted.retries.unwrap_or(0);
        let mut attempt = 1;
        loop {
            let is_last = attempt > retries;
            // A body may be long: it is let go of where it need not be sent again.
            let mut sent = match is_last {
                true => Outgoing {
                    body: std::mem::take(&mut outgoing.body),
                    ..outgoing.clone()
                },
                false => outgoing.clone(),
            };
            sent.timeout =
                u32::try_from((self.deadline().as_millis() - self.now().as_millis()).max(1))
                    .unwrap_or(1);
            if attempt > 1 {
                sent.headers
                    .push(("tenantry-attempt".to_owned(), attempt.to_string()));
            }
            match self.platform.upstream.call(sent, &*self.presence).await {
                Ok(incoming) if is_last || !matches!(incoming.status, 502..=504) => {
                    return Ok(incoming);
                }
                Ok(_) => {}
                Err(CallFault::Connection(words)) => {
                    self.note(&words);
                    if is_last {
                        return Err(Failure::NotReached);
                    }
                }
                Err(fault) => return Err(self.fault(&fault)),
            }
            attempt += 1;
        }
    }

    /// What a fault before the first byte comes to, of a call that is not made again.
    pub(super) fn not_begun(&self, fault: &CallFault) -> Failure {
        match self.fault(fault) {
            Failure::BrokeOff => Failure::NotReached,
            failure => failure,
        }
    }

    /// What a fault in the middle of a call comes to.
    pub(super) fn fault(&self, fault: &CallFault) -> Failure {
        match fault {
            CallFault::CallerGone => Failure::HungUp,
            CallFault::TimedOut => Failure::TimedOut(self.timeout),
            CallFault::Connection(words) => {
                self.note(words);
                Failure::BrokeOff
            }
        }
    }

    /// What is for the log alone.
    fn note(&self, words: &str) {
        self.notes.cause(words);
    }

    /// The next bytes of an answer, of which some have come: silence has an end.
    pub(super) async fn next(
        &self,
        body: &mut dyn IncomingBody,
        alarm: &mut Alarm,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let idle = self.idle();
        let wait = u32::try_from(idle * 1_000).unwrap_or(u32::MAX);
        let clock = &*self.platform.clock;
        match alarm.within(clock, wait, body.next()).await {
            None => Err(Failure::Silent(idle)),
            Some(next) => next.map_err(|fault| self.fault(&fault)),
        }
    }

    /// Seconds for which an upstream may be silent.
    pub(super) fn idle(&self) -> i64 {
        self.admitted.idle_timeout.unwrap_or(60)
    }

    /// A whole answer; `volume` is how much of it has come, however it ends.
    pub(super) async fn read_whole(
        &self,
        mut body: Box<dyn IncomingBody>,
        volume: &mut usize,
    ) -> Result<Vec<u8>, Failure> {
        let mut whole = Vec::new();
        let mut alarm = Alarm::default();
        while let Some(chunk) = self.next(&mut *body, &mut alarm).await? {
            *volume += chunk.len();
            if *volume > LONGEST {
                return Err(Failure::TooLong);
            }
            if let Some(held) = &self.held {
                held.grow(chunk.len());
            }
            if whole.is_empty() {
                whole = chunk;
            } else {
                whole.extend_from_slice(&chunk);
            }
        }
        Ok(whole)
    }

    /// Whether an answer is to be JSON.
    pub(super) fn is_structured(&self) -> bool {
        self.admitted.output_type == "structured" && self.admitted.supports_request_format.0
    }

    /// What an answer is worth, by the output type of the deployment.
    pub(super) fn output(&self, body: Vec<u8>, items: Option<usize>) -> Result<Output, Failure> {
        if !self.is_structured() {
            let text = match String::from_utf8(body) {
                Ok(text) => text,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            };
            return Ok(Some(Content::Text(text)));
        }
        let mut json = String::from_utf8(body).map_err(|_| Failure::NotJson)?;
        let marks = json.len() - json.trim_start_matches('\u{feff}').len();
        json.drain(..marks);
        if let Some(items) = items {
            let list: Vec<serde::de::IgnoredAny> =
                serde_json::from_str(&json).map_err(|error| match error.classify() {
                    serde_json::error::Category::Data => Failure::NotThatLong(items),
                    _ => Failure::NotJson,
                })?;
            if list.len() != items {
                return Err(Failure::NotThatLong(items));
            }
        }
        Content::value(json).map(Some).ok_or(Failure::NotJson)
    }
}

/// Whether an upstream has taken a request on, and sends its result later.
fn is_later(incoming: &Incoming) -> bool {
    incoming.status == 202
        && (incoming.headers)("tenantry-result").is_some_and(|result| result == "later")
}

/// Whether a status is a success.
pub(super) fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

impl<T> Outcome<T> {
    /// Of a request that could not be sent: nothing ran, and nothing is charged.
    #[must_use]
    pub fn unsent(failure: Failure) -> Self {
        Self {
            result: Err(failure),
            run_time: 0,
            was_sent: false,
            input_volume: 0,
            output_volume: 0,
        }
    }
}
