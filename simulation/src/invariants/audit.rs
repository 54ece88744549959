//! The trail.

use super::{Invariant, Moment, hold};
use crate::facts::{Row, changes};

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "audit",
    sentence: "A change of configuration and its row in the trail are there together or not at all, and the row names who \
               made it (contract section 4).",
    check,
};

/// The tables that are configuration, with the columns that are none: what is noted beside a change, and what is written
/// anew without meaning anything else.
const CONFIGURATION: [(&str, &[&str]); 33] = [
    ("access_keys", &[]),
    ("deployment_versions", &[]),
    ("deployments", &[]),
    ("environment_variables", &["key_id"]),
    ("instance_types", &[]),
    ("object_fields", &[]),
    ("organization_users", &["joined", "join_date"]),
    ("organizations", &[]),
    ("pipeline_mappings", &[]),
    ("pipeline_objects", &[]),
    ("pipeline_versions", &[]),
    ("pipelines", &[]),
    ("project_origins", &[]),
    ("project_users", &[]),
    ("projects", &[]),
    ("quota_resources", &[]),
    ("request_schedules", &["enabled", "next_tick", "refusals"]),
    ("role_assignments", &[]),
    ("role_permissions", &[]),
    ("roles", &[]),
    ("service_user_limits", &[]),
    ("service_user_origins", &[]),
    ("service_users", &[]),
    ("services", &[]),
    ("sign_in_links", &[]),
    ("subscriptions", &[]),
    ("tokens", &["digest", "key_id", "last_used"]),
    ("upstream_revisions", &[]),
    ("upstreams", &["secret", "secret_key_id"]),
    ("users", &[]),
    ("voucher_redemptions", &[]),
    ("vouchers", &[]),
    (
        "webhooks",
        &["enabled", "last_delivery_date", "last_error", "last_status"],
    ),
];

/// The others, so that a new table is put on one list or the other.
const OTHERS: [&str; 16] = [
    "audit",
    "deleted_versions",
    "idempotency_keys",
    "quota_consumptions",
    "request_payloads",
    "request_rates",
    "requests",
    "resource_counts",
    "scheduled_runs",
    "usage_days",
    "usage_events",
    "usage_imports",
    "webhook_deliveries",
    "webhook_hosts",
    "workspace_grantees",
    "workspace_quotas",
];

fn is_change(old: Option<&Row>, new: Option<&Row>, ignored: &[&str]) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => !old.is_same_but(new, ignored),
        _ => true,
    }
}

/// What changed of the configuration.
pub fn changed(moment: &Moment<'_>) -> Option<String> {
    for (table, ignored) in CONFIGURATION {
        for (old, new) in changes(moment.before, moment.after, table) {
            if is_change(old, new, ignored) {
                let shown = |row: Option<&Row>| row.map_or("nothing".to_owned(), Row::shown);
                return Some(format!("{table}: {} became {}", shown(old), shown(new)));
            }
        }
    }
    // Of quotas the limit is configuration, and what was used is none. A row without a limit is the default.
    for (old, new) in changes(moment.before, moment.after, "workspace_quotas") {
        let limit = |row: Option<&Row>| row.and_then(|row| row.number("quota"));
        let is_gone = new.is_none();
        if !is_gone && limit(old) != limit(new) {
            return Some("the limit of a quota changed".to_owned());
        }
    }
    for (old, new) in changes(moment.before, moment.after, "workspaces") {
        if old != new {
            return Some("a workspace changed".to_owned());
        }
    }
    None
}

fn check(moment: &Moment<'_>) -> Result<(), String> {
    debug_assert!(moment.after.names().all(|name| {
        name == "workspaces"
            || OTHERS.contains(&name)
            || CONFIGURATION.iter().any(|(table, _)| *table == name)
    }));
    if !moment.has_changed {
        return Ok(());
    }
    let changed = changed(moment);
    match (changed, moment.audited.is_empty()) {
        (Some(change), true) => Err(format!("no row in the trail says that {change}")),
        (None, false) => Err(format!(
            "nothing changed, but the trail says {}",
            moment.audited[0].shown()
        )),
        _ => {
            let by = moment.principal();
            let other = moment.audited.iter().find(|row| row.text("actor_id") != by);
            // Who signs in is not known before.
            let other = other.filter(|_| moment.by.is_some_and(|by| by.name != "nobody"));
            hold(other.is_none(), || {
                format!(
                    "by {by}: {}",
                    other.map(|row| row.shown()).unwrap_or_default()
                )
            })
        }
    }
}
