//! `/v1/{project_id}/workspaces/{workspace_id}/quotas`: what a workspace may use, and what it has used.

use crate::domain::json::object;

use serde::Serialize;

use crate::api::{Call, OnWorkspace};
use crate::domain::Text;
use crate::domain::invalid::quoted;
use crate::domain::numbered::Numbered;
use crate::domain::quota::{MAX_QUOTA, UNLIMITED, check_quota};
use crate::error::Error;
use crate::store::consumption::{self, Consumption};
use crate::store::quotas::{self, NewQuota, Quota};
use crate::web::response::Response;

/// The most items of one change (ModelArts spec section 4).
const MAX_ITEMS: usize = 100;

object! {
    /// The quotas to change; the others stay as they are.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct UpdateWorkspaceQuotasReq {
        /// 1 to 100 quotas, each resource at most once.
        pub quotas: Vec<WorkspaceQuotasReq>,
    }
}

object! {
    /// The quota of a resource to set.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct WorkspaceQuotasReq {
        /// Resource of the quota, one of those in the list of the workspace's quotas.
        pub resource: String,
        /// Quota: a positive integer within the resource's bounds, or -1 for no limit.
        pub quota: i64,
    }
}

object! {
    /// The amount of a resource to consume.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct ConsumptionReq {
        /// Id of the consumption, chosen by the caller. Sent again within 30 days with the same content, it changes
        /// nothing.
        pub id: Text<1, 128>,
        /// Resource that is consumed.
        pub resource: String,
        /// Amount that is consumed; a negative amount gives something back, down to a consumption of 0.
        pub amount: i64,
    }
}

/// The quota of a workspace for a resource.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct WorkspaceQuota {
    /// Unique id of the resource.
    pub resource: String,
    /// Name of the resource in English.
    pub name_en: String,
    /// Name of the resource in Chinese.
    pub name_cn: String,
    /// Quota of the workspace; -1 means no limit.
    pub quota: i64,
    /// Minimum value of the quota.
    pub min_quota: i64,
    /// Maximum value of the quota.
    pub max_quota: i64,
    /// Unit of the resource in English.
    pub unit_en: String,
    /// Unit of the resource in Chinese.
    pub unit_cn: String,
    /// When the quota was last set, or when the workspace was created, in milliseconds since the epoch.
    pub update_time: i64,
}

/// The quota of a workspace for a resource, with the amount used.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct WorkspaceQuotaInUse {
    /// The quota.
    #[serde(flatten)]
    pub quota: WorkspaceQuota,
    /// Amount of the quota that is used; null while there is no limit.
    pub used_quota: Option<i64>,
}

/// The quotas of a workspace.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ShowWorkspaceQuotasResponse {
    /// All quotas of the workspace.
    pub quotas: Vec<WorkspaceQuotaInUse>,
}

/// The quotas that were changed.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct UpdateWorkspaceQuotasResponse {
    /// Quotas that were changed, in the order of the request.
    pub quotas: Vec<WorkspaceQuota>,
}

impl From<Quota> for WorkspaceQuota {
    fn from(quota: Quota) -> Self {
        Self {
            resource: quota.resource,
            name_en: quota.name_en,
            name_cn: quota.name_cn,
            quota: quota.quota,
            min_quota: quota.min_quota,
            max_quota: quota.max_quota,
            unit_en: quota.unit_en,
            unit_cn: quota.unit_cn,
            update_time: quota.update_date.0.as_millis(),
        }
    }
}

impl From<Quota> for WorkspaceQuotaInUse {
    fn from(quota: Quota) -> Self {
        Self {
            used_quota: (quota.quota != UNLIMITED).then_some(quota.used),
            quota: quota.into(),
        }
    }
}

/// `GET .../quotas`.
pub(crate) async fn show(call: &mut Call<'_, OnWorkspace>) -> Result<Response, Error> {
    let workspace = &call.workspace().workspace_id;
    let quotas = quotas::list(call.connection, call.project(), workspace).await?;
    Response::ok(&ShowWorkspaceQuotasResponse {
        quotas: quotas.into_iter().map(WorkspaceQuotaInUse::from).collect(),
    })
}

/// `PUT .../quotas`.
pub(crate) async fn update(call: &mut Call<'_, OnWorkspace>) -> Result<Response, Error> {
    let body: UpdateWorkspaceQuotasReq = call.body().await?;
    let items = checked(body.quotas)?;
    let workspace = &call.workspace().workspace_id;
    let changed = quotas::set(&call.change_context()?, call.project(), workspace, &items).await?;
    Response::ok(&UpdateWorkspaceQuotasResponse {
        quotas: changed.into_iter().map(WorkspaceQuota::from).collect(),
    })
}

/// What needs no look at the catalogue: rows 7, 9 and 11 of the decision table (ModelArts spec section 4).
fn checked(items: Vec<WorkspaceQuotasReq>) -> Result<Vec<NewQuota>, Error> {
    if items.is_empty() || items.len() > MAX_ITEMS {
        return Err(Error::invalid(format!(
            "quotas: there are {}; 1 to {MAX_ITEMS} are allowed",
            items.len()
        )));
    }
    let mut seen = Numbered::default();
    for (at, item) in items.iter().enumerate() {
        if !seen.is_new(item.resource.as_str()) {
            return Err(Error::invalid(format!(
                "quotas[{at}].resource: {} stands twice",
                quoted(&item.resource)
            )));
        }
        check_quota(item.quota)
            .map_err(|invalid| Error::field(&format!("quotas[{at}].quota"), &invalid))?;
    }
    Ok(items
        .into_iter()
        .map(|item| NewQuota {
            resource: item.resource,
            quota: item.quota,
        })
        .collect())
}

/// `POST .../quotas/consumption`.
pub(crate) async fn consume(call: &mut Call<'_, OnWorkspace>) -> Result<Response, Error> {
    let body: ConsumptionReq = call.body().await?;
    if !(-MAX_QUOTA..=MAX_QUOTA).contains(&body.amount) {
        return Err(Error::invalid(format!(
            "amount: {} is outside -{MAX_QUOTA} to {MAX_QUOTA}",
            body.amount
        )));
    }
    let consumption = Consumption {
        id: body.id.as_str(),
        resource: &body.resource,
        amount: body.amount,
    };
    let quota = consumption::consume(
        call.connection,
        &call.authority,
        (call.now, call.request_id),
        call.project(),
        &call.workspace().workspace_id,
        consumption,
    )
    .await?;
    Response::ok(&WorkspaceQuotaInUse::from(quota))
}
