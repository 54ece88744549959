//! Who may what, said once more: [`may`] is a page of plain Rust over facts, and every place that decides agrees with it on
//! facts made at random.
//!
//! Those places are the first round trip of a call, the permit of a change whose facts are others by then,
//! `permissions/check`, `permissions/mine`, what somebody may grant, and the lists of who sees what.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use serde_json::{Value as Json, json};

use tenantry::auth::access::Access;
use tenantry::auth::permissions::CATALOGUE;
use tenantry::routes::{self, Route};

use testkit::requests::plausible;
use testkit::{Answer, Call, Caller, Step, World};

use crate::proof;

/// Somebody: a person or a service user, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Person(usize),
    ServiceUser(usize),
}

/// What a right is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Project(&'static str),
    /// In `vision`.
    Deployment(&'static str),
    /// In `vision`.
    Pipeline(&'static str),
}

/// A person with an account.
#[derive(Debug, Clone, Default)]
struct Person {
    is_member: bool,
    is_admin: bool,
    is_user_of_project: bool,
    is_deleted: bool,
}

/// A service user.
#[derive(Debug, Clone)]
struct ServiceUser {
    project: &'static str,
    has_expired: bool,
    is_deleted: bool,
}

/// A role, given to somebody.
#[derive(Debug, Clone)]
struct Assignment {
    who: Who,
    role: String,
    on: On,
}

/// All that decides.
#[derive(Debug, Clone)]
struct Facts {
    people: Vec<Person>,
    service_users: Vec<ServiceUser>,
    /// The custom roles of `vision`.
    roles: Vec<(String, BTreeSet<&'static str>)>,
    assignments: Vec<Assignment>,
}

// The model.

/// Whether somebody may do something.
fn may(facts: &Facts, who: Who, permission: &str, on: On) -> bool {
    lives(facts, who)
        && (administers(facts, who, project_of(on))
            || (suits(who, permission) && is_given(facts, who, permission, on)))
}

/// Whether anything that they show is still taken.
fn lives(facts: &Facts, who: Who) -> bool {
    match who {
        Who::Person(number) => !facts.people[number].is_deleted,
        Who::ServiceUser(number) => {
            let one = &facts.service_users[number];
            !one.is_deleted && !one.has_expired
        }
    }
}

/// An admin of the organization holds all rights in its projects.
fn administers(facts: &Facts, who: Who, project: &str) -> bool {
    match who {
        Who::Person(number) => {
            ["vision", "audio"].contains(&project)
                && facts.people[number].is_member
                && facts.people[number].is_admin
        }
        Who::ServiceUser(_) => false,
    }
}

/// No service user has to do with roles and the people of a project.
fn suits(who: Who, permission: &str) -> bool {
    matches!(who, Who::Person(_))
        || !(permission.starts_with("roles.") || permission.starts_with("projects.users."))
}

/// A role on the project is one on all that is in it; one on an object is on that alone.
fn is_given(facts: &Facts, who: Who, permission: &str, on: On) -> bool {
    facts.assignments.iter().any(|given| {
        let covers = given.on == on || given.on == On::Project(project_of(on));
        given.who == who && is_in(facts, who) && covers && holds(facts, &given.role, permission)
    })
}

/// A person's roles go with their membership, a service user's with it.
fn is_in(facts: &Facts, who: Who) -> bool {
    match who {
        Who::Person(number) => facts.people[number].is_member,
        Who::ServiceUser(number) => !facts.service_users[number].is_deleted,
    }
}

fn project_of(on: On) -> &'static str {
    match on {
        On::Project(name) => name,
        On::Deployment(_) | On::Pipeline(_) => "vision",
    }
}

/// What is in a role: in a custom one what it lists, in a default one what its name says.
fn holds(facts: &Facts, role: &str, permission: &str) -> bool {
    if let Some((_, listed)) = facts.roles.iter().find(|(name, _)| name == role) {
        return listed.contains(permission);
    }
    let (kind, level) = role.split_once('-').unwrap();
    let is_about = kind == "project" || permission.starts_with(&format!("{kind}s."));
    let action = permission.rsplit('.').next().unwrap();
    is_about
        && match level {
            "viewer" => ["list", "get"].contains(&action),
            "editor" => ["list", "get", "create", "update", "consume"].contains(&action),
            "admin" => true,
            "request-user" => {
                permission.contains(".requests.") || permission == format!("{kind}s.get")
            }
            other => panic!("{other}"),
        }
}

/// Whether they have a part in a project, so that it is there for them.
fn has_part(facts: &Facts, who: Who, project: &'static str) -> bool {
    let has_role = facts
        .assignments
        .iter()
        .any(|given| given.who == who && is_in(facts, who) && project_of(given.on) == project);
    lives(facts, who)
        && match who {
            Who::Person(number) => {
                let person = &facts.people[number];
                let is_user = person.is_user_of_project && person.is_member && project == "vision";
                administers(facts, who, project) || has_role || is_user
            }
            Who::ServiceUser(number) => facts.service_users[number].project == project,
        }
}

/// Nobody grants what they do not hold.
fn may_grant(facts: &Facts, who: Who, role: &str, on: On) -> bool {
    may(
        facts,
        who,
        "roles.assignments.create",
        On::Project(project_of(on)),
    ) && permissions()
        .all(|permission| !holds(facts, role, permission) || may(facts, who, permission, on))
}

// Facts at random.

fn permissions() -> impl Iterator<Item = &'static str> {
    CATALOGUE.iter().map(|permission| permission.name())
}

