//! The periods in which a subscription's credits are counted.
//!
//! A period runs from the day of the month on which the subscription started to the same day of the next month, at
//! midnight in UTC. It stays anchored to that day: one that started on 31 January has periods from 31 January, 28 (or
//! 29) February, 31 March (contract section 4). Start with [`period_containing`].

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime};

use super::time::Timestamp;

/// The period of a subscription started at `start` in which `at` lies: its first instant, and the first one after it.
///
/// An `at` before the start lies in a period too, of the same rhythm carried backwards. Both ends are held at the
/// ends of the years 1970 to 9999.
#[must_use]
pub fn period_containing(start: Timestamp, at: Timestamp) -> (Timestamp, Timestamp) {
    let (anchor, day) = (day_of(start), day_of(at));
    let months = months_between(anchor, day);
    // In the month of `at` the period's day may be still to come.
    let first = if boundary(anchor, months) > at {
        months - 1
    } else {
        months
    };
    (boundary(anchor, first), boundary(anchor, first + 1))
}

/// The first instants of the periods in which `at` lies, of subscriptions started on the 1st, the 2nd, ... the 31st of a
/// month: a period hangs on nothing else of the start. Every request needs them, so the calendar is asked for the two
/// months in question, and not for each of the days.
#[must_use]
pub fn present_starts(at: Timestamp) -> [Timestamp; 31] {
    const DAY: i64 = 86_400_000;
    let today = day_of(at);
    let days = i64::from(today.num_days_in_month());
    let month = midnight(today).as_millis() - i64::from(today.day0()) * DAY;
    let days_before = i64::from(day_of(Timestamp::from_millis(month - DAY)).num_days_in_month());
    std::array::from_fn(|day| {
        let day = i64::try_from(day).unwrap_or_default();
        let of_this_month = month + day.min(days - 1) * DAY;
        let of_the_one_before = month + (day.min(days_before - 1) - days_before) * DAY;
        Timestamp::from_millis(match of_this_month > at.as_millis() {
            true => of_the_one_before,
            false => of_this_month,
        })
    })
}

/// The midnight so many months after the anchor's, on its day of the month or on the last one that the month has.
fn boundary(anchor: NaiveDate, months: i32) -> Timestamp {
    let distance = Months::new(months.unsigned_abs());
    let day = if months < 0 {
        anchor.checked_sub_months(distance)
    } else {
        anchor.checked_add_months(distance)
    };
    // chrono's years reach far beyond those of a Timestamp, so the default is never taken.
    midnight(day.unwrap_or_default())
}

fn midnight(day: NaiveDate) -> Timestamp {
    let midnight = day.and_time(NaiveTime::MIN).and_utc();
    Timestamp::from_millis(midnight.timestamp_millis())
}

fn day_of(at: Timestamp) -> NaiveDate {
    DateTime::from_timestamp_millis(at.as_millis())
        .unwrap_or_default()
        .date_naive()
}

