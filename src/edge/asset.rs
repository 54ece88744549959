//! The file behind a response, from the Worker's static assets straight to the client: its bytes never enter the module.

use js_sys::futures::JsFuture;
use js_sys::{Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Headers, RequestInit, Response as WebResponse};
use worker::Env;

use super::response;
use crate::error::Error;
use crate::web::response::Asset;
use crate::web::sentences;

/// The binding of `public/` in wrangler.toml.
const BINDING: &str = "ASSETS";
/// Headers of a file that only its server knows: with them a client need not fetch it twice.
const OF_FILE: [&str; 2] = ["etag", "cache-control"];

/// Who may keep a file whose name says what is in it, and for how long (RFC 8246).
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const OF_ANOTHER_BUILD: &str = "this file is of another build; load the page again";

/// Headers that the refusal of a missing file keeps.
const OF_EVERY_ANSWER: [&str; 2] = ["x-request-id", "x-content-type-options"];

#[wasm_bindgen]
extern "C" {
    /// What has the files.
    type Assets;
    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Assets, url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

/// The response with these headers and the file for its body; 503 when the file was not deployed.
pub(super) async fn to_web(
    lines: &[(&'static str, String)],
    asset: &Asset,
    env: &Env,
) -> worker::Result<WebResponse> {
    match fetch(lines, asset, env).await {
        Ok(Some(found)) => Ok(found),
        missing => {
            let error = match missing {
                Ok(_) if asset.is_hashed => Error::not_found(OF_ANOTHER_BUILD),
                missing => {
                    let missing = format!("public{} could not be had: {missing:?}", asset.path);
                    worker::console_error!("{missing}");
                    Error::misconfigured(&missing)
                }
            };
            let refusal = sentences::to_response(&error);
            let kept = lines.iter();
            let kept = kept.filter(|(name, _)| OF_EVERY_ANSWER.contains(name));
            let headers: Vec<_> = refusal.headers.iter().chain(kept).cloned().collect();
            let init = response::init(refusal.status.as_u16(), &response::headers(&headers)?);
            let mut body = refusal.body.into_bytes();
            let made = WebResponse::new_with_opt_u8_array_and_init(Some(&mut body), &init);
            Ok(made?)
        }
    }
}

async fn fetch(
    lines: &[(&'static str, String)],
    asset: &Asset,
    env: &Env,
) -> worker::Result<Option<WebResponse>> {
    let request = RequestInit::new();
    if asset.is_head {
        request.set_method("HEAD");
    }
    if let Some(tags) = &asset.if_none_match {
        let headers = Headers::new()?;
        headers.set("if-none-match", tags)?;
        request.set_headers(&headers);
    }
    // Only the path counts; the host is nobody's (RFC 6761 section 6.4).
    let url = format!("https://assets.invalid{}", asset.path);
    let assets = Reflect::get(env, &BINDING.into())?.unchecked_into::<Assets>();
    let found = JsFuture::from(assets.fetch(&url, &request)?).await?;
    let found = found.unchecked_into::<WebResponse>();
    if !matches!(found.status(), 200 | 304) {
        return Ok(None);
    }
    let headers = response::headers(lines)?;
    for name in OF_FILE {
        if let Some(value) = found.headers().get(name)? {
            headers.set(name, &value)?;
        }
    }
    if asset.is_hashed {
        headers.set("cache-control", FOR_EVER)?;
    }
    let init = response::init(found.status(), &headers);
    let body = found.body();
    let made = WebResponse::new_with_opt_readable_stream_and_init(body.as_ref(), &init)?;
    Ok(Some(made))
}
