//! The ModelArts-compatible surface (ModelArts spec section 1): workspaces and their quotas, and the consumption from
//! them, which is ours.

use super::{Route, p, routes};
use crate::api::{quotas, workspaces};

pub(super) static TABLE: &[Route] = routes! {
    family WORKSPACES;
    "/v1/{project_id}/workspaces" {
        POST create_workspace, Workspaces(p::WORKSPACES_CREATE), "Create a workspace"
            => workspaces::create, takes workspaces::CreateWorkspaceReq, gives 200 workspaces::WorkspaceResponse;
        GET list_workspace, Workspaces(p::WORKSPACES_LIST), "List workspaces"
            => workspaces::list,
               query [WORKSPACES_LIMIT, WORKSPACES_PAGE, SORT_BY, ORDER,
                      ENTERPRISE_PROJECT, WORKSPACE_NAME, FILTER_ACCESSIBLE],
               gives 200 workspaces::ListWorkspaceResponse;
    }
    "/v1/{project_id}/workspaces/{workspace_id}" {
        GET show_workspace, Workspace(p::WORKSPACES_GET), "Read a workspace"
            => workspaces::show, gives 200 workspaces::WorkspaceResponse;
        PUT update_workspace, Workspace(p::WORKSPACES_UPDATE), "Change a workspace"
            => workspaces::update, takes workspaces::UpdateWorkspaceReq, gives 200 workspaces::WorkspaceChanged;
        DELETE delete_workspace, Workspace(p::WORKSPACES_DELETE), "Delete a workspace"
            => workspaces::delete, gives 200 workspaces::WorkspaceChanged;
    }

    family WORKSPACE_QUOTAS;
    "/v1/{project_id}/workspaces/{workspace_id}/quotas" {
        GET show_workspace_quotas, Workspace(p::WORKSPACES_QUOTAS_GET), "Read the quotas of a workspace"
            => quotas::show, gives 200 quotas::ShowWorkspaceQuotasResponse;
        PUT update_workspace_quotas, Workspace(p::WORKSPACES_QUOTAS_UPDATE), "Change quotas of a workspace"
            => quotas::update, takes quotas::UpdateWorkspaceQuotasReq,
               gives 200 quotas::UpdateWorkspaceQuotasResponse;
    }

    family WORKSPACES;
    "/v1/{project_id}/workspaces/{workspace_id}/quotas/consumption" {
        POST consume_workspace_quota, Workspace(p::WORKSPACES_QUOTAS_CONSUME),
            "Consume from a quota of a workspace, or give something back"
            => quotas::consume, takes quotas::ConsumptionReq, gives 200 quotas::WorkspaceQuotaInUse;
    }
};
