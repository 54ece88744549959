//! What OpenAI's clients call: requests that are passed through, and the models that can be asked (contract section 5.6).
//!
//! The deployment stands in the body, so the body is read before anybody is looked up. What the upstream answers is passed
//! on, status and all; only where nothing whole came is the answer ours.

use std::rc::Rc;

use http::StatusCode;

use super::creating::{Ask, Judged, begin, judged, key_ending, overhead, streams};
use super::made::{OpenAiModel, OpenAiModels, additional_data};
use crate::api::{Call, Context, OnProject, OnTarget};
use crate::domain::event_stream::{Collected, Data, EventStream};
use crate::domain::{
    Labels, ModelId, Models, OpenAiBody, OpenAiPath, OpenAiStream, TokenUsage, WantedModel, quoted,
};
use crate::error::{Error, Reason};
use crate::gate::forward::Sending;
use crate::gate::pass_through::{Answered, Passing};
use crate::gate::settle::{Input, Kept};
use crate::gate::{Failure, Outcome, Passage};
use crate::store::admissions::{self, Admitted, Way};
use crate::store::first_trip::Rider;
use crate::store::models;
use crate::store::rows::Answers;
use crate::web::openai_errors;
use crate::web::response::{Body, LONGEST_BODY, Response};

/// Reads which model the body asks for: its deployment and version are those of the call from now on.
pub(crate) fn read_model(call: &mut Context<'_>) -> Result<(), Error> {
    let body = parsed(call)?;
    let id = ModelId::parse(body.model()).ok_or_else(|| {
        no_model(format!(
            "model: {} is no model; its form is ubiops-deployment/<deployment>/<version>/<name>",
            quoted(body.model())
        ))
    })?;
    let is_stream = body.is_stream();
    let version = id.version.clone().unwrap_or_default();
    call.parameters.extend([
        ("deployment_name", id.deployment.clone()),
        ("version", version),
    ]);
    call.model = Some(WantedModel { id, is_stream });
    Ok(())
}

fn parsed<'a>(call: &'a Context<'_>) -> Result<OpenAiBody<'a>, Error> {
    let body = call.body_first.as_deref().unwrap_or_default();
    OpenAiBody::parse(path_of(call)?, body).map_err(|invalid| Error::invalid(invalid.to_string()))
}

fn path_of(call: &Context<'_>) -> Result<OpenAiPath, Error> {
    OpenAiPath::of(call.path).ok_or_else(|| Error::inconsistent("no path that takes a model"))
}

fn no_model(sentence: String) -> Error {
    Error::not_found(sentence).because(Reason::NoSuchModel)
}

/// What rides on the first trip of a request.
pub(crate) fn admits(call: &Context<'_>) -> Result<Rider, Error> {
    Ok(admissions::rider(&Ask::of(call, Way::OpenAi)?.asked(call)))
}

/// `POST .../openai-compatible/v1/...`.
pub(crate) async fn create(
    call: &mut Call<'_, OnTarget>,
    ridden: Answers,
) -> Result<Response, Error> {
    let ask = Ask::of(call, Way::OpenAi)?;
    let admitted = match judged(call, &ask, &ridden)? {
        Judged::Admitted(admitted) => admitted,
        Judged::Answered(mut response) => {
            sandbox(call, &mut response);
            return Ok(response);
        }
    };
    let sent = sent(call, &admitted);
    call.body_first = None;
    let (passage, sent) = begin(call, &ask, *admitted, sent).await?;
    let run = Run {
        input: passage.input(&sent.sending),
        passage,
        route: call.path,
    };
    let below = path_of(call)?.below();
    match run.passage.ask(below, sent.sending).await {
        Err(outcome) => Err(run.fail(call, outcome).await),
        Ok(answered) if answered.is_stream => Ok(stream(call, run, answered, sent.hides_usage)),
        Ok(answered) => whole(call, run, answered).await,
    }
}

/// What is sent of a body, and what is to be known when its answer comes.
struct Sent {
    sending: Sending,
    hides_usage: bool,
}

