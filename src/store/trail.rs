//! Pages of an audit trail: of a project, of a deployment or a pipeline, of an organization, of the whole installation.

use serde::Serialize;

use crate::domain::invalid::quoted;
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
    /// That of the deployment or pipeline of this id.
    Target(&'a str),
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

/// Older than the row that a page is to begin behind, if one is named.
macro_rules! is_behind {
    () => {
        " AND a.sequence < coalesce((SELECT sequence FROM audit WHERE id = :before), 9007199254740991)"
    };
}

/// A page of what the condition finds: `page!(condition)`. The condition and the order are those of an index, so what
/// is read is what is skipped and what is listed, whatever the trail has (contract section 4).
macro_rules! page {
    ($condition:expr) => {
        concat!(
            audit_columns!(),
            $condition,
            is_behind!(),
            " ORDER BY a.sequence DESC LIMIT #limit OFFSET #offset"
        )
    };
}

/// The newest changes of one kind that the condition finds, as many as a page may need of them.
macro_rules! newest {
    ($condition:expr, $action:literal) => {
        concat!(
            "SELECT * FROM (SELECT a.sequence FROM audit a WHERE ",
            $condition,
            " AND a.action = '",
            $action,
            "'",
            is_behind!(),
            " ORDER BY a.sequence DESC LIMIT #limit + #offset)"
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
            ") ORDER BY a.sequence DESC LIMIT #limit OFFSET #offset"
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
    /// One kind of change in it.
    LIST_OF_PROJECT_BY_ACTION = page!("a.project_id = :project_id AND a.action = :action");
    /// The trail of an organization, its deleted projects included, newest first.
    LIST_OF_ORGANIZATION = page_of_all_kinds!("a.organization_id = :organization_id");
    /// One kind of change in it.
    LIST_OF_ORGANIZATION_BY_ACTION = page!("a.organization_id = :organization_id AND a.action = :action");
    /// The trail of the organization of this name, for the operator.
    LIST_OF_ORGANIZATION_NAMED = page_of_all_kinds!(of_organization_named!());
    /// One kind of change in it.
    LIST_OF_ORGANIZATION_NAMED_BY_ACTION = page!(concat!(of_organization_named!(), " AND a.action = :action"));
    /// The trail of a deployment or a pipeline, newest first.
    LIST_OF_TARGET = page_of_all_kinds!(of_target!());
    /// One kind of change in it.
    LIST_OF_TARGET_BY_ACTION = page!(concat!(of_target!(), " AND a.action = :action"));
    /// Everything, newest first.
    LIST_EVERYTHING = page!("a.sequence > 0");
    /// One kind of change.
    LIST_EVERYTHING_BY_ACTION = page!("a.action = :action");
    /// Whether the row that a page is to begin behind stands in the trail.
    KNOWS = "SELECT EXISTS (SELECT 1 FROM audit WHERE id = :before
               AND (:project_id IS NULL OR project_id = :project_id)
               AND (:object_id IS NULL OR object_id = :object_id)
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
            Self::Target(_) => [&LIST_OF_TARGET, &LIST_OF_TARGET_BY_ACTION],
            Self::Everything => [&LIST_EVERYTHING, &LIST_EVERYTHING_BY_ACTION],
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
        return connection.read(parameters.batch([list])).await?.all(0);
    };
    let answers = connection.read(parameters.batch([list, &KNOWS])).await?;
    let Known { known } = answers.only(1)?;
    if known.0 {
        return answers.all(0);
    }
    Err(Error::invalid(format!(
        "before: there is no change {} in this trail; it is the id of a change, and the page has those that are older",
        quoted(before)
    )))
}
