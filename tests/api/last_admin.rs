//! That an organization does not lose its last admin who has joined it, whatever happens, in whatever order and at once.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use testkit::members::{USERS, add, remove, set_admin};
use testkit::{Answer, Caller, World};

/// What changes a membership.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Demotion,
    Removal,
}

impl Loss {
    const ALL: [Self; 2] = [Self::Demotion, Self::Removal];

    fn of(self, world: &World, by: &Caller, whom: &Caller) -> Answer {
        match self {
            Self::Demotion => set_admin(world, by, whom, false),
            Self::Removal => remove(world, by, whom),
        }
    }
}

fn active_admins(world: &World) -> i64 {
    world.count(
        "SELECT count(*) FROM organization_users m JOIN users u ON u.id = m.user_id
         JOIN organizations n ON n.id = m.organization_id
         WHERE n.name = 'acme' AND m.admin = 1 AND m.joined = 1 AND u.status = 'active'",
    )
}

#[test]
fn the_last_active_admin_is_neither_removed_nor_demoted() {
    let world = World::new();
    // An invited admin does not count, with an account or without, and neither does a member.
    add(&world, &world.owner(), "grace@example.com", true).expect(201);
    let ada = world.person("ada");
    add(&world, &world.owner(), &ada.email, true).expect(201);
    for by in [world.owner(), world.operator()] {
        for loss in Loss::ALL {
            let refused = loss.of(&world, &by, &world.owner());
            refused.refused(400, "last active admin");
        }
    }
    let operator = world.operator();
    let account = format!("/operator/v1/users/{}", world.owner().id);
    world
        .call(&operator, "DELETE", &account, Json::Null)
        .refused(400, "acme");
    set_admin(&world, &world.owner(), &world.member(), true).expect(200);
    remove(&world, &world.owner(), &world.owner()).expect(204);
    assert_eq!(active_admins(&world), 1);
}

#[test]
fn an_invited_admin_may_be_removed_or_demoted() {
    let world = World::new();
    for (name, loss) in ["first", "second"].into_iter().zip(Loss::ALL) {
        let invited = add(&world, &world.owner(), &format!("{name}@example.com"), true).expect(201);
        let invited = Caller {
            id: invited.text("id"),
            ..world.nobody()
        };
        assert!(loss.of(&world, &world.owner(), &invited).status < 300);
    }
}

#[test]
fn who_was_made_admin_without_being_asked_is_in_nobodys_way() {
    let world = World::new();
    let ada = world.person("ada");
    let account = |caller: &Caller| format!("/operator/v1/users/{}", caller.id);
    let delete =
        |caller: &Caller| world.call(&world.operator(), "DELETE", &account(caller), Json::Null);
    add(&world, &world.owner(), &ada.email, true).expect(201);
    // The only other admin does not count yet, and is no reason to keep the account that they never asked to be admin with.
    delete(&world.owner()).refused(400, "acme");
    world
        .call(
            &world.operator(),
            "DELETE",
            &format!("{}?force=true", account(&world.owner())),
            Json::Null,
        )
        .expect(204);
    assert_eq!(active_admins(&world), 0);
    delete(&ada).expect(204);
}

#[test]
fn an_organization_that_the_operator_made_loses_its_admin_by_no_call_of_theirs() {
    let made = || {
        let world = World::new();
        let ada = world.person("ada");
        let body = json!({"name": "initech", "admin_email": ada.email});
        world
            .call(&world.operator(), "POST", "/v2.1/organizations", body)
            .expect(201);
        let users = "/v2.1/organizations/initech/users";
        let shown = world.get(&world.operator(), users).json();
        assert_eq!(
            (&shown[0]["name"], &shown[0]["admin"]),
            (&Json::Null, &json!(true))
        );
        let path = format!("{users}/{}", ada.id);
        (world, ada, path)
    };
    // Until they call there is nobody to lose, and the very first call may be the one that would lose them.
    let (world, _, path) = made();
    world
        .call(&world.operator(), "DELETE", &path, Json::Null)
        .expect(204);
    for (method, body) in [("DELETE", Json::Null), ("PATCH", json!({"admin": false}))] {
        let (world, ada, path) = made();
        world
            .call(&ada, method, &path, body)
            .refused(400, "last active admin");
    }
    let (world, ada, path) = made();
    world.get(&ada, &path).expect(200);
    for by in [&ada, &world.operator()] {
        world
            .call(by, "DELETE", &path, Json::Null)
            .refused(400, "last active admin");
    }
    let account = format!("/operator/v1/users/{}", ada.id);
    world
        .call(&world.operator(), "DELETE", &account, Json::Null)
        .refused(400, "initech");
}

