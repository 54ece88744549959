//! `POST .../requests` and `.../requests/stream`: a request goes through the gate (contract section 5).
//!
//! What rides on the first trip writes the record, if nothing refuses it; so the body is read before it, once the token has
//! been seen to be one of ours. What only we can judge - the body against the deployment's fields - ends by taking the
//! record away again.

use std::cell::Cell;
use std::rc::Rc;

use super::made::{
    DeploymentRequestCreateResponse, MadeOfObject, PipelineRequestCreateResponse, additional_data,
};
use crate::api::{Call, Context, OnTarget};
use crate::auth::principal::Principal;
use crate::domain::event_stream::last_line;
use crate::domain::idempotency_key::{self, IdempotencyKey};
use crate::domain::json;
use crate::domain::{Content, RecordId, RequestId, Timestamp};
use crate::error::Error;
use crate::gate::forward::Sending;
use crate::gate::settle::{self, Input, Kept, Unsettled};
use crate::gate::{Failure, LONGEST_KEPT, Outcome, Passage, pipeline};
use crate::platform::Stream;
use crate::sql::statement::Statement;
use crate::store::admissions::{self, Admission, Admitted, Asked, Key, Replay, Way};
use crate::store::first_trip::Rider;
use crate::store::rows::Answers;
use crate::store::settlements::KeyEnding;
use crate::web::cors;
use crate::web::response::{Body, Response};

/// Seconds that a direct request may take: by default, at least, at most (contract section 5.3).
const DIRECT: (i64, i64, i64) = (300, 10, 3_600);
/// The same of a streamed one.
const STREAM: (i64, i64, i64) = (3_600, 10, 3_600);
/// The same of one that waits for its turn.
const BATCH: (i64, i64, i64) = (14_400, 10, 345_600);
/// The same of a request to a pipeline, direct and streamed.
const PIPELINE: (i64, i64, i64) = (3_600, 10, 7_200);
const PIPELINE_STREAM: (i64, i64, i64) = (7_200, 10, 7_200);
/// Seconds that each object of a pipeline may take, at least and at most.
const OF_OBJECT: std::ops::RangeInclusive<i64> = 10..=3_600;
/// What an event stream is declared as.
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// What a call asks for, as its headers, its path and its query say it.
pub(super) struct Ask {
    way: Way,
    record_id: RecordId,
    version: Option<String>,
    timeout: i64,
    key: Option<Key>,
    is_foreign: bool,
    input_size: usize,
    items: usize,
    additional_data: Option<String>,
}

impl Ask {
    /// The id that the record is to have, or the first of them.
    pub(super) fn record_id(&self) -> &RecordId {
        &self.record_id
    }

    /// The version in the path.
    pub(super) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// It stands for so many requests.
    pub(super) fn stands_for(&mut self, items: usize) {
        self.items = items;
    }

    pub(super) fn of(call: &Context<'_>, way: Way) -> Result<Self, Error> {
        refuse_loops(call)?;
        let is_to_pipeline = !call.parameter("pipeline_name").is_empty();
        let (default, least, most) = match way {
            Way::Batch => BATCH,
            Way::Stream if is_to_pipeline => PIPELINE_STREAM,
            _ if is_to_pipeline => PIPELINE,
            Way::Stream => STREAM,
            Way::OpenAi if call.model.as_ref().is_some_and(|model| model.is_stream) => STREAM,
            _ => DIRECT,
        };
        call.query.once("timeout")?;
        let mut timeout = call.query.integer("timeout", least..=most, default)?;
        if is_to_pipeline {
            call.query.once("pipeline_timeout")?;
            let own = call
                .query
                .integer("pipeline_timeout", least..=most, timeout)?;
            if own != timeout && call.query.text("timeout").is_some() {
                return Err(Error::invalid(format!(
                    "pipeline_timeout: it says {own}, and timeout {timeout}; both are the same, so give one of them"
                )));
            }
            timeout = own;
        }
        call.query.once("priority")?;
        call.query.integer("priority", 0..=1, 1)?;
        let body = call.body_first.as_deref().unwrap_or_default();
        let key = key_of(call)?;
        let version = Some(call.parameter("version")).filter(|version| !version.is_empty());
        let mut random = random_of(call.request_id);
        if way == Way::Batch {
            in_order(&mut random, 0);
        }
        Ok(Self {
            way,
            record_id: RecordId::at(call.now, &random),
            version: version.map(str::to_owned),
            timeout,
            key,
            is_foreign: is_foreign(call),
            input_size: body.len(),
            items: 1,
            additional_data: match way {
                Way::OpenAi => additional_data(call.path, None),
                _ => None,
            },
        })
    }

