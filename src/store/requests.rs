//! The records of requests: listed, read, cancelled and deleted by their callers ([`records`]), and taken away when they
//! need not be kept any longer ([`purge`]). What was sent and answered is their [`payloads`].

pub mod payloads;
pub mod purge;
pub mod records;
pub mod statements;
