//! docs/data-model.md names every table and view of the schema, each table once with its key, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use testkit::schema;

const PAGE: &str = include_str!("../../docs/data-model.md");

fn names(connection: &Connection, kind: &str) -> BTreeSet<String> {
    let all = "SELECT name FROM sqlite_schema WHERE type = ?1 AND name NOT LIKE 'sqlite%'";
    let mut names = connection.prepare(all).unwrap();
    let names = names.query_map([kind], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

fn key(connection: &Connection, table: &str) -> Vec<String> {
    let columns = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk";
    let mut columns = connection.prepare(columns).unwrap();
    let columns = columns.query_map([table], |row| row.get(0)).unwrap();
    columns.map(Result::unwrap).collect()
}

/// What stands between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The tables of the page, each with its key.
fn described() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut tables = BTreeMap::new();
    for line in PAGE.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.split('|').collect();
        let [_, table, _, key, ..] = cells[..] else {
            panic!("{line}");
        };
        let table = code(table).next().unwrap();
        let again = tables.insert(table, code(key).collect());
        assert_eq!(again, None, "{table} stands there twice");
    }
    tables
}

#[test]
fn every_table_is_described_with_its_key_and_no_other() {
    let connection = schema::fresh();
    let described = described();
    let known: BTreeSet<_> = described.keys().map(ToString::to_string).collect();
    assert_eq!(known, names(&connection, "table"));
    for (table, told) in described {
        assert_eq!(told, key(&connection, table), "the key of {table}");
    }
}

#[test]
fn every_view_is_named() {
    let views = names(&schema::fresh(), "view");
    assert!(!views.is_empty());
    for view in views {
        assert!(code(PAGE).any(|word| word == view), "{view}");
    }
}

#[test]
fn diagrams_relate_tables_alone() {
    let tables = names(&schema::fresh(), "table");
    let relations = PAGE
        .lines()
        .filter(|line| line.contains("--") && line.contains(" : "));
    let mut count = 0;
    for line in relations {
        let words: Vec<_> = line.split_whitespace().collect();
        for table in [words[0], words[2]] {
            assert!(tables.contains(table), "{table} in {line:?}");
        }
        count += 1;
    }
    assert!(count > 20, "{count} relations");
}
