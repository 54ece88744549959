//! Tokens: minted from random bytes, recognised by their MAC, stored as digests only.
//!
//! A token is 40 lower-case hexadecimal digits, the form that UbiOps' clients document: 16 random bytes and 4 bytes of
//! HMAC-SHA256 over them. The MAC lets a forged or mistyped token be refused without asking the database; what makes a
//! token valid is its row, which holds `HMAC-SHA256(TOKEN_KEY, token)` and the id of that key. While a key is being
//! changed the previous one still verifies. The plain token is shown once and cannot be printed, logged or serialised
//! by accident: see [`PlainToken`].
//!
//! No new token begins with `e`: three published UbiOps tutorials take the scheme off with Python's
//! `lstrip("Token ")`, which takes every leading letter of it, so a token in `e` would lose its first digit (contract
//! section 2). Tokens that were made before stay as they are, and valid.
//!
//! The secret in a session's cookie and the one in a sign-in link have the same form and are made by the same keys, each for
//! its own [`Opens`]: a secret that is made for one opens nothing else, and is forged there.

use super::hex;
use super::ids::Id;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt::{self, Debug, Formatter};
use subtle::ConstantTimeEq;

/// Random bytes in a token.
const RANDOM: usize = 16;
/// Bytes of MAC behind them: a guess passes once in 2^32 and then meets the database like any unknown token.
const MAC: usize = 4;
/// Block size of SHA-256 in bytes, to which HMAC brings a key (RFC 2104, section 2).
const BLOCK: usize = 64;

/// What a secret opens. It goes into its MAC and its digest, so that none works in another's place (contract section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens<'a> {
    /// Calls with `Authorization`: a token.
    Calls,
    /// A person's session on the pages of this host, `name[:port]` as a browser calls it; on no other.
    SessionAt(&'a str),
    /// One session, once: a sign-in link.
    SignIn,
}

impl Opens<'_> {
    /// Its name, and where.
    fn labels(&self) -> (&'static str, &str) {
        match self {
            Self::Calls => ("token", ""),
            Self::SessionAt(host) => ("session", host),
            Self::SignIn => ("link", ""),
        }
    }
}

/// The id of a key under which tokens are minted and digested: 8 hexadecimal digits.
pub type TokenKeyId = Id<Minting>;

/// What a [`TokenKey`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Minting {}

/// A key under which tokens are minted and digested. The secret itself is not kept, and `Debug` shows the id alone.
#[derive(Clone)]
pub struct TokenKey {
    id: TokenKeyId,
    keyed: Hmac<Sha256>,
}

impl TokenKey {
    /// Takes the secret as it is configured, of any length.
    pub fn new(secret: &str) -> Self {
        let id = Sha256::new()
            .chain_update(b"tenantry token key id")
            .chain_update(secret)
            .finalize();
        let mut id = hex::encode(&id);
        id.truncate(8);
        Self {
            id: Id::kept(id),
            keyed: keyed(secret.as_bytes()),
        }
    }

    /// Eight hexadecimal digits that tell keys apart and stand beside each digest.
    pub fn id(&self) -> &TokenKeyId {
        &self.id
    }

    /// `<name> mac`, a NUL, the random bytes, and where it opens something, which for a token is nowhere.
    fn mac(&self, opens: Opens<'_>, random: &[u8]) -> Hmac<Sha256> {
        let (name, place) = opens.labels();
        self.keyed
            .clone()
            .chain_update(name)
            .chain_update(b" mac\0")
            .chain_update(random)
            .chain_update(place)
    }

    /// A token's is of its text alone. Before that of anything else stand its name and its place, each with a NUL, which no
    /// token has.
    fn digest(&self, opens: Opens<'_>, secret: &str) -> TokenDigest {
        let mut keyed = self.keyed.clone();
        if opens != Opens::Calls {
            let (name, place) = opens.labels();
            keyed = keyed
                .chain_update(name)
                .chain_update(b"\0")
                .chain_update(place)
                .chain_update(b"\0");
        }
        let digest = keyed.chain_update(secret).finalize();
        TokenDigest {
            text: hex::encode(&digest.into_bytes()),
            key_id: self.id.clone(),
        }
    }

    /// Checks the MAC of a secret in constant time.
    fn has_minted(&self, opens: Opens<'_>, secret: &[u8; RANDOM + MAC]) -> bool {
        let (random, mac) = secret.split_at(RANDOM);
        self.mac(opens, random).verify_truncated_left(mac).is_ok()
    }
}

