//! Where requests may be sent (contract section 5.9).
//!
//! An address is parsed once, and the *parsed* host is judged, never the text; what is kept and called is the serialised
//! form, so nobody reads it otherwise later. It is judged when it is stored and again when it is called, since the rules
//! may have become stricter. What a name resolves to nobody can see here: the platform has no route to private networks,
//! and docs/operations.md says what to put in front elsewhere.

use super::web_url::{self, WebUrl};
use super::{Invalid, Origin, host, quoted};

/// Longest address, in characters, as it is given and as it is kept.
pub const MAX_URL_CHARS: usize = 2048;
/// Most bytes of an address that a call makes longer: what platforms take in a request line.
const MAX_CALLED_BYTES: usize = 16 << 10;

/// The last labels of names that are special (RFC 6761, 6762, 7686, 8375, 9476), or used within networks by habit.
const SPECIAL_USE: [&str; 15] = [
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "test",
    "example",
    "invalid",
    "onion",
    "alt",
    "arpa",
];
/// Public domains below which any IP address has a name.
const WILDCARD_DNS: [&str; 9] = [
    "nip.io",
    "sslip.io",
    "xip.io",
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
    "rbndr.us",
    "traefik.me",
];
/// The hosts that `ALLOW_LOOPBACK_UPSTREAMS` allows.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// The address of an upstream, in its serialised form; it has been judged by [`UpstreamRules::judge`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamUrl {
    href: String,
    host: String,
    query: usize,
}

impl UpstreamUrl {
    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.href
    }

    /// Its host: ASCII in lower case, without a port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether a question mark stands in it.
    #[must_use]
    pub fn has_query(&self) -> bool {
        self.query < self.href.len()
    }

    /// The address without its query, which may hold a secret: what the trail and the log may show.
    #[must_use]
    pub fn without_query(&self) -> &str {
        self.href.get(..self.query).unwrap_or_default()
    }
}

/// Which addresses are allowed, as the installation is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpstreamRules {
    /// `UPSTREAM_PORTS`: those beside 443.
    ports: Vec<String>,
    /// `UPSTREAM_ALLOWED_HOSTS`: where it is set, these and what is below them, and nothing else.
    allowed: Option<Vec<String>>,
    /// `PUBLIC_HOSTS`, and the host of `CONSOLE_ORIGIN`.
    own: Vec<String>,
    /// The host of `CONSOLE_ORIGIN`.
    console: Option<String>,
    /// `SERVICES_DOMAIN`: itself and all below it are ours.
    services_domain: Option<String>,
    /// `ALLOW_LOOPBACK_UPSTREAMS`.
    loopback: bool,
}

impl UpstreamRules {
    /// Reads the settings by their names.
    ///
    /// # Errors
    /// A sentence that names the setting that cannot be read: a list that is not understood must allow nothing.
    pub fn from_settings(set: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let hosts = |name: &str| {
            let value = set(name)?;
            let hosts = entries(&value).map(|entry| {
                host::normalise(entry.trim_start_matches('.'))
                    .ok_or_else(|| format!("{name}: {} is not a host", quoted(entry)))
            });
            Some(hosts.collect::<Result<Vec<_>, _>>())
        };
        let ports = set("UPSTREAM_PORTS").unwrap_or_default();
        let ports = entries(&ports).map(|entry| match entry.parse::<u16>() {
            Ok(port) if port > 0 => Ok(port.to_string()),
            _ => Err(format!("UPSTREAM_PORTS: {} is not a port", quoted(entry))),
        });
        let mut own = hosts("PUBLIC_HOSTS").transpose()?.unwrap_or_default();
        let mut console = None;
        if let Some(origin) = set("CONSOLE_ORIGIN") {
            let origin = Origin::parse(&origin);
            let origin = origin.map_err(|invalid| format!("CONSOLE_ORIGIN: {invalid}"))?;
            let (_, authority) = origin.as_str().split_once("://").unwrap_or_default();
            console = Some(without_port(authority).to_owned());
        }
        own.extend(console.clone());
        let services_domain = hosts("SERVICES_DOMAIN").transpose()?;
        Ok(Self {
            ports: ports.collect::<Result<_, _>>()?,
            allowed: hosts("UPSTREAM_ALLOWED_HOSTS").transpose()?,
            own,
            console,
            services_domain: services_domain.and_then(|hosts| hosts.into_iter().next()),
            loopback: set("ALLOW_LOOPBACK_UPSTREAMS").is_some_and(|value| value == "true"),
        })
    }

    /// Whether pages of the console may be on this host: on the one that `CONSOLE_ORIGIN` names, and where it names none on
    /// any.
    #[must_use]
    pub fn may_have_console(&self, called: &str) -> bool {
        let console = self.console.as_deref();
        console.is_none_or(|console| without_port(called).eq_ignore_ascii_case(console))
    }

