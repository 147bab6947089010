//! API keys on the settings page: made, shown once, listed, rotated, revoked.

use crate::support::{App, Key, on_both, urlencoded};

on_both!(
    a_secret_is_shown_once,
    a_name_is_checked_and_kept_as_typed,
    a_name_is_never_read_as_html,
    the_list_tells_the_state_of_every_key,
    a_foreign_key_answers_as_a_missing_one,
    a_revoked_key_cannot_be_rotated,
    a_key_is_revoked_by_its_name_or_its_beginning,
    revoking_twice_is_no_error,
    a_stranger_manages_no_keys,
    a_key_manages_no_keys,
    the_hundredth_key_is_the_last,
    the_address_of_a_form_leads_to_the_keys,
);

async fn a_secret_is_shown_once(app: App) {
    let mut ada = app.person("ada").await;
    let page = ada.post("/settings/api-keys", &[("name", "ci")]).await;
    page.assert_page(200, "Settings");
    assert_eq!(page.header("cache-control"), "no-store");
    let secret = page.between("<code id=\"new-key\">", "</code>").unwrap().to_owned();
    assert_eq!((secret.len(), app.account(&secret).await.status), (47, 200));
    let curl =
        format!("curl http://localhost:4600/api/v1/account -H &#34;x-api-key: {secret}&#34;");
    assert!(page.text().contains(&curl), "{page:?}");
    let page = ada.get("/settings").await;
    assert!(!page.text().contains(&secret[13..43]), "it never comes back");
    assert!(page.text().contains(&format!("{}…{}", &secret[..13], &secret[43..])));
}

async fn a_name_is_checked_and_kept_as_typed(app: App) {
    let mut ada = app.person("ada").await;
    let long = "é".repeat(101);
    for (name, error) in [
        ("", "Enter a name."),
        (" \t ", "Enter a name."),
        (long.as_str(), "Use at most 100 characters."),
        ("a\u{202e}b", "Remove the characters that cannot be seen."),
        ("a\nb", "Remove the characters that cannot be seen."),
    ] {
        let page = ada.post("/settings/api-keys", &[("name", name)]).await;
        page.assert_page(422, "Settings");
        assert!(page.text().contains(error), "{name:?}: {page:?}");
        assert!(name.trim().is_empty() || page.text().contains(name), "{page:?}");
    }
    assert!(app.rows("api_keys").is_empty(), "a refused name leaves nothing");
    ada.create_key(&"é".repeat(100)).await;
    ada.create_key("  two words  ").await;
    assert!(ada.get("/settings").await.text().contains("<bdi>two words</bdi>"));
}

async fn a_name_is_never_read_as_html(app: App) {
    let mut ada = app.person("ada").await;
    let hostile = "\"><script>alert(1)</script>";
    ada.create_key(hostile).await;
    let refused = format!("{hostile}\u{200b}");
    for page in [
        ada.get("/settings").await,
        ada.post("/settings/api-keys", &[("name", &refused)]).await,
        ada.get(&format!("/sign-in?{}", urlencoded(&[("next", &format!("/{hostile}"))]))).await,
    ] {
        assert!(!page.text().contains("<script>"), "{page:?}");
    }
}

async fn the_list_tells_the_state_of_every_key(app: App) {
    let mut ada = app.person("ada").await;
    assert!(ada.get("/settings").await.text().contains("No keys yet"));
    let working = ada.create_key("working").await;
    let mine = ada.create_key("mine").await;
    ada.revoke_key(&mine).await;
    let page = ada.get(&format!("/settings?revoked={}", mine.id)).await;
    assert!(page.text().contains("The key “mine” is revoked."), "{page:?}");
    assert!(page.text().contains("by you"), "{page:?}");
    assert_eq!(page.text().matches("class=\"badge badge-good\">Active<").count(), 1);
    assert_eq!(page.text().matches("class=\"badge\">Revoked<").count(), 1);
    // Only of an own key that is: a link cannot make the page claim anything else.
    for id in ["nonsense", &working.id] {
        let page = ada.get(&format!("/settings?revoked={id}")).await;
        assert!(!page.text().contains("is revoked."), "{page:?}");
    }
}

async fn a_foreign_key_answers_as_a_missing_one(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let mut bob = app.person("bob").await;
    let before = app.database().dump();
    for verb in ["revoke", "rotate", "end-overlap"] {
        let at = |id: &str| format!("/settings/api-keys/{id}/{verb}");
        let fields = [("overlap", "24h")];
        let foreign = bob.post(&at(&key.id), &fields).await;
        foreign.assert_page(404, "It is not there any more");
        let missing = bob.post(&at("01941f29-7c00-7aaa-8aaa-aaaaaaaaaaaa"), &fields).await;
        let missing = missing.without_token();
        assert_eq!(foreign.without_token(), missing);
        for junk in ["0", "%00", "%ff", "..", "a%2Fb", &"9".repeat(4000), &key.id.replace('-', "")]
        {
            let answer = bob.post(&at(junk), &fields).await;
            assert_eq!((answer.status, answer.without_token()), (404, missing.clone()), "{junk}");
        }
    }
    assert_eq!(app.database().dump(), before, "nothing is changed");
    assert_eq!(app.account(&key.secret).await.status, 200);
}

