//! A request whose answer is streamed: Server-Sent Events as UbiOps' clients read them (contract section 5.5).
//!
//! Each value goes on as it comes, and the last line, which tells how it ended, is written when the record is settled. Until
//! then a line that the clients skip goes out every few seconds of silence, which is also how it is noticed that nobody
//! reads any more.

use http::Method;

use super::forward::Sending;
use super::{Failure, Outcome, Output, Passage};
use crate::domain::Content;
use crate::domain::event_stream::{Collected, Data, EventStream, PING, value_event};
use crate::platform::{Alarm, Gone, Incoming, Outgoing, Sink, within};

/// Milliseconds of silence after which a line goes out that says nothing.
const SILENCE: u32 = 5_000;
/// For so many milliseconds the last line waits for a caller who reads nothing.
const PATIENCE: u32 = 30_000;

impl Passage {
    /// Sends a request and passes its answer on as it comes; the last line is the caller's to write, once the outcome is
    /// settled.
    pub async fn forward_stream(&self, sending: Sending, sink: &mut dyn Sink) -> Outcome {
        let input_volume = sending.body.len();
        let items = sending.items;
        let outgoing = match self.outgoing(Method::POST, None, sending).await {
            Ok(outgoing) => outgoing,
            Err(failure) => return Outcome::unsent(failure),
        };
        let begun = self.now();
        let mut output_volume = 0;
        let work = self.pass_on(outgoing, items, sink, &mut output_volume);
        let result = self.while_leased(work).await;
        self.ran(result, begun, input_volume, output_volume)
    }

    /// Writes the end of an answer, which its caller has to take in a while.
    pub async fn end_stream(&self, sink: &mut dyn Sink, end: Vec<u8>) {
        let end = async {
            if end.is_empty() || sink.write(end).await.is_ok() {
                let _ = sink.close().await;
            }
        };
        within(&*self.platform.clock, PATIENCE, end).await;
    }

    async fn pass_on(
        &self,
        outgoing: Outgoing,
        items: Option<usize>,
        sink: &mut dyn Sink,
        volume: &mut usize,
    ) -> Result<Output, Failure> {
        let (mut idle, mut silence) = (Alarm::default(), Alarm::default());
        let incoming = self
            .while_pinging(self.call(outgoing), sink, PING, &mut silence)
            .await??;
        if !is_event_stream(&incoming) {
            let reading = self.read_whole(incoming.body, volume);
            let body = self
                .while_pinging(reading, sink, PING, &mut silence)
                .await??;
            return self.output(body, items);
        }
        let mut body = incoming.body;
        let mut events = EventStream::default();
        let mut collected = Collected::new(self.is_structured());
        loop {
            let next = self.next(&mut *body, &mut idle);
            let chunk = self.while_pinging(next, sink, PING, &mut silence).await??;
            let found = match &chunk {
                Some(chunk) => {
                    *volume += chunk.len();
                    events.push(chunk).map_err(|_| Failure::LineTooLong)?
                }
                None => events.finish().into_iter().collect(),
            };
            let mut lines = Vec::new();
            for data in found {
                if let Data::Value(value) = data {
                    lines.extend(value_event(&value));
                    collected.push(&value);
                }
            }
            if !lines.is_empty() {
                sink.write(lines).await.map_err(|Gone| Failure::HungUp)?;
            }
            if chunk.is_none() {
                return Ok(collected.into_json().and_then(Content::value));
            }
        }
    }

    /// The same of a pipeline, which ends by itself when nobody reads any more: it has to settle what it has begun.
    pub async fn pinging<T>(
        &self,
        work: impl Future<Output = T>,
        sink: &mut dyn Sink,
        ping: &[u8],
    ) -> T {
        let clock = &*self.platform.clock;
        let mut work = std::pin::pin!(work);
        loop {
            match within(clock, SILENCE, work.as_mut()).await {
                Some(done) => return done,
                None => {
                    if sink.write(ping.to_vec()).await.is_err() {
                        self.is_left.set(true);
                        return work.await;
                    }
                }
            }
        }
    }

    /// Waits for something, and lets a line that says nothing go out every few seconds meanwhile.
    pub(super) async fn while_pinging<T>(
        &self,
        work: impl Future<Output = T>,
        sink: &mut dyn Sink,
        ping: &[u8],
        silence: &mut Alarm,
    ) -> Result<T, Failure> {
        let clock = &*self.platform.clock;
        let mut work = std::pin::pin!(work);
        loop {
            match silence.within(clock, SILENCE, work.as_mut()).await {
                Some(done) => return Ok(done),
                None => {
                    sink.write(ping.to_vec())
                        .await
                        .map_err(|Gone| Failure::HungUp)?;
                }
            }
        }
    }
}

pub(super) fn is_event_stream(incoming: &Incoming) -> bool {
    let content_type = (incoming.headers)("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("text/event-stream")
}
