//! `bloom keys`: keys that are narrowed, rotated and given a budget, alone on a folder and beside the server
//! that works in it.

use serde_json::{Value, json};

use crate::support::home::Home;
use crate::support::http::Ask;
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

fn secret(json: &Value) -> String {
    let secret = json["key"].as_str().expect("a key").to_owned();
    crate::support::secrets::note(&secret);
    secret
}

fn ask(server: &Server, secret: &str, path: &str) -> crate::support::http::Answer {
    server.send(&Ask::get(path).header("x-api-key", secret))
}

on_both_engines!(keys_are_narrowed_rotated_and_given_a_budget, |home| {
    home.bloom_told(&format!("account create --email {ADA} --password-stdin"), PASSWORD).ok();
    let keys = |words: &str| home.bloom(&format!("keys {words} --account {ADA}"));
    let narrowed = "create --name narrow --scope read --scope generate --workspace personal \
                    --address 127.0.0.0/8 --address ::1 --expires 2999-12-31 --json";
    let made = keys(narrowed).json();
    assert_eq!(made["scopes"], json!(["read", "generate"]));
    assert_eq!(made["addresses"], json!(["127.0.0.0/8", "::1"]));
    assert_eq!(made["expires_at"], "2999-12-31T00:00:00Z");
    assert_eq!((&made["state"], &made["old_secret"]), (&json!("active"), &Value::Null));
    let workspace = made["workspaces"][0].as_str().expect("an id").to_owned();
    let old = secret(&made);
    let line = keys("list").ok();
    let told = format!(
        "  active  may read generate, in {workspace}, from 127.0.0.0/8 ::1, until 2999-12-31T00:00:00Z  "
    );
    assert!(line.contains(&told), "{line}");
    let elsewhere = keys("create --name far --address 203.0.113.0/24 --json").json();
    let writes = keys("create --name writes --scope write --json").json();
    assert_eq!(writes["workspaces"], Value::Null);

    let server = home.serve();
    server.account(&old).expect(200);
    server.account(&secret(&elsewhere)).expect(403);
    let refused = ask(&server, &secret(&writes), "/api/v1/credits").expect(403);
    assert!(refused.header("www-authenticate").expect("a challenge").contains("scope=\"read\""));

    // Beside the server.
    let rotated = keys("rotate --name narrow --overlap 7d --json").json();
    let new = secret(&rotated);
    assert_eq!((&rotated["id"], &rotated["state"]), (&made["id"], &json!("rotated")));
    assert_eq!(rotated["old_secret"]["hint"], made["hint"]);
    assert_eq!(rotated["scopes"], made["scopes"]);
    server.account(&new).expect(200);
    let answer = ask(&server, &old, "/api/v1/account").expect(200);
    assert_eq!(answer.header("x-api-key-old-until"), rotated["old_secret"]["until"].as_str());
    let line = keys("list").ok();
    assert!(line.contains("  rotated, old secret good until "), "{line}");
    assert!(line.contains(", last used "), "{line}");
    let ended = keys("end-overlap --name narrow --json").json();
    assert_eq!(ended["state"], "active");
    server.account(&old).expect(401);
    server.account(&new).expect(200);
    let text = keys("rotate --name narrow").ok();
    assert!(text.contains("key (shown only now): bloom_sk_"), "{text}");
    server.account(&new).expect(200);

    let budget = keys("budget --name narrow --day 5 --total 100 --json").json();
    assert_eq!(budget["budget"], json!({ "day": 5, "month": null, "total": 100 }));
    assert_eq!(ask(&server, &new, "/api/v1/credits").expect(200).json()["data"]["budget_left"], 5);
    let budget = keys("budget --name narrow --day none --json").json();
    assert_eq!(budget["budget"], json!({ "day": null, "month": null, "total": 100 }));
    assert_eq!(budget["spent"], json!({ "day": 0, "month": 0, "total": 0 }));
    let shown = keys("budget --name narrow").ok();
    assert!(
        shown.contains(
            "day: 0 spent of no limit\nmonth: 0 spent of no limit\ntotal: 0 spent of 100"
        )
    );
});

/// Keys of another system: their secrets, and the SHA-256 of them.
const FOREIGN: [(&str, &str); 2] = [
    (
        "acme_live_000000000000000000000000000042",
        "99438e2be89fab95f6c790cde8a6ade72709f7f4440829459b5bdbbc8c767e95",
    ),
    (
        "acme_live_000000000000000000000000000043",
        "aa4a099d7bec2babd36ccee02ef8d47775ed4aef9bc065d7d5fa3dbeb6965fb8",
    ),
];

fn foreign(numbers: &[usize]) -> String {
    let key =
        |number: &usize| json!({ "name": "old", "sha256": FOREIGN[*number].1, "lastFour": "0042" });
    let keys: Vec<_> = numbers.iter().map(key).collect();
    json!({ "prefix": "acme_live_", "length": 40, "keys": keys }).to_string()
}

