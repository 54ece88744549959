//! Environments: the names and tags that versions have for what they run in.

use serde_json::{Value as Json, json};

use testkit::{Answer, World};

fn read(world: &World, rest: &str) -> Answer {
    world.get(&world.owner(), &world.path(&format!("/environments{rest}")))
}

fn names(answer: &Answer) -> Vec<String> {
    let listed = answer.json();
    let names = listed.as_array().unwrap().iter();
    names
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect()
}

fn version(world: &World, body: Json) {
    let path = world.path("/deployments/x1/versions");
    world.call(&world.owner(), "POST", &path, body).expect(201);
}

/// A world whose versions name environments in each of the ways in which clients do.
fn world() -> World {
    let world = World::new();
    world.deployment("x1");
    version(&world, json!({"version": "a", "environment": "python3-12"}));
    version(
        &world,
        json!({"version": "b", "environment_name": "cuda", "environment_tag": "v3"}),
    );
    version(&world, json!({"version": "c", "language": "python3-12"}));
    version(
        &world,
        json!({"version": "d", "environment": "odd", "environment_name": "even"}),
    );
    world
}

#[test]
fn those_that_versions_name_are_listed_once_and_the_one_of_the_others_always() {
    let world = world();
    let all = ["cuda", "even", "external", "odd", "python3-12"];
    let listed = read(&world, "").expect(200);
    assert_eq!(names(&listed), all);
    assert_eq!(names(&read(&world, "?limit=2&after=even")), all[2..4]);
    assert_eq!(names(&read(&world, "?limit=1")), all[..1]);
    read(&world, "?after=none").refused(400, "after: ");
    assert_eq!(names(&read(&World::new(), "")), ["external"]);
    for one in listed.json().as_array().unwrap() {
        let name = one["name"].as_str().unwrap();
        assert_eq!(&read(&world, &format!("/{name}")).expect(200).json(), one);
        assert_eq!(
            (&one["system"], &one["base_environment"], &one["status"]),
            (&json!(true), &Json::Null, &json!("success"))
        );
    }
    read(&world, "/python3").refused(404, "names the environment 'python3'");
}

#[test]
fn a_tag_is_the_one_that_a_version_names_or_the_latest() {
    let world = world();
    for (environment, tag) in [("external", "latest"), ("cuda", "v3"), ("odd", "latest")] {
        let listed = read(&world, &format!("/{environment}/tags")).expect(200);
        assert_eq!(names(&listed), [tag]);
        let one = read(&world, &format!("/{environment}/tags/{tag}"))
            .expect(200)
            .json();
        assert_eq!(one, listed.json()[0]);
        assert_eq!(
            (&one["status"], &one["built"]),
            (&json!("success"), &json!(true))
        );
    }
    read(&world, "/cuda/tags/latest").expect(200);
    read(&world, "/cuda/tags/v4").refused(404, "the tag 'v4' of the environment 'cuda'");
    read(&world, "/odd/tags/v3").refused(404, "the tag 'v3'");
    read(&world, "/none/tags").refused(404, "the environment 'none'");
    read(&world, "/none/tags/latest").refused(404, "the environment 'none'");
}

#[test]
fn no_environment_is_made_or_changed() {
    let world = world();
    for (method, rest) in [
        ("POST", ""),
        ("PATCH", "/cuda"),
        ("DELETE", "/cuda"),
        ("POST", "/cuda/tags"),
    ] {
        let path = world.path(&format!("/environments{rest}"));
        world
            .call(&world.owner(), method, &path, Json::Null)
            .refused(405, "has no method");
    }
}

#[test]
fn what_another_project_names_is_not_seen() {
    let world = world();
    let path = "/v2.1/projects/audio/environments";
    assert_eq!(
        names(&world.get(&world.owner(), path).expect(200)),
        ["external"]
    );
    world
        .get(&world.owner(), &format!("{path}/cuda"))
        .refused(404, "'cuda'");
}