async fn a_revoked_key_cannot_be_rotated(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    ada.revoke_key(&key).await;
    let before = app.database().dump();
    let path = format!("/settings/api-keys/{}/rotate", key.id);
    let page = ada.post(&path, &[("overlap", "24h")]).await;
    page.assert_page(409, "Settings");
    assert!(page.text().contains("cannot be rotated"), "{page:?}");
    assert!(!page.text().contains("id=\"new-key\""), "{page:?}");
    assert_eq!(app.database().dump(), before);
}

async fn a_key_is_revoked_by_its_name_or_its_beginning(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key(" Nightly  report ").await;
    let path = format!("/settings/api-keys/{}/revoke", key.id);
    app.browser().get(&path).await.assert_sign_in_first(&path);
    app.account(&key.secret).await;
    app.keep_house().await;
    let page = ada.get(&path).await;
    assert_eq!(page.status, 200, "{page:?}");
    for told in ["Nightly", "are refused at once", "192.0.2.7", "account.get", &key.secret[..13]] {
        assert!(page.text().contains(told), "{told}: {page:?}");
    }
    for typed in ["", "nightly  report", "bloom_sk_", &key.secret[..12], "x"] {
        let refused = ada.post(&path, &[("confirmed", typed)]).await;
        assert_eq!(refused.status, 422, "{typed}");
        assert!(refused.text().contains("Nothing was revoked."), "{typed}: {refused:?}");
        assert!(refused.text().contains(&format!("value=\"{typed}\"")), "{typed}: it is kept");
    }
    assert_eq!(app.account(&key.secret).await.status, 200);
    let revoked = ada.post(&path, &[("confirmed", "Nightly report ")]).await;
    revoked.assert_redirect(&format!("/settings?revoked={}#api-keys", key.id));
    assert_eq!(app.account(&key.secret).await.status, 401);
    ada.get(&path).await.assert_redirect("/settings#api-keys");
    let other = ada.create_key("ci").await;
    let path = format!("/settings/api-keys/{}/revoke", other.id);
    let revoked = ada.post(&path, &[("confirmed", &format!(" {} ", &other.secret[..13]))]).await;
    revoked.assert_redirect(&format!("/settings?revoked={}#api-keys", other.id));
    let mut eve = app.person("eve").await;
    eve.get(&path).await.assert_page(404, "Page not found");
}

async fn revoking_twice_is_no_error(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    ada.revoke_key(&key).await;
    let before = app.database().dump();
    app.advance(std::time::Duration::from_secs(5));
    ada.revoke_key(&key).await;
    assert_eq!(app.database().dump(), before, "the first time is what is told");
}

async fn a_stranger_manages_no_keys(app: App) {
    let key = app.person("ada").await.create_key("ci").await;
    let before = app.database().dump();
    let mut stranger = app.browser();
    stranger.get("/settings").await.assert_sign_in_first("/settings");
    for path in [
        "/settings/api-keys".to_owned(),
        format!("/settings/api-keys/{}/rotate", key.id),
        format!("/settings/api-keys/{}/end-overlap", key.id),
        format!("/settings/api-keys/{}/revoke", key.id),
    ] {
        let page = stranger.post(&path, &[("name", "mine")]).await;
        page.assert_page(401, "You are signed out");
    }
    assert_eq!(app.database().dump(), before);
}

/// A key in the wrong hands must not be able to make another.
async fn a_key_manages_no_keys(app: App) {
    let mut ada = app.person("ada").await;
    let Key { id, secret } = ada.create_key("ci").await;
    let token = ada.form_token().await;
    let before = app.database().dump();
    let headers = [("x-api-key", secret.as_str()), ("authorization", &format!("Bearer {secret}"))];
    let fields = [("form_token", token.as_str()), ("name", "more")];
    for path in ["/settings/api-keys", &format!("/settings/api-keys/{id}/rotate")] {
        let answer = app.browser().post_as_is(path, &fields, &headers).await;
        answer.assert_page(403, "This form has expired");
    }
    assert_eq!(app.database().dump(), before);
}

async fn the_hundredth_key_is_the_last(app: App) {
    let mut ada = app.person("ada").await;
    let first = ada.create_key("first").await;
    for n in 1..100 {
        ada.create_key(&format!("key {n}")).await;
    }
    let page = ada.post("/settings/api-keys", &[("name", "one more")]).await;
    page.assert_page(409, "Settings");
    assert!(page.text().contains("Revoke one first."), "{page:?}");
    assert!(page.text().contains("value=\"one more\""), "what was typed is kept");
    assert_eq!(app.rows("api_keys").len(), 100);
    // Rotating makes no new key, and a revoked key does not count.
    let first = ada.replace_key(&first).await;
    ada.revoke_key(&first).await;
    ada.create_key("one more").await;
}

async fn the_address_of_a_form_leads_to_the_keys(app: App) {
    let mut ada = app.person("ada").await;
    for path in ["/settings/api-keys", "/settings/api-keys/x/rotate", "/mcp", "/developers"] {
        ada.get(path).await.assert_redirect("/settings#api-keys");
        // Who signs in first comes to the keys all the same, and not to the top of the page.
        app.browser().get(path).await.assert_sign_in_first("/settings#api-keys");
    }
}
