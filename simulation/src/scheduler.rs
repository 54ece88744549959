//! What happens next: who goes on, what fails, who dies, and what comes in between.

use testkit::Fault;

use crate::moves;
use crate::simulation::{Simulation, Violation};

/// So many are under way at once at most.
const AT_ONCE: usize = 4;
/// A run has so many steps at most, besides those in which all that is under way comes to its end.
const STEPS: usize = 120;
const MINUTE: i64 = 60_000;

/// How far the clock jumps.
const JUMPS: [i64; 6] = [
    1_000,
    11_000,
    61_000,
    6 * MINUTE,
    61 * MINUTE,
    25 * 60 * MINUTE,
];

/// A run: steps of all kinds, then everything to its end.
///
/// # Errors
/// What does not hold.
pub fn run(simulation: &mut Simulation) -> Result<(), Violation> {
    let steps = simulation.below(STEPS + 1);
    for _ in 0..steps {
        step(simulation)?;
    }
    settle(simulation)
}

fn step(simulation: &mut Simulation) -> Result<(), Violation> {
    let under_way = simulation.under_way();
    // The first choice is that the oldest goes on.
    match simulation.below(100) {
        0..50 if under_way > 0 => {
            let place = simulation.below(under_way);
            simulation.go_on(place, None)
        }
        0 => Ok(()),
        1..80 if under_way < AT_ONCE => match moves::any(simulation) {
            Some(begin) => simulation.begin(begin).map(|_| ()),
            None => Ok(()),
        },
        80..87 if under_way > 0 => {
            let place = simulation.below(under_way);
            let fault = *simulation.one_of(&Fault::ALL);
            simulation.go_on(place, Some(fault))
        }
        87..89 if under_way > 0 => {
            let place = simulation.below(under_way);
            simulation.let_die(place)
        }
        89..92 => {
            let jump = *simulation.one_of(&JUMPS);
            simulation.pass(jump)
        }
        92..95 if under_way < AT_ONCE => simulation.begin_minute().map(|_| ()),
        95.. if !simulation.messages.is_empty() => message(simulation),
        _ if under_way > 0 => {
            let place = simulation.below(under_way);
            simulation.go_on(place, None)
        }
        _ => Ok(()),
    }
}

/// A message is delivered, delivered twice at once, or lost.
fn message(simulation: &mut Simulation) -> Result<(), Violation> {
    let place = simulation.below(simulation.messages.len());
    let message = simulation.messages.remove(place);
    match simulation.below(6) {
        5 => {
            simulation.tell("a message is lost");
            Ok(())
        }
        4 => {
            simulation.begin_delivery(vec![message.clone()])?;
            simulation.begin_delivery(vec![message]).map(|_| ())
        }
        3 => {
            let mut all = std::mem::take(&mut simulation.messages);
            all.truncate(4);
            all.push(message);
            simulation.begin_delivery(all).map(|_| ())
        }
        _ => simulation.begin_delivery(vec![message]).map(|_| ()),
    }
}

/// Everything comes to its end: what is under way, then what waits, and what nobody settled.
fn settle(simulation: &mut Simulation) -> Result<(), Violation> {
    finish_all(simulation)?;
    for _ in 0..3 {
        simulation.pass(20 * MINUTE)?;
        simulation.begin_minute()?;
        finish_all(simulation)?;
        let mut messages = std::mem::take(&mut simulation.messages);
        messages.truncate(8);
        if !messages.is_empty() {
            simulation.begin_delivery(messages)?;
            finish_all(simulation)?;
        }
    }
    let under_way = simulation.facts().rows("requests").find(|row| {
        ["processing", "cancelled_pending"].contains(&row.text("status"))
            && row.number("result_deadline").is_none()
    });
    match under_way {
        None => Ok(()),
        Some(row) => Err(Violation {
            invariant: "metering",
            found: format!("nobody ends {}", row.shown()),
        }),
    }
}

fn finish_all(simulation: &mut Simulation) -> Result<(), Violation> {
    while simulation.under_way() > 0 {
        simulation.go_on(0, None)?;
    }
    Ok(())
}
