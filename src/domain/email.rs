//! E-mail addresses of people and service users, each in one form.
//!
//! An address is an identity here, not a destination: it is compared, shown and signed in with, so the check is about
//! what would make two addresses look the same or break a client, not about what a mail server takes. It is kept and
//! compared in lower case, in Normalization Form C, with the domain as the DNS knows it (contract section 2).

use super::lower_case::lower_case;
use super::wire::json_string;
use super::{Invalid, host, nfc, quoted};
use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::net::Ipv4Addr;

/// An e-mail address in the form in which it is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// Longest address, in characters: the clients' limit, and that of RFC 5321 (erratum 1690).
    pub const MAX_CHARS: usize = 254;

    /// Normalises an address with one `@` and something on both sides; refuses white space, what cannot be seen, and `%`.
    pub fn parse(address: &str) -> Result<Self, Invalid> {
        let refuse = |wrong: &str| Err(Invalid::new(format!("{} {wrong}", quoted(address))));
        check_length(address)?;
        if address.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return refuse("has white space or a control character; an e-mail address has neither");
        }
        if let Some(invisible) = address.chars().find(|c| is_invisible(*c)) {
            return refuse(&format!(
                "has the invisible character U+{:04X}; an e-mail address has none",
                u32::from(invisible)
            ));
        }
        if address.contains('%') {
            // Its configuration file interpolates `%`, and signing in crashes.
            return refuse("has a '%', which the UbiOps command line client cannot store");
        }
        if address.chars().any(becomes_ascii) {
            return refuse(
                "has a letter that looks like another in lower case; write the plain letter",
            );
        }
        let Some((local, domain)) = address.split_once('@').filter(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        }) else {
            return refuse("is not an e-mail address; it has one '@' with something on both sides");
        };
        let Some(domain) = normalised_domain(domain) else {
            return refuse(
                "has no valid domain behind its '@'; one is like example.com, and no IP address",
            );
        };
        let Some(local) = normalised_local_part(local) else {
            return refuse("cannot be put into Unicode's Normalization Form C");
        };
        let normal = format!("{local}@{domain}");
        check_length(&normal)?;
        Ok(Self(normal))
    }

    /// The address in its one form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether its domain is this one, in whichever spelling; a domain below it is another.
    #[must_use]
    pub fn is_in(&self, domain: &str) -> bool {
        let own = self.0.split_once('@').map(|(_, own)| own);
        own.is_some() && own == normalised_domain(domain).as_deref()
    }
}

/// At most so many characters as sent, which bounds the work, and as kept.
fn check_length(address: &str) -> Result<(), Invalid> {
    match address.chars().count() {
        0..=Email::MAX_CHARS => Ok(()),
        length => Err(Invalid::new(format!(
            "{} has {length} characters; at most {} are allowed",
            quoted(address),
            Email::MAX_CHARS
        ))),
    }
}

/// What stands before the `@`. Lower-casing may leave letters that go together with their marks.
fn normalised_local_part(local: &str) -> Option<String> {
    let lower = lower_case(&nfc::normalise(local)?)?;
    nfc::normalise(&lower).map(Cow::into_owned)
}

/// The domain in the form of the DNS, without the dot that may end it; none where it is no domain. A parser of hosts
/// takes more than that: what begins a port, a path or an address of IPv6 is none of a domain, nor is an address of IPv4,
/// which it makes of every number.
fn normalised_domain(domain: &str) -> Option<String> {
    if domain.contains(['/', '\\', '?', '#', ':', '[', ']']) {
        return None;
    }
    let mut host = host::normalise(domain)?;
    if host.ends_with('.') {
        host.pop();
    }
    let is_domain =
        host.split('.').all(|label| !label.is_empty()) && host.parse::<Ipv4Addr>().is_err();
    is_domain.then_some(host)
}

/// Control, format and other default-ignorable characters (Unicode 17: general categories Cc and Cf, property
/// Default_Ignorable_Code_Point), from the first to the last of each run. With one of them in it, an address looks like
/// somebody else's.
const INVISIBLE: [(u32, u32); 27] = [
    (0x0000, 0x001f),
    (0x007f, 0x009f),
    (0x00ad, 0x00ad),
    (0x034f, 0x034f),
    (0x0600, 0x0605),
    (0x061c, 0x061c),
    (0x06dd, 0x06dd),
    (0x070f, 0x070f),
    (0x0890, 0x0891),
    (0x08e2, 0x08e2),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x202a, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0x1_10bd, 0x1_10bd),
    (0x1_10cd, 0x1_10cd),
    (0x1_3430, 0x1_343f),
    (0x1_bca0, 0x1_bca3),
    (0x1_d173, 0x1_d17a),
    (0xe_0000, 0xe_0fff),
];

fn is_invisible(character: char) -> bool {
    let code = u32::from(character);
    INVISIBLE
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&code))
}

/// Whether lower-casing turns a foreign letter into an ASCII one (the Kelvin sign, the dotted I): whoever has such an
/// address would be taken for somebody else.
fn becomes_ascii(character: char) -> bool {
    matches!(character, '\u{212a}' | '\u{130}')
}