/// What is sent of the body to a version that has the model.
fn sent(call: &Context<'_>, admitted: &Admitted) -> Result<Sent, Error> {
    let body = parsed(call)?;
    let asked = call
        .model
        .as_ref()
        .and_then(|model| model.id.name.as_deref());
    let version = &admitted.version;
    let labels: Labels = admitted.labels.parse()?;
    let models = Models::of(&labels).ok_or_else(|| {
        no_model(format!(
            "model: the version {} is not open to OpenAI's clients; its label openai-compatible would be true",
            quoted(version)
        ))
    })?;
    let model = models.choose(asked, version).ok_or_else(|| {
        no_model(format!(
            "model: the version {} has no model {}; its label openai-model-names names those that it has",
            quoted(version),
            quoted(asked.unwrap_or_default())
        ))
    })?;
    if admitted.base_url.is_none() {
        return Err(Error::not_found(format!(
            "the version {} has no base_url, so nothing can answer its model; set it with PUT .../upstream",
            quoted(version)
        )));
    }
    Ok(Sent {
        hides_usage: body.hides_usage(),
        sending: Sending {
            content_type: "application/json".to_owned(),
            body: Rc::new(body.for_upstream(model)),
            items: None,
        },
    })
}

/// A request that is under way.
struct Run {
    passage: Passage,
    route: &'static str,
    input: Option<Input>,
}

impl Run {
    /// What is kept of it, where the upstream answered with this status.
    fn kept<'a>(
        &'a self,
        status: Option<u16>,
        output: Option<(&'a str, &'a str)>,
        tokens: Option<TokenUsage>,
    ) -> Kept<'a> {
        Kept {
            input: self.input.as_ref(),
            output,
            tokens: tokens.unwrap_or_default(),
            additional_data: additional_data(self.route, status),
            ..Kept::default()
        }
    }

    /// Settles a request that came to nothing that could be passed on; answers what its caller is told.
    async fn fail(self, call: &Context<'_>, outcome: Outcome<()>) -> Error {
        let failure = outcome.result.as_ref().err().cloned();
        let error = error_of(&failure.unwrap_or(Failure::BrokeOff));
        let answer = openai_errors::to_response(&error);
        let (status, body) = (answer.status.as_u16(), answer.body.into_bytes());
        let key = key_ending(
            &self.passage,
            &outcome,
            (status, "application/json", std::str::from_utf8(&body).ok()),
        );
        let kept = self.kept(None, None, None);
        match self.passage.settle(&outcome, key, kept).await {
            Ok(recorded) => recorded.map_or(error, |recorded| error_of(&recorded)),
            Err(unsettled) => {
                call.later(unsettled.work);
                unsettled.error
            }
        }
    }
}

/// An answer that is held as a whole until its record is settled.
async fn whole(call: &Context<'_>, run: Run, answered: Answered) -> Result<Response, Error> {
    let (status, retry_after) = (answered.status, answered.retry_after.clone());
    let content_type = answered.content_type.clone();
    let (outcome, body) = run.passage.read(answered).await;
    if !matches!(outcome.result, Ok(()) | Err(Failure::Status(_))) {
        return Err(run.fail(call, outcome).await);
    }
    let text = std::str::from_utf8(&body).ok();
    let media_type = content_type.clone().unwrap_or_default();
    let key = key_ending(&run.passage, &outcome, (status, &media_type, text));
    let output = text.filter(|_| outcome.result.is_ok());
    let output = output.map(|text| (media_type.as_str(), text));
    let tokens = TokenUsage::of_answer(&body);
    let kept = run.kept(Some(status), output, tokens);
    match run.passage.settle(&outcome, key, kept).await {
        // Somebody else has ended it: what the record says is what is answered.
        Ok(Some(recorded)) if outcome.result.as_ref().err() != Some(&recorded) => {
            return Err(error_of(&recorded));
        }
        Ok(_) => {}
        Err(unsettled) => {
            call.later(unsettled.work);
            return Err(unsettled.error);
        }
    }
    let mut response = passed_on(call, status, content_type);
    if let Some(retry_after) = retry_after.filter(|_| matches!(status, 429 | 503)) {
        response.header("retry-after", retry_after);
    }
    if !body.is_empty() {
        response.body = Body::Bytes(body);
    }
    overhead(call, run.passage.admission, outcome.run_time, &mut response);
    Ok(response)
}

