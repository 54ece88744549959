//! The audit trail, whose rows are the permits of the changes they record.
//!
//! The first statement of every write is `INSERT INTO audit ... SELECT ... WHERE <the rules hold>`, made with
//! [`permit!`]; each later one has `WHERE` [`permitted!`]. So a change and its row stand or fall together, and a rule is
//! decided in the transaction that it protects. Where the permit was not given, its verdict, made from the same rules, says
//! why ([`Connection::write`]). What conditions say of the caller stands in [`rights`](crate::store::rights); pages of a trail are read by
//! [`trail`](crate::store::trail).

use serde_json::{Map, Value};

use crate::auth::access::Authority;
use crate::domain::json;
use crate::domain::time::Timestamp;
use crate::domain::{AnyId, AuditId, OrganizationId, ProjectId, RequestId};
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;

/// The permit of a change: `permit!(object id, before, condition)`, each a fragment of SQL, the condition one of
/// [`rules!`](crate::sql::rules) wherever a change can be refused. In front of them may stand
/// the organization's id where it is not known beforehand, or `name` and how to find the object's name.
macro_rules! permit {
    (name $name:expr, $object_id:expr, $before:expr, $condition:expr) => {
        permit!(@row ":organization_id", $object_id, $name, $before, $condition)
    };
    ($object_id:expr, $before:expr, $condition:expr) => {
        permit!(@row ":organization_id", $object_id, ":object_name", $before, $condition)
    };
    ($organization_id:expr, $object_id:expr, $before:expr, $condition:expr) => {
        permit!(@row $organization_id, $object_id, ":object_name", $before, $condition)
    };
    (@row $organization_id:expr, $object_id:expr, $name:expr, $before:expr, $condition:expr) => {
        concat!(
            "INSERT INTO audit (id, date, request_id, actor, actor_id, action, event, object_type, object_id,
                                object_name, organization_id, project_id, before, after)
             SELECT :audit_id, #now, :request_id, :actor, :principal_id, :action, rtrim(:event || ' ' || ",
            $name,
            "), :object_type, ",
            $object_id,
            ", ",
            $name,
            ", ",
            $organization_id,
            ", :project_id, ",
            $before,
            ", :after WHERE ",
            $condition
        )
    };
}
pub(crate) use permit;

/// Whether the permit of this batch was given.
macro_rules! permitted {
    () => {
        "EXISTS (SELECT 1 FROM audit WHERE id = :audit_id)"
    };
}
pub(crate) use permitted;

/// What a change is, for its audit row.
pub struct Change<'a> {
    /// What is done.
    pub action: Action,
    /// The kind of object, as in the trail: `project`, `service_user`, ...
    pub object_type: &'static str,
    /// Its id.
    pub object_id: AnyId<'a>,
    /// Its name, as the caller knows it.
    pub object_name: &'a str,
    /// The organization whose trail it enters.
    pub organization_id: Option<&'a OrganizationId>,
    /// The project whose trail it enters.
    pub project_id: Option<&'a ProjectId>,
    /// The new state, or the fields that change; null for a deletion. Never a token, secret or voucher code.
    pub after: Option<Value>,
}

/// Those of the fields that are given, as an object: what a change is after.
#[must_use]
pub fn given(fields: Vec<(&str, Option<Value>)>) -> Value {
    // Not collected, which would sort first: the module has no other use of a stable sort.
    let mut given = Map::new();
    for (name, value) in fields {
        if let Some(value) = value {
            given.insert(name.to_owned(), value);
        }
    }
    Value::Object(given)
}

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It comes into being.
    Create,
    /// It changes.
    Update,
    /// It goes.
    Delete,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    fn past(self) -> &'static str {
        match self {
            Self::Create => "Created",
            Self::Update => "Updated",
            Self::Delete => "Deleted",
        }
    }
}

/// What a change is made with: over which connection, by whom, when, and under which ids.
pub struct ChangeContext<'a> {
    /// The request's line to the database.
    pub connection: &'a Connection,
    /// Who makes it, and by which right.
    pub authority: &'a Authority,
    /// The time of the request.
    pub now: Timestamp,
    /// The request's id.
    pub request_id: RequestId,
    /// A fresh id for the audit row.
    pub audit_id: AuditId,
}

impl Change<'_> {
    /// The parameters that [`permit!`] and the fragments about the caller name.
    #[must_use]
    pub fn parameters(self, context: &ChangeContext<'_>) -> Parameters {
        let authority = context.authority;
        let event = format!(
            "{} {}",
            self.action.past(),
            self.object_type.replace('_', " ")
        );
        let principal = authority.principal();
        Parameters::new()
            .text("audit_id", &context.audit_id)
            .integer("now", context.now.as_millis())
            .text("request_id", &context.request_id)
            .text("actor", principal.email())
            .optional_text("principal_id", principal.id())
            .flag("operator", principal.is_operator())
            .optional_text("token_id", authority.credential_id())
            .flag("fresh", authority.is_fresh(context.now))
            .optional_text(
                "permission",
                authority.permission().map(|permission| permission.name()),
            )
            .text("action", self.action.name())
            .text("event", event)
            .text("object_type", self.object_type)
            .text("object_id", self.object_id)
            .text("object_name", self.object_name)
            .optional_text("organization_id", self.organization_id)
            .optional_text("project_id", self.project_id)
            .optional_text("after", self.after.map(|after| json::text(&after)))
    }
}
