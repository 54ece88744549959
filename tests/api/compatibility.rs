//! What docs/compatibility/ubiops.md says of UbiOps' calls is so: those that it lists as served are in the document of
//! the API, and all others have the answer that stands beside them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use testkit::{Call, World};

const PAGE: &str = include_str!("../../docs/compatibility/ubiops.md");
const DOCUMENT: &str = include_str!("../../public/openapi.json");
const README: &str = include_str!("../../README.md");
/// The methods that the newest client has: so many calls there are.
const CALLS: usize = 238;

/// A row of the tables: some methods of a path.
struct Row<'a> {
    group: &'a str,
    path: &'a str,
    served: Vec<&'a str>,
    other: Vec<&'a str>,
    answer: &'a str,
}

fn cells(line: &str) -> Vec<&str> {
    let line = line.trim().trim_start_matches('|').trim_end_matches('|');
    line.split('|').map(str::trim).collect()
}

fn section() -> &'static str {
    let (_, section) = PAGE.split_once("\n## 9. ").unwrap();
    section.split("\n## ").next().unwrap()
}

fn rows() -> Vec<Row<'static>> {
    let mut group = "";
    let mut rows = Vec::new();
    for line in section().lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            group = heading;
        } else if line.starts_with("| `/") {
            let [path, served, other, why] = cells(line).try_into().unwrap();
            rows.push(Row {
                group,
                path: path.trim_matches('`'),
                served: served.split_whitespace().collect(),
                other: other.split_whitespace().collect(),
                answer: why.split(':').next().unwrap(),
            });
        }
    }
    rows
}

/// A path with the same word in all braces, since names of parameters differ.
fn shape(path: &str) -> String {
    let mut parts = path.split('{');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |shape, part| {
        shape + "{}" + part.split_once('}').unwrap().1
    })
}

/// How many calls of each group are served, have a sentence, and are a plain 404 or 405.
fn counted() -> BTreeMap<String, [usize; 3]> {
    let mut counts = BTreeMap::<String, [usize; 3]>::new();
    for row in rows() {
        for group in [row.group, "together"] {
            let [served, sentences, plain] = counts.entry(group.to_owned()).or_default();
            *served += row.served.len();
            match row.answer {
                "sentence" => *sentences += row.other.len(),
                _ => *plain += row.other.len(),
            }
        }
    }
    counts
}

#[test]
fn every_call_of_ubiops_that_is_listed_as_served_is_in_the_document() {
    let document: Json = serde_json::from_str(DOCUMENT).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let calls = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().keys();
        methods.map(|method| (method.to_uppercase(), shape(path)))
    });
    let calls: BTreeSet<_> = calls.collect();
    for row in rows() {
        let path = shape(&format!("/v2.1{}", row.path));
        let is_there = |method: &str| calls.contains(&(method.to_owned(), path.clone()));
        for method in &row.served {
            assert!(is_there(method), "{method} {path} is not in the document");
        }
        for method in &row.other {
            assert!(!is_there(method), "{method} {path} is in the document");
        }
    }
}

#[test]
fn every_call_of_ubiops_that_is_not_served_is_answered_as_listed() {
    let world = World::new();
    for row in rows() {
        let path = row.path.replace("{project_name}", "vision");
        let path = shape(&path).replace("{}", "x");
        for method in &row.other {
            let call = Call::new(method, format!("/v2.1{path}")).by(&world.owner());
            let status = match row.answer {
                "405" => 405,
                _ => 404,
            };
            let error = world.send(call).refused(status, "").error();
            let is_plain = status == 405 || error == "there is nothing at this path";
            assert_eq!(
                is_plain,
                row.answer != "sentence",
                "{method} {path}: {error}"
            );
        }
    }
}

#[test]
fn the_counts_of_ubiops_calls_are_those_of_the_tables() {
    let mut counts = counted();
    let told = section()
        .lines()
        .filter(|line| line.starts_with("| [") || line.starts_with("| together"));
    for line in told {
        let cells = cells(line);
        let name = cells[0].trim_start_matches('[').split(']').next().unwrap();
        let told: Vec<usize> = cells[1..]
            .iter()
            .map(|cell| cell.parse().unwrap())
            .collect();
        let counts = counts.remove(name).unwrap();
        assert_eq!(told[1..], counts, "{name}");
        assert_eq!(told[0], counts.iter().sum::<usize>(), "{name}");
    }
    assert!(counts.is_empty(), "not counted: {counts:?}");
    let [served, sentences, plain] = counted()["together"];
    assert_eq!(served + sentences + plain, CALLS);
}

#[test]
fn the_readme_tells_the_same_in_short() {
    let readme = README.split_whitespace().collect::<Vec<_>>().join(" ");
    for (group, counts) in counted() {
        let (served, all) = (counts[0], counts.iter().sum::<usize>());
        let told = match group.as_str() {
            "together" => format!("{served} of UbiOps' {all} calls"),
            _ if served == 0 || served == all => continue,
            group => format!("{} ({served} of {all})", group.to_lowercase()),
        };
        assert!(readme.contains(&told), "README.md does not say {told:?}");
    }
}