    /// Judges what stands below an address, path and query of a call as they came in: it may be longer, and leads nowhere else.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn judge_below(
        &self,
        base: &str,
        below: &str,
        own_host: &str,
    ) -> Result<UpstreamUrl, Invalid> {
        let base = self.judge(base, own_host)?;
        let start = base.as_str().trim_end_matches('/');
        let whole = format!("{start}{below}");
        let is_short = whole.len() <= MAX_CALLED_BYTES && !whole.chars().any(char::is_control);
        let url = web_url::parse(&whole).filter(|url| {
            let rest = url.href.strip_prefix(start);
            let is_below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
            let stays = is_below && url.hostname == base.host;
            is_short && stays && !url.has_user && !url.href.contains('#')
        });
        let url = url.ok_or_else(|| {
            Invalid::new(format!(
                "the path and the query of the call cannot stand below the base_url; there are at most \
                 {MAX_CALLED_BYTES} bytes together"
            ))
        })?;
        let query = url.href.find('?').unwrap_or(url.href.len());
        Ok(UpstreamUrl {
            query,
            href: url.href,
            host: base.host,
        })
    }

    /// The domain below which each service has a host, where there is one.
    #[must_use]
    pub fn services_domain(&self) -> Option<&str> {
        self.services_domain.as_deref()
    }

    /// Judges an address; `own_host` is the host that was called, with its port if it was named.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn judge(&self, text: &str, own_host: &str) -> Result<UpstreamUrl, Invalid> {
        let refuse = |wrong: &str| Invalid::new(format!("{} {wrong}", quoted(text)));
        let characters = text.chars().count();
        if characters > MAX_URL_CHARS {
            return Err(refuse(&format!(
                "has {characters} characters; at most {MAX_URL_CHARS} are allowed"
            )));
        }
        // A parser drops the one and turns the other into a slash, and so finds another host than who reads the text.
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(refuse(
                "has white space or a control character; neither is allowed in an address",
            ));
        }
        if text.contains('\\') {
            return Err(refuse(
                "has a backslash; an address is written with slashes alone",
            ));
        }
        let url = web_url::parse(text).ok_or_else(|| {
            refuse("is not an address; an upstream is https://host/path, with a name as host")
        })?;
        self.judged(&url, own_host)
            .map_err(|wrong| refuse(&wrong))?;
        let query = url.href.find('?').unwrap_or(url.href.len());
        Ok(UpstreamUrl {
            query,
            href: url.href,
            host: url.hostname,
        })
    }

    fn judged(&self, url: &WebUrl, own_host: &str) -> Result<(), String> {
        let host = url.hostname.as_str();
        if url.href.chars().count() > MAX_URL_CHARS {
            return Err(format!(
                "has more than {MAX_URL_CHARS} characters once it is encoded"
            ));
        }
        if url.has_user {
            return Err(
                "has user information; credentials go in headers, from variables".to_owned(),
            );
        }
        // In the serialised form it stands nowhere else.
        if url.href.contains('#') {
            return Err("has a fragment, which is never sent".to_owned());
        }
        let is_loopback = self.loopback && url.protocol == "http:" && LOOPBACK.contains(&host);
        if is_loopback {
            let port = if url.port.is_empty() { "80" } else { &url.port };
            if format!("{host}:{port}") == own_host {
                return Err(OWN.to_owned());
            }
        } else {
            if url.protocol != "https:" {
                return Err(format!(
                    "has the scheme '{}'; only https is allowed",
                    url.protocol.trim_end_matches(':')
                ));
            }
            if !url.port.is_empty() && !self.ports.contains(&url.port) {
                return Err(format!(
                    "has the port {}; {} allowed",
                    url.port,
                    self.allowed_ports()
                ));
            }
            public_name(host)?;
            if self.is_own(host, own_host) {
                return Err(OWN.to_owned());
            }
        }
        match &self.allowed {
            Some(allowed) if !allowed.iter().any(|suffix| is_within(host, suffix)) => Err(
                "is not in one of the domains that this installation allows \
                     (UPSTREAM_ALLOWED_HOSTS)"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }

    fn allowed_ports(&self) -> String {
        if self.ports.is_empty() {
            return "only 443 is".to_owned();
        }
        format!("only 443, {} are", self.ports.join(", "))
    }

    fn is_own(&self, host: &str, called: &str) -> bool {
        let called = host::normalise(without_port(called));
        called.is_some_and(|called| called.trim_end_matches('.') == host)
            || self.own.iter().any(|own| own == host)
            || (self.services_domain.as_ref()).is_some_and(|domain| is_within(host, domain))
    }
}

const OWN: &str = "is a host of this installation itself; a request would go round in circles";

/// Nothing, if this is a name that anybody on the internet could look up.
fn public_name(host: &str) -> Result<(), String> {
    let last = host.rsplit('.').next().unwrap_or_default();
    // The parser makes an address of whatever ends in a number, or refuses it, so the digits are looked at for safety alone.
    if host.starts_with('[') || last.starts_with(|first: char| first.is_ascii_digit()) {
        return Err("has an IP address as its host; a name is needed".to_owned());
    }
    if host.ends_with('.') {
        return Err("has a dot at the end of its host; write the name without it".to_owned());
    }
    if host.split('.').count() < 2 || host.split('.').any(str::is_empty) {
        return Err("has a host that is no full name; a name has two labels or more".to_owned());
    }
    if SPECIAL_USE.contains(&last) {
        return Err(format!(
            "has a host in '.{last}', which is no public domain; a public name is needed"
        ));
    }
    match WILDCARD_DNS.iter().find(|name| is_within(host, name)) {
        Some(name) => Err(format!(
            "has a host in '{name}', whose names stand for any IP address; a name of your own is needed"
        )),
        None => Ok(()),
    }
}

/// Whether a host is this domain or below it.
fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// What stands between commas and white space.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ' ', '\n', '\t'])
        .filter(|entry| !entry.is_empty())
}

#[cfg(test)]
#[path = "upstream_url_tests.rs"]
mod tests;
