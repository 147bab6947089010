//! What must happen however this process ends.
//!
//! A destructor does not run on ctrl-c, so the work is given to a shell that waits on a pipe from us.
//! Dropping the guard closes the pipe, and so does the kernel when we are killed; either way the shell
//! goes on to its script. It leads a process group of its own, which ctrl-c does not reach.

use crate::Failure;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// Runs its script when dropped, or when this process is gone.
pub(super) struct Afterwards(Child);

impl Afterwards {
    /// `$1`, `$2`… of `script` are the `arguments`. It runs as `owner` if there is one.
    pub(super) fn new(
        script: &str,
        arguments: &[&str],
        owner: Option<(u32, u32)>,
    ) -> Result<Self, Failure> {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("read -r _; cd /\n{script}"), "afterwards"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        run_as(&mut shell, owner);
        shell.spawn().map(Self).map_err(|e| format!("cannot run sh: {e}"))
    }
}

impl Drop for Afterwards {
    fn drop(&mut self) {
        // `wait` closes the pipe first, which is the signal.
        _ = self.0.wait();
    }
}

/// Lets `command` run as another user, when root must not do it.
pub(super) fn run_as(command: &mut Command, owner: Option<(u32, u32)>) {
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
}
