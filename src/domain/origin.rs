//! Web origins: who may call from a browser.
//!
//! The value that is kept must equal, byte for byte, what a browser puts into `Origin` (RFC 6454, section 6.2; WHATWG
//! HTML, "serialization of an origin"), because it is compared exactly and anything looser has let strangers in
//! elsewhere. [`host`] does what browsers do to a host (IDNA, IP addresses). No parser of whole URLs is used: they forgive
//! a lot (white space, tabs, backslashes, a missing `//`).
//!
//! Apps and extensions have schemes of their own (`capacitor://localhost`, `chrome-extension://<id>`). To the standard
//! their host is opaque: no case is folded and no name looked up (WHATWG URL, section 3.5, "opaque-host parser"), and no
//! port is the default. Some runtimes make it small all the same, so it is kept as it is written and has to be written
//! as it is sent; what a browser would encode is refused.

use super::invalid::at_most;
use super::json::{self, Fault, FromJson, Json};
use super::wire::json_string;
use super::{Invalid, host, quoted};
use serde::ser::{Serialize, Serializer};
use std::fmt::{self, Display, Formatter};

/// The schemes of the web, with their default ports.
const OF_WEB: [(&str, u16); 2] = [("https", 443), ("http", 80)];
/// Schemes with a host, or with the look of it, that no `Origin` ever has (contract section 4).
const OF_NO_ORIGIN: [&str; 8] = [
    "ws",
    "wss",
    "ftp",
    "file",
    "data",
    "blob",
    "javascript",
    "about",
];
/// The form of an origin, as every refusal ends.
const FORM: &str = "an origin is scheme://host[:port]";
/// Longest host name, in bytes without a final dot (RFC 1035, section 2.3.4: 255 octets on the wire).
const MAX_HOST: usize = 253;
/// Longest origin worth parsing, in characters: `https://`, the longest host with a final dot, `:65535`.
const MAX_CHARS: usize = 8 + MAX_HOST + 1 + 6;

/// An origin in the form in which browsers send it: `https://app.example.com`, `http://localhost:3000`,
/// `capacitor://localhost`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// Normalises `scheme://host[:port]`: lower case, IDNA host in ASCII, IP addresses in their one form, no default
    /// port; of an app's or extension's the scheme alone. Nothing is trimmed, and nothing may follow the port, not even
    /// a slash.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let refuse = |wrong: &str| Invalid::new(format!("{} {wrong}", quoted(text)));
        let (scheme, authority) =
            scheme_and_authority(text).map_err(|wrong| refuse(&format!("{wrong}; {FORM}")))?;
        let default_port = OF_WEB.into_iter().find(|(name, _)| *name == scheme);
        let default_port = default_port.map(|(_, port)| port);
        let (name, port) = host_and_port(authority).map_err(|wrong| refuse(&wrong))?;
        let host = if default_port.is_some() || name.starts_with('[') {
            host::normalise(name).ok_or_else(|| refuse(&format!("has no valid host; {FORM}")))?
        } else if name.bytes().all(stands_as_it_is) {
            name.to_owned()
        } else {
            return Err(refuse(
                "has a character in its host that no browser sends so; the host of such a scheme is written as the \
                 browser sends it, in ASCII",
            ));
        };
        // Looked at only now, since other characters turn into an asterisk (U+FF0A does).
        if host.contains('*') {
            return Err(refuse(
                "has a wildcard host; each origin is listed by itself",
            ));
        }
        if host.trim_end_matches('.').is_empty()
            || host.len() > MAX_HOST + usize::from(host.ends_with('.'))
        {
            return Err(refuse(&format!(
                "has a host that is not 1 to {MAX_HOST} bytes long; {FORM}"
            )));
        }
        Ok(Self(match port {
            Some(port) if Some(port) != default_port => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        }))
    }

    /// The origin, to be compared exactly with a request's `Origin`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a byte may stand in the host of an app or an extension: what RFC 3986 has in a name, but no asterisk.
fn stands_as_it_is(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=".contains(&byte)
}

