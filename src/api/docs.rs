//! `GET /openapi.json` and `/docs`: the document of the API, and the page that renders it.
//!
//! Both are files of `public/`. They go through the app like any other call, so they carry a request id and are
//! logged; what the page may do is told to the browser with each of its files.

use std::borrow::Cow;

use http::Method;

use crate::api::Call;
use crate::domain::quoted;
use crate::error::Error;
use crate::web::response::{Asset, JSON, Response};

/// What the page may load and whom it may call: this installation alone (CSP Level 3). No script and no style may stand
/// in the page itself, nor may text become a script; `data:` is for the viewer's icons.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct File {
    name: &'static str,
    path: &'static str,
    media_type: &'static str,
}

const PAGE: File = File {
    name: "",
    path: "/docs/index.html",
    media_type: "text/html; charset=utf-8",
};
const DOCUMENT: File = File {
    name: "",
    path: "/openapi.json",
    media_type: JSON,
};

/// What the page needs: its own script and style, and the viewer's, which `scripts/build-docs.sh` copies.
const FILES: &[File] = &[
    File {
        name: "page.css",
        path: "/docs/page.css",
        media_type: "text/css; charset=utf-8",
    },
    File {
        name: "start.js",
        path: "/docs/start.js",
        media_type: "text/javascript; charset=utf-8",
    },
    File {
        name: "icon.svg",
        path: "/docs/icon.svg",
        media_type: "image/svg+xml",
    },
    File {
        name: "viewer.css",
        path: "/docs/viewer.css",
        media_type: "text/css; charset=utf-8",
    },
    File {
        name: "viewer.js",
        path: "/docs/viewer.js",
        media_type: "text/javascript; charset=utf-8",
    },
    File {
        name: "viewer.LICENSE.txt",
        path: "/docs/viewer.LICENSE.txt",
        media_type: "text/plain; charset=utf-8",
    },
];

/// The file of this path below `public/`; whether its name says what is in it.
pub(crate) fn send(
    call: &Call<'_>,
    path: Cow<'static, str>,
    media_type: &'static str,
    is_hashed: bool,
) -> Response {
    let asset = Asset {
        path,
        is_hashed,
        is_head: call.request.method == Method::HEAD,
        if_none_match: call.request.header("if-none-match"),
    };
    Response::file(asset, media_type)
}

fn of(call: &Call<'_>, file: &File) -> Response {
    send(call, file.path.into(), file.media_type, false)
}

/// `GET /openapi.json`.
pub(crate) async fn document(call: &mut Call<'_>) -> Result<Response, Error> {
    Ok(of(call, &DOCUMENT))
}

/// `GET /docs`.
pub(crate) async fn page(call: &mut Call<'_>) -> Result<Response, Error> {
    let mut response = of(call, &PAGE);
    response.header("content-security-policy", POLICY);
    response.header("referrer-policy", "no-referrer");
    Ok(response)
}

/// `GET /docs/{file}`.
pub(crate) async fn file(call: &mut Call<'_>) -> Result<Response, Error> {
    let wanted = call.parameter("file");
    match FILES.iter().find(|file| file.name == wanted) {
        Some(file) => Ok(of(call, file)),
        None => {
            let sentence = format!("the page has no file {}", quoted(wanted));
            Err(Error::not_found(sentence))
        }
    }
}
