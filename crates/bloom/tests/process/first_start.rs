//! `bloom start`: two commands from nothing to an answer.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::support::home::{Home, mode};
use crate::support::person::Person;
use crate::support::program::{self, BLOOM, Process};
use crate::support::server::Server;
use crate::support::{eventually, secrets};

const OWNER: &str = "owner@localhost";

fn start(home: &Home) -> Server {
    let server = Server::start(command(&home.data()), &home.data());
    server.printed("Stop with Ctrl+C");
    server
}

/// Every file in a folder and in those within it.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn command(data: &Path) -> Command {
    let mut command = program::bloom("start --listen 127.0.0.1:0 --data");
    command.arg(data);
    command
}

/// The line to paste, as it was printed.
fn curl_line(printed: &str) -> String {
    let line = printed.lines().find(|line| line.trim_start().starts_with("curl "));
    line.unwrap_or_else(|| panic!("no curl line: {printed}")).trim().to_owned()
}

/// Pastes a line into a terminal whose shell stands somewhere else.
fn paste(line: &str) -> serde_json::Value {
    let mut shell = program::command("sh");
    shell.arg("-c").arg(line).current_dir("/");
    let pasted = program::finish(shell, "");
    assert_eq!(pasted.code, Some(0), "{pasted:?}");
    serde_json::from_str(&pasted.stdout).unwrap_or_else(|e| panic!("{e}: {pasted:?}"))
}

fn owner() -> serde_json::Value {
    serde_json::json!({ "data": { "email": OWNER, "name": null } })
}

/// `name: value` lines of `first-run.txt`.
fn record(home: &Home) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(home.data().join("first-run.txt")).expect("the record");
    let pairs = text.lines().filter_map(|line| line.split_once(": "));
    let record: BTreeMap<_, _> = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    secrets::note(&record["api key"]);
    secrets::note(&record["password"]);
    record
}

