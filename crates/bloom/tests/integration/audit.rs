//! The audit: what is recorded, what is shown of it, and what shows when somebody changes it.

use std::collections::BTreeSet;
use std::time::Duration;

use bloom_domain::accounts::SignUpPolicy;
use bloom_domain::api_keys::{KeyName, Narrowing};
use bloom_domain::audit::{Action, Actor};
use bloom_domain::email::Email;
use bloom_service::api_keys::{self, WhichKey};
use bloom_service::audit::{self, Listed, Mark, Verdict};
use bloom_service::credits::monthly;
use bloom_service::root_secret::{self, RootSecret};
use bloom_service::{setup_links, signing_keys};
use serde_json::{Value, json};

use crate::account_links::link;
use crate::credits::person::Person;
use crate::support::app::PEER;
use crate::support::{App, Browser, PASSWORD, START, at_once, on_both};
use crate::teams::{invite, join, member_id, team};

const MONTH: Duration = Duration::from_secs(30 * 86_400);

on_both!(
    everything_that_is_done_is_recorded,
    what_changes_nothing_is_not_recorded,
    whoever_changes_a_record_is_found_out,
    a_record_without_its_details_keeps_the_chain,
    many_at_once_make_one_chain,
    refused_sign_ins_are_recorded_once_a_minute,
    a_used_token_that_comes_back_late_is_recorded,
    a_person_sees_their_own,
);

pub(crate) async fn records(app: &App) -> Vec<Listed> {
    audit::list_for(app.service(), &app.operator(), None, 10_000).await.unwrap()
}

async fn verdict(app: &App, mark: Option<Mark>) -> Verdict {
    audit::verify(app.service(), &app.operator(), mark).await.unwrap()
}

async fn end(app: &App) -> Mark {
    match verdict(app, None).await {
        Verdict::Whole { end, .. } => end,
        broken => panic!("{broken:?}"),
    }
}

pub(crate) fn details(listed: &Listed) -> Value {
    serde_json::from_str(&listed.record.details.as_ref().expect("details").json).expect("JSON")
}

/// The newest record of an action.
pub(crate) async fn newest(app: &App, action: Action) -> Listed {
    let records = records(app).await;
    let of_it = |listed: &Listed| listed.record.event.action == action.as_str();
    records.into_iter().find(of_it).unwrap_or_else(|| panic!("no {}", action.as_str()))
}

