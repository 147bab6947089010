//! Budgets: what a key or an app may spend, in every workspace together, also when many ask at once.

use std::time::Duration;

use bloom_domain::credits::{
    Budget, BudgetHolder, BudgetSpan, Cap, ChargedVia, OverBudget, PaidWork, Spending,
};
use bloom_domain::email::Email;
use bloom_domain::time::Timestamp;
use bloom_service::Error;
use bloom_service::api_keys::WhichKey;
use bloom_service::credits::budgets::{self, BudgetUse};

use super::person::{LONG, Person, metered};
use crate::support::app::START;
use crate::support::oauth::{OAuthClient, REDIRECT};
use crate::support::{App, Browser, at_once, on_both};

on_both!(
    a_cap_counts_in_every_workspace_until_its_span_ends,
    what_goes_back_can_be_spent_again_on_the_day_it_was_held,
    a_job_that_is_sent_again_is_not_counted_again,
    many_at_once_never_exceed_a_budget,
    a_consent_sets_a_budget_and_never_raises_one,
    an_app_that_ended_by_itself_begins_with_what_it_had_left,
    a_budget_is_set_on_its_page,
    a_page_of_before_takes_no_limit_away,
    what_cannot_be_a_budget_changes_nothing,
    nobody_sets_the_budget_of_another,
);

const DAY: Duration = Duration::from_secs(86_400);
const ADA: &str = "ada@example.com";

fn caps(day: Option<i64>, month: Option<i64>, total: Option<i64>) -> Budget {
    let cap = |cap: Option<i64>| cap.map(|cap| Cap::new(cap).unwrap());
    Budget { day: cap(day), month: cap(month), total: cap(total) }
}

/// The midnight after so many days of the tests' first one.
fn midnight(days: i64) -> Timestamp {
    let day = 86_400_000_000;
    Timestamp::from_unix_micros((START.unix_micros() / day + days) * day)
}

impl Person {
    async fn via(&self) -> ChargedVia {
        self.principal().await.via().into()
    }

    /// The budget of their key, and what is spent with it.
    pub(super) async fn budget(&self) -> BudgetUse {
        let (service, operator) = (self.app.service(), self.app.operator());
        let email = Email::parse(ADA).unwrap();
        budgets::list_for(service, &operator, &email).await.unwrap().of(self.via().await)
    }

    pub(crate) async fn limit(&self, budget: Budget) {
        let ChargedVia::ApiKey(key) = self.via().await else { panic!("a key") };
        let (service, operator) = (self.app.service(), self.app.operator());
        let email = Email::parse(ADA).unwrap();
        budgets::set_for(service, &operator, &email, WhichKey::Id(key), budget).await.unwrap();
    }
}

async fn a_cap_counts_in_every_workspace_until_its_span_ends(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    let team = ada.in_team(ADA, 1);
    ada.topup(100, "in_1").await;
    team.topup(100, "in_2").await;
    ada.limit(caps(Some(3), Some(5), None)).await;
    ada.images("a", 2).await.unwrap();
    team.images("a", 1).await.unwrap();
    let over =
        |span, cap, spent, needed| OverBudget { span, cap: Cap::new(cap).unwrap(), spent, needed };
    let refused = team.images("b", 1).await.unwrap_err();
    let over_day = over(BudgetSpan::Day, 3, 3, 1);
    assert_eq!(
        refused,
        Error::OverBudget {
            over: over_day,
            holder: BudgetHolder::Spender,
            of: team.via().await,
            resets: Some(midnight(1))
        }
    );
    assert_eq!(team.ledger().await.standing.held, 1, "nothing is held");
    assert_eq!(ada.balance().await.budget_left, Some(0));
    // At midnight, to the microsecond.
    ada.app.advance(midnight(1).since(START) - Duration::from_micros(1));
    assert!(team.images("b", 1).await.is_err());
    ada.app.advance(Duration::from_micros(1));
    assert_eq!(ada.balance().await.budget_left, Some(2), "the month leaves less than the day");
    let refused = ada.images("c", 3).await.unwrap_err();
    let Error::OverBudget { over: of_month, .. } = refused else { panic!("{refused}") };
    assert_eq!(of_month, over(BudgetSpan::Month, 5, 3, 3));
    ada.images("c", 2).await.unwrap();
    // The tests begin on 15 January.
    ada.app.advance(17 * DAY);
    assert_eq!(ada.budget().await.spending, Spending { day: 0, month: 0, total: 5 });
    ada.images("d", 3).await.unwrap();
    // Another key has no budget.
    let other = Person { key: browser(&ada).await.create_key("other").await.secret, ..ada.clone() };
    other.images("e", 5).await.unwrap();
    assert_eq!(other.balance().await.budget_left, None);
}

