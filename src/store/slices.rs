//! Slices of lists: a list comes whole unless the caller asks for so many of it, behind the last one they have seen.
//!
//! A list's statement has `LIMIT #limit`, and a condition that its items lie behind `:after`, which its index answers; a
//! second statement says whether there is such an item. A whole list has a limit too: of more items than that, however
//! short, no answer could be made (contract section 4, *What one caller can cost*).

use crate::domain::invalid::quoted;
use crate::error::Error;
use crate::sql::Sql;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::rows::{Flag, Row, row};
use crate::web::response::LONGEST_BODY;

/// The most that a caller may ask for at once.
pub const MAX_LIMIT: i64 = 1_000;

/// No item of a list is shorter than this, in bytes of an answer.
const SHORTEST_ITEM: usize = 64;

/// Of a whole list, so many are read at most: more than an answer can hold.
const WHOLE: i64 = (LONGEST_BODY / SHORTEST_ITEM) as i64 + 1;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Default)]
pub struct Slice {
    /// At most so many items, if anybody said how many.
    pub limit: Option<i64>,
    /// Only those behind this one: its name in a list by name, else its id.
    pub after: Option<String>,
}

/// What a list is read with.
#[derive(Clone, Copy)]
pub struct Listing {
    list: &'static Sql,
    knows: &'static Sql,
    /// What is said of a list that does not fit.
    too_long: Option<fn() -> Error>,
}

impl Listing {
    /// A list of short items, and whether `:after` is in it.
    #[must_use]
    pub const fn new(list: &'static Sql, knows: &'static Sql) -> Self {
        Self {
            list,
            knows,
            too_long: None,
        }
    }

    /// The same of long items: nothing is listed of what passes the length of an answer, and the second statement says
    /// whether it `fits`, too.
    #[must_use]
    pub const fn measured(list: &'static Sql, knows: &'static Sql) -> Self {
        Self::bounded(list, knows, Error::answer_too_long)
    }

    /// The same of what is bounded in another way, with what is said where it is passed.
    #[must_use]
    pub const fn bounded(list: &'static Sql, knows: &'static Sql, too_long: fn() -> Error) -> Self {
        Self {
            list,
            knows,
            too_long: Some(too_long),
        }
    }
}

/// Whether what is listed fits an answer: `fits!(bytes of an item, the rows of the list from FROM on)`. Lengths stand in
/// the heads of rows, so nothing long is read for them.
macro_rules! fits {
    ($bytes:expr, $rows:expr) => {
        concat!(
            "((SELECT total(bytes) FROM (SELECT ",
            $bytes,
            " AS bytes ",
            $rows,
            ")) <= 8388608)"
        )
    };
}
pub(crate) use fits;

impl Slice {
    /// Reads it.
    ///
    /// # Errors
    /// 400 for a slice behind what is not in the list; 503 when the database fails.
    pub async fn read<T: Row>(
        &self,
        connection: &Connection,
        listing: Listing,
        parameters: Parameters,
    ) -> Result<Vec<T>, Error> {
        row! {
            struct Known {
                known: Flag,
                fits: Option<Flag>,
            }
        }
        let parameters = parameters
            .integer("limit", self.limit.unwrap_or(WHOLE))
            .optional_text("after", self.after.as_deref());
        if self.after.is_none() && listing.too_long.is_none() {
            return connection
                .read(parameters.batch([listing.list]))
                .await?
                .all(listing.list);
        }
        let statements = parameters.batch([listing.list, listing.knows]);
        let answers = connection.read(statements).await?;
        let Known { known, fits } = answers.only(listing.knows)?;
        match &self.after {
            Some(after) if !known.0 => Err(Error::invalid(format!(
                "after: {} is not in this list; it is the name of the last item seen, or its id where the list is not \
                 by name",
                quoted(after)
            ))),
            _ => match listing.too_long {
                Some(too_long) if fits.is_some_and(|Flag(fits)| !fits) => Err(too_long()),
                _ => answers.all(listing.list),
            },
        }
    }
}

/// Whether labels have one of the pairs of `:labels`, if there are any: `has_any_label!(column)`. So UbiOps' documents list
/// deployments, pipelines and versions.
macro_rules! has_any_label {
    ($labels:literal) => {
        concat!(
            "(:labels IS NULL OR EXISTS (SELECT 1 FROM json_each(:labels) wanted JOIN json_each(",
            $labels,
            ") label ON label.key = wanted.value ->> 0 AND label.value = wanted.value ->> 1))"
        )
    };
}
pub(crate) use has_any_label;

/// Whether labels have all of the pairs of `:labels`, if there are any: how projects are listed.
macro_rules! has_all_labels {
    ($labels:literal) => {
        concat!(
            "(:labels IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(:labels) wanted WHERE NOT EXISTS (
                SELECT 1 FROM json_each(",
            $labels,
            ") label WHERE label.key = wanted.value ->> 0 AND label.value = wanted.value ->> 1)))"
        )
    };
}
pub(crate) use has_all_labels;
