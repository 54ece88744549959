//! What has ended, has ended: once the call that ends a credential, a right or a part has been answered, nothing is done by
//! it any more, neither by the next call nor by one that was under way and had its permit still to get.
//!
//! Each way to end something is tried with each call that went well before: after the end, and begun before it, with the
//! round trips of both in every order. docs/proof.md has how often.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread;

use serde_json::{Value as Json, json};

use testkit::schedule::{Moment, every_moment};
use testkit::signed::AccessKey;
use testkit::world::HOUR;
use testkit::{Call, Caller, Reply, Step, World};

use crate::proof;

/// Who holds what is going to end.
struct Holder {
    shows: Shows,
    /// What else the end is about, such as the id of an assignment.
    about: String,
}

enum Shows {
    Token(Caller),
    Key(AccessKey),
}

impl Holder {
    fn of(caller: Caller) -> Self {
        Self {
            shows: Shows::Token(caller),
            about: String::new(),
        }
    }

    fn about(self, about: impl Into<String>) -> Self {
        Self {
            about: about.into(),
            ..self
        }
    }

    fn caller(&self) -> &Caller {
        match &self.shows {
            Shows::Token(caller) => caller,
            Shows::Key(_) => panic!("a key is no token"),
        }
    }
}

/// How something ends.
enum End {
    /// By a call.
    By(fn(&World, &Holder) -> Call),
    /// By the clock, after so many milliseconds; beside a call as if the date had been set to the present. A call is judged
    /// by the time at which it had come in whole, and takes no longer than its deadlines.
    After(i64, fn(&World)),
}

/// What can end, and how.
struct Kind {
    /// The line of the table.
    of: &'static str,
    how: &'static str,
    holder: fn(&World) -> Holder,
    end: End,
    /// Calls that go well afterwards, too, since what has ended is not all that they take.
    stays: &'static [&'static str],
}

/// A call that is tried: its name, and method, target and body.
type Trial = (&'static str, fn(&World) -> (&'static str, String, Json));

