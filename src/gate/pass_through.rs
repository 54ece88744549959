//! Answers that are passed on as they are: status, media type and body are the upstream's, whatever they say (contract
//! section 5.6).
//!
//! No caller has a whole answer that is not accounted for: a body is held until the record is settled, and of a stream its
//! last event, which is the caller's of [`pass_stream`](Passage::pass_stream) to write.

use http::Method;

use super::forward::{Sending, is_success};
use super::stream::is_event_stream;
use super::{Failure, LONGEST_KEPT, Outcome, Passage};
use crate::domain::Timestamp;
use crate::domain::openai_stream::OpenAiStream;
use crate::platform::{Alarm, Gone, IncomingBody, Sink};

/// What goes out in silence between two events: a comment, which every client of a stream of events skips (HTML, section
/// 9.2.6). Else nobody would notice that nobody reads any more.
const COMMENT: &[u8] = b": ping\n\n";

/// An answer whose body still comes.
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// Its media type, as the upstream has it.
    pub content_type: Option<String>,
    /// When the upstream may be asked again.
    pub retry_after: Option<String>,
    /// Whether it is a success that comes as a stream of events.
    pub is_stream: bool,
    /// When the upstream was called.
    pub begun: Timestamp,
    pub(super) input_volume: usize,
    pub(super) body: Box<dyn IncomingBody>,
}

/// A stream on its way to the caller.
pub struct Passing {
    /// Reads it, and holds its last event.
    pub filter: OpenAiStream,
    /// What has been written, while it is short enough to be kept.
    copy: Option<Vec<u8>>,
    ends_event: bool,
    /// Whether a stream that ends without an event that says so has broken off.
    has_last_event: bool,
}

impl Passing {
    /// A stream that begins.
    #[must_use]
    pub fn new(filter: OpenAiStream) -> Self {
        Self {
            filter,
            copy: Some(Vec::new()),
            ends_event: true,
            has_last_event: true,
        }
    }

    /// A stream of any kind, of which nothing is kept.
    #[must_use]
    pub fn of_any_kind() -> Self {
        Self {
            copy: None,
            has_last_event: false,
            ..Self::new(OpenAiStream::new(false))
        }
    }

    /// Notes what is written.
    fn note(&mut self, bytes: &[u8]) {
        self.ends_event = bytes.ends_with(b"\n\n") || bytes.ends_with(b"\r\n\r\n");
        self.copy = self
            .copy
            .take()
            .filter(|copy| copy.len() + bytes.len() <= LONGEST_KEPT);
        if let Some(copy) = &mut self.copy {
            copy.extend_from_slice(bytes);
        }
    }

    /// What the caller has had when this has been written too, where it is a text that is short enough to be kept.
    #[must_use]
    pub fn copy_with(&self, end: &[u8]) -> Option<String> {
        let copy = [self.copy.as_deref()?, end].concat();
        String::from_utf8(copy).ok()
    }

    /// An event of ours, behind whatever has been written: what was cut off in the middle is no part of it.
    #[must_use]
    pub fn behind(&self, mut event: Vec<u8>) -> Vec<u8> {
        if !self.ends_event {
            event.splice(0..0, *b"\n\n");
        }
        event
    }
}

impl Passage {
    /// Sends a request to a path below the version's `base_url`, and answers when its answer begins.
    ///
    /// # Errors
    /// What it came to, where no answer began.
    pub async fn ask(&self, below: &str, sending: Sending) -> Result<Answered, Outcome<()>> {
        let input_volume = sending.body.len();
        let outgoing = self.outgoing(Method::POST, Some(below), sending).await;
        let outgoing = outgoing.map_err(Outcome::unsent)?;
        let begun = self.now();
        match self.while_leased(self.call_for_any(outgoing)).await {
            Ok(incoming) => Ok(Answered {
                status: incoming.status,
                content_type: (incoming.headers)("content-type"),
                retry_after: (incoming.headers)("retry-after"),
                is_stream: is_success(incoming.status) && is_event_stream(&incoming),
                begun,
                input_volume,
                body: incoming.body,
            }),
            Err(failure) => Err(self.ran(Err(failure), begun, input_volume, 0)),
        }
    }

    /// Reads a whole answer. One that is no success is a failure too, and passed on all the same.
    pub async fn read(&self, answered: Answered) -> (Outcome<()>, Vec<u8>) {
        let (begun, input_volume, status) =
            (answered.begun, answered.input_volume, answered.status);
        let mut volume = 0;
        let reading = self.read_whole(answered.body, &mut volume);
        let (result, body) = match self.while_leased(reading).await {
            Ok(body) if is_success(status) => (Ok(()), body),
            Ok(body) => (Err(Failure::Status(status)), body),
            Err(failure) => (Err(failure), Vec::new()),
        };
        (self.ran(result, begun, input_volume, volume), body)
    }

    /// Passes a stream on as it comes, up to its last event.
    pub async fn pass_stream(
        &self,
        answered: Answered,
        passing: &mut Passing,
        sink: &mut dyn Sink,
    ) -> Outcome<()> {
        let (begun, input_volume, mut body) =
            (answered.begun, answered.input_volume, answered.body);
        let mut volume = 0;
        let result = self
            .while_leased(async {
                let (mut idle, mut silence) = (Alarm::default(), Alarm::default());
                loop {
                    let next = self.next(&mut *body, &mut idle);
                    let chunk = match passing.ends_event {
                        true => {
                            self.while_pinging(next, sink, COMMENT, &mut silence)
                                .await??
                        }
                        false => next.await?,
                    };
                    let passed = match &chunk {
                        Some(chunk) => {
                            volume += chunk.len();
                            passing.filter.push(chunk)
                        }
                        None => passing.filter.finish(),
                    };
                    if !passed.is_empty() {
                        passing.note(&passed);
                        sink.write(passed).await.map_err(|Gone| Failure::HungUp)?;
                    }
                    if passing.filter.is_done() {
                        return Ok(());
                    }
                    if chunk.is_none() && passing.has_last_event {
                        return Err(Failure::BrokeOff);
                    }
                    if chunk.is_none() {
                        return Ok(());
                    }
                }
            })
            .await;
        self.ran(result, begun, input_volume, volume)
    }
}
