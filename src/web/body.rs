//! JSON bodies: read up to a limit, parsed into a typed value, refused with the name of the field.

use std::future::Future;

use crate::domain::json::{Fault, FromJson, Json};
use crate::error::Error;
use crate::platform::{Clock, within};
use crate::web::request::{BodyError, Request};

/// How long a body may take to arrive, in milliseconds.
const DEADLINE: u32 = 30_000;

/// What kind of JSON text a call expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// An object; an empty body stands for an empty one.
    Object,
    /// An array.
    Array,
}

/// What some programs write before a text to say that it is UTF-8; a parser may skip it (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a body that is declared as JSON and starts as it should. It is apart from [`parse`] because it is the same for
/// every type of body, and so stands in the module once.
///
/// An empty body counts as `{}`, whatever its `Content-Type` says: the real clients declare JSON on calls without
/// a body (UbiOps spec 1.2). Where an array is expected it is 400. A byte order mark in front counts for nothing.
///
/// # Errors
/// 413 beyond `limit` bytes, 415 for a body that is coded or, where it has to be, not declared as JSON; 400 for one of
/// another kind.
pub async fn text(
    request: &mut Request,
    limit: usize,
    wanted: Wanted,
    must_be_declared: bool,
) -> Result<Vec<u8>, Error> {
    let mut bytes = read(request, limit).await?;
    let (first, sentence) = match wanted {
        Wanted::Object => (b'{', "the body must be a JSON object"),
        Wanted::Array => (b'[', "the body must be a JSON array"),
    };
    // Empty is empty in any coding.
    if !bytes.is_empty()
        && let Some(coding) = coding(request.header("content-encoding"))
    {
        return Err(Error::unsupported_coding(&coding));
    }
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    if bytes.is_empty() {
        return match wanted {
            Wanted::Object => Ok(b"{}".to_vec()),
            Wanted::Array => Err(Error::invalid(sentence)),
        };
    }
    if must_be_declared && !declares_json(request.header("content-type").as_deref()) {
        return Err(Error::unsupported_media_type());
    }
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&first) {
        // Of another kind, or not JSON at all; which of the two is for the parser to say.
        checked(&bytes)?;
        return Err(Error::invalid(sentence));
    }
    Ok(bytes)
}

/// Reads a body whatever it is declared as, unless it is coded: a request endpoint takes any type (contract section 5.3).
///
/// # Errors
/// 413 beyond `limit` bytes, 415 for one that is coded, 400 for one that breaks off.
pub async fn bytes(request: &mut Request, limit: usize) -> Result<Vec<u8>, Error> {
    let bytes = read(request, limit).await?;
    match coding(request.header("content-encoding")) {
        Some(coding) if !bytes.is_empty() => Err(Error::unsupported_coding(&coding)),
        _ => Ok(bytes),
    }
}

/// Reads the body up to the limit, in bytes.
///
/// # Errors
/// 413 beyond the limit, 400 for a body that breaks off.
pub async fn read(request: &mut Request, limit: usize) -> Result<Vec<u8>, Error> {
    request.body.read(limit).await.map_err(|error| match error {
        BodyError::TooLarge => Error::too_large(limit),
        BodyError::Interrupted => Error::invalid("the body broke off"),
    })
}

/// Waits for a body, but no longer than one may take.
///
/// # Errors
/// Those of reading it, and 400 for a body that takes too long.
pub async fn in_time<T>(
    clock: &dyn Clock,
    body: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let body = within(clock, DEADLINE, body).await;
    body.unwrap_or_else(|| Err(Error::invalid("the body took too long to arrive")))
}

/// Parses a JSON text; unknown fields are ignored (contract section 4).
///
/// # Errors
/// 400 that names the field, its fault and what would be right.
pub fn parse<T: FromJson>(bytes: &[u8]) -> Result<T, Error> {
    let json = checked(bytes)?;
    T::from_json(json).map_err(refused)
}

