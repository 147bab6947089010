//! Real OAuth clients, as an app's developer uses them, against the program itself.

use std::io;
use std::sync::Mutex;

use axum::http::{Response, response};
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, CsrfToken, HttpRequest, HttpResponse, PkceCodeChallenge,
    RedirectUrl, RefreshToken, RevocationUrl, Scope, TokenResponse, TokenUrl,
};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreClientRegistrationRequest,
    CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::registration::EmptyAdditionalClientMetadata;
use openidconnect::{IssuerUrl, Nonce};
use rmcp::RoleClient;
use rmcp::model::{CallToolRequestParams, ClientConfig, ContentBlock};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{AuthClient, AuthorizationRequest, OAuthState};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};

use crate::images::{brand, is_made_by_an_app, is_there, serve};
use crate::support::home::Home;
use crate::support::http::Ask;
use crate::support::person::Person;
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const REDIRECT: &str = "http://127.0.0.1:9/callback";

/// A server with a person who is signed in.
fn world() -> (Home, Server, Person) {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = serve(&home, "");
    let person = Person::sign_in(&server, ADA, PASSWORD);
    (home, server, person)
}

/// How the crates `oauth2` and `openidconnect` send.
fn sender(server: &Server) -> impl Fn(HttpRequest) -> Result<HttpResponse, io::Error> {
    let address = server.address;
    move |request| {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let body = String::from_utf8(request.body().clone()).map_err(io::Error::other)?;
        let ask = Ask::any(request.method().as_str(), path, body);
        let ask = request.headers().iter().fold(ask, |ask, (name, value)| {
            ask.header(name.as_str(), value.to_str().unwrap_or_default())
        });
        let answer = ask.send(address)?;
        let mut response: response::Builder = Response::builder().status(answer.status);
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        response.body(answer.body.into_bytes()).map_err(io::Error::other)
    }
}

fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').expect("a query");
    let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    value.unwrap_or_else(|| panic!("no {name}: {url}")).to_owned()
}

fn account(server: &Server, token: &str) -> (u16, Value) {
    let ask = Ask::get("/api/v1/account").header("authorization", &format!("Bearer {token}"));
    let answer = ask.send(server.address).expect("an answer");
    (answer.status, answer.json()["data"]["email"].clone())
}

