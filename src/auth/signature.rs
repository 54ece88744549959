//! The signatures of Huawei Cloud's SDKs, `SDK-HMAC-SHA256` (ModelArts spec section 2.3).
//!
//! [`read`] takes what a request shows and does everything that needs no secret: it checks the form of the header,
//! that the date is fresh and signed and that the body is the one that was signed, and it writes down the texts one of
//! which must have been signed. [`Signature::is_by`] compares, once the secret of the access key is known. Nothing here
//! reads a clock or a database, and no signature is remembered: two equal calls of one second, and each repetition by
//! the client, rightly carry the same one.
//!
//! Which headers are signed is for the client to say, but for the date: Huawei's SDK for Go signs the headers that it
//! sets itself, and `Host` is not among them (contract section 6). The body, the path and the query always are.

use std::fmt::Write;

use hmac::Mac;
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use crate::domain::numbered::Numbered;
use crate::domain::time::Timestamp;
use crate::domain::token::keyed;
use crate::domain::{DerivedSecret, hex};

/// The only algorithm that is taken.
pub const ALGORITHM: &str = "SDK-HMAC-SHA256";
/// How far `X-Sdk-Date` may lie in the past, in milliseconds (contract section 6).
pub const MAX_AGE: i64 = 15 * 60_000;
/// How far it may lie in the future, in milliseconds (contract section 6).
pub const MAX_LEAD: i64 = 5 * 60_000;

/// Why a request is not what its signature says, in words for its caller.
pub type Refusal = &'static str;

const FORM: Refusal = "verify aksk signature fail; the header must be 'Authorization: SDK-HMAC-SHA256 Access=<key>, \
                       SignedHeaders=<names>, Signature=<64 hexadecimal digits>'";
const DATE_FORM: Refusal =
    "verify aksk signature fail; X-Sdk-Date must be signed and written like 20261121T235417Z";
const DATE_RANGE: Refusal = "verify aksk signature fail; X-Sdk-Date is more than 15 minutes in the past or 5 minutes \
                             in the future";
const HEADER: Refusal =
    "verify aksk signature fail; a header of SignedHeaders is not in the request";
const UNSIGNED: Refusal =
    "verify aksk signature fail; UNSIGNED-PAYLOAD is not taken here: sign the body";
const CONTENT: Refusal =
    "verify aksk signature fail; X-Sdk-Content-Sha256 is not the SHA-256 of the body";
const TWICE: Refusal = "verify aksk signature fail; a query parameter stands twice, and a signature says nothing of their order";

/// The parts of a request that a signature covers, as they came in.
pub struct Signed<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its raw path.
    pub path: &'a str,
    /// Its raw query, without `?`.
    pub query: &'a str,
    /// Its headers, by lower-case name.
    pub header: &'a dyn Fn(&str) -> Option<String>,
    /// Its body.
    pub body: &'a [u8],
}

/// A signature that is well formed and fresh; whether it is right depends on the secret of its access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The access key that it names.
    pub access_key: String,
    texts: Vec<String>,
    mac: [u8; 32],
}

impl Signature {
    /// Whether this secret has made it; compared in constant time.
    #[must_use]
    pub fn is_by(&self, secret: &DerivedSecret) -> bool {
        self.is_by_secret(secret.reveal())
    }

    fn is_by_secret(&self, secret: &str) -> bool {
        self.texts.iter().any(|text| {
            keyed(secret.as_bytes())
                .chain_update(text)
                .verify_slice(&self.mac)
                .is_ok()
        })
    }
}

/// What the header says, before it is compared with the request.
struct Claim<'a> {
    access_key: &'a str,
    signed_headers: &'a str,
    mac: [u8; 32],
}

/// Whether an `Authorization` header is a signature of this kind.
#[must_use]
pub fn is_signature(authorization: &str) -> bool {
    after_algorithm(authorization).is_some()
}

fn after_algorithm(authorization: &str) -> Option<&str> {
    let rest = authorization.strip_prefix(ALGORITHM)?;
    rest.starts_with(char::is_whitespace).then_some(rest)
}

