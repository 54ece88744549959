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
pub mod health;
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

use std::sync::OnceLock;

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
    trail,
    instance_types,
    subscriptions,
    organization_users,
    users,
    project_users,
    permission_checks,
    vouchers,
    role_assignments,
    sessions,
    access_keys,
    workspaces::changes,
    workspaces,
    quotas,
    tokens,
    service_users::statements,
    consumption,
    service_users::search,
    quota_resources,
    services,
    models,
    versions::statements::pipeline_objects,
    versions::statements::deployments,
    versions::statements::pipelines,
    targets::statements::pipelines,
    roles,
    environments,
    organizations::update,
    organizations::create,
    targets::statements::deployments,
    first_trip::organization,
    first_trip::workspace,
    budgets,
    usage,
    projects::statements,
    organizations,
    resources,
    service_admissions,
    first_trip::project,
    first_trip::target,
    admissions,
    first_trip::who,
    first_trip::origin,
    batches,
    later_results,
    pipeline_requests,
    settlements,
    items,
    health,
    time_series,
    usage_events,
    requests::statements,
    requests::payloads,
    environment_variables::statements,
    requests::purge,
    upstreams,
    request_schedules,
    sealing_keys,
    webhooks,
    webhook_deliveries,
}

/// Every statement of the store.
static REGISTER: sql::Register = sql::Register {
    texts: match std::str::from_utf8(&TEXTS) {
        Ok(texts) => texts,
        // Whole texts were put behind each other.
        Err(_) => "",
    },
    #[cfg(not(target_arch = "wasm32"))]
    names: &NAMES,
    lengths: &LENGTHS,
    prepared: &PREPARED,
};
static PREPARED: [OnceLock<sql::Prepared>; LENGTHS.len()] =
    [const { OnceLock::new() }; LENGTHS.len()];
static TEXTS: [u8; sql::sum(&LENGTHS)] = sql::texts(FILES);
#[cfg(not(target_arch = "wasm32"))]
static NAMES: [&str; LENGTHS.len()] = sql::names(FILES);
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
