//! Secrets that must be recoverable and are not ours to derive: sealed with AES-256-GCM under a key that SIGNING_KEY gives
//! (contract section 5.2). The place of a secret is authenticated with it, so that none can be moved to another row.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::domain::{AnyId, SealingKeyId};
use crate::error::Error;
use crate::platform::{Config, NONCE_LENGTH, Platform};

/// Where a sealed secret stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// What identifies the row in it.
    pub row: AnyId<'a>,
    /// What the row belongs to.
    pub place: AnyId<'a>,
    /// Which of its secrets it is.
    pub name: &'a str,
}

impl Place<'_> {
    fn associated(&self) -> Vec<u8> {
        [
            self.table,
            self.row.as_str(),
            self.place.as_str(),
            self.name,
        ]
        .join("\0")
        .into_bytes()
    }
}

/// A sealed secret, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Nonce, secret and tag, in base64.
    pub text: String,
    /// The id of the key that opens it.
    pub key_id: SealingKeyId,
}

/// Seals a secret for its place.
///
/// # Errors
/// 503 when SIGNING_KEY is not set, or the platform cannot encrypt.
pub async fn seal(
    platform: &Platform,
    config: &Config,
    place: Place<'_>,
    plain: &[u8],
) -> Result<Sealed, Error> {
    let keys = config.signing_keys.as_ref().ok_or_else(no_key)?;
    let key = keys.current.sealing_key();
    let mut nonce = [0; NONCE_LENGTH];
    platform
        .entropy
        .fill(&mut nonce)
        .map_err(Error::unavailable)?;
    let associated = place.associated();
    let sealed = platform
        .crypto
        .encrypt(key.reveal(), &nonce, &associated, plain)
        .await;
    let sealed = sealed.map_err(Error::unavailable)?;
    Ok(Sealed {
        text: STANDARD.encode([nonce.as_slice(), &sealed].concat()),
        key_id: key.id,
    })
}

/// Opens a secret that was sealed for this place.
///
/// # Errors
/// 503 when its key is not known any more; an inconsistency when it was not sealed for this place, or was changed.
pub async fn open(
    platform: &Platform,
    config: &Config,
    place: Place<'_>,
    sealed: &Sealed,
) -> Result<Vec<u8>, Error> {
    let keys = config.signing_keys.as_ref().ok_or_else(no_key)?;
    let key = keys.sealing_key(&sealed.key_id).ok_or_else(no_key)?;
    let broken = |what: String| {
        Error::inconsistent(format!("{} {}: {what}", place.table, place.row.as_str()))
    };
    let bytes = STANDARD
        .decode(&sealed.text)
        .map_err(|error| broken(error.to_string()))?;
    let (nonce, sealed) = bytes
        .split_first_chunk()
        .ok_or_else(|| broken("too short".to_owned()))?;
    let associated = place.associated();
    let plain = platform
        .crypto
        .decrypt(key.reveal(), nonce, &associated, sealed)
        .await;
    plain.map_err(broken)
}

fn no_key() -> Error {
    Error::misconfigured("a secret is sealed under SIGNING_KEY, and that key is not set any more")
}
