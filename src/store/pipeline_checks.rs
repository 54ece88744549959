//! Whether a pipeline version holds together: the conditions that stand in its permit.
//!
//! They look at the objects and attachments that the version will have: those of the body (`:objects`, `:attachments`)
//! where it names them (`#sets_objects`, `#sets_attachments`), else those that it has. `:resource_id` is the pipeline
//! and `:version` the name of the version. What depends on the body alone has been checked before
//! (`domain/pipeline_graph.rs`).

pub mod lost_field;

use crate::domain::pipeline_graph::{END, START};
use crate::domain::quoted;
use crate::http::error::Error;
use crate::store::rows::{JsonText, row};

/// The tables that the faults are looked for in: `object`, what the version refers to; `source`, from which name to which;
/// `mapped`, from which field to which; `node`, what takes and gives which fields, of all names but those of operators, whose
/// fields nobody knows here; and `reached`, the pipelines that an object leads to, through all their versions, so that no
/// choice of a default version can close a circle later.
macro_rules! graph {
    () => {
        "WITH RECURSIVE object (name, type, reference, version) AS (
           SELECT value ->> 'name', value ->> 'reference_type', value ->> 'reference_name', value ->> 'version'
           FROM json_each(:objects) WHERE #sets_objects = 1
           UNION ALL
           SELECT o.name, o.reference_type, coalesce(d.name, l.name, o.operator), NULL
           FROM pipeline_versions w JOIN pipeline_objects o ON o.pipeline_version_id = w.id
           LEFT JOIN deployments d ON d.id = o.reference_id LEFT JOIN pipelines l ON l.id = o.reference_id
           WHERE w.pipeline_id = :resource_id AND w.version = :version AND #sets_objects = 0),
         source (destination, source, mapping) AS (
           SELECT attachment.value ->> 'destination_name', taken.value ->> 'source_name', taken.value -> 'mapping'
           FROM json_each(CASE WHEN #sets_attachments = 1 THEN :attachments ELSE coalesce(
                  (SELECT attachments FROM pipeline_versions WHERE pipeline_id = :resource_id AND version = :version),
                  '[]') END) attachment,
                json_each(attachment.value -> 'sources') taken),
         mapped (destination, source, source_field, destination_field) AS (
           SELECT source.destination, source.source, pair.value ->> 'source_field_name',
                  pair.value ->> 'destination_field_name'
           FROM source, json_each(source.mapping) pair),
         node (name, takes, gives) AS (
           SELECT object.name, d.input_fields, d.output_fields
           FROM object JOIN deployments d ON d.project_id = :project_id AND d.name = object.reference
           WHERE +object.type = 'deployment'
           UNION ALL
           SELECT object.name, l.input_fields, l.output_fields
           FROM object JOIN pipelines l ON l.project_id = :project_id AND l.name = object.reference
           WHERE +object.type = 'pipeline'
           UNION ALL
           SELECT 'pipeline_start', '[]', input_fields FROM pipelines WHERE id = :resource_id
           UNION ALL
           SELECT 'pipeline_end', output_fields, '[]' FROM pipelines WHERE id = :resource_id),
         reached (name, id) AS (
           SELECT object.name, l.id FROM object JOIN pipelines l ON l.project_id = :project_id AND l.name = object.reference
           WHERE +object.type = 'pipeline'
           UNION
           SELECT r.name, o.reference_id FROM reached r JOIN pipeline_objects o ON o.pipeline_id = r.id
           WHERE o.reference_type = 'pipeline' AND r.id <> :resource_id) "
    };
}
pub(crate) use graph;

