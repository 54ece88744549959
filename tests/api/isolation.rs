//! What belongs to another tenant is like what does not exist: no call can tell the two apart, and none touches it.
//!
//! There are two tenants that have one of everything. Each route of the table is called by those of one, each time with
//! one of the ids and names of the other in one place of its path, query or body; and again with an id or name that is
//! nobody's. Status, headers, body, what changes in the database and what is sent to an upstream are the same, but for the
//! id or name itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::thread;

use rusqlite::types::ValueRef;
use schemars::SchemaGenerator;
use serde_json::{Value as Json, json};

use tenantry::routes::{self, Route};

use testkit::requests::plausible;
use testkit::tenant::Tenant;
use testkit::world::{ORGANIZATION, PROJECT};
use testkit::{Call, Caller, World};

use crate::proof;

/// What is in each name of the other tenant, and in no id.
const TAG: &str = "zother";

/// An id or a name of the other tenant.
#[derive(Clone)]
struct Theirs {
    /// Where it stands: a table and a column.
    column: String,
    value: String,
    /// What is like it, next to it in every order, and nobody's.
    nobodys: String,
}

/// Two tenants, and whoever calls.
struct Two {
    world: World,
    theirs: Vec<Theirs>,
    /// All their ids and names.
    all: BTreeSet<String>,
    /// Each sort of caller of the first tenant.
    callers: [(&'static str, Caller); 5],
}

/// Every text of the database, with where it stands.
fn texts(world: &World) -> BTreeSet<(String, String)> {
    let connection = world.database.connection();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut tables = connection.prepare(names).unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut texts = BTreeSet::new();
    for table in tables {
        let table = table.unwrap();
        let mut all = connection
            .prepare(&format!("SELECT * FROM \"{table}\""))
            .unwrap();
        let columns: Vec<String> = all.column_names().map(str::to_owned).collect();
        let mut rows = all.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for (index, column) in columns.iter().enumerate() {
                if let ValueRef::Text(text) = row.get_ref(index).unwrap() {
                    let text = std::str::from_utf8(text).unwrap().to_owned();
                    texts.insert((format!("{table}.{column}"), text));
                }
            }
        }
    }
    texts
}

/// Whether it is an id, or a name that the other tenant has given.
fn is_identity(column: &str, text: &str) -> bool {
    let is_uuid = text.len() == 36 && text.bytes().filter(|byte| *byte == b'-').count() == 4;
    let is_name = text.contains(TAG) && !text.contains(['{', '[', '"', ' ', '/', '$']);
    let is_plain = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_plain = is_plain && column == "workspaces.id";
    let is_host = column.ends_with(".host") || column.ends_with("origin");
    (is_uuid || is_plain || is_name || column == "access_keys.id") && !is_host
}

/// What differs from it in one character alone, the last that counts, and is in no list of what there is.
fn nobodys(value: &str, is_there: impl Fn(&str) -> bool) -> String {
    let end = value.find('@').unwrap_or(value.len());
    let (start, last) = (&value[..end - 1], &value[end - 1..end]);
    let alike = match last {
        "m" => "n",
        digit if "0123456789abcdef".contains(digit) => "0123456789abcdef",
        _ => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    };
    alike
        .chars()
        .map(|other| format!("{start}{other}{}", &value[end..]))
        .find(|other| other != value && !is_there(other))
        .unwrap_or_else(|| panic!("all that is like {value} is somebody's"))
}

impl Two {
    fn new() -> Self {
        let world = World::new();
        let own = Tenant::of(ORGANIZATION, PROJECT, &world.owner(), "zown");
        own.furnish(&world);
        let callers = [
            ("owner", world.owner()),
            ("admin", world.admin()),
            ("viewer", world.viewer()),
            ("service user", world.robot()),
            ("owner in a session", world.owner_in_session()),
        ];
        // So that no call is somebody's first.
        for (_, caller) in &callers {
            world.get(caller, &world.path("")).expect(200);
        }
        let before = texts(&world);
        Tenant::found(&world, TAG).furnish(&world);
        let known: HashSet<&String> = before.iter().map(|(_, text)| text).collect();
        let after = texts(&world);
        let is_there = |other: &str| after.iter().any(|(_, text)| text == other);
        let mut new: Vec<&(String, String)> = after
            .iter()
            .filter(|(column, text)| !known.contains(text) && is_identity(column, text))
            .collect();
        new.sort_by_key(|(column, _)| !is_home(column));
        let mut theirs: Vec<Theirs> = Vec::new();
        let mut all = BTreeSet::new();
        let mut of_column: BTreeSet<&str> = BTreeSet::new();
        for (column, value) in new {
            // Of what there are many alike, such as rows of the trail, one.
            if !all.insert(value.clone()) || !of_column.insert(column.as_str()) {
                continue;
            }
            let mut values = vec![value.clone()];
            if column == "projects.id" {
                values.push(value.replace('-', ""));
            }
            theirs.extend(values.into_iter().map(|value| Theirs {
                column: column.clone(),
                nobodys: nobodys(&value, is_there),
                value,
            }));
        }
        world.writes_afterwards(false);
        Self {
            world,
            theirs,
            all,
            callers,
        }
    }

