//! The first round trip of a request that goes through the gate: who is calling, whether they may, and the record that is
//! its permit, in one transaction (contract section 5.4).
//!
//! The record is written only where nothing refuses it; each rule stands in one place, [`judged!`], which the insertion
//! and the reason of a refusal share. What is under way is counted over its rows, so that nothing has to be given back, and
//! D1 has one writer, so any number of callers at the edge of a limit never pass it.

use crate::domain::metering::LEASE;
use crate::domain::quoted;
use crate::domain::retention::RETENTION_TIME;
use crate::domain::time::Timestamp;
use crate::domain::usage::day_of;
use crate::domain::{
    CallerId, OrganizationId, ProjectId, RecordId, SealingKeyId, TargetId, VersionId, WorkspaceId,
};
use crate::error::{Error, Reason};
use crate::sql::Sql;
use crate::sql::statement::{Parameters, Statement};
use crate::store::budgets;
use crate::store::first_trip::Rider;
use crate::store::rows::{Answers, Flag, JsonText, Millis, row};
use crate::store::run_time::under_way;
use crate::store::subscriptions;
use crate::store::texts::statements;

/// So many requests of a project are under way at most (contract section 5.4).
pub const MOST_OF_PROJECT: i64 = 1_000;
/// The same of an organization.
pub const MOST_OF_ORGANIZATION: i64 = 5_000;
/// Of those that have waited so many run at once in a project: what runs them, it has in common with all others.
pub const MOST_CLAIMED: i64 = 50;
/// So many requests of a project wait for their turn at most (contract section 5.7).
pub const MOST_PENDING: i64 = 10_000;
/// They have so many bytes together at most: what waits stands in the database, which it has in common with all others.
pub const MOST_PENDING_BYTES: i64 = 256 << 20;
/// For how long an idempotency key is kept, in milliseconds: a day (contract section 5.4).
pub const KEY_KEPT: i64 = 86_400_000;

/// For how long what of a request is kept, as `$settings` of its version say or else by default.
macro_rules! retention {
    ($settings:expr) => {
        concat!(
            "coalesce(",
            $settings,
            " ->> 'request_retention_mode', 'full') AS retention_mode, coalesce(",
            $settings,
            " ->> 'request_retention_time', #retention_time) AS retention_time"
        )
    };
}
pub(crate) use retention;

/// What is asked for: one row, where there is such a version, of the caller `$caller_id` for so long, and whether they live,
/// may and are where they may call from, and whether it has waited too long; behind it where that is found, up to `users u` and `service_users s`.
macro_rules! asked {
    {
        caller: $caller_id:expr, $caller:expr, lives: $lives:expr, origin: $origin:expr, operator: $operator:expr,
        timeout: $timeout:expr, stale: $stale:expr, from: $from:expr, where: $where:expr
    } => {
        $crate::store::admissions::asked! {
            object: "e.id", version: "v.id", settings: "v.settings", permission: ":permission",
            caller: $caller_id, $caller, lives: $lives, origin: $origin, operator: $operator,
            timeout: $timeout, stale: $stale, from: $from, where: $where
        }
    };
    {
        object: $object:literal, version: $version:literal, settings: $settings:literal, permission: $permission:literal,
        caller: $caller_id:expr, $caller:expr, lives: $lives:expr, origin: $origin:expr, operator: $operator:expr,
        timeout: $timeout:expr, stale: $stale:expr, from: $from:expr, where: $where:expr
    } => {
        concat!(
            "SELECT p.id AS project_id, p.organization_id, ", $object, " AS object_id, ", $version, " AS version_id, ",
               $caller_id, " AS caller_id, ", $caller, " AS caller, ", $timeout, " AS timeout, ", $stale, " AS is_stale,
                 ", $crate::store::admissions::retention!($settings), ",
                 x.max_concurrency, x.workspace_id, x.quota_resource,
                 coalesce(CASE WHEN x.version_id IS NOT NULL THEN i.credits_per_hour END, 0) AS price,
                 p.suspended_by, p.suspended_reason, p.credits AS project_credits,
                 CASE WHEN p.credits IS NOT NULL THEN ", $crate::store::budgets::credits_used!("p.id"), " END AS project_used,
                 ", $crate::store::organizations::credits_of_organization!(), " AS organization_credits,
                 CASE WHEN c.monthly_credits IS NOT NULL THEN ", $crate::store::budgets::credits_used!("n.id"), " END
                   AS organization_used,
                 coalesce(", $crate::store::subscriptions::in_force!("subscription_end_date"), ", 9007199254740991) > #now AS runs,
                 ", $crate::store::run_time::quota_left!(), " AS quota_left, ", $lives, " AS lives,
                 ", $operator, " OR coalesce(m.admin, 0) = 1 OR EXISTS (
                   SELECT 1 FROM role_assignments a JOIN role_permissions h ON h.role_id = a.role_id
                   WHERE a.project_id = p.id AND a.assignee_id = coalesce(u.id, s.id) AND h.permission = ", $permission, "
                     AND (a.resource_type = 'project' OR a.resource_id = ", $object, ")) AS may, ",
                 $origin, " AS origin_fits
               FROM ", $from, "
               JOIN organizations n ON n.id = p.organization_id
               JOIN subscriptions c ON c.name = ", $crate::store::subscriptions::in_force!("subscription"), "
               LEFT JOIN upstreams x ON x.version_id = ", $version, "
               LEFT JOIN instance_types i ON i.name = coalesce(
                 x.instance_type, ", $settings, " ->> 'instance_type', ", $settings, " ->> 'instance_type_group_name')
               LEFT JOIN quota_resources r ON r.resource = x.quota_resource
               LEFT JOIN workspace_quotas q ON q.project_id = p.id AND q.workspace_id = x.workspace_id
                 AND q.resource = x.quota_resource
               LEFT JOIN organization_users m ON m.organization_id = p.organization_id AND m.user_id = u.id
               WHERE ", $where
        )
    };
}
pub(crate) use asked;