/// An answer that is passed on as it comes, up to its last event, which follows when the record is settled.
fn stream(call: &Context<'_>, run: Run, answered: Answered, hides_usage: bool) -> Response {
    let (status, content_type) = (answered.status, answered.content_type.clone());
    let mut response = passed_on(call, status, content_type.clone());
    let upstream = call.platform.clock.now().as_millis() - answered.begun.as_millis();
    overhead(call, run.passage.admission, upstream, &mut response);
    let (mut sink, stream) = call.platform.streams.open();
    streams(&mut response, stream);
    call.later(Box::pin(async move {
        let mut passing = Passing::new(OpenAiStream::new(hides_usage));
        let outcome = run
            .passage
            .pass_stream(answered, &mut passing, &mut *sink)
            .await;
        let failure = outcome.result.as_ref().err();
        let tokens = passing.filter.usage();
        let end = match failure {
            None => std::mem::take(&mut passing.filter).into_held(),
            Some(failure) => passing.behind(openai_errors::event(&error_of(failure))),
        };
        let copy = passing.copy_with(&end);
        let media_type = content_type.unwrap_or_default();
        let key = key_ending(
            &run.passage,
            &outcome,
            (status, &media_type, copy.as_deref()),
        );
        let output = copy.filter(|_| failure.is_none());
        let output = output.and_then(|copy| values(&copy));
        let output = output.as_deref().map(|values| ("application/json", values));
        let kept = run.kept(Some(status), output, tokens);
        let (end, work) = match run.passage.settle(&outcome, key, kept).await {
            // Somebody else has ended it: what the record says is what is answered.
            Ok(Some(recorded)) if failure != Some(&recorded) => {
                let event = openai_errors::event(&error_of(&recorded));
                (passing.behind(event), None)
            }
            Ok(_) => (end, None),
            Err(unsettled) => {
                let event = openai_errors::event(&unsettled.error);
                (passing.behind(event), Some(unsettled.work))
            }
        };
        if failure != Some(&Failure::HungUp) {
            run.passage.end_stream(&mut *sink, end).await;
        }
        if let Some(work) = work {
            work.await;
        }
    }));
    response
}

/// The values of a stream, as its request's result.
fn values(stream: &str) -> Option<String> {
    let mut events = EventStream::default();
    let mut collected = Collected::new(true);
    let mut found = events.push(stream.as_bytes()).ok()?;
    found.extend(events.finish());
    for data in found {
        if let Data::Value(value) = data {
            collected.push(&value);
        }
    }
    collected.into_json()
}

/// An answer of the upstream's, without its body.
fn passed_on(call: &Context<'_>, status: u16, content_type: Option<String>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = Response::empty(status);
    if let Some(content_type) = content_type {
        response.header("content-type", content_type);
    }
    sandbox(call, &mut response);
    response
}

/// What the types of that hold which a page can run or be dressed with.
const OF_PAGES: [&str; 3] = ["script", "css", "wasm"];

/// Keeps a page of somebody else's from being one of ours; and on a host that the console may have pages on, from being
/// shown at all, and from being a part of these (contract section 5.10).
pub(super) fn sandbox(call: &Context<'_>, response: &mut Response) {
    response.header("content-security-policy", "sandbox; default-src 'none'");
    let host = call.request.header("host").unwrap_or_default();
    if call.config.upstream_rules.may_have_console(&host) {
        let is_of = |name: &str| name == "content-disposition";
        let is_attached = response.passed.iter().any(|(name, value)| {
            is_of(name)
                && value
                    .trim_start()
                    .to_ascii_lowercase()
                    .starts_with("attachment")
        });
        if !is_attached {
            response.passed.retain(|(name, _)| !is_of(name));
            response.header("content-disposition", "attachment");
        }
        for (name, value) in &mut response.headers {
            let sent = value.to_ascii_lowercase();
            if *name == "content-type" && OF_PAGES.iter().any(|part| sent.contains(part)) {
                *value = "application/octet-stream".to_owned();
            }
        }
    }
}

/// What the caller is told of a failure that is not the upstream's own answer.
pub(super) fn error_of(failure: &Failure) -> Error {
    let sentence = failure.to_string();
    match failure {
        Failure::TimedOut(_) | Failure::Silent(_) => Error::upstream_too_slow(sentence),
        Failure::CreditsUsedUp => Error::forbidden(sentence),
        _ => Error::upstream_failed(sentence),
    }
}

/// `GET .../openai-compatible/v1/models`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let project = call.project();
    let holds_all = call.is_organization_admin;
    let found = models::list(
        call.connection,
        &call.authority,
        holds_all,
        &project.project_id,
    )
    .await?;
    let mut data = Vec::new();
    let mut length = 0;
    for version in found {
        let models = Models::named(version.names.as_deref());
        for id in models.ids(&version.deployment, &version.version) {
            // A few bytes make many ids.
            length += id.len() + project.project_name.len();
            if length > LONGEST_BODY {
                return Err(models::too_many());
            }
            data.push(OpenAiModel {
                id,
                object: "model",
                created: version.creation_date.0.as_millis() / 1_000,
                owned_by: project.project_name.clone(),
            });
        }
    }
    let list = Response::ok(&OpenAiModels {
        object: "list",
        data,
    });
    list.map_err(|_| models::too_many())
}
