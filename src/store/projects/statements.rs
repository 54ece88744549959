//! The SQL of projects: each rule once, and the statements that go by them.

use crate::sql::{fresh_uuid, rules};
use crate::store::audit::{permit, permitted};
use crate::store::budgets::budget_columns;
use crate::store::rights::{caller_administers, caller_holds_all, caller_may};
use crate::store::slices::{fits, has_all_labels};
use crate::store::subscriptions::{plan_allows, subscription_runs};
use crate::store::texts::statements;

/// The columns of [`Project`](super::Project) that every call on it needs, from `projects p` and `organizations n`.
macro_rules! project_columns {
    () => {
        "p.id AS project_id, p.name AS project_name, p.creation_date AS project_creation_date,
         p.advanced_permissions AS project_advanced_permissions, p.credits AS project_credits,
         p.suspended_by AS project_suspended_by, p.suspended_reason AS project_suspended_reason,
         n.id AS organization_id, n.name AS organization_name,
         n.subscription_start_date AS organization_subscription_start_date,
         n.next_subscription_start_date AS organization_next_subscription_start_date"
    };
}
pub(crate) use project_columns;

/// Its lists, which are read where it is shown: behind the columns that every call needs.
macro_rules! project_lists {
    () => {
        ", p.cors_origins AS project_cors_origins, p.labels AS project_labels"
    };
}
pub(crate) use project_lists;

macro_rules! select_project {
    () => {
        select_project!("")
    };
    ($more:expr) => {
        concat!(
            "SELECT ",
            $crate::store::projects::statements::project_columns!(),
            $crate::store::projects::statements::project_lists!(),
            $more,
            "
                 FROM projects p JOIN organizations n ON n.id = p.organization_id "
        )
    };
}

macro_rules! name_is_free {
    () => {
        "(:name IS NULL OR NOT EXISTS (SELECT 1 FROM projects WHERE name = :name AND id <> :object_id))"
    };
}

macro_rules! project_exists {
    () => {
        "EXISTS (SELECT 1 FROM projects WHERE id = :object_id)"
    };
}

/// Only the operator lifts what the operator imposed (UbiOps spec 3.6); to suspend once more lifts nothing.
macro_rules! suspension_is_callers {
    () => {
        "(#sets_suspension = 0 OR #operator = 1 OR :suspended_by IS NOT NULL
          OR NOT EXISTS (SELECT 1 FROM projects WHERE id = :object_id AND suspended_by = 'operator'))"
    };
}

/// Whether the suspension is to be set on this row: what the operator imposed stays the operator's.
macro_rules! sets_suspension {
    () => {
        "(#sets_suspension = 1 AND NOT (:suspended_by IS 'organization' AND suspended_by IS 'operator'))"
    };
}

/// The suspended do not lift their suspension: that is for organization admins and the operator (contract section 2).
macro_rules! lifts_no_suspension {
    () => {
        "(#sets_suspension = 0 OR :suspended_by IS NOT NULL
          OR NOT EXISTS (SELECT 1 FROM projects WHERE id = :object_id AND suspended_by IS NOT NULL))"
    };
}

/// Nor do they raise or remove their budget; to set one where there is none is to lower it (contract section 2).
macro_rules! raises_no_credits {
    () => {
        "(#sets_credits = 0
          OR EXISTS (SELECT 1 FROM projects WHERE id = :object_id AND (credits IS NULL OR #credits <= credits)))"
    };
}

/// Whether anything is to be other than it is (contract section 4, *What one caller can cost*).
macro_rules! changes_something {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM projects WHERE id = :object_id AND (
               name <> coalesce(:name, name)
               OR (#sets_advanced_permissions = 1 AND advanced_permissions <> #advanced_permissions)
               OR (#sets_credits = 1 AND credits IS NOT #credits)
               OR (",
            sets_suspension!(),
            " AND suspended_by IS NOT :suspended_by)
               OR cors_origins <> coalesce(:cors_origins, cors_origins) OR labels <> coalesce(:labels, labels)))"
        )
    };
}

macro_rules! project_before {
    () => {
        project_before!("")
    };
    ($more:expr) => {
        concat!(
            "(SELECT json_object('name', name, 'advanced_permissions',
                                 json(iif(advanced_permissions, 'true', 'false')), 'credit_millionths', credits,
                                 'suspended_by', suspended_by, 'cors_origins', json(cors_origins),
                                 'labels', json(labels)",
            $more,
            ") FROM projects WHERE id = :object_id)"
        )
    };
}

/// The service users whose tokens end with it, of whom a hundred are named.
macro_rules! its_service_users {
    () => {
        ", 'service_users', json((
            SELECT json_group_array(id) FROM (SELECT id FROM service_users WHERE project_id = :object_id LIMIT 100))),
         'service_user_count', (SELECT count(*) FROM service_users WHERE project_id = :object_id)"
    };
}

