//! The page of a workspace's credits: what it tells, to whom, and its files.

use std::collections::BTreeSet;
use std::time::Duration;

use bloom_domain::credits::GrantKind;
use bloom_domain::email::Email;
use bloom_domain::workspaces::WorkspaceChoice;
use bloom_service::credits::history::{self, Person as Spender};
use bloom_service::credits::monthly;
use bloom_store::Database;
use serde_json::Value;

use super::budgets::connect;
use super::person::{Person, amount, metered};
use crate::support::oauth::REDIRECT;
use crate::support::{App, Browser, PASSWORD, on_both};
use crate::teams::{join, team};

on_both!(
    the_page_teaches_while_nothing_has_moved,
    each_movement_tells_what_it_paid_for,
    a_page_goes_on_where_the_last_one_ended_however_the_ledger_grows,
    what_was_used_is_told_by_day_key_and_member,
    a_member_sees_every_movement_and_who_made_their_own,
    nobody_else_finds_a_ledger,
    a_ledger_is_written_into_a_file_as_long_as_it_is,
    a_workspace_that_was_left_is_out_of_its_files,
    what_was_used_before_this_page_is_on_it,
);

const OWN: &str = "/settings/credits";
const DAY: Duration = Duration::from_secs(86_400);

/// Somebody at a browser, and their credits.
async fn somebody(app: &App, name: &str) -> (Browser, Person) {
    let mut browser = app.person(name).await;
    let key = browser.create_key(&format!("{name}-key")).await.secret;
    let person = Person::of(app, browser.email(), &key).await;
    (browser, person)
}

/// The same person in a team.
fn in_team(person: &Person, id: &str) -> Person {
    let workspace = id.parse().expect("an id");
    Person { workspace, choice: WorkspaceChoice::Team(workspace), ..person.clone() }
}