    /// Their thing that stands in a place of a path.
    fn at(&self, parameter: &str) -> Option<&Theirs> {
        let column = match parameter {
            "{organization_name}" => "organizations.name",
            "{project_name}" => "projects.name",
            "{project_id}" => "projects.id",
            "{deployment_name}" => "deployments.name",
            "{pipeline_name}" => "pipelines.name",
            "{version}" => "deployment_versions.version",
            "{service_user_id}" => "service_users.id",
            "{access_key}" => "access_keys.id",
            "{user_id}" => "users.id",
            "{role_name}" => "roles.name",
            "{assignment_id}" => "role_assignments.id",
            "{variable_id}" => "environment_variables.id",
            "{revision_id}" => "upstream_revisions.id",
            "{request_id}" => "requests.id",
            "{schedule_name}" => "request_schedules.name",
            "{webhook_name}" => "webhooks.name",
            "{test_id}" => "webhooks.id",
            "{service_name}" => "services.name",
            "{service_id}" => "services.id",
            "{workspace_id}" => "workspaces.id",
            _ => return None,
        };
        let found = self.theirs.iter().find(|theirs| theirs.column == column);
        Some(found.unwrap_or_else(|| panic!("they have no {column}")))
    }
}

/// Whether what stands there is the thing's own id or name, and not told by another.
fn is_home(column: &str) -> bool {
    let (table, column) = column.split_once('.').unwrap();
    ["id", "name", "version", "email"].contains(&column) && table != "audit"
}

/// The tables in which what could stand in a place is.
fn fitting(place: &str) -> &'static [&'static str] {
    let of: &[(&str, &[&str])] = &[
        ("organization", &["organizations"]),
        ("project", &["projects"]),
        ("pipeline", &["pipelines"]),
        ("service_user", &["service_users"]),
        ("service", &["services"]),
        ("source_version", &["deployment_versions"]),
        ("version", &["deployment_versions", "pipeline_versions"]),
        ("deployment", &["deployments"]),
        ("model", &["deployments"]),
        ("object", &["deployments", "pipelines"]),
        ("reference", &["deployments", "pipelines"]),
        ("resource", &["projects", "deployments", "pipelines"]),
        ("grants", &["users"]),
        ("user", &["users", "service_users"]),
        ("assignee", &["users", "service_users"]),
        ("email", &["users", "service_users"]),
        ("role", &["roles"]),
        ("assignment", &["role_assignments"]),
        ("schedule", &["request_schedules"]),
        ("request", &["requests"]),
        ("search_id", &["requests"]),
        ("access_key", &["access_keys"]),
        ("variable", &["environment_variables"]),
        ("revision", &["upstream_revisions"]),
        ("workspace", &["workspaces"]),
        ("webhook", &["webhooks"]),
        ("test", &["webhooks"]),
        ("session", &["tokens"]),
        ("before", &["audit"]),
        (
            "labels",
            &[
                "deployments",
                "deployment_versions",
                "pipelines",
                "pipeline_versions",
            ],
        ),
        (
            "after",
            &["users", "service_users", "deployments", "role_assignments"],
        ),
        ("name", &["organizations", "projects", "deployments"]),
        ("0/0", &["requests"]),
        ("0/id", &["quota_consumptions"]),
    ];
    let found = of.iter().find(|(word, _)| place.contains(word));
    found.map_or(&[], |(_, tables)| tables)
}

