//! A server in a process of its own.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use rustix::process::Signal;

use super::http::{Answer, Ask};
use super::program::{Finished, Process};
use super::{eventually, secrets};

/// A running server. It is killed when this is dropped, and its log is searched for secrets.
pub(crate) struct Server {
    process: Process,
    data: PathBuf,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it and waits until it answers.
    pub(crate) fn start(command: Command, data: &Path) -> Self {
        Self::try_start(command, data)
            .unwrap_or_else(|finished| panic!("the server does not start: {finished:?}"))
    }

    /// The same for one that may refuse to start.
    pub(crate) fn try_start(command: Command, data: &Path) -> Result<Self, Finished> {
        let mut process = Process::spawn(command);
        let found = eventually("no address is printed", || {
            port(&process.stdout()).map(Ok).or_else(|| process.has_ended().map(Err))
        });
        match found {
            Ok(port) => {
                let address = SocketAddr::from(([127, 0, 0, 1], port));
                Ok(Self { process, data: data.to_owned(), address })
            }
            Err(status) => {
                let (stdout, stderr) = process.output();
                Err(Finished { code: status.code(), stdout, stderr })
            }
        }
    }

    /// `http://localhost:` and the port.
    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }

    pub(crate) fn send(&self, ask: &Ask) -> Answer {
        ask.send(self.address).unwrap_or_else(|e| panic!("no answer: {e}\n{}", self.log()))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&Ask::get(path))
    }

    /// `GET /account` with a key.
    pub(crate) fn account(&self, key: &str) -> Answer {
        self.send(&Ask::get("/api/v1/account").header("x-api-key", key))
    }

    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).expect("the server listens")
    }

    pub(crate) fn stdout(&self) -> String {
        self.process.stdout()
    }

    /// Waits until it has printed a text.
    pub(crate) fn printed(&self, text: &str) -> String {
        eventually(text, || Some(self.stdout()).filter(|stdout| stdout.contains(text)))
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.process.stderr()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.process.has_ended()
    }

    /// Stops it as a service manager does, and waits: all that it wrote.
    pub(crate) fn stop(mut self) -> Finished {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> Finished {
        let status = self.process.wait();
        let (stdout, stderr) = self.process.output();
        Finished { code: status.code(), stdout, stderr }
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::KILL);
        self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        } else {
            secrets::note_root_secrets(&self.data);
            secrets::assert_none_in("the server", &self.log());
            let printed = but_for_the_link(&self.stdout());
            secrets::assert_none_in("the server, to its standard output,", &printed);
        }
    }
}

/// What a server prints but for the one secret that it shows its operator on purpose: the link to set it up with.
fn but_for_the_link(stdout: &str) -> String {
    let lines = stdout.lines().filter(|line| !line.contains("/setup/"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The port in the line that tells the address.
fn port(stdout: &str) -> Option<u16> {
    let line = stdout.lines().find(|line| line.starts_with("Bloom is running at "))?;
    // The line may have been read in part.
    let is_whole = stdout.contains(&format!("{line}\n"));
    line.rsplit(':').next().filter(|_| is_whole)?.trim().parse().ok()
}