const PEOPLE: usize = 4;
/// The projects of the service users.
const SERVICE_USERS: [&str; 4] = ["vision", "vision", "vision", "audio"];
const CUSTOM: [&str; 3] = ["custom-0", "custom-1", "custom-2"];
const DEFAULT: [&str; 11] = [
    "project-admin",
    "project-editor",
    "project-viewer",
    "deployment-admin",
    "deployment-editor",
    "deployment-viewer",
    "deployment-request-user",
    "pipeline-admin",
    "pipeline-editor",
    "pipeline-viewer",
    "pipeline-request-user",
];
const PLACES: [On; 6] = [
    On::Project("vision"),
    On::Project("audio"),
    On::Deployment("x1"),
    On::Deployment("d2"),
    On::Pipeline("x1"),
    On::Pipeline("p2"),
];

/// Numbers that a seed makes.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % end
    }

    /// In one of so many cases.
    fn once_in(&mut self, cases: usize) -> bool {
        self.below(cases) == 0
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn who(&mut self) -> Who {
        let all: Vec<Who> = everybody().collect();
        self.one_of(&all)
    }

    fn facts(&mut self, may_be_deleted: bool) -> Facts {
        let people = (0..PEOPLE).map(|_| Person {
            is_member: !self.once_in(4),
            is_admin: self.once_in(4),
            is_user_of_project: self.once_in(3),
            is_deleted: may_be_deleted && self.once_in(8),
        });
        let people = people.collect();
        let service_users = SERVICE_USERS.map(|project| ServiceUser {
            project,
            has_expired: self.once_in(6),
            is_deleted: may_be_deleted && self.once_in(8),
        });
        let roles = CUSTOM.map(|name| {
            let share = 1 + self.below(6);
            let listed = permissions().filter(|_| self.once_in(share)).collect();
            (name.to_owned(), listed)
        });
        let number = self.below(12);
        let assignments = (0..number).map(|_| {
            let who = self.who();
            let on = match who {
                // None of theirs is anywhere but in their project.
                Who::ServiceUser(3) => On::Project("audio"),
                Who::ServiceUser(_) => self.one_of(&[
                    PLACES[0], PLACES[0], PLACES[2], PLACES[3], PLACES[4], PLACES[5],
                ]),
                Who::Person(_) => self.one_of(&[
                    PLACES[0], PLACES[0], PLACES[1], PLACES[2], PLACES[3], PLACES[4], PLACES[5],
                ]),
            };
            let is_custom = on != On::Project("audio") && self.once_in(2);
            let role = match is_custom {
                true => self.one_of(&CUSTOM),
                false => self.one_of(&DEFAULT),
            };
            Assignment {
                who,
                role: role.to_owned(),
                on,
            }
        });
        let assignments = assignments.collect();
        Facts {
            people,
            service_users: service_users.to_vec(),
            roles: roles.to_vec(),
            assignments,
        }
    }
}

fn everybody() -> impl Iterator<Item = Who> {
    let people = (0..PEOPLE).map(Who::Person);
    people.chain((0..SERVICE_USERS.len()).map(Who::ServiceUser))
}

