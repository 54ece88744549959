//! `ANY /services/{service_id}/{path}`: a call is passed through to the server behind a deployment (contract section 5.8).
//!
//! Status and body are the server's; only where nothing came is the answer ours. A body that is long, or does not say its
//! length, is not read here.

use std::rc::Rc;

use http::{Method, StatusCode};

use super::creating::{
    is_foreign, key_ending, key_of, overhead, passage, random_of, refuse_loops, streams,
};
use super::made::passed_through;
use super::openai::{error_of, sandbox};
use crate::api::{Call, Context, OnTarget};
use crate::domain::service_call::{self, ServicePath, service_of_host, service_path};
use crate::domain::{RecordId, Within};
use crate::error::{Error, Kind};
use crate::gate::pass_through::Passing;
use crate::gate::service::{ServiceAnswer, ServiceCall};
use crate::gate::settle::Kept;
use crate::gate::{Failure, Outcome, Passage};
use crate::sql::statement::Statement;
use crate::store::admissions::{Admission, Asked, Key, Way};
use crate::store::first_trip::Rider;
use crate::store::rows::Answers;
use crate::store::service_admissions::{self, ANONYMOUS, ServiceTerms};
use crate::web::body;
use crate::web::openai_errors;
use crate::web::rate::Rate;
use crate::web::request::BodyError;
use crate::web::response::{Body, Response};

/// Seconds that a call may take (contract section 5.3).
const TIMEOUT: i64 = 3_600;
/// An answer of at most so many bytes is read whole, so that what becomes of its record can change it.
const SHORT: usize = 64 << 10;
/// Most bytes of a path that a record shows.
const SHOWN_PATH: usize = 2_048;

/// What a call asks for, as its path and its headers say it.
struct Ask {
    record_id: RecordId,
    path: ServicePath,
    timeout: i64,
    key: Option<Key>,
    is_foreign: bool,
    input_size: usize,
    additional_data: String,
}

impl Ask {
    fn of(call: &Context<'_>) -> Result<Self, Error> {
        refuse_loops(call)?;
        let upgrade = call.request.header("upgrade").unwrap_or_default();
        if upgrade.to_ascii_lowercase().contains("websocket") {
            return Err(Error::not_passed("WebSockets are not passed through"));
        }
        let rest = service_path(call.request.path()).map_or("", |(_, rest)| rest);
        let path = ServicePath::parse(rest).map_err(|invalid| Error::field("path", &invalid))?;
        let body = call.body_first.as_ref().map_or(0, Vec::len);
        let has_body = body > 0 || call.upload.is_some();
        if has_body && matches!(call.request.method, Method::GET | Method::HEAD) {
            return Err(Error::invalid(
                "the body: a GET or HEAD has none here; send a POST",
            ));
        }
        let timeout = call.request.header("tenantry-timeout");
        let timeout = timeout.map_or(Ok(TIMEOUT), |text| {
            let seconds = text.trim().parse().ok();
            let seconds = seconds.and_then(|seconds| Within::<1, TIMEOUT>::new(seconds).ok());
            seconds.map(Within::get).ok_or_else(|| {
                Error::invalid(format!(
                    "Tenantry-Timeout: it is whole seconds from 1 to {TIMEOUT}"
                ))
            })
        })?;
        Ok(Self {
            record_id: RecordId::at(call.now, &random_of(call.request_id)),
            additional_data: additional_data(call, path.as_str(), None),
            path,
            timeout,
            key: match call.is_anonymous {
                true => None,
                false => key_of(call)?,
            },
            is_foreign: is_foreign(call),
            input_size: call
                .upload
                .as_ref()
                .map_or(body, |upload| upload.length.unwrap_or_default()),
        })
    }

    fn asked<'a>(&'a self, call: &Context<'_>) -> Asked<'a> {
        Asked {
            record_id: &self.record_id,
            way: Way::Service,
            version: None,
            timeout: self.timeout,
            input_size: self.input_size,
            items: 1,
            is_foreign: self.is_foreign,
            key: self.key.as_ref(),
            per_minute: per_minute(call),
            additional_data: Some(self.additional_data.clone()),
            now: call.now,
        }
    }
}

/// What a record shows besides. A query may hold what is nobody else's, so it is not there.
fn additional_data(call: &Context<'_>, path: &str, status_code: Option<u16>) -> String {
    let end = path.floor_char_boundary(SHOWN_PATH);
    passed_through(
        path.get(..end).unwrap_or_default(),
        call.request.method.as_str(),
        status_code,
    )
}

/// Reads the body of a call, or takes it along unread where it is long or does not say its length.
pub(crate) async fn take_body(call: &mut Context<'_>) -> Result<(), Error> {
    let length = call.request.header("content-length");
    let length: Option<usize> = length.and_then(|length| length.trim().parse().ok());
    if length.is_some_and(|length| length <= call.body_limit) {
        return call.read_body(true).await;
    }
    let clock = call.platform.clock.as_ref();
    let upload = call.request.body.upload(length);
    let upload = body::in_time(clock, async {
        upload.await.map_err(|error| match error {
            BodyError::TooLarge => Error::too_large(call.body_limit),
            BodyError::Interrupted => Error::invalid("the body broke off"),
        })
    });
    call.upload = upload.await?;
    call.now = clock.now();
    Ok(())
}