/// HMAC-SHA256 with a key of any length, prepared as RFC 2104 says: hashed if longer than a block, then filled up with
/// zeros. (The crate's own way for any length answers a `Result` that cannot be an error.)
pub(crate) fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    let mut block = [0; BLOCK];
    let hashed;
    let key = if secret.len() > BLOCK {
        hashed = Sha256::digest(secret);
        hashed.as_slice()
    } else {
        secret
    };
    for (slot, byte) in block.iter_mut().zip(key) {
        *slot = *byte;
    }
    Hmac::new(&block.into())
}

impl Debug for TokenKey {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "TokenKey({})", self.id)
    }
}

/// The key in use, and the one before it while tokens under it are still to work.
#[derive(Clone, Debug)]
pub struct TokenKeys {
    /// `TOKEN_KEY`: mints, digests and verifies.
    pub current: TokenKey,
    /// `TOKEN_KEY_PREVIOUS`: verifies only.
    pub previous: Option<TokenKey>,
}

impl TokenKeys {
    /// Makes a secret from 16 bytes that the caller drew from a CSPRNG.
    ///
    /// A first digit `e` becomes `6`, so that digit is as likely as two others together: who guesses it saves one of
    /// 128 bits, and drawing again could go on for ever where the source is broken.
    pub fn mint(&self, opens: Opens<'_>, mut random: [u8; RANDOM]) -> PlainToken {
        if let [first @ 0xe0..=0xef, ..] = &mut random {
            *first &= 0x7f;
        }
        let mac = self.current.mac(opens, &random).finalize().into_bytes();
        let bytes: Vec<u8> = random
            .into_iter()
            .chain(mac.into_iter().take(MAC))
            .collect();
        PlainToken(hex::encode(&bytes))
    }

    /// The digest under which a new secret is stored.
    pub fn digest(&self, opens: Opens<'_>, secret: &PlainToken) -> TokenDigest {
        self.current.digest(opens, secret.reveal())
    }

    /// What to look for in the database, if the text has a token's form and the MAC of one of the keys.
    pub fn recognise(&self, opens: Opens<'_>, text: &str) -> Option<RecognisedToken> {
        let bytes = hex::decode(text)?;
        let by_current = self.current.has_minted(opens, &bytes);
        let by_previous = self
            .previous
            .as_ref()
            .is_some_and(|key| key.has_minted(opens, &bytes));
        (by_current || by_previous).then(|| RecognisedToken {
            digests: Digests {
                current: self.current.digest(opens, text),
                previous: self.previous.as_ref().map(|key| key.digest(opens, text)),
            },
            minted_under_previous: !by_current,
        })
    }
}

/// A token in plain text: to be shown to its owner once, and to nobody else.
///
/// It has no `Display` and no `Serialize`, and `Debug` prints `PlainToken(..)`; [`PlainToken::reveal`] is the only way
/// to the text, so each place that shows one can be found.
pub struct PlainToken(String);

impl PlainToken {
    /// The token itself. Never log, store or audit what this answers.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Debug for PlainToken {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("PlainToken(..)")
    }
}

/// A text that one of our keys has minted; whether it is still valid is for its row to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecognisedToken {
    /// Under what its row may be found.
    pub digests: Digests,
    /// Whether only the previous key has minted it. Such a token ends with that key, even if its row is digested anew.
    pub minted_under_previous: bool,
}

/// The digests of one token under each key that is configured. Both are to be looked for, since a row under the
/// previous key is digested anew when it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Under the current key.
    pub current: TokenDigest,
    /// Under the previous key, if there is one.
    pub previous: Option<TokenDigest>,
}

/// What is stored of a token: HMAC-SHA256 of its text, as 64 lower-case hexadecimal digits, and the id of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenDigest {
    text: String,
    key_id: TokenKeyId,
}

impl TokenDigest {
    /// The 64 digits.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id of the key that made it.
    pub fn key_id(&self) -> &TokenKeyId {
        &self.key_id
    }
}

