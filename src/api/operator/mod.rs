//! The operator's own API, `/operator/v1`.

pub mod instance_types;
pub mod keys;
pub mod quota_resources;
pub mod subscriptions;
pub mod usage_events;
pub mod users;
pub mod vouchers;
