//! `bloom plan`: alone on a folder, and beside the server that works in it; and the webhook over a
//! connection.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::support::home::Home;
use crate::support::http::Ask;
use crate::support::secrets;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const SECRET: &str = "whsec_process_tests_1234";

/// Writes a configuration with billing on into a home; gives the words that name it.
fn configure(home: &Home, more: &str) -> String {
    let path = home.path("bloom.toml");
    secrets::note(SECRET);
    let text = format!("[billing]\nenabled = true\nwebhook_secrets = \"{SECRET}\"\n{more}");
    std::fs::write(&path, text).expect("a file is written");
    format!("--config {}", path.display())
}

on_both_engines!(they_are_listed_given_and_taken_away, |home| {
    let config = configure(home, "");
    home.bloom_told(&format!("account create --email {ADA} --password-stdin {config}"), PASSWORD)
        .ok();
    let plan = |words: &str| home.bloom(&format!("plan {words} {config}"));
    let list = plan("list").ok();
    assert_eq!(list.lines().count(), 8, "{list}");
    let first = "trial  Free: 10 credits once  10 credits for signing up, API, MCP, images to 2K, \
                 1 seat, default  0 subscribed";
    assert_eq!(list.lines().next(), Some(first));
    let shown = plan(&format!("show --account {ADA} --json")).json();
    assert_eq!((&shown["plan"], &shown["state"]), (&json!("trial"), &Value::Null));
    let set = plan(&format!("set --account {ADA} --plan pro --json")).json();
    assert_eq!((&set["plan"], &set["state"]), (&json!("pro"), &json!("active")));
    assert_eq!((&set["monthly_credits"], &set["set_by_operator"]), (&json!(100), &json!(true)));
    let credits = home.bloom(&format!("credits list --account {ADA} {config}")).ok();
    let first = "110 can be spent (100 of this month, 0 bought), 0 held, 0 owed";
    assert_eq!(credits.lines().next(), Some(first));

    // Beside a server its plans count, and the command needs no configuration.
    let server = home.serve_with(&config);
    let beside = |words: &str| home.bloom(&format!("plan {words}"));
    let key = home.key(ADA, "ci");
    let paused = beside(&format!("set --account {ADA} --plan pro --state paused --json")).json();
    assert_eq!(paused["state"], "paused");
    let listed = beside("list --json").json();
    assert_eq!((&listed[2]["name"], &listed[2]["subscribed"]), (&json!("pro"), &json!(1)));
    let cleared = beside(&format!("clear --account {ADA} --json")).json();
    assert_eq!((&cleared["plan"], &cleared["was_set"]), (&json!("trial"), &json!(true)));
    let again = beside(&format!("clear --account {ADA}")).ok();
    assert!(again.contains("Nothing was set; nothing has changed."), "{again}");

    let workspace = home.bloom(&format!("credits list --account {ADA} --json")).json();
    let workspace = workspace["grants"][0]["workspace"].as_str().expect("an id").to_owned();
    let event = include_str!("../integration/billing/events/checkout_payment.json");
    let event = event.replace("WORKSPACE", &workspace);
    for (secret, status) in [("whsec_nobody_knows_this", 400), (SECRET, 200), (SECRET, 200)] {
        let signed = signature(secret, event.as_bytes());
        let ask = Ask::any("POST", "/api/billing/webhook", event.clone());
        let ask = ask.header("content-type", "application/json");
        let answer = server.send(&ask.header("stripe-signature", &signed));
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let ask = Ask::get("/api/v1/credits").header("x-api-key", &key);
    let answer = server.send(&ask).json();
    assert_eq!((&answer["data"]["balance"], &answer["data"]["topup"]), (&json!(210), &json!(100)));
    assert_eq!(server.stop().code, Some(0));

    let audit = home.bloom(&format!("audit --account {ADA}")).ok();
    assert_eq!(audit.matches("plan.changed").count(), 3, "{audit}");
    assert!(home.bloom("audit verify").ok().contains("each as it was written"), "{audit}");
});

/// The signature of a body, made now.
fn signature(secret: &str, body: &[u8]) -> String {
    let now = std::time::SystemTime::now();
    let at = now.duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, &[format!("{at}.").as_bytes(), body].concat());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}

#[test]
fn what_cannot_be_meant_is_one_line_and_exit_code_2() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let off = home.bloom(&format!("plan set --account {ADA} --plan plus")).refused(2);
    assert!(off.contains("billing is off"), "{off}");
    assert!(home.bloom("plan list").refused(2).contains("billing is off"));
    let config = configure(&home, "");
    for (words, part) in [
        (format!("set --account {ADA} --plan gold"), "there is no plan \"gold\""),
        (format!("set --account {ADA} --plan plus --state frozen"), "frozen"),
        (format!("set --account {ADA} --plan plus --starts tomorrow"), "--starts tomorrow"),
        (format!("set --account {ADA}"), "--plan"),
        ("show --account bob@example.com".to_owned(), "no account has that email address"),
        (format!("show --account {ADA} --workspace 7"), "--workspace"),
    ] {
        let line = home.bloom(&format!("plan {words} {config}")).refused(2);
        assert!(line.contains(part), "{line}");
    }
    let shown = home.bloom(&format!("plan show --account {ADA} {config}")).ok();
    assert!(
        shown.starts_with("trial  Free: 10 credits once  no subscription, 0 credits"),
        "{shown}"
    );
}

#[test]
fn a_bad_table_stops_the_start_with_one_line_and_exit_code_2() {
    let home = Home::on_sqlite();
    for (text, part) in [
        (
            "[plans.trial]\nprice = \"Free\"\nmonthly_credits = -1",
            "plans.trial.monthly_credits must",
        ),
        ("[plans.gold]\nprice = \"1\"", "the default plan \"trial\" is not among the plans"),
        ("[plans.trial]\nprice = \"Free\"\nseat = 1", "plans.trial has no key \"seat\""),
    ] {
        let config = configure(&home, text);
        let line = home.bloom(&format!("serve --listen 127.0.0.1:0 {config}")).refused(2);
        assert!(line.contains(part), "{line}");
    }
}
