//! Whether a pipeline version holds together: the conditions that stand in its permit.
//!
//! They look at the objects and attachments that the version will have: those of the body (`:objects`, `:attachments`)
//! where it names them (`#sets_objects`, `#sets_attachments`), else those that it has. `:resource_id` is the pipeline
//! and `:version` the name of the version. What depends on the body alone has been checked before
//! (`domain/pipeline_graph.rs`).

pub mod lost_field;
pub mod use_in_pipeline;

use crate::domain::pipeline_graph::{END, START};
use crate::domain::quoted;
use crate::error::Error;
use crate::store::rows::{JsonText, row};

/// Whether the caller may `.get` a deployment or a pipeline: `caller_may_get!(the permission, its id)`, both SQL. The
/// permission is one of those that service users may have, so it is asked of the assignments themselves, at most a few by
/// their index; the view `held_permissions` would go through all that the caller holds, for each.
macro_rules! caller_may_get {
    ($permission:expr, $id:expr) => {
        concat!(
            "(",
            $crate::store::rights::caller_holds_all!(),
            " OR EXISTS (
               SELECT 1 FROM role_assignments a JOIN role_permissions h ON h.role_id = a.role_id
               WHERE a.resource_id IN (",
            $id,
            ", :project_id) AND a.assignee_id = :principal_id
                 AND h.permission = ",
            $permission,
            "))"
        )
    };
}
pub(crate) use caller_may_get;

/// The tables that the faults are looked for in: `object`, what the version refers to; `hidden`, those of its objects whose
/// deployment or pipeline the author may not `.get`; `link`, from which name to which, in the attachments that the version
/// will have (`comes`) and in those that they replace, or to which from none; `source`, the former alone; `mapped`, from which field to which;
/// `node`, what takes and gives which fields, of all names but those of operators, whose fields nobody knows here; and
/// `user`, the pipelines that this one is in, through all their versions, so that no choice of a default version can close a
/// circle later. Those are looked for upwards, from each to the next that uses it, so that a hundred objects in eighty
/// versions are one step. What several faults ask for is MATERIALIZED: else SQLite parses a copy of it for each.
macro_rules! graph {
    () => {
        concat!("WITH RECURSIVE object (name, type, id, reference, version) AS (
           SELECT value ->> 'name', value ->> 'reference_type', CASE value ->> 'reference_type'
                    WHEN 'deployment' THEN (SELECT id FROM deployments
                                            WHERE project_id = :project_id AND name = value ->> 'reference_name')
                    WHEN 'pipeline' THEN (SELECT id FROM pipelines
                                          WHERE project_id = :project_id AND name = value ->> 'reference_name') END,
                  value ->> 'reference_name', value ->> 'version'
           FROM json_each(:objects) WHERE #sets_objects = 1
           UNION ALL
           SELECT o.name, o.reference_type, o.reference_id, NULL, NULL
           FROM pipeline_versions w JOIN pipeline_objects o ON o.pipeline_version_id = w.id
           WHERE w.pipeline_id = :resource_id AND w.version = :version AND #sets_objects = 0),
         hidden (name) AS MATERIALIZED (
           SELECT name FROM object WHERE id IS NOT NULL AND NOT ",
            $crate::store::pipeline_checks::caller_may_get!("object.type || 's.get'", "object.id"), "),
         link (comes, destination, source, mapping) AS MATERIALIZED (
           SELECT list.comes, attachment.value ->> 'destination_name', taken.value ->> 'source_name', taken.value -> 'mapping'
           FROM (SELECT 1 AS comes, :attachments AS attachments WHERE #sets_attachments = 1
                 UNION ALL
                 SELECT #sets_attachments = 0, attachments FROM pipeline_versions
                 WHERE pipeline_id = :resource_id AND version = :version) list,
                json_each(list.attachments) attachment LEFT JOIN json_each(attachment.value -> 'sources') taken),
         source (destination, source, mapping) AS MATERIALIZED (SELECT destination, source, mapping FROM link WHERE +comes = 1),
         mapped (destination, source, source_field, destination_field) AS MATERIALIZED (
           SELECT source.destination, source.source, pair.value ->> 'source_field_name',
                  pair.value ->> 'destination_field_name'
           FROM source, json_each(source.mapping) pair),
         node (name, takes, gives) AS (
           SELECT object.name, f.input_fields, f.output_fields FROM object JOIN object_fields f ON f.object_id = object.id
           UNION ALL
           SELECT 'pipeline_start', '[]', input_fields FROM object_fields WHERE object_id = :resource_id
           UNION ALL
           SELECT 'pipeline_end', output_fields, '[]' FROM object_fields WHERE object_id = :resource_id),
         user (pipeline, following) AS (
           SELECT :resource_id, (SELECT min(pipeline_id) FROM pipeline_objects WHERE reference_id = :resource_id)
           WHERE EXISTS (SELECT 1 FROM object WHERE +type = 'pipeline')
           UNION
           SELECT pipeline, (SELECT min(pipeline_id) FROM pipeline_objects
                             WHERE reference_id = user.pipeline AND pipeline_id > user.following)
           FROM user WHERE following IS NOT NULL
           UNION
           SELECT following, (SELECT min(pipeline_id) FROM pipeline_objects WHERE reference_id = user.following)
           FROM user WHERE following IS NOT NULL) ")
    };
}
pub(crate) use graph;

/// The first fault, as a JSON list for [`Fault::refusal`]; NULL where the version holds together. All faults are looked for in
/// one select, since a copy of the tables for each takes SQLite many times as long to parse.
///
/// What the author may not `.get` does not exist for them (contract section 2); objects that stay as they are stay without
/// being asked about. What is attached to those that the author may not see stays as well, or else the faults of a guess
/// would tell which fields there are; and one of these that nothing is mapped to is not named.
macro_rules! fault {
    () => {
        concat!("(", $crate::store::pipeline_checks::graph!(), "
            SELECT coalesce(
             (SELECT json_array('reference', name, type, reference, version) FROM object
              WHERE #sets_objects = 1 AND type <> 'operator' AND NOT (
                      id IS NOT NULL AND name NOT IN (SELECT name FROM hidden)
                      AND (version IS NULL
                           OR EXISTS (SELECT 1 FROM deployment_versions v
                                      WHERE v.deployment_id = object.id AND v.version = object.version)
                           OR EXISTS (SELECT 1 FROM pipeline_versions v
                                      WHERE v.pipeline_id = object.id AND v.version = object.version)))
              LIMIT 1),
             (SELECT json_array('circle', name) FROM object WHERE id IN (SELECT pipeline FROM user) LIMIT 1),
             (SELECT json_array('hidden', name) FROM link JOIN hidden ON name IN (destination, source)
              WHERE #sets_attachments = 1
              GROUP BY name, destination, source, mapping HAVING min(comes) = max(comes) LIMIT 1),
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
             (SELECT json_array('unmapped', node.name, iif(node.name IN (SELECT name FROM hidden), NULL, field.value ->> 'name'))
              FROM node, json_each(node.takes) field
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
        let parts: Result<Vec<Option<String>>, Error> = self.fault.parse();
        parts.map_or_else(|error| error, |parts| refusal_of(&parts))
    }
}

fn refusal_of(fault: &[Option<String>]) -> Error {
    let parts: Vec<Option<&str>> = fault.iter().map(Option::as_deref).collect();
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
        [Some("hidden"), Some(name)] => format!(
            "attachments: {} refers to what you may not see; its attachments stay as they are",
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
        [Some("unmapped"), Some(name), None] => format!(
            "attachments: nothing is mapped to a field of {}, which you may not see",
            quoted(name)
        ),
        _ => return Error::inconsistent("a fault that no sentence is for"),
    };
    Error::invalid(sentence)
}