on_both_engines!(keys_of_another_system_are_taken_over, |home| {
    home.bloom_told(&format!("account create --email {ADA} --password-stdin"), PASSWORD).ok();
    let import = format!("keys import - --account {ADA}");
    let shown = home.bloom_told(&import, &foreign(&[0])).ok();
    assert!(shown.contains("  acme_live_…0042  active  "), "{shown}");
    let server = home.serve();
    server.account(FOREIGN[0].0).expect(200);
    server.account(FOREIGN[1].0).expect(401);
    // Beside the server, from a file; what is known refuses all.
    let file = home.path("keys.json");
    std::fs::write(&file, foreign(&[1, 0])).unwrap();
    let both = format!("keys import --account {ADA}");
    let line = home.bloom_with(&both, &file).refused(2);
    assert!(line.contains("key 2 is known already"), "{line}");
    server.account(FOREIGN[1].0).expect(401);
    std::fs::write(&file, foreign(&[1])).unwrap();
    home.bloom_with(&both, &file).ok();
    server.account(FOREIGN[1].0).expect(200);
    for (text, part) in [
        ("{}", "prefix is missing"),
        ("", "not a JSON object"),
        ("sha256", "not a JSON object"),
        (r#"{"prefix":"acme_","length":5,"keys":[]}"#, "length: "),
        (r#"{"prefix":"acme_","length":40,"keys":[]}"#, "keys: "),
        (
            r#"{"prefix":"acme_","length":40,"keys":[{"name":"x","sha256":"7"}]}"#,
            "keys[0].sha256: ",
        ),
    ] {
        let line = home.bloom_told(&import, text).refused(2);
        assert!(line.contains(part), "{text}: {line}");
    }
    // What is cut off would look like a mistake in it.
    std::fs::write(&file, " ".repeat(48 * 1024 + 1)).unwrap();
    let line = home.bloom_with(&both, &file).refused(2);
    assert!(line.contains("keys.json is larger than 48 KiB"), "{line}");
    std::fs::write(&file, "[]").unwrap();
    let line = home.bloom_with(&both, &file).refused(2);
    assert!(line.contains("keys.json: "), "{line}");
    let line = home.bloom_with(&both, home.path("nothing.json")).refused(2);
    assert!(line.contains("cannot read"), "{line}");
});

#[test]
fn a_key_that_cannot_be_meant() {
    let home = Home::on_sqlite();
    home.bloom_told(&format!("account create --email {ADA} --password-stdin"), PASSWORD).ok();
    home.key(ADA, "ci");
    let before = home.bloom(&format!("keys list --account {ADA} --json")).json();
    for (words, parts) in [
        ("create --scope admin", &["--scope", "\"admin\"", "keys:admin"][..]),
        ("create --workspace mine", &["--workspace mine", "personal"]),
        ("create --workspace 01941f29-7c00-7aaa-8aaa-aaaaaaaaaaaa", &["no such workspace"]),
        ("create --address 203.0.113.7/24", &["--address", "203.0.113.0/24"]),
        ("create --address example.com", &["--address", "example.com", "203.0.113.0/24"]),
        ("create --expires tomorrow", &["--expires tomorrow", "2027-03-01"]),
        ("create --expires 2001-01-01", &["has passed"]),
        ("create --expires 2999-01-01T12:00:00", &["--expires 2999-01-01T12:00:00", "12:00:00Z"]),
        ("create --expires 9999-12-31", &["the last day is 9999-12-30"]),
        ("rotate", &["provided: --name <NAME> or --id <ID> (see bloom keys rotate --help)"]),
        ("end-overlap", &["--name", "--id"]),
        ("budget --day 1", &["--name", "--id"]),
        ("revoke", &["--name", "--id"]),
        ("rotate --name ci --overlap 31d", &["--overlap", "30 days"]),
        ("rotate --name ci --overlap soon", &["--overlap", "24h"]),
        ("rotate --name nobody", &["no such API key"]),
        ("end-overlap --id 7", &["--id"]),
        ("budget --name ci --day -1", &["--day -1", "none"]),
        ("budget --name ci --month many", &["--month many"]),
        ("budget --name nobody --day 1", &["no such API key"]),
    ] {
        let line = home.bloom(&format!("keys {words} --account {ADA}")).refused(2);
        assert!(parts.iter().all(|part| line.contains(part)), "{words}: {line}");
    }
    assert_eq!(home.bloom(&format!("keys list --account {ADA} --json")).json(), before);
}

#[test]
fn a_key_that_was_revoked_already_says_so() {
    let home = Home::on_sqlite();
    home.bloom_told(&format!("account create --email {ADA} --password-stdin"), PASSWORD).ok();
    home.key(ADA, "ci");
    let keys = |words: &str| home.bloom(&format!("keys {words} --account {ADA}"));
    let check = |again: bool| {
        let first = keys("revoke --name ci --json").json();
        assert_eq!(first["was_revoked"], again, "{first}");
        let id = first["id"].as_str().expect("an id");
        for which in ["--name ci".to_owned(), format!("--id {id}")] {
            let json = keys(&format!("revoke {which} --json")).json();
            assert_eq!((&json["was_revoked"], &json["id"]), (&true.into(), &first["id"]));
            assert_eq!(json["revoked_at"], first["revoked_at"]);
            let text = keys(&format!("revoke {which}")).ok();
            assert!(text.starts_with(id), "{text}");
            assert!(text.ends_with("\nIt was revoked already; nothing has changed.\n"), "{text}");
        }
        for words in ["rotate --name ci", "end-overlap --name ci"] {
            let line = keys(words).refused(2);
            assert!(line.contains("the API key is revoked"), "{words}: {line}");
        }
    };
    check(false);
    let server = home.serve();
    check(true);
    // A key that works is the one that its name means; what has ended does not stand in its way.
    let second = home.key(ADA, "ci");
    server.account(&second).expect(200);
    let text = keys("revoke --name ci").ok();
    assert_eq!(text.lines().count(), 1, "{text}");
    server.account(&second).expect(401);
    // Of several that have ended none is meant.
    for words in ["revoke --name ci", "rotate --name ci", "end-overlap --name ci"] {
        let line = keys(words).refused(2);
        let (said, ids) = line.split_once("--id: ").unwrap_or_else(|| panic!("{line}"));
        assert!(said.contains("no key with that name works any more"), "{line}");
        assert_eq!(ids.split(", ").count(), 2, "{line}");
    }
}
