//! What cannot be meant, and what the machine cannot do: one line on standard error and an exit code.
//! 2 says that the command line or the configuration is wrong, 1 that the machine is.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::support::home::Home;
use crate::support::program::{self, BLOOM, finish};

const ADA: &str = "ada@example.com";
/// Nobody in particular: `nobody` on Debian, and unprivileged anywhere.
const NOBODY: u32 = 65534;

/// Runs the program in a folder and gives the line with which it refuses.
fn refused(home: &Home, words: &str, variables: &[(&str, &str)]) -> String {
    let mut command = program::bloom(words);
    command.current_dir(home.path("")).envs(variables.iter().copied());
    finish(command, "").refused(2)
}

fn names(line: &str, parts: &[&str]) {
    assert!(parts.iter().all(|part| line.contains(part)), "{line:?} does not name {parts:?}");
}

#[test]
fn a_command_line_that_cannot_be_meant() {
    let home = Home::on_sqlite();
    let long = "a".repeat(101);
    let cases: &[(&str, &[&str])] = &[
        ("frobnicate", &["frobnicate"]),
        ("serve --data d --fast", &["--fast"]),
        ("serve --data d --listen", &["--listen"]),
        ("serve", &["--data"]),
        ("serve --data d --listen 8080", &["\"8080\"", "127.0.0.1:8080"]),
        ("serve --data d --listen localhost:x", &["localhost:x"]),
        ("strat --data d", &["strat", "start"]),
        ("serve --data d --listen 127.0.0.1:0 --public-url bloom.example", &["bloom.example"]),
        (
            "serve --data d --listen 127.0.0.1:0 --public-url https://a/b",
            &["https://a/b", "public_url"],
        ),
        ("serve --data d --listen 0.0.0.0:0", &["--public-url"]),
        ("serve --data d --listen 127.0.0.1:0 --database-url mysql://h/d", &["postgres://"]),
        ("start --data d --listen nowhere", &["nowhere"]),
        ("account create --data d --email ada", &["ada", "name@example.com"]),
        ("account create --data d", &["--email"]),
        ("account ban --data d --email @", &["\"@\""]),
        (&format!("account create --data d --email {ADA} --name {long}"), &["--name"]),
        (&format!("keys create --data d --account {ADA} --name {long}"), &["--name"]),
        (&format!("keys revoke --data d --account {ADA}"), &["--name"]),
        (&format!("keys revoke --data d --account {ADA} --id 7"), &["--id"]),
        (&format!("keys revoke --data d --account {ADA} --id 7 --name x"), &["--id"]),
        ("keys list --data d", &["--account"]),
        ("backup --data d", &["--to"]),
        ("audit --data d --limit many", &["'many'", "--limit", "a number from 1 to 10000"]),
        ("audit --data d --limit -1", &["'-1'", "a number from 1 to 10000"]),
        (&format!("credits usage --data d --account {ADA} --days 367"), &["from 1 to 366"]),
        (&format!("keys rotate --data d --account {ADA} --name x --overlap -1h"), &["24h"]),
        ("account list --data d --config missing.toml", &["missing.toml"]),
    ];
    for (words, parts) in cases {
        names(&refused(&home, words, &[]), parts);
        assert!(!home.path("d").exists(), "{words}: a data folder was made");
    }
}

#[test]
fn the_help_that_is_named_is_that_of_the_command() {
    let home = Home::on_sqlite();
    for (words, command) in [
        ("frobnicate", "bloom"),
        ("keys frobnicate", "bloom keys"),
        ("keys create --frobnicate", "bloom keys create"),
        ("keys create --account", "bloom keys create"),
        ("audit --limit many", "bloom audit"),
        ("audit --data d --limit 0", "bloom audit"),
        ("credits usage --account a@b.example --days 0", "bloom credits usage"),
        ("credits grant --kind gift", "bloom credits grant"),
        ("credits export --format xml", "bloom credits export"),
        ("plan set --state gone", "bloom plan set"),
        ("clients create --method mtls", "bloom clients create"),
        ("signing-keys list --json=7", "bloom signing-keys list"),
    ] {
        let line = refused(&home, words, &[]);
        assert!(line.ends_with(&format!("(see {command} --help)")), "{words}: {line}");
    }
    // One word short: what can follow is said.
    for (words, verbs) in [
        ("keys", &["create", "scan"][..]),
        ("account", &["ban", "delete"]),
        ("clients", &["create", "unverify"]),
        ("credits", &["grant", "take-back"]),
        ("plan", &["show", "clear"]),
        ("mail", &["test", "status"]),
        ("secret", &["rotate"]),
        ("signing-keys", &["list", "rotate"]),
    ] {
        let line = refused(&home, words, &[]);
        names(&line, verbs);
        assert!(line.ends_with(&format!("(see bloom {words} --help)")), "{words}: {line}");
    }
}

