//! The runtime's parser of hosts, which is the one of its `URL` (see [`crate::domain::host`]).

use js_sys::{Array, Function, Reflect, global};
use wasm_bindgen::JsCast;

/// The host as `new URL("http://" + host).hostname` has it. The caller has made sure that the text is nothing but a
/// host: no port, path, user or white space, which a whole URL would take.
pub(super) fn parse(host: &str) -> Option<String> {
    let constructor: Function = Reflect::get(&global(), &"URL".into())
        .ok()?
        .dyn_into()
        .ok()?;
    let arguments = Array::of1(&format!("http://{host}").into());
    let url = Reflect::construct(&constructor, &arguments).ok()?;
    let hostname = Reflect::get(&url, &"hostname".into()).ok()?;
    hostname.as_string().filter(|hostname| !hostname.is_empty())
}