/// Whether `projects p` is one in which the caller has a part.
macro_rules! principal_has_part {
    () => {
        "p.id IN (
             SELECT q.id FROM organization_users m JOIN projects q ON q.organization_id = m.organization_id
             WHERE m.user_id = :principal_id AND m.admin = 1
             UNION ALL SELECT v.project_id FROM project_users v WHERE v.user_id = :principal_id
             UNION ALL SELECT a.project_id FROM role_assignments a WHERE a.user_id = :principal_id
             UNION ALL SELECT s.project_id FROM service_users s WHERE s.id = :principal_id)"
    };
}

/// Which of the projects that the caller sees a list has.
macro_rules! is_listed {
    () => {
        concat!(
            "(:organization IS NULL OR p.organization_id = (SELECT id FROM organizations WHERE name = :organization))
           AND p.name > coalesce(:after, '') AND ",
            has_all_labels!("p.labels")
        )
    };
}

macro_rules! list_fits {
    ($seen:expr) => {
        fits!(
            "octet_length(p.cors_origins) + octet_length(p.labels)",
            concat!(
                "FROM projects p WHERE ",
                $seen,
                " AND ",
                is_listed!(),
                " ORDER BY p.name LIMIT #limit"
            )
        )
    };
}

/// The organization that a new project is to belong to.
macro_rules! organization_of_new {
    () => {
        "(SELECT id FROM organizations WHERE name = :organization)"
    };
}

/// Whether there is that organization, and the caller is the operator or a member of it.
macro_rules! caller_sees_organization_of_new {
    () => {
        concat!(
            organization_of_new!(),
            " IS NOT NULL AND (#operator = 1 OR EXISTS (
                SELECT 1 FROM organization_users WHERE organization_id = ",
            organization_of_new!(),
            " AND user_id = :principal_id))"
        )
    };
}

/// Whether the caller is the operator, or still an admin of that organization.
macro_rules! caller_is_admin_of_new {
    () => {
        caller_administers!(organization_of_new!())
    };
}

macro_rules! subscription_of_new_runs {
    () => {
        subscription_runs!(organization_of_new!())
    };
}

macro_rules! plan_allows_new {
    () => {
        plan_allows!(organization_of_new!(), "max_projects", "projects")
    };
}

