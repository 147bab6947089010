//! The operator's commands: alone on a folder, and beside the server that works in it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::eventually;
use crate::support::home::{Home, mode};
use crate::support::http::Ask;
use crate::support::page;
use crate::support::person::Person;
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

fn names(keys: &Value) -> Vec<&str> {
    keys.as_array().expect("a list").iter().filter_map(|key| key["name"].as_str()).collect()
}

fn key_named<'a>(keys: &'a Value, name: &str) -> &'a Value {
    let keys = keys.as_array().expect("a list");
    keys.iter().find(|key| key["name"] == name).unwrap_or_else(|| panic!("no {name}: {keys:?}"))
}

on_both_engines!(alone_on_a_folder, |home| {
    let made = home.bloom_told(
        &format!("account create --email {ADA} --name Ada --password-stdin --json"),
        PASSWORD,
    );
    let made = made.json();
    assert_eq!((&made["email"], &made["name"]), (&ADA.into(), &"Ada".into()));
    assert!(made.get("password").is_none() && made["banned_at"].is_null(), "{made}");
    let drawn = home.bloom("account create --email bob@example.com").ok();
    let password = page::between(&drawn, "password (shown only now): ", "\n").expect("a password");

    let key = home.bloom(&format!("keys create --account {ADA} --json")).json();
    assert_eq!(key["name"], "Command line");
    let shown = home.bloom_with(&format!("keys create --account {ADA} --name"), "Deploy script");
    let shown = shown.ok();
    let deploy = page::between(&shown, "key (shown only now): ", "\n").expect("a key").to_owned();
    let lost = home.key(ADA, "lost");

    let revoked = home.bloom(&format!("keys revoke --account {ADA} --name lost --json")).json();
    assert_eq!(revoked["revoked_by"], "operator");
    let list = home.bloom(&format!("keys list --account {ADA} --json")).json();
    let mut listed = names(&list);
    listed.sort_unstable();
    assert_eq!(listed, ["Command line", "Deploy script", "lost"]);
    assert!(!list.to_string().contains(&deploy), "a secret comes back: {list}");
    home.bloom("account ban --email bob@example.com").ok();
    let accounts = home.bloom("account list").ok();
    assert_eq!(accounts.lines().count(), 2, "{accounts}");
    let of = |email| accounts.lines().find(|line| line.starts_with(email)).expect("a line");
    assert!(of(ADA).contains("  active  "), "{accounts}");
    assert!(of("bob@example.com").contains("suspended since"), "{accounts}");

    let server = home.serve();
    let ada = serde_json::json!({ "data": { "email": ADA, "name": "Ada" } });
    for secret in [key["key"].as_str().expect("a key"), &deploy] {
        assert_eq!(server.account(secret).expect(200).json(), ada);
    }
    server.account(&lost).expect(401);
    Person::sign_in(&server, ADA, PASSWORD);
    let mut bob = Person::open(&server, "/sign-in");
    assert_ne!(bob.enter("/sign-in", "bob@example.com", password).status, 303);
    home.bloom("account unban --email bob@example.com").ok();
    Person::sign_in(&server, "bob@example.com", password);
});

