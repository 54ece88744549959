//! References.

use super::{Invariant, Moment, hold};
use crate::facts::Facts;

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "orphans",
    sentence: "Nothing refers to what is not there: by foreign key, by the id of an object, by the name of an origin, or as a \
               default version; and what belongs to a project belongs to its organization.",
    check,
};

/// Tables whose rows are of a project that must be there, by these two columns.
const OF_PROJECTS: [&str; 13] = [
    "deployment_versions",
    "deployments",
    "environment_variables",
    "pipeline_versions",
    "pipelines",
    "project_users",
    "request_schedules",
    "role_assignments",
    "service_users",
    "services",
    "upstreams",
    "webhooks",
    "workspaces",
];

fn check(moment: &Moment<'_>) -> Result<(), String> {
    if moment.audited.is_empty() {
        return Ok(());
    }
    let connection = moment.world.database.connection();
    let mut broken = connection
        .prepare_cached("PRAGMA foreign_key_check")
        .unwrap();
    let mut broken = broken.query([]).unwrap();
    if let Some(row) = broken.next().unwrap() {
        let table: String = row.get(0).unwrap();
        let parent: String = row.get(2).unwrap();
        return Err(format!("a row of {table} refers to no row of {parent}"));
    }
    belong_to_their_projects(moment.after)?;
    have_their_objects(moment.after)?;
    have_their_lists(moment.after)
}

fn belong_to_their_projects(facts: &Facts) -> Result<(), String> {
    for table in OF_PROJECTS {
        for row in facts.rows(table) {
            let project = facts.row("projects", row.text("project_id"));
            let is_of = project.is_some_and(|project| {
                project.text("organization_id") == row.text("organization_id")
            });
            hold(is_of, || {
                format!(
                    "{table}: it is in no project of its organization: {}",
                    row.shown()
                )
            })?;
        }
    }
    Ok(())
}

fn have_their_objects(facts: &Facts) -> Result<(), String> {
    let is_there = |kind: &str, id: &str| match kind {
        "project" => facts.row("projects", id).is_some(),
        "deployment" => facts.row("deployments", id).is_some(),
        "pipeline" => facts.row("pipelines", id).is_some(),
        _ => true,
    };
    for row in facts.rows("role_assignments") {
        hold(
            is_there(row.text("resource_type"), row.text("resource_id")),
            || format!("it is on nothing: {}", row.shown()),
        )?;
        let role = facts.row("roles", row.text("role_id"));
        let is_of = role.is_none_or(|role| role.text("project_id") == row.text("project_id"));
        hold(is_of, || {
            format!("the role of another project: {}", row.shown())
        })?;
        let assignee = facts.row("service_users", row.text("service_user_id"));
        let is_of = assignee.is_none_or(|one| one.text("project_id") == row.text("project_id"));
        hold(is_of, || {
            format!("to somebody of another project: {}", row.shown())
        })?;
    }
    for row in facts.rows("pipeline_objects") {
        let (kind, id) = (row.text("reference_type"), row.text("reference_id"));
        hold(is_there(kind, id), || {
            format!("it refers to nothing: {}", row.shown())
        })?;
        let version = row.text("reference_version_id");
        let is_of = version.is_empty()
            || facts
                .row(&format!("{kind}_versions"), version)
                .is_some_and(|version| version.text(&format!("{kind}_id")) == id);
        hold(is_of, || {
            format!("it refers to no version: {}", row.shown())
        })?;
    }
    for row in facts.rows("object_fields") {
        let id = row.text("object_id");
        hold(
            is_there("deployment", id) || is_there("pipeline", id),
            || format!("the fields of nothing: {}", row.shown()),
        )?;
    }
    for row in facts.rows("environment_variables") {
        let place = row.text("place_id");
        let places = ["projects", "deployments", "deployment_versions"];
        let is_there = places.iter().any(|table| facts.row(table, place).is_some());
        hold(is_there, || format!("it is at no place: {}", row.shown()))?;
    }
    for kind in ["deployment", "pipeline"] {
        for object in facts.rows(&format!("{kind}s")) {
            let (table, column) = (format!("{kind}_versions"), format!("{kind}_id"));
            let versions = facts.rows(&table);
            let of_it = versions.filter(|row| row.text(&column) == object.text("id"));
            let defaults = of_it.filter(|row| row.flag("is_default")).count();
            hold(defaults <= 1, || {
                format!("{defaults} default versions: {}", object.shown())
            })?;
        }
    }
    Ok(())
}

/// What stands in a list and in rows of its own is the same.
fn have_their_lists(facts: &Facts) -> Result<(), String> {
    let lists = [
        ("projects", "cors_origins", "project_origins", "project_id"),
        (
            "service_users",
            "allowed_cors_origins",
            "service_user_origins",
            "service_user_id",
        ),
    ];
    for (table, list, rows, column) in lists {
        for owner in facts.rows(table) {
            let mut listed: Vec<String> = serde_json::from_str(owner.text(list)).unwrap();
            let of_it = facts.rows(rows);
            let of_it = of_it.filter(|row| row.text(column) == owner.text("id"));
            let mut found: Vec<&str> = of_it.map(|row| row.text("origin")).collect();
            listed.sort();
            found.sort_unstable();
            hold(listed == found, || {
                format!("{found:?} stand for {}", owner.shown())
            })?;
        }
    }
    for role in facts.rows("roles") {
        let mut listed: Vec<String> = serde_json::from_str(role.text("permissions")).unwrap();
        let of_it = facts.rows("role_permissions");
        let of_it = of_it.filter(|row| row.text("role_id") == role.text("id"));
        let mut found: Vec<&str> = of_it.map(|row| row.text("permission")).collect();
        listed.sort();
        found.sort_unstable();
        hold(listed == found, || {
            format!("{found:?} stand for {}", role.shown())
        })?;
    }
    Ok(())
}
