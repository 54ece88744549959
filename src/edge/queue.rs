//! Cloudflare Queues behind [`Queue`], and what they deliver.
//!
//! A consumer never fails: one that did would be made anew with its whole isolate, and all that is under way there with it.

use js_sys::futures::JsFuture;
use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

use crate::platform::{Local, Queue};

/// The binding in wrangler.toml.
const BINDING: &str = "QUEUE";
/// At most so many messages are sent at once.
const AT_ONCE: usize = 100;

#[wasm_bindgen]
extern "C" {
    /// What sends.
    type Producer;
    #[wasm_bindgen(method, catch, js_name = sendBatch)]
    fn send_batch(this: &Producer, messages: &Array) -> Result<Promise, JsValue>;

    /// What is delivered.
    pub type MessageBatch;
    #[wasm_bindgen(method, getter)]
    pub(super) fn messages(this: &MessageBatch) -> Array;

    /// One of them.
    pub(super) type Message;
    #[wasm_bindgen(method, getter)]
    pub(super) fn body(this: &Message) -> JsValue;
    /// How often it has been delivered, this time among them.
    #[wasm_bindgen(method, getter)]
    pub(super) fn attempts(this: &Message) -> u32;
    #[wasm_bindgen(method)]
    pub(super) fn ack(this: &Message);
    #[wasm_bindgen(method)]
    pub(super) fn retry(this: &Message, options: &Object);
}

pub(super) struct Sender(Producer);

impl Sender {
    /// The queue, where it is bound.
    pub(super) fn bound(env: &Env) -> Option<Box<dyn Queue>> {
        let binding = Reflect::get(env, &BINDING.into()).ok()?;
        binding
            .is_object()
            .then(|| Box::new(Self(binding.unchecked_into())) as Box<dyn Queue>)
    }
}

impl Queue for Sender {
    fn send(&self, messages: Vec<String>) -> Local<'_, Result<(), String>> {
        Box::pin(async move { send(&self.0, &messages).await.map_err(words) })
    }
}

async fn send(producer: &Producer, messages: &[String]) -> Result<(), JsValue> {
    for some in messages.chunks(AT_ONCE) {
        let batch = Array::new();
        for message in some {
            let one = object("body", &message.into())?;
            Reflect::set(&one, &"contentType".into(), &"text".into())?;
            batch.push(&one);
        }
        JsFuture::from(producer.send_batch(&batch)?).await?;
    }
    Ok(())
}

fn object(name: &str, value: &JsValue) -> Result<Object, JsValue> {
    let object = Object::new();
    Reflect::set(&object, &name.into(), value)?;
    Ok(object)
}

/// What lets a message come again after so many seconds.
pub(super) fn again(seconds: u32) -> Object {
    // A new object takes any name.
    object("delaySeconds", &seconds.into()).unwrap_or_default()
}

fn words(thrown: JsValue) -> String {
    format!("{thrown:?}")
}
