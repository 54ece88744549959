//! `/projects/{p}/schedules`: requests that the clock makes (contract section 5.7).

use crate::domain::json::object;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::api::labels::label_filter;
use crate::api::{Call, Context, OnProject};
use crate::domain::request_input::batch_items;
use crate::domain::{
    Cron, Description, Fields, IoType, Labels, ObjectName, ScheduleId, TargetKind, Text, Within,
};
use crate::error::Error;
use crate::gate::LONGEST_KEPT;
use crate::store::first_trip::Rider;
use crate::store::request_schedules::{
    self as schedules, Data, NewSchedule, Schedule, ScheduleChanges, ScheduledTarget,
};
use crate::store::rows::{Answers, JsonText};
use crate::web::patch::Patch;
use crate::web::response::Response;

/// Seconds that a request may take, unless something else is said.
const TIMEOUT: i64 = 14_400;

object! {
    /// The schedule to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct ScheduleCreate {
        /// Name of the schedule, unique in the project.
        pub name: ObjectName,
        /// Kind of object that the schedule makes requests to.
        pub object_type: TargetKind,
        /// Name of the deployment or pipeline.
        pub object_name: String,
        /// Name of the version of the deployment or pipeline; the default version if absent.
        pub version: Option<Text<1, 64>>,
        /// When the schedule makes requests: minute, hour, day of the month, month, day of the week, in UTC.
        pub schedule: Cron,
        /// Data that is sent with each request: an object of the input's fields where the input is structured.
        #[cfg_attr(
            not(target_arch = "wasm32"),
            schemars(with = "Option<serde_json::Value>")
        )]
        pub request_data: Option<Box<RawValue>>,
        /// Seconds that a request may take once it has begun; 14400 if absent.
        pub timeout: Option<Within<10, 345_600>>,
        /// Whether the schedule makes requests; true if absent.
        pub enabled: Option<bool>,
        /// Description of the schedule.
        pub description: Option<Description>,
        /// Labels of the schedule.
        pub labels: Option<Labels>,
    }
}

object! {
    /// Changes to a schedule; absent fields stay as they are.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct ScheduleUpdate {
        /// New name of the schedule.
        pub name: Patch<ObjectName>,
        /// When the schedule makes requests.
        pub schedule: Patch<Cron>,
        /// Data that is sent with each request; null sends no data.
        #[cfg_attr(
            not(target_arch = "wasm32"),
            schemars(with = "Patch<serde_json::Value>")
        )]
        pub request_data: Patch<Box<RawValue>>,
        /// Seconds that a request may take; null resets it to 14400.
        pub timeout: Patch<Within<10, 345_600>>,
        /// Whether the schedule makes requests.
        pub enabled: Patch<bool>,
        /// New description; null clears it.
        pub description: Patch<Description>,
        /// All labels of the schedule; null removes all labels.
        pub labels: Patch<Labels>,
    }
}

/// A schedule that makes requests at set times.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ScheduleList {
    /// Unique id of the schedule.
    pub id: String,
    /// Name of the schedule.
    pub name: String,
    /// Kind of object that the schedule makes requests to: `deployment` or `pipeline`.
    pub object_type: String,
    /// Name of the deployment or pipeline.
    pub object_name: String,
    /// Name of the version of the deployment or pipeline; null means the default version.
    pub version: Option<String>,
    /// When the schedule makes requests.
    pub schedule: String,
    /// Data that is sent with each request.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Option<serde_json::Value>")
    )]
    pub request_data: Option<JsonText>,
    /// Seconds that a request may take.
    pub timeout: i64,
    /// Whether the schedule makes requests; it stops after ten requests in a row were refused.
    pub enabled: bool,
    /// When the schedule was created.
    pub creation_date: String,
    /// Description of the schedule.
    pub description: String,
    /// Labels of the schedule.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Labels"))]
    pub labels: JsonText,
}

impl From<Schedule> for ScheduleList {
    fn from(schedule: Schedule) -> Self {
        Self {
            object_type: schedule.object_type,
            id: schedule.id.into(),
            name: schedule.name,
            object_name: schedule.object_name,
            version: schedule.version,
            schedule: schedule.schedule,
            request_data: schedule.request_data,
            timeout: schedule.timeout,
            enabled: schedule.enabled.0,
            creation_date: schedule.creation_date.0.to_zulu_string(),
            description: schedule.description,
            labels: schedule.labels,
        }
    }
}

