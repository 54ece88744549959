//! What a body says freely and nobody here reads: kept as it was sent, up to a length.
//!
//! D1 takes rows of 2 MB, and a change enters the trail with the states before and after it. So each free part of an
//! object has a length far below that, in bytes of its JSON text (contract section 4, *What one caller can cost*):
//! characters have up to four.

use super::Invalid;
use serde::{Deserialize, Serialize};
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

/// An object of anything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(try_from = "Map<String, Value>")]
pub struct Kept(Map<String, Value>);

impl TryFrom<Map<String, Value>> for Kept {
    type Error = Invalid;

    fn try_from(object: Map<String, Value>) -> Result<Self, Invalid> {
        let object = Value::Object(object);
        check_length(&object.to_string())?;
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
            let text = "é".repeat((length - r#"{"a":""}"#.len()) / 2);
            serde_json::from_value::<Kept>(serde_json::json!({ "a": text }))
        };
        assert!(of_length(MAX_KEPT).is_ok());
        let refusal = of_length(MAX_KEPT + 2).unwrap_err().to_string();
        assert!(refusal.contains("65538 bytes"), "{refusal}");
    }

    #[test]
    fn a_number_counts_as_long_as_it_is_written_out() {
        let short = format!("{{\"a\":[{}]}}", vec!["1e15"; 10_000].join(","));
        assert!(short.len() < MAX_KEPT);
        assert!(serde_json::from_str::<Kept>(&short).is_err());
    }
}
