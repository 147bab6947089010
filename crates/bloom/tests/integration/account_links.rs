//! Links in mails about a person's own account: their address is verified and changed by one, and a forgotten
//! password replaced.

use std::time::Duration;

use bloom_domain::email::Email;
use bloom_service::accounts::reset;
use bloom_service::attempts::AttemptLimits;

use crate::secrets::{contains, everything_stored};
use crate::support::{Answer, App, Browser, PASSWORD, at_once, on_both};

on_both!(
    a_sign_up_sends_a_link_that_verifies_the_address,
    a_link_counts_only_for_the_account_that_it_was_sent_for,
    what_ends_a_link_that_verifies,
    another_address_takes_a_link_that_went_there,
    what_was_typed_comes_back_after_the_proof,
    whether_an_address_is_taken_is_told_in_the_mail_only,
    an_address_that_is_taken_meanwhile_is_not_given_twice,
    many_clicks_change_an_address_once,
    a_forgotten_password_is_replaced_by_a_link,
    whether_there_is_an_account_shows_nowhere,
    what_ends_a_link_for_a_new_password,
    many_at_once_reset_once,
    a_link_does_nothing_else_than_what_it_was_sent_for,
    mails_are_limited_and_nobody_is_kept_from_asking,
    without_mail_nothing_is_asked_for,
    the_operator_makes_a_link,
    what_has_expired_is_deleted,
);

const SECURITY: &str = "/settings/security";
const EMAIL_FORM: &str = "/settings/security/email";
const RESET: &str = "/reset-password";
const NO_MAIL: &str = "This server can send no mail at the moment";
const DEAD: &str = "This link does not work";
const OTHER_PASSWORD: &str = "another good password";
const HOUR: Duration = Duration::from_secs(3_600);
const MOMENT: Duration = Duration::from_micros(1);

/// The path of the link that a mail to somebody has; every other mail that waits is gone as well.
pub(crate) async fn link(app: &App, to: &str, path: &str) -> String {
    link_in(app, &app.take_mails().await, (to, path))
}

/// The path of the link that the mail to somebody has, among these.
fn link_in(app: &App, mails: &[String], (to, path): (&str, &str)) -> String {
    let beginning = format!("{}{path}", app.options().public_url);
    let theirs = mails.iter().filter(|mail| mail.contains(&format!("To: {to}\n")));
    let mut links =
        theirs.filter_map(|mail| mail.split_once(&beginning).map(|(_, rest)| &rest[..32]));
    let token = links.next().unwrap_or_else(|| panic!("no mail to {to} with {path}: {mails:?}"));
    assert!(links.next().is_none(), "several mails to {to} with {path}: {mails:?}");
    format!("{path}{token}")
}

async fn is_verified(browser: &mut Browser) -> bool {
    let page = browser.get(SECURITY).await;
    page.assert_page(200, "Security");
    let is_verified = page.text().contains(">Confirmed<");
    assert_ne!(is_verified, page.text().contains(">Not confirmed<"), "{}", page.text());
    is_verified
}

async fn ask_reset(app: &App, email: &str) -> Answer {
    app.browser().post(RESET, &[("email", email)]).await
}

async fn signs_in(app: &App, email: &str, password: &str) -> bool {
    match app.browser().sign_in(email, password).await.status {
        303 => true,
        401 => false,
        status => panic!("neither in nor out: {status}"),
    }
}

