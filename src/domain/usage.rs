//! Usage: what can be measured, and the intervals and series in which a report lists it.
//!
//! Everything is counted in whole days, in UTC, and in integers: millionths of a credit, or bytes. A report covers a
//! [`Period`] of days that [`Period::of_report`] reads from the query (contract section 4, "Usage reports"), cuts it
//! into [`Intervals`], and shows each [`Series`] with one value an interval, 0 where nothing was used. A series is cut
//! from days, so it adds up whatever the cut.

use super::json;
use super::subscription_period::period_containing;
use super::wire::json_enum;
use super::{Invalid, Timestamp};

const MILLIS_PER_DAY: i64 = 86_400_000;
/// The day 9999-12-31, the last one that a date can name; a report ends with the day before it.
const LAST_DAY: i64 = 2_932_896;
/// So many intervals has a report at most: ten years by day.
pub const MAX_INTERVALS: usize = 3_660;

/// The day that an instant lies in, counted from 1970-01-01.
#[must_use]
pub fn day_of(at: Timestamp) -> i64 {
    at.as_millis() / MILLIS_PER_DAY
}

json_enum! {
    /// Kind of object whose usage is measured.
    ObjectType: "an object type" {
        /// A version of a deployment.
        DeploymentVersion = "deployment_version",
        /// A version of a pipeline.
        PipelineVersion = "pipeline_version",
    }
}

json_enum! {
    /// What is measured.
    Metric: "a metric" {
        /// Credits, in millionths; for deployment versions only: the credits of a pipeline are those of its
        /// deployments.
        Credits = "credits",
        /// Size of the input, in bytes.
        InputVolume = "input_volume",
        /// Size of the output, in bytes.
        OutputVolume = "output_volume",
    }
}

json_enum! {
    /// Length of the intervals of a report.
    Interval: "an interval" {
        /// Intervals of one day.
        Day = "day",
        /// Intervals of one month, counted from the first day of the report.
        Month = "month",
    }
}

/// What is measured, in the order in which it stands side by side.
pub const METRICS: [Metric; 3] = [Metric::Credits, Metric::InputVolume, Metric::OutputVolume];

/// Every pair of object type and metric that is measured, in the order of the older clients' reports (UbiOps spec 3.4).
pub const MEASURES: [(ObjectType, Metric); 5] = [
    (ObjectType::DeploymentVersion, Metric::Credits),
    (ObjectType::DeploymentVersion, Metric::InputVolume),
    (ObjectType::DeploymentVersion, Metric::OutputVolume),
    (ObjectType::PipelineVersion, Metric::InputVolume),
    (ObjectType::PipelineVersion, Metric::OutputVolume),
];

/// Days from a first one up to, and without, an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first day.
    pub start: i64,
    /// The day after its last one; always later than the first.
    pub end: i64,
}

/// What a report's query says about its dates.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dates {
    /// `start_date`.
    pub start: Option<Timestamp>,
    /// `end_date`.
    pub end: Option<Timestamp>,
}

/// Why a report has no period: the parameter at fault, and what is wrong with it.
pub type Refusal = (&'static str, Invalid);

impl Period {
    /// The period of a report: the present subscription period unless the query has dates. A start is floored and an
    /// end raised to midnight, and equal dates mean that day; a missing end is now, a missing start the start of the
    /// subscription period that holds the last moment before the end.
    ///
    /// # Errors
    /// The parameter that is at fault: a start after the end, or a day that no answer can name.
    pub fn of_report(
        dates: Dates,
        subscription_start: Timestamp,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let subscribed = |at: Timestamp| {
            let (first, end) = period_containing(subscription_start, at);
            (day_of(first), raised(end))
        };
        if dates.start.is_none() && dates.end.is_none() {
            let (start, end) = subscribed(now);
            return Self::checked(start, end.min(LAST_DAY));
        }
        let end_at = dates.end.unwrap_or(now);
        if let Some(start) = dates.start
            && start > end_at
        {
            let end = match dates.end {
                Some(end) => format!("end_date, {}", end.to_offset_string()),
                None => "now, and without end_date a report ends now".to_owned(),
            };
            let sentence = format!("{} is after {end}", start.to_offset_string());
            return Err(("start_date", Invalid::new(sentence)));
        }
        let end = raised(end_at);
        match dates.start {
            Some(start) => Self::checked(day_of(start), end.max(day_of(start) + 1)),
            None => {
                let last = end_at.plus_millis(-1);
                let (start, _) = subscribed(last);
                Self::checked(start, end.max(start + 1))
            }
        }
    }

    fn checked(start: i64, end: i64) -> Result<Self, Refusal> {
        if end > LAST_DAY || start >= end {
            let sentence = "a report cannot reach beyond the year 9999";
            return Err(("end_date", Invalid::new(sentence)));
        }
        Ok(Self { start, end })
    }

    /// How many days it has.
    #[must_use]
    pub fn days(self) -> i64 {
        self.end - self.start
    }
}

/// The day at whose midnight a period ends that ends at this instant.
fn raised(at: Timestamp) -> i64 {
    (at.as_millis() + MILLIS_PER_DAY - 1) / MILLIS_PER_DAY
}

/// A report's period, cut into intervals without gap or overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intervals {
    interval: Interval,
    /// The first day of each, and the end of the last.
    bounds: Vec<i64>,
}

