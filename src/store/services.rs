//! Services: how any HTTP call reaches the server behind a deployment (contract section 5.8); as records. What is passed
//! through is admitted by [`service_admissions`](crate::store::service_admissions).

use serde_json::{Value, json};

use crate::auth::permissions::DEPLOYMENTS_REQUESTS_CREATE;
use crate::domain::json;
use crate::domain::{
    AnyId, Description, Id, Labels, ObjectName, PrincipalId, ServiceId, ServiceLimitId, TargetKind,
    quoted,
};
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::sql::{Sql, rules};
use crate::store::audit::{Action, Change, ChangeContext, given, permit, permitted};
use crate::store::connection::Connection;
use crate::store::projects::{self, Project};
use crate::store::rights::{caller_holds_all, caller_may, ends_with_caller};
use crate::store::rows::{Answers, Flag, JsonText, Millis, Refuse, row};
use crate::store::slices::{Listing, Slice, fits, has_any_label};
use crate::store::subscriptions::{self, subscription_runs};
use crate::store::texts::statements;
use crate::web::patch::Patch;

/// So many callers of a service have a limit of their own at most, of each kind.
pub const MOST_USER_LIMITS: i64 = 1_000;
/// So many calls a minute a service takes at most that asks for no token (contract section 5.8).
pub const MOST_ANONYMOUS: i64 = 6_000;

row! {
    /// A service.
    #[derive(Debug, Clone)]
    pub struct Service {
        /// Its id.
        pub id: ServiceId,
        /// Its name, unique in the project.
        pub name: String,
        /// The name of the deployment.
        pub deployment: String,
        /// The name of the version; none is the default one.
        pub version: Option<String>,
        /// Its description, which may be empty.
        pub description: String,
        /// Its labels.
        pub labels: JsonText,
        /// What was said besides.
        pub settings: JsonText,
        /// Whether there is somewhere to pass calls on to.
        pub is_ready: Flag,
        /// When it was created.
        pub creation_date: Millis,
        /// When it was last changed.
        pub last_updated: Millis,
    }
}

row! {
    /// What one caller of a service may, where that is other than by default.
    #[derive(Debug, Clone)]
    pub struct UserLimit {
        /// Its id.
        pub id: ServiceLimitId,
        /// The id of the caller.
        pub user_id: PrincipalId,
        /// Their e-mail address.
        pub user_email: String,
        /// The limit.
        pub most: i64,
    }
}

/// The version that a call of `services y` goes to.
macro_rules! version_of_service {
    () => {
        "coalesce(y.version_id, (SELECT id FROM deployment_versions WHERE deployment_id = y.deployment_id AND is_default = 1))"
    };
}
pub(crate) use version_of_service;

macro_rules! select_service {
    () => {
        concat!(
            "SELECT y.id, y.name, d.name AS deployment, v.version, y.description, y.labels, y.settings,
               EXISTS (SELECT 1 FROM upstreams x WHERE x.base_url IS NOT NULL AND x.version_id = ", version_of_service!(), ")
                 AS is_ready, y.creation_date, y.last_updated
             FROM services y JOIN deployments d ON d.id = y.deployment_id
             LEFT JOIN deployment_versions v ON v.id = y.version_id "
        )
    };
}

/// Which services a list has.
macro_rules! is_listed {
    () => {
        concat!(
            "y.project_id = :project_id AND y.name > coalesce(:after, '') AND ",
            has_any_label!("y.labels"),
            " AND (:version_ids IS NULL OR ",
            version_of_service!(),
            " IN (SELECT value FROM json_each(:version_ids)))"
        )
    };
}

macro_rules! list_fits {
    () => {
        fits!(
            "octet_length(y.labels) + octet_length(y.settings)",
            concat!(
                "FROM services y WHERE ",
                is_listed!(),
                " ORDER BY y.name LIMIT #limit"
            )
        )
    };
}

/// The service that the path names.
macro_rules! service_in_path {
    () => {
        "(SELECT id FROM services WHERE project_id = :project_id AND name = :service)"
    };
}

