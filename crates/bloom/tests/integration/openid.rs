//! Signing in through an OpenID provider: another Bloom over real HTTP, and one that lies in every way there is.

use std::time::Duration;

use bloom_domain::accounts::SignUpPolicy;
use serde_json::{Value, json};

use crate::secrets::{contains, everything_stored};
use crate::support::oauth::{REDIRECT, parameter};
use crate::support::provider::{Liar, OtherBloom};
use crate::support::{Answer, App, Browser, PASSWORD, at_once, on_both};

on_both!(
    whom_another_bloom_knows_gets_an_account_and_signs_in,
    the_way_leads_back_to_an_app_that_asks,
    an_address_finds_no_account,
    an_identity_is_linked_by_who_is_signed_in,
    the_last_way_in_stays,
    a_proof_is_taken_from_the_provider,
    a_proof_must_be_fresh_and_of_the_same_person,
    who_may_make_an_account,
    an_address_that_nobody_vouches_for_makes_none,
    an_answer_belongs_to_one_browser_for_ten_minutes_and_once,
    an_answer_names_who_was_asked,
    an_id_token_that_is_not_what_was_asked_for_signs_nobody_in,
    the_next_page_is_ours,
    keys_are_fetched_anew_once_a_minute,
    a_provider_that_is_down_is_said_to_be,
    what_the_provider_is_told,
    the_suspended_and_the_deleted_are_not_signed_in,
    many_at_once_make_one_account,
    without_a_provider_there_is_none,
);

const SECURITY: &str = "/settings/security";
const LINK: &str = "/settings/security/openid";
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// Where the form leads.
async fn begin(here: &mut Browser, form: &str, fields: &[(&str, &str)]) -> String {
    let sent = here.post(form, fields).await;
    assert_eq!(sent.status, 303, "{sent:?}");
    sent.header("location").to_owned()
}

/// Signs in at another Bloom.
async fn sign_in(
    provider: &OtherBloom,
    here: &mut Browser,
    there: &mut Browser,
    fields: &[(&str, &str)],
) -> Answer {
    let url = begin(here, "/sign-in/openid", fields).await;
    let back = provider.go_through(there, &url).await;
    here.get(&back).await
}

/// Signs in at a liar, which tells these claims.
async fn sign_in_at(liar: &Liar, here: &mut Browser, changes: &Value) -> Answer {
    let url = begin(here, "/sign-in/openid", &[]).await;
    liar.tell(&url, here.app.service().now(), changes);
    here.get(&liar.back(&url, &[])).await
}

/// The id of the identity that is listed first.
async fn first_identity(here: &mut Browser) -> String {
    let page = here.get(SECURITY).await;
    let id = page.between("action=\"/settings/security/openid/", "/remove\"");
    id.unwrap_or_else(|| panic!("no identity: {page:?}")).to_owned()
}

/// For the test of everything that is recorded: links an identity and removes it.
pub(crate) async fn link_and_remove(app: &App, person: &Browser) {
    let liar = Liar::start().await;
    let app = liar.before(app).await;
    let mut here = person.before(&app);
    let url = begin(&mut here, LINK, &[]).await;
    liar.tell(&url, app.service().now(), &json!({}));
    here.get(&liar.back(&url, &[]))
        .await
        .assert_redirect(&format!("{SECURITY}?done=linked#elsewhere"));
    let id = first_identity(&mut here).await;
    let removed = here.post(&format!("{LINK}/{id}/remove"), &[]).await;
    removed.assert_redirect(&format!("{SECURITY}?done=unlinked#elsewhere"));
}

