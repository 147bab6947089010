//! Whoever has a dump of the database can do nothing with it: no value in it, and nothing that is put
//! together of its values, opens anything.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_domain::accounts::SignUpPolicy;
use bloom_service::rate_limit::RateLimits;
use bloom_service::setup_links;

use serde_json::json;

use crate::mcp;
use crate::support::oauth::{OAuthClient, REDIRECT, Tokens, parameter};
use crate::support::own_app::OwnApp;
use crate::support::{App, Browser, on_both};

on_both!(no_value_of_a_dump_opens_anything);

async fn no_value_of_a_dump_opens_anything(app: App) {
    let invited = app.again(|options| options.sign_up = SignUpPolicy::Invite).await;
    setup_links::issue(invited.service(), &app.operator()).await.unwrap().expect("a link");
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let client = app.client(REDIRECT).await;
    let first = client.connect(&mut ada, &[]).await;
    let tokens = Tokens::of(&client.refresh(&first.refresh).await);
    // One that waits for its code, one whose access token was given up alone.
    let code = parameter(&client.sent_to(&mut ada, &[]).await, "code").unwrap();
    let other = parameter(&client.sent_to(&mut ada, &[]).await, "code").unwrap();
    let other = Tokens::of(&client.redeem(&other).await);
    client.revoke(&other.access).await;
    ada.post("/settings/workspaces", &[("name", "Engines")]).await;
    let workspace = ada.get("/settings").await;
    let workspace = workspace.between("/settings/workspaces/", "\"").unwrap_or_default().to_owned();
    let invite = [("email", "bob@example.com"), ("role", "member")];
    ada.post(&format!("/settings/workspaces/{workspace}/invitations"), &invite).await;
    let asked = client.sent_to(&mut ada, &[("prompt", "consent")]).await;
    let asked = parameter(&asked, "request").expect("a question");
    let question = client.question(&mut ada, &[("prompt", "consent")]).await;
    let own = ada.create_app(&[]).await;
    own.acting().await;
    // A mail about the address waits since she signed up, and one for a new password with it.
    app.browser().post("/reset-password", &[("email", "ada@example.com")]).await;
    let brand = json!({ "url": "https://kobalt.example/" });
    let brand =
        app.call("POST", "/api/v1/brands", &[("x-api-key", &key.secret)], Some(&brand)).await;
    let brand = brand.json()["data"]["id"].clone();
    let made = json!({ "brandId": brand });
    let made = mcp::tool(&app, &key.secret, "bloom_create_logo_upload_url", made).await;
    let upload = made["structuredContent"]["uploadUrl"].as_str().expect("an address").to_owned();
    let (uploads, upload) = upload.rsplit_once('/').expect("a token");
    let uploads = uploads.strip_prefix("http://localhost:4600").expect("our own").to_owned();

    let before = app.database().dump();
    let candidates = candidates(&before);
    assert!(candidates.len() > 200, "what is stored is looked at: {}", candidates.len());
    let intruder =
        Intruder { app: app.clone(), ada: ada.clone(), client, own: own.clone(), uploads };
    for candidate in &candidates {
        if let Some(opened) = intruder.opens(candidate).await {
            panic!("{candidate} of the database opens {opened}");
        }
    }
    // The same attempts open everything with what was handed out, so they can fail.
    let form_token = ada.form_token().await;
    for (secret, opened) in [
        (key.secret.as_str(), "the API, as a key"),
        (tokens.access.as_str(), "the API, as a token"),
        (tokens.refresh.as_str(), "the token endpoint, as a refresh token"),
        (code.as_str(), "the token endpoint, as a code"),
        (ada.cookie_secret(), "the settings, as a cookie"),
        (form_token.as_str(), "a form"),
        (asked.as_str(), "a question"),
        (question.as_str(), "a consent"),
        (own.secret.as_str(), "the token endpoint, as a client secret"),
        (own.management.as_str(), "the management of a client"),
        (upload, "an upload"),
    ] {
        assert_eq!(intruder.opens(secret).await, Some(opened));
    }
    let mails = app.take_mails().await;
    for place in ["/reset-password/", "/verify-email/"] {
        let mut links = mails.iter().filter_map(|mail| mail.split_once(place));
        let token = &links.next().unwrap_or_else(|| panic!("{place}: {mails:?}")).1[..32];
        assert_eq!(intruder.opens(token).await, Some("a link"), "{place}");
    }
    assert!(app.is_good(&tokens.access).await, "nothing was ended by trying");
}

/// Somebody with a dump, at a browser that has Ada's cookie where a form is tried.
struct Intruder {
    app: App,
    ada: Browser,
    client: OAuthClient,
    own: OwnApp,
    /// Where a file goes to whose sender has nothing but a token.
    uploads: String,
}

