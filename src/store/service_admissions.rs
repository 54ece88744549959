//! The first round trip of a call that a service passes through: who is calling, or that nobody has shown a token, whether
//! they may, and the record that is its permit (contract section 5.8). Its rules are those of
//! [`admissions`], and the service's own behind them.

use crate::auth::permissions::DEPLOYMENTS_REQUESTS_CREATE;
use crate::domain::{Digests, ServiceId, Timestamp, quoted};
use crate::error::Error;
use crate::sql::statement::{Parameters, Statement};
use crate::store::admissions::{
    self, Admission, Asked, Why, admit_forwarded, asked, facts, forget_key, to_next_minute,
    uncount_rate, void, voided,
};
use crate::store::connection::Connection;
use crate::store::first_trip::origin::ListedRow;
use crate::store::first_trip::project::{
    CallerAndProject, organization_of_project, rights_columns,
};
use crate::store::first_trip::{FirstTrip, Rider, first_trip};
use crate::store::projects::statements::project_columns;
use crate::store::rows::{Answers, Columns, Flag, Row, row};
use crate::store::run_time::under_way;
use crate::store::services::{authentication_required, version_of_service};
use crate::store::texts::statements;
use crate::web::cors::Listed;
use crate::web::rate::Rate;

/// The id that stands for all who show no token.
pub const ANONYMOUS: &str = "anonymous";

/// Whether `services y` lets anybody call.
macro_rules! is_open {
    () => {
        concat!(authentication_required!("y.settings"), " = 0")
    };
}

/// What the caller may of `services y`: their own limit, or what all have by default. Those whom nobody knows have none.
macro_rules! limit_of_caller {
    ($kind:literal, $default:literal, $caller:expr) => {
        concat!(
            "iif(",
            $caller,
            " = 'anonymous', NULL, coalesce((
               SELECT k.most FROM service_user_limits k
               WHERE k.service_id = y.id AND k.kind = '",
            $kind,
            "' AND k.user_id = ",
            $caller,
            "), y.settings ->> '",
            $default,
            "'))"
        )
    };
}

macro_rules! rate_of_caller {
    ($caller:expr) => {
        limit_of_caller!("rate", "rate_limit_user_default", $caller)
    };
}

macro_rules! concurrency_of_caller {
    ($caller:expr) => {
        limit_of_caller!("concurrency", "concurrency_limit_user_default", $caller)
    };
}

/// The record, by its service.
macro_rules! this_record {
    ($table:literal) => {
        concat!(
            $table,
            "project_id = (SELECT project_id FROM services WHERE id = :service_id) AND ",
            $table,
            "id = :record_id"
        )
    };
    () => {
        this_record!("")
    };
}

/// How many calls have been made in this minute, as counted under this name.
macro_rules! made_as {
    ($name:expr) => {
        concat!(
            "coalesce((SELECT z.count FROM request_rates z
                       WHERE z.project_id = y.project_id AND z.caller_id = ",
            $name,
            " AND z.minute = #minute), 0)"
        )
    };
}

/// How many calls of the service are under way.
macro_rules! under_way_by_service {
    ($more:literal) => {
        concat!(
            "(SELECT count(*) FROM requests w WHERE w.service_id = y.id AND ",
            under_way!("w."),
            $more,
            ")"
        )
    };
}

/// A rule over `services y`: where it does not hold, this is the refusal.
macro_rules! unless {
    ($rule:expr, $refusal:literal) => {
        concat!(
            " WHEN (SELECT ",
            $rule,
            " FROM services y WHERE y.id = :service_id) THEN '",
            $refusal,
            "'"
        )
    };
}

