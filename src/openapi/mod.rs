//! The OpenAPI 3.1 document, made from the table of routes. Native alone: `public/openapi.json` is what it wrote last.
//!
//! A row of the table gives method, path, access and a [contract](crate::contract); everything else follows from those:
//! the tag from the path, the statuses of errors and the credentials from the access, the parameters from
//! [`parameters`]. So nothing is typed a second time, and what the document says of a route is what the dispatcher does
//! with it.
//!
//! `UPDATE_GOLDEN=1 cargo test --test api openapi` writes the document; without the variable the same test fails when the
//! committed one is stale.

mod statuses;
mod tags;

use schemars::SchemaGenerator;
use schemars::generate::{Contract as Direction, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::auth::access::Access;
use crate::contract::{Content, parameters};
use crate::routes::{self, Route};

/// What stands above the operations. Figures are those of contract sections 1 and 4.
const DESCRIPTION: &str = "\
Organizations, people and roles, service users with tokens, origins, quotas and credits, in front of models and APIs.

**Credential.** `Authorization: Token <token>`; `Bearer` and the bare token are understood too. The operator's token \
opens `/operator/v1` and everything else; a service user's token opens what its roles permit \
in its own project.

**Paths.** `/v2` stands for `/v2.1`. Doubled slashes collapse. OPTIONS is answered on every path, HEAD wherever GET is. \
A method that a path does not have is answered with 405 and `Allow`.

**Errors** carry one sentence that names the field and says what was wrong and what would be right. Unknown fields in \
a body are ignored. A body is at most 1 MiB.

**Request id.** Every answer carries `X-Request-Id`: the id of the request's line in the log.";

/// The document.
///
/// # Errors
/// A sentence that names what the table uses and nobody has described: a path parameter, a tag, two types of one name.
pub fn document() -> Result<Value, String> {
    let mut writer = Writer::new();
    let mut paths = Map::new();
    let mut tags = tags::Tags::default();
    for route in routes::table() {
        let operation = writer.operation(route, tags.of(route.path)?)?;
        if let Value::Object(methods) = paths.entry(route.path).or_insert_with(|| json!({})) {
            methods.insert(route.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    Ok(json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Tenantry",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "This installation." }],
        "tags": tags.to_openapi(),
        "paths": paths,
        "components": {
            "securitySchemes": statuses::security_schemes(),
            "headers": statuses::headers(),
            "responses": statuses::responses(),
            "schemas": writer.schemas()?,
        },
    }))
}

/// Writes operations and collects the schemas that they refer to. What is read and what is written differ where a
/// field may be left out, so each direction has a generator of its own.
struct Writer {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Writer {
    fn new() -> Self {
        let settings = |direction| {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
                settings.contract = direction;
            })
        };
        Self {
            read: settings(Direction::Deserialize).into_generator(),
            written: settings(Direction::Serialize).into_generator(),
        }
    }

    fn operation(&mut self, route: &Route, tag: &str) -> Result<Value, String> {
        let contract = &route.contract;
        let mut parameters = Vec::new();
        for parameter in parameters::of_path(route.path)? {
            parameters.push(parameter.to_openapi("path", &mut self.read));
        }
        for parameter in contract.query {
            parameters.push(parameter.to_openapi("query", &mut self.read));
        }
        let mut responses = Map::new();
        responses.insert(contract.status.to_string(), self.success(route));
        for (status, response) in statuses::errors(route) {
            responses.insert(status.to_string(), response);
        }
        let mut operation = json!({
            "operationId": route.operation,
            "summary": route.summary,
            "tags": [tag],
            "parameters": parameters,
            "responses": responses,
            "security": statuses::security(route),
            "x-permission": route.access.to_string(),
        });
        if let (Some(body), Value::Object(operation)) = (&contract.body, &mut operation) {
            let schema = (body.shape.schema)(&mut self.read);
            let content = json!({ "schema": schema, "example": (body.shape.example)() });
            let body = json!({ "required": true, "content": { "application/json": content } });
            operation.insert("requestBody".to_owned(), body);
        }
        Ok(operation)
    }

    fn success(&mut self, route: &Route) -> Value {
        let mut response = json!({
            "description": statuses::reason(route.contract.status),
            "headers": statuses::header_references(route.access == Access::Public),
        });
        let content = match &route.contract.answer {
            Content::Nothing => return response,
            Content::Other(media_type) => {
                json!({ *media_type: {} })
            }
            Content::Json(shape) => {
                let schema = (shape.schema)(&mut self.written);
                json!({ "application/json": { "schema": schema, "example": (shape.example)() } })
            }
        };
        if let Value::Object(response) = &mut response {
            response.insert("content".to_owned(), content);
        }
        response
    }

    fn schemas(mut self) -> Result<Map<String, Value>, String> {
        let mut schemas = self.read.take_definitions(true);
        for (name, schema) in self.written.take_definitions(true) {
            match schemas.get(&name) {
                Some(other) if *other != schema => {
                    return Err(format!("two schemas are called {name}"));
                }
                _ => schemas.insert(name, schema),
            };
        }
        schemas.extend(statuses::error_schemas());
        for schema in schemas.values_mut() {
            tell_dates(schema);
        }
        Ok(schemas)
    }
}

/// Says of each text that holds a date that it does. Bodies hold dates as text, in the forms that the real clients
/// read; all of those forms are RFC 3339, and all of those fields are called one of these.
fn tell_dates(schema: &mut Value) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    for (name, property) in properties {
        let is_date = name == "date"
            || name.ends_with("creation_date")
            || name.ends_with("registration_date")
            || name.starts_with("time_")
            || name == "token_last_used"
            || name == "previous_token_expiry";
        if let (true, Value::Object(property)) = (is_date, property) {
            property
                .entry("format")
                .or_insert_with(|| json!("date-time"));
        }
    }
}
