//! `bloom credits`: alone on a folder, and beside the server that works in it.

mod killed;

use serde_json::{Value, json};

use crate::support::home::Home;
use crate::support::http::Ask;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

on_both_engines!(they_are_granted_listed_and_exported, |home| {
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "ci");
    let grant = |words: &str| home.bloom(&format!("credits grant --account {ADA} {words}"));
    let bought = grant("--kind topup --amount 50 --reference in_1 --json").json();
    assert_eq!((&bought["amount"], &bought["is_new"]), (&json!(50), &json!(true)));
    assert_eq!((&bought["source"], &bought["expires_at"]), (&json!("topup:in_1"), &Value::Null));
    let again = grant("--kind topup --amount 50 --reference in_1").ok();
    assert!(again.contains("It was granted before; nothing has changed."), "{again}");
    let other = grant("--kind topup --amount 51 --reference in_1").refused(2);
    assert_eq!(other, "something else was asked for under that reference before");

    let server = home.serve();
    let gift =
        grant("--amount 5 --reference a,\"b\" --kind promo --expires 2100-03-01 --json").json();
    assert_eq!(gift["expires_at"], "2100-03-01T00:00:00Z");
    let ask = Ask::get("/api/v1/credits").header("x-api-key", &key);
    let answer = server.send(&ask).json();
    assert_eq!((&answer["data"]["balance"], &answer["data"]["topup"]), (&json!(55), &json!(50)));
    let taken = home.bloom("credits take-back --reference in_1 --amount 20 --json").json();
    assert_eq!((&taken["taken_back"], &taken["available"]), (&json!(20), &json!(30)));
    home.bloom("credits take-back --reference in_1 --amount 20").ok();
    let usage = home.bloom(&format!("credits usage --account {ADA} --days 7")).ok();
    assert_eq!(usage.trim_end(), "Nothing was used in the last 7 days.");
    let usage = home.bloom(&format!("credits usage --account {ADA} --json")).json();
    assert_eq!(usage, json!({ "days": [], "members": [], "credentials": [] }));
    let beside = exported(home);
    assert_eq!(server.stop().code, Some(0));

    let list = home.bloom(&format!("credits list --account {ADA}")).ok();
    let first = list.lines().next().expect("a line");
    assert_eq!(first, "35 can be spent (0 of this month, 30 bought), 0 held, 0 owed");
    assert_eq!(list.lines().count(), 3, "{list}");
    let json = home.bloom(&format!("credits list --account {ADA} --json")).json();
    assert_eq!(json["grants"].as_array().map(Vec::len), Some(2));
    assert_eq!(exported(home), beside, "the same without a server");
});

/// The movements of Ada, after comparing both forms of them.
fn exported(home: &Home) -> Vec<String> {
    let ndjson = home.bloom(&format!("credits export --account {ADA}")).ok();
    let lines: Vec<Value> =
        ndjson.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let moved: Vec<_> = lines
        .iter()
        .map(|line| format!("{} {} {}", line["kind"], line["credits"], line["source"]))
        .collect();
    assert_eq!(
        moved,
        [
            r#""granted" 50 "topup:in_1""#,
            r#""granted" 5 "promo:a,\"b\"""#,
            r#""taken_back" 20 "topup:in_1""#,
        ]
    );
    let sum: i64 = lines.iter().filter_map(|line| line["available"].as_i64()).sum();
    assert_eq!(sum, 35);
    let csv = home.bloom(&format!("credits export --account {ADA} --format csv")).ok();
    let rows: Vec<_> = csv.lines().collect();
    assert!(rows[0].starts_with("entry,line,at,kind,credits,available,held,debt,"), "{csv}");
    assert_eq!(rows.len(), lines.len() + 1);
    assert!(rows[2].contains(r#",promo,"promo:a,""b""",credits.grant,,,,"#), "{csv}");
    moved
}

#[test]
fn what_cannot_be_meant() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let grant = |words: &str| {
        home.bloom(&format!("credits grant --account {ADA} --reference a {words}")).refused(2)
    };
    for amount in ["0", "-5", "1.5", "ten", "1e3", "1000000000001", "99999999999999999999"] {
        let line = grant(&format!("--amount {amount}"));
        assert!(line.starts_with(&format!("--amount {amount}: expected ")), "{line}");
    }
    for (words, part) in [
        ("--amount 5 --kind monthly", "monthly"),
        ("--amount 5 --kind topup --expires 2100-01-01", "bought credits never end"),
        ("--amount 5 --expires 2020-01-01", "must be ahead"),
        ("--amount 5 --expires tomorrow", "--expires tomorrow"),
        ("--amount 5 --workspace 7", "--workspace"),
        (
            "--amount 5 --workspace 01941f29-7c00-7aaa-8aaa-aaaaaaaaaaaa",
            "there is no such workspace",
        ),
        ("", "--amount"),
    ] {
        let line = grant(words);
        assert!(line.contains(part), "{line}");
    }
    let long = "x".repeat(201);
    for (words, part) in [
        (format!("credits grant --account {ADA} --amount 5"), "--reference"),
        (format!("credits grant --account {ADA} --amount 5 --reference {long}"), "--reference"),
        ("credits list --account bob@example.com".to_owned(), "no account has that email address"),
        (format!("credits export --account {ADA} --format xml"), "xml"),
        ("credits take-back --reference a --amount 1".to_owned(), "no credits were bought"),
        ("credits take-back --reference a --amount -1".to_owned(), "at least 1 credit"),
    ] {
        let line = home.bloom(&words).refused(2);
        assert!(line.contains(part), "{line}");
    }
    // Nothing of all that was written.
    let list = home.bloom(&format!("credits list --account {ADA}")).ok();
    assert!(list.contains("No credits were ever granted."), "{list}");
    assert_eq!(home.bloom(&format!("credits export --account {ADA}")).ok(), "");
}