/// The service that this batch has made or changed, or left as it is: a rename does not lose it.
macro_rules! this_service {
    () => {
        concat!(
            "coalesce((SELECT object_id FROM audit WHERE id = :audit_id), ",
            service_in_path!(),
            ")"
        )
    };
}

macro_rules! project_exists {
    () => {
        "EXISTS (SELECT 1 FROM projects WHERE id = :project_id)"
    };
}

macro_rules! name_is_free {
    () => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM services WHERE project_id = :project_id AND name = :name AND id IS NOT ",
            service_in_path!(), ")"
        )
    };
}

macro_rules! wanted_deployment {
    () => {
        "(SELECT id FROM deployments WHERE project_id = :project_id AND name = :deployment)"
    };
}

macro_rules! deployment_found {
    () => {
        concat!(
            "(:deployment IS NULL OR ",
            wanted_deployment!(),
            " IS NOT NULL)"
        )
    };
}

/// An expression over the settings and the deployment of the service with the change.
macro_rules! with_change {
    ($expression:expr) => {
        concat!(
            "(SELECT ",
            $expression,
            " FROM (
               SELECT json_patch(coalesce(y.settings, '{}'), :settings) AS settings,
                 coalesce(",
            wanted_deployment!(),
            ", y.deployment_id) AS deployment_id
               FROM (SELECT 1) LEFT JOIN services y ON y.id = ",
            service_in_path!(),
            ") w)"
        )
    };
}

macro_rules! version_found {
    () => {
        concat!("(:version IS NULL OR ", with_change!(
            "EXISTS (SELECT 1 FROM deployment_versions v WHERE v.deployment_id = w.deployment_id AND v.version = :version)"
        ), ")")
    };
}

/// Whom anybody may call has a limit of its own: nobody else's counts for strangers.
macro_rules! is_limited {
    () => {
        with_change!(concat!(
            asks_for_token!(),
            " OR coalesce(w.settings ->> 'rate_limit', 9007199254740991) <= #most_anonymous"
        ))
    };
}

/// Whether callers of what has these settings have to show a token: 1 or 0.
macro_rules! authentication_required {
    ($settings:literal) => {
        concat!("coalesce(", $settings, " ->> 'authentication_required', 1)")
    };
}
pub(crate) use authentication_required;

macro_rules! asks_for_token {
    () => {
        concat!(authentication_required!("w.settings"), " = 1")
    };
}

/// Nobody lets others do what they may not do themselves, for longer than they may: who opens a service to everybody may
/// make requests to its deployment.
macro_rules! may_open {
    () => {
        with_change!(concat!(
            asks_for_token!(), " OR ((", caller_holds_all!(), " OR EXISTS (
               SELECT 1 FROM role_assignments a JOIN role_permissions h ON h.role_id = a.role_id
               WHERE a.project_id = :project_id AND a.assignee_id = :principal_id AND h.permission = :opening
                 AND (a.resource_type = 'project'
                      OR (a.resource_type = 'deployment' AND a.resource_id = w.deployment_id)))) AND ",
            ends_with_caller!("NULL"), ")"))
    };
}

macro_rules! new_version {
    () => {
        concat!(
            "CASE WHEN #sets_version = 1 THEN (
               SELECT v.id FROM deployment_versions v
               WHERE v.deployment_id = coalesce(",
            wanted_deployment!(),
            ", services.deployment_id) AND v.version = :version)
             WHEN coalesce(",
            wanted_deployment!(),
            ", services.deployment_id) = services.deployment_id
             THEN services.version_id END"
        )
    };
}

macro_rules! changes_something {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM services WHERE id = ", service_in_path!(), " AND (
               name <> coalesce(:name, name) OR description <> coalesce(:description, description)
               OR labels <> coalesce(:labels, labels) OR settings <> json_patch(settings, :settings)
               OR deployment_id <> coalesce(", wanted_deployment!(), ", deployment_id)
               OR version_id IS NOT ", new_version!(), "))"
        )
    };
}

macro_rules! service_before {
    () => {
        concat!(
            "(SELECT json_object('name', y.name, 'description', y.description, 'labels', json(y.labels),
                'deployment', d.name, 'version', v.version, 'settings', json(y.settings))
              FROM services y JOIN deployments d ON d.id = y.deployment_id
              LEFT JOIN deployment_versions v ON v.id = y.version_id WHERE y.id = ", service_in_path!(), ")"
        )
    };
}

