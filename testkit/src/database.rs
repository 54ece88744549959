//! D1's double: SQLite in memory behind the platform's one verb.
//!
//! It binds every integer as a float, as D1 does, so a `#name` that is missing shows; rows come back as JSON objects
//! keyed by column name. Before each round trip a test can let something else happen, or make the trip fail in each
//! way in which D1 has been seen to fail.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::future::pending;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::sync::LazyLock;

use rusqlite::types::{Value as Cellular, ValueRef};
use rusqlite::{Connection, StatementStatus, params_from_iter};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};

use tenantry::domain::SAFE_INTEGER;
use tenantry::platform::{Batch, BatchMeta, Database, DatabaseError, Local};
use tenantry::sql::statement::{Statement, Value};

use crate::broken;

/// How a round trip fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// D1 refuses it before it runs anything.
    Refuse,
    /// It gets lost on its way there: nothing runs.
    LoseBefore,
    /// Its answer gets lost: everything has run.
    LoseAfter,
    /// Nothing ever answers, and nothing runs.
    Stall,
    /// Nothing ever answers, but everything has run.
    StallAfter,
}

impl Fault {
    /// Every way to fail.
    pub const ALL: [Self; 5] = [
        Self::Refuse,
        Self::LoseBefore,
        Self::LoseAfter,
        Self::Stall,
        Self::StallAfter,
    ];

    /// Whether the statements run all the same.
    pub fn runs(self) -> bool {
        matches!(self, Self::LoseAfter | Self::StallAfter)
    }
}

type Interlude = Box<dyn FnOnce()>;

/// SQLite as D1. Clones are the same database.
#[derive(Clone)]
pub struct Sqlite(Rc<Inner>);

struct Inner {
    connection: Connection,
    /// Round trips since the last reset, and how much work SQLite did in them.
    trips: Trips,
    steps: Cell<u64>,
    /// Bytes of the rows that came back.
    bytes: Cell<u64>,
    aside: Cell<bool>,
    fault: Cell<Option<(usize, usize, Fault)>>,
    interlude: RefCell<Option<(usize, Interlude)>>,
}

/// How many round trips a call has made.
#[derive(Debug, Default, Clone)]
pub struct Trips {
    all: Cell<usize>,
    refused: Cell<usize>,
}

impl Trips {
    /// Counts one more.
    pub fn count(&self, statements: &[Statement]) {
        self.all.set(self.all.get() + 1);
        if statements.iter().any(Statement::is_verdict) {
            self.refused.set(self.refused.get() + 1);
        }
    }

    /// All of them.
    pub fn all(&self) -> usize {
        self.all.get()
    }

    /// Without the one that only a refused write makes, which asks for the verdict.
    pub fn unrefused(&self) -> usize {
        self.all.get() - self.refused.get()
    }

    fn set(&self, to: &Self) {
        self.all.set(to.all.get());
        self.refused.set(to.refused.get());
    }

    fn reset(&self) {
        self.set(&Self::default());
    }
}

static REGISTERED: LazyLock<HashSet<usize>> = LazyLock::new(|| {
    let statements = tenantry::store::statements();
    statements.into_iter().map(address).collect()
});

fn address(sql: &'static tenantry::sql::Sql) -> usize {
    std::ptr::from_ref(sql) as usize
}

impl Sqlite {
    /// A database behind this connection.
    pub fn new(connection: Connection) -> Self {
        Self(Rc::new(Inner {
            connection,
            trips: Trips::default(),
            steps: Cell::default(),
            bytes: Cell::default(),
            aside: Cell::default(),
            fault: Cell::default(),
            interlude: RefCell::default(),
        }))
    }

    /// SQLite itself, for what a test arranges or looks at.
    pub fn connection(&self) -> &Connection {
        &self.0.connection
    }

    /// Forgets what was counted and planned.
    pub fn reset(&self) {
        self.0.trips.reset();
        self.0.steps.set(0);
        self.0.bytes.set(0);
    }

