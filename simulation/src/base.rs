//! The world that every run begins with: that of the tests, with a price, budgets, a plan with limits, quotas and a voucher.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Value as Json, json};

use tenantry::platform::{CallFault, Outgoing};
use testkit::gate::PRICE;
use testkit::world::HOUR;
use testkit::{Caller, Reply, World};

use crate::choices::Choices;
use crate::facts::{Facts, Tables};
use crate::rights::Catalogue;
use crate::simulation::{Credential, Kind};

/// The resource whose quota is tight.
pub const GPU: &str = "exemlProject.gpu_duration";
/// The voucher that can be redeemed twice.
pub const VOUCHER: &str = "WORKSHOP-1";

/// The voucher that ends soon.
pub const ENDING_VOUCHER: &str = "WORKSHOP-3";

/// Where the credentials of a base stand.
pub const OPERATOR: usize = 0;
/// The admin of acme.
pub const OWNER: usize = 1;
/// The project-admin of vision.
pub const ADMIN: usize = 2;
/// A service user that is project-admin of vision.
pub const ROBOT: usize = 3;
/// A person who is project-editor.
pub const EDITOR: usize = 4;
/// A member of acme.
pub const MEMBER: usize = 5;
/// The admin of globex.
pub const STRANGER: usize = 6;
/// The owner's browser.
pub const OWNERS_SESSION: usize = 7;
/// An access key of the robot.
pub const ROBOTS_KEY: usize = 8;

/// A world to copy from, and who can call it.
pub struct Base {
    pub(crate) world: World,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) tables: Tables,
    pub(crate) facts: Facts,
    pub(crate) catalogue: Rc<Catalogue>,
}

impl Default for Base {
    fn default() -> Self {
        Self::new()
    }
}

impl Base {
    /// A new one.
    pub fn new() -> Self {
        Self::furnished(furnish)
    }

    /// One in which there is room for one more of everything, and two admins are the last two.
    pub fn at_the_edge() -> Self {
        Self::furnished(|world| {
            furnish(world);
            world.execute(
                "UPDATE organization_users SET admin = 1 WHERE user_id = ?1",
                [world.member().id],
            );
            world.execute(
                "UPDATE vouchers SET max_redemptions = 1, expiry_date = NULL",
                [],
            );
            world.execute(
                "UPDATE subscriptions SET max_users = 6, max_deployments = 4, max_deployment_versions = 4, monthly_credits = 25
                 WHERE name = 'tight'",
                [],
            );
            world.execute("UPDATE workspace_quotas SET used = 1, quota = 2", []);
            world.budget(10 * PRICE / 3_600);
        })
    }

    /// A usual one, after a statement past the API that breaks something.
    pub fn broken_by(sql: &str) -> Self {
        Self::furnished(|world| {
            furnish(world);
            world.execute(sql, []);
        })
    }

    fn furnished(furnish: impl FnOnce(&World)) -> Self {
        let world = World::new();
        furnish(&world);
        let credentials = credentials(&world);
        // What making it has sent to the queue is nobody's.
        world.queue.as_ref().expect("a queue").take();
        // SQLite parses each statement once, however many runs there are.
        world
            .database
            .connection()
            .set_prepared_statement_cache_capacity(2_000);
        let tables = Tables::of(world.database.connection());
        let facts = Facts::read(world.database.connection(), &tables, None);
        let catalogue = Rc::new(Catalogue::of(world.database.connection()));
        Self {
            world,
            credentials,
            tables,
            facts,
            catalogue,
        }
    }

    /// What the servers behind the gate answer in a run, which its choices decide.
    pub(crate) fn answering(&self, world: &World, choices: &Rc<RefCell<Choices>>) {
        let choices = Rc::clone(choices);
        world
            .upstream
            .answering(move |outgoing| reply(&mut choices.borrow_mut(), outgoing));
    }
}

fn reply(choices: &mut Choices, outgoing: &Outgoing) -> Reply {
    let body: Json = serde_json::from_slice(&outgoing.body).unwrap_or_default();
    let answer = match body.as_array() {
        Some(items) => json!(items.iter().map(|_| json!({"y": 1})).collect::<Vec<_>>()),
        None => json!({"y": 1}),
    };
    let connection = || CallFault::Connection("connection reset".to_owned());
    match choices.below(16) {
        0..6 => Reply::json(&answer),
        6 => Reply::json(&answer).late(700),
        7 => Reply::json(&answer).late(9_000),
        8 => Reply::json(&answer).late(45_000),
        9 => Reply::new(500),
        10 => Reply::failing(connection()),
        11 => Reply::new(200)
            .chunk("{\"y\"")
            .pause(1_500)
            .fault(connection()),
        12 => Reply::silent(),
        13 => Reply::events(["{\"y\":1}", "{\"y\":2}"]),
        14 => Reply::events(["{\"y\":1}"])
            .pause(6_500)
            .chunk("data: {\"y\":2}\n\n"),
        _ => Reply::json(&answer).late(200_000),
    }
}

