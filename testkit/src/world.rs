//! A world: one organization with two projects, everybody who can call them, and somebody from elsewhere.
//!
//! Who they are stands in `cast.rs`. A world is copied from one that was made once through the API itself, so it costs
//! about a millisecond; a test makes one in a line, calls it, and asserts.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::join_all;
use rusqlite::Connection;
use serde_json::{Value as Json, json};

use tenantry::app::{self, Answered};
use tenantry::domain::Timestamp;
use tenantry::platform::{Config, Database, Local, Log, Payloads, Platform, Queue};
use tenantry::web::request::Request;
use tenantry::web::response::{Body, Response};

use crate::begun::Begun;
use crate::call::{Answer, Call};
use crate::cast::{Caller, TEMPLATE};
use crate::clock::{CountingEntropy, SetClock};
use crate::database::{Fault, Sqlite, Trips};
use crate::payloads::Store;
use crate::queue::Messages;
use crate::shield::Shielding;
use crate::upstream::Upstreams;
use crate::wire::Wire;
use crate::{run, schema};

/// The organization that the tests live in.
pub const ORGANIZATION: &str = "acme";
/// Its project.
pub const PROJECT: &str = "vision";
/// Its other project.
pub const OTHER_PROJECT: &str = "audio";
/// The project of somebody else.
pub const FOREIGN_PROJECT: &str = "reactor";
/// The operator's secret.
pub const OPERATOR_TOKEN: &str = "the operator's token of these tests";
/// The key under which the world's tokens are digested.
pub const TOKEN_KEY: &str = "the key of these tests";

/// The key from which the world's secrets are derived.
pub const SIGNING_KEY: &str = "the signing key of these tests";

/// When a world begins.
const BEGINNING: &str = "2026-06-15T12:00:00Z";
/// An hour, in milliseconds.
pub const HOUR: i64 = 3_600_000;

/// The world. Clones are the same one, for what happens in between.
#[derive(Clone)]
pub struct World {
    /// The database, where faults and interludes are planned.
    pub database: Sqlite,
    /// The clock, which stands still.
    pub clock: SetClock,
    /// The random source.
    pub entropy: CountingEntropy,
    /// The servers behind the gate, where their answers are planned.
    pub upstream: Upstreams,
    /// Where long payloads are kept; none in an installation without such a store.
    pub payloads: Option<Store>,
    /// What tells of requests that wait; none in an installation without a queue.
    pub queue: Option<Messages>,
    /// What is in front of reads without a token.
    pub shield: Shielding,
    pub(crate) config: Rc<Config>,
    pub(crate) cast: Rc<HashMap<&'static str, Caller>>,
    logs: LogList,
    writes_afterwards: Rc<Cell<bool>>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// The world as the module describes it.
    pub fn new() -> Self {
        let template = TEMPLATE.lock().unwrap();
        Self::over(
            schema::copy(&template.connection),
            template.now,
            template.drawn,
            template.cast.clone(),
        )
    }

    /// A world in which nobody is yet but the operator.
    pub fn empty() -> Self {
        let beginning = Timestamp::parse(BEGINNING).unwrap();
        Self::over(schema::fresh(), beginning, 0, HashMap::new())
    }

    fn over(
        connection: Connection,
        now: Timestamp,
        drawn: u64,
        cast: HashMap<&'static str, Caller>,
    ) -> Self {
        let database = Sqlite::new(connection);
        let clock = SetClock::at(now);
        let upstream = Upstreams::new(&clock);
        let payloads = Some(Store::new(&clock));
        let entropy = CountingEntropy::after(drawn);
        Self {
            database,
            clock,
            entropy,
            upstream,
            payloads,
            queue: Some(Messages::default()),
            shield: Shielding::default(),
            config: Rc::new(config(&[])),
            cast: Rc::new(cast),
            logs: LogList::default(),
            writes_afterwards: Rc::new(Cell::new(true)),
        }
    }

    /// A world of its own with the same content and settings, at the same time.
    pub fn copy(&self) -> Self {
        let connection = schema::copy(self.database.connection());
        let drawn = self.entropy.drawn();
        let mut copy = Self::over(connection, self.now(), drawn, (*self.cast).clone());
        copy.upstream = self.upstream.copy(&copy.clock);
        copy.payloads = self.payloads.as_ref().map(|store| store.copy(&copy.clock));
        copy.config = Rc::clone(&self.config);
        copy
    }

