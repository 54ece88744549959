//! A database with every migration applied: built once, then copied page by page for each test.

use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard};

use rusqlite::Connection;
use rusqlite::backup::Backup;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;

/// The longest text and the longest row, in bytes: D1's limit of 2 MB.
const LONGEST_ROW: i32 = 2_000_000;
/// Pages of a copy's one step: more than a test's database has.
const ALL_PAGES: i32 = 100_000;

static MIGRATED: LazyLock<Mutex<Connection>> = LazyLock::new(|| Mutex::new(migrate()));

/// The texts of `migrations/*.sql`, in the order in which wrangler applies them.
pub fn migrations() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn migrate() -> Connection {
    let connection = open();
    for (name, text) in migrations() {
        connection
            .execute_batch(&text)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    connection
}

/// An empty database with the migrations before the one of this number, and the texts of those from it on.
pub fn before(number: &str) -> (Connection, Vec<String>) {
    let connection = open();
    let (earlier, later): (Vec<_>, Vec<_>) = migrations()
        .into_iter()
        .partition(|(name, _)| name.as_str() < number);
    for (name, text) in earlier {
        let applied = connection.execute_batch(&text);
        applied.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    (
        connection,
        later.into_iter().map(|(_, text)| text).collect(),
    )
}

/// What D1 bounds (its page of limits, and where that is silent what it answers): a statement that passes one of these fails
/// there alone.
const LIMITS: [(Limit, i32); 7] = [
    (Limit::SQLITE_LIMIT_LENGTH, LONGEST_ROW),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
];

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    // Foreign keys are always on in D1.
    connection
        .execute_batch("PRAGMA foreign_keys = ON")
        .unwrap();
    for (limit, value) in LIMITS {
        connection.set_limit(limit, value).unwrap();
    }
    connection
}

/// An empty database.
pub fn fresh() -> Connection {
    let migrated: MutexGuard<'_, Connection> = MIGRATED.lock().unwrap();
    copy(&migrated)
}

/// A database with the same content.
pub fn copy(of: &Connection) -> Connection {
    let mut connection = open();
    Backup::new(of, &mut connection)
        .unwrap()
        .step(ALL_PAGES)
        .unwrap();
    connection
}

/// Every value of every table, a line each row.
pub fn dump(connection: &Connection) -> String {
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut tables = connection.prepare(names).unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut dump = String::new();
    for table in tables {
        let table = table.unwrap();
        let mut rows = connection
            .prepare(&format!("SELECT * FROM \"{table}\""))
            .unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<String> = (0..columns)
                .map(|column| to_text(row.get_ref(column).unwrap()))
                .collect();
            dump.push_str(&format!("{table}: {}\n", values.join(" | ")));
        }
    }
    dump
}

fn to_text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(integer) => integer.to_string(),
        ValueRef::Real(real) => format!("{real:?}"),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}
