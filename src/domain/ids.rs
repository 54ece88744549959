//! Ids of everything that has one: UUIDs with a type for each kind, so that a user's id cannot stand where a role's is
//! meant.
//!
//! New ones are version 4, made from bytes that the caller drew; those that come from outside may be of any version,
//! in either case, with or without dashes (ModelArts clients send project ids without), and are kept in one form.

use super::wire::json_string;
use super::{Invalid, Timestamp, quoted};
use std::fmt::{self, Display, Formatter};
use uuid::{Builder, Uuid};

/// Reads 8-4-4-4-12 or 32 hexadecimal digits, in either case; braces and `urn:uuid:` are not taken.
fn parse_uuid(text: &str) -> Result<Uuid, Invalid> {
    let refusal = || {
        Invalid::new(format!(
            "{} is not an id; an id is a UUID like 13a9ba27-6888-4528-826e-8e1002eab13d",
            quoted(text)
        ))
    };
    match text.len() {
        32 | 36 => Uuid::try_parse(text).map_err(|_| refusal()),
        _ => Err(refusal()),
    }
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $type:ident: $form:ident, $expecting:literal, schema { $($schema:tt)+ };)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            /// Reads a UUID with or without dashes, in either case.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                parse_uuid(text).map(|uuid| Self(uuid.$form().to_string()))
            }

            /// A new id (UUID version 4) from 16 random bytes, of which 6 bits are overwritten.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(Builder::from_random_bytes(bytes).into_uuid().$form().to_string())
            }

            /// The id in its one form, in lower case.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Display for $type {
            fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        json_string!($type, expecting: $expecting, schema: { "type": "string", $($schema)+ });
    )+ };
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $type:ident;)+) => {
        typed_ids! { $(
            $(#[$doc])*
            $type: hyphenated, "an id like \"13a9ba27-6888-4528-826e-8e1002eab13d\"", schema {
                "format": "uuid",
                "examples": ["13a9ba27-6888-4528-826e-8e1002eab13d"],
            };
        )+ }
    };
}

uuid_ids! {
    /// An organization.
    OrganizationId;
    /// A project; also what ModelArts clients call `project_id`.
    ProjectId;
    /// A person.
    UserId;
    /// A service.
    ServiceId;
    /// A service user of a project.
    ServiceUserId;
    /// A role, default or custom.
    RoleId;
    /// The assignment of a role.
    RoleAssignmentId;
    /// A deployment.
    DeploymentId;
    /// A pipeline.
    PipelineId;
    /// A version of a deployment or of a pipeline.
    VersionId;
    /// An object of a pipeline version.
    PipelineObjectId;
    /// An attachment of a pipeline version.
    AttachmentId;
    /// An environment variable.
    EnvironmentVariableId;
    /// A revision of an upstream; [`RevisionId::at`] makes it.
    RevisionId;
    /// A token's row; not the token.
    TokenId;
    /// A voucher; not its code.
    VoucherId;
    /// An entry of the audit, which is the permit of a change.
    AuditId;
    /// A request schedule.
    ScheduleId;
    /// A webhook, or the test of one.
    WebhookId;
    /// The record of a request, of version 7: in the order of their making.
    RecordId;
}

typed_ids! {
    /// A request, as in `X-Request-Id`: 32 digits without dashes.
    RequestId: simple, "a request id like \"13a9ba2768884528826e8e1002eab13d\"", schema {
        "pattern": "^[0-9a-f]{32}$",
        "examples": ["13a9ba2768884528826e8e1002eab13d"],
    };
    /// A workspace, as ModelArts' clients know it: 32 digits without dashes. The default one is `0` instead.
    WorkspaceId: simple, "a workspace id like \"13a9ba2768884528826e8e1002eab13d\"", schema {
        "pattern": "^[0-9a-f]{32}$",
        "examples": ["13a9ba2768884528826e8e1002eab13d"],
    };
}

impl RevisionId {
    /// A new id (UUID version 7) from the time and 10 random bytes: later ones are greater.
    pub fn at(now: Timestamp, random: [u8; 16]) -> Self {
        let [bytes @ .., _, _, _, _, _, _] = random;
        let millis = u64::try_from(now.as_millis()).unwrap_or_default();
        let id = Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid();
        Self(id.hyphenated().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DASHED: &str = "13a9ba27-6888-4528-826e-8e1002eab13d";
    const PLAIN: &str = "13a9ba2768884528826e8e1002eab13d";

    #[test]
    fn an_id_has_one_form_whichever_was_sent() {
        for sent in [DASHED, PLAIN, &DASHED.to_uppercase(), &PLAIN.to_uppercase()] {
            assert_eq!(ProjectId::parse(sent).unwrap().as_str(), DASHED);
            assert_eq!(RequestId::parse(sent).unwrap().as_str(), PLAIN);
        }
    }

    #[test]
    fn what_is_not_a_uuid_is_refused_with_an_example() {
        let braced = format!("{{{DASHED}}}");
        let urn = format!("urn:uuid:{DASHED}");
        let misplaced = "13a9ba276-888-4528-826e-8e1002eab13d";
        for text in [
            "",
            "1",
            &DASHED[1..],
            &braced,
            &urn,
            misplaced,
            &DASHED.replace('a', "g"),
            &PLAIN.replace('a', "é"),
        ] {
            assert!(
                ProjectId::parse(text)
                    .unwrap_err()
                    .to_string()
                    .contains("a UUID like 13a9ba27"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_new_id_is_of_version_4() {
        let id = UserId::from_random([0xff; 16]);
        assert_eq!(id.as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(
            RequestId::from_random([0; 16]).as_str(),
            "00000000000040008000000000000000"
        );
    }

    #[test]
    fn a_later_revision_has_a_greater_id() {
        let at = |millis, random| RevisionId::at(Timestamp::from_millis(millis), [random; 16]);
        assert_eq!(
            at(1_780_000_000_000, 0).as_str(),
            "019e7044-8800-7000-8000-000000000000"
        );
        assert!(at(1_780_000_000_001, 0) > at(1_780_000_000_000, 0xff));
    }

    proptest! {
        #[test]
        fn a_new_id_parses_to_itself(bytes in any::<[u8; 16]>()) {
            let id = AuditId::from_random(bytes);
            prop_assert_eq!(AuditId::parse(id.as_str()).unwrap(), id.clone());
            prop_assert_eq!(AuditId::parse(&id.as_str().replace('-', "")).unwrap(), id);
        }

        #[test]
        fn no_text_of_a_uuids_length_panics(text in "(\\PC|-|a|0){8,36}") {
            let _ = TokenId::parse(&text);
        }
    }
}
