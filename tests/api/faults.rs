//! D1 refuses, loses or stalls, at every round trip of every route: 503, and a change is made whole or not at all.

use tenantry::routes::{self, Route};

use testkit::requests::plausible;
use testkit::{Answer, Call, Fault, World};

/// A call that goes well, in a world of its own, before it is made.
fn arrange(route: &Route) -> (World, Call) {
    let world = World::new();
    world.writes_afterwards(false);
    let caller = if route.path.starts_with("/operator/") {
        world.operator()
    } else {
        world.owner()
    };
    let call = plausible(&world, route).by(&caller);
    (world, call)
}

/// What the database holds, but for the ids that SQLite draws itself.
fn content(world: &World) -> Vec<String> {
    let mut lines: Vec<String> = world
        .dump()
        .lines()
        .map(|line| {
            let columns = line.split(" | ").collect::<Vec<_>>();
            match columns.as_slice() {
                [first, rest @ ..] if first.starts_with("role_assignments: ") => rest.join(" | "),
                [first, _, rest @ ..] if first.starts_with("audit: ") => {
                    format!("{first} | {}", rest.join(" | "))
                }
                _ => line.to_owned(),
            }
        })
        .collect();
    lines.sort();
    lines
}

struct Course {
    trips: usize,
    before: Vec<String>,
    done: Vec<String>,
}

/// How the call goes without a fault.
fn undisturbed(route: &Route) -> Course {
    let (world, call) = arrange(route);
    let before = content(&world);
    let answer = world.send(call);
    let done = content(&world);
    Course {
        trips: answer.trips,
        before,
        done,
    }
}

fn disturbed(route: &Route, trip: usize, fault: Fault) -> (Answer, Vec<String>) {
    let (world, call) = arrange(route);
    world.fail(trip, fault);
    let answer = world.send(call);
    assert!(
        !world.database.withdraw(),
        "{answer}: the fault was not met"
    );
    let content = content(&world);
    (answer, content)
}

#[test]
fn a_change_is_made_whole_or_not_at_all_whatever_d1_does() {
    // A request is void or settled until that is known to be done: `gate_direct.rs` and `later_results.rs` have its faults.
    let is_request = |route: &&Route| {
        route.takes_body_first() || route.operation == "deployment_requests_result_create"
    };
    for route in routes::table().filter(|route| !is_request(route)) {
        let course = undisturbed(route);
        let writes = course.done != course.before;
        for trip in 1..=course.trips {
            for fault in Fault::ALL {
                let (answer, content) = disturbed(route, trip, fault);
                let at_the_write = writes && trip == course.trips;
                let has_run = at_the_write && fault.runs();
                let expected = if has_run {
                    &course.done
                } else {
                    &course.before
                };
                assert!(content == *expected, "{answer}: {fault:?} at {trip}");
                let answer = answer.expect(503);
                let is_unknown = at_the_write && fault != Fault::Refuse;
                assert_eq!(
                    answer.header("retry-after").is_some(),
                    !is_unknown,
                    "{answer}: {fault:?} at {trip}"
                );
                assert_eq!(
                    answer.error().contains("read before you repeat"),
                    is_unknown
                );
            }
        }
    }
}

/// What changes something that is no configuration (contract section 4, "Audit").
const METERING: [&str; 1] = ["operator_usage_events_create"];

/// Rows of changes, without those that stand for one of them in the trails of the projects that it touches too.
const CHANGES: &str =
    "SELECT count(*) FROM audit WHERE organization_id IS NOT NULL OR project_id IS NULL";

#[test]
fn every_route_that_changes_something_leaves_one_audit_row() {
    for route in routes::table() {
        // Requests are no configuration either, nor is what a service passes through.
        let is_request =
            route.operation.contains("_requests_") || route.operation.starts_with("service_calls_");
        if is_request || METERING.contains(&route.operation) {
            continue;
        }
        // A list that older clients ask for by POST, and a link that is looked at without telling anybody's log of it.
        if ["projects_log_list", "session_link_preview"].contains(&route.operation) {
            continue;
        }
        let (world, call) = arrange(route);
        let before = content(&world);
        let rows = world.count(CHANGES);
        let answer = world.send(call);
        let added = world.count(CHANGES) - rows;
        let changed = content(&world) != before;
        if route.operation == "consume_workspace_quota" {
            assert_eq!(
                (added, changed),
                (0, true),
                "consumption is no configuration"
            );
            continue;
        }
        assert_eq!(added, i64::from(changed), "{answer}");
        assert_eq!(
            changed,
            route.method.as_str() != "GET" && answer.status < 300,
            "{answer}"
        );
    }
}

#[test]
fn no_cause_of_a_failure_reaches_the_caller_but_the_log_has_it() {
    let world = World::new();
    world.fail(1, Fault::LoseBefore);
    let answer = world.get(&world.owner(), &world.path("")).expect(503);
    assert!(!answer.error().contains("Network connection lost"));
    assert!(answer.log.contains("Network connection lost"));
    assert!(answer.log.contains(r#""level":"error""#));
}

#[test]
fn a_database_that_stalls_is_given_up_at_the_deadline() {
    let world = World::new();
    let start = world.now();
    world.fail(1, Fault::Stall);
    world.get(&world.owner(), &world.path("")).expect(503);
    let waited = world.now().as_millis() - start.as_millis();
    assert_eq!(waited, i64::from(tenantry::store::connection::DEADLINE));
}

#[test]
fn health_is_503_while_the_database_fails_and_200_afterwards() {
    let world = World::new();
    for fault in Fault::ALL {
        world.fail(1, fault);
        world.get(&world.nobody(), "/health").expect(503);
    }
    world.get(&world.nobody(), "/health").expect(200);
    world.fail(1, Fault::Refuse);
    world.get(&world.nobody(), "/v2.1/status").expect(200);
}

#[test]
fn a_preflight_is_204_even_while_the_database_fails_but_allows_nothing() {
    for fault in Fault::ALL {
        let world = World::new();
        world.fail(1, fault);
        let call = Call::new("OPTIONS", world.path("/requests"))
            .header("origin", "https://app.example")
            .header("access-control-request-method", "GET");
        let answer = world.send(call).expect(204);
        assert!(answer.header("allow").is_some());
        assert!(answer.header("access-control-allow-origin").is_none());
    }
}

#[test]
fn a_bad_credential_is_401_even_while_the_database_fails() {
    let world = World::new();
    world.fail(1, Fault::Refuse);
    let call = Call::new("GET", world.path("")).by(&world.malformed());
    world
        .send(call.header("origin", "https://app.example"))
        .expect(401);
}

#[test]
fn without_random_bytes_nothing_is_changed() {
    for route in routes::table() {
        let (world, call) = arrange(route);
        let before = content(&world);
        world.entropy.fail();
        world.send(call).expect(503);
        assert!(content(&world) == before, "{}", route.path);
    }
}

#[test]
fn a_last_use_that_cannot_be_written_changes_no_answer() {
    let world = World::new();
    world.writes_afterwards(false);
    let robot = world.robot();
    for _ in 0..2 {
        world.get(&robot, &world.path("")).expect(200);
    }
}
