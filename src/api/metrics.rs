//! `GET /metrics`: figures of the installation and of this isolate, in Prometheus' text format 0.0.4.

use http::StatusCode;

use crate::api::Call;
use crate::error::Error;
use crate::platform::counters;
use crate::store::health::{self, Figures};
use crate::web::response::{Body, Response};

/// So many of each kind are counted at most, and the oldest request that waits is looked for in so many projects.
const LOOKED_AT: (i64, i64) = (10_000, 1_000);

/// A metric without labels.
const ONE: &[&str] = &[""];
const BY_OUTCOME: &[&str] = &[",outcome=\"completed\"", ",outcome=\"failed\""];

/// So many samples are of the installation: the first says whether the database answered, the others are read from it.
const OF_INSTALLATION: usize = 12;

/// The metrics: their names, what is said of them, and the labels of their samples. Counters are of this isolate, whose name
/// stands in front of their labels.
static METRICS: &[(&str, &str, &[&str])] = &[
    (
        "database_up",
        "Whether the database answered this scrape.",
        ONE,
    ),
    (
        "scheduled_run_age_seconds",
        "Time since the last scheduled run.",
        ONE,
    ),
    (
        "requests_under_way",
        "Requests under way, 10000 at most, by whether their lease ended 3 minutes ago or earlier.",
        &["{lease=\"held\"}", "{lease=\"ended\"}"],
    ),
    (
        "requests_waiting",
        "Requests that wait, 10000 at most.",
        ONE,
    ),
    (
        "requests_overdue_seconds",
        "For how long the oldest request that waits has been due.",
        ONE,
    ),
    (
        "requests_waited_seconds",
        "Age of the oldest of the requests that are due next in their project.",
        ONE,
    ),
    (
        "webhooks_under_way",
        "Webhook events that are being told, 10000 at most.",
        ONE,
    ),
    (
        "webhooks_waiting",
        "Webhook events that wait, 10000 at most.",
        ONE,
    ),
    (
        "webhooks_overdue_seconds",
        "For how long the oldest webhook event that waits has been due.",
        ONE,
    ),
    (
        "webhooks_waited_seconds",
        "Age of the oldest webhook event that was never tried.",
        ONE,
    ),
    (
        "schedules_late",
        "Schedules due for 3 minutes or longer, 10000 at most.",
        ONE,
    ),
    (
        "calls_total",
        "Calls that this isolate answered.",
        &[
            ",status=\"2xx\"",
            ",status=\"3xx\"",
            ",status=\"4xx\"",
            ",status=\"5xx\"",
        ],
    ),
    ("call_seconds_total", "Time that calls took.", ONE),
    (
        "database_round_trips_total",
        "Round trips to the database that calls made.",
        ONE,
    ),
    (
        "database_failures_total",
        "Round trips to the database that failed.",
        ONE,
    ),
    (
        "database_seconds_total",
        "Time that round trips took in the database.",
        ONE,
    ),
    (
        "gate_requests_total",
        "Requests that went through the gate, those of objects of pipelines among them.",
        BY_OUTCOME,
    ),
    (
        "gate_request_seconds_total",
        "Time that requests ran.",
        BY_OUTCOME,
    ),
];

/// `GET /metrics`. It answers while the database does not, and says so.
pub(crate) async fn show(call: &mut Call<'_>) -> Result<Response, Error> {
    let figures = health::figures(call.connection, call.request_id, LOOKED_AT, call.now).await;
    let of_installation = figures.map_or_else(
        |error| {
            call.notes.error(error);
            let mut absent = [-1; OF_INSTALLATION];
            absent[0] = 0;
            absent
        },
        values,
    );
    let isolate = counters::isolate(call.request_id.as_str());
    let mut response = Response::empty(StatusCode::OK);
    response.header("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = Body::Bytes(written(of_installation, isolate).into_bytes());
    Ok(response)
}

/// In the order of [`METRICS`]; what there is not is below 0.
fn values(figures: Figures) -> [i64; OF_INSTALLATION] {
    [
        1,
        figures.run_age.unwrap_or(-1),
        figures.held,
        figures.ended,
        figures.requests,
        figures.requests_overdue,
        figures.requests_waited,
        figures.webhooks_held,
        figures.webhooks,
        figures.webhooks_overdue,
        figures.webhooks_waited,
        figures.schedules,
    ]
}

fn written(of_installation: [i64; OF_INSTALLATION], isolate: u32) -> String {
    let mut gauges = of_installation.iter();
    let mut counted = counters::counted().into_iter();
    let mut text = String::new();
    for (name, help, labels) in METRICS {
        let is_counter = name.ends_with("_total");
        let kind = if is_counter { "counter" } else { "gauge" };
        text += &format!("# HELP tenantry_{name} {help}\n# TYPE tenantry_{name} {kind}\n");
        for label in *labels {
            if is_counter {
                let value = counted.next().unwrap_or_default();
                let (whole, fraction) = if name.ends_with("_seconds_total") {
                    (value / 1_000_000, format!(".{:06}", value % 1_000_000))
                } else {
                    (value, String::new())
                };
                text +=
                    &format!("tenantry_{name}{{isolate=\"{isolate}\"{label}}} {whole}{fraction}\n");
            } else if let Some(value) = gauges.next().filter(|value| **value >= 0) {
                text += &format!("tenantry_{name}{label} {value}\n");
            }
        }
    }
    text
}
