//! How workspaces come, change and go.
//!
//! Each change is a batch whose permit holds the rules that a race could break: the name is free, there is room, the
//! caller may, the workspace is open to them.

use serde_json::json;

use super::{
    MAX_WORKSPACES, Workspace, foreign_project, is_default, lacks, not_found, permission_name,
    workspace_columns, workspace_exists, workspace_is_open,
};
use crate::auth::principal::Principal;
use crate::domain::json;
use crate::domain::{
    AuthType, EnterpriseProjectId, Grant, WorkspaceDescription, WorkspaceId, WorkspaceName,
};
use crate::error::{Error, Reason};
use crate::sql::rules;
use crate::store::audit::{Action, Change, ChangeContext, given, permit, permitted};
use crate::store::projects::Project;
use crate::store::rights::caller_may;
use crate::store::subscriptions::{self, subscription_runs};
use crate::store::texts::statements;

macro_rules! name_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM workspaces WHERE project_id = :project_id AND name = :name AND id <> :object_id)"
    };
}

macro_rules! has_room {
    () => {
        "(SELECT count(*) FROM workspaces WHERE project_id = :project_id) < #max_workspaces"
    };
}

macro_rules! workspace_before {
    () => {
        "(SELECT json_object('name', name, 'description', description, 'auth_type', auth_type, 'grants', json(grants),
                             'enterprise_project_id', enterprise_project_id)
          FROM workspaces WHERE project_id = :project_id AND id = :object_id)"
    };
}

/// The grants after a change: a change of the type without grants clears them.
macro_rules! grants_after {
    () => {
        "CASE WHEN lower(coalesce(:auth_type, auth_type)) <> 'internal' THEN '[]'
              WHEN :grants IS NOT NULL THEN :grants
              WHEN :auth_type IS NOT NULL THEN '[]'
              ELSE grants END"
    };
}

/// Whether what is asked for is not what there is (contract section 4, *What one caller can cost*).
macro_rules! changes_something {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM workspaces WHERE project_id = :project_id AND id = :object_id
               AND (name <> coalesce(:name, name) OR description <> coalesce(:description, description)
                    OR auth_type <> coalesce(:auth_type, auth_type) OR grants <> ",
            grants_after!(),
            "))"
        )
    };
}

/// The rows of `grantees`, for a workspace to which grants apply.
macro_rules! insert_grantees {
    () => {
        concat!(
            "INSERT INTO workspace_grantees (project_id, workspace_id, grantee)
             SELECT DISTINCT :project_id, :object_id, value FROM json_each(:grantees)
             WHERE EXISTS (SELECT 1 FROM workspaces WHERE project_id = :project_id AND id = :object_id
                             AND lower(auth_type) = 'internal')
               AND ",
            permitted!()
        )
    };
}

macro_rules! get {
    () => {
        concat!(
            "SELECT ",
            workspace_columns!(),
            ", w.grants AS workspace_grants FROM workspaces w WHERE w.project_id = :project_id AND w.id = :object_id"
        )
    };
}

