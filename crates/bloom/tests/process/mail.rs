//! Mails of the program: into files, and to a real mail server that takes, refuses, hangs and dies.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::eventually;
use crate::support::home::{Home, mode};
use crate::support::program::{Finished, finish};
use crate::support::server::Server;
use crate::support::smtp::{MailServer, PASSWORD};

const ADA: &str = "ada@example.com";
/// What the test mail says; no log may.
const TEXT: &str = "This is a test mail";

/// With a mail server on this machine.
pub(crate) fn through(mut command: Command, port: u16) -> Command {
    command
        .env("BLOOM_MAIL_FROM", "Blüm <bloom@example.com>")
        .env("BLOOM_MAIL_HOST", "localhost")
        .env("BLOOM_MAIL_PORT", port.to_string())
        .env("BLOOM_MAIL_SECURITY", "none");
    command
}

fn test(home: &Home, port: u16, variables: &[(&str, &str)]) -> Finished {
    let mut command = through(home.command(&format!("mail test --to {ADA}")), port);
    command.envs(variables.iter().copied());
    finish(command, "")
}

fn queue(home: &Home, port: u16) {
    let said = finish(through(home.command(&format!("mail test --to {ADA} --queued")), port), "");
    assert!(said.ok().contains("waits for the server"));
}

fn serve(home: &Home, port: u16) -> Server {
    Server::start(through(home.command("serve --listen 127.0.0.1:0"), port), &home.data())
}

fn status(home: &Home) -> Value {
    home.bloom("mail status --json").json()
}

fn outbox(home: &Home) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(home.data().join("outbox")) else { return Vec::new() };
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

fn home() -> Home {
    let home = Home::on_sqlite();
    home.account(ADA, "correct horse battery");
    home
}

on_both_engines!(without_a_mail_server_mails_are_files, |home| {
    home.account(ADA, "correct horse battery");
    let said = home.bloom(&format!("mail test --to {ADA} --json")).json();
    let place = PathBuf::from(said["place"].as_str().expect("a path"));
    assert_eq!(outbox(home), std::slice::from_ref(&place));
    assert_eq!((mode(&home.data().join("outbox")), mode(&place)), ("700".into(), "600".into()));
    assert!(std::fs::read_to_string(&place).expect("a mail").contains(TEXT));

    let server = home.serve();
    home.bloom(&format!("mail test --to {ADA}")).ok();
    home.bloom(&format!("mail test --to {ADA} --queued")).ok();
    eventually("the queued one comes too", || (outbox(home).len() == 3).then_some(()));
    eventually("it is counted", || (status(home)["delivered"] == 1).then_some(()));
    assert_eq!(status(home)["waiting"], 0);
    let log = server.log();
    assert!(log.contains("/outbox/"), "the log tells where: {log}");
    assert!(!log.contains(TEXT) && !log.contains(ADA), "and nothing else of it: {log}");
    // Stopped with nothing to do, it does not wait for anything.
    let begin = Instant::now();
    assert_eq!(server.stop().code, Some(0));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
});

#[test]
fn a_real_mail_server_takes_a_mail() {
    let Some(mail_server) = MailServer::start("take") else { return };
    let home = home();
    let said = test(&home, mail_server.port, &[]).ok();
    assert!(said.contains(&format!("localhost:{}", mail_server.port)), "{said}");
    let mail = mail_server.handed(1).remove(0);
    assert_eq!((mail.from(), mail.to()), ("bloom@example.com", &serde_json::json!([ADA])));
    assert_eq!(mail.header("From"), "=?utf-8?b?QmzDvG0=?= <bloom@example.com>");
    assert_eq!(mail.header("To"), ADA);
    assert_eq!(mail.header("Subject"), "Bloom can send mail");
    assert!(mail.header("Message-ID").ends_with("@example.com>"));
    assert!(mail.content().contains(TEXT) && outbox(&home).is_empty());
    assert!(!mail.was_encrypted() && !mail.was_authenticated());
}

