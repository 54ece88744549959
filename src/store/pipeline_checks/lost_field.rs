//! Whether a change of the fields of a deployment or a pipeline takes away what a pipeline version maps: the condition
//! that stands in its permit.

use crate::domain::quoted;
use crate::error::Error;
use crate::store::rows::{JsonText, row};

/// The first mapping that a change of the fields of `:object_id`, a deployment or a pipeline, would leave without its
/// field: `[property, field, [pipeline, version, object]]`, in a pipeline that the caller may see, if there is one, else with
/// null for where it is. `:input_fields` and `:output_fields` are the new ones; a type that is given, `:input_type` or `:output_type`, replaces the fields of its
/// side, by none if none are given.
///
/// Only fields that go are looked up among the mappings: at most two hundred, however many versions map others.
macro_rules! lost_field {
    () => {
        concat!("CASE WHEN coalesce(:input_fields, :input_type, :output_fields, :output_type) IS NOT NULL THEN (
           WITH lost (side, field) AS (
             SELECT 'input_fields', f.value ->> 'name' FROM object_fields o, json_each(o.input_fields) f
             WHERE o.object_id = :object_id AND coalesce(:input_fields, :input_type) IS NOT NULL
             UNION ALL
             SELECT 'output_fields', f.value ->> 'name' FROM object_fields o, json_each(o.output_fields) f
             WHERE o.object_id = :object_id AND coalesce(:output_fields, :output_type) IS NOT NULL
             EXCEPT
             SELECT 'input_fields', value ->> 'name' FROM json_each(:input_fields)
             EXCEPT
             SELECT 'output_fields', value ->> 'name' FROM json_each(:output_fields)),
           mapped (side, field, pipeline_version_id, object_name) AS NOT MATERIALIZED (
             SELECT m.side, m.field, m.pipeline_version_id, m.object_name
             FROM lost CROSS JOIN pipeline_mappings m
               ON m.reference_id = :object_id AND m.side = lost.side AND m.field = lost.field)
           SELECT coalesce((
             SELECT json_array(m.side, m.field, l.name, w.version, m.object_name)
             FROM mapped m CROSS JOIN pipeline_versions w ON w.id = m.pipeline_version_id
             CROSS JOIN pipelines l ON l.id = w.pipeline_id
             WHERE ",
            $crate::store::pipeline_checks::caller_may_get!("'pipelines.get'", "w.pipeline_id"), " LIMIT 1),
             (SELECT json_array(side, field) FROM mapped LIMIT 1)))
         END")
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
        let fault: Result<Vec<String>, Error> = self.lost_field.parse();
        Error::invalid(match fault.as_deref() {
            Ok([property, field, pipeline, version, name]) => format!(
                "{property}: version {} of the pipeline {} maps the field {} of {}; change its attachments first",
                quoted(version),
                quoted(pipeline),
                quoted(field),
                quoted(name)
            ),
            Ok([property, field]) => format!(
                "{property}: a pipeline that you may not see maps the field {}; its attachments must change first",
                quoted(field)
            ),
            _ => return Error::inconsistent("lost_field: neither what is lost nor where"),
        })
    }
}
