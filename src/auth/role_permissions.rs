//! What a custom role is made of, as a body gives it.

#[cfg(not(target_arch = "wasm32"))]
use crate::auth::permissions::CATALOGUE;
use crate::auth::permissions::{
    Permission, SERVICE_USERS_ACCESS_KEYS_CREATE, SERVICE_USERS_CREATE, SERVICE_USERS_TOKEN_UPDATE,
};
use crate::domain::Invalid;
use crate::domain::json::read_as;
use crate::domain::numbered::Numbered;

/// What a custom role holds: permissions of the catalogue, each once, in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolePermissions(Vec<Permission>);

impl RolePermissions {
    /// Whether they are about roles, or make tokens or access keys: whoever holds them can hand on what they have.
    #[must_use]
    pub fn hand_on(&self) -> bool {
        let making = [
            SERVICE_USERS_CREATE,
            SERVICE_USERS_TOKEN_UPDATE,
            SERVICE_USERS_ACCESS_KEYS_CREATE,
        ];
        self.0.iter().any(|permission| {
            permission.name().starts_with("roles.") || making.contains(permission)
        })
    }

    /// The names as a JSON list.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        self.0.iter().map(|permission| permission.name()).collect()
    }
}

read_as!(RolePermissions, Vec<Permission>);

impl TryFrom<Vec<Permission>> for RolePermissions {
    type Error = Invalid;

    fn try_from(permissions: Vec<Permission>) -> Result<Self, Invalid> {
        let mut names = Numbered::default();
        match permissions
            .iter()
            .find(|permission| !names.is_new(permission.name()))
        {
            Some(twice) => Err(Invalid::new(format!("'{}' stands twice", twice.name()))),
            None => Ok(Self(permissions)),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for RolePermissions {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RolePermissions".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<&str> = CATALOGUE
            .iter()
            .map(|permission| permission.name())
            .collect();
        schemars::json_schema!({
            "type": "array",
            "items": { "type": "string", "enum": names },
            "uniqueItems": true,
            "description": "Names of permissions, as GET /permissions lists them.",
            "examples": [["deployments.list", "deployments.get"]],
        })
    }
}
