//! Tests of `origin.rs`: what browsers send is kept, everything else is refused with what was wrong.

use super::*;
use crate::domain::json::{from_str, object};
use proptest::prelude::*;
use url::Url;

fn normal(text: &str) -> String {
    Origin::parse(text).unwrap().as_str().to_owned()
}

fn refusal(text: &str) -> String {
    match Origin::parse(text) {
        Ok(origin) => panic!("{text:?} was accepted as {origin}"),
        Err(invalid) => invalid.to_string(),
    }
}

fn assert_refused(wrong: &str, texts: &[&str]) {
    for text in texts {
        let sentence = refusal(text);
        assert!(sentence.contains(wrong), "{text:?}: {sentence}");
    }
}

#[test]
fn the_published_examples_are_kept_as_they_are() {
    for text in [
        "https://www.example.com",
        "http://example.com",
        "http://www.example.com:8080",
        "http://localhost:3000",
    ] {
        assert_eq!(normal(text), text);
    }
}

#[test]
fn scheme_and_host_are_lower_cased() {
    assert_eq!(normal("HTTPS://App.Example.COM"), "https://app.example.com");
}

#[test]
fn the_default_port_is_dropped_and_only_that() {
    assert_eq!(normal("https://a.com:443"), "https://a.com");
    assert_eq!(normal("http://a.com:80"), "http://a.com");
    assert_eq!(normal("https://a.com:80"), "https://a.com:80");
    assert_eq!(normal("http://a.com:00443"), "http://a.com:443");
}

#[test]
fn an_international_host_becomes_ascii() {
    assert_eq!(
        normal("https://Bücher.example"),
        "https://xn--bcher-kva.example"
    );
    assert_eq!(
        normal("https://例え.jp:8443"),
        "https://xn--r8jz45g.jp:8443"
    );
    assert_eq!(normal("https://a。com"), "https://a.com");
}

#[test]
fn ip_addresses_take_their_one_form() {
    assert_eq!(normal("http://127.1:8080"), "http://127.0.0.1:8080");
    assert_eq!(normal("http://0x7f.0.0.1"), "http://127.0.0.1");
    assert_eq!(normal("http://[0:0:0:0:0:0:0:1]:80"), "http://[::1]");
    assert_eq!(
        normal("https://[2001:DB8::1]:8443"),
        "https://[2001:db8::1]:8443"
    );
    assert_refused(
        "has no valid host",
        &[
            "http://1.2.3.256",
            "http://[::1",
            "http://[::g]",
            "http://[]",
        ],
    );
}

#[test]
fn a_path_is_refused_and_a_slash_is_one() {
    assert_eq!(
        refusal("https://a.com/x"),
        "'https://a.com/x' has a path; an origin is scheme://host[:port]"
    );
    assert_eq!(
        refusal("https://a.com/"),
        "'https://a.com/' has a path (the slash at its end); an origin is scheme://host[:port]"
    );
}

#[test]
fn query_and_fragment_are_refused_even_if_empty() {
    assert_refused("has a query", &["https://a.com?x=/y", "https://a.com?"]);
    assert_refused("has a fragment", &["https://a.com#x", "https://a.com#"]);
}

#[test]
fn user_information_is_refused() {
    assert_refused(
        "has user information",
        &[
            "https://user@a.com",
            "https://u:p@a.com/x",
            "https://@a.com",
        ],
    );
}

#[test]
fn null_and_the_wildcard_are_refused() {
    assert_refused("no origin", &["null"]);
    assert_refused("is a wildcard", &["*"]);
    // The last one holds the fullwidth asterisk, which IDNA turns into the plain one.
    assert_refused(
        "has a wildcard host",
        &[
            "https://*.a.com",
            "https://*",
            "http://a.*",
            "https://＊.a.com",
        ],
    );
}

#[test]
fn white_space_is_not_trimmed() {
    assert_refused(
        "has white space or a control character",
        &[
            " https://a.com",
            "https://a.com ",
            "https://a.com\n",
            "https://a\t.com",
            "https://\u{a0}a.com",
            "https://a.com\0",
        ],
    );
}

#[test]
fn backslashes_are_refused() {
    assert_refused("has a backslash", &["https:\\\\a.com", "https://a.com\\x"]);
}