    /// A world of its own over the same database, which begins when and as this one does; of two such worlds one is used
    /// at a time.
    pub fn over_the_same_database(&self) -> Self {
        let clock = SetClock::at(self.now());
        Self {
            database: self.database.clone(),
            entropy: CountingEntropy::after(self.entropy.drawn()),
            upstream: self.upstream.copy(&clock),
            payloads: self.payloads.as_ref().map(|store| store.copy(&clock)),
            queue: self.queue.as_ref().map(|_| Messages::default()),
            shield: Shielding::default(),
            config: Rc::clone(&self.config),
            cast: Rc::clone(&self.cast),
            logs: LogList::default(),
            writes_afterwards: Rc::new(Cell::new(true)),
            clock,
        }
    }

    /// The same world under other settings, as after a new deployment.
    pub fn with_settings(&self, settings: &[(&str, &str)]) -> Self {
        Self {
            config: Rc::new(config(settings)),
            ..self.clone()
        }
    }

    /// One call with a JSON body; `null` is no body.
    pub fn call(&self, by: &Caller, method: &str, target: &str, body: Json) -> Answer {
        let call = Call::new(method, target).by(by);
        self.send(match body {
            Json::Null => call,
            body => call.json(&body),
        })
    }

    /// One GET.
    pub fn get(&self, by: &Caller, target: &str) -> Answer {
        self.call(by, "GET", target, Json::Null)
    }

    /// One call. What every answer must keep is checked here: at most two round trips, of a refused write one more, no
    /// 500, a request id, and that no browser guesses its type.
    ///
    /// The work that it leaves is done to its end. When nothing else can go on, the clock moves to the next deadline.
    pub fn send(&self, call: Call) -> Answer {
        let config = Rc::clone(&self.config);
        self.send_to(call, |request, platform| {
            Box::pin(async move { app::handle(request, &platform, &config).await })
        })
    }

    /// One call, to something else than the app.
    pub fn send_to(
        &self,
        call: Call,
        answers: impl FnOnce(Request, Rc<Platform>) -> Local<'static, Answered>,
    ) -> Answer {
        self.database.reset();
        let line = call.to_line();
        let wire = Wire::new(&self.clock, call.hang_up);
        let platform = self.platform(self.database.clone(), &wire);
        let handling = answers(call.into_request(&wire), platform);
        let mut answered = self.to_end(&line, handling);
        let mut trips = self.database.trips().clone();
        self.note(std::mem::take(&mut answered.afterwards));
        if self.writes_afterwards.get() {
            let work = std::mem::take(&mut answered.work);
            self.to_end(&line, Box::pin(join_all(work)));
        }
        if matches!(answered.response.body, Body::Stream(_)) {
            trips = self.database.trips().clone();
        }
        self.answered(line, answered, &wire, &trips)
    }

    /// Does some work to its end, deadlines included.
    pub fn to_end<T>(&self, line: &str, work: Local<'_, T>) -> T {
        let done = run::to_end(&self.clock, work);
        done.unwrap_or_else(|| panic!("{line} waits for something that never comes"))
    }

    /// The platform of one call.
    pub fn platform(&self, database: impl Database + 'static, wire: &Wire) -> Rc<Platform> {
        Rc::new(Platform {
            database: Box::new(database),
            clock: Box::new(self.clock.clone()),
            entropy: Box::new(self.entropy.clone()),
            crypto: Box::new(crate::crypto::Aes),
            payloads: self
                .payloads
                .clone()
                .map(|store| Box::new(store) as Box<dyn Payloads>),
            queue: self
                .queue
                .clone()
                .map(|queue| Box::new(queue) as Box<dyn Queue>),
            upstream: Box::new(self.upstream.clone()),
            shield: Box::new(self.shield.clone()),
            streams: Box::new(wire.clone()),
            log: Box::new(self.logs.clone()),
        })
    }

    /// Notes what an answered call leaves to be noted.
    pub(crate) fn note(&self, afterwards: Vec<Local<'static, ()>>) {
        if self.writes_afterwards.get() {
            self.database.aside(|| {
                for work in afterwards {
                    work.now_or_never().expect("it waits for something");
                }
            });
        }
    }

    /// Begins a call, which then stands before its first round trip until it is let go on.
    pub fn begin(&self, call: Call) -> Begun {
        Begun::new(self, call)
    }

