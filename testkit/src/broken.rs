//! Statements that are broken on purpose, so that `scripts/break-permits.py` and `scripts/drop-rules.py` see whether a test
//! notices.
//!
//! The script writes a file of texts and what is to run in their place, and names it in `BROKEN_STATEMENTS`; so a broken
//! condition costs a run of the tests and no build. The first test that fails ends the run.
//!
//! To a file that is named in `REFUSALS` goes, as a line of JSON, which test had which permit refused by one rule alone: no
//! other test can notice that the rule is dropped, since until then all goes as it did. A test that goes through many calls
//! says before each which it is ([`is_about`]); so the script can name the calls that matter in `ABOUT`, apart by spaces, and the
//! test makes these alone.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tenantry::sql::Sql;
use tenantry::sql::statement::Statement;

static BROKEN: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let Ok(path) = std::env::var("BROKEN_STATEMENTS") else {
        return HashMap::new();
    };
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or_default();
        let what = match HAS_RUN.load(Ordering::Relaxed) {
            true => "noticed by",
            false => "before anything broken had run failed",
        };
        // Past the harness, which keeps what a test prints until the test is over; in one piece, since it prints, too.
        let line = format!("{what} {test}: {panic}\n");
        _ = std::io::stderr().write_all(line.as_bytes());
        std::process::exit(101);
    }));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

/// Whether a broken text has run: a test that fails without one is itself broken.
static HAS_RUN: AtomicBool = AtomicBool::new(false);

/// The text that is to run for a statement: its own, unless that is broken.
pub fn text(statement: &Statement) -> &str {
    let text = &statement.prepared().text;
    let Some(broken) = BROKEN.get(text) else {
        return text;
    };
    HAS_RUN.store(true, Ordering::Relaxed);
    broken
}

/// The texts that are to run in the place of others.
pub fn replacements() -> impl Iterator<Item = &'static String> {
    BROKEN.values()
}

static WANTED: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("ABOUT").ok());

thread_local! {
    static ABOUT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Whether a test that goes through many calls is to make this one, which is what it is about from here on.
pub fn is_about(call: &str) -> bool {
    ABOUT.with_borrow_mut(|about| call.clone_into(about));
    let wanted = WANTED.as_ref();
    wanted.is_none_or(|wanted| wanted.split(' ').any(|one| one == call))
}

/// Whether such a test makes all of its calls.
pub fn is_about_all() -> bool {
    WANTED.is_none()
}

static REFUSALS: LazyLock<Option<File>> = LazyLock::new(|| {
    let path = std::env::var("REFUSALS").ok()?;
    let file = File::options().create(true).append(true).open(path);
    Some(file.unwrap())
});

/// Writes down that a test had a permit refused, where that was for one rule alone.
pub(crate) fn note(permit: &Sql, verdict: &[Value]) {
    let Some(mut file) = REFUSALS.as_ref() else {
        return;
    };
    let rules = permit.rules().into_iter();
    let broken: Vec<_> = rules.filter(|rule| verdict[0][*rule] != json!(1)).collect();
    if let [rule] = broken[..] {
        let test = std::thread::current();
        let about = ABOUT.with_borrow(String::clone);
        let line =
            json!({"test": test.name(), "about": about, "permit": permit.name(), "rule": rule});
        // In one piece, since the tests run beside each other.
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}
