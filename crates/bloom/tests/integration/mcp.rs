//! The MCP server at `/api/mcp`, message by message. A real client speaks to it in the process tests.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Request;
use bloom_domain::email::Email;
use bloom_service::{api_keys, housekeeping};
use serde_json::{Value, json};

use crate::support::app::with_headers;
use crate::support::{Answer, App, OTHER_PLACE, on_both};
use crate::workspaces::{TEAM, add_team};

on_both!(
    the_handshake_names_the_server_and_agrees_on_a_version,
    the_tools_are_listed_with_their_schemas,
    whoami_agrees_with_the_account,
    credits_agree_with_the_api,
    a_tool_that_refuses_says_what_to_do,
    a_malformed_call_is_an_error_of_json_rpc,
    who_proves_nothing_is_challenged_whatever_the_method,
    a_challenge_leads_to_the_document_of_the_mcp_server,
    two_of_one_header_are_refused_here_too,
    a_suspended_account_is_refused_here_too,
    the_window_is_the_credentials_and_not_the_faces,
    a_call_is_noted_under_its_operation,
    nothing_is_read_of_a_body_before_admission,
    a_message_has_at_most_one_mebibyte,
    only_post_is_answered,
    a_foreign_host_is_refused,
    any_web_page_may_call_with_a_credential_of_its_own,
    other_forms_of_a_message_are_refused,
    a_plain_call_is_answered_as_rmcp_answers_it,
    a_cookie_opens_no_mcp_server,
    a_failure_in_a_tool_fails_the_request,
);

const MCP: &str = "/api/mcp";
const ACCEPT: (&str, &str) = ("accept", "application/json, text/event-stream");
const JSON: (&str, &str) = ("content-type", "application/json");
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "BREW"];

/// Sends a message as a client does, with more headers.
async fn post(app: &App, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let request = Request::post(MCP).header("host", app.host());
    let request = with_headers(request, &[&[ACCEPT, JSON], headers].concat());
    app.send(request.body(body.into()).unwrap()).await
}

/// Calls a method with an API key and gives what JSON-RPC answered.
pub(crate) async fn call(app: &App, key: &str, method: &str, params: Value) -> Value {
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    let answer = post(app, &[("x-api-key", key)], message.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    let answer = answer.json();
    assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)), "{answer}");
    answer
}

/// Calls a tool and gives its result.
pub(crate) async fn tool(app: &App, key: &str, name: &str, arguments: Value) -> Value {
    let params = json!({ "name": name, "arguments": arguments });
    call(app, key, "tools/call", params).await["result"].take()
}

/// The same with another header for the credential.
pub(crate) async fn tool_as(
    app: &App,
    credential: (&str, &str),
    name: &str,
    arguments: Value,
) -> Value {
    let params = json!({ "name": name, "arguments": arguments });
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
    let answer = post(app, &[credential], message.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["result"].take()
}

/// The same for a client that says by which version of the protocol it speaks.
pub(crate) async fn tool_of_version(
    app: &App,
    key: &str,
    version: &str,
    name: &str,
    arguments: Value,
) -> Value {
    let params = json!({ "name": name, "arguments": arguments });
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
    let headers = [("x-api-key", key), ("mcp-protocol-version", version)];
    let answer = post(app, &headers, message.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["result"].take()
}

fn ping() -> String {
    json!({ "jsonrpc": "2.0", "id": 7, "method": "ping" }).to_string()
}

async fn the_handshake_names_the_server_and_agrees_on_a_version(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let hello = |version: &str| {
        let client = json!({ "name": "test", "version": "1" });
        json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client })
    };
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let answer = call(&app, &key, "initialize", hello(version)).await;
        assert_eq!(answer["result"]["protocolVersion"], version);
    }
    let answer = call(&app, &key, "initialize", hello("1999-01-01")).await;
    let result = &answer["result"];
    // One that has this handshake; the newest begins with server/discover instead.
    assert_eq!(result["protocolVersion"], "2025-11-25");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(result["serverInfo"], json!({ "name": "bloom", "version": version }));
    assert_eq!(result["capabilities"], json!({ "tools": {} }));
    assert!(result["instructions"].as_str().unwrap().contains("bloom_whoami"), "{result}");
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let answer = post(&app, &[("x-api-key", &key)], initialized.to_string()).await;
    assert_eq!((answer.status, answer.body.len()), (202, 0), "{answer:?}");
    // No session was opened, so none is named.
    assert_eq!(answer.header("mcp-session-id"), "");
    // Every later message may name the version or leave it out.
    for headers in [&[][..], &[("mcp-protocol-version", "2025-06-18")]] {
        let headers = [&[("x-api-key", key.as_str())], headers].concat();
        assert_eq!(post(&app, &headers, ping()).await.status, 200, "{headers:?}");
    }
    let headers = [("x-api-key", key.as_str()), ("mcp-protocol-version", "1999-01-01")];
    let answer = post(&app, &headers, ping()).await;
    insta::assert_snapshot!(answer.summary(), @r#"400 {"error":"bad_request","message":"MCP-Protocol-Version names no version of the protocol that this server speaks. Send the one that initialize agreed on, or leave it out."}"#);
}