/// What is asked for: the deployment or pipeline (`$kind`) in the path, by the holder of the token `t` that `$token` finds, from
/// a place that `$origin` judges.
macro_rules! asked_by_holder {
    ($kind:literal, $token:expr, $origin:expr) => {
        $crate::store::admissions::asked! {
            caller: "coalesce(u.id, s.id, 'operator')", "coalesce(u.email, s.email, 'operator')",
            lives: "#by_operator = 1 OR (t.id IS NOT NULL AND coalesce(t.grace_end > #now, 1) AND coalesce(s.expiry_date > #now, 1))",
            origin: $origin,
            operator: "#by_operator = 1",
            timeout: "#timeout",
            stale: "0",
            from: concat!(
                "projects p
               JOIN ", $kind, "s e ON e.project_id = p.id AND e.name = :", $kind, "
               JOIN ", $kind, "_versions v ON v.", $kind, "_id = e.id AND v.id = ",
                $crate::store::admissions::wanted_version!($kind), "
               LEFT JOIN tokens t ON ", $token, "
               LEFT JOIN users u ON u.id = t.user_id
               LEFT JOIN service_users s ON s.id = t.service_user_id"
            ),
            where: "p.name = :project"
        }
    };
}
pub(crate) use asked_by_holder;

/// What a call asks for that shows its token: it rides on the first trip.
macro_rules! asked_by_call {
    ($kind:literal) => {
        $crate::store::admissions::asked_by_holder!(
            $kind,
            "t.digest IN (:digest, :other_digest)",
            "#is_foreign = 0
                   OR EXISTS (SELECT 1 FROM project_origins o WHERE o.project_id = p.id AND o.origin = :origin)
                   OR EXISTS (SELECT 1 FROM service_user_origins o WHERE o.project_id = p.id AND o.origin = :origin
                              AND o.service_user_id = s.id)"
        )
    };
}
pub(crate) use asked_by_call;

