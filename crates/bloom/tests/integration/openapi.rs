//! The API's description: served, checked in, and true.

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;

use bloom_service::operations::Effect;

use crate::support::{Answer, App, Operation, on_both, operations};

on_both!(the_description_needs_no_credential);

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
    // What costs or creates can be asked for twice, and the description says how.
    for operation in all {
        let creates = operation.effect == Effect::Create;
        assert!(!creates || operation.method == "POST", "{operation:?}");
        let says_so = operation.description.to_string().contains("Idempotency-Key");
        assert_eq!(says_so, creates, "{operation:?}");
    }
}

/// Asserts that the answer of an operation is what the description says.
pub(crate) fn assert_fits(operation: &Operation, answer: &Answer) {
    let document = bloom_http::openapi();
    let response = &operation.description["responses"][answer.status.to_string()];
    let schema = &response["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{} is not described to answer {answer:?}", operation.id);
    if let Err(why) = fits(&document, schema, &answer.json()) {
        panic!("{}: {why}", operation.id);
    }
}

/// As much of JSON Schema as the description uses: references, alternatives, constants, types, properties
/// and items.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#')).expect(reference);
        return fits(document, schema, value);
    }
    if let Some(all) = schema.get("anyOf").or_else(|| schema.get("oneOf")) {
        let tried = all.as_array().expect("a list").iter();
        let tried: Vec<_> = tried.map(|schema| fits(document, schema, value)).collect();
        let one = tried.iter().any(Result::is_ok);
        return if one { Ok(()) } else { Err(format!("{value}: {tried:?}")) };
    }
    if let Some(constant) = schema.get("const") {
        return if constant == value { Ok(()) } else { Err(format!("{value} is not {constant}")) };
    }
    if let Some(some) = schema["enum"].as_array() {
        return if some.contains(value) {
            Ok(())
        } else {
            Err(format!("{value} is new: {some:?}"))
        };
    }
    let types = match &schema["type"] {
        Value::Null => return Ok(()),
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.contains(&kind.into()) {
        return Err(format!("{value} is none of {types:?}"));
    }
    if let Value::Array(items) = value {
        return items.iter().try_for_each(|item| fits(document, &schema["items"], item));
    }
    let Value::Object(members) = value else { return Ok(()) };
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    if let Some(missing) =
        required.iter().find(|name| !members.contains_key(name.as_str().unwrap()))
    {
        return Err(format!("{value} lacks {missing}"));
    }
    for (name, member) in members {
        let described = schema["properties"].get(name).ok_or(format!("{name} is not described"))?;
        fits(document, described, member)?;
    }
    Ok(())
}
