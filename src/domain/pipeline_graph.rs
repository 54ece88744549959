//! The objects of a pipeline version and the attachments between them.
//!
//! What can be told without the database is told here: names, numbers, and that attachments run in no circle. Whether
//! what the objects refer to exists, and whether its fields are mapped, is decided in the transaction of the write
//! (`store/pipeline_checks.rs`), because both can change until then.

use super::invalid::at_most;
use super::kept::check_length;
use super::numbered::Numbered;
use super::wire::json_enum;
use super::{Invalid, Text, quoted};
use crate::domain::json::{self, object, read_as};
use serde::Serialize;
use serde_json::{Map, Value};

/// The source that stands for the pipeline's input.
pub const START: &str = "pipeline_start";
/// The destination that stands for the pipeline's output.
pub const END: &str = "pipeline_end";

/// A name of an object, a field or what an object refers to.
pub type Name = Text<1, 64>;

json_enum! {
    /// Kind of what an object of a pipeline refers to.
    ReferenceType: "a type of reference" {
        /// A deployment of the project.
        Deployment = "deployment",
        /// Another pipeline of the project.
        Pipeline = "pipeline",
        /// An operator of UbiOps, which has no record here; stored as it was given.
        Operator = "operator",
    }
}

object! {
    /// An object of a pipeline version.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct PipelineObject {
        /// Name of the object, unique in the version.
        pub name: Name,
        /// Name of what the object refers to.
        pub reference_name: Name,
        /// Kind of what the object refers to; `deployment` if absent.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(default))]
        pub reference_type: Option<ReferenceType>,
        /// Version of what the object refers to; the default version if absent.
        pub version: Option<Name>,
        /// Settings of the object, stored as they were given.
        pub configuration: Option<Map<String, Value>>,
        /// Metadata of the object as texts, stored as they were given.
        pub metadata: Option<Map<String, Value>>,
    }
}

/// The objects of a pipeline version, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineObjects(Vec<PipelineObject>);

impl PipelineObjects {
    /// Most objects of one version.
    pub const MAX: usize = 100;

    /// The objects.
    pub fn iter(&self) -> impl Iterator<Item = &PipelineObject> {
        self.0.iter()
    }
}

read_as!(PipelineObjects, Vec<PipelineObject>);

impl TryFrom<Vec<PipelineObject>> for PipelineObjects {
    type Error = Invalid;

    fn try_from(objects: Vec<PipelineObject>) -> Result<Self, Invalid> {
        at_most(objects.len(), Self::MAX, "objects")?;
        let mut names = Numbered::default();
        for name in objects.iter().map(|object| object.name.as_str()) {
            if name == START || name == END {
                return Err(Invalid::new(format!(
                    "no object can be called {START} or {END}: these stand for the pipeline's own input and output"
                )));
            }
            if !names.is_new(name) {
                return Err(Invalid::new(format!(
                    "two objects are called {}",
                    quoted(name)
                )));
            }
        }
        let json = json::to_string(&objects);
        check_length(&json.map_err(|error| Invalid::new(error.to_string()))?)?;
        Ok(Self(objects))
    }
}

object! {
    /// Which field of a source goes into which field of a destination.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct Mapping {
        /// Name of a field of the source's output.
        pub source_field_name: Name,
        /// Name of a field of the destination's input.
        pub destination_field_name: Name,
    }
}

object! {
    /// A source from which a destination receives data.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct Source {
        /// Name of the object that the data comes from, or `pipeline_start`.
        pub source_name: Name,
        /// Which field goes into which field; empty where both sides are plain.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(default))]
        pub mapping: Vec<Mapping> = Vec::new(),
    }
}

object! {
    /// What flows into one object, or out of the pipeline.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct Attachment {
        /// Name of the object that the data flows into, or `pipeline_end`.
        pub destination_name: Name,
        /// Where the data comes from.
        pub sources: Vec<Source>,
    }
}

/// The attachments of a pipeline version, in the order in which they were given; they must not form a cycle.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Attachments(Vec<Attachment>);

impl Attachments {
    /// Most mappings of one version, over all attachments; and most attachments, since one destination may stand in
    /// several.
    pub const MAX_MAPPINGS: usize = 1000;

    /// The attachments.
    pub fn iter(&self) -> impl Iterator<Item = &Attachment> {
        self.0.iter()
    }
}

read_as!(Attachments, Vec<Attachment>);

impl TryFrom<Vec<Attachment>> for Attachments {
    type Error = Invalid;

