//! A PostgreSQL for one run, in a temporary folder. It is set up as it comes, so it forces its writes to disk.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

type Error = Box<dyn std::error::Error>;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. It stops when this is dropped, or when this process is gone.
pub(crate) struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    server: Child,
    /// A shell that waits on a pipe from us.
    stop: Child,
}

impl Cluster {
    /// Starts it; `None` when PostgreSQL is not installed.
    pub(crate) fn start() -> Result<Option<Self>, Error> {
        let Some(programs) = programs() else { return Ok(None) };
        let owner = owner()?;
        let folder = tempfile::tempdir()?;
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let command = |program: &Path| {
            let mut command = Command::new(program);
            command.current_dir(folder.path()).stdin(Stdio::null());
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            command
        };
        let made = command(&programs.join("initdb"))
            .args(["--pgdata=data", "--username=postgres", "--auth=trust"])
            .args(["--encoding=UTF8", "--locale=C", "--no-sync"])
            .output()?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)).into());
        }
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let log = File::create(folder.path().join("log"))?;
        let stop = command(Path::new("sh"))
            .args(["-c", "read -r _; \"$1\" stop --silent -m immediate -D data", "stop"])
            .arg(programs.join("pg_ctl"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Groups of their own: ctrl-c reaches us, and the pipe tells them.
            .process_group(0)
            .spawn()?;
        let server = command(&programs.join("postgres"))
            .args(["-D", "data", "-p", &port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
            // Who said it, so that what the listener asks is told apart.
            .args(["-c", "log_line_prefix=%a|"])
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        let mut cluster = Self { folder, programs, port, server, stop };
        cluster.wait_until_ready()?;
        Ok(Some(cluster))
    }

    /// The eighth line of the server's own file says how far it is.
    fn wait_until_ready(&mut self) -> Result<(), Error> {
        let state = self.folder.path().join("data/postmaster.pid");
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && matches!(self.server.try_wait(), Ok(None)) {
            let text = fs::read_to_string(&state).unwrap_or_default();
            if text.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!("the server did not start: {}", self.log()?.trim()).into())
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The same for sessions whose statements stand in the log.
    pub(crate) fn logged_url(&self) -> String {
        self.url() + "?options=-c%20log_statement%3Dall"
    }

    /// A folder for what belongs to the run.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> Result<String, Error> {
        Ok(fs::read_to_string(self.folder.path().join("log"))?)
    }

    /// What SQL answers: fields with `|` between them.
    pub(crate) fn ask(&self, sql: &str) -> Result<String, Error> {
        self.run("psql", &["--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-Atqc", sql])
    }

    /// Runs a program of PostgreSQL on the database, and gives what it prints.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Result<String, Error> {
        let output = Command::new(self.programs.join(program))
            .args(arguments)
            .arg(self.url())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run {program}: {error}"))?;
        if !output.status.success() {
            return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // To wait for the shell closes the pipe first, which is the signal.
        let _ = self.stop.wait();
        let _ = self.server.wait();
    }
}

/// The folder of `initdb` and `pgbench`. Debian keeps them out of PATH, a folder for each version; the newest
/// is taken.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = debian.map(|entry| entry.path()).collect();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    versions.sort_by_key(|path| std::cmp::Reverse(version(path)));
    folders.extend(versions.iter().map(|path| path.join("bin")));
    let all = ["initdb", "postgres", "pg_ctl", "pgbench", "psql"];
    folders.into_iter().find(|folder| all.iter().all(|name| folder.join(name).is_file()))
}

/// Who owns the folder when we are root, as whom PostgreSQL does not run.
fn owner() -> Result<Option<(u32, u32)>, Error> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let people = fs::read_to_string("/etc/passwd")?;
    let of = |name: &str| {
        let line = people.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map_while(|id| id.parse().ok());
        Some((ids.next()?, ids.next()?))
    };
    let found = ["postgres", "nobody"].into_iter().find_map(of);
    Ok(Some(found.ok_or("PostgreSQL does not run as root, and there is no user postgres")?))
}
