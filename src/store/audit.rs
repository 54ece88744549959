//! The audit trail, whose rows are the permits of the changes they record.
//!
//! The first statement of every write is `INSERT INTO audit ... SELECT ... WHERE <the rule holds>`, made with
//! [`permit!`]; each later one has `WHERE` [`permitted!`]; a last `SELECT` in the same batch says why nothing
//! happened. So a change and its row stand or fall together, and a rule is decided in the transaction that it
//! protects. The fragments of SQL that state a caller's rights are here too, so that each right has one wording.

use serde::Serialize;
use serde_json::Value;

use crate::auth::access::Authority;
use crate::domain::invalid::quoted;
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::sql::{Sql, statements};
use crate::store::projects::Project;
use crate::store::rows::{Flag, JsonText, Millis, row};
use crate::store::session::Session;

/// The permit of a change: `permit!(object id, before, condition)`, each a fragment of SQL. In front of them may stand
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

/// Whether the caller's token or access key is still good.
macro_rules! caller_lives {
    () => {
        "(EXISTS (SELECT 1 FROM tokens WHERE id = :token_id AND coalesce(grace_end > #now, 1)
                  UNION ALL SELECT 1 FROM access_keys WHERE id = :token_id)
          AND NOT EXISTS (SELECT 1 FROM service_users WHERE id = :principal_id AND expiry_date <= #now))"
    };
}
pub(crate) use caller_lives;

/// Whether the caller is the operator, or his credential is still good and he still has this right.
macro_rules! caller_still {
    ($right:expr) => {
        concat!(
            "(#operator = 1 OR (",
            $crate::store::audit::caller_lives!(),
            " AND ",
            $right,
            "))"
        )
    };
}
pub(crate) use caller_still;

/// Whether the caller is the operator, or still holds the route's permission on the whole project.
macro_rules! caller_may {
    () => {
        $crate::store::audit::caller_still!(
            "EXISTS (SELECT 1 FROM held_permissions WHERE principal_id = :principal_id
                     AND project_id = :project_id AND resource_type = 'project' AND permission = :permission)"
        )
    };
}
pub(crate) use caller_may;

/// Whether the caller is the operator, or still holds the route's permission on the whole project or on the object
/// that `:resource_type` and `:resource_id` name.
macro_rules! caller_may_on_object {
    () => {
        $crate::store::audit::caller_still!(
            "EXISTS (SELECT 1 FROM held_permissions WHERE principal_id = :principal_id
                     AND project_id = :project_id AND permission = :permission
                     AND (resource_type = 'project'
                          OR (resource_type = :resource_type AND resource_id = :resource_id)))"
        )
    };
}
pub(crate) use caller_may_on_object;

/// Whether the caller is the operator or an admin of the organization, and so holds every permission there is: asked
/// first, it spares the comparison of two sets.
macro_rules! caller_holds_all {
    () => {
        "(#operator = 1 OR EXISTS (SELECT 1 FROM organization_users WHERE organization_id = :organization_id
                                   AND user_id = :principal_id AND admin = 1))"
    };
}
pub(crate) use caller_holds_all;

/// Whether what ends at `$expiry_date`, or never where that is null, ends with the caller: who has an expiry date gives
/// nobody, themselves included, anything that outlives it (contract section 2). Read here and not in the first round trip,
/// so that a date set meanwhile counts.
macro_rules! ends_with_caller {
    ($expiry_date:expr) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM service_users
                         WHERE id = :principal_id AND expiry_date < coalesce(",
            $expiry_date,
            ", 9007199254740991))"
        )
    };
}
pub(crate) use ends_with_caller;

/// Whether the caller is the operator, or still an admin of `:organization_id`, or of the organization that is given.
macro_rules! caller_administers {
    () => {
        $crate::store::audit::caller_administers!(":organization_id")
    };
    ($organization_id:expr) => {
        $crate::store::audit::caller_still!(concat!(
            "EXISTS (SELECT 1 FROM organization_users WHERE organization_id = ",
            $organization_id,
            " AND user_id = :principal_id AND admin = 1)"
        ))
    };
}
pub(crate) use caller_administers;