    /// What a call has come to after so many round trips.
    pub(crate) fn answered(
        &self,
        call: String,
        answered: Answered,
        wire: &Wire,
        trips: &Trips,
    ) -> Answer {
        let Response {
            status,
            mut headers,
            passed,
            body,
        } = answered.response;
        for (name, value) in passed {
            // Few, and a test ends soon.
            headers.push((name.leak(), value));
        }
        let writes = wire.writes();
        let mut answer = Answer {
            status: status.as_u16(),
            headers,
            body: match body {
                Body::Stream(_) => writes.concat(),
                body => body.into_bytes(),
            },
            writes,
            closed: wire.is_closed(),
            length: wire.length(),
            log: String::new(),
            trips: trips.all(),
            call,
        };
        // What is passed on from an upstream is kept in a sandbox; a 500 of our own is a bug.
        let is_passed_on = answer.header("content-security-policy").is_some();
        assert!(
            answer.status != 500 || is_passed_on,
            "{answer} {:?}",
            self.logs().last()
        );
        let is_about = |part: &str| answer.call.contains(part);
        let most = if is_about("/pipelines/") && is_about("/requests") {
            // Each of a hundred objects is admitted and settled.
            300
        } else if ["/requests", "/openai-compatible", "/results", " /services/"]
            .into_iter()
            .any(is_about)
        {
            // A lease is extended, and a settlement repeated, as often as that is due.
            100
        } else if is_about("/copy-environment-variables") || is_about("/schedules") {
            // A copy opens what it has read and seals it anew before it writes; a schedule holds what it sends against the
            // fields of its deployment.
            3
        } else {
            2
        };
        assert!(trips.unrefused() <= most, "{answer}: {trips:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert!(
            id.len() == 32
                && id
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
        );
        answer.log = self.logs.of(&id);
        answer
    }

    /// Lets the round trip of this number (from 1) of the next call fail.
    pub fn fail(&self, trip: usize, fault: Fault) {
        self.database.fail(trip, fault);
    }

    /// Lets something else happen before the round trip of this number (from 1) of the next call.
    pub fn before_trip(&self, trip: usize, interlude: impl FnOnce(&Self) + 'static) {
        let world = self.clone();
        self.database.before(trip, move || interlude(&world));
    }

    /// Makes a call while something else happens before its round trip of this number; it must have happened.
    #[track_caller]
    pub fn send_while(
        &self,
        trip: usize,
        interlude: impl FnOnce(&Self) + 'static,
        call: Call,
    ) -> Answer {
        self.before_trip(trip, interlude);
        let answer = self.send(call);
        assert!(
            !self.database.withdraw(),
            "{answer}: nothing came in between"
        );
        answer
    }

    /// Whether the work and the statements that follow an answer are run; they are, unless a test says otherwise.
    pub fn writes_afterwards(&self, writes: bool) {
        self.writes_afterwards.set(writes);
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        use tenantry::platform::Clock;
        self.clock.now()
    }

    /// Moves the clock.
    pub fn pass(&self, milliseconds: i64) {
        self.clock.set(self.now().plus_millis(milliseconds));
    }

    /// The instant so many milliseconds from now, as a body has it.
    pub fn after(&self, milliseconds: i64) -> String {
        self.now().plus_millis(milliseconds).to_offset_string()
    }

    /// Every line of the log so far.
    pub fn logs(&self) -> Vec<String> {
        self.logs.0.borrow().clone()
    }

    /// A path of the project.
    pub fn path(&self, rest: &str) -> String {
        format!("/v2.1/projects/{PROJECT}{rest}")
    }

    /// A new service user of the project with these roles, made by the owner.
    pub fn service_user(&self, roles: &[&str]) -> Caller {
        self.service_user_of(PROJECT, roles, json!({"name": "made"}))
    }

    /// A new service user of a project, with these fields and roles.
    pub fn service_user_of(&self, project: &str, roles: &[&str], body: Json) -> Caller {
        let path = format!("/v2.1/projects/{project}/service-users");
        let made = self.call(&self.owner(), "POST", &path, body).expect(201);
        let caller = Caller {
            is_in_session: false,
            id: made.text("id"),
            email: made.text("email"),
            token: Some(made.text("token")),
        };
        for role in roles {
            self.assign(project, role, &caller.id);
        }
        caller
    }

    /// Gives a role on the whole project; answers the assignment's id.
    pub fn assign(&self, project: &str, role: &str, assignee: &str) -> String {
        let path = format!("/v2.1/projects/{project}/role-assignments");
        let body = json!({"role": role, "assignee": assignee});
        let assigned = self.call(&self.operator(), "POST", &path, body);
        assigned.expect(201).text("id")
    }

    /// The id of the project.
    pub fn project_id(&self) -> String {
        let connection = self.database.connection();
        let sql = "SELECT id FROM projects WHERE name = ?1";
        connection
            .query_row(sql, [PROJECT], |row| row.get(0))
            .unwrap()
    }

    /// A path of the project's workspaces, as the clients of ModelArts write it.
    pub fn workspaces(&self, rest: &str) -> String {
        let id = self.project_id().replace('-', "");
        format!("/v1/{id}/workspaces{rest}")
    }

    /// The id of a new workspace of the project.
    pub fn workspace(&self) -> String {
        let body = json!({"name": "workspace"});
        let made = self.call(&self.operator(), "POST", &self.workspaces(""), body);
        made.expect(200).text("id")
    }

