//! The SQL of versions: each rule once, for the tables of either kind, and what only one kind has beside it.
//!
//! A kind's name makes those of its tables and columns, as in [`targets`](crate::store::targets::statements).

use crate::sql::Sql;
use crate::store::slices::Listing;

/// The statements of a kind; those of a write in the order of its batch.
///
/// What shows a version is one statement for a deployment's, and for a pipeline's three: the version, its objects, and the
/// fields of what these refer to.
pub struct Statements {
    /// The versions of a target, by name.
    pub list: Listing,
    /// Shows the version of the path.
    pub get: &'static [&'static Sql],
    /// The name of a version, or of the default one where none is named.
    pub name: &'static Sql,
    /// Makes one.
    pub create: &'static [&'static Sql],
    /// Changes one.
    pub update: &'static [&'static Sql],
    /// Shows the version that was made or changed before it in the batch.
    pub get_changed: &'static [&'static Sql],
    /// Deletes one.
    pub delete: &'static [&'static Sql],
}

/// Whether a version has an upstream, and the newest revision of that. Pipelines have none.
macro_rules! upstream_of {
    ("deployment") => {
        "EXISTS (SELECT 1 FROM upstreams WHERE version_id = v.id) AS has_upstream,
         coalesce((SELECT revision_id FROM upstreams WHERE version_id = v.id),
                  (SELECT max(id) FROM upstream_revisions WHERE version_id = v.id)) AS latest_revision, "
    };
    ("pipeline") => {
        ""
    };
}

macro_rules! select_version {
    ($kind:tt) => {
        concat!(
            "SELECT v.id, o.name AS object, v.version, v.is_default, v.description, v.labels, v.settings, ",
            upstream_of!($kind), "v.creation_date, v.last_updated
             FROM ", $kind, "_versions v JOIN ", $kind, "s o ON o.id = v.", $kind, "_id "
        )
    };
    ($kind:tt, with attachments) => {
        concat!(
            "SELECT v.id, o.name AS object, v.version, v.is_default, v.description, v.labels, v.settings, ",
            of_pipelines!($kind, "v.attachments, "), upstream_of!($kind), "v.creation_date, v.last_updated
             FROM ", $kind, "_versions v JOIN ", $kind, "s o ON o.id = v.", $kind, "_id "
        )
    };
}

/// Which versions a list has.
macro_rules! is_listed {
    ($kind:tt) => {
        concat!(
            "v.",
            $kind,
            "_id = :resource_id AND v.version > coalesce(:after, '') AND ",
            has_any_label!("v.labels")
        )
    };
}

macro_rules! list_fits {
    ($kind:tt) => {
        fits!(
            "octet_length(v.settings) + octet_length(v.labels)",
            concat!(
                "FROM ",
                $kind,
                "_versions v WHERE ",
                is_listed!($kind),
                " ORDER BY v.version LIMIT #limit"
            )
        )
    };
}

/// The version that the path names, as a condition on a table of versions.
macro_rules! is_in_path {
    ($kind:tt) => {
        concat!($kind, "_id = :resource_id AND version = :version")
    };
}

/// The id of the version that the path names.
macro_rules! version_in_path {
    ($kind:tt) => {
        concat!(
            "(SELECT id FROM ",
            $kind,
            "_versions WHERE ",
            is_in_path!($kind),
            ")"
        )
    };
}

/// The id of the version that this batch has changed, as its permit has noted it: a rename does not lose it.
macro_rules! permitted_version {
    () => {
        "(SELECT object_id FROM audit WHERE id = :audit_id)"
    };
}

/// The id of the version that a write answers: that one, or the one that was to be changed and is as it was.
macro_rules! answered_version {
    ($kind:tt) => {
        concat!(
            "coalesce(",
            permitted_version!(),
            ", ",
            version_in_path!($kind),
            ")"
        )
    };
}

macro_rules! target_exists {
    ($kind:tt) => {
        concat!(
            "EXISTS (SELECT 1 FROM ",
            $kind,
            "s WHERE id = :resource_id)"
        )
    };
}

