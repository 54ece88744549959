//! `/projects/{p}/deployments/{d}/versions/{v}/upstream` and its revisions: where the requests to a version go (contract
//! section 5.1).

use crate::domain::json;
use crate::domain::json::object;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;

use crate::api::{Call, Context, OnTarget};
use crate::auth::sealed::{Place, seal};
use crate::domain::{
    HeaderTemplates, InstanceTypeName, Invalid, QuotaResourceName, RevisionId, Text, UpstreamUrl,
    Within, WorkspaceId,
};
use crate::error::Error;
use crate::store::first_trip::Rider;
use crate::store::rows::{Answers, JsonText};
use crate::store::upstreams::{self, Fresh, NewUpstream, Revision, Upstream};
use crate::web::response::Response;

/// The longest time for which a secret that was replaced signs, too, in seconds: a week.
const MAX_GRACE: i64 = 604_800;
/// Seconds of silence after the first byte, where nothing is said.
const IDLE_TIMEOUT: i64 = 60;
/// The length of a secret, in bytes: that of the hash which it keys (Standard Webhooks asks for 24 to 64).
const SECRET_LENGTH: usize = 32;

object! {
    /// The complete definition of where the requests to a version go; a setting that is absent or null is not kept.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct UpstreamPut {
        /// URL that requests are sent to with POST: `https`, with a public name as host.
        pub upstream_url: String,
        /// URL that the paths of services and of OpenAI-compatible calls are appended to; without a query.
        pub base_url: Option<String>,
        /// Instance type that sets the price per hour; the version's own if absent.
        pub instance_type: Option<InstanceTypeName>,
        /// Workspace whose quota the run time is consumed from; given together with `quota_resource`.
        pub workspace: Option<Text<1, 64>>,
        /// Quota resource that the run time is consumed from, counted in seconds, minutes or hours; given together with
        /// `workspace`.
        pub quota_resource: Option<QuotaResourceName>,
        /// Headers that are sent with each request.
        pub headers: Option<HeaderTemplates>,
        /// Maximum number of concurrent requests.
        pub max_concurrency: Option<Within<1, 1000>>,
        /// Maximum number of seconds without data after the first byte of an answer; 60 if absent.
        pub idle_timeout: Option<Within<1, 3600>>,
        /// Number of times that a request which did not get through is sent again; 0 if absent.
        pub retries: Option<Within<0, 2>>,
    }
}

/// The upstream that the requests to a version go to.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct UpstreamDetail {
    /// URL that requests are sent to with POST.
    pub upstream_url: String,
    /// URL that the paths of services and of OpenAI-compatible calls are appended to.
    pub base_url: Option<String>,
    /// Instance type that sets the price per hour; null means the version's own.
    pub instance_type: Option<String>,
    /// Workspace whose quota the run time is consumed from.
    pub workspace: Option<String>,
    /// Quota resource that the run time is consumed from.
    pub quota_resource: Option<String>,
    /// Templates of the headers by name; never the values of variables.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "HeaderTemplates"))]
    pub headers: JsonText,
    /// Maximum number of concurrent requests; null means no limit.
    pub max_concurrency: Option<i64>,
    /// Maximum number of seconds without data after the first byte of an answer.
    pub idle_timeout: i64,
    /// Number of times that a request which did not get through is sent again.
    pub retries: i64,
    /// Id of the newest revision of the upstream.
    pub revision: String,
    /// Secret that requests are signed with, present only where it is new; it is shown only this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_secret: Option<String>,
}

/// A revision of a version's upstream: one change of it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RevisionList {
    /// Unique id of the revision.
    pub id: String,
    /// Name of the version.
    pub version: String,
    /// When the revision was created.
    pub creation_date: String,
    /// E-mail address of the user who made the change.
    pub created_by: String,
    /// Always `success`: nothing is built.
    pub status: &'static str,
    /// Always null: nothing is built.
    pub error_message: Option<String>,
    /// Always false: no files are kept.
    pub has_request_method: bool,
    /// Always false: no files are kept.
    pub has_requests_method: bool,
    /// Always false: each revision contains an upstream.
    pub empty: bool,
}

