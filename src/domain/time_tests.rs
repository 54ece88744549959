//! Tests of `time.rs`: each form that a client sends, and what no calendar has.

use super::*;
use proptest::prelude::*;

fn millis(text: &str) -> i64 {
    Timestamp::parse(text).unwrap().as_millis()
}

fn refusal(text: &str) -> String {
    match Timestamp::parse(text) {
        Ok(at) => panic!("{text:?} was read as {at}"),
        Err(invalid) => invalid.to_string(),
    }
}

#[test]
fn every_form_that_a_client_sends_is_the_same_instant() {
    for text in [
        "2030-01-01T00:00:00+00:00",
        "2030-01-01T00:00:00.000Z",
        "2030-01-01T00:00:00",
        "2030-01-01",
        "2030-01-01 00:00:00+00:00",
        "2030-01-01 00:00:00",
        "2030-01-01T00:00:00.000000000000001Z",
        "2030-01-01t00:00:00z",
        "2030-01-01T00:00:00-00:00",
        "2030-01-01T05:30:00+05:30",
        "2029-12-31T16:00:00.0-08:00",
    ] {
        assert_eq!(millis(text), 1_893_456_000_000, "{text}");
    }
}

#[test]
fn what_is_finer_than_a_millisecond_is_cut_off() {
    assert_eq!(millis("1970-01-01T00:00:00.1Z"), 100);
    assert_eq!(millis("1970-01-01T00:00:00.12Z"), 120);
    assert_eq!(millis("1970-01-01T00:00:00.101877Z"), 101);
    assert_eq!(millis("1970-01-01T00:00:00.9999999999999Z"), 999);
}

#[test]
fn a_service_users_date_has_milliseconds_and_an_offset() {
    let text = "2020-03-24T09:16:27.504+00:00";
    assert_eq!(Timestamp::parse(text).unwrap().to_offset_string(), text);
}

#[test]
fn every_other_date_has_microseconds_and_a_z() {
    let at = Timestamp::parse("2020-03-25T15:43:46.101877Z").unwrap();
    assert_eq!(at.to_zulu_string(), "2020-03-25T15:43:46.101000Z");
    assert_eq!(
        serde_json::to_string(&at).unwrap(),
        r#""2020-03-25T15:43:46.101000Z""#
    );
    assert_eq!(at.to_date_string(), "2020-03-25");
}

#[test]
fn other_forms_are_refused_with_an_example() {
    for text in [
        "",
        "2030",
        "2030-01",
        "2030-1-1",
        "20300101",
        "1893456000",
        "2030-01-01T",
        "2030-01-01T00:00",
        "2030-01-01T00:00:00.",
        "2030-01-01T00:00:00,5",
        "2030-01-01  00:00:00",
        "2030-01-01T00:00:00+0000",
        "2030-01-01T00:00:00 00:00",
        "2030-01-01T00:00:00+00:00:00",
        "2030-01-01Z",
        " 2030-01-01",
        "2030-01-01 ",
        "2030-01-01T00:00:00ZZ",
        "+2030-01-01",
        "2030-01-01T00:00:00 Z",
        "٢٠٣٠-01-01",
        "tomorrow",
    ] {
        assert!(
            refusal(text).contains("is not a date; a date is written like"),
            "{text}"
        );
    }
}

#[test]
fn days_that_do_not_exist_are_refused() {
    assert!(refusal("2030-13-01").contains("months go from 01 to 12"));
    assert!(refusal("2030-00-01").contains("months go from 01 to 12"));
    for text in [
        "2030-02-30",
        "2030-02-29",
        "2100-02-29",
        "2030-04-31",
        "2030-01-00",
        "2030-01-32",
    ] {
        assert!(
            refusal(text).contains("has a day that this month does not have"),
            "{text}"
        );
    }
    assert!(Timestamp::parse("2028-02-29").is_ok());
}

