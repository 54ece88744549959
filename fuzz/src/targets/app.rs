//! The whole of it, from a request to its answer, over the test kit: no request fails for a fault of ours, what is refused
//! changes nothing, and every answer can be read.
//!
//! An input is up to three calls of one world, apart by a line `~~~`. A call has whoever makes it, a method and a target in
//! its first line; then headers, an empty line and a body:
//!
//!     owner PUT /v2.1/projects/{project_name}/roles/{role_name}
//!     content-type: application/json
//!
//!     {"name": "other"}
//!
//! What stands in braces is the name or the id of what the world has of it, so a corpus outlives changes of the test kit.

use std::cell::RefCell;
use std::collections::BTreeMap;

use http::{HeaderName, Method};
use serde_json::{Value as Json, json};
use tenantry::routes::{self, Route};
use testkit::signed::AccessKey;
use testkit::tenant::Tenant;
use testkit::world::{ORGANIZATION, PROJECT};
use testkit::{Answer, Call, Caller, Reply, World, requests};
use url::Url;

use crate::{Verdict, text};

/// Most calls of an input.
const CALLS: usize = 3;
const SEPARATOR: &str = "\n~~~\n";
/// Below it each service has a host.
const SERVICES: &str = "acme-services.com";
/// What is in each name of what the organization has.
const TAG: &str = "own";

/// A world with one of everything, and who and what is in it.
struct Base {
    world: World,
    callers: BTreeMap<&'static str, Caller>,
    key: AccessKey,
    names: BTreeMap<String, String>,
}

thread_local! {
    static BASE: Base = Base::new();
    /// A copy in which nothing has happened yet.
    static UNTOUCHED: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Calls, one after the other.
pub fn look(input: &[u8]) -> Verdict {
    let input = text(input);
    let mut verdict = Verdict::Refused;
    BASE.with(|base| {
        let world = UNTOUCHED.take().unwrap_or_else(|| base.copy());
        let beginning = state(&world);
        for call in input.split(SEPARATOR).take(CALLS) {
            let Some(call) = base.call(&world, call) else {
                return;
            };
            let (method, reads) = (call.0, call.1);
            let before = trail(&world);
            let answer = world.send(call.2);
            must_hold(&answer, &method);
            if reads || answer.status >= 400 {
                assert_eq!(
                    trail(&world),
                    before,
                    "{answer} left something in the trail"
                );
            }
            if answer.status < 400 {
                verdict = Verdict::Accepted;
            }
        }
        // Most calls are refused and change nothing, and a copy takes longer than they do.
        if state(&world) == beginning {
            UNTOUCHED.set(Some(world));
        }
    });
    verdict
}

/// A call of each route of the table, by the name of its operation, for a corpus to begin with.
#[must_use]
pub fn calls_of_routes() -> BTreeMap<&'static str, String> {
    BASE.with(|base| {
        routes::table()
            .map(|route| (route.operation, base.written(route)))
            .collect()
    })
}

fn must_hold(answer: &Answer, method: &Method) {
    // A WebSocket to a service is refused as what is not passed through.
    assert!(answer.status < 500 || answer.status == 501, "{answer}");
    for (name, value) in &answer.headers {
        assert!(
            !value.chars().any(|c| c.is_control() && c != '\t'),
            "{answer}: {name}: {value:?}"
        );
    }
    let is_empty = *method == Method::HEAD || matches!(answer.status, 204 | 304);
    assert!(!is_empty || answer.body.is_empty(), "{answer}");
    let is_json = answer
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    // A file is named here, and brought by the platform.
    let is_file = answer.status == 200 && answer.body.is_empty();
    if is_json && !is_empty && !is_file {
        answer.json();
        if answer.status >= 400 {
            assert!(!answer.error().is_empty(), "{answer}");
        }
    } else {
        assert!(
            answer.status < 400 || answer.body.is_empty(),
            "{answer}: no sentence"
        );
    }
    match answer.status {
        401 => assert!(answer.header("www-authenticate").is_some(), "{answer}"),
        405 => assert!(answer.header("allow").is_some(), "{answer}"),
        429 => assert!(answer.header("retry-after").is_some(), "{answer}"),
        _ => {}
    }
}

fn trail(world: &World) -> i64 {
    world.count("SELECT count(*) FROM audit")
}

