//! Roles: named sets of permissions. Default roles belong to no project; custom ones to one.

use serde_json::json;

use crate::auth::access::Authority;
use crate::auth::role_permissions::RolePermissions;
use crate::domain::json;
use crate::domain::{AnyId, ObjectName, ProjectId, RoleId, quoted};
use crate::error::Error;
use crate::sql::rules;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::connection::Connection;
use crate::store::projects::{self, Project};
use crate::store::rights::{caller_holds_all, caller_may};
use crate::store::rows::{Answers, Flag, JsonText, Refuse, row};
use crate::store::slices::{Listing, Slice};
use crate::store::subscriptions::{self, subscription_runs};
use crate::store::texts::statements;

row! {
    /// A role with its permissions, in the order in which they were given.
    #[derive(Debug, Clone)]
    pub struct Role {
        /// Its id.
        pub id: RoleId,
        /// Its name.
        pub name: String,
        /// Whether it is a default role, which nobody can change.
        pub is_default: Flag,
        /// Its permissions.
        pub permissions: JsonText,
    }
}

macro_rules! select_role {
    () => {
        "SELECT r.id, r.name, r.project_id IS NULL AS is_default, r.permissions FROM roles r "
    };
}

/// A role in a list, which shows no permissions.
macro_rules! select_listed {
    () => {
        "SELECT r.id, r.name, r.project_id IS NULL AS is_default, '[]' AS permissions FROM roles r "
    };
}

/// Whether there is a default role of this name.
macro_rules! is_default_role {
    ($name:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM roles WHERE project_id IS NULL AND name = ",
            $name,
            ")"
        )
    };
}

/// The custom role that the path names.
macro_rules! role_in_path {
    () => {
        "(SELECT id FROM roles WHERE project_id = :project_id AND name = :role)"
    };
}

/// The role that this batch has made or changed, as its permit has noted it: a rename does not lose it.
macro_rules! permitted_role {
    () => {
        "(SELECT object_id FROM audit WHERE id = :audit_id)"
    };
}

/// That it is none of the default roles, which nobody can change.
macro_rules! is_custom {
    () => {
        "NOT EXISTS (SELECT 1 FROM roles WHERE project_id IS NULL AND name = :role)"
    };
}

/// Whether the path names a role, be it a default one.
macro_rules! role_in_path_or_default {
    () => {
        "EXISTS (SELECT 1 FROM roles WHERE project_id = :project_id AND name = :role
                 UNION ALL SELECT 1 FROM roles WHERE project_id IS NULL AND name = :role)"
    };
}

macro_rules! project_exists {
    () => {
        "EXISTS (SELECT 1 FROM projects WHERE id = :project_id)"
    };
}

/// Custom roles need them (UbiOps spec 3.6).
macro_rules! has_advanced_permissions {
    () => {
        "EXISTS (SELECT 1 FROM projects WHERE id = :project_id AND advanced_permissions = 1)"
    };
}

macro_rules! name_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM roles WHERE project_id IS NULL AND name = :name)
         AND NOT EXISTS (SELECT 1 FROM roles WHERE project_id = :project_id AND name = :name)"
    };
}

/// What the caller holds on the whole project.
macro_rules! held_by_caller {
    () => {
        "SELECT permission FROM held_permissions
         WHERE principal_id = :principal_id AND project_id = :project_id AND resource_type = 'project'"
    };
}

/// Nobody gives what they have not: the caller holds all that the role is to hold.
macro_rules! caller_covers_new {
    () => {
        concat!(
            "(",
            caller_holds_all!(),
            " OR NOT EXISTS (
               SELECT value FROM json_each(coalesce(:permissions, '[]')) EXCEPT ",
            held_by_caller!(),
            "))"
        )
    };
}

/// Nor do they change what they have not: the caller holds all that the role holds.
macro_rules! caller_covers_old {
    () => {
        concat!(
            "(",
            caller_holds_all!(),
            " OR NOT EXISTS (
               SELECT permission FROM role_permissions WHERE role_id = ",
            role_in_path!(),
            "
               EXCEPT ",
            held_by_caller!(),
            "))"
        )
    };
}

/// No service user who holds the role gets what none may have (contract section 2).
macro_rules! suits_assignees {
    () => {
        concat!(
            "(NOT EXISTS (SELECT 1 FROM json_each(coalesce(:permissions, '[]')) j
                          JOIN permissions c ON c.name = j.value WHERE c.service_users = 0)
              OR NOT EXISTS (SELECT 1 FROM role_assignments
                             WHERE role_id = ",
            role_in_path!(),
            " AND service_user_id IS NOT NULL))"
        )
    };
}

/// Whether anything is to be other than it is (contract section 4, *What one caller can cost*).
macro_rules! changes_something {
    () => {
        "EXISTS (SELECT 1 FROM roles WHERE project_id = :project_id AND name = :role
                 AND (name <> :name OR permissions <> coalesce(:permissions, permissions)))"
    };
}

