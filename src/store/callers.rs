//! The first round trip: who is calling, what he is calling about, and whether he may.
//!
//! One statement answers all of it in one row, whether or not the project or the organization exist.

use crate::auth::permissions::Permission;
use crate::auth::principal::{Principal, ServiceUser, User};
use crate::domain::time::Timestamp;
use crate::domain::{Digests, ObjectType};
use crate::error::Error;
use crate::http::cors::Listed;
use crate::sql::statement::Parameters;
use crate::sql::statements;
use crate::store::budgets::organization_has_budget;
use crate::store::organizations::Organization;
use crate::store::projects::Project;
use crate::store::rows::{Columns, Flag, Millis, Row, row};
use crate::store::session::Session;

pub mod modelarts;

macro_rules! caller_columns {
    () => {
        "t.id AS token_id, t.key_id AS token_key_id, t.last_used AS token_last_used, t.grace_end AS token_grace_end,
         coalesce(u.id, s.id) AS principal_id, coalesce(u.email, s.email) AS principal_email,
         coalesce(u.name, s.name) AS principal_name,
         s.project_id AS service_user_project_id, s.expiry_date AS service_user_expiry_date "
    };
}
use caller_columns;

macro_rules! token_has_digest {
    () => {
        " t.digest IN (:digest, :other_digest) "
    };
}

macro_rules! holder {
    () => {
        " LEFT JOIN users u ON u.id = t.user_id
          LEFT JOIN service_users s ON s.id = t.service_user_id "
    };
}

/// One row, whether or not there is such a token.
macro_rules! from_caller {
    () => {
        concat!(
            " FROM (SELECT 1) LEFT JOIN tokens t ON",
            token_has_digest!(),
            holder!()
        )
    };
}

/// No row without such a token: what is selected from this ends with `WHERE token_has_digest!()`.
macro_rules! from_token {
    () => {
        concat!(" FROM tokens t", holder!())
    };
}

macro_rules! origin_columns {
    () => {
        "EXISTS (SELECT 1 FROM project_origins o WHERE o.project_id = p.id AND o.origin = :origin) AS listed_by_project,
         EXISTS (SELECT 1 FROM service_user_origins o
                 WHERE o.project_id = p.id AND o.origin = :origin) AS listed_by_any_service_user "
    };
}

macro_rules! listed_columns {
    () => {
        concat!(
            origin_columns!(), ",
             EXISTS (SELECT 1 FROM service_user_origins o
                     WHERE o.project_id = p.id AND o.origin = :origin AND o.service_user_id = s.id) AS listed_by_caller, "
        )
    };
}

