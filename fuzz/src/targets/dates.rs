//! Instants, days, and the periods of subscriptions (contract section 4).

use chrono::DateTime;
use tenantry::domain::{Date, Timestamp, period_containing};

use crate::{Verdict, is_sentence, parts, text};

/// A date; behind a 0xFF another, which lies in a period of a subscription that began with the first.
pub fn look(input: &[u8]) -> Verdict {
    let mut parts = parts(input).map(text);
    let given = parts.next().unwrap_or_default();
    day(&given);
    let instant = match Timestamp::parse(&given) {
        Ok(instant) => instant,
        Err(refusal) => {
            assert!(!is_rfc_3339(&given), "{given:?} is refused: {refusal}");
            return is_sentence(&refusal);
        }
    };
    let millis = instant.as_millis();
    assert!(
        (0..=253_402_300_799_999).contains(&millis),
        "{given:?}: {millis}"
    );
    for written in [instant.to_offset_string(), instant.to_zulu_string()] {
        assert_eq!(Timestamp::parse(&written), Ok(instant), "{given:?}");
        let read = DateTime::parse_from_rfc3339(&written).unwrap();
        assert_eq!(read.timestamp_millis(), millis, "{given:?}");
    }
    if let Ok(read) = DateTime::parse_from_rfc3339(&given) {
        assert_eq!(read.timestamp_millis(), millis, "{given:?}");
    }
    let day = Date::parse(&instant.to_date_string()).unwrap();
    let since_midnight = millis - day.midnight().as_millis();
    assert!((0..86_400_000).contains(&since_midnight), "{given:?}");
    if let Some(Ok(start)) = parts.next().map(|start| Timestamp::parse(&start)) {
        is_in_its_period(start, instant);
    }
    Verdict::Accepted
}

fn day(given: &str) {
    match Date::parse(given) {
        Ok(day) => {
            assert_eq!(day.to_string(), given);
            assert_eq!(Timestamp::parse(given), Ok(day.midnight()), "{given:?}");
        }
        Err(refusal) => {
            is_sentence(&refusal);
        }
    }
}

/// Whether it is plain RFC 3339 within the years that there are; a leap second is refused with a reason.
fn is_rfc_3339(given: &str) -> bool {
    let is_plain = given.get(10..11) == Some("T") && !given.contains(['t', 'z', ' ']);
    let read = DateTime::parse_from_rfc3339(given).map(|read| read.timestamp_millis());
    let is_leap = given.get(17..19) == Some("60");
    is_plain && !is_leap && read.is_ok_and(|millis| (0..=253_402_300_799_999).contains(&millis))
}

fn is_in_its_period(start: Timestamp, at: Timestamp) {
    let (first, next) = period_containing(start, at);
    assert!(first <= at, "{start} {at}: from {first}");
    // At the end of all time there is no next one.
    let last = Timestamp::from_millis(i64::MAX);
    assert!(at < next || next == last, "{start} {at}: to {next}");
    let days = (next.as_millis() - first.as_millis()) / 86_400_000;
    let is_held = first.as_millis() == 0 || next == last;
    assert!(
        (28..=31).contains(&days) || is_held,
        "{start} {at}: {days} days"
    );
    let again = period_containing(start, first);
    assert!(again == (first, next) || is_held, "{start} {at}");
}
