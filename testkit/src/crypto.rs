//! AES-256-GCM of a crate, in the place of WebCrypto's.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};

use tenantry::platform::{Crypto, KEY_LENGTH, Local, NONCE_LENGTH};

/// The crate behind the trait.
pub struct Aes;

impl Crypto for Aes {
    fn encrypt<'a>(
        &'a self,
        key: &'a [u8; KEY_LENGTH],
        nonce: &'a [u8; NONCE_LENGTH],
        associated: &'a [u8],
        plain: &'a [u8],
    ) -> Local<'a, Result<Vec<u8>, String>> {
        let payload = Payload {
            msg: plain,
            aad: associated,
        };
        let sealed = Aes256Gcm::new(key.into()).encrypt(Nonce::from_slice(nonce), payload);
        Box::pin(std::future::ready(
            sealed.map_err(|error| error.to_string()),
        ))
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a [u8; KEY_LENGTH],
        nonce: &'a [u8; NONCE_LENGTH],
        associated: &'a [u8],
        sealed: &'a [u8],
    ) -> Local<'a, Result<Vec<u8>, String>> {
        let payload = Payload {
            msg: sealed,
            aad: associated,
        };
        let plain = Aes256Gcm::new(key.into()).decrypt(Nonce::from_slice(nonce), payload);
        Box::pin(std::future::ready(plain.map_err(|error| error.to_string())))
    }
}