/// The limit that the path names.
macro_rules! limit_in_path {
    () => {
        concat!(
            "l.service_id = ",
            service_in_path!(),
            " AND l.kind = :kind AND l.user_id = :user_id"
        )
    };
}

macro_rules! limit_exists {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM service_user_limits l WHERE ",
            limit_in_path!(),
            ")"
        )
    };
}

/// Limits and their callers, who may have gone meanwhile.
macro_rules! select_limit {
    () => {
        "SELECT l.id, l.user_id, coalesce(u.email, s.email) AS user_email, l.most
         FROM service_user_limits l LEFT JOIN users u ON u.id = l.user_id LEFT JOIN service_users s ON s.id = l.user_id
         WHERE coalesce(u.id, s.id) IS NOT NULL AND "
    };
}

/// Whether the one whose limit it is may be a caller: somebody of the organization, or a service user of the project.
macro_rules! user_found {
    () => {
        "(EXISTS (SELECT 1 FROM organization_users WHERE organization_id = :organization_id AND user_id = :user_id)
          OR EXISTS (SELECT 1 FROM service_users WHERE id = :user_id AND project_id = :project_id))"
    };
}

macro_rules! limits_have_room {
    () => {
        concat!(
            "(SELECT count(*) FROM service_user_limits WHERE service_id = ",
            service_in_path!(),
            " AND kind = :kind) < #most"
        )
    };
}

macro_rules! limit_before {
    () => {
        concat!(
            "(SELECT json_object('kind', l.kind, 'user_id', l.user_id, 'limit', l.most)
              FROM service_user_limits l WHERE ",
            limit_in_path!(),
            ")"
        )
    };
}

