//! Several servers on one PostgreSQL database, with the same root secret.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::home::Home;
use crate::support::person::Person;
use crate::support::program;
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
/// How long another node may go on with what has changed.
const LAG: Duration = Duration::from_millis(100);

/// A data folder that holds nothing but the secret.
fn folder(home: &Home, name: &str, secret: &str) -> PathBuf {
    let folder = home.path(name);
    std::fs::create_dir(&folder).expect("a folder");
    let file = folder.join("secret");
    std::fs::write(&file, secret).expect("the secret");
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("our own file");
    folder
}

fn serve(home: &Home, folder: &Path) -> Server {
    Server::start(home.command_in(folder, "serve --listen 127.0.0.1:0"), folder)
}

/// How long a node still accepts a key.
fn lag(server: &Server, key: &str, refused: u16) -> Duration {
    let start = Instant::now();
    loop {
        let status = server.account(key).status;
        let passed = start.elapsed();
        if status == refused {
            return passed;
        }
        assert_eq!(status, 200);
        assert!(passed < Duration::from_secs(5), "the key is still accepted after {passed:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_one_node_revokes_the_others_refuse() {
    let Some(home) = Home::on_postgresql() else { return };
    home.account(ADA, PASSWORD);
    let secret = std::fs::read_to_string(home.data().join("secret")).expect("the secret");
    let (one, two) = (home.serve(), folder(&home, "two", &secret));
    let two = serve(&home, &two);
    let third = folder(&home, "third", &secret);
    let elsewhere = |words: &str| program::finish(home.command_in(&third, words), "").ok();

    let mut browser = Person::sign_in(&one, ADA, PASSWORD);
    let key = browser.create_key("page");
    // A session of one node is one of the other; the public name differs, as do the ports.
    let warm = |key: &str| [&one, &two].map(|node| node.account(key).status);
    assert_eq!(warm(&key), [200, 200]);
    let row = crate::support::page::keys(&browser.get("/settings").body)[0].clone();
    let revoke = format!("/settings/api-keys/{}/revoke", row.id.expect("a key that works"));
    browser.post(&revoke, &[("confirmed", "page")]).expect(303);
    let lag_of_page = lag(&two, &key, 401);
    one.account(&key).expect(401);

    let key = home.key(ADA, "socket");
    assert_eq!(warm(&key), [200, 200]);
    home.bloom(&format!("keys revoke --account {ADA} --name socket")).ok();
    let lag_of_socket = lag(&two, &key, 401);
    one.account(&key).expect(401);

    let key = home.key(ADA, "third");
    assert_eq!(warm(&key), [200, 200]);
    elsewhere(&format!("account ban --email {ADA}"));
    let lag_of_ban = lag(&one, &key, 403).max(lag(&two, &key, 403));
    elsewhere(&format!("account unban --email {ADA}"));
    crate::support::eventually("restored", || (warm(&key) == [200, 200]).then_some(()));
    elsewhere(&format!("keys revoke --account {ADA} --name third"));
    let lag_of_command = lag(&one, &key, 401).max(lag(&two, &key, 401));

    let lags = [lag_of_page, lag_of_socket, lag_of_ban, lag_of_command];
    assert!(lags.iter().all(|lag| *lag <= LAG), "{lags:?}");
}

#[test]
fn a_node_with_another_secret_does_not_start() {
    let Some(home) = Home::on_postgresql() else { return };
    home.account(ADA, PASSWORD);
    let stranger = folder(&home, "stranger", &"cd".repeat(32));
    let refused = home.command_in(&stranger, "serve --listen 127.0.0.1:0");
    let line = program::finish(refused, "").refused(1);
    assert!(line.contains("another root secret") && line.contains("stranger"), "{line}");

    // The secret may be configured instead of copied; then no file is made.
    let secret = std::fs::read_to_string(home.data().join("secret")).expect("the secret");
    let bare = home.path("bare");
    let mut command = home.command_in(&bare, "serve --listen 127.0.0.1:0");
    command.env("BLOOM_SECRET_CURRENT", secret.trim());
    let server = Server::start(command, &bare);
    Person::sign_in(&server, ADA, PASSWORD);
    assert!(!bare.join("secret").exists());
}
