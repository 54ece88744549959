//! `POST .../requests/batch`: requests that wait for their turn (contract section 5.7).

use std::rc::Rc;

use super::creating::{Ask, Judged, in_order, refused_or_replayed};
use super::made::RequestBatchCreateResponse;
use super::records::forget;
use crate::api::{Call, Context, OnTarget};
use crate::domain::json;
use crate::domain::request_input::{self, BatchItem};
use crate::domain::{Fields, IoType, RecordId, TargetKind};
use crate::error::Error;
use crate::gate::{LONGEST_KEPT, settle};
use crate::platform::Platform;
use crate::store::admissions::Way;
use crate::store::batches::{self, Input, Item};
use crate::store::first_trip::Rider;
use crate::store::items as waiting;
use crate::store::requests::payloads::{self, Part};
use crate::store::rows::Answers;
use crate::web::response::Response;

/// What is due is offered again after so many milliseconds, where a queue has been told of it.
const OFFERED_AGAIN: i64 = 60_000;
/// For so many seconds a payload is kept beside the database for a request before its end: its day of waiting, the longest
/// time that it may run, and some more.
const WAITS_AND_RUNS: i64 = 86_400 + 345_600 + 3_600;

/// What rides on the first trip.
pub(crate) fn reads_input(call: &Context<'_>) -> Result<Rider, Error> {
    let version = Some(call.parameter("version")).filter(|version| !version.is_empty());
    let kind = match call.parameter("pipeline_name").is_empty() {
        true => TargetKind::Deployment,
        false => TargetKind::Pipeline,
    };
    Ok(batches::rider(kind, version))
}

/// Queues the requests of a list, all or none.
pub(crate) async fn create(
    call: &mut Call<'_, OnTarget>,
    ridden: Answers,
) -> Result<Response, Error> {
    let mut ask = Ask::of(call, Way::Batch)?;
    let deployment_timeout = Ask::deployment_timeout(call)?;
    let input = batches::ridden(&ridden, call.target().kind)?;
    let input = input.ok_or_else(|| call.target().no_version(ask.version()))?;
    let body = call.body_first.take().unwrap_or_default();
    let bodies = bodies(&input, &body)?;
    if let Some(limit) = call.per_minute
        && i64::try_from(bodies.len()).is_ok_and(|items| items > limit)
    {
        return Err(Error::invalid(format!(
            "the list has {} requests, and {limit} a minute are allowed; send it in parts",
            bodies.len()
        )));
    }
    ask.stands_for(bodies.len());
    let mut items = Vec::with_capacity(bodies.len());
    for (place, body) in bodies.into_iter().enumerate() {
        items.push(Item {
            id: match place {
                0 => ask.record_id().clone(),
                _ => RecordId::at(call.now, &random(call, place)?),
            },
            content_type: body.content_type.to_owned(),
            size: body.text.len(),
            body: Some(body.text.into_owned()),
            kv_key: None,
        });
    }
    drop(body);
    let long = long_ones(call, &mut items)?;
    let time_created = call.now.to_offset_string();
    let made = items.iter().map(|item| {
        RequestBatchCreateResponse::of(
            call.target(),
            &input.version,
            item.id.as_str(),
            &time_created,
        )
    });
    let answer = json::to_string(&made.collect::<Vec<_>>())
        .map_err(|error| Error::inconsistent(format!("a batch: {error}")))?;
    let due = match call.platform.queue {
        Some(_) => call.now.plus_millis(OFFERED_AGAIN),
        None => call.now,
    };
    let project = call.project();
    let place = (project.project_name.as_str(), call.target());
    let asked = ask.asked(call);
    let refused = batches::create(
        call.connection,
        &call.authority,
        place,
        &asked,
        deployment_timeout,
        (&items, &answer, due),
    );
    if let Some(admission) = refused.await? {
        return match refused_or_replayed(call, &ask, admission)? {
            Judged::Answered(response) => Ok(response),
            Judged::Admitted(_) => Err(Error::inconsistent("a batch was admitted like a request")),
        };
    }
    let seconds = WAITS_AND_RUNS + input.retention_time;
    if let Err(words) = put(call.platform, &long, seconds).await {
        let statements = batches::withdrawing(&call.project().project_id, &items);
        call.later(settle::repeated(call.connection, call.platform, statements));
        forget(call, long.into_iter().map(|(key, _)| key).collect());
        return Err(Error::unavailable(words));
    }
    call.count_permits(i64::try_from(items.len()).unwrap_or(i64::MAX));
    let platform = Rc::clone(call.platform);
    let project_id = &call.project().project_id;
    let messages = items
        .iter()
        .map(|item| waiting::message(project_id, &item.id));
    let messages: Vec<String> = messages.collect();
    call.later(Box::pin(async move {
        if let Some(queue) = &platform.queue {
            // What is not sent now is offered by the scheduled run.
            let _ = queue.send(messages).await;
        }
    }));
    Ok(Response::of_json_text(answer))
}

fn random(call: &Context<'_>, place: usize) -> Result<[u8; 10], Error> {
    let mut bytes = [0; 10];
    let filled = call.platform.entropy.fill(&mut bytes);
    filled.map_err(Error::unavailable)?;
    // A batch has no more than 250.
    in_order(&mut bytes, u8::try_from(place).unwrap_or(u8::MAX));
    Ok(bytes)
}

fn bodies<'a>(input: &Input, body: &'a [u8]) -> Result<Vec<BatchItem<'a>>, Error> {
    let io_type = IoType::of_bodies(&input.input_type, input.supports_request_format.0);
    let fields: Fields = input.input_fields.parse()?;
    request_input::batch_items(io_type, &fields, body)
        .map_err(|invalid| Error::invalid(invalid.to_string()))
}

/// Takes out what is too long for a row: it is put beside the database once the records are there, so nobody who is refused
/// puts anything.
fn long_ones(
    call: &Call<'_, OnTarget>,
    items: &mut [Item],
) -> Result<Vec<(String, String)>, Error> {
    let mut long = Vec::new();
    for (place, item) in items.iter_mut().enumerate() {
        let Some(text) = item.body.take_if(|text| text.len() > LONGEST_KEPT) else {
            continue;
        };
        if call.platform.payloads.is_none() {
            return Err(Error::invalid(format!(
                "[{place}]: it is longer than 256 KiB, and this installation keeps no longer ones until their turn"
            )));
        }
        let key = payloads::key(&call.project().project_id, &item.id, Part::Input);
        item.kv_key = Some(key.clone());
        long.push((key, text));
    }
    Ok(long)
}

/// Puts texts beside the database, under their keys, all at once. Each is waited for, also where one has failed: what nobody waits
/// for the runtime ends with the call.
async fn put(platform: &Platform, texts: &[(String, String)], seconds: i64) -> Result<(), String> {
    let Some(store) = &platform.payloads else {
        return Ok(());
    };
    let begun: Vec<_> = texts
        .iter()
        .map(|(key, text)| store.put(key, text, seconds))
        .collect();
    let mut outcome = Ok(());
    for putting in begun {
        outcome = outcome.and(putting.await);
    }
    outcome
}
