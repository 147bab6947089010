//! Forms that make or end something, sent twice: by a second click, a reload, or the way back.

use std::time::Duration;

use crate::credits::person::{Person, metered};
use crate::images::studio::{brand_of, image_of};
use crate::secrets::{contains, everything_stored};
use crate::support::own_app::{DEVELOPER, OwnApp, fields};
use crate::support::{Answer, App, Browser, at_once, on_both};
use crate::teams::{invite, join, member_id, team};

on_both!(
    every_form_that_makes_something_makes_it_once,
    every_form_that_ends_something_says_so_each_time,
    what_came_back_is_ended_again,
    what_is_not_theirs_is_not_said_to_be_ended,
    two_nodes_make_one_thing,
    whoever_clicks_twice_and_leaves_sees_the_secret,
    a_secret_is_shown_again_for_a_minute_only,
    where_a_form_led_it_leads_again,
    another_page_or_another_field_is_another_form,
    what_was_refused_can_be_sent_again,
    a_form_of_somebody_else_answers_nothing,
    a_dump_of_the_database_holds_no_page,
    a_form_is_forgotten_with_its_session,
);

const KEYS: &str = "/settings/api-keys";

/// A form as it stands on one page.
#[derive(Clone)]
struct Open {
    browser: Browser,
    path: String,
    fields: Vec<(String, String)>,
}

