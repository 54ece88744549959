//! `/projects/{p}/roles`.

use serde::Serialize;

use crate::api::Call;
use crate::http::error::Error;
use crate::http::response::Response;
use crate::store::roles::{self, Role};

/// A role in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RoleList {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is a default role, which nobody can change.
    pub default: bool,
}

/// A role with its permissions.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RoleDetailList {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is a default role, which nobody can change.
    pub default: bool,
    /// The names of its permissions, in the order in which they were given.
    pub permissions: Vec<String>,
}

impl From<Role> for RoleList {
    fn from(role: Role) -> Self {
        Self {
            id: role.id,
            name: role.name,
            default: role.is_default.0,
        }
    }
}

impl TryFrom<Role> for RoleDetailList {
    type Error = Error;

    fn try_from(role: Role) -> Result<Self, Error> {
        Ok(Self {
            permissions: role.permissions.parse()?,
            id: role.id,
            name: role.name,
            default: role.is_default.0,
        })
    }
}

/// `GET .../roles`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let roles = roles::list(call.session, &call.project()?.project_id).await?;
    Response::ok(&roles.into_iter().map(RoleList::from).collect::<Vec<_>>())
}

/// `GET .../roles/{role_name}`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    let project = call.project()?;
    let role = roles::get(
        call.session,
        &project.project_id,
        call.parameter("role_name"),
    )
    .await?;
    Response::ok(&RoleDetailList::try_from(role)?)
}