/// What a call came to, without what is new in each one.
#[derive(PartialEq, Eq, Clone, Debug)]
struct Seen {
    status: u16,
    headers: String,
    body: String,
    /// Rows that were taken away and added.
    changes: BTreeSet<String>,
    sent: Vec<String>,
}

/// A world in which calls are made as if each were the first.
struct Stage {
    ready: World,
    world: World,
    dump: BTreeSet<String>,
    drawn: u64,
    calls: usize,
}

impl Stage {
    fn new(ready: &World) -> Self {
        ready.writes_afterwards(false);
        let world = Self::copied(ready);
        Self {
            dump: lines(ready),
            drawn: ready.entropy.drawn(),
            ready: ready.clone(),
            world,
            calls: 0,
        }
    }

    fn copied(ready: &World) -> World {
        let world = ready.copy();
        world.writes_afterwards(false);
        world
    }

    fn see(&mut self, call: &Call, value: &str) -> Seen {
        self.calls += 1;
        let mut world = self.world.clone();
        world.entropy = testkit::clock::CountingEntropy::after(self.drawn);
        let connection = world.database.connection();
        let changes = connection.total_changes();
        let sent = world.upstream.calls().len();
        let answer = world.send(call.clone());
        let mut headers: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| *name != "x-request-id")
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        headers.sort();
        let is_changed = connection.total_changes() != changes;
        let sent = world.upstream.calls().split_off(sent);
        let mut seen = Seen {
            status: answer.status,
            headers: masked(&headers.join("\n"), value),
            body: masked(&String::from_utf8_lossy(&answer.body), value),
            changes: BTreeSet::new(),
            sent: sent
                .into_iter()
                .map(|call| {
                    masked(
                        &format!("{} {}", call.outgoing.method, call.outgoing.url),
                        value,
                    )
                })
                .collect(),
        };
        if is_changed {
            let after = lines(&self.world);
            let gone = self.dump.difference(&after).map(|line| format!("- {line}"));
            let new = after.difference(&self.dump).map(|line| format!("+ {line}"));
            seen.changes = gone
                .chain(new)
                .map(|line| masked(&undrawn(line), value))
                .collect();
            self.world = Self::copied(&self.ready);
        }
        seen
    }
}

fn lines(world: &World) -> BTreeSet<String> {
    world.dump().lines().map(str::to_owned).collect()
}

/// A text without an id or name, as it may be written.
fn masked(text: &str, value: &str) -> String {
    if value.is_empty() {
        return text.to_owned();
    }
    let mut text = text.replace(value, "<it>");
    text = text.replace(&value.to_ascii_lowercase(), "<it>");
    // A long one is cut short in sentences.
    if value.len() > 60 && text.contains("...") {
        for shown in (60..value.len()).rev() {
            text = text.replace(&format!("{}...", &value[..shown]), "<it>");
        }
    }
    text = text.replace(&value.replace('-', ""), "<it>");
    // Ids are taken without dashes, too, and shown with them.
    if let (32, Some([a, b, c, d, e])) = (value.len(), groups(value)) {
        text = text.replace(&format!("{a}-{b}-{c}-{d}-{e}"), "<it>");
    }
    text
}

fn groups(value: &str) -> Option<[&str; 5]> {
    let group = |start: usize, end: usize| value.get(start..end);
    Some([
        group(0, 8)?,
        group(8, 12)?,
        group(12, 16)?,
        group(16, 20)?,
        group(20, 32)?,
    ])
}

