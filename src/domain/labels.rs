//! Labels of a project: short texts by key, in the order in which they were given.
//!
//! A value is a text, true, false or a number; the latter are kept and shown as the JSON text that was sent, `"true"` and
//! `"3"` (contract section 4), since the clients expect texts in an answer.
//!
//! The clients send and expect a dictionary of strings and state no limits; ours keep a project's row small and are
//! wide enough for tags. A key that is repeated keeps its place and takes the last value, as a Python dictionary does.

use super::json::{Fault, FromJson, Json};
use super::wire::json_literal;
use super::{Invalid, quoted};
use serde::ser::{Serialize, Serializer};

/// The labels of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Vec<(String, String)>);

impl Labels {
    /// Most labels on one object.
    pub const MAX_ENTRIES: usize = 100;
    /// Longest key, in Unicode scalar values; a key has at least one.
    pub const MAX_KEY_CHARS: usize = 64;
    /// Longest value, in Unicode scalar values; a value may be empty.
    pub const MAX_VALUE_CHARS: usize = 256;
    /// Longest JSON text of all of them, in bytes: lists of projects and the audit trail carry it whole.
    pub const MAX_BYTES: usize = 8_192;

    /// The labels as a JSON object, in their order.
    pub fn to_json(&self) -> String {
        let members: Vec<String> = self
            .iter()
            .map(|(key, value)| format!("{}:{}", json_literal(key), json_literal(value)))
            .collect();
        format!("{{{}}}", members.join(","))
    }

    /// Keys and values, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter()
            .find(|(candidate, _)| *candidate == key)
            .map(|(_, value)| value)
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn insert(&mut self, key: &str, value: String) -> Result<(), Invalid> {
        check_text(
            &format!("the key {}", quoted(key)),
            key,
            1,
            Self::MAX_KEY_CHARS,
        )?;
        check_text(
            &format!("the value of {}", quoted(key)),
            &value,
            0,
            Self::MAX_VALUE_CHARS,
        )?;
        if let Some((_, held)) = self.0.iter_mut().find(|(candidate, _)| *candidate == key) {
            *held = value;
        } else if self.0.len() < Self::MAX_ENTRIES {
            self.0.push((key.to_owned(), value));
        } else {
            return Err(Invalid::new(format!(
                "there are more than {} labels, which is the most that are allowed",
                Self::MAX_ENTRIES
            )));
        }
        Ok(())
    }
}

fn check_text(what: &str, text: &str, min: usize, max: usize) -> Result<(), Invalid> {
    let length = text.chars().count();
    if length < min || length > max {
        return Err(Invalid::new(format!(
            "{what} has {length} characters; {min} to {max} are allowed"
        )));
    }
    if text.contains('\0') {
        return Err(Invalid::new(format!(
            "{what} holds a NUL character (U+0000)"
        )));
    }
    Ok(())
}

/// The text of a label's value, as it is kept; `None` for what is none.
fn text_of(json: &str) -> Option<String> {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).ok(),
        Some(b'{' | b'[' | b'n') | None => None,
        Some(_) => Some(json.to_owned()),
    }
}

