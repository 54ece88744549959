//! Whole URLs as browsers and servers read them: WHATWG URL, section 4.4, "URL parsing".
//!
//! The wasm module asks the runtime's `URL`, which is also what its `fetch` reads them with, and everything else the `url`
//! crate; why, and how the parser gets here, is said in [`host`](super::host). tests/golden/urls.json is what both are held
//! to.

use std::sync::OnceLock;

/// A URL that has been parsed, as the properties of `URL` have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl {
    /// All of it, serialised.
    pub href: String,
    /// Its scheme, with the colon: `https:`.
    pub protocol: String,
    /// Whether it names a user or a password.
    pub has_user: bool,
    /// Its host: ASCII in lower case, an IP address in its one form, IPv6 in brackets; empty where it has none.
    pub hostname: String,
    /// Its port; empty where it is that of the scheme.
    pub port: String,
    /// Its query with the question mark; empty where it has none, or an empty one.
    pub search: String,
}

/// A parser of URLs: what the text says, or none if it is no absolute URL.
pub type UrlParser = fn(&str) -> Option<WebUrl>;

static PARSER: OnceLock<UrlParser> = OnceLock::new();

/// Takes the runtime's parser. The first one stays.
pub fn use_parser(parser: UrlParser) {
    let _ = PARSER.set(parser);
}

/// Parses an absolute URL; none if it is none.
#[must_use]
pub fn parse(text: &str) -> Option<WebUrl> {
    let parser = PARSER.get().copied().or(BUILT_IN)?;
    parser(text)
}

#[cfg(not(target_arch = "wasm32"))]
const BUILT_IN: Option<UrlParser> = Some(|text| {
    use url::quirks;
    let url = url::Url::parse(text).ok()?;
    Some(WebUrl {
        href: quirks::href(&url).to_owned(),
        protocol: quirks::protocol(&url).to_owned(),
        has_user: !(quirks::username(&url).is_empty() && quirks::password(&url).is_empty()),
        hostname: quirks::hostname(&url).to_owned(),
        port: quirks::port(&url).to_owned(),
        search: quirks::search(&url).to_owned(),
    })
});
#[cfg(target_arch = "wasm32")]
const BUILT_IN: Option<UrlParser> = None;
