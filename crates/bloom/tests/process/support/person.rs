//! Someone at a browser without a script: a cookie, and forms filled by hand.

use std::io;
use std::net::SocketAddr;

use super::http::{Answer, Ask};
use super::page;
use super::secrets;
use super::server::Server;

pub(crate) struct Person {
    at: SocketAddr,
    cookie: String,
    form_token: String,
}

impl Person {
    /// Opens a page with a form, and keeps the cookie that comes with it.
    pub(crate) fn open(server: &Server, path: &str) -> Self {
        let mut person =
            Self { at: server.address, cookie: String::new(), form_token: String::new() };
        person.get(path).expect(200);
        person
    }

    /// A new account on a server where sign-up is open.
    pub(crate) fn sign_up(server: &Server, email: &str, password: &str) -> Self {
        let mut person = Self::open(server, "/sign-up");
        person.enter("/sign-up", email, password).expect(303);
        person.get("/settings").expect(200);
        person
    }

    /// A new session of an account.
    pub(crate) fn sign_in(server: &Server, email: &str, password: &str) -> Self {
        let mut person = Self::open(server, "/sign-in");
        person.enter("/sign-in", email, password).expect(303);
        person.get("/settings").expect(200);
        person
    }

    /// Sends email and password.
    pub(crate) fn enter(&mut self, path: &str, email: &str, password: &str) -> Answer {
        secrets::note(password);
        self.post(path, &[("email", email), ("password", password)])
    }

    /// The same browser, once the server listens elsewhere.
    pub(crate) fn moves_to(&mut self, server: &Server) {
        self.at = server.address;
    }

    /// Goes where an app sends them, and says yes; gives the address at which the app gets the answer.
    pub(crate) fn allow(&mut self, server: &Server, url: &str) -> String {
        let question = self.led_from(server, url);
        self.say_yes(&question)
    }

    /// The same for someone who has to sign in on the way.
    pub(crate) fn sign_in_and_allow(
        server: &Server,
        url: &str,
        email: &str,
        password: &str,
    ) -> String {
        let mut person = Self::open(server, "/sign-in");
        let sign_in = person.led_from(server, url);
        assert!(sign_in.starts_with("/sign-in?next="), "{sign_in}");
        let form = person.get(&sign_in).expect(200);
        let next = page::between(&form.body, "name=\"next\" value=\"", "\"").expect("a way on");
        secrets::note(password);
        let fields = [("next", next), ("email", email), ("password", password)];
        let answer = person.post("/sign-in", &fields).expect(303);
        person.say_yes(answer.header("location").expect("the question"))
    }

    /// Where an app's link leads.
    fn led_from(&mut self, server: &Server, url: &str) -> String {
        let path = url.strip_prefix(&server.origin()).expect("an address of this server");
        self.get(path).expect(303).header("location").expect("a page").to_owned()
    }

    fn say_yes(&mut self, question: &str) -> String {
        let page = self.get(question).expect(200);
        let sealed = page::between(&page.body, "name=\"request\" value=\"", "\"");
        let fields = [("request", sealed.expect("a question")), ("decision", "allow")];
        let answer = self.post("/authorize", &fields).expect(303);
        answer.header("location").expect("the app").to_owned()
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.try_get(path).expect("an answer")
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.try_post(path, fields).expect("an answer")
    }

    /// Makes a key: its secret.
    pub(crate) fn create_key(&mut self, name: &str) -> String {
        let answer = self.post("/settings/api-keys", &[("name", name)]).expect(200);
        page::new_key(&answer.body).expect("a new key is shown").to_owned()
    }

    /// Every key that the settings list, a part at a time.
    pub(crate) fn keys(&mut self) -> Vec<page::Row> {
        let (mut rows, mut path) = (Vec::new(), Some("/settings".to_owned()));
        while let Some(part) = path {
            let body = self.get(&part).expect(200).body;
            rows.extend(page::keys(&body));
            path = page::next_keys(&body).map(str::to_owned);
        }
        rows
    }

    pub(crate) fn try_get(&mut self, path: &str) -> io::Result<Answer> {
        self.send(Ask::get(path))
    }

    pub(crate) fn try_post(&mut self, path: &str, fields: &[(&str, &str)]) -> io::Result<Answer> {
        self.send(self.form(path, fields))
    }

    /// A form as this browser sends it.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> Ask {
        let token = ("form_token", self.form_token.as_str());
        let ask = Ask::form(path, &[&[token], fields].concat());
        ask.header("origin", &format!("http://localhost:{}", self.at.port()))
    }

    /// The header by which the server knows this browser.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    fn send(&mut self, ask: Ask) -> io::Result<Answer> {
        let ask = if self.cookie.is_empty() { ask } else { ask.header("cookie", &self.cookie) };
        let answer = ask.send(self.at)?;
        if let Some(cookie) = answer.header("set-cookie") {
            self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        }
        if let Some(token) = page::form_token(&answer.body) {
            self.form_token = token.to_owned();
        }
        Ok(answer)
    }
}
