//! A message that is a call of a tool and nothing else, which is answered without rmcp.
//!
//! rmcp finds out what a message is by trying one kind after the other, and answers it in tasks that hand it on: more
//! work than that of many a tool. A call by a version of the protocol from before 2026-07-28, with no metadata that
//! matters here, has nothing in it to negotiate and nothing to compare with headers, so all that rmcp does with one is
//! to call the tool. What is anything else, or is wrong in any way, goes to rmcp, and so no rule of the protocol stands here. A test
//! sends calls both ways and compares the answers. See docs/adr/0038-a-plain-call-of-a-tool.md.

use std::fmt;
use std::marker::PhantomData;

use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use rmcp::model::{
    JsonObject, JsonRpcError, JsonRpcResponse, JsonRpcVersion2_0, ProgressToken, RequestId,
};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::links::VERSION;
use super::message::Message;
use super::server::{self, Conversation};
use crate::api::envelope;

/// The versions whose calls may carry no metadata, and need not repeat in headers what the body says.
const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// Such a message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlainCall {
    #[serde(rename = "jsonrpc")]
    _version: JsonRpcVersion2_0,
    id: RequestId,
    #[serde(rename = "method")]
    _method: Method,
    params: Object<Params>,
}

#[derive(Deserialize)]
enum Method {
    #[serde(rename = "tools/call")]
    CallTool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    name: String,
    arguments: Option<JsonObject>,
    #[serde(rename = "_meta")]
    _meta: Option<Object<Meta>>,
}

/// Many a client asks to be told of the progress of each call; nothing here tells of any.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    #[serde(rename = "progressToken")]
    _progress_token: Option<ProgressToken>,
}

/// What is written as an object. A derived struct may also be an array of its fields.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

impl PlainCall {
    /// Reads one; `None` is for rmcp.
    pub(super) fn read(message: &Message) -> Option<Self> {
        let headers = message.headers();
        let is_plain = accepts_both(headers) && is_of_these_versions(headers);
        let call = is_plain.then(|| serde_json::from_slice(message.body()));
        call?.ok().map(|Object(call)| call)
    }

    /// Calls the tool.
    pub(super) async fn answer(self, conversation: &Conversation) -> Response {
        let Self { id, params: Object(Params { name, arguments, .. }), .. } = self;
        let called = server::call(conversation, &name, arguments.unwrap_or_default()).await;
        let body = match called {
            Ok(mut result) => {
                // These versions do not know it.
                result.result_type = None;
                envelope::write(&JsonRpcResponse { jsonrpc: JsonRpcVersion2_0, id, result })
            }
            Err(error) => envelope::write(&JsonRpcError::new(Some(id), error)),
        };
        envelope::json(StatusCode::OK, body)
    }
}

/// Whether both types are accepted, in the plainest way to say so.
fn accepts_both(headers: &HeaderMap) -> bool {
    only(headers, header::ACCEPT).is_some_and(|accepted| {
        let accepts = |wanted| accepted.split(',').any(|one| one.trim() == wanted);
        accepts("application/json") && accepts("text/event-stream")
    })
}

fn is_of_these_versions(headers: &HeaderMap) -> bool {
    let named = only(headers, VERSION).is_some_and(|version| VERSIONS.contains(&version));
    named || !headers.contains_key(VERSION)
}

/// The text of a header that is there once.
fn only(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.to_str().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const ACCEPT: (&str, &str) = ("accept", "application/json, text/event-stream");
    const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x"}}"#;

    fn is_plain(headers: &[(&'static str, &str)], body: &str) -> bool {
        let mut message = Message::new(Bytes::copy_from_slice(body.as_bytes()));
        for (name, value) in headers {
            message.headers_mut().append(*name, value.parse().unwrap());
        }
        PlainCall::read(&message).is_some()
    }

    #[test]
    fn a_call_is_plain_in_this_form_only() {
        for body in [
            CALL,
            r#" {"method": "tools/call", "id": "a", "params": {"name": "x", "arguments": {"a": [1]}}, "jsonrpc": "2.0"}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x","arguments":null}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x","_meta":{"progressToken":7}}}"#,
        ] {
            assert!(is_plain(&[ACCEPT], body), "{body}");
        }
        for body in [
            "",
            "[]",
            r#"["2.0",7,"tools/call",{"name":"x"}]"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":["x",{}]}"#,
            r#"{"jsonrpc":"1.0","id":7,"method":"tools/call","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":5}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x","arguments":[]}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x","_meta":{"a":1}}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x","_meta":[]}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x","requestState":"a"}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x"},"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":7,"id":8,"method":"tools/call","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x"}} {}"#,
        ] {
            assert!(!is_plain(&[ACCEPT], body), "{body}");
        }
    }

    #[test]
    fn a_call_is_plain_with_these_headers_only() {
        let version = |version| [ACCEPT, ("mcp-protocol-version", version)];
        for known in VERSIONS {
            assert!(is_plain(&version(known), CALL), "{known}");
        }
        for other in ["2026-07-28", "1999-01-01", "", "2025-06-18, 2025-06-18"] {
            assert!(!is_plain(&version(other), CALL), "{other}");
        }
        let twice = [version("2025-06-18"), version("2025-06-18")].concat();
        assert!(!is_plain(&twice, CALL));
        assert!(is_plain(&[("accept", "text/event-stream,application/json,*/*")], CALL));
        for accepted in ["*/*", "application/json", "application/json;q=1, text/event-stream"] {
            assert!(!is_plain(&[("accept", accepted)], CALL), "{accepted}");
        }
        assert!(!is_plain(&[], CALL));
    }
}
