//! `POST .../pipelines/{name}/requests` and `.../requests/stream`: a request runs a pipeline (contract section 5.7).
//!
//! It is admitted on the first trip, as one to a deployment is, and all that it runs is read with that; what cannot be run,
//! and what its caller may not request, ends by taking the record away again, before the first object runs.

use super::creating::{
    Answer, Ask, EVENT_STREAM, Judged, OfPipeline, begin, checked, overhead, refused_or_replayed,
    streams,
};
use crate::api::{Call, Context, OnTarget};
use crate::domain::Content;
use crate::domain::event_stream::{PING, last_line};
use crate::error::Error;
use crate::gate::pipeline::AT_ONCE;
use crate::gate::settle::Input;
use crate::gate::{Failure, Passage};
use crate::store::admissions::Way;
use crate::store::first_trip::Rider;
use crate::store::pipeline_requests::{self, Plan};
use crate::store::rows::Answers;
use crate::web::response::Response;

/// What rides on the first trip of a direct request.
pub(crate) fn admits_direct(call: &Context<'_>) -> Result<Rider, Error> {
    admits(call, Way::Direct)
}

/// The same of a streamed one.
pub(crate) fn admits_stream(call: &Context<'_>) -> Result<Rider, Error> {
    admits(call, Way::Stream)
}

fn admits(call: &Context<'_>, way: Way) -> Result<Rider, Error> {
    let deployment_timeout = Ask::deployment_timeout(call)?;
    let ask = Ask::of(call, way)?;
    Ok(pipeline_requests::rider(
        &ask.asked(call),
        deployment_timeout,
    ))
}

/// A request that has been admitted, with all that it runs.
struct Begun {
    passage: Passage,
    plan: Plan,
    input: Content,
    kept: Option<Input>,
    deployment_timeout: Option<i64>,
}

/// The request, or the answer that it has already.
async fn begun(
    call: &mut Call<'_, OnTarget>,
    ridden: &Answers,
    way: Way,
) -> Result<Result<Begun, Response>, Error> {
    let deployment_timeout = Ask::deployment_timeout(call)?;
    let ask = Ask::of(call, way)?;
    let admission = pipeline_requests::judge(ridden, &ask.asked(call))?;
    let admitted = match refused_or_replayed(call, &ask, admission)? {
        Judged::Admitted(admitted) => admitted,
        Judged::Answered(response) => return Ok(Err(response)),
    };
    let planned = pipeline_requests::plan(ridden, &admitted);
    let planned = planned.and_then(|plan| Ok((plan, checked(call, &admitted)?)));
    let (passage, (plan, sending)) = begin(call, &ask, *admitted, planned).await?;
    let kept = passage.input(&sending);
    Ok(Ok(Begun {
        passage,
        plan,
        input: sending.content(),
        kept,
        deployment_timeout,
    }))
}

/// `POST .../requests`.
pub(crate) async fn create(
    call: &mut Call<'_, OnTarget>,
    ridden: Answers,
) -> Result<Response, Error> {
    let begun = match begun(call, &ridden, Way::Direct).await? {
        Ok(begun) => begun,
        Err(response) => return Ok(response),
    };
    let (passage, began) = (&begun.passage, begun.passage.admission);
    let run = passage.run_pipeline(&begun.plan, begun.input, begun.deployment_timeout, AT_ONCE);
    let run = run.await;
    for work in run.later {
        call.later(work);
    }
    let of_pipeline = OfPipeline {
        made: &run.made,
        deployment_timeout: begun.deployment_timeout,
    };
    let mut answer = Answer::of_pipeline(passage, &run.outcome, of_pipeline);
    let body = match answer.settled(&run.outcome, begun.kept.as_ref()).await {
        Ok(body) => body,
        Err(unsettled) => {
            call.later(unsettled.work);
            return Err(unsettled.error);
        }
    };
    let mut response = Response::of_json_text(body);
    overhead(call, began, run.upstream_time, &mut response);
    Ok(response)
}

/// `POST .../requests/stream`: the one line that says what came of it, and until then lines that say nothing.
pub(crate) async fn stream(
    call: &mut Call<'_, OnTarget>,
    ridden: Answers,
) -> Result<Response, Error> {
    let begun = match begun(call, &ridden, Way::Stream).await? {
        Ok(begun) => begun,
        Err(response) => return Ok(response),
    };
    let mut response = Response::empty(http::StatusCode::OK);
    let (mut sink, stream) = call.platform.streams.open();
    call.later(Box::pin(async move {
        let passage = &begun.passage;
        let run = passage.run_pipeline(&begun.plan, begun.input, begun.deployment_timeout, AT_ONCE);
        let run = passage.pinging(run, &mut *sink, PING).await;
        let of_pipeline = OfPipeline {
            made: &run.made,
            deployment_timeout: begun.deployment_timeout,
        };
        let mut answer = Answer::of_pipeline(passage, &run.outcome, of_pipeline);
        let settled = answer.settled(&run.outcome, begun.kept.as_ref()).await;
        let mut later = run.later;
        let line = match settled {
            Ok(line) => line,
            Err(unsettled) => {
                later.push(unsettled.work);
                let sentence = unsettled.error.sentence().to_owned();
                answer.fail(Some(Failure::Recorded(sentence)));
                answer.text()
            }
        };
        if !matches!(run.outcome.result, Err(Failure::HungUp)) {
            passage.end_stream(&mut *sink, last_line(&line)).await;
        }
        crate::platform::all(later).await;
    }));
    response.header("content-type", EVENT_STREAM);
    streams(&mut response, stream);
    Ok(response)
}