#[test]
fn a_mail_server_may_want_a_password() {
    let Some(mail_server) = MailServer::start("take auth") else { return };
    let (home, port) = (home(), mail_server.port);
    let login = |password| [("BLOOM_MAIL_USER", "ada"), ("BLOOM_MAIL_PASSWORD", password)];
    test(&home, port, &login(PASSWORD)).ok();
    assert!(mail_server.handed(1)[0].was_authenticated());
    let line = test(&home, port, &login("wrong password")).refused(1);
    assert!(line.contains("mail.password: 535") && !line.contains("wrong password"), "{line}");
    assert!(test(&home, port, &[]).refused(1).contains(": 530"));
    assert_eq!(mail_server.mails().len(), 1);
}

#[test]
fn a_connection_is_encrypted_or_not_used() {
    let home = home();
    let folder = home.path("certificate");
    std::fs::create_dir(&folder).expect("a folder");
    let folder = folder.to_str().expect("UTF-8");
    let trusted = format!("{folder}/ca.pem");
    for security in ["starttls", "tls"] {
        let Some(mail_server) = MailServer::start(&format!("take {security} {folder}")) else {
            return;
        };
        let security = ("BLOOM_MAIL_SECURITY", security);
        test(&home, mail_server.port, &[security, ("SSL_CERT_FILE", &trusted)]).ok();
        assert!(mail_server.handed(1)[0].was_encrypted());
        let line = test(&home, mail_server.port, &[security]).refused(1);
        assert!(line.contains("certificate"), "nobody here trusts it: {line}");
        let other_name = ("BLOOM_MAIL_HOST", "127.0.0.1");
        let variables = [security, other_name, ("SSL_CERT_FILE", &trusted)];
        let line = test(&home, mail_server.port, &variables).refused(1);
        assert!(line.contains("not valid for name"), "{line}");
        assert_eq!(mail_server.mails().len(), 1);
    }
    let Some(in_the_clear) = MailServer::start("take") else { return };
    for security in ["starttls", "tls"] {
        test(&home, in_the_clear.port, &[("BLOOM_MAIL_SECURITY", security)]).refused(1);
    }
    assert!(in_the_clear.mails().is_empty());
}

// Killed after the mail was written, and before any server took it.
on_both_engines!(a_mail_outlives_its_server, |home| {
    let Some(mail_server) = MailServer::start("later") else { return };
    let port = mail_server.port;
    home.account(ADA, "correct horse battery");
    let server = serve(home, port);
    queue(home, port);
    let tried = mail_server.handed(1).remove(0);
    eventually("it is put off", || (status(home)["failed"] == 1).then_some(()));
    let log = server.log();
    assert!(log.contains("does not take the mail: 451 4.3.0"), "{log}");
    server.kill();

    // The mail server is gone as well, and comes back later.
    drop(mail_server);
    let server = serve(home, port);
    eventually("nobody is there", || server.log().contains("a mail was not taken").then_some(()));
    let mail_server = MailServer::at(port, "take").expect("it was there before");
    let arrived = mail_server.handed(1).remove(0);
    assert_eq!(arrived.header("Message-ID"), tried.header("Message-ID"));
    assert_eq!(arrived.content(), tried.content());
    eventually("it is gone", || (status(home)["waiting"] == 0).then_some(()));
    assert_eq!(mail_server.mails().len(), 1);
    let log = server.log();
    assert!(!log.contains(TEXT) && !log.contains(ADA), "{log}");
});

/// Killed in the middle of handing it over; the next start takes over at once.
#[test]
fn a_mail_in_hand_outlives_its_server() {
    let Some(mail_server) = MailServer::start("hang") else { return };
    let (home, port) = (home(), mail_server.port);
    let server = serve(&home, port);
    queue(&home, port);
    let tried = mail_server.handed(1).remove(0);
    server.kill();
    drop(mail_server);
    let mail_server = MailServer::at(port, "take").expect("it was there before");
    let server = serve(&home, port);
    let arrived = mail_server.handed(1).remove(0);
    assert_eq!(arrived.header("Message-ID"), tried.header("Message-ID"));
    eventually("it is gone", || (status(&home)["waiting"] == 0).then_some(()));
    drop(server);
}