#[test]
fn apps_and_extensions_have_schemes_of_their_own() {
    for text in [
        "capacitor://localhost",
        "ionic://localhost",
        "tauri://localhost",
        "app://obsidian.md",
        "chrome-extension://cfhdojbkjhnklbpkdaibdccddilifddb",
        "moz-extension://4ed7f644-c3b5-4bf1-983f-2c8718f52222",
        "vscode-webview://0kadfrvvrhs5u4u4hoiqgk6vqgg8d9kc",
        "a+b-c.d://x",
        // Opaque: neither the case of the host is folded nor a port dropped.
        "safari-web-extension://E8BEA491-9B80-45DB-8B20-3E586473BD47",
        "capacitor://localhost:80",
        "capacitor://127.1",
    ] {
        assert_eq!(normal(text), text);
    }
    assert_eq!(normal("Capacitor://Localhost"), "capacitor://Localhost");
    assert_eq!(normal("tauri://localhost:08080"), "tauri://localhost:8080");
    assert_eq!(normal("app://[0:0::1]:80"), "app://[::1]:80");
}

#[test]
fn the_host_of_an_app_is_written_as_it_is_sent() {
    assert_refused(
        "as the browser sends it, in ASCII",
        &[
            "app://b\u{fc}cher",
            "app://a<b",
            "app://a|b",
            "app://\u{ff0a}",
            "app://a]",
        ],
    );
    assert_refused(
        "has a wildcard host",
        &["chrome-extension://*", "app://*.x"],
    );
    assert_refused("has an encoded character", &["app://b%C3%BCcher"]);
    assert_refused("has no host", &["app://", "app:///index.html", "app://:80"]);
    assert_refused("has no valid host", &["app://[::g]", "app://[x]"]);
    assert_refused("has a host that is not", &["app://."]);
    assert_refused("has a path", &["chrome-extension://abc/", "app://a/b"]);
    assert_refused("has a query", &["app://a?b"]);
    assert_refused("has a fragment", &["app://a#b"]);
    assert_refused("has user information", &["app://u@a"]);
    assert_refused("a port is a number", &["app://a:65536", "app://a:x"]);
    assert_refused("has white space", &["app://a ", " app://a"]);
}

#[test]
fn schemes_that_are_no_origins_are_refused() {
    assert_refused(
        "which is no origin's",
        &[
            "ftp://a.com",
            "FTP://a.com",
            "file:///x",
            "ws://a.com",
            "wss://a.com",
            "data://x",
            "blob://x",
            "javascript://x",
            "about://blank",
        ],
    );
    assert_refused(
        "which is none",
        &[
            "://a.com",
            "1app://x",
            "-a://x",
            "a_b://x",
            "\u{fc}://x",
            "blob:https://x",
        ],
    );
    assert_refused(
        "has no scheme",
        &[
            "a.com",
            "localhost:3000",
            "https:a.com",
            "//a.com",
            "https:/a.com",
            "javascript:alert(1)",
            "about:blank",
            "Null",
        ],
    );
}

#[test]
fn a_host_is_needed() {
    assert_refused(
        "has no host",
        &["https://", "https:///a.com", "https://:80", "https://?x"],
    );
    assert_refused("is empty", &[""]);
    assert_refused("has a host that is not", &["https://."]);
    // A soft hyphen alone disappears in IDNA.
    assert_refused("has no valid host", &["https://\u{ad}"]);
}

#[test]
fn a_port_is_a_number_from_1_to_65535() {
    for text in ["https://a.com:65535", "https://a.com:1"] {
        assert_eq!(normal(text), text);
    }
    assert_refused(
        "a port is a number from 1 to 65535",
        &[
            "https://a.com:65536",
            "https://a.com:0",
            "https://a.com:",
            "https://a.com:x",
            "https://a.com:+1",
            "https://[::1]80",
        ],
    );
    assert_refused(
        "stands in brackets",
        &["https://::1", "https://a.com:80:80"],
    );
}

#[test]
fn an_encoded_character_in_a_host_is_refused() {
    assert_refused(
        "has an encoded character",
        &["https://%61.com", "https://%2a.com"],
    );
}

#[test]
fn a_host_has_253_bytes_at_most() {
    let host = ["a".repeat(61).as_str(); 4].join(".") + ".abcde";
    assert_eq!(host.len(), 253);
    assert!(Origin::parse(&format!("https://{host}")).is_ok());
    assert!(Origin::parse(&format!("https://{host}.")).is_ok());
    assert!(Origin::parse(&format!("https://{host}f")).is_err());
    assert!(Origin::parse(&format!("https://{host}.:65535")).is_ok());
    assert_refused(
        "has more than 268 characters",
        &[
            &format!("https://{}", "a".repeat(100_000)),
            &format!("https://{}", "a".repeat(261)),
        ],
    );
    assert!(!refusal(&format!("https://{}", "a".repeat(260))).contains("has more than"));
}

