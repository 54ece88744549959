//! Plans and their limits, and subscriptions that start, end and follow each other by the clock.

use serde_json::{Value as Json, json};

use testkit::members::{remove, set_admin};
use testkit::organizations::{ACME, acme, create, patch, subscribe};
use testkit::world::HOUR;
use testkit::{Answer, World};

const DAY: i64 = 24 * HOUR;

fn project(world: &World, name: &str) -> Answer {
    let body = json!({"name": name, "organization_name": "acme"});
    world.call(&world.owner(), "POST", "/v2.1/projects", body)
}

fn put_plan(world: &World, name: &str, body: Json) -> Answer {
    let path = format!("/operator/v1/subscriptions/{name}");
    world.call(&world.operator(), "PUT", &path, body)
}

#[test]
fn a_change_of_plan_needs_its_dates() {
    let world = World::new();
    let operator = world.operator();
    for (body, words) in [
        (
            json!({"subscription": "premium"}),
            "subscription_start_date: ",
        ),
        (
            json!({"subscription": "premium", "subscription_end_date": "2027-01-01"}),
            "subscription_start_date: ",
        ),
        (
            json!({"subscription": "premium", "subscription_start_date": "2026-06-15"}),
            "subscription_end_date: ",
        ),
        (
            json!({"subscription": "free", "subscription_start_date": "2026-06-15",
                   "subscription_end_date": "2027-01-01"}),
            "subscription_end_date: the plan free",
        ),
        (
            json!({"subscription_end_date": "2027-01-01"}),
            "subscription_end_date: the plan free",
        ),
        (
            json!({"subscription": "premium", "subscription_start_date": "2026-06-15",
                   "subscription_end_date": "2026-06-15"}),
            "must end after",
        ),
        (
            json!({"subscription": "gold", "subscription_start_date": "2026-06-15",
                   "subscription_end_date": "2027-01-01"}),
            "subscription: there is no plan",
        ),
        (
            json!({"subscription_start_date": "2026-02-30"}),
            "subscription_start_date: ",
        ),
        (
            json!({"subscription_end_date": "soon"}),
            "subscription_end_date: ",
        ),
        (json!({"subscription": ""}), "subscription: "),
    ] {
        patch(&world, &operator, body).refused(400, words);
    }
    assert_eq!(acme(&world)["subscription"], "free");
}

#[test]
fn a_plan_that_starts_today_or_earlier_is_in_force_at_once() {
    for start in ["2026-06-15", "2026-01-31"] {
        let world = World::new();
        let changed = subscribe(&world, "premium", start, Some("2027-06-15"))
            .expect(200)
            .json();
        assert_eq!(changed["subscription"], "premium");
        assert_eq!(changed["subscription_start_date"], start);
        assert_eq!(changed["subscription_end_date"], "2027-06-15");
        assert_eq!(changed["scheduled_subscription"], Json::Null);
        assert_eq!(acme(&world), changed);
    }
}

#[test]
fn a_scheduled_plan_takes_effect_with_the_first_instant_of_its_day() {
    let world = World::new();
    let limited = json!({"description": "", "self_service": false, "limits": {"projects": 0}});
    put_plan(&world, "limited", limited).expect(200);
    let scheduled = subscribe(&world, "limited", "2026-07-01", Some("2026-08-01"))
        .expect(200)
        .json();
    assert_eq!(scheduled["subscription"], "free");
    assert_eq!(
        scheduled["scheduled_subscription"],
        json!({
            "subscription": "limited", "subscription_start_date": "2026-07-01", "subscription_end_date": "2026-08-01",
        })
    );
    let until = tenantry::domain::Timestamp::parse("2026-07-01").unwrap();
    world.clock.set(until.plus_millis(-1));
    assert_eq!(acme(&world)["subscription"], "free");
    project(&world, "before").expect(201);
    world.clock.set(until);
    let now = acme(&world);
    assert_eq!(now["subscription"], "limited");
    assert_eq!(now["subscription_self_service"], false);
    assert_eq!(now["subscription_end_date"], "2026-08-01");
    assert_eq!(now["scheduled_subscription"], Json::Null);
    assert_eq!(
        world.get(&world.owner(), "/v2.1/organizations").json()[0],
        now
    );
    project(&world, "after").refused(403, "projects: ");
}

