//! The rate-limit binding `SHIELD` behind [`Shield`], where an installation has it.

use js_sys::futures::JsFuture;
use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use worker::worker_sys::types::RateLimiter;

use crate::platform::{Local, Shield};

/// The name of the binding in wrangler.toml.
const BINDING: &str = "SHIELD";

pub(super) struct Binding(Option<RateLimiter>);

impl Binding {
    pub(super) fn new(env: &Env) -> Self {
        let binding = Reflect::get(env, &BINDING.into()).ok();
        let binding = binding.filter(JsValue::is_object);
        Self(binding.map(JsCast::unchecked_into))
    }
}

impl Shield for Binding {
    fn allows<'a>(&'a self, address: &'a str) -> Local<'a, bool> {
        Box::pin(async move {
            match &self.0 {
                None => true,
                Some(binding) => ask(binding, address).await.unwrap_or(true),
            }
        })
    }
}

async fn ask(binding: &RateLimiter, address: &str) -> Result<bool, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"key".into(), &address.into())?;
    let outcome = JsFuture::from(binding.limit(options)?).await?;
    Ok(Reflect::get(&outcome, &"success".into())? != JsValue::FALSE)
}
