//! The public half of an access key, as a signed request names it.

use std::fmt::{self, Display, Formatter};

use super::wire::json_string;
use super::{Invalid, hex, quoted};

/// The id of an access key: 20 upper-case hexadecimal digits, in the length and alphabet of Huawei Cloud's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessKeyId(String);

/// Random bytes in an id. It is no secret; it must only be unique.
const RANDOM: usize = 10;

impl AccessKeyId {
    /// Reads an id as this installation makes them.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let in_form = text.len() == 2 * RANDOM
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
        if in_form {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new(format!(
            "{} is not an access key; one is 20 upper-case hexadecimal digits",
            quoted(text)
        )))
    }

    /// A new id from random bytes, of which 10 are used.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        let [used @ .., _, _, _, _, _, _] = bytes;
        let used: [u8; RANDOM] = used;
        Self(hex::encode(&used).to_ascii_uppercase())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for AccessKeyId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

json_string!(AccessKeyId, expecting: "an access key like \"13A9BA2768884528826E\"", schema: {
    "type": "string",
    "pattern": "^[0-9A-F]{20}$",
    "examples": ["13A9BA2768884528826E"],
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_not_made_here_is_refused() {
        for text in [
            "",
            "AKTEST000000000000001",
            "13a9ba2768884528826e",
            "13A9BA2768884528826G",
        ] {
            assert!(AccessKeyId::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_new_id_parses_to_itself(bytes in any::<[u8; 16]>()) {
            let id = AccessKeyId::from_random(bytes);
            prop_assert_eq!(AccessKeyId::parse(id.as_str()).unwrap(), id);
        }
    }
}