/// Whether the caller, `users u` or `service_users s`, has a part in `projects p`, and whether he holds the permission that
/// is asked for, on the whole project or by what else counts. `m` is his membership of its organization.
macro_rules! rights_columns {
    ($counts:expr) => {
        concat!(
            "m.admin = 1 OR s.project_id = p.id
             OR EXISTS (SELECT 1 FROM project_users v WHERE v.project_id = p.id AND v.user_id = u.id)
             OR EXISTS (SELECT 1 FROM role_assignments a
                        WHERE a.project_id = p.id AND a.assignee_id = coalesce(u.id, s.id)) AS has_part,
             m.admin = 1 OR EXISTS (
               SELECT 1 FROM role_assignments a JOIN role_permissions h ON h.role_id = a.role_id
               WHERE a.project_id = p.id AND a.assignee_id = coalesce(u.id, s.id) AND h.permission = :permission
                 AND (a.resource_type = 'project'",
            $counts,
            ")) AS holds_permission"
        )
    };
}
use rights_columns;

/// `caller_and_project!(from whom, columns about the origin, about the object, which assignments count, what is joined
/// for it)`. The views of rights are not used here: SQLite would fill them for everybody before it looks for this
/// caller.
macro_rules! caller_and_project {
    ($from:expr, $listed:expr, $object:expr, $counts:expr, $join:expr) => {
        concat!(
            "SELECT ", caller_columns!(), ", ", $crate::store::projects::statements::project_columns!(), ", ", $listed, $object, "
             p.id IS NOT NULL AS project_exists, coalesce(m.admin, 0) AS is_admin, m.joined = 0 AS is_to_join, ", rights_columns!($counts),
            $from,
            "LEFT JOIN projects p ON p.name = :project
             LEFT JOIN organizations n ON n.id = p.organization_id
             LEFT JOIN organization_users m ON m.organization_id = p.organization_id AND m.user_id = u.id", $join
        )
    };
}

/// What is read besides of a project that is to be shown itself.
macro_rules! shown_project {
    () => {
        concat!(
            organization_has_budget!(),
            $crate::store::projects::statements::project_lists!(),
            ", "
        )
    };
}

/// What he may on the whole project, or on the deployment or pipeline in it that the path names.
macro_rules! caller_and_object {
    ($from:expr, $listed:expr) => {
        caller_and_project!(
            $from,
            $listed,
            "coalesce(e.id, l.id) AS object_id, ",
            " OR (a.resource_type = 'deployment' AND a.resource_id = e.id)
              OR (a.resource_type = 'pipeline' AND a.resource_id = l.id)",
            " LEFT JOIN deployments e ON e.project_id = p.id AND e.name = :deployment
              LEFT JOIN pipelines l ON l.project_id = p.id AND l.name = :pipeline"
        )
    };
}

statements! {
    /// Who is calling.
    CALLER = concat!(
        "SELECT ", caller_columns!(), ", u.surname AS principal_surname,
         coalesce(u.registration_date, s.creation_date) AS principal_since", from_caller!());
    /// Who is calling with a token and from no page, and what he is and may in the project of this name: most calls. D1
    /// parses a statement on each of them, so it asks no more than that; there is no row where there is no such token.
    CALLER_AND_PROJECT = concat!(
        caller_and_project!(from_token!(), "", "", "", ""), " WHERE", token_has_digest!());
    /// The same, and where the request's origin is listed: one row for the operator and for an unknown token too, whose
    /// answer goes by the origin.
    CALLER_AND_PROJECT_AND_ORIGIN = caller_and_project!(from_caller!(), listed_columns!(), "", "", "");
    /// The same of a project that is to be shown itself: its lists, and whether its organization has a budget, too.
    CALLER_AND_BUDGET = concat!(
        caller_and_project!(from_token!(), "", shown_project!(), "", ""),
        " WHERE", token_has_digest!());
    /// The same, and where the request's origin is listed, for the operator and for an unknown token too.
    CALLER_AND_BUDGET_AND_ORIGIN =
        caller_and_project!(from_caller!(), listed_columns!(), shown_project!(), "", "");
    /// Who is calling with a token and from no page, and what he may with the deployment or pipeline that the path names.
    CALLER_AND_OBJECT = concat!(caller_and_object!(from_token!(), ""), " WHERE", token_has_digest!());
    /// The same, and where the request's origin is listed, for the operator and for an unknown token too.
    CALLER_AND_OBJECT_AND_ORIGIN = caller_and_object!(from_caller!(), listed_columns!());
    /// Who is calling, and what he is in the organization of this name.
    CALLER_AND_ORGANIZATION = concat!(
        "SELECT ", caller_columns!(), ", ", crate::store::organizations::organization_columns!(), ",
         n.id IS NOT NULL AS organization_exists, m.user_id IS NOT NULL AS is_member, coalesce(m.admin, 0) AS is_admin,
         m.joined = 0 AS is_to_join ",
        from_caller!(),
        "LEFT JOIN organizations n ON n.name = :organization
         LEFT", crate::store::organizations::plan_of_organization!(), "
         LEFT JOIN organization_users m ON m.organization_id = n.id AND m.user_id = u.id");
    /// Where an origin is listed in the project of this name, for a request that shows no valid credential.
    ORIGIN_IN_PROJECT = concat!("SELECT ", origin_columns!(), " FROM projects p WHERE p.name = :project");
}

row! {
    /// A row of `CALLER`, and the part of the others that says who is calling.
    #[derive(Debug, Default)]
    pub struct CallerRow {
        token_id: Option<String>,
        token_key_id: Option<String>,
        token_last_used: Option<Millis>,
        token_grace_end: Option<Millis>,
        principal_id: Option<String>,
        principal_email: Option<String>,
        principal_name: Option<String>,
        principal_surname: Option<String>,
        principal_since: Option<Millis>,
        service_user_project_id: Option<String>,
        service_user_expiry_date: Option<Millis>,
    }
}

/// A caller whose token is good.
#[derive(Debug)]
pub struct Caller {
    /// Who he is.
    pub principal: Principal,
    /// The row of his token.
    pub token: Token,
}

/// The row of a token that is good.
#[derive(Debug)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// The key under which its digest was made.
    pub key_id: String,
    /// When its use was last noted.
    pub last_used: Option<Timestamp>,
}

impl CallerRow {
    /// The caller, unless the token is unknown, or its grace or its service user has run out.
    ///
    /// # Errors
    /// An inconsistency: a token without its holder.
    pub fn caller(mut self, now: Timestamp) -> Result<Option<Caller>, Error> {
        let (Some(id), Some(key_id)) = (self.token_id.take(), self.token_key_id.take()) else {
            return Ok(None);
        };
        let last_used = self.token_last_used.map(|date| date.0);
        let principal = self.principal(now, &format!("tokens.id = {id}"))?;
        Ok(principal.map(|principal| Caller {
            principal,
            token: Token {
                id,
                key_id,
                last_used,
            },
        }))
    }

    /// Whom the credential stands for, unless its grace or its service user has run out.
    fn principal(self, now: Timestamp, credential: &str) -> Result<Option<Principal>, Error> {
        let ends = [self.token_grace_end, self.service_user_expiry_date];
        if ends.into_iter().flatten().any(|end| end.0 <= now) {
            return Ok(None);
        }
        let (Some(id), Some(email)) = (self.principal_id, self.principal_email) else {
            return Err(Error::inconsistent(format!("{credential} has no holder")));
        };
        let since = self.principal_since.map(|date| date.0);
        let principal = match self.service_user_project_id {
            None => Principal::User(User {
                id,
                email,
                name: self.principal_name,
                surname: self.principal_surname,
                registration_date: since,
            }),
            Some(project_id) => Principal::ServiceUser(ServiceUser {
                id,
                email,
                name: self.principal_name.unwrap_or_default(),
                project_id,
                creation_date: since,
            }),
        };
        Ok(Some(principal))
    }
}

/// What the first round trip says about a call on a project.
#[derive(Debug, Default)]
pub struct CallerAndProject {
    /// Who is calling.
    pub caller: CallerRow,
    /// The project, if there is one of this name.
    pub project: Option<Project>,
    /// Where the request's origin is listed.
    pub listed: Listed,
    /// What the caller is and may in the project.
    pub standing: ProjectStanding,
}

row! {
    /// What a caller is and may in a project: a part of a row.
    #[derive(Debug, Default)]
    pub struct ProjectStanding {
        project_exists: Flag,
        /// The deployment or pipeline that the path names, if there is one.
        pub object_id: Option<String>,
        /// Whether the caller is an admin of the project's organization.
        pub is_admin: Flag,
        /// Whether the caller is a member of that organization who has not joined it yet.
        pub is_to_join: Flag,
        /// Whether he has a part in the project.
        pub has_part: Flag,
        /// Whether he holds the permission that was asked for, on the whole project or on that object.
        pub holds_permission: Flag,
    }
}

impl Row for CallerAndProject {
    fn read(columns: &mut Columns<'_>) -> Self {
        let standing = ProjectStanding::read(columns);
        let project_exists = standing.project_exists.0;
        Self {
            caller: CallerRow::read(columns),
            project: project_exists.then(|| Project::read(columns)),
            listed: Listed::from(&ListedRow::read(columns)),
            standing,
        }
    }
}

/// What the first round trip says about a call on an organization.
#[derive(Debug)]
pub struct CallerAndOrganization {
    /// Who is calling.
    pub caller: CallerRow,
    /// The organization, if there is one of this name.
    pub organization: Option<Organization>,
    /// What the caller is in the organization.
    pub standing: OrganizationStanding,
}

row! {
    /// What a caller is in an organization: a part of a row.
    #[derive(Debug)]
    pub struct OrganizationStanding {
        organization_exists: Flag,
        /// Whether he is a member of it.
        pub is_member: Flag,
        /// Whether he is an admin of it.
        pub is_admin: Flag,
        /// Whether they are a member who has not joined yet.
        pub is_to_join: Flag,
    }
}

impl Row for CallerAndOrganization {
    fn read(columns: &mut Columns<'_>) -> Self {
        let standing = OrganizationStanding::read(columns);
        let organization_exists = standing.organization_exists.0;
        Self {
            caller: CallerRow::read(columns),
            organization: organization_exists.then(|| Organization::read(columns)),
            standing,
        }
    }
}

row! {
    /// Where an origin is listed, as a row says it.
    #[derive(Debug, Default)]
    pub struct ListedRow {
        listed_by_project: Option<Flag>,
        listed_by_caller: Option<Flag>,
        listed_by_any_service_user: Option<Flag>,
    }
}

impl From<&ListedRow> for Listed {
    fn from(row: &ListedRow) -> Self {
        let is = |flag: Option<Flag>| flag.unwrap_or_default().0;
        Self {
            by_project: is(row.listed_by_project),
            by_caller: is(row.listed_by_caller),
            by_any_service_user: is(row.listed_by_any_service_user),
        }
    }
}

fn digests(digests: Option<&Digests>) -> Parameters {
    let current = digests.map(|digests| digests.current.as_str());
    let other = digests
        .and_then(|digests| digests.previous.as_ref())
        .map(|digest| digest.as_str());
    Parameters::new()
        .optional_text("digest", current)
        .optional_text("other_digest", other.or(current))
}

/// Who has the token of these digests.
///
/// # Errors
/// 503 when the database fails.
pub async fn caller(session: &Session, of: Option<&Digests>) -> Result<CallerRow, Error> {
    session.read(digests(of).batch([&CALLER])).await?.only(0)
}

/// Who has the token of these digests, and what he may in the project of this name, and on the object of this kind
/// and name in it; of a project that is to be shown itself, whether its organization has a budget, too.
///
/// # Errors
/// 503 when the database fails.
pub async fn caller_and_project(
    session: &Session,
    of: Option<&Digests>,
    project: &str,
    object: Option<(ObjectType, &str)>,
    permission: Option<Permission>,
    origin: Option<&str>,
    shows_project: bool,
) -> Result<CallerAndProject, Error> {
    let named = |wanted: ObjectType| {
        object
            .filter(|(kind, _)| *kind == wanted)
            .map(|(_, name)| name)
    };
    let parameters = digests(of)
        .text("project", project)
        .optional_text("deployment", named(ObjectType::Deployment))
        .optional_text("pipeline", named(ObjectType::Pipeline))
        .optional_text("permission", permission.map(Permission::name))
        .optional_text("origin", origin);
    let by_token_alone = of.is_some() && origin.is_none();
    let sql = match (object, shows_project, by_token_alone) {
        (None, false, true) => &CALLER_AND_PROJECT,
        (None, false, false) => &CALLER_AND_PROJECT_AND_ORIGIN,
        (None, true, true) => &CALLER_AND_BUDGET,
        (None, true, false) => &CALLER_AND_BUDGET_AND_ORIGIN,
        (Some(_), _, true) => &CALLER_AND_OBJECT,
        (Some(_), _, false) => &CALLER_AND_OBJECT_AND_ORIGIN,
    };
    let statements = parameters.batch([sql]);
    let row = session.read(statements).await?.first(0)?;
    Ok(row.unwrap_or_default())
}

/// Who has the token of these digests, and what he is in the organization of this name.
///
/// # Errors
/// 503 when the database fails.
pub async fn caller_and_organization(
    session: &Session,
    of: Option<&Digests>,
    organization: &str,
    now: Timestamp,
) -> Result<CallerAndOrganization, Error> {
    let parameters = digests(of)
        .text("organization", organization)
        .integer("now", now.as_millis());
    let statements = parameters.batch([&CALLER_AND_ORGANIZATION]);
    session.read(statements).await?.only(0)
}

/// Where an origin is listed in the project of this name; nowhere, if there is no such project.
///
/// # Errors
/// 503 when the database fails.
pub async fn origin_in_project(
    session: &Session,
    project: &str,
    origin: &str,
) -> Result<Listed, Error> {
    let parameters = Parameters::new()
        .text("project", project)
        .text("origin", origin);
    let row: Option<ListedRow> = session
        .read(parameters.batch([&ORIGIN_IN_PROJECT]))
        .await?
        .first(0)?;
    Ok(row.as_ref().map(Listed::from).unwrap_or_default())
}
