//! What of a call to a service goes on, and what of its answer comes back (contract section 5.8): paths, headers of both
//! directions, and where a redirect leads.
//!
//! A path is passed on as it stands: what a server behind the gate would decode into a way up, or into something else than
//! was judged here, is refused.

use std::borrow::Cow;

use percent_encoding::{percent_decode, percent_decode_str};

use super::{Invalid, quoted, web_url};

/// Where a call goes below the `base_url`: the rest of its path, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePath(String);

impl ServicePath {
    /// Judges the rest of a path, which is empty or begins with a slash.
    ///
    /// # Errors
    /// Which segment is refused, and why.
    pub fn parse(rest: &str) -> Result<Self, Invalid> {
        match rest.split('/').find(|segment| is_refused(segment)) {
            Some(segment) => Err(Invalid::new(format!(
                "the segment {} stands for a way up, or for a backslash or a control character; none is passed on",
                quoted(segment)
            ))),
            None => Ok(Self(rest.to_owned())),
        }
    }

    /// As it stands.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a segment, as it stands or decoded once or twice, is a way up or holds what servers read otherwise.
fn is_refused(segment: &str) -> bool {
    let once: Vec<u8> = percent_decode(segment.as_bytes()).collect();
    let twice: Vec<u8> = percent_decode(&once).collect();
    [segment.as_bytes(), &once, &twice].iter().any(|bytes| {
        let parts = bytes.split(|byte| *byte == b'/');
        let goes_up = parts.into_iter().any(|part| matches!(part, b"." | b".."));
        goes_up
            || bytes
                .iter()
                .any(|byte| matches!(byte, b'\\' | 0 | b'\r' | b'\n'))
    })
}

/// The id of the service whose host this is, port or not.
#[must_use]
pub fn service_of_host<'a>(host: &'a str, domain: &str) -> Option<&'a str> {
    let name = host.split(':').next().unwrap_or_default();
    let (id, rest) = name.split_once('.')?;
    rest.trim_end_matches('.')
        .eq_ignore_ascii_case(domain)
        .then_some(id)
}

/// The id of the service that a raw path names, and the rest of the path as it stands.
#[must_use]
pub fn service_path(raw_path: &str) -> Option<(Cow<'_, str>, &str)> {
    let below = raw_path.strip_prefix("/services/")?;
    let end = below.find('/').unwrap_or(below.len());
    let (id, rest) = below.split_at(end);
    Some((percent_decode_str(id).decode_utf8_lossy(), rest))
}

/// Headers of a connection alone (RFC 9110, section 7.6.1), and what the runtime sets itself.
const OF_CONNECTION: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// What shows who is calling, or where from, or is for us; and the codings that we ask for ourselves.
const OF_CALLER: [&str; 7] = [
    "accept-encoding",
    "authorization",
    "cookie",
    "cookie2",
    "forwarded",
    "x-auth-token",
    "x-real-ip",
];
const STARTS_OF_CALLER: [&str; 6] = [
    "cf-",
    "proxy-",
    "tenantry-",
    "webhook-",
    "x-forwarded-",
    "mf-",
];