/// A revision of a version's upstream, with the upstream that was set.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RevisionDetail {
    /// What the clients know of it.
    #[serde(flatten)]
    pub revision: RevisionList,
    /// Upstream as it was set; settings that were absent have their defaults.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "serde_json::Map<String, serde_json::Value>")
    )]
    pub upstream: JsonText,
}

impl From<Upstream> for UpstreamDetail {
    fn from(upstream: Upstream) -> Self {
        Self {
            upstream_url: upstream.upstream_url,
            base_url: upstream.base_url,
            instance_type: upstream.instance_type,
            workspace: upstream.workspace_id.map(String::from),
            quota_resource: upstream.quota_resource,
            headers: upstream.headers,
            max_concurrency: upstream.max_concurrency,
            idle_timeout: upstream.idle_timeout,
            retries: upstream.retries,
            revision: upstream.revision_id.into(),
            upstream_secret: None,
        }
    }
}

impl RevisionList {
    fn of(revision: Revision, version: &str) -> Self {
        Self {
            id: revision.id.into(),
            version: version.to_owned(),
            creation_date: revision.creation_date.0.to_zulu_string(),
            created_by: revision.created_by,
            status: "success",
            error_message: None,
            has_request_method: false,
            has_requests_method: false,
            empty: false,
        }
    }
}

/// `PUT .../upstream`.
pub(crate) async fn put(call: &mut Call<'_, OnTarget>, ridden: Answers) -> Result<Response, Error> {
    let body: UpstreamPut = call.body().await?;
    let rotates = call
        .query
        .optional_integer("rotate_secret", 0..=MAX_GRACE)?;
    if rotates.is_some() {
        call.needs_fresh()?;
    }
    let judged = |field: &str, text: &str| judged(call, field, text);
    let upstream_url = judged("upstream_url", &body.upstream_url)?;
    let base_url = body.base_url.as_deref();
    let base_url = base_url.map(|text| judged("base_url", text)).transpose()?;
    if base_url.as_ref().is_some_and(UpstreamUrl::has_query) {
        return Err(Error::invalid(
            "base_url: it has a query; paths are appended to it, so it has none",
        ));
    }
    let workspace = body.workspace.as_ref();
    let workspace = workspace.map(|text| WorkspaceId::named(text.as_str()));
    let resource = body.quota_resource.as_ref().map(QuotaResourceName::as_str);
    if workspace.is_some() != resource.is_some() {
        return Err(Error::invalid(
            "workspace, quota_resource: one is given without the other; run time is consumed of a resource in a \
             workspace, so both or neither are needed",
        ));
    }
    let headers = body.headers.unwrap_or_default();
    let new = NewUpstream {
        upstream_url: &upstream_url,
        base_url: base_url.as_ref(),
        instance_type: body.instance_type.as_ref().map(InstanceTypeName::as_str),
        consumes: workspace.as_ref().zip(resource),
        headers: &headers,
        max_concurrency: body.max_concurrency.map(Within::get),
        idle_timeout: body.idle_timeout.map_or(IDLE_TIMEOUT, Within::get),
        retries: body.retries.map_or(0, Within::get),
    };
    let version = call.parameter("version");
    let version_id = upstreams::version_ridden(&ridden, call.target(), version)?;
    let mut secret = [0; SECRET_LENGTH];
    let drawn = call.platform.entropy.fill(&mut secret);
    drawn.map_err(Error::unavailable)?;
    let place = Place {
        table: "upstreams",
        row: version_id.any(),
        place: call.project().project_id.any(),
        name: "secret",
    };
    let sealed = seal(call.platform, call.config, place, &secret).await?;
    let context = call.change_context()?;
    let revision_id = RevisionId::at(context.now, call.random()?);
    let fresh = Fresh {
        version_id: &version_id,
        revision_id: &revision_id,
        definition: definition(&new),
        secret: &sealed,
        rotates_until: rotates.map(|grace| context.now.plus_millis(grace * 1_000)),
        requires_price: call.config.require_price,
    };
    let (project, target) = (call.project(), call.target());
    let (upstream, is_fresh) =
        upstreams::put(&context, project, target, version, &new, fresh).await?;
    Response::ok(&UpstreamDetail {
        upstream_secret: is_fresh.then(|| format!("whsec_{}", STANDARD.encode(secret))),
        ..upstream.into()
    })
}

