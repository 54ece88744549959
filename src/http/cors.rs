//! Which origins a browser may call from (Fetch, section CORS protocol; contract section 4).
//!
//! A preflight carries no credential, so it is answered from the project in the path. The answer to a call goes by
//! the project's list and, on request endpoints, by the caller's own. Nothing is ever reflected that is not listed,
//! and credentials mode is never allowed.

use crate::http::request::Request;
use crate::http::response::Response;

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

/// Request headers that a preflight allows: the real clients send these three.
const ALLOWED_HEADERS: &str = "authorization, content-type, accept";
/// Response headers that a page may read.
const EXPOSED_HEADERS: &str = "X-Request-Id, Retry-After, x-ratelimit-limit, x-ratelimit-remaining, \
                               x-ratelimit-reset, Content-Disposition";
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

/// Whether a browser says that the page that makes this call came from the host that is called. A browser sends
/// `Origin` on every POST, to its page's own host too (Fetch, section Origin header); what it writes into
/// `Sec-Fetch-Site` no page can change (Fetch Metadata Request Headers, section 2.3).
#[must_use]
pub fn is_same_origin(request: &Request) -> bool {
    let says_so = request
        .header("sec-fetch-site")
        .is_some_and(|site| site.eq_ignore_ascii_case("same-origin"));
    let origin = request.header("origin").filter(|_| says_so);
    match (origin.as_deref(), request.header("host")) {
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(&host)),
        _ => false,
    }
}

/// Adds what a preflight's answer carries; `origin` only if it is allowed.
pub fn answer_preflight(
    response: &mut Response,
    class: Class,
    origin: Option<&str>,
    methods: &str,
) {
    vary(response, class);
    if let Some(origin) = origin {
        response.header("access-control-allow-origin", origin);
        response.header("access-control-allow-methods", methods);
        response.header("access-control-allow-headers", ALLOWED_HEADERS);
        response.header("access-control-max-age", MAX_AGE);
    }
}

/// Adds what the answer to a call carries; `origin` only if it is allowed.
pub fn answer_call(response: &mut Response, class: Class, origin: Option<&str>) {
    vary(response, class);
    if let Some(origin) = origin {
        response.header("access-control-allow-origin", origin);
        response.header("access-control-expose-headers", EXPOSED_HEADERS);
    }
}

/// A cache must keep answers to different origins apart wherever they could differ.
fn vary(response: &mut Response, class: Class) {
    if class != Class::Closed {
        response.vary("Origin");
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
    fn credentials_mode_is_never_allowed() {
        let mut response = Response::no_content();
        answer_preflight(
            &mut response,
            Class::Requests,
            Some("https://a.com"),
            "POST",
        );
        answer_call(&mut response, Class::Requests, Some("https://a.com"));
        let named = response
            .headers
            .iter()
            .any(|(name, _)| name.contains("credentials"));
        assert!(!named);
    }
}
