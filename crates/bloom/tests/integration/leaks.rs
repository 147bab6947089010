//! Keys that leaked: alerts of a secret scanner, and reports of whoever has a key.

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bloom_domain::api_keys::ApiKeySecret;
use bloom_domain::audit::Actor;
use bloom_service::attempts::AttemptLimits;
use bloom_service::audit::{self, Listed};
use bloom_service::leaks::{MAX_BYTES, MAX_MATCHES, ScannerKeys};
use serde_json::{Value, json};

use crate::support::{Answer, App, at_once, on_both};

on_both!(
    an_alert_revokes_every_key_in_it_and_tells_its_owner,
    the_same_alert_again_is_no_news,
    an_alert_that_comes_many_times_at_once_is_taken_once,
    a_secret_that_was_replaced_revokes_nothing,
    either_secret_of_a_rotated_key_proves_possession,
    an_expired_key_is_no_news,
    without_a_good_signature_no_key_is_revoked,
    a_bad_signature_of_a_scanner_is_counted_in_the_audit,
    what_is_no_alert_is_refused_and_changes_nothing,
    an_alert_costs_no_query_for_what_is_no_key,
    without_a_scanner_there_are_no_alerts,
    whoever_has_a_key_can_have_it_revoked,
    what_a_reporter_is_told_they_could_have_found_out,
    what_is_no_report_is_refused,
    reports_are_limited_by_address_and_true_ones_are_not,
    a_key_that_is_replaced_while_it_is_reported_is_either,
    a_key_is_reported_on_a_page,
    a_page_never_sends_a_reported_key_back,
);

const ALERTS: &str = "/api/leaks/alerts";
const REPORTS: &str = "/api/leaks/reports";
const NAME: &str = "scanner-key-1";
const PLACE: &str = "https://code.example/octocat/hello/blob/main/.env";

/// A secret scanner with a key of its own.
pub(crate) struct Scanner(EcdsaKeyPair);

impl Scanner {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key"))
    }

    /// Its key as it publishes it.
    fn published(&self) -> ScannerKeys {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().expect("DER");
        let base64 = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
        let key = json!({ "key_identifier": NAME, "key": pem, "is_current": true });
        ScannerKeys::parse(&json!({ "public_keys": [key] }).to_string()).expect("good keys")
    }

    /// The app, when it has been told of this scanner.
    pub(crate) async fn known_to(&self, app: &App) -> App {
        app.again(|options| options.scanner_keys = Some(self.published())).await
    }

    fn sign(&self, body: &[u8]) -> String {
        let signature = self.0.sign(&SystemRandom::new(), body).expect("a signature");
        STANDARD.encode(signature.as_ref())
    }

    async fn send(&self, app: &App, body: &[u8]) -> Answer {
        let signature = self.sign(body);
        let headers = [
            ("content-type", "application/json"),
            ("github-public-key-identifier", NAME),
            ("github-public-key-signature", signature.as_str()),
        ];
        app.post_bytes(ALERTS, body.to_vec(), &headers).await
    }

    /// Tells of tokens, and gives the label of each.
    pub(crate) async fn tell(&self, app: &App, tokens: &[&str]) -> Vec<String> {
        let answer = self.send(app, &alert(tokens)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let labels = answer.json();
        let labels = labels.as_array().expect("an array");
        labels.iter().map(|label| label["label"].as_str().expect("a label").to_owned()).collect()
    }
}

fn alert(tokens: &[&str]) -> Vec<u8> {
    let one = |token: &&str| json!({ "token": token, "type": "bloom_api_key", "url": PLACE, "source": "content" });
    Value::from_iter(tokens.iter().map(one)).to_string().into_bytes()
}

/// A good key of no server.
fn unknown(number: u8) -> String {
    ApiKeySecret::new(&[number; 32]).expose().to_owned()
}

/// The same with another last character.
fn mistyped(key: &str) -> String {
    format!("{}{}", &key[..46], if key.ends_with('x') { 'y' } else { 'x' })
}

async fn report(app: &App, key: &str) -> Answer {
    let body = json!({ "key": key }).to_string().into_bytes();
    app.post_bytes(REPORTS, body, &[("content-type", "application/json")]).await
}

/// The mails that have arrived, but for those that each sign-up sends.
async fn mails(app: &App) -> Vec<String> {
    app.deliver_mails().await;
    let Ok(files) = std::fs::read_dir(app.outbox()) else { return Vec::new() };
    let mails = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    mails.filter(|mail| !mail.contains("Subject: Confirm your email address")).collect()
}