async fn whom_another_bloom_knows_gets_an_account_and_signs_in(app: App) {
    let provider = OtherBloom::start().await;
    let app = provider.before(&app).await;
    let mut there = provider.person("ada").await;
    let mut here = app.browser();
    let page = here.get("/sign-in").await;
    assert!(page.text().contains("Sign in with <bdi>Elsewhere</bdi>"), "{page:?}");
    let before = here.cookie_secret().to_owned();
    let done = sign_in(&provider, &mut here, &mut there, &[]).await;
    done.assert_redirect("/settings#api-keys");
    assert_ne!(here.cookie_secret(), before, "the browser gets a new cookie");
    let page = here.get(SECURITY).await;
    page.assert_page(200, "Security");
    assert!(page.text().contains("Confirmed") && page.text().contains("Set a password"));
    assert!(page.text().contains("<bdi>ada@example.com</bdi>"), "{}", page.text());
    assert_eq!(app.rows("workspaces").len(), 1, "a workspace of their own");

    // The same person in another browser is the same account.
    let mut elsewhere = app.browser();
    let done = sign_in(&provider, &mut elsewhere, &mut there, &[("next", SECURITY)]).await;
    done.assert_redirect(SECURITY);
    assert_eq!((app.rows("accounts").len(), app.rows("identities").len()), (1, 1));
    let page = elsewhere.get(SECURITY).await;
    assert!(!page.text().contains("Never used"), "{}", page.text());
    assert!(elsewhere.get("/settings/activity").await.text().contains("Sign-in at another server"));

    // Nobody guesses a password that is none.
    let mut guesser = app.browser();
    assert_eq!(guesser.sign_in("ada@example.com", PASSWORD).await.status, 401);
    let export = here.get("/settings/security/export").await.json();
    assert_eq!(export["identities"][0]["address"], "ada@example.com");
    let gone = here.post("/settings/security/delete", &[("email", "ada@example.com")]).await;
    gone.assert_redirect("/sign-in?done=deleted");
    assert_eq!(app.rows("identities").len(), 0);
}

async fn the_way_leads_back_to_an_app_that_asks(app: App) {
    let provider = OtherBloom::start().await;
    let app = provider.before(&app).await;
    let mut there = provider.person("ada").await;
    let client = app.client(REDIRECT).await;
    let mut here = app.browser();
    let state = "s".repeat(300);
    let place = client.sent_to(&mut here, &[("state", &state), ("prompt", "login")]).await;
    let page = here.get(&place).await;
    page.assert_page(200, "Sign in");
    let next = page.between("name=\"next\" value=\"", "\"").expect("a next").to_owned();
    let again = page.text().contains("name=\"again\"");
    assert!(again, "an app that wants a sign-in gets one there too");
    let url = begin(&mut here, "/sign-in/openid", &[("next", &next), ("again", "1")]).await;
    assert_eq!(parameter(&url, "prompt").as_deref(), Some("login"));
    app.advance(Duration::from_secs(1));
    provider.app.advance(Duration::from_secs(1));
    let back = provider.go_through(&mut there, &url).await;
    here.get(&back).await.assert_redirect(&next);
    let question = here.get(&next).await;
    question.assert_page(200, "Allow access");
    let sealed = question.between("name=\"request\" value=\"", "\"").expect("one").to_owned();
    let fields = [("request", sealed.as_str()), ("decision", "allow")];
    let answer = here.post("/authorize", &fields).await;
    let url = answer.header("location");
    assert_eq!(parameter(url, "state").as_deref(), Some(state.as_str()));
    let code = parameter(url, "code").expect("a code");
    assert_eq!(client.redeem(&code).await.status, 200);
    // What is too long to be taken along is said, and nobody is sent off without it.
    let long = format!("/settings?x={}", "x".repeat(4_000));
    let page = app.browser().post("/sign-in/openid", &[("next", &long)]).await;
    page.assert_page(400, "This app’s request is too long");
}

async fn an_address_finds_no_account(app: App) {
    let liar = Liar::start().await;
    app.person("ada").await;
    let app = liar.before(&app).await;
    let before = app.database().dump();
    let mut here = app.browser();
    let page = sign_in_at(&liar, &mut here, &json!({})).await;
    page.assert_page(409, "You have an account here already");
    assert!(page.text().contains("href=\"/sign-in?next=%2Fsettings%2Fsecurity%2Fopenid\""));
    assert!(!here.is_signed_in().await);
    assert_eq!(app.database().dump(), before, "nothing is written");
}

