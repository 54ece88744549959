//! The operator's own API, `/operator/v1`.

pub mod quota_resources;
pub mod subscriptions;
pub mod users;
pub mod vouchers;
