//! What a route asks of its caller.
//!
//! A route names its [`Access`] in the table and nowhere else; the app checks it before the handler runs, so a
//! handler without a check cannot be written. A write repeats the right in its own SQL with the [`Authority`] that
//! only this check hands out, so a right that is lost between the two round trips is lost.

use crate::auth::permissions::{self, Permission};
use crate::auth::principal::{Principal, User};
use crate::domain::time::Timestamp;
use crate::domain::{AccessKeyId, AnyId, TokenId, UserId};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a credential.
    Public,
    /// The operator alone.
    Operator,
    /// Whoever has a valid token.
    Anyone,
    /// A person or the operator; no service user.
    Person,
    /// A person who is signed in on a page: by a session, not by a token.
    Session,
    /// A member of the organization in the path.
    OrganizationMember,
    /// An admin of the organization in the path.
    OrganizationAdmin,
    /// An admin of the organization in the path, or the member whose id is in the path: whoever is in may leave.
    OrganizationAdminOrOneself,
    /// Whoever has a part in the project in the path.
    ProjectPart,
    /// Whoever holds this permission on the project in the path.
    Project(Permission),
    /// A person who holds this permission on the project in the path, or the operator; no service user.
    PersonOfProject(Permission),
    /// Whoever holds this permission on the project whose id is in the path. For the ModelArts-compatible surface,
    /// which takes signed requests too.
    Workspaces(Permission),
    /// The same, and whom the workspace in the path is open to.
    Workspace(Permission),
    /// Whoever holds this permission on the project in the path, or on the deployment in it.
    Deployment(Permission),
    /// The same, of the deployment of the model that the body names.
    Model(Permission),
    /// Whoever holds this permission on the project of the service in the path, or on its deployment; anybody, where the
    /// service asks for no token.
    Service(Permission),
    /// Whoever holds this permission on the project in the path, or on the pipeline in it.
    Pipeline(Permission),
    /// An admin of the organization that the project in the path belongs to.
    ProjectAdmin,
    /// Such an admin, or the person of the project whose id is in the path: whoever is in may leave.
    ProjectAdminOrOneself,
}

impl Access {
    /// The permission that it names, if it names one.
    #[must_use]
    pub fn permission(self) -> Option<Permission> {
        match self {
            Self::Project(permission)
            | Self::PersonOfProject(permission)
            | Self::Workspaces(permission)
            | Self::Workspace(permission)
            | Self::Deployment(permission)
            | Self::Model(permission)
            | Self::Service(permission)
            | Self::Pipeline(permission) => Some(permission),
            _ => None,
        }
    }

    /// Whether what it opens is the project itself, which is shown with what has become of its budgets.
    #[must_use]
    pub fn shows_project(self) -> bool {
        self == Self::Project(permissions::PROJECTS_GET)
    }
}

impl std::fmt::Display for Access {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Public => formatter.write_str("public"),
            Self::Operator => formatter.write_str("operator"),
            Self::Anyone => formatter.write_str("any valid token"),
            Self::Person => formatter.write_str("a person"),
            Self::Session => formatter.write_str("a person who is signed in"),
            Self::OrganizationMember => formatter.write_str("organization member"),
            Self::OrganizationAdmin => formatter.write_str("organization admin"),
            Self::OrganizationAdminOrOneself => {
                formatter.write_str("organization admin, or oneself")
            }
            Self::ProjectPart => formatter.write_str("a part in the project"),
            Self::Project(permission) => formatter.write_str(permission.name()),
            Self::PersonOfProject(permission) => {
                write!(formatter, "{}, a person", permission.name())
            }
            Self::Workspaces(permission) | Self::Workspace(permission) => {
                write!(formatter, "{}, and an open workspace", permission.name())
            }
            Self::Deployment(permission) => {
                write!(
                    formatter,
                    "{} on the project or deployment",
                    permission.name()
                )
            }
            Self::Model(permission) => {
                write!(
                    formatter,
                    "{} on the project or the model's deployment",
                    permission.name()
                )
            }
            Self::Service(permission) => {
                write!(
                    formatter,
                    "{} on the project, or an open service",
                    permission.name()
                )
            }
            Self::Pipeline(permission) => {
                write!(
                    formatter,
                    "{} on the project or pipeline",
                    permission.name()
                )
            }
            Self::ProjectAdmin => formatter.write_str("admin of the project's organization"),
            Self::ProjectAdminOrOneself => {
                formatter.write_str("admin of the project's organization, or oneself")
            }
        }
    }
}

/// The row of what a caller shows.
#[derive(Debug)]
pub enum CredentialId {
    /// That of a token, or of a session.
    Token(TokenId),
    /// That of an access key.
    AccessKey(AccessKeyId),
}

/// An authorised caller. Only [`Authority::granted`] makes one, and only the app's check calls it; every store
/// function that changes something asks for it, as part of the context of the change.
#[derive(Debug)]
pub struct Authority {
    principal: Principal,
    credential: Option<CredentialId>,
    session_since: Option<Timestamp>,
    access: Access,
}

/// For so long after signing in a person may do what outlives their session, in milliseconds (contract section 8).
pub const FRESH: i64 = 15 * 60 * 1_000;

impl Authority {
    /// For the app, once it has checked that the caller has what the route asks.
    pub(crate) fn granted(
        principal: Principal,
        credential: Option<CredentialId>,
        access: Access,
    ) -> Self {
        Self {
            principal,
            credential,
            session_since: None,
            access,
        }
    }

    /// By a session that was made then.
    pub(crate) fn in_session(self, since: Option<Timestamp>) -> Self {
        Self {
            session_since: since,
            ..self
        }
    }

    /// Whether they may do what outlives their session: by a token always, in a session only for a while.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let since = self.session_since;
        since.is_none_or(|since| since.plus_millis(FRESH) > now)
    }

    /// When the session that they call in was made; nothing where they show a token.
    #[must_use]
    pub fn session_since(&self) -> Option<Timestamp> {
        self.session_since
    }

    /// Of a call that nobody has been checked for: it holds no right, not the operator's either.
    pub(crate) fn nobody() -> Self {
        let nobody = User {
            id: UserId::default(),
            email: "nobody".to_owned(),
            name: None,
            surname: None,
            registration_date: None,
        };
        Self::granted(Principal::User(nobody), None, Access::Public)
    }

    /// Who is calling.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The row of the token or access key that they showed; the operator's has none.
    #[must_use]
    pub fn credential_id(&self) -> Option<AnyId<'_>> {
        self.credential.as_ref().map(|credential| match credential {
            CredentialId::Token(id) => id.any(),
            CredentialId::AccessKey(id) => id.any(),
        })
    }

    /// The row of the token that they showed, or of their session.
    #[must_use]
    pub fn token_id(&self) -> Option<&TokenId> {
        match &self.credential {
            Some(CredentialId::Token(id)) => Some(id),
            _ => None,
        }
    }

    /// The permission that the route names, if it names one.
    #[must_use]
    pub fn permission(&self) -> Option<Permission> {
        self.access.permission()
    }
}