/// A row without an id that the database has drawn, and without what is sealed in it.
fn undrawn(line: String) -> String {
    let line = match line.strip_prefix("+ role_assignments: ") {
        Some(row) => format!(
            "+ role_assignments: <id>{}",
            row.get(36..).unwrap_or_default()
        ),
        // One change stands in two trails, of which one's row is made of the other's.
        None if line.starts_with("+ audit: ") => {
            let mut columns: Vec<&str> = line.split(" | ").collect();
            columns.remove(1);
            columns.join(" | ")
        }
        None => line,
    };
    let is_of_sealed = |letter: char| letter.is_ascii_alphanumeric() || "+/=_-".contains(letter);
    let sealed = line
        .split(|letter| !is_of_sealed(letter))
        .filter(|word| word.len() >= 40 && !word.contains(TAG))
        .map(str::to_owned);
    let sealed: Vec<String> = sealed.collect();
    sealed
        .iter()
        .fold(line, |line, word| line.replace(word.as_str(), "<sealed>"))
}

/// The plausible call of a route, about what the caller's own tenant has.
fn own_call(world: &World, route: &'static Route, in_session: &Caller) -> Call {
    let call = plausible(world, route);
    let of_session = |call: Call| {
        let connection = world.database.connection();
        let sql = "SELECT max(id) FROM tokens WHERE session_method IS NOT NULL AND user_id = ?1";
        let id: String = connection
            .query_row(sql, [&in_session.id], |row| row.get(0))
            .unwrap();
        call.target(route.path.replace("{session_id}", &id))
    };
    let of_service = |call: Call| {
        let connection = world.database.connection();
        let sql = "SELECT id FROM services WHERE name = 'x1'";
        let id: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        call.target(
            route
                .path
                .replace("{service_id}", &id)
                .replace("{path}", "v1/x"),
        )
    };
    if route.path.contains("{session_id}") {
        of_session(call)
    } else if route.path.contains("{service_id}") {
        of_service(call)
    } else {
        call
    }
}

/// Further bodies, which name more than the plausible ones.
fn further_bodies(operation: &str) -> Vec<Json> {
    let attachments = json!([
        {"destination_name": "a", "sources": [
            {"source_name": "pipeline_start", "mapping": [{"source_field_name": "in", "destination_field_name": "x"}]}]},
        {"destination_name": "pipeline_end", "sources": [
            {"source_name": "a", "mapping": [{"source_field_name": "y", "destination_field_name": "out"}]}]},
    ]);
    let version = |kind: &str, reference: &str, version: &str| {
        json!({
            "version": "v3", "attachments": attachments,
            "objects": [{"name": "a", "reference_name": reference, "reference_type": kind, "version": version}],
        })
    };
    match operation {
        "pipeline_versions_create" | "pipeline_versions_update" => vec![
            version("deployment", "zowndeployment-m", "zownversion-m"),
            version("pipeline", "zownpipeline-m", "zownline-m"),
        ],
        "role_assignments_create" => vec![
            json!({"role": "deployment-viewer", "assignee": "robot", "resource": "zowndeployment-m", "resource_type": "deployment"}),
            json!({"role": "pipeline-viewer", "assignee": "robot", "resource": "zownpipeline-m", "resource_type": "pipeline"}),
        ],
        "upstreams_put" => vec![json!({
            "upstream_url": "https://models.acme.com/x1", "workspace": "zownworkspace-m",
            "quota_resource": "exemlProject.gpu_duration", "headers": {"authorization": "x"},
        })],
        "request_schedules_create" => vec![json!({
            "name": "new", "object_type": "pipeline", "object_name": "zownpipeline-m", "version": "zownline-m",
            "schedule": "0 6 * * *", "request_data": {"in": 1},
        })],
        "webhooks_create" | "webhook_tests_create" => vec![json!({
            "name": "new", "object_type": "pipeline", "object_name": "zownpipeline-m", "version": "zownline-m",
            "event": "pipeline_request_completed", "url": "https://shop.acme.com/told",
        })],
        "create_workspace" => vec![json!({
            "name": "new", "auth_type": "INTERNAL", "grants": [{"user_id": "x", "user_name": "y"}],
            "enterprise_project_id": "0",
        })],
        _ => Vec::new(),
    }
}

