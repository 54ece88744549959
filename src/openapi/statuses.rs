//! What a route may answer besides its success, and with which credentials it is called: both follow from its access,
//! its method and its surface (contract sections 1 and 4), so no row of the table repeats them.

use http::Method;
use serde_json::{Map, Value, json};

use crate::auth::access::Access;
use crate::routes::Route;
use crate::routes::family::{Credentials, Family};
use crate::web::cors::Class;
use crate::web::surface as wire;

/// One of the ways in, each with its own form of errors.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Surface {
    /// `/v2.1`, the operator's, and what stands beside them.
    Plain,
    /// The request endpoints of `/v2.1`.
    Requests,
    /// The paths of `/v2.1` for the clients of OpenAI.
    OpenAi,
    /// `/v1`, for the clients of ModelArts.
    ModelArts,
}

impl Surface {
    pub(super) fn of(family: &Family) -> Self {
        match (family.surface, family.cors) {
            (wire::Surface::ModelArts, _) => Self::ModelArts,
            (wire::Surface::OpenAi, _) => Self::OpenAi,
            (wire::Surface::Sentences, Class::Requests) => Self::Requests,
            (wire::Surface::Sentences, _) => Self::Plain,
        }
    }

    /// The statuses of its errors.
    fn statuses(self) -> Vec<u16> {
        let mut statuses = vec![400, 401, 403, 404, 409, 413, 415, 503];
        match self {
            Self::OpenAi => statuses.extend([502, 504]),
            Self::Requests => statuses.extend([501, 502, 504]),
            Self::Plain => statuses.push(410),
            Self::ModelArts => {}
        }
        statuses
    }

    /// The name of the schema of its errors.
    fn error(self) -> &'static str {
        match self {
            Self::Plain => "Error",
            Self::Requests => "RequestError",
            Self::OpenAi => "OpenAiError",
            Self::ModelArts => "ModelArtsError",
        }
    }
}

/// The credentials that a route takes, any one of them.
pub(super) fn security(route: &Route) -> Value {
    match route.family.credentials {
        _ if route.access == Access::Public => json!([]),
        Credentials::None => json!([]),
        Credentials::Session => json!([{ "session": [] }]),
        Credentials::Token if route.family.cors == Class::Requests => json!([{ "token": [] }]),
        Credentials::Token => json!([{ "token": [] }, { "session": [] }]),
        Credentials::TokenOrSignature => {
            json!([{ "signature": [] }, { "authToken": [] }, { "token": [] }])
        }
    }
}

/// What any call of the ModelArts-compatible surface may end with (ModelArts spec section 3.2); a call that there is
/// never ends with 404.
const MODELARTS_STATUSES: [u16; 4] = [400, 401, 403, 503];

/// The statuses of a route's errors, in their order.
fn error_statuses(route: &Route) -> Vec<u16> {
    let access = route.access;
    if let Access::Workspaces(_) | Access::Workspace(_) = access {
        return MODELARTS_STATUSES.to_vec();
    }
    let reads = route.method == Method::GET;
    let takes_body = route.contract.body.is_some();
    let is_service = matches!(access, Access::Service(_));
    let passes_on = is_service || matches!(access, Access::Model(_));
    let signs_in = route.family.credentials == Credentials::Session && takes_body;
    let is_of_upstream = route.operation == "deployment_requests_result_create";
    let refuses_known_callers = matches!(
        access,
        Access::Operator
            | Access::Person
            | Access::OrganizationAdmin
            | Access::ProjectAdmin
            | Access::Project(_)
            | Access::Deployment(_)
            | Access::Model(_)
            | Access::Service(_)
            | Access::Pipeline(_)
            | Access::PersonOfProject(_)
    );
    let possible = [
        (
            400,
            !reads || is_service || !route.contract.query.is_empty(),
        ),
        (401, access != Access::Public || is_of_upstream || signs_in),
        (403, refuses_known_callers || !reads),
        (
            404,
            route.path.contains('{') || takes_body || route.path.starts_with("/session"),
        ),
        (409, route.operation == "operator_usage_events_create"),
        (410, is_of_upstream),
        (413, takes_body),
        (415, takes_body),
        (501, is_service),
        (502, passes_on),
        (503, true),
        (504, passes_on),
    ];
    let statuses = possible.into_iter().filter(|(_, possible)| *possible);
    statuses.map(|(status, _)| status).collect()
}

/// The errors of a route, by status.
pub(super) fn errors(route: &Route) -> Vec<(u16, Value)> {
    let schema = Surface::of(route.family).error();
    error_statuses(route)
        .into_iter()
        .map(|status| {
            let name = format!("#/components/responses/{schema}{status}");
            (status, json!({ "$ref": name }))
        })
        .collect()
}