/// Reads the signature of a request.
///
/// # Errors
/// Why it cannot be right, whoever made it.
pub fn read(
    authorization: &str,
    request: &Signed<'_>,
    now: Timestamp,
) -> Result<Signature, Refusal> {
    let claim = parse(authorization).ok_or(FORM)?;
    let names: Vec<&str> = claim.signed_headers.split(';').collect();
    let signs = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let date = (request.header)("x-sdk-date").filter(|_| signs("x-sdk-date"));
    let date = date.ok_or(DATE_FORM)?;
    let date = date.trim();
    let age = now.as_millis() - date_of(date).ok_or(DATE_FORM)?.as_millis();
    if !(-MAX_LEAD..=MAX_AGE).contains(&age) {
        return Err(DATE_RANGE);
    }
    let hash = hex::encode(&Sha256::digest(request.body));
    match (request.header)("x-sdk-content-sha256").as_deref() {
        Some("UNSIGNED-PAYLOAD") => return Err(UNSIGNED),
        Some(claimed) if claimed.trim() != hash => return Err(CONTENT),
        _ => {}
    }
    let host = (request.header)("host").filter(|_| signs("host"));
    let hosts = host.map_or_else(|| vec![String::new()], |host| as_signed(host.trim()));
    let text = |host: &String| -> Result<String, Refusal> {
        let canonical = canonical_request(request, &names, claim.signed_headers, host, &hash)?;
        let digest = hex::encode(&Sha256::digest(canonical));
        Ok(format!("{ALGORITHM}\n{date}\n{digest}"))
    };
    Ok(Signature {
        access_key: claim.access_key.to_owned(),
        texts: hosts.iter().map(text).collect::<Result<_, _>>()?,
        mac: claim.mac,
    })
}

/// What may have stood in `Host` when it was signed: what came, and the same with a default port, which the runtime
/// drops while the SDKs sign the endpoint as it is written. It makes capital letters small too, and those are lost.
fn as_signed(host: &str) -> Vec<String> {
    // The colons of an IPv6 address stand in brackets.
    let has_port = host
        .rsplit(']')
        .next()
        .is_some_and(|rest| rest.contains(':'));
    let ports = if has_port {
        &[""][..]
    } else {
        &["", ":80", ":443"]
    };
    ports.iter().map(|port| format!("{host}{port}")).collect()
}

/// `SDK-HMAC-SHA256 Access=..., SignedHeaders=..., Signature=...`, each field once, spaces after a comma or none.
fn parse(authorization: &str) -> Option<Claim<'_>> {
    let (mut access_key, mut signed_headers, mut mac) = (None, None, None);
    for field in after_algorithm(authorization)?.split(',') {
        let (name, value) = field.trim().split_once('=')?;
        let slot = match name {
            "Access" => &mut access_key,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut mac,
            _ => return None,
        };
        if value.is_empty() || slot.replace(value).is_some() {
            return None;
        }
    }
    Some(Claim {
        access_key: access_key?,
        signed_headers: signed_headers?,
        mac: hex::decode(mac?)?,
    })
}

/// `YYYYMMDDTHHMMSSZ`, and nothing that only looks like it.
fn date_of(text: &str) -> Option<Timestamp> {
    let in_form = text.len() == 16
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if !in_form {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let date = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(9, 11),
        part(11, 13),
        part(13, 15)
    );
    Timestamp::parse(&date).ok()
}

fn canonical_request(
    request: &Signed<'_>,
    names: &[&str],
    signed_headers: &str,
    host: &str,
    hash: &str,
) -> Result<String, Refusal> {
    let mut headers = String::new();
    for name in names {
        let value = (request.header)(&name.to_ascii_lowercase()).ok_or(HEADER)?;
        let is_host = name.eq_ignore_ascii_case("host");
        headers.push_str(name);
        headers.push(':');
        headers.push_str(if is_host { host } else { value.trim() });
        headers.push('\n');
    }
    Ok(format!(
        "{}\n{}\n{}\n{headers}\n{signed_headers}\n{hash}",
        request.method,
        canonical_path(request.path),
        canonical_query(request.query)?,
    ))
}

/// The path decoded as a whole, so that `%2F` is a `/` like any other, then encoded segment by segment and ended by a
/// `/` that the wire does not show.
fn canonical_path(path: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let mut canonical = String::with_capacity(path.len() + 1);
    for (number, segment) in decoded.split(|byte| *byte == b'/').enumerate() {
        if number > 0 {
            canonical.push('/');
        }
        encode(segment, &mut canonical);
    }
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// The query's pairs, read exactly as the handlers read them, sorted and encoded. A name that stands twice is refused:
/// sorting would lose which comes last, and the last is the one that counts.
fn canonical_query(query: &str) -> Result<String, Refusal> {
    let mut pairs = Vec::new();
    pairs.extend(form_urlencoded::parse(query.as_bytes()));
    let mut names = Numbered::default();
    if !pairs.iter().all(|(name, _)| names.is_new(name)) {
        return Err(TWICE);
    }
    let mut canonical = String::with_capacity(query.len());
    for (name, value) in names.iter().filter_map(|(_, number)| pairs.get(number)) {
        if !canonical.is_empty() {
            canonical.push('&');
        }
        encode(name.as_bytes(), &mut canonical);
        canonical.push('=');
        encode(value.as_bytes(), &mut canonical);
    }
    Ok(canonical)
}

/// Leaves the unreserved characters of RFC 3986 as they are and writes every other byte as `%XX`, in upper case.
fn encode(bytes: &[u8], into: &mut String) {
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                into.push(char::from(*byte));
            }
            // Writing to a String cannot fail.
            _ => _ = write!(into, "%{byte:02X}"),
        }
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
