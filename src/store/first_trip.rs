//! The first round trip: who is calling, what about, whether they may - and what rides along.
//!
//! One statement answers the first three in one row, whether or not what the call is about exists. It is composed of
//! **who**, which this file and [`who`] say, and of **what about**, which has a file a subject: nothing
//! ([`who::ask`]), an [`organization`], a [`project`], a [`target`] in it, a [`workspace`]. What **rides along** are
//! columns that a statement names ([`project`] has the budget so) or statements that a route adds: a [`Rider`].
//!
//! Each composition is a static text of its own: D1 parses a statement on each call, so none asks what its calls do not
//! need.

pub mod organization;
pub mod origin;
pub mod project;
pub mod rider;
pub mod target;
pub mod who;
pub mod workspace;

use crate::error::Error;
use crate::sql::Sql;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::rows::{Answers, Row};
pub use rider::Rider;

/// A statement of the first trip: `first_trip! { who: token, reads: <columns>, joins: <tables> }`. Who is one of
///
/// * `token`: the holder of a token, from no page: most calls. There is no row where there is no such token;
/// * `token_at_origin`: the same, and where the request's origin is listed in `projects p`. One row for the operator
///   and for an unknown token too, whose answer goes by the origin;
/// * `anybody`: the holder of a token, the operator or nobody, in one row;
/// * `token_or_access_key`: the same, or the holder of an access key.
///
/// What is joined finds the holder in `users u` or `service_users s`.
macro_rules! first_trip {
    { who: token, reads: $columns:expr, joins: $joins:expr } => {
        concat!(
            "SELECT ", $crate::store::first_trip::who::holder_columns!(), ", ", $columns,
            " FROM tokens t", $crate::store::first_trip::who::holder!(), $joins,
            " WHERE ", $crate::store::first_trip::who::token_has_digest!()
        )
    };
    { who: token_at_origin, reads: $columns:expr, joins: $joins:expr } => {
        $crate::store::first_trip::first_trip! {
            who: anybody,
            reads: concat!($crate::store::first_trip::origin::listed_columns!(), ", ", $columns),
            joins: $joins
        }
    };
    { who: anybody, reads: $columns:expr, joins: $joins:expr } => {
        concat!(
            "SELECT ", $crate::store::first_trip::who::holder_columns!(), ", ", $columns,
            " FROM ", $crate::store::first_trip::who::any_token!(), $crate::store::first_trip::who::holder!(), $joins
        )
    };
    { who: token_or_access_key, reads: $columns:expr, joins: $joins:expr } => {
        concat!(
            "SELECT ", $crate::store::first_trip::who::holder_columns!(), ",
             k.id AS access_key, k.generation AS access_key_generation, k.id IS NOT NULL AS key_exists, ", $columns,
            " FROM ", $crate::store::first_trip::who::any_token!(), "
             LEFT JOIN access_keys k ON k.id = :access_key",
            $crate::store::first_trip::who::holder!("coalesce(t.service_user_id, k.service_user_id)"), $joins
        )
    };
}
pub(crate) use first_trip;

/// What the first round trip came to.
#[derive(Debug)]
pub struct FirstTrip<T> {
    /// Who is calling, what about, and what they may.
    pub row: T,
    /// The answers to what rode along, for the handler alone: they tell what the caller may not be told yet.
    pub ridden: Option<Answers>,
}

/// Makes the first round trip: `sql` with its parameters, and behind it what rides along.
pub(super) async fn ask<T: Row>(
    connection: &Connection,
    sql: &'static Sql,
    parameters: Parameters,
    rider: Option<Rider>,
) -> Result<FirstTrip<Option<T>>, Error> {
    let Some(rider) = rider else {
        let answers = connection.read(parameters.batch([sql])).await?;
        return Ok(FirstTrip {
            row: answers.first(sql)?,
            ridden: None,
        });
    };
    let answers = rider.board(connection, sql, parameters).await?;
    Ok(FirstTrip {
        row: answers.first(sql)?,
        ridden: Some(answers),
    })
}

impl<T> FirstTrip<Option<T>> {
    /// The row, of a statement that has one for everybody.
    pub(super) fn only(self) -> Result<FirstTrip<T>, Error> {
        let row = self
            .row
            .ok_or_else(|| Error::inconsistent("the first round trip has no row"))?;
        Ok(FirstTrip {
            row,
            ridden: self.ridden,
        })
    }
}
