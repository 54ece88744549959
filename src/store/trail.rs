//! Pages of an audit trail: of a project, of a deployment or a pipeline, of an organization, of the whole installation.

use crate::domain::invalid::quoted;
use crate::domain::time::Timestamp;
use crate::domain::{AuditId, OrganizationId, ProjectId, RequestId, TargetId};
use crate::error::Error;
use crate::sql::Sql;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::rows::{Flag, JsonText, Millis, row};
use crate::store::texts::statements;

row! {
    /// A row of the trail.
    #[derive(Debug)]
    pub struct Row {
        /// Its id.
        pub id: AuditId,
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
        pub request_id: RequestId,
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
    Project(&'a ProjectId),
    /// That of the organization of this id, its deleted projects included.
    Organization(&'a OrganizationId),
    /// That of the organization of this name, for the operator.
    OrganizationNamed(&'a str),
    /// That of the deployment or pipeline of this id.
    Target(&'a TargetId),
    /// Everybody's changes, for the operator.
    Everything,
}

/// Which rows of a trail to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Only this action.
    pub action: Option<String>,
    /// Only rows that are older than the one of this id.
    pub before: Option<AuditId>,
    /// At most so many rows.
    pub limit: i64,
    /// After so many rows.
    pub offset: i64,
    /// What the rows must be like.
    pub filter: Filter,
    /// Whether the states before and after are read: for organization admins and the operator (contract section 4).
    pub shows_states: bool,
}

/// What rows of a trail to show; what is absent does not narrow.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only what this person, service user or `operator` did, by e-mail address.
    pub user: Option<String>,
    /// Only what was done to this kind of object.
    pub object_type: Option<String>,
    /// Only what was done to objects of this name.
    pub object_name: Option<String>,
    /// Only what has this in its words, whatever the case.
    pub event: Option<String>,
    /// Only what this request did.
    pub request_id: Option<RequestId>,
    /// Only what was done from then on.
    pub from: Option<Timestamp>,
    /// Only what was done until then.
    pub to: Option<Timestamp>,
}

impl Filter {
    /// Whether it narrows what it looks at; `to` alone says where to begin.
    fn narrows(&self) -> bool {
        let texts = [
            &self.user,
            &self.object_type,
            &self.object_name,
            &self.event,
        ];
        self.request_id.is_some() || self.from.is_some() || texts.into_iter().any(Option::is_some)
    }
}

/// So many of the newest rows of each kind a filter looks at: what it does not find among them may be further back, behind `before`
/// or `to`.
const LOOKED_AT: i64 = 2_000;

macro_rules! listed_columns {
    () => {
        "SELECT a.id, a.date, a.action, a.actor, a.event, a.object_type, a.object_name, a.request_id,
                CASE WHEN #shows_states = 1 THEN a.before END AS before,
                CASE WHEN #shows_states = 1 THEN a.after END AS after
         FROM audit a WHERE "
    };
}

/// Whether the row at this place or the next one is no later than `#to`.
macro_rules! middle_is_in_time {
    () => {
        "coalesce((SELECT date FROM audit WHERE sequence >= (low + high) / 2 ORDER BY sequence LIMIT 1) <= #to, 0)"
    };
}

/// The last row that a page may have: behind the one that it is to begin behind, if one is named, and no later than `#to`. Rows stand in
/// the order of their dates, so that is found by halves, in as many steps as the number of rows has binary digits.
macro_rules! audit_columns {
    () => {
        concat!(
            "WITH bound(last) AS MATERIALIZED (SELECT min(
               coalesce((SELECT sequence - 1 FROM audit WHERE id = :before), 9007199254740991),
               CASE WHEN #to IS NULL THEN 9007199254740991 ELSE (
                 WITH RECURSIVE half(low, high) AS (
                   SELECT 0, (SELECT coalesce(max(sequence), 0) + 1 FROM audit)
                   UNION ALL SELECT iif(",
            middle_is_in_time!(),
            ", (low + high) / 2, low),
                                    iif(",
            middle_is_in_time!(),
            ", high, (low + high) / 2)
                   FROM half WHERE high - low > 1)
                 SELECT low FROM half ORDER BY high - low LIMIT 1) END)) ",
            listed_columns!()
        )
    };
}

macro_rules! is_behind {
    () => {
        " AND a.sequence <= (SELECT last FROM bound)"
    };
}

macro_rules! is_wanted {
    () => {
        " AND (:user IS NULL OR a.actor = :user) AND (:object_type IS NULL OR a.object_type = :object_type)
          AND (:object_name IS NULL OR a.object_name = :object_name)
          AND (:event IS NULL OR instr(lower(a.event), lower(:event)) > 0)
          AND (:request_id IS NULL OR a.request_id = :request_id) AND (#from IS NULL OR a.date >= #from)"
    };
}

/// The newest changes of one kind that the condition finds, as many as a page may need of them.
macro_rules! newest {
    ($condition:expr, $action:literal) => {
        concat!(
            "SELECT * FROM (SELECT a.sequence FROM audit a WHERE ",
            $condition,
            " AND coalesce(:action, '",
            $action,
            "') = '",
            $action,
            "' AND a.action = '",
            $action,
            "'",
            is_behind!(),
            " ORDER BY a.sequence DESC LIMIT #window)"
        )
    };
}

/// A page of all kinds of changes that the condition finds: the newest of each kind, put in order. So one index serves
/// trails with and without a kind, and each change writes a row less into an index than with one for each.
macro_rules! page_of_all_kinds {
    ($condition:expr) => {
        concat!(
            audit_columns!(),
            "a.sequence IN (",
            newest!($condition, "create"),
            " UNION ALL ",
            newest!($condition, "update"),
            " UNION ALL ",
            newest!($condition, "delete"),
            " UNION ALL ",
            newest!($condition, "info"),
            ")",
            is_wanted!(),
            " ORDER BY a.sequence DESC LIMIT #limit OFFSET #offset"
        )
    };
}

macro_rules! of_organization_named {
    () => {
        "a.organization_id = (SELECT id FROM organizations WHERE name = :organization)"
    };
}

macro_rules! of_target {
    () => {
        "a.object_id = :object_id AND a.object_type IN ('deployment', 'pipeline')"
    };
}

statements! {
    /// The trail of a project, newest first.
    LIST_OF_PROJECT = page_of_all_kinds!("a.project_id = :project_id");
    /// The trail of an organization, its deleted projects included, newest first.
    LIST_OF_ORGANIZATION = page_of_all_kinds!("a.organization_id = :organization_id");
    /// The trail of the organization of this name, for the operator.
    LIST_OF_ORGANIZATION_NAMED = page_of_all_kinds!(of_organization_named!());
    /// The trail of a deployment or a pipeline, newest first.
    LIST_OF_TARGET = page_of_all_kinds!(of_target!());
    /// Everything, newest first.
    LIST_EVERYTHING = page_of_all_kinds!("a.sequence > 0");
    /// Whether the row that a page is to begin behind stands in the trail.
    KNOWS = "SELECT EXISTS (SELECT 1 FROM audit WHERE id = :before
               AND (:project_id IS NULL OR project_id = :project_id)
               AND (:object_id IS NULL OR object_id = :object_id)
               AND (:organization_id IS NULL OR organization_id = :organization_id)
               AND (:organization IS NULL
                    OR organization_id = (SELECT id FROM organizations WHERE name = :organization))) AS known";
}

impl Trail<'_> {
    /// The statement that lists it.
    fn statement(self) -> &'static Sql {
        match self {
            Self::Project(_) => &LIST_OF_PROJECT,
            Self::Organization(_) => &LIST_OF_ORGANIZATION,
            Self::OrganizationNamed(_) => &LIST_OF_ORGANIZATION_NAMED,
            Self::Target(_) => &LIST_OF_TARGET,
            Self::Everything => &LIST_EVERYTHING,
        }
    }

    fn parameters(self) -> Parameters {
        let (project, organization, named, target) = match self {
            Self::Project(id) => (Some(id), None, None, None),
            Self::Organization(id) => (None, Some(id), None, None),
            Self::OrganizationNamed(name) => (None, None, Some(name), None),
            Self::Target(id) => (None, None, None, Some(id)),
            Self::Everything => (None, None, None, None),
        };
        Parameters::new()
            .optional_text("project_id", project)
            .optional_text("organization_id", organization)
            .optional_text("organization", named)
            .optional_text("object_id", target)
    }
}

