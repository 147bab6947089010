//! `cargo xtask test`: every test of the workspace, with a PostgreSQL and a browser to run against.
//!
//! 1. Install what is missing, where that needs no asking (a container's root on Debian).
//! 2. Start a PostgreSQL of our own, and a driver for the browser, on free ports; install the OAuth
//!    clients from npm and PyPI beside what cargo builds.
//! 3. Tell the tests where all that is, in `TEST_POSTGRES_URL`, `TEST_CHROMEDRIVER_URL`, `TEST_CHROMIUM`,
//!    `TEST_NODE_CLIENTS`, `TEST_PYTHON_CLIENTS`.
//! 4. Show cargo's output as it comes and count.
//! 5. Stop and remove both, then say what passed, what failed, what could not run, and which tests printed a secret.
//!
//! With `--complete`, as CI asks for it, what could not run is a failure: on a bare machine it is only said.

mod afterwards;
mod browser;
mod clients;
mod packages;
mod postgres;
mod programs;
mod scratch;
mod tally;

use crate::{Failure, cargo, tree};
use browser::Browser;
use postgres::Cluster;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use tally::Tally;

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    let (is_complete, arguments) = match arguments.split_first() {
        Some((first, rest)) if first == "--complete" => (true, rest),
        _ => (false, arguments),
    };
    let filters = arguments.strip_prefix(["--".to_owned()].as_slice()).unwrap_or(arguments);
    packages::install_missing();

    let mut missing = Vec::new();
    let cluster = Cluster::start().map_err(|why| missing.push(format!("PostgreSQL: {why}"))).ok();
    let browser = Browser::start().map_err(|why| missing.push(format!("browser: {why}"))).ok();
    let root = tree::root()?;
    let node = clients::node(&root).map_err(|why| missing.push(format!("npm: {why}"))).ok();
    let python = clients::python(&root).map_err(|why| missing.push(format!("PyPI: {why}"))).ok();

    let mut tests = cargo::command(&root);
    tests.args(["test", "--workspace", "--no-fail-fast", "--"]).args(filters).stdin(Stdio::null());
    let mut tally = Tally::new(filters);
    tests.args(tally.flags());
    if let Some(cluster) = &cluster {
        tests.env("TEST_POSTGRES_URL", &cluster.url);
    }
    if let Some(browser) = &browser {
        tests.env("TEST_CHROMEDRIVER_URL", &browser.url).env("TEST_CHROMIUM", &browser.chromium);
    }
    if let Some(folder) = node {
        tests.env("TEST_NODE_CLIENTS", folder);
    }
    if let Some(folder) = python {
        tests.env("TEST_PYTHON_CLIENTS", folder);
    }
    let status = stream(tests, &mut tally)?;
    drop((cluster, browser));

    println!("\n{tally}");
    missing.iter().for_each(|what| println!("not available: {what}"));
    if !status.success() && tally.failed() == 0 {
        println!("cargo test failed without a failed test: see above");
    }
    let told: Vec<_> = tally.told().collect();
    if !told.is_empty() {
        println!("a key or a token is in the output of {}", told.join(", "));
    }
    let lacks = is_complete && (tally.skipped() > 0 || !missing.is_empty());
    if lacks {
        println!("--complete: what could not run counts as failed");
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(if code == 0 && (lacks || !told.is_empty()) { 1 } else { code }))
}

/// Shows each line as it comes, unless the tally keeps it.
fn stream(mut tests: Command, tally: &mut Tally) -> Result<ExitStatus, Failure> {
    let fails = |e| format!("cannot run cargo test: {e}");
    let mut child = tests.stdout(Stdio::piped()).spawn().map_err(fails)?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(fails)?;
            let line = String::from_utf8_lossy(&line);
            if tally.shows(&line) {
                println!("{line}");
            }
        }
    }
    child.wait().map_err(fails)
}
