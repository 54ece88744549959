//! What rides on the first round trip: read or written with the check of the caller, and shown to nobody else.

use futures::FutureExt;
use tenantry::auth::access::Access;
use tenantry::domain::{Digests, Opens, ProjectId, ServiceUserId, TokenKey, TokenKeys};
use tenantry::error::{Error, Kind};
use tenantry::routes;
use tenantry::sql::statement::Parameters;
use tenantry::store::connection::Connection;
use tenantry::store::first_trip::project::CallerAndProject;
use tenantry::store::first_trip::{FirstTrip, Rider, organization, project, who, workspace};
use tenantry::store::service_users;
use tenantry::store::tokens::{LAST_USED_INTERVAL, TOUCH};

use testkit::world::TOKEN_KEY;
use testkit::{Caller, Fault, Wire, World};

fn connection(world: &World) -> Connection {
    let wire = Wire::new(&world.clock, None);
    Connection::new(world.platform(world.database.clone(), &wire))
}

fn digests(caller: &Caller) -> Digests {
    let keys = TokenKeys {
        current: TokenKey::new(TOKEN_KEY),
        previous: None,
    };
    let token = caller.token.as_deref().unwrap();
    keys.recognise(Opens::Calls, token).unwrap().digests
}

/// The first round trip of a call on the project of the world.
fn trip(
    world: &World,
    digests: Option<&Digests>,
    rider: Rider,
) -> Result<FirstTrip<CallerAndProject>, Error> {
    let asked = project::Asked {
        digests,
        origin: None,
        project: "vision",
        target: None,
        permission: None,
        shown_at: None,
        minute: None,
    };
    let connection = connection(world);
    let work = project::ask(&connection, &asked, Some(rider));
    let trip = world.to_end("the first trip", Box::pin(work));
    assert_eq!(connection.account().round_trips, 1);
    trip
}

/// Notes a use of the caller's token.
fn touching(world: &World, caller: &Caller) -> Rider {
    let text = "SELECT id FROM tokens WHERE service_user_id = ?1";
    let connection = world.database.connection();
    let id: String = connection
        .query_row(text, [&caller.id], |row| row.get(0))
        .unwrap();
    let parameters = Parameters::new()
        .text("token_id", id)
        .integer("now", world.now().as_millis())
        .integer("interval", LAST_USED_INTERVAL);
    Rider::writing([&TOUCH], parameters)
}

fn uses(world: &World) -> i64 {
    world.count("SELECT count(*) FROM tokens WHERE last_used IS NOT NULL")
}

#[test]
fn what_rides_saves_the_second_round_trip() {
    let world = World::new();
    let path = world.path(&format!("/service-users/{}", world.robot().id));
    for caller in [world.operator(), world.owner(), world.viewer()] {
        assert_eq!(world.get(&caller, &path).expect(200).trips, 1);
    }
}

#[test]
fn what_rode_is_shown_to_nobody_who_may_not() {
    let world = World::new();
    let path = world.path(&format!("/service-users/{}", world.robot().id));
    for (caller, status) in [
        (world.idle(), 403),
        (world.stranger(), 404),
        (world.revoked(), 401),
        (world.expired(), 401),
    ] {
        let answer = world.get(&caller, &path).expect(status);
        assert!(!answer.to_string().contains(&world.robot().email));
    }
}

#[test]
fn what_rides_finds_nothing_in_another_project() {
    let world = World::new();
    let path = format!("/v2.1/projects/audio/service-users/{}", world.robot().id);
    assert_eq!(world.get(&world.owner(), &path).expect(404).trips, 1);
}

#[test]
fn a_rider_that_asks_who_is_calling_reads_for_no_unknown_token() {
    let world = World::new();
    let reads = |digests: Option<&Digests>| {
        let rider = service_users::riding(&ServiceUserId::named(&world.robot().id), world.now());
        let answers = trip(&world, digests, rider).unwrap().ridden.unwrap();
        service_users::ridden(&answers, &ServiceUserId::default()).is_ok()
    };
    assert!(reads(Some(&digests(&world.owner()))));
    assert!(reads(None), "the operator");
    assert!(!reads(Some(&digests(&world.revoked()))));
}

#[test]
fn no_rider_can_pass_for_another_caller() {
    let world = World::new();
    let owner = digests(&world.owner());
    let parameters = Parameters::new()
        .text("digest", owner.current.as_str())
        .text("other_digest", owner.current.as_str())
        .flag("by_operator", true)
        .text("object_id", world.robot().id)
        .integer("now", world.now().as_millis());
    let rider = Rider::reading([&service_users::statements::GET_RIDING], parameters);
    let trip = trip(&world, Some(&digests(&world.revoked())), rider).unwrap();
    assert!(trip.row.project.is_none());
    assert!(service_users::ridden(&trip.ridden.unwrap(), &ServiceUserId::default()).is_err());
}

#[test]
fn what_is_written_along_is_written_in_the_same_round_trip() {
    let world = World::new();
    let before = uses(&world);
    let robot = world.robot();
    let answer = trip(&world, Some(&digests(&robot)), touching(&world, &robot)).unwrap();
    assert!(answer.row.project.is_some() && answer.ridden.is_some());
    assert_eq!(uses(&world), before + 1);
}

#[test]
fn a_failed_trip_on_which_something_was_to_be_written_may_have_written_it() {
    for fault in Fault::ALL {
        let world = World::new();
        let robot = world.robot();
        let kind = |rider: Rider| {
            world.database.reset();
            world.fail(1, fault);
            let failed = trip(&world, Some(&digests(&robot)), rider);
            failed.unwrap_err().kind().clone()
        };
        let reading = service_users::riding(&ServiceUserId::named(&robot.id), world.now());
        assert_eq!(kind(reading), Kind::Unavailable, "{fault:?}");
        let expected = match fault {
            Fault::Refuse => Kind::Unavailable,
            _ => Kind::OutcomeUnknown,
        };
        assert_eq!(kind(touching(&world, &robot)), expected, "{fault:?}");
    }
}

#[test]
fn something_can_ride_whatever_the_call_is_about() {
    let world = World::new();
    let (connection, robot) = (connection(&world), world.robot());
    let digests = digests(&robot);
    let rider = || Some(touching(&world, &robot));
    let about_nothing = who::ask(&connection, Some(&digests), rider());
    let trip = about_nothing.now_or_never().unwrap().unwrap();
    assert!(trip.ridden.is_some());
    let name = "acme";
    let on_organization =
        organization::ask(&connection, Some(&digests), name, world.now(), rider());
    let trip = on_organization.now_or_never().unwrap().unwrap();
    assert!(trip.row.organization.is_some() && trip.ridden.is_some());
    let asked = workspace::Asked {
        digests: Some(&digests),
        access_key: None,
        project_id: &ProjectId::named(&world.project_id()),
        workspace_id: None,
        permission: None,
    };
    let on_workspace = workspace::ask(&connection, &asked, rider());
    let trip = on_workspace.now_or_never().unwrap().unwrap();
    assert!(trip.row.project.is_some() && trip.ridden.is_some());
}

#[test]
fn nothing_rides_where_there_is_no_first_trip() {
    for route in routes::table() {
        let makes_none = route.access == Access::Public;
        assert!(!(makes_none && route.rides.is_some()), "{}", route.path);
    }
}