async fn an_identity_is_linked_by_who_is_signed_in(app: App) {
    let provider = OtherBloom::start().await;
    let mut ada = app.person("ada").await;
    app.take_mails().await;
    let app = provider.before(&app).await;
    let mut there = provider.person("ada").await;
    ada = ada.before(&app);
    app.advance(TEN_MINUTES);
    provider.app.advance(TEN_MINUTES);
    assert_eq!(ada.get(LINK).await.status, 303, "a proof comes first");
    assert_eq!(ada.post(LINK, &[]).await.status, 303);
    crate::security::confirm(&mut ada).await;
    let page = ada.get(LINK).await;
    page.assert_page(200, "Sign in with <bdi>Elsewhere</bdi>");
    assert!(!page.header("content-security-policy").contains("form-action"), "it leads elsewhere");
    let url = begin(&mut ada, LINK, &[]).await;
    let back = provider.go_through(&mut there, &url).await;
    ada.get(&back).await.assert_redirect(&format!("{SECURITY}?done=linked#elsewhere"));
    let mails = app.take_mails().await;
    let told = |mail: &&String| mail.contains("Subject: Another way to sign in");
    assert_eq!(mails.iter().filter(told).count(), 1, "{mails:?}");

    let mut elsewhere = app.browser();
    sign_in(&provider, &mut elsewhere, &mut there, &[]).await.assert_redirect("/settings");
    assert_eq!(app.rows("accounts").len(), 1);

    // Twice is once, and nobody else's.
    let url = begin(&mut ada, LINK, &[]).await;
    let back = provider.go_through(&mut there, &url).await;
    ada.get(&back).await.assert_redirect(&format!("{SECURITY}?done=linked#elsewhere"));
    assert_eq!(app.rows("identities").len(), 1);
    let mut eve = app.person("eve").await;
    let url = begin(&mut eve, LINK, &[]).await;
    let back = provider.go_through(&mut there, &url).await;
    eve.get(&back).await.assert_page(409, "It is linked with another account");
    assert_eq!(app.rows("identities").len(), 1);

    // Somebody else's is not removed, one's own is.
    let id = first_identity(&mut ada).await;
    eve.post(&format!("{LINK}/{id}/remove"), &[]).await;
    assert_eq!(app.rows("identities").len(), 1);
    let removed = ada.post(&format!("{LINK}/{id}/remove"), &[]).await;
    removed.assert_redirect(&format!("{SECURITY}?done=unlinked#elsewhere"));
    let page = sign_in(&provider, &mut app.browser(), &mut there, &[]).await;
    page.assert_page(409, "You have an account here already");
}

async fn the_last_way_in_stays(app: App) {
    let liar = Liar::start().await;
    let app = liar.before(&app).await;
    let mut here = app.browser();
    let fresh = json!({ "auth_time": app.service().now().unix_micros() / 1_000_000 });
    sign_in_at(&liar, &mut here, &fresh).await.assert_redirect("/settings#api-keys");
    let id = first_identity(&mut here).await;
    let path = format!("{LINK}/{id}/remove");
    let page = here.post(&path, &[]).await;
    page.assert_page(409, "This is your only way to sign in");
    assert_eq!(app.rows("identities").len(), 1);
    // A passkey is another way, and then it is the last one.
    crate::passkeys::add_one(&mut here).await;
    here.post(&path, &[]).await.assert_redirect(&format!("{SECURITY}?done=unlinked#elsewhere"));
    let page = here.get(SECURITY).await;
    let passkey = page.between("action=\"/settings/security/passkeys/", "/remove\"");
    let passkey = format!("/settings/security/passkeys/{}/remove", passkey.expect("a passkey"));
    let page = here.post(&passkey, &[]).await;
    page.assert_page(409, "This is your only way to sign in");
    let password = [("password", PASSWORD)];
    here.post("/settings/security/password", &password).await;
    assert_eq!(
        here.post(&passkey, &[]).await.header("location"),
        format!("{SECURITY}?done=unpasskey#passkeys")
    );
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status, 303);
}

