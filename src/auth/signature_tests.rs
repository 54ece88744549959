//! The signatures against vectors that the SDK's own signer made, and against every change of what they cover.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use std::collections::BTreeMap;

const VECTORS: &str = include_str!("../../tests/vectors/sdk_hmac_sha256.json");

#[derive(Deserialize)]
struct Vectors {
    ak: String,
    sk: String,
    vectors: Vec<Vector>,
}

#[derive(Deserialize, Clone)]
struct Vector {
    name: String,
    method: String,
    request_target: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    canonical_request: String,
    string_to_sign: String,
}

impl Vector {
    fn header(&self, name: &str) -> Option<String> {
        let mut found = self.headers.iter();
        found
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.clone())
    }

    fn read_at(&self, now: Timestamp) -> Result<Signature, Refusal> {
        let (path, query) = self
            .request_target
            .split_once('?')
            .unwrap_or((&self.request_target, ""));
        let request = Signed {
            method: &self.method,
            path,
            query,
            header: &|name| self.header(name),
            body: self.body.as_deref().unwrap_or_default().as_bytes(),
        };
        read(&self.header("authorization").unwrap(), &request, now)
    }

    fn read(&self) -> Result<Signature, Refusal> {
        self.read_at(now())
    }

    fn holds(&self) -> bool {
        self.read()
            .is_ok_and(|signature| signature.is_by_secret(&vectors().sk))
    }

    fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|known, _| !known.eq_ignore_ascii_case(name));
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    fn without_header(mut self, name: &str) -> Self {
        self.headers
            .retain(|known, _| !known.eq_ignore_ascii_case(name));
        self
    }

    fn with_target(mut self, target: impl Into<String>) -> Self {
        self.request_target = target.into();
        self
    }

    /// The same request, signed anew as the SDK does it.
    fn signed(mut self, signed_headers: &[&str]) -> Self {
        let names = signed_headers.join(";");
        let draft = format!(
            "{ALGORITHM} Access=AK, SignedHeaders={names}, Signature={}",
            "0".repeat(64)
        );
        self = self.with_header("Authorization", &draft);
        let text = self.read().unwrap().texts.remove(0);
        let mac = keyed(vectors().sk.as_bytes()).chain_update(text).finalize();
        let mac = hex::encode(&mac.into_bytes());
        let value = format!("{ALGORITHM} Access=AK, SignedHeaders={names}, Signature={mac}");
        self.with_header("Authorization", &value)
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(VECTORS).unwrap()
}

fn vector(name: &str) -> Vector {
    let found = vectors().vectors.into_iter().find(|v| v.name == name);
    found.unwrap()
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T23:54:17Z").unwrap()
}

const ORDINARY: &[&str] = &[
    "content-type",
    "host",
    "user-agent",
    "x-project-id",
    "x-sdk-date",
];

#[test]
fn every_vector_holds_and_its_text_is_the_one_that_was_signed() {
    let vectors = vectors();
    assert_eq!(vectors.vectors.len(), 7);
    for vector in &vectors.vectors {
        let signature = vector.read().unwrap();
        assert_eq!(signature.access_key, vectors.ak, "{}", vector.name);
        let text = &signature.texts[0];
        assert_eq!(*text, vector.string_to_sign, "{}", vector.name);
        let hash = hex::encode(&Sha256::digest(&vector.canonical_request));
        assert!(text.ends_with(&hash), "{}", vector.name);
        assert!(vector.holds(), "{}", vector.name);
    }
}