statements! {
    /// Who is calling, what they may on the deployment of the service, where the origin is listed, and what the service says.
    CALLER_AND_SERVICE = first_trip! {
        who: token_at_origin,
        reads: concat!(
            project_columns!(), ", e.id AS object_id, e.name AS deployment, p.id IS NOT NULL AS project_exists,
             coalesce(m.admin, 0) AS is_admin, ",
            rights_columns! { or: "(a.resource_type = 'deployment' AND a.resource_id = e.id)" }, ", ",
            is_open!(), " AS is_open, y.settings ->> 'rate_limit' AS rate_limit, ",
            rate_of_caller!("coalesce(u.id, s.id, :nobody)"), " AS user_rate_limit,
             y.settings ->> 'concurrency_limit' AS concurrency_limit, ",
            concurrency_of_caller!("coalesce(u.id, s.id, :nobody)"), " AS user_concurrency_limit"
        ),
        joins: concat!(
            " LEFT JOIN services y ON y.id = :service_id LEFT JOIN projects p ON p.id = y.project_id",
            organization_of_project!(), " LEFT JOIN deployments e ON e.id = y.deployment_id"
        )
    };
    /// The record, where nothing refuses it, and what does.
    ADMIT = admit_forwarded! {
        object_type: "'deployment'",
        asked: asked! {
            caller: "coalesce(u.id, s.id, :nobody)", "coalesce(u.email, s.email, :nobody)",
            lives: "#by_operator = 1 OR #is_anonymous = 1
                    OR (t.id IS NOT NULL AND coalesce(t.grace_end > #now, 1) AND coalesce(s.expiry_date > #now, 1))",
            origin: "#is_foreign = 0
                   OR EXISTS (SELECT 1 FROM project_origins o WHERE o.project_id = p.id AND o.origin = :origin)
                   OR EXISTS (SELECT 1 FROM service_user_origins o WHERE o.project_id = p.id AND o.origin = :origin
                              AND o.service_user_id = s.id)",
            operator: concat!("#by_operator = 1 OR (#is_anonymous = 1 AND ", is_open!(), ")"),
            timeout: "#timeout",
            stale: "0",
            from: concat!(
                "services y
               JOIN projects p ON p.id = y.project_id
               JOIN deployments e ON e.id = y.deployment_id
               JOIN deployment_versions v ON v.id = ", version_of_service!(), "
               LEFT JOIN tokens t ON t.digest IN (:digest, :other_digest)
               LEFT JOIN users u ON u.id = t.user_id
               LEFT JOIN service_users s ON s.id = t.service_user_id"
            ),
            where: "y.id = :service_id"
        },
        rules: concat!(
            " WHEN NOT EXISTS (SELECT 1 FROM upstreams x WHERE x.version_id = it.version_id AND x.base_url IS NOT NULL)
                THEN 'upstream'
              WHEN it.caller_id = 'anonymous' AND (
                SELECT count(*) FROM requests w WHERE w.organization_id = it.organization_id
                  AND w.project_id = it.project_id AND w.version_id = it.version_id AND ", under_way!("w."), "
                  AND w.caller_id = 'anonymous') >= max(1, it.max_concurrency / 2) THEN 'concurrency'",
            unless!(concat!(under_way_by_service!(""), " >= y.settings ->> 'concurrency_limit'"), "service_concurrency"),
            unless!(concat!(
                under_way_by_service!(" AND w.caller_id = it.caller_id"), " >= ", concurrency_of_caller!("it.caller_id")),
                "user_concurrency"),
            unless!(concat!(made_as!("y.id"), " >= y.settings ->> 'rate_limit'"), "service_rate"),
            unless!(concat!(made_as!("y.id || ' ' || it.caller_id"), " >= ", rate_of_caller!("it.caller_id")), "user_rate")
        ),
        columns: "additional_data",
        values: ":additional_data"
    };
    /// All that is needed to pass the call on, once it has its record.
    FACTS = facts!(deployment this_record!("r."));
    /// That it is under way by the service, where that counts.
    MARK = concat!(
        "UPDATE requests AS r SET service_id = :service_id WHERE ", this_record!("r."), " AND EXISTS (
           SELECT 1 FROM services y WHERE y.id = :service_id
             AND (y.settings ->> 'concurrency_limit' IS NOT NULL OR ", concurrency_of_caller!("r.caller_id"), " IS NOT NULL))");
    /// The permits that it takes from the minute: of its caller, of the service, and of the caller there, where these have
    /// limits.
    COUNT_RATES = concat!(
        "INSERT INTO request_rates (project_id, caller_id, minute, count)
         SELECT r.project_id, c.value, #minute, 1
         FROM requests r JOIN services y ON y.id = :service_id JOIN json_each(json_array(
           iif(#counts_caller = 1, r.caller_id, NULL),
           iif(y.settings ->> 'rate_limit' IS NOT NULL, y.id, NULL),
           iif(", rate_of_caller!("r.caller_id"), " IS NOT NULL, y.id || ' ' || r.caller_id, NULL))) c
         WHERE ", this_record!("r."), " AND c.value IS NOT NULL
         ON CONFLICT (project_id, caller_id) DO UPDATE SET
           count = iif(minute = excluded.minute, count + excluded.count, excluded.count), minute = excluded.minute");
    /// Its idempotency key; one that is older than a day gives way.
    REMEMBER_KEY = concat!(
        "INSERT INTO idempotency_keys (project_id, caller_id, key_digest, fingerprint, request_id, creation_date)
         SELECT project_id, caller_id, :key_digest, :fingerprint, id, #now FROM requests r WHERE ", this_record!("r."), "
         ON CONFLICT (project_id, caller_id, key_digest) DO UPDATE SET
           fingerprint = excluded.fingerprint, request_id = excluded.request_id,
           creation_date = excluded.creation_date, status = NULL, content_type = NULL, body = NULL");
    /// What has been made in this minute by the caller, of the service, and by the caller there.
    MADE = concat!(
        "SELECT ", made_as!("w.caller_id"), " AS by_caller, ", made_as!("y.id"), " AS of_service, ",
        made_as!("y.id || ' ' || w.caller_id"), " AS by_caller_of_service
         FROM services y JOIN (
           SELECT coalesce((SELECT coalesce(user_id, service_user_id) FROM tokens WHERE digest IN (:digest, :other_digest)),
                           :nobody) AS caller_id) w
         WHERE y.id = :service_id");
    /// Where an origin is listed in the project of a service, for a call that shows no valid credential.
    ORIGIN = "SELECT EXISTS (SELECT 1 FROM project_origins o WHERE o.project_id = y.project_id AND o.origin = :origin)
           AS listed_by_project,
         EXISTS (SELECT 1 FROM service_user_origins o WHERE o.project_id = y.project_id AND o.origin = :origin)
           AS listed_by_any_service_user
         FROM services y WHERE y.id = :service_id";
    /// Gives the permit of its caller's minute back.
    UNCOUNT_RATE = uncount_rate!(this_record!());
    /// Gives the idempotency key back.
    FORGET_KEY = forget_key!(this_record!());
    /// Takes the record away as if it had never been.
    VOID = void!(this_record!());
}

row! {
    /// What a service says to a caller: a part of a row.
    #[derive(Debug, Default)]
    pub struct ServiceTerms {
        /// The name of the deployment.
        pub deployment: Option<String>,
        /// Whether anybody may call.
        pub is_open: Option<Flag>,
        rate_limit: Option<i64>,
        user_rate_limit: Option<i64>,
        concurrency_limit: Option<i64>,
        user_concurrency_limit: Option<i64>,
    }
}

/// What the first round trip says about a call to a service.
#[derive(Debug)]
pub struct CallerAndService {
    /// Who is calling, and what they are and may in the project of the service.
    pub caller: CallerAndProject,
    /// What the service says.
    pub terms: ServiceTerms,
}

impl Row for CallerAndService {
    fn read(columns: &mut Columns<'_>) -> Self {
        Self {
            caller: CallerAndProject::read(columns),
            terms: ServiceTerms::read(columns),
        }
    }
}

/// Who is calling, as far as a header says it.
#[derive(Debug, Clone, Copy)]
pub enum Shown<'a> {
    /// No token.
    Nothing,
    /// The operator's token.
    Operator,
    /// One of ours.
    Token(&'a Digests),
}

/// Who calls this service, and whether they may; with what rides along, which writes.
///
/// # Errors
/// 503 when the database fails.
pub async fn ask(
    connection: &Connection,
    shown: Shown<'_>,
    service_id: &ServiceId,
    origin: Option<&str>,
    rider: Option<Rider>,
) -> Result<FirstTrip<CallerAndService>, Error> {
    let (digests, nobody) = match shown {
        Shown::Nothing => (None, ANONYMOUS),
        Shown::Operator => (None, "operator"),
        Shown::Token(digests) => (Some(digests), ANONYMOUS),
    };
    let parameters = crate::store::first_trip::who::digests(digests)
        .flag("by_operator", matches!(shown, Shown::Operator))
        .flag("is_anonymous", matches!(shown, Shown::Nothing))
        .text("nobody", nobody)
        .text("service_id", service_id)
        .text("permission", DEPLOYMENTS_REQUESTS_CREATE.name())
        .optional_text("origin", origin);
    crate::store::first_trip::ask(connection, &CALLER_AND_SERVICE, parameters, rider)
        .await?
        .only()
}

/// What rides on that trip: the record, if nothing refuses it, and what it is to know or why there is none.
#[must_use]
pub fn rider(asked: &Asked<'_>) -> Rider {
    let mut statements = vec![&ADMIT, &FACTS, &MARK, &COUNT_RATES];
    if asked.key.is_some() {
        statements.push(&REMEMBER_KEY);
    }
    statements.push(&MADE);
    let parameters = asked
        .parameters()
        .flag("counts_caller", asked.per_minute.is_some());
    Rider::writing(statements, parameters)
}

/// What became of the record.
///
/// # Errors
/// An inconsistency.
pub fn judge(
    answers: &Answers,
    asked: &Asked<'_>,
    terms: &ServiceTerms,
) -> Result<Admission, Error> {
    let why: Option<Why> = answers.first(&ADMIT)?;
    let limit = |limit: Option<i64>| limit.unwrap_or_default();
    let (of, limit, is_rate) = match why.and_then(|why| why.refusal).as_deref() {
        Some("service_rate") => ("rate_limit of the service", limit(terms.rate_limit), true),
        Some("user_rate") => (
            "rate limit that you have there",
            limit(terms.user_rate_limit),
            true,
        ),
        Some("service_concurrency") => (
            "concurrency_limit of the service",
            limit(terms.concurrency_limit),
            false,
        ),
        Some("user_concurrency") => (
            "concurrency limit that you have there",
            limit(terms.user_concurrency_limit),
            false,
        ),
        _ => return admissions::judge_by(answers, [&ADMIT, &FACTS], asked),
    };
    Ok(Admission::Refused(match is_rate {
        true => Error::too_many(
            format!("the {of} is {limit} calls a minute, and as many have been made in this one"),
            to_next_minute(asked.now),
        ),
        false => Error::too_many(
            format!(
                "the {of} is {limit}, and as many calls are under way; try again when one of them has ended"
            ),
            admissions::soon(asked.record_id),
        ),
    }))
}

/// What the answer tells of the minute: of the limits that there are the one of which the least is left.
///
/// # Errors
/// An inconsistency.
pub fn rate(
    answers: &Answers,
    per_minute: Option<i64>,
    terms: &ServiceTerms,
    now: Timestamp,
) -> Result<Option<Rate>, Error> {
    row! {
        #[derive(Default)]
        struct Made {
            by_caller: i64,
            of_service: i64,
            by_caller_of_service: i64,
        }
    }
    // Where there is no such service nothing is counted, and who may not see it is told the same.
    let made: Made = answers.first(&MADE)?.unwrap_or_default();
    let rates = [
        (per_minute, made.by_caller),
        (terms.rate_limit, made.of_service),
        (terms.user_rate_limit, made.by_caller_of_service),
    ];
    let rates = rates.into_iter().filter_map(|(limit, made)| {
        Some(Rate {
            limit: limit?,
            made,
            reset: to_next_minute(now),
        })
    });
    Ok(rates.min_by_key(|rate| rate.limit - rate.made))
}

/// Where an origin is listed in the project of this service; nowhere, if there is none.
///
/// # Errors
/// 503 when the database fails.
pub async fn listed(
    connection: &Connection,
    service_id: &ServiceId,
    origin: &str,
) -> Result<Listed, Error> {
    let parameters = Parameters::new()
        .text("service_id", service_id)
        .text("origin", origin);
    let row: Option<ListedRow> = connection
        .read(parameters.batch([&ORIGIN]))
        .await?
        .first(&ORIGIN)?;
    Ok(row.as_ref().map(Listed::from).unwrap_or_default())
}

/// What takes the record away that may have been written.
#[must_use]
pub fn void_unseen(service_id: &ServiceId, asked: &Asked<'_>) -> Vec<Statement> {
    let parameters = Parameters::new()
        .text("service_id", service_id)
        .text("record_id", asked.record_id);
    voided(parameters, asked, [&UNCOUNT_RATE, &FORGET_KEY, &VOID])
}

/// The 404 of a service.
#[must_use]
pub fn not_found(id: &ServiceId) -> Error {
    Error::not_found(format!(
        "there is no service of the id {}",
        quoted(id.as_str())
    ))
}