/// A page's text between its tags, on one line.
fn words(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        let (_, words) = part.split_once('>').unwrap_or(("", part));
        text.push(' ');
        text.push_str(words);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn page(browser: &mut Browser, path: &str) -> String {
    let page = browser.get(path).await;
    assert_eq!(page.status, 200, "{path}: {page:?}");
    page.text().to_owned()
}

/// The rows of the table of movements, newest first, as words.
fn rows(page: &str) -> Vec<String> {
    let Some((_, table)) = page.split_once("<table class=\"movements\">") else {
        return Vec::new();
    };
    let (_, body) = table.split_once("<tbody>").expect("a body");
    let (body, _) = body.split_once("</tbody>").expect("its end");
    body.split("<tr>").skip(1).map(words).collect()
}

async fn the_page_teaches_while_nothing_has_moved(app: App) {
    let mut ada = app.person("ada").await;
    let told = words(&page(&mut ada, OWN).await);
    for part in [
        "Your credits",
        "Unlimited",
        "This server does not limit credits.",
        "No credit has moved yet",
        "curl http://localhost:4600/api/v1/credits",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let settings = page(&mut ada, "/settings").await;
    assert!(settings.contains("href=\"/settings/credits\""), "it can be found");
    let id = team(&mut ada, "Engines").await;
    let at = format!("/settings/workspaces/{id}");
    assert!(page(&mut ada, &at).await.contains(&format!("href=\"{at}/credits\"")));
    assert!(words(&page(&mut ada, &format!("{at}/credits")).await).contains("Credits of Engines"));
}

async fn each_movement_tells_what_it_paid_for(app: App) {
    let app = metered(app).await;
    let (mut ada, person) = somebody(&app, "ada").await;
    person.topup(10, "in_1").await;
    let (service, operator, now) = (app.service(), app.operator(), app.service().now());
    monthly::begin(service, &operator, person.workspace, amount(3), now).await.unwrap();
    app.keep_house().await;
    person.grant(GrantKind::Promo, 1, "hi", Some(now.plus(DAY))).await.unwrap();
    let work = person.images("job_<7>", 2).await.unwrap();
    person.settle(&work, 0, 1).await.unwrap();
    person.void(&work, 1).await.unwrap();
    let html = page(&mut ada, OWN).await;
    let told = rows(&html);
    let expected = [
        "just now Went back Monthly +1 Make images job_&#60;7&#62; with the key ada-key",
        "just now Spent A gift 1 Make images job_&#60;7&#62; with the key ada-key",
        "just now Held for a job Monthly −1 Make images job_&#60;7&#62; with the key ada-key",
        "just now Held for a job A gift −1 Make images job_&#60;7&#62; with the key ada-key",
        "just now Came in A gift +1 A grant",
        "just now Came in Monthly +3 A new month",
        "just now Came in Bought +10 A grant",
    ];
    let sorted = |rows: &[&str]| rows.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let told_sorted = told.iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(sorted(&told_sorted), sorted(&expected), "{told:#?}");
    assert_eq!(told[4..], expected[4..], "newest first");
    let words = words(&html);
    for part in [
        "13 credits to spend",
        "3 more in 1 month , 15 February 2027, 08:00:00 UTC",
        "Spent in this order Credits Left End Monthly 3 in 1 month Bought 10 Never",
        "1 credit in 30 days, 1 on the busiest.",
        "API keys Key Credits Drawn ada-key 1",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    // What is owed is said first of all.
    person.images("job_8", 5).await.unwrap();
    person.take_back("in_1", 10).await.unwrap();
    assert!(self::words(&page(&mut ada, OWN).await).contains("credits are owed"));
}

async fn a_page_goes_on_where_the_last_one_ended_however_the_ledger_grows(app: App) {
    let app = metered(app).await;
    let (mut ada, person) = somebody(&app, "ada").await;
    for n in 0..60 {
        person.topup(1, &format!("in_{n:02}")).await;
    }
    let (mut path, mut seen) = (OWN.to_owned(), Vec::new());
    for n in 0.. {
        let html = page(&mut ada, &path).await;
        let sources = html.split("title=\"topup:").skip(1);
        seen.extend(sources.map(|rest| rest.split('"').next().expect("a source").to_owned()));
        person.topup(1, &format!("later_{n}")).await;
        let Some((_, rest)) = html.split_once("/settings/credits?before=") else { break };
        let (cursor, _) = rest.split_once("#movements").expect("its end");
        path = format!("{OWN}?before={cursor}");
        assert_eq!(words(&page(&mut ada, &path).await), words(&page(&mut ada, &path).await));
    }
    let expected: Vec<_> = (0..60).rev().map(|n| format!("in_{n:02}")).collect();
    assert_eq!(seen, expected, "each once, newest first");
    assert_eq!(rows(&page(&mut ada, OWN).await).len(), 25);
    for junk in ["x", "", "AAAAAAAAAAAAAAAAAAAAAAAA", "%00", "-1"] {
        let html = page(&mut ada, &format!("{OWN}?before={junk}")).await;
        assert_eq!(rows(&html).len(), 25, "{junk}: the newest");
    }
    let first = page(&mut ada, &format!("{OWN}?before=AAAAAAAAAAEAAAAAAAAAAA")).await;
    assert!(words(&first).contains("There is nothing older."), "{first}");
}

async fn what_was_used_is_told_by_day_key_and_member(app: App) {
    let app = metered(app).await;
    let (mut ada, hers) = somebody(&app, "ada").await;
    let (mut bob, his) = somebody(&app, "bob").await;
    let id = team(&mut ada, "Engines").await;
    join(&mut ada, &id, &mut bob, "member").await;
    let other = ada.create_key("other").await.secret;
    let (hers, his) = (in_team(&hers, &id), in_team(&his, &id));
    let with_other = Person { key: other, ..hers.clone() };
    hers.topup(100, "in_1").await;
    hers.images("a", 4).await.unwrap();
    let back = hers.images("b", 3).await.unwrap();
    app.advance(DAY);
    hers.void(&back, 0).await.unwrap();
    his.images("c", 2).await.unwrap();
    with_other.images("d", 1).await.unwrap();
    let client = app.client(REDIRECT).await;
    let token = connect(&client, &mut ada, "", "month").await;
    let through_app = Person { key: token, ..hers.clone() };
    through_app.images("f", 2).await.unwrap();
    let elsewhere = Person::of(&app, ada.email(), &hers.key).await;
    elsewhere.topup(9, "in_2").await;
    elsewhere.images("e", 5).await.unwrap();
    let usage = history::usage(app.service(), &app.operator(), hers.workspace, 3).await.unwrap();
    assert_eq!(usage.days, [0, 6, 5], "what went back counts not, on the day on which it was held");
    let email = |name: &str| Spender::Other(Email::parse(&format!("{name}@example.com")).unwrap());
    assert_eq!(usage.by_member, [(email("ada"), 9), (email("bob"), 2)]);
    let named: Vec<_> = usage
        .by_credential
        .iter()
        .map(|(who, credits)| (who.credential.as_ref().unwrap().name.clone().unwrap(), *credits))
        .collect();
    let named: Vec<_> = named.iter().map(|(name, credits)| (name.as_str(), *credits)).collect();
    assert_eq!(named, [("ada-key", 6), ("bob-key", 2), ("Example App", 2), ("other", 1)]);
    let at = format!("/settings/workspaces/{id}/credits");
    let told = words(&page(&mut ada, &at).await);
    for part in [
        "11 credits in 30 days, 6 on the busiest.",
        "ada-key You 6",
        "bob-key bob@example.com 2",
        "other You 1",
        "Apps App Credits Drawn Example App You 2",
        "Members Member Credits Drawn You 9 bob@example.com 2",
        "Day (UTC) Credits 16 January 5 15 January 6",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // After a month they are not lately any more.
    app.advance(DAY * 30);
    let usage = history::usage(app.service(), &app.operator(), hers.workspace, 30).await.unwrap();
    assert_eq!(usage.days.iter().sum::<i64>(), 0);
    ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    assert!(!page(&mut ada, &at).await.contains("<svg viewBox=\"0 0 3000"));
}

async fn a_member_sees_every_movement_and_who_made_their_own(app: App) {
    let app = metered(app).await;
    let (mut ada, hers) = somebody(&app, "ada").await;
    let (mut bob, his) = somebody(&app, "bob").await;
    let (mut eve, _) = somebody(&app, "eve").await;
    let id = team(&mut ada, "Engines").await;
    join(&mut ada, &id, &mut bob, "member").await;
    join(&mut ada, &id, &mut eve, "admin").await;
    let (hers, his) = (in_team(&hers, &id), in_team(&his, &id));
    hers.topup(50, "in_1").await;
    hers.images("secret_project", 4).await.unwrap();
    his.images("own_project", 2).await.unwrap();
    let at = format!("/settings/workspaces/{id}/credits");
    for sees_all in [&mut ada, &mut eve] {
        let html = page(sees_all, &at).await;
        for part in ["secret_project", "own_project", "bob@example.com", "ada-key", "bob-key"] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
    let html = page(&mut bob, &at).await;
    assert_eq!(rows(&html).len(), 3);
    let told = words(&html);
    for part in ["own_project", "bob-key", "Another member", "6 credits in 30 days", "You"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    for hidden in ["secret_project", "ada@example.com", "ada-key", "eve@example.com", "Members"] {
        assert!(!html.contains(hidden), "{hidden}: {html}");
    }
    for (sees_all, browser) in [(true, &mut eve), (false, &mut bob)] {
        let file = browser.get(&format!("{at}/ledger.json")).await;
        let lines: Vec<Value> = serde_json::from_str(file.text()).unwrap();
        let column =
            |name: &str| lines.iter().map(|line| !line[name].is_null()).collect::<Vec<_>>();
        assert_eq!(column("account"), [false, sees_all, true], "{lines:?}");
        assert_eq!(column("via"), [false, sees_all, true]);
        assert_eq!(column("reference"), [false, sees_all, true]);
        assert_eq!(column("hold"), [false, sees_all, true]);
        assert_eq!(lines[1]["held"], 4, "the movement itself is everybody's");
    }
}

async fn nobody_else_finds_a_ledger(app: App) {
    let (mut ada, hers) = somebody(&app, "ada").await;
    let id = team(&mut ada, "Engines").await;
    let mut bob = app.person("bob").await;
    let team = format!("/settings/workspaces/{id}/credits");
    let personal = format!("/settings/workspaces/{}/credits", hers.workspace);
    let missing = "/settings/workspaces/01941f29-7c00-7aaa-8aaa-aaaaaaaaaaaa/credits";
    for path in [team.as_str(), &personal, missing, "/settings/workspaces/x/credits"] {
        for path in [path.to_owned(), format!("{path}/ledger.csv"), format!("{path}/ledger.json")] {
            bob.get(&path).await.assert_page(404, "Page not found");
        }
    }
    for path in [format!("{team}/other.csv"), "/settings/credits/ledger.xml".to_owned(), personal] {
        ada.get(&path).await.assert_page(404, "Page not found");
    }
    let mut stranger = app.browser();
    stranger.get(OWN).await.assert_sign_in_first("/settings/credits");
    stranger.get(&team).await.assert_sign_in_first(&team);
    for path in ["/settings/credits/ledger.csv".to_owned(), format!("{team}/ledger.json")] {
        assert_eq!(stranger.get(&path).await.status, 401, "{path}");
        let with_key = app.get(&path, &[("host", app.host()), ("x-api-key", &hers.key)]).await;
        assert_eq!(with_key.status, 401, "a key opens no page");
    }
    ada.post(&format!("/settings/workspaces/{id}/delete"), &[("name", "Engines")]).await;
    ada.get(&team).await.assert_page(404, "Page not found");
}

/// Puts so many movements of nothing in particular into a ledger.
fn fill(person: &Person, count: u32) {
    let bytes = person.workspace.as_bytes().iter().map(|byte| format!("{byte:02x}"));
    let hex: String = bytes.collect();
    let id = match person.app.database().database() {
        Database::Sqlite { .. } => format!("x'{hex}'"),
        Database::Postgres { .. } => format!("'\\x{hex}'::bytea"),
    };
    person.app.database().run(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO credit_movements (workspace_id, entry, line, grant_id, kind, amount, available, held,
             debt, operation, hold_id, moved_at)
         SELECT {id}, 100 + i, 0, (SELECT id FROM credit_grants WHERE workspace_id = {id}), 'voided', 1, 0,
             0, 0, 'images.generate', NULL, 1800000000000000 FROM n"
    ));
}

async fn a_ledger_is_written_into_a_file_as_long_as_it_is(app: App) {
    let (mut ada, person) = somebody(&app, "ada").await;
    let empty = ada.get("/settings/credits/ledger.json").await;
    assert_eq!(empty.json(), serde_json::json!([]));
    let empty = ada.get("/settings/credits/ledger.csv").await;
    assert_eq!(empty.text().lines().count(), 1, "{empty:?}");
    person.grant(GrantKind::Promo, 5, "=1+1,\"x\"", None).await.unwrap();
    // Neither one short of a stretch, nor one more, is told from the whole.
    for more in [998, 1, 1, 1500] {
        fill_after(&person, more);
        let count = person.app.rows("credit_movements").len();
        let csv = ada.get("/settings/credits/ledger.csv").await;
        assert_eq!(csv.status, 200);
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        assert!(csv.header("content-disposition").contains("bloom-credits.csv"));
        assert_eq!(csv.header("cache-control"), "no-store");
        assert_eq!(csv.text().lines().count(), count + 1);
        let json = ada.get("/settings/credits/ledger.json").await;
        let lines: Vec<Value> = serde_json::from_str(json.text()).unwrap();
        assert_eq!(lines.len(), count);
        let mut places: Vec<_> = lines.iter().map(|line| line["entry"].as_i64().unwrap()).collect();
        places.dedup();
        assert!(places.len() == count && places.is_sorted(), "each once, oldest first");
    }
    let csv = ada.get("/settings/credits/ledger.csv").await;
    let line = csv.text().lines().nth(1).unwrap();
    assert!(line.contains("granted,5,5,0,0,"), "{line}");
    assert!(line.contains("\"promo:=1+1,\"\"x\"\"\""), "{line}");
}

/// As many after those that are there.
fn fill_after(person: &Person, count: u32) {
    let there = person.app.rows("credit_movements").len();
    let database = person.app.database();
    fill(person, count);
    database.run(&format!("UPDATE credit_movements SET entry = entry + {there} + 10000 WHERE entry > 100 AND entry < 10000"));
}

async fn a_workspace_that_was_left_is_out_of_its_files(app: App) {
    let (mut ada, hers) = somebody(&app, "ada").await;
    let (mut bob, _) = somebody(&app, "bob").await;
    let id = team(&mut ada, "Engines").await;
    join(&mut ada, &id, &mut bob, "member").await;
    in_team(&hers, &id).topup(5, "in_1").await;
    let file = format!("/settings/workspaces/{id}/credits/ledger.csv");
    assert_eq!(bob.get(&file).await.status, 200);
    bob.post(&format!("/settings/workspaces/{id}/leave"), &[]).await;
    bob.get(&file).await.assert_page(404, "Page not found");
}

/// Credits that were held before there was a page: the migration counts them from the holds.
async fn what_was_used_before_this_page_is_on_it(app: App) {
    let app = metered(app).await;
    let (_, person) = somebody(&app, "ada").await;
    person.topup(20, "in_1").await;
    let work = person.images("a", 5).await.unwrap();
    person.settle(&work, 0, 1).await.unwrap();
    person.void(&work, 1).await.unwrap();
    let counted = app.rows("credit_spending");
    let migration = include_str!("../../../../store/migrations/0011_credit_spending.sql");
    let (_, insert) = migration.split_once("INSERT INTO").unwrap();
    let (insert, _) = insert.split_once(';').unwrap();
    app.database().run(&format!("DELETE FROM credit_spending; INSERT INTO{insert}"));
    assert_eq!(app.rows("credit_spending"), counted);
}