/// What a status means here.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "The request succeeded.",
        201 => "The object was created.",
        204 => "The request succeeded; the response has no body.",
        400 => "The request is invalid: a field or a rule is violated.",
        401 => "The credential is missing, unknown, expired, reset or deleted.",
        403 => "The caller is known, but not allowed to do this.",
        404 => {
            "The object does not exist, or is in an organization or project that the caller has no part in."
        }
        409 => "The id of an event has already been reported with other content.",
        410 => "The result came too late: the request has already ended.",
        413 => "The body is longer than 1 MiB.",
        415 => {
            "The body is not declared as JSON, or it has a `Content-Encoding`: then the answer has `Accept-Encoding: \
             identity`."
        }
        501 => "WebSockets are not passed through.",
        502 => {
            "The upstream could not be reached, or its answer broke off; the time that it ran is charged."
        }
        504 => "The upstream took longer than the timeout; its time is charged.",
        503 => {
            "The database did not answer. With `Retry-After`, nothing was changed; without it, the outcome of a \
             write is unknown: read the object before you repeat the write."
        }
        _ => "The body says what happened.",
    }
}

/// A sentence as it comes with a status.
fn example(status: u16) -> &'static str {
    match status {
        400 => {
            "allowed_cors_origins[1]: 'https://a.com/x' has a path; an origin is scheme://host[:port]"
        }
        401 => "the token is not valid; it may be mistyped, expired, reset or deleted",
        403 => "only the operator may do this",
        404 => "there is no project 'vision'",
        409 => {
            "[3].id: 'meter-7/000123' has been reported with other content; an id stands for one event"
        }
        410 => "the request is failed, and has ended without its result",
        413 => "the body is longer than 1 MiB",
        501 => "WebSockets are not passed through",
        502 => "the upstream could not be reached",
        504 => "the upstream took longer than the timeout of 300 seconds",
        415 => "the body must be JSON; send Content-Type: application/json",
        _ => "the database did not answer; nothing was changed, try again",
    }
}

/// An error of the ModelArts-compatible surface as it comes with a status.
fn modelarts_example(status: u16) -> Value {
    let (code, message) = match status {
        401 => (
            "APIGW.0301",
            "Incorrect IAM authentication information: x-auth-token not found",
        ),
        403 => (
            "ModelArts.0112",
            "Policy doesn't allow modelarts:workspace:updateQuotas to be performed.",
        ),
        503 => ("ModelArts.7001", example(status)),
        _ => (
            "ModelArts.7005",
            "workspace:ccd05d1a553b4e188ea878e7dcb85e47 not existed",
        ),
    };
    json!({
        "error_code": code, "error_msg": message, "request_id": "13a9ba2768884528826e8e1002eab13d",
    })
}

/// An error of the OpenAI-compatible paths as it comes with a status.
fn openai_example(status: u16) -> Value {
    let (kind, param, code) = match status {
        401 => ("authentication_error", None, Some("invalid_api_key")),
        403 => ("permission_error", None, None),
        404 => (
            "invalid_request_error",
            Some("model"),
            Some("model_not_found"),
        ),
        502.. => ("server_error", None, None),
        _ => ("invalid_request_error", None, None),
    };
    let message = match status {
        404 => "there is no deployment 'llama' in this project",
        _ => example(status),
    };
    json!({ "error": { "message": message, "type": kind, "param": param, "code": code } })
}

/// The headers of an answer.
pub(super) fn header_references(is_public: bool) -> Value {
    let request_id = json!({ "$ref": "#/components/headers/X-Request-Id" });
    if is_public {
        json!({ "X-Request-Id": request_id })
    } else {
        let vary = json!({ "$ref": "#/components/headers/Vary" });
        json!({ "X-Request-Id": request_id, "Vary": vary })
    }
}

/// Every header that an answer may refer to.
pub(super) fn headers() -> Value {
    json!({
        "X-Request-Id": {
            "description": "Id of the request's line in the log.",
            "required": true,
            "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
            "example": "13a9ba2768884528826e8e1002eab13d",
        },
        "Vary": {
            "description": "`Origin`, wherever answers to different origins could differ.",
            "schema": { "type": "string" },
        },
        "Retry-After": {
            "description": "Seconds after which to try again; present only where nothing can have been written.",
            "schema": { "type": "string", "pattern": "^[0-9]+$" },
        },
        "Accept-Encoding": {
            "description": "`identity`, where the request's body had a `Content-Encoding` (RFC 9110 section 12.5.3).",
            "schema": { "type": "string" },
        },
        "WWW-Authenticate": {
            "description": "Authentication scheme to use, always `Token` (RFC 9110 section 11.6.1).",
            "schema": { "type": "string" },
        },
    })
}

