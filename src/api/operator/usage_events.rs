//! `/operator/v1/usage-events`: what was used, as the operator's meters report it.

use crate::domain::json::object;
use crate::domain::numbered::Numbered;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::api::Call;
use crate::domain::usage::{Metric, ObjectType};
use crate::domain::{Credits, Invalid, ObjectName, SAFE_INTEGER, Text, Timestamp, quoted};
use crate::error::Error;
use crate::store::usage_events::{self, Event, MAX_EVENTS};
use crate::web::response::Response;

object! {
    /// A usage event: an amount of something that a version used.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct UsageEvent {
        /// Id of the event, chosen by the reporter; an event is counted once under its id.
        pub id: Text<1, 128>,
        /// Name of the project.
        pub project: ObjectName,
        /// Kind of object that used something.
        pub object_type: ObjectType,
        /// Name of the deployment or pipeline.
        pub object_name: Text<1, 64>,
        /// Name of the version of the deployment or pipeline.
        pub version: Text<1, 64>,
        /// What was measured; `credits` for deployment versions only.
        pub metric: Metric,
        /// Amount: credits, kept to a millionth, or whole bytes.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "f64", range(min = 0)))]
        pub value: Box<RawValue>,
        /// When the usage happened; may be before the project was created.
        pub timestamp: Timestamp,
    }
}

/// Numbers of events that were new and that were already known.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct UsageEventsCounted {
    /// Number of events that were counted now.
    pub accepted: usize,
    /// Number of events that had been counted before.
    pub duplicates: usize,
}

/// `POST /operator/v1/usage-events`.
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Response, Error> {
    let sent: Vec<UsageEvent> = call.list().await?;
    if sent.len() > MAX_EVENTS {
        return Err(Error::invalid(format!(
            "the body has {} events; at most {MAX_EVENTS} are taken at once",
            sent.len()
        )));
    }
    let events = once_each(&sent)?;
    let repeated = sent.len() - events.len();
    let counted = usage_events::import(
        call.connection,
        &call.authority,
        call.now,
        call.request_id,
        &events,
        repeated,
    )
    .await?;
    Response::ok(&UsageEventsCounted {
        accepted: counted.accepted,
        duplicates: counted.duplicates,
    })
}

/// The events of a report, each id once.
fn once_each(sent: &[UsageEvent]) -> Result<Vec<Event<'_>>, Error> {
    let mut events: Vec<Event<'_>> = Vec::with_capacity(sent.len());
    let mut ids = Numbered::default();
    for (index, event) in sent.iter().enumerate() {
        let event = read(index, event)?;
        match events.get(ids.number(event.id)) {
            None => events.push(event),
            Some(earlier)
                if Event {
                    index,
                    ..earlier.clone()
                } == event => {}
            Some(_) => return Err(usage_events::contradiction(index, event.id)),
        }
    }
    Ok(events)
}

fn read(index: usize, sent: &UsageEvent) -> Result<Event<'_>, Error> {
    let refuse =
        |field: &str, invalid: &Invalid| Error::field(&format!("[{index}].{field}"), invalid);
    if (sent.object_type, sent.metric) == (ObjectType::PipelineVersion, Metric::Credits) {
        let sentence = "a pipeline's credits are its deployments', and are reported as theirs";
        return Err(refuse("metric", &Invalid::new(sentence)));
    }
    let value = match sent.metric {
        Metric::Credits => Credits::parse(sent.value.get()).map(Credits::as_millionths),
        Metric::InputVolume | Metric::OutputVolume => bytes(sent.value.get()),
    };
    Ok(Event {
        index,
        id: sent.id.as_str(),
        project: sent.project.as_str(),
        object_type: sent.object_type,
        object_name: sent.object_name.as_str(),
        version: sent.version.as_str(),
        metric: sent.metric,
        value: value.map_err(|invalid| refuse("value", &invalid))?,
        timestamp: sent.timestamp.as_millis(),
    })
}

/// A number of bytes.
fn bytes(number: &str) -> Result<i64, Invalid> {
    match number.parse() {
        Ok(bytes @ 0..=SAFE_INTEGER) => Ok(bytes),
        _ => Err(Invalid::new(format!(
            "{} is not a whole number of bytes from 0 to {SAFE_INTEGER}",
            quoted(number)
        ))),
    }
}
