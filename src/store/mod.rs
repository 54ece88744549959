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
pub mod connection;
pub mod consumption;
pub mod environment_variables;
pub mod environments;
pub mod first_trip;
pub mod instance_types;
pub mod items;
pub mod later_results;
pub mod models;
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
pub mod sessions;
pub mod settlements;
pub mod slices;
pub mod subscriptions;
pub mod targets;
pub mod texts;
pub mod time_series;
pub mod tokens;
pub mod trail;
pub mod upstreams;
pub mod usage;
pub mod usage_events;
pub mod users;
pub mod versions;
pub mod vouchers;
pub mod webhook_deliveries;
pub mod webhooks;
pub mod workspaces;

use crate::sql::{self, Sql};

/// Gathers the statements of files.
macro_rules! register {
    ($($($file:ident)::+,)*) => {
        /// Every statement of the store, for the tests that explain them.
        #[must_use]
        pub fn statements() -> Vec<&'static Sql> {
            [$($($file)::+::ALL),*].concat()
        }

        const FILES: &[sql::Declared] = &[$($($file)::+::DECLARED),*];
    };
}

// In the order in which their texts are stored: files that say much alike beside each other (see [`texts`]). A file stands where
// the module comes out smallest; anywhere else it costs some hundreds of bytes.
register! {
    organizations::update,
    instance_types,
    vouchers,
    subscriptions,
    resources,
    organizations::create,
    connection,
    organizations,
    budgets,
    project_users,
    organization_users,
    users,
    sessions,
    access_keys,
    role_assignments,
    permission_checks,
    roles,
    workspaces::changes,
    workspaces,
    quotas,
    consumption,
    quota_resources,
    service_users::statements,
    service_users::search,
    models,
    versions::statements::deployments,
    targets::statements::deployments,
    targets::statements::pipelines,
    services,
    projects::statements,
    first_trip::origin,
    first_trip::project,
    first_trip::target,
    first_trip::who,
    first_trip::workspace,
    first_trip::organization,
    service_admissions,
    admissions,
    later_results,
    batches,
    pipeline_requests,
    items,
    requests::purge,
    settlements,
    time_series,
    requests::statements,
    trail,
    environments,
    usage,
    usage_events,
    environment_variables::statements,
    upstreams,
    webhooks,
    webhook_deliveries,
    request_schedules,
    versions::statements::pipelines,
    versions::statements::pipeline_objects,
    tokens,
    sealing_keys,
}

/// Every statement of the store.
static REGISTER: sql::Register = sql::Register {
    entries: match std::str::from_utf8(&ENTRIES) {
        Ok(entries) => entries,
        // Whole texts were put behind each other.
        Err(_) => "",
    },
    lengths: &LENGTHS,
};
static ENTRIES: [u8; sql::sum(&LENGTHS)] = sql::entries(FILES);
static LENGTHS: [u16; sql::how_many(FILES)] = sql::lengths(FILES);

/// The number of a statement in the register. It is worked out when the module is compiled; a file that the register does not
/// name does not compile.
const fn number_of(declared: (&str, &str)) -> usize {
    let number = sql::number_of(declared, FILES);
    assert!(
        number < LENGTHS.len(),
        "the register of src/store/mod.rs does not name this file"
    );
    number
}
