//! `kill -9` while apps redeem, refresh and revoke: what was answered is kept, what ended stays ended, and
//! a code is redeemed once, on whichever side of a crash.
//!
//! `TEST_KILLS` asks for another number of kills than a run of all tests has time for.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::crash::Chance;
use crate::history::{Ask, History, Outcome};
use crate::support::home::Home;
use crate::support::http::{self, Answer};
use crate::support::person::Person;
use crate::support::server::Server;

const PEOPLE: usize = 4;
const REDIRECT: &str = "https://app.example/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// How many grants one keeps before it revokes the oldest.
const KEPT: usize = 3;

/// A grant, as its app knows it.
struct Grant {
    name: String,
    code: String,
    /// What the newest answer brought.
    tokens: Option<(String, String)>,
    /// Whether its revocation was asked for.
    is_given_up: bool,
    since: Instant,
}

/// A person and an app, in one.
struct App<'a> {
    history: &'a History,
    person: Person,
    name: String,
    client: String,
    address: std::net::SocketAddr,
    grants: Vec<Grant>,
}

impl<'a> App<'a> {
    fn new(server: &Server, history: &'a History, number: usize) -> Self {
        let name = format!("person-{number}");
        let mut person =
            Person::sign_up(server, &format!("{name}@example.com"), "correct horse battery");
        let metadata = json!({ "redirect_uris": [REDIRECT] }).to_string();
        let register = http::Ask::any("POST", "/api/auth/oauth2/register", metadata)
            .header("content-type", "application/json");
        let registered = server.send(&register).expect(201).json();
        let client = registered["client_id"].as_str().expect("an id").to_owned();
        // Once, so that the consent is remembered.
        person.allow(server, &format!("{}{}", server.origin(), authorize(&client)));
        Self { history, person, name, client, address: server.address, grants: Vec::new() }
    }

    /// Lets itself in, refreshes and gives up grants until the server is gone.
    fn work(&mut self, round: usize) -> Option<()> {
        for number in 0.. {
            if self.grants.len() > KEPT {
                self.revoke(0)?;
                self.grants.remove(0);
            } else if number % 5 == 0 || self.grants.is_empty() {
                self.approve(format!("{} {round:04}-{number:04}", self.name))?;
                self.redeem(self.grants.len() - 1)?;
            } else {
                self.refresh(number % self.grants.len())?;
            }
        }
        None
    }

    fn approve(&mut self, name: String) -> Option<()> {
        let answer = self.person.try_get(&authorize(&self.client)).ok()?.expect(303);
        let place = answer.header("location").expect("the app");
        let (_, code) = place.split_once("code=").unwrap_or_else(|| panic!("no code: {place}"));
        let code = code.split('&').next().unwrap_or_default().to_owned();
        let since = Instant::now();
        self.grants.push(Grant { name, code, tokens: None, is_given_up: false, since });
        Some(())
    }

