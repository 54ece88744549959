//! Texts in lower case, as Unicode has it.
//!
//! As with [Normalization Form C](super::nfc), the wasm module asks the runtime, its `String.prototype.toLowerCase`, since
//! the tables are large; everything else has those of Rust's library. Both follow Unicode's default case conversion.

use std::sync::OnceLock;

/// Puts a text into lower case.
pub type Lowerer = fn(&str) -> String;

static LOWERER: OnceLock<Lowerer> = OnceLock::new();

/// Takes the runtime's lower-casing. The first one stays.
pub fn use_lowerer(lowerer: Lowerer) {
    let _ = LOWERER.set(lowerer);
}

/// The text in lower case; none where nobody has registered what makes it. That of ASCII is known here.
#[must_use]
pub fn lower_case(text: &str) -> Option<String> {
    if text.is_ascii() {
        return Some(text.to_ascii_lowercase());
    }
    let lowerer = LOWERER.get().copied().or(BUILT_IN)?;
    Some(lowerer(text))
}

#[cfg(not(target_arch = "wasm32"))]
const BUILT_IN: Option<Lowerer> = Some(str::to_lowercase);
#[cfg(target_arch = "wasm32")]
const BUILT_IN: Option<Lowerer> = None;

#[cfg(test)]
mod tests {
    #[test]
    fn letters_beyond_ascii_have_a_lower_case_too() {
        for (text, lower) in [
            ("ADA-1", "ada-1"),
            ("J\u{dc}RGEN", "j\u{fc}rgen"),
            ("\u{39f}\u{3a3}", "\u{3bf}\u{3c2}"),
        ] {
            assert_eq!(super::lower_case(text).as_deref(), Some(lower), "{text}");
        }
    }
}
