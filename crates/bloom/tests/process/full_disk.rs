//! A full disk, made without one: a limit on the size of files (`ulimit -f`) fails the writes of the
//! database in the same way, as seen from SQLite.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::home::Home;
use crate::support::http::Ask;
use crate::support::page;
use crate::support::person::Person;
use crate::support::program::{self, finish};
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// A command whose files may have so many KiB.
fn limited(home: &Home, kib: u64, words: &str) -> Command {
    let plain = home.command(words);
    let mut shell = program::command("bash");
    // Past the limit a write is answered with an error, and not with a signal.
    shell.args(["-c", "trap '' XFSZ; ulimit -S -f \"$0\"; exec \"$@\"", &kib.to_string()]);
    shell.arg(plain.get_program()).args(plain.get_args());
    shell
}

/// How large the database is, in KiB.
fn size(home: &Home) -> u64 {
    let bytes = std::fs::metadata(home.data().join("bloom.db")).expect("the database").len();
    bytes.div_ceil(1024)
}

#[test]
fn a_full_disk_is_said_and_nothing_is_half_done() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let before = home.key(ADA, "before");
    let serve = limited(&home, size(&home) + 150, "serve --listen 127.0.0.1:0");
    let server = Server::start(serve, &home.data());
    let mut person = Person::sign_in(&server, ADA, PASSWORD);

    let mut made = vec![("before".to_owned(), before)];
    let refused = (0..90).find_map(|number| {
        let name = format!("key-{number}");
        let answer = person.post("/settings/api-keys", &[("name", &name)]);
        if answer.status == 200 {
            made.push((name, page::new_key(&answer.body).expect("a key").to_owned()));
            return None;
        }
        Some(answer)
    });
    let refused = refused.expect("the disk is full at last").expect(503);
    assert!(made.len() > 3, "the limit left room for some keys");
    assert!(refused.body.contains("Nothing was changed") && page::new_key(&refused.body).is_none());
    assert_eq!(refused.header("retry-after"), Some("1"));

    // A smaller write may still find room; then there is none, and all that writes is refused.
    person.post("/settings/api-keys", &[("name", "again")]).expect(503);
    let rows = person.keys();
    let mut revoked = BTreeSet::new();
    let refused = rows.into_iter().find(|row| {
        let id = row.id.as_ref().expect("a key that works");
        let answer = person
            .post(&format!("/settings/api-keys/{id}/revoke"), &[("confirmed", row.name.as_str())]);
        answer.status == 503 || {
            answer.expect(303);
            assert!(revoked.insert(row.name.clone()));
            false
        }
    });
    assert!(refused.is_some(), "there is room for everything");
    let expected = |name: &str| if revoked.contains(name) { 401 } else { 200 };
    let mut other = Person::open(&server, "/sign-up");
    other.enter("/sign-up", "bob@example.com", PASSWORD).expect(503);
    let line = home.bloom(&format!("keys create --account {ADA}")).refused(1);
    assert!(line.contains("the database is unavailable"), "{line}");
    for (name, key) in &made {
        server.account(key).expect(expected(name));
    }
    server.send(&Ask::get("/api/v1/workspaces").header("x-api-key", &made[0].1)).expect(200);
    assert!(server.log().contains("503"), "the cause is in the log: {}", server.log());
    // Even now it stops in order.
    assert_eq!(server.stop().code, Some(0));

    let server = home.serve();
    let mut person = Person::sign_in(&server, ADA, PASSWORD);
    let listed = person.keys();
    for row in &listed {
        assert_eq!(row.is_revoked, revoked.contains(&row.name), "{row:?}");
    }
    let listed: BTreeSet<_> = listed.into_iter().map(|row| row.name).collect();
    assert_eq!(listed, made.iter().map(|(name, _)| name.clone()).collect());
    for (name, key) in &made {
        server.account(key).expect(expected(name));
    }
    let after = person.create_key("after");
    server.account(&after).expect(200);
    let accounts = home.bloom("account list --json").json();
    assert_eq!(accounts.as_array().map(Vec::len), Some(1), "{accounts}");
}

#[test]
fn a_server_recovers_when_there_is_room_again() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let serve = limited(&home, size(&home) + 100, "serve --listen 127.0.0.1:0");
    let server = Server::start(serve, &home.data());
    let mut person = Person::sign_in(&server, ADA, PASSWORD);
    let full = (0..90).any(|number| {
        person.post("/settings/api-keys", &[("name", &format!("key-{number}"))]).status == 503
    });
    assert!(full);
    // Room is made without a restart: the limit of the running process is lifted.
    let pid = server.pid().to_string();
    let mut lift = program::command("prlimit");
    lift.args(["--fsize=unlimited", "--pid", &pid]);
    if Command::new("prlimit").arg("--version").output().is_err() {
        eprintln!("skipped: there is no program prlimit, which makes room");
        return;
    }
    finish(lift, "").ok();
    let key = person.create_key("after");
    server.account(&key).expect(200);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn no_room_from_the_start_is_one_line() {
    let home = Home::on_sqlite();
    for words in ["serve --listen 127.0.0.1:0", "account list"] {
        let line = finish(limited(&home, 8, words), "").refused(1);
        assert!(line.contains("bloom.db"), "{line}");
    }
    home.account(ADA, PASSWORD);
    // Enough to open the database, and not for a copy of it.
    let mut backup = limited(&home, size(&home) - 8, "backup");
    backup.arg("--to").arg(home.path("copy"));
    let line = finish(backup, "").refused(1);
    assert!(line.contains(&home.path("copy").display().to_string()), "{line}");
    assert!(!home.path("copy").exists(), "half a backup is worse than none");
    home.bloom_with("backup --to", home.path("copy")).ok();
}
