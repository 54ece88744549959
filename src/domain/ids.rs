//! Ids of everything that has one: [`Id`] with a type for each kind, so that a user's id cannot stand where a role's is
//! meant.
//!
//! New ones are UUIDs of version 4, made from bytes that the caller drew; those that come from outside may be of any
//! version, in either case, with or without dashes (ModelArts clients send project ids without), and are kept in one form.
//! Where several kinds are meant, a type says so: a wider kind, such as [`PrincipalId`] of people and service users, or
//! [`AnyId`], beside which stands of what it is.

use super::json::{Fault, FromJson, Json};
use super::{Invalid, Timestamp, quoted};
use std::fmt::{self, Debug, Display, Formatter};
use std::marker::PhantomData;
use uuid::{Builder, Uuid};

/// The id of something of one kind.
///
/// That is all that it promises: a row's id is one as the row has it, and so is what stands in a path where an id should
/// ([`Id::named`]), of which there is no row. What comes in a body or a query has been parsed ([`Id::parse`]).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<K>(String, PhantomData<K>);

/// What an id can be the id of.
pub trait Kind {
    /// How its ids are written.
    type Form: Form;
    /// What the OpenAPI document calls its ids.
    #[cfg(not(target_arch = "wasm32"))]
    const NAME: &'static str;
}

/// A way of writing ids.
pub trait Form {
    /// What is expected where another type of JSON stands.
    const EXPECTED: &'static str;

    /// Reads an id and brings it into its one form.
    ///
    /// # Errors
    /// It is none.
    fn read(text: &str) -> Result<String, Invalid>;

    /// A new id from random bytes.
    fn draw(random: [u8; 16]) -> String;

    /// Its schema.
    #[cfg(not(target_arch = "wasm32"))]
    fn schema() -> schemars::Schema;
}

impl<K> Id<K> {
    /// The id as the installation itself keeps it, in a row above all.
    pub(crate) fn kept(text: String) -> Self {
        Self(text, PhantomData)
    }

    /// The id, in lower case if it is a UUID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text that it is.
    pub(crate) fn text(&self) -> &String {
        &self.0
    }

    /// The same where its kind is told beside it.
    #[must_use]
    pub fn any(&self) -> AnyId<'_> {
        AnyId(&self.0)
    }
}

impl<K: Kind> Id<K> {
    /// Reads an id that comes from outside.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        K::Form::read(text).map(Self::kept)
    }

    /// The id that a text is, or the text as it stands there: no row has that.
    #[must_use]
    pub fn named(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| Self::kept(text.to_owned()))
    }

    /// A new id from random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self::kept(K::Form::draw(bytes))
    }
}

impl<K> Display for Id<K> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<K> Debug for Id<K> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.0, formatter)
    }
}

/// No id: what stands for one that was not found, until that is told.
impl<K> Default for Id<K> {
    fn default() -> Self {
        Self::kept(String::new())
    }
}

impl<K> From<Id<K>> for String {
    fn from(id: Id<K>) -> Self {
        id.0
    }
}

impl<K: Kind> FromJson for Id<K> {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        json.parsed(&K::Form::EXPECTED, Self::parse)
    }
}

impl<K> serde::Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl<K: Kind> schemars::JsonSchema for Id<K> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        K::NAME.into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        K::Form::schema()
    }
}

/// The id of something whose kind is told beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnyId<'a>(&'a str);

impl<'a> AnyId<'a> {
    /// Of what a text identifies that is told of what kind it is: a name that stands for an id, or what a row tells.
    #[must_use]
    pub fn told(text: &'a str) -> Self {
        Self(text)
    }

    /// The id.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

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

/// A UUID with dashes.
pub enum Dashed {}

impl Form for Dashed {
    const EXPECTED: &'static str = "an id like \"13a9ba27-6888-4528-826e-8e1002eab13d\"";

    fn read(text: &str) -> Result<String, Invalid> {
        Ok(parse_uuid(text)?.hyphenated().to_string())
    }

    fn draw(random: [u8; 16]) -> String {
        let uuid = Builder::from_random_bytes(random).into_uuid();
        uuid.hyphenated().to_string()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema() -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "uuid",
            "examples": ["13a9ba27-6888-4528-826e-8e1002eab13d"],
        })
    }
}

/// A UUID without dashes.
pub enum Plain {}

impl Form for Plain {
    const EXPECTED: &'static str = "an id like \"13a9ba2768884528826e8e1002eab13d\"";

    fn read(text: &str) -> Result<String, Invalid> {
        Ok(parse_uuid(text)?.simple().to_string())
    }

