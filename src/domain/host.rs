//! Host names in the form in which browsers send them: WHATWG URL, section 3.5, "host parser".
//!
//! International names take tables of Unicode, which are as large as an eighth of the whole module; the runtime has
//! them already, in its own `URL`. So the wasm module asks the runtime, which `edge` registers here, and everything
//! else the `url` crate. Both follow the same standard, and tests/golden/hosts.json is what they are both held to. The
//! runtime takes a label of punycode that decodes to nothing (`xn--a`) where the crate does not: no browser ever sends it,
//! so it matches nothing.

use std::sync::OnceLock;

/// A parser of hosts: the normal form of a host, or none if it is no host.
pub type HostParser = fn(&str) -> Option<String>;

static PARSER: OnceLock<HostParser> = OnceLock::new();

/// Takes the runtime's parser. The first one stays.
pub fn use_parser(parser: HostParser) {
    let _ = PARSER.set(parser);
}

/// The host in ASCII and lower case, an IP address in its one form, IPv6 in brackets; none if it is no host.
#[must_use]
pub fn normalise(host: &str) -> Option<String> {
    let parser = PARSER.get().copied().or(BUILT_IN)?;
    parser(host)
}

#[cfg(not(target_arch = "wasm32"))]
const BUILT_IN: Option<HostParser> = Some(|host| Some(url::Host::parse(host).ok()?.to_string()));
#[cfg(target_arch = "wasm32")]
const BUILT_IN: Option<HostParser> = None;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    /// Shared with the test of the wasm module in workerd.
    const GOLDEN: &str = include_str!("../../tests/golden/hosts.json");

    #[test]
    fn each_host_takes_the_form_that_browsers_send() {
        let golden: BTreeMap<String, Option<String>> = serde_json::from_str(GOLDEN).unwrap();
        for (host, normal) in golden {
            assert_eq!(super::normalise(&host), normal, "{host}");
        }
    }
}
