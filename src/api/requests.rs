//! Requests to deployments and pipelines: [made](creating) one by one, also [as OpenAI's clients do](openai), [queued](batch),
//! and [recorded](records).
//!
//! The path's deployment or pipeline has been found before a handler here runs. Requests to pipelines are not served yet:
//! their calls end with a 404 that says so.

pub(crate) mod batch;
pub(crate) mod creating;
pub mod made;
pub mod openai;
pub mod records;
pub mod shapes;

pub(crate) use creating::withdrawal;

use crate::api::{Call, OnObject};
use crate::domain::quoted;
use crate::error::Error;
use crate::http::response::Response;

/// A call that makes requests in a way that is not served.
pub(crate) async fn not_yet(call: &mut Call<'_, OnObject>) -> Result<Response, Error> {
    let object = call.object();
    Err(Error::not_found(format!(
        "requests to the {} {} cannot be made here yet; requests to deployments can",
        object.kind.name(),
        quoted(&object.name)
    )))
}