#[test]
fn what_was_scheduled_and_has_started_is_what_the_next_change_moves() {
    let world = World::new();
    subscribe(&world, "premium", "2026-07-01", Some("2026-08-01")).expect(200);
    world.pass(20 * DAY);
    let moved = patch(
        &world,
        &world.operator(),
        json!({"subscription_end_date": "2026-09-01"}),
    );
    let moved = moved.expect(200).json();
    assert_eq!(moved["subscription"], "premium");
    assert_eq!(moved["subscription_start_date"], "2026-07-01");
    assert_eq!(moved["subscription_end_date"], "2026-09-01");
    // Dates alone renew the plan that is in force.
    let dates =
        json!({"subscription_start_date": "2026-09-01", "subscription_end_date": "2027-09-01"});
    let renewed = patch(&world, &world.operator(), dates).expect(200).json();
    assert_eq!(renewed["scheduled_subscription"]["subscription"], "premium");
    assert_eq!(renewed["subscription_end_date"], "2026-09-01");
}

#[test]
fn an_end_date_alone_leaves_the_schedule_and_a_new_start_drops_it() {
    let world = World::new();
    subscribe(&world, "premium", "2026-06-01", Some("2026-07-01")).expect(200);
    subscribe(&world, "professional", "2026-08-01", Some("2026-09-01")).expect(200);
    let cleared = patch(
        &world,
        &world.operator(),
        json!({"subscription_end_date": null}),
    )
    .expect(200)
    .json();
    assert_eq!(cleared["subscription_end_date"], Json::Null);
    assert_eq!(
        cleared["scheduled_subscription"]["subscription"],
        "professional"
    );
    let restarted = subscribe(&world, "premium", "2026-06-10", None)
        .expect(200)
        .json();
    assert_eq!(restarted["scheduled_subscription"], Json::Null);
    assert_eq!(restarted["subscription_start_date"], "2026-06-10");
}