async fn a_proof_is_taken_from_the_provider(app: App) {
    let provider = OtherBloom::start().await;
    let app = provider.before(&app).await;
    let mut there = provider.person("ada").await;
    let mut here = app.browser();
    sign_in(&provider, &mut here, &mut there, &[]).await.assert_redirect("/settings#api-keys");
    for app in [&app, &provider.app] {
        app.advance(TEN_MINUTES);
    }
    let confirm = "/settings/security/confirm";
    let page = here.get(confirm).await;
    page.assert_page(200, "Confirm that it is you");
    assert!(page.text().contains("Confirm with <bdi>Elsewhere</bdi>"), "{}", page.text());
    assert!(!page.text().contains("name=\"password\""), "there is none: {}", page.text());
    assert!(!page.header("content-security-policy").contains("form-action"), "it leads elsewhere");
    let next = "/settings/security/delete";
    let url = begin(&mut here, "/settings/security/confirm/openid", &[("next", next)]).await;
    assert_eq!(parameter(&url, "max_age").as_deref(), Some("0"));
    let back = provider.go_through(&mut there, &url).await;
    here.get(&back).await.assert_redirect(next);
    here.get(next).await.assert_page(200, "Delete your account");

    // Whoever the provider has known for long has proven nothing by coming from there.
    for app in [&app, &provider.app] {
        app.advance(TEN_MINUTES);
    }
    let mut elsewhere = app.browser();
    sign_in(&provider, &mut elsewhere, &mut there, &[]).await.assert_redirect("/settings");
    assert_eq!(elsewhere.get(next).await.status, 303, "a proof comes first");
}

async fn a_proof_must_be_fresh_and_of_the_same_person(app: App) {
    let liar = Liar::start().await;
    let app = liar.before(&app).await;
    let mut here = app.browser();
    sign_in_at(&liar, &mut here, &json!({})).await.assert_redirect("/settings#api-keys");
    let seconds = |app: &App| app.service().now().unix_micros() / 1_000_000;
    assert_eq!(here.get("/settings/security/delete").await.status, 303, "nothing was proven");
    for (changes, heading) in [
        (json!({}), "That proves nothing"),
        (json!({ "auth_time": seconds(&app) - 61 }), "That proves nothing"),
        (json!({ "auth_time": seconds(&app), "sub": "eve" }), "That is somebody else there"),
    ] {
        let url = begin(&mut here, "/settings/security/confirm/openid", &[]).await;
        liar.tell(&url, app.service().now(), &changes);
        here.get(&liar.back(&url, &[])).await.assert_page(403, heading);
        assert_eq!(here.get("/settings/security/delete").await.status, 303, "{changes}");
    }
    // An answer to one errand does no other: it is what the sealed request says.
    let url = begin(&mut here, "/settings/security/confirm/openid", &[]).await;
    liar.tell(&url, app.service().now(), &json!({ "auth_time": seconds(&app) }));
    let back = liar.back(&url, &[]);
    let mut eve = app.person("eve").await;
    eve.get(&back).await.assert_page(400, "This sign-in cannot go on");
    here.get(&back).await.assert_redirect(SECURITY);
    here.get("/settings/security/delete").await.assert_page(200, "Delete your account");
    here.get(&back).await.assert_page(400, "This sign-in cannot go on");
}

async fn who_may_make_an_account(app: App) {
    let provider = OtherBloom::start().await;
    let mut there = provider.person("ada").await;
    let owner = app.person("owner").await;
    for policy in [SignUpPolicy::Closed, SignUpPolicy::Invite] {
        let closed = app.again(|options| options.sign_up = policy).await;
        let closed = provider.before(&closed).await;
        let page = sign_in(&provider, &mut closed.browser(), &mut there, &[]).await;
        page.assert_page(403, "There is no account for you yet");
        let next = [("next", "/invitations/0123456789abcdefghijABCDEFGHIJ01")];
        let page = sign_in(&provider, &mut closed.browser(), &mut there, &next).await;
        assert!(matches!(page.status, 403 | 410), "{page:?}");
        assert_eq!(app.rows("accounts").len(), 1);
    }
    // An invitation lets its guest in.
    let invited = app.again(|options| options.sign_up = SignUpPolicy::Invite).await;
    let invited = provider.before(&invited).await;
    let mut owner = owner.before(&invited);
    let team = crate::teams::team(&mut owner, "Engines").await;
    let invitation = crate::teams::invite(&mut owner, &team, "ada@example.com", "member").await;
    let next = [("next", invitation.as_str())];
    let done = sign_in(&provider, &mut invited.browser(), &mut there, &next).await;
    done.assert_redirect(&invitation);
    assert_eq!(app.rows("accounts").len(), 2);
    // And where the operator trusts the provider, whoever it vouches for.
    let trusted = app.again(|options| options.sign_up = SignUpPolicy::Closed).await;
    let trusted =
        provider.before_with(&trusted, |settings| settings.may_make_accounts = true).await;
    let mut bob = provider.person("bob").await;
    let done = sign_in(&provider, &mut trusted.browser(), &mut bob, &[]).await;
    done.assert_redirect("/settings#api-keys");
    assert_eq!(app.rows("accounts").len(), 3);
}