/// The first fault, as a JSON list for [`Fault::refusal`]; NULL where the version holds together. All faults are looked for in
/// one select, since a copy of the tables for each takes SQLite many times as long to parse.
macro_rules! fault {
    () => {
        concat!("(", $crate::store::pipeline_checks::graph!(), "
            SELECT coalesce(
             (SELECT json_array('reference', object.name, object.type, object.reference, object.version) FROM object
              WHERE (object.type = 'deployment' AND NOT EXISTS (
                       SELECT 1 FROM deployments d WHERE d.project_id = :project_id AND d.name = object.reference
                         AND (object.version IS NULL OR EXISTS (
                                SELECT 1 FROM deployment_versions v
                                WHERE v.deployment_id = d.id AND v.version = object.version))))
                 OR (object.type = 'pipeline' AND NOT EXISTS (
                       SELECT 1 FROM pipelines l WHERE l.project_id = :project_id AND l.name = object.reference
                         AND (object.version IS NULL OR EXISTS (
                                SELECT 1 FROM pipeline_versions v
                                WHERE v.pipeline_id = l.id AND v.version = object.version))))
              LIMIT 1),
             (SELECT json_array('circle', name) FROM reached WHERE id = :resource_id LIMIT 1),
             (SELECT json_array('object', name)
              FROM (SELECT destination AS name FROM source UNION ALL SELECT source FROM source)
              WHERE name NOT IN ('pipeline_start', 'pipeline_end') AND name NOT IN (SELECT name FROM object) LIMIT 1),
             (SELECT json_array('field', name, side, field_name) FROM (
                SELECT destination AS name, destination_field AS field_name, 'takes' AS side FROM mapped
                WHERE destination IN (SELECT name FROM node) AND (destination, destination_field) NOT IN (
                        SELECT node.name, field.value ->> 'name' FROM node, json_each(node.takes) field)
                UNION ALL
                SELECT source, source_field, 'gives' FROM mapped
                WHERE source IN (SELECT name FROM node) AND (source, source_field) NOT IN (
                        SELECT node.name, field.value ->> 'name' FROM node, json_each(node.gives) field)) LIMIT 1),
             (SELECT json_array('unmapped', node.name, field.value ->> 'name') FROM node, json_each(node.takes) field
              WHERE node.name IN (SELECT destination FROM source)
                AND (node.name, field.value ->> 'name') NOT IN (SELECT destination, destination_field FROM mapped)
              LIMIT 1)))")
    };
}
pub(crate) use fault;

row! {
    /// What keeps a pipeline version from holding together.
    pub struct Fault {
        fault: JsonText,
    }
}

impl Fault {
    /// The 400 of it.
    #[must_use]
    pub fn refusal(&self) -> Error {
        let parts: Vec<Option<String>> = match self.fault.parse() {
            Ok(parts) => parts,
            Err(error) => return error,
        };
        let parts: Vec<Option<&str>> = parts.iter().map(Option::as_deref).collect();
        let sentence = match parts.as_slice() {
            [
                Some("reference"),
                Some(name),
                Some(kind),
                Some(reference),
                version,
            ] => {
                let version = version.map_or_else(String::new, |version| {
                    format!(" with a version {}", quoted(version))
                });
                format!(
                    "objects: {} refers to the {kind} {}{version}, which does not exist in this project",
                    quoted(name),
                    quoted(reference)
                )
            }
            [Some("circle"), Some(name)] => format!(
                "objects: {} refers to a pipeline that is, or uses, this one; no pipeline can contain itself",
                quoted(name)
            ),
            [Some("object"), Some(name)] => format!(
                "attachments: there is no object {}; a name is that of an object, {START} or {END}",
                quoted(name)
            ),
            [Some("field"), Some(name), Some(side), Some(field)] => {
                format!(
                    "attachments: {} {side} no field {}",
                    quoted(name),
                    quoted(field)
                )
            }
            [Some("unmapped"), Some(name), Some(field)] => format!(
                "attachments: nothing is mapped to the field {} of {}",
                quoted(field),
                quoted(name)
            ),
            _ => return Error::inconsistent("a fault that no sentence is for"),
        };
        Error::invalid(sentence)
    }
}
