//! Everything holds: in all orders in which pairs and triples of moves can meet, and in so many runs of chosen moves.
//!
//! How many is chosen so that a debug build takes a minute or two; `make simulate` runs as many as it is told.

use std::thread;

use simulation::base::Base;
use simulation::orders;
use simulation::run::{of_list, of_seed};

/// So many runs.
const SEEDS: u64 = 600;
/// As many threads share the orders, and as many the runs.
const THREADS: u64 = 2;

#[test]
fn everything_holds_in_every_order_of_two_and_three_moves() {
    let parts: Vec<_> = (0..THREADS)
        .map(|part| {
            thread::spawn(move || {
                let mine = |number: usize| number as u64 % THREADS == part;
                orders::all(mine).unwrap_or_else(|failed| panic!("{failed}"))
            })
        })
        .collect();
    let met: Vec<_> = parts.into_iter().map(|part| part.join().unwrap()).collect();
    let orders: usize = met.iter().map(|met| met.orders).sum();
    assert!(orders > 8_000, "{met:?}");
}

#[test]
fn everything_holds_in_runs_of_chosen_moves() {
    let parts: Vec<_> = (0..THREADS)
        .map(|part| {
            thread::spawn(move || {
                let base = Base::new();
                for seed in (1..=SEEDS).filter(|seed| seed % THREADS == part) {
                    let outcome = of_seed(&base, seed);
                    let Some(violation) = outcome.violation else {
                        continue;
                    };
                    let told = outcome.notes.told.take().join("\n");
                    panic!("{told}\n{violation:?}\nin short: make simulate SEEDS={seed}");
                }
            })
        })
        .collect();
    parts.into_iter().for_each(|part| part.join().unwrap());
}

#[test]
fn a_run_is_the_same_when_it_is_made_again() {
    let base = Base::new();
    for seed in 1..=5 {
        let first = of_seed(&base, seed);
        let again = of_seed(&base, seed);
        assert_eq!(first.notes.told, again.notes.told);
        let replayed = of_list(&base, first.choices.clone());
        assert_eq!(first.notes.told, replayed.notes.told);
        assert_eq!(first.choices, replayed.choices);
    }
}
