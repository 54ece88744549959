//! `/operator/v1/quota-resources`: the catalogue of what workspaces can be limited in.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::Call;
use crate::domain::quota::UNLIMITED;
use crate::domain::{QuotaBounds, QuotaResourceName, Text};
use crate::error::Error;
use crate::store::quota_resources::{self, Labels, QuotaResource};
use crate::web::response::Response;

/// A name or unit of a resource.
type Label = Text<1, 256>;

object! {
    /// The complete definition of a quota resource.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct QuotaResourceSet {
        /// Name of the resource in English.
        pub name_en: Label,
        /// Name of the resource in Chinese; the English name if absent.
        pub name_cn: Option<Label>,
        /// Unit of the resource in English.
        pub unit_en: Label,
        /// Unit of the resource in Chinese; the English unit if absent.
        pub unit_cn: Option<Label>,
        /// Minimum value of a quota; -1 if a quota may be unlimited.
        pub min_quota: i64,
        /// Maximum value of a quota.
        pub max_quota: i64,
        /// Quota where nobody has set one; -1, which means no limit, if absent.
        pub default_quota: Option<i64>,
    }
}

/// A resource that workspaces can be limited in.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct QuotaResourceDetail {
    /// Unique id of the resource.
    pub resource: String,
    /// Name of the resource in English.
    pub name_en: String,
    /// Name of the resource in Chinese.
    pub name_cn: String,
    /// Unit of the resource in English.
    pub unit_en: String,
    /// Unit of the resource in Chinese.
    pub unit_cn: String,
    /// Minimum value of a quota; -1 if a quota may be unlimited.
    pub min_quota: i64,
    /// Maximum value of a quota.
    pub max_quota: i64,
    /// Quota where nobody has set one; -1 means no limit.
    pub default_quota: i64,
}

impl From<QuotaResource> for QuotaResourceDetail {
    fn from(resource: QuotaResource) -> Self {
        Self {
            resource: resource.resource,
            name_en: resource.name_en,
            name_cn: resource.name_cn,
            unit_en: resource.unit_en,
            unit_cn: resource.unit_cn,
            min_quota: resource.min_quota,
            max_quota: resource.max_quota,
            default_quota: resource.default_quota,
        }
    }
}

/// `GET /operator/v1/quota-resources`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let all = quota_resources::list(call.connection).await?;
    Response::list(all.into_iter().map(QuotaResourceDetail::from))
}

/// `PUT /operator/v1/quota-resources/{resource}`.
pub(crate) async fn set(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: QuotaResourceSet = call.body().await?;
    let resource = QuotaResourceName::parse(call.parameter("resource"))
        .map_err(|invalid| Error::field("resource", &invalid))?;
    let bounds = QuotaBounds::new(
        body.min_quota,
        body.max_quota,
        body.default_quota.unwrap_or(UNLIMITED),
    )
    .map_err(|(field, invalid)| Error::field(field, &invalid))?;
    let labels = Labels {
        name_en: body.name_en.as_str(),
        name_cn: body.name_cn.as_ref().unwrap_or(&body.name_en).as_str(),
        unit_en: body.unit_en.as_str(),
        unit_cn: body.unit_cn.as_ref().unwrap_or(&body.unit_en).as_str(),
    };
    let set = quota_resources::set(&call.change_context()?, &resource, &labels, bounds).await?;
    Response::ok(&QuotaResourceDetail::from(set))
}
