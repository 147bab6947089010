//! A copy of all that is kept of a person, and the end of their account.

use std::time::Duration;

use bloom_domain::accounts::SignUpPolicy;
use bloom_domain::email::Email;
use bloom_service::accounts::deletion;
use bloom_service::audit::{self, Verdict};
use bloom_service::{Error, setup_links};
use serde_json::{Value, json};

use crate::credits::person::Person;
use crate::images::studio::{brand_of, bytes_of, image_of};
use crate::secrets::{contains, everything_stored};
use crate::support::oauth::REDIRECT;
use crate::support::{App, Browser, Key, NOTHING, PASSWORD, at_once, on_both};
use crate::teams::{join, team};

on_both!(
    a_copy_has_everything_and_no_secret,
    a_copy_is_of_one_person,
    what_ends_an_account_asks_for_proof_and_for_its_address,
    a_deleted_account_is_gone_at_once,
    a_deleted_account_leaves_nothing_personal,
    who_owns_a_team_gives_it_away_first,
    a_team_goes_on_without_who_left,
    nobody_gets_a_team_and_deletes_their_account_in_one_moment,
    the_operator_deletes_an_account,
    what_a_crash_has_left_is_erased_later,
    an_empty_server_is_set_up_again,
);

const EXPORT: &str = "/settings/security/export";
const DELETE: &str = "/settings/security/delete";
const TEN_MINUTES: Duration = Duration::from_secs(600);

async fn a_copy_has_everything_and_no_secret(app: App) {
    let mut ada = app.person("ada").await;
    let key = narrowed_key(&mut ada).await;
    app.account(&key.secret).await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let own = ada.create_app(&[("redirect-uris", "https://press.example/cb")]).await;
    let engines = team(&mut ada, "Engines").await;
    crate::passkeys::add_one(&mut ada).await;
    app.database().run(&format!(
        "INSERT INTO identities (id, account_id, issuer, subject, address, created_at) SELECT {}, id, \
         'https://id.example', 'subject-1', 'ada@work.example', 1 FROM accounts",
        bytes_of(&app, NOTHING)
    ));
    Person::of(&app, ada.email(), &key.secret).await.topup(5, "in_1").await;
    let (mine, ours) = pictures(&app, &engines).await;
    app.advance(TEN_MINUTES);
    let asked = ada.get(EXPORT).await;
    asked.assert_redirect("/settings/security/confirm?next=%2Fsettings%2Fsecurity%2Fexport");
    ada.post("/settings/security/confirm", &[("password", PASSWORD)]).await;
    let copy = ada.get(EXPORT).await;
    assert_eq!(copy.status, 200, "{copy:?}");
    let disposition = copy.header("content-disposition");
    assert_eq!(disposition, "attachment; filename=\"bloom-account.json\"");
    assert_eq!(copy.header("cache-control"), "no-store");
    let json = copy.json();
    assert_eq!(json["account"]["email"], "ada@example.com");
    assert_eq!(json["teams"][0]["name"], "Engines");
    assert_eq!(json["api_keys"][0]["name"], "ci");
    assert_eq!(json["api_keys"][0]["last_used_address"], "192.0.2.7");
    assert_eq!(json["api_keys"][0]["access"], "read generate");
    assert_eq!(json["api_keys"][0]["addresses"], json!(["192.0.2.0/24"]));
    assert_eq!(json["api_keys"][0]["workspaces"], "all");
    assert_eq!(json["api_keys"][0]["budget"]["day"], json!({ "credits": 5, "spent": 0 }));
    assert_eq!(json["connected_apps"][0]["workspaces"], "all");
    assert_eq!(json["connected_apps"][0]["consents"][0]["access"], "all");
    assert_eq!(json["connected_apps"][0]["budget"]["total"]["credits"], Value::Null);
    let uris = &json["own_apps"][0]["metadata"]["redirect_uris"];
    assert_eq!(uris, &json!(["https://press.example/cb"]));
    assert_eq!(json["own_apps"][0]["has_secret"], true);
    assert_eq!(json["passkeys"][0]["name"], "Phone");
    assert_eq!(json["identities"][0]["subject"], "subject-1");
    assert_eq!(json["credits"][0]["source"], "topup:in_1", "{}", json["credits"]);
    assert_eq!(json["brands"][0]["findings"], json!({ "summary": "found" }));
    assert_eq!(json["brands"][0]["corrections"], json!({ "name": "set" }));
    // What is in the person's own workspace, and what they made in a team: not what others made there.
    let ids: Vec<_> = json["images"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&Value::from(mine.as_str()), &Value::from(ours.as_str())]);
    assert_eq!(json["images"][0]["media_type"], "image/png");
    // The way to its bytes.
    let page = json["images"][0]["page"].as_str().unwrap();
    let path = page.strip_prefix("http://localhost:4600").expect("a page of this server");
    let page = ada.get(path).await;
    assert!(page.status == 200 && page.text().contains("?download\""), "{page:?}");
    for (list, count) in [
        ("teams", 1),
        ("api_keys", 1),
        ("connected_apps", 1),
        ("own_apps", 1),
        ("passkeys", 1),
        ("identities", 1),
        ("sessions", 1),
        ("credits", 1),
        ("brands", 1),
        ("images", 2),
    ] {
        assert_eq!(json[list].as_array().map(Vec::len), Some(count), "{list}: {json}");
    }
    let actions: Vec<_> =
        json["activity"].as_array().unwrap().iter().map(|r| &r["action"]).collect();
    assert_eq!(actions.first(), Some(&&Value::from("account.created")), "the oldest first");
    assert_eq!(actions.last(), Some(&&Value::from("account.exported")), "that it was made, too");
    let (secret, management) = (&own.secret[13..], &own.management[13..]);
    for secret in
        [&key.secret[13..43], secret, management, ada.cookie_secret(), PASSWORD, "$argon2id$"]
    {
        assert!(!copy.text().contains(secret), "{secret}");
    }
}

