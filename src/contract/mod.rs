//! What a route promises: query parameters, body and answer, each with a schema and an example.
//!
//! The clause at the end of a row in `routes` becomes a [`Contract`]. Its types must implement [`Example`], so a row
//! without a schema or without an example does not compile. All of this is native: the module has none of it.

mod examples;
mod examples_of_requests;
mod examples_of_targets;
pub mod parameters;
mod story;

use crate::domain::json::{self, FromJson};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use parameters::Parameter;

/// A JSON body with one example of it, which the tests hold against the schema.
pub trait Example: JsonSchema {
    /// The example.
    fn example() -> Value;
}

/// Gives each of these types its example: `Type = { ... };`.
macro_rules! give_examples {
    ($($type:ty = $example:tt;)*) => {
        $(impl Example for $type {
            fn example() -> Value {
                json!($example)
            }
        })*
    };
}
use give_examples;

impl<T: Example> Example for Vec<T> {
    fn example() -> Value {
        Value::Array(vec![T::example()])
    }
}

/// What a route promises.
#[derive(Clone, Copy)]
pub struct Contract {
    /// Its query parameters.
    pub query: &'static [&'static Parameter],
    /// The JSON object that it takes.
    pub body: Option<Body>,
    /// The status of its success.
    pub status: u16,
    /// The body of its success.
    pub answer: Content,
}

/// A JSON value: how to write its schema, and an example.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Writes the schema, or a reference to it.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// The example.
    pub example: fn() -> Value,
}

impl Shape {
    const fn of<T: Example>() -> Self {
        Self {
            schema: SchemaGenerator::subschema_for::<T>,
            example: T::example,
        }
    }
}

/// The JSON object that a route takes.
#[derive(Clone, Copy)]
pub struct Body {
    /// Its shape.
    pub shape: Shape,
    /// Parses a value as the handler does; the sentence of the refusal if it is refused.
    pub parse: fn(Value) -> Result<(), String>,
}

impl Body {
    /// The body of this type.
    #[must_use]
    pub const fn of<T: Example + FromJson>() -> Self {
        Self {
            shape: Shape::of::<T>(),
            parse: parse::<T>,
        }
    }
}

fn parse<T: FromJson>(value: Value) -> Result<(), String> {
    match json::from_str::<T>(&value.to_string()) {
        Ok(_) => Ok(()),
        Err(fault) => Err(fault.to_string()),
    }
}

/// The body of a success.
#[derive(Clone, Copy)]
pub enum Content {
    /// None.
    Nothing,
    /// JSON.
    Json(Shape),
    /// Something else, of this media type.
    Other(&'static str),
}

/// A type that can stand as the answer of a row.
pub trait Shown {
    /// What it shows.
    const CONTENT: Content;
}

impl<T: Example> Shown for T {
    const CONTENT: Content = Content::Json(Shape::of::<T>());
}

/// The answer of a row that answers without a body: `gives 204 Nothing`.
pub struct Nothing;

impl Shown for Nothing {
    const CONTENT: Content = Content::Nothing;
}

/// The answer of a row that answers with a page: `gives 200 Html`.
pub struct Html;

impl Shown for Html {
    const CONTENT: Content = Content::Other("text/html");
}

/// The answer of a row that answers with lines of text: `gives 200 PlainText`.
pub struct PlainText;

impl Shown for PlainText {
    const CONTENT: Content = Content::Other("text/plain");
}

/// The answer of a row that answers with a JSON document of a form of its own: `gives 200 Document`.
pub struct Document;

impl Shown for Document {
    const CONTENT: Content = Content::Other("application/json");
}

/// The answer of a row that answers bit by bit, as Server-Sent Events: `gives 200 EventStream`.
pub struct EventStream;

impl Shown for EventStream {
    const CONTENT: Content = Content::Other("text/event-stream");
}

/// The answer of a row that hands out a file of any kind: `gives 200 File`.
pub struct File;

impl Shown for File {
    const CONTENT: Content = Content::Other("*/*");
}
