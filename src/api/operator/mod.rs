//! The operator's own API, `/operator/v1`.

pub mod users;
