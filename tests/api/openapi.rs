//! The OpenAPI document is the committed one, and it holds what it says: every example fits its schema, every request's
//! example is taken by the parser that the handler uses, every reference leads somewhere.
//!
//! `UPDATE_GOLDEN=1 cargo test --test api openapi` writes `public/openapi.json`.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use serde_json::{Value, json};
use tenantry::auth::access::Access;
use tenantry::openapi;
use tenantry::routes;

use testkit::requests::plausible;
use testkit::{Call, World};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/public/openapi.json");

fn document() -> Value {
    openapi::document().unwrap_or_else(|missing| panic!("{missing}"))
}

/// Every operation: its path, its method and itself.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push((path.clone(), method.clone(), operation));
        }
    }
    operations
}

/// A validator for one schema of the document, with the document's own components behind its references.
fn validator(document: &Value, schema: &Value) -> jsonschema::Validator {
    let mut root = schema.clone();
    root["components"] = document["components"].clone();
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&root)
        .unwrap_or_else(|error| panic!("{schema}: {error}"))
}

#[test]
fn no_tag_of_the_document_stands_twice() {
    let document = document();
    let tags = document["tags"].as_array().unwrap();
    let names: Vec<_> = tags.iter().map(|tag| tag["name"].as_str()).collect();
    let once: HashSet<_> = names.iter().collect();
    assert_eq!(once.len(), names.len(), "{names:?}");
}

#[test]
fn the_committed_document_is_what_the_table_makes() {
    let made = format!("{:#}\n", document());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(Path::new(COMMITTED).parent().unwrap()).unwrap();
        std::fs::write(COMMITTED, made).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(
        committed == made,
        "public/openapi.json is stale: UPDATE_GOLDEN=1 cargo test --test api openapi"
    );
}

#[test]
fn every_route_stands_in_the_document() {
    let document = document();
    let shown: HashSet<_> = operations(&document)
        .into_iter()
        .map(|(path, method, _)| (method.to_uppercase(), path))
        .collect();
    for route in routes::table() {
        let call = (route.method.to_string(), route.path.to_owned());
        assert!(shown.contains(&call), "{call:?}");
    }
}

#[test]
fn every_operation_has_what_a_reader_needs() {
    let document = document();
    let mut ids = HashSet::new();
    for (path, method, operation) in operations(&document) {
        let call = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].clone()), "{call}");
        for text in ["summary", "operationId", "x-permission"] {
            assert!(
                !operation[text].as_str().unwrap_or_default().is_empty(),
                "{call}: {text}"
            );
        }
        assert_eq!(
            operation["tags"].as_array().map(Vec::len),
            Some(1),
            "{call}"
        );
        for parameter in operation["parameters"].as_array().unwrap() {
            assert!(parameter["description"].is_string(), "{call}");
            assert!(!parameter["example"].is_null(), "{call}: {parameter}");
        }
        let statuses: BTreeSet<_> = operation["responses"].as_object().unwrap().keys().collect();
        assert!(
            statuses.iter().any(|status| status.starts_with(['2', '3'])),
            "{call}"
        );
        assert!(statuses.iter().any(|status| *status == "503"), "{call}");
    }
}

#[test]
fn only_a_public_route_is_called_without_a_credential() {
    let document = document();
    for route in routes::table() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let needs_none = operation["security"] == json!([]);
        assert_eq!(needs_none, route.access == Access::Public, "{}", route.path);
        // What is signed needs no credential, and is refused without its signature.
        let is_signed = route.path == "/v2.1/results/{request_id}";
        // Whoever signs in shows in the body who they are.
        let signs_in = route.path.starts_with("/session") && route.contract.body.is_some();
        let may_be_401 = !operation["responses"]["401"].is_null();
        assert_eq!(
            may_be_401,
            !needs_none || is_signed || signs_in,
            "{}",
            route.path
        );
    }
}

#[test]
fn every_example_fits_its_schema() {
    let document = document();
    let check = |what: &str, schema: &Value, example: &Value| {
        let errors: Vec<_> = validator(&document, schema)
            .iter_errors(example)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{what}: {errors:?}");
    };
    for (path, method, operation) in operations(&document) {
        let call = format!("{method} {path}");
        for parameter in operation["parameters"].as_array().unwrap() {
            check(&call, &parameter["schema"], &parameter["example"]);
        }
        let body = &operation["requestBody"]["content"]["application/json"];
        if !body.is_null() {
            check(&format!("{call} body"), &body["schema"], &body["example"]);
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = match response["$ref"].as_str() {
                Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
                None => response,
            };
            let content = &response["content"]["application/json"];
            if !content.is_null() {
                check(
                    &format!("{call} {status}"),
                    &content["schema"],
                    &content["example"],
                );
            }
        }
    }
}

#[test]
fn an_example_of_an_answer_has_every_field_of_it() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let content = &response["content"]["application/json"];
            let (schema, example) = match content["schema"]["items"].is_null() {
                true => (&content["schema"], &content["example"]),
                false => (&content["schema"]["items"], &content["example"][0]),
            };
            let Some(reference) = schema["$ref"].as_str() else {
                continue;
            };
            let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
            let (Some(properties), Some(example)) =
                (schema["properties"].as_object(), example.as_object())
            else {
                continue;
            };
            let known: BTreeSet<_> = properties.keys().collect();
            let shown: BTreeSet<_> = example.keys().collect();
            assert_eq!(shown, known, "{method} {path} {status}");
        }
    }
}

#[test]
fn the_example_of_a_body_is_taken_by_the_parser_of_the_handler() {
    for route in routes::table() {
        if let Some(body) = &route.contract.body {
            let taken = (body.parse)((body.shape.example)());
            assert_eq!(taken, Ok(()), "{} {}", route.method, route.path);
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = document();
    let mut references = HashSet::new();
    collect_references(&document, &mut references);
    for reference in &references {
        let place = reference.trim_start_matches('#');
        assert!(document.pointer(place).is_some(), "{reference}");
    }
    for kind in ["schemas", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(references.contains(&reference), "{reference} is not used");
        }
    }
}

#[test]
fn every_answer_is_one_that_the_document_allows() {
    let document = document();
    let callers = [
        World::operator,
        World::owner,
        World::viewer,
        World::robot,
        World::stranger,
        World::nobody,
    ];
    for route in routes::table() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        for caller in callers {
            let world = World::new();
            let answer = world.send(plausible(&world, route).by(&caller(&world)));
            let response = &operation["responses"][answer.status.to_string()];
            assert!(!response.is_null(), "{answer}: not in the document");
            let response = match response["$ref"].as_str() {
                Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
                None => response,
            };
            let schema = &response["content"]["application/json"]["schema"];
            if schema.is_null() {
                continue;
            }
            let body = answer.json();
            let errors: Vec<_> = validator(&document, schema)
                .iter_errors(&body)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{answer}: {errors:?}");
        }
    }
}

fn collect_references(value: &Value, references: &mut HashSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                references.insert(reference.clone());
            }
            fields
                .values()
                .for_each(|value| collect_references(value, references));
        }
        Value::Array(values) => {
            values
                .iter()
                .for_each(|value| collect_references(value, references));
        }
        _ => {}
    }
}

#[test]
fn a_file_stays_one_for_who_asks_for_its_headers_alone() {
    let world = World::new();
    for path in ["/openapi.json", "/docs", "/docs/page.css", "/console"] {
        for method in ["GET", "HEAD"] {
            let answer = world.send(Call::new(method, path)).expect(200);
            // What is no file may be a token's, and is kept by nobody.
            assert_eq!(answer.header("cache-control"), None, "{method} {path}");
        }
    }
}
