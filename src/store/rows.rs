//! Rows of a batch, read by the names of their columns.
//!
//! There are nearly fifty types of rows. If each brought a parser of its own, as a derived `Deserialize` does, these would
//! be a tenth of the module's code. So one parser reads any row into its [`Columns`], and a type says with [`row!`] which of
//! them it takes:
//!
//! ```ignore
//! row! {
//!     struct After {
//!         done: Flag,
//!         description: Option<String>,
//!     }
//! }
//! let after: After = answers.only(&AFTER)?;
//! ```
//!
//! A column that is missing or holds something else is a mistake in our own statement. It is noted while the row is
//! read, with a stand-in for its value, and told once at the end: a branch at each column would cost as much again.

mod columns;
mod verdict;

use std::fmt::Display;

use serde_json::value::RawValue;

use crate::error::Error;
use crate::platform::Batch;
use crate::sql::Sql;
use crate::sql::statement::Statement;
use columns::Cells;
pub use columns::{Cell, Column, Columns, Flag, JsonText, Millis};
pub use verdict::{Refusal, Refuse};

/// The rows of each statement of a batch.
#[derive(Debug)]
pub struct Answers {
    statements: Vec<&'static Sql>,
    rows: Vec<Box<RawValue>>,
    /// The verdict on the permit of the batch, if it was not given.
    refused: Option<Box<RawValue>>,
}

impl Answers {
    /// What the database answered to these statements.
    #[must_use]
    pub fn new(statements: &[Statement], batch: Batch) -> Self {
        Self {
            statements: statements.iter().map(Statement::sql).collect(),
            rows: batch.rows,
            refused: None,
        }
    }

    /// All rows of a statement of the batch.
    ///
    /// # Errors
    /// An inconsistency, logged as a bug: a row that is not of the shape that our own statement gives.
    pub fn all<T: Row>(&self, statement: &'static Sql) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        self.each(statement, usize::MAX, &mut rows)?;
        Ok(rows)
    }

    /// The first row of a statement, if there is one.
    ///
    /// # Errors
    /// As [`Answers::all`].
    pub fn first<T: Row>(&self, statement: &'static Sql) -> Result<Option<T>, Error> {
        let mut row = None;
        self.each(statement, 1, &mut row)?;
        Ok(row)
    }

    /// The first row of the last statement, if there is one.
    ///
    /// # Errors
    /// As [`Answers::all`].
    pub fn last<T: Row>(&self) -> Result<Option<T>, Error> {
        match self.statements.last() {
            Some(last) => self.first(last),
            None => Ok(None),
        }
    }

    /// The only row of a statement.
    ///
    /// # Errors
    /// As [`Answers::all`], and when there is none.
    pub fn only<T: Row>(&self, statement: &'static Sql) -> Result<T, Error> {
        self.first(statement)?
            .ok_or_else(|| inconsistent(statement, &"there is none"))
    }

    /// Shows the columns of each row of a statement, of the first so many. Not generic: all that a type of rows has to itself
    /// is which columns it takes.
    fn each(&self, statement: &'static Sql, most: usize, rows: &mut dyn Rows) -> Result<(), Error> {
        match self.rows_of(statement) {
            Some(raw) => each_of(raw, statement, most, rows),
            None => Err(inconsistent(statement, &"there is no answer")),
        }
    }

    /// The rows of a statement, which is known by its text: of what stands several times in a batch nobody asks for an answer.
    fn rows_of(&self, statement: &'static Sql) -> Option<&RawValue> {
        let is_it = |known: &&'static Sql| std::ptr::eq(*known, statement);
        let place = self.statements.iter().position(is_it)?;
        debug_assert!(
            !self.statements.iter().skip(place + 1).any(is_it),
            "{statement} stands twice in its batch"
        );
        self.rows.get(place).map(AsRef::as_ref)
    }
}

/// Shows the columns of each of the first so many rows.
fn each_of(
    raw: &RawValue,
    statement: &dyn Display,
    most: usize,
    rows: &mut dyn Rows,
) -> Result<(), Error> {
    let read: Vec<Cells<'_>> =
        serde_json::from_str(raw.get()).map_err(|error| inconsistent(statement, &error))?;
    for Cells(cells) in read.into_iter().take(most) {
        let mut columns = Columns::new(cells);
        rows.take(&mut columns);
        columns.judge(statement)?;
    }
    Ok(())
}

/// What takes rows: where those of a type are gathered, or a closure. For the former it is no closure, since the table of
/// functions of a `dyn FnMut` has others beside the one.
trait Rows {
    /// Takes one.
    fn take(&mut self, columns: &mut Columns<'_>);
}

impl<T: Row> Rows for Vec<T> {
    fn take(&mut self, columns: &mut Columns<'_>) {
        self.push(T::read(columns));
    }
}

impl<T: Row> Rows for Option<T> {
    fn take(&mut self, columns: &mut Columns<'_>) {
        *self = Some(T::read(columns));
    }
}

impl<F: FnMut(&mut Columns<'_>)> Rows for F {
    fn take(&mut self, columns: &mut Columns<'_>) {
        self(columns);
    }
}

fn inconsistent(statement: &dyn Display, what: &dyn Display) -> Error {
    Error::inconsistent(format!("rows of {statement}: {what}"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::sql::alone;
    use crate::sql::statement::Parameters;

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

    alone!(ROWS = "SELECT 1");
    alone!(OTHER = "SELECT 2");

    fn answers(rows: &str) -> Answers {
        let raw = RawValue::from_string(rows.to_owned()).unwrap();
        let batch = Batch {
            rows: vec![raw],
            ..Batch::default()
        };
        Answers::new(&Parameters::new().batch([&ROWS]), batch)
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
        let things: Vec<Thing> = answers(&format!("[{ROW},{turned}]")).all(&ROWS).unwrap();
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
            let error = answers(&format!("[{row}]"))
                .only::<Thing>(&ROWS)
                .unwrap_err();
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
            assert!(answers(rows).only::<Noted>(&ROWS).is_err(), "{rows}");
        }
        assert!(answers("[]").only::<Noted>(&OTHER).is_err());
    }

    #[test]
    fn parts_of_a_row_share_its_columns() {
        let (thing, noted): (Thing, Noted) = answers(&format!("[{ROW}]")).only(&ROWS).unwrap();
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