#[test]
fn a_vector_with_one_thing_changed_is_refused() {
    for vector in vectors().vectors {
        let name = vector.name.clone();
        let mut changed = Vec::new();
        for method in ["GET", "POST", "PUT", "DELETE", "put"] {
            if method != vector.method {
                changed.push(Vector {
                    method: method.to_owned(),
                    ..vector.clone()
                });
            }
        }
        let target = &vector.request_target;
        let joint = if target.contains('?') { '&' } else { '?' };
        changed.push(vector.clone().with_target(format!("{target}{joint}x=1")));
        changed.push(vector.clone().with_target(format!("/x{target}")));
        changed.push(
            vector
                .clone()
                .with_target(target.replacen("workspaces", "Workspaces", 1)),
        );
        if target.contains('?') {
            changed.push(
                vector
                    .clone()
                    .with_target(target.replace("limit=2", "limit=3")),
            );
            changed.push(
                vector
                    .clone()
                    .with_target(target.split('?').next().unwrap()),
            );
            changed.push(vector.clone().with_target(format!("{target}&limit=2")));
        }
        for body in ["", " ", "{}"] {
            if body != vector.body.as_deref().unwrap_or_default() {
                changed.push(Vector {
                    body: Some(body.to_owned()),
                    ..vector.clone()
                });
            }
        }
        for header in vector
            .headers
            .keys()
            .filter(|name| *name != "Authorization")
        {
            let value = vector.header(header).unwrap();
            changed.push(vector.clone().with_header(header, &format!("{value}x")));
            changed.push(vector.clone().without_header(header));
        }
        changed.push(vector.clone().with_header("X-Sdk-Date", "20261121T235418Z"));
        let authorization = vector.header("authorization").unwrap();
        let (rest, mac) = authorization.split_at(authorization.len() - 1);
        let other = if mac == "0" { "1" } else { "0" };
        changed.push(
            vector
                .clone()
                .with_header("Authorization", &format!("{rest}{other}")),
        );
        let fewer = authorization.replace("content-type;", "");
        changed.push(vector.clone().with_header("Authorization", &fewer));
        for (number, changed) in changed.iter().enumerate() {
            assert!(
                !changed.holds(),
                "{name}, change {number}: {}",
                changed.request_target
            );
        }
    }
}

#[test]
fn another_secret_has_not_made_it() {
    for vector in vectors().vectors {
        let signature = vector.read().unwrap();
        assert!(!signature.is_by_secret("sk-test-0000000000000000000000000000000002"));
        assert!(!signature.is_by_secret(""));
    }
}

#[test]
fn the_date_may_lie_15_minutes_in_the_past_and_5_in_the_future() {
    let vector = vector("get-quotas");
    // Minutes of contract section 6, and not of the constants that are under test.
    for (millis, fresh) in [
        (0, true),
        (15 * 60_000, true),
        (15 * 60_000 + 1, false),
        (-5 * 60_000, true),
        (-5 * 60_000 - 1, false),
    ] {
        let read = vector.read_at(now().plus_millis(millis));
        assert_eq!(read.is_ok(), fresh, "{millis}");
    }
}

#[test]
fn a_date_of_another_form_is_refused_even_where_it_is_signed() {
    for date in [
        "2026-11-21T23:54:17Z",
        "20261121T235417",
        "20261321T235417Z",
        "",
        "20261121 235417Z",
    ] {
        let vector = vector("get-quotas").with_header("X-Sdk-Date", date);
        assert_eq!(vector.read(), Err(DATE_FORM), "{date}");
    }
}

#[test]
fn the_date_must_be_signed_and_no_other_header() {
    let without = |name: &str| {
        let names: Vec<&str> = ORDINARY.iter().copied().filter(|n| *n != name).collect();
        let value = format!(
            "{ALGORITHM} Access=AK, SignedHeaders={}, Signature={}",
            names.join(";"),
            "0".repeat(64)
        );
        vector("get-quotas")
            .with_header("Authorization", &value)
            .read()
    };
    assert_eq!(without("x-sdk-date"), Err(DATE_FORM));
    for name in ORDINARY.iter().filter(|name| **name != "x-sdk-date") {
        assert!(without(name).is_ok(), "{name}");
    }
}

#[test]
fn what_the_sdk_for_go_signs_holds_and_covers_path_query_and_body() {
    for names in [
        &["user-agent", "x-project-id", "x-sdk-date"][..],
        &["content-type", "user-agent", "x-project-id", "x-sdk-date"],
        &["x-sdk-date"],
    ] {
        let put = vector("put-quotas").signed(names);
        assert!(put.holds(), "{names:?}");
        assert!(put.clone().with_header("Host", "elsewhere.example").holds());
        assert!(put.clone().without_header("Host").holds());
        let target = put.request_target.clone();
        for other in [format!("{target}?x=1"), format!("{target}/x")] {
            assert!(!put.clone().with_target(other).holds(), "{names:?}");
        }
        let body = Some("{}".to_owned());
        assert!(!Vector { body, ..put }.holds(), "{names:?}");
    }
}