    /// Seconds that each object of a pipeline may take, where the query says so.
    pub(super) fn deployment_timeout(call: &Context<'_>) -> Result<Option<i64>, Error> {
        call.query.once("deployment_timeout")?;
        let is_given = call.query.text("deployment_timeout").is_some();
        let seconds = call
            .query
            .integer("deployment_timeout", OF_OBJECT, *OF_OBJECT.end())?;
        Ok(is_given.then_some(seconds))
    }

    pub(super) fn asked<'a>(&'a self, call: &Context<'_>) -> Asked<'a> {
        Asked {
            record_id: &self.record_id,
            way: self.way,
            version: self.version.as_deref(),
            timeout: self.timeout,
            input_size: self.input_size,
            items: self.items,
            is_foreign: self.is_foreign,
            key: self.key.as_ref(),
            per_minute: call.per_minute,
            additional_data: self.additional_data.clone(),
            now: call.now,
        }
    }
}

/// Refuses what the gate has sent itself (contract section 5.9).
pub(super) fn refuse_loops(call: &Context<'_>) -> Result<(), Error> {
    match call.request.header("tenantry-request-id") {
        None => Ok(()),
        Some(_) => Err(Error::invalid(
            "Tenantry-Request-Id: a request that the gate has sent comes back to it; point the upstream elsewhere",
        )),
    }
}

/// Whether a browser marks the call as another site's.
pub(super) fn is_foreign(call: &Context<'_>) -> bool {
    call.request.header("origin").is_some() && cors::is_of_another_site(call.request)
}

/// The idempotency key of a call, and what it stands for.
pub(super) fn key_of(call: &Context<'_>) -> Result<Option<Key>, Error> {
    let key = call.request.header("idempotency-key");
    let key = key.map(|text| IdempotencyKey::parse(&text)).transpose();
    let key = key.map_err(|invalid| Error::field("Idempotency-Key", &invalid))?;
    Ok(key.map(|key| Key {
        digest: key.digest().to_owned(),
        fingerprint: idempotency_key::fingerprint(
            call.request.method.as_str(),
            call.request.path(),
            call.request.query(),
            call.body_first.as_deref().unwrap_or_default(),
        ),
    }))
}

/// Puts the place of an item into the random part of its id, so that those of a batch are in the order of their list
/// (RFC 9562, section 6.2: a counter in rand_a).
pub(super) fn in_order(random: &mut [u8; 10], place: u8) {
    let [first, second, ..] = random;
    (*first, *second) = (0, place);
}

/// The random part of a record's id: the call's own id has been drawn for nobody else.
pub(super) fn random_of(request_id: &RequestId) -> [u8; 10] {
    let digits = request_id.as_str().as_bytes();
    std::array::from_fn(|at| {
        let pair = digits
            .get(2 * at..2 * at + 2)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())
            .unwrap_or_default()
    })
}

/// What rides on the first trip of a direct request.
pub(crate) fn admits_direct(call: &Context<'_>) -> Result<Rider, Error> {
    Ok(admissions::rider(&Ask::of(call, Way::Direct)?.asked(call)))
}

/// The same of a streamed one.
pub(crate) fn admits_stream(call: &Context<'_>) -> Result<Rider, Error> {
    Ok(admissions::rider(&Ask::of(call, Way::Stream)?.asked(call)))
}