statements! {
    /// The services of a project, by name.
    LIST = concat!(select_service!(), "WHERE ", is_listed!(), " AND ", list_fits!(), " ORDER BY y.name LIMIT #limit");
    /// Whether there is one of the name behind which the list is to go on, and whether it fits an answer.
    KNOWS = concat!(
        "SELECT EXISTS (SELECT 1 FROM services WHERE project_id = :project_id AND name = :after) AS known, ",
        list_fits!(), " AS fits");
    /// The one of the path.
    GET = concat!(select_service!(), "WHERE y.id = ", service_in_path!());
    /// The one that this batch has made or changed, or left as it is.
    GET_CHANGED = concat!(select_service!(), "WHERE y.id = ", this_service!());
    /// The permit for a new service.
    PERMIT_CREATE = permit!(":object_id", "NULL", rules! {
        found: project_exists!(),
        may: caller_may!(),
        name_is_free: name_is_free!(),
        subscription_runs: subscription_runs!(),
        deployment_found: deployment_found!(),
        version_found: version_found!(),
        is_limited: is_limited!(),
        may_open: may_open!(),
    });
    /// The service itself.
    INSERT = concat!(
        "INSERT INTO services (id, organization_id, project_id, deployment_id, version_id, name, description, labels,
                               settings, creation_date, last_updated)
         SELECT :object_id, :organization_id, :project_id, d.id,
           (SELECT v.id FROM deployment_versions v WHERE v.deployment_id = d.id AND v.version = :version),
           :name, coalesce(:description, ''), coalesce(:labels, '{}'), json_patch('{}', :settings), #now, #now
         FROM deployments d WHERE d.id = ", wanted_deployment!(), " AND ", permitted!());
    /// The permit to change a service.
    PERMIT_UPDATE = permit!(service_in_path!(), service_before!(), rules! {
        found: concat!(service_in_path!(), " IS NOT NULL"),
        may: caller_may!(),
        name_is_free: name_is_free!(),
        deployment_found: deployment_found!(),
        version_found: version_found!(),
        is_limited: is_limited!(),
        may_open: may_open!(),
        changes: changes_something!(),
    });
    /// The change.
    UPDATE = concat!(
        "UPDATE services SET name = coalesce(:name, name), description = coalesce(:description, description),
           labels = coalesce(:labels, labels), settings = json_patch(settings, :settings),
           deployment_id = coalesce(", wanted_deployment!(), ", deployment_id), version_id = ", new_version!(), ",
           last_updated = #now
         WHERE id = ", this_service!(), " AND ", permitted!());
    /// The permit to delete a service.
    PERMIT_DELETE = permit!(service_in_path!(), service_before!(), rules! {
        found: concat!(service_in_path!(), " IS NOT NULL"),
        may: caller_may!(),
    });
    /// The service, and with it its callers' limits.
    DELETE = concat!("DELETE FROM services WHERE id = ", this_service!(), " AND ", permitted!());
    /// The limits of its callers.
    LIMITS = concat!(
        select_limit!(), "l.service_id = ", service_in_path!(), " AND l.kind = :kind ORDER BY l.user_id");
    /// The limit of one of them.
    LIMIT = concat!(select_limit!(), limit_in_path!());
    /// The permit for a limit, new or another one (`#is_new`).
    PERMIT_LIMIT = permit!(service_in_path!(), limit_before!(), rules! {
        found: concat!(service_in_path!(), " IS NOT NULL"),
        may: caller_may!(),
        user_found: concat!("#is_new = 0 OR ", user_found!()),
        has_room: concat!("#is_new = 0 OR ", limits_have_room!()),
        is_first: concat!("#is_new = 0 OR NOT ", limit_exists!()),
        limit_found: concat!("#is_new = 1 OR ", limit_exists!()),
        changes: concat!(
            "NOT EXISTS (SELECT 1 FROM service_user_limits l WHERE ", limit_in_path!(), " AND l.most = #limit)"),
    });
    /// The limit.
    SET_LIMIT = concat!(
        "INSERT INTO service_user_limits (service_id, kind, user_id, id, most)
         SELECT ", service_in_path!(), ", :kind, :user_id, :limit_id, #limit WHERE ", permitted!(), "
         ON CONFLICT (service_id, kind, user_id) DO UPDATE SET most = excluded.most");
    /// The permit to take a limit away.
    PERMIT_DELETE_LIMIT = permit!(service_in_path!(), limit_before!(), rules! {
        may: caller_may!(),
        limit_found: limit_exists!();
        found: concat!(service_in_path!(), " IS NOT NULL"),
    });
    /// The limit goes.
    DELETE_LIMIT = concat!(
        "DELETE FROM service_user_limits AS l WHERE ", limit_in_path!(), " AND ", permitted!());
}

/// The 404 of a service.
#[must_use]
pub fn not_found(name: &str) -> Error {
    Error::not_found(format!(
        "there is no service {} in this project",
        quoted(name)
    ))
}

/// What a body asks for; what is absent stays as it is, or is its default.
#[derive(Debug, Default)]
pub struct ServiceChanges {
    /// Its name.
    pub name: Option<ObjectName>,
    /// The name of the deployment.
    pub deployment: Option<ObjectName>,
    /// The name of the version; null is the default one.
    pub version: Patch<ObjectName>,
    /// Its description.
    pub description: Option<Description>,
    /// Its labels.
    pub labels: Option<Labels>,
    /// What is said besides, a JSON object; null takes something back to its default.
    pub settings: Value,
}

impl ServiceChanges {
    fn to_json(&self) -> Value {
        given(vec![
            ("name", self.name.as_ref().map(|name| json!(name))),
            (
                "deployment",
                self.deployment.as_ref().map(|name| json!(name)),
            ),
            (
                "version",
                self.version
                    .is_present()
                    .then(|| json!(self.version.value())),
            ),
            (
                "description",
                self.description.as_ref().map(|text| json!(text)),
            ),
            ("labels", self.labels.as_ref().map(json::tree)),
            ("settings", Some(self.settings.clone())),
        ])
    }

    fn parameters(&self, parameters: Parameters, service: Option<&str>) -> Parameters {
        parameters
            .optional_text("service", service)
            .optional_text("name", self.name.as_ref().map(ObjectName::as_str))
            .optional_text(
                "deployment",
                self.deployment.as_ref().map(ObjectName::as_str),
            )
            .flag("sets_version", self.version.is_present())
            .optional_text("version", self.version.value().map(ObjectName::as_str))
            .optional_text(
                "description",
                self.description.as_ref().map(Description::as_str),
            )
            .optional_text("labels", self.labels.as_ref().map(Labels::to_json))
            .text("settings", json::text(&self.settings))
            .text("opening", DEPLOYMENTS_REQUESTS_CREATE.name())
            .integer("most_anonymous", MOST_ANONYMOUS)
    }

    fn done_or_refused(
        &self,
        answers: &Answers,
        context: &ChangeContext<'_>,
        not_found: &dyn Refuse,
    ) -> Result<(), Error> {
        let named = |name: Option<&ObjectName>| quoted(name.map_or("", ObjectName::as_str));
        answers.done_or(&[
            ("found", not_found),
            ("may", &|| projects::lacks(context.authority)),
            ("name_is_free", &|| {
                let name = named(self.name.as_ref());
                Error::invalid(format!("name: a service {name} exists already in this project"))
            }),
            ("subscription_runs", &subscriptions::ended),
            ("deployment_found", &|| {
                let name = self.deployment.as_ref().map_or("", ObjectName::as_str);
                TargetKind::Deployment.not_found(name)
            }),
            ("version_found", &|| {
                let version = named(self.version.value());
                Error::invalid(format!("version: the deployment has no version {version}"))
            }),
            ("is_limited", &|| {
                Error::invalid(format!(
                    "rate_limit: a service that anybody may call needs one, of {MOST_ANONYMOUS} a minute at most"
                ))
            }),
            ("may_open", &|| {
                Error::forbidden(
                    "authentication_required: who opens a service to everybody needs the permission \
                     deployments.requests.create on its deployment, without an end",
                )
            }),
        ])
    }
}

/// Creates a service.
///
/// # Errors
/// 400 for a taken name, an unknown version, a missing limit; 403 for a right lost meanwhile; 404 for an unknown deployment, or
/// when the project has gone; 503 when the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    project: &Project,
    id: &ServiceId,
    new: &ServiceChanges,
) -> Result<Service, Error> {
    let name = new.name.as_ref().map_or("", ObjectName::as_str);
    let change = Change {
        after: Some(new.to_json()),
        ..project.change(Action::Create, "service", id.any(), name)
    };
    let statements = new.parameters(change.parameters(context), None).batch([
        &PERMIT_CREATE,
        &INSERT,
        &GET_CHANGED,
    ]);
    let answers = context.connection.write(statements).await?;
    new.done_or_refused(&answers, context, &|| {
        projects::not_found(&project.project_name)
    })?;
    answers.only(&GET_CHANGED)
}

/// Changes a service; what changes nothing writes nothing and shows what there is.
///
/// # Errors
/// As of [`create`]; 404.
pub async fn update(
    context: &ChangeContext<'_>,
    project: &Project,
    service: &str,
    changes: &ServiceChanges,
) -> Result<Service, Error> {
    let change = Change {
        after: Some(changes.to_json()),
        ..project.change(Action::Update, "service", AnyId::default(), service)
    };
    let statements = changes
        .parameters(change.parameters(context), Some(service))
        .batch([&PERMIT_UPDATE, &UPDATE, &GET_CHANGED]);
    let answers = context.connection.write(statements).await?;
    changes.done_or_refused(&answers, context, &|| not_found(service))?;
    answers.only(&GET_CHANGED)
}

/// Deletes a service. What is under way by it goes on.
///
/// # Errors
/// 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    project: &Project,
    service: &str,
) -> Result<(), Error> {
    let statements = project
        .change(Action::Delete, "service", AnyId::default(), service)
        .parameters(context)
        .text("service", service)
        .batch([&PERMIT_DELETE, &DELETE]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| not_found(service)),
        ("may", &|| projects::lacks(context.authority)),
    ])
}

