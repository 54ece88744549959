use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn day(text: &str) -> i64 {
    day_of(at(text))
}

fn days(start: &str, end: &str) -> Period {
    Period {
        start: day(start),
        end: day(end),
    }
}

/// The period of a report asked for on 1 December 2020 in an organization whose subscription started on 20 November.
fn report(start: Option<&str>, end: Option<&str>) -> Result<Period, (&'static str, String)> {
    let dates = Dates {
        start: start.map(at),
        end: end.map(at),
    };
    Period::of_report(
        dates,
        at("2020-11-20T10:00:00Z"),
        at("2020-12-01T15:30:00Z"),
    )
    .map_err(|(name, invalid)| (name, invalid.to_string()))
}

fn cut(period: Period, interval: Interval) -> Vec<String> {
    let intervals = Intervals::cut(period, interval).unwrap();
    intervals
        .iter()
        .map(|period| format!("{}..{}", date(period.start), date(period.end)))
        .collect()
}

#[test]
fn without_dates_a_report_covers_the_present_subscription_period() {
    assert_eq!(report(None, None), Ok(days("2020-11-20", "2020-12-20")));
}

#[test]
fn with_both_dates_a_report_covers_exactly_them() {
    let period = report(Some("2020-11-12"), Some("2020-12-12"));
    assert_eq!(period, Ok(days("2020-11-12", "2020-12-12")));
}

#[test]
fn a_start_is_floored_and_an_end_raised_to_midnight() {
    let period = report(
        Some("2020-11-12T23:59:59.999Z"),
        Some("2020-12-12T00:00:00.001Z"),
    );
    assert_eq!(period, Ok(days("2020-11-12", "2020-12-13")));
    // Midnight is UTC's, wherever the caller lives.
    let period = report(
        Some("2020-11-12T23:00:00-02:00"),
        Some("2020-12-12T01:00:00+01:00"),
    );
    assert_eq!(period, Ok(days("2020-11-13", "2020-12-12")));
}

#[test]
fn equal_dates_mean_that_day() {
    for same in [
        "2020-11-12",
        "2020-11-12T12:00:00Z",
        "2020-11-12T23:59:59.999Z",
    ] {
        let period = report(Some(same), Some(same));
        assert_eq!(period, Ok(days("2020-11-12", "2020-11-13")), "{same}");
    }
}

#[test]
fn a_missing_end_is_now() {
    assert_eq!(
        report(Some("2020-11-12"), None),
        Ok(days("2020-11-12", "2020-12-02"))
    );
}

#[test]
fn a_missing_start_is_that_of_the_period_that_holds_the_end() {
    assert_eq!(
        report(None, Some("2021-02-03")),
        Ok(days("2021-01-20", "2021-02-03"))
    );
    // An end at midnight belongs to the day before: the whole period, not the first day of the next.
    assert_eq!(
        report(None, Some("2020-12-20")),
        Ok(days("2020-11-20", "2020-12-20"))
    );
    assert_eq!(
        report(None, Some("2020-12-20T00:00:00.001Z")),
        Ok(days("2020-12-20", "2020-12-21"))
    );
    // Before the subscription began its rhythm is carried backwards.
    assert_eq!(
        report(None, Some("2020-03-05")),
        Ok(days("2020-02-20", "2020-03-05"))
    );
}

#[test]
fn a_start_after_the_end_is_refused_by_its_name() {
    let (name, sentence) = report(Some("2020-12-13"), Some("2020-12-12")).unwrap_err();
    assert_eq!(name, "start_date");
    assert!(
        sentence.contains("after end_date, 2020-12-12"),
        "{sentence}"
    );
    let (name, sentence) = report(Some("2020-12-02"), None).unwrap_err();
    assert_eq!(name, "start_date");
    assert!(sentence.contains("after now"), "{sentence}");
    // The same day, but not the same time of it.
    assert!(report(Some("2020-11-12T12:00:00Z"), Some("2020-11-12T11:00:00Z")).is_err());
}

#[test]
fn a_report_ends_before_the_last_day_that_a_date_can_name() {
    assert!(report(Some("9999-12-01"), Some("9999-12-31")).is_ok());
    let (name, _) = report(Some("9999-12-01"), Some("9999-12-31T00:00:00.001Z")).unwrap_err();
    assert_eq!(name, "end_date");
    let (name, _) = report(Some("9999-12-31"), Some("9999-12-31")).unwrap_err();
    assert_eq!(name, "end_date");
    assert!(report(Some("1970-01-01"), Some("1970-01-01")).is_ok());
    assert!(report(None, Some("1970-01-01")).is_ok());
    // The present period is cut where its end could not be named, and of its last day nothing is left.
    let present = |start: &str, now: &str| {
        let dates = Dates {
            start: None,
            end: None,
        };
        Period::of_report(dates, at(start), at(now)).map_err(|(name, _)| name)
    };
    let cut = present("2020-01-20", "9999-12-25");
    assert_eq!(cut, Ok(days("9999-12-20", "9999-12-31")));
    assert_eq!(present("2020-01-31", "9999-12-31"), Err("end_date"));
}

