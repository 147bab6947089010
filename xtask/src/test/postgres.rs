//! A PostgreSQL for one run, in a temporary folder.
//!
//! It does not force its writes to disk: crash tests kill our process, never this one, and the rest is
//! several times faster for it.

use super::afterwards::{Afterwards, run_as};
use super::{programs, scratch};
use crate::Failure;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The server stops, and its folder goes, when this is dropped.
pub(super) struct Cluster {
    pub(super) url: String,
    stop: Option<Afterwards>,
    server: Child,
}

/// The folder of the run, and who owns it: PostgreSQL refuses to run as root.
struct Place {
    folder: PathBuf,
    programs: PathBuf,
    owner: Option<(u32, u32)>,
}

impl Cluster {
    pub(super) fn start() -> Result<Self, Failure> {
        let programs = programs().ok_or("not found; install the package postgresql")?;
        let owner = if programs::are_root() { Some(programs::unprivileged()?) } else { None };
        let folder = scratch::folder("postgres", owner)?;
        let place = Place { folder, programs, owner };
        let stop = Afterwards::new(
            "\"$1\" stop --silent -m immediate -D \"$2/data\"; rm -rf \"$2\"",
            &[&programs::text(&place.programs.join("pg_ctl")), &programs::text(&place.folder)],
            owner,
        )?;
        place.initialise()?;
        let port = programs::free_port()?;
        let server = place.serve(port)?;
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let mut cluster = Self { url, stop: Some(stop), server };
        cluster.wait_until_ready(&place)?;
        Ok(cluster)
    }

    /// The eighth line of the server's own file says how far it is.
    fn wait_until_ready(&mut self, place: &Place) -> Result<(), Failure> {
        let state = place.folder.join("data/postmaster.pid");
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline && matches!(self.server.try_wait(), Ok(None)) {
            let text = fs::read_to_string(&state).unwrap_or_default();
            if text.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = fs::read_to_string(place.folder.join("log")).unwrap_or_default();
        Err(format!("the server did not start: {}", log.trim()))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop.take();
        _ = self.server.wait();
    }
}

impl Place {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(&self.folder).stdin(Stdio::null());
        run_as(&mut command, self.owner);
        command
    }

    /// Text sorts as people sort it, where the build can: a statement that forgets to ask for byte order
    /// then fails here and not on somebody's server.
    fn initialise(&self) -> Result<(), Failure> {
        let icu = ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C"];
        self.initdb(&icu).or_else(|_| self.initdb(&["--locale=C"]))
    }

    fn initdb(&self, locale: &[&str]) -> Result<(), Failure> {
        let output = self
            .command("initdb")
            .args(["--pgdata=data", "--username=postgres", "--auth=trust"])
            .args(["--encoding=UTF8", "--no-sync"])
            .args(locale)
            .output()
            .map_err(|e| format!("cannot run initdb: {e}"))?;
        let reason = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(()) } else { Err(format!("initdb: {}", reason.trim())) }
    }

    fn serve(&self, port: u16) -> Result<Child, Failure> {
        let fails = |e| format!("cannot run postgres: {e}");
        let log = File::create(self.folder.join("log")).map_err(fails)?;
        let mut server = self.command("postgres");
        server.args(["-D", "data", "-p", &port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "fsync=off",
            "synchronous_commit=on",
        ] {
            server.args(["-c", setting]);
        }
        // A group of its own: ctrl-c reaches us, and we stop it in order.
        server.process_group(0).stdout(log.try_clone().map_err(fails)?).stderr(log);
        server.spawn().map_err(fails)
    }
}

/// The folder of `postgres` and `initdb`. Debian keeps them out of PATH, one folder per version; the
/// newest is taken.
pub(super) fn programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = debian.map(|entry| entry.path()).collect();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    versions.sort_by_key(|path| std::cmp::Reverse(version(path)));
    let folders: Vec<PathBuf> = versions.iter().map(|path| path.join("bin")).collect();
    let folder = programs::find(&["initdb"], &folders)?.parent()?.to_owned();
    folder.join("postgres").is_file().then_some(folder)
}
