//! The SQL of deployments and pipelines: each rule once, for the table of either kind.
//!
//! A kind's name makes those of its tables and columns: `deployments`, `deployment_versions`, `deployment_id`.

use crate::sql::Sql;
use crate::store::slices::Listing;

/// The statements of a kind; those of a write in the order of its batch.
pub struct Statements {
    /// The objects of a project, by name.
    pub list: Listing,
    /// One target.
    pub get: &'static Sql,
    /// Makes one, and shows it as `get` does.
    pub create: [&'static Sql; 3],
    /// Changes one, and shows it likewise.
    pub update: [&'static Sql; 5],
    /// Deletes one.
    pub delete: [&'static Sql; 2],
}

/// A part of a text that only deployments have.
macro_rules! of_deployments {
    ("deployment", $text:literal) => {
        $text
    };
    ("pipeline", $text:literal) => {
        ""
    };
}

/// A part of a text that only pipelines have.
macro_rules! of_pipelines {
    ("deployment", $text:literal) => {
        ""
    };
    ("pipeline", $text:literal) => {
        $text
    };
}

pub(crate) use of_pipelines;

macro_rules! select_object {
    ($kind:tt) => {
        concat!(
            "SELECT o.id, o.name, o.description, o.input_type, o.output_type, o.input_fields, o.output_fields, ",
            of_deployments!($kind, "o.supports_request_format, "),
            "o.labels, o.creation_date, o.last_updated, v.version AS default_version
             FROM ", $kind, "s o LEFT JOIN ", $kind, "_versions v ON v.", $kind, "_id = o.id AND v.is_default = 1 "
        )
    };
}

/// Which objects a list has.
macro_rules! is_listed {
    () => {
        concat!(
            "o.project_id = :project_id AND o.name > coalesce(:after, '') AND ",
            has_any_label!("o.labels")
        )
    };
}

macro_rules! list_fits {
    ($kind:tt) => {
        fits!(
            "octet_length(o.input_fields) + octet_length(o.output_fields) + octet_length(o.labels)",
            concat!(
                "FROM ",
                $kind,
                "s o WHERE ",
                is_listed!(),
                " ORDER BY o.name LIMIT #limit"
            )
        )
    };
}

macro_rules! project_exists {
    () => {
        "EXISTS (SELECT 1 FROM projects WHERE id = :project_id)"
    };
}

macro_rules! target_exists {
    ($kind:tt) => {
        concat!("EXISTS (SELECT 1 FROM ", $kind, "s WHERE id = :object_id)")
    };
}

macro_rules! name_is_free {
    ($kind:tt) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM ",
            $kind,
            "s WHERE project_id = :project_id AND name = :name AND id <> :object_id)"
        )
    };
}

macro_rules! plan_allows_target {
    ($kind:tt) => {
        plan_allows!(concat!("max_", $kind, "s"), concat!($kind, "s"))
    };
}

/// A plain side has no fields: `side_fits!(kind, "input")`. A type that is given replaces the fields of its side.
macro_rules! side_fits {
    ($kind:tt, $side:literal) => {
        concat!(
            "(coalesce(:",
            $side,
            "_fields, '[]') = '[]' OR :",
            $side,
            "_type = 'structured'
              OR (:",
            $side,
            "_type IS NULL
                  AND EXISTS (SELECT 1 FROM ",
            $kind,
            "s WHERE id = :object_id AND ",
            $side,
            "_type = 'structured')))"
        )
    };
}

macro_rules! default_exists {
    ($kind:tt) => {
        concat!(
            "(:default_version IS NULL OR EXISTS (SELECT 1 FROM ",
            $kind,
            "_versions WHERE ",
            $kind,
            "_id = :object_id AND version = :default_version))"
        )
    };
}

/// No version of a pipeline refers to it (UbiOps' documents of `deployments_delete`), so none can be left with a hole.
macro_rules! is_unused {
    () => {
        "NOT EXISTS (SELECT 1 FROM pipeline_objects WHERE reference_id = :object_id)"
    };
}

/// Whether the change comes to something (contract section 4: one that does not writes nothing).
macro_rules! changes_something {
    ($kind:tt) => {
        concat!(
            "EXISTS (SELECT 1 FROM ", $kind, "s WHERE id = :object_id AND (
               name <> coalesce(:name, name) OR description <> coalesce(:description, description)
               OR labels <> coalesce(:labels, labels) OR input_type <> coalesce(:input_type, input_type)
               OR output_type <> coalesce(:output_type, output_type)
               OR input_fields <> coalesce(:input_fields, iif(:input_type IS NULL, input_fields, '[]'))
               OR output_fields <> coalesce(:output_fields, iif(:output_type IS NULL, output_fields, '[]'))
               OR (#sets_default_version = 1 AND :default_version IS NOT (
                     SELECT version FROM ", $kind, "_versions WHERE ", $kind, "_id = :object_id AND is_default = 1))))"
        )
    };
}