fn in_path(project: &Project, service: &str) -> Parameters {
    Parameters::new()
        .text("project_id", &project.project_id)
        .text("service", service)
}

/// The one of the path.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn get(
    connection: &Connection,
    project: &Project,
    service: &str,
) -> Result<Service, Error> {
    let statements = in_path(project, service).batch([&GET]);
    let found = connection.read(statements).await?.first(&GET)?;
    found.ok_or_else(|| not_found(service))
}

/// The services of a project, by name; those alone that have one of the labels, and that go to one of the versions.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    connection: &Connection,
    project: &Project,
    labels: Option<&str>,
    version_ids: Option<&str>,
    slice: &Slice,
) -> Result<Vec<Service>, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .optional_text("labels", labels)
        .optional_text("version_ids", version_ids);
    slice
        .read(connection, Listing::measured(&LIST, &KNOWS), parameters)
        .await
}

/// Where a limit of a caller is: the service of the path, which kind of limit, and whose.
pub struct LimitPlace<'a> {
    /// The name of the service.
    pub service: &'a str,
    /// `rate` or `concurrency`.
    pub kind: &'static str,
    /// The id of the caller, a person or a service user; none is everybody's.
    pub user_id: AnyId<'a>,
}

impl LimitPlace<'_> {
    fn on(&self, parameters: Parameters) -> Parameters {
        parameters
            .text("service", self.service)
            .text("kind", self.kind)
            .text("user_id", self.user_id)
    }

    fn not_found(&self) -> Error {
        Error::not_found(format!(
            "the service {} has no {} limit for the user {}",
            quoted(self.service),
            self.kind,
            quoted(self.user_id.as_str())
        ))
    }
}

