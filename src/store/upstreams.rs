//! Upstreams: where a version's requests go, and the revisions of that.
//!
//! A `PUT` is one batch: whether anything changes, whether what it names is there, and whether the secrets that it names
//! may go where it sends them is decided in the transaction that writes it. What is written by one who may write a secret
//! lets that secret go to the new hosts (contract section 5.2); by anybody else it is refused.
//!
//! The secret that signs is sealed for the place `secret` of its row; the one before it is sealed for the same place, since
//! it stood there.

use serde_json::{Value, json};

use crate::auth::sealed::Sealed;
use crate::domain::json;
use crate::domain::{
    AnyId, HeaderTemplates, RevisionId, Timestamp, UpstreamUrl, VersionId, WorkspaceId, quoted,
};
use crate::error::Error;
use crate::sql::rules;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::connection::Connection;
use crate::store::first_trip::Rider;
use crate::store::first_trip::rider::caller_is_known;
use crate::store::projects::{self, Project};
use crate::store::rights::{caller_holds_all, caller_may_on_target, caller_still};
use crate::store::rows::{Answers, Flag, JsonText, Millis, row};
use crate::store::slices::{Listing, Slice};
use crate::store::targets::Target;
use crate::store::texts::statements;
use crate::store::workspaces::opens_to;

row! {
    /// An upstream as it is now.
    #[derive(Debug, Clone)]
    pub struct Upstream {
        /// The id of what it was last changed to.
        pub revision_id: RevisionId,
        /// Where requests are sent.
        pub upstream_url: String,
        /// What paths are appended to.
        pub base_url: Option<String>,
        /// What it is priced by, if not by the version's own.
        pub instance_type: Option<String>,
        /// The workspace in which run time is consumed.
        pub workspace_id: Option<WorkspaceId>,
        /// Of which resource.
        pub quota_resource: Option<String>,
        /// Templates of headers by their names.
        pub headers: JsonText,
        /// Most requests at once.
        pub max_concurrency: Option<i64>,
        /// Seconds of silence.
        pub idle_timeout: i64,
        /// How often a request is sent again.
        pub retries: i64,
    }
}

/// The columns of [`Upstream`], from `upstreams u`.
macro_rules! upstream_columns {
    () => {
        "u.revision_id, u.upstream_url, u.base_url, u.instance_type, u.workspace_id, u.quota_resource, u.headers,
         u.max_concurrency, u.idle_timeout, u.retries"
    };
}

/// The version of the path, found anew by the names in it: for what rides along, and for what is shown.
macro_rules! from_version_in_path {
    () => {
        "FROM projects p JOIN deployments d ON d.project_id = p.id AND d.name = :deployment
         JOIN deployment_versions v ON v.deployment_id = d.id AND v.version = :version "
    };
}

/// Whether the version that rode along is still that of the path.
macro_rules! version_stands {
    () => {
        "EXISTS (SELECT 1 FROM deployment_versions
                 WHERE id = :version_id AND deployment_id = :resource_id AND version = :version)"
    };
}

/// Whether the instance type is in the price list.
macro_rules! type_is_known {
    () => {
        "(:instance_type IS NULL OR EXISTS (SELECT 1 FROM instance_types WHERE name = :instance_type))"
    };
}

/// Whether there is a price, where one is required: that of its own instance type, else of the version's.
macro_rules! has_price {
    () => {
        "(#requires_price = 0 OR EXISTS (SELECT 1 FROM instance_types WHERE name = coalesce(:instance_type, (
            SELECT coalesce(settings ->> '$.instance_type', settings ->> '$.instance_type_group_name')
            FROM deployment_versions WHERE id = :version_id))))"
    };
}

macro_rules! workspace_exists {
    () => {
        "(:workspace_id IS NULL
          OR EXISTS (SELECT 1 FROM workspaces WHERE project_id = :project_id AND id = :workspace_id))"
    };
}

