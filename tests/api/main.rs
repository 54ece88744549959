//! The whole API, natively: every call goes through the app's own door, over the same SQL and the same migrations in
//! SQLite, with a clock that is set, faults that are injected and callers that are interleaved.
//!
//! A test is a sentence: a [`testkit::World`] in one line, one call, one assertion of the rule. Start with
//! `testkit/src/world.rs`, which says what a world holds, and then read any file beside this one.

// `cfg(test)` tells clippy that these are tests, which may unwrap.
#[cfg(test)]
#[cfg(test)]
mod access_keys;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod authorization;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod batches;
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod citations;
#[cfg(test)]
mod compatibility;
#[cfg(test)]
mod console;
mod console_calls;
mod consumption;
#[cfg(test)]
mod cors;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod data_model;
#[cfg(test)]
mod delegation;
#[cfg(test)]
mod environment_variables;
#[cfg(test)]
mod environments;
#[cfg(test)]
mod expiring_callers;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod first_trip;
#[cfg(test)]
mod gate_costs;
#[cfg(test)]
mod gate_direct;
#[cfg(test)]
mod gate_odd_input;
#[cfg(test)]
mod gate_quotas;
#[cfg(test)]
mod gate_races;
#[cfg(test)]
mod gate_streams;
#[cfg(test)]
mod gone_things;
#[cfg(test)]
mod grace;
#[cfg(test)]
mod growth;
#[cfg(test)]
mod growth_of_own;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod instance_types;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod joining;
#[cfg(test)]
mod key_rotation;
#[cfg(test)]
mod largest_bodies;
#[cfg(test)]
mod last_admin;
#[cfg(test)]
mod last_use;
#[cfg(test)]
mod later_results;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod leaving;
#[cfg(test)]
mod long_payloads;
#[cfg(test)]
mod lost_rights;
#[cfg(test)]
mod no_change;
#[cfg(test)]
mod null_fields;
#[cfg(test)]
mod openai_requests;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod operator_users;
#[cfg(test)]
mod organization_update;
#[cfg(test)]
mod organization_users;
#[cfg(test)]
mod organizations;
#[cfg(test)]
mod origins;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod pipeline_costs;
#[cfg(test)]
mod pipeline_requests;
#[cfg(test)]
mod pipeline_rights;
#[cfg(test)]
mod pipeline_versions;
#[cfg(test)]
mod project_users;
#[cfg(test)]
mod projects;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod quota_resources;
#[cfg(test)]
mod quotas;
#[cfg(test)]
mod races;
#[cfg(test)]
mod rate_headers;
#[cfg(test)]
mod request_records;
#[cfg(test)]
mod resource_counts;
#[cfg(test)]
mod revocation;
#[cfg(test)]
mod rights_model;
#[cfg(test)]
mod role_assignments;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod run_time;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod service_user_search;
mod service_users;
#[cfg(test)]
mod services;
mod sessions;
#[cfg(test)]
mod shield;
#[cfg(test)]
mod signed_requests;
#[cfg(test)]
mod slow_bodies;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod subscriptions;
#[cfg(test)]
mod target_roles;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod time_series;
#[cfg(test)]
mod token_keys;
#[cfg(test)]
mod token_sequences;
#[cfg(test)]
mod upstreams;
#[cfg(test)]
mod usage_events;
#[cfg(test)]
mod usage_reports;
#[cfg(test)]
mod usage_sums;
#[cfg(test)]
mod used_fields;
#[cfg(test)]
mod vouchers;
#[cfg(test)]
mod watching;
#[cfg(test)]
mod webhooks;
#[cfg(test)]
mod workspace_access;
#[cfg(test)]
mod workspaces;
