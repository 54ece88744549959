//! Free text with a length: what people call things and say about them.
//!
//! Length counts Unicode scalar values, as the Python clients' `len()` does. The text is kept as it was sent; only NUL
//! is refused, because SQLite and the tools around it end a text there.

use super::Invalid;
use super::json::{Fault, FromJson, Json};
use std::fmt::{self, Display, Formatter};

/// A text of `MIN` to `MAX` Unicode scalar values without NUL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// The name of a service user; may be empty, since Terraform's provider sends `""` when none is given.
pub type ServiceUserName = Text<0, 256>;
/// A description of anything.
pub type Description = Text<0, 400>;
/// A person's name or surname; never empty, since the clients refuse `""` in an answer.
pub type PersonName = Text<1, 150>;

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// Accepts the text as it is, if its length fits and it holds no NUL.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        check(text, MIN, MAX)?;
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rules of a text. Not generic: there are some twenty pairs of lengths.
fn check(text: &str, min: usize, max: usize) -> Result<(), Invalid> {
    let length = text.chars().count();
    if length < min || length > max {
        let wrong = match length {
            0 => "the text is empty".to_owned(),
            1 => "the text has 1 character".to_owned(),
            _ => format!("the text has {length} characters"),
        };
        return Err(Invalid::new(format!("{wrong}; {min} to {max} are allowed")));
    }
    if text.contains('\0') {
        return Err(Invalid::new(
            "the text holds a NUL character (U+0000); every other character is allowed",
        ));
    }
    Ok(())
}

impl<const MIN: usize, const MAX: usize> Display for Text<MIN, MAX> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<const MAX: usize> Default for Text<0, MAX> {
    /// The empty text.
    fn default() -> Self {
        Self(String::new())
    }
}

impl<const MIN: usize, const MAX: usize> FromJson for Text<MIN, MAX> {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        let text = json.string(&format_args!("a text of {MIN} to {MAX} characters"))?;
        check(&text, MIN, MAX)?;
        Ok(Self(text))
    }
}

impl<const MIN: usize, const MAX: usize> serde::Serialize for Text<MIN, MAX> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl<const MIN: usize, const MAX: usize> schemars::JsonSchema for Text<MIN, MAX> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Text{MIN}To{MAX}").into()
    }

    // Two lengths say more where they stand than behind a reference.
    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": MIN, "maxLength": MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn length_counts_characters_and_not_bytes() {
        assert!(Text::<0, 3>::parse("äöü").is_ok());
        assert_eq!(
            Text::<0, 3>::parse("äöüß").unwrap_err().to_string(),
            "the text has 4 characters; 0 to 3 are allowed"
        );
    }

    #[test]
    fn a_service_users_name_may_be_empty_and_has_256_characters_at_most() {
        assert!(ServiceUserName::parse("").is_ok());
        assert!(ServiceUserName::parse(&"n".repeat(256)).is_ok());
        assert!(ServiceUserName::parse(&"n".repeat(257)).is_err());
    }

    #[test]
    fn a_description_has_400_characters_at_most() {
        assert!(Description::parse(&"d".repeat(400)).is_ok());
        assert!(Description::parse(&"d".repeat(401)).is_err());
    }

    #[test]
    fn a_persons_name_is_not_empty() {
        assert_eq!(
            PersonName::parse("").unwrap_err().to_string(),
            "the text is empty; 1 to 150 are allowed"
        );
    }

    #[test]
    fn a_persons_name_has_1_to_150_characters() {
        for (length, fits) in [(1, true), (150, true), (151, false)] {
            assert_eq!(
                PersonName::parse(&"n".repeat(length)).is_ok(),
                fits,
                "{length}"
            );
        }
    }

    #[test]
    fn a_description_that_is_not_given_is_empty() {
        assert_eq!(Description::default(), Description::parse("").unwrap());
    }

    #[test]
    fn nul_is_refused_and_named() {
        assert!(
            Description::parse("a\0b")
                .unwrap_err()
                .to_string()
                .contains("NUL")
        );
    }

    #[test]
    fn a_number_is_told_the_lengths() {
        let error = crate::domain::json::from_str::<PersonName>("5")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("expected a text of 1 to 150 characters"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn text_is_kept_as_it_was_sent(text in any::<String>()) {
            let fits = text.chars().count() <= 400 && !text.contains('\0');
            match Description::parse(&text) {
                Ok(kept) => {
                    prop_assert!(fits);
                    prop_assert_eq!(kept.as_str(), text);
                }
                Err(_) => prop_assert!(!fits),
            }
        }
    }
}
