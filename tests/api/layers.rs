//! A layer of `src/` knows only those below it, and no files of it name one another in a circle.
//!
//! Read from the text: every path that begins with `crate::`, outside comments and the files' own tests. What a file
//! says of its neighbours with `super::`, or of its own modules, is not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The layers, from the ground up.
const LAYERS: [&str; 15] = [
    "domain", "sql", "platform", "error", "web", "auth", "store", "gate", "jobs", "api",
    "contract", "routes", "app", "openapi", "edge",
];

/// The files by the path of their module, `store::audit`, with those that each names.
type Files = BTreeMap<String, BTreeSet<String>>;

fn read(folder: &Path, module: &str, texts: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let name = match (module, stem) {
            (_, "mod") => module.to_owned(),
            ("", _) => stem.to_owned(),
            _ => format!("{module}::{stem}"),
        };
        if path.is_dir() {
            read(&path, &name, texts);
        } else if name != "lib" && !name.ends_with("_tests") {
            texts.insert(name, code(&fs::read_to_string(&path).unwrap()));
        }
    }
}

/// A file's text without comments, and without its tests at the end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths behind each `crate::` of a text; a group in braces is as many paths.
fn paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for rest in text.split("crate::").skip(1) {
        let is_of_path = |letter: char| letter.is_alphanumeric() || "_:".contains(letter);
        let path = rest.split(|letter| !is_of_path(letter)).next().unwrap();
        paths.push(path.to_owned());
        let group = rest
            .strip_prefix(path)
            .and_then(|rest| rest.strip_prefix('{'));
        if let Some(group) = group {
            let group = group.split(';').next().unwrap();
            let names = group.split(['{', '}', ',']).map(str::trim);
            paths.extend(names.map(|name| format!("{path}{name}")));
        }
    }
    paths
}

/// Every file, with the files that it names: of each path the longest beginning that is one.
fn files() -> Files {
    let mut texts = BTreeMap::new();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    read(Path::new(source), "", &mut texts);
    let file = |path: &str| {
        let segments: Vec<&str> = path.split("::").collect();
        let beginnings = (1..=segments.len()).rev();
        let mut beginnings = beginnings.map(|length| segments[..length].join("::"));
        beginnings.find(|beginning| texts.contains_key(beginning))
    };
    let named = |(name, text): (&String, &String)| {
        let mut named: BTreeSet<_> = paths(text).iter().filter_map(|path| file(path)).collect();
        named.remove(name);
        (name.clone(), named)
    };
    texts.iter().map(named).collect()
}

fn height(file: &str) -> usize {
    let layer = file.split("::").next().unwrap();
    let height = LAYERS.iter().position(|known| *known == layer);
    height.unwrap_or_else(|| panic!("{layer} is a new layer: give it its place in LAYERS"))
}

/// What is left when files that name none, or that none names, have been taken away again and again: the circles, and
/// what lies between two of them.
fn circles(mut files: Files) -> Files {
    loop {
        let named: BTreeSet<String> = files.values().flatten().cloned().collect();
        let before = files.len();
        files.retain(|file, names| !names.is_empty() && named.contains(file));
        let left: BTreeSet<String> = files.keys().cloned().collect();
        for names in files.values_mut() {
            names.retain(|name| left.contains(name));
        }
        if files.len() == before {
            return files;
        }
    }
}

#[test]
fn a_layer_names_only_layers_below_it() {
    let files = files();
    assert!(files.len() > 100, "{} files were found", files.len());
    let mut upward = Vec::new();
    for (file, names) in &files {
        let above = names.iter().filter(|name| height(name) > height(file));
        upward.extend(above.map(|name| format!("{file} names {name}")));
    }
    assert_eq!(upward, Vec::<String>::new());
}

#[test]
fn no_files_name_one_another_in_a_circle() {
    assert_eq!(circles(files()), Files::new());
}

#[test]
fn what_a_text_names_is_seen() {
    let text = "use crate::web::{self, body::read};\n$crate::sql::fresh_uuid!(); // crate::app\n\
                #[cfg(test)]\nmod tests { use crate::routes; }";
    let seen = paths(&code(text));
    let expected = [
        "web::",
        "web::self",
        "web::body::read",
        "web::",
        "sql::fresh_uuid",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_circle_is_seen() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let files = Files::from([
        ("a".to_owned(), names(&["b"])),
        ("b".to_owned(), names(&["c"])),
        ("c".to_owned(), names(&["b", "d"])),
        ("d".to_owned(), names(&[])),
    ]);
    let left = circles(files);
    assert_eq!(left.into_keys().collect::<Vec<_>>(), ["b", "c"]);
}
