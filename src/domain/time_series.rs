//! Time series of what requests came to: metrics by their names with UbiOps, and steps in which they are counted.

use super::{Invalid, TargetKind, Timestamp, quoted};

/// So many points has a series at most: a day by minute, and some more.
pub const MOST_POINTS: i64 = 1_500;
/// Seconds in a step.
pub const STEPS: [i64; 7] = [60, 300, 900, 3_600, 7_200, 21_600, 86_400];
/// Seconds for which a rate may be given.
pub const UNITS: [i64; 4] = [1, 60, 3_600, 86_400];

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Credits that requests cost.
    Credits,
    /// Bytes that were sent.
    InputVolume,
    /// Bytes that were answered.
    OutputVolume,
    /// How long a request ran.
    RequestDuration,
    /// How many requests there were.
    Requests,
    /// How many of them failed.
    FailedRequests,
}

/// The measures, by name and unit.
const MEASURES: [(&str, &str, Measure); 6] = [
    ("credits", "credits", Measure::Credits),
    ("input_volume", "bytes", Measure::InputVolume),
    ("output_volume", "bytes", Measure::OutputVolume),
    ("request_duration", "seconds", Measure::RequestDuration),
    ("requests", "requests", Measure::Requests),
    ("failed_requests", "requests", Measure::FailedRequests),
];

/// A metric: a measure of the requests to deployments, or to pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// To what.
    pub kind: TargetKind,
    /// Which measure.
    pub measure: Measure,
    /// Its unit.
    pub unit: &'static str,
}

impl Metric {
    /// Reads `deployments.requests` and its like.
    ///
    /// # Errors
    /// A sentence that lists all that there are.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let (kind, name) = match text.split_once('.') {
            Some(("deployments", name)) => (TargetKind::Deployment, name),
            Some(("pipelines", name)) => (TargetKind::Pipeline, name),
            _ => (TargetKind::Deployment, ""),
        };
        let known = MEASURES.iter().find(|(known, ..)| *known == name);
        // A pipeline's credits are its deployments'.
        let known = known
            .filter(|(.., measure)| kind == TargetKind::Deployment || *measure != Measure::Credits);
        let (_, unit, measure) = known.ok_or_else(|| {
            Invalid::new(format!(
                "{} is not a metric here; there are deployments.requests, .failed_requests, .request_duration, \
                 .input_volume, .output_volume and .credits, and the same but credits of pipelines",
                quoted(text)
            ))
        })?;
        Ok(Self {
            kind,
            measure: *measure,
            unit,
        })
    }

    /// Whether it is a mean, and no rate.
    #[must_use]
    pub fn is_gauge(self) -> bool {
        self.measure == Measure::RequestDuration
    }
}

/// Steps of equal length from a start on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// The start, in milliseconds since the epoch: a multiple of the step.
    pub start: i64,
    /// The length of one, in milliseconds.
    pub step: i64,
    /// How many there are.
    pub count: i64,
}

impl Steps {
    /// Those that hold a period, of so many seconds, or else of as few as a series can have points for.
    ///
    /// # Errors
    /// A sentence, where there would be too many.
    pub fn of(start: Timestamp, end: Timestamp, seconds: Option<i64>) -> Result<Self, Invalid> {
        let of = |seconds: i64| {
            let step = seconds * 1_000;
            let first = start.as_millis().div_euclid(step);
            // What ends with a step has none behind it, and no period is without one.
            let last = (end.as_millis() - 1)
                .max(start.as_millis())
                .div_euclid(step);
            Self {
                start: first * step,
                step,
                count: last - first + 1,
            }
        };
        let fits = |steps: &Self| steps.count <= MOST_POINTS;
        let found = match seconds {
            Some(seconds) => Some(of(seconds)).filter(fits),
            None => STEPS.into_iter().map(of).find(fits),
        };
        found.ok_or_else(|| {
            let seconds = seconds.unwrap_or(86_400);
            Invalid::new(format!(
                "the period has {} steps of {seconds} seconds, and at most {MOST_POINTS} are shown; ask for a shorter \
                 period, or for longer steps with aggregation_period",
                of(seconds).count
            ))
        })
    }

