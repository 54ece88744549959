//! Role assignments: who holds which role on which object of a project.

use serde_json::json;

use crate::domain::{PrincipalId, RoleAssignmentId};
use crate::error::Error;
use crate::sql::rules;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::connection::Connection;
use crate::store::projects::{self, Project};
use crate::store::rights::{caller_holds_all, caller_may};
use crate::store::roles;
use crate::store::rows::row;
use crate::store::sessions::not_fresh;
use crate::store::slices::{Listing, Slice};
use crate::store::texts::statements;

row! {
    /// A role assignment.
    #[derive(Debug, Clone)]
    pub struct RoleAssignment {
        /// Its id.
        pub id: RoleAssignmentId,
        /// Who holds the role: the id of a person or of a service user.
        pub assignee: PrincipalId,
        /// The role's name.
        pub role: String,
        /// The name of the object.
        pub resource: String,
        /// The kind of object.
        pub resource_type: String,
    }
}

macro_rules! select_assignment {
    () => {
        "SELECT a.id, a.assignee_id AS assignee, r.name AS role, coalesce(e.name, l.name, p.name) AS resource,
                a.resource_type
         FROM role_assignments a JOIN roles r ON r.id = a.role_id JOIN projects p ON p.id = a.project_id
         LEFT JOIN deployments e ON e.id = a.resource_id AND a.resource_type = 'deployment'
         LEFT JOIN pipelines l ON l.id = a.resource_id AND a.resource_type = 'pipeline' "
    };
}
pub(crate) use select_assignment;

/// The id of the object that `:resource_type` and `:resource` name: the project itself, or what has that name in it.
macro_rules! object_of_name {
    () => {
        "CASE :resource_type
           WHEN 'project' THEN :project_id
           WHEN 'deployment' THEN (SELECT id FROM deployments WHERE project_id = :project_id AND name = :resource)
           WHEN 'pipeline' THEN (SELECT id FROM pipelines WHERE project_id = :project_id AND name = :resource)
         END"
    };
}
pub(crate) use object_of_name;

/// The role of this name: a default one, or one of the project.
macro_rules! role_of_name {
    () => {
        "coalesce((SELECT id FROM roles WHERE project_id IS NULL AND name = :role),
                  (SELECT id FROM roles WHERE project_id = :project_id AND name = :role))"
    };
}

/// Whether the assignee is a member of the project's organization.
macro_rules! assignee_is_member {
    () => {
        "EXISTS (SELECT 1 FROM organization_users WHERE organization_id = :organization_id AND user_id = :assignee)"
    };
}

/// Whether the assignee is a service user of the project.
macro_rules! assignee_is_service_user {
    () => {
        "EXISTS (SELECT 1 FROM service_users WHERE id = :assignee AND project_id = :project_id)"
    };
}

/// A role that is about roles, or by which tokens and access keys are made, is assigned in a session that is fresh (contract section 8):
/// its holder could keep for ever what the session's thief has for a while.
macro_rules! fresh_or_harmless {
    () => {
        concat!(
            "(#fresh = 1 OR NOT EXISTS (SELECT 1 FROM role_permissions h WHERE h.role_id = ",
            role_of_name!(),
            " AND (h.permission GLOB 'roles.*' OR h.permission IN (
                    'service_users.create', 'service_users.token.update', 'service_users.access_keys.create'))))"
        )
    };
}

