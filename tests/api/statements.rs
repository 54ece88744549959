//! What SQLite makes of every statement of the store: no table that grows is ever read from end to end.

use rusqlite::{Connection, StatementStatus};

use testkit::schema;

/// Tables that do not grow with the use of the installation.
const CATALOGUES: [&str; 3] = ["permissions", "quota_resources", "subscriptions"];

/// Steps that read a table from end to end all the same: statement, step, and why it may.
const MAY_SCAN: &[(&str, &str, &str)] = &[
    (
        "organizations::create::INSERT",
        "SCAN roles",
        "SQLite looks for orphans only while a foreign key of the transaction is violated",
    ),
    (
        "organizations::create::INSERT",
        "SCAN service_users",
        "the same",
    ),
    ("subscriptions::PUT", "SCAN organizations", "the same"),
    ("subscriptions::PUT", "SCAN vouchers", "the same"),
    (
        "settlements::METER_OVERDUE",
        "SCAN r USING INDEX requests_under_way",
        "the index holds what is under way alone, which is bounded for each organization",
    ),
    (
        "settlements::COUNT_RUN_TIME_OVERDUE",
        "SCAN r USING INDEX requests_under_way",
        "the same",
    ),
    (
        "settlements::FREE_KEYS_OVERDUE",
        "SCAN r USING INDEX requests_under_way",
        "the same",
    ),
    (
        "settlements::FORGET_OVERDUE",
        "SCAN r USING INDEX requests_under_way",
        "the same",
    ),
    (
        "health::FIGURES",
        "SCAN requests USING INDEX requests_under_way",
        "10,000 rows at most",
    ),
    (
        "health::FIGURES",
        "SCAN requests USING COVERING INDEX requests_pending",
        "the same",
    ),
    (
        "health::FIGURES",
        "SCAN webhook_deliveries USING INDEX webhook_deliveries_claimed",
        "the same",
    ),
    (
        "health::FIGURES",
        "SCAN webhook_deliveries USING COVERING INDEX webhook_deliveries_due",
        "the same",
    ),
    (
        "health::FIGURES",
        "SCAN webhook_deliveries USING INDEX webhook_deliveries_due",
        "1,000 rows at most",
    ),
];

/// Views over which SQLite may make an index of its own: it has narrowed them to one holder and one project first.
const NARROWED_VIEWS: [&str; 1] = ["held_permissions"];