/// What rides on the first trip of a call.
pub(crate) fn admits(call: &Context<'_>) -> Result<Rider, Error> {
    Ok(service_admissions::rider(&Ask::of(call)?.asked(call)))
}

/// How many calls a minute the caller may make to the project; what nobody showed a token for is the service's to bound.
fn per_minute(call: &Context<'_>) -> Option<i64> {
    call.per_minute.filter(|_| !call.is_anonymous)
}

/// What its answer tells of the minute.
pub(crate) fn rate(call: &Context<'_>, terms: &ServiceTerms) -> Result<Option<Rate>, Error> {
    let ridden = call.ridden.as_ref();
    ridden.map_or(Ok(None), |ridden| {
        service_admissions::rate(ridden, per_minute(call), terms, call.now)
    })
}

/// What takes away a record that may have been written on the first trip of a call that came to nothing all the same.
pub(crate) fn withdrawal(call: &Context<'_>) -> Result<Vec<Statement>, Error> {
    let ask = Ask::of(call)?;
    let id = call.id("service_id");
    Ok(service_admissions::void_unseen(&id, &ask.asked(call)))
}

/// Any call to a service.
pub(crate) async fn pass(
    call: &mut Call<'_, OnTarget>,
    ridden: Answers,
) -> Result<Response, Error> {
    let ask = Ask::of(call)?;
    let terms = call.terms.take().unwrap_or_default();
    let admitted = match service_admissions::judge(&ridden, &ask.asked(call), &terms)? {
        Admission::Admitted(admitted) => *admitted,
        Admission::NoSuchVersion => return Err(call.target().no_version(None)),
        Admission::Refused(error) => return Err(for_caller(call, error)),
        // Answers of services are not kept, so none is there to be repeated.
        Admission::Replayed(_) => {
            return Err(Error::conflict(
                "Idempotency-Key: it ran, its answer was not kept",
            ));
        }
    };
    let query = call.request.target.split_once('?').map(|(_, query)| query);
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    let sent = ServiceCall {
        method: call.request.method.clone(),
        below: format!("{}{query}", ask.path.as_str()),
        headers: service_call::sent_on(call.request.headers.all()),
        body: Rc::new(call.body_first.take().unwrap_or_default()),
        upload: call.upload.take(),
    };
    let mut passage = passage(call, &ask.record_id, ask.key, admitted);
    // They go on with all other headers.
    passage.trace.clear();
    if call.is_anonymous {
        passage.caller_kind = ANONYMOUS;
    }
    let run = Run {
        path: ask.path,
        passage,
    };
    match run.passage.pass(sent).await {
        Err(outcome) => Err(run.fail(call, outcome).await),
        Ok(answer) if is_short(call, &answer) => whole(call, run, answer).await,
        Ok(answer) => Ok(stream(call, run, answer)),
    }
}

/// A refusal as its caller may read it: what a project may spend, and why it is suspended, is not for everybody.
fn for_caller(call: &Context<'_>, error: Error) -> Error {
    match error.kind() {
        Kind::Forbidden if call.is_anonymous => {
            Error::forbidden("the service takes no calls at present")
        }
        _ => error,
    }
}

/// Whether an answer has no body, or a short one.
fn is_short(call: &Context<'_>, answer: &ServiceAnswer) -> bool {
    call.request.method == Method::HEAD
        || matches!(answer.answered.status, 204 | 205 | 304)
        || answer.length.is_some_and(|length| length <= SHORT)
}

/// A call that is under way.
struct Run {
    passage: Passage,
    path: ServicePath,
}

