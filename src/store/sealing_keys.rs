//! How much is sealed under which key, and what is still under the previous one is sealed anew: when nothing is under that
//! any more, it may go (contract section 5.2).
//!
//! A run looks at so many secrets from a place on that it draws, in a circle. So those that do not open, which stay as they
//! are, keep no others waiting for ever.

use serde_json::json;

use crate::auth::sealed::{self, Place, Sealed};
use crate::domain::json;
use crate::domain::{AnyId, SealingKeyId, VersionId};
use crate::error::Error;
use crate::platform::{Config, NONCE_LENGTH, Platform};
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::rows::row;
use crate::store::texts::statements;

row! {
    /// A key under which something is sealed.
    #[derive(Debug, Clone)]
    pub struct KeyInUse {
        /// Its id.
        pub id: SealingKeyId,
        /// How many secrets are sealed under it.
        pub secrets: i64,
    }
}

row! {
    /// A secret that is sealed under the previous key.
    struct Left {
        kind: String,
        row_id: String,
        place_id: String,
        name: String,
        sealed: String,
    }
}

/// So many secrets are sealed anew in one run.
const MOST: i64 = 100;
/// So many characters of what is sealed are its nonce, which is drawn for it and so tells it from any other.
const NONCE_CHARACTERS: usize = NONCE_LENGTH / 3 * 4;

/// What is sealed under the previous key, on one side of the place to begin at: each arm is a range of an index. D1 takes no more than
/// five arms in a row.
macro_rules! under_previous {
    ($side:literal) => {
        concat!(
            "SELECT * FROM (SELECT 'signing_secret' AS kind, id AS row_id, project_id AS place_id, 'secret' AS name, signing_secret AS sealed
             FROM webhooks WHERE signing_secret_key_id = :previous AND id ",
            $side,
            " :from UNION ALL SELECT 'previous_signing_secret', id, project_id, 'secret', previous_signing_secret FROM webhooks
             WHERE previous_signing_secret_key_id = :previous AND id ",
            $side,
            " :from UNION ALL SELECT 'protected_headers', id, project_id, 'headers', protected_headers FROM webhooks
             WHERE protected_headers_key_id = :previous AND id ",
            $side,
            " :from) UNION ALL SELECT * FROM (SELECT 'value' AS kind, id AS row_id, place_id, name, value AS sealed FROM environment_variables
             WHERE key_id = :previous AND place_id ",
            $side,
            " :from UNION ALL SELECT 'secret', version_id, project_id, 'secret', secret FROM upstreams
             WHERE secret_key_id = :previous AND version_id ",
            $side,
            " :from UNION ALL SELECT 'previous_secret', version_id, project_id, 'secret', previous_secret FROM upstreams
             WHERE previous_secret_key_id = :previous AND version_id ",
            $side,
            " :from)"
        )
    };
}

/// Puts what has been sealed anew in the place of what was read, where that stands there still: `sealed_anew!(table, its
/// row, kind, key)`. Of `:fresh` each is its kind, row, place and name, the nonce before, and what it is now.
macro_rules! sealed_anew {
    ($table:literal, $row:literal, $sealed:literal, $key:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET ",
            $sealed,
            " = f.value ->> 5, ",
            $key,
            " = :current
             FROM json_each(:fresh) f
             WHERE f.value ->> 0 = '",
            $sealed,
            "' AND ",
            $row,
            " AND +",
            $key,
            " = :previous
               AND substr(",
            $table,
            ".",
            $sealed,
            ", 1, length(f.value ->> 4)) = f.value ->> 4"
        )
    };
}