#[test]
fn the_oauth2_crate_connects() {
    let (home, server, _) = world();
    let metadata = json!({ "redirect_uris": [REDIRECT], "client_name": "oauth2" }).to_string();
    let register = Ask::any("POST", "/api/auth/oauth2/register", metadata)
        .header("content-type", "application/json");
    let registered = register.send(server.address).expect("an answer").expect(201).json();
    let id = registered["client_id"].as_str().expect("an id").to_owned();
    let endpoint = |name: &str| format!("{}/api/auth/oauth2/{name}", server.origin());
    // The crate revokes over https only. Our sender leaves the scheme alone, as a proxy would.
    let revoke = endpoint("revoke").replacen("http:", "https:", 1);
    let client = BasicClient::new(ClientId::new(id))
        .set_auth_uri(AuthUrl::new(endpoint("authorize")).expect("a URL"))
        .set_token_uri(TokenUrl::new(endpoint("token")).expect("a URL"))
        .set_revocation_url(RevocationUrl::new(revoke).expect("a URL"))
        .set_redirect_uri(RedirectUrl::new(REDIRECT.to_owned()).expect("a URL"));
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state) = client
        .authorize_url(CsrfToken::new_random)
        .add_scope(Scope::new("read".to_owned()))
        .add_scope(Scope::new("generate".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let back = Person::sign_in_and_allow(&server, url.as_str(), ADA, PASSWORD);
    assert_eq!(&parameter(&back, "state"), state.secret());
    let send = sender(&server);
    let code = AuthorizationCode::new(parameter(&back, "code"));
    let tokens = client.exchange_code(code).set_pkce_verifier(verifier).request(&send);
    let tokens = tokens.expect("tokens");
    let access = tokens.access_token().secret();
    assert_eq!(account(&server, access), (200, json!(ADA)));
    assert_eq!(tokens.scopes().expect("scopes").len(), 2);
    is_made_by_an_app(&server, access, &brand(&server, &home.key(ADA, "ci")));
    let refresh = tokens.refresh_token().expect("a refresh token").secret().clone();
    let next = client.exchange_refresh_token(&RefreshToken::new(refresh)).request(&send);
    let next = next.expect("tokens");
    assert_eq!(account(&server, next.access_token().secret()).0, 200);
    let refresh = next.refresh_token().expect("a refresh token").clone();
    let revoked = client.revoke_token(refresh.clone().into()).expect("over https").request(&send);
    revoked.expect("it is revoked");
    assert_eq!(account(&server, next.access_token().secret()).0, 401);
    client.exchange_refresh_token(&refresh).request(&send).expect_err("its grant has ended");
}

#[test]
fn the_openidconnect_crate_connects() {
    let (home, server, mut ada) = world();
    let send = sender(&server);
    let issuer = IssuerUrl::new(format!("{}/api/auth", server.origin())).expect("a URL");
    let provider = CoreProviderMetadata::discover(&issuer, &send).expect("it is discovered");
    let redirect = RedirectUrl::new(REDIRECT.to_owned()).expect("a URL");
    let metadata = EmptyAdditionalClientMetadata {};
    let request = CoreClientRegistrationRequest::new(vec![redirect.clone()], metadata)
        .set_token_endpoint_auth_method(Some(CoreClientAuthMethod::None));
    let endpoint = provider.registration_endpoint().expect("an endpoint").clone();
    let registered = request.register(&endpoint, &send).expect("it is registered");
    assert!(registered.client_secret().is_none());
    let id = registered.client_id().clone();
    let client = CoreClient::from_provider_metadata(provider, id, None).set_redirect_uri(redirect);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let (url, state, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("email".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let back = ada.allow(&server, url.as_str());
    assert_eq!(&parameter(&back, "state"), state.secret());
    let code = AuthorizationCode::new(parameter(&back, "code"));
    let request = client.exchange_code(code).expect("a token endpoint");
    let tokens = request.set_pkce_verifier(verifier).request(&send).expect("tokens");
    let id_token = tokens.extra_fields().id_token().expect("an id token");
    let algorithm = id_token.signing_alg().expect("one it knows");
    assert_eq!(algorithm, &CoreJwsSigningAlgorithm::EdDsa);
    let verifier = client.id_token_verifier();
    id_token.claims(&verifier, &Nonce::new_random()).expect_err("it answers another request");
    let claims = id_token.claims(&verifier, &nonce).expect("it verifies");
    assert_eq!(claims.email().map(|email| email.as_str()), Some(ADA));
    assert_eq!(account(&server, tokens.access_token().secret()), (200, json!(ADA)));
    let brand = brand(&server, &home.key(ADA, "ci"));
    is_made_by_an_app(&server, tokens.access_token().secret(), &brand);
}

#[test]
fn an_mcp_client_connects_from_nothing_but_the_url() {
    let (home, server, ada) = world();
    let brand = brand(&server, &home.key(ADA, "ci"));
    let ada = Mutex::new(ada);
    let url = format!("{}/api/mcp", server.origin());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut state = OAuthState::new(url.as_str(), None).await.expect("a state");
        let request = AuthorizationRequest::new(REDIRECT).with_client_name("rmcp");
        state.start_authorization(request).await.expect("discovery and registration");
        let authorize = state.get_authorization_url().await.expect("a URL");
        let back = ada.lock().expect("nobody else").allow(&server, &authorize);
        state.handle_callback_url(&back).await.expect("tokens");
        state.refresh_token().await.expect("it refreshes");
        let manager = state.into_authorization_manager().expect("authorized");
        let transport = StreamableHttpClientTransport::with_client(
            AuthClient::new(reqwest::Client::default(), manager),
            StreamableHttpClientTransportConfig::with_uri(url),
        );
        let client = ClientConfig::default()
            .serve_with_lifecycle(transport, ClientLifecycleMode::Initialize)
            .await
            .expect("it connects");
        let tools = client.list_all_tools().await.expect("tools");
        assert_eq!(tools.len(), 18);
        for (tool, expected) in [
            ("bloom_whoami", json!({ "email": ADA, "name": null })),
            ("bloom_check_credits", json!({ "balance": 0, "unlimited": true, "held": 0, "monthly": 0, "topup": 0, "next_refresh_at": null, "budget_left": null })),
        ] {
            let result =
                client.call_tool(CallToolRequestParams::new(tool)).await.expect("a result");
            assert_eq!(result.structured_content, Some(expected));
        }
        makes_an_image(&client, &server, &brand).await;
        client.cancel().await.expect("it ends");
    });
}

/// An MCP client asks for an image twice under one name, waits for it, and follows its link.
pub(crate) async fn makes_an_image(
    client: &RunningService<RoleClient, ClientConfig>,
    server: &Server,
    brand: &str,
) {
    let call = async |name: &'static str, arguments: Value| {
        let arguments = arguments.as_object().expect("an object").clone();
        let call = CallToolRequestParams::new(name).with_arguments(arguments);
        client.call_tool(call).await.expect("a result")
    };
    let order = json!({
        "prompt": "\"Made by an agent\"", "brandSessionId": brand, "aspectRatio": "21:9", "idempotencyKey": "by-an-agent"
    });
    let asked = call("bloom_generate_image", order.clone()).await.structured_content;
    let asked = asked.expect("what was asked for");
    let again = call("bloom_generate_image", order).await.structured_content;
    assert_eq!(again.as_ref(), Some(&asked));
    let found = call("bloom_get_image", json!({ "imageId": asked["ids"][0] })).await;
    let image = found.structured_content.expect("an image");
    is_there(server, &image);
    let links: Vec<_> = found.content.iter().filter_map(ContentBlock::as_resource_link).collect();
    assert_eq!((links.len(), Some(links[0].uri.as_str())), (1, image["imageUrl"].as_str()));
}

