use super::*;

const SCOPES: &[&str] = &["openid", "offline_access", "read"];

const RULES: Rules<'_> =
    Rules { scopes: SCOPES, default_scope: "openid offline_access", schemes: &["cursor"] };

fn read(body: &str) -> Result<ClientMetadata, (ErrorCode, String)> {
    parse(body.as_bytes(), RULES).map_err(|error| (error.code, error.description.into_owned()))
}

#[test]
fn the_documented_public_client_is_taken_as_it_is() {
    let client = read(
        r#"{"token_endpoint_auth_method":"none","type":"user-agent-based",
            "grant_types":["authorization_code","refresh_token"],"response_types":["code"],
            "redirect_uris":["https://your-app.example/oauth/callback"]}"#,
    )
    .unwrap();
    assert_eq!(client.kind, "user-agent-based");
    assert_eq!(client.scope, "openid offline_access");
    assert_eq!(client.redirect_uris, ["https://your-app.example/oauth/callback"]);
    let json = serde_json::to_value(&client).unwrap();
    assert!(json.as_object().unwrap().values().all(|value| !value.is_null()));
}

#[test]
fn what_is_missing_is_filled_in_and_what_is_not_served_left_out() {
    let client = read(
        r#"{"redirect_uris":["http://127.0.0.1:1/cb"],"token_endpoint_auth_method":"client_secret_basic",
            "grant_types":["authorization_code","implicit"],"scope":"read mcp:tools","client_name":"X",
            "unknown":{"a":[1]},"logo_uri":"https://x.example/l.png","client_id":"mine","verified":true}"#,
    )
    .unwrap();
    assert_eq!(client.kind, "native");
    assert_eq!(client.token_endpoint_auth_method, AuthMethod::None);
    assert_eq!(client.grant_types, ["authorization_code"]);
    assert_eq!(client.scope, "read");
    assert_eq!(client.echoed["logo_uri"], "https://x.example/l.png");
    let json = serde_json::to_value(&client).unwrap();
    assert!(json.get("client_id").is_none() && json.get("verified").is_none());
}

