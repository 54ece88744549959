//! D1 behind [`Database`].
//!
//! Statements go through the binding's own objects rather than through `worker`'s wrapper, whose results can only be
//! taken apart value by value: here the whole answer becomes one JSON text, in one crossing. Numbers and column names
//! therefore arrive exactly as JavaScript has them.

use js_sys::futures::JsFuture;
use js_sys::{Array, Error as JsError, JSON, Reflect};
use serde::Deserialize;
use serde_json::value::RawValue;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use worker::worker_sys::types::D1Database;

use crate::platform::{Batch, BatchMeta, Database, DatabaseError, Local};
use crate::sql::statement::{Statement, Value};

/// The name of the binding in wrangler.toml.
const BINDING: &str = "DB";

pub(super) struct D1(D1Database);

impl D1 {
    /// The database of this worker. A binding that is missing shows when it is used.
    pub(super) fn new(env: &Env) -> Self {
        let binding = Reflect::get(env, &BINDING.into()).unwrap_or_default();
        Self(binding.unchecked_into())
    }

    async fn run(&self, statements: &[Statement]) -> Result<Batch, DatabaseError> {
        let prepared = Array::new_with_length(0);
        for statement in statements {
            let parameters = Array::new_with_length(0);
            for value in statement.values()? {
                parameters.push(&to_js(value));
            }
            let bound = self
                .0
                .prepare(&statement.prepared().text)
                .and_then(|plain| {
                    if parameters.length() == 0 {
                        Ok(plain)
                    } else {
                        plain.bind(parameters)
                    }
                });
            prepared.push(&JsValue::from(bound.map_err(classify)?));
        }
        let promise = self.0.batch(prepared).map_err(classify)?;
        let answer = JsFuture::from(promise).await.map_err(classify)?;
        let text = JSON::stringify(&answer).map_err(classify)?;
        parse(&String::from(text))
    }
}

impl Database for D1 {
    fn batch<'a>(&'a self, statements: &'a [Statement]) -> Local<'a, Result<Batch, DatabaseError>> {
        Box::pin(self.run(statements))
    }
}

fn to_js(value: &Value) -> JsValue {
    match value {
        Value::Null => JsValue::NULL,
        Value::Text(text) => JsValue::from_str(text),
        // Within +-(2^53 - 1), which `Statement::values` has checked.
        Value::Integer(integer) => JsValue::from_f64(*integer as f64),
    }
}

#[derive(Deserialize)]
struct Answer {
    results: Box<RawValue>,
    meta: Meta,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    rows_read: f64,
    #[serde(default)]
    rows_written: f64,
    #[serde(default)]
    duration: f64,
}

fn parse(text: &str) -> Result<Batch, DatabaseError> {
    let answers: Vec<Answer> =
        serde_json::from_str(text).map_err(|error| DatabaseError::Lost(error.to_string()))?;
    let mut batch = Batch::default();
    for answer in answers {
        batch.meta = BatchMeta {
            rows_read: batch.meta.rows_read + answer.meta.rows_read as u64,
            rows_written: batch.meta.rows_written + answer.meta.rows_written as u64,
            duration: batch.meta.duration + answer.meta.duration,
        };
        batch.rows.push(answer.results);
    }
    Ok(batch)
}

/// D1 throws an `Error` whose message, or whose cause's message, says what was wrong.
fn classify(thrown: JsValue) -> DatabaseError {
    let message = match thrown.dyn_into::<JsError>() {
        Ok(error) => {
            let cause = error
                .cause()
                .dyn_into::<JsError>()
                .ok()
                .map(|cause| cause.message());
            let cause = cause.map(String::from).unwrap_or_default();
            format!("{} {cause}", String::from(error.message()))
        }
        Err(other) => other.as_string().unwrap_or_default(),
    };
    DatabaseError::from_message(message.trim())
}