/// A custom role with permissions that no service user may have cannot be assigned to one (contract section 2).
macro_rules! role_suits_assignee {
    () => {
        concat!(
            "(NOT ",
            assignee_is_service_user!(),
            " OR EXISTS (
                SELECT 1 FROM roles WHERE id = ",
            role_of_name!(),
            " AND project_id IS NULL)
              OR NOT EXISTS (
                SELECT 1 FROM role_permissions h JOIN permissions c ON c.name = h.permission
                WHERE h.role_id = ",
            role_of_name!(),
            " AND c.service_users = 0))"
        )
    };
}

/// Nobody gives what they have not: the caller holds every permission of the role on the whole project, or on the
/// object.
macro_rules! caller_covers_role {
    () => {
        concat!(
            "(", caller_holds_all!(), " OR NOT EXISTS (
                SELECT permission FROM role_permissions WHERE role_id = ", role_of_name!(), "
                EXCEPT SELECT permission FROM held_permissions
                WHERE principal_id = :principal_id AND project_id = :project_id
                  AND (resource_type = 'project' OR (resource_type = :resource_type AND resource_id = ",
            object_of_name!(), "))))")
    };
}

macro_rules! assignment_is_new {
    () => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM role_assignments
                WHERE project_id = :project_id AND assignee_id = :assignee AND role_id = ",
            role_of_name!(),
            " AND resource_type = :resource_type AND resource_id = ",
            object_of_name!(),
            ")"
        )
    };
}

macro_rules! assignment_exists {
    () => {
        "EXISTS (SELECT 1 FROM role_assignments WHERE id = :object_id AND project_id = :project_id)"
    };
}

/// What a list is narrowed to, and its order: oldest first.
macro_rules! filter {
    () => {
        "(:resource_type IS NULL OR a.resource_type = :resource_type)
           AND (:resource IS NULL OR coalesce(e.name, l.name, p.name) = :resource)
           AND (a.creation_date, a.id) > (SELECT coalesce(max(creation_date), -1), coalesce(max(id), '')
                                          FROM role_assignments WHERE id = :after)
         ORDER BY a.creation_date, a.id LIMIT #limit"
    };
}

statements! {
    /// The permit for an assignment.
    PERMIT_CREATE = permit!(":object_id", "NULL", rules! {
        may: caller_may!(),
        object_exists: concat!(object_of_name!(), " IS NOT NULL"),
        role_exists: concat!(role_of_name!(), " IS NOT NULL"),
        assignee_exists: concat!(assignee_is_member!(), " OR ", assignee_is_service_user!()),
        suits: role_suits_assignee!(),
        covers: caller_covers_role!(),
        is_new: assignment_is_new!(),
        fresh: fresh_or_harmless!(),
    });
    /// The assignment itself.
    INSERT = concat!(
        "INSERT INTO role_assignments (id, organization_id, project_id, role_id, user_id, service_user_id,
                                       resource_type, resource_id, creation_date)
         SELECT :object_id, :organization_id, :project_id, ", role_of_name!(), ",
                CASE WHEN ", assignee_is_service_user!(), " THEN NULL ELSE :assignee END,
                CASE WHEN ", assignee_is_service_user!(), " THEN :assignee END, :resource_type, ",
                object_of_name!(), ", #now
         WHERE ", permitted!());
    /// One assignment of a project.
    GET = concat!(select_assignment!(), "WHERE a.id = :object_id AND a.project_id = :project_id");
    /// The assignments in a project, oldest first.
    LIST = concat!(select_assignment!(), "WHERE a.project_id = :project_id AND ", filter!());
    /// Those of one person or service user.
    LIST_OF_ASSIGNEE = concat!(
        select_assignment!(), "WHERE a.project_id = :project_id AND a.assignee_id = :assignee AND ", filter!());
    /// Those on one object.
    LIST_ON_OBJECT = concat!(
        select_assignment!(), "WHERE a.resource_id = ", object_of_name!(), " AND a.resource_type = :resource_type
           AND a.project_id = :project_id AND ", filter!());
    /// Whether there is one of the id behind which a list is to go on.
    KNOWS = "SELECT EXISTS (SELECT 1 FROM role_assignments WHERE id = :after AND project_id = :project_id) AS known";
    /// The permit to take a role away.
    PERMIT_DELETE = permit!(
        ":object_id",
        "(SELECT json_object('role', r.name, 'assignee', a.assignee_id, 'resource_type', a.resource_type,
                             'resource_id', a.resource_id)
          FROM role_assignments a JOIN roles r ON r.id = a.role_id WHERE a.id = :object_id)",
        rules! { found: assignment_exists!(), may: caller_may!() });
    /// The assignment.
    DELETE = concat!("DELETE FROM role_assignments WHERE id = :object_id AND ", permitted!());
}

/// The 404 of an assignment.
#[must_use]
pub fn not_found(id: &RoleAssignmentId) -> Error {
    Error::not_found(format!(
        "there is no role assignment {} in this project",
        crate::domain::invalid::quoted(id.as_str())
    ))
}

