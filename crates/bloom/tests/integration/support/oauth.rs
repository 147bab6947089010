//! An app, as far as a server can tell: it registers, sends a person's browser to the authorization
//! endpoint, and exchanges what comes back.

use std::collections::BTreeMap;

use bloom_service::clients;
use serde_json::{Value, json};

use super::browser::urlencoded;
use super::{Answer, App, Browser};

pub(crate) const REGISTER: &str = "/api/auth/oauth2/register";
pub(crate) const AUTHORIZE: &str = "/api/auth/oauth2/authorize";
pub(crate) const TOKEN: &str = "/api/auth/oauth2/token";
pub(crate) const REVOKE: &str = "/api/auth/oauth2/revoke";
pub(crate) const INTROSPECT: &str = "/api/auth/oauth2/introspect";
pub(crate) const USERINFO: &str = "/api/auth/oauth2/userinfo";
pub(crate) const END_SESSION: &str = "/api/auth/oauth2/end-session";
/// The example of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const REDIRECT: &str = "https://app.example/oauth/callback";

/// A registered app.
#[derive(Clone)]
pub(crate) struct OAuthClient {
    pub(crate) app: App,
    pub(crate) id: String,
    pub(crate) redirect_uri: String,
}

/// The tokens of one answer.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) body: Value,
}

impl App {
    /// Sends JSON.
    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.post_bytes(
            path,
            body.to_string().into_bytes(),
            &[("content-type", "application/json")],
        )
        .await
    }

    /// Sends a form that carries no cookie and no token, as clients do.
    pub(crate) async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = ("content-type", "application/x-www-form-urlencoded");
        self.post_bytes(path, urlencoded(fields).into_bytes(), &[form]).await
    }

    /// Whether a token opens the API: 200, or refused as one that is not good.
    pub(crate) async fn is_good(&self, token: &str) -> bool {
        let answer = self.get_as("/api/v1/account", token).await;
        match answer.status {
            200 => true,
            401 => false,
            _ => panic!("neither good nor bad: {answer:?}"),
        }
    }

    /// The operator refuses an app.
    pub(crate) async fn disable(&self, client: &OAuthClient) {
        let (operator, id) = (self.operator(), client.id.parse().expect("a client id"));
        clients::disable(self.service(), &operator, id).await.expect("there is such a client");
    }

    /// The operator takes a refused app again.
    pub(crate) async fn enable(&self, client: &OAuthClient) {
        let (operator, id) = (self.operator(), client.id.parse().expect("a client id"));
        clients::enable(self.service(), &operator, id).await.expect("there is such a client");
    }

    /// An app with one redirect URI.
    pub(crate) async fn client(&self, redirect_uri: &str) -> OAuthClient {
        self.client_with(json!({ "redirect_uris": [redirect_uri], "client_name": "Example App" }))
            .await
    }

    /// An app with any metadata.
    pub(crate) async fn client_with(&self, metadata: Value) -> OAuthClient {
        let answer = self.post_json(REGISTER, &metadata).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["client_id"].as_str().expect("a client id").to_owned();
        let redirect_uri = metadata["redirect_uris"][0].as_str().expect("a URI").to_owned();
        OAuthClient { app: self.clone(), id, redirect_uri }
    }
}

