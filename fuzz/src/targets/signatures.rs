//! Signatures (contract sections 5.3, 5.7 and 6): they verify what was signed, and nothing else.

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode;
use sha2::{Digest, Sha256};
use tenantry::auth::signature::{Signed, is_signature, read};
use tenantry::domain::webhook_signature::{SignedCall, is_timely};
use tenantry::domain::{
    DerivedSecret, Purpose, SigningKey, SigningKeys, Timestamp, WebhookSecret, WebhookSecrets,
};

use crate::{Verdict, is_legible, is_sentence, parts, text};

const DATE: &str = "20261121T235417Z";
/// One second of it.
const NOW: i64 = 1_795_305_257_000;

/// What was signed, and what is shown with that signature: target, host and body of each, with a 0xFF between; then a
/// header of anybody's making.
pub fn look(input: &[u8]) -> Verdict {
    let mut parts = parts(input);
    let mut next = || parts.next().unwrap_or_default();
    let signed = [next(), next(), next()];
    let shown = [next(), next(), next()];
    let header = text(next()).into_owned();
    of_messages(&signed, &shown, &header);
    of_calls(&signed, &shown);
    of_requests(&signed, &shown, &header)
}

/// `webhook-signature`, over id, time and body.
fn of_messages(signed: &[&[u8]; 3], shown: &[&[u8]; 3], header: &str) {
    let secrets = |byte: u8| WebhookSecrets {
        current: WebhookSecret::from_random([byte; 32]),
        previous: Some(WebhookSecret::from_random([byte + 1; 32])),
    };
    let time = |part: &[u8]| {
        part.iter().fold(0_i64, |time, byte| {
            time.wrapping_mul(251).wrapping_add(i64::from(*byte))
        })
    };
    // No id of ours holds a point.
    let id = |part: &[u8]| text(part).replace('.', "-");
    let ((first, second), (at, then)) = (
        (id(signed[0]), id(shown[0])),
        (time(signed[1]), time(shown[1])),
    );
    let signature = secrets(1).sign(&first, at, signed[2]);
    assert!(secrets(1).verifies(&first, at, signed[2], &signature));
    assert!(!secrets(3).verifies(&first, at, signed[2], &signature));
    // The secret before is one of the next ones, while both sign.
    assert!(secrets(2).verifies(&first, at, signed[2], &signature));
    let is_same = (&first, at, signed[2]) == (&second, then, shown[2]);
    assert_eq!(
        secrets(1).verifies(&second, then, shown[2], &signature),
        is_same,
        "{first:?} {second:?}"
    );
    assert!(
        !secrets(1).verifies(&first, at, signed[2], header),
        "{header:?}"
    );
    assert!(is_timely(at, at) && is_timely(at, then) == is_timely(then, at));
    match WebhookSecret::parse(header) {
        Ok(secret) => assert_eq!(WebhookSecret::parse(&secret.reveal()), Ok(secret)),
        Err(refusal) => {
            is_sentence(&refusal);
        }
    }
}

/// `Tenantry-Signature`, which says where a request goes and for whom.
fn of_calls(signed: &[&[u8]; 3], shown: &[&[u8]; 3]) {
    let secrets = WebhookSecrets {
        current: WebhookSecret::from_random([9; 32]),
        previous: None,
    };
    // What stands on either side of a path and of a caller holds no point and no space.
    let of = |parts: &[&[u8]; 3]| {
        (
            text(parts[0]).replace(['.', ' '], "-"),
            text(parts[1]).replace(['.', ' '], "-"),
        )
    };
    let ((path, project), (other_path, other_project)) = (of(signed), of(shown));
    let call = |path: &str, project: &str, body: Option<&[u8]>| {
        secrets.sign_call(&SignedCall {
            id: "0190",
            timestamp: 1,
            method: "POST",
            path,
            project,
            caller: "service_user:7",
            body,
        })
    };
    let signature = call(&path, &project, Some(signed[2]));
    let is_same = (&path, &project, signed[2]) == (&other_path, &other_project, shown[2]);
    assert_eq!(
        signature == call(&other_path, &other_project, Some(shown[2])),
        is_same
    );
    assert_ne!(signature, call(&path, &project, None));
}