const TRIALS: &[Trial] = &[
    ("user", |_| ("GET", "/v2.1/user".to_owned(), Json::Null)),
    ("organization", |_| {
        ("GET", "/v2.1/organizations/acme".to_owned(), Json::Null)
    }),
    ("organization, changed", |_| {
        (
            "PATCH",
            "/v2.1/organizations/acme".to_owned(),
            json!({"name": "acme-renamed"}),
        )
    }),
    ("member, invited", |_| {
        let body = json!({"email": "new@example.com"});
        ("POST", "/v2.1/organizations/acme/users".to_owned(), body)
    }),
    ("project", |world| ("GET", world.path(""), Json::Null)),
    ("part", |world| {
        ("GET", world.path("/permissions/mine"), Json::Null)
    }),
    ("list", |world| {
        ("GET", world.path("/service-users"), Json::Null)
    }),
    ("deployment", |world| {
        ("GET", world.path("/deployments/x1"), Json::Null)
    }),
    ("project, changed", |world| {
        ("PATCH", world.path(""), json!({"labels": {"a": "b"}}))
    }),
    ("service user, created", |world| {
        ("POST", world.path("/service-users"), json!({"name": "new"}))
    }),
    ("deployment, created", |world| {
        (
            "POST",
            world.path("/deployments"),
            json!({"name": "new", "input_type": "plain", "output_type": "plain"}),
        )
    }),
    ("deployment, changed", |world| {
        (
            "PATCH",
            world.path("/deployments/x1"),
            json!({"description": "changed"}),
        )
    }),
    ("version, created", |world| {
        (
            "POST",
            world.path("/deployments/x1/versions"),
            json!({"version": "v9"}),
        )
    }),
    ("variable, created", |world| {
        let body = json!({"name": "NEW", "value": "x", "secret": true});
        ("POST", world.path("/environment-variables"), body)
    }),
    ("upstream, set", |world| {
        let body = json!({"upstream_url": "https://models.acme.com/other"});
        (
            "PUT",
            world.path("/deployments/x1/versions/v1/upstream"),
            body,
        )
    }),
    ("webhook, created", |world| {
        let body = json!({"name": "new", "object_type": "deployment", "object_name": "x1",
            "event": "deployment_request_completed", "url": "https://shop.acme.com/told"});
        ("POST", world.path("/webhooks"), body)
    }),
    ("role, assigned", |world| {
        let body = json!({"role": "project-viewer", "assignee": world.idle().id});
        ("POST", world.path("/role-assignments"), body)
    }),
    ("request", |world| {
        (
            "POST",
            world.path("/deployments/x1/requests"),
            json!({"x": 1}),
        )
    }),
    ("stream", |world| {
        (
            "POST",
            world.path("/deployments/x1/requests/stream"),
            json!({"x": 1}),
        )
    }),
    ("batch", |world| {
        (
            "POST",
            world.path("/deployments/x1/requests/batch"),
            json!([{"x": 1}, {"x": 2}]),
        )
    }),
    ("pipeline", |world| {
        (
            "POST",
            world.path("/pipelines/p1/requests"),
            json!({"in": 1}),
        )
    }),
    ("OpenAI", |world| {
        let body = json!({"model": "ubiops-deployment/x1/v1/m"});
        (
            "POST",
            world.path("/openai-compatible/v1/chat/completions"),
            body,
        )
    }),
    ("OpenAI, models", |world| {
        (
            "GET",
            world.path("/openai-compatible/v1/models"),
            Json::Null,
        )
    }),
    ("service", |world| {
        let connection = world.database.connection();
        let id: Result<String, _> =
            connection.query_row("SELECT id FROM services", [], |row| row.get(0));
        (
            "POST",
            format!(
                "/services/{}/v1/x",
                id.unwrap_or_else(|_| "gone".to_owned())
            ),
            json!({}),
        )
    }),
    ("workspaces", |world| {
        ("GET", world.workspaces(""), Json::Null)
    }),
    ("workspace, created", |world| {
        ("POST", world.workspaces(""), json!({"name": "new"}))
    }),
    ("quota, consumed", |world| {
        let body = json!({"id": "run-1", "resource": "exemlProject.gpu_duration", "amount": 5});
        ("POST", world.workspaces("/0/quotas/consumption"), body)
    }),
    ("quotas", |world| {
        ("GET", world.workspaces("/0/quotas"), Json::Null)
    }),
    ("quotas, changed", |world| {
        let body = json!({"quotas": [{"resource": "exemlProject.gpu_duration", "quota": 10}]});
        ("PUT", world.workspaces("/0/quotas"), body)
    }),
    ("session", |_| ("GET", "/session".to_owned(), Json::Null)),
    ("sessions", |_| {
        ("GET", "/session/list".to_owned(), Json::Null)
    }),
    ("own token, replaced", |_| {
        ("PUT", "/session/token".to_owned(), Json::Null)
    }),
    ("link, created", |_| {
        ("POST", "/session/link".to_owned(), Json::Null)
    }),
];

/// Trials that make requests, which are settled after their admission whatever comes.
const REQUESTS: &[&str] = &[
    "request", "stream", "batch", "pipeline", "OpenAI", "service",
];

/// What a person may still do without any right in the project and the organization.
const OF_A_PERSON: &[&str] = &[
    "user",
    "organization",
    "session",
    "sessions",
    "own token, replaced",
    "link, created",
];
/// What a service user may still do without a role.
const OF_A_SERVICE_USER: &[&str] = &["user", "part", "OpenAI, models"];
/// What a member may still do who has lost one project.
const OF_AN_ADMIN: &[&str] = &[
    "user",
    "organization",
    "organization, changed",
    "member, invited",
    "session",
    "sessions",
    "own token, replaced",
    "link, created",
];

fn token_of(caller: &Caller) -> Holder {
    Holder::of(caller.clone())
}