impl Intervals {
    /// Cuts a period: by day, or by month from its start, each month beginning on the same day as the first (or on the
    /// last that the month has) and the last one cut at the end.
    ///
    /// # Errors
    /// More than [`MAX_INTERVALS`].
    pub fn cut(period: Period, interval: Interval) -> Result<Self, Invalid> {
        let too_many = || {
            Invalid::new(format!(
                "by {interval} there are more than {MAX_INTERVALS} of them from {} to {}; ask for a shorter period",
                date(period.start),
                date(period.end)
            ))
        };
        let start = midnight(period.start);
        let mut bounds = vec![period.start];
        let mut at = period.start;
        while at < period.end {
            if bounds.len() > MAX_INTERVALS {
                return Err(too_many());
            }
            let next = match interval {
                Interval::Day => at + 1,
                Interval::Month => day_of(period_containing(start, midnight(at)).1),
            };
            at = next.max(at + 1).min(period.end);
            bounds.push(at);
        }
        Ok(Self { interval, bounds })
    }

    /// The step.
    #[must_use]
    pub fn interval(&self) -> Interval {
        self.interval
    }

    /// How many there are; never none.
    #[must_use]
    pub fn count(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Period> + '_ {
        let ends = self.bounds.iter().skip(1);
        let pairs = self.bounds.iter().zip(ends);
        pairs.map(|(&start, &end)| Period { start, end })
    }

    /// All of them together.
    #[must_use]
    pub fn period(&self) -> Period {
        let (start, end) = (self.bounds.first(), self.bounds.last());
        // There are two bounds at least, so the defaults are never taken.
        Period {
            start: start.copied().unwrap_or_default(),
            end: end.copied().unwrap_or_default(),
        }
    }

    /// Each as `[first day, end]`, in JSON for a statement; days need none, since each is its own sum.
    #[must_use]
    pub fn to_sum(&self) -> String {
        let periods: Vec<(i64, i64)> = match self.interval {
            Interval::Day => Vec::new(),
            Interval::Month => self
                .iter()
                .map(|period| (period.start, period.end))
                .collect(),
        };
        json::text(&periods)
    }

    /// A series of zeros.
    #[must_use]
    pub fn zeros(&self) -> Series {
        Series(vec![0; self.count()])
    }

    /// Reads a series as the store writes it: see [`side_by_side`](Self::side_by_side).
    #[must_use]
    pub fn series(&self, text: &str) -> Option<Series> {
        let [series] = self.side_by_side(text)?;
        Some(series)
    }

    /// Reads series that stand side by side, as lists parted by `;`: the first days of intervals, then the values of each
    /// series in these. In an interval that is not among them a series is 0.
    #[must_use]
    pub fn side_by_side<const N: usize>(&self, text: &str) -> Option<[Series; N]> {
        let mut all = std::array::from_fn(|_| self.zeros());
        if text.is_empty() {
            return Some(all);
        }
        let (days, mut lists) = text.split_once(';')?;
        for Series(values) in &mut all {
            let (list, rest) = lists.split_once(';').unwrap_or((lists, ""));
            let mut written = list.split(',');
            for day in days.split(',') {
                let interval = self.bounds.binary_search(&day.parse().ok()?).ok()?;
                *values.get_mut(interval)? = written.next()?.parse().ok()?;
            }
            if written.next().is_some() {
                return None;
            }
            lists = rest;
        }
        lists.is_empty().then_some(all)
    }
}

/// One value an interval. A day's value is at most 2^53 - 1 and an interval has at most 31 days, so none overflows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series(Vec<i64>);

impl Series {
    /// Its values, in the order of the intervals.
    #[must_use]
    pub fn values(&self) -> &[i64] {
        &self.0
    }

    /// Takes another series of the same intervals away, value by value; none, if that had more anywhere.
    #[must_use]
    pub fn without(mut self, other: &Self) -> Option<Self> {
        for (value, taken) in self.0.iter_mut().zip(&other.0) {
            *value = value.checked_sub(*taken).filter(|left| *left >= 0)?;
        }
        Some(self)
    }
}

/// The midnight with which a day begins.
#[must_use]
pub fn midnight(day: i64) -> Timestamp {
    Timestamp::from_millis(day.saturating_mul(MILLIS_PER_DAY))
}

fn date(day: i64) -> String {
    midnight(day).to_date_string()
}

/// `2019-08-01T00:00:00Z`: a bound of an interval, as the clients' documentation has it (UbiOps spec 3.4).
#[must_use]
pub fn bound(day: i64) -> String {
    format!("{}T00:00:00Z", date(day))
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