statements! {
    /// The permit for a new workspace.
    PERMIT_CREATE = permit!(":object_id", "NULL", rules! {
        found: "EXISTS (SELECT 1 FROM projects WHERE id = :project_id)",
        may: caller_may!(),
        name_is_free: name_is_free!(),
        subscription_runs: subscription_runs!(),
        has_room: has_room!(),
    });
    /// The workspace itself.
    INSERT = concat!(
        "INSERT INTO workspaces (project_id, id, organization_id, name, description, owner_id, owner,
                                 enterprise_project_id, auth_type, grants, creation_date, update_date)
         SELECT :project_id, :object_id, :organization_id, :name, :description, :principal_id, :owner,
                :enterprise_project_id, :auth_type, :grants, #now, #now
         WHERE ", permitted!());
    /// Whom it is open to.
    INSERT_GRANTEES = insert_grantees!();
    /// The new workspace.
    GET_NEW = get!();
    /// The permit to change a workspace.
    PERMIT_UPDATE = permit!(":object_id", workspace_before!(), rules! {
        found: workspace_exists!(),
        may: concat!(caller_may!(), " AND ", workspace_is_open!()),
        name_is_free: name_is_free!(),
        changes: changes_something!(),
    });
    /// The change.
    UPDATE = concat!(
        "UPDATE workspaces SET
           name = coalesce(:name, name),
           description = coalesce(:description, description),
           auth_type = coalesce(:auth_type, auth_type),
           grants = ", grants_after!(), ",
           update_date = #now
         WHERE project_id = :project_id AND id = :object_id AND ", permitted!());
    /// The grantees that are replaced.
    DELETE_GRANTEES = concat!(
        "DELETE FROM workspace_grantees WHERE project_id = :project_id AND workspace_id = :object_id
           AND (:auth_type IS NOT NULL OR :grants IS NOT NULL) AND ", permitted!());
    /// The new ones.
    REPLACE_GRANTEES = insert_grantees!();
    /// The permit to delete a workspace, any but the default one.
    PERMIT_DELETE = permit!(":object_id", workspace_before!(), rules! {
        is_custom: ":object_id <> '0'",
        found: workspace_exists!(),
        may: concat!(caller_may!(), " AND ", workspace_is_open!()),
    });
    /// The workspace, and with it its grants and quotas.
    DELETE = concat!("DELETE FROM workspaces WHERE project_id = :project_id AND id = :object_id AND ", permitted!());
}

fn name_is_taken(name: Option<&WorkspaceName>) -> Error {
    let name = name.map_or("", |name| name.as_str());
    Error::invalid(format!("name: a workspace '{name}' exists already"))
}

/// What is asked for on creation.
pub struct NewWorkspace<'a> {
    /// Its id.
    pub id: &'a WorkspaceId,
    /// Its name.
    pub name: &'a WorkspaceName,
    /// Its description.
    pub description: &'a WorkspaceDescription,
    /// Its enterprise project.
    pub enterprise_project_id: &'a EnterpriseProjectId,
    /// Whom it is open to.
    pub auth_type: &'a AuthType,
    /// Its grants; kept only if they count.
    pub grants: &'a [Grant],
}

/// Creates a workspace.
///
/// # Errors
/// 400 for a taken name, and beyond [`MAX_WORKSPACES`]; 403 for a right lost meanwhile, and when the organization's
/// subscription has ended; 503 when the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    project: &Project,
    new: NewWorkspace<'_>,
) -> Result<Workspace, Error> {
    let grants = if new.auth_type.is_internal() {
        new.grants
    } else {
        &[]
    };
    let change = Change {
        object_name: new.name.as_str(),
        after: Some(json!({
            "name": new.name, "description": new.description, "auth_type": new.auth_type, "grants": json::tree(grants),
            "enterprise_project_id": new.enterprise_project_id,
        })),
        ..change_of(project, new.id, Action::Create)
    };
    let statements = change
        .parameters(context)
        .text("name", new.name.as_str())
        .text("description", new.description.as_str())
        .text("owner", owner_name(context.authority.principal()))
        .text("enterprise_project_id", new.enterprise_project_id.as_str())
        .text("auth_type", new.auth_type.as_str())
        .text("grants", json::text(&grants))
        .text("grantees", grantees(grants))
        .integer("max_workspaces", MAX_WORKSPACES)
        .batch([&PERMIT_CREATE, &INSERT, &INSERT_GRANTEES, &GET_NEW]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &foreign_project),
        ("may", &|| lacks(context.authority)),
        ("name_is_free", &|| name_is_taken(Some(new.name))),
        ("subscription_runs", &|| {
            subscriptions::ended().because(Reason::NotAllowedNow {
                permission: permission_name(context.authority),
            })
        }),
        ("has_room", &too_many),
    ])?;
    answers.only(&GET_NEW)
}