    /// Round trips since the last reset.
    pub fn trips(&self) -> &Trips {
        &self.0.trips
    }

    /// Steps of SQLite's virtual machine since the last reset: work that grows with the rows that are visited.
    pub fn steps(&self) -> u64 {
        self.0.steps.get()
    }

    /// Bytes of all rows that came back since the last reset: what crosses into the module.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.get()
    }

    /// Lets the round trip of this number, counted from 1 since the reset, fail.
    pub fn fail(&self, trip: usize, fault: Fault) {
        self.fail_each(trip..=trip, fault);
    }

    /// Lets each round trip of these numbers fail.
    pub fn fail_each(&self, trips: RangeInclusive<usize>, fault: Fault) {
        self.0
            .fault
            .set(Some((*trips.start(), *trips.end(), fault)));
    }

    /// Lets something happen before the round trip of this number, counted from 1 since the reset.
    pub fn before(&self, trip: usize, interlude: impl FnOnce() + 'static) {
        *self.0.interlude.borrow_mut() = Some((trip, Box::new(interlude)));
    }

    /// Takes back what was planned and has not happened; answers whether there was something.
    pub fn withdraw(&self) -> bool {
        let fault = self.0.fault.take().is_some();
        self.0.interlude.take().is_some() || fault
    }

    fn take_interlude(&self, trip: usize) -> Option<Interlude> {
        let mut planned = self.0.interlude.borrow_mut();
        let (_, interlude) = planned.take_if(|(number, _)| *number == trip)?;
        Some(interlude)
    }

    /// Does something whose round trips do not count and do not fail: what a call leaves to be done when it is answered.
    pub(crate) fn aside(&self, work: impl FnOnce()) {
        self.0.aside.set(true);
        work();
        self.0.aside.set(false);
    }

    async fn answer(&self, statements: &[Statement]) -> Result<Batch, DatabaseError> {
        if self.0.aside.get() {
            return self.run(statements);
        }
        self.0.trips.count(statements);
        let trip = self.0.trips.all();
        if let Some(interlude) = self.take_interlude(trip) {
            // What happens meanwhile counts for itself.
            let (steps, bytes) = (self.0.steps.get(), self.0.bytes.get());
            let trips = self.0.trips.clone();
            interlude();
            self.0.trips.set(&trips);
            self.0.steps.set(steps);
            self.0.bytes.set(bytes);
        }
        let fault = self
            .0
            .fault
            .get()
            .filter(|(first, last, _)| (*first..=*last).contains(&trip));
        let Some((_, last, fault)) = fault else {
            return self.run(statements);
        };
        if trip == last {
            self.0.fault.set(None);
        }
        self.fail_now(fault, statements).await
    }

    /// Fails in this way.
    pub(crate) async fn fail_now(
        &self,
        fault: Fault,
        statements: &[Statement],
    ) -> Result<Batch, DatabaseError> {
        if fault.runs() {
            self.run(statements)?;
        }
        match fault {
            Fault::Refuse => Err(DatabaseError::from_message(
                "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
            )),
            Fault::LoseBefore | Fault::LoseAfter => Err(DatabaseError::from_message(
                "D1_ERROR: Network connection lost.",
            )),
            Fault::Stall | Fault::StallAfter => pending().await,
        }
    }

    /// Runs the statements in one transaction, all or none.
    pub fn run(&self, statements: &[Statement]) -> Result<Batch, DatabaseError> {
        // No BEGIN, so that a whole run can be taken back, too.
        self.execute("SAVEPOINT trip")?;
        let batch = self.run_all(statements);
        if batch.is_err() {
            self.execute("ROLLBACK TO trip")?;
        }
        self.execute("RELEASE trip")?;
        batch
    }

    fn execute(&self, sql: &str) -> Result<(), DatabaseError> {
        let statement = self.0.connection.prepare_cached(sql);
        statement
            .and_then(|mut statement| statement.execute([]))
            .map_err(classify)?;
        Ok(())
    }

    /// Begins what [`Sqlite::rewind`] takes back, whatever happens in between. What SQLite has parsed stays parsed.
    pub fn mark(&self) {
        self.0.connection.execute_batch("SAVEPOINT mark").unwrap();
    }

    /// Takes back everything since the mark.
    pub fn rewind(&self) {
        let connection = &self.0.connection;
        connection
            .execute_batch("ROLLBACK TO mark; RELEASE mark")
            .unwrap();
        self.reset();
        self.withdraw();
    }

    fn run_all(&self, statements: &[Statement]) -> Result<Batch, DatabaseError> {
        let mut batch = Batch::default();
        for statement in statements {
            let sql = statement.sql();
            assert!(
                REGISTERED.contains(&address(sql)),
                "{} is not among store::statements()",
                sql.name()
            );
            let (rows, meta) = self.run_one(statement)?;
            batch.meta.rows_read += meta.rows_read;
            batch.meta.rows_written += meta.rows_written;
            let rows = Json::Array(rows).to_string();
            self.0.bytes.set(self.0.bytes.get() + rows.len() as u64);
            batch.rows.push(RawValue::from_string(rows).unwrap());
        }
        Ok(batch)
    }

    fn run_one(&self, statement: &Statement) -> Result<(Vec<Json>, BatchMeta), DatabaseError> {
        let values: Vec<Cellular> = statement.values()?.into_iter().map(bind).collect();
        let connection = &self.0.connection;
        let changes = connection.total_changes();
        let mut prepared = connection
            .prepare_cached(broken::text(statement))
            .map_err(classify)?;
        let names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
        let unique: HashSet<&String> = names.iter().collect();
        assert_eq!(
            unique.len(),
            names.len(),
            "{}: two columns of one name",
            statement.sql().name()
        );
        let mut answers = Vec::new();
        let mut rows = prepared.query(params_from_iter(values)).map_err(classify)?;
        while let Some(row) = rows.next().map_err(classify)? {
            let mut object = Map::new();
            for (index, name) in names.iter().enumerate() {
                object.insert(name.clone(), to_json(row.get_ref(index).unwrap()));
            }
            answers.push(Json::Object(object));
        }
        drop(rows);
        if statement.is_verdict() {
            broken::note(statement.sql(), &answers);
        }
        let steps = prepared.reset_status(StatementStatus::VmStep);
        self.0
            .steps
            .set(self.0.steps.get() + u64::try_from(steps).unwrap());
        let meta = BatchMeta {
            rows_read: answers.len() as u64,
            rows_written: connection.total_changes() - changes,
            duration: 0.0,
        };
        Ok((answers, meta))
    }
}

