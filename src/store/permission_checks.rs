//! Whether somebody may do something, and by what: the same rules as the first round trip of their own call would go
//! by, told without making it.

use crate::auth::permissions::Permission;
use crate::domain::{AnyId, Timestamp};
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::projects::Project;
use crate::store::role_assignments::{RoleAssignment, object_of_name, select_assignment};
use crate::store::rows::{Flag, JsonText, row};
use crate::store::texts::statements;

/// What is asked.
pub struct Question<'a> {
    /// For which permission.
    pub permission: Permission,
    /// For whom: the id of a person or of a service user.
    pub assignee: AnyId<'a>,
    /// On what kind of object.
    pub resource_type: &'a str,
    /// On the object of which name.
    pub resource: &'a str,
}

row! {
    /// What is known about it.
    #[derive(Debug)]
    pub struct Standing {
        /// Whether they are a member of the organization.
        pub is_member: Flag,
        /// Whether they are an admin of it.
        pub is_admin: Flag,
        /// Whether it is a service user of the project.
        pub is_service_user: Flag,
        /// Whether that has expired.
        pub has_expired: Flag,
        /// Whether the object exists.
        pub object_exists: Flag,
    }
}

statements! {
    /// Who is asked about, and whether the object exists.
    STANDING = concat!(
        "SELECT m.user_id IS NOT NULL AS is_member, coalesce(m.admin, 0) AS is_admin,
                s.id IS NOT NULL AS is_service_user, coalesce(s.expiry_date <= #now, 0) AS has_expired, ",
                object_of_name!(), " IS NOT NULL AS object_exists
         FROM (SELECT 1)
         LEFT JOIN organization_users m ON m.organization_id = :organization_id AND m.user_id = :assignee
         LEFT JOIN service_users s ON s.id = :assignee AND s.project_id = :project_id");
    /// The oldest assignment that gives the permission, on the whole project or on the object.
    GIVING = concat!(
        select_assignment!(), "JOIN role_permissions h ON h.role_id = a.role_id AND h.permission = :permission
         WHERE a.project_id = :project_id AND a.assignee_id = :assignee
           AND (a.resource_type = 'project' OR (a.resource_type = :resource_type AND a.resource_id = ",
        object_of_name!(), "))
         ORDER BY a.creation_date, a.id LIMIT 1");
    /// What somebody holds, object by object.
    HELD = "SELECT given.resource_type, coalesce(e.name, l.name, p.name) AS resource,
                   json_group_array(DISTINCT h.permission) AS permissions
            FROM (SELECT * FROM role_assignments WHERE project_id = :project_id AND assignee_id = :assignee
                  ORDER BY resource_type <> 'project' LIMIT 500) given
            JOIN projects p ON p.id = given.project_id
            LEFT JOIN deployments e ON e.id = given.resource_id AND given.resource_type = 'deployment'
            LEFT JOIN pipelines l ON l.id = given.resource_id AND given.resource_type = 'pipeline'
            JOIN role_permissions h ON h.role_id = given.role_id
            JOIN permissions c ON c.name = h.permission AND (given.user_id IS NOT NULL OR c.service_users = 1)
            GROUP BY given.resource_type, given.resource_id ORDER BY given.resource_type <> 'project', given.resource_type, resource";
}

row! {
    /// What somebody holds on the project, or on an object in it.
    #[derive(Debug)]
    pub struct Held {
        /// The kind of object.
        pub resource_type: String,
        /// Its name.
        pub resource: String,
        /// The permissions, as a JSON list.
        pub permissions: JsonText,
    }
}

/// What somebody holds by roles in a project, on the project itself and on objects in it, by at most 500 assignments.
///
/// # Errors
/// 503 when the database fails.
pub async fn held(
    connection: &Connection,
    project: &Project,
    assignee: AnyId<'_>,
) -> Result<Vec<Held>, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .text("assignee", assignee);
    connection.read(parameters.batch([&HELD])).await?.all(&HELD)
}

/// What is known about somebody and an object, and the assignment that gives them the permission on it, if one does.
///
/// # Errors
/// 503 when the database fails.
pub async fn look_up(
    connection: &Connection,
    project: &Project,
    question: &Question<'_>,
    now: Timestamp,
) -> Result<(Standing, Option<RoleAssignment>), Error> {
    let statements = Parameters::new()
        .text("project_id", &project.project_id)
        .text("organization_id", &project.organization_id)
        .text("permission", question.permission.name())
        .text("assignee", question.assignee)
        .text("resource_type", question.resource_type)
        .text("resource", question.resource)
        .integer("now", now.as_millis())
        .batch([&STANDING, &GIVING]);
    let answers = connection.read(statements).await?;
    Ok((answers.only(&STANDING)?, answers.first(&GIVING)?))
}
