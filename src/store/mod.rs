//! SQL, one file per table family.
//!
//! A query is a function from typed arguments to typed rows; its text is a static of [`statements!`](crate::sql). A write is
//! one batch whose first statement is its audit row: the permit (see [`audit`]). Every rule that a race could break
//! stands in the permit's condition; those about the caller are worded in [`rights`].

pub mod access_keys;
pub mod admissions;
pub mod audit;
pub mod batches;
pub mod budgets;
pub mod consumption;
pub mod environment_variables;
pub mod environments;
pub mod first_trip;
pub mod instance_types;
pub mod items;
pub mod later_results;
pub mod models;
pub mod objects;
pub mod organization_users;
pub mod organizations;
pub mod other_trails;
pub mod permission_checks;
pub mod pipeline_checks;
pub mod pipeline_requests;
pub mod project_users;
pub mod projects;
pub mod quota_resources;
pub mod quotas;
pub mod request_schedules;
pub mod requests;
pub mod resources;
pub mod rights;
pub mod role_assignments;
pub mod roles;
pub mod rows;
pub mod run_time;
pub mod sealing_keys;
pub mod service_admissions;
pub mod service_users;
pub mod services;
pub mod session;
pub mod settlements;
pub mod slices;
pub mod subscriptions;
pub mod time_series;
pub mod tokens;
pub mod trail;
pub mod upstreams;
pub mod usage;
pub mod usage_events;
pub mod users;
pub mod versions;
pub mod vouchers;
pub mod workspaces;

use crate::sql::Sql;

/// Every statement of the store, for the tests that explain them.
#[must_use]
pub fn statements() -> Vec<&'static Sql> {
    [
        access_keys::ALL,
        admissions::ALL,
        batches::ALL,
        consumption::ALL,
        environment_variables::statements::ALL,
        environments::ALL,
        first_trip::object::ALL,
        first_trip::organization::ALL,
        first_trip::origin::ALL,
        first_trip::project::ALL,
        first_trip::who::ALL,
        first_trip::workspace::ALL,
        instance_types::ALL,
        items::ALL,
        later_results::ALL,
        models::ALL,
        objects::statements::deployments::ALL,
        objects::statements::pipelines::ALL,
        organization_users::ALL,
        organizations::ALL,
        organizations::create::ALL,
        organizations::update::ALL,
        permission_checks::ALL,
        pipeline_requests::ALL,
        project_users::ALL,
        projects::statements::ALL,
        quota_resources::ALL,
        quotas::ALL,
        request_schedules::ALL,
        requests::purge::ALL,
        requests::statements::ALL,
        resources::ALL,
        role_assignments::ALL,
        roles::ALL,
        sealing_keys::ALL,
        service_admissions::ALL,
        service_users::statements::ALL,
        services::ALL,
        session::ALL,
        settlements::ALL,
        subscriptions::ALL,
        time_series::ALL,
        tokens::ALL,
        trail::ALL,
        upstreams::ALL,
        usage::ALL,
        usage_events::ALL,
        users::ALL,
        versions::statements::deployments::ALL,
        versions::statements::pipeline_objects::ALL,
        versions::statements::pipelines::ALL,
        workspaces::ALL,
        workspaces::changes::ALL,
        vouchers::ALL,
    ]
    .concat()
}
