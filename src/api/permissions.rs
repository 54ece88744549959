//! `GET /permissions`: the catalogue.

use serde::Serialize;

use crate::api::Call;
use crate::auth::permissions::CATALOGUE;
use crate::error::Error;
use crate::web::response::Response;

/// A permission.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PermissionList {
    /// Name of the permission, `<object>[.<sub-object>].<action>`.
    pub name: &'static str,
}

/// `GET /permissions`.
pub(crate) async fn list(_: &mut Call<'_>) -> Result<Response, Error> {
    let names = CATALOGUE.iter().map(|permission| PermissionList {
        name: permission.name(),
    });
    Response::list(names)
}