/// What is asked for, as `$asked` has it, in `judged`: with `refusal`, the name of the first rule that is against it, or
/// null: those of `$rules` come after what all have. `lease_time` is what the request may take for now, in milliseconds. It
/// stands for `#items` requests; where these only wait for their turn (`#queues`), nothing is leased for them yet; one that has
/// waited (`#is_claim`) does not keep those of others from theirs.
macro_rules! judged {
    ($asked:expr) => {
        $crate::store::admissions::judged!($asked, "")
    };
    ($asked:expr, $rules:expr) => {
        concat!(
            "WITH asked AS MATERIALIZED (
               ", $asked, "
             ), load AS MATERIALIZED (
               SELECT count(*) AS of_organization, ", $crate::store::admissions::leases!("r.leased"), " AS leased_of_organization,
                 coalesce(sum(r.project_id = it.project_id), 0) AS of_project,
                 ", $crate::store::admissions::leases!("iif(r.project_id = it.project_id, r.leased, 0)"), " AS leased_of_project,
                 coalesce(sum(r.version_id = it.version_id), 0) AS of_version,
                 coalesce(sum(iif(", $crate::store::run_time::same_quota!("it"), ", r.leased_time, 0)), 0) AS leased_time
               FROM asked it CROSS JOIN requests r
               WHERE r.organization_id = it.organization_id AND ", $crate::store::run_time::under_way!("r."), "
             ), judged AS MATERIALIZED (
               SELECT it.*, l.*,
                 min(it.timeout, #lease, coalesce(it.quota_left - l.leased_time, #lease), ",
                   $crate::store::admissions::affordable!("it.project_credits - it.project_used - l.leased_of_project"), ", ",
                   $crate::store::admissions::affordable!("it.organization_credits - it.organization_used - l.leased_of_organization"), ") AS lease_time,
                 CASE
                   WHEN it.is_stale THEN 'stale'
                   WHEN (it.lives AND it.may AND it.origin_fits) IS NOT TRUE THEN 'caller'
                   WHEN ", $crate::store::admissions::known_key!(), " THEN 'key'
                   WHEN it.suspended_by IS NOT NULL THEN 'suspended'
                   WHEN NOT it.runs THEN 'subscription'
                   WHEN ", $crate::store::admissions::too_little!("it.project_credits - it.project_used"), " THEN 'project_credits'
                   WHEN ", $crate::store::admissions::too_little!("it.organization_credits - it.organization_used"), " THEN 'organization_credits'
                   WHEN it.quota_left < 10000 THEN 'quota'
                   WHEN #queues = 0 AND (", $crate::store::admissions::too_little!("it.project_credits - it.project_used - l.leased_of_project"), "
                     OR ", $crate::store::admissions::too_little!("it.organization_credits - it.organization_used - l.leased_of_organization"), "
                     OR it.quota_left - l.leased_time < 10000) THEN 'lease'
                   WHEN #queues = 0 AND l.of_version >= it.max_concurrency THEN 'concurrency'
                   WHEN #queues = 0 AND (l.of_project >= #most_of_project OR l.of_organization >= #most_of_organization)
                     THEN 'under_way'
                   WHEN #is_claim = 1 AND (
                     SELECT count(*) FROM (SELECT 1 FROM requests w WHERE w.project_id = it.project_id
                                             AND w.status IN ('processing', 'cancelled_pending') AND w.claim_id IS NOT NULL
                                           LIMIT #most_claimed)) >= #most_claimed THEN 'under_way'
                   WHEN #queues = 1 AND (
                     SELECT count(*) + #items > #most_pending OR total(input_size) + #input_size > #most_pending_bytes
                     FROM (SELECT w.input_size FROM requests w WHERE w.project_id = it.project_id AND w.status = 'pending'
                           LIMIT #most_pending)) THEN 'pending'
                   WHEN ", $crate::store::admissions::made_this_minute!("it"), " + #items > #per_minute THEN 'rate' ", $rules, "
                 END AS refusal
               FROM asked it CROSS JOIN load l
             )"
        )
    };
}
pub(crate) use judged;

/// The sum of leases, exact up to the greatest budget that there is; what is more is as much, since nothing is free then. A
/// sum of integers fails where it is more than 64 bits hold.
macro_rules! leases {
    ($leased:literal) => {
        concat!(
            "CAST(min(total(",
            $leased,
            "), 9007199254740991) AS INTEGER)"
        )
    };
}
pub(crate) use leases;

/// The id of the version in the path, or of the default one, of `deployments e` or `pipelines e`.
macro_rules! wanted_version {
    ($kind:literal) => {
        concat!(
            "(CASE WHEN :version IS NULL
               THEN (SELECT id FROM ",
            $kind,
            "_versions WHERE ",
            $kind,
            "_id = e.id AND is_default = 1)
               ELSE (SELECT id FROM ",
            $kind,
            "_versions WHERE ",
            $kind,
            "_id = e.id AND version = :version) END)"
        )
    };
}
pub(crate) use wanted_version;

/// Whether so many credits are nothing, or less than ten seconds cost at the price of `it`; null where there is no limit.
macro_rules! too_little {
    ($credits:literal) => {
        concat!(
            "((",
            $credits,
            ") <= 0 OR (",
            $credits,
            ") * 360 < it.price)"
        )
    };
}

/// How many milliseconds so many credits buy at the price of `it`, up to the longest lease.
macro_rules! affordable {
    ($credits:literal) => {
        concat!(
            "coalesce(CASE WHEN it.price > 0 THEN CAST(max(0, min(",
            $credits,
            ", it.price)) * 3600000 / it.price AS INTEGER) END, #lease)"
        )
    };
}

/// What a run time of `$milliseconds` costs at `$price` an hour, rounded half up to a millionth: as
/// [`metering`](crate::domain::metering) says it. Their product is more than 64 bits hold, so whole and part of the price
/// count for themselves.
macro_rules! cost {
    ($milliseconds:expr, $price:expr) => {
        concat!(
            "min(9007199254740991, ",
            $price,
            " / 3600000 * ",
            $milliseconds,
            " + (",
            $price,
            " % 3600000 * ",
            $milliseconds,
            " + 1800000) / 3600000)"
        )
    };
}
pub(crate) use cost;

/// Whether the caller of `asked it` has sent this idempotency key within a day.
macro_rules! known_key {
    () => {
        "EXISTS (SELECT 1 FROM idempotency_keys y WHERE y.project_id = it.project_id AND y.caller_id = it.caller_id
                 AND y.key_digest = :key_digest AND y.creation_date > #keys_from)"
    };
}

/// How many requests the caller has made in this minute.
macro_rules! made_this_minute {
    ($of:literal) => {
        concat!(
            "coalesce((SELECT count FROM request_rates z WHERE z.project_id = ",
            $of,
            ".project_id
                       AND z.caller_id = ",
            $of,
            ".caller_id AND z.minute = #minute), 0)"
        )
    };
}

pub(crate) use {affordable, known_key, made_this_minute, too_little};

/// The record, by the name of its project.
macro_rules! this_record {
    ($table:literal) => {
        concat!(
            $table,
            "project_id = (SELECT id FROM projects WHERE name = :project) AND ",
            $table,
            "id = :record_id"
        )
    };
    () => {
        this_record!("")
    };
}
pub(crate) use this_record;

/// The record, once it is known to be there.
macro_rules! admitted_record {
    () => {
        "project_id = :project_id AND id = :record_id"
    };
}

macro_rules! uncount_rate {
    ($record:expr) => {
        concat!(
            "UPDATE request_rates SET count = count - 1
             WHERE minute = #minute AND count > 0 AND (project_id, caller_id) IN (
               SELECT project_id, caller_id FROM requests WHERE ",
            $record,
            ")"
        )
    };
}

macro_rules! forget_key {
    ($record:expr) => {
        concat!(
            "DELETE FROM idempotency_keys
             WHERE key_digest = :key_digest AND request_id = :record_id AND (project_id, caller_id) IN (
               SELECT project_id, caller_id FROM requests WHERE ",
            $record,
            ")"
        )
    };
}

macro_rules! void {
    ($record:expr) => {
        concat!(
            "DELETE FROM requests WHERE ",
            $record,
            " AND ",
            under_way!()
        )
    };
}

/// Whether webhooks of its object are told of `requests r`, as the triggers of migrations/0034_webhooks.sql have it: a
/// pipeline in a pipeline tells nobody.
macro_rules! tells {
    () => {
        "(r.parent_id IS NULL OR r.object_type = 'deployment')"
    };
}
pub(crate) use tells;

/// All that is needed to forward `requests r`, which has its record: of a deployment, or of a pipeline, which has no upstream
/// and always a request format.
macro_rules! facts {
    (deployment $record:expr) => {
        $crate::store::admissions::facts!("deployment", "e.supports_request_format", $record)
    };
    (pipeline $record:expr) => {
        $crate::store::admissions::facts!("pipeline", "1", $record)
    };
    ($kind:literal, $supports_request_format:literal, $record:expr) => {
        concat!(
            "SELECT r.organization_id, r.project_id, r.object_id, r.version_id, r.caller_id, r.caller, r.lease_end, r.price,
           r.timeout, r.workspace_id, r.quota_resource, r.retention_mode, r.retention_time, v.version,
           CASE r.kind WHEN 'openai' THEN v.labels ELSE '{}' END AS labels, e.input_type, e.output_type,
           e.input_fields, ", $supports_request_format, " AS supports_request_format, x.version_id IS NOT NULL AS has_upstream,
           x.upstream_url, x.base_url, x.headers, x.max_concurrency, x.idle_timeout, x.retries, x.secret,
           x.secret_key_id, x.previous_secret, x.previous_secret_key_id, x.previous_secret_end,
           (SELECT max(k.event = r.object_type || '_request_started') FROM webhooks k
            WHERE k.object_id = r.object_id AND k.is_test = 0 AND ", $crate::store::admissions::tells!(), "
           ) AS tells_start,
           CASE WHEN x.variables <> '[]' THEN (
             SELECT json_group_array(json_array(w.id, w.place_id, w.name, w.value, w.secret, w.key_id, w.hosts))
             FROM environment_variables w
             WHERE w.place_id IN (r.version_id, r.object_id, r.project_id)
               AND w.name IN (SELECT value FROM json_each(x.variables))) END AS variables
         FROM requests r
         JOIN ", $kind, "_versions v ON v.id = r.version_id
         JOIN ", $kind, "s e ON e.id = r.object_id
         LEFT JOIN upstreams x ON x.version_id = r.version_id
         WHERE ", $record
        )
    };
}
pub(crate) use facts;

/// Makes the records that are selected of `$asked`, where nothing refuses them, and tells in one row each what does: with the
/// columns of a record that come after `id` and `kind`, their values, and what the rows come from behind `judged`.
macro_rules! admit {
    { object_type: $object_type:literal, asked: $asked:expr, $(rules: $rules:expr,)? columns: $columns:expr, values: $values:expr, from: $from:literal } => {
        concat!(
            "INSERT INTO judged_requests (project_id, organization_id, object_type, object_id, version_id, kind, caller_id, caller,
           time_created, timeout, retention_mode, retention_time, ", $columns, ",
           refusal, suspended_by, suspended_reason, project_credits, project_used, organization_credits, organization_used,
           max_concurrency, same, key_request_id, key_status, key_content_type, key_body, made) ",
            $crate::store::admissions::judged!($asked $(, $rules)?), "
         SELECT judged.project_id, judged.organization_id, ", $object_type, ", object_id, version_id, :kind, judged.caller_id, caller,
           #now, timeout / 1000, retention_mode, retention_time, ", $values, ",
           refusal, suspended_by, suspended_reason, project_credits, project_used, organization_credits, organization_used,
           max_concurrency, y.fingerprint = :fingerprint, y.request_id, y.status, y.content_type, y.body, ",
            $crate::store::admissions::made_this_minute!("judged"), "
         FROM judged ", $from, " LEFT JOIN idempotency_keys y ON refusal = 'key' AND y.project_id = judged.project_id
           AND y.caller_id = judged.caller_id AND y.key_digest = :key_digest
         WHERE true RETURNING refusal, suspended_by, suspended_reason, project_credits, project_used, organization_credits,
           organization_used, max_concurrency, price, quota_resource, same, key_request_id, key_status, key_content_type,
           key_body, made"
        )
    };
}
pub(crate) use admit;

/// The same of one record that is forwarded at once to what runs it: with what else it has, and the values of that.
macro_rules! admit_forwarded {
    { object_type: $object_type:literal, asked: $asked:expr, $(rules: $rules:expr,)? columns: $columns:literal, values: $values:literal } => {
        $crate::store::admissions::admit! {
            object_type: $object_type,
            asked: $asked,
            $(rules: $rules,)?
            columns: concat!(
                "id, status, time_started, lease_end, leased, leased_time, price, day, workspace_id, quota_resource,
           input_size, ", $columns
            ),
            values: concat!(
                ":record_id, 'processing', #now, #now + lease_time, ",
                $crate::store::admissions::cost!("lease_time", "price"), ",
           iif(workspace_id IS NULL, 0, lease_time), price, #day, workspace_id, quota_resource, #input_size, ", $values
            ),
            from: ""
        }
    };
}
pub(crate) use admit_forwarded;

pub(crate) use {forget_key, uncount_rate, void};

statements! {
    /// The record, where nothing refuses it, and what does.
    ADMIT = admit_forwarded! {
        object_type: "'deployment'",
        asked: asked_by_call!("deployment"),
        columns: "additional_data",
        values: ":additional_data"
    };
    /// All that is needed to forward the request, once it has its record.
    FACTS = facts!(deployment this_record!("r."));
    /// The permits that it takes from its caller's minute, as many as it stands for.
    COUNT_RATE = concat!(
        "INSERT INTO request_rates (project_id, caller_id, minute, count)
         SELECT project_id, caller_id, #minute, #items FROM requests r WHERE ", this_record!("r."), "
         ON CONFLICT (project_id, caller_id) DO UPDATE SET
           count = iif(minute = excluded.minute, count + excluded.count, excluded.count), minute = excluded.minute");
    /// Its idempotency key; one that is older than a day gives way.
    REMEMBER_KEY = concat!(
        "INSERT INTO idempotency_keys (project_id, caller_id, key_digest, fingerprint, request_id, creation_date)
         SELECT project_id, caller_id, :key_digest, :fingerprint, id, #now FROM requests r WHERE ", this_record!("r."), "
         ON CONFLICT (project_id, caller_id, key_digest) DO UPDATE SET
           fingerprint = excluded.fingerprint, request_id = excluded.request_id,
           creation_date = excluded.creation_date, status = NULL, content_type = NULL, body = NULL");
    /// Gives the permit of the minute back.
    UNCOUNT_RATE = uncount_rate!(admitted_record!());
    /// Gives the idempotency key back.
    FORGET_KEY = forget_key!(admitted_record!());
    /// Takes the record away as if it had never been; nothing is metered.
    VOID = void!(admitted_record!());
    /// The permit of one of which only the name of its project is known.
    UNCOUNT_RATE_UNSEEN = uncount_rate!(this_record!());
    /// Its idempotency key.
    FORGET_KEY_UNSEEN = forget_key!(this_record!());
    /// The record.
    VOID_UNSEEN = void!(this_record!());
}

/// How a request comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It waits for its answer.
    Direct,
    /// Its answer is streamed to it.
    Stream,
    /// On the OpenAI-compatible surface.
    OpenAi,
    /// By a service.
    Service,
    /// It waits for its turn, and is read when it has ended.
    Batch,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Stream => "stream",
            Self::OpenAi => "openai",
            Self::Service => "service",
            Self::Batch => "batch",
        }
    }
}

/// An idempotency key, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// SHA-256 of the key.
    pub digest: String,
    /// SHA-256 of what the key stands for.
    pub fingerprint: String,
}

/// What is asked for.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The id that the record is to have.
    pub record_id: &'a RecordId,
    /// How it comes in.
    pub way: Way,
    /// The version in the path; none is the default one.
    pub version: Option<&'a str>,
    /// In seconds.
    pub timeout: i64,
    /// The length of its body, in bytes.
    pub input_size: usize,
    /// For how many requests it stands.
    pub items: usize,
    /// Whether a browser marks it as another site's.
    pub is_foreign: bool,
    /// Its idempotency key.
    pub key: Option<&'a Key>,
    /// How many a caller may make a minute; none is no limit.
    pub per_minute: Option<i64>,
    /// JSON that the record shows as `additional_data`.
    pub additional_data: Option<String>,
    /// The time of the request.
    pub now: Timestamp,
}

