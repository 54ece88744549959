//! The service itself: whether it is up, its document and page, and who a token stands for.

use super::{Route, routes};
use crate::api;
use http::Method;

/// Calls of UbiOps' sessions that are not served and answer 404 (contract section 4), though their path has other
/// methods.
pub(super) const NOT_SERVED: [(Method, &str); 2] =
    [(Method::POST, "/v2.1/user"), (Method::POST, "/user")];

pub(super) static TABLE: &[Route] = routes! {
    family PUBLIC;
    "/health" {
        GET health, Public, "Check whether the database answers, and what is behind"
            => api::status::health, gives 200 api::status::Health;
    }
    "/openapi.json" {
        GET openapi, Public, "Read the document of this API, in OpenAPI 3.1"
            => api::docs::document, gives 200 Document;
    }
    "/docs" {
        GET docs, Public, "Show a page that presents this API document and tries calls"
            => api::docs::page, gives 200 Html;
    }
    "/docs/{file}" {
        GET docs_file, Public, "Read a file that the documentation page needs"
            => api::docs::file, gives 200 File;
    }
    "/" {
        GET root, Public, "Go to the console"
            => api::console::root, gives 302 Nothing;
    }
    "/console" {
        GET console, Public, "Show the console; its pages are below this path"
            => api::console::page, gives 200 Html;
    }
    "/console/assets/{file}" {
        GET console_file, Public, "Read a file that the console needs"
            => api::console::file, gives 200 File;
    }
    "/v2.1/status" {
        GET status, Public, "Read whether the service is up"
            => api::status::status, gives 200 api::status::Status;
    }
    "/status" {
        GET status_at_root, Public, "Read whether the service is up, for clients without a base path"
            => api::status::status, gives 200 api::status::Status;
    }

    family OUTSIDE_PROJECTS;
    "/metrics" {
        GET metrics, Operator, "Read figures of the installation, in the text format of Prometheus"
            => api::metrics::show, gives 200 PlainText;
    }
    "/v2.1/user" {
        GET user_get, Anyone, "Read who the token belongs to"
            => api::user::get, gives 200 api::user::UserDetail;
    }
    "/user" {
        GET user_get_at_root, Anyone, "Read who the token belongs to, for clients without a base path"
            => api::user::get, gives 200 api::user::UserDetail;
    }
};