fn service_user(world: &World, rest: &str, holder: &Holder) -> String {
    let id = match &holder.shows {
        Shows::Token(caller) => caller.id.clone(),
        Shows::Key(_) => world.robot().id,
    };
    world.path(&format!("/service-users/{id}{rest}"))
}

fn by_operator(world: &World, method: &str, target: String) -> Call {
    Call::new(method, target).by(&world.operator())
}

/// A service user like `robot` whose token has been reset, with a grace for the previous one, which they show.
fn in_a_grace(world: &World) -> Holder {
    let holder = Holder::of(world.service_user(&["project-admin"]));
    let path = service_user(world, "/token?grace=3600", &holder);
    world.send(by_operator(world, "PUT", path)).expect(200);
    holder
}

fn until_later(world: &World) -> Holder {
    let body = json!({"name": "until later", "expiry_date": world.after(HOUR)});
    let made = world.service_user_of("vision", &["project-admin"], body);
    Holder::of(made)
}

fn key(world: &World) -> Holder {
    let key = world.access_key(&world.robot());
    Holder {
        about: key.id.clone(),
        shows: Shows::Key(key),
    }
}

fn key_until_later(world: &World) -> Holder {
    let holder = until_later(world);
    Holder {
        shows: Shows::Key(world.access_key(holder.caller())),
        about: String::new(),
    }
}

/// Every date at which something would have ended lies in the past.
fn dates_are_past(world: &World) {
    let now = world.now().as_millis();
    for sql in [
        "UPDATE service_users SET expiry_date = ?1 WHERE expiry_date > ?1",
        "UPDATE tokens SET grace_end = ?1 WHERE grace_end > ?1",
    ] {
        world.execute(sql, [now]);
    }
}

/// The id of the only assignment to somebody.
fn assignment(world: &World, caller: &Caller) -> String {
    let path = world.path(&format!("/role-assignments?assignee={}", caller.id));
    let listed = world.get(&world.operator(), &path).expect(200).json();
    listed[0]["id"].as_str().unwrap().to_owned()
}

fn with_assignment(world: &World, caller: Caller) -> Holder {
    let about = assignment(world, &caller);
    Holder::of(caller).about(about)
}

/// A person with a role of the project that holds everything.
fn in_a_role(world: &World) -> Holder {
    let all: Vec<&str> = tenantry::auth::permissions::CATALOGUE
        .iter()
        .map(|permission| permission.name())
        .collect();
    let role = world.custom_role(&all);
    let member = world.member();
    world.assign("vision", &role, &member.id);
    Holder::of(member).about(role)
}

/// A person with a role on the deployment alone.
fn on_a_deployment(world: &World) -> Holder {
    let member = world.member();
    let about = world.assign_on("deployment", "x1", "deployment-admin", &member.id);
    Holder::of(member).about(about)
}

/// A second admin, so that the first may go.
fn one_of_two_admins(world: &World) -> Holder {
    world.execute(
        "UPDATE organization_users SET admin = 1 WHERE user_id = ?1",
        [world.member().id],
    );
    world.execute(
        "DELETE FROM role_assignments WHERE user_id = ?1",
        [world.owner().id],
    );
    Holder::of(world.owner())
}

fn admin_in_session(world: &World) -> Holder {
    let holder = one_of_two_admins(world);
    Holder::of(world.sign_in(holder.caller()))
}

fn demoted(world: &World, holder: &Holder) -> Call {
    let path = format!("/v2.1/organizations/acme/users/{}", holder.caller().id);
    by_operator(world, "PATCH", path).json(&json!({"admin": false}))
}

fn removed(world: &World, holder: &Holder) -> Call {
    let path = format!("/v2.1/organizations/acme/users/{}", holder.caller().id);
    by_operator(world, "DELETE", path)
}

fn person_reset(world: &World, holder: &Holder) -> Call {
    let path = format!("/operator/v1/users/{}/token", holder.caller().id);
    by_operator(world, "PUT", path)
}

