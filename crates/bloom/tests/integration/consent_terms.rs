//! The question's terms: what it tells of the credits, what is recorded of the answer, and what becomes of what was
//! chosen when the session ends before it counts.

use bloom_domain::audit::Action;
use bloom_domain::email::Email;
use bloom_service::sessions::ending::{self, AlsoEnd};
use serde_json::{Value, json};

use crate::audit::{details, newest};
use crate::credits::person::{Person, metered};
use crate::support::oauth::{OAuthClient, REDIRECT, Tokens, parameter};
use crate::support::{Answer, App, Browser, PASSWORD, on_both};
use crate::teams::team;

on_both!(
    the_question_says_that_an_app_asks_for_everything,
    what_is_registered_stands_in_for_what_is_not_named,
    the_question_tells_the_credits_that_can_be_spent,
    whoever_may_not_spend_is_asked_for_no_budget,
    a_session_that_ends_keeps_what_was_chosen,
    what_was_chosen_is_shown_to_nobody_else,
    too_much_to_keep_is_said,
    a_change_of_workspaces_is_recorded,
);

const EVERYTHING: &str = "It asks for everything but your API keys.";
const NO_CREDITS: &str = "It can spend no credits.";

fn field(page: &Answer, name: &str) -> String {
    let begin = format!("name=\"{name}\" value=\"");
    page.between(&begin, "\"").expect("a field").to_owned()
}

async fn the_question_says_that_an_app_asks_for_everything(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    for (scope, told) in [
        ("", [true, false]),
        ("openid email", [true, false]),
        ("read", [false, true]),
        ("read keys:admin", [false, true]),
        ("read generate write", [false, false]),
    ] {
        let page = client.consent_page(&mut ada, &[("scope", scope)]).await;
        let found = [EVERYTHING, NO_CREDITS].map(|line| page.text().contains(line));
        assert_eq!(found, told, "{scope:?}");
    }
}

/// It bounds nothing: a person may agree to more, and reads what it is.
async fn what_is_registered_stands_in_for_what_is_not_named(app: App) {
    let mut ada = app.person("ada").await;
    let metadata = json!({ "redirect_uris": [REDIRECT], "scope": "openid read" });
    let client = app.client_with(metadata).await;
    let (see, make) = ("See your brands", "Make and change images");
    for (scope, told) in [
        ("", [true, false]),
        ("openid email", [true, false]),
        ("read", [true, false]),
        ("generate", [false, true]),
    ] {
        let page = client.consent_page(&mut ada, &[("scope", scope)]).await;
        assert_eq!([see, make].map(|line| page.text().contains(line)), told, "{scope:?}");
        assert!(!page.text().contains(EVERYTHING), "{scope:?}");
    }
}

async fn the_question_tells_the_credits_that_can_be_spent(app: App) {
    // Where credits are unlimited there is nothing to tell.
    let client = app.client(REDIRECT).await;
    let page = client.consent_page(&mut app.person("eve").await, &[]).await;
    assert!(
        !page.text().contains("You have") && !page.text().contains("The credits that you have")
    );
    let app = metered(app).await;
    let person = Person::new(&app, "ada").await;
    let mut ada = app.browser();
    ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    let client = app.client(REDIRECT).await;
    for (topup, told) in
        [(0, "You have 0 credits."), (1, "You have 1 credit."), (11, "You have 12 credits.")]
    {
        if topup > 0 {
            person.topup(topup, &format!("in_{topup}")).await;
        }
        let page = client.consent_page(&mut ada, &[]).await;
        assert!(page.text().contains(told), "{told}: {page:?}");
    }
    let of_team = person.in_team("ada@example.com", 1);
    of_team.topup(30, "in_30").await;
    let page = client.consent_page(&mut ada, &[]).await;
    let told = page.between("The credits that you have: ", "</p>").expect("both");
    assert!(
        told.contains("12 in <bdi>Personal</bdi>") && told.contains("30 in <bdi>T</bdi>"),
        "{told}"
    );
    let page = client.consent_page(&mut ada, &[("scope", "read")]).await;
    assert!(!page.text().contains("The credits that you have"), "it can spend none");
}