async fn a_sign_up_sends_a_link_that_verifies_the_address(app: App) {
    let mut ada = app.person("ada").await;
    assert!(!is_verified(&mut ada).await);
    let link = link(&app, "ada@example.com", "/verify-email/").await;
    let token = link.strip_prefix("/verify-email/").unwrap();
    assert!(!contains(&everything_stored(&app), token.as_bytes()), "only a digest is stored");
    // Whatever looks into mails opens links, too: that alone does nothing.
    let before = app.database().dump();
    ada.get(&link).await.assert_page(200, "Confirm your email address");
    assert_eq!(app.database().dump(), before);
    ada.post(&link, &[]).await.assert_redirect("/settings/security?done=verified");
    assert!(is_verified(&mut ada).await);
    assert!(ada.get("/settings/security?done=verified").await.text().contains("is confirmed."));
    ada.post(&link, &[]).await.assert_page(410, DEAD);
    ada.get(&link).await.assert_page(410, DEAD);
    assert!(app.rows("account_links").is_empty());
    // There is nothing left to send.
    ada.post("/settings/security/verify-email", &[]).await;
    assert!(app.take_mails().await.is_empty());
}

/// Somebody may make an account under an address that is not theirs. Whoever reads that mailbox must not make
/// it look like theirs by a click.
async fn a_link_counts_only_for_the_account_that_it_was_sent_for(app: App) {
    let mut ada = app.person("ada").await;
    let link = link(&app, "ada@example.com", "/verify-email/").await;
    let mut stranger = app.browser();
    let page = stranger.get(&link).await;
    page.assert_page(200, "Confirm your email address");
    let next = link.replace('/', "%2F").replace('-', "%2D");
    assert!(page.text().contains(&format!("/sign-in?next={next}")), "{}", page.text());
    stranger.post(&link, &[]).await.assert_page(401, "You are signed out");
    let mut bob = app.person("bob").await;
    bob.get(&link).await.assert_page(403, "This link is for another account");
    bob.post(&link, &[]).await.assert_page(403, "This link is for another account");
    assert!(!is_verified(&mut ada).await && !is_verified(&mut bob).await);
    let token = bob.form_token().await;
    let foreign = ada.post_as_is(&link, &[("form_token", &token)], &[]).await;
    foreign.assert_page(403, "This form has expired");
    ada.post(&link, &[]).await.assert_redirect("/settings/security?done=verified");
    assert!(is_verified(&mut ada).await);
}

async fn what_ends_a_link_that_verifies(app: App) {
    let mut ada = app.person("ada").await;
    let first = link(&app, "ada@example.com", "/verify-email/").await;
    let sent = ada.post("/settings/security/verify-email", &[]).await;
    sent.assert_redirect("/settings/security?done=sent");
    let second = link(&app, "ada@example.com", "/verify-email/").await;
    ada.post(&first, &[]).await.assert_page(410, DEAD);
    app.advance(24 * HOUR - MOMENT);
    ada.get(&second).await.assert_page(200, "Confirm your email address");
    app.advance(MOMENT);
    ada.get(&second).await.assert_page(410, DEAD);
    ada.post(&second, &[]).await.assert_page(410, DEAD);
    for junk in ["x", &"a".repeat(32), "%ff"] {
        ada.get(&format!("/verify-email/{junk}")).await.assert_page(410, DEAD);
        ada.post(&format!("/change-email/{junk}"), &[]).await.assert_page(410, DEAD);
    }
    assert!(!is_verified(&mut ada).await);
}

