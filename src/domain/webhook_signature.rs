//! Signatures over what is sent to upstreams and webhooks (contract sections 5.3 and 5.7).
//!
//! `webhook-signature` is that of Standard Webhooks, over id, time and body, so that its libraries check it. It says
//! nothing of where a request goes and for whom; `Tenantry-Signature` binds method, path, project and caller as well.
//! While a secret is being changed both sign: the signatures stand side by side, apart by a space.

use std::fmt::{self, Debug, Formatter};
use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::token::{constant_time_eq, keyed};
use super::{Invalid, hex};

/// Random bytes in a secret of ours.
const RANDOM: usize = 32;

/// How many bytes Standard Webhooks lets a secret have.
const LENGTHS: RangeInclusive<usize> = 24..=64;

/// What stands before a secret's text.
const PREFIX: &str = "whsec_";

/// How far the time of a message that is checked may be from now, in seconds, as the libraries have it.
pub const TOLERANCE: i64 = 300;

/// A secret with which messages are signed. `Debug` does not print it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// Makes a secret from bytes that the caller drew from a CSPRNG.
    #[must_use]
    pub fn from_random(bytes: [u8; RANDOM]) -> Self {
        Self(bytes.to_vec())
    }

    /// Reads a secret as it was handed out.
    ///
    /// # Errors
    /// A sentence that gives nothing of it away.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let bytes = text
            .strip_prefix(PREFIX)
            .and_then(|base64| STANDARD.decode(base64).ok());
        bytes
            .filter(|bytes| LENGTHS.contains(&bytes.len()))
            .map(Self)
            .ok_or_else(|| {
                Invalid::new("the secret is not whsec_ with base64 of 24 to 64 bytes behind it")
            })
    }

    /// The secret as it is handed out. Never log, store unsealed or audit what this answers.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    fn mac(&self) -> Hmac<Sha256> {
        keyed(&self.0)
    }
}

impl Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookSecret(..)")
    }
}

/// The secret in use, and the one before it while both sign.
#[derive(Clone, Debug)]
pub struct WebhookSecrets {
    /// The one that was handed out last.
    pub current: WebhookSecret,
    /// The one before, during its grace.
    pub previous: Option<WebhookSecret>,
}

impl WebhookSecrets {
    /// The value of `webhook-signature` for a message of this id, sent at this second since the epoch.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        self.signatures(&[format!("{id}.{timestamp}.").as_bytes(), body])
    }

    /// The value of `Tenantry-Signature`.
    #[must_use]
    pub fn sign_call(&self, call: &SignedCall<'_>) -> String {
        self.signatures(&[call.text().as_bytes()])
    }

    /// Whether one of the signatures of a `webhook-signature` is by one of the secrets. How old the message is, is for
    /// [`is_timely`] to say.
    #[must_use]
    pub fn verifies(&self, id: &str, timestamp: i64, body: &[u8], header: &str) -> bool {
        let expected = self.sign(id, timestamp, body);
        let mut verified = false;
        for sent in header.split(' ') {
            for own in expected.split(' ') {
                verified |= constant_time_eq(sent.as_bytes(), own.as_bytes());
            }
        }
        verified
    }

    fn signatures(&self, parts: &[&[u8]]) -> String {
        let signatures: Vec<String> = std::iter::once(&self.current)
            .chain(&self.previous)
            .map(|secret| {
                let mut mac = secret.mac();
                for part in parts {
                    mac.update(part);
                }
                format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
            })
            .collect();
        signatures.join(" ")
    }
}

/// Whether a message of this second is neither too old nor from the future.
#[must_use]
pub fn is_timely(timestamp: i64, now: i64) -> bool {
    now.abs_diff(timestamp) <= TOLERANCE.unsigned_abs()
}

/// All that `Tenantry-Signature` binds.
#[derive(Clone, Copy, Debug)]
pub struct SignedCall<'a> {
    /// The record's id, as in `webhook-id`.
    pub id: &'a str,
    /// When it is sent, in seconds since the epoch, as in `webhook-timestamp`.
    pub timestamp: i64,
    /// The method, in upper case.
    pub method: &'a str,
    /// The path, and the query behind a `?` where there is one, as they are sent.
    pub path: &'a str,
    /// The project's name, as in `Tenantry-Project`.
    pub project: &'a str,
    /// The caller, as in `Tenantry-Caller`.
    pub caller: &'a str,
    /// The body; `None` for one that is passed on as it comes.
    pub body: Option<&'a [u8]>,
}

