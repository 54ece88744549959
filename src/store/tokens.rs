//! Rows of `tokens`: digests, never tokens.

use crate::domain::TokenId;
use crate::domain::time::Timestamp;
use crate::domain::token::{Opens, PlainToken, TokenDigest, TokenKeys};
use crate::sql::statement::{Parameters, Statement};
use crate::store::texts::statements;

/// A token's last use is written at most so often, in milliseconds (contract section 4).
pub const LAST_USED_INTERVAL: i64 = 60_000;

statements! {
    /// Notes a token's use, unless that was done within the interval.
    TOUCH = "UPDATE tokens SET last_used = #now
             WHERE id = :token_id AND (last_used IS NULL OR last_used <= #now - #interval)";
    /// Brings a digest made under the previous key under the current one.
    REDIGEST = "UPDATE tokens SET digest = :digest, key_id = :key_id WHERE id = :token_id AND key_id <> :key_id";
}

/// A token, or another secret of its form, that has just been minted: its text for the one answer that shows it, its digest for its row.
pub struct FreshToken {
    /// The token itself.
    pub plain: PlainToken,
    /// What is stored of it.
    pub digest: TokenDigest,
    /// The id of its row.
    pub id: TokenId,
}

impl FreshToken {
    /// Mints a secret from 16 random bytes.
    #[must_use]
    pub fn mint(keys: &TokenKeys, opens: Opens<'_>, random: [u8; 16], id: TokenId) -> Self {
        let plain = keys.mint(opens, random);
        let digest = keys.digest(opens, &plain);
        Self { plain, digest, id }
    }

    /// The parameters `new_token_id`, `digest` and `key_id` of an insert.
    #[must_use]
    pub fn parameters(&self, parameters: Parameters) -> Parameters {
        parameters
            .text("new_token_id", &self.id)
            .text("digest", self.digest.as_str())
            .text("key_id", self.digest.key_id())
    }
}

/// Notes that a token was used, if that is due.
#[must_use]
pub fn touch(token_id: &TokenId, now: Timestamp) -> Vec<Statement> {
    Parameters::new()
        .text("token_id", token_id)
        .integer("now", now.as_millis())
        .integer("interval", LAST_USED_INTERVAL)
        .batch([&TOUCH])
}

/// Brings a row under the current key.
#[must_use]
pub fn redigest(token_id: &TokenId, digest: &TokenDigest) -> Vec<Statement> {
    Parameters::new()
        .text("token_id", token_id)
        .text("digest", digest.as_str())
        .text("key_id", digest.key_id())
        .batch([&REDIGEST])
}