    fn redeem(&mut self, at: usize) -> Option<()> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("redirect_uri", REDIRECT),
            ("code", &self.grants[at].code),
            ("code_verifier", VERIFIER),
        ];
        let begin = self.history.begin();
        let answer = self.ask("token", &fields);
        self.learn(at, Ask::Redeem, begin, answer)
    }

    fn refresh(&mut self, at: usize) -> Option<()> {
        let Some((_, token)) = self.grants[at].tokens.clone() else { return Some(()) };
        let fields = [("grant_type", "refresh_token"), ("refresh_token", &token)];
        let begin = self.history.begin();
        let answer = self.ask("token", &fields);
        self.learn(at, Ask::Refresh(token), begin, answer)
    }

    fn revoke(&mut self, at: usize) -> Option<()> {
        let Some((_, token)) = self.grants[at].tokens.clone() else { return Some(()) };
        self.grants[at].is_given_up = true;
        let begin = self.history.begin();
        let answer = self.ask("revoke", &[("token", &token)]);
        let outcome = match &answer {
            Some(answer) if answer.status == 200 => Outcome::Done,
            Some(answer) => panic!("{answer:?}"),
            None => Outcome::Unknown,
        };
        self.history.record(&self.grants[at].name, Ask::Revoke, begin, outcome);
        answer.map(drop)
    }

    fn use_token(&self, at: usize) {
        let Some((access, _)) = &self.grants[at].tokens else { return };
        let begin = self.history.begin();
        let ask =
            http::Ask::get("/api/v1/account").header("authorization", &format!("Bearer {access}"));
        let outcome = match ask.send(self.address).expect("an answer").status {
            200 => Outcome::Done,
            401 => Outcome::Refused,
            status => panic!("{status}"),
        };
        self.history.record(&self.grants[at].name, Ask::Use, begin, outcome);
    }

    fn ask(&self, endpoint: &str, fields: &[(&str, &str)]) -> Option<Answer> {
        let fields = [&[("client_id", self.client.as_str())], fields].concat();
        http::Ask::form(&format!("/api/auth/oauth2/{endpoint}"), &fields).send(self.address).ok()
    }

    /// Keeps the tokens of an answer; `None` when no whole answer came.
    fn learn(&mut self, at: usize, ask: Ask, begin: u64, answer: Option<Answer>) -> Option<()> {
        let tokens = answer.as_ref().and_then(tokens);
        let outcome = match (&answer, &tokens) {
            (None, _) => Outcome::Unknown,
            (Some(_), Some((_, refresh))) => Outcome::Tokens(refresh.clone()),
            (Some(answer), None) if answer.status == 400 => Outcome::Refused,
            (Some(answer), None) => panic!("{answer:?}"),
        };
        self.history.record(&self.grants[at].name, ask, begin, outcome);
        if tokens.is_some() {
            self.grants[at].tokens = tokens;
        }
        answer.map(drop)
    }

    /// Tries everything it knows on the next server; forgets what has ended.
    fn look_around(&mut self, round: usize) {
        for at in 0..self.grants.len() {
            // A code that was under way may be good or spent; one that was answered is spent. Ten seconds
            // later that would be a theft, and machines are slow.
            let grant = &self.grants[at];
            let is_new = grant.name.contains(&format!(" {round:04}-"));
            if is_new && grant.since.elapsed() < Duration::from_secs(8) {
                self.redeem(at).expect("an answer");
            }
            self.use_token(at);
            self.refresh(at).expect("an answer");
            self.use_token(at);
        }
        self.grants.retain(|grant| grant.tokens.is_some() && !grant.is_given_up);
    }
}

fn authorize(client: &str) -> String {
    format!(
        "/api/auth/oauth2/authorize?response_type=code&client_id={client}&state=s\
         &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_challenge={CHALLENGE}\
         &code_challenge_method=S256"
    )
}

fn tokens(answer: &Answer) -> Option<(String, String)> {
    let body: Value = if answer.status == 200 { answer.json() } else { return None };
    let text = |name: &str| body[name].as_str().expect("a token").to_owned();
    Some((text("access_token"), text("refresh_token")))
}

/// On the same port each time: tokens are good at the origin at which they were issued.
fn serve(home: &Home, port: u16) -> Server {
    let mut command = home.command(&format!("serve --listen 127.0.0.1:{port}"));
    command.env("BLOOM_LIMITS_ENABLED", "false");
    Server::start(command, &home.data())
}

fn killed_under_load(home: &Home, usual: usize) {
    let asked = std::env::var("TEST_KILLS").ok().and_then(|number| number.parse().ok());
    let kills = asked.unwrap_or(usual);
    let (mut chance, history) = (Chance::new(), History::default());
    let mut server = serve(home, 0);
    let port = server.address.port();
    let mut apps: Vec<_> = (0..PEOPLE).map(|number| App::new(&server, &history, number)).collect();
    let mut longest = 120;
    for round in 0..kills {
        let (moment, before) = (chance.millis(longest), history.len());
        thread::scope(|scope| {
            for app in &mut apps {
                scope.spawn(move || app.work(round));
            }
            thread::sleep(moment);
            server.signal(Signal::KILL);
        });
        // A machine that has other things to do needs longer until the first answer.
        if history.len() == before {
            longest = (longest * 2).min(2_000);
        }
        server.kill();
        server = serve(home, port);
        thread::scope(|scope| {
            for app in &mut apps {
                scope.spawn(move || app.look_around(round));
            }
        });
    }
    history.judge();
    let requests = history.len();
    eprintln!("{kills} kills, {requests} requests");
    assert!(requests > 20 * kills, "there was no load: {requests} requests in {kills} rounds");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn grants_survive_kills_on_sqlite() {
    killed_under_load(&Home::on_sqlite(), 10);
}

#[test]
fn grants_survive_kills_on_postgresql() {
    if let Some(home) = Home::on_postgresql() {
        killed_under_load(&home, 10);
    }
}
