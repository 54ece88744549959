//! The runtime's parser of URLs (see [`crate::domain::web_url`]).

use js_sys::{Array, Function, Reflect, global};
use wasm_bindgen::JsCast;

use crate::domain::web_url::WebUrl;

/// What `new URL(text)` says; none where it throws.
pub(super) fn parse(text: &str) -> Option<WebUrl> {
    let constructor: Function = Reflect::get(&global(), &"URL".into())
        .ok()?
        .dyn_into()
        .ok()?;
    let url = Reflect::construct(&constructor, &Array::of1(&text.into())).ok()?;
    let property = |name: &str| Reflect::get(&url, &name.into()).ok()?.as_string();
    Some(WebUrl {
        href: property("href")?,
        protocol: property("protocol")?,
        has_user: !(property("username")?.is_empty() && property("password")?.is_empty()),
        hostname: property("hostname")?,
        port: property("port")?,
        search: property("search")?,
    })
}
