//! A server that logs all there is to log, and an app's whole life beside it: no secret is in the log.

use serde_json::{Value, json};

use crate::support::home::Home;
use crate::support::http::{Answer, Ask};
use crate::support::person::Person;
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

on_both_engines!(a_server_that_logs_everything_logs_no_secret, |home| {
    home.account(ADA, PASSWORD);
    let mut command = home.command("serve --listen 127.0.0.1:0");
    command.env("BLOOM_LOG_FILTER", "trace");
    let server = Server::start(command, &home.data());
    let mut ada = Person::sign_in(&server, ADA, PASSWORD);
    let key = ada.create_key("ci");
    let metadata = json!({ "redirect_uris": ["https://app.example/cb"] }).to_string();
    let register = Ask::any("POST", "/api/auth/oauth2/register", metadata)
        .header("content-type", "application/json");
    let client = server.send(&register).expect(201).json()["client_id"].clone();
    let client = client.as_str().expect("an id");
    let authorize = format!(
        "{}/api/auth/oauth2/authorize?response_type=code&client_id={client}&state=s&scope=openid\
         &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_challenge={CHALLENGE}\
         &code_challenge_method=S256",
        server.origin()
    );
    let place = ada.allow(&server, &authorize);
    let code = place.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
    let ask = |endpoint: &str, fields: &[(&str, &str)]| {
        let fields = [&[("client_id", client)], fields].concat();
        server.send(&Ask::form(&format!("/api/auth/oauth2/{endpoint}"), &fields))
    };
    let redeem = |code: &str| {
        ask(
            "token",
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", "https://app.example/cb"),
                ("code_verifier", VERIFIER),
            ],
        )
    };
    let first = redeem(code).expect(200).json();
    redeem(code).expect(400);
    let refresh = |tokens: &Value| -> Answer {
        let token = tokens["refresh_token"].as_str().expect("a token");
        ask("token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
    };
    let next = refresh(&first).expect(200).json();
    refresh(&first).expect(200);
    let access = next["access_token"].as_str().expect("a token");
    // Where they belong, and where they do not.
    let bearer = format!("Bearer {access}");
    server.send(&Ask::get("/api/v1/account").header("authorization", &bearer)).expect(200);
    server.send(&Ask::get("/api/v1/account").header("x-api-key", access)).expect(401);
    server.send(&Ask::get("/api/v1/account").header("x-api-key", &key)).expect(200);
    server.send(&Ask::get(&format!("/api/v1/account?key={key}&access_token={access}"))).expect(401);
    ask("revoke", &[("token", access)]).expect(200);
    ask("revoke", &[("token", next["refresh_token"].as_str().expect("a token"))]).expect(200);
    refresh(&next).expect(400);
    ada.enter("/sign-in", ADA, "a wrong password, which is somebody's");
    ada.post("/sign-out", &[]);
    assert!(server.log().contains("ready"), "there is something to look at");
    // What it wrote is searched for every secret when the server goes away.
    assert_eq!(server.stop().code, Some(0));
});