// A world that has the facts.

/// Everybody's tokens, in a world in which they are nothing yet.
struct Cast {
    world: World,
    people: Vec<Caller>,
    service_users: Vec<Caller>,
}

impl Cast {
    fn new() -> Self {
        let world = World::new();
        world.allow_custom_roles();
        let people = (0..PEOPLE).map(|number| world.person(&format!("person-{number}")));
        let people: Vec<Caller> = people.collect();
        let service_users = SERVICE_USERS
            .map(|project| world.service_user_of(project, &[], json!({"name": "one"})));
        for caller in people.iter().chain(&service_users) {
            // So that no use is the first.
            world.get(caller, "/v2.1/user").expect(200);
        }
        world.deployment("d2");
        world.pipeline("p2");
        for name in CUSTOM {
            world.execute(
                "INSERT INTO roles (id, organization_id, project_id, name, permissions)
                 SELECT ?1, organization_id, id, ?1, '[]' FROM projects WHERE name = 'vision'",
                [name],
            );
        }
        Self {
            world,
            people,
            service_users: service_users.to_vec(),
        }
    }

    fn caller(&self, who: Who) -> &Caller {
        match who {
            Who::Person(number) => &self.people[number],
            Who::ServiceUser(number) => &self.service_users[number],
        }
    }

    /// Makes the facts those of a world of this cast.
    fn settle(&self, world: &World, facts: &Facts) {
        for caller in self.people.iter().chain(&self.service_users) {
            world.execute(
                "DELETE FROM role_assignments WHERE assignee_id = ?1",
                [&caller.id],
            );
            world.execute(
                "DELETE FROM organization_users WHERE user_id = ?1",
                [&caller.id],
            );
        }
        for (name, listed) in &facts.roles {
            world.execute("DELETE FROM role_permissions WHERE role_id = ?1", [name]);
            let listed = json!(listed).to_string();
            world.execute(
                "INSERT INTO role_permissions (role_id, permission) SELECT ?1, value FROM json_each(?2)",
                [name, &listed],
            );
            world.execute(
                "UPDATE roles SET permissions = ?2 WHERE id = ?1",
                [name, &listed],
            );
        }
        for (person, caller) in facts.people.iter().zip(&self.people) {
            world.join("acme", caller, person.is_admin);
            if person.is_user_of_project {
                world.execute(
                    "INSERT INTO project_users (organization_id, project_id, user_id)
                     SELECT organization_id, id, ?1 FROM projects WHERE name = 'vision'",
                    [&caller.id],
                );
            }
        }
        for (one, caller) in facts.service_users.iter().zip(&self.service_users) {
            let expiry = one.has_expired.then(|| world.now().as_millis());
            world.execute(
                "UPDATE service_users SET expiry_date = ?2 WHERE id = ?1",
                (&caller.id, expiry),
            );
        }
        for (number, given) in facts.assignments.iter().enumerate() {
            let (table, name) = match given.on {
                On::Project(name) => ("project", name),
                On::Deployment(name) => ("deployment", name),
                On::Pipeline(name) => ("pipeline", name),
            };
            let column = match given.who {
                Who::Person(_) => "user_id",
                Who::ServiceUser(_) => "service_user_id",
            };
            // None of those objects has the name of a project.
            world.execute(
                &format!(
                    "INSERT OR IGNORE INTO role_assignments
                       (id, organization_id, project_id, role_id, {column}, resource_type, resource_id, creation_date)
                     SELECT ?1, o.organization_id, p.id, r.id, ?2, ?3, o.id, 0
                     FROM {table}s o JOIN projects p ON p.name = ?6
                     JOIN roles r ON r.name = ?4 AND (r.project_id IS NULL OR r.project_id = p.id)
                     WHERE o.name = ?5"
                ),
                (
                    format!("assignment-{number}"),
                    &self.caller(given.who).id,
                    table,
                    &given.role,
                    name,
                    project_of(given.on),
                ),
            );
        }
        // What goes with what ends.
        for (person, caller) in facts.people.iter().zip(&self.people) {
            if !person.is_member {
                world.execute(
                    "DELETE FROM organization_users WHERE user_id = ?1",
                    [&caller.id],
                );
            }
            if person.is_deleted {
                let path = format!("/operator/v1/users/{}?force=true", caller.id);
                world
                    .call(&world.operator(), "DELETE", &path, Json::Null)
                    .expect(204);
            }
        }
        for (one, caller) in facts.service_users.iter().zip(&self.service_users) {
            if one.is_deleted {
                let path = format!("/v2.1/projects/{}/service-users/{}", one.project, caller.id);
                world
                    .call(&world.operator(), "DELETE", &path, Json::Null)
                    .expect(204);
            }
        }
    }
}