/// What rides along: the id of the version.
pub(crate) fn version_riding(call: &Context<'_>) -> Result<Rider, Error> {
    Ok(upstreams::version_riding(call.parameter("version")))
}

/// An address that may be called, or the refusal of the field.
fn judged(call: &Context<'_>, field: &str, text: &str) -> Result<UpstreamUrl, Error> {
    let own_host = call.request.header("host").unwrap_or_default();
    let judged: Result<UpstreamUrl, Invalid> = call.config.upstream_rules.judge(text, &own_host);
    judged.map_err(|invalid| Error::field(field, &invalid))
}

/// The upstream as a revision shows it.
fn definition(new: &NewUpstream<'_>) -> String {
    json::text(&json!({
        "upstream_url": new.upstream_url.as_str(),
        "base_url": new.base_url.map(UpstreamUrl::as_str),
        "instance_type": new.instance_type,
        "workspace": new.consumes.map(|(workspace, _)| workspace.as_str()),
        "quota_resource": new.consumes.map(|(_, resource)| resource),
        "headers": json::tree(new.headers),
        "max_concurrency": new.max_concurrency,
        "idle_timeout": new.idle_timeout,
        "retries": new.retries,
    }))
}

/// `GET .../upstream`.
pub(crate) async fn get(call: &mut Call<'_, OnTarget>, ridden: Answers) -> Result<Response, Error> {
    let found = upstreams::ridden(&ridden, call.target(), call.parameter("version"))?;
    Response::ok(&UpstreamDetail::from(found))
}

/// What rides along: the upstream.
pub(crate) fn riding(call: &Context<'_>) -> Result<Rider, Error> {
    Ok(upstreams::riding(call.parameter("version")))
}

/// `DELETE .../upstream`.
pub(crate) async fn delete(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let (project, target) = (call.project(), call.target());
    let version = call.parameter("version");
    upstreams::delete(&call.change_context()?, project, target, version).await?;
    Ok(Response::no_content())
}

/// `GET .../revisions`.
pub(crate) async fn revisions(
    call: &mut Call<'_, OnTarget>,
    ridden: Answers,
) -> Result<Response, Error> {
    let version = call.parameter("version");
    let version_id = upstreams::version_ridden(&ridden, call.target(), version)?;
    let revisions = upstreams::revisions(call.connection, &version_id, &call.slice()?).await?;
    let listed = revisions.into_iter();
    let listed = listed.map(|revision| RevisionList::of(revision, version));
    Response::list(listed)
}

/// `GET .../revisions/{revision_id}`.
pub(crate) async fn revision(
    call: &mut Call<'_, OnTarget>,
    ridden: Answers,
) -> Result<Response, Error> {
    let version = call.parameter("version");
    let id: RevisionId = call.id("revision_id");
    let (revision, upstream) = upstreams::revision_ridden(&ridden, call.target(), version, &id)?;
    Response::ok(&RevisionDetail {
        revision: RevisionList::of(revision, version),
        upstream,
    })
}

/// What rides along: the revision.
pub(crate) fn revision_riding(call: &Context<'_>) -> Result<Rider, Error> {
    let id: RevisionId = call.id("revision_id");
    Ok(upstreams::revision_riding(call.parameter("version"), &id))
}
