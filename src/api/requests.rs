//! Requests to deployments and pipelines: [made](creating) one by one, also [as OpenAI's clients do](openai), [queued](batch),
//! and [recorded](records).
//!
//! Those to [pipelines] make requests of their own to the objects of these. The path's deployment or pipeline has been found
//! before a handler here runs.

pub(crate) mod batch;
pub(crate) mod creating;
pub mod made;
pub mod openai;
pub(crate) mod pipelines;
pub mod records;
pub(crate) mod service;
pub mod shapes;

pub(crate) use creating::withdrawal;