impl Display for Email {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

json_string!(Email, expecting: "an e-mail address like \"ada@example.com\"", schema: {
    "type": "string",
    "format": "email",
    "minLength": 3,
    "maxLength": 254,
    "description": "An e-mail address; stored and compared in lower case, in Unicode's Normalization Form C, with \
                    the domain in ASCII (xn--...) and without a dot at its end.",
    "examples": ["ada@example.com"],
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Shared with the test of the wasm module in workerd.
    const GOLDEN: &str = include_str!("../../tests/golden/emails.json");

    fn refusal(address: &str) -> String {
        Email::parse(address).unwrap_err().to_string()
    }

    #[test]
    fn an_address_is_kept_in_lower_case() {
        assert_eq!(
            Email::parse("Ada.Lovelace@Example.COM").unwrap().as_str(),
            "ada.lovelace@example.com"
        );
        assert_eq!(
            Email::parse("JÜRGEN@example.com").unwrap().as_str(),
            "jürgen@example.com"
        );
    }

    #[test]
    fn each_address_takes_the_form_in_which_it_is_compared_or_is_refused() {
        let golden: BTreeMap<String, Option<String>> = serde_json::from_str(GOLDEN).unwrap();
        for (address, normal) in golden {
            let parsed = Email::parse(&address).ok();
            assert_eq!(parsed.map(|email| email.0), normal, "{address:?}");
        }
    }

    #[test]
    fn what_is_invisible_is_what_unicode_says() {
        use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
        use icu_properties::{CodePointMapData, CodePointSetData};
        let categories = CodePointMapData::<GeneralCategory>::new();
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        for character in '\0'..=char::MAX {
            let category = categories.get(character);
            let unicode = ignorable.contains(character)
                || matches!(category, GeneralCategory::Control | GeneralCategory::Format);
            assert_eq!(
                is_invisible(character),
                unicode,
                "U+{:04X}",
                u32::from(character)
            );
        }
    }

    #[test]
    fn what_becomes_ascii_is_what_unicode_says() {
        for character in '\u{80}'..=char::MAX {
            let unicode = character.to_lowercase().any(|lower| lower.is_ascii());
            assert_eq!(
                becomes_ascii(character),
                unicode,
                "U+{:04X}",
                u32::from(character)
            );
        }
    }

    #[test]
    fn what_cannot_be_seen_is_named() {
        assert!(refusal("kim\u{200b}@example.com").contains("invisible character U+200B"));
        assert!(refusal("kim@exam\u{ad}ple.com").contains("invisible character U+00AD"));
    }

    #[test]
    fn a_domain_is_one() {
        for domain in [
            "a..b",
            ".a",
            "a..",
            ".",
            "a:1",
            "a/b",
            "[::1]",
            "\u{5d0}a.example",
            "a<b",
            "1",
            "127.1",
            "127.0.0.1.",
            "0x7f.1",
        ] {
            assert!(
                refusal(&format!("kim@{domain}")).contains("no valid domain"),
                "{domain}"
            );
        }
    }

    #[test]
    fn a_service_users_address_is_one() {
        let address = "13a9ba27-6888-4528-826e-8e1002eab13d.project1@serviceuser.tenantry.invalid";
        assert_eq!(Email::parse(address).unwrap().as_str(), address);
    }

    #[test]
    fn an_address_is_in_its_domain_however_that_is_spelled() {
        let address = Email::parse("kim@b\u{fc}cher.example").unwrap();
        for domain in [
            "b\u{fc}cher.example",
            "BU\u{308}CHER.example.",
            "xn--bcher-kva.example",
        ] {
            assert!(address.is_in(domain), "{domain}");
        }
        for domain in ["example", "a.xn--bcher-kva.example", "", "a b", "kim"] {
            assert!(!address.is_in(domain), "{domain}");
        }
    }

    #[test]
    fn there_is_one_at_sign_with_something_on_both_sides() {
        for address in ["", "ada", "@", "@example.com", "ada@", "a@b@c", "@@"] {
            assert!(
                refusal(address).contains("one '@' with something on both sides"),
                "{address}"
            );
        }
    }

    #[test]
    fn white_space_and_control_characters_are_refused() {
        for address in [
            " a@b",
            "a@b ",
            "a b@c",
            "a@b\n",
            "a\u{a0}@b",
            "a\0@b",
            "a@\u{7f}b",
        ] {
            assert!(
                refusal(address).contains("has white space or a control character"),
                "{address:?}"
            );
        }
    }

    #[test]
    fn a_percent_sign_is_refused_because_the_command_line_client_crashes_on_it() {
        assert!(refusal("50%@example.com").contains("command line client"));
    }

    #[test]
    fn no_letter_turns_into_somebody_elses() {
        assert!(refusal("\u{212a}ate@example.com").contains("looks like another"));
        assert!(refusal("ad\u{130}@example.com").contains("looks like another"));
    }

    #[test]
    fn an_address_has_254_characters_at_most() {
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(242))).is_ok());
        assert!(
            refusal(&format!("{}@example.com", "a".repeat(243))).contains("has 255 characters")
        );
    }

    proptest! {
        #[test]
        fn normalising_is_idempotent(address in "\\PC{1,20}@\\PC{1,20}") {
            if let Ok(email) = Email::parse(&address) {
                prop_assert_eq!(&Email::parse(email.as_str()).unwrap(), &email);
            }
        }

        #[test]
        fn case_makes_no_difference(address in "[A-Za-z0-9.+-]{1,20}@[A-Za-z0-9.-]{1,20}") {
            prop_assert_eq!(Email::parse(&address).ok(), Email::parse(&address.to_uppercase()).ok());
        }
    }
}