async fn an_address_that_nobody_vouches_for_makes_none(app: App) {
    let provider = OtherBloom::start().await;
    let app_here = provider.before(&app).await;
    let mut there = provider.app.person("ada").await;
    let page = sign_in(&provider, &mut app_here.browser(), &mut there, &[]).await;
    page.assert_page(403, "Your address is not confirmed there");
    let liar = Liar::start().await;
    let app = liar.before(&app).await;
    for changes in [
        json!({ "email_verified": false }),
        json!({ "email_verified": null }),
        json!({ "email_verified": "false" }),
        json!({ "email_verified": 1 }),
        json!({ "email": "not an address" }),
        json!({ "email": "ada@exam\u{200b}ple.com" }),
    ] {
        let page = sign_in_at(&liar, &mut app.browser(), &changes).await;
        page.assert_page(403, "Your address is not confirmed there");
    }
    assert!(app.rows("accounts").is_empty());
    // What the ID token does not tell, userinfo does, if it is about the same person.
    let without = json!({ "email": null, "email_verified": null });
    let mut told = json!({ "sub": "eve", "email": "ada@example.com", "email_verified": true });
    liar.put("/userinfo", 200, &told.to_string());
    let page = sign_in_at(&liar, &mut app.browser(), &without).await;
    page.assert_page(400, "This answer is not taken");
    told["sub"] = "ada".into();
    liar.put("/userinfo", 200, &told.to_string());
    let done = sign_in_at(&liar, &mut app.browser(), &without).await;
    done.assert_redirect("/settings#api-keys");
    assert!(liar.asked("/userinfo")[0].contains("authorization: Bearer at-1\r\n"));
}

async fn an_answer_belongs_to_one_browser_for_ten_minutes_and_once(app: App) {
    const STALE: &str = "This sign-in cannot go on";
    let liar = Liar::start().await;
    let app = liar.before(&app).await;
    let mut here = app.browser();
    let url = begin(&mut here, "/sign-in/openid", &[]).await;
    liar.tell(&url, app.service().now(), &json!({}));
    let back = liar.back(&url, &[]);
    let state = parameter(&url, "state").expect("a state");
    let first = if state.starts_with('A') { "B" } else { "A" };
    let tampered = format!("{first}{}", &state[1..]);
    let other = begin(&mut app.browser(), "/sign-in/openid", &[]).await;
    let other = parameter(&other, "state").expect("a state");
    for bad in [
        liar.back(&url, &[("state", "")]),
        liar.back(&url, &[("state", "x")]),
        liar.back(&url, &[("state", &tampered)]),
        // Somebody has another begin, and brings the answer here: they would be in the other's account.
        liar.back(&url, &[("state", &other)]),
        liar.back(&url, &[("code", "")]),
        liar.back(&url, &[("error", "access_denied")]),
        format!("{back}&code=c-2"),
        format!("{back}&state={state}"),
        "/sign-in/openid/answer".to_owned(),
    ] {
        here.get(&bad).await.assert_page(400, STALE);
    }
    // In a browser without a cookie, or with another one.
    app.browser().get(&back).await.assert_page(400, STALE);
    let mut victim = app.person("victim").await;
    victim.get(&back).await.assert_page(400, STALE);
    assert!(victim.is_signed_in().await, "they stay who they are");
    assert!(liar.asked("/token").is_empty(), "no code was sent anywhere");

    app.advance(TEN_MINUTES);
    here.get(&back).await.assert_page(400, STALE);
    let url = begin(&mut here, "/sign-in/openid", &[]).await;
    liar.tell(&url, app.service().now(), &json!({}));
    let back = liar.back(&url, &[]);
    let mut copy = here.clone();
    app.advance(TEN_MINUTES - Duration::from_secs(1));
    here.get(&back).await.assert_page(400, "This answer is not taken");
    liar.tell(&url, app.service().now(), &json!({}));
    here.get(&back).await.assert_redirect("/settings#api-keys");
    // Once: not in this browser, whose cookie is another, and not in a copy of it as it was.
    here.get(&back).await.assert_page(400, STALE);
    copy.get(&back).await.assert_page(400, STALE);
    assert!(!copy.is_signed_in().await);
    assert_eq!(app.rows("openid_answers").len(), 1);
    app.advance(Duration::from_secs(2));
    app.keep_house().await;
    assert!(app.rows("openid_answers").is_empty());
    // A provider that was configured meanwhile gets no code of the one before.
    let mut here = app.browser();
    let url = begin(&mut here, "/sign-in/openid", &[]).await;
    let second = Liar::start().await;
    let moved = second.before(&app).await;
    let page = here.before(&moved).get(&second.back(&url, &[])).await;
    page.assert_page(400, STALE);
    assert!(second.asked("/token").is_empty());
}

