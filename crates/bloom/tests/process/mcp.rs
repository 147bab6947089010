//! A real MCP client over real HTTP.

use std::collections::HashMap;

use axum::http::{HeaderName, HeaderValue};
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientConfig, JsonObject, ProtocolVersion,
};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RoleClient, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};

use crate::images::brand;
use crate::oauth_clients::makes_an_image;
use crate::support::home::Home;
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

type Client = RunningService<RoleClient, ClientConfig>;

/// The ways in which a client may begin.
fn lifecycles() -> [ClientLifecycleMode; 2] {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    [ClientLifecycleMode::Initialize, ClientLifecycleMode::Discover { preferred_versions }]
}

async fn connect(
    config: StreamableHttpClientTransportConfig,
    lifecycle: ClientLifecycleMode,
) -> Result<Client, String> {
    let transport = StreamableHttpClientTransport::from_config(config);
    let client = ClientConfig::default().serve_with_lifecycle(transport, lifecycle);
    client.await.map_err(|error| error.to_string())
}

fn at(server: &Server) -> StreamableHttpClientTransportConfig {
    StreamableHttpClientTransportConfig::with_uri(format!("{}/api/mcp", server.origin()))
}

async fn call(client: &Client, name: &'static str, arguments: Value) -> CallToolResult {
    let arguments: JsonObject = serde_json::from_value(arguments).expect("an object");
    let call = CallToolRequestParams::new(name).with_arguments(arguments);
    client.call_tool(call).await.expect("a result")
}

async fn use_the_tools(client: &Client, server: &Server, key: &str) {
    let info = client.peer_info().expect("the server said who it is");
    let name = info.server_info.as_ref().map(|server| server.name.as_str());
    assert_eq!(name, Some("bloom"));
    let tools = client.list_all_tools().await.expect("tools");
    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    assert_eq!(names[..2], ["bloom_check_credits", "bloom_whoami"]);

    let whoami = call(client, "bloom_whoami", json!({})).await;
    let account: Value = serde_json::from_str(&server.account(key).body).expect("JSON");
    assert_eq!(whoami.structured_content.as_ref(), Some(&account["data"]));
    let credits = call(client, "bloom_check_credits", json!({})).await;
    assert_eq!(
        credits.structured_content,
        Some(
            json!({ "balance": 0, "unlimited": true, "held": 0, "monthly": 0, "topup": 0, "next_refresh_at": null, "budget_left": null })
        )
    );
    let refused = call(client, "bloom_check_credits", json!({ "workspaceId": "nowhere" })).await;
    assert_eq!((refused.is_error, refused.structured_content), (Some(true), None));
    assert!(client.call_tool(CallToolRequestParams::new("bloom_nothing")).await.is_err());
}

#[test]
fn a_real_client_uses_the_tools() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "agent");
    let config = home.path("bloom.toml");
    std::fs::write(&config, "[fetch]\nallow_private = true\n").expect("a file");
    let mut command =
        home.command(&format!("serve --listen 127.0.0.1:0 --config {}", config.display()));
    // When the server goes, its log is searched: not even at its most talkative may rmcp tell a key.
    command.env("BLOOM_LOG_FILTER", "info,bloom=trace,rmcp=trace");
    let server = Server::start(command, &home.data());
    let brand = brand(&server, &key);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        for lifecycle in lifecycles() {
            let bearer = at(&server).auth_header(key.as_str());
            let header = (HeaderName::from_static("x-api-key"), HeaderValue::from_str(&key));
            let header = HashMap::from([(header.0, header.1.expect("a header"))]);
            for config in [bearer, at(&server).custom_headers(header)] {
                let client = connect(config, lifecycle.clone()).await.expect("it connects");
                use_the_tools(&client, &server, &key).await;
                makes_an_image(&client, &server, &brand).await;
                client.cancel().await.expect("it ends");
            }
            let refused = connect(at(&server), lifecycle).await.expect_err("it has no credential");
            assert!(refused.to_lowercase().contains("auth"), "{refused}");
        }
    });
    assert!(server.log().contains("rmcp"), "rmcp was made to talk");
}

#[test]
fn rmcp_keeps_quiet_unless_it_is_asked() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "agent");
    let server = home.serve();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let config = at(&server).auth_header(key.as_str());
        let client = connect(config, ClientLifecycleMode::Initialize).await.expect("it connects");
        use_the_tools(&client, &server, &key).await;
    });
    assert!(!server.log().contains("rmcp"), "{}", server.log());
}
