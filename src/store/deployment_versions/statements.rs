//! The SQL of versions of deployments: each rule once, and the statements that go by them.

use crate::store::audit::{caller_may_on_object, permit, permitted};
use crate::store::sql::statements;
use crate::store::subscriptions::{plan_allows, subscription_runs};

macro_rules! select_version {
    () => {
        "SELECT v.id, d.name AS deployment, v.version, v.is_default, v.description, v.labels, v.settings,
                v.creation_date, v.last_updated
         FROM deployment_versions v JOIN deployments d ON d.id = v.deployment_id "
    };
}

/// The id of the version that the path names.
macro_rules! version_in_path {
    () => {
        "(SELECT id FROM deployment_versions WHERE deployment_id = :resource_id AND version = :version)"
    };
}

/// The id of the version that this batch has changed, as its permit has noted it: a rename does not lose it.
macro_rules! permitted_version {
    () => {
        "(SELECT object_id FROM audit WHERE id = :audit_id)"
    };
}

macro_rules! deployment_exists {
    () => {
        "EXISTS (SELECT 1 FROM deployments WHERE id = :resource_id)"
    };
}

macro_rules! name_is_free {
    () => {
        "(:new_version = :version OR NOT EXISTS (
            SELECT 1 FROM deployment_versions WHERE deployment_id = :resource_id AND version = :new_version))"
    };
}

macro_rules! plan_allows_version {
    () => {
        plan_allows!("max_deployment_versions", "deployment_versions")
    };
}

/// With the change, the least number of instances is not above the most.
macro_rules! instances_fit {
    () => {
        "(SELECT coalesce(json_extract(settings, '$.minimum_instances'), 0)
                 <= coalesce(json_extract(settings, '$.maximum_instances'), #maximum_instances)
          FROM (SELECT json_patch(coalesce((SELECT settings FROM deployment_versions
                                            WHERE deployment_id = :resource_id AND version = :version), '{}'),
                                  :settings) AS settings))"
    };
}

/// No pipeline version refers to it by name (UbiOps' documents of `deployment_versions_delete`).
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
                             'settings', json(settings))
          FROM deployment_versions WHERE deployment_id = :resource_id AND version = :version)"
    };
}

statements! {
    /// The versions of a deployment, by name.
    LIST = concat!(select_version!(), "WHERE v.deployment_id = :resource_id ORDER BY v.version");
    /// One version of a deployment.
    GET = concat!(select_version!(), "WHERE v.deployment_id = :resource_id AND v.version = :version");
    /// The version that this batch has made or changed.
    GET_CHANGED = concat!(select_version!(), "WHERE v.id = ", permitted_version!());
    /// The name of a version, or of the default one where none is named.
    NAME = "SELECT version FROM deployment_versions
            WHERE deployment_id = :resource_id AND version = :version AND :version IS NOT NULL
            UNION ALL
            SELECT version FROM deployment_versions WHERE deployment_id = :resource_id AND is_default = 1 AND :version IS NULL";
    /// The permit for a new version.
    PERMIT_CREATE = permit!(":object_id", "NULL", concat!(
        deployment_exists!(), " AND ", caller_may_on_object!(), " AND ", version_in_path!(), " IS NULL AND ",
        instances_fit!(), " AND ", subscription_runs!(), " AND ", plan_allows_version!()));
    /// The version itself; the default one, if there is none.
    INSERT = concat!(
        "INSERT INTO deployment_versions (id, organization_id, project_id, deployment_id, version, is_default,
                                          description, labels, settings, creation_date, last_updated)
         SELECT :object_id, :organization_id, :project_id, :resource_id, :version,
                NOT EXISTS (SELECT 1 FROM deployment_versions WHERE deployment_id = :resource_id AND is_default = 1),
                :description, :labels, :settings, #now, #now
         WHERE ", permitted!());
    /// Why there is none, where there is none.
    AFTER_CREATE = concat!(
        "SELECT ", permitted!(), " AS done, ", deployment_exists!(), " AS found, ", caller_may_on_object!(),
        " AS may, ", version_in_path!(), " IS NULL AS name_is_free, ", instances_fit!(), " AS instances_fit, ",
        subscription_runs!(), " AS subscription_runs, ", plan_allows_version!(), " AS plan_allows");
    /// The permit to change a version.
    PERMIT_UPDATE = permit!(version_in_path!(), version_before!(), concat!(
        version_in_path!(), " IS NOT NULL AND ", caller_may_on_object!(), " AND ", name_is_free!(), " AND ",
        instances_fit!()));
    /// The change.
    UPDATE = concat!(
        "UPDATE deployment_versions SET
           version = :new_version,
           description = coalesce(:description, description),
           labels = coalesce(:labels, labels),
           settings = json_patch(settings, :settings),
           last_updated = #now
         WHERE id = ", permitted_version!(), " AND ", permitted!());
    /// Whether it was changed, or why not.
    AFTER_UPDATE = concat!(
        "SELECT ", permitted!(), " AS done, ", version_in_path!(), " IS NOT NULL AS found, ",
        caller_may_on_object!(), " AS may, ", name_is_free!(), " AS name_is_free, ", instances_fit!(),
        " AS instances_fit, 1 AS subscription_runs, 1 AS plan_allows");
    /// The permit to delete a version.
    PERMIT_DELETE = permit!(version_in_path!(), version_before!(), concat!(
        version_in_path!(), " IS NOT NULL AND ", caller_may_on_object!(), " AND ", is_unused!()));
    /// The version.
    DELETE = concat!("DELETE FROM deployment_versions WHERE id = ", permitted_version!(), " AND ", permitted!());
    /// Whether it is gone, or why not.
    AFTER_DELETE = concat!(
        "SELECT ", permitted!(), " AS done, ", version_in_path!(), " IS NOT NULL AS found, ",
        caller_may_on_object!(), " AS may, ", is_unused!(), " AS is_unused");
}
