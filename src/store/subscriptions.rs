//! Plans, what they allow, and which one is in force.
//!
//! An organization's plan may change on a day to come. Nothing runs on that day: whoever asks compares the scheduled
//! start with the time of their request, with [`in_force!`], so all agree to the millisecond. The permits of new work
//! hold [`subscription_runs!`] and, where the plan limits the resource, [`plan_allows!`], so that a race can pass
//! neither.

use crate::domain::AnyId;
use crate::domain::credits::Credits;
use crate::domain::integer::AtLeast;
use crate::domain::names::ObjectName;
use crate::domain::text::Description;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::connection::Connection;
use crate::store::rows::{Flag, row};
use crate::store::texts::statements;

/// The plan of an organization that names none, and the only one that renews itself (contract section 3).
pub const FREE: &str = "free";

/// What is in force at `#now` of `organizations n`: `in_force!("subscription")`, with `_start_date` or `_end_date`.
macro_rules! in_force {
    ($column:literal) => {
        concat!(
            "iif(n.next_subscription_start_date <= #now, n.next_",
            $column,
            ", n.",
            $column,
            ")"
        )
    };
}
pub(crate) use in_force;

/// Whether the subscription of an organization has not ended: `subscription_runs!()` for `:organization_id`, or with an
/// expression for its id. To stand in the permit of whatever is new work: making projects, service users, deployments,
/// pipelines and their versions, requests, and of adding people. Reading, changing and deleting, of people too, need no
/// subscription, so an ended one loses nothing. Its refusal is [`ended`].
macro_rules! subscription_runs {
    () => {
        $crate::store::subscriptions::subscription_runs!(":organization_id")
    };
    ($organization_id:expr) => {
        concat!(
            "(SELECT coalesce(",
            $crate::store::subscriptions::in_force!("subscription_end_date"),
            ", 9007199254740991) > #now FROM organizations n WHERE n.id = ",
            $organization_id,
            ")"
        )
    };
}
pub(crate) use subscription_runs;

/// Whether the plan of `:organization_id` allows one more: `plan_allows!(column of the limit, resource)`, as in
/// `plan_allows!("max_projects", "projects")`. To stand in a permit's condition, so that a race cannot pass the limit.
macro_rules! plan_allows {
    ($limit:expr, $resource:expr) => {
        $crate::store::subscriptions::plan_allows!(":organization_id", $limit, $resource)
    };
    ($organization_id:expr, $limit:expr, $resource:expr) => {
        concat!(
            "(SELECT coalesce(k.count, 0) < coalesce(c.", $limit, ", 9007199254740991)
              FROM organizations n JOIN subscriptions c ON c.name = ",
            $crate::store::subscriptions::in_force!("subscription"), "
              LEFT JOIN resource_counts k ON k.organization_id = n.id AND k.project_id = '' AND k.resource = '",
            $resource, "' WHERE n.id = ", $organization_id, ")"
        )
    };
}
pub(crate) use plan_allows;

/// The 403 of what would pass the plan's limit (contract section 4).
#[must_use]
pub fn limit_reached(resource: &str) -> Error {
    Error::forbidden(format!(
        "{resource}: the organization's plan allows no more {}; the operator can change the plan",
        resource.replace('_', " ")
    ))
}

/// The 403 of new work under a subscription that has ended.
#[must_use]
pub fn ended() -> Error {
    Error::forbidden(
        "the organization's subscription has ended, so nothing new can be made; what there is can be read and \
         deleted, and the operator can renew the subscription",
    )
}

row! {
    /// A plan of the catalogue.
    #[derive(Debug)]
    pub struct Subscription {
        /// Its name.
        pub name: String,
        /// What it is.
        pub description: String,
        /// Whether anybody may choose it.
        pub self_service: Flag,
        /// Credits a period, in millionths; none is no limit.
        pub monthly_credits: Option<i64>,
        /// Projects that an organization may have; none is no limit, here and below.
        pub max_projects: Option<i64>,
        /// Its members.
        pub max_users: Option<i64>,
        /// Its deployments.
        pub max_deployments: Option<i64>,
        /// Their versions.
        pub max_deployment_versions: Option<i64>,
        /// Its pipelines.
        pub max_pipelines: Option<i64>,
        /// Their versions.
        pub max_pipeline_versions: Option<i64>,
    }
}

macro_rules! subscription_columns {
    () => {
        "name, description, self_service, monthly_credits, max_projects, max_users, max_deployments,
         max_deployment_versions, max_pipelines, max_pipeline_versions"
    };
}

macro_rules! subscription_before {
    () => {
        "(SELECT json_object(
            'description', description, 'self_service', json(iif(self_service, 'true', 'false')),
            'monthly_credits', monthly_credits / 1000000.0, 'limits', json_object(
              'projects', max_projects, 'users', max_users, 'deployments', max_deployments,
              'deployment_versions', max_deployment_versions, 'pipelines', max_pipelines,
              'pipeline_versions', max_pipeline_versions))
          FROM subscriptions WHERE name = :object_id)"
    };
}