macro_rules! name_is_free {
    ($kind:tt) => {
        concat!(
            "(:new_version = :version OR NOT EXISTS (
                SELECT 1 FROM ",
            $kind,
            "_versions WHERE ",
            $kind,
            "_id = :resource_id AND version = :new_version))"
        )
    };
}

macro_rules! plan_allows_version {
    ($kind:tt) => {
        plan_allows!(
            concat!("max_", $kind, "_versions"),
            concat!($kind, "_versions")
        )
    };
}

/// With the change, the least number of instances is not above the most. Pipelines have none.
macro_rules! instances_fit {
    ("deployment") => {
        "(SELECT coalesce(json_extract(settings, '$.minimum_instances'), 0)
                 <= coalesce(json_extract(settings, '$.maximum_instances'), #maximum_instances)
          FROM (SELECT json_patch(coalesce((SELECT settings FROM deployment_versions
                                            WHERE deployment_id = :resource_id AND version = :version), '{}'),
                                  :settings) AS settings))"
    };
    ("pipeline") => {
        "1"
    };
}

/// With the change, what is kept freely is no longer than it may be: of a deployment's version all settings together, of
/// a pipeline's its metadata.
macro_rules! kept_fits {
    ("deployment") => {
        "(:settings = '{}' OR octet_length(json_patch(coalesce((
             SELECT settings FROM deployment_versions WHERE deployment_id = :resource_id AND version = :version), '{}'),
             :settings)) <= #max_kept)"
    };
    ("pipeline") => {
        "(json_type(:settings, '$.metadata') IS NULL OR NOT EXISTS (
             SELECT 1 FROM pipeline_versions WHERE pipeline_id = :resource_id AND version = :version
               AND octet_length(json_patch(settings, :settings) -> '$.metadata') > #max_kept))"
    };
}

/// The objects and attachments of the change hold together. Deployments have none.
macro_rules! graph_holds {
    ("deployment") => {
        "1"
    };
    ("pipeline") => {
        concat!(
            "((#sets_objects = 0 AND #sets_attachments = 0) OR ",
            fault!(),
            " IS NULL)"
        )
    };
}

/// Why they do not, looked for only where the body names one.
macro_rules! graph_fault {
    ("deployment") => {
        "NULL"
    };
    ("pipeline") => {
        concat!(
            "iif(#sets_objects = 0 AND #sets_attachments = 0, NULL, ",
            fault!(),
            ")"
        )
    };
}

/// No version of a pipeline refers to it by name (UbiOps' documents of `deployment_versions_delete`).
macro_rules! is_unused {
    ($kind:tt) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM pipeline_objects WHERE reference_version_id = ",
            version_in_path!($kind),
            ")"
        )
    };
}

/// Whether the change comes to something (contract section 4: one that does not writes nothing). A setting that was never
/// given is its default in `:defaults`.
macro_rules! changes_something {
    ($kind:tt) => {
        concat!(
            "EXISTS (SELECT 1 FROM ", $kind, "_versions x WHERE ", is_in_path!($kind), " AND (
               version <> :new_version OR description <> coalesce(:description, description)
               OR labels <> coalesce(:labels, labels) OR EXISTS (
                    SELECT 1 FROM json_each(:settings) s
                    WHERE coalesce(x.settings -> s.key, :defaults -> s.key)
                          IS NOT coalesce(json_patch(x.settings, :settings) -> s.key, :defaults -> s.key))",
            graph_changes!($kind), "))"
        )
    };
}

