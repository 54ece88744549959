//! The columns of a row, and the types that a column is read into.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::inconsistent;
use crate::domain::json::{self, FromJson};
use crate::domain::{Id, Timestamp};
use crate::error::Error;

/// What a column of a row holds. D1 gives a real as JSON does, and no column of ours is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// SQL's NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A text.
    Text(Cow<'a, str>),
}

/// A type that a column is read into.
pub trait Column: Default {
    /// Its value; nothing for a cell that cannot be one.
    fn read(cell: &Cell<'_>) -> Option<Self>;

    /// Its value where the row has no such column; nothing, if there has to be one.
    fn absent() -> Option<Self> {
        None
    }
}

/// The columns of one row.
#[derive(Debug)]
pub struct Columns<'a> {
    cells: Vec<(&'a str, Cell<'a>)>,
    /// Where the next column probably is: types name their columns in the order of their statements.
    next: usize,
    /// The first column that was not there, or not of its type.
    fault: Option<String>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(cells: Vec<(&'a str, Cell<'a>)>) -> Self {
        Self {
            cells,
            next: 0,
            fault: None,
        }
    }

    /// Whether every column was what its type says.
    pub(super) fn judge(self, statement: &dyn Display) -> Result<(), Error> {
        match self.fault {
            None => Ok(()),
            Some(fault) => Err(inconsistent(statement, &fault)),
        }
    }

    /// The value of the column of this name. What it should have been is noted, if it is not that.
    pub fn get<T: Column>(&mut self, name: &str) -> T {
        match self.cell(name).map_or_else(T::absent, T::read) {
            Some(value) => value,
            None => {
                self.note(name);
                T::default()
            }
        }
    }

    /// Whether there is a column of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.cells.iter().any(|(known, _)| *known == name)
    }

    fn cell(&mut self, name: &str) -> Option<&Cell<'a>> {
        let is_it = |(known, _): &(&str, Cell<'_>)| *known == name;
        let at = match self.cells.get(self.next) {
            Some(cell) if is_it(cell) => Some(self.next),
            _ => self.cells.iter().position(is_it),
        };
        self.next = at? + 1;
        self.cells.get(at?).map(|(_, cell)| cell)
    }

    fn note(&mut self, name: &str) {
        if self.fault.is_none() {
            let cell = self.cell(name).cloned();
            self.fault = Some(format!("the column {name} is {cell:?}"));
        }
    }
}

/// The cells of a row, as the parser reads them.
pub(super) struct Cells<'a>(pub(super) Vec<(&'a str, Cell<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Cells<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfRow;
        impl<'de> Visitor<'de> for OfRow {
            type Value = Cells<'de>;

            fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                formatter.write_str("a row")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut cells = Vec::new();
                while let Some(cell) = map.next_entry()? {
                    cells.push(cell);
                }
                Ok(Cells(cells))
            }
        }
        deserializer.deserialize_map(OfRow)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Cell<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfCell;
        impl<'de> Visitor<'de> for OfCell {
            type Value = Cell<'de>;

            fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text, an integer or NULL")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Cell::Null)
            }

            fn visit_i64<E>(self, integer: i64) -> Result<Self::Value, E> {
                Ok(Cell::Integer(integer))
            }

            fn visit_u64<E: serde::de::Error>(self, integer: u64) -> Result<Self::Value, E> {
                i64::try_from(integer)
                    .map(Cell::Integer)
                    .map_err(|_| E::custom("an integer beyond 64 bits"))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cell::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cell::Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_any(OfCell)
    }
}

impl Column for String {
    fn read(cell: &Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Text(text) => Some(text.clone().into_owned()),
            _ => None,
        }
    }
}

impl<K> Column for Id<K> {
    fn read(cell: &Cell<'_>) -> Option<Self> {
        String::read(cell).map(Self::kept)
    }
}

impl Column for i64 {
    fn read(cell: &Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Integer(integer) => Some(*integer),
            _ => None,
        }
    }
}

impl Column for usize {
    fn read(cell: &Cell<'_>) -> Option<Self> {
        i64::read(cell).and_then(|integer| Self::try_from(integer).ok())
    }
}

impl<T: Column> Column for Option<T> {
    fn read(cell: &Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::read(cell).map(Some),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// A boolean as SQLite keeps it: 0 or 1. A comparison with NULL is NULL, and false.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl Column for Flag {
    fn read(cell: &Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null | Cell::Integer(0) => Some(Self(false)),
            Cell::Integer(1) => Some(Self(true)),
            _ => None,
        }
    }
}

/// A column that holds milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Millis(pub Timestamp);

impl Default for Millis {
    fn default() -> Self {
        Self(Timestamp::from_millis(0))
    }
}

impl Column for Millis {
    fn read(cell: &Cell<'_>) -> Option<Self> {
        i64::read(cell).map(|millis| Self(Timestamp::from_millis(millis)))
    }
}

/// A column that holds JSON text and goes out as it is, unparsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonText(pub String);

impl Column for JsonText {
    fn read(cell: &Cell<'_>) -> Option<Self> {
        String::read(cell).map(Self)
    }
}
impl JsonText {
    /// Its value.
    ///
    /// # Errors
    /// An inconsistency, when the column holds anything else.
    pub fn parse<T: FromJson>(&self) -> Result<T, Error> {
        json::from_str(&self.0)
            .map_err(|fault| Error::inconsistent(format!("a JSON column: {fault}")))
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}
