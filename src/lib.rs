//! Tenantry: organizations, people and roles, service users with tokens, origins, quotas and credits, as one
//! WebAssembly module in front of models and APIs.
//!
//! A request enters by one door and walks down once: [`app`] routes, authenticates and authorises it by the table in
//! [`routes`], a handler in [`api`] decides, [`store`] holds the SQL; [`gate`] forwards what goes through it. [`domain`] has the rules without I/O, [`web`]
//! what every handler uses, [`auth`] who may what. [`platform`] is all that the crate asks of the world outside;
//! `edge`, in the wasm module alone, answers it with Cloudflare's. Natively alone, `contract` has what each
//! route promises and `openapi` writes the document that describes it all.

pub mod api;
pub mod app;
pub mod auth;
#[cfg(not(target_arch = "wasm32"))]
pub mod contract;
pub mod domain;
pub mod error;
pub mod gate;
pub mod jobs;
#[cfg(not(target_arch = "wasm32"))]
pub mod openapi;
pub mod platform;
pub mod routes;
pub mod sql;
pub mod store;
pub mod web;

#[cfg(target_arch = "wasm32")]
mod edge;