    /// Lets custom roles be made in the project.
    pub fn allow_custom_roles(&self) {
        let allowed = "UPDATE projects SET advanced_permissions = 1 WHERE name = ?1";
        self.execute(allowed, [PROJECT]);
    }

    /// The name of a new custom role of the project with these permissions, made by the operator.
    pub fn custom_role(&self, permissions: &[&str]) -> String {
        self.allow_custom_roles();
        let name = format!("custom-{}", self.entropy.drawn());
        let body = json!({"name": name, "permissions": permissions});
        let made = self.call(&self.operator(), "POST", &self.path("/roles"), body);
        made.expect(201).text("name")
    }

    /// A new deployment of the project with one field in and one out and a version `v1`, made by the operator; its id.
    pub fn deployment(&self, name: &str) -> String {
        self.object(
            "deployments",
            json!({
                "name": name, "input_type": "structured", "output_type": "structured",
                "input_fields": [{"name": "x", "data_type": "int"}],
                "output_fields": [{"name": "y", "data_type": "int"}],
            }),
        )
    }

    /// A new pipeline of the project with one field in and one out and an empty version `v1`, made by the operator;
    /// its id.
    pub fn pipeline(&self, name: &str) -> String {
        self.object(
            "pipelines",
            json!({
                "name": name, "input_type": "structured", "output_type": "structured",
                "input_fields": [{"name": "in", "data_type": "int"}],
                "output_fields": [{"name": "out", "data_type": "int"}],
            }),
        )
    }

    fn object(&self, kind: &str, body: Json) -> String {
        let path = self.path(&format!("/{kind}"));
        let name = body["name"].as_str().unwrap().to_owned();
        let made = self.call(&self.operator(), "POST", &path, body).expect(201);
        let versions = format!("{path}/{name}/versions");
        let version = json!({"version": "v1"});
        self.call(&self.operator(), "POST", &versions, version)
            .expect(201);
        made.text("id")
    }

    /// Gives a role on a deployment or a pipeline of the project; answers the assignment's id.
    pub fn assign_on(&self, kind: &str, name: &str, role: &str, assignee: &str) -> String {
        let body = json!({
            "role": role, "assignee": assignee, "resource": name, "resource_type": kind,
        });
        let path = self.path("/role-assignments");
        self.call(&self.operator(), "POST", &path, body)
            .expect(201)
            .text("id")
    }

    /// A new person with an account, who belongs to nothing.
    pub fn person(&self, name: &str) -> Caller {
        let email = format!("{name}@example.com");
        let body = json!({"email": email, "name": name});
        let made = self.call(&self.operator(), "POST", "/operator/v1/users", body);
        let made = made.expect(201);
        Caller {
            is_in_session: false,
            id: made.text("id"),
            email,
            token: Some(made.text("token")),
        }
    }

    /// Makes somebody a member of an organization, or its admin, who has joined it, past the API.
    pub fn join(&self, organization: &str, person: &Caller, admin: bool) {
        self.execute(
            "INSERT INTO organization_users (organization_id, user_id, admin, join_date, joined)
             SELECT id, ?2, ?3, 0, 1 FROM organizations WHERE name = ?1",
            (organization, &person.id, admin),
        );
    }

    /// Runs a statement past the API; answers how many rows it changed.
    pub fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> usize {
        let connection = self.database.connection();
        connection.execute(sql, parameters).unwrap()
    }

    /// The integer that a statement answers, past the API.
    pub fn count(&self, sql: &str) -> i64 {
        let connection = self.database.connection();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Everything that the database holds, as text: what a thief of its file would read.
    pub fn dump(&self) -> String {
        schema::dump(self.database.connection())
    }
}

/// The log, a list of lines. Clones are the same one.
#[derive(Clone, Default)]
struct LogList(Rc<RefCell<Vec<String>>>);

impl LogList {
    /// The line of the request with this id.
    fn of(&self, id: &str) -> String {
        let lines = self.0.borrow();
        let line = lines.iter().rev().find(|line| line.contains(id));
        line.cloned().unwrap_or_default()
    }
}

impl Log for LogList {
    fn write(&self, line: &str) {
        self.0.borrow_mut().push(line.to_owned());
    }
}

fn config(settings: &[(&str, &str)]) -> Config {
    Config::from_settings(|name| {
        let set = settings.iter().find(|(known, _)| *known == name);
        let default = match name {
            "TOKEN_KEY" => Some(TOKEN_KEY),
            "OPERATOR_TOKEN" => Some(OPERATOR_TOKEN),
            "SIGNING_KEY" => Some(SIGNING_KEY),
            "ADMIN_SIGN_IN_LINKS" => Some("true"),
            _ => None,
        };
        set.map(|(_, value)| *value).or(default).map(str::to_owned)
    })
    .unwrap()
}
