//! Which origins a browser may call from (Fetch, section CORS protocol; contract section 4).
//!
//! A preflight carries no credential, so it is answered from the project in the path. The answer to a call goes by
//! the project's list and, on request endpoints, by the caller's own. Nothing is ever reflected that is not listed,
//! and credentials mode is never allowed.

use crate::web::request::Request;
use crate::web::response::Response;

/// How a path takes part in CORS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Not at all.
    Closed,
    /// A path of a project: by the project's list.
    Project,
    /// A request endpoint: by the project's list, and by its service users' own.
    Requests,
}

/// Where the request's origin is listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listed {
    /// In the project's `cors_origins`.
    pub by_project: bool,
    /// In the `allowed_cors_origins` of the caller.
    pub by_caller: bool,
    /// In the `allowed_cors_origins` of any service user of the project, expired ones too.
    pub by_any_service_user: bool,
}

/// Most request headers that a preflight is told are allowed, and their length in bytes (contract section 4).
const MAX_ASKED: usize = 64;
const MAX_ASKED_BYTES: usize = 4 << 10;
/// Response headers that a page may read.
const EXPOSED_HEADERS: &str = "X-Request-Id, Retry-After, x-ratelimit-limit, x-ratelimit-remaining, \
                               x-ratelimit-reset, Content-Disposition, Idempotent-Replayed, Tenantry-Overhead-Ms";
/// Seconds for which a browser may remember a preflight.
const MAX_AGE: &str = "600";

impl Class {
    /// Whether a preflight, or an error without a valid credential, is readable from this origin.
    #[must_use]
    pub fn allows_anybody(self, listed: Listed) -> bool {
        match self {
            Self::Closed => false,
            Self::Project => listed.by_project,
            Self::Requests => listed.by_project || listed.by_any_service_user,
        }
    }

    /// Whether the answer to an authenticated call is readable from this origin.
    #[must_use]
    pub fn allows_caller(self, listed: Listed) -> bool {
        match self {
            Self::Closed => false,
            Self::Project => listed.by_project,
            Self::Requests => listed.by_project || listed.by_caller,
        }
    }
}

/// Whether a browser says that the page that makes this call is of another site than the host that is called. What it
/// writes into `Sec-Fetch-Site` no page can change (Fetch Metadata Request Headers, section 2.3): `same-origin` is the
/// page's own server, or one behind the same proxy, and `none` a person or an extension. `Sec-Fetch-Mode` says nothing
/// of the kind, since the `fetch` of Node sends it too (contract section 4).
#[must_use]
pub fn is_of_another_site(request: &Request) -> bool {
    request.header("sec-fetch-site").is_some_and(|site| {
        ["cross-site", "same-site"]
            .iter()
            .any(|other| site.eq_ignore_ascii_case(other))
    })
}

/// Adds what a preflight's answer carries; `origin` only if it is allowed. `asked` is what the preflight asks for: the
/// names of the headers that the page wants to send (Fetch, `Access-Control-Request-Headers`).
pub fn answer_preflight(
    response: &mut Response,
    class: Class,
    origin: Option<&str>,
    methods: &str,
    asked: Option<&str>,
) {
    if class == Class::Closed {
        return;
    }
    response.vary("Origin");
    response.vary("Access-Control-Request-Headers");
    if let Some(origin) = origin {
        response.header("access-control-allow-origin", origin);
        response.header("access-control-allow-methods", methods);
        if let Some(names) = asked.and_then(field_names) {
            response.header("access-control-allow-headers", names);
        }
        response.header("access-control-max-age", MAX_AGE);
    }
}

/// The list again, if it is one of field names and not too long. A page that may call may send any header: what a client
/// sends besides its token is its own affair, and tomorrow's clients send others (contract section 4).
fn field_names(list: &str) -> Option<String> {
    if list.len() > MAX_ASKED_BYTES {
        return None;
    }
    // Empty elements of a list count for nothing (RFC 9110, section 5.6.1.2).
    let names = list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let names: Vec<&str> = names.collect();
    let all_are_names = names.iter().all(|name| name.bytes().all(is_of_token));
    (all_are_names && (1..=MAX_ASKED).contains(&names.len())).then(|| names.join(", "))
}

/// Whether a byte may stand in a field name (RFC 9110, sections 5.1 and 5.6.2).
fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Adds what the answer to a call carries; `origin` only if it is allowed.
pub fn answer_call(response: &mut Response, class: Class, origin: Option<&str>) {
    // A cache must keep answers to different origins apart wherever they could differ.
    if class != Class::Closed {
        response.vary("Origin");
    }
    if let Some(origin) = origin {
        response.header("access-control-allow-origin", origin);
        response.header("access-control-expose-headers", EXPOSED_HEADERS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: [Listed; 8] = {
        let mut all = [Listed {
            by_project: false,
            by_caller: false,
            by_any_service_user: false,
        }; 8];
        let mut i = 0;
        while i < 8 {
            all[i] = Listed {
                by_project: i & 1 != 0,
                by_caller: i & 2 != 0,
                by_any_service_user: i & 4 != 0,
            };
            i += 1;
        }
        all
    };

    #[test]
    fn a_closed_path_allows_nobody() {
        for listed in LISTED {
            assert!(!Class::Closed.allows_anybody(listed) && !Class::Closed.allows_caller(listed));
        }
    }

    #[test]
    fn a_project_path_goes_by_the_project_alone() {
        for listed in LISTED {
            assert_eq!(Class::Project.allows_anybody(listed), listed.by_project);
            assert_eq!(Class::Project.allows_caller(listed), listed.by_project);
        }
    }

    #[test]
    fn a_request_endpoint_never_goes_by_another_service_users_list_once_the_caller_is_known() {
        for listed in LISTED {
            assert_eq!(
                Class::Requests.allows_caller(listed),
                listed.by_project || listed.by_caller
            );
        }
    }

    #[test]
    fn field_names_are_allowed_as_they_are_asked_for() {
        for (asked, allowed) in [
            ("authorization", Some("authorization")),
            (
                "authorization,content-type",
                Some("authorization, content-type"),
            ),
            (" a ,, b,\t", Some("a, b")),
            (
                "x-stainless-arch, traceparent",
                Some("x-stainless-arch, traceparent"),
            ),
            ("!#$%&'*+-.^_`|~09azAZ", Some("!#$%&'*+-.^_`|~09azAZ")),
            ("*", Some("*")),
            ("", None),
            (" , ", None),
            ("a b", None),
            ("a, b\r\nx: y", None),
            ("a, é", None),
            ("a: b", None),
            ("a;b", None),
            ("\"a\"", None),
            ("a\0", None),
        ] {
            assert_eq!(field_names(asked).as_deref(), allowed, "{asked:?}");
        }
    }

    #[test]
    fn at_most_64_names_of_4_kib_are_allowed() {
        let names = |count: usize| vec!["a"; count].join(",");
        assert!(field_names(&names(64)).is_some() && field_names(&names(65)).is_none());
        let long = |length: usize| field_names(&"a".repeat(length));
        assert!(long(4_096).is_some() && long(4_097).is_none());
    }

    #[test]
    fn credentials_mode_is_never_allowed() {
        let mut response = Response::no_content();
        answer_preflight(
            &mut response,
            Class::Requests,
            Some("https://a.com"),
            "POST",
            Some("authorization"),
        );
        answer_call(&mut response, Class::Requests, Some("https://a.com"));
        let named = response
            .headers
            .iter()
            .any(|(name, _)| name.contains("credentials"));
        assert!(!named);
    }
}