/// A key that may do little, from few places, for few credits.
async fn narrowed_key(ada: &mut Browser) -> Key {
    let fields = [
        ("name", "ci"),
        ("access", "some"),
        ("scope-read", "on"),
        ("scope-generate", "on"),
        ("addresses", "192.0.2.0/24"),
    ];
    let page = ada.post("/settings/api-keys", &fields).await;
    page.assert_page(200, "Settings");
    let key = ada.key_shown(&page).await;
    let budget = [("day", "5"), ("month", ""), ("total", "")];
    let saved = ada.post(&format!("/settings/api-keys/{}/budget", key.id), &budget).await;
    assert_eq!(saved.status, 303, "{saved:?}");
    key
}

/// An image of somebody alone, and one that they made in a team, where there is one of somebody else too.
async fn pictures(app: &App, engines: &str) -> (String, String) {
    let brand = brand_of(app, "ada@example.com");
    let set = "findings = '{\"summary\":\"found\"}', corrections = '{\"name\":\"set\"}'";
    app.database().run(&format!("UPDATE brands SET {set}"));
    let mine = image_of(app, &brand);
    app.person("bob").await;
    let bobs = brand_of(app, "bob@example.com");
    let (bobs_id, team) = (bytes_of(app, &bobs), bytes_of(app, engines));
    app.database().run(&format!("UPDATE brands SET workspace_id = {team} WHERE id = {bobs_id}"));
    image_of(app, &bobs);
    let ours = image_of(app, &bobs);
    app.database().run(&format!(
        "UPDATE images SET account_id = (SELECT id FROM accounts WHERE email = 'ada@example.com') \
         WHERE id = {}",
        bytes_of(app, &ours)
    ));
    (mine, ours)
}

async fn a_copy_is_of_one_person(app: App) {
    let mut bob = app.person("bob").await;
    bob.create_key("bobs secret project").await;
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    join(&mut ada, &id, &mut bob, "member").await;
    let copy = ada.get(EXPORT).await;
    assert_eq!(copy.status, 200);
    assert!(!copy.text().contains("bobs secret project"), "{}", copy.text());
    app.browser()
        .get(EXPORT)
        .await
        .assert_redirect("/sign-in?next=%2Fsettings%2Fsecurity%2Fexport");
}