on_both_engines!(beside_a_server_the_very_next_request_knows, |home| {
    let server = home.serve();
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "first");
    server.account(&key).expect(200);

    home.bloom(&format!("account ban --email {ADA}")).ok();
    assert_eq!(server.account(&key).expect(403).json()["error"]["code"], "ACCOUNT_BANNED");
    home.bloom(&format!("account unban --email {ADA}")).ok();
    server.account(&key).expect(200);

    home.bloom(&format!("keys revoke --account {ADA} --name first")).ok();
    server.account(&key).expect(401);
    let key = home.bloom(&format!("keys create --account {ADA} --json")).json();
    let (id, secret) = (key["id"].as_str().expect("an id"), key["key"].as_str().expect("a key"));
    server.account(secret).expect(200);
    home.bloom(&format!("keys revoke --account {ADA} --id {id}")).ok();
    server.account(secret).expect(401);

    let mut browser = Person::sign_in(&server, ADA, PASSWORD);
    let made_on_the_page = browser.create_key("page");

    home.bloom_told(
        &format!("account set-password --email {ADA} --password-stdin"),
        "a second of the passwords",
    )
    .ok();
    browser.get("/settings").expect(303);
    let mut stale = Person::open(&server, "/sign-in");
    stale.enter("/sign-in", ADA, PASSWORD).expect(401);
    Person::sign_in(&server, ADA, "a second of the passwords");
    let drawn = home.bloom(&format!("account set-password --email {ADA} --json")).json();
    Person::sign_in(&server, ADA, drawn["password"].as_str().expect("a password"));
    let out = home.bloom(&format!("account sign-out --email {ADA} --json")).json();
    assert_eq!((&out["sessions"], &out["keys"]), (&1.into(), &0.into()), "{out}");
    let made = home.bloom(&format!("account reset-link --email {ADA} --json")).json();
    let link = made["link"].as_str().expect("a link").to_owned();
    let path = link.strip_prefix(&server.origin()).expect("an address of this server");
    let mut reset = Person::open(&server, path);
    crate::support::secrets::note("and yet a third of them");
    reset.post(path, &[("password", "and yet a third of them")]).expect(303);
    Person::sign_in(&server, ADA, "and yet a third of them");
    server.account(&made_on_the_page).expect(200);
    assert_eq!(server.stop().code, Some(0));

    // The last uses are written at the latest when the server stops.
    let list = home.bloom(&format!("keys list --account {ADA} --json")).json();
    for name in ["first", "page"] {
        let key = key_named(&list, name);
        assert_eq!(key["last_used"]["address"], "127.0.0.1", "{key}");
        assert_eq!(key["revoked_at"].is_null(), name == "page", "{key}");
    }
});

on_both_engines!(an_app_is_made_for_an_account_and_acts_as_it, |home| {
    home.account(ADA, PASSWORD);
    let server = home.serve();
    let create = format!("clients create --account {ADA} --name Robot --acts-alone --json");
    let made = home.bloom(&create).json();
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    assert!(text("client_secret").starts_with("bloom_cs_"), "{made}");
    assert!(text("registration_access_token").starts_with("bloom_rat_"), "{made}");
    let basic = STANDARD.encode(format!("{}:{}", text("client_id"), text("client_secret")));
    let act = Ask::any("POST", "/api/auth/oauth2/token", "grant_type=client_credentials".into())
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", &format!("Basic {basic}"));
    let token = act.send(server.address).expect("an answer").expect(200).json();
    let token = token["access_token"].as_str().expect("a token").to_owned();
    let account = Ask::any("GET", "/api/v1/account", String::new())
        .header("authorization", &format!("Bearer {token}"));
    let account_of = || account.send(server.address).expect("an answer");
    assert_eq!(account_of().expect(200).json()["data"]["email"], ADA);
    let id = text("id");
    let verified = home.bloom(&format!("clients verify --id {id} --json")).json();
    assert!(!verified["verified_at"].is_null(), "{verified}");
    assert!(
        home.bloom(&format!("clients unverify --id {id} --json")).json()["verified_at"].is_null()
    );
    home.bloom(&format!("clients disable --id {id}")).ok();
    account_of().expect(401);
    home.bloom(&format!("clients create --account {ADA} --name Robot")).refused(2);
    let wrong =
        format!("clients create --account {ADA} --name R --redirect-uri https://a.example/*");
    assert!(home.bloom(&wrong).refused(2).contains("wildcards"));
    home.bloom("clients create --account nobody@example.com --name R --acts-alone").refused(2);
});

