//! Lists that come whole, and in slices for whoever asks for so many behind the last one seen; none is longer than an
//! answer may be.

use serde_json::{Value as Json, json};

use crate::growth::fill;
use testkit::{Caller, World};

/// The lists of a project and of an organization, each with the field that its slices go by.
const LISTS: [(&str, &str); 13] = [
    ("/v2.1/organizations", "name"),
    ("/v2.1/organizations/acme/users", "id"),
    ("/v2.1/projects", "name"),
    ("/v2.1/projects?organization=acme", "name"),
    ("/v2.1/projects/vision/users", "id"),
    ("/v2.1/projects/vision/users?user_type=service", "id"),
    ("/v2.1/projects/vision/roles", "name"),
    ("/v2.1/projects/vision/role-assignments", "id"),
    ("/v2.1/projects/vision/service-users", "id"),
    ("/v2.1/projects/vision/deployments", "name"),
    ("/v2.1/projects/vision/pipelines", "name"),
    ("/v2.1/projects/vision/deployments/model/versions", "version"),
    ("/v2.1/projects/vision/pipelines/flow/versions", "version"),
];

fn with(path: &str, query: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}{query}")
}

fn list(world: &World, by: &Caller, path: &str) -> Vec<Json> {
    let answer = world.get(by, path).expect(200).json();
    answer.as_array().unwrap().clone()
}

/// A world with seven of everything, and of versions.
fn filled() -> World {
    let world = World::new();
    world.deployment("model");
    world.pipeline("flow");
    for path in ["/deployments/model/versions", "/pipelines/flow/versions"] {
        for n in 2..8 {
            let body = json!({"version": format!("v{n}"), "labels": {"even": (n % 2 == 0).to_string()}});
            world
                .call(&world.owner(), "POST", &world.path(path), body)
                .expect(201);
        }
    }
    fill(&world, 7);
    world
}

#[test]
fn slices_make_up_the_whole_list() {
    let world = filled();
    for by in [world.owner(), world.operator()] {
        for (path, key) in LISTS {
            let whole = list(&world, &by, path);
            assert!(whole.len() >= 2, "{path}");
            let mut sliced: Vec<Json> = Vec::new();
            loop {
                let query = match sliced.last() {
                    None => "limit=3".to_owned(),
                    Some(last) => format!("limit=3&after={}", last[key].as_str().unwrap()),
                };
                let slice = list(&world, &by, &with(path, &query));
                if slice.is_empty() {
                    break;
                }
                assert!(slice.len() <= 3, "{path}");
                sliced.extend(slice);
            }
            assert_eq!(sliced, whole, "{path}");
        }
    }
}

#[test]
fn filters_narrow_before_a_slice_is_cut() {
    let world = filled();
    let owner = world.owner();
    for path in ["/deployments/model/versions", "/pipelines/flow/versions"] {
        let path = world.path(&format!("{path}?labels=even:true,odd:maybe&limit=2"));
        let versions = |path: &str| -> Vec<Json> {
            let shown = list(&world, &owner, path);
            shown.iter().map(|one| one["version"].clone()).collect()
        };
        assert_eq!(versions(&path), [json!("v2"), json!("v4")]);
        assert_eq!(versions(&format!("{path}&after=v4")), [json!("v6")]);
    }
    let path = world.path("/role-assignments");
    let viewer = world.viewer().id;
    let all = list(&world, &owner, &format!("{path}?assignee={viewer}&limit=1"));
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["assignee"], viewer.as_str());
}

#[test]
fn a_slice_begins_behind_an_item_of_its_own_list() {
    let world = filled();
    for (path, _) in LISTS {
        for query in ["after=nothing-like-it", "limit=3&after=nothing-like-it"] {
            world
                .get(&world.owner(), &with(path, query))
                .refused(400, "after: 'nothing-like-it' is not in this list");
        }
        for limit in ["0", "1001", "x", ""] {
            world
                .get(&world.owner(), &with(path, &format!("limit={limit}")))
                .refused(400, "limit: ");
        }
    }
    // What is there, but not the caller's to see, is not told apart from what is not.
    world
        .get(&world.owner(), "/v2.1/projects?after=reactor")
        .refused(400, "after: 'reactor' is not in this list");
    world
        .get(&world.owner(), "/v2.1/organizations?after=globex")
        .refused(400, "after: 'globex' is not in this list");
}

#[test]
fn a_list_that_would_pass_8_mib_is_had_in_slices() {
    let world = World::new();
    world.execute(
        "INSERT INTO deployments (id, organization_id, project_id, name, description, input_type, output_type,
                                  input_fields, output_fields, supports_request_format, labels, creation_date,
                                  last_updated)
         SELECT 'long-' || j.key, organization_id, id, 'long-' || j.key, '', 'structured', 'plain',
                json_array(json_object('name', 'x', 'data_type', 'string', 'widget', json_object(
                  'type', 'textbox', 'configuration', json_object('pad', printf('%.*c', 60000, 'x'))))),
                '[]', 1, '{}', 0, 0
         FROM projects, json_each('[' || rtrim(replace(hex(zeroblob(150)), '00', '0,'), ',') || ']') j
         WHERE name = 'vision'",
        [],
    );
    let path = world.path("/deployments");
    let refused = |path: &str| {
        world
            .get(&world.owner(), path)
            .refused(400, "a list takes limit and after");
        let bytes = world.database.bytes();
        assert!(bytes < 10_000, "{bytes} bytes were read for a refusal");
    };
    refused(&path);
    refused(&format!("{path}?limit=150"));
    let slice = list(&world, &world.owner(), &format!("{path}?limit=100"));
    assert_eq!(slice.len(), 100);
}