/// Compares secrets without telling by its time where they differ or how long they are: their SHA-256 digests are
/// compared.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    Sha256::digest(a).ct_eq(&Sha256::digest(b)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> TokenKeys {
        TokenKeys {
            current: TokenKey::new("a key of this installation"),
            previous: None,
        }
    }

    fn keys_after_a_change() -> TokenKeys {
        TokenKeys {
            current: TokenKey::new("the next key"),
            previous: Some(keys().current),
        }
    }

    #[test]
    fn the_mac_is_hmac_sha256_for_keys_of_every_length() {
        let hmac = |key: &[u8], text: &[u8]| {
            hex::encode(&keyed(key).chain_update(text).finalize().into_bytes())
        };
        // RFC 4231, test cases 2 and 6.
        assert_eq!(
            hmac(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hmac(
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            ),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
        // Of another implementation: a key that fills the block, and one that is longer by a byte.
        for (length, mac) in [
            (
                64,
                "d705afc7f78b197a0b0eab9ce55856de240b9205ba62a9932776e3996d2e6f09",
            ),
            (
                65,
                "3a05ecf5c19d16e38c657974ee86a18f7d6089b4dbd8a947d1c60b1621e8e3b9",
            ),
        ] {
            assert_eq!(hmac(&vec![0xaa; length], b"a key of about a block"), mac);
        }
    }

    #[test]
    fn a_token_does_not_begin_with_e() {
        for (byte, first) in [(0xdf, "df"), (0xe0, "60"), (0xef, "6f"), (0xf0, "f0")] {
            let token = keys().mint(Opens::Calls, [byte; 16]);
            assert!(token.reveal().starts_with(first), "{first}");
        }
    }

    #[test]
    fn a_token_is_its_random_bytes_and_4_bytes_of_mac() {
        let token = keys().mint(Opens::Calls, [0x5a; 16]);
        let mac = keyed(b"a key of this installation")
            .chain_update(b"token mac\0ZZZZZZZZZZZZZZZZ")
            .finalize();
        assert_eq!(
            token.reveal(),
            "5a".repeat(16) + &hex::encode(&mac.into_bytes()[..4])
        );
    }

    /// Rows and tokens that exist were made by this arithmetic (the figures come from another implementation of it).
    #[test]
    fn a_token_keeps_its_text_and_digest_across_releases() {
        let (keys, token) = (keys(), keys().mint(Opens::Calls, *b"0123456789abcdef"));
        assert_eq!(keys.current.id().as_str(), "0d877b98");
        assert_eq!(token.reveal(), "30313233343536373839616263646566b4a0c85d");
        assert_eq!(
            keys.digest(Opens::Calls, &token).as_str(),
            "a10cc4ebd448fdcabfb1ffac9ce5a65bda82f6efb37557271b7bfbc9842fb8b9"
        );
    }

    /// What `mint` made before it minded the first digit.
    fn minted_before(random: [u8; 16]) -> String {
        let mac = keys()
            .current
            .mac(Opens::Calls, &random)
            .finalize()
            .into_bytes();
        hex::encode(&random) + &hex::encode(&mac[..4])
    }

    #[test]
    fn a_token_that_begins_with_e_and_was_made_before_stays_valid() {
        let token = minted_before([0xe5; 16]);
        assert!(token.starts_with('e'));
        assert!(keys().recognise(Opens::Calls, &token).is_some());
    }

    #[test]
    fn a_minted_token_is_recognised_by_the_digest_that_was_stored() {
        let token = keys().mint(Opens::Calls, [7; 16]);
        let recognised = keys().recognise(Opens::Calls, token.reveal()).unwrap();
        assert_eq!(
            recognised.digests,
            Digests {
                current: keys().digest(Opens::Calls, &token),
                previous: None
            }
        );
        assert!(!recognised.minted_under_previous);
    }

    #[test]
    fn a_token_of_the_previous_key_gives_both_digests() {
        let token = keys().mint(Opens::Calls, [7; 16]);
        let recognised = keys_after_a_change()
            .recognise(Opens::Calls, token.reveal())
            .unwrap();
        assert!(recognised.minted_under_previous);
        assert_eq!(
            recognised.digests.previous,
            Some(keys().digest(Opens::Calls, &token))
        );
        assert_eq!(
            recognised.digests.current.key_id(),
            keys_after_a_change().current.id()
        );
    }

    #[test]
    fn a_token_of_the_current_key_is_not_taken_for_one_of_the_previous() {
        let token = keys_after_a_change().mint(Opens::Calls, [7; 16]);
        assert!(
            !keys_after_a_change()
                .recognise(Opens::Calls, token.reveal())
                .unwrap()
                .minted_under_previous
        );
    }

    #[test]
    fn a_key_that_is_configured_twice_counts_as_the_current_one() {
        let twice = TokenKeys {
            previous: Some(keys().current),
            ..keys()
        };
        let token = twice.mint(Opens::Calls, [7; 16]);
        assert!(
            !twice
                .recognise(Opens::Calls, token.reveal())
                .unwrap()
                .minted_under_previous
        );
    }

    #[test]
    fn a_token_of_a_key_that_is_gone_is_not_recognised() {
        let token = TokenKeys {
            current: TokenKey::new("long gone"),
            previous: None,
        }
        .mint(Opens::Calls, [7; 16]);
        assert!(
            keys_after_a_change()
                .recognise(Opens::Calls, token.reveal())
                .is_none()
        );
    }

    #[test]
    fn only_the_exact_form_is_recognised() {
        let token = keys().mint(Opens::Calls, [0xab; 16]);
        let text = token.reveal();
        for other in [
            text.to_uppercase(),
            format!(" {text}"),
            format!("{text}\n"),
            format!("{text}00"),
            text[2..].to_owned(),
            String::new(),
        ] {
            assert!(
                keys().recognise(Opens::Calls, &other).is_none(),
                "{other:?}"
            );
        }
    }

    const ALL: [Opens<'_>; 4] = [
        Opens::Calls,
        Opens::SessionAt("console.acme.com"),
        Opens::SessionAt("localhost:8787"),
        Opens::SignIn,
    ];

    #[test]
    fn a_secret_opens_what_it_was_made_for_alone() {
        for made_for in ALL {
            let secret = keys().mint(made_for, [7; 16]);
            let stored = keys().digest(made_for, &secret);
            for shown_for in ALL {
                let recognised = keys().recognise(shown_for, secret.reveal());
                let stored_as = recognised.map(|recognised| recognised.digests.current);
                let expected = (made_for == shown_for).then(|| stored.clone());
                assert_eq!(stored_as, expected, "{made_for:?} shown for {shown_for:?}");
            }
        }
    }

    #[test]
    fn the_same_bytes_are_another_row_for_each_use() {
        let secret = keys().mint(Opens::Calls, [7; 16]);
        let digests: std::collections::BTreeSet<String> = ALL
            .iter()
            .map(|opens| keys().digest(*opens, &secret).as_str().to_owned())
            .collect();
        assert_eq!(digests.len(), ALL.len());
    }

    #[test]
    fn debug_shows_neither_token_nor_key() {
        assert_eq!(
            format!("{:?}", keys().mint(Opens::Calls, [1; 16])),
            "PlainToken(..)"
        );
        assert_eq!(
            format!("{:?}", keys().current),
            format!("TokenKey({})", keys().current.id())
        );
    }

    #[test]
    fn keys_are_told_apart_by_their_ids() {
        assert_ne!(TokenKey::new("a").id(), TokenKey::new("b").id());
        assert_eq!(TokenKey::new("a").id().as_str().len(), 8);
    }

    #[test]
    fn secrets_are_equal_only_if_all_of_them_is() {
        assert!(constant_time_eq(b"secret", b"secret"));
        assert!(!constant_time_eq(b"secret", b"secreT"));
        assert!(!constant_time_eq(b"secret", b"secret\0"));
        assert!(!constant_time_eq(b"", b"secret"));
    }

    proptest! {
        #[test]
        fn a_token_with_any_one_digit_changed_is_refused(
            random in any::<[u8; 16]>(), position in 0..40_usize, step in 1..16_u32
        ) {
            let token = keys().mint(Opens::Calls, random);
            let changed: String = token
                .reveal()
                .chars()
                .enumerate()
                .map(|(index, digit)| {
                    let value = digit.to_digit(16).unwrap();
                    let value = if index == position { (value + step) % 16 } else { value };
                    char::from_digit(value, 16).unwrap()
                })
                .collect();
            prop_assert!(keys().recognise(Opens::Calls, token.reveal()).is_some());
            prop_assert!(keys().recognise(Opens::Calls, &changed).is_none());
        }

        #[test]
        fn no_token_loses_a_digit_where_its_scheme_is_stripped_letter_by_letter(
            first in any::<u8>(), mut random in any::<[u8; 16]>()
        ) {
            random[0] = first;
            let token = keys().mint(Opens::Calls, random);
            let text = token.reveal();
            let shown = format!("Token {text}");
            prop_assert_eq!(shown.trim_start_matches(['T', 'o', 'k', 'e', 'n', ' ']), text);
            prop_assert!(keys().recognise(Opens::Calls, text).is_some());
            // Nothing else about a token has changed.
            if first >> 4 != 0xe {
                prop_assert_eq!(text, minted_before(random));
            }
        }

        #[test]
        fn no_text_panics_or_is_recognised_by_chance(text in "\\PC{0,50}|[0-9a-f]{40}") {
            prop_assert!(keys().recognise(Opens::Calls, &text).is_none());
        }
    }
}