async fn revocations(app: &App) -> Vec<Listed> {
    let records = audit::list_for(app.service(), &app.operator(), None, 10_000).await.unwrap();
    records.into_iter().filter(|listed| listed.record.event.action == "api_key.revoked").collect()
}

fn details(listed: &Listed) -> Value {
    serde_json::from_str(&listed.record.details.as_ref().unwrap().json).unwrap()
}

async fn an_alert_revokes_every_key_in_it_and_tells_its_owner(app: App) {
    let scanner = Scanner::new();
    let app = scanner.known_to(&app).await;
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let (ci, other) = (ada.create_key("ci").await, ada.create_key("other").await);
    let bobs = bob.create_key("bobs").await;
    assert_eq!(app.account(&ci.secret).await.status, 200, "its verdict is kept");
    let (typo, stranger) = (mistyped(&ci.secret), unknown(9));
    let tokens = [ci.secret.as_str(), &stranger, &typo, "some_token", &bobs.secret, &ci.secret];
    let answer = scanner.send(&app, &alert(&tokens)).await;
    let text = answer.text().to_owned();
    assert_eq!(answer.status, 200, "{answer:?}");
    let labels: Vec<_> = answer.json().as_array().unwrap().clone();
    let label = |index: usize| labels[index]["label"].as_str().unwrap();
    let (yes, no) = ("true_positive", "false_positive");
    assert_eq!([0, 1, 2, 3, 4, 5].map(label), [yes, no, no, no, yes, yes]);
    assert_eq!(labels[3]["token_type"], "bloom_api_key");
    // As `printf some_token | sha256sum` tells it.
    let hash = "9a45520a1213f15016d2d768b5fb3d904492a44ee274b44d4de8803e00fb536a";
    assert_eq!(labels[3]["token_hash"], hash);
    for token in tokens {
        assert!(!text.contains(token), "no token comes back: {text}");
    }

    for (key, status) in [(&ci, 401), (&bobs, 401), (&other, 200)] {
        assert_eq!(app.account(&key.secret).await.status, status);
    }
    let page = ada.get("/settings").await;
    assert!(page.text().contains("because it leaked: a secret scanner found it"), "{page:?}");
    let activity = ada.get("/settings/activity").await;
    assert!(activity.text().contains(PLACE) && activity.text().contains("leaked"), "{activity:?}");

    let mails = mails(&app).await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    let to =
        |email: &str| mails.iter().find(|mail| mail.contains(&format!("To: {email}"))).unwrap();
    let hers = to("ada@example.com");
    for part in [
        "Subject: Your API key ci leaked and is revoked",
        &format!("{}…{}", &ci.secret[..13], &ci.secret[43..]),
        PLACE,
        "http://localhost:4600/settings#api-keys",
    ] {
        assert!(readable(hers).contains(part), "{part}: {hers}");
    }
    assert!(!readable(hers).contains(&ci.secret[13..43]) && !hers.contains("bobs"));
    let records = revocations(&app).await;
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].record.event.actor, Actor::Server);
    assert_eq!(records[1].account.as_ref().unwrap().as_str(), "ada@example.com");
    assert_eq!(details(&records[1])["before"]["name"], "ci");
    assert_eq!(details(&records[1])["after"], json!({ "reason": "leaked", "found_at": PLACE }));
}

/// A mail with its lines joined and its characters decoded, as far as these tests need it.
fn readable(mail: &str) -> String {
    let mail = mail.replace("=\r\n", "").replace("\r\n", "\n");
    mail.replace("=E2=80=A6", "…").replace("=3D", "=")
}

async fn the_same_alert_again_is_no_news(app: App) {
    let scanner = Scanner::new();
    let app = scanner.known_to(&app).await;
    let mut ada = app.person("ada").await;
    let (leaked, revoked) = (ada.create_key("leaked").await, ada.create_key("revoked").await);
    ada.revoke_key(&revoked).await;
    let tokens = [leaked.secret.as_str(), &revoked.secret];
    assert_eq!(scanner.tell(&app, &tokens).await, ["true_positive"; 2]);
    assert_eq!(mails(&app).await.len(), 1, "the owner knows of what they revoked");
    let before = app.database().dump();
    app.advance(Duration::from_secs(3_600));
    assert_eq!(scanner.tell(&app, &tokens).await, ["true_positive"; 2]);
    assert_eq!(report(&app, &leaked.secret).await.status, 200);
    assert_eq!(app.database().dump(), before);
    assert_eq!(mails(&app).await.len(), 1);
    let page = ada.get("/settings").await;
    assert!(page.text().contains("because it leaked") && page.text().contains("by you"));
}