fn furnish(world: &World) {
    let operator = world.operator();
    let put = |target: &str, body: Json| world.call(&operator, "PUT", target, body).expect(200);
    put(
        "/operator/v1/subscriptions/tight",
        json!({"description": "", "self_service": true, "monthly_credits": 35, "limits": {
            "projects": 3, "users": 7, "deployments": 5, "deployment_versions": 7, "pipelines": 2, "pipeline_versions": 3,
        }}),
    );
    world.allow_custom_roles();
    world.deployment("d");
    world.deployment("e");
    let elsewhere = json!({"name": "a", "input_type": "plain", "output_type": "plain"});
    let target = "/v2.1/projects/audio/deployments";
    world.call(&operator, "POST", target, elsewhere).expect(201);
    let target = format!("{target}/a/versions");
    world
        .call(&operator, "POST", &target, json!({"version": "v1"}))
        .expect(201);
    world.serve_at_a_price("a");
    world.workspace();
    let quota = json!({"quotas": [{"resource": GPU, "quota": 1}]});
    let target = world.workspaces("/0/quotas");
    world.call(&operator, "PUT", &target, quota).expect(200);
    world.serve_at_a_price("d");
    world.serve(
        "e",
        json!({"workspace_id": "0", "quota_resource": GPU, "max_concurrency": 3}),
    );
    world.budget(25 * PRICE / 3_600);
    for (code, most, end) in [
        (VOUCHER, 2, Json::Null),
        (ENDING_VOUCHER, 9, json!(world.after(HOUR / 2))),
    ] {
        let voucher = json!({
            "code": code, "description": "A workshop", "credits": 5, "max_redemptions": most, "expiry_date": end,
        });
        world
            .call(&operator, "POST", "/operator/v1/vouchers", voucher)
            .expect(201);
    }
    world.execute(
        "UPDATE organizations SET subscription = 'tight' WHERE name = 'acme'",
        [],
    );
    // Whoever has called has joined; so has whoever made the organization.
    world
        .get(&world.owner(), "/v2.1/organizations/acme")
        .expect(200);
    world.custom_role(&["projects.get", "deployments.requests.create"]);
    world.custom_role(&["roles.get", "roles.list", "deployments.get"]);
    let on_one = json!({
        "role": "deployment-request-user", "assignee": world.member().id, "resource_type": "deployment", "resource": "e",
    });
    let target = world.path("/role-assignments");
    world.call(&operator, "POST", &target, on_one).expect(201);
}

fn credentials(world: &World) -> Vec<Credential> {
    let vision = world.project_id();
    let made = |name: &str, caller: Caller, project: &str| Credential {
        name: name.to_owned(),
        kind: match caller.id.is_empty() {
            true => Kind::Fixed,
            false => Kind::Token,
        },
        caller,
        key: None,
        project: project.to_owned(),
        made: 0,
        ends_at: None,
        ended: None,
    };
    let session = world
        .call(&world.owner(), "GET", "/v2.1/user", Json::Null)
        .expect(200);
    assert_eq!(session.text("id"), world.owner().id);
    let signed_in = world.owner_in_session();
    let session = world.get(&signed_in, "/session").expect(200).text("id");
    let key = world.access_key(&world.robot());
    let end = world.after(30 * HOUR);
    let temporary = json!({"name": "temporary", "expiry_date": end});
    let temporary = world.service_user_of("vision", &["project-admin"], temporary);
    vec![
        made("operator", world.operator(), ""),
        made("owner", world.owner(), ""),
        made("admin", world.admin(), ""),
        made("robot", world.robot(), &vision),
        made("editor", world.editor(), ""),
        made("member", world.member(), ""),
        made("stranger", world.stranger(), ""),
        Credential {
            kind: Kind::Session(session, Some(OWNER)),
            ..made("owner's browser", signed_in, "")
        },
        Credential {
            kind: Kind::Key,
            key: Some(key),
            ..made("robot's key", world.robot(), &vision)
        },
        made("temporary", temporary, &vision),
        made("idle", world.idle(), &vision),
        made("viewer", world.viewer(), ""),
        made("neighbour", world.neighbour(), ""),
        Credential {
            ended: Some((0, "its end".to_owned())),
            ..made("revoked", world.revoked(), &vision)
        },
        Credential {
            ended: Some((0, "its expiry".to_owned())),
            ..made("expired", world.expired(), &vision)
        },
    ]
}
