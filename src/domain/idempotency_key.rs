//! `Idempotency-Key`: what it is, and what tells two requests under one key apart (contract section 5.4).
//!
//! The key itself is kept nowhere; its digest is.

use sha2::{Digest, Sha256};

use super::{Invalid, hex};

/// Most characters of a key.
const MAX_CHARS: usize = 255;

/// A key that a caller has sent, as its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a header's value: a string of RFC 8941, section 3.3.3, as draft-ietf-httpapi-idempotency-key-header says, or
    /// the key alone, as most programs send it. Both of one key are the same.
    pub fn parse(value: &str) -> Result<Self, Invalid> {
        let value = value.trim_matches([' ', '\t']);
        let key = match value.strip_prefix('"') {
            Some(rest) => unescaped(rest),
            None => Some(value.to_owned()),
        };
        let key = key.ok_or_else(|| {
            Invalid::new(
                "the key begins with a quotation mark and is no string of RFC 8941, like \"abc\"",
            )
        })?;
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Invalid::new(
                "the key holds a character that is not allowed; visible ASCII characters without spaces are",
            ));
        }
        match key.len() {
            1..=MAX_CHARS => Ok(Self(hex::encode(&Sha256::digest(&key)))),
            length => Err(Invalid::new(format!(
                "the key has {length} characters; 1 to {MAX_CHARS} are allowed"
            ))),
        }
    }

    /// SHA-256 of the key, as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.0
    }
}

/// What stands between the quotation marks, of which the first has been taken off.
fn unescaped(rest: &str) -> Option<String> {
    let mut key = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(key),
            '\\' => match characters.next()? {
                escaped @ ('"' | '\\') => key.push(escaped),
                _ => return None,
            },
            character => key.push(character),
        }
    }
}

/// SHA-256 of a request, as 64 lower-case hexadecimal digits: under one key only the same request may come again. Each
/// part stands behind its length, so nothing of one can pass for a part of the next.
#[must_use]
pub fn fingerprint(method: &str, path: &str, query: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    for part in [method.as_bytes(), path.as_bytes(), query.as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest(value: &str) -> String {
        IdempotencyKey::parse(value).unwrap().digest().to_owned()
    }

    fn refusal(value: &str) -> String {
        IdempotencyKey::parse(value).unwrap_err().to_string()
    }

    #[test]
    fn a_key_is_known_by_its_sha256() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            digest("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_string_of_rfc_8941_is_what_is_in_it() {
        assert_eq!(digest("\"abc\""), digest("abc"));
        assert_eq!(digest(" \"abc\"\t"), digest("abc"));
        assert_eq!(digest(r#""a\"b\\c""#), digest(r#"a"b\c"#));
    }

    #[test]
    fn a_string_that_is_not_one_is_refused() {
        for value in [
            "\"",
            "\"abc",
            "\"abc\";a=1",
            r#""a\bc""#,
            r#""abc\""#,
            "\"a\"b\"",
        ] {
            assert!(refusal(value).contains("RFC 8941"), "{value}");
        }
    }

    #[test]
    fn a_key_has_1_to_255_visible_characters() {
        assert!(IdempotencyKey::parse(&"k".repeat(255)).is_ok());
        for value in [String::new(), "\"\"".to_owned(), "k".repeat(256)] {
            assert!(refusal(&value).ends_with("1 to 255 are allowed"), "{value}");
        }
        for value in ["a b", "\"a b\"", "a\u{7f}", "schlüssel", "a\tb"] {
            assert!(refusal(value).contains("visible ASCII"), "{value}");
        }
    }

    #[test]
    fn what_belongs_to_one_part_is_not_taken_for_another() {
        let one = fingerprint("POST", "/a", "b", b"c");
        for other in [
            fingerprint("POST", "/ab", "", b"c"),
            fingerprint("POST", "/a", "bc", b""),
            fingerprint("POST/", "a", "b", b"c"),
            fingerprint("PUT", "/a", "b", b"c"),
        ] {
            assert_ne!(one, other);
        }
        assert_eq!(one, fingerprint("POST", "/a", "b", b"c"));
    }

    proptest! {
        #[test]
        fn a_key_is_the_same_bare_and_quoted(key in "[!#-~][!-~]{0,254}") {
            let quoted = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
            prop_assert_eq!(digest(&key), digest(&quoted));
        }

        #[test]
        fn different_keys_have_different_digests(one in "[!#-~]{1,20}", other in "[!#-~]{1,20}") {
            prop_assert_eq!(digest(&one) == digest(&other), one == other);
        }

        #[test]
        fn another_request_has_another_fingerprint(
            one in ("[A-Z]{0,3}", "[a-c/]{0,3}", "[a-c]{0,3}", "[a-c]{0,3}"),
            other in ("[A-Z]{0,3}", "[a-c/]{0,3}", "[a-c]{0,3}", "[a-c]{0,3}"),
        ) {
            let of = |parts: &(String, String, String, String)| {
                fingerprint(&parts.0, &parts.1, &parts.2, parts.3.as_bytes())
            };
            prop_assert_eq!(of(&one) == of(&other), one == other);
        }

        #[test]
        fn no_text_panics(value in any::<String>()) {
            let _ = IdempotencyKey::parse(&value);
        }
    }
}