impl OAuthClient {
    /// The address to which the app sends a person: its request, with some parameters changed, added,
    /// or (when empty) left out.
    pub(crate) fn authorize_url(&self, changes: &[(&str, &str)]) -> String {
        let mut parameters = BTreeMap::from([
            ("client_id", self.id.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("response_type", "code"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "state-1"),
        ]);
        parameters.extend(changes.iter().copied());
        parameters.retain(|_, value| !value.is_empty());
        format!("{AUTHORIZE}?{}", urlencoded(&parameters.into_iter().collect::<Vec<_>>()))
    }

    /// Goes through the consent page in a signed-in browser; gives where the browser is sent.
    pub(crate) async fn ask(
        &self,
        browser: &mut Browser,
        changes: &[(&str, &str)],
        decision: &str,
    ) -> String {
        let sealed = self.question(browser, changes).await;
        let fields = [("request", sealed.as_str()), ("decision", decision)];
        let answer = browser.post("/authorize", &fields).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.header("location").to_owned()
    }

    /// Opens the consent page in a signed-in browser; gives the sealed question.
    pub(crate) async fn question(&self, browser: &mut Browser, changes: &[(&str, &str)]) -> String {
        let page = self.consent_page(browser, changes).await;
        page.between("name=\"request\" value=\"", "\"").expect("a question").to_owned()
    }

    /// Opens the consent page in a signed-in browser.
    pub(crate) async fn consent_page(
        &self,
        browser: &mut Browser,
        changes: &[(&str, &str)],
    ) -> Answer {
        let place = self.sent_to(browser, changes).await;
        let page = browser.get(&place).await;
        page.assert_page(200, "Allow access");
        page
    }

    /// Where the authorization endpoint sends a browser.
    pub(crate) async fn sent_to(&self, browser: &mut Browser, changes: &[(&str, &str)]) -> String {
        let sent = browser.get(&self.authorize_url(changes)).await;
        assert_eq!(sent.status, 303, "{sent:?}");
        sent.header("location").to_owned()
    }

    /// The operator refuses the app.
    pub(crate) async fn disable(&self) {
        let (operator, id) = (self.app.operator(), self.id.parse().expect("an id"));
        clients::disable(self.app.service(), &operator, id).await.expect("it is disabled");
    }

    /// The operator takes it again.
    pub(crate) async fn enable(&self) {
        let (operator, id) = (self.app.operator(), self.id.parse().expect("an id"));
        clients::enable(self.app.service(), &operator, id).await.expect("it is enabled");
    }

    /// The code that a person's yes gives.
    pub(crate) async fn code(&self, browser: &mut Browser, changes: &[(&str, &str)]) -> String {
        let url = self.ask(browser, changes, "allow").await;
        assert!(url.starts_with(&self.redirect_uri), "{url}");
        parameter(&url, "code").unwrap_or_else(|| panic!("no code: {url}"))
    }

    /// The code that a person's yes gives at another of the app's redirect URIs.
    pub(crate) async fn code_at(&self, browser: &mut Browser, place: &str, scope: &str) -> String {
        let changes = [("redirect_uri", place), ("scope", scope)];
        let url = self.ask(browser, &changes, "allow").await;
        assert!(url.starts_with(place), "{url}");
        parameter(&url, "code").unwrap_or_else(|| panic!("no code: {url}"))
    }

    /// Redeems a code.
    pub(crate) async fn redeem(&self, code: &str) -> Answer {
        self.redeem_with(code, &[]).await
    }

    /// Redeems a code, with some parameters changed, added, or (when empty) left out.
    pub(crate) async fn redeem_with(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let mut parameters = BTreeMap::from([
            ("grant_type", "authorization_code"),
            ("client_id", self.id.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code", code),
            ("code_verifier", VERIFIER),
        ]);
        parameters.extend(changes.iter().copied());
        parameters.retain(|_, value| !value.is_empty());
        self.app.post_form(TOKEN, &parameters.into_iter().collect::<Vec<_>>()).await
    }

    /// Refreshes.
    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        self.refresh_with(refresh_token, &[]).await
    }

    /// Refreshes with more parameters.
    pub(crate) async fn refresh_with(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", self.id.as_str()),
            ("refresh_token", token),
        ];
        self.app.post_form(TOKEN, &[&fields, more].concat()).await
    }

    /// Revokes a token.
    pub(crate) async fn revoke(&self, token: &str) -> Answer {
        self.app.post_form(REVOKE, &[("client_id", &self.id), ("token", token)]).await
    }

    /// Asks about a token.
    pub(crate) async fn introspect(&self, token: &str) -> Answer {
        let answer =
            self.app.post_form(INTROSPECT, &[("client_id", &self.id), ("token", token)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    /// Whether a token is good, as the server says.
    pub(crate) async fn is_active(&self, token: &str) -> bool {
        self.introspect(token).await.json()["active"] == true
    }

    /// Whether the access token and the refresh token of one answer are good.
    pub(crate) async fn are_active(&self, tokens: &Tokens) -> (bool, bool) {
        (self.is_active(&tokens.access).await, self.is_active(&tokens.refresh).await)
    }

    /// The whole way: consent, code, tokens.
    pub(crate) async fn connect(&self, browser: &mut Browser, changes: &[(&str, &str)]) -> Tokens {
        let code = self.code(browser, changes).await;
        Tokens::of(&self.redeem(&code).await)
    }
}

impl Browser {
    /// Revokes the connection that the settings page lists first.
    pub(crate) async fn revoke_app(&mut self) {
        let settings = self.get("/settings").await;
        let path = settings.between("action=\"/settings/apps/", "\"").expect("a form").to_owned();
        let answer = self.post(&format!("/settings/apps/{path}"), &[]).await;
        assert_eq!(answer.status, 303, "{answer:?}");
    }
}

impl Tokens {
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token"), body: body.clone() }
    }
}

/// The claims of a signed token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).expect("three parts");
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&payload.expect("base64url")).expect("JSON")
}

/// A parameter of a URL's query, decoded; it must be there once at most.
pub(crate) fn parameter(url: &str, name: &'static str) -> Option<String> {
    let query = url.split_once('?')?.1;
    let parameters = bloom_oauth::parameters::Parameters::parse(query.as_bytes()).expect("a query");
    parameters.one(name).expect("once").map(str::to_owned)
}
