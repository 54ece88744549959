//! The SQL of the objects in versions of pipelines.
//!
//! An object has a row of its own and refers to its deployment or pipeline by id, so a rename keeps it and a deletion
//! can ask who uses what goes.

use crate::store::audit::permitted;
use crate::store::pipeline_checks::caller_may_get;
use crate::store::texts::statements;

/// The objects of a version in their order. `seen` is the id of what one refers to, where the reader may `.get` that; else
/// nothing of it is read (contract section 2).
macro_rules! select_objects {
    ($version:expr) => {
        concat!(
            "SELECT item.id, item.name, item.reference_type, item.seen, coalesce(d.name, l.name, item.operator) AS reference_name,
                    coalesce(dv.version, lv.version) AS version,
                    coalesce(d.input_type, l.input_type) AS input_type,
                    coalesce(d.output_type, l.output_type) AS output_type, item.configuration, item.metadata
             FROM (SELECT *, ", seen!(), " AS seen FROM pipeline_objects o
                   WHERE o.pipeline_version_id = ", $version, " ORDER BY o.position LIMIT 100) item
             LEFT JOIN deployments d ON d.id = item.seen
             LEFT JOIN pipelines l ON l.id = item.seen
             LEFT JOIN deployment_versions dv ON dv.id = item.reference_version_id AND d.id IS NOT NULL
             LEFT JOIN pipeline_versions lv ON lv.id = item.reference_version_id AND l.id IS NOT NULL
             ORDER BY item.position"
        )
    };
}

/// What `pipeline_objects o` refers to, if the caller may see that.
macro_rules! seen {
    () => {
        concat!(
            "iif(",
            caller_may_get!("o.reference_type || 's.get'", "o.reference_id"),
            ", o.reference_id, NULL)"
        )
    };
}

/// The fields of what the objects of a version refer to, each once, however many objects refer to it.
macro_rules! select_fields {
    ($version:expr) => {
        concat!(
            "SELECT object_id, input_fields, output_fields FROM object_fields WHERE object_id IN (
               SELECT ",
            seen!(),
            " FROM pipeline_objects o WHERE o.pipeline_version_id = ",
            $version,
            ")"
        )
    };
}

statements! {
    /// The objects of the version that the path names.
    LIST_IN_PATH = select_objects!(version_in_path!("pipeline"));
    /// The objects of the version that this batch has made or changed.
    LIST_CHANGED = select_objects!(answered_version!("pipeline"));
    /// The fields of what the objects of the version in the path refer to.
    FIELDS_IN_PATH = select_fields!(version_in_path!("pipeline"));
    /// The fields of what the objects of the version that this batch has made or changed refer to.
    FIELDS_CHANGED = select_fields!(answered_version!("pipeline"));
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
    /// Which fields the attachments map, each once.
    INSERT_MAPPINGS = concat!(
        "INSERT INTO pipeline_mappings (reference_id, side, field, pipeline_version_id, organization_id, object_name)
         WITH pair (destination, source, takes, gives) AS MATERIALIZED (
           SELECT attachment.value ->> 'destination_name', taken.value ->> 'source_name',
                  pair.value ->> 'destination_field_name', pair.value ->> 'source_field_name'
           FROM pipeline_versions w, json_each(w.attachments) attachment, json_each(attachment.value -> 'sources') taken,
                json_each(taken.value -> 'mapping') pair
           WHERE w.id = ", permitted_version!(), " AND (#sets_objects = 1 OR #sets_attachments = 1)),
         mapped (name, side, field) AS (
           SELECT destination, iif(destination = 'pipeline_end', 'output_fields', 'input_fields'), takes FROM pair
           UNION
           SELECT source, iif(source = 'pipeline_start', 'input_fields', 'output_fields'), gives FROM pair)
         SELECT coalesce(o.reference_id, :resource_id), mapped.side, mapped.field, ", permitted_version!(), ",
                :organization_id, min(mapped.name)
         FROM mapped
         LEFT JOIN pipeline_objects o ON o.pipeline_version_id = ", permitted_version!(), " AND o.name = mapped.name
         WHERE (o.reference_id IS NOT NULL OR mapped.name IN ('pipeline_start', 'pipeline_end')) AND ", permitted!(), "
         GROUP BY 1, 2, 3");
    /// The mappings that are replaced.
    DELETE_MAPPINGS = concat!(
        "DELETE FROM pipeline_mappings WHERE (#sets_objects = 1 OR #sets_attachments = 1)
         AND pipeline_version_id = ", permitted_version!(), " AND ", permitted!());
}
