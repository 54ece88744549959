//! What must hold of whatever anybody sends.
//!
//! A target takes bytes, makes of them what a caller could send, and stops with a panic where something does not hold that
//! it says of every input: what is accepted reads the same once it is written, and obeys the sentence of the contract that
//! is about it, in words of its own and not by the code under test; what is refused is refused with a sentence.
//!
//! `make fuzz` changes the files of a target's corpus, guided by the code that they reach, until something stops
//! (`src/main.rs`); `cargo test --package fuzz` looks at the corpus alone. docs/fuzzing.md has the rest.

use std::borrow::Cow;

use tenantry::domain::Invalid;

mod targets {
    pub mod addresses;
    pub mod app;
    pub mod cron;
    pub mod dates;
    pub mod events;
    pub mod headers;
    pub mod openai;
    pub mod origins;
    pub mod paths;
    pub mod signatures;
}

pub use targets::app::calls_of_routes;

/// What a target made of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It was taken.
    Accepted,
    /// It was refused.
    Refused,
}

/// Looks at an input.
pub type Target = fn(&[u8]) -> Verdict;

/// All targets, by the names of their corpora.
pub const TARGETS: [(&str, Target); 10] = [
    ("addresses", targets::addresses::look),
    ("app", targets::app::look),
    ("cron", targets::cron::look),
    ("dates", targets::dates::look),
    ("events", targets::events::look),
    ("headers", targets::headers::look),
    ("openai", targets::openai::look),
    ("origins", targets::origins::look),
    ("paths", targets::paths::look),
    ("signatures", targets::signatures::look),
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.map(|(_, target)| *target)
}

/// Longest sentence that a parser may answer, in characters: of a place and of what is wrong there 300 each, and what cannot be
/// seen takes up to ten.
const SENTENCE: usize = 6_100;

/// The parts of an input that has several, with 0xFF between them: no text has that byte.
fn parts(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    input.split(|byte| *byte == 0xff)
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// A refusal is a sentence that people can read.
#[track_caller]
fn is_sentence(refusal: &Invalid) -> Verdict {
    is_legible(refusal.as_str());
    Verdict::Refused
}

#[track_caller]
fn is_legible(sentence: &str) {
    let length = sentence.chars().count();
    assert!((1..=SENTENCE).contains(&length), "{length} characters");
    assert!(!sentence.contains(char::is_control), "{sentence:?}");
}