#[test]
fn each_fault_is_named() {
    for (body, code, part) in [
        ("", ErrorCode::InvalidClientMetadata, "not a JSON object"),
        ("[]", ErrorCode::InvalidClientMetadata, "not a JSON object"),
        (r#"{"a":1,"a":2}"#, ErrorCode::InvalidClientMetadata, "a is there twice"),
        ("{}", ErrorCode::InvalidRedirectUri, "1 to 20"),
        (r#"{"redirect_uris":[]}"#, ErrorCode::InvalidRedirectUri, "1 to 20"),
        (r#"{"redirect_uris":"x"}"#, ErrorCode::InvalidClientMetadata, "list of strings"),
        (r#"{"redirect_uris":[1]}"#, ErrorCode::InvalidClientMetadata, "list of strings"),
        (
            r#"{"redirect_uris":["https://a.example/cb","https://a.example/*"]}"#,
            ErrorCode::InvalidRedirectUri,
            "https://a.example/*: wildcards",
        ),
        (
            r#"{"redirect_uris":["https://a.example/cb"],"grant_types":["client_credentials"]}"#,
            ErrorCode::InvalidClientMetadata,
            "authorization_code",
        ),
        (
            r#"{"redirect_uris":["https://a.example/cb"],"response_types":["token"]}"#,
            ErrorCode::InvalidClientMetadata,
            "response_types",
        ),
        (
            r#"{"redirect_uris":["https://a.example/cb"],"client_name":5}"#,
            ErrorCode::InvalidClientMetadata,
            "client_name must be a string",
        ),
    ] {
        let (found, description) = read(body).unwrap_err();
        assert_eq!(found, code, "{body}");
        assert!(description.contains(part), "{description}");
    }
    let many =
        format!(r#"{{"redirect_uris":[{}]}}"#, vec![r#""https://a.example/""#; 21].join(","));
    assert_eq!(read(&many).unwrap_err().0, ErrorCode::InvalidRedirectUri);
    let deep = format!(
        r#"{{"redirect_uris":["https://a.example/"],"x":{}1{}}}"#,
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    assert_eq!(read(&deep).unwrap_err().0, ErrorCode::InvalidClientMetadata);
}

#[test]
fn the_same_app_has_one_canonical_form() {
    let canonical = |body: &str| read(body).unwrap().canonical(&["cursor"]);
    let one = canonical(
        r#"{"redirect_uris":["http://localhost:1/cb","https://a.example/cb"],"client_name":"A"}"#,
    );
    let same = canonical(
        r#"{"client_name":"A","redirect_uris":["https://a.example/cb","http://localhost:2/cb"]}"#,
    );
    let other = canonical(
        r#"{"client_name":"B","redirect_uris":["https://a.example/cb","http://localhost:2/cb"]}"#,
    );
    assert_eq!(one, same);
    assert_ne!(one, other);
}

#[test]
fn where_people_go_after_signing_out_is_canonical_without_its_port() {
    let app = |uris: &str| {
        let body = format!(
            r#"{{"redirect_uris":["http://127.0.0.1:1/cb"],"post_logout_redirect_uris":[{uris}]}}"#
        );
        read(&body).unwrap()
    };
    let canonical = |uris: &str| app(uris).canonical(&[]);
    let one = canonical(r#""http://127.0.0.1:4000/bye","https://a.example/bye""#);
    assert_eq!(one, canonical(r#""https://a.example/bye","http://127.0.0.1:51234/bye""#));
    for other in [
        r#""http://127.0.0.1:4000/other","https://a.example/bye""#,
        r#""http://127.0.0.1:4000/bye","https://a.example:444/bye""#,
        r#""http://127.0.0.1:4000/bye""#,
    ] {
        assert_ne!(one, canonical(other), "{other}");
    }
    let app = app(r#""http://127.0.0.1:4000/bye","https://a.example/bye""#);
    for good in ["http://127.0.0.1:1/bye", "http://127.0.0.1/bye", "https://a.example/bye"] {
        assert!(app.post_logout_redirect(good, &[]).is_some(), "{good}");
    }
    for bad in
        ["http://localhost:4000/bye", "https://a.example:443/bye", "http://127.0.0.1:1/x", ""]
    {
        assert!(app.post_logout_redirect(bad, &[]).is_none(), "{bad}");
    }
}

#[test]
fn an_app_that_sends_back_what_it_was_answered_is_the_same_app() {
    for sent in [
        r#"{"redirect_uris":["https://app.example/cb"]}"#,
        r#"{"redirect_uris":["http://localhost:1/cb"],"application_type":"native","scope":"openid offline_access"}"#,
    ] {
        let metadata = read(sent).unwrap();
        let answered = read(&serde_json::to_string(&metadata).unwrap()).unwrap();
        assert_eq!(answered.canonical(&[]), metadata.canonical(&[]), "{sent}");
    }
}

fn read_owned(body: &str) -> Result<ClientMetadata, (ErrorCode, String)> {
    parse_owned(body.as_bytes(), RULES)
        .map_err(|error| (error.code, error.description.into_owned()))
}

#[test]
fn a_client_that_is_owned_may_have_a_secret_and_act_for_itself() {
    let client = read_owned(r#"{"redirect_uris":["https://a.example/cb"]}"#).unwrap();
    assert_eq!(client.token_endpoint_auth_method, AuthMethod::Basic, "the default of RFC 7591");
    assert_eq!(client.grant_types, ["authorization_code", "refresh_token"]);
    let alone = read_owned(
        r#"{"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_post"}"#,
    )
    .unwrap();
    assert!(alone.redirect_uris.is_empty());
    let json = serde_json::to_value(&alone).unwrap();
    assert_eq!(json["token_endpoint_auth_method"], "client_secret_post");
    assert_eq!(serde_json::from_value::<ClientMetadata>(json).unwrap(), alone);
}

#[test]
fn what_an_owned_client_cannot_be_is_refused_and_not_replaced() {
    for (body, part) in [
        (r#"{"redirect_uris":[]}"#, "1 to 20"),
        (r#"{"token_endpoint_auth_method":"private_key_jwt"}"#, "one of none, client_secret_basic"),
        (r#"{"grant_types":["implicit"]}"#, "implicit is none of"),
        (r#"{"grant_types":["refresh_token"]}"#, "needs authorization_code"),
        (
            r#"{"grant_types":["client_credentials"],"token_endpoint_auth_method":"none"}"#,
            "needs a secret method",
        ),
        (r#"{"redirect_uris":["https://a.example/*"]}"#, "wildcards"),
    ] {
        let (_, text) = read_owned(body).unwrap_err();
        assert!(text.contains(part), "{body}: {text}");
    }
}
