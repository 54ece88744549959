//! Statements that are broken on purpose, so that `scripts/break-permits.py` sees whether a test notices.
//!
//! The script writes a file of texts and what is to run in their place, and names it in `BROKEN_STATEMENTS`; so a broken
//! condition costs a run of the tests and no build. The first test that fails ends the run.

use std::collections::HashMap;
use std::io::Write;
use std::sync::LazyLock;

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
