//! What the database holds at a moment, every row of every table, and what a step changed in it.

use std::collections::BTreeMap;
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

/// Rows that every installation has and nothing changes.
const NOT_READ: [&str; 2] = ["permissions", "judged_requests"];
/// The default roles, whose ids begin like this.
const DEFAULT_ROLES: &str = "00000000-0000-4000-8000-";

/// A row.
#[derive(Debug, Clone)]
pub struct Row {
    columns: Rc<Vec<String>>,
    values: Vec<Value>,
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Row {
    fn value(&self, column: &str) -> &Value {
        let place = self.columns.iter().position(|name| name == column);
        let place = place.unwrap_or_else(|| panic!("there is no column {column}"));
        &self.values[place]
    }

    fn is(&self, row: &rusqlite::Row<'_>) -> bool {
        let mut values = self.values.iter().enumerate();
        values.all(|(at, value)| ValueRef::from(value) == row.get_ref(at).unwrap())
    }

    /// A text; empty where it is null.
    pub fn text(&self, column: &str) -> &str {
        match self.value(column) {
            Value::Text(text) => text,
            Value::Null => "",
            other => panic!("{column} is {other:?}"),
        }
    }

    /// An integer, where it is not null.
    pub fn number(&self, column: &str) -> Option<i64> {
        match self.value(column) {
            Value::Integer(number) => Some(*number),
            Value::Null => None,
            other => panic!("{column} is {other:?}"),
        }
    }

    /// An integer; 0 where it is null.
    pub fn whole(&self, column: &str) -> i64 {
        self.number(column).unwrap_or(0)
    }

    /// Whether a flag is set.
    pub fn flag(&self, column: &str) -> bool {
        self.whole(column) == 1
    }

    /// Whether it says the same as another but in these columns.
    pub fn is_same_but(&self, other: &Self, ignored: &[&str]) -> bool {
        let differs = self.values.iter().zip(&other.values).zip(&*self.columns);
        let mut differs = differs.filter(|((one, other), _)| one != other);
        differs.all(|(_, column)| ignored.contains(&column.as_str()))
    }

    /// Everything in it.
    pub fn shown(&self) -> String {
        let values = self.columns.iter().zip(&self.values);
        let shown = values.filter_map(|(column, value)| match value {
            Value::Null => None,
            Value::Integer(number) => Some(format!("{column}={number}")),
            Value::Text(text) => {
                let start: String = text.chars().take(60).collect();
                Some(format!("{column}={start}"))
            }
            other => Some(format!("{column}={other:?}")),
        });
        shown.collect::<Vec<_>>().join(" ")
    }
}

/// The rows of a table by their keys.
pub type Rows = BTreeMap<String, Rc<Row>>;

/// What the database holds.
#[derive(Debug, Clone)]
pub struct Facts {
    tables: BTreeMap<&'static str, Rc<Rows>>,
}

/// How a table is read.
struct Reading {
    table: &'static str,
    sql: String,
    /// How many of the first columns are its key.
    key: usize,
    columns: Rc<Vec<String>>,
}

impl Reading {
    fn read(&self, connection: &Connection, before: Option<&Rc<Rows>>) -> Rc<Rows> {
        let mut statement = connection.prepare_cached(&self.sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut same = before.map(|before| before.iter());
        let mut found: Option<Rows> = None;
        let mut passed = 0;
        while let Some(row) = rows.next().unwrap() {
            let old = same.as_mut().and_then(Iterator::next);
            if found.is_none() {
                if old.is_some_and(|(_, old)| old.is(row)) {
                    passed += 1;
                    continue;
                }
                // From here on it differs.
                let shared = before.into_iter().flat_map(|before| before.iter());
                let shared = shared.take(passed);
                found = Some(
                    shared
                        .map(|(key, row)| (key.clone(), Rc::clone(row)))
                        .collect(),
                );
            }
            let (key, row) = self.taken(row, before);
            found.get_or_insert_default().insert(key, row);
        }
        match (found, before) {
            (None, Some(before)) if before.len() == passed => Rc::clone(before),
            (None, before) => {
                let shared = before.into_iter().flat_map(|before| before.iter());
                let shared = shared.take(passed);
                Rc::new(
                    shared
                        .map(|(key, row)| (key.clone(), Rc::clone(row)))
                        .collect(),
                )
            }
            (Some(found), _) => Rc::new(found),
        }
    }

    fn taken(&self, row: &rusqlite::Row<'_>, before: Option<&Rc<Rows>>) -> (String, Rc<Row>) {
        let values: Vec<Value> = (0..self.columns.len())
            .map(|at| row.get(at).unwrap())
            .collect();
        let key = values[..self.key].iter().map(|value| match value {
            Value::Text(text) => text.clone(),
            Value::Integer(number) => format!("{number:012}"),
            other => format!("{other:?}"),
        });
        let key = key.collect::<Vec<_>>().join(" ");
        let old = before.and_then(|before| before.get(&key));
        let row = match old.filter(|old| old.values == values) {
            Some(old) => Rc::clone(old),
            None => Rc::new(Row {
                columns: Rc::clone(&self.columns),
                values,
            }),
        };
        (key, row)
    }
}

/// How every table is read, which the schema says.
#[derive(Clone)]
pub struct Tables(Rc<Vec<Reading>>);

impl Tables {
    /// Those of this database.
    pub fn of(connection: &Connection) -> Self {
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
        let mut names = connection.prepare(names).unwrap();
        let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let names = names.map(Result::unwrap);
        let names = names.filter(|name| !NOT_READ.contains(&name.as_str()));
        let reading = |name: String| {
            // A few dozen, once for each thread.
            let table: &'static str = name.leak();
            let columns = format!(
                "SELECT name FROM pragma_table_xinfo('{table}') ORDER BY iif(pk = 0, 1000 + cid, pk)"
            );
            let columns = texts(connection, &columns);
            let key = format!("SELECT name FROM pragma_table_xinfo('{table}') WHERE pk > 0");
            let key = texts(connection, &key).len();
            let only = match table {
                "roles" => format!("WHERE id NOT LIKE '{DEFAULT_ROLES}%'"),
                "role_permissions" => format!("WHERE role_id NOT LIKE '{DEFAULT_ROLES}%'"),
                // What is in the trail stays; only what a step adds is looked at.
                "audit" => "WHERE sequence > (SELECT max(sequence) FROM audit) - 64".to_owned(),
                _ => String::new(),
            };
            let list = columns.join(", ");
            Reading {
                table,
                sql: format!(
                    "SELECT {list} FROM {table} {only} ORDER BY {}",
                    columns[..key].join(", ")
                ),
                key,
                columns: Rc::new(columns),
            }
        };
        Self(Rc::new(names.map(reading).collect()))
    }
}

/// The texts that a statement answers.
pub fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare_cached(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

impl Facts {
    /// What it holds now. What has not changed since `before` is shared with it: most steps change few rows, and looking
    /// costs less than copying.
    pub fn read(connection: &Connection, tables: &Tables, before: Option<&Self>) -> Self {
        let read = |reading: &Reading| {
            let before = before.map(|before| &before.tables[reading.table]);
            (reading.table, reading.read(connection, before))
        };
        Self {
            tables: tables.0.iter().map(read).collect(),
        }
    }

    /// The names of all tables.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<'_> {
        self.tables.keys().copied()
    }

    /// The rows of a table.
    pub fn table(&self, table: &str) -> &Rows {
        let rows = self.tables.get(table);
        rows.unwrap_or_else(|| panic!("there is no table {table}"))
    }

    /// The same, without their keys.
    pub fn rows(&self, table: &str) -> impl Iterator<Item = &Row> {
        self.table(table).values().map(|row| &**row)
    }

    /// The row of this key.
    pub fn row(&self, table: &str, key: &str) -> Option<&Row> {
        self.table(table).get(key).map(|row| &**row)
    }

    /// Whether a table has the very rows that it has in another.
    pub fn shares(&self, table: &str, other: &Self) -> bool {
        Rc::ptr_eq(&self.tables[table], &other.tables[table])
    }
}

/// A row that a step made, took away or changed: what it was, and what it is.
pub type Change<'a> = (Option<&'a Row>, Option<&'a Row>);

/// What changed in a table.
pub fn changes<'a>(before: &'a Facts, after: &'a Facts, table: &str) -> Vec<Change<'a>> {
    if before.shares(table, after) {
        return Vec::new();
    }
    let (old, new) = (before.table(table), after.table(table));
    let gone = old.iter().filter(|(key, _)| !new.contains_key(*key));
    let gone = gone.map(|(_, row)| (Some(&**row), None));
    let there = new.iter().map(|(key, row)| (old.get(key), row));
    let there = there.filter(|(old, new)| old.is_none_or(|old| !Rc::ptr_eq(old, new)));
    let there = there.map(|(old, new)| (old.map(|row| &**row), Some(&**new)));
    gone.chain(there).collect()
}

/// The rows that are new in a table.
pub fn made<'a>(before: &'a Facts, after: &'a Facts, table: &str) -> Vec<&'a Row> {
    let changes = changes(before, after, table).into_iter();
    changes
        .filter(|(old, _)| old.is_none())
        .filter_map(|(_, new)| new)
        .collect()
}
