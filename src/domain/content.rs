//! What is sent or answered, as a value of JSON or a text.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A value as it came, or a text. It is shown as the value, or as a text of JSON.
#[derive(Debug, Clone)]
pub enum Content {
    /// A JSON value.
    Json(Box<RawValue>),
    /// A text.
    Text(String),
}

impl Content {
    /// The value that a text is, white space around it aside; nothing where it is none.
    #[must_use]
    pub fn value(body: String) -> Option<Self> {
        let body = match body.trim().len() == body.len() {
            true => body,
            false => body.trim().to_owned(),
        };
        RawValue::from_string(body).ok().map(Self::Json)
    }

    /// The value that a text holds, if it is to be read as one and is one; else the text.
    #[must_use]
    pub fn of(body: String, is_json: bool) -> Self {
        match is_json {
            true => RawValue::from_string(body.clone()).map_or(Self::Text(body), Self::Json),
            false => Self::Text(body),
        }
    }

    /// The text as it came.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Json(value) => value.get(),
            Self::Text(text) => text,
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(&self) -> &'static str {
        match self {
            Self::Json(_) => "application/json",
            Self::Text(_) => "text/plain",
        }
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        (self.media_type(), self.text()) == (other.media_type(), other.text())
    }
}

impl Eq for Content {}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Json(value) => value.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_value_is_shown_as_the_text_that_it_is() {
        let json = |body: &str, is_json| {
            serde_json::to_string(&Content::of(body.to_owned(), is_json)).unwrap()
        };
        assert_eq!(json(r#"{"y": 1.50}"#, true), r#"{"y": 1.50}"#);
        assert_eq!(json(r#"{"y": 1}"#, false), r#""{\"y\": 1}""#);
        assert_eq!(json("no value", true), r#""no value""#);
    }

    #[test]
    fn a_value_is_taken_without_what_stands_around_it() {
        let value = |text: &str| Content::value(text.to_owned());
        assert_eq!(value(" {\"y\": 1}\r\n").unwrap().text(), "{\"y\": 1}");
        assert!(value("{} {}").is_none() && value("").is_none());
    }
}
