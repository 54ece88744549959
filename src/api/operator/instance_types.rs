//! `/operator/v1/instance-types`: the price list that metering uses.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::Call;
use crate::domain::{Credits, InstanceTypeName};
use crate::error::Error;
use crate::store::instance_types;
use crate::web::response::Response;

object! {
    /// The price of an instance type to set.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct InstanceTypePut {
        /// Credits per hour.
        pub credits_per_hour: Credits,
    }
}

/// An instance type with its price.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct InstanceTypeDetail {
    /// Name of the instance type.
    pub name: String,
    /// Credits per hour.
    pub credits_per_hour: Credits,
}

/// `GET /operator/v1/instance-types`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let types = instance_types::list(call.connection).await?;
    Response::list_of(types.into_iter().map(|instance_type| {
        let credits_per_hour = Credits::from_millionths(instance_type.credits_per_hour)
            .map_err(|invalid| Error::inconsistent(format!("instance_types: {invalid}")))?;
        Ok(InstanceTypeDetail {
            name: instance_type.name,
            credits_per_hour,
        })
    }))
}

/// `PUT /operator/v1/instance-types/{instance_type}`.
pub(crate) async fn put(call: &mut Call<'_>) -> Result<Response, Error> {
    let body: InstanceTypePut = call.body().await?;
    let name = InstanceTypeName::parse(call.parameter("instance_type"))
        .map_err(|invalid| Error::field("name", &invalid))?;
    let price = body.credits_per_hour;
    instance_types::put(&call.change_context()?, &name, price).await?;
    Response::ok(&InstanceTypeDetail {
        name: name.as_str().to_owned(),
        credits_per_hour: price,
    })
}
