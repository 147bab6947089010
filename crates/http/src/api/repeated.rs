//! `Idempotency-Key`: a request that may have arrived before.
//!
//! What is compared is what is asked for, not how it is spelled: JSON counts by its values.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bloom_domain::idempotency::IdempotencyKey;
use bloom_service::idempotency::{self, Answer, Reserved};
use bloom_service::operations::{Effect, Operation};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::Value;

use super::admission::Call;
use super::envelope;
use super::errors::{ApiError, ErrorCode};
use super::files;
use super::json::{self, Sent};
use super::multipart::Part;

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPEATED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A request with a body, read.
pub(crate) enum Read<B> {
    /// It is to be worked on.
    New(Box<Call>, B),
    /// It was, and this is the answer.
    Done(Given),
}

/// Reads a request's body, and looks whether it was done before.
pub(crate) async fn read<B: Sent>(
    mut call: Call,
    operation: &'static Operation,
) -> Result<Read<B>, ApiError> {
    let key = key_of(&call, operation)?;
    let bytes = json::bytes::<B>(&mut call.request).await?;
    let body = json::parse(&bytes)?;
    reserve(call, operation, key, body, |request, _| asked_for(request, &bytes)).await
}

/// Reads the form of a request, whose file may have so many bytes, and looks whether it was done before.
pub(crate) async fn read_form(
    mut call: Call,
    operation: &'static Operation,
    most: usize,
    too_large: impl FnOnce() -> ApiError,
) -> Result<Read<Vec<Part>>, ApiError> {
    let key = key_of(&call, operation)?;
    let form = files::form(&mut call.request, most, too_large).await?;
    reserve(call, operation, key, form, |request, form| asked_in_form(request, form)).await
}

/// The key of a request that makes something, if it came with one.
fn key_of(call: &Call, operation: &Operation) -> Result<Option<IdempotencyKey>, ApiError> {
    match operation.effect {
        Effect::Create => key(call.request.headers()),
        Effect::Read | Effect::Change => Ok(None),
    }
}

async fn reserve<B>(
    mut call: Call,
    operation: &'static Operation,
    key: Option<IdempotencyKey>,
    body: B,
    asked: impl FnOnce(&Request, &B) -> Vec<u8>,
) -> Result<Read<B>, ApiError> {
    let Some(key) = key else { return Ok(Read::New(Box::new(call), body)) };
    let asked = asked(&call.request, &body);
    let (service, principal) = (&call.app.service, &call.principal);
    match idempotency::reserve(service, principal, operation, &key, &asked).await? {
        Reserved::New(reservation) => {
            call.reservation = Some(reservation);
            Ok(Read::New(Box::new(call), body))
        }
        Reserved::Done(answer) => Ok(Read::Done(Given(answer))),
    }
}

fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, ApiError> {
    let bad = |message| ApiError::new(ErrorCode::BadRequest, message);
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(bad("The request has two Idempotency-Key headers. Send one.".to_owned()));
    }
    IdempotencyKey::parse(value.as_bytes()).map(Some).map_err(|error| {
        bad(format!("The Idempotency-Key {error}. Send 1 to 255 visible characters of ASCII."))
    })
}

/// What is asked for: the path, the query, and the body by its values.
fn asked_for(request: &Request, body: &[u8]) -> Vec<u8> {
    let mut asked = place(request);
    // It was parsed before, so it is JSON; nothing at all is an empty object.
    let value = serde_json::from_slice(body).unwrap_or_else(|_| Value::Object(Default::default()));
    write_sorted(&value, &mut asked);
    asked
}

/// The same of a form: its fields by what is in them, wherever the client has drawn the lines between them.
fn asked_in_form(request: &Request, form: &[Part]) -> Vec<u8> {
    let mut asked = place(request);
    for part in form {
        asked.extend(idempotency::digest(part.name.as_bytes()));
        asked.extend(idempotency::digest(&part.bytes));
    }
    asked
}

fn place(request: &Request) -> Vec<u8> {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    [path.as_bytes(), &[0], query.as_bytes(), &[0]].concat()
}

/// Writes a value so that the order of members does not count.
fn write_sorted(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| name.as_str());
            out.push(b'{');
            for (name, member) in members {
                out.extend(envelope::write(name));
                out.push(b':');
                write_sorted(member, out);
                out.push(b',');
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                write_sorted(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        simple => out.extend(envelope::write(simple)),
    }
}

/// The answer with a status and a view, as it is kept.
pub(crate) fn pack<T: Serialize>(status: StatusCode, view: &T) -> Vec<u8> {
    let mut packed = status.as_u16().to_be_bytes().to_vec();
    packed.extend(envelope::write_data(view));
    packed
}

/// An answer that is given, for the first time or again.
pub(crate) struct Given(pub(crate) Answer);

impl IntoResponse for Given {
    fn into_response(self) -> Response {
        let Answer { bytes, is_repeated } = self.0;
        let status = bytes.first_chunk().copied().map(u16::from_be_bytes);
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let body = bytes.get(2..).unwrap_or_default().to_vec();
        let mut response = envelope::json(status.unwrap_or_default(), body);
        if is_repeated {
            response.headers_mut().insert(REPEATED, HeaderValue::from_static("true"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn asked(path: &str, body: &str) -> Vec<u8> {
        asked_for(&Request::post(path).body(Body::empty()).unwrap(), body.as_bytes())
    }

    #[test]
    fn what_is_asked_for_counts_and_not_how_it_is_spelled() {
        let first = asked("/keys?a=1", r#"{"a":1,"b":[{"c":"x","d":null}]}"#);
        assert_eq!(first, asked("/keys?a=1", r#" {"b": [{"d":null,"c":"\u0078"}], "a":1}"#));
        for other in [
            asked("/keys?a=2", r#"{"a":1,"b":[{"c":"x","d":null}]}"#),
            asked("/key?a=1", r#"{"a":1,"b":[{"c":"x","d":null}]}"#),
            asked("/keys?a=1", r#"{"a":1,"b":[{"c":"x"}]}"#),
            asked("/keys?a=1", r#"{"a":"1","b":[{"c":"x","d":null}]}"#),
            asked("/keys?a=1", r#"{"a":1,"b":[{"c":"x","d":null},{}]}"#),
        ] {
            assert_ne!(first, other);
        }
        assert_eq!(asked("/keys", ""), asked("/keys", "{}"));
        assert_ne!(asked("/keys", r#"["a","b"]"#), asked("/keys", r#"["b","a"]"#));
    }
}