async fn what_ends_an_account_asks_for_proof_and_for_its_address(app: App) {
    let mut ada = app.person("ada").await;
    app.advance(TEN_MINUTES);
    let confirm = "/settings/security/confirm?next=%2Fsettings%2Fsecurity%2Fdelete";
    ada.get(DELETE).await.assert_redirect(confirm);
    let before = app.database().dump();
    ada.post(DELETE, &[("email", "ada@example.com")]).await.assert_redirect(confirm);
    assert_eq!(app.database().dump(), before);
    ada.post("/settings/security/confirm", &[("password", PASSWORD)]).await;
    let before = app.database().dump();
    ada.get(DELETE).await.assert_page(200, "Delete your account");
    for typed in ["", "ada", "bob@example.com"] {
        let page = ada.post(DELETE, &[("email", typed)]).await;
        page.assert_page(422, "Delete your account");
        assert!(page.text().contains("is not the address"), "{}", page.text());
    }
    assert_eq!(app.database().dump(), before);
    let mut stranger = app.browser();
    let answer = stranger.post(DELETE, &[("email", "ada@example.com")]).await;
    answer.assert_page(401, "You are signed out");
    let gone = ada.post(DELETE, &[("email", " ADA@example.com ")]).await;
    gone.assert_redirect("/sign-in?done=deleted");
}

async fn a_deleted_account_is_gone_at_once(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    let own = ada.create_app(&[]).await;
    let acting = own.acting().await;
    let mut elsewhere = app.browser();
    elsewhere.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    assert_eq!(app.account(&key).await.status, 200);
    app.take_mails().await;
    let gone = ada.post(DELETE, &[("email", "ada@example.com")]).await;
    assert_eq!(gone.cookies(), ["bloom=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"]);
    assert!(!ada.is_signed_in().await && !elsewhere.is_signed_in().await);
    assert_eq!(app.account(&key).await.error(), "401 UNAUTHORIZED");
    for token in [&tokens.access, &acting] {
        assert_eq!(app.get_as("/api/v1/account", token).await.error(), "401 UNAUTHORIZED");
    }
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status, 401);
    assert!(app.take_mail("ada@example.com").await.contains("Your Bloom account is deleted"));
    // The address is free, and whoever takes it gets nothing of what was.
    let mut anew = app.person("ada").await;
    let page = anew.get("/settings").await;
    assert!(page.text().contains("No keys yet") && page.text().contains("No apps yet"));
}

async fn a_deleted_account_leaves_nothing_personal(app: App) {
    let mut ada = app.browser().calling_itself("Adas own browser/1.0");
    let fields =
        [("name", "Augusta Ada"), ("email", "augusta@example.com"), ("password", PASSWORD)];
    ada.post("/sign-up", &fields).await.assert_redirect("/settings#api-keys");
    let page = ada.post("/settings/api-keys", &[("name", "difference key")]).await;
    let secret = page.between("<code id=\"new-key\">", "</code>").expect("a key").to_owned();
    app.account(&secret).await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    app.get_as("/api/v1/account", &tokens.access).await;
    let wrong = app.browser().sign_in("augusta@example.com", "wrong password").await;
    assert_eq!(wrong.status, 401);
    app.take_mails().await;
    ada.post(DELETE, &[("email", "augusta@example.com")]).await;
    app.take_mails().await;
    // The refused sign-in is written only now.
    app.keep_house().await;
    app.advance(Duration::from_secs(300));
    app.keep_house().await;
    let dump = app.database().dump();
    for personal in ["augusta", "Augusta", "Adas own", "difference key", "192.0.2.7"] {
        assert!(!dump.contains(personal), "{personal} is kept: {dump}");
    }
    assert!(dump.contains("account.deleted"), "that it was deleted stays");
    let verdict = audit::verify(app.service(), &app.operator(), None).await.unwrap();
    assert!(matches!(verdict, Verdict::Whole { erased, .. } if erased > 5), "{verdict:?}");
    assert!(!contains(&everything_stored(&app), &secret.as_bytes()[13..43]));
}

