//! Addresses of upstreams (contract section 5.9), paths below them, and where redirects lead (section 5.8).

use std::net::{IpAddr, Ipv6Addr};

use tenantry::domain::service_call::{ServicePath, location};
use tenantry::domain::{UpstreamRules, UpstreamUrl};
use url::Url;

use crate::{Verdict, is_sentence, parts, text};

/// The settings that an input chooses from with its first byte.
const SETTINGS: [&[(&str, &str)]; 4] = [
    &[],
    &[
        ("UPSTREAM_PORTS", "8443, 9000"),
        ("PUBLIC_HOSTS", "api.acme.com"),
    ],
    &[
        ("UPSTREAM_ALLOWED_HOSTS", "acme.com, models.example.org"),
        ("SERVICES_DOMAIN", "services.acme.com"),
        ("CONSOLE_ORIGIN", "https://console.acme.com:8443"),
    ],
    &[("ALLOW_LOOPBACK_UPSTREAMS", "true")],
];
/// The host that is called where an input names none.
const CALLED: &str = "tenantry.acme.workers.dev";

/// A byte that chooses settings, and an address; then, each behind a 0xFF, what follows below it in a call, and the
/// `Location` of an answer.
pub fn look(input: &[u8]) -> Verdict {
    let (choice, input) = input.split_first().unwrap_or((&0, &[]));
    let settings = SETTINGS[usize::from(*choice) % SETTINGS.len()];
    let rules = UpstreamRules::from_settings(|name| {
        let set = settings.iter().find(|(known, _)| *known == name);
        set.map(|(_, value)| (*value).to_owned())
    });
    let rules = rules.unwrap();
    let mut parts = parts(input).map(text);
    let given = parts.next().unwrap_or_default();
    let address = match rules.judge(&given, CALLED) {
        Ok(address) => address,
        Err(refusal) => return is_sentence(&refusal),
    };
    let kept = address.as_str();
    assert_eq!(
        rules.judge(kept, CALLED).as_ref(),
        Ok(&address),
        "{given:?}"
    );
    assert!(kept.len() <= 2048 && kept.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(kept.starts_with(address.without_query()));
    let url = Url::parse(kept).unwrap();
    assert_eq!(url.host_str(), Some(address.host()), "{given:?}");
    is_allowed(&url, settings);
    let itself = url
        .host_str()
        .map(|host| format!("{host}:{}", url.port().unwrap_or(80)));
    assert!(
        rules.judge(&given, &itself.unwrap()).is_err(),
        "{given:?} is its own upstream"
    );
    if let Some(below) = parts.next() {
        leads_below(&rules, &address, &below);
    }
    if let Some(value) = parts.next() {
        comes_back(&url, &value);
    }
    Verdict::Accepted
}

/// What the contract says of an address, over the parts that a parser of URLs finds.
fn is_allowed(url: &Url, settings: &[(&str, &str)]) {
    let set = |name: &str| {
        let set = settings.iter().find(|(known, _)| *known == name);
        set.map(|(_, value)| *value)
    };
    assert_eq!(
        (url.username(), url.password(), url.fragment()),
        ("", None, None),
        "{url}"
    );
    let host = url.host_str().unwrap();
    let is_loopback = ["127.0.0.1", "[::1]", "localhost"].contains(&host);
    if url.scheme() == "http" && is_loopback && set("ALLOW_LOOPBACK_UPSTREAMS").is_some() {
        return;
    }
    assert_eq!(url.scheme(), "https", "{url}");
    let ports = set("UPSTREAM_PORTS").unwrap_or_default();
    if let Some(port) = url.port() {
        let is_listed = ports.split(", ").any(|listed| *listed == port.to_string());
        assert!(is_listed, "{url}: port {port}");
    }
    assert!(!is_address(host), "{url} is an IP address");
    let labels: Vec<&str> = host.split('.').collect();
    assert!(labels.len() >= 2 && !labels.contains(&""), "{url}");
    let special = "localhost local localdomain internal intranet lan home corp private test example invalid onion alt arpa";
    assert!(
        !special.split(' ').any(|last| Some(&last) == labels.last()),
        "{url}"
    );
    let any =
        "nip.io sslip.io xip.io localtest.me lvh.me vcap.me lacolhost.com rbndr.us traefik.me";
    assert!(
        !any.split(' ').any(|domain| is_below(host, domain)),
        "{url}"
    );
    assert_ne!(host, CALLED);
    assert_ne!(Some(host), set("PUBLIC_HOSTS"));
    if let Some(domain) = set("SERVICES_DOMAIN") {
        assert!(!is_below(host, domain), "{url}");
        assert_ne!(host, "console.acme.com");
    }
    if let Some(allowed) = set("UPSTREAM_ALLOWED_HOSTS") {
        assert!(
            allowed.split(", ").any(|domain| is_below(host, domain)),
            "{url}"
        );
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    format!(".{host}").ends_with(&format!(".{domain}"))
}

/// Whether any reader could take a host for an IP address: in brackets or not, dotted, whole, octal or hexadecimal
/// (inet_aton(3)).
fn is_address(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    let is_number = |part: &str| {
        let hexadecimal = part.strip_prefix("0x").unwrap_or("none");
        (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
            || hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    host.starts_with('[')
        || bare.parse::<IpAddr>().is_ok()
        || bare.parse::<Ipv6Addr>().is_ok()
        || bare.split('.').all(is_number)
}

/// A call leads nowhere but below the address: to the same server, and to a path that begins with the same segments.
fn leads_below(rules: &UpstreamRules, address: &UpstreamUrl, below: &str) {
    let (path, query) = below.split_at(below.find('?').unwrap_or(below.len()));
    if !(path.is_empty() || path.starts_with('/')) {
        return;
    }
    if let Err(refusal) = ServicePath::parse(path) {
        is_sentence(&refusal);
        return;
    }
    let called = match rules.judge_below(address.as_str(), below, CALLED) {
        Ok(called) => called,
        Err(refusal) => {
            is_sentence(&refusal);
            return;
        }
    };
    let (base, url) = (
        Url::parse(address.as_str()).unwrap(),
        Url::parse(called.as_str()).unwrap(),
    );
    assert_eq!(called.host(), address.host());
    assert_eq!(url.origin(), base.origin(), "{base} and {below:?}");
    assert_eq!(
        (url.username(), url.password(), url.fragment()),
        ("", None, None),
        "{url}"
    );
    assert!(
        called.as_str().bytes().all(|byte| byte.is_ascii_graphic()),
        "{url}"
    );
    // A base with a query takes nothing in its path.
    let start = base.path().trim_end_matches('/');
    let is_within = url.path().strip_prefix(start);
    let is_within = is_within.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    assert!(is_within, "{base} and {below:?}: {url}");
    assert!(
        query.is_empty() || url.query().is_some(),
        "{base} and {below:?}: {url}"
    );
}

/// A redirect is shown where it leads below the address alone, and then as a path of the service.
fn comes_back(base: &Url, value: &str) {
    let called = format!("{}/a/b?c=d", base.as_str().trim_end_matches('/'));
    for prefix in ["", "/services/7"] {
        let Some(shown) = location(value, &called, base.as_str(), prefix) else {
            continue;
        };
        assert!(
            shown.bytes().all(|byte| byte.is_ascii_graphic()),
            "{value:?}: {shown:?}"
        );
        let below = shown.strip_prefix(prefix).unwrap();
        let is_path =
            (below.is_empty() && !prefix.is_empty()) || below.starts_with(['/', '?', '#']);
        assert!(is_path, "{value:?}: {shown:?}");
        // A page that is led there stays where it is.
        let page = Url::parse("https://tenantry.acme.com/services/7/x").unwrap();
        let led = page.join(&shown).unwrap();
        assert_eq!(
            led.origin(),
            page.origin(),
            "{base} {value:?}: {shown:?} leads to {led}"
        );
        assert!(
            led.path().starts_with(prefix),
            "{base} {value:?}: {shown:?} leads to {led}"
        );
    }
}
