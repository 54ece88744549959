//! `/v1/{project_id}/workspaces`: workspaces, as ModelArts' clients read and write them (ModelArts spec section 1).

use crate::domain::json::{self, object};
use serde::Serialize;

use crate::api::{Call, OnProject, OnWorkspace};
use crate::domain::workspace::{
    DEFAULT_WORKSPACE, DEFAULT_WORKSPACE_NAME, MAX_GRANTS, MAX_GRANTS_BYTES,
};
use crate::domain::{
    AuthType, EnterpriseProjectId, Grant, Invalid, WorkspaceDescription, WorkspaceId,
    WorkspaceName, quoted,
};
use crate::error::Error;
use crate::store::rows::JsonText;
use crate::store::workspaces::changes::{self, NewWorkspace, WorkspaceChanges};
use crate::store::workspaces::{self, Filter, Workspace};
use crate::web::response::Response;

/// The largest page, and the largest number of one: what a Java client's `Integer` holds.
const MAX_PAGE: i64 = 2_147_483_647;

object! {
    /// The workspace to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct CreateWorkspaceReq {
        /// Name of the workspace, unique in the project; `default` is taken.
        pub name: WorkspaceName,
        /// Description of the workspace; empty if absent.
        pub description: Option<WorkspaceDescription>,
        /// Id of the enterprise project; stored and shown.
        pub enterprise_project_id: Option<EnterpriseProjectId>,
        /// Whom the workspace is open to; `public` if absent.
        pub auth_type: Option<AuthType>,
        /// Users whom an INTERNAL workspace is open to: at most 500, and at most 64 KiB in total.
        pub grants: Option<Vec<Grant>>,
    }
}

object! {
    /// Changes to a workspace; absent fields stay as they are.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct UpdateWorkspaceReq {
        /// Name of the workspace, unique in the project; the default workspace keeps its name.
        pub name: Option<WorkspaceName>,
        /// Description of the workspace.
        pub description: Option<WorkspaceDescription>,
        /// Whom the workspace is open to. Unless grants are given with it, all grants are removed.
        pub auth_type: Option<AuthType>,
        /// All users whom an INTERNAL workspace is open to: at most 500, and at most 64 KiB in total.
        pub grants: Option<Vec<Grant>>,
    }
}

/// A workspace.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct WorkspaceResponse {
    /// Unique id of the workspace; that of the default workspace is `0`.
    pub id: String,
    /// Name of the workspace.
    pub name: String,
    /// Description of the workspace.
    pub description: String,
    /// Creator of the workspace.
    pub owner: String,
    /// When the workspace was created, in milliseconds since the epoch.
    pub create_time: i64,
    /// When the workspace was last changed, in milliseconds since the epoch.
    pub update_time: i64,
    /// Whom the workspace is open to, as it was sent.
    pub auth_type: String,
    /// Id of the enterprise project.
    pub enterprise_project_id: String,
    /// Name of the default enterprise project; empty for any other enterprise project.
    pub enterprise_project_name: &'static str,
    /// Always `NORMAL`: a workspace is created and deleted at once.
    pub status: &'static str,
    /// Always empty.
    pub status_info: &'static str,
    /// Users whom the workspace is open to; not present in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<Vec<Grant>>"))]
    pub grants: Option<JsonText>,
}

/// A page of workspaces.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ListWorkspaceResponse {
    /// Number of workspaces on all pages.
    pub total_count: i64,
    /// Number of workspaces on this page.
    pub count: usize,
    /// The workspaces of this page.
    pub workspaces: Vec<WorkspaceResponse>,
}

/// The workspace that was changed or deleted.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct WorkspaceChanged {
    /// Id of the workspace.
    pub workspace_id: String,
}

impl From<Workspace> for WorkspaceResponse {
    fn from(workspace: Workspace) -> Self {
        let enterprise_project_name = match workspace.workspace_enterprise_project_id.as_str() {
            "0" => "default",
            _ => "",
        };
        Self {
            id: workspace.workspace_id.into(),
            name: workspace.workspace_name,
            description: workspace.workspace_description,
            owner: workspace.workspace_owner,
            create_time: workspace.workspace_creation_date.0.as_millis(),
            update_time: workspace.workspace_update_date.0.as_millis(),
            auth_type: workspace.workspace_auth_type,
            enterprise_project_id: workspace.workspace_enterprise_project_id,
            enterprise_project_name,
            status: "NORMAL",
            status_info: "",
            grants: workspace.workspace_grants,
        }
    }
}