#[test]
fn a_default_port_that_was_signed_and_dropped_on_the_way_is_found_again() {
    for (signed, came) in [
        ("quota.example.test:80", "quota.example.test"),
        ("quota.example.test:443", "quota.example.test"),
        ("127.0.0.1:443", "127.0.0.1"),
        ("[::1]:80", "[::1]"),
        // A port that is not dropped is signed as it comes.
        ("quota.example.test:8787", "quota.example.test:8787"),
        ("quota.example.test:80", "quota.example.test:80"),
        ("[::1]:443", "[::1]:443"),
    ] {
        let vector = vector("get-quotas")
            .with_header("Host", signed)
            .signed(ORDINARY);
        assert!(vector.with_header("Host", came).holds(), "{signed} {came}");
    }
    for (signed, came) in [
        ("quota.example.test:8080", "quota.example.test"),
        ("quota.example.test:443", "quota.example.test:80"),
        ("quota.example.test", "quota.example.test:80"),
        ("Quota.Example.test", "quota.example.test"),
        ("quota.example.test", "other.example.test"),
        ("[::1]:443", "[::1"),
    ] {
        let vector = vector("get-quotas")
            .with_header("Host", signed)
            .signed(ORDINARY);
        assert!(!vector.with_header("Host", came).holds(), "{signed} {came}");
    }
}

#[test]
fn a_content_hash_is_the_bodys_or_the_request_is_refused() {
    let names = &["host", "x-sdk-content-sha256", "x-sdk-date"];
    let put = vector("put-quotas");
    let right = hex::encode(&Sha256::digest(put.body.as_deref().unwrap()));
    assert!(
        put.clone()
            .with_header("X-Sdk-Content-Sha256", &right)
            .signed(names)
            .holds()
    );
    let wrong = put
        .clone()
        .with_header("X-Sdk-Content-Sha256", &"0".repeat(64));
    assert_eq!(wrong.read(), Err(CONTENT));
    let unsigned = put.with_header("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD");
    assert_eq!(unsigned.read(), Err(UNSIGNED));
}

#[test]
fn a_header_of_another_form_is_refused() {
    let zeros = "0".repeat(64);
    for value in [
        format!("{ALGORITHM} Access=AK, SignedHeaders=host;x-sdk-date"),
        format!("{ALGORITHM} Access=AK, Signature={zeros}"),
        format!("{ALGORITHM} SignedHeaders=host;x-sdk-date, Signature={zeros}"),
        format!("{ALGORITHM} Access=, SignedHeaders=host;x-sdk-date, Signature={zeros}"),
        format!("{ALGORITHM} Access=A, Access=B, SignedHeaders=host;x-sdk-date, Signature={zeros}"),
        format!("{ALGORITHM} Access=A, SignedHeaders=host;x-sdk-date, Signature={zeros}0"),
        format!(
            "{ALGORITHM} Access=A, SignedHeaders=host;x-sdk-date, Signature={}",
            "g".repeat(64)
        ),
        format!("{ALGORITHM} Access=A, SignedHeaders=host;x-sdk-date, Signature={zeros}, More=x"),
        format!("{ALGORITHM}Access=A, SignedHeaders=host;x-sdk-date, Signature={zeros}"),
        ALGORITHM.to_owned(),
    ] {
        let vector = vector("get-quotas").with_header("Authorization", &value);
        assert_eq!(vector.read(), Err(FORM), "{value}");
    }
}

#[test]
fn spaces_after_the_commas_do_not_matter() {
    let vector = vector("get-quotas");
    let value = vector.header("authorization").unwrap();
    for other in [value.replace(", ", ","), value.replace(", ", ",   ")] {
        assert!(vector.clone().with_header("Authorization", &other).holds());
    }
}