/// Every error that an operation may refer to: `<schema><status>`.
pub(super) fn responses() -> Map<String, Value> {
    let mut responses = Map::new();
    let surfaces = [
        Surface::Plain,
        Surface::Requests,
        Surface::OpenAi,
        Surface::ModelArts,
    ];
    for surface in surfaces {
        for status in surface.statuses() {
            let mut headers = header_references(false);
            if let Value::Object(headers) = &mut headers {
                let own = match status {
                    401 => Some("WWW-Authenticate"),
                    415 => Some("Accept-Encoding"),
                    503 => Some("Retry-After"),
                    _ => None,
                };
                if let Some(name) = own {
                    let reference = json!({ "$ref": format!("#/components/headers/{name}") });
                    headers.insert(name.to_owned(), reference);
                }
            }
            let schema = surface.error();
            let content = json!({
                "schema": { "$ref": format!("#/components/schemas/{schema}") },
                "example": surface.example(status),
            });
            let response = json!({
                "description": reason(status),
                "headers": headers,
                "content": { "application/json": content },
            });
            responses.insert(format!("{schema}{status}"), response);
        }
    }
    responses
}

impl Surface {
    fn example(self, status: u16) -> Value {
        let sentence = example(status);
        match self {
            Self::Plain => json!({ "error": sentence }),
            Self::Requests => json!({ "error": sentence, "error_message": sentence }),
            Self::OpenAi => openai_example(status),
            Self::ModelArts => modelarts_example(status),
        }
    }
}

/// The schemas of the errors.
pub(super) fn error_schemas() -> Map<String, Value> {
    let sentence = json!({ "type": "string", "minLength": 1, "description": "What went wrong, as one sentence for people." });
    let detail = json!({
        "type": "string", "minLength": 1,
        "description": "What went wrong, as one sentence for people, where `error` has words that some client \
                        compares.",
    });
    let mut schemas = Map::new();
    let error = json!({
        "type": "object",
        "description": "An error: why a call failed.",
        "properties": { "error": sentence, "detail": detail },
        "required": ["error"],
    });
    let request_error = json!({
        "type": "object",
        "description": "An error: why a request failed, as the same sentence under both names that the real clients \
                        read.",
        "properties": { "error": sentence, "error_message": sentence, "detail": detail },
        "required": ["error", "error_message"],
    });
    schemas.insert("Error".to_owned(), error);
    schemas.insert("RequestError".to_owned(), request_error);
    let openai_error = json!({
        "type": "object",
        "description": "An error: why a call failed, in the form that the clients of OpenAI read.",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "message": sentence,
                    "type": { "type": "string", "description": "Kind of the error." },
                    "param": { "type": ["string", "null"], "description": "Name of the wrong parameter: `model`, \
                                                                           where there is no such model." },
                    "code": { "type": ["string", "null"], "description": "Code of the error, such as \
                                                                          `model_not_found`." },
                },
                "required": ["message", "type", "param", "code"],
            },
        },
        "required": ["error"],
    });
    schemas.insert("OpenAiError".to_owned(), openai_error);
    let modelarts_error = json!({
        "type": "object",
        "description": "An error: why a call failed, in the form that the clients of ModelArts read.",
        "properties": {
            "error_code": { "type": "string", "minLength": 1, "description": "Code of the error." },
            "error_msg": sentence,
            "request_id": { "type": "string", "description": "Id of the request, the same as in `X-Request-Id`." },
        },
        "required": ["error_code", "error_msg", "request_id"],
    });
    schemas.insert("ModelArtsError".to_owned(), modelarts_error);
    schemas
}

/// The ways to show who is calling.
pub(super) fn security_schemes() -> Value {
    json!({
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token <token>`: a person's, a service user's or the operator's token.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": crate::auth::cookie::NAME,
            "description": "A session on a page of this host, which `POST /session` opens. A browser sends it; it counts on \
                            calls that such a page makes itself.",
        },
        "authToken": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Auth-Token",
            "description": "The same token, in the header in which the clients of ModelArts send it.",
        },
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`SDK-HMAC-SHA256 Access=<access key>, SignedHeaders=<names>, Signature=<hex>`: Huawei Cloud's \
                            SDKs sign each request with the secret of an access key.",
        },
    })
}
