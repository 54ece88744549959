//! When a schedule fires: the five fields of crontab(5), in UTC.
//!
//! Minute, hour, day of the month, month and day of the week; each a list of numbers, ranges and `*`, with a step behind
//! a range or `*`. Months and days of the week have names of three letters, and 7 is Sunday too. Where both fields of days
//! say something, a day has to fit either of them; a field that begins with `*` says nothing.

use super::wire::json_string;
use super::{Invalid, Timestamp, quoted};
use std::fmt::{self, Display, Formatter};

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/// Every day that there is comes again within so many. A 29th of February that has to be a Sunday, which `*/7` asks for, takes
/// longest: 40 years where a year without one lies between, as from 2088 to 2128.
const LONGEST_GAP: i64 = 14_609;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A field: what it is called, its least and its greatest number, and the names of its numbers from the least on.
type Field = (&'static str, u32, u32, &'static [&'static str]);

const FIELDS: [Field; 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    ("month", 1, 12, &MONTHS),
    ("day of the week", 0, 7, &DAYS),
];

/// A time that comes again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    /// For each field a bit for each number that fits.
    fits: [u64; 5],
    /// Whether a day has to fit one of its two fields alone.
    either_day: bool,
}

impl Cron {
    /// Reads five fields, apart by spaces.
    ///
    /// # Errors
    /// Which field is wrong, or that such a time never comes.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let fields: [&str; 5] = fields.try_into().map_err(|fields: Vec<&str>| {
            Invalid::new(format!(
                "{} has {} fields; five are needed: minute, hour, day of the month, month, day of the week, like '0 6 * * 1-5'",
                quoted(text),
                fields.len()
            ))
        })?;
        let mut fits = [0; 5];
        for ((fits, field), text) in fits.iter_mut().zip(&FIELDS).zip(fields) {
            *fits = list(field, text).ok_or_else(|| {
                let (name, least, most, names) = field;
                let named = match names {
                    [first, .., last] => format!(" or {first} to {last}"),
                    _ => String::new(),
                };
                Invalid::new(format!(
                    "the {name} {} is not a list of numbers, ranges and steps like '*', '1,2', '1-5' or '*/15', of {least} \
                     to {most}{named}",
                    quoted(text)
                ))
            })?;
        }
        let [_, _, day, _, weekday] = fields;
        let cron = Self {
            text: fields.join(" "),
            fits,
            either_day: !day.starts_with('*') && !weekday.starts_with('*'),
        };
        match cron.after(Timestamp::from_millis(0)) {
            Some(_) => Ok(cron),
            None => Err(Invalid::new(format!(
                "{} never comes: no such month has that day",
                quoted(text)
            ))),
        }
    }

    /// The fields, apart by one space each.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first time that fits after an instant; nothing behind the year 9999.
    #[must_use]
    pub fn after(&self, instant: Timestamp) -> Option<Timestamp> {
        let from = (instant.as_millis() / MINUTE + 1) * MINUTE;
        let [minutes, hours, ..] = self.fits;
        let first_day = from / DAY;
        for day in first_day..=first_day + LONGEST_GAP {
            if !self.fits_day(day) {
                continue;
            }
            let begin = match day == first_day {
                true => from % DAY / MINUTE,
                false => 0,
            };
            for minute in begin..DAY / MINUTE {
                if has(hours, minute / 60) && has(minutes, minute % 60) {
                    let at = day * DAY + minute * MINUTE;
                    let at_last = Timestamp::from_millis(at);
                    return (at_last.as_millis() == at).then_some(at_last);
                }
            }
        }
        None
    }

    fn fits_day(&self, day: i64) -> bool {
        let [_, _, days, months, weekdays] = self.fits;
        let (month, of_month) = Timestamp::from_millis(day * DAY).month_and_day();
        // The epoch was a Thursday.
        let weekday = (day + 4) % 7;
        let fits_weekday = has(weekdays, weekday) || (weekday == 0 && has(weekdays, 7));
        let fits_day = has(days, i64::from(of_month));
        has(months, i64::from(month))
            && match self.either_day {
                true => fits_day || fits_weekday,
                false => fits_day && fits_weekday,
            }
    }
}