/// Whether a version has other objects or attachments than the change names, whatever their ids. Deployments have none.
macro_rules! graph_changes {
    ("deployment") => {
        ""
    };
    ("pipeline") => {
        "
               OR (#sets_attachments = 1 AND (
                     SELECT json_group_array(json_remove(value, '$.id')) FROM json_each(x.attachments)) <> (
                     SELECT json_group_array(json_remove(value, '$.id')) FROM json_each(:attachments)))
               OR (#sets_objects = 1 AND (
                     SELECT json_group_array(json_array(
                              o.name, o.reference_type, coalesce(d.name, l.name, o.operator),
                              coalesce(dv.version, lv.version), json(o.configuration), json(o.metadata))
                              ORDER BY o.position)
                     FROM pipeline_objects o
                     LEFT JOIN deployments d ON d.id = o.reference_id LEFT JOIN pipelines l ON l.id = o.reference_id
                     LEFT JOIN deployment_versions dv ON dv.id = o.reference_version_id
                     LEFT JOIN pipeline_versions lv ON lv.id = o.reference_version_id
                     WHERE o.pipeline_version_id = x.id) <> (
                     SELECT json_group_array(json_array(
                              value ->> 'name', value ->> 'reference_type', value ->> 'reference_name',
                              value ->> 'version', value -> 'configuration', value -> 'metadata') ORDER BY key)
                     FROM json_each(:objects)))"
    };
}

macro_rules! version_before {
    ($kind:tt) => {
        concat!(
            "(SELECT json_object('version', version, 'description', description, 'labels', json(labels),
                                 'settings', json(settings)",
            of_pipelines!($kind, ", 'attachments', json(attachments)"), ")
              FROM ", $kind, "_versions WHERE ", is_in_path!($kind), ")"
        )
    };
}

// Behind the macros that it uses.
pub mod pipeline_objects;