/// All that can be done so far, once.
async fn do_everything(app: &App) {
    let invited = app.again(|options| options.sign_up = SignUpPolicy::Invite).await;
    setup_links::issue(invited.service(), &app.operator()).await.unwrap().expect("a link");
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let key = ada.rotate_key(&key, "24h").await;
    ada.post(&format!("/settings/api-keys/{}/end-overlap", key.id), &[]).await;
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    let narrowing = Narrowing { expires_at: Some(START.plus(MONTH)), ..Narrowing::default() };
    let which = WhichKey::Id(key.id.parse().unwrap());
    api_keys::narrow_for(app.service(), &operator, &email, which, narrowing).await.unwrap();
    let budget = [("day", "5"), ("month", ""), ("total", "")];
    ada.post(&format!("/settings/api-keys/{}/budget", key.id), &budget).await;
    ada.revoke_key(&key).await;
    let client = app.client(crate::support::oauth::REDIRECT).await;
    let question = client.question(&mut ada, &[]).await;
    for decision in ["allow", "deny"] {
        ada.post("/authorize", &[("request", &question), ("decision", decision)]).await;
    }
    let tokens = client.connect(&mut ada, &[("prompt", "consent")]).await;
    client.sent_to(&mut ada, &[]).await;
    client.revoke(&tokens.access).await;
    client.revoke(&tokens.refresh).await;
    let code = client.sent_to(&mut ada, &[]).await;
    let code = crate::support::oauth::parameter(&code, "code").expect("a code");
    assert_eq!(client.redeem(&code).await.status, 200);
    assert_eq!(client.redeem(&code).await.status, 400, "a double submit");
    app.advance(Duration::from_secs(11));
    assert_eq!(client.redeem(&code).await.status, 400, "a theft");
    client.disable().await;
    client.enable().await;
    let id = client.id.parse().expect("an id");
    bloom_service::clients::verify(app.service(), &app.operator(), id).await.unwrap();
    bloom_service::clients::unverify(app.service(), &app.operator(), id).await.unwrap();
    let own = ada.create_app(&[]).await;
    own.acting().await;
    ada.post(&own.page(), &crate::support::own_app::fields(&[("name", "Newsroom")])).await;
    ada.post(&own.form("secret"), &[]).await;
    ada.post(&own.form("token"), &[]).await;
    ada.post(&own.form("switch"), &[("to", "off")]).await;
    ada.post(&own.form("switch"), &[("to", "on")]).await;
    ada.post(&own.form("delete"), &[("confirmed", "Newsroom")]).await;
    signing_keys::rotate(app.service(), &app.operator()).await.unwrap();
    ada.revoke_app().await;
    do_everything_to_a_brand(&mut ada).await;
    do_everything_in_a_team(app, &mut ada).await;
    let payer = Person::new(app, "payer").await;
    payer.topup(10, "in_1").await;
    payer.topup(10, "in_1").await;
    payer.take_back("in_1", 4).await.unwrap();
    let five = bloom_domain::credits::Amount::new(5).unwrap();
    monthly::begin(app.service(), &operator, payer.workspace, five, START).await.unwrap();
    monthly::end(app.service(), &operator, payer.workspace).await.unwrap();
    let billed = crate::plans::billed(app, "trial").await;
    let payer = payer.before(&billed);
    crate::plans::give(&payer, crate::plans::order(payer.workspace, "plus")).await.unwrap();
    let unsigned = billed.post_bytes("/api/billing/webhook", b"{}".to_vec(), &[]).await;
    assert_eq!(unsigned.status, 400);
    billed.keep_house().await;
    let scanned = crate::leaks::Scanner::new().known_to(app).await;
    let unsigned = scanned.post_bytes("/api/leaks/alerts", b"[]".to_vec(), &[]).await;
    assert_eq!(unsigned.status, 400);
    scanned.keep_house().await;
    app.ban("ada@example.com").await;
    app.unban("ada@example.com").await;
    app.set_password("ada@example.com", PASSWORD).await;
    let mut again = app.browser();
    assert_eq!(again.sign_in("ada@example.com", "not her password").await.status, 401);
    again.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    again.post("/sign-out", &[]).await.assert_redirect("/sign-in");
    do_everything_for_security(app).await;
    app.keep_house().await;
    let secrets = app.options().secrets.rotated(RootSecret::new([2; 32]));
    root_secret::rotate(app.service(), &app.operator(), &secrets).await.unwrap();
}

async fn do_everything_for_security(app: &App) {
    let mut carl = app.person("carl").await;
    let mut elsewhere = app.browser();
    elsewhere.sign_in("carl@example.com", PASSWORD).await.assert_redirect("/settings");
    let other = crate::security::other_session(&mut carl).await;
    carl.post(&crate::security::ending(&other), &[]).await;
    carl.post("/settings/security/name", &[("name", "Carl")]).await;
    app.advance(Duration::from_secs(600));
    crate::security::confirm(&mut carl).await;
    let verify = link(app, "carl@example.com", "/verify-email/").await;
    carl.post(&verify, &[]).await.assert_redirect("/settings/security?done=verified");
    carl.post("/settings/security/email", &[("email", "karl@example.com")]).await;
    let change = link(app, "karl@example.com", "/change-email/").await;
    carl.post(&change, &[]).await.assert_redirect("/settings/security?done=email");
    carl.post("/reset-password", &[("email", "karl@example.com")]).await;
    let reset = link(app, "karl@example.com", "/reset-password/").await;
    carl.post(&reset, &[("password", PASSWORD)]).await;
    carl.sign_in("karl@example.com", PASSWORD).await.assert_redirect("/settings");
    assert_eq!(carl.get("/settings/security/export").await.status, 200);
    crate::passkeys::add_and_remove(&mut carl).await;
    crate::openid::link_and_remove(app, &carl).await;
    let mut dora = app.person("dora").await;
    let gone = dora.post("/settings/security/delete", &[("email", "dora@example.com")]).await;
    gone.assert_redirect("/sign-in?done=deleted");
    carl.post("/settings/security/password", &[("password", PASSWORD)]).await;
    carl.post("/settings/security/sign-out-everywhere", &[]).await;
}

