//! The server as its operator sees it: health, stopping, limits, logs, and the first account.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::images;
use crate::support::home::Home;
use crate::support::http::{Answer, Ask, host};
use crate::support::page;
use crate::support::person::Person;
use crate::support::program;
use crate::support::server::Server;
use crate::support::{eventually, secrets};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// Each line of a log as JSON.
fn lines(log: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    log.lines().map(parse).collect()
}

on_both_engines!(it_is_healthy_and_stops_when_told, |home| {
    let server = home.serve();
    let health = server.get("/healthz").expect(200);
    assert_eq!((health.body.as_str(), health.header("cache-control")), ("ok\n", Some("no-store")));
    // A load balancer knows no public name, and a stop may come by Ctrl+C.
    server.send(&Ask::get("/healthz").header("x-forwarded-host", "other")).expect(200);
    server.signal(Signal::INT);
    let mut server = server;
    let ended = server.ended();
    assert_eq!(ended.code, Some(0));
    let lines = lines(&ended.stderr);
    assert_eq!(lines.last().expect("a line")["message"], "stopped");
    assert!(lines.iter().all(|line| line["level"] == "INFO"), "{}", ended.stderr);
    assert!(!home.data().join("control.sock").exists());
});

/// What opens the operator's network to strangers is said at each start, however it was set; else nothing is.
#[test]
fn a_server_that_fetches_from_private_addresses_says_so_loudly() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "ci");
    let warned = |log: &str| -> Vec<String> {
        let warnings = lines(log).into_iter().filter(|line| line["level"] == "WARN");
        warnings.map(|line| line["message"].as_str().expect("text").to_owned()).collect()
    };
    for (value, is_open) in [("true", true), ("false", false)] {
        let mut command = home.command("serve --listen 127.0.0.1:0");
        command.env("BLOOM_FETCH_ALLOW_PRIVATE", value);
        let server = Server::start(command, &home.data());
        let body = json!({ "url": format!("http://{}/", images::site()) }).to_string();
        let ask = Ask::any("POST", "/api/v1/brands", body)
            .header("x-api-key", &key)
            .header("content-type", "application/json");
        let id = server.send(&ask).expect(202).json()["data"]["id"].clone();
        let path = format!("/api/v1/brands/{}?wait=true", id.as_str().expect("an id"));
        let brand = server.send(&Ask::get(&path).header("x-api-key", &key)).expect(200).json();
        let ended = (&brand["data"]["status"], &brand["data"]["failure"]["code"]);
        let expected = match is_open {
            true => (&json!("ready"), &Value::Null),
            false => (&json!("failed"), &json!("INVALID_URL")),
        };
        assert_eq!(ended, expected, "{value}: {brand}");
        let warnings = warned(&server.stop().stderr);
        assert_eq!(warnings.len(), usize::from(is_open), "{value}: {warnings:?}");
        let loud = |text: &String| text.starts_with("PRIVATE ADDRESSES ARE FETCHED FROM");
        assert!(warnings.iter().all(loud), "{warnings:?}");
    }
    // The file says the same.
    let config = home.path("bloom.toml");
    std::fs::write(&config, "[fetch]\nallow_private = true\n").expect("a file");
    let server = home.serve_with(&format!("--config {}", config.display()));
    assert_eq!(warned(&server.stop().stderr).len(), 1);
}

#[test]
fn a_stop_right_after_the_start_is_a_stop() {
    let home = Home::on_sqlite();
    for _ in 0..10 {
        // As soon as it says that it runs, it can be stopped in order.
        let ended = home.serve().stop();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!home.data().join("control.sock").exists());
    }
}

