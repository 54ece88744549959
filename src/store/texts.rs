//! The statements of a file, and where their texts stand: behind each other in one register, [`super::REGISTER`].
//!
//! A deployment is uploaded gzipped, and gzip finds again only what stood within the 32 KB before; the texts have half a
//! megabyte and much in common. Left to the linker, which knows nothing of that, they were half as large again.

/// Declares the statements of a file, and two lists of them, `ALL` and `DECLARED`, which [`super`] gathers.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub static $name: $crate::sql::Sql = $crate::sql::Sql::new(
            &$crate::store::REGISTER,
            $crate::store::number_of($crate::store::texts::declared!($name, $text)),
        );)*
        /// Every statement of this file.
        pub static ALL: &[&$crate::sql::Sql] = &[$(&$name),*];
        /// Their names and texts.
        pub(crate) const DECLARED: $crate::sql::Declared = &[$($crate::store::texts::declared!($name, $text)),*];
    };
}
pub(crate) use statements;

/// The name and the text of a statement.
macro_rules! declared {
    ($name:ident, $text:expr) => {
        (
            concat!(module_path!(), "::", stringify!($name)),
            $crate::store::texts::folded_text!($text),
        )
    };
}
pub(crate) use declared;

/// A text whose white space is folded.
macro_rules! folded_text {
    ($text:expr) => {{
        const TEXT: &str = $text;
        const FOLDED: [u8; $crate::sql::folded_length(TEXT)] = $crate::sql::folded(TEXT);
        match std::str::from_utf8(&FOLDED) {
            Ok(text) => text,
            // Whole characters were handed on.
            Err(_) => TEXT,
        }
    }};
}
pub(crate) use folded_text;