fn person_deleted(world: &World, holder: &Holder) -> Call {
    let path = format!("/operator/v1/users/{}", holder.caller().id);
    by_operator(world, "DELETE", path)
}

fn unassigned(world: &World, holder: &Holder) -> Call {
    by_operator(
        world,
        "DELETE",
        world.path(&format!("/role-assignments/{}", holder.about)),
    )
}

/// Another session of whoever holds one; it is made by a link, so that it is none of their token's.
fn other_session(world: &World, holder: &Holder) -> Caller {
    let link = testkit::requests::sign_in_link(world, &world.owner());
    let call = Call::new("POST", "/session")
        .on_console()
        .json(&json!({"link": link}));
    let answer = world.send(call).expect(201);
    Caller {
        token: Some(testkit::cookie_of(&answer)),
        ..holder.caller().clone()
    }
}

/// Whoever holds a session, the id of the session, and another session of theirs.
fn with_other_session(world: &World) -> Holder {
    let holder = Holder::of(world.owner_in_session());
    let listed = world
        .get(holder.caller(), "/session/list")
        .expect(200)
        .json();
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    let other = other_session(world, &holder);
    holder.about(format!("{id} {}", other.token.unwrap()))
}

fn in_other_session(holder: &Holder) -> (String, Caller) {
    let (id, token) = holder.about.split_once(' ').unwrap();
    let caller = Caller {
        token: Some(token.to_owned()),
        is_in_session: true,
        ..holder.caller().clone()
    };
    (id.to_owned(), caller)
}

/// A person's token, and a session of theirs.
fn token_beside_session(world: &World) -> Holder {
    let holder = Holder::of(world.owner());
    let other = other_session(world, &holder);
    holder.about(format!("- {}", other.token.unwrap()))
}

