//! What a body says freely and nobody here reads: kept as it was sent, up to a length.
//!
//! D1 takes rows of 2 MB, and a change enters the trail with the states before and after it. So each free part of an
//! object has a length far below that, in bytes of its JSON text (contract section 4, *What one caller can cost*):
//! characters have up to four.

use super::json::{self, read_as};
use super::{Invalid, quoted};
use serde::Serialize;
use serde_json::{Map, Value};

/// Most bytes of JSON of one free part of an object.
pub const MAX_KEPT: usize = 65_536;

/// Refuses what is longer as JSON than a free part may be.
///
/// # Errors
/// A sentence with both lengths.
pub fn check_length(json: &str) -> Result<(), Invalid> {
    let length = json.len();
    if length <= MAX_KEPT {
        return Ok(());
    }
    Err(Invalid::new(format!(
        "there are {length} bytes of JSON; at most {MAX_KEPT} are allowed"
    )))
}

/// Refuses a key with U+0000, at any depth: SQLite's `json_patch` compares a key up to there, so that a change would merge
/// it into another key, or delete that one.
fn check_keys(value: &Value) -> Result<(), Invalid> {
    match value {
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            if key.contains('\0') {
                return Err(Invalid::new(format!(
                    "the key {} holds a NUL character (U+0000); a key may have any other",
                    quoted(key)
                )));
            }
            check_keys(value)
        }),
        Value::Array(list) => list.iter().try_for_each(check_keys),
        _ => Ok(()),
    }
}

/// Any JSON object whose keys do not contain U+0000.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Kept(Map<String, Value>);

read_as!(Kept, Map<String, Value>);

impl TryFrom<Map<String, Value>> for Kept {
    type Error = Invalid;

    fn try_from(object: Map<String, Value>) -> Result<Self, Invalid> {
        check_length(&json::text(&object))?;
        let object = Value::Object(object);
        check_keys(&object)?;
        match object {
            Value::Object(object) => Ok(Self(object)),
            _ => Ok(Self::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_kept_up_to_a_length() {
        let of_length = |length: usize| {
            let bytes = length - r#"{"a":""}"#.len();
            let text = "é".repeat(bytes / 2) + &"x".repeat(bytes % 2);
            crate::domain::json::from_str::<Kept>(&serde_json::json!({ "a": text }).to_string())
        };
        assert!(of_length(65_536).is_ok());
        let refusal = of_length(65_537).unwrap_err().to_string();
        assert!(refusal.contains("65537 bytes"), "{refusal}");
    }

    #[test]
    fn no_key_has_a_nul_at_any_depth_and_a_value_may() {
        for json in [
            r#"{"a\u0000":1}"#,
            r#"{"b":{"\u0000a":1}}"#,
            r#"{"b":[1,[{"a\u0000b":null}]]}"#,
        ] {
            let refusal = crate::domain::json::from_str::<Kept>(json)
                .unwrap_err()
                .to_string();
            assert!(refusal.contains("holds a NUL character"), "{refusal}");
        }
        assert!(crate::domain::json::from_str::<Kept>(r#"{"\u0001":"\u0000"}"#).is_ok());
    }

    #[test]
    fn a_number_counts_as_long_as_it_is_written_out() {
        let short = format!("{{\"a\":[{}]}}", vec!["1e15"; 10_000].join(","));
        assert!(short.len() < MAX_KEPT);
        assert!(crate::domain::json::from_str::<Kept>(&short).is_err());
    }
}