impl Database for Sqlite {
    fn batch<'a>(&'a self, statements: &'a [Statement]) -> Local<'a, Result<Batch, DatabaseError>> {
        Box::pin(self.answer(statements))
    }
}

/// D1 binds every number as a float.
fn bind(value: &Value) -> Cellular {
    match value {
        Value::Null => Cellular::Null,
        Value::Text(text) => Cellular::Text(text.clone()),
        Value::Integer(integer) => Cellular::Real(*integer as f64),
    }
}

fn to_json(value: ValueRef<'_>) -> Json {
    match value {
        ValueRef::Null => Json::Null,
        ValueRef::Integer(integer) => {
            assert!(
                integer.abs() <= SAFE_INTEGER,
                "{integer} would be rounded on its way through JavaScript"
            );
            json!(integer)
        }
        ValueRef::Real(real) => json!(real),
        ValueRef::Text(text) => json!(std::str::from_utf8(text).unwrap()),
        ValueRef::Blob(_) => panic!("a blob crosses JavaScript as an array of numbers"),
    }
}

/// SQLite's words in D1's wrapping.
fn classify(error: rusqlite::Error) -> DatabaseError {
    let kind = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => "SQLITE_CONSTRAINT",
        _ => "SQLITE_ERROR",
    };
    DatabaseError::from_message(&format!("D1_ERROR: {error}: {kind}"))
}
