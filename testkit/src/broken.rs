//! Statements that are broken on purpose, so that `scripts/break-permits.py` and `scripts/drop-rules.py` see whether a test
//! notices.
//!
//! The script writes a file of texts and what is to run in their place, and names it in `BROKEN_STATEMENTS`; so a broken
//! condition costs a run of the tests and no build. The first test that fails ends the run.
//!
//! To a file that is named in `REFUSALS` goes, as a line of JSON, which test had which permit refused by one rule alone: no
//! other test can notice that the rule is dropped, since until then all goes as it did.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::sync::LazyLock;

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
        // Past the harness, which keeps what a test prints until the test is over.
        _ = writeln!(std::io::stderr(), "noticed by {test}: {panic}");
        std::process::exit(101);
    }));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

/// The text that is to run for a statement: its own, unless that is broken.
pub fn text(statement: &Statement) -> &str {
    let text = &statement.prepared().text;
    BROKEN.get(text).unwrap_or(text)
}

/// The texts that are to run in the place of others.
pub fn replacements() -> impl Iterator<Item = &'static String> {
    BROKEN.values()
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
        let line = json!({"test": test.name(), "permit": permit.name(), "rule": rule});
        // In one piece, since the tests run beside each other.
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}
