//! The API's description: served, checked in, and true.

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;

use crate::support::{App, on_both, operations};

on_both!(the_description_needs_no_credential, answers_fit_their_schemas,);

async fn the_description_needs_no_credential(app: App) {
    let answer = app.get("/api/v1/spec.json", &[]).await;
    assert_eq!(answer.json(), bloom_http::openapi());
    assert_eq!(answer.json()["openapi"], "3.1.1");
    assert_eq!(answer.header("cache-control"), "max-age=300");
    assert_eq!(app.request("HEAD", "/api/v1/spec.json", &[]).await.status, 200);
    // A bad credential does not matter where none is asked for.
    let answer = app.get("/api/v1/spec.json", &[("x-api-key", "junk")]).await;
    assert_eq!(answer.status, 200);
}

#[test]
fn the_checked_in_description_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    let checked_in = std::fs::read(path).unwrap_or_default();
    // Compared as values: the order of members hangs on what else is compiled into the tests.
    let checked_in: Value = serde_json::from_slice(&checked_in).unwrap_or_default();
    assert!(
        checked_in == bloom_http::openapi(),
        "openapi.json is out of date. Write it anew with `cargo xtask openapi`, and look at what \
         changed: clients are built from it."
    );
}

#[test]
fn every_operation_has_an_id_of_its_own() {
    let all = operations();
    let ids: HashSet<_> = all.iter().map(|operation| operation.id.as_str()).collect();
    assert_eq!(ids.len(), all.len());
    // The service layer's list and the description are one.
    let known: HashSet<_> = bloom_service::operations::ALL.iter().map(|known| known.id).collect();
    assert_eq!(ids, known);
    // So far everything is read; the first operation that changes something needs cases of its own.
    assert!(all.iter().all(|operation| operation.method == "GET"), "{all:?}");
}

async fn answers_fit_their_schemas(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let document = bloom_http::openapi();
    for operation in operations() {
        let answer = app.get(&operation.path, &[("x-api-key", &key)]).await.json();
        let path = operation.path.trim_start_matches("/api/v1");
        let response = &document["paths"][path]["get"]["responses"]["200"];
        fits(&document, &response["content"]["application/json"]["schema"], &answer);
    }
}

/// As much of JSON Schema as the description uses: references, types, properties and items.
fn fits(document: &Value, schema: &Value, value: &Value) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#')).expect(reference);
        return fits(document, schema, value);
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(types.contains(&kind.into()), "{value} is none of {types:?}");
    if let Value::Array(items) = value {
        items.iter().for_each(|item| fits(document, &schema["items"], item));
    }
    if let Value::Object(members) = value {
        let required: HashSet<_> = schema["required"].as_array().unwrap().iter().collect();
        assert_eq!(required.len(), members.len(), "{value}: every member is always there");
        for (name, member) in members {
            assert!(required.contains(&Value::from(name.as_str())), "{name} is not described");
            fits(document, &schema["properties"][name], member);
        }
    }
}