impl Open {
    async fn new(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Self {
        let token = browser.form_token().await;
        let fields = fields.iter().copied().chain([("form_token", token.as_str())]);
        Self {
            browser: browser.clone(),
            path: path.to_owned(),
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }
    }

    async fn send(&self) -> Answer {
        let fields: Vec<_> = self.fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        self.browser.clone().post_as_is(&self.path, &fields, &[]).await
    }

    fn before(&self, app: &App) -> Self {
        Self { browser: self.browser.before(app), ..self.clone() }
    }
}

fn secret(page: &Answer) -> String {
    page.between("<code id=\"new-key\">", "</code>")
        .unwrap_or_else(|| panic!("{page:?}"))
        .to_owned()
}

/// Asserts that every answer is the first one's.
fn assert_one_answer(path: &str, answers: &[Answer]) {
    let all = |answer: &Answer| {
        let place = answer.header("location").to_owned();
        (answer.status, place, answer.body.clone())
    };
    for answer in answers {
        assert!(answer.status < 400, "{path}: {answer:?}");
        assert_eq!(all(answer), all(&answers[0]), "{path}");
    }
}

async fn every_form_that_makes_something_makes_it_once(app: App) {
    let mut ada = app.person("ada").await;
    let (brand, key) = (brand_of(&app, "ada@example.com"), ada.create_key("ci").await);
    let (image, team) = (image_of(&app, &brand), team(&mut ada, "Engines").await);
    let own = ada.create_app(&[]).await;
    let of_key = |form: &str| format!("/settings/api-keys/{}/{form}", key.id);
    let of_image = |form: &str| format!("/images/{image}/{form}");
    let (site, new_app) = ([("url", "https://a.example"), ("workspace", "personal")], fields(&[]));
    let order = [("prompt", "Spring sale"), ("brand", &brand), ("count", "1")];
    let invited = [("email", "bob@example.com"), ("role", "member")];
    let forms: [(&str, &[(&str, &str)]); 13] = [
        (KEYS, &[("name", "ci")]),
        (&of_key("rotate"), &[("overlap", "1h")]),
        ("/settings/workspaces", &[("name", "Looms")]),
        (&format!("/settings/workspaces/{team}/invitations"), &invited),
        (DEVELOPER, &new_app),
        (&own.form("secret"), &[]),
        (&own.form("token"), &[]),
        ("/brands", &site),
        ("/images", &order),
        (&of_image("edit"), &[("prompt", "In red")]),
        (&of_image("resize"), &[("ratio", "21:9")]),
        (&of_image("remove-background"), &[]),
        (&of_image("vectorize"), &[]),
    ];
    let tables =
        ["api_keys", "workspaces", "invitations", "mails", "clients", "brands", "images", "jobs"];
    let rows = || {
        let made: usize = tables.iter().map(|table| app.rows(table).len()).sum();
        (made, app.rows("audit_records").len())
    };
    for (path, fields) in forms {
        let form = Open::new(&mut ada, path, fields).await;
        let before = rows();
        let mut answers = at_once(2, |_| {
            let form = form.clone();
            async move { form.send().await }
        })
        .await;
        let after = rows();
        answers.push(form.send().await);
        assert_one_answer(path, &answers);
        assert_eq!(rows(), after, "{path}: a third time");
        // The same on another page makes another one: it is the form that counts once.
        let other = Open::new(&mut ada, path, fields).await.send().await;
        assert!(other.status < 400, "{path}: {other:?}");
        let (once, twice) = (rows_between(before, after), rows_between(after, rows()));
        // An invitation takes the place of the one before.
        let takes_its_place = path.ends_with("/invitations");
        assert!(once == twice || takes_its_place, "{path}: {once:?} and {twice:?}");
        assert_ne!(once, (0, 0), "{path} did nothing");
    }
}

/// Without a script a second click shows the second answer only.
async fn every_form_that_ends_something_says_so_each_time(app: App) {
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let verify = crate::account_links::link(&app, ada.email(), "/verify-email/").await;
    let (brand, own) = (brand_of(&app, "ada@example.com"), ada.create_app(&[]).await);
    let image = image_of(&app, &brand);
    let (first, second) = (team(&mut ada, "First").await, team(&mut ada, "Second").await);
    let of = |team: &str, form: &str| format!("/settings/workspaces/{team}/{form}");
    for team in [&first, &second] {
        join(&mut ada, team, &mut bob, "member").await;
    }
    let bobs = member_id(&mut ada, &first, "bob@example.com").await;
    invite(&mut ada, &first, "carl@example.com", "member").await;
    let page = ada.get(&format!("/settings/workspaces/{first}")).await;
    let carls = page.between("/invitations/", "/withdraw").expect("an invitation").to_owned();
    let third = team(&mut bob, "Third").await;
    let accepted = invite(&mut bob, &third, "ada@example.com", "member").await;
    type Fields = [(&'static str, &'static str)];
    let forms: [(&str, String, &Fields); 9] = [
        ("ada", verify, &[]),
        ("ada", accepted, &[("decision", "accept")]),
        ("ada", of(&first, &format!("invitations/{carls}/withdraw")), &[]),
        ("ada", of(&first, &format!("members/{bobs}/remove")), &[]),
        ("bob", of(&second, "leave"), &[]),
        ("ada", of(&first, "delete"), &[("name", "First")]),
        ("ada", own.form("delete"), &[("confirmed", "Pressroom")]),
        ("ada", format!("/images/{image}/delete"), &[]),
        ("ada", format!("/brands/{brand}/delete"), &[("confirmed", "Northwind")]),
    ];
    for (who, path, fields) in forms {
        let browser = if who == "bob" { &mut bob } else { &mut ada };
        let form = Open::new(browser, &path, fields).await;
        let mut answers = at_once(3, |_| {
            let form = form.clone();
            async move { form.send().await }
        })
        .await;
        answers.push(form.send().await);
        assert_eq!(answers[0].status, 303, "{path}: {:?}", answers[0]);
        assert_one_answer(&path, &answers);
    }
}

/// A deletion that was taken back is a deletion again when the same page asks for it again.
async fn what_came_back_is_ended_again(app: App) {
    let mut ada = app.person("ada").await;
    let image = image_of(&app, &brand_of(&app, "ada@example.com"));
    let page = format!("/images/{image}");
    let form = Open::new(&mut ada, &format!("{page}/delete"), &[]).await;
    for _ in 0..2 {
        for _ in 0..2 {
            form.send().await.assert_redirect(&format!("/images?deleted={image}"));
            assert_eq!(ada.get(&page).await.status, 404);
        }
        ada.post(&format!("{page}/restore"), &[]).await.assert_redirect(&page);
        assert_eq!(ada.get(&page).await.status, 200);
    }
}

async fn what_is_not_theirs_is_not_said_to_be_ended(app: App) {
    let (mut ada, mut eve) = (app.person("ada").await, app.person("eve").await);
    let image = image_of(&app, &brand_of(&app, "ada@example.com"));
    let path = format!("/images/{image}/delete");
    let before = app.rows("images");
    let form = Open::new(&mut eve, &path, &[]).await;
    for _ in 0..2 {
        form.send().await.assert_page(404, "It is not there any more");
    }
    assert_eq!(app.rows("images"), before);
    let form = Open::new(&mut ada, &path, &[]).await;
    assert_eq!(form.send().await.status, 303);
    let stolen = Open { browser: eve.clone(), ..form.clone() };
    stolen.send().await.assert_page(403, "This form has expired");
    ada.post("/sign-out", &[]).await.assert_redirect("/sign-in");
    assert_eq!(Open { browser: ada, ..form }.send().await.status, 403);
}

fn rows_between(before: (usize, usize), after: (usize, usize)) -> (usize, usize) {
    (after.0 - before.0, after.1 - before.1)
}

async fn two_nodes_make_one_thing(app: App) {
    let mut ada = app.person("ada").await;
    let is_shared = app.database().folder().is_none();
    let other = if is_shared { app.again(|_| {}).await } else { app.clone() };
    for round in 1..=10 {
        let form = Open::new(&mut ada, KEYS, &[("name", "ci")]).await;
        let forms = [form.clone(), form.before(&other)];
        let answers = at_once(8, |number| {
            let form = forms[number % 2].clone();
            async move { form.send().await }
        })
        .await;
        assert_one_answer(KEYS, &answers);
        assert_eq!(app.rows("api_keys").len(), round);
        assert_eq!(app.account(&secret(&answers[0])).await.status, 200);
    }
}

/// A browser shows the answer of the second click. It has closed the first one's connection by then.
async fn whoever_clicks_twice_and_leaves_sees_the_secret(app: App) {
    let mut ada = app.person("ada").await;
    for round in 1..=20_usize {
        let form = Open::new(&mut ada, KEYS, &[("name", "ci")]).await;
        let first = tokio::spawn({
            let form = form.clone();
            async move { form.send().await }
        });
        tokio::time::sleep(Duration::from_micros(300 * round as u64)).await;
        first.abort();
        let second = form.send().await;
        second.assert_page(200, "Settings");
        assert_eq!(app.account(&secret(&second)).await.status, 200);
        assert_eq!(app.rows("api_keys").len(), round);
    }
}

async fn a_secret_is_shown_again_for_a_minute_only(app: App) {
    let mut ada = app.person("ada").await;
    let form = Open::new(&mut ada, KEYS, &[("name", "ci")]).await;
    let first = form.send().await;
    app.advance(Duration::from_secs(59));
    assert_eq!(secret(&form.send().await), secret(&first));
    for swept in [false, true] {
        app.advance(Duration::from_secs(1));
        if swept {
            app.keep_house().await;
        }
        let late = form.send().await;
        late.assert_page(409, "This form was sent already");
        assert!(late.text().contains("nothing was done now"), "{late:?}");
        assert!(late.text().contains("href=\"/settings/api-keys\""), "{late:?}");
        assert!(!late.text().contains(&secret(&first)[20..]), "{late:?}");
    }
    assert_eq!(app.rows("api_keys").len(), 1);
    let kept = app.rows("submissions");
    assert!(kept.len() == 1 && kept[0].len() < 400, "the page is forgotten: {kept:?}");
}

async fn where_a_form_led_it_leads_again(app: App) {
    let mut ada = app.person("ada").await;
    let form = Open::new(&mut ada, "/settings/workspaces", &[("name", "Engines")]).await;
    let first = form.send().await;
    app.advance(Duration::from_secs(7 * 86_400));
    app.keep_house().await;
    form.send().await.assert_redirect(first.header("location"));
    assert_eq!(app.rows("workspaces").len(), 2);
}

async fn another_page_or_another_field_is_another_form(app: App) {
    let mut ada = app.person("ada").await;
    let form = Open::new(&mut ada, KEYS, &[("name", "ci")]).await;
    let mut renamed = form.clone();
    renamed.fields[0].1 = "laptop".to_owned();
    let page = Open::new(&mut ada, KEYS, &[("name", "ci")]).await;
    let secrets =
        [secret(&form.send().await), secret(&renamed.send().await), secret(&page.send().await)];
    assert_eq!(app.rows("api_keys").len(), 3);
    assert!(secrets[0] != secrets[1] && secrets[1] != secrets[2] && secrets[0] != secrets[2]);
}

async fn what_was_refused_can_be_sent_again(app: App) {
    let app = metered(app).await;
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let person = Person::of(&app, ada.email(), &key).await;
    let brand = brand_of(&app, ada.email());
    let order = [("prompt", "Spring sale"), ("brand", brand.as_str()), ("count", "1")];
    let form = Open::new(&mut ada, "/images", &order).await;
    let refused = at_once(2, |_| {
        let form = form.clone();
        async move { form.send().await }
    })
    .await;
    for refused in refused {
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains("This needs 1 credit and"), "{refused:?}");
    }
    assert_eq!(app.rows("submissions").len(), 1, "that of the key");
    person.topup(5, "in_1").await;
    for _ in 0..2 {
        let made = form.send().await;
        assert!(made.header("location").starts_with("/images?like="), "{made:?}");
    }
    assert_eq!(app.rows("images").len(), 1);
}

