//! Templates of headers (contract section 5.2): whatever variables hold, a header stays one header.

use std::collections::{BTreeMap, BTreeSet};

use tenantry::domain::{HeaderTemplates, json};

use crate::{Verdict, is_legible, parts, text};

/// Longest value of a header, and all of them together, in bytes.
const MOST: (usize, usize) = (8 << 10, 32 << 10);

/// A JSON object of templates; then, each behind a 0xFF, the names and values of variables in turn.
pub fn look(input: &[u8]) -> Verdict {
    let mut parts = parts(input).map(text);
    let given = parts.next().unwrap_or_default();
    let templates: HeaderTemplates = match json::from_str(&given) {
        Ok(templates) => templates,
        Err(refusal) => {
            is_legible(&refusal.to_string());
            return Verdict::Refused;
        }
    };
    let again: HeaderTemplates = json::from_str(&templates.to_json()).unwrap();
    assert_eq!(again, templates, "{given:?}");
    let texts: BTreeMap<String, String> = serde_json::from_str(&templates.to_json()).unwrap();
    assert!(texts.len() <= 20);
    for name in texts.keys() {
        assert!(may_be_named(name), "{name:?}");
    }
    let mut variables = BTreeMap::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        variables.insert(name.into_owned(), value.into_owned());
    }
    let named: BTreeSet<&str> = templates.variables().into_iter().collect();
    match templates.expand(|name| variables.get(name).map(String::as_str)) {
        Ok(headers) => {
            let expected: Vec<(String, String)> = texts
                .iter()
                .map(|(name, template)| (name.clone(), expanded(template, &variables)))
                .collect();
            assert_eq!(headers, expected, "{given:?}");
            for (name, value) in &headers {
                let is_line = value
                    .bytes()
                    .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
                assert!(is_line && value.len() <= MOST.0, "{name}: {value:?}");
            }
            let together: usize = headers.iter().map(|(_, value)| value.len()).sum();
            assert!(together <= MOST.1, "{together} bytes");
        }
        Err(refusal) => {
            let variable = refusal.variable();
            assert!(named.contains(variable), "{given:?}: {variable:?}");
            // What cannot be sent is never in the sentence, since it is all ASCII that can be seen.
            is_legible(&refusal.to_string());
            assert!(refusal.to_string().is_ascii(), "{refusal}");
            let is_line = |value: &String| {
                value
                    .bytes()
                    .all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
            };
            let is_missing = !variables.contains_key(variable);
            // It is missing, or cannot be sent, or there is too much; what is behind the first fault is not looked at.
            let is_too_long = named.iter().all(|name| variables.contains_key(*name)) && {
                let lengths: Vec<usize> = texts
                    .values()
                    .map(|template| expanded(template, &variables).len())
                    .collect();
                lengths.iter().any(|length| *length > MOST.0)
                    || lengths.iter().sum::<usize>() > MOST.1
            };
            let is_some_missing = named.iter().any(|name| !variables.contains_key(*name));
            assert!(
                is_missing || !is_line(&variables[variable]) || is_too_long || is_some_missing,
                "{refusal}"
            );
        }
    }
    Verdict::Accepted
}

/// A token (RFC 9110, section 5.6.2) that is not of the connection, of the body, or ours.
fn may_be_named(name: &str) -> bool {
    let is_token = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
    };
    let is_reserved = [
        "host",
        "cookie",
        "connection",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "keep-alive",
        "expect",
        "user-agent",
        "accept-encoding",
        "forwarded",
        "x-real-ip",
    ]
    .contains(&name);
    let starts = [
        "content-",
        "x-forwarded-",
        "cf-",
        "proxy-",
        "webhook-",
        "svix-",
        "tenantry-",
    ];
    let is_reserved = is_reserved || starts.iter().any(|start| name.starts_with(start));
    (1..=128).contains(&name.len()) && name.bytes().all(is_token) && !is_reserved
}

/// A template with its variables in place: `${NAME}` and `$$`, from the left.
fn expanded(template: &str, variables: &BTreeMap<String, String>) -> String {
    let mut parts = template.split('$');
    let mut value = parts.next().unwrap().to_owned();
    while let Some(part) = parts.next() {
        if part.is_empty() {
            value.push('$');
            value.push_str(parts.next().unwrap());
            continue;
        }
        let (name, rest) = part.strip_prefix('{').unwrap().split_once('}').unwrap();
        value.push_str(&variables[name]);
        value.push_str(rest);
    }
    value
}