/// `SDK-HMAC-SHA256`: signed as Huawei's SDK does it, from its description.
fn of_requests(signed: &[&[u8]; 3], shown: &[&[u8]; 3], header: &str) -> Verdict {
    let secret = secret("13A9BA2768884528826E");
    let (first, second) = (Parts::of(signed), Parts::of(shown));
    let by_anybody = second.read(header);
    assert!(by_anybody.is_ok() <= is_signature(header), "{header:?}");
    match &by_anybody {
        Ok(signature) => assert!(!signature.is_by(&secret), "{header:?}"),
        Err(refusal) => is_legible(refusal),
    }
    let authorization = first.authorization(secret.reveal());
    let own = first.read(&authorization);
    let own = match own {
        Ok(own) => own,
        // A query with a name that stands twice is refused, and nothing else is.
        Err(refusal) => {
            let mut names: Vec<Vec<u8>> = first.pairs().into_iter().map(|(name, _)| name).collect();
            names.sort();
            assert!(
                names.windows(2).any(|two| two[0] == two[1]),
                "{:?}: {refusal}",
                first.target
            );
            return Verdict::Refused;
        }
    };
    assert_eq!(own.access_key, "13A9BA2768884528826E");
    assert!(
        own.is_by(&secret),
        "{:?} is not by who signed it",
        first.target
    );
    assert!(!own.is_by(&self::secret("13A9BA2768884528826F")));
    if let Ok(shown) = second.read(&authorization)
        && shown.is_by(&secret)
    {
        assert_eq!(
            first.meaning(),
            second.meaning(),
            "{:?} {:?}",
            first.target,
            second.target
        );
    }
    Verdict::Accepted
}

fn secret(id: &str) -> DerivedSecret {
    let keys = SigningKeys {
        current: SigningKey::new("a signing key"),
        previous: None,
    };
    keys.derive(Purpose::AccessKey, id, 1)
}

/// A name and a value of a query, decoded.
type Pair = (Vec<u8>, Vec<u8>);

/// A request to be signed.
struct Parts {
    target: String,
    host: String,
    body: Vec<u8>,
}

impl Parts {
    fn of([target, host, body]: &[&[u8]; 3]) -> Self {
        // What a header holds: no control characters, and no white space around it.
        let host: String = text(host)
            .chars()
            .filter(|c| c.is_ascii_graphic())
            .collect();
        Self {
            target: format!("/{}", text(target)),
            host: host.to_ascii_lowercase(),
            body: body.to_vec(),
        }
    }

    fn path_and_query(&self) -> (&str, &str) {
        self.target.split_once('?').unwrap_or((&self.target, ""))
    }

    fn read(
        &self,
        authorization: &str,
    ) -> Result<tenantry::auth::signature::Signature, &'static str> {
        let (path, query) = self.path_and_query();
        let header = |name: &str| match name {
            "x-sdk-date" => Some(DATE.to_owned()),
            "host" => Some(self.host.clone()),
            _ => None,
        };
        let request = Signed {
            method: "POST",
            path,
            query,
            header: &header,
            body: &self.body,
        };
        read(authorization, &request, Timestamp::from_millis(NOW))
    }

    /// Its path in bytes, without the slash that the wire need not show.
    fn segments(&self) -> Vec<u8> {
        let mut path: Vec<u8> = percent_decode(self.path_and_query().0.as_bytes()).collect();
        if path.last() == Some(&b'/') {
            path.pop();
        }
        path
    }

    /// Its query, decoded as forms are.
    fn pairs(&self) -> Vec<Pair> {
        let decoded = |text: &str| {
            let bytes = percent_decode(text.replace('+', " ").as_bytes()).collect::<Vec<u8>>();
            String::from_utf8_lossy(&bytes).into_owned().into_bytes()
        };
        let pairs = self
            .path_and_query()
            .1
            .split('&')
            .filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let mut pairs: Vec<_> = pairs
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect();
        pairs.sort();
        pairs
    }

    /// All that a signature has to tell apart; a port that is the default of a scheme stands for none.
    fn meaning(&self) -> (Vec<u8>, Vec<Pair>, &[u8], &str) {
        let host = [":80", ":443"]
            .iter()
            .find_map(|port| self.host.strip_suffix(port));
        (
            self.segments(),
            self.pairs(),
            &self.body,
            host.unwrap_or(&self.host),
        )
    }

    fn authorization(&self, secret: &str) -> String {
        let mut path = Vec::new();
        for segment in self.segments().split(|byte| *byte == b'/') {
            path.extend(encoded(segment).into_bytes());
            path.push(b'/');
        }
        let query: Vec<String> = self
            .pairs()
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        let canonical = format!(
            "POST\n{}\n{}\nhost:{}\nx-sdk-date:{DATE}\n\nhost;x-sdk-date\n{}",
            String::from_utf8(path).unwrap(),
            query.join("&"),
            self.host,
            hex(&Sha256::digest(&self.body)),
        );
        let text = format!(
            "SDK-HMAC-SHA256\n{DATE}\n{}",
            hex(&Sha256::digest(canonical))
        );
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .unwrap()
            .chain_update(text);
        format!(
            "SDK-HMAC-SHA256 Access=13A9BA2768884528826E, SignedHeaders=host;x-sdk-date, Signature={}",
            hex(&mac.finalize().into_bytes())
        )
    }
}

fn encoded(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
