//! Roles of a project, their assignments, and what they come to.

use super::{Route, p, routes};
use crate::api::{permission_checks, role_assignments, roles};

pub(super) static TABLE: &[Route] = routes! {
    family IN_PROJECT;
    "/v2.1/projects/{project_name}/permissions/check" {
        GET permissions_check, Project(p::ROLES_ASSIGNMENTS_LIST), "Check whether a person or service user has a permission, and what gives it"
            => permission_checks::check, query [PERMISSION, CHECKED_ASSIGNEE, RESOURCE_TYPE, RESOURCE],
               gives 200 permission_checks::PermissionCheck;
    }
    "/v2.1/projects/{project_name}/permissions/mine" {
        GET permissions_mine, ProjectPart, "List what the caller may do in a project"
            => permission_checks::mine, gives 200 permission_checks::PermissionsMine;
    }
    "/v2.1/projects/{project_name}/roles" {
        POST roles_create, Project(p::ROLES_CREATE), "Create a custom role"
            => roles::create, takes roles::RoleCreate, gives 201 roles::RoleDetailList;
        GET roles_list, Project(p::ROLES_LIST), "List roles"
            => roles::list, query [LIMIT, AFTER_NAME], gives 200 Vec<roles::RoleList>;
    }
    "/v2.1/projects/{project_name}/roles/{role_name}" {
        GET roles_get, Project(p::ROLES_GET), "Read a role"
            => roles::get, gives 200 roles::RoleDetailList;
        PATCH roles_update, Project(p::ROLES_UPDATE), "Change a custom role"
            => roles::update, takes roles::RoleUpdate, gives 200 roles::RoleDetailList;
        DELETE roles_delete, Project(p::ROLES_DELETE), "Delete a custom role, with its assignments"
            => roles::delete, gives 204 Nothing;
    }
    "/v2.1/projects/{project_name}/role-assignments" {
        POST role_assignments_create, Project(p::ROLES_ASSIGNMENTS_CREATE), "Assign a role"
            => role_assignments::create, takes role_assignments::RoleAssignmentCreate,
               gives 201 role_assignments::RoleAssignmentList;
        GET role_assignments_per_object_list, Project(p::ROLES_ASSIGNMENTS_LIST), "List role assignments"
            => role_assignments::list, query [ASSIGNEE, ASSIGNEE_TYPE, RESOURCE_TYPE, RESOURCE, LIMIT, AFTER_ID],
               gives 200 Vec<role_assignments::RoleAssignmentList>;
    }
    "/v2.1/projects/{project_name}/role-assignments/{assignment_id}" {
        GET role_assignments_get, Project(p::ROLES_ASSIGNMENTS_GET), "Read a role assignment"
            => role_assignments::get, gives 200 role_assignments::RoleAssignmentList;
        DELETE role_assignments_delete, Project(p::ROLES_ASSIGNMENTS_DELETE), "Delete a role assignment"
            => role_assignments::delete, gives 204 Nothing;
    }
};