    fn try_from(attachments: Vec<Attachment>) -> Result<Self, Invalid> {
        at_most(attachments.len(), Self::MAX_MAPPINGS, "attachments")?;
        let sources = || {
            attachments
                .iter()
                .flat_map(|attachment| &attachment.sources)
        };
        let mappings = sources().map(|source| source.mapping.len()).sum();
        at_most(mappings, Self::MAX_MAPPINGS, "mappings")?;
        at_most(sources().count(), Self::MAX_MAPPINGS, "sources")?;
        let mut names = Numbered::default();
        let mut edges = Vec::new();
        for attachment in &attachments {
            let destination = attachment.destination_name.as_str();
            if destination == START {
                return Err(Invalid::new(format!(
                    "{START} is a source, and no destination"
                )));
            }
            // A published tutorial lists a condition in one attachment and the data in another (contract section 4).
            for source in &attachment.sources {
                let source = source.source_name.as_str();
                if source == END {
                    return Err(Invalid::new(format!(
                        "{END} is a destination, and no source"
                    )));
                }
                let edge = (names.number(source), names.number(destination));
                // There are so few that looking through all of them costs less than a set would.
                if edges.contains(&edge) {
                    return Err(Invalid::new(format!(
                        "{} is a source of {} twice",
                        quoted(source),
                        quoted(destination)
                    )));
                }
                edges.push(edge);
            }
        }
        let json = json::to_string(&attachments);
        check_length(&json.map_err(|error| Invalid::new(error.to_string()))?)?;
        let on_cycle = cycle(edges, names.len());
        if let Some((name, _)) = names.iter().find(|(_, number)| Some(*number) == on_cycle) {
            return Err(Invalid::new(format!(
                "{} gets something from itself, over other objects or at once; attachments must have no cycle",
                quoted(name)
            )));
        }
        Ok(Self(attachments))
    }
}

