//! Usage reports of organizations and projects.
//!
//! Clients since 4.2.0 read an object of credits by project or deployment version, older ones a list of every measure;
//! which it is goes by `User-Agent` (UbiOps spec sections 2, 3.4 and 3.7). Any member of an organization may read its
//! report, which names its projects; a project's needs `projects.usage.get`.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::api::{Call, Context, OnOrganization, OnProject};
use crate::domain::credits::CreditTotal;
use crate::domain::usage::{
    self as domain, Dates, Interval, Intervals, Metric, ObjectType, Period, Series,
};
use crate::domain::{Invalid, Timestamp};
use crate::error::Error;
use crate::store::usage::{self, Measured};
use crate::web::client::reads_usage_as_a_list;
use crate::web::response::Response;

/// The usage report of an organization.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub enum OrganizationUsageReport<'a> {
    /// Credits by project.
    ByProject(OrganizationUsage<'a>),
    /// All metrics, for clients before 4.2.0.
    ByMeasure(Vec<Usage<'a>>),
}

/// The usage report of a project.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub enum ProjectUsageReport<'a> {
    /// Credits by version of the project's deployments.
    ByVersion(ProjectUsage<'a>),
    /// All metrics, for clients before 4.2.0.
    ByMeasure(Vec<Usage<'a>>),
}

/// Usage of an organization in credits: the usage of its projects and deleted projects adds up to it, interval by
/// interval.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OrganizationUsage<'a> {
    /// Length of the intervals of the report.
    pub interval: Interval,
    /// Usage of the organization.
    pub data_organization: Points<'a>,
    /// Usage of each project of the organization, by name.
    pub data_projects: Vec<OrganizationProjectUsage<'a>>,
    /// Usage of all deleted projects together.
    pub data_deleted_projects: Points<'a>,
}

/// Usage of a project, in the report of its organization.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct OrganizationProjectUsage<'a> {
    /// Id of the project.
    pub project_id: &'a str,
    /// Name of the project.
    pub project_name: &'a str,
    /// Usage in each interval.
    pub data: Points<'a>,
}

/// Usage of a project in credits: the usage of its deployments and deleted deployments adds up to it, interval by
/// interval.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ProjectUsage<'a> {
    /// Length of the intervals of the report.
    pub interval: Interval,
    /// Usage of the project.
    pub data_project: Points<'a>,
    /// Usage of each version of each deployment of the project.
    pub data_deployments: Vec<DeploymentVersionUsage<'a>>,
    /// Usage of all deleted deployments and versions together.
    pub data_deleted_deployments: Points<'a>,
}

/// Usage of a version of a deployment.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct DeploymentVersionUsage<'a> {
    /// Id of the deployment.
    pub deployment_id: &'a str,
    /// Name of the deployment.
    pub deployment_name: &'a str,
    /// Id of the version.
    pub version_id: &'a str,
    /// Name of the version.
    pub version: &'a str,
    /// Usage in each interval.
    pub data: Points<'a>,
}

/// Usage by one metric, for clients before 4.2.0.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Usage<'a> {
    /// Kind of object that used something.
    pub object_type: ObjectType,
    /// Metric that was measured.
    pub metric: Metric,
    /// Usage in each interval.
    pub usage: Points<'a>,
}

/// One interval of a usage report or time series.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct UsagePoint<'a> {
    /// Start of the interval.
    pub start_date: &'a str,
    /// End of the interval, which is not part of it.
    pub end_date: &'a str,
    /// Value in the interval: credits, exact to a millionth, bytes, or the unit of the time series.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "f64"))]
    pub value: Box<RawValue>,
}

/// A series with the bounds of its intervals; a list of [`UsagePoint`], written as one text.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    openings: &'a [String],
    metric: Metric,
    series: &'a Series,
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Points<'_> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "UsagePoints".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<UsagePoint<'static>>::json_schema(generator)
    }
}

impl Serialize for Points<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(self.openings.len() * POINT_LENGTH + 2);
        let mut before = '[';
        for (opening, value) in self.openings.iter().zip(self.series.values()) {
            text.push(before);
            before = ',';
            text.push_str(opening);
            match self.metric {
                Metric::Credits => CreditTotal(*value).push_to(&mut text),
                Metric::InputVolume | Metric::OutputVolume => text.push_str(&value.to_string()),
            }
            text.push('}');
        }
        text.push(']');
        let points = RawValue::from_string(text).map_err(S::Error::custom)?;
        points.serialize(serializer)
    }
}

/// About the length of a [`UsagePoint`] in JSON, in bytes.
const POINT_LENGTH: usize = 96;

