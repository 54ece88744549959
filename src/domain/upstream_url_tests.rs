use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Shared with the test of the wasm module in workerd: an address, and what is kept of it; null where it is refused.
const GOLDEN: &str = include_str!("../../tests/golden/urls.json");
const OWN_HOST: &str = "tenantry.acme.workers.dev";

fn rules(settings: &[(&str, &str)]) -> UpstreamRules {
    UpstreamRules::from_settings(|name| {
        let set = settings.iter().find(|(known, _)| *known == name);
        set.map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

fn refusal(rules: &UpstreamRules, text: &str) -> String {
    match rules.judge(text, OWN_HOST) {
        Ok(url) => panic!("{text} was accepted as {}", url.as_str()),
        Err(invalid) => invalid.to_string(),
    }
}

#[test]
fn every_way_round_the_rules_is_closed() {
    let golden: BTreeMap<String, Option<String>> = serde_json::from_str(GOLDEN).unwrap();
    let rules = rules(&[]);
    for (text, kept) in golden {
        let judged = rules.judge(&text, OWN_HOST).ok();
        assert_eq!(judged.map(|url| url.as_str().to_owned()), kept, "{text:?}");
    }
}

#[test]
fn each_refusal_says_which_rule_it_was() {
    let rules = rules(&[]);
    for (text, rule) in [
        ("", "is not an address"),
        ("models.acme.com/x", "is not an address"),
        (
            "http://models.acme.com/",
            "has the scheme 'http'; only https",
        ),
        (
            "https://models.acme.com:22/",
            "has the port 22; only 443 is allowed",
        ),
        ("https://me@models.acme.com/", "has user information"),
        ("https://:secret@models.acme.com/", "has user information"),
        ("https://evil.com#@ok.com", "has a fragment"),
        ("https://evil.com/#", "has a fragment"),
        ("https://ok.com\\@evil.com", "has a backslash"),
        ("https://mod\tels.acme.com/", "has white space"),
        ("https://models.acme.com/\n", "has white space"),
        ("https://2130706433/", "has an IP address"),
        ("https://[::1]/", "has an IP address"),
        ("https://models.acme.com./", "has a dot at the end"),
        ("https://models/", "is no full name"),
        ("https://metadata.google.internal/", "in '.internal'"),
        ("https://127.0.0.1.nip.io/", "in 'nip.io'"),
        (
            "https://tenantry.acme.workers.dev/",
            "of this installation itself",
        ),
    ] {
        assert!(
            refusal(&rules, text).contains(rule),
            "{text:?}: {}",
            refusal(&rules, text)
        );
    }
}

#[test]
fn at_most_2048_characters_are_taken_and_kept() {
    let rules = rules(&[]);
    let start = "https://models.acme.com/";
    let longest = format!("{start}{}", "x".repeat(2_048 - start.len()));
    assert!(rules.judge(&longest, OWN_HOST).is_ok());
    assert!(refusal(&rules, &format!("{longest}x")).contains("2049 characters"));
    let encoded = format!("{start}{}", "é".repeat(400));
    assert!(refusal(&rules, &encoded).contains("once it is encoded"));
    let encoded = format!("{start}{}xx", "é".repeat((2_048 - start.len()) / 6));
    assert_eq!(
        rules.judge(&encoded, OWN_HOST).unwrap().as_str().len(),
        2_048
    );
    assert!(refusal(&rules, &format!("{encoded}x")).contains("once it is encoded"));
}

#[test]
fn a_call_has_16384_bytes_at_most_together_with_the_address_that_it_goes_below() {
    let (rules, base) = (rules(&[]), "https://models.acme.com/v1");
    let of = |bytes: usize| {
        let below = format!("/{}", "x".repeat(bytes - base.len() - 1));
        rules.judge_below(base, &below, OWN_HOST)
    };
    assert_eq!(of(16_384).unwrap().as_str().len(), 16_384);
    assert!(of(16_385).unwrap_err().as_str().contains("at most 16384"));
}

#[test]
fn an_operator_adds_ports() {
    let rules = rules(&[("UPSTREAM_PORTS", "8443, 9443")]);
    let kept = rules
        .judge("https://models.acme.com:8443/", OWN_HOST)
        .unwrap();
    assert_eq!(kept.as_str(), "https://models.acme.com:8443/");
    assert!(
        rules
            .judge("https://models.acme.com:443/", OWN_HOST)
            .is_ok()
    );
    assert!(refusal(&rules, "https://models.acme.com:80/").contains("only 443, 8443, 9443 are"));
    let read = |ports: &str| {
        UpstreamRules::from_settings(|name| (name == "UPSTREAM_PORTS").then(|| ports.to_owned()))
    };
    assert!(read("1,65535").is_ok() && read("0").is_err() && read("65536").is_err());
}

#[test]
fn where_hosts_are_listed_nothing_else_is_allowed() {
    let rules = rules(&[
        ("UPSTREAM_ALLOWED_HOSTS", "Acme.com, .models.net"),
        ("ALLOW_LOOPBACK_UPSTREAMS", "true"),
    ]);
    for allowed in [
        "https://acme.com/",
        "https://a.b.acme.com/",
        "https://models.net/",
    ] {
        assert!(rules.judge(allowed, OWN_HOST).is_ok(), "{allowed}");
    }
    for refused in [
        "https://notacme.com/",
        "https://acme.com.evil.net/",
        "http://localhost/",
    ] {
        assert!(
            refusal(&rules, refused).contains("UPSTREAM_ALLOWED_HOSTS"),
            "{refused}"
        );
    }
}

#[test]
fn no_host_of_the_installation_is_an_upstream() {
    let rules = rules(&[
        ("PUBLIC_HOSTS", "api.acme.com, ai.acme.com"),
        ("SERVICES_DOMAIN", "services.acme.com"),
        ("CONSOLE_ORIGIN", "https://console.acme.com:8443"),
        ("UPSTREAM_PORTS", "8443"),
    ]);
    for own in [
        "https://api.acme.com/",
        "https://AI.acme.com:8443/x",
        "https://services.acme.com/",
        "https://some.services.acme.com/",
        "https://console.acme.com/",
        "https://tenantry.acme.workers.dev/",
    ] {
        assert!(
            refusal(&rules, own).contains("installation itself"),
            "{own}"
        );
    }
    assert!(rules.judge("https://models.acme.com/", OWN_HOST).is_ok());
    assert!(
        rules
            .judge("https://models.acme.com/", "Models.acme.com.:443")
            .is_err()
    );
}

#[test]
fn loopback_is_allowed_only_where_it_is_set_and_only_by_http() {
    let closed = rules(&[("ALLOW_LOOPBACK_UPSTREAMS", "yes")]);
    let open = rules(&[("ALLOW_LOOPBACK_UPSTREAMS", "true")]);
    for loopback in [
        "http://127.0.0.1:9000/x",
        "http://localhost:9000/x",
        "http://[::1]:9000/x",
        "http://127.1/",
    ] {
        assert!(
            closed.judge(loopback, "127.0.0.1:8787").is_err(),
            "{loopback}"
        );
        assert!(open.judge(loopback, "127.0.0.1:8787").is_ok(), "{loopback}");
    }
    for refused in [
        "https://localhost/",
        "http://127.0.0.2/",
        "http://foo.localhost/",
        "http://10.0.0.1/",
        "http://models.acme.com/",
        "http://127.0.0.1:8787/x",
    ] {
        assert!(open.judge(refused, "127.0.0.1:8787").is_err(), "{refused}");
    }
}

#[test]
fn a_setting_that_is_not_understood_is_named() {
    for (name, value) in [
        ("UPSTREAM_PORTS", "443x"),
        ("UPSTREAM_PORTS", "0"),
        ("UPSTREAM_ALLOWED_HOSTS", "https://acme.com"),
        ("PUBLIC_HOSTS", "a b/c"),
        ("CONSOLE_ORIGIN", "console.acme.com"),
    ] {
        let read = UpstreamRules::from_settings(|asked| (asked == name).then(|| value.to_owned()));
        assert!(read.unwrap_err().starts_with(name), "{name}");
    }
}

#[test]
fn the_query_is_told_from_the_rest() {
    let kept = rules(&[])
        .judge("https://Models.acme.com/x?key=secret", OWN_HOST)
        .unwrap();
    assert!(kept.has_query());
    assert_eq!(kept.without_query(), "https://models.acme.com/x");
    assert_eq!(kept.host(), "models.acme.com");
    let kept = rules(&[])
        .judge("https://models.acme.com/x", OWN_HOST)
        .unwrap();
    assert!(!kept.has_query());
    assert_eq!(kept.without_query(), kept.as_str());
}

proptest! {
    #[test]
    fn what_is_kept_is_judged_alike_and_stays_as_it_is(text in "https?://[a-zA-Z0-9.:@%\\[\\]é。]{1,20}/[ -~]{0,10}") {
        let rules = rules(&[]);
        if let Ok(kept) = rules.judge(&text, OWN_HOST) {
            prop_assert_eq!(rules.judge(kept.as_str(), OWN_HOST).unwrap(), kept.clone());
            let url = url::Url::parse(kept.as_str()).unwrap();
            prop_assert!(matches!(url.host(), Some(url::Host::Domain(_))), "{}", kept.as_str());
        }
    }

    #[test]
    fn no_address_in_numbers_is_a_name(number in any::<u32>(), notation in 0..4) {
        let octets = number.to_be_bytes();
        let host = match notation {
            0 => number.to_string(),
            1 => format!("{number:#x}"),
            2 => format!("0{:o}.{}.{:#x}.{}", octets[0], octets[1], octets[2], octets[3]),
            _ => format!("[::ffff:{:x}:{:x}]", number >> 16, number & 0xffff),
        };
        let judged = rules(&[]).judge(&format!("https://{host}/"), OWN_HOST);
        prop_assert!(judged.is_err());
    }
}