/// The limits of the callers of a service, or that of one of them.
///
/// # Errors
/// 404 of the service, or of the limit of one caller; 503 when the database fails.
pub async fn limits(
    connection: &Connection,
    project: &Project,
    place: &LimitPlace<'_>,
) -> Result<Vec<UserLimit>, Error> {
    let one = place.user_id != AnyId::default();
    let wanted: &'static Sql = if one { &LIMIT } else { &LIMITS };
    let parameters = place.on(Parameters::new().text("project_id", &project.project_id));
    let answers = connection.read(parameters.batch([&GET, wanted])).await?;
    if answers.first::<Service>(&GET)?.is_none() {
        return Err(not_found(place.service));
    }
    let found = answers.all(wanted)?;
    if one && found.is_empty() {
        return Err(place.not_found());
    }
    Ok(found)
}

/// Sets the limit of a caller: a new one with its id, or another in its place.
///
/// # Errors
/// 400 for one that is there already, or a caller that is not; 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn set_limit(
    context: &ChangeContext<'_>,
    project: &Project,
    place: &LimitPlace<'_>,
    id: Option<&ServiceLimitId>,
    limit: i64,
) -> Result<UserLimit, Error> {
    let change = Change {
        after: Some(json!({"kind": place.kind, "user_id": place.user_id.as_str(), "limit": limit})),
        ..project.change(Action::Update, "service", AnyId::default(), place.service)
    };
    let statements = place
        .on(change.parameters(context))
        .text("limit_id", id.map(Id::any).unwrap_or_default())
        .flag("is_new", id.is_some())
        .integer("limit", limit)
        .integer("most", MOST_USER_LIMITS)
        .batch([&PERMIT_LIMIT, &SET_LIMIT, &LIMIT]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| not_found(place.service)),
        ("may", &|| projects::lacks(context.authority)),
        ("user_found", &|| {
            Error::invalid(format!(
                "user_id: {} is neither of the organization nor a service user of the project",
                quoted(place.user_id.as_str())
            ))
        }),
        ("has_room", &|| {
            Error::invalid(format!(
                "a service has at most {MOST_USER_LIMITS} such limits"
            ))
        }),
        ("is_first", &|| {
            Error::invalid("user_id: there is a limit for this user already")
        }),
        ("limit_found", &|| place.not_found()),
    ])?;
    answers.only(&LIMIT)
}

/// Takes the limit of a caller away.
///
/// # Errors
/// 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete_limit(
    context: &ChangeContext<'_>,
    project: &Project,
    place: &LimitPlace<'_>,
) -> Result<(), Error> {
    let change = project.change(Action::Update, "service", AnyId::default(), place.service);
    let statements = place
        .on(change.parameters(context))
        .batch([&PERMIT_DELETE_LIMIT, &DELETE_LIMIT]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| not_found(place.service)),
        ("may", &|| projects::lacks(context.authority)),
        ("limit_found", &|| place.not_found()),
    ])
}