impl FromJson for Labels {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        let mut labels = Self::default();
        for (key, value) in json.pairs(&r#"an object of texts like {"team": "vision"}"#)? {
            let text = text_of(value.text()).ok_or_else(|| {
                Invalid::new(format!(
                    "the value of {} is neither a text, true, false nor a number",
                    quoted(&key)
                ))
            });
            text.and_then(|text| labels.insert(&key, text))
                .map_err(|invalid| Fault::from(invalid).of_member(&key))?;
        }
        if labels.to_json().len() > Self::MAX_BYTES {
            let limit = Self::MAX_BYTES;
            return Err(Fault::from(Invalid::new(format!(
                "all labels together are longer than {limit} bytes of JSON"
            ))));
        }
        Ok(labels)
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Labels {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Labels".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "propertyNames": { "minLength": 1, "maxLength": Self::MAX_KEY_CHARS },
            "additionalProperties": { "type": ["string", "boolean", "number"], "maxLength": Self::MAX_VALUE_CHARS },
            "maxProperties": Self::MAX_ENTRIES,
            "description": "Labels: texts by key, stored in their order. True, false and numbers are stored and \
                            shown as their JSON text.",
            "examples": [{ "team": "vision" }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::json::from_str;
    use proptest::prelude::*;

    fn refusal(json: &str) -> String {
        from_str::<Labels>(json).unwrap_err().to_string()
    }

    fn numbered(count: usize) -> String {
        let members: Vec<String> = (0..count).map(|n| format!(r#""k{n}":"v""#)).collect();
        format!("{{{}}}", members.join(","))
    }

    #[test]
    fn order_is_kept() {
        let json = r#"{"z":"1","a":"2","m":""}"#;
        let labels = from_str::<Labels>(json).unwrap();
        assert_eq!(labels.to_json(), json);
        assert_eq!(serde_json::to_string(&labels).unwrap(), json);
        assert_eq!((labels.get("a"), labels.get("b")), (Some("2"), None));
    }

    #[test]
    fn a_repeated_key_keeps_its_place_and_takes_the_last_value() {
        let labels = from_str::<Labels>(r#"{"a":"1","b":"2","a":"3"}"#).unwrap();
        assert_eq!(labels.to_json(), r#"{"a":"3","b":"2"}"#);
    }

    #[test]
    fn at_most_100_labels_are_taken() {
        assert_eq!(from_str::<Labels>(&numbered(100)).unwrap().len(), 100);
        assert!(refusal(&numbered(101)).contains("more than 100 labels"));
    }

    #[test]
    fn keys_have_1_to_64_characters_and_values_at_most_256() {
        let (key, value) = ("k".repeat(64), "v".repeat(256));
        assert!(from_str::<Labels>(&format!(r#"{{"{key}":"{value}"}}"#)).is_ok());
        assert!(
            refusal(&format!(r#"{{"{key}k":"v"}}"#))
                .contains("has 65 characters; 1 to 64 are allowed")
        );
        assert!(
            refusal(&format!(r#"{{"k":"{value}v"}}"#))
                .contains("the value of 'k' has 257 characters")
        );
        assert!(refusal(r#"{"":"v"}"#).contains("the key '' has 0 characters"));
    }

    #[test]
    fn nul_is_refused_in_keys_and_values() {
        assert!(refusal(r#"{"a\u0000":"v"}"#).contains("NUL"));
        assert!(refusal(r#"{"a":"\u0000"}"#).contains("NUL"));
    }

    #[test]
    fn anything_but_an_object_of_texts_is_told_what_is_expected() {
        assert!(refusal("[]").contains(r#"expected an object of texts like {"team": "vision"}"#));
        for value in ["null", "[1]", "{}"] {
            let refusal = refusal(&format!(r#"{{"a":{value}}}"#));
            assert!(
                refusal.contains("the value of 'a' is neither a text, true, false nor a number")
            );
        }
    }

    #[test]
    fn true_false_and_numbers_are_kept_as_their_json_text() {
        let labels = from_str::<Labels>(
            r#"{"a": true, "b":false, "c": 3 , "d":1.10, "e":-2e3, "f": "true"}"#,
        );
        assert_eq!(
            labels.unwrap().to_json(),
            r#"{"a":"true","b":"false","c":"3","d":"1.10","e":"-2e3","f":"true"}"#
        );
        let long = format!(r#"{{"a":{}}}"#, "1".repeat(257));
        assert!(refusal(&long).contains("the value of 'a' has 257 characters"));
    }

    #[test]
    fn a_text_with_escapes_is_read_as_a_text() {
        let labels = from_str::<Labels>(r#"{"a":"\u00e9\n\"q\""}"#).unwrap();
        assert_eq!(labels.get("a"), Some("é\n\"q\""));
    }

    #[test]
    fn all_together_have_a_limit_too() {
        let pairs: Vec<String> = (0..100)
            .map(|number| format!("\"{number}\":\"{}\"", "x".repeat(100)))
            .collect();
        assert!(refusal(&format!("{{{}}}", pairs.join(","))).contains("8192 bytes"));
        let of_length = |length: usize| {
            let pairs: Vec<String> = (0..81)
                .map(|number| format!(r#""{number:02}":"{}""#, "x".repeat(92)))
                .collect();
            let json = format!("{{{}}}", pairs.join(","));
            let longer = "x".repeat(92 + length - json.len());
            json.replace(&pairs[80], &format!(r#""80":"{longer}""#))
        };
        assert_eq!(of_length(8_192).len(), 8_192);
        assert!(from_str::<Labels>(&of_length(8_192)).is_ok());
        assert!(refusal(&of_length(8_193)).contains("8192 bytes"));
    }

    proptest! {
        #[test]
        fn labels_come_back_from_their_json(
            pairs in proptest::collection::vec(("[^\0]{1,64}", "[^\0]{0,100}"), 0..8)
        ) {
            let mut labels = Labels::default();
            for (key, value) in pairs {
                labels.insert(&key, value).unwrap();
            }
            prop_assert_eq!(from_str::<Labels>(&labels.to_json()).unwrap(), labels);
        }
    }
}
