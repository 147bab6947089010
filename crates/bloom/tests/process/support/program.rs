//! Running the program: with nothing of Bloom's in its environment, and with all it writes kept.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::{eventually, secrets};

/// The program that cargo built.
pub(crate) const BLOOM: &str = env!("CARGO_BIN_EXE_bloom");

/// A program, told nothing by the environment of whoever runs the tests.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        // A proxy would not know our localhost.
        if name_text.starts_with("BLOOM_") || name_text.to_lowercase().ends_with("_proxy") {
            command.env_remove(&name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// The program with arguments, written as one text where none has a space in it.
pub(crate) fn bloom(arguments: &str) -> Command {
    let mut command = command(BLOOM);
    command.args(arguments.split_whitespace());
    command
}

/// What came of a program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// Its standard output, if all went well and nothing was said to standard error.
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "stdout: {}", self.stdout);
        self.stdout
    }

    /// The same as JSON.
    pub(crate) fn json(self) -> serde_json::Value {
        let text = self.ok();
        assert_eq!(text.lines().count(), 1, "JSON is one line: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The one line that says why it was not done.
    pub(crate) fn refused(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "a refusal is no output");
        assert_eq!(self.stderr.lines().count(), 1, "one line: {}", self.stderr);
        let line = self.stderr.trim_end();
        line.strip_prefix("bloom: ").unwrap_or_else(|| panic!("who says so? {line}")).to_owned()
    }
}

/// Runs a program to its end.
pub(crate) fn finish(mut command: Command, input: &str) -> Finished {
    if !input.is_empty() {
        secrets::note(input);
        command.stdin(Stdio::piped());
    }
    let mut process = Process::spawn(command);
    if let Some(mut stdin) = process.child.stdin.take() {
        // A program that refuses its arguments does not read on.
        let _ = stdin.write_all(input.as_bytes());
    }
    let status = process.wait();
    let (stdout, stderr) = process.output();
    secrets::note_those_in(&stdout);
    secrets::assert_none_in("a command", &stderr);
    Finished { code: status.code(), stdout, stderr }
}

/// Runs a program to its end at a terminal, where something is typed. What that shows, what is typed included, stands for
/// standard error.
pub(crate) fn finish_at_a_terminal(mut command: Command, typed: &str) -> Finished {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC);
    let ours = ours.expect("a terminal");
    grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("our own terminal");
    let name = ptsname(&ours, Vec::new()).expect("its name");
    let mut open = OpenOptions::new();
    open.read(true).write(true).custom_flags(rustix::fs::OFlags::NOCTTY.bits().cast_signed());
    let its = open.open(OsStr::from_bytes(name.as_bytes())).expect("the program's end");
    command.stdin(its.try_clone().expect("a second handle")).stderr(its).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // The terminal ends when the program has it no more; we have it as long as there is the command.
    drop(command);
    let mut ours = File::from(ours);
    let stdout = Captured::read(child.stdout.take().expect("a pipe"));
    let stderr = Captured::read(ours.try_clone().expect("a second handle"));
    let mut process = Process { child, stdout, stderr };
    if !typed.is_empty() {
        let is_asked = |process: &mut Process| {
            (process.stderr().ends_with(": ") || process.has_ended().is_some()).then_some(())
        };
        eventually("nothing is asked", || is_asked(&mut process));
        // A program that has ended without a question takes nothing.
        let _ = ours.write_all(typed.as_bytes());
    }
    let status = process.wait();
    let (stdout, stderr) = process.output();
    Finished { code: status.code(), stdout, stderr }
}

/// A running program. It is killed when this is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    stdout: Captured,
    stderr: Captured,
}

impl Process {
    pub(crate) fn spawn(mut command: Command) -> Self {
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = Captured::read(child.stdout.take().expect("a pipe"));
        let stderr = Captured::read(child.stderr.take().expect("a pipe"));
        Self { child, stdout, stderr }
    }

    /// What it has written so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has complained of and logged so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Whether it still runs.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        eventually("the program does not end", || self.has_ended())
    }

    /// All that it wrote, once it has ended.
    pub(crate) fn output(&mut self) -> (String, String) {
        self.stdout.finish();
        self.stderr.finish();
        (self.stdout(), self.stderr())
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("our child can be signalled");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Captured {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Captured {
    fn read(mut pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let into = text.clone();
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut piece) {
                let mut text = into.lock().unwrap_or_else(PoisonError::into_inner);
                text.extend_from_slice(&piece[..length]);
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn text(&self) -> String {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn finish(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader ends with the pipe");
        }
    }
}
