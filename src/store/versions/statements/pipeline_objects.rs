//! The SQL of the objects in versions of pipelines.
//!
//! An object has a row of its own and refers to its deployment or pipeline by id, so a rename keeps it and a deletion
//! can ask who uses what goes.

use crate::sql::statements;
use crate::store::audit::permitted;

macro_rules! select_objects {
    () => {
        "SELECT o.id, o.name, o.reference_type, coalesce(d.name, l.name, o.operator) AS reference_name,
                coalesce(dv.version, lv.version) AS version,
                coalesce(d.input_type, l.input_type) AS input_type,
                coalesce(d.output_type, l.output_type) AS output_type,
                coalesce(d.input_fields, l.input_fields) AS input_fields,
                coalesce(d.output_fields, l.output_fields) AS output_fields, o.configuration, o.metadata
         FROM pipeline_objects o
         LEFT JOIN deployments d ON d.id = o.reference_id AND o.reference_type = 'deployment'
         LEFT JOIN pipelines l ON l.id = o.reference_id AND o.reference_type = 'pipeline'
         LEFT JOIN deployment_versions dv ON dv.id = o.reference_version_id AND o.reference_type = 'deployment'
         LEFT JOIN pipeline_versions lv ON lv.id = o.reference_version_id AND o.reference_type = 'pipeline' "
    };
}

statements! {
    /// The objects of the version that the path names.
    LIST_IN_PATH = concat!(
        select_objects!(), "WHERE o.pipeline_version_id = ", version_in_path!("pipeline"), " ORDER BY o.position");
    /// The objects of the version that this batch has made or changed.
    LIST_CHANGED = concat!(
        select_objects!(), "WHERE o.pipeline_version_id = ", permitted_version!(), " ORDER BY o.position");
    /// Those of `:objects`, for the version that this batch makes or changes.
    INSERT_CHANGED = concat!(
        "INSERT INTO pipeline_objects (id, organization_id, pipeline_id, pipeline_version_id, position, name,
                                       reference_type, reference_id, reference_version_id, operator,
                                       configuration, metadata)
         SELECT j.value ->> 'id', :organization_id, :resource_id, ", permitted_version!(), ", j.key,
                j.value ->> 'name', j.value ->> 'reference_type', coalesce(d.id, l.id), coalesce(dv.id, lv.id),
                CASE j.value ->> 'reference_type' WHEN 'operator' THEN j.value ->> 'reference_name' END,
                j.value -> 'configuration', j.value -> 'metadata'
         FROM json_each(:objects) j
         LEFT JOIN deployments d ON j.value ->> 'reference_type' = 'deployment'
              AND d.project_id = :project_id AND d.name = j.value ->> 'reference_name'
         LEFT JOIN pipelines l ON j.value ->> 'reference_type' = 'pipeline'
              AND l.project_id = :project_id AND l.name = j.value ->> 'reference_name'
         LEFT JOIN deployment_versions dv ON dv.deployment_id = d.id AND dv.version = j.value ->> 'version'
         LEFT JOIN pipeline_versions lv ON lv.pipeline_id = l.id AND lv.version = j.value ->> 'version'
         WHERE #sets_objects = 1 AND ", permitted!());
    /// The objects that are replaced.
    DELETE_CHANGED = concat!(
        "DELETE FROM pipeline_objects WHERE #sets_objects = 1 AND pipeline_version_id = ", permitted_version!(),
        " AND ", permitted!());
}