async fn another_address_takes_a_link_that_went_there(app: App) {
    let mut ada = app.person("ada").await;
    let verify = link(&app, "ada@example.com", "/verify-email/").await;
    ask_reset(&app, "ada@example.com").await;
    let reset = link(&app, "ada@example.com", "/reset-password/").await;
    for (typed, status) in [("nonsense", 422), ("ADA@example.com", 422), ("", 422)] {
        let page = ada.post(EMAIL_FORM, &[("email", typed)]).await;
        page.assert_page(status, "Change your email address");
    }
    let page = ada.post(EMAIL_FORM, &[("email", "Lovelace@Example.com")]).await;
    page.assert_page(200, "Change your email address");
    assert!(page.text().contains("on its way to <bdi>lovelace@example.com"), "{}", page.text());
    let change = link(&app, "lovelace@example.com", "/change-email/").await;
    assert!(signs_in(&app, "ada@example.com", PASSWORD).await, "nothing has changed so far");
    let waits = "A link went to <bdi>lovelace@example.com</bdi>.";
    assert!(ada.get(SECURITY).await.text().contains(waits), "the page says what is waited for");
    ada.get(&change).await.assert_page(200, "Use this email address");
    ada.post(&change, &[]).await.assert_redirect("/settings/security?done=email");
    let page = ada.get(SECURITY).await;
    assert!(page.text().contains("<bdi>lovelace@example.com</bdi>"), "{page:?}");
    assert!(!page.text().contains(waits), "nothing waits any more");
    assert!(is_verified(&mut ada).await);
    assert!(!signs_in(&app, "ada@example.com", PASSWORD).await);
    assert!(signs_in(&app, "lovelace@example.com", PASSWORD).await);
    let told = app.take_mail("ada@example.com").await;
    assert!(told.contains("another email address now: lovelace@example.com"), "{told}");
    // What went to the address of before is worth nothing.
    ada.post(&change, &[]).await.assert_page(410, DEAD);
    ada.post(&verify, &[]).await.assert_page(410, DEAD);
    ada.post(&reset, &[("password", OTHER_PASSWORD)]).await.assert_page(410, DEAD);
    // The address is free for somebody else.
    app.person("ada").await;
}

async fn what_was_typed_comes_back_after_the_proof(app: App) {
    let mut ada = app.person("ada").await;
    app.advance(Duration::from_secs(600));
    let before = app.database().dump();
    let asked = ada.post(EMAIL_FORM, &[("email", "new+1@example.com")]).await;
    assert_eq!(asked.status, 303, "{asked:?}");
    assert_eq!(app.database().dump(), before);
    let confirm = asked.header("location").to_owned();
    let page = ada.get(&confirm).await;
    page.assert_page(200, "Confirm that it is you");
    let next =
        page.between("name=\"next\" value=\"", "\"").expect("a way on").replace("&#38;", "&");
    let fields = [("password", PASSWORD), ("next", next.as_str())];
    ada.post("/settings/security/confirm", &fields).await.assert_redirect(&next);
    let page = ada.get(&next).await;
    page.assert_page(200, "Change your email address");
    assert!(page.text().contains("value=\"new+1@example.com\""), "{}", page.text());
}

async fn whether_an_address_is_taken_is_told_in_the_mail_only(app: App) {
    app.person("bob").await;
    let mut ada = app.person("ada").await;
    app.take_mails().await;
    let free = ada.post(EMAIL_FORM, &[("email", "eve@example.com")]).await;
    let taken = ada.post(EMAIL_FORM, &[("email", "bob@example.com")]).await;
    assert_eq!(free.status, taken.status);
    assert_eq!(free.without_token().replace("eve@", "bob@"), taken.without_token());
    let mails = app.take_mails().await;
    let to_bob = mails.iter().find(|mail| mail.contains("To: bob@example.com\n")).expect("a mail");
    assert!(to_bob.contains("is in use on Bloom already") && !to_bob.contains("/change-email/"));
    // What was asked for before is not wanted any more, and the page tells one as little from the other.
    let eve = link_in(&app, &mails, ("eve@example.com", "/change-email/"));
    ada.post(&eve, &[]).await.assert_page(410, DEAD);
    assert!(ada.get(SECURITY).await.text().contains("A link went to <bdi>bob@example.com</bdi>."));
}

async fn an_address_that_is_taken_meanwhile_is_not_given_twice(app: App) {
    let mut ada = app.person("ada").await;
    ada.post(EMAIL_FORM, &[("email", "bob@example.com")]).await;
    let change = link(&app, "bob@example.com", "/change-email/").await;
    app.person("bob").await;
    ada.post(&change, &[]).await.assert_page(410, DEAD);
    assert!(ada.get(SECURITY).await.text().contains("<bdi>ada@example.com</bdi>"));
    assert!(signs_in(&app, "bob@example.com", PASSWORD).await);
}

