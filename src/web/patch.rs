//! A field of a PATCH body: absent keeps, null clears, a value replaces (UbiOps spec 1.7).

use crate::domain::json::{Fault, FromJson, Json};
use crate::error::Error;

/// A field that may be absent, null or a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The body does not name it.
    #[default]
    Absent,
    /// The body says null.
    Null,
    /// The body gives a value.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether the body names it.
    #[must_use]
    pub fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// The new value of a field that cannot be empty.
    ///
    /// # Errors
    /// 400 that names the field, for null.
    pub fn or_keep(self, field: &str) -> Result<Option<T>, Error> {
        match self {
            Self::Absent => Ok(None),
            Self::Null => Err(Error::invalid(format!(
                "{field}: null is not allowed here; leave the field out to keep what it is"
            ))),
            Self::Value(value) => Ok(Some(value)),
        }
    }

    /// The new value of a field that null sets back to its default.
    #[must_use]
    pub fn or_default(self) -> Option<T>
    where
        T: Default,
    {
        match self {
            Self::Absent => None,
            Self::Null => Some(T::default()),
            Self::Value(value) => Some(value),
        }
    }

    /// The value, if there is one.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The same with its value turned into another.
    #[must_use]
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(turn(value)),
        }
    }
}

impl<T: FromJson> FromJson for Patch<T> {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        match json.is_null() {
            true => Ok(Self::Null),
            false => T::from_json(json).map(Self::Value),
        }
    }

    const MAY_BE_ABSENT: bool = true;

    #[inline(always)]
    fn absent(_: &str) -> Result<Self, Fault> {
        Ok(Self::Absent)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Patch<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Option::<T>::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Option::<T>::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }

    // As an option's, it need not be there.
    fn _schemars_private_is_option() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::json::{from_str, object};

    object! {
        struct Body {
            field: Patch<String>,
        }
    }

    fn field(json: &str) -> Patch<String> {
        from_str::<Body>(json).unwrap().field
    }

    #[test]
    fn absent_null_and_a_value_differ() {
        assert_eq!(field("{}"), Patch::Absent);
        assert_eq!(field(r#"{"field":null}"#), Patch::Null);
        assert_eq!(field(r#"{"field":"x"}"#), Patch::Value("x".into()));
    }
}
