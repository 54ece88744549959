//! One run, from a seed or from a list of choices.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::base::Base;
use crate::choices::Choices;
use crate::scheduler;
use crate::simulation::{Notes, Simulation, Violation};

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Every decision that was made.
    pub choices: Vec<u32>,
    /// What was noted.
    pub notes: Notes,
    /// What did not hold, if something did not.
    pub violation: Option<Violation>,
}

/// Runs what a seed decides.
pub fn of_seed(base: &Base, seed: u64) -> Outcome {
    run(base, Choices::of_seed(seed), scheduler::run)
}

/// Runs what a list decides.
pub fn of_list(base: &Base, list: Vec<u32>) -> Outcome {
    run(base, Choices::of_list(list), scheduler::run)
}

thread_local! {
    static PANIC: Cell<Option<String>> = const { Cell::new(None) };
}

/// From here on a panic of this crate's runs is kept and not printed. It comes of what testkit demands of every answer and
/// every round trip, and counts as an invariant that does not hold.
pub fn keep_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if IS_RUNNING.get() {
                PANIC.set(Some(panic.to_string()));
            } else {
                usual(panic);
            }
        }));
    });
}

thread_local! {
    static IS_RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Does what `does` does in the base, and takes it back.
pub fn run(
    base: &Base,
    choices: Choices,
    does: impl FnOnce(&mut Simulation) -> Result<(), Violation>,
) -> Outcome {
    keep_panics();
    let choices = Rc::new(RefCell::new(choices));
    let notes = Notes::default();
    IS_RUNNING.set(true);
    base.world.database.mark();
    let done = catch_unwind(AssertUnwindSafe(|| {
        let mut simulation = Simulation::over(base, Rc::clone(&choices), notes.clone());
        does(&mut simulation)
    }));
    IS_RUNNING.set(false);
    base.world.database.rewind();
    let violation = match done {
        Ok(done) => done.err(),
        Err(_) => Some(Violation {
            invariant: "what testkit demands of every answer",
            found: PANIC.take().unwrap_or_default(),
        }),
    };
    Outcome {
        choices: choices.borrow().made().to_vec(),
        notes,
        violation,
    }
}