/// `POST .../requests`.
pub(crate) async fn create(
    call: &mut Call<'_, OnTarget>,
    ridden: Answers,
) -> Result<Response, Error> {
    let ask = Ask::of(call, Way::Direct)?;
    let admitted = match judged(call, &ask, &ridden)? {
        Judged::Admitted(admitted) => admitted,
        Judged::Answered(response) => return Ok(response),
    };
    let sent = checked(call, &admitted);
    let (passage, sending) = begin(call, &ask, *admitted, sent).await?;
    let input = passage.input(&sending);
    let began = passage.admission;
    let outcome = passage.forward(sending).await;
    let mut answer = Answer::of(&passage, &outcome);
    let body = match answer.settled(&outcome, input.as_ref()).await {
        Ok(body) => body,
        Err(unsettled) => {
            call.later(unsettled.work);
            return Err(unsettled.error);
        }
    };
    let mut response = Response::of_json_text(body);
    overhead(call, began, outcome.run_time, &mut response);
    Ok(response)
}

/// `POST .../requests/stream`.
pub(crate) async fn stream(
    call: &mut Call<'_, OnTarget>,
    ridden: Answers,
) -> Result<Response, Error> {
    let ask = Ask::of(call, Way::Stream)?;
    let admitted = match judged(call, &ask, &ridden)? {
        Judged::Admitted(admitted) => admitted,
        Judged::Answered(response) => return Ok(response),
    };
    let sent = checked(call, &admitted);
    let (passage, sending) = begin(call, &ask, *admitted, sent).await?;
    let input = passage.input(&sending);
    let mut response = Response::empty(http::StatusCode::OK);
    let (mut sink, stream) = call.platform.streams.open();
    call.later(Box::pin(async move {
        let outcome = passage.forward_stream(sending, &mut *sink).await;
        let mut answer = Answer::of(&passage, &outcome);
        let line = match answer.settled(&outcome, input.as_ref()).await {
            Ok(line) => line,
            Err(unsettled) => {
                answer.fail(Some(Failure::Recorded(
                    unsettled.error.sentence().to_owned(),
                )));
                let line = last_line(&answer.text());
                passage.end_stream(&mut *sink, line).await;
                unsettled.work.await;
                return;
            }
        };
        if !matches!(outcome.result, Err(Failure::HungUp)) {
            passage.end_stream(&mut *sink, last_line(&line)).await;
        }
    }));
    response.header("content-type", EVENT_STREAM);
    streams(&mut response, stream);
    Ok(response)
}

/// Gives an answer a stream for its body, which is passed on as it comes.
pub(super) fn streams(response: &mut Response, stream: Stream) {
    // Else what stands in between holds events back to compress them (contract section 5.5).
    response.header("content-encoding", "identity");
    response.header("cache-control", "no-cache, no-transform");
    response.header("x-accel-buffering", "no");
    response.body = Body::Stream(stream);
}

/// How much longer than its upstream an answer took, in milliseconds.
pub(super) fn overhead(
    call: &Context<'_>,
    began: Timestamp,
    run_time: i64,
    response: &mut Response,
) {
    let total = call.platform.clock.now().as_millis() - began.as_millis();
    response.header(
        "tenantry-overhead-ms",
        (total - run_time).max(0).to_string(),
    );
}

pub(super) enum Judged {
    Admitted(Box<Admitted>),
    Answered(Response),
}

/// What became of the record that was to be written on the first trip.
pub(super) fn judged(
    call: &Call<'_, OnTarget>,
    ask: &Ask,
    ridden: &Answers,
) -> Result<Judged, Error> {
    let admission = admissions::judge(ridden, &ask.asked(call))?;
    refused_or_replayed(call, ask, admission)
}

