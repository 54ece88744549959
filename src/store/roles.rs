//! Roles: named sets of permissions. Default roles belong to no project; custom ones to one.

use serde::Deserialize;

use crate::http::error::Error;
use crate::store::rows::{Flag, JsonText};
use crate::store::session::Session;
use crate::store::sql::statements;
use crate::store::statement::Parameters;

/// A role with its permissions, in the order in which they were given.
#[derive(Debug, Clone, Deserialize)]
pub struct Role {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is a default role, which nobody can change.
    pub is_default: Flag,
    /// Its permissions.
    pub permissions: JsonText,
}

macro_rules! select_role {
    () => {
        "SELECT r.id, r.name, r.project_id IS NULL AS is_default, r.permissions FROM roles r "
    };
}

statements! {
    /// The default roles and those of a project.
    LIST = concat!(
        select_role!(), "WHERE r.project_id IS NULL
         UNION ALL ", select_role!(), "WHERE r.project_id = :project_id ORDER BY is_default DESC, name");
    /// One role, by its name in a project.
    GET = concat!(
        select_role!(), "WHERE r.project_id IS NULL AND r.name = :name
         UNION ALL ", select_role!(), "WHERE r.project_id = :project_id AND r.name = :name");
}

/// The 404 of a role.
#[must_use]
pub fn not_found(name: &str) -> Error {
    Error::not_found(format!(
        "there is no role {} in this project",
        crate::domain::invalid::quoted(name)
    ))
}

/// The default roles and those of a project.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(session: &Session<'_>, project_id: &str) -> Result<Vec<Role>, Error> {
    let parameters = Parameters::new().text("project_id", project_id);
    session.read(parameters.batch([&LIST])).await?.all(0)
}

/// One role, by its name in a project.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn get(session: &Session<'_>, project_id: &str, name: &str) -> Result<Role, Error> {
    let parameters = Parameters::new()
        .text("project_id", project_id)
        .text("name", name);
    let role = session.read(parameters.batch([&GET])).await?.first(0)?;
    role.ok_or_else(|| not_found(name))
}
