//! Credits: money-like amounts, exact to a millionth.
//!
//! Inside they are integers, so that sums agree to the last digit; outside they are JSON numbers. They are read from
//! the decimal text of the number and written as its shortest exact decimal: a 64-bit float is too coarse for
//! millionths above 2^33 credits, and rounding half up needs the digits that were sent.

use super::json::{Fault, FromJson, Json};
use super::{Invalid, SAFE_INTEGER, quoted};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt::{self, Display, Formatter};

/// Decimal places that are kept.
const DECIMALS: i64 = 6;

/// An amount of credits: 0 or more, kept in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credits(i64);

impl Credits {
    /// Greatest amount, in millionths: 2^53 - 1, the greatest integer that D1 hands through JavaScript unchanged.
    pub const MAX_MILLIONTHS: i64 = SAFE_INTEGER;

    /// Takes an amount in millionths of a credit, from 0 to [`Credits::MAX_MILLIONTHS`].
    pub fn from_millionths(millionths: i64) -> Result<Self, Invalid> {
        match millionths {
            0..=Self::MAX_MILLIONTHS => Ok(Self(millionths)),
            _ => Err(Invalid::new(format!(
                "{millionths} millionths are out of range; {}",
                Self::allowed()
            ))),
        }
    }

    /// The amount in millionths of a credit.
    pub fn as_millionths(self) -> i64 {
        self.0
    }

    /// Reads the text of a JSON number (RFC 8259, section 6), rounding half up to a millionth.
    pub fn parse(number: &str) -> Result<Self, Invalid> {
        let refuse =
            |wrong: &str| Invalid::new(format!("{} {wrong}; {}", quoted(number), Self::allowed()));
        let decimal = Decimal::parse(number).ok_or_else(|| refuse("is not a number"))?;
        if decimal.negative && !decimal.is_zero() {
            return Err(refuse("is negative"));
        }
        match decimal.rounded(DECIMALS) {
            Some(millionths) if millionths <= Self::MAX_MILLIONTHS => Ok(Self(millionths)),
            _ => Err(refuse("is too large")),
        }
    }

    fn allowed() -> String {
        format!("credits go from 0 to {}", Self(Self::MAX_MILLIONTHS))
    }
}

impl Display for Credits {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        CreditTotal(self.0).fmt(formatter)
    }
}

/// A sum of amounts, in millionths: it may pass what a single amount can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditTotal(pub i64);

impl CreditTotal {
    /// Writes it to the end of a text: the shortest exact decimal with at least one place, `600.0`, `0.000001`. A report has
    /// tens of thousands of them, so the places are written one by one, without a text of their own.
    pub fn push_to(self, text: &mut String) {
        text.push_str(&(self.0 / 1_000_000).to_string());
        text.push('.');
        let mut places = self.0 % 1_000_000;
        let mut unit = 100_000;
        loop {
            let digit = u8::try_from(places / unit).unwrap_or_default();
            text.push(char::from(b'0' + digit));
            places %= unit;
            unit /= 10;
            if places == 0 {
                return;
            }
        }
    }
}

impl Display for CreditTotal {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.push_to(&mut text);
        formatter.write_str(&text)
    }
}

/// The digits of a JSON number and where the point stands among them.
struct Decimal {
    negative: bool,
    /// All digits, without the zeros in front.
    digits: Vec<u8>,
    /// How many of `digits` stand before the point; beyond their number or below 0 where zeros are missing.
    point: i64,
}

impl Decimal {
    fn parse(number: &str) -> Option<Self> {
        let (negative, unsigned) = match number.strip_prefix('-') {
            Some(unsigned) => (true, unsigned),
            None => (false, number),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if all_digits(fraction) => (whole, fraction),
            Some(_) => return None,
            None => (mantissa, ""),
        };
        if !all_digits(whole) || (whole.len() > 1 && whole.starts_with('0')) {
            return None;
        }
        let mut digits: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .map(|byte| byte - b'0')
            .collect();
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..zeros);
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(zeros).ok()?;
        Some(Self {
            negative,
            digits,
            point: point.saturating_add(exponent),
        })
    }

    fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// The number times 10^`decimals`, rounded half up, without its sign; `None` when it is far beyond an i64.
    fn rounded(&self, decimals: i64) -> Option<i64> {
        if self.is_zero() {
            return Some(0);
        }
        let kept = self.point.saturating_add(decimals);
        if kept < 0 {
            return Some(0);
        }
        let kept = usize::try_from(kept).ok().filter(|kept| *kept <= 18)?;
        let digits = self.digits.iter().copied().chain(std::iter::repeat(0));
        let whole = digits
            .take(kept)
            .fold(0, |sum, digit| sum * 10 + i64::from(digit));
        let half_up = self.digits.get(kept).is_some_and(|digit| *digit >= 5);
        Some(whole + i64::from(half_up))
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An exponent, held at the bounds of an i32: beyond them every amount is 0 or too large.
fn parse_exponent(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => (-1, text.get(1..)?),
        Some(b'+') => (1, text.get(1..)?),
        _ => (1, text),
    };
    let bound = i64::from(i32::MAX);
    all_digits(digits).then(|| sign * digits.parse().unwrap_or(bound).min(bound))
}

impl FromJson for Credits {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        Ok(Self::parse(json.text())?)
    }
}

