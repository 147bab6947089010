//! Servers as child processes, and what the kernel says about them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::thread::{CpuSet, sched_setaffinity};

type Error = Box<dyn std::error::Error>;

/// The core of every measured server, and that of the load.
const SERVER_CORE: &str = "0";
const LOAD_CORE: usize = 1;

/// Moves this process off the server's core.
pub(crate) fn pin_load() -> Result<(), Error> {
    let mut cores = CpuSet::new();
    cores.set(LOAD_CORE);
    Ok(sched_setaffinity(None, &cores)?)
}

/// For how long the host has kept the server's core from this machine, in microseconds (proc(5)).
pub(crate) fn stolen_micros() -> Result<f64, std::io::Error> {
    const MICROS_A_TICK: f64 = 10_000.0;
    let stat = fs::read_to_string("/proc/stat")?;
    let core = format!("cpu{SERVER_CORE} ");
    let line = stat.lines().find(|line| line.starts_with(&core)).unwrap_or_default();
    let ticks = line.split_whitespace().nth(8).and_then(|ticks| ticks.parse::<f64>().ok());
    Ok(ticks.unwrap_or(0.0) * MICROS_A_TICK)
}

/// A running server, killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// When it was started.
    pub(crate) started: Instant,
}

impl Server {
    /// Starts a program on the server's core and waits for the line that names its port.
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Result<Self, Error> {
        Self::start_with(program, arguments, &[])
    }

    /// Starts a program as [`Server::start`] does, with settings in its environment.
    pub(crate) fn start_with(
        program: &Path,
        arguments: &[&str],
        settings: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let started = Instant::now();
        let mut child = Command::new("taskset")
            .args(["-c", SERVER_CORE])
            .arg(program)
            .args(arguments)
            // All of the load comes from one address.
            .env("BLOOM_LIMITS_REGISTRATIONS", "0")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(output).lines();
        let port = loop {
            let line = lines.next().ok_or("the server ended before it named its port")??;
            if let Some((_, port)) = line.rsplit_once("http://localhost:") {
                break port.trim().parse()?;
            }
        };
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)), started })
    }

    /// CPU time of all its threads so far, in microseconds.
    pub(crate) fn cpu_micros(&self) -> Result<f64, Error> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            nanos += stat.split(' ').next().and_then(|run| run.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(nanos as f64 / 1_000.0)
    }

    /// Memory it has in use, in MiB.
    pub(crate) fn resident_mib(&self) -> Result<f64, Error> {
        Ok(status_kib(&self.child.id().to_string(), "VmRSS:")? / 1_024.0)
    }
}

/// Memory that this process has written to, in KiB.
pub(crate) fn written_kib() -> Result<f64, Error> {
    status_kib("self", "RssAnon:")
}

fn status_kib(process: &str, field: &str) -> Result<f64, Error> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with(field)).ok_or("no such figure")?;
    Ok(line.split_whitespace().nth(1).ok_or("no figure")?.parse()?)
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
