//! What versions of deployments and of pipelines are alike in: the half of a handler that is behind its body.

use crate::api::Call;
use crate::api::labels::{label_filter, with_any_label};
use crate::http::error::Error;
use crate::http::response::Response;
use crate::store::versions::{self, NewVersion, Version, VersionChanges, Whole};

/// Creates what a body has asked for.
pub(super) async fn create(call: &Call<'_>, new: &NewVersion) -> Result<Whole, Error> {
    versions::create(
        call.session,
        &call.authority,
        &call.occasion()?,
        call.project()?,
        call.object()?,
        new,
    )
    .await
}

/// Those in the path that have one of the labels that the query asks for.
pub(super) async fn list(call: &Call<'_>) -> Result<Vec<Version>, Error> {
    let wanted = label_filter(&call.query)?;
    let listed = versions::list(call.session, call.object()?).await?;
    with_any_label(listed, &wanted, |version| &version.labels)
}

/// The one in the path.
pub(super) async fn get(call: &Call<'_>) -> Result<Whole, Error> {
    versions::get(call.session, call.object()?, call.parameter("version")).await
}

/// Makes the changes that a body has asked for; answers what there is, if it has asked for none.
pub(super) async fn update(call: &Call<'_>, changes: &VersionChanges) -> Result<Whole, Error> {
    if changes.is_empty() {
        return get(call).await;
    }
    versions::update(
        call.session,
        &call.authority,
        &call.occasion()?,
        call.project()?,
        call.object()?,
        call.parameter("version"),
        changes,
    )
    .await
}

/// `DELETE .../versions/{version}`, of a deployment or a pipeline.
pub(crate) async fn delete(call: &mut Call<'_>) -> Result<Response, Error> {
    versions::delete(
        call.session,
        &call.authority,
        &call.occasion()?,
        call.project()?,
        call.object()?,
        call.parameter("version"),
    )
    .await?;
    Ok(Response::no_content())
}