#[test]
fn an_ended_subscription_refuses_new_work_and_loses_nothing() {
    let world = World::new();
    let robot = world.service_user(&["project-editor"]);
    let role = world.custom_role(&["projects.get"]);
    subscribe(&world, "premium", "2026-06-01", Some("2026-06-16")).expect(200);
    project(&world, "text").expect(201);
    world.pass(12 * HOUR);
    assert_eq!(acme(&world)["status"], "inactive");
    for by in [world.owner(), world.operator()] {
        let body = json!({"name": "more", "organization_name": "acme"});
        world
            .call(&by, "POST", "/v2.1/projects", body)
            .refused(403, "subscription has ended");
        world
            .call(&by, "POST", &world.path("/service-users"), json!({}))
            .refused(403, "subscription has ended");
        for body in [
            json!({"email": "new@example.com"}),
            json!({"email": world.stranger().email, "admin": true}),
        ] {
            world
                .call(&by, "POST", &format!("{ACME}/users"), body)
                .refused(403, "subscription has ended");
        }
        let body = json!({"user_id": world.member().id});
        world
            .call(&by, "POST", &world.path("/users"), body)
            .refused(403, "subscription has ended");
        world
            .call(
                &by,
                "POST",
                &world.path("/roles"),
                json!({"name": "more", "permissions": []}),
            )
            .refused(403, "subscription has ended");
        let keys = world.path(&format!("/service-users/{}/access-keys", robot.id));
        world
            .call(&by, "POST", &keys, Json::Null)
            .refused(403, "subscription has ended");
        let workspace = json!({"name": "more"});
        let refused = world
            .call(&by, "POST", &world.workspaces(""), workspace)
            .refused(
                403,
                "modelarts:workspace:create to be performed: the organization's",
            );
        assert_eq!(refused.text("error_code"), "ModelArts.0112");
    }
    // What there is is read, changed and deleted; tokens work and can be reset; people are changed, removed, and leave.
    world.assign("vision", &role, &robot.id);
    let path = world.path(&format!("/roles/{role}"));
    world
        .call(&world.owner(), "PATCH", &path, json!({"name": "renamed"}))
        .expect(200);
    let path = world.path("/roles/renamed");
    world
        .call(&world.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    let default = world.workspaces("/0");
    world
        .call(&world.owner(), "PUT", &default, json!({"description": "x"}))
        .expect(200);
    world.get(&robot, &world.path("")).expect(200);
    let made = world.path(&format!("/service-users/{}", robot.id));
    world
        .call(&world.owner(), "PUT", &format!("{made}/token"), Json::Null)
        .expect(200);
    world
        .call(&world.owner(), "PATCH", &made, json!({"description": "x"}))
        .expect(200);
    set_admin(&world, &world.owner(), &world.member(), true).expect(200);
    set_admin(&world, &world.owner(), &world.member(), false).expect(200);
    remove(&world, &world.owner(), &world.editor()).expect(204);
    remove(&world, &world.member(), &world.member()).expect(204);
    let entry = world.path(&format!("/users/{}", world.viewer().id));
    world
        .call(&world.viewer(), "DELETE", &entry, Json::Null)
        .expect(204);
    world
        .call(&world.owner(), "DELETE", "/v2.1/projects/text", Json::Null)
        .expect(204);
    subscribe(&world, "premium", "2026-06-16", Some("2026-12-01")).expect(200);
    assert_eq!(acme(&world)["status"], "active");
    project(&world, "again").expect(201);
}

#[test]
fn a_subscription_that_ends_meanwhile_refuses_the_write() {
    let world = World::new();
    world.before_trip(2, |world| {
        subscribe(world, "premium", "2026-06-01", Some("2026-06-15")).expect(200);
    });
    project(&world, "late").refused(403, "subscription has ended");
}

#[test]
fn free_renews_itself_for_ever() {
    let world = World::new();
    world.pass(3_000 * DAY);
    let shown = acme(&world);
    assert_eq!(shown["status"], "active");
    assert_eq!(shown["subscription_end_date"], Json::Null);
    project(&world, "late").expect(201);
}

#[test]
fn going_back_to_free_takes_the_end_date_away() {
    let world = World::new();
    subscribe(&world, "premium", "2026-06-01", Some("2026-07-01")).expect(200);
    let body = json!({"subscription": "free", "subscription_start_date": "2026-06-15"});
    let changed = patch(&world, &world.operator(), body).expect(200).json();
    assert_eq!(changed["subscription"], "free");
    assert_eq!(changed["subscription_end_date"], Json::Null);
}

#[test]
fn anybody_chooses_a_plan_that_is_open_and_the_operator_any() {
    let world = World::new();
    let closed = json!({"description": "By hand", "self_service": false});
    put_plan(&world, "gold", closed).expect(200);
    let body = |name: &str, plan: &str| {
        json!({"name": name, "subscription": plan, "subscription_end_date": "2027-01-01",
               "admin_email": world.owner().email})
    };
    let premium = create(&world, &world.member(), body("one", "premium"))
        .expect(201)
        .json();
    assert_eq!(premium["subscription_self_service"], true);
    create(&world, &world.member(), body("two", "gold")).refused(403, "subscription: ");
    let gold = create(&world, &world.operator(), body("two", "gold"))
        .expect(201)
        .json();
    assert_eq!(gold["subscription_self_service"], false);
    create(&world, &world.member(), body("three", "silver"))
        .refused(400, "subscription: there is no plan");
}

#[test]
fn a_plan_other_than_free_needs_an_end_date_to_come() {
    let world = World::new();
    let member = world.member();
    for (body, words) in [
        (
            json!({"subscription": "premium"}),
            "subscription_end_date: a plan other than free",
        ),
        (
            json!({"subscription": "premium", "subscription_end_date": "2026-06-15"}),
            "subscription_end_date: 2026-06-15",
        ),
        (
            json!({"subscription": "free", "subscription_end_date": "2027-06-15"}),
            "subscription_end_date: the plan free",
        ),
        (
            json!({"subscription_end_date": "2027-06-15"}),
            "subscription_end_date: the plan free",
        ),
        (
            json!({"subscription": "premium", "subscription_end_date": "15/06/2027"}),
            "subscription_end_date: ",
        ),
    ] {
        let mut body = body;
        body["name"] = "initech".into();
        create(&world, &member, body).refused(400, words);
    }
}

#[test]
fn a_plan_is_set_and_shown_with_all_its_limits() {
    let world = World::new();
    let plan = json!({
        "description": "For small teams", "self_service": true, "monthly_credits": 600.5,
        "limits": {"projects": 3, "users": null},
    });
    let set = put_plan(&world, "team", plan).expect(200).json();
    assert_eq!(
        set,
        json!({
            "name": "team", "description": "For small teams", "self_service": true, "monthly_credits": 600.5, "limits": {
                "projects": 3, "users": null, "deployments": null, "deployment_versions": null, "pipelines": null,
                "pipeline_versions": null,
            },
        })
    );
    let list = world
        .get(&world.operator(), "/operator/v1/subscriptions")
        .expect(200)
        .json();
    let names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| plan["name"].clone())
        .collect();
    assert_eq!(names, ["free", "premium", "professional", "team"]);
    assert_eq!(list[3], set);
    // What is not named is without limit again.
    let set = put_plan(
        &world,
        "team",
        json!({"description": "", "self_service": false}),
    )
    .expect(200)
    .json();
    assert_eq!(set["monthly_credits"], Json::Null);
    assert_eq!(set["limits"]["projects"], Json::Null);
    let trail = world
        .get(&world.operator(), "/operator/v1/audit?limit=1")
        .json();
    assert_eq!(trail[0]["before"]["limits"]["projects"], 3);
    assert_eq!(trail[0]["before"]["monthly_credits"], 600.5);
    assert_eq!(trail[0]["after"]["self_service"], false);
}

