//! What can never be had again is asked for: at a terminal by typing the account's address, elsewhere by `--yes`.

use std::fs::File;

use crate::support::home::Home;
use crate::support::program::{Finished, finish, finish_at_a_terminal};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

fn accounts(home: &Home) -> usize {
    home.bloom("account list --json").json().as_array().expect("a list").len()
}

/// How many keys of the account have not ended.
fn working(home: &Home) -> usize {
    let keys = home.bloom(&format!("keys list --account {ADA} --json")).json();
    let keys = keys.as_array().expect("a list");
    keys.iter().filter(|key| key["state"] == "active").count()
}

fn at_a_terminal(home: &Home, words: &str, typed: &str) -> Finished {
    finish_at_a_terminal(home.command(words), typed)
}

on_both_engines!(without_a_terminal_a_loss_needs_a_word, |home| {
    home.account(ADA, PASSWORD);
    home.key(ADA, "ci");
    let losses = ["sign-out --keys", "sign-out --apps", "sign-out --keys --apps", "delete"];
    let commands = losses.map(|loss| format!("account {loss} --email {ADA}"));
    let address = home.path("address");
    std::fs::write(&address, format!("{ADA}\n")).expect("a file");
    let check = || {
        for words in &commands {
            // What is piped in was written by nobody who has seen the question.
            let mut piped = home.command(words);
            piped.stdin(File::open(&address).expect("the file"));
            for refused in [home.bloom(words), finish(piped, "")] {
                let line = refused.refused(2);
                assert!(line.contains(ADA) && line.contains("--yes"), "{words}: {line}");
            }
        }
        assert_eq!((accounts(home), working(home)), (1, 1));
    };
    check();
    // What signs out only loses nothing.
    home.bloom(&format!("account sign-out --email {ADA}")).ok();
    let server = home.serve();
    check();
    home.bloom(&format!("{} --yes", commands[1])).ok();
    assert_eq!(working(home), 1);
    home.bloom(&format!("{} --yes", commands[0])).ok();
    assert_eq!(working(home), 0);
    let deleted = home.bloom(&format!("{} --yes --json", commands[3])).json();
    assert_eq!((&deleted["email"], &deleted["deleted"]), (&ADA.into(), &true.into()));
    assert_eq!(accounts(home), 0);
    drop(server);
});

#[test]
fn at_a_terminal_the_address_is_typed() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    home.key(ADA, "ci");
    let delete = format!("account delete --email {ADA}");
    for (typed, what) in [
        ("\n", "nothing"),
        ("y\n", "yes"),
        ("bob@example.com\n", "somebody else"),
        ("\u{4}", "the end of what is typed"),
    ] {
        let refused = at_a_terminal(&home, &delete, typed);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{what}: {refused:?}");
        let shown: Vec<_> = refused.stderr.lines().collect();
        assert!(refused.stderr.contains("for good"), "{what}: {refused:?}");
        let last = shown.last().expect("a line");
        assert!(last.starts_with("bloom: ") && last.contains("nothing was done"), "{refused:?}");
        assert_eq!((accounts(&home), working(&home)), (1, 1), "{what}");
    }
    let out = format!("account sign-out --keys --email {ADA}");
    let ended = at_a_terminal(&home, &out, &format!("{ADA}\n"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("API keys 1"), "{ended:?}");
    // As the page takes it: in capitals, too.
    let deleted = at_a_terminal(&home, &format!("{delete} --json"), " Ada@Example.com \n");
    assert_eq!(deleted.code, Some(0), "{deleted:?}");
    let json: serde_json::Value = serde_json::from_str(&deleted.stdout).expect("only the answer");
    assert_eq!(json["deleted"], true);
    assert_eq!(accounts(&home), 0);
    // Who says so is not asked at a terminal either.
    home.account(ADA, PASSWORD);
    let deleted = at_a_terminal(&home, &format!("{delete} --yes"), "");
    assert_eq!((deleted.code, deleted.stderr.as_str()), (Some(0), ""), "{deleted:?}");
}
