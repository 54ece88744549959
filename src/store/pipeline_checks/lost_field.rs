//! Whether a change of the fields of a deployment or a pipeline takes away what a pipeline version maps: the condition
//! that stands in its permit.

use crate::domain::quoted;
use crate::http::error::Error;
use crate::store::rows::{JsonText, row};

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
