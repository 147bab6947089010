//! Signing up where mails go out: what is told of an address is in the mail to it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bloom_domain::accounts::SignUpPolicy;
use bloom_service::attempts::AttemptLimits;
use bloom_service::mail::{Answer, Letter, MailError, Mailer};

use crate::secrets::{contains, everything_stored};
use crate::support::{Answer as Page, App, Browser, PASSWORD, at_once, on_both, urlencoded};
use crate::teams::{invite, team};

on_both!(
    whether_an_address_has_an_account_is_told_in_the_mail_only,
    a_link_makes_the_account_once_with_its_address_confirmed,
    what_was_typed_is_kept_and_the_link_too,
    what_ends_a_link_to_sign_up,
    many_at_once_make_one_account_of_a_link,
    an_invitation_is_carried_along,
    an_invitation_that_came_by_mail_needs_no_other_mail,
    what_others_ask_for_keeps_nobody_from_a_new_password,
    without_mail_nobody_signs_up,
    a_password_alone_makes_no_account,
);

const DEAD: &str = "This link does not work";
const BOB: &str = "bob@example.com";
const SETTINGS: &str = "/settings?a=b#api-keys";

/// A mail server in memory: who got which text.
#[derive(Default)]
struct Post {
    letters: Mutex<Vec<(String, String)>>,
    is_down: Mutex<bool>,
}

impl Post {
    /// The one letter since the last time.
    async fn take(&self, app: &App) -> (String, String) {
        app.deliver_mails().await;
        let letters = std::mem::take(&mut *self.letters.lock().unwrap());
        let [letter] = &letters[..] else { panic!("one letter: {letters:?}") };
        letter.clone()
    }

    /// The path of the link that went to an address.
    async fn link(&self, app: &App, to: &str) -> String {
        let (whose, text) = self.take(app).await;
        assert_eq!(whose, to);
        let origin = app.options().public_url;
        let path = text.split_once(&format!("{origin}/sign-up/")).expect("a link").1;
        format!("/sign-up/{}", path.split_whitespace().next().unwrap())
    }
}

impl Mailer for Post {
    fn is_by_hand(&self) -> bool {
        false
    }

    fn deliver<'a>(&'a self, letter: &'a Letter) -> Answer<'a, String> {
        let (to, text) = (letter.mail.to().to_string(), letter.mail.text().to_owned());
        self.letters.lock().unwrap().push((to, text));
        Box::pin(async { Ok("somewhere".to_owned()) })
    }

    fn check(&self) -> Answer<'_, ()> {
        let is_down = *self.is_down.lock().unwrap();
        Box::pin(async move {
            if is_down { Err(MailError::for_now("nobody is there")) } else { Ok(()) }
        })
    }
}

/// The same server, from which mails go out.
async fn by_post(app: &App) -> (App, Arc<Post>) {
    let post = Arc::new(Post::default());
    let mailer = post.clone();
    (app.again(move |options| options.mailer = Some(mailer)).await, post)
}

async fn ask(browser: &mut Browser, email: &str, next: &str) -> Page {
    browser.post("/sign-up", &[("email", email), ("next", next)]).await
}

