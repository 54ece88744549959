//! Instants to the millisecond and days, in the forms that the clients write and read.
//!
//! An instant comes as RFC 3339, as Python's `isoformat()` or `str()` of a datetime (without offset it is UTC, with one
//! space in place of the `T`), or as a day, which is its midnight in UTC. It goes out in two forms, because the clients
//! show the text as it is: service users have milliseconds and `+00:00`, everything else microseconds and `Z`.

use super::wire::json_string;
use super::{Invalid, quoted};
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc};
use std::fmt::{self, Display, Formatter};

/// The last instant of the year 9999, in milliseconds since the epoch.
const MAX_MILLIS: i64 = 253_402_300_799_999;
const MILLIS_PER_MINUTE: i64 = 60_000;
const OUT_OF_RANGE: &str = "is outside the years 1970 to 9999";

/// An instant in the years 1970 to 9999, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes milliseconds since the epoch; what lies outside the years 1970 to 9999 is held at their ends.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, MAX_MILLIS))
    }

    /// Milliseconds since the epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// The instant so many milliseconds later (earlier if negative), held at the ends of the years 1970 to 9999.
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Reads the forms that the module names; what is finer than a millisecond is cut off.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let refuse = |wrong: &str| Invalid::new(format!("{} {wrong}", quoted(text)));
        let mut rest = Rest(text.as_bytes());
        let (day, time, offset) = rest.instant().filter(|_| rest.is_empty()).ok_or_else(|| {
            refuse(
                "is not a date; a date is written like 2030-01-31T23:59:59.000+00:00, \
                 or 2030-01-31 for midnight in UTC",
            )
        })?;
        let local = day
            .check()
            .map_err(refuse)?
            .and_time(time.check().map_err(refuse)?);
        let millis = local.and_utc().timestamp_millis()
            - offset.check().map_err(refuse)? * MILLIS_PER_MINUTE;
        match millis {
            0..=MAX_MILLIS => Ok(Self(millis)),
            _ => Err(refuse(OUT_OF_RANGE)),
        }
    }

    /// `2020-03-24T09:16:27.504+00:00`: the form of service users' dates.
    pub fn to_offset_string(self) -> String {
        let (seconds, millis) = self.parts();
        format!("{seconds}.{millis:03}+00:00")
    }

    /// `2020-03-25T15:43:46.101000Z`: the form of all other dates.
    pub fn to_zulu_string(self) -> String {
        let (seconds, millis) = self.parts();
        format!("{seconds}.{millis:03}000Z")
    }

    /// `2020-03-25`: the day in UTC.
    pub fn to_date_string(self) -> String {
        Date(self.date_time().date_naive()).to_string()
    }

    /// The month and the day of the month in UTC, each from 1.
    pub fn month_and_day(self) -> (u32, u32) {
        let at = self.date_time();
        (at.month(), at.day())
    }

    /// `2020-03-25T15:43:46` and the milliseconds that follow.
    fn parts(self) -> (String, u32) {
        let at = self.date_time();
        let date = Date(at.date_naive());
        let seconds = format!(
            "{date}T{:02}:{:02}:{:02}",
            at.hour(),
            at.minute(),
            at.second()
        );
        (seconds, at.timestamp_subsec_millis())
    }

    fn date_time(self) -> DateTime<Utc> {
        // chrono knows every instant that the type can hold, so the default is never taken.
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl Display for Timestamp {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_zulu_string())
    }
}

json_string!(Timestamp, expecting: "a date like \"2030-01-31T23:59:59.000+00:00\"", schema: {
    "type": "string",
    "format": "date-time",
    "description": "A point in time, answered in the format of RFC 3339; without an offset it is in UTC. A day alone \
                    means its midnight.",
    "examples": ["2030-01-31T23:59:59.000+00:00"],
});

/// A day in the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(NaiveDate);

impl Date {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let refuse = |wrong: &str| Invalid::new(format!("{} {wrong}", quoted(text)));
        let mut rest = Rest(text.as_bytes());
        let day = rest
            .day()
            .filter(|_| rest.is_empty())
            .ok_or_else(|| refuse("is not a day; a day is written like 2030-01-31"))?;
        match day.check() {
            Ok(date) if date.year() < 1970 => Err(refuse(OUT_OF_RANGE)),
            checked => checked.map(Self).map_err(refuse),
        }
    }

    /// The instant at which the day begins in UTC.
    pub fn midnight(self) -> Timestamp {
        Timestamp::from_millis(self.0.and_time(NaiveTime::MIN).and_utc().timestamp_millis())
    }
}