macro_rules! changes_something {
    () => {
        "NOT EXISTS (
            SELECT 1 FROM subscriptions
            WHERE name = :object_id AND description = :description AND self_service = #self_service
              AND monthly_credits IS #monthly_credits AND max_projects IS #max_projects AND max_users IS #max_users
              AND max_deployments IS #max_deployments AND max_deployment_versions IS #max_deployment_versions
              AND max_pipelines IS #max_pipelines AND max_pipeline_versions IS #max_pipeline_versions)"
    };
}

statements! {
    /// The catalogue, by name: one row a plan, and nobody but the operator adds any.
    LIST = concat!("SELECT ", subscription_columns!(), " FROM subscriptions WHERE name > '' ORDER BY name");
    /// One plan.
    GET = concat!("SELECT ", subscription_columns!(), " FROM subscriptions WHERE name = :object_id");
    /// The permit for a plan that is new or changes.
    PERMIT_PUT = permit!(":object_id", subscription_before!(), concat!("#operator = 1 AND ", changes_something!()));
    /// The plan, new or changed.
    PUT = concat!(
        "INSERT INTO subscriptions (", subscription_columns!(), ")
         SELECT :object_id, :description, #self_service, #monthly_credits, #max_projects, #max_users, #max_deployments,
                #max_deployment_versions, #max_pipelines, #max_pipeline_versions
         WHERE ", permitted!(), "
         ON CONFLICT (name) DO UPDATE SET
           description = excluded.description, self_service = excluded.self_service,
           monthly_credits = excluded.monthly_credits, max_projects = excluded.max_projects,
           max_users = excluded.max_users, max_deployments = excluded.max_deployments,
           max_deployment_versions = excluded.max_deployment_versions, max_pipelines = excluded.max_pipelines,
           max_pipeline_versions = excluded.max_pipeline_versions");
}

/// What a plan allows; an absent one is no limit.
#[derive(Debug, Default, Clone, Copy)]
pub struct Limits {
    /// Projects.
    pub projects: Option<AtLeast<0>>,
    /// Members of the organization.
    pub users: Option<AtLeast<0>>,
    /// Deployments.
    pub deployments: Option<AtLeast<0>>,
    /// Versions of deployments.
    pub deployment_versions: Option<AtLeast<0>>,
    /// Pipelines.
    pub pipelines: Option<AtLeast<0>>,
    /// Versions of pipelines.
    pub pipeline_versions: Option<AtLeast<0>>,
}

/// What a plan is set to.
pub struct NewSubscription<'a> {
    /// What it is.
    pub description: &'a Description,
    /// Whether anybody may choose it.
    pub self_service: bool,
    /// Credits a period; none is no limit.
    pub monthly_credits: Option<Credits>,
    /// What it allows.
    pub limits: Limits,
}

impl NewSubscription<'_> {
    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "description": self.description,
            "self_service": self.self_service,
            "monthly_credits": self.monthly_credits,
            "limits": {
                "projects": self.limits.projects,
                "users": self.limits.users,
                "deployments": self.limits.deployments,
                "deployment_versions": self.limits.deployment_versions,
                "pipelines": self.limits.pipelines,
                "pipeline_versions": self.limits.pipeline_versions,
            },
        })
    }
}

/// The plan catalogue, by name.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(connection: &Connection) -> Result<Vec<Subscription>, Error> {
    connection
        .read(Parameters::new().batch([&LIST]))
        .await?
        .all(&LIST)
}

/// Sets a plan, new or known; organizations on it have its limits from then on. One that stands already is no change.
///
/// # Errors
/// 503 when the database fails.
pub async fn put(
    context: &ChangeContext<'_>,
    name: &ObjectName,
    new: NewSubscription<'_>,
) -> Result<Subscription, Error> {
    let change = Change {
        action: Action::Update,
        object_type: "subscription",
        object_id: AnyId::told(name.as_str()),
        object_name: name.as_str(),
        organization_id: None,
        project_id: None,
        after: Some(new.to_json()),
    };
    let limit = |limit: Option<AtLeast<0>>| limit.map(AtLeast::get);
    let statements = change
        .parameters(context)
        .text("description", new.description.as_str())
        .flag("self_service", new.self_service)
        .optional_integer(
            "monthly_credits",
            new.monthly_credits.map(Credits::as_millionths),
        )
        .optional_integer("max_projects", limit(new.limits.projects))
        .optional_integer("max_users", limit(new.limits.users))
        .optional_integer("max_deployments", limit(new.limits.deployments))
        .optional_integer(
            "max_deployment_versions",
            limit(new.limits.deployment_versions),
        )
        .optional_integer("max_pipelines", limit(new.limits.pipelines))
        .optional_integer("max_pipeline_versions", limit(new.limits.pipeline_versions))
        .batch([&PERMIT_PUT, &PUT, &GET]);
    context.connection.write(statements).await?.only(&GET)
}