async fn the_tools_are_listed_with_their_schemas(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let answer = call(&app, &key, "tools/list", json!({})).await;
    let tools = answer["result"]["tools"].as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names[..2], ["bloom_check_credits", "bloom_whoami"]);
    let hints = json!({
        "readOnlyHint": true,
        "destructiveHint": false,
        "idempotentHint": true,
        "openWorldHint": false,
    });
    assert_eq!((&tools[0]["annotations"], &tools[1]["annotations"]), (&hints, &hints));
    for tool in tools {
        assert_eq!(tool["annotations"].as_object().map(serde_json::Map::len), Some(4), "{tool}");
        assert!(tool["description"].as_str().unwrap().ends_with('.'), "{tool}");
        let input = &tool["inputSchema"];
        assert_eq!(
            (&input["type"], &input["additionalProperties"]),
            (&json!("object"), &json!(false))
        );
        assert!(input["properties"].is_object(), "{tool}");
        assert_eq!(tool["outputSchema"]["type"], "object", "{tool}");
    }
    let input = &tools[0]["inputSchema"];
    assert_eq!(input["properties"]["workspaceId"]["type"], json!(["string", "null"]));
    assert_eq!(input["required"], Value::Null, "it may be left out");
    let credits = json!([
        "balance",
        "unlimited",
        "held",
        "monthly",
        "topup",
        "next_refresh_at",
        "budget_left"
    ]);
    assert_eq!(tools[0]["outputSchema"]["required"], credits);
    assert_eq!(tools[1]["outputSchema"]["required"], json!(["email", "name"]));
}