macro_rules! statements_of_kind {
    ($kind:tt) => {
        statements! {
            /// The versions of a target, by name.
            LIST = concat!(
                select_version!($kind), "WHERE ", is_listed!($kind), " AND ", list_fits!($kind),
                " ORDER BY v.version LIMIT #limit");
            /// Whether there is one of the name behind which the list is to go on, and whether it fits an answer.
            KNOWS = concat!(
                "SELECT EXISTS (SELECT 1 FROM ", $kind, "_versions
                                WHERE ", $kind, "_id = :resource_id AND version = :after) AS known, ",
                list_fits!($kind), " AS fits");
            /// One version of a target.
            GET = concat!(
                select_version!($kind, with attachments), "WHERE v.", $kind, "_id = :resource_id AND v.version = :version");
            /// The version that this batch has made or changed, or that was to be changed and is as it was.
            GET_CHANGED = concat!(
                select_version!($kind, with attachments), "WHERE v.id = ", answered_version!($kind));
            /// The name of a version, or of the default one where none is named.
            NAME = concat!(
                "SELECT version FROM ", $kind, "_versions WHERE ", is_in_path!($kind), " AND :version IS NOT NULL
                 UNION ALL
                 SELECT version FROM ", $kind, "_versions
                 WHERE ", $kind, "_id = :resource_id AND is_default = 1 AND :version IS NULL");
            /// The permit for a new version.
            PERMIT_CREATE = permit!(":object_id", "NULL", rules! {
                found: target_exists!($kind),
                may: caller_may_on_target!(),
                name_is_free: concat!(version_in_path!($kind), " IS NULL"),
                instances_fit: instances_fit!($kind),
                kept_fits: kept_fits!($kind),
                subscription_runs: subscription_runs!(),
                plan_allows: plan_allows_version!($kind),
                graph_holds: graph_holds!($kind);
                fault: graph_fault!($kind),
            });
            /// The version itself; the default one, if there is none.
            INSERT = concat!(
                "INSERT INTO ", $kind, "_versions (id, organization_id, project_id, ", $kind, "_id, version, is_default,
                                                   description, labels, settings, ",
                of_pipelines!($kind, "attachments, "), "creation_date, last_updated)
                 SELECT :object_id, :organization_id, :project_id, :resource_id, :version,
                        NOT EXISTS (SELECT 1 FROM ", $kind, "_versions
                                    WHERE ", $kind, "_id = :resource_id AND is_default = 1),
                        :description, :labels, :settings, ",
                of_pipelines!($kind, ":attachments, "), "#now, #now
                 WHERE ", permitted!());
            /// The permit to change a version. Whether something changes stands before what is the dearest to say.
            PERMIT_UPDATE = permit!(version_in_path!($kind), version_before!($kind), rules! {
                found: concat!(version_in_path!($kind), " IS NOT NULL"),
                may: caller_may_on_target!(),
                name_is_free: name_is_free!($kind),
                instances_fit: instances_fit!($kind),
                kept_fits: kept_fits!($kind),
                changes: changes_something!($kind),
                graph_holds: graph_holds!($kind);
                fault: graph_fault!($kind),
            });
            /// The change.
            UPDATE = concat!(
                "UPDATE ", $kind, "_versions SET
                   version = :new_version,
                   description = coalesce(:description, description),
                   labels = coalesce(:labels, labels),
                   settings = json_patch(settings, :settings), ",
                of_pipelines!($kind, "attachments = iif(#sets_attachments = 1, :attachments, attachments), "),
                "last_updated = #now
                 WHERE id = ", permitted_version!(), " AND ", permitted!());
            /// The permit to delete a version.
            PERMIT_DELETE = permit!(version_in_path!($kind), version_before!($kind), rules! {
                found: concat!(version_in_path!($kind), " IS NOT NULL"),
                may: caller_may_on_target!(),
                is_unused: is_unused!($kind);
                used_in: used_in!(concat!("o.reference_version_id = ", version_in_path!($kind))),
            });
            /// The version.
            DELETE = concat!(
                "DELETE FROM ", $kind, "_versions WHERE id = ", permitted_version!(), " AND ", permitted!());
        }
    };
}

/// Those of deployments.
pub mod deployments {
    use super::Statements;
    use crate::sql::rules;
    use crate::store::audit::{permit, permitted};
    use crate::store::pipeline_checks::use_in_pipeline::used_in;
    use crate::store::rights::caller_may_on_target;
    use crate::store::slices::{Listing, fits, has_any_label};
    use crate::store::subscriptions::{plan_allows, subscription_runs};
    use crate::store::targets::statements::of_pipelines;
    use crate::store::texts::statements;

    statements_of_kind!("deployment");

    /// They all.
    pub static STATEMENTS: Statements = Statements {
        list: Listing::measured(&LIST, &KNOWS),
        get: &[&GET],
        name: &NAME,
        create: &[&PERMIT_CREATE, &INSERT],
        update: &[&PERMIT_UPDATE, &UPDATE],
        get_changed: &[&GET_CHANGED],
        delete: &[&PERMIT_DELETE, &DELETE],
    };
}

/// Those of pipelines.
pub mod pipelines {
    use super::Statements;
    use super::pipeline_objects::{
        DELETE_CHANGED, DELETE_MAPPINGS, FIELDS_CHANGED, FIELDS_IN_PATH, INSERT_CHANGED,
        INSERT_MAPPINGS, LIST_CHANGED, LIST_IN_PATH,
    };
    use crate::sql::rules;
    use crate::store::audit::{permit, permitted};
    use crate::store::pipeline_checks::fault;
    use crate::store::pipeline_checks::use_in_pipeline::used_in;
    use crate::store::rights::caller_may_on_target;
    use crate::store::slices::{Listing, fits, has_any_label};
    use crate::store::subscriptions::{plan_allows, subscription_runs};
    use crate::store::targets::statements::of_pipelines;
    use crate::store::texts::statements;

    statements_of_kind!("pipeline");

    /// They all.
    pub static STATEMENTS: Statements = Statements {
        list: Listing::measured(&LIST, &KNOWS),
        get: &[&GET, &LIST_IN_PATH, &FIELDS_IN_PATH],
        name: &NAME,
        create: &[&PERMIT_CREATE, &INSERT, &INSERT_CHANGED, &INSERT_MAPPINGS],
        update: &[
            &PERMIT_UPDATE,
            &UPDATE,
            &DELETE_CHANGED,
            &INSERT_CHANGED,
            &DELETE_MAPPINGS,
            &INSERT_MAPPINGS,
        ],
        get_changed: &[&GET_CHANGED, &LIST_CHANGED, &FIELDS_CHANGED],
        delete: &[&PERMIT_DELETE, &DELETE],
    };
}
