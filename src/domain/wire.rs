//! How a domain type that is a string in JSON gets in and out: read with its own parser, written with its `Display`.
//!
//! A refusal carries the parser's sentence unchanged; the name of the field is put in front on the way out. Schemas exist
//! natively alone, where the OpenAPI document is written.

/// A text as a JSON string literal, quotes included.
pub(super) fn json_literal(text: &str) -> String {
    super::json::text(text)
}

/// `FromJson`, `Serialize` and, natively, `JsonSchema` for a type with `parse(&str)` and `Display`.
macro_rules! json_string {
    ($type:ident, expecting: $expecting:literal, schema: { $($schema:tt)+ }) => {
        impl $crate::domain::json::FromJson for $type {
            fn from_json(
                json: $crate::domain::json::Json<'_>,
            ) -> Result<Self, $crate::domain::json::Fault> {
                json.parsed(&$expecting, Self::parse)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(not(target_arch = "wasm32"))]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ $($schema)+ })
            }
        }
    };
}

pub(super) use json_string;

/// An enum that is one of some texts in JSON and in the database: read as a text, so that whatever else stands there
/// is refused with the texts that are allowed.
macro_rules! json_enum {
    ($(#[doc = $doc:literal])+ $type:ident: $what:literal {
        $($(#[doc = $variant_doc:literal])+ $variant:ident = $text:literal,)+
    }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[doc = $variant_doc])+ $variant,)+
        }

        impl $type {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            const NAMES: &[&str] = &[$($text),+];

            /// Its name, as in JSON and in the database.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// Reads a name.
            pub fn parse(name: &str) -> Result<Self, $crate::domain::Invalid> {
                match name {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::domain::Invalid::new(format!(
                        concat!("{} is not ", $what, "; it is one of {}"),
                        $crate::domain::quoted(name),
                        Self::NAMES.join(", ")
                    ))),
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.name())
            }
        }

        impl $crate::domain::json::FromJson for $type {
            fn from_json(
                json: $crate::domain::json::Json<'_>,
            ) -> Result<Self, $crate::domain::json::Fault> {
                if !json.is_string() {
                    let expecting = format!("one of {}", Self::NAMES.join(", "));
                    return Err(json.unexpected(&expecting));
                }
                json.parsed(&"", Self::parse)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        #[cfg(not(target_arch = "wasm32"))]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                // Each line of a comment begins with a space.
                schemars::json_schema!({
                    "description": concat!($($doc),+).trim_start(),
                    "oneOf": [$({
                        "type": "string",
                        "const": $text,
                        "description": concat!($($variant_doc),+).trim_start(),
                    }),+],
                })
            }
        }
    };
}

pub(super) use json_enum;

#[cfg(test)]
mod tests {
    use crate::domain::json::{FromJson, from_str};
    use crate::domain::{ObjectName, Origin};

    fn refusal<T: FromJson>(json: &str) -> String {
        match from_str::<T>(json) {
            Ok(_) => panic!("{json} was accepted"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_refusal_carries_the_parsers_sentence() {
        let sentence = Origin::parse("https://a.com/x").unwrap_err().to_string();
        assert!(refusal::<Origin>(r#""https://a.com/x""#).starts_with(&sentence));
    }

    #[test]
    fn another_type_is_told_what_is_expected() {
        assert!(
            refusal::<Origin>("5").contains(r#"expected an origin like "https://app.example.com""#)
        );
        assert!(refusal::<ObjectName>("null").contains(r#"expected a name like "project-1""#));
    }

    #[test]
    fn a_value_survives_json() {
        let name: ObjectName = from_str(r#""project-1""#).unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""project-1""#);
    }
}