/// What a change is, for its audit row.
pub struct Change<'a> {
    /// What is done.
    pub action: Action,
    /// The kind of object, as in the trail: `project`, `service_user`, ...
    pub object_type: &'static str,
    /// Its id.
    pub object_id: &'a str,
    /// Its name, as the caller knows it.
    pub object_name: &'a str,
    /// The organization whose trail it enters.
    pub organization_id: Option<&'a str>,
    /// The project whose trail it enters.
    pub project_id: Option<&'a str>,
    /// The new state, or the fields that change; null for a deletion. Never a token, secret or voucher code.
    pub after: Option<Value>,
}

/// Those of the fields that are given, as an object: what a change is after.
#[must_use]
pub fn given(fields: Vec<(&str, Option<Value>)>) -> Value {
    let given = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(given.collect())
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

/// What a change is made with: through which session, by whom, when, and under which ids.
pub struct Occasion<'a> {
    /// The request's use of the database.
    pub session: &'a Session,
    /// Who makes it, and by which right.
    pub authority: &'a Authority,
    /// The time of the request.
    pub now: Timestamp,
    /// The request's id.
    pub request_id: String,
    /// A fresh id for the audit row.
    pub audit_id: String,
}

impl<'a> Change<'a> {
    /// A change of what belongs to a project, for the trail of the project and its organization.
    #[must_use]
    pub fn in_project(
        project: &'a Project,
        action: Action,
        object_type: &'static str,
        object_id: &'a str,
        object_name: &'a str,
    ) -> Self {
        Self {
            action,
            object_type,
            object_id,
            object_name,
            organization_id: Some(&project.organization_id),
            project_id: Some(&project.project_id),
            after: None,
        }
    }

    /// The parameters that [`permit!`] and the fragments about the caller name.
    #[must_use]
    pub fn parameters(self, occasion: &Occasion<'_>) -> Parameters {
        let authority = occasion.authority;
        let event = format!(
            "{} {}",
            self.action.past(),
            self.object_type.replace('_', " ")
        );
        let principal = authority.principal();
        Parameters::new()
            .text("audit_id", &occasion.audit_id)
            .integer("now", occasion.now.as_millis())
            .text("request_id", &occasion.request_id)
            .text("actor", principal.email())
            .optional_text("principal_id", principal.id())
            .flag("operator", principal.is_operator())
            .optional_text("token_id", authority.token_id())
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
            .optional_text("after", self.after.map(|after| after.to_string()))
    }
}

row! {
    /// A row of the trail.
    #[derive(Debug)]
    pub struct Row {
        /// Its id.
        pub id: String,
        /// When.
        pub date: Millis,
        /// `create`, `update`, `delete` or `info`.
        pub action: String,
        /// Who, by e-mail address.
        pub actor: String,
        /// What, in words.
        pub event: String,
        /// The kind of object.
        pub object_type: String,
        /// The object's name at the time.
        pub object_name: String,
        /// The request that did it.
        pub request_id: String,
        /// The state before.
        pub before: Option<JsonText>,
        /// The state, or the changed fields, after.
        pub after: Option<JsonText>,
    }
}

