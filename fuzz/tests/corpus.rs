//! Every file of every corpus is looked at again, in an ordinary build.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fuzz::{TARGETS, Verdict};

/// All corpora together, in bytes.
const MOST: usize = 400_000;

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target)
}

fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(corpus(target)).unwrap_or_else(|error| panic!("{target}: {error}"));
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let input = fs::read(&path).unwrap();
        (path, input)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn what_must_hold_holds_of_every_input_of_the_corpora() {
    for (name, look) in TARGETS {
        let mut verdicts: BTreeMap<Verdict, usize> = BTreeMap::new();
        for (path, input) in inputs(name) {
            println!("{}", path.display());
            *verdicts.entry(look(&input)).or_default() += 1;
        }
        // Else it would look at nothing but refusals, or at none.
        assert_eq!(verdicts.len(), 2, "{name}: {verdicts:?}");
    }
}

#[test]
fn the_corpora_are_small() {
    let all = TARGETS.iter().flat_map(|(name, _)| inputs(name));
    let bytes: usize = all.map(|(_, input)| input.len()).sum();
    assert!(
        bytes <= MOST,
        "{bytes} bytes; make fuzz MINIMISE=1 leaves out what reaches nothing new"
    );
}

/// `UPDATE_CORPUS=1` writes the call of a new route.
#[test]
fn each_route_has_a_call_in_the_corpus() {
    let (app, mut accepted) = (fuzz::target("app").unwrap(), 0);
    let calls = fuzz::calls_of_routes();
    for (operation, call) in &calls {
        let path = corpus("app").join(operation);
        if std::env::var_os("UPDATE_CORPUS").is_some() {
            fs::create_dir_all(corpus("app")).unwrap();
            fs::write(&path, call).unwrap();
        }
        accepted += usize::from(app(call.as_bytes()) == Verdict::Accepted);
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            &kept, call,
            "{operation}: UPDATE_CORPUS=1 cargo test --package fuzz writes it"
        );
    }
    // Most of them go well, so what is behind the first refusal is reached.
    assert!(
        accepted * 4 >= calls.len() * 3,
        "{accepted} of {}",
        calls.len()
    );
}