async fn browser(ada: &Person) -> Browser {
    let mut browser = ada.app.browser();
    let signed_in = browser.sign_in(ADA, crate::support::PASSWORD).await;
    signed_in.assert_redirect("/settings");
    browser
}

async fn what_goes_back_can_be_spent_again_on_the_day_it_was_held(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    ada.topup(100, "in_1").await;
    ada.limit(caps(Some(4), None, Some(6))).await;
    let work = ada.images("a", 4).await.unwrap();
    ada.settle(&work, 0, 1).await.unwrap();
    ada.void(&work, 1).await.unwrap();
    ada.void(&work, 1).await.unwrap();
    assert_eq!(ada.budget().await.spending, Spending { day: 3, month: 3, total: 3 });
    assert!(ada.images("b", 2).await.is_err());
    ada.images("b", 1).await.unwrap();
    // What is voided the next day was spent on the day before.
    ada.app.advance(midnight(1).since(START));
    let late = ada.images("c", 2).await.unwrap();
    ada.void(&work, 2).await.unwrap();
    assert_eq!(ada.budget().await.spending, Spending { day: 2, month: 5, total: 5 });
    // A job that nobody ends is voided, and its credits with it.
    ada.app.advance(LONG);
    ada.app.keep_house().await;
    assert!(ada.app.service().now() < midnight(2));
    assert_eq!(ada.budget().await.spending, Spending { day: 0, month: 1, total: 1 });
    assert!(!ada.void(&late, 0).await.unwrap().is_new);
    assert_eq!(ada.budget().await.spending.total, 1);
}

async fn a_job_that_is_sent_again_is_not_counted_again(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    ada.topup(100, "in_1").await;
    ada.limit(caps(None, None, Some(2))).await;
    let first = ada.hold("job", PaidWork::Resize, LONG).await.unwrap();
    ada.images("rest", 1).await.unwrap();
    for _ in 0..3 {
        let again = ada.hold("job", PaidWork::Resize, LONG).await.unwrap();
        assert_eq!((again.is_new, again.state.id), (false, first.state.id));
    }
    assert_eq!(ada.budget().await.spending.total, 2);
    // A name that is taken counts for nothing either.
    assert_eq!(ada.images("job", 1).await.unwrap_err(), Error::CreditReferenceTaken);
    ada.limit(caps(None, None, Some(9))).await;
    assert_eq!(ada.images("job", 1).await.unwrap_err(), Error::CreditReferenceTaken);
    assert_eq!(ada.budget().await.spending.total, 2);
}

