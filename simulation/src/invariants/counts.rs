//! Counts of resources.

use std::collections::BTreeMap;

use super::{Invariant, Moment, hold};

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "counts",
    sentence: "The counts of resources are those of the rows, for each organization and each project.",
    check,
};

const COUNTED: [(&str, &str, bool); 6] = [
    ("projects", "projects", false),
    ("users", "organization_users", false),
    ("deployments", "deployments", true),
    ("deployment_versions", "deployment_versions", true),
    ("pipelines", "pipelines", true),
    ("pipeline_versions", "pipeline_versions", true),
];

fn check(moment: &Moment<'_>) -> Result<(), String> {
    if !moment.has_changed {
        return Ok(());
    }
    let mut rows: BTreeMap<(&str, &str, &str), i64> = BTreeMap::new();
    for (resource, table, is_of_project) in COUNTED {
        for row in moment.after.rows(table) {
            let organization = row.text("organization_id");
            *rows.entry((organization, "", resource)).or_default() += 1;
            if is_of_project {
                let project = row.text("project_id");
                *rows.entry((organization, project, resource)).or_default() += 1;
            }
        }
    }
    for row in moment.after.rows("resource_counts") {
        let key = (
            row.text("organization_id"),
            row.text("project_id"),
            row.text("resource"),
        );
        let found = rows.remove(&key).unwrap_or(0);
        hold(row.whole("count") == found, || {
            format!("{found} are there: {}", row.shown())
        })?;
    }
    match rows.pop_first() {
        None => Ok(()),
        Some((key, found)) => Err(format!("{found} of {key:?} are counted nowhere")),
    }
}