#[test]
fn who_makes_a_project_counts_as_an_admin_who_has_joined() {
    let world = World::new();
    world.writes_afterwards(false);
    let ada = world.person("ada");
    let body = json!({"name": "initech", "admin_email": ada.email});
    world
        .call(&world.operator(), "POST", "/v2.1/organizations", body)
        .expect(201);
    let body = json!({"name": "printer", "organization_name": "initech"});
    world.call(&ada, "POST", "/v2.1/projects", body).expect(201);
    let users = "/v2.1/organizations/initech/users";
    let shown = world.get(&world.operator(), users).json();
    assert_eq!(shown[0]["status"], "active");
    let account = format!("/operator/v1/users/{}", ada.id);
    world
        .call(&world.operator(), "DELETE", &account, Json::Null)
        .refused(400, "initech");
}

#[test]
fn an_invitation_that_was_never_used_can_be_left_with_its_admin_status() {
    for loss in Loss::ALL {
        let world = World::new();
        let ada = world.person("ada");
        add(&world, &world.owner(), &ada.email, true).expect(201);
        assert!(loss.of(&world, &ada, &ada).status < 300);
        let bob = world.person("bob");
        add(&world, &world.owner(), &bob.email, false).expect(201);
        remove(&world, &bob, &bob).expect(204);
    }
}

#[test]
fn a_joining_that_is_still_to_be_written_makes_one_refusal_too_many_and_none_too_few() {
    let world = World::new();
    let ada = world.person("ada");
    add(&world, &world.owner(), &ada.email, true).expect(201);
    world.writes_afterwards(false);
    world.get(&ada, USERS).expect(200);
    remove(&world, &world.owner(), &world.owner()).refused(400, "once they have made a call");
    remove(&world, &ada, &world.owner()).refused(400, "once they have made a call");
    world.writes_afterwards(true);
    world.get(&ada, USERS).expect(200);
    remove(&world, &ada, &world.owner()).expect(204);
    assert_eq!(active_admins(&world), 1);
}

#[test]
fn two_admins_who_lose_each_other_at_once_cannot_both_succeed() {
    for first in Loss::ALL {
        for second in Loss::ALL {
            // Before either round trip of the one, the other runs as a whole: every interleaving of two calls whose
            // writes are single transactions.
            for trip in [1, 2] {
                for each_themselves in [false, true] {
                    let world = World::new();
                    set_admin(&world, &world.owner(), &world.member(), true).expect(200);
                    let (mine, theirs) = if each_themselves {
                        (world.owner(), world.member())
                    } else {
                        (world.member(), world.owner())
                    };
                    let (owner, member) = (world.owner(), world.member());
                    world.before_trip(trip, move |world| {
                        second.of(world, &member, &theirs).expect(
                            if matches!(second, Loss::Removal) {
                                204
                            } else {
                                200
                            },
                        );
                    });
                    let answer = first.of(&world, &owner, &mine);
                    assert!(
                        (400..=404).contains(&answer.status),
                        "{first:?} {second:?} before {trip}: {answer}"
                    );
                    assert_eq!(
                        active_admins(&world),
                        1,
                        "{first:?} {second:?} before {trip}"
                    );
                }
            }
        }
    }
}

#[test]
fn of_twenty_admins_who_all_leave_at_once_one_stays() {
    for loss in Loss::ALL {
        let world = World::new();
        let mut admins = vec![world.owner()];
        for number in 0..19 {
            let admin = world.person(&format!("admin{number}"));
            add(&world, &world.owner(), &admin.email, true).expect(201);
            world.get(&admin, USERS).expect(200);
            admins.push(admin);
        }
        assert_eq!(active_admins(&world), 20);
        let left = leave_nested(&world, &admins, loss);
        assert_eq!(left, 19);
        assert_eq!(active_admins(&world), 1);
    }
}