async fn an_answer_names_who_was_asked(app: App) {
    let liar = Liar::start().await;
    let app = liar.before(&app).await;
    let mut here = app.browser();
    let url = begin(&mut here, "/sign-in/openid", &[]).await;
    liar.tell(&url, app.service().now(), &json!({}));
    for issuer in ["", "https://evil.example", &format!("{}/", liar.issuer())] {
        let page = here.get(&liar.back(&url, &[("iss", issuer)])).await;
        page.assert_page(400, "This answer is not taken");
    }
    let denied = [("code", ""), ("error", "access_denied")];
    here.get(&liar.back(&url, &denied)).await.assert_page(403, "You were not signed in");
    let failed = [("code", ""), ("error", "<script>"), ("error_description", "<script>")];
    let page = here.get(&liar.back(&url, &failed)).await;
    page.assert_page(400, "This answer is not taken");
    assert!(!page.text().contains("<script>"));
    assert!(liar.asked("/token").is_empty(), "no code was sent anywhere");
    here.get(&liar.back(&url, &[])).await.assert_redirect("/settings#api-keys");
    // One that does not say that it names itself need not.
    liar.say_of_itself(&json!({ "authorization_response_iss_parameter_supported": null }));
    let app = liar.before(&app).await;
    let mut here = app.browser();
    let url = begin(&mut here, "/sign-in/openid", &[]).await;
    liar.tell(&url, app.service().now(), &json!({}));
    let evil = liar.back(&url, &[("iss", "https://evil.example")]);
    here.get(&evil).await.assert_page(400, "This answer is not taken");
    here.get(&liar.back(&url, &[("iss", "")])).await.assert_redirect("/settings");
}

