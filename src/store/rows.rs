//! Rows of a batch, read by the names of their columns.
//!
//! There are some eighty types of rows. If each brought a parser of its own, as a derived `Deserialize` does, they would
//! be a fifth of the module. So one parser reads any row into its [`Columns`], and a type says with [`row!`] which of
//! them it takes:
//!
//! ```ignore
//! row! {
//!     struct After {
//!         done: Flag,
//!         description: Option<String>,
//!     }
//! }
//! let after: After = answers.only(2)?;
//! ```
//!
//! A column that is missing or holds something else is a mistake in our own statement. It is noted while the row is
//! read, with a stand-in for its value, and told once at the end: a branch at each column would cost as much again.

mod verdict;

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::Timestamp;
use crate::http::error::Error;
use crate::platform::Batch;
pub use verdict::{OTHERWISE, Refusal};

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
    pub fn all<T: Row>(&self, statement: usize) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        self.each(statement, usize::MAX, &mut |columns| {
            rows.push(T::read(columns));
        })?;
        Ok(rows)
    }

    /// The first row of the statement at this place, if there is one.
    ///
    /// # Errors
    /// As [`Answers::all`].
    pub fn first<T: Row>(&self, statement: usize) -> Result<Option<T>, Error> {
        let mut row = None;
        self.each(statement, 1, &mut |columns| row = Some(T::read(columns)))?;
        Ok(row)
    }

    /// The only row of the statement at this place.
    ///
    /// # Errors
    /// As [`Answers::all`], and when there is none.
    pub fn only<T: Row>(&self, statement: usize) -> Result<T, Error> {
        self.first(statement)?
            .ok_or_else(|| inconsistent(statement, &"there is none"))
    }

    /// Shows the columns of each row of the statement at this place, of the first so many. Not generic: all that a type
    /// of rows has to itself is which columns it takes.
    fn each(
        &self,
        statement: usize,
        most: usize,
        take: &mut dyn FnMut(&mut Columns<'_>),
    ) -> Result<(), Error> {
        let Some(raw) = self.0.rows.get(statement) else {
            return Err(inconsistent(statement, &"there is no answer"));
        };
        let rows: Vec<Cells<'_>> =
            serde_json::from_str(raw.get()).map_err(|error| inconsistent(statement, &error))?;
        for Cells(cells) in rows.into_iter().take(most) {
            let mut columns = Columns::new(cells);
            take(&mut columns);
            columns.judge(statement)?;
        }
        Ok(())
    }
}

fn inconsistent(statement: usize, what: &dyn Display) -> Error {
    Error::inconsistent(format!("rows of statement {statement}: {what}"))
}

/// A type that a row, or a part of one, is read into. [`row!`] implements it.
pub trait Row: Sized {
    /// Takes the columns that it is made of.
    fn read(columns: &mut Columns<'_>) -> Self;
}

/// Declares a type of rows: each field is the column of its name.
macro_rules! row {
    (
        $(#[$attribute:meta])*
        $access:vis struct $name:ident {
            $($(#[$doc:meta])* $field_access:vis $field:ident: $column:ty,)*
        }
    ) => {
        $(#[$attribute])*
        $access struct $name {
            $($(#[$doc])* $field_access $field: $column,)*
        }

        impl $crate::store::rows::Row for $name {
            fn read(columns: &mut $crate::store::rows::Columns<'_>) -> Self {
                Self {
                    $($field: columns.get(stringify!($field)),)*
                }
            }
        }
    };
}
pub(crate) use row;

/// Two parts of one row.
impl<A: Row, B: Row> Row for (A, B) {
    fn read(columns: &mut Columns<'_>) -> Self {
        (A::read(columns), B::read(columns))
    }
}

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
    fn new(cells: Vec<(&'a str, Cell<'a>)>) -> Self {
        Self {
            cells,
            next: 0,
            fault: None,
        }
    }

    /// Whether every column was what its type says.
    fn judge(self, statement: usize) -> Result<(), Error> {
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

struct Cells<'a>(Vec<(&'a str, Cell<'a>)>);

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

    row! {
        #[derive(Debug, PartialEq)]
        struct Thing {
            name: String,
            count: i64,
            is_open: Flag,
            since: Millis,
            note: Option<String>,
        }
    }

    row! {
        #[derive(Debug, PartialEq)]
        struct Noted {
            note: Option<JsonText>,
        }
    }

    pub(super) fn answers(rows: &str) -> Answers {
        let raw = RawValue::from_string(rows.to_owned()).unwrap();
        Answers::new(Batch {
            rows: vec![raw],
            ..Batch::default()
        })
    }

    const ROW: &str = r#"{"name":"a\"b","count":-3,"is_open":1,"since":5,"note":null}"#;

    #[test]
    fn a_row_is_read_by_the_names_of_its_columns_in_any_order() {
        let expected = Thing {
            name: "a\"b".to_owned(),
            count: -3,
            is_open: Flag(true),
            since: Millis(Timestamp::from_millis(5)),
            note: None,
        };
        let turned = r#"{"more":"x","since":5,"is_open":1,"count":-3,"name":"a\"b"}"#;
        let things: Vec<Thing> = answers(&format!("[{ROW},{turned}]")).all(0).unwrap();
        for thing in things {
            assert_eq!(thing, expected);
        }
    }

    #[test]
    fn a_column_that_is_missing_or_of_another_type_is_a_bug_that_names_it() {
        for (row, column) in [
            (r#"{"count":1,"is_open":1,"since":5}"#, "name"),
            (r#"{"name":5,"count":1,"is_open":1,"since":5}"#, "name"),
            (r#"{"name":"a","count":"1","is_open":1,"since":5}"#, "count"),
            (r#"{"name":"a","count":1,"since":5}"#, "is_open"),
            (r#"{"name":"a","count":1,"is_open":2,"since":5}"#, "is_open"),
            (
                r#"{"name":"a","count":1,"is_open":1,"since":null}"#,
                "since",
            ),
            (
                r#"{"name":"a","count":1,"is_open":1,"since":5,"note":7}"#,
                "note",
            ),
        ] {
            let error = answers(&format!("[{row}]")).only::<Thing>(0).unwrap_err();
            let cause = error.cause().unwrap_or_default();
            assert!(
                cause.contains(&format!("the column {column} is")),
                "{cause}"
            );
        }
    }

    #[test]
    fn what_is_no_row_is_a_bug() {
        for rows in [
            "[]",
            "[[1]]",
            "[5]",
            r#"[{"name":1.5}]"#,
            r#"[{"name":[]}]"#,
        ] {
            assert!(answers(rows).only::<Noted>(0).is_err(), "{rows}");
        }
        assert!(answers("[]").only::<Noted>(1).is_err());
    }

    #[test]
    fn parts_of_a_row_share_its_columns() {
        let (thing, noted): (Thing, Noted) = answers(&format!("[{ROW}]")).only(0).unwrap();
        assert_eq!(thing.name, "a\"b");
        assert_eq!(noted.note, None);
    }

    #[test]
    fn a_flag_is_zero_one_or_null() {
        assert_eq!(Flag::read(&Cell::Null), Some(Flag(false)));
        assert_eq!(Flag::read(&Cell::Integer(0)), Some(Flag(false)));
        assert_eq!(Flag::read(&Cell::Integer(1)), Some(Flag(true)));
        assert_eq!(Flag::read(&Cell::Integer(2)), None);
    }
}