/// The same data under both faces, for the same person, as structure and as text.
fn assert_agrees(result: &Value, api: &Answer) {
    assert_eq!(result["structuredContent"], api.json()["data"], "{result}");
    assert_eq!(result["isError"], false, "{result}");
    let content = result["content"].as_array().unwrap();
    assert_eq!((content.len(), &content[0]["type"]), (1, &json!("text")), "{result}");
    let text: Value = serde_json::from_str(content[0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"]);
}

async fn whoami_agrees_with_the_account(app: App) {
    for name in ["ada", "bob"] {
        let key = app.person(name).await.create_key("ci").await.secret;
        let result = tool(&app, &key, "bloom_whoami", json!({})).await;
        assert_eq!(result["structuredContent"]["email"], format!("{name}@example.com"));
        assert_agrees(&result, &app.account(&key).await);
        // Neither arguments nor their place need be there, and the other header is as good.
        let params = json!({ "name": "bloom_whoami" });
        let message =
            json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
        let bearer = format!("Bearer {key}");
        let answer = post(&app, &[("authorization", &bearer)], message.to_string()).await;
        assert_eq!(answer.json()["result"], result);
    }
}

async fn credits_agree_with_the_api(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    add_team(&app, ada.email());
    let api = app.get("/api/v1/credits", &[("x-api-key", &key)]).await;
    for arguments in [json!({}), json!({ "workspaceId": null })] {
        assert_agrees(&tool(&app, &key, "bloom_check_credits", arguments).await, &api);
    }
    let path = format!("/api/v1/credits?workspaceId={TEAM}");
    let api = app.get(&path, &[("x-api-key", &key)]).await;
    let arguments = json!({ "workspaceId": TEAM });
    assert_agrees(&tool(&app, &key, "bloom_check_credits", arguments).await, &api);
}

async fn a_tool_that_refuses_says_what_to_do(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let bob = app.person("bob").await;
    let ask = async |id: &str| {
        tool(&app, &key, "bloom_check_credits", json!({ "workspaceId": id })).await
    };
    let missing = ask(TEAM).await;
    let text = "You have no such workspace. Leave workspaceId out for the personal one, or \
                ask the person for the id of another.";
    let content = json!([{ "type": "text", "text": text }]);
    assert_eq!(missing, json!({ "content": content, "isError": true }));
    add_team(&app, bob.email());
    for id in [TEAM, "", "null", "personal", "a\0b", &"a".repeat(4096)] {
        assert_eq!(ask(id).await, missing, "{id}");
    }
}

async fn a_malformed_call_is_an_error_of_json_rpc(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let credits =
        |arguments: Value| json!({ "name": "bloom_check_credits", "arguments": arguments });
    for (method, params, code) in [
        ("tools/call", json!({ "name": "bloom_nothing" }), -32602),
        ("tools/call", credits(json!({ "workspaceId": 5 })), -32602),
        ("tools/call", credits(json!({ "workspace_id": TEAM })), -32602),
        ("tools/call", credits(json!([TEAM])), -32602),
        ("tools/call", json!({ "name": "bloom_whoami", "arguments": { "a": 1 } }), -32602),
        ("tools/call", json!({ "name": 5 }), -32602),
        ("tools/call", json!({}), -32602),
        ("tools/call", json!(null), -32602),
        ("initialize", json!({}), -32602),
        ("resources/list", json!({}), -32601),
        ("prompts/get", json!({ "name": "x" }), -32601),
        ("subscriptions/listen", json!({ "notifications": {} }), -32601),
        ("bloom/nothing", json!({}), -32601),
    ] {
        let answer = call(&app, &key, method, params.clone()).await;
        assert_eq!(answer["error"]["code"], code, "{method} {params}: {answer}");
        assert_eq!(answer["result"], Value::Null, "{answer}");
    }
    for (body, code) in [
        ("", -32700),
        ("{\"jsonrpc\":", -32700),
        ("{}", -32600),
        ("5", -32600),
        ("{\"id\":7,\"method\":\"ping\"}", -32600),
        ("[{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}]", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}", -32600),
    ] {
        let answer = post(&app, &[("x-api-key", &key)], body).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert_eq!(answer.json()["error"]["code"], code, "{body}: {answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{body}");
    }
}

async fn who_proves_nothing_is_challenged_whatever_the_method(app: App) {
    let mut ada = app.person("ada").await;
    let revoked = ada.create_key("revoked").await;
    ada.revoke_key(&revoked).await;
    let url = "http://localhost:4600/.well-known/oauth-protected-resource/api/mcp";
    let missing = format!("Bearer resource_metadata=\"{url}\"");
    let invalid = format!("{missing}, error=\"invalid_token\"");
    let revoked = format!("Bearer {}", revoked.secret);
    for method in METHODS {
        for (headers, challenge) in [
            (vec![], &missing),
            (vec![("authorization", "Basic YTpi")], &missing),
            (vec![("authorization", "Bearer junk")], &invalid),
            (vec![("authorization", "Bearer")], &invalid),
            (vec![("authorization", &revoked)], &invalid),
            (vec![("x-api-key", "")], &invalid),
        ] {
            let headers = [&headers[..], &[("host", app.host())]].concat();
            let answer = app.request(method, MCP, &headers).await;
            assert_eq!(answer.status, 401, "{method} {headers:?}");
            assert_eq!(answer.json()["error"], "unauthorized", "{method} {headers:?}");
            let words = answer.json()["message"].as_str().unwrap().to_owned();
            assert!(words.contains("x-api-key") || words.contains("key"), "{method}: {words}");
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("www-authenticate"), challenge, "{method} {headers:?}");
        }
    }
}

async fn a_challenge_leads_to_the_document_of_the_mcp_server(app: App) {
    let answer = post(&app, &[], ping()).await;
    let url = answer.header("www-authenticate").split('"').nth(1).unwrap();
    let document = app.get(url.strip_prefix(app.options().public_url).unwrap(), &[]).await;
    assert_eq!(document.json()["resource"], format!("{}{MCP}", app.options().public_url));
}

async fn two_of_one_header_are_refused_here_too(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let header = ("x-api-key", key.as_str());
    let answer = post(&app, &[header, header], ping()).await;
    insta::assert_snapshot!(answer.summary(), @r#"400 {"error":"bad_request","message":"The request has two x-api-key headers. Send one."}"#);
    assert!(answer.header("www-authenticate").ends_with("error=\"invalid_request\""), "{answer:?}");
    // The key alone decides when there are both, as on the API.
    let answer = post(&app, &[header, ("authorization", "Bearer junk")], ping()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn a_suspended_account_is_refused_here_too(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    app.ban(ada.email()).await;
    let answer = post(&app, &[("x-api-key", &key)], ping()).await;
    insta::assert_snapshot!(answer.summary(), @r#"403 {"error":"account_banned","message":"The account is suspended. Ask the operator of this server."}"#);
    assert_eq!(answer.header("www-authenticate"), "", "another credential would not help");
}

async fn the_window_is_the_credentials_and_not_the_faces(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let credential = ("x-api-key", key.as_str());
    for _ in 0..118 {
        assert_eq!(app.account(&key).await.status, 200);
    }
    let answer = post(&app, &[credential], ping()).await;
    assert_eq!((answer.status, answer.number("x-ratelimit-remaining")), (200, 1), "{answer:?}");
    // Whatever is asked for takes room.
    let answer = app.request("GET", MCP, &[credential, ("host", app.host())]).await;
    assert_eq!((answer.status, answer.number("x-ratelimit-remaining")), (405, 0), "{answer:?}");
    app.advance(Duration::from_secs(1));
    let answer = post(&app, &[credential], ping()).await;
    insta::assert_snapshot!(answer.summary(), @r#"429 {"error":"too_many_requests","message":"This credential may make 120 requests in 60 seconds. Wait for Retry-After seconds."}"#);
    assert_eq!(
        (answer.number("retry-after"), answer.header("ratelimit")),
        (59, "\"default\";r=0;t=59")
    );
    assert_eq!(app.account(&key).await.error(), "429 TOO_MANY_REQUESTS");
    app.advance(Duration::from_secs(59));
    assert_eq!(post(&app, &[credential], ping()).await.status, 200);
}

async fn a_call_is_noted_under_its_operation(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let used_for = async || {
        housekeeping::once(app.service()).await.unwrap();
        let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
        let keys = api_keys::list_for(app.service(), &operator, &email).await.unwrap();
        let last_use = keys[0].last_use.clone().unwrap();
        assert_eq!(last_use.address, "192.0.2.7");
        (last_use.operation, last_use.agent)
    };
    // A key that only lists the tools is used too, though for no operation.
    let listing = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/list" }).to_string();
    let headers = [("x-api-key", key.as_str()), ("user-agent", "agent/1")];
    assert_eq!(post(&app, &headers, listing).await.status, 200);
    assert_eq!(used_for().await, (String::new(), "agent/1".to_owned()));
    let page = ada.get("/settings").await;
    assert!(page.text().contains("from <code>192.0.2.7</code></dd>"), "{page:?}");
    for (name, operation) in
        [("bloom_check_credits", "credits.get"), ("bloom_whoami", "account.get")]
    {
        app.advance(Duration::from_secs(1));
        tool(&app, &key, name, json!({})).await;
        assert_eq!(used_for().await.0, operation);
    }
}

/// A body that nobody may look at.
struct Untouchable;

impl HttpBody for Untouchable {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        panic!("somebody reads the body")
    }
}

async fn nothing_is_read_of_a_body_before_admission(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    for credential in [("accept-language", "en"), ("x-api-key", "junk")] {
        let answer = post(&app, &[credential], Body::new(Untouchable)).await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    // Whoever is admitted is read, which panics, which is an answer in the form of this face.
    let answer = post(&app, &[("x-api-key", &key)], Body::new(Untouchable)).await;
    insta::assert_snapshot!(answer.summary(), @r#"500 {"error":"internal_server_error","message":"Something went wrong in the server. Its operator finds the cause in the log under the x-request-id of this answer."}"#);
    app.ban(ada.email()).await;
    let answer = post(&app, &[("x-api-key", &key)], Body::new(Untouchable)).await;
    assert_eq!(answer.status, 403, "{answer:?}");
}

async fn a_message_has_at_most_one_mebibyte(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let padded = |length: usize| format!("{}{}", ping(), " ".repeat(length - ping().len()));
    let answer = post(&app, &[("x-api-key", &key)], padded(1 << 20)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = post(&app, &[("x-api-key", &key)], padded((1 << 20) + 1)).await;
    insta::assert_snapshot!(answer.summary(), @r#"413 {"error":"payload_too_large","message":"A message may have 1 MiB. Send less in one call."}"#);
}

async fn only_post_is_answered(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    for method in METHODS.iter().filter(|method| **method != "POST") {
        let headers = [("x-api-key", key.as_str()), ("host", app.host()), ACCEPT];
        let answer = app.request(method, MCP, &headers).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"), "{method}");
        insta::assert_snapshot!(answer.text(), @r#"{"error":"method_not_allowed","message":"Send each message by POST; this server keeps no session and opens no stream."}"#);
    }
    for path in ["/api/mcp/", "/api/mcp/x", "/api/mcps"] {
        let headers = [("x-api-key", key.as_str()), ("host", app.host())];
        assert_eq!(app.request("POST", path, &headers).await.error(), "404 NOT_FOUND", "{path}");
    }
}

async fn a_foreign_host_is_refused(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let ask = async |uri: &str, headers: &[(&str, &str)]| {
        let headers = [&[("x-api-key", key.as_str()), ACCEPT, JSON], headers].concat();
        let request = with_headers(Request::post(uri), &headers);
        app.send(request.body(Body::from(ping())).unwrap()).await
    };
    for host in ["localhost:4600", "LOCALHOST:4600"] {
        assert_eq!(ask(MCP, &[("host", host)]).await.status, 200, "{host}");
    }
    // As HTTP/2 says it.
    assert_eq!(ask("http://localhost:4600/api/mcp", &[]).await.status, 200);
    for host in [OTHER_PLACE, "localhost", "localhost:4601", "127.0.0.1:4600"] {
        let answer = ask(MCP, &[("host", host)]).await;
        insta::assert_snapshot!(answer.summary(), @r#"403 {"error":"forbidden","message":"This server is http://localhost:4600/api/mcp. Ask it there."}"#);
        // Nothing a proxy or a page adds makes it another.
        let answer = ask(MCP, &[("host", host), ("x-forwarded-host", app.host())]).await;
        assert_eq!(answer.status, 403, "{host}");
    }
    let answer = ask(MCP, &[("host", "localhost:4600.evil")]).await;
    assert_eq!(answer.status, 400, "no port is called that");
    assert_eq!(ask("http://evil.example/api/mcp", &[]).await.status, 403);
    assert_eq!(ask(MCP, &[]).await.status, 403, "no host is not this one");
}

async fn any_web_page_may_call_with_a_credential_of_its_own(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let credential = ("x-api-key", key.as_str());
    for origin in ["https://app.example", "null", "http://localhost:4600"] {
        let origin = ("origin", origin);
        let asked = [origin, ("access-control-request-method", "POST")];
        let preflight = app.request("OPTIONS", MCP, &asked).await;
        assert_eq!((preflight.status, preflight.body.len()), (204, 0), "{preflight:?}");
        let allowed = preflight.header("access-control-allow-headers");
        for name in ["authorization", "content-type", "mcp-protocol-version", "mcp-method"] {
            assert!(allowed.contains(name), "{name}: {allowed}");
        }
        let other_host = [origin, ("host", OTHER_PLACE)];
        for (answer, status) in [
            (preflight, 204),
            (post(&app, &[origin, credential], ping()).await, 200),
            (post(&app, &[origin, credential], "{}").await, 400),
            (post(&app, &[origin], ping()).await, 401),
            (app.request("POST", MCP, &other_host).await, 403),
            (app.request("GET", MCP, &[origin, credential, ("host", app.host())]).await, 405),
        ] {
            assert_eq!(answer.status, status, "{answer:?}");
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{answer:?}");
            // With `*` a browser would refuse an answer that allowed credentials.
            assert_eq!(answer.header("access-control-allow-credentials"), "", "{answer:?}");
            let exposed = answer.header("access-control-expose-headers");
            assert!(exposed.contains("WWW-Authenticate"), "{answer:?}");
        }
    }
}

async fn other_forms_of_a_message_are_refused(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let ask = async |headers: &[(&str, &str)]| {
        let headers = [&[("x-api-key", key.as_str()), ("host", app.host())], headers].concat();
        let request = with_headers(Request::post(MCP), &headers);
        app.send(request.body(Body::from(ping())).unwrap()).await
    };
    for headers in [&[ACCEPT][..], &[ACCEPT, ("content-type", "text/plain")]] {
        insta::assert_snapshot!(ask(headers).await.summary(), @r#"415 {"error":"unsupported_media_type","message":"Send the message as JSON, with Content-Type: application/json."}"#);
    }
    for headers in
        [&[JSON][..], &[JSON, ("accept", "text/html")], &[JSON, ("accept", "application/json")]]
    {
        insta::assert_snapshot!(ask(headers).await.summary(), @r#"406 {"error":"not_acceptable","message":"Send Accept: application/json, text/event-stream; the protocol demands both."}"#);
    }
    let charset = [ACCEPT, ("content-type", "application/json; charset=utf-8")];
    assert_eq!(ask(&charset).await.status, 200);
}

/// A weight in `Accept`, which changes nothing, is what sends a call through rmcp.
async fn a_plain_call_is_answered_as_rmcp_answers_it(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let answers = async |accept: &str, version: Option<&str>, body: &str| {
        let mut headers = vec![("x-api-key", key.as_str()), ("host", app.host()), JSON];
        headers.push(("accept", accept));
        headers.extend(version.map(|version| ("mcp-protocol-version", version)));
        let request = with_headers(Request::post(MCP), &headers);
        let answer = app.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        let header = |name| answer.header(name).to_owned();
        let headers = ["content-type", "cache-control", "content-length"].map(header);
        (answer.status, headers, answer.text().to_owned())
    };
    let credits = |workspace: &str| {
        format!(r#"{{"name":"bloom_check_credits","arguments":{{"workspaceId":{workspace}}}}}"#)
    };
    let image =
        r#"{"name":"bloom_get_image","arguments":{"id":"00000000-0000-0000-0000-000000000000"}}"#;
    let calls = [
        r#"{"name":"bloom_whoami"}"#,
        r#"{"name":"bloom_whoami","arguments":null}"#,
        r#"{"name":"bloom_list_brands","arguments":{}}"#,
        r#"{"name":"bloom_whoami","_meta":{"progressToken":"a"}}"#,
        r#"{"name":"bloom_whoami","arguments":{"a":1}}"#,
        r#"{"name":"bloom_nothing"}"#,
        r#"{"name":"bloom_\u0077hoami"}"#,
        r#"{"name":"bloom_whoami","arguments":{"a":1,"a":2}}"#,
        image,
        &credits("5"),
        &credits("\"personal\""),
        &credits("18446744073709551616"),
    ];
    let versions = [None, Some("2024-11-05"), Some("2025-06-18"), Some("2025-11-25")];
    let of_versions = calls.iter().flat_map(|call| versions.map(|version| ("7", version, *call)));
    let ids = ["-1", "\"a\"", "1.0", "9223372036854775808", "null"];
    let of_ids = ids.map(|id| (id, None, calls[0]));
    let mut results = 0;
    for (id, version, call) in of_versions.chain(of_ids) {
        let body =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{call}}}"#);
        let plain = answers(ACCEPT.1, version, &body).await;
        let by_rmcp = answers("application/json;q=1, text/event-stream", version, &body).await;
        assert_eq!(plain, by_rmcp, "{version:?} {body}");
        results += usize::from(plain.2.contains("\"structuredContent\""));
    }
    assert!(results > 12, "{results} calls came to something");
}

async fn a_cookie_opens_no_mcp_server(app: App) {
    let ada = app.person("ada").await;
    let answer = post(&app, &[("cookie", &ada.cookie())], ping()).await;
    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(answer.cookies().is_empty());
}

async fn a_failure_in_a_tool_fails_the_request(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    assert_eq!(app.account(&key).await.status, 200);
    app.database().run("ALTER TABLE members RENAME TO hidden");
    let arguments = json!({ "workspaceId": TEAM });
    let params = json!({ "name": "bloom_check_credits", "arguments": arguments });
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
    let answer = post(&app, &[("x-api-key", &key)], message.to_string()).await;
    insta::assert_snapshot!(answer.summary(), @r#"500 {"error":"internal_server_error","message":"Something went wrong in the server. Its operator finds the cause in the log under the x-request-id of this answer."}"#);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-ratelimit-limit"), "120");
}