#[test]
fn a_silent_connection_does_not_hold_up_a_stop() {
    let home = Home::on_sqlite();
    let mut server = home.serve();
    // Browsers open connections before they need them; the second could become HTTP/2.
    let beginnings = ["", "PRI"];
    let open: Vec<_> = beginnings
        .into_iter()
        .map(|beginning| {
            let mut stream = server.connect();
            stream.write_all(beginning.as_bytes()).expect("a beginning");
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    server.signal(Signal::TERM);
    let ended = server.ended();
    let waited = start.elapsed();
    drop(open);
    assert_eq!(ended.code, Some(0));
    assert!(waited < Duration::from_secs(3), "{waited:?}: {}", ended.stderr);
}

/// How HTTP/2 begins: the preface, and a frame of settings without any.
const H2_BEGINNING: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0";
/// The head of a request, of which more is said to follow: END_HEADERS is not set.
const H2_HALF_HEAD: &str = "\0\0\u{1}\u{1}\u{1}\0\0\0\u{1}\u{10}";

#[test]
fn a_connection_without_a_request_is_closed() {
    let home = Home::on_sqlite();
    let server = home.serve();
    let half_head = format!("{H2_BEGINNING}{H2_HALF_HEAD}");
    let beginnings = ["", "PRI * HTTP", "GET / HTTP/1.1\r\nhost:", H2_BEGINNING, &half_head];
    let start = Instant::now();
    let open: Vec<_> = beginnings
        .into_iter()
        .map(|beginning| {
            let mut stream = server.connect();
            stream.write_all(beginning.as_bytes()).expect("a beginning");
            (beginning, stream)
        })
        .collect();
    for (beginning, mut stream) in open {
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        // What the server said meanwhile is of no interest, only that there is an end of it.
        let end = stream.read_to_end(&mut Vec::new());
        let is_open = end.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        let waited = start.elapsed();
        assert!(!is_open && waited > Duration::from_secs(10), "{beginning:?}: {waited:?}");
    }
}

#[test]
fn connections_leave_descriptors_for_the_rest() {
    let home = Home::on_sqlite();
    let served = home.command("serve --listen 127.0.0.1:0");
    let mut command = program::command("sh");
    command.args(["-c", "ulimit -n 100 && exec \"$0\" \"$@\""]);
    command.arg(served.get_program()).args(served.get_args());
    let server = Server::start(command, &home.data());
    let open: Vec<_> = (0..100).map(|_| server.connect()).collect();
    std::thread::sleep(Duration::from_millis(200));
    home.account(ADA, PASSWORD);
    assert!(home.bloom("account list").ok().contains(ADA));
    drop(open);
    server.get("/healthz").expect(200);
    assert!(!server.log().contains("could not be taken"), "{}", server.log());
}

/// Sends a request up to the middle of its body, and gives the rest.
fn half(server: &Server, ask: &Ask) -> (TcpStream, String) {
    let mut stream = server.connect();
    let text = ask.text(&host(server.address));
    let middle = text.len() - 10;
    stream.write_all(&text.as_bytes()[..middle]).expect("it takes half a request");
    (stream, text[middle..].to_owned())
}

#[test]
fn a_stop_lets_requests_finish_and_takes_no_new_ones() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let mut server = home.serve();
    let person = Person::sign_in(&server, ADA, PASSWORD);
    let idle: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = server.connect();
            let ask = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", host(server.address));
            stream.write_all(ask.as_bytes()).expect("a request");
            let mut piece = [0; 64];
            assert!(stream.read(&mut piece).expect("an answer") > 0);
            stream
        })
        .collect();
    let ask = person.form("/settings/api-keys", &[("name", "in flight")]);
    let (mut in_flight, rest) = half(&server, &ask.header("cookie", person.cookie()));
    // The head must have been read: then the request is one that runs.
    std::thread::sleep(Duration::from_millis(100));
    server.signal(Signal::TERM);
    eventually("new connections are refused", || TcpStream::connect(server.address).err());
    for mut stream in idle {
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        let mut left = Vec::new();
        stream.read_to_end(&mut left).expect("an idle connection is closed");
    }
    assert!(server.has_ended().is_none(), "a request is still in flight");
    in_flight.write_all(rest.as_bytes()).expect("the other half");
    let answer = Answer::read(&mut in_flight).expect("a whole answer").expect(200);
    let key = page::new_key(&answer.body).expect("a key").to_owned();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!home.data().join("control.sock").exists());
    drop(server);
    home.serve().account(&key).expect(200);
}