macro_rules! role_before {
    () => {
        role_before!("")
    };
    ($more:expr) => {
        concat!(
            "(SELECT json_object('name', name, 'permissions', json(permissions)",
            $more,
            ") FROM roles r WHERE project_id = :project_id AND name = :role)"
        )
    };
}

/// Who loses what with it, of which a hundred are named.
macro_rules! its_assignments {
    () => {
        ", 'assignments', json((
            SELECT json_group_array(json_object('assignee', assignee_id, 'resource_type', resource_type,
                                                'resource_id', resource_id))
            FROM (SELECT assignee_id, resource_type, resource_id FROM role_assignments WHERE role_id = r.id LIMIT 100))),
         'assignment_count', (SELECT count(*) FROM role_assignments WHERE role_id = r.id)"
    };
}

statements! {
    /// The permit for a custom role.
    PERMIT_CREATE = permit!(":object_id", "NULL", rules! {
        found: project_exists!(),
        may: caller_may!(),
        advanced: has_advanced_permissions!(),
        subscription_runs: subscription_runs!(),
        name_is_free: name_is_free!(),
        covers: caller_covers_new!(),
    });
    /// The role itself.
    INSERT = concat!(
        "INSERT INTO roles (id, organization_id, project_id, name, permissions)
         SELECT :object_id, :organization_id, :project_id, :name, :permissions WHERE ", permitted!());
    /// Its permissions, one by one.
    INSERT_PERMISSIONS = concat!(
        "INSERT INTO role_permissions (role_id, permission)
         SELECT ", permitted_role!(), ", value FROM json_each(coalesce(:permissions, '[]')) WHERE ", permitted!());
    /// The role that this batch has made or changed, or left as it is.
    GET_CHANGED = concat!(select_role!(), "WHERE r.id = coalesce(", permitted_role!(), ", ", role_in_path!(), ")");
    /// The permit to change a role.
    PERMIT_UPDATE = permit!(role_in_path!(), role_before!(), rules! {
        found: role_in_path_or_default!(),
        may: caller_may!(),
        is_custom: is_custom!(),
        name_is_free: concat!(":name = :role OR (", name_is_free!(), ")"),
        covers: concat!(caller_covers_old!(), " AND ", caller_covers_new!()),
        suits: suits_assignees!(),
        changes: changes_something!(),
    });
    /// The change.
    UPDATE = concat!(
        "UPDATE roles SET name = :name, permissions = coalesce(:permissions, permissions) WHERE id = ",
        permitted_role!(), " AND ", permitted!());
    /// The permissions that are replaced.
    DELETE_PERMISSIONS = concat!(
        "DELETE FROM role_permissions WHERE :permissions IS NOT NULL AND role_id = ", permitted_role!(),
        " AND ", permitted!());
    /// The permit to delete a role.
    PERMIT_DELETE = permit!(role_in_path!(), role_before!(its_assignments!()), rules! {
        found: role_in_path_or_default!(),
        may: caller_may!(),
        is_custom: is_custom!(),
    });
    /// The role, and with it its assignments.
    DELETE = concat!("DELETE FROM roles WHERE id = ", permitted_role!(), " AND ", permitted!());
    /// The default roles and those of a project.
    LIST = concat!(
        select_listed!(), "WHERE r.project_id IS NULL AND (:after IS NULL OR (", is_default_role!(":after"), " AND r.name > :after))
         UNION ALL ", select_listed!(), "WHERE r.project_id = :project_id
           AND r.name > iif(:after IS NULL OR ", is_default_role!(":after"), ", '', :after)
         ORDER BY is_default DESC, name LIMIT #limit");
    /// Whether there is one of the name behind which the list is to go on.
    KNOWS = concat!(
        "SELECT ", is_default_role!(":after"), " OR EXISTS (
           SELECT 1 FROM roles WHERE project_id = :project_id AND name = :after) AS known");
    /// One role, by its name in a project.
    GET = concat!(
        select_role!(), "WHERE r.project_id IS NULL AND r.name = :name
         UNION ALL ", select_role!(), "WHERE r.project_id = :project_id AND r.name = :name");
}

/// The 404 of a role.
#[must_use]
pub fn not_found(name: &str) -> Error {
    Error::not_found(format!(
        "there is no role {} in this project",
        crate::domain::invalid::quoted(name)
    ))
}

/// The default roles and those of a project.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    connection: &Connection,
    project_id: &ProjectId,
    slice: &Slice,
) -> Result<Vec<Role>, Error> {
    let parameters = Parameters::new().text("project_id", project_id);
    let listing = Listing::new(&LIST, &KNOWS);
    slice.read(connection, listing, parameters).await
}

/// One role, by its name in a project.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn get(
    connection: &Connection,
    project_id: &ProjectId,
    name: &str,
) -> Result<Role, Error> {
    let parameters = Parameters::new()
        .text("project_id", project_id)
        .text("name", name);
    let role = connection
        .read(parameters.batch([&GET]))
        .await?
        .first(&GET)?;
    role.ok_or_else(|| not_found(name))
}

/// What is asked for on creation.
pub struct NewRole<'a> {
    /// Its id.
    pub id: &'a RoleId,
    /// Its name.
    pub name: &'a ObjectName,
    /// What it holds.
    pub permissions: &'a RolePermissions,
}

/// What a PATCH changes; what is absent stays.
pub struct RoleChanges {
    /// Its name.
    pub name: Option<ObjectName>,
    /// What it holds, all of it.
    pub permissions: Option<RolePermissions>,
}

/// What can be in the way of a write: `role` is the name in the path, if there is one, and `name` the one it is to have.
fn done_or_refused(
    answers: &Answers,
    authority: &Authority,
    (role, name): (&str, &str),
    not_found: &dyn Refuse,
) -> Result<(), Error> {
    answers.done_or(&[
        ("found", not_found),
        ("may", &|| projects::lacks(authority)),
        ("is_custom", &|| {
            Error::invalid(format!(
                "{} is a default role, which nobody can change",
                quoted(role)
            ))
        }),
        ("advanced", &|| {
            Error::invalid(
                "advanced_permissions: they are off in this project, and custom roles need them on",
            )
        }),
        ("subscription_runs", &subscriptions::ended),
        ("name_is_free", &|| {
            Error::invalid(format!("name: a role {} exists already", quoted(name)))
        }),
        ("covers", &|| {
            Error::forbidden(
                "permissions: the role holds, or is to hold, some that you do not hold",
            )
        }),
        ("suits", &|| {
            Error::invalid(
                "permissions: a service user holds this role, and none may have permissions about roles or about the \
                 project's people",
            )
        }),
    ])
}

/// Creates a custom role.
///
/// # Errors
/// 400 for a taken name, or a project without advanced permissions; 403 for permissions that the caller does not hold,
/// under a subscription that has ended, or for a right lost meanwhile; 404 when the project has gone; 503 when the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    project: &Project,
    new: NewRole<'_>,
) -> Result<Role, Error> {
    let name = new.name.as_str();
    let permissions = new.permissions.to_json();
    let change = Change {
        object_id: new.id.any(),
        after: Some(json!({ "name": name, "permissions": permissions })),
        ..change_of(project, name, Action::Create)
    };
    let statements = change
        .parameters(context)
        .text("role", name)
        .text("name", name)
        .text("permissions", json::text(&permissions))
        .batch([&PERMIT_CREATE, &INSERT, &INSERT_PERMISSIONS, &GET_CHANGED]);
    let answers = context.connection.write(statements).await?;
    let no_project = || projects::not_found(&project.project_name);
    done_or_refused(&answers, context.authority, (name, name), &no_project)?;
    answers.only(&GET_CHANGED)
}

