//! Encryption that authenticates: AES-256-GCM (NIST SP 800-38D).

use super::Local;

/// The length of a key, in bytes.
pub const KEY_LENGTH: usize = 32;
/// The length of a nonce, in bytes.
pub const NONCE_LENGTH: usize = 12;

/// AES-256-GCM: WebCrypto's, or its double.
pub trait Crypto {
    /// Encrypts; the answer ends with the tag of 16 bytes.
    ///
    /// # Errors
    /// The platform's own words.
    fn encrypt<'a>(
        &'a self,
        key: &'a [u8; KEY_LENGTH],
        nonce: &'a [u8; NONCE_LENGTH],
        associated: &'a [u8],
        plain: &'a [u8],
    ) -> Local<'a, Result<Vec<u8>, String>>;
    /// Decrypts what [`Crypto::encrypt`] answered.
    ///
    /// # Errors
    /// The platform's own words: another key, nonce or associated data, or a changed text.
    fn decrypt<'a>(
        &'a self,
        key: &'a [u8; KEY_LENGTH],
        nonce: &'a [u8; NONCE_LENGTH],
        associated: &'a [u8],
        sealed: &'a [u8],
    ) -> Local<'a, Result<Vec<u8>, String>>;
}