#[test]
fn a_configuration_that_cannot_be_meant() {
    let home = Home::on_sqlite();
    let files: &[(&str, &[&str])] = &[
        ("[serve]\nlisten = \"x\"", &["\"serve\"", "server"]),
        ("[server]\nlissten = \"x\"", &["\"lissten\"", "listen"]),
        ("listen = \"127.0.0.1:1\"", &["listen", "outside a section"]),
        ("[server]\ndrain_seconds = \"ten\"", &["server.drain_seconds", "whole number"]),
        ("[server\nlisten = 1", &["bad.toml"]),
        ("[server]\nlisten = \"a\"\nlisten = \"b\"", &["bad.toml", "duplicate"]),
        ("[server]\nlisten = \"nowhere\"", &["nowhere"]),
        ("[accounts]\nsign_up = \"yes\"", &["accounts.sign_up", "open, invite or closed"]),
        ("[server]\ndrain_seconds = -1", &["server.drain_seconds"]),
        ("[log]\nformat = \"xml\"", &["log.format", "text or json"]),
        ("[log]\nfilter = \"bloom=loud\"", &["log.filter"]),
        ("[secret]\ncurrent = \"tooshort\"", &["secret.current", "64 hexadecimal digits"]),
    ];
    for (text, parts) in files {
        fs::write(home.path("bad.toml"), text).expect("a file");
        let line = refused(&home, "serve --data d --config bad.toml", &[]);
        names(&line, parts);
        assert!(!line.contains("tooshort"), "a secret is repeated: {line}");
        assert!(!home.path("d").exists(), "{text}: a data folder was made");
    }
    let variables: &[(&str, &str, &[&str])] = &[
        ("BLOOM_URL", "x", &["BLOOM_URL", "section", "server"]),
        ("BLOOM_SERVER_PUBLICURL", "x", &["BLOOM_SERVER_PUBLICURL", "public_url"]),
        ("BLOOM_LIMITS_ENABLED", "off", &["BLOOM_LIMITS_ENABLED", "true or false"]),
        ("BLOOM_SERVER_LISTEN", "x", &["\"x\""]),
        ("BLOOM_", "x", &["BLOOM_"]),
    ];
    for (name, value, parts) in variables {
        let line = refused(&home, "serve --data d", &[(name, value)]);
        names(&line, parts);
        assert!(!home.path("d").exists(), "{name}: a data folder was made");
    }
}

#[test]
fn the_variable_for_a_clients_key_is_not_a_setting() {
    // Our own pages say to put a key there, and the same shell may run a command.
    let home = Home::on_sqlite();
    home.account(ADA, "correct horse battery");
    let mut command = home.command("account list");
    command.env("BLOOM_API_KEY", "bloom_sk_x");
    assert!(finish(command, "").ok().starts_with(ADA));
}

#[test]
fn a_command_needs_no_public_url() {
    let home = Home::on_sqlite();
    home.account(ADA, "correct horse battery");
    let mut command = home.command("account list");
    command.env("BLOOM_SERVER_LISTEN", "0.0.0.0:8080");
    finish(command, "").ok();
}

#[test]
fn a_command_on_what_is_not_there() {
    let home = Home::on_sqlite();
    home.account(ADA, "correct horse battery");
    let unknown = [
        "account ban --email bob@example.com",
        "account unban --email bob@example.com",
        "account set-password --email bob@example.com",
        "keys create --account bob@example.com",
        "keys list --account bob@example.com",
    ];
    let check = |home: &Home| {
        for words in unknown {
            names(&home.bloom(words).refused(2), &["no account has that email address"]);
        }
        let taken = home.bloom(&format!("account create --email {ADA}")).refused(2);
        names(&taken, &["has that email address already"]);
        let key = format!("keys revoke --account {ADA} --name none");
        names(&home.bloom(&key).refused(2), &["no such API key"]);
        for (password, why) in [("2short", "at least 8"), (&"x".repeat(129), "at most 128")] {
            let words = format!("account set-password --email {ADA} --password-stdin");
            names(&home.bloom_told(&words, password).refused(2), &[why]);
        }
    };
    check(&home);
    // The same words when a server does it.
    let server = home.serve();
    check(&home);
    assert_eq!(server.stop().code, Some(0));
    let accounts = home.bloom("account list --json").json();
    assert_eq!(accounts.as_array().map(Vec::len), Some(1), "{accounts}");
}

#[test]
fn what_is_taken() {
    let home = Home::on_sqlite();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    let line = home.bloom(&format!("serve --listen 127.0.0.1:{port}")).refused(1);
    names(&line, &[&port.to_string(), "--listen"]);
    assert!(!home.data().join("bloom.db").exists(), "nothing was made");

    let server = home.serve();
    for words in ["serve --listen 127.0.0.1:0", "start --listen 127.0.0.1:0"] {
        let line = home.bloom(words).refused(1);
        names(&line, &[&home.data().display().to_string(), "another process"]);
    }
    server.get("/healthz").expect(200);
}

/// The program where anybody may run it.
fn for_everybody(home: &Home) -> std::path::PathBuf {
    let copy = home.path("bloom");
    // Not by ourselves: a child of another test could inherit the open copy, and keep it busy.
    let mut cp = program::command("cp");
    cp.arg(BLOOM).arg(&copy);
    finish(cp, "").ok();
    for path in [home.path(""), copy.clone()] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).expect("our own files");
    }
    copy
}