#[test]
fn a_refused_mail_is_given_up_and_nothing_of_it_is_logged() {
    for (refuses, code) in [("nobody", "550 5.1.1"), ("spam", "554 5.7.1")] {
        let Some(mail_server) = MailServer::start(refuses) else { return };
        let (home, port) = (home(), mail_server.port);
        let server = serve(&home, port);
        let line = home.bloom(&format!("mail test --to {ADA}")).refused(1);
        assert!(line.contains(&format!("does not take the mail: {code} (")), "{line}");
        queue(&home, port);
        eventually("it is given up", || (status(&home)["given_up"] == 1).then_some(()));
        assert_eq!(status(&home)["waiting"], 0);
        let log = server.log();
        assert!(log.contains("a mail was given up") && log.contains(code), "{log}");
        assert!(!log.contains("test mail") && !log.contains(ADA), "{log}");
    }
}

/// One that is not there, and one that takes the connection and never says a word.
#[test]
fn a_mail_server_that_is_down_is_told_at_once() {
    let home = home();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let hurry = [("BLOOM_MAIL_TIMEOUT_SECONDS", "1"), ("BLOOM_MAIL_HOST", "127.0.0.1")];
    let begin = Instant::now();
    let line = test(&home, port, &hurry).refused(1);
    assert!(line.contains("did not answer within 1 seconds"), "{line}");
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());

    let waiting = || {
        let mut command = home.command(&format!("mail test --to {ADA} --queued"));
        command.envs(hurry);
        finish(through(command, port), "").refused(1)
    };
    let line = waiting();
    assert!(line.contains("no mail can be sent now, so nothing was done"), "{line}");
    drop(silent);
    let line = waiting();
    assert!(line.contains("refused"), "{line}");
    assert_eq!(status(&home)["waiting"], 0);
}

#[test]
fn what_cannot_be_meant_of_mails_is_refused() {
    let home = home();
    let refused = |variables: &[(&str, &str)]| {
        let mut command = home.command(&format!("mail test --to {ADA}"));
        command.envs(variables.iter().copied());
        finish(command, "").refused(2)
    };
    let (from, host) =
        (("BLOOM_MAIL_FROM", "b@example.com"), ("BLOOM_MAIL_HOST", "mail.example.com"));
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("BLOOM_MAIL_FROM", "x")], "mail.from: expected an address"),
        (&[("BLOOM_MAIL_FROM", "b@example.com\r\nBcc: eve@example.com")], "mail.from"),
        (&[("BLOOM_MAIL_FROM", "B\nBcc: eve@example.com <b@example.com>")], "mail.from"),
        (&[host], "mail.from is missing"),
        (&[("BLOOM_MAIL_PORT", "25")], "mail.port stands without mail.host"),
        (&[("BLOOM_MAIL_PASSWORD", PASSWORD)], "mail.password stands without mail.host"),
        (&[from, host, ("BLOOM_MAIL_PASSWORD", PASSWORD)], "without mail.user"),
        (&[from, host, ("BLOOM_MAIL_USER", "ada")], "without mail.password"),
        (&[from, host, ("BLOOM_MAIL_PORT", "70000")], "1 to 65535"),
        (&[from, host, ("BLOOM_MAIL_PORT", "x")], "a whole number"),
        (&[from, host, ("BLOOM_MAIL_SECURITY", "ssl")], "starttls, tls or none"),
        (&[from, host, ("BLOOM_MAIL_SECURITY", "none")], "on this machine only"),
        (&[from, ("BLOOM_MAIL_HOST", "smtp://h")], "mail.host is \"smtp://h\""),
        (&[from, ("BLOOM_MAIL_HOST", "")], "mail.host is \"\""),
        (&[from, host, ("BLOOM_MAIL_TIMEOUT_SECONDS", "61")], "1 to 60"),
        (&[("BLOOM_MAIL_SMTP_URL", "x")], "the section mail has no key \"smtp_url\""),
    ];
    for (variables, part) in cases {
        let line = refused(variables);
        assert!(line.contains(part) && !line.contains(PASSWORD), "{variables:?}: {line}");
    }
    for to in ["ada", "ada@example.com\r\nBcc: eve@example.com", "ada@example.com,eve@example.com"]
    {
        let line = home.bloom_with("mail test --to", to).refused(2);
        assert!(line.contains("name@example.com"), "{line}");
    }
    assert!(outbox(&home).is_empty());
}
