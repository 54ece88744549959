//! `/projects/{p}/services`: how any HTTP call reaches the server behind a deployment (contract section 5.8), as records.
//! What is passed through is in [`requests::service`](crate::api::requests::service).

use crate::domain::json::{self, object};
use crate::domain::{
    AnyId, Description, Labels, ObjectName, PrincipalId, ServiceId, ServiceLimitId, Text, UserId,
    Within,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::api::deployment_versions::shapes::{HealthCheck, Texts};
use crate::api::labels::label_filter;
use crate::api::{Call, Context, OnProject};
use crate::error::Error;
use crate::store::rows::JsonText;
use crate::store::services::{self, LimitPlace, Service, ServiceChanges, UserLimit};
use crate::web::patch::Patch;
use crate::web::response::Response;

/// Declares what is said of a service besides its name and where it goes, by name.
macro_rules! settings {
    ($(#[doc = $doc:literal] $name:ident $key:literal: $type:ty;)+) => {
        object! {
            /// A service to create, or the changes to one. A new service needs a name and a deployment. In a change,
            /// absent fields stay as they are, and null resets a setting to its default.
            #[derive(Debug, Default)]
            #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
            pub struct ServiceFields {
                /// Name of the service, unique in the project.
                pub name: Patch<ObjectName>,
                /// Name of the deployment that calls are passed on to.
                pub deployment: Patch<ObjectName>,
                /// Name of the version of the deployment; null means the default version.
                pub version: Patch<ObjectName>,
                /// Description of the service; null clears it.
                pub description: Patch<Description>,
                /// All labels of the service; null removes all labels.
                pub labels: Patch<Labels>,
                /// Not supported: true is refused.
                pub authentication_header_pass_through: Patch<bool>,
                /// Whether callers authenticate with a token; false is refused.
                pub authentication_method_token_enabled: Patch<bool>,
                /// Not supported: only null is accepted.
                pub imported_name: Patch<String>,
                $(
                    #[doc = $doc]
                    #[cfg_attr(not(target_arch = "wasm32"), schemars(rename = $key))]
                    pub $name as $key: Patch<$type>,
                )+
            }
        }

        impl ServiceFields {
            /// What the body says besides, null where it says null.
            fn settings(&self) -> Value {
                let mut settings = Map::new();
                $(if self.$name.is_present() {
                    settings.insert($key.to_owned(), json!(self.$name.value()));
                })+
                Value::Object(settings)
            }
        }
    };
}

settings! {
    /// Port of the service; stored and shown, but without effect; 443 if absent.
    port "port": Within<1, 65_535>;
    /// Whether callers must authenticate with a token; true if absent.
    authentication_required "authentication_required": bool;
    /// Paths that are excluded from request logging; stored and shown.
    request_logging_excluded_paths "request_logging_excluded_paths": Description;
    /// File extensions that are excluded from request logging; stored and shown.
    request_logging_excluded_extensions "request_logging_excluded_extensions": Texts;
    /// Maximum number of calls per minute that the service takes; no limit if absent.
    rate_limit "rate_limit": Within<1, 10_000_000>;
    /// Maximum number of calls per minute of one caller, unless they have a limit of their own; no limit if absent.
    rate_limit_user_default "rate_limit_user_default": Within<1, 10_000_000>;
    /// Maximum number of concurrent calls that the service takes; no limit if absent.
    concurrency_limit "concurrency_limit": Within<1, 1000>;
    /// Maximum number of concurrent calls of one caller, unless they have a limit of their own; no limit if absent.
    concurrency_limit_user_default "concurrency_limit_user_default": Within<1, 1000>;
    /// Type of the service; stored and shown.
    kind "type": Text<1, 64>;
    /// Setting of cache-aware LLM routing; stored and shown.
    cache_aware_llm_routing "cache_aware_llm_routing": bool;
    /// Health check of the service; stored and shown, but no checks are made.
    health_check "health_check": HealthCheck;
}

/// A service.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ServiceDetail {
    /// Unique id of the service.
    pub id: String,
    /// Name of the service.
    pub name: String,
    /// Name of the deployment that calls are passed on to.
    pub deployment: String,
    /// Name of the version of the deployment; null means the default version.
    pub version: Option<String>,
    /// Description of the service.
    pub description: String,
    /// Labels of the service.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Labels"))]
    pub labels: JsonText,
    /// When the service was created.
    pub time_created: String,
    /// When the service was last changed.
    pub time_updated: String,
    /// URL that a path is appended to.
    pub endpoint: String,
    /// The rest.
    #[serde(flatten)]
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "ServiceSettings"))]
    pub settings: Value,
}