/// Whether the caller may consume there, and the workspace is open to them (contract section 6).
macro_rules! may_consume {
    () => {
        concat!(
            "(:workspace_id IS NULL OR (",
            caller_still!(holds!("workspaces.quotas.consume")),
            " AND (",
            caller_holds_all!(),
            " OR EXISTS (SELECT 1 FROM workspaces w WHERE w.project_id = :project_id AND w.id = :workspace_id AND ",
            opens_to!(":principal_id", ":actor"),
            "))))"
        )
    };
}

/// Whether the resource is counted in a unit of time.
macro_rules! resource_is_time {
    () => {
        "(:quota_resource IS NULL OR EXISTS (
            SELECT 1 FROM quota_resources
            WHERE resource = :quota_resource AND lower(unit_en) IN ('second', 'minute', 'hour')))"
    };
}

/// Whether the caller holds a permission on the whole project; or on the deployment, too.
macro_rules! holds {
    ($permission:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM held_permissions WHERE principal_id = :principal_id
                     AND project_id = :project_id AND resource_type = 'project' AND permission = '",
            $permission,
            "')"
        )
    };
    ($permission:literal, on deployment) => {
        concat!(
            "EXISTS (SELECT 1 FROM held_permissions WHERE principal_id = :principal_id
                     AND project_id = :project_id AND permission = '",
            $permission,
            "' AND (resource_type = 'project' OR (resource_type = 'deployment' AND resource_id = :resource_id)))"
        )
    };
}

/// The secrets that would go to a host to which they do not go yet: of each variable that the templates name, the one at
/// the nearest place.
macro_rules! from_secrets_elsewhere {
    () => {
        "FROM json_each(:variables) n CROSS JOIN environment_variables e ON e.name = n.value AND e.place_id = CASE
           WHEN EXISTS (SELECT 1 FROM environment_variables WHERE place_id = :version_id AND name = n.value)
           THEN :version_id
           WHEN EXISTS (SELECT 1 FROM environment_variables WHERE place_id = :resource_id AND name = n.value)
           THEN :resource_id
           ELSE :project_id END
         WHERE e.secret = 1 AND EXISTS (
           SELECT 1 FROM json_each(:hosts) wanted
           WHERE wanted.value NOT IN (SELECT value FROM json_each(coalesce(e.hosts, '[]')))) "
    };
}

/// The first of them that the caller may not write at its place; who may write those of the version may change its
/// upstream, and the other way round.
macro_rules! first_kept_secret {
    () => {
        concat!(
            "(SELECT n.value ",
            from_secrets_elsewhere!(),
            "AND #operator = 0 AND NOT CASE e.place_id WHEN :version_id THEN 1 WHEN :resource_id THEN ",
            holds!("deployments.update", on deployment),
            " ELSE ",
            holds!("environment_variables.update"),
            " END ORDER BY n.key LIMIT 1)"
        )
    };
}

/// Whether the upstream is to be another than it is, its secret aside.
macro_rules! is_new {
    () => {
        "NOT EXISTS (SELECT 1 FROM upstreams WHERE version_id = :version_id
                     AND upstream_url = :upstream_url AND base_url IS :base_url AND instance_type IS :instance_type
                     AND workspace_id IS :workspace_id AND quota_resource IS :quota_resource AND headers = :headers
                     AND max_concurrency IS #max_concurrency AND idle_timeout = #idle_timeout AND retries = #retries)"
    };
}

/// Whether anything is written: itself, its secret, or where another secret may go.
macro_rules! changes_something {
    () => {
        concat!(
            "(#rotates = 1 OR ",
            is_new!(),
            " OR EXISTS (SELECT 1 ",
            from_secrets_elsewhere!(),
            "))"
        )
    };
}

/// The upstream as the trail keeps it: of addresses no query, of headers the names alone.
macro_rules! upstream_before {
    ($version_id:expr) => {
        concat!(
            "(SELECT json_object(
                'upstream_url', substr(upstream_url, 1, instr(upstream_url || '?', '?') - 1), 'base_url', base_url,
                'instance_type', instance_type, 'workspace', workspace_id, 'quota_resource', quota_resource,
                'headers', json((SELECT json_group_array(key) FROM json_each(headers))),
                'max_concurrency', max_concurrency, 'idle_timeout', idle_timeout, 'retries', retries)
              FROM upstreams WHERE version_id = ", $version_id, ")"
        )
    };
}

