//! Secrets that must be recoverable: derived from the signing key whenever they are needed, and stored nowhere.
//!
//! A secret is `HMAC-SHA256(SIGNING_KEY, purpose || 0x00 || id || 0x00 || generation)` (contract section 6), so a copy
//! of the database gives none away, and a rise of the stored generation ends the old one. While the signing key is
//! being changed, the secrets under the previous one still verify.

use std::fmt::{self, Debug, Formatter};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::hex;
use super::ids::Id;
use super::token::keyed;

/// What a secret is for, so that no secret of one kind is ever one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The secret of an access key, with which requests are signed.
    AccessKey,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::AccessKey => "access-key",
        }
    }
}

/// A key from which secrets are derived. The secret itself is not kept.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// Takes the secret as it is configured, of any length.
    pub fn new(secret: &str) -> Self {
        Self(keyed(secret.as_bytes()))
    }

    fn derive(&self, purpose: Purpose, id: &str, generation: i64) -> DerivedSecret {
        let mac = self
            .0
            .clone()
            .chain_update(purpose.label())
            .chain_update([0])
            .chain_update(id)
            .chain_update([0])
            .chain_update(generation.to_string())
            .finalize();
        DerivedSecret(hex::encode(&mac.into_bytes()))
    }
}

impl SigningKey {
    /// The key under which secrets are sealed that are not ours to derive (contract section 5.2).
    pub fn sealing_key(&self) -> SealingKey {
        let derive = |label: &str| self.0.clone().chain_update(label).finalize().into_bytes();
        SealingKey {
            id: Id::kept(
                hex::encode(&derive("sealing-key-id"))
                    .chars()
                    .take(16)
                    .collect(),
            ),
            bytes: derive("sealing-key").into(),
        }
    }
}

/// The id of a key under which secrets are sealed: 16 hexadecimal digits.
pub type SealingKeyId = Id<Sealing>;

/// What a [`SealingKey`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sealing {}

/// A key under which secrets are sealed. It has no `Display`, and `Debug` does not print it.
pub struct SealingKey {
    /// Tells it from others; it gives nothing of the key away.
    pub id: SealingKeyId,
    bytes: [u8; 32],
}

impl SealingKey {
    /// The key itself. Never log, store or audit what this answers.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl Debug for SealingKey {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "SealingKey({})", self.id)
    }
}

impl Debug for SigningKey {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(..)")
    }
}

/// The key in use, and the one before it while secrets under it are still to work.
#[derive(Clone, Debug)]
pub struct SigningKeys {
    /// `SIGNING_KEY`: derives and verifies.
    pub current: SigningKey,
    /// `SIGNING_KEY_PREVIOUS`: verifies only.
    pub previous: Option<SigningKey>,
}

impl SigningKeys {
    /// The secret as it is handed out.
    pub fn derive(&self, purpose: Purpose, id: &str, generation: i64) -> DerivedSecret {
        self.current.derive(purpose, id, generation)
    }

    /// The key of this id under which secrets are sealed, if it is known still.
    pub fn sealing_key(&self, id: &SealingKeyId) -> Option<SealingKey> {
        std::iter::once(&self.current)
            .chain(&self.previous)
            .map(SigningKey::sealing_key)
            .find(|key| key.id == *id)
    }

    /// Every secret that may have been handed out for it.
    pub fn candidates(
        &self,
        purpose: Purpose,
        id: &str,
        generation: i64,
    ) -> impl Iterator<Item = DerivedSecret> {
        std::iter::once(&self.current)
            .chain(&self.previous)
            .map(move |key| key.derive(purpose, id, generation))
    }
}

/// A derived secret, 64 lower-case hexadecimal digits: to be shown to its owner once, and to nobody else.
///
/// It has no `Display` and no `Serialize`, and `Debug` does not print it.
#[derive(PartialEq, Eq)]
pub struct DerivedSecret(String);

impl DerivedSecret {
    /// The secret itself. Never log, store or audit what this answers.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Debug for DerivedSecret {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("DerivedSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> SigningKeys {
        SigningKeys {
            current: SigningKey::new("a signing key"),
            previous: None,
        }
    }

    fn derive(id: &str, generation: i64) -> DerivedSecret {
        keys().derive(Purpose::AccessKey, id, generation)
    }

    #[test]
    fn a_secret_is_the_hmac_of_purpose_id_and_generation() {
        let mac = keyed(b"a signing key")
            .chain_update(b"access-key\0ABC\x007")
            .finalize();
        assert_eq!(derive("ABC", 7).reveal(), hex::encode(&mac.into_bytes()));
    }

    #[test]
    fn another_id_or_generation_has_another_secret() {
        assert_ne!(derive("ABC", 1), derive("ABD", 1));
        assert_ne!(derive("ABC", 1), derive("ABC", 2));
    }

    #[test]
    fn a_secret_outlives_one_change_of_the_key() {
        let before = derive("ABC", 1);
        let after = SigningKeys {
            current: SigningKey::new("the next key"),
            previous: Some(keys().current),
        };
        assert_ne!(after.derive(Purpose::AccessKey, "ABC", 1), before);
        let candidates: Vec<_> = after.candidates(Purpose::AccessKey, "ABC", 1).collect();
        assert!(candidates.contains(&before) && candidates.len() == 2);
    }

    #[test]
    fn nothing_of_it_can_be_printed() {
        let text = format!("{:?} {:?}", keys(), derive("ABC", 1));
        assert!(!text.contains("signing key") && !text.contains(derive("ABC", 1).reveal()));
    }
}
