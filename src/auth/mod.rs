//! Who is calling, and what they may.
//!
//! [`credential`] reads the headers, [`cookie`] that of a session, [`principal`] says who a token stands for, [`permissions`] is the catalogue,
//! [`access`] is what a route asks of its caller, [`signature`] checks requests that are signed, and [`sealed`] keeps
//! secrets that must be recoverable. Deciding is
//! `app`'s, with the row that `store::first_trip` reads.

pub mod access;
pub mod cookie;
pub mod credential;
pub mod permissions;
pub mod principal;
pub mod role_permissions;
pub mod sealed;
pub mod signature;
