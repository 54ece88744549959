//! The first round trip of a call on a project: what the caller is and may in it, and with an origin where that is
//! listed. A call on what is in the project is one of these too ([`target`](super::target)).

use super::origin::ListedRow;
use super::target::{CALLER_AND_TARGET, CALLER_AND_TARGET_AND_ORIGIN};
use super::who::{HolderRow, digests};
use super::{FirstTrip, Rider, ask as ask_first};
use crate::auth::permissions::Permission;
use crate::domain::{Digests, TargetId, TargetKind, Timestamp};
use crate::error::Error;
use crate::store::budgets::{self, budget_columns};
use crate::store::connection::Connection;
use crate::store::projects::Project;
use crate::store::projects::statements::project_lists;
use crate::store::rows::{Columns, Flag, Row, row};
use crate::store::texts::statements;
use crate::web::cors::Listed;

/// Whether the caller, `users u` or `service_users s`, has a part in `projects p`, and whether they hold the permission
/// that is asked for, on the whole project or by what counts besides: `rights_columns! { or: <assignments a> }`. `m` is
/// their membership of its organization. The views of rights are not used here: SQLite would fill them for everybody
/// before it looks for this caller.
macro_rules! rights_columns {
    { $(or: $counts:expr)? } => {
        concat!(
            "m.joined = 0 AS is_to_join,
             m.admin = 1 OR s.project_id = p.id
             OR EXISTS (SELECT 1 FROM project_users v WHERE v.project_id = p.id AND v.user_id = u.id)
             OR EXISTS (SELECT 1 FROM role_assignments a
                        WHERE a.project_id = p.id AND a.assignee_id = coalesce(u.id, s.id)) AS has_part,
             m.admin = 1 OR EXISTS (
               SELECT 1 FROM role_assignments a JOIN role_permissions h ON h.role_id = a.role_id
               WHERE a.project_id = p.id AND a.assignee_id = coalesce(u.id, s.id) AND h.permission = :permission
                 AND (a.resource_type = 'project'",
            $(" OR ", $counts,)?
            ")) AS holds_permission"
        )
    };
}
pub(crate) use rights_columns;

/// The organization of `projects p`, and the membership of the caller, `users u`, in it.
macro_rules! organization_of_project {
    () => {
        " LEFT JOIN organizations n ON n.id = p.organization_id
          LEFT JOIN organization_users m ON m.organization_id = p.organization_id AND m.user_id = u.id"
    };
}
pub(crate) use organization_of_project;

/// `caller_and_project! { who: token, rides: <columns> }`, or about a target in the project, too:
/// `caller_and_project! { who: token, target: <its id>, counts: <assignments a>, joins: <tables> }`.
macro_rules! caller_and_project {
    {
        who: $who:ident
        $(, target: $target:expr, counts: $counts:expr, joins: $joins:expr)?
        $(, rides: $columns:expr)?
    } => {
        $crate::store::first_trip::first_trip! {
            who: $who,
            reads: concat!(
                $crate::store::projects::statements::project_columns!(), ", ",
                $($target, " AS object_id, ",)?
                $($columns, ", ",)?
                "p.id IS NOT NULL AS project_exists, coalesce(m.admin, 0) AS is_admin, ",
                $crate::store::first_trip::project::rights_columns! { $(or: $counts)? }
            ),
            joins: concat!(
                " LEFT JOIN projects p ON p.name = :project",
                $crate::store::first_trip::project::organization_of_project!(),
                $($joins)?
            )
        }
    };
}
pub(crate) use caller_and_project;

/// What rides along where the project is to be shown itself: its lists, and what has become of its budgets.
macro_rules! shown_project {
    () => {
        concat!(budget_columns!(), project_lists!())
    };
}

statements! {
    /// Who is calling, and what they are and may in the project of this name: most calls, so it asks no more than that.
    CALLER_AND_PROJECT = caller_and_project! { who: token };
    /// The same, and where the request's origin is listed.
    CALLER_AND_PROJECT_AND_ORIGIN = caller_and_project! { who: token_at_origin };
    /// The same of a project that is to be shown itself.
    CALLER_AND_BUDGET = caller_and_project! { who: token, rides: shown_project!() };
    /// The same, and where the request's origin is listed.
    CALLER_AND_BUDGET_AND_ORIGIN = caller_and_project! { who: token_at_origin, rides: shown_project!() };
    /// How many requests the caller has made in this minute, the one of this call among them.
    MADE = "SELECT count AS made FROM request_rates
            WHERE project_id = (SELECT id FROM projects WHERE name = :project) AND minute = #minute
              AND caller_id = CASE WHEN #by_operator = 1 THEN 'operator' ELSE (
                SELECT coalesce(user_id, service_user_id) FROM tokens WHERE digest IN (:digest, :other_digest)) END";
}

/// What the first round trip says about a call on a project.
#[derive(Debug, Default)]
pub struct CallerAndProject {
    /// Who is calling.
    pub caller: HolderRow,
    /// The project, if there is one of this name.
    pub project: Option<Project>,
    /// Where the request's origin is listed.
    pub listed: Listed,
    /// What the caller is and may in the project.
    pub standing: ProjectStanding,
    /// How many requests they have made in the minute that was asked for.
    pub made: i64,
}

row! {
    /// What a caller is and may in a project: a part of a row.
    #[derive(Debug, Default)]
    pub struct ProjectStanding {
        project_exists: Flag,
        /// The deployment or pipeline that the path names, if there is one.
        pub object_id: Option<TargetId>,
        /// Whether the caller is an admin of the project's organization.
        pub is_admin: Flag,
        /// Whether the caller is a member of that organization who has not joined it yet.
        pub is_to_join: Flag,
        /// Whether they have a part in the project.
        pub has_part: Flag,
        /// Whether they hold the permission that was asked for, on the whole project or on that target.
        pub holds_permission: Flag,
    }
}

impl Row for CallerAndProject {
    fn read(columns: &mut Columns<'_>) -> Self {
        let standing = ProjectStanding::read(columns);
        let project_exists = standing.project_exists.0;
        Self {
            caller: HolderRow::read(columns),
            project: project_exists.then(|| Project::read(columns)),
            listed: Listed::from(&ListedRow::read(columns)),
            standing,
            made: 0,
        }
    }
}

/// Which token was shown, which project is meant, and what it takes.
pub struct Asked<'a> {
    /// The digests of the token; the operator's has none.
    pub digests: Option<&'a Digests>,
    /// The request's origin, if it has one.
    pub origin: Option<&'a str>,
    /// The project's name.
    pub project: &'a str,
    /// The kind and name of the target in it, if the path has one.
    pub target: Option<(TargetKind, &'a str)>,
    /// The permission that the route asks for.
    pub permission: Option<Permission>,
    /// The time at which the project is to be shown itself, if it is.
    pub shown_at: Option<Timestamp>,
    /// The minute in which the caller's requests are counted, if they are.
    pub minute: Option<i64>,
}

/// Who shows this token, and what they may in this project and on this target. What rides along has `:project`,
/// `:deployment`, `:pipeline`, `:permission` and `:origin` besides the digests.
///
/// # Errors
/// 503 when the database fails.
pub async fn ask(
    connection: &Connection,
    asked: &Asked<'_>,
    rider: Option<Rider>,
) -> Result<FirstTrip<CallerAndProject>, Error> {
    let named = |wanted: TargetKind| {
        asked
            .target
            .filter(|(kind, _)| *kind == wanted)
            .map(|(_, name)| name)
    };
    let parameters = digests(asked.digests)
        .text("project", asked.project)
        .optional_text("deployment", named(TargetKind::Deployment))
        .optional_text("pipeline", named(TargetKind::Pipeline))
        .optional_text("permission", asked.permission.map(Permission::name))
        .optional_text("origin", asked.origin);
    let by_token_alone = asked.digests.is_some() && asked.origin.is_none();
    let parameters = match asked.shown_at {
        Some(now) => budgets::at(parameters, now),
        None => parameters,
    };
    let sql = match (asked.target, asked.shown_at, by_token_alone) {
        (None, None, true) => &CALLER_AND_PROJECT,
        (None, None, false) => &CALLER_AND_PROJECT_AND_ORIGIN,
        (None, Some(_), true) => &CALLER_AND_BUDGET,
        (None, Some(_), false) => &CALLER_AND_BUDGET_AND_ORIGIN,
        (Some(_), _, true) => &CALLER_AND_TARGET,
        (Some(_), _, false) => &CALLER_AND_TARGET_AND_ORIGIN,
    };
    row! {
        struct Made {
            made: i64,
        }
    }
    let rider = match asked.minute {
        None => rider,
        // Last, so behind the record that takes a permit.
        Some(minute) => Some(rider.unwrap_or_default().and(&MADE, minute)),
    };
    let trip = ask_first(connection, sql, parameters, rider).await?;
    let mut row: CallerAndProject = trip.row.unwrap_or_default();
    if let (Some(_), Some(answers)) = (asked.minute, &trip.ridden) {
        row.made = answers.first(&MADE)?.map_or(0, |Made { made }| made);
    }
    Ok(FirstTrip {
        row,
        ridden: trip.ridden,
    })
}