/// What differs where something has happened: rows written, upstreams called, time passed.
fn state(world: &World) -> (u64, usize, i64) {
    let written = world.database.connection().total_changes();
    (
        written,
        world.upstream.calls().len(),
        world.now().as_millis(),
    )
}

impl Base {
    fn new() -> Self {
        let world = World::new().with_settings(&[("SERVICES_DOMAIN", SERVICES)]);
        let tenant = Tenant::of(ORGANIZATION, PROJECT, &world.owner(), TAG);
        tenant.furnish(&world);
        let mut callers = BTreeMap::from([
            ("operator", world.operator()),
            ("owner", world.owner()),
            ("admin", world.admin()),
            ("editor", world.editor()),
            ("viewer", world.viewer()),
            ("member", world.member()),
            ("robot", world.robot()),
            ("idle", world.idle()),
            ("stranger", world.stranger()),
            ("nobody", world.nobody()),
        ]);
        callers.insert("session", world.owner_in_session());
        let key = world.access_key(&world.robot());
        let mut names = names(&world, &tenant);
        for (name, caller) in &callers {
            if !caller.id.is_empty() {
                names.insert((*name).to_owned(), caller.id.clone());
            }
        }
        for caller in callers.values() {
            // So that no call is somebody's first.
            world.get(caller, "/v2.1/projects");
        }
        Self {
            world,
            callers,
            key,
            names,
        }
    }