async fn a_form_of_somebody_else_answers_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let form = Open::new(&mut ada, KEYS, &[("name", "ci")]).await;
    let first = form.send().await;
    let bob = app.person("bob").await;
    let before = app.database().dump();
    for browser in [bob, app.browser()] {
        let stolen = Open { browser, ..form.clone() };
        let answer = stolen.send().await;
        answer.assert_page(403, "This form has expired");
        assert!(!answer.text().contains(&secret(&first)), "{answer:?}");
    }
    assert_eq!(app.database().dump(), before, "nothing is written for a stranger");
    ada.post("/sign-out", &[]).await.assert_redirect("/sign-in");
    let late = form.send().await;
    assert!(late.status == 401 && !late.text().contains(&secret(&first)), "{late:?}");
}

async fn a_dump_of_the_database_holds_no_page(app: App) {
    let mut ada = app.person("ada").await;
    let shown = secret(&Open::new(&mut ada, KEYS, &[("name", "ci")]).await.send().await);
    let own = OwnApp::shown(&app, &Open::new(&mut ada, DEVELOPER, &fields(&[])).await.send().await);
    let stored = everything_stored(&app);
    for shown in [&shown[13..43], &own.secret[13..], &own.management[13..]] {
        let hex: String = shown.bytes().map(|byte| format!("{byte:02x}")).collect();
        for text in [shown, &hex, &hex.to_uppercase()] {
            assert!(!contains(&stored, text.as_bytes()), "a secret is stored");
        }
    }
    assert_eq!(app.rows("submissions").len(), 2);
}

async fn a_form_is_forgotten_with_its_session(app: App) {
    let mut ada = app.person("ada").await;
    Open::new(&mut ada, KEYS, &[("name", "ci")]).await.send().await;
    app.advance(Duration::from_secs(90 * 86_400 - 1));
    app.keep_house().await;
    assert_eq!(app.rows("submissions").len(), 1);
    app.advance(Duration::from_secs(1));
    app.keep_house().await;
    assert!(app.rows("submissions").is_empty());
}
