//! The runtime's normaliser of Unicode (see [`crate::domain::nfc`]).

use js_sys::JsString;

/// The text as `text.normalize("NFC")` has it.
pub(super) fn normalise(text: &str) -> String {
    JsString::from(text).normalize("NFC").into()
}
