//! All that the server logs while the tests run: nothing of it may be a secret of any answer, an earlier or a later
//! one.

use std::collections::HashSet;
use std::io;
use std::sync::{LazyLock, Mutex, MutexGuard, Once, PoisonError};

use tracing_subscriber::{EnvFilter, fmt};

use super::PASSWORD;
use crate::shapes::{SHORTEST, is_part, looks_like_one, those_in};

/// What was said and what may not be, by the words of it that are long enough.
#[derive(Default)]
struct Ear {
    said: HashSet<String>,
    secrets: HashSet<String>,
    leaks: Vec<String>,
}

impl Ear {
    fn hear(&mut self, line: &str) {
        let words = line.split(|c| !is_part(c)).filter(|word| word.len() >= SHORTEST);
        let words: Vec<_> = words.map(str::to_owned).collect();
        if let Some(secret) = words.iter().find(|word| self.secrets.contains(*word)) {
            self.leaks.push(format!("{secret} in {line}"));
        } else if looks_like_one(line) || line.contains(PASSWORD) {
            self.leaks.push(line.to_owned());
        }
        self.said.extend(words);
    }

    fn learn(&mut self, text: &str) {
        for secret in those_in(text) {
            if self.said.contains(secret) {
                self.leaks.push(format!("{secret}, before it was answered"));
            }
            self.secrets.insert(secret.to_owned());
        }
    }
}

static EAR: LazyLock<Mutex<Ear>> = LazyLock::new(Mutex::default);

fn ear() -> MutexGuard<'static, Ear> {
    EAR.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Line;

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        ear().hear(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to listen, to all that is ours.
pub(crate) fn listen() {
    static BEGIN: Once = Once::new();
    BEGIN.call_once(|| {
        let log = fmt().with_env_filter(EnvFilter::new("bloom=trace")).with_ansi(false).json();
        log.with_writer(|| Line).try_init().expect("nobody else listens");
    });
}

/// Learns the secrets in an answer.
pub(crate) fn learn(bytes: &[u8]) {
    // What is larger is an image or an export.
    if let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.len() < 256 * 1024) {
        ear().learn(text);
    }
}

/// Panics when a secret was logged, by this test or by one beside it.
pub(crate) fn assert_quiet() {
    let leaks = &ear().leaks;
    assert!(leaks.is_empty(), "secrets were logged: {leaks:#?}");
}

#[test]
fn a_secret_that_is_logged_is_heard() {
    let token = "e30".repeat(20);
    let answer = format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\"}}");
    let line = format!("{{\"level\":\"INFO\",\"path\":\"/x\",\"token\":\"{token}\"}}\n");
    let leaks = |steps: &[(bool, &str)]| {
        let mut ear = Ear::default();
        for (is_said, text) in steps {
            if *is_said { ear.hear(text) } else { ear.learn(text) }
        }
        ear.leaks.len()
    };
    assert_eq!(leaks(&[(false, &answer), (true, &line)]), 1);
    assert_eq!(leaks(&[(true, &line), (false, &answer)]), 1);
    assert_eq!(leaks(&[(true, &line)]), 0, "nobody knows it for a secret");
    let page = "<form action=\"/settings/invitations/01a3185c-5000-7592-8e7c-3a2ef5d6087e\">";
    let line = "{\"invitation\":\"01a3185c-5000-7592-8e7c-3a2ef5d6087e\"}";
    assert_eq!(leaks(&[(false, page), (true, line)]), 0, "an id is no secret");
    assert_eq!(leaks(&[(true, "{\"key\":\"bloom_sk_0123456789abcdef\"}")]), 1, "by its shape");
    assert_eq!(leaks(&[(true, &format!("{{\"form\":\"{PASSWORD}\"}}"))]), 1);
}
