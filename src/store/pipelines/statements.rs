//! The SQL of pipelines: each rule once, and the statements that go by them.

use crate::store::audit::{caller_may, caller_may_on_object, permit, permitted};
use crate::store::sql::statements;
use crate::store::subscriptions::{plan_allows, subscription_runs};

macro_rules! select_pipeline {
    () => {
        "SELECT l.id, l.name, l.description, l.input_type, l.output_type, l.input_fields, l.output_fields,
                l.labels, l.creation_date, l.last_updated, v.version AS default_version
         FROM pipelines l LEFT JOIN pipeline_versions v ON v.pipeline_id = l.id AND v.is_default = 1 "
    };
}

macro_rules! pipeline_exists {
    () => {
        "EXISTS (SELECT 1 FROM pipelines WHERE id = :object_id)"
    };
}

macro_rules! name_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM pipelines WHERE project_id = :project_id AND name = :name AND id <> :object_id)"
    };
}

macro_rules! plan_allows_pipeline {
    () => {
        plan_allows!("max_pipelines", "pipelines")
    };
}

/// A plain side has no fields. A type that is given replaces the fields of its side.
macro_rules! input_fits {
    () => {
        "(coalesce(:input_fields, '[]') = '[]' OR :input_type = 'structured'
          OR (:input_type IS NULL
              AND EXISTS (SELECT 1 FROM pipelines WHERE id = :object_id AND input_type = 'structured')))"
    };
}

macro_rules! output_fits {
    () => {
        "(coalesce(:output_fields, '[]') = '[]' OR :output_type = 'structured'
          OR (:output_type IS NULL
              AND EXISTS (SELECT 1 FROM pipelines WHERE id = :object_id AND output_type = 'structured')))"
    };
}

macro_rules! default_exists {
    () => {
        "(:default_version IS NULL OR EXISTS (SELECT 1 FROM pipeline_versions
                                              WHERE pipeline_id = :object_id AND version = :default_version))"
    };
}

/// No version of another pipeline refers to it, so none can be left with a hole.
macro_rules! is_unused {
    () => {
        "NOT EXISTS (SELECT 1 FROM pipeline_objects WHERE reference_id = :object_id)"
    };
}

macro_rules! pipeline_before {
    () => {
        "(SELECT json_object('name', name, 'description', description, 'input_type', input_type,
                             'output_type', output_type, 'input_fields', json(input_fields),
                             'output_fields', json(output_fields), 'labels', json(labels))
          FROM pipelines WHERE id = :object_id)"
    };
}

statements! {
    /// The pipelines of a project, by name.
    LIST = concat!(select_pipeline!(), "WHERE l.project_id = :project_id ORDER BY l.name");
    /// One pipeline.
    GET = concat!(select_pipeline!(), "WHERE l.id = :object_id");
    /// The permit for a new pipeline.
    PERMIT_CREATE = permit!(":object_id", "NULL", concat!(
        "EXISTS (SELECT 1 FROM projects WHERE id = :project_id) AND ", caller_may!(), " AND ", name_is_free!(),
        " AND ", subscription_runs!(), " AND ", plan_allows_pipeline!()));
    /// The pipeline itself.
    INSERT = concat!(
        "INSERT INTO pipelines (id, organization_id, project_id, name, description, input_type, output_type,
                                  input_fields, output_fields, labels, creation_date,
                                  last_updated)
         SELECT :object_id, :organization_id, :project_id, :name, :description, :input_type, :output_type,
                :input_fields, :output_fields, :labels, #now, #now
         WHERE ", permitted!());
    /// Why there is none, where there is none.
    AFTER_CREATE = concat!(
        "SELECT ", permitted!(), " AS done, EXISTS (SELECT 1 FROM projects WHERE id = :project_id) AS found, ",
        caller_may!(), " AS may, ", name_is_free!(), " AS name_is_free, ", subscription_runs!(), " AS subscription_runs, ", plan_allows_pipeline!(),
        " AS plan_allows");
    /// The permit to change a pipeline.
    PERMIT_UPDATE = permit!(":object_id", pipeline_before!(), concat!(
        pipeline_exists!(), " AND ", caller_may_on_object!(), " AND ", name_is_free!(), " AND ", input_fits!(),
        " AND ", output_fits!(), " AND ", default_exists!()));
    /// The change.
    UPDATE = concat!(
        "UPDATE pipelines SET
           name = :name,
           description = coalesce(:description, description),
           labels = coalesce(:labels, labels),
           input_type = coalesce(:input_type, input_type),
           output_type = coalesce(:output_type, output_type),
           input_fields = coalesce(:input_fields, iif(:input_type IS NULL, input_fields, '[]')),
           output_fields = coalesce(:output_fields, iif(:output_type IS NULL, output_fields, '[]')),
           last_updated = #now
         WHERE id = :object_id AND ", permitted!());
    /// The default version that is replaced.
    CLEAR_DEFAULT = concat!(
        "UPDATE pipeline_versions SET is_default = 0
         WHERE pipeline_id = :object_id AND is_default = 1 AND #sets_default_version = 1 AND ", permitted!());
    /// The new default version.
    SET_DEFAULT = concat!(
        "UPDATE pipeline_versions SET is_default = 1
         WHERE pipeline_id = :object_id AND version = :default_version AND ", permitted!());
    /// Whether it was changed, or why not.
    AFTER_UPDATE = concat!(
        "SELECT ", permitted!(), " AS done, ", pipeline_exists!(), " AS found, ", caller_may_on_object!(),
        " AS may, ", name_is_free!(), " AS name_is_free, ", input_fits!(), " AS input_fits, ", output_fits!(),
        " AS output_fits, ", default_exists!(), " AS default_exists");
    /// The permit to delete a pipeline.
    PERMIT_DELETE = permit!(":object_id", pipeline_before!(), concat!(
        pipeline_exists!(), " AND ", caller_may_on_object!(), " AND ", is_unused!()));
    /// The pipeline, and with it its versions and the role assignments on it.
    DELETE = concat!("DELETE FROM pipelines WHERE id = :object_id AND ", permitted!());
    /// Whether it is gone, or why not.
    AFTER_DELETE = concat!(
        "SELECT ", permitted!(), " AS done, ", pipeline_exists!(), " AS found, ", caller_may_on_object!(),
        " AS may, ", is_unused!(), " AS is_unused");
}
