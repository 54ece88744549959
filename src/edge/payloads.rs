//! KV behind [`Payloads`].

use js_sys::futures::JsFuture;
use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

use crate::platform::{Local, Payloads};

/// The binding in wrangler.toml.
const BINDING: &str = "PAYLOADS";

#[wasm_bindgen]
extern "C" {
    type KvNamespace;
    #[wasm_bindgen(method, catch)]
    fn put(this: &KvNamespace, key: &str, text: &str, options: &Object)
    -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn get(this: &KvNamespace, key: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn delete(this: &KvNamespace, key: &str) -> Result<Promise, JsValue>;
}

pub(super) struct Kv(KvNamespace);

impl Kv {
    /// The store, where it is bound.
    pub(super) fn bound(env: &Env) -> Option<Box<dyn Payloads>> {
        let binding = Reflect::get(env, &BINDING.into()).ok()?;
        binding
            .is_object()
            .then(|| Box::new(Self(binding.unchecked_into())) as Box<dyn Payloads>)
    }
}

impl Payloads for Kv {
    fn put(&self, key: &str, text: &str, seconds: i64) -> Local<'static, Result<(), String>> {
        let options = Object::new();
        let seconds = JsValue::from(seconds as f64);
        let set = Reflect::set(&options, &"expirationTtl".into(), &seconds);
        let putting = set.and_then(|_| self.0.put(key, text, &options));
        Box::pin(async move { done(putting).await.map(|_| ()) })
    }

    fn get<'a>(&'a self, key: &'a str) -> Local<'a, Result<Option<String>, String>> {
        Box::pin(async move { Ok(done(self.0.get(key)).await?.as_string()) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Local<'a, Result<(), String>> {
        Box::pin(async move { done(self.0.delete(key)).await.map(|_| ()) })
    }
}

async fn done(promise: Result<Promise, JsValue>) -> Result<JsValue, String> {
    JsFuture::from(promise.map_err(words)?).await.map_err(words)
}

fn words(thrown: JsValue) -> String {
    format!("{thrown:?}")
}
