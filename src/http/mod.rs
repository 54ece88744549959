//! What every handler uses: requests and responses, bodies and queries, CORS.
//!
//! Nothing here knows what a URL means, and nothing here knows the platform.

pub mod body;
pub mod client;
pub mod cors;
mod json_path;
pub mod modelarts;
pub mod patch;
pub mod query;
pub mod request;
pub mod response;
pub mod surface;