/// The members of a body that its schema has and that may be texts.
fn members(route: &Route) -> Vec<String> {
    let Some(body) = route.contract.body else {
        return Vec::new();
    };
    let mut generator = SchemaGenerator::default();
    let mut schema = (body.shape.schema)(&mut generator).to_value();
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|name| name.rsplit('/').next())
    {
        schema = generator.definitions()[name].clone();
    }
    let Some(properties) = schema["properties"].as_object() else {
        return Vec::new();
    };
    let is_text = |schema: &Json| {
        let of_type = |kind: &Json| kind.as_str().is_none_or(|kind| kind == "string");
        match &schema["type"] {
            Json::Array(kinds) => kinds.iter().any(of_type),
            kind => of_type(kind),
        }
    };
    let texts = properties.iter().filter(|(_, schema)| is_text(schema));
    texts.map(|(name, _)| name.clone()).collect()
}

/// The texts in a body: a pointer to each.
fn leaves(body: &Json, at: &str, leaves_of: &mut Vec<String>) {
    match body {
        Json::String(_) => leaves_of.push(at.to_owned()),
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, &format!("{at}/{index}"), leaves_of);
            }
        }
        Json::Object(members) => {
            for (name, member) in members {
                leaves(member, &format!("{at}/{name}"), leaves_of);
            }
        }
        _ => {}
    }
}

/// What else makes a parameter of a query count.
const COMPANIONS: &[(&str, &[&str])] = &[(
    "resource",
    &[
        "resource_type=project",
        "resource_type=deployment",
        "resource_type=pipeline",
    ],
)];

/// A call with an id or name in its place.
type Made = Box<dyn Fn(&str) -> Call>;

/// The places of a call, each with what it becomes there.
fn places(ready: &World, route: &'static Route, call: &Call, kind: Kind) -> Vec<(String, Made)> {
    let mut places: Vec<(String, Made)> = Vec::new();
    let target = call.path_and_query().to_owned();
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path.to_owned(), query.to_owned()),
        None => (target.clone(), String::new()),
    };
    match kind {
        // Its upstream signs the id, too.
        Kind::Path if route.operation == "deployment_requests_result_create" => {
            let ready = ready.clone();
            let signed = move |value: &str| ready.result_call(value, br#"{"y":2}"#);
            places.push(("{request_id}".to_owned(), Box::new(signed)));
        }
        Kind::Path => {
            for (index, name) in route.path.split('/').enumerate() {
                if !name.starts_with('{') {
                    continue;
                }
                let (call, path, query) = (call.clone(), path.clone(), query.clone());
                places.push((
                    name.to_owned(),
                    Box::new(move |value| {
                        let mut segments: Vec<&str> = path.split('/').collect();
                        segments[index] = value;
                        let path = segments.join("/");
                        call.clone().target(match query.as_str() {
                            "" => path,
                            query => format!("{path}?{query}"),
                        })
                    }),
                ));
            }
        }
        Kind::Query => {
            for parameter in route.contract.query {
                let name = parameter.name;
                let is_counted = |name: &str| {
                    matches!(
                        name,
                        "limit" | "offset" | "timeout" | "priority" | "grace" | "rotate_secret"
                    )
                };
                if is_counted(name) {
                    continue;
                }
                let others: Vec<&str> = query
                    .split('&')
                    .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name))
                    .collect();
                let forms: &[&str] = match (route.operation, name) {
                    ("time_series_data_list", "labels") => &[
                        "deployment_id:",
                        "deployment_version_id:",
                        "pipeline_id:",
                        "pipeline_version_id:",
                    ],
                    (_, "labels") => &["a:"],
                    _ => &[""],
                };
                let companions = COMPANIONS.iter().find(|(known, _)| *known == name);
                let companions = companions.map_or(&[""][..], |(_, companions)| *companions);
                for (form, companion) in forms
                    .iter()
                    .flat_map(|form| companions.iter().map(move |one| (*form, *one)))
                {
                    let mut pairs = others.clone();
                    pairs.extend((!companion.is_empty()).then_some(companion));
                    let before = format!(
                        "{path}?{}",
                        pairs
                            .iter()
                            .map(|pair| format!("{pair}&"))
                            .collect::<String>()
                    );
                    let call = call.clone();
                    places.push((
                        format!("{name}={form} {companion}"),
                        Box::new(move |value| {
                            let value = value.replace('@', "%40").replace('+', "%2B");
                            call.clone().target(format!("{before}{name}={form}{value}"))
                        }),
                    ));
                }
            }
        }
        Kind::Body => {
            let mut bodies = further_bodies(route.operation);
            if call.has_body() && route.operation != "deployment_requests_result_create" {
                bodies.insert(0, call.json_body());
            }
            for (index, body) in bodies.into_iter().enumerate() {
                let mut pointers = Vec::new();
                leaves(&body, "", &mut pointers);
                for pointer in pointers {
                    let (call, body) = (call.clone(), body.clone());
                    places.push((
                        format!("{index}{pointer}"),
                        Box::new(move |value| {
                            let mut body = body.clone();
                            *body.pointer_mut(&pointer).unwrap() = json!(value);
                            call.clone().json(&body)
                        }),
                    ));
                }
                if !body.is_object() {
                    continue;
                }
                for member in members(route) {
                    if body.get(&member).is_some() {
                        continue;
                    }
                    let (call, body) = (call.clone(), body.clone());
                    places.push((
                        format!("{index}+{member}"),
                        Box::new(move |value| {
                            let mut body = body.clone();
                            body[&member] = json!(value);
                            call.clone().json(&body)
                        }),
                    ));
                }
            }
        }
    }
    places
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Path,
    Query,
    Body,
}