/// The minute of an instant, counted from the epoch.
#[must_use]
pub fn minute_of(now: Timestamp) -> i64 {
    now.as_millis() / 60_000
}

/// What rides on the first trip: the record, if nothing refuses it, and what it is to know or why there is none.
#[must_use]
pub fn rider(asked: &Asked<'_>) -> Rider {
    let statements = with_permit_and_key(asked, vec![&ADMIT, &FACTS]);
    Rider::writing(statements, asked.parameters())
}

/// Statements that admit, and behind them what takes the permit of the minute and remembers the key, where there is one.
pub(super) fn with_permit_and_key(
    asked: &Asked<'_>,
    mut statements: Vec<&'static Sql>,
) -> Vec<&'static Sql> {
    if asked.per_minute.is_some() {
        statements.push(&COUNT_RATE);
    }
    if asked.key.is_some() {
        statements.push(&REMEMBER_KEY);
    }
    statements
}

const NO_LIMIT: i64 = crate::domain::SAFE_INTEGER;

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(NO_LIMIT)
}

/// The parameters of what is judged, whoever asks.
pub(super) fn limits(now: Timestamp) -> Parameters {
    budgets::at(Parameters::new(), now)
        .integer("lease", LEASE)
        .integer("retention_time", RETENTION_TIME)
        .integer("most_of_project", MOST_OF_PROJECT)
        .integer("most_of_organization", MOST_OF_ORGANIZATION)
        .integer("most_pending", MOST_PENDING)
        .integer("most_pending_bytes", MOST_PENDING_BYTES)
        .integer("most_claimed", MOST_CLAIMED)
        .integer("minute", minute_of(now))
        .integer("day", day_of(now))
        .integer("keys_from", now.as_millis() - KEY_KEPT)
}

