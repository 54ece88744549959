//! `/operator/v1/subscriptions`: the plan catalogue.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::Call;
use crate::domain::{AtLeast, Credits, Description, ObjectName};
use crate::error::Error;
use crate::store::subscriptions::{self, Limits, NewSubscription, Subscription};
use crate::web::response::Response;

object! {
    /// The complete definition of a plan.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct SubscriptionPut {
        /// Description of the plan.
        pub description: Description,
        /// Whether anyone may choose the plan.
        pub self_service: bool,
        /// Credits per subscription period; no limit if null or absent.
        pub monthly_credits: Option<Credits>,
        /// Limits for an organization on the plan; no limits at all if absent.
        pub limits: Option<SubscriptionPutLimits>,
    }
}

object! {
    /// Limits for an organization on a plan; a limit that is null or absent means no limit.
    #[derive(Debug, Default)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct SubscriptionPutLimits {
        /// Maximum number of projects.
        pub projects: Option<AtLeast<0>>,
        /// Maximum number of members, including invited ones.
        pub users: Option<AtLeast<0>>,
        /// Maximum number of deployments.
        pub deployments: Option<AtLeast<0>>,
        /// Maximum number of versions of deployments.
        pub deployment_versions: Option<AtLeast<0>>,
        /// Maximum number of pipelines.
        pub pipelines: Option<AtLeast<0>>,
        /// Maximum number of versions of pipelines.
        pub pipeline_versions: Option<AtLeast<0>>,
    }
}

/// A plan that organizations subscribe to.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SubscriptionDetail {
    /// Name of the plan.
    pub name: String,
    /// Description of the plan.
    pub description: String,
    /// Whether anyone may choose the plan.
    pub self_service: bool,
    /// Credits per subscription period; null means no limit.
    pub monthly_credits: Option<Credits>,
    /// Limits for an organization on the plan.
    pub limits: SubscriptionLimits,
}

/// Limits for an organization on a plan; null means no limit.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SubscriptionLimits {
    /// Maximum number of projects.
    pub projects: Option<i64>,
    /// Maximum number of members, including invited ones.
    pub users: Option<i64>,
    /// Maximum number of deployments.
    pub deployments: Option<i64>,
    /// Maximum number of versions of deployments.
    pub deployment_versions: Option<i64>,
    /// Maximum number of pipelines.
    pub pipelines: Option<i64>,
    /// Maximum number of versions of pipelines.
    pub pipeline_versions: Option<i64>,
}

impl From<SubscriptionPutLimits> for Limits {
    fn from(limits: SubscriptionPutLimits) -> Self {
        Self {
            projects: limits.projects,
            users: limits.users,
            deployments: limits.deployments,
            deployment_versions: limits.deployment_versions,
            pipelines: limits.pipelines,
            pipeline_versions: limits.pipeline_versions,
        }
    }
}

impl TryFrom<Subscription> for SubscriptionDetail {
    type Error = Error;

    fn try_from(plan: Subscription) -> Result<Self, Error> {
        let monthly_credits = plan
            .monthly_credits
            .map(Credits::from_millionths)
            .transpose()
            .map_err(|invalid| {
                Error::inconsistent(format!("subscriptions.monthly_credits: {invalid}"))
            })?;
        Ok(Self {
            name: plan.name,
            description: plan.description,
            self_service: plan.self_service.0,
            monthly_credits,
            limits: SubscriptionLimits {
                projects: plan.max_projects,
                users: plan.max_users,
                deployments: plan.max_deployments,
                deployment_versions: plan.max_deployment_versions,
                pipelines: plan.max_pipelines,
                pipeline_versions: plan.max_pipeline_versions,
            },
        })
    }
}

/// `GET /operator/v1/subscriptions`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let plans = subscriptions::list(call.connection).await?;
    Response::list_of(plans.into_iter().map(SubscriptionDetail::try_from))
}

/// `PUT /operator/v1/subscriptions/{subscription_name}`.
pub(crate) async fn put(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: SubscriptionPut = call.body().await?;
    let name = ObjectName::parse(call.parameter("subscription_name"))
        .map_err(|invalid| Error::field("name", &invalid))?;
    let new = NewSubscription {
        description: &body.description,
        self_service: body.self_service,
        monthly_credits: body.monthly_credits,
        limits: body.limits.unwrap_or_default().into(),
    };
    let context = call.change_context()?;
    let plan = subscriptions::put(&context, &name, new).await?;
    Response::ok(&SubscriptionDetail::try_from(plan)?)
}