const KINDS: &[Kind] = &[
    Kind {
        of: "token of a service user",
        how: "reset",
        holder: |world| token_of(&world.robot()),
        end: End::By(|world, holder| {
            by_operator(world, "PUT", service_user(world, "/token", holder))
        }),
        stays: &[],
    },
    Kind {
        of: "token of a service user",
        how: "reset by itself",
        holder: |world| token_of(&world.robot()),
        end: End::By(|world, holder| {
            Call::new("PUT", service_user(world, "/token", holder)).by(holder.caller())
        }),
        stays: &[],
    },
    Kind {
        of: "token of a service user",
        how: "deleted with it",
        holder: |world| token_of(&world.robot()),
        end: End::By(|world, holder| by_operator(world, "DELETE", service_user(world, "", holder))),
        stays: &[],
    },
    Kind {
        of: "token of a service user",
        how: "expired",
        holder: until_later,
        end: End::After(HOUR, dates_are_past),
        stays: &[],
    },
    Kind {
        of: "previous token",
        how: "its grace ended by a call",
        holder: in_a_grace,
        end: End::By(|world, holder| {
            by_operator(
                world,
                "DELETE",
                service_user(world, "/token/previous", holder),
            )
        }),
        stays: &[],
    },
    Kind {
        of: "previous token",
        how: "its grace ended by a reset",
        holder: in_a_grace,
        end: End::By(|world, holder| {
            by_operator(world, "PUT", service_user(world, "/token?grace=0", holder))
        }),
        stays: &[],
    },
    Kind {
        of: "previous token",
        how: "its grace over",
        holder: in_a_grace,
        end: End::After(HOUR, dates_are_past),
        stays: &[],
    },
    Kind {
        of: "token of a person",
        how: "reset by the operator",
        holder: |world| token_of(&world.owner()),
        end: End::By(person_reset),
        stays: &[],
    },
    Kind {
        of: "token of a person",
        how: "deleted with them",
        holder: one_of_two_admins,
        end: End::By(person_deleted),
        stays: &[],
    },
    Kind {
        of: "token of a person",
        how: "replaced in a session",
        holder: token_beside_session,
        end: End::By(|_, holder| {
            Call::new("PUT", "/session/token").by(&in_other_session(holder).1)
        }),
        stays: &[],
    },
    Kind {
        of: "token of a person",
        how: "deleted in a session",
        holder: token_beside_session,
        end: End::By(|_, holder| {
            Call::new("DELETE", "/session/token").by(&in_other_session(holder).1)
        }),
        stays: &[],
    },
    Kind {
        of: "access key",
        how: "deleted",
        holder: key,
        end: End::By(|world, holder| {
            let path = service_user(world, &format!("/access-keys/{}", holder.about), holder);
            by_operator(world, "DELETE", path)
        }),
        stays: &[],
    },
    Kind {
        of: "access key",
        how: "deleted by a reset",
        holder: key,
        end: End::By(|world, holder| {
            by_operator(world, "PUT", service_user(world, "/token", holder))
        }),
        stays: &[],
    },
    Kind {
        of: "access key",
        how: "deleted with its service user",
        holder: key,
        end: End::By(|world, holder| by_operator(world, "DELETE", service_user(world, "", holder))),
        stays: &[],
    },
    Kind {
        of: "access key",
        how: "its service user expired",
        holder: key_until_later,
        end: End::After(HOUR, dates_are_past),
        stays: &[],
    },
    Kind {
        of: "session",
        how: "signed out",
        holder: |world| token_of(&world.owner_in_session()),
        end: End::By(|_, holder| Call::new("DELETE", "/session").by(holder.caller())),
        stays: &[],
    },
    Kind {
        of: "session",
        how: "signed out everywhere",
        holder: with_other_session,
        end: End::By(|_, holder| {
            Call::new("DELETE", "/session?everywhere=true").by(&in_other_session(holder).1)
        }),
        stays: &[],
    },
    Kind {
        of: "session",
        how: "ended in another one",
        holder: with_other_session,
        end: End::By(|_, holder| {
            let (id, other) = in_other_session(holder);
            Call::new("DELETE", format!("/session/list/{id}")).by(&other)
        }),
        stays: &[],
    },
    Kind {
        of: "session",
        how: "ended by the operator",
        holder: |world| token_of(&world.owner_in_session()),
        end: End::By(|world, holder| {
            let path = format!("/operator/v1/users/{}/sessions", holder.caller().id);
            by_operator(world, "DELETE", path)
        }),
        stays: &[],
    },
    Kind {
        of: "session",
        how: "the token that it came from reset",
        holder: |world| token_of(&world.owner_in_session()),
        end: End::By(person_reset),
        stays: &[],
    },
    Kind {
        of: "session",
        how: "the token that it came from deleted",
        holder: with_other_session,
        end: End::By(|_, holder| {
            Call::new("DELETE", "/session/token").by(&in_other_session(holder).1)
        }),
        stays: &[],
    },
    Kind {
        of: "session",
        how: "ended with its person",
        holder: admin_in_session,
        end: End::By(person_deleted),
        stays: &[],
    },
    Kind {
        of: "session",
        how: "over",
        holder: |world| token_of(&world.owner_in_session()),
        end: End::After(12 * HOUR, dates_are_past),
        stays: &[],
    },
    Kind {
        of: "role of a person",
        how: "taken away",
        holder: |world| with_assignment(world, world.admin()),
        end: End::By(unassigned),
        stays: OF_A_PERSON,
    },
    Kind {
        of: "role of a person",
        how: "taken away, in a session",
        holder: |world| with_assignment(world, world.admin_in_session()),
        end: End::By(unassigned),
        stays: OF_A_PERSON,
    },
    Kind {
        of: "role of a person",
        how: "taken away with the part in the project",
        holder: |world| token_of(&world.admin()),
        end: End::By(|world, holder| {
            by_operator(
                world,
                "DELETE",
                world.path(&format!("/users/{}", holder.caller().id)),
            )
        }),
        stays: OF_A_PERSON,
    },
    Kind {
        of: "role of a person",
        how: "deleted",
        holder: in_a_role,
        end: End::By(|world, holder| {
            by_operator(
                world,
                "DELETE",
                world.path(&format!("/roles/{}", holder.about)),
            )
        }),
        stays: OF_A_PERSON,
    },
    Kind {
        of: "role of a person",
        how: "emptied",
        holder: in_a_role,
        end: End::By(|world, holder| {
            let path = world.path(&format!("/roles/{}", holder.about));
            by_operator(world, "PATCH", path).json(&json!({"permissions": ["projects.audit.list"]}))
        }),
        stays: &[
            "user",
            "organization",
            "session",
            "sessions",
            "own token, replaced",
            "link, created",
            "part",
            "OpenAI, models",
        ],
    },
    Kind {
        of: "role of a person",
        how: "on a deployment, taken away",
        holder: on_a_deployment,
        end: End::By(unassigned),
        stays: OF_A_PERSON,
    },
    Kind {
        of: "role of a service user",
        how: "taken away",
        holder: |world| with_assignment(world, world.robot()),
        end: End::By(unassigned),
        stays: OF_A_SERVICE_USER,
    },
    Kind {
        of: "role of a service user",
        how: "taken away, with an access key",
        holder: |world| {
            let about = assignment(world, &world.robot());
            key(world).about(about)
        },
        end: End::By(unassigned),
        stays: &[],
    },
    Kind {
        of: "administration",
        how: "demoted",
        holder: one_of_two_admins,
        end: End::By(demoted),
        stays: OF_A_PERSON,
    },
    Kind {
        of: "administration",
        how: "demoted, in a session",
        holder: admin_in_session,
        end: End::By(demoted),
        stays: OF_A_PERSON,
    },
    Kind {
        of: "membership",
        how: "of an admin, ended",
        holder: one_of_two_admins,
        end: End::By(removed),
        stays: &["user"],
    },
    Kind {
        of: "membership",
        how: "of who has a role, ended",
        holder: |world| token_of(&world.admin()),
        end: End::By(removed),
        stays: &["user"],
    },
    Kind {
        of: "membership",
        how: "left",
        holder: |world| token_of(&world.admin()),
        end: End::By(|_, holder| {
            let path = format!("/v2.1/organizations/acme/users/{}", holder.caller().id);
            Call::new("DELETE", path).by(holder.caller())
        }),
        stays: &["user"],
    },
    Kind {
        of: "project",
        how: "deleted, of its service user",
        holder: |world| token_of(&world.robot()),
        end: End::By(|world, _| by_operator(world, "DELETE", world.path(""))),
        stays: &[],
    },
    Kind {
        of: "project",
        how: "deleted, of an admin",
        holder: |world| token_of(&world.owner()),
        end: End::By(|world, _| by_operator(world, "DELETE", world.path(""))),
        stays: OF_AN_ADMIN,
    },
    Kind {
        of: "project",
        how: "deleted, of an access key",
        holder: key,
        end: End::By(|world, _| by_operator(world, "DELETE", world.path(""))),
        stays: &[],
    },
];

