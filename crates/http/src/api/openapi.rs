//! The API's description: OpenAPI 3.1, written from the endpoint table.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::endpoints::{self, Body, Endpoint, Form, Parameter, Place};
use super::errors::ErrorCode;
use crate::face::API_PATH;

/// The document that `/api/v1/spec.json` serves.
#[must_use]
pub fn document() -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for endpoint in endpoints::all() {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method] = operation(&endpoint, &mut schemas);
    }
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Bloom API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Act for a person on their brands, images and credits, with an API key or an access token.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": API_PATH }],
        "security": [{ "apiKey": [] }, { "bearer": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "apiKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "x-api-key",
                    "description": "An API key. With both headers, this one decides alone.",
                },
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, or an access token that an app got by OAuth.",
                },
            },
            "schemas": schemas.definitions(),
        },
    })
}

/// Schemas of what is answered, where a field that is always there is required, also when it may be null; and
/// of what is sent, where one that may be left out is not.
struct Schemas {
    answered: SchemaGenerator,
    sent: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            answered: settings().for_serialize().into_generator(),
            sent: settings().for_deserialize().into_generator(),
        }
    }

    fn definitions(mut self) -> Map<String, Value> {
        let mut definitions = self.answered.take_definitions(true);
        definitions.extend(self.sent.take_definitions(true));
        definitions
    }
}

fn operation(endpoint: &Endpoint, schemas: &mut Schemas) -> Value {
    let data = (endpoint.data)(&mut schemas.answered);
    let mut responses = Map::new();
    responses.insert(
        endpoint.status.as_str().to_owned(),
        json!({
            "description": endpoint.summary,
            "content": { "application/json": { "schema": {
                "type": "object",
                "properties": { "data": data },
                "required": ["data"],
            } } },
        }),
    );
    for (status, codes) in by_status(endpoint) {
        responses.insert(status.to_string(), error_response(status, &codes));
    }
    let parameters: Vec<_> = endpoint.parameters().map(parameter).collect();
    let mut operation = json!({
        "operationId": endpoint.operation.id,
        "summary": endpoint.summary,
        "responses": responses,
    });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = &endpoint.body {
        let content = match body {
            Body::Json(body) => {
                json!({ "application/json": { "schema": body(&mut schemas.sent) } })
            }
            Body::FileOfBrand(types) => {
                let mut form = file(types, endpoint);
                form["properties"]["brandSessionId"] =
                    json!({ "type": "string", "format": "uuid" });
                form["required"] = json!(["file", "brandSessionId"]);
                json!({ "multipart/form-data": { "schema": form } })
            }
            Body::File(types) => {
                json!({ "multipart/form-data": { "schema": file(types, endpoint) } })
            }
            Body::Ignored => json!({ "application/json": { "schema": {} } }),
        };
        let required = !matches!(body, Body::Ignored);
        operation["requestBody"] = json!({ "required": required, "content": content });
    }
    if endpoint.operation.is_open {
        operation["security"] = json!([]);
    }
    operation
}

/// A form with a file.
fn file(types: &[&str], endpoint: &Endpoint) -> Value {
    let refused = match endpoint.errors.contains(&ErrorCode::InvalidLogo) {
        true => ErrorCode::InvalidLogo,
        false => ErrorCode::UnsupportedFormat,
    };
    // The contract lists it.
    let description = format!(
        "The file: a PNG, JPEG, WebP, GIF or SVG. An AVIF is refused, with {} {}.",
        refused.status().as_u16(),
        refused.as_str()
    );
    let one = |kind: &&str| json!({ "type": "string", "contentMediaType": kind });
    json!({
        "type": "object",
        "properties": {
            "file": { "anyOf": types.iter().map(one).collect::<Vec<_>>(), "description": description },
        },
        "required": ["file"],
    })
}

fn by_status(endpoint: &Endpoint) -> BTreeMap<u16, Vec<ErrorCode>> {
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in endpoint.errors() {
        by_status.entry(code.status().as_u16()).or_default().push(code);
    }
    by_status
}

fn error_response(status: u16, codes: &[ErrorCode]) -> Value {
    let codes: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    json!({
        "description": codes.join(" or "),
        "content": { "application/json": { "schema": {
            "type": "object",
            "properties": { "error": {
                "type": "object",
                "properties": {
                    "code": { "enum": codes },
                    "status": { "const": status },
                    "message": { "type": "string", "description": "What is wrong and what to do." },
                    "data": { "description": "What else a program may want to know." },
                },
                "required": ["code", "status", "message"],
            } },
            "required": ["error"],
        } } },
    })
}

fn parameter(parameter: &Parameter) -> Value {
    let place = match parameter.place {
        Place::Path => "path",
        Place::Query | Place::NeededQuery => "query",
        Place::Header => "header",
    };
    let schema = match &parameter.form {
        Form::Text(least, most) => {
            let mut schema = json!({ "type": "string" });
            if *least > 0 {
                schema["minLength"] = (*least).into();
            }
            if let Some(length) = most {
                schema["maxLength"] = (*length).into();
            }
            schema
        }
        Form::Uuid => json!({ "type": "string", "format": "uuid" }),
        Form::Integer(bounds, default) => json!({
            "type": "integer",
            "minimum": bounds.start(),
            "maximum": bounds.end(),
            "default": default,
        }),
        Form::Words(words) => json!({ "enum": words() }),
        Form::OpenFlag => json!({
            "anyOf": [{ "type": "boolean" }, { "enum": ["0", "1", "true", "false"] }],
        }),
        Form::Flag => json!({
            "anyOf": [{ "type": "boolean" }, { "enum": ["0", "1", "true", "false"] }],
            "default": false,
        }),
    };
    json!({
        "name": parameter.name,
        "in": place,
        "required": matches!(parameter.place, Place::Path | Place::NeededQuery),
        "description": parameter.description,
        "schema": schema,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bloom_service::operations;

    #[test]
    fn every_operation_is_in_both_tables() {
        let listed: Vec<_> = endpoints::all().map(|e| e.operation.id).collect();
        let mut known: Vec<_> = operations::ALL.iter().map(|o| o.id).collect();
        let mut sorted = listed.clone();
        sorted.sort_unstable();
        known.sort_unstable();
        assert_eq!(sorted, known);
    }

    #[test]
    fn a_field_that_may_be_null_is_still_required() {
        let schema = &document()["components"]["schemas"]["Account"];
        assert_eq!(schema["required"], json!(["email", "name"]));
        assert_eq!(schema["properties"]["name"]["type"], json!(["string", "null"]));
    }
}
