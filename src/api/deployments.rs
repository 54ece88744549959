//! Requests to deployments and pipelines: known to rights and to CORS, but there is nothing yet to send them to.

use crate::api::Call;
use crate::domain::quoted;
use crate::http::error::Error;
use crate::http::response::Response;

/// Any request to a deployment: there is none of this name.
pub(crate) async fn no_such_deployment(call: &mut Call<'_>) -> Result<Response, Error> {
    let name = quoted(call.parameter("deployment_name"));
    Err(Error::not_found(format!(
        "there is no deployment {name} in this project"
    )))
}

/// Any request to a pipeline: there is none of this name.
pub(crate) async fn no_such_pipeline(call: &mut Call<'_>) -> Result<Response, Error> {
    let name = quoted(call.parameter("pipeline_name"));
    Err(Error::not_found(format!(
        "there is no pipeline {name} in this project"
    )))
}

/// `GET /projects/{p}/requests`: there are no requests.
pub(crate) async fn no_requests(_: &mut Call<'_>) -> Result<Response, Error> {
    Err(Error::not_found("this project has no requests to list"))
}