fn plan(connection: &Connection, text: &str) -> Vec<String> {
    let mut explain = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {text}"))
        .unwrap();
    let parameters = vec![rusqlite::types::Null; explain.parameter_count()];
    let rows = explain.query_map(rusqlite::params_from_iter(parameters), |row| {
        row.get("detail")
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn names(connection: &Connection, kind: &str) -> Vec<String> {
    let mut names = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = ?1")
        .unwrap();
    let names = names.query_map([kind], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

fn views(connection: &Connection) -> String {
    let all = "SELECT coalesce(group_concat(sql, ' '), '') FROM sqlite_schema WHERE type = 'view'";
    connection.query_row(all, [], |row| row.get(0)).unwrap()
}

/// The tables that go by this name somewhere in a text: a table's own name, or `<table> <alias>`.
fn tables_called(name: &str, text: &str, tables: &[String]) -> Vec<String> {
    let words: Vec<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let is_table = |word: &&str| tables.iter().any(|table| table == *word);
    let aliased = words.windows(2).filter(|pair| pair[1] == name);
    let aliased = aliased.map(|pair| pair[0]).filter(|word| is_table(word));
    let own = Some(name).filter(|name| is_table(name));
    own.into_iter().chain(aliased).map(str::to_owned).collect()
}

/// The step, if it reads a table that grows from end to end, or sorts one into an index of its own first.
fn scans_a_growing_table(step: &str, text: &str, tables: &[String]) -> bool {
    if let Some((_, rest)) = step.split_once("AUTOMATIC") {
        return !NARROWED_VIEWS
            .iter()
            .any(|view| step.starts_with(&format!("SEARCH {view} USING ")) && !rest.is_empty());
    }
    let Some(rest) = step.strip_prefix("SCAN ") else {
        return false;
    };
    let name = rest.split(' ').next().unwrap_or_default();
    let called = tables_called(name, text, tables);
    called
        .iter()
        .any(|table| !CATALOGUES.contains(&table.as_str()))
}

fn excuse(statement: &str, step: &str) -> Option<usize> {
    MAY_SCAN.iter().position(|(known, start, _)| {
        statement.ends_with(known) && (step == *start || step.starts_with(&format!("{start} ")))
    })
}

#[test]
fn no_statement_reads_a_table_that_grows_from_end_to_end() {
    let connection = schema::fresh();
    let tables = names(&connection, "table");
    let views = views(&connection);
    let mut scans = Vec::new();
    let mut excused = vec![false; MAY_SCAN.len()];
    for sql in tenantry::store::statements() {
        let text = format!("{} {views}", sql.prepared().text);
        for step in plan(&connection, &sql.prepared().text) {
            match excuse(sql.name(), &step) {
                Some(index) => excused[index] = true,
                None if scans_a_growing_table(&step, &text, &tables) => {
                    scans.push(format!("{}: {step}", sql.name()));
                }
                None => {}
            }
        }
    }
    assert!(scans.is_empty(), "{}", scans.join("\n"));
    for (index, (statement, step, why)) in MAY_SCAN.iter().enumerate() {
        assert!(excused[index], "{statement} no longer has {step} ({why})");
    }
}

#[test]
fn the_test_above_would_see_a_scan() {
    let connection = schema::fresh();
    let tables = names(&connection, "table");
    for text in [
        "SELECT * FROM tokens",
        "SELECT * FROM users u WHERE u.surname = 'x'",
        "SELECT count(*) FROM service_users",
        "SELECT 1 FROM users u JOIN tokens t ON t.last_used = u.registration_date WHERE u.id = '1'",
    ] {
        let steps = plan(&connection, text);
        let seen = steps
            .iter()
            .any(|step| scans_a_growing_table(step, text, &tables));
        assert!(seen, "{text}: {steps:?}");
    }
}

/// Whether SQLite parses a statement once more when its parameters are bound: it does so where its planner has looked at
/// one. They are bound as small integers, since recent versions, unlike that of the runtime, mind no others.
fn is_parsed_anew(connection: &Connection, text: &str) -> bool {
    connection.execute_batch("SAVEPOINT attempt").unwrap();
    let mut prepared = connection.prepare(text).unwrap();
    let parameters = vec![1; prepared.parameter_count()];
    let mut rows = prepared
        .query(rusqlite::params_from_iter(parameters))
        .unwrap();
    // A violated constraint is as good as a row: the statement has begun.
    let _ = rows.next();
    drop(rows);
    let times = prepared.get_status(StatementStatus::RePrepare);
    drop(prepared);
    let undo = "ROLLBACK TO attempt; RELEASE attempt";
    connection.execute_batch(undo).unwrap();
    times > 0
}

#[test]
fn no_statement_is_parsed_anew_when_it_is_called() {
    let connection = schema::fresh();
    let parsed_anew: Vec<_> = tenantry::store::statements()
        .into_iter()
        .filter(|sql| is_parsed_anew(&connection, &sql.prepared().text))
        .map(|sql| sql.name())
        .collect();
    assert!(parsed_anew.is_empty(), "{}", parsed_anew.join("\n"));
}

#[test]
fn the_test_above_would_see_a_parameter_that_the_planner_looks_at() {
    let connection = schema::fresh();
    for (text, expected) in [
        (
            "SELECT 1 FROM projects p JOIN deployments d ON d.project_id = p.id WHERE d.name = ?1",
            true,
        ),
        ("SELECT 1 FROM roles r WHERE r.name LIKE ?1", true),
        ("SELECT 1 FROM projects p WHERE p.name = ?1", false),
    ] {
        assert_eq!(is_parsed_anew(&connection, text), expected, "{text}");
    }
}

/// Writes that are no changes of configuration, and so have no audit row: what is noted after an answer, a consumption,
/// whose own row is its permit, what becomes of requests, which has its whole condition in each statement, and what the
/// scheduled run takes away or seals anew, makes for schedules and tells webhooks; and when that was.
const WITHOUT_PERMIT: [&str; 42] = [
    "admissions::FORGET_KEY",
    "organization_users::JOIN",
    "tokens::TOUCH",
    "tokens::REDIGEST",
    "consumption::FORGET_SOME",
    "consumption::FORGET_THIS",
    "consumption::INSERT",
    "consumption::COUNT",
    "requests::statements::DELETE",
    "requests::statements::CANCEL",
    "requests::statements::FORGET_PAYLOADS",
    "requests::statements::FORGET",
    "requests::statements::FORGET_ALL",
    "requests::statements::FORGET_ALL_PAYLOADS",
    "requests::statements::CANCEL_ALL",
    "requests::payloads::FORGET",
    "health::RAN",
    "requests::purge::EXPIRED",
    "requests::purge::OF_DELETED_VERSIONS",
    "requests::purge::DELETED_VERSIONS",
    "requests::purge::KEYS",
    "sealing_keys::SEAL_VALUES",
    "sealing_keys::SEAL_SECRETS",
    "sealing_keys::SEAL_PREVIOUS_SECRETS",
    "request_schedules::MAKE",
    "request_schedules::KEEP",
    "request_schedules::MOVE_ON",
    "webhook_deliveries::REST_TOO",
    "webhook_deliveries::OFFER",
    "webhook_deliveries::FORGET_TESTS",
    "webhook_deliveries::FORGET_HOSTS",
    "webhook_deliveries::CLAIM",
    "webhook_deliveries::PROBE",
    "webhook_deliveries::NOTE",
    "webhook_deliveries::HOST_ANSWERS",
    "webhook_deliveries::HOST_FAILS",
    "webhook_deliveries::FORGET",
    "webhook_deliveries::AGAIN",
    "webhook_deliveries::DONE",
    "sealing_keys::SEAL_SIGNING_SECRETS",
    "sealing_keys::SEAL_PREVIOUS_SIGNING_SECRETS",
    "sealing_keys::SEAL_PROTECTED_HEADERS",
];

#[test]
fn every_write_is_a_permit_or_asks_for_one() {
    for sql in tenantry::store::statements() {
        let text = &sql.prepared().text;
        let writes = ["INSERT", "UPDATE", "DELETE"]
            .iter()
            .any(|verb| text.starts_with(verb));
        if !writes || WITHOUT_PERMIT.iter().any(|name| sql.name().ends_with(name)) {
            continue;
        }
        // A request's permit is its record, and what hangs on it is done while that is under way.
        let of_requests = [
            "::admissions::",
            "::batches::",
            "::items::",
            "::pipeline_requests::",
            "::service_admissions::",
            "::settlements::",
        ];
        if of_requests.iter().any(|file| sql.name().contains(file)) {
            assert!(text.contains(" requests "), "{}", sql.name());
            continue;
        }
        // Metering has permits of its own: it is no change of configuration either.
        let is_permit = ["INSERT INTO audit ", "INSERT INTO usage_imports "]
            .iter()
            .any(|permit| text.starts_with(permit));
        let asks = [
            "EXISTS (SELECT 1 FROM audit WHERE id = CAST(?",
            "(SELECT sequence FROM usage_imports WHERE id = CAST(?",
        ]
        .iter()
        .any(|question| text.contains(question));
        // The permit's own row may be completed with what only the change knows.
        let completes = text.starts_with("UPDATE audit SET after")
            && sql
                .prepared()
                .parameters
                .iter()
                .any(|parameter| parameter.name == "audit_id");
        assert!(is_permit || asks || completes, "{}", sql.name());
    }
}

#[test]
fn every_statement_has_a_name_of_its_own() {
    let mut names: Vec<_> = tenantry::store::statements()
        .into_iter()
        .map(|sql| sql.name())
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
#[ignore = "prints the statements for scripts/break-permits.py"]
fn print_statements() {
    for (number, sql) in tenantry::store::statements().into_iter().enumerate() {
        let prepared = sql.prepared();
        let names: Vec<&str> = prepared.parameters.iter().map(|one| one.name).collect();
        let line = serde_json::json!({"number": number, "name": sql.name(), "text": prepared.text, "parameters": names});
        println!("{line}");
    }
}

/// The Rust files below a folder, without their tests.
fn sources(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| match path.is_dir() {
        true => sources(&path),
        false => {
            let text = std::fs::read_to_string(path).unwrap();
            vec![text.split("#[cfg(test)]").next().unwrap().to_owned()]
        }
    };
    paths.flat_map(read).collect()
}

#[test]
fn every_refusal_is_of_a_rule_that_some_permit_has() {
    let verdicts: Vec<String> = tenantry::store::statements()
        .into_iter()
        .filter(|sql| sql.prepared().has_rules)
        .map(|sql| sql.verdict().text + ",")
        .collect();
    assert!(verdicts.len() > 50);
    let store = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let texts = sources(&store).concat();
    // `("name", &|| ...)` or `("name", &function)`, as the lists of `Answers::done_or` have them.
    let named = texts.match_indices("(\"").filter_map(|(at, _)| {
        let is_call = texts[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let (name, after) = texts[at + 2..].split_once('"')?;
        (!is_call && after.starts_with(", &")).then_some(name)
    });
    let named: Vec<&str> = named
        .filter(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        .collect();
    assert!(named.len() > 150, "{}", named.len());
    let unknown: Vec<&&str> = named
        .iter()
        .filter(|name| {
            let column = format!(" AS {name},");
            verdicts.iter().all(|verdict| !verdict.contains(&column))
        })
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
#[ignore = "looks at what scripts/mutants.py has run in the place of statements: all would notice a text that is none"]
fn sqlite_takes_the_broken_statements() {
    let connection = schema::fresh();
    for text in testkit::broken::replacements() {
        connection.prepare(text).unwrap();
    }
}

#[test]
#[ignore = "prints each permit without each of its rules for scripts/drop-rules.py"]
fn print_permits_without_a_rule() {
    for sql in tenantry::store::statements() {
        let text = &sql.prepared().text;
        for rule in sql.rules() {
            let without = sql.without(rule).text;
            let line = serde_json::json!({"permit": sql.name(), "rule": rule, "text": text, "without": without});
            println!("{line}");
        }
    }
}