/// One of so many numbers that is on a cycle of edges from a source to a destination, if there is one. What comes from a
/// number that gets nothing is taken away until nothing goes; a walk back along the edges that are left must come to where
/// it has been.
fn cycle(mut edges: Vec<(usize, usize)>, count: usize) -> Option<usize> {
    loop {
        let mut gets_something = vec![false; count];
        for (_, destination) in &edges {
            *gets_something.get_mut(*destination)? = true;
        }
        let before = edges.len();
        edges.retain(|(source, _)| gets_something.get(*source) == Some(&true));
        if edges.len() == before {
            break;
        }
    }
    let mut seen = vec![false; count];
    let (mut at, _) = *edges.first()?;
    while !std::mem::replace(seen.get_mut(at)?, true) {
        (at, _) = *edges.iter().find(|(_, destination)| *destination == at)?;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn attachments(edges: &[(&str, &str)]) -> Result<Attachments, String> {
        let mut by_destination: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (source, destination) in edges {
            by_destination.entry(destination).or_default().push(source);
        }
        let list: Vec<Value> = by_destination
            .into_iter()
            .map(|(destination, sources)| {
                let sources: Vec<Value> = sources
                    .into_iter()
                    .map(|name| serde_json::json!({ "source_name": name, "mapping": [] }))
                    .collect();
                serde_json::json!({ "destination_name": destination, "sources": sources })
            })
            .collect();
        crate::domain::json::from_str(&Value::Array(list).to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_diamond_is_no_cycle() {
        let diamond = [
            (START, "a"),
            ("a", "b"),
            ("a", "c"),
            ("b", "d"),
            ("c", "d"),
            ("d", END),
        ];
        assert!(attachments(&diamond).is_ok());
    }

    #[test]
    fn a_cycle_is_refused_with_a_name_on_it() {
        let tail = [
            (START, "a"),
            ("a", "b"),
            ("b", "c"),
            ("c", "b"),
            ("c", "x"),
            ("x", END),
        ];
        let refusal = attachments(&tail).unwrap_err();
        assert!(
            refusal.contains("'b'") || refusal.contains("'c'"),
            "{refusal}"
        );
        assert!(
            attachments(&[("a", "a")])
                .unwrap_err()
                .contains("'a' gets something from itself")
        );
    }

    #[test]
    fn the_pipelines_input_is_no_destination_and_its_output_no_source() {
        assert!(
            attachments(&[("a", START)])
                .unwrap_err()
                .contains("no destination")
        );
        assert!(
            attachments(&[(END, "a")])
                .unwrap_err()
                .contains("no source")
        );
    }

    #[test]
    fn a_destination_may_stand_in_several_attachments_and_each_of_its_sources_once() {
        let of = |lists: &[&[&str]]| {
            let attachment = |sources: &&[&str]| {
                let sources: Vec<Value> = sources
                    .iter()
                    .map(|name| serde_json::json!({ "source_name": name }))
                    .collect();
                serde_json::json!({ "destination_name": "b", "sources": sources })
            };
            let list: Vec<Value> = lists.iter().map(attachment).collect();
            crate::domain::json::from_str::<Attachments>(&Value::Array(list).to_string())
                .map_err(|error| error.to_string())
        };
        assert_eq!(of(&[&["a"], &["c", START]]).unwrap().iter().count(), 2);
        for twice in [
            &[&["a", "a"] as &[&str]] as &[&[&str]],
            &[&["a"], &["c", "a"]],
        ] {
            assert!(
                of(twice)
                    .unwrap_err()
                    .contains("'a' is a source of 'b' twice")
            );
        }
        assert!(of(&[&["a"], &["b"]]).unwrap_err().contains("no cycle"));
    }

    #[test]
    fn attachments_have_64_kib_of_bytes() {
        let mapping = |n: usize| serde_json::json!({ "source_field_name": format!("{n}{}", "é".repeat(60)), "destination_field_name": "x" });
        let of = |count: usize| {
            let mapping: Vec<Value> = (0..count).map(mapping).collect();
            let sources = serde_json::json!([{ "source_name": "a", "mapping": mapping }]);
            let list = serde_json::json!([{ "destination_name": "b", "sources": sources }]);
            crate::domain::json::from_str::<Attachments>(&list.to_string())
                .map_err(|error| error.to_string().to_string())
        };
        assert!(of(300).is_ok());
        assert!(
            of(400)
                .unwrap_err()
                .contains("bytes of JSON; at most 65536")
        );
    }

    #[test]
    fn a_name_has_1_to_64_characters() {
        for (length, fits) in [(0, false), (1, true), (64, true), (65, false)] {
            assert_eq!(Name::parse(&"n".repeat(length)).is_ok(), fits, "{length}");
        }
    }

    #[test]
    fn a_version_has_100_objects_and_1000_attachments_sources_and_mappings_at_most() {
        let objects = |count: usize| {
            let object = |n| serde_json::json!({"name": format!("o{n}"), "reference_name": "d"});
            let list: Vec<Value> = (0..count).map(object).collect();
            crate::domain::json::from_str::<PipelineObjects>(&Value::Array(list).to_string())
        };
        assert!(objects(100).is_ok() && objects(101).is_err());
        let refusal = |lists: usize, sources: usize, mappings: usize| {
            let mapping =
                serde_json::json!({"source_field_name": "a", "destination_field_name": "b"});
            let source = |n| serde_json::json!({"source_name": format!("s{n}"), "mapping": vec![&mapping; mappings]});
            let sources: Vec<Value> = (0..sources).map(source).collect();
            let attachment =
                |n| serde_json::json!({"destination_name": format!("d{n}"), "sources": &sources});
            let list: Vec<Value> = (0..lists).map(attachment).collect();
            let read =
                crate::domain::json::from_str::<Attachments>(&Value::Array(list).to_string());
            read.err()
                .map(|fault| fault.to_string())
                .unwrap_or_default()
        };
        for (lists, sources, mappings, what) in [
            (1_000, 0, 0, "attachments"),
            (1, 1_000, 0, "sources"),
            (1, 1, 1_000, "mappings"),
        ] {
            let most = format!("most 1000 {what}");
            let too_many = format!("there are 1001 {what}; at most 1000 are allowed");
            let one_more = |number: usize| number + usize::from(number == 1_000);
            assert!(
                !refusal(lists, sources, mappings).contains("at most 1000"),
                "{most}"
            );
            let more = refusal(one_more(lists), one_more(sources), one_more(mappings));
            assert!(more.contains(&too_many), "{more}");
        }
    }

    #[test]
    fn objects_have_names_of_their_own() {
        let objects = |names: &[&str]| {
            let list: Vec<Value> = names
                .iter()
                .map(|name| serde_json::json!({ "name": name, "reference_name": "d" }))
                .collect();
            crate::domain::json::from_str::<PipelineObjects>(&Value::Array(list).to_string())
                .map_err(|error| error.to_string())
        };
        assert!(objects(&["a", "b"]).is_ok());
        assert!(
            objects(&["a", "a"])
                .unwrap_err()
                .contains("two objects are called 'a'")
        );
        assert!(objects(&[START]).is_err() && objects(&[END]).is_err());
    }

    proptest! {
        #[test]
        fn edges_that_only_go_up_are_accepted_and_closing_one_is_not(
            edges in proptest::collection::btree_set((0..30_u8, 0..30_u8), 1..60)
        ) {
            let name = |n: u8| format!("n{n}");
            let up: Vec<(String, String)> = edges
                .iter()
                .filter(|(from, to)| from != to)
                .map(|(from, to)| (name(*from.min(to)), name(*from.max(to))))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect();
            prop_assume!(!up.is_empty());
            let as_str: Vec<(&str, &str)> = up.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            prop_assert!(attachments(&as_str).is_ok());
            let mut closed = as_str.clone();
            closed.push((as_str[0].1, as_str[0].0));
            prop_assert!(attachments(&closed).is_err());
        }
    }
}
