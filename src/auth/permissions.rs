//! The permission catalogue and the default roles.
//!
//! Names follow `<object>[.<sub-object>].<action>`. Attested by UbiOps' own material are `deployments.{list,get,
//! create,delete}`, `deployments.versions.{list,get}` and `roles.assignments.create`; the others follow the same
//! grammar and are ours (UbiOps spec section 5). The tables `permissions`, `roles` and `role_permissions` hold the
//! same catalogue, so that SQL can decide over it; a test compares the two.

use crate::domain::json::{Fault, FromJson, Json};

use crate::domain::{Invalid, quoted};

/// A permission of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission(&'static str);

impl Permission {
    /// Its name, as in the database and in `GET /permissions`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// Whether a service user may have it: nothing about roles or about the project's people (contract section 2).
    #[must_use]
    pub fn suits_service_users(self) -> bool {
        !self.0.starts_with("roles.") && !self.0.starts_with("projects.users.")
    }

    fn action(self) -> &'static str {
        self.0.rsplit('.').next().unwrap_or(self.0)
    }
}

macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: Permission = Permission($text);)*
        /// Every permission, in the order of `GET /permissions`.
        pub const CATALOGUE: &[Permission] = &[$($name),*];
    };
}

catalogue! {
    /// List deployments.
    DEPLOYMENTS_LIST = "deployments.list";
    /// Read a deployment.
    DEPLOYMENTS_GET = "deployments.get";
    /// Create a deployment.
    DEPLOYMENTS_CREATE = "deployments.create";
    /// Change a deployment.
    DEPLOYMENTS_UPDATE = "deployments.update";
    /// Delete a deployment.
    DEPLOYMENTS_DELETE = "deployments.delete";
    /// List the versions of a deployment.
    DEPLOYMENTS_VERSIONS_LIST = "deployments.versions.list";
    /// Read a version of a deployment.
    DEPLOYMENTS_VERSIONS_GET = "deployments.versions.get";
    /// Create a version of a deployment.
    DEPLOYMENTS_VERSIONS_CREATE = "deployments.versions.create";
    /// Change a version of a deployment.
    DEPLOYMENTS_VERSIONS_UPDATE = "deployments.versions.update";
    /// Delete a version of a deployment.
    DEPLOYMENTS_VERSIONS_DELETE = "deployments.versions.delete";
    /// List requests to a deployment.
    DEPLOYMENTS_REQUESTS_LIST = "deployments.requests.list";
    /// Read a request to a deployment.
    DEPLOYMENTS_REQUESTS_GET = "deployments.requests.get";
    /// Make a request to a deployment.
    DEPLOYMENTS_REQUESTS_CREATE = "deployments.requests.create";
    /// Cancel a request to a deployment.
    DEPLOYMENTS_REQUESTS_UPDATE = "deployments.requests.update";
    /// Delete a request to a deployment.
    DEPLOYMENTS_REQUESTS_DELETE = "deployments.requests.delete";
    /// List the environment variables of the project.
    ENVIRONMENT_VARIABLES_LIST = "environment_variables.list";
    /// Read an environment variable of the project.
    ENVIRONMENT_VARIABLES_GET = "environment_variables.get";
    /// Create an environment variable of the project.
    ENVIRONMENT_VARIABLES_CREATE = "environment_variables.create";
    /// Change an environment variable of the project.
    ENVIRONMENT_VARIABLES_UPDATE = "environment_variables.update";
    /// Delete an environment variable of the project.
    ENVIRONMENT_VARIABLES_DELETE = "environment_variables.delete";
    /// List pipelines.
    PIPELINES_LIST = "pipelines.list";
    /// Read a pipeline.
    PIPELINES_GET = "pipelines.get";
    /// Create a pipeline.
    PIPELINES_CREATE = "pipelines.create";
    /// Change a pipeline.
    PIPELINES_UPDATE = "pipelines.update";
    /// Delete a pipeline.
    PIPELINES_DELETE = "pipelines.delete";
    /// List the versions of a pipeline.
    PIPELINES_VERSIONS_LIST = "pipelines.versions.list";
    /// Read a version of a pipeline.
    PIPELINES_VERSIONS_GET = "pipelines.versions.get";
    /// Create a version of a pipeline.
    PIPELINES_VERSIONS_CREATE = "pipelines.versions.create";
    /// Change a version of a pipeline.
    PIPELINES_VERSIONS_UPDATE = "pipelines.versions.update";
    /// Delete a version of a pipeline.
    PIPELINES_VERSIONS_DELETE = "pipelines.versions.delete";
    /// List requests to a pipeline.
    PIPELINES_REQUESTS_LIST = "pipelines.requests.list";
    /// Read a request to a pipeline.
    PIPELINES_REQUESTS_GET = "pipelines.requests.get";
    /// Make a request to a pipeline.
    PIPELINES_REQUESTS_CREATE = "pipelines.requests.create";
    /// Cancel a request to a pipeline.
    PIPELINES_REQUESTS_UPDATE = "pipelines.requests.update";
    /// Delete a request to a pipeline.
    PIPELINES_REQUESTS_DELETE = "pipelines.requests.delete";
    /// Read the project itself.
    PROJECTS_GET = "projects.get";
    /// Change the project.
    PROJECTS_UPDATE = "projects.update";
    /// Delete the project.
    PROJECTS_DELETE = "projects.delete";
    /// Read the project's audit trail.
    PROJECTS_AUDIT_LIST = "projects.audit.list";
    /// Read the project's resource limits.
    PROJECTS_QUOTAS_LIST = "projects.quotas.list";
    /// Read what the project has in use.
    PROJECTS_RESOURCES_GET = "projects.resources.get";
    /// Read the project's usage report.
    PROJECTS_USAGE_GET = "projects.usage.get";
    /// List the people of the project.
    PROJECTS_USERS_LIST = "projects.users.list";
    /// Read a person of the project.
    PROJECTS_USERS_GET = "projects.users.get";
    /// Let a person into the project.
    PROJECTS_USERS_CREATE = "projects.users.create";
    /// Take a person out of the project.
    PROJECTS_USERS_DELETE = "projects.users.delete";
    /// List request schedules.
    REQUEST_SCHEDULES_LIST = "request_schedules.list";
    /// Read a request schedule.
    REQUEST_SCHEDULES_GET = "request_schedules.get";
    /// Create a request schedule.
    REQUEST_SCHEDULES_CREATE = "request_schedules.create";
    /// Change a request schedule.
    REQUEST_SCHEDULES_UPDATE = "request_schedules.update";
    /// Delete a request schedule.
    REQUEST_SCHEDULES_DELETE = "request_schedules.delete";
    /// List the project's roles.
    ROLES_LIST = "roles.list";
    /// Read a role.
    ROLES_GET = "roles.get";
    /// Create a role.
    ROLES_CREATE = "roles.create";
    /// Change a role.
    ROLES_UPDATE = "roles.update";
    /// Delete a role.
    ROLES_DELETE = "roles.delete";
    /// List role assignments.
    ROLES_ASSIGNMENTS_LIST = "roles.assignments.list";
    /// Read a role assignment.
    ROLES_ASSIGNMENTS_GET = "roles.assignments.get";
    /// Assign a role.
    ROLES_ASSIGNMENTS_CREATE = "roles.assignments.create";
    /// Take a role away.
    ROLES_ASSIGNMENTS_DELETE = "roles.assignments.delete";
    /// List service users.
    SERVICE_USERS_LIST = "service_users.list";
    /// Read a service user.
    SERVICE_USERS_GET = "service_users.get";
    /// Create a service user.
    SERVICE_USERS_CREATE = "service_users.create";
    /// Change a service user.
    SERVICE_USERS_UPDATE = "service_users.update";
    /// Delete a service user.
    SERVICE_USERS_DELETE = "service_users.delete";
    /// List a service user's access keys.
    SERVICE_USERS_ACCESS_KEYS_LIST = "service_users.access_keys.list";
    /// Make an access key for a service user.
    SERVICE_USERS_ACCESS_KEYS_CREATE = "service_users.access_keys.create";
    /// Delete an access key of a service user.
    SERVICE_USERS_ACCESS_KEYS_DELETE = "service_users.access_keys.delete";
    /// Reset the token of a service user.
    SERVICE_USERS_TOKEN_UPDATE = "service_users.token.update";
    /// List services.
    SERVICES_LIST = "services.list";
    /// Read a service.
    SERVICES_GET = "services.get";
    /// Create a service.
    SERVICES_CREATE = "services.create";
    /// Change a service.
    SERVICES_UPDATE = "services.update";
    /// Delete a service.
    SERVICES_DELETE = "services.delete";
    /// List webhooks.
    WEBHOOKS_LIST = "webhooks.list";
    /// Read a webhook.
    WEBHOOKS_GET = "webhooks.get";
    /// Create a webhook.
    WEBHOOKS_CREATE = "webhooks.create";
    /// Change a webhook.
    WEBHOOKS_UPDATE = "webhooks.update";
    /// Delete a webhook.
    WEBHOOKS_DELETE = "webhooks.delete";
    /// List workspaces.
    WORKSPACES_LIST = "workspaces.list";
    /// Read a workspace.
    WORKSPACES_GET = "workspaces.get";
    /// Create a workspace.
    WORKSPACES_CREATE = "workspaces.create";
    /// Change a workspace.
    WORKSPACES_UPDATE = "workspaces.update";
    /// Delete a workspace.
    WORKSPACES_DELETE = "workspaces.delete";
    /// Read the quotas of a workspace.
    WORKSPACES_QUOTAS_GET = "workspaces.quotas.get";
    /// Change the quotas of a workspace.
    WORKSPACES_QUOTAS_UPDATE = "workspaces.quotas.update";
    /// Consume from the quotas of a workspace.
    WORKSPACES_QUOTAS_CONSUME = "workspaces.quotas.consume";
}

