//! `kill -9` at any moment loses nothing that was acknowledged, and brings nothing back.
//!
//! 1. A few people make and revoke keys at once, each through the forms of the page, and each writes
//!    down before every request what is tried, and after every whole answer that it was acknowledged.
//! 2. At a random moment the server is killed; now and then also while it starts again.
//! 3. The next server is judged by the record: what was acknowledged is there, what was tried when it
//!    died is there or is not, and whichever it is, it stays so in all the rounds after.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;

use crate::support::home::Home;
use crate::support::page::{self, Row};
use crate::support::person::Person;
use crate::support::program::Process;
use crate::support::server::Server;

const PEOPLE: usize = 4;
/// How many keys one leaves working before it revokes old ones.
const KEPT: usize = 12;

/// What is known about a key from the outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It was asked for when the server died; the first look decides.
    Tried,
    /// It was not there at the first look after that.
    Absent,
    Works,
    /// Its revocation was asked for when the server died; the first look decides.
    RevocationTried,
    Revoked,
}

#[derive(Debug, Clone)]
struct Key {
    state: State,
    /// Known when the answer arrived.
    secret: Option<String>,
    id: Option<String>,
}

/// Someone, and the record of what they did.
struct Client {
    email: String,
    person: Person,
    keys: BTreeMap<String, Key>,
}

impl Client {
    fn new(server: &Server, number: usize) -> Self {
        let email = format!("client-{number}@example.com");
        let person = Person::sign_up(server, &email, "correct horse battery");
        Self { email, person, keys: BTreeMap::new() }
    }

    /// Makes and revokes keys until the server is gone.
    fn work(&mut self, round: usize) {
        for number in 0.. {
            let working: Vec<_> =
                self.keys.iter().filter(|(_, key)| key.state == State::Works).collect();
            let oldest = working.first().map(|(name, _)| (*name).clone());
            let went = match oldest {
                // Not always, so that a key is often made and revoked in the same round.
                Some(name) if working.len() > KEPT || number % 3 == 2 => self.revoke(&name),
                _ => self.create(format!("{round:04}-{number:04}")),
            };
            if went.is_none() {
                return;
            }
        }
    }

    /// `None` when no whole answer came.
    fn create(&mut self, name: String) -> Option<()> {
        let tried = Key { state: State::Tried, secret: None, id: None };
        self.keys.insert(name.clone(), tried);
        let answer = self.person.try_post("/settings/api-keys", &[("name", &name)]).ok()?;
        let body = answer.expect(200).body;
        let row = page::keys(&body).into_iter().find(|row| row.name == name).expect("it is listed");
        let secret = page::new_key(&body).expect("a secret").to_owned();
        let made = Key { state: State::Works, secret: Some(secret), id: row.id };
        self.keys.insert(name, made);
        Some(())
    }

    fn revoke(&mut self, name: &str) -> Option<()> {
        let key = self.keys.get_mut(name).expect("a key of ours");
        let id = key.id.clone().expect("the id of a key that works");
        key.state = State::RevocationTried;
        let fields = [("confirmed", name)];
        self.person.try_post(&format!("/settings/api-keys/{id}/revoke"), &fields).ok()?.expect(303);
        self.keys.get_mut(name).expect("a key of ours").state = State::Revoked;
        Some(())
    }

    /// Compares what the server lists with the record, and decides what was open.
    fn judge_list(&mut self, server: &Server) {
        self.person.moves_to(server);
        // The session was acknowledged too.
        let mut listed: BTreeMap<String, Row> = BTreeMap::new();
        for row in self.person.keys() {
            let name = row.name.clone();
            assert!(self.keys.contains_key(&name), "{name} came from nowhere");
            assert!(listed.insert(name.clone(), row).is_none(), "{name} is there twice");
        }
        for (name, key) in &mut self.keys {
            let row = listed.get(name);
            let found = match row {
                None => State::Absent,
                Some(row) if row.is_revoked => State::Revoked,
                Some(_) => State::Works,
            };
            let may_be = match key.state {
                State::Tried => [State::Absent, State::Works].as_slice(),
                State::RevocationTried => [State::Works, State::Revoked].as_slice(),
                State::Absent => [State::Absent].as_slice(),
                State::Works => [State::Works].as_slice(),
                State::Revoked => [State::Revoked].as_slice(),
            };
            assert!(may_be.contains(&found), "{name} of {} is {found:?}: {key:?}", self.email);
            key.state = found;
            if let Some(id) = row.and_then(|row| row.id.clone()) {
                key.id = Some(id);
            }
        }
    }

