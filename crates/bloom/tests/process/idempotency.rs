//! `kill -9` between a COMMIT and its answer: the request that is sent again gets the answer that was lost,
//! and nothing is made or paid for twice.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::crash::Chance;
use crate::images;
use crate::support::home::Home;
use crate::support::http::{Answer, Ask};
use crate::support::server::Server;

const MAKERS: usize = 4;
/// How many images somebody asks for in a round.
const MOST: usize = 5;
/// More than they cost.
const CREDITS: i64 = 200;

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

/// Somebody who asks for images, one after the other.
struct Orderer {
    key: String,
    brand: String,
    /// What was answered, by the name of the request; nothing for what was not heard.
    heard: BTreeMap<String, Option<String>>,
}

impl Orderer {
    fn new(home: &Home, number: usize) -> Self {
        let email = format!("orderer-{number}@example.com");
        home.account(&email, "correct horse battery");
        let key = home.key(&email, "ci");
        let topup = format!(
            "credits grant --account {email} --kind topup --amount {CREDITS} --reference in_{number}"
        );
        home.bloom(&topup).ok();
        Self { key, brand: String::new(), heard: BTreeMap::new() }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Ask {
        Ask::any(method, &format!("/api/v1{path}"), body.to_owned())
            .header("content-type", "application/json")
            .header("x-api-key", &self.key)
    }

    fn brand(&mut self, server: &Server, site: SocketAddr) {
        let body = json!({ "url": format!("http://{site}/") }).to_string();
        let made = server.send(&self.ask("POST", "/brands", &body)).expect(202).json();
        self.brand = made["data"]["id"].as_str().expect("an id").to_owned();
        let path = format!("/brands/{}?wait=true", self.brand);
        server.send(&self.ask("GET", &path, "")).expect(200);
    }

    fn order(&self, name: &str) -> Ask {
        let body = json!({
            "prompt": format!("\"{name}\""), "brandSessionId": self.brand, "aspectRatio": "21:9",
        });
        self.ask("POST", "/images/generations", &body.to_string()).header("idempotency-key", name)
    }

    /// Asks until the server is gone, and for few enough that all of them are drawn soon.
    fn work(&mut self, to: SocketAddr, round: usize) {
        for number in 0..MOST {
            let name = format!("{round:02}-{number:02}");
            self.heard.insert(name.clone(), None);
            let Ok(answer) = self.order(&name).send(to) else { return };
            self.heard.insert(name, Some(answer.expect(202).body));
        }
    }

    /// Asks for all of it again: what was heard is answered as it was. Gives how much was not.
    fn judge(&mut self, server: &Server) -> usize {
        let asks: Vec<_> = self.heard.keys().map(|name| (name.clone(), self.order(name))).collect();
        let mut unheard = 0;
        for (name, ask) in asks {
            let again = server.send(&ask).expect(202).body;
            match self.heard.insert(name.clone(), Some(again.clone())).flatten() {
                Some(first) => assert_eq!(first, again, "{name}: one answer"),
                None => unheard += 1,
            }
        }
        unheard
    }

    /// One image and one credit for each request, however often it was sent.
    fn count(&self, server: &Server) {
        let ask =
            |path: &str| server.send(&self.ask("GET", path, "")).expect(200).json()["data"].clone();
        let mut under_way = usize::MAX;
        // On PostgreSQL what was in hand waits until its lease is over.
        for _ in 0..360 {
            let images = ask("/images?source=generated&limit=100")["images"].clone();
            let images = images.as_array().expect("images").clone();
            assert_eq!(images.len(), self.heard.len(), "one for each");
            under_way = images.iter().filter(|image| image["status"] != "completed").count();
            if under_way == 0 {
                break;
            }
            thread::sleep(Duration::from_millis(500));
        }
        assert_eq!(under_way, 0, "{}", server.log());
        let credits = ask("/credits");
        let spent = i64::try_from(self.heard.len()).expect("few");
        let left = (credits["balance"].as_i64(), credits["held"].as_i64());
        assert_eq!(left, (Some(CREDITS - spent), Some(0)));
    }
}

/// Where what is asked for costs something, and a site inside may be read.
fn serve_images(home: &Home) -> Server {
    let config = home.path("bloom.toml");
    let text =
        "[billing]\nenabled = true\n[fetch]\nallow_private = true\n[limits]\nenabled = false\n";
    std::fs::write(&config, text).expect("a file");
    home.serve_with(&format!("--config {}", config.display()))
}

on_both_engines!(an_image_that_is_asked_for_again_is_made_and_paid_for_once, |home| {
    let mut chance = Chance::new();
    let mut orderers: Vec<_> = (0..2).map(|number| Orderer::new(home, number)).collect();
    let mut server = serve_images(home);
    let site = images::site();
    for orderer in &mut orderers {
        orderer.brand(&server, site);
    }
    let (mut unheard, mut round) = (0, 0);
    while unheard < 2 || round < 3 {
        assert!(round < 20, "the server is always faster");
        let moment = chance.millis(30);
        thread::scope(|scope| {
            for orderer in &mut orderers {
                let to = server.address;
                scope.spawn(move || orderer.work(to, round));
            }
            thread::sleep(moment);
            server.signal(Signal::KILL);
        });
        server.kill();
        server = serve_images(home);
        unheard += orderers.iter_mut().map(|orderer| orderer.judge(&server)).sum::<usize>();
        round += 1;
    }
    eprintln!("{unheard} in {round} rounds were asked for again");
    for orderer in &orderers {
        orderer.count(&server);
    }
    assert_eq!(server.stop().code, Some(0));
});
