//! `kill -9` between a COMMIT and its answer: the request that is sent again gets the answer that was lost,
//! and nothing is made twice.

use std::net::SocketAddr;
use std::thread;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::crash::Chance;
use crate::support::home::Home;
use crate::support::http::{Answer, Ask};
use crate::support::server::Server;

const MAKERS: usize = 4;

/// Somebody who makes keys over the API, and what they asked for last without hearing an answer.
struct Maker {
    key: String,
    unheard: Option<String>,
    made: usize,
}

impl Maker {
    fn new(home: &Home, number: usize) -> Self {
        let email = format!("maker-{number}@example.com");
        home.account(&email, "correct horse battery");
        let words = format!(
            "keys create --account {email} --name maker --scope keys:admin --scope read --json"
        );
        let key = home.bloom(&words).json()["key"].as_str().expect("a key").to_owned();
        Self { key, unheard: None, made: 0 }
    }

    fn ask(&self, path: &str, body: &Value) -> Ask {
        Ask::any("POST", &format!("/api/v1/api-keys{path}"), body.to_string())
            .header("content-type", "application/json")
            .header("x-api-key", &self.key)
    }

    fn create(&self, name: &str) -> Ask {
        self.ask("", &json!({ "name": name })).header("idempotency-key", name)
    }

    /// Makes keys until the server is gone.
    fn work(&mut self, to: SocketAddr, round: usize) {
        for number in 0.. {
            let name = format!("{round:03}-{number:03}");
            self.unheard = Some(name.clone());
            let Ok(answer) = self.create(&name).send(to) else { return };
            let first = answer.expect(201);
            self.unheard = None;
            self.made += 1;
            if self.revoke(to, &first).is_none() {
                return;
            }
        }
    }

    /// There is room for a hundred.
    fn revoke(&self, to: SocketAddr, made: &Answer) -> Option<()> {
        let id = made.json()["data"]["apiKey"]["id"].as_str().expect("an id").to_owned();
        let revoked = self.ask(&format!("/{id}/revoke"), &json!({})).send(to);
        revoked.ok()?.expect(200);
        Some(())
    }

    /// Asks again for what was not answered: once it is made, whenever it was.
    fn judge(&mut self, server: &Server) {
        let Some(name) = self.unheard.take() else { return };
        let ask = self.create(&name);
        let first = server.send(&ask).expect(201);
        let again = server.send(&ask).expect(201);
        assert_eq!(first.body, again.body, "{name}: one answer");
        let list = Ask::get("/api/v1/api-keys").header("x-api-key", &self.key);
        let keys = server.send(&list).expect(200).json();
        let keys = keys["data"]["apiKeys"].as_array().expect("a list");
        let named = keys.iter().filter(|key| key["name"] == name.as_str()).count();
        assert_eq!(named, 1, "{name}");
        let secret = first.json()["data"]["secret"].as_str().expect("a secret").to_owned();
        server.account(&secret).expect(200);
        self.revoke(server.address, &first).expect("the server is there");
        self.made += 1;
    }
}

fn serve(home: &Home) -> Server {
    let mut command = home.command("serve --listen 127.0.0.1:0");
    command.env("BLOOM_LIMITS_API_KEY_REQUESTS", "0");
    Server::start(command, &home.data())
}

fn killed(home: &Home, rounds: usize) {
    let mut chance = Chance::new();
    let mut makers: Vec<_> = (0..MAKERS).map(|number| Maker::new(home, number)).collect();
    let mut server = serve(home);
    let mut unheard = 0;
    for round in 0..rounds {
        let moment = chance.millis(150);
        thread::scope(|scope| {
            for maker in &mut makers {
                let to = server.address;
                scope.spawn(move || maker.work(to, round));
            }
            thread::sleep(moment);
            server.signal(Signal::KILL);
        });
        server.kill();
        server = serve(home);
        for maker in &mut makers {
            unheard += usize::from(maker.unheard.is_some());
            maker.judge(&server);
        }
    }
    let made: usize = makers.iter().map(|maker| maker.made).sum();
    eprintln!("{made} keys in {rounds} rounds, {unheard} asked for again");
    assert!(made > rounds && unheard > 0, "nothing was tried");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn twenty_times_on_sqlite() {
    killed(&Home::on_sqlite(), 20);
}

#[test]
fn ten_times_on_postgresql() {
    if let Some(home) = Home::on_postgresql() {
        killed(&home, 10);
    }
}
