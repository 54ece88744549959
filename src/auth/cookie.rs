//! The cookie of a session, and when it counts (contract section 8).
//!
//! It counts on calls that a page of this host makes itself, and there is nothing to be set for that: a browser says what
//! page a call comes from in `Sec-Fetch-Site`, which no page can change (Fetch Metadata Request Headers, section 2.3), and
//! in `Origin` wherever something is changed (Fetch, section 3.2). What no browser vouches for has no session.

use http::Method;

use crate::platform::Config;
use crate::web::request::Request;

/// Its name. By its prefix a browser takes it from this host alone, over HTTPS alone, for all paths, and shows it to no script
/// (RFC 6265bis, section 4.1.3).
pub const NAME: &str = "__Host-Http-tenantry";
/// What goes with it.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
/// Hosts on which a browser takes HTTP for secure (Secure Contexts, section 3.1).
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The host that is called, `name[:port]`, if pages of the console may be there: the one of `CONSOLE_ORIGIN`, or any where that is
/// not set.
#[must_use]
pub fn console_host(request: &Request, config: &Config) -> Option<String> {
    let host = request.header("host").unwrap_or_default();
    let console = config.console_origin.as_ref();
    let is_there = console.is_none_or(|console| origin_has_host(console.as_str(), &host));
    is_there.then_some(host)
}

/// The origin of pages on a host that [`console_host`] has found.
#[must_use]
pub fn origin_of(host: &str, config: &Config) -> String {
    if let Some(origin) = &config.console_origin {
        return origin.as_str().to_owned();
    }
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
        if is_port { name } else { host }
    });
    let scheme = match LOOPBACK.contains(&name) {
        true => "http",
        false => "https",
    };
    format!("{scheme}://{host}")
}

fn origin_has_host(origin: &str, host: &str) -> bool {
    origin
        .split_once("://")
        .is_some_and(|(_, authority)| authority == host)
}

/// The host that is called, if the console may be there and a browser says that the call comes from a page of it.
#[must_use]
pub fn host_of_own_page(request: &Request, config: &Config) -> Option<String> {
    let host = console_host(request, config)?;
    let says = |name: &str, value: &str| request.header(name).is_some_and(|said| said == value);
    let is_reading = matches!(request.method, Method::GET | Method::HEAD);
    let is_own = says("sec-fetch-site", "same-origin")
        && (is_reading || says("origin", &origin_of(&host, config)));
    is_own.then_some(host)
}

/// The secret in the cookie, if the request has it, once. A browser holds a name with any other character in front for another
/// one, and takes that from a neighbouring host: so nothing is taken off but the space that stands between two cookies (RFC 6265bis,
/// section 5.8.3), and where there are two of the name, none is ours.
#[must_use]
pub fn read(request: &Request) -> Option<String> {
    let cookies = request.header("cookie")?;
    let named = cookies.split(';').filter_map(|pair| {
        let pair = pair.strip_prefix(' ').unwrap_or(pair);
        pair.strip_prefix(NAME)?.strip_prefix('=')
    });
    let named: Vec<&str> = named.collect();
    match named.as_slice() {
        [secret] => Some((*secret).to_owned()),
        _ => None,
    }
}

/// The line of `Set-Cookie` that gives it for so many seconds.
#[must_use]
pub fn give(secret: &str, seconds: i64) -> String {
    format!("{NAME}={secret}; {ATTRIBUTES}; Max-Age={seconds}")
}

/// The line of `Set-Cookie` that takes it away.
#[must_use]
pub fn take_away() -> String {
    give("", 0)
}
