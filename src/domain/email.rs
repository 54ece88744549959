//! E-mail addresses of people and service users, in lower case.
//!
//! An address is an identity here, not a destination: it is compared, shown and signed in with, so the check is about
//! what would make two addresses the same or break a client, not about what a mail server takes.

use super::wire::json_string;
use super::{Invalid, quoted};
use std::fmt::{self, Display, Formatter};

/// An e-mail address, lower-cased.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// Longest address, in characters: the clients' limit, and that of RFC 5321 (erratum 1690).
    pub const MAX_CHARS: usize = 254;

    /// Lower-cases an address with one `@` and something on both sides; refuses white space, control characters
    /// and `%`.
    pub fn parse(address: &str) -> Result<Self, Invalid> {
        let refuse = |wrong: &str| Err(Invalid::new(format!("{} {wrong}", quoted(address))));
        if address.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return refuse("has white space or a control character; an e-mail address has neither");
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
        match address.split_once('@') {
            Some((local, domain))
                if !local.is_empty() && !domain.is_empty() && !domain.contains('@') => {}
            _ => {
                return refuse(
                    "is not an e-mail address; it has one '@' with something on both sides",
                );
            }
        }
        let lower = address.to_lowercase();
        match lower.chars().count() {
            0..=Self::MAX_CHARS => Ok(Self(lower)),
            length => refuse(&format!(
                "has {length} characters; at most {} are allowed",
                Self::MAX_CHARS
            )),
        }
    }

    /// The address, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether lower-casing turns a foreign letter into an ASCII one (the Kelvin sign, the dotted I): whoever has such an
/// address would be taken for somebody else.
fn becomes_ascii(character: char) -> bool {
    !character.is_ascii() && character.to_lowercase().any(|lower| lower.is_ascii())
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
    "description": "An e-mail address; kept and compared in lower case.",
    "examples": ["ada@example.com"],
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
    fn a_service_users_address_is_one() {
        let address = "13a9ba27-6888-4528-826e-8e1002eab13d.project1@serviceuser.tenantry.invalid";
        assert_eq!(Email::parse(address).unwrap().as_str(), address);
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
        fn lower_casing_is_idempotent(address in any::<String>()) {
            if let Ok(email) = Email::parse(&address) {
                prop_assert_eq!(&Email::parse(email.as_str()).unwrap(), &email);
            }
        }

        #[test]
        fn case_makes_no_difference(address in "[A-Za-z0-9.+-]{1,20}@[A-Za-z0-9.-]{1,20}") {
            prop_assert_eq!(Email::parse(&address).unwrap(), Email::parse(&address.to_uppercase()).unwrap());
        }
    }
}