/// A world in which each trial goes well for whoever may make it.
fn world() -> World {
    let world = World::new();
    world.upstream.answering(|_| Reply::json(&json!({"y": 2})));
    world.served_to_openai("x1", "m");
    world.pipeline_of("p1", "deployment", "x1");
    let body = json!({"name": "s", "deployment": "x1"});
    world
        .call(&world.operator(), "POST", &world.path("/services"), body)
        .expect(201);
    world
}

fn made(world: &World, holder: &Holder, trial: &Trial) -> Option<Call> {
    let (method, target, body) = trial.1(world);
    let on_page = target.starts_with("/session");
    match &holder.shows {
        Shows::Key(key) => target
            .starts_with("/v1/")
            .then(|| world.signed(key, method, &target, body)),
        Shows::Token(caller) if on_page && !caller.is_in_session => None,
        Shows::Token(caller) => {
            let call = Call::new(method, target).by(caller);
            Some(match body {
                Json::Null => call,
                body => call.json(&body),
            })
        }
    }
}

/// What only grows where something is done.
fn done(world: &World, trial: &Trial) -> i64 {
    match REQUESTS.contains(&trial.0) {
        // Those of the objects of a pipeline are parts of its own, which has been admitted.
        true => world.count("SELECT count(*) FROM requests WHERE parent_id IS NULL"),
        false => i64::try_from(world.database.connection().total_changes()).unwrap(),
    }
}

