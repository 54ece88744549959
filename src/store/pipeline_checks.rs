//! Whether a pipeline version holds together: the conditions that stand in its permit.
//!
//! Each fragment is NULL, or the first fault as JSON for a sentence. They look at the objects and attachments that the
//! version will have: those of the body (`:objects`, `:attachments`) where it names them (`#sets_objects`,
//! `#sets_attachments`), else those that it has. `:resource_id` is the pipeline and `:version` the name of the version.
//! What depends on the body alone has been checked before (`domain/pipeline_graph.rs`).

use crate::domain::pipeline_graph::{END, START};
use crate::domain::quoted;
use crate::http::error::Error;
use crate::store::rows::{JsonText, row};

/// The tables that the fragments share:
/// `object`, what the version refers to; `source`, from which name to which; `mapped`, from which field to which; and
/// `node`, what takes and gives which fields, of all names but those of operators, whose fields nobody knows here.
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
           SELECT 'pipeline_end', output_fields, '[]' FROM pipelines WHERE id = :resource_id) "
    };
}
pub(crate) use graph;

/// The first object that refers to what does not exist: `[name, type, reference, version]`.
macro_rules! unknown_reference {
    () => {
        concat!("(", $crate::store::pipeline_checks::graph!(), "
            SELECT json_array(object.name, object.type, object.reference, object.version) FROM object
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
            LIMIT 1)")
    };
}
pub(crate) use unknown_reference;

/// The first name in an attachment that no object has: `[name]`.
macro_rules! unknown_object {
    () => {
        concat!("(", $crate::store::pipeline_checks::graph!(), "
            SELECT json_array(name) FROM (SELECT destination AS name FROM source UNION ALL SELECT source FROM source)
            WHERE name NOT IN ('pipeline_start', 'pipeline_end') AND name NOT IN (SELECT name FROM object) LIMIT 1)")
    };
}
pub(crate) use unknown_object;

/// The first mapping of a field that there is not: `[name, field, 'takes' or 'gives']`.
macro_rules! unknown_field {
    () => {
        concat!("(", $crate::store::pipeline_checks::graph!(), "
            SELECT json_array(name, field_name, side) FROM (
              SELECT destination AS name, destination_field AS field_name, 'takes' AS side FROM mapped
              WHERE destination IN (SELECT name FROM node) AND (destination, destination_field) NOT IN (
                      SELECT node.name, field.value ->> 'name' FROM node, json_each(node.takes) field)
              UNION ALL
              SELECT source, source_field, 'gives' FROM mapped
              WHERE source IN (SELECT name FROM node) AND (source, source_field) NOT IN (
                      SELECT node.name, field.value ->> 'name' FROM node, json_each(node.gives) field)) LIMIT 1)")
    };
}
pub(crate) use unknown_field;

/// The first field of a destination that nothing is mapped to: `[name, field]`.
macro_rules! unmapped_field {
    () => {
        concat!("(", $crate::store::pipeline_checks::graph!(), "
            SELECT json_array(node.name, field.value ->> 'name') FROM node, json_each(node.takes) field
            WHERE node.name IN (SELECT destination FROM source)
              AND (node.name, field.value ->> 'name') NOT IN (SELECT destination, destination_field FROM mapped) LIMIT 1)")
    };
}
pub(crate) use unmapped_field;

/// The first object over which the pipeline would contain itself: `[name]`. Pipelines are followed through all their
/// versions, so that no choice of a default version can close a circle later.
macro_rules! circle {
    () => {
        concat!("(", $crate::store::pipeline_checks::graph!(), ",
         reached (name, id) AS (
           SELECT object.name, l.id FROM object JOIN pipelines l ON l.project_id = :project_id AND l.name = object.reference
           WHERE +object.type = 'pipeline'
           UNION
           SELECT r.name, o.reference_id FROM reached r JOIN pipeline_objects o ON o.pipeline_id = r.id
           WHERE o.reference_type = 'pipeline' AND r.id <> :resource_id)
            SELECT json_array(name) FROM reached WHERE id = :resource_id LIMIT 1)")
    };
}
pub(crate) use circle;

/// Whether none of the faults is there.
macro_rules! holds_together {
    () => {
        concat!(
            $crate::store::pipeline_checks::unknown_reference!(),
            " IS NULL AND ",
            $crate::store::pipeline_checks::unknown_object!(),
            " IS NULL AND ",
            $crate::store::pipeline_checks::unknown_field!(),
            " IS NULL AND ",
            $crate::store::pipeline_checks::unmapped_field!(),
            " IS NULL AND ",
            $crate::store::pipeline_checks::circle!(),
            " IS NULL"
        )
    };
}
pub(crate) use holds_together;

/// The faults, as the columns of a [`Faults`]; looked for only where the permit was not given.
macro_rules! faults {
    () => {
        concat!(
            "CASE WHEN NOT ",
            $crate::store::audit::permitted!(),
            " THEN ",
            $crate::store::pipeline_checks::unknown_reference!(),
            " END AS unknown_reference, CASE WHEN NOT ",
            $crate::store::audit::permitted!(),
            " THEN ",
            $crate::store::pipeline_checks::unknown_object!(),
            " END AS unknown_object, CASE WHEN NOT ",
            $crate::store::audit::permitted!(),
            " THEN ",
            $crate::store::pipeline_checks::unknown_field!(),
            " END AS unknown_field, CASE WHEN NOT ",
            $crate::store::audit::permitted!(),
            " THEN ",
            $crate::store::pipeline_checks::unmapped_field!(),
            " END AS unmapped_field, CASE WHEN NOT ",
            $crate::store::audit::permitted!(),
            " THEN ",
            $crate::store::pipeline_checks::circle!(),
            " END AS circle"
        )
    };
}
pub(crate) use faults;

