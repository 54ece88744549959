//! Rows of a batch, decoded by column name.

use serde::de::{DeserializeOwned, Deserializer, Error as _, Unexpected};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::Timestamp;
use crate::domain::objects;
use crate::http::error::Error;
use crate::platform::Batch;

/// The rows of each statement of a batch, in order.
#[derive(Debug)]
pub struct Answers(Batch);

impl Answers {
    /// Wraps what the database answered.
    #[must_use]
    pub fn new(batch: Batch) -> Self {
        Self(batch)
    }

    /// All rows of the statement at this place of the batch.
    ///
    /// # Errors
    /// An inconsistency, logged as a bug: a row that is not of the shape that our own statement gives.
    pub fn all<T: DeserializeOwned>(&self, statement: usize) -> Result<Vec<T>, Error> {
        let raw =
            self.0.rows.get(statement).ok_or_else(|| {
                Error::inconsistent(format!("no answer for statement {statement}"))
            })?;
        let inconsistent =
            |error| Error::inconsistent(format!("rows of statement {statement}: {error}"));
        let rows: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(inconsistent)?;
        rows.into_iter()
            .map(|row| objects::from_str(row.get()).map_err(inconsistent))
            .collect()
    }

    /// The first row of the statement at this place, if there is one.
    ///
    /// # Errors
    /// As [`Answers::all`].
    pub fn first<T: DeserializeOwned>(&self, statement: usize) -> Result<Option<T>, Error> {
        Ok(self.all(statement)?.into_iter().next())
    }

    /// The only row of the statement at this place.
    ///
    /// # Errors
    /// As [`Answers::all`], and when there is none.
    pub fn only<T: DeserializeOwned>(&self, statement: usize) -> Result<T, Error> {
        self.first(statement)?
            .ok_or_else(|| Error::inconsistent(format!("no row from statement {statement}")))
    }
}

/// A boolean as SQLite keeps it: 0 or 1. NULL is false.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<i64>::deserialize(deserializer)? {
            None | Some(0) => Ok(Self(false)),
            Some(1) => Ok(Self(true)),
            Some(other) => Err(D::Error::invalid_value(
                Unexpected::Signed(other),
                &"0 or 1",
            )),
        }
    }
}

/// A column that holds milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(from = "i64")]
pub struct Millis(pub Timestamp);

impl From<i64> for Millis {
    fn from(millis: i64) -> Self {
        Self(Timestamp::from_millis(millis))
    }
}

/// A column that holds JSON text and goes out as it is, unparsed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct JsonText(pub String);

impl JsonText {
    /// Its value.
    ///
    /// # Errors
    /// An inconsistency, when the column holds anything else.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.0)
            .map_err(|error| Error::inconsistent(format!("a JSON column: {error}")))
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_zero_one_or_null() {
        let flags: Vec<Flag> = serde_json::from_str("[0,1,null]").unwrap();
        assert_eq!(flags, [Flag(false), Flag(true), Flag(false)]);
        assert!(serde_json::from_str::<Flag>("2").is_err());
    }
}
