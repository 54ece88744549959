//! Who a valid credential stands for.

use crate::domain::time::Timestamp;
use crate::domain::{AnyId, ProjectId, ServiceUserId, UserId};

/// The one who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The operator of the installation; stands in no table.
    Operator,
    /// A person.
    User(User),
    /// A service user of a project.
    ServiceUser(ServiceUser),
}

/// A person, as far as a request needs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their e-mail address.
    pub email: String,
    /// Their first name.
    pub name: Option<String>,
    /// Their family name; known to calls that are about nothing but the caller.
    pub surname: Option<String>,
    /// When their account was made; known to the same.
    pub registration_date: Option<Timestamp>,
}

/// A service user, as far as a request needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUser {
    /// Its id.
    pub id: ServiceUserId,
    /// Its generated e-mail address.
    pub email: String,
    /// Its name, which may be empty.
    pub name: String,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// When it was created; known to calls that are about nothing but the caller.
    pub creation_date: Option<Timestamp>,
}

impl Principal {
    /// Its id; the operator has none.
    #[must_use]
    pub fn id(&self) -> Option<AnyId<'_>> {
        match self {
            Self::Operator => None,
            Self::User(user) => Some(user.id.any()),
            Self::ServiceUser(service_user) => Some(service_user.id.any()),
        }
    }

    /// How audit rows and the log name it.
    #[must_use]
    pub fn email(&self) -> &str {
        match self {
            Self::Operator => "operator",
            Self::User(user) => &user.email,
            Self::ServiceUser(service_user) => &service_user.email,
        }
    }

    /// Whether it is the operator.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        matches!(self, Self::Operator)
    }

    /// Whether it is a service user.
    #[must_use]
    pub fn is_service_user(&self) -> bool {
        matches!(self, Self::ServiceUser(_))
    }
}