    fn draw(random: [u8; 16]) -> String {
        let uuid = Builder::from_random_bytes(random).into_uuid();
        uuid.simple().to_string()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema() -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9a-f]{32}$",
            "examples": ["13a9ba2768884528826e8e1002eab13d"],
        })
    }
}

/// Each kind, and the name of its ids.
macro_rules! kinds {
    ($($(#[$doc:meta])* $id:ident: $kind:ident, $form:ident;)+) => {
        /// What ids are of.
        pub mod kind {
            $(
                $(#[$doc])*
                #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
                pub enum $kind {}
            )+
        }

        $(
            $(#[$doc])*
            pub type $id = Id<kind::$kind>;

            impl Kind for kind::$kind {
                type Form = $form;
                #[cfg(not(target_arch = "wasm32"))]
                const NAME: &'static str = stringify!($id);
            }
        )+
    };
}

kinds! {
    /// An organization.
    OrganizationId: Organization, Dashed;
    /// A project; also what ModelArts clients call `project_id`.
    ProjectId: Project, Dashed;
    /// A person.
    UserId: User, Dashed;
    /// A service user of a project.
    ServiceUserId: ServiceUser, Dashed;
    /// Whoever calls with a token: a person or a service user.
    PrincipalId: Principal, Dashed;
    /// A service.
    ServiceId: Service, Dashed;
    /// What one caller of a service may.
    ServiceLimitId: ServiceLimit, Dashed;
    /// A role, default or custom.
    RoleId: Role, Dashed;
    /// The assignment of a role.
    RoleAssignmentId: RoleAssignment, Dashed;
    /// A target: a deployment or a pipeline, which are made and looked up alike.
    TargetId: Target, Dashed;
    /// A version of a deployment or of a pipeline.
    VersionId: Version, Dashed;
    /// An object of a pipeline version.
    PipelineObjectId: PipelineObject, Dashed;
    /// An attachment of a pipeline version.
    AttachmentId: Attachment, Dashed;
    /// An environment variable.
    EnvironmentVariableId: EnvironmentVariable, Dashed;
    /// What environment variables belong to: a project, a deployment or a version.
    PlaceId: Place, Dashed;
    /// A revision of an upstream; `RevisionId::at` makes it.
    RevisionId: Revision, Dashed;
    /// A token's row; not the token.
    TokenId: Token, Dashed;
    /// A link with which somebody signs in; not its secret.
    SignInLinkId: SignInLink, Dashed;
    /// A voucher; not its code.
    VoucherId: Voucher, Dashed;
    /// An entry of the audit, which is the permit of a change.
    AuditId: Audit, Dashed;
    /// A request schedule.
    ScheduleId: Schedule, Dashed;
    /// A webhook, or the test of one.
    WebhookId: Webhook, Dashed;
    /// The record of a request, of version 7: in the order of their making.
    RecordId: Record, Dashed;
    /// What a scheduled run has a request, or what a webhook is to be told, to itself by for a while.
    ClaimId: Claim, Plain;
    /// Whoever makes a request: a person, a service user, or by its name the operator or nobody.
    CallerId: Caller, Dashed;
    /// A request, as in `X-Request-Id`: 32 digits without dashes.
    RequestId: Request, Plain;
    /// A workspace, as ModelArts' clients know it: 32 digits without dashes. The default one is `0` instead.
    WorkspaceId: Workspace, Plain;
}

impl PrincipalId {
    /// The same, of whom it is known that they are a person.
    pub(crate) fn of_user(self) -> UserId {
        Id::kept(self.0)
    }

    /// The same, of whom it is known that they are a service user.
    pub(crate) fn of_service_user(self) -> ServiceUserId {
        Id::kept(self.0)
    }
}

impl RevisionId {
    /// A new id (UUID version 7) from the time and 10 random bytes: later ones are greater.
    pub fn at(now: Timestamp, random: [u8; 16]) -> Self {
        let [bytes @ .., _, _, _, _, _, _] = random;
        Self::kept(in_order(now, &bytes))
    }
}

impl RecordId {
    /// A new id (UUID version 7) from the time and 10 random bytes: ids are in the order of their making.
    pub fn at(now: Timestamp, random: &[u8; 10]) -> Self {
        Self::kept(in_order(now, random))
    }
}

fn in_order(now: Timestamp, random: &[u8; 10]) -> String {
    let millis = u64::try_from(now.as_millis()).unwrap_or_default();
    let id = Builder::from_unix_timestamp_millis(millis, random).into_uuid();
    id.hyphenated().to_string()
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