impl SignedCall<'_> {
    /// `id.timestamp.METHOD path?query.project.caller.sha256(body)`. What may hold a point is the path alone, or the path
    /// and the caller, so it can be told apart from both ends with the headers that say the rest.
    fn text(&self) -> String {
        let Self {
            id,
            timestamp,
            method,
            path,
            project,
            caller,
            body,
        } = self;
        let digest = body.map_or_else(
            || "UNSIGNED".to_owned(),
            |body| hex::encode(&Sha256::digest(body)),
        );
        format!("{id}.{timestamp}.{method} {path}.{project}.{caller}.{digest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";

    fn secret(byte: u8) -> WebhookSecret {
        WebhookSecret::from_random([byte; 32])
    }

    fn only(secret: WebhookSecret) -> WebhookSecrets {
        WebhookSecrets {
            current: secret,
            previous: None,
        }
    }

    fn call() -> SignedCall<'static> {
        SignedCall {
            id: "0190",
            timestamp: 1_614_265_330,
            method: "POST",
            path: "/predict?a=1",
            project: "vision",
            caller: "service_user:7",
            body: Some(b"abc"),
        }
    }

    #[test]
    fn a_signature_is_that_of_the_libraries_of_standard_webhooks() {
        // The message, the secret and the signature of their own tests.
        let secrets = only(WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        let body = br#"{"test": 2432232314}"#;
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(secrets.sign(ID, 1_614_265_330, body), signature);
        assert!(secrets.verifies(ID, 1_614_265_330, body, &format!("v1a,x {signature}")));
        assert!(!secrets.verifies(ID, 1_614_265_331, body, signature));
    }

    mod example {
        include!("../../examples/verify/signature.rs");
    }

    #[test]
    fn what_the_example_for_upstreams_takes_is_what_is_sent() {
        let secrets = WebhookSecrets {
            current: secret(2),
            previous: Some(secret(1)),
        };
        let signatures = secrets.sign(ID, 1_614_265_330, b"abc");
        let taken = |secret: &WebhookSecret, timestamp: &str, body: &[u8], now| {
            example::is_signed(&secret.reveal(), ID, timestamp, &signatures, body, now)
        };
        let now = 1_614_265_330;
        assert!(taken(&secret(2), "1614265330", b"abc", now));
        assert!(taken(&secret(1), "1614265330", b"abc", now + TOLERANCE));
        assert!(!taken(&secret(3), "1614265330", b"abc", now));
        assert!(!taken(&secret(2), "1614265330", b"abd", now));
        assert!(!taken(&secret(2), "1614265331", b"abc", now));
        assert!(!taken(
            &secret(2),
            "1614265330",
            b"abc",
            now + TOLERANCE + 1
        ));
        assert!(!taken(&secret(2), "then", b"abc", now));
    }

    #[test]
    fn a_secret_is_whsec_and_base64() {
        let text = secret(0xff).reveal();
        assert_eq!(text, "whsec_//////////////////////////////////////////8=");
        assert_eq!(WebhookSecret::parse(&text).unwrap(), secret(0xff));
        for length in [24, 64] {
            let text = format!("whsec_{}", STANDARD.encode(vec![1; length]));
            assert!(WebhookSecret::parse(&text).is_ok(), "{length}");
        }
        let (short, long) = (STANDARD.encode([1; 23]), STANDARD.encode([1; 65]));
        for wrong in [
            "",
            "whsec_",
            &text[6..],
            &text[..49],
            &format!("whsec_{short}"),
            &format!("whsec_{long}"),
        ] {
            let refusal = WebhookSecret::parse(wrong).unwrap_err().to_string();
            assert!(!refusal.contains("///"), "{refusal}");
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        let text = format!("{:?}", only(secret(0xff)));
        assert_eq!(
            text,
            "WebhookSecrets { current: WebhookSecret(..), previous: None }"
        );
    }

    #[test]
    fn both_secrets_sign_while_one_is_being_changed() {
        let both = WebhookSecrets {
            current: secret(2),
            previous: Some(secret(1)),
        };
        let (one, other) = (only(secret(2)), only(secret(1)));
        let signatures = [one.sign(ID, 1, b"x"), other.sign(ID, 1, b"x")];
        assert_eq!(both.sign(ID, 1, b"x"), signatures.join(" "));
        assert_eq!(
            both.sign_call(&call()),
            [one.sign_call(&call()), other.sign_call(&call())].join(" ")
        );
        for signature in &signatures {
            assert!(both.verifies(ID, 1, b"x", signature));
        }
        assert!(!only(secret(3)).verifies(ID, 1, b"x", &signatures.join(" ")));
        assert!(!both.verifies(ID, 1, b"x", ""));
    }

    #[test]
    fn a_call_is_bound_to_where_it_goes_and_for_whom() {
        assert_eq!(
            call().text(),
            "0190.1614265330.POST /predict?a=1.vision.service_user:7.\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let mac = keyed(&[7; 32]).chain_update(call().text()).finalize();
        assert_eq!(
            only(secret(7)).sign_call(&call()),
            format!("v1,{}", STANDARD.encode(mac.into_bytes()))
        );
        let streamed = SignedCall {
            body: None,
            ..call()
        };
        assert!(streamed.text().ends_with(".service_user:7.UNSIGNED"));
    }

    #[test]
    fn a_message_is_timely_for_five_minutes() {
        assert!(is_timely(1_000, 1_300) && is_timely(1_300, 1_000));
        assert!(!is_timely(1_000, 1_301) && !is_timely(1_301, 1_000));
        assert!(!is_timely(i64::MIN, i64::MAX));
    }

    proptest! {
        #[test]
        fn a_secret_comes_back_from_its_text(bytes in any::<[u8; 32]>()) {
            let secret = WebhookSecret::from_random(bytes);
            prop_assert_eq!(WebhookSecret::parse(&secret.reveal()).unwrap(), secret);
        }

        #[test]
        fn a_changed_message_is_not_verified(
            id in "[0-9a-f-]{1,8}", timestamp in any::<i64>(), body in proptest::collection::vec(any::<u8>(), 0..40),
            other in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let secrets = only(secret(9));
            let header = secrets.sign(&id, timestamp, &body);
            prop_assert!(secrets.verifies(&id, timestamp, &body, &header));
            prop_assert_eq!(secrets.verifies(&id, timestamp, &other, &header), body == other);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = WebhookSecret::parse(&text);
            prop_assert!(!only(secret(9)).verifies("id", 1, b"", &text));
        }
    }
}
