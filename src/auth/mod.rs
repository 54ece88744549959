//! Who is calling, and what he may.
//!
//! [`credential`] reads the headers, [`principal`] says who a token stands for, [`permissions`] is the catalogue,
//! [`access`] is what a route asks of its caller, and [`signature`] checks requests that are signed. Deciding is
//! `app`'s, with the row that `store::first_trip` reads.

pub mod access;
pub mod credential;
pub mod permissions;
pub mod principal;
pub mod role_permissions;
pub mod signature;
