//! The runtime's lower-casing (see [`crate::domain::lower_case`]).

use js_sys::JsString;

/// The text as `text.toLowerCase()` has it.
pub(super) fn lower_case(text: &str) -> String {
    JsString::from(text).to_lower_case().into()
}