/// It has a token that is too narrow, is told all that it needs, and comes back with that (step-up).
#[test]
fn an_mcp_client_that_is_told_what_it_lacks_asks_for_it() {
    let (_home, server, ada) = world();
    let ada = Mutex::new(ada);
    let url = format!("{}/api/mcp", server.origin());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let narrow = AuthorizationRequest::new(REDIRECT).with_client_name("rmcp");
        let narrow = narrow.with_scopes(["generate", "openid"]);
        let (client, token) = connect_by_mcp(&server, &ada, &url, narrow).await;
        let refused = client.call_tool(CallToolRequestParams::new("bloom_whoami")).await;
        let refused = format!("{:?}", refused.expect_err("it may not"));
        assert!(refused.contains("InsufficientScope"), "{refused}");
        client.cancel().await.expect("it ends");

        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "bloom_whoami" },
        });
        let ask = Ask::any("POST", "/api/mcp", call.to_string())
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("authorization", &format!("Bearer {token}"));
        let answer = ask.send(server.address).expect("an answer").expect(403);
        let challenge = answer.header("www-authenticate").expect("a challenge").to_owned();
        let all = "scope=\"generate offline_access openid read\"";
        assert!(challenge.contains(all), "{challenge}");
        let wider = AuthorizationRequest::new(REDIRECT).with_client_name("rmcp");
        let wider = wider.with_challenge(challenge);
        let (client, _) = connect_by_mcp(&server, &ada, &url, wider).await;
        let result = client.call_tool(CallToolRequestParams::new("bloom_whoami")).await;
        let result = result.expect("a result").structured_content;
        assert_eq!(result, Some(json!({ "email": ADA, "name": null })));
        client.cancel().await.expect("it ends");
    });
}

/// Lets an MCP client in; gives it connected, and its access token.
async fn connect_by_mcp(
    server: &Server,
    ada: &Mutex<Person>,
    url: &str,
    request: AuthorizationRequest,
) -> (RunningService<RoleClient, ClientConfig>, String) {
    let mut state = OAuthState::new(url, None).await.expect("a state");
    state.start_authorization(request).await.expect("discovery and registration");
    let authorize = state.get_authorization_url().await.expect("a URL");
    let back = ada.lock().expect("nobody else").allow(server, &authorize);
    state.handle_callback_url(&back).await.expect("tokens");
    let manager = state.into_authorization_manager().expect("authorized");
    let token = manager.get_access_token().await.expect("a token");
    let transport = StreamableHttpClientTransport::with_client(
        AuthClient::new(reqwest::Client::default(), manager),
        StreamableHttpClientTransportConfig::with_uri(url.to_owned()),
    );
    let client = ClientConfig::default()
        .serve_with_lifecycle(transport, ClientLifecycleMode::Initialize)
        .await
        .expect("it connects");
    (client, token)
}