/// Not too many grants and not too long ones, each naming somebody (ModelArts spec section 1.1).
fn check_grants(grants: Option<&Vec<Grant>>) -> Result<(), Error> {
    let grants = grants.map(Vec::as_slice).unwrap_or_default();
    if grants.len() > MAX_GRANTS {
        return Err(Error::invalid(format!(
            "grants: there are {}; at most {MAX_GRANTS} are allowed",
            grants.len()
        )));
    }
    for (at, grant) in grants.iter().enumerate() {
        let check = grant.check_name();
        check.map_err(|invalid| Error::field(&format!("grants[{at}].user_name"), &invalid))?;
    }
    let bytes = json::text(&grants).len();
    if bytes > MAX_GRANTS_BYTES {
        return Err(Error::invalid(format!(
            "grants: they take {bytes} bytes as JSON; at most {MAX_GRANTS_BYTES} are allowed"
        )));
    }
    match grants.iter().position(|grant| grant.grantee().is_none()) {
        Some(at) => Err(Error::invalid(format!(
            "grants[{at}]: user_id or user_name is needed"
        ))),
        None => Ok(()),
    }
}

fn is_reserved(name: &WorkspaceName) -> bool {
    name.as_str() == DEFAULT_WORKSPACE_NAME
}

fn reserved() -> Error {
    Error::invalid("name: 'default' is the name of the default workspace")
}

/// `POST /workspaces`.
pub(crate) async fn create(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: CreateWorkspaceReq = call.body().await?;
    check_grants(body.grants.as_ref())?;
    if is_reserved(&body.name) {
        return Err(reserved());
    }
    let id = WorkspaceId::from_random(call.random()?);
    let new = NewWorkspace {
        id: &id,
        name: &body.name,
        description: &body.description.unwrap_or_default(),
        enterprise_project_id: &body.enterprise_project_id.unwrap_or_default(),
        auth_type: &body.auth_type.unwrap_or_default(),
        grants: &body.grants.unwrap_or_default(),
    };
    let context = call.change_context()?;
    let created = changes::create(&context, call.project(), new).await?;
    Response::ok(&WorkspaceResponse::from(created))
}

/// `GET /workspaces`. `offset` is the number of a page, as its documentation says: `offset` times `limit` are skipped.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let query = &call.query;
    let one_of = |allowed: &'static [&'static str]| {
        move |text: &str| {
            let found = allowed.iter().find(|known| **known == text).copied();
            found.ok_or_else(|| {
                let list = allowed.join(", ");
                Invalid::new(format!("{} is none of {list}", quoted(text)))
            })
        }
    };
    let sort_by = query.parsed("sort_by", one_of(&["name", "update_time", "status"]))?;
    let order = query.parsed("order", one_of(&["asc", "desc"]))?;
    let filter = Filter {
        name: query.text("name"),
        enterprise_project_id: query.text("enterprise_project_id"),
        only_accessible: query.flag("filter_accessible")?,
        sort_by: sort_by.unwrap_or("name"),
        descending: order != Some("asc"),
        limit: query.integer("limit", 1..=MAX_PAGE, 1_000)?,
        page: query.integer("offset", 0..=MAX_PAGE, 0)?,
    };
    let principal = call.authority.principal();
    let (page, total_count) =
        workspaces::list(call.connection, principal, call.project(), &filter).await?;
    let workspaces: Vec<_> = page.into_iter().map(WorkspaceResponse::from).collect();
    Response::ok(&ListWorkspaceResponse {
        total_count,
        count: workspaces.len(),
        workspaces,
    })
}

/// `GET /workspaces/{workspace_id}`: the first round trip has read it.
pub(crate) async fn show(call: &mut Call<'_, OnWorkspace>) -> Result<Response, Error> {
    Response::ok(&WorkspaceResponse::from(call.workspace().clone()))
}

/// `PUT /workspaces/{workspace_id}`.
pub(crate) async fn update(call: &mut Call<'_, OnWorkspace>) -> Result<Response, Error> {
    let body: UpdateWorkspaceReq = call.body().await?;
    check_grants(body.grants.as_ref())?;
    let id = call.workspace().workspace_id.clone();
    let name = match body.name {
        // That it keeps its name is no change.
        Some(name) if id.as_str() == DEFAULT_WORKSPACE && is_reserved(&name) => None,
        Some(_) if id.as_str() == DEFAULT_WORKSPACE => return Err(workspaces::is_default()),
        Some(name) if is_reserved(&name) => return Err(reserved()),
        name => name,
    };
    let wanted = WorkspaceChanges {
        name,
        description: body.description,
        auth_type: body.auth_type,
        grants: body.grants,
    };
    changes::update(&call.change_context()?, call.project(), &id, &wanted).await?;
    Response::ok(&WorkspaceChanged {
        workspace_id: id.into(),
    })
}

/// `DELETE /workspaces/{workspace_id}`.
pub(crate) async fn delete(call: &mut Call<'_, OnWorkspace>) -> Result<Response, Error> {
    let id = call.workspace().workspace_id.clone();
    let context = call.change_context()?;
    changes::delete(&context, call.project(), &id).await?;
    Response::ok(&WorkspaceChanged {
        workspace_id: id.into(),
    })
}
