//! Bytes as lower-case hexadecimal text and back.

use std::fmt::Write;

/// Two lower-case digits a byte.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Exactly `N` bytes from exactly `2 * N` lower-case digits; `None` for anything else, upper case too.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = digits else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_two_lower_case_digits_a_byte() {
        assert_eq!(encode(&[0x00, 0x0f, 0xab]), "000fab");
    }

    #[test]
    fn upper_case_other_lengths_and_other_characters_are_not_read() {
        assert_eq!(decode("000fab"), Some([0x00, 0x0f, 0xab]));
        for text in [
            "000fAB", "000fa", "000fabc", "000fag", "000fa`", "000fa/", "000fa:", "000f€", "",
        ] {
            assert_eq!(decode::<3>(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes in any::<[u8; 20]>()) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }
}
