//! The operator's own API, `/operator/v1`.

pub mod instance_types;
pub mod usage_events;
pub mod users;