// The places that decide.

/// A call that goes well for whoever has its permission, in a world in which what it is about is there.
struct Asking {
    route: &'static Route,
    permission: &'static str,
    on: On,
    world: World,
    call: Call,
}

fn asking(cast: &Cast) -> Vec<Asking> {
    let routes = routes::table().filter_map(|route| {
        let on = match route.access {
            Access::Project(_)
            | Access::PersonOfProject(_)
            | Access::Workspaces(_)
            | Access::Workspace(_) => On::Project("vision"),
            Access::Deployment(_) => On::Deployment("x1"),
            Access::Pipeline(_) => On::Pipeline("x1"),
            _ => return None,
        };
        // Requests to a version are those to the default one.
        let is_another = route.operation.contains("_version_requests_");
        let permission = route.access.permission()?.name();
        (!is_another).then_some((route, permission, on))
    });
    routes
        .map(|(route, permission, on)| {
            let world = cast.world.copy();
            let call = plausible(&world, route);
            Asking {
                route,
                permission,
                on,
                world,
                call,
            }
        })
        .collect()
}

/// Whether an answer says that its caller may. Rules that come after the right have sentences of their own.
fn is_let(answer: &Answer, permission: &str) -> bool {
    let lacks = [
        format!("this needs the permission {permission}"),
        "no service user may do this".to_owned(),
    ];
    match answer.status {
        401 => false,
        403 if answer.json()["error_code"].is_string() => false,
        403 => !lacks.contains(&answer.error()),
        404 => !answer.error().contains("there is no project"),
        _ => true,
    }
}

/// What a route lets somebody do: some are for people alone.
fn is_expected(facts: &Facts, who: Who, asking: &Asking) -> bool {
    let is_for_people = matches!(asking.route.access, Access::PersonOfProject(_));
    may(facts, who, asking.permission, asking.on)
        && !(is_for_people && matches!(who, Who::ServiceUser(_)))
}

/// How often each place was asked, and how often it let somebody.
#[derive(Default, Clone, Copy)]
struct Count([(usize, usize); 6]);

const DECIDE: [&str; 6] = [
    "the first round trip of a call",
    "the permit of a change, over facts that are others by then",
    "`permissions/check`",
    "`permissions/mine`, permission by permission",
    "what somebody may grant",
    "lists of projects and organizations",
];

impl Count {
    fn agree(&mut self, place: usize, expected: bool, told: bool, what: impl FnOnce() -> String) {
        self.0[place].0 += 1;
        self.0[place].1 += usize::from(told);
        assert!(
            expected == told,
            "{}: {} should be {expected}",
            DECIDE[place],
            what()
        );
    }
}

fn first_trips(
    random: &mut Random,
    cast: &Cast,
    asking: &[Asking],
    facts: &Facts,
    count: &mut Count,
) {
    for _ in 0..6 {
        let asking = &asking[random.below(asking.len())];
        let world = asking.world.copy();
        cast.settle(&world, facts);
        // Most may little, so one of those who may is asked, too.
        let mut asked = vec![random.who(), random.who()];
        let those_who_may: Vec<Who> = everybody()
            .filter(|who| is_expected(facts, *who, asking))
            .collect();
        if !those_who_may.is_empty() {
            asked.push(random.one_of(&those_who_may));
        }
        for who in asked {
            let world = world.copy();
            let answer = world.send(asking.call.clone().by(cast.caller(who)));
            let expected = is_expected(facts, who, asking);
            count.agree(0, expected, is_let(&answer, asking.permission), || {
                format!("{who:?}: {answer}")
            });
        }
    }
}