    /// Presents the keys whose names begin so.
    fn judge_keys(&self, server: &Server, beginning: &str) {
        for (name, key) in self.keys.iter().filter(|(name, _)| name.starts_with(beginning)) {
            let Some(secret) = &key.secret else { continue };
            let answer = server.account(secret);
            let expected = if key.state == State::Works { 200 } else { 401 };
            assert_eq!(answer.status, expected, "{name} of {}: {key:?}", self.email);
            assert!(expected != 200 || answer.json()["data"]["email"] == self.email.as_str());
        }
    }
}

/// Moments nobody chose. The seed is told when a test fails.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let seed = u64::from(now.subsec_nanos()) << 20 | u64::from(std::process::id()) | 1;
        eprintln!("seed {seed}");
        Self(seed)
    }

    /// Up to so many milliseconds.
    pub(crate) fn millis(&mut self, most: u64) -> Duration {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_micros(self.0 % (most * 1000))
    }
}

/// A server that says of every dead key that it is dead, however many are asked about in a minute.
fn serve(home: &Home) -> Server {
    let mut command = home.command("serve --listen 127.0.0.1:0");
    command.env("BLOOM_LIMITS_FAILURES", "0");
    Server::start(command, &home.data())
}

fn killed_under_load(home: &Home, rounds: usize) {
    let mut chance = Chance::new();
    let mut server = serve(home);
    let mut clients: Vec<_> = (0..PEOPLE).map(|number| Client::new(&server, number)).collect();
    for round in 0..rounds {
        let moment = chance.millis(150);
        thread::scope(|scope| {
            for client in &mut clients {
                scope.spawn(move || client.work(round));
            }
            thread::sleep(moment);
            server.signal(Signal::KILL);
        });
        server.kill();
        if round % 4 == 3 {
            killed_at_the_start(home, chance.millis(60));
        }
        server = serve(home);
        for client in &mut clients {
            client.judge_list(&server);
            client.judge_keys(&server, &format!("{round:04}-"));
        }
    }
    let made: usize = clients.iter().map(|client| client.keys.len()).sum();
    eprintln!("{made} keys in {rounds} rounds");
    assert!(made > rounds * PEOPLE, "there was no load: {made} keys in {rounds} rounds");
    for client in &clients {
        client.judge_keys(&server, "");
    }
    assert_eq!(server.stop().code, Some(0));
    let states: Vec<_> =
        clients.iter().flat_map(|client| client.keys.values().map(|key| key.state)).collect();
    judge_audit(home, &states);
}

/// There is a record of each change that is there, and of none that is not.
fn judge_audit(home: &Home, states: &[State]) {
    let records = home.bloom("audit verify --json").json()["records"].clone();
    let listed = home.bloom("audit --limit 10000 --json").json();
    let listed = listed.as_array().expect("a list");
    assert_eq!(records, listed.len(), "more than can be listed at once");
    let recorded = |action: &str| listed.iter().filter(|one| one["action"] == action).count();
    let revoked = states.iter().filter(|&&state| state == State::Revoked).count();
    let working = states.iter().filter(|&&state| state == State::Works).count();
    assert_eq!(recorded("api_key.created"), working + revoked);
    assert_eq!(recorded("api_key.revoked"), revoked);
}

fn killed_at_the_start(home: &Home, moment: Duration) {
    let process = Process::spawn(home.command("serve --listen 127.0.0.1:0"));
    thread::sleep(moment);
    process.signal(Signal::KILL);
}

#[test]
fn fifty_times_on_sqlite() {
    killed_under_load(&Home::on_sqlite(), 50);
}

#[test]
fn ten_times_on_postgresql() {
    if let Some(home) = Home::on_postgresql() {
        killed_under_load(&home, 10);
    }
}

#[test]
fn a_first_start_that_was_killed_is_made_good() {
    let mut chance = Chance::new();
    for _ in 0..8 {
        let home = Home::on_sqlite();
        killed_at_the_start(&home, chance.millis(120));
        let server = home.serve();
        let mut person = Person::sign_up(&server, "ada@example.com", "correct horse battery");
        let key = person.create_key("first");
        server.account(&key).expect(200);
        assert_eq!(server.stop().code, Some(0));
    }
}

#[test]
fn a_rotation_that_was_killed_is_made_good() {
    let mut chance = Chance::new();
    let home = Home::on_sqlite();
    home.account("ada@example.com", "correct horse battery");
    let key = home.key("ada@example.com", "old");
    for _ in 0..10 {
        let process = Process::spawn(home.command("secret rotate"));
        thread::sleep(chance.millis(60));
        process.signal(Signal::KILL);
        drop(process);
        let server = home.serve();
        server.account(&key).expect(200);
        Person::sign_in(&server, "ada@example.com", "correct horse battery");
        server.kill();
    }
}