async fn many_at_once_never_exceed_a_budget(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    let team = ada.in_team(ADA, 1);
    ada.topup(100, "in_1").await;
    team.topup(100, "in_2").await;
    ada.limit(caps(None, None, Some(7))).await;
    let held = at_once(24, |n| {
        let person = if n % 2 == 0 { ada.clone() } else { team.clone() };
        async move { person.images(&format!("job-{n}"), 1).await }
    });
    let (held, refused): (Vec<_>, Vec<_>) = held.await.into_iter().partition(Result::is_ok);
    assert_eq!((held.len(), refused.len()), (7, 17));
    for refused in refused {
        assert!(matches!(refused, Err(Error::OverBudget { .. })), "{refused:?}");
    }
    assert_eq!(ada.budget().await.spending.total, 7);
    // The last credit of it, wanted in many workspaces at once.
    let mut teams = Vec::new();
    for number in 10..18 {
        let team = ada.in_team(ADA, number);
        team.topup(100, &format!("in_{number}")).await;
        teams.push(team);
    }
    for round in 0..10 {
        ada.limit(caps(None, None, Some(8 + round))).await;
        let held = at_once(teams.len(), |n| {
            let team = teams[n].clone();
            async move { team.images(&format!("job-{round}"), 1).await.is_ok() }
        });
        assert_eq!(held.await.into_iter().filter(|is_held| *is_held).count(), 1);
    }
    assert_eq!(ada.budget().await.spending.total, 17);
    // Some end while others begin: what is spent is what is held and not given back.
    let works: Vec<_> = held.into_iter().map(Result::unwrap).collect();
    let mixed = at_once(14, |n| {
        let person = if n % 2 == 0 { ada.clone() } else { team.clone() };
        let work = works[n / 2].clone();
        async move {
            if n % 2 == 0 {
                person.void(&work, 0).await.unwrap();
                return None;
            }
            person.images(&format!("more-{n}"), 1).await.ok()
        }
    });
    let more = mixed.await.into_iter().flatten().count();
    assert_eq!(ada.budget().await.spending.total, 10 + i64::try_from(more).unwrap());
}

/// Says yes on the consent page with a budget; gives the access token.
pub(crate) async fn connect(
    client: &OAuthClient,
    browser: &mut Browser,
    credits: &str,
    span: &str,
) -> String {
    let sealed = client.question(browser, &[("prompt", "consent")]).await;
    let fields = [
        ("request", sealed.as_str()),
        ("decision", "allow"),
        ("budget", credits),
        ("budget-span", span),
    ];
    let answer = browser.post("/authorize", &fields).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let code = crate::support::oauth::parameter(answer.header("location"), "code").unwrap();
    client.redeem(&code).await.json()["access_token"].as_str().unwrap().to_owned()
}

async fn budget_left(app: &App, token: &str) -> serde_json::Value {
    app.get_as("/api/v1/credits", token).await.json()["data"]["budget_left"].clone()
}

async fn a_consent_sets_a_budget_and_never_raises_one(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let token = connect(&client, &mut ada, "5", "month").await;
    assert_eq!(budget_left(&app, &token).await, 5);
    for (credits, span, left) in [
        ("50", "month", 5),
        ("", "month", 5),
        ("9", "day", 5),
        ("3", "month", 3),
        ("0", "total", 0),
    ] {
        let again = connect(&client, &mut ada, credits, span).await;
        // It is the connection's, so it holds for every token of it.
        assert_eq!(budget_left(&app, &again).await, left, "{credits} {span}");
        assert_eq!(budget_left(&app, &token).await, left, "{credits} {span}");
    }
    let page = client.consent_page(&mut ada, &[("prompt", "consent")]).await;
    assert!(page.text().contains("9 a day, 3 a month, 0 in total"), "{}", page.text());
    // An app that can spend nothing is not asked about.
    let page = client.consent_page(&mut ada, &[("prompt", "consent"), ("scope", "read")]).await;
    assert!(!page.text().contains("name=\"budget\""));
    // Once it is revoked, another connection begins without.
    ada.revoke_app().await;
    let token = connect(&client, &mut ada, "", "month").await;
    assert!(budget_left(&app, &token).await.is_null());
}