fn has(bits: u64, number: i64) -> bool {
    bits >> number & 1 == 1
}

/// The numbers of a list, a bit for each; nothing where it is none.
fn list(field: &Field, text: &str) -> Option<u64> {
    text.split(',')
        .map(|part| range(field, part))
        .try_fold(0, |all, bits| Some(all | bits?))
}

fn range(field: &Field, text: &str) -> Option<u64> {
    let (_, least, most, _) = *field;
    let (range, step) = match text.split_once('/') {
        Some((range, step)) => (range, Some(number(step)?)),
        None => (text, None),
    };
    let (first, last) = match range.split_once('-') {
        None if range == "*" => (least, most),
        // A step needs something to go through.
        None if step.is_none() => (value(field, range)?, value(field, range)?),
        None => return None,
        Some((first, last)) => (value(field, first)?, value(field, last)?),
    };
    let step = step.unwrap_or(1);
    if step == 0 || first > last {
        return None;
    }
    let mut bits = 0;
    for number in (first..=last).step_by(usize::try_from(step).ok()?) {
        bits |= 1 << number;
    }
    Some(bits)
}

fn value(field: &Field, text: &str) -> Option<u32> {
    let (_, least, most, names) = *field;
    let named = names
        .iter()
        .position(|name| name.eq_ignore_ascii_case(text));
    let value = match named {
        Some(place) => least + u32::try_from(place).ok()?,
        None => number(text)?,
    };
    (least..=most).contains(&value).then_some(value)
}