async fn an_id_token_that_is_not_what_was_asked_for_signs_nobody_in(app: App) {
    let liar = Liar::start().await;
    let app = liar.before(&app).await;
    let now = app.service().now();
    let seconds = now.unix_micros() / 1_000_000;
    let mut here = app.browser();
    let url = begin(&mut here, "/sign-in/openid", &[]).await;
    let back = liar.back(&url, &[]);
    let honest = json!({ "alg": "EdDSA", "kid": "k1" });
    let before = app.database().dump();
    for claims in [
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "iss": "https://evil.example" }),
        json!({ "aud": "another" }),
        json!({ "aud": ["bloom", "another"] }),
        json!({ "azp": "another" }),
        json!({ "exp": seconds - 60 }),
        json!({ "iat": seconds - 61 }),
        json!({ "iat": seconds + 61 }),
        json!({ "at_hash": "AAAA" }),
        json!({ "sub": "" }),
        json!({ "sub": null }),
    ] {
        liar.give(&liar.sign(&honest, &liar.claims(&url, now, &claims)));
        here.get(&back).await.assert_page(400, "This answer is not taken");
    }
    let claims = liar.claims(&url, now, &json!({}));
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "none", "kid": "k1" }),
        json!({ "alg": "HS256", "kid": "k1" }),
        json!({ "alg": "RS256", "kid": "k1" }),
        json!({ "alg": "ES256", "kid": "k1" }),
        json!({ "alg": "EdDSA", "kid": "k2" }),
        json!({ "alg": "EdDSA", "kid": "k1", "crit": ["x"] }),
        json!({ "alg": "EdDSA", "kid": "k1", "typ": "at+jwt" }),
    ] {
        liar.give(&liar.sign(&header, &claims));
        here.get(&back).await.assert_page(400, "This answer is not taken");
    }
    let good = liar.sign(&honest, &claims);
    let (signed, _) = good.rsplit_once('.').expect("three parts");
    let of_another = liar.sign(&honest, &json!({}));
    let (_, of_another) = of_another.rsplit_once('.').expect("three parts");
    for token in
        [format!("{signed}."), format!("{signed}.{of_another}"), signed.to_owned(), String::new()]
    {
        liar.give(&token);
        here.get(&back).await.assert_page(400, "This answer is not taken");
    }
    for (status, body) in
        [(400, r#"{"error":"invalid_grant"}"#), (401, "{}"), (200, "{}"), (200, "x")]
    {
        liar.put("/token", status, body);
        here.get(&back).await.assert_page(400, "This answer is not taken");
    }
    assert_eq!(app.database().dump(), before, "nothing is written");
    assert!(!here.is_signed_in().await);
    liar.give(&good);
    here.get(&back).await.assert_redirect("/settings#api-keys");
    let stored = everything_stored(&app);
    assert!(!contains(&stored, good.as_bytes()) && !contains(&stored, b"s:e c"));
}

async fn the_next_page_is_ours(app: App) {
    let liar = Liar::start().await;
    let app = liar.before(&app).await;
    for (next, place) in [
        ("https://evil.example/", "/settings"),
        ("//evil.example", "/settings"),
        ("/\\evil.example", "/settings"),
        ("/settings/security", "/settings/security"),
    ] {
        let mut here = app.browser();
        let url = begin(&mut here, "/sign-in/openid", &[("next", next)]).await;
        liar.tell(&url, app.service().now(), &json!({}));
        let done = here.get(&liar.back(&url, &[])).await;
        let place = if app.rows("sessions").len() == 1 { "/settings#api-keys" } else { place };
        done.assert_redirect(place);
    }
}

async fn keys_are_fetched_anew_once_a_minute(app: App) {
    let liar = Liar::start().await;
    let app = liar.before(&app).await;
    sign_in_at(&liar, &mut app.browser(), &json!({})).await.assert_redirect("/settings#api-keys");
    assert_eq!(liar.asked("/jwks").len(), 1);
    liar.publish("k2");
    let header = json!({ "alg": "EdDSA", "kid": "k2" });
    let attempt = async |here: &mut Browser| {
        let url = begin(here, "/sign-in/openid", &[]).await;
        liar.give(&liar.sign(&header, &liar.claims(&url, app.service().now(), &json!({}))));
        here.get(&liar.back(&url, &[])).await
    };
    for _ in 0..3 {
        attempt(&mut app.browser()).await.assert_page(400, "This answer is not taken");
    }
    assert_eq!(liar.asked("/jwks").len(), 1, "too soon");
    app.advance(Duration::from_secs(60));
    attempt(&mut app.browser()).await.assert_redirect("/settings");
    attempt(&mut app.browser()).await.assert_redirect("/settings");
    assert_eq!(liar.asked("/jwks").len(), 2);
    assert_eq!(liar.asked("/.well-known/openid-configuration").len(), 2);
}

async fn a_provider_that_is_down_is_said_to_be(app: App) {
    const DOWN: &str = "The other server does not answer";
    let liar = Liar::start().await;
    let app = liar.before(&app).await;
    let mut here = app.browser();
    liar.put("/.well-known/openid-configuration", 503, "");
    for _ in 0..3 {
        here.post("/sign-in/openid", &[]).await.assert_page(502, DOWN);
    }
    assert_eq!(liar.asked("/.well-known/openid-configuration").len(), 1, "asked once");
    for document in
        [json!({ "issuer": "https://evil.example" }), json!({ "jwks_uri": "file:///x" })]
    {
        app.advance(Duration::from_secs(5));
        liar.say_of_itself(&document);
        here.post("/sign-in/openid", &[]).await.assert_page(502, DOWN);
    }
    app.advance(Duration::from_secs(5));
    liar.say_of_itself(&json!({}));
    let url = begin(&mut here, "/sign-in/openid", &[]).await;
    liar.put("/token", 500, "");
    here.get(&liar.back(&url, &[])).await.assert_page(502, DOWN);
    liar.tell(&url, app.service().now(), &json!({}));
    here.get(&liar.back(&url, &[])).await.assert_redirect("/settings#api-keys");
}

async fn what_the_provider_is_told(app: App) {
    let liar = Liar::start().await;
    let app = liar.before(&app).await;
    let mut here = app.browser();
    let url = begin(&mut here, "/sign-in/openid", &[]).await;
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "bloom"),
        ("redirect_uri", "http://localhost:4600/sign-in/openid/answer"),
        ("scope", "openid email profile"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(parameter(&url, name).as_deref(), Some(value), "{name}");
    }
    liar.tell(&url, app.service().now(), &json!({}));
    here.get(&liar.back(&url, &[])).await.assert_redirect("/settings#api-keys");
    let told = liar.asked("/token").pop().expect("a request");
    let (head, body) = told.split_once("\r\n\r\n").expect("a body");
    // `bloom` and `s:e c`, each encoded before they are joined.
    assert!(head.contains("authorization: Basic Ymxvb206cyUzQWUlMjBj"), "{head}");
    assert!(!head.to_lowercase().contains("cookie"), "{head}");
    let body = format!("?{body}");
    let verifier = parameter(&body, "code_verifier").expect("a verifier");
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    let hash = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, hash);
    assert_eq!(parameter(&url, "code_challenge"), Some(hash));
    assert_eq!(parameter(&body, "code").as_deref(), Some("c-1"));
    assert!(!url.contains(&verifier), "the verifier is sealed");

    liar.say_of_itself(&json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] }));
    let app = liar.before(&app).await;
    sign_in_at(&liar, &mut app.browser(), &json!({})).await.assert_redirect("/settings");
    let told = liar.asked("/token").pop().expect("a request");
    assert!(!told.contains("authorization:") && told.contains("client_secret=s%3Ae%20c"), "{told}");
}