#[test]
fn a_list_keeps_the_first_of_equal_origins_in_order() {
    let list =
        from_str::<OriginList>(r#"["https://b.com","https://a.com","HTTPS://B.com:443"]"#).unwrap();
    assert_eq!(list.to_json(), r#"["https://b.com","https://a.com"]"#);
    assert_eq!(serde_json::to_string(&list).unwrap(), list.to_json());
    assert_eq!(list.len(), 2);
}

#[test]
fn a_list_matches_exactly() {
    let list = from_str::<OriginList>(r#"["https://example.com"]"#).unwrap();
    assert!(list.contains("https://example.com"));
    for header in [
        "https://evilexample.com",
        "https://example.com.evil.com",
        "http://example.com",
        "https://example.com:8443",
        "https://example.com/",
        "HTTPS://EXAMPLE.COM",
        "null",
        "",
    ] {
        assert!(!list.contains(header), "{header}");
    }
}

#[test]
fn a_list_has_100_origins_at_most() {
    let json = |count: usize| {
        serde_json::Value::from_iter((0..count).map(|n| format!("https://a{n}.com"))).to_string()
    };
    assert_eq!(from_str::<OriginList>(&json(100)).unwrap().len(), 100);
    let error = from_str::<OriginList>(&json(101)).unwrap_err().to_string();
    assert!(error.contains("at most 100 are allowed"), "{error}");
}

#[test]
fn a_refusal_in_a_list_names_its_position() {
    object! {
        #[derive(Debug)]
        struct Body {
            allowed_cors_origins: OriginList,
        }
    }
    let refusal = |json: &str| from_str::<Body>(json).unwrap_err().to_string();
    assert!(
        refusal(r#"{"allowed_cors_origins":["https://a.com","https://a.com/x"]}"#)
            .starts_with("allowed_cors_origins[1]: 'https://a.com/x' has a path; an origin is scheme://host[:port]")
    );
    let too_many = format!(
        r#"{{"allowed_cors_origins":[{}"https://a.com"]}}"#,
        r#""https://a.com","#.repeat(100)
    );
    assert!(
        refusal(&too_many).starts_with("allowed_cors_origins: there are 101 origins; at most 100")
    );
    assert!(
        refusal(r#"{"allowed_cors_origins":"https://a.com"}"#)
            .contains("expected a list of origins")
    );
}

proptest! {
    #[test]
    fn normalising_is_idempotent(
        text in "(?i:https?|app)://[a-zA-Z0-9ü例.-]{1,30}(:[0-9]{1,5})?"
    ) {
        if let Ok(origin) = Origin::parse(&text) {
            prop_assert_eq!(Origin::parse(origin.as_str()).unwrap(), origin);
        }
    }

    #[test]
    fn what_is_accepted_is_what_a_browser_would_send(
        text in "(https?|HTTP|ftp)(://|:|:/)(a|B|ü|\\.|-|_|@|:|/|\\?|#|\\*|%2e|\\[|\\]|[0-9]| |\\t|\u{ff0a}|\u{3002}){0,12}"
    ) {
        if let Ok(origin) = Origin::parse(&text) {
            let url = Url::parse(&text).unwrap();
            prop_assert_eq!(origin.as_str(), url.origin().ascii_serialization());
            prop_assert_eq!((url.path(), url.query(), url.fragment(), url.username()), ("/", None, None, ""));
            prop_assert!(origin.as_str().is_ascii() && !origin.as_str().contains(['*', '%', '@', ' ']));
        }
    }

    #[test]
    fn what_is_accepted_of_an_app_is_what_the_standard_makes_of_it(
        text in "(app|Tauri|chrome-extension|a\\+1|ws|x_y)(://|:|:/)(a|B|ü|\\.|-|_|@|:|/|\\?|#|\\*|%2e|\\[|\\]|::1|<|\\^|'|[0-9]| ){0,12}"
    ) {
        if let Ok(origin) = Origin::parse(&text) {
            let url = Url::parse(&text).unwrap();
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            prop_assert_eq!(origin.as_str(), format!("{}://{}{port}", url.scheme(), url.host_str().unwrap()));
            prop_assert_eq!((url.path(), url.query(), url.fragment(), url.username()), ("", None, None, ""));
            prop_assert!(origin.as_str().is_ascii() && !origin.as_str().contains(['*', '%', '@', ' ']));
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = Origin::parse(&text);
        let _ = Origin::parse(&format!("https://{text}"));
    }
}