/// What was said of a service besides, with defaults.
#[cfg(not(target_arch = "wasm32"))]
#[derive(schemars::JsonSchema)]
pub struct ServiceSettings {
    /// Port of the service, as it was given.
    pub port: i64,
    /// Whether callers must authenticate with a token.
    pub authentication_required: bool,
    /// Always true: callers authenticate with a token.
    pub authentication_method_token_enabled: bool,
    /// Always false: the authentication header is not passed through.
    pub authentication_header_pass_through: bool,
    /// Paths that are excluded from request logging, as they were given.
    pub request_logging_excluded_paths: Option<String>,
    /// File extensions that are excluded from request logging, as they were given.
    pub request_logging_excluded_extensions: Option<Vec<String>>,
    /// Maximum number of calls per minute that the service takes.
    pub rate_limit: Option<i64>,
    /// Maximum number of calls per minute of one caller, unless they have a limit of their own.
    pub rate_limit_user_default: Option<i64>,
    /// Maximum number of concurrent calls that the service takes.
    pub concurrency_limit: Option<i64>,
    /// Maximum number of concurrent calls of one caller, unless they have a limit of their own.
    pub concurrency_limit_user_default: Option<i64>,
    /// Type of the service, as it was given; `deployment` if none was given.
    pub r#type: String,
    /// Setting of cache-aware LLM routing, as it was given.
    pub cache_aware_llm_routing: bool,
    /// Health check of the service, as it was given.
    pub health_check: Option<HealthCheck>,
    /// Always null.
    pub imported_name: Option<String>,
    /// Always null.
    pub imported_namespace: Option<String>,
    /// Always null.
    pub imported_cluster_domain: Option<String>,
    /// Always null.
    pub imported_scheme: Option<String>,
}

/// The status of a service: whether it can pass calls on.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ServiceStatus {
    /// Id of the service.
    pub id: String,
    /// Whether the version of the service has a `base_url`.
    pub ready: bool,
    /// 1 if the service is ready, else 0.
    pub instances_ready: i64,
}

object! {
    /// A limit to set for one caller of a service: the caller is given on creation, the limit always.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct ServiceUserLimit {
        /// Id of the person or service user; required on creation, and without effect later.
        pub user_id: Patch<UserId>,
        /// Limit: the maximum number of calls per minute, or of concurrent calls.
        pub limit: Within<1, 10_000_000>,
    }
}

/// The limit of one caller of a service.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ServiceUserLimitList {
    /// Unique id of the limit.
    pub id: String,
    /// Id of the person or service user.
    pub user_id: String,
    /// E-mail address of the person or service user.
    pub user_email: String,
    /// Limit: the maximum number of calls per minute, or of concurrent calls.
    pub limit: i64,
}

impl From<UserLimit> for ServiceUserLimitList {
    fn from(limit: UserLimit) -> Self {
        Self {
            id: limit.id.into(),
            user_id: limit.user_id.into(),
            user_email: limit.user_email,
            limit: limit.most,
        }
    }
}

impl ServiceFields {
    /// What is asked for; what is not supported is never silently taken.
    fn changes(self) -> Result<ServiceChanges, Error> {
        let refuse = |field: &str, why: &str| Err(Error::invalid(format!("{field}: {why}")));
        if self.authentication_header_pass_through.value() == Some(&true) {
            return refuse(
                "authentication_header_pass_through",
                "true is not supported; tokens are for this gate alone, and an upstream's own header is set with it",
            );
        }
        if self.authentication_method_token_enabled.value() == Some(&false) {
            return refuse(
                "authentication_method_token_enabled",
                "false is not supported; a token is the one way in, unless authentication_required is false",
            );
        }
        if self.imported_name.value().is_some() {
            return refuse(
                "imported_name",
                "imported services are not supported; name a deployment",
            );
        }
        Ok(ServiceChanges {
            settings: self.settings(),
            name: self.name.or_keep("name")?,
            deployment: self.deployment.or_keep("deployment")?,
            version: self.version,
            description: self.description.or_default(),
            labels: self.labels.or_default(),
        })
    }
}

/// The service as it is shown to this caller.
fn shown(call: &Context<'_>, service: Service) -> ServiceDetail {
    let mut settings = json!({
        "port": 443, "authentication_required": true, "authentication_method_token_enabled": true,
        "authentication_header_pass_through": false, "request_logging_excluded_paths": null,
        "request_logging_excluded_extensions": null, "rate_limit": null, "rate_limit_user_default": null,
        "concurrency_limit": null, "concurrency_limit_user_default": null, "type": "deployment",
        "cache_aware_llm_routing": false, "health_check": null, "imported_name": null, "imported_namespace": null,
        "imported_cluster_domain": null, "imported_scheme": null,
    });
    if let (Value::Object(settings), Ok(Value::Object(given))) =
        (&mut settings, service.settings.parse::<Value>())
    {
        for (name, value) in given {
            settings.insert(name, value);
        }
    }
    ServiceDetail {
        endpoint: endpoint(call, &service.id),
        id: service.id.into(),
        name: service.name,
        deployment: service.deployment,
        version: service.version,
        description: service.description,
        labels: service.labels,
        time_created: service.creation_date.0.to_zulu_string(),
        time_updated: service.last_updated.0.to_zulu_string(),
        settings,
    }
}

/// Where a service is called, on the host that was called.
fn endpoint(call: &Context<'_>, id: &ServiceId) -> String {
    let host = call.request.header("host").unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .map_or(host.as_str(), |(name, _)| name);
    let scheme = match name {
        "localhost" | "127.0.0.1" | "[::1]" => "http",
        _ => "https",
    };
    match call.config.upstream_rules.services_domain() {
        Some(domain) => format!("https://{id}.{domain}"),
        None => format!("{scheme}://{host}/services/{id}"),
    }
}