/// What that came to.
pub(super) fn refused_or_replayed(
    call: &Call<'_, OnTarget>,
    ask: &Ask,
    admission: Admission,
) -> Result<Judged, Error> {
    match admission {
        Admission::Admitted(admitted) => Ok(Judged::Admitted(admitted)),
        Admission::Replayed(replay) => Ok(Judged::Answered(replayed(replay)?)),
        Admission::NoSuchVersion => Err(call.target().no_version(ask.version.as_deref())),
        Admission::Refused(error) => Err(error),
    }
}

fn replayed(replay: Replay) -> Result<Response, Error> {
    let status = http::StatusCode::from_u16(replay.status).unwrap_or(http::StatusCode::OK);
    let mut response = Response::empty(status);
    response.header("content-type", replay.content_type);
    response.header("idempotent-replayed", "true");
    response.body = Body::Bytes(replay.body.into_bytes());
    Ok(response)
}

/// The passage of a request that has its record, and what is sent of its body. Where that does not fit, the record is
/// taken away again.
pub(super) async fn begin<T>(
    call: &mut Call<'_, OnTarget>,
    ask: &Ask,
    admitted: Admitted,
    sent: Result<T, Error>,
) -> Result<(Passage, T), Error> {
    let sent = match sent {
        Ok(sent) => sent,
        Err(error) => {
            let statements = admitted.voiding(&ask.asked(call));
            if let Err(unknown) = call.connection.write(statements.clone()).await {
                // Else the scheduled run would charge for what was sent nowhere.
                call.later(settle::repeated(call.connection, call.platform, statements));
                return Err(unknown);
            }
            call.count_permits(-1);
            return Err(error);
        }
    };
    let passage = passage(call, &ask.record_id, ask.key.clone(), admitted);
    Ok((passage, sent))
}

/// The passage of a request that has its record.
pub(super) fn passage(
    call: &mut Call<'_, OnTarget>,
    record_id: &RecordId,
    key: Option<Key>,
    admitted: Admitted,
) -> Passage {
    let fits = |value: &String| value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let trace = ["traceparent", "tracestate"]
        .into_iter()
        .filter_map(|name| {
            let value = call.request.header(name).filter(fits)?;
            Some((name.to_owned(), value))
        });
    Passage {
        platform: Rc::clone(call.platform),
        config: Rc::clone(call.config),
        connection: call.connection.clone(),
        notes: call.notes.clone(),
        presence: Rc::clone(&call.request.presence),
        record_id: record_id.clone(),
        key,
        project: call.project().project_name.clone(),
        deployment: call.target().name.clone(),
        caller_kind: match call.authority.principal() {
            Principal::Operator => "operator",
            Principal::User(_) => "user",
            Principal::ServiceUser(_) => "service_user",
        },
        host: call.request.header("host"),
        trace: trace.collect(),
        held: call.held.take(),
        admission: call.now,
        timeout: admitted.timeout,
        has_waited: false,
        lease_end: Cell::new(admitted.lease_end.0),
        is_left: Cell::new(false),
        work: call.work.clone(),
        admitted,
    }
}

/// What is sent of a body.
pub(super) fn checked(call: &mut Context<'_>, admitted: &Admitted) -> Result<Sending, Error> {
    let body = call.body_first.take().unwrap_or_default();
    let content_type = call.request.header("content-type");
    Sending::of(admitted, content_type.as_deref(), body)
}

/// What becomes of the idempotency key: a caller who hung up may try again, and nothing that was sent is sent twice. Its
/// answer is a status, a media type and, where there is one to keep, a text.
pub(super) fn key_ending<T>(
    passage: &Passage,
    outcome: &Outcome<T>,
    answer: (u16, &str, Option<&str>),
) -> KeyEnding {
    let (status, content_type, body) = answer;
    match &passage.key {
        None => KeyEnding::None,
        Some(key) if matches!(outcome.result, Err(Failure::HungUp)) => {
            KeyEnding::Free(key.digest.clone())
        }
        Some(key) => KeyEnding::Answered {
            digest: key.digest.clone(),
            status,
            content_type: content_type.to_owned(),
            body: body
                .filter(|body| body.len() <= LONGEST_KEPT)
                .map(str::to_owned),
        },
    }
}

