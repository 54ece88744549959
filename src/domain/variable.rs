//! Environment variables: what is put into the headers of an upstream (contract section 5.2).
//!
//! A value may be a secret, so none is printed, and no refusal quotes one.

use super::invalid::at_most;
use super::json::{self, Fault, FromJson, Json};
use super::wire::json_string;
use super::{Invalid, host, quoted};
use serde::ser::{Serialize, Serializer};
use std::fmt::{self, Display, Formatter};

/// Most variables of a project, of a deployment, and of a version.
pub const MAX_VARIABLES: i64 = 100;

/// The name of a variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VariableName(String);

impl VariableName {
    /// Longest name, in characters (all of them ASCII).
    pub const MAX_CHARS: usize = 64;

    /// Accepts `^[A-Za-z_][A-Za-z0-9_]{0,63}$` as it is.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        let in_alphabet = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let wrong = match name.bytes().next() {
            None => "is empty".to_owned(),
            Some(_) if !in_alphabet => "has a character that a name cannot have".to_owned(),
            Some(first) if first.is_ascii_digit() => "starts with a digit".to_owned(),
            // Every byte is a character here.
            Some(_) if name.len() > Self::MAX_CHARS => format!("has {} characters", name.len()),
            Some(_) => return Ok(Self(name.to_owned())),
        };
        Err(Invalid::new(format!(
            "{} {wrong}; a variable's name is 1 to 64 letters, digits and '_', and does not start with a digit",
            quoted(name)
        )))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for VariableName {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

json_string!(VariableName, expecting: "a name like \"API_KEY\"", schema: {
    "type": "string",
    "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$",
    "minLength": 1,
    "maxLength": 64,
    "description": "Name of an environment variable: letters, digits and '_', not starting with a digit; at most 64 \
                    characters.",
    "examples": ["API_KEY"],
});

/// The value of a variable. It has no `Display`, and `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct VariableValue(String);

impl VariableValue {
    /// Longest value, in bytes.
    pub const MAX_BYTES: usize = 8_192;

    /// Accepts a text as it is, if it is short enough and holds no NUL, where SQLite and tools around it end a text.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let length = text.len();
        if length > Self::MAX_BYTES {
            return Err(Invalid::new(format!(
                "the value has {length} bytes; at most {} are allowed",
                Self::MAX_BYTES
            )));
        }
        if text.contains('\0') {
            return Err(Invalid::new(
                "the value holds a NUL character (U+0000); every other character is allowed",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The value, for whoever stores, seals or sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for VariableValue {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("VariableValue(..)")
    }
}

impl FromJson for VariableValue {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        // A type mismatch would quote a number, and so a secret that was sent as one.
        if json.is_string() {
            return json.parsed(&"", Self::parse);
        }
        Err(Fault::from(Invalid::new(format!(
            "the value is not a text; a text of at most {} bytes is needed",
            Self::MAX_BYTES
        ))))
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for VariableValue {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "VariableValue".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "maxLength": Self::MAX_BYTES,
            "description": "Value of an environment variable: at most 8192 bytes of UTF-8 without U+0000.",
        })
    }
}

/// The hosts that a variable may be sent to, without duplicates, as an upstream's address has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Most hosts in a list, duplicates counted.
    pub const MAX_HOSTS: usize = 100;
    /// Longest host name, in bytes (RFC 1035, section 2.3.4: 255 octets on the wire).
    const MAX_HOST: usize = 253;

    /// The list as JSON text.
    pub fn to_json(&self) -> String {
        json::text(&self.0)
    }

    fn parse_host(name: &str) -> Result<String, Invalid> {
        let refuse = |wrong: &str| Invalid::new(format!("{} {wrong}", quoted(name)));
        // No host of so many characters is short enough, and the parser need not find out.
        let is_long = name.chars().count() > Self::MAX_HOST;
        let host = (!is_long).then(|| host::normalise(name)).flatten();
        match host {
            // Looked at only now, since other characters turn into an asterisk (U+FF0A does).
            Some(host) if host.contains('*') => {
                Err(refuse("has a wildcard; each host is listed by itself"))
            }
            Some(host) if !host.is_empty() && host.len() <= Self::MAX_HOST => Ok(host),
            _ => Err(refuse(
                "is not a host; a host is a name or an IP address, without scheme, port and path",
            )),
        }
    }
}

impl FromJson for Hosts {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        let mut hosts = Vec::new();
        let count = json.each(
            &r#"a list of hosts like ["models.example.com"]"#,
            Self::MAX_HOSTS,
            &mut |item| {
                let host = item.parsed(&r#"a host like "models.example.com""#, Self::parse_host)?;
                if !hosts.contains(&host) {
                    hosts.push(host);
                }
                Ok(())
            },
        )?;
        at_most(count, Self::MAX_HOSTS, "hosts")?;
        Ok(Self(hosts))
    }
}

impl Serialize for Hosts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Hosts {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Hosts".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "array",
            "items": { "type": "string", "minLength": 1, "maxLength": Self::MAX_HOST },
            "maxItems": Self::MAX_HOSTS,
            "description": "List of hosts, without scheme, port and path; duplicates are dropped.",
            "examples": [["models.example.com"]],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hosts(json: &str) -> Result<String, String> {
        let hosts = crate::domain::json::from_str::<Hosts>(json);
        hosts
            .map(|hosts| hosts.to_json())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_has_1_to_64_letters_digits_and_underscores_and_no_digit_first() {
        for name in ["a", "_", "API_KEY", "a1", &"x".repeat(64)] {
            assert!(VariableName::parse(name).is_ok(), "{name}");
        }
        for (name, wrong) in [
            ("", "is empty"),
            ("1a", "starts with a digit"),
            ("a-b", "has a character"),
            ("a b", "has a character"),
            ("\u{e4}", "has a character"),
            ("a\n", "has a character"),
            (&"x".repeat(65), "has 65 characters"),
        ] {
            let refusal = VariableName::parse(name).unwrap_err().to_string();
            assert!(refusal.contains(wrong), "{refusal}");
        }
    }

    #[test]
    fn a_value_has_at_most_8192_bytes_and_no_nul() {
        assert!(VariableValue::parse("").is_ok());
        assert!(VariableValue::parse(&"\u{e4}".repeat(4_096)).is_ok());
        let long = VariableValue::parse(&"\u{e4}".repeat(4_097)).unwrap_err();
        assert!(long.to_string().contains("has 8194 bytes"));
        assert!(VariableValue::parse(&"x".repeat(8_192)).is_ok());
        assert!(VariableValue::parse(&"x".repeat(8_193)).is_err());
        assert!(VariableValue::parse("a\0").is_err());
    }

    #[test]
    fn hosts_take_the_form_of_an_address_once_each() {
        assert_eq!(
            hosts(r#"["Models.Example.com","models.example.com","[::1]","b\u00fccher.de"]"#),
            Ok(r#"["models.example.com","[::1]","xn--bcher-kva.de"]"#.to_owned())
        );
        assert_eq!(hosts("[]"), Ok("[]".to_owned()));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for (host, wrong) in [
            ("", "is not a host"),
            ("a.com:443", "is not a host"),
            ("https://a.com", "is not a host"),
            ("a.com/x", "is not a host"),
            ("*.a.com", "has a wildcard"),
            ("\u{ff0a}.a.com", "has a wildcard"),
        ] {
            let refusal = hosts(&format!("[{host:?}]")).unwrap_err();
            assert!(refusal.contains(wrong), "{refusal}");
        }
        let of = |count: usize| hosts(&format!("[{}]", vec!["\"a.com\""; count].join(",")));
        assert!(of(100).is_ok());
        let refusal = of(101).unwrap_err();
        assert!(refusal.contains("101 hosts; at most 100"), "{refusal}");
    }

    #[test]
    fn a_host_has_253_characters_at_most_as_it_is_sent_and_as_it_is_called() {
        let label = "x".repeat(63);
        let of = |last: &str| hosts(&format!("[{:?}]", [&label, &label, &label, last].join(".")));
        assert!(of(&"x".repeat(61)).is_ok());
        assert!(of(&"x".repeat(62)).is_err());
        // `xn--` and what follows it are longer than what was sent.
        let called =
            |letters: usize| of(&format!("\u{e4}{}", "x".repeat(letters))).map(|hosts| hosts.len());
        let most = (0..61)
            .take_while(|letters| called(*letters).is_ok())
            .count();
        assert_eq!(called(most - 1), Ok(253 + r#"[""]"#.len()));
    }

    #[test]
    fn a_place_has_100_variables_at_most() {
        assert_eq!(MAX_VARIABLES, 100);
    }

    proptest! {
        #[test]
        fn exactly_what_the_pattern_matches_is_a_name(name in "[A-Za-z_][A-Za-z0-9_]{0,63}") {
            prop_assert!(VariableName::parse(&name).is_ok());
        }

        #[test]
        fn no_refusal_and_no_debug_text_holds_a_value(value in "[0-9]{9,15}") {
            let refusal = crate::domain::json::from_str::<VariableValue>(&value).unwrap_err();
            prop_assert!(!refusal.to_string().contains(&value));
            let text = format!("{:?}", VariableValue::parse(&value).unwrap());
            prop_assert!(!text.contains(&value));
        }
    }
}