#[derive(Default, Clone)]
struct Count {
    after: usize,
    interleaved: usize,
    misses: Vec<String>,
}

impl Count {
    fn miss(&mut self, what: String) {
        self.misses.push(what);
    }
}

fn tried(kind: &Kind) -> Count {
    let mut count = Count::default();
    let ready = world();
    let holder = (kind.holder)(&ready);
    // Nothing is a first use or a first call any more.
    let calls: Vec<(&Trial, Call)> = TRIALS
        .iter()
        .filter(|(name, _)| !kind.stays.contains(name))
        .filter_map(|trial| Some((trial, made(&ready, &holder, trial)?)))
        .collect();
    let (went_well, refused): (Vec<_>, Vec<_>) = calls
        .into_iter()
        .map(|(trial, call)| (trial, call.clone(), ready.copy().send(call)))
        .partition(|(_, _, answer)| answer.status < 300);
    let refused: Vec<String> = refused
        .iter()
        .map(|(_, _, answer)| answer.to_string())
        .collect();
    assert!(
        went_well.len() > 2,
        "{}, {}: {refused:#?}",
        kind.of,
        kind.how
    );
    for name in ["user", "project", "workspaces"] {
        let trial = TRIALS.iter().find(|(known, _)| *known == name).unwrap();
        made(&ready, &holder, trial).map(|call| ready.send(call));
    }
    let ended = ready.copy();
    match kind.end {
        End::By(end) => {
            let answer = ended.send(end(&ended, &holder));
            assert!(answer.status < 300, "{}, {}: {answer}", kind.of, kind.how);
        }
        End::After(time, _) => ended.pass(time),
    }
    for trial in TRIALS.iter().filter(|(name, _)| kind.stays.contains(name)) {
        let call = made(&ready, &holder, trial);
        let went_well = |call: &Call| ready.copy().send(call.clone()).status < 300;
        if let Some(call) = call.filter(went_well) {
            let answer = ended.copy().send(call);
            assert!(
                answer.status < 300,
                "{}, {}, ends this, too: {answer}",
                kind.of,
                kind.how
            );
        }
    }
    for (trial, call, _) in &went_well {
        let answer = ended.send(call.clone());
        count.after += 1;
        if ![401, 403, 404].contains(&answer.status) {
            count.miss(format!(
                "{}, {}, then {}: {answer}",
                kind.of, kind.how, trial.0
            ));
        }
    }
    // What reads alone does nothing that could come too late.
    for (trial, call, _) in went_well
        .iter()
        .filter(|(trial, ..)| trial.1(&ready).0 != "GET")
    {
        match kind.end {
            End::By(end) => beside_a_call(
                kind,
                &ready,
                (trial, call),
                &end(&ready, &holder),
                &mut count,
            ),
            End::After(_, passes) => {
                beside_the_clock(kind, &ready, (trial, call), passes, &mut count)
            }
        }
    }
    count
}

