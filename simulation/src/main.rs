//! `make simulate`: runs seeds, and of one that fails prints what happened in the plainest run that fails alike.
//!
//!     simulate [SEEDS] [--orders] [--replay NUMBERS] [--moves] [--as-it-is]
//!
//! SEEDS is a number, or a range as in 1..10000; `--orders` has the pairs and triples of moves meet in all orders;
//! NUMBERS are the choices of a run, with commas between; `--moves` shows how often each move was answered how,
//! and `--as-it-is` does not look for the plainest run.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use simulation::base::Base;
use simulation::invariants::INVARIANTS;
use simulation::orders;
use simulation::run::{Outcome, of_list, of_seed};
use simulation::shrink::shrink;

/// Whether the plainest run is looked for.
static SHRINKS: AtomicBool = AtomicBool::new(true);

/// So many seeds between two lines.
const LINE: u64 = 500;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut first, mut last) = (1, 1_000);
    let (mut replay, mut in_orders, mut shows_moves) = (None, false, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--replay" => replay = arguments.next(),
            "--orders" => in_orders = true,
            "--moves" => shows_moves = true,
            "--as-it-is" => SHRINKS.store(false, Ordering::Relaxed),
            seeds => {
                let (from, to) = seeds.split_once("..").unwrap_or((seeds, seeds));
                let numbers = (from.parse(), to.trim_start_matches('=').parse());
                let (Ok(from), Ok(to)) = numbers else {
                    eprintln!("{seeds} is no seed and no range of seeds such as 1..1000");
                    return ExitCode::FAILURE;
                };
                (first, last) = (from, to);
            }
        }
    }
    let base = Base::new();
    if let Some(list) = replay {
        let list = list
            .split(',')
            .filter_map(|number| number.trim().parse().ok());
        return show(&base, "the choices given", &of_list(&base, list.collect()));
    }
    if in_orders {
        return run_orders();
    }
    if first == last {
        return show(&base, &format!("seed {first}"), &of_seed(&base, first));
    }
    run_seeds(&base, first, last, shows_moves)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long it took is told to whoever waits, and decides nothing"
)]
fn started() -> Instant {
    Instant::now()
}

fn run_seeds(base: &Base, first: u64, last: u64, shows_moves: bool) -> ExitCode {
    let began = started();
    let mut moves: BTreeMap<(&str, u16), usize> = BTreeMap::new();
    let mut steps = 0;
    for seed in first..=last {
        let outcome = of_seed(base, seed);
        if outcome.violation.is_some() {
            return show(base, &format!("seed {seed}"), &outcome);
        }
        steps += outcome.notes.steps.get();
        for (key, times) in outcome.notes.answers.borrow().iter() {
            *moves.entry(*key).or_default() += times;
        }
        let done = seed - first + 1;
        if done.is_multiple_of(LINE) || seed == last {
            let seconds = began.elapsed().as_secs_f64();
            println!(
                "{done} seeds, {steps} steps, {} invariants after each, {:.0} seeds a second",
                INVARIANTS.len(),
                done as f64 / seconds
            );
        }
    }
    if shows_moves {
        for ((name, status), times) in moves {
            println!("{times:8} {status} {name}");
        }
    }
    ExitCode::SUCCESS
}

fn run_orders() -> ExitCode {
    let began = started();
    match orders::all(|_| true) {
        Ok(met) => {
            println!(
                "{} groups of moves met in {} orders, in {:.1} s",
                met.groups,
                met.orders,
                began.elapsed().as_secs_f64()
            );
            ExitCode::SUCCESS
        }
        Err(failed) => {
            println!("{failed}");
            ExitCode::FAILURE
        }
    }
}

/// Shows a run: what happened in it, and of one that failed the plainest that fails alike.
fn show(base: &Base, what: &str, outcome: &Outcome) -> ExitCode {
    let shown = match outcome.violation {
        Some(_) if SHRINKS.load(Ordering::Relaxed) => shrink(base, outcome),
        _ => outcome.clone(),
    };
    for line in shown.notes.told.borrow().iter() {
        println!("  {line}");
    }
    let Some(violation) = &shown.violation else {
        println!("{what}: everything holds");
        return ExitCode::SUCCESS;
    };
    let invariant = INVARIANTS
        .iter()
        .find(|one| one.name == violation.invariant);
    println!("{what}: {} does not hold", violation.invariant);
    if let Some(invariant) = invariant {
        println!("  {}", invariant.sentence);
    }
    println!("  {}", violation.found);
    let numbers: Vec<String> = shown.choices.iter().map(u32::to_string).collect();
    println!("again: make simulate REPLAY={}", numbers.join(","));
    ExitCode::FAILURE
}
