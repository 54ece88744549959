//! Who may do what, as a file that is reviewed: every route, called by everybody, each time in a world of its own.
//!
//! `UPDATE_GOLDEN=1 cargo test --test api authorization` writes `tests/golden/authorization.txt` anew; a change of
//! rights shows there as a changed line.

use std::path::PathBuf;

use tenantry::auth::access::Access;
use tenantry::routes::{self, Route};

use testkit::requests::plausible;
use testkit::{Caller, World};

type Named = (&'static str, fn(&World) -> Caller);

/// Everybody, in the order of the columns.
const CALLERS: [Named; 16] = [
    ("operator", World::operator),
    ("organization-admin", World::owner),
    ("the-same-signed-in", World::owner_in_session),
    ("member", World::member),
    ("project-admin", World::admin),
    ("editor", World::editor),
    ("viewer", World::viewer),
    ("service-user", World::robot),
    ("without-roles", World::idle),
    ("of-other-project", World::neighbour),
    ("stranger", World::stranger),
    ("nobody", World::nobody),
    ("expired", World::expired),
    ("revoked", World::revoked),
    ("malformed", World::malformed),
    ("signed-out", World::signed_out),
];

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/authorization.txt")
}

fn status(route: &Route, caller: fn(&World) -> Caller) -> u16 {
    let world = World::new();
    let caller = caller(&world);
    world.send(plausible(&world, route).by(&caller)).status
}

fn matrix() -> String {
    let calls: Vec<(String, &Route)> = routes::table()
        .map(|route| (format!("{} {}", route.method, route.path), route))
        .collect();
    let longest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or_default();
    let call_width = longest(&mut calls.iter().map(|(call, _)| call.len()));
    let access_width = longest(
        &mut calls
            .iter()
            .map(|(_, route)| route.access.to_string().len()),
    );
    let mut matrix = format!("{:call_width$}  {:access_width$}", "call", "access");
    for (name, _) in CALLERS {
        matrix.push_str(&format!("  {name}"));
    }
    matrix.push('\n');
    for (call, route) in calls {
        let access = route.access.to_string();
        matrix.push_str(&format!("{call:call_width$}  {access:access_width$}"));
        for (name, caller) in CALLERS {
            matrix.push_str(&format!(
                "  {:<width$}",
                status(route, caller),
                width = name.len()
            ));
        }
        matrix.truncate(matrix.trim_end().len());
        matrix.push('\n');
    }
    matrix
}

#[test]
fn every_route_admits_whom_the_golden_file_says() {
    let matrix = matrix();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden(), &matrix).unwrap();
    }
    let reviewed = std::fs::read_to_string(golden()).unwrap_or_default();
    for line in matrix.lines() {
        assert!(
            reviewed.lines().any(|known| known == line),
            "not reviewed: {line}"
        );
    }
    for line in reviewed.lines() {
        assert!(matrix.lines().any(|known| known == line), "stale: {line}");
    }
}

#[test]
fn no_route_but_a_public_one_answers_a_bad_credential_with_anything_but_401() {
    for route in routes::table().filter(|route| route.access != Access::Public) {
        let bad: [fn(&World) -> Caller; 5] = [
            World::nobody,
            World::expired,
            World::revoked,
            World::malformed,
            World::signed_out,
        ];
        for caller in bad {
            assert_eq!(
                status(route, caller),
                401,
                "{} {}",
                route.method,
                route.path
            );
        }
    }
}

#[test]
fn a_credential_that_cannot_be_valid_costs_no_round_trip() {
    for route in routes::table().filter(|route| route.access != Access::Public) {
        for caller in [World::nobody, World::malformed] {
            let world = World::new();
            let caller = caller(&world);
            // Whether a service asks for a token, the database says.
            let looks = matches!(route.access, Access::Service(_)) && caller.token.is_none();
            let call = plausible(&world, route).by(&caller);
            let trips = usize::from(looks);
            assert_eq!(
                world.send(call).trips,
                trips,
                "{} {}",
                route.method,
                route.path
            );
        }
    }
}
