//! Texts in Unicode's Normalization Form C (UAX #15): the same letters, however they were typed, as the same characters.
//!
//! As with [hosts](super::host), the tables are as large as a part of the module and the runtime has them already, so
//! the wasm module asks its `String.prototype.normalize`, which `edge` registers here, and everything else ICU's crate,
//! which the `url` crate brings along. tests/golden/emails.json is what both are held to.

use std::borrow::Cow;
use std::sync::OnceLock;

/// Puts a text into the form.
pub type Normaliser = fn(&str) -> String;

static NORMALISER: OnceLock<Normaliser> = OnceLock::new();

/// Takes the runtime's normaliser. The first one stays.
pub fn use_normaliser(normaliser: Normaliser) {
    let _ = NORMALISER.set(normaliser);
}

/// The text in Normalization Form C; none where nobody has registered what makes it. ASCII is in it.
#[must_use]
pub fn normalise(text: &str) -> Option<Cow<'_, str>> {
    if text.is_ascii() {
        return Some(Cow::Borrowed(text));
    }
    let normaliser = NORMALISER.get().copied().or(BUILT_IN)?;
    Some(Cow::Owned(normaliser(text)))
}

#[cfg(not(target_arch = "wasm32"))]
const BUILT_IN: Option<Normaliser> = Some(|text| {
    icu_normalizer::ComposingNormalizerBorrowed::new_nfc()
        .normalize(text)
        .into_owned()
});
#[cfg(target_arch = "wasm32")]
const BUILT_IN: Option<Normaliser> = None;

#[cfg(test)]
mod tests {
    #[test]
    fn letters_and_their_marks_are_put_together_and_the_rest_stays() {
        for (text, normal) in [
            ("cafe\u{301}", "caf\u{e9}"),
            ("caf\u{e9}", "caf\u{e9}"),
            ("cafe", "cafe"),
            ("\u{1100}\u{1161}", "\u{ac00}"),
            ("\u{ff41}", "\u{ff41}"),
        ] {
            assert_eq!(super::normalise(text).as_deref(), Some(normal), "{text}");
        }
    }
}