/// The headers of a call that go on; names are in lower case.
#[must_use]
pub fn sent_on(headers: Vec<(String, String)>) -> Vec<(String, String)> {
    let named = headers.iter().filter(|(name, _)| name == "connection");
    let named: Vec<String> = named
        .flat_map(|(_, names)| names.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut headers = headers;
    headers.retain(|(name, _)| {
        !(OF_CONNECTION.contains(&name.as_str())
            || OF_CALLER.contains(&name.as_str())
            || STARTS_OF_CALLER.iter().any(|start| name.starts_with(start))
            || named.contains(name))
    });
    headers
}

/// The headers of an answer that come back as they are, besides those of its own that it gives names beginning with `x-`.
const ANSWERED: [&str; 10] = [
    "accept-ranges",
    "content-disposition",
    "content-language",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
    "link",
    "retry-after",
    "content-encoding",
];
/// Those of them that are ours to say.
const OURS: [&str; 3] = ["x-request-id", "x-frame-options", "x-content-type-options"];

/// Whether a header of an answer comes back as it is. Codings that the runtime has undone are none any more.
#[must_use]
pub fn comes_back(name: &str, value: &str) -> bool {
    match name {
        "content-encoding" => !["gzip", "br", "identity"].contains(&value.trim()),
        _ if name.starts_with("x-") => {
            !OURS.contains(&name)
                && !name.starts_with("x-ratelimit-")
                && !name.starts_with("x-accel-")
        }
        _ => ANSWERED.contains(&name),
    }
}

/// Where a redirect leads a caller: below the service, whose calls begin with `prefix`, where it leads below `base` from
/// `called`; nothing where it leads elsewhere.
#[must_use]
pub fn location(value: &str, called: &str, base: &str, prefix: &str) -> Option<String> {
    let value = value.trim();
    let (scheme, rest) = called.split_once("://")?;
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
    let origin = called.strip_suffix(path)?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let has_scheme = value
        .find([':', '/', '?', '#'])
        .and_then(|at| value.get(at..))
        .is_some_and(|rest| rest.starts_with(':'));
    let whole = if has_scheme {
        value.to_owned()
    } else if value.starts_with("//") {
        format!("{scheme}:{value}")
    } else if value.starts_with('/') {
        format!("{origin}{value}")
    } else if value.starts_with(['?', '#']) || value.is_empty() {
        format!("{origin}{path}{value}")
    } else {
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        format!("{origin}{directory}/{value}")
    };
    if whole.contains('\\') {
        return None;
    }
    let whole = web_url::parse(&whole).filter(|url| !url.has_user)?.href;
    let below = whole.strip_prefix(base.trim_end_matches('/'))?;
    let is_below = below.is_empty() || below.starts_with(['/', '?', '#']);
    is_below.then(|| match (prefix, below.starts_with('/')) {
        ("", false) => format!("/{below}"),
        // Two slashes in front would name another host (RFC 3986, section 4.2).
        ("", true) if below.starts_with("//") => format!("/.{below}"),
        _ => format!("{prefix}{below}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_is_passed_on_as_it_stands() {
        for rest in [
            "",
            "/",
            "//a///b/",
            "/a%2Fb/%20",
            "/%25",
            "/a..b/...",
            "/%FF",
            "/a%zz",
            "/v1/chat",
        ] {
            assert_eq!(ServicePath::parse(rest).unwrap().as_str(), rest);
        }
    }

    #[test]
    fn no_path_leads_up_however_it_is_written() {
        for rest in [
            "/..",
            "/a/../b",
            "/.",
            "/%2e%2e/",
            "/.%2E",
            "/%252e%252e/x",
            "/%25%32%65.",
            "/a\\b",
            "/%5c",
            "/%255C",
            "/%00",
            "/%2500",
            "/a%2F..%2Fb",
            "/a%252f..",
            "/%0d%0aa",
            "/%250a",
        ] {
            assert!(ServicePath::parse(rest).is_err(), "{rest}");
        }
    }

    #[test]
    fn what_shows_the_caller_or_is_of_the_connection_stays_here() {
        let headers = [
            ("accept", "a"),
            ("authorization", "b"),
            ("cookie", "c"),
            ("x-forwarded-for", "d"),
            ("cf-ray", "e"),
            ("connection", "x-hop, close"),
            ("x-hop", "f"),
            ("tenantry-caller", "g"),
            ("webhook-id", "h"),
            ("transfer-encoding", "chunked"),
            ("content-length", "1"),
            ("content-encoding", "gzip"),
            ("x-own", "i"),
            ("range", "bytes=0-1"),
            ("idempotency-key", "k"),
            ("te", "trailers"),
            ("x-real-ip", "l"),
            ("host", "m"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let sent: Vec<String> = sent_on(headers.to_vec())
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(
            sent,
            [
                "accept",
                "content-encoding",
                "x-own",
                "range",
                "idempotency-key"
            ]
        );
    }

    #[test]
    fn an_answer_brings_what_tells_of_its_body() {
        for name in [
            "content-type",
            "content-range",
            "etag",
            "x-own",
            "link",
            "retry-after",
            "x-process-time",
        ] {
            assert!(comes_back(name, "x"), "{name}");
        }
        for name in [
            "set-cookie",
            "www-authenticate",
            "x-request-id",
            "x-ratelimit-limit",
            "x-accel-redirect",
            "cache-control",
            "access-control-allow-origin",
            "content-length",
            "server",
            "x-frame-options",
            "content-security-policy",
            "strict-transport-security",
            "alt-svc",
            "clear-site-data",
            "location",
            "vary",
            "transfer-encoding",
        ] {
            assert!(!comes_back(name, "x"), "{name}");
        }
        assert!(!comes_back("content-encoding", "gzip"));
        assert!(comes_back("content-encoding", "zstd"));
    }

    #[test]
    fn a_redirect_stays_below_the_service() {
        let base = "https://models.example.com/v1/";
        let called = "https://models.example.com/v1/a/b?x=1";
        let to = |value: &str| location(value, called, base, "/services/s");
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            to("https://models.example.com/v1/c?d"),
            some("/services/s/c?d")
        );
        assert_eq!(to("/v1/c"), some("/services/s/c"));
        assert_eq!(to("//models.example.com/v1/c"), some("/services/s/c"));
        assert_eq!(to("c"), some("/services/s/a/c"));
        assert_eq!(to("../c"), some("/services/s/c"));
        assert_eq!(to("?y"), some("/services/s/a/b?y"));
        assert_eq!(to("/v1"), some("/services/s"));
        for elsewhere in [
            "https://other.example.com/v1/c",
            "/v2/c",
            "/v1x",
            "../../c",
            "//evil.example.com/v1/c",
            "/v1/../c",
            "http://models.example.com/v1/c",
            "javascript:alert(1)",
            "https://u@models.example.com/v1/c",
            "/v1\\..\\c",
        ] {
            assert_eq!(to(elsewhere), None, "{elsewhere}");
        }
        assert_eq!(location("/v1", called, base, ""), some("/"));
        // Never to another host, which two slashes in front would name.
        assert_eq!(
            location("/v1//evil.com", called, base, ""),
            some("/.//evil.com")
        );
        assert_eq!(to("/v1//evil.com"), some("/services/s//evil.com"));
    }

    proptest! {
        #[test]
        fn what_is_passed_on_never_decodes_to_a_way_up(rest in "(/|\\.|%2e|%2E|%25|2e|5c|a|\\\\){0,12}") {
            if ServicePath::parse(&rest).is_ok() {
                let once: Vec<u8> = percent_decode(rest.as_bytes()).collect();
                let twice: Vec<u8> = percent_decode(&once).collect();
                for text in [once, twice] {
                    prop_assert!(text.split(|byte| *byte == b'/').all(|part| !matches!(part, b"." | b"..")));
                }
            }
        }

        #[test]
        fn no_location_panics(value in any::<String>()) {
            let _ = location(&value, "https://a.example.com/b", "https://a.example.com", "/services/s");
        }
    }
}