/// Writes to `serde_json` alone, as a number.
impl Serialize for Credits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Credits {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Credits".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "number",
            "minimum": 0,
            "maximum": 9_007_199_254.740_991,
            "description": "Number of credits, rounded half up to a millionth.",
            "examples": [600.0],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::json::{from_str, object};
    use proptest::prelude::*;

    fn millionths(number: &str) -> i64 {
        Credits::parse(number).unwrap().as_millionths()
    }

    fn refusal(number: &str) -> String {
        Credits::parse(number).unwrap_err().to_string()
    }

    #[test]
    fn integers_decimals_and_exponents_are_read_exactly() {
        assert_eq!(millionths("600"), 600_000_000);
        assert_eq!(millionths("0.1"), 100_000);
        assert_eq!(millionths("12.000001"), 12_000_001);
        assert_eq!(millionths("1.5E2"), 150_000_000);
        assert_eq!(millionths("25e-3"), 25_000);
        assert_eq!(millionths("0.00025e+3"), 250_000);
        // The nearest float is 8999999999.12345695.
        assert_eq!(millionths("8999999999.123457"), 8_999_999_999_123_457);
    }

    #[test]
    fn what_is_finer_than_a_millionth_is_rounded_half_up() {
        assert_eq!(millionths("0.0000005"), 1);
        assert_eq!(millionths("0.0000004999999999999999999999"), 0);
        assert_eq!(millionths("1.0000015"), 1_000_002);
        assert_eq!(millionths("5e-8"), 0);
        assert_eq!(millionths("0.9999999"), 1_000_000);
    }

    #[test]
    fn zero_may_be_written_in_any_way() {
        for zero in ["0", "-0", "0.000", "-0.0e5", "0e999999999999999999999"] {
            assert_eq!(millionths(zero), 0, "{zero}");
        }
    }

    #[test]
    fn a_negative_amount_is_refused_however_small() {
        assert_eq!(
            refusal("-1"),
            "'-1' is negative; credits go from 0 to 9007199254.740991"
        );
        assert!(refusal("-0.0000000001").contains("is negative"));
    }

    #[test]
    fn the_greatest_amount_is_2_to_the_53rd_minus_1_millionths() {
        let most = 9_007_199_254_740_991;
        assert_eq!(millionths("9007199254.740991"), most);
        assert_eq!(millionths("9007199254.7409914999"), most);
        for number in [
            "9007199254.740992",
            "9007199254.7409915",
            "1e10",
            "9999999999999",
            "1e999999999999999999999",
            &"9".repeat(400),
        ] {
            assert!(refusal(number).contains("is too large"), "{number}");
        }
    }

    #[test]
    fn what_json_does_not_call_a_number_is_refused() {
        for text in [
            "", "-", "+1", "01", ".5", "5.", "1e", "1e+", "1e1.5", "NaN", "Infinity", "\"5\"",
            "null", "1 ", "--1", "٣",
        ] {
            assert!(refusal(text).contains("is not a number"), "{text}");
        }
    }

    #[test]
    fn millionths_outside_the_range_are_refused() {
        for within in [0, 9_007_199_254_740_991] {
            assert!(Credits::from_millionths(within).is_ok(), "{within}");
        }
        for beyond in [-1, 9_007_199_254_740_992] {
            assert!(Credits::from_millionths(beyond).is_err(), "{beyond}");
        }
    }

    #[test]
    fn a_json_number_goes_out_with_its_exact_decimals() {
        for (millionths, json) in [
            (600_000_000, "600.0"),
            (12_500_000, "12.5"),
            (1, "0.000001"),
            (0, "0.0"),
        ] {
            let credits = Credits::from_millionths(millionths).unwrap();
            assert_eq!(serde_json::to_string(&credits).unwrap(), json);
        }
    }

    object! {
        #[derive(Debug)]
        struct Body {
            credits: Option<Credits>,
        }
    }

    #[test]
    fn a_body_gives_the_digits_as_they_were_sent() {
        let body: Body = from_str(r#"{"credits": 8999999999.123457 }"#).unwrap();
        assert_eq!(body.credits.unwrap().as_millionths(), 8_999_999_999_123_457);
        assert!(
            from_str::<Body>(r#"{"credits": null}"#)
                .unwrap()
                .credits
                .is_none()
        );
    }

    #[test]
    fn a_refusal_in_a_body_names_the_field() {
        let fault = from_str::<Body>(r#"{"credits": "600"}"#).unwrap_err();
        let sentence = r#"credits: '"600"' is not a number; credits go from 0 to"#;
        assert!(fault.to_string().starts_with(sentence), "{fault}");
    }

    proptest! {
        #[test]
        fn credits_come_back_exactly(amount in 0..=Credits::MAX_MILLIONTHS) {
            let credits = Credits::from_millionths(amount).unwrap();
            prop_assert_eq!(Credits::parse(&credits.to_string()).unwrap(), credits);
            let json = serde_json::to_string(&credits).unwrap();
            prop_assert_eq!(from_str::<Credits>(&json).unwrap(), credits);
        }

        #[test]
        fn exactly_what_json_calls_a_number_is_read_as_one(text in "-?[0-9]{0,4}(\\.[0-9]{0,9})?([eE][+-]?[0-9]{0,2})?") {
            let is_number = serde_json::from_str::<f64>(&text).is_ok();
            let said_not = Credits::parse(&text).is_err_and(|e| e.as_str().contains("is not a number"));
            prop_assert_eq!(said_not, !is_number);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Credits::parse(&text);
        }
    }
}