impl Asked<'_> {
    pub(super) fn parameters(&self) -> Parameters {
        limits(self.now)
            .text("record_id", self.record_id)
            .text("kind", self.way.name())
            .flag("queues", self.way == Way::Batch)
            .flag("is_claim", false)
            .integer("items", whole(self.items))
            .optional_text("version", self.version)
            .integer("timeout", self.timeout * 1_000)
            .integer("per_minute", self.per_minute.unwrap_or(NO_LIMIT))
            .integer("input_size", whole(self.input_size))
            .flag("is_foreign", self.is_foreign)
            .optional_text("additional_data", self.additional_data.clone())
            .optional_text("key_digest", self.key.map(|key| key.digest.as_str()))
            .optional_text("fingerprint", self.key.map(|key| key.fingerprint.as_str()))
    }
}

row! {
    /// A request that has its record, and all that is needed to forward it.
    #[derive(Debug, Clone)]
    pub struct Admitted {
        /// The organization that pays.
        pub organization_id: OrganizationId,
        /// The project.
        pub project_id: ProjectId,
        /// The deployment.
        pub object_id: TargetId,
        /// The version.
        pub version_id: VersionId,
        /// Who is calling: their id, or `operator`.
        pub caller_id: CallerId,
        /// Their e-mail address.
        pub caller: String,
        /// The lease ends then, unless it is extended.
        pub lease_end: Millis,
        /// Credits an hour, in millionths.
        pub price: i64,
        /// In seconds.
        pub timeout: i64,
        /// The workspace whose quota is consumed.
        pub workspace_id: Option<WorkspaceId>,
        /// The resource of that quota.
        pub quota_resource: Option<String>,
        /// What is kept of the request.
        pub retention_mode: String,
        /// For how long it is kept after its end, in seconds.
        pub retention_time: i64,
        /// The name of the version.
        pub version: String,
        /// Its labels.
        pub labels: JsonText,
        /// What a body is.
        pub input_type: String,
        /// What an answer is.
        pub output_type: String,
        /// The fields of a body.
        pub input_fields: JsonText,
        /// Whether bodies have a format.
        pub supports_request_format: Flag,
        /// Whether there is somewhere to send it.
        pub has_upstream: Flag,
        /// Where requests are sent.
        pub upstream_url: Option<String>,
        /// What the paths of other surfaces are appended to.
        pub base_url: Option<String>,
        /// Templates of headers by name.
        pub headers: Option<JsonText>,
        /// Seconds of silence after the first byte.
        pub idle_timeout: Option<i64>,
        /// So often a request is sent again.
        pub retries: Option<i64>,
        /// The secret with which requests are signed, sealed.
        pub secret: Option<String>,
        /// The key that opens it.
        pub secret_key_id: Option<SealingKeyId>,
        /// The one before.
        pub previous_secret: Option<String>,
        /// The key that opens that.
        pub previous_secret_key_id: Option<SealingKeyId>,
        /// Until when that one signs too.
        pub previous_secret_end: Option<Millis>,
        /// Of what has webhooks: whether one of them is told that it has started.
        pub tells_start: Option<Flag>,
        /// The variables that the templates name, as arrays of id, place, name, value, secret, key and hosts.
        pub variables: Option<JsonText>,
    }
}

