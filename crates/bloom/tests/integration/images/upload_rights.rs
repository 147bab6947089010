//! An upload address ends with the credential that it was asked for with, whatever ends that.

use std::time::Duration;

use serde_json::{Value, json};

use super::studio::brand_of;
use super::uploads::png;
use crate::api_keys_by_credential::{EVERYTHING, send};
use crate::mcp::tool_as;
use crate::support::oauth::{OAuthClient, REDIRECT};
use crate::support::own_app::OwnApp;
use crate::support::{Answer, App, Browser, on_both};

on_both!(
    an_address_ends_with_the_token_that_asked_for_it,
    an_address_ends_with_an_app_that_acts_alone,
    an_address_ends_with_what_a_key_hangs_on,
    an_address_reaches_what_its_credential_reaches,
);

/// What may be uploaded with a credential, and where.
struct Addresses {
    app: App,
    image: String,
    another_image: String,
    logo: String,
}

impl Addresses {
    async fn of(app: &App, credential: &str, brand: &str) -> Self {
        let bearer = format!("Bearer {credential}");
        let ask = async |name: &str, arguments: Value| {
            let made =
                tool_as(app, ("authorization", &bearer), name, arguments).await["structuredContent"]
                    .take();
            assert!(made.is_object(), "{name}: {made}");
            made
        };
        let asked = json!({ "brandSessionId": brand, "count": 2 });
        let images = ask("bloom_create_image_upload_url", asked).await;
        let logo = ask("bloom_create_logo_upload_url", json!({ "brandId": brand })).await;
        let place = |url: &Value| url.as_str().expect("a URL").replace("http://localhost:4600", "");
        Self {
            app: app.clone(),
            image: place(&images["uploadUrls"][0]),
            another_image: place(&images["uploadUrls"][1]),
            logo: place(&logo["uploadUrl"]),
        }
    }

    async fn send(&self, method: &str, place: &str, file: &[u8]) -> Answer {
        let (body, kind) = crate::brands::logos::form(file);
        self.app.send_bytes(method, place, body, &[("content-type", kind.as_str())]).await
    }

    /// Whether they are good, which uses none of them up: the file is none.
    async fn are_good(&self) -> bool {
        let image = self.send("POST", &self.image, b"no image").await.error();
        let logo = self.send("PUT", &self.logo, b"no logo").await.error();
        match (image.as_str(), logo.as_str()) {
            ("400 UNSUPPORTED_FORMAT", "400 INVALID_LOGO") => true,
            ("401 INVALID_UPLOAD_TOKEN", "401 INVALID_UPLOAD_TOKEN") => false,
            _ => panic!("neither good nor bad: {image}, {logo}"),
        }
    }

    /// That a file is taken, too.
    async fn take_a_file(&self, shade: u8) {
        let answer = self.send("POST", &self.another_image, &png(shade)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

async fn brand_of_hers(app: &App, name: &str) -> (Browser, String) {
    let person = app.person(name).await;
    let brand = brand_of(app, person.email());
    (person, brand)
}

async fn an_address_ends_with_the_token_that_asked_for_it(app: App) {
    let (mut ada, brand) = brand_of_hers(&app, "ada").await;
    let client = app.client(REDIRECT).await;
    let given = async |ada: &mut Browser, client: &OAuthClient| {
        let tokens = client.connect(ada, &[("prompt", "consent")]).await;
        let addresses = Addresses::of(&app, &tokens.access, &brand).await;
        assert!(addresses.are_good().await);
        (tokens, addresses)
    };
    // Another sign-in of the same app, whose addresses are its own.
    let (_, others) = given(&mut ada, &client).await;

    let (tokens, addresses) = given(&mut ada, &client).await;
    addresses.take_a_file(1).await;
    assert_eq!(client.revoke(&tokens.refresh).await.status, 200);
    assert!(!addresses.are_good().await, "the grant is over");

    let (tokens, addresses) = given(&mut ada, &client).await;
    assert_eq!(client.revoke(&tokens.access).await.status, 200);
    assert!(!addresses.are_good().await, "the token is revoked alone");
    assert!(others.are_good().await, "another grant is another matter");

    client.disable().await;
    assert!(!others.are_good().await, "the operator refuses the app");
    client.enable().await;
    assert!(others.are_good().await, "and takes it again");
    others.take_a_file(2).await;

    let (_, addresses) = given(&mut ada, &client).await;
    ada.revoke_app().await;
    assert!(!addresses.are_good().await && !others.are_good().await, "the connection is over");
}

async fn an_address_ends_with_an_app_that_acts_alone(app: App) {
    let (mut ada, brand) = brand_of_hers(&app, "ada").await;
    let own: OwnApp = ada.create_app(&[]).await;
    let given = async || Addresses::of(&app, &own.acting().await, &brand).await;
    let addresses = given().await;
    ada.post(&own.form("switch"), &[("to", "off")]).await;
    assert!(!addresses.are_good().await, "its owner has switched it off");
    ada.post(&own.form("switch"), &[("to", "on")]).await;
    assert!(addresses.are_good().await);
    assert_eq!(ada.post(&own.form("secret"), &[]).await.status, 200);
    assert!(!addresses.are_good().await, "its tokens end with its secret");
}

async fn an_address_ends_with_what_a_key_hangs_on(app: App) {
    let (mut ada, brand) = brand_of_hers(&app, "ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[("scope", EVERYTHING)]).await;
    let wide = json!({ "name": "made by the app", "scopes": ["read", "write", "keys:admin"] });
    let made = send(&app, "/api-keys", &tokens.access, &wide).await.json();
    let made = made["data"]["secret"].as_str().expect("a secret").to_owned();
    let of_key = Addresses::of(&app, &made, &brand).await;
    assert!(of_key.are_good().await);
    client.disable().await;
    assert!(!of_key.are_good().await, "a refused app is refused with what it made");
    client.enable().await;
    assert!(of_key.are_good().await);

    // A secret that goes on for a day takes its addresses along that far, and one that ends at once takes them with it.
    let key = ada.create_key("ci").await;
    let before = Addresses::of(&app, &key.secret, &brand).await;
    app.advance(Duration::from_secs(1));
    let rotated = ada.rotate_key(&key, "24h").await;
    app.advance(Duration::from_secs(1));
    assert!(before.are_good().await, "the old secret goes on");
    let after = Addresses::of(&app, &rotated.secret, &brand).await;
    let of_old = Addresses::of(&app, &key.secret, &brand).await;
    ada.post(&format!("/settings/api-keys/{}/end-overlap", key.id), &[]).await;
    assert!(!before.are_good().await && !of_old.are_good().await, "the old secret is over");
    assert!(after.are_good().await, "the new one is not");
    after.take_a_file(3).await;
    app.advance(Duration::from_secs(1));
    ada.replace_key(&rotated).await;
    assert!(!after.are_good().await);
}

async fn an_address_reaches_what_its_credential_reaches(app: App) {
    let (mut ada, brand) = brand_of_hers(&app, "ada").await;
    let key = ada.create_key("ci").await;
    let addresses = Addresses::of(&app, &key.secret, &brand).await;
    let narrow = async |set: &str| app.database().run(&format!("UPDATE api_keys SET {set}"));
    narrow("access = 'read'").await;
    assert!(!addresses.are_good().await, "the key does not write any more");
    narrow("access = 'write'").await;
    assert!(addresses.are_good().await);
    narrow("workspaces = '01941f29-7c00-7ccc-8ccc-ffffffffffff'").await;
    assert!(!addresses.are_good().await, "nor there");
}
