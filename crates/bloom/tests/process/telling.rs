//! What commands tell is what is so: alone on a folder, a second time, and of one as of several.

use crate::support::home::Home;
use crate::support::program::finish;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

#[test]
fn a_link_leads_where_people_reach_the_server() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let words = format!("account reset-link --email {ADA}");
    let line = home.bloom(&words).refused(2);
    assert!(
        line.contains("start the server") && line.contains("BLOOM_SERVER_PUBLIC_URL"),
        "{line}"
    );
    let mut command = home.command(&words);
    command.env("BLOOM_SERVER_PUBLIC_URL", "https://bloom.example.com");
    let shown = finish(command, "").ok();
    assert!(shown.contains("\nhttps://bloom.example.com/reset-password/"), "{shown}");
    let server = home.serve();
    let shown = home.bloom(&words).ok();
    assert!(shown.contains(&format!("\n{}/reset-password/", server.origin())), "{shown}");
}

#[test]
fn mails_are_counted_by_a_server_only() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let told = home.bloom("mail status").ok();
    assert_eq!(told, "0 waiting. No server works in this data folder to send them.\n");
    let json = home.bloom("mail status --json").json();
    assert_eq!((&json["waiting"], json["delivered"].is_null()), (&0.into(), true), "{json}");
    let server = home.serve();
    let told = home.bloom("mail status").ok();
    assert!(told.starts_with("0 waiting. Since the server started: 0 delivered, "), "{told}");
    assert_eq!(home.bloom("mail status --json").json()["delivered"], 0);
    drop(server);
}

#[test]
fn what_changes_nothing_says_so() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    home.key(ADA, "ci");
    assert!(!home.bloom("signing-keys rotate").ok().contains("nothing has changed"));
    let again = home.bloom("signing-keys rotate").ok();
    assert!(again.ends_with("\nThe next key was there already; nothing has changed.\n"), "{again}");

    let keys = |words: &str| home.bloom(&format!("keys {words} --name ci --account {ADA}"));
    let end = || keys("end-overlap").ok();
    assert!(end().ends_with("\nIt had no old secret; nothing has changed.\n"));
    keys("rotate").ok();
    assert_eq!(end().lines().count(), 1);
    assert_eq!(keys("end-overlap --json").json()["had_old_secret"], false);
    keys("rotate").ok();
    assert_eq!(keys("end-overlap --json").json()["had_old_secret"], true);
}

#[test]
fn one_is_told_as_one() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let told = home.bloom("audit verify").ok();
    assert!(told.starts_with("1 record, each as it was written. "), "{told}");
    home.key(ADA, "ci");
    let told = home.bloom("audit verify").ok();
    assert!(told.starts_with("2 records, each as it was written. "), "{told}");
    let told = home.bloom_with("backup --to", home.path("copy")).ok();
    let parts = "copy holds the database, the root secret and the files of images; to restore";
    assert!(told.contains(parts), "{told}");
}

#[test]
fn an_app_that_cannot_be_meant() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    for (name, words, parts) in [
        (" ", "--acts-alone", &["--name"][..]),
        ("Robot", "--acts-alone --method none", &["--acts-alone", "--method basic"]),
        ("Robot", "--acts-alone --scope reed", &["--scope", "\"reed\"", "read", "offline_access"]),
        ("Robot", "--redirect-uri app", &["app: it is not absolute"]),
    ] {
        let words = format!("clients create --account {ADA} {words} --name");
        let line = home.bloom_with(&words, name).refused(2);
        assert!(parts.iter().all(|part| line.contains(part)), "{words}: {line}");
    }
    assert_eq!(home.bloom("clients list --json").json(), serde_json::json!([]));
    let words = format!("clients create --account {ADA} --acts-alone --name R --json --scope");
    home.bloom_with(&words, "read generate").json();
}

#[test]
fn a_password_without_an_end_is_refused() {
    let home = Home::on_sqlite();
    let mut command = home.command(&format!("account create --email {ADA} --password-stdin"));
    command.stdin(std::fs::File::open("/dev/zero").expect("it is there"));
    let line = finish(command, "").refused(2);
    assert!(line.contains("at most 128 characters"), "{line}");
}