async fn whether_an_address_has_an_account_is_told_in_the_mail_only(app: App) {
    app.person("ada").await;
    app.person("eve").await;
    app.ban("eve@example.com").await;
    app.take_mails().await;
    let (app, post) = by_post(&app).await;
    let page = app.browser().get("/sign-up").await;
    page.assert_page(200, "Create your account");
    assert!(!page.text().contains("name=\"password\""), "{page:?}");

    let before = app.rows("accounts");
    let mut answers = Vec::new();
    for name in ["ada", "bob", "eve"] {
        let email = format!("{name}@example.com");
        let started = tokio::time::Instant::now();
        let page = ask(&mut app.browser(), &email, SETTINGS).await;
        assert!(started.elapsed() >= Duration::from_millis(300), "{:?}", started.elapsed());
        page.assert_page(200, "Look into your mails");
        assert!(page.cookies().is_empty(), "{page:?}");
        let token = page.between("name=\"form_token\" value=\"", "\"").unwrap_or("-");
        answers.push(page.text().replace(&email, "ADDRESS").replace(token, "TOKEN"));
        let (to, text) = post.take(&app).await;
        assert_eq!(to, email);
        assert_eq!(text.contains("/sign-up/"), name == "bob", "{text}");
        assert_eq!(text.contains("You have one there already"), name != "bob", "{text}");
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    assert_eq!(app.rows("accounts"), before, "asking makes nothing");
}

async fn a_link_makes_the_account_once_with_its_address_confirmed(app: App) {
    let (app, post) = by_post(&app).await;
    ask(&mut app.browser(), BOB, SETTINGS).await;
    let token_of = |link: &str| link.strip_prefix("/sign-up/").unwrap().to_owned();
    let link = post.link(&app, BOB).await;
    assert!(!contains(&everything_stored(&app), token_of(&link).as_bytes()));
    // Whatever looks into mails opens links, too: that alone does nothing.
    let before = app.database().dump();
    let mut bob = app.browser();
    let page = bob.get(&link).await;
    page.assert_page(200, "Create your account");
    assert!(page.text().contains("readonly value=\"bob@example.com\""), "{page:?}");
    assert_eq!(app.database().dump(), before);
    // The address is the link's, whatever the form says.
    let fields = [("name", "Bob"), ("email", "eve@example.com"), ("password", PASSWORD)];
    bob.post(&link, &fields).await.assert_redirect(SETTINGS);
    let page = bob.get("/settings/security").await;
    page.assert_page(200, "Security");
    assert!(page.text().contains(">Confirmed<"), "{page:?}");
    assert!(page.text().contains(BOB) && !page.text().contains("eve@example.com"));
    app.deliver_mails().await;
    assert!(post.letters.lock().unwrap().is_empty(), "there is nothing to confirm");
    app.browser().get(&link).await.assert_page(410, DEAD);
    app.browser().post(&link, &fields).await.assert_page(410, DEAD);
    assert_eq!(app.rows("accounts").len(), 1);
}

async fn what_was_typed_is_kept_and_the_link_too(app: App) {
    let (app, post) = by_post(&app).await;
    let page = ask(&mut app.browser(), "nonsense", "/settings?a=b").await;
    page.assert_page(422, "Create your account");
    assert!(page.text().contains("value=\"nonsense\""), "{page:?}");
    assert!(page.text().contains("name=\"next\" value=\"/settings?a=b\""), "{page:?}");
    ask(&mut app.browser(), BOB, "//evil.example").await;
    let link = post.link(&app, BOB).await;
    let mut bob = app.browser();
    for (name, password, error) in [
        ("Bob", "seven 7", "Use at least 8 characters."),
        ("a\u{202e}b", PASSWORD, "Remove the characters that cannot be seen."),
    ] {
        let page = bob.post(&link, &[("name", name), ("password", password)]).await;
        page.assert_page(422, "Create your account");
        assert!(page.text().contains(error), "{page:?}");
        assert!(page.text().contains(&format!("value=\"{name}\"")), "{page:?}");
        assert!(page.text().contains("readonly value=\"bob@example.com\""), "{page:?}");
        assert!(!page.text().contains(password), "{page:?}");
    }
    let page = bob.post(&link, &[("name", ""), ("password", PASSWORD)]).await;
    page.assert_redirect("/settings#api-keys");
}

async fn what_ends_a_link_to_sign_up(app: App) {
    let (app, post) = by_post(&app).await;
    ask(&mut app.browser(), BOB, "").await;
    let link = post.link(&app, BOB).await;
    let mut tampered = link.clone().into_bytes();
    let middle = tampered.len() / 2;
    tampered[middle] = if tampered[middle] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    for bad in [&tampered, "/sign-up/x", "/sign-up/%ff", &link[..link.len() - 1]] {
        app.browser().get(bad).await.assert_page(410, DEAD);
        app.browser().post(bad, &[("password", PASSWORD)]).await.assert_page(410, DEAD);
    }
    // A form of another browser.
    let foreign = app.browser().form_token().await;
    let fields = [("form_token", foreign.as_str()), ("password", PASSWORD)];
    let page = app.browser().post_as_is(&link, &fields, &[]).await;
    page.assert_page(403, "This form has expired");
    // The policy is the one of today.
    let closed = app.again(|options| options.sign_up = SignUpPolicy::Closed).await;
    let mut browser = closed.browser();
    browser.post(&link, &[("password", PASSWORD)]).await.assert_redirect("/sign-up");
    browser.get("/sign-up").await.assert_page(200, "Sign-up is closed");
    ask(&mut browser, "eve@example.com", "").await.assert_redirect("/sign-up");
    let day = Duration::from_secs(24 * 3_600);
    app.advance(day - Duration::from_micros(1));
    app.browser().get(&link).await.assert_page(200, "Create your account");
    app.advance(Duration::from_micros(1));
    app.browser().get(&link).await.assert_page(410, DEAD);
    app.browser().post(&link, &[("password", PASSWORD)]).await.assert_page(410, DEAD);
    assert!(app.rows("accounts").is_empty());
}

async fn many_at_once_make_one_account_of_a_link(app: App) {
    let (app, post) = by_post(&app).await;
    ask(&mut app.browser(), BOB, "").await;
    let link = post.link(&app, BOB).await;
    let answers = at_once(8, |_| {
        let (mut browser, link) = (app.browser(), link.clone());
        async move { browser.post(&link, &[("password", PASSWORD)]).await.status }
    })
    .await;
    let of = |status| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!((of(303), of(410)), (1, 7), "{answers:?}");
    assert_eq!(app.rows("accounts").len(), 1);
}

/// A mailbox has room for mails of each purpose: those that a stranger can have sent take none of another's.
async fn what_others_ask_for_keeps_nobody_from_a_new_password(app: App) {
    app.person("ada").await;
    app.take_mails().await;
    let (app, post) = by_post(&app).await;
    let limits = AttemptLimits::OFF.with_mails(1);
    let app = app
        .again(|options| {
            options.attempts = limits;
            options.trusted_proxies = 1;
        })
        .await;
    let ask = async |path: &str, address: &str| {
        let mut browser = app.browser();
        let token = browser.form_token().await;
        let fields = [("form_token", token.as_str()), ("email", "ada@example.com")];
        browser.post_as_is(path, &fields, &[("x-forwarded-for", address)]).await.status
    };
    for address in 1..=6 {
        assert_eq!(ask("/sign-up", &format!("198.51.100.{address}")).await, 200);
    }
    app.deliver_mails().await;
    assert_eq!(std::mem::take(&mut *post.letters.lock().unwrap()).len(), 4, "of six");
    assert_eq!(ask("/reset-password", "203.0.113.1").await, 200);
    let (to, text) = post.take(&app).await;
    assert_eq!(to, "ada@example.com");
    assert!(text.contains("/reset-password/"), "{text}");
}

async fn an_invitation_is_carried_along(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let invitation = invite(&mut ada, &id, BOB, "member").await;
    app.take_mails().await;
    let app = app.again(|options| options.sign_up = SignUpPolicy::Invite).await;
    let (app, post) = by_post(&app).await;
    let mut bob = app.browser();
    ask(&mut bob, BOB, "/settings").await.assert_redirect("/sign-up?next=%2Fsettings");
    let asked = format!("/sign-up?{}", urlencoded(&[("next", &invitation)]));
    bob.get(&asked).await.assert_page(200, "Create your account");
    ask(&mut bob, BOB, &invitation).await.assert_page(200, "Look into your mails");
    let link = post.link(&app, BOB).await;
    bob.post(&link, &[("password", PASSWORD)]).await.assert_redirect(&invitation);
    let answer = bob.post(&invitation, &[("decision", "accept")]).await;
    answer.assert_redirect(&format!("/settings/workspaces/{id}?done=joined"));
    // One that is answered lets nobody in.
    let page = ask(&mut app.browser(), "eve@example.com", &invitation).await;
    assert!(page.header("location").starts_with("/sign-up?next="), "{page:?}");
}

/// The mail has proven the address. What somebody passed on by hand has not, nor has it another address.
async fn an_invitation_that_came_by_mail_needs_no_other_mail(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let by_hand = invite(&mut ada, &id, BOB, "member").await;
    app.take_mails().await;
    let (app, post) = by_post(&app).await;
    ask(&mut app.browser(), BOB, &by_hand).await.assert_page(200, "Look into your mails");
    post.take(&app).await;

    let mut ada = ada.before(&app);
    let fields = [("email", BOB), ("role", "member")];
    let invited = ada.post(&format!("/settings/workspaces/{id}/invitations"), &fields).await;
    assert!(invited.text().contains("A mail with the link is on its way"), "{invited:?}");
    let (to, text) = post.take(&app).await;
    assert_eq!(to, BOB);
    let path = text.split_once(&format!("{}/invitations/", app.options().public_url));
    let token = path.expect("a link").1.split_whitespace().next().unwrap();
    let invitation = format!("/invitations/{token}");

    let mut bob = app.browser();
    let asked = format!("/sign-up?{}", urlencoded(&[("next", &invitation)]));
    let form = bob.get(&asked).await;
    assert!(form.text().contains(&format!("value=\"{BOB}\"")), "{form:?}");
    ask(&mut bob, "eve@example.com", &invitation).await.assert_page(200, "Look into your mails");
    post.take(&app).await;
    let link = ask(&mut bob, "BOB@example.com", &invitation).await;
    assert!(link.header("location").starts_with("/sign-up/"), "{link:?}");
    let link = link.header("location").to_owned();
    assert!(bob.get(&link).await.text().contains("Your address is confirmed."));
    bob.post(&link, &[("password", PASSWORD)]).await.assert_redirect(&invitation);
    let answer = bob.post(&invitation, &[("decision", "accept")]).await;
    answer.assert_redirect(&format!("/settings/workspaces/{id}?done=joined"));
    let security = bob.get("/settings/security").await;
    assert!(security.text().contains(">Confirmed<"), "{security:?}");
    app.deliver_mails().await;
    assert!(post.letters.lock().unwrap().is_empty(), "no other mail");
    // With an account there is nothing to make; that stands in a mail, as for anybody.
    let mut ada = ada.before(&app);
    let fields = [("email", "carl@example.com"), ("role", "member")];
    ada.post(&format!("/settings/workspaces/{id}/invitations"), &fields).await;
    let (_, text) = post.take(&app).await;
    let token = text.split("/invitations/").nth(1).unwrap().split_whitespace().next().unwrap();
    let invitation = format!("/invitations/{token}");
    let ask_carl = || async { ask(&mut app.browser(), "carl@example.com", &invitation).await };
    let link = ask_carl().await.header("location").to_owned();
    app.browser().post(&link, &[("password", PASSWORD)]).await.assert_redirect(&invitation);
    ask_carl().await.assert_page(200, "Look into your mails");
    assert!(post.take(&app).await.1.contains("You have one there already"));
}

async fn without_mail_nobody_signs_up(app: App) {
    let (app, post) = by_post(&app).await;
    *post.is_down.lock().unwrap() = true;
    let before = app.database().dump();
    let page = ask(&mut app.browser(), BOB, "/settings").await;
    page.assert_page(503, "Create your account");
    assert!(page.text().contains("This server can send no mail at the moment"), "{page:?}");
    assert!(page.text().contains("value=\"bob@example.com\""), "what was typed is lost");
    assert_eq!(app.database().dump(), before);
}

/// What the form of a server without mail would send.
async fn a_password_alone_makes_no_account(app: App) {
    let (app, post) = by_post(&app).await;
    let page = app.browser().sign_up(BOB).await;
    page.assert_page(200, "Look into your mails");
    assert!(app.rows("accounts").is_empty() && app.rows("sessions").is_empty());
    post.link(&app, BOB).await;
}
