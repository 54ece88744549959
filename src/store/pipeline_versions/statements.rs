//! The SQL of versions of pipelines: each rule once, and the statements that go by them.

use crate::store::audit::{caller_may_on_object, permit, permitted};
use crate::store::pipeline_checks::{faults, holds_together};
use crate::store::sql::statements;
use crate::store::subscriptions::{plan_allows, subscription_runs};

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

/// The id of the version that the path names.
macro_rules! version_in_path {
    () => {
        "(SELECT id FROM pipeline_versions WHERE pipeline_id = :resource_id AND version = :version)"
    };
}

/// The id of the version that this batch has changed, as its permit has noted it: a rename does not lose it.
macro_rules! permitted_version {
    () => {
        "(SELECT object_id FROM audit WHERE id = :audit_id)"
    };
}

/// The rows of `:objects`, for the version that this batch makes or changes.
macro_rules! insert_objects {
    () => {
        concat!(
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
             WHERE #sets_objects = 1 AND ", permitted!())
    };
}

macro_rules! select_version {
    () => {
        "SELECT v.id, l.name AS pipeline, v.version, v.is_default, v.description, v.labels, v.settings, v.attachments,
                v.creation_date, v.last_updated
         FROM pipeline_versions v JOIN pipelines l ON l.id = v.pipeline_id "
    };
}

macro_rules! pipeline_exists {
    () => {
        "EXISTS (SELECT 1 FROM pipelines WHERE id = :resource_id)"
    };
}

macro_rules! name_is_free {
    () => {
        "(:new_version = :version OR NOT EXISTS (
            SELECT 1 FROM pipeline_versions WHERE pipeline_id = :resource_id AND version = :new_version))"
    };
}

macro_rules! plan_allows_version {
    () => {
        plan_allows!("max_pipeline_versions", "pipeline_versions")
    };
}

/// No version of another pipeline refers to it by name.
macro_rules! is_unused {
    () => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM pipeline_objects WHERE reference_version_id = ",
            version_in_path!(),
            ")"
        )
    };
}

macro_rules! version_before {
    () => {
        "(SELECT json_object('version', version, 'description', description, 'labels', json(labels),
                             'settings', json(settings), 'attachments', json(attachments))
          FROM pipeline_versions WHERE pipeline_id = :resource_id AND version = :version)"
    };
}

statements! {
    /// The versions of a pipeline, by name.
    LIST = concat!(select_version!(), "WHERE v.pipeline_id = :resource_id ORDER BY v.version");
    /// One version of a pipeline.
    GET = concat!(select_version!(), "WHERE v.pipeline_id = :resource_id AND v.version = :version");
    /// The version that this batch has made or changed.
    GET_CHANGED = concat!(select_version!(), "WHERE v.id = ", permitted_version!());
    /// The objects of the version that the path names.
    OBJECTS = concat!(select_objects!(), "WHERE o.pipeline_version_id = ", version_in_path!(), " ORDER BY o.position");
    /// The objects of the version that this batch has made or changed.
    OBJECTS_OF_CHANGED = concat!(
        select_objects!(), "WHERE o.pipeline_version_id = ", permitted_version!(), " ORDER BY o.position");
    /// The name of a version, or of the default one where none is named.
    NAME = "SELECT version FROM pipeline_versions
            WHERE pipeline_id = :resource_id AND version = :version AND :version IS NOT NULL
            UNION ALL
            SELECT version FROM pipeline_versions WHERE pipeline_id = :resource_id AND is_default = 1 AND :version IS NULL";
    /// The permit for a new version.
    PERMIT_CREATE = permit!(":object_id", "NULL", concat!(
        pipeline_exists!(), " AND ", caller_may_on_object!(), " AND ", version_in_path!(), " IS NULL AND ",
        subscription_runs!(), " AND ", plan_allows_version!(), " AND ", holds_together!()));
    /// The version itself; the default one, if there is none.
    INSERT = concat!(
        "INSERT INTO pipeline_versions (id, organization_id, project_id, pipeline_id, version, is_default,
                                          description, labels, settings, attachments, creation_date, last_updated)
         SELECT :object_id, :organization_id, :project_id, :resource_id, :version,
                NOT EXISTS (SELECT 1 FROM pipeline_versions WHERE pipeline_id = :resource_id AND is_default = 1),
                :description, :labels, :settings, :attachments, #now, #now
         WHERE ", permitted!());
    /// Its objects.
    INSERT_OBJECTS = insert_objects!();
    /// Why there is none, where there is none.
    AFTER_CREATE = concat!(
        "SELECT ", permitted!(), " AS done, ", pipeline_exists!(), " AS found, ", caller_may_on_object!(),
        " AS may, ", version_in_path!(), " IS NULL AS name_is_free, ", subscription_runs!(), " AS subscription_runs, ", plan_allows_version!(),
        " AS plan_allows, ", faults!());
    /// The permit to change a version.
    PERMIT_UPDATE = permit!(version_in_path!(), version_before!(), concat!(
        version_in_path!(), " IS NOT NULL AND ", caller_may_on_object!(), " AND ", name_is_free!(),
        " AND ((#sets_objects = 0 AND #sets_attachments = 0) OR (", holds_together!(), "))"));
    /// The change.
    UPDATE = concat!(
        "UPDATE pipeline_versions SET
           version = :new_version,
           description = coalesce(:description, description),
           labels = coalesce(:labels, labels),
           settings = json_patch(settings, :settings),
           attachments = iif(#sets_attachments = 1, :attachments, attachments),
           last_updated = #now
         WHERE id = ", permitted_version!(), " AND ", permitted!());
    /// The objects that are replaced.
    DELETE_OBJECTS = concat!(
        "DELETE FROM pipeline_objects WHERE #sets_objects = 1 AND pipeline_version_id = ", permitted_version!(),
        " AND ", permitted!());
    /// Whether it was changed, or why not.
    AFTER_UPDATE = concat!(
        "SELECT ", permitted!(), " AS done, ", version_in_path!(), " IS NOT NULL AS found, ",
        caller_may_on_object!(), " AS may, ", name_is_free!(), " AS name_is_free, 1 AS subscription_runs, 1 AS plan_allows, ", faults!());
    /// The permit to delete a version.
    PERMIT_DELETE = permit!(version_in_path!(), version_before!(), concat!(
        version_in_path!(), " IS NOT NULL AND ", caller_may_on_object!(), " AND ", is_unused!()));
    /// The version.
    DELETE = concat!("DELETE FROM pipeline_versions WHERE id = ", permitted_version!(), " AND ", permitted!());
    /// Whether it is gone, or why not.
    AFTER_DELETE = concat!(
        "SELECT ", permitted!(), " AS done, ", version_in_path!(), " IS NOT NULL AS found, ",
        caller_may_on_object!(), " AS may, ", is_unused!(), " AS is_unused");
}