/// Where an id or a name of another tenant is told from what does not exist, and why that is as it should be: operation,
/// place, where the id or name stands, reason.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    (
        "organizations_create",
        "0/name",
        "organizations.name",
        "a name is one organization's in the whole installation",
    ),
    (
        "organizations_update",
        "0/name",
        "organizations.name",
        "the same",
    ),
    (
        "projects_create",
        "0/name",
        "projects.name",
        "a name is one project's in the whole installation, since paths name it alone",
    ),
    ("projects_update", "0+name", "projects.name", "the same"),
    (
        "organization_users_create",
        "0/email",
        "users.email",
        "whoever has the address is invited with the account that they have, and shown as one without",
    ),
];

/// What was tried, and where there was a difference.
#[derive(Default)]
struct Tried {
    places: usize,
    calls: usize,
    differences: BTreeMap<(String, String, String), String>,
}

/// Two calls that are alike but for one id or name.
struct Pair<'a> {
    operation: &'a str,
    place: &'a str,
    column: &'a str,
    by: &'a str,
}

impl Tried {
    fn compare(&mut self, pair: &Pair<'_>, theirs: &Seen, nobodys: &Seen) {
        if theirs == nobodys {
            return;
        }
        let key = (
            pair.operation.to_owned(),
            pair.place.to_owned(),
            pair.column.to_owned(),
        );
        let told = self.differences.entry(key).or_default();
        if told.is_empty() {
            *told = format!(
                "by {}:\n  theirs:   {theirs:?}\n  nobody's: {nobodys:?}",
                pair.by
            );
        }
    }
}

fn shape(value: &str) -> usize {
    let is_name = value.contains(TAG);
    let is_long = value.len() > 40;
    let kind = match (is_name, value.contains('@'), value.contains('-')) {
        (true, true, _) => 0,
        (true, false, true) => 1,
        (true, false, false) => 2,
        (false, _, true) => 3,
        (false, _, false) => 4,
    };
    10 * kind + usize::from(is_long)
}