/// Neither at first nor when something else is wrong.
async fn whoever_may_not_spend_is_asked_for_no_budget(app: App) {
    let mut ada = app.person("ada").await;
    team(&mut ada, "Engines").await;
    let client = app.client(REDIRECT).await;
    for (scope, is_asked) in [("read", false), ("generate", true)] {
        let page = client.consent_page(&mut ada, &[("scope", scope)]).await;
        assert_eq!(page.text().contains("name=\"budget\""), is_asked, "{scope}");
        let (request, again) = (field(&page, "request"), field(&page, "again"));
        let nowhere = [
            ("request", request.as_str()),
            ("again", again.as_str()),
            ("decision", "allow"),
            ("workspaces", "some"),
        ];
        let refused = ada.post("/authorize", &nowhere).await;
        refused.assert_page(422, "Allow access");
        assert_eq!(refused.text().contains("name=\"budget\""), is_asked, "{scope}: {refused:?}");
    }
}

async fn end_sessions(app: &App) {
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    ending::end_all_for(app.service(), &operator, &email, AlsoEnd::default()).await.unwrap();
}

/// Answers with these terms after the session has ended; gives the place to go on at once signed in.
async fn answer_too_late(
    client: &OAuthClient,
    ada: &mut Browser,
    terms: &[(&str, &str)],
) -> String {
    let page = client.consent_page(ada, &[]).await;
    let names = ["form_token", "request", "again"];
    let values = names.map(|name| field(&page, name));
    let mut fields: Vec<_> =
        names.iter().zip(&values).map(|(name, value)| (*name, value.as_str())).collect();
    fields.push(("decision", "allow"));
    fields.extend(terms);
    end_sessions(&client.app).await;
    let late = ada.post_as_is("/authorize", &fields, &[]).await;
    late.assert_page(401, "You are signed out");
    let next = late.between("href=\"/sign-in?next=", "\"").expect("a way on");
    percent_encoding::percent_decode_str(next).decode_utf8().expect("UTF-8").into_owned()
}

async fn sign_in_at(browser: &mut Browser, email: &str, next: &str) -> Answer {
    let fields = [("email", email), ("password", PASSWORD), ("next", next)];
    browser.post("/sign-in", &fields).await.assert_redirect(next);
    browser.get(next).await
}

async fn a_session_that_ends_keeps_what_was_chosen(app: App) {
    let mut ada = app.person("ada").await;
    let team = team(&mut ada, "Engines").await;
    let client = app.client(REDIRECT).await;
    let chosen = format!("workspace-{team}");
    let terms = [
        ("workspaces", "some"),
        (chosen.as_str(), "on"),
        ("budget", "5"),
        ("budget-span", "total"),
        ("until", "7"),
    ];
    let next = answer_too_late(&client, &mut ada, &terms).await;
    assert!(app.rows("connections").is_empty());
    let page = sign_in_at(&mut ada, "ada@example.com", &next).await;
    page.assert_page(200, "Allow access");
    for told in [
        "What you chose is filled in again",
        "value=\"some\" checked",
        &format!("name=\"{chosen}\" checked"),
        "autocomplete=\"off\" value=\"5\"",
        "<option value=\"total\" selected>",
        "<option value=\"7\" selected>",
    ] {
        assert!(page.text().contains(told), "{told}: {page:?}");
    }
    // Sent as it stands there, it is what holds.
    let request = field(&page, "request");
    let fields = [&[("request", request.as_str()), ("decision", "allow")], &terms[..]].concat();
    let place = ada.post("/authorize", &fields).await.header("location").to_owned();
    let tokens = Tokens::of(&client.redeem(&parameter(&place, "code").expect("a code")).await);
    let own = app.get_as("/api/v1/credits", &tokens.access).await;
    assert_eq!(own.status, 404, "not in the workspace that was not chosen: {own:?}");
    let there = app.get_as(&format!("/api/v1/credits?workspaceId={team}"), &tokens.access).await;
    assert_eq!(there.json()["data"]["budget_left"], 5, "{there:?}");
    assert!(ada.get("/settings").await.text().contains("<dt>Ends</dt>"));
}