#[test]
fn white_space_around_a_signed_value_does_not_matter() {
    let vector = vector("get-quotas").with_header("User-Agent", "  huaweicloud-usdk-python/3.0 ");
    assert!(vector.holds());
}

#[test]
fn a_signed_request_cannot_hide_a_parameter_behind_another_of_its_name() {
    let vector = vector("list-with-query");
    let doubled = format!("{}&name=x", vector.request_target);
    assert_eq!(vector.with_target(doubled).read(), Err(TWICE));
}

#[test]
fn a_signature_is_recognised_by_its_algorithm() {
    assert!(is_signature("SDK-HMAC-SHA256 Access=x"));
    for other in [
        "SDK-HMAC-SM3 Access=x",
        "V11-HMAC-SHA256 Credential=x",
        "SDK-HMAC-SHA2567 x",
        "Token x",
    ] {
        assert!(!is_signature(other), "{other}");
    }
}

/// The path in another percent-encoding: byte by byte as `ways` say.
fn reencoded(path: &str, ways: &[u8]) -> String {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let mut ways = ways.iter().cycle();
    decoded.iter().fold(String::new(), |mut text, byte| {
        let plain = byte.is_ascii_alphanumeric() || *byte == b'/';
        match ways.next() {
            Some(way) if way % 3 == 0 => _ = write!(text, "%{byte:02x}"),
            Some(way) if way % 3 == 1 || !plain => _ = write!(text, "%{byte:02X}"),
            _ => text.push(char::from(*byte)),
        }
        text
    })
}

proptest! {
    #[test]
    fn any_encoding_of_the_same_path_agrees(
        segments in proptest::collection::vec("[^/\0]{0,12}", 1..5),
        ways in proptest::collection::vec(any::<u8>(), 1..40),
    ) {
        let mut path = String::from("/v1");
        for segment in &segments {
            path.push('/');
            encode(segment.as_bytes(), &mut path);
        }
        let signed = vector("get-quotas").with_target(path.clone()).signed(ORDINARY);
        prop_assert!(signed.holds());
        prop_assert!(signed.with_target(reencoded(&path, &ways)).holds());
    }

    #[test]
    fn another_path_query_header_or_body_never_agrees(
        path in "/[a-z]{1,8}(/[a-zé~ ]{1,8}){0,3}",
        other_path in "/[a-z]{1,8}(/[a-zé~ ]{1,8}){0,3}",
        query in "[a-z]{1,4}=[a-zé+~ ]{0,6}",
        other_query in "[a-z]{1,4}=[a-zé+~ ]{0,6}",
        agent in "[!-~]{1,20}",
        other_agent in "[!-~]{1,20}",
        body in ".{0,30}",
        other_body in ".{0,30}",
    ) {
        let encoded = |text: &str| text.replace('é', "%C3%A9").replace(' ', "%20");
        let target = |path: &str, query: &str| format!("{}?{}", encoded(path), encoded(query));
        let signed = Vector { body: Some(body.clone()), ..vector("put-quotas") }
            .with_header("User-Agent", &agent)
            .with_target(target(&path, &query))
            .signed(ORDINARY);
        prop_assert!(signed.holds());
        let other = signed.clone().with_target(target(&other_path, &query));
        prop_assert_eq!(other.holds(), path == other_path);
        let same_query = query.replace('+', " ") == other_query.replace('+', " ");
        let other = signed.clone().with_target(target(&path, &other_query));
        prop_assert_eq!(other.holds(), same_query);
        let other = signed.clone().with_header("User-Agent", &other_agent);
        prop_assert_eq!(other.holds(), agent == other_agent);
        let other = Vector { body: Some(other_body.clone()), ..signed };
        prop_assert_eq!(other.holds(), body == other_body);
    }

    #[test]
    fn no_header_panics(value in "(SDK-HMAC-SHA256 |Access=|SignedHeaders=|Signature=|,|;|=|\\PC){0,12}") {
        let _ = vector("get-quotas").with_header("Authorization", &value).read();
    }
}
