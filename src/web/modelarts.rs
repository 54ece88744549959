//! The errors of the ModelArts-compatible surface: a code, a message and the request's id (ModelArts spec section 3.2).
//!
//! An error whose reason has a code gets that, every other one the code of its kind. The SDK needs `error_code` and
//! `error_msg` both, and reads the id from the header `X-Request-Id` alone. It throws the body of a 429 away, so nothing
//! on this surface ever has that status.

use http::StatusCode;
use serde::Serialize;

use crate::domain::quoted;
use crate::error::{Error, Kind, Reason};
use crate::web::failure;
use crate::web::response::Response;

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

/// The response to a failed call.
#[must_use]
pub fn to_response(error: &Error, request_id: &str) -> Response {
    let (status, error_code, error_msg) = of_reason(error).unwrap_or_else(|| of_kind(error));
    let body = ErrorBody {
        error_code,
        error_msg: &error_msg,
        request_id,
    };
    failure::response(error, status, &body)
}

/// The status, the code and the published message of an error's reason, if that has a code.
fn of_reason(error: &Error) -> Option<(StatusCode, &'static str, String)> {
    let bad_request = |code, message| Some((StatusCode::BAD_REQUEST, code, message));
    let forbidden = |code, message| Some((StatusCode::FORBIDDEN, code, message));
    match error.reason()? {
        Reason::NoSuchWorkspace { id } => {
            let id = quoted(id);
            let id = id.trim_matches('\'');
            bad_request(NO_WORKSPACE, format!("workspace:{id} not existed"))
        }
        Reason::DefaultWorkspace => bad_request(
            DEFAULT_WORKSPACE,
            "Forbidden to modify the default workspace.".to_owned(),
        ),
        Reason::TooManyWorkspaces { limit } => bad_request(
            TOO_MANY_WORKSPACES,
            format!("workspace number over limit, limit: {limit}"),
        ),
        Reason::QuotaInsufficient {
            resource,
            amount,
            used,
            leased,
            quota,
        } => bad_request(
            QUOTA_INSUFFICIENT,
            format!(
                "QuotaInsufficient: The expected {resource} exceeds the quota limit. {used} of {quota} are used{}, \
                 {amount} more were asked for.",
                match leased {
                    0 => String::new(),
                    leased => format!(" and {leased} held by requests under way"),
                }
            ),
        ),
        Reason::ForeignProject => forbidden(
            FOREIGN_PROJECT,
            "The project id in the request URL does not match the token.".to_owned(),
        ),
        Reason::NotAllowed { permission } => forbidden(POLICY, format!("{}.", denial(*permission))),
        Reason::NotAllowedNow { permission } => forbidden(
            POLICY,
            format!("{}: {}.", denial(*permission), error.sentence()),
        ),
        Reason::NoSuchDeployment | Reason::NoSuchDeploymentVersion | Reason::NoSuchModel => None,
    }
}

/// The status, the code and the message of an error's kind.
fn of_kind(error: &Error) -> (StatusCode, &'static str, String) {
    let sentence = error.sentence();
    match error.kind() {
        Kind::Invalid
        | Kind::Conflict
        | Kind::TooLarge
        | Kind::UnsupportedMediaType
        | Kind::UnsupportedCoding => (StatusCode::BAD_REQUEST, PARAMETER, sentence.to_owned()),
        Kind::Unauthenticated => (
            StatusCode::UNAUTHORIZED,
            AUTHENTICATION,
            format!("Incorrect IAM authentication information: {sentence}"),
        ),
        Kind::Forbidden => (StatusCode::FORBIDDEN, POLICY, sentence.to_owned()),
        Kind::NotFound | Kind::MethodNotAllowed(_) => (
            StatusCode::NOT_FOUND,
            NO_API,
            "The API does not exist or has not been published in the environment.".to_owned(),
        ),
        // The last six have no way to this surface.
        Kind::Unavailable
        | Kind::OutcomeUnknown
        | Kind::Misconfigured
        | Kind::Inconsistent
        | Kind::Gone
        | Kind::Unprocessable
        | Kind::TooMany { .. }
        | Kind::Unsettled
        | Kind::UpstreamFailed
        | Kind::UpstreamTooSlow
        | Kind::NotPassed => (failure::status(error), INTERNAL, sentence.to_owned()),
    }
}

/// That the policy denies what a permission allows, which Huawei Cloud names like `updateQuotas` (ModelArts spec
/// section 3.2).
fn denial(permission: Option<&str>) -> String {
    let name = permission.unwrap_or("use");
    let name = name.strip_prefix("workspaces.").unwrap_or(name);
    let action = match name.strip_prefix("quotas.") {
        Some(verb) => format!("{verb}Quotas"),
        None => name.to_owned(),
    };
    format!("Policy doesn't allow modelarts:workspace:{action} to be performed")
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

    fn no_workspace(id: &str) -> Error {
        Error::invalid("x").because(Reason::NoSuchWorkspace { id: id.to_owned() })
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
            (
                Error::forbidden("x").because(Reason::ForeignProject),
                403,
                FOREIGN_PROJECT,
            ),
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

    #[test]
    fn a_permission_has_the_name_that_huawei_cloud_gives_its_action() {
        for (permission, action) in [
            (Some("workspaces.quotas.update"), "updateQuotas"),
            (Some("workspaces.create"), "create"),
            (None, "use"),
        ] {
            let (_, body) =
                shown(&Error::forbidden("x").because(Reason::NotAllowed { permission }));
            let denied = format!("modelarts:workspace:{action} to be performed.");
            assert_eq!(body["error_msg"], format!("Policy doesn't allow {denied}"));
        }
    }
}