fn permits(
    random: &mut Random,
    cast: &Cast,
    asking: &[Asking],
    before: &Facts,
    facts: &Facts,
    count: &mut Count,
) {
    let writing: Vec<&Asking> = asking
        .iter()
        .filter(|asking| asking.route.method != "GET" && !asking.route.takes_body_first())
        .filter(|asking| {
            ![
                "projects_log_list",
                "deployment_requests_batch_get",
                "pipeline_requests_batch_get",
            ]
            .contains(&asking.route.operation)
        })
        .collect();
    for _ in 0..4 {
        let asking = writing[random.below(writing.len())];
        let may_begin: Vec<Who> = everybody()
            .filter(|who| is_expected(before, *who, asking))
            .collect();
        if may_begin.is_empty() {
            continue;
        }
        let who = random.one_of(&may_begin);
        let world = asking.world.copy();
        cast.settle(&world, before);
        let mut begun = world.begin(asking.call.clone().by(cast.caller(who)));
        // Where something is read in between, the last trip writes.
        let last = usize::from(
            asking.route.operation.contains("_copy")
                || asking.route.operation == "request_schedules_create",
        );
        let mut answer = None;
        for _ in 0..=last {
            if let Some(Step::Answered(early)) = begun.step() {
                answer = Some(early);
                break;
            }
        }
        // A rule besides the right has refused it without a permit, or a part has been settled already.
        if answer.is_some() {
            continue;
        }
        cast.settle(&world, facts);
        let changes = world.database.connection().total_changes();
        let answer = begun.finish();
        let expected = is_expected(facts, who, asking);
        let is_done = is_let(&answer, asking.permission);
        count.agree(1, expected, is_done, || {
            format!("{who:?}: {answer}, which began under {before:?}")
        });
        let is_changed = world.database.connection().total_changes() != changes;
        assert!(
            expected || !is_changed,
            "{who:?}: {answer} changed something; it began under {before:?}"
        );
    }
}

fn kind_and_name(on: On) -> (&'static str, &'static str) {
    match on {
        On::Project(name) => ("project", name),
        On::Deployment(name) => ("deployment", name),
        On::Pipeline(name) => ("pipeline", name),
    }
}

fn checks(random: &mut Random, cast: &Cast, world: &World, facts: &Facts, count: &mut Count) {
    for _ in 0..8 {
        let (who, on) = (random.who(), random.one_of(&PLACES));
        let all: Vec<&str> = permissions().collect();
        let permission = random.one_of(&all);
        let (kind, name) = kind_and_name(on);
        let path = format!(
            "/v2.1/projects/{}/permissions/check?permission={permission}&assignee={}&resource={name}&resource_type={kind}",
            project_of(on),
            cast.caller(who).id
        );
        let answer = world.get(&world.operator(), &path);
        let is_known = is_in(facts, who)
            && match who {
                Who::Person(number) => !facts.people[number].is_deleted,
                Who::ServiceUser(number) => facts.service_users[number].project == project_of(on),
            };
        if !is_known {
            answer.expect(404);
            continue;
        }
        let told = answer.clone().expect(200).json()["allowed"]
            .as_bool()
            .unwrap();
        count.agree(2, may(facts, who, permission, on), told, || {
            format!("{who:?}: {answer}")
        });
    }
}

fn mine(cast: &Cast, world: &World, facts: &Facts, count: &mut Count) {
    for who in everybody() {
        for project in ["vision", "audio"] {
            let path = format!("/v2.1/projects/{project}/permissions/mine");
            let answer = world.get(cast.caller(who), &path);
            assert!(
                (answer.status == 200) == has_part(facts, who, project),
                "{who:?} has a part in {project}: {answer}"
            );
            if answer.status != 200 {
                continue;
            }
            let told = answer.json();
            let listed = |held: &Json| -> BTreeSet<String> {
                let held = held.as_array().unwrap().iter();
                held.map(|permission| permission.as_str().unwrap().to_owned())
                    .collect()
            };
            let on_project = listed(&told["project"]);
            for on in PLACES.into_iter().filter(|on| project_of(*on) == project) {
                let (kind, name) = kind_and_name(on);
                let mut objects = told["objects"].as_array().unwrap().iter();
                let object =
                    objects.find(|one| one["resource_type"] == kind && one["resource"] == name);
                let on_object = object
                    .map(|one| listed(&one["permissions"]))
                    .unwrap_or_default();
                for permission in permissions() {
                    let is_told = on_project.contains(permission) || on_object.contains(permission);
                    let expected = may(facts, who, permission, on);
                    count.agree(3, expected, is_told, || {
                        format!("{who:?}, {permission} on {on:?}: {answer}")
                    });
                }
            }
        }
    }
}

