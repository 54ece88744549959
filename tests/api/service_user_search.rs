//! Finding service users among many: by their words, in another order, or those that somebody should look at (contract
//! section 8).

use serde_json::{Value as Json, json};

use testkit::World;

const DAY: i64 = 86_400_000;

/// A project in which nobody is but those of this name, description, last use and expiry, in days from now.
fn world(users: &[(&str, &str, Option<i64>, Option<i64>)]) -> World {
    let world = World::new();
    world.execute("DELETE FROM service_users", []);
    for (name, description, last_used, expiry_date) in users {
        let made = world.service_user_of(
            "vision",
            &[],
            json!({"name": name, "description": description}),
        );
        let now = world.now().as_millis();
        let at = |days: &Option<i64>| days.map(|days| now + days * DAY);
        world.execute(
            "UPDATE tokens SET last_used = ?1 WHERE service_user_id = ?2",
            (at(last_used), &made.id),
        );
        world.execute(
            "UPDATE service_users SET expiry_date = ?1 WHERE id = ?2",
            (at(expiry_date), &made.id),
        );
        world.pass(1);
    }
    world
}

/// The names that a query finds, in their order.
fn found(world: &World, query: &str) -> Vec<String> {
    let path = world.path(&format!("/service-users?{query}"));
    let listed = world.get(&world.owner(), &path).expect(200).json();
    let names = listed.as_array().unwrap().iter();
    names
        .map(|user| user["name"].as_str().unwrap().to_owned())
        .collect()
}

fn id_of(world: &World, name: &str) -> String {
    let path = world.path("/service-users");
    let listed = world.get(&world.owner(), &path).expect(200).json();
    let is_it = |user: &&Json| user["name"] == name;
    let user = listed.as_array().unwrap().iter().find(is_it).unwrap();
    user["id"].as_str().unwrap().to_owned()
}

#[test]
fn words_are_found_in_name_description_and_id_whatever_their_case() {
    let world = world(&[
        ("Web app", "", None, None),
        ("nightly", "fills the WEB cache", None, None),
        ("phone", "", None, None),
    ]);
    assert_eq!(found(&world, "q=web"), ["Web app", "nightly"]);
    assert_eq!(found(&world, "q=EB%20A"), ["Web app"]);
    assert_eq!(found(&world, "q=nowhere"), [""; 0]);
    // Neither is a pattern.
    assert_eq!(found(&world, "q=%25"), [""; 0]);
    assert_eq!(found(&world, "q=_"), [""; 0]);
    let id = id_of(&world, "phone");
    assert_eq!(found(&world, &format!("q={}", &id[..13])), ["phone"]);
}

#[test]
fn they_are_sorted_by_name_by_last_use_and_by_expiry() {
    let world = world(&[
        ("b", "", Some(-3), Some(9)),
        ("A", "", None, None),
        ("c", "", Some(-5), Some(4)),
    ]);
    assert_eq!(found(&world, "sort=name"), ["A", "b", "c"]);
    assert_eq!(found(&world, "sort=last_used"), ["A", "c", "b"]);
    assert_eq!(found(&world, "sort=expiry_date"), ["c", "b", "A"]);
    assert_eq!(found(&world, "sort=-name"), ["c", "b", "A"]);
    assert_eq!(found(&world, "sort=-last_used"), ["b", "c", "A"]);
    assert_eq!(found(&world, "sort=-expiry_date&limit=2"), ["A", "b"]);
    world
        .get(&world.owner(), &world.path("/service-users?sort=age"))
        .refused(400, "sort: 'age' is none of");
    world
        .get(&world.owner(), &world.path("/service-users?attention=yes"))
        .refused(400, "attention: 'yes' is neither true nor false");
}