#[test]
fn a_stop_waits_no_longer_than_configured() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let mut command = home.command("serve --listen 127.0.0.1:0");
    command.env("BLOOM_SERVER_DRAIN_SECONDS", "1");
    let mut server = Server::start(command, &home.data());
    let person = Person::sign_in(&server, ADA, PASSWORD);
    let ask = person.form("/settings/api-keys", &[("name", "never sent whole")]);
    let (_open, _rest) = half(&server, &ask.header("cookie", person.cookie()));
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    server.signal(Signal::TERM);
    let ended = server.ended();
    let waited = start.elapsed();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("server.drain_seconds"), "{}", ended.stderr);
    assert!(waited >= Duration::from_millis(900) && waited < Duration::from_secs(5), "{waited:?}");
}

#[test]
fn giant_headers_are_answered_and_do_no_harm() {
    let home = Home::on_sqlite();
    let server = home.serve();
    for ask in [
        Ask::get("/healthz").header("x-giant", &"a".repeat(100_000)),
        (0..200).fold(Ask::get("/healthz"), |ask, n| ask.header(&format!("x-{n}"), "a")),
    ] {
        let mut stream = server.connect();
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        // It may answer, and stop reading, before all of it is sent.
        let _ = stream.write_all(ask.text(&host(server.address)).as_bytes());
        let mut head = [0; 64];
        let length = stream.read(&mut head).expect("an answer");
        let head = String::from_utf8_lossy(&head[..length]).into_owned();
        assert!(head.starts_with("HTTP/1.1 431 "), "{head}");
    }
    let giant_path = format!("/{}", "a".repeat(20_000));
    assert!(server.get(&giant_path).status < 500);
    server.get("/healthz").expect(200);
}

/// RFC 9112 §3.2, over a real connection.
#[test]
fn a_request_of_http_1_1_names_its_host() {
    let home = Home::on_sqlite();
    let server = home.serve();
    let absolute = format!("http://{}/healthz", host(server.address));
    for (line, headers, status) in [
        ("GET /healthz HTTP/1.1", "", "400 "),
        (&format!("GET {absolute} HTTP/1.1"), "", "400 "),
        ("GET /healthz HTTP/1.1", "host: a\r\nhost: a\r\n", "400 "),
        ("GET /healthz HTTP/1.1", "host: a b\r\n", "400 "),
        ("GET /healthz HTTP/1.1", "host: a\r\n", "200 "),
        ("GET /healthz HTTP/1.0", "", "200 "),
    ] {
        let mut stream = server.connect();
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        let ask = format!("{line}\r\n{headers}connection: close\r\n\r\n");
        stream.write_all(ask.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let answered = answer.split_once(' ').expect("a status").1;
        assert!(answered.starts_with(status), "{line} {headers}: {answer}");
    }
}

#[test]
fn every_answer_has_an_id_of_its_own() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "ids");
    let mut ids = BTreeSet::new();
    let mut asked = 0;
    for _ in 0..2 {
        // Also across a restart.
        let server = home.serve();
        let paths = ["/", "/healthz", "/sign-in", "/nothing", "/api/v1/nothing", "/api/v1/account"];
        let mut answers: Vec<_> = paths.map(|path| server.get(path)).into();
        answers.push(server.account(&key).expect(200));
        answers.push(server.send(&Ask::form("/sign-in", &[])));
        for answer in answers {
            asked += 1;
            let id = answer.header("x-request-id").expect("an id").to_owned();
            assert!(id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
            ids.insert(id);
        }
    }
    assert_eq!(ids.len(), asked);
}

