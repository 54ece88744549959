//! The SQL of service users: each rule once, and the statements that go by them.

use crate::sql::rules;
use crate::store::audit::{permit, permitted};
use crate::store::first_trip::rider::caller_is_known;
use crate::store::rights::{caller_may, ends_with_caller};
use crate::store::slices::fits;
use crate::store::subscriptions::subscription_runs;
use crate::store::texts::statements;

/// When the current token of `service_users s` was last used.
macro_rules! current_token_last_used {
    () => {
        "(SELECT t.last_used FROM tokens t WHERE t.service_user_id = s.id AND t.grace_end IS NULL)"
    };
}
pub(super) use current_token_last_used;

macro_rules! select_service_user {
    () => {
        concat!(
            "SELECT s.id, s.email, s.name, s.description, s.creation_date, s.expiry_date, s.allowed_cors_origins, ",
            $crate::store::service_users::statements::current_token_last_used!(),
            " AS token_last_used,
                (SELECT min(t.grace_end, coalesce(s.expiry_date, t.grace_end)) FROM tokens t
                 WHERE t.service_user_id = s.id AND t.grace_end > #now) AS previous_token_expiry
         FROM service_users s "
        )
    };
}
pub(super) use select_service_user;

macro_rules! service_user_exists {
    () => {
        "EXISTS (SELECT 1 FROM service_users WHERE id = :object_id AND project_id = :project_id)"
    };
}
pub(crate) use service_user_exists;

macro_rules! service_user_lives {
    () => {
        "EXISTS (SELECT 1 FROM service_users WHERE id = :object_id AND project_id = :project_id
                 AND (expiry_date IS NULL OR expiry_date > #now))"
    };
}
pub(crate) use service_user_lives;

/// Whether the caller holds all that the service user holds: on the whole project, or on the same object. Both hold it by
/// assignment alone, since no service user is an admin and an admin holds everything; the view `held_permissions`, which
/// says the same, takes SQLite several times as long to parse in this place.
///
/// What the caller holds on the whole project is taken off first, a permission once however many roles hold it; roles on
/// objects are walked for what is left, mostly nothing. So the work is a sum of what the two hold and no product.
///
/// To stand in the permit of whatever hands out what the service user can do, with [`caller_enters_what_it_enters`].
macro_rules! caller_holds_what_it_holds {
    () => {
        concat!(
            $crate::store::rights::caller_holds_all!(),
            " OR NOT EXISTS (
            SELECT h.permission, a.resource_type, a.resource_id
            FROM role_assignments a JOIN role_permissions h ON h.role_id = a.role_id
            WHERE a.project_id = :project_id AND a.assignee_id = :object_id AND h.permission IN (
              SELECT h.permission FROM role_permissions h JOIN permissions c ON c.name = h.permission
              WHERE c.service_users = 1 AND h.role_id IN (
                SELECT role_id FROM role_assignments WHERE project_id = :project_id AND assignee_id = :object_id)
              EXCEPT SELECT i.permission FROM role_assignments b JOIN role_permissions i ON i.role_id = b.role_id
              WHERE b.project_id = :project_id AND b.assignee_id = :principal_id AND b.resource_type = 'project')
            EXCEPT SELECT i.permission, b.resource_type, b.resource_id
            FROM role_assignments b JOIN role_permissions i ON i.role_id = b.role_id
            WHERE b.project_id = :project_id AND b.assignee_id = :principal_id)"
        )
    };
}
pub(crate) use caller_holds_what_it_holds;

/// Whether every workspace that is open to the service user is open to the caller: as owner or grantee, whatever either may
/// do there (contract section 2). A project has at most 100. An admin of the organization enters all.
macro_rules! caller_enters_what_it_enters {
    () => {
        concat!(
            $crate::store::rights::caller_holds_all!(),
            " OR NOT EXISTS (SELECT 1 FROM workspaces w WHERE w.project_id = :project_id AND ",
            $crate::store::workspaces::opens_to!(
                ":object_id",
                "(SELECT email FROM service_users WHERE id = :object_id)"
            ),
            " AND NOT ",
            $crate::store::workspaces::opens_to!(":principal_id", ":actor"),
            ")"
        )
    };
}
pub(crate) use caller_enters_what_it_enters;

/// Its expiry date, as it is.
macro_rules! expiry_date {
    () => {
        "(SELECT expiry_date FROM service_users WHERE id = :object_id)"
    };
}

/// Its expiry date, as it is after the change.
macro_rules! expiry_date_to_be {
    () => {
        concat!(
            "CASE WHEN #sets_expiry_date = 1 THEN #expiry_date ELSE ",
            expiry_date!(),
            " END"
        )
    };
}

/// Of a row of `service_users`: whether its expiry date or its origins are to be other than they are.
macro_rules! changes_access {
    () => {
        "(#sets_expiry_date = 1 AND expiry_date IS NOT #expiry_date)
         OR allowed_cors_origins <> coalesce(:allowed_cors_origins, allowed_cors_origins)"
    };
}

/// Whether its expiry date and origins are to be what they are: who sends back what they were shown gives nothing out.
macro_rules! keeps_access {
    () => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM service_users WHERE id = :object_id AND (",
            changes_access!(),
            "))"
        )
    };
}