on_both_engines!(an_app_is_refused_and_taken_again, |home| {
    home.account(ADA, PASSWORD);
    assert_eq!(home.bloom("clients list").ok().trim(), "No app has registered.");
    let server = home.serve();
    let mut ada = Person::sign_in(&server, ADA, PASSWORD);
    let redirect = "https://app.example/callback";
    let metadata = serde_json::json!({ "redirect_uris": [redirect], "client_name": "My\tApp" });
    let register = || {
        Ask::any("POST", "/api/auth/oauth2/register", metadata.to_string())
            .header("content-type", "application/json")
            .send(server.address)
            .expect("an answer")
            .expect(201)
            .json()
    };
    let id = register()["client_id"].as_str().expect("an id").to_owned();
    let authorize = format!(
        "/api/auth/oauth2/authorize?client_id={id}&response_type=code&state=s&redirect_uri={redirect}\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
    ada.get(&authorize).expect(303);
    let shown = home.bloom("clients list").ok();
    assert!(shown.starts_with(&format!("{id}  active  registered ")), "{shown}");
    assert!(shown.trim_end().ends_with(&format!("{redirect}  My App")), "{shown}");
    for _ in 0..2 {
        let refused = home.bloom(&format!("clients disable --id {id} --json")).json();
        assert_eq!(
            (&refused["id"], refused["disabled_at"].is_null()),
            (&id.as_str().into(), false)
        );
        let page = ada.get(&authorize).expect(400);
        assert!(page.body.contains("This app is refused here"), "{}", page.body);
        assert_eq!(register()["disabled"], true);
    }
    home.bloom(&format!("clients enable --id {id}")).ok();
    ada.get(&authorize).expect(303);
    let list = home.bloom("clients list --json").json();
    assert_eq!((list.as_array().map(Vec::len), list[0]["disabled_at"].is_null()), (Some(1), true));
    home.bloom("clients disable --id 0123").refused(2);
    let unknown =
        home.bloom("clients disable --id 00000000-0000-0000-0000-000000000000").refused(2);
    assert!(unknown.contains("there is no app with that id"), "{unknown}");
});

#[test]
fn one_name_of_several_keys_is_told_apart_by_id() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let secrets = [home.key(ADA, "twin"), home.key(ADA, "twin")];
    let server = home.serve();
    for _ in 0..2 {
        // Alone or beside a server, it is refused in the same words.
        let line = home.bloom(&format!("keys revoke --account {ADA} --name twin")).refused(2);
        let (_, ids) = line.split_once("--id with one of ").unwrap_or_else(|| panic!("{line}"));
        assert_eq!(ids.split(", ").count(), 2, "{line}");
    }
    let list = home.bloom(&format!("keys list --account {ADA} --json")).json();
    let id = list[0]["id"].as_str().expect("an id");
    home.bloom(&format!("keys revoke --account {ADA} --id {id}")).ok();
    let mut statuses = [0, 1].map(|index: usize| server.account(&secrets[index]).status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    // Now the name is plain.
    home.bloom(&format!("keys revoke --account {ADA} --name twin")).ok();
    for secret in &secrets {
        server.account(secret).expect(401);
    }
}

#[test]
fn a_backup_is_a_data_folder() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let before = home.key(ADA, "before");
    home.bloom_with("backup --to", home.path("cold")).ok();
    let server = home.serve();
    let during = home.key(ADA, "during");
    let told = home.bloom_with("backup --json --to", home.path("warm")).json();
    assert_eq!(told["folder"], home.path("warm").display().to_string());
    let after = home.key(ADA, "after");

    let again = home.bloom_with("backup --to", home.path("warm")).refused(2);
    assert!(again.contains("warm exists already"), "{again}");
    drop(server);
    for (name, expected) in [("cold", [200, 401, 401]), ("warm", [200, 200, 401])] {
        let folder = home.path(name);
        assert_eq!((mode(&folder), mode(&folder.join("secret"))), ("700".into(), "600".into()));
        assert_eq!(mode(&folder.join("bloom.db")), "600");
        let restored =
            Server::start(home.command_in(&folder, "serve --listen 127.0.0.1:0"), &folder);
        let found = [&before, &during, &after].map(|key| restored.account(key).status);
        assert_eq!(found, expected, "{name}");
        Person::sign_in(&restored, ADA, PASSWORD).create_key("in the copy");
    }
}

#[test]
fn a_backup_beside_postgresql_holds_secret_and_files() {
    let Some(home) = Home::on_postgresql() else { return };
    home.account(ADA, PASSWORD);
    let told = home.bloom_with("backup --to", home.path("copy")).ok();
    assert!(told.contains("pg_dump"), "{told}");
    let files = std::fs::read_dir(home.path("copy")).expect("the folder");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").file_name()).collect();
    files.sort();
    assert_eq!(files, ["files", "secret"]);
}

