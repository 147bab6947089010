//! `bloom audit`: alone on a folder, and beside the server that works in it.

use crate::support::home::Home;
use crate::support::person::Person;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

on_both_engines!(it_is_listed_and_verified, |home| {
    home.account(ADA, PASSWORD);
    home.account("bob@example.com", PASSWORD);
    home.key(ADA, "ci");
    let alone = home.bloom("audit").ok();
    assert_eq!(alone.lines().count(), 3, "{alone}");
    let newest = alone.lines().next().expect("a line");
    assert!(newest.starts_with("3  "), "{alone}");
    for word in
        ["api_key.created", "by operator", "from -", "of ada@example.com", "\"name\":\"ci\""]
    {
        assert!(newest.contains(word), "{word}: {newest}");
    }
    let said = home.bloom("audit verify").ok();
    assert!(said.starts_with("3 records, each as it was written. The end is 3:"), "{said}");
    let mark = home.bloom("audit verify --json").json()["end"].as_str().expect("a mark").to_owned();

    let server = home.serve();
    Person::sign_in(&server, ADA, PASSWORD);
    let beside = home.bloom(&format!("audit --account {ADA} --limit 2 --json")).json();
    let beside = beside.as_array().expect("a list");
    assert_eq!(beside.len(), 2);
    assert_eq!(beside[0]["action"], "session.started");
    assert_eq!(beside[0]["details"]["address"], "127.0.0.1");
    assert_eq!(beside[1]["hash"], mark.as_str());
    let verified = home.bloom(&format!("audit verify --expect {mark} --json")).json();
    assert_eq!((&verified["records"], &verified["erased"]), (&4.into(), &0.into()));

    let other = format!("3:{}", "0".repeat(64));
    let line = home.bloom(&format!("audit verify --expect {other}")).refused(1);
    assert!(line.contains("the audit was changed: record 3: its hash is not the one"), "{line}");
    let later = format!("5:{}", "0".repeat(64));
    let line = home.bloom(&format!("audit verify --expect {later}")).refused(1);
    assert!(line.contains("record 5: it is missing"), "{line}");
    home.bloom("audit verify --expect nonsense").refused(2);
    home.bloom("audit --limit 0").refused(2);
    home.bloom("audit --account nobody@example.com").refused(2);
});