/// `POST .../services`.
pub(crate) async fn create(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: ServiceFields = call.body().await?;
    let new = body.changes()?;
    for (field, is_there) in [
        ("name", new.name.is_some()),
        ("deployment", new.deployment.is_some()),
    ] {
        if !is_there {
            return Err(Error::invalid(format!("{field}: it is missing")));
        }
    }
    let id = ServiceId::from_random(call.random()?);
    let created = services::create(&call.change_context()?, call.project(), &id, &new).await?;
    Response::created(&shown(call, created))
}

/// `GET .../services`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let labels = label_filter(&call.query)?;
    let versions = call.query.text("deployment_version_ids");
    let versions = versions.map(|ids| json::text(&ids.split(',').collect::<Vec<_>>()));
    let (project, slice) = (call.project(), call.slice()?);
    let (labels, versions) = (labels.as_deref(), versions.as_deref());
    let found = services::list(call.connection, project, labels, versions, &slice).await?;
    let found = found.into_iter().map(|service| shown(call, service));
    Response::list(found)
}

/// `GET .../services/{service_name}`.
pub(crate) async fn get(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let found = found(call).await?;
    Response::ok(&shown(call, found))
}

async fn found(call: &Call<'_, OnProject>) -> Result<Service, Error> {
    services::get(
        call.connection,
        call.project(),
        call.parameter("service_name"),
    )
    .await
}

/// `GET .../services/{service_name}/status`.
pub(crate) async fn status(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let found = found(call).await?;
    Response::ok(&ServiceStatus {
        id: found.id.into(),
        ready: found.is_ready.0,
        instances_ready: found.is_ready.0.into(),
    })
}

/// `PATCH .../services/{service_name}`.
pub(crate) async fn update(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: ServiceFields = call.body().await?;
    let changes = body.changes()?;
    let (project, name) = (call.project(), call.parameter("service_name"));
    let updated = services::update(&call.change_context()?, project, name, &changes).await?;
    Response::ok(&shown(call, updated))
}

/// `DELETE .../services/{service_name}`.
pub(crate) async fn delete(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let (project, name) = (call.project(), call.parameter("service_name"));
    services::delete(&call.change_context()?, project, name).await?;
    Ok(Response::no_content())
}

/// The kind of limits that the path is about.
fn kind(call: &Context<'_>) -> &'static str {
    match call.path.contains("/user-rate-limits") {
        true => "rate",
        false => "concurrency",
    }
}

/// Where a limit is: in the service of the path, of the caller there, if it names one.
fn place<'a>(call: &'a Context<'_>, user_id: AnyId<'a>) -> LimitPlace<'a> {
    LimitPlace {
        service: call.parameter("service_name"),
        kind: kind(call),
        user_id,
    }
}

/// Id of the caller in the path.
fn user_id(call: &Context<'_>) -> PrincipalId {
    call.id("user_id")
}

/// `POST .../services/{service_name}/user-...-limits`.
pub(crate) async fn create_limit(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: ServiceUserLimit = call.body().await?;
    let Some(user_id) = body.user_id.value() else {
        return Err(Error::invalid("user_id: it is missing"));
    };
    let id = ServiceLimitId::from_random(call.random()?);
    let place = place(call, user_id.any());
    let (context, limit) = (call.change_context()?, body.limit.get());
    let set = services::set_limit(&context, call.project(), &place, Some(&id), limit).await?;
    Response::created(&ServiceUserLimitList::from(set))
}

/// `GET .../services/{service_name}/user-...-limits`.
pub(crate) async fn list_limits(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let found = services::limits(
        call.connection,
        call.project(),
        &place(call, AnyId::default()),
    )
    .await?;
    let found = found.into_iter().map(ServiceUserLimitList::from);
    Response::list(found)
}

/// `GET .../services/{service_name}/user-...-limits/{user_id}`.
pub(crate) async fn get_limit(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let user_id = user_id(call);
    let found =
        services::limits(call.connection, call.project(), &place(call, user_id.any())).await?;
    let one = found.into_iter().next().map(ServiceUserLimitList::from);
    Response::ok(&one)
}

/// `PATCH .../services/{service_name}/user-...-limits/{user_id}`.
pub(crate) async fn update_limit(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: ServiceUserLimit = call.body().await?;
    let user_id = user_id(call);
    let place = place(call, user_id.any());
    let (context, limit) = (call.change_context()?, body.limit.get());
    let set = services::set_limit(&context, call.project(), &place, None, limit).await?;
    Response::ok(&ServiceUserLimitList::from(set))
}

/// `DELETE .../services/{service_name}/user-...-limits/{user_id}`.
pub(crate) async fn delete_limit(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let user_id = user_id(call);
    services::delete_limit(
        &call.change_context()?,
        call.project(),
        &place(call, user_id.any()),
    )
    .await?;
    Ok(Response::no_content())
}
