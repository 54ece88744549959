//! `GET /projects/{p}/time-series/data`: what requests came to, step by step, as UbiOps' clients since 4.2.0 read it.
//!
//! What adds up is shown as a rate a second, or for `unit_period` seconds; a duration is the mean of its step.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::api::usage::UsagePoint;
use crate::api::{Call, Context, OnProject};
use crate::domain::time_series::{Measure, Metric, STEPS, Steps, UNITS, quotient};
use crate::domain::{Invalid, Timestamp, quoted};
use crate::error::Error;
use crate::store::time_series::{self, Step, Whose};
use crate::web::response::Response;

/// Without a start, a series begins so many milliseconds before its end: a day.
const USUAL: i64 = 86_400_000;

/// A time series of requests.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct TimeSeriesData<'a> {
    /// Name of the metric.
    pub metric: &'a str,
    /// Kind of metric: `delta` for a sum, which is shown as a rate; `gauge` for a mean.
    pub metric_type: &'static str,
    /// Unit of the metric.
    pub unit: &'static str,
    /// Start of the first step.
    pub start_date: String,
    /// End of the last step.
    pub end_date: String,
    /// Length of a step, in seconds.
    pub aggregation_period: i64,
    /// Labels that the series was narrowed to.
    pub labels: serde_json::Map<String, serde_json::Value>,
    /// All steps, with a value of 0 for steps without requests.
    pub data_points: Vec<UsagePoint<'a>>,
}

/// A number of seconds that is one of these.
fn seconds(text: &str, allowed: &[i64]) -> Result<i64, Invalid> {
    let number = text.parse().ok();
    number
        .filter(|number| allowed.contains(number))
        .ok_or_else(|| {
            let allowed: Vec<String> = allowed.iter().map(i64::to_string).collect();
            Invalid::new(format!(
                "{} is not one of {}",
                quoted(text),
                allowed.join(", ")
            ))
        })
}

/// The label by which a series is narrowed: its key and value.
fn label<'a>(call: &'a Context<'_>, metric: Metric) -> Result<Option<(&'a str, &'a str)>, Error> {
    let Some(text) = call.query.text("labels") else {
        return Ok(None);
    };
    let kind = metric.kind.name();
    let label = text.split_once(':').filter(|(key, _)| {
        key.strip_prefix(kind)
            .is_some_and(|rest| matches!(rest, "_id" | "_version_id"))
    });
    label.map(Some).ok_or_else(|| {
        Error::invalid(format!(
            "labels: {} is neither {kind}_version_id:<id> nor {kind}_id:<id>; a series of this metric is narrowed by one of these",
            quoted(text)
        ))
    })
}

/// `GET /projects/{p}/time-series/data`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let query = &call.query;
    let metric = query.parsed("metric", Metric::parse)?;
    let metric = metric.ok_or_else(|| {
        Error::invalid(
            "metric: it is missing; it says what is counted, as deployments.requests does",
        )
    })?;
    let end = query
        .parsed("end_date", Timestamp::parse)?
        .unwrap_or(call.now);
    let start = query.parsed("start_date", Timestamp::parse)?;
    let start = start.unwrap_or_else(|| end.plus_millis(-USUAL));
    if start > end {
        return Err(Error::invalid("start_date: it is after end_date"));
    }
    let step = query.parsed("aggregation_period", |text| seconds(text, &STEPS))?;
    let unit = query.parsed("unit_period", |text| seconds(text, &UNITS))?;
    let steps =
        Steps::of(start, end, step).map_err(|invalid| Error::field("start_date", &invalid))?;
    let label = label(call, metric)?;
    let whose = match label {
        None => Whose::Project,
        Some((key, id)) if key.ends_with("_version_id") => Whose::Version(id),
        Some((_, id)) => Whose::Target(id),
    };
    let about = (call.project().project_id.as_str(), whose);
    let found = time_series::read(call.connection, about, metric, steps).await?;
    let value = |step: &Step| value(metric, step, (unit.unwrap_or(1), steps.step / 1_000));
    let bounds: Vec<String> = (0..=steps.count)
        .map(|number| steps.at(number).to_offset_string())
        .collect();
    let mut data_points = Vec::with_capacity(bounds.len());
    for (number, pair) in (0..).zip(bounds.windows(2)) {
        let [start_date, end_date] = pair else {
            continue;
        };
        let step = found.iter().find(|step| step.number == number);
        let number = step.map_or_else(|| "0".to_owned(), value);
        data_points.push(UsagePoint {
            start_date,
            end_date,
            value: RawValue::from_string(number)
                .map_err(|error| Error::inconsistent(format!("a series: {error}")))?,
        });
    }
    let mut labels = serde_json::Map::new();
    if let Some((key, id)) = label {
        labels.insert(key.to_owned(), id.into());
    }
    Response::ok(&TimeSeriesData {
        metric: query.text("metric").unwrap_or_default(),
        metric_type: match metric.is_gauge() {
            true => "gauge",
            false => "delta",
        },
        unit: metric.unit,
        start_date: steps.at(0).to_offset_string(),
        end_date: steps.at(steps.count).to_offset_string(),
        aggregation_period: steps.step / 1_000,
        labels,
        data_points,
    })
}

/// The value of a step: a mean, or a rate for so many seconds of as many as it has.
fn value(metric: Metric, step: &Step, (unit, seconds): (i64, i64)) -> String {
    let whole = |number: i64| u128::try_from(number).unwrap_or_default();
    let rate =
        |total: i64, parts: u128| quotient(whole(total) * whole(unit), whole(seconds) * parts);
    match metric.measure {
        Measure::RequestDuration => quotient(whole(step.run_time), whole(step.requests) * 1_000),
        Measure::Credits => rate(step.credits, 1_000_000),
        Measure::InputVolume => rate(step.input_size, 1),
        Measure::OutputVolume => rate(step.output_size, 1),
        Measure::Requests => rate(step.requests, 1),
        Measure::FailedRequests => rate(step.failed_requests, 1),
    }
}