on_both_engines!(after_a_rotation_keys_and_sessions_go_on, |home| {
    let server = home.serve();
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "old");
    let mut browser = Person::sign_in(&server, ADA, PASSWORD);
    let old = std::fs::read_to_string(home.data().join("secret")).expect("the secret");

    let told = home.bloom("secret rotate").ok();
    let new = std::fs::read_to_string(home.data().join("secret")).expect("the secret");
    assert_ne!(old, new);
    assert_eq!(mode(&home.data().join("secret")), "600");
    assert!(!told.contains(new.lines().next().expect("a line")), "only the fingerprint is told");
    server.account(&key).expect(200);
    browser.get("/settings").expect(200);
    let fresh = browser.create_key("new");
    server.stop();

    let server = home.serve();
    browser.moves_to(&server);
    browser.get("/settings").expect(200);
    for secret in [&key, &fresh] {
        server.account(secret).expect(200);
    }
    server.stop();
    // Without a server, and a second time.
    home.bloom("secret rotate").ok();
    let server = home.serve();
    browser.moves_to(&server);
    browser.get("/settings").expect(200);
    for secret in [&key, &fresh] {
        server.account(secret).expect(200);
    }
});

on_both_engines!(another_secret_is_refused, |home| {
    home.account(ADA, PASSWORD);
    let secret = home.data().join("secret");
    std::fs::write(&secret, "ab".repeat(32)).expect("the secret is swapped");
    for words in ["serve --listen 127.0.0.1:0", "account list"] {
        let line = home.bloom(words).refused(1);
        assert!(line.contains(&secret.display().to_string()), "{line}");
        assert!(line.contains("fingerprint") && !line.contains("abab"), "{line}");
    }
    std::fs::write(&secret, "not hexadecimal").expect("the secret is broken");
    let line = home.bloom("account list").refused(1);
    assert!(line.contains(&secret.display().to_string()) && line.contains("line 1"), "{line}");
    assert!(!line.contains("not hexadecimal"), "{line}");
});

#[test]
fn a_command_waits_for_a_server_that_is_just_starting() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    // Both at once: whichever has the folder first, the key is made.
    for round in 0..5 {
        let server = std::thread::scope(|scope| {
            let server = scope.spawn(|| {
                Server::try_start(home.command("serve --listen 127.0.0.1:0"), &home.data())
            });
            std::thread::sleep(Duration::from_millis(7 * round));
            let key = home.key(ADA, &format!("round-{round}"));
            (server.join().expect("the thread ends"), key)
        });
        match server {
            (Ok(server), key) => drop(server.account(&key).expect(200)),
            (Err(refused), _) => drop(refused.refused(1)),
        }
    }
}

#[test]
fn help_and_version_are_no_failure() {
    let home = Home::on_sqlite();
    for words in ["--help", "--version", "keys --help", "serve --help", ""] {
        let mut command = crate::support::program::bloom(words);
        command.current_dir(home.path(""));
        let text = crate::support::program::finish(command, "").ok();
        assert!(text.to_lowercase().contains("bloom"), "{words}: {text}");
    }
    let text = crate::support::program::finish(crate::support::program::bloom("openapi"), "").ok();
    let description: Value = serde_json::from_str(&text).expect("JSON");
    let server = home.serve();
    assert_eq!(server.get("/api/v1/spec.json").expect(200).json(), description);
    assert_eq!(std::fs::read_dir(home.path("")).expect("the home").count(), 1, "only the data");
    eventually("healthy", || (server.send(&Ask::get("/healthz")).status == 200).then_some(()));
}

on_both_engines!(signing_keys_are_rotated_beside_a_server, |home| {
    let server = home.serve();
    let published = || {
        let keys = server.get("/api/auth/jwks").expect(200).json()["keys"].clone();
        keys.as_array().expect("a list").iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let first = published();
    let keys = home.bloom("signing-keys rotate --json").json();
    assert_eq!((&keys[0]["state"], &keys[1]["state"]), (&"signs".into(), &"next".into()));
    assert_eq!(published(), [first[0].clone(), keys[1]["id"].clone()], "known at once");
    let listed = home.bloom("signing-keys list").ok();
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains("  signs  from ") && listed.contains("  next  from "), "{listed}");
    home.bloom("signing-keys rotate").ok();
    assert_eq!(published().len(), 2, "the next one is there already");
    let audit = home.bloom("audit").ok();
    assert_eq!(audit.matches("signing_key.rotated  by operator").count(), 1, "{audit}");
});
