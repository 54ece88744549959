//! What the tests of the API stand on: the platform's doubles, and a world with callers in it.

pub mod call;
pub mod cast;
pub mod clock;
pub mod database;
pub mod members;
pub mod organizations;
pub mod quotas;
pub mod requests;
pub mod schema;
pub mod signed;
pub mod workspaces;
pub mod world;

pub use call::{Answer, Call, Chunks};
pub use cast::Caller;
pub use database::Fault;
pub use world::World;