impl Intruder {
    /// What a value opens, if anything.
    async fn opens(&self, value: &str) -> Option<&'static str> {
        let app = &self.app;
        if app.get("/api/v1/account", &[("x-api-key", value)]).await.status == 200 {
            return Some("the API, as a key");
        }
        if app.get_as("/api/v1/account", value).await.status == 200 {
            return Some("the API, as a token");
        }
        if self.client.refresh(value).await.status == 200 {
            return Some("the token endpoint, as a refresh token");
        }
        if self.client.redeem(value).await.status == 200 {
            return Some("the token endpoint, as a code");
        }
        let theirs =
            OwnApp { secret: value.to_owned(), management: value.to_owned(), ..self.own.clone() };
        if theirs.act("").await.status == 200 {
            return Some("the token endpoint, as a client secret");
        }
        if theirs.manage("GET", None).await.status == 200 {
            return Some("the management of a client");
        }
        let mut stranger = app.browser();
        stranger.plant("bloom", value);
        if stranger.get("/settings").await.status == 200 {
            return Some("the settings, as a cookie");
        }
        let fields = [("form_token", value), ("name", "theirs")];
        if self.ada.clone().post_as_is("/settings/api-keys", &fields, &[]).await.status == 200 {
            return Some("a form");
        }
        let path: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for place in ["setup", "invitations", "reset-password", "verify-email", "change-email"] {
            let path = format!("/{place}/{path}");
            // Some are for whoever has the link, some for their own account only.
            for mut browser in [app.browser(), self.ada.clone()] {
                if browser.get(&path).await.status == 200 {
                    return Some("a link");
                }
            }
        }
        // No image, so that a good token is not used up.
        let kind = ("content-type", "multipart/form-data; boundary=b");
        let junk =
            b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--\r\n".to_vec();
        let uploaded =
            app.send_bytes("PUT", &format!("{}/{path}", self.uploads), junk, &[kind]).await;
        if uploaded.status != 401 {
            return Some("an upload");
        }
        let page = self.ada.clone().get(&format!("/authorize?request={path}")).await;
        if page.status == 200 {
            return Some("a question");
        }
        let fields = [("request", value), ("decision", "allow")];
        let answer = self.ada.clone().post("/authorize", &fields).await;
        answer.header("location").starts_with(REDIRECT).then_some("a consent")
    }
}

/// Whose values are tried together too: those that a token or a code could be made of.
const JOINED: [&str; 5] =
    ["grants", "refresh_rotations", "revoked_access_tokens", "sessions", "signing_keys"];

/// Every text and every blob of a dump, in the forms that credentials have, and those of one row put
/// together as codes and refresh tokens are.
fn candidates(dump: &str) -> BTreeSet<String> {
    let mut candidates = BTreeSet::new();
    for row in dump.lines() {
        let (table, row) = row.split_once(": ").unwrap_or_default();
        let in_a_credential = |c: char| c.is_ascii_alphanumeric() || "-_.~+/=:$,@".contains(c);
        let texts: Vec<_> = row.split(|c| !in_a_credential(c)).collect();
        let parts = texts.iter().flat_map(|text| text.split([',', ':', '"']));
        candidates.extend(parts.chain(texts.iter().copied()).map(str::to_owned));
        let blobs: Vec<_> = texts.iter().filter_map(|text| blob(text)).collect();
        for blob in &blobs {
            candidates.extend(forms(blob));
            for other in blobs.iter().filter(|_| JOINED.contains(&table)) {
                let half = |bytes: &[u8]| bytes.get(..16).unwrap_or(bytes).to_vec();
                let rest = other.get(16..).unwrap_or_default().to_vec();
                candidates.extend(forms(&[half(blob), half(other)].concat()));
                for generation in 0..2_u32 {
                    let named =
                        [half(blob), generation.to_be_bytes().to_vec(), half(other)].concat();
                    candidates.extend(forms(&[named, rest.clone()].concat()));
                }
            }
        }
    }
    // A page that is kept sealed, as hex, is longer than any address or header that a server takes.
    candidates.retain(|candidate| {
        (8..LONGEST).contains(&candidate.len()) && candidate.bytes().all(|b| b.is_ascii_graphic())
    });
    candidates
}

fn blob(text: &str) -> Option<Vec<u8>> {
    let hex = text.strip_prefix(['X', 'x']).unwrap_or(text);
    let is_hex = hex.len() >= 16
        && hex.len().is_multiple_of(2)
        && hex.bytes().all(|b| b.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).ok();
    is_hex.then(|| (0..hex.len()).step_by(2).filter_map(byte).collect())
}

/// Longer than every secret, and short enough for an address, which has three letters for each of its bytes here.
const LONGEST: usize = 20_000;

const PREFIXES: [&str; 4] = ["bloom_cs_", "bloom_rat_", "bloom_rt_", "bloom_sk_"];

fn forms(bytes: &[u8]) -> Vec<String> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = URL_SAFE_NO_PAD.encode(bytes);
    let printed = String::from_utf8(bytes.to_vec()).unwrap_or_default();
    // An upload is named by a UUID.
    let id = bytes.get(..16).map(|id| {
        let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    });
    let mut forms: Vec<_> = PREFIXES.iter().map(|prefix| format!("{prefix}{text}")).collect();
    forms.extend([text, hex, printed]);
    forms.extend(id);
    forms
}
