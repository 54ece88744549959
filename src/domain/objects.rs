//! Reads JSON objects into structs, and nothing but objects.
//!
//! A derived struct can also be read from an array, field by field, and `serde_json` keeps the code for both. No part of a
//! body is such an array, so structs are asked for as maps here: the other half of the code of each, and the odd bodies
//! that it would take, stay out of the module.

use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::de::StrRead;

/// Makes a struct that stands within a body one that is read from an object alone. It derives serde's traits with
/// `#[serde(remote = "Self")]`, which makes functions of them instead, and these are called here.
macro_rules! object {
    (Deserialize for $type:ty) => {
        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                Self::deserialize($crate::domain::objects::Objects(deserializer))
            }
        }
    };
    ($type:ty) => {
        $crate::domain::objects::object!(Deserialize for $type);

        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }
    };
}
pub(crate) use object;

/// Reads a JSON text: an object for a struct.
///
/// # Errors
/// The parser's own, with the place in the text.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::new(StrRead::new(text));
    let value = T::deserialize(Objects(&mut deserializer))?;
    deserializer.end()?;
    Ok(value)
}

/// A deserializer that reads a struct as a map.
pub struct Objects<D>(pub D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Objects<D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_map(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.0.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Pair {
        a: u8,
        b: Option<u8>,
    }

    #[test]
    fn a_struct_is_read_from_an_object_alone() {
        let read = from_str::<Pair>(r#"{"b": null, "a": 1}"#);
        assert_eq!(read.unwrap(), Pair { a: 1, b: None });
        let refused = from_str::<Pair>("[1, 2]").unwrap_err();
        assert!(refused.to_string().starts_with("invalid type: sequence"));
    }

    #[test]
    fn nothing_may_follow() {
        assert!(from_str::<Pair>(r#"{"a": 1} {}"#).unwrap_err().is_syntax());
    }

    #[test]
    fn a_list_is_read_as_ever() {
        let pairs = from_str::<Vec<Pair>>(r#"[{"a": 1}, {"a": 2}]"#);
        assert_eq!(pairs.unwrap().len(), 2);
    }
}