/// Another person would take it for what they are advised to choose.
async fn what_was_chosen_is_shown_to_nobody_else(app: App) {
    let (mut ada, mut eve) = (app.person("ada").await, app.person("eve").await);
    let client = app.client(REDIRECT).await;
    let terms = [("budget", "1000"), ("budget-span", "total"), ("until", "365")];
    let next = answer_too_late(&client, &mut ada, &terms).await;
    let page = eve.get(&next).await;
    page.assert_page(200, "Allow access");
    assert!(!page.text().contains("1000") && !page.text().contains("selected>For a year"));
    assert!(!page.text().contains("Your session had ended"), "{page:?}");
    // A question that is none of ours leads to the request as it was.
    let page = client.consent_page(&mut eve, &[]).await;
    let again = field(&page, "again");
    let stranger =
        [("request", "x"), ("again", again.as_str()), ("decision", "allow"), ("until", "7")];
    let late = app.browser().post("/authorize", &stranger).await;
    let next = late.between("href=\"/sign-in?next=", "\"").expect("a way on");
    let next = percent_encoding::percent_decode_str(next).decode_utf8().unwrap();
    assert_eq!(next, format!("/authorize?request={again}"));
}

async fn too_much_to_keep_is_said(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let long = "9".repeat(9_000);
    let next = answer_too_late(&client, &mut ada, &[("budget", &long), ("until", "7")]).await;
    assert!(next.len() < 4_000, "{}", next.len());
    let page = sign_in_at(&mut ada, "ada@example.com", &next).await;
    assert!(page.text().contains("what you chose is not kept: choose again"), "{page:?}");
    assert!(!page.text().contains("<option value=\"7\" selected>"));
}

async fn a_change_of_workspaces_is_recorded(app: App) {
    let mut ada = app.person("ada").await;
    let team = team(&mut ada, "Engines").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let first = details(&newest(&app, Action::AppAllowed).await);
    assert_eq!((&first["before"], &first["after"]["workspaces"]), (&Value::Null, &Value::Null));
    let chosen = format!("workspace-{team}");
    for (terms, before, after) in [
        (vec![("workspaces", "some"), (chosen.as_str(), "on")], Value::Null, json!(team)),
        (vec![("workspaces", "all")], json!(team), Value::Null),
    ] {
        let sealed = client.question(&mut ada, &[("prompt", "consent")]).await;
        let fields = [&[("request", sealed.as_str()), ("decision", "allow")], &terms[..]].concat();
        assert_eq!(ada.post("/authorize", &fields).await.status, 303);
        let told = details(&newest(&app, Action::AppAllowed).await);
        assert_eq!(told["before"]["site"], "app.example");
        assert_eq!(
            (&told["before"]["workspaces"], &told["after"]["workspaces"]),
            (&before, &after),
            "{told}"
        );
        app.advance(std::time::Duration::from_secs(1));
    }
    // To be asked for less takes nothing away, and the record says so.
    let told = details(&newest(&app, Action::AppAllowed).await);
    let has = told["after"]["access"].clone();
    let asked = [("prompt", "consent"), ("scope", "read")];
    let sealed = client.question(&mut ada, &asked).await;
    let fields = [("request", sealed.as_str()), ("decision", "allow"), ("until", "1")];
    assert_eq!(ada.post("/authorize", &fields).await.status, 303);
    let told = details(&newest(&app, Action::AppAllowed).await);
    assert_ne!(told["after"]["until"], Value::Null, "{told}");
    assert_eq!((&told["before"]["access"], &told["after"]["access"]), (&has, &has), "{told}");
}