async fn do_everything_to_a_brand(ada: &mut Browser) {
    let answer = ada.post("/brands", &[("url", "https://site.example")]).await;
    let page = answer.header("location").to_owned();
    ada.post(&page, &[("name", "Site")]).await.assert_redirect(&format!("{page}?done=saved"));
    ada.post(&format!("{page}/delete"), &[("confirmed", "Site")]).await;
}

async fn do_everything_in_a_team(app: &App, ada: &mut Browser) {
    let id = team(ada, "Engines").await;
    let at = |form: &str| format!("/settings/workspaces/{id}/{form}");
    let mut bob = app.person("bob").await;
    let declined = invite(ada, &id, "bob@example.com", "member").await;
    bob.post(&declined, &[("decision", "decline")]).await;
    invite(ada, &id, "bob@example.com", "member").await;
    let page = ada.get(&at("name").replace("/name", "")).await;
    let invitation = page.between("/invitations/", "/withdraw").expect("a form").to_owned();
    ada.post(&at(&format!("invitations/{invitation}/withdraw")), &[]).await;
    let mut done = async |form: &str, fields: &[(&str, &str)]| {
        let answer = ada.post(&at(form), fields).await;
        assert_eq!(answer.status, 303, "{form}: {}", answer.text());
    };
    done("name", &[("name", "Analytical Engines")]).await;
    done("delete", &[("name", "Analytical Engines")]).await;
    done("restore", &[]).await;
    join(ada, &id, &mut bob, "member").await;
    let bobs = member_id(ada, &id, "bob@example.com").await;
    let mut done = async |form: &str, fields: &[(&str, &str)]| {
        let answer = ada.post(&at(&format!("members/{bobs}/{form}")), fields).await;
        assert_eq!(answer.status, 303, "{form}: {}", answer.text());
    };
    done("role", &[("role", "admin")]).await;
    done("remove", &[]).await;
    join(ada, &id, &mut bob, "member").await;
    ada.post(&at(&format!("members/{bobs}/own")), &[("name", "Analytical Engines")]).await;
    ada.post(&at("leave"), &[]).await.assert_redirect("/settings?left=workspace#workspaces");
}

async fn everything_that_is_done_is_recorded(app: App) {
    do_everything(&app).await;
    let records = records(&app).await;
    let recorded: BTreeSet<_> =
        records.iter().map(|listed| listed.record.event.action.clone()).collect();
    let all: BTreeSet<_> = Action::ALL.iter().map(|action| action.as_str().to_owned()).collect();
    assert_eq!(recorded, all);
    for listed in &records {
        let event = &listed.record.event;
        if listed.record.details.is_none() {
            // The one who deleted their account.
            assert_eq!(listed.account, None, "{listed:?}");
            continue;
        }
        let details = details(listed);
        let address = details.get("address").and_then(Value::as_str);
        match event.actor {
            Actor::Operator | Actor::Server => assert_eq!(address, None, "{listed:?}"),
            _ => assert_eq!(address, Some(PEER.to_string().as_str()), "{listed:?}"),
        }
        if let Actor::Person(id) = event.actor {
            let is_about_others =
                ["member.removed", "member.role_changed", "workspace.transferred"];
            let is_about_others = is_about_others.contains(&event.action.as_str());
            assert_eq!(event.whose.account != Some(id), is_about_others, "{listed:?}");
        }
    }
    let banned = newest(&app, Action::AccountBanned).await;
    assert_eq!(banned.record.event.actor, Actor::Operator);
    assert_eq!(
        details(&banned),
        json!({ "before": { "suspended": false }, "after": { "suspended": true } })
    );
    let removed = newest(&app, Action::MemberRemoved).await;
    assert_eq!(removed.account.as_ref().map(Email::as_str), Some("bob@example.com"));
    let before = json!({
        "member": "bob@example.com", "role": "admin", "workspace": "Analytical Engines",
    });
    assert_eq!(details(&removed)["before"], before);
    assert!(removed.record.event.whose.workspace.is_some());
    let taken = newest(&app, Action::CreditsTakenBack).await;
    assert_eq!(taken.account.as_ref().map(Email::as_str), Some("payer@example.com"));
    let told =
        |credits: i64| json!({ "kind": "topup", "credits": credits, "source": "topup:in_1" });
    assert_eq!(details(&taken), json!({ "before": told(10), "after": told(6) }));
    let granted = |listed: &&Listed| {
        listed.record.event.action == Action::CreditsGranted.as_str()
            && details(listed)["after"]["source"] == "topup:in_1"
    };
    assert_eq!(records.iter().filter(granted).count(), 1, "the same order counts once");
    let rotated = details(&newest(&app, Action::ApiKeyRotated).await);
    assert_eq!(rotated["before"]["name"], "ci");
    assert_ne!(rotated["before"]["key"], rotated["after"]["key"]);
    assert_eq!(rotated["before"]["until"], START.plus(Duration::from_secs(86_400)).to_string());
    let ended = details(&newest(&app, Action::ApiKeyOverlapEnded).await);
    assert_eq!(ended["before"]["key"], rotated["before"]["key"]);
    let narrowed = details(&newest(&app, Action::ApiKeyChanged).await);
    assert_eq!(narrowed["after"]["expires"], START.plus(MONTH).to_string());
    let allowed = newest(&app, Action::AppAllowed).await;
    assert!(matches!(allowed.record.event.actor, Actor::Person(_)));
    let after = &details(&allowed)["after"];
    assert_eq!((&after["app"], &after["site"]), (&json!("Example App"), &json!("app.example")));
    let ended = newest(&app, Action::GrantEnded).await;
    assert!(matches!(ended.record.event.actor, Actor::App(_)), "{ended:?}");
    assert_eq!(ended.account.as_ref().map(Email::as_str), Some("ada@example.com"));
    assert_eq!(end(&app).await.number, i64::try_from(records.len()).unwrap());
}