/// What a schedule sends to its deployment or pipeline.
fn data(target: &ScheduledTarget, request_data: Option<&RawValue>) -> Result<Data, Error> {
    let io_type = IoType::of_bodies(&target.input_type, target.supports_request_format.0);
    let text = request_data.map_or(
        match io_type {
            IoType::Structured => "{}",
            IoType::Plain => "null",
        },
        RawValue::get,
    );
    if text.len() > LONGEST_KEPT {
        return Err(Error::invalid(
            "request_data: it is longer than 256 KiB, which is the longest that a schedule keeps",
        ));
    }
    let fields: Fields = target.input_fields.parse()?;
    // One item of a batch, which is no batch itself.
    let list = format!("[{text}]");
    let items = batch_items(io_type, &fields, list.as_bytes()).map_err(|invalid| {
        let sentence = invalid.to_string();
        let sentence = sentence.strip_prefix("[0]").unwrap_or(&sentence);
        Error::invalid(format!("request_data{sentence}"))
    })?;
    let item = items.into_iter().next();
    let item = item.ok_or_else(|| Error::inconsistent("a list of one has none"))?;
    Ok(Data {
        request_data: request_data.map(|data| data.get().to_owned()),
        content_type: item.content_type,
        body: item.text.into_owned(),
    })
}

/// `POST .../schedules`.
pub(crate) async fn create(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: ScheduleCreate = call.body().await?;
    let version = body.version.as_ref().map(Text::as_str);
    let (project, object_name) = (call.project(), body.object_name.as_str());
    let about = (body.object_type.name(), object_name, version);
    let target = schedules::target(call.connection, project, about).await?;
    let id = ScheduleId::from_random(call.random()?);
    let new = NewSchedule {
        id: &id,
        name: &body.name,
        object_name,
        version,
        schedule: &body.schedule,
        data: data(&target, body.request_data.as_deref())?,
        timeout: body.timeout.map_or(TIMEOUT, Within::get),
        enabled: body.enabled.unwrap_or(true),
        description: &body.description.unwrap_or_default(),
        labels: &body.labels.unwrap_or_default(),
    };
    let made = schedules::create(&call.change_context()?, project, &target, new).await?;
    Response::created(&ScheduleList::from(made))
}

/// `GET .../schedules`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let labels = label_filter(&call.query)?;
    let (project, slice) = (call.project(), call.slice()?);
    let found = schedules::list(call.connection, project, labels.as_deref(), &slice).await?;
    let listed = found.into_iter().map(ScheduleList::from);
    Response::list(listed)
}

/// What rides along: the schedule of the path.
pub(crate) fn riding(call: &Context<'_>) -> Result<Rider, Error> {
    Ok(schedules::riding(call.parameter("schedule_name")))
}

/// `GET .../schedules/{schedule_name}`.
pub(crate) async fn get(
    call: &mut Call<'_, OnProject>,
    ridden: Answers,
) -> Result<Response, Error> {
    let (found, _) = schedules::ridden(&ridden, call.parameter("schedule_name"))?;
    Response::ok(&ScheduleList::from(found))
}

/// `PATCH .../schedules/{schedule_name}`.
pub(crate) async fn update(
    call: &mut Call<'_, OnProject>,
    ridden: Answers,
) -> Result<Response, Error> {
    let body: ScheduleUpdate = call.body().await?;
    let (found, target) = schedules::ridden(&ridden, call.parameter("schedule_name"))?;
    let changes = ScheduleChanges {
        name: body.name.or_keep("name")?,
        schedule: body.schedule.or_keep("schedule")?,
        data: match &body.request_data {
            Patch::Absent => None,
            given => Some(data(&target, given.value().map(|value| &**value))?),
        },
        timeout: match body.timeout {
            Patch::Absent => None,
            Patch::Null => Some(TIMEOUT),
            Patch::Value(timeout) => Some(timeout.get()),
        },
        enabled: body.enabled.or_keep("enabled")?,
        description: body.description.or_default(),
        labels: body.labels.or_default(),
    };
    let about = (&found, &target);
    let updated =
        schedules::update(&call.change_context()?, call.project(), about, changes).await?;
    Response::ok(&ScheduleList::from(updated))
}

/// `DELETE .../schedules/{schedule_name}`.
pub(crate) async fn delete(
    call: &mut Call<'_, OnProject>,
    ridden: Answers,
) -> Result<Response, Error> {
    let (found, _) = schedules::ridden(&ridden, call.parameter("schedule_name"))?;
    schedules::delete(&call.change_context()?, call.project(), &found).await?;
    Ok(Response::no_content())
}