statements! {
    /// What is to be sealed anew.
    LEFT = concat!(
        "SELECT * FROM (", under_previous!(">"), ") UNION ALL SELECT * FROM (", under_previous!("<="), ") LIMIT #limit");
    /// The values of variables.
    SEAL_VALUES = sealed_anew!(
        "environment_variables",
        "place_id = f.value ->> 2 AND name = f.value ->> 3 AND environment_variables.id = f.value ->> 1",
        "value", "key_id");
    /// The secrets that sign.
    SEAL_SECRETS = sealed_anew!("upstreams", "version_id = f.value ->> 1", "secret", "secret_key_id");
    /// Those before them.
    SEAL_PREVIOUS_SECRETS =
        sealed_anew!("upstreams", "version_id = f.value ->> 1", "previous_secret", "previous_secret_key_id");
    /// The secrets of webhooks that sign.
    SEAL_SIGNING_SECRETS =
        sealed_anew!("webhooks", "webhooks.id = f.value ->> 1", "signing_secret", "signing_secret_key_id");
    /// Those before them.
    SEAL_PREVIOUS_SIGNING_SECRETS = sealed_anew!(
        "webhooks", "webhooks.id = f.value ->> 1", "previous_signing_secret", "previous_signing_secret_key_id");
    /// The headers of webhooks that are protected.
    SEAL_PROTECTED_HEADERS =
        sealed_anew!("webhooks", "webhooks.id = f.value ->> 1", "protected_headers", "protected_headers_key_id");
    /// The secrets of each key, over all tables that have any.
    COUNTS = "SELECT id, sum(secrets) AS secrets FROM (
                SELECT * FROM (SELECT key_id AS id, count(*) AS secrets FROM environment_variables WHERE key_id > '' GROUP BY key_id
                UNION ALL SELECT secret_key_id, count(*) FROM upstreams WHERE secret_key_id > '' GROUP BY secret_key_id
                UNION ALL SELECT previous_secret_key_id, count(*) FROM upstreams
                          WHERE previous_secret_key_id > '' GROUP BY previous_secret_key_id)
                UNION ALL SELECT * FROM (SELECT signing_secret_key_id, count(*) FROM webhooks
                          WHERE signing_secret_key_id > '' GROUP BY signing_secret_key_id
                UNION ALL SELECT previous_signing_secret_key_id, count(*) FROM webhooks
                          WHERE previous_signing_secret_key_id > '' GROUP BY previous_signing_secret_key_id
                UNION ALL SELECT protected_headers_key_id, count(*) FROM webhooks
                          WHERE protected_headers_key_id > '' GROUP BY protected_headers_key_id))
              GROUP BY id ORDER BY id";
}

/// Every key under which something is sealed, by id.
///
/// # Errors
/// 503 when the database fails.
pub async fn counts(connection: &Connection) -> Result<Vec<KeyInUse>, Error> {
    connection
        .read(Parameters::new().batch([&COUNTS]))
        .await?
        .all(&COUNTS)
}

/// Seals anew what is sealed under the previous key: at most a hundred secrets, each where nobody has changed it meanwhile.
/// Nothing is read where there is no such key.
///
/// # Errors
/// An inconsistency that names a row that does not open, which stays as it is; 503 when the database or the platform fails.
pub async fn seal_anew(
    connection: &Connection,
    platform: &Platform,
    config: &Config,
) -> Result<(), Error> {
    let Some(keys) = &config.signing_keys else {
        return Ok(());
    };
    let current = keys.current.sealing_key().id;
    let previous = keys.previous.as_ref().map(|key| key.sealing_key().id);
    let Some(previous) = previous.filter(|previous| *previous != current) else {
        return Ok(());
    };
    let mut from = [0; 16];
    platform
        .entropy
        .fill(&mut from)
        .map_err(Error::unavailable)?;
    let parameters = || Parameters::new().text("previous", &previous);
    let reading = parameters()
        .text("from", VersionId::from_random(from))
        .integer("limit", MOST);
    let left: Vec<Left> = connection.read(reading.batch([&LEFT])).await?.all(&LEFT)?;
    let mut fresh = Vec::new();
    let mut opened = Ok(());
    for secret in &left {
        let place = Place {
            table: match secret.kind.as_str() {
                "value" => "environment_variables",
                "secret" | "previous_secret" => "upstreams",
                _ => "webhooks",
            },
            row: AnyId::told(&secret.row_id),
            place: AnyId::told(&secret.place_id),
            name: &secret.name,
        };
        let sealed = Sealed {
            text: secret.sealed.clone(),
            key_id: previous.clone(),
        };
        match sealed::open(platform, config, place, &sealed).await {
            Ok(plain) => {
                let nonce = secret.sealed.get(..NONCE_CHARACTERS);
                let sealed = sealed::seal(platform, config, place, &plain).await?.text;
                fresh.push(json!([
                    secret.kind,
                    place.row.as_str(),
                    place.place.as_str(),
                    place.name,
                    nonce,
                    sealed
                ]));
            }
            Err(error) => opened = opened.and(Err(error)),
        }
    }
    if !fresh.is_empty() {
        let writing = parameters()
            .text("current", current)
            .text("fresh", json::text(&fresh))
            .batch([
                &SEAL_VALUES,
                &SEAL_SECRETS,
                &SEAL_PREVIOUS_SECRETS,
                &SEAL_SIGNING_SECRETS,
                &SEAL_PREVIOUS_SIGNING_SECRETS,
                &SEAL_PROTECTED_HEADERS,
            ]);
        connection.write(writing).await?;
    }
    opened
}
