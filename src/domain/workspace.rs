//! Workspaces as the clients of ModelArts name and share them (ModelArts spec sections 1.1 and 1.4).
//!
//! The service itself does no other checking than this: the SDK sends any value, so each bound stands here.

use crate::domain::json::object;
use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::lower_case::lower_case;
use super::wire::{json_enum, json_string};
use super::{Email, Invalid, Text, UserId, quoted};

/// The id of every project's default workspace.
pub const DEFAULT_WORKSPACE: &str = "0";
/// Its name, which no other workspace can have.
pub const DEFAULT_WORKSPACE_NAME: &str = "default";
/// The most grants of a workspace.
pub const MAX_GRANTS: usize = 500;
/// The most that they may take, in bytes of JSON (contract section 4, *What one caller can cost*).
pub const MAX_GRANTS_BYTES: usize = 64 << 10;

/// A workspace's description; may be empty.
pub type WorkspaceDescription = Text<0, 256>;

/// The name of a workspace: 4 to 64 Chinese characters, letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceName(String);

impl WorkspaceName {
    /// Accepts a name as it is. `default` is a name, too; who may have it is for the caller to say.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let characters = text.chars().count();
        let wrong = if !text.chars().all(is_of_a_name) {
            "has a character that a name cannot have".to_owned()
        } else if !(4..=64).contains(&characters) {
            format!("has {characters} characters")
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(Invalid::new(format!(
            "{} {wrong}; a name is 4 to 64 Chinese characters, letters, digits, '-' and '_'",
            quoted(text)
        )))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Letters are ASCII; Chinese characters are the CJK ideographs and `〇`.
fn is_of_a_name(character: char) -> bool {
    matches!(character, 'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '〇'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

impl Display for WorkspaceName {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

json_string!(WorkspaceName, expecting: "a name like \"workspace-1\"", schema: {
    "type": "string",
    "minLength": 4,
    "maxLength": 64,
    "description": "Name of a workspace: Chinese characters, letters, digits, '-' and '_'.",
    "examples": ["workspace-1"],
});

/// Whom a workspace is open to, in the letters in which it was sent: the documentation writes upper case, the real
/// service echoes what it was given (ModelArts spec section 1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthType(String);

impl AuthType {
    /// Accepts `PUBLIC`, `PRIVATE` and `INTERNAL` in any case.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.to_ascii_lowercase().as_str() {
            "public" | "private" | "internal" => Ok(Self(text.to_owned())),
            _ => Err(Invalid::new(format!(
                "{} is none of PUBLIC, PRIVATE and INTERNAL",
                quoted(text)
            ))),
        }
    }

    /// As it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether grants count.
    pub fn is_internal(&self) -> bool {
        self.0.eq_ignore_ascii_case("internal")
    }
}

impl Default for AuthType {
    /// `public`, as the real service answers where none was sent.
    fn default() -> Self {
        Self("public".to_owned())
    }
}

impl Display for AuthType {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

json_string!(AuthType, expecting: "PUBLIC, PRIVATE or INTERNAL", schema: {
    "type": "string",
    "description": "Whom a workspace is open to. PUBLIC: everyone who has the permission; PRIVATE: its creator and \
                    the organization's admins; INTERNAL: those and the users in its grants. Upper and lower case do \
                    not matter.",
    "examples": ["PUBLIC"],
});

/// The id of an enterprise project: `0`, or up to 36 letters, digits and `-`. Kept and shown; it gives no rights here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnterpriseProjectId(String);

impl EnterpriseProjectId {
    /// Accepts an id as it is.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let in_alphabet = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if in_alphabet && (1..=36).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new(format!(
            "{} is not an enterprise project; one is 1 to 36 letters, digits and '-'",
            quoted(text)
        )))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for EnterpriseProjectId {
    /// The default enterprise project.
    fn default() -> Self {
        Self("0".to_owned())
    }
}

impl Display for EnterpriseProjectId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

json_string!(EnterpriseProjectId, expecting: "an enterprise project like \"0\"", schema: {
    "type": "string",
    "pattern": "^[A-Za-z0-9-]{1,36}$",
    "examples": ["0"],
});

object! {
    /// A user whom an INTERNAL workspace is open to: given by id, or else by name.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct Grant {
        /// Id of the person or service user; takes precedence over `user_name`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub user_id: Option<Text<1, 64>>,
        /// E-mail address of the person or service user.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub user_name: Option<Text<1, 320>>,
        /// Kind of user: `IAM` (default), `FEDERATE` or `AGENCY`; stored and shown.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(not(target_arch = "wasm32"), schemars(default = "iam"))]
        pub user_type: Option<GrantType> = iam(),
    }
}

impl Grant {
    /// Refuses a name that is meant as an e-mail address and can be nobody's; other clients' users have names without `@`.
    pub fn check_name(&self) -> Result<(), Invalid> {
        match &self.user_name {
            Some(name) if name.as_str().contains('@') => Email::parse(name.as_str()).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// What the caller's id or e-mail address is compared with; none if neither was sent.
    pub fn grantee(&self) -> Option<String> {
        match (&self.user_id, &self.user_name) {
            (Some(id), _) => Some(
                UserId::parse(id.as_str())
                    .map_or_else(|_| id.as_str().to_owned(), |id| id.as_str().to_owned()),
            ),
            (None, Some(name)) => Some(Email::parse(name.as_str()).map_or_else(
                |_| lower_case(name.as_str()).unwrap_or_else(|| name.as_str().to_owned()),
                |email| email.to_string(),
            )),
            (None, None) => None,
        }
    }
}

fn iam() -> Option<GrantType> {
    Some(GrantType::Iam)
}

json_enum! {
    /// Kind of user that a grant names.
    GrantType: "a user type" {
        /// An IAM user.
        Iam = "IAM",
        /// A federated user.
        Federate = "FEDERATE",
        /// An agency.
        Agency = "AGENCY",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_4_to_64_characters_chinese_ones_included() {
        for name in ["abcd", "ws_1-A", "工作空间", &"a".repeat(64), "default"] {
            assert!(WorkspaceName::parse(name).is_ok(), "{name}");
        }
        for name in [
            "abc",
            "",
            &"a".repeat(65),
            "工作空",
            "a b c d",
            "äöüß",
            "name.1",
            "name\0x",
        ] {
            assert!(WorkspaceName::parse(name).is_err(), "{name:?}");
        }
        let with = |character: char| WorkspaceName::parse(&format!("abc{character}"));
        for character in "azAZ09-_〇\u{3400}\u{4dbf}\u{4e00}\u{9fff}\u{20000}\u{323af}".chars() {
            assert!(with(character).is_ok(), "{character:?}");
        }
        for character in "`{@[/:\u{33ff}\u{4dc0}\u{4dff}\u{a000}\u{1ffff}\u{323b0}".chars() {
            assert!(with(character).is_err(), "{character:?}");
        }
    }

    #[test]
    fn a_description_has_256_characters_at_most() {
        let description = |length: usize| WorkspaceDescription::parse(&"d".repeat(length));
        assert!(description(0).is_ok() && description(256).is_ok());
        assert!(description(257).is_err());
    }

    #[test]
    fn a_grant_has_an_id_of_64_and_a_name_of_320_characters_at_most() {
        let grant = |member: &str, length: usize| {
            let json = serde_json::json!({ member: "x".repeat(length) }).to_string();
            crate::domain::json::from_str::<Grant>(&json)
        };
        for (member, most) in [("user_id", 64), ("user_name", 320)] {
            assert!(grant(member, 1).is_ok() && grant(member, most).is_ok());
            assert!(grant(member, 0).is_err() && grant(member, most + 1).is_err());
        }
    }

    #[test]
    fn a_workspace_has_500_grants_and_64_kib_of_them_at_most() {
        assert_eq!((MAX_GRANTS, MAX_GRANTS_BYTES), (500, 65_536));
    }

    #[test]
    fn an_auth_type_is_read_in_any_case_and_kept_as_it_was_sent() {
        assert_eq!(AuthType::parse("Internal").unwrap().as_str(), "Internal");
        assert!(AuthType::parse("INTERNAL").unwrap().is_internal());
        assert!(AuthType::parse("secret").is_err());
        assert_eq!(AuthType::default().as_str(), "public");
    }

    #[test]
    fn a_grant_goes_by_id_before_name() {
        let grant = |json: &str| {
            crate::domain::json::from_str::<Grant>(json)
                .unwrap()
                .grantee()
        };
        let dashed = "13a9ba27-6888-4528-826e-8e1002eab13d";
        let both = r#"{"user_id":"13A9BA2768884528826E8E1002EAB13D","user_name":"a@b.c"}"#;
        assert_eq!(grant(both).as_deref(), Some(dashed));
        assert_eq!(grant(r#"{"user_name":"A@b.c"}"#).as_deref(), Some("a@b.c"));
        let other_spelling = r#"{"user_name":"Ju\u0308rgen@B\u00fccher.example."}"#;
        let address = Email::parse("jürgen@bücher.example").unwrap();
        assert_eq!(grant(other_spelling).as_deref(), Some(address.as_str()));
        assert_eq!(grant("{}"), None);
    }

    #[test]
    fn an_enterprise_project_is_short_and_plain() {
        for id in ["0", "13a9ba27-6888-4528-826e-8e1002eab13d"] {
            assert!(EnterpriseProjectId::parse(id).is_ok(), "{id}");
        }
        for id in ["", "a b", &"a".repeat(37)] {
            assert!(EnterpriseProjectId::parse(id).is_err(), "{id}");
        }
    }
}
