//! What every handler uses: requests and responses, bodies and queries, CORS; and the errors of each surface, in a file
//! of its own: [`sentences`], [`request_errors`], [`modelarts`].
//!
//! Nothing here knows what a URL means, and nothing here knows the platform.

pub mod body;
pub mod client;
pub mod cors;
pub mod failure;
pub mod modelarts;
pub mod notes;
pub mod openai_errors;
pub mod patch;
pub mod query;
pub mod rate;
pub mod request;
pub mod request_errors;
pub mod response;
pub mod sentences;
pub mod surface;
