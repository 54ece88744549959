//! How much is sealed under which key: when nothing is under the previous one any more, it may go (contract section 5.2).

use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::sql::statements;
use crate::store::rows::row;
use crate::store::session::Session;

row! {
    /// A key under which something is sealed.
    #[derive(Debug, Clone)]
    pub struct KeyInUse {
        /// Its id.
        pub id: String,
        /// How many secrets are sealed under it.
        pub secrets: i64,
    }
}

statements! {
    /// The secrets of each key, over all tables that have any.
    COUNTS = "SELECT id, sum(secrets) AS secrets FROM (
                SELECT key_id AS id, count(*) AS secrets FROM environment_variables WHERE key_id > '' GROUP BY key_id
                UNION ALL SELECT secret_key_id, count(*) FROM upstreams WHERE secret_key_id > '' GROUP BY secret_key_id
                UNION ALL SELECT previous_secret_key_id, count(*) FROM upstreams
                          WHERE previous_secret_key_id > '' GROUP BY previous_secret_key_id)
              GROUP BY id ORDER BY id";
}

/// Every key under which something is sealed, by id.
///
/// # Errors
/// 503 when the database fails.
pub async fn counts(session: &Session) -> Result<Vec<KeyInUse>, Error> {
    session
        .read(Parameters::new().batch([&COUNTS]))
        .await?
        .all(0)
}
