//! A whole installation in one process: the platform's doubles, and a world with callers in it.
//!
//! The database is SQLite with the project's own migrations, the clock is set, random bytes count, and each round trip can
//! fail in every way in which D1 has been seen to fail. A test makes one call after another ([`World::call`]), lets
//! something happen in the middle of one ([`World::before_trip`]), or begins any number and lets each go on, round trip by
//! round trip, in an order of its choosing ([`World::begin`], [`schedule`]).
//!
//! What stands behind the gate is planned ([`upstream`]), a caller can hang up ([`HangUp`]), and when nothing else in a world
//! can go on, its clock moves to where the next deadline ends.
//!
//! It is a crate of its own so that tests, simulations and fuzzing stand on the same ground; a double stops the test with
//! a panic where the product would have been wrong.

pub mod begun;
pub mod broken;
pub mod call;
pub mod cast;
pub mod clock;
pub mod crypto;
pub mod database;
pub mod gate;
pub mod members;
pub mod organizations;
pub mod payloads;
pub mod pipelines;
pub mod queue;
pub mod quotas;
pub mod records;
pub mod requests;
mod run;
pub mod schedule;
pub mod schema;
pub mod shield;
pub mod signed;
pub mod tenant;
pub mod upstream;
pub mod wire;
pub mod workspaces;
pub mod world;

pub use begun::{Begun, Errand, Step};
pub use call::{Answer, Call, Chunks};
pub use cast::{CONSOLE, Caller, cookie_of};
pub use database::Fault;
pub use upstream::{Called, End, Reply};
pub use wire::{HangUp, Wire};
pub use world::World;
