//! The public half of an access key, as a signed request names it.

use super::ids::{Form, Id, Kind};
use super::{Invalid, hex, quoted};

/// The id of an access key: 20 upper-case hexadecimal digits, in the length and alphabet of Huawei Cloud's own.
pub type AccessKeyId = Id<AccessKey>;

/// An access key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessKey {}

impl Kind for AccessKey {
    type Form = Self;
    #[cfg(not(target_arch = "wasm32"))]
    const NAME: &'static str = "AccessKeyId";
}

/// Random bytes in an id. It is no secret; it must only be unique.
const RANDOM: usize = 10;

impl Form for AccessKey {
    const EXPECTED: &'static str = "an access key like \"13A9BA2768884528826E\"";

    fn read(text: &str) -> Result<String, Invalid> {
        let in_form = text.len() == 2 * RANDOM
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
        if in_form {
            return Ok(text.to_owned());
        }
        Err(Invalid::new(format!(
            "{} is not an access key; one is 20 upper-case hexadecimal digits",
            quoted(text)
        )))
    }

    /// Of the bytes 10 are used.
    fn draw(random: [u8; 16]) -> String {
        let [used @ .., _, _, _, _, _, _] = random;
        let used: [u8; RANDOM] = used;
        hex::encode(&used).to_ascii_uppercase()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema() -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9A-F]{20}$",
            "examples": ["13A9BA2768884528826E"],
        })
    }
}

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
            "13A9BA2768884528826@",
            "13A9BA2768884528826/",
            "13A9BA2768884528826:",
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
