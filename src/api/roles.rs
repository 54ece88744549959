//! `/projects/{p}/roles`.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::{Call, OnProject};
use crate::auth::role_permissions::RolePermissions;
use crate::domain::{ObjectName, RoleId};
use crate::error::Error;
use crate::store::roles::{self, NewRole, Role, RoleChanges};
use crate::web::patch::Patch;
use crate::web::response::Response;

object! {
    /// The role to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct RoleCreate {
        /// Name of the role, unique in the project and different from all default roles.
        pub name: ObjectName,
        /// Permissions of the role; the caller must hold all of them.
        pub permissions: RolePermissions,
    }
}

object! {
    /// Changes to a role; absent fields stay as they are.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct RoleUpdate {
        /// New name of the role; its assignments stay.
        pub name: Patch<ObjectName>,
        /// All permissions of the role; the caller must hold all of them, and all that the role held before.
        pub permissions: Patch<RolePermissions>,
    }
}

/// A role in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RoleList {
    /// Id of the role.
    pub id: String,
    /// Name of the role.
    pub name: String,
    /// Whether the role is a default role, which nobody can change.
    pub default: bool,
}

/// A role with its permissions.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RoleDetailList {
    /// Id of the role.
    pub id: String,
    /// Name of the role.
    pub name: String,
    /// Whether the role is a default role, which nobody can change.
    pub default: bool,
    /// Names of the role's permissions, in the order in which they were given.
    pub permissions: Vec<String>,
}

impl From<Role> for RoleList {
    fn from(role: Role) -> Self {
        Self {
            id: role.id.into(),
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
            id: role.id.into(),
            name: role.name,
            default: role.is_default.0,
        })
    }
}

/// `GET .../roles`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let slice = call.slice()?;
    let roles = roles::list(call.connection, &call.project().project_id, &slice).await?;
    Response::list(roles.into_iter().map(RoleList::from))
}

/// `GET .../roles/{role_name}`.
pub(crate) async fn get(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let project = call.project();
    let role = roles::get(
        call.connection,
        &project.project_id,
        call.parameter("role_name"),
    )
    .await?;
    Response::ok(&RoleDetailList::try_from(role)?)
}

/// `POST .../roles`.
pub(crate) async fn create(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: RoleCreate = call.body().await?;
    let id = RoleId::from_random(call.random()?);
    let new = NewRole {
        id: &id,
        name: &body.name,
        permissions: &body.permissions,
    };
    let project = call.project();
    let created = roles::create(&call.change_context()?, project, new).await?;
    Response::created(&RoleDetailList::try_from(created)?)
}

/// `PATCH .../roles/{role_name}`.
pub(crate) async fn update(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: RoleUpdate = call.body().await?;
    let changes = RoleChanges {
        name: body.name.or_keep("name")?,
        permissions: body.permissions.or_keep("permissions")?,
    };
    let permissions = changes.permissions.as_ref();
    if permissions.is_some_and(RolePermissions::hand_on) {
        call.needs_fresh()?;
    }
    let updated = roles::update(
        &call.change_context()?,
        call.project(),
        call.parameter("role_name"),
        &changes,
    )
    .await?;
    Response::ok(&RoleDetailList::try_from(updated)?)
}

/// `DELETE .../roles/{role_name}`.
pub(crate) async fn delete(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    roles::delete(
        &call.change_context()?,
        call.project(),
        call.parameter("role_name"),
    )
    .await?;
    Ok(Response::no_content())
}
