//! What is given by whom.

use std::collections::BTreeSet;

use super::{Invariant, Moment, hold};
use crate::facts::{Row, changes, made};
use crate::rights::is_admin;

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "grants",
    sentence: "Nobody holds what they could not have been given: whoever gives a role, a permission, a membership, a token or an \
               access key holds, in that very transaction, the permission for it and all that they give; what no service user \
               may hold is given to none (contract section 2).",
    check,
};

fn check(moment: &Moment<'_>) -> Result<(), String> {
    suits_service_users(moment)?;
    if moment.is_all_powerful() || !moment.has_changed {
        return Ok(());
    }
    roles(moment)?;
    memberships(moment)?;
    tokens(moment)?;
    changes_of_objects(moment)
}

fn suits_service_users(moment: &Moment<'_>) -> Result<(), String> {
    let same = ["role_assignments", "role_permissions"];
    if same
        .iter()
        .all(|table| moment.before.shares(table, moment.after))
    {
        return Ok(());
    }
    for assignment in moment.after.rows("role_assignments") {
        let role = assignment.text("role_id");
        if assignment.text("service_user_id").is_empty() || moment.catalogue.is_default(role) {
            continue;
        }
        let held = moment.catalogue.of_role(moment.after, role);
        let unfit = held
            .iter()
            .find(|held| !moment.catalogue.fits_service_users(held));
        hold(unfit.is_none(), || {
            format!("{unfit:?} by {}", assignment.shown())
        })?;
    }
    Ok(())
}

/// Whether the caller holds this much, in what was there before the step.
fn holds(moment: &Moment<'_>, project: &str, object: Option<&str>, all: &BTreeSet<&str>) -> bool {
    let held = moment
        .catalogue
        .held(moment.before, moment.principal(), project, object);
    all.is_subset(&held)
}

fn roles(moment: &Moment<'_>) -> Result<(), String> {
    let catalogue = moment.catalogue;
    for assignment in made(moment.before, moment.after, "role_assignments") {
        // With the status of an admin come the roles that are shown of it, and with a project those of its maker.
        if assignment.flag("with_admin") {
            continue;
        }
        let project = assignment.text("project_id");
        let object = assignment.text("resource_id");
        let role = assignment.text("role_id");
        let mut all = catalogue.of_role(moment.before, role);
        let may = holds(
            moment,
            project,
            None,
            &BTreeSet::from(["roles.assignments.create"]),
        );
        all.retain(|_| true);
        hold(may && holds(moment, project, Some(object), &all), || {
            format!(
                "{} does not hold what they gave: {}",
                moment.principal(),
                assignment.shown()
            )
        })?;
    }
    for row in made(moment.before, moment.after, "role_permissions") {
        let role = moment.after.row("roles", row.text("role_id"));
        let Some(role) = role else { continue };
        let all = BTreeSet::from([row.text("permission")]);
        hold(holds(moment, role.text("project_id"), None, &all), || {
            format!(
                "{} does not hold what they gave: {}",
                moment.principal(),
                row.shown()
            )
        })?;
    }
    Ok(())
}

fn memberships(moment: &Moment<'_>) -> Result<(), String> {
    let caller = moment.principal();
    for (old, new) in changes(moment.before, moment.after, "organization_users") {
        let is_given = match (old, new) {
            (None, Some(_)) => true,
            (Some(old), Some(new)) => old.whole("admin") != new.whole("admin"),
            _ => false,
        };
        let Some(new) = new.filter(|_| is_given) else {
            continue;
        };
        let organization = new.text("organization_id");
        let is_new = moment.before.row("organizations", organization).is_none();
        let may = is_new || is_admin(moment.before, caller, organization);
        hold(may, || format!("{caller} is no admin: {}", new.shown()))?;
    }
    for row in made(moment.before, moment.after, "project_users") {
        let project = row.text("project_id");
        let is_new = moment.before.row("projects", project).is_none();
        let may = is_admin(moment.before, caller, row.text("organization_id"))
            || holds(
                moment,
                project,
                None,
                &BTreeSet::from(["projects.users.create"]),
            );
        hold(may || is_new, || {
            format!("{caller} may not: {}", row.shown())
        })?;
    }
    Ok(())
}

fn tokens(moment: &Moment<'_>) -> Result<(), String> {
    let (before, catalogue) = (moment.before, moment.catalogue);
    let holder = |row: &Row| before.row("service_users", row.text("service_user_id"));
    let with = |table: &str| made(before, moment.after, table);
    for row in with("tokens").into_iter().chain(with("access_keys")) {
        // A new service user holds nothing yet.
        let Some(holder) = holder(row) else { continue };
        let (id, project) = (holder.text("id"), holder.text("project_id"));
        let on_project = catalogue.held(before, id, project, None);
        let mut covers = holds(moment, project, None, &on_project);
        for object in catalogue.objects(before, id, project) {
            let on_object = catalogue.held(before, id, project, Some(object));
            covers &= holds(moment, project, Some(object), &on_object);
        }
        hold(covers, || {
            format!(
                "{} cannot do all that {id} can: {}",
                moment.principal(),
                row.shown()
            )
        })?;
    }
    Ok(())
}

/// The permission that a change of each kind of object in the trail needs, on the project or on something in it: its own
/// verb, or the one that stands at the end.
const NEEDED: [(&str, &str); 16] = [
    ("deployment", "deployments."),
    ("deployment_version", "deployments.versions."),
    ("pipeline", "pipelines."),
    ("pipeline_version", "pipelines.versions."),
    ("project", "projects."),
    ("request_schedule", "request_schedules."),
    ("role", "roles."),
    ("role_assignment", "roles.assignments."),
    ("service", "services."),
    ("service_user", "service_users."),
    ("service_user_access_key", "service_users.access_keys."),
    ("service_user_token", "service_users.token.update"),
    ("upstream", "deployments.versions.update"),
    ("webhook", "webhooks."),
    ("workspace", "workspaces."),
    ("workspace_quotas", "workspaces.quotas."),
];

fn changes_of_objects(moment: &Moment<'_>) -> Result<(), String> {
    // What goes along with something else is that change's.
    let [audited] = moment.audited.as_slice() else {
        return Ok(());
    };
    let needed = NEEDED
        .iter()
        .find(|(kind, _)| *kind == audited.text("object_type"));
    let project = audited.text("project_id");
    // Who makes a project holds nothing in it before.
    let is_there = moment.before.row("projects", project).is_some();
    let Some((_, permission)) = needed.filter(|_| is_there) else {
        return Ok(());
    };
    let permission = match permission.ends_with('.') {
        true => format!("{permission}{}", audited.text("action")),
        false => (*permission).to_owned(),
    };
    let caller = moment.principal();
    let mut held = moment.catalogue.held(moment.before, caller, project, None);
    for object in moment.catalogue.objects(moment.before, caller, project) {
        let on_object = moment
            .catalogue
            .held(moment.before, caller, project, Some(object));
        held.extend(on_object);
    }
    hold(held.contains(permission.as_str()), || {
        format!("{caller} does not hold {permission}: {}", audited.shown())
    })
}
