//! Names of organizations, projects and roles, as they stand in URLs.
//!
//! They follow the UbiOps rule: lower-case letters, digits and `-`, a letter first, at most 64 characters; compared
//! exactly. So a name needs no escaping in a path, and no two names look alike.

use super::wire::json_string;
use super::{Invalid, quoted};
use std::fmt::{self, Display, Formatter};

/// The name of an organization, a project or a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(String);

impl ObjectName {
    /// Longest name, in characters (all of them ASCII).
    pub const MAX_CHARS: usize = 64;

    /// Accepts `^[a-z][a-z0-9-]{0,63}$` as it is; nothing is normalised.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        let in_alphabet = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let wrong = match name.bytes().next() {
            None => "is empty".to_owned(),
            Some(_) if !in_alphabet => "has a character that a name cannot have".to_owned(),
            Some(first) if !first.is_ascii_lowercase() => "does not start with a letter".to_owned(),
            // Every byte is a character here.
            Some(_) if name.len() > Self::MAX_CHARS => format!("has {} characters", name.len()),
            Some(_) => return Ok(Self(name.to_owned())),
        };
        Err(Invalid::new(format!(
            "{} {wrong}; a name is 1 to 64 lower-case letters, digits and '-', and starts with a letter",
            quoted(name)
        )))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for ObjectName {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

json_string!(ObjectName, expecting: "a name like \"project-1\"", schema: {
    "type": "string",
    "pattern": "^[a-z][a-z0-9-]{0,63}$",
    "minLength": 1,
    "maxLength": 64,
    "description": "A name: lower-case letters, digits and '-', starting with a letter; at most 64 characters.",
    "examples": ["project-1"],
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(name: &str) -> String {
        ObjectName::parse(name).unwrap_err().to_string()
    }

    #[test]
    fn a_name_has_1_to_64_characters() {
        assert!(ObjectName::parse("a").is_ok());
        assert!(ObjectName::parse(&"a".repeat(64)).is_ok());
        assert!(refusal(&"a".repeat(65)).contains("has 65 characters"));
        assert!(refusal("").starts_with("'' is empty; "));
    }

    #[test]
    fn a_name_starts_with_a_letter() {
        assert!(refusal("1a").contains("does not start with a letter"));
        assert!(refusal("-a").contains("does not start with a letter"));
    }

    #[test]
    fn a_name_holds_lower_case_letters_digits_and_dashes_only() {
        assert!(ObjectName::parse("a-1--").is_ok());
        for name in ["A", "a_b", "a b", "a\n", "a\0", "é", "a.b", "a/b", " a"] {
            assert!(
                refusal(name).contains("has a character that a name cannot have"),
                "{name:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn exactly_what_the_published_pattern_matches_is_accepted(name in "[a-z][a-z0-9-]{0,63}") {
            prop_assert!(ObjectName::parse(&name).is_ok());
        }

        #[test]
        fn an_accepted_name_is_unchanged_whatever_was_sent(name in any::<String>()) {
            if let Ok(accepted) = ObjectName::parse(&name) {
                prop_assert_eq!(accepted.as_str(), name);
            }
        }
    }
}