#[test]
fn months_step_from_the_start_and_the_last_is_cut_at_the_end() {
    assert_eq!(
        cut(days("2020-11-12", "2021-01-20"), Interval::Month),
        [
            "2020-11-12..2020-12-12",
            "2020-12-12..2021-01-12",
            "2021-01-12..2021-01-20"
        ]
    );
    assert_eq!(
        cut(days("2024-01-31", "2024-05-01"), Interval::Month),
        [
            "2024-01-31..2024-02-29",
            "2024-02-29..2024-03-31",
            "2024-03-31..2024-04-30",
            "2024-04-30..2024-05-01"
        ]
    );
    assert_eq!(
        cut(days("2019-08-01", "2019-09-01"), Interval::Month),
        ["2019-08-01..2019-09-01"]
    );
}

#[test]
fn every_day_is_listed() {
    assert_eq!(
        cut(days("2024-02-28", "2024-03-02"), Interval::Day),
        [
            "2024-02-28..2024-02-29",
            "2024-02-29..2024-03-01",
            "2024-03-01..2024-03-02"
        ]
    );
}

#[test]
fn ten_years_by_day_are_the_most() {
    let decade = days("2015-01-01", "2025-01-01");
    assert_eq!(
        Intervals::cut(decade, Interval::Day).unwrap().count(),
        3_653
    );
    let decades = days("2005-01-01", "2025-01-01");
    let sentence = Intervals::cut(decades, Interval::Day)
        .unwrap_err()
        .to_string();
    assert!(sentence.contains("more than 3660"), "{sentence}");
    assert_eq!(
        Intervals::cut(decades, Interval::Month).unwrap().count(),
        240
    );
    let most = Period {
        start: 0,
        end: 3_660,
    };
    assert_eq!(
        Intervals::cut(most, Interval::Day).unwrap().count(),
        MAX_INTERVALS
    );
    let one_more = Period {
        start: 0,
        end: 3_661,
    };
    assert!(Intervals::cut(one_more, Interval::Day).is_err());
    let all_time = days("1970-01-01", "9999-12-31");
    assert!(Intervals::cut(all_time, Interval::Month).is_err());
}

/// The first three days of 2024.
fn three_days() -> Intervals {
    Intervals::cut(days("2024-01-01", "2024-01-04"), Interval::Day).unwrap()
}