fn tried(kind: Kind) -> Tried {
    let two = Two::new();
    let mut tried = Tried::default();
    for route in routes::table() {
        let ready = two.world.copy();
        let call = own_call(&ready, route, &two.callers[4].1);
        let mut stage = Stage::new(&ready);
        if kind == Kind::Path {
            whole_paths(&two, route, &call, &mut stage, &mut tried);
        }
        for (place, made) in places(&ready, route, &call, kind) {
            tried.places += 1;
            for (index, (by, caller)) in two.callers.iter().enumerate() {
                let tables = fitting(&place);
                let mut of_nobody: BTreeMap<usize, Seen> = BTreeMap::new();
                for (number, theirs) in two.theirs.iter().enumerate() {
                    // All try what could be meant there; the owner, who may most, a third of the rest besides, in turn.
                    let (table, _) = theirs.column.split_once('.').unwrap();
                    let fits = tables.contains(&table) && is_home(&theirs.column);
                    let is_tried = match (index, tables) {
                        // Hundreds of routes have it, and look it up in one statement.
                        _ if place == "{project_name}" => fits,
                        (0, []) => !of_nobody.contains_key(&shape(&theirs.value)),
                        (0, _) => {
                            fits || (is_home(&theirs.column) && (number + tried.places) % 3 == 0)
                        }
                        _ => fits,
                    };
                    if !is_tried {
                        continue;
                    }
                    let it = stage.see(&made(&theirs.value).by(caller), &theirs.value);
                    // What is nobody's mostly looks as other things that are nobody's do; where not, its own is looked at.
                    let shape = shape(&theirs.value);
                    let is_theirs = two.tells_of_theirs(&it);
                    if !is_theirs && of_nobody.get(&shape) == Some(&it) {
                        continue;
                    }
                    let none = stage.see(&made(&theirs.nobodys).by(caller), &theirs.nobodys);
                    let (operation, column) = (route.operation, theirs.column.as_str());
                    let pair = Pair {
                        operation,
                        place: &place,
                        column,
                        by,
                    };
                    tried.compare(&pair, &it, &none);
                    assert!(!is_theirs || it != none, "{it:?}");
                    of_nobody.insert(shape, none);
                }
            }
        }
        tried.calls += stage.calls;
    }
    tried
}

/// A path in which all is theirs, beside one whose project or organization is nobody's; and one in which all but that is.
fn whole_paths(
    two: &Two,
    route: &'static Route,
    call: &Call,
    stage: &mut Stage,
    tried: &mut Tried,
) {
    let names: Vec<&str> = route.path.split('/').collect();
    let target = call.path_and_query();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let own: Vec<&str> = path.split('/').collect();
    let parameters: Vec<usize> = (0..names.len())
        .filter(|index| two.at(names[*index]).is_some())
        .collect();
    if parameters.len() < 2 {
        return;
    }
    for (place, from) in [("all of the path", 0), ("the path below", 1)] {
        let first = parameters[from];
        let with = |is_nobodys: bool| {
            let mut segments: Vec<&str> = own.clone();
            for index in &parameters[from..] {
                let theirs = two.at(names[*index]).unwrap();
                segments[*index] = match is_nobodys && *index == first {
                    true => &theirs.nobodys,
                    false => &theirs.value,
                };
            }
            call.clone()
                .target(format!("{}?{query}", segments.join("/")))
        };
        let theirs = two.at(names[first]).unwrap();
        for (by, caller) in &two.callers {
            let it = stage.see(&with(false).by(caller), &theirs.value);
            let none = stage.see(&with(true).by(caller), &theirs.nobodys);
            let pair = Pair {
                operation: route.operation,
                place,
                column: &theirs.column,
                by,
            };
            tried.compare(&pair, &it, &none);
        }
    }
}

impl Two {
    /// Whether an answer tells of something that is theirs.
    fn tells_of_theirs(&self, seen: &Seen) -> bool {
        [&seen.body, &seen.headers].into_iter().any(|text| {
            text.contains(TAG) || self.all.iter().any(|one| text.contains(one.as_str()))
        })
    }
}

/// Tables in which nothing is a tenant's, and why.
const NO_TENANTS: &[(&str, &str)] = &[
    ("deleted_versions", "of versions that are gone"),
    ("instance_types", "the operator's price list"),
    ("permissions", "the catalogue"),
    ("quota_resources", "the operator's catalogue"),
    (
        "request_rates",
        "counts of a minute, where requests are limited",
    ),
    ("scheduled_runs", "when the scheduled run last was"),
    ("subscriptions", "the operator's plans"),
    ("usage_imports", "what the operator's meter sent"),
    (
        "voucher_redemptions",
        "of vouchers, which are the operator's",
    ),
    ("vouchers", "the operator's"),
    (
        "webhook_deliveries",
        "what is still to be told, a moment long",
    ),
    ("webhook_hosts", "of hosts, whoever's"),
];