row! {
    /// What is against a request; or that nothing is.
    #[derive(Debug)]
    pub(super) struct Why {
        pub(super) refusal: Option<String>,
        suspended_by: Option<String>,
        suspended_reason: Option<String>,
        project_credits: Option<i64>,
        project_used: Option<i64>,
        organization_credits: Option<i64>,
        organization_used: Option<i64>,
        max_concurrency: Option<i64>,
        price: i64,
        quota_resource: Option<String>,
        same: Option<Flag>,
        key_request_id: Option<RecordId>,
        key_status: Option<i64>,
        key_content_type: Option<String>,
        key_body: Option<String>,
        made: i64,
    }
}

/// An answer that was given before to the same idempotency key.
#[derive(Debug, PartialEq, Eq)]
pub struct Replay {
    /// Its status.
    pub status: u16,
    /// Its media type.
    pub content_type: String,
    /// Its body.
    pub body: String,
}

/// What became of what rode along.
#[derive(Debug)]
pub enum Admission {
    /// The request has its record.
    Admitted(Box<Admitted>),
    /// Its key stands for one that was answered.
    Replayed(Replay),
    /// There is no such version, or no default one.
    NoSuchVersion,
    /// Something refuses it.
    Refused(Error),
}

/// What became of what rode along.
///
/// # Errors
/// An inconsistency.
pub fn judge(answers: &Answers, asked: &Asked<'_>) -> Result<Admission, Error> {
    judge_by(answers, [&ADMIT, &FACTS], asked)
}