/// The refusal of one more than a project may have.
fn too_many() -> Error {
    let limit = MAX_WORKSPACES;
    Error::invalid(format!("a project has at most {limit} workspaces"))
        .because(Reason::TooManyWorkspaces { limit })
}

/// What a change asks for; what is absent stays.
#[derive(Debug, Default)]
pub struct WorkspaceChanges {
    /// Its name.
    pub name: Option<WorkspaceName>,
    /// Its description.
    pub description: Option<WorkspaceDescription>,
    /// Whom it is open to.
    pub auth_type: Option<AuthType>,
    /// Its grants, all of them; kept only if they count.
    pub grants: Option<Vec<Grant>>,
}

impl WorkspaceChanges {
    fn to_json(&self) -> serde_json::Value {
        given(vec![
            ("name", self.name.as_ref().map(|name| json!(name))),
            (
                "description",
                self.description.as_ref().map(|text| json!(text)),
            ),
            ("auth_type", self.auth_type.as_ref().map(|kind| json!(kind))),
            ("grants", self.grants.as_ref().map(json::tree)),
        ])
    }
}

/// Changes a workspace; what comes to nothing is not written.
///
/// # Errors
/// 400 for a taken name, or when it has gone meanwhile; 403 for a right lost meanwhile; 503 when the database fails.
pub async fn update(
    context: &ChangeContext<'_>,
    project: &Project,
    id: &WorkspaceId,
    changes: &WorkspaceChanges,
) -> Result<(), Error> {
    let change = Change {
        object_name: changes
            .name
            .as_ref()
            .map_or(id.as_str(), |name| name.as_str()),
        after: Some(changes.to_json()),
        ..change_of(project, id, Action::Update)
    };
    let text = |text: Option<&str>| text.map(str::to_owned);
    let grants = changes.grants.as_deref();
    let statements = change
        .parameters(context)
        .optional_text(
            "name",
            text(changes.name.as_ref().map(|name| name.as_str())),
        )
        .optional_text(
            "description",
            text(changes.description.as_ref().map(|text| text.as_str())),
        )
        .optional_text(
            "auth_type",
            text(changes.auth_type.as_ref().map(|kind| kind.as_str())),
        )
        .optional_text("grants", grants.map(|grants| json::text(&grants)))
        .text("grantees", grantees(grants.unwrap_or_default()))
        .batch([&PERMIT_UPDATE, &UPDATE, &DELETE_GRANTEES, &REPLACE_GRANTEES]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| not_found(id.as_str())),
        ("may", &|| lacks(context.authority)),
        ("name_is_free", &|| name_is_taken(changes.name.as_ref())),
    ])
}

/// Deletes a workspace with its quotas, at once.
///
/// # Errors
/// 400 for the default workspace, or when it has gone meanwhile; 403 for a right lost meanwhile; 503 when the database
/// fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    project: &Project,
    id: &WorkspaceId,
) -> Result<(), Error> {
    let parameters = change_of(project, id, Action::Delete).parameters(context);
    let statements = parameters.batch([&PERMIT_DELETE, &DELETE]);
    context.connection.write(statements).await?.done_or(&[
        ("is_custom", &is_default),
        ("found", &|| not_found(id.as_str())),
        ("may", &|| lacks(context.authority)),
    ])
}

/// The grantees one by one, as a JSON list.
fn grantees(grants: &[Grant]) -> String {
    let all: Vec<String> = grants.iter().filter_map(Grant::grantee).collect();
    json::text(&all)
}

/// What a workspace shows of who made it: 64 characters at most (ModelArts spec section 1.2).
fn owner_name(principal: &Principal) -> String {
    let name = match principal {
        Principal::ServiceUser(service_user) if !service_user.name.is_empty() => {
            service_user.name.as_str()
        }
        Principal::ServiceUser(service_user) => service_user.id.as_str(),
        other => other.email(),
    };
    name.chars().take(64).collect()
}

fn change_of<'a>(project: &'a Project, id: &'a WorkspaceId, action: Action) -> Change<'a> {
    project.change(action, "workspace", id.any(), id.as_str())
}