#[test]
fn both_tenants_have_one_of_everything() {
    let bare = World::new();
    let two = Two::new();
    let connection = two.world.database.connection();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let mut tables = connection.prepare(names).unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    for table in tables {
        let table = table.unwrap();
        let count = |world: &World| world.count(&format!("SELECT count(*) FROM \"{table}\""));
        // Each has some of its own beside what every world has, in which the first has its organization and project.
        let own = match table.as_str() {
            "organizations" | "projects" | "project_origins" => 1,
            _ if NO_TENANTS.iter().any(|(known, _)| *known == table) => 0,
            _ => 2,
        };
        assert!(count(&two.world) >= count(&bare) + own, "{table}");
    }
}

/// Gives their things the names that the plausible calls have for one's own.
fn name_alike(world: &World) {
    for table in [
        "deployments",
        "pipelines",
        "request_schedules",
        "webhooks",
        "services",
    ] {
        let sql = format!("UPDATE {table} SET name = 'x1' WHERE name LIKE '{TAG}%'");
        assert!(world.execute(&sql, []) > 0, "{table}");
    }
    for (table, own) in [("deployment_versions", "v1"), ("pipeline_versions", "v1")] {
        let sql = format!("UPDATE {table} SET version = '{own}' WHERE version LIKE '{TAG}%'");
        assert!(world.execute(&sql, []) > 0, "{table}");
    }
    let sql = format!("UPDATE environment_variables SET name = 'X1' WHERE name LIKE '{TAG}%'");
    assert!(world.execute(&sql, []) > 0);
    let sql = format!(
        "UPDATE deployment_versions SET labels = replace(labels, '{TAG}model-m', 'm') WHERE labels LIKE '%{TAG}%'"
    );
    assert!(world.execute(&sql, []) > 0);
}

#[test]
fn what_another_tenant_calls_the_same_is_neither_shown_nor_touched() {
    let two = Two::new();
    for route in routes::table() {
        let apart = two.world.copy();
        let call = own_call(&apart, route, &two.callers[4].1);
        let alike = apart.copy();
        name_alike(&alike);
        let (mut apart, mut alike) = (Stage::new(&apart), Stage::new(&alike));
        for (name, caller) in &two.callers {
            let call = call.clone().by(caller);
            let expected = apart.see(&call, "");
            let seen = alike.see(&call, "");
            assert!(
                seen == expected,
                "{} by {name}:\n{seen:?}\n{expected:?}",
                route.operation
            );
            assert!(
                !two.tells_of_theirs(&seen),
                "{} by {name}: {seen:?}",
                route.operation
            );
            // Rows that they change are of their own tenant.
            let told = seen.changes.iter().find(|row| {
                row.contains(TAG) || two.all.iter().any(|one| row.contains(one.as_str()))
            });
            assert!(told.is_none(), "{} by {name}: {told:?}", route.operation);
        }
    }
}

#[test]
fn what_is_another_tenants_is_as_what_does_not_exist() {
    let kinds = [Kind::Path, Kind::Query, Kind::Body];
    let tried = thread::scope(|scope| {
        let threads = kinds.map(|kind| scope.spawn(move || tried(kind)));
        threads.map(|thread| thread.join().unwrap())
    });
    let mut unknown = String::new();
    let mut met = BTreeSet::new();
    for ((operation, place, column), told) in tried.iter().flat_map(|tried| &tried.differences) {
        let known = KNOWN.iter().position(|(known, at, of, _)| {
            (*known, *at, *of) == (operation.as_str(), place.as_str(), column.as_str())
        });
        match known {
            Some(index) => {
                met.insert(index);
            }
            None => unknown.push_str(&format!("{operation}, {place}, {column} {told}\n")),
        }
    }
    assert!(unknown.is_empty(), "{unknown}");
    for (index, (operation, place, ..)) in KNOWN.iter().enumerate() {
        assert!(met.contains(&index), "{operation}, {place} is no exception");
    }
    let mut table =
        "| in | places, over | calls, over | told apart, and rightly |\n|---|--:|--:|--:|\n"
            .to_owned();
    for (kind, tried) in ["paths", "queries", "bodies"].iter().zip(&tried) {
        // Round figures, so that the page does not change with each new parameter.
        let (places, calls) = (tried.places / 50 * 50, tried.calls / 1_000 * 1_000);
        let told = tried.differences.len();
        table.push_str(&format!("| {kind} | {places} | {calls} | {told} |\n"));
    }
    proof::stands_in_the_page("isolation", &table);
}