/// The JSON of a body, unless it is nested too deep or none. Apart from [`parse`], so that it stands in the module once.
fn checked(bytes: &[u8]) -> Result<Json<'_>, Error> {
    if depth(bytes) > MAX_DEPTH {
        return Err(Error::invalid(format!(
            "the body is nested more than {MAX_DEPTH} levels deep"
        )));
    }
    // RFC 8259 section 8.1; the parser does not look into fields that it ignores.
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Error::invalid("the body is not valid JSON: it is not UTF-8"))?;
    Json::of(text).map_err(refused)
}

fn refused(fault: Fault) -> Error {
    Error::invalid(fault.to_string())
}

/// The deepest nesting of a body: nothing real comes near, and an unknown field is not followed further either.
const MAX_DEPTH: usize = 100;

/// How deep arrays and objects stand within each other, as far as their brackets tell.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// What a `Content-Encoding` says beside `identity`, which stands for none (RFC 9110, section 8.4).
fn coding(content_encoding: Option<String>) -> Option<String> {
    content_encoding.filter(|codings| {
        let mut codings = codings.split(',').map(str::trim);
        codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
    })
}

/// Whether a `Content-Type` says JSON: `application/json` or a `+json` type, whatever its parameters.
fn declares_json(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else {
        return false;
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::json::object;
    use crate::domain::origin::OriginList;

    object! {
        #[derive(Debug)]
        struct Body {
            allowed_cors_origins: OriginList,
        }
    }

    fn sentence(json: &str) -> String {
        parse::<Body>(json.as_bytes())
            .unwrap_err()
            .sentence()
            .to_owned()
    }

    #[test]
    fn the_sentence_names_the_field_and_its_index() {
        let sentence = sentence(r#"{"allowed_cors_origins":["https://a.com","https://a.com/x"]}"#);
        assert!(
            sentence.starts_with("allowed_cors_origins[1]: 'https://a.com/x' has a path"),
            "{sentence}"
        );
    }

    #[test]
    fn a_wrong_type_is_named_without_a_position() {
        let sentence = sentence(r#"{"allowed_cors_origins": 5}"#);
        assert!(sentence.starts_with("allowed_cors_origins: "), "{sentence}");
        assert!(!sentence.contains(" at line "), "{sentence}");
    }

    #[test]
    fn what_is_not_json_is_said_to_be_not_json() {
        for text in ["{", "{\"a\":}", "nope", "\u{0}"] {
            let sentence = sentence(text);
            assert!(
                sentence.starts_with("the body is not valid JSON"),
                "{text}: {sentence}"
            );
        }
    }

    #[test]
    fn nothing_may_follow_the_object() {
        let error = parse::<serde_json::Value>(b"{} {}").unwrap_err();
        assert!(error.sentence().starts_with("the body is not valid JSON"));
    }

    #[test]
    fn ten_thousand_levels_are_refused_not_followed() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for body in [deep.clone(), format!("{{\"unknown\":{deep}}}")] {
            assert!(
                sentence(&body).contains("levels deep"),
                "{}",
                sentence(&body)
            );
        }
    }

    #[test]
    fn a_sentence_stays_short_and_legible_whatever_was_sent() {
        let long = "z".repeat(500_000);
        let odd = format!("{{\"\\n\\u202e{long}\":5}}");
        let labels = |json: &str| parse::<crate::domain::Labels>(json.as_bytes()).unwrap_err();
        for error in [
            labels(&odd),
            parse::<bool>(format!("\"{long}\"").as_bytes()).unwrap_err(),
        ] {
            assert!(error.sentence().len() < 1_000, "{}", error.sentence().len());
            assert!(!error.sentence().contains(['\n', '\u{202e}']));
        }
    }

    #[test]
    fn brackets_in_a_text_are_no_levels() {
        assert_eq!(depth(br#"{"a":"[[[\"[[[","b":[1]}"#), 2);
        let name = "[".repeat(200);
        assert!(sentence(&format!("{{\"x\":\"{name}\"}}")).contains("allowed_cors_origins"));
    }

    #[test]
    fn json_is_declared_by_its_media_type_alone() {
        for yes in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/merge-patch+json",
        ] {
            assert!(declares_json(Some(yes)), "{yes}");
        }
        for no in [
            None,
            Some("text/plain"),
            Some("application/jsonp"),
            Some("text/x+json"),
        ] {
            assert!(!declares_json(no), "{no:?}");
        }
    }
}
