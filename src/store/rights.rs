//! What a caller's rights are in SQL: fragments for the conditions of permits, so that each right has one wording.
//!
//! What a caller may was asked in the first round trip already. A permit asks again, in the transaction that changes
//! something, so that a right lost meanwhile counts; the fragments read the parameters that
//! [`Change::parameters`](crate::store::audit::Change::parameters) binds.

/// Whether the caller's token or access key is still good.
macro_rules! caller_lives {
    () => {
        "(EXISTS (SELECT 1 FROM tokens WHERE id = :token_id AND coalesce(grace_end > #now, 1)
                  UNION ALL SELECT 1 FROM access_keys WHERE id = :token_id)
          AND NOT EXISTS (SELECT 1 FROM service_users WHERE id = :principal_id AND expiry_date <= #now))"
    };
}
pub(crate) use caller_lives;

/// Whether the caller is the operator, or their credential is still good and they still have this right.
macro_rules! caller_still {
    ($right:expr) => {
        concat!(
            "(#operator = 1 OR (",
            $crate::store::rights::caller_lives!(),
            " AND ",
            $right,
            "))"
        )
    };
}
pub(crate) use caller_still;

/// Whether the caller is the operator, or still holds the route's permission on the whole project.
macro_rules! caller_may {
    () => {
        $crate::store::rights::caller_still!(
            "EXISTS (SELECT 1 FROM held_permissions WHERE principal_id = :principal_id
                     AND project_id = :project_id AND resource_type = 'project' AND permission = :permission)"
        )
    };
}
pub(crate) use caller_may;

/// Whether the caller is the operator, or still holds the route's permission on the whole project or on the target
/// that `:resource_type` and `:resource_id` name.
macro_rules! caller_may_on_target {
    () => {
        $crate::store::rights::caller_still!(
            "EXISTS (SELECT 1 FROM held_permissions WHERE principal_id = :principal_id
                     AND project_id = :project_id AND permission = :permission
                     AND (resource_type = 'project'
                          OR (resource_type = :resource_type AND resource_id = :resource_id)))"
        )
    };
}
pub(crate) use caller_may_on_target;

/// Whether the caller is the operator, or holds this permission of a `:resource_type`, such as `requests.get`, on the
/// whole project or on the one of this id.
macro_rules! caller_may_besides {
    ($permission:literal, $id:expr) => {
        $crate::store::rights::caller_still!(concat!(
            "EXISTS (SELECT 1 FROM held_permissions WHERE principal_id = :principal_id
                     AND project_id = :project_id AND permission = :resource_type || 's.",
            $permission,
            "'
                     AND (resource_type = 'project' OR (resource_type = :resource_type AND resource_id = ",
            $id,
            ")))"
        ))
    };
}
pub(crate) use caller_may_besides;

/// Whether the caller is the operator or an admin of the organization, and so holds every permission there is: asked
/// first, it spares the comparison of two sets.
macro_rules! caller_holds_all {
    () => {
        "(#operator = 1 OR EXISTS (SELECT 1 FROM organization_users WHERE organization_id = :organization_id
                                   AND user_id = :principal_id AND admin = 1))"
    };
}
pub(crate) use caller_holds_all;

/// Whether what ends at `$expiry_date`, or never where that is null, ends with the caller: who has an expiry date gives
/// nobody, themselves included, anything that outlives it (contract section 2), and a previous token is a caller that
/// ends with its grace. A session's end is no such date of its person. Read here and not in the first round trip, so that an end that was set meanwhile counts.
macro_rules! ends_with_caller {
    ($expiry_date:expr) => {
        concat!(
            "coalesce(",
            $expiry_date,
            ", 9007199254740991) <= min(
               coalesce((SELECT expiry_date FROM service_users WHERE id = :principal_id), 9007199254740991),
               coalesce((SELECT grace_end FROM tokens WHERE id = :token_id AND session_method IS NULL), 9007199254740991))"
        )
    };
}
pub(crate) use ends_with_caller;

/// Whether the caller is the operator, or still an admin of `:organization_id`, or of the organization that is given.
macro_rules! caller_administers {
    () => {
        $crate::store::rights::caller_administers!(":organization_id")
    };
    ($organization_id:expr) => {
        $crate::store::rights::caller_still!(concat!(
            "EXISTS (SELECT 1 FROM organization_users WHERE organization_id = ",
            $organization_id,
            " AND user_id = :principal_id AND admin = 1)"
        ))
    };
}
pub(crate) use caller_administers;