impl Display for Date {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:04}-{:02}-{:02}",
            self.0.year(),
            self.0.month(),
            self.0.day()
        )
    }
}

json_string!(Date, expecting: "a day like \"2030-01-31\"", schema: {
    "type": "string",
    "format": "date",
    "description": "A day, in UTC.",
    "examples": ["2030-01-31"],
});

/// A day as it was written.
#[derive(Clone, Copy)]
struct Day {
    year: u32,
    month: u32,
    day: u32,
}

impl Day {
    fn check(self) -> Result<NaiveDate, &'static str> {
        if !(1..=12).contains(&self.month) {
            return Err("has a month that does not exist; months go from 01 to 12");
        }
        i32::try_from(self.year)
            .ok()
            .and_then(|year| NaiveDate::from_ymd_opt(year, self.month, self.day))
            .ok_or("has a day that this month does not have")
    }
}

/// A time of day as it was written; by default midnight.
#[derive(Clone, Copy, Default)]
struct Time {
    hour: u32,
    minute: u32,
    second: u32,
    millis: u32,
}

impl Time {
    fn check(self) -> Result<NaiveTime, &'static str> {
        if self.second == 60 {
            return Err("has a leap second; write second 59, or the minute that follows");
        }
        NaiveTime::from_hms_milli_opt(self.hour, self.minute, self.second, self.millis)
            .ok_or("has a time that does not exist; times go from 00:00:00 to 23:59:59")
    }
}

/// A distance from UTC as it was written; by default none.
#[derive(Clone, Copy, Default)]
struct Offset {
    west: bool,
    hours: u32,
    minutes: u32,
}

impl Offset {
    /// In minutes east of UTC.
    fn check(self) -> Result<i64, &'static str> {
        if self.hours > 23 || self.minutes > 59 {
            return Err("has an offset that does not exist; offsets go from -23:59 to +23:59");
        }
        let east = i64::from(self.hours * 60 + self.minutes);
        Ok(if self.west { -east } else { east })
    }
}

/// What is still to be read of a text. Each method takes what it names, or answers `None`.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn instant(&mut self) -> Option<(Day, Time, Offset)> {
        let day = self.day()?;
        if self.is_empty() {
            return Some((day, Time::default(), Offset::default()));
        }
        // RFC 3339, section 5.6, allows lower case, and a space for readability, which is also what Python writes.
        self.one_of(b"Tt ")?;
        let time = self.time()?;
        let offset = if self.is_empty() {
            Offset::default()
        } else {
            self.offset()?
        };
        Some((day, time, offset))
    }

    fn day(&mut self) -> Option<Day> {
        let year = self.number(4)?;
        self.one_of(b"-")?;
        let month = self.number(2)?;
        self.one_of(b"-")?;
        let day = self.number(2)?;
        Some(Day { year, month, day })
    }

    fn time(&mut self) -> Option<Time> {
        let hour = self.number(2)?;
        self.one_of(b":")?;
        let minute = self.number(2)?;
        self.one_of(b":")?;
        let second = self.number(2)?;
        let millis = if self.one_of(b".").is_some() {
            self.fraction()?
        } else {
            0
        };
        Some(Time {
            hour,
            minute,
            second,
            millis,
        })
    }

    /// Milliseconds from one or more digits of a fraction.
    fn fraction(&mut self) -> Option<u32> {
        let mut millis = self.number(1)? * 100;
        let mut weight = 10;
        while let Some(digit) = self.number(1) {
            millis += digit * weight;
            weight /= 10;
        }
        Some(millis)
    }

    fn offset(&mut self) -> Option<Offset> {
        let sign = self.one_of(b"Zz+-")?;
        if sign.eq_ignore_ascii_case(&b'Z') {
            return Some(Offset::default());
        }
        let hours = self.number(2)?;
        self.one_of(b":")?;
        let minutes = self.number(2)?;
        Some(Offset {
            west: sign == b'-',
            hours,
            minutes,
        })
    }

    /// A number of exactly so many digits.
    fn number(&mut self, digits: usize) -> Option<u32> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        let value = number.iter().try_fold(0, |value, byte| {
            byte.is_ascii_digit()
                .then(|| value * 10 + u32::from(byte - b'0'))
        })?;
        self.0 = rest;
        Some(value)
    }

    fn one_of(&mut self, allowed: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if !allowed.contains(first) {
            return None;
        }
        self.0 = rest;
        Some(*first)
    }
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