/// Everybody has passed their first round trip before anybody writes: the call of each begins inside that of the one
/// before them. Answers how many succeeded.
fn leave_nested(world: &World, admins: &[Caller], loss: Loss) -> usize {
    use std::cell::Cell;
    use std::rc::Rc;

    fn nest(world: &World, admins: &[Caller], loss: Loss, left: &Rc<Cell<usize>>) {
        let Some((themselves, rest)) = admins.split_first() else {
            return;
        };
        let (rest, inner) = (rest.to_vec(), Rc::clone(left));
        world.before_trip(2, move |world| nest(world, &rest, loss, &inner));
        if loss.of(world, themselves, themselves).status < 300 {
            left.set(left.get() + 1);
        }
    }

    let left = Rc::new(Cell::new(0));
    nest(world, admins, loss, &left);
    left.get()
}

#[test]
fn an_admin_who_is_demoted_meanwhile_gives_nothing_more() {
    for loss in Loss::ALL {
        let world = World::new();
        let second = world.person("second");
        add(&world, &world.owner(), &second.email, true).expect(201);
        let (owner, demoted) = (world.owner(), second.clone());
        world.before_trip(2, move |world| {
            assert!(loss.of(world, &owner, &demoted).status < 300);
        });
        add(&world, &second, "friend@example.com", true).refused(403, "admin of the organization");
        assert_eq!(
            world.count("SELECT count(*) FROM users WHERE email = 'friend@example.com'"),
            0
        );
    }
}

/// One step of a history: who does what to whom.
#[derive(Debug, Clone, Copy)]
enum Step {
    Add { admin: bool },
    SetAdmin { admin: bool },
    Remove,
    DeleteAccount,
    Activate,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any::<bool>().prop_map(|admin| Step::Add { admin }),
        any::<bool>().prop_map(|admin| Step::SetAdmin { admin }),
        Just(Step::Remove),
        Just(Step::DeleteAccount),
        Just(Step::Activate),
    ]
}

/// The people of a history: those of the world, and two who are known by address alone until somebody adds them.
const PEOPLE: [&str; 5] = ["owner", "member", "admin", "x", "y"];

fn take(world: &World, by: usize, whom: usize, step: Step) {
    let email = format!("{}@example.com", PEOPLE[whom]);
    let by = match by {
        0 => world.owner(),
        1 => world.member(),
        2 => world.admin(),
        _ => world.operator(),
    };
    let found = format!("SELECT coalesce(max(id), '') FROM users WHERE email = '{email}'");
    let id: String = world
        .database
        .connection()
        .query_row(&found, [], |row| row.get(0))
        .unwrap();
    let whom = Caller {
        id: if id.is_empty() {
            "nobody".to_owned()
        } else {
            id
        },
        ..world.nobody()
    };
    let account = format!("/operator/v1/users/{}", whom.id);
    match step {
        Step::Add { admin } => add(world, &by, &email, admin),
        Step::SetAdmin { admin } => set_admin(world, &by, &whom, admin),
        Step::Remove => remove(world, &by, &whom),
        Step::DeleteAccount => world.call(&world.operator(), "DELETE", &account, Json::Null),
        Step::Activate => world.call(
            &world.operator(),
            "POST",
            "/operator/v1/users",
            json!({"email": email}),
        ),
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_history_of_memberships_leaves_an_organization_without_an_active_admin(
        history in prop::collection::vec((0..4_usize, 0..PEOPLE.len(), step()), 1..40),
        raced in prop::collection::vec(prop::option::of((0..4_usize, 0..PEOPLE.len(), step())), 40),
    ) {
        let world = World::new();
        for ((by, whom, step), race) in history.into_iter().zip(raced) {
            if let Some((by, whom, step)) = race {
                world.before_trip(2, move |world| take(world, by, whom, step));
            }
            take(&world, by, whom, step);
            world.database.withdraw();
            prop_assert!(active_admins(&world) >= 1);
        }
    }
}