/// The first mapping that a change of the fields of `:object_id`, a deployment or a pipeline, would leave without its
/// field: `[property, pipeline, version, object, field]`. `:input_fields` and `:output_fields` are the new ones; a type that
/// is given, `:input_type` or `:output_type`, replaces the fields of its side, by none if none are given.
macro_rules! lost_field {
    () => {
        "CASE WHEN coalesce(:input_fields, :input_type, :output_fields, :output_type) IS NOT NULL THEN (
           WITH side (property, fields) AS (
             SELECT 'input_fields', coalesce(:input_fields, '[]') WHERE coalesce(:input_fields, :input_type) IS NOT NULL
             UNION ALL
             SELECT 'output_fields', coalesce(:output_fields, '[]')
             WHERE coalesce(:output_fields, :output_type) IS NOT NULL),
           kept (property, name) AS (
             SELECT side.property, field.value ->> 'name' FROM side, json_each(side.fields) field),
           place (pipeline, version, attachments, name, takes, gives) AS (
             SELECT l.name, w.version, w.attachments, o.name, 'input_fields', 'output_fields'
             FROM pipeline_objects o JOIN pipeline_versions w ON w.id = o.pipeline_version_id
             JOIN pipelines l ON l.id = w.pipeline_id
             WHERE o.reference_id = :object_id
             UNION ALL
             SELECT l.name, w.version, w.attachments, 'pipeline_start', NULL, 'input_fields'
             FROM pipelines l JOIN pipeline_versions w ON w.pipeline_id = l.id WHERE l.id = :object_id
             UNION ALL
             SELECT l.name, w.version, w.attachments, 'pipeline_end', 'output_fields', NULL
             FROM pipelines l JOIN pipeline_versions w ON w.pipeline_id = l.id WHERE l.id = :object_id),
           pair (pipeline, version, name, property, field) AS (
             SELECT place.pipeline, place.version, place.name, place.takes, mapped.value ->> 'destination_field_name'
             FROM place, json_each(place.attachments) attachment, json_each(attachment.value -> 'sources') taken,
                  json_each(taken.value -> 'mapping') mapped
             WHERE attachment.value ->> 'destination_name' = place.name
             UNION ALL
             SELECT place.pipeline, place.version, place.name, place.gives, mapped.value ->> 'source_field_name'
             FROM place, json_each(place.attachments) attachment, json_each(attachment.value -> 'sources') taken,
                  json_each(taken.value -> 'mapping') mapped
             WHERE taken.value ->> 'source_name' = place.name)
           SELECT json_array(property, pipeline, version, name, field) FROM pair
           WHERE property IN (SELECT property FROM side)
             AND (property, field) NOT IN (SELECT property, name FROM kept) LIMIT 1)
         END"
    };
}
pub(crate) use lost_field;

row! {
    /// What keeps a deployment or a pipeline from having other fields.
    #[derive(Debug, Default)]
    pub struct LostField {
        lost_field: JsonText,
    }
}

impl LostField {
    /// The 400 of it.
    #[must_use]
    pub fn refusal(&self) -> Error {
        let fault: Result<[String; 5], Error> = self.lost_field.parse();
        let [property, pipeline, version, name, field] = match fault {
            Ok(fault) => fault,
            Err(error) => return error,
        };
        Error::invalid(format!(
            "{property}: version {} of the pipeline {} maps the field {} of {}; change its attachments first",
            quoted(&version),
            quoted(&pipeline),
            quoted(&field),
            quoted(&name)
        ))
    }
}

row! {
    /// What keeps a pipeline version from holding together.
    #[derive(Debug, Default)]
    pub struct Faults {
        unknown_reference: Option<JsonText>,
        unknown_object: Option<JsonText>,
        unknown_field: Option<JsonText>,
        unmapped_field: Option<JsonText>,
        circle: Option<JsonText>,
    }
}

impl Faults {
    /// The 400 of the first fault.
    ///
    /// # Errors
    /// An inconsistency: a fault that our own statement has not formed.
    pub fn refusal(&self) -> Result<Option<Error>, Error> {
        if let Some(fault) = &self.unknown_reference {
            let (name, kind, reference, version): (String, String, String, Option<String>) =
                fault.parse()?;
            let version = version.map_or_else(String::new, |version| {
                format!(" with a version {}", quoted(&version))
            });
            return Ok(Some(Error::invalid(format!(
                "objects: {} refers to the {kind} {}{version}, which does not exist in this project",
                quoted(&name),
                quoted(&reference)
            ))));
        }
        if let Some(fault) = &self.circle {
            let (name,): (String,) = fault.parse()?;
            return Ok(Some(Error::invalid(format!(
                "objects: {} refers to a pipeline that is, or uses, this one; no pipeline can contain itself",
                quoted(&name)
            ))));
        }
        if let Some(fault) = &self.unknown_object {
            let (name,): (String,) = fault.parse()?;
            return Ok(Some(Error::invalid(format!(
                "attachments: there is no object {}; a name is that of an object, {START} or {END}",
                quoted(&name)
            ))));
        }
        if let Some(fault) = &self.unknown_field {
            let (name, field, side): (String, String, String) = fault.parse()?;
            return Ok(Some(Error::invalid(format!(
                "attachments: {} {side} no field {}",
                quoted(&name),
                quoted(&field)
            ))));
        }
        if let Some(fault) = &self.unmapped_field {
            let (name, field): (String, String) = fault.parse()?;
            return Ok(Some(Error::invalid(format!(
                "attachments: nothing is mapped to the field {} of {}",
                quoted(&field),
                quoted(&name)
            ))));
        }
        Ok(None)
    }
}
