//! The errors of the ModelArts-compatible surface: a code, a message and the request's id (ModelArts spec section 3.2).
//!
//! An error that has a code of its own is made here; every other one gets the code of its kind when it goes out. The
//! SDK needs `error_code` and `error_msg` both, and reads the id from the header `X-Request-Id` alone. It throws the
//! body of a 429 away, so nothing on this surface ever has that status.

use http::StatusCode;
use serde::Serialize;

use crate::domain::quoted;
use crate::error::{Error, Kind};
use crate::http::response::Response;

/// Parameter error.
const PARAMETER: &str = "ModelArts.0104";
/// Policy doesn't allow the operation.
const POLICY: &str = "ModelArts.0112";
/// The quota is used up.
const QUOTA_INSUFFICIENT: &str = "ModelArts.0118";
/// The project in the URL is not one of the caller's.
const FOREIGN_PROJECT: &str = "ModelArts.0210";
/// The default workspace cannot be changed like this.
const DEFAULT_WORKSPACE: &str = "ModelArts.3566";
/// An error inside.
const INTERNAL: &str = "ModelArts.7001";
/// There is no such workspace. The status is 400, whatever one would expect.
const NO_WORKSPACE: &str = "ModelArts.7005";
/// There are as many workspaces as there may be.
const TOO_MANY_WORKSPACES: &str = "ModelArts.7006";
/// There is no such call.
const NO_API: &str = "APIGW.0101";
/// The credential is not valid.
const AUTHENTICATION: &str = "APIGW.0301";

/// The workspace is not there, or is in another project.
#[must_use]
pub fn no_workspace(id: &str) -> Error {
    let id = quoted(id);
    Error::invalid(format!("workspace:{} not existed", id.trim_matches('\'')))
        .with_code(NO_WORKSPACE)
}

/// The caller may not do it; the action is Huawei Cloud's name of it, like `updateQuotas`.
#[must_use]
pub fn not_allowed(action: &str) -> Error {
    Error::forbidden(format!(
        "Policy doesn't allow modelarts:workspace:{action} to be performed."
    ))
    .with_code(POLICY)
}

/// Nobody may do it now, and why.
#[must_use]
pub fn not_allowed_since(action: &str, why: &str) -> Error {
    Error::forbidden(format!(
        "Policy doesn't allow modelarts:workspace:{action} to be performed: {why}."
    ))
    .with_code(POLICY)
}

/// The project is not there or not the caller's, or `X-Project-Id` names another one.
#[must_use]
pub fn foreign_project() -> Error {
    Error::forbidden("The project id in the request URL does not match the token.")
        .with_code(FOREIGN_PROJECT)
}

/// The default workspace is not renamed and not deleted.
#[must_use]
pub fn default_workspace() -> Error {
    Error::invalid("Forbidden to modify the default workspace.").with_code(DEFAULT_WORKSPACE)
}

/// The project has as many workspaces as it may.
#[must_use]
pub fn too_many_workspaces(limit: i64) -> Error {
    Error::invalid(format!("workspace number over limit, limit: {limit}"))
        .with_code(TOO_MANY_WORKSPACES)
}

/// A consumption would pass the quota.
#[must_use]
pub fn quota_insufficient(resource: &str, amount: i64, used: i64, quota: i64) -> Error {
    Error::invalid(format!(
        "QuotaInsufficient: The expected {resource} exceeds the quota limit. {used} of {quota} are used, {amount} \
         more were asked for."
    ))
    .with_code(QUOTA_INSUFFICIENT)
}

/// The response to a failed call.
#[must_use]
pub fn to_response(error: &Error, request_id: &str) -> Response {
    let (status, code) = match error.kind() {
        Kind::Invalid
        | Kind::Conflict
        | Kind::TooLarge
        | Kind::UnsupportedMediaType
        | Kind::UnsupportedCoding => (StatusCode::BAD_REQUEST, PARAMETER),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, AUTHENTICATION),
        Kind::Forbidden => (StatusCode::FORBIDDEN, POLICY),
        Kind::NotFound | Kind::MethodNotAllowed(_) => (StatusCode::NOT_FOUND, NO_API),
        Kind::Unavailable | Kind::OutcomeUnknown | Kind::Misconfigured | Kind::Inconsistent => {
            (error.status(), INTERNAL)
        }
    };
    let sentence = error.sentence();
    let error_msg = match code {
        AUTHENTICATION => format!("Incorrect IAM authentication information: {sentence}"),
        NO_API => "The API does not exist or has not been published in the environment.".to_owned(),
        _ => sentence.to_owned(),
    };
    let body = ErrorBody {
        error_code: error.code().unwrap_or(code),
        error_msg: &error_msg,
        request_id,
    };
    error.response_of(status, &body)
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error_code: &'a str,
    error_msg: &'a str,
    request_id: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(error: &Error) -> (u16, serde_json::Value) {
        let response = to_response(error, "0b67bf0abe6d9a8844030ded87109c9f");
        let body = serde_json::from_slice(&response.body.into_bytes()).unwrap();
        (response.status.as_u16(), body)
    }

    #[test]
    fn every_kind_has_a_status_and_a_code_that_are_published() {
        for (error, status, code) in [
            (Error::invalid("x"), 400, PARAMETER),
            (Error::too_large(1), 400, PARAMETER),
            (Error::unsupported_media_type(), 400, PARAMETER),
            (Error::unsupported_coding("gzip"), 400, PARAMETER),
            (Error::unauthenticated("x"), 401, AUTHENTICATION),
            (Error::forbidden("x"), 403, POLICY),
            (Error::not_found("x"), 404, NO_API),
            (
                Error::method_not_allowed("PUT", "GET".to_owned()),
                404,
                NO_API,
            ),
            (Error::unavailable("x"), 503, INTERNAL),
            (Error::outcome_unknown("x"), 503, INTERNAL),
            (Error::inconsistent("x"), 500, INTERNAL),
            (no_workspace("x"), 400, NO_WORKSPACE),
            (foreign_project(), 403, FOREIGN_PROJECT),
        ] {
            let (shown_status, body) = shown(&error);
            assert_eq!((shown_status, &body["error_code"]), (status, &code.into()));
            assert!(
                body["error_msg"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty())
            );
            assert_eq!(body["request_id"], "0b67bf0abe6d9a8844030ded87109c9f");
        }
    }

    #[test]
    fn the_message_about_a_missing_workspace_is_the_published_one() {
        let (_, body) = shown(&no_workspace("ccd05d1a"));
        assert_eq!(body["error_msg"], "workspace:ccd05d1a not existed");
    }
}
