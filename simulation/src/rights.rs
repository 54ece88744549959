//! Who may what, by the rows alone: written anew from contract section 2, so that it does not repeat a mistake of the store.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use crate::facts::Facts;

/// What nothing in a run changes: the permissions, and what the default roles hold.
#[derive(Debug)]
pub struct Catalogue {
    /// Those that a service user may have.
    for_service_users: BTreeSet<String>,
    all: BTreeSet<String>,
    default_roles: BTreeMap<String, BTreeSet<String>>,
}

impl Catalogue {
    /// That of this database.
    pub fn of(connection: &Connection) -> Self {
        let mut all = connection
            .prepare("SELECT name, service_users FROM permissions")
            .unwrap();
        let all = all
            .query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))
            })
            .unwrap();
        let all: Vec<(String, bool)> = all.map(Result::unwrap).collect();
        let mut held = connection
            .prepare("SELECT role_id, permission FROM role_permissions JOIN roles ON id = role_id WHERE project_id IS NULL")
            .unwrap();
        let mut default_roles: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let rows = held
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        for (role, permission) in rows.map(Result::unwrap) {
            default_roles.entry(role).or_default().insert(permission);
        }
        let fit = all.iter().filter(|(_, fit)| *fit);
        Self {
            for_service_users: fit.map(|(name, _)| name.clone()).collect(),
            all: all.iter().map(|(name, _)| name.clone()).collect(),
            default_roles,
        }
    }

    /// Whether a service user may have it.
    pub fn fits_service_users(&self, permission: &str) -> bool {
        self.for_service_users.contains(permission)
    }

    /// Whether the role is a default one.
    pub fn is_default(&self, role: &str) -> bool {
        self.default_roles.contains_key(role)
    }

    /// What a role holds.
    pub fn of_role<'a>(&'a self, facts: &'a Facts, role: &str) -> BTreeSet<&'a str> {
        if let Some(held) = self.default_roles.get(role) {
            return held.iter().map(String::as_str).collect();
        }
        let rows = facts.rows("role_permissions");
        rows.filter(|row| row.text("role_id") == role)
            .map(|row| row.text("permission"))
            .collect()
    }

    /// What somebody holds in a project: on the whole of it, and where an object is named on that, too.
    pub fn held<'a>(
        &'a self,
        facts: &'a Facts,
        who: &str,
        project: &str,
        object: Option<&str>,
    ) -> BTreeSet<&'a str> {
        let Some(row) = facts.row("projects", project) else {
            return BTreeSet::new();
        };
        if is_admin(facts, who, row.text("organization_id")) {
            return self.all.iter().map(String::as_str).collect();
        }
        let is_service_user = facts.row("service_users", who).is_some();
        let mut held = BTreeSet::new();
        for row in facts.rows("role_assignments") {
            let is_here = row.text("project_id") == project && row.text("assignee_id") == who;
            let is_on = row.text("resource_type") == "project"
                || object.is_some_and(|object| row.text("resource_id") == object);
            if is_here && is_on {
                held.extend(self.of_role(facts, row.text("role_id")));
            }
        }
        if is_service_user {
            held.retain(|permission| self.fits_service_users(permission));
        }
        held
    }

    /// The objects of a project on which somebody holds something.
    pub fn objects<'a>(&self, facts: &'a Facts, who: &str, project: &str) -> BTreeSet<&'a str> {
        let rows = facts.rows("role_assignments");
        rows.filter(|row| row.text("project_id") == project && row.text("assignee_id") == who)
            .filter(|row| row.text("resource_type") != "project")
            .map(|row| row.text("resource_id"))
            .collect()
    }
}

/// Whether somebody is an admin of an organization.
pub fn is_admin(facts: &Facts, who: &str, organization: &str) -> bool {
    let member = facts.row("organization_users", &format!("{organization} {who}"));
    member.is_some_and(|member| member.flag("admin"))
}
