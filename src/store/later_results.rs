//! Requests whose results upstreams send later, when one comes (contract section 5.7): found by their id alone, since an
//! upstream knows no more of them.

use crate::domain::RecordId;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::admissions::{Admitted, facts};
use crate::store::connection::Connection;
use crate::store::rows::{Millis, row};
use crate::store::texts::statements;

macro_rules! awaited {
    () => {
        "r.id = :record_id AND r.result_deadline IS NOT NULL"
    };
}

statements! {
    /// How it stands with the request.
    STATE = concat!(
        "SELECT r.status, r.error_message, r.result_deadline, r.time_started, r.input_size FROM requests r WHERE ",
        awaited!());
    /// What it was forwarded with, as that is now.
    FACTS = facts!(deployment awaited!());
}

row! {
    /// How it stands with a request.
    #[derive(Debug)]
    pub struct State {
        /// Its status.
        pub status: String,
        /// Why it failed.
        pub error_message: Option<String>,
        /// Until when its result may come; the epoch once it has ended without one.
        pub result_deadline: Millis,
        /// When it was sent to its upstream.
        pub time_started: Millis,
        /// Bytes that were sent.
        pub input_size: i64,
    }
}

/// A request that has had its turn, with what it was forwarded with; nothing where there is none, or its version is gone.
///
/// # Errors
/// 503 when the database fails.
pub async fn find(
    connection: &Connection,
    id: &RecordId,
) -> Result<Option<(State, Admitted)>, Error> {
    let statements = Parameters::new()
        .text("record_id", id)
        .batch([&STATE, &FACTS]);
    let answers = connection.read(statements).await?;
    Ok(answers.first(&STATE)?.zip(answers.first(&FACTS)?))
}
