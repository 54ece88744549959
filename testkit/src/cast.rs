//! Who is in a world, and how it is made: once, through the API itself.
//!
//! * `acme` belongs to the owner, who is its admin; the member has no role in it.
//! * `vision` is its project; `admin`, `editor` and `viewer` hold the role of that name in it. `robot` is a service
//!   user of it with the role project-admin, `idle` one without a role, `expired` and `revoked` had that role too.
//! * `audio` is another project of `acme`; `neighbour` is a service user of it with the role project-admin.
//! * the stranger owns `globex` and its project `reactor`.
//!
//! A project's only origin is `https://<its name>.example`.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{LazyLock, Mutex};

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use tenantry::domain::Timestamp;

use crate::call::{Answer, Call};
use crate::schema;
use crate::world::{
    FOREIGN_PROJECT, HOUR, OPERATOR_TOKEN, ORGANIZATION, OTHER_PROJECT, PROJECT, World,
};

/// Somebody who calls.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Their id; empty where they have none.
    pub id: String,
    /// Their e-mail address; empty where they have none.
    pub email: String,
    /// What they send behind `Token`, or in the cookie of a session.
    pub token: Option<String>,
    /// Whether they are signed in on a page.
    pub is_in_session: bool,
}

/// The host on whose pages people are signed in.
pub const CONSOLE: &str = "console.acme.com";

impl Caller {
    /// Somebody of whom only the token is known.
    pub fn with_token(token: impl Into<String>) -> Self {
        Self {
            id: String::new(),
            email: String::new(),
            token: Some(token.into()),
            is_in_session: false,
        }
    }

    /// The same caller with another token.
    pub fn holding(&self, token: impl Into<String>) -> Self {
        Self {
            token: Some(token.into()),
            ..self.clone()
        }
    }
}

/// A world to copy from.
pub(crate) struct Template {
    pub(crate) connection: Connection,
    pub(crate) drawn: u64,
    pub(crate) now: Timestamp,
    pub(crate) cast: HashMap<&'static str, Caller>,
}

/// The world that every test begins with.
pub(crate) static TEMPLATE: LazyLock<Mutex<Template>> = LazyLock::new(|| Mutex::new(populate()));

impl World {
    /// The operator of the installation.
    pub fn operator(&self) -> Caller {
        Caller::with_token(OPERATOR_TOKEN)
    }

    /// The admin of the organization.
    pub fn owner(&self) -> Caller {
        self.caller("owner")
    }

    /// A member of the organization without any role.
    pub fn member(&self) -> Caller {
        self.caller("member")
    }

    /// A member who is project-admin.
    pub fn admin(&self) -> Caller {
        self.caller("admin")
    }

    /// A member who is project-editor.
    pub fn editor(&self) -> Caller {
        self.caller("editor")
    }

    /// A member who is project-viewer.
    pub fn viewer(&self) -> Caller {
        self.caller("viewer")
    }

    /// The admin of another organization.
    pub fn stranger(&self) -> Caller {
        self.caller("stranger")
    }

    /// A service user of the project with the role project-admin.
    pub fn robot(&self) -> Caller {
        self.caller("robot")
    }

    /// A service user of the project without a role.
    pub fn idle(&self) -> Caller {
        self.caller("idle")
    }

    /// A service user of the other project with the role project-admin there.
    pub fn neighbour(&self) -> Caller {
        self.caller("neighbour")
    }

    /// A service user like `robot`, whose expiry date has passed.
    pub fn expired(&self) -> Caller {
        self.caller("expired")
    }

    /// A service user like `robot`, with the token that it had before its reset.
    pub fn revoked(&self) -> Caller {
        self.caller("revoked")
    }

    /// The admin of the organization, signed in.
    pub fn owner_in_session(&self) -> Caller {
        self.sign_in(&self.owner())
    }

    /// A member who is project-admin, signed in.
    pub fn admin_in_session(&self) -> Caller {
        self.sign_in(&self.admin())
    }

    /// The admin of the organization, with a session that they have ended.
    pub fn signed_out(&self) -> Caller {
        let session = self.owner_in_session();
        self.call(&session, "DELETE", "/session", Json::Null)
            .expect(204);
        session
    }

    /// A person on a page where they have signed in with their token.
    pub fn sign_in(&self, person: &Caller) -> Caller {
        let body = json!({"token": person.token});
        let call = Call::new("POST", "/session").on_console().json(&body);
        let answer = self.send(call).expect(201);
        Caller {
            token: Some(cookie_of(&answer)),
            is_in_session: true,
            ..person.clone()
        }
    }

    /// Somebody who shows what is no token.
    pub fn malformed(&self) -> Caller {
        Caller::with_token("0123456789abcdef")
    }

    /// Somebody without a credential.
    pub fn nobody(&self) -> Caller {
        Caller {
            token: None,
            ..Caller::with_token("")
        }
    }

    fn caller(&self, name: &str) -> Caller {
        self.cast[name].clone()
    }
}

/// The secret in the cookie that an answer gives.
pub fn cookie_of(answer: &Answer) -> String {
    let line = answer.header("set-cookie").unwrap();
    let pair = line.split(';').next().unwrap();
    pair.split_once('=').unwrap().1.to_owned()
}

fn populate() -> Template {
    let mut world = World::empty();
    let mut cast = HashMap::new();
    for name in ["owner", "member", "admin", "editor", "viewer", "stranger"] {
        cast.insert(name, world.person(name));
    }
    world.cast = Rc::new(cast.clone());
    let found = |by: &Caller, organization: &str, projects: &[&str]| {
        let body = json!({"name": organization});
        world
            .call(by, "POST", "/v2.1/organizations", body)
            .expect(201);
        for project in projects {
            let body = json!({
                "name": project, "organization_name": organization,
                "cors_origins": [format!("https://{project}.example")],
            });
            world.call(by, "POST", "/v2.1/projects", body).expect(201);
        }
    };
    found(&cast["owner"], ORGANIZATION, &[PROJECT, OTHER_PROJECT]);
    found(&cast["stranger"], "globex", &[FOREIGN_PROJECT]);
    for name in ["member", "admin", "editor", "viewer"] {
        world.join(ORGANIZATION, &cast[name], false);
    }
    for (name, role) in [
        ("admin", "project-admin"),
        ("editor", "project-editor"),
        ("viewer", "project-viewer"),
    ] {
        world.assign(PROJECT, role, &cast[name].id);
    }
    let made =
        |project: &str, roles: &[&str], body: Json| world.service_user_of(project, roles, body);
    let admin: &[&str] = &["project-admin"];
    let expiry = world.after(HOUR);
    cast.insert("robot", made(PROJECT, admin, json!({"name": "robot"})));
    cast.insert("idle", made(PROJECT, &[], json!({"name": "idle"})));
    cast.insert(
        "neighbour",
        made(OTHER_PROJECT, admin, json!({"name": "neighbour"})),
    );
    let body = json!({"name": "expired", "expiry_date": expiry});
    cast.insert("expired", made(PROJECT, admin, body));
    let revoked = made(PROJECT, admin, json!({"name": "revoked"}));
    let path = world.path(&format!("/service-users/{}/token", revoked.id));
    world
        .call(&cast["owner"], "PUT", &path, Json::Null)
        .expect(200);
    cast.insert("revoked", revoked);
    world.pass(2 * HOUR);
    Template {
        connection: schema::copy(world.database.connection()),
        drawn: world.entropy.drawn(),
        now: world.now(),
        cast,
    }
}
