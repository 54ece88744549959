//! Plans, and what they allow.

/// Whether the plan of `:organization_id` allows one more: `plan_allows!(column of the limit, resource)`, as in
/// `plan_allows!("max_projects", "projects")`. To stand in a permit's condition, so that a race cannot pass the limit.
macro_rules! plan_allows {
    ($limit:literal, $resource:literal) => {
        $crate::store::subscriptions::plan_allows!(":organization_id", $limit, $resource)
    };
    ($organization_id:expr, $limit:literal, $resource:literal) => {
        concat!(
            "(SELECT coalesce(k.count, 0) < coalesce(c.", $limit, ", 9007199254740991)
              FROM organizations n JOIN subscriptions c ON c.name = n.subscription
              LEFT JOIN resource_counts k ON k.organization_id = n.id AND k.project_id = '' AND k.resource = '",
            $resource, "' WHERE n.id = ", $organization_id, ")"
        )
    };
}
pub(crate) use plan_allows;

/// The 403 of what would pass the plan's limit (contract section 4).
#[must_use]
pub fn limit_reached(resource: &str) -> crate::http::error::Error {
    crate::http::error::Error::forbidden(format!(
        "{resource}: the organization's plan allows no more {}; the operator can change the plan",
        resource.replace('_', " ")
    ))
}
