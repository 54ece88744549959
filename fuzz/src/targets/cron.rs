//! Cron expressions (contract section 5.7): the next time is the first minute that fits, by a reading of its own.

use tenantry::domain::{Cron, Timestamp};

use crate::{Verdict, is_sentence, text};

const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
/// So many minutes behind an instant are looked at one by one.
const NEAR: i64 = 1_440;

/// Four bytes that are an hour since the epoch, and an expression.
pub fn look(input: &[u8]) -> Verdict {
    let Some((hour, expression)) = input.split_first_chunk::<4>() else {
        return Verdict::Refused;
    };
    let given = text(expression);
    let cron = match Cron::parse(&given) {
        Ok(cron) => cron,
        Err(refusal) => return is_sentence(&refusal),
    };
    assert_eq!(Cron::parse(cron.as_str()).as_ref(), Ok(&cron), "{given:?}");
    let fields: Vec<&str> = cron.as_str().split(' ').collect();
    assert_eq!(fields.len(), 5, "{given:?}");
    let from = Timestamp::from_millis(i64::from(u32::from_be_bytes(*hour)) * 60 * MINUTE + 59_999);
    let next = cron.after(from);
    if let Some(next) = next {
        assert!(next > from && next.as_millis() % MINUTE == 0, "{given:?}");
        assert!(fits(&fields, next), "{given:?} after {from}: {next}");
    }
    let first = from.as_millis() / MINUTE + 1;
    for minute in first..first + NEAR {
        let at = Timestamp::from_millis(minute * MINUTE);
        if at.as_millis() != minute * MINUTE || next.is_some_and(|next| next <= at) {
            break;
        }
        assert!(!fits(&fields, at), "{given:?} after {from}: not {at}");
    }
    Verdict::Accepted
}

fn fits(fields: &[&str], at: Timestamp) -> bool {
    let [minute, hour, day, month, weekday] = fields else {
        panic!("{fields:?}");
    };
    let (of_year, of_month) = at.month_and_day();
    let minutes = at.as_millis() / MINUTE;
    // 1970-01-01 was a Thursday.
    let of_week = (at.as_millis() / DAY + 4) % 7;
    let is_day = has(day, i64::from(of_month), 1, 31);
    let is_weekday = has(weekday, of_week, 0, 7) || (of_week == 0 && has(weekday, 7, 0, 7));
    let is_date = match day.starts_with('*') || weekday.starts_with('*') {
        true => is_day && is_weekday,
        false => is_day || is_weekday,
    };
    has(minute, minutes % 60, 0, 59)
        && has(hour, minutes / 60 % 24, 0, 23)
        && has(month, i64::from(of_year), 1, 12)
        && is_date
}

/// Whether a list has a number: what crontab(5) says of lists, ranges and steps.
fn has(list: &str, number: i64, least: i64, most: i64) -> bool {
    list.split(',').any(|part| {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((first, last)) => (named(first), named(last)),
            None => (named(range), named(range)),
        };
        (first..=last).contains(&number) && (number - first) % step.parse::<i64>().unwrap() == 0
    })
}

fn named(name: &str) -> i64 {
    let name = name.to_ascii_lowercase();
    let months = "jan feb mar apr may jun jul aug sep oct nov dec";
    let position = |names: &str| names.split(' ').position(|known| known == name);
    match (position(months), position("sun mon tue wed thu fri sat")) {
        (Some(month), _) => i64::try_from(month).unwrap() + 1,
        (_, Some(day)) => i64::try_from(day).unwrap(),
        _ => name.parse().unwrap(),
    }
}