#[test]
fn limits_hold_until_they_are_turned_off_loudly() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "busy");
    let statuses =
        |server: &Server| -> Vec<u16> { (0..130).map(|_| server.account(&key).status).collect() };
    let server = home.serve();
    let found = statuses(&server);
    assert_eq!(found.iter().position(|status| *status == 429), Some(120), "{found:?}");
    assert!(!server.log().contains("LIMITS"));
    server.stop();

    let mut command = home.command("serve --listen 127.0.0.1:0");
    command.env("BLOOM_LIMITS_ENABLED", "false");
    let server = Server::start(command, &home.data());
    assert!(statuses(&server).iter().all(|status| *status == 200));
    let lines = lines(&server.log());
    let warning = lines.iter().find(|line| line["level"] == "WARN").expect("a warning");
    assert!(warning["message"].to_string().contains("RATE LIMITS ARE OFF"), "{warning}");
}

#[test]
fn a_proxy_that_is_not_counted_is_told_once() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "proxied");
    let told = |server: &Server| server.log().matches("server.trusted_proxies").count();
    let ask = |server: &Server| {
        let ask = Ask::get("/api/v1/account").header("x-api-key", &key);
        server.send(&ask.header("x-forwarded-for", "203.0.113.7")).expect(200);
    };
    let server = home.serve();
    server.account(&key).expect(200);
    assert_eq!(told(&server), 0);
    ask(&server);
    ask(&server);
    assert_eq!(told(&server), 1, "{}", server.log());
    server.stop();

    let mut command = home.command("serve --listen 127.0.0.1:0");
    command.env("BLOOM_SERVER_TRUSTED_PROXIES", "1");
    let server = Server::start(command, &home.data());
    ask(&server);
    assert_eq!(told(&server), 0);
}

#[test]
fn a_file_configures_what_flags_do_not() {
    let home = Home::on_sqlite();
    let file = home.path("bloom.toml");
    let text = "[server]\nlisten = \"127.0.0.1:1\"\n[accounts]\nsign_up = \"closed\"\n\
                [log]\nformat = \"text\"\n";
    std::fs::write(&file, text).expect("a file");
    let mut command = home.command("serve --listen 127.0.0.1:0");
    command.arg("--config").arg(&file);
    let server = Server::start(command, &home.data());
    assert!(server.get("/sign-up").expect(200).body.contains("takes no new accounts"));
    let log = server.log();
    assert!(log.contains("ready") && !log.contains('{') && !log.contains('\u{1b}'), "{log:?}");
}

#[test]
fn a_setup_link_makes_the_first_account_once() {
    let home = Home::on_sqlite();
    let link = |server: &Server| {
        let printed = server.printed("or with: bloom account create");
        secrets::note_those_in(&printed);
        let link = printed.lines().find(|line| line.contains("/setup/")).expect("a link").trim();
        link.strip_prefix(&server.origin()).expect("the public address").to_owned()
    };
    let replaced = home.serve();
    let old = link(&replaced);
    replaced.stop();
    let server = home.serve();
    let path = link(&server);
    server.get(&old).expect(410);

    let mut person = Person::open(&server, &path);
    person.enter(&path, ADA, "short").expect(422);
    let made = person.enter(&path, ADA, PASSWORD).expect(303);
    assert_eq!(made.header("location"), Some("/settings#api-keys"));
    person.get("/settings").expect(200);
    let key = person.create_key("first");
    server.account(&key).expect(200);

    server.get(&path).expect(410);
    let mut late = Person::open(&server, "/sign-in");
    late.enter(&path, "bob@example.com", PASSWORD).expect(410);
    Person::sign_in(&server, ADA, PASSWORD);
    let token = path.rsplit('/').next().expect("a token");
    assert!(token.len() >= 32 && !server.log().contains(token), "{}", server.log());
    server.stop();
    let server = home.serve();
    server.get("/healthz").expect(200);
    assert!(!server.stdout().contains("/setup/"), "there is an account");
}