/// The permission of this name.
#[must_use]
pub fn find(name: &str) -> Option<Permission> {
    CATALOGUE
        .iter()
        .copied()
        .find(|permission| permission.name() == name)
}

impl FromJson for Permission {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        json.parsed(&"the name of a permission", parse)
    }
}

/// The permission of this name, or the sentence that there is none.
///
/// # Errors
/// What was wrong and where the names are.
pub fn parse(name: &str) -> Result<Permission, Invalid> {
    find(name).ok_or_else(|| {
        Invalid::new(format!(
            "{} is not a permission; GET /permissions lists them",
            quoted(name)
        ))
    })
}

/// A role that every project has and nobody can change.
#[derive(Debug)]
pub struct DefaultRole {
    /// Its name.
    pub name: &'static str,
    /// Its fixed id.
    pub id: &'static str,
    objects: Objects,
    level: Level,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Objects {
    All,
    Deployments,
    Pipelines,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Viewer,
    Editor,
    Admin,
    /// May read the object and do everything with requests to it.
    RequestUser,
}

/// The default roles (contract section 4, UbiOps spec section 5).
pub const DEFAULT_ROLES: &[DefaultRole] = &[
    default_role(
        "project-admin",
        "00000000-0000-4000-8000-000000000001",
        Objects::All,
        Level::Admin,
    ),
    default_role(
        "project-editor",
        "00000000-0000-4000-8000-000000000002",
        Objects::All,
        Level::Editor,
    ),
    default_role(
        "project-viewer",
        "00000000-0000-4000-8000-000000000003",
        Objects::All,
        Level::Viewer,
    ),
    default_role(
        "deployment-admin",
        "00000000-0000-4000-8000-000000000004",
        Objects::Deployments,
        Level::Admin,
    ),
    default_role(
        "deployment-editor",
        "00000000-0000-4000-8000-000000000005",
        Objects::Deployments,
        Level::Editor,
    ),
    default_role(
        "deployment-viewer",
        "00000000-0000-4000-8000-000000000006",
        Objects::Deployments,
        Level::Viewer,
    ),
    default_role(
        "deployment-request-user",
        "00000000-0000-4000-8000-000000000007",
        Objects::Deployments,
        Level::RequestUser,
    ),
    default_role(
        "pipeline-admin",
        "00000000-0000-4000-8000-000000000008",
        Objects::Pipelines,
        Level::Admin,
    ),
    default_role(
        "pipeline-editor",
        "00000000-0000-4000-8000-000000000009",
        Objects::Pipelines,
        Level::Editor,
    ),
    default_role(
        "pipeline-viewer",
        "00000000-0000-4000-8000-00000000000a",
        Objects::Pipelines,
        Level::Viewer,
    ),
    default_role(
        "pipeline-request-user",
        "00000000-0000-4000-8000-00000000000b",
        Objects::Pipelines,
        Level::RequestUser,
    ),
];

const fn default_role(
    name: &'static str,
    id: &'static str,
    objects: Objects,
    level: Level,
) -> DefaultRole {
    DefaultRole {
        name,
        id,
        objects,
        level,
    }
}

impl DefaultRole {
    /// Its permissions, in the order of the catalogue.
    pub fn permissions(&self) -> impl Iterator<Item = Permission> + '_ {
        CATALOGUE
            .iter()
            .copied()
            .filter(|permission| self.holds(*permission))
    }