/// No service user changes its own expiry date or origins (contract section 2).
macro_rules! is_another {
    () => {
        ":object_id IS NOT :principal_id"
    };
}

/// Whether anything is to be other than it is (contract section 4, *What one caller can cost*).
macro_rules! changes_something {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM service_users WHERE id = :object_id AND (
               name <> coalesce(:name, name) OR description <> coalesce(:description, description) OR ",
            changes_access!(),
            "))"
        )
    };
}

/// What the trail calls it: its name, or its id where it has none.
macro_rules! service_user_name {
    () => {
        "coalesce((SELECT nullif(name, '') FROM service_users WHERE id = :object_id), :object_name)"
    };
}

macro_rules! service_user_before {
    () => {
        service_user_before!("")
    };
    ($more:expr) => {
        concat!(
            "(SELECT json_object('name', name, 'description', description, 'expiry_date', expiry_date,
                                 'allowed_cors_origins', json(allowed_cors_origins)",
            $more,
            ") FROM service_users WHERE id = :object_id)"
        )
    };
}

macro_rules! its_access_keys {
    () => {
        "'access_keys', json((SELECT json_group_array(id) FROM access_keys WHERE service_user_id = :object_id))"
    };
}

/// What goes with it: its roles, of which a hundred are named, and its access keys.
macro_rules! what_goes_with_it {
    () => {
        concat!(
            ", 'roles', json((
               SELECT json_group_array(json_object('role', role, 'resource_type', resource_type,
                                                   'resource_id', resource_id))
               FROM (SELECT r.name AS role, a.resource_type, a.resource_id
                     FROM role_assignments a JOIN roles r ON r.id = a.role_id
                     WHERE a.service_user_id = :object_id LIMIT 100))),
             'role_count', (SELECT count(*) FROM role_assignments WHERE service_user_id = :object_id), ",
            its_access_keys!()
        )
    };
}

/// Which service users a list has, and in which order.
macro_rules! is_listed {
    () => {
        "s.project_id = :project_id
           AND (s.creation_date, s.id) > (SELECT coalesce(max(creation_date), -1), coalesce(max(id), '')
                                          FROM service_users WHERE id = :after)"
    };
}

macro_rules! listed_in_order {
    () => {
        " ORDER BY s.creation_date, s.id LIMIT #limit"
    };
}

macro_rules! list_fits {
    () => {
        fits!(
            "octet_length(s.allowed_cors_origins) + octet_length(s.description) + octet_length(s.name)",
            concat!(
                "FROM service_users s WHERE ",
                is_listed!(),
                listed_in_order!()
            )
        )
    };
}