async fn many_clicks_change_an_address_once(app: App) {
    let mut ada = app.person("ada").await;
    ada.post(EMAIL_FORM, &[("email", "new@example.com")]).await;
    let change = link(&app, "new@example.com", "/change-email/").await;
    // In the same moment somebody signs up with the address.
    let answers = at_once(10, |number| {
        let (mut ada, change, app) = (ada.clone(), change.clone(), app.clone());
        async move {
            match number {
                9 => app.browser().sign_up("new@example.com").await,
                _ => ada.post(&change, &[]).await,
            }
        }
    })
    .await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|&&status| status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [303, 409, 410].contains(status)), "{statuses:?}");
    let of_it = app.rows("accounts").iter().filter(|row| row.contains("new@example.com")).count();
    assert_eq!(of_it, 1);
}

async fn a_forgotten_password_is_replaced_by_a_link(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    app.take_mails().await;
    let page = ask_reset(&app, " Ada@Example.com ").await;
    page.assert_page(200, "Get a new password");
    let link = link(&app, "ada@example.com", "/reset-password/").await;
    let token = link.strip_prefix("/reset-password/").unwrap();
    assert!(!contains(&everything_stored(&app), token.as_bytes()), "only a digest is stored");
    let mut browser = app.browser();
    let page = browser.get(&link).await;
    page.assert_page(200, "Choose a new password");
    assert!(page.text().contains("ada@example.com"), "{}", page.text());
    let page = browser.post(&link, &[("password", "short")]).await;
    page.assert_page(422, "Choose a new password");
    assert!(ada.is_signed_in().await, "nothing has changed so far");
    let done = browser.post(&link, &[("password", OTHER_PASSWORD)]).await;
    done.assert_redirect("/sign-in?again=1&done=password");
    assert!(
        browser.get(done.header("location")).await.text().contains("Sign in with the new one.")
    );
    assert!(!ada.is_signed_in().await, "every session has ended");
    assert_eq!(app.account(&key).await.status, 200, "keys go on");
    assert!(!signs_in(&app, "ada@example.com", PASSWORD).await);
    assert!(signs_in(&app, "ada@example.com", OTHER_PASSWORD).await);
    browser.post(&link, &[("password", "a third password")]).await.assert_page(410, DEAD);
    ada.sign_in("ada@example.com", OTHER_PASSWORD).await;
    assert!(is_verified(&mut ada).await, "they read what is sent to the address");
    let told = app.take_mail("ada@example.com").await;
    assert!(told.contains("Subject: Your Bloom password was changed"), "{told}");
}