/// A report's intervals, and how the point of each begins: with its bounds, the same in every series.
struct Frame {
    intervals: Intervals,
    openings: Vec<String>,
}

impl Frame {
    /// The intervals that the query asks for (contract section 4, "Usage reports").
    fn of(call: &Context<'_>, subscription_start: Timestamp) -> Result<Self, Error> {
        let refuse = |(name, invalid): (&str, Invalid)| Error::field(name, &invalid);
        let dates = Dates {
            start: call.query.parsed("start_date", Timestamp::parse)?,
            end: call.query.parsed("end_date", Timestamp::parse)?,
        };
        let interval = call.query.parsed("interval", Interval::parse)?;
        let period = Period::of_report(dates, subscription_start, call.now).map_err(refuse)?;
        let intervals = Intervals::cut(period, interval.unwrap_or(Interval::Month))
            .map_err(|invalid| refuse(("interval", invalid)))?;
        let openings = intervals
            .iter()
            .map(|Period { start, end }| {
                let (start, end) = (domain::bound(start), domain::bound(end));
                format!(r#"{{"start_date":"{start}","end_date":"{end}","value":"#)
            })
            .collect();
        Ok(Self {
            intervals,
            openings,
        })
    }

    fn points<'a>(&'a self, metric: Metric, series: &'a Series) -> Points<'a> {
        Points {
            openings: &self.openings,
            metric,
            series,
        }
    }

    fn credits<'a>(&'a self, series: &'a Series) -> Points<'a> {
        self.points(Metric::Credits, series)
    }

    /// The series of the older clients.
    fn by_measure<'a>(&'a self, measures: &'a [Measured]) -> Vec<Usage<'a>> {
        let usage = |measured: &'a Measured| Usage {
            object_type: measured.object_type,
            metric: measured.metric,
            usage: self.points(measured.metric, &measured.series),
        };
        measures.iter().map(usage).collect()
    }

    /// A report with so many series.
    fn respond(&self, report: &impl Serialize, series: usize) -> Result<Response, Error> {
        let length = (series + 1) * (self.openings.len() + 4) * POINT_LENGTH;
        let mut response = Response::ok_of_length(report, length)?;
        response.vary("User-Agent");
        Ok(response)
    }
}

/// `GET /organizations/{organization_name}/usage`.
pub(crate) async fn of_organization(
    call: &mut Call<'_, OnOrganization>,
) -> Result<Response, Error> {
    let organization = call.organization();
    let frame = Frame::of(call, organization.organization_subscription_start_date.0)?;
    let id = &organization.organization_id;
    if reads_usage_as_a_list(call.request) {
        let measures = usage::measures(call.connection, id.any(), &frame.intervals).await?;
        let report = OrganizationUsageReport::ByMeasure(frame.by_measure(&measures));
        return frame.respond(&report, measures.len());
    }
    let credits = usage::credits_of_organization(call.connection, id, &frame.intervals).await?;
    let parts = credits.parts.iter();
    let projects = parts.map(|(project, series)| OrganizationProjectUsage {
        project_id: project.id.as_str(),
        project_name: &project.name,
        data: frame.credits(series),
    });
    let report = OrganizationUsageReport::ByProject(OrganizationUsage {
        interval: frame.intervals.interval(),
        data_organization: frame.credits(&credits.whole),
        data_projects: projects.collect(),
        data_deleted_projects: frame.credits(&credits.deleted),
    });
    frame.respond(&report, credits.parts.len() + 2)
}

/// `GET /projects/{project_name}/usage`.
pub(crate) async fn of_project(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let project = call.project();
    let frame = Frame::of(call, project.subscription_start(call.now))?;
    if reads_usage_as_a_list(call.request) {
        let measures =
            usage::measures(call.connection, project.project_id.any(), &frame.intervals).await?;
        let report = ProjectUsageReport::ByMeasure(frame.by_measure(&measures));
        return frame.respond(&report, measures.len());
    }
    let credits = usage::credits_of_project(call.connection, project, &frame.intervals).await?;
    let parts = credits.parts.iter();
    let versions = parts.map(|(version, series)| DeploymentVersionUsage {
        deployment_id: version.deployment_id.as_str(),
        deployment_name: &version.deployment_name,
        version_id: version.version_id.as_str(),
        version: &version.version,
        data: frame.credits(series),
    });
    let report = ProjectUsageReport::ByVersion(ProjectUsage {
        interval: frame.intervals.interval(),
        data_project: frame.credits(&credits.whole),
        data_deployments: versions.collect(),
        data_deleted_deployments: frame.credits(&credits.deleted),
    });
    frame.respond(&report, credits.parts.len() + 2)
}
