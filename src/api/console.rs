//! `/console`: the pages on which people sign in and look after what is theirs (contract section 8).
//!
//! There is one file for all pages, whose script finds by the path which to show; and the files that it loads, whose names
//! say what is in them.

use http::StatusCode;

use crate::api::Call;
use crate::api::docs::send;
use crate::auth::cookie;
use crate::domain::quoted;
use crate::error::Error;
use crate::web::response::Response;

/// What a page may do: load what is of this host, call this host alone, and turn no text into script but what the console's
/// framework has as its templates (CSP Level 3; Trusted Types, section 4.1.1).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types svelte-trusted-html";
const PERMISSIONS: &str = "camera=(), geolocation=(), microphone=(), publickey-credentials-create=(self), \
                           publickey-credentials-get=(self)";
/// Where the page is.
const PAGE: &str = "/console";
/// What its files may be, by the ends of their names.
const MEDIA_TYPES: [(&str, &str); 4] = [
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("woff2", "font/woff2"),
];

/// The 404 of a host that is not the console's, which says where that is.
///
/// # Errors
/// That 404, unless the console is on the host that is called.
pub(crate) fn host(call: &Call<'_>) -> Result<String, Error> {
    cookie::console_host(call.request, call.config).ok_or_else(|| {
        let origin = call.config.console_origin.as_ref();
        let origin = origin.map_or("", |origin| origin.as_str());
        Error::not_found(format!("people sign in at {origin}{PAGE}"))
    })
}

/// `GET /console`, and whatever page is below it.
pub(crate) async fn page(call: &mut Call<'_>) -> Result<Response, Error> {
    host(call)?;
    let mut response = send(
        call,
        "/console/index.html".into(),
        "text/html; charset=utf-8",
        false,
    );
    response.header("content-security-policy", POLICY);
    response.header("cross-origin-opener-policy", "same-origin");
    response.header("permissions-policy", PERMISSIONS);
    response.header("referrer-policy", "no-referrer");
    Ok(response)
}

/// `GET /console/assets/{file}`.
pub(crate) async fn file(call: &mut Call<'_>) -> Result<Response, Error> {
    host(call)?;
    let name = call.parameter("file");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    let known = MEDIA_TYPES.iter().find(|(known, _)| *known == end);
    match known.filter(|_| name.bytes().all(is_plain)) {
        Some((_, media_type)) => {
            let path = format!("/console/assets/{name}");
            Ok(send(call, path.into(), media_type, true))
        }
        None => Err(no_file(name)),
    }
}

/// The 404 of a file that is not there: never the page in its stead, which a browser would take for a script.
pub(crate) fn no_file(name: &str) -> Error {
    Error::not_found(format!("the console has no file {}", quoted(name)))
}

/// `GET /`: leads to the console.
pub(crate) async fn root(call: &mut Call<'_>) -> Result<Response, Error> {
    let origin = call.config.console_origin.as_ref();
    let origin = origin.map_or("", |origin| origin.as_str());
    let mut response = Response::empty(StatusCode::FOUND);
    response.header("location", format!("{origin}{PAGE}"));
    Ok(response)
}
