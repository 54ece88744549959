//! Names of instance types: what a deployment version runs on, and what it is priced by.
//!
//! The clients show names like `512mb` and `16384mb_t4`, so a name may start with a digit; it stands in a URL, so it
//! needs no escaping there.

use super::wire::json_string;
use super::{Invalid, quoted};
use std::fmt::{self, Display, Formatter};

/// The name of an instance type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceTypeName(String);

impl InstanceTypeName {
    /// Longest name, in characters (all of them ASCII).
    pub const MAX_CHARS: usize = 64;

    /// Accepts `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$` as it is; nothing is normalised.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let fits = (1..=Self::MAX_CHARS).contains(&name.len())
            && name.bytes().all(allowed)
            && name
                .bytes()
                .next()
                .is_some_and(|first| first.is_ascii_alphanumeric());
        if fits {
            return Ok(Self(name.to_owned()));
        }
        Err(Invalid::new(format!(
            "{} is not the name of an instance type; a name is 1 to 64 letters, digits, '.', '_' and '-', and starts \
             with a letter or digit",
            quoted(name)
        )))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for InstanceTypeName {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

json_string!(InstanceTypeName, expecting: "a name like \"512mb\"", schema: {
    "type": "string",
    "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    "minLength": 1,
    "maxLength": 64,
    "description": "Name of an instance type: letters, digits, '.', '_' and '-', starting with a letter or digit; at \
                    most 64 characters.",
    "examples": ["512mb"],
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_url_would_escape_or_a_path_would_read_as_its_own_is_refused() {
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a b",
            "a%20b",
            "ä",
            "-a",
            "_a",
            &"x".repeat(65),
        ] {
            assert!(InstanceTypeName::parse(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_name_has_1_to_64_characters() {
        for name in ["a", "1", &"x".repeat(64)] {
            assert!(InstanceTypeName::parse(name).is_ok(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn exactly_what_the_published_pattern_matches_is_accepted(name in "[A-Za-z0-9][A-Za-z0-9._-]{0,63}") {
            let accepted = InstanceTypeName::parse(&name).unwrap();
            prop_assert_eq!(accepted.as_str(), name);
        }
    }
}
