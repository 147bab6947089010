//! `cargo xtask bench`: the release build of the server, measured by the release build of the bench.

use crate::{Failure, cargo, tree};
use std::process::{Command, ExitCode};

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    let root = tree::root()?;
    let packages = ["build", "--release", "-p", "bloom", "-p", "bloom-bench"];
    if !cargo::succeeds(&root, &packages)? {
        return Ok(ExitCode::FAILURE);
    }
    let release = cargo::Graph::read(&root)?.target_directory.join("release");
    let status = Command::new(release.join("bloom-bench"))
        .current_dir(&root)
        .arg("--bloom")
        .arg(release.join("bloom"))
        .args(arguments)
        .status()
        .map_err(|e| format!("cannot run bloom-bench: {e}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