#[test]
fn attention_is_needed_by_what_ends_soon_was_never_used_or_still_has_a_previous_token() {
    let world = world(&[
        ("expired", "", Some(0), Some(-1)),
        ("ends soon", "", Some(0), Some(13)),
        ("ends later", "", Some(0), Some(15)),
        ("unused", "", None, None),
        ("new", "", None, None),
        ("used", "", Some(-200), None),
        ("reset", "", Some(0), None),
    ]);
    world.execute(
        "UPDATE service_users SET creation_date = creation_date - ?1 WHERE name IN ('unused', 'used')",
        [31 * DAY],
    );
    let path = format!("/service-users/{}/token?grace=3600", id_of(&world, "reset"));
    world
        .call(&world.owner(), "PUT", &world.path(&path), Json::Null)
        .expect(200);
    assert_eq!(
        found(&world, "attention=true"),
        ["unused", "expired", "ends soon", "reset"]
    );
    assert_eq!(found(&world, "attention=true&q=SOON"), ["ends soon"]);
    world.pass(3_600_000);
    assert_eq!(
        found(&world, "attention=true&sort=expiry_date"),
        ["expired", "ends soon", "unused"]
    );
    assert_eq!(found(&world, "attention=false").len(), 7);
}

#[test]
fn a_search_goes_on_behind_the_last_that_was_seen_though_many_are_alike() {
    let alike: Vec<_> = (0..5).map(|_| ("same", "", None, None)).collect();
    let world = world(&alike);
    for sort in ["name", "-name", "last_used", "expiry_date", "-expiry_date"] {
        let mut seen = Vec::new();
        loop {
            let after = seen
                .last()
                .map_or(String::new(), |id| format!("&after={id}"));
            let path = world.path(&format!("/service-users?sort={sort}&limit=2{after}"));
            let page = world.get(&world.owner(), &path).expect(200).json();
            let page = page.as_array().unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 2);
            seen.extend(
                page.iter()
                    .map(|user| user["id"].as_str().unwrap().to_owned()),
            );
        }
        let different: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!((seen.len(), different.len()), (5, 5), "by {sort}");
    }
    let elsewhere = "13a9ba27-6888-4528-826e-8e1002eab13d";
    world
        .get(
            &world.owner(),
            &world.path(&format!("/service-users?q=same&after={elsewhere}")),
        )
        .refused(400, "after: ");
    // It is in the project, but not found.
    let other = id_of(&world, "same");
    world
        .get(
            &world.owner(),
            &world.path(&format!("/service-users?q=else&after={other}")),
        )
        .refused(400, "after: ");
}

#[test]
fn a_search_lists_a_page_and_refuses_a_project_with_too_many() {
    let world = world(&[("first", "", None, None)]);
    let fill = |from: i64, to: i64| {
        world.execute(
            "INSERT INTO service_users (id, organization_id, project_id, email, name, description, creation_date,
                                        allowed_cors_origins)
             WITH RECURSIVE numbers (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?2)
             SELECT printf('%08x-0000-4000-bbbb-000000000000', n), p.organization_id, p.id, n || '@x.invalid', 'many', '',
                    1700000000000 + n, '[]' FROM numbers, projects p WHERE p.name = 'vision'",
            [from, to],
        );
    };
    fill(0, 19_999);
    assert_eq!(found(&world, "q=first"), ["first"]);
    assert_eq!(found(&world, "q=many").len(), 100);
    assert_eq!(found(&world, "q=many&limit=1000").len(), 100);
    fill(19_999, 20_000);
    world
        .get(&world.owner(), &world.path("/service-users?q=first"))
        .refused(400, "more than 20000 service users");
    assert_eq!(found(&world, "limit=3").len(), 3);
}

#[test]
fn nobody_finds_those_of_another_project() {
    let world = world(&[("here", "", None, None)]);
    world.service_user_of("audio", &[], json!({"name": "there"}));
    assert_eq!(found(&world, "sort=name"), ["here"]);
    assert_eq!(found(&world, "q=there"), [""; 0]);
}
