//! A real mail server, from PyPI (`tests/clients/smtp.py`).

use std::path::PathBuf;

use serde_json::Value;

use super::program::{self, Process};
use super::{eventually, secrets};

/// The password of the mail server's user.
pub(crate) const PASSWORD: &str = "correct mail password";

/// A running mail server. It is killed when this is dropped.
pub(crate) struct MailServer {
    process: Process,
    pub(crate) port: u16,
}

/// A mail that a server was handed, whatever it answered.
#[derive(Debug, Clone)]
pub(crate) struct Mail(Value);

impl MailServer {
    /// Starts one on a free port; `None` when there is none: then the test has said that it is skipped.
    pub(crate) fn start(words: &str) -> Option<Self> {
        Self::at(0, words)
    }

    /// The same on a port where another one was.
    pub(crate) fn at(port: u16, words: &str) -> Option<Self> {
        let Some(folder) = std::env::var_os("TEST_PYTHON_CLIENTS").map(PathBuf::from) else {
            eprintln!("skipped: TEST_PYTHON_CLIENTS is not set");
            return None;
        };
        secrets::note(PASSWORD);
        let mut command = program::command(folder.join("venv/bin/python"));
        command.arg(folder.join("smtp.py")).arg(port.to_string()).args(words.split_whitespace());
        command.env("TEST_SMTP_PASSWORD", PASSWORD);
        let mut process = Process::spawn(command);
        let port = eventually("the mail server does not start", || {
            if process.has_ended().is_some() {
                panic!("the mail server ended: {:?}", process.output());
            }
            let stdout = process.stdout();
            let (line, _) = stdout.split_once('\n')?;
            Some(line.strip_prefix("PORT ")?.trim().parse().expect("a port"))
        });
        Some(Self { process, port })
    }

    /// What it was handed so far.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let stdout = self.process.stdout();
        // The last line may have been read in part.
        let whole = stdout.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let mails = whole.lines().skip(1);
        mails.map(|line| Mail(serde_json::from_str(line).expect("JSON"))).collect()
    }

    /// Waits until it was handed so many.
    pub(crate) fn handed(&self, count: usize) -> Vec<Mail> {
        eventually("no mail comes", || Some(self.mails()).filter(|mails| mails.len() >= count))
    }
}

impl Mail {
    pub(crate) fn to(&self) -> &Value {
        &self.0["to"]
    }

    pub(crate) fn from(&self) -> &str {
        self.0["from"].as_str().expect("a sender")
    }

    pub(crate) fn was_encrypted(&self) -> bool {
        self.0["tls"] == true
    }

    pub(crate) fn was_authenticated(&self) -> bool {
        self.0["user"] == true
    }

    pub(crate) fn content(&self) -> &str {
        self.0["content"].as_str().expect("a content")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let head = self.content().split("\r\n\r\n").next().unwrap_or_default();
        let mut values =
            head.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let value = values.next().unwrap_or_else(|| panic!("no {name}: {head}"));
        assert_eq!(values.next(), None, "{name} is there twice");
        value
    }
}