/// The scheme in lower case, and what stands between `//` and the end of the text; otherwise what is wrong with the
/// text.
fn scheme_and_authority(text: &str) -> Result<(String, &str), String> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("has white space or a control character".to_owned());
    }
    if text.chars().count() > MAX_CHARS {
        return Err(format!("has more than {MAX_CHARS} characters"));
    }
    match text {
        "" => return Err("is empty".to_owned()),
        "*" => return Err("is a wildcard, not an origin".to_owned()),
        "null" => {
            return Err("is what browsers send for no origin, which anybody can send".to_owned());
        }
        _ if text.contains('\\') => return Err("has a backslash".to_owned()),
        _ => {}
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err("has no scheme".to_owned());
    };
    let scheme = scheme.to_ascii_lowercase();
    let mut bytes = scheme.bytes();
    // RFC 3986, section 3.1.
    let is_scheme = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme {
        return Err(format!("has the scheme {}, which is none", quoted(&scheme)));
    }
    if OF_NO_ORIGIN.contains(&scheme.as_str()) {
        return Err(format!(
            "has the scheme {}, which is no origin's: http, https and those of apps and extensions are allowed",
            quoted(&scheme)
        ));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("has user information".to_owned());
    }
    match rest.get(authority.len()..) {
        _ if authority.is_empty() => Err("has no host".to_owned()),
        None | Some("") => Ok((scheme, authority)),
        Some("/") => Err("has a path (the slash at its end)".to_owned()),
        Some(tail) if tail.starts_with('/') => Err("has a path".to_owned()),
        Some(tail) if tail.starts_with('?') => Err("has a query".to_owned()),
        Some(_) => Err("has a fragment".to_owned()),
    }
}

/// The two parts of `host[:port]`; otherwise what is wrong with them, as far as a parser of hosts would forgive it.
fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    if authority.contains('*') {
        return Err("has a wildcard host; each origin is listed by itself".to_owned());
    }
    if authority.contains('%') {
        return Err(format!("has an encoded character in its host; {FORM}"));
    }
    if !authority.starts_with('[') && authority.matches(':').count() > 1 {
        return Err(
            "has more than one ':'; an IPv6 address stands in brackets, as in http://[::1]:8080"
                .to_owned(),
        );
    }
    let (host, port) = match authority.rfind(']') {
        // An IPv6 address has colons of its own.
        Some(end) => authority.split_at(end + 1),
        // Brackets that never close are for the parser of hosts to refuse.
        None if authority.starts_with('[') => (authority, ""),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if host.is_empty() {
        return Err(format!("has no host; {FORM}"));
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok((host, None)),
        digits => match digits.and_then(port_number) {
            Some(number) => Ok((host, Some(number))),
            None => Err("has no valid port; a port is a number from 1 to 65535".to_owned()),
        },
    }
}

fn port_number(digits: &str) -> Option<u16> {
    // `parse` alone would take a sign.
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .parse()
        .ok()
        .filter(|number| all_digits && *number > 0)
}

impl Display for Origin {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

json_string!(Origin, expecting: "an origin like \"https://app.example.com\"", schema: {
    "type": "string",
    "pattern": "^[A-Za-z][A-Za-z0-9+.-]*://[^/?#@\\\\\\s*%]+$",
    "maxLength": MAX_CHARS,
    "description": "An origin, scheme://host[:port], with http or https; answered as browsers send it: lower case, \
                    host in ASCII, no default port. Or the origin of an app or an extension, whose host is kept as it \
                    is sent: any other scheme but ws, wss, ftp, file, data, blob, javascript and about.",
    "examples": ["https://app.example.com", "http://localhost:3000", "capacitor://localhost"],
});

/// A list of origins without duplicates, in the order in which they were first given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginList(Vec<Origin>);

impl OriginList {
    /// Most origins in a list, duplicates counted.
    pub const MAX_ORIGINS: usize = 100;

    /// The list as JSON text.
    pub fn to_json(&self) -> String {
        json::text(self)
    }

    /// The origins, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Origin> {
        self.0.iter()
    }

    /// Whether a request's `Origin` header, compared exactly, is in the list.
    pub fn contains(&self, header: &str) -> bool {
        self.iter().any(|origin| origin.as_str() == header)
    }

    /// How many origins there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromJson for OriginList {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        let mut origins = Vec::new();
        let count = json.each(
            &r#"a list of origins like ["https://app.example.com"]"#,
            Self::MAX_ORIGINS,
            &mut |item| {
                let origin = Origin::from_json(item)?;
                if !origins.contains(&origin) {
                    origins.push(origin);
                }
                Ok(())
            },
        )?;
        at_most(count, Self::MAX_ORIGINS, "origins")?;
        Ok(Self(origins))
    }
}

impl Serialize for OriginList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for OriginList {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OriginList".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "array",
            "items": generator.subschema_for::<Origin>(),
            "maxItems": Self::MAX_ORIGINS,
            "description": "List of origins; duplicates are dropped, and a list that is sent replaces the previous \
                            one.",
        })
    }
}

#[cfg(test)]
#[path = "origin_tests.rs"]
mod tests;