/// The state before a deletion, with what goes along: the role assignments on the target, a hundred by name, and how many
/// there are.
macro_rules! target_before_deletion {
    ($kind:tt) => {
        concat!(
            "json_set(", target_before!($kind), ", '$.role_assignments', json((
               SELECT json_group_array(json_object('id', id, 'role', role, 'assignee', assignee_id)) FROM (
                 SELECT a.id, r.name AS role, a.assignee_id FROM role_assignments a JOIN roles r ON r.id = a.role_id
                 WHERE a.resource_id = :object_id LIMIT 100))),
             '$.role_assignments_count', (SELECT count(*) FROM role_assignments WHERE resource_id = :object_id))"
        )
    };
}

macro_rules! target_before {
    ($kind:tt) => {
        concat!(
            "(SELECT json_object('name', name, 'description', description, ",
            of_pipelines!($kind, "'input_type', input_type, 'output_type', output_type, "),
            "'input_fields', json(input_fields), 'output_fields', json(output_fields), 'labels', json(labels))
              FROM ", $kind, "s WHERE id = :object_id)"
        )
    };
}

macro_rules! statements_of_kind {
    ($(#[$doc:meta])* $module:ident, $kind:tt) => {
        $(#[$doc])*
        pub mod $module {
            use super::Statements;
            use crate::sql::rules;
            use crate::store::audit::{permit, permitted};
            use crate::store::rights::{caller_may, caller_may_on_target};
            use crate::store::pipeline_checks::lost_field::lost_field;
            use crate::store::pipeline_checks::use_in_pipeline::used_in;
            use crate::store::texts::statements;
            use crate::store::slices::{Listing, fits, has_any_label};
            use crate::store::subscriptions::{plan_allows, subscription_runs};

            statements! {
                /// The objects of a project, by name.
                LIST = concat!(
                    select_object!($kind), "WHERE ", is_listed!(), " AND ", list_fits!($kind), " ORDER BY o.name LIMIT #limit");
                /// Whether there is one of the name behind which the list is to go on, and whether it fits an answer.
                KNOWS = concat!(
                    "SELECT EXISTS (SELECT 1 FROM ", $kind, "s WHERE project_id = :project_id AND name = :after) AS known, ",
                    list_fits!($kind), " AS fits");
                /// One target.
                GET = concat!(select_object!($kind), "WHERE o.id = :object_id");
                /// The permit for a new target.
                PERMIT_CREATE = permit!(":object_id", "NULL", rules! {
                    found: project_exists!(),
                    may: caller_may!(),
                    name_is_free: name_is_free!($kind),
                    subscription_runs: subscription_runs!(),
                    plan_allows: plan_allows_target!($kind),
                });
                /// The target itself.
                INSERT = concat!(
                    "INSERT INTO ", $kind, "s (id, organization_id, project_id, name, description, input_type, output_type,
                                               input_fields, output_fields, ",
                    of_deployments!($kind, "supports_request_format, "), "labels, creation_date, last_updated)
                     SELECT :object_id, :organization_id, :project_id, :name, :description, :input_type, :output_type,
                            :input_fields, :output_fields, ",
                    of_deployments!($kind, "#supports_request_format, "), ":labels, #now, #now
                     WHERE ", permitted!());
                /// The permit to change a target. Whether something changes stands before what is the dearest to say.
                PERMIT_UPDATE = permit!(":object_id", target_before!($kind), rules! {
                    found: target_exists!($kind),
                    may: caller_may_on_target!(),
                    name_is_free: name_is_free!($kind),
                    input_fits: side_fits!($kind, "input"),
                    output_fits: side_fits!($kind, "output"),
                    default_exists: default_exists!($kind),
                    changes: changes_something!($kind),
                    fields_stay: concat!(lost_field!(), " IS NULL");
                    lost_field: lost_field!(),
                });
                /// The change.
                UPDATE = concat!(
                    "UPDATE ", $kind, "s SET
                       name = coalesce(:name, name),
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
                    "UPDATE ", $kind, "_versions SET is_default = 0
                     WHERE ", $kind, "_id = :object_id AND is_default = 1 AND #sets_default_version = 1 AND ",
                    permitted!());
                /// The new default version.
                SET_DEFAULT = concat!(
                    "UPDATE ", $kind, "_versions SET is_default = 1
                     WHERE ", $kind, "_id = :object_id AND version = :default_version AND ", permitted!());
                /// The permit to delete a target.
                PERMIT_DELETE = permit!(":object_id", target_before_deletion!($kind), rules! {
                    found: target_exists!($kind),
                    may: caller_may_on_target!(),
                    is_unused: is_unused!();
                    used_in: used_in!("o.reference_id = :object_id"),
                });
                /// The target, and with it its versions and the role assignments on it.
                DELETE = concat!("DELETE FROM ", $kind, "s WHERE id = :object_id AND ", permitted!());
            }

            /// They all.
            pub static STATEMENTS: Statements = Statements {
                list: Listing::measured(&LIST, &KNOWS),
                get: &GET,
                create: [&PERMIT_CREATE, &INSERT, &GET],
                update: [&PERMIT_UPDATE, &UPDATE, &CLEAR_DEFAULT, &SET_DEFAULT, &GET],
                delete: [&PERMIT_DELETE, &DELETE],
            };
        }
    };
}

statements_of_kind!(
    /// Those of deployments.
    deployments,
    "deployment"
);
statements_of_kind!(
    /// Those of pipelines.
    pipelines,
    "pipeline"
);