/// Its time being over must not be a way to more than was allowed.
async fn an_app_that_ended_by_itself_begins_with_what_it_had_left(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let allow = async |ada: &mut Browser, terms: &[(&str, &str)]| {
        let sealed = client.question(ada, &[("prompt", "consent")]).await;
        let fields = [&[("request", sealed.as_str()), ("decision", "allow")], terms].concat();
        let answer = ada.post("/authorize", &fields).await;
        let code = crate::support::oauth::parameter(answer.header("location"), "code").unwrap();
        client.redeem(&code).await.json()["access_token"].as_str().unwrap().to_owned()
    };
    let week = [("budget", "5"), ("budget-span", "total"), ("until", "7")];
    allow(&mut ada, &week).await;
    // With housekeeping between and without; each time with what the one before had.
    for keeps_house in [false, true] {
        app.advance(7 * DAY);
        if keeps_house {
            app.keep_house().await;
        }
        let page = client.consent_page(&mut ada, &[]).await;
        assert!(page.text().contains("5 in total. Here you can only lower it"), "{page:?}");
        let token = allow(&mut ada, &[("budget", ""), ("until", "7")]).await;
        assert_eq!(budget_left(&app, &token).await, 5, "{keeps_house}");
    }
    app.advance(7 * DAY);
    let token = allow(&mut ada, &[("budget", "50"), ("budget-span", "total")]).await;
    assert_eq!(budget_left(&app, &token).await, 5, "nor is more typed");
    // What the person took back themselves is over: they begin anew, as they say.
    ada.revoke_app().await;
    let token = allow(&mut ada, &[("budget", "")]).await;
    assert!(budget_left(&app, &token).await.is_null());
}

async fn a_budget_is_set_on_its_page(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let page = format!("/settings/api-keys/{}/budget", key.id);
    ada.get(&page).await.assert_page(200, "Budget of <bdi>ci</bdi>");
    let fields = [("day", "2"), ("month", " 30 "), ("total", "")];
    ada.post(&page, &fields).await.assert_redirect("/settings?budget=key#api-keys");
    let settings = ada.get("/settings?budget=key").await;
    assert!(settings.text().contains("0 of 2 credits today, 0 of 30 credits this month"));
    assert!(settings.text().contains("The budget is saved."));
    let shown = ada.get(&page).await;
    assert_eq!(
        shown.between("name=\"month\" inputmode=\"numeric\" autocomplete=\"off\" value=\"", "\""),
        Some("30")
    );
    // The owner raises it again, and takes it away.
    ada.post(&page, &[("day", ""), ("month", ""), ("total", "")]).await;
    assert!(ada.get("/settings").await.text().contains("0 credits this month, no budget"));
    let client = app.client(REDIRECT).await;
    let token = connect(&client, &mut ada, "5", "total").await;
    let settings = ada.get("/settings").await;
    let app_page = settings.between("href=\"/settings/apps/", "/usage").unwrap().to_owned();
    let app_page = format!("/settings/apps/{app_page}/budget");
    ada.get(&app_page).await.assert_page(200, "Budget of <bdi>Example App</bdi>");
    let fields = [("day", ""), ("month", ""), ("total", "50")];
    ada.post(&app_page, &fields).await.assert_redirect("/settings?budget=app#apps");
    assert_eq!(budget_left(&app, &token).await, 50, "its owner may raise it");
    let mut stranger = app.browser();
    let sent = stranger.get(&page).await;
    sent.assert_sign_in_first(&page);
}

async fn a_page_of_before_takes_no_limit_away(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let page = format!("/settings/api-keys/{}/budget", key.id);
    let stale = ada.seen(&page).await.expect("a form");
    ada.post(&page, &[("day", "1"), ("month", ""), ("total", "")]).await;
    let before = app.rows("credit_budgets");
    let late = [("day", ""), ("month", "5"), ("total", ""), ("seen", stale.as_str())];
    let refused = ada.post(&page, &late).await;
    refused.assert_page(409, "Budget of <bdi>ci</bdi>");
    assert!(refused.text().contains("it is 1 credit a day now"), "{refused:?}");
    assert!(refused.text().contains("value=\"5\""), "what was typed is kept: {refused:?}");
    let token = ada.form_token().await;
    let empty = ada.post_as_is(&page, &[("form_token", token.as_str())], &[]).await;
    assert_eq!(empty.status, 409, "a form that says nothing is no wish for no limit");
    assert_eq!(app.rows("credit_budgets"), before);
    let seen = refused.between("name=\"seen\" value=\"", "\"").expect("what is so now").to_owned();
    let again = [("day", ""), ("month", "5"), ("total", ""), ("seen", seen.as_str())];
    ada.post(&page, &again).await.assert_redirect("/settings?budget=key#api-keys");
}

