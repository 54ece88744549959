//! The SQL of service users: each rule once, and the statements that go by them.

use crate::sql::statements;
use crate::store::audit::{caller_may, permit, permitted};
use crate::store::subscriptions::subscription_runs;

macro_rules! select_service_user {
    () => {
        "SELECT s.id, s.email, s.name, s.description, s.creation_date, s.expiry_date, s.allowed_cors_origins,
                (SELECT t.last_used FROM tokens t
                 WHERE t.service_user_id = s.id AND t.grace_end IS NULL) AS token_last_used,
                (SELECT min(t.grace_end, coalesce(s.expiry_date, t.grace_end)) FROM tokens t
                 WHERE t.service_user_id = s.id AND t.grace_end > #now) AS previous_token_expiry
         FROM service_users s "
    };
}

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
/// says the same, takes SQLite seven times as long to parse in this place.
macro_rules! caller_covers_service_user {
    () => {
        concat!("(", $crate::store::audit::caller_holds_all!(), " OR NOT EXISTS (
            SELECT 1 FROM role_assignments a
            JOIN role_permissions h ON h.role_id = a.role_id
            JOIN permissions c ON c.name = h.permission AND c.service_users = 1
            WHERE a.project_id = :project_id AND a.assignee_id = :object_id AND NOT EXISTS (
              SELECT 1 FROM role_assignments b
              JOIN role_permissions i ON i.role_id = b.role_id AND i.permission = h.permission
              WHERE b.project_id = :project_id AND b.assignee_id = :principal_id
                AND (b.resource_type = 'project'
                     OR (b.resource_type = a.resource_type AND b.resource_id = a.resource_id)))))")
    };
}
pub(crate) use caller_covers_service_user;

/// What the trail calls it: its name, or its id where it has none.
macro_rules! service_user_name {
    () => {
        "coalesce((SELECT nullif(name, '') FROM service_users WHERE id = :object_id), :object_name)"
    };
}

macro_rules! service_user_before {
    () => {
        "(SELECT json_object('name', name, 'description', description, 'expiry_date', expiry_date,
                             'allowed_cors_origins', json(allowed_cors_origins))
          FROM service_users WHERE id = :object_id)"
    };
}

statements! {
    /// The service users of a project, oldest first.
    LIST = concat!(select_service_user!(), "WHERE s.project_id = :project_id ORDER BY s.creation_date, s.id");
    /// One service user of a project.
    GET = concat!(select_service_user!(), "WHERE s.id = :object_id AND s.project_id = :project_id");
    /// The permit for a new service user.
    PERMIT_CREATE = permit!(":object_id", "NULL", concat!(
        "EXISTS (SELECT 1 FROM projects WHERE id = :project_id) AND ", caller_may!(), " AND ", subscription_runs!()));
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
    /// Why there is none, where there is none.
    AFTER_CREATE = concat!(
        "SELECT ", permitted!(), " AS done, EXISTS (SELECT 1 FROM projects WHERE id = :project_id) AS found, ",
        caller_may!(), " AS may");
    /// The permit to change a service user.
    PERMIT_UPDATE = permit!(name service_user_name!(), ":object_id", service_user_before!(), concat!(
        service_user_lives!(), " AND ", caller_may!(),
        " AND (#widens_access = 0 OR ", caller_covers_service_user!(), ")"));
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
    /// Whether it was changed, or why not.
    AFTER_CHANGE = concat!(
        "SELECT ", permitted!(), " AS done, ", service_user_exists!(), " AS found, ", caller_may!(), " AS may, ",
        service_user_lives!(), " AS lives");
    /// The permit to reset a token.
    PERMIT_RESET = permit!(name service_user_name!(), ":object_id", "NULL", concat!(
        service_user_lives!(), " AND ", caller_may!(), " AND ", caller_covers_service_user!()));
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
    PERMIT_END_GRACE = permit!(name service_user_name!(), ":object_id", "NULL", concat!(
        caller_may!(), " AND EXISTS (SELECT 1 FROM tokens t JOIN service_users s ON s.id = t.service_user_id
                                     WHERE s.id = :object_id AND s.project_id = :project_id AND t.grace_end > #now)"));
    /// The token whose grace ends.
    DELETE_GRACE = concat!(
        "DELETE FROM tokens WHERE service_user_id = :object_id AND grace_end IS NOT NULL AND ", permitted!());
    /// The permit to delete a service user.
    PERMIT_DELETE = permit!(name service_user_name!(), ":object_id", service_user_before!(), concat!(
        service_user_exists!(), " AND ", caller_may!()));
    /// The service user, and with it its tokens, origins and assignments.
    DELETE = concat!("DELETE FROM service_users WHERE id = :object_id AND ", permitted!());
}