#[test]
fn without_a_terminal_the_key_goes_into_a_private_file() {
    let home = Home::on_sqlite();
    let server = start(&home);
    let printed = server.stdout();
    let record = record(&home);

    assert!(printed.contains(&server.origin()), "{printed}");
    assert!(printed.contains(&format!("{}/sign-in", server.origin())), "{printed}");
    for secret in [&record["api key"], &record["password"]] {
        assert!(!printed.contains(secret), "a secret is printed: {printed}");
    }
    assert_eq!(paste(&curl_line(&printed)), owner());
    assert_eq!(server.account(&record["api key"]).expect(200).json(), owner());
    Person::sign_in(&server, &record["email"], &record["password"]);

    assert_eq!(mode(&home.data()), "700");
    for file in ["first-run.txt", "secret", "control.sock", "bloom.db"] {
        assert_eq!(mode(&home.data().join(file)), "600", "{file}");
    }
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_first_start_that_was_killed_loses_neither_password_nor_key() {
    for moment in (10..200).step_by(20) {
        let home = Home::on_sqlite();
        let process = Process::spawn(command(&home.data()));
        std::thread::sleep(Duration::from_millis(moment));
        process.signal(Signal::KILL);
        drop(process);
        let server = start(&home);
        let record = record(&home);
        assert_eq!(server.account(&record["api key"]).expect(200).json(), owner());
        Person::sign_in(&server, &record["email"], &record["password"]);
    }
}

#[test]
fn what_a_killed_start_left_half_written_is_in_nobodys_way() {
    let home = Home::on_sqlite();
    std::fs::create_dir(home.data()).expect("a folder");
    for half in ["secret.new", "first-run.new", "first-run.txt"] {
        std::fs::write(home.data().join(half), "ha").expect("half a file");
    }
    let server = start(&home);
    assert_eq!(server.account(&record(&home)["api key"]).expect(200).json(), owner());
    for gone in ["secret.new", "first-run.new"] {
        assert!(!home.data().join(gone).exists(), "{gone}");
    }
}

#[test]
fn a_folder_that_others_can_write_in_is_refused() {
    let home = Home::on_sqlite();
    std::fs::create_dir(home.data()).expect("a folder");
    let set_mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    for open in [0o770, 0o702] {
        set_mode(&home.data(), open);
        let line = program::finish(command(&home.data()), "").refused(1);
        assert!(line.contains("chmod go-w"), "{line}");
    }
    set_mode(&home.data(), 0o755);
    start(&home).stop();
    set_mode(&home.data().join("secret"), 0o640);
    assert!(start(&home).log().contains("others can read the root secret"));
}

#[test]
fn the_lock_is_no_link_to_elsewhere() {
    let home = Home::on_sqlite();
    std::fs::create_dir(home.data()).expect("a folder");
    std::os::unix::fs::symlink(home.path("elsewhere"), home.data().join("lock")).expect("a link");
    program::finish(command(&home.data()), "").refused(1);
    assert!(!home.path("elsewhere").exists());
}

#[test]
fn a_second_start_reuses_all_of_it() {
    let home = Home::on_sqlite();
    let server = start(&home);
    let record = record(&home);
    let mut person = Person::sign_in(&server, OWNER, &record["password"]);
    server.stop();
    let secret = std::fs::read(home.data().join("secret")).expect("the secret");

    let server = start(&home);
    let printed = server.stdout();
    assert_eq!(paste(&curl_line(&printed)), owner());
    assert!(!printed.contains(&record["api key"]), "{printed}");
    // While it runs, whoever starts another is told where this one is.
    let taken = program::finish(command(&home.data()), "").refused(1);
    assert!(taken.contains(&format!(", at {}: stop it", server.origin())), "{taken}");
    assert_eq!(std::fs::read(home.data().join("secret")).expect("the secret"), secret);
    person.moves_to(&server);
    person.get("/settings").expect(200);
    assert_eq!(self::record(&home), record);
    let accounts = home.bloom("account list --json").json();
    assert_eq!(accounts.as_array().map(Vec::len), Some(1), "{accounts}");
    let keys = home.bloom(&format!("keys list --account {OWNER} --json")).json();
    assert_eq!(keys.as_array().map(Vec::len), Some(1), "{keys}");
}

#[test]
fn the_line_works_wherever_it_is_pasted() {
    let home = Home::on_sqlite();
    let folder = home.path("it's here");
    std::fs::create_dir(&folder).expect("a folder");
    // The folder's default is relative, and another terminal stands elsewhere.
    let mut command = program::bloom("start --listen 127.0.0.1:0");
    command.current_dir(&folder);
    let server = Server::start(command, &folder.join("bloom-data"));
    assert_eq!(paste(&curl_line(&server.printed("Stop with Ctrl+C"))), owner());
    assert!(folder.join("bloom-data/bloom.db").exists());
}

#[test]
fn after_the_file_is_gone_the_way_to_a_key_is_told() {
    let home = Home::on_sqlite();
    start(&home).stop();
    std::fs::remove_file(home.data().join("first-run.txt")).expect("it was there");
    let server = start(&home);
    let printed = server.stdout();
    assert!(printed.contains("bloom keys create --data"), "{printed}");
    assert!(printed.contains(&format!("as {OWNER}, with the password")), "{printed}");
    assert!(printed.contains("bloom account reset-link --data"), "{printed}");
    // An account is called the same by every command.
    let link = home.bloom(&format!("account reset-link --account {OWNER}"));
    assert!(link.stdout.contains(&server.origin()), "{link:?}");
    assert!(!home.data().join("first-run.txt").exists());
    let key = home.key(OWNER, "again");
    let line = curl_line(&printed).replace("$BLOOM_API_KEY", &key);
    assert_eq!(paste(&line), owner());
}

/// `bloom start` at a terminal: `script` gives it one.
fn start_at_a_terminal(home: &Home) -> Option<Process> {
    let mut script = program::command("script");
    let line =
        format!("exec '{BLOOM}' start --listen 127.0.0.1:0 --data '{}'", home.data().display());
    script.args(["-qec", &line, "/dev/null"]).env("SHELL", "/bin/sh").stdin(Stdio::piped());
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: there is no program script, which gives a terminal");
        return None;
    }
    let process = Process::spawn(script);
    eventually("no welcome", || process.stdout().contains("Stop with Ctrl+C").then_some(()));
    Some(process)
}

/// Presses Ctrl+C.
fn interrupt(mut process: Process) -> String {
    use std::io::Write;
    process.child.stdin.as_mut().expect("a keyboard").write_all(&[3]).expect("it takes keys");
    assert_eq!(process.wait().code(), Some(0));
    process.output().0
}

#[test]
fn at_a_terminal_the_key_is_shown_once_and_not_kept() {
    let home = Home::on_sqlite();
    let Some(process) = start_at_a_terminal(&home) else { return };
    let printed = process.stdout().replace('\r', "");
    secrets::note_those_in(&printed);
    let line = curl_line(&printed);
    assert_eq!(paste(&line), owner());
    let key = line.rsplit("x-api-key: ").next().expect("a key").trim_end_matches('"').to_owned();
    assert!(printed.contains(&format!("API key   {key}\n")), "{printed}");
    let password = printed.lines().find_map(|line| line.trim().strip_prefix("password  "));
    let password = password.expect("a password").trim().to_owned();
    interrupt(process);
    let kept = |text: &str| {
        files_below(&home.data()).into_iter().any(|path| {
            let bytes = std::fs::read(&path).expect("a file that can be read");
            bytes.windows(text.len()).any(|piece| piece == text.as_bytes())
        })
    };
    // The address shows that the search finds what there is.
    assert!(kept(OWNER) && !kept(&key) && !kept(&password), "a file holds a secret");
    assert!(!home.data().join("first-run.txt").exists());

    let process = start_at_a_terminal(&home).expect("a terminal as before");
    let again = interrupt(process);
    assert!(!again.contains("bloom_sk_") && !again.contains(&password), "{again}");
    let server = start(&home);
    assert_eq!(server.account(&key).expect(200).json(), owner());
    Person::sign_in(&server, OWNER, &password);
}
