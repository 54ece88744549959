//! Makes a run that fails shorter and plainer, as long as the same invariant fails.

use crate::base::Base;
use crate::run::{Outcome, of_list};

/// So many runs are tried at most.
const MOST: usize = 4_000;

/// The plainest run that was found in which the same invariant fails.
pub fn shrink(base: &Base, failing: &Outcome) -> Outcome {
    let Some(violation) = &failing.violation else {
        return failing.clone();
    };
    let mut tries = 0;
    let mut best = failing.clone();
    let mut attempt = |list: Vec<u32>, best: &mut Outcome| {
        if tries >= MOST || list >= best.choices && list.len() >= best.choices.len() {
            return false;
        }
        tries += 1;
        let mut outcome = of_list(base, list);
        let same = outcome.violation.as_ref();
        let is_same = same.is_some_and(|found| found.invariant == violation.invariant);
        // Choices at the end that are the first ones go without saying.
        while outcome.choices.last() == Some(&0) {
            outcome.choices.pop();
        }
        let is_plainer =
            (outcome.choices.len(), &outcome.choices) < (best.choices.len(), &best.choices);
        if is_same && is_plainer {
            *best = outcome;
        }
        is_same && is_plainer
    };
    loop {
        let before = best.choices.clone();
        let mut length = (best.choices.len() / 2).max(1);
        loop {
            let mut start = 0;
            while start < best.choices.len() {
                let mut list = best.choices.clone();
                list.drain(start..(start + length).min(list.len()));
                if !attempt(list, &mut best) {
                    start += length;
                }
            }
            if length == 1 {
                break;
            }
            length /= 2;
        }
        let mut place = 0;
        while place < best.choices.len() {
            for lower in [
                0,
                best.choices[place] / 2,
                best.choices[place].saturating_sub(1),
            ] {
                let mut list = best.choices.clone();
                if lower < list[place] {
                    list[place] = lower;
                    attempt(list, &mut best);
                }
                if place >= best.choices.len() {
                    break;
                }
            }
            place += 1;
        }
        if best.choices == before {
            return best;
        }
    }
}
