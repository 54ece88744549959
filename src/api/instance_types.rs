//! `GET /projects/{p}/instance-types`: the price list, as UbiOps' clients read it: since 4.5.0 as a page, of which there is one,
//! before that as a list.

use serde::Serialize;

use crate::api::{Call, OnProject};
use crate::domain::Credits;
use crate::error::Error;
use crate::store::instance_types;
use crate::web::client::reads_instance_types_as_a_list;
use crate::web::response::Response;

/// An instance type. Its hardware is known where it runs, and not here.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct InstanceTypeList {
    /// Name of the instance type, which is unique.
    pub id: String,
    /// Name of the instance type.
    pub name: String,
    /// Name of the instance type, for people.
    pub display_name: String,
    /// Price per hour, in credits.
    pub credit_rate: Credits,
    /// Always false.
    pub dedicated_node: bool,
}

/// A page of instance types.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct InstanceTypePage {
    /// Always null: there is only one page.
    pub next: Option<String>,
    /// Always null: there is only one page.
    pub previous: Option<String>,
    /// All instance types, by name.
    pub results: Vec<InstanceTypeList>,
}

/// `GET /projects/{p}/instance-types`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let types = instance_types::list(call.connection).await?;
    let mut results = Vec::with_capacity(types.len());
    for known in types {
        let credit_rate = Credits::from_millionths(known.credits_per_hour)
            .map_err(|invalid| Error::inconsistent(format!("instance_types: {invalid}")))?;
        results.push(InstanceTypeList {
            id: known.name.clone(),
            display_name: known.name.clone(),
            name: known.name,
            credit_rate,
            dedicated_node: false,
        });
    }
    match reads_instance_types_as_a_list(call.request) {
        true => Response::ok(&results),
        false => Response::ok(&InstanceTypePage {
            next: None,
            previous: None,
            results,
        }),
    }
}
