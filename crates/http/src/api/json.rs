//! What a request sends as JSON, read strictly and told clearly: an error names the field, and never repeats
//! what stood in it. Unknown fields are never looked at.

use std::borrow::Cow;

use axum::extract::Request;
use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::errors::{ApiError, ErrorCode};
use crate::body::{self, BodyError};

/// The most bytes that what is sent has, where nothing else is said.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// What an operation is sent: a struct. Nothing at all is an empty object.
pub(crate) trait Sent: DeserializeOwned + Send + 'static {
    /// The most bytes it may have.
    const MAX_BYTES: usize = MAX_BODY;
}

/// Reads a body whole; what has none has an empty one.
pub(crate) async fn bytes<B: Sent>(request: &mut Request) -> Result<Bytes, ApiError> {
    let body = std::mem::take(request.body_mut());
    let bytes = body::read(body, B::MAX_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => {
            let message = format!("The body is larger than {} bytes. Send less.", B::MAX_BYTES);
            ApiError::new(ErrorCode::PayloadTooLarge, message)
        }
        BodyError::NotWhole => bad("The body did not arrive whole. Send it again."),
    })?;
    if !bytes.is_empty() {
        require_json(request.headers())?;
    }
    Ok(bytes)
}

fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    if body::is_of_type(headers, "application/json") {
        return Ok(());
    }
    let message = "The body is not said to be JSON. Send Content-Type: application/json.";
    Err(ApiError::new(ErrorCode::UnsupportedMediaType, message))
}

/// Parses a body.
pub(crate) fn parse<B: Sent>(bytes: &[u8]) -> Result<B, ApiError> {
    let bytes = if bytes.is_empty() { &b"{}"[..] } else { bytes };
    // A list would do for a struct, its fields in order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(bad("The body is not a JSON object."));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        refused(error.inner(), &field)
    })?;
    reader.end().map_err(|error| refused(&error, "."))?;
    Ok(parsed)
}

fn refused(error: &serde_json::Error, field: &str) -> ApiError {
    match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => {
            bad(format!("The body is not JSON: line {}, column {}.", error.line(), error.column()))
        }
        Category::Data => bad(does_not_fit(&error.to_string(), field)),
    }
}

/// What is wrong with a field, without what stood in it.
fn does_not_fit(said: &str, field: &str) -> String {
    if let Some(name) = between_ticks(said, "missing field ") {
        return match field {
            "." => format!("{name} is missing."),
            place => format!("{place}.{name} is missing."),
        };
    }
    if let Some(name) = between_ticks(said, "duplicate field ") {
        return format!("{name} is given twice. Give it once.");
    }
    let field = if field == "." { "The body" } else { field };
    match said.split_once(", expected ") {
        Some((_, expected)) => {
            let expected = expected.split(" at line ").next().unwrap_or_default();
            let expected = if expected.starts_with("struct ") { "an object" } else { expected };
            format!("{field} has another form. Expected: {expected}.")
        }
        None => format!("{field} is not valid."),
    }
}

fn between_ticks<'a>(said: &'a str, before: &str) -> Option<&'a str> {
    said.strip_prefix(before)?.split('`').nth(1)
}

/// An error about a field that has the right form and a wrong value.
pub(crate) fn bad_field(field: &str, what: &str) -> ApiError {
    bad(format!("{field}: {what}"))
}

fn bad(message: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::new(ErrorCode::BadRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        name: String,
        count: Option<u32>,
        inner: Option<Vec<Inner>>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        text: String,
    }

    impl Sent for Outer {}

    fn told(body: &str) -> String {
        parse::<Outer>(body.as_bytes()).unwrap_err().message().to_owned()
    }

    #[test]
    fn what_is_sent_is_read_and_the_unknown_is_not_looked_at() {
        let outer = Outer { name: "n".into(), count: None, inner: None };
        for body in [r#"{"name":"n"}"#, r#" {"name":"n","count":null,"more":[{}]} "#] {
            assert_eq!(parse::<Outer>(body.as_bytes()).unwrap(), outer, "{body}");
        }
    }

    #[test]
    fn an_error_names_the_field_and_not_what_stood_in_it() {
        for (body, message) in [
            ("", "name is missing."),
            ("{}", "name is missing."),
            (r#"{"name":5}"#, "name has another form. Expected: a string."),
            (r#"{"name":"n","count":"secret"}"#, "count has another form. Expected: u32."),
            (r#"{"name":"n","count":-1}"#, "count has another form. Expected: u32."),
            (r#"{"name":"n","name":"n"}"#, "name is given twice. Give it once."),
            (r#"{"name":"n","inner":[{}]}"#, "inner[0].text is missing."),
            (r#"{"name":"n","inner":{}}"#, "inner has another form. Expected: a sequence."),
            ("[]", "The body is not a JSON object."),
            (r#""secret""#, "The body is not a JSON object."),
            ("{", "The body is not JSON: line 1, column 1."),
            (r#"{"name":"n"} {}"#, "The body is not JSON: line 1, column 14."),
            ("{\"name\":\"\u{1}\"}", "The body is not JSON: line 1, column 10."),
        ] {
            assert_eq!(told(body), message, "{body}");
        }
    }
}
