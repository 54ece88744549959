//! The codes of vouchers.
//!
//! A code is as good as what it gives, so no refusal repeats it: a sentence may end up where a code may not.

use super::Invalid;
use super::wire::json_string;
use std::fmt::{self, Display, Formatter};

/// A voucher's code: 4 to 64 of `A-Z`, `a-z`, `0-9`, `_` and `-` (contract section 3). Compared exactly.
#[derive(Clone, PartialEq, Eq)]
pub struct VoucherCode(String);

impl VoucherCode {
    /// Accepts a code as it is.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let in_alphabet = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if in_alphabet && (4..=64).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new(
            "this is not a voucher's code; a code is 4 to 64 letters, digits, '_' and '-'",
        ))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Says that there is a code, and not which.
impl fmt::Debug for VoucherCode {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("VoucherCode")
    }
}

impl Display for VoucherCode {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

json_string!(VoucherCode, expecting: "a voucher's code like \"WORKSHOP-2030\"", schema: {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]{4,64}$",
    "minLength": 4,
    "maxLength": 64,
    "description": "Code of a voucher: 4 to 64 letters, digits, '_' and '-'; upper and lower case differ.",
    "examples": ["WORKSHOP-2030"],
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_has_4_to_64_characters_of_its_alphabet() {
        for code in ["abcd", "A-_9", &"x".repeat(64)] {
            assert!(VoucherCode::parse(code).is_ok(), "{code}");
        }
        for code in [
            "",
            "abc",
            &"x".repeat(65),
            "ab cd",
            "ab/cd",
            "abcdé",
            "abcd\n",
        ] {
            assert!(VoucherCode::parse(code).is_err(), "{code}");
        }
    }

    #[test]
    fn no_debug_text_shows_a_code() {
        let code = VoucherCode::parse("SECRET-1").unwrap();
        assert!(!format!("{code:?}").contains("SECRET"));
    }

    proptest! {
        #[test]
        fn no_refusal_repeats_what_was_sent(text in "[A-Z]{3}[^A-Za-z0-9_-][A-Z]{3}") {
            let refusal = VoucherCode::parse(&text).unwrap_err().to_string();
            prop_assert!(!refusal.contains(&text));
        }
    }
}
