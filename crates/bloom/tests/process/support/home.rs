//! A place for a server's data, which goes away with the test.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use bloom_store::Database;
use bloom_store::testing::{Engine, TestDatabase, fresh};
use tempfile::TempDir;

use super::program::{self, Finished};
use super::server::Server;

/// A data folder that does not exist yet, and a PostgreSQL database or none.
pub(crate) struct Home {
    folder: TempDir,
    database: Option<TestDatabase>,
}

impl Home {
    pub(crate) fn on_sqlite() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), database: None }
    }

    /// `None` when there is no PostgreSQL: then the test has said that it is skipped.
    pub(crate) fn on_postgresql() -> Option<Self> {
        let database = Some(fresh(Engine::Postgres)?);
        Some(Self { database, ..Self::on_sqlite() })
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Another path in the home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `--database-url` is given.
    pub(crate) fn database_url(&self) -> Option<String> {
        match self.database.as_ref()?.database() {
            Database::Postgres { url } => Some(url.clone()),
            Database::Sqlite { .. } => None,
        }
    }

    /// A command on this home.
    pub(crate) fn command(&self, words: &str) -> Command {
        self.command_in(&self.data(), words)
    }

    /// A command on another data folder with this home's database.
    pub(crate) fn command_in(&self, data: &Path, words: &str) -> Command {
        self.placed(program::bloom(words), data)
    }

    fn placed(&self, mut command: Command, data: &Path) -> Command {
        command.arg("--data").arg(data);
        if let Some(url) = self.database_url() {
            command.args(["--database-url", &url]);
        }
        command
    }

    /// Runs a command on this home.
    pub(crate) fn bloom(&self, words: &str) -> Finished {
        program::finish(self.command(words), "")
    }

    /// Runs a command whose last argument is a path, or has spaces in it.
    pub(crate) fn bloom_with(&self, words: &str, argument: impl AsRef<OsStr>) -> Finished {
        let mut command = program::bloom(words);
        command.arg(argument);
        program::finish(self.placed(command, &self.data()), "")
    }

    /// Runs a command that is told a password.
    pub(crate) fn bloom_told(&self, words: &str, password: &str) -> Finished {
        program::finish(self.command(words), &format!("{password}\n"))
    }

    /// `bloom serve` on a free port.
    pub(crate) fn serve(&self) -> Server {
        Server::start(self.command("serve --listen 127.0.0.1:0"), &self.data())
    }

    /// The same with more words.
    pub(crate) fn serve_with(&self, words: &str) -> Server {
        let command = self.command(&format!("serve --listen 127.0.0.1:0 {words}"));
        Server::start(command, &self.data())
    }

    /// The first account, with a password that is said on standard input.
    pub(crate) fn account(&self, email: &str, password: &str) {
        self.bloom_told(&format!("account create --email {email} --password-stdin"), password).ok();
    }

    /// A new key of an account.
    pub(crate) fn key(&self, email: &str, name: &str) -> String {
        let made = self.bloom(&format!("keys create --account {email} --name {name} --json"));
        made.json()["key"].as_str().expect("a key").to_owned()
    }
}

/// The permissions of a file, in octal digits.
pub(crate) fn mode(path: &Path) -> String {
    let metadata = std::fs::metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    format!("{:o}", metadata.permissions().mode() & 0o7777)
}