statements! {
    /// The permit for a new project.
    PERMIT_CREATE = permit!(organization_of_new!(), ":object_id", "NULL", rules! {
        sees_organization: caller_sees_organization_of_new!(),
        may: caller_is_admin_of_new!(),
        name_is_free: name_is_free!(),
        subscription_runs: subscription_of_new_runs!(),
        plan_allows: plan_allows_new!(),
    });
    /// The project itself.
    INSERT = concat!(
        "INSERT INTO projects (id, organization_id, name, creation_date, advanced_permissions, credits,
                               cors_origins, labels)
         SELECT :object_id, ", organization_of_new!(), ", :name, #now, #advanced_permissions, #credits, :cors_origins,
                :labels
         WHERE ", permitted!());
    /// Its origins, one by one.
    INSERT_ORIGINS = concat!(
        "INSERT INTO project_origins (project_id, origin)
         SELECT :object_id, value FROM json_each(:cors_origins) WHERE ", permitted!());
    /// The role of project-admin for each admin of the organization (UbiOps spec 3.6).
    INSERT_ADMIN_ASSIGNMENTS = concat!(
        "INSERT INTO role_assignments (id, organization_id, project_id, role_id, user_id, resource_type, resource_id,
                                       with_admin, creation_date)
         SELECT ", fresh_uuid!(), ", m.organization_id, :object_id, '00000000-0000-4000-8000-000000000001', m.user_id,
                'project', :object_id, 1, #now
         FROM organization_users m
         WHERE m.organization_id = ", organization_of_new!(), " AND m.admin = 1 AND ", permitted!());
    /// Who they are, in the trail: what is given with a project has no row of its own, the project's is its permit.
    COMPLETE_TRAIL = concat!(
        "UPDATE audit SET after = json_set(after, '$.project_admins', json((
           SELECT json_group_array(user_id) FROM (
             SELECT user_id FROM role_assignments WHERE project_id = :object_id ORDER BY user_id))))
         WHERE id = :audit_id AND ", permitted!());
    /// That its maker has joined the organization, which stands in no path (contract section 2).
    JOIN_MAKER = concat!(
        "UPDATE organization_users SET joined = 1, join_date = #now
         WHERE organization_id = ", organization_of_new!(), " AND user_id = :principal_id AND joined = 0
           AND ", permitted!());
    /// The projects in which somebody has a part, by name.
    LIST_OF_PRINCIPAL = concat!(select_project!(), "
         WHERE ", principal_has_part!(), " AND ", is_listed!(), " AND ",
        list_fits!(principal_has_part!()), " ORDER BY p.name LIMIT #limit");
    /// Whether one of the name behind which the list is to go on is among them, and whether it fits an answer.
    KNOWS_OF_PRINCIPAL = concat!(
        "SELECT EXISTS (SELECT 1 FROM projects p WHERE p.name = :after AND ", principal_has_part!(), ") AS known, ",
        list_fits!(principal_has_part!()), " AS fits");
    /// All projects, for the operator.
    LIST_EVERYTHING = concat!(
        select_project!(), "WHERE ", is_listed!(), " AND ", list_fits!("1"), " ORDER BY p.name LIMIT #limit");
    /// Whether there is one of the name behind which the list is to go on, and whether it fits an answer.
    KNOWS_OF_EVERYTHING = concat!(
        "SELECT EXISTS (SELECT 1 FROM projects WHERE name = :after) AS known, ", list_fits!("1"), " AS fits");
    /// The permit to change a project.
    PERMIT_UPDATE = permit!(":object_id", project_before!(), rules! {
        found: project_exists!(),
        may: caller_may!(),
        name_is_free: name_is_free!(),
        suspension_is_callers: suspension_is_callers!(),
        lifts_no_suspension: concat!(lifts_no_suspension!(), " OR ", caller_holds_all!()),
        raises_no_credits: concat!(raises_no_credits!(), " OR ", caller_holds_all!()),
        changes: changes_something!(),
    });
    /// The change.
    UPDATE = concat!(
        "UPDATE projects SET
           name = coalesce(:name, name),
           advanced_permissions = CASE WHEN #sets_advanced_permissions = 1 THEN #advanced_permissions
                                       ELSE advanced_permissions END,
           credits = CASE WHEN #sets_credits = 1 THEN #credits ELSE credits END,
           suspended_by = iif(", sets_suspension!(), ", :suspended_by, suspended_by),
           suspended_reason = iif(", sets_suspension!(), ", :suspended_reason, suspended_reason),
           cors_origins = coalesce(:cors_origins, cors_origins),
           labels = coalesce(:labels, labels)
         WHERE id = :object_id AND ", permitted!());
    /// The origins that are replaced.
    DELETE_ORIGINS = concat!(
        "DELETE FROM project_origins WHERE project_id = :object_id AND :cors_origins IS NOT NULL AND ", permitted!());
    /// A project to be shown itself.
    GET_BY_ID = concat!(select_project!(concat!(", ", budget_columns!())), "WHERE p.id = :object_id");
    /// The permit to delete a project.
    PERMIT_DELETE = permit!(":object_id", project_before!(its_service_users!()), rules! {
        found: project_exists!(),
        may: caller_may!(),
    });
    /// The project, and with it its service users, their tokens, its roles and assignments.
    DELETE = concat!("DELETE FROM projects WHERE id = :object_id AND ", permitted!());
}