/// What a request is answered.
pub(super) struct Answer<'a> {
    passage: &'a Passage,
    result: Option<&'a Content>,
    failure: Option<Failure>,
    of_pipeline: Option<OfPipeline<'a>>,
}

/// What the answer of a request to a pipeline has besides: what it made of its objects, and how long each might take.
pub(super) struct OfPipeline<'a> {
    pub(super) made: &'a [pipeline::Made],
    pub(super) deployment_timeout: Option<i64>,
}

impl<'a> Answer<'a> {
    pub(super) fn of(passage: &'a Passage, outcome: &'a Outcome) -> Self {
        Self {
            passage,
            result: outcome.content(),
            failure: outcome.result.as_ref().err().cloned(),
            of_pipeline: None,
        }
    }

    pub(super) fn of_pipeline(
        passage: &'a Passage,
        outcome: &'a Outcome,
        of_pipeline: OfPipeline<'a>,
    ) -> Self {
        Self {
            of_pipeline: Some(of_pipeline),
            ..Self::of(passage, outcome)
        }
    }

    /// Settles the request, and answers the text of what its caller is told. Where somebody else has ended it, that is what
    /// the record says.
    pub(super) async fn settled(
        &mut self,
        outcome: &Outcome,
        input: Option<&Input>,
    ) -> Result<String, Unsettled> {
        let text = self.text();
        let key = key_ending(
            self.passage,
            outcome,
            (200, "application/json", Some(&text)),
        );
        let kept = Kept {
            input,
            output: self
                .result
                .map(|content| (content.media_type(), content.text())),
            ..Kept::default()
        };
        let failure = self.passage.settle(outcome, key, kept).await?;
        if self.failure == failure {
            return Ok(text);
        }
        self.fail(failure);
        Ok(self.text())
    }

    pub(super) fn fail(&mut self, failure: Option<Failure>) {
        self.failure = failure;
        if self.failure.is_some() {
            self.result = None;
        }
    }

    /// The text of it.
    pub(super) fn text(&self) -> String {
        let status = match self.failure {
            None => "completed",
            Some(_) => "failed",
        };
        let error_message = self.failure.as_ref().map(Failure::to_string);
        if let Some(OfPipeline {
            made,
            deployment_timeout,
        }) = &self.of_pipeline
        {
            let of_kind = |is_pipeline: bool| -> Vec<MadeOfObject<'_>> {
                let made = made.iter().filter(|one| one.is_pipeline == is_pipeline);
                made.map(MadeOfObject::of).collect()
            };
            let shape = PipelineRequestCreateResponse {
                id: self.passage.record_id.as_str(),
                pipeline: &self.passage.deployment,
                version: &self.passage.admitted.version,
                status,
                success: self.failure.is_none(),
                result: self.result,
                error_message,
                deployment_requests: of_kind(false),
                operator_requests: Vec::new(),
                pipeline_requests: of_kind(true),
                pipeline_timeout: self.passage.admitted.timeout,
                deployment_timeout: *deployment_timeout,
            };
            return json::text(&shape);
        }
        let shape = DeploymentRequestCreateResponse {
            id: self.passage.record_id.as_str(),
            deployment: &self.passage.deployment,
            version: &self.passage.admitted.version,
            status,
            success: self.failure.is_none(),
            result: self.result,
            error_message,
            timeout: self.passage.admitted.timeout,
        };
        // Texts, numbers and what has been parsed always have a JSON form.
        json::text(&shape)
    }
}

/// What takes away a record that may have been written on the first trip of a call that came to nothing all the same.
pub(crate) fn withdrawal(call: &Context<'_>) -> Result<Vec<Statement>, Error> {
    let ask = Ask::of(call, Way::Direct)?;
    Ok(admissions::void_unseen(
        call.parameter("project_name"),
        &ask.asked(call),
    ))
}