    /// The start of the step of this number; of the one behind the last, the end.
    #[must_use]
    pub fn at(self, number: i64) -> Timestamp {
        Timestamp::from_millis(self.start + number * self.step)
    }
}

/// A quotient as a JSON number, to twelve decimals; 0 where there is nothing to divide by.
#[must_use]
pub fn quotient(numerator: u128, denominator: u128) -> String {
    const SCALE: u128 = 1_000_000_000_000;
    let scaled = (numerator * SCALE + denominator / 2)
        .checked_div(denominator)
        .unwrap_or(0);
    let whole = u64::try_from(scaled / SCALE).unwrap_or(u64::MAX);
    let rest = u64::try_from(scaled % SCALE).unwrap_or_default();
    let number = format!("{whole}.{rest:012}");
    number
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_metric_has_its_name_with_ubiops() {
        for (text, measure) in [
            ("deployments.requests", Measure::Requests),
            ("pipelines.request_duration", Measure::RequestDuration),
            ("deployments.credits", Measure::Credits),
        ] {
            assert_eq!(Metric::parse(text).unwrap().measure, measure);
        }
        for text in [
            "requests",
            "pipelines.credits",
            "deployments.",
            "custom.x",
            "deployments.instances",
        ] {
            let refusal = Metric::parse(text).unwrap_err().to_string();
            assert!(refusal.contains("is not a metric here"), "{refusal}");
        }
    }

    #[test]
    fn a_quotient_is_a_short_decimal() {
        for (numerator, denominator, expected) in [
            (0, 60, "0"),
            (0, 0, "0"),
            (7, 0, "0"),
            (120, 60, "2"),
            (1, 60, "0.016666666667"),
            (999_999, 1_000_000, "0.999999"),
            (1, 86_400_000_000_000_000, "0"),
            (u128::from(u64::MAX), 1, "18446744073709551615"),
        ] {
            assert_eq!(quotient(numerator, denominator), expected);
        }
    }

    #[test]
    fn a_series_has_1500_points_at_most_and_the_shortest_steps_that_fit() {
        let of = |seconds: i64, chosen| {
            Steps::of(
                Timestamp::from_millis(0),
                Timestamp::from_millis(seconds * 1_000),
                chosen,
            )
        };
        let steps = [60, 300, 900, 3_600, 7_200, 21_600, 86_400];
        assert_eq!(STEPS, steps);
        assert_eq!(UNITS, [1, 60, 3_600, 86_400]);
        for (at, step) in steps.into_iter().enumerate() {
            let most = of(step * 1_500, None).unwrap();
            assert_eq!((most.step, most.count), (step * 1_000, 1_500));
            let more = of(step * 1_500 + 1, None)
                .ok()
                .map(|more| more.step / 1_000);
            assert_eq!(more, steps.get(at + 1).copied());
            assert_eq!(of(step * 1_500, Some(step)).unwrap().count, 1_500);
            let refusal = of(step * 1_500 + 1, Some(step)).unwrap_err().to_string();
            assert!(refusal.contains("has 1501 steps"), "{refusal}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_of_the_period_lies_in_a_step(
            start in 0_i64..2_000_000_000_000, length in 0_i64..200_000_000_000, at in 0_i64..200_000_000_000,
            chosen in proptest::option::of(proptest::sample::select(STEPS.to_vec())),
        ) {
            let period = [start, start + length].map(Timestamp::from_millis);
            if let Ok(steps) = Steps::of(period[0], period[1], chosen) {
                prop_assert!((1..=MOST_POINTS).contains(&steps.count));
                prop_assert!(steps.at(0) <= period[0] && period[0] < steps.at(1));
                prop_assert!(steps.at(steps.count) >= period[1]);
                prop_assert!(length == 0 || steps.at(steps.count - 1) < period[1]);
                let at = start + at % length.max(1);
                let number = (at - steps.start) / steps.step;
                prop_assert!((0..steps.count).contains(&number));
            } else {
                let day = chosen.unwrap_or(86_400) * 1_000;
                prop_assert!(length / day + 2 > MOST_POINTS);
            }
        }
    }
}