#[test]
fn a_series_is_read_whole_or_not_at_all() {
    let intervals = three_days();
    let read = |text: &str| {
        intervals
            .series(text)
            .map(|series| series.values().to_vec())
    };
    assert_eq!(read(""), Some(vec![0, 0, 0]));
    assert_eq!(read("19725,19723;7,5"), Some(vec![5, 0, 7]));
    for text in [
        "19726;1",
        "19722;1",
        "19723",
        "19723;",
        "19723;x",
        "x;0",
        ";0",
        ";",
        "19723;1,2",
        "19723,19724;1",
        "19723;1;2",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn series_side_by_side_are_as_many_as_are_asked_for() {
    let intervals = three_days();
    let [first, second] = intervals.side_by_side("19725,19723;7,5;1,0").unwrap();
    assert_eq!(first.values(), [5, 0, 7]);
    assert_eq!(second.values(), [0, 0, 1]);
    for text in ["19723;1", "19723;1;2;3", "19723;1;", "19726;1;1"] {
        assert_eq!(intervals.side_by_side::<2>(text), None, "{text}");
    }
}

#[test]
fn more_than_there_is_cannot_be_taken_away() {
    let intervals = Intervals::cut(days("2024-01-01", "2024-01-03"), Interval::Day).unwrap();
    let whole = intervals.series("19723,19724;5,5").unwrap();
    let rest = whole
        .clone()
        .without(&intervals.series("19723,19724;5,2").unwrap());
    assert_eq!(rest.unwrap().values(), [0, 3]);
    assert_eq!(whole.without(&intervals.series("19724;6").unwrap()), None);
}

#[test]
fn a_name_is_read_as_it_is_written() {
    for metric in Metric::ALL {
        assert_eq!(Metric::parse(metric.name()), Ok(*metric));
        assert_eq!(serde_json::to_value(metric).unwrap(), metric.name());
    }
    let sentence = Interval::parse("week").unwrap_err().to_string();
    assert_eq!(
        sentence,
        "'week' is not an interval; it is one of day, month"
    );
}

/// What SQLite does with the days of a report, and the reading of what it answers.
fn summed(intervals: &Intervals, usage: &[(i64, i64)]) -> Series {
    let sum = |start: i64, end: i64| -> i64 {
        let days = usage.iter().filter(|(day, _)| (start..end).contains(day));
        days.map(|(_, value)| value).sum()
    };
    let Period { start, end } = intervals.period();
    let months: Vec<(i64, i64)> = serde_json::from_str(&intervals.to_sum()).unwrap();
    let periods: Vec<(i64, i64)> = match intervals.interval() {
        Interval::Day => (start..end).map(|day| (day, day + 1)).collect(),
        Interval::Month => months,
    };
    let list = |of: &dyn Fn(&(i64, i64)) -> i64| -> String {
        let texts: Vec<String> = periods
            .iter()
            .map(|period| of(period).to_string())
            .collect();
        texts.join(",")
    };
    let text = format!(
        "{};{}",
        list(&|(start, _)| *start),
        list(&|(start, end)| sum(*start, *end))
    );
    intervals.series(&text).unwrap()
}

proptest! {
    #[test]
    fn intervals_tile_their_period(start in 0..20_000_i64, length in 1..3_000_i64, by_day: bool) {
        let period = Period { start, end: start + length };
        let interval = if by_day { Interval::Day } else { Interval::Month };
        let intervals = Intervals::cut(period, interval).unwrap();
        let mut at = start;
        for (number, one) in intervals.iter().enumerate() {
            prop_assert_eq!(one.start, at);
            let is_last = number + 1 == intervals.count();
            match interval {
                Interval::Day => prop_assert_eq!(one.days(), 1),
                Interval::Month => prop_assert!((28..=31).contains(&one.days()) || (is_last && one.days() < 32)),
            }
            at = one.end;
        }
        prop_assert_eq!(at, period.end);
    }

    #[test]
    fn every_month_but_the_last_begins_on_the_day_of_the_first(start in 0..20_000_i64, length in 1..3_000_i64) {
        let intervals = Intervals::cut(Period { start, end: start + length }, Interval::Month).unwrap();
        let day_of_month = |day: i64| date(day)[8..].parse::<u32>().unwrap();
        for one in intervals.iter() {
            let month_end = day_of_month(one.start + 1) == 1;
            let same = day_of_month(one.start) == day_of_month(start);
            prop_assert!(same || (month_end && day_of_month(one.start) < day_of_month(start)));
        }
    }

    #[test]
    fn usage_adds_up_whatever_the_events_and_the_cut(
        usage in prop::collection::vec((0..800_i64, 0..=9_007_199_254_740_991_i64 / 1_000), 0..40),
        start in 0..400_i64, length in 1..400_i64, at in 0..400_i64,
    ) {
        let total = |period: Period, interval| -> i128 {
            let intervals = Intervals::cut(period, interval).unwrap();
            summed(&intervals, &usage).values().iter().map(|value| i128::from(*value)).sum()
        };
        let period = Period { start, end: start + length };
        let used: i128 = usage.iter()
            .filter(|(day, _)| (period.start..period.end).contains(day))
            .map(|(_, value)| i128::from(*value)).sum();
        prop_assert_eq!(total(period, Interval::Day), used);
        prop_assert_eq!(total(period, Interval::Month), used);
        // Any split of the period into two adds up to the same.
        let middle = start + 1 + at % length;
        if middle < period.end {
            let parts = [Period { end: middle, ..period }, Period { start: middle, ..period }];
            let sum: i128 = parts.iter().map(|part| total(*part, Interval::Month)).sum();
            prop_assert_eq!(sum, used);
        }
    }

    #[test]
    fn any_dates_are_read_or_refused_by_name(
        start in prop::option::of(0..253_402_300_799_999_i64), end in prop::option::of(0..253_402_300_799_999_i64),
        subscribed in 0..253_402_300_799_999_i64, now in 0..253_402_300_799_999_i64,
    ) {
        let dates = Dates { start: start.map(Timestamp::from_millis), end: end.map(Timestamp::from_millis) };
        let (subscribed, now) = (Timestamp::from_millis(subscribed), Timestamp::from_millis(now));
        match Period::of_report(dates, subscribed, now) {
            Ok(period) => {
                prop_assert!(period.start < period.end);
                if let Some(start) = dates.start {
                    prop_assert_eq!(period.start, day_of(start));
                }
                if let Some(end) = dates.end {
                    prop_assert!(midnight(period.end) >= end);
                }
            }
            Err((name, _)) => prop_assert!(["start_date", "end_date"].contains(&name)),
        }
    }
}
