//! The SQL of deployments: each rule once, and the statements that go by them.

use crate::store::audit::{caller_may, caller_may_on_object, permit, permitted};
use crate::store::sql::statements;
use crate::store::subscriptions::{plan_allows, subscription_runs};

macro_rules! select_deployment {
    () => {
        "SELECT d.id, d.name, d.description, d.input_type, d.output_type, d.input_fields, d.output_fields,
                d.supports_request_format, d.labels, d.creation_date, d.last_updated, v.version AS default_version
         FROM deployments d LEFT JOIN deployment_versions v ON v.deployment_id = d.id AND v.is_default = 1 "
    };
}

macro_rules! deployment_exists {
    () => {
        "EXISTS (SELECT 1 FROM deployments WHERE id = :object_id)"
    };
}

macro_rules! name_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM deployments WHERE project_id = :project_id AND name = :name AND id <> :object_id)"
    };
}

macro_rules! plan_allows_deployment {
    () => {
        plan_allows!("max_deployments", "deployments")
    };
}

/// A plain side has no fields.
macro_rules! input_fits {
    () => {
        "(coalesce(:input_fields, '[]') = '[]'
          OR EXISTS (SELECT 1 FROM deployments WHERE id = :object_id AND input_type = 'structured'))"
    };
}

macro_rules! output_fits {
    () => {
        "(coalesce(:output_fields, '[]') = '[]'
          OR EXISTS (SELECT 1 FROM deployments WHERE id = :object_id AND output_type = 'structured'))"
    };
}

macro_rules! default_exists {
    () => {
        "(:default_version IS NULL OR EXISTS (SELECT 1 FROM deployment_versions
                                              WHERE deployment_id = :object_id AND version = :default_version))"
    };
}

/// No pipeline version refers to it (UbiOps' documents of `deployments_delete`).
macro_rules! is_unused {
    () => {
        "NOT EXISTS (SELECT 1 FROM pipeline_objects WHERE reference_id = :object_id)"
    };
}

macro_rules! deployment_before {
    () => {
        "(SELECT json_object('name', name, 'description', description, 'input_fields', json(input_fields),
                             'output_fields', json(output_fields), 'labels', json(labels))
          FROM deployments WHERE id = :object_id)"
    };
}

statements! {
    /// The deployments of a project, by name.
    LIST = concat!(select_deployment!(), "WHERE d.project_id = :project_id ORDER BY d.name");
    /// One deployment.
    GET = concat!(select_deployment!(), "WHERE d.id = :object_id");
    /// The permit for a new deployment.
    PERMIT_CREATE = permit!(":object_id", "NULL", concat!(
        "EXISTS (SELECT 1 FROM projects WHERE id = :project_id) AND ", caller_may!(), " AND ", name_is_free!(),
        " AND ", subscription_runs!(), " AND ", plan_allows_deployment!()));
    /// The deployment itself.
    INSERT = concat!(
        "INSERT INTO deployments (id, organization_id, project_id, name, description, input_type, output_type,
                                  input_fields, output_fields, supports_request_format, labels, creation_date,
                                  last_updated)
         SELECT :object_id, :organization_id, :project_id, :name, :description, :input_type, :output_type,
                :input_fields, :output_fields, #supports_request_format, :labels, #now, #now
         WHERE ", permitted!());
    /// Why there is none, where there is none.
    AFTER_CREATE = concat!(
        "SELECT ", permitted!(), " AS done, EXISTS (SELECT 1 FROM projects WHERE id = :project_id) AS found, ",
        caller_may!(), " AS may, ", name_is_free!(), " AS name_is_free, ", subscription_runs!(), " AS subscription_runs, ", plan_allows_deployment!(),
        " AS plan_allows");
    /// The permit to change a deployment.
    PERMIT_UPDATE = permit!(":object_id", deployment_before!(), concat!(
        deployment_exists!(), " AND ", caller_may_on_object!(), " AND ", name_is_free!(), " AND ", input_fits!(),
        " AND ", output_fits!(), " AND ", default_exists!()));
    /// The change.
    UPDATE = concat!(
        "UPDATE deployments SET
           name = :name,
           description = coalesce(:description, description),
           labels = coalesce(:labels, labels),
           input_fields = coalesce(:input_fields, input_fields),
           output_fields = coalesce(:output_fields, output_fields),
           last_updated = #now
         WHERE id = :object_id AND ", permitted!());
    /// The default version that is replaced.
    CLEAR_DEFAULT = concat!(
        "UPDATE deployment_versions SET is_default = 0
         WHERE deployment_id = :object_id AND is_default = 1 AND #sets_default_version = 1 AND ", permitted!());
    /// The new default version.
    SET_DEFAULT = concat!(
        "UPDATE deployment_versions SET is_default = 1
         WHERE deployment_id = :object_id AND version = :default_version AND ", permitted!());
    /// Whether it was changed, or why not.
    AFTER_UPDATE = concat!(
        "SELECT ", permitted!(), " AS done, ", deployment_exists!(), " AS found, ", caller_may_on_object!(),
        " AS may, ", name_is_free!(), " AS name_is_free, ", input_fits!(), " AS input_fits, ", output_fits!(),
        " AS output_fits, ", default_exists!(), " AS default_exists");
    /// The permit to delete a deployment.
    PERMIT_DELETE = permit!(":object_id", deployment_before!(), concat!(
        deployment_exists!(), " AND ", caller_may_on_object!(), " AND ", is_unused!()));
    /// The deployment, and with it its versions and the role assignments on it.
    DELETE = concat!("DELETE FROM deployments WHERE id = :object_id AND ", permitted!());
    /// Whether it is gone, or why not.
    AFTER_DELETE = concat!(
        "SELECT ", permitted!(), " AS done, ", deployment_exists!(), " AS found, ", caller_may_on_object!(),
        " AS may, ", is_unused!(), " AS is_unused");
}
