//! What a change of somebody's standing leaves in the trails beside its own: the roles that are lost with it, and a row
//! in each project that it touches.
//!
//! A person may hold roles in thousands of projects, and an admin all rights in all of an organization's. So what is
//! named is bounded (contract section 4, *What one caller can cost*): a hundred roles with the number of all, and a row
//! in the trails of a hundred projects of each kind. Such a row stands for the one in the organization's trail, which
//! does not list it again: it names no organization.

/// Fields of a JSON object: at most 100 of the roles that a condition over `role_assignments a` finds, by name, and how
/// many there are.
macro_rules! lost_roles {
    ($which:expr) => {
        concat!(
            "'lost_roles', json((
               SELECT json_group_array(json_object('project', p.name, 'role', r.name, 'resource_type',
                                                   lost.resource_type, 'resource', coalesce(e.name, l.name, p.name)))
               FROM (SELECT * FROM role_assignments a WHERE ", $which, " LIMIT 100) lost
               JOIN projects p ON p.id = lost.project_id JOIN roles r ON r.id = lost.role_id
               LEFT JOIN deployments e ON e.id = lost.resource_id LEFT JOIN pipelines l ON l.id = lost.resource_id)),
             'lost_roles_count', (SELECT count(*) FROM role_assignments a WHERE ", $which, ")"
        )
    };
}
pub(crate) use lost_roles;

/// A row in the trail of each of these projects, whose condition is over `organization_users m` and `users u`:
/// `trail_in_projects!(action, event, before, after, projects, condition)`.
macro_rules! trail_in_projects {
    ($action:expr, $event:expr, $before:expr, $after:expr, $projects:expr, $condition:expr) => {
        concat!(
            "INSERT INTO audit (id, date, request_id, actor, actor_id, action, event, object_type, object_id,
                                object_name, project_id, before, after)
             SELECT ", $crate::sql::fresh_uuid!(), ", #now, :request_id, :actor, :principal_id, ", $action, ", ",
            $event, " || ' ' || u.email, 'organization_user', u.id, u.email, o.id, ", $before, ", ", $after, "
             FROM organization_users m JOIN users u ON u.id = m.user_id
             JOIN projects o ON o.organization_id = m.organization_id AND o.id IN (", $projects, ")
             WHERE ", $condition, " AND ", $crate::store::audit::permitted!()
        )
    };
}
pub(crate) use trail_in_projects;

/// Ids of projects: at most 100 in which a condition over `role_assignments` finds roles.
macro_rules! projects_of_roles {
    ($which:expr) => {
        concat!(
            "SELECT project_id FROM (SELECT DISTINCT project_id FROM role_assignments WHERE ",
            $which,
            " LIMIT 100)"
        )
    };
}
pub(crate) use projects_of_roles;

/// The same of those that a condition over `project_users` finds.
macro_rules! projects_let_into {
    ($which:expr) => {
        concat!(
            "SELECT project_id FROM (SELECT project_id FROM project_users WHERE ",
            $which,
            " LIMIT 100)"
        )
    };
}
pub(crate) use projects_let_into;
