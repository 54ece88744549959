//! Whole numbers with a least value: limits of plans, redemptions of vouchers.

use super::Invalid;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt::{self, Formatter};

/// An integer from `MIN` to 2^53 - 1, the greatest that D1 hands through JavaScript unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WholeNumber<const MIN: i64>(i64);

impl<const MIN: i64> WholeNumber<MIN> {
    /// Greatest number.
    pub const MAX: i64 = (1 << 53) - 1;

    /// Takes an integer within the bounds.
    pub fn new(number: i64) -> Result<Self, Invalid> {
        if (MIN..=Self::MAX).contains(&number) {
            return Ok(Self(number));
        }
        Err(Invalid::new(format!(
            "{number} is out of range; a whole number from {MIN} to {} is allowed",
            Self::MAX
        )))
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl<'de, const MIN: i64> Deserialize<'de> for WholeNumber<MIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading<const MIN: i64>;

        impl<const MIN: i64> Visitor<'_> for Reading<MIN> {
            type Value = WholeNumber<MIN>;

            fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                write!(
                    formatter,
                    "a whole number from {MIN} to {}",
                    WholeNumber::<MIN>::MAX
                )
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                WholeNumber::new(number).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                // What does not fit is beyond the bounds as well.
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }

        deserializer.deserialize_i64(Reading::<MIN>)
    }
}

impl<const MIN: i64> serde::Serialize for WholeNumber<MIN> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl<const MIN: i64> schemars::JsonSchema for WholeNumber<MIN> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("WholeNumberFrom{MIN}").into()
    }

    // Two bounds say more where they stand than behind a reference.
    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": MIN, "maximum": Self::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(json: &str) -> Result<i64, String> {
        serde_json::from_str::<WholeNumber<1>>(json)
            .map(WholeNumber::get)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn both_bounds_are_allowed() {
        assert_eq!(read("1"), Ok(1));
        assert_eq!(read("9007199254740991"), Ok(9_007_199_254_740_991));
    }

    #[test]
    fn what_lies_outside_is_told_the_bounds() {
        for json in ["0", "-1", "9007199254740992", "18446744073709551615"] {
            let sentence = read(json).unwrap_err();
            assert!(
                sentence.contains("from 1 to 9007199254740991"),
                "{sentence}"
            );
        }
    }

    #[test]
    fn what_is_no_integer_is_told_what_is_expected() {
        for json in ["1.5", "1e99", "\"1\"", "true", "null", "[]"] {
            let sentence = read(json).unwrap_err();
            assert!(
                sentence.contains("a whole number from 1 to"),
                "{json}: {sentence}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_within_the_bounds_survives_json(number in 1..=WholeNumber::<1>::MAX) {
            prop_assert_eq!(read(&number.to_string()), Ok(number));
        }
    }
}