async fn an_alert_that_comes_many_times_at_once_is_taken_once(app: App) {
    let scanner = Scanner::new();
    let app = scanner.known_to(&app).await;
    let mut ada = app.person("ada").await;
    let keys = [ada.create_key("k1").await, ada.create_key("k2").await, ada.create_key("k3").await];
    let body = alert(&keys.each_ref().map(|key| key.secret.as_str()));
    let signature = scanner.sign(&body);
    let answers = at_once(20, |n| {
        let (app, body, signature) = (app.clone(), body.clone(), signature.clone());
        let secret = keys[n % 3].secret.clone();
        async move {
            if n % 2 == 0 {
                return report(&app, &secret).await.status;
            }
            let headers = [
                ("github-public-key-identifier", NAME),
                ("github-public-key-signature", signature.as_str()),
            ];
            app.post_bytes(ALERTS, body, &headers).await.status
        }
    });
    assert_eq!(answers.await, [200; 20]);
    assert_eq!(mails(&app).await.len(), 3);
    assert_eq!(revocations(&app).await.len(), 3);
    for key in keys {
        assert_eq!(app.account(&key.secret).await.status, 401);
    }
}

async fn a_secret_that_was_replaced_revokes_nothing(app: App) {
    let scanner = Scanner::new();
    let app = scanner.known_to(&app).await;
    let mut ada = app.person("ada").await;
    let old = ada.create_key("ci").await;
    let new = ada.replace_key(&old).await;
    assert_eq!(app.account(&old.secret).await.status, 401, "it opens nothing any more");
    let before = app.database().dump();
    assert_eq!(scanner.tell(&app, &[&old.secret]).await, ["false_positive"]);
    assert_eq!(report(&app, &old.secret).await.error(), "404 NOT_FOUND");
    assert_eq!(app.database().dump(), before);
    assert_eq!(app.account(&new.secret).await.status, 200);
}

async fn either_secret_of_a_rotated_key_proves_possession(app: App) {
    let scanner = Scanner::new();
    let app = scanner.known_to(&app).await;
    let mut ada = app.person("ada").await;
    for is_old in [true, false] {
        let old = ada.create_key("ci").await;
        let new = ada.rotate_key(&old, "24h").await;
        let leaked = if is_old { &old } else { &new };
        assert_eq!(scanner.tell(&app, &[&leaked.secret]).await, ["true_positive"]);
        for secret in [&old.secret, &new.secret] {
            assert_eq!(app.account(secret).await.status, 401, "{is_old}: the key is revoked whole");
        }
        // Which of the two it was stands in the mail.
        let hint = format!("{}…{}", &leaked.secret[..13], &leaked.secret[43..]);
        assert!(mails(&app).await.iter().any(|mail| readable(mail).contains(&hint)), "{hint}");
    }
    let old = ada.create_key("later").await;
    let new = ada.rotate_key(&old, "24h").await;
    app.advance(Duration::from_secs(86_400));
    assert_eq!(scanner.tell(&app, &[&old.secret]).await, ["false_positive"]);
    assert_eq!(report(&app, &old.secret).await.error(), "404 NOT_FOUND");
    assert_eq!(app.account(&new.secret).await.status, 200, "the overlap was over");
}

async fn an_expired_key_is_no_news(app: App) {
    let scanner = Scanner::new();
    let app = scanner.known_to(&app).await;
    let key = app.person("ada").await.create_key("ci").await;
    app.database().run("UPDATE api_keys SET expires_at = 1");
    let before = app.database().dump();
    assert_eq!(scanner.tell(&app, &[&key.secret]).await, ["true_positive"]);
    assert_eq!(report(&app, &key.secret).await.status, 200);
    assert_eq!(app.database().dump(), before);
}