/// The id of the version of the path, if it has an upstream.
macro_rules! version_with_upstream {
    () => {
        "(SELECT u.version_id FROM deployment_versions v JOIN upstreams u ON u.version_id = v.id
          WHERE v.deployment_id = :resource_id AND v.version = :version)"
    };
}

macro_rules! revision_columns {
    () => {
        "r.id, r.creation_date, r.created_by "
    };
}

statements! {
    /// The id of the version of the path.
    VERSION_RIDING = concat!(
        "SELECT v.id ", from_version_in_path!(), "WHERE p.name = :project AND ", caller_is_known!());
    /// The upstream of the version of the path.
    GET_RIDING = concat!(
        "SELECT ", upstream_columns!(), " ", from_version_in_path!(), "JOIN upstreams u ON u.version_id = v.id
         WHERE p.name = :project AND ", caller_is_known!());
    /// The permit to set an upstream.
    PERMIT_PUT = permit!(":version_id", upstream_before!(":version_id"), rules! {
        found: version_stands!(),
        may: caller_may_on_target!(),
        type_is_known: type_is_known!(),
        has_price: has_price!(),
        workspace_exists: workspace_exists!(),
        may_consume: may_consume!(),
        resource_is_time: resource_is_time!(),
        secrets_stay: concat!(first_kept_secret!(), " IS NULL"),
        changes: changes_something!();
        kept_secret: first_kept_secret!(),
    });
    /// What it is changed to; none where its secret alone changes.
    INSERT_REVISION = concat!(
        "INSERT INTO upstream_revisions (version_id, id, organization_id, project_id, creation_date, created_by, definition)
         SELECT :version_id, :revision_id, :organization_id, :project_id, #now, :actor, :definition
         WHERE ", permitted!(), " AND ", is_new!());
    /// The oldest revisions beyond the newest hundred; so what goes with a version is bounded.
    FORGET_REVISIONS = concat!(
        "DELETE FROM upstream_revisions WHERE version_id = :version_id AND id IN (
           SELECT id FROM upstream_revisions WHERE version_id = :version_id AND id <> :revision_id
           ORDER BY id DESC LIMIT 4 OFFSET 99) AND ", permitted!());
    /// The upstream. A secret that there is stays, unless it is to be another one.
    PUT = concat!(
        "INSERT INTO upstreams (version_id, organization_id, project_id, revision_id, upstream_url, base_url, instance_type,
                                workspace_id, quota_resource, headers, variables, max_concurrency, idle_timeout, retries,
                                secret, secret_key_id)
         SELECT :version_id, :organization_id, :project_id, :revision_id, :upstream_url, :base_url, :instance_type,
                :workspace_id, :quota_resource, :headers, :variables, #max_concurrency, #idle_timeout, #retries,
                :secret, :secret_key_id
         WHERE ", permitted!(), "
         ON CONFLICT (version_id) DO UPDATE SET
           revision_id = iif(EXISTS (SELECT 1 FROM upstream_revisions r
                                     WHERE r.version_id = :version_id AND r.id = :revision_id), :revision_id, revision_id),
           upstream_url = :upstream_url, base_url = :base_url, instance_type = :instance_type,
           workspace_id = :workspace_id, quota_resource = :quota_resource, headers = :headers, variables = :variables,
           max_concurrency = #max_concurrency, idle_timeout = #idle_timeout, retries = #retries,
           secret = iif(#rotates = 1, :secret, secret), secret_key_id = iif(#rotates = 1, :secret_key_id, secret_key_id),
           previous_secret = CASE WHEN #rotates = 0 THEN previous_secret WHEN #grace_end > #now THEN secret END,
           previous_secret_key_id = CASE WHEN #rotates = 0 THEN previous_secret_key_id
                                         WHEN #grace_end > #now THEN secret_key_id END,
           previous_secret_end = CASE WHEN #rotates = 0 THEN previous_secret_end
                                      WHEN #grace_end > #now THEN #grace_end END");
    /// The new hosts of the secrets that it names.
    LET_SECRETS_GO = concat!(
        "UPDATE environment_variables SET hosts = (SELECT json_group_array(value) FROM (
             SELECT value FROM json_each(coalesce(hosts, '[]')) UNION SELECT value FROM json_each(:hosts)))
         WHERE (place_id, name) IN (SELECT e.place_id, e.name ", from_secrets_elsewhere!(), ") AND ", permitted!());
    /// The upstream as it then is, and whether the secret that was drawn is now its own.
    GET_PUT = concat!(
        "SELECT ", upstream_columns!(), ", u.secret = :secret AS is_fresh FROM upstreams u WHERE u.version_id = :version_id");
    /// The permit to take an upstream away.
    PERMIT_DELETE = permit!(version_with_upstream!(), upstream_before!(version_with_upstream!()), rules! {
        may: caller_may_on_target!(),
        has_upstream: concat!(version_with_upstream!(), " IS NOT NULL");
        found: "EXISTS (SELECT 1 FROM deployment_versions WHERE deployment_id = :resource_id AND version = :version)",
    });
    /// The upstream; its revisions stay.
    DELETE = concat!(
        "DELETE FROM upstreams WHERE version_id = (SELECT object_id FROM audit WHERE id = :audit_id) AND ", permitted!());
    /// The revisions of a version, the newest first.
    REVISIONS = concat!(
        "SELECT ", revision_columns!(), "FROM upstream_revisions r
         WHERE r.version_id = :version_id AND (:after IS NULL OR r.id < :after) ORDER BY r.id DESC LIMIT #limit");
    /// Whether there is one of the id behind which the list is to go on.
    KNOWS_REVISION = "SELECT EXISTS (SELECT 1 FROM upstream_revisions WHERE version_id = :version_id AND id = :after) AS known";
    /// One revision.
    REVISION_RIDING = concat!(
        "SELECT ", revision_columns!(), ", r.definition ", from_version_in_path!(), "
         JOIN upstream_revisions r ON r.version_id = v.id AND r.id = :revision_id
         WHERE p.name = :project AND ", caller_is_known!());
}

/// What an upstream is to be.
pub struct NewUpstream<'a> {
    /// Where requests are sent.
    pub upstream_url: &'a UpstreamUrl,
    /// What paths are appended to.
    pub base_url: Option<&'a UpstreamUrl>,
    /// What it is priced by.
    pub instance_type: Option<&'a str>,
    /// Where run time is consumed: the workspace and the resource.
    pub consumes: Option<(&'a WorkspaceId, &'a str)>,
    /// Templates of headers.
    pub headers: &'a HeaderTemplates,
    /// Most requests at once.
    pub max_concurrency: Option<i64>,
    /// Seconds of silence.
    pub idle_timeout: i64,
    /// How often a request is sent again.
    pub retries: i64,
}

impl NewUpstream<'_> {
    fn hosts(&self) -> Vec<&str> {
        let mut hosts = vec![self.upstream_url.host()];
        hosts.extend(self.base_url.map(UpstreamUrl::host));
        hosts
    }

    /// As the trail keeps it: of addresses no query, of headers the names alone.
    fn after(&self) -> Value {
        json!({
            "upstream_url": self.upstream_url.without_query(),
            "base_url": self.base_url.map(UpstreamUrl::as_str),
            "instance_type": self.instance_type,
            "workspace": self.consumes.map(|(workspace, _)| workspace.as_str()),
            "quota_resource": self.consumes.map(|(_, resource)| resource),
            "headers": self.headers.names().collect::<Vec<_>>(),
            "max_concurrency": self.max_concurrency,
            "idle_timeout": self.idle_timeout,
            "retries": self.retries,
        })
    }
}

/// What a `PUT` brings beside what the upstream is to be.
pub struct Fresh<'a> {
    /// The id of the version, as it rode along.
    pub version_id: &'a VersionId,
    /// The id of a new revision, later than those before.
    pub revision_id: &'a RevisionId,
    /// The upstream as a caller is shown it, in JSON.
    pub definition: String,
    /// A new secret, for an upstream that has none and for one that is to have another.
    pub secret: &'a Sealed,
    /// If it is to have another: until when the present one signs, too.
    pub rotates_until: Option<Timestamp>,
    /// Whether there has to be a price.
    pub requires_price: bool,
}

/// What lets the id of the version of the path ride along.
#[must_use]
pub fn version_riding(version: &str) -> Rider {
    Rider::reading([&VERSION_RIDING], in_path(version))
}

/// The id that has ridden along.
///
/// # Errors
/// 404.
pub fn version_ridden(
    answers: &Answers,
    target: &Target,
    version: &str,
) -> Result<VersionId, Error> {
    row! {
        struct Row {
            id: VersionId,
        }
    }
    let found: Option<Row> = answers.first(&VERSION_RIDING)?;
    found
        .map(|row| row.id)
        .ok_or_else(|| target.version_not_found(version))
}

/// What lets the upstream of the version of the path ride along.
#[must_use]
pub fn riding(version: &str) -> Rider {
    Rider::reading([&VERSION_RIDING, &GET_RIDING], in_path(version))
}

/// The upstream that has ridden along.
///
/// # Errors
/// 404.
pub fn ridden(answers: &Answers, target: &Target, version: &str) -> Result<Upstream, Error> {
    version_ridden(answers, target, version)?;
    answers.first(&GET_RIDING)?.ok_or_else(|| none(version))
}

/// Sets the upstream of a version; what is so already is not written. Answers it, and whether its secret is now the one
/// that was brought.
///
/// # Errors
/// 400 for what it names and is not there, or has no price where one is required; 403 for a right lost meanwhile, a
/// workspace that is not the caller's, or a secret that may not go there; 404; 503 when the database fails.
pub async fn put(
    context: &ChangeContext<'_>,
    project: &Project,
    target: &Target,
    version: &str,
    new: &NewUpstream<'_>,
    fresh: Fresh<'_>,
) -> Result<(Upstream, bool), Error> {
    row! {
        struct Shown {
            is_fresh: Flag,
        }
    }
    row! {
        struct Kept {
            kept_secret: String,
        }
    }
    let label = target.version_label(version);
    let mut after = new.after();
    if let (Some(_), Some(after)) = (fresh.rotates_until, after.as_object_mut()) {
        after.insert("rotates_secret".to_owned(), Value::Bool(true));
    }
    let change = Change {
        after: Some(after),
        ..project.change(Action::Update, "upstream", fresh.version_id.any(), &label)
    };
    let grace_end = fresh.rotates_until.unwrap_or(context.now);
    let parameters = target
        .parameters(change.parameters(context))
        .text("version", version)
        .text("version_id", fresh.version_id)
        .text("revision_id", fresh.revision_id)
        .text("definition", fresh.definition)
        .text("upstream_url", new.upstream_url.as_str())
        .optional_text("base_url", new.base_url.map(UpstreamUrl::as_str))
        .optional_text("instance_type", new.instance_type)
        .optional_text("workspace_id", new.consumes.map(|(workspace, _)| workspace))
        .optional_text("quota_resource", new.consumes.map(|(_, resource)| resource))
        .text("headers", new.headers.to_json())
        .text("variables", json::text(&new.headers.variables()))
        .text("hosts", json::text(&new.hosts()))
        .optional_integer("max_concurrency", new.max_concurrency)
        .integer("idle_timeout", new.idle_timeout)
        .integer("retries", new.retries)
        .text("secret", fresh.secret.text.as_str())
        .text("secret_key_id", &fresh.secret.key_id)
        .flag("rotates", fresh.rotates_until.is_some())
        .integer("grace_end", grace_end.as_millis())
        .flag("requires_price", fresh.requires_price);
    let statements = parameters.batch([
        &PERMIT_PUT,
        &INSERT_REVISION,
        &FORGET_REVISIONS,
        &PUT,
        &LET_SECRETS_GO,
        &GET_PUT,
    ]);
    let answers = context.connection.write(statements).await?;
    let (workspace, resource) = new.consumes.unzip();
    answers.done_or(&[
        ("found", &|| target.version_not_found(version)),
        ("may", &|| projects::lacks(context.authority)),
        ("type_is_known", &|| {
            Error::invalid(format!(
                "instance_type: {} is not in the price list of this installation",
                quoted(new.instance_type.unwrap_or_default())
            ))
        }),
        ("has_price", &|| {
            Error::invalid(
                "instance_type: neither the upstream nor its version names one of the price list, and this installation \
                 requires a price",
            )
        }),
        ("workspace_exists", &|| {
            Error::invalid(format!(
                "workspace: there is no workspace {} in this project",
                quoted(workspace.map_or("", WorkspaceId::as_str))
            ))
        }),
        ("may_consume", &|| {
            Error::forbidden(
                "workspace: this needs the permission workspaces.quotas.consume, and a workspace that is open to you",
            )
        }),
        ("resource_is_time", &|| {
            Error::invalid(format!(
                "quota_resource: {} is no resource that is counted in seconds, minutes or hours",
                quoted(resource.unwrap_or_default())
            ))
        }),
        ("secrets_stay", &|| {
            let kept: Result<Kept, Error> = answers.told();
            kept.map_or_else(
                |error| error,
                |kept| {
                    Error::forbidden(format!(
                        "headers: the variable {} is a secret that goes to other hosts; to send it here needs the right \
                         to write it, or its hosts name this one",
                        quoted(&kept.kept_secret)
                    ))
                },
            )
        }),
    ])?;
    let (upstream, Shown { is_fresh }) = answers.only(&GET_PUT)?;
    Ok((upstream, is_fresh.0))
}

/// Takes the upstream of a version away.
///
/// # Errors
/// 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    project: &Project,
    target: &Target,
    version: &str,
) -> Result<(), Error> {
    let label = target.version_label(version);
    let change = project.change(Action::Delete, "upstream", AnyId::default(), &label);
    let statements = target
        .parameters(change.parameters(context))
        .text("version", version)
        .batch([&PERMIT_DELETE, &DELETE]);
    context.connection.write(statements).await?.done_or(&[
        ("found", &|| target.version_not_found(version)),
        ("may", &|| projects::lacks(context.authority)),
        ("has_upstream", &|| none(version)),
    ])
}

