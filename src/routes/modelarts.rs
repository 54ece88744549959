//! The ModelArts-compatible surface (ModelArts spec section 1): workspaces and their quotas, and the consumption from
//! them, which is ours.

#[cfg(not(target_arch = "wasm32"))]
use super::contract;
use super::{Route, handler, p, routes};
use crate::api::{quotas, workspaces};
use ::http::Method;

pub(super) static TABLE: &[Route] = routes! {
    POST "/v1/{project_id}/workspaces" create_workspace, Workspaces(p::WORKSPACES_CREATE), "Create a workspace" => workspaces::create,
        takes workspaces::CreateWorkspaceReq, gives 200 workspaces::WorkspaceResponse;
    GET "/v1/{project_id}/workspaces" list_workspace, Workspaces(p::WORKSPACES_LIST), "List workspaces" => workspaces::list,
        query [WORKSPACES_LIMIT, WORKSPACES_PAGE, SORT_BY, ORDER, ENTERPRISE_PROJECT, WORKSPACE_NAME, FILTER_ACCESSIBLE], gives 200 workspaces::ListWorkspaceResponse;
    GET "/v1/{project_id}/workspaces/{workspace_id}" show_workspace, Workspace(p::WORKSPACES_GET), "Read a workspace" => workspaces::show,
        gives 200 workspaces::WorkspaceResponse;
    PUT "/v1/{project_id}/workspaces/{workspace_id}" update_workspace, Workspace(p::WORKSPACES_UPDATE), "Change a workspace" => workspaces::update,
        takes workspaces::UpdateWorkspaceReq, gives 200 workspaces::WorkspaceChanged;
    DELETE "/v1/{project_id}/workspaces/{workspace_id}" delete_workspace, Workspace(p::WORKSPACES_DELETE), "Delete a workspace" => workspaces::delete,
        gives 200 workspaces::WorkspaceChanged;
    GET "/v1/{project_id}/workspaces/{workspace_id}/quotas" show_workspace_quotas, Workspace(p::WORKSPACES_QUOTAS_GET), "Read the quotas of a workspace" => quotas::show,
        gives 200 quotas::ShowWorkspaceQuotasResponse;
    PUT "/v1/{project_id}/workspaces/{workspace_id}/quotas" update_workspace_quotas, Workspace(p::WORKSPACES_QUOTAS_UPDATE), "Change quotas of a workspace" => quotas::update,
        takes quotas::UpdateWorkspaceQuotasReq, gives 200 quotas::UpdateWorkspaceQuotasResponse;
    POST "/v1/{project_id}/workspaces/{workspace_id}/quotas/consumption" consume_workspace_quota, Workspace(p::WORKSPACES_QUOTAS_CONSUME), "Consume from a quota of a workspace, or give back" => quotas::consume,
        takes quotas::ConsumptionReq, gives 200 quotas::WorkspaceQuotaInUse;
};