impl Run {
    fn kept(&self, call: &Context<'_>, status: Option<u16>) -> Kept<'static> {
        Kept {
            additional_data: Some(additional_data(call, self.path.as_str(), status)),
            ..Kept::default()
        }
    }

    /// Settles a call that came to nothing that could be passed on; answers what its caller is told.
    async fn fail(self, call: &Context<'_>, outcome: Outcome<()>) -> Error {
        let error = match outcome.result.as_ref().err() {
            // What it names is not for everybody either; its record has it.
            Some(Failure::Header(_) | Failure::Address(_)) if call.is_anonymous => {
                Error::upstream_failed(Failure::NotReached.to_string())
            }
            failure => error_of(failure.unwrap_or(&Failure::BrokeOff)),
        };
        let key = key_ending(&self.passage, &outcome, (502, "", None));
        match self
            .passage
            .settle(&outcome, key, self.kept(call, None))
            .await
        {
            Ok(recorded) => match recorded.as_ref() == outcome.result.as_ref().err() {
                true => error,
                false => recorded.map_or(error, |recorded| for_caller(call, error_of(&recorded))),
            },
            Err(unsettled) => {
                call.later(unsettled.work);
                unsettled.error
            }
        }
    }
}

/// An answer that is held as a whole until its record is settled.
async fn whole(call: &Context<'_>, run: Run, answer: ServiceAnswer) -> Result<Response, Error> {
    let mut response = passed_on(call, &run.passage, &answer);
    let status = answer.answered.status;
    if call.request.method == Method::HEAD
        && let Some(length) = answer.length
    {
        response.header("content-length", length.to_string());
    }
    let (outcome, body) = run.passage.read_service(answer).await;
    let failure = outcome.result.as_ref().err();
    if !matches!(failure, None | Some(Failure::Status(_))) {
        return Err(run.fail(call, outcome).await);
    }
    let key = key_ending(&run.passage, &outcome, (status, "", None));
    let kept = run.kept(call, Some(status));
    match run.passage.settle(&outcome, key, kept).await {
        // Somebody else has ended it: what the record says is what is answered.
        Ok(Some(recorded)) if failure != Some(&recorded) => return Err(error_of(&recorded)),
        Ok(_) => {}
        Err(unsettled) => {
            call.later(unsettled.work);
            return Err(unsettled.error);
        }
    }
    if !body.is_empty() {
        response.body = Body::Bytes(body);
    }
    overhead(call, run.passage.admission, outcome.run_time, &mut response);
    Ok(response)
}

/// An answer that is passed on as it comes, up to its last bytes or its end, which follow when the record is settled.
fn stream(call: &Context<'_>, run: Run, answer: ServiceAnswer) -> Response {
    let mut response = passed_on(call, &run.passage, &answer);
    let status = answer.answered.status;
    let upstream = call.platform.clock.now().as_millis() - answer.answered.begun.as_millis();
    overhead(call, run.passage.admission, upstream, &mut response);
    let is_stream = answer.answered.is_stream;
    let length = answer.length.filter(|_| !is_stream);
    let (mut sink, stream) = match length {
        Some(length) => call.platform.streams.open_of_length(length),
        None => call.platform.streams.open(),
    };
    let is_coded = response
        .passed
        .iter()
        .any(|(name, _)| name == "content-encoding");
    if is_coded {
        response.header("cache-control", "no-store, no-transform");
        response.body = Body::Stream(stream);
    } else {
        streams(&mut response, stream);
    }
    let mut kept = run.kept(call, Some(status));
    call.later(Box::pin(async move {
        let passage = &run.passage;
        let mut passing = Passing::of_any_kind();
        let (outcome, end) = if is_stream {
            let outcome = passage
                .pass_stream(answer.answered, &mut passing, &mut *sink)
                .await;
            kept.tokens = passing.filter.usage().unwrap_or_default();
            let end = std::mem::take(&mut passing.filter).into_held();
            (outcome, end)
        } else {
            passage.pass_bytes(answer, &mut *sink).await
        };
        let key = key_ending(passage, &outcome, (status, "", None));
        let failure = outcome.result.as_ref().err();
        let is_whole = matches!(failure, None | Some(Failure::Status(_)));
        let (error, work) = match passage.settle(&outcome, key, kept).await {
            // Somebody else has ended it: what the record says is what is answered.
            Ok(Some(recorded)) if failure != Some(&recorded) => (Some(error_of(&recorded)), None),
            Ok(_) if is_whole => (None, None),
            Ok(_) => (failure.map(error_of), None),
            Err(unsettled) => (Some(unsettled.error), Some(unsettled.work)),
        };
        match error {
            None => passage.end_stream(&mut *sink, end).await,
            Some(error) if is_stream && failure != Some(&Failure::HungUp) => {
                let event = passing.behind(openai_errors::event(&error));
                passage.end_stream(&mut *sink, event).await;
            }
            // It can only be cut: what is short of its length, or has no end, is seen to have broken off.
            Some(_) => drop(sink),
        }
        if let Some(work) = work {
            work.await;
        }
    }));
    response
}

/// An answer of the upstream's, without its body.
fn passed_on(call: &Context<'_>, passage: &Passage, answer: &ServiceAnswer) -> Response {
    let status = StatusCode::from_u16(answer.answered.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = Response::empty(status);
    for (name, value) in &answer.headers {
        match name.as_str() {
            "content-type" => response.header("content-type", value),
            "vary" => response.vary(value),
            "location" => {
                let base = passage.admitted.base_url.as_deref().unwrap_or_default();
                let led = service_call::location(value, &answer.url, base, &prefix(call));
                if let Some(led) = led {
                    response.header("location", led);
                }
            }
            _ if service_call::comes_back(name, value) => {
                response.passed.push((name.clone(), value.clone()));
            }
            _ => {}
        }
    }
    sandbox(call, &mut response);
    response
}

/// What the paths of the service begin with, on the host that was called.
fn prefix(call: &Context<'_>) -> String {
    let host = call.request.header("host").unwrap_or_default();
    let domain = call.config.upstream_rules.services_domain();
    match domain.and_then(|domain| service_of_host(&host, domain)) {
        Some(_) => String::new(),
        None => format!("/services/{}", call.parameter("service_id")),
    }
}
