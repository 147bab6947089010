use super::*;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn check(query: &str) -> Result<AuthorizationRequest, (ErrorCode, String)> {
    let resources = ["https://b.example".to_owned(), "https://b.example/api/mcp".to_owned()];
    let rules = Rules { scopes: &["openid", "read"], resources: &resources };
    let parameters = Parameters::parse(query.as_bytes()).unwrap();
    Unverified::read(parameters)
        .and_then(|request| request.check(rules))
        .map_err(|error| (error.code, error.description.into_owned()))
}

fn with(more: &str) -> Result<AuthorizationRequest, (ErrorCode, String)> {
    check(&format!(
        "client_id=c&redirect_uri=https%3A%2F%2Fa.example%2Fcb&response_type=code\
         &code_challenge={CHALLENGE}&code_challenge_method=S256&{more}"
    ))
}

#[test]
fn a_good_request_is_read_whole() {
    let request = with(
        "state=s%20t&scope=openid+read&nonce=n&prompt=login+consent&max_age=5&login_hint=a%40b\
         &resource=https%3A%2F%2Fb.example&resource=https%3A%2F%2Fb.example%2Fapi%2Fmcp&access_type=offline",
    )
    .unwrap();
    assert_eq!(request.state.as_deref(), Some("s t"));
    assert_eq!(request.scope, "openid read");
    assert_eq!(request.nonce.as_deref(), Some("n"));
    assert!(request.prompt.login && request.prompt.consent && !request.prompt.none);
    assert_eq!(request.max_age, Some(5));
    assert_eq!(with("").unwrap().scope, "");
    // "Parameters sent without a value MUST be treated as if they were omitted" (RFC 6749 §3.1).
    for empty in ["resource=", "resource=&resource=https%3A%2F%2Fb.example&resource"] {
        assert!(with(empty).is_ok(), "{empty}");
    }
}

#[test]
fn each_fault_has_its_code() {
    for (more, code) in [
        ("response_type=token", ErrorCode::InvalidRequest),
        ("state=1&state=2", ErrorCode::InvalidRequest),
        ("scope=admin", ErrorCode::InvalidScope),
        ("scope=a%22b", ErrorCode::InvalidScope),
        ("resource=https%3A%2F%2Fevil.example", ErrorCode::InvalidTarget),
        ("resource=https%3A%2F%2Fb.example%2F..", ErrorCode::InvalidTarget),
        ("request=x", ErrorCode::RequestNotSupported),
        ("request_uri=x", ErrorCode::RequestNotSupported),
        ("response_mode=fragment", ErrorCode::InvalidRequest),
        ("prompt=none+login", ErrorCode::InvalidRequest),
        ("prompt=maybe", ErrorCode::InvalidRequest),
        ("max_age=-1", ErrorCode::InvalidRequest),
        ("max_age=%2B5", ErrorCode::InvalidRequest),
        ("code_challenge_method=plain", ErrorCode::InvalidRequest),
    ] {
        assert_eq!(with(more).unwrap_err().0, code, "{more}");
    }
    let long = format!("state={}", "s".repeat(4_097));
    assert_eq!(with(&long).unwrap_err().0, ErrorCode::InvalidRequest);
    let base = "client_id=c&redirect_uri=r&response_type=code";
    for query in [
        "redirect_uri=r&response_type=code".to_owned(),
        "client_id=c&response_type=code".to_owned(),
        "client_id=c&client_id=d&redirect_uri=r".to_owned(),
        base.to_owned(),
        format!("{base}&code_challenge={CHALLENGE}"),
        format!("{base}&code_challenge={CHALLENGE}&code_challenge_method=plain"),
        format!("{base}&code_challenge=short&code_challenge_method=S256"),
    ] {
        assert_eq!(check(&query).unwrap_err().0, ErrorCode::InvalidRequest, "{query}");
    }
    let token = format!(
        "client_id=c&redirect_uri=r&response_type=token&code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    assert_eq!(check(&token).unwrap_err().0, ErrorCode::UnsupportedResponseType);
}

#[test]
fn an_answer_has_state_and_issuer_once_each() {
    let issuer = "https://b.example/api/auth";
    assert_eq!(
        answer("https://a.example/cb", issuer, Some("a b&c"), &[("code", "x")]),
        "https://a.example/cb?code=x&state=a%20b%26c&iss=https%3A%2F%2Fb.example%2Fapi%2Fauth"
    );
    assert_eq!(
        answer("com.example.app:/cb?x=1", issuer, None, &[("code", "x")]),
        "com.example.app:/cb?x=1&code=x&iss=https%3A%2F%2Fb.example%2Fapi%2Fauth"
    );
    let error = OAuthError::new(ErrorCode::AccessDenied, "no");
    let url = error_answer("https://a.example/cb", issuer, Some("s"), &error);
    assert!(
        url.starts_with("https://a.example/cb?error=access_denied&error_description=no&state=s"),
        "{url}"
    );
}