    /// A world of its own, whose upstreams answer.
    fn copy(&self) -> World {
        let world = self.world.copy();
        world
            .upstream
            .answering(|call| match text(&call.body).contains("stream") {
                true => Reply::events([r#"{"choices":[],"y":2}"#, "[DONE]"]),
                false => Reply::json(&json!({"y": 2})),
            });
        world
    }

    /// The call that a text says, whether it only reads, and its method; nothing where no server would let it come so far.
    fn call(&self, world: &World, text: &str) -> Option<(Method, bool, Call)> {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let mut words = lines.next()?.splitn(3, ' ');
        let (by, method, target) = (words.next()?, words.next()?, words.next()?);
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        // As the runtime hands it over.
        let target = self.filled(target);
        let url = Url::parse(&format!("https://tenantry.acme.com{target}")).ok();
        let url = url.filter(|_| target.starts_with('/'))?;
        let query = url
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let target = format!("{}{query}", url.path());
        let body = self.filled(body);
        let call = Call::new(method.as_str(), target.as_str());
        let mut call = match self.callers.get(by) {
            _ if by == "signed" => {
                let date = world.sdk_date();
                testkit::signed::signed(&self.key, method.as_str(), &target, &body, &date, &[])
            }
            Some(caller) => call.by(caller),
            None => return None,
        };
        if !body.is_empty() && by != "signed" {
            call = call.body("application/json", body);
        }
        for line in lines {
            let (name, value) = line.split_once(':')?;
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let value = self.filled(value.trim());
            // Bytes, of which each is a character (Fetch standard, section 5.2).
            if value.chars().any(|c| c > '\u{ff}' || "\0\r\n".contains(c)) {
                return None;
            }
            if ["host", "content-type", "origin", "sec-fetch-site"].contains(&name.as_str()) {
                call = call.without(name.as_str());
            }
            call = call.header(name.as_str(), value);
        }
        let reads = matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
        Some((method, reads, call))
    }

    /// A text with names and ids in the place of what is in braces.
    fn filled(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let name = after.split('}').next().unwrap_or_default();
            match self.names.get(name).filter(|_| after.len() > name.len()) {
                Some(value) => {
                    filled.push_str(value);
                    rest = &after[name.len() + 1..];
                }
                None => {
                    filled.push('{');
                    rest = after;
                }
            }
        }
        filled + rest
    }

    /// A call of a route as a text.
    fn written(&self, route: &Route) -> String {
        let is_of = |part: &str| route.path.contains(part);
        let target = match (is_of("{pipeline_name}"), is_of("{variable_id}")) {
            (true, _) => route
                .path
                .replace("{version}", "{line}")
                .replace("{request_id}", "{pipeline_request}"),
            (_, true) if is_of("{version}") => {
                route.path.replace("{variable_id}", "{variable_of_version}")
            }
            (_, true) if is_of("{deployment_name}") => route
                .path
                .replace("{variable_id}", "{variable_of_deployment}"),
            _ => route.path.to_owned(),
        };
        let target = match route.operation {
            "origins_check" => format!("{target}?origin=https://app.example.com"),
            "permissions_check" => format!("{target}?permission=projects.get&assignee={{viewer}}"),
            "time_series_data_list" => format!("{target}?metric=deployments.requests"),
            _ => target,
        };
        let by = match route.path {
            path if path.starts_with("/operator/") => "operator",
            path if path.starts_with("/session") => "session",
            path if path.starts_with("/v1/") => "signed",
            _ => "owner",
        };
        let call = requests::plausible(&self.world.copy(), route);
        let body = match call.has_body() {
            true => call.json_body(),
            false if route.method == Method::POST && is_of("/requests") => json!({"x": 1}),
            false => Json::Null,
        };
        let mut text = format!("{by} {} {target}", route.method);
        if !body.is_null() {
            let mut body = body.to_string().replace("\"x1\"", "\"{deployment_name}\"");
            for (name, value) in &self.names {
                body = body.replace(&format!("\"{value}\""), &format!("\"{{{name}}}\""));
            }
            text = format!("{text}\n\n{body}");
        }
        text
    }
}

/// What stands for what: the parameters of paths, and a few more.
fn names(world: &World, tenant: &Tenant) -> BTreeMap<String, String> {
    let of = |sql: &str| -> String {
        let connection = world.database.connection();
        let found = connection.query_row(sql, [], |row| row.get(0));
        found.unwrap_or_else(|error| panic!("{sql}: {error}"))
    };
    let mut names: BTreeMap<String, String> = BTreeMap::from([
        ("organization_name", ORGANIZATION.to_owned()),
        ("project_name", PROJECT.to_owned()),
        ("project_id", world.project_id()),
        ("service_domain", SERVICES.to_owned()),
        ("instance_type", "512mb".to_owned()),
        ("environment_name", "external".to_owned()),
        ("tag", "latest".to_owned()),
        ("resource", "exemlProject.gpu_duration".to_owned()),
        ("subscription_name", "free".to_owned()),
        ("file", "start.js".to_owned()),
        ("path", "v1/x".to_owned()),
        ("code", "WORKSHOP-1".to_owned()),
        ("voucher", "none".to_owned()),
    ])
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    for (name, kind) in [
        ("deployment_name", "deployment"),
        ("pipeline_name", "pipeline"),
        ("version", "version"),
        ("line", "line"),
        ("role_name", "role"),
        ("schedule_name", "schedule"),
        ("webhook_name", "webhook"),
        ("service_name", "service"),
        ("model", "model"),
    ] {
        names.insert(name.to_owned(), tenant.name(kind));
    }
    let user = format!(
        "SELECT id FROM users WHERE name = '{}'",
        tenant.name("person")
    );
    let robot = format!(
        "SELECT id FROM service_users WHERE name = '{}'",
        tenant.name("robot")
    );
    let variable =
        |of: &str| format!("SELECT id FROM environment_variables WHERE name = '{TAG}{of}_m'");
    let request = |of: &str| {
        format!("SELECT id FROM requests WHERE object_type = '{of}' AND status = 'pending'")
    };
    for (name, sql) in [
        ("user_id", user.as_str()),
        ("service_user_id", &robot),
        ("variable_id", &variable("of_project")),
        ("variable_of_deployment", &variable("of_deployment")),
        ("variable_of_version", &variable("of_version")),
        ("request_id", &request("deployment")),
        ("pipeline_request", &request("pipeline")),
        ("access_key", "SELECT id FROM access_keys"),
        ("assignment_id", "SELECT max(id) FROM role_assignments"),
        ("revision_id", "SELECT id FROM upstream_revisions"),
        ("service_id", "SELECT id FROM services"),
        (
            "session_id",
            "SELECT max(id) FROM tokens WHERE session_method IS NOT NULL",
        ),
        ("test_id", "SELECT max(webhook_id) FROM webhook_deliveries"),
        (
            "workspace_id",
            "SELECT id FROM workspaces WHERE name LIKE 'own%'",
        ),
    ] {
        names.insert(name.to_owned(), of(sql));
    }
    names
}