/// A page of a trail.
///
/// # Errors
/// 400 for a page that is to begin behind a row that is not in the trail; 503 when the database fails.
pub async fn list(
    connection: &Connection,
    trail: Trail<'_>,
    page: &Page,
) -> Result<Vec<Row>, Error> {
    row! {
        struct Known {
            known: Flag,
        }
    }
    let filter = &page.filter;
    let list = trail.statement();
    let window = match filter.narrows() {
        true => LOOKED_AT,
        false => page.limit + page.offset,
    };
    let parameters = trail
        .parameters()
        .optional_text("action", page.action.as_deref())
        .optional_text("before", page.before.as_ref())
        .integer("limit", page.limit)
        .integer("offset", page.offset)
        .integer("window", window)
        .optional_text("user", filter.user.as_deref())
        .optional_text("object_type", filter.object_type.as_deref())
        .optional_text("object_name", filter.object_name.as_deref())
        .optional_text("event", filter.event.as_deref())
        .optional_text("request_id", filter.request_id.as_ref())
        .optional_integer("from", filter.from.map(Timestamp::as_millis))
        .optional_integer("to", filter.to.map(Timestamp::as_millis))
        .flag("shows_states", page.shows_states);
    let Some(before) = &page.before else {
        return connection.read(parameters.batch([list])).await?.all(list);
    };
    let answers = connection.read(parameters.batch([list, &KNOWS])).await?;
    let Known { known } = answers.only(&KNOWS)?;
    if known.0 {
        return answers.all(list);
    }
    Err(Error::invalid(format!(
        "before: there is no change {} in this trail; it is the id of a change, and the page has those that are older",
        quoted(before.as_str())
    )))
}
