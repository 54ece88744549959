//! What comments and pages refer to is there: each section that is cited is a heading of its document, and each link of a
//! page leads to a file and to a heading in it.
//!
//! A citation is `contract section 5.4`, `UbiOps spec 3.6` or `ModelArts spec sections 1 and 4`, wherever lines break;
//! `platform bounds` is the first section of its page. Read from the text, by its words.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What is said in front of a number, in small letters, and the document that it means.
const DOCUMENTS: [(&str, &str); 3] = [
    ("contract", "docs/contract.md"),
    ("ubiops spec", "docs/compatibility/ubiops.md"),
    ("modelarts spec", "docs/compatibility/modelarts.md"),
];
/// The page of the platform, and its heading that "platform bounds" means.
const BOUNDS: (&str, &str) = ("docs/platform.md", "## Bounds");
/// Kinds of files that hold comments and pages.
const KINDS: [&str; 13] = [
    "css", "html", "json", "md", "mjs", "py", "rs", "sh", "sql", "svelte", "toml", "ts", "yml",
];
/// Folders of what others wrote, or what was built.
const PASSED_OVER: [&str; 4] = ["build", "node_modules", "target", "__pycache__"];
/// What stands in front of a line of a comment, or of a list.
const LEADERS: [&str; 8] = ["//!", "///", "//", "--", "#", "*", "-", "|"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text of the repository, below its path.
fn texts() -> Vec<(PathBuf, String)> {
    let mut texts = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_hidden = name.starts_with('.') && name != ".github";
            if is_hidden || PASSED_OVER.contains(&name) {
                continue;
            }
            let kind = path.extension().and_then(|kind| kind.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if kind.is_some_and(|kind| KINDS.contains(&kind)) {
                let text = fs::read_to_string(&path).unwrap();
                texts.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    texts.sort();
    texts
}

/// A text in small letters and in one line, without what marks comments.
fn in_one_line(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.trim();
        let rest = LEADERS.iter().find_map(|leader| line.strip_prefix(leader));
        rest.unwrap_or(line).trim().to_lowercase()
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// The number, such as `5.4`, that a text begins with, and what follows it.
fn number(text: &str) -> Option<(&str, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(text);
    while let Some(more) = text[end..].strip_prefix('.').map(digits)
        && more > 0
    {
        end += 1 + more;
    }
    (end > 0).then(|| text.split_at(end))
}

/// The numbers of sections that a text begins with: `5.3`, `1, 3 and 4`, `4.1 to 4.5`.
fn numbers(text: &str) -> Vec<&str> {
    let mut numbers = Vec::new();
    let mut rest = text;
    while let Some((found, after)) = number(rest) {
        numbers.push(found);
        let links = [", ", " and ", " or ", " to "];
        let Some(next) = links.iter().find_map(|link| after.strip_prefix(link)) else {
            break;
        };
        rest = next;
    }
    numbers
}

/// The sections of the document of this name that a text, in one line, cites.
fn cited<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let rests = text.split(name).skip(1);
    let sections = rests.flat_map(|rest| {
        let rest = rest.trim_start();
        let words = ["sections ", "section "];
        let named = words.iter().find_map(|word| rest.strip_prefix(word));
        // A number right behind the word alone is one of a spec.
        let bare = Some(rest).filter(|_| name.ends_with("spec"));
        named.or(bare).map(numbers).unwrap_or_default()
    });
    sections.collect()
}

/// The sections that a page's text, in one line, cites of itself: `section 5.4`, with no document in front.
fn cited_of_itself(text: &str) -> Vec<&str> {
    let mut sections = Vec::new();
    for word in ["section ", "sections "] {
        for (at, _) in text.match_indices(word) {
            let before = text[..at].trim_end();
            let is_others = DOCUMENTS.iter().any(|(name, _)| before.ends_with(name));
            if !is_others {
                sections.extend(numbers(&text[at + word.len()..]));
            }
        }
    }
    sections
}

/// The lines of a page outside blocks of code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

fn headings(page: &str) -> impl Iterator<Item = &str> {
    let marked = prose(page).filter(|line| line.starts_with('#'));
    marked.map(|line| line.trim_start_matches('#').trim())
}

/// The numbers that headings of a page begin with.
fn sections(page: &str) -> BTreeSet<&str> {
    let numbers = headings(page).filter_map(|heading| Some(number(heading)?.0));
    numbers.collect()
}

/// The anchors of a page, as GitHub makes them of its headings.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for heading in headings(page) {
        let kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
        let slug: String = heading.to_lowercase().chars().filter(kept).collect();
        let slug = slug.replace(' ', "-");
        let repeated = (1..).map(|count| format!("{slug}-{count}"));
        let mut names = std::iter::once(slug.clone()).chain(repeated);
        anchors.insert(names.find(|name| !anchors.contains(name)).unwrap());
    }
    anchors
}

/// Where the links of a page lead, but for those to other hosts.
fn links(page: &str) -> Vec<&str> {
    let mut links = Vec::new();
    for line in prose(page) {
        // What stands between backticks is no link: every other part.
        for text in line.split('`').step_by(2) {
            let targets = text.split("](").skip(1);
            links.extend(targets.filter_map(|rest| Some(rest.split_once(')')?.0)));
        }
    }
    links.retain(|link| !link.contains("://") && !link.starts_with("mailto:"));
    links
}

/// What is wrong with a link of the page at this path, if anything is.
fn fault(path: &Path, link: &str) -> Option<String> {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => root().join(path),
        file => root().join(path).parent().unwrap().join(file),
    };
    let there = || format!("{}: {link}", path.display());
    if !target.exists() {
        return Some(format!("{} leads to no file", there()));
    }
    let has_anchor = || anchors(&fs::read_to_string(&target).unwrap()).contains(anchor);
    (!anchor.is_empty() && !has_anchor()).then(|| format!("{} leads to no heading", there()))
}