/// A role that is to be given.
pub struct NewAssignment<'a> {
    /// Its id.
    pub id: &'a RoleAssignmentId,
    /// The role's name.
    pub role: &'a str,
    /// Who gets it: the id of a person or of a service user.
    pub assignee: &'a PrincipalId,
    /// On what kind of object.
    pub resource_type: &'a str,
    /// On the object of which name.
    pub resource: &'a str,
}

/// The 404 of an object that a body or query names.
#[must_use]
pub fn object_not_found(kind: &str, name: &str) -> Error {
    Error::not_found(format!(
        "resource: there is no {kind} {} in this project",
        crate::domain::invalid::quoted(name)
    ))
}

/// Gives a role on the whole project, or on an object in it, to a member of the organization or a service user of the
/// project.
///
/// # Errors
/// 404 for an unknown object, role or assignee; 403 when the caller does not hold all that the role gives, or has lost
/// their right meanwhile; 400 for an assignment that exists, or a custom role that no service user may have; 503 when
/// the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    project: &Project,
    new: NewAssignment<'_>,
) -> Result<RoleAssignment, Error> {
    let change = Change {
        object_name: new.role,
        after: Some(json!({
            "role": new.role, "assignee": new.assignee.as_str(), "resource_type": new.resource_type, "resource": new.resource,
        })),
        ..change_of(project, new.id, Action::Create)
    };
    let statements = change
        .parameters(context)
        .text("role", new.role)
        .text("assignee", new.assignee)
        .text("resource_type", new.resource_type)
        .text("resource", new.resource)
        .batch([&PERMIT_CREATE, &INSERT, &GET]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("may", &|| projects::lacks(context.authority)),
        ("object_exists", &|| object_not_found(new.resource_type, new.resource)),
        ("role_exists", &|| roles::not_found(new.role)),
        ("assignee_exists", &|| {
            Error::not_found(format!(
                "assignee: {} is neither a member of the organization nor a service user of this project",
                crate::domain::invalid::quoted(new.assignee.as_str())
            ))
        }),
        ("suits", &|| {
            Error::invalid(
                "role: it holds permissions about roles or about the project's people, which no service user may have",
            )
        }),
        ("covers", &|| {
            Error::forbidden("role: it holds permissions that you do not hold")
        }),
        ("is_new", &|| Error::invalid("this assignment exists already")),
        ("fresh", &not_fresh),
    ])?;
    answers.only(&GET)
}

/// Which assignments to list; what is absent does not narrow.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// Only those of this person or service user.
    pub assignee: Option<&'a PrincipalId>,
    /// Only those on this kind of object.
    pub resource_type: Option<&'a str>,
    /// Only those on the object of this name.
    pub resource: Option<&'a str>,
}

/// The assignments in a project, oldest first.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    connection: &Connection,
    project: &Project,
    filter: &Filter<'_>,
    slice: &Slice,
) -> Result<Vec<RoleAssignment>, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .optional_text("assignee", filter.assignee)
        .optional_text("resource_type", filter.resource_type)
        .optional_text("resource", filter.resource);
    let list = match (filter.assignee, filter.resource_type, filter.resource) {
        (Some(_), _, _) => &LIST_OF_ASSIGNEE,
        (None, Some("deployment" | "pipeline"), Some(_)) => &LIST_ON_OBJECT,
        _ => &LIST,
    };
    let listing = Listing::new(list, &KNOWS);
    slice.read(connection, listing, parameters).await
}

/// One assignment of a project.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn get(
    connection: &Connection,
    project: &Project,
    id: &RoleAssignmentId,
) -> Result<RoleAssignment, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .text("object_id", id);
    let found = connection
        .read(parameters.batch([&GET]))
        .await?
        .first(&GET)?;
    found.ok_or_else(|| not_found(id))
}

/// Takes a role away; the next request goes by what is left.
///
/// # Errors
/// 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    project: &Project,
    id: &RoleAssignmentId,
) -> Result<(), Error> {
    let parameters = change_of(project, id, Action::Delete).parameters(context);
    let statements = parameters.batch([&PERMIT_DELETE, &DELETE]);
    context.connection.write(statements).await?.done_or(&[
        ("found", &|| not_found(id)),
        ("may", &|| projects::lacks(context.authority)),
    ])
}

fn change_of<'a>(project: &'a Project, id: &'a RoleAssignmentId, action: Action) -> Change<'a> {
    project.change(action, "role_assignment", id.any(), id.as_str())
}