async fn without_a_good_signature_no_key_is_revoked(app: App) {
    let scanner = Scanner::new();
    let app = scanner.known_to(&app).await;
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let before = app.database().dump();
    let body = alert(&[&key.secret]);
    let (good, other) = (scanner.sign(&body), Scanner::new().sign(&body));
    let cookie = ada.cookie();
    let of_another = scanner.sign(&alert(&[&key.secret, "x"]));
    let (identifier, signature) = ("github-public-key-identifier", "github-public-key-signature");
    for headers in [
        vec![],
        vec![(identifier, NAME)],
        vec![(signature, good.as_str())],
        vec![(identifier, NAME), (signature, "")],
        vec![(identifier, NAME), (signature, "not base64")],
        vec![(identifier, NAME), (signature, other.as_str())],
        vec![(identifier, NAME), (signature, of_another.as_str())],
        vec![(identifier, "another-key"), (signature, good.as_str())],
        vec![(identifier, NAME), (identifier, NAME), (signature, good.as_str())],
        vec![(identifier, NAME), (signature, good.as_str()), (signature, good.as_str())],
        vec![("x-api-key", key.secret.as_str())],
        vec![("cookie", cookie.as_str())],
    ] {
        let answer = app.post_bytes(ALERTS, body.clone(), &headers).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{headers:?}");
    }
    let spaced = [body.as_slice(), b" "].concat();
    let headers = [(identifier, NAME), (signature, good.as_str())];
    let answer = app.post_bytes(ALERTS, spaced, &headers).await;
    insta::assert_snapshot!(answer.summary(), @r#"400 {"error":{"code":"BAD_REQUEST","status":400,"message":"The alert was not taken, and nothing has changed: the signature does not fit."}}"#);
    assert_eq!(app.database().dump(), before);
    assert_eq!(app.post_bytes(ALERTS, body, &headers).await.status, 200);
    assert_eq!(app.account(&key.secret).await.status, 401);
}

async fn a_bad_signature_of_a_scanner_is_counted_in_the_audit(app: App) {
    let app = Scanner::new().known_to(&app).await;
    for _ in 0..5 {
        app.post_bytes(ALERTS, b"[]".to_vec(), &[]).await;
    }
    app.keep_house().await;
    app.keep_house().await;
    let records = audit::list_for(app.service(), &app.operator(), None, 10).await.unwrap();
    assert_eq!(records.len(), 1, "one for all of them");
    assert_eq!(records[0].record.event.action, "leak_alert.refused");
    assert_eq!(details(&records[0])["after"], json!({ "times": 5 }));
}

async fn what_is_no_alert_is_refused_and_changes_nothing(app: App) {
    let scanner = Scanner::new();
    let app = scanner.known_to(&app).await;
    let key = app.person("ada").await.create_key("ci").await;
    let before = app.database().dump();
    let secret = key.secret.as_str();
    for body in [
        String::new(),
        "null".to_owned(),
        "{}".to_owned(),
        json!({ "token": secret, "type": "k" }).to_string(),
        json!([secret]).to_string(),
        json!([{ "token": secret }]).to_string(),
        json!([{ "token": secret, "type": "k" }, { "token": [secret], "type": "k" }]).to_string(),
        format!("{}]", String::from_utf8(alert(&[secret])).unwrap()),
    ] {
        let answer = scanner.send(&app, body.as_bytes()).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{body}");
        assert!(!answer.text().contains(&secret[13..43]), "{answer:?}");
    }
    let many = scanner.send(&app, &alert(&vec![secret; MAX_MATCHES + 1])).await;
    insta::assert_snapshot!(many.summary(), @r#"413 {"error":{"code":"PAYLOAD_TOO_LARGE","status":413,"message":"An alert may have 1000 matches. Nothing was changed."}}"#);
    let large = [alert(&[secret]), vec![b' '; MAX_BYTES]].concat();
    assert_eq!(scanner.send(&app, &large).await.error(), "413 PAYLOAD_TOO_LARGE");
    let get = app.get(ALERTS, &[]).await;
    assert_eq!((get.error().as_str(), get.header("allow")), ("405 METHOD_NOT_ALLOWED", "POST"));
    assert_eq!(app.database().dump(), before);
    assert_eq!(scanner.tell(&app, &[]).await, [""; 0]);
    assert_eq!(scanner.tell(&app, &vec![secret; MAX_MATCHES]).await.len(), MAX_MATCHES);
    assert_eq!(mails(&app).await.len(), 1);
}

async fn an_alert_costs_no_query_for_what_is_no_key(app: App) {
    let scanner = Scanner::new();
    let app = scanner.known_to(&app).await;
    let mistyped: Vec<_> = (0..200).map(|n| format!("{}{n:03}", &unknown(1)[..44])).collect();
    let tokens: Vec<_> = mistyped.iter().map(String::as_str).collect();
    let before = app.service().statements_executed();
    assert_eq!(scanner.tell(&app, &tokens).await, vec!["false_positive"; 200]);
    assert_eq!(app.service().statements_executed(), before);
    let unknown: Vec<_> = (0..200).map(unknown).collect();
    let tokens: Vec<_> = unknown.iter().map(String::as_str).collect();
    assert_eq!(scanner.tell(&app, &tokens).await, vec!["false_positive"; 200]);
    let cost = app.service().statements_executed() - before;
    assert!((200..=210).contains(&cost), "one look each: {cost}");
    let before = app.service().statements_executed();
    assert_eq!(report(&app, &mistyped[0]).await.error(), "400 BAD_REQUEST");
    assert_eq!(app.service().statements_executed(), before);
}

async fn without_a_scanner_there_are_no_alerts(app: App) {
    let key = app.person("ada").await.create_key("ci").await;
    let answer = Scanner::new().send(&app, &alert(&[&key.secret])).await;
    assert_eq!(answer.error(), "404 NOT_FOUND");
    assert_eq!(app.account(&key.secret).await.status, 200);
}

async fn whoever_has_a_key_can_have_it_revoked(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    app.account(&key.secret).await;
    let answer = report(&app, &format!(" {}\n", key.secret)).await;
    insta::assert_snapshot!(answer.summary(), @r#"200 {"data":{"state":"revoked"}}"#);
    assert_eq!(app.account(&key.secret).await.error(), "401 UNAUTHORIZED");
    let page = ada.get("/settings").await;
    assert!(page.text().contains("because somebody reported it as leaked"), "{page:?}");
    let [mail] = &mails(&app).await[..] else { panic!("one mail") };
    assert!(readable(mail).contains("Somebody who had the whole key reported it"), "{mail}");
    let [record] = &revocations(&app).await[..] else { panic!("one record") };
    assert_eq!(record.record.event.actor, Actor::Anybody);
    assert_eq!(details(record)["after"], json!({ "reason": "reported", "found_at": null }));
    assert_eq!(details(record)["address"], "192.0.2.7");
    // A suspended account's key would be good again with the account.
    let hers = ada.create_key("another").await;
    app.ban("ada@example.com").await;
    assert_eq!(report(&app, &hers.secret).await.status, 200);
    app.unban("ada@example.com").await;
    assert_eq!(app.account(&hers.secret).await.status, 401);
}

async fn what_a_reporter_is_told_they_could_have_found_out(app: App) {
    let mut ada = app.person("ada").await;
    let (good, revoked) = (ada.create_key("good").await, ada.create_key("revoked").await);
    ada.revoke_key(&revoked).await;
    let first = report(&app, &good.secret).await;
    for again in [report(&app, &good.secret).await, report(&app, &revoked.secret).await] {
        assert_eq!((again.status, again.text()), (first.status, first.text()));
    }
    insta::assert_snapshot!(report(&app, &unknown(1)).await.summary(), @r#"404 {"error":{"code":"NOT_FOUND","status":404,"message":"This server has no such key. Nothing was changed."}}"#);
    let typo = mistyped(&good.secret);
    insta::assert_snapshot!(report(&app, &typo).await.summary(), @r#"400 {"error":{"code":"BAD_REQUEST","status":400,"message":"That is no whole API key: it is cut off, mistyped, or of another system. Nothing was changed."}}"#);
}

async fn what_is_no_report_is_refused(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let before = app.database().dump();
    let json_type = [("content-type", "application/json")];
    for body in [
        String::new(),
        "[]".to_owned(),
        "{}".to_owned(),
        format!("{:?}", key.secret),
        json!({ "key": [key.secret] }).to_string(),
        json!({ "key": key.secret, "more": 1 }).to_string(),
        format!("{{\"key\":{0:?},\"key\":{0:?}}}", key.secret),
        json!({ "key": &key.secret[..46] }).to_string(),
        json!({ "key": format!("{0} {0}", key.secret) }).to_string(),
    ] {
        let answer = app.post_bytes(REPORTS, body.clone().into_bytes(), &json_type).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{body}");
        assert!(!answer.text().contains(&key.secret[13..43]), "{answer:?}");
    }
    let (body, cookie) = (json!({ "key": key.secret }).to_string(), ada.cookie());
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let headers = [("content-type", kind), ("cookie", cookie.as_str())];
        let answer = app.post_bytes(REPORTS, body.clone().into_bytes(), &headers).await;
        assert_eq!(answer.error(), "415 UNSUPPORTED_MEDIA_TYPE", "{kind}");
    }
    let large = format!("{body}{}", " ".repeat(5_000)).into_bytes();
    assert_eq!(app.post_bytes(REPORTS, large, &json_type).await.error(), "413 PAYLOAD_TOO_LARGE");
    assert_eq!(app.get(REPORTS, &[]).await.error(), "405 METHOD_NOT_ALLOWED");
    assert_eq!(app.database().dump(), before);
    ada.get("/settings").await.assert_page(200, "Settings");
}

async fn reports_are_limited_by_address_and_true_ones_are_not(app: App) {
    let app = app.again(|options| options.attempts = AttemptLimits::new(0, 0, 0, 0, 0, 3)).await;
    let mut ada = app.person("ada").await;
    for n in 0..5 {
        let key = ada.create_key(&format!("k{n}")).await;
        assert_eq!(report(&app, &key.secret).await.status, 200);
    }
    let key = ada.create_key("last").await;
    assert_eq!(report(&app, &unknown(1)).await.status, 404);
    assert_eq!(report(&app, "nonsense").await.status, 400);
    assert_eq!(report(&app, &unknown(1)).await.status, 404);
    let refused = report(&app, &key.secret).await;
    assert_eq!(
        (refused.error().as_str(), refused.number("retry-after")),
        ("429 TOO_MANY_REQUESTS", 60)
    );
    let page = app.browser().post("/report-key", &[("key", &key.secret)]).await;
    page.assert_page(429, "Report a leaked key");
    assert_eq!(app.account(&key.secret).await.status, 200, "nothing was done");
    app.advance(Duration::from_secs(60));
    assert_eq!(report(&app, &key.secret).await.status, 200);
}

/// Whichever comes first: either the key is revoked and has no new secret, or the report named nothing.
async fn a_key_that_is_replaced_while_it_is_reported_is_either(app: App) {
    let mut ada = app.person("ada").await;
    let mut both = [0, 0];
    for round in 0..20 {
        let key = ada.create_key(&format!("k{round}")).await;
        let outcomes = at_once(2, |n| {
            let (mut ada, app, key) = (ada.clone(), app.clone(), key.clone());
            async move {
                if n == round % 2 {
                    let status = report(&app, &key.secret).await.status;
                    return (Some(status), None);
                }
                let path = format!("/settings/api-keys/{}/rotate", key.id);
                let page = ada.post(&path, &[("overlap", "0")]).await;
                (None, page.between("<code id=\"new-key\">", "</code>").map(str::to_owned))
            }
        });
        let outcomes = outcomes.await;
        let status = outcomes.iter().find_map(|(status, _)| *status).expect("a report");
        let secret = outcomes.into_iter().find_map(|(_, secret)| secret);
        match (status, secret) {
            (200, None) => both[0] += 1,
            (404, Some(secret)) => {
                assert_eq!(app.account(&secret).await.status, 200);
                both[1] += 1;
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(app.account(&key.secret).await.status, 401);
    }
    assert_eq!(mails(&app).await.len(), both[0], "{both:?}");
}

async fn a_key_is_reported_on_a_page(app: App) {
    let key = app.person("ada").await.create_key("ci").await;
    let mut finder = app.browser();
    finder.get("/report-key").await.assert_page(200, "Report a leaked key");
    let page = finder.post("/report-key", &[("key", &key.secret)]).await;
    page.assert_page(200, "Report a leaked key");
    assert!(page.text().contains("The key is revoked."), "{page:?}");
    assert_eq!(app.account(&key.secret).await.status, 401);
    assert_eq!(mails(&app).await.len(), 1);
}

async fn a_page_never_sends_a_reported_key_back(app: App) {
    let mut finder = app.browser();
    let before = app.database().dump();
    let (unknown, typo) = (unknown(1), mistyped(&unknown(1)));
    for (key, status, words) in [
        (unknown.as_str(), 404, "This server has no such key."),
        (&typo, 422, "That is not a whole key"),
        ("", 422, "Enter the whole key."),
        ("sk_live_of_another", 422, "Enter the whole key."),
    ] {
        let page = finder.post("/report-key", &[("key", key)]).await;
        page.assert_page(status, "Report a leaked key");
        assert!(page.text().contains(words), "{page:?}");
        assert!(key.len() < 40 || !page.text().contains(&key[13..43]), "{page:?}");
    }
    let foreign =
        [("content-type", "application/x-www-form-urlencoded"), ("origin", "http://evil.example")];
    let forged = finder.post_raw("/report-key", b"key=x".to_vec(), &foreign).await;
    assert_eq!(forged.status, 403);
    assert_eq!(app.database().dump(), before);
}