statements! {
    /// The service users of a project, oldest first.
    LIST = concat!(
        select_service_user!(), "WHERE ", is_listed!(), " AND ", list_fits!(), listed_in_order!());
    /// Whether there is one of the id behind which a list is to go on, and whether it fits an answer.
    KNOWS = concat!(
        "SELECT EXISTS (SELECT 1 FROM service_users WHERE id = :after AND project_id = :project_id) AS known, ",
        list_fits!(), " AS fits");
    /// One service user of a project.
    GET = concat!(select_service_user!(), "WHERE s.id = :object_id AND s.project_id = :project_id");
    /// The same, where it rides on the first trip: of the project of this name, and not for a token that nobody has.
    GET_RIDING = concat!(
        select_service_user!(), "WHERE s.id = :object_id
         AND s.project_id = (SELECT id FROM projects WHERE name = :project) AND ", caller_is_known!());
    /// The permit for a new service user.
    PERMIT_CREATE = permit!(":object_id", "NULL", rules! {
        found: "EXISTS (SELECT 1 FROM projects WHERE id = :project_id)",
        may: caller_may!(),
        ends: ends_with_caller!("#expiry_date"),
        subscription_runs: subscription_runs!(),
    });
    /// The service user itself.
    INSERT = concat!(
        "INSERT INTO service_users (id, organization_id, project_id, email, name, description, creation_date,
                                    expiry_date, allowed_cors_origins)
         SELECT :object_id, :organization_id, :project_id, :email, :name, :description, #now, #expiry_date,
                :allowed_cors_origins
         WHERE ", permitted!());
    /// Its token.
    INSERT_TOKEN = concat!(
        "INSERT INTO tokens (id, digest, key_id, service_user_id, creation_date)
         SELECT :new_token_id, :digest, :key_id, :object_id, #now WHERE ", permitted!());
    /// Its origins, one by one.
    INSERT_ORIGINS = concat!(
        "INSERT INTO service_user_origins (project_id, origin, service_user_id)
         SELECT :project_id, value, :object_id FROM json_each(:allowed_cors_origins) WHERE ", permitted!());
    /// The permit to change what a service user is called.
    PERMIT_UPDATE = permit!(name service_user_name!(), ":object_id", service_user_before!(), rules! {
        may: caller_may!(),
        lives: service_user_lives!(),
        changes: changes_something!();
        found: service_user_exists!(),
    });
    /// The permit to change what its token opens, too: until when, or from where.
    PERMIT_UPDATE_ACCESS = permit!(name service_user_name!(), ":object_id", service_user_before!(), rules! {
        may: caller_may!(),
        lives: service_user_lives!(),
        is_another: concat!(keeps_access!(), " OR ", is_another!()),
        ends: concat!(keeps_access!(), " OR ", ends_with_caller!(expiry_date_to_be!())),
        covers: concat!(keeps_access!(), " OR ", caller_holds_what_it_holds!()),
        enters: concat!(keeps_access!(), " OR ", caller_enters_what_it_enters!()),
        changes: changes_something!();
        found: service_user_exists!(),
    });
    /// The change.
    UPDATE = concat!(
        "UPDATE service_users SET
           name = coalesce(:name, name),
           description = coalesce(:description, description),
           expiry_date = CASE WHEN #sets_expiry_date = 1 THEN #expiry_date ELSE expiry_date END,
           allowed_cors_origins = coalesce(:allowed_cors_origins, allowed_cors_origins)
         WHERE id = :object_id AND ", permitted!());
    /// The origins that are replaced.
    DELETE_ORIGINS = concat!(
        "DELETE FROM service_user_origins
         WHERE service_user_id = :object_id AND ", permitted!());
    /// The permit to reset a token.
    PERMIT_RESET = permit!(
        name service_user_name!(),
        ":object_id",
        concat!("CASE WHEN #ends_access_keys = 1 THEN json_object(", its_access_keys!(), ") END"),
        rules! {
            may: caller_may!(),
            lives: service_user_lives!(),
            ends: ends_with_caller!(expiry_date!()),
            enters: caller_enters_what_it_enters!(),
            covers: caller_holds_what_it_holds!();
            found: service_user_exists!(),
        });
    /// Its tokens, at a reset without grace.
    DELETE_TOKENS = concat!("DELETE FROM tokens WHERE service_user_id = :object_id AND ", permitted!());
    /// The access keys, at a reset without grace that does not keep them.
    DELETE_ACCESS_KEYS = concat!("DELETE FROM access_keys WHERE service_user_id = :object_id AND ", permitted!());
    /// The previous token, when its grace is over.
    DELETE_ENDED_TOKEN = concat!(
        "DELETE FROM tokens WHERE service_user_id = :object_id AND grace_end <= #now AND ", permitted!());
    /// The current token, while a previous one still has its grace.
    DELETE_CURRENT_TOKEN = concat!(
        "DELETE FROM tokens WHERE service_user_id = :object_id AND grace_end IS NULL
           AND EXISTS (SELECT 1 FROM tokens p WHERE p.service_user_id = :object_id AND p.grace_end IS NOT NULL)
           AND ", permitted!());
    /// The current token becomes the previous one.
    GRANT_GRACE = concat!(
        "UPDATE tokens SET grace_end = #grace_end
         WHERE service_user_id = :object_id AND grace_end IS NULL AND ", permitted!());
    /// The permit to end a grace.
    PERMIT_END_GRACE = permit!(name service_user_name!(), ":object_id", "NULL", rules! {
        may: caller_may!(),
        has_grace: "EXISTS (SELECT 1 FROM tokens t JOIN service_users s ON s.id = t.service_user_id
                            WHERE s.id = :object_id AND s.project_id = :project_id AND t.grace_end > #now)";
        found: service_user_exists!(),
    });
    /// The token whose grace ends.
    DELETE_GRACE = concat!(
        "DELETE FROM tokens WHERE service_user_id = :object_id AND grace_end IS NOT NULL AND ", permitted!());
    /// The permit to delete a service user.
    PERMIT_DELETE = permit!(name service_user_name!(), ":object_id", service_user_before!(what_goes_with_it!()), rules! {
        found: service_user_exists!(),
        may: caller_may!(),
    });
    /// The service user, and with it its tokens, origins and assignments.
    DELETE = concat!("DELETE FROM service_users WHERE id = :object_id AND ", permitted!());
}