async fn whether_there_is_an_account_shows_nowhere(app: App) {
    app.person("ada").await;
    app.person("bob").await;
    app.ban("bob@example.com").await;
    app.take_mails().await;
    let (mut texts, mut times) = (Vec::new(), Vec::new());
    for name in ["ada", "eve", "bob"] {
        let begun = tokio::time::Instant::now();
        let page = ask_reset(&app, &format!("{name}@example.com")).await;
        times.push(begun.elapsed());
        page.assert_page(200, "Get a new password");
        let form_token = page.between("name=\"form_token\" value=\"", "\"");
        assert_eq!(form_token, None, "there is no form left: {}", page.text());
        texts.push(page.text().replace(&format!("{name}@"), "somebody@"));
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    let floor = Duration::from_millis(300);
    assert!(times.iter().all(|time| *time >= floor), "{times:?}");
    let mails = app.take_mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    for typed in ["", "nonsense"] {
        ask_reset(&app, typed).await.assert_page(422, "Get a new password");
    }
}

async fn what_ends_a_link_for_a_new_password(app: App) {
    let mut ada = app.person("ada").await;
    let asked = async || {
        ask_reset(&app, "ada@example.com").await;
        link(&app, "ada@example.com", "/reset-password/").await
    };
    let mut browser = app.browser();
    let (first, second) = (asked().await, asked().await);
    browser.get(&first).await.assert_page(200, "Choose a new password");
    app.advance(HOUR - MOMENT);
    browser.get(&second).await.assert_page(200, "Choose a new password");
    app.advance(MOMENT);
    browser.get(&second).await.assert_page(410, DEAD);
    let fields = [("password", OTHER_PASSWORD)];
    browser.post(&second, &fields).await.assert_page(410, DEAD);

    let (first, second) = (asked().await, asked().await);
    assert_eq!(browser.post(&first, &fields).await.status, 303);
    browser.post(&second, &fields).await.assert_page(410, DEAD);

    let third = asked().await;
    ada.sign_in("ada@example.com", OTHER_PASSWORD).await.assert_redirect("/settings");
    let changed = ada.post("/settings/security/password", &[("password", PASSWORD)]).await;
    changed.assert_redirect("/settings/security?done=password");
    browser.post(&third, &fields).await.assert_page(410, DEAD);

    let fourth = asked().await;
    app.set_password("ada@example.com", PASSWORD).await;
    browser.post(&fourth, &fields).await.assert_page(410, DEAD);

    let fifth = asked().await;
    app.ban("ada@example.com").await;
    browser.post(&fifth, &fields).await.assert_page(403, "Your account is suspended");
    app.unban("ada@example.com").await;
    assert_eq!(browser.post(&fifth, &fields).await.status, 303, "an unban restores all");
}

async fn many_at_once_reset_once(app: App) {
    app.person("ada").await;
    ask_reset(&app, "ada@example.com").await;
    let link = link(&app, "ada@example.com", "/reset-password/").await;
    let answers = at_once(10, |number| {
        let (mut browser, link) = (app.browser(), link.clone());
        async move {
            let password = format!("password number {number}");
            (browser.post(&link, &[("password", &password)]).await, password)
        }
    })
    .await;
    let done: Vec<_> = answers.iter().filter(|(answer, _)| answer.status == 303).collect();
    assert_eq!(done.len(), 1, "{answers:?}");
    for (answer, _) in answers.iter().filter(|(answer, _)| answer.status != 303) {
        answer.assert_page(410, DEAD);
        // Another click of the same person may have been the one.
        assert!(!answer.text().contains("as it was"), "{answer:?}");
        assert!(answer.text().contains("sign in with that one"), "{answer:?}");
    }
    assert!(signs_in(&app, "ada@example.com", &done[0].1).await);
}

async fn a_link_does_nothing_else_than_what_it_was_sent_for(app: App) {
    let mut ada = app.person("ada").await;
    let verify = link(&app, "ada@example.com", "/verify-email/").await;
    ada.post(EMAIL_FORM, &[("email", "new@example.com")]).await;
    let change = link(&app, "new@example.com", "/change-email/").await;
    ask_reset(&app, "ada@example.com").await;
    let reset = link(&app, "ada@example.com", "/reset-password/").await;
    let token = |link: &str| link.rsplit('/').next().unwrap().to_owned();
    let before = app.rows("accounts");
    for (own, tokens) in [
        ("/verify-email/", [&change, &reset]),
        ("/change-email/", [&verify, &reset]),
        ("/reset-password/", [&verify, &change]),
        ("/invitations/", [&verify, &reset]),
        ("/setup/", [&verify, &reset]),
    ] {
        for other in tokens {
            let path = format!("{own}{}", token(other));
            assert_eq!(ada.get(&path).await.status, 410, "{path}");
            let fields = [("password", OTHER_PASSWORD), ("decision", "accept")];
            assert!(ada.post(&path, &fields).await.status >= 400, "{path}");
        }
    }
    assert_eq!(app.rows("accounts"), before);
}

async fn mails_are_limited_and_nobody_is_kept_from_asking(app: App) {
    let limits = AttemptLimits::OFF.with_mails(2);
    let app = app
        .again(|options| {
            options.attempts = limits;
            options.trusted_proxies = 1;
        })
        .await;
    app.person("ada").await;
    app.take_mails().await;
    let ask = async |email: &str, address: &str| {
        let mut browser = app.browser();
        let token = browser.form_token().await;
        let fields = [("form_token", token.as_str()), ("email", email)];
        browser.post_as_is(RESET, &fields, &[("x-forwarded-for", address)]).await
    };
    for email in ["ada@example.com", "nobody@example.com"] {
        for _ in 0..2 {
            assert_eq!(ask(email, "198.51.100.7").await.status, 200);
        }
        let refused = ask(email, "198.51.100.7").await;
        refused.assert_page(429, "Get a new password");
        assert!(refused.number("retry-after") > 1_700, "{refused:?}");
    }
    // Others ask from elsewhere, and after so many the mailbox is left in peace without a word.
    for address in 1..=5 {
        assert_eq!(ask("ada@example.com", &format!("203.0.113.{address}")).await.status, 200);
    }
    for address in 6..=9 {
        assert_eq!(ask("ada@example.com", &format!("203.0.113.{address}")).await.status, 200);
    }
    assert_eq!(app.take_mails().await.len(), 8, "of eleven");
    // An address asks for so many in all, whoever they are for.
    for number in 0..4 {
        assert_eq!(ask(&format!("{number}@example.com"), "198.51.100.7").await.status, 200);
    }
    assert_eq!(ask("5@example.com", "198.51.100.7").await.status, 429);
    app.advance(HOUR);
    assert_eq!(ask("ada@example.com", "198.51.100.7").await.status, 200);
    assert_eq!(app.take_mails().await.len(), 1);
}

async fn without_mail_nothing_is_asked_for(app: App) {
    let mut ada = app.person("ada").await;
    app.take_mails().await;
    let _ = std::fs::remove_dir_all(app.outbox());
    std::fs::write(app.outbox(), "in the way").unwrap();
    let before = app.database().dump();
    for email in ["ada@example.com", "nobody@example.com"] {
        let page = ask_reset(&app, email).await;
        page.assert_page(503, "Get a new password");
        assert!(page.text().contains(NO_MAIL), "{page:?}");
        assert!(page.text().contains(&format!("value=\"{email}\"")), "what was typed is lost");
    }
    let page = ada.post(EMAIL_FORM, &[("email", "new@example.com")]).await;
    assert_eq!(page.status, 503, "{page:?}");
    assert!(page.text().contains(NO_MAIL) && page.text().contains("value=\"new@example.com\""));
    let page = ada.post("/settings/security/verify-email", &[]).await;
    page.assert_page(503, "No mail can be sent now");
    assert_eq!(app.database().dump(), before);
    // An account is made all the same: nobody waits for that mail.
    app.person("bob").await;
}

async fn the_operator_makes_a_link(app: App) {
    app.person("ada").await;
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    let link = reset::link_for(app.service(), &operator, &email).await.unwrap();
    let path = link.strip_prefix(app.options().public_url).expect("an address of this server");
    let mut browser = app.browser();
    browser.get(path).await.assert_page(200, "Choose a new password");
    assert_eq!(browser.post(path, &[("password", OTHER_PASSWORD)]).await.status, 303);
    assert!(signs_in(&app, "ada@example.com", OTHER_PASSWORD).await);
}

async fn what_has_expired_is_deleted(app: App) {
    let mut ada = app.person("ada").await;
    ada.post(EMAIL_FORM, &[("email", "new@example.com")]).await;
    ask_reset(&app, "ada@example.com").await;
    assert_eq!(app.rows("account_links").len(), 3);
    app.advance(HOUR);
    app.keep_house().await;
    assert_eq!(app.rows("account_links").len(), 2);
    app.advance(23 * HOUR);
    app.keep_house().await;
    assert!(app.rows("account_links").is_empty());
}