/// Changes a custom role; whoever holds it has what it holds from the next request on.
///
/// # Errors
/// 400 for a default role, a taken name, or permissions that a service user who holds it may not have; 403 when the
/// caller does not hold all that it holds and is to hold, or has lost their right meanwhile; 404; 503 when the database
/// fails.
pub async fn update(
    context: &ChangeContext<'_>,
    project: &Project,
    role: &str,
    changes: &RoleChanges,
) -> Result<Role, Error> {
    let name = changes.name.as_ref().map_or(role, ObjectName::as_str);
    let permissions = changes.permissions.as_ref().map(RolePermissions::to_json);
    let change = Change {
        after: Some(json!({ "name": name, "permissions": permissions })),
        ..change_of(project, role, Action::Update)
    };
    let statements = change
        .parameters(context)
        .text("role", role)
        .text("name", name)
        .optional_text("permissions", permissions.map(|list| json::text(&list)))
        .batch([
            &PERMIT_UPDATE,
            &UPDATE,
            &DELETE_PERMISSIONS,
            &INSERT_PERMISSIONS,
            &GET_CHANGED,
        ]);
    let answers = context.connection.write(statements).await?;
    done_or_refused(&answers, context.authority, (role, name), &|| {
        not_found(role)
    })?;
    answers.only(&GET_CHANGED)
}

/// Deletes a custom role; whoever held it no longer has what it held.
///
/// # Errors
/// 400 for a default role; 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    project: &Project,
    role: &str,
) -> Result<(), Error> {
    let statements = change_of(project, role, Action::Delete)
        .parameters(context)
        .text("role", role)
        .batch([&PERMIT_DELETE, &DELETE]);
    let answers = context.connection.write(statements).await?;
    done_or_refused(&answers, context.authority, (role, role), &|| {
        not_found(role)
    })
}

fn change_of<'a>(project: &'a Project, role: &'a str, action: Action) -> Change<'a> {
    project.change(action, "role", AnyId::default(), role)
}
