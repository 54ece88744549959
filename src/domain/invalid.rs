//! What a parser says when it refuses: one sentence for the caller, without the name of the field.
//!
//! The field is put in front by whoever knows it (`allowed_cors_origins[1]: 'https://a.com/x' has a path; ...`). The
//! sentence quotes what the caller sent, so [`quoted`] keeps it short and harmless to a terminal or a log.

use std::borrow::Cow;

/// Longest quotation in a sentence, in characters after escaping.
const QUOTED_CHARS: usize = 80;

/// A value was refused; `Display` is the sentence for the caller: what was wrong, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(Cow<'static, str>);

impl Invalid {
    /// Takes the whole sentence, without field name and full stop.
    pub fn new(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self(sentence.into())
    }

    /// The sentence.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The value in single quotes, at most about 80 characters of it, with what cannot be seen escaped (`\n`, `\u{202e}`).
///
/// It is for people to read: quotes and backslashes stand as they are, so it cannot be parsed back.
pub fn quoted(value: &str) -> String {
    let mut quotation = String::from("'");
    let mut length = 0;
    for character in value.chars() {
        let escaped = escaped(character);
        length += escaped.chars().count();
        if length > QUOTED_CHARS {
            quotation.push_str("...");
            break;
        }
        quotation.push_str(&escaped);
    }
    quotation.push('\'');
    quotation
}

/// A sentence into which somebody else put what the caller sent: cut to about 300 characters, with what cannot be seen
/// escaped.
pub fn legible(sentence: &str) -> String {
    const SENTENCE_CHARS: usize = 300;
    let mut legible = String::new();
    for (position, character) in sentence.chars().enumerate() {
        if position == SENTENCE_CHARS {
            legible.push_str("...");
            break;
        }
        legible.push_str(&escaped(character));
    }
    legible
}

/// Refuses more of something than is allowed.
pub(crate) fn at_most(count: usize, most: usize, what: &str) -> Result<(), Invalid> {
    if count <= most {
        return Ok(());
    }
    Err(Invalid::new(format!(
        "there are {count} {what}; at most {most} are allowed"
    )))
}

/// A character as it is, or escaped where it cannot be seen.
fn escaped(character: char) -> String {
    match character {
        '\'' | '"' | '\\' => character.to_string(),
        // `escape_debug` also knows format characters, such as those that turn the direction of a line.
        _ => character.escape_debug().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sentence_is_shown_as_it_was_given() {
        assert_eq!(
            Invalid::new("'A' is not a name").to_string(),
            "'A' is not a name"
        );
    }

    #[test]
    fn a_plain_value_is_quoted_as_it_is() {
        assert_eq!(quoted("https://a.com/x"), "'https://a.com/x'");
        assert_eq!(quoted(r#"it's "C:\x""#), r#"'it's "C:\x"'"#);
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        assert_eq!(quoted("a\nb\0c\u{1b}[31m"), r"'a\nb\0c\u{1b}[31m'");
        assert_eq!(quoted("\u{202e}gnp"), r"'\u{202e}gnp'");
    }

    #[test]
    fn what_somebody_else_said_is_cut_after_300_characters() {
        let sentence = "x".repeat(300);
        assert_eq!(legible(&sentence), sentence);
        assert_eq!(legible(&format!("{sentence}y")), format!("{sentence}..."));
    }

    #[test]
    fn as_many_as_are_allowed_are_not_too_many() {
        assert_eq!(at_most(3, 3, "things"), Ok(()));
        let refusal = at_most(4, 3, "things").unwrap_err().to_string();
        assert_eq!(refusal, "there are 4 things; at most 3 are allowed");
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(quoted(&"x".repeat(80)), format!("'{}'", "x".repeat(80)));
        assert_eq!(quoted(&"x".repeat(81)), format!("'{}...'", "x".repeat(80)));
    }

    proptest! {
        #[test]
        fn a_quotation_is_short_and_free_of_control_characters(value in any::<String>()) {
            let quotation = quoted(&value);
            prop_assert!(quotation.chars().count() <= QUOTED_CHARS + 5);
            prop_assert!(!quotation.chars().any(char::is_control));
        }
    }
}
