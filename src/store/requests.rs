//! The records of requests: listed, read, cancelled and deleted by their callers ([`records`]), and taken away when they
//! need not be kept any longer ([`purge`]).

pub mod purge;
pub mod records;
pub mod statements;