row! {
    /// A change of an upstream.
    #[derive(Debug, Clone)]
    pub struct Revision {
        /// Its id; later ones are greater.
        pub id: RevisionId,
        /// When it was made.
        pub creation_date: Millis,
        /// The e-mail address of who made it.
        pub created_by: String,
    }
}

/// The revisions of a version, the newest first.
///
/// # Errors
/// 400 for a slice behind what is not in the list; 503 when the database fails.
pub async fn revisions(
    connection: &Connection,
    version_id: &VersionId,
    slice: &Slice,
) -> Result<Vec<Revision>, Error> {
    let listing = Listing::new(&REVISIONS, &KNOWS_REVISION);
    let parameters = Parameters::new().text("version_id", version_id);
    slice.read(connection, listing, parameters).await
}

/// What lets a revision ride along.
#[must_use]
pub fn revision_riding(version: &str, revision: &RevisionId) -> Rider {
    let parameters = in_path(version).text("revision_id", revision);
    Rider::reading([&VERSION_RIDING, &REVISION_RIDING], parameters)
}

/// The revision that has ridden along, and what the upstream was changed to.
///
/// # Errors
/// 404.
pub fn revision_ridden(
    answers: &Answers,
    target: &Target,
    version: &str,
    revision: &RevisionId,
) -> Result<(Revision, JsonText), Error> {
    row! {
        struct Definition {
            definition: JsonText,
        }
    }
    version_ridden(answers, target, version)?;
    let found: Option<(Revision, Definition)> = answers.first(&REVISION_RIDING)?;
    let (found, Definition { definition }) = found.ok_or_else(|| {
        Error::not_found(format!(
            "the version {} has no revision {}",
            quoted(version),
            quoted(revision.as_str())
        ))
    })?;
    Ok((found, definition))
}

fn in_path(version: &str) -> Parameters {
    Parameters::new().text("version", version)
}

fn none(version: &str) -> Error {
    Error::not_found(format!(
        "the version {} has no upstream; set one with PUT .../upstream",
        quoted(version)
    ))
}
