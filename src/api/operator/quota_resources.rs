//! `/operator/v1/quota-resources`: the catalogue of what workspaces can be limited in.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::Call;
use crate::domain::quota::UNLIMITED;
use crate::domain::{QuotaBounds, QuotaResourceName, Text};
use crate::error::Error;
use crate::http::response::Response;
use crate::store::quota_resources::{self, Labels, QuotaResource};

/// A name or unit of a resource.
type Label = Text<1, 256>;

object! {
    /// What a resource is to be, all of it.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct QuotaResourceSet {
        /// Name in English.
        pub name_en: Label,
        /// Name in Chinese; the English one if absent.
        pub name_cn: Option<Label>,
        /// Unit in English.
        pub unit_en: Label,
        /// Unit in Chinese; the English one if absent.
        pub unit_cn: Option<Label>,
        /// The least that a quota may be; -1 if it may be lifted.
        pub min_quota: i64,
        /// The most.
        pub max_quota: i64,
        /// What it is where nobody has set it; -1, no limit, if absent.
        pub default_quota: Option<i64>,
    }
}

/// A resource that workspaces can be limited in.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct QuotaResourceDetail {
    /// Unique id.
    pub resource: String,
    /// Name in English.
    pub name_en: String,
    /// Name in Chinese.
    pub name_cn: String,
    /// Unit in English.
    pub unit_en: String,
    /// Unit in Chinese.
    pub unit_cn: String,
    /// The least that a quota may be; -1 if it may be lifted.
    pub min_quota: i64,
    /// The most.
    pub max_quota: i64,
    /// What it is where nobody has set it; -1 is no limit.
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
    let all = quota_resources::list(call.session).await?;
    Response::ok(
        &all.into_iter()
            .map(QuotaResourceDetail::from)
            .collect::<Vec<_>>(),
    )
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
    let set = quota_resources::set(&call.occasion()?, &resource, &labels, bounds).await?;
    Response::ok(&QuotaResourceDetail::from(set))
}
