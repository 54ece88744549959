//! Query parameters, each read by its name and refused by its name.

use std::borrow::Cow;

use crate::domain::invalid::{Invalid, quoted};
use crate::error::Error;

/// The query of a request. Where a parameter stands several times, the last one counts: a real client sends
/// `timeout` twice (UbiOps spec 4.6).
#[derive(Debug, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Parses a raw query; any text has a reading (WHATWG URL, `application/x-www-form-urlencoded`).
    #[must_use]
    pub fn parse(raw: &str) -> Self {
        let pairs = form_urlencoded::parse(raw.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        Self { pairs }
    }

    /// A parameter's text; an empty one counts as absent.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.raw(name).filter(|value| !value.is_empty())
    }

    /// A parameter's text as it was given; what decides a number or a flag, since `grace=` is no way to say 0.
    fn raw(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Nothing, unless a parameter stands there with two values: a real client sends `timeout` twice, with one
    /// (UbiOps spec 4.6).
    ///
    /// # Errors
    /// 400 that names the parameter.
    pub fn once(&self, name: &str) -> Result<(), Error> {
        let mut values = self
            .pairs
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value);
        let first = values.next();
        match values.find(|value| Some(*value) != first) {
            None => Ok(()),
            Some(other) => Err(Error::invalid(format!(
                "{name}: it stands there as {} and as {}; give it once",
                quoted(first.map_or("", String::as_str)),
                quoted(other)
            ))),
        }
    }

    /// A parameter, parsed.
    ///
    /// # Errors
    /// 400 that names the parameter.
    pub fn parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Error> {
        judge(name, self.text(name), parse)
    }

    /// An integer within bounds, or the default.
    ///
    /// # Errors
    /// 400 that names the parameter and the bounds.
    pub fn integer(
        &self,
        name: &str,
        bounds: std::ops::RangeInclusive<i64>,
        default: i64,
    ) -> Result<i64, Error> {
        let (low, high) = (*bounds.start(), *bounds.end());
        let parse = |text: &str| match text.parse() {
            Ok(number) if bounds.contains(&number) && !text.starts_with('+') => Ok(number),
            _ => Err(Invalid::new(format!(
                "{} is not an integer from {low} to {high}",
                quoted(text)
            ))),
        };
        Ok(judge(name, self.raw(name), parse)?.unwrap_or(default))
    }

    /// An integer within bounds, if it is given.
    ///
    /// # Errors
    /// 400 that names the parameter and the bounds.
    pub fn optional_integer(
        &self,
        name: &str,
        bounds: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Error> {
        match self.raw(name) {
            Some(_) => self.integer(name, bounds, 0).map(Some),
            None => Ok(None),
        }
    }

    /// A boolean in any case (Python's clients send `True`), or false.
    ///
    /// # Errors
    /// 400 that names the parameter.
    pub fn flag(&self, name: &str) -> Result<bool, Error> {
        let parse = |text: &str| match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Invalid::new(Cow::from(format!(
                "{} is neither true nor false",
                quoted(text)
            )))),
        };
        Ok(judge(name, self.raw(name), parse)?.unwrap_or(false))
    }
}

fn judge<T>(
    name: &str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<Option<T>, Error> {
    text.map(parse)
        .transpose()
        .map_err(|invalid| Error::field(name, &invalid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_several_counts() {
        assert_eq!(Query::parse("a=1&a=2").text("a"), Some("2"));
    }

    #[test]
    fn an_integer_keeps_its_bounds() {
        let limit = |raw: &str| Query::parse(raw).integer("limit", 1..=100, 50);
        assert_eq!(limit(""), Ok(50));
        assert_eq!(limit("limit=7"), Ok(7));
        for raw in [
            "limit=",
            "limit=%2B7",
            "limit=0",
            "limit=101",
            "limit=x",
            "limit=1.0",
            "limit=99999999999999999999",
        ] {
            let sentence = limit(raw).unwrap_err().sentence().to_owned();
            assert!(sentence.starts_with("limit: "), "{sentence}");
        }
    }

    #[test]
    fn a_flag_is_read_in_any_case() {
        assert_eq!(Query::parse("f=True").flag("f"), Ok(true));
        assert_eq!(Query::parse("f=FALSE").flag("f"), Ok(false));
        assert!(Query::parse("f=1").flag("f").is_err());
    }
}