    fn holds(&self, permission: Permission) -> bool {
        let concerned = match self.objects {
            Objects::All => true,
            Objects::Deployments => permission.name().starts_with("deployments."),
            Objects::Pipelines => permission.name().starts_with("pipelines."),
        };
        let viewing = matches!(permission.action(), "list" | "get");
        let editing = viewing || matches!(permission.action(), "create" | "update" | "consume");
        concerned
            && match self.level {
                Level::Viewer => viewing,
                Level::Editor => editing,
                Level::Admin => true,
                Level::RequestUser => {
                    permission.name().contains(".requests.")
                        || matches!(permission, DEPLOYMENTS_GET | PIPELINES_GET)
                }
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(role: &str) -> Vec<&'static str> {
        let role = DEFAULT_ROLES
            .iter()
            .find(|known| known.name == role)
            .unwrap();
        role.permissions().map(Permission::name).collect()
    }

    #[test]
    fn a_viewer_lists_and_gets_only() {
        let all_viewing = names("project-viewer")
            .iter()
            .all(|name| name.ends_with(".list") || name.ends_with(".get"));
        assert!(all_viewing);
        assert!(names("project-viewer").contains(&"workspaces.quotas.get"));
    }

    #[test]
    fn an_editor_consumes_quotas_but_deletes_nothing() {
        let editor = names("project-editor");
        assert!(editor.contains(&"workspaces.quotas.consume"));
        assert!(editor.contains(&"roles.assignments.create"));
        assert!(!editor.iter().any(|name| name.ends_with(".delete")));
    }

    #[test]
    fn an_admin_holds_everything() {
        assert_eq!(names("project-admin").len(), CATALOGUE.len());
    }

    #[test]
    fn a_deployment_role_is_about_deployments_alone() {
        assert!(
            names("deployment-admin")
                .iter()
                .all(|name| name.starts_with("deployments."))
        );
        assert!(!names("deployment-request-user").contains(&"deployments.versions.create"));
    }

    #[test]
    fn no_service_user_holds_roles_or_people() {
        assert!(!ROLES_LIST.suits_service_users());
        assert!(!PROJECTS_USERS_LIST.suits_service_users());
        assert!(SERVICE_USERS_CREATE.suits_service_users());
    }
}
