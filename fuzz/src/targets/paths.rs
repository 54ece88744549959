//! Paths (contract section 1), and what of one is passed on to a service (section 5.8).

use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use tenantry::domain::RawPath;
use tenantry::domain::path::Segments;
use tenantry::domain::service_call::{ServicePath, service_path};
use tenantry::routes;

use crate::{Verdict, is_sentence, text};

/// A raw path.
pub fn look(input: &[u8]) -> Verdict {
    let given = text(input);
    let raw = given.as_ref();
    let segments = RawPath::parse(raw);
    if let Ok(segments) = &segments {
        assert!(
            segments.iter().all(|segment| !segment.is_empty()),
            "{raw:?}"
        );
        assert_eq!(
            RawPath::parse(&written(segments)).as_ref(),
            Ok(segments),
            "{raw:?}"
        );
    }
    if let Ok(segments) = RawPath::parse_with_empty(raw) {
        assert_eq!(
            RawPath::parse_with_empty(&written(&segments)),
            Ok(segments),
            "{raw:?}"
        );
    }
    let _ = routes::surface(raw);
    if let Some(found) = routes::find(raw) {
        for (name, value) in &found.parameters {
            // What is below a service is its own, and no service has such an id.
            let is_rest = matches!(*name, "path" | "below" | "service_id");
            assert!(is_rest || !value.contains(['/', '\0']), "{raw:?}: {name}");
        }
        assert!(found.methods().ends_with("OPTIONS"), "{raw:?}");
    }
    if let Some((id, rest)) = service_path(raw) {
        assert!(
            !id.contains('/') || raw.to_ascii_lowercase().contains("%2f"),
            "{raw:?}"
        );
        is_passed_on(rest);
    }
    match segments {
        Ok(_) => Verdict::Accepted,
        Err(_) => Verdict::Refused,
    }
}

/// A path of these segments, none of which holds what none can hold.
fn written(segments: &Segments) -> String {
    assert!(
        segments
            .iter()
            .all(|segment| !segment.contains(['/', '\0'])),
        "{segments:?}"
    );
    let encoded = segments
        .iter()
        .map(|segment| utf8_percent_encode(segment, NON_ALPHANUMERIC));
    encoded.map(|segment| format!("/{segment}")).collect()
}

/// No server behind the gate, however often it decodes, is led up or reads a line of its own.
fn is_passed_on(rest: &str) {
    let path = match ServicePath::parse(rest) {
        Ok(path) => path,
        Err(refusal) => {
            is_sentence(&refusal);
            return;
        }
    };
    assert_eq!(path.as_str(), rest);
    let mut bytes = rest.as_bytes().to_vec();
    for times in 0..=2 {
        let up = bytes
            .split(|byte| *byte == b'/')
            .find(|part| matches!(*part, b"." | b".."));
        assert_eq!(up, None, "{rest:?} decoded {times} times");
        let odd = bytes.iter().find(|byte| b"\\\0\r\n".contains(byte));
        assert_eq!(odd, None, "{rest:?} decoded {times} times");
        bytes = percent_decode(&bytes).collect();
    }
}