/// Whose trail is listed.
#[derive(Debug, Clone, Copy)]
pub enum Trail<'a> {
    /// That of the project of this id.
    Project(&'a str),
    /// That of the organization of this id, its deleted projects included.
    Organization(&'a str),
    /// That of the organization of this name, for the operator.
    OrganizationNamed(&'a str),
    /// Everybody's changes, for the operator.
    Everything,
}

/// Which rows of a trail to list, newest first.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Page {
    /// Only this action.
    pub action: Option<String>,
    /// Only rows that are older than the one of this id.
    pub before: Option<String>,
    /// At most so many rows.
    pub limit: i64,
    /// After so many rows.
    pub offset: i64,
    /// Whether the states before and after are read: for organization admins and the operator (contract section 4).
    pub shows_states: bool,
}

macro_rules! audit_columns {
    () => {
        "SELECT a.id, a.date, a.action, a.actor, a.event, a.object_type, a.object_name, a.request_id,
                CASE WHEN #shows_states = 1 THEN a.before END AS before,
                CASE WHEN #shows_states = 1 THEN a.after END AS after
         FROM audit a WHERE "
    };
}

/// A page of what the condition finds: `page!(condition)`. The condition and the order are those of an index, so what is
/// read is what is skipped and what is listed, whatever the trail has (contract section 4).
macro_rules! page {
    ($condition:expr) => {
        concat!(
            audit_columns!(),
            $condition,
            " AND a.sequence < coalesce((SELECT sequence FROM audit WHERE id = :before), 9007199254740991)
             ORDER BY a.sequence DESC LIMIT #limit OFFSET #offset"
        )
    };
}

macro_rules! of_organization_named {
    () => {
        "a.organization_id = (SELECT id FROM organizations WHERE name = :organization)"
    };
}

statements! {
    /// The trail of a project, newest first.
    LIST_OF_PROJECT = page!("a.project_id = :project_id");
    /// One kind of change in it.
    LIST_OF_PROJECT_BY_ACTION = page!("a.project_id = :project_id AND a.action = :action");
    /// The trail of an organization, its deleted projects included, newest first.
    LIST_OF_ORGANIZATION = page!("a.organization_id = :organization_id");
    /// One kind of change in it.
    LIST_OF_ORGANIZATION_BY_ACTION = page!("a.organization_id = :organization_id AND a.action = :action");
    /// The trail of the organization of this name, for the operator.
    LIST_OF_ORGANIZATION_NAMED = page!(of_organization_named!());
    /// One kind of change in it.
    LIST_OF_ORGANIZATION_NAMED_BY_ACTION = page!(concat!(of_organization_named!(), " AND a.action = :action"));
    /// Everything, newest first.
    LIST_EVERYTHING = page!("a.sequence > 0");
    /// One kind of change.
    LIST_EVERYTHING_BY_ACTION = page!("a.action = :action");
    /// Whether the row that a page is to begin behind stands in the trail.
    KNOWS = "SELECT EXISTS (SELECT 1 FROM audit WHERE id = :before
               AND (:project_id IS NULL OR project_id = :project_id)
               AND (:organization_id IS NULL OR organization_id = :organization_id)
               AND (:organization IS NULL
                    OR organization_id = (SELECT id FROM organizations WHERE name = :organization))) AS known";
}

impl Trail<'_> {
    /// The statements that list it: all of it, and one kind of change.
    fn statements(self) -> [&'static Sql; 2] {
        match self {
            Self::Project(_) => [&LIST_OF_PROJECT, &LIST_OF_PROJECT_BY_ACTION],
            Self::Organization(_) => [&LIST_OF_ORGANIZATION, &LIST_OF_ORGANIZATION_BY_ACTION],
            Self::OrganizationNamed(_) => [
                &LIST_OF_ORGANIZATION_NAMED,
                &LIST_OF_ORGANIZATION_NAMED_BY_ACTION,
            ],
            Self::Everything => [&LIST_EVERYTHING, &LIST_EVERYTHING_BY_ACTION],
        }
    }

    fn parameters(self) -> Parameters {
        let (project, organization, named) = match self {
            Self::Project(id) => (Some(id), None, None),
            Self::Organization(id) => (None, Some(id), None),
            Self::OrganizationNamed(name) => (None, None, Some(name)),
            Self::Everything => (None, None, None),
        };
        Parameters::new()
            .optional_text("project_id", project)
            .optional_text("organization_id", organization)
            .optional_text("organization", named)
    }
}

/// A page of a trail.
///
/// # Errors
/// 400 for a page that is to begin behind a row that is not in the trail; 503 when the database fails.
pub async fn list(session: &Session, trail: Trail<'_>, page: &Page) -> Result<Vec<Row>, Error> {
    row! {
        struct Known {
            known: Flag,
        }
    }
    let [all, by_action] = trail.statements();
    let list = match page.action {
        Some(_) => by_action,
        None => all,
    };
    let parameters = trail
        .parameters()
        .optional_text("action", page.action.as_deref())
        .optional_text("before", page.before.as_deref())
        .integer("limit", page.limit)
        .integer("offset", page.offset)
        .flag("shows_states", page.shows_states);
    let Some(before) = &page.before else {
        return session.read(parameters.batch([list])).await?.all(0);
    };
    let answers = session.read(parameters.batch([list, &KNOWS])).await?;
    let Known { known } = answers.only(1)?;
    if known.0 {
        return answers.all(0);
    }
    Err(Error::invalid(format!(
        "before: there is no change {} in this trail; it is the id of a change, and the page has those that are older",
        quoted(before)
    )))
}