#[test]
fn a_bad_plan_is_refused_by_the_name_of_its_field() {
    let world = World::new();
    let plan = |changes: Json| {
        let mut plan = json!({"description": "", "self_service": true});
        plan.as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        plan
    };
    for (body, words) in [
        (json!({"self_service": true}), "description"),
        (json!({"description": ""}), "self_service"),
        (plan(json!({"self_service": "yes"})), "self_service: "),
        (plan(json!({"monthly_credits": -1})), "monthly_credits: "),
        (plan(json!({"monthly_credits": "600"})), "monthly_credits: "),
        (plan(json!({"limits": []})), "limits"),
        (
            plan(json!({"limits": {"projects": -1}})),
            "limits.projects: ",
        ),
        (plan(json!({"limits": {"users": 1.5}})), "limits.users: "),
        (
            plan(json!({"limits": {"pipelines": 1e30}})),
            "limits.pipelines: ",
        ),
        (
            plan(json!({"description": "x".repeat(401)})),
            "description: ",
        ),
    ] {
        put_plan(&world, "team", body).refused(400, words);
    }
    put_plan(&world, "Team", plan(json!({}))).refused(400, "name: 'Team'");
}

#[test]
fn no_more_projects_than_the_plan_allows_not_even_in_a_race() {
    let world = World::new();
    let plan = json!({"description": "", "self_service": true, "limits": {"projects": 3}});
    put_plan(&world, "free", plan).expect(200);
    world.before_trip(2, |world| {
        project(world, "third").expect(201);
    });
    project(&world, "fourth").refused(403, "projects: ");
}

#[test]
fn a_plan_that_is_set_to_what_it_is_writes_nothing_and_each_field_alone_is_a_change() {
    let world = World::new();
    let plan = json!({
        "description": "Six", "self_service": true, "monthly_credits": 5,
        "limits": {"projects": 1, "users": 6, "deployments": 2, "deployment_versions": 3, "pipelines": 4},
    });
    let made = put_plan(&world, "limited", plan.clone()).expect(200).json();
    let before = world.dump();
    for same in [&plan, &made] {
        assert_eq!(
            put_plan(&world, "limited", same.clone()).expect(200).json(),
            made
        );
        assert!(world.dump() == before);
    }
    let mut changes = vec![
        ("/description", json!("Seven")),
        ("/self_service", json!(false)),
        ("/monthly_credits", Json::Null),
    ];
    for limit in [
        "projects",
        "users",
        "deployments",
        "deployment_versions",
        "pipelines",
    ] {
        let pointer: &'static str = format!("/limits/{limit}").leak();
        changes.push((pointer, Json::Null));
    }
    changes.push(("/limits/pipeline_versions", json!(9)));
    for (field, value) in changes {
        let mut body = made.clone();
        *body.pointer_mut(field).unwrap() = value;
        let rows = world.count("SELECT count(*) FROM audit");
        assert_eq!(
            put_plan(&world, "limited", body.clone()).expect(200).json(),
            body
        );
        put_plan(&world, "limited", made.clone()).expect(200);
        assert_eq!(
            world.count("SELECT count(*) FROM audit"),
            rows + 2,
            "{field}"
        );
    }
}

#[test]
fn the_end_of_another_organization_s_subscription_ends_nothing_here() {
    for ended in ["acme", "globex"] {
        let world = World::new();
        world.execute(
            "UPDATE organizations SET subscription_end_date = 1 WHERE name = ?1",
            [ended],
        );
        world.execute("UPDATE projects SET advanced_permissions = 1", ());
        for (organization, project, owner) in [
            ("acme", "vision", world.owner()),
            ("globex", "reactor", world.stranger()),
        ] {
            let status = if organization == ended { 403 } else { 201 };
            let below = |rest: &str| format!("/v2.1/projects/{project}/{rest}");
            for (path, body) in [
                (
                    "/v2.1/projects".to_owned(),
                    json!({"name": format!("more-{organization}"), "organization_name": organization}),
                ),
                (below("service-users"), json!({})),
                (below("roles"), json!({"name": "more", "permissions": []})),
            ] {
                world.call(&owner, "POST", &path, body).expect(status);
            }
        }
    }
}