#[test]
fn every_section_that_is_cited_is_there() {
    let texts = texts();
    let lines: Vec<_> = texts.iter().map(|(_, text)| in_one_line(text)).collect();
    let mut missing = Vec::new();
    for (name, document) in DOCUMENTS {
        let page = fs::read_to_string(root().join(document)).unwrap();
        let sections = sections(&page);
        let mut found = 0;
        for ((path, _), line) in texts.iter().zip(&lines) {
            let mut all = cited(line, name);
            if path == Path::new(document) {
                all.extend(cited_of_itself(line));
            }
            found += all.len();
            all.retain(|section| !sections.contains(section));
            missing.extend(
                all.iter()
                    .map(|it| format!("{}: {name} {it}", path.display())),
            );
        }
        assert!(
            found > 10,
            "{name} is cited {found} times: is it looked for rightly?"
        );
    }
    let (page, heading) = BOUNDS;
    let page = fs::read_to_string(root().join(page)).unwrap();
    assert!(page.lines().any(|line| line == heading));
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let mut found = 0;
    let mut faults = Vec::new();
    for (path, text) in texts() {
        if path.extension().is_some_and(|kind| kind == "md") {
            let links = links(&text);
            found += links.len();
            faults.extend(links.iter().filter_map(|link| fault(&path, link)));
        }
    }
    assert!(
        found > 50,
        "there are {found} links: are they looked for rightly?"
    );
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_citation_is_found_however_it_is_written() {
    let comment = "//! Of pages (contract\n//! sections 5.3, 5.4 and 6). Contract section 8.\n";
    let line = in_one_line(comment);
    assert_eq!(cited(&line, "contract"), ["5.3", "5.4", "6", "8"]);
    let line = in_one_line(
        "-- UbiOps spec 3.6: the default is 50; UbiOps spec\n-- sections 2 and 4.1 to 4.5.",
    );
    assert_eq!(cited(&line, "ubiops spec"), ["3.6", "2", "4.1", "4.5"]);
    assert!(cited("a contract of 5 pages", "contract").is_empty());
    let line = "as section 3 says, and contract section 4";
    assert_eq!(cited_of_itself(line), ["3"]);
    assert_eq!(
        Vec::from_iter(sections("# A\n## 1. B\n### 5.10 C\n")),
        ["1", "5.10"]
    );
}

#[test]
fn a_link_that_leads_nowhere_is_noticed() {
    let page = "[a](b.md#c) `[d](e)` [f](https://g/h)\n```\n[i](j)\n```\n![k](l)";
    assert_eq!(links(page), ["b.md#c", "l"]);
    let slugs = anchors("## 5.4 What `it` does, and why\n## A\n### A\n");
    assert_eq!(
        Vec::from_iter(slugs),
        ["54-what-it-does-and-why", "a", "a-1"]
    );
    let readme = Path::new("README.md");
    assert!(fault(readme, "docs/contract.md#1-surfaces").is_none());
    assert!(fault(readme, "docs/contract.md#0-surfaces").is_some());
    assert!(fault(readme, "docs/none.md").is_some());
}
