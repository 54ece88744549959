//! The arithmetic of quotas: which numbers are quotas, and which bounds a catalogue may set.
//!
//! A quota is a positive integer, or -1 for no limit (ModelArts spec section 4). Whether a consumption fits is decided
//! in SQL, where nothing can come between the look and the write.

use std::fmt::{self, Display, Formatter};

use super::wire::json_string;
use super::{Invalid, SAFE_INTEGER, quoted};

/// No limit.
pub const UNLIMITED: i64 = -1;
/// The largest quota, and the most that can be used: the largest integer that crosses JavaScript unharmed, 2^53 - 1.
pub const MAX_QUOTA: i64 = SAFE_INTEGER;

/// Whether a number is a quota at all; the bounds of its resource are another matter.
///
/// # Errors
/// A sentence that says what a quota is.
pub fn check_quota(quota: i64) -> Result<i64, Invalid> {
    match quota {
        UNLIMITED | 1..=MAX_QUOTA => Ok(quota),
        _ => Err(Invalid::new(format!(
            "{quota} is not a quota; a quota is a positive integer, or -1 for no limit"
        ))),
    }
}

/// The least and the most that a quota of a resource may be, and what it is where nobody has set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaBounds {
    /// The least; -1 if it may be lifted.
    pub min: i64,
    /// The most.
    pub max: i64,
    /// Where nobody has set it; -1 is no limit, whatever the bounds say.
    pub default: i64,
}

impl QuotaBounds {
    /// Takes bounds that fit together.
    ///
    /// # Errors
    /// The field's name, and a sentence about it.
    pub fn new(min: i64, max: i64, default: i64) -> Result<Self, (&'static str, Invalid)> {
        if !(UNLIMITED..=MAX_QUOTA).contains(&min) {
            let wrong = format!("{min} is outside -1 to {MAX_QUOTA}");
            return Err(("min_quota", Invalid::new(wrong)));
        }
        if !(min.max(1)..=MAX_QUOTA).contains(&max) {
            let wrong = format!("{max} is outside {} to {MAX_QUOTA}", min.max(1));
            return Err(("max_quota", Invalid::new(wrong)));
        }
        if default != UNLIMITED && !(min.max(1)..=max).contains(&default) {
            let wrong = format!("{default} is neither -1 nor within {} to {max}", min.max(1));
            return Err(("default_quota", Invalid::new(wrong)));
        }
        Ok(Self { min, max, default })
    }
}

/// The id of a quota resource, like `exemlProject.gpu_duration`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaResourceName(String);

impl QuotaResourceName {
    /// Accepts 1 to 64 letters, digits, `.`, `_` and `-`, a letter first.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let in_alphabet = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        let starts = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        if in_alphabet && starts && text.len() <= 64 {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new(format!(
            "{} is not the name of a quota resource; one is 1 to 64 letters, digits, '.', '_' and '-', and starts \
             with a letter",
            quoted(text)
        )))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for QuotaResourceName {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

json_string!(QuotaResourceName, expecting: "a resource like \"exemlProject.gpu_duration\"", schema: {
    "type": "string",
    "pattern": "^[A-Za-z][A-Za-z0-9._-]{0,63}$",
    "examples": ["exemlProject.gpu_duration"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_positive_or_minus_one() {
        for quota in [-1, 1, 60_000, 9_007_199_254_740_991] {
            assert_eq!(check_quota(quota), Ok(quota));
        }
        for quota in [0, -2, i64::MIN, i64::MAX, 9_007_199_254_740_992] {
            assert!(check_quota(quota).is_err(), "{quota}");
        }
    }

    #[test]
    fn bounds_fit_together() {
        for (min, max, default) in [
            (-1, 60_000, -1),
            (1, 1_000, -1),
            (1, 1, 1),
            (-1, MAX_QUOTA, 5),
            (0, 1, 1),
            (MAX_QUOTA, MAX_QUOTA, MAX_QUOTA),
        ] {
            assert!(QuotaBounds::new(min, max, default).is_ok());
        }
        for (min, max, default, field) in [
            (-2, 10, -1, "min_quota"),
            (5, 4, -1, "max_quota"),
            (-1, 0, -1, "max_quota"),
            (-1, MAX_QUOTA + 1, -1, "max_quota"),
            (-1, 10, 0, "default_quota"),
            (-1, 10, 11, "default_quota"),
            (5, 10, 4, "default_quota"),
        ] {
            assert_eq!(QuotaBounds::new(min, max, default).unwrap_err().0, field);
        }
        let sentence = |max, default| {
            QuotaBounds::new(-1, max, default)
                .unwrap_err()
                .1
                .to_string()
        };
        assert_eq!(sentence(0, -1), "0 is outside 1 to 9007199254740991");
        assert_eq!(sentence(10, 0), "0 is neither -1 nor within 1 to 10");
    }

    #[test]
    fn a_resource_is_named_plainly() {
        for name in ["a", "exemlProject.gpu_duration", &"a".repeat(64)] {
            assert!(QuotaResourceName::parse(name).is_ok(), "{name}");
        }
        for name in ["", "1a", "a b", "a/b", "é", &"a".repeat(65)] {
            assert!(QuotaResourceName::parse(name).is_err(), "{name}");
        }
    }
}