/// The same by the statement that makes the record and the one that says what is to be known of it.
pub(super) fn judge_by(
    answers: &Answers,
    [admit, facts]: [&'static Sql; 2],
    asked: &Asked<'_>,
) -> Result<Admission, Error> {
    if let Some(admitted) = answers.first(facts)? {
        return Ok(Admission::Admitted(Box::new(admitted)));
    }
    judge_refusal(answers, admit, asked)
}

/// The same of one that takes no permit and has no key.
///
/// # Errors
/// An inconsistency.
pub(super) fn judge_for(
    answers: &Answers,
    [admit, facts]: [&'static Sql; 2],
    record_id: &RecordId,
) -> Result<Admission, Error> {
    if let Some(admitted) = answers.first(facts)? {
        return Ok(Admission::Admitted(Box::new(admitted)));
    }
    let Some(why) = answers.first::<Why>(admit)? else {
        return Ok(Admission::NoSuchVersion);
    };
    let refusal = why.refusal.clone().unwrap_or_default();
    why.error(&refusal, record_id).map(Admission::Refused)
}

/// Whether nothing refused what this statement was to make.
pub(super) fn is_made(answers: &Answers, admit: &'static Sql) -> Result<bool, Error> {
    let why: Option<Why> = answers.first(admit)?;
    Ok(why.is_some_and(|why| why.refusal.is_none()))
}

/// Why there is no record, as the statement says it that was to make it.
pub(super) fn judge_refusal(
    answers: &Answers,
    admit: &'static Sql,
    asked: &Asked<'_>,
) -> Result<Admission, Error> {
    let Some(why) = answers.first::<Why>(admit)? else {
        return Ok(Admission::NoSuchVersion);
    };
    let refusal = why.refusal.clone();
    Ok(match refusal.as_deref() {
        Some("key") => why.key(),
        Some("rate") => {
            let (made, allowed) = (why.made, asked.per_minute.unwrap_or_default());
            let more = match asked.items {
                1 => String::new(),
                items => format!(", of which {items} would be more"),
            };
            let sentence = format!(
                "you have made {made} requests in this minute, and {allowed} a minute are allowed{more}"
            );
            Admission::Refused(Error::too_many(sentence, to_next_minute(asked.now)))
        }
        Some(refusal) => Admission::Refused(why.error(refusal, asked.record_id)?),
        None => {
            return Err(Error::inconsistent(
                "nothing refused a request that has no record",
            ));
        }
    })
}

impl Why {
    fn key(self) -> Admission {
        let id = self.key_request_id.unwrap_or_default();
        if !self.same.unwrap_or_default().0 {
            return Admission::Refused(Error::unprocessable(
                "Idempotency-Key: it stands for another request; a key is for one method, path and body, for 24 hours",
            ));
        }
        let conflict = |what: &str| {
            Admission::Refused(Error::conflict(format!(
                "Idempotency-Key: the request {id} {what}"
            )))
        };
        match (
            self.key_status.map(u16::try_from),
            self.key_content_type,
            self.key_body,
        ) {
            (None, ..) => conflict("is under way with it; try again when that has ended"),
            (Some(Ok(status)), Some(content_type), Some(body)) => Admission::Replayed(Replay {
                status,
                content_type,
                body,
            }),
            _ => conflict("was made with it; it ran, its answer was not kept"),
        }
    }

    pub(super) fn error(self, refusal: &str, record_id: &RecordId) -> Result<Error, Error> {
        Ok(match refusal {
            "suspended" => {
                let by = self.suspended_by.as_deref().unwrap_or("operator");
                let why = self.suspended_reason.filter(|reason| !reason.is_empty());
                let why = why.map(|reason| format!(": {}", quoted(&reason)));
                let why = why.unwrap_or_default();
                Error::forbidden(format!(
                    "the project is suspended by the {by}{why}; it takes no requests"
                ))
            }
            "subscription" => subscriptions::ended(),
            "project_credits" => used_up(
                "project",
                self.project_used,
                self.project_credits,
                self.price,
            ),
            "organization_credits" => used_up(
                "organization",
                self.organization_used,
                self.organization_credits,
                self.price,
            ),
            "quota" => {
                let resource = quoted(&self.quota_resource.unwrap_or_default());
                Error::forbidden(format!(
                    "the workspace's quota of {resource} has less than the 10 seconds left that a request takes"
                ))
            }
            "lease" => Error::too_many(
                "what is left of the credits or of the quota is leased to requests that are under way; try again when \
                 one of them has ended",
                soon(record_id),
            ),
            "concurrency" => Error::too_many(
                format!(
                    "the version has {} requests under way, which is its max_concurrency; try again when one of them \
                     has ended",
                    self.max_concurrency.unwrap_or_default()
                ),
                soon(record_id),
            ),
            "under_way" => Error::too_many(
                format!(
                    "the project has {MOST_OF_PROJECT} requests under way, or its organization {MOST_OF_ORGANIZATION}; \
                     try again when some of them have ended"
                ),
                soon(record_id),
            ),
            "caller" => Error::forbidden(
                "whoever makes this request may not make requests to this deployment any more",
            ),
            "upstream" => Error::not_found(
                "the version that the service goes to has no base_url, so nothing can answer; set it with PUT .../upstream",
            ),
            "stale" => Error::forbidden("not started within a day"),
            "pending" => Error::too_many(
                format!(
                    "the project would have more than {MOST_PENDING} requests that wait for their turn, or more than \
                     {} MiB of them; try again when some of them have run",
                    MOST_PENDING_BYTES >> 20
                ),
                soon(record_id),
            ),
            other => {
                return Err(Error::inconsistent(format!(
                    "a request was refused for {other}"
                )));
            }
        })
    }
}

fn used_up(whose: &str, used: Option<i64>, limit: Option<i64>, price: i64) -> Error {
    use crate::domain::Credits;
    let shown = |credits: Option<i64>| {
        Credits::from_millionths(credits.unwrap_or_default())
            .map_or_else(|_| "0".to_owned(), |credits| credits.to_string())
    };
    Error::forbidden(format!(
        "the credits of the {whose} are used up: {} of {} in this period, and ten seconds of this version cost {}",
        shown(used),
        shown(limit),
        shown(Some(price / 360))
    ))
    .because(Reason::NotAllowedNow { permission: None })
}

/// Seconds after which it may be tried again, 1 to 5, spread by the id so that not all try again at once.
pub(super) fn soon(record_id: &RecordId) -> u32 {
    record_id
        .as_str()
        .bytes()
        .fold(0, |sum, byte| (sum + u32::from(byte)) % 5)
        + 1
}

/// Seconds to the end of the minute.
#[must_use]
pub fn to_next_minute(now: Timestamp) -> u32 {
    let passed = now.as_millis().rem_euclid(60_000);
    u32::try_from((60_000 - passed + 999) / 1_000).unwrap_or(60)
}

impl Admitted {
    /// The parameters of what is done to the record.
    pub(super) fn parameters(&self, record_id: &RecordId) -> Parameters {
        Parameters::new()
            .text("record_id", record_id)
            .text("project_id", &self.project_id)
            .text("organization_id", &self.organization_id)
            .text("version_id", &self.version_id)
            .text("caller_id", &self.caller_id)
    }

    /// What takes the record away as if it had never been, and gives the permit and the key back.
    #[must_use]
    pub fn voiding(&self, asked: &Asked<'_>) -> Vec<Statement> {
        voided(
            self.parameters(asked.record_id),
            asked,
            [&UNCOUNT_RATE, &FORGET_KEY, &VOID],
        )
    }
}

/// The same for one of which nobody knows whether it was written.
#[must_use]
pub fn void_unseen(project: &str, asked: &Asked<'_>) -> Vec<Statement> {
    let parameters = Parameters::new()
        .text("project", project)
        .text("record_id", asked.record_id);
    voided(
        parameters,
        asked,
        [&UNCOUNT_RATE_UNSEEN, &FORGET_KEY_UNSEEN, &VOID_UNSEEN],
    )
}

pub(super) fn voided(
    parameters: Parameters,
    asked: &Asked<'_>,
    [uncount, forget, void]: [&'static Sql; 3],
) -> Vec<Statement> {
    let mut statements = Vec::new();
    if asked.per_minute.is_some() {
        statements.push(uncount);
    }
    if asked.key.is_some() {
        statements.push(forget);
    }
    statements.push(void);
    parameters
        .optional_text("key_digest", asked.key.map(|key| key.digest.as_str()))
        .integer("minute", minute_of(asked.now))
        .batch(statements)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use crate::domain::Credits;
    use crate::domain::metering::credits_for;
    use crate::sql::alone;

    alone!(COST = concat!("SELECT ", cost!("#run_time", "#price")));

    proptest! {
        #[test]
        fn what_run_time_costs_is_what_the_domain_says(
            run_time in 0_i64..345_600_000,
            price in 0_i64..=9_007_199_254_740_991,
        ) {
            let connection = Connection::open_in_memory().unwrap();
            let sql = COST.prepared();
            // As D1 binds them.
            let values = sql.parameters.iter().map(|parameter| match parameter.name {
                "price" => price as f64,
                _ => run_time as f64,
            });
            let cost: i64 = connection
                .query_row(&sql.text, rusqlite::params_from_iter(values), |row| row.get(0))
                .unwrap();
            prop_assert_eq!(cost, credits_for(run_time, Credits::from_millionths(price).unwrap()));
        }
    }
}