async fn who_owns_a_team_gives_it_away_first(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let page = ada.get(DELETE).await;
    page.assert_page(200, "Delete your account");
    assert!(page.text().contains(&format!("/settings/workspaces/{id}")), "{}", page.text());
    assert!(!page.text().contains("Delete my account"), "there is no form: {}", page.text());
    let sessions = app.rows("sessions");
    let page = ada.post(DELETE, &[("email", "ada@example.com")]).await;
    page.assert_page(409, "Delete your account");
    assert_eq!(app.rows("sessions"), sessions, "nothing has changed");
    assert!(ada.is_signed_in().await);
    let path = format!("/settings/workspaces/{id}/delete");
    assert_eq!(ada.post(&path, &[("name", "Engines")]).await.status, 303);
    let page = ada.get(DELETE).await;
    assert!(page.text().contains("every brand, image and credit in it"), "{page:?}");
    assert!(page.text().contains("could restore until now: <bdi>Engines</bdi>"), "{page:?}");
    let gone = ada.post(DELETE, &[("email", "ada@example.com")]).await;
    gone.assert_redirect("/sign-in?done=deleted");
    app.advance(Duration::from_secs(40 * 86_400));
    app.keep_house().await;
}

async fn a_team_goes_on_without_who_left(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let mut bob = app.person("bob").await;
    join(&mut ada, &id, &mut bob, "admin").await;
    crate::teams::invite(&mut bob, &id, "mary@example.com", "member").await;
    bob.post(DELETE, &[("email", "bob@example.com")])
        .await
        .assert_redirect("/sign-in?done=deleted");
    let page = ada.get(&format!("/settings/workspaces/{id}")).await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("bob@example.com"), "{}", page.text());
    assert!(!page.text().contains("mary@example.com"), "what they sent is taken back");
    assert_eq!(ada.get(&format!("/settings/workspaces/{id}/activity")).await.status, 200);
    assert_eq!(ada.get(&format!("/settings/workspaces/{id}/credits")).await.status, 200);
}

async fn nobody_gets_a_team_and_deletes_their_account_in_one_moment(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let mut bob = app.person("bob").await;
    join(&mut ada, &id, &mut bob, "member").await;
    let bobs = crate::teams::member_id(&mut ada, &id, "bob@example.com").await;
    let own = format!("/settings/workspaces/{id}/members/{bobs}/own");
    at_once(2, |number| {
        let (mut ada, mut bob, own) = (ada.clone(), bob.clone(), own.clone());
        async move {
            match number {
                0 => ada.post(&own, &[("name", "Engines")]).await,
                _ => bob.post(DELETE, &[("email", "bob@example.com")]).await,
            }
        }
    })
    .await;
    let owners = app.rows("members").iter().filter(|row| row.contains("owner")).count();
    let people = app.rows("accounts").iter().filter(|row| !row.contains("deleted.invalid")).count();
    // Each person's own workspace, and the team's.
    assert_eq!(owners, people + 1);
}

async fn the_operator_deletes_an_account(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    let delete = || deletion::delete_for(app.service(), &operator, &email);
    assert_eq!(delete().await.unwrap_err(), Error::OwnsWorkspaces);
    let path = format!("/settings/workspaces/{id}/delete");
    assert_eq!(ada.post(&path, &[("name", "Engines")]).await.status, 303);
    delete().await.unwrap();
    assert!(!ada.is_signed_in().await);
    assert_eq!(delete().await.unwrap_err(), Error::AccountNotFound);
    let list = bloom_service::accounts::list(app.service(), &operator).await.unwrap();
    assert!(list.is_empty(), "{list:?}");
}

/// The process ends right after the COMMIT that deletes.
async fn what_a_crash_has_left_is_erased_later(app: App) {
    let mut ada = app.person("ada").await;
    ada.create_key("difference key").await;
    ada.post(DELETE, &[("email", "ada@example.com")]).await;
    // As if it had not been done: a key, and details that were not erased.
    app.database().run("UPDATE accounts SET erased_at = NULL");
    app.database().run("UPDATE audit_records SET details = '{\"address\":\"x\"}' WHERE number = 1");
    app.keep_house().await;
    assert!(app.database().dump().contains("address"), "it may not be all there yet");
    app.advance(Duration::from_secs(300));
    app.keep_house().await;
    assert!(!app.database().dump().contains("{\"address"), "{}", app.database().dump());
}

async fn an_empty_server_is_set_up_again(app: App) {
    let mut ada = app.person("ada").await;
    ada.post(DELETE, &[("email", "ada@example.com")]).await;
    let invited = app.again(|options| options.sign_up = SignUpPolicy::Invite).await;
    let link = setup_links::issue(invited.service(), &app.operator()).await.unwrap();
    let path = format!("/setup/{}", link.expect("a link").expose());
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    invited.browser().post(&path, &fields).await.assert_redirect("/settings#api-keys");
}