async fn what_cannot_be_a_budget_changes_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let page = format!("/settings/api-keys/{}/budget", key.id);
    ada.post(&page, &[("day", "2"), ("month", ""), ("total", "")]).await;
    for bad in ["-1", "1.5", "ten", "1e3", "1000000000001", "99999999999999999999"] {
        let answer = ada.post(&page, &[("day", ""), ("month", bad), ("total", "7")]).await;
        answer.assert_page(422, "Budget of <bdi>ci</bdi>");
        assert!(answer.text().contains("Credits a month: expected"), "{bad}");
        // What was typed is there again.
        assert!(answer.text().contains(&format!("value=\"{bad}\"")), "{bad}");
        assert!(answer.text().contains("value=\"7\""), "{bad}");
        assert!(ada.get("/settings").await.text().contains("0 of 2 credits today."), "{bad}");
    }
    let client = app.client(REDIRECT).await;
    let page = client.consent_page(&mut ada, &[]).await;
    let field = |name: &str| {
        let begin = format!("name=\"{name}\" value=\"");
        page.between(&begin, "\"").expect("the field").to_owned()
    };
    let (sealed, again) = (field("request"), field("again"));
    let answer = |bad: &'static str, span: &'static str| {
        [
            ("request", sealed.clone()),
            ("again", again.clone()),
            ("decision", "allow".to_owned()),
            ("budget", bad.to_owned()),
            ("budget-span", span.to_owned()),
        ]
    };
    for bad in ["-1", "ten"] {
        let fields = answer(bad, "day");
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let refused = ada.post("/authorize", &fields).await;
        refused.assert_page(422, "Allow access");
        assert!(refused.text().contains("The budget: expected"), "{bad}");
        assert!(refused.text().contains(&format!("value=\"{bad}\"")), "{bad}");
        assert!(refused.text().contains("<option value=\"day\" selected>"), "{bad}");
    }
    let fields = answer("5", "year");
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(ada.post("/authorize", &fields).await.status, 400);
    assert!(app.rows("connections").is_empty(), "nobody was let in");
}

async fn nobody_sets_the_budget_of_another(app: App) {
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let key = ada.create_key("ci").await;
    connect(&app.client(REDIRECT).await, &mut ada, "5", "day").await;
    let settings = ada.get("/settings").await;
    let connection = settings.between("href=\"/settings/apps/", "/usage").unwrap().to_owned();
    let before = app.rows("credit_budgets");
    for page in [
        format!("/settings/api-keys/{}/budget", key.id),
        format!("/settings/apps/{connection}/budget"),
        // Of the other kind: neither of them is anybody's.
        format!("/settings/apps/{}/budget", key.id),
        format!("/settings/api-keys/{connection}/budget"),
        "/settings/api-keys/nothing/budget".to_owned(),
    ] {
        assert_eq!(bob.get(&page).await.status, 404, "{page}");
        let fields = [("day", "9"), ("month", ""), ("total", "")];
        assert_eq!(bob.post(&page, &fields).await.status, 404, "{page}");
    }
    assert_eq!(app.rows("credit_budgets"), before);
    ada.post_as_is("/settings/api-keys", &[("day", "1")], &[]).await;
    let page = format!("/settings/api-keys/{}/budget", key.id);
    let forged = ada.post_as_is(&page, &[("day", "9")], &[]).await;
    assert_eq!(forged.status, 403, "a form of another page");
    assert_eq!(app.rows("credit_budgets"), before);
}
