//! What must hold after every step, one a file: its sentence, and how it is looked at.
//!
//! Nothing here asks the code under test. What a rule means is said anew, over the rows as they are before and after a
//! step; a step is one transaction of one call at most, so a row that appears was made by whoever went on.

pub mod admins;
pub mod answers;
pub mod audit;
pub mod budgets;
pub mod counts;
pub mod credentials;
pub mod ends;
pub mod grants;
pub mod leases;
pub mod metering;
pub mod orphans;
pub mod plans;
pub mod quotas;
pub mod replays;
pub mod vouchers;

use testkit::{Answer, World};

use tenantry::domain::Timestamp;

use crate::facts::{Facts, Row};
use crate::rights::Catalogue;
use crate::simulation::{Credential, UnderWay};

/// What must hold.
pub struct Invariant {
    /// Its name.
    pub name: &'static str,
    /// The same in a sentence.
    pub sentence: &'static str,
    pub(crate) check: fn(&Moment<'_>) -> Result<(), String>,
}

/// All of them.
pub static INVARIANTS: &[Invariant] = &[
    admins::INVARIANT,
    answers::INVARIANT,
    audit::INVARIANT,
    budgets::INVARIANT,
    counts::INVARIANT,
    credentials::INVARIANT,
    ends::INVARIANT,
    grants::INVARIANT,
    leases::INVARIANT,
    metering::INVARIANT,
    orphans::INVARIANT,
    plans::INVARIANT,
    quotas::INVARIANT,
    replays::INVARIANT,
    vouchers::INVARIANT,
];

/// A step, and what it changed.
pub struct Moment<'a> {
    /// What the database held before it.
    pub before: &'a Facts,
    /// What it holds now.
    pub after: &'a Facts,
    /// Whether something was written at all.
    pub has_changed: bool,
    /// The rows that it added to the trail.
    pub audited: Vec<&'a Row>,
    /// Who went on, if somebody did.
    pub one: Option<&'a UnderWay>,
    /// Their credential; none of a job.
    pub by: Option<&'a Credential>,
    /// What had been answered to have ended that, before the step.
    pub ended: Option<String>,
    /// Their answer, if this was their last step.
    pub answer: Option<&'a Answer>,
    /// The time.
    pub now: Timestamp,
    /// The world.
    pub world: &'a World,
    /// What nothing changes.
    pub catalogue: &'a Catalogue,
}

impl Moment<'_> {
    /// The id of who went on; empty of the operator and of a job.
    pub fn principal(&self) -> &str {
        self.by.map_or("", |by| by.caller.id.as_str())
    }

    /// Whether it was the operator, or a job.
    pub fn is_all_powerful(&self) -> bool {
        self.principal().is_empty()
    }
}

/// Fails with these words unless it holds.
pub fn hold(holds: bool, words: impl FnOnce() -> String) -> Result<(), String> {
    match holds {
        true => Ok(()),
        false => Err(words()),
    }
}

/// Whether a record is under way.
pub fn is_under_way(record: &Row) -> bool {
    ["processing", "cancelled_pending"].contains(&record.text("status"))
}
