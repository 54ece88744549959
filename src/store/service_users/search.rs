//! Finding service users among many: by a part of their words, in another order, or those that somebody should look at.
//!
//! No index helps here, since what is looked for may stand anywhere and when a token was last used changes all the time: each
//! service user of the project is looked at. So a search lists a page, and a project that has too many of them is refused
//! before it is read (contract section 4, *What one caller can cost*).

use super::ServiceUser;
use super::statements::{current_token_last_used, select_service_user};
use crate::domain::Invalid;
use crate::domain::quoted;
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::projects::Project;
use crate::store::slices::{Listing, Slice};
use crate::store::texts::statements;

/// At most so many are found at once.
pub const MOST_FOUND: i64 = 100;

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;

/// What is looked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// What the name, the description or the id contains, in any case of its ASCII letters.
    pub words: Option<String>,
    /// In which order they are listed; in that in which they were made, if none is given.
    pub order: Option<Order>,
    /// Whether only those are listed that somebody should look at: they have expired or will within 14 days, were made 30
    /// days ago and never used, or have a previous token that still works.
    pub needs_attention: bool,
}

impl Search {
    /// Whether it narrows or orders anything.
    #[must_use]
    pub fn asks_for_anything(&self) -> bool {
        *self != Self::default()
    }
}

/// An order of service users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The column, as the query names it: `name`, in any case of its ASCII letters; `last_used`, where what was never used comes
    /// first; `expiry_date`, where what never expires comes last.
    by: &'static str,
    /// Whether it goes the other way round.
    is_descending: bool,
}

impl Order {
    /// Reads the name of a column, with `-` before it for the other way round.
    ///
    /// # Errors
    /// What is no order.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name = text.strip_prefix('-').unwrap_or(text);
        let column = ["name", "last_used", "expiry_date"]
            .into_iter()
            .find(|known| *known == name);
        let by = column.ok_or_else(|| {
            Invalid::new(format!(
                "{} is none of 'name', 'last_used' and 'expiry_date', nor one of them after '-'",
                quoted(text)
            ))
        })?;
        Ok(Self {
            by,
            is_descending: name != text,
        })
    }
}

/// Whether there are few enough to look at each.
macro_rules! are_few {
    () => {
        "(SELECT count(*) FROM (SELECT 1 FROM service_users WHERE project_id = :project_id LIMIT 20001)) <= 20000"
    };
}

/// What is found, each with its place in ascending order.
macro_rules! with_found {
    () => {
        concat!(
            "WITH found AS MATERIALIZED (
               SELECT s.id, #direction * row_number() OVER (ORDER BY
                 CASE :sort WHEN 'name' THEN lower(s.name)
                            WHEN 'last_used' THEN coalesce(",
            current_token_last_used!(),
            ", -1)
                            WHEN 'expiry_date' THEN coalesce(s.expiry_date, 9007199254740991)
                            ELSE s.creation_date END, s.id) AS place
               FROM service_users s
               WHERE s.project_id = :project_id AND ",
            are_few!(),
            "    AND (:words IS NULL OR instr(lower(s.name || ' ' || s.description || ' ' || s.id), lower(:words)))
                 AND (#needs_attention = 0 OR s.expiry_date <= #soon
                      OR (s.creation_date <= #long_ago AND ",
            current_token_last_used!(),
            " IS NULL)
                      OR EXISTS (SELECT 1 FROM tokens t WHERE t.service_user_id = s.id AND t.grace_end > #now))) "
        )
    };
}

statements! {
    /// Those that are found, in their order.
    SEARCH = concat!(
        with_found!(), select_service_user!(), "
         JOIN (SELECT id, place FROM found
               WHERE place > coalesce((SELECT max(iif(id = :after, place, NULL)) FROM found), -9007199254740991)
               ORDER BY place LIMIT #limit) f ON f.id = s.id
         ORDER BY f.place");
    /// Whether the one behind which the list is to go on is among them, and whether there are few enough.
    KNOWS_FOUND = concat!(
        with_found!(), "SELECT :after IS NOT NULL AND EXISTS (SELECT 1 FROM found WHERE id = :after) AS known, ",
        are_few!(), " AS fits");
}

/// The 400 of a project that has too many.
fn are_too_many() -> Error {
    Error::invalid(
        "q, sort, attention: this project has more than 20000 service users, too many to look at each; list them with limit \
         and after",
    )
}

/// The service users that are found, at most [`MOST_FOUND`].
///
/// # Errors
/// 400 behind what is not found, or for a project with too many; 503 when the database fails.
pub async fn search(
    connection: &Connection,
    project: &Project,
    now: Timestamp,
    search: &Search,
    slice: Slice,
) -> Result<Vec<ServiceUser>, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .integer("now", now.as_millis())
        .integer("soon", now.as_millis() + 14 * DAY)
        .integer("long_ago", now.as_millis() - 30 * DAY)
        .optional_text("words", search.words.as_deref())
        .text("sort", search.order.map_or("", |order| order.by))
        .integer(
            "direction",
            if search.order.is_some_and(|order| order.is_descending) {
                -1
            } else {
                1
            },
        )
        .flag("needs_attention", search.needs_attention);
    let slice = Slice {
        limit: Some(slice.limit.unwrap_or(MOST_FOUND).min(MOST_FOUND)),
        ..slice
    };
    let listing = Listing::bounded(&SEARCH, &KNOWS_FOUND, are_too_many);
    slice.read(connection, listing, parameters).await
}