/// As the theft that it may be: once, with the app and the person. Within the window it is none.
async fn a_used_token_that_comes_back_late_is_recorded(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(crate::support::oauth::REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    for _ in 0..2 {
        assert_eq!(client.refresh(&tokens.refresh).await.status, 200);
    }
    let before = records(&app).await.len();
    app.advance(Duration::from_secs(61));
    for _ in 0..2 {
        assert_eq!(client.refresh(&tokens.refresh).await.status, 400);
    }
    let ended = newest(&app, Action::GrantEnded).await;
    assert!(matches!(ended.record.event.actor, Actor::App(_)), "{ended:?}");
    assert_eq!(ended.account.as_ref().map(Email::as_str), Some("ada@example.com"));
    assert_eq!(records(&app).await.len(), before + 1);
}

async fn what_changes_nothing_is_not_recorded(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let budget = [("day", "5"), ("month", ""), ("total", "")];
    ada.post(&format!("/settings/api-keys/{}/budget", key.id), &budget).await;
    ada.revoke_key(&key).await;
    let client = app.client(crate::support::oauth::REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    client.revoke(&tokens.access).await;
    client.revoke(&tokens.refresh).await;
    client.disable().await;
    let before = end(&app).await;

    ada.revoke_key(&key).await;
    client.revoke(&tokens.access).await;
    client.revoke(&tokens.refresh).await;
    client.revoke("nonsense").await;
    client.disable().await;
    app.unban("ada@example.com").await;
    assert_eq!(app.browser().sign_up("ada@example.com").await.status, 409);
    assert_eq!(app.browser().sign_in("nobody@example.com", PASSWORD).await.status, 401);
    assert!(setup_links::issue(app.service(), &app.operator()).await.unwrap().is_none());
    let mut stranger = app.browser();
    stranger.get("/sign-in").await;
    stranger.post("/sign-out", &[]).await;
    app.keep_house().await;
    assert_eq!(end(&app).await, before);
}

async fn whoever_changes_a_record_is_found_out(app: App) {
    let mut ada = app.person("ada").await;
    for n in 0..3 {
        ada.create_key(&format!("k{n}")).await;
    }
    let whole = end(&app).await;
    assert_eq!(whole.number, 6);
    let table = |change: &str| format!("UPDATE audit_records SET {change} WHERE number = 3");
    let changes = [
        ("at", table("at = at + 1")),
        ("action", table("action = 'api_key.revoked'")),
        ("actor", table("actor_kind = 'operator', actor_id = substr(actor_id, 1, 0)")),
        ("subject", table("subject_kind = 'grant'")),
        ("account", table("account_id = NULL")),
        ("workspace", table("workspace_id = account_id")),
        ("details", table("details = '{}'")),
        ("salt", table("salt = substr(hash, 1, 16)")),
        ("hash of the details", table("details_hash = hash")),
        ("hash", table("hash = details_hash")),
    ];
    for (what, change) in changes {
        app.database().run("CREATE TABLE kept AS SELECT * FROM audit_records WHERE number = 3");
        app.database().run(&change);
        let found = verdict(&app, None).await;
        assert!(matches!(found, Verdict::Broken { number: 3, .. }), "{what}: {found:?}");
        app.database().run(
            "DELETE FROM audit_records WHERE number = 3; \
             INSERT INTO audit_records SELECT * FROM kept; DROP TABLE kept",
        );
        assert_eq!(end(&app).await, whole, "{what}");
    }

    app.database().run("CREATE TABLE kept AS SELECT * FROM audit_records");
    let broken_at = async |sql: &str| {
        app.database().run(sql);
        let found = verdict(&app, None).await;
        app.database()
            .run("DELETE FROM audit_records; INSERT INTO audit_records SELECT * FROM kept");
        found
    };
    let removed = broken_at("DELETE FROM audit_records WHERE number = 4").await;
    assert!(matches!(removed, Verdict::Broken { number: 4, .. }), "{removed:?}");
    let closed = "DELETE FROM audit_records WHERE number = 4; \
                  UPDATE audit_records SET number = 4 WHERE number = 5; \
                  UPDATE audit_records SET number = 5 WHERE number = 6";
    let closed = broken_at(closed).await;
    assert!(matches!(closed, Verdict::Broken { number: 4, .. }), "{closed:?}");
    let cut = broken_at("DELETE FROM audit_records WHERE number = 6").await;
    assert!(matches!(cut, Verdict::Broken { number: 6, .. }), "{cut:?}");
    assert_eq!(end(&app).await, whole);

    // Who can write everything can end the chain earlier; only a mark kept elsewhere tells.
    app.database().run(
        "DELETE FROM audit_records WHERE number = 6; UPDATE audit_head SET number = 5, \
         hash = (SELECT hash FROM audit_records WHERE number = 5)",
    );
    assert_eq!(end(&app).await.number, 5);
    let told = verdict(&app, Some(whole)).await;
    assert!(matches!(told, Verdict::Broken { number: 6, .. }), "{told:?}");
    ada.create_key("another sixth").await;
    let told = verdict(&app, Some(whole)).await;
    assert!(matches!(told, Verdict::Broken { number: 6, .. }), "{told:?}");
    assert!(matches!(verdict(&app, Some(end(&app).await)).await, Verdict::Whole { .. }));
}

async fn a_record_without_its_details_keeps_the_chain(app: App) {
    let mut ada = app.person("ada").await;
    ada.create_key("ci").await;
    app.database().run("UPDATE audit_records SET details = NULL, salt = NULL WHERE number = 1");
    let found = verdict(&app, None).await;
    assert!(matches!(found, Verdict::Whole { erased: 1, .. }), "{found:?}");
    ada.get("/settings/activity").await.assert_page(200, "Activity");
}

async fn many_at_once_make_one_chain(app: App) {
    for n in 0..10 {
        app.person(&format!("p{n}")).await;
    }
    let before = end(&app).await.number;
    let made = at_once(100, |n| {
        let app = app.clone();
        async move {
            let owner = Email::parse(&format!("p{}@example.com", n % 10)).unwrap();
            let name = KeyName::parse(&format!("k{n}")).unwrap();
            let (service, operator) = (app.service(), app.operator());
            api_keys::create_for(service, &operator, &owner, name.clone().into()).await.unwrap();
            let which = WhichKey::Name(name.as_str().to_owned());
            api_keys::revoke_for(service, &operator, &owner, which).await.unwrap();
        }
    });
    assert_eq!(made.await.len(), 100);
    assert_eq!(end(&app).await.number, before + 200);
}

async fn refused_sign_ins_are_recorded_once_a_minute(app: App) {
    app.person("ada").await;
    app.person("bob").await;
    let before = end(&app).await.number;
    for _ in 0..5 {
        app.browser().sign_in("ada@example.com", "not her password").await;
    }
    app.browser().sign_in("bob@example.com", "not his password").await;
    assert_eq!(end(&app).await.number, before, "nothing is written for a stranger at once");
    app.keep_house().await;
    assert_eq!(end(&app).await.number, before + 2);
    let records = records(&app).await;
    let times = |email: &str| {
        let of = |listed: &&Listed| listed.account.as_ref().is_some_and(|a| a.as_str() == email);
        let newest = records.iter().find(of).expect("a record");
        assert_eq!(newest.record.event.actor, Actor::Anybody);
        details(newest)["after"]["times"].clone()
    };
    assert_eq!((times("ada@example.com"), times("bob@example.com")), (json!(5), json!(1)));
    app.keep_house().await;
    assert_eq!(end(&app).await.number, before + 2, "told once");
    app.browser().sign_in("ada@example.com", "not her password").await;
    app.close().await;
    assert_eq!(end(&app).await.number, before + 3, "also at the end");
}

async fn a_person_sees_their_own(app: App) {
    let mut ada = app.browser().calling_itself("Adas <i>own</i> browser/1.0");
    assert_eq!(ada.sign_up("ada@example.com").await.status, 303);
    let mut bob = app.person("bob").await;
    ada.create_key("Ada’s <b>key</b>").await;
    let page = ada.get("/settings/activity").await;
    page.assert_page(200, "Activity");
    let agent = "<dt>With</dt><dd><bdi>Adas &#60;i&#62;own&#60;/i&#62; browser/1.0</bdi></dd>";
    for text in ["API key created", "Ada’s &#60;b&#62;key", "You from", &PEER.to_string(), agent]
    {
        assert!(page.text().contains(text), "{text}: {}", page.text());
    }
    // The program stands beside the address in the record of everything that she did.
    let hers = records(&app).await.into_iter().filter(|listed| {
        let is_hers = listed.account.as_ref().is_some_and(|email| email.as_str() == ada.email());
        is_hers && !matches!(listed.record.event.actor, Actor::Server)
    });
    let agents: BTreeSet<_> = hers.map(|listed| details(&listed)["agent"].to_string()).collect();
    assert_eq!(agents, BTreeSet::from(["\"Adas <i>own</i> browser/1.0\"".to_owned()]));
    let page = bob.get("/settings/activity").await;
    assert!(!page.text().contains("API key created"), "{}", page.text());
    app.ban("bob@example.com").await;
    app.unban("bob@example.com").await;
    let page = bob.get("/settings/activity").await;
    assert!(page.text().contains("The operator of this server"), "{}", page.text());

    for n in 0..60 {
        let key = ada.create_key(&format!("key-{n:02}")).await;
        ada.revoke_key(&key).await;
    }
    // Which key it was stands there, once.
    let page = ada.get("/settings/activity").await;
    let newest = page.between("<h2>API key revoked</h2>", "</li>").expect("it is the newest");
    assert_eq!(newest.matches("<dt>Key</dt><dd><bdi>key-59</bdi>").count(), 1, "{newest}");
    let made = page.between("<h2>API key created</h2>", "</li>").expect("it is there as well");
    assert_eq!(made.matches("key-59").count(), 1, "{made}");
    let mut path = "/settings/activity".to_owned();
    let mut seen = 0;
    for _ in 0..7 {
        let page = ada.get(&path).await;
        seen += page.text().matches("<dt>When</dt>").count();
        path = match page.between("href=\"/settings/activity?", "\"") {
            Some(query) => format!("/settings/activity?{query}"),
            None => break,
        };
    }
    assert_eq!(seen, 124, "an account, a session, a mail, 61 keys made and 60 revoked");
    ada.get("/settings/activity?before=1").await.assert_page(200, "Activity");
    ada.get("/settings/activity?before=nonsense").await.assert_page(200, "Activity");
    app.browser().get("/settings/activity").await.assert_sign_in_first("/settings/activity");
}
