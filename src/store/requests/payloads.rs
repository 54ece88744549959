//! What was sent and answered: in a row, or, where it is long, beside the database (contract section 5.7).

use crate::domain::{ProjectId, RecordId, Timestamp};
use crate::error::Error;
use crate::platform::Platform;
use crate::sql::statement::{Parameters, Statement};
use crate::store::rows::{Millis, row};
use crate::store::texts::statements;

/// What is kept beside the database may be missing for so many milliseconds after its writing.
const ON_ITS_WAY: i64 = 120_000;

statements! {
    /// A payload is not kept beside the database after all.
    FORGET = "DELETE FROM request_payloads WHERE project_id = :project_id AND request_id = :record_id AND part = :part
       AND kv_key IS NOT NULL";
}

/// One side of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What was sent.
    Input,
    /// What was answered.
    Output,
}

impl Part {
    /// Its name, as in the database and in paths.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

row! {
    /// What was sent or answered.
    #[derive(Debug, Clone)]
    pub struct Payload {
        /// Whose it is.
        pub request_id: RecordId,
        /// `input` or `output`.
        pub part: String,
        /// Its media type.
        pub content_type: String,
        /// The text as it came; nothing where it is kept elsewhere.
        pub body: Option<String>,
        /// Where that is.
        pub kv_key: Option<String>,
        /// When it was written.
        pub creation_date: Millis,
    }
}

/// Under which key a payload is kept beside the database.
#[must_use]
pub fn key(project_id: &ProjectId, record_id: &RecordId, part: Part) -> String {
    format!("{project_id}/{record_id}/{}", part.name())
}

/// Brings what is kept beside the database. What is gone from there has no body.
///
/// # Errors
/// 503 where it cannot be read, or is not there yet.
pub async fn bring(
    platform: &Platform,
    payloads: &mut [Payload],
    now: Timestamp,
) -> Result<(), Error> {
    for payload in payloads {
        let (Some(key), Some(store)) = (&payload.kv_key, &platform.payloads) else {
            continue;
        };
        let found = store.get(key).await.map_err(Error::unavailable)?;
        if found.is_none() && now.as_millis() - payload.creation_date.0.as_millis() < ON_ITS_WAY {
            return Err(Error::busy(
                "what was sent and answered is not there yet; ask again in a moment, or for the metadata alone",
            ));
        }
        payload.body = found;
    }
    Ok(())
}

/// Takes away the row of a payload that could not be put beside the database.
#[must_use]
pub fn forgetting(project_id: &ProjectId, record_id: &RecordId, part: Part) -> Vec<Statement> {
    Parameters::new()
        .text("project_id", project_id)
        .text("record_id", record_id)
        .text("part", part.name())
        .batch([&FORGET])
}

/// Takes away what is kept beside the database; what cannot be taken goes by itself.
pub async fn forget(platform: &Platform, keys: Vec<String>) {
    if let Some(store) = &platform.payloads {
        for key in keys {
            let _ = store.delete(&key).await;
        }
    }
}