async fn the_suspended_and_the_deleted_are_not_signed_in(app: App) {
    let liar = Liar::start().await;
    let app = liar.before(&app).await;
    sign_in_at(&liar, &mut app.browser(), &json!({})).await.assert_redirect("/settings#api-keys");
    app.ban("ada@example.com").await;
    let page = sign_in_at(&liar, &mut app.browser(), &json!({})).await;
    page.assert_page(403, "Your account is suspended");
    app.unban("ada@example.com").await;
    sign_in_at(&liar, &mut app.browser(), &json!({})).await.assert_redirect("/settings");
    let email = bloom_domain::email::Email::parse("ada@example.com").expect("an address");
    let delete = bloom_service::accounts::deletion::delete_for;
    delete(app.service(), &app.operator(), &email).await.expect("it is deleted");
    // Whoever comes back after that is somebody new.
    let done = sign_in_at(&liar, &mut app.browser(), &json!({})).await;
    done.assert_redirect("/settings#api-keys");
    assert_eq!((app.rows("accounts").len(), app.rows("identities").len()), (2, 1));
}

async fn many_at_once_make_one_account(app: App) {
    let provider = OtherBloom::start().await;
    let app = provider.before(&app).await;
    let mut there = provider.person("ada").await;
    let mut ways = Vec::new();
    for _ in 0..8 {
        let mut here = app.browser();
        let url = begin(&mut here, "/sign-in/openid", &[]).await;
        let back = provider.go_through(&mut there, &url).await;
        ways.push((here, back));
    }
    let outcomes = at_once(8, |number| {
        let (mut here, back) = ways[number].clone();
        async move { here.get(&back).await }
    })
    .await;
    for outcome in &outcomes {
        assert_eq!(outcome.status, 303, "{outcome:?}");
    }
    let firsts = outcomes.iter().filter(|one| one.header("location") == "/settings#api-keys");
    assert_eq!(firsts.count(), 1);
    assert_eq!((app.rows("accounts").len(), app.rows("identities").len()), (1, 1));
}

async fn without_a_provider_there_is_none(app: App) {
    let mut here = app.browser();
    assert!(!here.get("/sign-in").await.text().contains("/sign-in/openid"));
    here.post("/sign-in/openid", &[]).await.assert_page(404, "Nobody signs in elsewhere here");
    let page = here.get("/sign-in/openid/answer?state=x&code=y").await;
    page.assert_page(404, "Nobody signs in elsewhere here");
    let mut ada = app.person("ada").await;
    assert!(!ada.get(SECURITY).await.text().contains("Signing in elsewhere"));
    ada.get(LINK).await.assert_page(404, "Page not found");
}