#[test]
fn times_and_offsets_that_do_not_exist_are_refused() {
    for time in ["24:00:00", "23:60:00", "23:59:61"] {
        assert!(
            refusal(&format!("2030-01-01T{time}Z")).contains("times go from 00:00:00 to 23:59:59"),
            "{time}"
        );
    }
    assert!(refusal("2030-01-01T00:00:00+24:00").contains("offsets go from"));
    assert!(refusal("2030-01-01T00:00:00-00:60").contains("offsets go from"));
    let day = millis("2030-01-01T23:59:00Z");
    assert_eq!(millis("2030-01-02T23:58:00+23:59"), day);
    assert_eq!(millis("2030-01-01T00:00:00-23:59"), day);
}

#[test]
fn a_leap_second_is_refused_and_named() {
    assert!(refusal("2016-12-31T23:59:60Z").contains("has a leap second"));
}

#[test]
fn only_the_years_1970_to_9999_are_taken() {
    assert_eq!(millis("1969-12-31T23:00:00-02:00"), 3_600_000);
    assert!(Date::parse("1969-12-31").is_err());
    assert!(Date::parse("1970-01-01").is_ok() && Date::parse("9999-12-31").is_ok());
    assert_eq!(millis("1970-01-01T00:00:00Z"), 0);
    assert_eq!(millis("9999-12-31T23:59:59.999Z"), MAX_MILLIS);
    for text in [
        "1969-12-31",
        "0000-01-01",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ] {
        assert!(
            refusal(text).contains("is outside the years 1970 to 9999"),
            "{text}"
        );
    }
}

#[test]
fn arithmetic_stops_at_the_ends_of_the_range() {
    assert_eq!(
        Timestamp::from_millis(5).plus_millis(-6),
        Timestamp::from_millis(0)
    );
    assert_eq!(
        Timestamp::from_millis(i64::MAX)
            .plus_millis(i64::MAX)
            .to_date_string(),
        "9999-12-31"
    );
    for (millis, held) in [(-1, 0), (0, 0), (i64::MAX, 253_402_300_799_999)] {
        assert_eq!(Timestamp::from_millis(millis).as_millis(), held);
    }
    assert_eq!(
        Timestamp::from_millis(5).plus_millis(60_000).as_millis(),
        60_005
    );
}

#[test]
fn a_day_is_a_day_alone() {
    let day = Date::parse("2020-11-20").unwrap();
    assert_eq!(day.to_string(), "2020-11-20");
    assert_eq!(
        day.midnight().to_zulu_string(),
        "2020-11-20T00:00:00.000000Z"
    );
    for text in ["2020-11-20T00:00:00Z", "2020-11-2", "20.11.2020", ""] {
        assert!(
            Date::parse(text)
                .unwrap_err()
                .to_string()
                .contains("a day is written like 2030-01-31"),
            "{text}"
        );
    }
    assert!(Date::parse("2030-02-30").is_err());
}

proptest! {
    #[test]
    fn an_instant_comes_back_from_every_form(millis in 0..=MAX_MILLIS) {
        let at = Timestamp::from_millis(millis);
        prop_assert_eq!(Timestamp::parse(&at.to_offset_string()).unwrap(), at);
        prop_assert_eq!(Timestamp::parse(&at.to_zulu_string()).unwrap(), at);
        let midnight = Date::parse(&at.to_date_string()).unwrap().midnight();
        prop_assert_eq!(midnight.as_millis(), millis - millis % 86_400_000);
    }

    #[test]
    fn what_rfc_3339_allows_is_read_as_chrono_reads_it(
        text in "(19[67]|20[0-9]|999)[0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][01][0-9]:[0-5][0-9])"
    ) {
        let expected = DateTime::parse_from_rfc3339(&text)
            .ok()
            .map(|at| at.timestamp_millis())
            .filter(|millis| (0..=MAX_MILLIS).contains(millis));
        prop_assert_eq!(Timestamp::parse(&text).ok().map(Timestamp::as_millis), expected);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}|[0-9TZ:. +-]{0,40}") {
        let _ = Timestamp::parse(&text);
        let _ = Date::parse(&text);
    }
}
