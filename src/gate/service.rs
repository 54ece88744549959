//! Calls that a service passes through: any method, any body, and what comes back as it comes (contract section 5.8).
//!
//! No caller has a whole answer that is not accounted for: of a body whose length is declared the last bytes are held until
//! the record is settled, and of any other its end.

use std::rc::Rc;

use http::Method;

use super::pass_through::Answered;
use super::stream::is_event_stream;
use super::{Failure, Outcome, Passage};
use crate::domain::service_call;
use crate::platform::{Alarm, Gone, Incoming, Sink, Upload};

/// What is passed on.
pub struct ServiceCall {
    /// The method.
    pub method: Method,
    /// Path and query, as they stand below the `base_url`.
    pub below: String,
    /// The headers that go on.
    pub headers: Vec<(String, String)>,
    /// The body, where it has been read.
    pub body: Rc<Vec<u8>>,
    /// The body, where it only passes by.
    pub upload: Option<Upload>,
}

/// An answer that has begun.
pub struct ServiceAnswer {
    /// Its status, its media type, and its body that still comes.
    pub answered: Answered,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// How long its body says it is, as the runtime reads it.
    pub length: Option<usize>,
    /// Where it comes from.
    pub url: String,
    upload: Option<Upload>,
}

impl ServiceAnswer {
    /// How much has been sent: of a body that passes by it may be more at the end than when the answer began.
    fn count_upload(&mut self) {
        if let Some(upload) = &self.upload {
            self.answered.input_volume = upload.sent();
        }
    }
}

impl Passage {
    /// Passes a call on, and answers when its answer begins.
    ///
    /// # Errors
    /// What it came to, where no answer began.
    pub async fn pass(&self, call: ServiceCall) -> Result<ServiceAnswer, Outcome<()>> {
        let base = self.admitted.base_url.as_deref().unwrap_or_default();
        let host = self.host.as_deref().unwrap_or_default();
        let url = self
            .config
            .upstream_rules
            .judge_below(base, &call.below, host);
        let url = url.map_err(|invalid| Outcome::unsent(Failure::Address(invalid.to_string())))?;
        let own = self
            .own_headers(url.host())
            .await
            .map_err(Outcome::unsent)?;
        let mut headers = call.headers;
        headers.retain(|(name, _)| own.iter().all(|(known, _)| known != name));
        headers.extend(own);
        headers.push(("accept-encoding".to_owned(), "identity".to_owned()));
        let body = call.upload.is_none().then_some(call.body);
        let length = body.as_ref().map_or(0, |body| body.len());
        let outgoing = self.signed(call.method, &url, headers, body).await;
        let mut outgoing = outgoing.map_err(Outcome::unsent)?;
        let begun = self.now();
        let upload = call.upload.clone();
        let calling = async {
            let Some(upload) = call.upload else {
                return self.call_for_any(outgoing).await;
            };
            let left = self.deadline().as_millis() - self.now().as_millis();
            outgoing.timeout = u32::try_from(left.max(1)).unwrap_or(1);
            let incoming = (self.platform.upstream).upload(outgoing, upload, &*self.presence);
            incoming.await.map_err(|fault| self.not_begun(&fault))
        };
        let sent = || upload.as_ref().map_or(length, Upload::sent);
        match self.while_leased(calling).await {
            Ok(incoming) if !(200..600).contains(&incoming.status) => {
                Err(self.ran(Err(Failure::Status(incoming.status)), begun, sent(), 0))
            }
            Ok(incoming) => Ok(ServiceAnswer {
                headers: (incoming.lines)(),
                length: length_of(&incoming),
                url: url.as_str().to_owned(),
                answered: Answered {
                    status: incoming.status,
                    content_type: (incoming.headers)("content-type"),
                    retry_after: None,
                    is_stream: is_event_stream(&incoming) && incoming.status < 300,
                    begun,
                    input_volume: sent(),
                    body: incoming.body,
                },
                upload,
            }),
            Err(failure) => Err(self.ran(Err(failure), begun, sent(), 0)),
        }
    }

    /// Reads an answer whole that is short or has no body.
    pub async fn read_service(&self, mut answer: ServiceAnswer) -> (Outcome<()>, Vec<u8>) {
        let status = answer.answered.status;
        answer.count_upload();
        let (mut outcome, body) = self.read(answer.answered).await;
        if matches!(outcome.result, Err(Failure::Status(_))) && status < 400 {
            outcome.result = Ok(());
        }
        (outcome, body)
    }

    /// Passes a body on as it comes, and answers what is held of it: the last bytes, where its length is declared.
    pub async fn pass_bytes(
        &self,
        mut answer: ServiceAnswer,
        sink: &mut dyn Sink,
    ) -> (Outcome<()>, Vec<u8>) {
        let (mut volume, mut held) = (0, Vec::new());
        let body = &mut answer.answered.body;
        let length = answer.length;
        let passing = async {
            let mut alarm = Alarm::default();
            while let Some(chunk) = self.next(&mut **body, &mut alarm).await? {
                volume += chunk.len();
                match length {
                    Some(length) if volume == length => held = chunk,
                    Some(length) if volume > length => return Err(Failure::BrokeOff),
                    _ => sink.write(chunk).await.map_err(|Gone| Failure::HungUp)?,
                }
            }
            match length {
                Some(length) if volume < length => Err(Failure::BrokeOff),
                _ => Ok(()),
            }
        };
        let result = self.while_leased(passing).await;
        answer.count_upload();
        let status = answer.answered.status;
        let result = match result {
            Ok(()) if status >= 400 => Err(Failure::Status(status)),
            result => result,
        };
        let (begun, sent) = (answer.answered.begun, answer.answered.input_volume);
        (self.ran(result, begun, sent, volume), held)
    }
}

/// The length of a body that comes as it is: one whose coding the runtime undoes has another.
fn length_of(incoming: &Incoming) -> Option<usize> {
    let coding = (incoming.headers)("content-encoding");
    let is_plain = coding.is_none_or(|coding| {
        service_call::comes_back("content-encoding", &coding) || coding.trim() == "identity"
    });
    let length = (incoming.headers)("content-length").filter(|_| is_plain)?;
    length.trim().parse().ok()
}