/// Digits and nothing else.
fn number(text: &str) -> Option<u32> {
    let is_number = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

impl Display for Cron {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

json_string!(Cron, expecting: "five fields like \"0 6 * * 1-5\"", schema: {
    "type": "string",
    "minLength": 9,
    "description": "A schedule: minute, hour, day of the month, month and day of the week, as in crontab(5), in UTC.",
    "examples": ["0 6 * * 1-5"],
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// The times that follow, in the form of dates.
    fn next(cron: &str, after: &str, times: usize) -> Vec<String> {
        let cron = Cron::parse(cron).unwrap();
        let mut instant = at(after);
        let mut next = || {
            instant = cron.after(instant).unwrap();
            instant.to_offset_string()[..16].to_owned()
        };
        (0..times).map(|_| next()).collect()
    }

    #[test]
    fn times_follow_one_another() {
        for (cron, after, expected) in [
            (
                "* * * * *",
                "2026-11-28T19:07:59.999Z",
                ["2026-11-28T19:08", "2026-11-28T19:09"],
            ),
            (
                "* * * * *",
                "2026-11-28T19:08:00Z",
                ["2026-11-28T19:09", "2026-11-28T19:10"],
            ),
            (
                "*/25 23 * * *",
                "2026-11-28T23:10:00Z",
                ["2026-11-28T23:25", "2026-11-28T23:50"],
            ),
            (
                "5,10-12/2 6 * * *",
                "2026-11-28T06:05:00Z",
                ["2026-11-28T06:10", "2026-11-28T06:12"],
            ),
            (
                "0 6 * * MON-fri",
                "2026-11-27T07:00:00Z",
                ["2026-11-30T06:00", "2026-12-01T06:00"],
            ),
            (
                "0 0 31 * *",
                "2026-11-01",
                ["2026-12-31T00:00", "2027-01-31T00:00"],
            ),
            (
                "30 4 1,15 * 5",
                "2026-11-28",
                ["2026-12-01T04:30", "2026-12-04T04:30"],
            ),
            (
                "0 0 */2 * sun",
                "2026-11-28",
                ["2026-11-29T00:00", "2026-12-13T00:00"],
            ),
            (
                "0 0 * feb 7",
                "2026-02-28",
                ["2027-02-07T00:00", "2027-02-14T00:00"],
            ),
            (
                "0 12 29 2 *",
                "2096-03-01",
                ["2104-02-29T12:00", "2108-02-29T12:00"],
            ),
            // Where the day of the week begins with `*`, both have to fit.
            (
                "0 0 29 2 */7",
                "2004-02-29",
                ["2032-02-29T00:00", "2060-02-29T00:00"],
            ),
            (
                "0 0 29 2 */7",
                "2088-02-29",
                ["2128-02-29T00:00", "2156-02-29T00:00"],
            ),
            (
                "5-5 */100 1 1,12 0",
                "2026-11-30",
                ["2026-12-01T00:05", "2026-12-06T00:05"],
            ),
        ] {
            assert_eq!(next(cron, after, 2), expected, "{cron} after {after}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_its_field() {
        for (text, says) in [
            ("* * * *", "has 4 fields"),
            ("", "has 0 fields"),
            ("60 * * * *", "the minute '60'"),
            ("* 24 * * *", "the hour '24'"),
            ("* * 0 * *", "the day of the month '0'"),
            ("* * 32 * *", "the day of the month '32'"),
            ("* * * 0 *", "the month '0'"),
            ("* * * 13 *", "the month '13'"),
            ("* * * * 8", "the day of the week '8'"),
            ("* * * * sunday", "the day of the week 'sunday'"),
            ("jan * * * *", "the minute 'jan'"),
            ("5-1 * * * *", "the minute '5-1'"),
            ("2-1 * * * *", "the minute '2-1'"),
            ("*/1000 * * * *", "the minute '*/1000'"),
            ("*/0 * * * *", "the minute '*/0'"),
            ("5/10 * * * *", "the minute '5/10'"),
            ("1,,2 * * * *", "the minute '1,,2'"),
            ("+1 * * * *", "the minute '+1'"),
            ("@daily", "has 1 fields"),
            ("0 0 31 2,4 *", "never comes"),
        ] {
            let refused = Cron::parse(text).unwrap_err().to_string();
            assert!(refused.contains(says), "{text}: {refused}");
        }
    }

    fn field(least: u32, most: u32) -> impl Strategy<Value = (String, Vec<u32>)> {
        let one =
            (least..=most, least..=most, 1_u32..20, 0..4).prop_map(move |(a, b, step, form)| {
                let (first, last) = (a.min(b), a.max(b));
                match form {
                    0 => (a.to_string(), vec![a]),
                    1 => (format!("{first}-{last}"), (first..=last).collect()),
                    2 => (
                        format!("{first}-{last}/{step}"),
                        (first..=last).step_by(step as usize).collect(),
                    ),
                    _ => (
                        format!("*/{step}"),
                        (least..=most).step_by(step as usize).collect(),
                    ),
                }
            });
        proptest::collection::vec(one, 1..4).prop_map(|parts| {
            let texts: Vec<_> = parts.iter().map(|(text, _)| text.clone()).collect();
            (
                texts.join(","),
                parts.into_iter().flat_map(|(_, numbers)| numbers).collect(),
            )
        })
    }

    proptest! {
        /// The next time is the first minute that fits, looked for minute by minute.
        #[test]
        fn the_next_time_is_the_first_minute_that_fits(
            minute in field(0, 59), hour in field(0, 23), weekday in field(0, 7), from in 0_i64..4_102_444_800_000,
        ) {
            let cron = Cron::parse(&format!("{} {} * * {}", minute.0, hour.0, weekday.0)).unwrap();
            let fits = |at: i64| {
                let of_day = at % DAY / MINUTE;
                let day = u32::try_from((at / DAY + 4) % 7).unwrap();
                let number = |number: i64| u32::try_from(number).unwrap();
                minute.1.contains(&number(of_day % 60)) && hour.1.contains(&number(of_day / 60))
                    && (weekday.1.contains(&day) || (day == 0 && weekday.1.contains(&7)))
            };
            let first = (from / MINUTE + 1) * MINUTE;
            let expected = (0..=8 * 1_440).map(|minutes| first + minutes * MINUTE).find(|at| fits(*at));
            let found = cron.after(Timestamp::from_millis(from)).map(Timestamp::as_millis);
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn no_text_is_too_odd(text in "[ *,/0-9a-z@-]{0,30}") {
            if let Ok(cron) = Cron::parse(&text) {
                prop_assert_eq!(&Cron::parse(cron.as_str()).unwrap(), &cron);
            }
        }
    }
}
