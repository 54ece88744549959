//! Whole numbers within bounds: ports, sizes, the limits of plans.

use super::Invalid;
use super::json::{Fault, FromJson, Json};

/// The largest integer that crosses JavaScript, and so D1, unharmed: 2^53 - 1.
pub const SAFE_INTEGER: i64 = (1 << 53) - 1;

/// A whole number from `MIN` on.
pub type AtLeast<const MIN: i64> = Within<MIN, SAFE_INTEGER>;

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Within<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Within<MIN, MAX> {
    /// Accepts the number, if it is within the bounds.
    pub fn new(number: i64) -> Result<Self, Invalid> {
        check(number, MIN, MAX)?;
        Ok(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

/// The rule of a number. Not generic: there are some twenty pairs of bounds.
fn check(number: i64, min: i64, max: i64) -> Result<(), Invalid> {
    match (min..=max).contains(&number) {
        true => Ok(()),
        false => Err(Invalid::new(format!(
            "{number} is out of range; {min} to {max} are allowed"
        ))),
    }
}

impl<const MIN: i64, const MAX: i64> FromJson for Within<MIN, MAX> {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        // What cannot be held is beyond the bounds as well.
        let number = json.integer(&format_args!("a whole number from {MIN} to {MAX}"))?;
        Ok(Self::new(number)?)
    }
}

impl<const MIN: i64, const MAX: i64> serde::Serialize for Within<MIN, MAX> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl<const MIN: i64, const MAX: i64> schemars::JsonSchema for Within<MIN, MAX> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Within{MIN}To{MAX}").into()
    }

    // Two bounds say more where they stand than behind a reference.
    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(json: &str) -> Result<i64, String> {
        crate::domain::json::from_str::<Within<1, 10>>(json)
            .map(Within::get)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn both_bounds_are_allowed_and_nothing_beyond_them() {
        assert_eq!((read("1"), read("10")), (Ok(1), Ok(10)));
        for beyond in ["0", "11", "-1", "18446744073709551615"] {
            assert!(
                read(beyond).unwrap_err().contains("1 to 10 are allowed"),
                "{beyond}"
            );
        }
    }

    #[test]
    fn what_is_no_whole_number_is_told_the_bounds() {
        for wrong in ["1.5", "\"1\"", "true", "null"] {
            assert!(
                read(wrong)
                    .unwrap_err()
                    .contains("a whole number from 1 to 10"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn without_an_upper_bound_it_ends_where_javascript_rounds() {
        let read = |json: &str| crate::domain::json::from_str::<AtLeast<1>>(json).map(AtLeast::get);
        assert_eq!(read("9007199254740991").unwrap(), 9_007_199_254_740_991);
        assert!(read("9007199254740992").is_err() && read("0").is_err());
    }

    proptest! {
        #[test]
        fn what_is_within_the_bounds_survives_json(number in 0..=SAFE_INTEGER) {
            let json = serde_json::to_string(&AtLeast::<0>::new(number).unwrap()).unwrap();
            prop_assert_eq!(crate::domain::json::from_str::<AtLeast<0>>(&json).unwrap().get(), number);
        }
    }
}