/// The call and the one that ends, in every order of their round trips.
fn beside_a_call(
    kind: &Kind,
    ready: &World,
    (trial, call): (&Trial, &Call),
    end: &Call,
    count: &mut Count,
) {
    let (mut has_ended, mut has_begun_before, mut known) = (false, false, 0);
    let orders = every_moment(ready, &[end.clone(), call.clone()], |world, moment| {
        let now = done(world, trial);
        match moment {
            Moment::Begun => (has_ended, has_begun_before) = (false, false),
            Moment::Stepped(0, is_over) => has_ended = *is_over,
            Moment::Stepped(_, _) => {
                has_begun_before |= !has_ended;
                if has_ended && now != known {
                    count.miss(format!(
                        "{}, {}, while {} was under way",
                        kind.of, kind.how, trial.0
                    ));
                }
            }
            Moment::Over(answers) => {
                if !has_begun_before && answers[1].status < 300 {
                    count.miss(format!("{}, {}, then {}", kind.of, kind.how, answers[1]));
                }
            }
        }
        known = now;
    });
    count.interleaved += orders;
}

/// The call, and the time over before each of its round trips.
fn beside_the_clock(
    kind: &Kind,
    ready: &World,
    (trial, call): (&Trial, &Call),
    passes: fn(&World),
    count: &mut Count,
) {
    for trips in 0.. {
        let world = ready.copy();
        let mut begun = world.begin(call.clone());
        for _ in 0..trips {
            if let Some(Step::Answered(_)) = begun.step() {
                return;
            }
        }
        passes(&world);
        let known = done(&world, trial);
        let answer = begun.finish();
        count.interleaved += 1;
        if done(&world, trial) != known || (trips == 0 && answer.status < 300) {
            count.miss(format!(
                "{}, {}, before trip {} of {answer}",
                kind.of,
                kind.how,
                trips + 1
            ));
        }
    }
}

#[test]
fn nothing_is_done_by_what_has_ended() {
    let half = KINDS.len() / 2;
    let counts: Vec<Count> = thread::scope(|scope| {
        let halves = [&KINDS[..half], &KINDS[half..]];
        let threads =
            halves.map(|kinds| scope.spawn(|| kinds.iter().map(tried).collect::<Vec<_>>()));
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut sums: BTreeMap<&str, (Vec<&str>, Count)> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for (kind, count) in KINDS.iter().zip(counts) {
        if !order.contains(&kind.of) {
            order.push(kind.of);
        }
        let (ways, sum) = sums.entry(kind.of).or_default();
        ways.push(kind.how);
        sum.after += count.after;
        sum.interleaved += count.interleaved;
        sum.misses.extend(count.misses);
    }
    let mut table = "| what ends | how | calls after it | orders of a call beside it | misses |\n|---|---|--:|--:|--:|\n".to_owned();
    let mut all = Count::default();
    for of in order {
        let (ways, sum) = &sums[of];
        let (ways, misses) = (ways.join("; "), sum.misses.len());
        writeln!(
            table,
            "| {of} | {ways} | {} | {} | {misses} |",
            sum.after, sum.interleaved
        )
        .unwrap();
        all.after += sum.after;
        all.interleaved += sum.interleaved;
        all.misses.extend(sum.misses.clone());
    }
    writeln!(
        table,
        "| **all** | | {} | {} | {} |",
        all.after,
        all.interleaved,
        all.misses.len()
    )
    .unwrap();
    assert!(all.misses.is_empty(), "{}\n{table}", all.misses.join("\n"));
    assert!(all.after + all.interleaved >= 1_000, "{table}");
    proof::stands_in_the_page("revocation", &table);
}

#[test]
fn what_has_not_ended_is_a_miss_in_every_trial() {
    let kind = Kind {
        of: "token of a service user",
        how: "not at all",
        holder: |world| token_of(&world.robot()),
        end: End::By(|world, _| by_operator(world, "GET", world.path(""))),
        stays: OF_A_SERVICE_USER,
    };
    let count = tried(&kind);
    let (then, meanwhile): (Vec<&String>, Vec<&String>) = count
        .misses
        .iter()
        .partition(|miss| miss.contains(", then "));
    assert!(then.len() > count.after, "{then:?}");
    assert!(meanwhile.len() * 4 > count.interleaved, "{meanwhile:?}");
}