#[test]
fn a_folder_that_may_not_be_written() {
    let home = Home::on_sqlite();
    home.account(ADA, "correct horse battery");
    let is_root = rustix::process::geteuid().is_root();
    let bloom = for_everybody(&home);
    let read_only = home.path("read-only");
    fs::create_dir(&read_only).expect("a folder");
    let data = home.data();
    for folder in [&read_only, &data] {
        if is_root {
            chown(folder, Some(NOBODY), Some(NOBODY)).expect("root may");
            for file in fs::read_dir(folder).expect("the folder") {
                let file = file.expect("a file").path();
                chown(&file, Some(NOBODY), Some(NOBODY)).expect("root may");
            }
        }
    }
    let lock = |folder: &Path, mode| fs::set_permissions(folder, Permissions::from_mode(mode));
    let refused = |folder: &Path, words: &str| {
        let mut command = program::command(&bloom);
        command.args(words.split(' ')).arg("--data").arg(folder).current_dir("/");
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        finish(command, "").refused(1)
    };
    lock(&read_only, 0o500).expect("our own folder");
    lock(&data, 0o500).expect("our own folder");
    fs::set_permissions(data.join("bloom.db"), Permissions::from_mode(0o400)).expect("our file");
    let create = "account create --email bob@example.com";
    for words in ["serve --listen 127.0.0.1:0", "start --listen 127.0.0.1:0", create] {
        names(&refused(&read_only, words), &[&read_only.display().to_string()]);
        names(&refused(&read_only.join("deeper"), words), &["read-only/deeper"]);
        names(&refused(&data, words), &[&data.display().to_string()]);
    }
    lock(&read_only, 0o700).expect("our own folder");
    lock(&data, 0o700).expect("our own folder");
}

#[test]
fn a_mistyped_folder_is_not_made() {
    let home = Home::on_sqlite();
    let commands = ["account list", "keys list --account bob@example.com", "secret rotate"];
    for words in commands {
        names(&home.bloom(words).refused(2), &["there is no database at", "check --data"]);
    }
    assert!(!home.data().exists());
}

#[test]
fn a_lost_secret_is_not_replaced() {
    let home = Home::on_sqlite();
    home.account(ADA, "correct horse battery");
    let secret = home.data().join("secret");
    fs::remove_file(&secret).expect("the secret");
    for words in ["serve --listen 127.0.0.1:0", "account list"] {
        names(&home.bloom(words).refused(1), &["secret is missing", "backup"]);
        assert!(!secret.exists(), "{words}: a secret was made that fits nothing");
    }
}

#[test]
fn a_folder_that_is_none() {
    let home = Home::on_sqlite();
    fs::write(home.data(), "a file").expect("a file");
    for words in ["serve --listen 127.0.0.1:0", "account create --email bob@example.com"] {
        names(&home.bloom(words).refused(1), &[&home.data().display().to_string()]);
    }
    assert_eq!(fs::read_to_string(home.data()).expect("the file"), "a file");
}

#[test]
fn a_database_that_is_none() {
    let home = Home::on_sqlite();
    home.account(ADA, "correct horse battery");
    let file = home.data().join("bloom.db");
    let good = fs::read(&file).expect("the database");
    let garbage = "not a database, whatever it was before. ".repeat(500);
    for (what, content) in [("garbage", garbage.as_bytes()), ("half", &good[..good.len() / 2])] {
        fs::write(&file, content).expect("the file");
        let line = home.bloom("serve --listen 127.0.0.1:0").refused(1);
        names(&line, &[&file.display().to_string()]);
        assert_eq!(fs::read(&file).expect("the file"), content, "{what}: the file was changed");
    }
    fs::remove_file(&file).expect("the file");
    fs::create_dir(&file).expect("a folder in its place");
    names(&home.bloom("account list").refused(1), &[&file.display().to_string()]);
}

#[test]
fn a_postgresql_that_is_not_there() {
    let home = Home::on_sqlite();
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let url = format!("postgres://bloom:hunter2hunter2@127.0.0.1:{port}/bloom");
    for words in ["serve --listen 127.0.0.1:0", "account list"] {
        let mut command = home.command(words);
        command.args(["--database-url", &url]);
        let line = finish(command, "").refused(1);
        names(&line, &["127.0.0.1", &port.to_string()]);
        assert!(!line.contains("hunter2"), "the password is shown: {line}");
    }
    let mut command = home.command("account list");
    command.args(["--database-url", "postgres://bloom:hunter2hunter2@[::1/bloom"]);
    let line = finish(command, "").refused(1);
    assert!(!line.contains("hunter2"), "the password is shown: {line}");
}

#[test]
fn a_path_too_long_for_a_socket() {
    let home = Home::on_sqlite();
    let deep = home.path(&"d".repeat(120));
    let line = finish(home.command_in(&deep, "serve --listen 127.0.0.1:0"), "").refused(2);
    names(&line, &["control.sock", "shorter"]);
    // Commands need no socket when no server runs.
    finish(home.command_in(&deep, "account list"), "").ok();
}