fn grants(random: &mut Random, cast: &Cast, world: &World, facts: &Facts, count: &mut Count) {
    for _ in 0..6 {
        let world = world.copy();
        let (who, on) = (random.who(), random.one_of(&PLACES));
        let role = match on {
            On::Project("audio") => random.one_of(&DEFAULT),
            _ if random.once_in(2) => random.one_of(&CUSTOM),
            _ => random.one_of(&DEFAULT),
        };
        let (kind, name) = kind_and_name(on);
        let path = format!("/v2.1/projects/{}/role-assignments", project_of(on));
        let body = json!({"role": role, "assignee": world.member().id, "resource": name, "resource_type": kind});
        let answer = world.call(cast.caller(who), "POST", &path, body);
        let expected = may_grant(facts, who, role, on);
        count.agree(4, expected, answer.status == 201, || {
            format!("{who:?} grants {role} on {on:?}: {answer}")
        });
    }
}

fn lists(cast: &Cast, world: &World, facts: &Facts, count: &mut Count) {
    for who in everybody() {
        let caller = cast.caller(who);
        let names = |path: &str| -> Vec<String> {
            let answer = world.get(caller, path);
            match (lives(facts, who), answer.status) {
                (false, 401) => Vec::new(),
                (true, 200) => {
                    let all = answer.json();
                    let names = all
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|one| one["name"].as_str().unwrap().to_owned());
                    names.collect()
                }
                _ => panic!("{who:?}: {answer}"),
            }
        };
        let projects = names("/v2.1/projects");
        for project in ["vision", "audio", "reactor"] {
            let expected = has_part(facts, who, project);
            let told = projects.iter().any(|name| name == project);
            count.agree(5, expected, told, || format!("{who:?} sees {project}"));
        }
        if let Who::Person(number) = who {
            let expected = lives(facts, who) && facts.people[number].is_member;
            let told = names("/v2.1/organizations").contains(&"acme".to_owned());
            count.agree(5, expected, told, || format!("{who:?} sees acme"));
        }
    }
}

fn tried(seeds: std::ops::Range<u64>) -> Count {
    let cast = Cast::new();
    // `plausible` makes what is called x1; beside it, all of it is there.
    let asking = asking(&cast);
    let whole = cast.world.copy();
    whole.deployment("x1");
    whole.pipeline("x1");
    let mut count = Count::default();
    for seed in seeds {
        let mut random = Random(seed);
        let (before, facts) = (random.facts(false), random.facts(true));
        let tried = catch_unwind(AssertUnwindSafe(|| {
            first_trips(&mut random, &cast, &asking, &facts, &mut count);
            permits(&mut random, &cast, &asking, &before, &facts, &mut count);
            let world = whole.copy();
            cast.settle(&world, &facts);
            checks(&mut random, &cast, &world, &facts, &mut count);
            mine(&cast, &world, &facts, &mut count);
            grants(&mut random, &cast, &world, &facts, &mut count);
            lists(&cast, &world, &facts, &mut count);
        }));
        if let Err(panic) = tried {
            eprintln!("seed {seed}: {facts:#?}");
            resume_unwind(panic);
        }
    }
    count
}

/// How many facts are made; as many again for what a permit meets.
const CASES: u64 = 140;

#[test]
fn every_place_that_decides_agrees_with_the_model() {
    let counts = thread::scope(|scope| {
        let halves = [0..CASES / 2, CASES / 2..CASES];
        let threads = halves.map(|seeds| scope.spawn(|| tried(seeds)));
        threads.map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let mut table =
        "| what decides | asked | let | agrees with the model |\n|---|--:|--:|--:|\n".to_owned();
    for (place, name) in DECIDE.iter().enumerate() {
        let sum = |part: fn((usize, usize)) -> usize| {
            counts
                .iter()
                .map(|count| part(count.0[place]))
                .sum::<usize>()
        };
        let (asked, told) = (sum(|(asked, _)| asked), sum(|(_, told)| told));
        assert!(told > 0 && told < asked, "{name} always says the same");
        writeln!(table, "| {name} | {asked} | {told} | all |").unwrap();
    }
    proof::stands_in_the_page("rights", &table);
}
