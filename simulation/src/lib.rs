//! Many callers of one installation at once, with everything that can go wrong between two round trips.
//!
//! A run is a world (`testkit`) in which people, service users, browsers, the operator, the queue, the clock and upstreams
//! do what they do ([`moves`]), up to four of them at once; the [`scheduler`] lets one after the other make its next round
//! trip, lets it fail, or lets what made it die. After every step each of the [`invariants`] must hold. Every decision
//! comes from [`choices`], so a run is a list of numbers: a seed makes it, it can be made again, and one that fails can be
//! made shorter ([`shrink`]). [`orders`] has pairs and triples of moves meet in all orders of their round trips.

pub mod base;
pub mod choices;
pub mod facts;
pub mod invariants;
pub mod moves;
pub mod orders;
pub mod rights;
pub mod run;
pub mod scheduler;
pub mod shrink;
pub mod simulation;