/// From the month of one day to that of another, without regard to the day in the month.
fn months_between(from: NaiveDate, to: NaiveDate) -> i32 {
    let month = |day: NaiveDate| day.year() * 12 + day.month0().cast_signed();
    month(to) - month(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn period(start: &str, instant: &str) -> (String, String) {
        let (first, end) = period_containing(at(start), at(instant));
        (first.to_date_string(), end.to_date_string())
    }

    fn days(first: &str, end: &str) -> (String, String) {
        (first.to_owned(), end.to_owned())
    }

    #[test]
    fn the_example_of_the_clients_documentation() {
        assert_eq!(
            period("2020-11-20T15:00:00Z", "2020-12-01"),
            days("2020-11-20", "2020-12-20")
        );
    }

    #[test]
    fn a_period_stays_anchored_to_the_day_of_the_start() {
        let start = "2023-01-31";
        assert_eq!(
            period(start, "2023-02-27"),
            days("2023-01-31", "2023-02-28")
        );
        assert_eq!(
            period(start, "2023-02-28"),
            days("2023-02-28", "2023-03-31")
        );
        assert_eq!(
            period(start, "2023-04-30"),
            days("2023-04-30", "2023-05-31")
        );
        assert_eq!(
            period(start, "2024-02-29"),
            days("2024-02-29", "2024-03-31")
        );
        assert_eq!(
            period("2024-02-29", "2025-03-28T23:59:59Z"),
            days("2025-02-28", "2025-03-29")
        );
    }

    #[test]
    fn a_period_begins_with_its_first_millisecond_and_ends_before_the_next() {
        let start = "2023-05-10T08:30:00Z";
        assert_eq!(
            period(start, "2023-06-10"),
            days("2023-06-10", "2023-07-10")
        );
        let last = "2023-06-09T23:59:59.999Z";
        assert_eq!(period(start, last), days("2023-05-10", "2023-06-10"));
        let starts = |instant: &str| present_starts(at(instant))[9].to_date_string();
        assert_eq!(starts("2023-06-10"), "2023-06-10");
        assert_eq!(starts(last), "2023-05-10");
    }

    #[test]
    fn an_instant_before_the_start_has_a_period_of_the_same_rhythm() {
        assert_eq!(
            period("2023-03-31", "2023-03-01"),
            days("2023-02-28", "2023-03-31")
        );
        assert_eq!(
            period("2023-03-31", "2022-12-31"),
            days("2022-12-31", "2023-01-31")
        );
    }

    #[test]
    fn the_ends_of_time_are_held() {
        let (first, end) = period_containing(at("9999-12-31"), at("9999-12-31T23:59:59.999Z"));
        assert_eq!(first, at("9999-12-31"));
        assert_eq!(end, at("9999-12-31T23:59:59.999Z"));
        let (first, _) = period_containing(at("1970-01-20"), at("1970-01-01"));
        assert_eq!(first, at("1970-01-01"));
    }

    prop_compose! {
        /// An instant in the years 1971 to 2970, month ends and leap days among them more often than by chance.
        fn instant()(
            year in 1971..2970_i32, month in 1..=12_u32, day in prop_oneof![1..=31_u32, 28..=31_u32],
            millis in 0..86_400_000_i64,
        ) -> Timestamp {
            let month_start = NaiveDate::from_ymd_opt(year, month, 1).unwrap();
            let date = (0..4)
                .find_map(|less| month_start.with_day(day - less))
                .unwrap();
            Timestamp::from_millis(date.and_time(NaiveTime::MIN).and_utc().timestamp_millis() + millis)
        }
    }

    fn last_day_of_month(day: NaiveDate) -> u32 {
        (28..=31)
            .rev()
            .find(|number| day.with_day(*number).is_some())
            .unwrap()
    }

    proptest! {
        #[test]
        fn every_instant_lies_in_its_period(start in instant(), at in instant()) {
            let (first, end) = period_containing(start, at);
            prop_assert!(first <= at && at < end);
        }

        #[test]
        fn a_period_hangs_on_nothing_but_the_day_of_the_month_of_the_start(start in instant(), at in instant()) {
            let by_day = present_starts(at)[day_of(start).day0() as usize];
            prop_assert_eq!(by_day, period_containing(start, at).0);
        }

        #[test]
        fn the_periods_follow_each_other_without_gap_or_overlap(start in instant(), at in instant()) {
            let (first, end) = period_containing(start, at);
            prop_assert_eq!(period_containing(start, end).0, end);
            prop_assert_eq!(period_containing(start, first.plus_millis(-1)).1, first);
            prop_assert_eq!(period_containing(start, end.plus_millis(-1)), (first, end));
            prop_assert_eq!(period_containing(start, first), (first, end));
        }

        #[test]
        fn a_period_begins_on_the_day_of_the_start_or_on_the_last_of_a_shorter_month(
            start in instant(), at in instant(),
        ) {
            let (first, end) = period_containing(start, at);
            let anchor = day_of(start).day();
            for boundary in [first, end] {
                prop_assert_eq!(boundary.as_millis() % 86_400_000, 0);
                let day = day_of(boundary);
                prop_assert_eq!(day.day(), anchor.min(last_day_of_month(day)));
            }
            prop_assert_eq!(months_between(day_of(first), day_of(end)), 1);
        }

        #[test]
        fn the_day_of_the_start_begins_the_first_period(start in instant()) {
            prop_assert_eq!(day_of(period_containing(start, start).0), day_of(start));
        }
    }
}
